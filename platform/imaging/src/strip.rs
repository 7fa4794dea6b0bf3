//! An original as it is kept: the picture and its colours, without what it tells of its maker.
//!
//! Cameras write where a picture was taken, phones the name of their owner, editors whole histories. Here a picture is
//! taken apart into its blocks, and put together from those on a list: what shows the picture. Of the rest the
//! orientation alone comes along. Nothing is decoded, so nothing is lost. A file whose last block is missing is refused,
//! and whatever stands behind the last block is left out, so that a file is never two things at once.

use kernel::FieldError;

use crate::kind::{Kind, corrupt};

/// Takes out what does not show the picture. `orientation` is the Exif value (1 to 8) that the original carries.
///
/// # Errors
/// `corrupt` when a block is broken or the end is missing; `unsupported_type` for films.
pub fn strip(kind: Kind, bytes: &[u8], orientation: u8) -> Result<Vec<u8>, FieldError> {
    match kind {
        Kind::Jpeg => jpeg(bytes, orientation),
        Kind::Png => png(bytes, orientation),
        Kind::Webp => webp(bytes, orientation),
    }
    .map_err(|fault| match fault {
        Fault::Broken => corrupt(),
        Fault::Moving => FieldError::new(
            "file",
            "unsupported_type",
            "Moving pictures are not taken. Export a single picture.",
        ),
    })
}

enum Fault {
    Broken,
    Moving,
}

/// Reads bytes in order and never past their end.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let (head, tail) = self.0.split_at_checked(count).ok_or(Fault::Broken)?;
        self.0 = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        self.take(N)?.try_into().map_err(|_| Fault::Broken)
    }

    fn length(&mut self) -> Result<[u8; 4], Fault> {
        self.array()
    }
}

/// An Exif block that says the orientation and nothing else.
fn exif(orientation: u8) -> [u8; 26] {
    let mut block = *b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x01\0\0\0\0\0\0\0";
    block[18] = orientation;
    block
}

fn turned(orientation: u8) -> bool {
    (2..=8).contains(&orientation)
}

// ---- JPEG: segments up to a scan, its data, perhaps more of both, the end

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;
const APP14: u8 = 0xee;
const APP15: u8 = 0xef;
const COMMENT: u8 = 0xfe;

fn jpeg(bytes: &[u8], orientation: u8) -> Result<Vec<u8>, Fault> {
    let mut rest = Reader(bytes);
    if rest.array()? != [0xff, SOI] {
        return Err(Fault::Broken);
    }
    let mut out = Vec::with_capacity(bytes.len());
    out.extend([0xff, SOI]);
    if turned(orientation) {
        out.extend([0xff, APP1, 0, 34]);
        out.extend(b"Exif\0\0");
        out.extend(exif(orientation));
    }
    let mut scanned = false;
    loop {
        let marker = jpeg_marker(&mut rest)?;
        match marker {
            EOI if scanned => {
                out.extend([0xff, EOI]);
                return Ok(out);
            }
            // Restart marks and the like stand alone.
            0x01 | 0xd0..=0xd7 => {}
            SOI | EOI | 0 => return Err(Fault::Broken),
            _ => {
                let length = u16::from_be_bytes(rest.array()?);
                let content =
                    rest.take(usize::from(length.checked_sub(2).ok_or(Fault::Broken)?))?;
                if jpeg_shows(marker, content) {
                    out.extend([0xff, marker]);
                    out.extend(length.to_be_bytes());
                    out.extend(content);
                }
                if marker == SOS {
                    scanned = true;
                    out.extend(jpeg_scan(&mut rest)?);
                }
            }
        }
    }
}

fn jpeg_marker(rest: &mut Reader<'_>) -> Result<u8, Fault> {
    if rest.array()? != [0xff] {
        return Err(Fault::Broken);
    }
    loop {
        match rest.array()? {
            // Filling before a marker.
            [0xff] => {}
            [marker] => return Ok(marker),
        }
    }
}

/// Whether a segment shows the picture.
fn jpeg_shows(marker: u8, content: &[u8]) -> bool {
    match marker {
        APP2 => content.starts_with(b"ICC_PROFILE\0"),
        // Says how colours are coded.
        APP0 => content.starts_with(b"JFIF\0"),
        APP14 => content.starts_with(b"Adobe"),
        APP1..=APP15 | COMMENT => false,
        _ => true,
    }
}

/// The data of a scan, up to the next marker that is none of its own.
fn jpeg_scan<'a>(rest: &mut Reader<'a>) -> Result<&'a [u8], Fault> {
    let data = rest.0;
    let mut at = 0;
    loop {
        let found = data[at..]
            .iter()
            .position(|byte| *byte == 0xff)
            .ok_or(Fault::Broken)?;
        at += found;
        match data.get(at + 1).ok_or(Fault::Broken)? {
            0 | 0xd0..=0xd7 => at += 2,
            0xff => at += 1,
            _ => return rest.take(at),
        }
    }
}

