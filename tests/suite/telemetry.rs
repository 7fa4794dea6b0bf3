//! What a receiver of OTLP gets from a node: decoded from the wire, not read from the code.
//!
//! A process has one telemetry, so the node runs in a process of its own: this test program again, with one test.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use http::Method;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{HistogramDataPoint, NumberDataPoint};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use server::settings::Settings;
use server::telemetry;

use crate::support::TestApp;

/// Tells the other process where the receiver is.
const ENDPOINT: &str = "ATELIER__TELEMETRY__OTLP_ENDPOINT";
/// What stands before each line that the other process reports.
const REPORT: &str = "telemetry-report";
/// How long the other process may take, with a database server of its own.
const PATIENCE: Duration = Duration::from_mins(2);

/// A receiver of OTLP over HTTP. It keeps the bodies that it gets.
#[derive(Clone, Default)]
struct Receiver {
    traces: Arc<Mutex<Vec<Bytes>>>,
    metrics: Arc<Mutex<Vec<Bytes>>>,
}

impl Receiver {
    /// Starts it and returns its base URL.
    async fn start(&self) -> String {
        let router = Router::new()
            .route(
                "/v1/traces",
                post(async |State(to): State<Self>, body: Bytes| {
                    to.traces.lock().unwrap().push(body);
                }),
            )
            .route(
                "/v1/metrics",
                post(async |State(to): State<Self>, body: Bytes| {
                    to.metrics.lock().unwrap().push(body);
                }),
            )
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    fn spans(&self) -> Vec<Span> {
        let bodies = self.traces.lock().unwrap();
        bodies
            .iter()
            .map(|body| ExportTraceServiceRequest::decode(body.clone()).expect("traces"))
            .flat_map(|request| request.resource_spans)
            .flat_map(|resource| {
                let service = text(
                    &resource.resource.expect("a resource").attributes,
                    "service.name",
                );
                assert_eq!(service.as_deref(), Some("atelier"));
                resource.scope_spans
            })
            .flat_map(|scope| scope.spans)
            .collect()
    }

    /// Every measured point: the metric's name, and the attributes of the point.
    fn points(&self) -> Vec<(String, Vec<KeyValue>)> {
        let bodies = self.metrics.lock().unwrap();
        let metrics = bodies
            .iter()
            .map(|body| ExportMetricsServiceRequest::decode(body.clone()).expect("metrics"))
            .flat_map(|request| request.resource_metrics)
            .flat_map(|resource| resource.scope_metrics)
            .flat_map(|scope| scope.metrics);
        let numbers = |points: Vec<NumberDataPoint>| {
            points.into_iter().map(|point| point.attributes).collect()
        };
        metrics
            .flat_map(|metric| {
                let attributes: Vec<Vec<KeyValue>> = match metric.data.expect("data") {
                    Data::Gauge(gauge) => numbers(gauge.data_points),
                    Data::Sum(sum) => numbers(sum.data_points),
                    Data::Histogram(histogram) => {
                        let points: Vec<HistogramDataPoint> = histogram.data_points;
                        points.into_iter().map(|point| point.attributes).collect()
                    }
                    other => panic!("{}: {other:?}", metric.name),
                };
                attributes
                    .into_iter()
                    .map(move |attributes| (metric.name.clone(), attributes))
            })
            .collect()
    }
}

fn attribute<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    let AnyValue { value } = found.value.as_ref()?;
    value.as_ref()
}

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    match attribute(attributes, key)? {
        Value::StringValue(text) => Some(text.clone()),
        other => panic!("{key} is {other:?}"),
    }
}

