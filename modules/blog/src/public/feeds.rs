//! Feeds of the blog, and one of each tag.

use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use kernel::{Error, TenantId, Timestamp};
use module::extract::Path;
use module::{Ctx, Public};

use super::site::Site;
use super::store::FeedOf;
use super::{document, moved, store};
use crate::content::feed::{self, Author, Enclosure, Feed, FeedContent, Item};
use crate::content::slug::normalise;
use crate::images::Feature;
use crate::settings;

/// Width of the picture that comes with a post, in pixels.
const ENCLOSED: i32 = 1200;

/// Media types with the character set, which readers otherwise guess.
const RSS: &str = "application/rss+xml; charset=utf-8";
const ATOM: &str = "application/atom+xml; charset=utf-8";
/// JSON is UTF-8 by definition.
const JSON: &str = feed::JSON_TYPE;

pub(super) async fn rss(ctx: Public, asked: HeaderMap) -> module::Result<Response> {
    let (feed, changed_at) = whole(&ctx, "/feed.xml").await?;
    Ok(document(&asked, RSS, changed_at, feed::rss(&feed)))
}

pub(super) async fn atom(ctx: Public, asked: HeaderMap) -> module::Result<Response> {
    let (feed, changed_at) = whole(&ctx, "/atom.xml").await?;
    Ok(document(&asked, ATOM, changed_at, feed::atom(&feed)))
}

pub(super) async fn json(ctx: Public, asked: HeaderMap) -> module::Result<Response> {
    let (feed, changed_at) = whole(&ctx, "/feed.json").await?;
    Ok(document(&asked, JSON, changed_at, feed::json(&feed)))
}

pub(super) async fn tag(
    ctx: Public,
    Path(slug): Path<String>,
    asked: HeaderMap,
) -> module::Result<Response> {
    part(
        &ctx,
        &asked,
        &slug,
        FeedOf::Tag(&normalise(&slug)),
        Site::tag,
    )
    .await
}

pub(super) async fn series(
    ctx: Public,
    Path(slug): Path<String>,
    asked: HeaderMap,
) -> module::Result<Response> {
    part(
        &ctx,
        &asked,
        &slug,
        FeedOf::Series(&normalise(&slug)),
        Site::series,
    )
    .await
}

/// The feed of what a slug names; a former slug leads to the present one.
async fn part(
    ctx: &Ctx,
    asked: &HeaderMap,
    slug: &str,
    of: FeedOf<'_>,
    page: fn(&Site, &str) -> String,
) -> module::Result<Response> {
    let mut tx = ctx.begin().await?;
    let row = store::feed(&mut tx, of, ctx.now())
        .await?
        .ok_or(Error::NotFound("feed"))?;
    let site = Site::of(ctx);
    let address = |slug: &str| feed_of(&page(&site, slug));
    if let Some(subject) = row.subject.as_ref().filter(|subject| subject.slug != slug) {
        return Ok(moved(ctx, &address(&subject.slug)).into_response());
    }
    let changed_at = row.changed_at;
    let shown = site.clone().showing(&mut tx, features(&row)).await?;
    let feed = assemble(&shown, ctx.tenant().id, &address(slug), row, page);
    Ok(document(asked, RSS, changed_at, feed::rss(&feed)))
}

/// The address of the feed of a page.
pub(super) fn feed_of(page: &str) -> String {
    format!("{page}/feed.xml")
}

/// The feed of the whole blog, to be served at `path`.
async fn whole(ctx: &Ctx, path: &str) -> module::Result<(Feed, Option<Timestamp>)> {
    let mut tx = ctx.begin().await?;
    let row = store::feed(&mut tx, FeedOf::Blog, ctx.now())
        .await?
        .ok_or(Error::NotFound("feed"))?;
    let site = Site::of(ctx).showing(&mut tx, features(&row)).await?;
    let changed_at = row.changed_at;
    let feed = assemble(&site, ctx.tenant().id, &site.link(path), row, Site::tag);
    Ok((feed, changed_at))
}

/// The pictures that stand for the posts of a feed.
fn features(row: &store::List) -> impl Iterator<Item = &Feature> {
    row.posts.iter().filter_map(|post| post.feature.as_ref())
}

