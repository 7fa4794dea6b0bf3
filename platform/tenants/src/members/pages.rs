//! Pages about the people of a workspace.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::{Error, FieldError, MembershipId, Role};
use maud::{Markup, Render, html};
use module::extract::{Form, Path, Query};
use module::{Allowed, Ctx, Routes};
use serde::Deserialize;
use ui::table::{Direction, FilterBar, Pager, Sorting, head, name_cell, table};
use ui::{
    Card, Dialog, Empty, Page, Tone, avatar, badge, dialog_opener, icons, link_button, submit,
};

use super::{Filter, Member, Sort, Status};
use crate::entry::tenant_pages::may;
use crate::guards::{ChangeOwners, ManageMembers, ReadMembers};
use crate::respond::{day, done, encode, moment, undoable};
use crate::{Tenants, roles};

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
        role: Role::from_key(&query.role),
        status: Status::parse(&query.status),
        sort: query.sort(),
        descending: query.dir == "desc",
        after: query.after,
        limit: PER_PAGE,
    };
    let mut tx = ctx.begin().await?;
    let (members, next) = super::list(&mut tx, &filter).await?;
    drop(tx);
    let may_invite = ctx.may("workspace.members.invite");
    let role_choices: Vec<(&str, &str)> = std::iter::once(("", "Any role"))
        .chain(Role::ALL.map(|role| (role.key(), role.title())))
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
        .actions(html! { @if may_invite {
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
                td { (roles::in_words(&member.roles)) }
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
    Path(id): Path<MembershipId>,
) -> module::Result<Page> {
    let mut tx = ctx.begin().await?;
    let member = super::get(&mut tx, id).await?;
    Ok(page(&ctx, &tenants, &member, &member.roles, &[]))
}

fn page(
    ctx: &Ctx,
    tenants: &Tenants,
    member: &Member,
    chosen: &[Role],
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
                    ("Roles", html! { (roles::in_words(&member.roles)) }),
                    ("Joined", html! { (moment(member.joined_at, zone)) }),
                    ("Last here", html! { (seen) }),
                ])))
                @if here && manages { (roles_form(ctx, tenants, &base, chosen, errors)) }
                @if member.status == Status::Active && ctx.may(super::CHANGE_OWNERS) { (owner_form(&base, member)) }
                (Card::new(html! { ul.rows {
                    @for (area, titles) in may(tenants, &tenants.permissions_of(&member.roles)) {
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
    chosen: &[Role],
    errors: &[FieldError],
) -> Markup {
    let held = ctx
        .visitor()
        .map(|person| person.permissions.clone())
        .unwrap_or_default();
    Card::new(html! {
        form.stack method="post" action={ (base) "/roles" } data-dirty {
            (role_boxes(&tenants.grantable(&held), chosen, errors))
            div { (submit("Save roles").primary()) }
        }
    })
    .title("Roles")
    .render()
}

/// A check box for each role that can be given, with what it is for.
pub(crate) fn role_boxes(grantable: &[Role], chosen: &[Role], errors: &[FieldError]) -> Markup {
    let error = errors.iter().find(|error| error.field == "role");
    html! {
        fieldset.field id="f-role" aria-describedby=[error.map(|_| "f-role-hint")] tabindex=[error.map(|_| "-1")] {
            legend.label { "What may they do?" }
            @for role in Role::ALL.into_iter().filter(|role| *role != Role::Owner) {
                label.check {
                    input type="checkbox" name="role" value=(role.key()) checked[chosen.contains(&role)]
                        disabled[!grantable.contains(&role) && !chosen.contains(&role)];
                    span { (role.title()) " " small { (role.summary()) } }
                }
            }
            @if let Some(error) = error {
                p.hint.bad id="f-role-hint" { (ui::icon_sized(icons::LuCircleAlert, 14)) span { (error.message) } }
            } @else if grantable.len() + 1 < Role::ALL.len() {
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
pub(crate) fn roles_of(form: &[(String, String)]) -> Vec<Role> {
    let keys: Vec<String> = form
        .iter()
        .filter(|(name, _)| name == "role")
        .map(|(_, value)| value.clone())
        .collect();
    roles::read(&keys)
}

async fn set_roles(
    ctx: Allowed<ManageMembers>,
    Extension(tenants): Extension<Tenants>,
    Path(id): Path<MembershipId>,
    Form(form): Form<Vec<(String, String)>>,
) -> module::Result<Response> {
    let wanted = roles_of(&form);
    let mut tx = ctx.begin().await?;
    match tenants.set_roles(&mut tx, &ctx, id, &wanted).await {
        Ok(()) => {
            tx.commit().await?;
            Ok(done(&format!("/app/people/{id}"), "The roles are saved."))
        }
        Err(Error::Invalid(errors)) => {
            let member = super::get(&mut tx, id).await?;
            Ok(page(&ctx, &tenants, &member, &wanted, &errors)
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
