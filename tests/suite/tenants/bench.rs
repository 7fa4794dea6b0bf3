//! What the tests of tenants share.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use accounts::users::{self, NewUser};
use axum::body::Body;
use axum::response::Response;
use axum::{Extension, Router};
use database::migrate::Owner;
use database::{Binding, PlatformDb};
use http::{Method, Request};
use kernel::{
    Clock, Email, Error, LimitOverride, MembershipId, Permission, Role, Standing, TenantId,
    Timestamp, UserId,
};
use module::{Account, App, Ctx, Links, RequestFacts, Visitor};
use sqlx::PgConnection;
use tenant_resolver::{Lookup, TenantResolver, TenantSite, TenantTx};
use tenants::{Hooks, NewTenant, Provision, SignupForm, StandingsSource, Tenants};
use testkit::{Database, Role as DatabaseRole, Template};
use tower::ServiceExt as _;

static TEMPLATE: Template = Template {
    key: "tenants",
    owners: &[
        Owner {
            key: "worker",
            migrator: &worker::MIGRATOR,
        },
        Owner {
            key: "accounts",
            migrator: &::accounts::MIGRATOR,
        },
        Owner {
            key: "tenants",
            migrator: &::tenants::MIGRATOR,
        },
        Owner {
            key: "messaging",
            migrator: &messaging::MIGRATOR,
        },
    ],
    seed: None,
};

pub const PASSWORD: &str = "quiet harbour lights";
pub const DAY: Duration = Duration::from_hours(24);

/// Permissions of a product and of billing, so that roles differ.
static OTHERS: [Permission; 3] = [
    Permission {
        key: "blog.posts.publish",
        title: "Publish posts",
        roles: &[Role::Manager, Role::Editor],
    },
    Permission {
        key: "blog.posts.write",
        title: "Write posts",
        roles: &[Role::Manager, Role::Editor, Role::Author],
    },
    Permission {
        key: "billing.plan.change",
        title: "Change the plan",
        roles: &[Role::Billing],
    },
];

struct NoSubscriptions;

impl StandingsSource for NoSubscriptions {
    fn standings<'a>(&'a self, _: &'a mut PgConnection, _: TenantId) -> Lookup<'a, Vec<Standing>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn overrides<'a>(
        &'a self,
        _: &'a mut PgConnection,
        _: TenantId,
    ) -> Lookup<'a, Vec<LimitOverride>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// Stands for billing: remembers what was opened, and can refuse.
#[derive(Default)]
pub struct Opened {
    pub tenants: Mutex<Vec<NewTenant>>,
    pub refuse: Mutex<bool>,
}

impl Provision for Opened {
    fn provision<'a>(&'a self, _: &'a mut PgConnection, tenant: &'a NewTenant) -> Lookup<'a, ()> {
        Box::pin(async move {
            if *self.refuse.lock().unwrap() {
                return Err(Error::Unavailable("Billing"));
            }
            self.tenants.lock().unwrap().push(tenant.clone());
            Ok(())
        })
    }
}

pub struct Bench {
    pub database: Database,
    pub db: PlatformDb,
    pub clock: Clock,
    pub tenants: Tenants,
    pub resolver: TenantResolver,
    pub app: App,
    pub opened: Arc<Opened>,
}

