//! Keys of applications: made, rotated with an overlap, revoked.

pub(crate) mod api;
mod input;
pub(crate) mod pages;
pub(crate) mod store;

use std::time::Duration;

use database::Change;
use kernel::{Error, FieldError, Fields, MembershipId, Result, Timestamp};
use messaging::{Brand, Letter};
use module::{ApiKeyId, ApplicationId, Ctx};
use serde::{Deserialize, Serialize};
use tenant_resolver::TenantTx;
use utoipa::ToSchema;

use crate::applications::{self, Application};
use crate::token::{Env, KeyText, masked};
use crate::{Access, Status};

pub use input::KeyInput;

/// Most keys of one application that are in use.
const MOST: i64 = 20;
/// For how long the former key goes on after a rotation unless somebody says otherwise.
pub(crate) const DEFAULT_OVERLAP: u32 = 24;
/// The longest that it may go on, in hours: 30 days.
const LONGEST_OVERLAP: u32 = 30 * 24;

/// What a key is at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It works.
    Active,
    /// It was replaced and works until its overlap ends.
    Retiring,
    /// Its time is over.
    Expired,
    /// Somebody revoked it, or its overlap has ended.
    Revoked,
}

/// Why somebody revoked a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevokeReason {
    /// Another key took its place.
    Replaced,
    /// Somebody may have seen it who should not.
    Leaked,
    /// Nothing uses it.
    Unused,
    /// Whoever made it has left.
    MemberLeft,
    /// Something else.
    #[default]
    Other,
}

impl RevokeReason {
    /// Every reason, with the words that people read.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Replaced, "Another key took its place"),
        (Self::Leaked, "Somebody may have seen it"),
        (Self::Unused, "Nothing uses it"),
        (Self::MemberLeft, "Whoever made it has left"),
        (Self::Other, "Another reason"),
    ];

    /// Name as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Replaced => "replaced",
            Self::Leaked => "leaked",
            Self::Unused => "unused",
            Self::MemberLeft => "member_left",
            Self::Other => "other",
        }
    }

    /// The reason of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .map(|(reason, _)| reason)
            .find(|reason| reason.as_str() == name)
    }
}

/// A key as its pages show it: never its secret.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its id.
    pub id: ApiKeyId,
    /// Whose key it is.
    pub application: ApplicationId,
    /// Its name.
    pub name: String,
    /// The part of its text that names it.
    pub public_id: String,
    /// The end of its text.
    pub last4: String,
    /// What it is for.
    pub env: Env,
    /// Its scopes.
    pub scopes: Vec<String>,
    /// Networks that it may be used from; none means any.
    pub allowed_cidrs: Vec<String>,
    /// Requests a minute; none means as many as every key has.
    pub rate_limit_per_min: Option<i32>,
    /// When its time is over.
    pub expires_at: Option<Timestamp>,
    /// When its overlap ends, if it was replaced.
    pub revoke_at: Option<Timestamp>,
    /// When somebody revoked it.
    pub revoked_at: Option<Timestamp>,
    /// Why.
    pub revoke_reason: Option<RevokeReason>,
    /// The key that it replaces.
    pub rotated_from: Option<ApiKeyId>,
    /// The member who made it.
    pub created_by: MembershipId,
    /// Their name.
    pub maker: String,
    /// Whether they still work here. If not, somebody should look whether the key is still needed.
    pub maker_is_here: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// From where.
    pub last_used_ip: Option<String>,
}

impl Key {
    /// What it is at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> State {
        let passed = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        if self.revoked_at.is_some() || passed(self.revoke_at) {
            State::Revoked
        } else if passed(self.expires_at) {
            State::Expired
        } else if self.revoke_at.is_some() {
            State::Retiring
        } else {
            State::Active
        }
    }

    /// Whether it works at `now`.
    #[must_use]
    pub fn works(&self, now: Timestamp) -> bool {
        matches!(self.state(now), State::Active | State::Retiring)
    }

    /// How it is shown.
    #[must_use]
    pub fn masked(&self) -> String {
        masked(self.env, &self.public_id, &self.last4)
    }
}

/// A key that was just made, with its text, which is shown this once.
#[derive(Debug)]
pub struct NewKey {
    /// The key.
    pub key: Key,
    /// Its text.
    pub text: KeyText,
}

/// A key that keeps the rules, to be stored.
pub(crate) struct Fresh<'a> {
    id: ApiKeyId,
    application: ApplicationId,
    name: &'a str,
    text: &'a KeyText,
    hash: [u8; 32],
    env: Env,
    scopes: &'a [String],
    allowed_cidrs: &'a [String],
    rate_limit_per_min: Option<i32>,
    expires_at: Option<Timestamp>,
    rotated_from: Option<ApiKeyId>,
    maker: MembershipId,
}

/// The keys of an application, newest first.
///
/// # Errors
/// When the database cannot answer.
pub async fn list(tx: &mut TenantTx, application: ApplicationId) -> Result<Vec<Key>> {
    store::list(tx, application).await
}

