//! Pages about invitations, in the workspace that sends them.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::{Error, FieldError};
use maud::{Markup, html};
use module::extract::{Form, Path};
use module::{Allowed, Ctx, Routes};
use ui::table::{head, hidden_head, table};
use ui::{Empty, Menu, Page, Tone, badge, field, icons, link_button, submit};

use super::{Invitation, InvitationId, InvitationStatus, InviteForm};
use crate::Tenants;
use crate::guards::InviteMembers;
use crate::members::pages::{permissions, role_boxes, roles_of};
use crate::respond::{done, moment};
use crate::roles::{self, RoleInfo};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/app/people/invite", form)
        .post("/app/people/invite", send)
        .get("/app/people/invitations", list)
        .post("/app/people/invitations/{id}/resend", resend)
        .post("/app/people/invitations/{id}/revoke", revoke)
}

async fn form(
    ctx: Allowed<InviteMembers>,
    Extension(tenants): Extension<Tenants>,
) -> module::Result<Page> {
    let wanted = InviteForm {
        email: String::new(),
        roles: Vec::new(),
    };
    let mut tx = ctx.begin().await?;
    let known = roles::all(&mut tx, ctx.now()).await?;
    Ok(page(&ctx, &tenants, &known, &wanted, &[]))
}

fn page(
    ctx: &Ctx,
    tenants: &Tenants,
    known: &[RoleInfo],
    wanted: &InviteForm,
    errors: &[FieldError],
) -> Page {
    Page::new("Invite somebody")
        .lead("They get a mail with a link that is good for 7 days.")
        .crumb("People", "/app/people")
        .narrow()
        .body(html! {
            form.stack method="post" action="/app/people/invite" data-dirty {
                (ui::error_summary(errors))
                (field::email("email", "E-mail").value(&wanted.email).autocomplete("off").placeholder("name@example.com")
                    .required().errors(errors))
                (role_boxes(tenants, &permissions(ctx), known, &wanted.roles, errors))
                div.cluster {
                    (submit("Send the invitation").primary().icon(icons::LuSend))
                    (link_button("Cancel", "/app/people").ghost())
                }
            }
        })
}

async fn send(
    ctx: Allowed<InviteMembers>,
    Extension(tenants): Extension<Tenants>,
    Form(form): Form<Vec<(String, String)>>,
) -> module::Result<Response> {
    let email = form
        .iter()
        .find(|(name, _)| name == "email")
        .map(|(_, value)| value.clone())
        .unwrap_or_default();
    let wanted = InviteForm {
        email,
        roles: roles_of(&form),
    };
    let mut tx = ctx.begin().await?;
    match tenants.invite(&mut tx, &ctx, &wanted).await {
        Ok(_) => {
            tx.commit().await?;
            let text = format!("The invitation to {} is on its way.", wanted.email.trim());
            Ok(done("/app/people/invitations", &text))
        }
        Err(Error::Invalid(errors)) => {
            // What was written before the refusal is gone with its transaction.
            let mut tx = ctx.begin().await?;
            let known = roles::all(&mut tx, ctx.now()).await?;
            Ok(page(&ctx, &tenants, &known, &wanted, &errors)
                .status(StatusCode::UNPROCESSABLE_ENTITY)
                .into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn list(ctx: Allowed<InviteMembers>) -> module::Result<Page> {
    let mut tx = ctx.begin().await?;
    let invitations = super::list(&mut tx, ctx.now()).await?;
    drop(tx);
    let invite = || {
        link_button("Invite", "/app/people/invite")
            .primary()
            .icon(icons::LuUserPlus)
            .key('c')
    };
    Ok(Page::new("Invitations")
        .lead("Those that nobody has answered yet.")
        .crumb("People", "/app/people")
        .actions(html! { @if !invitations.is_empty() { (invite()) } })
        .body(if invitations.is_empty() {
            html! { (Empty::new(icons::LuMail, "No open invitations", "Invite the people you work with; they appear here until they answer.").action(invite())) }
        } else {
            invitation_table(&ctx, &invitations)
        }))
}

fn invitation_table(ctx: &Ctx, invitations: &[Invitation]) -> Markup {
    let zone = &ctx.tenant().zone;
    table(
        "Invitations",
        &html! { (head("E-mail")) (head("Roles")) (head("State")) (head("Sent")) (head("Good until")) (hidden_head("Actions")) },
        &html! { @for invitation in invitations {
            @let path = format!("/app/people/invitations/{}", invitation.id);
            tr {
                td { (invitation.email) br; small { "by " (invitation.inviter) } }
                td { (roles::in_words(roles::names(&invitation.roles))) }
                td { @match invitation.status {
                    InvitationStatus::Expired => (badge(Tone::Warn, "Expired")),
                    _ => (badge(Tone::Info, "Waiting")),
                } }
                td { (moment(invitation.last_sent_at, zone)) }
                td { (moment(invitation.expires_at, zone)) }
                td { (Menu::dots(format!("m-{}", invitation.id), format!("Actions for {}", invitation.email))
                    .post("Send again", format!("{path}/resend"), icons::LuSend)
                    .line()
                    .danger("Take back", format!("{path}/revoke"), icons::LuUndo2)) }
            }
        } },
    )
}

async fn resend(
    ctx: Allowed<InviteMembers>,
    Extension(tenants): Extension<Tenants>,
    Path(id): Path<InvitationId>,
) -> module::Result<Response> {
    let mut tx = ctx.begin().await?;
    let invitation = tenants.resend_invitation(&mut tx, &ctx, id).await?;
    tx.commit().await?;
    let text = format!(
        "Sent again to {}. The link of the mail before is dead.",
        invitation.email
    );
    Ok(done("/app/people/invitations", &text))
}

async fn revoke(
    ctx: Allowed<InviteMembers>,
    Extension(tenants): Extension<Tenants>,
    Path(id): Path<InvitationId>,
) -> module::Result<Response> {
    let mut tx = ctx.begin().await?;
    let invitation = tenants.revoke_invitation(&mut tx, &ctx, id).await?;
    tx.commit().await?;
    let text = format!("The invitation to {} is taken back.", invitation.email);
    Ok(done("/app/people/invitations", &text))
}
