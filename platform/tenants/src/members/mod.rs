//! The people of a tenant: who they are, what they may do, and how they leave.

pub(crate) mod api;
pub(crate) mod pages;
pub(crate) mod store;

use accounts::sessions::{self, RevokeReason};
use database::Change;
use kernel::{
    Error, FieldError, MembershipId, PermissionSet, Result, Role, RoleId, TenantId, Timestamp,
    UserId,
};
use messaging::Notification;
use module::{Ctx, ObjectGrant, People, PeopleFuture, Person};
use sqlx::PgConnection;
use tenant_resolver::TenantTx;

use crate::roles::{self, Assignment, HeldRole, RoleKey, not_yours_to_give};
use crate::{Tenants, respond};

pub(crate) use store::replace_roles as give_roles;
pub(crate) use store::{NewMember, add_roles, insert, joined, rejoin, seen};

/// Permission to make owners, and to touch those who are.
pub(crate) const CHANGE_OWNERS: &str = "workspace.owners.change";

/// A person's place in a tenant, as the middleware needs it.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The place.
    pub membership: MembershipId,
    /// Name that the tenant knows them by.
    pub name: String,
    /// Contact address in the tenant.
    pub email: String,
    /// Roles they hold now, strongest first.
    pub roles: Vec<HeldRole>,
    /// What their roles allow together.
    pub permissions: PermissionSet,
    /// What they may do with single objects besides.
    pub grants: Vec<ObjectGrant>,
    /// What the tenant's own roles among theirs hold, as stored.
    pub(crate) stored: Vec<String>,
    pub(crate) stored_grants: Vec<store::StoredGrant>,
}

impl Principal {
    /// The person that handlers see.
    #[must_use]
    pub fn into_person(self, user: UserId) -> Person {
        Person {
            user,
            membership: self.membership,
            name: self.name,
            email: self.email,
            until: self.roles.iter().filter_map(|role| role.expires_at).min(),
            roles: self.roles.into_iter().map(|role| role.name).collect(),
            permissions: self.permissions,
            grants: self.grants.into(),
        }
    }
}

/// The states of a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// May enter.
    Active,
    /// Keeps their place and may not enter.
    Suspended,
    /// Gone; what they made keeps their name.
    Left,
}

impl Status {
    /// Name as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Left => "left",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Active, Self::Suspended, Self::Left]
            .into_iter()
            .find(|status| status.as_str() == name)
    }
}

/// A member as its pages show it.
#[derive(Clone, Debug)]
pub struct Member {
    /// Their place.
    pub id: MembershipId,
    /// The person, over all tenants.
    pub user: UserId,
    /// Name that the tenant knows them by.
    pub name: String,
    /// Contact address in the tenant.
    pub email: String,
    /// State.
    pub status: Status,
    /// Roles they hold now, strongest first.
    pub roles: Vec<HeldRole>,
    /// What the tenant's own roles among theirs hold, as stored.
    pub(crate) stored: Vec<String>,
    /// When they joined.
    pub joined_at: Timestamp,
    /// When they last entered.
    pub last_seen_at: Option<Timestamp>,
}

impl Member {
    /// Whether they are one of the owners.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.roles.iter().any(|role| *role == Role::Owner)
    }
}

/// What the list of members is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By name.
    #[default]
    Name,
    /// By the time they joined.
    Joined,
    /// By the time they last entered.
    Seen,
}

impl Sort {
    /// Name in addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Joined => "joined",
            Self::Seen => "seen",
        }
    }

    /// The order of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Name, Self::Joined, Self::Seen]
            .into_iter()
            .find(|sort| sort.as_str() == name)
    }
}

/// Which members are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Part of a name or address.
    pub words: String,
    /// Holders of a role.
    pub role: Option<RoleKey>,
    /// Only those in a state; otherwise everybody who has not left.
    pub status: Option<Status>,
    /// Order.
    pub sort: Sort,
    /// Whether the order is turned around.
    pub descending: bool,
    /// The last member of the part before.
    pub after: Option<MembershipId>,
    /// Most members to return.
    pub limit: i64,
}

