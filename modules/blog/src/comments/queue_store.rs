//! Statements for moderators: the queue, bans, erasing.

use kernel::{Cursor, MembershipId, PageRequest, Result, Timestamp};
use tenant_resolver::TenantTx;

use super::{BanId, CommentId, Status};
use crate::posts::PostId;

/// Rows that a search for words looks through at a time: letters within a text use no index.
const WINDOW: i64 = 1000;

/// A comment as moderators see it.
#[derive(Clone, Debug)]
pub struct Queued {
    pub id: CommentId,
    pub rev: i64,
    pub post_id: PostId,
    pub post_title: String,
    pub post_slug: String,
    pub parent_id: Option<CommentId>,
    pub author_id: Option<MembershipId>,
    /// The member's name.
    pub author_name: Option<String>,
    pub guest_name: Option<String>,
    pub guest_email: Option<String>,
    pub guest_verified_at: Option<Timestamp>,
    pub content: String,
    pub html: String,
    pub status: Status,
    pub spam_score: i16,
    pub reasons: Vec<String>,
    /// Readers who reported it.
    pub reports: i64,
    /// Whether it stands above all others of its post while it is public.
    pub pinned: bool,
    pub created_at: Timestamp,
    pub edited_at: Option<Timestamp>,
}

/// Which comments.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// In this status; `None`: in any.
    pub status: Option<Status>,
    /// On this post.
    pub post: Option<PostId>,
    /// By the guest with this address, as it is compared.
    pub email: Option<String>,
    /// By this member.
    pub member: Option<MembershipId>,
    /// With these letters in text, name or address.
    pub q: Option<String>,
}

/// Orders of the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Newest first.
    #[default]
    Newest,
    /// Oldest first.
    Oldest,
}

impl Order {
    /// The order of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "newest" => Some(Self::Newest),
            "oldest" => Some(Self::Oldest),
            _ => None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
        }
    }
}

/// One part of the queue, with where the next begins. What its writer has yet to confirm is not in it.
///
/// A search looks through [`WINDOW`] comments at a time, so a part may have fewer rows than asked for and still a next.
pub async fn queue(
    tx: &mut TenantTx,
    filter: &Filter,
    order: Order,
    page: PageRequest,
) -> Result<kernel::Page<Queued>> {
    let rows = if filter.q.is_some() {
        WINDOW
    } else {
        page.fetch()
    };
    macro_rules! queue {
        ($tail:tt, $end:tt) => {
            sqlx::query_as!(
                Queued,
                r#"with part as (
                     select c.* from blog_comments c
                     where c.tenant_id = $1 and c.confirm_hash is null
                       and ($2::text is null or c.status = $2)
                       and ($3::uuid is null or c.post_id = $3)
                       and ($4::text is null or c.guest_email_key = $4)
                       and ($5::uuid is null or c.author_id = $5)"#
                    + $tail
                    + r#")
                   select c.id as "id!: CommentId", c.rev as "rev!", c.post_id as "post_id!: PostId", p.title as post_title, p.slug as post_slug,
                          c.parent_id as "parent_id: CommentId", c.author_id as "author_id: MembershipId", m.display_name as "author_name?",
                          c.guest_name, c.guest_email, c.guest_verified_at, c.content as "content!", c.html as "html!",
                          c.status as "status!: Status", c.spam_score as "spam_score!", c.reasons as "reasons!",
                          (select count(*) from blog_comment_reports r where r.tenant_id = $1 and r.comment_id = c.id) as "reports!",
                          c.pinned_at is not null as "pinned!", c.created_at as "created_at!", c.edited_at
                   from part c
                   join blog_posts p on p.tenant_id = $1 and p.id = c.post_id
                   left join tenant_people m on m.tenant_id = $1 and m.membership_id = c.author_id
                   where ($9::text is null or position(lower($9) in lower(c.content)) > 0
                          or position(lower($9) in lower(coalesce(c.guest_name, m.display_name, ''))) > 0
                          or position(lower($9) in coalesce(c.guest_email_key, '')) > 0)"#
                    + $end,
                tx.tenant() as _,
                filter.status as _,
                filter.post as _,
                filter.email,
                filter.member as _,
                page.after.map(|cursor| cursor.at) as _,
                page.after.map(|cursor| cursor.id),
                rows,
                filter.q,
                page.fetch(),
            )
            .fetch_all(tx.conn())
            .await?
        };
    }
    let found = match order {
        Order::Newest => queue!(
            " and (c.created_at, c.id) < (coalesce($6::timestamptz, 'infinity'), $7::uuid)
              order by c.created_at desc, c.id desc limit $8",
            " order by c.created_at desc, c.id desc limit $10"
        ),
        Order::Oldest => queue!(
            " and (c.created_at, c.id) > (coalesce($6::timestamptz, '-infinity'), $7::uuid)
              order by c.created_at, c.id limit $8",
            " order by c.created_at, c.id limit $10"
        ),
    };
    let mut part = kernel::Page::cut(found, page, |comment| Cursor {
        at: comment.created_at,
        id: comment.id.0,
    });
    if filter.q.is_some() && part.next.is_none() {
        part.next = window_end(tx, filter, order, page)
            .await?
            .map(Cursor::encode);
    }
    Ok(part)
}

