//! What readers do, and what they are told.

use std::time::Duration;

use http::Method;
use kernel::Role;
use module::GateKind;
use serde_json::{Value, json};

use super::{Blog, POST};
use crate::support::{Samples, TestApp};

/// The steps of a guest's first comments, one after the other.
#[tokio::test]
async fn a_guest_confirms_waits_and_is_known_from_then_on() {
    let blog = Blog::new(json!({ "comments_mode": "verified_guests" })).await;
    let guest = blog.browser();
    let sent = blog
        .say(&guest, "Ines", "A *fine* hydrangea.")
        .await
        .expect(202);
    let told: Value = sent.json();
    assert_eq!(
        (&told["status"], &told["confirm"]),
        (&json!("pending"), &json!(true))
    );
    for secret in ["score", "reason", "first"] {
        assert!(!sent.body.contains(secret), "{}", sent.body);
    }
    let id = Blog::id(&sent);
    assert!(
        !blog.page().await.body.contains("hydrangea"),
        "it is public"
    );
    assert_eq!(blog.tabs().await, ["0", "0", "0", "0", "0"]);

    // The link changes nothing until its button is pressed, from whatever browser.
    let letter = blog.app.letter("ines@readers.test").await;
    assert!(
        !letter.text.contains("hydrangea") && !letter.text.contains("Ines"),
        "{}",
        letter.text
    );
    let link = letter.link();
    let path = link
        .strip_prefix("http://northlight.atelier.test")
        .expect("a link on the blog");
    let mailbox = blog.browser();
    for _ in 0..2 {
        let page = mailbox.get(path).await.expect(200);
        assert!(page.body.contains("<em>fine</em>") && page.body.contains("Confirm my comment"));
    }
    assert_eq!(blog.tabs().await[0], "0");
    let confirmed = mailbox.post(path, &[]).await.expect(303);
    assert_eq!(
        confirmed.location().unwrap(),
        format!("{POST}?comment=pending#comments")
    );
    mailbox.get(path).await.expect(410);
    mailbox.post(path, &[]).await.expect(410);
    assert!(!blog.page().await.body.contains("hydrangea"));

    // The moderator sees it with its reason, and approves.
    let queue = blog
        .studio
        .owner
        .get("/app/blog/comments")
        .await
        .expect(200);
    assert_eq!(blog.tabs().await[0], "1");
    assert!(queue.body.contains("First comment") && queue.body.contains("ines@readers.test"));
    let path = format!("/app/blog/comments/{id}/approve");
    blog.studio.owner.post(&path, &[]).await.expect(303);
    let page = blog.page().await;
    assert!(page.body.contains("<em>fine</em>") && page.body.contains("1 comment"));
    assert!(page.body.contains("\"commentCount\":1") && !page.body.contains("ines@readers.test"));
    assert_eq!(page.header("cache-control"), Some("public, no-cache"));
    assert!(blog.browser().get("/blog").await.body.contains("1 comment"));

    // The same browser is known now; another one with the same address is not.
    let again = blog
        .say(&guest, "Ines", "And the shadows.")
        .await
        .expect(201);
    assert_eq!(again.json::<Value>()["status"], "approved");
    let other = blog
        .say(&blog.browser(), "Ines", "I am Ines, too.")
        .await
        .expect(202);
    assert_eq!(other.json::<Value>()["confirm"], true);

    // Three links wait.
    let links = "https://a.example https://b.example https://c.example";
    let linked = blog.say(&guest, "Ines", links).await.expect(202);
    assert_eq!(blog.stored(&Blog::id(&linked)).await.1, "links");
}

#[tokio::test]
async fn confirming_too_late_is_too_late() {
    let blog =
        Blog::new(json!({ "comments_mode": "verified_guests", "comments_moderation": "none" }))
            .await;
    blog.say(&blog.browser(), "Ines", "Late.").await.expect(202);
    let link = blog.app.letter("ines@readers.test").await.link();
    let path = link
        .strip_prefix("http://northlight.atelier.test")
        .unwrap()
        .to_owned();
    blog.app.advance(Duration::from_hours(48));
    blog.browser().post(&path, &[]).await.expect(410);
    // Without rules that hold it, a confirmed comment is public at once.
    let guest = blog.browser();
    blog.say(&guest, "Ines", "In time.").await.expect(202);
    let link = blog.app.letter("ines@readers.test").await.link();
    let path = link
        .strip_prefix("http://northlight.atelier.test")
        .unwrap()
        .to_owned();
    let confirmed = guest.post(&path, &[]).await.expect(303);
    assert!(confirmed.location().unwrap().contains("comment=approved"));
    assert!(blog.page().await.body.contains("In time."));
}

