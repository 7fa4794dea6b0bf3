//! Inviting people by mail.

pub(crate) mod accept;
pub(crate) mod api;
pub(crate) mod pages;
mod store;

use std::time::Duration;

use accounts::Secret;
use accounts::limits::Limit;
use database::Change;
use kernel::{
    ConstraintExt, Email, Error, FieldError, Fields, MembershipId, PermissionSet, Result, RoleId,
    TenantId, Timestamp, UserId,
};
use messaging::{Brand, Letter};
use module::{Actor, Audit, Ctx, RequestFacts};
use sqlx::PgConnection;
use tenant_resolver::TenantTx;

use crate::members::{self, NewMember, Status};
use crate::roles::{self, HeldRole, RoleInfo, RoleKey, not_yours_to_give};
use crate::{Tenants, sharing};

/// How long an invitation is good.
pub const LIFETIME: Duration = Duration::from_hours(7 * 24);
/// How often one invitation is sent again.
const RESENDS: i32 = 5;
/// Mails with invitations from one tenant.
const MAILS: Limit = Limit::new("invitation.tenant", 60, Duration::from_hours(1));

kernel::id!(
    /// Identifies an invitation.
    InvitationId
);

/// What the form sends.
#[derive(Clone, Debug, Default)]
pub struct InviteForm {
    /// The address to write to.
    pub email: String,
    /// Keys of roles that the person shall have.
    pub roles: Vec<RoleKey>,
}

/// The states of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationStatus {
    /// Waits for an answer.
    Pending,
    /// Waited for too long.
    Expired,
    /// Was accepted.
    Accepted,
    /// Was taken back.
    Revoked,
    /// A later one took its place.
    Replaced,
}

/// An invitation as the pages show it.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Where it was sent.
    pub email: String,
    /// Roles that the person shall have.
    pub roles: Vec<HeldRole>,
    /// State at the time it was read.
    pub status: InvitationStatus,
    /// Name of who sent it.
    pub inviter: String,
    /// When it was last sent.
    pub last_sent_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    resend_count: i32,
}

/// An invitation as its reader sees it, on the base host.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The tenant.
    pub tenant: TenantId,
    /// Its id.
    pub id: InvitationId,
    /// Name of the tenant.
    pub workspace: String,
    /// Label of its address.
    pub slug: String,
    /// Name of who sent it.
    pub inviter: String,
    /// Where it was sent.
    pub email: String,
    /// Roles that the person shall have.
    pub roles: Vec<HeldRole>,
    /// State at the time it was read.
    pub status: InvitationStatus,
}

/// Key of the entitlement that limits how many people a workspace has.
pub const SEATS: &str = "workspace.seats";

/// Refuses another person when the plan's seats are all taken.
async fn check_seats(tx: &mut TenantTx, ctx: &Ctx) -> Result<()> {
    let Some(limit) = ctx.tenant().limit(SEATS, ctx.now()) else {
        return Ok(());
    };
    if store::taken_seats(tx, ctx.now()).await? < limit {
        return Ok(());
    }
    Err(Error::LimitReached {
        entitlement: SEATS,
        limit,
    })
}

/// Somebody joined a tenant.
#[derive(Debug, serde::Serialize)]
pub struct MemberJoined {
    /// Their place.
    pub membership: MembershipId,
}

impl module::Event for MemberJoined {
    const KIND: &'static str = "member.joined";
}

/// Who accepts an invitation.
#[derive(Clone, Copy, Debug)]
pub struct Guest<'a> {
    /// The person.
    pub user: UserId,
    /// Their name.
    pub name: &'a str,
    /// Their address, shown to be theirs.
    pub email: &'a Email,
}

