//! Pages of the sign-up, on the base host.

use accounts::cookies;
use accounts::sessions::{self, NewSession};
use axum::Extension;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderValue, StatusCode, header};
use kernel::{Error, FieldError};
use maud::{Markup, html};
use module::extract::{Form, Json, Path, Query};
use module::{Links, Routes, Visitor};
use serde::Deserialize;
use ui::field::{self, Choice};
use ui::{Layout, Page, icons, link, link_button, submit};

use super::{Availability, SignupForm};
use crate::Tenants;
use crate::respond::encode;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/signup", show)
        .post("/signup", send)
        .get("/signup/availability", availability)
        .get("/signup/check-mail", check_mail)
        .get("/signup/confirm/{token}", confirm_page)
        .post("/signup/confirm/{token}", confirm)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Prefill {
    slug: String,
    name: String,
    interest: String,
}

/// The form; with an address in the query it says whether that is free.
async fn show(
    visitor: Visitor,
    Extension(tenants): Extension<Tenants>,
    Query(prefill): Query<Prefill>,
) -> module::Result<Page> {
    let checked = if prefill.slug.trim().is_empty() {
        None
    } else {
        match tenants.count_check(visitor.request.ip, visitor.now).await {
            Ok(()) => Some(tenants.availability(&prefill.slug, visitor.now).await?),
            // Whoever types fast goes without the check for a while; the form itself still works.
            Err(Error::TooMany { .. }) => None,
            Err(error) => return Err(error.into()),
        }
    };
    let form = SignupForm {
        slug: prefill.slug,
        name: prefill.name,
        interest: prefill.interest,
        ..SignupForm::default()
    };
    Ok(page(&visitor, &form, checked.as_ref(), &[]))
}

#[derive(Debug, Deserialize)]
struct Asked {
    slug: String,
}

