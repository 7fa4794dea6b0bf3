//! What a handler returns: the content of a page, without the frame around it.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::Markup;

/// The frame around a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// Staff application and operator console: sidebar, top bar, tab bar on the phone, palette.
    #[default]
    App,
    /// One narrow column under the logo: log-in, errors.
    Bare,
    /// As [`Layout::Bare`] with a picture beside it on wide screens: sign-up.
    Split,
    /// The platform's own public pages.
    Marketing,
    /// A tenant's public pages in the tenant's brand.
    Site,
}

/// Width of the content inside the application frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Width {
    /// Up to 1200 px.
    #[default]
    Normal,
    /// The whole window: tables, calendars, editors.
    Wide,
    /// Up to 720 px: forms and settings.
    Narrow,
}

/// One step of the path above the page, outermost first. The page itself is added by the frame.
#[derive(Debug, Clone)]
pub struct Crumb {
    /// What the person reads.
    pub label: String,
    /// Where it leads.
    pub href: String,
}

/// The content of a page. Return it from a handler: the server's middleware wraps it with [`crate::shell`].
///
/// ```
/// use maud::html;
/// let page = ui::Page::new("Posts").lead("Three drafts.").crumb("Website", "/app/blog").body(html! { p { "..." } });
/// assert_eq!(page.title, "Posts");
/// ```
#[derive(Debug, Clone)]
pub struct Page {
    /// The `h1` and the first part of the document's title.
    pub title: String,
    /// Title of the document where it should differ from the `h1`.
    pub document_title: Option<String>,
    /// One sentence below the title.
    pub lead: Option<String>,
    /// The way here.
    pub crumbs: Vec<Crumb>,
    /// Buttons beside the title.
    pub actions: Markup,
    /// The content.
    pub body: Markup,
    /// More elements for `<head>`: feeds, canonical address, social preview.
    pub head: Markup,
    /// Names of module scripts to load (ES modules).
    pub scripts: Vec<&'static str>,
    /// Names of style sheets to load after the kit's.
    pub styles: Vec<&'static str>,
    /// Width inside the application frame.
    pub width: Width,
    /// Whether the frame draws the title; a page with its own `h1` in the body says no.
    pub heading: bool,
    /// Overrides the layout that the server chose for the address.
    pub layout: Option<Layout>,
    /// Picture and captions beside the content in [`Layout::Split`]; the kit's own picture if absent.
    pub art: Option<Markup>,
    /// Status of the response.
    pub status: StatusCode,
}

impl Page {
    /// A page with a title and nothing else.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            document_title: None,
            lead: None,
            crumbs: Vec::new(),
            actions: Markup::default(),
            body: Markup::default(),
            head: Markup::default(),
            scripts: Vec::new(),
            styles: Vec::new(),
            width: Width::Normal,
            heading: true,
            layout: None,
            art: None,
            status: StatusCode::OK,
        }
    }

    /// Title of the document (browser tab, search results) where it differs from the heading.
    #[must_use]
    pub fn document_title(mut self, title: impl Into<String>) -> Self {
        self.document_title = Some(title.into());
        self
    }

    /// One sentence below the title.
    #[must_use]
    pub fn lead(mut self, lead: impl Into<String>) -> Self {
        self.lead = Some(lead.into());
        self
    }

    /// Adds a step to the path above the page.
    #[must_use]
    pub fn crumb(mut self, label: impl Into<String>, href: impl Into<String>) -> Self {
        self.crumbs.push(Crumb {
            label: label.into(),
            href: href.into(),
        });
        self
    }

    /// Buttons beside the title.
    #[must_use]
    pub fn actions(mut self, actions: Markup) -> Self {
        self.actions = actions;
        self
    }

    /// The content.
    #[must_use]
    pub fn body(mut self, body: Markup) -> Self {
        self.body = body;
        self
    }

    /// More elements for `<head>`.
    #[must_use]
    pub fn head(mut self, head: Markup) -> Self {
        self.head = head;
        self
    }

    /// Loads an ES module by asset name.
    #[must_use]
    pub fn script(mut self, name: &'static str) -> Self {
        self.scripts.push(name);
        self
    }

    /// Loads a style sheet by asset name.
    #[must_use]
    pub fn style(mut self, name: &'static str) -> Self {
        self.styles.push(name);
        self
    }

    /// Uses the whole width.
    #[must_use]
    pub fn wide(mut self) -> Self {
        self.width = Width::Wide;
        self
    }

    /// Uses one narrow column.
    #[must_use]
    pub fn narrow(mut self) -> Self {
        self.width = Width::Narrow;
        self
    }

    /// Leaves the heading to the body, which must hold the page's one `h1`.
    #[must_use]
    pub fn own_heading(mut self) -> Self {
        self.heading = false;
        self
    }

    /// Overrides the layout that the server chose for the address.
    #[must_use]
    pub fn layout(mut self, layout: Layout) -> Self {
        self.layout = Some(layout);
        self
    }

    /// What stands beside the content in [`Layout::Split`].
    #[must_use]
    pub fn art(mut self, art: Markup) -> Self {
        self.art = Some(art);
        self
    }

    /// Status of the response.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

/// The page inside a response's extensions, for the middleware that draws the frame.
#[derive(Debug, Clone)]
pub struct Rendered(pub Arc<Page>);

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(Rendered(Arc::new(self)));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_travels_in_the_response() {
        let response = Page::new("Missing")
            .status(StatusCode::NOT_FOUND)
            .into_response();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        let rendered = response.extensions().get::<Rendered>().expect("the page");
        assert_eq!(rendered.0.title, "Missing");
    }
}
