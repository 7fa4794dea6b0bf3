//! The blog alone, in process: studios that write, visitors that ask.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use blog::Blog;
use blog::posts::versions::Reason;
use blog::posts::{self, Edit, Move, NewPost, PostId, Step, Text};
use blog::settings::{self, Settings};
use database::Binding;
use database::migrate::Owner;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use kernel::{
    Clock, Currency, MembershipId, PermissionSet, Role as MemberRole, Standing, SubscriptionStatus,
    TenantId, UserId, Zone,
};
use module::{App, Ctx, Links, Module as _, Mounted, Person, RequestFacts};
use quick_xml::events::Event;
use sqlx::Executor as _;
use tenant_resolver::{
    Listing, Lookup, Tenant, TenantDirectory, TenantResolver, TenantSite, TenantStatus,
};
use testkit::{Database, Role, Template};
use tower::ServiceExt as _;

static ACCESS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/access");

static TEMPLATE: Template = Template {
    key: "blog-public",
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

/// The tenants.
#[derive(Clone, Default)]
pub struct Directory(pub Arc<Mutex<BTreeMap<TenantId, Arc<Tenant>>>>);

impl TenantDirectory for Directory {
    fn by_slug<'a>(&'a self, _: &'a str) -> Lookup<'a, Option<Listing>> {
        Box::pin(async { Ok(None) })
    }

    fn by_domain<'a>(&'a self, _: &'a str) -> Lookup<'a, Option<Listing>> {
        Box::pin(async { Ok(None) })
    }

    fn by_id(&self, id: TenantId) -> Lookup<'_, Option<Arc<Tenant>>> {
        Box::pin(async move { Ok(self.0.lock().unwrap().get(&id).cloned()) })
    }
}

/// The blog alone, over a database of the test's own.
pub struct World {
    pub database: Database,
    pub clock: Clock,
    pub directory: Directory,
    pub app: App,
    pub router: Router,
}

/// A studio with its owner.
pub struct Studio<'a> {
    pub world: &'a World,
    pub tenant: TenantId,
    pub owner: Arc<Person>,
}

/// What a visitor gets; of a page, its head and body as they come before the frame is drawn around them.
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl World {
    pub async fn new() -> Self {
        let database = Database::new(&TEMPLATE).await;
        let clock = Clock::fixed("2026-03-02T09:00:00Z".parse().unwrap());
        let directory = Directory::default();
        let resolver = TenantResolver::new(
            database.pool(Role::Tenant),
            Binding::Plain,
            Arc::new(directory.clone()),
        );
        let links = Links::parse("https://atelier.test").unwrap();
        let app = App::new(clock.clone(), links, resolver);
        let (router, _, _) = Blog.public().into_parts();
        let router = router
            .layer(axum::Extension(Mounted("blog")))
            .with_state(app.clone());
        Self {
            database,
            clock,
            directory,
            app,
            router,
        }
    }

    pub async fn studio(&self, slug: &str) -> Studio<'_> {
        let tenant = TenantId::new();
        let membership = MembershipId::new();
        let rows = format!(
            "insert into tenants (id, slug, name, status, locale, time_zone, currency, brand, created_at, updated_at)
             values ('{tenant}', '{slug}', 'Northlight', 'active', 'en-GB', 'Europe/Berlin', 'EUR', '#c2410c', now(), now());
             insert into users (id, email, email_normal, name, locale, time_zone, created_at, updated_at)
             values ('{membership}', '{slug}@example.com', '{slug}@example.com', 'Mara', 'en', 'UTC', now(), now());
             insert into memberships (tenant_id, id, user_id, status, display_name, contact_email, joined_at, created_at, updated_at)
             values ('{tenant}', '{membership}', '{membership}', 'active', 'Mara', 'mara@example.com', now(), now(), now())"
        );
        let mut connection = self.database.connect(Role::Superuser).await;
        connection.execute(sqlx::AssertSqlSafe(rows)).await.unwrap();
        let standing = Standing {
            module: "blog".into(),
            status: SubscriptionStatus::Active,
            trial_end: None,
            period_end: None,
            cancel_at_period_end: false,
            payment_due_at: None,
            grace_until: None,
            read_only_until: None,
            override_access: None,
            limits: BTreeMap::new(),
        };
        let facts = Tenant {
            id: tenant,
            slug: slug.into(),
            name: "Northlight".into(),
            status: TenantStatus::Active,
            zone: Zone::named("Europe/Berlin").unwrap(),
            currency: Currency::EUR,
            locale: "en-GB".into(),
            brand: "#c2410c".into(),
            logo: None,
            standings: vec![standing],
            overrides: Vec::new(),
        };
        self.directory
            .0
            .lock()
            .unwrap()
            .insert(tenant, Arc::new(facts));
        let owner = Person {
            user: UserId(membership.0),
            membership,
            name: "Mara Lindqvist".into(),
            email: "mara@example.com".into(),
            roles: vec![MemberRole::Owner.title().to_owned()],
            grants: Arc::default(),
            until: None,
            permissions: PermissionSet::of(&[MemberRole::Owner], Blog.manifest().permissions),
        };
        Studio {
            world: self,
            tenant,
            owner: Arc::new(owner),
        }
    }
}

