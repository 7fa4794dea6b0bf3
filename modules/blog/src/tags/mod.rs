//! Tags: names that posts share.
//!
//! Whoever writes may name a new tag on a post; renaming, merging and deleting change what is public at
//! once and take `blog.tags.manage`. Names are compared without regard to case.

pub mod api;
pub mod pages;
mod store;

use kernel::{Error, FieldError, Fields, Page, PageRequest, Result, Timestamp};
use module::{Ctx, emit, enqueue};
use serde::{Deserialize, Serialize};
use tenant_resolver::TenantTx;
use utoipa::ToSchema;

use crate::content::slug;
use crate::events::TagChanged;
use crate::jobs::{PurgeTag, TRASH};
use crate::posts::{length, one_line};
use crate::slugs::{self, Kind};

pub use store::{Tag, all};

kernel::id!(
    /// Identifies a tag.
    TagId
);

/// Most tags of one post.
const MAX_TAGS: usize = 50;

/// A tag as posts name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TagRef {
    /// Its id.
    pub id: TagId,
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
}

/// What is said of a tag.
#[derive(Clone, Debug, Default)]
pub struct TagInput {
    /// Name.
    pub name: String,
    /// Slug; `None`: made from the name, or left as it is.
    pub slug: Option<String>,
    /// What it is about, for its public page.
    pub description: String,
}

impl TagInput {
    fn check(mut self) -> Result<Self> {
        let mut fields = Fields::default();
        self.name = one_line(&self.name);
        self.description = one_line(&self.description);
        self.slug = self
            .slug
            .filter(|slug| !slug.is_empty())
            .map(|slug| slug::normalise(&slug));
        fields.require("name", &self.name, "Give the tag a name.");
        if let Err(error) = check_name(&self.name) {
            fields.push(FieldError {
                field: "name".into(),
                ..error
            });
        }
        fields.check(
            length(&self.description) <= 500,
            "description",
            "too_long",
            "Use at most 500 characters.",
        );
        if let Some(slug) = &self.slug {
            fields.take(slugs::check(slug));
        }
        fields.finish()?;
        Ok(self)
    }
}

fn check_name(name: &str) -> Result<(), FieldError> {
    if length(name) > 191 {
        return Err(FieldError::new(
            "tags",
            "too_long",
            "The name of a tag has at most 191 characters.",
        ));
    }
    if name.contains(',') {
        return Err(FieldError::new(
            "tags",
            "invalid",
            "The name of a tag has no comma.",
        ));
    }
    Ok(())
}

/// The name as it is compared.
fn key(name: &str) -> String {
    name.to_lowercase()
}

/// The tags of these names, in this order, each once; those that do not exist are made.
pub(crate) async fn named(
    tx: &mut TenantTx,
    names: &[String],
    now: Timestamp,
) -> Result<Vec<TagRef>> {
    let mut wanted: Vec<(String, String)> = Vec::new();
    for name in names {
        let name = one_line(name);
        let key = key(&name);
        if !name.is_empty() && wanted.iter().all(|(known, _)| *known != key) {
            check_name(&name)?;
            wanted.push((key, name));
        }
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    if wanted.len() > MAX_TAGS {
        return Err(FieldError::new("tags", "too_many", "Use at most 50 tags.").into());
    }
    let keys: Vec<String> = wanted.iter().map(|(key, _)| key.clone()).collect();
    let mut found = store::by_keys(tx, &keys).await?;
    // In one order for everybody, so that two posts with the same new tags do not wait for each other.
    let mut missing: Vec<&(String, String)> = wanted
        .iter()
        .filter(|(wanted, _)| found.iter().all(|(known, _)| known != wanted))
        .collect();
    missing.sort();
    for (key, name) in missing {
        found.push((key.clone(), make(tx, key, name, now).await?));
    }
    let tag = |key: &String| {
        found
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, tag)| tag.clone())
    };
    Ok(keys.iter().filter_map(tag).collect())
}

/// Makes a tag, or takes the one of that name that another request has just made.
async fn make(tx: &mut TenantTx, key: &str, name: &str, now: Timestamp) -> Result<TagRef> {
    let id = TagId::new();
    let slug = slugs::claim(tx, Kind::Tag, id, &slugs::wanted(name), now).await?;
    if store::insert(tx, id, &slug, name, key, "", now).await? {
        return Ok(TagRef {
            id,
            slug,
            name: name.to_owned(),
        });
    }
    slugs::store::forget(tx, Kind::Tag, id, &slug).await?;
    let found = store::by_keys(tx, &[key.to_owned()]).await?;
    found.into_iter().next().map(|(_, tag)| tag).ok_or_else(|| {
        Error::conflict(
            "tag_vanished",
            "A tag was deleted at this moment. Save again.",
        )
    })
}

/// Makes a tag on purpose.
pub async fn create(tx: &mut TenantTx, ctx: &Ctx, input: TagInput) -> Result<Tag> {
    let input = input.check()?;
    let now = ctx.now();
    let id = TagId::new();
    let slug = match &input.slug {
        Some(slug) => {
            slugs::choose(tx, Kind::Tag, id, slug, now).await?;
            slug.clone()
        }
        None => slugs::claim(tx, Kind::Tag, id, &slugs::wanted(&input.name), now).await?,
    };
    if !store::insert(
        tx,
        id,
        &slug,
        &input.name,
        &key(&input.name),
        &input.description,
        now,
    )
    .await?
    {
        return Err(name_taken());
    }
    tell(
        tx,
        ctx,
        "blog.tag.created",
        "created",
        id,
        &input.name,
        None,
    )
    .await?;
    get(tx, id).await
}

