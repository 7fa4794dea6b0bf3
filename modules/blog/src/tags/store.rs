//! Statements about tags.

use kernel::{ConstraintExt, PageRequest, Result, Timestamp};
use tenant_resolver::TenantTx;

use super::{TagId, TagRef};

/// A tag.
#[derive(Clone, Debug)]
pub struct Tag {
    pub id: TagId,
    pub rev: i64,
    pub slug: String,
    pub name: String,
    pub description: String,
    /// Posts that have it, the trash not counted.
    pub posts: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

/// One part of the list, by name; one row more than asked for tells that there is a next part.
pub(super) async fn list(
    tx: &mut TenantTx,
    q: Option<&str>,
    page: PageRequest,
) -> Result<Vec<Tag>> {
    let tenant = tx.tenant();
    let tags = sqlx::query_as!(
        Tag,
        r#"select t.id, t.rev, t.slug, t.name, t.description, t.created_at, t.updated_at, t.deleted_at,
                  (select count(*) from blog_post_tags pt join blog_posts p on p.tenant_id = pt.tenant_id and p.id = pt.post_id
                   where pt.tenant_id = $1 and p.tenant_id = $1 and pt.tag_id = t.id and p.deleted_at is null) as "posts!"
           from blog_tags t
           where t.tenant_id = $1 and t.deleted_at is null
             and ($2::text is null or position(lower($2) in t.name_key) > 0)
             and ($3::uuid is null or (t.name_key, t.id) >
                  (select l.name_key, l.id from blog_tags l where l.tenant_id = $1 and l.id = $3))
           order by t.name_key, t.id limit $4"#,
        tenant as _,
        q,
        page.after.map(|cursor| cursor.id),
        page.fetch(),
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(tags)
}

/// Every tag by name, for lists to choose from.
pub async fn all(tx: &mut TenantTx) -> Result<Vec<TagRef>> {
    let tenant = tx.tenant();
    let tags = sqlx::query_as!(
        TagRef,
        "select id, slug, name from blog_tags where tenant_id = $1 and deleted_at is null order by name_key, id",
        tenant as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(tags)
}

pub(super) async fn find(tx: &mut TenantTx, id: TagId) -> Result<Option<Tag>> {
    let tenant = tx.tenant();
    let tag = sqlx::query_as!(
        Tag,
        r#"select t.id, t.rev, t.slug, t.name, t.description, t.created_at, t.updated_at, t.deleted_at,
                  (select count(*) from blog_post_tags pt join blog_posts p on p.tenant_id = pt.tenant_id and p.id = pt.post_id
                   where pt.tenant_id = $1 and p.tenant_id = $1 and pt.tag_id = t.id and p.deleted_at is null) as "posts!"
           from blog_tags t
           where t.tenant_id = $1 and t.id = $2 and t.deleted_at is null"#,
        tenant as _,
        id as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(tag)
}

/// Takes a tag to change it, deleted or not; waits for whoever changes it now.
pub(super) async fn hold(tx: &mut TenantTx, id: TagId) -> Result<Option<Tag>> {
    let tenant = tx.tenant();
    let tag = sqlx::query_as!(
        Tag,
        r#"select t.id, t.rev, t.slug, t.name, t.description, t.created_at, t.updated_at, t.deleted_at,
                  (select count(*) from blog_post_tags pt where pt.tenant_id = $1 and pt.tag_id = t.id) as "posts!"
           from blog_tags t
           where t.tenant_id = $1 and t.id = $2
           for update of t"#,
        tenant as _,
        id as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(tag)
}

/// The tags of these names, with the names as they are compared.
pub(super) async fn by_keys(tx: &mut TenantTx, keys: &[String]) -> Result<Vec<(String, TagRef)>> {
    let tenant = tx.tenant();
    let tags = sqlx::query!(
        "select id, slug, name, name_key from blog_tags
         where tenant_id = $1 and name_key = any ($2) and deleted_at is null",
        tenant as _,
        keys,
    )
    .map(|row| {
        let tag = TagRef {
            id: row.id,
            slug: row.slug,
            name: row.name,
        };
        (row.name_key, tag)
    })
    .fetch_all(tx.conn())
    .await?;
    Ok(tags)
}

/// Inserts a tag. False: there is one of that name.
pub(super) async fn insert(
    tx: &mut TenantTx,
    id: TagId,
    slug: &str,
    name: &str,
    key: &str,
    description: &str,
    now: Timestamp,
) -> Result<bool> {
    let tenant = tx.tenant();
    let inserted = sqlx::query!(
        "insert into blog_tags (tenant_id, id, slug, name, name_key, description, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)
         on conflict (tenant_id, name_key) where deleted_at is null do nothing",
        tenant as _,
        id as _,
        slug,
        name,
        key,
        description,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Changes a tag. The posts that have it look different then, so their revisions move as well.
pub(super) async fn update(
    tx: &mut TenantTx,
    id: TagId,
    slug: &str,
    name: &str,
    key: &str,
    description: &str,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "with posts as (
           update blog_posts p set rev = p.rev + 1
           from blog_post_tags pt
           where p.tenant_id = $1 and pt.tenant_id = $1 and pt.post_id = p.id and pt.tag_id = $2
         )
         update blog_tags set rev = rev + 1, slug = $3, name = $4, name_key = $5, description = $6, updated_at = $7
         where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        slug,
        name,
        key,
        description,
        now as _,
    )
    .execute(tx.conn())
    .await
    .on_constraint("blog_tags_name_key", super::name_taken)?;
    Ok(())
}

/// Deletes a tag or takes it back; its posts look different then.
pub(super) async fn set_deleted(
    tx: &mut TenantTx,
    id: TagId,
    slug: &str,
    deleted_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "with posts as (
           update blog_posts p set rev = p.rev + 1
           from blog_post_tags pt
           where p.tenant_id = $1 and pt.tenant_id = $1 and pt.post_id = p.id and pt.tag_id = $2
         )
         update blog_tags set rev = rev + 1, slug = $3, deleted_at = $4, updated_at = $5
         where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        slug,
        deleted_at as _,
        now as _,
    )
    .execute(tx.conn())
    .await
    .on_constraint("blog_tags_name_key", super::name_taken)?;
    Ok(())
}

/// Gives the posts of one tag another instead, once each.
pub(super) async fn move_posts(tx: &mut TenantTx, from: TagId, into: TagId) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "with moved as (
           delete from blog_post_tags where tenant_id = $1 and tag_id = $2 returning post_id, position
         ), placed as (
           insert into blog_post_tags (tenant_id, post_id, tag_id, position)
           select $1, post_id, $3, position from moved
           on conflict (tenant_id, post_id, tag_id) do nothing
         )
         update blog_posts p set rev = p.rev + 1 from moved where p.tenant_id = $1 and p.id = moved.post_id",
        tenant as _,
        from as _,
        into as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Removes a tag for good, from its posts as well.
pub(super) async fn remove(tx: &mut TenantTx, id: TagId) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "with links as (delete from blog_post_tags where tenant_id = $1 and tag_id = $2)
         delete from blog_tags where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
