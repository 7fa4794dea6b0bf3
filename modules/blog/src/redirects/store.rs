//! Statements about redirects.

use kernel::{ConstraintExt, Error, FieldError, PageRequest, Result, Timestamp};
use tenant_resolver::TenantTx;

use super::{Checked, Kind, Origin, QueryRule, RedirectId};

/// A redirect.
#[derive(Clone, Debug)]
pub struct Redirect {
    pub id: RedirectId,
    pub rev: i64,
    pub kind: Kind,
    pub source: String,
    pub target: Option<String>,
    pub status: i16,
    pub query: QueryRule,
    pub position: i32,
    pub enabled: bool,
    pub hits: i64,
    pub last_hit_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Deleted since then, and out of use; removed for good after 30 days.
    pub deleted_at: Option<Timestamp>,
}

/// The statement that reads redirects once, with what differs between its uses.
macro_rules! redirects {
    ($tx:ident, $tail:tt $(, $bind:expr)*) => {
        sqlx::query_as!(
            Redirect,
            r#"select r.id, r.rev, r.kind as "kind: Kind", r.source, r.target, r.status, r.query as "query: QueryRule",
                      r.position, r.enabled, r.hits, r.last_hit_at, r.created_at, r.updated_at, r.deleted_at
               from blog_redirects r where r.tenant_id = $1 "# + $tail,
            $tx.tenant() as _
            $(, $bind)*
        )
    };
}

/// Lets the writes of a tenant's redirects wait for each other until the transaction ends.
pub(super) async fn lock(tx: &mut TenantTx) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "select 1 as locked from pg_advisory_xact_lock(hashtextextended('blog_redirects:' || $1::uuid::text, 0))",
        tenant as _,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(())
}

