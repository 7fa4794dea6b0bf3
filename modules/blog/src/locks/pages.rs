//! Taking over from whoever is editing: `/app/blog/posts/{id}/take-over`.

use axum::response::Response;
use module::extract::Path;
use module::{AllowedOn, Result, Routes};

use super::acquire;
use crate::forms::told;
use crate::manifest::WritePosts;
use crate::posts::PostId;

pub(crate) fn routes() -> Routes {
    Routes::new().post("/posts/{id}/take-over", take_over)
}

async fn take_over(ctx: AllowedOn<WritePosts>, Path(id): Path<PostId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    acquire(&mut tx, &ctx, id, true).await?;
    tx.commit().await?;
    Ok(told(
        &format!("/app/blog/posts/{id}/edit"),
        "You are editing this post now",
        None,
    )?)
}
