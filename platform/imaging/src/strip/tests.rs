//! Real pictures with planted metadata.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, RgbImage};

use super::*;
use crate::kind::sniff;

fn picture(format: ImageFormat) -> Vec<u8> {
    let picture = RgbImage::from_fn(8, 6, |x, y| {
        image::Rgb([
            u8::try_from(x * 30).unwrap(),
            u8::try_from(y * 40).unwrap(),
            90,
        ])
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(picture)
        .write_to(&mut bytes, format)
        .unwrap();
    bytes.into_inner()
}

/// A JPEG with a place, a comment, and something behind its end.
fn talkative_jpeg() -> Vec<u8> {
    let plain = picture(ImageFormat::Jpeg);
    let segment = |marker: u8, content: &[u8]| {
        let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker][..], &length, content].concat()
    };
    let mut place = b"Exif\0\0".to_vec();
    place.extend(exif(6));
    place.extend(b"GPS 59.9139 N");
    [
        &plain[..2],
        &segment(APP1, &place),
        &segment(APP1, b"http://ns.adobe.com/xap/1.0/\0<x>GPS Oslo</x>"),
        &segment(APP2, b"MPF\0GPS"),
        &segment(COMMENT, b"GPS by Mara"),
        &plain[2..],
        b"GPS<script>",
    ]
    .concat()
}

fn talkative_png() -> Vec<u8> {
    let plain = picture(ImageFormat::Png);
    let chunk = |kind: &[u8; 4], content: &[u8]| {
        let mut sum = crc32fast::Hasher::new();
        sum.update(kind);
        sum.update(content);
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&length, &kind[..], content, &sum.finalize().to_be_bytes()].concat()
    };
    // After the signature and the header.
    [
        &plain[..33],
        &chunk(b"tEXt", b"Comment\0GPS Oslo"),
        &chunk(b"eXIf", &[&exif(3)[..], b"GPS"].concat()),
        &plain[33..],
        b"GPS trailing",
    ]
    .concat()
}

fn talkative_webp() -> Vec<u8> {
    let plain = picture(ImageFormat::WebP);
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    riff_chunk(
        &mut out,
        *b"VP8X",
        &[HAS_EXIF | HAS_XMP, 0, 0, 0, 7, 0, 0, 5, 0, 0],
    );
    out.extend(&plain[12..]);
    riff_chunk(&mut out, *b"EXIF", &[&exif(8)[..], b"GPS"].concat());
    riff_chunk(&mut out, *b"XMP ", b"<x>GPS</x>");
    let size = u32::try_from(out.len() - 8).unwrap();
    out[4..8].copy_from_slice(&size.to_le_bytes());
    out
}

fn decoded(bytes: &[u8]) -> (u8, DynamicImage) {
    let mut decoder = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .unwrap()
        .into_decoder()
        .unwrap();
    let orientation = decoder.orientation().unwrap().to_exif();
    (orientation, DynamicImage::from_decoder(decoder).unwrap())
}

#[test]
fn places_and_names_go_and_the_picture_stays_as_it_was() {
    for talkative in [talkative_jpeg(), talkative_png(), talkative_webp()] {
        let kind = sniff(&talkative).unwrap();
        let (orientation, before) = decoded(&talkative);
        assert!(orientation > 1, "{kind:?}");
        let kept = strip(kind, &talkative, orientation).unwrap();
        assert!(
            !kept.windows(3).any(|window| window == b"GPS"),
            "{kind:?} still tells a place"
        );
        assert_eq!(sniff(&kept).unwrap(), kind);
        let (orientation_after, after) = decoded(&kept);
        assert_eq!(orientation_after, orientation, "{kind:?}");
        assert_eq!(after, before, "{kind:?}");
        // Once is enough.
        assert_eq!(strip(kind, &kept, orientation).unwrap(), kept, "{kind:?}");
    }
}

#[test]
fn every_truncated_picture_is_refused() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let whole = picture(format);
        let kind = sniff(&whole).unwrap();
        assert!(strip(kind, &whole, 1).is_ok());
        for length in 0..whole.len() {
            let error = strip(kind, &whole[..length], 1).unwrap_err();
            assert_eq!(error.code, "corrupt", "{kind:?} cut to {length}");
        }
    }
}

/// A preview inside the metadata has an end of its own, which must not pass for the picture's.
#[test]
fn the_end_of_an_embedded_preview_is_no_end() {
    let plain = picture(ImageFormat::Jpeg);
    let preview = [b"Exif\0\0", &plain[..]].concat();
    let length = u16::try_from(preview.len() + 2).unwrap().to_be_bytes();
    let cut = &plain[2..plain.len() - 2];
    let bytes = [&plain[..2], &[0xff, APP1], &length, &preview, cut].concat();
    assert_eq!(strip(Kind::Jpeg, &bytes, 1).unwrap_err().code, "corrupt");
}

#[test]
fn films_are_refused() {
    let mut film = talkative_webp();
    film[20] |= MOVES;
    let error = strip(Kind::Webp, &film, 1).unwrap_err();
    assert_eq!(error.code, "unsupported_type");
    let plain = picture(ImageFormat::Png);
    let moving = [&plain[..33], b"\0\0\0\0acTL\0\0\0\0", &plain[33..]].concat();
    let error = strip(Kind::Png, &moving, 1).unwrap_err();
    assert_eq!(error.code, "unsupported_type");
}

/// Bytes from nowhere never make it panic or run forever.
#[test]
fn garbage_is_refused() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..2_000 {
        let mut bytes: Vec<u8> = (0..64)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_le_bytes()[0]
            })
            .collect();
        for (kind, head) in [
            (Kind::Jpeg, &b"\xff\xd8\xff\xe1"[..]),
            (Kind::Png, PNG),
            (Kind::Webp, b"RIFF\x38\0\0\0WEBP"),
        ] {
            bytes[..head.len()].copy_from_slice(head);
            let _ = strip(kind, &bytes, 6);
        }
    }
}
