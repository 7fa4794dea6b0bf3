//! Pictures of the demo: painted here, so that no picture has to be kept with the sources. Hills under a low sun, in the
//! colours of a palette.

use image::{DynamicImage, Rgb, RgbImage};
use kernel::Result;

/// Width and height in pixels.
const SIZE: (u32, u32) = (1200, 750);

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
/// # Errors
/// When it cannot be encoded.
pub fn landscape(palette: Palette, seed: u32) -> Result<Vec<u8>> {
    let (width, height) = SIZE;
    let Palette([above, horizon, sun, far, near]) = palette;
    let sun_at = (
        i64::from(width / 4 + seed * 97 % (width / 2)),
        i64::from(height) * 2 / 5,
    );
    // What is the same all along a column, a hill or a line is worked out once.
    let ridges: Vec<[u32; 4]> = (0..width)
        .map(|x| HILLS.map(|hill| ridge(x, hill, seed)))
        .collect();
    let hills = HILLS.map(|hill| mix(far, near, hill, HILLS[3]));
    let skies: Vec<Rgb<u8>> = (0..height)
        .map(|y| mix(above, horizon, y, height * 2 / 3))
        .collect();
    let picture = RgbImage::from_fn(width, height, |x, y| {
        // The nearest hill that covers this place.
        if let Some(hill) = ridges[x as usize].iter().rposition(|ridge| y >= *ridge) {
            return hills[hill];
        }
        let (dx, dy) = (i64::from(x) - sun_at.0, i64::from(y) - sun_at.1);
        let squared = (dx * dx + dy * dy).unsigned_abs();
        let glow = u32::try_from(squared.isqrt()).unwrap_or(u32::MAX);
        match glow.saturating_sub(46) {
            0 => Rgb(sun),
            glow if glow < 320 => mix(sun, skies[y as usize].0, glow, 320),
            _ => skies[y as usize],
        }
    });
    imaging::jpeg(&DynamicImage::from(picture))
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
    let long = wave(640 - hill * 70, 110, seed * 131 + hill * 211);
    let short = wave(230 + hill * 40, 34, seed * 53 + hill * 97);
    (base + 70).saturating_sub(long + short)
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
