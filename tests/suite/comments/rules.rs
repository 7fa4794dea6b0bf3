//! The rules in their order, and limits that two tasks at once do not slip past.

use std::time::Duration;

use http::Method;
use kernel::Role;
use serde_json::{Value, json};

use super::{Blog, POST};

#[tokio::test]
async fn who_may_comment_is_a_setting() {
    let blog = Blog::new(json!({ "comments_mode": "off" })).await;
    let page = blog.page().await;
    assert!(
        !page.body.contains("comment-form")
            && page.header("cache-control").unwrap().contains("max-age=60")
    );
    let guest = blog.browser();
    let form = [
        ("content", "x"),
        ("name", "Ines"),
        ("email", "ines@readers.test"),
    ];
    let refused = blog.send(&guest, &form).await.expect(409);
    assert_eq!(refused.json::<Value>()["code"], "comments_closed");

    blog.set(json!({ "comments_mode": "users_only" })).await;
    let page = guest.get(POST).await.expect(200);
    assert!(!page.body.contains("comment-form") && page.body.contains("/auth/start?next="));
    blog.send(&guest, &form).await.expect(401);
    let viewer = blog
        .studio
        .member(&blog.app, Role::Viewer, "Vera Holm")
        .await;
    let said = blog.say(&viewer, "", "As a member").await.expect(202);
    assert_eq!(
        blog.stored(&Blog::id(&said)).await,
        ("pending".into(), "first_comment".into())
    );
    // Whoever moderates is not held.
    blog.say(&blog.studio.owner, "", "As the owner")
        .await
        .expect(201);
    let page = blog.page().await;
    assert!(page.body.contains("As the owner") && page.body.contains(">Author<"));

    blog.set(json!({ "comments_mode": "anyone", "comments_moderation": "all" }))
        .await;
    let said = blog.say(&guest, "Ines", "As a guest").await.expect(202);
    assert_eq!(blog.stored(&Blog::id(&said)).await.1, "all_held");
    assert!(blog.app.letters("ines@readers.test").await.is_empty());
}

#[tokio::test]
async fn a_post_closes_with_age_unless_it_says_otherwise() {
    let blog = Blog::new(json!({ "comments_mode": "anyone", "comments_moderation": "none", "comments_close_after_days": 7 })).await;
    blog.say(&blog.browser(), "Ines", "In time")
        .await
        .expect(201);
    blog.app.advance(Duration::from_hours(7 * 24));
    let page = blog.page().await;
    assert!(page.body.contains("Comments are closed.") && page.body.contains("In time"));
    assert!(!page.body.contains("comment-form"));
    let form = [
        ("content", "x"),
        ("name", "Ines"),
        ("email", "ines@readers.test"),
    ];
    blog.send(&blog.browser(), &form).await.expect(409);

    let owner = &blog.studio.owner;
    let path = format!("/api/v1/blog/posts/{}/commenting", blog.post);
    let post = format!("/api/v1/blog/posts/{}", blog.post);
    let switch = async |enabled: Value| {
        let etag = owner.get(&post).await.header("etag").unwrap().to_owned();
        let body = json!({ "enabled": enabled });
        owner
            .api(Method::PUT, &path, &[("if-match", &etag)], Some(&body))
            .await
            .expect(204);
    };
    switch(json!(true)).await;
    blog.say(&blog.browser(), "Ines", "Open again")
        .await
        .expect(201);
    switch(json!(false)).await;
    blog.send(&blog.browser(), &form).await.expect(409);
    let back = json!({ "enabled": null });
    owner
        .api(Method::PUT, &path, &[("if-match", "\"1\"")], Some(&back))
        .await
        .expect(412);
    owner
        .post(
            &format!("/app/blog/posts/{}/comments", blog.post),
            &[("enabled", "true")],
        )
        .await
        .expect(303);
    blog.say(&blog.browser(), "Ines", "And again")
        .await
        .expect(201);
}

