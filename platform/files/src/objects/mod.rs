//! Files as the library knows them: what is said of them, and their way into the trash and out of it.

pub(crate) mod api;
mod cards;
pub(crate) mod pages;
pub(crate) mod store;

use std::time::Duration;

use kernel::{Error, Fields, MembershipId, Page, PageRequest, Result, Timestamp};
use module::Ctx;
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use tenant_resolver::TenantTx;
use utoipa::ToSchema;

use crate::{FileId, Visibility, name, usages};

/// How long a deleted file can be taken back.
pub(crate) const KEEP: Duration = Duration::from_hours(30 * 24);

/// A file.
#[derive(Clone, Debug)]
pub struct File {
    /// Its id.
    pub id: FileId,
    /// Counts changes.
    pub rev: i64,
    /// Who may see it.
    pub visibility: Visibility,
    /// Its name, with its ending.
    pub name: String,
    /// Media type.
    pub mime: String,
    /// Bytes of the original.
    pub bytes: i64,
    /// Width in pixels.
    pub width: i32,
    /// Height in pixels.
    pub height: i32,
    /// A blurred picture, in base64.
    pub thumbhash: String,
    /// What can be seen, for those who cannot; may be empty.
    pub alt_text: String,
    /// What stands below it; may be empty.
    pub caption: String,
    /// Who uploaded it.
    pub uploaded_by: MembershipId,
    /// Their name.
    pub uploader: String,
    /// When it came.
    pub created_at: Timestamp,
    /// Its last change.
    pub updated_at: Timestamp,
    /// In the trash since then.
    pub deleted_at: Option<Timestamp>,
    /// How many things show it.
    pub uses: i64,
    /// Its smaller copies, by width.
    pub sizes: Json<Vec<Size>>,
}

/// A smaller copy of a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Size {
    /// `thumb`, or the width in pixels; part of the address.
    pub variant: String,
    /// Media type.
    pub mime: String,
    /// How many bytes.
    pub bytes: i64,
    /// Width in pixels.
    pub width: i32,
    /// Height in pixels.
    pub height: i32,
}

/// Which files a list is about.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those in the trash, instead of all others.
    pub trash: bool,
    /// Words of the name or the alt text.
    pub q: Option<String>,
    /// Those that something shows, or that nothing does.
    pub used: Option<bool>,
    /// Those without an alt text, or with one.
    pub without_alt: Option<bool>,
    /// Those that everybody may see, or not.
    pub visibility: Option<Visibility>,
}

/// Orders of a list of files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Newest first.
    #[default]
    Newest,
    /// By the alphabet.
    Name,
    /// Largest first.
    Largest,
}

impl Sort {
    /// The order of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "newest" => Some(Self::Newest),
            "name" => Some(Self::Name),
            "largest" => Some(Self::Largest),
            _ => None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Name => "name",
            Self::Largest => "largest",
        }
    }
}

/// What changes in a file; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Name.
    pub name: Option<String>,
    /// Alt text.
    pub alt_text: Option<String>,
    /// Caption.
    pub caption: Option<String>,
}

impl File {
    /// Its address on the tenant's host, in this variant.
    #[must_use]
    pub fn path(&self, variant: &str) -> String {
        format!(
            "/media/{}/{variant}/{}",
            self.id,
            name::in_address(&self.name, self.ending(variant))
        )
    }

    /// The size that texts show: the largest.
    #[must_use]
    pub fn shown(&self) -> Option<&Size> {
        self.sizes.iter().rfind(|size| size.variant != "thumb")
    }

    fn ending(&self, variant: &str) -> &'static str {
        let size = self.sizes.iter().find(|size| size.variant == variant);
        name::ending(size.map_or(&self.mime, |size| &size.mime))
    }

    /// Whether the person of this request may change it.
    #[must_use]
    pub fn may_change(&self, ctx: &Ctx) -> bool {
        may_change(ctx, self.uploaded_by)
    }

    /// When it will be removed for good, if it is in the trash.
    #[must_use]
    pub fn purged_at(&self) -> Option<Timestamp> {
        self.deleted_at.map(|at| at.plus(KEEP))
    }
}

fn may_change(ctx: &Ctx, uploaded_by: MembershipId) -> bool {
    let mine = ctx
        .visitor()
        .is_some_and(|person| person.membership == uploaded_by);
    ctx.may("files.library.manage") || (mine && ctx.may("files.library.upload"))
}

/// A file, in the trash or not.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(tx: &mut TenantTx, id: FileId) -> Result<File> {
    store::find(tx, id).await?.ok_or(Error::NotFound("file"))
}

