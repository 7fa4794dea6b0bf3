//! Two nodes over one database: what one changes the other knows at once; what clients abandon leaves nothing behind.

use std::future::Future as _;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use database::Change;
use database::notify::Listener;
use http::Method;
use kernel::Role;
use server::platform::Platform;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::access::{APPLICATIONS, POSTS, Program, shows, text};
use crate::support::{Client, Reply, TestApp, TestTenant};

/// The longest that a change may take to the other node.
const SOON: Duration = Duration::from_secs(1);

/// A second node that hears the news of the first.
pub struct Second {
    platform: Arc<Platform>,
    stop: CancellationToken,
}

impl Second {
    pub async fn new(app: &TestApp) -> Self {
        let platform = Arc::new(app.second_node());
        let stop = CancellationToken::new();
        let (heard, mut news) = mpsc::unbounded_channel();
        let forgetting = Arc::clone(&platform);
        let options = app.database.options(testkit::Role::Owner);
        Listener::new(options).start(stop.clone(), move |change| {
            forgetting.forget(change);
            let _ = heard.send(change);
        });
        // From here on it hears everything.
        assert_eq!(news.recv().await, Some(Change::Everything));
        Self { platform, stop }
    }

    /// A browser that talks to this node with the cookies of another.
    pub fn browser(&self, like: &Client) -> Client {
        like.through(self.platform.router.clone())
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Asks again until the answer is as wanted, for as long as a change may take.
pub async fn soon(browser: &Client, path: &str, wanted: impl Fn(&Reply) -> bool) -> Reply {
    within(SOON, browser, path, wanted).await
}

/// Asks again until the answer is as wanted, for as long as `limit`.
pub async fn within(
    limit: Duration,
    browser: &Client,
    path: &str,
    wanted: impl Fn(&Reply) -> bool,
) -> Reply {
    let deadline = tokio::time::Instant::now() + limit;
    loop {
        let reply = browser.plainly(Method::GET, path, &[]).await;
        if wanted(&reply) {
            return reply;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "after {limit:?} {path} still answers {}: {}",
            reply.status,
            reply.body.chars().take(300).collect::<String>()
        );
        tokio::task::yield_now().await;
    }
}

pub async fn membership(app: &TestApp, email: &str) -> String {
    let pool = app.database.pool(testkit::Role::Superuser);
    sqlx::query_scalar(
        "select m.id::text from memberships m join users u on u.id = m.user_id where u.email_normal = $1",
    )
    .bind(email)
    .fetch_one(&pool)
    .await
    .expect("a member")
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_removals_hold_on_the_other_node_at_once() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let editor = northlight.member(&app, Role::Editor, "Robin Vale").await;
    let second = Second::new(&app).await;
    let there = second.browser(&editor);
    there
        .plainly(Method::GET, "/app/blog/posts/new", &[])
        .await
        .expect(200);
    there
        .plainly(Method::GET, "/app/people/invite", &[])
        .await
        .expect(403);

    let path = format!(
        "/app/people/{}",
        membership(&app, "editor@northlight.test").await
    );
    let owner = &northlight.owner;
    owner
        .post(&format!("{path}/roles"), &[("role", "viewer")])
        .await
        .expect(303);
    soon(&there, "/app/blog/posts/new", |reply| reply.status == 403).await;
    there
        .plainly(Method::GET, "/app/blog/posts", &[])
        .await
        .expect(200);

    owner.post(&format!("{path}/remove"), &[]).await.expect(303);
    soon(&there, "/app/blog/posts", |reply| reply.status == 401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_address_and_a_suspension_hold_on_the_other_node_at_once() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let second = Second::new(&app).await;
    let visitor = second.browser(&app.visitor());
    let (before, after) = (
        visitor.on(&northlight.origin()),
        visitor.on("http://southlight.atelier.test"),
    );
    before.get("/blog").await.expect(200);
    // Remembered as nobody's.
    after.get("/blog").await.expect(404);

    let form = [("slug", "southlight")];
    northlight
        .owner
        .post("/app/settings/address", &form)
        .await
        .expect(303);
    soon(&after, "/blog", |reply| reply.status == 200).await;
    let moved = soon(&before, "/blog", |reply| reply.status == 308).await;
    assert_eq!(
        moved.location().as_deref(),
        Some("http://southlight.atelier.test/blog")
    );

    suspend(&app, "southlight").await;
    soon(&after, "/blog", |reply| reply.status == 503).await;
}

/// Suspends a tenant as an operator would, and tells all nodes in the same transaction.
pub async fn suspend(app: &TestApp, slug: &str) {
    let pool = app.database.pool(testkit::Role::Superuser);
    let mut tx = pool.begin().await.unwrap();
    let id: uuid::Uuid =
        sqlx::query_scalar("update tenants set status = 'suspended' where slug = $1 returning id")
            .bind(slug)
            .fetch_one(&mut *tx)
            .await
            .expect("a tenant");
    Change::Tenant(id.into()).announce(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_holds_on_the_other_node_at_once() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let second = Second::new(&app).await;
    let there = second.browser(&northlight.owner);
    let session = northlight.owner.cookie("sid").expect("a session");
    there.plainly(Method::GET, "/app", &[]).await.expect(200);
    northlight.owner.post("/auth/logout", &[]).await.expect(303);
    // As a thief would, who took the cookie before.
    there.set_cookie("sid", &session);
    soon(&there, "/app", |reply| reply.status == 401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_revoked_or_whose_application_is_off_is_refused_on_the_other_node_at_once() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = Program::new(&app, &northlight, &["posts:read"]).await;
    let second = Second::new(&app).await;
    let there = Program {
        client: program.client.through(second.platform.router.clone()),
        ..program.clone()
    };
    there.get(POSTS).await.expect(200);
    let path = format!("{APPLICATIONS}/{}", program.application);
    let etag = |reply: &Reply| reply.header("etag").expect("an ETag").to_owned();
    let mut tag = etag(&northlight.owner.get(&path).await.expect(200));
    for (status, expected) in [("disabled", 401), ("active", 200)] {
        let body = serde_json::json!({ "status": status });
        let headers = [("if-match", tag.as_str())];
        let owner = &northlight.owner;
        let changed = owner.api(Method::PATCH, &path, &headers, Some(&body)).await;
        tag = etag(&changed.expect(200));
        until(&there, expected).await;
    }
    let body = serde_json::json!({ "reason": "leaked" });
    let revoke = program.path("revoke");
    let owner = &northlight.owner;
    owner
        .api(Method::POST, &revoke, &[], Some(&body))
        .await
        .expect(200);
    until(&there, 401).await;
}

/// Asks with a key until the answer is as wanted, for as long as a change may take.
async fn until(program: &Program, status: u16) {
    let deadline = tokio::time::Instant::now() + SOON;
    while program.get(POSTS).await.status != status {
        let now = tokio::time::Instant::now();
        assert!(
            now < deadline,
            "after {SOON:?} the key still does not get {status}"
        );
        tokio::task::yield_now().await;
    }
}

/// Drops a request after so many steps, as a client does that hangs up. Whether it was answered before that.
async fn hang_up_after(steps: usize, browser: &Client, path: &str) -> bool {
    let mut request = pin!(browser.get(path));
    for _ in 0..steps {
        let polled = std::future::poll_fn(|context: &mut Context<'_>| {
            Poll::Ready(request.as_mut().poll(context))
        })
        .await;
        if polled.is_ready() {
            return true;
        }
        tokio::task::yield_now().await;
    }
    // Once more without anybody to wake, so that some are dropped in the middle of a wake-up.
    let _ = request
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_callers_who_hang_up_leave_no_error_and_no_tenant_behind() {
    let app = TestApp::new().await;
    let (one, two) = (
        app.tenant("northlight").await,
        app.tenant("southlight").await,
    );
    let paths = [
        "/app/people",
        "/app/blog/posts",
        "/blog",
        "/api/v1/blog/posts",
    ];
    let callers = (0..1_000usize).map(|number| {
        let browser = if number % 2 == 0 {
            one.owner.clone()
        } else {
            two.owner.clone()
        };
        let path = paths[number / 2 % paths.len()];
        // Steps spread over all that a request goes through.
        let steps = number * 7 % 40;
        tokio::spawn(async move { hang_up_after(steps, &browser, path).await })
    });
    let ended: Vec<bool> = futures::future::join_all(callers)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let hung_up = ended.iter().filter(|answered| !**answered).count();
    assert!(hung_up > 200, "{hung_up} of {} hung up", ended.len());

    // The pool is five connections: each has been left by many of them.
    for _ in 0..20 {
        let pages = paths.iter().map(|path| async {
            (
                own(&one, path, "southlight").await,
                own(&two, path, "northlight").await,
            )
        });
        futures::future::join_all(pages).await;
    }
    let pool = app.database.pool(testkit::Role::Superuser);
    let waiting: i64 = sqlx::query_scalar(
        "select count(*) from pg_stat_activity where datname = $1 and usename = 'atelier_tenant' and state like 'idle in transaction%'
            and state_change < clock_timestamp() - interval '1 second'",
    )
    .bind(app.database.name())
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(waiting, 0, "a transaction was left open");
}

async fn own(tenant: &TestTenant, path: &str, other: &str) {
    let reply = tenant.owner.get(path).await.expect(200);
    assert!(
        !reply.body.to_lowercase().contains(other),
        "{path} of {} shows {other}",
        tenant.slug
    );
}

/// What operators do counts everywhere within seconds: a suspension, its end, and an operator's own.
#[tokio::test(flavor = "multi_thread")]
async fn suspensions_and_operators_hold_on_the_other_node_at_once() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let admin = app.operator(kernel::OperatorRole::Admin).await;
    let support = app.operator(kernel::OperatorRole::Support).await;
    let second = Second::new(&app).await;
    let there = second.browser(&northlight.owner);
    there.plainly(Method::GET, "/app", &[]).await.expect(200);
    let program = Program::new(&app, &northlight, &["posts:read"]).await;
    let program = Program {
        client: program.client.through(second.platform.router.clone()),
        ..program
    };
    program.get(POSTS).await.expect(200);
    let exchange = async || {
        let nothing = serde_json::json!({});
        program.call(Method::POST, "/api/v1/token", &nothing).await
    };
    let token = text(&exchange().await.expect(200).json(), "access_token");
    shows(&program.client, &token, POSTS).await.expect(200);
    let helper = second.browser(&support);
    helper
        .plainly(Method::GET, "/tenants", &[])
        .await
        .expect(200);

    let pool = app.database.pool(testkit::Role::Superuser);
    let one = async |question: &'static str| -> String {
        let found = sqlx::query_scalar(question).fetch_one(&pool).await;
        found.expect("an id")
    };
    let tenant = one("select id::text from tenants where slug = 'northlight'").await;
    let reason = [("reason", "Asked for by phone")];
    support
        .post(&format!("/tenants/{tenant}/suspend"), &reason)
        .await
        .expect(303);
    soon(&there, "/app", |reply| reply.status == 503).await;
    // Programs as well, whichever way they show who they are, and nobody gets a new token.
    program.get(POSTS).await.expect(503);
    shows(&program.client, &token, POSTS).await.expect(503);
    exchange().await.expect(503);
    support
        .post(&format!("/tenants/{tenant}/restore"), &reason)
        .await
        .expect(303);
    soon(&there, "/app", |reply| reply.status == 200).await;
    program.get(POSTS).await.expect(200);
    shows(&program.client, &token, POSTS).await.expect(200);

    let operator = one("select id::text from users where email_normal = 'support@ops.test'").await;
    admin
        .post(&format!("/operators/{operator}/disable"), &reason)
        .await
        .expect(303);
    soon(&helper, "/tenants", |reply| reply.status == 401).await;
}
