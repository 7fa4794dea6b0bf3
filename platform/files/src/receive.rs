//! From a request's body to a file on the disk: in pieces, counted and hashed as they come, never whole in memory.

use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest as _, Multipart, Request};
use futures::{Stream, StreamExt as _};
use http::{StatusCode, header};
use kernel::{Error, FieldError, Result};
use module::App;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use crate::Visibility;

/// Most files of one form.
const MAX_FILES: usize = 50;
/// Most bytes of a form's other fields.
const MAX_TEXT: usize = 8 * 1024;

/// A file that arrived, and what was said of it.
#[derive(Debug)]
pub struct Incoming {
    /// Its bytes, in a file without a name that is gone when it is closed.
    pub(crate) bytes: std::fs::File,
    /// How many there are.
    pub(crate) length: u64,
    /// Their hash, in hexadecimal.
    pub(crate) sha256: String,
    /// Its name, as it was sent.
    pub name: String,
    /// What can be seen, for those who cannot.
    pub alt_text: String,
    /// Who may see it.
    pub visibility: Visibility,
}

impl Incoming {
    /// A file that is made here, such as a picture of the demo.
    ///
    /// # Errors
    /// When it cannot be written to the disk.
    pub async fn of(name: &str, alt_text: &str, bytes: Vec<u8>) -> Result<Self> {
        let piece = futures::stream::once(async { Ok(bytes.into()) });
        let kept = keep(piece, u64::MAX, name.to_owned()).await?;
        Ok(Self {
            alt_text: alt_text.to_owned(),
            ..kept
        })
    }
}

/// The files of a form (`multipart/form-data`): those of the fields called `file`. The fields `alt_text` and
/// `visibility` hold for all of them.
///
/// # Errors
/// [`Error::Invalid`] for the field `file`: `too_large`, `too_many`; [`Error::BadRequest`] when it is no form.
pub(crate) async fn form(request: Request, app: &App, most: u64) -> Result<Vec<Incoming>> {
    let mut form = Multipart::from_request(request, app)
        .await
        .map_err(|error| Error::bad_request("invalid_body", error.body_text()))?;
    let mut files = Vec::new();
    let (mut alt_text, mut visibility) = (String::new(), Visibility::Public);
    while let Some(field) = form.next_field().await.map_err(unread)? {
        match field.name() {
            Some("file") => {
                let name = field.file_name().unwrap_or_default().to_owned();
                let incoming = keep(field.map(|piece| piece.map_err(unread)), most, name).await?;
                // Browsers send one empty file when none was chosen.
                if incoming.length == 0 && incoming.name.is_empty() {
                    continue;
                }
                if files.len() == MAX_FILES {
                    return Err(FieldError::new(
                        "file",
                        "too_many",
                        format!("Upload at most {MAX_FILES} files at a time."),
                    )
                    .into());
                }
                files.push(incoming);
            }
            Some("alt_text") => alt_text = text(field).await?,
            Some("visibility") => visibility = Visibility::read(&text(field).await?)?,
            _ => {
                text(field).await?;
            }
        }
    }
    for file in &mut files {
        file.alt_text.clone_from(&alt_text);
        file.visibility = visibility;
    }
    Ok(files)
}

/// One file: the body itself, or the only file of a form.
///
/// # Errors
/// As [`form`], and `required` when there is none.
pub(crate) async fn one(request: Request, app: &App, most: u64) -> Result<Incoming> {
    let is_form = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.trim_start().starts_with("multipart/form-data"));
    if !is_form {
        // What is announced as too large is not even begun to be read.
        let announced = request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok())
            .and_then(|length| length.parse::<u64>().ok());
        if announced.is_some_and(|length| length > most) {
            return Err(too_large(most));
        }
        let pieces = request.into_body().into_data_stream();
        let pieces = pieces.map(|piece| piece.map_err(|_| interrupted()));
        return keep(pieces, most, String::new()).await;
    }
    let mut files = form(request, app, most).await?.into_iter();
    match (files.next(), files.next()) {
        (Some(file), None) => Ok(file),
        (Some(_), Some(_)) => {
            Err(FieldError::new("file", "too_many", "Upload one file at a time.").into())
        }
        (None, _) => Err(FieldError::new("file", "required", "Choose a file.").into()),
    }
}

/// What is told of a file that is larger than `most` bytes.
fn too_large(most: u64) -> Error {
    FieldError::new(
        "file",
        "too_large",
        format!(
            "The file is larger than {}. Make it smaller, then upload it.",
            kernel::size(i64::try_from(most).unwrap_or(i64::MAX))
        ),
    )
    .into()
}

/// Writes what comes to the disk, and stops when it is more than may come.
async fn keep(
    pieces: impl Stream<Item = Result<bytes::Bytes>>,
    most: u64,
    name: String,
) -> Result<Incoming> {
    let file = tokio::task::spawn_blocking(tempfile::tempfile)
        .await
        .map_err(Error::internal)?
        .map_err(Error::internal)?;
    let mut file = tokio::fs::File::from_std(file);
    let mut hash = Sha256::new();
    let mut length = 0;
    let mut pieces = std::pin::pin!(pieces);
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        length += piece.len() as u64;
        if length > most {
            return Err(too_large(most));
        }
        hash.update(&piece);
        file.write_all(&piece).await.map_err(Error::internal)?;
    }
    file.flush().await.map_err(Error::internal)?;
    Ok(Incoming {
        bytes: file.into_std().await,
        length,
        sha256: format!("{:x}", hash.finalize()),
        name,
        alt_text: String::new(),
        visibility: Visibility::Public,
    })
}

async fn text(mut field: Field<'_>) -> Result<String> {
    let mut text = Vec::new();
    while let Some(piece) = field.next().await {
        text.extend(piece.map_err(unread)?);
        if text.len() > MAX_TEXT {
            return Err(Error::bad_request(
                "invalid_body",
                "A field of the form is longer than can be taken.",
            ));
        }
    }
    String::from_utf8(text)
        .map_err(|_| Error::bad_request("invalid_body", "A field of the form is not UTF-8."))
}

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn unread(error: MultipartError) -> Error {
    if error.status() == StatusCode::BAD_REQUEST {
        Error::bad_request("invalid_body", error.body_text())
    } else {
        interrupted()
    }
}

/// The connection broke: nobody is there to read this.
fn interrupted() -> Error {
    Error::bad_request("invalid_body", "The upload was interrupted.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_comes_is_counted_and_hashed() {
        let pieces = futures::stream::iter(["ab", "", "c"]).map(|text| Ok(text.into()));
        let kept = keep(pieces, 3, "x".into()).await.unwrap();
        assert_eq!(kept.length, 3);
        assert_eq!(
            kept.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    /// An endless body is left as soon as it is too long.
    #[tokio::test]
    async fn what_never_ends_is_refused() {
        let pieces = futures::stream::repeat_with(|| Ok(bytes::Bytes::from_static(&[7; 1024])));
        let error = keep(pieces, 10_000, String::new()).await.unwrap_err();
        assert_eq!(error.field_errors()[0].code, "too_large");
    }
}
