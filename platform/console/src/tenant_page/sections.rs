//! What stands on the page of a tenant.

use catalog::manage::ProductEntry;
use catalog::overrides::{LONGEST_DAYS, Override};
use kernel::{OperatorRole, Timestamp};
use maud::{Markup, html};
use module::OpsCtx;
use tenants::AuditEntry;
use ui::field::{self, Choice};
use ui::table::{Pager, head, name_cell, table};
use ui::{
    Card, Empty, TimelineEntry, Tone, avatar, badge, definition_list, dialog_opener, icons,
    timeline as steps,
};

use super::acts::describe;
use super::store::Letter;
use super::{Person, Summary, Use};
use crate::Console;
use crate::ask::Ask;
use crate::respond::{date, day, moment, words};
use crate::subscriptions;

/// Everything about a tenant that decides what it may do.
pub(super) fn summary(
    ctx: &OpsCtx,
    console: &Console,
    summary: &Summary,
    offers: &[ProductEntry],
) -> Markup {
    html! {
        div.grid {
            (Card::new(facts(ctx, summary)).title("Workspace").span(5))
            (Card::new(subscriptions::pages::history(&summary.history)).title("History of subscriptions").span(7))
            div.c12 { (subscriptions::pages::of_tenant(ctx, summary.tenant.id, &summary.subscriptions, offers)) }
            (overrides(ctx, console, summary))
        }
    }
}

fn facts(ctx: &OpsCtx, summary: &Summary) -> Markup {
    let tenant = &summary.tenant;
    let owners = html! {
        @for (at, owner) in summary.owners.iter().enumerate() {
            @if at > 0 { br; }
            (owner.name) " " a.link href={ "mailto:" (owner.email) } { (owner.email) }
        }
        @if summary.owners.is_empty() { "Nobody yet" }
    };
    let mut rows = vec![
        (
            "Address",
            html! { a.link href=(ctx.app.links().tenant(&tenant.slug, "/")) { (ctx.app.links().tenant_host(&tenant.slug)) } },
        ),
        ("Owner", owners),
        (
            "People",
            used(summary.people, "People", &|number| number.to_string()),
        ),
        (
            "Files",
            used(summary.files, "Room for files", &kernel::size),
        ),
        ("Since", html! { (day(tenant.created_at)) }),
        (
            "Language and zone",
            html! { (tenant.locale) ", " (tenant.time_zone.replace('_', " ")) },
        ),
        (
            "Bills in",
            html! { (tenant.currency) @if let Some(country) = &tenant.country { ", " (country) } },
        ),
        ("Id", html! { code { (tenant.id) } }),
    ];
    if let Some(at) = tenant.suspended_at {
        rows.push(("Suspended", html! { (moment(at)) " UTC" }));
        rows.push((
            "Reason",
            html! { (tenant.suspended_reason.as_deref().unwrap_or("not given")) },
        ));
    }
    definition_list(&rows)
}

/// How much is used of what there may be.
fn used(of: Use, label: &str, shown: &dyn Fn(i64) -> String) -> Markup {
    html! {
        @match of.limit {
            Some(limit) => {
                (shown(of.used)) " of " (shown(limit)) " "
                (ui::meter(label, of.used.unsigned_abs(), limit.unsigned_abs()))
            },
            None => { (shown(of.used)) ", no limit" },
        }
    }
}

fn overrides(ctx: &OpsCtx, console: &Console, summary: &Summary) -> Markup {
    let base = format!("/tenants/{}", summary.tenant.id);
    let may = ctx.may(OperatorRole::Billing);
    let card = Card::new(html! {
        @if summary.overrides.is_empty() {
            (Empty::new(icons::LuSlidersHorizontal, "Nothing beside the plans", "An override raises or lowers a limit, or opens a product, for a time and a reason."))
        } @else {
            (table("Overrides", &html! { (head("What")) (head("Value")) (head("Until")) (head("Granted by")) (head("Reason")) (head("State")) },
                &html! { @for granted in &summary.overrides { (override_row(granted, ctx.now, may)) } }))
        }
    })
    .flush()
    .title("Entitlement overrides")
    .span(12);
    let card = if may {
        card.actions(html! { (dialog_opener("Grant", "grant").icon(icons::LuPlus)) })
    } else {
        card
    };
    html! {
        (card)
        @if may {
            (grant_dialog(ctx, console, &base))
            @for granted in summary.overrides.iter().filter(|granted| granted.is_live(ctx.now)) {
                (revoke_dialog(granted, &base))
            }
        }
    }
}

fn override_row(granted: &Override, now: Timestamp, may: bool) -> Markup {
    let (what, value) = describe(&granted.grant);
    html! {
        tr {
            td { (what) }
            td { (value) }
            td { (day(granted.expires_at)) }
            td { (granted.granted_by) ", " (day(granted.created_at)) }
            td { (granted.reason) }
            td {
                @match &granted.revoked {
                    Some((at, by)) => span.muted { "Taken back by " (by) ", " (day(*at)) },
                    None if granted.expires_at <= now => (badge(Tone::Neutral, "Over")),
                    None if may => (dialog_opener("Take back", revoke_id(granted)).ghost()),
                    None => (badge(Tone::Ok, "In force")),
                }
            }
        }
    }
}

