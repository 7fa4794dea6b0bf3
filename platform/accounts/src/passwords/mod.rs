//! Passwords: what may be one, and what is kept of it.

mod common;

use std::sync::LazyLock;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use kernel::{Error, FieldError, Result};
use tokio::sync::Semaphore;

/// Fewest characters of a password (ASVS 5.0 6.2.1).
pub const SHORTEST: usize = 8;
/// Most characters of a password; every one of them counts (ASVS 5.0 6.2.9).
pub const LONGEST: usize = 128;

/// Memory in KiB, passes and lanes of Argon2id (OWASP's first recommendation).
const COST: (u32, u32, u32) = (19_456, 2, 1);
/// How long a log-in waits for its turn before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(10);

/// A hash of a random password that nobody knows, at [`COST`]: what is checked for an address that nobody has, so
/// that the time of the answer does not tell.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$eCSBwVhrSV18olYqlRVi3w$JQ0bBD+GRkbN6456P6aBzIzc2EIoypLXaAW9/8AVnuc";

/// At most as many hashes at once as there are processors: each takes 19 MiB and a whole processor.
static TURNS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)));

/// Holds a new password against the rules: 8 to 128 characters, none of the common ones, not the person's own
/// address or name. There are no rules about kinds of characters, and the password is taken verbatim.
///
/// `field` is the name of the form's field; `own` is what the password must not merely repeat.
///
/// # Errors
/// The broken rule.
pub fn check(field: &'static str, password: &str, own: &[&str]) -> Result<(), FieldError> {
    let length = password.chars().count();
    if length < SHORTEST {
        let message = format!("Use at least {SHORTEST} characters.");
        return Err(FieldError::new(field, "too_short", message));
    }
    if length > LONGEST {
        let message = format!("Use at most {LONGEST} characters.");
        return Err(FieldError::new(field, "too_long", message));
    }
    if common::repeats(password, own) {
        let message = "Choose something other than your name or address.";
        return Err(FieldError::new(field, "own_data", message));
    }
    if common::is_common(password) {
        let message = "This password is easy to guess. A few unrelated words make a good one.";
        return Err(FieldError::new(field, "common", message));
    }
    Ok(())
}

/// Makes of a password what may be stored: Argon2id with a random salt, in PHC form.
///
/// # Errors
/// [`Error::Unavailable`] when too many others are waiting for their turn.
pub async fn hash(password: &str) -> Result<String> {
    let password = password.to_owned();
    in_turn(move || {
        let hash: PasswordHash = argon2()?.hash_password(password.as_bytes())?;
        Ok(hash.to_string())
    })
    .await
}

/// Whether a password is the one that was stored. Without a stored one the same work is done for nothing.
///
/// # Errors
/// [`Error::Unavailable`] when too many others are waiting for their turn.
pub async fn verify(password: &str, stored: Option<&str>) -> Result<bool> {
    let known = stored.is_some();
    let password = password.to_owned();
    let stored = stored.unwrap_or(DUMMY).to_owned();
    let matches = in_turn(move || {
        match argon2()?.verify_password(password.as_bytes(), &PasswordHash::new(&stored)?) {
            Ok(()) => Ok(true),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(error),
        }
    })
    .await?;
    Ok(known && matches)
}

/// Runs `work` where it may block, when it is its turn.
async fn in_turn<T: Send + 'static>(
    work: impl FnOnce() -> argon2::password_hash::Result<T> + Send + 'static,
) -> Result<T> {
    let turn = tokio::time::timeout(PATIENCE, TURNS.acquire())
        .await
        .map_err(|_| Error::Unavailable("Signing in"))?
        .map_err(Error::internal)?;
    // The turn goes with the work: a caller that hangs up does not let another in beside it.
    let done = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(turn);
        done
    });
    done.await
        .map_err(Error::internal)?
        .map_err(|error| Error::internal(error.to_string()))
}

fn argon2() -> argon2::password_hash::Result<Argon2<'static>> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_no_other() {
        let stored = hash(" open Sesame, 8 ").await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify(" open Sesame, 8 ", Some(&stored)).await.unwrap());
        // Verbatim: neither trimmed nor folded.
        assert!(!verify("open Sesame, 8", Some(&stored)).await.unwrap());
        assert!(!verify(" open sesame, 8 ", Some(&stored)).await.unwrap());
    }

    #[tokio::test]
    async fn nobodys_password_is_never_right() {
        assert!(!verify("anything at all", None).await.unwrap());
    }

    #[test]
    fn the_dummy_costs_what_a_real_hash_costs() {
        let dummy = PasswordHash::new(DUMMY).unwrap();
        let params = Params::try_from(&dummy).unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), COST);
        assert_eq!(dummy.algorithm.as_str(), "argon2id");
    }

    #[test]
    fn length_counts_characters() {
        let code = |password: &str| check("password", password, &[]).map_err(|e| e.code);
        assert_eq!(code("kürbis7"), Err("too_short"));
        assert_eq!(code("kürbis 7"), Ok(()));
        assert_eq!(code(&"äb c".repeat(32)), Err("common"));
        let long: String = ('!'..='~').cycle().step_by(7).take(129).collect();
        assert_eq!(code(&long), Err("too_long"));
        assert_eq!(code(&long[..128]), Ok(()));
    }

    #[test]
    fn the_persons_own_words_are_refused() {
        let own = ["mara.lindqvist@example.com", "Mara Lindqvist"];
        for password in [
            "mara.lindqvist@example.com",
            "Mara Lindqvist",
            "maralindqvist1",
            "MARA.LINDQVIST",
            "lindqvist2024",
        ] {
            let code = check("password", password, &own).unwrap_err().code;
            assert_eq!(code, "own_data", "{password}");
        }
        assert!(check("password", "mara keeps seven bees", &own).is_ok());
    }
}
