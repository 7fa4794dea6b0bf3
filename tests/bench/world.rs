//! What is measured: a throw-away database with tenants and posts, the platform and the thin service over it.

use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use accounts::cookies;
use accounts::sessions::{self, NewSession};
use axum::Router;
use database::{Binding, PoolSettings};
use kernel::{Clock, TenantId, UserId};
use module::Links;
use server::http::listener::{self, Limits};
use server::platform::{Parts, Platform};
use server::settings::Settings;
use services::Mailer;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use testkit::{Database, Role, Template};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use crate::Outcome;
use crate::client::{self, Caller, Mode, Operation, Plan, Tally};
use crate::thin;

/// Ticks of processor time in a second, as Linux tells every program.
const TICKS: f64 = 100.0;

/// A server with those who call it.
pub struct Side {
    address: SocketAddr,
    callers: Vec<Caller>,
}

/// Both servers over one database. They end with this value.
pub struct World {
    /// The platform.
    pub product: Side,
    /// The platform, asked by programs with keys.
    pub keyed: Side,
    /// The thin service.
    pub thin: Side,
    database: Database,
    _platform: Platform,
    _stop: DropGuard,
}

/// Processor time in seconds, so far.
pub struct ProcessorTime {
    /// Of this process.
    pub server: f64,
    /// Of each process of the database server.
    postgres: BTreeMap<i32, f64>,
}

impl ProcessorTime {
    /// What the database server used since then.
    pub fn postgres_since(&self, before: &Self) -> f64 {
        let used = |(pid, now): (&i32, &f64)| now - before.postgres.get(pid).unwrap_or(&0.0);
        self.postgres.iter().map(used).sum()
    }
}

impl World {
    /// Builds everything anew, with so many tenants and posts in each.
    pub async fn start(tenants: usize, posts: usize) -> Outcome<Self> {
        let template = Template {
            key: "bench-http",
            owners: server::schema::owners().leak(),
            seed: None,
        };
        let database = Database::new(&template).await;
        let settings = PoolSettings::default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let own = Settings::from_environment(&HashMap::new())?;
        let http = own.http.clone();
        // What is measured is the cost of counting, not the refusal.
        let pepper = own.access.secrets().pepper;
        let access = server::settings::Access {
            key_requests: u32::MAX,
            tenant_requests: u32::MAX,
            ..own.access.clone()
        };
        let limits = Limits {
            headers: http.header_timeout(),
            drain: Duration::from_secs(1),
        };
        let platform = Platform::build(Parts {
            development: false,
            links: Links::parse(&format!("http://localhost:{}", address.port()))?,
            clock: Clock::system(),
            tenant_pool: database::connect(database.options(Role::Tenant), settings).await?,
            platform_pool: database::connect(database.options(Role::Platform), settings).await?,
            binding: Binding::Plain,
            mailer: Mailer::Development,
            proxies: tenant_resolver::Proxies::default(),
            files: files::FilesSettings {
                storage: files::StorageSettings {
                    // Nothing is uploaded.
                    folder: std::env::temp_dir(),
                    ..files::StorageSettings::default()
                },
                signing_key: None,
                max_upload: 1,
            },
            http,
            access,
            job_limit: own.worker.job_limit(),
            billing_operators: Vec::new(),
        })?;
        platform.catalog.seed().await?;
        let mut administrator = database.connect(Role::Superuser).await;
        administrator
            .execute(AssertSqlSafe(rows(tenants, posts)))
            .await?;
        let (product, keyed, thin) = callers(&mut administrator, &platform, &pepper).await?;
        administrator.close().await?;

        let stop = CancellationToken::new();
        let router = platform.router.clone();
        tokio::spawn(listener::serve(listener, router, limits, stop.clone()));
        let pool = database::connect(database.options(Role::Tenant), settings).await?;
        Ok(Self {
            product: Side {
                address,
                callers: product,
            },
            keyed: Side {
                address,
                callers: keyed,
            },
            thin: serve(thin::router(pool), limits, stop.clone(), thin).await?,
            database,
            _platform: platform,
            _stop: stop.drop_guard(),
        })
    }

