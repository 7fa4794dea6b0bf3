//! What stands around a page: navigation, person, notices. Made for each page from what is cached.

use std::sync::Arc;

use kernel::{Access, SubscriptionStatus};
use module::{Ctx, Person};
use tenant_resolver::Tenant;
use ui::{Frame, Layout, Link, NavGroup, NavItem, Notice, PaletteAction, Tone, Workspace, icons};

use super::Front;
use crate::http::visit::{Visit, Where};
use crate::modules::MODULES;

/// Days before the end of a trial from which on pages remind of it.
const REMIND_DAYS: u64 = 7;

/// The frame of a request's page.
pub async fn frame(front: &Front, visit: &Visit) -> Frame {
    let mut frame = match &visit.place {
        Where::Base(account) => base(front, account.as_ref()),
        Where::Ops(operator) => ops(front, operator.as_ref()),
        Where::Tenant(ctx) => tenant(front, ctx).await,
    };
    let path = visit.facts.path.split('?').next().unwrap_or("/");
    path.clone_into(&mut frame.path);
    frame
}

fn base(front: &Front, account: Option<&module::Account>) -> Frame {
    let mut frame = Frame::new(Arc::clone(&front.assets), Layout::Bare, "Atelier");
    frame.links = vec![Link::new("Pricing", "/pricing")];
    if account.is_some() {
        frame
            .links
            .push(Link::new("Your workspaces", "/workspaces"));
    }
    frame.person = account.map(|account| ui::Person {
        name: account.name.clone(),
        role: account.email.clone(),
        href: "/account".to_owned(),
        sign_out: "/logout".to_owned(),
    });
    frame.footer_links = vec![(
        "Product".to_owned(),
        vec![
            Link::new("Pricing", "/pricing"),
            Link::new("Sign up", "/signup"),
            Link::new("Sign in", "/login"),
        ],
    )];
    frame
}

/// The console's frame; without navigation for somebody who is not signed in.
fn ops(front: &Front, operator: Option<&module::Operator>) -> Frame {
    let layout = if operator.is_some() {
        Layout::App
    } else {
        Layout::Bare
    };
    let mut frame = Frame::new(Arc::clone(&front.assets), layout, "Operator console");
    frame.host = front.app.links().tenant_host("ops");
    if let Some(operator) = operator {
        frame.person = Some(ui::Person {
            name: operator.name.clone(),
            role: operator.role.title().to_owned(),
            href: "/me".to_owned(),
            sign_out: "/logout".to_owned(),
        });
        frame.core = console::links();
        frame.footer = console::footer(operator);
        frame.actions = console::actions(operator);
        frame.search = Some("/search.json".to_owned());
    }
    frame
}

async fn tenant(front: &Front, ctx: &Ctx) -> Frame {
    let tenant = ctx.tenant();
    let links = front.app.links();
    let in_app = ctx.request().path.starts_with("/app");
    let layout = if in_app { Layout::App } else { Layout::Site };
    let mut frame = Frame::new(Arc::clone(&front.assets), layout, tenant.name.clone());
    frame.lang.clone_from(&tenant.locale);
    frame.host = links.tenant_host(&tenant.slug);
    frame.logo = tenant.logo.as_ref().map(|hash| format!("/_t/logo/{hash}"));
    frame.theme_css = Some(theme_path(tenant));
    frame.home = if in_app {
        "/app".to_owned()
    } else {
        "/".to_owned()
    };
    if let Some(person) = ctx.visitor() {
        if in_app {
            staff(front, ctx, person, &mut frame).await;
        } else {
            frame.links = vec![Link::new("Workspace", "/app")];
        }
    }
    frame
}

/// The tenant's colours. The address names the colour and the release that derives shades from it, so that it can be
/// kept for ever.
fn theme_path(tenant: &Tenant) -> String {
    format!(
        "/_t/theme.css?v={}-{}",
        tenant.brand.trim_start_matches('#'),
        env!("CARGO_PKG_VERSION")
    )
}

async fn staff(front: &Front, ctx: &Ctx, person: &Person, frame: &mut Frame) {
    frame.person = Some(ui::Person {
        name: person.name.clone(),
        role: person
            .roles
            .first()
            .map_or("Member", String::as_str)
            .to_owned(),
        href: "/app/me".to_owned(),
        sign_out: "/auth/logout".to_owned(),
    });
    frame.core = core(ctx);
    frame.modules = MODULES
        .iter()
        .filter_map(|module| group(ctx, module.manifest()))
        .collect();
    frame.footer = footer(ctx);
    frame.actions = actions(ctx);
    frame.search = Some("/app/search.json".to_owned());
    frame.notice = notice(ctx);
    frame.new_workspace = Some(front.app.links().base("/signup"));
    match front.principals.workspaces(person.user).await {
        Ok(workspaces) => {
            frame.workspaces = workspaces
                .iter()
                .map(|workspace| Workspace {
                    name: workspace.name.clone(),
                    href: front.app.links().tenant(&workspace.slug, "/app"),
                    current: workspace.tenant == ctx.tenant().id,
                })
                .collect();
        }
        Err(error) => tracing::warn!(%error, "the list of workspaces could not be read"),
    }
    let unread = unread(ctx, person).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "unread notifications could not be counted");
        0
    });
    frame.inbox = Some(("/app/inbox".to_owned(), unread));
    if let Some(inbox) = frame.core.iter_mut().find(|item| item.href == "/app/inbox") {
        inbox.count = (unread > 0).then_some(unread);
    }
}

