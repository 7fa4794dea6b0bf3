//! The roles of a tenant.

mod store;

use kernel::{PermissionSet, Result, Role, RoleId, TenantId, Timestamp};
use sqlx::PgConnection;

use crate::Tenants;

/// A role as a tenant has it.
#[derive(Clone, Debug)]
pub(crate) struct RoleRow {
    pub id: RoleId,
    pub key: String,
}

/// Gives a new tenant its built-in roles. Returns the id of the owner's.
pub(crate) async fn provision(
    conn: &mut PgConnection,
    tenant: TenantId,
    now: Timestamp,
) -> Result<RoleId> {
    let mut owner = None;
    for role in Role::ALL {
        let id = RoleId::new();
        store::insert_system_role(conn, tenant, id, role, now).await?;
        if role == Role::Owner {
            owner = Some(id);
        }
    }
    owner.ok_or_else(|| kernel::Error::internal("the built-in roles have no owner"))
}

/// The ids of built-in roles in a tenant.
pub(crate) async fn ids(
    conn: &mut PgConnection,
    tenant: TenantId,
    roles: &[Role],
) -> Result<Vec<RoleId>> {
    let rows = store::list(conn, tenant).await?;
    roles
        .iter()
        .map(|role| {
            rows.iter()
                .find(|row| row.key == role.key())
                .map(|row| row.id)
                .ok_or_else(|| kernel::Error::internal(format!("tenant without the role {role}")))
        })
        .collect()
}

/// Reads keys of built-in roles, strongest first, without repetition. Keys of no built-in role are left out.
pub(crate) fn read(keys: &[String]) -> Vec<Role> {
    Role::ALL
        .into_iter()
        .filter(|role| keys.iter().any(|key| key == role.key()))
        .collect()
}

/// The roles in words: "Admin and billing".
pub(crate) fn in_words(roles: &[Role]) -> String {
    let titles: Vec<&str> = roles.iter().map(|role| role.title()).collect();
    match titles.as_slice() {
        [] => "No role".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {}", first.join(", "), last.to_lowercase()),
    }
}

impl Tenants {
    /// What roles hold together, of everything that the platform and its modules declare.
    #[must_use]
    pub fn permissions_of(&self, roles: &[Role]) -> PermissionSet {
        PermissionSet::of(roles, self.permissions().iter().copied())
    }

    /// The roles that somebody with `held` may hand on: nobody grants what they lack. Ownership has its own way.
    pub(crate) fn grantable(&self, held: &PermissionSet) -> Vec<Role> {
        Role::ALL
            .into_iter()
            .filter(|role| *role != Role::Owner && held.covers(&self.permissions_of(&[*role])))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_order_of_strength_and_once() {
        let keys = ["viewer", "admin", "viewer", "emperor"].map(str::to_owned);
        assert_eq!(read(&keys), [Role::Admin, Role::Viewer]);
    }

    #[test]
    fn roles_in_words() {
        assert_eq!(in_words(&[]), "No role");
        assert_eq!(in_words(&[Role::Owner]), "Owner");
        assert_eq!(
            in_words(&[Role::Admin, Role::Editor, Role::Billing]),
            "Admin, Editor and billing"
        );
    }
}
