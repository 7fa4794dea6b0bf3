//! A PostgreSQL server for a run of tests, and a database of its own for each test.
//!
//! The server is the one that `TEST_DATABASE_URL` names (`cargo dev test` starts one for all test programs), or a
//! throw-away one of this process, which ends with it. Each database is a copy of a template in which the migrations
//! have run already, because copying takes a fraction of the time of migrating.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;

use database::migrate::{self, Owner};
use database::roles;
use futures::future::BoxFuture;
use localdb::{Config, LocalServer};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, PgPool, Row as _};
use tokio::sync::{Mutex, OnceCell};

/// Names the server that tests use: the address of a superuser who needs no password for any role.
pub const TEST_DATABASE_URL: &str = "TEST_DATABASE_URL";

/// Databases older than this were left by a test program that was killed.
const LEFTOVER_AFTER_SECONDS: i64 = 3600;

/// Who a test connects as. The server itself runs as the first two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Modules and tenant services: sees the rows of the bound tenant.
    Tenant,
    /// Features of the platform, and the worker.
    Platform,
    /// Migrations alone.
    Owner,
    /// The administrator of the server: for reading catalogues and planting faults, never for what is tested.
    Superuser,
}

/// Fills a template after its migrations, connected as the owner of its tables.
pub type Seed = fn(PgConnection) -> BoxFuture<'static, sqlx::Result<()>>;

/// What the databases of a set of tests hold at their start.
#[derive(Debug)]
pub struct Template {
    /// A short name. Change it together with [`Template::seed`], whose changes cannot be seen from outside.
    pub key: &'static str,
    /// Whose migrations run, in the order of their dependencies.
    pub owners: &'static [Owner],
    /// Rows that every test of the set needs.
    pub seed: Option<Seed>,
}

impl Template {
    /// The name of the template's database: another one as soon as a migration or its grants differ.
    #[must_use]
    pub fn database_name(&self) -> String {
        let mut hasher = DefaultHasher::new();
        (self.key, self.seed.is_some()).hash(&mut hasher);
        for owner in self.owners {
            owner.key.hash(&mut hasher);
            for migration in owner.migrator.iter() {
                (migration.version, &migration.checksum).hash(&mut hasher);
            }
        }
        format!("tpl_{:016x}", hasher.finish())
    }
}

/// The server that the tests of this process use.
#[derive(Debug)]
pub struct Cluster {
    superuser: PgConnectOptions,
    /// Templates known to be there. The lock also keeps the tests of this process from building one at once.
    templates: Mutex<Vec<String>>,
    /// Seconds since 1970 by the server's clock when this process came.
    since: i64,
    /// Names of databases that are no longer needed.
    finished: mpsc::Sender<String>,
    /// The end of the process ends it; a static value is never dropped.
    _own: Option<LocalServer>,
}

/// The server of this process, started at the first call.
pub async fn cluster() -> &'static Cluster {
    static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
    CLUSTER.get_or_init(Cluster::connect).await
}

impl Cluster {
    async fn connect() -> Self {
        let given = std::env::var(TEST_DATABASE_URL)
            .ok()
            .filter(|url| !url.is_empty());
        let (superuser, own) = if let Some(url) = given {
            let options = url
                .parse::<PgConnectOptions>()
                .expect("TEST_DATABASE_URL is an address");
            (options, None)
        } else {
            let started = LocalServer::start(Config::throwaway()).await;
            let server = started.unwrap_or_else(|error| panic!("{error}"));
            (server.superuser_options("postgres"), Some(server))
        };
        let mut connection = PgConnection::connect_with(&superuser)
            .await
            .expect("the test server answers");
        roles::ensure(&mut connection, None)
            .await
            .unwrap_or_else(|error| panic!("the roles on the test server: {error}"));
        let since = connection
            .fetch_one("select extract(epoch from now())::int8")
            .await
            .expect("the server's time")
            .get(0);
        sweep(&mut connection, since).await;
        assert_run_time_roles(&superuser).await;
        let finished = start_janitor(superuser.clone());
        Self {
            superuser,
            templates: Mutex::default(),
            since,
            finished,
            _own: own,
        }
    }

