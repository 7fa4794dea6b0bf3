//! Operations on posts: `/api/v1/blog/posts`.

use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use kernel::{Cursor, Error, Page, PageRequest};
use module::extract::{Json, Path, Query};
use module::{
    Allowed, AllowedOn, AllowedSome, Answer, BasedOn, Ctx, IdempotencyKey, IfMatch, Result, Routes,
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::api_body::{PostBody, PostCreate, PostList, PostPatch, PostSummary};
use super::publish::{Schedule, Step};
use super::save::Edit;
use super::versions::Reason;
use super::{Filter, Move, Post, PostId, Sort, StateFilter, create, get, save, step, store};
use crate::authors::AuthorId;
use crate::manifest::{DeletePosts, PublishPosts, ReadPosts, WritePosts};
use crate::respond::{Changed, Conflict, Invalid, Missing, Refused, Stale, tagged};

pub(crate) fn routes() -> Routes {
    module::operations!(
        Routes::new(),
        list,
        create_post,
        read,
        change,
        trash,
        publish,
        unpublish,
        schedule,
        unschedule,
        schedule_end,
        unschedule_end,
        submit,
        withdraw,
        approve,
        send_back,
        archive,
        unarchive,
        restore,
    )
}

/// Which posts, in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Most posts to return.
    #[param(minimum = 1, maximum = 100, default = 15)]
    limit: Option<i64>,
    /// Where the last part ended: its `next_cursor`.
    cursor: Option<String>,
    /// `draft`, `in_review`, `scheduled`, `published`, `archived`, `changed` or `trash`; left out: every
    /// post that is not in the trash.
    status: Option<String>,
    /// Slug of a tag.
    tag: Option<String>,
    /// Id of an author.
    author: Option<AuthorId>,
    /// Words of the title.
    q: Option<String>,
    /// `created` (newest first), `updated`, `published` or `title`.
    #[param(default = "created")]
    sort: Option<String>,
}

/// List posts
///
/// Every post of the workspace, drafts of others included; to a member who sees some posts alone, these.
#[utoipa::path(
    get, path = "/posts", operation_id = "blog.posts.list", tag = "Posts", params(ListQuery),
    responses((status = 200, description = "The posts.", body = PostList), Refused)
)]
async fn list(
    ctx: AllowedSome<ReadPosts>,
    Query(query): Query<ListQuery>,
) -> Result<Json<PostList>> {
    let page = PageRequest::new(query.limit, 15, query.cursor.as_deref())?;
    let sort = parse(query.sort.as_deref(), Sort::parse, "invalid_sort")?.unwrap_or_default();
    let filter = Filter {
        state: parse(
            query.status.as_deref(),
            StateFilter::parse,
            "invalid_status",
        )?,
        tag: query.tag,
        author: query.author,
        q: query.q.filter(|q| !q.trim().is_empty()),
        only: ctx.only_on("blog.posts.read", super::KIND),
    };
    let mut tx = ctx.begin().await?;
    let posts = store::list(&mut tx, &filter, sort, page, ctx.now()).await?;
    let posts = Page::cut(posts, page, |post| -> Cursor { post.cursor(sort) });
    Ok(Json(PostList {
        data: posts
            .items
            .into_iter()
            .map(|post| PostSummary::new(post, ctx.now()))
            .collect(),
        next_cursor: posts.next,
    }))
}

fn parse<T>(
    text: Option<&str>,
    read: impl Fn(&str) -> Option<T>,
    code: &'static str,
) -> Result<Option<T>, Error> {
    text.map(|text| {
        read(text)
            .ok_or_else(|| Error::bad_request(code, format!("{text} is not one of the choices.")))
    })
    .transpose()
}

