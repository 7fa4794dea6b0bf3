//! The blog: posts, tags, authors, feeds.
//!
//! Each subject is a folder that answers the same questions: rules in `mod.rs`, statements in `store.rs`,
//! pages for staff in `pages.rs`, operations of the API in `api.rs`. Pages and operations call the same
//! functions of `mod.rs`; these take the tenant's transaction and never commit it.
//!
//! | folder | subject |
//! |---|---|
//! | [`posts`] | posts, their states, versions and publication |
//! | [`review`], [`locks`], [`previews`] | what happens before a post is live: notes, who is editing, links to drafts |
//! | [`tags`], [`series`], [`authors`], [`settings`] | what is around posts |
//! | [`redirects`] | where visitors are sent on from former addresses |
//! | [`search`] | posts by the words in them |
//! | [`comments`] | what readers say below posts, and who looks at it first |
//! | [`public`] | what visitors see: pages, feeds, sitemaps |
//! | [`content_api`] | the same for programs: live posts, tags, authors |
//! | `slugs` | addresses, and the former ones that forward |
//! | [`content`] | text in, text out: Markdown, slugs, feeds; pure |

pub mod authors;
pub mod comments;
pub mod content;
pub mod content_api;
pub mod events;
mod forms;
mod home;
pub mod images;
pub mod jobs;
pub mod locks;
mod manifest;
pub mod posts;
pub mod previews;
pub mod public;
pub mod redirects;
pub mod respond;
pub mod review;
pub mod search;
pub mod series;
pub mod settings;
mod show;
mod slots;
mod slugs;
mod store;
pub mod tags;

use module::{Jobs, Manifest, Module, Routes, Slots};

pub use manifest::{
    DeletePosts, EditAnyPost, EraseComments, ManageRedirects, ManageSeries, ManageTags,
    ModerateComments, PublishPosts, ReadComments, ReadPosts, ReadSeries, ReadSettings, ReadTags,
    UpdateSettings, WriteComments, WritePosts,
};

/// The migrations of the blog's tables.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// Style sheets and scripts of the blog's pages.
pub static ASSETS: &[ui::Asset] = &[
    ui::Asset::css("blog.css", include_bytes!("../assets/blog.css")),
    // With what readers see, for the preview: one style sheet is one request.
    ui::Asset::css(
        "blog-desk.css",
        concat!(
            include_str!("../assets/blog.css"),
            include_str!("../assets/blog-desk.css")
        )
        .as_bytes(),
    ),
    ui::Asset::js("blog-editor.js", include_bytes!("../assets/blog-editor.js")),
    ui::Asset::js(
        "blog-pictures.js",
        include_bytes!("../assets/blog-pictures.js"),
    ),
    ui::Asset::js("blog-series.js", include_bytes!("../assets/blog-series.js")),
    ui::Asset::css(
        "blog-comments.css",
        include_bytes!("../assets/blog-comments.css"),
    ),
    ui::Asset::js(
        "blog-comments.js",
        include_bytes!("../assets/blog-comments.js"),
    ),
    ui::Asset::js("blog-queue.js", include_bytes!("../assets/blog-queue.js")),
];

/// The module.
#[derive(Clone, Copy, Debug)]
pub struct Blog;

impl Module for Blog {
    fn manifest(&self) -> &'static Manifest {
        &manifest::MANIFEST
    }

    fn migrations(&self) -> &'static sqlx::migrate::Migrator {
        &MIGRATOR
    }

    fn pages(&self) -> Routes {
        Routes::new()
            .merge(posts::pages::routes())
            .merge(posts::editor::routes())
            .merge(posts::actions::routes())
            .merge(posts::version_pages::routes())
            .merge(review::pages::routes())
            .merge(locks::pages::routes())
            .merge(previews::pages::routes())
            .merge(tags::pages::routes())
            .merge(series::pages::routes())
            .merge(redirects::pages::routes())
            .merge(authors::pages::routes())
            .merge(comments::pages::routes())
            .merge(settings::pages::routes())
    }

    fn api(&self) -> Routes {
        Routes::new()
            .merge(posts::api::routes())
            .merge(posts::bulk_api::routes())
            .merge(posts::version_api::routes())
            .merge(content_api::api::routes())
            .merge(search::api::routes())
            .merge(review::api::routes())
            .merge(locks::api::routes())
            .merge(previews::api::routes())
            .merge(tags::api::routes())
            .merge(series::api::routes())
            .merge(redirects::api::routes())
            .merge(authors::api::routes())
            .merge(comments::api::routes())
            .merge(settings::api::routes())
    }

    fn public(&self) -> Routes {
        public::routes().merge(comments::public::routes())
    }

    fn jobs(&self, jobs: &mut Jobs) {
        jobs::register(jobs);
    }

    fn slots(&self, slots: &mut Slots) {
        slots::fill(slots);
    }

    fn assets(&self) -> &'static [ui::Asset] {
        ASSETS
    }
}
