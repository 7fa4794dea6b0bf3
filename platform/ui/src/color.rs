//! Brand colour to accessible tokens: any colour a tenant picks yields readable buttons and links.
//!
//! Lightness is searched in OKLCH (Ottosson, 2020) until the contrast ratio of WCAG 2.2 (1.4.3) is reached, so hue
//! and character of the brand stay. Every pair of tokens that the style sheets put together has at least 4.5 : 1.

use std::fmt;

/// Contrast that text must reach against its background (WCAG 2.2, 1.4.3, level AA).
pub const MINIMUM_CONTRAST: f64 = 4.5;
/// What the search aims at: rounding to eight bits per channel may cost a little.
const AIM: f64 = 4.6;
/// One step of the search, in OKLCH lightness.
const STEP: f64 = 0.01;
/// The platform's own brand, used where a tenant's colour is missing or unreadable.
pub const DEFAULT_BRAND: &str = "#3f51d9";

const WHITE: Rgb = Rgb([1.0, 1.0, 1.0]);
const INK: Rgb = Rgb([16.0 / 255.0, 16.0 / 255.0, 18.0 / 255.0]);
/// Surfaces that brand-coloured text stands on, as in `kit.css`.
const LIGHT_SURFACES: [Rgb; 2] = [WHITE, Rgb([241.0 / 255.0, 241.0 / 255.0, 243.0 / 255.0])];
const DARK_SURFACES: [Rgb; 2] = [
    Rgb([23.0 / 255.0, 23.0 / 255.0, 26.0 / 255.0]),
    Rgb([30.0 / 255.0, 30.0 / 255.0, 34.0 / 255.0]),
];

