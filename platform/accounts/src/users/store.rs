//! Statements over `users`.

use kernel::{Error, Result, Timestamp, UserId};
use sqlx::PgConnection;

use super::{Credentials, NewUser, User, UserStatus};

pub(super) struct Row {
    id: UserId,
    email: String,
    name: String,
    locale: String,
    time_zone: String,
    status: String,
    email_verified_at: Option<Timestamp>,
    password_changed_at: Option<Timestamp>,
}

impl TryFrom<Row> for User {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id,
            email: row.email,
            name: row.name,
            locale: row.locale,
            time_zone: row.time_zone,
            status: UserStatus::parse(&row.status)?,
            email_verified_at: row.email_verified_at,
            password_changed_at: row.password_changed_at,
        })
    }
}

pub(super) async fn insert(
    conn: &mut PgConnection,
    id: UserId,
    user: NewUser<'_>,
    now: Timestamp,
) -> Result<Option<UserId>> {
    Ok(sqlx::query_scalar!(
        "insert into users (id, email, email_normal, email_verified_at, name, locale, time_zone,
                            password_hash, password_changed_at, created_at, updated_at)
         values ($1, $2, $3, case when $4 then $9::timestamptz end, $5, $6, $7,
                 $8, case when $8::text is not null then $9::timestamptz end, $9, $9)
         on conflict (email_normal) do nothing
         returning id",
        id as _,
        user.email.as_str(),
        user.email.normal(),
        user.verified,
        user.name,
        user.locale,
        user.time_zone,
        user.password_hash,
        now as _,
    )
    .fetch_optional(conn)
    .await?)
}

pub(super) async fn by_email(conn: &mut PgConnection, email_normal: &str) -> Result<Option<Row>> {
    Ok(sqlx::query_as!(
        Row,
        "select id, email, name, locale, time_zone, status, email_verified_at, password_changed_at
         from users where email_normal = $1",
        email_normal,
    )
    .fetch_optional(conn)
    .await?)
}

pub(super) async fn by_id(conn: &mut PgConnection, id: UserId) -> Result<Option<Row>> {
    Ok(sqlx::query_as!(
        Row,
        "select id, email, name, locale, time_zone, status, email_verified_at, password_changed_at
         from users where id = $1",
        id as _,
    )
    .fetch_optional(conn)
    .await?)
}

pub(super) async fn credentials(
    conn: &mut PgConnection,
    email_normal: &str,
) -> Result<Option<Credentials>> {
    Ok(sqlx::query_as!(
        Credentials,
        r#"select id, password_hash, (status = 'active' and email_verified_at is not null) as "may_sign_in!"
           from users where email_normal = $1"#,
        email_normal,
    )
    .fetch_optional(conn)
    .await?)
}

pub(super) async fn password_hash(conn: &mut PgConnection, id: UserId) -> Result<Option<String>> {
    let found = sqlx::query_scalar!("select password_hash from users where id = $1", id as _)
        .fetch_optional(conn)
        .await?;
    Ok(found.flatten())
}

/// Returns the address in the form that is compared.
pub(super) async fn confirm_email(
    conn: &mut PgConnection,
    id: UserId,
    now: Timestamp,
) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!(
        "update users set email_verified_at = coalesce(email_verified_at, $2), updated_at = $2
         where id = $1 returning email_normal",
        id as _,
        now as _,
    )
    .fetch_optional(conn)
    .await?)
}

pub(super) async fn set_password(
    conn: &mut PgConnection,
    id: UserId,
    hash: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update users set password_hash = $2, password_changed_at = $3, updated_at = $3 where id = $1",
        id as _,
        hash,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn note_login(conn: &mut PgConnection, id: UserId, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "update users set last_login_at = $2 where id = $1",
        id as _,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn set_profile(
    conn: &mut PgConnection,
    id: UserId,
    name: &str,
    locale: &str,
    time_zone: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update users set name = $2, locale = $3, time_zone = $4, updated_at = $5 where id = $1",
        id as _,
        name,
        locale,
        time_zone,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn set_status(
    conn: &mut PgConnection,
    id: UserId,
    status: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update users set status = $2, updated_at = $3 where id = $1",
        id as _,
        status,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}
