//! The buttons of the editor and of the list: publish, schedule, trash and the like.

use axum::response::{IntoResponse, Response};
use kernel::{Error, FieldError};
use module::extract::{Form, Path, Query};
use module::{Allowed, Ctx, Result, Routes};
use serde::Deserialize;

use super::editor::{self, Outcome, save_form};
use super::editor_form::Draft;
use super::publish::{Step, step};
use super::{Move, PostId, bulk, get};
use crate::content::schedule::{Fit, Resolved};
use crate::forms::{Pairs, rev, told, value, values};
use crate::manifest::{DeletePosts, PublishPosts, WritePosts};

const PATH: &str = "/app/blog/posts";

pub(crate) fn routes() -> Routes {
    Routes::new()
        .post("/posts/{id}/publish", publish)
        .post("/posts/{id}/schedule", schedule)
        .post("/posts/{id}/unschedule", unschedule)
        .post("/posts/{id}/unpublish", unpublish)
        .post("/posts/{id}/unpublish-for-good", unpublish_for_good)
        .post("/posts/{id}/schedule-end", schedule_end)
        .post("/posts/{id}/unschedule-end", unschedule_end)
        .post("/posts/{id}/archive", archive)
        .post("/posts/{id}/unarchive", unarchive)
        .post("/posts/{id}/submit", submit)
        .post("/posts/{id}/withdraw", withdraw)
        .post("/posts/{id}/send-back", send_back)
        .post("/posts/{id}/trash", trash)
        .post("/posts/{id}/restore", restore)
        .post("/posts/publish", publish_new)
        .post("/posts/schedule", schedule_new)
        .post("/posts/bulk/publish", bulk_publish)
        .post("/posts/bulk/unpublish", bulk_unpublish)
        .post("/posts/bulk/trash", bulk_trash)
        .post("/posts/bulk/restore", bulk_restore)
}

/// Whether the editor's form came along, and not just a button of it.
fn carries_text(pairs: &Pairs) -> bool {
    pairs.iter().any(|(name, _)| name == "content")
}

/// Saves what was typed, when it came along and may be changed, and takes the step, together.
async fn take(ctx: &Ctx, id: PostId, pairs: &Pairs, taken: &Step, text: &str) -> Result<Response> {
    let (mut tx, based_on) = if carries_text(pairs) && ctx.may("blog.posts.write") {
        match save_form(ctx, id, pairs).await? {
            // What was saved is the newest now; the step is based on that.
            Outcome::Saved(tx) => (tx, None),
            Outcome::Answer(response) => return Ok(response),
        }
    } else {
        (ctx.begin().await?, rev(pairs))
    };
    match step(&mut tx, ctx, id, based_on, taken).await {
        Ok(_) => {
            tx.commit().await?;
            Ok(told(&format!("{PATH}/{id}/edit"), text, None)?)
        }
        Err(Error::Invalid(errors)) => {
            // The rules of a step are broken after the text was accepted: keep what was typed on the page.
            drop(tx);
            let mut tx = ctx.begin().await?;
            let post = get(&mut tx, id).await?;
            let zone = ctx.tenant().zone.name();
            let draft = if carries_text(pairs) {
                Draft::read(pairs)
            } else {
                Draft::of(&post, zone)
            };
            let errors = on_the_form(taken, errors);
            Ok(
                editor::show(&mut tx, ctx, Some(&post), &draft, &errors, None)
                    .await?
                    .into_response(),
            )
        }
        Err(error) => Err(error.into()),
    }
}

/// The buttons that need nothing but the post, each behind its permission.
macro_rules! buttons {
    ($($name:ident($gate:ty, $step:ident) says $text:literal;)+) => {
        $(
            async fn $name(ctx: Allowed<$gate>, Path(id): Path<PostId>, Form(pairs): Form<Pairs>) -> Result<Response> {
                take(&ctx, id, &pairs, &Step::Plain(Move::$step), $text).await
            }
        )+
    };
}

buttons! {
    publish(PublishPosts, Publish) says "The post is live";
    unschedule(PublishPosts, Unschedule) says "The post will not go live";
    unpublish(PublishPosts, Unpublish) says "The post is a draft again";
    unschedule_end(PublishPosts, UnscheduleEnd) says "The post stays online";
    archive(PublishPosts, Archive) says "The post is in the archive";
    unarchive(PublishPosts, Unarchive) says "The post is a draft again";
    withdraw(WritePosts, Withdraw) says "The post is a draft again";
}

