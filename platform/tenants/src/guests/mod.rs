//! Guests: people without an account who see one object by a link, and nothing else.
//!
//! The link's secret is exchanged for a cookie of this host, once for each use. The cookie's grant is read anew with each
//! request: a link that was taken back ends in the same instant, on every node.

pub(crate) mod api;
pub mod cookies;
pub(crate) mod pages;
pub(crate) mod store;

use std::time::Duration;

use accounts::limits::Limit;
use accounts::{Secret, passwords};
use kernel::{Email, Error, FieldError, Fields, MembershipId, Result, Timestamp};
use messaging::{Brand, Letter};
use module::{Ctx, GuestPass, Shareable, SharedObject};
use tenant_resolver::TenantTx;
use uuid::Uuid;

use crate::sharing::{ShareId, cut};
use crate::{Tenants, members, sharing};

/// How long a link may be good.
const LONGEST: Duration = Duration::from_hours(90 * 24);
/// How long a guest's browser is known, if the link is good for so long.
const SESSION: Duration = Duration::from_hours(14 * 24);
/// Tries at the code of one link.
const CODES: Limit = Limit::new("guest.code", 10, Duration::from_mins(15));
/// Shortest access code.
const SHORTEST_CODE: usize = 6;

kernel::id!(
    /// Identifies a guest's link.
    GuestGrantId
);

/// A guest's link as members see it.
#[derive(Clone, Debug)]
pub struct GuestGrant {
    /// Its id.
    pub id: GuestGrantId,
    /// Whom it is for.
    pub label: String,
    /// Where it was mailed.
    pub email: Option<String>,
    /// What kind of thing the object is.
    pub kind: String,
    /// The object.
    pub object: Uuid,
    /// What it was called when it was shared.
    pub object_name: String,
    /// Whether a code is asked for.
    pub has_code: bool,
    /// How often it may be used.
    pub max_uses: Option<i32>,
    /// How often it was.
    pub uses: i32,
    /// Who made it.
    pub granted_by: MembershipId,
    /// Their name.
    pub giver_name: String,
    /// When.
    pub created_at: Timestamp,
    /// From when on it is good no longer.
    pub expires_at: Timestamp,
    /// When it was used last.
    pub last_used_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

impl GuestGrant {
    /// Whether it can still be used at `now`, by those who have used it or by new ones.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

/// A link that shall be made.
#[derive(Clone, Debug, Default)]
pub struct GuestInput {
    /// Whom it is for.
    pub label: String,
    /// Where to mail it; empty: nowhere.
    pub email: String,
    /// A code that is told another way; empty: none.
    pub code: String,
    /// How often it may be used.
    pub max_uses: Option<i32>,
    /// From when on it shall be good no longer.
    pub expires_at: Option<Timestamp>,
}

/// What stands behind a link, for who opens it.
#[derive(Clone, Debug)]
pub(crate) struct Behind {
    pub id: GuestGrantId,
    pub object_name: String,
    pub giver_name: String,
    pub path: String,
    pub access_code_hash: Option<String>,
    pub expires_at: Timestamp,
}

impl Tenants {
    /// Makes a link for a guest. What is returned is shown once and stored nowhere.
    ///
    /// # Errors
    /// [`Error::Invalid`]: broken rules, or an object whose guests may do what the acting person may not.
    pub async fn invite_guest(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        kind: &'static Shareable,
        object: (Uuid, &SharedObject),
        input: &GuestInput,
    ) -> Result<(GuestGrantId, String)> {
        let (object, shared) = object;
        let (Some(permissions), Some(path)) = (kind.guests, &shared.guest_href) else {
            return Err(Error::NotFound("page"));
        };
        let (label, code) = (input.label.trim(), input.code.trim());
        let email = check(input, ctx.now())?;
        // Hashed before the lock is taken: it takes its time.
        let hash = match code {
            "" => None,
            code => Some(passwords::hash(code).await?),
        };
        members::store::lock_tenant(tx).await?;
        let held = self.acting(tx, ctx).await?;
        if !permissions.iter().all(|key| held.allows(key)) {
            return Err(FieldError::new(
                "label",
                "escalation",
                "You may not see this yourself, so you cannot show it to anybody.",
            )
            .into());
        }
        let (id, secret) = (GuestGrantId::new(), Secret::generate());
        let giver = ctx.person()?;
        let new = store::NewGrant {
            id,
            label,
            email: email.as_ref().map(Email::as_str),
            kind: kind.kind,
            object,
            object_name: &shared.name,
            path,
            token_hash: &secret.hash(),
            access_code_hash: hash.as_deref(),
            max_uses: input.max_uses,
            granted_by: giver.membership,
            expires_at: input.expires_at.unwrap_or_else(|| ctx.now().plus(SESSION)),
        };
        store::insert(tx, &new, ctx.now()).await?;
        let share = sharing::store::Given {
            share: ShareId::new(),
            member: None,
            guest: Some(id.0),
            permissions,
            level: "guest",
            kind: kind.kind,
            object,
            object_name: &shared.name,
            granted_by: giver.membership,
            expires_at: Some(new.expires_at),
        };
        sharing::store::insert(tx, &share, ctx.now()).await?;
        let link = ctx.link(&format!("/guest/{}", secret.as_str()));
        if let Some(email) = &email {
            self.guest_letter(ctx, kind, shared, (email, label), &link, hash.is_some())?
                .send(tx.conn(), Some(ctx.tenant().id), ctx.now())
                .await?;
        }
        ctx.audit("workspace.guest.invited")
            .on(kind.noun, object, &shared.name)
            .detail(serde_json::json!({
                "guest": label, "email": new.email, "expires_at": new.expires_at, "code": hash.is_some(),
            }))
            .write(tx)
            .await?;
        Ok((id, link))
    }