/// A key of an application.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(tx: &mut TenantTx, application: ApplicationId, id: ApiKeyId) -> Result<Key> {
    store::find(tx, id)
        .await?
        .filter(|key| key.application == application)
        .ok_or(Error::NotFound("key"))
}

impl Access {
    /// Makes a key. Owners get a mail about it.
    ///
    /// # Errors
    /// [`Error::Invalid`], with `escalation` for a scope that allows more than its maker may; [`Error::NotFound`]; and
    /// [`Error::Conflict`] when the application has many keys already, or is switched off.
    pub async fn create_key(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        application: ApplicationId,
        input: KeyInput,
    ) -> Result<NewKey> {
        let application = applications::hold(tx, ctx, application, None).await?;
        let input = input.check(ctx.now(), self.counters().key_limit())?;
        let scopes = self.handed_on(ctx, &application, &input.scopes)?;
        let new = self
            .insert(tx, ctx, &application, &KeyInput { scopes, ..input }, None)
            .await?;
        ctx.audit("workspace.api_key.created")
            .on("api_key", new.key.id, &new.key.name)
            .detail(serde_json::json!({
                "application": application.name, "key": new.key.masked(), "scopes": new.key.scopes,
            }))
            .write(tx)
            .await?;
        self.tell_owners(tx, ctx, &application, &new.key, "A new API key")
            .await?;
        Change::Keys(tx.tenant()).announce(tx.conn()).await?;
        Ok(new)
    }

    /// Replaces a key by one that may do the same. The former goes on for `overlap` hours.
    ///
    /// # Errors
    /// As [`Access::create_key`]; [`Error::Conflict`] with `key_not_active` for a key that has ended or was replaced.
    pub async fn rotate_key(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        application: ApplicationId,
        id: ApiKeyId,
        overlap: u32,
    ) -> Result<NewKey> {
        let application = applications::hold(tx, ctx, application, None).await?;
        let former = get(tx, application.id, id).await?;
        let mut fields = Fields::default();
        fields.check(
            overlap <= LONGEST_OVERLAP,
            "overlap_hours",
            "out_of_range",
            "Choose 0 to 720 hours, which is 30 days.",
        );
        fields.finish()?;
        if former.state(ctx.now()) != State::Active {
            return Err(Error::conflict(
                "key_not_active",
                "That key has ended or was replaced already. Make a new one instead.",
            ));
        }
        let input = KeyInput {
            scopes: self.handed_on(ctx, &application, &former.scopes)?,
            name: former.name.clone(),
            env: former.env,
            allowed_cidrs: former.allowed_cidrs.clone(),
            rate_limit_per_min: former.rate_limit_per_min,
            expires_at: former.expires_at,
        };
        let ends = ctx.now().plus(Duration::from_hours(u64::from(overlap)));
        // First, so that the former does not count among the keys in use when it ends at once.
        store::set_revoke_at(tx, former.id, ends).await?;
        let new = self
            .insert(tx, ctx, &application, &input, Some(former.id))
            .await?;
        ctx.audit("workspace.api_key.rotated")
            .on("api_key", new.key.id, &new.key.name)
            .detail(serde_json::json!({
                "application": application.name, "former": former.masked(), "key": new.key.masked(),
                "overlap_hours": overlap,
            }))
            .write(tx)
            .await?;
        self.tell_owners(tx, ctx, &application, &new.key, "An API key was replaced")
            .await?;
        Change::Keys(tx.tenant()).announce(tx.conn()).await?;
        Ok(new)
    }

