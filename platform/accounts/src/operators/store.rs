//! Statements over `identity_operators` and `identity_operator_acts`.

use kernel::{Error, OperatorRole, Result, TenantId, Timestamp, UserId, new_uuid};
use sqlx::PgConnection;
use uuid::Uuid;

use super::OperatorEntry;

struct Row {
    user_id: UserId,
    name: String,
    email: String,
    role: String,
    disabled_at: Option<Timestamp>,
    created_at: Timestamp,
    last_login_at: Option<Timestamp>,
}

impl TryFrom<Row> for OperatorEntry {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            user: row.user_id,
            name: row.name,
            email: row.email,
            role: rank(&row.role)?,
            disabled_at: row.disabled_at,
            created_at: row.created_at,
            last_login_at: row.last_login_at,
        })
    }
}

fn rank(key: &str) -> Result<OperatorRole> {
    OperatorRole::from_key(key).ok_or_else(|| Error::internal(format!("operator role {key}")))
}

/// The rank of an operator who is neither disabled here nor as a person.
pub(super) async fn role(conn: &mut PgConnection, user: UserId) -> Result<Option<OperatorRole>> {
    let found = sqlx::query_scalar!(
        "select o.role from identity_operators o join users u on u.id = o.user_id
         where o.user_id = $1 and o.disabled_at is null and u.status = 'active'",
        user as _,
    )
    .fetch_optional(conn)
    .await?;
    found.as_deref().map(rank).transpose()
}

pub(super) async fn list(conn: &mut PgConnection) -> Result<Vec<OperatorEntry>> {
    let rows = sqlx::query_as!(
        Row,
        "select o.user_id, u.name, u.email, o.role, o.disabled_at, o.created_at, u.last_login_at
         from identity_operators o join users u on u.id = o.user_id
         order by o.disabled_at is not null, lower(u.name), o.user_id",
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(OperatorEntry::try_from).collect()
}

pub(super) async fn find(conn: &mut PgConnection, user: UserId) -> Result<Option<OperatorEntry>> {
    let row = sqlx::query_as!(
        Row,
        "select o.user_id, u.name, u.email, o.role, o.disabled_at, o.created_at, u.last_login_at
         from identity_operators o join users u on u.id = o.user_id where o.user_id = $1",
        user as _,
    )
    .fetch_optional(conn)
    .await?;
    row.map(OperatorEntry::try_from).transpose()
}

/// Whether the row was written; false when the person is an operator already. One who may not enter stays so.
pub(super) async fn insert(
    conn: &mut PgConnection,
    user: UserId,
    role: OperatorRole,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query!(
        "insert into identity_operators (user_id, role, created_at, updated_at) values ($1, $2, $3, $3)
         on conflict (user_id) do nothing",
        user as _,
        role.key(),
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Every admin who may enter, each row held until the transaction ends. In one order for everybody.
pub(super) async fn hold_admins(conn: &mut PgConnection) -> Result<Vec<UserId>> {
    Ok(sqlx::query_scalar!(
        r#"select user_id as "user: UserId" from identity_operators
           where role = 'admin' and disabled_at is null order by user_id for update"#,
    )
    .fetch_all(conn)
    .await?)
}

pub(super) async fn set_role(
    conn: &mut PgConnection,
    user: UserId,
    role: OperatorRole,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update identity_operators set role = $2, updated_at = $3 where user_id = $1",
        user as _,
        role.key(),
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn set_disabled(
    conn: &mut PgConnection,
    user: UserId,
    disabled_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update identity_operators set disabled_at = $2, updated_at = $3 where user_id = $1",
        user as _,
        disabled_at as _,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An act as its columns.
pub(super) struct ActRow<'a> {
    pub at: Timestamp,
    pub operator: Option<UserId>,
    pub operator_name: &'a str,
    pub action: &'a str,
    pub reason: &'a str,
    pub tenant: Option<TenantId>,
    pub tenant_name: Option<&'a str>,
    pub target: Option<(&'a str, Uuid, &'a str)>,
    pub ip: Option<String>,
    pub user_agent: Option<&'a str>,
    pub request_id: Option<&'a str>,
    pub detail: &'a serde_json::Value,
}

pub(super) async fn insert_act(conn: &mut PgConnection, act: ActRow<'_>) -> Result<()> {
    let (kind, id, name) = match act.target {
        Some((kind, id, name)) => (Some(kind), Some(id), Some(name)),
        None => (None, None, None),
    };
    sqlx::query!(
        "insert into identity_operator_acts (id, at, operator_id, operator_name, action, reason, tenant_id, tenant_name,
                                             target_kind, target_id, target_name, ip, user_agent, request_id, detail)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        new_uuid(),
        act.at as _,
        act.operator as _,
        act.operator_name,
        act.action,
        act.reason,
        act.tenant as _,
        act.tenant_name,
        kind,
        id,
        name,
        act.ip,
        act.user_agent,
        act.request_id,
        act.detail,
    )
    .execute(conn)
    .await?;
    Ok(())
}
