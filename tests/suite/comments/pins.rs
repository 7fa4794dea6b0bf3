//! One comment of a post above all others.

use http::Method;
use serde_json::{Value, json};

use super::{Blog, POST};
use crate::support::Reply;

impl Blog {
    /// Pins a comment or unpins it, as its present revision allows.
    async fn put(&self, id: &str, act: &str) -> Reply {
        let (_, etag) = self.read(id).await;
        let path = format!("/api/v1/blog/comments/{id}/{act}");
        let owner = &self.studio.owner;
        owner
            .api(Method::POST, &path, &[("if-match", &etag)], None::<&()>)
            .await
    }

    /// What the threads of the post begin with, as visitors see them, with a star for the pinned one.
    async fn order(&self) -> Vec<String> {
        let path = format!("/api/v1/blog/posts/{}/comments", self.post);
        let list: Value = self.studio.owner.get(&path).await.expect(200).json();
        let threads = list["data"].as_array().expect("threads");
        let of = |thread: &Value| {
            let html = thread["html"].as_str().unwrap_or_default();
            let text = html
                .trim()
                .trim_start_matches("<p>")
                .trim_end_matches("</p>");
            let star = if thread["pinned"] == true { "*" } else { "" };
            format!("{text}{star}")
        };
        threads.iter().map(of).collect()
    }

    /// A blog with three comments, and their ids.
    async fn with_three() -> (Self, [String; 3]) {
        let blog = Self::open().await;
        let mut ids = Vec::new();
        for (person, text) in [("Ana", "one"), ("Bea", "two"), ("Cora", "three")] {
            let said = blog.say(&blog.browser(), person, text).await.expect(201);
            ids.push(Self::id(&said));
        }
        (blog, ids.try_into().expect("three"))
    }
}

#[tokio::test]
async fn a_pinned_comment_stands_above_all_others_until_another_takes_its_place() {
    let (blog, [one, two, three]) = Blog::with_three().await;
    assert_eq!(blog.order().await, ["one", "two", "three"]);
    let pinned: Value = blog.put(&three, "pin").await.expect(200).json();
    assert_eq!(pinned["pinned"], true);
    assert_eq!(blog.order().await, ["three*", "one", "two"]);
    let page = blog.page().await;
    assert_eq!(
        page.texts(".comments > ol > li:first-child .badge"),
        ["Pinned"]
    );
    assert_eq!(page.texts(".comments .badge").len(), 1);
    // Again changes nothing, the revision neither.
    let (before, _) = blog.read(&three).await;
    let again: Value = blog.put(&three, "pin").await.expect(200).json();
    assert_eq!(again["rev"], before["rev"]);

    blog.put(&two, "pin").await.expect(200);
    assert_eq!(blog.order().await, ["two*", "one", "three"]);
    assert_eq!(blog.read(&three).await.0["pinned"], false);
    blog.put(&two, "unpin").await.expect(200);
    assert_eq!(blog.order().await, ["one", "two", "three"]);

    // A step that is taken back gives the place back.
    blog.put(&one, "pin").await.expect(200);
    blog.decide(&one, "hide").await.expect(200);
    assert_eq!(blog.order().await, ["two", "three"]);
    blog.put(&one, "pin").await.expect(409);
    blog.decide(&one, "approve").await.expect(200);
    assert_eq!(blog.order().await, ["one*", "two", "three"]);

    let log = blog.studio.owner.get("/app/audit").await.expect(200);
    let said = log.texts("td .who a");
    for act in ["pinned", "unpinned"] {
        let sentence = format!("{act} the comment on First light");
        assert!(said.iter().any(|one| one.ends_with(&sentence)), "{said:?}");
    }
}

#[tokio::test]
async fn only_a_public_comment_that_begins_a_thread_is_pinned() {
    let (blog, [one, two, _]) = Blog::with_three().await;
    let answer = blog.answer(&blog.browser(), "Dora", "four", &one).await;
    let answer = Blog::id(&answer.expect(201));
    blog.decide(&two, "spam").await.expect(200);
    for id in [&answer, &two] {
        let refused: Value = blog.put(id, "pin").await.expect(409).json();
        assert_eq!(refused["code"], "not_pinnable");
    }
    let path = format!("/api/v1/blog/comments/{one}/pin");
    let owner = &blog.studio.owner;
    let without = owner.api(Method::POST, &path, &[], None::<&()>).await;
    without.expect(428);
    let stale = [("if-match", "\"99\"")];
    let stale = owner.api(Method::POST, &path, &stale, None::<&()>).await;
    stale.expect(412);
    assert_eq!(blog.order().await, ["one", "three"]);
}

