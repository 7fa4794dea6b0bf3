//! Commenting: the rules in their order, the place in the thread, what the writer is told.

use std::time::Duration;

use kernel::{Email, Error, FieldError, Fields, Result, Timestamp};
use module::{Ctx, emit, enqueue};
use tenant_resolver::TenantTx;

use super::guard::{self, Identity, Looked};
use super::rules::{self, Facts, Verdict};
use super::store::{self, Commentable, NewRow};
use super::{CONFIRMABLE, CommentId, Mode, Status, is_open, notices, replies};
use crate::content::comment::{self, Comment, MAX_COMMENT};
use crate::content::{RENDERER_VERSION, input::strip_non_xml};
use crate::events::{CommentApproved, CommentCreated, CommentFacts};
use crate::jobs::TendComments;
use crate::posts::{PostId, length, one_line};
use crate::settings::Settings;

/// Within this time the same words of the same person on the same post are a repetition.
const REPETITION: Duration = Duration::from_hours(24);

/// The browser that a guest comments from, by the hash of its cookie's secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visitor(pub [u8; 32]);

impl Visitor {
    /// The browser with this secret.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        Self(guard::hash(secret))
    }
}

/// What a form carries besides what was typed.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// The token it was made with.
    pub token: String,
    /// The field that people do not see.
    pub honeypot: String,
}

/// A comment as it comes in.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// Markdown.
    pub content: String,
    /// The comment it answers.
    pub parent: Option<CommentId>,
    /// A guest's name; a member's is known.
    pub name: String,
    /// A guest's address.
    pub email: String,
    /// Whether a guest wants mail about answers; of no meaning where addresses are not confirmed.
    pub notify_replies: bool,
    /// The form it came by; `None` for programs that are known by other means.
    pub form: Option<Form>,
    /// The browser it came from.
    pub visitor: Option<Visitor>,
}

/// What its writer is told of a comment's status: never why, and never that it was taken for spam.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is public.
    Approved,
    /// Somebody looks at it first.
    Held,
    /// Its writer has to confirm it by mail.
    Confirm,
}

impl Told {
    /// Name in addresses and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Held => "pending",
            Self::Confirm => "confirm",
        }
    }
}

/// What became of a comment.
#[derive(Clone, Copy, Debug)]
pub enum Posted {
    /// It was taken.
    Taken {
        /// Its id.
        id: CommentId,
        /// What its writer is told.
        told: Told,
    },
    /// Its writer is banned.
    Banned {
        /// Until when; `None`: for good.
        until: Option<Timestamp>,
    },
}

/// What a writer typed, checked.
struct Checked {
    comment: Comment,
    text_hash: [u8; 32],
    guest: Option<(String, Email)>,
}

/// The settings that hold for comments on a post.
pub(super) fn settings_of(post: &Commentable) -> Settings {
    post.settings
        .as_ref()
        .map_or_else(Settings::default, |row| row.0.clone())
}

