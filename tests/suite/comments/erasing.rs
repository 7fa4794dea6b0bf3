//! What is kept of readers, and how it goes.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::Blog;

/// Everything in the tenant's tables that has these letters in it.
async fn mentions(blog: &Blog, letters: &str) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.table_name::text from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
          where c.table_schema = 'public' and c.column_name = 'tenant_id' and t.table_type = 'BASE TABLE'",
    )
    .fetch_all(&blog.pool)
    .await
    .unwrap();
    let mut found = Vec::new();
    for table in tables {
        let sql = format!("select count(*) from {table} x where x::text ilike '%{letters}%'");
        if blog.one::<i64>(&sql).await > 0 {
            found.push(table);
        }
    }
    found.sort();
    found
}

async fn erase(blog: &Blog, keep_text: bool) -> Value {
    let body = json!({ "email": "Ines@readers.test", "keep_text": keep_text });
    let path = "/api/v1/blog/comments/erase";
    blog.studio
        .owner
        .api(Method::POST, path, &[], Some(&body))
        .await
        .expect(200)
        .json()
}

/// Sends the same request twice: both answers.
async fn twice(
    blog: &Blog,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
    status: u16,
) -> [Value; 2] {
    let owner = &blog.studio.owner;
    let send = async || owner.api(Method::POST, path, headers, Some(body)).await;
    let (first, again) = (send().await.expect(status), send().await.expect(status));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    [first.json(), again.json()]
}

#[tokio::test]
async fn a_reader_is_erased_and_the_words_stay() {
    let blog =
        Blog::new(json!({ "comments_mode": "verified_guests", "comments_moderation": "none" }))
            .await;
    let guest = blog.browser();
    let mut ids = Vec::new();
    for text in ["Hydrangea", "Unconfirmed"] {
        ids.push(Blog::id(&blog.say(&guest, "Ines", text).await.expect(202)));
        if text == "Hydrangea" {
            // As an editor would, who knows her: by a program that may ask twice, whose answers are kept.
            let (read, etag) = blog.read(&ids[0]).await;
            assert_eq!(read["email"], "ines@readers.test");
            let path = format!("/api/v1/blog/comments/{}/moderate", ids[0]);
            let headers = [("if-match", etag.as_str()), ("idempotency-key", "approve")];
            let approve = json!({ "move": "approve" });
            let decided = twice(&blog, &path, &headers, &approve, 200).await;
            assert_eq!(decided[0]["email"], "ines@readers.test");
            assert_eq!(decided[0]["status"], decided[1]["status"]);
            assert_eq!(
                (&decided[1]["email"], &decided[1]["content"]),
                (&Value::Null, &json!(""))
            );
        }
    }
    let ban = json!({ "subject": "email", "comment": ids[0], "reason": "Ines again" });
    let headers = [("idempotency-key", "ban")];
    let banned = twice(&blog, "/api/v1/blog/comment-bans", &headers, &ban, 201).await;
    assert_eq!(banned[0]["email"], "ines@readers.test");
    assert_eq!(banned[0]["id"], banned[1]["id"]);
    assert_eq!(banned[1]["email"], Value::Null);
    // Mail to her that has left, one that waits, and one of the workspace itself, which is no business of the blog.
    blog.app.run_jobs().await;
    let waiting = "insert into mail_messages (id, tenant_id, template, to_address, to_name, from_name, subject, html, body_text, created_at)
        select distinct on (new.template) gen_random_uuid(), tenant_id, new.template, 'INES@readers.test', '', from_name, subject, html, body_text, created_at
          from mail_messages, (values ('blog.comment_answered'), ('tenants.invitation')) as new (template)
         where to_address ilike 'ines@readers.test'";
    sqlx::query(waiting).execute(&blog.pool).await.unwrap();
    assert_eq!(
        mentions(&blog, "ines").await,
        ["blog_comment_bans", "blog_comments", "mail_messages"]
    );
    assert_eq!(erase(&blog, true).await["comments"], 2);
    let left: String = blog
        .one("select string_agg(template, ' ') from mail_messages where to_address ilike 'ines@%'")
        .await;
    assert_eq!(left, "tenants.invitation");
    sqlx::query("delete from mail_messages where template = 'tenants.invitation'")
        .execute(&blog.pool)
        .await
        .unwrap();
    assert_eq!(mentions(&blog, "ines").await, [""; 0]);
    assert_eq!(mentions(&blog, "readers.test").await, [""; 0]);
    let page = blog.page().await;
    assert!(page.body.contains("Hydrangea") && page.body.contains("Somebody"));
    let export = blog
        .studio
        .owner
        .get("/app/blog/comments/export.csv")
        .await
        .expect(200);
    assert!(
        export.body.contains("Hydrangea")
            && !export.body.contains("Ines")
            && !export.body.contains("Unconfirmed")
    );
    let traces: i64 = blog.one("select count(*) from blog_comments where visitor_hash is not null or ip_hash is not null").await;
    assert_eq!(traces, 0);
    assert_eq!(erase(&blog, true).await["comments"], 0);
}