// ---- PNG: chunks

const PNG: &[u8; 8] = b"\x89PNG\r\n\x1a\n";

fn png(bytes: &[u8], orientation: u8) -> Result<Vec<u8>, Fault> {
    const SHOWS: [&[u8; 4]; 14] = [
        b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP",
        b"sBIT", b"bKGD", b"pHYs", b"hIST",
    ];
    let mut rest = Reader(bytes);
    if rest.array()? != *PNG {
        return Err(Fault::Broken);
    }
    let mut out = Vec::with_capacity(bytes.len());
    out.extend(PNG);
    loop {
        let length = rest.length()?;
        let kind: [u8; 4] = rest.array()?;
        let size = usize::try_from(u32::from_be_bytes(length)).map_err(|_| Fault::Broken)?;
        let content = rest.take(size)?;
        let sum: [u8; 4] = rest.array()?;
        if &kind == b"acTL" {
            return Err(Fault::Moving);
        }
        if SHOWS.contains(&&kind) {
            out.extend(length);
            out.extend(kind);
            out.extend(content);
            out.extend(sum);
        }
        match &kind {
            b"IHDR" if turned(orientation) => png_chunk(&mut out, *b"eXIf", &exif(orientation)),
            b"IEND" => return Ok(out),
            _ => {}
        }
    }
}

fn png_chunk(out: &mut Vec<u8>, kind: [u8; 4], content: &[u8; 26]) {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&kind);
    sum.update(content);
    out.extend(26_u32.to_be_bytes());
    out.extend(kind);
    out.extend(content);
    out.extend(sum.finalize().to_be_bytes());
}

// ---- WebP: chunks of a RIFF, each of even length

/// Flags of the chunk `VP8X`.
const MOVES: u8 = 1 << 1;
const HAS_XMP: u8 = 1 << 2;
const HAS_EXIF: u8 = 1 << 3;

fn webp(bytes: &[u8], orientation: u8) -> Result<Vec<u8>, Fault> {
    let mut head = Reader(bytes);
    let (riff, length, kind) = (head.array()?, head.length()?, head.array()?);
    if &riff != b"RIFF" || &kind != b"WEBP" {
        return Err(Fault::Broken);
    }
    let size = usize::try_from(u32::from_le_bytes(length)).map_err(|_| Fault::Broken)?;
    let mut rest = Reader(head.take(size.checked_sub(4).ok_or(Fault::Broken)?)?);
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    let mut shown = false;
    let mut extended = false;
    while !rest.0.is_empty() {
        let kind: [u8; 4] = rest.array()?;
        let length = rest.length()?;
        let size = usize::try_from(u32::from_le_bytes(length)).map_err(|_| Fault::Broken)?;
        let content = rest.take(size)?;
        // The last chunk's filling is missing in some files.
        if size % 2 == 1 && !rest.0.is_empty() {
            rest.take(1)?;
        }
        match &kind {
            b"VP8X" => {
                let mut content = content.to_vec();
                let flags = content.first_mut().ok_or(Fault::Broken)?;
                if *flags & MOVES != 0 {
                    return Err(Fault::Moving);
                }
                *flags &= !(HAS_XMP | HAS_EXIF);
                if turned(orientation) {
                    *flags |= HAS_EXIF;
                }
                extended = true;
                riff_chunk(&mut out, kind, &content);
            }
            b"VP8 " | b"VP8L" => {
                shown = true;
                riff_chunk(&mut out, kind, content);
            }
            b"ALPH" | b"ICCP" => riff_chunk(&mut out, kind, content),
            _ => {}
        }
    }
    if !shown {
        return Err(Fault::Broken);
    }
    if extended && turned(orientation) {
        riff_chunk(&mut out, *b"EXIF", &exif(orientation));
    }
    let size = u32::try_from(out.len() - 8).map_err(|_| Fault::Broken)?;
    out[4..8].copy_from_slice(&size.to_le_bytes());
    Ok(out)
}

fn riff_chunk(out: &mut Vec<u8>, kind: [u8; 4], content: &[u8]) {
    out.extend(kind);
    // A chunk was read with a length of 32 bits and has not grown.
    out.extend(
        u32::try_from(content.len())
            .unwrap_or(u32::MAX)
            .to_le_bytes(),
    );
    out.extend(content);
    if content.len() % 2 == 1 {
        out.push(0);
    }
}

#[cfg(test)]
mod tests;