/// Comments on a live post, in the order of the rules.
///
/// # Errors
/// [`Error::Conflict`] when the post takes no comments (`comments_closed`) or the writer said the same before
/// (`duplicate_comment`), [`Error::TooMany`] when they comment too fast, [`Error::Unauthenticated`] for guests where only
/// members may, [`Error::Invalid`] with every broken rule of the input.
pub(super) async fn post(
    tx: &mut TenantTx,
    ctx: &Ctx,
    post: &Commentable,
    draft: &Draft,
) -> Result<Posted> {
    let settings = settings_of(post).comments;
    let now = ctx.now();
    let key = post.key.as_deref().unwrap_or_default();
    if key.is_empty() || !is_open(&settings, post.comments_enabled, post.published_at, now) {
        return Err(closed());
    }
    let person = ctx.visitor();
    if person.is_none() && settings.comments_mode == Mode::UsersOnly {
        return Err(Error::Unauthenticated);
    }
    if person.is_some() && !ctx.may("blog.comments.write") {
        return Err(Error::Forbidden("blog.comments.write"));
    }
    let checked = check(draft, person.is_none())?;
    let who = match (&checked.guest, person) {
        (Some((_, email)), _) => Identity::Guest(email.normal().to_owned()),
        (None, Some(person)) => Identity::Member(person.membership),
        (None, None) => return Err(Error::Unauthenticated),
    };
    // Whoever moderates may share a network with somebody who is banned, and answers many at once.
    let staff = ctx.may("blog.comments.moderate");
    if !staff {
        if let Some(ban) = guard::banned(tx, ctx, &who).await? {
            return Ok(Posted::Banned { until: ban.until });
        }
        guard::count_comment(tx, ctx, key, &who).await?;
    }
    let visitor = draft.visitor.as_ref().map(|visitor| visitor.0.as_slice());
    let known = store::known(
        tx,
        who.member(),
        who.email_key(),
        visitor,
        post.id,
        &checked.text_hash,
        now.minus(REPETITION),
    )
    .await?;
    if known.repeated {
        return Err(Error::conflict(
            "duplicate_comment",
            "You have said this here already. Your first comment was kept.",
        ));
    }
    let form = match &draft.form {
        None => None,
        Some(form) => match guard::look(key, post.id, &form.token, &form.honeypot, now) {
            Looked::Fine => None,
            Looked::Suspicious(reason) => Some(reason),
            Looked::Stale => return Err(stale_form()),
        },
    };
    // A guest is known by their address once they have shown that it is theirs, where that is asked for.
    let must_confirm = who.email_key().is_some()
        && settings.comments_mode == Mode::VerifiedGuests
        && !known.verified;
    let (name, address) = typed_guest(&checked);
    let facts = Facts {
        form,
        typed: &[&checked.comment.source, name, address],
        links: checked.comment.links,
        known: known.approved && !must_confirm,
        staff,
    };
    let verdict = rules::judge(&settings, &facts);
    let place = Place::of(
        tx,
        post.id,
        draft.parent,
        settings.comments_max_depth,
        staff,
    )
    .await?;
    let id = CommentId::new();
    let confirm = must_confirm && verdict.status != Status::Spam;
    let (secret, secret_hash) = guard::secret();
    let traces = guard::traces(tx, ctx).await?;
    let status = if confirm {
        Status::Pending
    } else {
        verdict.status
    };
    let row = NewRow {
        id,
        post: post.id,
        parent: place.parent,
        root: place.root.unwrap_or(id),
        depth: place.depth,
        reply_to: place.reply_to,
        author: who.member(),
        guest: checked
            .guest
            .as_ref()
            .map(|(name, email)| (name.as_str(), email.as_str(), email.normal())),
        verified_at: (known.verified && who.email_key().is_some()).then_some(now),
        confirm: confirm.then(|| (secret_hash.as_slice(), now.plus(CONFIRMABLE))),
        visitor: visitor.filter(|_| who.email_key().is_some()),
        notify_replies: draft.notify_replies
            && who.email_key().is_some()
            && settings.comments_mode == Mode::VerifiedGuests,
        content: &checked.comment.source,
        html: &checked.comment.html,
        renderer_version: RENDERER_VERSION,
        text_hash: &checked.text_hash,
        status,
        score: verdict.score,
        reasons: &verdict.reasons,
        ip: &traces.ip,
        user_agent: &traces.user_agent,
        now,
    };
    store::insert(tx, &row).await?;
    enqueue(tx, &TendComments {}, TendComments::next(now)).await?;
    let facts = CommentFacts {
        comment: id,
        post: post.id,
        parent: place.reply_to.or(place.parent),
        status: status.as_str(),
        by: who.member(),
    };
    emit(tx, &CommentCreated(facts.clone()), now).await?;
    let mut answered = None;
    if status == Status::Approved {
        emit(tx, &CommentApproved(facts), now).await?;
        answered = replies::tell(tx, ctx, id).await?;
    }
    if let (true, Some((name, email))) = (confirm, &checked.guest) {
        notices::ask_to_confirm(tx, ctx, post, (name, email), &secret).await?;
    } else if status != Status::Spam && settings.comments_notify {
        let know = [who.member(), answered];
        notices::tell(tx, ctx, (post.id, &post.title), id, status, &know).await?;
    }
    Ok(Posted::Taken {
        id,
        told: told(&verdict, must_confirm),
    })
}