impl Studio<'_> {
    pub async fn site(&self) -> TenantSite {
        let resolver = self.world.app.resolver();
        resolver.by_id(self.tenant).await.unwrap().unwrap()
    }

    pub async fn ctx(&self, person: Option<Arc<Person>>, method: Method, path: &str) -> Ctx {
        let request = RequestFacts {
            id: "test".into(),
            method,
            path: path.into(),
            ip: Ipv4Addr::LOCALHOST.into(),
            user_agent: String::new(),
        };
        Ctx::new(self.world.app.clone(), self.site().await, person, request)
    }

    pub async fn ask(&self, request: Request<Body>, person: Option<Arc<Person>>) -> Reply {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.to_string();
        parts
            .extensions
            .insert(self.ctx(person, parts.method.clone(), &path).await);
        let request = Request::from_parts(parts, body);
        let response = self.world.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = match parts.extensions.get::<ui::Rendered>() {
            Some(page) => format!("{}{}{}", page.0.title, page.0.head.0, page.0.body.0),
            None => String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap(),
        };
        Reply {
            status: parts.status,
            headers: parts.headers,
            text,
        }
    }

    pub async fn get(&self, path: &str) -> Reply {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.ask(request, None).await
    }

    /// As the owner writes it; nobody sees it yet.
    pub async fn draft(&self, title: &str, content: &str, tag: &str) -> PostId {
        let ctx = self.ctx(Some(self.owner.clone()), Method::POST, "/").await;
        let mut tx = ctx.begin().await.unwrap();
        let new = NewPost {
            text: Text {
                title: title.into(),
                content: content.into(),
                ..Text::default()
            },
            tags: vec![tag.into()],
            ..NewPost::default()
        };
        let post = posts::create(&mut tx, &ctx, new).await.unwrap();
        tx.commit().await.unwrap();
        post.id
    }

    pub async fn step(&self, post: PostId, step: Step) {
        let ctx = self.ctx(Some(self.owner.clone()), Method::POST, "/").await;
        let mut tx = ctx.begin().await.unwrap();
        posts::step(&mut tx, &ctx, post, None, &step).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn publish(&self, title: &str) -> PostId {
        let post = self
            .draft(title, "Some *text* with a [link](/blog).", "Light")
            .await;
        self.step(post, Step::Plain(Move::Publish)).await;
        self.world.clock.advance(Duration::from_mins(1));
        post
    }

    pub async fn edit(&self, post: PostId, edit: Edit) {
        let ctx = self.ctx(Some(self.owner.clone()), Method::POST, "/").await;
        let mut tx = ctx.begin().await.unwrap();
        posts::save(&mut tx, &ctx, post, None, edit, Reason::Save)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn settings(&self, settings: Settings) {
        let ctx = self.ctx(Some(self.owner.clone()), Method::POST, "/").await;
        let mut tx = ctx.begin().await.unwrap();
        settings::update(&mut tx, &ctx, None, settings)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
}

impl Reply {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    pub fn header(&self, name: header::HeaderName) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The text of every element of that name; fails when it is no well-formed XML.
    #[track_caller]
    pub fn elements(&self, name: &str) -> Vec<String> {
        let mut reader = quick_xml::Reader::from_str(&self.text);
        reader.config_mut().check_end_names = true;
        let (mut found, mut inside, mut depth) = (Vec::new(), false, 0);
        loop {
            match reader.read_event().unwrap() {
                Event::Start(start) => {
                    depth += 1;
                    inside = start.name().as_ref() == name;
                    if inside {
                        found.push(String::new());
                    }
                }
                Event::Text(text) if inside => {
                    found.last_mut().unwrap().push_str(&text);
                }
                Event::End(_) => {
                    depth -= 1;
                    inside = false;
                }
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(depth, 0, "every element is closed");
        found
    }
}
