//! Statements about the versions of posts.

use kernel::{MembershipId, Result, Timestamp};
use sqlx::types::Json;
use tenant_resolver::TenantTx;

use super::text::Prepared;
use super::versions::{KEPT, Reason};
use super::{PostId, Seo};
use crate::content::RENDERER_VERSION;

/// Who saves, and why.
#[derive(Clone, Copy)]
pub(super) struct Saver<'a> {
    pub reason: Reason,
    pub by: MembershipId,
    pub by_name: &'a str,
    pub now: Timestamp,
}

/// Adds the version `no`, and drops what is beyond the number of versions kept.
pub(super) async fn append(
    tx: &mut TenantTx,
    post: PostId,
    no: i32,
    prepared: &Prepared,
    saver: Saver<'_>,
) -> Result<()> {
    let tenant = tx.tenant();
    let (text, rendered) = (&prepared.text, &prepared.rendered);
    sqlx::query!(
        "insert into blog_post_versions (tenant_id, post_id, no, title, content, excerpt, seo, html, plaintext, summary, word_count,
                                         reading_minutes, toc, renderer_version, sha256, reason, author_id, author_name, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        tenant as _,
        post as _,
        no,
        text.title,
        text.content,
        text.excerpt,
        Json(&text.seo) as _,
        rendered.html,
        rendered.plaintext,
        rendered.excerpt,
        rendered.word_count,
        rendered.reading_minutes,
        Json(&rendered.toc) as _,
        RENDERER_VERSION,
        &prepared.sha256,
        saver.reason as _,
        saver.by as _,
        saver.by_name,
        saver.now as _,
    )
    .execute(tx.conn())
    .await?;
    if no > KEPT {
        prune(tx, post, no - KEPT).await?;
    }
    Ok(())
}

/// Drops the versions up to `no` that never went live.
async fn prune(tx: &mut TenantTx, post: PostId, no: i32) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "delete from blog_post_versions v
         where v.tenant_id = $1 and v.post_id = $2 and v.no <= $3 and v.reason <> 'publish'
           and not exists (select from blog_posts p where p.tenant_id = $1 and p.id = v.post_id and p.live_no = v.no)",
        tenant as _,
        post as _,
        no,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes the text of the version `no` again: one more autosave of the same person.
pub(super) async fn replace(
    tx: &mut TenantTx,
    post: PostId,
    no: i32,
    prepared: &Prepared,
) -> Result<()> {
    let tenant = tx.tenant();
    let (text, rendered) = (&prepared.text, &prepared.rendered);
    sqlx::query!(
        "update blog_post_versions
         set title = $4, content = $5, excerpt = $6, seo = $7, html = $8, plaintext = $9, summary = $10, word_count = $11,
             reading_minutes = $12, toc = $13, renderer_version = $14, sha256 = $15
         where tenant_id = $1 and post_id = $2 and no = $3",
        tenant as _,
        post as _,
        no,
        text.title,
        text.content,
        text.excerpt,
        Json(&text.seo) as _,
        rendered.html,
        rendered.plaintext,
        rendered.excerpt,
        rendered.word_count,
        rendered.reading_minutes,
        Json(&rendered.toc) as _,
        RENDERER_VERSION,
        &prepared.sha256,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Notes what has become of a version. One that was live stays one.
pub(super) async fn mark(tx: &mut TenantTx, post: PostId, no: i32, reason: Reason) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update blog_post_versions set reason = $4
         where tenant_id = $1 and post_id = $2 and no = $3 and reason <> 'publish'",
        tenant as _,
        post as _,
        no,
        reason as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A version as lists show it.
#[derive(Clone, Debug)]
pub struct ListedVersion {
    pub no: i32,
    pub title: String,
    pub word_count: i32,
    pub reason: Reason,
    pub author_name: String,
    pub created_at: Timestamp,
}

/// The versions of a post, newest first, from `before` on.
pub(super) async fn list(
    tx: &mut TenantTx,
    post: PostId,
    before: Option<i32>,
    limit: i64,
) -> Result<Vec<ListedVersion>> {
    let tenant = tx.tenant();
    let versions = sqlx::query_as!(
        ListedVersion,
        r#"select no, title, word_count, reason as "reason: Reason", author_name, created_at
           from blog_post_versions
           where tenant_id = $1 and post_id = $2 and ($3::integer is null or no < $3)
           order by no desc limit $4"#,
        tenant as _,
        post as _,
        before,
        limit,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(versions)
}

/// A version with its text.
#[derive(Clone, Debug)]
pub struct Version {
    pub no: i32,
    pub title: String,
    pub content: String,
    pub excerpt: Option<String>,
    pub seo: Json<Seo>,
    pub html: String,
    pub word_count: i32,
    pub reading_minutes: i32,
    pub sha256: Vec<u8>,
    pub reason: Reason,
    pub author_id: MembershipId,
    pub author_name: String,
    pub created_at: Timestamp,
}

/// One version of a post.
pub(super) async fn find(tx: &mut TenantTx, post: PostId, no: i32) -> Result<Option<Version>> {
    let tenant = tx.tenant();
    let version = sqlx::query_as!(
        Version,
        r#"select no, title, content, excerpt, seo as "seo: Json<Seo>", html, word_count, reading_minutes, sha256,
                  reason as "reason: Reason", author_id as "author_id: MembershipId", author_name, created_at
           from blog_post_versions where tenant_id = $1 and post_id = $2 and no = $3"#,
        tenant as _,
        post as _,
        no,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(version)
}
