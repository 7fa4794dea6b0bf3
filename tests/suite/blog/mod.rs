//! The blog on its own: a studio that writes, with a settable clock, and each rule against a real database.

mod editorial;
mod lists;
mod schedules;
mod slugs;
mod states;
mod versions;

use std::sync::Arc;

use axum::body::Body;
use blog::Blog;
use blog::posts::versions::Reason;
use blog::posts::{Edit, NewPost, PostId, Schedule, Step, Text, create, save, step};
use database::migrate::Owner;
use database::{Binding, PlatformDb};
use http::StatusCode;
use kernel::{Clock, MembershipId, PermissionSet, Role as Staff, TenantId, UserId};
use module::{App, Ctx, Jobs, Links, Module as _, Person, RequestFacts, Subscriptions};
use sqlx::Row as _;
use tenant_resolver::{TenantResolver, TenantStatus, TenantTx};
use testkit::{Database, Role, Template};
use tower::ServiceExt as _;
use worker::{PlatformJobs, Worker};

use crate::queue::Tenants;

static TEMPLATE: Template = Template {
    key: "blog-1",
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
            key: "messaging",
            migrator: &messaging::MIGRATOR,
        },
        Owner {
            key: "files",
            migrator: &files::MIGRATOR,
        },
        Owner {
            key: "blog",
            migrator: &blog::MIGRATOR,
        },
    ],
    seed: None,
};

/// A studio with a blog, and the clock that everything takes its time from.
pub struct Studio {
    pub clock: Clock,
    pub app: App,
    pub db: PlatformDb,
    pub tenant: TenantId,
    database: Database,
}

impl Studio {
    pub async fn new() -> Self {
        let database = Database::new(&TEMPLATE).await;
        let clock = Clock::fixed("2026-03-02T09:00:00Z".parse().unwrap());
        let tenants = Tenants::default();
        let tenant = TenantId::new();
        tenants.put(tenant, TenantStatus::Active, Vec::new());
        let resolver = TenantResolver::new(
            database.pool(Role::Tenant),
            Binding::Plain,
            Arc::new(tenants),
        );
        let app = App::new(
            clock.clone(),
            Links::parse("http://localhost:8080").unwrap(),
            resolver,
        );
        let db = PlatformDb::new(database.pool(Role::Platform));
        sqlx::query(
            "insert into tenants (id, slug, name, status, locale, time_zone, currency, brand, created_at, updated_at)
             values ($1, 'northlight', 'Northlight', 'active', 'en', 'UTC', 'EUR', '#c2410c', now(), now())",
        )
        .bind(tenant)
        .execute(db.pool())
        .await
        .unwrap();
        Self {
            clock,
            app,
            db,
            tenant,
            database,
        }
    }

    /// A member with a built-in role.
    pub async fn member(&self, name: &str, role: Staff) -> Person {
        let (user, membership) = (UserId::new(), MembershipId::new());
        let email = format!("{}@example.com", user.0.simple());
        sqlx::query(
            "insert into users (id, email, email_normal, name, locale, time_zone, created_at, updated_at)
             values ($1, $2, $2, $3, 'en', 'UTC', now(), now())",
        )
        .bind(user)
        .bind(&email)
        .bind(name)
        .execute(self.db.pool())
        .await
        .unwrap();
        sqlx::query(
            "insert into memberships (tenant_id, id, user_id, status, display_name, contact_email, joined_at, created_at, updated_at)
             values ($1, $2, $3, 'active', $4, $5, now(), now(), now())",
        )
        .bind(self.tenant)
        .bind(membership)
        .bind(user)
        .bind(name)
        .bind(&email)
        .execute(self.db.pool())
        .await
        .unwrap();
        Person {
            user,
            membership,
            name: name.into(),
            email,
            roles: vec![role.title().to_owned()],
            grants: std::sync::Arc::default(),
            until: None,
            permissions: PermissionSet::of(&[role], Blog.manifest().permissions),
        }
    }

    /// A request of this person that began at another time.
    pub async fn ctx_at(&self, person: &Person, now: &str) -> Ctx {
        let app = App::new(
            Clock::fixed(now.parse().unwrap()),
            self.app.links().clone(),
            self.app.resolver().clone(),
        );
        self.ctx_of(app, Some(person), "/").await
    }

    /// A request of this person, at the clock's present time.
    pub async fn ctx(&self, person: &Person) -> Ctx {
        self.ctx_of(self.app.clone(), Some(person), "/").await
    }

    async fn ctx_of(&self, app: App, person: Option<&Person>, path: &str) -> Ctx {
        let site = self.app.resolver().by_id(self.tenant).await.unwrap();
        let facts = RequestFacts {
            id: "test".into(),
            method: http::Method::POST,
            path: path.into(),
            ip: [127, 0, 0, 1].into(),
            user_agent: "test".into(),
        };
        let person = person.cloned().map(Arc::new);
        Ctx::new(app, site.unwrap(), person, facts)
    }

    pub async fn begin(&self) -> TenantTx {
        let site = self.app.resolver().by_id(self.tenant).await.unwrap();
        site.unwrap().db.begin().await.unwrap()
    }

    pub async fn write(&self, ctx: &Ctx, title: &str, content: &str) -> PostId {
        let mut tx = ctx.begin().await.unwrap();
        let new = NewPost {
            text: Text {
                title: title.into(),
                content: content.into(),
                ..Text::default()
            },
            ..NewPost::default()
        };
        let post = create(&mut tx, ctx, new).await.unwrap();
        tx.commit().await.unwrap();
        post.id
    }

