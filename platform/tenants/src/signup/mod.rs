//! Signing up: an address is held, a mail confirmed, a tenant opened.

mod address;
pub(crate) mod mail;
pub(crate) mod pages;
mod store;

use std::net::IpAddr;
use std::time::Duration;

use accounts::limits::{self, Limit};
use accounts::{Secret, passwords, users};
use database::Change;
use kernel::{
    Email, Error, FieldError, Fields, MembershipId, Result, Slug, TenantId, Timestamp, UserId, Zone,
};
use module::{Actor, Audit, RequestFacts};
use sqlx::PgConnection;
use tenant_resolver::Lookup;

use crate::members::{self, NewMember};
use crate::{Tenants, roles};

pub use address::{Availability, Reason};

/// How long an address waits for its confirmation, and its link works.
pub const HOLD: Duration = Duration::from_hours(24);
/// Checks of an address from one network.
const CHECKS: Limit = Limit::new("signup.check", 30, Duration::from_mins(1));
/// Sign-ups from one network.
const SIGNUPS: Limit = Limit::new("signup.network", 5, Duration::from_hours(1));
/// Sign-ups of one address that may wait at once.
const SLOTS: i16 = 3;
/// Longest name of a workspace, in characters.
pub(crate) const NAME_MAX: usize = 80;
/// Longest name of a person, in characters.
const PERSON_MAX: usize = 120;

/// What the form of the sign-up page sends.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct SignupForm {
    /// What the person does: `photo`, `music` or `blog`.
    pub interest: String,
    /// Name of the workspace.
    pub name: String,
    /// Its address.
    pub slug: String,
    /// The person's name; what stands before the `@` without it.
    pub person: String,
    /// Their mail address.
    pub email: String,
    /// The password they choose.
    pub password: String,
    /// Their zone as the browser knows it.
    pub time_zone: String,
}

/// The workspace that somebody asks for, checked.
#[derive(Clone, Debug)]
struct Wanted {
    interest: Option<&'static str>,
    name: String,
    slug: Slug,
    time_zone: String,
}

/// What the products are called where a person says what they do.
pub(crate) const INTERESTS: [&str; 3] = ["photo", "music", "blog"];

/// A tenant that has just been opened, for those who give it what it needs.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// Its id.
    pub id: TenantId,
    /// Label of its address.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Key of the module that the person signed up for.
    pub interest: Option<String>,
    /// The person who owns it.
    pub owner: UserId,
    /// Their place in it.
    pub membership: MembershipId,
    /// When it was opened.
    pub at: Timestamp,
}

/// Gives a new tenant what it needs, in the transaction that opens it: billing starts the trial.
pub trait Provision: Send + Sync + 'static {
    /// Does so. An error keeps the tenant from being opened.
    fn provision<'a>(&'a self, conn: &'a mut PgConnection, tenant: &'a NewTenant)
    -> Lookup<'a, ()>;
}

/// A tenant was opened.
#[derive(Debug, serde::Serialize)]
pub struct TenantCreated {
    /// Label of its address.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Key of the module that the person signed up for.
    pub interest: Option<String>,
    /// The place of its owner.
    pub owner: MembershipId,
}

impl module::Event for TenantCreated {
    const KIND: &'static str = "tenant.created";
}

/// What waits behind a link of confirmation.
#[derive(Clone, Debug)]
pub struct Pending {
    /// The tenant.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// Label of its address.
    pub slug: String,
    /// The address that the link was sent to.
    pub email: String,
    interest: Option<String>,
    time_zone: String,
    person_name: String,
    password_hash: String,
}

/// A tenant whose sign-up was confirmed.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// The tenant.
    pub tenant: NewTenant,
    /// Whether the person had an account before. They sign in with the password they have had.
    pub known: bool,
}

impl Tenants {
    /// Counts a check of an address; too many from one network are refused.
    pub(crate) async fn count_check(&self, ip: IpAddr, now: Timestamp) -> Result<()> {
        self.count(CHECKS, &limits::network(ip), now).await
    }

    /// Asks for a workspace: holds its address for a day and sends a link to confirm.
    ///
    /// Known and unknown mail addresses get the same answer in the same time; only the mails differ.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what breaks rules, an address that is taken among them; [`Error::TooMany`].
    pub async fn sign_up(&self, form: &SignupForm, ip: IpAddr, now: Timestamp) -> Result<()> {
        let mut fields = Fields::default();
        let wanted = read(form, &mut fields);
        let email = fields.take(Email::parse(&form.email));
        fields.check(
            form.person.trim().chars().count() <= PERSON_MAX,
            "person",
            "too_long",
            "Use at most 120 characters.",
        );
        if let Err(error) = passwords::check(
            "password",
            &form.password,
            &[form.email.trim(), form.name.trim(), form.person.trim()],
        ) {
            fields.push(error);
        }
        fields.finish()?;
        let (Some(wanted), Some(email)) = (wanted, email) else {
            return Err(Error::internal("a form without errors has all its values"));
        };
        self.count(SIGNUPS, &limits::network(ip), now).await?;
        // Hashed for everybody alike: this is most of the time that the answer takes.
        let hash = passwords::hash(&form.password).await?;
        let person = match form.person.trim() {
            "" => email.as_str().split('@').next().unwrap_or_default(),
            name => name,
        };
        let secret = Secret::generate();
        let signup = store::NewSignup {
            tenant: TenantId::new(),
            email: &email,
            person,
            password_hash: &hash,
            token_hash: &secret.hash(),
            ip,
        };
        match self.hold(&wanted, &signup, &secret, now).await {
            Err(error) if is_taken(&error) => {
                // The same person sending the form twice is no stranger to their own address.
                if self.send_again(&wanted.slug, &email, now).await? {
                    Ok(())
                } else {
                    Err(error)
                }
            }
            outcome => outcome,
        }
    }

