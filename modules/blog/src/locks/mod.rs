//! Who is editing a post: a lease of two minutes, which an open editor renews.
//!
//! The lease keeps two people from writing past each other, and loses nobody's text: it can be taken over at any
//! time, and a save is held against the revision in any case. Without scripts nobody has a lease, and the revision
//! alone decides.

pub mod api;
pub mod pages;
mod store;

use std::time::Duration;

use kernel::{Error, MembershipId, Result, Timestamp};
use module::Ctx;
use tenant_resolver::TenantTx;

use crate::posts::{self, Post, PostId};

/// How long a lease holds without being renewed.
pub const LEASE: Duration = Duration::from_mins(2);

/// Who is editing.
#[derive(Clone, Debug)]
pub struct Lock {
    /// The member.
    pub holder: MembershipId,
    /// Their name.
    pub holder_name: String,
    /// Since when.
    pub taken_at: Timestamp,
    /// Until when, unless it is renewed.
    pub expires_at: Timestamp,
}

/// Who is editing a post at `now`.
pub async fn current(tx: &mut TenantTx, post: PostId, now: Timestamp) -> Result<Option<Lock>> {
    store::current(tx, post, now).await
}

/// Who else than the person of this request is editing a post.
pub async fn held_by_another(tx: &mut TenantTx, ctx: &Ctx, post: PostId) -> Result<Option<Lock>> {
    let person = ctx.person()?;
    let lock = current(tx, post, ctx.now()).await?;
    Ok(lock.filter(|lock| lock.holder != person.membership))
}

/// Takes the lease of a post or renews it; with `take_over` also from somebody else.
///
/// # Errors
/// [`Error::Conflict`] with `locked` while somebody else is editing.
pub async fn acquire(tx: &mut TenantTx, ctx: &Ctx, post: PostId, take_over: bool) -> Result<Lock> {
    let person = ctx.person()?;
    let post = editable(tx, ctx, post).await?;
    let wanted = Lock {
        holder: person.membership,
        holder_name: person.name.clone(),
        taken_at: ctx.now(),
        expires_at: ctx.now().plus(LEASE),
    };
    let before = held_by_another(tx, ctx, post.id).await?;
    if let Some(lock) = store::acquire(tx, post.id, &wanted, take_over).await? {
        if let Some(before) = before {
            ctx.audit("blog.post.taken_over")
                .on("post", post.id, posts::display_title(&post.title))
                .detail(serde_json::json!({ "from": before.holder_name }))
                .write(tx)
                .await?;
        }
        Ok(lock)
    } else {
        let name = before.map_or_else(|| "Somebody else".to_owned(), |lock| lock.holder_name);
        Err(Error::conflict(
            "locked",
            format!("{name} is editing this post."),
        ))
    }
}

/// Gives the lease of a post back, if the person of this request has it.
pub async fn release(tx: &mut TenantTx, ctx: &Ctx, post: PostId) -> Result<()> {
    let post = posts::get(tx, post).await?;
    store::release(tx, post.id, ctx.person()?.membership).await
}

async fn editable(tx: &mut TenantTx, ctx: &Ctx, post: PostId) -> Result<Post> {
    let post = posts::get(tx, post).await?;
    if post.may_edit(ctx) {
        Ok(post)
    } else {
        Err(Error::Forbidden("blog.posts.edit_any"))
    }
}
