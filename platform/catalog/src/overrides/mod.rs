//! What operators grant a tenant besides its plans, or take from it: each for a reason and for a time.
//!
//! An override ends by itself: whoever asks what a tenant may do holds it against the time. Nothing has to run.

mod store;

use database::Change;
use kernel::{Access, Error, Fields, LimitOverride, Result, TenantId, Timestamp};
use sqlx::PgConnection;

kernel::id!(
    /// Identifies an override.
    OverrideId
);

/// What an override says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// At most so many of an entitlement; `None` for no limit.
    Limit {
        /// Key of the entitlement.
        key: String,
        /// The limit.
        limit: Option<i64>,
    },
    /// How far a module is open, whatever its subscription says. It needs a subscription, be it an ended one.
    Access {
        /// Key of the module.
        module: String,
        /// How far.
        access: Access,
    },
}

/// An override to be granted.
#[derive(Clone, Debug)]
pub struct NewOverride<'a> {
    /// What it says.
    pub grant: Grant,
    /// Why; field `reason`.
    pub reason: &'a str,
    /// Name of the operator.
    pub by: &'a str,
    /// Until when; field `until`.
    pub until: Timestamp,
}

/// An override as it is kept.
#[derive(Clone, Debug)]
pub struct Override {
    /// Its id.
    pub id: OverrideId,
    /// What it says.
    pub grant: Grant,
    /// Why.
    pub reason: String,
    /// Name of the operator who granted it.
    pub granted_by: String,
    /// When it was granted.
    pub created_at: Timestamp,
    /// Until when it holds.
    pub expires_at: Timestamp,
    /// When it was taken back, and by whom.
    pub revoked: Option<(Timestamp, String)>,
}

impl Override {
    /// Whether it holds at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && now < self.expires_at
    }
}

/// What the live overrides of a tenant come to.
#[derive(Clone, Debug, Default)]
pub struct InForce {
    /// Limits, the newest of each entitlement.
    pub limits: Vec<LimitOverride>,
    /// How far modules are open, and until when; the newest of each module.
    pub access: Vec<(String, Access, Timestamp)>,
}

/// The longest that an override may last: what is to stay longer belongs into a plan.
pub const LONGEST_DAYS: u64 = 366;

/// Grants an override, and tells every node.
///
/// # Errors
/// [`Error::Invalid`] for the fields `reason`, `until` and `limit`.
pub async fn grant(
    conn: &mut PgConnection,
    tenant: TenantId,
    new: NewOverride<'_>,
    now: Timestamp,
) -> Result<OverrideId> {
    let longest = now.plus(std::time::Duration::from_hours(24 * LONGEST_DAYS));
    let negative = matches!(&new.grant, Grant::Limit { limit: Some(limit), .. } if *limit < 0);
    let mut fields = Fields::default();
    fields
        .require("reason", new.reason, "Say why.")
        .check(
            new.until > now,
            "until",
            "past",
            "Choose a day that is still to come.",
        )
        .check(
            new.until <= longest,
            "until",
            "too_late",
            "Choose a day within a year. What is to stay longer belongs into a plan.",
        )
        .check(!negative, "limit", "invalid", "Enter a number from 0 on.");
    fields.finish()?;
    let id = OverrideId::new();
    store::insert(conn, tenant, id, &new, now).await?;
    Change::Tenant(tenant).announce(conn).await?;
    Ok(id)
}

/// Takes an override back, and tells every node. Returns what it was.
///
/// # Errors
/// [`Error::NotFound`] when there is none that still holds.
pub async fn revoke(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: OverrideId,
    by: &str,
    now: Timestamp,
) -> Result<Override> {
    if !store::revoke(conn, tenant, id, by, now).await? {
        return Err(Error::NotFound("override"));
    }
    Change::Tenant(tenant).announce(&mut *conn).await?;
    store::list(conn, tenant)
        .await?
        .into_iter()
        .find(|granted| granted.id == id)
        .ok_or(Error::NotFound("override"))
}

/// Every override that a tenant ever had, newest first.
///
/// # Errors
/// When the database cannot answer.
pub async fn list(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<Override>> {
    store::list(conn, tenant).await
}

/// What a tenant's overrides come to at `now`; each carries its own end.
///
/// # Errors
/// When the database cannot answer.
pub async fn in_force(
    conn: &mut PgConnection,
    tenant: TenantId,
    now: Timestamp,
) -> Result<InForce> {
    let mut found = InForce::default();
    for granted in store::list(conn, tenant).await? {
        if !granted.is_live(now) {
            continue;
        }
        match granted.grant {
            Grant::Limit { key, limit } => {
                if !found.limits.iter().any(|known| known.entitlement == key) {
                    found.limits.push(LimitOverride {
                        entitlement: key,
                        limit,
                        until: granted.expires_at,
                    });
                }
            }
            Grant::Access { module, access } => {
                if !found.access.iter().any(|(known, ..)| *known == module) {
                    found.access.push((module, access, granted.expires_at));
                }
            }
        }
    }
    Ok(found)
}
