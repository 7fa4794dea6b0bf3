//! Addresses of posts: races for one title, renames, forwarding.

use blog::posts::versions::Reason;
use blog::posts::{self, Move, Step, save};
use kernel::Role as Staff;

use super::{Studio, slug, titled};

#[tokio::test(flavor = "multi_thread")]
async fn twenty_posts_of_one_title_get_twenty_slugs() {
    let studio = Studio::new().await;
    let ctx = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let posts = (0..20).map(|_| studio.write(&ctx, "Spring light", "Text"));
    let ids = futures::future::join_all(posts).await;
    let mut tx = studio.begin().await;
    let mut slugs = Vec::new();
    for id in ids {
        slugs.push(posts::get(&mut tx, id).await.unwrap().slug);
    }
    slugs.sort();
    let mut expected: Vec<String> = (2..=20).map(|n| format!("spring-light-{n}")).collect();
    expected.push("spring-light".into());
    expected.sort();
    assert_eq!(slugs, expected);
    let authors = blog::authors::all(&mut tx).await.unwrap();
    assert_eq!(
        authors.len(),
        1,
        "one profile, however many first posts race"
    );
}

#[tokio::test]
async fn three_renames_forward_in_one_hop_until_another_takes_the_address() {
    let studio = Studio::new().await;
    let ctx = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let id = studio.write(&ctx, "First", "Text").await;
    studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    for name in ["second", "third", "fourth"] {
        studio.save(&ctx, id, slug(name), Reason::Save).await;
    }
    for name in ["first", "second", "third", "fourth"] {
        assert_eq!(studio.visit(name).await.unwrap().0, "fourth", "{name}");
    }
    let other = studio.write(&ctx, "Second", "Other").await;
    assert_eq!(studio.visit("second").await, None, "a draft, now");
    studio.step(&ctx, other, Step::Plain(Move::Publish)).await;
    assert_eq!(studio.visit("second").await.unwrap().0, "second");
    let mut tx = ctx.begin().await.unwrap();
    let taken = save(&mut tx, &ctx, other, None, slug("fourth"), Reason::Save).await;
    assert_eq!(taken.unwrap_err().field_errors()[0].code, "taken");
}

#[tokio::test]
async fn a_slug_follows_its_title_until_the_post_is_live() {
    let studio = Studio::new().await;
    let ctx = studio
        .ctx(&studio.member("Mara", Staff::Editor).await)
        .await;
    let id = studio.write(&ctx, "Wor", "Text").await;
    studio
        .save(&ctx, id, titled("Working title"), Reason::Save)
        .await;
    studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    assert_eq!(
        studio.visit("working-title").await.unwrap().0,
        "working-title"
    );
    assert_eq!(studio.visit("wor").await, None, "nobody has ever seen it");
    studio
        .save(&ctx, id, titled("Final title"), Reason::Save)
        .await;
    studio.step(&ctx, id, Step::Plain(Move::Publish)).await;
    let (_, text) = studio.visit("working-title").await.unwrap();
    assert!(text.contains("Final title"));
}