    /// Ends a key now, on every node. Doing it again changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn revoke_key(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        application: ApplicationId,
        id: ApiKeyId,
        reason: RevokeReason,
    ) -> Result<Key> {
        let application = applications::hold(tx, ctx, application, None).await?;
        let key = get(tx, application.id, id).await?;
        if key.revoked_at.is_some() {
            return Ok(key);
        }
        let by = ctx.person()?.membership;
        store::revoke(tx, id, by, reason, ctx.now()).await?;
        ctx.audit("workspace.api_key.revoked")
            .on("api_key", id, &key.name)
            .detail(serde_json::json!({
                "application": application.name, "key": key.masked(), "reason": reason.as_str(),
            }))
            .write(tx)
            .await?;
        Change::Keys(tx.tenant()).announce(tx.conn()).await?;
        get(tx, application.id, id).await
    }

    async fn insert(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        application: &Application,
        input: &KeyInput,
        rotated_from: Option<ApiKeyId>,
    ) -> Result<NewKey> {
        if application.status == Status::Disabled {
            return Err(Error::conflict(
                "application_disabled",
                "The application is switched off. Switch it on first.",
            ));
        }
        // Under the lock on the application, which every change of its keys takes.
        if store::in_use(tx, application.id, ctx.now()).await? >= MOST {
            return Err(Error::conflict(
                "too_many_keys",
                "The application has 20 keys in use. Revoke one that is not needed first.",
            ));
        }
        let text = KeyText::generate(input.env);
        let id = ApiKeyId::new();
        let fresh = Fresh {
            id,
            application: application.id,
            name: &input.name,
            text: &text,
            hash: self.secrets().pepper.hash(&text),
            env: input.env,
            scopes: &input.scopes,
            allowed_cidrs: &input.allowed_cidrs,
            rate_limit_per_min: input.rate_limit_per_min,
            expires_at: input.expires_at,
            rotated_from,
            maker: ctx.person()?.membership,
        };
        store::insert(tx, &fresh, ctx.now()).await?;
        let key = get(tx, application.id, id).await?;
        Ok(NewKey { key, text })
    }

    /// The scopes of these names, in the order in which they are offered. Nobody hands on what they may not do themselves.
    fn handed_on(
        &self,
        ctx: &Ctx,
        application: &Application,
        names: &[String],
    ) -> Result<Vec<String>> {
        let refuse = |code, message: String| Err(FieldError::new("scopes", code, message).into());
        let all = self.offered(&application.product);
        if let Some(unknown) = names
            .iter()
            .find(|name| all.clone().all(|scope| scope.key != **name))
        {
            return refuse("unknown", format!("There is no scope {unknown}."));
        }
        let chosen = all.filter(|scope| names.iter().any(|name| name == scope.key));
        for scope in chosen.clone() {
            if !scope
                .permissions
                .iter()
                .all(|permission| ctx.may(permission))
            {
                let message = format!(
                    "The scope {} allows more than you may do yourself. Ask an owner to make this key.",
                    scope.key
                );
                return refuse("escalation", message);
            }
        }
        Ok(chosen.map(|scope| scope.key.to_owned()).collect())
    }

    /// Writes to the owners: a key that nobody expected must not stay unnoticed.
    async fn tell_owners(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        application: &Application,
        key: &Key,
        subject: &str,
    ) -> Result<()> {
        let tenant = ctx.tenant();
        let links = ctx.app().links();
        let brand = Brand {
            name: tenant.name.clone(),
            color: tenant.brand.clone(),
            logo_url: tenant
                .logo
                .as_ref()
                .map(|hash| ctx.link(&format!("/_t/logo/{hash}"))),
            host: links.tenant_host(&tenant.slug),
        };
        let maker = &ctx.person()?.name;
        for owner in tenants::owners(tx).await? {
            Letter::new("access.key_created", format!("{subject} for {}", application.name))
                .to(&owner.email, &owner.name)
                .brand(brand.clone())
                .paragraph(format!(
                    "{maker} made a key with which a program can reach {}. If that was not expected, revoke it.",
                    tenant.name
                ))
                .fact("Application", &application.name)
                .fact("Key", format!("{}, {}", key.name, key.masked()))
                .fact("Scopes", key.scopes.join(", "))
                .button(
                    "Look at the key",
                    ctx.link(&format!("/app/settings/applications/{}", application.id)),
                )
                .fine_print("You get this because you own the workspace.")
                .send(tx.conn(), Some(tenant.id), ctx.now())
                .await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn key() -> Key {
        Key {
            id: ApiKeyId::new(),
            application: ApplicationId::new(),
            name: "Front end".into(),
            public_id: "AbCdEf012345".into(),
            last4: "9xYz".into(),
            env: Env::Live,
            scopes: vec!["posts:read".into()],
            allowed_cidrs: Vec::new(),
            rate_limit_per_min: None,
            expires_at: None,
            revoke_at: None,
            revoked_at: None,
            revoke_reason: None,
            rotated_from: None,
            created_by: MembershipId::new(),
            maker: "Mara".into(),
            maker_is_here: true,
            created_at: at("2026-03-01T09:00:00Z"),
            last_used_at: None,
            last_used_ip: None,
        }
    }

    #[test]
    fn the_state_follows_from_the_dates() {
        let now = at("2026-03-02T09:00:00Z");
        let (before, after) = (at("2026-03-02T08:59:59Z"), at("2026-03-02T09:00:01Z"));
        let state = |change: fn(&mut Key, Timestamp), time| {
            let mut key = key();
            change(&mut key, time);
            key.state(now)
        };
        assert_eq!(key().state(now), State::Active);
        assert_eq!(
            state(|key, time| key.expires_at = Some(time), after),
            State::Active
        );
        assert_eq!(
            state(|key, time| key.expires_at = Some(time), now),
            State::Expired
        );
        assert_eq!(
            state(|key, time| key.revoke_at = Some(time), after),
            State::Retiring
        );
        assert_eq!(
            state(|key, time| key.revoke_at = Some(time), now),
            State::Revoked
        );
        assert_eq!(
            state(|key, time| key.revoked_at = Some(time), before),
            State::Revoked
        );
    }

    #[test]
    fn reasons_survive_the_database() {
        for (reason, _) in RevokeReason::ALL {
            assert_eq!(RevokeReason::parse(reason.as_str()), Some(reason));
        }
    }
}
