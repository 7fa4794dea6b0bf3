//! The look: shell, components, theme, assets.
//!
//! A handler builds a [`Page`] from components, which are plain functions and small builders that return
//! [`maud::Markup`], and returns it. The server knows the rest (tenant, person, navigation) as a [`Frame`] and draws
//! the document with [`shell::document`]. This crate knows words and pictures only: no database, no permissions.
//!
//! ```
//! use maud::html;
//! use ui::{Card, Page, Tone, badge, field, link_button};
//!
//! let page = Page::new("Posts")
//!     .actions(html! { (link_button("New post", "/app/blog/posts/new").primary().icon(ui::icons::LuPlus)) })
//!     .body(html! { (Card::new(html! { (badge(Tone::Ok, "Published")) (field::text("q", "Search")) })) });
//! assert!(page.body.0.contains("Published"));
//! ```
#![warn(missing_docs)]

pub mod art;
pub mod assets;
mod button;
pub mod chart;
pub mod color;
mod content;
mod feedback;
pub mod field;
mod form;
mod frame;
pub mod gallery;
mod icon;
mod menu;
mod page;
mod parts;
pub mod shell;
pub mod table;
mod tone;

/// Lucide icons, named `Lu...`.
pub use icondata_lu as icons;

pub use assets::{Asset, Assets, KIT};
pub use button::{Button, button, link_button, submit};
pub use content::{
    Change, CheckItem, Plan, TimelineEntry, checklist, code_block, copy_field, definition_list,
    diff, plan_card, plans, stepper, timeline,
};
pub use feedback::{Empty, banner, card_skeleton, error_card, no_match, skeleton};
pub use form::{error_summary, form_section, save_bar};
pub use frame::{
    Appearance, Flash, Frame, Link, NavGroup, NavItem, Notice, PaletteAction, Person, SearchHit,
    Workspace,
};
pub use icon::{Icon, icon, icon_sized};
pub use menu::{Dialog, Menu, dialog_opener};
pub use page::{Crumb, Layout, Page, Rendered, Width};
pub use parts::{
    Card, Row, Stat, Tab, Trend, avatar, badge, brand_avatar, kbd, link, meter, more_link, rows,
    segmented, tabs,
};
pub use tone::Tone;
