//! Operations on one's own preferences: `/api/v1/inbox/preferences`.

use module::extract::Json;
use module::problems::{Invalid, Refused};
use module::{Ctx, MailPace, Member, Result, Routes};
use serde::{Deserialize, Serialize};
use tenant_resolver::TenantTx;
use utoipa::ToSchema;

use super::{Wish, choices, choose, set_schedule, settings};

pub(crate) fn routes() -> Routes {
    module::operations!(Routes::new(), read, change)
}

/// When news is mailed.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Pace {
    /// Not at all.
    Off,
    /// At once, in a mail of its own.
    Now,
    /// In one mail for all that came within 15 minutes.
    Soon,
    /// In one mail a day.
    Daily,
}

impl From<MailPace> for Pace {
    fn from(pace: MailPace) -> Self {
        match pace {
            MailPace::Off => Self::Off,
            MailPace::Now => Self::Now,
            MailPace::Soon => Self::Soon,
            MailPace::Daily => Self::Daily,
        }
    }
}

impl From<Pace> for MailPace {
    fn from(pace: Pace) -> Self {
        match pace {
            Pace::Off => Self::Off,
            Pace::Now => Self::Now,
            Pace::Soon => Self::Soon,
            Pace::Daily => Self::Daily,
        }
    }
}

/// How the member is told about a kind of news.
#[derive(Debug, Serialize, ToSchema)]
struct KindBody {
    /// Key of the kind.
    kind: &'static str,
    /// What it is about.
    title: &'static str,
    /// Whether it is shown in the inbox.
    in_app: bool,
    /// How it is mailed.
    mail: Pace,
}

/// What the member wants to be told about.
#[derive(Debug, Serialize, ToSchema)]
struct PreferencesBody {
    /// Every kind of news.
    kinds: Vec<KindBody>,
    /// Zone of the member's clock; null: the workspace's.
    time_zone: Option<String>,
    /// Hour at which daily mail is due, 0 to 23.
    daily_hour: i16,
}

/// A change of how the member is told about a kind of news.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KindPatch {
    /// Key of the kind.
    kind: String,
    /// Whether it shall be shown in the inbox.
    in_app: bool,
    /// How it shall be mailed.
    mail: Pace,
}

/// What changes; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PreferencesPatch {
    /// Kinds that change.
    #[serde(default)]
    kinds: Vec<KindPatch>,
    /// Zone of the member's clock; empty: the workspace's.
    time_zone: Option<String>,
    /// Hour at which daily mail is due, 0 to 23.
    daily_hour: Option<i16>,
}

async fn body(tx: &mut TenantTx, ctx: &Ctx) -> Result<Json<PreferencesBody>> {
    let settings = settings(tx, ctx.person()?.membership).await?;
    let kinds = choices(tx, ctx).await?;
    Ok(Json(PreferencesBody {
        kinds: kinds
            .iter()
            .map(|choice| KindBody {
                kind: choice.kind.key,
                title: choice.kind.title,
                in_app: choice.in_app,
                mail: choice.mail.into(),
            })
            .collect(),
        time_zone: settings.time_zone,
        daily_hour: settings.daily_hour,
    }))
}

/// Read one's notification preferences
#[utoipa::path(
    get, path = "/preferences", operation_id = "inbox.preferences.read", tag = "Inbox",
    responses((status = 200, description = "The preferences.", body = PreferencesBody), Refused)
)]
async fn read(ctx: Member) -> Result<Json<PreferencesBody>> {
    let mut tx = ctx.begin().await?;
    body(&mut tx, &ctx).await
}

/// Change one's notification preferences
#[utoipa::path(
    patch, path = "/preferences", operation_id = "inbox.preferences.update", tag = "Inbox", request_body = PreferencesPatch,
    responses((status = 200, description = "The preferences.", body = PreferencesBody), Refused, Invalid)
)]
async fn change(ctx: Member, Json(patch): Json<PreferencesPatch>) -> Result<Json<PreferencesBody>> {
    let mut tx = ctx.begin().await?;
    let wishes: Vec<Wish> = patch
        .kinds
        .into_iter()
        .map(|kind| Wish {
            kind: kind.kind,
            in_app: kind.in_app,
            mail: kind.mail.into(),
        })
        .collect();
    choose(&mut tx, &ctx, &wishes).await?;
    if patch.time_zone.is_some() || patch.daily_hour.is_some() {
        let before = settings(&mut tx, ctx.person()?.membership).await?;
        let time_zone = patch.time_zone.or(before.time_zone);
        let time_zone = time_zone.as_deref().filter(|zone| !zone.is_empty());
        let hour = patch.daily_hour.unwrap_or(before.daily_hour);
        set_schedule(&mut tx, &ctx, time_zone, hour).await?;
    }
    let body = body(&mut tx, &ctx).await?;
    tx.commit().await?;
    Ok(body)
}
