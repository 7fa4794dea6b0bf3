//! Pages about the people of a workspace.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::{Error, FieldError, MembershipId, PermissionSet, Role, Zone};
use maud::{Markup, Render, html};
use module::extract::{Form, Path, Query};
use module::{Allowed, Ctx, Routes, Slots};
use serde::Deserialize;
use ui::table::{Direction, FilterBar, Pager, Sorting, head, name_cell, table};
use ui::{
    Card, Dialog, Empty, Page, Tone, avatar, badge, dialog_opener, icons, link_button, submit,
};

use super::{Filter, Member, Sort, Status};
use crate::Tenants;
use crate::entry::tenant_pages::may;
use crate::guards::{ChangeOwners, ManageMembers, ReadMembers};
use crate::respond::{after_day, day, done, encode, moment, undoable};
use crate::roles::{self, Assignment, RoleInfo, RoleKey};
use crate::sharing::{self, Share};

/// Members on one page of the list.
const PER_PAGE: i64 = 50;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/app/people", list)
        .get("/app/people/{id}", show)
        .post("/app/people/{id}/roles", set_roles)
        .post("/app/people/{id}/owner", set_owner)
        .post("/app/people/{id}/suspend", suspend)
        .post("/app/people/{id}/resume", resume)
        .post("/app/people/{id}/remove", remove)
        .post("/app/people/{id}/restore", restore)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    q: String,
    role: String,
    status: String,
    sort: String,
    dir: String,
    after: Option<MembershipId>,
}

impl ListQuery {
    fn sort(&self) -> Sort {
        Sort::parse(&self.sort).unwrap_or_default()
    }

    fn filtered(&self) -> bool {
        !(self.q.trim().is_empty() && self.role.is_empty() && self.status.is_empty())
    }

    /// The address of the same list, sorted or continued otherwise.
    fn address(&self, sort: &str, descending: bool, after: Option<MembershipId>) -> String {
        let mut address = format!(
            "/app/people?q={}&role={}&status={}&sort={sort}&dir={}",
            encode(&self.q),
            encode(&self.role),
            encode(&self.status),
            if descending { "desc" } else { "asc" }
        );
        if let Some(after) = after {
            address.push_str("&after=");
            address.push_str(&after.to_string());
        }
        address
    }
}

async fn list(ctx: Allowed<ReadMembers>, Query(query): Query<ListQuery>) -> module::Result<Page> {
    let filter = Filter {
        words: query.q.clone(),
        role: Some(RoleKey(query.role.clone())).filter(|key| !key.0.is_empty()),
        status: Status::parse(&query.status),
        sort: query.sort(),
        descending: query.dir == "desc",
        after: query.after,
        limit: PER_PAGE,
    };
    let mut tx = ctx.begin().await?;
    let (members, next) = super::list(&mut tx, &filter, ctx.now()).await?;
    let known = roles::all(&mut tx, ctx.now()).await?;
    drop(tx);
    let may_invite = ctx.may("workspace.members.invite");
    let role_choices: Vec<(&str, &str)> = std::iter::once(("", "Any role"))
        .chain(
            known
                .iter()
                .map(|role| (role.key.0.as_str(), role.name.as_str())),
        )
        .collect();
    let bar = FilterBar::new("/app/people", "people")
        .search("Name or e-mail", &query.q)
        .filter("role", "Role", &role_choices, &query.role)
        .filter(
            "status",
            "Status",
            &[
                ("", "Everybody here"),
                ("active", "Active"),
                ("suspended", "Suspended"),
                ("left", "Left"),
            ],
            &query.status,
        )
        .keep("sort", filter.sort.as_str())
        .keep("dir", if filter.descending { "desc" } else { "asc" });
    Ok(Page::new("People")
        .lead("Everybody who can enter this workspace, and what they may do.")
        .actions(html! {
            (link_button("Roles", "/app/people/roles"))
            @if may_invite {
            (link_button("Invitations", "/app/people/invitations"))
            (link_button("Invite", "/app/people/invite").primary().icon(icons::LuUserPlus).key('c'))
        } })
        .body(html! {
            (bar)
            section id="people" {
                @if members.is_empty() && query.filtered() {
                    (ui::no_match("Nobody fits these filters.", "/app/people"))
                } @else if members.is_empty() {
                    (Empty::new(icons::LuUsers, "Nobody here", "People who accept your invitation appear here."))
                } @else {
                    (people_table(&ctx, &members, &filter, &query))
                    (Pager {
                        summary: if members.len() == 1 { "1 person".to_owned() } else { format!("{} people", members.len()) },
                        previous: query.after.map(|_| query.address(filter.sort.as_str(), filter.descending, None)),
                        next: next.map(|after| query.address(filter.sort.as_str(), filter.descending, Some(after))),
                        region: "people".into(),
                    })
                }
            }
        }))
}

