//! Readers hear of answers when they asked for it, once each, until they say that it is enough.

use std::time::Duration;

use http::{Method, header};
use kernel::Role;
use serde_json::json;

use super::{Blog, POST};
use crate::support::{Client, Reply};

const INES: &str = "ines@readers.test";
const SUBJECT: &str = "Your comment was answered";

/// A blog on which guests confirm their addresses, and nothing else is held.
async fn open() -> Blog {
    Blog::new(json!({ "comments_mode": "verified_guests", "comments_moderation": "none" })).await
}

impl Blog {
    /// Comments as a guest who wants to hear of answers, or not, and confirms the address if that is asked for.
    async fn speak(&self, browser: &Client, text: &str, hear: bool, to: &str) -> Reply {
        let token = self.token(browser).await;
        self.app.advance(Duration::from_secs(20));
        let mut form = vec![
            ("content", text),
            ("name", "Ines"),
            ("email", INES),
            ("token", token.as_str()),
            ("parent", to),
        ];
        if hear {
            form.push(("notify_replies", "true"));
        }
        let sent = self.send(browser, &form).await;
        if sent.status == 202 {
            self.confirm(browser).await;
        }
        sent
    }

    async fn confirm(&self, browser: &Client) {
        let link = self.app.letter(INES).await.link();
        let path = link.strip_prefix(&self.studio.origin()).unwrap();
        browser.post(path, &[]).await.expect(303);
    }

    /// The staff's answer to a comment.
    async fn reply(&self, to: &str, text: &str) -> String {
        let path = format!("/api/v1/blog/posts/{}/comments", self.post);
        let answer = json!({ "content": text, "parent": to });
        let owner = &self.studio.owner;
        Blog::id(
            &owner
                .api(Method::POST, &path, &[], Some(&answer))
                .await
                .expect(201),
        )
    }

    async fn moderate(&self, id: &str, step: &str) {
        let path = format!("/app/blog/comments/{id}/{step}");
        self.studio.owner.post(&path, &[]).await.expect(303);
    }

    /// How many mails about answers Ines got.
    async fn told(&self) -> usize {
        let letters = self.app.letters(INES).await;
        letters
            .iter()
            .filter(|letter| letter.subject == SUBJECT)
            .count()
    }
}

#[tokio::test]
async fn a_reader_who_asked_hears_of_each_answer_once() {
    let blog = open().await;
    let ines = blog.browser();
    let page = ines.get(POST).await.expect(200);
    assert!(page.body.contains("Mail me when somebody answers"));
    assert!(page.attribute("[name=notify_replies]", "checked").is_none());
    let first = Blog::id(&blog.speak(&ines, "What a fine window", true, "").await);
    assert_eq!(blog.told().await, 0);

    let answer = blog.reply(&first, "Thank you, dear reader").await;
    assert_eq!(blog.told().await, 1);
    let letter = blog.app.letter(INES).await;
    assert_eq!(
        letter.link(),
        format!("{}{POST}#comment-{answer}", blog.studio.origin())
    );
    for typed in ["dear reader", "fine window", "Ines"] {
        assert!(!letter.text.contains(typed), "{}", letter.text);
    }

    // Taken from the public and back: no news.
    for step in ["hide", "approve"] {
        blog.moderate(&answer, step).await;
    }
    assert_eq!(blog.told().await, 1);

    // What she says herself is no answer to her, and what is held is told when it is public.
    blog.speak(&ines, "I forgot to say", true, &first)
        .await
        .expect(201);
    assert_eq!(blog.told().await, 1);
    blog.set(json!({ "comments_mode": "anyone", "comments_moderation": "all" }))
        .await;
    let held = Blog::id(
        &blog
            .answer(&blog.browser(), "Otto", "I see it too", &first)
            .await
            .expect(202),
    );
    assert_eq!(blog.told().await, 1);
    blog.moderate(&held, "approve").await;
    assert_eq!(blog.told().await, 2);
}

#[tokio::test]
async fn nobody_hears_who_did_not_ask_or_whose_address_is_not_confirmed() {
    let blog = open().await;
    let ines = blog.browser();
    let silent = Blog::id(&blog.speak(&ines, "Only this", false, "").await);
    blog.reply(&silent, "Thank you").await;
    assert_eq!(blog.told().await, 0);

    // Where addresses are not confirmed nobody can ask, also not by a form of their own.
    blog.set(json!({ "comments_mode": "anyone" })).await;
    let page = blog.page().await;
    assert!(!page.body.contains("notify_replies"));
    let stranger = blog.browser();
    let named = blog
        .speak(&stranger, "In the name of another", true, "")
        .await;
    blog.reply(&Blog::id(&named.expect(201)), "Thank you too")
        .await;
    assert_eq!(blog.told().await, 0);

    // Whose identity was erased is not written to any more.
    blog.set(json!({ "comments_mode": "verified_guests" }))
        .await;
    let asked = Blog::id(&blog.speak(&ines, "And this", true, "").await);
    let erase = json!({ "email": INES, "keep_text": true });
    let erased = blog.studio.owner.api(
        Method::POST,
        "/api/v1/blog/comments/erase",
        &[],
        Some(&erase),
    );
    erased.await.expect(200);
    blog.reply(&asked, "Thank you again").await;
    assert_eq!(blog.told().await, 0);
}

