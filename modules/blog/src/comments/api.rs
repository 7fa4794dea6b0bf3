//! Operations on comments: `/api/v1/blog/comments`, `/api/v1/blog/comment-bans` and `/api/v1/blog/posts/{id}/comments`.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use kernel::{Cursor, Error, FieldError, PageRequest};
use module::extract::{Json, Path, Query};
use module::{Allowed, Answer, Ctx, IdempotencyKey, IfMatch, Result, Routes, etag};
use tenant_resolver::TenantTx;

use super::api_body::{
    BanBody, BanCreate, BanList, CommentBody, CommentCreate, CommentList, CommentPatch,
    CommentTaken, Commenting, DecidedList, Decision, Decisions, Erase, Erased, ListQuery,
    PublicComment, Report, ThreadList, ThreadQuery,
};
use super::moderate::{decide, decide_all, pin};
use super::public::ban_problem;
use super::write::{Draft, Posted, Told};
use super::{
    BanId, BanInput, CommentId, Filter, Order, Status, ban, bans, edit, enable, erase, lift,
    post_on, public_store, queue, queue_store, report, store, threads, withdraw,
};
use crate::manifest::{EraseComments, ModerateComments, ReadComments, WriteComments};
use crate::posts::PostId;
use crate::respond::{Conflict, Invalid, Missing, Refused, Stale, tagged};

/// Most comments that one decision is about.
pub(super) const MOST: usize = 100;

pub(crate) fn routes() -> Routes {
    module::operations!(
        Routes::new(),
        list_comments,
        read_comment,
        change_comment,
        delete_comment,
        moderate_comment,
        moderate_comments,
        pin_comment,
        unpin_comment,
        report_comment,
        erase_reader,
        list_threads,
        create_comment,
        switch_comments,
        list_bans,
        create_ban,
        lift_ban,
    )
}

/// List comments
///
/// What guests have yet to confirm by mail is not listed.
#[utoipa::path(
    get, path = "/comments", operation_id = "blog.comments.list", tag = "Comments", params(ListQuery),
    responses((status = 200, description = "The comments.", body = CommentList), Refused)
)]
async fn list_comments(
    ctx: Allowed<ModerateComments>,
    Query(query): Query<ListQuery>,
) -> Result<Json<CommentList>> {
    let page = PageRequest::new(query.limit, 50, query.cursor.as_deref())?;
    let order = match query.sort.as_deref() {
        None => Order::Newest,
        Some(name) => Order::parse(name)
            .ok_or_else(|| Error::bad_request("invalid_sort", "Sort by newest or oldest."))?,
    };
    let filter = Filter {
        status: query.status,
        post: query.post,
        email: query.email.map(|email| email.trim().to_lowercase()),
        member: query.member,
        q: query.q.filter(|q| !q.trim().is_empty()),
    };
    let mut tx = ctx.begin().await?;
    let part = queue(&mut tx, &filter, order, page).await?;
    Ok(Json(CommentList {
        data: part.items.into_iter().map(CommentBody::from).collect(),
        next_cursor: part.next,
    }))
}

async fn found(tx: &mut TenantTx, id: CommentId) -> Result<CommentBody> {
    let comment = queue_store::find(tx, id)
        .await?
        .ok_or(Error::NotFound("comment"))?;
    Ok(comment.into())
}

/// Read a comment
#[utoipa::path(
    get, path = "/comments/{id}", operation_id = "blog.comments.read", tag = "Comments", params(("id" = CommentId, Path)),
    responses(
        (status = 200, description = "The comment.", body = CommentBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing
    )
)]
async fn read_comment(
    ctx: Allowed<ModerateComments>,
    Path(id): Path<CommentId>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let comment = found(&mut tx, id).await?;
    // Reports and names move without the revision, so there is no 304.
    Ok(tagged(&HeaderMap::new(), comment.rev, &comment)?)
}

