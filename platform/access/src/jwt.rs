//! Tokens made from keys: a JWT (HS256) for a quarter of an hour, for programs that keep their key away from the wire.
//!
//! A token names its key and adds nothing to it: each request looks the key up, so that a revoked key ends its tokens
//! at once. The clock is the server's injected one, never the library's.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use kernel::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How long a token is good for.
pub const LIFETIME: Duration = Duration::from_mins(15);
/// How far the clocks of two nodes may be apart.
const LEEWAY: i64 = 5;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// Public id of the key.
    pub sub: String,
    /// Host of the tenant: a token is good on no other.
    pub aud: String,
    /// When it was made, in seconds since 1970.
    pub iat: i64,
    /// When it ends.
    pub exp: i64,
    /// Its scopes, with blanks between them.
    pub scope: String,
}

/// The secrets that tokens are signed with: the present one, and the one before it while its tokens live.
#[derive(Clone)]
pub struct Signer {
    present: Secret,
    former: Option<Secret>,
}

#[derive(Clone)]
struct Secret {
    /// Names the secret without telling it.
    kid: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl Secret {
    fn new(text: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"atelier token secret ");
        hash.update(text.as_bytes());
        let kid = URL_SAFE_NO_PAD.encode(&hash.finalize()[..6]);
        Self {
            kid,
            encoding: EncodingKey::from_secret(text.as_bytes()),
            decoding: DecodingKey::from_secret(text.as_bytes()),
        }
    }
}

impl Signer {
    /// A signer with the present secret, and the former one after a change of it.
    #[must_use]
    pub fn new(present: &str, former: Option<&str>) -> Self {
        Self {
            present: Secret::new(present),
            former: former.map(Secret::new),
        }
    }

    /// Makes a token.
    pub(crate) fn sign(&self, claims: &Claims) -> Result<String> {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(self.present.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.present.encoding).map_err(Error::internal)
    }

    /// Reads a token for `host`; [`Error::InvalidKey`] when it is not good there and now, whatever the reason.
    pub(crate) fn read(&self, token: &str, host: &str, now: Timestamp) -> Result<Claims> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Error::InvalidKey)?;
        let secret = [Some(&self.present), self.former.as_ref()]
            .into_iter()
            .flatten()
            .find(|secret| Some(&secret.kid) == header.kid.as_ref())
            .ok_or(Error::InvalidKey)?;
        let mut validation = Validation::new(Algorithm::HS256);
        // Times are held against our own clock below.
        validation.validate_exp = false;
        validation.set_required_spec_claims(&["exp", "aud", "sub"]);
        validation.set_audience(&[host]);
        let claims = jsonwebtoken::decode::<Claims>(token, &secret.decoding, &validation)
            .map_err(|_| Error::InvalidKey)?
            .claims;
        let now = seconds(now);
        if claims.exp <= now || claims.iat > now + LEEWAY {
            return Err(Error::InvalidKey);
        }
        Ok(claims)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.present.kid)
    }
}

/// Whole seconds since 1970.
pub(crate) fn seconds(at: Timestamp) -> i64 {
    at.as_microseconds().div_euclid(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "northlight.atelier.test";

    fn now() -> Timestamp {
        "2026-03-02T09:00:00Z".parse().unwrap()
    }

    fn claims() -> Claims {
        Claims {
            sub: "AbCdEf012345".into(),
            aud: HOST.into(),
            iat: seconds(now()),
            exp: seconds(now().plus(LIFETIME)),
            scope: "posts:read posts:write".into(),
        }
    }

    #[test]
    fn a_token_is_good_for_its_host_and_its_time() {
        let signer = Signer::new("first secret", None);
        let token = signer.sign(&claims()).unwrap();
        assert_eq!(signer.read(&token, HOST, now()).unwrap(), claims());
        let last = now().plus(LIFETIME).minus(Duration::from_secs(1));
        assert!(signer.read(&token, HOST, last).is_ok());
        for (host, at) in [
            ("southlight.atelier.test", now()),
            (HOST, now().plus(LIFETIME)),
            (HOST, now().minus(Duration::from_mins(1))),
        ] {
            assert!(
                matches!(signer.read(&token, host, at), Err(Error::InvalidKey)),
                "{host} at {at}"
            );
        }
    }

    #[test]
    fn tokens_outlive_a_change_of_the_secret_and_no_second_one() {
        let token = Signer::new("first", None).sign(&claims()).unwrap();
        let second = Signer::new("second", Some("first"));
        assert!(second.read(&token, HOST, now()).is_ok());
        let third = Signer::new("third", Some("second"));
        assert!(third.read(&token, HOST, now()).is_err());
        assert!(!format!("{second:?}").contains("second"));
    }

    #[test]
    fn what_we_did_not_sign_is_refused() {
        let signer = Signer::new("first", None);
        let token = signer.sign(&claims()).unwrap();
        let (head, signature) = token.rsplit_once('.').unwrap();
        // Signed by somebody else under our secret's name, and not signed at all.
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(signer.present.kid.clone());
        let forged = jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(b"other"));
        for bad in [
            String::new(),
            "a.b.c".into(),
            head.to_owned(),
            format!("{head}."),
            format!("{head}.{}", signature.to_lowercase()),
            forged.unwrap(),
        ] {
            assert!(signer.read(&bad, HOST, now()).is_err(), "{bad}");
        }
    }
}
