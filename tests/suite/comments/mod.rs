//! Comments: readers, rules, moderators, through the whole platform.

mod erasing;
mod moderation;
mod pins;
mod readers;
mod replies;
mod rules;
mod threads;

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};

use crate::support::{Client, Reply, TestApp, TestTenant};

/// A blog with one live post that takes comments.
pub struct Blog {
    pub app: TestApp,
    pub studio: TestTenant,
    /// Id of the post.
    pub post: String,
    pub pool: PgPool,
}

/// Where the post is.
pub const POST: &str = "/blog/first-light";

/// Lets a post take comments, makes one with a word in it, and bans somebody: their ids.
pub async fn samples(owner: &Client, post: &str, word: &str) -> (String, String) {
    let on = json!({ "comments_mode": "anyone" });
    let settings = "/api/v1/blog/settings";
    let etag = owner.get(settings).await.header("etag").unwrap().to_owned();
    owner
        .api(Method::PATCH, settings, &[("if-match", &etag)], Some(&on))
        .await
        .expect(200);
    let comments = format!("/api/v1/blog/posts/{post}/comments");
    let comment = json!({ "content": format!("{word} speaks") });
    let comment = owner
        .api(Method::POST, &comments, &[], Some(&comment))
        .await;
    let ban = json!({ "subject": "email", "email": format!("spammer@{word}.test") });
    let bans = "/api/v1/blog/comment-bans";
    let ban = owner.api(Method::POST, bans, &[], Some(&ban)).await;
    (Blog::id(&comment.expect(201)), Blog::id(&ban.expect(201)))
}

impl Blog {
    /// A blog whose settings for comments are these.
    pub async fn new(settings: Value) -> Self {
        let app = TestApp::new().await;
        let studio = app.tenant("northlight").await;
        let pool = app.database.pool(testkit::Role::Superuser);
        let new = json!({ "title": "First light", "content": "A window." });
        let owner = &studio.owner;
        let post = owner.api(Method::POST, "/api/v1/blog/posts", &[], Some(&new));
        let post: Value = post.await.expect(201).json();
        let post = post["id"].as_str().unwrap().to_owned();
        let live = format!("/api/v1/blog/posts/{post}/publish");
        owner
            .api(Method::POST, &live, &[], Some(&json!({})))
            .await
            .expect(200);
        let blog = Self {
            app,
            studio,
            post,
            pool,
        };
        blog.app.prolong_trials().await;
        blog.set(settings).await;
        blog
    }

    /// A blog where anybody may comment and nothing waits.
    pub async fn open() -> Self {
        Self::new(json!({ "comments_mode": "anyone", "comments_moderation": "none" })).await
    }

    /// Changes settings.
    pub async fn set(&self, settings: Value) {
        let owner = &self.studio.owner;
        let path = "/api/v1/blog/settings";
        let etag = owner.get(path).await.header("etag").unwrap().to_owned();
        owner
            .api(Method::PATCH, path, &[("if-match", &etag)], Some(&settings))
            .await
            .expect(200);
    }

    /// Nobody's browser, on the blog.
    pub fn browser(&self) -> Client {
        self.app.visitor().on(&self.studio.origin())
    }

    /// The token of a form that the post's page has for a browser.
    pub async fn token(&self, browser: &Client) -> String {
        let page = browser.get(POST).await.expect(200);
        page.attribute("#comment-form input[name=token]", "value")
            .unwrap_or_else(|| panic!("no form in {}", page.body))
    }

    /// Opens the page, takes a while, and sends a comment as a script does.
    pub async fn say(&self, browser: &Client, person: &str, text: &str) -> Reply {
        self.answer(browser, person, text, "").await
    }

    /// As [`Blog::say`], in answer to a comment.
    pub async fn answer(&self, browser: &Client, person: &str, text: &str, to: &str) -> Reply {
        let token = self.token(browser).await;
        self.app.advance(Duration::from_secs(20));
        let email = format!("{}@readers.test", person.to_lowercase());
        let form = [
            ("content", text),
            ("name", person),
            ("email", email.as_str()),
            ("token", token.as_str()),
            ("parent", to),
        ];
        self.send(browser, &form).await
    }

    /// Sends a form as a script does.
    pub async fn send(&self, browser: &Client, form: &[(&str, &str)]) -> Reply {
        let path = format!("{POST}/comments");
        browser.plainly(Method::POST, &path, form).await
    }

    /// The id of a comment that was taken.
    pub fn id(reply: &Reply) -> String {
        reply.json::<Value>()["id"].as_str().unwrap().to_owned()
    }

    /// What the page shows to nobody in particular.
    pub async fn page(&self) -> Reply {
        self.browser().get(POST).await.expect(200)
    }

    /// One value of the database.
    pub async fn one<T>(&self, sql: &str) -> T
    where
        T: Send + Unpin + sqlx::Type<sqlx::Postgres> + for<'r> sqlx::Decode<'r, sqlx::Postgres>,
    {
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
            .fetch_one(&self.pool)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Status and reasons of a comment, as stored.
    pub async fn stored(&self, id: &str) -> (String, String) {
        let status = self
            .one(&format!(
                "select status from blog_comments where id = '{id}'"
            ))
            .await;
        let reasons = self
            .one(&format!(
                "select array_to_string(reasons, ' ') from blog_comments where id = '{id}'"
            ))
            .await;
        (status, reasons)
    }

    /// The comment as moderators read it, with its entity tag.
    pub async fn read(&self, id: &str) -> (Value, String) {
        let path = format!("/api/v1/blog/comments/{id}");
        let reply = self.studio.owner.get(&path).await.expect(200);
        (reply.json(), reply.header("etag").unwrap().to_owned())
    }

    /// Takes a step with a comment as its present revision allows.
    pub async fn decide(&self, id: &str, step: &str) -> Reply {
        let (_, etag) = self.read(id).await;
        self.decide_on(id, step, &etag).await
    }

    pub async fn decide_on(&self, id: &str, step: &str, etag: &str) -> Reply {
        let path = format!("/api/v1/blog/comments/{id}/moderate");
        let body = json!({ "move": step });
        self.studio
            .owner
            .api(Method::POST, &path, &[("if-match", etag)], Some(&body))
            .await
    }

    /// How many comments are in each tab of the queue.
    pub async fn tabs(&self) -> Vec<String> {
        let page = self
            .studio
            .owner
            .get("/app/blog/comments")
            .await
            .expect(200);
        page.texts("nav[aria-label=Status] .count")
    }
}
