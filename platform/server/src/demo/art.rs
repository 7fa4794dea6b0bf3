//! Pictures of the demo: painted here, so that no picture has to be kept with the sources. Hills under a low sun, in the
//! colours of a palette.

use image::{DynamicImage, Rgb, RgbImage};
use kernel::Result;

/// Width and height in pixels.
const SIZE: (u32, u32) = (960, 600);
/// The sky has no edges: it is painted so many times smaller, since a first start waits for it.
const SKY: u32 = 4;

/// The colours of a picture: the sky above and at the horizon, the sun, the farthest and the nearest hill.
#[derive(Clone, Copy, Debug)]
pub struct Palette(pub [[u8; 3]; 5]);

/// Early light over blue hills.
pub const DAWN: Palette = Palette([
    [62, 92, 146],
    [244, 196, 160],
    [255, 238, 206],
    [136, 146, 178],
    [34, 48, 78],
]);
/// A warm evening.
pub const DUSK: Palette = Palette([
    [72, 44, 96],
    [240, 132, 92],
    [255, 214, 140],
    [142, 82, 106],
    [44, 26, 50],
]);
/// A clear morning in the north.
pub const NORTH: Palette = Palette([
    [96, 156, 190],
    [222, 234, 232],
    [255, 252, 240],
    [132, 168, 166],
    [28, 66, 70],
]);

/// A landscape in these colours, as JPEG. `seed` moves the hills.
///
/// It is painted lying on its side, so that the columns, of which hills are made, lie in one piece.
///
/// # Errors
/// When it cannot be encoded.
pub fn landscape(palette: Palette, seed: u32) -> Result<Vec<u8>> {
    let (width, height) = SIZE;
    let Palette([_, _, _, far, near]) = palette;
    let hills = HILLS.map(|hill| {
        let Rgb(colour) = mix(far, near, hill, HILLS[3]);
        colour.repeat(height as usize)
    });
    let mut picture = imaging::resize(&sky(palette, seed).into(), height, width)?.into_rgb8();
    let column = hills[0].len();
    for (x, column) in (0..width).zip(picture.chunks_exact_mut(column)) {
        for (hill, colour) in HILLS.into_iter().zip(&hills) {
            let top = 3 * ridge(x, hill, seed) as usize;
            column[top..].copy_from_slice(&colour[top..]);
        }
    }
    imaging::jpeg(&DynamicImage::from(picture).rotate90())
}

/// The sky with its sun, small and on its side.
fn sky(palette: Palette, seed: u32) -> RgbImage {
    let (width, height) = (SIZE.0 / SKY, SIZE.1 / SKY);
    let Palette([above, horizon, sun, ..]) = palette;
    let sun_at = (
        i64::from(width / 4 + seed * 19 % (width / 2)),
        i64::from(height * 2 / 5),
    );
    RgbImage::from_fn(height, width, |y, x| {
        let Rgb(sky) = mix(above, horizon, y, height * 2 / 3);
        let (dx, dy) = (i64::from(x) - sun_at.0, i64::from(y) - sun_at.1);
        let away = (dx * dx + dy * dy).unsigned_abs().isqrt();
        let glow = u32::try_from(away).unwrap_or(u32::MAX).saturating_sub(9);
        mix(sun, sky, glow, 64)
    })
}

/// Rows of hills, the farthest first.
const HILLS: [u32; 4] = [0, 1, 2, 3];

/// The height at which a row of hills begins, from above: two waves of whole numbers.
fn ridge(x: u32, hill: u32, seed: u32) -> u32 {
    let wave = |length: u32, height: u32, shift: u32| {
        let at = (x + shift) % length;
        let up = at.min(length - at);
        // A parabola from valley to top and back: round where a triangle would be sharp.
        let half = length / 2;
        height * up * (length - up) / (half * half)
    };
    let base = SIZE.1 * (11 + hill * 2) / 20;
    let long = wave(512 - hill * 56, 88, seed * 105 + hill * 169);
    let short = wave(184 + hill * 32, 27, seed * 42 + hill * 78);
    (base + 56).saturating_sub(long + short)
}

/// Between two colours: all of the first at 0, all of the second at `whole`.
fn mix(one: [u8; 3], other: [u8; 3], part: u32, whole: u32) -> Rgb<u8> {
    let part = part.min(whole);
    let mut mixed = [0; 3];
    for ((mixed, one), other) in mixed.iter_mut().zip(one).zip(other) {
        let value = (u32::from(one) * (whole - part) + u32::from(other) * part) / whole.max(1);
        *mixed = u8::try_from(value).unwrap_or(u8::MAX);
    }
    Rgb(mixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_landscape_is_a_picture_and_each_seed_has_its_own() {
        let one = landscape(DAWN, 1).unwrap();
        assert_eq!(one, landscape(DAWN, 1).unwrap());
        assert_ne!(one, landscape(DAWN, 2).unwrap());
        let decoded = image::load_from_memory(&one).unwrap();
        assert_eq!((decoded.width(), decoded.height()), SIZE);
    }
}