#[tokio::test]
async fn everything_works_as_plain_forms() {
    let blog = Blog::open().await;
    let guest = blog.browser();
    let page = guest.get(POST).await.expect(200);
    assert_eq!(
        page.attribute("#comment-form", "action").unwrap(),
        format!("{POST}/comments")
    );
    let token = blog.token(&guest).await;
    blog.app.advance(Duration::from_secs(5));
    let path = format!("{POST}/comments");
    let wrong = [
        ("content", "Words <b>stay</b>"),
        ("name", ""),
        ("email", "x"),
        ("token", token.as_str()),
    ];
    let refused = guest.post(&path, &wrong).await.expect(422);
    assert!(
        refused.body.contains("Words &lt;b&gt;stay") && refused.body.contains("Enter the name")
    );
    let right = [
        ("content", "Words"),
        ("name", "Ines"),
        ("email", "ines@readers.test"),
        ("token", token.as_str()),
    ];
    let sent = guest.post(&path, &right).await.expect(303);
    assert_eq!(
        sent.location().unwrap(),
        format!("{POST}?comment=approved#comments")
    );
    let shown = guest
        .get(&format!("{POST}?comment=approved"))
        .await
        .expect(200);
    assert!(shown.body.contains("Your comment is public") && shown.body.contains("Words"));
    assert_eq!(shown.header("cache-control"), Some("private, no-cache"));
    // Too soon: the page comes again with what was typed.
    let soon = guest
        .post(
            &path,
            &[("content", "More words"), right[1], right[2], right[3]],
        )
        .await
        .expect(429);
    assert!(soon.body.contains("More words") && soon.header("retry-after").is_some());
    // Its writer, and nobody else, is offered to change it.
    assert_eq!(
        shown.texts(".blog-acts a").len(),
        2,
        "{:?}",
        shown.texts(".blog-acts a")
    );
    let id = blog
        .one::<String>("select id::text from blog_comments")
        .await;
    let form = guest.get(&format!("{POST}?edit={id}")).await.expect(200);
    assert!(form.body.contains(&format!("/blog/comments/{id}/edit")));
    assert!(
        !blog
            .browser()
            .get(&format!("{POST}?edit={id}"))
            .await
            .body
            .contains(&format!("/{id}/edit"))
    );
    let reply = guest.get(&format!("{POST}?reply={id}")).await.expect(200);
    assert_eq!(
        reply
            .attribute("#comment-form input[name=parent]", "value")
            .unwrap(),
        id
    );
}

#[tokio::test]
async fn a_writer_changes_their_words_for_a_quarter_of_an_hour() {
    let blog = Blog::new(
        json!({ "comments_mode": "anyone", "comments_moderation": "flagged_only",
        "comments_blocklist": ["casino"] }),
    )
    .await;
    let guest = blog.browser();
    let id = Blog::id(&blog.say(&guest, "Ines", "Frist").await.expect(201));
    let path = format!("/blog/comments/{id}/edit");
    blog.browser()
        .plainly(Method::POST, &path, &[("content", "Stolen")])
        .await
        .expect(404);
    blog.studio
        .owner
        .plainly(Method::POST, &path, &[("content", "Stolen")])
        .await
        .expect(404);
    guest.post(&path, &[("content", "First")]).await.expect(303);
    let page = blog.page().await;
    assert!(
        page.body.contains("First") && !page.body.contains("Frist") && page.body.contains("edited")
    );
    guest
        .plainly(Method::POST, &path, &[("content", " ")])
        .await
        .expect(422);
    // The rules look at the new words.
    let links = "https://a.example https://b.example https://c.example";
    guest.post(&path, &[("content", links)]).await.expect(303);
    assert_eq!(blog.stored(&id).await, ("pending".into(), "links".into()));
    guest
        .post(&path, &[("content", "a casino")])
        .await
        .expect(303);
    assert_eq!(blog.stored(&id).await.0, "spam");
    guest
        .plainly(Method::POST, &path, &[("content", "sorry")])
        .await
        .expect(409);

    let late = Blog::id(&blog.say(&guest, "Ines", "Slowly").await.expect(201));
    blog.app.advance(Duration::from_mins(16));
    let path = format!("/blog/comments/{late}/edit");
    let refused = guest
        .plainly(Method::POST, &path, &[("content", "Too late")])
        .await
        .expect(409);
    assert_eq!(refused.json::<Value>()["code"], "edit_closed");
}

