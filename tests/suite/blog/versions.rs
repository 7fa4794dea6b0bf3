//! What a save keeps, and what visitors read meanwhile.

use std::time::Duration;

use blog::posts::versions::Reason;
use blog::posts::{self, Edit, Move, Step, restore_version, save, versions};
use kernel::{Error, Role as Staff};

use super::{Studio, content};

#[tokio::test]
async fn a_change_based_on_an_old_revision_is_refused_and_loses_nothing() {
    let studio = Studio::new().await;
    let ctx = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let id = studio.write(&ctx, "Shared", "One").await;
    studio.save(&ctx, id, content("Two"), Reason::Save).await;
    let mut tx = ctx.begin().await.unwrap();
    let late = save(&mut tx, &ctx, id, Some(1), content("Three"), Reason::Save).await;
    assert!(matches!(late, Err(Error::PreconditionFailed)));
    drop(tx);
    let mut tx = studio.begin().await;
    assert_eq!(posts::get(&mut tx, id).await.unwrap().content, "Two");
}

#[tokio::test]
async fn saves_become_versions_and_old_ones_come_back() {
    let studio = Studio::new().await;
    let person = studio.member("Mara", Staff::Editor).await;
    let ctx = studio.ctx(&person).await;
    let id = studio.write(&ctx, "Versions", "One").await;
    let rev = studio.save(&ctx, id, content("One"), Reason::Save).await;
    assert_eq!(rev, 1, "the same text is no change");
    for text in ["Tw", "Two"] {
        studio.save(&ctx, id, content(text), Reason::Autosave).await;
    }
    assert_eq!(
        studio.numbers(id).await,
        [(2, Reason::Autosave), (1, Reason::Save)]
    );
    studio.clock.advance(Duration::from_mins(11));
    let ctx = studio.ctx(&person).await;
    studio
        .save(&ctx, id, content("Three"), Reason::Autosave)
        .await;
    studio.save(&ctx, id, content("Three"), Reason::Save).await;
    assert_eq!(
        studio.numbers(id).await,
        [(3, Reason::Save), (2, Reason::Autosave), (1, Reason::Save)]
    );
    let mut tx = ctx.begin().await.unwrap();
    restore_version(&mut tx, &ctx, id, None, 1).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = studio.begin().await;
    let post = posts::get(&mut tx, id).await.unwrap();
    assert_eq!((post.content.as_str(), post.draft_no), ("One", 4));
}

#[tokio::test]
async fn only_a_hundred_versions_are_kept_besides_those_that_were_live() {
    let studio = Studio::new().await;
    let ctx = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let id = studio.write(&ctx, "Many", "0").await;
    studio.save(&ctx, id, content("1"), Reason::Save).await;
    studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    for n in 2..=104 {
        studio
            .save(&ctx, id, content(&n.to_string()), Reason::Save)
            .await;
    }
    let mut tx = studio.begin().await;
    let (newer, next) = versions::list(&mut tx, id, None, 100).await.unwrap();
    let (older, _) = versions::list(&mut tx, id, next, 100).await.unwrap();
    let numbers: Vec<i32> = newer
        .iter()
        .chain(&older)
        .map(|version| version.no)
        .collect();
    assert_eq!(numbers.len(), 101);
    assert_eq!(numbers.last(), Some(&2), "the live one");
}

#[tokio::test]
async fn editing_a_live_post_changes_nothing_public_until_it_is_published() {
    let studio = Studio::new().await;
    let person = studio.member("Mara", Staff::Editor).await;
    let ctx = studio.ctx(&person).await;
    let id = studio.write(&ctx, "Live", "Before").await;
    studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    studio.clock.advance(Duration::from_hours(1));
    let ctx = studio.ctx(&person).await;
    let edit = Edit {
        title: Some("Changed".into()),
        content: Some("After".into()),
        ..Edit::default()
    };
    studio.save(&ctx, id, edit, Reason::Save).await;
    let (_, text) = studio.visit("live").await.unwrap();
    assert!(text.contains("Before") && !text.contains("Changed") && !text.contains("After"));
    studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    let (_, text) = studio.visit("live").await.unwrap();
    assert!(text.contains("Changed") && text.contains("After"));
    let mut tx = studio.begin().await;
    let post = posts::get(&mut tx, id).await.unwrap();
    assert_eq!(
        post.published_at.unwrap().to_string(),
        "2026-03-02T09:00:00Z"
    );
    assert_eq!(
        post.updated_content_at.unwrap().to_string(),
        "2026-03-02T10:00:00Z"
    );
    assert_eq!(studio.events("blog.post.published").await, 1);
    assert_eq!(
        studio.events("blog.post.updated").await,
        1,
        "once for one change"
    );
}

#[tokio::test]
async fn what_an_older_renderer_made_is_made_again_and_shown() {
    let studio = Studio::new().await;
    let ctx = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let mut ids = Vec::new();
    for n in 0..60 {
        let id = studio
            .write(&ctx, &format!("Post {n}"), "> [!NOTE]\n> Mind it.")
            .await;
        ids.push(id);
    }
    studio.step(&ctx, ids[0], Step::Plain(Move::Publish)).await;
    let before = studio.rev(ids[0]).await;
    studio
        .as_owner(
            "update blog_post_versions set renderer_version = 1, html = '<blockquote>old</blockquote>'",
        )
        .await;
    studio
        .enqueue(&blog::jobs::RenderAgain::with_present())
        .await;
    studio.run_jobs().await;
    let (_, text) = studio.visit("post-0").await.unwrap();
    assert!(
        text.contains("markdown-alert-note") && !text.contains("old"),
        "{text}"
    );
    assert!(studio.rev(ids[0]).await > before, "its tag moves as well");
    let mut tx = studio.begin().await;
    for id in &ids {
        let post = posts::get(&mut tx, *id).await.unwrap();
        assert!(post.html.contains("Mind it."), "{}", post.title);
    }
    drop(tx);
    // Again there is nothing to do, and nothing moves.
    let after = studio.rev(ids[0]).await;
    studio
        .enqueue(&blog::jobs::RenderAgain::with_present())
        .await;
    studio.run_jobs().await;
    assert_eq!(studio.rev(ids[0]).await, after);
}