impl Tenants {
    /// Invites somebody. A pending invitation to the same address is replaced, and its link dies.
    ///
    /// The answer does not depend on whether anybody has that address elsewhere.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an address that a member uses here, or a role that the acting person could not hand on.
    pub async fn invite(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        form: &InviteForm,
    ) -> Result<InvitationId> {
        let person = ctx.person()?;
        let mut fields = Fields::default();
        let email = fields.take(Email::parse(&form.email));
        let known = roles::all(tx, ctx.now()).await?;
        let given = self.check_roles(&mut fields, &person.permissions, &known, &form.roles);
        fields.finish()?;
        let email = email.ok_or_else(|| Error::internal("no errors, no address"))?;
        if store::is_member(tx, &email).await? {
            return Err(FieldError::new(
                "email",
                "member",
                "Somebody with this address is in the workspace already. You find them in the list of people.",
            )
            .into());
        }
        let tenant = tx.tenant();
        self.count(MAILS, &tenant.to_string(), ctx.now()).await?;
        store::replace_pending(tx, &email).await?;
        check_seats(tx, ctx).await?;
        let secret = Secret::generate();
        let id = InvitationId::new();
        let new = store::NewInvitation {
            id,
            email: &email,
            token_hash: &secret.hash(),
            invited_by: person.membership,
            expires_at: ctx.now().plus(LIFETIME),
        };
        store::insert(tx, &new, ctx.now())
            .await
            .on_constraint("invitations_email_norm_key", || {
                FieldError::new(
                    "email",
                    "invited",
                    "Somebody has invited this address a moment ago. Look at the list of invitations.",
                )
            })?;
        // Whoever lost a role while this was written hands nothing on.
        members::store::lock_tenant(tx).await?;
        let held = self.acting(tx, ctx).await?;
        let mut ids = Vec::new();
        for role in &given {
            if !self.may_give(&held, role) {
                return Err(not_yours_to_give(&role.name).into());
            }
            ids.push(role.id);
        }
        store::insert_roles(tx, id, &ids).await?;
        let names: Vec<&str> = given.iter().map(|role| role.name.as_str()).collect();
        self.letter(ctx, &email, &names, &secret)?
            .send(tx.conn(), Some(tenant), ctx.now())
            .await?;
        ctx.audit("workspace.invitation.sent")
            .on("invitation", id, email.as_str())
            .detail(serde_json::json!({ "roles": names }))
            .write(tx)
            .await?;
        Ok(id)
    }

    /// Sends an invitation again, with a fresh link; the old one dies.
    ///
    /// # Errors
    /// [`Error::NotFound`], `not_pending` when it was answered or taken back, `sent_often` after five times.
    pub async fn resend_invitation(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        id: InvitationId,
    ) -> Result<Invitation> {
        let invitation = get(tx, id, ctx.now()).await?;
        open(&invitation)?;
        if invitation.resend_count >= RESENDS {
            return Err(Error::conflict(
                "sent_often",
                "This invitation was sent six times. Ask the person, or invite another address.",
            ));
        }
        let mut fields = Fields::default();
        let known = roles::all(tx, ctx.now()).await?;
        let keys: Vec<RoleKey> = invitation
            .roles
            .iter()
            .map(|role| role.key.clone())
            .collect();
        self.check_roles(&mut fields, &ctx.person()?.permissions, &known, &keys);
        fields.finish()?;
        let tenant = tx.tenant();
        self.count(MAILS, &tenant.to_string(), ctx.now()).await?;
        let secret = Secret::generate();
        let expires_at = ctx.now().plus(LIFETIME);
        store::renew(tx, id, &secret.hash(), expires_at, ctx.now()).await?;
        let email = Email::parse(&invitation.email)?;
        let names: Vec<&str> = roles::names(&invitation.roles).collect();
        self.letter(ctx, &email, &names, &secret)?
            .send(tx.conn(), Some(tenant), ctx.now())
            .await?;
        ctx.audit("workspace.invitation.resent")
            .on("invitation", id, &invitation.email)
            .write(tx)
            .await?;
        Ok(invitation)
    }

    /// Takes an invitation back; its link dies.
    ///
    /// # Errors
    /// [`Error::NotFound`], `not_pending` when it was answered or taken back.
    pub async fn revoke_invitation(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        id: InvitationId,
    ) -> Result<Invitation> {
        let invitation = get(tx, id, ctx.now()).await?;
        open(&invitation)?;
        store::revoke(tx, id).await?;
        ctx.audit("workspace.invitation.revoked")
            .on("invitation", id, &invitation.email)
            .write(tx)
            .await?;
        Ok(invitation)
    }

