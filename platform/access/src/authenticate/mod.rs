//! Who a program is: by a key or a token in `Authorization`.
//!
//! Whatever is wrong with a key, the answer is the same: [`Error::InvalidKey`]. A key that is not whole is refused
//! before anything is looked up.

pub(crate) mod api;

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use ipnet::IpNet;
use kernel::{Error, MembershipId, PermissionSet, Result, Scope, TenantId, Timestamp};
use module::{ApiKey, Person};

use crate::jwt::{Claims, LIFETIME, seconds};
use crate::token::KeyText;
use crate::{Access, Origins, Quota, keys};

/// A key as requests need it: read once, cached, forgotten when anything of it changes.
#[derive(Debug)]
pub(crate) struct Record {
    hash: Vec<u8>,
    /// Whether the key and its application are in use at all.
    usable: bool,
    /// From when on it is not any more: its own end, or that of its overlap after a rotation.
    ends_at: Option<Timestamp>,
    networks: Vec<IpNet>,
    /// Requests a minute, where somebody granted it a number of its own.
    rate_limit: Option<i64>,
    scopes: Vec<&'static Scope>,
    person: Arc<Person>,
    key: Arc<ApiKey>,
    origins: Arc<Origins>,
}

/// A program that showed a good key or token.
#[derive(Clone, Debug)]
pub struct Authenticated {
    /// The member who made the key, with what its scopes allow.
    pub person: Arc<Person>,
    /// The key.
    pub key: Arc<ApiKey>,
    /// Requests a minute, where the key has a number of its own.
    pub rate_limit: Option<i64>,
    /// Origins whose scripts may read the answer.
    pub origins: Arc<Origins>,
}

/// What stands in `Authorization`.
#[derive(Debug, PartialEq, Eq)]
enum Shown {
    Key(KeyText),
    Token(String),
}

/// Reads `Authorization`: `Bearer` with a key or a token, or `Basic` with the key as name or as password.
fn read(header: &HeaderValue) -> Option<Shown> {
    let (scheme, rest) = header.to_str().ok()?.trim().split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        if rest.contains('.') {
            return Some(Shown::Token(rest.to_owned()));
        }
        return KeyText::parse(rest).map(Shown::Key);
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    let text = if password.is_empty() { name } else { password };
    KeyText::parse(text).map(Shown::Key)
}

/// Whether a path and query has a key in it: it would stand in logs and histories.
#[must_use]
pub fn names_key(path: &str) -> bool {
    path.split_once('?').is_some_and(|(_, query)| {
        KeyText::is_in(query)
            || query.split('&').any(|pair| {
                matches!(
                    pair.split('=').next(),
                    Some("api_key" | "apikey" | "access_token")
                )
            })
    })
}

impl Access {
    /// Who shows this `Authorization` to a tenant, whose host is `host`.
    ///
    /// # Errors
    /// [`Error::InvalidKey`] for anything that is not a good key or token of this tenant, and
    /// [`Error::ForeignNetwork`] for a good one from a network that it is not meant for.
    pub async fn authenticate(
        &self,
        tenant: TenantId,
        host: &str,
        authorization: &HeaderValue,
        ip: IpAddr,
        now: Timestamp,
    ) -> Result<Authenticated> {
        let (record, claims) = match read(authorization).ok_or(Error::InvalidKey)? {
            Shown::Key(key) => (self.by_key(tenant, &key).await?, None),
            Shown::Token(token) => {
                let claims = self.secrets().signer.read(&token, host, now)?;
                let record = self.record(tenant, &claims.sub).await?;
                (record.ok_or(Error::InvalidKey)?, Some(claims))
            }
        };
        if !record.usable || record.ends_at.is_some_and(|end| end <= now) {
            return Err(Error::InvalidKey);
        }
        let ip = ip.to_canonical();
        if !record.networks.is_empty() && !record.networks.iter().any(|net| net.contains(&ip)) {
            return Err(Error::ForeignNetwork);
        }
        let (origins, rate_limit) = (Arc::clone(&record.origins), record.rate_limit);
        let (person, key) = match claims {
            None => (Arc::clone(&record.person), Arc::clone(&record.key)),
            Some(claims) => record.narrowed(&claims),
        };
        Ok(Authenticated {
            person,
            key,
            rate_limit,
            origins,
        })
    }

