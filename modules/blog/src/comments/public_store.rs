//! Statements that read comments as visitors see them.

use kernel::{Cursor, MembershipId, Result, Timestamp};
use tenant_resolver::TenantTx;

use super::{CommentId, Status};
use crate::posts::PostId;

/// Threads on one page.
pub(super) const THREADS: i64 = 50;
/// Most comments that are read for one page.
pub(super) const MOST: i64 = 1000;

/// A comment of a thread, public or not: one that is not may stand above one that is.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub id: CommentId,
    pub parent_id: Option<CommentId>,
    pub root_id: CommentId,
    /// Whose comment it answers, when it hangs below another.
    pub reply_to_name: Option<String>,
    /// Whether the post is theirs.
    pub by_author: bool,
    pub name: Option<String>,
    /// Empty unless it is public.
    pub html: String,
    /// Source, for its writer alone while they may edit.
    pub content: String,
    pub status: Status,
    /// Whether this browser or person wrote it.
    pub mine: bool,
    /// Whether it stands above all others.
    pub pinned: bool,
    pub rev: i64,
    pub created_at: Timestamp,
    pub edited_at: Option<Timestamp>,
}

/// The threads of a post that have anything public, with all that hangs below them: the pinned one on the first page, then
/// the oldest first.
pub(super) async fn threads(
    tx: &mut TenantTx,
    post: PostId,
    after: Option<Cursor>,
    member: Option<MembershipId>,
    visitor: Option<&[u8]>,
) -> Result<Vec<Row>> {
    let tenant = tx.tenant();
    let rows = sqlx::query_as!(
        Row,
        r#"with first as (
             select c.id, c.created_at, true as pinned from blog_comments c
             where c.tenant_id = $1 and c.post_id = $2 and c.pinned_at is not null and c.status = 'approved' and $3::timestamptz is null
           ), others as (
             select c.id, c.created_at, false as pinned from blog_comments c
             where c.tenant_id = $1 and c.post_id = $2 and c.parent_id is null
               and (c.status = 'approved'
                    or exists (select from blog_comments r where r.tenant_id = $1 and r.root_id = c.id and r.status = 'approved'))
               and (c.pinned_at is null or c.status <> 'approved')
               and (c.created_at, c.id) > (coalesce($3::timestamptz, '-infinity'), $4::uuid)
             order by c.created_at, c.id limit $5
           ), roots as (
             select * from first union all select * from others
           )
           select c.id as "id!", c.parent_id, c.root_id as "root_id!", c.status as "status!: Status", c.rev as "rev!",
                  c.created_at as "created_at!", c.edited_at,
                  coalesce(m.display_name, c.guest_name) as name,
                  case when c.status = 'approved' then c.html else '' end as "html!",
                  case when c.author_id = $6 or c.visitor_hash = $7 then c.content else '' end as "content!",
                  coalesce(c.author_id = $6 or c.visitor_hash = $7, false) as "mine!", roots.pinned and c.id = roots.id as "pinned!",
                  exists (select from blog_post_authors pa join blog_authors a on a.tenant_id = pa.tenant_id and a.id = pa.author_id
                          where pa.tenant_id = $1 and a.tenant_id = $1 and pa.post_id = $2 and a.membership_id = c.author_id)
                    as "by_author!",
                  (select coalesce(tm.display_name, t.guest_name, 'somebody')
                   from blog_comments t left join tenant_people tm on tm.tenant_id = $1 and tm.membership_id = t.author_id
                   where t.tenant_id = $1 and t.id = c.reply_to_id and t.status = 'approved') as reply_to_name
           from roots
           join blog_comments c on c.tenant_id = $1 and c.root_id = roots.id
           left join tenant_people m on m.tenant_id = $1 and m.membership_id = c.author_id
           where c.tenant_id = $1
           order by roots.pinned desc, roots.created_at, roots.id, c.created_at, c.id limit $8"#,
        tenant as _,
        post as _,
        after.map(|cursor| cursor.at) as _,
        after.map(|cursor| cursor.id),
        THREADS + 1,
        member as _,
        visitor,
        MOST,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows)
}

/// A public comment for feeds.
#[derive(Clone, Debug)]
pub(super) struct Newest {
    pub id: CommentId,
    pub name: Option<String>,
    pub html: String,
    pub created_at: Timestamp,
    pub edited_at: Option<Timestamp>,
}

/// The newest public comments on a post.
pub(super) async fn newest(tx: &mut TenantTx, post: PostId, limit: i64) -> Result<Vec<Newest>> {
    let tenant = tx.tenant();
    let rows = sqlx::query_as!(
        Newest,
        r#"select c.id, coalesce(m.display_name, c.guest_name) as name, c.html, c.created_at, c.edited_at
           from blog_comments c
           left join tenant_people m on m.tenant_id = $1 and m.membership_id = c.author_id
           where c.tenant_id = $1 and c.post_id = $2 and c.status = 'approved'
           order by c.created_at desc, c.id desc limit $3"#,
        tenant as _,
        post as _,
        limit,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows)
}