    /// Lets the callers of a side ask.
    pub async fn call(&self, side: &Side, operation: Operation, mode: Mode) -> Outcome<Tally> {
        let plan = Plan {
            address: side.address,
            operation,
            mode,
            callers: side.callers.clone(),
        };
        client::run(&plan).await
    }

    /// Processor time that this process and the database server have used.
    pub async fn processor_time(&self) -> Outcome<ProcessorTime> {
        let mut administrator = self.database.connect(Role::Superuser).await;
        let pids = sqlx::query_scalar::<_, i32>("select pid from pg_stat_activity");
        let pids = pids.fetch_all(&mut administrator).await?;
        administrator.close().await?;
        // A process that has ended meanwhile used next to nothing.
        let times = pids.into_iter().filter_map(|pid| {
            let time = used(&pid.to_string()).ok()?;
            Some((pid, time))
        });
        Ok(ProcessorTime {
            server: used("self")?,
            postgres: times.collect(),
        })
    }

    /// Messages to the database for each request of the platform, as the database server logs them. The rollback
    /// that ends a transaction without changes is not among them: it is sent when the answer has left.
    pub async fn statements(
        &self,
        side: &Side,
        operation: Operation,
        requests: usize,
    ) -> Outcome<f64> {
        let mut administrator = self.database.connect(Role::Superuser).await;
        let folder = sqlx::query_scalar::<_, String>("select current_setting('data_directory')");
        let log = PathBuf::from(folder.fetch_one(&mut administrator).await?)
            .with_file_name("postgres.log");
        // What a first second asks once, such as the count of a key, is not what a request asks.
        self.call(side, operation, Mode::For(1_500)).await?;
        logging(&mut administrator, "all").await?;
        let mark = Uuid::new_v4();
        administrator
            .execute(AssertSqlSafe(format!("select 'from {mark}'")))
            .await?;
        let asked = self.call(side, operation, Mode::Times(requests)).await?;
        administrator
            .execute(AssertSqlSafe(format!("select 'to {mark}'")))
            .await?;
        let (from, to) = (format!("'from {mark}'"), format!("'to {mark}'"));
        let mut found = None;
        // The log is written by another process, a moment later.
        for _ in 0..100 {
            let text = std::fs::read_to_string(&log)?;
            let part = text
                .split_once(&from)
                .and_then(|(_, rest)| rest.split_once(&to));
            if let Some((part, _)) = part {
                // The last one is the mark itself.
                found = Some(part.lines().filter(|line| is_statement(line)).count() - 1);
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        logging(&mut administrator, "none").await?;
        let count = found.ok_or("the statements are not in the database server's log")?;
        Ok(f64::from(u32::try_from(count)?) / asked.answers())
    }
}

fn is_statement(line: &str) -> bool {
    let logged = line.contains("LOG:  statement: ") || line.contains("LOG:  execute ");
    logged && !line.to_ascii_lowercase().ends_with("statement: rollback")
}

async fn logging(administrator: &mut PgConnection, what: &str) -> Outcome<()> {
    let set = format!("alter system set log_statement = '{what}'");
    administrator.execute(AssertSqlSafe(set)).await?;
    administrator.execute("select pg_reload_conf()").await?;
    // Each session hears of it by a signal.
    tokio::time::sleep(Duration::from_millis(500)).await;
    Ok(())
}

/// Seconds that a process has spent on the processor.
fn used(process: &str) -> Outcome<f64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name of the program comes second and may hold anything; user and system time are the 14th and 15th.
    let (_, fields) = text.rsplit_once(')').ok_or("an unknown form of /proc")?;
    let mut ticks = 0.0;
    for field in fields.split_whitespace().skip(11).take(2) {
        ticks += field.parse::<f64>()?;
    }
    Ok(ticks / TICKS)
}

async fn serve(
    router: Router,
    limits: Limits,
    stop: CancellationToken,
    callers: Vec<Caller>,
) -> Outcome<Side> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(listener::serve(listener, router, limits, stop));
    Ok(Side { address, callers })
}

