//! The pages that readers see, as functions of what the store found.

use files::{Picture, PictureCopy};
use kernel::{Cursor, Timestamp};
use maud::{Markup, PreEscaped, html};
use module::Ctx;
use ui::{Empty, Page, avatar, icon_sized, icons, link_button};

use super::feeds::feed_of;
use super::site::Site;
use super::store::{Byline, InSeries, Linked, List, Listed, Post, Subject};
use crate::comments::section_public::counted;
use crate::content::{Heading, feed, seo};
use crate::images::Feature;
use crate::posts::{Visibility, display_title};
use crate::settings::Settings;

/// Width of the picture in previews elsewhere, in pixels: what the large cards of others show sharply.
const PREVIEW: i32 = 1200;
/// Width of a post's own picture in the layout, and of one in a list, in pixels.
const WIDE: &str = "(max-width: 820px) 100vw, 760px";
const SMALL: &str = "(max-width: 820px) 100vw, 220px";

/// Headings from which on a post gets a table of contents.
const LONG: usize = 3;

/// What the one who looks may do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Viewer {
    /// Edit what is live.
    pub edits: bool,
    /// Begin a post.
    pub writes: bool,
}

impl Viewer {
    pub fn of(ctx: &Ctx) -> Self {
        Self {
            edits: ctx.may("blog.posts.edit_any"),
            writes: ctx.may("blog.posts.write"),
        }
    }
}

/// The whole blog, from the newest post or from a cursor on.
pub(super) fn list(site: &Site, viewer: Viewer, list: List, after: Option<Cursor>) -> Page {
    let (settings, shown, _) = Shown::new(list, after);
    let title = settings.title_or(&site.name);
    let about = non_empty(&settings.description, &settings.tagline);
    let mut page = base(title)
        .actions(html! {
            (link_button("Search", "/search").ghost().icon(icons::LuSearch))
            (link_button("Subscribe", "/feed.xml").ghost().icon(icons::LuRss))
        })
        .head(shown.head(site, &settings, title, about, &site.home()));
    if !settings.tagline.is_empty() {
        page = page.lead(&settings.tagline);
    }
    page.body(if shown.posts.is_empty() {
        nothing(viewer, after.is_some())
    } else {
        shown.body("/blog", site)
    })
}

/// The posts of a tag.
pub(super) fn tag(site: &Site, list: List, after: Option<Cursor>) -> Page {
    let (settings, shown, subject) = Shown::new(list, after);
    let blog = settings.title_or(&site.name);
    let address = site.tag(&subject.slug);
    let feed = (format!("{} · {blog}", subject.name), feed_of(&address));
    base(&subject.name)
        .own_heading()
        .head(html! {
            (alternate(&feed.0, feed::RSS_TYPE, &feed.1))
            (shown.head(site, &settings, &subject.name, &subject.about, &address))
        })
        .body(html! {
            header.blog-about {
                p.blog-kicker { a href="/blog" { (blog) } }
                h1 { (subject.name) }
                @if !subject.about.is_empty() { p.lead { (subject.about) } }
            }
            (shown.body(&format!("/blog/tag/{}", subject.slug), site))
        })
}

/// The posts of an author, with what they say about themselves.
pub(super) fn author(site: &Site, list: List, after: Option<Cursor>) -> Page {
    let (settings, shown, subject) = Shown::new(list, after);
    let address = site.author(&subject.slug);
    base(&subject.name)
        .own_heading()
        .head(shown.head(site, &settings, &subject.name, &subject.about, &address))
        .body(html! {
            header.blog-about.blog-profile {
                (avatar(&subject.name))
                div {
                    p.blog-kicker { a href="/blog" { (settings.title_or(&site.name)) } }
                    h1 { (subject.name) }
                    @if !subject.about.is_empty() { p.lead { (subject.about) } }
                    @if !subject.website.is_empty() {
                        p.blog-website {
                            a href=(subject.website) rel="me noopener" { (icon_sized(icons::LuGlobe, 16)) (bare_address(&subject.website)) }
                        }
                    }
                }
            }
            (shown.body(&format!("/blog/author/{}", subject.slug), site))
        })
}

/// One post.
pub(super) fn post(site: &Site, viewer: Viewer, post: &Post, comments: Option<&Markup>) -> Page {
    let settings = post
        .settings
        .as_ref()
        .map_or_else(Settings::default, |row| row.0.clone());
    let mut page = base(&post.title);
    if comments.is_some() {
        page = page.style("blog-comments.css").script("blog-comments.js");
    }
    page
        .document_title(non_empty(&post.seo.title, &post.title))
        .own_heading()
        .head(html! {
            (head_of_post(site, &settings, post))
            (alternates(site, settings.title_or(&site.name)))
            @if comments.is_some() { (alternate(&format!("Comments on {}", post.title), feed::RSS_TYPE, &format!("{}/comments/feed.xml", site.post(&post.slug)))) }
        })
        .body(html! {
            (article(site, viewer, post))
            @if let Some(comments) = comments { (comments) }
        })
}

