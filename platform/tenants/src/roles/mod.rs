//! The roles of a tenant: the built-in ones, whose permissions follow from the manifests, and its own.
//!
//! Nobody hands on what they lack: whoever makes, changes, gives or takes over a role holds every permission in it, at
//! that moment and under the lock that all such changes take.

pub(crate) mod api;
pub(crate) mod pages;
pub(crate) mod store;

use database::Change;
use kernel::{
    ConstraintExt, Error, FieldError, Fields, PermissionSet, Result, Role, RoleId, TenantId,
    Timestamp,
};
use module::Ctx;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use tenant_resolver::TenantTx;

use crate::{Tenants, members};

/// Most roles of its own that a tenant may have.
const MOST: usize = 50;

/// Permissions that no role of a tenant's own may hold: ownership has its own way.
const OWNERS_ALONE: &str = "workspace.owners.";

/// Key of a role: the word for a built-in one, an id for others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoleKey(pub String);

impl RoleKey {
    /// The built-in role, if it is one.
    #[must_use]
    pub fn built_in(&self) -> Option<Role> {
        Role::from_key(&self.0)
    }
}

impl From<Role> for RoleKey {
    fn from(role: Role) -> Self {
        Self(role.key().to_owned())
    }
}

/// A role that somebody holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldRole {
    /// Its id.
    pub id: RoleId,
    /// Its key.
    pub key: RoleKey,
    /// Its name.
    pub name: String,
    /// From when on it is held no longer; `None`: until it is taken away.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

impl PartialEq<Role> for HeldRole {
    fn eq(&self, role: &Role) -> bool {
        self.key.built_in() == Some(*role)
    }
}

/// A role that somebody shall have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The role.
    pub key: RoleKey,
    /// From when on they shall not have it any more.
    pub expires_at: Option<Timestamp>,
}

impl From<RoleKey> for Assignment {
    fn from(key: RoleKey) -> Self {
        Self {
            key,
            expires_at: None,
        }
    }
}

impl From<Role> for Assignment {
    fn from(role: Role) -> Self {
        RoleKey::from(role).into()
    }
}

/// A role as its pages show it.
#[derive(Clone, Debug)]
pub struct RoleInfo {
    /// Its id.
    pub id: RoleId,
    /// Its key.
    pub key: RoleKey,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Counts changes.
    pub rev: i64,
    /// Keys of what it allows, as stored; empty for built-in ones.
    pub stored: Vec<String>,
    /// Members who hold it, those who have left not counted.
    pub members: i64,
    /// Open invitations that name it.
    pub invitations: i64,
}

impl RoleInfo {
    /// The built-in role, if it is one.
    #[must_use]
    pub fn built_in(&self) -> Option<Role> {
        self.key.built_in()
    }

    /// One sentence that says what it is for.
    #[must_use]
    pub fn summary(&self) -> &str {
        match self.built_in() {
            Some(built_in) => built_in.summary(),
            None => &self.description,
        }
    }

    /// Whether anybody has it or waits for it.
    #[must_use]
    pub fn in_use(&self) -> bool {
        self.members > 0 || self.invitations > 0
    }
}

/// What is said of a role.
#[derive(Clone, Debug, Default)]
pub struct RoleInput {
    /// Name, unlike that of every other role.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// Keys of what it allows.
    pub permissions: Vec<String>,
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
    owner.ok_or_else(|| Error::internal("the built-in roles have no owner"))
}

/// Every role: the built-in ones, strongest first, then the tenant's own by name.
pub(crate) async fn all(tx: &mut TenantTx, now: Timestamp) -> Result<Vec<RoleInfo>> {
    let tenant = tx.tenant();
    let mut roles = store::list(tx.conn(), tenant, now).await?;
    roles.sort_by_cached_key(|role| {
        let place = Role::ALL
            .iter()
            .position(|built_in| Some(*built_in) == role.built_in());
        (place.unwrap_or(Role::ALL.len()), role.name.to_lowercase())
    });
    Ok(roles)
}

