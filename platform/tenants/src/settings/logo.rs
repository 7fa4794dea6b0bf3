//! Logos: decoded under limits and encoded anew, so that only pixels of the upload survive.

use std::io::Cursor;

use image::imageops::FilterType;
use image::{ImageFormat, ImageReader, Limits};
use kernel::{Error, FieldError, Result};
use sha2::{Digest, Sha256};

use crate::theme::LogoRow;

/// Most bytes of an upload.
pub(super) const MAX_BYTES: usize = 2 * 1024 * 1024;
/// Longest edge of an upload, in pixels.
const MAX_EDGE: u32 = 6_000;
/// Memory that decoding may take.
const MAX_MEMORY: u64 = 160 * 1024 * 1024;
/// Longest edge of what is kept, in pixels.
const EDGE: u32 = 512;
/// Shortest edge worth showing, in pixels.
const MIN_EDGE: u32 = 16;

/// Makes a logo of an upload.
///
/// # Errors
/// [`Error::Invalid`] for the field `logo`.
pub(super) async fn encode(bytes: Vec<u8>) -> Result<LogoRow> {
    // Decoding takes a processor for up to a second: not on the threads that answer requests.
    tokio::task::spawn_blocking(move || encode_now(&bytes))
        .await
        .map_err(Error::internal)?
}

fn encode_now(bytes: &[u8]) -> Result<LogoRow> {
    if bytes.is_empty() {
        return Err(refuse("required", "Choose a picture first."));
    }
    if bytes.len() > MAX_BYTES {
        return Err(refuse(
            "too_large",
            "The picture is larger than 2 MB. Save it smaller and try again.",
        ));
    }
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(Error::internal)?;
    // The content decides, not the name or what the browser says of it.
    if !matches!(
        reader.format(),
        Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP)
    ) {
        return Err(refuse(
            "format",
            "Use a PNG, JPEG or WebP picture. SVG cannot be taken.",
        ));
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_EDGE);
    limits.max_image_height = Some(MAX_EDGE);
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    let picture = reader.decode().map_err(|error| match error {
        image::ImageError::Limits(_) => refuse(
            "too_large",
            "The picture has too many pixels. Use at most 6000 on each side.",
        ),
        _ => refuse(
            "damaged",
            "The picture cannot be read; it may be damaged. Save it again and retry.",
        ),
    })?;
    if picture.width().min(picture.height()) < MIN_EDGE {
        return Err(refuse(
            "too_small",
            "The picture is too small. Use at least 16 pixels on each side.",
        ));
    }
    let picture = if picture.width().max(picture.height()) > EDGE {
        picture.resize(EDGE, EDGE, FilterType::Lanczos3)
    } else {
        picture
    };
    let picture = picture.into_rgba8();
    let mut out = Cursor::new(Vec::new());
    picture
        .write_to(&mut out, ImageFormat::Png)
        .map_err(Error::internal)?;
    let bytes = out.into_inner();
    let hash = format!("{:x}", Sha256::digest(&bytes));
    Ok(LogoRow {
        hash,
        content_type: "image/png".into(),
        // A strip so flat that it was scaled to nothing keeps one line of pixels.
        width: i32::try_from(picture.width().max(1)).map_err(Error::internal)?,
        height: i32::try_from(picture.height().max(1)).map_err(Error::internal)?,
        bytes,
    })
}

pub(super) fn refuse(code: &'static str, message: &'static str) -> Error {
    FieldError::new("logo", code, message).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        image::RgbaImage::from_pixel(width, height, image::Rgba([200, 40, 10, 255]))
            .write_to(&mut out, ImageFormat::Png)
            .unwrap();
        out.into_inner()
    }

    fn code(bytes: &[u8]) -> &'static str {
        encode_now(bytes).err().unwrap().field_errors()[0].code
    }

    #[test]
    fn a_large_picture_is_scaled_and_keeps_its_shape() {
        let logo = encode_now(&png(2000, 1000)).unwrap();
        assert_eq!((logo.width, logo.height), (512, 256));
        assert_eq!(logo.content_type, "image/png");
        assert_eq!(logo.hash.len(), 64);
    }

    #[test]
    fn what_follows_the_picture_in_the_file_is_dropped() {
        let mut upload = png(64, 64);
        upload.extend_from_slice(b"<script>alert(1)</script>");
        let logo = encode_now(&upload).unwrap();
        assert!(!logo.bytes.windows(8).any(|window| window == b"<script>"));
        assert_eq!(logo.hash, encode_now(&png(64, 64)).unwrap().hash);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        assert_eq!(code(b""), "required");
        assert_eq!(code(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "format");
        assert_eq!(code(b"GIF89a\x01\x00\x01\x00"), "format");
        assert_eq!(code(&png(64, 64)[..60]), "damaged");
        assert_eq!(code(&png(8, 200)), "too_small");
        assert_eq!(code(&png(6_001, 20)), "too_large");
        assert_eq!(code(&vec![0; MAX_BYTES + 1]), "too_large");
    }
}
