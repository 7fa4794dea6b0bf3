//! Operations on several posts at once: `/api/v1/blog/posts/bulk`.

use axum::response::Response;
use kernel::{FieldError, Result as Outcome};
use module::extract::Json;
use module::{Allowed, Answer, Ctx, IdempotencyKey, Result, Routes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bulk::{self, MOST};
use super::{Move, PostId};
use crate::manifest::{DeletePosts, PublishPosts};
use crate::respond::{Conflict, Invalid, Refused};

pub(crate) fn routes() -> Routes {
    module::operations!(Routes::new(), publish, unpublish, archive, trash, restore)
}

/// Which posts.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BulkPosts {
    /// Their ids, 1 to 100.
    #[schema(min_items = 1, max_items = 100)]
    ids: Vec<PostId>,
}

/// A post that stays as it is.
#[derive(Debug, Serialize, ToSchema)]
struct BulkLeft {
    /// Its id.
    id: PostId,
    /// Why, for programs: `invalid_transition`, `not_found`, `forbidden` or the code of a field.
    code: &'static str,
    /// Why, for people.
    detail: String,
}

/// What became of the posts.
#[derive(Debug, Serialize, ToSchema)]
struct BulkAnswer {
    /// Those that changed.
    done: Vec<PostId>,
    /// Those that were so already.
    same: Vec<PostId>,
    /// Those that stay as they are, and why.
    left: Vec<BulkLeft>,
}

fn check(body: &BulkPosts) -> Outcome<(), FieldError> {
    if (1..=MOST).contains(&body.ids.len()) {
        Ok(())
    } else {
        Err(FieldError::new(
            "ids",
            "out_of_range",
            "Name between 1 and 100 posts.",
        ))
    }
}

async fn take(ctx: &Ctx, key: &IdempotencyKey, body: BulkPosts, taken: Move) -> Result<Response> {
    check(&body)?;
    key.once(ctx, body, async |tx, body| {
        let bulk = bulk::each(tx, ctx, &body.ids, taken).await?;
        let left = bulk.left.into_iter().map(|(id, error)| BulkLeft {
            id,
            code: error
                .field_errors()
                .first()
                .map_or(error.code(), |field| field.code),
            detail: error.to_string(),
        });
        let answer = BulkAnswer {
            done: bulk.done,
            same: bulk.same,
            left: left.collect(),
        };
        Ok(Answer::ok(&answer))
    })
    .await
}

/// An operation on several posts: its handler with its description.
macro_rules! bulk {
    ($($(#[doc = $doc:literal])+ $name:ident($gate:ty, $step:ident) at $path:literal as $id:literal;)+) => {
        $(
            $(#[doc = $doc])+
            #[utoipa::path(
                post, path = $path, operation_id = $id, tag = "Posts", request_body = BulkPosts,
                params(IdempotencyKey),
                responses((status = 200, description = "What became of each.", body = BulkAnswer), Refused, Conflict, Invalid)
            )]
            async fn $name(ctx: Allowed<$gate>, key: IdempotencyKey, Json(body): Json<BulkPosts>) -> Result<Response> {
                take(&ctx, &key, body, Move::$step).await
            }
        )+
    };
}

bulk! {
    /// Publish several posts
    ///
    /// Those whose rules do not allow it stay as they are.
    publish(PublishPosts, Publish) at "/posts/bulk/publish" as "blog.posts.bulk_publish";
    /// Unpublish several posts
    ///
    /// Those whose state does not allow it stay as they are.
    unpublish(PublishPosts, Unpublish) at "/posts/bulk/unpublish" as "blog.posts.bulk_unpublish";
    /// Archive several posts
    ///
    /// Those whose state does not allow it stay as they are.
    archive(PublishPosts, Archive) at "/posts/bulk/archive" as "blog.posts.bulk_archive";
    /// Move several posts to the trash
    ///
    /// For 30 days they can be restored.
    trash(DeletePosts, Trash) at "/posts/bulk/trash" as "blog.posts.bulk_delete";
    /// Restore several posts from the trash
    ///
    /// They are drafts again.
    restore(DeletePosts, Restore) at "/posts/bulk/restore" as "blog.posts.bulk_restore";
}
