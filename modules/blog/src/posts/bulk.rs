//! The same step with several posts.

use kernel::{Error, Result};
use module::Ctx;
use tenant_resolver::TenantTx;

use super::publish::{Step, step};
use super::{Move, PostId};

/// Most posts of one request.
pub const MOST: usize = 100;

/// What became of the posts.
#[derive(Debug, Default)]
pub struct Bulk {
    /// Those that changed.
    pub done: Vec<PostId>,
    /// Those that were so already.
    pub same: Vec<PostId>,
    /// Those that stay as they are, and why.
    pub left: Vec<(PostId, Error)>,
}

/// Takes a step with several posts, each once. Those whose state or rules do not allow it stay as they are.
///
/// # Errors
/// When the database fails: then nothing has happened.
pub async fn each(tx: &mut TenantTx, ctx: &Ctx, ids: &[PostId], taken: Move) -> Result<Bulk> {
    let mut ids = ids.to_vec();
    // In one order for everybody, so that two requests never wait for each other.
    ids.sort_unstable();
    ids.dedup();
    let mut bulk = Bulk::default();
    for id in ids {
        // A step refuses before it writes anything, so the others can go on in the same transaction.
        match step(tx, ctx, id, None, &Step::Plain(taken)).await {
            Ok(saved) if saved.changed => bulk.done.push(id),
            Ok(_) => bulk.same.push(id),
            Err(
                error @ (Error::Conflict { .. }
                | Error::Invalid(_)
                | Error::NotFound(_)
                | Error::Forbidden(_)),
            ) => bulk.left.push((id, error)),
            Err(error) => return Err(error),
        }
    }
    Ok(bulk)
}
