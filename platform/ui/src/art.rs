//! Pictures drawn by the program, so that sign-up and demo pages need no photographs.

use std::fmt::Write;

use maud::{Markup, PreEscaped, html};

/// Sky, haze, light and earth of a picture.
struct Palette([[u8; 3]; 4]);

const PALETTES: [Palette; 6] = [
    Palette([
        [0xa3, 0x51, 0x2f],
        [0xf0, 0xb6, 0x78],
        [0xfb, 0xe3, 0xb9],
        [0x3a, 0x17, 0x10],
    ]),
    Palette([
        [0x3c, 0x6e, 0x8f],
        [0xbc, 0xd8, 0xe0],
        [0xf6, 0xea, 0xd4],
        [0x16, 0x32, 0x3f],
    ]),
    Palette([
        [0x5b, 0x3a, 0x5e],
        [0xe8, 0x8b, 0x82],
        [0xff, 0xd3, 0xa1],
        [0x23, 0x16, 0x29],
    ]),
    Palette([
        [0x35, 0x55, 0x3f],
        [0xa9, 0xc2, 0x9a],
        [0xf2, 0xec, 0xd0],
        [0x11, 0x24, 0x1a],
    ]),
    Palette([
        [0x2b, 0x3a, 0x67],
        [0xb7, 0x8f, 0xb3],
        [0xf6, 0xc9, 0xa9],
        [0x10, 0x16, 0x2c],
    ]),
    Palette([
        [0x6d, 0x7f, 0x8c],
        [0xd7, 0xdc, 0xd9],
        [0xf7, 0xf1, 0xe6],
        [0x2c, 0x34, 0x38],
    ]),
];

/// Ridges from the far one to the near one.
const RIDGES: u8 = 5;

/// Ridges in the haze under a low sun, in an upright frame. The same seed gives the same picture. It fills its frame and
/// is cut, not squeezed. Ids inside carry the seed: pictures of different seeds may stand on one page.
#[must_use]
pub fn landscape(seed: u32) -> Markup {
    picture(seed, 900.0, 1080.0)
}

/// As [`landscape`] in a wide frame: covers of posts.
#[must_use]
pub fn panorama(seed: u32) -> Markup {
    picture(seed, 1200.0, 800.0)
}

fn picture(seed: u32, width: f64, height: f64) -> Markup {
    let mut random = Random::new(seed);
    let palette = &PALETTES[usize::try_from(seed).unwrap_or(0) % PALETTES.len()].0;
    let [sky, haze, light, earth] = *palette;
    let sun = (
        width * random.between(0.3, 0.78),
        height * random.between(0.28, 0.38),
    );
    let mut ridges = String::new();
    for at in 0..RIDGES {
        let depth = f64::from(at) / f64::from(RIDGES - 1);
        let base = height * (0.46 + 0.115 * f64::from(at));
        let rise = height * (0.15 - 0.018 * f64::from(at));
        let colour = mix(mix(haze, light, 0.2), earth, 0.12 + 0.86 * depth);
        let _ = write!(
            ridges,
            "<path d='{}' fill='{}'/>",
            ridge(&mut random, (width, height), base, rise),
            hex(colour)
        );
        if at + 1 < RIDGES {
            // Haze gathers at the foot of each ridge.
            let _ = write!(
                ridges,
                "<rect y='{:.0}' width='{width}' height='{:.0}' fill='url(#art-haze-{seed})'/>",
                base - rise * 0.3,
                height * 0.16
            );
        }
    }
    html! {
        svg.picture aria-hidden="true" viewBox={ "0 0 " (width) " " (height) } preserveAspectRatio="xMidYMid slice" {
            defs {
                linearGradient id={ "art-sky-" (seed) } x1="0" y1="0" x2="0" y2="1" {
                    stop offset="0" stop-color=(hex(sky)) {} stop offset=".6" stop-color=(hex(haze)) {} stop offset="1" stop-color=(hex(light)) {}
                }
                radialGradient id={ "art-sun-" (seed) } {
                    stop offset="0" stop-color="#fff" stop-opacity=".95" {} stop offset=".12" stop-color=(hex(light)) stop-opacity=".8" {}
                    stop offset="1" stop-color=(hex(haze)) stop-opacity="0" {}
                }
                linearGradient id={ "art-haze-" (seed) } x1="0" y1="0" x2="0" y2="1" {
                    stop offset="0" stop-color=(hex(light)) stop-opacity="0" {} stop offset=".7" stop-color=(hex(light)) stop-opacity=".16" {}
                    stop offset="1" stop-color=(hex(light)) stop-opacity="0" {}
                }
                radialGradient id={ "art-edge-" (seed) } r=".78" { stop offset=".6" stop-opacity="0" {} stop offset="1" stop-opacity=".36" {} }
            }
            rect width=(width) height=(height) fill={ "url(#art-sky-" (seed) ")" } {}
            circle cx=(format!("{:.0}", sun.0)) cy=(format!("{:.0}", sun.1)) r=(format!("{:.0}", width.min(height) * 0.55)) fill={ "url(#art-sun-" (seed) ")" } {}
            (PreEscaped(ridges))
            rect width=(width) height=(height) fill={ "url(#art-edge-" (seed) ")" } {}
        }
    }
}

