//! A picture's smaller copies, and the limits within which it is decoded.

use std::io::{BufRead, Cursor, Seek};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use fast_image_resize::{ResizeOptions, Resizer};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::error::ImageError;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits};
use kernel::{Error, FieldError, Result};
use moxcms::{ColorProfile, Layout, TransformOptions};

use crate::kind::{Kind, corrupt};

/// Most pixels of a picture: 50 megapixels.
pub const MAX_PIXELS: u64 = 50_000_000;
/// Longest side of a picture, in pixels.
pub const MAX_SIDE: u32 = 30_000;
/// Most bytes that a decoder may ask for, so that a small file cannot fill the memory.
const MAX_ALLOC: u64 = 512 * 1024 * 1024;

/// Widths of the smaller copies, in pixels. A picture is never made larger: its own width stands in.
pub const WIDTHS: [u32; 6] = [320, 640, 960, 1280, 1920, 2560];
/// Side of the square that stands for a picture in lists, in pixels.
pub const THUMB: u32 = 160;
/// Quality of JPEG copies, of 100.
const QUALITY: u8 = 82;
/// Longest side that a thumbhash is made from, in pixels.
const HASHED: u32 = 100;

/// What the first bytes of a picture say.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    /// How it has to be turned.
    pub orientation: Orientation,
    /// Most bytes of memory that making its copies takes, about.
    pub memory: u64,
}

/// A picture with everything that is made of it.
#[derive(Debug)]
pub struct Made {
    /// Width in pixels, as people see it.
    pub width: u32,
    /// Height in pixels, as people see it.
    pub height: u32,
    /// A blurred picture, in base64.
    pub thumbhash: String,
    /// The smaller copies, largest first, and the thumb.
    pub derivatives: Vec<Derivative>,
}

/// A smaller copy.
#[derive(Debug)]
pub struct Derivative {
    /// `thumb`, or the width in pixels.
    pub variant: String,
    /// Media type.
    pub mime: &'static str,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The file.
    pub bytes: Bytes,
}

/// Reads the header and refuses what is too large before a single pixel is decoded.
///
/// # Errors
/// `too_many_pixels` or `corrupt`.
pub fn header(kind: Kind, bytes: impl BufRead + Seek) -> Result<Header, FieldError> {
    let mut reader = ImageReader::with_format(bytes, kind.format());
    reader.no_limits();
    let mut decoder = reader.into_decoder().map_err(|_| corrupt())?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if width == 0 || height == 0 {
        return Err(corrupt());
    }
    if width > MAX_SIDE || height > MAX_SIDE || pixels > MAX_PIXELS {
        return Err(too_many_pixels(width, height));
    }
    // Where the decoder puts it, a converted and a turned copy, and room for the smaller ones.
    let memory = decoder.total_bytes() + pixels * 8 + 32 * 1024 * 1024;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok(Header {
        orientation,
        memory,
    })
}

fn too_many_pixels(width: u32, height: u32) -> FieldError {
    FieldError::new(
        "file",
        "too_many_pixels",
        format!(
            "The picture measures {width} by {height} pixels; at most 50 megapixels are taken. Make it smaller, then upload it."
        ),
    )
}

/// Decodes a picture and makes its copies: turned upright, in sRGB, without metadata. Takes long; not for async threads.
///
/// # Errors
/// `corrupt` or `too_many_pixels`.
pub fn make(kind: Kind, bytes: &[u8]) -> Result<Made> {
    let picture = upright(kind, bytes)?;
    let mut derivatives = Vec::new();
    let mut last = picture.width();
    let mut scaled: Option<DynamicImage> = None;
    let (width, height) = (picture.width(), picture.height());
    for target in targets(width) {
        // Each copy is made from the next larger one: much less work, and no difference to be seen.
        let from = scaled.as_ref().unwrap_or(&picture);
        let copy = if target == last {
            None
        } else {
            Some(resize(from, target, scaled_height(width, height, target))?)
        };
        let shown = copy.as_ref().unwrap_or(from);
        derivatives.push(encode(shown, target.to_string())?);
        last = target;
        if copy.is_some() {
            scaled = copy;
        }
    }
    let smallest = scaled.as_ref().unwrap_or(&picture);
    // A panorama's smallest copy is too low for the square.
    let square = if smallest.height() < THUMB {
        &picture
    } else {
        smallest
    };
    let side = THUMB.min(square.width()).min(square.height());
    derivatives.push(encode(&crop(square, side)?, "thumb".to_owned())?);
    Ok(Made {
        width,
        height,
        thumbhash: thumbhash(smallest)?,
        derivatives,
    })
}

/// Widths of the copies of a picture, largest first: all that are smaller than it, and its own if that is in range.
fn targets(width: u32) -> Vec<u32> {
    let largest = WIDTHS[WIDTHS.len() - 1].min(width);
    let mut targets = vec![largest];
    targets.extend(
        WIDTHS
            .iter()
            .rev()
            .copied()
            .filter(|target| *target < largest),
    );
    targets
}

