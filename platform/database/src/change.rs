//! News that every node must hear: what was cached has changed.
//!
//! Sent inside the transaction that makes the change, so it arrives exactly when the change is
//! visible. It carries ids alone, never data: notifications are global to the database.

use kernel::{Result, TenantId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

/// The channel that all nodes listen on.
pub const CHANNEL: &str = "atelier_change";

/// Something that caches must forget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A tenant: name, address, status, theme, subscriptions, or anything in `Tenant`.
    Tenant(TenantId),
    /// The members of a tenant, or what they may do.
    Members(TenantId),
    /// The sessions or the account of a person.
    User(UserId),
    /// The applications of a tenant, or their keys.
    Keys(TenantId),
    /// There is work for the job runner.
    Work,
    /// News may have been missed: forget everything.
    Everything,
}

impl Change {
    /// The change as a notification's payload.
    #[must_use]
    pub fn payload(self) -> String {
        match self {
            Self::Tenant(id) => format!("tenant:{id}"),
            Self::Members(id) => format!("members:{id}"),
            Self::User(id) => format!("user:{id}"),
            Self::Keys(id) => format!("keys:{id}"),
            Self::Work => "work".into(),
            Self::Everything => "everything".into(),
        }
    }

    /// Reads a payload; `None` when a newer release sent something this one does not know.
    #[must_use]
    pub fn parse(payload: &str) -> Option<Self> {
        let id = |text: &str| text.parse::<Uuid>().ok();
        match payload.split_once(':') {
            Some(("tenant", rest)) => id(rest).map(|id| Self::Tenant(id.into())),
            Some(("members", rest)) => id(rest).map(|id| Self::Members(id.into())),
            Some(("user", rest)) => id(rest).map(|id| Self::User(id.into())),
            Some(("keys", rest)) => id(rest).map(|id| Self::Keys(id.into())),
            None if payload == "work" => Some(Self::Work),
            None if payload == "everything" => Some(Self::Everything),
            _ => None,
        }
    }

    /// Tells all nodes when the transaction on `conn` commits.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn announce(self, conn: &mut PgConnection) -> Result<()> {
        sqlx::query("select pg_notify($1, $2)")
            .bind(CHANNEL)
            .bind(self.payload())
            .execute(conn)
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Change;

    #[test]
    fn a_change_survives_the_way_there_and_back() {
        let changes = [
            Change::Tenant(kernel::TenantId::new()),
            Change::Members(kernel::TenantId::new()),
            Change::User(kernel::UserId::new()),
            Change::Keys(kernel::TenantId::new()),
            Change::Work,
            Change::Everything,
        ];
        for change in changes {
            assert_eq!(Change::parse(&change.payload()), Some(change));
        }
        for unknown in ["", "tenant:", "tenant:x", "planet:earth", "tenant"] {
            assert_eq!(Change::parse(unknown), None, "{unknown}");
        }
    }
}