/// One part of the list of members, and the cursor of the next.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut TenantTx,
    filter: &Filter,
    now: Timestamp,
) -> Result<(Vec<Member>, Option<MembershipId>)> {
    let mut members = store::list(tx, filter, now).await?;
    let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
    let more = members.len() > limit;
    members.truncate(limit);
    let next = members.last().filter(|_| more).map(|member| member.id);
    Ok((members, next))
}

/// Somebody who owns the workspace and can enter it.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Their place.
    pub membership: MembershipId,
    /// Name that the tenant knows them by.
    pub name: String,
    /// Where they are written to.
    pub email: kernel::Email,
}

/// How many people a tenant has, as the platform reads it: `conn` is one across tenants.
///
/// # Errors
/// When the database fails.
pub async fn people(conn: &mut PgConnection, tenant: TenantId) -> Result<i64> {
    store::people(conn, tenant).await
}

/// Everybody who owns the workspace, for news that concerns its safety.
///
/// # Errors
/// When the database fails.
pub async fn owners(tx: &mut TenantTx) -> Result<Vec<Owner>> {
    let found = store::list_owners(tx).await?;
    Ok(found
        .into_iter()
        .filter_map(|(membership, name, email)| {
            let email = kernel::Email::parse(&email).ok()?;
            Some(Owner {
                membership,
                name,
                email,
            })
        })
        .collect())
}

/// A member, whatever their state.
///
/// # Errors
/// [`Error::NotFound`] when the tenant has no such member.
pub async fn get(tx: &mut TenantTx, id: MembershipId, now: Timestamp) -> Result<Member> {
    let found = store::find(tx, id, now).await?;
    found.ok_or(Error::NotFound("member"))
}

impl People for Tenants {
    fn holding<'a>(&'a self, tx: &'a mut TenantTx, permission: &'a str) -> PeopleFuture<'a> {
        Box::pin(async move {
            let members = store::with_roles(tx, self.now()).await?;
            let holders = members.into_iter().filter(|member| {
                self.held_by(&member.roles.0, &member.stored)
                    .allows(permission)
            });
            Ok(holders.map(|member| member.id).collect())
        })
    }
}

