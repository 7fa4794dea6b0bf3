//! How much room a tenant has, and how much it takes.

mod store;

use kernel::{Access, Error, Result, TenantId};
use module::Ctx;
use sqlx::PgConnection;
use tenant_resolver::TenantTx;

/// Key of the entitlement: bytes of all originals, the trash included.
pub const BYTES: &str = "files.bytes";

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes that are taken.
    pub used: i64,
    /// Bytes that may be taken; `None` for no limit.
    pub limit: Option<i64>,
}

impl Room {
    /// How full it is, in percent; 0 without a limit.
    #[must_use]
    pub fn percent(self) -> u8 {
        let limit = i128::from(self.limit.unwrap_or(i64::MAX)).max(1);
        u8::try_from(i128::from(self.used) * 100 / limit)
            .unwrap_or(100)
            .min(100)
    }
}

/// How much room the tenant has at present.
///
/// # Errors
/// When the database cannot answer.
pub async fn room(tx: &mut TenantTx, ctx: &Ctx) -> Result<Room> {
    Ok(Room {
        used: store::used(tx).await?,
        limit: ctx.tenant().limit(BYTES, ctx.now()),
    })
}

/// Bytes that a tenant takes, as the platform reads them: `conn` is one across tenants.
///
/// # Errors
/// When the database cannot answer.
pub async fn used_by(conn: &mut PgConnection, tenant: TenantId) -> Result<i64> {
    store::used_by(conn, tenant).await
}

/// The most bytes that the tenant may take.
///
/// # Errors
/// [`Error::SubscriptionRequired`] when no subscription allows changes now.
pub(crate) fn allowance(ctx: &Ctx) -> Result<Option<i64>> {
    let now = ctx.now();
    let standings = &ctx.tenant().standings;
    if standings
        .iter()
        .any(|standing| standing.access(now).writes())
    {
        Ok(ctx.tenant().limit(BYTES, now))
    } else {
        Err(Error::SubscriptionRequired {
            module: "files",
            access: Access::ReadOnly,
            read_only_until: standings
                .iter()
                .filter_map(|standing| standing.read_only_until(now))
                .max(),
        })
    }
}

/// Takes room for a file. The database adds and compares in one statement: two uploads at once cannot both have the last
/// byte.
///
/// # Errors
/// [`Error::LimitReached`] when there is too little left.
pub(crate) async fn take(tx: &mut TenantTx, bytes: i64, limit: Option<i64>) -> Result<()> {
    let most = limit.unwrap_or(i64::MAX);
    if store::add(tx, bytes, most).await? {
        Ok(())
    } else {
        Err(Error::LimitReached {
            entitlement: BYTES,
            limit: most,
        })
    }
}

/// Gives room back.
///
/// # Errors
/// When the database cannot answer.
pub(crate) async fn give_back(tx: &mut TenantTx, bytes: i64) -> Result<()> {
    store::subtract(tx, bytes).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_are_sane() {
        let percent = |used, limit| Room { used, limit }.percent();
        assert_eq!(percent(0, Some(0)), 0);
        assert_eq!(percent(5, Some(0)), 100);
        assert_eq!(percent(50, Some(200)), 25);
        assert_eq!(percent(300, Some(200)), 100);
        assert_eq!(percent(i64::MAX, Some(i64::MAX)), 100);
        assert_eq!(percent(50, None), 0);
    }
}
