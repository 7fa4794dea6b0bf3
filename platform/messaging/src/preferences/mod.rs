//! What a member wants to be told about, and how.

mod api;
mod pages;
mod store;

use kernel::{Error, Fields, MembershipId, Result, Timestamp, Zone};
use module::{App, Ctx, MailPace, NotificationKind};
use tenant_resolver::TenantTx;

pub(crate) use api::routes as api_routes;
pub(crate) use pages::{routes, title};
pub(crate) use store::{hold, mailed, settings, silence};

/// Areas of the platform itself; every other belongs to the module of that key.
const PLATFORM: [&str; 2] = ["workspace", "billing"];

/// When a member gets digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Zone of their clock; `None`: the tenant's.
    pub time_zone: Option<String>,
    /// Hour of the day at which daily mail is due, 0 to 23.
    pub daily_hour: i16,
    pub(crate) soon_sent_at: Option<Timestamp>,
    pub(crate) daily_sent_at: Option<Timestamp>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            time_zone: None,
            daily_hour: 8,
            soon_sent_at: None,
            daily_sent_at: None,
        }
    }
}

impl Settings {
    /// Zone of the member's clock.
    #[must_use]
    pub fn zone(&self, tenant: &Zone) -> Zone {
        self.time_zone
            .as_deref()
            .and_then(Zone::named)
            .unwrap_or_else(|| tenant.clone())
    }
}

/// How a member is told about a kind of news.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// The kind.
    pub kind: &'static NotificationKind,
    /// Whether it is shown in the inbox.
    pub in_app: bool,
    /// How it is mailed.
    pub mail: MailPace,
}

/// A change of a [`Choice`].
#[derive(Clone, Debug)]
pub struct Wish {
    /// Key of the kind.
    pub kind: String,
    /// Whether it shall be shown in the inbox.
    pub in_app: bool,
    /// How it shall be mailed.
    pub mail: MailPace,
}

/// The area of a kind: what stands before its first dot.
pub(crate) fn area(kind: &str) -> &str {
    kind.split('.').next().unwrap_or(kind)
}

/// The kinds of news that this tenant can have.
pub(crate) fn kinds(ctx: &Ctx) -> impl Iterator<Item = &'static NotificationKind> {
    ctx.app()
        .notifications()
        .iter()
        .copied()
        .filter(|kind| PLATFORM.contains(&area(kind.key)) || ctx.access(area(kind.key)).reads())
}

/// Every kind of news with how the member of the request is told about it.
///
/// # Errors
/// When the database cannot answer.
pub async fn choices(tx: &mut TenantTx, ctx: &Ctx) -> Result<Vec<Choice>> {
    let stored = store::list(tx, ctx.person()?.membership).await?;
    Ok(kinds(ctx)
        .map(|kind| {
            let chosen = stored.iter().find(|chosen| chosen.kind == kind.key);
            Choice {
                kind,
                in_app: chosen.is_none_or(|chosen| chosen.in_app),
                mail: chosen
                    .and_then(|chosen| MailPace::parse(&chosen.mail))
                    .unwrap_or(kind.mail),
            }
        })
        .collect())
}

/// Changes how the member of the request is told about kinds of news. Kinds that are not named stay as they are; news
/// that has come already keeps its way.
///
/// # Errors
/// [`Error::Invalid`] for a kind that nobody declares.
pub async fn choose(tx: &mut TenantTx, ctx: &Ctx, wishes: &[Wish]) -> Result<()> {
    let member = ctx.person()?.membership;
    let mut fields = Fields::default();
    for wish in wishes {
        fields.check(
            declared(ctx.app(), &wish.kind).is_some(),
            "kinds",
            "unknown",
            "There is no such kind of notification.",
        );
    }
    fields.finish()?;
    for wish in wishes {
        store::upsert(tx, member, wish, ctx.now()).await?;
    }
    Ok(())
}

/// Changes when the member of the request gets digests.
///
/// # Errors
/// [`Error::Invalid`] for a zone that the database does not know, or an hour that no clock shows.
pub async fn set_schedule(
    tx: &mut TenantTx,
    ctx: &Ctx,
    time_zone: Option<&str>,
    daily_hour: i16,
) -> Result<()> {
    let member = ctx.person()?.membership;
    let mut fields = Fields::default();
    fields
        .check(
            time_zone.is_none_or(|zone| Zone::named(zone).is_some()),
            "time_zone",
            "unknown",
            "Choose a time zone such as Europe/Berlin.",
        )
        .check(
            (0..=23).contains(&daily_hour),
            "daily_hour",
            "out_of_range",
            "Choose an hour from 0 to 23.",
        );
    fields.finish()?;
    store::set_schedule(tx, member, time_zone, daily_hour).await?;
    let settings = settings(tx, member).await?;
    crate::digests::reschedule(tx, member, &settings, &ctx.tenant().zone, ctx.now()).await
}

/// The declared kind of that key.
pub(crate) fn declared(app: &App, key: &str) -> Option<&'static NotificationKind> {
    app.notifications()
        .iter()
        .copied()
        .find(|kind| kind.key == key)
}

/// The member whose preferences these are, for those who only have a link.
pub(crate) async fn silence_all(
    tx: &mut TenantTx,
    app: &App,
    member: MembershipId,
    kinds: &[String],
    now: Timestamp,
) -> Result<Vec<&'static str>> {
    let mut titles = Vec::new();
    for key in kinds {
        let Some(kind) = declared(app, key) else {
            continue;
        };
        silence(tx, member, kind.key, now).await?;
        titles.push(kind.title);
    }
    if titles.is_empty() {
        return Err(Error::NotFound("page"));
    }
    Ok(titles)
}