#[tokio::test]
async fn the_way_out_is_one_step_without_a_log_in_and_holds_for_all_comments() {
    let blog = open().await;
    let ines = blog.browser();
    let first = Blog::id(&blog.speak(&ines, "The first", true, "").await);
    let second = Blog::id(&blog.speak(&ines, "The second", true, "").await.expect(201));
    blog.reply(&first, "One").await;
    let text = blog.app.letter(INES).await.text;
    let (_, rest) = text.split_once("No more mail like this:\n").unwrap();
    let path = rest.lines().next().unwrap();
    let path = path.strip_prefix(&blog.studio.origin()).unwrap();
    let header: String = blog
        .one("select unsubscribe_url from mail_messages where template = 'blog.comment_reply'")
        .await;
    assert!(header.ends_with(path));

    // Looking changes nothing; a mail program's POST does (RFC 8058).
    let stranger = blog.browser();
    for _ in 0..2 {
        let page = stranger.get(path).await.expect(200);
        assert!(page.body.contains("Stop this mail"));
    }
    blog.reply(&first, "Two").await;
    assert_eq!(blog.told().await, 2);
    for _ in 0..2 {
        let one_click = stranger
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(axum::body::Body::from("List-Unsubscribe=One-Click"))
            .unwrap();
        stranger.send(one_click).await.expect(200);
    }
    for comment in [&first, &second] {
        blog.reply(comment, &format!("Three of {comment}")).await;
    }
    assert_eq!(blog.told().await, 2);

    // Nobody guesses one, and another workspace knows nothing of it.
    let mut guessed = path.to_owned();
    let last = guessed.pop().unwrap();
    guessed.push(if last == 'A' { 'E' } else { 'A' });
    for wrong in [guessed.as_str(), "/blog/comments/quiet/x"] {
        stranger.get(wrong).await.expect(404);
        stranger.post(wrong, &[]).await.expect(404);
    }
    let other = blog.app.tenant("southlight").await;
    let elsewhere = blog.app.visitor().on(&other.origin());
    elsewhere.post(path, &[]).await.expect(404);

    // Whoever asks again with the next comment hears again.
    let third = Blog::id(&blog.speak(&ines, "The third", true, "").await.expect(201));
    blog.reply(&third, "Four").await;
    assert_eq!(blog.told().await, 3);
}

#[tokio::test]
async fn members_find_answers_to_their_comments_in_the_inbox() {
    let blog = Blog::open().await;
    let studio = &blog.studio;
    let editor = studio.member(&blog.app, Role::Editor, "Edda Berg").await;
    let said = Blog::id(&blog.say(&editor, "", "I was there").await.expect(201));
    let news = |kind: &str| format!("select count(*) from notifications where kind = '{kind}'");
    let answers = news("blog.comment_answer");

    // An own afterthought is no news; what a guest answers is, once, also when it is hidden and shown again.
    blog.answer(&editor, "", "And it rained", &said)
        .await
        .expect(201);
    assert_eq!(blog.one::<i64>(&answers).await, 0);
    let answer = Blog::id(
        &blog
            .answer(&blog.browser(), "Otto", "It poured", &said)
            .await
            .expect(201),
    );
    for step in ["hide", "approve"] {
        blog.moderate(&answer, step).await;
    }
    assert_eq!(blog.one::<i64>(&answers).await, 1);
    let inbox = editor.get("/app/inbox").await.expect(200);
    assert!(
        inbox
            .body
            .contains("Somebody answered your comment on “First light”"),
        "{}",
        inbox.body
    );
    assert!(!inbox.body.contains("poured") && !inbox.body.contains("Otto"));
    let link: String = blog
        .one("select link from notifications where kind = 'blog.comment_answer'")
        .await;
    assert_eq!(link, format!("{POST}#comment-{answer}"));

    // The post's author hears of an answer to an own comment as that, and not of a new comment besides.
    let owner = &studio.owner;
    let thanks = Blog::id(&blog.say(owner, "", "Thanks to all").await.expect(201));
    let comments = blog.one::<i64>(&news("blog.comment")).await;
    blog.answer(&blog.browser(), "Paul", "Not at all", &thanks)
        .await
        .expect(201);
    assert_eq!(blog.one::<i64>(&answers).await, 2);
    assert_eq!(blog.one::<i64>(&news("blog.comment")).await, comments);

    // Who has left hears nothing.
    let place = crate::nodes::membership(&blog.app, "editor@northlight.test").await;
    let remove = format!("/app/people/{place}/remove");
    owner.post(&remove, &[]).await.expect(303);
    blog.answer(&blog.browser(), "Rosa", "I stayed dry", &said)
        .await
        .expect(201);
    assert_eq!(blog.one::<i64>(&answers).await, 2);
}
