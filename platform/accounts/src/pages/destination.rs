//! Where somebody was going when they were asked to log in.

use kernel::Slug;
use maud::{Markup, html};
use module::Links;
use serde::Deserialize;
use ui::field;

/// Where to go after the log-in, as the address and the form carry it. Nothing of it is trusted.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Destination {
    #[serde(default)]
    next: String,
    #[serde(default)]
    workspace: String,
}

impl Destination {
    /// A path on this host, if that is what `next` is. Anything that a browser could take for another host is not:
    /// `//evil.example`, `/\evil.example`, and control characters, which browsers drop.
    fn path(&self) -> Option<&str> {
        let next = self.next.as_str();
        let second = next.as_bytes().get(1);
        let inside = next.starts_with('/') && !matches!(second, Some(b'/' | b'\\'));
        (inside
            && next
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'\\'))
        .then_some(next)
    }

    /// The workspace somebody came from, if it can be one.
    pub(super) fn workspace(&self) -> Option<Slug> {
        Slug::parse(&self.workspace).ok()
    }

    /// The address to go to.
    pub(super) fn address(&self, links: &Links) -> String {
        match (self.path(), self.workspace()) {
            (Some(path), _) => path.to_owned(),
            (None, Some(slug)) => links.tenant(slug.as_str(), "/app"),
            (None, None) => "/workspaces".to_owned(),
        }
    }

    /// Fields that carry it through a form.
    pub(super) fn fields(&self) -> Markup {
        html! {
            @if let Some(path) = self.path() { (field::hidden("next", path)) }
            @if let Some(slug) = self.workspace() { (field::hidden("workspace", slug.as_str())) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(next: &str, workspace: &str) -> String {
        let destination = Destination {
            next: next.into(),
            workspace: workspace.into(),
        };
        destination.address(&Links::parse("https://atelier.app").unwrap())
    }

    #[test]
    fn a_path_on_this_host_is_followed() {
        assert_eq!(
            to("/enter?workspace=halden&state=x%20y", ""),
            "/enter?workspace=halden&state=x%20y"
        );
        assert_eq!(to("/account", "halden"), "/account");
    }

    #[test]
    fn nobody_is_sent_to_another_host() {
        for next in [
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/a\\..\\evil",
            "/a b",
            "javascript:alert(1)",
            "evil.example",
            "/\u{2028}",
        ] {
            assert_eq!(to(next, ""), "/workspaces", "{next:?}");
        }
    }

    #[test]
    fn a_workspace_is_a_label_under_our_own_host() {
        assert_eq!(to("", "halden"), "https://halden.atelier.app/app");
        for slug in ["evil.example/", "a.b", "HALDEN@evil", "-", "xn--evil"] {
            assert_eq!(to("", slug), "/workspaces", "{slug:?}");
        }
    }
}
