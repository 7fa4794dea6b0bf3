//! Pictures as modules show them: which files a text names, and what an `<img>` has to say of each.

use std::collections::HashMap;

use kernel::Result;
use tenant_resolver::TenantTx;

use crate::objects::store;
use crate::{File, FileId, Visibility};

/// What stands before the id in the address of a file.
const MEDIA: &str = "/media/";
/// Most different files that one text may name; further ones are shown as plain pictures.
const MOST: usize = 200;

/// A public picture that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its id.
    pub id: FileId,
    /// Width in pixels.
    pub width: i32,
    /// Height in pixels.
    pub height: i32,
    /// What can be seen, as the library knows it; may be empty.
    pub alt_text: String,
    /// What stands below it; may be empty.
    pub caption: String,
    /// Its copies, by width: address, width, height, bytes and media type.
    pub copies: Vec<PictureCopy>,
}

/// One size of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureCopy {
    /// Path on the tenant's host.
    pub path: String,
    /// Width in pixels.
    pub width: i32,
    /// Height in pixels.
    pub height: i32,
    /// How many bytes.
    pub bytes: i64,
    /// Media type.
    pub mime: String,
}

/// Pictures by id.
pub type Pictures = HashMap<FileId, Picture>;

impl Picture {
    /// The copy to show where `width` pixels are wanted: the smallest that is no smaller, else the largest.
    #[must_use]
    pub fn at_least(&self, width: i32) -> Option<&PictureCopy> {
        self.copies
            .iter()
            .find(|copy| copy.width >= width)
            .or(self.copies.last())
    }

    /// Every copy with its width, for the attribute `srcset`.
    #[must_use]
    pub fn srcset(&self) -> String {
        let candidates: Vec<String> = self
            .copies
            .iter()
            .map(|copy| format!("{} {}w", copy.path, copy.width))
            .collect();
        candidates.join(", ")
    }
}

impl From<&File> for Picture {
    fn from(file: &File) -> Self {
        let copies = file.sizes.iter().filter(|size| size.variant != "thumb");
        Self {
            id: file.id,
            width: file.width,
            height: file.height,
            alt_text: file.alt_text.clone(),
            caption: file.caption.clone(),
            copies: copies
                .map(|size| PictureCopy {
                    path: file.path(&size.variant),
                    width: size.width,
                    height: size.height,
                    bytes: size.bytes,
                    mime: size.mime.clone(),
                })
                .collect(),
        }
    }
}

/// Those of these files that exist, are public and not in the trash.
///
/// # Errors
/// When the database cannot answer.
pub async fn pictures(tx: &mut TenantTx, ids: &[FileId]) -> Result<Pictures> {
    if ids.is_empty() {
        return Ok(Pictures::new());
    }
    let found = store::some(tx, ids).await?;
    Ok(found
        .iter()
        .filter(|file| file.visibility == Visibility::Public)
        .map(|file| (file.id, Picture::from(file)))
        .collect())
}

/// The files that a text names by their addresses, in Markdown or HTML; each once.
#[must_use]
pub fn mentioned(text: &str) -> Vec<FileId> {
    let mut ids = Vec::new();
    for (at, _) in text.match_indices(MEDIA) {
        if let Some(id) = id_at(&text[at..])
            && !ids.contains(&id)
        {
            ids.push(id);
            if ids.len() == MOST {
                break;
            }
        }
    }
    ids
}

/// The file that an address begins to name: `/media/<id>/..`.
#[must_use]
pub fn id_at(path: &str) -> Option<FileId> {
    let rest = path.strip_prefix(MEDIA)?;
    let id = rest.get(..36)?;
    rest[36..].starts_with('/').then(|| id.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_texts_are_found_once() {
        let (one, two) = (FileId::new(), FileId::new());
        let text = format!(
            "![a](/media/{one}/1280/a.jpg) <img src=\"/media/{two}/640/b.png\"> ![a](/media/{one}/320/a.jpg) \
             /media/nonsense/ /media/{one} /media/{} /media/",
            "é".repeat(20)
        );
        assert_eq!(mentioned(&text), [one, two]);
        assert_eq!(mentioned(""), []);
    }

    #[test]
    fn the_copy_that_fits_is_found() {
        let copy = |width| PictureCopy {
            path: format!("/media/x/{width}/a.jpg"),
            width,
            height: width,
            bytes: 1,
            mime: "image/jpeg".into(),
        };
        let picture = Picture {
            id: FileId::new(),
            width: 4000,
            height: 4000,
            alt_text: String::new(),
            caption: String::new(),
            copies: vec![copy(320), copy(640), copy(2560)],
        };
        assert_eq!(picture.at_least(300).unwrap().width, 320);
        assert_eq!(picture.at_least(641).unwrap().width, 2560);
        assert_eq!(picture.at_least(9999).unwrap().width, 2560);
        assert_eq!(
            picture.srcset(),
            "/media/x/320/a.jpg 320w, /media/x/640/a.jpg 640w, /media/x/2560/a.jpg 2560w"
        );
    }
}
