//! Where the links of the console lead.

use kernel::OperatorRole;
use module::Operator;
use ui::{NavItem, PaletteAction, icons};

/// Links of the sidebar.
#[must_use]
pub fn links() -> Vec<NavItem> {
    vec![
        NavItem::new("Overview", "/", icons::LuActivity)
            .tab()
            .go('o'),
        NavItem::new("Tenants", "/tenants", icons::LuBuilding2)
            .tab()
            .go('t'),
        NavItem::new("Subscriptions", "/subscriptions", icons::LuCreditCard)
            .tab()
            .go('s'),
        NavItem::new("Plans & products", "/products", icons::LuPackage).go('p'),
        NavItem::new("Jobs", "/jobs", icons::LuListChecks).go('j'),
        NavItem::new("Events", "/events", icons::LuRadio).go('e'),
        NavItem::new("Mail", "/mail", icons::LuMail).go('m'),
        NavItem::new("Health", "/health", icons::LuHeartPulse)
            .tab()
            .go('h'),
        NavItem::new("Audit log", "/audit", icons::LuShieldCheck).go('a'),
    ]
}

/// Links at the foot of the sidebar.
#[must_use]
pub fn footer(operator: &Operator) -> Vec<NavItem> {
    if operator.role.covers(OperatorRole::Admin) {
        vec![NavItem::new("Operators", "/operators", icons::LuUserCog)]
    } else {
        Vec::new()
    }
}

/// What the palette offers besides the links.
#[must_use]
pub fn actions(operator: &Operator) -> Vec<PaletteAction> {
    let mut actions = vec![PaletteAction {
        label: "Export tenants as CSV".into(),
        href: "/tenants/export.csv".into(),
        icon: icons::LuDownload,
    }];
    if operator.role.covers(OperatorRole::Admin) {
        actions.push(PaletteAction {
            label: "Add an operator".into(),
            href: "/operators/new".into(),
            icon: icons::LuUserPlus,
        });
    }
    actions
}
