//! Logging in with address and password.

use std::net::IpAddr;
use std::time::Duration;

use kernel::{Email, Result, Timestamp};

use crate::limits::{self, LOGIN_ACCOUNT, LOGIN_NETWORK, LOGIN_PAIR, Verdict};
use crate::sessions::{self, NewSession};
use crate::{Accounts, SessionToken, passwords, users};

/// A try at logging in.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The address.
    pub email: &'a Email,
    /// The password, verbatim.
    pub password: &'a str,
    /// The host that the session will be good for, without port.
    pub host: &'a str,
    /// Address of the client.
    pub ip: IpAddr,
    /// Browser as it names itself.
    pub user_agent: &'a str,
}

/// What came of it.
#[derive(Debug)]
pub enum SignIn {
    /// Signed in, under a new token.
    Done(SessionToken),
    /// Refused. Unknown address, wrong password, unconfirmed address and disabled account look alike.
    Refused,
    /// Too many tries; not before this much time has passed.
    Wait(Duration),
    /// Too many tries for this address; a reset by mail opens it again.
    Locked,
}

impl Accounts {
    /// Tries to log in.
    ///
    /// Every try is counted before it is judged, and every judgement costs one Argon2, whether or not there is such an
    /// account: neither text nor time tells which addresses are known. No connection is held while hashing.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sign_in(&self, attempt: Attempt<'_>, now: Timestamp) -> Result<SignIn> {
        let account = attempt.email.normal();
        let network = limits::network(attempt.ip);
        let pair = limits::pair(account, attempt.ip);
        // In this order everywhere, so that tries at the same moment do not wait for each other in a circle. A refusal
        // ends the count: whoever is stopped as a pair cannot lock the account for everybody.
        let counters = [
            (LOGIN_PAIR, pair.as_str()),
            (LOGIN_NETWORK, network.as_str()),
            (LOGIN_ACCOUNT, account),
        ];

        let mut tx = self.db().begin().await?;
        let mut verdict = Verdict::Free;
        for (limit, key) in counters {
            verdict = limits::count(tx.conn(), limit, key, now).await?;
            if verdict != Verdict::Free {
                break;
            }
        }
        let known = users::credentials(tx.conn(), attempt.email).await?;
        tx.commit().await?;
        match verdict {
            Verdict::Free => {}
            Verdict::Wait(time) => return Ok(SignIn::Wait(time)),
            Verdict::Locked => return Ok(SignIn::Locked),
        }

        let stored = known
            .as_ref()
            .and_then(|user| user.password_hash.as_deref());
        let matches = passwords::verify(attempt.password, stored).await?;
        let Some(user) = known.filter(|user| matches && user.may_sign_in) else {
            return Ok(SignIn::Refused);
        };

        let mut tx = self.db().begin().await?;
        users::note_login(tx.conn(), user.id, now).await?;
        limits::clear(tx.conn(), LOGIN_PAIR, &pair).await?;
        limits::give_back(tx.conn(), LOGIN_NETWORK, &network).await?;
        limits::clear(tx.conn(), LOGIN_ACCOUNT, account).await?;
        let session = NewSession {
            user: user.id,
            tenant: None,
            login: None,
            host: attempt.host,
            ip: attempt.ip,
            user_agent: attempt.user_agent,
            now,
        };
        let token = sessions::create(tx.conn(), session).await?;
        tx.commit().await?;
        Ok(SignIn::Done(token))
    }
}