/// One part of the list, newest first; one row more than asked for tells that there is a next part.
pub(super) async fn list(
    tx: &mut TenantTx,
    q: Option<&str>,
    page: PageRequest,
) -> Result<Vec<Redirect>> {
    let redirects = redirects!(
        tx,
        "and r.deleted_at is null
         and ($2::text is null or position(lower($2) in lower(r.source)) > 0 or position(lower($2) in lower(r.target)) > 0)
         and ($3::uuid is null or r.id < $3) order by r.id desc limit $4",
        q,
        page.after.map(|cursor| cursor.id),
        page.fetch()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(redirects)
}

/// All redirects in the order in which they are tried, as a file holds them.
pub(super) async fn all(tx: &mut TenantTx) -> Result<Vec<Redirect>> {
    let redirects = redirects!(
        tx,
        "and r.deleted_at is null order by r.kind, r.position, r.id"
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(redirects)
}

pub(super) async fn find(tx: &mut TenantTx, id: RedirectId) -> Result<Option<Redirect>> {
    let redirect = redirects!(tx, "and r.id = $2 and r.deleted_at is null", id.0)
        .fetch_optional(tx.conn())
        .await?;
    Ok(redirect)
}

/// A redirect, deleted or not.
pub(super) async fn find_any(tx: &mut TenantTx, id: RedirectId) -> Result<Option<Redirect>> {
    let redirect = redirects!(tx, "and r.id = $2", id.0)
        .fetch_optional(tx.conn())
        .await?;
    Ok(redirect)
}

/// The redirect from a path or pattern.
pub(super) async fn find_source(
    tx: &mut TenantTx,
    kind: Kind,
    source: &str,
) -> Result<Option<Redirect>> {
    let redirect = redirects!(
        tx,
        "and r.kind = $2 and r.source = $3 and r.deleted_at is null",
        kind.as_str(),
        source
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(redirect)
}

/// What may lead on from a path: the redirect of that path, then every pattern in its order.
pub(super) async fn candidates(tx: &mut TenantTx, path: &str) -> Result<Vec<Redirect>> {
    let redirects = redirects!(
        tx,
        "and r.deleted_at is null and r.enabled and (r.kind = 'exact' and r.source = $2 or r.kind = 'pattern')
         order by r.kind, r.position, r.id",
        path
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(redirects)
}

/// Where a path is led, if it is.
pub(super) async fn target_of(tx: &mut TenantTx, path: &str) -> Result<Option<String>> {
    let tenant = tx.tenant();
    let target = sqlx::query_scalar!(
        r#"select target as "target!" from blog_redirects
           where tenant_id = $1 and kind = 'exact' and source = $2 and enabled and target is not null and deleted_at is null"#,
        tenant as _,
        path,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(target)
}

/// Leads whatever led to a path to where that is led.
pub(super) async fn redirect_to(
    tx: &mut TenantTx,
    path: &str,
    target: &str,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update blog_redirects set target = $3, rev = rev + 1, updated_at = $4
         where tenant_id = $1 and kind = 'exact' and target = $2 and source <> $3 and deleted_at is null",
        tenant as _,
        path,
        target,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// How many there are, and how many of them are patterns.
pub(super) async fn count(tx: &mut TenantTx) -> Result<(i64, i64)> {
    let tenant = tx.tenant();
    let count = sqlx::query!(
        r#"select count(*) as "all!", count(*) filter (where kind = 'pattern') as "patterns!"
           from blog_redirects where tenant_id = $1 and deleted_at is null"#,
        tenant as _,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok((count.all, count.patterns))
}

fn source_taken() -> Error {
    FieldError::new("source", "taken", "There is a redirect from there already.").into()
}

pub(super) async fn insert(
    tx: &mut TenantTx,
    id: RedirectId,
    redirect: &Checked,
    origin: Origin,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into blog_redirects (tenant_id, id, kind, source, target, status, query, position, enabled, origin, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
        tenant as _,
        id as _,
        redirect.kind.as_str(),
        redirect.source,
        redirect.target,
        redirect.status,
        redirect.query.as_str(),
        redirect.position,
        redirect.enabled,
        origin.as_str(),
        now as _,
    )
    .execute(tx.conn())
    .await
    .on_constraint("blog_redirects_source_key", source_taken)?;
    Ok(())
}

pub(super) async fn update(
    tx: &mut TenantTx,
    id: RedirectId,
    redirect: &Checked,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update blog_redirects
         set kind = $3, source = $4, target = $5, status = $6, query = $7, position = $8, enabled = $9, rev = rev + 1, updated_at = $10
         where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        redirect.kind.as_str(),
        redirect.source,
        redirect.target,
        redirect.status,
        redirect.query.as_str(),
        redirect.position,
        redirect.enabled,
        now as _,
    )
    .execute(tx.conn())
    .await
    .on_constraint("blog_redirects_source_key", source_taken)?;
    Ok(())
}

/// Takes a redirect out of use.
pub(super) async fn set_deleted(tx: &mut TenantTx, id: RedirectId, now: Timestamp) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update blog_redirects set deleted_at = $3, rev = rev + 1, updated_at = $3 where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes a deleted redirect back, to where it leads now.
pub(super) async fn set_restored(
    tx: &mut TenantTx,
    id: RedirectId,
    target: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update blog_redirects set deleted_at = null, target = $3, rev = rev + 1, updated_at = $4
         where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        target,
        now as _,
    )
    .execute(tx.conn())
    .await
    .on_constraint("blog_redirects_source_key", source_taken)?;
    Ok(())
}

/// Removes a redirect for good that was deleted at that time and not taken back since.
pub(super) async fn remove(tx: &mut TenantTx, id: RedirectId, deleted_at: Timestamp) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "delete from blog_redirects where tenant_id = $1 and id = $2 and deleted_at = $3",
        tenant as _,
        id as _,
        deleted_at as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Adds to how often a redirect was used.
pub(super) async fn add_hits(
    tx: &mut TenantTx,
    id: RedirectId,
    hits: i64,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update blog_redirects set hits = hits + $3, last_hit_at = greatest(last_hit_at, $4) where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        hits,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
