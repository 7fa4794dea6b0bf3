//! Who may have which address.

use kernel::{ConstraintExt, FieldError, Result, Slug, TenantId, Timestamp};
use serde::Serialize;
use sqlx::PgConnection;

use super::store;
use crate::reserved;

/// Whether an address can be had.
#[derive(Clone, Debug, Serialize)]
pub struct Availability {
    /// Whether it can.
    pub available: bool,
    /// Why not.
    pub reason: Option<Reason>,
    /// The reason in words, for people.
    pub message: Option<String>,
    /// Up to three free addresses like it.
    pub suggestions: Vec<String>,
}

/// Why an address cannot be had. That it belonged to somebody until lately looks like its being taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Somebody has it, or lately had it.
    Taken,
    /// Nobody may have it.
    Reserved,
    /// It breaks a rule.
    Invalid,
}

/// Reads an address that somebody wants.
pub(crate) fn read(text: &str) -> std::result::Result<Slug, FieldError> {
    let slug = Slug::parse(text)?;
    if reserved::is_reserved(&slug) {
        return Err(FieldError::new(
            "slug",
            "reserved",
            "That address is reserved. Choose another one.",
        ));
    }
    Ok(slug)
}

pub(super) async fn availability(
    conn: &mut PgConnection,
    text: &str,
    now: Timestamp,
) -> Result<Availability> {
    let refused = |reason, error: FieldError| Availability {
        available: false,
        reason: Some(reason),
        message: Some(error.message.into_owned()),
        suggestions: Vec::new(),
    };
    let slug = match read(text) {
        Ok(slug) => slug,
        Err(error) if error.code == "reserved" => {
            let slug = Slug::parse(text)?;
            return Ok(Availability {
                suggestions: suggestions(conn, &slug, now).await?,
                ..refused(Reason::Reserved, error)
            });
        }
        Err(error) => return Ok(refused(Reason::Invalid, error)),
    };
    if store::taken_of(conn, &[slug.to_string()], now)
        .await?
        .is_empty()
    {
        return Ok(Availability {
            available: true,
            reason: None,
            message: None,
            suggestions: Vec::new(),
        });
    }
    Ok(Availability {
        suggestions: suggestions(conn, &slug, now).await?,
        ..refused(Reason::Taken, taken())
    })
}

async fn suggestions(conn: &mut PgConnection, slug: &Slug, now: Timestamp) -> Result<Vec<String>> {
    let candidates = candidates(slug);
    let taken = store::taken_of(conn, &candidates, now).await?;
    Ok(candidates
        .into_iter()
        .filter(|candidate| !taken.contains(candidate))
        .take(3)
        .collect())
}

/// Addresses like this one, in the order in which they are offered.
fn candidates(slug: &Slug) -> Vec<String> {
    const ENDINGS: [&str; 8] = [
        "-studio", "-photo", "-music", "-work", "-hq", "-co", "-2", "-3",
    ];
    ENDINGS
        .into_iter()
        .map(|ending| {
            let room = Slug::MAX - ending.len();
            let stem: String = slug.as_str().chars().take(room).collect();
            format!("{}{ending}", stem.trim_end_matches('-'))
        })
        .filter(|candidate| read(candidate).is_ok())
        .collect()
}

/// Frees an address whose hold or quarantine is over, together with the sign-up that let it lapse.
pub(crate) async fn release_expired(
    conn: &mut PgConnection,
    slug: &Slug,
    now: Timestamp,
) -> Result<()> {
    store::delete_free_slug(&mut *conn, slug, now).await?;
    store::delete_lapsed_tenant(conn, slug, now).await
}

/// Takes an address for a tenant. The unique index decides between many who want it at once.
pub(crate) async fn claim(
    conn: &mut PgConnection,
    tenant: TenantId,
    slug: &Slug,
    free_from: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    store::insert_slug(conn, tenant, slug, free_from, now)
        .await
        .on_constraint("tenant_slugs_slug_key", taken)
}

/// Makes a held address the tenant's own.
pub(super) async fn settle(conn: &mut PgConnection, tenant: TenantId) -> Result<()> {
    store::settle_slug(conn, tenant).await
}

/// Lets go of an address that the tenant leaves: it forwards until the first time, and nobody else may have it until
/// the second.
pub(crate) async fn retire(
    conn: &mut PgConnection,
    tenant: TenantId,
    slug: &str,
    redirect_until: Timestamp,
    free_from: Timestamp,
) -> Result<()> {
    store::retire_slug(conn, tenant, slug, redirect_until, free_from).await
}

pub(crate) fn taken() -> FieldError {
    FieldError::new(
        "slug",
        "taken",
        "That address is taken. Choose another one.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_addresses_are_refused_and_others_read() {
        assert_eq!(read("billing").unwrap_err().code, "reserved");
        assert_eq!(read("a--b").unwrap_err().code, "invalid");
        assert_eq!(read(" Halden ").unwrap().as_str(), "halden");
    }

    #[test]
    fn what_is_suggested_is_allowed() {
        for slug in ["halden", "a-very-long-address-of-thirty-nine-signs"] {
            let candidates = candidates(&Slug::parse(slug).unwrap());
            assert!(candidates.len() >= 3, "{slug}");
            for candidate in candidates {
                assert!(read(&candidate).is_ok(), "{candidate}");
            }
        }
    }
}
