//! Pictures of posts: those in the text, and the one that stands for the post. The files themselves are the library's
//! (crate `files`); here is which post shows which.
//!
//! A text names a picture by its address, `![A boat](/media/<id>/1280/boat.jpg)`. What it is rendered to carries every
//! size of it (see `content/images.rs`). Which files a post shows, in its draft and in what visitors read, is told to the
//! library in the transaction that changes the post, so that nobody deletes them unawares.

mod store;

use files::{Entity, FileId, Picture, Pictures};
use kernel::{FieldError, Result};
use serde::{Deserialize, Serialize};
use tenant_resolver::TenantTx;

use crate::posts::{Held, PostId, display_title, one_line};

/// Longest alt text, in characters.
const MAX_ALT: usize = 500;

/// The picture that stands for a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feature {
    /// The file.
    pub file: FileId,
    /// What can be seen, for those who cannot; may be empty.
    pub alt: String,
}

/// The picture that somebody wants to stand for a post, as they say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// An address of a file, or its id; empty: none.
    pub picture: String,
    /// What can be seen.
    pub alt: String,
}

impl Wanted {
    /// The picture that is meant; `None` when none is.
    ///
    /// # Errors
    /// `unknown` or `too_long`, for the fields `feature` and `feature_alt`.
    pub fn read(&self) -> Result<Option<Feature>, FieldError> {
        let address = self.picture.trim();
        if address.is_empty() {
            return Ok(None);
        }
        let named = address
            .find("/media/")
            .and_then(|at| files::id_at(&address[at..]));
        let file = named.or_else(|| address.parse().ok()).ok_or_else(unknown)?;
        let alt = one_line(&self.alt);
        if alt.chars().count() > MAX_ALT {
            return Err(FieldError::new(
                "feature_alt",
                "too_long",
                "Use at most 500 characters.",
            ));
        }
        Ok(Some(Feature { file, alt }))
    }
}

impl Feature {
    /// Its picture, if the file is still there.
    #[must_use]
    pub fn picture<'a>(&self, pictures: &'a Pictures) -> Option<&'a Picture> {
        pictures.get(&self.file)
    }
}

fn unknown() -> FieldError {
    FieldError::new(
        "feature",
        "unknown",
        "There is no such picture in Files. Copy its address from there.",
    )
}

/// The pictures that a source names.
pub(crate) async fn named_in(tx: &mut TenantTx, source: &str) -> Result<Pictures> {
    files::pictures(tx, &files::mentioned(source)).await
}

/// The pictures of these features.
pub(crate) async fn of<'a>(
    tx: &mut TenantTx,
    features: impl IntoIterator<Item = &'a Feature>,
) -> Result<Pictures> {
    let ids: Vec<FileId> = features.into_iter().map(|feature| feature.file).collect();
    files::pictures(tx, &ids).await
}

/// Sets or takes away the picture that stands for a post; tells whether that changed anything.
///
/// # Errors
/// `unknown` for the field `feature`, when there is no such public file.
pub(crate) async fn set_feature(
    tx: &mut TenantTx,
    post: PostId,
    feature: Option<Feature>,
) -> Result<bool> {
    let Some(feature) = feature else {
        return store::take_away(tx, post).await;
    };
    if files::pictures(tx, &[feature.file]).await?.is_empty() {
        return Err(unknown().into());
    }
    store::set(tx, post, &feature).await
}

/// Tells the library which files a post shows now: in its draft, in what visitors read, and in its place.
pub(crate) async fn note(tx: &mut TenantTx, post: &Held) -> Result<()> {
    let shown = store::shown(tx, post.id, post.draft_no, post.live_no).await?;
    tell(tx, post.id, &post.title, &files::mentioned(&shown)).await
}

/// As [`note`], for a post that has just been begun.
pub(crate) async fn note_new(
    tx: &mut TenantTx,
    post: PostId,
    title: &str,
    content: &str,
    feature: Option<&Feature>,
) -> Result<()> {
    let mut ids = files::mentioned(content);
    ids.extend(feature.map(|feature| feature.file));
    if ids.is_empty() {
        return Ok(());
    }
    tell(tx, post, title, &ids).await
}

/// Tells the library that a post shows nothing any more: it is being removed for good.
pub(crate) async fn forget(tx: &mut TenantTx, post: PostId) -> Result<()> {
    store::take_away(tx, post).await?;
    tell(tx, post, "", &[]).await
}

async fn tell(tx: &mut TenantTx, post: PostId, title: &str, ids: &[FileId]) -> Result<()> {
    let path = format!("/app/blog/posts/{post}/edit");
    let entity = Entity {
        kind: "blog.post",
        id: post.0,
        title: display_title(title),
        path: &path,
    };
    files::set_usages(tx, entity, ids).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_is_named_by_address_or_id() {
        let id = FileId::new();
        let read = |text: &str| {
            let wanted = Wanted {
                picture: text.to_owned(),
                alt: " A  boat ".to_owned(),
            };
            let found = wanted.read()?;
            assert!(found.iter().all(|feature| feature.alt == "A boat"));
            Ok::<_, FieldError>(found.map(|feature| feature.file))
        };
        assert_eq!(read("  "), Ok(None));
        assert_eq!(read(&id.to_string()), Ok(Some(id)));
        assert_eq!(read(&format!("/media/{id}/1280/a.jpg")), Ok(Some(id)));
        let whole = format!(" https://north.example/media/{id}/320/a.jpg ");
        assert_eq!(read(&whole), Ok(Some(id)));
        for wrong in ["https://north.example/a.jpg", "/media/x/y/z", "boat"] {
            assert_eq!(read(wrong).unwrap_err().field, "feature", "{wrong}");
        }
    }
}
