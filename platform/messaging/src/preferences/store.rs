//! The statements of preferences.

use kernel::{MembershipId, Result, Timestamp};
use tenant_resolver::TenantTx;

use super::{Settings, Wish};

/// A stored choice.
pub(super) struct Chosen {
    pub kind: String,
    pub in_app: bool,
    pub mail: String,
}

pub(super) async fn list(tx: &mut TenantTx, member: MembershipId) -> Result<Vec<Chosen>> {
    let tenant = tx.tenant();
    Ok(sqlx::query_as!(
        Chosen,
        "select kind, in_app, mail from notification_preferences where tenant_id = $1 and membership_id = $2",
        tenant as _,
        member as _,
    )
    .fetch_all(tx.conn())
    .await?)
}

pub(super) async fn upsert(
    tx: &mut TenantTx,
    member: MembershipId,
    wish: &Wish,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into notification_preferences (tenant_id, membership_id, kind, in_app, mail, updated_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (tenant_id, membership_id, kind) do update
         set in_app = excluded.in_app, mail = excluded.mail, updated_at = excluded.updated_at",
        tenant as _,
        member as _,
        wish.kind,
        wish.in_app,
        wish.mail.as_str(),
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Stops the mail about a kind, and leaves the inbox as it is.
pub(crate) async fn silence(
    tx: &mut TenantTx,
    member: MembershipId,
    kind: &str,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into notification_preferences (tenant_id, membership_id, kind, in_app, mail, updated_at)
         values ($1, $2, $3, true, 'off', $4)
         on conflict (tenant_id, membership_id, kind) do update set mail = 'off', updated_at = excluded.updated_at",
        tenant as _,
        member as _,
        kind,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// When a member gets digests; nobody has to have chosen.
pub(crate) async fn settings(tx: &mut TenantTx, member: MembershipId) -> Result<Settings> {
    let tenant = tx.tenant();
    let found = sqlx::query_as!(
        Settings,
        "select time_zone, daily_hour, soon_sent_at, daily_sent_at from notification_settings
         where tenant_id = $1 and membership_id = $2",
        tenant as _,
        member as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(found.unwrap_or_default())
}

/// As [`settings`], and holds them until the transaction ends.
pub(crate) async fn hold(tx: &mut TenantTx, member: MembershipId) -> Result<Settings> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into notification_settings (tenant_id, membership_id) values ($1, $2) on conflict do nothing",
        tenant as _,
        member as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(sqlx::query_as!(
        Settings,
        "select time_zone, daily_hour, soon_sent_at, daily_sent_at from notification_settings
         where tenant_id = $1 and membership_id = $2 for update",
        tenant as _,
        member as _,
    )
    .fetch_one(tx.conn())
    .await?)
}

pub(super) async fn set_schedule(
    tx: &mut TenantTx,
    member: MembershipId,
    time_zone: Option<&str>,
    daily_hour: i16,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into notification_settings (tenant_id, membership_id, time_zone, daily_hour) values ($1, $2, $3, $4)
         on conflict (tenant_id, membership_id) do update
         set time_zone = excluded.time_zone, daily_hour = excluded.daily_hour",
        tenant as _,
        member as _,
        time_zone,
        daily_hour,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Notes that a digest was mailed.
pub(crate) async fn mailed(
    tx: &mut TenantTx,
    member: MembershipId,
    daily: bool,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update notification_settings
         set daily_sent_at = case when $3 then $4 else daily_sent_at end,
             soon_sent_at = case when $3 then soon_sent_at else $4 end
         where tenant_id = $1 and membership_id = $2",
        tenant as _,
        member as _,
        daily,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
