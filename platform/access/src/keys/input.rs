//! What is said of a new key, and the rules that it keeps.

use std::net::IpAddr;

use ipnet::IpNet;
use kernel::{FieldError, Fields, Result, Timestamp};

use crate::token::Env;

/// What is said of a new key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyInput {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub env: Env,
    /// Its scopes, of those that the application's product offers.
    pub scopes: Vec<String>,
    /// Networks that it may be used from; none means any.
    pub allowed_cidrs: Vec<String>,
    /// Requests a minute, at most as many as every key has; none means just as many.
    pub rate_limit_per_min: Option<i32>,
    /// When its time is over.
    pub expires_at: Option<Timestamp>,
}

impl KeyInput {
    /// `most`: requests a minute that every key may make.
    pub(super) fn check(mut self, now: Timestamp, most: i64) -> Result<Self> {
        let mut fields = Fields::default();
        self.name = self.name.split_whitespace().collect::<Vec<_>>().join(" ");
        fields
            .require(
                "name",
                &self.name,
                "Give the key a name that says where it is used.",
            )
            .check(
                self.name.chars().count() <= 80,
                "name",
                "too_long",
                "Use at most 80 characters.",
            )
            .check(
                !self.scopes.is_empty(),
                "scopes",
                "required",
                "Choose at least one scope.",
            )
            .check(
                self.expires_at.is_none_or(|at| at > now),
                "expires_at",
                "past",
                "Choose a time that is still to come.",
            )
            .check(
                self.rate_limit_per_min
                    .is_none_or(|limit| (1..=most).contains(&i64::from(limit))),
                "rate_limit_per_min",
                "out_of_range",
                format!("Choose 1 to {most} requests a minute."),
            );
        let mut networks = Vec::new();
        for text in self
            .allowed_cidrs
            .iter()
            .filter(|text| !text.trim().is_empty())
        {
            match network(text) {
                Ok(network) if networks.contains(&network) => {}
                Ok(network) => networks.push(network),
                Err(error) => {
                    fields.push(error);
                }
            }
        }
        fields.check(
            networks.len() <= 50,
            "allowed_cidrs",
            "too_many",
            "Name at most 50 networks.",
        );
        fields.finish()?;
        self.allowed_cidrs = networks;
        Ok(self)
    }
}

/// Reads a network or a single address, as `10.0.0.0/8` or `192.0.2.7`.
fn network(text: &str) -> Result<String, FieldError> {
    let text = text.trim();
    let single = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse::<IpNet>()
        .ok()
        .or_else(single)
        .map(|network| network.trunc().to_string())
        .ok_or_else(|| {
            FieldError::new(
                "allowed_cidrs",
                "invalid",
                format!("{text} is no network. Write it as 203.0.113.0/24 or 203.0.113.7."),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_one_way_to_be_written() {
        for (text, written) in [
            ("203.0.113.7", "203.0.113.7/32"),
            (" 10.1.2.3/8 ", "10.0.0.0/8"),
            ("2001:db8::1/32", "2001:db8::/32"),
        ] {
            assert_eq!(network(text).as_deref(), Ok(written));
        }
        for bad in ["", "10.0.0.0/33", "example.org", "10.0.0"] {
            assert!(network(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_needs_a_name_a_scope_and_a_future() {
        let now: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let input = KeyInput {
            expires_at: Some(now),
            allowed_cidrs: vec!["x".into()],
            rate_limit_per_min: Some(601),
            ..KeyInput::default()
        };
        let error = input.check(now, 600).unwrap_err();
        let named: Vec<&str> = error
            .field_errors()
            .iter()
            .map(|error| error.field.as_ref())
            .collect();
        assert_eq!(
            named,
            [
                "name",
                "scopes",
                "expires_at",
                "rate_limit_per_min",
                "allowed_cidrs"
            ]
        );
    }
}
