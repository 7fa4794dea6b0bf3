//! Who works at the console: a page for admins.

use accounts::Act;
use accounts::operators::{self, NewOperator, OperatorEntry};
use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::{Email, Error, FieldError, Fields, OperatorRole, Result, UserId};
use maud::{Markup, html};
use module::extract::{Form, Path};
use module::{Operating, OpsCtx, Routes, rank};
use serde::Deserialize;
use serde_json::json;
use ui::field::{self, Choice};
use ui::table::{head, hidden_head, table};
use ui::{
    Card, Page, Tone, avatar, badge, dialog_opener, error_summary, icons, link_button, submit,
};

use crate::Console;
use crate::ask::{Ask, Reason};
use crate::respond::{day, done, refusal, refused_with};

const PATH: &str = "/operators";

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get(PATH, list)
        .get("/operators/new", new)
        .post(PATH, add)
        .post("/operators/{id}/role", change_role)
        .post("/operators/{id}/disable", disable)
        .post("/operators/{id}/enable", enable)
}

async fn list(
    ctx: Operating<rank::Admin>,
    Extension(console): Extension<Console>,
) -> module::Result<Page> {
    Ok(page(&ctx, &console, None).await?)
}

async fn page(ctx: &OpsCtx, console: &Console, problem: Option<&Error>) -> Result<Page> {
    let operators = operators::list(&mut *console.read().await?).await?;
    Ok(Page::new("Operators")
        .lead("Who works at this console, and what each may do.")
        .actions(html! { (link_button("Add an operator", "/operators/new").primary().icon(icons::LuUserPlus).key('c')) })
        .body(html! {
            (refusal(problem))
            (Card::new(table("Operators",
                &html! { (head("Operator")) (head("Role")) (head("State")) (head("Since")) (head("Last log-in")) (hidden_head("Actions")) },
                &html! { @for operator in &operators { (row(ctx, operator)) } })).flush())
            @for operator in &operators { (dialogs(operator)) }
            (Card::new(html! { ul.rows {
                @for role in OperatorRole::ALL { li { div.row-main { strong { (role.title()) } small { (role.summary()) } } } }
            } }).title("What the roles allow").flush())
        }))
}

fn row(ctx: &OpsCtx, operator: &OperatorEntry) -> Markup {
    html! {
        tr {
            td { div.who { (avatar(&operator.name)) div { (operator.name) @if operator.user == ctx.operator.user { " (you)" } small { (operator.email) } } } }
            td { (operator.role.title()) }
            td { @if operator.disabled_at.is_some() { (badge(Tone::Neutral, "Disabled")) } @else { (badge(Tone::Ok, "Active")) } }
            td { (day(operator.created_at)) }
            td { @match operator.last_login_at { Some(at) => (day(at)), None => "Not yet" } }
            td { div.cluster {
                @if operator.disabled_at.is_some() {
                    (dialog_opener("Let back in", format!("enable-{}", operator.user)))
                } @else {
                    (dialog_opener("Change role", format!("role-{}", operator.user)))
                    (dialog_opener("Disable", format!("disable-{}", operator.user)).ghost())
                }
            } }
        }
    }
}

fn dialogs(operator: &OperatorEntry) -> Markup {
    let (name, base) = (&operator.name, format!("{PATH}/{}", operator.user));
    let ask = |id: &str,
               title: String,
               text: &str,
               action: &str,
               verb: &str,
               danger: bool,
               fields: &Markup| {
        Ask {
            id: &format!("{id}-{}", operator.user),
            title,
            text: text.to_owned(),
            action: format!("{base}/{action}"),
            verb,
            danger,
            told: false,
        }
        .dialog(fields)
    };
    let role = html! {
        (field::select("role", "Role", choices()).value(operator.role.key()).within(format!("role-{}", operator.user)))
    };
    html! {
        @if operator.disabled_at.is_some() {
            (ask("enable", format!("Let {name} back in?"), "They may log in again, in their former role.", "enable", "Let back in", false, &Markup::default()))
        } @else {
            (ask("role", format!("Change the role of {name}?"), "They are signed out of the console, and log in again with the new role.", "role", "Change role", false, &role))
            (ask("disable", format!("Disable {name}?"), "They are signed out of the console at once and cannot log in to it. Their account stays as it is.", "disable", "Disable", true, &Markup::default()))
        }
    }
}