    /// What stands behind an invitation's link; `None` when there is no such link, or no longer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn offer(&self, token: &str, now: Timestamp) -> Result<Option<Offer>> {
        let Some(secret) = Secret::parse(token) else {
            return Ok(None);
        };
        let mut tx = self.db().begin().await?;
        store::find_offer(tx.conn(), &secret.hash(), now).await
    }

    /// Accepts an invitation in the caller's transaction. Accepting once more changes nothing.
    ///
    /// # Errors
    /// [`Error::Gone`] for a link that is dead; `other_address` when it was sent to somebody else; `suspended`.
    pub async fn accept_invitation(
        &self,
        conn: &mut PgConnection,
        token: &str,
        guest: &Guest<'_>,
        request: &RequestFacts,
        now: Timestamp,
    ) -> Result<Offer> {
        let offer = match Secret::parse(token) {
            Some(secret) => store::lock_offer(&mut *conn, &secret.hash(), now).await?,
            None => None,
        };
        let offer = offer.ok_or_else(dead)?;
        if Email::parse(&offer.email)? != *guest.email {
            return Err(Error::conflict(
                "other_address",
                "This invitation was sent to another address. Sign in with that one.",
            ));
        }
        match offer.status {
            InvitationStatus::Accepted => return Ok(offer),
            InvitationStatus::Pending => {}
            InvitationStatus::Expired | InvitationStatus::Revoked | InvitationStatus::Replaced => {
                return Err(dead());
            }
        }
        let ids: Vec<RoleId> = offer.roles.iter().map(|role| role.id).collect();
        let member = match members::joined(&mut *conn, offer.tenant, guest.user).await? {
            Some((_, Status::Suspended)) => {
                return Err(Error::conflict(
                    "suspended",
                    "Your access to this workspace is suspended. Ask an owner of the workspace.",
                ));
            }
            Some((member, Status::Active)) => {
                members::add_roles(&mut *conn, offer.tenant, member, &ids, now).await?;
                member
            }
            Some((member, Status::Left)) => {
                members::rejoin(&mut *conn, offer.tenant, member, now).await?;
                sharing::store::revoke_all(&mut *conn, offer.tenant, member, now).await?;
                members::give_roles(&mut *conn, offer.tenant, member, &ids, now).await?;
                member
            }
            None => {
                let new = NewMember {
                    id: MembershipId::new(),
                    user: guest.user,
                    name: guest.name,
                    email: guest.email,
                };
                members::insert(&mut *conn, offer.tenant, &new, now).await?;
                members::give_roles(&mut *conn, offer.tenant, new.id, &ids, now).await?;
                new.id
            }
        };
        store::accepted(&mut *conn, offer.tenant, offer.id, member, now).await?;
        Audit::new("workspace.member.joined", now)
            .request(request)
            .by(Actor::Member(member.0), guest.name)
            .on("member", member, guest.name)
            .detail(serde_json::json!({ "roles": roles::names(&offer.roles).collect::<Vec<_>>(), "invited_by": offer.inviter }))
            .write_for(&mut *conn, offer.tenant)
            .await?;
        let event = MemberJoined { membership: member };
        module::emit_for(&mut *conn, offer.tenant, &event, now).await?;
        Change::Members(offer.tenant).announce(conn).await?;
        Ok(offer)
    }

    /// The roles of these keys, with a broken rule for each that cannot be handed on.
    fn check_roles(
        &self,
        fields: &mut Fields,
        held: &PermissionSet,
        known: &[RoleInfo],
        wanted: &[RoleKey],
    ) -> Vec<RoleInfo> {
        fields.check(
            !wanted.is_empty(),
            "role",
            "required",
            "Choose at least one role.",
        );
        let mut given: Vec<RoleInfo> = Vec::new();
        for key in wanted {
            let Some(role) = fields.take(roles::of_key(known, key).cloned()) else {
                continue;
            };
            if !self.may_give(held, &role) {
                fields.push(not_yours_to_give(&role.name));
            } else if given.iter().all(|other| other.id != role.id) {
                given.push(role);
            }
        }
        given
    }

    /// The mail: the same whether its reader has an account or not.
    fn letter(
        &self,
        ctx: &Ctx,
        email: &Email,
        granted: &[&str],
        secret: &Secret,
    ) -> Result<Letter> {
        let tenant = ctx.tenant();
        let inviter = &ctx.person()?.name;
        let url = self.links().base(&format!("/invite/{}", secret.as_str()));
        Ok(Letter::new(
            "tenants.invitation",
            format!("{inviter} invites you to {}", tenant.name),
        )
        .to(email, "")
        .brand(Brand::of_tenant(self.links(), tenant))
        .preheader(format!("Work together in {}.", tenant.name))
        .paragraph(format!(
            "{inviter} would like you to join {} and has prepared a place for you.",
            tenant.name
        ))
        .button("See the invitation", url)
        .fact("Workspace", self.links().tenant_host(&tenant.slug))
        .fact("Your role", roles::in_words(granted.iter().copied()))
        .fine_print("The invitation is good for 7 days, and for this address only.")
        .fine_print("If you do not know the sender, do nothing."))
    }
}

/// All invitations that wait or have expired, latest sent first.
pub(crate) async fn list(tx: &mut TenantTx, now: Timestamp) -> Result<Vec<Invitation>> {
    store::list(tx, now).await
}

async fn get(tx: &mut TenantTx, id: InvitationId, now: Timestamp) -> Result<Invitation> {
    store::lock(tx, id, now)
        .await?
        .ok_or(Error::NotFound("invitation"))
}

/// Expired ones can still be sent again.
fn open(invitation: &Invitation) -> Result<()> {
    match invitation.status {
        InvitationStatus::Pending | InvitationStatus::Expired => Ok(()),
        InvitationStatus::Accepted => Err(Error::conflict(
            "not_pending",
            "The invitation was accepted in the meantime.",
        )),
        InvitationStatus::Revoked | InvitationStatus::Replaced => Err(Error::conflict(
            "not_pending",
            "The invitation was taken back in the meantime.",
        )),
    }
}

pub(crate) fn dead() -> Error {
    Error::Gone(
        "This invitation is no longer good: it was used, taken back or replaced, or it is older than 7 days. \
         Ask for a new one."
            .into(),
    )
}
