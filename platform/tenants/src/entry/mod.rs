//! The way from the base host into a tenant: a code that works once, for a minute, in one browser.
//!
//! The tenant's host plants a nonce and sends the browser to the base host with its hash; the base host answers with
//! a code that is bound to that hash, the host and the person; the tenant's host exchanges it for a session of its own.
//! No cookie is ever shared between hosts, and a code that somebody else planted in the address is of no use.

pub(crate) mod base_pages;
mod store;
pub(crate) mod tenant_pages;

use std::time::Duration;

use accounts::sessions::{self, NewSession, SessionId};
use accounts::tokens::{self, NewToken, Purpose, Subject};
use accounts::{Secret, SessionToken};
use kernel::{Error, Result, TenantId, Timestamp, UserId};
use module::{Links, RequestFacts};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tenant_resolver::Tenant;

use crate::roles::HeldRole;
use crate::{Tenants, members};

/// How long the code between the hosts is good.
pub const HOP_CODE_LIFETIME: Duration = Duration::from_mins(1);

/// One of a person's workspaces.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The tenant.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// Label of its address.
    pub slug: String,
    /// The person's built-in roles there, strongest first.
    pub roles: Vec<HeldRole>,
    /// When they last entered.
    pub last_seen_at: Option<Timestamp>,
}

/// Who goes into a tenant.
#[derive(Clone, Copy, Debug)]
pub struct Traveller {
    /// The person.
    pub user: UserId,
    /// Their log-in on the base host: the session on the tenant's ends with it.
    pub login: Option<SessionId>,
}

/// What a code carries from one host to the other.
#[derive(Debug, Serialize, Deserialize)]
struct Passage {
    host: String,
    state: String,
    next: String,
    login: Option<SessionId>,
}

impl Tenants {
    /// The workspaces that a person may enter, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn workspaces(&self, user: UserId) -> Result<Vec<Workspace>> {
        let mut tx = self.db().begin().await?;
        store::workspaces(tx.conn(), user, self.now()).await
    }

    /// Issues the code that takes a person into a tenant, to the browser that knows the nonce behind `state`.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such tenant, and just so when the person may not enter it.
    pub async fn issue_code(
        &self,
        traveller: Traveller,
        slug: &str,
        state: &str,
        next: &str,
        now: Timestamp,
    ) -> Result<Secret> {
        let mut tx = self.db().begin().await?;
        let tenant = store::enterable(tx.conn(), slug, traveller.user)
            .await?
            .ok_or(Error::NotFound("workspace"))?;
        let passage = Passage {
            host: host(self.links(), slug),
            state: state.to_owned(),
            next: next.to_owned(),
            login: traveller.login,
        };
        let token = NewToken {
            purpose: Purpose::SsoHandoff,
            subject: Subject::User(traveller.user),
            tenant: Some(tenant),
            payload: serde_json::to_value(passage)?,
            lifetime: HOP_CODE_LIFETIME,
        };
        let code = tokens::issue(tx.conn(), token, now).await?;
        tx.commit().await?;
        Ok(code)
    }

    /// Exchanges a code for a session on the tenant's host, and says where to go on.
    ///
    /// The code is used up whatever comes of it.
    ///
    /// # Errors
    /// [`Error::Gone`] when the code is not good here: used, expired, of another host or another browser.
    pub async fn redeem_code(
        &self,
        tenant: &Tenant,
        code: &str,
        nonce: Option<&str>,
        request: &RequestFacts,
        now: Timestamp,
    ) -> Result<(SessionToken, String)> {
        let mut tx = self.db().begin().await?;
        let token = tokens::consume(tx.conn(), Purpose::SsoHandoff, code, now).await?;
        tx.commit().await?;
        let token = token.ok_or_else(refused)?;
        let passage: Passage = serde_json::from_value(token.payload)?;
        let here = host(self.links(), &tenant.slug);
        let same_browser = nonce.is_some_and(|nonce| state_of(nonce) == passage.state);
        if token.tenant != Some(tenant.id) || passage.host != here || !same_browser {
            return Err(refused());
        }
        let user = token.user.ok_or_else(refused)?;
        // Somebody removed within this minute does not get in.
        let principal = self.principal(tenant.id, user).await?.ok_or_else(refused)?;
        let mut tx = self.db().begin().await?;
        let session = NewSession {
            user,
            tenant: Some(tenant.id),
            login: passage.login,
            host: &here,
            ip: request.ip,
            user_agent: &request.user_agent,
            now,
        };
        let session = sessions::create(tx.conn(), session).await?;
        members::seen(tx.conn(), tenant.id, principal.membership, now).await?;
        tx.commit().await?;
        Ok((session, passage.next))
    }
}

/// The host of a tenant as sessions are bound to it: without port.
fn host(links: &Links, slug: &str) -> String {
    format!("{slug}.{}", links.host())
}

/// What the base host sees of a nonce.
fn state_of(nonce: &str) -> String {
    format!("{:x}", Sha256::digest(nonce.as_bytes()))
}

fn refused() -> Error {
    Error::Gone("This way into the workspace works once, for a minute. Start again.".into())
}
