//! The reference of the API for people, drawn from its description: `/api/v1/reference`.
//!
//! Everything comes from this server, so it opens without a network, and it never says anything else than
//! `openapi.json` does.

mod model;
mod schema;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use kernel::Error;
use maud::{Markup, PreEscaped, html};
use module::extract::{Path, Query};
use module::{Ctx, Public, Routes};
use serde::Deserialize;
use std::sync::LazyLock;
use ui::table::{FilterBar, head, table};
use ui::{Card, Page, Tone, badge, code_block, link_button};

use model::{Group, Operation, Reference};

const PATH: &str = "/api/v1/reference";

/// Read once: the description of a build does not change.
static REFERENCE: LazyLock<Reference> = LazyLock::new(Reference::of_this_build);

/// The routes of the reference.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get(PATH, overview)
        .get("/api/v1/reference/{group}", group)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Search {
    q: String,
}

async fn overview(_: Public, Query(search): Query<Search>) -> Response {
    let words: Vec<String> = search.q.split_whitespace().map(str::to_lowercase).collect();
    let found: Vec<(&Group, Vec<&Operation>)> = REFERENCE
        .groups
        .iter()
        .map(|group| {
            let operations = group.operations.iter().filter(|one| one.matches(&words));
            (group, operations.collect::<Vec<_>>())
        })
        .filter(|(_, operations)| !operations.is_empty())
        .collect();
    let page = Page::new("API reference")
        .lead("What the pages of a workspace can do, programs can do as well.")
        .actions(html! { (link_button("openapi.json", "/api/v1/openapi.json")) })
        .body(html! {
            div.stack {
                (FilterBar::new(PATH, "operations").search("Search operations", &search.q))
                section id="operations" aria-label="Operations" {
                    @if found.is_empty() {
                        (ui::no_match("No operation has these words.", PATH))
                    }
                    div.stack {
                        @for (group, operations) in found {
                            (Card::new(list(group, &operations)).title(group.title.clone()).flush())
                        }
                    }
                }
                (Card::new(html! {
                    p { "Send a key of an application as " code { "Authorization: Bearer at_live_…" } " with each request. Owners make applications and keys in the settings of the workspace." }
                    p { "Errors are problem documents (RFC 9457): programs go by " code { "code" } ". Lists come in parts: ask for the next with " code { "cursor" } ". A POST may carry an " code { "Idempotency-Key" } ", and is done once then." }
                }).title("In short"))
            }
        });
    kept(page)
}

fn list(group: &Group, operations: &[&Operation]) -> Markup {
    html! {
        ul.rows {
            @for operation in operations {
                li {
                    (method(&operation.method))
                    div.row-main {
                        a.link href={ (PATH) "/" (group.slug) "#" (operation.id) } { (operation.summary) }
                        small { code { (operation.path) } }
                    }
                }
            }
        }
    }
}

async fn group(ctx: Public, Path(slug): Path<String>) -> module::Result<Response> {
    let found = REFERENCE.groups.iter().find(|group| group.slug == slug);
    let group = found.ok_or(Error::NotFound("page"))?;
    let page = Page::new(group.title.clone())
        .crumb("API reference", PATH)
        .actions(html! { (link_button("All operations", PATH)) })
        .body(html! {
            div.stack {
                (Card::new(list(group, &group.operations.iter().collect::<Vec<_>>())).flush())
                @for operation in &group.operations { (entry(&ctx, operation)) }
                @if !group.schemas.is_empty() {
                    h2 { "Schemas" }
                    @for (name, fields) in &group.schemas {
                        section id={ "schema-" (name) } aria-label=(name) {
                            (Card::new(fields_table(name, fields)).title(name.clone()).flush())
                        }
                    }
                }
            }
        });
    Ok(kept(page))
}

/// An operation with all that its description says.
fn entry(ctx: &Ctx, operation: &Operation) -> Markup {
    let example = operation.curl(&ctx.link(""));
    html! {
        section id=(operation.id) aria-label=(operation.summary) {
            (Card::new(html! { div.stack {
                p { (method(&operation.method)) " " code { (operation.path) } }
                @if !operation.description.is_empty() { p { (inline(&operation.description)) } }
                (ui::definition_list(&[
                    ("Operation", html! { code { (operation.id) } }),
                    ("Permission", html! { (operation.permission.as_deref().unwrap_or("None: any key")) }),
                    ("Scopes of keys", html! {
                        @if !operation.keyed { "None: for people alone" }
                        @else if operation.scopes.is_empty() { "Any" }
                        @else { (operation.scopes.join(", ")) }
                    }),
                ]))
                @if !operation.parameters.is_empty() { (parameters(operation)) }
                @if let Some(body) = &operation.body {
                    h3 { "Body" }
                    p { (PreEscaped(body.link.clone())) }
                }
                h3 { "Answers" }
                (table(&format!("Answers of {}", operation.summary), &html! { (head("Status")) (head("When")) (head("What")) }, &html! {
                    @for answer in operation.answers.iter().filter(|answer| !answer.is_problem()) {
                        tr {
                            td { (answer.status) }
                            td { (inline(&answer.description)) }
                            td { (PreEscaped(answer.link.clone())) }
                        }
                    }
                    tr {
                        td { (operation.problems()) }
                        td { "It is refused, or failed; the code says why." }
                        td { a.link href="#schema-Problem" { "Problem" } }
                    }
                }))
                h3 { "Example" }
                (code_block(&example))
            } }).title(operation.summary.clone()))
        }
    }
}

fn parameters(operation: &Operation) -> Markup {
    html! {
        h3 { "Parameters" }
        (table(&format!("Parameters of {}", operation.summary), &html! { (head("Name")) (head("Type")) (head("What it is")) }, &html! {
            @for parameter in &operation.parameters {
                tr {
                    td { code { (parameter.name) } br; small { (parameter.place) @if parameter.required { ", required" } } }
                    td { (parameter.kind) }
                    td { (inline(&parameter.description)) }
                }
            }
        }))
    }
}

fn fields_table(name: &str, fields: &[schema::Field]) -> Markup {
    table(
        &format!("Fields of {name}"),
        &html! { (head("Field")) (head("Type")) (head("What it is")) },
        &html! {
            @for field in fields {
                tr {
                    td { code { (field.name) } @if field.required { br; small { "required" } } }
                    td { (PreEscaped(field.link.clone())) }
                    td { (inline(&field.description)) }
                }
            }
        },
    )
}

/// A sentence in which words between backticks are code.
fn inline(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn method(method: &str) -> Markup {
    let tone = match method {
        "GET" => Tone::Info,
        "POST" => Tone::Ok,
        "DELETE" => Tone::Bad,
        _ => Tone::Warn,
    };
    badge(tone, method)
}

/// The same for everybody until the next release.
fn kept(page: Page) -> Response {
    let mut response = page.into_response();
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, max-age=300"),
    );
    response
}