/// One role.
pub(crate) async fn get(tx: &mut TenantTx, id: RoleId, now: Timestamp) -> Result<RoleInfo> {
    let roles = all(tx, now).await?;
    let found = roles.into_iter().find(|role| role.id == id);
    found.ok_or(Error::NotFound("role"))
}

/// The role of a key. One that was deleted meanwhile, or never was, cannot be chosen.
pub(crate) fn of_key<'a>(roles: &'a [RoleInfo], key: &RoleKey) -> Result<&'a RoleInfo, FieldError> {
    let found = roles.iter().find(|role| role.key == *key);
    found.ok_or_else(|| {
        FieldError::new(
            "role",
            "unknown",
            "There is no such role any more. Choose another.",
        )
    })
}

/// Puts held roles in order: the built-in ones, strongest first, then others by name.
pub(crate) fn ordered(mut roles: Vec<HeldRole>) -> Vec<HeldRole> {
    roles.sort_by_cached_key(|role| {
        let built_in = role.key.built_in();
        let place = Role::ALL.iter().position(|of| Some(*of) == built_in);
        (place.unwrap_or(Role::ALL.len()), role.name.to_lowercase())
    });
    roles
}

/// The roles in words: "Admin and billing".
pub(crate) fn in_words<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    match names.as_slice() {
        [] => "No role".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {}", first.join(", "), last.to_lowercase()),
    }
}

/// Names of held roles, for [`in_words`].
pub(crate) fn names(roles: &[HeldRole]) -> impl Iterator<Item = &str> {
    roles.iter().map(|role| role.name.as_str())
}

pub(crate) fn not_yours_to_give(name: &str) -> FieldError {
    FieldError::new(
        "role",
        "escalation",
        format!(
            "The role {name} may do things that you may not, so you cannot give it to anybody. Ask an owner."
        ),
    )
}

impl Tenants {
    /// What built-in roles hold together, of everything that the platform and its modules declare.
    #[must_use]
    pub fn permissions_of(&self, roles: &[Role]) -> PermissionSet {
        PermissionSet::of(roles, self.permissions().iter().copied())
    }

    /// What a role holds.
    #[must_use]
    pub fn permissions_in(&self, role: &RoleInfo) -> PermissionSet {
        match role.built_in() {
            Some(built_in) => self.permissions_of(&[built_in]),
            None => self.named(role.stored.iter().map(String::as_str)),
        }
    }

