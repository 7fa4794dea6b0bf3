//! Two processes over one database, each a whole `atelier serve`: what one changes holds in the other, a process that is
//! killed loses no job and doubles none, and a process that could see too much does not start.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use clap::Parser as _;
use http::{Method, Request};
use hyper_util::rt::TokioIo;
use kernel::{Clock, Role};
use serde_json::{Value, json};
use server::commands::{Cli, run};
use sqlx::{ConnectOptions as _, PgPool};
use testkit::Role as DatabaseRole;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::access::{APPLICATIONS, POSTS, Program};
use crate::nodes::{membership, suspend, within};
use crate::support::{Client, TestApp, TestTenant};

/// The longest that a change may take to another process.
const SOON: Duration = Duration::from_secs(2);
/// How long starting may take on a busy machine.
const START: Duration = Duration::from_mins(2);

/// The body of the processes that the tests start: this very program, called with this test's name.
#[test]
#[ignore = "it serves until it is ended; the other tests start it"]
fn body_of_a_process() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Err(error) = runtime.block_on(run(Cli::parse_from(["atelier", "serve"]))) {
        // Past the harness, which would hide both.
        println!("refused: {error:?}");
        std::process::exit(1);
    }
    std::process::exit(0);
}

/// A process that serves. It ends with the test.
struct Node {
    child: Child,
    port: u16,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(app: &TestApp, settings: &[(&str, &str)]) -> (Command, u16) {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let owner = app.database.options(DatabaseRole::Owner);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "processes::body_of_a_process",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env("DATABASE_URL", owner.to_url_lossy().as_str())
        .env("ATELIER__HTTP__LISTEN", format!("127.0.0.1:{port}"))
        .env("ATELIER__HTTP__BASE_URL", "http://atelier.test")
        .env(
            "ATELIER__STORAGE__URL",
            format!("file://{}", app.bytes.path().display()),
        )
        .env("ATELIER__DATABASE__POOL_SIZE", "5")
        .env("ATELIER__WORKER__JOB_LIMIT", "3")
        .envs(settings.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    (command, port)
}

impl Node {
    /// Starts one and waits until it serves.
    async fn start(app: &TestApp, settings: &[(&str, &str)]) -> Self {
        let (mut command, port) = command(app, settings);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let node = Self { child, port };
        let (heard, mut said) = tokio::sync::mpsc::unbounded_channel();
        // To its end, or the process would be held up by a full pipe.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = heard.send(line);
            }
        });
        let mut seen = Vec::new();
        let ready = async {
            while let Some(line) = said.recv().await {
                let ready = line.contains("http://atelier.test/_mail");
                seen.push(line);
                if ready {
                    return true;
                }
            }
            false
        };
        let ready = tokio::time::timeout(START, ready).await;
        assert!(
            matches!(ready, Ok(true)),
            "it did not start: {}",
            seen.join("\n")
        );
        let deadline = Instant::now() + START;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .is_err()
        {
            assert!(Instant::now() < deadline, "nobody listens");
            tokio::task::yield_now().await;
        }
        node
    }

    /// A browser that talks to this process with the cookies of another.
    fn browser(&self, like: &Client) -> Client {
        let port = self.port;
        like.through(Router::new().fallback(move |request| forward(port, request)))
    }

    /// Ends it as a power cut does.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

async fn forward(port: u16, request: Request<Body>) -> Response {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let what = format!("{} {}", request.method(), request.uri());
    let answer = sender.send_request(request).await;
    answer
        .unwrap_or_else(|error| panic!("{what}: {error}"))
        .map(Body::new)
}

/// A platform whose data is of today, because processes have no other clock.
async fn today() -> TestApp {
    TestApp::at(&Clock::system().now().to_string()).await
}

async fn count(pool: &PgPool, statement: &'static str) -> i64 {
    sqlx::query_scalar(statement).fetch_one(pool).await.unwrap()
}

