//! Times that people choose: visible at read time, told of once.

use std::time::Duration;

use blog::posts::versions::Reason;
use blog::posts::{self, Move, Step, step};
use http::StatusCode;
use kernel::Role as Staff;

use super::{Studio, at, content, until};

#[tokio::test]
async fn a_schedule_holds_without_the_worker_and_is_told_of_once() {
    let studio = Studio::new().await;
    let ctx = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let id = studio.write(&ctx, "Soon", "Text").await;
    studio
        .step(&ctx, id, at("2026-03-02T12:00", "Europe/Berlin"))
        .await;
    studio
        .save(&ctx, id, content("Written later"), Reason::Save)
        .await;
    assert_eq!(studio.visit("soon").await, None);
    studio.clock.advance(Duration::from_hours(2));
    let (_, text) = studio.visit("soon").await.expect("11:00 UTC has come");
    assert!(
        text.contains("Text"),
        "what was scheduled, not what was written later"
    );
    assert_eq!(studio.events("blog.post.published").await, 0);

    studio.run_jobs().await;
    studio.run_jobs().await;
    assert_eq!(studio.events("blog.post.published").await, 1);
    let mut tx = studio.begin().await;
    let post = posts::get(&mut tx, id).await.unwrap();
    assert_eq!(post.status, posts::Status::Published);
    assert_eq!(
        post.published_at.unwrap().to_string(),
        "2026-03-02T11:00:00Z"
    );
    assert!(post.is_changed(studio.clock.now()));
}

#[tokio::test]
async fn a_step_on_a_post_whose_time_has_come_tells_of_both() {
    let studio = Studio::new().await;
    let person = studio.member("Mara", Staff::Editor).await;
    let ctx = studio.ctx(&person).await;
    let id = studio.write(&ctx, "Soon", "Text").await;
    studio.step(&ctx, id, at("2026-03-02T10:00", "UTC")).await;
    studio.clock.advance(Duration::from_hours(2));
    let ctx = studio.ctx(&person).await;
    let mut tx = ctx.begin().await.unwrap();
    let refused = step(&mut tx, &ctx, id, None, &Step::Plain(Move::Unschedule)).await;
    assert_eq!(refused.unwrap_err().code(), "invalid_transition");
    tx.commit().await.unwrap();
    assert_eq!(
        studio.events("blog.post.published").await,
        0,
        "a refusal writes nothing"
    );
    studio.step(&ctx, id, Step::Plain(Move::Unpublish)).await;
    studio.run_jobs().await;
    assert_eq!(studio.events("blog.post.published").await, 1);
    assert_eq!(studio.events("blog.post.unpublished").await, 1);
    assert_eq!(studio.visit("soon").await, None);
}

#[tokio::test]
async fn another_time_is_another_publication_and_the_old_one_never_comes() {
    let studio = Studio::new().await;
    let ctx = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let id = studio.write(&ctx, "Soon", "Text").await;
    studio.step(&ctx, id, at("2026-03-02T10:00", "UTC")).await;
    studio.step(&ctx, id, at("2026-03-02T14:00", "UTC")).await;
    studio.clock.advance(Duration::from_hours(2));
    studio.run_jobs().await;
    assert_eq!(studio.visit("soon").await, None);
    studio.clock.advance(Duration::from_hours(4));
    studio.run_jobs().await;
    assert_eq!(studio.events("blog.post.published").await, 1);
    let mut tx = studio.begin().await;
    let post = posts::get(&mut tx, id).await.unwrap();
    assert_eq!(
        post.published_at.unwrap().to_string(),
        "2026-03-02T14:00:00Z"
    );
}

