//! The platform behind a real socket, for a real browser: real clock, worker and listener for changes included.

use std::collections::HashMap;
use std::sync::Arc;

use database::notify::Listener;
use database::{Binding, Change};
use kernel::Clock;
use module::Links;
use server::http::listener::{self, Limits};
use server::platform::{Parts, Platform};
use server::settings::Settings;
use services::Mailer;
use testkit::{Database, Role};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Bytes;
use super::app::TEMPLATE;

/// A development server on a free port. It ends with the test.
pub struct LiveApp {
    pub platform: Arc<Platform>,
    /// Where it listens.
    pub port: u16,
    _stop: DropGuard,
    _bytes: Bytes,
    pub database: Database,
}

impl LiveApp {
    /// With a catalogue, and nobody in it.
    pub async fn start() -> Self {
        let database = Database::new(&TEMPLATE).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener
            .local_addr()
            .expect("the address of a socket")
            .port();
        let settings = Settings::from_environment(&HashMap::new()).expect("defaults");
        let http = settings.http.clone();
        let limits = Limits {
            headers: http.header_timeout(),
            drain: http.drain_timeout(),
        };
        let bytes = Bytes::new();
        let parts = Parts {
            development: true,
            links: Links::parse(&format!("http://localhost:{port}")).expect("a base URL"),
            clock: Clock::system(),
            tenant_pool: database.pool(Role::Tenant),
            platform_pool: database.pool(Role::Platform),
            binding: Binding::Plain,
            mailer: Mailer::Development,
            proxies: tenant_resolver::Proxies::default(),
            files: bytes.settings(),
            http,
            // Limits have tests of their own; whoever asks here may ask often.
            access: server::settings::Access {
                key_requests: u32::MAX,
                tenant_requests: u32::MAX,
                ..settings.access.clone()
            },
            job_limit: settings.worker.job_limit(),
            billing_operators: Vec::new(),
        };
        let platform = Arc::new(Platform::build(parts).expect("a platform"));
        platform.catalog.seed().await.expect("the catalogue");

        let stop = CancellationToken::new();
        let heard = Arc::clone(&platform);
        Listener::new(database.options(Role::Owner)).start(stop.clone(), move |change| {
            heard.forget(change);
            if matches!(change, Change::Work | Change::Everything) {
                heard.worker.wake();
            }
        });
        let working = (Arc::clone(&platform), stop.clone());
        tokio::spawn(async move { working.0.worker.run(working.1).await });
        let router = platform.router.clone();
        tokio::spawn(listener::serve(listener, router, limits, stop.clone()));
        Self {
            platform,
            port,
            _stop: stop.drop_guard(),
            _bytes: bytes,
            database,
        }
    }

    /// An address on the base host.
    pub fn base(&self, path: &str) -> String {
        self.platform.app.links().base(path)
    }

    /// An address on the operators' host.
    pub fn ops(&self, path: &str) -> String {
        self.platform.app.links().ops(path)
    }

    /// An address on a tenant's host.
    pub fn tenant(&self, slug: &str, path: &str) -> String {
        self.platform.app.links().tenant(slug, path)
    }
}
