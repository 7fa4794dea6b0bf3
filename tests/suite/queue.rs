//! What the tests of the queue share: tenants, a worker over a database of its own, and handlers that leave traces.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use database::migrate::Owner;
use database::{Binding, PlatformDb};
use futures::future::BoxFuture;
use kernel::{Clock, Currency, Error, Result, Standing, TenantId, Timestamp, Zone};
use module::{App, Event, Job, JobContext, JobFuture, Jobs, Links, Subscriptions};
use serde::{Deserialize, Serialize};
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};
use tenant_resolver::{
    Listing, Lookup, Tenant, TenantDirectory, TenantResolver, TenantStatus, TenantTx,
};
use testkit::{Database, Role, Template};
use tokio::sync::Notify;
use worker::{PlatformJobs, Worker};

static ACCESS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/access");

/// How long a job may run here.
pub const LIMIT: Duration = Duration::from_mins(1);

static TEMPLATE: Template = Template {
    key: "queue-2",
    owners: &[
        Owner {
            key: "worker",
            migrator: &worker::MIGRATOR,
        },
        Owner {
            key: "accounts",
            migrator: &accounts::MIGRATOR,
        },
        Owner {
            key: "tenants",
            migrator: &tenants::MIGRATOR,
        },
        Owner {
            key: "access",
            migrator: &ACCESS,
        },
        Owner {
            key: "messaging",
            migrator: &messaging::MIGRATOR,
        },
    ],
    seed: Some(traces),
};

/// A tenant table in which handlers leave traces, in the order of their commits as far as the clock can tell.
fn traces(mut connection: PgConnection) -> BoxFuture<'static, sqlx::Result<()>> {
    Box::pin(async move {
        connection
            .execute(
                "create table traces (
                     tenant_id uuid not null, id uuid not null default gen_random_uuid(), name text not null,
                     at timestamptz not null default clock_timestamp(), primary key (tenant_id, id));
                 alter table traces enable row level security;
                 alter table traces force row level security;
                 create policy tenant on traces to atelier_tenant
                     using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
                     with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
                 create policy platform on traces to atelier_platform using (true) with check (true);
                 grant insert on traces to atelier_tenant;
                 grant select on traces to atelier_platform",
            )
            .await?;
        connection.close().await
    })
}

/// A job that leaves a trace of its name, or does what its name says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trace {
    pub name: String,
    pub key: Option<String>,
}

impl Job for Trace {
    const KIND: &'static str = "test.trace";

    fn unique_key(&self) -> Option<String> {
        self.key.clone()
    }
}

/// An event about which two subscribers hear.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Happened {
    pub name: String,
}

impl Event for Happened {
    const KIND: &'static str = "test.thing.happened";
}

/// Places where a handler tells the test how far it is.
#[derive(Default)]
pub struct Gate {
    /// The handler has left its trace and waits.
    pub entered: Notify,
    /// The handler may go on.
    pub open: Notify,
}

static GATES: Mutex<Option<HashMap<String, Arc<Gate>>>> = Mutex::new(None);

/// The gate of that name; handlers are plain functions, so they meet their test by name.
pub fn gate(name: &str) -> Arc<Gate> {
    let mut gates = GATES.lock().unwrap_or_else(PoisonError::into_inner);
    let gates = gates.get_or_insert_default();
    Arc::clone(gates.entry(name.to_owned()).or_default())
}

fn trace(tx: &mut TenantTx, context: JobContext) -> JobFuture<'_> {
    Box::pin(async move {
        let job: Trace = context.read()?;
        leave(tx, &job.name).await?;
        let (what, detail) = job.name.split_once(':').unwrap_or((&job.name, ""));
        match what {
            "fail" => Err(Error::internal("it was told to fail")),
            "panic" => panic!("it was told to panic"),
            "gate" => {
                let gate = gate(detail);
                gate.entered.notify_one();
                gate.open.notified().await;
                Ok(())
            }
            _ => Ok(()),
        }
    })
}

fn first(tx: &mut TenantTx, context: JobContext) -> JobFuture<'_> {
    Box::pin(async move {
        let event: Happened = context.read()?;
        leave(tx, &format!("first {}", event.name)).await
    })
}

/// Fails until its gate was opened once.
fn second(tx: &mut TenantTx, context: JobContext) -> JobFuture<'_> {
    Box::pin(async move {
        let event: Happened = context.read()?;
        leave(tx, &format!("second {}", event.name)).await?;
        let open = tokio::time::timeout(Duration::ZERO, gate(&event.name).open.notified()).await;
        open.map_err(|_| Error::Unavailable("The second subscriber"))
    })
}

