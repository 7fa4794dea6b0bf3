//! What the bytes are, whatever was declared.

use image::ImageFormat;
use kernel::FieldError;

/// The kinds of file that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
}

impl Kind {
    /// Media type.
    #[must_use]
    pub fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }

    /// The usual end of a file's name.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }

    pub(crate) fn format(self) -> ImageFormat {
        match self {
            Self::Jpeg => ImageFormat::Jpeg,
            Self::Png => ImageFormat::Png,
            Self::Webp => ImageFormat::WebP,
        }
    }
}

/// Finds the kind in the bytes. Two sniffers have to agree, so that a file which is two things at once is none.
///
/// # Errors
/// `empty` or `unsupported_type`.
pub fn sniff(bytes: &[u8]) -> Result<Kind, FieldError> {
    if bytes.is_empty() {
        return Err(FieldError::new(
            "file",
            "empty",
            "The file is empty. Choose another one.",
        ));
    }
    let unsupported = |message: &'static str| FieldError::new("file", "unsupported_type", message);
    if is_svg(bytes) {
        return Err(unsupported(
            "SVG pictures can carry scripts and are not taken. Export it as PNG.",
        ));
    }
    let kind = match infer::get(bytes).map(|found| found.mime_type()) {
        Some("image/jpeg") => Kind::Jpeg,
        Some("image/png") => Kind::Png,
        Some("image/webp") => Kind::Webp,
        Some("image/heif" | "image/heic" | "image/avif") => {
            return Err(unsupported(
                "HEIC and AVIF pictures are not taken yet. Export it as JPEG.",
            ));
        }
        _ => {
            return Err(unsupported("Only JPEG, PNG and WebP pictures are taken."));
        }
    };
    match image::guess_format(bytes) {
        Ok(format) if format == kind.format() => Ok(kind),
        _ => Err(unsupported("Only JPEG, PNG and WebP pictures are taken.")),
    }
}

/// An SVG has no magic bytes: it is text whose first element is `svg`, perhaps after a declaration and comments.
fn is_svg(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).to_ascii_lowercase();
    head.trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('<')
        && head.contains("<svg")
}

/// What is told of a picture that cannot be read.
pub(crate) fn corrupt() -> FieldError {
    FieldError::new(
        "file",
        "corrupt",
        "The picture is damaged or incomplete. Export or copy it again, then upload it.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(bytes: &[u8]) -> &'static str {
        match sniff(bytes) {
            Ok(kind) => kind.extension(),
            Err(error) => error.code,
        }
    }

    #[test]
    fn bytes_decide() {
        assert_eq!(code(b"\xff\xd8\xff\xe0\0\x10JFIF\0"), "jpg");
        assert_eq!(code(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "png");
        assert_eq!(code(b"RIFF\x10\0\0\0WEBPVP8L"), "webp");
        for other in [
            &b"GIF89a\x01\0\x01\0"[..],
            b"%PDF-1.7",
            b"BM\0\0\0\0",
            b"<!doctype html><script>alert(1)</script>",
            b"PK\x03\x04",
            b"plain text",
            b"\0\0\0\x18ftypheic\0\0\0\0heicmif1",
        ] {
            assert_eq!(code(other), "unsupported_type", "{other:?}");
        }
        assert_eq!(code(b""), "empty");
    }

    #[test]
    fn svg_is_refused_and_told_why() {
        for svg in [
            "<svg xmlns='http://www.w3.org/2000/svg'/>",
            "<?xml version='1.0'?>\n<!-- drawn -->\n<SVG onload='alert(1)'/>",
            "\u{feff}  <svg/>",
        ] {
            let error = sniff(svg.as_bytes()).unwrap_err();
            assert_eq!(error.code, "unsupported_type");
            assert!(error.message.contains("SVG"), "{}", error.message);
        }
    }
}