    fn guest_letter(
        &self,
        ctx: &Ctx,
        kind: &Shareable,
        shared: &SharedObject,
        (email, label): (&Email, &str),
        link: &str,
        has_code: bool,
    ) -> Result<Letter> {
        let (tenant, giver) = (ctx.tenant(), ctx.person()?);
        // Where a code is asked for, the mail alone tells nothing.
        let subject = if has_code {
            format!("{} shares something with you", giver.name)
        } else {
            format!("{} shows you {}", giver.name, shared.name)
        };
        let letter = Letter::new("tenants.guest", cut(&subject, 200))
            .to(email, label)
            .brand(Brand::of_tenant(self.links(), tenant))
            .paragraph(format!(
                "{} of {} would like you to look at this {}.",
                giver.name, tenant.name, kind.noun
            ))
            .button("Open it", link);
        let letter = if has_code {
            letter.paragraph("You will be asked for a code, which you get another way.")
        } else {
            letter
        };
        Ok(letter.fine_print(
            "Whoever has this link can open it. If you do not know the sender, do nothing.",
        ))
    }

    /// Takes a guest's link back: whoever came by it is out at once. Who may do so is decided by the caller.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such link, or it was taken back already.
    pub async fn dismiss_guest(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        id: GuestGrantId,
    ) -> Result<GuestGrant> {
        let grant = get(tx, id).await?;
        if !store::revoke(tx, id, ctx.now()).await? {
            return Err(Error::NotFound("link"));
        }
        sharing::store::revoke_of_guest(tx, id.0, ctx.now()).await?;
        store::end_sessions(tx, id).await?;
        ctx.audit("workspace.guest.dismissed")
            .on("guest", id, &grant.label)
            .detail(serde_json::json!({ "object": grant.object_name }))
            .write(tx)
            .await?;
        Ok(grant)
    }

    /// Exchanges the secret of a link, and its code if it has one, for a session of this browser, and counts the use.
    ///
    /// # Errors
    /// [`Error::Gone`] for a link that is not good or used up; [`Error::Invalid`] for a wrong code;
    /// [`Error::TooMany`] after too many of them.
    pub(crate) async fn admit_guest(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        secret: &Secret,
        code: &str,
    ) -> Result<(Secret, Behind, Timestamp)> {
        let behind = store::behind(tx, &secret.hash(), ctx.now())
            .await?
            .ok_or_else(dead)?;
        if let Some(hash) = &behind.access_code_hash {
            let key = behind.id.to_string();
            self.count(CODES, &key, ctx.now()).await?;
            if !passwords::verify(code.trim(), Some(hash)).await? {
                return Err(FieldError::new(
                    "code",
                    "wrong",
                    "That is not the code. Ask whoever sent you the link.",
                )
                .into());
            }
        }
        if !store::use_once(tx, behind.id, ctx.now()).await? {
            return Err(dead());
        }
        let session = Secret::generate();
        let end = behind.expires_at.min(ctx.now().plus(SESSION));
        store::insert_session(tx, behind.id, &session.hash(), end, ctx.now()).await?;
        Ok((session, behind, end))
    }

    /// The guest whose cookie came with a request; `None` when it is not good any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn guest(
        &self,
        tx: &mut TenantTx,
        session: &Secret,
        now: Timestamp,
    ) -> Result<Option<GuestPass>> {
        let Some(found) = store::find_session(tx, &session.hash(), now).await? else {
            return Ok(None);
        };
        Ok(Some(GuestPass {
            grant: found.grant.0,
            name: found.label,
            grants: self.grants(found.grants.0).into(),
        }))
    }
}

/// Names every broken rule of a link that shall be made; gives the address to mail it to.
fn check(input: &GuestInput, now: Timestamp) -> Result<Option<Email>> {
    let (label, code) = (input.label.trim(), input.code.trim());
    let mut fields = Fields::default();
    let email = match input.email.trim() {
        "" => None,
        email => fields.take(Email::parse(email)),
    };
    let most = now.plus(LONGEST);
    fields
        .require("label", label, "Say whom the link is for.")
        .check(
            label.chars().count() <= 120,
            "label",
            "too_long",
            "Use at most 120 characters.",
        )
        .check(
            code.is_empty() || (SHORTEST_CODE..=64).contains(&code.chars().count()),
            "code",
            "length",
            "Use 6 to 64 characters.",
        )
        .check(
            input.max_uses.is_none_or(|uses| (1..=1000).contains(&uses)),
            "max_uses",
            "out_of_range",
            "Choose 1 to 1000 uses.",
        )
        .check(
            input.expires_at.is_none_or(|end| end > now && end <= most),
            "until",
            "out_of_range",
            "Choose a last day within the next 90 days.",
        );
    fields.finish()?;
    Ok(email)
}

pub(crate) async fn get(tx: &mut TenantTx, id: GuestGrantId) -> Result<GuestGrant> {
    let found = store::list(tx, None, Some(id)).await?;
    found.into_iter().next().ok_or(Error::NotFound("link"))
}

/// The links to an object, newest first.
pub(crate) async fn on_object(
    tx: &mut TenantTx,
    kind: &str,
    object: Uuid,
) -> Result<Vec<GuestGrant>> {
    store::list(tx, Some((kind, object)), None).await
}

/// The latest links to anything, newest first.
pub(crate) async fn all(tx: &mut TenantTx) -> Result<Vec<GuestGrant>> {
    store::list(tx, None, None).await
}

/// One answer for links that never were, are taken back, expired or used up.
pub(crate) fn dead() -> Error {
    Error::Gone("This link is no longer good. Ask whoever sent it for a new one.".into())
}