/// The post itself, as its page and previews of it show it.
pub(super) fn article(site: &Site, viewer: Viewer, post: &Post) -> Markup {
    let long = post.toc.len() >= LONG;
    html! {
        article.blog-post.blog-long[long] {
            header.blog-head {
                @if let Some(tag) = post.tags.first() {
                    p.blog-kicker { a href={ "/blog/tag/" (tag.slug) } { (tag.name) } }
                }
                h1 { (display_title(&post.title)) }
                @if let Some(excerpt) = &post.excerpt { p.lead { (excerpt) } }
                (byline(site, viewer, post))
            }
            @for place in post.series.iter() { (part_of(place)) }
            @if let Some(feature) = &post.feature { (large(site, feature)) }
            @if long { (table_of_contents(&post.toc)) }
            div.blog-prose { (PreEscaped(&post.html)) }
            @if !post.tags.is_empty() { (tag_links(&post.tags)) }
            @for author in post.authors.iter().filter(|author| !author.about.is_empty()) { (author_card(author)) }
            @for place in post.series.iter() { (ways_in(place)) }
            (neighbours(post.newer.as_deref(), post.older.as_deref()))
        }
    }
}

pub(super) fn base(title: &str) -> Page {
    Page::new(title).style("blog.css")
}

fn head_of_post(site: &Site, settings: &Settings, post: &Post) -> Markup {
    let address = site.post(&post.slug);
    let authors: Vec<String> = post
        .authors
        .iter()
        .map(|author| site.author(&author.slug))
        .collect();
    let authors: Vec<seo::Named<'_>> = post
        .authors
        .iter()
        .zip(&authors)
        .map(|(author, url)| seo::Named {
            name: &author.name,
            url: Some(url),
        })
        .collect();
    let tags: Vec<String> = post.tags.iter().map(|tag| site.tag(&tag.slug)).collect();
    let tags: Vec<seo::Named<'_>> = post
        .tags
        .iter()
        .zip(&tags)
        .map(|(tag, url)| seo::Named {
            name: &tag.name,
            url: Some(url),
        })
        .collect();
    let series: Vec<String> = post
        .series
        .iter()
        .map(|place| site.series(&place.slug))
        .collect();
    let series: Vec<seo::Part<'_>> = post
        .series
        .iter()
        .zip(&series)
        .map(|(place, url)| seo::Part {
            series: &place.name,
            url,
            position: place.part,
        })
        .collect();
    let excerpt = post.excerpt.as_deref().unwrap_or(&post.summary);
    let preview = post.feature.as_ref().and_then(|feature| {
        let (picture, copy) = sized(site, feature, PREVIEW)?;
        Some((site.link(&copy.path), words(feature, picture), copy))
    });
    seo::head(&seo::Post {
        title: non_empty(&post.seo.title, &post.title),
        description: non_empty(&post.seo.description, excerpt),
        canonical: non_empty(&post.seo.canonical_url, &address),
        site_name: settings.title_or(&site.name),
        home: &site.home(),
        language: &site.language,
        published: post.published_at,
        modified: post.modified_at,
        authors: &authors,
        tags: &tags,
        series: &series,
        image: preview.as_ref().map(|(url, alt, copy)| seo::Image {
            url,
            alt,
            width: copy.width,
            height: copy.height,
        }),
        word_count: post.word_count,
        comments: post.comments,
        kind: seo::ArticleKind::default(),
        noindex: post.seo.noindex || !settings.indexable || post.visibility != Visibility::Public,
    })
}

fn byline(site: &Site, viewer: Viewer, post: &Post) -> Markup {
    let updated =
        post.modified_at > post.published_at && !site.same_day(post.published_at, post.modified_at);
    html! {
        div.blog-byline {
            @if !post.authors.is_empty() {
                span.blog-faces aria-hidden="true" { @for author in post.authors.iter() { (avatar(&author.name)) } }
            }
            div {
                @if !post.authors.is_empty() {
                    p.blog-by {
                        @for (at, author) in post.authors.iter().enumerate() {
                            @if at > 0 { @if at + 1 == post.authors.len() { " and " } @else { ", " } }
                            a href={ "/blog/author/" (author.slug) } rel="author" { (author.name) }
                        }
                    }
                }
                p.blog-facts {
                    (time(site, post.published_at))
                    span { (post.reading_minutes) " min read" }
                    @if post.visibility != Visibility::Public { span { (post.visibility.title()) } }
                    @if updated { span { "Updated " (time(site, post.modified_at)) } }
                }
            }
            @if viewer.edits {
                (link_button("Edit", format!("/app/blog/posts/{}/edit", post.id)).icon(icons::LuPencil))
            }
        }
    }
}

