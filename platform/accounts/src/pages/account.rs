//! A person's own account: profile, password, where they are signed in.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use kernel::{Error, FieldError, Zone};
use maud::{Markup, html};
use module::extract::{Form, Path};
use module::{Result, SignedIn};
use serde::Deserialize;
use ui::field::Choice;
use ui::{Card, Layout, Page, Row, Tone, badge, field, icon, icons, submit};

use super::log_in::{minutes, too_many};
use super::see_other_with;
use crate::account::{Device, PasswordChange, Profile};
use crate::sessions::{self, Login, RevokeReason, Session, SessionId};
use crate::{Accounts, LOCALES, User, cookies, dates, devices, passwords};

#[derive(Deserialize)]
pub(super) struct ProfileInput {
    #[serde(default)]
    name: String,
    #[serde(default)]
    locale: String,
    #[serde(default)]
    time_zone: String,
}

#[derive(Deserialize)]
pub(super) struct PasswordInput {
    #[serde(default)]
    current: String,
    #[serde(default)]
    new: String,
}

pub(super) async fn page(
    person: SignedIn,
    Extension(accounts): Extension<Accounts>,
    headers: HeaderMap,
) -> Result<Page> {
    render(&person, &accounts, &headers, None, &[]).await
}

pub(super) async fn save_profile(
    person: SignedIn,
    Extension(accounts): Extension<Accounts>,
    headers: HeaderMap,
    Form(input): Form<ProfileInput>,
) -> Result<Response> {
    let profile = Profile {
        name: &input.name,
        locale: &input.locale,
        time_zone: &input.time_zone,
    };
    match accounts
        .set_profile(person.account.user, profile, person.now)
        .await
    {
        Ok(()) => Ok(see_other_with("/account", "Your profile is saved.")),
        Err(Error::Invalid(errors)) => {
            let page = render(&person, &accounts, &headers, Some(&input), &errors).await?;
            Ok(page
                .status(StatusCode::UNPROCESSABLE_ENTITY)
                .into_response())
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn change_password(
    person: SignedIn,
    Extension(accounts): Extension<Accounts>,
    headers: HeaderMap,
    Form(input): Form<PasswordInput>,
) -> Result<Response> {
    let session = accounts.session(&person, &headers).await?;
    let change = PasswordChange {
        keep: session.login,
        current: &input.current,
        new: &input.new,
        device: Device {
            ip: person.request.ip,
            user_agent: &person.request.user_agent,
        },
    };
    let links = person.app.links();
    match accounts
        .change_password(links, person.account.user, change, person.now)
        .await
    {
        Ok(()) => Ok(see_other_with(
            "/account",
            "Your password is changed. You are signed out everywhere else.",
        )),
        Err(Error::Invalid(errors)) => {
            let page = render(&person, &accounts, &headers, None, &errors).await?;
            Ok(page
                .status(StatusCode::UNPROCESSABLE_ENTITY)
                .into_response())
        }
        Err(Error::TooMany { retry_after }) => {
            let message = format!("Too many tries. Try again in {}.", minutes(retry_after));
            let errors = [FieldError::new("current", "too_many", message)];
            let page = render(&person, &accounts, &headers, None, &errors).await?;
            Ok(too_many(
                page.status(StatusCode::TOO_MANY_REQUESTS),
                retry_after,
            ))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn end_session(
    person: SignedIn,
    Extension(accounts): Extension<Accounts>,
    Path(login): Path<SessionId>,
) -> Result<Response> {
    let user = person.account.user;
    let mut tx = accounts.db().begin().await?;
    let reason = RevokeReason::ByOwner;
    if !sessions::revoke_login(tx.conn(), user, login, reason, person.now).await? {
        return Err(Error::NotFound("session").into());
    }
    tx.commit().await?;
    Ok(see_other_with("/account", "That device is signed out."))
}

pub(super) async fn end_others(
    person: SignedIn,
    Extension(accounts): Extension<Accounts>,
    headers: HeaderMap,
) -> Result<Response> {
    let session = accounts.session(&person, &headers).await?;
    let mut tx = accounts.db().begin().await?;
    let (user, keep) = (session.user, session.login);
    sessions::revoke_others(tx.conn(), user, keep, RevokeReason::ByOwner, person.now).await?;
    tx.commit().await?;
    Ok(see_other_with(
        "/account",
        "You are signed out everywhere else.",
    ))
}

impl Accounts {
    /// The session of a request whose person is known.
    async fn session(&self, person: &SignedIn, headers: &HeaderMap) -> kernel::Result<Session> {
        let token = cookies::read(headers, person.app.links().secure());
        let token = token.ok_or(Error::Unauthenticated)?;
        let mut tx = self.db().begin().await?;
        sessions::find(tx.conn(), &token, person.now)
            .await?
            .filter(|session| session.user == person.account.user)
            .ok_or(Error::Unauthenticated)
    }
}

/// The page; `input` is what the person typed into a form that was refused.
async fn render(
    person: &SignedIn,
    accounts: &Accounts,
    headers: &HeaderMap,
    input: Option<&ProfileInput>,
    errors: &[FieldError],
) -> Result<Page> {
    let session = accounts.session(person, headers).await?;
    let user = accounts.user(person.account.user).await?;
    let mut tx = accounts.db().begin().await?;
    let logins = sessions::logins(tx.conn(), user.id, person.now).await?;
    let zone = Zone::named(&user.time_zone).unwrap_or(Zone::UTC);
    Ok(Page::new("Your account")
        .lead("The same in all your workspaces.")
        .layout(Layout::App)
        .narrow()
        .body(html! {
            div.stack {
                (profile_card(&user, input, errors))
                (password_card(person, &user, &zone, errors))
                (sessions_card(person, &session, &user, &zone, &logins))
            }
        }))
}

fn profile_card(user: &User, input: Option<&ProfileInput>, errors: &[FieldError]) -> Card {
    let name = input.map_or(&user.name, |input| &input.name);
    let locale = input.map_or(&user.locale, |input| &input.locale);
    let time_zone = input.map_or(&user.time_zone, |input| &input.time_zone);
    let locales = LOCALES
        .iter()
        .map(|(tag, example)| Choice::new(*tag, *example));
    let zones = zone_names().map(|zone| Choice::new(zone.clone(), zone.replace('_', " ")));
    Card::new(html! {
        form.stack method="post" action="/account/profile" {
            (field::text("name", "Name").autocomplete("name").value(name).max_length(120).errors(errors).required())
            (field::email("email", "E-mail").value(&user.email).read_only().help("The address you log in with."))
            (field::select("locale", "Dates and numbers", locales.collect()).value(locale).errors(errors))
            (field::select("time_zone", "Time zone", zones.collect()).value(time_zone).errors(errors))
            div.cluster { (submit("Save profile").primary()) }
        }
    })
    .title("Profile")
}

fn password_card(person: &SignedIn, user: &User, zone: &Zone, errors: &[FieldError]) -> Card {
    let note = match user.password_changed_at {
        Some(at) => format!("Last changed {}", dates::exact(at, &user.locale, zone)),
        None => "None chosen yet".to_owned(),
    };
    Card::new(html! {
        form.stack method="post" action="/account/password" {
            input type="hidden" autocomplete="username" value=(person.account.email);
            (field::password("current", "Present password").autocomplete("current-password").errors(errors).required())
            (field::password("new", "New password").autocomplete("new-password")
                .help(format!("At least {} characters. All other devices are signed out.", passwords::SHORTEST))
                .errors(errors).required())
            div.cluster {
                (submit("Change password").primary())
                a.link href="/recover" { "Forgot it?" }
            }
        }
    })
    .title("Password")
    .note(note)
}

fn sessions_card(
    person: &SignedIn,
    session: &Session,
    user: &User,
    zone: &Zone,
    logins: &[Login],
) -> Card {
    let row = |login: &Login| {
        let here = login.id == session.login;
        let picture = if devices::is_mobile(&login.user_agent) {
            icons::LuSmartphone
        } else {
            icons::LuMonitor
        };
        let seen = if here {
            "in use now".to_owned()
        } else {
            format!("last used {}", dates::ago(person.now, login.last_seen_at))
        };
        let since = dates::exact(login.created_at, &user.locale, zone);
        let end = if here {
            badge(Tone::Ok, "This browser")
        } else {
            html! {
                form method="post" action={ "/account/sessions/" (login.id) "/end" } {
                    (submit("Sign out").ghost())
                }
            }
        };
        Row::new(devices::name(&login.user_agent))
            .lead(icon(picture))
            .note(html! {
                (login.ip) " · " span title={ "Signed in on " (since) } { (seen) } " · " (login.hosts.join(", "))
            })
            .end(end)
    };
    let rows: Vec<Row> = logins.iter().map(row).collect();
    let end_others: Markup = html! {
        form method="post" action="/account/sessions/end-others" { (submit("Sign out everywhere else")) }
    };
    let card = Card::new(ui::rows(&rows)).title("Signed in on").flush();
    if logins.len() > 1 {
        card.footer(end_others)
    } else {
        card
    }
}

/// Places of the zone database that people choose from; its historical and technical names are left out.
fn zone_names() -> impl Iterator<Item = String> {
    let regions = [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
        "UTC",
    ];
    jiff::tz::db()
        .available()
        .map(|name| name.as_str().to_owned())
        .filter(move |name| {
            name.split('/')
                .next()
                .is_some_and(|region| regions.contains(&region))
        })
}
