//! Authors: the public profiles of those who write.
//!
//! A profile is made when a member first writes a post, or when an editor adds a colleague. It outlives
//! the membership: what somebody wrote keeps its author. One's own profile is changed with
//! `blog.posts.write`, those of others with `blog.posts.edit_any`.

pub mod api;
pub mod pages;
mod store;

use kernel::{Error, FieldError, Fields, MembershipId, Result, Timestamp};
use module::{Ctx, Person, emit};
use serde::{Deserialize, Serialize};
use tenant_resolver::TenantTx;
use utoipa::ToSchema;

use crate::content::slug;
use crate::events::AuthorChanged;
use crate::posts::{is_web_address, length, one_line};
use crate::slugs::{self, Kind};

pub use store::{Author, Colleague, all, colleagues};

kernel::id!(
    /// Identifies an author.
    AuthorId
);

/// An author as posts name them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuthorRef {
    /// Their id.
    pub id: AuthorId,
    /// Their slug.
    pub slug: String,
    /// Their name.
    pub name: String,
    /// Their place in the workspace; not told to the outside.
    #[serde(default, skip_serializing)]
    #[schema(ignore)]
    pub(crate) membership: Option<MembershipId>,
}

/// What a profile says.
#[derive(Clone, Debug, Default)]
pub struct AuthorInput {
    /// Name that readers see.
    pub display_name: String,
    /// Slug; `None`: left as it is.
    pub slug: Option<String>,
    /// A few words about them.
    pub bio: String,
    /// Address of their own website.
    pub website: String,
}

impl AuthorInput {
    fn check(mut self) -> Result<Self> {
        let mut fields = Fields::default();
        self.display_name = one_line(&self.display_name);
        self.bio = one_line(&self.bio);
        self.website = one_line(&self.website);
        self.slug = self
            .slug
            .filter(|slug| !slug.is_empty())
            .map(|slug| slug::normalise(&slug));
        fields
            .require(
                "display_name",
                &self.display_name,
                "Enter the name that readers see.",
            )
            .check(
                length(&self.display_name) <= 120,
                "display_name",
                "too_long",
                "Use at most 120 characters.",
            )
            .check(
                length(&self.bio) <= 250,
                "bio",
                "too_long",
                "Use at most 250 characters.",
            )
            .check(
                self.website.is_empty() || is_web_address(&self.website),
                "website",
                "invalid",
                "Enter a whole address that begins with https://",
            );
        if let Some(slug) = &self.slug {
            fields.take(slugs::check(slug));
        }
        fields.finish()?;
        Ok(self)
    }
}

/// The profile of the one who writes; made when there is none.
pub(crate) async fn ensure(
    tx: &mut TenantTx,
    person: &Person,
    now: Timestamp,
) -> Result<AuthorRef> {
    make(tx, person.membership, &person.name, now).await
}

/// Gives a colleague a profile, so that posts can name them.
pub async fn add(tx: &mut TenantTx, ctx: &Ctx, membership: MembershipId) -> Result<AuthorRef> {
    let name = store::colleague_name(tx, membership)
        .await?
        .ok_or_else(|| {
            FieldError::new(
                "membership_id",
                "unknown",
                "Choose a member of the workspace.",
            )
        })?;
    let author = make(tx, membership, &name, ctx.now()).await?;
    ctx.audit("blog.author.added")
        .on("author", author.id, &*author.name)
        .write(tx)
        .await?;
    emit(tx, &AuthorChanged { author: author.id }, ctx.now()).await?;
    Ok(author)
}

async fn make(
    tx: &mut TenantTx,
    membership: MembershipId,
    name: &str,
    now: Timestamp,
) -> Result<AuthorRef> {
    if let Some(author) = store::by_membership(tx, membership).await? {
        return Ok(author);
    }
    let id = AuthorId::new();
    let slug = slugs::claim(tx, Kind::Author, id, &slugs::wanted(name), now).await?;
    if store::insert(tx, id, membership, &slug, name, now).await? {
        return Ok(AuthorRef {
            id,
            slug,
            name: name.to_owned(),
            membership: Some(membership),
        });
    }
    // Another request of the same person was faster.
    slugs::store::forget(tx, Kind::Author, id, &slug).await?;
    store::by_membership(tx, membership)
        .await?
        .ok_or(Error::NotFound("author"))
}

/// The authors with these ids, in this order.
///
/// # Errors
/// A broken rule of the field `authors` when one of them does not exist.
pub(crate) async fn named(tx: &mut TenantTx, ids: &[AuthorId]) -> Result<Vec<AuthorRef>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = store::by_ids(tx, ids).await?;
    ids.iter()
        .map(|id| found.iter().find(|author| author.id == *id).cloned())
        .collect::<Option<_>>()
        .ok_or_else(|| {
            FieldError::new("authors", "unknown", "Choose authors from the list.").into()
        })
}

/// Whether the person of this request may change a profile.
#[must_use]
pub fn may_edit(ctx: &Ctx, author: &Author) -> bool {
    ctx.may("blog.posts.edit_any")
        || ctx.may("blog.posts.write")
            && ctx
                .visitor()
                .is_some_and(|person| person.membership == author.membership_id)
}

/// Changes a profile. `based_on` is the revision that the person saw, if it is known.
pub async fn update(
    tx: &mut TenantTx,
    ctx: &Ctx,
    id: AuthorId,
    based_on: Option<i64>,
    input: AuthorInput,
) -> Result<Author> {
    let input = input.check()?;
    let author = store::hold(tx, id)
        .await?
        .ok_or(Error::NotFound("author"))?;
    if !may_edit(ctx, &author) {
        return Err(Error::Forbidden("blog.posts.edit_any"));
    }
    if based_on.is_some_and(|rev| rev != author.rev) {
        return Err(Error::PreconditionFailed);
    }
    let slug = match &input.slug {
        Some(slug) if *slug != author.slug => {
            slugs::choose(tx, Kind::Author, id, slug, ctx.now()).await?;
            slugs::store::retire(tx, Kind::Author, id, &author.slug).await?;
            slug.clone()
        }
        _ => author.slug.clone(),
    };
    store::update(tx, id, &slug, &input, ctx.now()).await?;
    ctx.audit("blog.author.changed")
        .on("author", id, input.display_name)
        .write(tx)
        .await?;
    emit(tx, &AuthorChanged { author: id }, ctx.now()).await?;
    get(tx, id).await
}

/// One author, or the answer that there is none.
pub async fn get(tx: &mut TenantTx, id: AuthorId) -> Result<Author> {
    store::find(tx, id).await?.ok_or(Error::NotFound("author"))
}