/// A race of a new time against the job of the old one, which waits for the row.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_time_beats_a_due_job_that_was_claimed_already() {
    let studio = Studio::new().await;
    let person = studio.member("Mara", Staff::Editor).await;
    let ctx = studio.ctx(&person).await;
    let id = studio.write(&ctx, "Soon", "Text").await;
    studio.step(&ctx, id, at("2026-03-02T10:00", "UTC")).await;
    // Just before the time somebody chooses another, and has not finished when the job begins.
    studio.clock.advance(Duration::from_mins(59));
    let late = studio.ctx(&person).await;
    let mut tx = late.begin().await.unwrap();
    let anew = at("2026-03-02T14:00", "UTC");
    step(&mut tx, &late, id, None, &anew).await.unwrap();
    studio.clock.advance(Duration::from_mins(2));
    // The job runs, and waits for the row that the new time is written to.
    tokio::join!(studio.run_jobs(), async {
        studio.wait_for_a_blocked_job().await;
        tx.commit().await.unwrap();
    });
    assert_eq!(studio.events("blog.post.published").await, 0);
    assert_eq!(studio.visit("soon").await, None);
    studio.clock.advance(Duration::from_hours(4));
    studio.run_jobs().await;
    assert_eq!(studio.events("blog.post.published").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_due_time_and_a_new_one_exactly_one_wins() {
    let studio = Studio::new().await;
    let person = studio.member("Mara", Staff::Editor).await;
    let ctx = studio.ctx(&person).await;
    let mut posts = Vec::new();
    for n in 0..12 {
        let id = studio.write(&ctx, &format!("Soon {n}"), "Text").await;
        studio.step(&ctx, id, at("2026-03-02T10:00", "UTC")).await;
        posts.push(id);
    }
    studio.clock.advance(Duration::from_mins(61));
    // Whoever asks after the time finds the post published; whoever began before it may still choose.
    let before = studio.ctx_at(&person, "2026-03-02T09:59:59Z").await;
    let anew = at("2026-03-02T14:00", "UTC");
    let choices = futures::future::join_all(posts.iter().map(async |id| {
        let mut tx = before.begin().await.unwrap();
        let chosen = step(&mut tx, &before, *id, None, &anew).await;
        if chosen.is_ok() {
            tx.commit().await.unwrap();
        }
        chosen.is_ok()
    }));
    let ((), chosen) = tokio::join!(studio.run_jobs(), choices);
    let told = studio.events("blog.post.published").await;
    let moved = chosen.iter().filter(|won| **won).count();
    assert_eq!(usize::try_from(told).unwrap() + moved, posts.len());
    studio.clock.advance(Duration::from_hours(5));
    studio.run_jobs().await;
    let told = studio.events("blog.post.published").await;
    assert_eq!(usize::try_from(told).unwrap(), posts.len(), "each once");
}

#[tokio::test]
async fn an_end_holds_without_the_worker_and_is_told_of_once() {
    let studio = Studio::new().await;
    let person = studio.member("Mara", Staff::Editor).await;
    let ctx = studio.ctx(&person).await;
    let id = studio.write(&ctx, "Offer", "Text").await;
    studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    studio
        .step(&ctx, id, until("2026-03-02T12:00", "Europe/Berlin", false))
        .await;
    studio
        .clock
        .advance(Duration::from_micros(2 * 3_600_000_000 - 1));
    assert!(studio.visit("offer").await.is_some());
    studio.clock.advance(Duration::from_micros(1));
    assert_eq!(studio.visit("offer").await, None, "11:00 UTC has come");
    for path in ["/blog", "/feed.xml", "/atom.xml", "/feed.json"] {
        let text = studio.get(path).await.text;
        assert!(!text.contains("Offer"), "{path}: {text}");
    }
    assert_eq!(
        studio.get("/sitemap-posts-1.xml").await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(studio.events("blog.post.unpublished").await, 0);
    let mut tx = studio.begin().await;
    let post = posts::get(&mut tx, id).await.unwrap();
    assert_eq!(post.state(studio.clock.now()).title(), "Draft");
    drop(tx);

    studio.run_jobs().await;
    studio.run_jobs().await;
    assert_eq!(studio.events("blog.post.unpublished").await, 1);
    let mut tx = studio.begin().await;
    let post = posts::get(&mut tx, id).await.unwrap();
    assert_eq!((post.status, post.ends_at), (posts::Status::Draft, None));
    drop(tx);
    assert_eq!(studio.visit("offer").await, None);
}

#[tokio::test]
async fn a_post_that_came_and_went_unseen_by_the_worker_tells_of_both() {
    let studio = Studio::new().await;
    let ctx = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let id = studio.write(&ctx, "Brief", "Text").await;
    studio.step(&ctx, id, at("2026-03-02T10:00", "UTC")).await;
    studio
        .step(&ctx, id, until("2026-03-02T11:00", "UTC", true))
        .await;
    studio.clock.advance(Duration::from_mins(90));
    assert!(studio.visit("brief").await.is_some());
    studio.clock.advance(Duration::from_hours(2));
    assert_eq!(
        studio.get("/blog/brief").await.status,
        StatusCode::GONE,
        "it was to be gone for good"
    );
    studio.run_jobs().await;
    assert_eq!(studio.events("blog.post.published").await, 1);
    assert_eq!(studio.events("blog.post.unpublished").await, 1);
    assert_eq!(studio.get("/blog/brief").await.status, StatusCode::GONE);
    studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    assert!(studio.visit("brief").await.is_some(), "it may come back");
    studio.step(&ctx, id, Step::Plain(Move::Unpublish)).await;
    assert_eq!(studio.visit("brief").await, None);
}

#[tokio::test]
async fn times_that_contradict_each_other_are_refused() {
    let studio = Studio::new().await;
    let ctx = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let id = studio.write(&ctx, "Offer", "Text").await;
    let refused = async |taken: Step| {
        let mut tx = ctx.begin().await.unwrap();
        let error = step(&mut tx, &ctx, id, None, &taken).await.unwrap_err();
        error
            .field_errors()
            .first()
            .map_or(error.code(), |field| field.code)
    };
    let end = until("2026-03-02T12:00", "UTC", false);
    assert_eq!(refused(end.clone()).await, "invalid_transition");
    studio.step(&ctx, id, at("2026-03-02T13:00", "UTC")).await;
    assert_eq!(refused(end).await, "before_start");
    assert_eq!(
        refused(until("2026-03-02T08:00", "UTC", false)).await,
        "in_past"
    );
    studio
        .step(&ctx, id, until("2026-03-03T12:00", "UTC", false))
        .await;
    assert_eq!(refused(at("2026-03-04T12:00", "UTC")).await, "after_end");
    studio
        .step(&ctx, id, Step::Plain(Move::UnscheduleEnd))
        .await;
    studio.step(&ctx, id, at("2026-03-04T12:00", "UTC")).await;
}