/// The last row that a search has looked at, when there are more behind it.
async fn window_end(
    tx: &mut TenantTx,
    filter: &Filter,
    order: Order,
    page: PageRequest,
) -> Result<Option<Cursor>> {
    struct Row {
        at: Timestamp,
        id: CommentId,
    }
    macro_rules! end {
        ($tail:tt) => {
            sqlx::query_as!(
                Row,
                r#"select c.created_at as at, c.id from blog_comments c
                   where c.tenant_id = $1 and c.confirm_hash is null
                     and ($2::text is null or c.status = $2)
                     and ($3::uuid is null or c.post_id = $3)
                     and ($4::text is null or c.guest_email_key = $4)
                     and ($5::uuid is null or c.author_id = $5)"#
                    + $tail,
                tx.tenant() as _,
                filter.status as _,
                filter.post as _,
                filter.email,
                filter.member as _,
                page.after.map(|cursor| cursor.at) as _,
                page.after.map(|cursor| cursor.id),
                WINDOW - 1,
            )
            .fetch_all(tx.conn())
            .await?
        };
    }
    let rows = match order {
        Order::Newest => end!(
            " and (c.created_at, c.id) < (coalesce($6::timestamptz, 'infinity'), $7::uuid)
              order by c.created_at desc, c.id desc offset $8 limit 2"
        ),
        Order::Oldest => end!(
            " and (c.created_at, c.id) > (coalesce($6::timestamptz, '-infinity'), $7::uuid)
              order by c.created_at, c.id offset $8 limit 2"
        ),
    };
    Ok(match rows.as_slice() {
        [last, _] => Some(Cursor {
            at: last.at,
            id: last.id.0,
        }),
        _ => None,
    })
}

/// One comment as moderators see it, confirmed or not.
pub(super) async fn find(tx: &mut TenantTx, id: CommentId) -> Result<Option<Queued>> {
    let tenant = tx.tenant();
    let comment = sqlx::query_as!(
        Queued,
        r#"select c.id, c.rev, c.post_id, p.title as post_title, p.slug as post_slug, c.parent_id, c.author_id,
                  m.display_name as "author_name?", c.guest_name, c.guest_email, c.guest_verified_at, c.content, c.html,
                  c.status as "status: Status", c.spam_score, c.reasons,
                  (select count(*) from blog_comment_reports r where r.tenant_id = $1 and r.comment_id = c.id) as "reports!",
                  c.pinned_at is not null as "pinned!", c.created_at, c.edited_at
           from blog_comments c
           join blog_posts p on p.tenant_id = c.tenant_id and p.id = c.post_id
           left join tenant_people m on m.tenant_id = $1 and m.membership_id = c.author_id
           where c.tenant_id = $1 and p.tenant_id = $1 and c.id = $2"#,
        tenant as _,
        id as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(comment)
}

/// How many comments are in each status.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub pending: i64,
    pub approved: i64,
    pub spam: i64,
    pub hidden: i64,
    pub deleted: i64,
}

