//! `Idempotency-Key`: a POST that may be repeated has its effect once and gives the same answer.
//!
//! The key is claimed, the work done and the answer stored in one transaction, so a repeated request
//! either waits for the first and replays its answer, or finds nothing and does the work itself.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use kernel::{Error, Result, Timestamp};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use tenant_resolver::TenantTx;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterIn};
use uuid::Uuid;

use crate::answer::respond;
use crate::precondition::header_parameter;
use crate::{Answer, App, Ctx, Failure};

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

impl IntoParams for IdempotencyKey {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = "The same key again gives the same answer, for 24 hours.";
        vec![header_parameter("Idempotency-Key", text, Required::False)]
    }
}

impl IdempotencyKey {
    /// Does the work once for this key and input, in a transaction of the tenant, and gives the same answer again when
    /// the request is repeated.
    ///
    /// # Errors
    /// As [`IdempotencyKey::replay`], and those of the work.
    pub async fn once<I, W>(&self, ctx: &Ctx, input: I, work: W) -> crate::Result<Response>
    where
        I: Serialize,
        W: AsyncFnOnce(&mut TenantTx, I) -> crate::Result<Answer>,
    {
        let mut tx = ctx.begin().await?;
        if let Some(response) = self.replay(tx.conn(), ctx, &input).await? {
            return Ok(response);
        }
        let answer = work(&mut tx, input).await?;
        if answer.void {
            return Ok(answer.into_response()?);
        }
        let response = self.answer(tx.conn(), ctx, answer).await?;
        tx.commit().await?;
        Ok(response)
    }

    /// Claims the key in the transaction of `conn`. `Some` is the stored answer of an earlier request: return it as it
    /// is. [`IdempotencyKey::once`] does this and the rest, unless the work needs a transaction of its own kind.
    ///
    /// # Errors
    /// [`Error::Invalid`] with `idempotency_key_reused` when the key came with another request before.
    pub async fn replay(
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
        let mut response = respond(status.unwrap_or(StatusCode::OK), stored.body);
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

    /// Stores the answer with the key that [`IdempotencyKey::replay`] claimed, to be committed with the work.
    ///
    /// # Errors
    /// When a header is none or the statement fails.
    pub async fn answer(
        &self,
        conn: &mut PgConnection,
        ctx: &Ctx,
        answer: Answer,
    ) -> Result<Response> {
        if let Some(key) = &self.key {
            crate::store::store_answer(
                conn,
                ctx.tenant().id,
                actor(ctx),
                key,
                i16::try_from(answer.status.as_u16()).map_err(Error::internal)?,
                answer.stored_headers()?,
                answer.stored_body()?,
            )
            .await?;
        }
        answer.into_response()
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