fn people_table(ctx: &Ctx, members: &[Member], filter: &Filter, query: &ListQuery) -> Markup {
    let address = |sort: &str, direction: Direction| {
        query.address(sort, direction == Direction::Descending, None)
    };
    let sorting = Sorting {
        by: filter.sort.as_str(),
        direction: if filter.descending {
            Direction::Descending
        } else {
            Direction::Ascending
        },
        region: "people",
        address: &address,
    };
    let zone = &ctx.tenant().zone;
    table(
        "People",
        &html! {
            (sorting.head("name", "Name")) (head("Roles")) (head("Status"))
            (sorting.head("joined", "Joined")) (sorting.head("seen", "Last here"))
        },
        &html! { @for member in members {
            tr data-row {
                (name_cell(&avatar(&member.name), &member.name, &format!("/app/people/{}", member.id), &member.email))
                td { (roles::in_words(roles::names(&member.roles))) }
                td { (status_badge(member.status)) }
                td { (day(member.joined_at, zone)) }
                td { @match member.last_seen_at { Some(at) => (day(at, zone)), None => "Not yet" } }
            }
        } },
    )
}

fn status_badge(status: Status) -> Markup {
    match status {
        Status::Active => badge(Tone::Ok, "Active"),
        Status::Suspended => badge(Tone::Warn, "Suspended"),
        Status::Left => badge(Tone::Neutral, "Left"),
    }
}

async fn show(
    ctx: Allowed<ReadMembers>,
    Extension(tenants): Extension<Tenants>,
    Extension(slots): Extension<Slots>,
    Path(id): Path<MembershipId>,
) -> module::Result<Page> {
    let mut tx = ctx.begin().await?;
    let member = super::get(&mut tx, id, ctx.now()).await?;
    let known = roles::all(&mut tx, ctx.now()).await?;
    let shares = sharing::of_member(&mut tx, id, ctx.now()).await?;
    let chosen = assignments(&member);
    let mut page = page(&ctx, &tenants, &member, &known, &chosen, &[]);
    if !shares.is_empty() {
        page.body = html! { div.stack { (page.body) (shares_card(&ctx, &slots, &shares)) } };
    }
    Ok(page)
}

/// What was shared with somebody besides what their roles allow.
fn shares_card(ctx: &Ctx, slots: &Slots, shares: &[Share]) -> Markup {
    let zone = &ctx.tenant().zone;
    let manages = ctx.may("workspace.members.manage");
    let list: Vec<ui::Row> = shares
        .iter()
        .map(|share| {
            let revoke = format!("/app/people/{}/shares/{}/revoke", share.member, share.id);
            ui::Row::new(&share.object_name)
                .note(html! {
                    (sharing::level_title(slots, &share.kind, &share.level))
                    @if let Some(end) = share.expires_at { ", until " (moment(end, zone)) }
                    ", by " (share.giver_name)
                })
                .end(html! { @if manages {
                    form method="post" action=(revoke) { (submit(format!("Take back {}", share.object_name)).ghost().icon_only(icons::LuX)) }
                } })
        })
        .collect();
    Card::new(ui::rows(&list))
        .title("Shared with them")
        .flush()
        .render()
}

