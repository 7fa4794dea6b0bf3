//! Statements about authors.

use kernel::{MembershipId, Result, Timestamp};
use tenant_resolver::TenantTx;

use super::{AuthorId, AuthorInput, AuthorRef};

/// An author's profile.
#[derive(Clone, Debug)]
pub struct Author {
    pub id: AuthorId,
    pub membership_id: MembershipId,
    pub rev: i64,
    pub slug: String,
    pub display_name: String,
    pub bio: String,
    pub website: String,
    /// Posts that name them, the trash not counted.
    pub posts: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Every author by name: a workspace has few.
pub async fn all(tx: &mut TenantTx) -> Result<Vec<Author>> {
    let tenant = tx.tenant();
    let authors = sqlx::query_as!(
        Author,
        r#"select a.id, a.membership_id, a.rev, a.slug, a.display_name, a.bio, a.website, a.created_at, a.updated_at,
                  (select count(*) from blog_post_authors pa join blog_posts p on p.tenant_id = pa.tenant_id and p.id = pa.post_id
                   where pa.tenant_id = $1 and p.tenant_id = $1 and pa.author_id = a.id and p.deleted_at is null) as "posts!"
           from blog_authors a where a.tenant_id = $1 order by lower(a.display_name), a.id"#,
        tenant as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(authors)
}

pub(super) async fn find(tx: &mut TenantTx, id: AuthorId) -> Result<Option<Author>> {
    let tenant = tx.tenant();
    let author = sqlx::query_as!(
        Author,
        r#"select a.id, a.membership_id, a.rev, a.slug, a.display_name, a.bio, a.website, a.created_at, a.updated_at,
                  (select count(*) from blog_post_authors pa join blog_posts p on p.tenant_id = pa.tenant_id and p.id = pa.post_id
                   where pa.tenant_id = $1 and p.tenant_id = $1 and pa.author_id = a.id and p.deleted_at is null) as "posts!"
           from blog_authors a where a.tenant_id = $1 and a.id = $2"#,
        tenant as _,
        id as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(author)
}

/// Takes a profile to change it; waits for whoever changes it now.
pub(super) async fn hold(tx: &mut TenantTx, id: AuthorId) -> Result<Option<Author>> {
    let tenant = tx.tenant();
    let author = sqlx::query_as!(
        Author,
        r#"select a.id, a.membership_id, a.rev, a.slug, a.display_name, a.bio, a.website, a.created_at, a.updated_at,
                  (select count(*) from blog_post_authors pa where pa.tenant_id = $1 and pa.author_id = a.id) as "posts!"
           from blog_authors a where a.tenant_id = $1 and a.id = $2 for update of a"#,
        tenant as _,
        id as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(author)
}

pub(super) async fn by_membership(
    tx: &mut TenantTx,
    membership: MembershipId,
) -> Result<Option<AuthorRef>> {
    let tenant = tx.tenant();
    let author = sqlx::query!(
        "select id, slug, display_name from blog_authors where tenant_id = $1 and membership_id = $2",
        tenant as _,
        membership as _,
    )
    .map(|row| AuthorRef {
        id: row.id,
        slug: row.slug,
        name: row.display_name,
        membership: Some(membership),
    })
    .fetch_optional(tx.conn())
    .await?;
    Ok(author)
}

pub(super) async fn by_ids(tx: &mut TenantTx, ids: &[AuthorId]) -> Result<Vec<AuthorRef>> {
    let tenant = tx.tenant();
    let authors = sqlx::query!(
        "select id, slug, display_name, membership_id from blog_authors where tenant_id = $1 and id = any ($2)",
        tenant as _,
        ids as _,
    )
    .map(|row| AuthorRef {
        id: row.id,
        slug: row.slug,
        name: row.display_name,
        membership: Some(row.membership_id),
    })
    .fetch_all(tx.conn())
    .await?;
    Ok(authors)
}

/// Inserts a profile. False: that member has one.
pub(super) async fn insert(
    tx: &mut TenantTx,
    id: AuthorId,
    membership: MembershipId,
    slug: &str,
    name: &str,
    now: Timestamp,
) -> Result<bool> {
    let tenant = tx.tenant();
    let inserted = sqlx::query!(
        "insert into blog_authors (tenant_id, id, membership_id, slug, display_name, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)
         on conflict (tenant_id, membership_id) do nothing",
        tenant as _,
        id as _,
        membership as _,
        slug,
        name,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Changes a profile. The posts that name the author look different then, so their revisions move as well.
pub(super) async fn update(
    tx: &mut TenantTx,
    id: AuthorId,
    slug: &str,
    input: &AuthorInput,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "with posts as (
           update blog_posts p set rev = p.rev + 1
           from blog_post_authors pa, blog_authors a
           where p.tenant_id = $1 and pa.tenant_id = $1 and pa.post_id = p.id and pa.author_id = $2
             and a.tenant_id = $1 and a.id = $2 and (a.slug, a.display_name) <> ($3, $4)
         )
         update blog_authors set rev = rev + 1, slug = $3, display_name = $4, bio = $5, website = $6, updated_at = $7
         where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        slug,
        input.display_name,
        input.bio,
        input.website,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A member who could be an author.
#[derive(Clone, Debug)]
pub struct Colleague {
    pub membership: MembershipId,
    pub name: String,
}

/// The active members who have no profile yet, by name.
pub async fn colleagues(tx: &mut TenantTx) -> Result<Vec<Colleague>> {
    let tenant = tx.tenant();
    let colleagues = sqlx::query_as!(
        Colleague,
        r#"select m.membership_id as "membership!: MembershipId", m.display_name as "name!"
           from tenant_people m
           where m.tenant_id = $1 and m.status = 'active'
             and not exists (select from blog_authors a where a.tenant_id = $1 and a.membership_id = m.membership_id)
           order by lower(m.display_name), m.membership_id"#,
        tenant as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(colleagues)
}

/// The name of an active member.
pub(super) async fn colleague_name(
    tx: &mut TenantTx,
    membership: MembershipId,
) -> Result<Option<String>> {
    let tenant = tx.tenant();
    let name = sqlx::query_scalar!(
        r#"select display_name as "name!" from tenant_people
           where tenant_id = $1 and membership_id = $2 and status = 'active'"#,
        tenant as _,
        membership as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(name)
}
