//! Pages about roles, at `/app/people/roles`.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::{Error, FieldError, PermissionSet, Role, RoleId};
use maud::{Markup, Render, html};
use module::extract::{Form, Path, Query};
use module::{Allowed, Ctx, Routes};
use serde::Deserialize;
use ui::field::{self, Choice};
use ui::table::{head, name_cell, number_head, table};
use ui::{
    Card, Dialog, Page, Row, Tone, avatar, badge, banner, dialog_opener, error_summary, icons,
    link_button, rows, submit,
};

use super::{RoleInfo, RoleInput, RoleKey, all, get};
use crate::guards::{ManageRoles, ReadMembers};
use crate::members::pages::permissions;
use crate::members::{self, Filter, Member};
use crate::respond::{capitalised, done};
use crate::{Tenants, roles};

const PATH: &str = "/app/people/roles";
/// Most holders that the page of a role names.
const HOLDERS: i64 = 20;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get(PATH, list)
        .get("/app/people/roles/new", new)
        .post(PATH, create)
        .get("/app/people/roles/{id}", show)
        .post("/app/people/roles/{id}", change)
        .post("/app/people/roles/{id}/delete", delete)
}

async fn list(
    ctx: Allowed<ReadMembers>,
    Extension(tenants): Extension<Tenants>,
) -> module::Result<Page> {
    let mut tx = ctx.begin().await?;
    let roles = all(&mut tx, ctx.now()).await?;
    drop(tx);
    let of_all = tenants.permissions().len();
    Ok(Page::new("Roles")
        .lead("What people in this workspace may do. Somebody with several roles may do what any of them allows.")
        .crumb("People", "/app/people")
        .actions(html! { @if ctx.may("workspace.roles.manage") {
            (link_button("New role", "/app/people/roles/new").primary().icon(icons::LuPlus).key('c'))
        } })
        .body(table(
            "Roles",
            &html! { (head("Role")) (number_head("People")) (number_head("Allows")) (head("What it is for")) },
            &html! { @for role in &roles {
                tr data-row {
                    (name_cell(&ui::icon_sized(icons::LuShieldCheck, 18), &role.name, &format!("{PATH}/{}", role.id),
                        if role.built_in().is_some() { "Built in" } else { "Your own" }))
                    td.number { (role.members) }
                    td.number { (tenants.permissions_in(role).keys().count()) " of " (of_all) }
                    td { (role.summary()) }
                }
            } },
        )))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct From {
    /// The role to begin from.
    from: Option<RoleId>,
}

async fn new(
    ctx: Allowed<ManageRoles>,
    Extension(tenants): Extension<Tenants>,
    Query(From { from }): Query<From>,
) -> module::Result<Page> {
    let held = permissions(&ctx);
    let mut input = RoleInput::default();
    if let Some(from) = from {
        let mut tx = ctx.begin().await?;
        let role = get(&mut tx, from, ctx.now()).await?;
        input.name = format!("Copy of {}", role.name);
        role.summary().clone_into(&mut input.description);
        // A copy holds what its maker may hand on.
        let copied = tenants.permissions_in(&role).intersection(&held);
        input.permissions = copied.keys().map(str::to_owned).collect();
    }
    Ok(editor(&ctx, &tenants, None, &input, &[]))
}

fn editor(
    ctx: &Ctx,
    tenants: &Tenants,
    role: Option<&RoleInfo>,
    input: &RoleInput,
    errors: &[FieldError],
) -> Page {
    let (title, action) = match role {
        Some(role) => (role.name.clone(), format!("{PATH}/{}", role.id)),
        None => ("New role".to_owned(), PATH.to_owned()),
    };
    let status = if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    Page::new(title)
        .crumb("People", "/app/people")
        .crumb("Roles", PATH)
        .narrow()
        .script("tenants-roles.js")
        .status(status)
        .body(html! { (form(ctx, tenants, role, &action, input, errors)) })
}

fn form(
    ctx: &Ctx,
    tenants: &Tenants,
    role: Option<&RoleInfo>,
    action: &str,
    input: &RoleInput,
    errors: &[FieldError],
) -> Markup {
    html! {
        form.stack method="post" action=(action) data-dirty {
            (error_summary(errors))
            @if let Some(role) = role { input type="hidden" name="rev" value=(role.rev); }
            (Card::new(html! { div.stack {
                (field::text("name", "Name").value(&input.name).max_length(60).required().errors(errors))
                (field::textarea("description", "What it is for", 2).value(&input.description).max_length(300).optional().errors(errors))
            } }))
            (matrix(tenants, &permissions(ctx), &input.permissions, errors))
            div.cluster {
                (submit(if role.is_some() { "Save the role" } else { "Make the role" }).primary())
                (link_button("Cancel", PATH).ghost())
            }
        }
    }
}

/// Everything that can be allowed, by the part of the product; what its reader lacks cannot be chosen.
fn matrix(
    tenants: &Tenants,
    held: &PermissionSet,
    chosen: &[String],
    errors: &[FieldError],
) -> Markup {
    let error = errors.iter().find(|error| error.field == "permissions");
    Card::new(html! { div.stack {
        div.field hidden { input.input type="search" data-permission-search aria-label="Find a permission" placeholder="Find a permission"; }
        @if let Some(error) = error {
            p.hint.bad id="f-permissions" tabindex="-1" { (ui::icon_sized(icons::LuCircleAlert, 14)) span { (error.message) } }
        }
        @for (area, group) in groups(tenants) {
            fieldset.field data-permission-group {
                legend.label { (area) }
                @for permission in group {
                    @let mine = held.allows(permission.key) && !permission.key.starts_with(super::OWNERS_ALONE);
                    @let checked = chosen.iter().any(|key| key == permission.key);
                    label.check data-permission {
                        input type="checkbox" name="permission" value=(permission.key) checked[checked] disabled[!mine && !checked];
                        span { (permission.title) " " small { (permission.key) } }
                    }
                }
            }
        }
        p.hint { "What you may not do yourself cannot be chosen." }
    } })
    .title("What it allows")
    .render()
}

/// The permissions by the part of the product that they belong to, in the order of their declaration.
fn groups(tenants: &Tenants) -> Vec<(String, Vec<&'static kernel::Permission>)> {
    let mut groups: Vec<(String, Vec<&'static kernel::Permission>)> = Vec::new();
    for permission in tenants.permissions() {
        let area = capitalised(permission.key.split('.').next().unwrap_or_default());
        match groups.iter_mut().find(|(name, _)| *name == area) {
            Some((_, group)) => group.push(permission),
            None => groups.push((area, vec![permission])),
        }
    }
    groups
}

async fn create(
    ctx: Allowed<ManageRoles>,
    Extension(tenants): Extension<Tenants>,
    Form(form): Form<Vec<(String, String)>>,
) -> module::Result<Response> {
    let input = input_of(&form);
    let mut tx = ctx.begin().await?;
    match tenants.create_role(&mut tx, &ctx, input.clone()).await {
        Ok(role) => {
            tx.commit().await?;
            let text = format!(
                "The role {} is made. Give it to people, or invite somebody with it.",
                role.name
            );
            Ok(done(&format!("{PATH}/{}", role.id), &text))
        }
        Err(Error::Invalid(errors)) => {
            Ok(editor(&ctx, &tenants, None, &input, &errors).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

fn input_of(form: &[(String, String)]) -> RoleInput {
    let value = |name: &str| {
        form.iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    };
    RoleInput {
        name: value("name"),
        description: value("description"),
        permissions: form
            .iter()
            .filter(|(field, _)| field == "permission")
            .map(|(_, key)| key.clone())
            .collect(),
    }
}

async fn show(
    ctx: Allowed<ReadMembers>,
    Extension(tenants): Extension<Tenants>,
    Path(id): Path<RoleId>,
) -> module::Result<Page> {
    let mut tx = ctx.begin().await?;
    let role = get(&mut tx, id, ctx.now()).await?;
    let input = RoleInput {
        name: role.name.clone(),
        description: role.description.clone(),
        permissions: role.stored.clone(),
    };
    page(&mut tx, &ctx, &tenants, &role, &input, &[]).await
}

async fn page(
    tx: &mut tenant_resolver::TenantTx,
    ctx: &Ctx,
    tenants: &Tenants,
    role: &RoleInfo,
    input: &RoleInput,
    errors: &[FieldError],
) -> module::Result<Page> {
    let filter = Filter {
        role: Some(role.key.clone()),
        limit: HOLDERS,
        ..Filter::default()
    };
    let (holders, _) = members::list(tx, &filter, ctx.now()).await?;
    let everyone = all(tx, ctx.now()).await?;
    let allowed = tenants.permissions_in(role);
    let manages = ctx.may("workspace.roles.manage");
    let mine = role.built_in().is_none() && manages && permissions(ctx).covers(&allowed);
    let editor = editor(ctx, tenants, Some(role), input, errors);
    let body = html! {
        div.stack {
            @if mine { (editor.body) } @else { (read_only(tenants, role, &allowed, manages)) }
            (holders_card(role, &holders))
            @if mine { (delete_card(ctx, tenants, role, &everyone, errors)) }
        }
    };
    Ok(editor
        .lead(role.summary())
        .actions(html! {
            (badge(Tone::Neutral, if role.built_in().is_some() { "Built in" } else { "Your own" }))
            @if manages {
                (link_button("Duplicate", format!("{PATH}/new?from={}", role.id)).icon(icons::LuCopy))
            }
        })
        .body(body))
}

fn read_only(tenants: &Tenants, role: &RoleInfo, allowed: &PermissionSet, manages: bool) -> Markup {
    html! {
        @if manages && role.built_in().is_some() {
            (banner(Tone::Info, "Built-in roles are the same in every workspace. Duplicate this one to change the copy.", None))
        } @else if manages {
            (banner(Tone::Info, "This role may do things that you may not, so somebody else has to change it.", None))
        }
        (Card::new(html! { ul.rows {
            @for (area, titles) in crate::entry::tenant_pages::may(tenants, allowed) {
                li { div.row-main { strong { (area) } small { (titles.join(", ")) } } }
            }
        } }).title("What it allows").flush())
    }
}

fn holders_card(role: &RoleInfo, holders: &[Member]) -> Markup {
    let list: Vec<Row> = holders
        .iter()
        .map(|member| {
            Row::new(&member.name)
                .href(format!("/app/people/{}", member.id))
                .lead(avatar(&member.name))
                .note(html! { (member.email) })
        })
        .collect();
    let shown = i64::try_from(holders.len()).unwrap_or(i64::MAX);
    Card::new(html! {
        @if list.is_empty() { p { "Nobody has it yet." } } @else { (rows(&list)) }
        @if role.members > shown {
            p { a.link href={ "/app/people?role=" (role.key.0) } { "All " (role.members) " people" } }
        }
        @if role.invitations > 0 {
            p { (role.invitations) @if role.invitations == 1 { " invitation names it." } @else { " invitations name it." } }
        }
    })
    .title("Who has it")
    .render()
}

fn delete_card(
    ctx: &Ctx,
    tenants: &Tenants,
    role: &RoleInfo,
    everyone: &[RoleInfo],
    errors: &[FieldError],
) -> Markup {
    let held = permissions(ctx);
    let heirs = everyone
        .iter()
        .filter(|other| other.id != role.id && tenants.may_give(&held, other))
        .map(|other| Choice::new(other.key.0.clone(), other.name.clone()))
        .collect();
    let action = format!("{PATH}/{}/delete", role.id);
    Card::new(html! {
        @if role.in_use() {
            form.stack method="post" action=(action) {
                input type="hidden" name="rev" value=(role.rev);
                p { "Somebody has this role or is invited with it. They get another one instead." }
                (field::select("role", "Role instead", heirs).value(Role::Viewer.key()).errors(errors))
                div { (submit("Delete and replace").danger()) }
            }
        } @else {
            div.cluster { p { "Nobody has this role." } (dialog_opener("Delete the role", "delete-role").danger()) }
            (Dialog::new("delete-role", format!("Delete {}?", role.name), html! {
                p { "It is gone for good. You can make a role like it again." }
                input type="hidden" name="rev" value=(role.rev);
            }).form(action).actions(submit("Delete").danger()))
        }
    })
    .title("Delete")
    .render()
}

fn rev_of(form: &[(String, String)]) -> Option<i64> {
    let rev = form.iter().find(|(name, _)| name == "rev");
    rev.and_then(|(_, rev)| rev.parse().ok())
}

async fn change(
    ctx: Allowed<ManageRoles>,
    Extension(tenants): Extension<Tenants>,
    Path(id): Path<RoleId>,
    Form(form): Form<Vec<(String, String)>>,
) -> module::Result<Response> {
    let input = input_of(&form);
    let mut tx = ctx.begin().await?;
    match tenants
        .change_role(&mut tx, &ctx, id, rev_of(&form), input.clone())
        .await
    {
        Ok(role) => {
            tx.commit().await?;
            let text = format!("The role {} is saved, for everybody who has it.", role.name);
            Ok(done(&format!("{PATH}/{id}"), &text))
        }
        Err(Error::Invalid(errors)) => {
            let role = get(&mut tx, id, ctx.now()).await?;
            Ok(page(&mut tx, &ctx, &tenants, &role, &input, &errors)
                .await?
                .into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn delete(
    ctx: Allowed<ManageRoles>,
    Extension(tenants): Extension<Tenants>,
    Path(id): Path<RoleId>,
    Form(form): Form<Vec<(String, String)>>,
) -> module::Result<Response> {
    let replacement = form
        .iter()
        .find(|(name, _)| name == "role")
        .map(|(_, key)| RoleKey(key.clone()));
    let mut tx = ctx.begin().await?;
    let deleted = tenants
        .delete_role(&mut tx, &ctx, id, rev_of(&form), replacement.as_ref())
        .await;
    match deleted {
        Ok(role) => {
            tx.commit().await?;
            Ok(done(PATH, &format!("The role {} is deleted.", role.name)))
        }
        Err(Error::Invalid(errors)) => {
            let role = roles::get(&mut tx, id, ctx.now()).await?;
            let input = RoleInput {
                name: role.name.clone(),
                description: role.description.clone(),
                permissions: role.stored.clone(),
            };
            Ok(page(&mut tx, &ctx, &tenants, &role, &input, &errors)
                .await?
                .into_response())
        }
        Err(error) => Err(error.into()),
    }
}