/// The roles that a member has, as the form sends them.
fn assignments(member: &Member) -> Vec<Assignment> {
    let held = member.roles.iter();
    held.map(|role| Assignment {
        key: role.key.clone(),
        expires_at: role.expires_at,
    })
    .collect()
}

fn page(
    ctx: &Ctx,
    tenants: &Tenants,
    member: &Member,
    known: &[RoleInfo],
    chosen: &[Assignment],
    errors: &[FieldError],
) -> Page {
    let zone = &ctx.tenant().zone;
    let base = format!("/app/people/{}", member.id);
    let own = ctx
        .visitor()
        .is_some_and(|person| person.membership == member.id);
    let manages = ctx.may("workspace.members.manage");
    let here = member.status != Status::Left;
    let seen = member
        .last_seen_at
        .map_or_else(|| "Not yet".to_owned(), |at| moment(at, zone));
    Page::new(member.name.clone())
        .crumb("People", "/app/people")
        .narrow()
        .actions(html! { (status_badge(member.status)) })
        .body(html! {
            div.stack {
                (Card::new(ui::definition_list(&[
                    ("E-mail", html! { a.link href={ "mailto:" (member.email) } { (member.email) } }),
                    ("Roles", html! { @for (at, role) in member.roles.iter().enumerate() {
                        @if at > 0 { ", " } (role.name) @if let Some(end) = role.expires_at { " until " (moment(end, zone)) }
                    } @if member.roles.is_empty() { "No role" } }),
                    ("Joined", html! { (moment(member.joined_at, zone)) }),
                    ("Last here", html! { (seen) }),
                ])))
                @if here && manages { (roles_form(ctx, tenants, &base, known, chosen, errors)) }
                @if member.status == Status::Active && ctx.may(super::CHANGE_OWNERS) { (owner_form(&base, member)) }
                (Card::new(html! { ul.rows {
                    @for (area, titles) in may(tenants, &tenants.held_by(&member.roles, &member.stored)) {
                        li { div.row-main { strong { (area) } small { (titles.join(", ")) } } }
                    }
                } }).title("What these roles allow").flush())
                @if manages && !own { (access_card(&base, member)) }
            }
        })
}

fn roles_form(
    ctx: &Ctx,
    tenants: &Tenants,
    base: &str,
    known: &[RoleInfo],
    chosen: &[Assignment],
    errors: &[FieldError],
) -> Markup {
    let held = permissions(ctx);
    let keys: Vec<RoleKey> = chosen.iter().map(|role| role.key.clone()).collect();
    let any_end = chosen.iter().any(|role| role.expires_at.is_some());
    Card::new(html! {
        form.stack method="post" action={ (base) "/roles" } data-dirty {
            (role_boxes(tenants, &held, known, &keys, errors))
            details open[any_end] {
                summary { "For a while" }
                p.hint { "A role with a last day ends by itself at the end of it." }
                @for role in known.iter().filter(|role| role.built_in() != Some(Role::Owner)) {
                    @let end = chosen.iter().find(|chosen| chosen.key == role.key).and_then(|chosen| chosen.expires_at);
                    (ui::field::date(format!("until-{}", role.key.0), format!("Last day as {}", role.name))
                        .value(end.map(|end| last_day(end, &ctx.tenant().zone)).unwrap_or_default()))
                }
            }
            div { (submit("Save roles").primary()) }
        }
    })
    .title("Roles")
    .render()
}

/// What the person of the request may do.
pub(crate) fn permissions(ctx: &Ctx) -> PermissionSet {
    ctx.visitor()
        .map(|person| person.permissions.clone())
        .unwrap_or_default()
}

/// The last whole day before an end, as date fields have it.
fn last_day(end: kernel::Timestamp, zone: &Zone) -> String {
    let before = end.minus(std::time::Duration::from_secs(1));
    before.in_zone(zone).date().to_string()
}