    /// How to connect to `database`.
    #[must_use]
    pub fn options(&self, role: Role, database: &str) -> PgConnectOptions {
        let options = self.superuser.clone().database(database);
        match role {
            Role::Tenant => options.username(roles::TENANT),
            Role::Platform => options.username(roles::PLATFORM),
            Role::Owner => options.username(roles::OWNER),
            Role::Superuser => options,
        }
    }

    async fn administrator(&self) -> PgConnection {
        PgConnection::connect_with(&self.superuser)
            .await
            .expect("the test server answers")
    }

    /// Builds the template where it is missing: once for a server, whichever process comes first.
    async fn ensure(&self, template: &Template) -> String {
        let name = template.database_name();
        let mut known = self.templates.lock().await;
        if known.contains(&name) {
            return name;
        }
        let mut connection = self.administrator().await;
        // Held until this connection closes.
        let lock = sqlx::query("select pg_advisory_lock(hashtext($1))").bind(&name);
        lock.execute(&mut connection)
            .await
            .expect("the lock of the template");
        let present = sqlx::query("select from pg_database where datname = $1").bind(&name);
        if present
            .fetch_optional(&mut connection)
            .await
            .expect("the list of databases")
            .is_none()
        {
            self.build(template, &name, &mut connection).await;
        }
        connection.close().await.expect("a connection closes");
        known.push(name.clone());
        name
    }

    /// Works under another name, so that the template appears complete or not at all.
    async fn build(&self, template: &Template, name: &str, administrator: &mut PgConnection) {
        let building = format!("{name}_building");
        run(
            administrator,
            format!("drop database if exists {building} with (force)"),
        )
        .await;
        run(
            administrator,
            format!("create database {building} owner {}", roles::OWNER),
        )
        .await;
        let mut inside = self.session(Role::Superuser, &building).await;
        roles::ensure(&mut inside, None)
            .await
            .unwrap_or_else(|error| panic!("the rights in the template {}: {error}", template.key));
        inside.close().await.expect("a connection closes");
        migrate::migrate(self.options(Role::Owner, &building), template.owners)
            .await
            .unwrap_or_else(|error| {
                panic!("the migrations of the template {}: {error}", template.key)
            });
        if let Some(seed) = template.seed {
            let connection = self.session(Role::Owner, &building).await;
            seed(connection).await.unwrap_or_else(|error| {
                panic!("the seed of the template {}: {error}", template.key)
            });
        }
        run(
            administrator,
            format!("alter database {building} rename to {name}"),
        )
        .await;
        // A session in the template would keep it from being copied.
        run(
            administrator,
            format!("alter database {name} with allow_connections false"),
        )
        .await;
    }

    async fn session(&self, role: Role, database: &str) -> PgConnection {
        let options = self.options(role, database);
        PgConnection::connect_with(&options)
            .await
            .unwrap_or_else(|error| panic!("{role:?} connects to {database}: {error}"))
    }
}

/// A database of one test's own. It is dropped with this value.
#[derive(Debug)]
pub struct Database {
    cluster: &'static Cluster,
    name: String,
}

impl Database {
    /// A fresh copy of the template.
    pub async fn new(template: &Template) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let cluster = cluster().await;
        let source = cluster.ensure(template).await;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("t_{}_{}_{count}", cluster.since, std::process::id());
        let mut connection = cluster.administrator().await;
        let owner = roles::OWNER;
        run(
            &mut connection,
            format!("create database {name} template {source} strategy file_copy owner {owner}"),
        )
        .await;
        // Rights on a database are not copied.
        let (tenant, platform, backup) = (roles::TENANT, roles::PLATFORM, roles::BACKUP);
        let rights = format!(
            "revoke all on database {name} from public;
             grant connect on database {name} to {owner}, {tenant}, {platform}, {backup}"
        );
        run(&mut connection, rights).await;
        connection.close().await.expect("a connection closes");
        Self { cluster, name }
    }

    /// Its name on the server.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How to connect as `role`.
    #[must_use]
    pub fn options(&self, role: Role) -> PgConnectOptions {
        self.cluster.options(role, &self.name)
    }

    /// One connection.
    pub async fn connect(&self, role: Role) -> PgConnection {
        self.cluster.session(role, &self.name).await
    }

    /// A pool of up to five connections, none of them open yet.
    #[must_use]
    pub fn pool(&self, role: Role) -> PgPool {
        PgPoolOptions::new()
            .max_connections(5)
            .connect_lazy_with(self.options(role))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // At the end of the process the thread may be gone; a later run sweeps then.
        let _ = self.cluster.finished.send(std::mem::take(&mut self.name));
    }
}