/// A key of each tenant that may read posts, made as its owner would.
async fn key(
    administrator: &mut PgConnection,
    pepper: &access::Pepper,
    tenant: Uuid,
    member: Uuid,
) -> Outcome<access::KeyText> {
    let text = access::KeyText::generate(access::Env::Live);
    let (application, key) = (Uuid::new_v4(), Uuid::new_v4());
    sqlx::query(
        "insert into applications (tenant_id, id, module_key, name, slug, status, allowed_origins, cache_seconds, rev,
                                   created_by, created_at, updated_at)
         values ($1, $2, 'blog', 'Front end', 'front-end', 'active', '{}', 60, 1, $3, now(), now())",
    )
    .bind(tenant)
    .bind(application)
    .bind(member)
    .execute(&mut *administrator)
    .await?;
    sqlx::query(
        "insert into api_keys (tenant_id, id, application_id, name, public_id, secret_hash, last4, env, scopes, allowed_cidrs,
                               created_by, created_at)
         values ($1, $2, $3, 'Server', $4, $5, $6, 'live', '{posts:read}', '{}', $7, now())",
    )
    .bind(tenant)
    .bind(key)
    .bind(application)
    .bind(text.public_id())
    .bind(pepper.hash(&text).as_slice())
    .bind(text.last4())
    .bind(member)
    .execute(administrator)
    .await?;
    Ok(text)
}

/// The owner of each tenant, signed in to the product, a program of theirs with a key, and the same tenant for the thin
/// service.
async fn callers(
    administrator: &mut PgConnection,
    platform: &Platform,
    pepper: &access::Pepper,
) -> Outcome<(Vec<Caller>, Vec<Caller>, Vec<Caller>)> {
    let tenants = "select t.id, t.slug, m.id as member, m.user_id, array(select p.id from blog_posts p where p.tenant_id = t.id limit 20) as posts
                   from tenants t join memberships m on m.tenant_id = t.id order by t.slug";
    let tenants = administrator.fetch_all(tenants).await?;
    let links = platform.app.links();
    let mut tx = platform.db.begin().await?;
    let (mut product, mut keyed, mut thin) = (Vec::new(), Vec::new(), Vec::new());
    for row in tenants {
        let (tenant, slug): (Uuid, String) = (row.try_get("id")?, row.try_get("slug")?);
        let posts: Vec<Uuid> = row.try_get("posts")?;
        let new = NewSession {
            user: UserId(row.try_get("user_id")?),
            tenant: Some(TenantId(tenant)),
            login: None,
            host: &format!("{slug}.{}", links.host()),
            ip: Ipv4Addr::LOCALHOST.into(),
            user_agent: "bench-http",
            now: platform.app.clock().now(),
        };
        let token = sessions::create(tx.conn(), new).await?;
        let host = links.tenant(&slug, "");
        let host = host.trim_start_matches("http://").trim_end_matches('/');
        let (cookie, token) = (cookies::name(links.secure()), token.as_str());
        product.push(Caller {
            headers: format!("Host: {host}\r\nCookie: {cookie}={token}\r\n"),
            posts: posts.clone(),
        });
        let member = row.try_get("member")?;
        let key = key(administrator, pepper, tenant, member).await?;
        keyed.push(Caller {
            headers: format!("Host: {host}\r\nAuthorization: Bearer {}\r\n", key.as_str()),
            posts: posts.clone(),
        });
        thin.push(Caller {
            headers: format!("Host: localhost\r\n{}: {tenant}\r\n", thin::TENANT),
            posts,
        });
    }
    tx.commit().await?;
    Ok((product, keyed, thin))
}