/// The node of the other process.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs in a process of its own, started by the test below"]
async fn a_node_that_sends() {
    let Ok(endpoint) = std::env::var(ENDPOINT) else {
        return;
    };
    // As the binary does before anything else.
    rustls::crypto::ring::default_provider()
        .install_default()
        .unwrap();
    let variables = [
        (ENDPOINT.to_owned(), endpoint),
        ("ATELIER__TELEMETRY__LOG".to_owned(), "warn".to_owned()),
    ];
    let settings = Settings::from_environment(&variables.into()).unwrap();
    let guard = telemetry::start(&settings.telemetry).unwrap();

    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let visitor = app.visitor().on(&northlight.origin());
    let replies = [
        (
            "staff",
            northlight
                .owner
                .get("/app/blog/posts?q=secret")
                .await
                .expect(200),
        ),
        (
            "api",
            northlight.owner.get("/api/v1/blog/posts").await.expect(200),
        ),
        (
            "visitor",
            visitor
                .plainly(Method::GET, "/nothing-here", &[])
                .await
                .expect(404),
        ),
        ("base", app.visitor().get("/pricing").await.expect(200)),
    ];
    for (name, reply) in replies {
        println!("{REPORT} {name} {}", reply.header("x-request-id").unwrap());
    }
    let pool = app.database.pool(testkit::Role::Superuser);
    let (tenant, member): (String, String) =
        sqlx::query_as("select tenant_id::text, id::text from memberships")
            .fetch_one(&pool)
            .await
            .unwrap();
    println!("{REPORT} tenant {tenant}");
    println!("{REPORT} member {member}");
    // What is still held back leaves at the end, as when the server stops.
    drop(guard);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_one_span_and_no_metric_names_a_tenant() {
    let receiver = Receiver::default();
    let endpoint = receiver.start().await;
    let node = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "telemetry::a_node_that_sends",
            "--ignored",
            "--nocapture",
        ])
        .env(ENDPOINT, endpoint)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, node)
        .await
        .expect("the node ends")
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{complaints}");
    let report: BTreeMap<&str, &str> = printed
        .lines()
        .filter_map(|line| line.split_once(REPORT)?.1.trim().split_once(' '))
        .collect();
    assert_eq!(report.len(), 6, "{printed}\n{complaints}");

    let spans = receiver.spans();
    assert!(
        !spans.is_empty(),
        "nothing arrived\n{printed}\n{complaints}"
    );
    let span_of = |name: &str| {
        let mut found = spans.iter().filter(|span| {
            span.name == "request"
                && text(&span.attributes, "request").as_deref() == Some(report[name])
        });
        let span = found
            .next()
            .unwrap_or_else(|| panic!("no span of {name} among {} spans", spans.len()));
        assert!(found.next().is_none(), "{name} has two spans");
        assert_eq!(span.kind, 2, "a span of a server");
        assert!(span.parent_span_id.is_empty());
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
        span.attributes.as_slice()
    };
    // Name; path; status; whether it went to the tenant, to a module, and with somebody signed in.
    let rows = [
        ("staff", "/app/blog/posts", 200, true, true, true),
        ("api", "/api/v1/blog/posts", 200, true, true, true),
        ("visitor", "/nothing-here", 404, true, false, false),
        ("base", "/pricing", 200, false, false, false),
    ];
    for (name, path, status, tenant, module, person) in rows {
        let span = span_of(name);
        assert_eq!(text(span, "url.path").as_deref(), Some(path));
        assert_eq!(text(span, "http.request.method").as_deref(), Some("GET"));
        assert_eq!(
            attribute(span, "http.response.status_code"),
            Some(&Value::IntValue(status)),
            "{name}"
        );
        assert_eq!(
            text(span, "tenant").as_deref(),
            tenant.then(|| report["tenant"]),
            "{name}"
        );
        assert_eq!(
            text(span, "module").as_deref(),
            module.then_some("blog"),
            "{name}"
        );
        assert_eq!(
            text(span, "person").as_deref(),
            person.then(|| report["member"]),
            "{name}"
        );
        // Queries hold what people search for.
        assert!(!format!("{span:?}").contains("secret"), "{span:?}");
    }

    let points = receiver.points();
    let durations: Vec<_> = points
        .iter()
        .filter(|(name, _)| name == "http.server.request.duration")
        .collect();
    let statuses: Vec<_> = durations
        .iter()
        .filter_map(|(_, attributes)| attribute(attributes, "http.response.status_code"))
        .collect();
    assert!(
        statuses.contains(&&Value::IntValue(200)) && statuses.contains(&&Value::IntValue(404)),
        "{points:?}"
    );
    for (name, attributes) in &points {
        let keys: Vec<&str> = attributes
            .iter()
            .map(|attribute| attribute.key.as_str())
            .collect();
        for key in &keys {
            assert!(
                !["tenant", "person", "module", "request", "url.path"].contains(key),
                "{name} names {key}"
            );
        }
        let values = format!("{attributes:?}");
        assert!(
            !values.contains(report["tenant"]) && !values.contains("northlight"),
            "{name}: {values}"
        );
    }
}
