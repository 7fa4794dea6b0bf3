//! Pictures that are made here, and what becomes of them.

use image::{ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

use super::*;

fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn decoded(derivative: &Derivative) -> DynamicImage {
    image::load_from_memory(&derivative.bytes).unwrap()
}

fn widths(made: &Made) -> Vec<&str> {
    made.derivatives
        .iter()
        .map(|derivative| derivative.variant.as_str())
        .collect()
}

#[test]
fn copies_are_never_larger_than_the_picture() {
    for (width, expected) in [
        (200, &["200", "thumb"][..]),
        (320, &["320", "thumb"]),
        (700, &["700", "640", "320", "thumb"]),
    ] {
        let picture = RgbImage::from_pixel(width, 90, Rgb([10, 120, 200]));
        let made = make(Kind::Jpeg, &encoded(picture, ImageFormat::Jpeg)).unwrap();
        assert_eq!(widths(&made), expected);
        for derivative in &made.derivatives {
            let shown = decoded(derivative);
            assert_eq!(
                (shown.width(), shown.height()),
                (derivative.width, derivative.height)
            );
            assert!(shown.width() <= width && shown.height() <= 90);
        }
        let thumb = made.derivatives.last().unwrap();
        assert_eq!((thumb.width, thumb.height), (90, 90));
    }
    assert_eq!(targets(6000), [2560, 1920, 1280, 960, 640, 320]);
    assert_eq!(targets(2560), [2560, 1920, 1280, 960, 640, 320]);
    assert_eq!(targets(1000), [1000, 960, 640, 320]);
    assert_eq!(scaled_height(6000, 4000, 320), 213);
    assert_eq!(scaled_height(30_000, 1, 320), 1);
}

#[test]
fn what_can_be_seen_through_stays_so_and_nothing_else_is_png() {
    let glass = RgbaImage::from_pixel(40, 40, Rgba([10, 20, 30, 90]));
    let made = make(Kind::Png, &encoded(glass, ImageFormat::Png)).unwrap();
    assert!(made.derivatives.iter().all(|copy| copy.mime == "image/png"));
    assert_eq!(decoded(&made.derivatives[0]).into_rgba8()[(5, 5)].0[3], 90);
    let wall = RgbaImage::from_pixel(40, 40, Rgba([10, 20, 30, 255]));
    let made = make(Kind::Png, &encoded(wall, ImageFormat::Png)).unwrap();
    assert!(
        made.derivatives
            .iter()
            .all(|copy| copy.mime == "image/jpeg")
    );
}

/// A JPEG that says "turn me": 4 wide and 2 high as stored, the other way round as seen.
#[test]
fn pictures_are_upright() {
    let picture = RgbImage::from_fn(64, 32, |x, _| {
        if x < 32 {
            Rgb([250, 0, 0])
        } else {
            Rgb([0, 0, 250])
        }
    });
    let bytes = encoded(picture, ImageFormat::Jpeg);
    let turned = crate::strip::strip(Kind::Jpeg, &bytes, 6).unwrap();
    let header = header(Kind::Jpeg, Cursor::new(&turned)).unwrap();
    assert_eq!(header.orientation.to_exif(), 6);
    let made = make(Kind::Jpeg, &turned).unwrap();
    assert_eq!((made.width, made.height), (32, 64));
    let shown = decoded(&made.derivatives[0]).into_rgb8();
    // Turned by a right angle to the right, its left is on top.
    assert!(shown[(16, 4)].0[0] > 200, "{:?}", shown[(16, 4)]);
    assert!(shown[(16, 60)].0[2] > 200, "{:?}", shown[(16, 60)]);
}

#[test]
fn colours_of_another_profile_are_converted() {
    let green = RgbImage::from_pixel(32, 32, Rgb([30, 200, 30]));
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new(&mut bytes);
    image::ImageEncoder::set_icc_profile(&mut encoder, profile).unwrap();
    DynamicImage::from(green)
        .write_with_encoder(encoder)
        .unwrap();
    let made = make(Kind::Png, &bytes).unwrap();
    let [red, green, _] = decoded(&made.derivatives[0]).into_rgb8()[(16, 16)].0;
    // The same green has less red and more green in the smaller space.
    assert!(red < 10 && green > 200, "{red} {green}");
}

/// A few hundred bytes that claim 900 megapixels.
#[test]
fn a_bomb_is_refused_by_its_header() {
    let mut bytes = encoded(RgbImage::new(1, 1), ImageFormat::Png);
    bytes[16..20].copy_from_slice(&30_000_u32.to_be_bytes());
    bytes[20..24].copy_from_slice(&30_000_u32.to_be_bytes());
    let mut sum = crc32fast::Hasher::new();
    sum.update(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.finalize().to_be_bytes());
    let error = header(Kind::Png, Cursor::new(&bytes)).unwrap_err();
    assert_eq!(error.code, "too_many_pixels", "{error:?}");
    // A side alone can be too long.
    bytes[16..20].copy_from_slice(&30_001_u32.to_be_bytes());
    bytes[20..24].copy_from_slice(&1_u32.to_be_bytes());
    let mut sum = crc32fast::Hasher::new();
    sum.update(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.finalize().to_be_bytes());
    assert_eq!(
        header(Kind::Png, Cursor::new(&bytes)).unwrap_err().code,
        "too_many_pixels"
    );
}

#[test]
fn broken_pixels_are_refused() {
    let noise = RgbImage::from_fn(64, 64, |x, y| {
        Rgb([x * 3, y * 5, x * y].map(|value| u8::try_from(value % 256).unwrap()))
    });
    let mut bytes = encoded(noise, ImageFormat::Png);
    let middle = bytes.len() / 2;
    bytes[middle..middle + 20].fill(0x55);
    let Err(Error::Invalid(errors)) = make(Kind::Png, &bytes) else {
        panic!("taken");
    };
    assert_eq!(errors[0].code, "corrupt");
}

#[test]
fn a_thumbhash_is_short() {
    let picture = RgbImage::from_pixel(300, 200, Rgb([10, 120, 200]));
    let made = make(Kind::Jpeg, &encoded(picture, ImageFormat::Jpeg)).unwrap();
    let hash = STANDARD.decode(made.thumbhash).unwrap();
    assert!((5..=30).contains(&hash.len()), "{}", hash.len());
}
