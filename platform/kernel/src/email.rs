//! E-mail addresses.

use std::fmt;

use crate::FieldError;

/// An e-mail address as its owner writes it, together with the form that is compared.
///
/// Two addresses that differ only in case are the same address. The check is deliberately small: a
/// local part, one `@`, a dotted domain, no blanks or control characters, at most 254 bytes
/// (RFC 5321 4.5.3.1.3). Whether it exists is shown by the confirmation mail alone.
#[derive(Clone, Debug)]
pub struct Email {
    written: String,
    normal: String,
}

impl Email {
    /// Reads an address as a person typed it.
    ///
    /// # Errors
    /// The broken rule, for the field `email`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let written = text.trim();
        if written.is_empty() {
            return Err(FieldError::new(
                "email",
                "required",
                "Enter an e-mail address.",
            ));
        }
        let valid = written.len() <= 254
            && !written.chars().any(|c| {
                c.is_whitespace()
                    || c.is_control()
                    || matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | ':' | '"' | '\\')
            })
            && written.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty()
                    && local.len() <= 64
                    && !domain.contains('@')
                    && domain.contains('.')
                    && domain.split('.').all(|label| {
                        !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
                    })
            });
        if !valid {
            return Err(FieldError::new(
                "email",
                "invalid",
                "Enter an e-mail address such as name@example.com.",
            ));
        }
        Ok(Self {
            written: written.into(),
            normal: written.to_lowercase(),
        })
    }

    /// The address as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The form that is compared and unique.
    #[must_use]
    pub fn normal(&self) -> &str {
        &self.normal
    }

    /// The address with most of its local part hidden: `a***@example.com`.
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, domain) = self.written.split_once('@').unwrap_or((&self.written, ""));
        let first: String = local.chars().take(1).collect();
        format!("{first}***@{domain}")
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.normal == other.normal
    }
}

impl Eq for Email {}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::Email;

    #[test]
    fn case_does_not_matter() {
        assert_eq!(
            Email::parse("Mara@Example.com").unwrap(),
            Email::parse(" mara@example.COM ").unwrap()
        );
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        for bad in [
            "",
            "mara",
            "mara@",
            "@example.com",
            "a@b",
            "a b@example.com",
            "a@b@example.com",
            "a@-b.com",
            "a@b..com",
            "a\n@example.com",
            "a<b@example.com",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_masked_address_keeps_one_letter() {
        assert_eq!(
            Email::parse("anna@example.com").unwrap().masked(),
            "a***@example.com"
        );
    }
}