    /// The set of these permissions, as far as they are declared.
    pub(crate) fn named<'a>(&self, keys: impl IntoIterator<Item = &'a str>) -> PermissionSet {
        PermissionSet::named(keys, self.permissions().iter().copied())
    }

    /// What the acting person may do at this moment, and not when their request came in. Called under the lock on the
    /// tenant: whoever lost a role a moment ago hands nothing on.
    pub(crate) async fn acting(&self, tx: &mut TenantTx, ctx: &Ctx) -> Result<PermissionSet> {
        let person = ctx.person()?;
        let tenant = tx.tenant();
        let principal =
            members::store::principal(tx.conn(), tenant, person.user, ctx.now()).await?;
        let principal = principal.ok_or(Error::Unauthenticated)?;
        // A program's key may do less than the member who made it.
        Ok(self
            .held_by(&principal.roles, &principal.stored)
            .intersection(&person.permissions))
    }

    /// What roles and stored permissions allow together.
    pub(crate) fn held_by(&self, roles: &[HeldRole], stored: &[String]) -> PermissionSet {
        let built_in: Vec<Role> = roles
            .iter()
            .filter_map(|role| role.key.built_in())
            .collect();
        self.permissions_of(&built_in)
            .union(&self.named(stored.iter().map(String::as_str)))
    }

    /// Whether somebody with `held` may hand a role on: nobody grants what they lack. Ownership has its own way.
    pub(crate) fn may_give(&self, held: &PermissionSet, role: &RoleInfo) -> bool {
        role.built_in() != Some(Role::Owner) && held.covers(&self.permissions_in(role))
    }

    /// Makes a role.
    ///
    /// # Errors
    /// [`Error::Invalid`]: broken rules, a permission that the acting person lacks (`escalation`), too many roles.
    pub async fn create_role(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        input: RoleInput,
    ) -> Result<RoleInfo> {
        members::store::lock_tenant(tx).await?;
        let input = self.check(tx, ctx, input).await?;
        let own = all(tx, ctx.now()).await?;
        if own.iter().filter(|role| role.built_in().is_none()).count() >= MOST {
            return Err(FieldError::new(
                "name",
                "too_many",
                "A workspace has at most 50 roles of its own. Delete one that nobody needs.",
            )
            .into());
        }
        let id = RoleId::new();
        store::insert(tx, id, &input, ctx.now())
            .await
            .on_constraint("roles_name_key", name_taken)?;
        store::add_permissions(tx, id, &input.permissions).await?;
        ctx.audit("workspace.role.created")
            .on("role", id, &input.name)
            .detail(serde_json::json!({ "permissions": input.permissions }))
            .write(tx)
            .await?;
        get(tx, id, ctx.now()).await
    }

    /// Changes a role of the tenant's own, for everybody who has it, at once.
    ///
    /// # Errors
    /// As [`Tenants::create_role`]; `built_in`; [`Error::Forbidden`] for a role that may do more than the acting person.
    pub async fn change_role(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        id: RoleId,
        based_on: Option<i64>,
        input: RoleInput,
    ) -> Result<RoleInfo> {
        let before = self.hold_role(tx, ctx, id, based_on).await?;
        let input = self.check(tx, ctx, input).await?;
        store::update(tx, id, &input, ctx.now())
            .await
            .on_constraint("roles_name_key", name_taken)?;
        store::set_permissions(tx, id, &input.permissions).await?;
        ctx.audit("workspace.role.changed")
            .on("role", id, &input.name)
            .detail(serde_json::json!({ "changes": {
                "name": { "from": before.name, "to": input.name },
                "permissions": { "from": before.stored, "to": input.permissions },
            } }))
            .write(tx)
            .await?;
        Change::Members(tx.tenant()).announce(tx.conn()).await?;
        get(tx, id, ctx.now()).await
    }

    /// Deletes a role of the tenant's own. Whoever has it gets the replacement instead, and so do open invitations.
    ///
    /// # Errors
    /// As [`Tenants::change_role`]; `role_in_use` without a replacement; [`Error::Invalid`] for a replacement that is
    /// not the acting person's to give.
    pub async fn delete_role(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        id: RoleId,
        based_on: Option<i64>,
        replacement: Option<&RoleKey>,
    ) -> Result<RoleInfo> {
        let role = self.hold_role(tx, ctx, id, based_on).await?;
        let roles = all(tx, ctx.now()).await?;
        let heir = match replacement {
            Some(key) => Some(of_key(&roles, key)?),
            None if role.in_use() => {
                return Err(Error::conflict(
                    "role_in_use",
                    "Somebody has this role or is invited with it. Choose the role that they get instead.",
                ));
            }
            None => None,
        };
        if let Some(heir) = heir {
            let held = self.acting(tx, ctx).await?;
            if heir.id == id {
                return Err(FieldError::new(
                    "role",
                    "same",
                    "Choose another role than the one that goes.",
                )
                .into());
            }
            if !self.may_give(&held, heir) {
                return Err(not_yours_to_give(&heir.name).into());
            }
        }
        store::replace_everywhere(tx, id, heir.map(|heir| heir.id), ctx.now()).await?;
        store::delete(tx, id).await?;
        ctx.audit("workspace.role.deleted")
            .on("role", id, &role.name)
            .detail(serde_json::json!({
                "permissions": role.stored, "replaced_by": heir.map(|heir| heir.name.as_str()),
            }))
            .write(tx)
            .await?;
        Change::Members(tx.tenant()).announce(tx.conn()).await?;
        Ok(role)
    }

    /// Takes a role of the tenant's own to change it, if everything in it is the acting person's to give.
    async fn hold_role(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        id: RoleId,
        based_on: Option<i64>,
    ) -> Result<RoleInfo> {
        members::store::lock_tenant(tx).await?;
        let role = get(tx, id, ctx.now()).await?;
        if role.built_in().is_some() {
            return Err(Error::conflict(
                "built_in",
                "The built-in roles are the same in every workspace. Duplicate it and change the copy.",
            ));
        }
        if based_on.is_some_and(|rev| rev != role.rev) {
            return Err(Error::PreconditionFailed);
        }
        let held = self.acting(tx, ctx).await?;
        match held.lacks(&self.permissions_in(&role)) {
            Some(missing) => Err(Error::Forbidden(missing)),
            None => Ok(role),
        }
    }

    /// Cleans the input and names every broken rule.
    async fn check(&self, tx: &mut TenantTx, ctx: &Ctx, input: RoleInput) -> Result<RoleInput> {
        let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (name, description) = (line(&input.name), line(&input.description));
        let mut permissions = input.permissions;
        permissions.sort();
        permissions.dedup();
        let held = self.acting(tx, ctx).await?;
        let wanted = self.named(permissions.iter().map(String::as_str));
        let mut fields = Fields::default();
        fields
            .require("name", &name, "Give the role a name.")
            .check(
                name.chars().count() <= 60,
                "name",
                "too_long",
                "Use at most 60 characters.",
            )
            .check(
                description.chars().count() <= 300,
                "description",
                "too_long",
                "Use at most 300 characters.",
            )
            .check(
                !permissions.is_empty(),
                "permissions",
                "required",
                "Choose at least one thing that the role allows.",
            )
            .check(
                wanted.keys().count() == permissions.len(),
                "permissions",
                "unknown",
                "The role names a permission that there is not.",
            )
            .check(
                !permissions.iter().any(|key| key.starts_with(OWNERS_ALONE)),
                "permissions",
                "owners_alone",
                "Making and unmaking owners stays with owners.",
            );
        if let Some(missing) = held.lacks(&wanted) {
            let title = self.title_of(missing);
            fields.push(FieldError::new(
                "permissions",
                "escalation",
                format!("You may not do this yourself, so no role of yours can allow it: {title}."),
            ));
        }
        fields.finish()?;
        Ok(RoleInput {
            name,
            description,
            permissions,
        })
    }

    /// What a permission allows, in words.
    pub(crate) fn title_of(&self, key: &str) -> &'static str {
        self.permissions()
            .iter()
            .find(|permission| permission.key == key)
            .map_or("something unknown", |permission| permission.title)
    }
}

fn name_taken() -> FieldError {
    FieldError::new(
        "name",
        "taken",
        "There is a role of that name already. Choose another name.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(key: &str, name: &str) -> HeldRole {
        HeldRole {
            id: RoleId::new(),
            key: RoleKey(key.into()),
            name: name.into(),
            expires_at: None,
        }
    }

    #[test]
    fn roles_are_ordered_by_strength_and_then_by_name() {
        let roles = ordered(vec![
            held("x", "Producer"),
            held("viewer", "Viewer"),
            held("y", "Archivist"),
            held("admin", "Admin"),
        ]);
        assert_eq!(
            names(&roles).collect::<Vec<_>>(),
            ["Admin", "Viewer", "Archivist", "Producer"]
        );
        assert_eq!(roles[0], Role::Admin);
        assert_ne!(roles[2], Role::Viewer);
    }

    #[test]
    fn roles_in_words() {
        assert_eq!(in_words([]), "No role");
        assert_eq!(in_words(["Owner"]), "Owner");
        assert_eq!(
            in_words(["Admin", "Editor", "Billing"]),
            "Admin, Editor and billing"
        );
    }
}