/// A check box for each role, with what it is for; those that cannot be given are shown and cannot be chosen.
pub(crate) fn role_boxes(
    tenants: &Tenants,
    held: &PermissionSet,
    known: &[RoleInfo],
    chosen: &[RoleKey],
    errors: &[FieldError],
) -> Markup {
    let error = errors.iter().find(|error| error.field == "role");
    let offered: Vec<(&RoleInfo, bool)> = known
        .iter()
        .filter(|role| role.built_in() != Some(Role::Owner))
        .map(|role| (role, tenants.may_give(held, role)))
        .collect();
    html! {
        fieldset.field id="f-role" aria-describedby=[error.map(|_| "f-role-hint")] tabindex=[error.map(|_| "-1")] {
            legend.label { "What may they do?" }
            @for (role, mine) in &offered {
                @let checked = chosen.contains(&role.key);
                label.check {
                    input type="checkbox" name="role" value=(role.key.0) checked[checked] disabled[!mine && !checked];
                    span { (role.name) " " small { (role.summary()) } }
                }
            }
            @if let Some(error) = error {
                p.hint.bad id="f-role-hint" { (ui::icon_sized(icons::LuCircleAlert, 14)) span { (error.message) } }
            } @else if offered.iter().any(|(_, mine)| !mine) {
                p.hint { "Roles that allow more than your own are not yours to give." }
            }
        }
    }
}

fn owner_form(base: &str, member: &Member) -> Markup {
    let (text, label, value) = if member.is_owner() {
        (
            "Owners can do everything, billing and closing the workspace included.",
            "Take ownership away",
            "false",
        )
    } else {
        (
            "Owners can do everything, billing and closing the workspace included. You stay an owner, too.",
            "Make an owner",
            "true",
        )
    };
    Card::new(html! {
        form.cluster method="post" action={ (base) "/owner" } {
            p { (text) }
            (submit(label).named("owner", value))
        }
    })
    .title("Ownership")
    .render()
}

fn access_card(base: &str, member: &Member) -> Markup {
    let name = &member.name;
    let post = |path: &str, button: ui::Button| {
        html! { form method="post" action={ (base) "/" (path) } { (button) } }
    };
    let remove = Dialog::new(
        "remove",
        format!("Remove {name}?"),
        html! { p { "They are signed out at once. What they made stays, under their name. You can take this back." } },
    )
    .form(format!("{base}/remove"))
    .actions(submit("Remove").danger());
    Card::new(html! {
        div.cluster {
            @match member.status {
                Status::Active => {
                    (post("suspend", submit("Suspend")))
                    (dialog_opener("Remove", "remove").danger())
                }
                Status::Suspended => {
                    (post("resume", submit("Let back in")))
                    (dialog_opener("Remove", "remove").danger())
                }
                Status::Left => (post("restore", submit("Bring back"))),
            }
        }
        (remove)
    })
    .title("Access")
    .render()
}

