//! Lists, tags and paging.

use std::time::Duration;

use blog::posts::versions::Reason;
use blog::posts::{Edit, Filter, Move, PostId, Sort, Step, store};
use blog::tags;
use http::{Method, StatusCode};
use kernel::{PageRequest, Role as Staff};
use serde_json::{Value, json};

use super::Studio;
use crate::support::{Client, TestApp};

#[tokio::test]
async fn tags_are_made_by_naming_them_and_merge_with_their_addresses() {
    let studio = Studio::new().await;
    let ctx = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let id = studio.write(&ctx, "Tagged", "Text").await;
    let edit = Edit {
        tags: Some(vec!["Wedding".into(), "wedding".into(), "Studio".into()]),
        ..Edit::default()
    };
    studio.save(&ctx, id, edit, Reason::Save).await;
    studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    let mut tx = ctx.begin().await.unwrap();
    let page = PageRequest::new(None, 50, None).unwrap();
    let list = tags::list(&mut tx, None, page).await.unwrap().items;
    let names: Vec<&str> = list.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!(names, ["Studio", "Wedding"]);
    tags::merge(&mut tx, &ctx, list[1].id, list[0].id)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let former = studio.get("/blog/tag/wedding").await;
    assert_eq!(
        (former.status, former.slug().as_str()),
        (StatusCode::MOVED_PERMANENTLY, "studio")
    );
    assert!(studio.get("/blog/tag/studio").await.text.contains("Tagged"));
    assert!(studio.get("/feed.xml").await.text.contains("Tagged"));
}

#[tokio::test]
async fn lists_page_through_every_order_without_gaps() {
    let studio = Studio::new().await;
    let person = studio.member("Mara", Staff::Editor).await;
    for n in 0..7 {
        let ctx = studio.ctx(&person).await;
        let id = studio
            .write(&ctx, &format!("Post {}", (n * 3) % 7), "Text")
            .await;
        if n % 2 == 0 {
            studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
        }
        studio.clock.advance(Duration::from_mins(1));
    }
    let mut tx = studio.begin().await;
    for sort in [Sort::Created, Sort::Updated, Sort::Published, Sort::Title] {
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = PageRequest::new(Some(3), 3, cursor.as_deref()).unwrap();
            let rows = store::list(&mut tx, &Filter::default(), sort, page, studio.clock.now())
                .await
                .unwrap();
            let part = kernel::Page::cut(rows, page, |post| post.cursor(sort));
            seen.extend(part.items.into_iter().map(|post| (post.id, post.title)));
            cursor = part.next;
            if cursor.is_none() {
                break;
            }
        }
        let titles: Vec<&str> = seen.iter().map(|(_, title)| title.as_str()).collect();
        let mut ids: Vec<PostId> = seen.iter().map(|(id, _)| *id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 7, "{sort:?}: {titles:?}");
        if sort == Sort::Title {
            assert!(titles.is_sorted(), "{titles:?}");
        }
    }
}

#[tokio::test]
async fn several_posts_take_a_step_over_the_api() {
    let app = TestApp::new().await;
    let studio = app.tenant("northlight").await;
    let author = studio.member(&app, Staff::Author, "Ana Silva").await;
    let mut ids = Vec::new();
    for title in ["One", "Two", ""] {
        let body = json!({ "title": title });
        let path = "/api/v1/blog/posts";
        let made = studio.owner.api(Method::POST, path, &[], Some(&body)).await;
        let made: Value = made.expect(201).json();
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    let unknown = PostId::new().to_string();
    let bulk = async |client: &Client, what: &str, ids: &[String]| {
        let path = format!("/api/v1/blog/posts/bulk/{what}");
        let body = json!({ "ids": ids });
        let key = [("idempotency-key", "again")];
        client.api(Method::POST, &path, &key, Some(&body)).await
    };
    let all = [ids.clone(), vec![unknown.clone()]].concat();
    let refused = bulk(&author, "publish", &all).await;
    assert_eq!(refused.status, 403);
    let answer: Value = bulk(&studio.owner, "publish", &all)
        .await
        .expect(200)
        .json();
    assert_eq!(answer["done"].as_array().unwrap().len(), 2);
    let left: Vec<(&str, &str)> = answer["left"]
        .as_array()
        .unwrap()
        .iter()
        .map(|left| (left["id"].as_str().unwrap(), left["code"].as_str().unwrap()))
        .collect();
    assert_eq!(
        left,
        [(ids[2].as_str(), "required"), (&unknown, "not_found")]
    );
    let again = bulk(&studio.owner, "publish", &all).await.expect(200);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let taken: Value = bulk(&studio.owner, "trash", &ids).await.expect(422).json();
    assert_eq!(taken["errors"][0]["code"], "idempotency_key_reused");
    bulk(&studio.owner, "publish", &[]).await.expect(422);
}

#[tokio::test]
async fn tags_and_authors_are_sent_again_only_when_they_or_their_posts_changed() {
    let app = TestApp::new().await;
    let studio = app.tenant("northlight").await;
    let write = async || {
        let body = json!({ "title": "Tide", "tags": ["Harbour"] });
        let path = "/api/v1/blog/posts";
        let made = studio.owner.api(Method::POST, path, &[], Some(&body)).await;
        made.expect(201).json::<Value>()
    };
    let post = write().await;
    for (kind, of) in [("tags", "tags"), ("authors", "authors")] {
        let id = post[of][0]["id"].as_str().unwrap();
        let path = format!("/api/v1/blog/{kind}/{id}");
        let first = studio.owner.get(&path).await.expect(200);
        let tag = first.header("etag").unwrap().to_owned();
        let unless = [("if-none-match", tag.as_str())];
        let same = studio
            .owner
            .api(Method::GET, &path, &unless, None::<&Value>)
            .await;
        assert_eq!((same.status.as_u16(), same.body.as_str()), (304, ""));
        write().await;
        let other = studio
            .owner
            .api(Method::GET, &path, &unless, None::<&Value>)
            .await
            .expect(200);
        assert_ne!(other.header("etag"), Some(tag.as_str()));
        // A change goes by the revision: the posts that came meanwhile do not matter to it.
        let change = match kind {
            "tags" => json!({ "description": "Where boats are." }),
            _ => json!({ "bio": "Writes." }),
        };
        let when = [("if-match", tag.as_str())];
        studio
            .owner
            .api(Method::PATCH, &path, &when, Some(&change))
            .await
            .expect(200);
        studio
            .owner
            .api(Method::PATCH, &path, &when, Some(&change))
            .await
            .expect(412);
    }
}
