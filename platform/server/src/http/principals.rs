//! Who is asking: sessions and memberships, cached for half a minute.
//!
//! Every change to either announces itself ([`database::Change`]) and is forgotten here at once, on
//! every node; the limit on age only covers news that was lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use accounts::{Session, SessionKind, cookies, operators, sessions};
use database::{Change, PlatformDb};
use http::HeaderMap;
use kernel::{Clock, OperatorRole, Result, TenantId, UserId};
use module::{Account, GuestPass, Operator, Person};
use moka::future::Cache;
use tenant_resolver::{Tenant, TenantSite};
use tenants::{Tenants, Workspace, guest_cookies};

const KEEP: Duration = Duration::from_secs(30);
const CAPACITY: u64 = 20_000;

/// What a session is remembered by: the hash of its token, never the token.
type TokenHash = [u8; 32];

/// Finds out who is asking.
#[derive(Clone)]
pub struct Principals {
    db: PlatformDb,
    clock: Clock,
    tenants: Tenants,
    base_host: String,
    ops_host: String,
    secure: bool,
    /// Counts changes: what was read before one and stored after it must not be kept.
    news: Arc<AtomicU64>,
    sessions: Cache<TokenHash, Option<Arc<Session>>>,
    members: Cache<(TenantId, UserId), Option<Arc<Person>>>,
    workspaces: Cache<UserId, Arc<Vec<Workspace>>>,
    operators: Cache<UserId, Option<OperatorRole>>,
}

impl Principals {
    /// A finder over these tenants.
    #[must_use]
    pub fn new(db: PlatformDb, clock: Clock, tenants: Tenants, links: &module::Links) -> Self {
        Self {
            db,
            clock,
            tenants,
            base_host: links.host().to_owned(),
            ops_host: format!("ops.{}", links.host()),
            secure: links.secure(),
            news: Arc::default(),
            sessions: Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_live(KEEP)
                .support_invalidation_closures()
                .build(),
            members: Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_live(KEEP)
                .support_invalidation_closures()
                .build(),
            workspaces: Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_live(KEEP)
                .build(),
            operators: Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_live(KEEP)
                .build(),
        }
    }

    /// The account that is signed in on the base host.
    pub async fn account(&self, headers: &HeaderMap) -> Result<Option<Account>> {
        let session = self
            .session(SessionKind::Person, headers, None, &self.base_host)
            .await?;
        Ok(session.map(|session| Account {
            user: session.user,
            name: session.name.clone(),
            email: session.email.clone(),
        }))
    }

    /// The operator who is signed in at the console.
    pub async fn operator(&self, headers: &HeaderMap) -> Result<Option<Operator>> {
        let kind = SessionKind::Operator;
        let Some(session) = self.session(kind, headers, None, &self.ops_host).await? else {
            return Ok(None);
        };
        let role = if let Some(kept) = self.operators.get(&session.user).await {
            kept
        } else {
            let mut conn = self.db.pool().acquire().await?;
            let before = self.news.load(Ordering::Acquire);
            let found = operators::find(&mut conn, session.user).await?;
            self.operators.insert(session.user, found).await;
            if self.news.load(Ordering::Acquire) != before {
                self.operators.invalidate(&session.user).await;
            }
            found
        };
        Ok(role.map(|role| Operator {
            user: session.user,
            name: session.name.clone(),
            email: session.email.clone(),
            role,
        }))
    }

    /// The member of `tenant` who is asking.
    pub async fn member(
        &self,
        headers: &HeaderMap,
        tenant: &Tenant,
    ) -> Result<Option<Arc<Person>>> {
        let host = format!("{}.{}", tenant.slug, self.base_host);
        let session = self
            .session(SessionKind::Person, headers, Some(tenant.id), &host)
            .await?;
        let Some(session) = session else {
            return Ok(None);
        };
        let now = self.clock.now();
        if let Some(member) = self.members.get(&(tenant.id, session.user)).await
            && member
                .as_ref()
                .is_none_or(|member| member.until.is_none_or(|end| now < end))
        {
            return Ok(member);
        }
        let before = self.news.load(Ordering::Acquire);
        let principal = self.tenants.principal(tenant.id, session.user).await?;
        let member = principal.map(|principal| Arc::new(principal.into_person(session.user)));
        self.members
            .insert((tenant.id, session.user), member.clone())
            .await;
        if self.news.load(Ordering::Acquire) != before {
            self.members.invalidate(&(tenant.id, session.user)).await;
        }
        Ok(member)
    }