/// Twice in the markup, once on the screen: folded above the text, or beside it where there is room.
fn table_of_contents(toc: &[Heading]) -> Markup {
    let lines = html! {
        ol { @for heading in toc.iter().filter(|heading| heading.level < 4) {
            li data-level=(heading.level) { a href={ "#" (heading.id) } { (heading.text) } }
        } }
    };
    html! {
        details.blog-toc { summary { "On this page" } nav aria-label="On this page" { (lines) } }
        nav.blog-toc-side aria-label="On this page" { p { "On this page" } (lines) }
    }
}

fn tag_links(tags: &[Linked]) -> Markup {
    html! { ul.blog-tags aria-label="Tags" { @for tag in tags { li { a.blog-tag href={ "/blog/tag/" (tag.slug) } { (tag.name) } } } } }
}

fn author_card(author: &Byline) -> Markup {
    html! {
        aside.blog-author {
            (avatar(&author.name))
            div {
                p { a href={ "/blog/author/" (author.slug) } rel="author" { (author.name) } }
                p { (author.about) }
            }
        }
    }
}

fn neighbours(newer: Option<&Linked>, older: Option<&Linked>) -> Markup {
    let way = |label: &str, rel: &str, post: &Linked| {
        html! { a.blog-next href={ "/blog/" (post.slug) } rel=(rel) { small { (label) } span { (post.name) } } }
    };
    html! {
        @if newer.is_some() || older.is_some() {
            nav.blog-nav aria-label="More posts" {
                @if let Some(older) = older { (way("Previous", "prev", older)) }
                @if let Some(newer) = newer { (way("Next", "next", newer)) }
            }
        }
    }
}

/// Which part of a series the post is.
fn part_of(place: &InSeries) -> Markup {
    html! {
        p.blog-part {
            "Part " (place.part) " of " (place.parts) " in "
            a href={ "/series/" (place.slug) } { (place.name) }
        }
    }
}

/// The ways to the parts before and after it.
fn ways_in(place: &InSeries) -> Markup {
    let way = |label: &str, post: &Linked| {
        html! { a.blog-next href={ "/blog/" (post.slug) } { small { (label) } span { (post.name) } } }
    };
    html! {
        @if place.previous.is_some() || place.next.is_some() {
            nav.blog-nav.blog-series aria-label={ "In the series " (place.name) } {
                p { a href={ "/series/" (place.slug) } { (place.name) } }
                @if let Some(previous) = &place.previous { (way("Previous part", previous)) }
                @if let Some(next) = &place.next { div.blog-series-next { (way("Next part", next)) } }
            }
        }
    }
}

fn nothing(viewer: Viewer, later: bool) -> Markup {
    html! {
        @if later {
            (Empty::new(icons::LuNewspaper, "No older posts", "This is where the blog begins.").action(link_button("Newest posts", "/blog")))
        } @else if viewer.writes {
            (Empty::new(icons::LuNewspaper, "Nothing published yet", "Posts appear here as soon as they are published.")
                .action(link_button("Write a post", "/app/blog/posts/new").primary()))
        } @else {
            (Empty::new(icons::LuNewspaper, "Nothing published yet", "Please come back later."))
        }
    }
}

/// The part of a list that one page shows.
struct Shown {
    posts: Vec<Listed>,
    /// Query of this page, of the newer one and of the older one; empty for the first page.
    own: String,
    newer: Option<String>,
    older: Option<String>,
}

impl Shown {
    /// Cuts a list to a page. The subject is blank for the whole blog.
    fn new(list: List, after: Option<Cursor>) -> (Settings, Self, Subject) {
        let settings = list.settings.map_or_else(Settings::default, |row| row.0);
        let size = usize::try_from(settings.posts_per_page).unwrap_or(usize::MAX);
        let mut posts = list.posts.0;
        let more = posts.len() > size;
        posts.truncate(size);
        let query = |cursor: Cursor| format!("?after={}", cursor.encode());
        let older = posts.last().filter(|_| more).map(|last| {
            query(Cursor {
                at: last.published_at,
                id: last.id,
            })
        });
        let newer = list.newer.map(|place| query(place.0.into()));
        let shown = Self {
            older,
            newer: after.map(|_| newer.unwrap_or_default()),
            own: after.map(query).unwrap_or_default(),
            posts,
        };
        (
            settings,
            shown,
            list.subject.map(|subject| subject.0).unwrap_or_default(),
        )
    }

