//! Statements about series.

use kernel::{PageRequest, Result, Timestamp};
use tenant_resolver::TenantTx;

use super::{OrderMode, SeriesId, SeriesInput};
use crate::posts::{PostId, Status};

/// A series.
#[derive(Clone, Debug)]
pub struct Series {
    pub id: SeriesId,
    pub rev: i64,
    pub slug: String,
    pub title: String,
    pub description: String,
    pub order_mode: OrderMode,
    /// Its posts, the trash not counted.
    pub posts: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

/// A post of a series, as those who write see it.
#[derive(Clone, Debug)]
pub struct Part {
    pub id: PostId,
    pub title: String,
    pub slug: String,
    pub status: Status,
    pub live_at: Option<Timestamp>,
    pub ends_at: Option<Timestamp>,
    pub published_at: Option<Timestamp>,
}

/// A post in the order of its series.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub post: PostId,
    pub trashed: bool,
}

/// The statement that reads series once, with what differs between its uses.
macro_rules! series {
    ($tx:ident, $tail:tt $(, $bind:expr)*) => {
        sqlx::query_as!(
            Series,
            r#"select s.id, s.rev, s.slug, s.title, s.description, s.order_mode as "order_mode: OrderMode",
                      s.created_at, s.updated_at, s.deleted_at,
                      (select count(*) from blog_series_posts sp join blog_posts p on p.tenant_id = sp.tenant_id and p.id = sp.post_id
                       where sp.tenant_id = $1 and p.tenant_id = $1 and sp.series_id = s.id and p.deleted_at is null) as "posts!"
               from blog_series s where s.tenant_id = $1 "# + $tail,
            $tx.tenant() as _
            $(, $bind)*
        )
    };
}

/// One part of the list, newest first; one row more than asked for tells that there is a next part.
pub(super) async fn list(
    tx: &mut TenantTx,
    q: Option<&str>,
    page: PageRequest,
) -> Result<Vec<Series>> {
    let series = series!(
        tx,
        "and s.deleted_at is null and ($2::text is null or position(lower($2) in lower(s.title)) > 0)
         and ($3::uuid is null or s.id < $3) order by s.id desc limit $4",
        q,
        page.after.map(|cursor| cursor.id),
        page.fetch()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(series)
}

pub(super) async fn find(tx: &mut TenantTx, id: SeriesId) -> Result<Option<Series>> {
    let series = series!(tx, "and s.id = $2 and s.deleted_at is null", id.0)
        .fetch_optional(tx.conn())
        .await?;
    Ok(series)
}

/// Takes a series to change it, deleted or not; waits for whoever changes it now.
pub(super) async fn hold(tx: &mut TenantTx, id: SeriesId) -> Result<Option<Series>> {
    let series = series!(tx, "and s.id = $2 for update of s", id.0)
        .fetch_optional(tx.conn())
        .await?;
    Ok(series)
}

/// All posts of a series in the order they were put in, those in the trash included.
pub(super) async fn members(tx: &mut TenantTx, id: SeriesId) -> Result<Vec<Member>> {
    let tenant = tx.tenant();
    let posts = sqlx::query_as!(
        Member,
        r#"select p.id as post, p.deleted_at is not null as "trashed!"
           from blog_series_posts sp
           join blog_posts p on p.tenant_id = sp.tenant_id and p.id = sp.post_id
           where sp.tenant_id = $1 and p.tenant_id = $1 and sp.series_id = $2 order by sp.position"#,
        tenant as _,
        id as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(posts)
}

/// The posts of a series in its order, without those in the trash.
pub(super) async fn parts(tx: &mut TenantTx, id: SeriesId, order: OrderMode) -> Result<Vec<Part>> {
    let tenant = tx.tenant();
    let parts = sqlx::query_as!(
        Part,
        r#"select p.id, p.title, p.slug, p.status as "status: Status", p.live_at, p.ends_at, p.published_at
           from blog_series_posts sp
           join blog_posts p on p.tenant_id = sp.tenant_id and p.id = sp.post_id
           where sp.tenant_id = $1 and p.tenant_id = $1 and sp.series_id = $2 and p.deleted_at is null
           order by case when $3 = 'date' then p.published_at end, sp.position"#,
        tenant as _,
        id as _,
        order.as_str(),
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(parts)
}

/// How many of these posts there are, the trash not counted but for those that have been in a series.
pub(super) async fn count_posts(tx: &mut TenantTx, posts: &[PostId]) -> Result<usize> {
    let tenant = tx.tenant();
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from blog_posts p
           where p.tenant_id = $1 and p.id = any ($2)
             and (p.deleted_at is null or exists (select from blog_series_posts sp where sp.tenant_id = $1 and sp.post_id = p.id))"#,
        tenant as _,
        posts as _,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(usize::try_from(count).unwrap_or_default())
}

pub(super) async fn insert(
    tx: &mut TenantTx,
    id: SeriesId,
    slug: &str,
    input: &SeriesInput,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into blog_series (tenant_id, id, slug, title, description, order_mode, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)",
        tenant as _,
        id as _,
        slug,
        input.title,
        input.description,
        input.order as _,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn update(
    tx: &mut TenantTx,
    id: SeriesId,
    slug: &str,
    input: &SeriesInput,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update blog_series set rev = rev + 1, slug = $3, title = $4, description = $5, order_mode = $6, updated_at = $7
         where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        slug,
        input.title,
        input.description,
        input.order as _,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Gives a series these posts, each with its place; the others leave it.
pub(super) async fn arrange(
    tx: &mut TenantTx,
    id: SeriesId,
    posts: &[PostId],
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "delete from blog_series_posts where tenant_id = $1 and series_id = $2 and post_id <> all ($3)",
        tenant as _,
        id as _,
        posts as _,
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "with wanted as (
           select post_id, place::integer as position from unnest($3::uuid[]) with ordinality as named (post_id, place)
         ), placed as (
           insert into blog_series_posts (tenant_id, series_id, post_id, position)
           select $1, $2, post_id, position from wanted
           on conflict on constraint blog_series_posts_pkey do update set position = excluded.position
             where blog_series_posts.position <> excluded.position
         )
         update blog_series set rev = rev + 1, updated_at = $4 where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        posts as _,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Deletes a series or takes it back.
pub(super) async fn set_deleted(
    tx: &mut TenantTx,
    id: SeriesId,
    slug: &str,
    deleted_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update blog_series set rev = rev + 1, slug = $3, deleted_at = $4, updated_at = $5
         where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        slug,
        deleted_at as _,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Removes a series for good; its posts stay.
pub(super) async fn remove(tx: &mut TenantTx, id: SeriesId) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "with posts as (delete from blog_series_posts where tenant_id = $1 and series_id = $2)
         delete from blog_series where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