impl Counts {
    /// Those in one status.
    #[must_use]
    pub fn of(&self, status: Status) -> i64 {
        match status {
            Status::Pending => self.pending,
            Status::Approved => self.approved,
            Status::Spam => self.spam,
            Status::Hidden => self.hidden,
            Status::Deleted => self.deleted,
        }
    }
}

/// Counts the queue.
pub async fn counts(tx: &mut TenantTx) -> Result<Counts> {
    let tenant = tx.tenant();
    let counts = sqlx::query_as!(
        Counts,
        r#"select count(*) filter (where status = 'pending') as "pending!",
                  count(*) filter (where status = 'approved') as "approved!",
                  count(*) filter (where status = 'spam') as "spam!",
                  count(*) filter (where status = 'hidden') as "hidden!",
                  count(*) filter (where status = 'deleted') as "deleted!"
           from blog_comments where tenant_id = $1 and confirm_hash is null"#,
        tenant as _,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(counts)
}

/// What readers said of a comment when they reported it, newest first.
pub(super) async fn reports(tx: &mut TenantTx, id: CommentId) -> Result<Vec<(String, Timestamp)>> {
    let tenant = tx.tenant();
    let reports = sqlx::query!(
        "select reason, created_at from blog_comment_reports where tenant_id = $1 and comment_id = $2
         order by created_at desc limit 50",
        tenant as _,
        id as _,
    )
    .map(|row| (row.reason, row.created_at))
    .fetch_all(tx.conn())
    .await?;
    Ok(reports)
}

/// A ban as it is listed.
#[derive(Clone, Debug)]
pub struct Ban {
    pub id: BanId,
    pub membership_id: Option<MembershipId>,
    /// The member's name.
    pub member_name: Option<String>,
    pub email_key: Option<String>,
    pub until: Option<Timestamp>,
    pub reason: String,
    /// Who banned.
    pub by_name: Option<String>,
    pub created_at: Timestamp,
}

/// Whom a ban is about.
#[derive(Clone, Debug)]
pub(super) enum Whom {
    Member(MembershipId),
    /// A guest, by their address as it is compared.
    Guest(String),
    /// A network, by a hash under the salt of a day.
    Network(Vec<u8>, String),
}

/// A ban to be written.
#[derive(Clone, Debug)]
pub(super) struct NewBan<'a> {
    pub whom: Whom,
    pub until: Option<Timestamp>,
    pub reason: &'a str,
    pub by: MembershipId,
    pub now: Timestamp,
}

/// Writes a ban; a second of the same replaces the first.
pub(super) async fn put_ban(tx: &mut TenantTx, ban: &NewBan<'_>) -> Result<BanId> {
    let (member, email_key, network) = match &ban.whom {
        Whom::Member(member) => (Some(*member), None, None),
        Whom::Guest(email) => (None, Some(email.as_str()), None),
        Whom::Network(hash, day) => (None, None, Some((hash.as_slice(), day.as_str()))),
    };
    macro_rules! put {
        ($conflict:tt) => {
            sqlx::query_scalar!(
                "insert into blog_comment_bans (tenant_id, id, membership_id, email_key, ip_hash, salt_day, until, reason, created_by, created_at)
                 values ($1, $2, $3, $4, $5, $6::text::date, $7, $8, $9, $10) on conflict "
                    + $conflict
                    + " do update set until = excluded.until, reason = excluded.reason, created_by = excluded.created_by,
                        created_at = excluded.created_at
                        returning id",
                tx.tenant() as _,
                BanId::new() as _,
                member as _,
                email_key,
                network.map(|(hash, _)| hash),
                network.map(|(_, day)| day),
                ban.until as _,
                ban.reason,
                ban.by as _,
                ban.now as _,
            )
            .fetch_one(tx.conn())
            .await?
        };
    }
    Ok(match ban.whom {
        Whom::Member(_) => put!("(tenant_id, membership_id) where membership_id is not null"),
        Whom::Guest(_) => put!("(tenant_id, email_key) where email_key is not null"),
        Whom::Network(..) => put!("(tenant_id, ip_hash) where ip_hash is not null"),
    })
}

