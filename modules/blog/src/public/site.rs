//! The site that public pages belong to: its name, its addresses, how it writes dates.

use ammonia::Url;
use files::Pictures;
use kernel::{Result, Timestamp, Zone};
use module::Ctx;
use tenant_resolver::TenantTx;

use crate::images::{self, Feature};

/// What pages and feeds know of the tenant.
#[derive(Clone, Debug)]
pub(super) struct Site {
    /// `https://northlight.example`, without a slash at its end.
    pub origin: String,
    /// The workspace's name.
    pub name: String,
    /// BCP 47.
    pub language: String,
    /// Zone of its dates.
    pub zone: Zone,
    /// The pictures that stand for the posts of this page or feed.
    pub pictures: Pictures,
}

impl Site {
    pub fn of(ctx: &Ctx) -> Self {
        let tenant = ctx.tenant();
        Self {
            origin: ctx.link(""),
            name: tenant.name.clone(),
            language: tenant.locale.clone(),
            zone: tenant.zone.clone(),
            pictures: Pictures::new(),
        }
    }

    /// With the pictures of these features.
    pub async fn showing<'a>(
        self,
        tx: &mut TenantTx,
        features: impl IntoIterator<Item = &'a Feature>,
    ) -> Result<Self> {
        Ok(Self {
            pictures: images::of(tx, features).await?,
            ..self
        })
    }

    /// The absolute address of a path, with everything beyond ASCII encoded: slugs may have letters of any script.
    pub fn link(&self, path: &str) -> String {
        let address = format!("{}{path}", self.origin);
        Url::parse(&address).map_or(address, Into::into)
    }

    pub fn home(&self) -> String {
        self.link("/blog")
    }

    pub fn post(&self, slug: &str) -> String {
        self.link(&format!("/blog/{slug}"))
    }

    pub fn tag(&self, slug: &str) -> String {
        self.link(&format!("/blog/tag/{slug}"))
    }

    pub fn author(&self, slug: &str) -> String {
        self.link(&format!("/blog/author/{slug}"))
    }

    pub fn series(&self, slug: &str) -> String {
        self.link(&format!("/series/{slug}"))
    }

    /// The day of an instant where the tenant is, as people write it there.
    pub fn date(&self, at: Timestamp) -> String {
        // The forms of CLDR's long date for the languages that workspaces can choose.
        let form = match self.language.as_str() {
            "en" | "en-US" => "%B %-d, %Y",
            _ => "%-d %B %Y",
        };
        at.in_zone(&self.zone).strftime(form).to_string()
    }

    /// Whether two instants fall on one day there.
    pub fn same_day(&self, one: Timestamp, other: Timestamp) -> bool {
        one.in_zone(&self.zone).date() == other.in_zone(&self.zone).date()
    }
}

#[cfg(test)]
pub(super) fn example() -> Site {
    Site {
        origin: "https://northlight.example".into(),
        name: "Northlight".into(),
        language: "en-GB".into(),
        zone: Zone::named("Europe/Berlin").expect("a zone"),
        pictures: Pictures::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_ascii() {
        assert_eq!(
            example().post("grüße"),
            "https://northlight.example/blog/gr%C3%BC%C3%9Fe"
        );
        assert_eq!(example().home(), "https://northlight.example/blog");
    }

    #[test]
    fn days_are_those_of_the_tenant() {
        let late = "2026-03-01T23:30:00Z".parse().unwrap();
        assert_eq!(example().date(late), "2 March 2026");
        let american = Site {
            language: "en".into(),
            ..example()
        };
        assert_eq!(american.date(late), "March 2, 2026");
        assert!(example().same_day(late, "2026-03-02T08:00:00Z".parse().unwrap()));
        assert!(!example().same_day(late, "2026-03-01T08:00:00Z".parse().unwrap()));
    }
}
