//! Addresses that nobody may take: names of infrastructure, of the product, and words that would mislead.

use std::collections::HashSet;
use std::sync::LazyLock;

use kernel::Slug;

/// Reserved labels, a line for each reason. Compared by [`Slug::skeleton`], so `adm1n` and `b-illing` are reserved, too.
const WORDS: &str = "
    www www1 www2 web web1 web2 website site sites home homepage index root main default public private internal intranet extranet
    api apis rest graphql rpc grpc json xml rss atom feed feeds webhook webhooks hook hooks callback callbacks events stream socket ws wss
    app apps application applications portal dashboard console panel admin admins administrator administration superuser sysadmin sudo
    account accounts user users member members profile profiles people person staff team teams me self my
    auth oauth oauth2 openid oidc saml sso login logout signin signout signup register registration enter entry invite invites invitation
    password passwords recover recovery reset verify verification confirm confirmation token tokens session sessions passkey passkeys mfa otp
    ops operator operators operations support help helpdesk service services desk ticket tickets contact feedback care
    billing bill bills invoice invoices payment payments pay checkout cart subscribe subscription subscriptions plan plans pricing price prices refund refunds
    stripe paypal klarna adyen visa mastercard bank banking wallet credits
    mail email emails mailer smtp imap pop pop3 mx mx1 mx2 webmail postmaster hostmaster abuse spam bounce bounces newsletter noreply no-reply mailer-daemon unsubscribe
    ns ns0 ns1 ns2 ns3 ns4 dns dns1 dns2 dhcp ntp ldap proxy gateway router firewall vpn ssh sftp ftp tftp telnet rdp vnc
    cdn cdn1 cdn2 static assets asset files file media images image img photos upload uploads download downloads storage backup backups archive bucket s3
    css js javascript fonts font icons favicon robots sitemap manifest wellknown well-known autodiscover autoconfig wpad isatap localhost localdomain local
    status health healthz ready readyz live livez metrics monitor monitoring prometheus grafana kibana sentry logs log logging trace tracing uptime
    dev develop developer developers development test tests testing qa stage staging sandbox preview demo beta alpha canary prod production release
    db database databases sql mysql postgres postgresql redis mongo mongodb queue worker workers cron jobs job cache search elastic
    git github gitlab bitbucket svn ci cd build builds deploy docker registry kubernetes k8s cluster node nodes server servers host hosts hosting cloud
    security secure ssl tls cert certs certificate certificates pki crl ocsp acme csp bounty privacy legal terms tos dpa gdpr imprint impressum compliance
    atelier atelierapp atelierhq studio studios solo photolens studiosync official team-atelier brand press about company careers work investors partners affiliate affiliates
    blog news docs doc documentation wiki guide guides learn academy community forum forums changelog roadmap customers features product products photo music
    marketing sales shop store market marketplace domain domains tenant tenants workspace workspaces organisation organization organizations org orgs
    settings setting config configuration preferences options setup install installer update updates upgrade onboarding welcome start
    error errors null undefined nil none true false void unknown anonymous guest guests everyone nobody example examples sample
    system systems daemon moderator mod owner owners webmaster webadmin info office ceo security-team trust safety fraud phishing report reports
    google apple microsoft amazon facebook instagram meta whatsapp twitter linkedin youtube tiktok openai anthropic
    fuck shit cunt nigger nazi hitler porn porno xxx sex rape pedo
";

static SKELETONS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    WORDS
        .split_whitespace()
        .filter_map(|word| Slug::parse(word).ok())
        .map(|slug| slug.skeleton())
        .collect()
});

/// Whether an address is reserved, or looks like one that is.
#[must_use]
pub fn is_reserved(slug: &Slug) -> bool {
    SKELETONS.contains(&slug.skeleton())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reserved(text: &str) -> bool {
        is_reserved(&Slug::parse(text).unwrap())
    }

    #[test]
    fn infrastructure_is_reserved_under_every_disguise() {
        for taken in [
            "www",
            "admin",
            "adm1n",
            "adrnin",
            "b-i-l-l-i-n-g",
            "ops",
            "autodiscover",
            "vvvvw",
        ] {
            assert!(reserved(taken), "{taken}");
        }
    }

    #[test]
    fn ordinary_names_are_free() {
        for free in [
            "northlight",
            "halden-photo",
            "adminton",
            "studio-54",
            "marasmusic",
        ] {
            assert!(!reserved(free), "{free}");
        }
    }

    #[test]
    fn the_list_is_long_enough_to_mean_something() {
        assert!(SKELETONS.len() > 300, "{}", SKELETONS.len());
    }
}
