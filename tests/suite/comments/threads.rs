//! What hangs below what, on the page and in the API.

use http::Method;
use serde_json::{Value, json};

use super::Blog;

#[tokio::test]
async fn a_reply_too_deep_stands_beside_what_it_answers() {
    let blog = Blog::open().await;
    let mut above = String::new();
    let mut ids = Vec::new();
    for (person, text) in [
        ("Ana", "one"),
        ("Bea", "two"),
        ("Cora", "three"),
        ("Dora", "four"),
        ("Eva", "five"),
    ] {
        let reply = blog
            .answer(&blog.browser(), person, text, &above)
            .await
            .expect(201);
        above = Blog::id(&reply);
        ids.push(above.clone());
    }
    let depths: Vec<i16> =
        sqlx::query_scalar("select depth from blog_comments order by created_at, id")
            .fetch_all(&blog.pool)
            .await
            .unwrap();
    assert_eq!(depths, [1, 2, 3, 3, 3]);
    let page = blog.page().await;
    assert!(page.body.contains("in reply to Cora") && page.body.contains("in reply to Dora"));
    assert_eq!(
        page.texts(".comments > ol > li > ol > li > ol > li > article .blog-said"),
        ["three", "four", "five"]
    );

    let path = format!("/api/v1/blog/posts/{}/comments", blog.post);
    let threads: Value = blog.studio.owner.get(&path).await.expect(200).json();
    let deepest = &threads["data"][0]["replies"][0]["replies"];
    assert_eq!(deepest[1]["in_reply_to"], "Cora");
    assert_eq!(deepest[2]["html"], "<p>five</p>");

    // Threads of one level say what they answer.
    blog.set(json!({ "comments_max_depth": 1 })).await;
    blog.answer(&blog.browser(), "Fay", "flat", &ids[0])
        .await
        .expect(201);
    assert!(blog.page().await.body.contains("in reply to Ana"));
}

#[tokio::test]
async fn only_what_is_public_and_on_this_post_is_answered() {
    let blog = Blog::open().await;
    let id = Blog::id(&blog.say(&blog.browser(), "Ana", "one").await.expect(201));
    let other = json!({ "title": "Second light", "content": "x" });
    let owner = &blog.studio.owner;
    let other: Value = owner
        .api(Method::POST, "/api/v1/blog/posts", &[], Some(&other))
        .await
        .expect(201)
        .json();
    let other = other["id"].as_str().unwrap();
    let live = format!("/api/v1/blog/posts/{other}/publish");
    owner
        .api(Method::POST, &live, &[], Some(&json!({})))
        .await
        .expect(200);
    let path = format!("/api/v1/blog/posts/{other}/comments");
    let body = json!({ "content": "x", "parent": id });
    let refused: Value = owner
        .api(Method::POST, &path, &[], Some(&body))
        .await
        .expect(422)
        .json();
    assert_eq!(refused["errors"][0]["field"], "parent");
    blog.decide(&id, "hide").await.expect(200);
    let refused = blog
        .answer(&blog.browser(), "Bea", "two", &id)
        .await
        .expect(422);
    assert_eq!(refused.json::<Value>()["errors"][0]["code"], "unknown");
}

#[tokio::test]
async fn an_answer_stays_where_what_it_answers_is_not_public() {
    let blog = Blog::open().await;
    let id = Blog::id(
        &blog
            .say(&blog.browser(), "Ana", "Question")
            .await
            .expect(201),
    );
    blog.answer(&blog.browser(), "Bea", "Answer", &id)
        .await
        .expect(201);
    blog.decide(&id, "hide").await.expect(200);
    let page = blog.page().await;
    assert!(page.body.contains("[not shown at present]") && page.body.contains("Answer"));
    assert!(!page.body.contains("Question") && !page.body.contains("Ana"));
    blog.decide(&id, "approve").await.expect(200);
    blog.decide(&id, "delete").await.expect(200);
    assert!(blog.page().await.body.contains("[removed]"));
}

#[tokio::test]
async fn the_same_request_twice_is_one_comment() {
    let blog = Blog::open().await;
    let owner = &blog.studio.owner;
    let path = format!("/api/v1/blog/posts/{}/comments", blog.post);
    let body = json!({ "content": "Once" });
    let key = [("idempotency-key", "one")];
    let first = owner
        .api(Method::POST, &path, &key, Some(&body))
        .await
        .expect(201);
    let again = owner
        .api(Method::POST, &path, &key, Some(&body))
        .await
        .expect(201);
    assert_eq!(first.body, again.body);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    owner
        .api(Method::POST, &path, &[], Some(&body))
        .await
        .expect(409);
    let id = Blog::id(&first);
    let one = format!("/api/v1/blog/comments/{id}");
    let words = json!({ "content": "Changed" });
    owner
        .api(Method::PATCH, &one, &[], Some(&words))
        .await
        .expect(428);
    owner
        .api(Method::PATCH, &one, &[("if-match", "\"9\"")], Some(&words))
        .await
        .expect(412);
    owner
        .api(Method::PATCH, &one, &[("if-match", "\"1\"")], Some(&words))
        .await
        .expect(200);
    owner
        .api(Method::DELETE, &one, &[("if-match", "\"1\"")], None::<&()>)
        .await
        .expect(412);
    owner
        .api(Method::DELETE, &one, &[("if-match", "\"2\"")], None::<&()>)
        .await
        .expect(204);
    owner.get(&one).await.expect(404);
}

#[tokio::test]
async fn many_threads_come_in_pages() {
    let blog = Blog::open().await;
    let rows = format!(
        "insert into blog_comments (tenant_id, id, post_id, root_id, depth, content, html, renderer_version, text_hash, status, spam_score, reasons, rev, created_at)
         select p.tenant_id, gen_random_uuid(), p.id, gen_random_uuid(), 1, 'Number ' || n, '<p>Number ' || n || '</p>', 1, '', 'approved', 0, '{{}}', 1,
                timestamptz '2026-03-01T00:00:00Z' + make_interval(mins => n)
         from blog_posts p, generate_series(1, 60) n where p.id = '{}'",
        blog.post
    );
    let rows = format!(
        "set session_replication_role = replica; {rows}; update blog_comments set root_id = id; set session_replication_role = default"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(rows))
        .execute(&blog.pool)
        .await
        .unwrap();
    let page = blog.page().await;
    assert!(
        page.body.contains("60 comments")
            && page.body.contains("Number 50<")
            && !page.body.contains("Number 51<")
    );
    let next = page.attribute(".blog-more a", "href").unwrap();
    let rest = blog
        .browser()
        .get(next.split('#').next().unwrap())
        .await
        .expect(200);
    assert!(
        rest.body.contains("Number 51<")
            && rest.body.contains("Number 60<")
            && !rest.body.contains("Number 50<")
    );
    assert!(rest.attribute(".blog-more a", "href").is_none());
}