    pub async fn save(&self, ctx: &Ctx, id: PostId, edit: Edit, reason: Reason) -> i64 {
        let mut tx = ctx.begin().await.unwrap();
        let saved = save(&mut tx, ctx, id, None, edit, reason).await.unwrap();
        tx.commit().await.unwrap();
        saved.rev
    }

    pub async fn step(&self, ctx: &Ctx, id: PostId, taken: Step) {
        let mut tx = ctx.begin().await.unwrap();
        step(&mut tx, ctx, id, None, &taken).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn numbers(&self, id: PostId) -> Vec<(i32, Reason)> {
        let mut tx = self.begin().await;
        let (versions, _) = blog::posts::versions::list(&mut tx, id, None, 100)
            .await
            .unwrap();
        versions
            .iter()
            .map(|version| (version.no, version.reason))
            .collect()
    }

    /// Asks the public pages as a visitor would.
    pub async fn get(&self, path: &str) -> Answer {
        self.get_as(path, None).await
    }

    /// Asks the public pages as somebody who is signed in, or not.
    pub async fn get_as(&self, path: &str, person: Option<&Person>) -> Answer {
        let mut request = http::Request::get(path).body(Body::empty()).unwrap();
        let ctx = self.ctx_of(self.app.clone(), person, path).await;
        request.extensions_mut().insert(ctx);
        let (router, ..) = Blog.public().into_parts();
        let response = router
            .with_state(self.app.clone())
            .oneshot(request)
            .await
            .unwrap();
        let location = response.headers().get(http::header::LOCATION);
        let location = location.map(|value| value.to_str().unwrap().to_owned());
        let page = response.extensions().get::<ui::Rendered>().cloned();
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        Answer {
            status,
            location,
            head: page
                .as_ref()
                .map_or_else(String::new, |page| page.0.head.0.clone()),
            text: page.map_or_else(
                || String::from_utf8(bytes.to_vec()).unwrap(),
                |page| page.0.body.0.clone(),
            ),
        }
    }

    /// The slug where a visitor ends who asks for this one, and what they read there. One hop at most.
    pub async fn visit(&self, slug: &str) -> Option<(String, String)> {
        let mut end = slug.to_owned();
        let mut answer = self.get(&format!("/blog/{slug}")).await;
        if answer.status.is_redirection() {
            end = answer.slug();
            answer = self.get(&format!("/blog/{end}")).await;
        }
        match answer.status {
            StatusCode::OK => Some((end, answer.text)),
            StatusCode::NOT_FOUND => None,
            other => panic!("{slug}: {other}"),
        }
    }

    pub async fn events(&self, kind: &str) -> i64 {
        sqlx::query("select count(*) from outbox_events where kind = $1")
            .bind(kind)
            .fetch_one(self.db.pool())
            .await
            .unwrap()
            .get(0)
    }

    /// The revision of a post.
    pub async fn rev(&self, id: PostId) -> i64 {
        let mut tx = self.begin().await;
        blog::posts::get(&mut tx, id).await.unwrap().rev
    }

    /// Changes rows past the program.
    pub async fn as_owner(&self, sql: &'static str) {
        let pool = self.database.pool(Role::Superuser);
        sqlx::query(sql).execute(&pool).await.unwrap();
    }

    /// Queues a job.
    pub async fn enqueue(&self, job: &impl module::Job) {
        let mut tx = self.begin().await;
        module::enqueue(&mut tx, job, self.clock.now())
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// Does what is due.
    pub async fn run_jobs(&self) {
        let mut jobs = Jobs::default();
        Blog.jobs(&mut jobs);
        let worker = Worker::new(
            self.app.clone(),
            self.db.clone(),
            jobs,
            Subscriptions::default(),
            PlatformJobs::default(),
            crate::queue::LIMIT,
        );
        worker.drain().await.unwrap();
    }

    /// Returns as soon as somebody waits for a row that another transaction holds.
    pub async fn wait_for_a_blocked_job(&self) {
        loop {
            let waiting: i64 = sqlx::query_scalar(
                "select count(*) from pg_locks l join pg_stat_activity a on a.pid = l.pid
                 where not l.granted and a.datname = current_database()",
            )
            .fetch_one(self.db.pool())
            .await
            .unwrap();
            if waiting > 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}

/// What a visitor got.
pub struct Answer {
    pub status: StatusCode,
    pub location: Option<String>,
    pub head: String,
    pub text: String,
}

impl Answer {
    /// The last part of where it sends the visitor.
    pub fn slug(&self) -> String {
        let location = self.location.as_deref().unwrap();
        location.rsplit('/').next().unwrap().to_owned()
    }
}

pub fn titled(title: &str) -> Edit {
    Edit {
        title: Some(title.into()),
        ..Edit::default()
    }
}

pub fn content(text: &str) -> Edit {
    Edit {
        content: Some(text.into()),
        ..Edit::default()
    }
}

pub fn slug(slug: &str) -> Edit {
    Edit {
        slug: Some(slug.into()),
        ..Edit::default()
    }
}

pub fn until(local: &str, zone: &str, gone: bool) -> Step {
    let schedule = Schedule {
        local: local.into(),
        time_zone: zone.into(),
    };
    Step::ScheduleEnd { schedule, gone }
}

pub fn at(local: &str, zone: &str) -> Step {
    Step::Schedule(Schedule {
        local: local.into(),
        time_zone: zone.into(),
    })
}