#[tokio::test]
async fn what_is_taken_back_leaves_a_trace_where_it_was_answered() {
    let blog = Blog::open().await;
    let (guest, other) = (blog.browser(), blog.browser());
    let answered = Blog::id(&blog.say(&guest, "Ines", "Regretted").await.expect(201));
    blog.answer(&other, "Otto", "But true", &answered)
        .await
        .expect(201);
    let alone = Blog::id(&blog.say(&guest, "Ines", "Forgotten").await.expect(201));
    for id in [&answered, &alone] {
        let path = format!("/blog/comments/{id}/delete");
        other.plainly(Method::POST, &path, &[]).await.expect(404);
        guest.post(&path, &[]).await.expect(303);
    }
    let page = blog.page().await;
    assert!(page.body.contains("[removed]") && page.body.contains("But true"));
    assert!(
        !page.body.contains("Regretted")
            && !page.body.contains("Forgotten")
            && !page.body.contains("Ines")
    );
    let kept: i64 = blog.one("select count(*) from blog_comments where guest_name = 'Ines' or content like 'Regretted%'").await;
    assert_eq!(kept, 0);
    assert!(page.body.contains("1 comment"));
}

#[tokio::test]
async fn three_readers_take_a_comment_from_the_public() {
    let blog = Blog::open().await;
    let id = Blog::id(
        &blog
            .say(&blog.browser(), "Ines", "Rude words")
            .await
            .expect(201),
    );
    blog.app.advance(Duration::from_mins(1));
    let path = format!("/blog/comments/{id}/report");
    let mut readers = vec![blog.browser()];
    for role in [Role::Viewer, Role::Author, Role::Editor] {
        readers.push(blog.studio.member(&blog.app, role, "Robin Vale").await);
    }
    for reader in &readers[..2] {
        reader.post(&path, &[("reason", "Rude")]).await.expect(303);
        // Twice counts once.
        reader.post(&path, &[("reason", "Rude")]).await.expect(303);
    }
    assert!(blog.page().await.body.contains("Rude words"));
    readers[2].post(&path, &[]).await.expect(303);
    assert!(!blog.page().await.body.contains("Rude words"));
    assert_eq!(
        blog.stored(&id).await,
        ("pending".into(), "reported".into())
    );
    // What is not public cannot be reported.
    readers[3]
        .plainly(Method::POST, &path, &[])
        .await
        .expect(404);
    let case = blog
        .studio
        .owner
        .get(&format!("/app/blog/comments/{id}"))
        .await
        .expect(200);
    assert!(case.body.contains("Rude") && case.body.contains("3 reports"));
    // Once a moderator has looked, the reports of before do not count again.
    blog.app.advance(Duration::from_mins(1));
    blog.decide(&id, "approve").await.expect(200);
    blog.app.advance(Duration::from_mins(1));
    readers[3].post(&path, &[]).await.expect(303);
    assert!(blog.page().await.body.contains("Rude words"));
}

#[tokio::test]
async fn comments_have_a_feed() {
    let blog = Blog::open().await;
    blog.say(&blog.browser(), "Ines & Co", "A **bold** word")
        .await
        .expect(422);
    blog.say(&blog.browser(), "Ines", "A **bold** word")
        .await
        .expect(201);
    let feed = blog
        .browser()
        .get(&format!("{POST}/comments/feed.xml"))
        .await
        .expect(200);
    assert!(
        feed.header("content-type")
            .unwrap()
            .starts_with("application/rss+xml")
    );
    assert!(feed.body.contains("Comment by Ines") && feed.body.contains("&lt;strong&gt;bold"));
    assert!(!feed.body.contains("readers.test"));
    blog.browser()
        .get("/blog/nothing/comments/feed.xml")
        .await
        .expect(404);
}

#[tokio::test]
async fn the_demo_is_discussed() {
    let app = TestApp::new().await;
    let samples = Samples::seed(&app.platform, &app.database).await;
    let visitor = samples.client(&app.platform, GateKind::Public);
    let page = visitor
        .get("/blog/how-we-light-a-portrait")
        .await
        .expect(200);
    assert!(page.body.contains("2 comments") && page.body.contains("comment-form"));
    assert!(page.body.contains("second part about windows"));
}