#[tokio::test]
async fn what_looks_like_a_program_is_set_aside_without_a_word() {
    let blog = Blog::new(json!({ "comments_mode": "anyone", "comments_moderation": "none", "comments_blocklist": ["Casino"] })).await;
    let guest = blog.browser();
    let token = blog.token(&guest).await;
    let send = async |person: &str, token: &str, trap: &str, text: &str| {
        let email = format!("{person}@readers.test");
        let form = [
            ("content", text),
            ("name", person),
            ("email", &email),
            ("token", token),
            ("website", trap),
        ];
        blog.send(&guest, &form).await.expect(202)
    };
    let mut answers = vec![send("ana", &token, "", "Too fast").await];
    blog.app.advance(Duration::from_mins(1));
    answers.push(send("bea", &token, "https://spam.example", "Trapped").await);
    answers.push(send("cora", "", "", "No token").await);
    answers.push(send("dora", &token[1..], "", "Half a token").await);
    answers.push(send("eva", &token, "", "Win at the CASINO now").await);
    answers.push(send("casino", &token, "", "By name").await);
    let mut found = Vec::new();
    for answer in &answers {
        let told: Value = answer.json();
        assert_eq!(told["status"], "pending");
        assert_eq!(told.as_object().unwrap().len(), 3, "{told}");
        let (status, reasons) = blog.stored(told["id"].as_str().unwrap()).await;
        assert_eq!(status, "spam");
        found.push(reasons);
    }
    assert_eq!(
        found,
        [
            "too_fast",
            "honeypot",
            "bad_form",
            "bad_form",
            "blocklist",
            "blocklist"
        ]
    );
    assert_eq!(blog.tabs().await, ["0", "0", "6", "0", "0"]);
    // Nobody is told of spam.
    let told: i64 = blog
        .one("select count(*) from notifications where kind = 'blog.comment'")
        .await;
    assert_eq!(told, 0);
    // A page that was open for weeks asks once more, and loses nothing.
    blog.app.advance(Duration::from_hours(8 * 24));
    let form = [
        ("content", "Patience"),
        ("name", "Fay"),
        ("email", "fay@readers.test"),
        ("token", &token),
    ];
    let stale = blog.send(&guest, &form).await.expect(422);
    assert_eq!(stale.json::<Value>()["errors"][0]["code"], "stale_form");
}

#[tokio::test]
async fn one_person_comments_once_in_a_quarter_of_a_minute_and_five_times_in_ten_minutes() {
    let blog = Blog::open().await;
    let guest = blog.browser();
    let token = blog.token(&guest).await;
    blog.app.advance(Duration::from_secs(5));
    let send = async |text: &str| {
        let form = [
            ("content", text),
            ("name", "Ines"),
            ("email", "Ines@Readers.test"),
            ("token", &token),
        ];
        blog.send(&guest, &form).await
    };
    send("one").await.expect(201);
    blog.app.advance(Duration::from_secs(10));
    let soon = send("two").await.expect(429);
    assert_eq!(soon.header("retry-after"), Some("5"));
    assert_eq!(soon.json::<Value>()["code"], "too_many_requests");
    blog.app.advance(Duration::from_secs(5));
    for text in ["two", "three", "four", "five"] {
        send(text).await.expect(201);
        blog.app.advance(Duration::from_secs(15));
    }
    let wait: u64 = send("six")
        .await
        .expect(429)
        .header("retry-after")
        .unwrap()
        .parse()
        .unwrap();
    assert!(wait > 400, "{wait}");
    blog.app.advance(Duration::from_secs(wait));
    send("six").await.expect(201);
    let kept: i64 = blog.one("select count(*) from blog_comments").await;
    assert_eq!(kept, 6);
}