/// Asks the database again until it counts as wanted.
async fn until(
    pool: &PgPool,
    limit: Duration,
    statement: &'static str,
    wanted: impl Fn(i64) -> bool,
) -> i64 {
    let deadline = Instant::now() + limit;
    loop {
        let found = count(pool, statement).await;
        if wanted(found) {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "after {limit:?} there are {found}: {statement}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_agree_within_two_seconds() {
    let app = today().await;
    let northlight = app.tenant("northlight").await;
    let editor = northlight.member(&app, Role::Editor, "Robin Vale").await;
    let southlight = app.tenant("southlight").await;
    // The first serves alone, so that what the second does as a worker is seen.
    let one = Node::start(&app, &[("ATELIER__WORKER__ENABLED", "false")]).await;
    let two = Node::start(&app, &[]).await;
    let (owner, there) = (one.browser(&northlight.owner), two.browser(&editor));

    // A role, taken away.
    there
        .plainly(Method::GET, "/app/blog/posts/new", &[])
        .await
        .expect(200);
    let path = format!(
        "/app/people/{}",
        membership(&app, "editor@northlight.test").await
    );
    owner
        .post(&format!("{path}/roles"), &[("role", "viewer")])
        .await
        .expect(303);
    within(SOON, &there, "/app/blog/posts/new", |reply| {
        reply.status == 403
    })
    .await;
    // A membership, ended.
    owner.post(&format!("{path}/remove"), &[]).await.expect(303);
    within(SOON, &there, "/app/blog/posts", |reply| reply.status == 401).await;

    // A session, revoked while its cookie is used elsewhere.
    let thief = two.browser(&southlight.owner);
    let session = southlight.owner.cookie("sid").unwrap();
    thief.plainly(Method::GET, "/app", &[]).await.expect(200);
    one.browser(&southlight.owner)
        .post("/auth/logout", &[])
        .await
        .expect(303);
    thief.set_cookie("sid", &session);
    within(SOON, &thief, "/app", |reply| reply.status == 401).await;

    // An address, changed: both remembered it.
    let visitor = two.browser(&app.visitor());
    let before = visitor.on(&northlight.origin());
    before.get("/blog").await.expect(200);
    owner
        .post("/app/settings/address", &[("slug", "eastlight")])
        .await
        .expect(303);
    within(SOON, &before, "/blog", |reply| reply.status == 308).await;

    // A tenant, suspended.
    let visitor = visitor.on(&southlight.origin());
    visitor.get("/blog").await.expect(200);
    suspend(&app, "southlight").await;
    within(SOON, &visitor, "/blog", |reply| reply.status == 503).await;

    // Tries at a password, counted together.
    let wrong = [
        ("email", "owner@northlight.test"),
        ("password", "not the one"),
    ];
    let mut answers = Vec::new();
    for turn in 0..8 {
        let node = if turn % 2 == 0 { &one } else { &two };
        answers.push(
            node.browser(&app.visitor())
                .post("/login", &wrong)
                .await
                .status
                .as_u16(),
        );
    }
    assert_eq!(answers, [422, 422, 422, 422, 422, 429, 429, 429]);

    // Work that the first causes, done by the second.
    let pool = app.database.pool(DatabaseRole::Superuser);
    let form = [("email", "owner@southlight.test")];
    one.browser(&app.visitor())
        .post("/recover", &form)
        .await
        .expect(303);
    let sent = "select count(*) from mail_messages where to_address = 'owner@southlight.test' and template like '%reset%' and state = 'sent'";
    until(&pool, SOON, sent, |sent| sent == 1).await;
}

/// Requests a minute by one key, in the test below.
const REQUESTS: i64 = 40;

fn minute() -> i64 {
    Clock::system()
        .now()
        .as_microseconds()
        .div_euclid(60_000_000)
}

/// Asks with a key until it is refused.
async fn ends(program: &Program) {
    let deadline = Instant::now() + SOON;
    loop {
        let reply = program.get(POSTS).await;
        if reply.status == 401 {
            return;
        }
        assert!(Instant::now() < deadline, "it still answers {}", reply.body);
    }
}

/// Asks both processes in turn, more often than a key may: whether each answer let the request through, with what it said
/// was left. `None` when the minute has turned meanwhile.
async fn exhaust(nodes: [&Program; 2]) -> Option<Vec<(bool, i64)>> {
    let began = minute();
    let mut answers = Vec::new();
    for turn in 0..60 {
        let reply = nodes[turn % 2].get(POSTS).await;
        let passed = reply.status == 200;
        assert!(passed || reply.status == 429, "{}", reply.body);
        let left = reply.header("ratelimit-remaining").expect("what is left");
        answers.push((passed, left.parse().expect("a number")));
    }
    (minute() == began).then_some(answers)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_agree_on_keys_and_count_their_requests_together() {
    let app = today().await;
    let northlight = app.tenant("northlight").await;
    let limit = REQUESTS.to_string();
    let settings = [("ATELIER__ACCESS__KEY_REQUESTS", limit.as_str())];
    let one = Node::start(&app, &settings).await;
    let two = Node::start(&app, &settings).await;
    let studio = TestTenant {
        slug: northlight.slug.clone(),
        owner: one.browser(&northlight.owner),
    };
    let on = |node: &Node, program: &Program| Program {
        client: node.browser(&program.client),
        ..program.clone()
    };

    // A key, revoked on one while the other knows it.
    let program = Program::new(&app, &studio, &["posts:read"]).await;
    let there = on(&two, &program);
    there.get(POSTS).await.expect(200);
    let why = json!({ "reason": "leaked" });
    let path = program.path("revoke");
    let revoked = studio.owner.api(Method::POST, &path, &[], Some(&why)).await;
    revoked.expect(200);
    ends(&there).await;
    // An application, switched off.
    let program = Program::named(&app, &studio, "Switched off", &["posts:read"]).await;
    let there = on(&two, &program);
    there.get(POSTS).await.expect(200);
    let path = format!("{APPLICATIONS}/{}", program.application);
    let etag = studio.owner.get(&path).await.expect(200);
    let headers = [("if-match", etag.header("etag").unwrap())];
    let off = json!({ "status": "disabled" });
    let switched = studio.owner.api(Method::PATCH, &path, &headers, Some(&off));
    switched.await.expect(200);
    ends(&there).await;

    // Requests of a key in one minute, on both in turn.
    let first = Program::named(&app, &studio, "Busy", &["posts:read"]).await;
    let mut counted = None;
    for attempt in 0..5 {
        let body = json!({ "name": format!("Attempt {attempt}"), "scopes": ["posts:read"] });
        let key = Program::with(&app, &studio, first.application.clone(), body).await;
        counted = exhaust([&on(&one, &key), &on(&two, &key)]).await;
        if counted.is_some() {
            break;
        }
    }
    let answers = counted.expect("sixty requests take less than a minute");
    let passed = answers.iter().filter(|(passed, _)| *passed).count();
    // Never more than the limit; fewer by what a process may hold and the other not use, a twentieth.
    let early = REQUESTS / 20;
    let passed = i64::try_from(passed).unwrap();
    assert!((REQUESTS - early..=REQUESTS).contains(&passed), "{passed}");
    assert!(answers[58..].iter().all(|answer| *answer == (false, 0)));
    for (at, (_, left)) in answers.iter().enumerate().skip(2) {
        let (there, here) = (answers[at - 1].1, answers[at - 2].1);
        // What one process says is left never grows, and agrees with the other's to what either may hold.
        assert!(*left <= here && *left <= there + early, "{answers:?}");
    }
}

/// Jobs in the queue of the test below.
const JOBS: i64 = 3_000;

/// A scheduled post whose time has come, so many times, each with its job.
async fn schedule(northlight: &TestTenant, pool: &PgPool) {
    let owner = &northlight.owner;
    let post: Value = owner
        .api(
            Method::POST,
            "/api/v1/blog/posts",
            &[],
            Some(&json!({ "title": "Due", "content": "It is time." })),
        )
        .await
        .expect(201)
        .json();
    let path = format!("/api/v1/blog/posts/{}", post["id"].as_str().unwrap());
    let read = owner
        .api(Method::GET, &path, &[], None::<&()>)
        .await
        .expect(200);
    // Far enough that the real one stays scheduled.
    let form = json!({ "local": "2100-01-01T09:00", "time_zone": "Europe/Berlin" });
    owner
        .api(
            Method::POST,
            &format!("{path}/schedule"),
            &[("if-match", read.header("etag").unwrap())],
            Some(&form),
        )
        .await
        .expect(200);
    // The copies differ in their ids and slugs alone.
    for table in ["blog_posts", "blog_post_versions"] {
        let copy = format!(
            "insert into {table} select (jsonb_populate_record(p, jsonb_strip_nulls(jsonb_build_object(
                'id', case when '{table}' = 'blog_posts' then ids.id end,
                'slug', case when '{table}' = 'blog_posts' then 'due-' || ids.n end,
                'post_id', case when '{table}' <> 'blog_posts' then ids.id end,
                'live_at', case when '{table}' = 'blog_posts' then now() - interval '1 minute' end)))).*
             from {table} p, copies ids where p.title = 'Due'"
        );
        if table == "blog_posts" {
            let ids = format!(
                "create table copies as select n, gen_random_uuid() as id from generate_series(1, {JOBS}) n"
            );
            sqlx::query(sqlx::AssertSqlSafe(ids))
                .execute(pool)
                .await
                .unwrap();
            // A post points to its live version and a version to its post.
            sqlx::query("alter table blog_posts drop constraint blog_posts_live_no_fkey")
                .execute(pool)
                .await
                .unwrap();
        }
        sqlx::query(sqlx::AssertSqlSafe(copy))
            .execute(pool)
            .await
            .unwrap();
    }
    let jobs = "insert into jobs (id, tenant_id, kind, payload, run_at, created_at)
        select gen_random_uuid(), (select id from tenants where slug = 'northlight'), 'blog.publish_due',
            jsonb_build_object('post', id, 'at', to_char((now() - interval '1 minute') at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')),
            now() - interval '1 minute', now() from copies";
    sqlx::query(jobs).execute(pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_among_three_thousand_jobs_loses_and_doubles_none() {
    let app = today().await;
    let northlight = app.tenant("northlight").await;
    let pool = app.database.pool(DatabaseRole::Superuser);
    let mut one = Node::start(&app, &[]).await;
    let _two = Node::start(&app, &[]).await;
    schedule(&northlight, &pool).await;
    sqlx::query("select pg_notify('atelier_change', 'work')")
        .execute(&pool)
        .await
        .unwrap();

    let done = "select count(*) from jobs where kind = 'blog.publish_due' and state = 'done'";
    until(&pool, START, done, |done| done > JOBS / 10).await;
    one.kill();
    let at_death = count(&pool, done).await;
    assert!(at_death < JOBS, "the process was to die in the middle");
    until(&pool, START, done, |done| done == JOBS).await;

    // One event for each, whoever did the job and however often it was begun.
    let told = "select count(*) from outbox_events where kind = 'blog.post.published' and payload ->> 'post' in (select id::text from copies)";
    assert_eq!(count(&pool, told).await, JOBS);
    let posts = "select count(distinct payload ->> 'post') from outbox_events where kind = 'blog.post.published'
        and payload ->> 'post' in (select id::text from copies)";
    assert_eq!(count(&pool, posts).await, JOBS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_whose_role_could_see_every_tenant_does_not_start() {
    let app = TestApp::new().await;
    let superuser = app.database.options(DatabaseRole::Superuser);
    for setting in [
        "ATELIER__DATABASE__TENANT_URL",
        "ATELIER__DATABASE__PLATFORM_URL",
    ] {
        let url = superuser.to_url_lossy();
        let (mut command, _) = command(&app, &[(setting, url.as_str())]);
        let mut child = command.spawn().unwrap();
        let mut said = String::new();
        child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(1), "{setting}: {said}");
        assert!(said.contains("is a superuser"), "{setting}: {said}");
    }
}
