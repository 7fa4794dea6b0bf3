//! Statements about slugs.

use kernel::{Result, Timestamp};
use tenant_resolver::TenantTx;
use uuid::Uuid;

use super::Kind;

/// Claims the first of the candidates that nobody has. `None`: all are taken, or another was faster.
pub(crate) async fn claim_first(
    tx: &mut TenantTx,
    kind: Kind,
    entity: Uuid,
    candidates: &[String],
    now: Timestamp,
) -> Result<Option<String>> {
    let tenant = tx.tenant();
    let slug = sqlx::query_scalar!(
        "insert into blog_slugs (tenant_id, kind, slug, entity_id, current, created_at)
         select $1, $2, candidate.slug, $3, true, $5
         from unnest($4::text[]) with ordinality as candidate (slug, place)
         where not exists (select from blog_slugs taken
                           where taken.tenant_id = $1 and taken.kind = $2 and taken.slug = candidate.slug
                             and taken.current and taken.entity_id <> $3)
         order by candidate.place limit 1
         on conflict (tenant_id, kind, slug) do update
           set entity_id = excluded.entity_id, current = true, created_at = excluded.created_at
           where not blog_slugs.current or blog_slugs.entity_id = excluded.entity_id
         returning slug",
        tenant as _,
        kind.as_str(),
        entity,
        candidates,
        now as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(slug)
}

/// Makes a slug a former one: it forwards to its thing until another claims it.
pub(crate) async fn retire(
    tx: &mut TenantTx,
    kind: Kind,
    entity: impl Into<Uuid>,
    slug: &str,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update blog_slugs set current = false
         where tenant_id = $1 and kind = $2 and slug = $3 and entity_id = $4",
        tenant as _,
        kind.as_str(),
        slug,
        entity.into(),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Forgets a slug that no visitor has ever seen.
pub(crate) async fn forget(
    tx: &mut TenantTx,
    kind: Kind,
    entity: impl Into<Uuid>,
    slug: &str,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "delete from blog_slugs where tenant_id = $1 and kind = $2 and slug = $3 and entity_id = $4",
        tenant as _,
        kind.as_str(),
        slug,
        entity.into(),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Forgets every slug of something that is gone for good.
pub(crate) async fn forget_all(
    tx: &mut TenantTx,
    kind: Kind,
    entity: impl Into<Uuid>,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "delete from blog_slugs where tenant_id = $1 and kind = $2 and entity_id = $3",
        tenant as _,
        kind.as_str(),
        entity.into(),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Lets every slug of one thing forward to another.
pub(crate) async fn hand_over(
    tx: &mut TenantTx,
    kind: Kind,
    from: impl Into<Uuid>,
    to: impl Into<Uuid>,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update blog_slugs set entity_id = $4, current = false
         where tenant_id = $1 and kind = $2 and entity_id = $3",
        tenant as _,
        kind.as_str(),
        from.into(),
        to.into(),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
