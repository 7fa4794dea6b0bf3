//! What visitors get to read: review, publishing, scheduling, the trash.

use kernel::{Error, FieldError, Result, Timestamp};
use module::{Ctx, enqueue};
use serde::{Deserialize, Serialize};
use tenant_resolver::TenantTx;
use utoipa::ToSchema;

use super::save::{Saved, tell};
use super::versions::Reason;
use super::write_store::{self, Held};
use super::{Move, PostId, State, Status, check_publishable, ends, version_store};
use crate::content::schedule::{self, Resolved};
use crate::events::Happened;
use crate::jobs::{PublishDue, PurgePost, TRASH};
use crate::review::notices::{self, Decision};
use crate::review::{self, NoteKind};
use crate::slugs::{self, Kind};

/// When a post goes live: what clocks at a place show. The instant is derived from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Day and time there, such as `2027-03-28T14:30`. A time that clocks skip moves forward; of a time
    /// that they show twice the first is meant.
    pub local: String,
    /// IANA name of the time zone, such as `Europe/Berlin`.
    pub time_zone: String,
}

impl Schedule {
    /// The instant, with a warning when the wall time had to be interpreted.
    ///
    /// # Errors
    /// A broken rule of the field `local` or `time_zone`.
    pub fn resolve(&self) -> Result<Resolved, FieldError> {
        schedule::parse(&self.local, &self.time_zone).map_err(|error| {
            let field = match error {
                schedule::ScheduleError::Zone => "time_zone",
                schedule::ScheduleError::Time | schedule::ScheduleError::Range => "local",
            };
            error.on(field)
        })
    }
}

/// A move with what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// One of the moves that need nothing else.
    Plain(Move),
    /// Ask for review, with a note for who decides; it may be empty.
    Submit(String),
    /// Send back what waits for review, with a note for its author; it may be empty.
    SendBack(String),
    /// Let it go live at a chosen time; at once when that has passed.
    Schedule(Schedule),
    /// Approve what waits for review: at once, or at a chosen time.
    Approve(Option<Schedule>),
    /// Take it from visitors; its address says that it is gone for good.
    UnpublishForGood,
    /// Take it from visitors at a chosen time.
    ScheduleEnd {
        /// The time.
        schedule: Schedule,
        /// Whether its address says from then on that it is gone for good.
        gone: bool,
    },
}

impl Step {
    fn kind(&self) -> Move {
        match self {
            Self::Plain(step) => *step,
            Self::Submit(_) => Move::Submit,
            Self::SendBack(_) => Move::SendBack,
            Self::Schedule(_) => Move::Schedule,
            Self::Approve(_) => Move::Approve,
            Self::UnpublishForGood => Move::Unpublish,
            Self::ScheduleEnd { .. } => Move::ScheduleEnd,
        }
    }

    /// What was said along with it.
    fn said(&self) -> &str {
        match self {
            Self::Submit(text) | Self::SendBack(text) => text,
            _ => "",
        }
    }

    /// The time that was chosen, with its instant.
    fn chosen(&self) -> Result<Option<(&Schedule, Timestamp)>, FieldError> {
        match self {
            Self::Schedule(schedule)
            | Self::Approve(Some(schedule))
            | Self::ScheduleEnd { schedule, .. } => {
                Ok(Some((schedule, schedule.resolve()?.instant())))
            }
            _ => Ok(None),
        }
    }
}

/// Moves a post to another state. `based_on` is the revision that the person saw, if it is known.
///
/// # Errors
/// [`Error::Conflict`] with `invalid_transition` when its state does not allow the move,
/// [`Error::PreconditionFailed`] when it has changed since that revision.
pub async fn step(
    tx: &mut TenantTx,
    ctx: &Ctx,
    id: PostId,
    based_on: Option<i64>,
    step: &Step,
) -> Result<Saved> {
    let now = ctx.now();
    let person = ctx.person()?;
    let mut post = write_store::hold(tx, id, Some(person.membership))
        .await?
        .ok_or(Error::NotFound("post"))?;
    check_allowed(ctx, &post, step.kind())?;
    post.check_rev(based_on)?;
    // Every rule is checked before anything is written.
    check_step(&post, step.kind(), now)?;
    let chosen = step.chosen()?;
    check_times(&post, step, chosen.map(|(_, at)| at), now)?;
    let settled = settle(tx, &mut post, now).await?;
    let reviewed = post.status == Status::InReview;
    let happened = match (step, chosen) {
        (Step::ScheduleEnd { gone, .. }, Some((schedule, at))) => {
            ends::plan(tx, &mut post, schedule, at, *gone).await?
        }
        (_, Some((schedule, at))) if at > now => put_off(tx, &mut post, schedule, at).await?,
        (_, _) => plain(tx, &mut post, step, now).await?,
    };
    if happened.is_some() || settled {
        write_store::release(tx, &mut post, now).await?;
    }
    if reviewed && matches!(happened, Some(Happened::Published | Happened::Scheduled)) {
        tell(tx, Some(ctx), Happened::Approved, &post, now).await?;
    }
    if let Some(happened) = happened {
        tell(tx, Some(ctx), happened, &post, now).await?;
        decided(tx, ctx, &post, happened, reviewed, step.said()).await?;
    }
    Ok(Saved {
        changed: happened.is_some(),
        ..post.into()
    })
}

