//! Feeds of the blog, and one of each tag.

use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use kernel::{Error, TenantId, Timestamp};
use module::extract::Path;
use module::{Ctx, Public};

use super::site::Site;
use super::{document, moved, store};
use crate::content::feed::{self, Author, Feed, FeedContent, Item};
use crate::settings;

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
    let mut tx = ctx.begin().await?;
    let row = store::feed(&mut tx, Some(&slug), ctx.now())
        .await?
        .ok_or(Error::NotFound("tag"))?;
    let site = Site::of(&ctx);
    if let Some(subject) = row.subject.as_ref().filter(|subject| subject.slug != slug) {
        return Ok(moved(&ctx, &tag_feed(&site, &subject.slug)).into_response());
    }
    let changed_at = row.changed_at;
    let feed = assemble(&site, ctx.tenant().id, &tag_feed(&site, &slug), row);
    Ok(document(&asked, RSS, changed_at, feed::rss(&feed)))
}

/// The address of a tag's feed.
pub(super) fn tag_feed(site: &Site, slug: &str) -> String {
    format!("{}/feed.xml", site.tag(slug))
}

/// The feed of the whole blog, to be served at `path`.
async fn whole(ctx: &Ctx, path: &str) -> module::Result<(Feed, Option<Timestamp>)> {
    let mut tx = ctx.begin().await?;
    let row = store::feed(&mut tx, None, ctx.now())
        .await?
        .ok_or(Error::NotFound("feed"))?;
    let site = Site::of(ctx);
    let changed_at = row.changed_at;
    let feed = assemble(&site, ctx.tenant().id, &site.link(path), row);
    Ok((feed, changed_at))
}

fn assemble(site: &Site, tenant: TenantId, self_url: &str, row: store::FeedRow) -> Feed {
    let settings = row
        .settings
        .map_or_else(settings::Settings::default, |row| row.0);
    let blog = settings.title_or(&site.name);
    let (title, description, home, id) = match row.subject.map(|row| row.0) {
        Some(tag) => (
            format!("{} · {blog}", tag.name),
            tag.about,
            site.tag(&tag.slug),
            tag.id,
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

fn item(site: &Site, post: store::FeedPost) -> Item {
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
        image: None,
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

    fn row() -> store::FeedRow {
        let at = "2026-03-02T09:00:00Z".parse().unwrap();
        store::FeedRow {
            settings: None,
            changed_at: Some(at),
            subject: None,
            posts: Json(vec![store::FeedPost {
                id: Uuid::from_u128(7),
                slug: "first-light".into(),
                title: "First light".into(),
                excerpt: "A window.".into(),
                html: "<p><a href=\"/blog\">all</a></p>".into(),
                published_at: at,
                modified_at: at,
                tags: vec![],
                authors: vec![store::Linked {
                    slug: "mara".into(),
                    name: "Mara".into(),
                }],
            }]),
        }
    }

    #[test]
    fn a_feed_names_the_workspace_when_the_blog_has_no_title() {
        let feed = assemble(
            &example(),
            TENANT,
            "https://northlight.example/feed.xml",
            row(),
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
        let row = store::FeedRow {
            subject: Some(Json(about)),
            ..row()
        };
        let feed = assemble(&example(), TENANT, "x", row);
        assert_eq!(feed.title, "Light · Northlight");
        assert_eq!(feed.home, "https://northlight.example/blog/tag/light");
        assert_ne!(feed.id, format!("urn:uuid:{}", TENANT.0));
    }

    #[test]
    fn an_empty_feed_is_as_old_as_the_tenant() {
        let row = store::FeedRow {
            posts: Json(vec![]),
            ..row()
        };
        let feed = assemble(&example(), TENANT, "x", row);
        assert_eq!(feed.updated().to_string(), made_at(TENANT).to_string());
        assert!(feed.updated() > "2026-01-01T00:00:00Z".parse().unwrap());
    }
}
