//! Statements about notes.

use kernel::{MembershipId, Result, Timestamp};
use tenant_resolver::TenantTx;

use super::{Note, NoteId, NoteKind};
use crate::posts::PostId;

/// The notes on a post, oldest first.
pub(super) async fn list(tx: &mut TenantTx, post: PostId) -> Result<Vec<Note>> {
    let tenant = tx.tenant();
    let notes = sqlx::query_as!(
        Note,
        r#"select id, version_no, kind as "kind: NoteKind", passage, body, author_id, author_name, created_at, resolved_at, resolved_by
           from blog_post_notes where tenant_id = $1 and post_id = $2 order by id limit 500"#,
        tenant as _,
        post as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(notes)
}

/// How many notes there are on a post.
pub(super) async fn count(tx: &mut TenantTx, post: PostId) -> Result<i64> {
    let tenant = tx.tenant();
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from blog_post_notes where tenant_id = $1 and post_id = $2"#,
        tenant as _,
        post as _,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(count)
}

/// Adds a note.
pub(super) async fn insert(tx: &mut TenantTx, post: PostId, note: &Note) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into blog_post_notes (tenant_id, id, post_id, version_no, kind, passage, body, author_id, author_name, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        tenant as _,
        note.id as _,
        post as _,
        note.version_no,
        note.kind as _,
        note.passage,
        note.body,
        note.author_id as _,
        note.author_name,
        note.created_at as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Resolves a note or opens it again. Nothing: the post has no such note.
pub(super) async fn set_resolved(
    tx: &mut TenantTx,
    post: PostId,
    id: NoteId,
    resolved: Option<(Timestamp, &str)>,
) -> Result<Option<Note>> {
    let tenant = tx.tenant();
    let note = sqlx::query_as!(
        Note,
        r#"update blog_post_notes set resolved_at = $4, resolved_by = $5
           where tenant_id = $1 and post_id = $2 and id = $3
           returning id, version_no, kind as "kind: NoteKind", passage, body, author_id, author_name, created_at, resolved_at, resolved_by"#,
        tenant as _,
        post as _,
        id as _,
        resolved.map(|(at, _)| at) as _,
        resolved.map(|(_, by)| by),
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(note)
}

/// Who has to do with the text of a post: who began it, its authors, and whoever wrote a note.
pub(super) async fn participants(tx: &mut TenantTx, post: PostId) -> Result<Vec<MembershipId>> {
    let tenant = tx.tenant();
    let members = sqlx::query_scalar!(
        r#"select m.membership_id as "membership!: MembershipId"
           from tenant_people m
           where m.tenant_id = $1 and m.status = 'active' and m.membership_id in (
             select p.created_by from blog_posts p where p.tenant_id = $1 and p.id = $2
             union select a.membership_id from blog_post_authors pa
               join blog_authors a on a.tenant_id = pa.tenant_id and a.id = pa.author_id
               where pa.tenant_id = $1 and a.tenant_id = $1 and pa.post_id = $2
             union select n.author_id from blog_post_notes n where n.tenant_id = $1 and n.post_id = $2)
           order by m.membership_id"#,
        tenant as _,
        post as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(members)
}

/// Who wrote a post: who began it, and its authors.
pub(super) async fn writers(tx: &mut TenantTx, post: PostId) -> Result<Vec<MembershipId>> {
    let tenant = tx.tenant();
    let members = sqlx::query_scalar!(
        r#"select m.membership_id as "membership!: MembershipId"
           from tenant_people m
           where m.tenant_id = $1 and m.status = 'active' and m.membership_id in (
             select p.created_by from blog_posts p where p.tenant_id = $1 and p.id = $2
             union select a.membership_id from blog_post_authors pa
               join blog_authors a on a.tenant_id = pa.tenant_id and a.id = pa.author_id
               where pa.tenant_id = $1 and a.tenant_id = $1 and pa.post_id = $2)
           order by m.membership_id"#,
        tenant as _,
        post as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(members)
}
