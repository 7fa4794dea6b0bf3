//! Statements about members.

use kernel::{Email, MembershipId, PermissionSet, Result, RoleId, TenantId, Timestamp, UserId};
use serde::Deserialize;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};
use tenant_resolver::TenantTx;
use uuid::Uuid;

use super::{Filter, Member, Principal, Status};
use crate::roles::{self, HeldRole};

/// A member in the making.
pub(crate) struct NewMember<'a> {
    pub id: MembershipId,
    pub user: UserId,
    pub name: &'a str,
    pub email: &'a Email,
}

struct Row {
    id: MembershipId,
    user: UserId,
    name: String,
    email: String,
    status: String,
    roles: Json<Vec<HeldRole>>,
    stored: Vec<String>,
    joined_at: Timestamp,
    last_seen_at: Option<Timestamp>,
}

impl From<Row> for Member {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            user: row.user,
            name: row.name,
            email: row.email,
            // The check constraint allows no other.
            status: Status::parse(&row.status).unwrap_or(Status::Left),
            roles: roles::ordered(row.roles.0),
            stored: row.stored,
            joined_at: row.joined_at,
            last_seen_at: row.last_seen_at,
        }
    }
}

/// A grant as stored.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct StoredGrant {
    pub permission: String,
    pub kind: String,
    pub object: Uuid,
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// Who a person is: their roles and grants that have not ended at `now`.
pub(crate) async fn principal(
    conn: &mut PgConnection,
    tenant: TenantId,
    user: UserId,
    now: Timestamp,
) -> Result<Option<Principal>> {
    let found = sqlx::query!(
        r#"select m.id as "id: MembershipId", m.display_name, m.contact_email,
                  (select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'key', r.key, 'name', r.name, 'expires_at', mr.expires_at)), '[]')
                   from membership_roles mr join roles r on r.tenant_id = mr.tenant_id and r.id = mr.role_id
                   where mr.tenant_id = $1 and r.tenant_id = $1 and mr.membership_id = m.id
                     and (mr.expires_at is null or mr.expires_at > $3)) as "roles!: Json<Vec<HeldRole>>",
                  array(select rp.permission_key from membership_roles mr
                        join role_permissions rp on rp.tenant_id = mr.tenant_id and rp.role_id = mr.role_id
                        where mr.tenant_id = $1 and rp.tenant_id = $1 and mr.membership_id = m.id
                          and (mr.expires_at is null or mr.expires_at > $3)) as "stored!",
                  (select coalesce(jsonb_agg(jsonb_build_object('permission', g.permission_key, 'kind', g.context_type,
                                                                'object', g.context_id, 'expires_at', g.expires_at)), '[]')
                   from permission_grants g
                   where g.tenant_id = $1 and g.membership_id = m.id and g.revoked_at is null
                     and (g.expires_at is null or g.expires_at > $3)) as "grants!: Json<Vec<StoredGrant>>"
           from memberships m
           where m.tenant_id = $1 and m.user_id = $2 and m.status = 'active'"#,
        tenant as _,
        user as _,
        now as _,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|row| Principal {
        membership: row.id,
        name: row.display_name,
        email: row.contact_email,
        roles: roles::ordered(row.roles.0),
        permissions: PermissionSet::default(),
        grants: Vec::new(),
        stored: row.stored,
        stored_grants: row.grants.0,
    }))
}

/// An active member with what decides on what they may do.
pub(super) struct Holding {
    pub id: MembershipId,
    pub roles: Json<Vec<HeldRole>>,
    pub stored: Vec<String>,
}

/// The active members with the roles that have not ended at `now`, in the order of their joining.
pub(super) async fn with_roles(tx: &mut TenantTx, now: Timestamp) -> Result<Vec<Holding>> {
    let tenant = tx.tenant();
    let found = sqlx::query_as!(
        Holding,
        r#"select m.id as "id: MembershipId",
                  (select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'key', r.key, 'name', r.name, 'expires_at', mr.expires_at)), '[]')
                   from membership_roles mr join roles r on r.tenant_id = mr.tenant_id and r.id = mr.role_id
                   where mr.tenant_id = $1 and r.tenant_id = $1 and mr.membership_id = m.id
                     and (mr.expires_at is null or mr.expires_at > $2)) as "roles!: Json<Vec<HeldRole>>",
                  array(select rp.permission_key from membership_roles mr
                        join role_permissions rp on rp.tenant_id = mr.tenant_id and rp.role_id = mr.role_id
                        where mr.tenant_id = $1 and rp.tenant_id = $1 and mr.membership_id = m.id
                          and (mr.expires_at is null or mr.expires_at > $2)) as "stored!"
           from memberships m where m.tenant_id = $1 and m.status = 'active' order by m.joined_at, m.id"#,
        tenant as _,
        now as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(found)
}