    /// What the page tells machines. Later pages are not for search engines: what they show moves on with every post.
    fn head(
        &self,
        site: &Site,
        settings: &Settings,
        title: &str,
        about: &str,
        first: &str,
    ) -> Markup {
        let address = format!("{first}{}", self.own);
        html! {
            (alternates(site, settings.title_or(&site.name)))
            link rel="canonical" href=(address);
            @if !about.is_empty() {
                meta name="description" content=(about);
                meta property="og:description" content=(about);
            }
            @if !settings.indexable { meta name="robots" content="noindex"; }
            @else if !self.own.is_empty() { meta name="robots" content="noindex, follow"; }
            meta property="og:type" content="website";
            meta property="og:site_name" content=(settings.title_or(&site.name));
            meta property="og:title" content=(title);
            meta property="og:url" content=(address);
            meta name="twitter:card" content="summary";
        }
    }

    fn body(&self, path: &str, site: &Site) -> Markup {
        html! {
            ol.blog-posts { @for post in &self.posts { li { (entry(site, post)) } } }
            @if self.newer.is_some() || self.older.is_some() {
                nav.blog-pages aria-label="Pages" {
                    @if let Some(newer) = &self.newer {
                        a.button href={ (path) (newer) } rel="prev" { (icon_sized(icons::LuArrowLeft, 16)) "Newer posts" }
                    }
                    @if let Some(older) = &self.older {
                        a.button href={ (path) (older) } rel="next" { "Older posts" (icon_sized(icons::LuArrowRight, 16)) }
                    }
                }
            }
        }
    }
}

pub(super) fn entry(site: &Site, post: &Listed) -> Markup {
    html! {
        article {
            p.blog-when {
                (time(site, post.published_at))
                span { (post.reading_minutes) " min read" }
                @if post.comments > 0 { span { (counted(post.comments)) } }
            }
            div {
                h2 { a href={ "/blog/" (post.slug) } { (post.title) } }
                @if !post.excerpt.is_empty() { p { (post.excerpt) } }
                @if let Some(feature) = &post.feature { (small(site, feature)) }
                div.blog-foot {
                    @if let Some(first) = post.authors.first() {
                        span.blog-by {
                            (avatar(&first.name))
                            @for (at, author) in post.authors.iter().enumerate() { @if at > 0 { ", " } (author.name) }
                        }
                    }
                    @if !post.tags.is_empty() { (tag_links(&post.tags)) }
                }
            }
        }
    }
}

/// What a post's picture shows: in the post's words, else in the library's.
fn words<'a>(feature: &'a Feature, picture: &'a Picture) -> &'a str {
    non_empty(&feature.alt, &picture.alt_text)
}

/// A post's picture with its copy for this width, if the file is still there.
fn sized<'a>(
    site: &'a Site,
    feature: &Feature,
    width: i32,
) -> Option<(&'a Picture, &'a PictureCopy)> {
    let picture = feature.picture(&site.pictures)?;
    Some((picture, picture.at_least(width)?))
}

/// A post's picture above its text. It is what visitors see first, so it is asked for at once.
fn large(site: &Site, feature: &Feature) -> Markup {
    html! {
        @if let Some((picture, copy)) = sized(site, feature, PREVIEW) {
            figure.blog-feature {
                img src=(copy.path) srcset=(picture.srcset()) sizes=(WIDE) alt=(words(feature, picture))
                    width=(copy.width) height=(copy.height) fetchpriority="high" decoding="async";
                @if !picture.caption.is_empty() { figcaption { (picture.caption) } }
            }
        }
    }
}

/// A post's picture in a list, beside its title.
fn small(site: &Site, feature: &Feature) -> Markup {
    html! {
        @if let Some((picture, copy)) = sized(site, feature, 320) {
            div.blog-thumb {
                img src=(copy.path) srcset=(picture.srcset()) sizes=(SMALL) alt=(words(feature, picture))
                    width=(copy.width) height=(copy.height) loading="lazy" decoding="async";
            }
        }
    }
}

pub(super) fn time(site: &Site, at: Timestamp) -> Markup {
    html! { time datetime=(at) { (site.date(at)) } }
}

/// Where feed readers look.
pub(super) fn alternates(site: &Site, title: &str) -> Markup {
    html! {
        (alternate(title, feed::RSS_TYPE, &site.link("/feed.xml")))
        (alternate(title, feed::ATOM_TYPE, &site.link("/atom.xml")))
        (alternate(title, feed::JSON_TYPE, &site.link("/feed.json")))
    }
}

pub(super) fn alternate(title: &str, media_type: &str, href: &str) -> Markup {
    html! { link rel="alternate" type=(media_type) title=(title) href=(href); }
}

pub(super) fn non_empty<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

/// An address as people write it: without scheme and closing slash.
fn bare_address(url: &str) -> &str {
    let bare = url.split_once("://").map_or(url, |(_, rest)| rest);
    bare.trim_end_matches('/')
}
