//! Connections: those that say nothing, those that are in the middle of something when the server stops, and probes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use server::http::listener::{Limits, serve};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::TestApp;

/// Time that clients get for their headers in these tests.
const HEADERS: Duration = Duration::from_millis(300);
/// Longer than anything here takes, also on a busy machine.
const LONG: Duration = Duration::from_secs(20);

struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    ended: JoinHandle<bool>,
    /// Told when the slow handler has begun.
    begun: Arc<Notify>,
    /// Lets the slow handler go on.
    go_on: Arc<Notify>,
}

impl Server {
    async fn start(drain: Duration) -> Self {
        let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = {
            let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
            move || async move {
                begun.notify_one();
                go_on.notified().await;
                "done"
            }
        };
        let router = Router::new()
            .route("/", get(async || "hello"))
            .route("/slow", get(slow));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let limits = Limits {
            headers: HEADERS,
            drain,
        };
        let ended = tokio::spawn(serve(listener, router, limits, stop.clone()));
        Self {
            address,
            stop,
            ended,
            begun,
            go_on,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends this and waits until the server closes; returns what it said and how long that took.
    async fn wait_for_the_end(&self, sent: &str) -> (String, Duration) {
        let mut stream = self.connect().await;
        let began = Instant::now();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        let read = tokio::time::timeout(LONG, stream.read_to_end(&mut said)).await;
        let _ =
            read.unwrap_or_else(|_| panic!("after {sent:?} the connection stays open for ever"));
        (String::from_utf8_lossy(&said).into_owned(), began.elapsed())
    }
}

#[tokio::test]
async fn a_client_that_never_ends_its_headers_is_let_go() {
    let server = Server::start(LONG).await;
    for sent in [
        "GET / HTTP/1.1\r\nHost: atelier.test\r\nX-Slow: ",
        "GET / HT",
        // Might become POST, or the preface of HTTP/2.
        "P",
        "PRI * HTTP/2.0\r\n\r\n",
        "",
    ] {
        let (said, took) = server.wait_for_the_end(sent).await;
        assert!(!said.contains("200 OK"), "{sent:?}: {said}");
        assert!(
            took >= HEADERS.mul_f32(0.9),
            "{sent:?} was let go after {took:?}"
        );
    }
    // Whoever sends them is answered, and may think between two requests.
    let (said, _) = server
        .wait_for_the_end("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await;
    assert!(
        said.starts_with("HTTP/1.1 200 OK") && said.ends_with("hello"),
        "{said}"
    );
}

#[tokio::test]
async fn a_slow_answer_is_not_a_slow_header() {
    let server = Server::start(LONG).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    server.begun.notified().await;
    let mut byte = [0];
    // Nothing comes, and nothing is closed, for longer than headers may take.
    let early = tokio::time::timeout(HEADERS * 2, stream.read(&mut byte)).await;
    assert!(early.is_err(), "{early:?}");
    server.go_on.notify_one();
    let mut said = String::new();
    tokio::time::timeout(LONG, stream.read_to_string(&mut said))
        .await
        .expect("an answer")
        .unwrap();
    assert!(said.ends_with("done"), "{said}");
}

#[tokio::test]
async fn stopping_lets_a_running_request_end_and_takes_no_new_one() {
    let server = Server::start(LONG).await;
    let mut running = server.connect().await;
    running
        .write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    server.begun.notified().await;
    server.stop.cancel();
    let deadline = Instant::now() + LONG;
    while TcpStream::connect(server.address).await.is_ok() {
        assert!(Instant::now() < deadline, "the listener stays open");
        tokio::task::yield_now().await;
    }
    assert!(!server.ended.is_finished());
    server.go_on.notify_one();
    let mut said = String::new();
    tokio::time::timeout(LONG, running.read_to_string(&mut said))
        .await
        .expect("an answer")
        .unwrap();
    assert!(
        said.starts_with("HTTP/1.1 200 OK") && said.ends_with("done"),
        "{said}"
    );
    assert!(said.to_lowercase().contains("connection: close"), "{said}");
    assert!(server.ended.await.unwrap(), "all requests ended in time");
}

#[tokio::test]
async fn a_request_that_does_not_end_holds_the_stop_up_for_so_long_only() {
    let server = Server::start(Duration::from_millis(200)).await;
    let mut running = server.connect().await;
    running
        .write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    server.begun.notified().await;
    server.stop.cancel();
    let ended = tokio::time::timeout(LONG, server.ended)
        .await
        .expect("the server stops");
    assert!(!ended.unwrap(), "it says that one was cut off");
}

#[tokio::test]
async fn probes_tell_living_from_ready() {
    let app = TestApp::new().await;
    let visitor = app.visitor().on("http://10.0.0.7:8080");
    assert_eq!(visitor.get("/livez").await.expect(200).body, "ok");
    let ready = visitor
        .get("/readyz")
        .await
        .expect(200)
        .json::<serde_json::Value>();
    assert_eq!(
        ready,
        serde_json::json!({ "ready": true, "database": true, "draining": false })
    );

    app.platform.health.drain();
    let draining = visitor
        .get("/readyz")
        .await
        .expect(503)
        .json::<serde_json::Value>();
    assert_eq!(draining["draining"], true);
    visitor.get("/livez").await.expect(200);

    let other = app.second_node();
    let visitor = visitor.through(other.router.clone());
    visitor.get("/readyz").await.expect(200);
    other.db.pool().close().await;
    let away = visitor
        .get("/readyz")
        .await
        .expect(503)
        .json::<serde_json::Value>();
    assert_eq!(away["database"], false);
    visitor.get("/livez").await.expect(200);
}
