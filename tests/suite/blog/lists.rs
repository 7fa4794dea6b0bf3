//! Lists, tags and paging.

use std::time::Duration;

use blog::posts::versions::Reason;
use blog::posts::{Edit, Filter, Move, PostId, Sort, Step, store};
use blog::tags;
use http::StatusCode;
use kernel::{PageRequest, Role as Staff};

use super::Studio;

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