fn choices() -> Vec<Choice> {
    OperatorRole::ALL
        .into_iter()
        .map(|role| Choice::new(role.key(), role.title()))
        .collect()
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct AddForm {
    email: String,
    name: String,
    role: String,
    reason: String,
}

async fn new(_ctx: Operating<rank::Admin>) -> Page {
    let form = AddForm {
        role: OperatorRole::SupportReadonly.key().into(),
        ..AddForm::default()
    };
    form_page(&form, &[])
}

fn form_page(form: &AddForm, errors: &[FieldError]) -> Page {
    let choices = OperatorRole::ALL
        .into_iter()
        .map(|role| Choice::new(role.key(), role.title()).note(role.summary()))
        .collect();
    Page::new("Add an operator")
        .crumb("Operators", PATH)
        .narrow()
        .lead("They get a mail with the way in. Who has an account keeps its password.")
        .body(html! {
            form method="post" action=(PATH) {
                (error_summary(errors))
                (Card::new(html! { div.stack {
                    (field::email("email", "E-mail").value(&form.email).errors(errors).required())
                    (field::text("name", "Name").value(&form.name).errors(errors).required().max_length(120))
                    (field::radio_cards("role", "Role", choices).value(&form.role).errors(errors))
                    (field::textarea("reason", "Reason", 2).value(&form.reason).errors(errors).help("It stands in the console's audit log.").max_length(500).required())
                } }).footer(html! { (submit("Add the operator").primary()) (link_button("Cancel", PATH).ghost()) }))
            }
        })
}

async fn add(
    ctx: Operating<rank::Admin>,
    Extension(console): Extension<Console>,
    Form(form): Form<AddForm>,
) -> module::Result<Response> {
    let outcome = async {
        let mut fields = Fields::default();
        let email = fields.take(Email::parse(&form.email));
        fields.require("name", &form.name, "Enter a name.");
        let role = fields.take(read_role(&form.role));
        fields.require("reason", &form.reason, "Say why.");
        fields.finish()?;
        let (Some(email), Some(role)) = (email, role) else {
            return Err(Error::internal("a checked form has its values"));
        };
        let mut tx = console.db().begin().await?;
        let act = Act::new(&*ctx, "console.operator.added", &form.reason, ctx.now)?;
        let new = NewOperator {
            email: &email,
            name: &form.name,
            role,
            password_hash: None,
        };
        let added = operators::add(tx.conn(), new, ctx.now).await?;
        operators::welcome(tx.conn(), ctx.app.links(), &added, role, ctx.now).await?;
        act.on("operator", added.user, form.name.trim())
            .detail(json!({ "role": role.key() }))?
            .write(tx.conn())
            .await?;
        tx.commit().await
    };
    match outcome.await {
        Ok(()) => Ok(done(
            PATH,
            &format!("{} is an operator now.", form.name.trim()),
        )),
        Err(Error::Invalid(errors)) => Ok(form_page(&form, &errors)
            .status(StatusCode::UNPROCESSABLE_ENTITY)
            .into_response()),
        Err(error @ Error::Conflict { .. }) => {
            let errors = [FieldError::new("email", "taken", error.to_string())];
            Ok(form_page(&form, &errors)
                .status(StatusCode::CONFLICT)
                .into_response())
        }
        Err(error) => Err(error.into()),
    }
}

fn read_role(key: &str) -> Result<OperatorRole, FieldError> {
    OperatorRole::from_key(key).ok_or_else(|| FieldError::new("role", "invalid", "Choose a role."))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct RoleForm {
    role: String,
    reason: String,
}

async fn change_role(
    ctx: Operating<rank::Admin>,
    Extension(console): Extension<Console>,
    Path(id): Path<UserId>,
    Form(form): Form<RoleForm>,
) -> module::Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let operator = operators::get(tx.conn(), id).await?;
        let role = read_role(&form.role)?;
        let act = Act::new(
            &*ctx,
            "console.operator.role_changed",
            &form.reason,
            ctx.now,
        )?;
        operators::change_role(tx.conn(), id, role, ctx.now).await?;
        act.on("operator", id, operator.name.clone())
            .detail(json!({ "from": operator.role.key(), "to": role.key() }))?
            .write(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(format!(
            "{} has the role {} now.",
            operator.name,
            role.title()
        ))
    };
    conclude(&ctx, &console, outcome.await).await
}

async fn disable(
    ctx: Operating<rank::Admin>,
    Extension(console): Extension<Console>,
    Path(id): Path<UserId>,
    Form(form): Form<Reason>,
) -> module::Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let operator = operators::get(tx.conn(), id).await?;
        let act = Act::new(&*ctx, "console.operator.disabled", &form.reason, ctx.now)?;
        operators::disable(tx.conn(), id, ctx.now).await?;
        act.on("operator", id, operator.name.clone())
            .write(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(format!(
            "{} cannot enter the console any more.",
            operator.name
        ))
    };
    conclude(&ctx, &console, outcome.await).await
}

async fn enable(
    ctx: Operating<rank::Admin>,
    Extension(console): Extension<Console>,
    Path(id): Path<UserId>,
    Form(form): Form<Reason>,
) -> module::Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let operator = operators::get(tx.conn(), id).await?;
        let act = Act::new(&*ctx, "console.operator.enabled", &form.reason, ctx.now)?;
        operators::enable(tx.conn(), id, ctx.now).await?;
        act.on("operator", id, operator.name.clone())
            .write(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(format!("{} may enter the console again.", operator.name))
    };
    conclude(&ctx, &console, outcome.await).await
}

async fn conclude(
    ctx: &OpsCtx,
    console: &Console,
    outcome: Result<String>,
) -> module::Result<Response> {
    match outcome {
        Ok(message) => Ok(done(PATH, &message)),
        Err(error) => match refused_with(&error) {
            Some(status) => Ok(page(ctx, console, Some(&error))
                .await?
                .status(status)
                .into_response()),
            None => Err(error.into()),
        },
    }
}
