//! Logging in with address and password.

use std::net::IpAddr;
use std::time::Duration;

use kernel::{Email, Result, Timestamp};
use sqlx::PgConnection;

use crate::limits::{self, LOGIN_ACCOUNT, LOGIN_NETWORK, LOGIN_PAIR, Verdict};
use crate::sessions::{self, NewSession};
use crate::users::Credentials;
use crate::{Accounts, SessionToken, operators, passwords, users};

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
        let user = match self.judge(attempt, now).await? {
            Ok(user) => user,
            Err(refused) => return Ok(refused),
        };
        let mut tx = self.db().begin().await?;
        forgive(tx.conn(), attempt, &user, now).await?;
        let token = sessions::create(tx.conn(), attempt.session(&user, now)).await?;
        tx.commit().await?;
        Ok(SignIn::Done(token))
    }

    /// Tries to log in at the operators' console. The limits are those of [`Accounts::sign_in`], and count together with
    /// its tries; somebody who is no operator is refused as if the password were wrong.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn operator_sign_in(&self, attempt: Attempt<'_>, now: Timestamp) -> Result<SignIn> {
        let user = match self.judge(attempt, now).await? {
            Ok(user) => user,
            Err(refused) => return Ok(refused),
        };
        let mut tx = self.db().begin().await?;
        if operators::find(tx.conn(), user.id).await?.is_none() {
            return Ok(SignIn::Refused);
        }
        forgive(tx.conn(), attempt, &user, now).await?;
        let token = sessions::create_operator(tx.conn(), attempt.session(&user, now)).await?;
        tx.commit().await?;
        Ok(SignIn::Done(token))
    }

    /// Counts a try and holds it against the password.
    async fn judge(
        &self,
        attempt: Attempt<'_>,
        now: Timestamp,
    ) -> Result<Result<Credentials, SignIn>> {
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
            Verdict::Wait(time) => return Ok(Err(SignIn::Wait(time))),
            Verdict::Locked => return Ok(Err(SignIn::Locked)),
        }

        let stored = known
            .as_ref()
            .and_then(|user| user.password_hash.as_deref());
        let matches = passwords::verify(attempt.password, stored).await?;
        Ok(known
            .filter(|user| matches && user.may_sign_in)
            .ok_or(SignIn::Refused))
    }
}

impl<'a> Attempt<'a> {
    fn session(&self, user: &Credentials, now: Timestamp) -> NewSession<'a> {
        NewSession {
            user: user.id,
            tenant: None,
            login: None,
            host: self.host,
            ip: self.ip,
            user_agent: self.user_agent,
            now,
        }
    }
}

/// Takes the tries back that led to a log-in after all.
async fn forgive(
    conn: &mut PgConnection,
    attempt: Attempt<'_>,
    user: &Credentials,
    now: Timestamp,
) -> Result<()> {
    let account = attempt.email.normal();
    users::note_login(conn, user.id, now).await?;
    limits::clear(conn, LOGIN_PAIR, &limits::pair(account, attempt.ip)).await?;
    limits::give_back(conn, LOGIN_NETWORK, &limits::network(attempt.ip)).await?;
    limits::clear(conn, LOGIN_ACCOUNT, account).await
}
