//! Mail about news: at once, or collected into digests.
//!
//! News is written with its cause; which mail it goes into is decided by a job right after ([`Route`]), and collected
//! mail is made by another ([`Collect`]). Both work in one transaction with the note that they are done, and a digest
//! holds the row of its reader's settings: each notification is in one mail at most, whatever fails or runs twice.

mod due;
mod letter;
mod store;

use std::time::Duration;

use kernel::{MembershipId, Result, Timestamp, Zone};
use module::{App, Job, JobContext, JobFuture, Jobs, MailPace, enqueue};
use serde::{Deserialize, Serialize};
use tenant_resolver::TenantTx;

use crate::inbox::NotificationId;
use crate::preferences::{self, Settings};

/// How long news of the pace [`MailPace::Soon`] is collected, and the least time between two such mails.
pub const SOON: Duration = Duration::from_mins(15);
/// Most news that one job looks at; the rest is the next one's.
const BATCH: i64 = 200;

/// Decides how the undecided news of a member is mailed.
#[derive(Debug, Serialize, Deserialize)]
struct Route {
    member: MembershipId,
}

impl Job for Route {
    const KIND: &'static str = "messaging.route";

    fn unique_key(&self) -> Option<String> {
        Some(self.member.to_string())
    }
}

/// Mails what was collected for a member.
#[derive(Debug, Serialize, Deserialize)]
struct Collect {
    member: MembershipId,
    pace: Pace,
    /// When it was to run: daily mail at another hour is another job.
    at: Timestamp,
}

/// The paces of digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Pace {
    Soon,
    Daily,
}

impl Pace {
    fn as_str(self) -> &'static str {
        match self {
            Self::Soon => MailPace::Soon.as_str(),
            Self::Daily => MailPace::Daily.as_str(),
        }
    }
}

impl Job for Collect {
    const KIND: &'static str = "messaging.digest";

    fn unique_key(&self) -> Option<String> {
        Some(match self.pace {
            Pace::Soon => format!("soon:{}", self.member),
            Pace::Daily => format!("daily:{}:{}", self.member, self.at.as_microseconds()),
        })
    }
}

/// News as mail tells it.
#[derive(Clone, Debug)]
pub(crate) struct News {
    pub id: NotificationId,
    pub kind: String,
    pub title: String,
    pub body: String,
}

/// Registers the jobs of this crate.
pub fn register(jobs: &mut Jobs) {
    jobs.on::<Route>(route).on::<Collect>(collect);
}

/// Has the undecided news of a member looked at.
pub(crate) async fn decide(tx: &mut TenantTx, member: MembershipId, now: Timestamp) -> Result<()> {
    enqueue(tx, &Route { member }, now).await
}

/// Has daily news that waits collected at the hour that the member chooses now.
pub(crate) async fn reschedule(
    tx: &mut TenantTx,
    member: MembershipId,
    settings: &Settings,
    zone: &Zone,
    now: Timestamp,
) -> Result<()> {
    if !store::any_waiting(tx, member, Pace::Daily.as_str()).await? {
        return Ok(());
    }
    let at = due::next(now, &settings.zone(zone), settings.daily_hour)?;
    queue(tx, member, Pace::Daily, at).await
}

async fn queue(tx: &mut TenantTx, member: MembershipId, pace: Pace, at: Timestamp) -> Result<()> {
    enqueue(tx, &Collect { member, pace, at }, at).await
}

/// How a kind is mailed to whoever has not chosen. What nobody declared is not mailed.
fn default_pace(app: &App, kind: &str) -> MailPace {
    app.notifications()
        .iter()
        .find(|declared| declared.key == kind)
        .map_or(MailPace::Off, |declared| declared.mail)
}

fn route(tx: &mut TenantTx, job: JobContext) -> JobFuture<'_> {
    Box::pin(async move {
        let Route { member } = job.read()?;
        let undecided = store::undecided(tx, member, BATCH).await?;
        let all = i64::try_from(undecided.len()).unwrap_or(BATCH) < BATCH;
        let reader = store::reader(tx, member).await?;
        let (mut quiet, mut soon, mut daily) = (Vec::new(), Vec::new(), Vec::new());
        for waiting in undecided {
            let pace = waiting
                .chosen
                .as_deref()
                .and_then(MailPace::parse)
                .unwrap_or_else(|| default_pace(&job.app, &waiting.kind));
            match (&reader, pace) {
                _ if waiting.read => quiet.push(waiting.id),
                (None, _) | (_, MailPace::Off) => quiet.push(waiting.id),
                (Some(reader), MailPace::Now) => {
                    let news = [waiting.into_news()];
                    let mail = letter::send(tx, &job, member, reader, &news).await?;
                    store::sent(tx, &[news[0].id], mail).await?;
                }
                (Some(_), MailPace::Soon) => soon.push(waiting.id),
                (Some(_), MailPace::Daily) => daily.push(waiting.id),
            }
        }
        store::settle(tx, &quiet, "none").await?;
        if !soon.is_empty() {
            store::settle(tx, &soon, Pace::Soon.as_str()).await?;
            queue(tx, member, Pace::Soon, job.now.plus(SOON)).await?;
        }
        if !daily.is_empty() {
            store::settle(tx, &daily, Pace::Daily.as_str()).await?;
            let settings = preferences::settings(tx, member).await?;
            let zone = settings.zone(&job.site.tenant.zone);
            let at = due::next(job.now, &zone, settings.daily_hour)?;
            queue(tx, member, Pace::Daily, at).await?;
        }
        if !all {
            decide(tx, member, job.now).await?;
        }
        Ok(())
    })
}

fn collect(tx: &mut TenantTx, job: JobContext) -> JobFuture<'_> {
    Box::pin(async move {
        let Collect { member, pace, .. } = job.read()?;
        // Whoever else makes a digest for this member waits here until this one is done.
        let settings = preferences::hold(tx, member).await?;
        let zone = settings.zone(&job.site.tenant.zone);
        let upto = match pace {
            Pace::Soon => {
                if let Some(next) = settings.soon_sent_at.map(|last| last.plus(SOON))
                    && next > job.now
                {
                    return queue(tx, member, pace, next).await;
                }
                job.now
            }
            Pace::Daily => due::latest(job.now, &zone, settings.daily_hour)?,
        };
        let had_today = pace == Pace::Daily && settings.daily_sent_at.is_some_and(|at| at >= upto);
        if !had_today {
            digest(tx, &job, member, pace, upto).await?;
        }
        if store::any_waiting(tx, member, pace.as_str()).await? {
            let at = match pace {
                Pace::Soon => job.now.plus(SOON),
                Pace::Daily => due::next(job.now, &zone, settings.daily_hour)?,
            };
            queue(tx, member, pace, at).await?;
        }
        Ok(())
    })
}

/// One mail about everything that waits since `upto` or longer and has not been read in the meantime.
async fn digest(
    tx: &mut TenantTx,
    job: &JobContext,
    member: MembershipId,
    pace: Pace,
    upto: Timestamp,
) -> Result<()> {
    store::forget_read(tx, member, pace.as_str()).await?;
    let news = store::waiting(tx, member, pace.as_str(), upto, BATCH).await?;
    let ids: Vec<NotificationId> = news.iter().map(|news| news.id).collect();
    let Some(reader) = store::reader(tx, member).await? else {
        return store::settle(tx, &ids, "none").await;
    };
    if news.is_empty() {
        return Ok(());
    }
    let mail = letter::send(tx, job, member, &reader, &news).await?;
    store::sent(tx, &ids, mail).await?;
    preferences::mailed(tx, member, pace == Pace::Daily, job.now).await
}
