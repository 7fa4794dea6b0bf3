//! What every request knows of its tenant.

use kernel::{Access, Currency, LimitOverride, Standing, TenantId, Timestamp, Zone};

/// The states of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantStatus {
    /// Signed up, not confirmed yet: its address answers as if there were none.
    Pending,
    /// In use.
    Active,
    /// Stopped by an operator: 503 to everybody, billing alone stays reachable for its staff.
    Suspended,
    /// Its owner asked for deletion; it can still be undone.
    Closing,
    /// Gone.
    Deleted,
}

impl TenantStatus {
    /// Name as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Closing => "closing",
            Self::Deleted => "deleted",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::Pending,
            Self::Active,
            Self::Suspended,
            Self::Closing,
            Self::Deleted,
        ]
        .into_iter()
        .find(|status| status.as_str() == name)
    }
}

/// A tenant as requests see it: read once, cached, replaced as a whole when anything in it changes.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Label of its address under the base host.
    pub slug: String,
    /// Name that people read.
    pub name: String,
    /// State.
    pub status: TenantStatus,
    /// Zone of its days and of everything it schedules.
    pub zone: Zone,
    /// Currency it bills in.
    pub currency: Currency,
    /// Language tag (BCP 47) of its public pages and mails.
    pub locale: String,
    /// Brand colour as `#rrggbb`; accessible tokens are derived from it.
    pub brand: String,
    /// Hash of its logo's bytes, when it has one; part of the logo's URL.
    pub logo: Option<String>,
    /// Its subscriptions, one for each module at most.
    pub standings: Vec<Standing>,
    /// Limits that operators set for a time, the newest of each entitlement.
    pub overrides: Vec<LimitOverride>,
}

impl Tenant {
    /// What may be done with a module now; `None` when the tenant never subscribed to it.
    #[must_use]
    pub fn access(&self, module: &str, now: Timestamp) -> Option<Access> {
        self.standings
            .iter()
            .find(|standing| standing.module == module)
            .map(|standing| standing.access(now))
    }

    /// Until when a module that has lapsed can be read; `None` where it has not, or cannot be read any more.
    #[must_use]
    pub fn read_only_until(&self, module: &str, now: Timestamp) -> Option<Timestamp> {
        self.standings
            .iter()
            .find(|standing| standing.module == module)
            .and_then(|standing| standing.read_only_until(now))
    }

    /// The most there may be of something that plans limit; `None` for no limit.
    ///
    /// What an operator set for a time comes first. Plans add nothing up: the most generous of those in force decides.
    #[must_use]
    pub fn limit(&self, entitlement: &str, now: Timestamp) -> Option<i64> {
        kernel::limit(&self.standings, &self.overrides, entitlement, now)
    }
}
