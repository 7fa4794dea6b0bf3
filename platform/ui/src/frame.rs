//! What the server knows about the request and the shell draws around the page.

use std::sync::Arc;

use crate::assets::Assets;
use crate::icon::Icon;
use crate::page::Layout;
use crate::tone::Tone;

/// A link in navigation.
#[derive(Debug, Clone)]
pub struct NavItem {
    /// What the person reads.
    pub label: String,
    /// Where it leads; compared with [`Frame::path`] to mark the current place.
    pub href: String,
    /// Picture beside the label.
    pub icon: Icon,
    /// Number of things waiting there.
    pub count: Option<u32>,
    /// Whether it is one of the (at most four) tabs on the phone.
    pub tab: bool,
    /// The letter that leads here after `g`.
    pub go: Option<char>,
}

impl NavItem {
    /// A link with label, address and icon.
    #[must_use]
    pub fn new(label: impl Into<String>, href: impl Into<String>, icon: Icon) -> Self {
        Self {
            label: label.into(),
            href: href.into(),
            icon,
            count: None,
            tab: false,
            go: None,
        }
    }

    /// Shows how many things wait there; nothing for zero.
    #[must_use]
    pub fn count(mut self, count: u32) -> Self {
        self.count = (count > 0).then_some(count);
        self
    }

    /// Makes it a tab on the phone.
    #[must_use]
    pub fn tab(mut self) -> Self {
        self.tab = true;
        self
    }

    /// The letter that leads here after `g`.
    #[must_use]
    pub fn go(mut self, letter: char) -> Self {
        self.go = Some(letter);
        self
    }
}

/// A collapsible group of links: one per module.
#[derive(Debug, Clone)]
pub struct NavGroup {
    /// Name of the module.
    pub title: String,
    /// Picture beside the name.
    pub icon: Icon,
    /// The module's links, already filtered by permission.
    pub items: Vec<NavItem>,
}

/// The person who is signed in.
#[derive(Debug, Clone)]
pub struct Person {
    /// Display name.
    pub name: String,
    /// Role in this workspace, as a word.
    pub role: String,
    /// Where the person's own settings are.
    pub href: String,
    /// Address that a POST signs out at.
    pub sign_out: String,
}

/// A workspace the person can switch to.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// Display name.
    pub name: String,
    /// Where it leads.
    pub href: String,
    /// Whether it is the one on the screen.
    pub current: bool,
}

/// Something to do, offered by the palette.
#[derive(Debug, Clone)]
pub struct PaletteAction {
    /// A verb and its object: "New post".
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// Picture beside the label.
    pub icon: Icon,
}

/// A record that the palette's search found; the address in [`Frame::search`] answers with a JSON list of these.
#[derive(Debug, Clone, serde::Serialize)]
pub struct SearchHit {
    /// Name of the record.
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// Kind of record: "Post", "Client".
    pub group: String,
    /// Its name in pieces of text, those with `true` marked; empty when it is shown as it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub title: Vec<(String, bool)>,
    /// A line below the name that shows why the record was found, in such pieces.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub snippet: Vec<(String, bool)>,
}

impl SearchHit {
    /// A hit with its name, address and kind.
    #[must_use]
    pub fn new(
        label: impl Into<String>,
        href: impl Into<String>,
        group: impl Into<String>,
    ) -> Self {
        Self {
            label: label.into(),
            href: href.into(),
            group: group.into(),
            title: Vec::new(),
            snippet: Vec::new(),
        }
    }

    /// With what was found marked: the name in pieces, and a line of text in pieces.
    #[must_use]
    pub fn marked(mut self, title: Vec<(String, bool)>, snippet: Vec<(String, bool)>) -> Self {
        self.title = title;
        self.snippet = snippet;
        self
    }
}

/// A message about what just happened, shown once.
#[derive(Debug, Clone)]
pub struct Flash {
    /// What to say.
    pub text: String,
    /// Address that a POST takes the action back at.
    pub undo: Option<String>,
}

/// A standing notice above the content, such as a subscription that needs attention.
#[derive(Debug, Clone)]
pub struct Notice {
    /// How serious it is.
    pub tone: Tone,
    /// One or two sentences.
    pub text: String,
    /// Label and address of the way out.
    pub action: Option<(String, String)>,
}

/// A plain link in a header or footer.
#[derive(Debug, Clone)]
pub struct Link {
    /// What the person reads.
    pub label: String,
    /// Where it leads.
    pub href: String,
}

impl Link {
    /// A link with label and address.
    #[must_use]
    pub fn new(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            href: href.into(),
        }
    }
}

/// Light, dark, or as the device says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Appearance {
    /// As the device says, or as the person chose on this device.
    #[default]
    Device,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Appearance {
    pub(crate) fn attribute(self) -> Option<&'static str> {
        match self {
            Self::Device => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }
}