    async fn hold(
        &self,
        wanted: &Wanted,
        signup: &store::NewSignup<'_>,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<()> {
        let until = now.plus(HOLD);
        let mut tx = self.db().begin().await?;
        address::release_expired(tx.conn(), &wanted.slug, now).await?;
        store::delete_expired_of(tx.conn(), signup.email, now).await?;
        store::insert_tenant(tx.conn(), signup.tenant, wanted, Some(until), now).await?;
        address::claim(tx.conn(), signup.tenant, &wanted.slug, Some(until), now).await?;
        let mut waiting = false;
        for slot in 1..=SLOTS {
            if store::insert_signup(tx.conn(), signup, slot, until, now).await? {
                waiting = true;
                break;
            }
        }
        if !waiting {
            return Err(FieldError::new(
                "email",
                "too_many_pending",
                "Three workspaces wait for a confirmation from this address already. Open one of our mails first.",
            )
            .into());
        }
        let known = users::find_by_email(tx.conn(), signup.email)
            .await?
            .is_some();
        mail::confirm(
            self.links(),
            signup.email,
            &wanted.name,
            &wanted.slug,
            secret,
            known,
        )
        .send(tx.conn(), None, now)
        .await?;
        tx.commit().await
    }

    /// Sends a fresh link for a sign-up that waits already. Its password stays the one chosen first: whoever knows
    /// somebody's mail address must not be able to replace it.
    async fn send_again(&self, slug: &Slug, email: &Email, now: Timestamp) -> Result<bool> {
        let secret = Secret::generate();
        let mut tx = self.db().begin().await?;
        let Some(name) = store::replace_token(tx.conn(), slug, email, &secret.hash(), now).await?
        else {
            return Ok(false);
        };
        let known = users::find_by_email(tx.conn(), email).await?.is_some();
        mail::confirm(self.links(), email, &name, slug, &secret, known)
            .send(tx.conn(), None, now)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// What waits behind a link; `None` when it was used, has expired or never was.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pending(&self, token: &str, now: Timestamp) -> Result<Option<Pending>> {
        let Some(secret) = Secret::parse(token) else {
            return Ok(None);
        };
        let mut tx = self.db().begin().await?;
        store::find_signup(tx.conn(), &secret.hash(), now).await
    }

    /// Confirms a sign-up: opens the tenant with its owner, roles and trial, in the caller's transaction.
    ///
    /// # Errors
    /// [`Error::Gone`] when the link was used, has expired or never was; of many at once exactly one gets through.
    pub async fn confirm(
        &self,
        conn: &mut PgConnection,
        token: &str,
        request: &RequestFacts,
        now: Timestamp,
    ) -> Result<Confirmed> {
        let signup = match Secret::parse(token) {
            Some(secret) => store::take_signup(&mut *conn, &secret.hash(), now).await?,
            None => None,
        };
        let signup = signup.ok_or_else(used)?;
        let email = Email::parse(&signup.email)?;
        let created = users::create(
            &mut *conn,
            users::NewUser {
                email: &email,
                name: &signup.person_name,
                password_hash: Some(&signup.password_hash),
                locale: "en-US",
                time_zone: &signup.time_zone,
                verified: true,
            },
            now,
        )
        .await?;
        let (owner, owner_name, known) = if let Some(user) = created {
            (user, signup.person_name.clone(), false)
        } else {
            let user = users::find_by_email(&mut *conn, &email)
                .await?
                .ok_or_else(|| Error::internal("an address that is taken has an owner"))?;
            users::confirm_email(&mut *conn, user.id, now).await?;
            (user.id, user.name, true)
        };
        store::activate(&mut *conn, signup.tenant, now).await?;
        address::settle(&mut *conn, signup.tenant).await?;
        let tenant = NewTenant {
            id: signup.tenant,
            slug: signup.slug,
            name: signup.name,
            interest: signup.interest,
            owner,
            membership: MembershipId::new(),
            at: now,
        };
        self.open(conn, &tenant, &owner_name, &email, request)
            .await?;
        Ok(Confirmed { tenant, known })
    }