/// Create a post
///
/// Begins a draft. Publish it with a second request.
#[utoipa::path(
    post, path = "/posts", operation_id = "blog.posts.create", tag = "Posts", request_body = PostCreate,
    params(IdempotencyKey),
    responses(
        (status = 201, description = "The post.", body = PostBody,
         headers(("ETag" = String, description = "Its revision."), ("Location" = String, description = "Where it is."))),
        Refused, Conflict, Invalid
    )
)]
async fn create_post(
    ctx: Allowed<WritePosts>,
    key: IdempotencyKey,
    Json(body): Json<PostCreate>,
) -> Result<Response> {
    key.once(&ctx, body, async |tx, body| {
        let post = PostBody::new(create(tx, &ctx, body.into()).await?, ctx.now());
        Ok(Answer::created(&post)
            .tagged(post.summary.rev)
            .at(format!("/api/v1/blog/posts/{}", post.summary.id)))
    })
    .await
}

/// Read a post
///
/// With the text of its draft.
#[utoipa::path(
    get, path = "/posts/{id}", operation_id = "blog.posts.read", tag = "Posts", params(("id" = PostId, Path)),
    responses(
        (status = 200, description = "The post.", body = PostBody, headers(("ETag" = String, description = "Its revision."))),
        (status = 304, description = "The client has it already."),
        Refused, Missing
    )
)]
async fn read(
    ctx: AllowedOn<ReadPosts>,
    Path(id): Path<PostId>,
    headers: HeaderMap,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let post = get(&mut tx, id).await?;
    let rev = post.rev;
    Ok(tagged(&headers, rev, &PostBody::new(post, ctx.now()))?)
}

/// Change a post
///
/// Text goes to the draft: what visitors read changes when it is published. Slug, tags, authors, the
/// featured mark and the date of publication hold at once.
#[utoipa::path(
    patch, path = "/posts/{id}", operation_id = "blog.posts.update", tag = "Posts", request_body = PostPatch,
    params(("id" = PostId, Path), IfMatch),
    responses(
        (status = 200, description = "The post.", body = PostBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing, Conflict, Stale, Invalid
    )
)]
async fn change(
    ctx: AllowedOn<WritePosts>,
    Path(id): Path<PostId>,
    IfMatch(rev): IfMatch,
    Json(body): Json<PostPatch>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    save(&mut tx, &ctx, id, Some(rev), Edit::from(body), Reason::Save).await?;
    let post = get(&mut tx, id).await?;
    tx.commit().await?;
    Ok(tagged(
        &HeaderMap::new(),
        post.rev,
        &PostBody::new(post, ctx.now()),
    )?)
}