/// `page` is where the subject of the feed has its page, if it has one.
fn assemble(
    site: &Site,
    tenant: TenantId,
    self_url: &str,
    row: store::List,
    page: fn(&Site, &str) -> String,
) -> Feed {
    let settings = row
        .settings
        .map_or_else(settings::Settings::default, |row| row.0);
    let blog = settings.title_or(&site.name);
    let (title, description, home, id) = match row.subject.map(|row| row.0) {
        Some(subject) => (
            format!("{} · {blog}", subject.name),
            subject.about,
            page(site, &subject.slug),
            subject.id,
        ),
        None => (blog.to_owned(), settings.tagline, site.home(), tenant.0),
    };
    Feed {
        title,
        description,
        home,
        self_url: self_url.to_owned(),
        id: format!("urn:uuid:{id}"),
        language: site.language.clone(),
        updated: settings.updated_at.unwrap_or_else(|| made_at(tenant)),
        content: match settings.feed_content {
            settings::FeedContent::Full => FeedContent::Full,
            settings::FeedContent::Excerpt => FeedContent::Excerpt,
        },
        items: row
            .posts
            .0
            .into_iter()
            .map(|post| item(site, post))
            .collect(),
    }
}

fn item(site: &Site, post: store::Listed) -> Item {
    let image = post.feature.as_ref().and_then(|feature| {
        let copy = feature.picture(&site.pictures)?.at_least(ENCLOSED)?;
        Some(Enclosure {
            url: site.link(&copy.path),
            media_type: copy.mime.clone(),
            bytes: copy.bytes,
        })
    });
    Item {
        id: format!("urn:uuid:{}", post.id),
        url: site.post(&post.slug),
        title: post.title,
        html: post.html,
        excerpt: post.excerpt,
        published: post.published_at,
        updated: post.modified_at,
        authors: post
            .authors
            .into_iter()
            .map(|author| Author {
                url: Some(site.author(&author.slug)),
                name: author.name,
            })
            .collect(),
        tags: post.tags.into_iter().map(|tag| tag.name).collect(),
        image,
    }
}

/// When the tenant was made, which its id tells (UUIDv7): the date of a feed that nothing has ever changed.
fn made_at(tenant: TenantId) -> Timestamp {
    let milliseconds = i64::try_from(tenant.0.as_u128() >> 80).unwrap_or_default();
    Timestamp::from_microseconds(milliseconds * 1000)
        .unwrap_or_else(|| Timestamp::new(jiff::Timestamp::UNIX_EPOCH))
}

#[cfg(test)]
mod tests {
    use sqlx::types::Json;
    use uuid::Uuid;

    use super::super::site::example;
    use super::*;

    const TENANT: TenantId = TenantId(Uuid::from_u128(0x019c_ab2a_4680_7000_8000_0000_0000_0000));

    fn row() -> store::List {
        let at = "2026-03-02T09:00:00Z".parse().unwrap();
        store::List {
            settings: None,
            changed_at: Some(at),
            subject: None,
            posts: Json(vec![store::Listed {
                id: Uuid::from_u128(7),
                slug: "first-light".into(),
                title: "First light".into(),
                excerpt: "A window.".into(),
                html: "<p><a href=\"/blog\">all</a></p>".into(),
                reading_minutes: 1,
                published_at: at,
                modified_at: at,
                tags: vec![],
                authors: vec![store::Linked {
                    slug: "mara".into(),
                    name: "Mara".into(),
                }],
                feature: None,
                comments: 0,
            }]),
            newer: None,
        }
    }

    #[test]
    fn a_feed_names_the_workspace_when_the_blog_has_no_title() {
        let feed = assemble(
            &example(),
            TENANT,
            "https://northlight.example/feed.xml",
            row(),
            Site::tag,
        );
        assert_eq!(feed.title, "Northlight");
        assert_eq!(feed.home, "https://northlight.example/blog");
        assert_eq!(
            feed.items[0].url,
            "https://northlight.example/blog/first-light"
        );
        assert_eq!(feed.items[0].id, format!("urn:uuid:{}", Uuid::from_u128(7)));
        assert!(feed::rss(&feed).contains("https://northlight.example/blog&quot;"));
    }

    #[test]
    fn a_tags_feed_is_about_the_tag() {
        let about = store::Subject {
            id: Uuid::from_u128(9),
            slug: "light".into(),
            name: "Light".into(),
            about: "All about light.".into(),
            website: String::new(),
        };
        let row = store::List {
            subject: Some(Json(about)),
            ..row()
        };
        let feed = assemble(&example(), TENANT, "x", row, Site::tag);
        assert_eq!(feed.title, "Light · Northlight");
        assert_eq!(feed.home, "https://northlight.example/blog/tag/light");
        assert_ne!(feed.id, format!("urn:uuid:{}", TENANT.0));
    }

    #[test]
    fn an_empty_feed_is_as_old_as_the_tenant() {
        let row = store::List {
            posts: Json(vec![]),
            ..row()
        };
        let feed = assemble(&example(), TENANT, "x", row, Site::tag);
        assert_eq!(feed.updated().to_string(), made_at(TENANT).to_string());
        assert!(feed.updated() > "2026-01-01T00:00:00Z".parse().unwrap());
    }
}