#[tokio::test]
async fn moderators_pin_in_the_queue_and_take_it_back() {
    let (blog, [one, two, _]) = Blog::with_three().await;
    let owner = &blog.studio.owner;
    blog.put(&one, "pin").await.expect(200);
    let queue = owner
        .get("/app/blog/comments?status=approved")
        .await
        .expect(200);
    assert_eq!(queue.texts(".blog-queue .badge").len(), 1);
    let labels = queue.texts(".blog-case-acts button[data-act=pin]");
    let labels: Vec<&str> = labels
        .iter()
        .filter_map(|label| label.split_whitespace().next())
        .collect();
    assert_eq!(labels, ["Pin", "Pin", "Unpin"]);
    let form = [("back", "/app/blog/comments?status=approved")];
    let path = format!("/app/blog/comments/{two}/pin");
    let done = owner.post(&path, &form).await.expect(303);
    let page = owner.follow(done).await.expect(200);
    assert!(page.body.contains("stands above all others"));
    assert_eq!(blog.order().await, ["two*", "one", "three"]);
    // The way back gives the place to the one that had it.
    let undo = page.attribute(".toast form", "action").expect("a way back");
    owner.post(&undo, &[]).await.expect(303);
    assert_eq!(blog.order().await, ["one*", "two", "three"]);
    let done = owner
        .post(&format!("/app/blog/comments/{one}/unpin"), &form)
        .await
        .expect(303);
    owner.follow(done).await.expect(200);
    assert_eq!(blog.order().await, ["one", "two", "three"]);
    // Readers find no way to it.
    let reader = blog.browser();
    let refused = reader.post(&path, &form).await;
    assert!(!refused.status.is_success());
    assert_eq!(blog.order().await, ["one", "two", "three"]);
}

#[tokio::test]
async fn a_pinned_comment_is_on_the_first_page_alone() {
    let (blog, [_, _, last]) = Blog::with_three().await;
    // As many as two pages hold, each a second before the one that is pinned.
    let sql = format!(
        "insert into blog_comments (tenant_id, id, post_id, root_id, depth, content, html, renderer_version, text_hash, status, spam_score,
                                    reasons, rev, created_at, notify_replies)
         select tenant_id, n.id, post_id, n.id, 1, 'x', 'x', renderer_version, text_hash, 'approved', 0, '{{}}', 1,
                created_at - interval '1 day' + n.no * interval '1 second', false
         from blog_comments cross join (select gen_random_uuid() as id, no from generate_series(1, 80) no) n where blog_comments.id = '{last}'"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&blog.pool)
        .await
        .unwrap();
    blog.put(&last, "pin").await.expect(200);
    let mut seen = Vec::new();
    let mut path = POST.to_owned();
    loop {
        let page = blog.browser().get(&path).await.expect(200);
        seen.push(page.texts(".comments > ol > li").len());
        let pins = page.texts(".comments > ol > li .badge").len();
        assert_eq!(pins, usize::from(seen.len() == 1), "page {}", seen.len());
        match page.attribute(".comments .blog-more a", "href") {
            Some(next) => path = next.split('#').next().unwrap_or_default().to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, [50, 33]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_are_pinned_at_the_same_moment_one_stays() {
    let (blog, ids) = Blog::with_three().await;
    let second = blog.app.second_node();
    let owner = blog.studio.owner.clone();
    let clients = [owner.clone(), owner.through(second.router.clone())];
    let mut asked = Vec::new();
    for number in 0..12 {
        let (client, id) = (clients[number % 2].clone(), ids[number % 3].clone());
        asked.push(tokio::spawn(async move {
            let act = if number < 9 { "pin" } else { "unpin" };
            let path = format!("/app/blog/comments/{id}/{act}");
            client.post(&path, &[]).await.status.as_u16()
        }));
    }
    for answer in futures::future::join_all(asked).await {
        assert_eq!(answer.unwrap(), 303);
    }
    let pins: i64 = blog
        .one("select count(*) from blog_comments where pinned_at is not null")
        .await;
    assert!(pins <= 1, "{pins}");
    blog.put(&ids[0], "pin").await.expect(200);
    let body: Value = json!(blog.order().await);
    assert_eq!(body[0], "one*");
}
