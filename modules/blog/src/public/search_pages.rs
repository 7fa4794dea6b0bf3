//! The page on which visitors find posts by words.

use axum::response::{IntoResponse, Response};
use kernel::{Cursor, Error, PageRequest};
use maud::{Markup, html};
use module::Public;
use module::extract::Query;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use ui::{Empty, Page, field, icon_sized, icons, link_button, submit};

use super::pages::time;
use super::site::Site;
use super::{Audience, kept};
use crate::content::snippet::Piece;
use crate::content::wanted::{LONGEST, Wanted};
use crate::search::{self, Found, Hit, MOST, Scope};
use crate::settings;

/// Posts on one page.
const PER_PAGE: i64 = 10;

/// What is looked for, and where the page before ended.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    after: String,
}

pub(super) async fn search(ctx: Public, Query(asked): Query<Asked>) -> module::Result<Response> {
    let after = Some(asked.after.as_str()).filter(|after| !after.is_empty());
    // To a reader, an address that we never gave out leads nowhere.
    let after = after
        .map(Cursor::decode)
        .transpose()
        .map_err(|_| Error::NotFound("page"))?;
    let mut tx = ctx.begin().await?;
    let blog = settings::get(&mut tx).await?;
    let site = Site::of(&ctx);
    let found = match Wanted::parse(&asked.q) {
        Some(wanted) => {
            let scope = Scope::Live(Audience::of(&ctx));
            let request = PageRequest {
                limit: PER_PAGE,
                after,
            };
            Some(search::find(&mut tx, &wanted, scope, request, ctx.now()).await?)
        }
        None => None,
    };
    drop(tx);
    let page = page(&site, blog.title_or(&site.name), &asked, found.as_ref());
    Ok((kept(&ctx, None), page).into_response())
}

fn page(site: &Site, blog: &str, asked: &Asked, found: Option<&Found>) -> Page {
    let typed = asked.q.trim();
    let title = if typed.is_empty() {
        "Search".to_owned()
    } else {
        format!("Search: {typed}")
    };
    Page::new(title)
        .style("blog.css")
        .own_heading()
        // What a search finds is no page of the site.
        .head(html! { meta name="robots" content="noindex, follow"; })
        .body(html! {
            header.blog-about {
                p.blog-kicker { a href="/blog" { (blog) } }
                h1 { "Search" }
                form.blog-search method="get" action="/search" role="search" {
                    (field::search("q", "Search posts").value(typed).hide_label().max_length(LONGEST).placeholder("Words, or a \"phrase in quotes\""))
                    (submit("Search").primary())
                }
                @if let Some(found) = found.filter(|found| found.total > 0) { p.blog-count role="status" { (count(found)) } }
            }
            @match found {
                Some(found) if !found.page.items.is_empty() => {
                    ol.blog-posts.blog-found { @for hit in &found.page.items { li { (entry(site, hit)) } } }
                    (ways(asked, found))
                }
                Some(_) if !asked.after.is_empty() => {
                    (Empty::new(icons::LuSearch, "No more posts", "This is where the results end.")
                        .action(link_button("First results", address(&asked.q, ""))))
                }
                Some(_) => {
                    (Empty::new(icons::LuSearch, "Nothing found", "No post has all of these words. Try fewer of them, or others.")
                        .action(link_button("All posts", "/blog")))
                }
                None if !typed.is_empty() => {
                    (Empty::new(icons::LuSearch, "Nothing to look for", "Type at least one word that the posts should have."))
                }
                None => {}
            }
        })
}

fn count(found: &Found) -> String {
    match found.total {
        1 => "1 post".to_owned(),
        _ if found.is_cut() => format!("The best {MOST} matches among the newest posts"),
        total => format!("{total} posts"),
    }
}

fn entry(site: &Site, hit: &Hit) -> Markup {
    let row = &hit.row;
    html! {
        article {
            p.blog-when {
                @if let Some(at) = row.published_at { (time(site, at)) }
                span { (row.reading_minutes) " min read" }
            }
            div {
                h2 { a href={ "/blog/" (row.slug) } { (marked(&hit.title)) } }
                p { (marked(&hit.snippet)) }
                @if !row.tags.is_empty() {
                    div.blog-foot {
                        ul.blog-tags aria-label="Tags" {
                            @for tag in row.tags.iter() { li { a.blog-tag href={ "/blog/tag/" (tag.slug) } { (tag.name) } } }
                        }
                    }
                }
            }
        }
    }
}

/// A text in pieces, each escaped on its own.
fn marked(pieces: &[Piece]) -> Markup {
    html! { @for piece in pieces { @if piece.marked { mark { (piece.text) } } @else { (piece.text) } } }
}

fn address(q: &str, after: &str) -> String {
    let q = utf8_percent_encode(q.trim(), NON_ALPHANUMERIC);
    if after.is_empty() {
        format!("/search?q={q}")
    } else {
        format!("/search?q={q}&after={after}")
    }
}

fn ways(asked: &Asked, found: &Found) -> Markup {
    html! {
        @if !asked.after.is_empty() || found.page.next.is_some() {
            nav.blog-pages aria-label="Pages" {
                @if !asked.after.is_empty() {
                    a.button href=(address(&asked.q, "")) { (icon_sized(icons::LuArrowLeft, 16)) "First results" }
                }
                @if let Some(next) = &found.page.next {
                    a.button href=(address(&asked.q, next)) rel="next" { "More results" (icon_sized(icons::LuArrowRight, 16)) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_becomes_markup() {
        let pieces = [
            Piece {
                text: "<script>alert(1)</script> & ".into(),
                marked: false,
            },
            Piece {
                text: "<b>".into(),
                marked: true,
            },
        ];
        assert_eq!(
            marked(&pieces).into_string(),
            "&lt;script&gt;alert(1)&lt;/script&gt; &amp; <mark>&lt;b&gt;</mark>"
        );
    }

    #[test]
    fn addresses_carry_what_was_typed() {
        assert_eq!(address(" a&b=\"c\" ", ""), "/search?q=a%26b%3D%22c%22");
        assert_eq!(address("a", "AAA"), "/search?q=a&after=AAA");
    }
}