pub(super) async fn find(
    tx: &mut TenantTx,
    id: MembershipId,
    now: Timestamp,
) -> Result<Option<Member>> {
    let tenant = tx.tenant();
    let found = sqlx::query_as!(
        Row,
        r#"select m.id as "id: _", m.user_id as "user: _", m.display_name as name, m.contact_email as email,
                  m.status, m.joined_at, m.last_seen_at,
                  (select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'key', r.key, 'name', r.name, 'expires_at', mr.expires_at)), '[]')
                   from membership_roles mr join roles r on r.tenant_id = mr.tenant_id and r.id = mr.role_id
                   where mr.tenant_id = $1 and r.tenant_id = $1 and mr.membership_id = m.id
                     and (mr.expires_at is null or mr.expires_at > $3)) as "roles!: Json<Vec<HeldRole>>",
                  array(select rp.permission_key from membership_roles mr
                        join role_permissions rp on rp.tenant_id = mr.tenant_id and rp.role_id = mr.role_id
                        where mr.tenant_id = $1 and rp.tenant_id = $1 and mr.membership_id = m.id
                          and (mr.expires_at is null or mr.expires_at > $3)) as "stored!"
           from memberships m where m.tenant_id = $1 and m.id = $2"#,
        tenant as _,
        id as _,
        now as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(found.map(Member::from))
}

pub(super) async fn list(
    tx: &mut TenantTx,
    filter: &Filter,
    now: Timestamp,
) -> Result<Vec<Member>> {
    let tenant = tx.tenant();
    let rows = sqlx::query_as!(
        Row,
        r#"with keyed as (
             select m.tenant_id, m.id, m.user_id, m.display_name, m.contact_email, m.status, m.joined_at, m.last_seen_at,
                    (case $2 when 'name' then lower(m.display_name)
                             when 'joined' then to_char(m.joined_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS')
                             else coalesce(to_char(m.last_seen_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS'), '') end) collate "C" as key
             from memberships m where m.tenant_id = $1
           ), last as (select key, id from keyed where tenant_id = $1 and id = $4)
           select k.id as "id: _", k.user_id as "user: _", k.display_name as name, k.contact_email as email,
                  k.status, k.joined_at, k.last_seen_at,
                  (select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'key', r.key, 'name', r.name, 'expires_at', mr.expires_at)), '[]')
                   from membership_roles mr join roles r on r.tenant_id = mr.tenant_id and r.id = mr.role_id
                   where mr.tenant_id = $1 and r.tenant_id = $1 and mr.membership_id = k.id
                     and (mr.expires_at is null or mr.expires_at > $9)) as "roles!: Json<Vec<HeldRole>>",
                  '{}'::text[] as "stored!"
           from keyed k
           where k.tenant_id = $1
             and (case when $5::text is null then k.status <> 'left' else k.status = $5 end)
             and ($6::text = '' or strpos(lower(k.display_name), lower($6)) > 0 or strpos(lower(k.contact_email), lower($6)) > 0)
             and ($7::text is null or exists (
                   select from membership_roles mr
                   join roles r on r.tenant_id = mr.tenant_id and r.id = mr.role_id
                   where mr.tenant_id = $1 and mr.membership_id = k.id and r.key = $7
                     and (mr.expires_at is null or mr.expires_at > $9)))
             and ($4::uuid is null
                  or (not $3 and (k.key, k.id) > (select last.key, last.id from last))
                  or ($3 and (k.key, k.id) < (select last.key, last.id from last)))
           order by case when not $3 then k.key end, case when not $3 then k.id end,
                    case when $3 then k.key end desc, case when $3 then k.id end desc
           limit $8"#,
        tenant as _,
        filter.sort.as_str(),
        filter.descending,
        filter.after as _,
        filter.status.map(Status::as_str),
        filter.words.trim(),
        filter.role.as_ref().map(|key| key.0.as_str()),
        filter.limit + 1,
        now as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Member::from).collect())
}

/// Makes changes to the members of the tenant wait for each other.
pub(crate) async fn lock_tenant(tx: &mut TenantTx) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query_scalar!(
        "select id from tenants where id = $1 for no key update",
        tenant as _
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(())
}

