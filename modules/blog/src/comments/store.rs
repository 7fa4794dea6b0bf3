//! Statements that write comments, and what writing has to look up.

use kernel::{MembershipId, Result, Timestamp};
use module::Ctx;
use sqlx::types::Json;
use tenant_resolver::TenantTx;

use super::{CommentId, Status};
use crate::posts::PostId;
use crate::public::Audience;
use crate::settings::Settings;

/// A live post with what commenting on it depends on.
#[derive(Clone, Debug)]
pub(crate) struct Commentable {
    pub id: PostId,
    pub slug: String,
    pub title: String,
    pub published_at: Timestamp,
    pub comments_enabled: Option<bool>,
    pub settings: Option<Json<Settings>>,
    /// Key of the blog's forms; none before comments were ever on.
    pub key: Option<Vec<u8>>,
}

/// A post that its reader finds, by its id or by a slug that it has or had.
pub(super) async fn commentable(
    tx: &mut TenantTx,
    ctx: &Ctx,
    id: Option<PostId>,
    slug: Option<&str>,
) -> Result<Option<Commentable>> {
    let tenant = tx.tenant();
    let post = sqlx::query_as!(
        Commentable,
        r#"select p.id, p.slug, v.title, p.published_at as "published_at!", p.comments_enabled,
                  (select to_jsonb(s) from blog_settings s where s.tenant_id = $1) as "settings: Json<Settings>",
                  (select k.key from blog_comment_keys k where k.tenant_id = $1) as "key"
           from blog_posts p
           join blog_post_versions v on v.tenant_id = p.tenant_id and v.post_id = p.id and v.no = p.live_no
           where p.tenant_id = $1 and v.tenant_id = $1 and blog_shown(p, $5, $2)
             and (p.id = $3 or p.id = (select s.entity_id from blog_slugs s where s.tenant_id = $1 and s.kind = 'post' and s.slug = $4))"#,
        tenant as _,
        ctx.now() as _,
        id as _,
        slug,
        Audience::of(ctx).opens() as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(post)
}

/// What the database knows of somebody who comments on a post.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// A guest's address was confirmed from this browser.
    pub verified: bool,
    /// A comment of theirs was approved before.
    pub approved: bool,
    /// They said the same here within the last day.
    pub repeated: bool,
}

pub(super) async fn known(
    tx: &mut TenantTx,
    member: Option<MembershipId>,
    email_key: Option<&str>,
    visitor: Option<&[u8]>,
    post: PostId,
    text_hash: &[u8],
    since: Timestamp,
) -> Result<Known> {
    let tenant = tx.tenant();
    let known = sqlx::query_as!(
        Known,
        r#"select exists (select from blog_comments c where c.tenant_id = $1 and c.guest_email_key = $3
                          and c.visitor_hash = $4 and c.guest_verified_at is not null) as "verified!",
                  exists (select from blog_comments c where c.tenant_id = $1 and c.status = 'approved'
                          and (c.author_id = $2 or c.guest_email_key = $3)) as "approved!",
                  exists (select from blog_comments c where c.tenant_id = $1 and c.post_id = $5 and c.text_hash = $6
                          and c.created_at > $7 and c.status <> 'deleted'
                          and (c.author_id = $2 or c.guest_email_key = $3)) as "repeated!""#,
        tenant as _,
        member as _,
        email_key,
        visitor,
        post as _,
        text_hash,
        since as _,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(known)
}

/// A comment as rows of it are changed: locked until the transaction ends.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub id: CommentId,
    pub rev: i64,
    pub post_id: PostId,
    pub post_title: String,
    pub parent_id: Option<CommentId>,
    pub root_id: CommentId,
    pub depth: i16,
    pub author_id: Option<MembershipId>,
    pub guest_email_key: Option<String>,
    pub visitor_hash: Option<Vec<u8>>,
    pub unconfirmed: bool,
    pub status: Status,
    pub status_before: Option<Status>,
    pub reasons: Vec<String>,
    pub ip_hash: Option<Vec<u8>>,
    pub created_at: Timestamp,
    pub pinned: bool,
}