async fn submit(
    ctx: Allowed<WritePosts>,
    Path(id): Path<PostId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    let step = Step::Submit(value(&pairs, "note").to_owned());
    take(&ctx, id, &pairs, &step, "The post waits for review").await
}

async fn send_back(
    ctx: Allowed<PublishPosts>,
    Path(id): Path<PostId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    let step = Step::SendBack(value(&pairs, "note").to_owned());
    let text = "The post is a draft again, and its author is told";
    take(&ctx, id, &pairs, &step, text).await
}

async fn unpublish_for_good(
    ctx: Allowed<PublishPosts>,
    Path(id): Path<PostId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    let text = "The post is a draft again, and its address says that it is gone";
    take(&ctx, id, &pairs, &Step::UnpublishForGood, text).await
}

/// Chooses when the post ends.
async fn schedule_end(
    ctx: Allowed<PublishPosts>,
    Path(id): Path<PostId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    let draft = Draft::read(&pairs);
    let schedule = draft.end();
    let text = schedule.resolve().map_or_else(
        |_| String::new(),
        |resolved| format!("Unpublished on {}", resolved.label()),
    );
    let step = Step::ScheduleEnd {
        schedule,
        gone: draft.gone,
    };
    take(&ctx, id, &pairs, &step, &text).await
}

/// The fields of the editor's form that a step's broken rules are about: it has a pair for each time.
fn on_the_form(step: &Step, errors: Vec<FieldError>) -> Vec<FieldError> {
    let ends = matches!(step, Step::ScheduleEnd { .. });
    errors
        .into_iter()
        .map(|error| match error.field.as_ref() {
            "local" if ends => FieldError::new("ends_local", error.code, error.message),
            "time_zone" if ends => FieldError::new("ends_zone", error.code, error.message),
            "body" => FieldError::new("note", error.code, error.message),
            _ => error,
        })
        .collect()
}

/// The trash takes the post as it is stored: what was typed and not saved is not worth a conflict.
async fn trash(ctx: Allowed<DeletePosts>, Path(id): Path<PostId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    step(&mut tx, &ctx, id, None, &Step::Plain(Move::Trash)).await?;
    tx.commit().await?;
    let undo = format!("{PATH}/{id}/restore");
    Ok(told(PATH, "The post is in the trash", Some(&undo))?)
}

async fn restore(ctx: Allowed<DeletePosts>, Path(id): Path<PostId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    step(&mut tx, &ctx, id, None, &Step::Plain(Move::Restore)).await?;
    tx.commit().await?;
    Ok(told(
        &format!("{PATH}/{id}/edit"),
        "The post is a draft again",
        None,
    )?)
}

/// Schedules. A time that the clocks skip or repeat is shown as it will be, and asked for once more.
async fn schedule(
    ctx: Allowed<PublishPosts>,
    Path(id): Path<PostId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    schedule_form(&ctx, id, &pairs).await
}

async fn schedule_form(ctx: &Ctx, id: PostId, pairs: &Pairs) -> Result<Response> {
    let draft = Draft::read(pairs);
    let chosen = draft.schedule();
    let resolved = chosen.resolve().ok();
    let warning = resolved
        .as_ref()
        .filter(|resolved| resolved.fit != Fit::Exact)
        .and_then(Resolved::warning);
    if let Some(warning) = warning.filter(|_| draft.confirmed != draft.local) {
        let mut tx = ctx.begin().await?;
        let post = get(&mut tx, id).await?;
        return Ok(
            editor::show(&mut tx, ctx, Some(&post), &draft, &[], Some(&warning))
                .await?
                .into_response(),
        );
    }
    let text = match &resolved {
        Some(resolved) if resolved.instant() > ctx.now() => {
            format!("Goes live on {}", resolved.label())
        }
        _ => "The post is live".to_owned(),
    };
    take(ctx, id, pairs, &Step::Schedule(chosen), &text).await
}

/// Saves a new post, and then publishes it: a rule that stops the second keeps the draft.
async fn publish_new(ctx: Allowed<PublishPosts>, Form(pairs): Form<Pairs>) -> Result<Response> {
    let id = match begin(&ctx, &pairs).await? {
        Begun::Post(id) => id,
        Begun::Answer(response) => return Ok(response),
    };
    take(
        &ctx,
        id,
        &Vec::new(),
        &Step::Plain(Move::Publish),
        "The post is live",
    )
    .await
}