/// Change a comment of one's own
///
/// Within 15 minutes. The rules look at the new words as well, so a public comment may be held after that.
#[utoipa::path(
    patch, path = "/comments/{id}", operation_id = "blog.comments.update", tag = "Comments", request_body = CommentPatch,
    params(("id" = CommentId, Path), IfMatch),
    responses((status = 200, description = "Its status now.", body = CommentTaken), Refused, Missing, Conflict, Stale, Invalid)
)]
async fn change_comment(
    ctx: Allowed<WriteComments>,
    Path(id): Path<CommentId>,
    IfMatch(rev): IfMatch,
    Json(body): Json<CommentPatch>,
) -> Result<Json<CommentTaken>> {
    let mut tx = ctx.begin().await?;
    let status = edit(&mut tx, &ctx, id, None, Some(rev), &body.content).await?;
    tx.commit().await?;
    // Who wrote it is told that it is held, never that it was taken for spam.
    let status = if status == Status::Approved {
        status
    } else {
        Status::Pending
    };
    Ok(Json(CommentTaken { id, status }))
}

/// Take back a comment of one's own
///
/// Where it was answered a trace is left. Moderators delete comments of others by a decision.
#[utoipa::path(
    delete, path = "/comments/{id}", operation_id = "blog.comments.delete", tag = "Comments",
    params(("id" = CommentId, Path), IfMatch),
    responses((status = 204, description = "It is gone."), Refused, Missing, Conflict, Stale)
)]
async fn delete_comment(
    ctx: Allowed<WriteComments>,
    Path(id): Path<CommentId>,
    IfMatch(rev): IfMatch,
) -> Result<StatusCode> {
    let mut tx = ctx.begin().await?;
    withdraw(&mut tx, &ctx, id, None, Some(rev)).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Decide on a comment
///
/// From `pending`: approve, spam, delete. From `approved`: hide, spam, delete. From `spam`: approve, delete. From
/// `hidden`: approve. Anything else is refused with 409 `invalid_transition`. Repeated with its `Idempotency-Key`, the
/// answer is without name, address and words, which are not kept.
#[utoipa::path(
    post, path = "/comments/{id}/moderate", operation_id = "blog.comments.moderate", tag = "Comments", request_body = Decision,
    params(("id" = CommentId, Path), IfMatch, IdempotencyKey),
    responses(
        (status = 200, description = "The comment.", body = CommentBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing, Conflict, Stale, Invalid
    )
)]
async fn moderate_comment(
    ctx: Allowed<ModerateComments>,
    Path(id): Path<CommentId>,
    IfMatch(rev): IfMatch,
    key: IdempotencyKey,
    Json(body): Json<Decision>,
) -> Result<Response> {
    key.once(&ctx, (rev, body), async |tx, (rev, body)| {
        decide(tx, &ctx, id, Some(rev), body.step).await?;
        judged(tx, id).await
    })
    .await
}

/// Decide on several comments
///
/// Each for itself: those that do not exist or whose status does not allow it stay as they are.
#[utoipa::path(
    post, path = "/comments/moderate", operation_id = "blog.comments.moderate_many", tag = "Comments", request_body = Decisions,
    params(IdempotencyKey),
    responses((status = 200, description = "What changed.", body = DecidedList), Refused, Conflict, Invalid)
)]
async fn moderate_comments(
    ctx: Allowed<ModerateComments>,
    key: IdempotencyKey,
    Json(body): Json<Decisions>,
) -> Result<Response> {
    if body.ids.len() > MOST {
        let text = "Decide on at most 100 comments at a time.";
        return Err(FieldError::new("ids", "too_many", text).into());
    }
    key.once(&ctx, body, async |tx, body| {
        let decided = decide_all(tx, &ctx, &body.ids, body.step).await?;
        let body = DecidedList {
            changed: decided.iter().map(|decided| decided.id).collect(),
        };
        Ok(Answer::ok(&body))
    })
    .await
}

/// Pin a comment
///
/// It stands above all others of its post, in place of the one that was there. Only a public comment that begins a thread
/// can be pinned; any other is refused with 409 `not_pinnable`.
#[utoipa::path(
    post, path = "/comments/{id}/pin", operation_id = "blog.comments.pin", tag = "Comments",
    params(("id" = CommentId, Path), IfMatch, IdempotencyKey),
    responses(
        (status = 200, description = "The comment.", body = CommentBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing, Conflict, Stale, Invalid
    )
)]
async fn pin_comment(
    ctx: Allowed<ModerateComments>,
    Path(id): Path<CommentId>,
    IfMatch(rev): IfMatch,
    key: IdempotencyKey,
) -> Result<Response> {
    put_pin(&ctx, id, rev, key, true).await
}