    /// The guest who is asking: somebody who came by a link. Never kept, so that a link that is taken back ends at once.
    pub async fn guest(
        &self,
        headers: &HeaderMap,
        site: &TenantSite,
    ) -> Result<Option<Arc<GuestPass>>> {
        let Some(session) = guest_cookies::read(headers, self.secure) else {
            return Ok(None);
        };
        let mut tx = site.db.begin().await?;
        let guest = self
            .tenants
            .guest(&mut tx, &session, self.clock.now())
            .await?;
        Ok(guest.map(Arc::new))
    }

    /// The session whose cookie came with the request, if it is alive and belongs to this host.
    ///
    /// One that belongs to another host is as good as none: whoever sends it here took it there.
    async fn session(
        &self,
        kind: SessionKind,
        headers: &HeaderMap,
        tenant: Option<TenantId>,
        host: &str,
    ) -> Result<Option<Arc<Session>>> {
        let Some(token) = cookies::read_of(kind, headers, self.secure) else {
            return Ok(None);
        };
        let (hash, now) = (token.hash(), self.clock.now());
        let session = if let Some(kept) = self.sessions.get(&hash).await {
            kept
        } else {
            let mut conn = self.db.pool().acquire().await?;
            let before = self.news.load(Ordering::Acquire);
            let found = sessions::find(&mut conn, &token, now).await?.map(Arc::new);
            self.sessions.insert(hash, found.clone()).await;
            if self.news.load(Ordering::Acquire) != before {
                self.sessions.invalidate(&hash).await;
            }
            found
        };
        let Some(session) = session else {
            return Ok(None);
        };
        let elsewhere = session.tenant != tenant || session.kind != kind;
        if elsewhere || !session.is_good(host, now) {
            if elsewhere {
                tracing::warn!(session = %session.id, host, "a session was shown to a host that is not its own");
            }
            return Ok(None);
        }
        if session.needs_touch(now) {
            let mut conn = self.db.pool().acquire().await?;
            sessions::touch(&mut conn, &session, now).await?;
            self.sessions.invalidate(&hash).await;
        }
        Ok(Some(session))
    }

    /// The workspaces of a person, for the switcher.
    pub async fn workspaces(&self, user: UserId) -> Result<Arc<Vec<Workspace>>> {
        if let Some(workspaces) = self.workspaces.get(&user).await {
            return Ok(workspaces);
        }
        let workspaces = Arc::new(self.tenants.workspaces(user).await?);
        self.workspaces.insert(user, Arc::clone(&workspaces)).await;
        Ok(workspaces)
    }

    /// Forgets what a change made stale.
    pub fn forget(&self, change: Change) {
        if change != Change::Work {
            self.news.fetch_add(1, Ordering::Release);
        }
        match change {
            Change::User(user) => {
                let stale = self.sessions.invalidate_entries_if(move |_, session| {
                    session.as_ref().is_none_or(|session| session.user == user)
                });
                if stale.is_err() {
                    self.sessions.invalidate_all();
                }
                self.workspaces.invalidate_all();
                self.operators.invalidate_all();
            }
            Change::Members(tenant) => {
                let stale = self
                    .members
                    .invalidate_entries_if(move |(of, _), _| *of == tenant);
                if stale.is_err() {
                    self.members.invalidate_all();
                }
                self.workspaces.invalidate_all();
            }
            Change::Tenant(_) => self.workspaces.invalidate_all(),
            Change::Everything => {
                self.sessions.invalidate_all();
                self.members.invalidate_all();
                self.workspaces.invalidate_all();
                self.operators.invalidate_all();
            }
            Change::Keys(_) | Change::Work => {}
        }
    }
}