/// Saves a new post, and then schedules it.
async fn schedule_new(
    ctx: Allowed<PublishPosts>,
    Form(mut pairs): Form<Pairs>,
) -> Result<Response> {
    let id = match begin(&ctx, &pairs).await? {
        Begun::Post(id) => id,
        Begun::Answer(response) => return Ok(response),
    };
    pairs.retain(|(name, _)| matches!(name.as_str(), "local" | "time_zone" | "confirmed"));
    let mut tx = ctx.begin().await?;
    let post = get(&mut tx, id).await?;
    drop(tx);
    let mut draft = Draft::of(&post, value(&pairs, "time_zone"));
    value(&pairs, "local").clone_into(&mut draft.local);
    let chosen = draft.schedule();
    match chosen.resolve() {
        Ok(resolved) if resolved.fit == Fit::Exact => schedule_form(&ctx, id, &pairs).await,
        // Anything to say about the time is said in the editor of the post, which exists now.
        other => {
            let warning = other.as_ref().ok().and_then(Resolved::warning);
            let errors: Vec<_> = other.err().into_iter().collect();
            let mut tx = ctx.begin().await?;
            Ok(editor::show(
                &mut tx,
                &ctx,
                Some(&post),
                &draft,
                &errors,
                warning.as_deref(),
            )
            .await?
            .into_response())
        }
    }
}

enum Begun {
    Post(PostId),
    Answer(Response),
}

async fn begin(ctx: &Ctx, pairs: &Pairs) -> Result<Begun> {
    if !ctx.may("blog.posts.write") {
        return Err(Error::Forbidden("blog.posts.write").into());
    }
    let draft = Draft::read(pairs);
    let mut tx = ctx.begin().await?;
    match super::create(&mut tx, ctx, draft.clone().into_new()).await {
        Ok(post) => {
            tx.commit().await?;
            Ok(Begun::Post(post.id))
        }
        Err(Error::Invalid(errors)) => {
            let mut tx = ctx.begin().await?;
            let page = editor::show(&mut tx, ctx, None, &draft, &errors, None).await?;
            Ok(Begun::Answer(page.into_response()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The posts of an undo, which travels in an address.
#[derive(Debug, Default, Deserialize)]
struct Ids {
    #[serde(default)]
    ids: String,
}

/// Takes the same step with several posts. Those whose state does not allow it stay as they are.
async fn bulk(
    ctx: &Ctx,
    ids: &[PostId],
    taken: Move,
    what: &str,
    undo: Option<&str>,
) -> Result<Response> {
    let ids = &ids[..ids.len().min(bulk::MOST)];
    let mut tx = ctx.begin().await?;
    let became = bulk::each(&mut tx, ctx, ids, taken).await?;
    tx.commit().await?;
    let done: Vec<String> = became.done.iter().map(PostId::to_string).collect();
    let skipped = ids.len().saturating_sub(done.len());
    let text = match skipped {
        0 => format!("{} {what}", count(done.len())),
        _ => format!(
            "{} {what}; {} left as before",
            count(done.len()),
            count(skipped)
        ),
    };
    let undo = undo
        .filter(|_| !done.is_empty())
        .map(|path| format!("{path}?ids={}", done.join(",")));
    Ok(told(PATH, &text, undo.as_deref())?)
}

fn count(posts: usize) -> String {
    format!("{posts} {}", if posts == 1 { "post" } else { "posts" })
}

async fn bulk_publish(ctx: Allowed<PublishPosts>, Form(pairs): Form<Pairs>) -> Result<Response> {
    bulk(
        &ctx,
        &values(&pairs, "id"),
        Move::Publish,
        "published",
        None,
    )
    .await
}

async fn bulk_unpublish(ctx: Allowed<PublishPosts>, Form(pairs): Form<Pairs>) -> Result<Response> {
    bulk(
        &ctx,
        &values(&pairs, "id"),
        Move::Unpublish,
        "unpublished",
        None,
    )
    .await
}

async fn bulk_trash(ctx: Allowed<DeletePosts>, Form(pairs): Form<Pairs>) -> Result<Response> {
    let undo = "/app/blog/posts/bulk/restore";
    bulk(
        &ctx,
        &values(&pairs, "id"),
        Move::Trash,
        "moved to the trash",
        Some(undo),
    )
    .await
}

async fn bulk_restore(
    ctx: Allowed<DeletePosts>,
    Query(query): Query<Ids>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    let mut ids: Vec<PostId> = values(&pairs, "id");
    ids.extend(
        query
            .ids
            .split(',')
            .filter_map(|id| id.parse::<PostId>().ok()),
    );
    bulk(&ctx, &ids, Move::Restore, "restored", None).await
}