/// Keeps what was said along with a decision about a review, and tells those whom it concerns.
async fn decided(
    tx: &mut TenantTx,
    ctx: &Ctx,
    post: &Held,
    happened: Happened,
    reviewed: bool,
    said: &str,
) -> Result<()> {
    let (decision, kind) = match happened {
        Happened::Submitted => (Decision::Submitted, Some(NoteKind::Submitted)),
        Happened::SentBack => (Decision::SentBack, Some(NoteKind::SentBack)),
        Happened::Published if reviewed => (Decision::Approved, None),
        Happened::Scheduled if reviewed => (Decision::ApprovedForLater, None),
        _ => return Ok(()),
    };
    if let Some(kind) = kind {
        review::with_step(tx, ctx, (post.id, post.draft_no), kind, said).await?;
    }
    notices::decided(tx, ctx, (post.id, &post.title), decision, said).await
}

/// Refuses a move that the post's state does not allow, or that would put a post without title before others.
fn check_step(post: &Held, step: Move, now: Timestamp) -> Result<()> {
    let state = post.state(now);
    if !state.allows(step) {
        return Err(Error::conflict(
            "invalid_transition",
            format!(
                "A post in this state ({}) cannot be {}.",
                state.title().to_lowercase(),
                step.verb()
            ),
        ));
    }
    if matches!(
        step,
        Move::Publish | Move::Schedule | Move::Approve | Move::Submit
    ) {
        check_publishable(&post.title)?;
    }
    Ok(())
}

/// Refuses times that contradict each other.
fn check_times(
    post: &Held,
    step: &Step,
    chosen: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), FieldError> {
    match chosen {
        Some(at) if step.kind() == Move::ScheduleEnd => ends::check(post, at, now),
        Some(at) => ends::check_start(post, at),
        None => Ok(()),
    }
}

/// What a move asks for besides the permission at the gate.
fn check_allowed(ctx: &Ctx, post: &Held, step: Move) -> Result<()> {
    let needs = match step {
        Move::Submit | Move::Withdraw => "blog.posts.write",
        Move::Trash | Move::Restore => "blog.posts.delete",
        Move::Schedule
        | Move::Unschedule
        | Move::Publish
        | Move::Approve
        | Move::SendBack
        | Move::Unpublish
        | Move::ScheduleEnd
        | Move::UnscheduleEnd
        | Move::Archive
        | Move::Unarchive => "blog.posts.publish",
    };
    if !ctx.may(needs) {
        return Err(Error::Forbidden(needs));
    }
    if needs == "blog.posts.publish" {
        // Who may publish may do so with every post.
        return Ok(());
    }
    post.check_editable(ctx)
}

/// Puts the draft before visitors, now. `None`: they read it already.
async fn publish(tx: &mut TenantTx, post: &mut Held, now: Timestamp) -> Result<Option<Happened>> {
    let was_live = post.status == Status::Published;
    if was_live && post.live_no == Some(post.draft_no) {
        return Ok(None);
    }
    version_store::mark(tx, post.id, post.draft_no, Reason::Publish).await?;
    forget_planned_publication(post);
    if !was_live {
        post.live_at = Some(now);
        post.gone &= post.ends_at.is_some();
    }
    post.status = Status::Published;
    post.live_no = Some(post.draft_no);
    post.schedule_local = None;
    post.schedule_zone = None;
    post.published_at = post.published_at.or(Some(now));
    post.updated_content_at = Some(now);
    Ok(Some(if was_live {
        Happened::Updated
    } else {
        Happened::Published
    }))
}

/// Lets the present draft go live at `at`, whatever is written in the meantime.
async fn put_off(
    tx: &mut TenantTx,
    post: &mut Held,
    schedule: &Schedule,
    at: Timestamp,
) -> Result<Option<Happened>> {
    version_store::mark(tx, post.id, post.draft_no, Reason::Schedule).await?;
    forget_planned_publication(post);
    post.gone &= post.ends_at.is_some();
    post.status = Status::Scheduled;
    post.live_no = Some(post.draft_no);
    post.live_at = Some(at);
    post.schedule_local = Some(schedule.local.trim().to_owned());
    post.schedule_zone = Some(schedule.time_zone.clone());
    post.published_at = post.published_at.or(Some(at));
    enqueue(tx, &PublishDue { post: post.id, at }, at).await?;
    Ok(Some(Happened::Scheduled))
}