/// Everything around a page. [`Frame::new`] gives an empty one; the server fills the public fields.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Where the style sheets and scripts are.
    pub assets: Arc<Assets>,
    /// Layout of the address, unless the page asks for another.
    pub layout: Layout,
    /// Language of the page (BCP 47).
    pub lang: String,
    /// Path of the request, to mark the current place in navigation.
    pub path: String,
    /// Name of the tenant, of the console, or of the platform.
    pub name: String,
    /// Host below the name.
    pub host: String,
    /// What stands after the page's title in the browser's tab; the name if absent.
    pub title_suffix: Option<String>,
    /// Where the name leads.
    pub home: String,
    /// Picture to show in place of the letter tile.
    pub logo: Option<String>,
    /// Address of the tenant's theme (see [`crate::color::theme_css`]).
    pub theme_css: Option<String>,
    /// Fixed appearance of a tenant's public pages.
    pub appearance: Appearance,
    /// Who is signed in.
    pub person: Option<Person>,
    /// All workspaces of the person.
    pub workspaces: Vec<Workspace>,
    /// Where a further workspace is created.
    pub new_workspace: Option<String>,
    /// Links of the core: home, inbox, people.
    pub core: Vec<NavItem>,
    /// One group per subscribed module.
    pub modules: Vec<NavGroup>,
    /// Products the tenant does not have, under "Add a product".
    pub offers: Vec<NavItem>,
    /// Links at the foot: billing, settings.
    pub footer: Vec<NavItem>,
    /// What the palette offers besides the links.
    pub actions: Vec<PaletteAction>,
    /// Address of the palette's search for records.
    pub search: Option<String>,
    /// Where notifications are, with the number of unread ones.
    pub inbox: Option<(String, u32)>,
    /// What just happened.
    pub flash: Option<Flash>,
    /// What needs attention.
    pub notice: Option<Notice>,
    /// Whether single keys act; a person may turn them off (WCAG 2.2, 2.1.4).
    pub single_keys: bool,
    /// Whether an operator is looking at somebody else's workspace.
    pub operator: bool,
    /// Links in the header of public layouts.
    pub links: Vec<Link>,
    /// Links in the footer of public layouts, in columns with a heading.
    pub footer_links: Vec<(String, Vec<Link>)>,
    /// Small print at the end of public layouts.
    pub colophon: Option<String>,
}

impl Frame {
    /// A frame without navigation.
    #[must_use]
    pub fn new(assets: Arc<Assets>, layout: Layout, name: impl Into<String>) -> Self {
        Self {
            assets,
            layout,
            lang: "en".to_owned(),
            path: String::new(),
            name: name.into(),
            host: String::new(),
            title_suffix: None,
            home: "/".to_owned(),
            logo: None,
            theme_css: None,
            appearance: Appearance::Device,
            person: None,
            workspaces: Vec::new(),
            new_workspace: None,
            core: Vec::new(),
            modules: Vec::new(),
            offers: Vec::new(),
            footer: Vec::new(),
            actions: Vec::new(),
            search: None,
            inbox: None,
            flash: None,
            notice: None,
            single_keys: true,
            operator: false,
            links: Vec::new(),
            footer_links: Vec::new(),
            colophon: None,
        }
    }

    /// The address of the one link that is the current place: the longest that the path begins with.
    pub(crate) fn current(&self) -> Option<&str> {
        let module_items = self.modules.iter().flat_map(|group| &group.items);
        self.core
            .iter()
            .chain(module_items)
            .chain(&self.footer)
            .map(|item| item.href.as_str())
            .filter(|href| is_within(&self.path, href))
            .max_by_key(|href| href.len())
    }
}

/// Whether `path` is `href` or lies below it.
fn is_within(path: &str, href: &str) -> bool {
    path.strip_prefix(href.trim_end_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(path: &str) -> Frame {
        let mut frame = Frame::new(Arc::new(Assets::new(&[], None)), Layout::App, "Northlight");
        let item = |href: &str| NavItem::new("x", href, crate::icons::LuHouse);
        frame.core = vec![item("/app"), item("/app/people")];
        let items = vec![item("/app/blog"), item("/app/blog/posts")];
        frame.modules = vec![NavGroup {
            title: "Blog".into(),
            icon: crate::icons::LuGlobe,
            items,
        }];
        frame.path = path.into();
        frame
    }

    #[test]
    fn the_deepest_link_is_the_current_place() {
        assert_eq!(
            frame("/app/blog/posts/7/edit").current(),
            Some("/app/blog/posts")
        );
        assert_eq!(frame("/app/blog").current(), Some("/app/blog"));
        assert_eq!(frame("/app/blogs").current(), Some("/app"));
        assert_eq!(frame("/elsewhere").current(), None);
    }
}