/// Drops databases on a thread of its own, because the runtime of a test ends with the test.
fn start_janitor(superuser: PgConnectOptions) -> mpsc::Sender<String> {
    let (sender, names) = mpsc::channel::<String>();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let mut connection = None;
        for name in names {
            runtime.block_on(async {
                if connection.is_none() {
                    connection = PgConnection::connect_with(&superuser).await.ok();
                }
                if let Some(open) = &mut connection {
                    let drop = format!("drop database if exists {name} with (force)");
                    if open.execute(AssertSqlSafe(drop)).await.is_err() {
                        connection = None;
                    }
                }
            });
        }
    });
    sender
}

async fn run(connection: &mut PgConnection, statement: String) {
    if let Err(error) = connection.execute(AssertSqlSafe(statement.clone())).await {
        panic!("{statement}: {error}");
    }
}

/// Drops what test programs left that were killed more than an hour ago. One that is in use stays.
async fn sweep(connection: &mut PgConnection, now: i64) {
    let leftovers = sqlx::query(
        "select datname from pg_database
          where datname ~ '^t_[0-9]+_[0-9]+_[0-9]+$' and split_part(datname, '_', 2)::int8 < $1",
    );
    let leftovers = leftovers
        .bind(now - LEFTOVER_AFTER_SECONDS)
        .fetch_all(&mut *connection)
        .await;
    for row in leftovers.expect("the list of databases") {
        let name: String = row.get(0);
        // Refused while somebody is connected, or when another process was faster.
        let _ = connection
            .execute(AssertSqlSafe(format!("drop database if exists {name}")))
            .await;
    }
}

/// A test that ran as a superuser would prove nothing about isolation: neither row security nor grants bind one.
async fn assert_run_time_roles(superuser: &PgConnectOptions) {
    for role in [roles::TENANT, roles::PLATFORM] {
        let privileged = is_privileged(superuser, role).await;
        assert!(
            !privileged,
            "{role} can pass row security; drop the role, so that it is made anew"
        );
    }
}