/// The moves that hold at once.
async fn plain(
    tx: &mut TenantTx,
    post: &mut Held,
    step: &Step,
    now: Timestamp,
) -> Result<Option<Happened>> {
    let happened = match step.kind() {
        // A time that has passed means now.
        Move::Publish | Move::Schedule | Move::Approve => return publish(tx, post, now).await,
        Move::UnscheduleEnd => return Ok(ends::cancel(post)),
        Move::Submit => {
            post.status = Status::InReview;
            Happened::Submitted
        }
        Move::Withdraw => {
            post.status = Status::Draft;
            Happened::Withdrawn
        }
        Move::SendBack => {
            post.status = Status::Draft;
            Happened::SentBack
        }
        Move::Unschedule => {
            take_down(post, Status::Draft);
            Happened::Unscheduled
        }
        Move::Unpublish => {
            take_down(post, Status::Draft);
            post.gone = *step == Step::UnpublishForGood;
            Happened::Unpublished
        }
        Move::Archive => {
            take_down(post, Status::Archived);
            Happened::Archived
        }
        Move::Unarchive => {
            post.status = Status::Draft;
            Happened::Unarchived
        }
        Move::Trash => {
            take_down(post, Status::Draft);
            post.deleted_at = Some(now);
            slugs::store::retire(tx, Kind::Post, post.id, &post.slug).await?;
            let job = PurgePost {
                post: post.id,
                trashed_at: now,
            };
            enqueue(tx, &job, now.plus(TRASH)).await?;
            Happened::Trashed
        }
        Move::Restore => {
            post.deleted_at = None;
            post.slug = slugs::claim(tx, Kind::Post, post.id, &post.slug, now).await?;
            Happened::Restored
        }
        Move::ScheduleEnd => return Err(Error::internal("an end without a time")),
    };
    Ok(Some(happened))
}

/// Takes a post from visitors. The day of its first publication stays, if it has been live.
pub(super) fn take_down(post: &mut Held, status: Status) {
    forget_planned_publication(post);
    ends::forget(post);
    post.status = status;
    post.live_no = None;
    post.live_at = None;
    post.schedule_local = None;
    post.schedule_zone = None;
}

/// A scheduled post has the day of its first publication ahead of it: a plan, which may still change.
fn forget_planned_publication(post: &mut Held) {
    if post.status == Status::Scheduled && post.published_at == post.live_at {
        post.published_at = None;
    }
}

/// Notes what has come due of a post: that it went live, that it ended, or both. In memory, with one event for
/// each; the caller writes the post back. Visitors have seen it so since those times in any case.
pub(super) async fn settle(tx: &mut TenantTx, post: &mut Held, now: Timestamp) -> Result<bool> {
    let went_live = note_live(tx, post, now).await?;
    let ended = ends::settle(tx, post, now).await?;
    Ok(went_live || ended)
}

async fn note_live(tx: &mut TenantTx, post: &mut Held, now: Timestamp) -> Result<bool> {
    let (Status::Scheduled, Some(at), Some(no)) = (post.status, post.live_at, post.live_no) else {
        return Ok(false);
    };
    if at > now {
        return Ok(false);
    }
    version_store::mark(tx, post.id, no, Reason::Publish).await?;
    post.status = Status::Published;
    post.schedule_local = None;
    post.schedule_zone = None;
    post.updated_content_at = Some(at);
    tell(tx, None, Happened::Published, post, now).await?;
    Ok(true)
}

/// Notes what has come due of a post, unless somebody has done so already.
pub async fn note_due(tx: &mut TenantTx, id: PostId, now: Timestamp) -> Result<()> {
    let Some(mut post) = write_store::hold(tx, id, None).await? else {
        return Ok(());
    };
    if settle(tx, &mut post, now).await? {
        write_store::release(tx, &mut post, now).await?;
    }
    Ok(())
}

/// Removes a post for good that has been in the trash since `trashed_at`.
pub async fn purge_expired(
    tx: &mut TenantTx,
    id: PostId,
    trashed_at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let Some(post) = write_store::hold(tx, id, None).await? else {
        return Ok(());
    };
    if post.state(now) != State::Trashed || post.deleted_at != Some(trashed_at) {
        return Ok(());
    }
    crate::comments::purge_post(tx, id).await?;
    write_store::purge(tx, id).await?;
    tell(tx, None, Happened::Purged, &post, now).await
}
