//! The platform put together: from pools and settings to a router and a worker.
//!
//! The server and the tests build it in the same way; they differ in the clock, the mailer and the pools.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use access::Access;
use accounts::Accounts;
use axum::{Extension, Router};
use billing::Billing;
use catalog::Catalog;
use console::Console;
use database::{Binding, Change, PlatformDb};
use files::{Files, FilesSettings};
use kernel::{Clock, Email, Error, Result};
use messaging::Messaging;
use module::{App, Links, RouteFacts};
use services::Mailer;
use sqlx::PgPool;
use tenant_resolver::{BaseHost, Proxies, ResolverState, TenantResolver};
use tenants::Tenants;
use ui::Assets;
use utoipa::openapi::OpenApi;
use worker::Worker;

use crate::http::{Front, Principals, health::Health};
use crate::modules;
use crate::openapi::describe;
use crate::router::{Table, Wiring, assemble, bind, same_site};
use crate::settings::{self, Http};

/// What the platform is built from.
pub struct Parts {
    /// Whether pages for developers are mounted and assets read from the source tree.
    pub development: bool,
    /// Absolute addresses.
    pub links: Links,
    /// The clock.
    pub clock: Clock,
    /// Pool of the role `atelier_tenant`.
    pub tenant_pool: PgPool,
    /// Pool of the role `atelier_platform`.
    pub platform_pool: PgPool,
    /// How tenants are bound to transactions.
    pub binding: Binding,
    /// How mail leaves.
    pub mailer: Mailer,
    /// Networks of believed proxies.
    pub proxies: Proxies,
    /// Where files are kept.
    pub files: FilesSettings,
    /// Limits of requests.
    pub http: Http,
    /// Secrets and limits of programs.
    pub access: settings::Access,
    /// How long a job may run.
    pub job_limit: Duration,
    /// Who at the platform is told when a tenant asks for an invoice.
    pub billing_operators: Vec<Email>,
}

/// The platform, ready to serve and to work.
pub struct Platform {
    /// State of the handlers.
    pub app: App,
    /// The database across tenants.
    pub db: PlatformDb,
    /// People.
    pub accounts: Accounts,
    /// Tenants.
    pub tenants: Tenants,
    /// Programs and their keys.
    pub access: Access,
    /// Subscriptions.
    pub billing: Billing,
    /// Products and plans.
    pub catalog: Catalog,
    /// Mail and notifications.
    pub messaging: Messaging,
    /// Files.
    pub files: Files,
    /// Readiness.
    pub health: Health,
    /// Everything that is served.
    pub router: Router,
    /// Every route with its gate.
    pub routes: Vec<RouteFacts>,
    /// The API's description.
    pub description: Arc<OpenApi>,
    /// The job runner.
    pub worker: Worker,
    principals: Principals,
}

impl Platform {
    /// Puts the platform together. Nothing runs yet.
    ///
    /// # Errors
    /// When the base URL's host cannot stand for a platform, or files cannot be kept where the settings say.
    pub fn build(parts: Parts) -> Result<Self> {
        let db = PlatformDb::new(parts.platform_pool.clone());
        let (clock, links) = (parts.clock, parts.links);
        let catalog = Catalog::new(db.clone(), clock.clone());
        let billing = Billing::new(
            db.clone(),
            clock.clone(),
            crate::hooks::billing(&links, &parts.billing_operators),
        );
        let accounts = Accounts::new(db.clone());
        let tenants = Tenants::new(
            db.clone(),
            clock.clone(),
            links.clone(),
            crate::hooks::hooks(&clock),
        );
        let resolver = TenantResolver::new(
            parts.tenant_pool,
            parts.binding,
            Arc::new(tenants.directory()),
        );
        let app = App::new(clock.clone(), links.clone(), resolver.clone())
            .with_notifications(modules::notifications())
            .with_people(Arc::new(tenants.clone()))
            .with_scopes(modules::scopes());
        let access = Access::new(
            db.clone(),
            tenants.clone(),
            parts.access.secrets(),
            parts.access.budget(),
            &modules::manifests(),
            modules::SHARED_SCOPES,
        );
        let messaging = Messaging::new(db.clone(), parts.mailer);
        let files = Files::open(&parts.files)?;
        let principals = Principals::new(db.clone(), clock.clone(), tenants.clone(), &links);
        let slots = modules::slots();
        let root = parts
            .development
            .then(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
        let assets = Arc::new(Assets::new(&crate::modules::assets(), root.as_deref()));
        let health = Health::new(parts.platform_pool);

        let table = Table::new(parts.development);
        let facts = table.facts();
        let (base, _, _) = table.base.into_parts();
        let base = same_site(bind(base, &app, |router| {
            router
                .layer(Extension(accounts.clone()))
                .layer(Extension(tenants.clone()))
                .layer(Extension(catalog.clone()))
                .layer(Extension(messaging.clone()))
        }));
        let (tenant, collected, _) = table.tenant.into_parts();
        let description = Arc::new(describe(collected, &facts));
        let keyed = bind(tenant, &app, |router| {
            router
                .layer(Extension(accounts.clone()))
                .layer(Extension(tenants.clone()))
                .layer(Extension(access.clone()))
                .layer(Extension(catalog.clone()))
                .layer(Extension(billing.clone()))
                .layer(Extension(messaging.clone()))
                .layer(Extension(files.clone()))
                .layer(Extension(slots.clone()))
                .layer(Extension(Arc::clone(&description)))
        });
        let tenant = same_site(keyed.clone());
        let console = Console::new(
            db.clone(),
            accounts.clone(),
            billing.clone(),
            modules::manifests(),
            crate::schema::installed(),
        );
        let (ops, _, _) = table.ops.into_parts();
        let ops = same_site(bind(ops, &app, |router| router.layer(Extension(console))));
        let front = Front {
            app: app.clone(),
            principals: principals.clone(),
            access: access.clone(),
            messaging: messaging.clone(),
            assets,
            slots,
            base,
            tenant,
            keyed,
            ops,
        };
        let base_host = BaseHost::parse(&links.base("")).map_err(|error| {
            Error::bad_request("settings", format!("Settings: http.base_url: {error}"))
        })?;
        let resolver = ResolverState {
            resolver,
            base: Arc::new(base_host),
            proxies: Arc::new(parts.proxies),
        };
        let wiring = Wiring {
            app: app.clone(),
            resolver,
            front,
            health: health.clone(),
        };
        let router = assemble(wiring, &parts.http);
        let worker = Worker::new(
            app.clone(),
            db.clone(),
            modules::jobs(),
            modules::subscriptions(),
            crate::hooks::platform_jobs(&accounts, &messaging, &tenants, &billing, &files),
            parts.job_limit,
        );
        Ok(Self {
            app,
            db,
            accounts,
            tenants,
            access,
            billing,
            catalog,
            messaging,
            files,
            health,
            router,
            routes: facts,
            description,
            worker,
            principals,
        })
    }

    /// Forgets what a change made stale, in every cache.
    pub fn forget(&self, change: Change) {
        self.principals.forget(change);
        self.access.forget(change);
        match change {
            Change::Tenant(tenant) => self.app.resolver().forget(tenant),
            Change::Everything => self.app.resolver().forget_everything(),
            Change::Members(_) | Change::User(_) | Change::Keys(_) | Change::Work => {}
        }
    }
}
