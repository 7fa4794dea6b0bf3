//! Addresses of tenants: the label before the base host.

use std::fmt;

use crate::FieldError;

/// A tenant's address label: 3 to 40 of `a-z 0-9 -`, a letter first, no hyphen last, no two in a row.
///
/// The last rule keeps `xn--` labels out. Source: platform specification 3.2.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Slug(String);

impl Slug {
    /// Shortest length in characters.
    pub const MIN: usize = 3;
    /// Longest length in characters.
    pub const MAX: usize = 40;

    /// Reads a label as a person typed it; upper case and outer blanks are forgiven.
    ///
    /// # Errors
    /// The broken rule, for the field `slug`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let slug = text.trim().to_ascii_lowercase();
        let refuse = |code, message: &'static str| Err(FieldError::new("slug", code, message));
        if slug.is_empty() {
            return refuse("required", "Choose an address.");
        }
        if !slug
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            return refuse("invalid", "Use only letters a to z, digits and hyphens.");
        }
        if slug.len() < Self::MIN {
            return refuse("too_short", "Use at least 3 characters.");
        }
        if slug.len() > Self::MAX {
            return refuse("too_long", "Use at most 40 characters.");
        }
        if !slug.starts_with(|c: char| c.is_ascii_lowercase()) {
            return refuse("invalid", "Begin with a letter.");
        }
        if slug.ends_with('-') || slug.contains("--") {
            return refuse(
                "invalid",
                "Use hyphens only between other characters, one at a time.",
            );
        }
        Ok(Self(slug))
    }

    /// The label.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A form in which labels that look alike are equal: `0` as `o`, `1` and `l` as `i`, hyphens dropped and so on.
    ///
    /// Two tenants may not share a skeleton with a reserved word.
    #[must_use]
    pub fn skeleton(&self) -> String {
        let plain: String = self
            .0
            .chars()
            .filter(|c| *c != '-')
            .map(|c| match c {
                '0' => 'o',
                '1' | 'l' => 'i',
                '3' => 'e',
                '5' => 's',
                other => other,
            })
            .collect();
        plain.replace("rn", "m").replace("vv", "w")
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Slug {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Slug;

    #[test]
    fn labels_that_are_allowed() {
        for good in ["northlight", "a-b", "studio-54", " Halden "] {
            assert!(Slug::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn labels_that_are_refused() {
        let long = "a".repeat(41);
        for bad in [
            "",
            "ab",
            "1abc",
            "-abc",
            "abc-",
            "a--b",
            "xn--abc",
            "a_b",
            "a.b",
            "höhe",
            long.as_str(),
        ] {
            assert!(Slug::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn look_alikes_share_a_skeleton() {
        let skeleton = |text| Slug::parse(text).unwrap().skeleton();
        assert_eq!(skeleton("adm1n"), skeleton("admin"));
        assert_eq!(skeleton("b-i-l-l-i-n-g"), skeleton("billing"));
        assert_ne!(skeleton("northlight"), skeleton("southlight"));
    }
}