#[tokio::test]
async fn one_network_comments_twenty_times_an_hour() {
    let blog = Blog::open().await;
    let guest = blog.browser();
    let token = blog.token(&guest).await;
    blog.app.advance(Duration::from_secs(5));
    let send = async |number: usize| {
        let (name, email) = (
            format!("Guest {number}"),
            format!("guest{number}@readers.test"),
        );
        let form = [
            ("content", "Me, too"),
            ("name", &name),
            ("email", &email),
            ("token", &token),
        ];
        blog.send(&guest, &form).await
    };
    for number in 0..20 {
        send(number).await.expect(201);
    }
    send(20).await.expect(429);
    blog.app.advance(Duration::from_hours(1));
    send(20).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_comments_at_the_same_moment_are_one() {
    let blog = Blog::open().await;
    let guest = blog.browser();
    let token = blog.token(&guest).await;
    blog.app.advance(Duration::from_secs(5));
    // On two nodes.
    let second = blog.app.second_node();
    let clients = [guest.clone(), guest.through(second.router.clone())];
    let sent = (0..10).map(|number| {
        let (client, token) = (clients[number % 2].clone(), token.clone());
        tokio::spawn(async move {
            let text = format!("Number {number}");
            let form = [
                ("content", text.as_str()),
                ("name", "Ines"),
                ("email", "ines@readers.test"),
                ("token", &token),
            ];
            let path = format!("{POST}/comments");
            client
                .plainly(Method::POST, &path, &form)
                .await
                .status
                .as_u16()
        })
    });
    let mut answers: Vec<u16> = futures::future::join_all(sent)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    answers.sort_unstable();
    assert_eq!(answers[0], 201, "{answers:?}");
    assert!(
        answers[1..].iter().all(|status| *status == 429),
        "{answers:?}"
    );
    let kept: i64 = blog.one("select count(*) from blog_comments").await;
    assert_eq!(kept, 1);
}

#[tokio::test]
async fn the_same_words_are_taken_once_a_day() {
    let blog = Blog::open().await;
    let guest = blog.browser();
    blog.say(&guest, "Ines", "So nice").await.expect(201);
    let twice = blog.say(&guest, "Ines", " so  NICE").await.expect(409);
    assert_eq!(twice.json::<Value>()["code"], "duplicate_comment");
    blog.say(&blog.browser(), "Otto", "So nice")
        .await
        .expect(201);
    blog.app.advance(Duration::from_hours(24));
    blog.say(&guest, "Ines", "So nice").await.expect(201);
}

#[tokio::test]
async fn input_keeps_its_rules() {
    let blog = Blog::open().await;
    let guest = blog.browser();
    let token = blog.token(&guest).await;
    let long = "x".repeat(10_001);
    let name = "x".repeat(61);
    for (content, person, email, fields) in [
        ("", "", "", vec!["content", "name", "email"]),
        ("  \n", "Ines", "ines@readers.test", vec!["content"]),
        (
            "![x](https://a.example/x.png)",
            "Ines",
            "ines@readers.test",
            vec!["content"],
        ),
        (long.as_str(), "Ines", "ines@readers.test", vec!["content"]),
        ("x", name.as_str(), "not an address", vec!["name", "email"]),
    ] {
        let form = [
            ("content", content),
            ("name", person),
            ("email", email),
            ("token", &token),
        ];
        let refused: Value = blog.send(&guest, &form).await.expect(422).json();
        let found: Vec<&str> = refused["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["field"].as_str().unwrap())
            .collect();
        assert_eq!(found, fields);
    }
    let form = [
        ("content", "x"),
        ("name", "Ines"),
        ("email", "ines@readers.test"),
        ("token", &token),
    ];
    blog.browser()
        .plainly(Method::POST, "/blog/nothing/comments", &form)
        .await
        .expect(404);
    let nul = blog
        .send(&guest, &[("content", "a\0b"), form[1], form[2], form[3]])
        .await;
    assert!(nul.status.is_client_error(), "{}", nul.body);
}

#[tokio::test]
async fn nothing_that_readers_type_runs() {
    let blog = Blog::open().await;
    let attack = "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)> **\"><svg onload=alert(1)>**";
    let guest = blog.browser();
    let token = blog.token(&guest).await;
    blog.app.advance(Duration::from_secs(5));
    let form = [
        ("content", attack),
        ("name", "<b onclick=x>Eve</b>"),
        ("email", "eve@readers.test"),
        ("token", &token),
    ];
    let id = Blog::id(&blog.send(&guest, &form).await.expect(201));
    for page in [
        blog.page().await,
        guest.get(&format!("{POST}?edit={id}")).await,
        blog.browser().get(&format!("{POST}?reply={id}")).await,
        blog.studio
            .owner
            .get("/app/blog/comments?status=approved")
            .await,
        blog.studio
            .owner
            .get(&format!("/app/blog/comments/{id}"))
            .await,
    ] {
        let body = &page.body;
        for part in [
            "<script>alert",
            "<img src=x",
            "<svg onload",
            "<b onclick",
            "href=\"javascript:",
        ] {
            assert!(!body.contains(part), "{} has {part}", page.url);
        }
        assert!(body.contains("&lt;script&gt;alert(1)"), "{}", page.url);
    }
}
