//! Random secrets that people carry and we only know by their hash.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// A 256-bit random secret, as it travels in a link or a cookie: 43 letters of base64url.
///
/// Only [`Secret::hash`] is stored. With this much randomness a plain hash is as good as a slow one.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Makes a fresh secret.
    #[must_use]
    pub fn generate() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
    }

    /// Reads a secret that came from outside; `None` when it cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// The secret itself, for the link or the cookie.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is stored of it: SHA-256.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

/// Never shows the secret: it must not reach a log.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn a_secret_survives_its_journey_and_stays_out_of_logs() {
        let secret = Secret::generate();
        assert_eq!(secret.as_str().len(), 43);
        let read = Secret::parse(secret.as_str()).unwrap();
        assert_eq!(read.hash(), secret.hash());
        assert!(!format!("{secret:?}").contains(secret.as_str()));
        assert_ne!(Secret::generate(), secret);
    }

    #[test]
    fn what_cannot_be_a_secret_is_not_one() {
        for text in ["", "abc", "!".repeat(43).as_str(), "A".repeat(44).as_str()] {
            assert!(Secret::parse(text).is_none(), "{text:?}");
        }
    }
}
