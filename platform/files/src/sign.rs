//! Addresses of private files: they hold for a while, and cannot be made up.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use kernel::{TenantId, Timestamp};
use sha2::Sha256;

use crate::FileId;

/// The longest that a signed address holds.
pub const LONGEST: Duration = Duration::from_hours(7 * 24);

/// Makes and checks signatures.
#[derive(Clone)]
pub struct Signer(Hmac<Sha256>);

/// What a signed address adds to a plain one.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub struct Signature {
    /// End of its life, in seconds since 1970.
    pub expires: Option<i64>,
    /// HMAC-SHA-256 over tenant, file, variant and end, in base64url.
    pub signature: Option<String>,
}

impl Signer {
    /// A signer with a key.
    ///
    /// # Panics
    /// Never: HMAC takes keys of any length.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC takes keys of any length"))
    }

    /// Signs access to one variant of a file until `until`, cut to seven days from `now`.
    #[must_use]
    pub fn sign(
        &self,
        tenant: TenantId,
        file: FileId,
        variant: &str,
        now: Timestamp,
        lasting: Duration,
    ) -> Signature {
        let expires = seconds(now.plus(lasting.min(LONGEST)));
        let signature = self.mac(tenant, file, variant, expires).finalize();
        Signature {
            expires: Some(expires),
            signature: Some(URL_SAFE_NO_PAD.encode(signature.into_bytes())),
        }
    }

    /// Whether a signature is ours, for this very thing, and still holds.
    #[must_use]
    pub fn holds(
        &self,
        tenant: TenantId,
        file: FileId,
        variant: &str,
        now: Timestamp,
        shown: &Signature,
    ) -> bool {
        let (Some(expires), Some(signature)) = (shown.expires, &shown.signature) else {
            return false;
        };
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
            return false;
        };
        let now = seconds(now);
        // Compared in constant time.
        let ours = self.mac(tenant, file, variant, expires);
        ours.verify_slice(&signature).is_ok() && now < expires
    }

    fn mac(&self, tenant: TenantId, file: FileId, variant: &str, expires: i64) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        // Ids have a fixed length, and the end is a number: no two things are written in the same way.
        mac.update(format!("{tenant}/{file}/{expires}/{variant}").as_bytes());
        mac
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

fn seconds(at: Timestamp) -> i64 {
    at.as_microseconds().div_euclid(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_one_thing_and_for_a_while() {
        let signer = Signer::new(b"a key of a test");
        let (tenant, file) = (TenantId::new(), FileId::new());
        let now: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let hour = Duration::from_hours(1);
        let signature = signer.sign(tenant, file, "320", now, hour);
        let holds = |at, of: &Signature| signer.holds(tenant, file, "320", at, of);
        assert!(holds(now, &signature));
        assert!(holds(now.plus(Duration::from_secs(3599)), &signature));
        assert!(!holds(now.plus(hour), &signature));
        assert!(!signer.holds(tenant, file, "640", now, &signature));
        assert!(!signer.holds(tenant, FileId::new(), "320", now, &signature));
        assert!(!signer.holds(TenantId::new(), file, "320", now, &signature));
        assert!(!Signer::new(b"another").holds(tenant, file, "320", now, &signature));
        let later = Signature {
            expires: signature.expires.map(|end| end + 1),
            ..signature.clone()
        };
        assert!(!holds(now, &later));
        for nonsense in ["", "%", "AAAA"] {
            let forged = Signature {
                signature: Some(nonsense.to_owned()),
                ..signature.clone()
            };
            assert!(!holds(now, &forged));
        }
        assert!(!holds(now, &Signature::default()));
    }

    #[test]
    fn nothing_holds_longer_than_a_week() {
        let now: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let signed = Signer::new(b"k").sign(
            TenantId::new(),
            FileId::new(),
            "320",
            now,
            Duration::from_hours(24 * 365),
        );
        assert_eq!(signed.expires, Some(seconds(now) + 7 * 24 * 3600));
    }
}