/// One part of the library.
///
/// # Errors
/// When the database cannot answer.
pub async fn list(
    tx: &mut TenantTx,
    filter: &Filter,
    sort: Sort,
    request: PageRequest,
) -> Result<Page<File>> {
    let found = store::list(tx, filter, sort, request).await?;
    Ok(Page::cut(found, request, store::cursor))
}

/// Changes what is said of a file. `based_on` is the revision that the change was made from, if it is known.
///
/// # Errors
/// [`Error::Forbidden`] for a file of somebody else, [`Error::PreconditionFailed`] when it has changed since,
/// [`Error::Conflict`] with `in_trash`, and every broken rule for `name`, `alt_text` and `caption`.
pub async fn update(
    tx: &mut TenantTx,
    ctx: &Ctx,
    id: FileId,
    based_on: Option<i64>,
    mut change: Change,
) -> Result<File> {
    let held = hold(tx, ctx, id, based_on).await?;
    if held.deleted_at.is_some() {
        return Err(Error::conflict(
            "in_trash",
            "The file is in the trash. Restore it before you change it.",
        ));
    }
    change.check(&held.name)?;
    store::change(tx, id, &change, ctx.now()).await?;
    let file = get(tx, id).await?;
    ctx.audit("files.file.changed")
        .on("file", id, &file.name)
        .write(tx)
        .await?;
    Ok(file)
}

/// Puts a file into the trash. One that something shows is kept, unless `force` is set: its place then stays empty.
///
/// # Errors
/// As [`update`]; [`Error::Conflict`] with `in_use`, whose message names what shows it.
pub async fn remove(
    tx: &mut TenantTx,
    ctx: &Ctx,
    id: FileId,
    based_on: Option<i64>,
    force: bool,
) -> Result<()> {
    let held = hold(tx, ctx, id, based_on).await?;
    if held.deleted_at.is_some() {
        return Ok(());
    }
    let used = usages::of(tx, id).await?;
    if !used.is_empty() && !force {
        return Err(Error::conflict("in_use", usages::refusal(&used)));
    }
    store::set_deleted(tx, id, Some(ctx.now()), ctx.now()).await?;
    ctx.audit("files.file.deleted")
        .on("file", id, &held.name)
        .detail(serde_json::json!({ "uses": used.len() }))
        .write(tx)
        .await
}

/// Takes a file back from the trash.
///
/// # Errors
/// As [`update`]; [`Error::NotFound`] when its 30 days are over.
pub async fn restore(tx: &mut TenantTx, ctx: &Ctx, id: FileId) -> Result<File> {
    let held = hold(tx, ctx, id, None).await?;
    if let Some(at) = held.deleted_at {
        if at.plus(KEEP) <= ctx.now() {
            return Err(Error::NotFound("file"));
        }
        store::set_deleted(tx, id, None, ctx.now()).await?;
        ctx.audit("files.file.restored")
            .on("file", id, &held.name)
            .write(tx)
            .await?;
    }
    get(tx, id).await
}

async fn hold(
    tx: &mut TenantTx,
    ctx: &Ctx,
    id: FileId,
    based_on: Option<i64>,
) -> Result<store::Held> {
    let held = store::hold(tx, id).await?.ok_or(Error::NotFound("file"))?;
    if !may_change(ctx, held.uploaded_by) {
        return Err(Error::Forbidden("files.library.manage"));
    }
    match based_on {
        Some(rev) if rev != held.rev => Err(Error::PreconditionFailed),
        _ => Ok(held),
    }
}

impl Change {
    /// Cleans the texts and holds them against the rules. A name keeps the ending that it has.
    fn check(&mut self, present: &str) -> Result<()> {
        let mut fields = Fields::default();
        if let Some(text) = &mut self.name {
            fields.require("name", text, "Give the file a name.");
            *text = name::renamed(text, present);
        }
        for (field, text, most, message) in [
            (
                "alt_text",
                &mut self.alt_text,
                MAX_ALT,
                "Use at most 500 characters.",
            ),
            (
                "caption",
                &mut self.caption,
                1000,
                "Use at most 1000 characters.",
            ),
        ] {
            if let Some(text) = text {
                *text = name::one_line(text);
                fields.check(text.chars().count() <= most, field, "too_long", message);
            }
        }
        fields.finish()
    }
}

/// Longest alt text, in characters.
const MAX_ALT: usize = 500;

/// The alt text of an upload, by the rules of [`update`].
pub(crate) fn alt_text(sent: &str) -> Result<String> {
    let mut change = Change {
        alt_text: Some(sent.to_owned()),
        ..Change::default()
    };
    change.check("")?;
    Ok(change.alt_text.unwrap_or_default())
}
