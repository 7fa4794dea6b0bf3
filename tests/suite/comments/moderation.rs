//! What moderators do: every move, at the same moment too, taken back, for several at once; bans.

use std::time::Duration;

use http::Method;
use kernel::Role;
use serde_json::{Value, json};

use super::{Blog, POST};

#[tokio::test]
async fn every_move_is_in_the_table_or_refused() {
    let blog = Blog::open().await;
    let id = Blog::id(
        &blog
            .say(&blog.browser(), "Ines", "Anything")
            .await
            .expect(201),
    );
    let table = [
        ("pending", "approve", Some("approved")),
        ("pending", "spam", Some("spam")),
        ("pending", "hide", None),
        ("pending", "delete", Some("deleted")),
        ("approved", "approve", None),
        ("approved", "spam", Some("spam")),
        ("approved", "hide", Some("hidden")),
        ("approved", "delete", Some("deleted")),
        ("spam", "approve", Some("approved")),
        ("spam", "spam", None),
        ("spam", "hide", None),
        ("spam", "delete", Some("deleted")),
        ("hidden", "approve", Some("approved")),
        ("hidden", "spam", None),
        ("hidden", "hide", None),
        ("hidden", "delete", None),
        ("deleted", "approve", None),
        ("deleted", "spam", None),
        ("deleted", "hide", None),
        ("deleted", "delete", None),
    ];
    for (from, step, to) in table {
        let sql = format!("update blog_comments set status = '{from}' where id = '{id}'");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .execute(&blog.pool)
            .await
            .unwrap();
        let reply = blog.decide(&id, step).await;
        if let Some(to) = to {
            let body: Value = reply.expect(200).json();
            assert_eq!(body["status"], to, "{from} {step}");
            let public = blog.page().await.body.contains("Anything");
            assert_eq!(public, to == "approved", "{from} {step}");
        } else {
            let refused: Value = reply.expect(409).json();
            assert_eq!(refused["code"], "invalid_transition", "{from} {step}");
            assert_eq!(blog.stored(&id).await.0, from);
        }
    }
    blog.decide_on(&id, "approve", "\"1\"").await.expect(412);
    let body = json!({ "move": "approve" });
    let path = format!("/api/v1/blog/comments/{id}/moderate");
    blog.studio
        .owner
        .api(Method::POST, &path, &[], Some(&body))
        .await
        .expect(428);
    // What happened is in the audit log, without anything of the reader's.
    let page = blog.studio.owner.get("/app/audit").await.expect(200);
    let said = page.texts("td .who a");
    assert!(
        said.iter()
            .any(|one| one.ends_with("approved the comment on First light")),
        "{said:?}"
    );
    let log = blog
        .studio
        .owner
        .get("/app/audit/export.csv")
        .await
        .expect(200);
    assert!(log.body.contains("blog.comment.approved") && log.body.contains("on First light"));
    assert!(!log.body.contains("Ines") && !log.body.contains("readers.test"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_approvals_at_the_same_moment_are_one() {
    let blog = Blog::new(json!({ "comments_mode": "anyone", "comments_moderation": "all" })).await;
    let id = Blog::id(&blog.say(&blog.browser(), "Ines", "Twice").await.expect(202));
    let (_, etag) = blog.read(&id).await;
    let second = blog.app.second_node();
    let owner = blog.studio.owner.clone();
    let clients = [owner.clone(), owner.through(second.router.clone())];
    let path = format!("/api/v1/blog/comments/{id}/moderate");
    let asked = (0..8).map(|number| {
        let (client, path, etag) = (clients[number % 2].clone(), path.clone(), etag.clone());
        tokio::spawn(async move {
            let body = json!({ "move": "approve" });
            client
                .api(Method::POST, &path, &[("if-match", &etag)], Some(&body))
                .await
                .status
                .as_u16()
        })
    });
    let mut answers: Vec<u16> = futures::future::join_all(asked)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    answers.sort_unstable();
    assert_eq!(answers, [200, 412, 412, 412, 412, 412, 412, 412]);
    let told: i64 = blog
        .one("select count(*) from outbox_events where kind = 'blog.comment.approved'")
        .await;
    assert_eq!(told, 1);
}

#[tokio::test]
async fn several_are_decided_at_once_and_taken_back() {
    let blog = Blog::new(json!({ "comments_mode": "anyone", "comments_moderation": "all" })).await;
    let mut ids = Vec::new();
    for person in ["Ana", "Bea", "Cora"] {
        ids.push(Blog::id(
            &blog.say(&blog.browser(), person, "Hello").await.expect(202),
        ));
    }
    blog.decide(&ids[2], "spam").await.expect(200);
    let owner = &blog.studio.owner;
    let form: Vec<(&str, &str)> = ids.iter().map(|id| ("id", id.as_str())).collect();
    let done = owner
        .post("/app/blog/comments/bulk/delete", &form)
        .await
        .expect(303);
    let page = owner.follow(done).await.expect(200);
    assert!(
        page.body.contains("3 comments deleted"),
        "{}",
        page.texts(".toast").join(" ")
    );
    let undo = page.attribute(".toast form", "action").expect("a way back");
    assert_eq!(blog.tabs().await, ["0", "0", "0", "0", "3"]);
    // One has changed since: it stays.
    let sql = format!(
        "update blog_comments set rev = rev + 1 where id = '{}'",
        ids[0]
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&blog.pool)
        .await
        .unwrap();
    owner.post(&undo, &[]).await.expect(303);
    assert_eq!(blog.tabs().await, ["1", "0", "1", "0", "1"]);
    assert_eq!(blog.stored(&ids[1]).await.0, "pending");
    assert_eq!(blog.stored(&ids[2]).await.0, "spam");
    // Once is enough.
    owner.post(&undo, &[]).await.expect(303);
    assert_eq!(blog.tabs().await, ["1", "0", "1", "0", "1"]);

    let body = json!({ "ids": ids, "move": "approve" });
    let changed: Value = owner
        .api(
            Method::POST,
            "/api/v1/blog/comments/moderate",
            &[],
            Some(&body),
        )
        .await
        .expect(200)
        .json();
    assert_eq!(
        changed["changed"].as_array().unwrap().len(),
        2,
        "the deleted one stays"
    );
    // What others decided before is told, and nothing breaks.
    let late = owner
        .post(&format!("/app/blog/comments/{}/approve", ids[1]), &[])
        .await
        .expect(303);
    assert!(owner.follow(late).await.body.contains("Nothing changed"));
    let many = json!({ "ids": vec![ids[0].clone(); 101], "move": "approve" });
    owner
        .api(
            Method::POST,
            "/api/v1/blog/comments/moderate",
            &[],
            Some(&many),
        )
        .await
        .expect(422);
}

#[tokio::test]
async fn the_queue_is_filtered_sorted_and_paged() {
    let blog = Blog::new(json!({ "comments_mode": "anyone", "comments_moderation": "all" })).await;
    for (person, text) in [("Ana", "Apples"), ("Bea", "Bananas"), ("Cora", "Cherries")] {
        blog.say(&blog.browser(), person, text).await.expect(202);
    }
    let owner = &blog.studio.owner;
    let list = async |query: &str| -> (Vec<String>, Value) {
        let body: Value = owner
            .get(&format!("/api/v1/blog/comments?{query}"))
            .await
            .expect(200)
            .json();
        let texts = body["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["content"].as_str().unwrap().to_owned())
            .collect();
        (texts, body["next_cursor"].clone())
    };
    assert_eq!(list("").await.0, ["Cherries", "Bananas", "Apples"]);
    assert_eq!(
        list("sort=oldest").await.0,
        ["Apples", "Bananas", "Cherries"]
    );
    assert_eq!(list("status=approved").await.0, [""; 0]);
    assert_eq!(list("email=bea@readers.test").await.0, ["Bananas"]);
    assert_eq!(list(&format!("post={}", blog.post)).await.0.len(), 3);
    assert_eq!(
        list(&format!("post={}", uuid::Uuid::new_v4()))
            .await
            .0
            .len(),
        0
    );
    for (q, found) in [("app", "Apples"), ("CORA", "Cherries"), ("bea@", "Bananas")] {
        assert_eq!(list(&format!("q={q}")).await.0, [found]);
    }
    for sort in ["newest", "oldest"] {
        let (first, next) = list(&format!("limit=2&sort={sort}")).await;
        let (rest, end) = list(&format!(
            "limit=2&sort={sort}&cursor={}",
            next.as_str().unwrap()
        ))
        .await;
        assert_eq!((first.len(), rest.len(), end), (2, 1, Value::Null));
        assert!(!first.contains(&rest[0]));
    }
    owner
        .get("/api/v1/blog/comments?sort=best")
        .await
        .expect(400);
    owner
        .get("/api/v1/blog/comments?status=lost")
        .await
        .expect(400);
    let page = owner
        .get("/app/blog/comments?status=pending&q=cherries&sort=oldest")
        .await
        .expect(200);
    assert_eq!(page.texts(".blog-queue .blog-said"), ["Cherries"]);
    let of_post = owner
        .get(&format!("/app/blog/comments?post={}", blog.post))
        .await
        .expect(200);
    assert!(of_post.body.contains("Comments on this post"));
    let viewer = blog
        .studio
        .member(&blog.app, Role::Viewer, "Vera Holm")
        .await;
    viewer
        .plainly(Method::GET, "/app/blog/comments", &[])
        .await
        .expect(403);
    viewer
        .plainly(Method::GET, "/api/v1/blog/comments", &[])
        .await
        .expect(403);
}

#[tokio::test]
async fn a_search_looks_through_everything_a_part_at_a_time() {
    let blog = Blog::open().await;
    let rows = format!(
        "set session_replication_role = replica;
         insert into blog_comments (tenant_id, id, post_id, root_id, depth, content, html, renderer_version, text_hash, status, spam_score, reasons, rev, created_at)
         select p.tenant_id, gen_random_uuid(), p.id, gen_random_uuid(), 1, case n when 1 then 'needle' else 'hay' end, '<p>x</p>', 1, '', 'approved', 0, '{{}}', 1,
                timestamptz '2026-03-01T00:00:00Z' + make_interval(secs => n)
         from blog_posts p, generate_series(1, 4500) n where p.id = '{}';
         update blog_comments set root_id = id",
        blog.post
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(rows))
        .execute(&blog.pool)
        .await
        .unwrap();
    let mut cursor = String::new();
    let mut parts = 0;
    loop {
        let path = format!("/api/v1/blog/comments?q=needle{cursor}");
        let body: Value = blog.studio.owner.get(&path).await.expect(200).json();
        parts += 1;
        if body["data"].as_array().unwrap().len() == 1 {
            break;
        }
        cursor = format!(
            "&cursor={}",
            body["next_cursor"].as_str().expect("more to look through")
        );
    }
    assert_eq!(parts, 5);
    let page = blog
        .studio
        .owner
        .get("/app/blog/comments?status=approved&q=needle")
        .await
        .expect(200);
    assert!(page.body.contains("Search older comments"));
}

#[tokio::test]
async fn an_answer_of_the_staff_approves_what_it_answers() {
    let blog = Blog::new(json!({ "comments_mode": "anyone", "comments_moderation": "all" })).await;
    let id = Blog::id(
        &blog
            .say(&blog.browser(), "Ines", "When is the next one?")
            .await
            .expect(202),
    );
    let path = format!("/app/blog/comments/{id}/reply");
    let owner = &blog.studio.owner;
    let empty = owner.post(&path, &[("content", " ")]).await.expect(422);
    assert!(empty.body.contains("Write something first"));
    assert_eq!(blog.stored(&id).await.0, "pending");
    owner
        .post(&path, &[("content", "In May.")])
        .await
        .expect(303);
    let page = blog.page().await;
    assert!(page.body.contains("When is the next one?") && page.body.contains("In May."));
    assert_eq!(
        page.texts(".comments > ol > li > ol > li article header strong"),
        ["Mara Lindqvist"]
    );
}

#[tokio::test]
async fn who_is_banned_cannot_comment_until_the_ban_ends_or_is_lifted() {
    let blog = Blog::open().await;
    let id = Blog::id(&blog.say(&blog.browser(), "Ines", "Rude").await.expect(201));
    blog.say(&blog.browser(), "Ines", "Ruder").await.expect(201);
    let owner = &blog.studio.owner;
    let case = format!("/app/blog/comments/{id}");
    owner
        .post(
            &format!("{case}/ban"),
            &[
                ("subject", "email"),
                ("days", "7"),
                ("reason", "Rude twice"),
            ],
        )
        .await
        .expect(303);
    let refused = blog
        .say(&blog.browser(), "Ines", "Rudest")
        .await
        .expect(403);
    let told: Value = refused.json();
    assert_eq!(told["code"], "banned");
    assert!(!refused.body.contains("Rude twice"));
    let page = blog.browser();
    let token = blog.token(&page).await;
    let form = [
        ("content", "Kept words"),
        ("name", "Ines"),
        ("email", "INES@readers.test"),
        ("token", &token),
    ];
    let shown = page
        .post(&format!("{POST}/comments"), &form)
        .await
        .expect(403);
    assert!(shown.body.contains("You cannot comment here") && shown.body.contains("Kept words"));
    blog.say(&blog.browser(), "Otto", "Polite")
        .await
        .expect(201);

    // What they said before is removed in one go.
    let theirs = owner
        .get("/app/blog/comments?status=approved&by=ines%40readers.test")
        .await
        .expect(200);
    assert_eq!(theirs.texts(".blog-queue .blog-said"), ["Ruder", "Rude"]);

    let list = owner.get("/app/blog/comments/bans").await.expect(200);
    assert!(list.body.contains("ines@readers.test") && list.body.contains("Rude twice"));
    blog.app.advance(Duration::from_hours(7 * 24));
    blog.say(&blog.browser(), "Ines", "Sorry").await.expect(201);

    // For good, and lifted.
    let ban = json!({ "subject": "email", "email": "Ines@readers.test" });
    let bans = "/api/v1/blog/comment-bans";
    let endless: Value = owner
        .api(Method::POST, bans, &[], Some(&ban))
        .await
        .expect(201)
        .json();
    assert_eq!(endless["until"], Value::Null);
    blog.say(&blog.browser(), "Ines", "Again").await.expect(403);
    let lifted = format!(
        "/app/blog/comments/bans/{}/lift",
        endless["id"].as_str().unwrap()
    );
    owner.post(&lifted, &[]).await.expect(303);
    blog.say(&blog.browser(), "Ines", "Again").await.expect(201);
    owner.plainly(Method::POST, &lifted, &[]).await.expect(404);

    // A member.
    let viewer = blog
        .studio
        .member(&blog.app, Role::Viewer, "Vera Holm")
        .await;
    let said = Blog::id(&blog.say(&viewer, "", "As a member").await.expect(201));
    let ban = json!({ "subject": "member", "comment": said });
    owner
        .api(Method::POST, bans, &[], Some(&ban))
        .await
        .expect(201);
    let path = format!("/api/v1/blog/posts/{}/comments", blog.post);
    viewer
        .api(Method::POST, &path, &[], Some(&json!({ "content": "x" })))
        .await
        .expect(403);
    let own = Blog::id(&blog.say(&blog.studio.owner, "", "Mine").await.expect(201));
    let own = json!({ "subject": "member", "comment": own });
    owner
        .api(Method::POST, bans, &[], Some(&own))
        .await
        .expect(422);
}

#[tokio::test]
async fn a_banned_network_is_known_while_its_salt_is_kept() {
    let blog = Blog::open().await;
    let id = Blog::id(&blog.say(&blog.browser(), "Ines", "Rude").await.expect(201));
    let owner = &blog.studio.owner;
    let bans = "/api/v1/blog/comment-bans";
    let until = |days: u64| blog.app.clock.now().plus(Duration::from_hours(24 * days));
    let ban = |until: Option<kernel::Timestamp>| json!({ "subject": "network", "comment": id, "until": until });
    owner
        .api(Method::POST, bans, &[], Some(&ban(None)))
        .await
        .expect(422);
    owner
        .api(Method::POST, bans, &[], Some(&ban(Some(until(31)))))
        .await
        .expect(422);
    owner
        .api(Method::POST, bans, &[], Some(&ban(Some(until(3)))))
        .await
        .expect(201);
    // All tests come from one network: another address does not help, on any day.
    blog.say(&blog.browser(), "Otto", "Me neither")
        .await
        .expect(403);
    blog.app.advance(Duration::from_hours(48));
    blog.app.run_jobs().await;
    blog.say(&blog.browser(), "Otto", "Nor later")
        .await
        .expect(403);
    blog.app.advance(Duration::from_hours(25));
    blog.say(&blog.browser(), "Otto", "Now").await.expect(201);
    // The day's salt is gone then, and with it the way to ban the network of that comment.
    blog.app.advance(Duration::from_hours(48));
    blog.app.run_jobs().await;
    let refused: Value = owner
        .api(Method::POST, bans, &[], Some(&ban(Some(until(3)))))
        .await
        .expect(422)
        .json();
    assert_eq!(refused["errors"][0]["code"], "too_old");
}

#[tokio::test]
async fn authors_and_watchers_hear_of_comments() {
    let blog = Blog::new(json!({ "comments_mode": "anyone" })).await;
    let editor = blog
        .studio
        .member(&blog.app, Role::Editor, "Edda Berg")
        .await;
    editor
        .post("/app/blog/comments/watch", &[("on", "true")])
        .await
        .expect(303);
    let id = Blog::id(&blog.say(&blog.browser(), "Ines", "Hello").await.expect(202));
    for reader in [&blog.studio.owner, &editor] {
        let inbox = reader.get("/app/inbox").await.expect(200);
        assert!(
            inbox
                .body
                .contains("A comment on “First light” waits for approval"),
            "{}",
            inbox.body
        );
        assert!(!inbox.body.contains("Ines"));
    }
    let link: String = blog
        .one("select distinct link from notifications where kind = 'blog.comment'")
        .await;
    assert_eq!(link, format!("/app/blog/comments/{id}/open"));
    let case = format!("/app/blog/comments/{id}");
    assert_eq!(editor.get(&link).await.location(), Some(case));
    // Who writes and does not moderate is led to the post.
    let author = blog
        .studio
        .member(&blog.app, Role::Author, "Arne Vik")
        .await;
    let post = format!("{POST}#comment-{id}");
    assert_eq!(author.get(&link).await.location(), Some(post));
    // Nobody hears of what they say themselves.
    blog.say(&editor, "", "I answer for the house")
        .await
        .expect(201);
    let told: i64 = blog
        .one("select count(*) from notifications where kind = 'blog.comment'")
        .await;
    assert_eq!(told, 3);
    editor
        .post("/app/blog/comments/watch", &[("on", "false")])
        .await
        .expect(303);
    blog.say(&blog.browser(), "Otto", "Hello").await.expect(202);
    blog.set(json!({ "comments_notify": false })).await;
    blog.say(&blog.browser(), "Paul", "Hello").await.expect(202);
    let told: i64 = blog
        .one("select count(*) from notifications where kind = 'blog.comment'")
        .await;
    assert_eq!(told, 4);
}

#[tokio::test]
async fn comments_of_a_quarter_of_an_hour_reach_the_author_in_one_mail() {
    const AUTHOR: &str = "owner@northlight.test";
    let blog = Blog::new(json!({ "comments_mode": "anyone" })).await;
    blog.app.run_jobs().await;
    let before = blog.app.letters(AUTHOR).await.len();
    let readers = ["Ines", "Otto", "Paul"];
    // Within ten minutes, and nothing of it is mailed at once.
    for reader in readers {
        blog.say(&blog.browser(), reader, "A word from me")
            .await
            .expect(202);
        blog.app.run_jobs().await;
        assert_eq!(blog.app.letters(AUTHOR).await.len(), before);
        blog.app.advance(Duration::from_mins(3));
    }
    // The first came ten minutes ago, less a third of one.
    blog.app.advance(Duration::from_mins(5));
    blog.app.run_jobs().await;
    assert_eq!(blog.app.letters(AUTHOR).await.len(), before);
    blog.app.advance(Duration::from_mins(1));
    blog.app.run_jobs().await;
    assert_eq!(blog.app.letters(AUTHOR).await.len(), before + 1);
    let letter = blog.app.letter(AUTHOR).await;
    assert_eq!(letter.subject, "3 new for you in Northlight");
    let line = "A comment on “First light” waits for approval";
    assert_eq!(letter.text.matches(line).count(), 3, "{}", letter.text);
    // Who wrote is not in it, nor what: that stays with the comment.
    let html: String = blog
        .one("select html from mail_messages order by created_at desc, id desc limit 1")
        .await;
    let said = readers.iter().chain(&["A word from me", "readers.test"]);
    for said in said.copied() {
        assert!(
            !letter.text.contains(said) && !html.contains(said),
            "{said}"
        );
    }
    blog.app.advance(Duration::from_hours(1));
    blog.app.run_jobs().await;
    assert_eq!(blog.app.letters(AUTHOR).await.len(), before + 1);
}

#[tokio::test]
async fn the_home_page_sums_up_for_those_who_may_see_it() {
    let blog = Blog::new(json!({ "comments_mode": "anyone", "comments_moderation": "all" })).await;
    blog.say(&blog.browser(), "Ines", "A fine *window*")
        .await
        .expect(202);
    let owner = &blog.studio.owner;
    let home = owner.get("/app").await.expect(200);
    let figures: Vec<String> = home.texts(".stat");
    let named = |name: &str| {
        let found = figures.iter().find(|figure| figure.starts_with(name));
        found.unwrap_or_else(|| panic!("{name} in {figures:?}"))
    };
    assert!(named("Live posts 1").contains("1 in the last 12 weeks"));
    assert!(named("Drafts 0").contains("none for review or scheduled"));
    assert!(named("Comments 0").contains("vs the 30 days before"));
    assert!(named("To approve 1").contains("the oldest just now"));
    for card in ["Comments to approve", "Recent posts", "Recent activity"] {
        assert!(
            home.texts("h2").iter().any(|title| title.starts_with(card)),
            "{card}"
        );
    }
    assert!(home.body.contains("A fine *window*"));

    // Approved, it counts, and nothing waits.
    let id: String = blog.one("select id::text from blog_comments").await;
    let approve = format!("/app/blog/comments/{id}/approve");
    owner.post(&approve, &[]).await.expect(303);
    let home = owner.get("/app").await.expect(200);
    let figures = home.texts(".stat").join("\n");
    assert!(
        figures.contains("Comments 1") && figures.contains("all are decided"),
        "{figures}"
    );
    assert!(!home.body.contains("Comments to approve"));

    // Who moderates nothing and reads no audit log sees posts alone.
    let viewer = blog
        .studio
        .member(&blog.app, Role::Viewer, "Vera Lund")
        .await;
    let home = viewer.get("/app").await.expect(200);
    let figures = home.texts(".stat").join("\n");
    assert!(
        figures.contains("Live posts 1") && !figures.contains("approve"),
        "{figures}"
    );
    assert!(!home.body.contains("Recent activity"));
}
