//! `Idempotency-Key` as behaviour: every POST of the API, sent twice with one key, is done once and answered the same;
//! the key is no good for anything else.

use std::collections::BTreeSet;

use axum::body::Body;
use http::{Method, header};
use serde_json::{Value, json};

use crate::files::jpeg;
use crate::isolation::{Studio, fill};
use crate::openapi::{ONCE_OR_MORE, description, operations};
use crate::support::{Client, Reply, TestApp};

/// What is sent, each step to what those before have left: the operation, its body, and another body that must be
/// refused. A name between `<` and `>` stands for the id of one of the studio's things. Steps that begin with a method
/// only prepare the next.
const STEPS: &[(&str, &str, &str)] = &[
    // A live post, with a note and a comment.
    (
        "blog.notes.create",
        r#"{"body":"Look"}"#,
        r#"{"body":"Look again"}"#,
    ),
    ("blog.notes.resolve", "", ""),
    ("blog.notes.reopen", "", ""),
    ("blog.previews.create", "{}", r#"{"hours":1}"#),
    (
        "blog.comments.create",
        r#"{"content":"Once"}"#,
        r#"{"content":"Twice"}"#,
    ),
    (
        "blog.comments.report",
        r#"{"reason":"spam"}"#,
        r#"{"reason":"rude"}"#,
    ),
    ("blog.comments.pin", "", ""),
    ("blog.comments.unpin", "", ""),
    (
        "blog.comments.moderate",
        r#"{"move":"hide"}"#,
        r#"{"move":"spam"}"#,
    ),
    (
        "blog.comments.moderate_many",
        r#"{"ids":["<comment>"],"move":"approve"}"#,
        r#"{"ids":["<comment>"],"move":"spam"}"#,
    ),
    (
        "blog.comments.erase",
        r#"{"email":"nobody@readers.test","keep_text":true}"#,
        r#"{"email":"nobody@readers.test","keep_text":false}"#,
    ),
    (
        "blog.comment_bans.create",
        r#"{"subject":"email","email":"eve@readers.test"}"#,
        r#"{"subject":"email","email":"otto@readers.test"}"#,
    ),
    // Its states.
    (
        "blog.posts.schedule_end",
        r#"{"local":"2027-01-01T09:00","time_zone":"Europe/Berlin"}"#,
        r#"{"local":"2027-01-02T09:00","time_zone":"Europe/Berlin"}"#,
    ),
    ("blog.posts.unschedule_end", "", ""),
    ("blog.posts.unpublish", "", ""),
    (
        "blog.posts.submit",
        r#"{"note":"Ready"}"#,
        r#"{"note":"Ready?"}"#,
    ),
    ("blog.posts.withdraw", "", ""),
    ("blog.posts.submit", "{}", r#"{"note":"Ready?"}"#),
    (
        "blog.posts.send_back",
        r#"{"note":"Not yet"}"#,
        r#"{"note":"No"}"#,
    ),
    ("blog.posts.submit", "{}", r#"{"note":"Ready?"}"#),
    (
        "blog.posts.approve",
        "{}",
        r#"{"schedule":{"local":"2027-01-01T09:00","time_zone":"Europe/Berlin"}}"#,
    ),
    ("blog.posts.archive", "", ""),
    ("blog.posts.unarchive", "", ""),
    (
        "blog.posts.schedule",
        r#"{"local":"2027-01-01T09:00","time_zone":"Europe/Berlin"}"#,
        r#"{"local":"2027-01-02T09:00","time_zone":"Europe/Berlin"}"#,
    ),
    ("blog.posts.unschedule", "", ""),
    ("blog.posts.publish", "", ""),
    ("blog.versions.restore", "", ""),
    (
        "blog.posts.bulk_unpublish",
        r#"{"ids":["<post>"]}"#,
        r#"{"ids":["<tag>"]}"#,
    ),
    (
        "blog.posts.bulk_publish",
        r#"{"ids":["<post>"]}"#,
        r#"{"ids":["<tag>"]}"#,
    ),
    (
        "blog.posts.bulk_archive",
        r#"{"ids":["<post>"]}"#,
        r#"{"ids":["<tag>"]}"#,
    ),
    (
        "blog.posts.bulk_delete",
        r#"{"ids":["<post>"]}"#,
        r#"{"ids":["<tag>"]}"#,
    ),
    (
        "blog.posts.bulk_restore",
        r#"{"ids":["<post>"]}"#,
        r#"{"ids":["<tag>"]}"#,
    ),
    ("DELETE /api/v1/blog/posts/<post>", "", ""),
    ("blog.posts.restore", "", ""),
    (
        "blog.posts.create",
        r#"{"title":"Once"}"#,
        r#"{"title":"Twice"}"#,
    ),
    // Around posts.
    ("DELETE /api/v1/blog/tags/<tag>", "", ""),
    ("blog.tags.restore", "", ""),
    (
        "blog.tags.create",
        r#"{"name":"Once"}"#,
        r#"{"name":"Twice"}"#,
    ),
    (
        "blog.tags.merge",
        r#"{"into":"<made>"}"#,
        r#"{"into":"<post>"}"#,
    ),
    ("DELETE /api/v1/blog/series/<series>", "", ""),
    ("blog.series.restore", "", ""),
    (
        "blog.series.create",
        r#"{"title":"Once"}"#,
        r#"{"title":"Twice"}"#,
    ),
    ("DELETE /api/v1/blog/redirects/<redirect>", "", ""),
    ("blog.redirects.restore", "", ""),
    (
        "blog.redirects.create",
        r#"{"source":"/once","target":"/blog"}"#,
        r#"{"source":"/twice","target":"/blog"}"#,
    ),
    (
        "blog.redirects.import",
        r#"{"csv":"from,to\n/here,/blog\n"}"#,
        r#"{"csv":"from,to\n/there,/blog\n"}"#,
    ),
    (
        "blog.authors.add",
        r#"{"membership_id":"<editor>"}"#,
        r#"{"membership_id":"<member>"}"#,
    ),
    // The workspace.
    ("files.library.upload", "7", "8"),
    (
        "files.library.sign",
        r#"{"variant":"original","seconds":60}"#,
        r#"{"variant":"original","seconds":61}"#,
    ),
    ("DELETE /api/v1/files/<file>?force=true", "", ""),
    ("files.library.restore", "", ""),
    ("inbox.notifications.read_all", "", ""),
    (
        "workspace.applications.create",
        r#"{"product":"blog","name":"Once"}"#,
        r#"{"product":"blog","name":"Twice"}"#,
    ),
    (
        "workspace.api_keys.create",
        r#"{"name":"Once","scopes":["posts:read"]}"#,
        r#"{"name":"Once","scopes":["posts:write"]}"#,
    ),
    (
        "workspace.api_keys.rotate",
        r#"{"overlap_hours":1}"#,
        r#"{"overlap_hours":2}"#,
    ),
    (
        "workspace.api_keys.revoke",
        r#"{"reason":"unused"}"#,
        r#"{"reason":"leaked"}"#,
    ),
    (
        "workspace.roles.create",
        r#"{"name":"Once","permissions":["blog.posts.read"]}"#,
        r#"{"name":"Once","permissions":["blog.posts.write"]}"#,
    ),
    (
        "workspace.shares.create",
        r#"{"kind":"blog.post","object":"<post>","member":"<editor>","level":"edit"}"#,
        r#"{"kind":"blog.post","object":"<post>","member":"<editor>","level":"view"}"#,
    ),
    (
        "workspace.guests.create",
        r#"{"kind":"blog.post","object":"<post>","label":"Once"}"#,
        r#"{"kind":"blog.post","object":"<post>","label":"Twice"}"#,
    ),
    (
        "workspace.invitations.create",
        r#"{"email":"once@readers.test","roles":["viewer"]}"#,
        r#"{"email":"once@readers.test","roles":["editor"]}"#,
    ),
    ("workspace.invitations.resend", "", ""),
    // What it pays.
    (
        "PUT /api/v1/billing/details",
        r#"{"legal_name":"Northlight GmbH","billing_email":"books@northlight.test","address":"Kai 1\n20457 Hamburg","country":"DE"}"#,
        "",
    ),
    (
        "billing.subscriptions.choose",
        r#"{"price":"<price>"}"#,
        r#"{"price":"<post>"}"#,
    ),
    (
        "billing.subscriptions.cancel",
        r#"{"at":"period_end","reason":"unused"}"#,
        r#"{"at":"now","reason":"unused"}"#,
    ),
    ("billing.subscriptions.resume", "", ""),
    ("billing.subscriptions.keep", "", ""),
];

/// The revision of what a path is about, if that has one.
async fn revision(owner: &Client, path: &str) -> Option<String> {
    let path = path.split('?').next().unwrap_or_default();
    let whole: Vec<&str> = path.split('/').collect();
    // `/api/v1/<module>/<things>/<id>`, or one part less where the module is the thing.
    for parts in [whole.len(), 6, 5] {
        let Some(parts) = whole.get(..parts) else {
            continue;
        };
        let read = owner.get(&parts.join("/")).await;
        if let Some(etag) = read.header("etag") {
            return Some(etag.to_owned());
        }
    }
    None
}

/// One request of the owner's.
async fn send(
    owner: &Client,
    (method, path): (&Method, &str),
    (key, rev): (&str, Option<&str>),
    body: &str,
) -> Reply {
    let mut request = owner
        .request(method.clone(), path)
        .header("sec-fetch-site", "same-origin")
        .header(header::ACCEPT, "application/json")
        .header("idempotency-key", key);
    if let Some(rev) = rev {
        request = request.header(header::IF_MATCH, rev);
    }
    // A file is its bytes: the body is what it is drawn from.
    let sent = if path == "/api/v1/files" {
        request = request.header(header::CONTENT_TYPE, "application/octet-stream");
        Body::from(jpeg(16, 16, body.parse().expect("a seed")))
    } else if body.is_empty() {
        Body::empty()
    } else {
        request = request.header(header::CONTENT_TYPE, "application/json");
        Body::from(body.to_owned())
    };
    owner.send(request.body(sent).expect("a request")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_post_with_a_key_is_done_once() {
    let app = TestApp::new().await;
    let Studio { tenant, mut names } = Studio::new(&app, "northlight").await;
    app.run_jobs().await;
    let owner = &tenant.owner;
    let plans: Value = owner.get("/api/v1/billing/plans").await.expect(200).json();
    let price = &plans["data"][0]["prices"][0]["id"];
    names.insert("price", price.as_str().expect("a price").to_owned());
    let description = description();
    let posts: Vec<(String, String)> = operations(&description)
        .into_iter()
        .filter(|(method, _, _)| method == "post")
        .map(|(_, path, operation)| (operation["operationId"].to_string(), path))
        .map(|(id, path)| (id.trim_matches('"').to_owned(), path))
        .collect();

    let mut tried: BTreeSet<&str> = ONCE_OR_MORE.iter().copied().collect();
    let mut faults = Vec::new();
    for (number, (step, body, other)) in STEPS.iter().enumerate() {
        let named = |text: &str| {
            let all = names.iter();
            all.fold(text.to_owned(), |text, (name, id)| {
                text.replace(&format!("<{name}>"), id)
            })
        };
        let (body, other) = (named(body), named(other));
        let key = format!("step {number}");
        if let Some((method, path)) = step.split_once(' ') {
            let (method, path) = (method.parse().expect("a method"), named(path));
            let rev = revision(owner, &path).await;
            let done = send(owner, (&method, &path), (&key, rev.as_deref()), &body).await;
            assert!(done.status.is_success(), "{step}: {}", done.body);
            continue;
        }
        let found = posts.iter().find(|(id, _)| id == step);
        let (_, path) = found.unwrap_or_else(|| panic!("there is no operation {step}"));
        let path = fill(path, &|kind| names[kind].clone()).unwrap_or_else(|| path.clone());
        tried.insert(step);
        let rev = revision(owner, &path).await;
        let call = (&Method::POST, path.as_str());
        let first = send(owner, call, (&key, rev.as_deref()), &body).await;
        let again = send(owner, call, (&key, rev.as_deref()), &body).await;
        if !first.status.is_success() {
            faults.push(format!("{step}: {} {}", first.status, first.body));
            continue;
        }
        if again.status != first.status || again.header("idempotent-replayed") != Some("true") {
            let (status, text) = (again.status, &again.body);
            faults.push(format!("{step} is not repeated: {status} {text}"));
        }
        if first.header("idempotent-replayed").is_some() {
            faults.push(format!(
                "{step}: the first answer says that it is a repetition"
            ));
        }
        if !other.is_empty() {
            let refused = send(owner, call, (&key, rev.as_deref()), &other).await;
            let told = refused.body.contains("idempotency_key_reused");
            if refused.status != 422 || !told {
                let (status, text) = (refused.status, &refused.body);
                faults.push(format!(
                    "{step} takes the key for another request: {status} {text}"
                ));
            }
        }
        if first.status == 201 {
            let made: Value = first.json();
            let id = made["id"].as_str().unwrap_or_default().to_owned();
            // The one that was there may have been accepted.
            let name = match *step {
                "workspace.invitations.create" => "invitation",
                _ => "made",
            };
            names.insert(name, id);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let untried: Vec<&String> = posts
        .iter()
        .map(|(id, _)| id)
        .filter(|id| !tried.contains(id.as_str()))
        .collect();
    assert!(untried.is_empty(), "never sent: {untried:?}");
    // Done once: one thing of each name.
    let tags: Value = owner
        .get("/api/v1/blog/tags?q=Once")
        .await
        .expect(200)
        .json();
    assert_eq!(tags["data"].as_array().map(Vec::len), Some(1));
    let posts: Value = owner.get("/api/v1/blog/posts").await.expect(200).json();
    let once = json!("Once");
    let posts = posts["data"].as_array().expect("posts");
    assert_eq!(posts.iter().filter(|post| post["title"] == once).count(), 1);
}