fn core(ctx: &Ctx) -> Vec<NavItem> {
    let mut items = vec![
        NavItem::new("Home", "/app", icons::LuHouse).tab().go('h'),
        NavItem::new("Inbox", "/app/inbox", icons::LuInbox)
            .tab()
            .go('i'),
    ];
    if ctx.may("workspace.members.read") {
        items.push(
            NavItem::new("People", "/app/people", icons::LuUsers)
                .tab()
                .go('p'),
        );
    }
    if ctx.may("files.library.read") {
        items.push(NavItem::new("Files", "/app/files", icons::LuImages).go('f'));
    }
    items
}

/// A module's links: shown as long as the tenant can read it, and the person may see anything of it. With whom single
/// objects are shared alone sees the first link, to the list of these.
fn group(ctx: &Ctx, manifest: &module::Manifest) -> Option<NavGroup> {
    if !ctx.access(manifest.key).reads() {
        return None;
    }
    let mut links: Vec<&module::NavLink> = manifest
        .navigation
        .iter()
        .filter(|link| link.permission.is_none_or(|permission| ctx.may(permission)))
        .collect();
    if links.is_empty() {
        let first = manifest.navigation.first().filter(|link| {
            link.permission
                .is_some_and(|permission| ctx.may_somewhere(permission))
        });
        links.extend(first);
    }
    let items: Vec<NavItem> = links
        .into_iter()
        .map(|link| NavItem {
            tab: link.tab,
            go: link.go,
            ..NavItem::new(link.label, link.path, link.icon)
        })
        .collect();
    (!items.is_empty()).then(|| NavGroup {
        title: manifest.title.to_owned(),
        icon: manifest.icon,
        items,
    })
}

fn footer(ctx: &Ctx) -> Vec<NavItem> {
    let mut items = Vec::new();
    if ctx.may("workspace.audit.read") {
        items.push(NavItem::new(
            "Audit log",
            "/app/audit",
            icons::LuShieldCheck,
        ));
    }
    if ctx.may("billing.subscription.read") {
        items.push(NavItem::new("Billing", "/app/billing", icons::LuCreditCard));
    }
    if ctx.may("workspace.settings.read") {
        items.push(NavItem::new("Settings", "/app/settings", icons::LuSettings).go('s'));
    }
    items
}

fn actions(ctx: &Ctx) -> Vec<PaletteAction> {
    let mut actions: Vec<PaletteAction> = MODULES
        .iter()
        .map(|module| module.manifest())
        .filter(|manifest| ctx.access(manifest.key).writes())
        .flat_map(|manifest| manifest.actions)
        .filter(|action| ctx.may(action.permission))
        .map(|action| PaletteAction {
            label: action.label.into(),
            href: action.path.into(),
            icon: action.icon,
        })
        .collect();
    if ctx.may("workspace.members.invite") {
        actions.push(PaletteAction {
            label: "Invite a colleague".into(),
            href: "/app/people/invite".into(),
            icon: icons::LuUserPlus,
        });
    }
    actions.push(PaletteAction {
        label: "View the public site".into(),
        href: "/".into(),
        icon: icons::LuGlobe,
    });
    actions
}

/// What everybody in the workspace should know about its subscriptions, the most pressing first.
fn notice(ctx: &Ctx) -> Option<Notice> {
    let open = ctx
        .may("billing.subscription.read")
        .then(|| ("Open billing".to_owned(), "/app/billing".to_owned()));
    let title = |key: &str| {
        MODULES
            .iter()
            .find(|module| module.manifest().key == key)
            .map_or(key.to_owned(), |module| module.manifest().title.to_owned())
    };
    let mut standings: Vec<_> = ctx
        .tenant()
        .standings
        .iter()
        .map(|standing| (standing.access(ctx.now()), standing))
        .collect();
    standings.sort_by_key(|(access, _)| *access);
    let (access, standing) = standings.first()?;
    let name = title(&standing.module);
    match access {
        Access::Blocked => Some(Notice {
            tone: Tone::Bad,
            text: format!("{name} is switched off because its subscription has ended."),
            action: open,
        }),
        Access::ReadOnly => Some(Notice {
            tone: Tone::Warn,
            text: format!("{name} can be read but not changed: its subscription has ended."),
            action: open,
        }),
        Access::Grace => Some(Notice {
            tone: Tone::Warn,
            text: format!("A payment for {name} is overdue."),
            action: open,
        }),
        Access::Full => {
            let (end, name) = ctx
                .tenant()
                .standings
                .iter()
                .filter(|standing| standing.status == SubscriptionStatus::Trialing)
                .filter_map(|standing| standing.trial_end.map(|end| (end, title(&standing.module))))
                .min()?;
            let days = end.since(ctx.now()).as_secs().div_ceil(24 * 60 * 60);
            (days <= REMIND_DAYS).then(|| Notice {
                tone: Tone::Info,
                text: format!(
                    "The trial of {name} ends in {days} {}.",
                    if days == 1 { "day" } else { "days" }
                ),
                action: open,
            })
        }
    }
}

async fn unread(ctx: &Ctx, person: &Person) -> kernel::Result<u32> {
    let mut tx = ctx.begin().await?;
    messaging::unread_count(&mut tx, person.membership).await
}