    /// Opens a workspace for somebody who is signed in, and so has confirmed their address already.
    ///
    /// # Errors
    /// As [`Tenants::sign_up`].
    pub async fn create_workspace(
        &self,
        account: &module::Account,
        form: &SignupForm,
        request: &RequestFacts,
        now: Timestamp,
    ) -> Result<NewTenant> {
        let mut fields = Fields::default();
        let wanted = read(form, &mut fields);
        fields.finish()?;
        let wanted =
            wanted.ok_or_else(|| Error::internal("a form without errors has all its values"))?;
        self.count(SIGNUPS, &limits::network(request.ip), now)
            .await?;
        let email = Email::parse(&account.email)?;
        let mut tx = self.db().begin().await?;
        let tenant = NewTenant {
            id: TenantId::new(),
            slug: wanted.slug.to_string(),
            name: wanted.name.clone(),
            interest: wanted.interest.map(str::to_owned),
            owner: account.user,
            membership: MembershipId::new(),
            at: now,
        };
        address::release_expired(tx.conn(), &wanted.slug, now).await?;
        store::insert_tenant(tx.conn(), tenant.id, &wanted, None, now).await?;
        address::claim(tx.conn(), tenant.id, &wanted.slug, None, now).await?;
        self.open(tx.conn(), &tenant, &account.name, &email, request)
            .await?;
        tx.commit().await?;
        Ok(tenant)
    }

    /// What every new tenant gets: roles, its owner, what the hooks add, a welcome, and its first entry of the audit log.
    async fn open(
        &self,
        conn: &mut PgConnection,
        tenant: &NewTenant,
        owner_name: &str,
        email: &Email,
        request: &RequestFacts,
    ) -> Result<()> {
        let owner_role = roles::provision(&mut *conn, tenant.id, tenant.at).await?;
        let owner = NewMember {
            id: tenant.membership,
            user: tenant.owner,
            name: owner_name,
            email,
        };
        members::insert(&mut *conn, tenant.id, &owner, tenant.at).await?;
        members::give_roles(
            &mut *conn,
            tenant.id,
            tenant.membership,
            &[owner_role],
            tenant.at,
        )
        .await?;
        for hook in self.provision() {
            hook.provision(&mut *conn, tenant).await?;
        }
        mail::welcome(self.links(), email, owner_name, &tenant.name, &tenant.slug)
            .send(&mut *conn, Some(tenant.id), tenant.at)
            .await?;
        let event = TenantCreated {
            slug: tenant.slug.clone(),
            name: tenant.name.clone(),
            interest: tenant.interest.clone(),
            owner: tenant.membership,
        };
        module::emit_for(&mut *conn, tenant.id, &event, tenant.at).await?;
        Audit::new("workspace.tenant.created", tenant.at)
            .request(request)
            .by(Actor::Member(tenant.membership.0), owner_name)
            .on("workspace", tenant.id, &tenant.name)
            .write_for(&mut *conn, tenant.id)
            .await?;
        Change::Tenant(tenant.id).announce(conn).await
    }

    /// Removes sign-ups that nobody confirmed in time, with the names and password hashes in them. Their addresses can
    /// be had without this, too. Returns how many went; safe to repeat and to run on several nodes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn purge(&self, now: Timestamp) -> Result<u64> {
        let mut tx = self.db().begin().await?;
        let removed = store::delete_expired(tx.conn(), now).await?;
        tx.commit().await?;
        let ended = crate::guests::store::delete_ended(self.db().pool(), now).await?;
        Ok(removed + ended)
    }

    /// Whether an address can be had, and what else could be.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn availability(&self, slug: &str, now: Timestamp) -> Result<Availability> {
        let mut tx = self.db().begin().await?;
        address::availability(tx.conn(), slug, now).await
    }
}

/// Reads the part of the form that speaks of the workspace.
fn read(form: &SignupForm, fields: &mut Fields) -> Option<Wanted> {
    let interest = INTERESTS
        .into_iter()
        .find(|interest| *interest == form.interest);
    fields.check(
        interest.is_some() || form.interest.is_empty(),
        "interest",
        "invalid",
        "Choose one of the three.",
    );
    check_name(fields, &form.name);
    let slug = fields.take(address::read(&form.slug))?;
    Some(Wanted {
        interest,
        name: form.name.trim().to_owned(),
        slug,
        // What the browser says is a guess; the settings have the last word.
        time_zone: Zone::named(&form.time_zone)
            .unwrap_or(Zone::UTC)
            .name()
            .to_owned(),
    })
}

pub(crate) fn check_name(fields: &mut Fields, name: &str) {
    let length = name.trim().chars().count();
    fields
        .check(length > 0, "name", "required", "Give the workspace a name.")
        .check(
            length <= NAME_MAX,
            "name",
            "too_long",
            "Use at most 80 characters.",
        )
        .check(
            !name.chars().any(char::is_control),
            "name",
            "invalid",
            "Use letters, digits and signs only.",
        );
}

fn is_taken(error: &Error) -> bool {
    error
        .field_errors()
        .iter()
        .any(|field| field.field == "slug" && field.code == "taken")
}

pub(crate) fn used() -> Error {
    Error::Gone("This link has been used already, or it is older than a day.".into())
}

pub(crate) use address::{claim, read as read_address, release_expired, retire, taken};