async fn leave(tx: &mut TenantTx, name: &str) -> Result<()> {
    sqlx::query("insert into traces (tenant_id, name) values ($1, $2)")
        .bind(tx.tenant())
        .bind(name)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The tenants of a test.
#[derive(Clone, Default)]
pub struct Tenants(Arc<Mutex<HashMap<TenantId, Arc<Tenant>>>>);

impl Tenants {
    /// Puts a tenant in place of the one of its id.
    pub fn put(&self, id: TenantId, status: TenantStatus, standings: Vec<Standing>) {
        let tenant = Tenant {
            id,
            slug: format!("t{}", id.0.simple()),
            name: "Northlight".into(),
            status,
            zone: Zone::UTC,
            currency: Currency::EUR,
            locale: "en".into(),
            brand: "#c2410c".into(),
            logo: None,
            standings,
            overrides: Vec::new(),
        };
        let mut tenants = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tenants.insert(id, Arc::new(tenant));
    }

    fn find(&self, id: TenantId) -> Option<Arc<Tenant>> {
        let tenants = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tenants.get(&id).cloned()
    }
}

impl TenantDirectory for Tenants {
    fn by_slug<'a>(&'a self, _: &'a str) -> Lookup<'a, Option<Listing>> {
        Box::pin(async { Ok(None) })
    }

    fn by_domain<'a>(&'a self, _: &'a str) -> Lookup<'a, Option<Listing>> {
        Box::pin(async { Ok(None) })
    }

    fn by_id(&self, id: TenantId) -> Lookup<'_, Option<Arc<Tenant>>> {
        Box::pin(async move { Ok(self.find(id)) })
    }
}

/// A database, the clock, the tenants, and what is needed to make workers over them.
pub struct Queue {
    pub database: Database,
    pub clock: Clock,
    pub tenants: Tenants,
    pub app: App,
    pub db: PlatformDb,
}

impl Queue {
    pub async fn new() -> Self {
        let database = Database::new(&TEMPLATE).await;
        let clock = Clock::fixed("2026-03-02T09:00:00Z".parse().unwrap());
        let tenants = Tenants::default();
        let resolver = TenantResolver::new(
            database.pool(Role::Tenant),
            Binding::Plain,
            Arc::new(tenants.clone()),
        );
        let links = Links::parse("http://localhost:8080").unwrap();
        let app = App::new(clock.clone(), links, resolver);
        let db = PlatformDb::new(database.pool(Role::Platform));
        Self {
            database,
            clock,
            tenants,
            app,
            db,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// An active tenant without any subscription.
    pub fn tenant(&self) -> TenantId {
        let id = TenantId::new();
        self.tenants.put(id, TenantStatus::Active, Vec::new());
        id
    }

    pub fn worker(&self) -> Worker {
        self.worker_with(PlatformJobs::default())
    }

    pub fn worker_with(&self, platform: PlatformJobs) -> Worker {
        let mut jobs = Jobs::default();
        jobs.on::<Trace>(trace);
        let mut subscriptions = Subscriptions::default();
        subscriptions.on(Happened::KIND, "test.first", first);
        subscriptions.on(Happened::KIND, "test.second", second);
        Worker::new(
            self.app.clone(),
            self.db.clone(),
            jobs,
            subscriptions,
            platform,
            LIMIT,
        )
    }

    pub async fn begin(&self, tenant: TenantId) -> TenantTx {
        let site = self.app.resolver().by_id(tenant).await.unwrap();
        site.expect("a tenant").db.begin().await.unwrap()
    }

    /// Queues jobs of these names, due now.
    pub async fn enqueue(&self, tenant: TenantId, names: impl IntoIterator<Item = String>) {
        let mut tx = self.begin(tenant).await;
        for name in names {
            let job = Trace { name, key: None };
            module::enqueue(&mut tx, &job, self.now()).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// Names of all traces of a tenant, in the order of their making.
    pub async fn traces(&self, tenant: TenantId) -> Vec<String> {
        sqlx::query_scalar("select name from traces where tenant_id = $1 order by at")
            .bind(tenant)
            .fetch_all(self.db.pool())
            .await
            .unwrap()
    }

    /// The jobs of the tests' kinds: state, attempts, last error.
    pub async fn jobs(&self) -> Vec<(String, i32, Option<String>)> {
        let rows = sqlx::query(
            "select state, attempts, last_error from jobs where kind <> 'platform.worker.purge' order by id",
        );
        let rows = rows.fetch_all(self.db.pool()).await.unwrap();
        rows.iter()
            .map(|row| (row.get(0), row.get(1), row.get(2)))
            .collect()
    }
}
