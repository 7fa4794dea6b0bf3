//! The blog: slugs under races, redirects, schedules, revisions, versions, and what visitors read.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use blog::posts::versions::Reason;
use blog::posts::{
    self, Edit, Move, NewPost, PostId, Schedule, Step, Text, create, restore_version, save, step,
    versions,
};
use blog::{Blog, tags};
use database::migrate::Owner;
use database::{Binding, PlatformDb};
use http::StatusCode;
use kernel::{
    Clock, Error, MembershipId, PageRequest, PermissionSet, Role as Staff, TenantId, UserId,
};
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
            key: "blog",
            migrator: &blog::MIGRATOR,
        },
    ],
    seed: None,
};

/// A studio with a blog, and the clock that everything takes its time from.
struct Studio {
    clock: Clock,
    app: App,
    db: PlatformDb,
    tenant: TenantId,
    _database: Database,
}

impl Studio {
    async fn new() -> Self {
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
            _database: database,
        }
    }

    /// A member with a built-in role.
    async fn member(&self, name: &str, role: Staff) -> Person {
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
            roles: vec![role],
            permissions: PermissionSet::of(&[role], Blog.manifest().permissions),
        }
    }

    /// A request of this person, at the clock's present time.
    async fn ctx(&self, person: &Person) -> Ctx {
        let site = self.app.resolver().by_id(self.tenant).await.unwrap();
        let facts = RequestFacts {
            id: "test".into(),
            method: http::Method::POST,
            path: "/".into(),
            ip: [127, 0, 0, 1].into(),
            user_agent: "test".into(),
        };
        Ctx::new(
            self.app.clone(),
            site.unwrap(),
            Some(Arc::new(person.clone())),
            facts,
        )
    }

    async fn begin(&self) -> TenantTx {
        let site = self.app.resolver().by_id(self.tenant).await.unwrap();
        site.unwrap().db.begin().await.unwrap()
    }

    async fn write(&self, ctx: &Ctx, title: &str, content: &str) -> PostId {
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

    async fn save(&self, ctx: &Ctx, id: PostId, edit: Edit, reason: Reason) -> i64 {
        let mut tx = ctx.begin().await.unwrap();
        let saved = save(&mut tx, ctx, id, None, edit, reason).await.unwrap();
        tx.commit().await.unwrap();
        saved.rev
    }

    async fn step(&self, ctx: &Ctx, id: PostId, taken: Step) {
        let mut tx = ctx.begin().await.unwrap();
        step(&mut tx, ctx, id, None, &taken).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn numbers(&self, id: PostId) -> Vec<(i32, Reason)> {
        let mut tx = self.begin().await;
        let (versions, _) = versions::list(&mut tx, id, None, 100).await.unwrap();
        versions
            .iter()
            .map(|version| (version.no, version.reason))
            .collect()
    }

    /// Asks the public pages as a visitor would.
    async fn get(&self, path: &str) -> Answer {
        let site = self.app.resolver().by_id(self.tenant).await.unwrap();
        let facts = RequestFacts {
            id: "test".into(),
            method: http::Method::GET,
            path: path.into(),
            ip: [127, 0, 0, 1].into(),
            user_agent: "test".into(),
        };
        let mut request = http::Request::get(path).body(Body::empty()).unwrap();
        let ctx = Ctx::new(self.app.clone(), site.unwrap(), None, facts);
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
            text: page.map_or_else(
                || String::from_utf8(bytes.to_vec()).unwrap(),
                |page| page.0.body.0.clone(),
            ),
        }
    }

    /// The slug where a visitor ends who asks for this one, and what they read there. One hop at most.
    async fn visit(&self, slug: &str) -> Option<(String, String)> {
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

    async fn events(&self, kind: &str) -> i64 {
        sqlx::query("select count(*) from outbox_events where kind = $1")
            .bind(kind)
            .fetch_one(self.db.pool())
            .await
            .unwrap()
            .get(0)
    }

    async fn run_jobs(&self) {
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
}

/// What a visitor got.
struct Answer {
    status: StatusCode,
    location: Option<String>,
    text: String,
}

impl Answer {
    /// The last part of where it sends the visitor.
    fn slug(&self) -> String {
        let location = self.location.as_deref().unwrap();
        location.rsplit('/').next().unwrap().to_owned()
    }
}

fn titled(title: &str) -> Edit {
    Edit {
        title: Some(title.into()),
        ..Edit::default()
    }
}

fn content(text: &str) -> Edit {
    Edit {
        content: Some(text.into()),
        ..Edit::default()
    }
}

fn slug(slug: &str) -> Edit {
    Edit {
        slug: Some(slug.into()),
        ..Edit::default()
    }
}

fn at(local: &str, zone: &str) -> Step {
    Step::Schedule(Schedule {
        local: local.into(),
        time_zone: zone.into(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_posts_of_one_title_get_twenty_slugs() {
    let studio = Studio::new().await;
    let ctx = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let posts = (0..20).map(|_| studio.write(&ctx, "Spring light", "Text"));
    let ids = futures::future::join_all(posts).await;
    let mut tx = studio.begin().await;
    let mut slugs = Vec::new();
    for id in ids {
        slugs.push(posts::get(&mut tx, id).await.unwrap().slug);
    }
    slugs.sort();
    let mut expected: Vec<String> = (2..=20).map(|n| format!("spring-light-{n}")).collect();
    expected.push("spring-light".into());
    expected.sort();
    assert_eq!(slugs, expected);
    let authors = blog::authors::all(&mut tx).await.unwrap();
    assert_eq!(
        authors.len(),
        1,
        "one profile, however many first posts race"
    );
}

#[tokio::test]
async fn three_renames_forward_in_one_hop_until_another_takes_the_address() {
    let studio = Studio::new().await;
    let ctx = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let id = studio.write(&ctx, "First", "Text").await;
    studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    for name in ["second", "third", "fourth"] {
        studio.save(&ctx, id, slug(name), Reason::Save).await;
    }
    for name in ["first", "second", "third", "fourth"] {
        assert_eq!(studio.visit(name).await.unwrap().0, "fourth", "{name}");
    }
    let other = studio.write(&ctx, "Second", "Other").await;
    assert_eq!(studio.visit("second").await, None, "a draft, now");
    studio.step(&ctx, other, Step::Plain(Move::Publish)).await;
    assert_eq!(studio.visit("second").await.unwrap().0, "second");
    let mut tx = ctx.begin().await.unwrap();
    let taken = save(&mut tx, &ctx, other, None, slug("fourth"), Reason::Save).await;
    assert_eq!(taken.unwrap_err().field_errors()[0].code, "taken");
}

#[tokio::test]
async fn a_slug_follows_its_title_until_the_post_is_live() {
    let studio = Studio::new().await;
    let ctx = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let id = studio.write(&ctx, "Wor", "Text").await;
    studio
        .save(&ctx, id, titled("Working title"), Reason::Save)
        .await;
    studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    assert_eq!(
        studio.visit("working-title").await.unwrap().0,
        "working-title"
    );
    assert_eq!(studio.visit("wor").await, None, "nobody has ever seen it");
    studio
        .save(&ctx, id, titled("Final title"), Reason::Save)
        .await;
    studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    let (_, text) = studio.visit("working-title").await.unwrap();
    assert!(text.contains("Final title"));
}

#[tokio::test]
async fn a_schedule_holds_without_the_worker_and_is_told_of_once() {
    let studio = Studio::new().await;
    let ctx = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let id = studio.write(&ctx, "Soon", "Text").await;
    studio
        .step(&ctx, id, at("2026-03-02T12:00", "Europe/Berlin"))
        .await;
    studio
        .save(&ctx, id, content("Written later"), Reason::Save)
        .await;
    assert_eq!(studio.visit("soon").await, None);
    studio.clock.advance(Duration::from_hours(2));
    let (_, text) = studio.visit("soon").await.expect("11:00 UTC has come");
    assert!(
        text.contains("Text"),
        "what was scheduled, not what was written later"
    );
    assert_eq!(studio.events("blog.post.published").await, 0);

    studio.run_jobs().await;
    studio.run_jobs().await;
    assert_eq!(studio.events("blog.post.published").await, 1);
    let mut tx = studio.begin().await;
    let post = posts::get(&mut tx, id).await.unwrap();
    assert_eq!(post.status, posts::Status::Published);
    assert_eq!(
        post.published_at.unwrap().to_string(),
        "2026-03-02T11:00:00Z"
    );
    assert!(post.is_changed());
}

#[tokio::test]
async fn a_step_on_a_post_whose_time_has_come_tells_of_both() {
    let studio = Studio::new().await;
    let person = studio.member("Mara", Staff::Editor).await;
    let ctx = studio.ctx(&person).await;
    let id = studio.write(&ctx, "Soon", "Text").await;
    studio.step(&ctx, id, at("2026-03-02T10:00", "UTC")).await;
    studio.clock.advance(Duration::from_hours(2));
    let ctx = studio.ctx(&person).await;
    let mut tx = ctx.begin().await.unwrap();
    let refused = step(&mut tx, &ctx, id, None, &Step::Plain(Move::Unschedule)).await;
    assert_eq!(refused.unwrap_err().code(), "invalid_transition");
    tx.commit().await.unwrap();
    assert_eq!(
        studio.events("blog.post.published").await,
        0,
        "a refusal writes nothing"
    );
    studio.step(&ctx, id, Step::Plain(Move::Unpublish)).await;
    studio.run_jobs().await;
    assert_eq!(studio.events("blog.post.published").await, 1);
    assert_eq!(studio.events("blog.post.unpublished").await, 1);
    assert_eq!(studio.visit("soon").await, None);
}

#[tokio::test]
async fn another_time_is_another_publication_and_the_old_one_never_comes() {
    let studio = Studio::new().await;
    let ctx = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let id = studio.write(&ctx, "Soon", "Text").await;
    studio.step(&ctx, id, at("2026-03-02T10:00", "UTC")).await;
    studio.step(&ctx, id, at("2026-03-02T14:00", "UTC")).await;
    studio.clock.advance(Duration::from_hours(2));
    studio.run_jobs().await;
    assert_eq!(studio.visit("soon").await, None);
    studio.clock.advance(Duration::from_hours(4));
    studio.run_jobs().await;
    assert_eq!(studio.events("blog.post.published").await, 1);
    let mut tx = studio.begin().await;
    let post = posts::get(&mut tx, id).await.unwrap();
    assert_eq!(
        post.published_at.unwrap().to_string(),
        "2026-03-02T14:00:00Z"
    );
}

#[tokio::test]
async fn a_change_based_on_an_old_revision_is_refused_and_loses_nothing() {
    let studio = Studio::new().await;
    let ctx = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let id = studio.write(&ctx, "Shared", "One").await;
    studio.save(&ctx, id, content("Two"), Reason::Save).await;
    let mut tx = ctx.begin().await.unwrap();
    let late = save(&mut tx, &ctx, id, Some(1), content("Three"), Reason::Save).await;
    assert!(matches!(late, Err(Error::PreconditionFailed)));
    drop(tx);
    let mut tx = studio.begin().await;
    assert_eq!(posts::get(&mut tx, id).await.unwrap().content, "Two");
}

#[tokio::test]
async fn saves_become_versions_and_old_ones_come_back() {
    let studio = Studio::new().await;
    let person = studio.member("Mara", Staff::Editor).await;
    let ctx = studio.ctx(&person).await;
    let id = studio.write(&ctx, "Versions", "One").await;
    let rev = studio.save(&ctx, id, content("One"), Reason::Save).await;
    assert_eq!(rev, 1, "the same text is no change");
    for text in ["Tw", "Two"] {
        studio.save(&ctx, id, content(text), Reason::Autosave).await;
    }
    assert_eq!(
        studio.numbers(id).await,
        [(2, Reason::Autosave), (1, Reason::Save)]
    );
    studio.clock.advance(Duration::from_mins(11));
    let ctx = studio.ctx(&person).await;
    studio
        .save(&ctx, id, content("Three"), Reason::Autosave)
        .await;
    studio.save(&ctx, id, content("Three"), Reason::Save).await;
    assert_eq!(
        studio.numbers(id).await,
        [(3, Reason::Save), (2, Reason::Autosave), (1, Reason::Save)]
    );
    let mut tx = ctx.begin().await.unwrap();
    restore_version(&mut tx, &ctx, id, None, 1).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = studio.begin().await;
    let post = posts::get(&mut tx, id).await.unwrap();
    assert_eq!((post.content.as_str(), post.draft_no), ("One", 4));
}

#[tokio::test]
async fn only_a_hundred_versions_are_kept_besides_those_that_were_live() {
    let studio = Studio::new().await;
    let ctx = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let id = studio.write(&ctx, "Many", "0").await;
    studio.save(&ctx, id, content("1"), Reason::Save).await;
    studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    for n in 2..=104 {
        studio
            .save(&ctx, id, content(&n.to_string()), Reason::Save)
            .await;
    }
    let mut tx = studio.begin().await;
    let (newer, next) = versions::list(&mut tx, id, None, 100).await.unwrap();
    let (older, _) = versions::list(&mut tx, id, next, 100).await.unwrap();
    let numbers: Vec<i32> = newer
        .iter()
        .chain(&older)
        .map(|version| version.no)
        .collect();
    assert_eq!(numbers.len(), 101);
    assert_eq!(numbers.last(), Some(&2), "the live one");
}

#[tokio::test]
async fn editing_a_live_post_changes_nothing_public_until_it_is_published() {
    let studio = Studio::new().await;
    let person = studio.member("Mara", Staff::Editor).await;
    let ctx = studio.ctx(&person).await;
    let id = studio.write(&ctx, "Live", "Before").await;
    studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    studio.clock.advance(Duration::from_hours(1));
    let ctx = studio.ctx(&person).await;
    let edit = Edit {
        title: Some("Changed".into()),
        content: Some("After".into()),
        ..Edit::default()
    };
    studio.save(&ctx, id, edit, Reason::Save).await;
    let (_, text) = studio.visit("live").await.unwrap();
    assert!(text.contains("Before") && !text.contains("Changed") && !text.contains("After"));
    studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    let (_, text) = studio.visit("live").await.unwrap();
    assert!(text.contains("Changed") && text.contains("After"));
    let mut tx = studio.begin().await;
    let post = posts::get(&mut tx, id).await.unwrap();
    assert_eq!(
        post.published_at.unwrap().to_string(),
        "2026-03-02T09:00:00Z"
    );
    assert_eq!(
        post.updated_content_at.unwrap().to_string(),
        "2026-03-02T10:00:00Z"
    );
    assert_eq!(studio.events("blog.post.published").await, 1);
    assert_eq!(
        studio.events("blog.post.updated").await,
        1,
        "once for one change"
    );
}

#[tokio::test]
async fn the_trash_frees_the_address_keeps_the_post_and_ends_after_thirty_days() {
    let studio = Studio::new().await;
    let ctx = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let id = studio.write(&ctx, "Gone", "Text").await;
    studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    studio.step(&ctx, id, Step::Plain(Move::Trash)).await;
    assert_eq!(studio.visit("gone").await, None);
    studio.write(&ctx, "Gone", "Another").await;
    studio.step(&ctx, id, Step::Plain(Move::Restore)).await;
    let mut tx = studio.begin().await;
    assert_eq!(posts::get(&mut tx, id).await.unwrap().slug, "gone-2");
    drop(tx);
    studio.step(&ctx, id, Step::Plain(Move::Trash)).await;
    studio.clock.advance(Duration::from_hours(31 * 24));
    studio.run_jobs().await;
    let mut tx = studio.begin().await;
    assert!(matches!(
        posts::get(&mut tx, id).await,
        Err(Error::NotFound("post"))
    ));
}

#[tokio::test]
async fn an_author_edits_own_drafts_and_nothing_that_is_live() {
    let studio = Studio::new().await;
    let editor = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let author = studio.ctx(&studio.member("Ana", Staff::Author).await).await;
    let theirs = studio.write(&editor, "Theirs", "Text").await;
    let own = studio.write(&author, "Own", "Text").await;
    studio
        .save(&author, own, content("More"), Reason::Save)
        .await;
    let refused = async |id, ctx: &Ctx| {
        let mut tx = ctx.begin().await.unwrap();
        save(&mut tx, ctx, id, None, content("No"), Reason::Save)
            .await
            .unwrap_err()
            .code()
    };
    assert_eq!(refused(theirs, &author).await, "forbidden");
    studio.step(&editor, own, Step::Plain(Move::Publish)).await;
    assert_eq!(refused(own, &author).await, "forbidden");
    let mut tx = author.begin().await.unwrap();
    let publish = step(&mut tx, &author, own, None, &Step::Plain(Move::Unpublish)).await;
    assert!(matches!(
        publish,
        Err(Error::Forbidden("blog.posts.publish"))
    ));
}

#[tokio::test]
async fn tags_are_made_by_naming_them_and_merge_with_their_addresses() {
    let studio = Studio::new().await;
    let ctx = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let id = studio.write(&ctx, "Tagged", "Text").await;
    let edit = Edit {
        tags: Some(vec!["Wedding".into(), "wedding".into(), "Studio".into()]),
        ..Edit::default()
    };
    studio.save(&ctx, id, edit, Reason::Save).await;
    studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    let mut tx = ctx.begin().await.unwrap();
    let page = PageRequest::new(None, 50, None).unwrap();
    let list = tags::list(&mut tx, None, page).await.unwrap().items;
    let names: Vec<&str> = list.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!(names, ["Studio", "Wedding"]);
    tags::merge(&mut tx, &ctx, list[1].id, list[0].id)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let former = studio.get("/blog/tag/wedding").await;
    assert_eq!(
        (former.status, former.slug().as_str()),
        (StatusCode::MOVED_PERMANENTLY, "studio")
    );
    assert!(studio.get("/blog/tag/studio").await.text.contains("Tagged"));
    assert!(studio.get("/feed.xml").await.text.contains("Tagged"));
}

#[tokio::test]
async fn lists_page_through_every_order_without_gaps() {
    use blog::posts::{Filter, Sort, store};
    let studio = Studio::new().await;
    let person = studio.member("Mara", Staff::Editor).await;
    for n in 0..7 {
        let ctx = studio.ctx(&person).await;
        let id = studio
            .write(&ctx, &format!("Post {}", (n * 3) % 7), "Text")
            .await;
        if n % 2 == 0 {
            studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
        }
        studio.clock.advance(Duration::from_mins(1));
    }
    let mut tx = studio.begin().await;
    for sort in [Sort::Created, Sort::Updated, Sort::Published, Sort::Title] {
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = PageRequest::new(Some(3), 3, cursor.as_deref()).unwrap();
            let rows = store::list(&mut tx, &Filter::default(), sort, page, studio.clock.now())
                .await
                .unwrap();
            let part = kernel::Page::cut(rows, page, |post| post.cursor(sort));
            seen.extend(part.items.into_iter().map(|post| (post.id, post.title)));
            cursor = part.next;
            if cursor.is_none() {
                break;
            }
        }
        let titles: Vec<&str> = seen.iter().map(|(_, title)| title.as_str()).collect();
        let mut ids: Vec<PostId> = seen.iter().map(|(id, _)| *id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 7, "{sort:?}: {titles:?}");
        if sort == Sort::Title {
            assert!(titles.is_sorted(), "{titles:?}");
        }
    }
}