async fn availability(
    visitor: Visitor,
    Extension(tenants): Extension<Tenants>,
    Query(asked): Query<Asked>,
) -> module::Result<Response> {
    tenants.count_check(visitor.request.ip, visitor.now).await?;
    let answer = tenants.availability(&asked.slug, visitor.now).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

async fn send(
    visitor: Visitor,
    Extension(tenants): Extension<Tenants>,
    Form(form): Form<SignupForm>,
) -> module::Result<Response> {
    let outcome = match &visitor.account {
        Some(account) => tenants
            .create_workspace(account, &form, &visitor.request, visitor.now)
            .await
            .map(|tenant| into_workspace(&tenant.slug)),
        None => tenants
            .sign_up(&form, visitor.request.ip, visitor.now)
            .await
            .map(|()| "/signup/check-mail".to_owned()),
    };
    match outcome {
        Ok(path) => Ok(Redirect::to(&path).into_response()),
        Err(Error::Invalid(errors)) => {
            let wrong = errors.iter().find(|error| error.field == "slug");
            // Beside an address that cannot be had stand others that can.
            let checked = match wrong {
                Some(_) => Some(tenants.availability(&form.slug, visitor.now).await?),
                None => None,
            };
            Ok(page(&visitor, &form, checked.as_ref(), &errors)
                .status(StatusCode::UNPROCESSABLE_ENTITY)
                .into_response())
        }
        Err(error) => Err(error.into()),
    }
}

fn page(
    visitor: &Visitor,
    form: &SignupForm,
    checked: Option<&Availability>,
    errors: &[FieldError],
) -> Page {
    let known = visitor.account.as_ref();
    let interests = vec![
        Choice::new("photo", "Photography").icon(icons::LuCamera),
        Choice::new("music", "Music lessons").icon(icons::LuMusic),
        Choice::new("blog", "Website and blog").icon(icons::LuPenLine),
    ];
    let (title, lead) = if known.is_some() {
        (
            "Create a workspace",
            "It gets its own address, people and subscription. Free for 21 days, no card needed.",
        )
    } else {
        (
            "Run the studio, not the paperwork",
            "Bookings, lessons and your website in one calm place. Free for 21 days, no card needed.",
        )
    };
    Page::new(title)
        .document_title("Sign up")
        .lead(lead)
        .layout(Layout::Split)
        .script("tenants-signup.js")
        .body(html! {
            form.stack id="signup" method="post" action="/signup" {
                (ui::error_summary(errors))
                (field::radio_cards("interest", "What do you do?", interests)
                    .value(if form.interest.is_empty() { "photo" } else { &form.interest }).errors(errors))
                (field::text("name", "Studio name").value(&form.name).placeholder("Halden").max_length(80)
                    .autocomplete("organization").required().large().errors(errors))
                (address_field(visitor.app.links(), &form.slug, checked, errors))
                @if let Some(account) = known {
                    p.fine { "It will belong to " (account.email) "." }
                } @else {
                    (field::text("person", "Your name").value(&form.person).max_length(120).autocomplete("name").large().errors(errors))
                    (field::email("email", "Work e-mail").value(&form.email).placeholder("you@studio.com").required().large().errors(errors))
                    (field::password("password", "Password").autocomplete("new-password").help("At least 8 characters.")
                        .required().large().errors(errors))
                }
                (field::hidden("time_zone", &form.time_zone))
                (submit("Create workspace").primary().large().full().icon_end(icons::LuArrowRight))
                @if known.is_none() {
                    p.fine { "Already here? " (link("Log in", "/login")) }
                }
            }
        })
}

/// The address with what is known of it; a region of its own, replaced while one types.
fn address_field(
    links: &Links,
    slug: &str,
    checked: Option<&Availability>,
    errors: &[FieldError],
) -> Markup {
    let mut field = field::slug("slug", "Studio address")
        .value(slug)
        .suffix(links.tenant_suffix())
        .max_length(40)
        .suggest_from("name")
        .required()
        .large()
        .help("Letters, digits and hyphens. You can change it later.")
        .errors(errors);
    if let Some(checked) = checked {
        match &checked.message {
            Some(message) => field = field.error(message),
            None => field = field.good("This address is free."),
        }
        if !checked.suggestions.is_empty() {
            field = field.extra(html! {
                div.cluster {
                    @for suggestion in &checked.suggestions {
                        button.chip type="button" data-fill="f-slug" data-value=(suggestion) { (suggestion) }
                    }
                }
            });
        }
    }
    html! { div id="signup-address" aria-live="polite" { (field) } }
}

/// The same page whether the mail address was known or not.
async fn check_mail(_: Visitor) -> Page {
    Page::new("Check your mail")
        .lead("We have sent you a link. Open it to confirm your address; then your workspace is ready.")
        .layout(Layout::Bare)
        .body(html! {
            div.stack {
                p { "The link works once, for 24 hours. Until then nobody else can take the address you chose." }
                p.fine { "No mail? Look in the folder for spam, or " (link("send the form again", "/signup")) "." }
            }
        })
}

/// Only shows a button: programs that scan mails open links, too, and must not use them up.
async fn confirm_page(
    visitor: Visitor,
    Extension(tenants): Extension<Tenants>,
    Path(token): Path<String>,
) -> module::Result<Page> {
    let Some(pending) = tenants.pending(&token, visitor.now).await? else {
        return Ok(used_page());
    };
    let host = visitor.app.links().tenant_host(&pending.slug);
    Ok(Page::new(format!("Open {}", pending.name))
        .lead("One press, and your workspace is ready.")
        .layout(Layout::Bare)
        .body(html! {
            form.stack method="post" action={ "/signup/confirm/" (token) } {
                (ui::definition_list(&[("Address", html! { (host) }), ("For", html! { (pending.email) })]))
                (submit("Confirm and open").primary().large().full())
            }
        }))
}

async fn confirm(
    visitor: Visitor,
    Extension(tenants): Extension<Tenants>,
    Path(token): Path<String>,
) -> module::Result<Response> {
    let mut tx = tenants.db().begin().await?;
    let confirmed = match tenants
        .confirm(tx.conn(), &token, &visitor.request, visitor.now)
        .await
    {
        Ok(confirmed) => confirmed,
        Err(Error::Gone(_)) => return Ok(used_page().into_response()),
        Err(error) => return Err(error.into()),
    };
    let links = visitor.app.links();
    let mut response = Redirect::to(&into_workspace(&confirmed.tenant.slug)).into_response();
    // Who had an account before signs in as always: a mail is not their password.
    if !confirmed.known {
        let session = NewSession {
            user: confirmed.tenant.owner,
            tenant: None,
            login: None,
            host: links.host(),
            ip: visitor.request.ip,
            user_agent: &visitor.request.user_agent,
            now: visitor.now,
        };
        let token = sessions::create(tx.conn(), session).await?;
        let cookie: HeaderValue = cookies::set(&token, links.secure());
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    tx.commit().await?;
    Ok(response)
}

fn used_page() -> Page {
    Page::new("This link is used up")
        .lead("It has been used already, or it is older than a day.")
        .layout(Layout::Bare)
        .status(StatusCode::GONE)
        .body(html! {
            div.stack {
                p { "If your workspace is open, log in. Otherwise sign up once more." }
                (link_button("Log in", "/login").primary().large().full())
                (link_button("Sign up", "/signup").large().full())
            }
        })
}

/// Where the way into a workspace begins.
pub(crate) fn into_workspace(slug: &str) -> String {
    format!("/enter?workspace={}&next={}", encode(slug), encode("/app"))
}