impl Tenants {
    /// Who a person is in a tenant; `None` unless they are an active member.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn principal(&self, tenant: TenantId, user: UserId) -> Result<Option<Principal>> {
        let mut tx = self.db().begin().await?;
        let found = store::principal(tx.conn(), tenant, user, self.now()).await?;
        Ok(found.map(|mut principal| {
            principal.permissions = self.held_by(&principal.roles, &principal.stored);
            principal.grants = self.grants(std::mem::take(&mut principal.stored_grants));
            principal
        }))
    }

    /// Grants as they are evaluated; those of permissions that nobody declares any more give nothing.
    pub(crate) fn grants(&self, stored: Vec<store::StoredGrant>) -> Vec<ObjectGrant> {
        stored
            .into_iter()
            .filter_map(|grant| {
                let declared = self.permissions().iter();
                let permission = declared
                    .map(|permission| permission.key)
                    .find(|key| *key == grant.permission)?;
                Some(ObjectGrant {
                    permission,
                    kind: grant.kind,
                    object: grant.object,
                    expires_at: grant.expires_at,
                })
            })
            .collect()
    }

    /// Who a member is, whatever their state: the person, with name and address in this tenant. What members have made
    /// goes on when they have left.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn member_name(
        &self,
        tenant: TenantId,
        member: MembershipId,
    ) -> Result<Option<(UserId, String, String)>> {
        store::name_of(self.db().pool(), tenant, member).await
    }

    /// Replaces a member's roles. Ownership is not touched: see [`Tenants::set_owner`].
    ///
    /// # Errors
    /// [`Error::Invalid`] for a role that the acting person could not hand on, for one that there is not, for an end that
    /// is past, or for no role at all.
    pub async fn set_roles(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        id: MembershipId,
        wanted: &[impl Into<Assignment> + Clone],
    ) -> Result<()> {
        store::lock_tenant(tx).await?;
        let member = get(tx, id, ctx.now()).await?;
        if member.status == Status::Left {
            return Err(Error::NotFound("member"));
        }
        let held = self.acting(tx, ctx).await?;
        let known = roles::all(tx, ctx.now()).await?;
        let mut target: Vec<HeldRole> = Vec::new();
        target.extend(
            member
                .roles
                .iter()
                .filter(|role| **role == Role::Owner)
                .cloned(),
        );
        for assignment in wanted.iter().cloned().map(Into::into) {
            let Assignment { key, expires_at } = assignment;
            if key.built_in() == Some(Role::Owner) || target.iter().any(|role| role.key == key) {
                continue;
            }
            let role = roles::of_key(&known, &key)?;
            let before = member.roles.iter().find(|held| held.id == role.id);
            // Whoever gives a role for longer gives it.
            let longer = before.is_none_or(|before| match (before.expires_at, expires_at) {
                (None, _) => false,
                (Some(_), None) => true,
                (Some(was), Some(is)) => is > was,
            });
            if longer && !self.may_give(&held, role) {
                return Err(not_yours_to_give(&role.name).into());
            }
            if expires_at.is_some_and(|end| end <= ctx.now()) {
                return Err(FieldError::new(
                    "role",
                    "past",
                    "Choose a day to come as the last one.",
                )
                .into());
            }
            target.push(HeldRole {
                id: role.id,
                key,
                name: role.name.clone(),
                expires_at,
            });
        }
        if target.is_empty() {
            return Err(FieldError::new(
                "role",
                "required",
                "Choose at least one role. To take away all access, suspend or remove the person.",
            )
            .into());
        }
        let target = roles::ordered(target);
        self.replace_roles(tx, ctx, &member, &target, "workspace.member.roles_changed")
            .await
    }

    /// Makes a member an owner, or takes ownership away. Whoever loses their last role keeps that of an admin.
    ///
    /// # Errors
    /// `last_owner` when nobody would be left, [`Error::Forbidden`] without the permission to change owners.
    pub async fn set_owner(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        id: MembershipId,
        owner: bool,
    ) -> Result<()> {
        allowed_to_change_owners(ctx.person()?)?;
        store::lock_tenant(tx).await?;
        let member = get(tx, id, ctx.now()).await?;
        if member.status != Status::Active {
            return Err(Error::conflict(
                "not_active",
                "Only somebody who can enter the workspace can own it.",
            ));
        }
        if member.is_owner() == owner {
            return Ok(());
        }
        let known = roles::all(tx, ctx.now()).await?;
        let built_in = |role: Role| -> Result<HeldRole> {
            let key = RoleKey::from(role);
            let found = roles::of_key(&known, &key)?;
            Ok(HeldRole {
                id: found.id,
                key,
                name: found.name.clone(),
                expires_at: None,
            })
        };
        let mut target = member.roles.clone();
        target.retain(|role| *role != Role::Owner);
        if owner {
            target.insert(0, built_in(Role::Owner)?);
        } else if target.is_empty() {
            target.push(built_in(Role::Admin)?);
        }
        let action = if owner {
            "workspace.owner.added"
        } else {
            "workspace.owner.removed"
        };
        self.replace_roles(tx, ctx, &member, &target, action)
            .await?;
        still_owned(tx).await
    }

    /// Bars a member, lets them back in, removes them, or takes the removal back.
    ///
    /// # Errors
    /// `last_owner`, `own_membership`, [`Error::Forbidden`] for an owner without the permission to change owners.
    pub async fn set_status(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        id: MembershipId,
        status: Status,
    ) -> Result<Member> {
        let actor = ctx.person()?;
        if actor.membership == id {
            return Err(Error::conflict(
                "own_membership",
                "You cannot do that to yourself. To leave the workspace, open your own page.",
            ));
        }
        store::lock_tenant(tx).await?;
        let member = get(tx, id, ctx.now()).await?;
        if member.is_owner() {
            allowed_to_change_owners(actor)?;
        }
        if status == Status::Active {
            // Whoever lets somebody back in hands on their roles anew.
            let held = self.acting(tx, ctx).await?;
            let known = roles::all(tx, ctx.now()).await?;
            for role in member.roles.iter().filter(|role| **role != Role::Owner) {
                if !self.may_give(&held, roles::of_key(&known, &role.key)?) {
                    return Err(not_yours_to_give(&role.name).into());
                }
            }
        }
        if member.status == status {
            return Ok(member);
        }
        let action = match (status, member.status) {
            (Status::Active, Status::Left) => "workspace.member.restored",
            (Status::Active, _) => "workspace.member.resumed",
            (Status::Suspended, Status::Left) => return Err(Error::NotFound("member")),
            (Status::Suspended, _) => "workspace.member.suspended",
            (Status::Left, _) => "workspace.member.removed",
        };
        self.move_to(tx, ctx, &member, status, action).await?;
        Ok(member)
    }

    /// Leaves the workspace.
    ///
    /// # Errors
    /// `last_owner` for the only owner.
    pub async fn leave(&self, tx: &mut TenantTx, ctx: &Ctx) -> Result<()> {
        store::lock_tenant(tx).await?;
        let member = get(tx, ctx.person()?.membership, ctx.now()).await?;
        self.move_to(tx, ctx, &member, Status::Left, "workspace.member.left")
            .await
    }

    /// Ends a person's sessions on a tenant's host. Called once their removal is permanent: from then on they are no
    /// member, so that a session which outlives this by a moment lets nobody in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_sessions(&self, tenant: TenantId, user: UserId, now: Timestamp) -> Result<()> {
        let mut db = self.db().begin().await?;
        let reason = RevokeReason::Removed;
        sessions::revoke_in_tenant(db.conn(), user, tenant, reason, now).await?;
        db.commit().await
    }

    async fn replace_roles(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        member: &Member,
        target: &[HeldRole],
        action: &'static str,
    ) -> Result<()> {
        if member.roles == target {
            return Ok(());
        }
        let tenant = tx.tenant();
        let ids: Vec<RoleId> = target.iter().map(|role| role.id).collect();
        store::replace_roles(tx.conn(), tenant, member.id, &ids, ctx.now()).await?;
        for role in target {
            store::set_end(tx, member.id, role.id, role.expires_at).await?;
        }
        let names = |roles: &[HeldRole]| {
            let zone = &ctx.tenant().zone;
            let name = |role: &HeldRole| match role.expires_at {
                Some(end) => format!("{} until {}", role.name, respond::moment(end, zone)),
                None => role.name.clone(),
            };
            roles.iter().map(name).collect::<Vec<_>>()
        };
        ctx.audit(action)
            .on("member", member.id, &member.name)
            .detail(serde_json::json!({
                "changes": { "roles": { "from": names(&member.roles), "to": names(target) } }
            }))
            .write(tx)
            .await?;
        let own = ctx.person()?.membership == member.id;
        if !own && member.status == Status::Active {
            let title = format!("What you may do in {} has changed", ctx.tenant().name);
            let body = format!("Your roles: {}.", names(target).join(", "));
            let news = Notification {
                recipient: member.id,
                kind: "workspace.role",
                title: &title,
                body: &body,
                link: "/app/me",
            };
            messaging::notify(tx, news, ctx.now()).await?;
        }
        Change::Members(tenant).announce(tx.conn()).await
    }

    async fn move_to(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        member: &Member,
        status: Status,
        action: &'static str,
    ) -> Result<()> {
        store::set_status(tx, member.id, status, ctx.now()).await?;
        if status != Status::Active {
            still_owned(tx).await?;
        }
        ctx.audit(action)
            .on("member", member.id, &member.name)
            .write(tx)
            .await?;
        if status == Status::Left {
            let event = MemberRemoved {
                membership: member.id,
            };
            module::emit(tx, &event, ctx.now()).await?;
        }
        Change::Members(tx.tenant()).announce(tx.conn()).await
    }
}

/// Somebody left a tenant, or was removed. What they had to do must find somebody else.
#[derive(Debug, serde::Serialize)]
pub struct MemberRemoved {
    /// Their place.
    pub membership: MembershipId,
}

impl module::Event for MemberRemoved {
    const KIND: &'static str = "member.removed";
}

fn allowed_to_change_owners(person: &Person) -> Result<()> {
    if person.permissions.allows(CHANGE_OWNERS) {
        Ok(())
    } else {
        Err(Error::Forbidden(CHANGE_OWNERS))
    }
}

/// Checked after a change, under the lock on the tenant that each such change takes first: of two owners
/// who demote each other at once, the second sees what the first did.
async fn still_owned(tx: &mut TenantTx) -> Result<()> {
    if store::owners(tx).await? > 0 {
        return Ok(());
    }
    Err(Error::conflict(
        "last_owner",
        "A workspace needs an owner. Make somebody else an owner first.",
    ))
}
