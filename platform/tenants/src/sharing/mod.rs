//! Permissions on one object, given to a member whose roles would not let them: what it is, its module says
//! ([`module::Shareable`]); who has it, and until when, stands here.

pub(crate) mod api;
pub(crate) mod pages;
pub(crate) mod store;

use database::Change;
use kernel::{Error, FieldError, Fields, MembershipId, Result, Timestamp};
use messaging::Notification;
use module::{Ctx, ShareLevel, Shareable, SharedObject, Slots};
use tenant_resolver::TenantTx;
use uuid::Uuid;

use crate::{Tenants, members};

kernel::id!(
    /// Identifies what was given to one member on one object at one time.
    ShareId
);

/// What a member was given on an object.
#[derive(Clone, Debug)]
pub struct Share {
    /// Its id.
    pub id: ShareId,
    /// Who has it.
    pub member: MembershipId,
    /// Their name.
    pub member_name: String,
    /// What kind of thing the object is.
    pub kind: String,
    /// The object.
    pub object: Uuid,
    /// What it was called when it was given.
    pub object_name: String,
    /// Key of the level that was given.
    pub level: String,
    /// Who gave it.
    pub granted_by: MembershipId,
    /// Their name.
    pub giver_name: String,
    /// When.
    pub granted_at: Timestamp,
    /// From when on it holds no longer.
    pub expires_at: Option<Timestamp>,
}

/// What shall be given.
#[derive(Clone, Debug)]
pub struct ShareInput {
    /// Whom.
    pub member: MembershipId,
    /// Key of the level.
    pub level: String,
    /// From when on it shall hold no longer.
    pub expires_at: Option<Timestamp>,
}

/// An object that the person of the request may share, with its kind.
///
/// # Errors
/// [`Error::NotFound`] for a kind that cannot be shared, and for an object that is not theirs to share.
pub(crate) async fn find(
    ctx: &Ctx,
    slots: &Slots,
    kind: &str,
    object: Uuid,
) -> Result<(&'static Shareable, SharedObject)> {
    let kind = slots.shareable.iter().find(|known| known.kind == kind);
    let kind = *kind.ok_or(Error::NotFound("page"))?;
    let found = (kind.find)(ctx, object).await?;
    Ok((kind, found.ok_or(Error::NotFound("page"))?))
}

/// The title of a level, for people.
pub(crate) fn level_title(slots: &Slots, kind: &str, level: &str) -> &'static str {
    slots
        .shareable
        .iter()
        .filter(|known| known.kind == kind)
        .flat_map(|known| known.levels)
        .find(|known| known.key == level)
        .map_or("Something", |known| known.title)
}

/// What holds on an object now.
pub(crate) async fn on_object(
    tx: &mut TenantTx,
    kind: &str,
    object: Uuid,
    now: Timestamp,
) -> Result<Vec<Share>> {
    store::list(tx, Some((kind, object)), None, now).await
}

/// What a member has now.
pub(crate) async fn of_member(
    tx: &mut TenantTx,
    member: MembershipId,
    now: Timestamp,
) -> Result<Vec<Share>> {
    store::list(tx, None, Some(member), now).await
}

impl Tenants {
    /// The permissions of a level that somebody with `held` can give; nothing when they lack what it is about.
    pub(crate) fn of_level(held: &kernel::PermissionSet, level: &ShareLevel) -> Vec<&'static str> {
        match level.permissions.first() {
            Some(first) if held.allows(first) => level
                .permissions
                .iter()
                .copied()
                .filter(|key| held.allows(key))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Gives a member a level on an object, instead of what they had on it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for somebody who is no active member, an unknown level, one that the acting person lacks
    /// (`escalation`), or an end that is past.
    pub async fn share(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        kind: &'static Shareable,
        object: (Uuid, &SharedObject),
        input: &ShareInput,
    ) -> Result<ShareId> {
        let (object, shared) = object;
        members::store::lock_tenant(tx).await?;
        let giver = ctx.person()?;
        let held = self.acting(tx, ctx).await?;
        let level = kind.levels.iter().find(|level| level.key == input.level);
        let recipient = store::active(tx, input.member).await?;
        let mut fields = Fields::default();
        fields
            .check(
                recipient && input.member != giver.membership,
                "member",
                "unknown",
                "Choose somebody else who can enter the workspace.",
            )
            .check(
                level.is_some(),
                "level",
                "unknown",
                "Choose what they may do.",
            )
            .check(
                input.expires_at.is_none_or(|end| end > ctx.now()),
                "until",
                "past",
                "Choose a day to come as the last one.",
            );
        let permissions = level.map_or_else(Vec::new, |level| Self::of_level(&held, level));
        fields.check(
            level.is_none() || !permissions.is_empty(),
            "level",
            "escalation",
            "You may not do this yourself, so you cannot give it to anybody.",
        );
        fields.finish()?;
        let id = ShareId::new();
        store::revoke_of_member(tx, input.member, kind.kind, object, ctx.now()).await?;
        let share = store::Given {
            share: id,
            member: Some(input.member),
            guest: None,
            permissions: &permissions,
            level: &input.level,
            kind: kind.kind,
            object,
            object_name: &shared.name,
            granted_by: giver.membership,
            expires_at: input.expires_at,
        };
        store::insert(tx, &share, ctx.now()).await?;
        ctx.audit("workspace.share.given")
            .on(kind.noun, object, &shared.name)
            .detail(serde_json::json!({
                "member": input.member, "level": input.level, "expires_at": input.expires_at,
            }))
            .write(tx)
            .await?;
        let title = format!(
            "{} shares the {} {} with you",
            giver.name, kind.noun, shared.name
        );
        let news = Notification {
            recipient: input.member,
            kind: "workspace.share",
            title: &cut(&title, 200),
            body: level.map_or("", |level| level.title),
            link: &shared.href,
        };
        messaging::notify(tx, news, ctx.now()).await?;
        Change::Members(tx.tenant()).announce(tx.conn()).await?;
        Ok(id)
    }

    /// Takes back what was given. Who may do so is decided by the caller.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such share, or no longer.
    pub async fn unshare(&self, tx: &mut TenantTx, ctx: &Ctx, id: ShareId) -> Result<Share> {
        let share = store::find(tx, id, ctx.now())
            .await?
            .ok_or(Error::NotFound("share"))?;
        store::revoke(tx, id, ctx.now()).await?;
        ctx.audit("workspace.share.revoked")
            .on("member", share.member, &share.member_name)
            .detail(serde_json::json!({ "object": share.object_name, "level": share.level }))
            .write(tx)
            .await?;
        Change::Members(tx.tenant()).announce(tx.conn()).await?;
        Ok(share)
    }
}

/// The first characters of a text.
pub(crate) fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// The end of a last day that a form names.
pub(crate) fn until(day: &str, ctx: &Ctx) -> Result<Option<Timestamp>> {
    let day = day.trim();
    if day.is_empty() {
        return Ok(None);
    }
    let end = crate::respond::after_day(day, &ctx.tenant().zone);
    Ok(Some(end.ok_or_else(|| {
        FieldError::new("until", "invalid", "Enter the last day as a date.")
    })?))
}