    /// Counts a request of a program and says what is left; the refusal stands beside it.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn admit(
        &self,
        tenant: TenantId,
        program: &Authenticated,
        ip: IpAddr,
        now: Timestamp,
    ) -> Result<(Quota, Result<()>)> {
        let key = program.key.id;
        let (quota, outcome) = self.count(tenant, key, program.rate_limit, now).await?;
        self.note(tenant, key, ip, outcome.is_err(), now).await;
        Ok((quota, outcome))
    }

    async fn by_key(&self, tenant: TenantId, key: &KeyText) -> Result<Arc<Record>> {
        let secrets = self.secrets();
        let Some(record) = self.record(tenant, key.public_id()).await? else {
            // As much work as for a key that exists.
            let _ = secrets.pepper.verify(key, &[0; 32]);
            return Err(Error::InvalidKey);
        };
        if secrets.pepper.verify(key, &record.hash) {
            return Ok(record);
        }
        let former = secrets.former_pepper.as_ref();
        if former.is_some_and(|pepper| pepper.verify(key, &record.hash)) {
            let hash = secrets.pepper.hash(key);
            keys::store::set_hash(self.db().pool(), tenant, record.key.id, &hash).await?;
            return Ok(record);
        }
        Err(Error::InvalidKey)
    }

    /// Reads a key from the database.
    pub(crate) async fn look_up(
        &self,
        tenant: TenantId,
        public_id: &str,
    ) -> Result<Option<Record>> {
        let Some(row) = keys::store::find_by_public_id(self.db().pool(), tenant, public_id).await?
        else {
            return Ok(None);
        };
        let maker = self
            .tenants()
            .member_name(tenant, MembershipId(row.created_by))
            .await?;
        let scopes = self.scopes(&row.module_key, &row.scopes);
        let (user, name, email) = maker.ok_or_else(|| {
            Error::internal(format!("the key {} has no member who made it", row.id))
        })?;
        Ok(Some(Record {
            hash: row.secret_hash,
            usable: row.revoked_at.is_none() && row.application_active,
            ends_at: row.expires_at.into_iter().chain(row.revoke_at).min(),
            rate_limit: row.rate_limit_per_min.map(i64::from),
            networks: row
                .allowed_cidrs
                .iter()
                .filter_map(|text| text.parse().ok())
                .collect(),
            person: Arc::new(Person {
                user,
                membership: MembershipId(row.created_by),
                name,
                email,
                roles: Vec::new(),
                permissions: permissions(&scopes),
                // What was shared with the maker alone is not handed on.
                grants: Arc::default(),
                until: None,
            }),
            key: Arc::new(ApiKey {
                id: row.id,
                public_id: public_id.to_owned(),
                application: row.application_id,
                application_name: row.application_name,
                name: row.name,
                scopes: scopes.iter().map(|scope| scope.key).collect(),
                cache_seconds: u32::try_from(row.cache_seconds).unwrap_or_default(),
                by_token: false,
            }),
            origins: Arc::new(Origins::of(row.allowed_origins)),
            scopes,
        }))
    }

    /// The scopes of these names that are still offered.
    fn scopes(&self, product: &str, names: &[String]) -> Vec<&'static Scope> {
        self.offered(product)
            .filter(|scope| names.iter().any(|name| name == scope.key))
            .collect()
    }

    /// Makes a token of a quarter of an hour from a key that was shown, with all of its scopes or fewer.
    ///
    /// # Errors
    /// [`Error::Invalid`] for scopes that the key does not have.
    pub(crate) fn exchange(
        &self,
        public_id: &str,
        host: &str,
        scopes: &[&'static str],
        now: Timestamp,
    ) -> Result<String> {
        self.secrets().signer.sign(&Claims {
            sub: public_id.to_owned(),
            aud: host.to_owned(),
            iat: seconds(now),
            exp: seconds(now.plus(LIFETIME)),
            scope: scopes.join(" "),
        })
    }
}

impl Record {
    /// What a token leaves of the key: the scopes that both name.
    fn narrowed(&self, claims: &Claims) -> (Arc<Person>, Arc<ApiKey>) {
        let named: Vec<&str> = claims.scope.split(' ').collect();
        let scopes: Vec<&'static Scope> = self
            .scopes
            .iter()
            .copied()
            .filter(|scope| named.contains(&scope.key))
            .collect();
        let person = Person {
            permissions: permissions(&scopes),
            ..Person::clone(&self.person)
        };
        let key = ApiKey {
            scopes: scopes.iter().map(|scope| scope.key).collect(),
            by_token: true,
            ..ApiKey::clone(&self.key)
        };
        (Arc::new(person), Arc::new(key))
    }
}

fn permissions(scopes: &[&'static Scope]) -> PermissionSet {
    scopes
        .iter()
        .flat_map(|scope| scope.permissions.iter().copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::Env;

    fn header(text: &str) -> HeaderValue {
        HeaderValue::from_str(text).unwrap()
    }

    #[test]
    fn a_key_comes_as_bearer_or_basic() {
        let key = KeyText::generate(Env::Live);
        let text = key.as_str();
        let basic = |pair: String| format!("Basic {}", STANDARD.encode(pair));
        for shown in [
            format!("Bearer {text}"),
            format!("bearer  {text} "),
            basic(format!("{text}:")),
            basic(format!("key:{text}")),
        ] {
            assert_eq!(
                read(&header(&shown)),
                Some(Shown::Key(key.clone())),
                "{shown}"
            );
        }
        let token = read(&header("Bearer a.b.c"));
        assert_eq!(token, Some(Shown::Token("a.b.c".into())));
        for bad in [
            text.to_owned(),
            format!("Token {text}"),
            format!("Bearer {}", &text[..60]),
            "Basic !".to_owned(),
            basic("nothing".into()),
            "Bearer".to_owned(),
        ] {
            assert_eq!(read(&header(&bad)), None, "{bad}");
        }
    }

    #[test]
    fn keys_in_addresses_are_seen() {
        let key = KeyText::generate(Env::Live);
        assert!(names_key(&format!("/api/v1/blog/posts?x={}", key.as_str())));
        assert!(names_key("/api/v1/blog/posts?api_key=1"));
        assert!(!names_key("/api/v1/blog/posts?q=key&limit=5"));
        assert!(!names_key("/api/v1/blog/posts"));
    }
}