/// The matrices of Oklab (Ottosson, 2020): linear sRGB to cone responses, their cube roots to Oklab, and back.
const LINEAR_TO_CONES: [[f64; 3]; 3] = [
    [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
    [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
    [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
];
const CONES_TO_OKLAB: [[f64; 3]; 3] = [
    [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
    [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
    [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
];
const OKLAB_TO_CONES: [[f64; 3]; 3] = [
    [1.0, 0.396_337_777_4, 0.215_803_757_3],
    [1.0, -0.105_561_345_8, -0.063_854_172_8],
    [1.0, -0.089_484_177_5, -1.291_485_548_0],
];
const CONES_TO_LINEAR: [[f64; 3]; 3] = [
    [4.076_741_662_1, -3.307_711_591_3, 0.230_969_929_2],
    [-1.268_438_004_6, 2.609_757_401_1, -0.341_319_396_5],
    [-0.004_196_086_3, -0.703_418_614_7, 1.707_614_701_0],
];

/// An sRGB colour, channels from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rgb([f64; 3]);

impl Rgb {
    /// Parses `#rrggbb`, with or without the sign.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim().strip_prefix('#').unwrap_or(text.trim());
        if digits.len() != 6 || !digits.is_ascii() {
            return None;
        }
        let channel = |at: usize| {
            u8::from_str_radix(digits.get(at..at + 2)?, 16)
                .ok()
                .map(|v| f64::from(v) / 255.0)
        };
        Some(Self([channel(0)?, channel(2)?, channel(4)?]))
    }

    /// Relative luminance as WCAG defines it.
    fn luminance(self) -> f64 {
        let [r, g, b] = self.0.map(to_linear);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn to_oklch(self) -> Oklch {
        let cones = product(&LINEAR_TO_CONES, self.0.map(to_linear)).map(f64::cbrt);
        let [lightness, green_red, blue_yellow] = product(&CONES_TO_OKLAB, cones);
        Oklch {
            lightness,
            chroma: green_red.hypot(blue_yellow),
            hue: blue_yellow.atan2(green_red),
        }
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.0.map(|channel| format!("{:02x}", to_byte(channel)));
        write!(f, "#{r}{g}{b}")
    }
}

/// A colour by perceived lightness (0 to 1), chroma and hue (radians).
#[derive(Debug, Clone, Copy)]
struct Oklch {
    lightness: f64,
    chroma: f64,
    hue: f64,
}

impl Oklch {
    fn at(self, lightness: f64) -> Rgb {
        Self {
            lightness: lightness.clamp(0.0, 1.0),
            ..self
        }
        .to_rgb()
    }

    /// The nearest displayable colour: chroma is reduced until every channel fits.
    fn to_rgb(self) -> Rgb {
        let mut chroma = self.chroma;
        loop {
            let lab = [
                self.lightness,
                chroma * self.hue.cos(),
                chroma * self.hue.sin(),
            ];
            let linear = product(
                &CONES_TO_LINEAR,
                product(&OKLAB_TO_CONES, lab).map(|cone| cone.powi(3)),
            );
            let displayable = linear
                .iter()
                .all(|channel| (-0.0005..=1.0005).contains(channel));
            if displayable || chroma < 0.002 {
                // Rounded as the style sheet will carry it, so that the contrast measured is the contrast shown.
                return Rgb(linear.map(|channel| {
                    f64::from(to_byte(from_linear(channel.clamp(0.0, 1.0)))) / 255.0
                }));
            }
            chroma *= 0.96;
        }
    }
}

fn product(matrix: &[[f64; 3]; 3], vector: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| {
        row.iter()
            .zip(vector)
            .map(|(factor, value)| factor * value)
            .sum()
    })
}

fn to_linear(channel: f64) -> f64 {
    if channel <= 0.040_45 {
        channel / 12.92
    } else {
        ((channel + 0.055) / 1.055).powf(2.4)
    }
}

fn from_linear(channel: f64) -> f64 {
    if channel <= 0.003_130_8 {
        channel * 12.92
    } else {
        1.055 * channel.powf(1.0 / 2.4) - 0.055
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped to 0..=255 before it is rounded"
)]
fn to_byte(channel: f64) -> u8 {
    (channel.clamp(0.0, 1.0) * 255.0).round() as u8
}

/// Contrast ratio of two colours, from 1 to 21 (WCAG 2.2, 1.4.3).
#[must_use]
pub fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (a.luminance(), b.luminance());
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// The tokens for one appearance.
#[derive(Debug, Clone, Copy)]
pub struct Tokens {
    /// Fill of primary buttons and of the logo tile.
    pub brand: Rgb,
    /// Text on that fill.
    pub on_brand: Rgb,
    /// Links, current place and chart lines on neutral surfaces and on `brand_soft`.
    pub brand_text: Rgb,
    /// Tinted background of selected things.
    pub brand_soft: Rgb,
}

/// Tokens for light and dark.
#[derive(Debug, Clone, Copy)]
pub struct Theme {
    /// On light surfaces.
    pub light: Tokens,
    /// On dark surfaces.
    pub dark: Tokens,
}

impl Theme {
    /// Derives all tokens from one colour.
    #[must_use]
    pub fn from_brand(brand: Rgb) -> Self {
        let tone = brand.to_oklch();
        let soft_light = Oklch {
            lightness: 0.962,
            chroma: (tone.chroma * 0.16).min(0.03),
            ..tone
        }
        .to_rgb();
        let soft_dark = Oklch {
            lightness: 0.275,
            chroma: (tone.chroma * 0.35).min(0.055),
            ..tone
        }
        .to_rgb();
        let fill_light = fill(tone);
        // A very dark brand would vanish on a dark surface.
        let fill_dark = fill(Oklch {
            lightness: tone.lightness.max(0.52),
            ..tone
        });
        let tokens = |brand, brand_text, brand_soft| Tokens {
            brand,
            on_brand: ink_on(brand),
            brand_text,
            brand_soft,
        };
        Self {
            light: tokens(
                fill_light,
                readable(tone, &LIGHT_SURFACES, soft_light, -STEP),
                soft_light,
            ),
            dark: tokens(
                fill_dark,
                readable(tone, &DARK_SURFACES, soft_dark, STEP),
                soft_dark,
            ),
        }
    }

    /// The style sheet that overrides the brand tokens.
    #[must_use]
    pub fn css(&self) -> String {
        let Self { light, dark } = self;
        let pair =
            |name: &str, light: Rgb, dark: Rgb| format!("{name}:light-dark({light},{dark});");
        [
            ":root{".to_owned(),
            pair("--brand", light.brand, dark.brand),
            pair("--on-brand", light.on_brand, dark.on_brand),
            pair("--brand-text", light.brand_text, dark.brand_text),
            pair("--brand-soft", light.brand_soft, dark.brand_soft),
            "}".to_owned(),
        ]
        .concat()
    }
}

/// The style sheet for a brand colour as `#rrggbb`; anything else gives the platform's own colour.
#[must_use]
pub fn theme_css(brand: &str) -> String {
    let brand = Rgb::parse(brand)
        .or_else(|| Rgb::parse(DEFAULT_BRAND))
        .unwrap_or(INK);
    Theme::from_brand(brand).css()
}

/// White text is preferred, and the brand darkens a little for it; a bright brand keeps its colour and takes ink.
fn fill(tone: Oklch) -> Rgb {
    let slightly_darker = (0..=8).map(|step| tone.at(tone.lightness - STEP * f64::from(step)));
    let own = tone.to_rgb();
    slightly_darker
        .clone()
        .find(|colour| contrast(WHITE, *colour) >= AIM)
        .or_else(|| (contrast(INK, own) >= AIM).then_some(own))
        .unwrap_or_else(|| readable(tone, &[WHITE], WHITE, -STEP))
}

fn ink_on(fill: Rgb) -> Rgb {
    if contrast(WHITE, fill) >= MINIMUM_CONTRAST {
        WHITE
    } else {
        INK
    }
}

/// The colour nearest to `tone` that can be read on all surfaces, going darker (negative step) or lighter.
fn readable(tone: Oklch, surfaces: &[Rgb], soft: Rgb, step: f64) -> Rgb {
    let mut lightness = tone.lightness;
    loop {
        let colour = tone.at(lightness);
        let reached = surfaces
            .iter()
            .chain([&soft])
            .all(|surface| contrast(colour, *surface) >= AIM);
        if reached || !(0.0..=1.0).contains(&lightness) {
            return colour;
        }
        lightness += step;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_brand_colour_is_readable_everywhere() {
        for r in (0..=255_u8).step_by(15) {
            for g in (0..=255_u8).step_by(15) {
                for b in (0..=255_u8).step_by(15) {
                    let brand = Rgb::parse(&format!("#{r:02x}{g:02x}{b:02x}")).expect("a colour");
                    let Theme { light, dark } = Theme::from_brand(brand);
                    let mut pairs = vec![
                        (light.on_brand, light.brand),
                        (dark.on_brand, dark.brand),
                        (light.brand_text, light.brand_soft),
                        (dark.brand_text, dark.brand_soft),
                    ];
                    pairs.extend(LIGHT_SURFACES.map(|surface| (light.brand_text, surface)));
                    pairs.extend(DARK_SURFACES.map(|surface| (dark.brand_text, surface)));
                    for (text, ground) in pairs {
                        let ratio = contrast(text, ground);
                        assert!(
                            ratio >= MINIMUM_CONTRAST,
                            "brand {brand}: {text} on {ground} is {ratio:.2}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_readable_brand_keeps_its_colour() {
        let brand = Rgb::parse("#c2410c").expect("a colour");
        assert_eq!(Theme::from_brand(brand).light.brand, brand);
    }

    #[test]
    fn contrast_has_its_known_extremes() {
        assert!((contrast(WHITE, Rgb([0.0; 3])) - 21.0).abs() < 1e-9);
        assert!((contrast(WHITE, WHITE) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn nonsense_falls_back_to_the_platform() {
        assert_eq!(theme_css("url(x)"), theme_css(DEFAULT_BRAND));
        assert_eq!(theme_css("#ééé"), theme_css(DEFAULT_BRAND));
    }
}
