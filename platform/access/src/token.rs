//! The text of a key: `at_live_<public id>_<secret><checksum>`.
//!
//! The prefix and the checksum let scanners of source code recognise a leaked key without asking us, and let us refuse
//! a mistyped one without asking the database. The secret has 256 bits; what is kept of it is a keyed hash.

use std::fmt;

use hmac::{Hmac, Mac};
use rand::Rng as _;
use rand::distr::Alphanumeric;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// Letters that name the key.
const PUBLIC: usize = 12;
/// Letters of the secret: 62^43 > 2^256.
const SECRET: usize = 43;
/// Letters of the CRC-32 of everything before it: 62^6 > 2^32.
const CHECKSUM: usize = 6;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What a key is for. Both may do the same; the name shows which one has leaked, or was pasted into the wrong place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Env {
    /// For a program that is in use.
    #[default]
    Live,
    /// For one that is being written.
    Test,
}

impl Env {
    /// Name as stored, and in the key.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }

    /// The environment of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Live, Self::Test]
            .into_iter()
            .find(|env| env.as_str() == name)
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Live => "at_live_",
            Self::Test => "at_test_",
        }
    }
}

/// A whole key, as a program shows it. It is known here only while a request or a page is made.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText(String);

impl KeyText {
    /// Makes a fresh key.
    #[must_use]
    pub fn generate(env: Env) -> Self {
        let mut random = rand::rng();
        let mut letters = |count| -> String {
            (0..count)
                .map(|_| char::from(random.sample(Alphanumeric)))
                .collect()
        };
        let body = format!("{}{}_{}", env.prefix(), letters(PUBLIC), letters(SECRET));
        let sum = checksum(&body);
        Self(body + &sum)
    }

    /// Reads a key that came from outside; `None` when it is none, or is not whole.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = [Env::Live, Env::Test]
            .into_iter()
            .find_map(|env| text.strip_prefix(env.prefix()))?;
        let bytes = rest.as_bytes();
        let shaped = bytes.len() == PUBLIC + 1 + SECRET + CHECKSUM
            && bytes.iter().enumerate().all(|(at, byte)| {
                if at == PUBLIC {
                    *byte == b'_'
                } else {
                    byte.is_ascii_alphanumeric()
                }
            });
        if !shaped {
            return None;
        }
        let (body, sum) = text.split_at(text.len() - CHECKSUM);
        (checksum(body) == sum).then(|| Self(text.to_owned()))
    }

    /// Whether this much of a text looks like a key: somebody put one where it does not belong.
    #[must_use]
    pub fn is_in(text: &str) -> bool {
        [Env::Live, Env::Test].into_iter().any(|env| {
            text.match_indices(env.prefix()).any(|(at, prefix)| {
                let rest = &text.as_bytes()[at + prefix.len()..];
                rest.len() >= PUBLIC && rest[..PUBLIC].iter().all(u8::is_ascii_alphanumeric)
            })
        })
    }

    /// The key itself, to be shown once.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part that names it.
    #[must_use]
    pub fn public_id(&self) -> &str {
        // Both prefixes are of one length.
        let start = Env::Live.prefix().len();
        &self.0[start..start + PUBLIC]
    }

    /// Its end, for people to tell keys apart.
    #[must_use]
    pub fn last4(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }
}

/// Never shows the key: it must not reach a log.
impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyText({}..)", self.public_id())
    }
}

/// How a key is shown once its secret is gone.
#[must_use]
pub fn masked(env: Env, public_id: &str, last4: &str) -> String {
    format!("{}{public_id}_…{last4}", env.prefix())
}

/// What keys are hashed with: known to the servers and not to the database.
#[derive(Clone)]
pub struct Pepper(Vec<u8>);

impl Pepper {
    /// A pepper from its setting.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }

    /// HMAC-SHA-256 of a key.
    ///
    /// # Panics
    /// Never: HMAC takes a pepper of any length.
    #[must_use]
    pub fn hash(&self, key: &KeyText) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(key.0.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Whether `hash` is that of the key, in a time that tells nothing.
    #[must_use]
    pub fn verify(&self, key: &KeyText, hash: &[u8]) -> bool {
        self.hash(key).as_slice().ct_eq(hash).into()
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper(..)")
    }
}

/// The CRC-32 of a text in six digits of base 62.
fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut sum = [b'0'; CHECKSUM];
    for digit in sum.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    sum.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_journey_and_stays_out_of_logs() {
        for env in [Env::Live, Env::Test] {
            let key = KeyText::generate(env);
            assert_eq!(key.as_str().len(), 8 + 12 + 1 + 43 + 6);
            assert!(key.as_str().starts_with(env.prefix()));
            assert_eq!(KeyText::parse(key.as_str()), Some(key.clone()));
            assert!(!format!("{key:?}").contains(key.last4()));
            assert_ne!(KeyText::generate(env), key);
        }
    }

    #[test]
    fn one_wrong_letter_anywhere_is_noticed_without_a_look_up() {
        let key = KeyText::generate(Env::Live);
        for at in 0..key.as_str().len() {
            let mut letters: Vec<char> = key.as_str().chars().collect();
            letters[at] = if letters[at] == 'x' { 'y' } else { 'x' };
            let text: String = letters.into_iter().collect();
            assert!(KeyText::parse(&text).is_none(), "{text}");
        }
        for text in ["", "at_live_", "at_live_é", &format!("{}0", key.as_str())] {
            assert!(KeyText::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_checksum_is_the_one_that_scanners_know() {
        assert_eq!(checksum(""), "000000");
        // CRC-32 of "123456789" is 0xcbf43926.
        assert_eq!(checksum("123456789"), "3jZRME");
    }

    #[test]
    fn a_hash_needs_the_pepper_and_the_whole_key() {
        let (key, other) = (KeyText::generate(Env::Live), KeyText::generate(Env::Live));
        let (one, two) = (Pepper::new("one"), Pepper::new("two"));
        assert!(one.verify(&key, &one.hash(&key)));
        assert!(!two.verify(&key, &one.hash(&key)));
        assert!(!one.verify(&other, &one.hash(&key)));
        assert!(!one.verify(&key, &[]));
        assert!(!format!("{one:?}").contains("one"));
    }

    #[test]
    fn a_key_where_it_does_not_belong_is_seen() {
        let key = KeyText::generate(Env::Test);
        assert!(KeyText::is_in(&format!("limit=5&key={}", key.as_str())));
        assert!(!KeyText::is_in("q=at_live_music"));
        assert!(!KeyText::is_in("limit=5"));
    }

    #[test]
    fn a_key_is_shown_by_its_ends() {
        assert_eq!(
            masked(Env::Live, "AbCdEf012345", "9xYz"),
            "at_live_AbCdEf012345_…9xYz"
        );
    }
}