/// Takes a comment to change it; waits for whoever changes it now.
pub(super) async fn hold(tx: &mut TenantTx, id: CommentId) -> Result<Option<Held>> {
    let tenant = tx.tenant();
    let held = sqlx::query_as!(
        Held,
        r#"select c.id, c.rev, c.post_id, p.title as post_title, c.parent_id, c.root_id, c.depth, c.author_id, c.guest_email_key,
                  c.visitor_hash, c.confirm_hash is not null as "unconfirmed!", c.status as "status: Status",
                  c.status_before as "status_before: Status", c.reasons, c.ip_hash, c.created_at, c.pinned_at is not null as "pinned!"
           from blog_comments c
           join blog_posts p on p.tenant_id = c.tenant_id and p.id = c.post_id
           where c.tenant_id = $1 and p.tenant_id = $1 and c.id = $2
           for update of c"#,
        tenant as _,
        id as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(held)
}

/// A new comment.
pub(super) struct NewRow<'a> {
    pub id: CommentId,
    pub post: PostId,
    pub parent: Option<CommentId>,
    pub root: CommentId,
    pub depth: i16,
    pub reply_to: Option<CommentId>,
    pub author: Option<MembershipId>,
    /// Name, address, and the address as it is compared.
    pub guest: Option<(&'a str, &'a str, &'a str)>,
    pub verified_at: Option<Timestamp>,
    pub confirm: Option<(&'a [u8], Timestamp)>,
    pub visitor: Option<&'a [u8]>,
    pub notify_replies: bool,
    pub content: &'a str,
    pub html: &'a str,
    pub renderer_version: i32,
    pub text_hash: &'a [u8],
    pub status: Status,
    pub score: i16,
    pub reasons: &'a [String],
    pub ip: &'a [u8],
    pub user_agent: &'a [u8],
    pub now: Timestamp,
}

pub(super) async fn insert(tx: &mut TenantTx, row: &NewRow<'_>) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into blog_comments (tenant_id, id, post_id, parent_id, root_id, depth, reply_to_id, author_id, guest_name, guest_email,
                                    guest_email_key, guest_verified_at, confirm_hash, confirm_until, visitor_hash, content, html,
                                    renderer_version, text_hash, status, spam_score, reasons, ip_hash, user_agent_hash, rev,
                                    created_at, decided_at, notify_replies)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, 1, $25, $25, $26)",
        tenant as _,
        row.id as _,
        row.post as _,
        row.parent as _,
        row.root as _,
        row.depth,
        row.reply_to as _,
        row.author as _,
        row.guest.map(|(name, _, _)| name),
        row.guest.map(|(_, email, _)| email),
        row.guest.map(|(_, _, key)| key),
        row.verified_at as _,
        row.confirm.map(|(hash, _)| hash),
        row.confirm.map(|(_, until)| until) as _,
        row.visitor,
        row.content,
        row.html,
        row.renderer_version,
        row.text_hash,
        row.status as _,
        row.score,
        row.reasons,
        row.ip,
        row.user_agent,
        row.now as _,
        row.notify_replies,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Changes what a comment says, and its status if the rules now say so.
pub(super) async fn set_text(
    tx: &mut TenantTx,
    id: CommentId,
    text: (&str, &str, i32, &[u8]),
    verdict: (Status, i16, &[String]),
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    let (content, html, renderer_version, text_hash) = text;
    let (status, score, reasons) = verdict;
    sqlx::query!(
        "update blog_comments
         set content = $3, html = $4, renderer_version = $5, text_hash = $6, status = $7, spam_score = $8, reasons = $9,
             status_before = null, edited_at = $10, rev = rev + 1,
             decided_at = case when status = $7 then decided_at else $10 end
         where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        content,
        html,
        renderer_version,
        text_hash,
        status as _,
        score,
        reasons,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Gives a comment another status. Whatever its writer still had to confirm is settled with that.
pub(super) async fn set_status(
    tx: &mut TenantTx,
    id: CommentId,
    status: Status,
    before: Option<Status>,
    reasons: &[String],
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update blog_comments
         set status = $3, status_before = $4, reasons = $5, decided_at = $6, rev = rev + 1, confirm_hash = null, confirm_until = null
         where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        status as _,
        before as _,
        reasons,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The comment that the secret of a mail confirms, as long as it may.
pub(super) async fn find_unconfirmed(
    tx: &mut TenantTx,
    confirm_hash: &[u8],
    now: Timestamp,
) -> Result<Option<CommentId>> {
    let tenant = tx.tenant();
    let id = sqlx::query_scalar!(
        "select id from blog_comments where tenant_id = $1 and confirm_hash = $2 and confirm_until > $3",
        tenant as _,
        confirm_hash,
        now as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(id)
}

/// What the page behind a confirmation mail shows.
#[derive(Clone, Debug)]
pub(super) struct Unconfirmed {
    pub slug: String,
    pub title: String,
    pub html: String,
}

pub(super) async fn unconfirmed(tx: &mut TenantTx, id: CommentId) -> Result<Option<Unconfirmed>> {
    let tenant = tx.tenant();
    let found = sqlx::query_as!(
        Unconfirmed,
        "select p.slug, p.title, c.html from blog_comments c join blog_posts p on p.tenant_id = c.tenant_id and p.id = c.post_id
         where c.tenant_id = $1 and p.tenant_id = $1 and c.id = $2",
        tenant as _,
        id as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(found)
}

/// Notes that the address is its owner's.
pub(super) async fn set_verified(tx: &mut TenantTx, id: CommentId, now: Timestamp) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update blog_comments set guest_verified_at = $3 where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Removes a comment that nobody answered; false when somebody did.
pub(super) async fn remove(tx: &mut TenantTx, id: CommentId) -> Result<bool> {
    let tenant = tx.tenant();
    let removed = sqlx::query!(
        "with free as (
           select c.id from blog_comments c
           where c.tenant_id = $1 and c.id = $2
             and not exists (select from blog_comments r where r.tenant_id = $1 and (r.parent_id = c.id or r.reply_to_id = c.id))
         ), reports as (
           delete from blog_comment_reports r using free where r.tenant_id = $1 and r.comment_id = free.id
         )
         delete from blog_comments c using free where c.tenant_id = $1 and c.id = free.id",
        tenant as _,
        id as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(removed.rows_affected() == 1)
}

/// Leaves nothing of a comment but its place in the thread.
pub(super) async fn blank(tx: &mut TenantTx, id: CommentId, now: Timestamp) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update blog_comments
         set content = '', html = '', status = 'deleted', status_before = null, decided_at = $3, rev = rev + 1, author_id = null,
             guest_name = null, guest_email = null, guest_email_key = null, guest_verified_at = null, visitor_hash = null,
             confirm_hash = null, confirm_until = null, ip_hash = null, user_agent_hash = null, reasons = '{}'
         where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Adds a report; false when this reader has reported the comment before.
pub(super) async fn insert_report(
    tx: &mut TenantTx,
    id: CommentId,
    reporter: &[u8],
    reason: &str,
    now: Timestamp,
) -> Result<bool> {
    let tenant = tx.tenant();
    let inserted = sqlx::query!(
        "insert into blog_comment_reports (tenant_id, comment_id, reporter_hash, reason, created_at) values ($1, $2, $3, $4, $5)
         on conflict (tenant_id, comment_id, reporter_hash) do nothing",
        tenant as _,
        id as _,
        reporter,
        reason,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Reports since a moderator last looked at the comment.
pub(super) async fn count_reports(tx: &mut TenantTx, id: CommentId) -> Result<i64> {
    let tenant = tx.tenant();
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from blog_comment_reports r
           join blog_comments c on c.tenant_id = r.tenant_id and c.id = r.comment_id
           where r.tenant_id = $1 and c.tenant_id = $1 and r.comment_id = $2
             and (c.decided_at is null or r.created_at > c.decided_at)"#,
        tenant as _,
        id as _,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(count)
}

/// Members who hear of comments on a post: its authors and the watchers, as long as they are members.
pub(super) async fn listeners(tx: &mut TenantTx, post: PostId) -> Result<Vec<MembershipId>> {
    let tenant = tx.tenant();
    let members = sqlx::query_scalar!(
        r#"select distinct p.membership_id as "membership_id!: MembershipId"
           from tenant_people p
           where p.tenant_id = $1 and p.status = 'active' and p.membership_id in (
             select a.membership_id from blog_post_authors pa
             join blog_authors a on a.tenant_id = pa.tenant_id and a.id = pa.author_id
             where pa.tenant_id = $1 and a.tenant_id = $1 and pa.post_id = $2
             union all
             select w.membership_id from blog_comment_watchers w where w.tenant_id = $1)
           order by 1"#,
        tenant as _,
        post as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(members)
}

/// Whether a member hears of comments on every post.
pub(super) async fn watches(tx: &mut TenantTx, member: MembershipId) -> Result<bool> {
    let tenant = tx.tenant();
    let watches = sqlx::query_scalar!(
        r#"select exists (select from blog_comment_watchers where tenant_id = $1 and membership_id = $2) as "watches!""#,
        tenant as _,
        member as _,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(watches)
}

/// Lets a member hear of comments on every post, or no longer.
pub(super) async fn watch(
    tx: &mut TenantTx,
    member: MembershipId,
    on: bool,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    if on {
        sqlx::query!(
            "insert into blog_comment_watchers (tenant_id, membership_id, created_at) values ($1, $2, $3)
             on conflict (tenant_id, membership_id) do nothing",
            tenant as _,
            member as _,
            now as _,
        )
        .execute(tx.conn())
        .await?;
    } else {
        sqlx::query!(
            "delete from blog_comment_watchers where tenant_id = $1 and membership_id = $2",
            tenant as _,
            member as _,
        )
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// Opens or closes a post for comments; its new revision, or nothing when there is no such post or it has changed
/// since `based_on`.
pub(super) async fn enable(
    tx: &mut TenantTx,
    post: PostId,
    enabled: Option<bool>,
    based_on: Option<i64>,
    now: Timestamp,
) -> Result<Option<i64>> {
    let tenant = tx.tenant();
    let rev = sqlx::query_scalar!(
        "update blog_posts set comments_enabled = $3, rev = rev + 1, updated_at = $5
         where tenant_id = $1 and id = $2 and deleted_at is null and ($4::bigint is null or rev = $4)
         returning rev",
        tenant as _,
        post as _,
        enabled,
        based_on,
        now as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(rev)
}

/// A post as moderators of its comments name it.
#[derive(Clone, Debug)]
pub(super) struct OfPost {
    pub title: String,
    pub slug: String,
    pub comments_enabled: Option<bool>,
}

pub(super) async fn of_post(tx: &mut TenantTx, post: PostId) -> Result<Option<OfPost>> {
    let tenant = tx.tenant();
    let found = sqlx::query_as!(
        OfPost,
        "select title, slug, comments_enabled from blog_posts where tenant_id = $1 and id = $2",
        tenant as _,
        post as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(found)
}

/// Removes what is past its time: spam and deleted comments since before `decided`, and what nobody confirmed. What was
/// answered loses everything but its place. True when something still waits for its time.
pub(super) async fn purge(tx: &mut TenantTx, decided: Timestamp, now: Timestamp) -> Result<bool> {
    let tenant = tx.tenant();
    // From the leaves of threads up, one level at a time: nothing goes while something hangs below it.
    for _ in 0..6 {
        let gone = sqlx::query!(
            "with gone as (
               select c.id from blog_comments c
               where c.tenant_id = $1
                 and (c.status in ('spam', 'deleted') and c.decided_at < $2 or c.confirm_until <= $3)
                 and not exists (select from blog_comments r where r.tenant_id = $1 and (r.parent_id = c.id or r.reply_to_id = c.id))
             ), reports as (
               delete from blog_comment_reports r using gone where r.tenant_id = $1 and r.comment_id = gone.id
             )
             delete from blog_comments c using gone where c.tenant_id = $1 and c.id = gone.id",
            tenant as _,
            decided as _,
            now as _,
        )
        .execute(tx.conn())
        .await?;
        if gone.rows_affected() == 0 {
            break;
        }
    }
    sqlx::query!(
        "update blog_comments
         set content = '', html = '', status = 'deleted', status_before = null, author_id = null, guest_name = null, guest_email = null,
             guest_email_key = null, guest_verified_at = null, visitor_hash = null, ip_hash = null, user_agent_hash = null,
             confirm_hash = null, confirm_until = null, rev = rev + 1
         where tenant_id = $1 and status in ('spam', 'deleted') and decided_at < $2 and content <> ''",
        tenant as _,
        decided as _,
    )
    .execute(tx.conn())
    .await?;
    let waits = sqlx::query_scalar!(
        r#"select exists (select from blog_comments c where c.tenant_id = $1 and c.status in ('spam', 'deleted') and c.content <> '')
               or exists (select from blog_comments c where c.tenant_id = $1 and c.confirm_hash is not null)
               or exists (select from blog_comment_salts s where s.tenant_id = $1)
               or exists (select from blog_comment_tries t where t.tenant_id = $1) as "waits!""#,
        tenant as _,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(waits)
}

/// Removes the comments of a post that is removed for good.
pub(crate) async fn purge_post(tx: &mut TenantTx, post: PostId) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "with reports as (
           delete from blog_comment_reports r using blog_comments c
           where r.tenant_id = $1 and c.tenant_id = $1 and c.post_id = $2 and r.comment_id = c.id
         )
         delete from blog_comments where tenant_id = $1 and post_id = $2",
        tenant as _,
        post as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The slug of a comment's post.
pub(super) async fn slug_of(tx: &mut TenantTx, id: CommentId) -> Result<Option<String>> {
    let tenant = tx.tenant();
    let slug = sqlx::query_scalar!(
        "select p.slug from blog_comments c join blog_posts p on p.tenant_id = c.tenant_id and p.id = c.post_id
         where c.tenant_id = $1 and p.tenant_id = $1 and c.id = $2",
        tenant as _,
        id as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(slug)
}