#[tokio::test]
async fn a_reader_is_erased_with_their_words() {
    let blog = Blog::open().await;
    let guest = blog.browser();
    let answered = Blog::id(&blog.say(&guest, "Ines", "Hydrangea").await.expect(201));
    blog.answer(&blog.browser(), "Otto", "Quite so", &answered)
        .await
        .expect(201);
    blog.answer(&guest, "Ines", "Hydrangea again", &answered)
        .await
        .expect(201);
    let form = [("email", "ines@readers.test"), ("text", "remove")];
    blog.studio
        .owner
        .post("/app/blog/comments/erase", &form)
        .await
        .expect(303);
    assert_eq!(mentions(&blog, "ines@").await, [""; 0]);
    assert_eq!(mentions(&blog, "hydrangea").await, [""; 0]);
    let page = blog.page().await;
    assert!(page.body.contains("[removed]") && page.body.contains("Quite so"));
    let wrong = blog
        .studio
        .owner
        .post("/app/blog/comments/erase", &[("email", "x")])
        .await
        .expect(422);
    assert!(wrong.body.contains("name@example.com"));
}

#[tokio::test]
async fn what_is_past_its_time_goes_by_itself() {
    let blog = Blog::new(json!({ "comments_mode": "verified_guests", "comments_moderation": "none", "comments_blocklist": ["casino"] })).await;
    let owner = &blog.studio.owner;
    let spam = Blog::id(
        &blog
            .say(&blog.browser(), "Eve", "A casino")
            .await
            .expect(202),
    );
    blog.say(&blog.browser(), "Lost", "Never confirmed")
        .await
        .expect(202);
    let answered = Blog::id(&blog.say(owner, "", "Question").await.expect(201));
    blog.answer(owner, "", "Answer", &answered)
        .await
        .expect(201);
    blog.decide(&answered, "delete").await.expect(200);
    let day = Duration::from_hours(24);
    for _ in 0..3 {
        blog.app.advance(day);
        blog.app.run_jobs().await;
    }
    assert_eq!(mentions(&blog, "never confirmed").await, [""; 0]);
    assert_eq!(blog.stored(&spam).await.0, "spam");
    let salts: i64 = blog.one("select count(*) from blog_comment_salts").await;
    assert_eq!(salts, 0);
    let tries: i64 = blog.one("select count(*) from blog_comment_tries").await;
    assert_eq!(tries, 0);
    for _ in 0..28 {
        blog.app.advance(day);
        blog.app.run_jobs().await;
    }
    assert_eq!(mentions(&blog, "casino").await, ["blog_settings"]);
    assert_eq!(mentions(&blog, "question").await, [""; 0]);
    assert!(blog.page().await.body.contains("[removed]"));
    // Nothing is left to do, so nothing is planned.
    blog.app.advance(day);
    blog.app.run_jobs().await;
    let planned: i64 = blog
        .one("select count(*) from jobs where kind = 'blog.tend_comments' and state = 'queued'")
        .await;
    assert_eq!(planned, 0);
}

#[tokio::test]
async fn the_comments_of_a_post_go_with_it() {
    let blog = Blog::open().await;
    let id = Blog::id(
        &blog
            .say(&blog.browser(), "Ines", "Hydrangea")
            .await
            .expect(201),
    );
    blog.answer(&blog.browser(), "Otto", "Quite so", &id)
        .await
        .expect(201);
    blog.app.advance(Duration::from_mins(1));
    blog.browser()
        .post(&format!("/blog/comments/{id}/report"), &[])
        .await
        .expect(303);
    let trash = format!("/app/blog/posts/{}/trash", blog.post);
    blog.studio.owner.post(&trash, &[]).await.expect(303);
    blog.app.advance(Duration::from_hours(31 * 24));
    blog.app.run_jobs().await;
    let left: i64 = blog.one("select (select count(*) from blog_posts) + (select count(*) from blog_comments) + (select count(*) from blog_comment_reports)").await;
    assert_eq!(left, 0);
}