/// Statements that make the tenants, each with an owner, the blog's largest plan and posts. Keys between the rows
/// hold by construction and are not checked one by one.
fn rows(tenants: usize, posts: usize) -> String {
    format!(
        "set session_replication_role = replica;
         create temp table t as
           select n, 'studio-' || n as slug, gen_random_uuid() as id, gen_random_uuid() as person, gen_random_uuid() as member,
                  gen_random_uuid() as role, gen_random_uuid() as author, gen_random_uuid() as tag
           from generate_series(1, {tenants}) n;
         insert into tenants (id, slug, name, status, locale, time_zone, currency, brand, confirmed_at, created_at, updated_at)
           select id, slug, 'Studio ' || n, 'active', 'en-GB', 'Europe/Berlin', 'EUR', '#c2410c', now(), now(), now() from t;
         insert into tenant_slugs (tenant_id, slug, created_at) select id, slug, now() from t;
         insert into users (id, email, email_normal, email_verified_at, name, locale, time_zone, created_at, updated_at)
           select person, slug || '@example.com', slug || '@example.com', now(), 'Mara', 'en-GB', 'Europe/Berlin', now(), now() from t;
         insert into memberships (tenant_id, id, user_id, status, display_name, contact_email, joined_at, created_at, updated_at)
           select id, member, person, 'active', 'Mara', slug || '@example.com', now(), now(), now() from t;
         insert into roles (tenant_id, id, key, name, is_system, created_at, updated_at)
           select id, role, 'owner', 'Owner', true, now(), now() from t;
         insert into membership_roles (tenant_id, membership_id, role_id, granted_at) select id, member, role, now() from t;
         insert into subscriptions (tenant_id, id, product_id, plan_id, status, collection, created_at, updated_at)
           select t.id, gen_random_uuid(), p.id, (select l.id from plans l where l.product_id = p.id order by l.sort desc limit 1),
                  'active', 'free', now(), now()
           from t join products p on p.module_key = 'blog';
         insert into blog_authors (tenant_id, id, membership_id, slug, display_name, created_at, updated_at)
           select id, author, member, 'mara', 'Mara', now(), now() from t;
         insert into blog_tags (tenant_id, id, slug, name, name_key, created_at, updated_at)
           select id, tag, 'light', 'Light', 'light', now(), now() from t;
         insert into blog_slugs (tenant_id, kind, slug, entity_id, current, created_at)
           select id, 'author', 'mara', author, true, now() from t union all select id, 'tag', 'light', tag, true, now() from t;
         create temp table p as
           select t.*, k, gen_random_uuid() as post, 'Some *text* about light. ' || repeat('It falls through the window. ', 20) as text
           from t, generate_series(1, {posts}) k;
         insert into blog_posts (tenant_id, id, rev, status, slug, slug_custom, title, draft_no, featured, created_by, created_at, updated_at)
           select id, post, 1, 'draft', 'post-' || k, false, 'Post ' || k, 1, false, member, now(), now() from p;
         insert into blog_post_versions (tenant_id, post_id, no, title, content, seo, html, plaintext, summary, word_count,
                                         reading_minutes, toc, renderer_version, sha256, reason, author_id, author_name, created_at)
           select id, post, 1, 'Post ' || k, text, '{{}}', '<p>' || text || '</p>', text, left(text, 120), 104, 1, '[]', 1,
                  sha256(convert_to(text, 'UTF8')), 'save', member, 'Mara', now() from p;
         insert into blog_post_authors (tenant_id, post_id, author_id, position) select id, post, author, 1 from p;
         insert into blog_post_tags (tenant_id, post_id, tag_id, position) select id, post, tag, 1 from p;
         insert into blog_slugs (tenant_id, kind, slug, entity_id, current, created_at)
           select id, 'post', 'post-' || k, post, true, now() from p;
         drop table t, p;
         analyze"
    )
}