/// As [`post()`], on the post of that id.
///
/// # Errors
/// As [`post()`]; [`Error::NotFound`] when whoever asks finds no such post.
pub async fn post_on(tx: &mut TenantTx, ctx: &Ctx, id: PostId, draft: &Draft) -> Result<Posted> {
    let on = store::commentable(tx, ctx, Some(id), None)
        .await?
        .ok_or(Error::NotFound("post"))?;
    post(tx, ctx, &on, draft).await
}

fn typed_guest(checked: &Checked) -> (&str, &str) {
    checked
        .guest
        .as_ref()
        .map_or(("", ""), |(name, email)| (name.as_str(), email.as_str()))
}

/// What is said to spam is what would have been said otherwise.
fn told(verdict: &Verdict, must_confirm: bool) -> Told {
    if must_confirm {
        Told::Confirm
    } else if verdict.status == Status::Approved {
        Told::Approved
    } else {
        Told::Held
    }
}

fn closed() -> Error {
    Error::conflict("comments_closed", "This post takes no comments any more.")
}

fn stale_form() -> Error {
    FieldError::new(
        "",
        "stale_form",
        "This page has been open for a long time. Send your comment once more.",
    )
    .into()
}

/// Holds what was typed against the rules of each field.
fn check(draft: &Draft, guest: bool) -> Result<Checked> {
    let mut fields = Fields::default();
    let comment = check_text(&draft.content, &mut fields);
    let guest = if guest {
        let name = strip_non_xml(&one_line(&draft.name)).into_owned();
        fields
            .require("name", &name, "Enter the name to show with your comment.")
            .check(
                length(&name) <= 60 && name.chars().count() <= 60,
                "name",
                "too_long",
                "Use at most 60 characters.",
            );
        fields
            .take(Email::parse(&draft.email))
            .map(|email| (name, email))
    } else {
        None
    };
    fields.finish()?;
    // `finish` has failed already when there is no comment.
    let comment = comment.ok_or_else(|| Error::internal("rendered nothing"))?;
    let text_hash = rules::fingerprint(&comment.source);
    Ok(Checked {
        comment,
        text_hash,
        guest,
    })
}

pub(super) fn check_text(content: &str, fields: &mut Fields) -> Option<Comment> {
    if content.chars().count() > MAX_COMMENT {
        fields.push(FieldError::new(
            "content",
            "too_long",
            "Use at most 10,000 characters.",
        ));
        return None;
    }
    let comment = fields.take(comment::render(content).map_err(|error| error.on("content")))?;
    if comment.html.is_empty() {
        fields.push(FieldError::new(
            "content",
            "required",
            "Write something first. Pictures and HTML are not shown in comments.",
        ));
    }
    Some(comment)
}

/// Where in its thread a comment stands.
#[derive(Debug, Default)]
struct Place {
    parent: Option<CommentId>,
    root: Option<CommentId>,
    depth: i16,
    reply_to: Option<CommentId>,
}

impl Place {
    /// Below its parent, or beside it when the thread is deep enough already.
    async fn of(
        tx: &mut TenantTx,
        post: PostId,
        parent: Option<CommentId>,
        max_depth: i32,
        staff: bool,
    ) -> Result<Self> {
        let Some(parent) = parent else {
            return Ok(Self {
                depth: 1,
                ..Self::default()
            });
        };
        let gone = || {
            FieldError::new(
                "parent",
                "unknown",
                "The comment that you answer is not there any more.",
            )
        };
        let answered = store::hold(tx, parent)
            .await?
            .filter(|comment| comment.post_id == post)
            .filter(|comment| {
                comment.status == Status::Approved || staff && comment.status == Status::Pending
            })
            .ok_or_else(gone)?;
        let deepest = i16::try_from(max_depth).unwrap_or(1);
        let mut above = answered.clone();
        while above.depth >= deepest {
            let Some(parent) = above.parent_id else {
                // Threads of one level: a thread of its own, that says what it answers.
                return Ok(Self {
                    depth: 1,
                    reply_to: Some(answered.id),
                    ..Self::default()
                });
            };
            above = store::hold(tx, parent).await?.ok_or_else(gone)?;
        }
        Ok(Self {
            parent: Some(above.id),
            root: Some(answered.root_id),
            depth: above.depth + 1,
            reply_to: (above.id != answered.id).then_some(answered.id),
        })
    }
}