/// The roles that a form names; the field repeats.
pub(crate) fn roles_of(form: &[(String, String)]) -> Vec<RoleKey> {
    let mut keys: Vec<RoleKey> = Vec::new();
    for (_, value) in form.iter().filter(|(name, _)| name == "role") {
        let key = RoleKey(value.clone());
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// The roles that a form names, with the last day of each that has one.
fn assignments_of(form: &[(String, String)], zone: &Zone) -> kernel::Result<Vec<Assignment>> {
    let mut wanted = Vec::new();
    for key in roles_of(form) {
        let field = format!("until-{}", key.0);
        let day = form.iter().find(|(name, _)| *name == field);
        let expires_at = match day.map(|(_, day)| day.trim()).filter(|day| !day.is_empty()) {
            Some(day) => Some(after_day(day, zone).ok_or_else(|| {
                FieldError::new("role", "invalid", "Enter the last day as a date.")
            })?),
            None => None,
        };
        wanted.push(Assignment { key, expires_at });
    }
    Ok(wanted)
}

async fn set_roles(
    ctx: Allowed<ManageMembers>,
    Extension(tenants): Extension<Tenants>,
    Path(id): Path<MembershipId>,
    Form(form): Form<Vec<(String, String)>>,
) -> module::Result<Response> {
    let mut tx = ctx.begin().await?;
    let wanted = assignments_of(&form, &ctx.tenant().zone);
    let outcome = match &wanted {
        Ok(wanted) => tenants.set_roles(&mut tx, &ctx, id, wanted).await,
        Err(error) => Err(Error::Invalid(error.field_errors().to_vec())),
    };
    match outcome {
        Ok(()) => {
            tx.commit().await?;
            Ok(done(&format!("/app/people/{id}"), "The roles are saved."))
        }
        Err(Error::Invalid(errors)) => {
            let member = super::get(&mut tx, id, ctx.now()).await?;
            let known = roles::all(&mut tx, ctx.now()).await?;
            let chosen = wanted
                .unwrap_or_else(|_| roles_of(&form).into_iter().map(Assignment::from).collect());
            Ok(page(&ctx, &tenants, &member, &known, &chosen, &errors)
                .status(StatusCode::UNPROCESSABLE_ENTITY)
                .into_response())
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Debug, Deserialize)]
struct OwnerForm {
    owner: bool,
}

async fn set_owner(
    ctx: Allowed<ChangeOwners>,
    Extension(tenants): Extension<Tenants>,
    Path(id): Path<MembershipId>,
    Form(form): Form<OwnerForm>,
) -> module::Result<Response> {
    let mut tx = ctx.begin().await?;
    tenants.set_owner(&mut tx, &ctx, id, form.owner).await?;
    tx.commit().await?;
    let text = if form.owner {
        "They own the workspace now, too."
    } else {
        "They are no owner any more."
    };
    Ok(done(&format!("/app/people/{id}"), text))
}

async fn change_status(
    ctx: &Ctx,
    tenants: &Tenants,
    id: MembershipId,
    status: Status,
) -> module::Result<Member> {
    let mut tx = ctx.begin().await?;
    let member = tenants.set_status(&mut tx, ctx, id, status).await?;
    tx.commit().await?;
    if status != Status::Active {
        tenants
            .end_sessions(ctx.tenant().id, member.user, ctx.now())
            .await?;
    }
    Ok(member)
}

async fn suspend(
    ctx: Allowed<ManageMembers>,
    Extension(tenants): Extension<Tenants>,
    Path(id): Path<MembershipId>,
) -> module::Result<Response> {
    let member = change_status(&ctx, &tenants, id, Status::Suspended).await?;
    Ok(undoable(
        &format!("/app/people/{id}"),
        &format!("{} cannot enter any more.", member.name),
        &format!("/app/people/{id}/resume"),
    ))
}

async fn resume(
    ctx: Allowed<ManageMembers>,
    Extension(tenants): Extension<Tenants>,
    Path(id): Path<MembershipId>,
) -> module::Result<Response> {
    let member = change_status(&ctx, &tenants, id, Status::Active).await?;
    Ok(done(
        &format!("/app/people/{id}"),
        &format!("{} can enter again.", member.name),
    ))
}

async fn remove(
    ctx: Allowed<ManageMembers>,
    Extension(tenants): Extension<Tenants>,
    Path(id): Path<MembershipId>,
) -> module::Result<Response> {
    let member = change_status(&ctx, &tenants, id, Status::Left).await?;
    Ok(undoable(
        "/app/people",
        &format!("{} was removed.", member.name),
        &format!("/app/people/{id}/restore"),
    ))
}

async fn restore(
    ctx: Allowed<ManageMembers>,
    Extension(tenants): Extension<Tenants>,
    Path(id): Path<MembershipId>,
) -> module::Result<Response> {
    let member = change_status(&ctx, &tenants, id, Status::Active).await?;
    Ok(done(
        &format!("/app/people/{id}"),
        &format!("{} is back.", member.name),
    ))
}