/// Move a post to the trash
///
/// For 30 days it can be restored.
#[utoipa::path(
    delete, path = "/posts/{id}", operation_id = "blog.posts.delete", tag = "Posts",
    params(("id" = PostId, Path), IfMatch),
    responses((status = 204, description = "It is in the trash."), Refused, Missing, Conflict, Stale)
)]
async fn trash(
    ctx: Allowed<DeletePosts>,
    Path(id): Path<PostId>,
    IfMatch(rev): IfMatch,
) -> Result<StatusCode> {
    let mut tx = ctx.begin().await?;
    step(&mut tx, &ctx, id, Some(rev), &Step::Plain(Move::Trash)).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes one step and answers with the post.
async fn take(
    ctx: &Ctx,
    id: PostId,
    based_on: Option<i64>,
    key: &IdempotencyKey,
    taken: Step,
) -> Result<Response> {
    let input = (based_on, format!("{taken:?}"));
    key.once(ctx, input, async |tx, _| {
        step(tx, ctx, id, based_on, &taken).await?;
        Ok(changed(ctx, get(tx, id).await?))
    })
    .await
}

/// The answer to a change of a post.
pub(super) fn changed(ctx: &Ctx, post: Post) -> Answer {
    let rev = post.rev;
    Answer::ok(&PostBody::new(post, ctx.now()))
        .tagged(rev)
        .with(header::CACHE_CONTROL, "private, no-cache")
}

/// A step that needs nothing but the post: its handler with its description.
///
/// `If-Match` is optional.
macro_rules! steps {
    ($($(#[doc = $doc:literal])+ $name:ident($gate:ty, $step:ident) at $path:literal as $id:literal;)+) => {
        $(
            $(#[doc = $doc])+
            #[utoipa::path(
                post, path = $path, operation_id = $id, tag = "Posts",
                params(("id" = PostId, Path), BasedOn, IdempotencyKey),
                responses(
                    (status = 200, description = "The post.", body = PostBody, headers(("ETag" = String, description = "Its revision."))),
                    Refused, Missing, Conflict, Changed, Invalid
                )
            )]
            async fn $name(
                ctx: Allowed<$gate>,
                Path(id): Path<PostId>,
                BasedOn(based_on): BasedOn,
                key: IdempotencyKey,
            ) -> Result<Response> {
                take(&ctx, id, based_on, &key, Step::Plain(Move::$step)).await
            }
        )+
    };
}

steps! {
    /// Publish a post
    ///
    /// Puts the draft before visitors, or the changes of a post that is live. A post that has nothing
    /// new to publish stays as it is.
    publish(PublishPosts, Publish) at "/posts/{id}/publish" as "blog.posts.publish";
    /// Unschedule a post
    ///
    /// It does not go live after all; it is a draft again.
    unschedule(PublishPosts, Unschedule) at "/posts/{id}/unschedule" as "blog.posts.unschedule";
    /// Take a post back from review
    ///
    /// It is a draft again.
    withdraw(WritePosts, Withdraw) at "/posts/{id}/withdraw" as "blog.posts.withdraw";
    /// Leave a post online after all
    ///
    /// It is not unpublished at the chosen time.
    unschedule_end(PublishPosts, UnscheduleEnd) at "/posts/{id}/unschedule-end" as "blog.posts.unschedule_end";
    /// Archive a post
    ///
    /// Takes it from visitors and keeps it out of the way.
    archive(PublishPosts, Archive) at "/posts/{id}/archive" as "blog.posts.archive";
    /// Take a post from the archive
    ///
    /// It is a draft again.
    unarchive(PublishPosts, Unarchive) at "/posts/{id}/unarchive" as "blog.posts.unarchive";
    /// Restore a post from the trash
    ///
    /// It is a draft again, at its former address when nobody has taken that.
    restore(DeletePosts, Restore) at "/posts/{id}/restore" as "blog.posts.restore";
}

/// Schedule a post
///
/// The present draft goes live at the chosen time, whatever is written in the meantime; at once when
/// that time has passed. A scheduled post is scheduled anew.
#[utoipa::path(
    post, path = "/posts/{id}/schedule", operation_id = "blog.posts.schedule", tag = "Posts", request_body = Schedule,
    params(("id" = PostId, Path), BasedOn, IdempotencyKey),
    responses(
        (status = 200, description = "The post.", body = PostBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing, Conflict, Changed, Invalid
    )
)]
async fn schedule(
    ctx: Allowed<PublishPosts>,
    Path(id): Path<PostId>,
    BasedOn(based_on): BasedOn,
    key: IdempotencyKey,
    Json(body): Json<Schedule>,
) -> Result<Response> {
    take(&ctx, id, based_on, &key, Step::Schedule(body)).await
}

/// How a post is unpublished.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UnpublishQuery {
    /// Whether its address answers 410 from now on, for good; otherwise 404.
    #[serde(default)]
    #[param(default = false)]
    gone: bool,
}

/// Unpublish a post
///
/// Takes it from visitors; it is a draft again and keeps its address.
#[utoipa::path(
    post, path = "/posts/{id}/unpublish", operation_id = "blog.posts.unpublish", tag = "Posts",
    params(("id" = PostId, Path), UnpublishQuery,
           BasedOn, IdempotencyKey),
    responses(
        (status = 200, description = "The post.", body = PostBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing, Conflict, Changed, Invalid
    )
)]
async fn unpublish(
    ctx: Allowed<PublishPosts>,
    Path(id): Path<PostId>,
    Query(query): Query<UnpublishQuery>,
    BasedOn(based_on): BasedOn,
    key: IdempotencyKey,
) -> Result<Response> {
    let step = if query.gone {
        Step::UnpublishForGood
    } else {
        Step::Plain(Move::Unpublish)
    };
    take(&ctx, id, based_on, &key, step).await
}

