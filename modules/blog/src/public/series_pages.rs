//! The page of a series: all of its posts in their order.

use axum::response::{IntoResponse, Response};
use kernel::Error;
use maud::{Markup, html};
use module::Public;
use module::extract::Path;
use serde_json::{Value, json};
use ui::Page;

use super::feeds::feed_of;
use super::pages::{alternate, alternates, base, entry, non_empty};
use super::site::Site;
use super::store::{List, Listed, Subject};
use super::{Audience, features, kept, moved, present_slug, store};
use crate::content::slug::normalise;
use crate::content::{feed, seo};
use crate::settings::Settings;

pub(super) async fn series(ctx: Public, Path(slug): Path<String>) -> module::Result<Response> {
    let mut tx = ctx.begin().await?;
    let list = store::series(&mut tx, &normalise(&slug), Audience::of(&ctx), ctx.now())
        .await?
        .ok_or(Error::NotFound("series"))?;
    let site = Site::of(&ctx);
    if let Some(present) = present_slug(&list, &slug) {
        return Ok(moved(&ctx, &site.series(present)));
    }
    let changed_at = list.changed_at;
    let site = site.showing(&mut tx, features(&list.posts)).await?;
    Ok((kept(&ctx, changed_at), page(&site, list)).into_response())
}

fn page(site: &Site, list: List) -> Page {
    let settings = list.settings.map_or_else(Settings::default, |row| row.0);
    let subject = list.subject.map(|row| row.0).unwrap_or_default();
    let posts = list.posts.0;
    let blog = settings.title_or(&site.name);
    let parts = match posts.len() {
        1 => "1 part".to_owned(),
        count => format!("{count} parts"),
    };
    base(&subject.name)
        .own_heading()
        .head(head(site, &settings, &subject, &posts))
        .body(html! {
            header.blog-about {
                p.blog-kicker { a href="/blog" { (blog) } }
                h1 { (subject.name) }
                @if !subject.about.is_empty() { p.lead { (subject.about) } }
                p.blog-count { (parts) }
            }
            ol.blog-posts.blog-parts { @for post in &posts { li { (entry(site, post)) } } }
        })
}

fn head(site: &Site, settings: &Settings, subject: &Subject, posts: &[Listed]) -> Markup {
    let blog = settings.title_or(&site.name);
    let address = site.series(&subject.slug);
    let title = format!("{} · {blog}", subject.name);
    html! {
        (alternate(&title, feed::RSS_TYPE, &feed_of(&address)))
        (alternates(site, blog))
        link rel="canonical" href=(address);
        @if !subject.about.is_empty() {
            meta name="description" content=(subject.about);
            meta property="og:description" content=(subject.about);
        }
        @if !settings.indexable { meta name="robots" content="noindex"; }
        meta property="og:type" content="website";
        meta property="og:site_name" content=(blog);
        meta property="og:title" content=(subject.name);
        meta property="og:url" content=(address);
        meta name="twitter:card" content="summary";
        (seo::json_ld(&described(site, subject, posts, &address)))
    }
}

/// The series and its parts, for machines.
fn described(site: &Site, subject: &Subject, posts: &[Listed], address: &str) -> Value {
    let parts: Vec<Value> = posts
        .iter()
        .zip(1..)
        .map(|(post, position)| {
            json!({
                "@type": "ListItem", "position": position, "name": post.title, "url": site.post(&post.slug),
            })
        })
        .collect();
    json!({
        "@context": "https://schema.org",
        "@type": "CreativeWorkSeries",
        "name": subject.name,
        "description": non_empty(&subject.about, &subject.name),
        "url": address,
        "mainEntity": { "@type": "ItemList", "numberOfItems": posts.len(), "itemListElement": parts },
    })
}