/// Unpin a comment
#[utoipa::path(
    post, path = "/comments/{id}/unpin", operation_id = "blog.comments.unpin", tag = "Comments",
    params(("id" = CommentId, Path), IfMatch, IdempotencyKey),
    responses(
        (status = 200, description = "The comment.", body = CommentBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing, Conflict, Stale, Invalid
    )
)]
async fn unpin_comment(
    ctx: Allowed<ModerateComments>,
    Path(id): Path<CommentId>,
    IfMatch(rev): IfMatch,
    key: IdempotencyKey,
) -> Result<Response> {
    put_pin(&ctx, id, rev, key, false).await
}

async fn put_pin(
    ctx: &Ctx,
    id: CommentId,
    rev: i64,
    key: IdempotencyKey,
    pinned: bool,
) -> Result<Response> {
    key.once(ctx, rev, async |tx, rev| {
        pin(tx, ctx, id, Some(rev), pinned).await?;
        judged(tx, id).await
    })
    .await
}

/// The comment as moderators read it, kept without what nobody could erase.
async fn judged(tx: &mut TenantTx, id: CommentId) -> Result<Answer> {
    let comment = found(tx, id).await?;
    Ok(Answer::ok(&comment)
        .kept_as(&comment.impersonal())
        .tagged(comment.rev)
        .with(header::CACHE_CONTROL, "private, no-cache"))
}

/// Report a comment
///
/// The third reader takes it from the public until a moderator has looked. The same reader twice counts once.
#[utoipa::path(
    post, path = "/comments/{id}/report", operation_id = "blog.comments.report", tag = "Comments", request_body = Report,
    params(("id" = CommentId, Path), IdempotencyKey),
    responses((status = 204, description = "It was noted."), Refused, Missing, Conflict, Invalid)
)]
async fn report_comment(
    ctx: Allowed<WriteComments>,
    Path(id): Path<CommentId>,
    key: IdempotencyKey,
    Json(body): Json<Report>,
) -> Result<Response> {
    key.once(&ctx, body, async |tx, body| {
        report(tx, &ctx, id, &body.reason).await?;
        Ok(Answer::no_content())
    })
    .await
}

/// Remove a guest's identity
///
/// From every comment, and with it the bans of the address. The words go, too, unless `keep_text` says otherwise. It
/// cannot be undone.
#[utoipa::path(
    post, path = "/comments/erase", operation_id = "blog.comments.erase", tag = "Comments", request_body = Erase,
    params(IdempotencyKey),
    responses((status = 200, description = "What was erased.", body = Erased), Refused, Conflict, Invalid)
)]
async fn erase_reader(
    ctx: Allowed<EraseComments>,
    key: IdempotencyKey,
    Json(body): Json<Erase>,
) -> Result<Response> {
    key.once(&ctx, body, async |tx, body| {
        let comments = erase(tx, &ctx, &body.email, body.keep_text).await?;
        Ok(Answer::ok(&Erased { comments }))
    })
    .await
}

/// List the comments of a post
///
/// What visitors see of a live post: threads with their answers, 50 at a time, the pinned one first.
#[utoipa::path(
    get, path = "/posts/{id}/comments", operation_id = "blog.comments.threads", tag = "Comments",
    params(("id" = PostId, Path), ThreadQuery),
    responses((status = 200, description = "The threads, oldest first.", body = ThreadList), Refused, Missing)
)]
async fn list_threads(
    ctx: Allowed<ReadComments>,
    Path(id): Path<PostId>,
    Query(query): Query<ThreadQuery>,
) -> Result<Json<ThreadList>> {
    let after = query.cursor.as_deref().map(Cursor::decode).transpose()?;
    let mut tx = ctx.begin().await?;
    store::commentable(&mut tx, &ctx, Some(id), None)
        .await?
        .ok_or(Error::NotFound("post"))?;
    let rows = public_store::threads(&mut tx, id, after, None, None).await?;
    let built = threads::build(rows, ctx.now());
    Ok(Json(ThreadList {
        data: built.threads.into_iter().map(PublicComment::from).collect(),
        next_cursor: built.next.map(Cursor::encode),
    }))
}