/// Whether a role, or one that it may become, is a superuser or can get around row security.
async fn is_privileged(superuser: &PgConnectOptions, role: &str) -> bool {
    let options = superuser.clone().username(role);
    let mut connection = PgConnection::connect_with(&options)
        .await
        .expect("the role may connect");
    let row = connection
        .fetch_one(
            "select current_user::text,
                    bool_or(rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)
               from pg_roles
              where pg_has_role(current_user, oid, 'member')",
        )
        .await
        .expect("the attributes of a role");
    assert_eq!(
        row.get::<String, _>(0),
        role,
        "the test server takes {role} for somebody else"
    );
    row.get(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    static TEMPLATE: Template = Template {
        key: "testkit",
        owners: &[],
        seed: Some(seed),
    };

    fn seed(mut connection: PgConnection) -> BoxFuture<'static, sqlx::Result<()>> {
        Box::pin(async move {
            connection
                .execute(
                    "create table item (n int primary key); insert into item values (1);
                     grant select, insert on item to atelier_tenant",
                )
                .await?;
            connection.close().await
        })
    }

    async fn count(connection: &mut PgConnection) -> i64 {
        connection
            .fetch_one("select count(*) from item")
            .await
            .unwrap()
            .get(0)
    }

    #[tokio::test]
    async fn each_test_has_a_copy_of_its_own() {
        let (first, second) = tokio::join!(Database::new(&TEMPLATE), Database::new(&TEMPLATE));
        let mut in_first = first.connect(Role::Tenant).await;
        let mut in_second = second.connect(Role::Tenant).await;
        in_first
            .execute("insert into item values (2)")
            .await
            .unwrap();
        assert_eq!(count(&mut in_first).await, 2);
        assert_eq!(count(&mut in_second).await, 1);
    }

    #[tokio::test]
    async fn a_test_runs_with_the_rights_of_the_roles() {
        let database = Database::new(&TEMPLATE).await;
        let mut tenant = database.connect(Role::Tenant).await;
        for refused in [
            "delete from item",
            "create table mine ()",
            "create temporary table mine ()",
            "drop table item",
        ] {
            assert!(tenant.execute(refused).await.is_err(), "{refused}");
        }
        let pool = database.pool(Role::Platform);
        assert!(pool.execute("select from item").await.is_err());
        let mut owner = database.connect(Role::Owner).await;
        owner.execute("create table more (n int)").await.unwrap();
    }

    #[tokio::test]
    async fn a_database_ends_with_its_test_even_when_connections_are_open() {
        let database = Database::new(&TEMPLATE).await;
        let name = database.name().to_owned();
        let _open = database.connect(Role::Tenant).await;
        drop(database);
        let mut administrator = cluster().await.administrator().await;
        let gone = async {
            let known = "select from pg_database where datname = $1";
            while sqlx::query(known)
                .bind(&name)
                .fetch_optional(&mut administrator)
                .await
                .unwrap()
                .is_some()
            {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), gone)
            .await
            .expect("the database is dropped");
    }

    #[tokio::test]
    async fn leftovers_of_killed_programs_are_swept_and_others_stay() {
        let cluster = cluster().await;
        let mut administrator = cluster.administrator().await;
        let id = std::process::id();
        let (old, new) = (
            format!("t_1000000000_{id}_0"),
            format!("t_{}_{id}_999999", cluster.since),
        );
        for name in [&old, &new] {
            run(&mut administrator, format!("create database {name}")).await;
        }
        sweep(&mut administrator, cluster.since).await;
        let left = sqlx::query("select datname::text from pg_database where datname in ($1, $2)")
            .bind(&old)
            .bind(&new);
        let left = left.fetch_all(&mut administrator).await.unwrap();
        assert_eq!(
            left.iter()
                .map(|row| row.get::<String, _>(0))
                .collect::<Vec<_>>(),
            std::slice::from_ref(&new)
        );
        run(&mut administrator, format!("drop database {new}")).await;
    }

    #[test]
    fn another_seed_or_key_is_another_template() {
        let names = [
            TEMPLATE.database_name(),
            Template {
                key: "other",
                owners: &[],
                seed: Some(seed),
            }
            .database_name(),
            Template {
                key: "testkit",
                owners: &[],
                seed: None,
            }
            .database_name(),
        ];
        assert_eq!(
            names.iter().collect::<std::collections::HashSet<_>>().len(),
            3
        );
        assert_eq!(names[0], TEMPLATE.database_name());
    }

    /// The sentinel has to find what it is there for.
    #[tokio::test]
    async fn a_run_time_role_with_a_privilege_is_found() {
        let cluster = cluster().await;
        let mut administrator = cluster.administrator().await;
        // A role of this test's own, so that the other tests keep theirs.
        let role = format!("probe_{}", std::process::id());
        run(
            &mut administrator,
            format!(
                "create role {role} login bypassrls; grant connect on database postgres to {role}"
            ),
        )
        .await;
        let privileged = is_privileged(&cluster.superuser, &role).await;
        run(&mut administrator, format!("alter role {role} nobypassrls")).await;
        let plain = is_privileged(&cluster.superuser, &role).await;
        run(
            &mut administrator,
            format!("grant atelier_backup to {role}"),
        )
        .await;
        let by_membership = is_privileged(&cluster.superuser, &role).await;
        run(
            &mut administrator,
            format!("drop owned by {role}; drop role {role}"),
        )
        .await;
        assert_eq!((privileged, plain, by_membership), (true, false, true));
    }
}