impl Bench {
    pub async fn new() -> Self {
        let database = Database::new(&TEMPLATE).await;
        let db = PlatformDb::new(database.pool(DatabaseRole::Platform));
        let clock = Clock::fixed("2026-03-01T09:00:00Z".parse().unwrap());
        let links = Links::parse("https://atelier.test").unwrap();
        let opened = Arc::new(Opened::default());
        let hooks = Hooks {
            standings: Arc::new(NoSubscriptions),
            provision: vec![opened.clone()],
            permissions: ::tenants::PERMISSIONS.iter().chain(&OTHERS).collect(),
            areas: Vec::new(),
        };
        let tenants = Tenants::new(db.clone(), clock.clone(), links.clone(), hooks);
        let resolver = TenantResolver::new(
            database.pool(DatabaseRole::Tenant),
            Binding::Plain,
            Arc::new(tenants.directory()),
        );
        let app = App::new(clock.clone(), links, resolver.clone());
        Self {
            database,
            db,
            clock,
            tenants,
            resolver,
            app,
            opened,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The latest link in a mail to an address that leads to a path beginning so: what follows it.
    pub async fn link(&self, email: &str, path: &str) -> String {
        let text: String = sqlx::query_scalar(
            "select body_text from mail_messages
             where lower(to_address) = lower($1) and strpos(body_text, $2) > 0 order by created_at desc, id desc limit 1",
        )
        .bind(email)
        .bind(path)
        .fetch_one(self.db.pool())
        .await
        .unwrap();
        let start = text.find(path).unwrap() + path.len();
        text[start..]
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
            .collect()
    }

    pub async fn count(&self, statement: &'static str) -> i64 {
        let mut connection = self.database.connect(DatabaseRole::Superuser).await;
        sqlx::query_scalar(statement)
            .fetch_one(&mut connection)
            .await
            .unwrap()
    }

    /// Signs up and confirms.
    pub async fn open(&self, slug: &str, email: &str) -> NewTenant {
        self.tenants
            .sign_up(&form(slug, email), some_ip(), self.now())
            .await
            .unwrap();
        let token = self.link(email, "/signup/confirm/").await;
        self.confirm(&token).await.unwrap().tenant
    }

    pub async fn confirm(&self, token: &str) -> kernel::Result<::tenants::Confirmed> {
        let mut tx = self.db.begin().await?;
        let confirmed = self
            .tenants
            .confirm(tx.conn(), token, &facts(Method::POST, "/"), self.now())
            .await?;
        tx.commit().await?;
        Ok(confirmed)
    }

    /// A person with a confirmed address and no workspace.
    pub async fn person(&self, email: &str, name: &str) -> UserId {
        let mut tx = self.db.begin().await.unwrap();
        let user = NewUser {
            email: &Email::parse(email).unwrap(),
            name,
            password_hash: None,
            locale: "en-US",
            time_zone: "UTC",
            verified: true,
        };
        let id = users::create(tx.conn(), user, self.now()).await.unwrap();
        tx.commit().await.unwrap();
        id.unwrap()
    }

    /// A member with roles, by way of an invitation from the owner.
    pub async fn member(&self, tenant: &NewTenant, email: &str, roles: &[Role]) -> UserId {
        let user = self.person(email, email.split('@').next().unwrap()).await;
        let owner = self.ctx(tenant.id, tenant.owner).await;
        let mut tx = owner.begin().await.unwrap();
        let invite = ::tenants::InviteForm {
            email: email.into(),
            roles: roles.iter().copied().map(Into::into).collect(),
        };
        self.tenants.invite(&mut tx, &owner, &invite).await.unwrap();
        tx.commit().await.unwrap();
        let token = self.link(email, "/invite/").await;
        self.accept(&token, user, email).await.unwrap();
        user
    }

    pub async fn accept(
        &self,
        token: &str,
        user: UserId,
        email: &str,
    ) -> kernel::Result<::tenants::Offer> {
        let email = Email::parse(email).unwrap();
        let guest = ::tenants::Guest {
            user,
            name: email.as_str().split('@').next().unwrap(),
            email: &email,
        };
        let mut tx = self.db.begin().await?;
        let request = facts(Method::POST, "/");
        let offer = self
            .tenants
            .accept_invitation(tx.conn(), token, &guest, &request, self.now())
            .await?;
        tx.commit().await?;
        Ok(offer)
    }

    pub async fn site(&self, tenant: TenantId) -> TenantSite {
        self.resolver.forget_everything();
        self.resolver.by_id(tenant).await.unwrap().unwrap()
    }

    pub async fn begin(&self, tenant: TenantId) -> TenantTx {
        self.site(tenant).await.db.begin().await.unwrap()
    }

    pub async fn membership(&self, tenant: TenantId, user: UserId) -> MembershipId {
        let principal = self.tenants.principal(tenant, user).await.unwrap();
        principal.unwrap().membership
    }

    /// What the server's middleware makes of a request by a member.
    pub async fn ctx(&self, tenant: TenantId, user: UserId) -> Ctx {
        self.ctx_for(tenant, Some(user), facts(Method::POST, "/"))
            .await
    }

    async fn ctx_for(&self, tenant: TenantId, user: Option<UserId>, facts: RequestFacts) -> Ctx {
        let site = self.site(tenant).await;
        let person = match user {
            Some(user) => self
                .tenants
                .principal(tenant, user)
                .await
                .unwrap()
                .map(|found| Arc::new(found.into_person(user))),
            None => None,
        };
        Ctx::new(self.app.clone(), site, person, facts)
    }

    /// Asks a tenant's page, as a member or as nobody.
    pub async fn ask_tenant(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        request: Request<Body>,
    ) -> Response {
        let path = request.uri().to_string();
        let facts = facts(request.method().clone(), &path);
        let ctx = self.ctx_for(tenant, user, facts).await;
        self.ask(::tenants::tenant_routes(), Extension(ctx), request)
            .await
    }

    /// Asks a page of the base host.
    pub async fn ask_base(&self, account: Option<Account>, request: Request<Body>) -> Response {
        let path = request.uri().to_string();
        let visitor = Visitor {
            app: self.app.clone(),
            request: facts(request.method().clone(), &path),
            now: self.now(),
            account,
        };
        self.ask(::tenants::base_routes(), Extension(visitor), request)
            .await
    }

    async fn ask<T: Clone + Send + Sync + 'static>(
        &self,
        routes: module::Routes,
        context: Extension<T>,
        request: Request<Body>,
    ) -> Response {
        let pages: Router = routes
            .into_parts()
            .0
            .layer(Extension(self.tenants.clone()))
            .layer(Extension(module::Slots::default()))
            .layer(context)
            .with_state(self.app.clone());
        pages.oneshot(request).await.unwrap()
    }
}

pub fn account(user: UserId, email: &str) -> Account {
    Account {
        user,
        name: email.split('@').next().unwrap().into(),
        email: email.into(),
    }
}

pub fn form(slug: &str, email: &str) -> SignupForm {
    SignupForm {
        interest: "photo".into(),
        name: format!("Studio {slug}"),
        slug: slug.into(),
        person: "Mara Lindqvist".into(),
        email: email.into(),
        password: PASSWORD.into(),
        time_zone: "Europe/Stockholm".into(),
    }
}

/// An address that nobody else in the tests has: limits on networks are not what most of them are about.
pub fn some_ip() -> IpAddr {
    use std::sync::atomic::{AtomicU32, Ordering};
    static LAST: AtomicU32 = AtomicU32::new(0x0a00_0000);
    IpAddr::V4(LAST.fetch_add(1, Ordering::Relaxed).into())
}

pub fn facts(method: Method, path: &str) -> RequestFacts {
    RequestFacts {
        id: "test".into(),
        method,
        path: path.into(),
        ip: some_ip(),
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0".into(),
    }
}

/// The code of the first broken rule of a field.
pub fn field_code<T>(result: kernel::Result<T>, field: &str) -> &'static str {
    match result {
        Err(Error::Invalid(errors)) => errors
            .iter()
            .find(|error| error.field == field)
            .map_or("another field", |error| error.code),
        Err(error) => panic!("{error:?}"),
        Ok(_) => "fine",
    }
}

/// The stable code of an error.
pub fn code<T>(result: kernel::Result<T>) -> &'static str {
    result.err().map_or("fine", |error| error.code())
}