/// The outline of one ridge, closed at the bottom: noise of falling size on random heights, as mountains weather.
fn ridge(random: &mut Random, (width, height): (f64, f64), base: f64, rise: f64) -> String {
    const POINTS: u8 = 96;
    let layers: Vec<(f64, Vec<f64>)> = [(0.62, 4), (0.26, 9), (0.09, 22), (0.03, 48)]
        .into_iter()
        .map(|(share, peaks)| (share, (0..=peaks).map(|_| random.next()).collect()))
        .collect();
    let mut path = format!("M0 {height}");
    for point in 0..=POINTS {
        let x = f64::from(point) / f64::from(POINTS);
        let share: f64 = layers
            .iter()
            .map(|(share, heights)| share * between_heights(heights, x))
            .sum();
        let _ = write!(
            path,
            "L{:.0} {:.0}",
            x * width,
            base - rise * (1.8 * share - 0.5)
        );
    }
    let _ = write!(path, "L{width} {height}Z");
    path
}

/// The height at `x` (0 to 1) on a line through evenly spaced heights, rounded a little at each of them.
fn between_heights(heights: &[f64], x: f64) -> f64 {
    let spans = u32::try_from(heights.len().saturating_sub(1)).unwrap_or(0);
    let mut along = x * f64::from(spans);
    for pair in heights.windows(2) {
        let [from, to] = *pair else { continue };
        if along <= 1.0 {
            let eased = along * along * (3.0 - 2.0 * along);
            return from + (to - from) * f64::midpoint(along, eased);
        }
        along -= 1.0;
    }
    heights.last().copied().unwrap_or(0.0)
}

fn mix(from: [u8; 3], to: [u8; 3], share: f64) -> [u8; 3] {
    let blend = |a: u8, b: u8| f64::from(a) + (f64::from(b) - f64::from(a)) * share;
    [0, 1, 2].map(|at| byte(blend(from[at], to[at])))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=255 before rounding"
)]
fn byte(value: f64) -> u8 {
    value.clamp(0.0, 255.0).round() as u8
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// A small generator (xorshift, Marsaglia 2003): the same seed must give the same picture for ever.
struct Random(u32);

impl Random {
    fn new(seed: u32) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9) | 1);
        for _ in 0..6 {
            random.next();
        }
        random
    }

    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        f64::from(self.0) / f64::from(u32::MAX)
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_gives_the_same_picture() {
        assert_eq!(landscape(3).0, landscape(3).0);
        assert_ne!(landscape(3).0, landscape(4).0);
    }
}