fn scaled_height(width: u32, height: u32, target: u32) -> u32 {
    let scaled = (u64::from(height) * u64::from(target) + u64::from(width) / 2) / u64::from(width);
    u32::try_from(scaled).unwrap_or(height).max(1)
}

fn upright(kind: Kind, bytes: &[u8]) -> Result<DynamicImage> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), kind.format());
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(refused)?;
    let profile = decoder.icc_profile().ok().flatten();
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let original = DynamicImage::from_decoder(decoder).map_err(refused)?;
    let mut picture = eight_bits(original);
    if let Some(profile) = profile {
        to_srgb(&mut picture, &profile);
    }
    picture.apply_orientation(orientation);
    Ok(picture)
}

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn refused(error: ImageError) -> Error {
    match error {
        ImageError::Limits(_) => FieldError::new(
            "file",
            "too_many_pixels",
            "The picture needs more memory than there is for one. Make it smaller, then upload it.",
        ),
        _ => corrupt(),
    }
    .into()
}

/// Three channels of eight bits; four when something can be seen through.
fn eight_bits(decoded: DynamicImage) -> DynamicImage {
    if decoded.color().has_alpha() {
        let rgba = decoded.into_rgba8();
        if rgba.pixels().any(|pixel| pixel.0[3] != u8::MAX) {
            return rgba.into();
        }
        return DynamicImage::from(rgba).into_rgb8().into();
    }
    decoded.into_rgb8().into()
}

/// Converts colours to sRGB, line by line. A profile that cannot be used, or is not for RGB, is passed over: colours
/// then look a little off, which is better than no picture.
fn to_srgb(picture: &mut DynamicImage, profile: &[u8]) {
    let width = picture.width() as usize;
    let (pixels, layout, channels): (&mut [u8], _, _) = match picture {
        DynamicImage::ImageRgb8(rgb) => (rgb, Layout::Rgb, 3),
        DynamicImage::ImageRgba8(rgba) => (rgba, Layout::Rgba, 4),
        _ => return,
    };
    let Ok(profile) = ColorProfile::new_from_slice(profile) else {
        return;
    };
    let transform = profile.create_transform_8bit(
        layout,
        &ColorProfile::new_srgb(),
        layout,
        TransformOptions::default(),
    );
    let Ok(transform) = transform else {
        return;
    };
    let line = width * channels;
    let mut converted = vec![0; line];
    for row in pixels.chunks_exact_mut(line) {
        if transform.transform(row, &mut converted).is_ok() {
            row.copy_from_slice(&converted);
        }
    }
}

/// A picture in another size. Takes long; not for async threads.
///
/// # Errors
/// When it has a kind of channels that cannot be resized.
pub fn resize(from: &DynamicImage, width: u32, height: u32) -> Result<DynamicImage> {
    scale(from, width, height, &ResizeOptions::new())
}

/// The middle of a picture, as a square.
fn crop(from: &DynamicImage, side: u32) -> Result<DynamicImage> {
    scale(
        from,
        side,
        side,
        &ResizeOptions::new().fit_into_destination(None),
    )
}

fn scale(
    from: &DynamicImage,
    width: u32,
    height: u32,
    options: &ResizeOptions,
) -> Result<DynamicImage> {
    let mut into = DynamicImage::new(width, height, from.color());
    Resizer::new()
        .resize(from, &mut into, options)
        .map_err(Error::internal)?;
    Ok(into)
}

/// A picture as JPEG. Takes long; not for async threads.
///
/// # Errors
/// When it has channels that JPEG has not.
pub fn jpeg(picture: &DynamicImage) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    picture
        .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY))
        .map_err(Error::internal)?;
    Ok(bytes)
}

/// JPEG; PNG when something can be seen through.
fn encode(picture: &DynamicImage, variant: String) -> Result<Derivative> {
    let (mime, bytes) = if picture.color().has_alpha() {
        let mut bytes = Vec::new();
        picture
            .write_with_encoder(PngEncoder::new(&mut bytes))
            .map_err(Error::internal)?;
        (Kind::Png.mime(), bytes)
    } else {
        (Kind::Jpeg.mime(), jpeg(picture)?)
    };
    Ok(Derivative {
        variant,
        mime,
        width: picture.width(),
        height: picture.height(),
        bytes: bytes.into(),
    })
}

fn thumbhash(picture: &DynamicImage) -> Result<String> {
    let (width, height) = (picture.width(), picture.height());
    let longest = width.max(height);
    let fit = |side: u32| {
        if longest <= HASHED {
            side
        } else {
            (side * HASHED / longest).max(1)
        }
    };
    let (width, height) = (fit(width), fit(height));
    let small = resize(picture, width, height)?.into_rgba8();
    let hash = thumbhash::rgba_to_thumb_hash(width as usize, height as usize, small.as_raw());
    Ok(STANDARD.encode(hash))
}

#[cfg(test)]
mod tests;