/// When a post ends, and what its address says then.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EndBody {
    /// Day and time at the place, such as `2027-03-28T14:30`.
    local: String,
    /// IANA name of the time zone, such as `Europe/Berlin`.
    time_zone: String,
    /// Whether its address answers 410 from then on; otherwise 404.
    #[serde(default)]
    gone: bool,
}

/// Unpublish a post at a chosen time
///
/// Of a post that is live or scheduled. Visitors do not read it from that instant on; it is a draft
/// again. Repeating it chooses another time.
#[utoipa::path(
    post, path = "/posts/{id}/schedule-end", operation_id = "blog.posts.schedule_end", tag = "Posts", request_body = EndBody,
    params(("id" = PostId, Path), BasedOn, IdempotencyKey),
    responses(
        (status = 200, description = "The post.", body = PostBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing, Conflict, Changed, Invalid
    )
)]
async fn schedule_end(
    ctx: Allowed<PublishPosts>,
    Path(id): Path<PostId>,
    BasedOn(based_on): BasedOn,
    key: IdempotencyKey,
    Json(body): Json<EndBody>,
) -> Result<Response> {
    let step = Step::ScheduleEnd {
        schedule: Schedule {
            local: body.local,
            time_zone: body.time_zone,
        },
        gone: body.gone,
    };
    take(&ctx, id, based_on, &key, step).await
}

/// When an approved post goes live.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct ApproveBody {
    /// A time to go live at; left out: now.
    schedule: Option<Schedule>,
}

/// Approve a post
///
/// Lets a post that waits for review go live, now or at a chosen time.
#[utoipa::path(
    post, path = "/posts/{id}/approve", operation_id = "blog.posts.approve", tag = "Review", request_body = ApproveBody,
    params(("id" = PostId, Path), BasedOn, IdempotencyKey),
    responses(
        (status = 200, description = "The post.", body = PostBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing, Conflict, Changed, Invalid
    )
)]
async fn approve(
    ctx: Allowed<PublishPosts>,
    Path(id): Path<PostId>,
    BasedOn(based_on): BasedOn,
    key: IdempotencyKey,
    body: Option<Json<ApproveBody>>,
) -> Result<Response> {
    let schedule = body.and_then(|Json(body)| body.schedule);
    take(&ctx, id, based_on, &key, Step::Approve(schedule)).await
}

/// A note that comes along with a step.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct NoteAlong {
    /// What to say, at most 4,000 characters; left out: nothing.
    note: String,
}

/// Submit a post for review
///
/// Asks those who may publish to look at it. They are told.
#[utoipa::path(
    post, path = "/posts/{id}/submit", operation_id = "blog.posts.submit", tag = "Review", request_body = NoteAlong,
    params(("id" = PostId, Path), BasedOn, IdempotencyKey),
    responses(
        (status = 200, description = "The post.", body = PostBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing, Conflict, Changed, Invalid
    )
)]
async fn submit(
    ctx: Allowed<WritePosts>,
    Path(id): Path<PostId>,
    BasedOn(based_on): BasedOn,
    key: IdempotencyKey,
    body: Option<Json<NoteAlong>>,
) -> Result<Response> {
    let note = body.map(|Json(body)| body.note).unwrap_or_default();
    take(&ctx, id, based_on, &key, Step::Submit(note)).await
}

/// Send a post back to its author
///
/// A post that waits for review is a draft again. Its authors are told.
#[utoipa::path(
    post, path = "/posts/{id}/send-back", operation_id = "blog.posts.send_back", tag = "Review", request_body = NoteAlong,
    params(("id" = PostId, Path), BasedOn, IdempotencyKey),
    responses(
        (status = 200, description = "The post.", body = PostBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing, Conflict, Changed, Invalid
    )
)]
async fn send_back(
    ctx: Allowed<PublishPosts>,
    Path(id): Path<PostId>,
    BasedOn(based_on): BasedOn,
    key: IdempotencyKey,
    body: Option<Json<NoteAlong>>,
) -> Result<Response> {
    let note = body.map(|Json(body)| body.note).unwrap_or_default();
    take(&ctx, id, based_on, &key, Step::SendBack(note)).await
}