pub(super) async fn find_ban(tx: &mut TenantTx, id: BanId) -> Result<Option<Ban>> {
    let tenant = tx.tenant();
    let ban = sqlx::query_as!(
        Ban,
        r#"select b.id, b.membership_id, m.display_name as "member_name?", b.email_key, b.until, b.reason, o.display_name as "by_name?",
                  b.created_at
           from blog_comment_bans b
           left join tenant_people m on m.tenant_id = $1 and m.membership_id = b.membership_id
           left join tenant_people o on o.tenant_id = $1 and o.membership_id = b.created_by
           where b.tenant_id = $1 and b.id = $2"#,
        tenant as _,
        id as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(ban)
}

pub(super) async fn list_bans(tx: &mut TenantTx, page: PageRequest) -> Result<Vec<Ban>> {
    let tenant = tx.tenant();
    let bans = sqlx::query_as!(
        Ban,
        r#"select b.id, b.membership_id, m.display_name as "member_name?", b.email_key, b.until, b.reason, o.display_name as "by_name?",
                  b.created_at
           from blog_comment_bans b
           left join tenant_people m on m.tenant_id = $1 and m.membership_id = b.membership_id
           left join tenant_people o on o.tenant_id = $1 and o.membership_id = b.created_by
           where b.tenant_id = $1 and (b.created_at, b.id) < (coalesce($2::timestamptz, 'infinity'), $3::uuid)
           order by b.created_at desc, b.id desc limit $4"#,
        tenant as _,
        page.after.map(|cursor| cursor.at) as _,
        page.after.map(|cursor| cursor.id),
        page.fetch(),
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(bans)
}

pub(super) async fn delete_ban(tx: &mut TenantTx, id: BanId) -> Result<bool> {
    let tenant = tx.tenant();
    let deleted = sqlx::query!(
        "delete from blog_comment_bans where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Whether the salt of a day is still known.
pub(super) async fn has_salt(tx: &mut TenantTx, day: &str) -> Result<bool> {
    let tenant = tx.tenant();
    let known = sqlx::query_scalar!(
        r#"select exists (select from blog_comment_salts where tenant_id = $1 and day = $2::text::date) as "known!""#,
        tenant as _,
        day,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(known)
}

/// Removes what a guest has not confirmed, and returns how many comments that was.
pub(super) async fn delete_unconfirmed(tx: &mut TenantTx, email_key: &str) -> Result<u64> {
    let tenant = tx.tenant();
    let deleted = sqlx::query!(
        "delete from blog_comments where tenant_id = $1 and guest_email_key = $2 and confirm_hash is not null",
        tenant as _,
        email_key,
    )
    .execute(tx.conn())
    .await?;
    Ok(deleted.rows_affected())
}

/// Removes a guest's identity from their comments and leaves the words.
pub(super) async fn make_anonymous(tx: &mut TenantTx, email_key: &str) -> Result<u64> {
    let tenant = tx.tenant();
    let changed = sqlx::query!(
        "update blog_comments
         set guest_name = null, guest_email = null, guest_email_key = null, guest_verified_at = null, visitor_hash = null,
             ip_hash = null, user_agent_hash = null, rev = rev + 1
         where tenant_id = $1 and guest_email_key = $2",
        tenant as _,
        email_key,
    )
    .execute(tx.conn())
    .await?;
    Ok(changed.rows_affected())
}

/// The comments of a guest, newest first: answers before what they answer.
pub(super) async fn of_guest(tx: &mut TenantTx, email_key: &str) -> Result<Vec<CommentId>> {
    let tenant = tx.tenant();
    let ids = sqlx::query_scalar!(
        r#"select id from blog_comments where tenant_id = $1 and guest_email_key = $2
           order by created_at desc, id desc for update"#,
        tenant as _,
        email_key,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(ids)
}

/// Lifts the bans of an address.
pub(super) async fn delete_bans_of(tx: &mut TenantTx, email_key: &str) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "delete from blog_comment_bans where tenant_id = $1 and email_key = $2",
        tenant as _,
        email_key,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