fn revoke_id(granted: &Override) -> String {
    format!("revoke-{}", granted.id)
}

fn revoke_dialog(granted: &Override, base: &str) -> Markup {
    let (what, value) = describe(&granted.grant);
    Ask {
        id: &revoke_id(granted),
        title: "Take this back?".to_owned(),
        text: format!(
            "{}: {value}. The plan alone decides again, within seconds.",
            words(&what)
        ),
        action: format!("{base}/overrides/{}/revoke", granted.id),
        verb: "Take back",
        danger: true,
        told: true,
    }
    .dialog(&Markup::default())
}

fn grant_dialog(ctx: &OpsCtx, console: &Console, base: &str) -> Markup {
    let limits = console
        .entitlements()
        .into_iter()
        .map(|known| Choice::new(format!("limit:{}", known.key), known.title));
    let products = console
        .modules()
        .into_iter()
        .map(|key| Choice::new(format!("access:{key}"), format!("Access to {key}")));
    let day = |days: u64| date(ctx.now.plus(std::time::Duration::from_hours(24 * days)));
    let fields = html! {
        (field::select("what", "What", limits.chain(products).collect()).within("grant"))
        (field::text("value", "Value").within("grant")
            .help("A number, or nothing for no limit. For access: full, read_only or blocked."))
        (field::date("until", "Until").within("grant").value(day(30)).min(day(1)).max(day(LONGEST_DAYS)).required()
            .help("It ends by itself at the beginning of this day, in UTC."))
    };
    Ask {
        id: "grant",
        title: "Grant an override".to_owned(),
        text: "It stands above the plans until it ends or is taken back.".to_owned(),
        action: format!("{base}/overrides"),
        verb: "Grant",
        danger: false,
        told: true,
    }
    .dialog(&fields)
}

pub(super) fn people(people: &[Person]) -> Markup {
    let state = |person: &Person| match person.status.as_str() {
        "active" => badge(Tone::Ok, "Active"),
        "suspended" => badge(Tone::Warn, "Suspended"),
        _ => badge(Tone::Neutral, "Left"),
    };
    html! {
        (Card::new(html! {
            @if people.is_empty() {
                (Empty::new(icons::LuUsers, "Nobody yet", "The sign-up was not confirmed, so there is no owner."))
            } @else {
                (table("People", &html! { (head("Person")) (head("Roles")) (head("Status")) (head("Joined")) (head("Last here")) },
                    &html! { @for person in people {
                        tr {
                            (name_cell(&avatar(&person.name), &person.name, &format!("mailto:{}", person.email), &person.email))
                            td { (person.roles.join(", ")) }
                            td { (state(person)) }
                            td { (day(person.joined_at)) }
                            td { @match person.last_seen_at { Some(at) => (day(at)), None => "Not yet" } }
                        }
                    } }))
            }
        }).flush())
    }
}

/// The tenant's own audit log, as it reads it.
pub(super) fn timeline(
    entries: &[AuditEntry],
    first: Option<String>,
    next: Option<String>,
) -> Markup {
    let entries: Vec<TimelineEntry> = entries
        .iter()
        .map(|entry| TimelineEntry {
            icon: match entry.actor_kind.as_str() {
                "operator" => icons::LuShieldCheck,
                "system" => icons::LuCog,
                _ => icons::LuUser,
            },
            text: html! { (entry.sentence()) },
            when: format!("{} UTC", moment(entry.at)),
            detail: detail(entry),
        })
        .collect();
    html! {
        (Card::new(html! {
            @if entries.is_empty() {
                (Empty::new(icons::LuHistory, "Nothing yet", "What people and operators change in this workspace is written down here."))
            } @else {
                (steps(&entries))
            }
        }).footer(html! {
            (Pager { summary: "Newest first.".into(), previous: first, next, region: "section".into() })
        }))
    }
}

fn detail(entry: &AuditEntry) -> Markup {
    let (changes, facts) = (entry.changes(), entry.facts());
    html! {
        @if !changes.is_empty() || !facts.is_empty() {
            p.muted {
                @for change in &changes { (change.field) ": " (change.from) " → " (change.to) ". " }
                @for (name, value) in &facts { (name) ": " (value) ". " }
            }
        }
    }
}

pub(super) fn mail(letters: &[Letter]) -> Markup {
    html! {
        (Card::new(html! {
            @if letters.is_empty() {
                (Empty::new(icons::LuMail, "No mail yet", "Mail that the workspace sends, and that we send about it, is kept for 30 days."))
            } @else {
                (table("Mail", &html! { (head("Subject")) (head("To")) (head("State")) (head("Written")) },
                    &html! { @for letter in letters {
                        tr {
                            td { div.who { div { a href={ "/mail?q=" (crate::respond::encode(&letter.to_address)) } { (letter.subject) } small { (letter.template) } } } }
                            td { (letter.to_address) }
                            td { (crate::mail::state_badge(&letter.state)) @if let Some(error) = &letter.last_error { " " small.muted { (error) } } }
                            td { (moment(letter.created_at)) }
                        }
                    } }))
            }
        }).flush())
    }
}
