//! `POST /api/v1/token`: a short-lived token for a key.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use kernel::FieldError;
use module::extract::Json;
use module::problems::{Invalid, Refused};
use module::{Keyed, Result, Routes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Access, TOKEN_LIFETIME};

pub(crate) fn routes() -> Routes {
    module::operations!(Routes::new(), exchange)
}

/// What the token is to be good for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct TokenRequest {
    /// Scopes of the key that the token keeps; left out: all of them.
    scopes: Option<Vec<String>>,
}

/// A token. The names are those of RFC 6749, section 5.1.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "as RFC 6749 names them")]
struct Token {
    /// The token, for `Authorization: Bearer`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds that it is good for.
    expires_in: u64,
    /// Its scopes, with blanks between them.
    scope: String,
}

/// Exchange a key for a token
///
/// The token is good for 15 minutes on this host, and ends before that when its key does. Asking again makes another
/// token and changes nothing, so this takes no `Idempotency-Key`.
#[utoipa::path(
    post, path = "/api/v1/token", operation_id = "access.tokens.create", tag = "Access", request_body = TokenRequest,
    responses((status = 200, description = "The token.", body = Token), Refused, Invalid)
)]
async fn exchange(
    ctx: Keyed,
    Extension(access): Extension<Access>,
    Json(body): Json<TokenRequest>,
) -> Result<Response> {
    let key = ctx.key().ok_or(kernel::Error::Unauthenticated)?;
    let scopes: Vec<&'static str> = match &body.scopes {
        None => key.scopes.clone(),
        Some(wanted) => {
            let unknown = wanted
                .iter()
                .find(|name| !key.scopes.contains(&name.as_str()));
            if wanted.is_empty() || unknown.is_some() {
                let error = match unknown {
                    Some(name) => format!("The key does not have the scope {name}."),
                    None => "Name at least one scope of the key.".to_owned(),
                };
                return Err(FieldError::new("scopes", "unknown", error).into());
            }
            let named = key
                .scopes
                .iter()
                .filter(|scope| wanted.iter().any(|name| name == *scope));
            named.copied().collect()
        }
    };
    let host = ctx.app().links().tenant_host(&ctx.tenant().slug);
    let token = Token {
        access_token: access.exchange(&key.public_id, &host, &scopes, ctx.now())?,
        token_type: "Bearer",
        expires_in: TOKEN_LIFETIME.as_secs(),
        scope: scopes.join(" "),
    };
    let mut response = Json(token).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