/// Comment on a post
///
/// As the member that you are. 201: it is public. 202: it is held.
#[utoipa::path(
    post, path = "/posts/{id}/comments", operation_id = "blog.comments.create", tag = "Comments", request_body = CommentCreate,
    params(
        ("id" = PostId, Path),
        IdempotencyKey
    ),
    responses(
        (status = 201, description = "It is public.", body = CommentTaken),
        (status = 202, description = "It is held.", body = CommentTaken),
        Refused, Missing, Conflict, Invalid
    )
)]
async fn create_comment(
    ctx: Allowed<WriteComments>,
    Path(id): Path<PostId>,
    key: IdempotencyKey,
    Json(body): Json<CommentCreate>,
) -> Result<Response> {
    key.once(&ctx, body, async |tx, body| {
        let draft = Draft {
            content: body.content,
            parent: body.parent,
            ..Draft::default()
        };
        let (comment, told) = match post_on(tx, &ctx, id, &draft).await? {
            Posted::Taken { id, told } => (id, told),
            Posted::Banned { .. } => {
                let refusal = Answer::new(StatusCode::FORBIDDEN, &ban_problem())
                    .with(header::CONTENT_TYPE, "application/problem+json");
                return Ok(refusal.taken_back());
            }
        };
        let (code, status) = match told {
            Told::Approved => (StatusCode::CREATED, Status::Approved),
            Told::Held | Told::Confirm => (StatusCode::ACCEPTED, Status::Pending),
        };
        let body = CommentTaken {
            id: comment,
            status,
        };
        Ok(Answer::new(code, &body))
    })
    .await
}

/// Open or close a post for comments
#[utoipa::path(
    put, path = "/posts/{id}/commenting", operation_id = "blog.comments.switch", tag = "Comments", request_body = Commenting,
    params(("id" = PostId, Path), IfMatch),
    responses(
        (status = 204, description = "It is so.", headers(("ETag" = String, description = "The post's revision."))),
        Refused, Missing, Stale, Invalid
    )
)]
async fn switch_comments(
    ctx: Allowed<ModerateComments>,
    Path(id): Path<PostId>,
    IfMatch(rev): IfMatch,
    Json(body): Json<Commenting>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let rev = enable(&mut tx, &ctx, id, Some(rev), body.enabled).await?;
    tx.commit().await?;
    Ok((StatusCode::NO_CONTENT, [(header::ETAG, etag(rev))]).into_response())
}

/// Which bans.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct BanQuery {
    /// Most bans to return.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
    /// Where the last part ended: its `next_cursor`.
    cursor: Option<String>,
}

/// List bans
#[utoipa::path(
    get, path = "/comment-bans", operation_id = "blog.comment_bans.list", tag = "Comments", params(BanQuery),
    responses((status = 200, description = "The bans, newest first.", body = BanList), Refused)
)]
async fn list_bans(
    ctx: Allowed<ModerateComments>,
    Query(query): Query<BanQuery>,
) -> Result<Json<BanList>> {
    let page = PageRequest::new(query.limit, 50, query.cursor.as_deref())?;
    let mut tx = ctx.begin().await?;
    let part = bans(&mut tx, page).await?;
    Ok(Json(BanList {
        data: part.items.into_iter().map(BanBody::from).collect(),
        next_cursor: part.next,
    }))
}

/// Ban somebody from commenting
///
/// A second ban of the same replaces the first. Repeated with its `Idempotency-Key`, the answer is without address and
/// reason, which are not kept.
#[utoipa::path(
    post, path = "/comment-bans", operation_id = "blog.comment_bans.create", tag = "Comments", request_body = BanCreate,
    params(IdempotencyKey),
    responses((status = 201, description = "The ban.", body = BanBody), Refused, Missing, Conflict, Invalid)
)]
async fn create_ban(
    ctx: Allowed<ModerateComments>,
    key: IdempotencyKey,
    Json(body): Json<BanCreate>,
) -> Result<Response> {
    key.once(&ctx, body, async |tx, body| {
        let input = BanInput {
            subject: body.subject,
            comment: body.comment,
            member: body.member,
            email: body.email,
            until: body.until,
            reason: body.reason,
        };
        let made = BanBody::from(ban(tx, &ctx, input).await?);
        Ok(Answer::created(&made).kept_as(&made.impersonal()))
    })
    .await
}

/// Lift a ban
#[utoipa::path(
    delete, path = "/comment-bans/{id}", operation_id = "blog.comment_bans.delete", tag = "Comments", params(("id" = BanId, Path)),
    responses((status = 204, description = "They may comment again."), Refused, Missing)
)]
async fn lift_ban(ctx: Allowed<ModerateComments>, Path(id): Path<BanId>) -> Result<StatusCode> {
    let mut tx = ctx.begin().await?;
    lift(&mut tx, &ctx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
