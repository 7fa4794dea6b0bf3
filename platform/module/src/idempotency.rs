//! `Idempotency-Key`: a POST that may be repeated has its effect once and gives the same answer.
//!
//! The key is claimed, the work done and the answer stored in one transaction, so a repeated request
//! either waits for the first and replays its answer, or finds nothing and does the work itself.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode, header};
use kernel::{Error, Result, Timestamp};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use tenant_resolver::TenantTx;
use uuid::Uuid;

use crate::{App, Ctx, Failure};

/// How long an answer is kept for those who ask again.
const KEEP: Duration = Duration::from_hours(24);

/// The `Idempotency-Key` of a request, if it has one.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    key: Option<String>,
    route: String,
}

/// A stored answer.
pub(crate) struct Stored {
    pub request_hash: Vec<u8>,
    pub status: i16,
    pub headers: serde_json::Value,
    pub body: String,
}

impl FromRequestParts<App> for IdempotencyKey {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> std::result::Result<Self, Failure> {
        let route = format!("{} {}", parts.method, parts.uri.path());
        let Some(value) = parts.headers.get("idempotency-key") else {
            return Ok(Self { key: None, route });
        };
        let key = value
            .to_str()
            .ok()
            .filter(|key| (1..=255).contains(&key.len()))
            .ok_or_else(|| {
                Error::bad_request(
                    "invalid_idempotency_key",
                    "An Idempotency-Key has 1 to 255 visible ASCII characters.",
                )
            })?;
        Ok(Self {
            key: Some(key.to_owned()),
            route,
        })
    }
}

impl IdempotencyKey {
    /// Claims the key in `tx`. `Some` is the stored answer of an earlier request: return it as it is.
    ///
    /// # Errors
    /// [`Error::Invalid`] with `idempotency_key_reused` when the key came with another request before.
    pub async fn replay(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        input: &impl Serialize,
    ) -> Result<Option<Response>> {
        self.replay_for(tx.conn(), ctx, input).await
    }

    /// As [`IdempotencyKey::replay`], in a transaction of the platform.
    ///
    /// # Errors
    /// As [`IdempotencyKey::replay`].
    pub async fn replay_for(
        &self,
        conn: &mut PgConnection,
        ctx: &Ctx,
        input: &impl Serialize,
    ) -> Result<Option<Response>> {
        let Some(key) = &self.key else {
            return Ok(None);
        };
        let hash = self.hash(input)?;
        let tenant = ctx.tenant().id;
        let Some(stored) =
            crate::store::claim_key(conn, tenant, actor(ctx), key, &hash, ctx.now()).await?
        else {
            return Ok(None);
        };
        if stored.request_hash != hash {
            return Err(kernel::FieldError::new(
                "Idempotency-Key",
                "idempotency_key_reused",
                "This Idempotency-Key was used for a different request. Use a new one.",
            )
            .into());
        }
        let status = u16::try_from(stored.status)
            .ok()
            .and_then(|status| StatusCode::from_u16(status).ok());
        let mut response = (status.unwrap_or(StatusCode::OK), stored.body).into_response();
        // What it was stands among the stored headers, if it was anything.
        response.headers_mut().remove(header::CONTENT_TYPE);
        let headers: Vec<(String, String)> = serde_json::from_value(stored.headers)?;
        for (name, value) in headers {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                response.headers_mut().insert(name, value);
            }
        }
        response
            .headers_mut()
            .insert("idempotent-replayed", HeaderValue::from_static("true"));
        Ok(Some(response))
    }

    /// Makes the answer and stores it with the key, to be committed with the work.
    ///
    /// # Errors
    /// When the body cannot be written or the statement fails.
    pub async fn answer(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        status: StatusCode,
        headers: &[(HeaderName, String)],
        body: &impl Serialize,
    ) -> Result<Response> {
        self.keep(tx.conn(), ctx, status, headers, body, body).await
    }

    /// As [`IdempotencyKey::answer`], for a body with something in it that is shown once and kept nowhere: `kept` is
    /// what whoever repeats the request gets.
    ///
    /// # Errors
    /// As [`IdempotencyKey::answer`].
    pub async fn answer_once(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        status: StatusCode,
        headers: &[(HeaderName, String)],
        body: &impl Serialize,
        kept: &impl Serialize,
    ) -> Result<Response> {
        self.keep(tx.conn(), ctx, status, headers, body, kept).await
    }

    /// As [`IdempotencyKey::answer`], in a transaction of the platform.
    ///
    /// # Errors
    /// As [`IdempotencyKey::answer`].
    pub async fn answer_for(
        &self,
        conn: &mut PgConnection,
        ctx: &Ctx,
        status: StatusCode,
        headers: &[(HeaderName, String)],
        body: &impl Serialize,
    ) -> Result<Response> {
        self.keep(conn, ctx, status, headers, body, body).await
    }

    async fn keep(
        &self,
        conn: &mut PgConnection,
        ctx: &Ctx,
        status: StatusCode,
        headers: &[(HeaderName, String)],
        body: &impl Serialize,
        kept: &impl Serialize,
    ) -> Result<Response> {
        let written = |body| match status {
            StatusCode::NO_CONTENT => Ok(String::new()),
            _ => body,
        };
        let kept = written(serde_json::to_string(kept))?;
        let body = written(serde_json::to_string(body))?;
        let mut all = Vec::new();
        if status != StatusCode::NO_CONTENT {
            let json = "application/json".to_owned();
            all.push((header::CONTENT_TYPE.to_string(), json));
        }
        all.extend(
            headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.clone())),
        );
        if let Some(key) = &self.key {
            let tenant = ctx.tenant().id;
            let stored = i16::try_from(status.as_u16()).map_err(Error::internal)?;
            crate::store::store_answer(
                conn,
                tenant,
                actor(ctx),
                key,
                stored,
                serde_json::to_value(&all)?,
                &kept,
            )
            .await?;
        }
        let mut response = (status, body).into_response();
        response.headers_mut().remove(header::CONTENT_TYPE);
        for (name, value) in all {
            let name = HeaderName::try_from(name).map_err(Error::internal)?;
            response
                .headers_mut()
                .insert(name, HeaderValue::try_from(value).map_err(Error::internal)?);
        }
        Ok(response)
    }

    fn hash(&self, input: &impl Serialize) -> Result<Vec<u8>> {
        let mut hash = Sha256::new();
        hash.update(self.route.as_bytes());
        hash.update([0]);
        hash.update(serde_json::to_vec(input)?);
        Ok(hash.finalize().to_vec())
    }
}

/// Forgets up to `limit` answers that are older than a day, over all tenants, on the platform's side of
/// the database; returns how many.
///
/// # Errors
/// When the statement fails.
pub async fn forget_old_answers(
    conn: &mut PgConnection,
    now: Timestamp,
    limit: i64,
) -> Result<u64> {
    crate::store::delete_keys(conn, now.minus(KEEP), limit).await
}

/// Whose keys these are: a program's by its own key, so that it never meets the member who made it.
fn actor(ctx: &Ctx) -> Uuid {
    match (ctx.key(), ctx.visitor()) {
        (Some(key), _) => key.id.0,
        (None, Some(person)) => person.membership.0,
        (None, None) => Uuid::nil(),
    }
}
