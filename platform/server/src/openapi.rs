//! The API's description: what utoipa collected, and what follows from the table of routes.

use kernel::Scope;
use module::{GateKind, RouteFacts};
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{InfoBuilder, OpenApi, RefOr};

use crate::modules;
use crate::router::Table;

const ABOUT: &str = "What the pages of a workspace can do, for programs. Served on the workspace's own host; \
     every answer concerns that workspace alone. Problems are RFC 9457 documents with a stable `code`.";

/// Completes what utoipa collected: whom each operation lets in, by a permission and the scopes that cover it.
#[must_use]
pub fn describe(collected: OpenApi, facts: &[RouteFacts]) -> OpenApi {
    let mut description = collected;
    description.info = InfoBuilder::new()
        .title("Atelier API")
        .version("1")
        .description(Some(ABOUT))
        .build();
    let schemes = description.components.get_or_insert_default();
    for (name, scheme) in schemes_of_keys() {
        schemes.add_security_scheme(name, scheme);
    }
    let scopes = modules::scopes();
    for route in facts.iter().filter(|route| route.api) {
        let Some(item) = description.paths.paths.get_mut(&route.path) else {
            continue;
        };
        let operation = match route.method.as_str() {
            "GET" => item.get.as_mut(),
            "POST" => item.post.as_mut(),
            "PUT" => item.put.as_mut(),
            "PATCH" => item.patch.as_mut(),
            "DELETE" => item.delete.as_mut(),
            _ => None,
        };
        if let Some(operation) = operation {
            secure(operation, route.gate, &scopes);
        }
    }
    if let Some(components) = &mut description.components {
        components.schemas.values_mut().for_each(describe_choices);
    }
    description
}

/// A field that is a schema or null is described inside of its first choice, where readers do not look: its
/// description belongs to the field.
fn describe_choices(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            for field in object.properties.values_mut() {
                if let RefOr::T(Schema::OneOf(choices)) = field
                    && choices.description.is_none()
                {
                    choices.description = choices.items.iter_mut().find_map(|item| match item {
                        RefOr::Ref(to) if !to.description.is_empty() => {
                            Some(std::mem::take(&mut to.description))
                        }
                        _ => None,
                    });
                }
            }
        }
        // A struct with flattened parts.
        RefOr::T(Schema::AllOf(parts)) => parts.items.iter_mut().for_each(describe_choices),
        _ => {}
    }
}

/// How somebody says who they are.
fn schemes_of_keys() -> [(&'static str, SecurityScheme); 3] {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A key of an application, `at_live_..`, or a token made from one at `/api/v1/token`.",
        ))
        .build();
    let basic = HttpBuilder::new()
        .scheme(HttpAuthScheme::Basic)
        .description(Some("The key as the name, without a password."))
        .build();
    let session = ApiKeyValue::with_description(
        "sid",
        "The session of a member in a browser; over https the cookie is `__Host-sid`.",
    );
    [
        ("key", SecurityScheme::Http(bearer)),
        ("basic", SecurityScheme::Http(basic)),
        ("session", SecurityScheme::ApiKey(ApiKey::Cookie(session))),
    ]
}

/// Notes who may call an operation. Of several requirements one is enough.
fn secure(operation: &mut Operation, gate: GateKind, scopes: &[&'static Scope]) {
    let none: [&str; 0] = [];
    let mut security = Vec::new();
    match gate {
        GateKind::Permission(permission) => {
            let extension = ExtensionsBuilder::new()
                .add("x-permission", permission)
                .build();
            operation
                .extensions
                .get_or_insert_default()
                .merge(extension);
            let covering = scopes
                .iter()
                .filter(|scope| scope.permissions.contains(&permission));
            for scope in covering {
                security.push(SecurityRequirement::new("key", [scope.key]));
                security.push(SecurityRequirement::new("basic", [scope.key]));
            }
            security.push(SecurityRequirement::new("session", none));
        }
        GateKind::Key => {
            security.push(SecurityRequirement::new("key", none));
            security.push(SecurityRequirement::new("basic", none));
        }
        GateKind::Member => security.push(SecurityRequirement::new("session", none)),
        _ => {}
    }
    if !security.is_empty() {
        operation.security = Some(security);
    }
}

/// The API's description of this build, without serving anything.
#[must_use]
pub fn description() -> OpenApi {
    let table = Table::new(false);
    let facts = table.facts();
    let (_, collected, _) = table.tenant.into_parts();
    describe(collected, &facts)
}
