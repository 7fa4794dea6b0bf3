//! The people of a tenant: who they are, what they may do, and how they leave.

pub(crate) mod pages;
pub(crate) mod store;

use accounts::sessions::{self, RevokeReason};
use database::Change;
use kernel::{Error, MembershipId, Result, Role, TenantId, Timestamp, UserId};
use module::{Ctx, Person};
use tenant_resolver::TenantTx;

use crate::{Tenants, roles};

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
    /// Built-in roles they hold, strongest first.
    pub roles: Vec<Role>,
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
    /// Built-in roles, strongest first.
    pub roles: Vec<Role>,
    /// When they joined.
    pub joined_at: Timestamp,
    /// When they last entered.
    pub last_seen_at: Option<Timestamp>,
}

impl Member {
    /// Whether they are one of the owners.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.roles.contains(&Role::Owner)
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
    pub role: Option<Role>,
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
) -> Result<(Vec<Member>, Option<MembershipId>)> {
    let mut members = store::list(tx, filter).await?;
    let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
    let more = members.len() > limit;
    members.truncate(limit);
    let next = members.last().filter(|_| more).map(|member| member.id);
    Ok((members, next))
}

/// A member, whatever their state.
///
/// # Errors
/// [`Error::NotFound`] when the tenant has no such member.
pub async fn get(tx: &mut TenantTx, id: MembershipId) -> Result<Member> {
    store::find(tx, id).await?.ok_or(Error::NotFound("member"))
}

impl Tenants {
    /// Who a person is in a tenant; `None` unless they are an active member.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn principal(&self, tenant: TenantId, user: UserId) -> Result<Option<Principal>> {
        let mut tx = self.db().begin().await?;
        store::principal(tx.conn(), tenant, user).await
    }

    /// Replaces a member's roles. Ownership is not touched: see [`Tenants::set_owner`].
    ///
    /// # Errors
    /// [`Error::Invalid`] for a role that the acting person could not hand on, or for no role at all.
    pub async fn set_roles(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        id: MembershipId,
        wanted: &[Role],
    ) -> Result<()> {
        store::lock_tenant(tx).await?;
        let member = get(tx, id).await?;
        if member.status == Status::Left {
            return Err(Error::NotFound("member"));
        }
        let actor = ctx.person()?;
        let mut target: Vec<Role> = Role::ALL
            .into_iter()
            .filter(|role| {
                if *role == Role::Owner {
                    member.is_owner()
                } else {
                    wanted.contains(role)
                }
            })
            .collect();
        target.dedup();
        let grantable = self.grantable(&actor.permissions);
        for role in &target {
            if !member.roles.contains(role) && !grantable.contains(role) {
                return Err(not_yours_to_give(*role).into());
            }
        }
        if target.is_empty() {
            return Err(kernel::FieldError::new(
                "role",
                "required",
                "Choose at least one role. To take away all access, suspend or remove the person.",
            )
            .into());
        }
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
        let member = get(tx, id).await?;
        if member.status != Status::Active {
            return Err(Error::conflict(
                "not_active",
                "Only somebody who can enter the workspace can own it.",
            ));
        }
        if member.is_owner() == owner {
            return Ok(());
        }
        let mut target = member.roles.clone();
        target.retain(|role| *role != Role::Owner);
        if owner {
            target.insert(0, Role::Owner);
        } else if target.is_empty() {
            target.push(Role::Admin);
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
        let member = get(tx, id).await?;
        if member.is_owner() {
            allowed_to_change_owners(actor)?;
        }
        if status == Status::Active {
            // Whoever lets somebody back in hands on their roles anew.
            for role in &member.roles {
                if *role != Role::Owner && !actor.permissions.covers(&self.permissions_of(&[*role]))
                {
                    return Err(not_yours_to_give(*role).into());
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
        let member = get(tx, ctx.person()?.membership).await?;
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
        target: &[Role],
        action: &'static str,
    ) -> Result<()> {
        if member.roles == target {
            return Ok(());
        }
        let tenant = tx.tenant();
        let ids = roles::ids(tx.conn(), tenant, target).await?;
        store::replace_roles(tx.conn(), tenant, member.id, &ids, ctx.now()).await?;
        let keys = |roles: &[Role]| roles.iter().map(|role| role.key()).collect::<Vec<_>>();
        ctx.audit(action)
            .on("member", member.id, &member.name)
            .detail(serde_json::json!({
                "changes": { "roles": { "from": keys(&member.roles), "to": keys(target) } }
            }))
            .write(tx)
            .await?;
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

pub(crate) fn not_yours_to_give(role: Role) -> kernel::FieldError {
    kernel::FieldError::new(
        "role",
        "escalation",
        format!(
            "The role {role} may do things that you may not, so you cannot give it to anybody. Ask an owner."
        ),
    )
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