/// How many owners can enter.
pub(super) async fn owners(tx: &mut TenantTx) -> Result<i64> {
    let tenant = tx.tenant();
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!"
           from memberships m
           join membership_roles mr on mr.tenant_id = m.tenant_id and mr.membership_id = m.id
           join roles r on r.tenant_id = mr.tenant_id and r.id = mr.role_id
           where m.tenant_id = $1 and m.status = 'active' and r.key = 'owner'"#,
        tenant as _,
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Everybody who owns the workspace and can enter it: place, name, address.
pub(super) async fn list_owners(tx: &mut TenantTx) -> Result<Vec<(MembershipId, String, String)>> {
    let tenant = tx.tenant();
    let found = sqlx::query!(
        r#"select m.id as "id: MembershipId", m.display_name, m.contact_email
           from memberships m
           join membership_roles mr on mr.tenant_id = m.tenant_id and mr.membership_id = m.id
           join roles r on r.tenant_id = mr.tenant_id and r.id = mr.role_id
           where m.tenant_id = $1 and m.status = 'active' and r.key = 'owner' order by m.id"#,
        tenant as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(found
        .into_iter()
        .map(|row| (row.id, row.display_name, row.contact_email))
        .collect())
}

/// The person behind a place, with name and address.
pub(super) async fn name_of(
    pool: &PgPool,
    tenant: TenantId,
    id: MembershipId,
) -> Result<Option<(UserId, String, String)>> {
    let found = sqlx::query!(
        r#"select user_id as "user: UserId", display_name, contact_email from memberships
           where tenant_id = $1 and id = $2"#,
        tenant as _,
        id as _,
    )
    .fetch_optional(pool)
    .await?;
    Ok(found.map(|row| (row.user, row.display_name, row.contact_email)))
}

pub(super) async fn set_status(
    tx: &mut TenantTx,
    id: MembershipId,
    status: Status,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update memberships
         set status = $3, left_at = case when $3 = 'left' then $4::timestamptz end, rev = rev + 1, updated_at = $4
         where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        status.as_str(),
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Gives a member exactly these roles.
pub(crate) async fn replace_roles(
    conn: &mut PgConnection,
    tenant: TenantId,
    member: MembershipId,
    roles: &[RoleId],
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "delete from membership_roles
         where tenant_id = $1 and membership_id = $2 and not (role_id = any ($3::uuid[]))",
        tenant as _,
        member as _,
        roles as _,
    )
    .execute(&mut *conn)
    .await?;
    add_roles(conn, tenant, member, roles, now).await
}

/// Sets when a role that a member has ends.
pub(super) async fn set_end(
    tx: &mut TenantTx,
    member: MembershipId,
    role: RoleId,
    expires_at: Option<Timestamp>,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update membership_roles set expires_at = $4
         where tenant_id = $1 and membership_id = $2 and role_id = $3 and expires_at is distinct from $4",
        tenant as _,
        member as _,
        role as _,
        expires_at as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Gives a member more roles, until they are taken away: one that was to end, or has ended, does not any more.
pub(crate) async fn add_roles(
    conn: &mut PgConnection,
    tenant: TenantId,
    member: MembershipId,
    roles: &[RoleId],
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "insert into membership_roles (tenant_id, membership_id, role_id, granted_at)
         select $1, $2, role_id, $4 from unnest($3::uuid[]) role_id
         on conflict (tenant_id, membership_id, role_id) do update
         set granted_at = case when membership_roles.expires_at is null then membership_roles.granted_at
                               else excluded.granted_at end,
             expires_at = null",
        tenant as _,
        member as _,
        roles as _,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    member: &NewMember<'_>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "insert into memberships (tenant_id, id, user_id, status, display_name, contact_email, joined_at, created_at, updated_at)
         values ($1, $2, $3, 'active', $4, $5, $6, $6, $6)",
        tenant as _,
        member.id as _,
        member.user as _,
        member.name,
        member.email.as_str(),
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a second person is here, or invited.
pub(crate) async fn has_company(tx: &mut TenantTx) -> Result<bool> {
    let tenant = tx.tenant();
    Ok(sqlx::query_scalar!(
        r#"select (select count(*) from memberships where tenant_id = $1) > 1
                  or exists (select from invitations where tenant_id = $1) as "company!""#,
        tenant as _,
    )
    .fetch_one(tx.conn())
    .await?)
}

/// The place that a person has, or once had, in a tenant.
pub(crate) async fn joined(
    conn: &mut PgConnection,
    tenant: TenantId,
    user: UserId,
) -> Result<Option<(MembershipId, Status)>> {
    let found = sqlx::query!(
        r#"select id as "id: MembershipId", status from memberships
           where tenant_id = $1 and user_id = $2 for update"#,
        tenant as _,
        user as _,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|row| (row.id, Status::parse(&row.status).unwrap_or(Status::Left))))
}

/// Takes somebody back who had left.
pub(crate) async fn rejoin(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: MembershipId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update memberships set status = 'active', left_at = null, joined_at = $3, rev = rev + 1, updated_at = $3
         where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that a member entered.
pub(crate) async fn seen(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: MembershipId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update memberships set last_seen_at = $3 where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How many people are in the tenant. Also for the platform, whose connection is one across tenants.
pub(super) async fn people(conn: &mut PgConnection, tenant: TenantId) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from tenant_people where tenant_id = $1 and status = 'active'"#,
        tenant as _,
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}
