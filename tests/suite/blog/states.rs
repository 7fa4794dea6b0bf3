//! Moves between states, and who may take them.

use std::time::Duration;

use blog::Blog;
use blog::posts::versions::Reason;
use blog::posts::{self, Edit, Move, Step, Visibility, save, step};
use kernel::{Error, Role as Staff};
use module::{Ctx, Module as _};

use super::{Studio, at, content};

#[tokio::test]
async fn the_trash_frees_the_address_keeps_the_post_and_ends_after_thirty_days() {
    let studio = Studio::new().await;
    let ctx = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let id = studio.write(&ctx, "Gone", "Text").await;
    studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    studio.step(&ctx, id, Step::Plain(Move::Trash)).await;
    assert_eq!(studio.visit("gone").await, None);
    studio.write(&ctx, "Gone", "Another").await;
    studio.step(&ctx, id, Step::Plain(Move::Restore)).await;
    let mut tx = studio.begin().await;
    assert_eq!(posts::get(&mut tx, id).await.unwrap().slug, "gone-2");
    drop(tx);
    studio.step(&ctx, id, Step::Plain(Move::Trash)).await;
    studio.clock.advance(Duration::from_hours(31 * 24));
    studio.run_jobs().await;
    let mut tx = studio.begin().await;
    assert!(matches!(
        posts::get(&mut tx, id).await,
        Err(Error::NotFound("post"))
    ));
}

#[tokio::test]
async fn an_author_edits_own_drafts_and_nothing_that_is_live() {
    let studio = Studio::new().await;
    let editor = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let author = studio.ctx(&studio.member("Ana", Staff::Author).await).await;
    let theirs = studio.write(&editor, "Theirs", "Text").await;
    let own = studio.write(&author, "Own", "Text").await;
    studio
        .save(&author, own, content("More"), Reason::Save)
        .await;
    let refused = async |id, ctx: &Ctx| {
        let mut tx = ctx.begin().await.unwrap();
        save(&mut tx, ctx, id, None, content("No"), Reason::Save)
            .await
            .unwrap_err()
            .code()
    };
    assert_eq!(refused(theirs, &author).await, "forbidden");
    studio.step(&editor, own, Step::Plain(Move::Publish)).await;
    assert_eq!(refused(own, &author).await, "forbidden");
    let mut tx = author.begin().await.unwrap();
    let publish = step(&mut tx, &author, own, None, &Step::Plain(Move::Unpublish)).await;
    assert!(matches!(
        publish,
        Err(Error::Forbidden("blog.posts.publish"))
    ));
}

#[tokio::test]
async fn what_waits_for_review_is_approved_or_sent_back() {
    let studio = Studio::new().await;
    let editor = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let author = studio.ctx(&studio.member("Ana", Staff::Author).await).await;
    let id = studio.write(&author, "Own", "Text").await;
    let refused = async |taken: Step, ctx: &Ctx| {
        let mut tx = ctx.begin().await.unwrap();
        step(&mut tx, ctx, id, None, &taken)
            .await
            .unwrap_err()
            .code()
    };
    let approve = Step::Approve(None);
    assert_eq!(
        refused(approve.clone(), &editor).await,
        "invalid_transition"
    );
    studio.step(&author, id, Step::Plain(Move::Submit)).await;
    assert_eq!(refused(approve.clone(), &author).await, "forbidden");
    assert_eq!(
        refused(Step::Plain(Move::SendBack), &author).await,
        "forbidden"
    );
    studio.step(&editor, id, Step::Plain(Move::SendBack)).await;
    assert_eq!(studio.events("blog.post.sent_back").await, 1);
    studio.step(&author, id, Step::Plain(Move::Submit)).await;
    let Step::Schedule(later) = at("2026-03-02T12:00", "UTC") else {
        unreachable!()
    };
    studio.step(&editor, id, Step::Approve(Some(later))).await;
    assert_eq!(studio.events("blog.post.approved").await, 1);
    assert_eq!(studio.events("blog.post.scheduled").await, 1);
    studio
        .step(&editor, id, Step::Plain(Move::Unschedule))
        .await;
    studio.step(&author, id, Step::Plain(Move::Submit)).await;
    studio.step(&editor, id, approve).await;
    assert!(studio.visit("own").await.is_some());
    assert_eq!(studio.events("blog.post.approved").await, 2);
}

#[tokio::test]
async fn each_reader_finds_the_posts_that_are_for_them() {
    let studio = Studio::new().await;
    let editor = studio.member("Mara", Staff::Editor).await;
    let member = studio.member("Bo", Staff::Billing).await;
    let ctx = studio.ctx(&editor).await;
    for visibility in Visibility::ALL {
        let id = studio.write(&ctx, visibility.title(), "Text").await;
        let edit = Edit {
            visibility: Some(visibility),
            ..Edit::default()
        };
        studio.save(&ctx, id, edit, Reason::Save).await;
        studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    }
    // For each: the answers at its address and whether the list has it, to nobody, a member and staff.
    let table = [
        ("public", "Public", [200, 200, 200], [true, true, true]),
        ("unlisted", "Unlisted", [200, 200, 200], [false; 3]),
        (
            "members-only",
            "Members only",
            [401, 200, 200],
            [false, true, true],
        ),
        ("private", "Private", [404, 404, 200], [false; 3]),
    ];
    let readers = [None, Some(&member), Some(&editor)];
    for (slug, title, answers, listed) in table {
        for (at, reader) in readers.into_iter().enumerate() {
            let answer = studio.get_as(&format!("/blog/{slug}"), reader).await;
            assert_eq!(
                answer.status.as_u16(),
                answers[at],
                "{slug} for reader {at}"
            );
            let list = studio.get_as("/blog", reader).await.text;
            let heading = format!(">{title}</a></h2>");
            assert_eq!(
                list.contains(&heading),
                listed[at],
                "{slug} for reader {at}"
            );
            // What everybody may keep is the same for everybody.
            for path in ["/feed.xml", "/feed.json", "/sitemap-posts-1.xml"] {
                let text = studio.get_as(path, reader).await.text;
                assert_eq!(
                    text.contains(&format!("/blog/{slug}")),
                    slug == "public",
                    "{path}"
                );
            }
        }
    }
    let unlisted = studio.get("/blog/unlisted").await;
    assert!(unlisted.head.contains("noindex"), "{}", unlisted.head);
    assert!(!studio.get("/blog/public").await.head.contains("noindex"));
}

#[tokio::test]
async fn who_reads_a_live_post_is_for_those_who_publish() {
    let studio = Studio::new().await;
    let mut writer = studio.member("Mara", Staff::Editor).await;
    let ctx = studio.ctx(&writer).await;
    let id = studio.write(&ctx, "Open", "Text").await;
    studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    writer.permissions = kernel::PermissionSet::of(
        &[Staff::Editor],
        Blog.manifest()
            .permissions
            .iter()
            .filter(|permission| permission.key != "blog.posts.publish"),
    );
    let ctx = studio.ctx(&writer).await;
    let mut tx = ctx.begin().await.unwrap();
    let edit = Edit {
        visibility: Some(Visibility::Private),
        ..Edit::default()
    };
    let refused = save(&mut tx, &ctx, id, None, edit, Reason::Save).await;
    assert!(matches!(
        refused,
        Err(Error::Forbidden("blog.posts.publish"))
    ));
}