/// Changes a tag. `based_on` is the revision that the person saw, if it is known.
pub async fn update(
    tx: &mut TenantTx,
    ctx: &Ctx,
    id: TagId,
    based_on: Option<i64>,
    input: TagInput,
) -> Result<Tag> {
    let input = input.check()?;
    let tag = hold(tx, id, based_on).await?;
    let slug = match input.slug {
        Some(slug) if slug != tag.slug => {
            slugs::choose(tx, Kind::Tag, id, &slug, ctx.now()).await?;
            slugs::store::retire(tx, Kind::Tag, id, &tag.slug).await?;
            slug
        }
        _ => tag.slug.clone(),
    };
    if (&slug, &input.name, &input.description) == (&tag.slug, &tag.name, &tag.description) {
        return Ok(tag);
    }
    store::update(
        tx,
        id,
        &slug,
        &input.name,
        &key(&input.name),
        &input.description,
        ctx.now(),
    )
    .await?;
    tell(
        tx,
        ctx,
        "blog.tag.changed",
        "changed",
        id,
        &input.name,
        None,
    )
    .await?;
    get(tx, id).await
}

/// Moves the posts of one tag to another, which inherits its addresses. The first is gone then.
pub async fn merge(tx: &mut TenantTx, ctx: &Ctx, from: TagId, into: TagId) -> Result<Tag> {
    if from == into {
        return Err(FieldError::new("into", "same", "Choose another tag to merge into.").into());
    }
    // In one order for everybody, so that two opposite merges do not wait for each other.
    let (first, second) = if from < into {
        (from, into)
    } else {
        (into, from)
    };
    let mut gone = hold(tx, first, None).await?;
    let mut kept = hold(tx, second, None).await?;
    if gone.id != from {
        std::mem::swap(&mut gone, &mut kept);
    }
    store::move_posts(tx, from, into).await?;
    slugs::store::hand_over(tx, Kind::Tag, from, into).await?;
    store::remove(tx, from).await?;
    tell(
        tx,
        ctx,
        "blog.tag.merged",
        "merged",
        from,
        &gone.name,
        Some((into, &kept.name)),
    )
    .await?;
    get(tx, into).await
}

/// Deletes a tag; for 30 days it can be taken back with its posts.
pub async fn delete(tx: &mut TenantTx, ctx: &Ctx, id: TagId, based_on: Option<i64>) -> Result<Tag> {
    let tag = hold(tx, id, based_on).await?;
    let now = ctx.now();
    store::set_deleted(tx, id, &tag.slug, Some(now), now).await?;
    slugs::store::retire(tx, Kind::Tag, id, &tag.slug).await?;
    let job = PurgeTag {
        tag: id,
        deleted_at: now,
    };
    enqueue(tx, &job, now.plus(TRASH)).await?;
    tell(tx, ctx, "blog.tag.deleted", "deleted", id, &tag.name, None).await?;
    Ok(tag)
}

/// Takes a deleted tag back.
pub async fn restore(tx: &mut TenantTx, ctx: &Ctx, id: TagId) -> Result<Tag> {
    let tag = store::hold(tx, id).await?.ok_or(Error::NotFound("tag"))?;
    if tag.deleted_at.is_none() {
        return Ok(tag);
    }
    let slug = slugs::claim(tx, Kind::Tag, id, &tag.slug, ctx.now()).await?;
    store::set_deleted(tx, id, &slug, None, ctx.now()).await?;
    tell(
        tx,
        ctx,
        "blog.tag.restored",
        "restored",
        id,
        &tag.name,
        None,
    )
    .await?;
    get(tx, id).await
}

/// Removes a tag for good that was deleted at `deleted_at` and not taken back since.
pub(crate) async fn purge_expired(
    tx: &mut TenantTx,
    id: TagId,
    deleted_at: Timestamp,
) -> Result<()> {
    let Some(tag) = store::hold(tx, id).await? else {
        return Ok(());
    };
    if tag.deleted_at == Some(deleted_at) {
        slugs::store::forget_all(tx, Kind::Tag, id).await?;
        store::remove(tx, id).await?;
    }
    Ok(())
}

/// One tag, or the answer that there is none.
pub async fn get(tx: &mut TenantTx, id: TagId) -> Result<Tag> {
    store::find(tx, id).await?.ok_or(Error::NotFound("tag"))
}

/// One part of the list of tags, by name.
pub async fn list(tx: &mut TenantTx, q: Option<&str>, request: PageRequest) -> Result<Page<Tag>> {
    let tags = store::list(tx, q, request).await?;
    Ok(Page::cut(tags, request, |tag| kernel::Cursor {
        at: tag.created_at,
        id: tag.id.0,
    }))
}

async fn hold(tx: &mut TenantTx, id: TagId, based_on: Option<i64>) -> Result<Tag> {
    let tag = store::hold(tx, id)
        .await?
        .filter(|tag| tag.deleted_at.is_none())
        .ok_or(Error::NotFound("tag"))?;
    match based_on {
        Some(rev) if rev != tag.rev => Err(Error::PreconditionFailed),
        _ => Ok(tag),
    }
}

async fn tell(
    tx: &mut TenantTx,
    ctx: &Ctx,
    action: &'static str,
    what: &'static str,
    tag: TagId,
    name: &str,
    into: Option<(TagId, &str)>,
) -> Result<()> {
    let mut audit = ctx.audit(action).on("tag", tag, name);
    if let Some((_, name)) = into {
        audit = audit.detail(serde_json::json!({ "into": name }));
    }
    audit.write(tx).await?;
    let event = TagChanged {
        tag,
        what,
        into: into.map(|(id, _)| id),
    };
    emit(tx, &event, ctx.now()).await
}

fn name_taken() -> Error {
    FieldError::new("name", "taken", "There is a tag of this name already.").into()
}
