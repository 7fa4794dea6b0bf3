//! Names of files: as people gave them, and as they stand in addresses.

use deunicode::deunicode;

/// Longest name, in characters.
const MAX: usize = 191;

/// The name of an upload: without folders and control characters, and with the ending of what it really is.
#[must_use]
pub fn of_upload(sent: &str, extension: &str) -> String {
    let file = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean = one_line(file);
    let (stem, given) = split(&clean);
    let stem = if stem.is_empty() { "picture" } else { stem };
    let same = given.eq_ignore_ascii_case(extension)
        || (extension == "jpg" && given.eq_ignore_ascii_case("jpeg"));
    let ending = if same { given } else { extension };
    join(stem, ending)
}

/// A new name for a file: whatever ending was typed, the file keeps the one that it has.
#[must_use]
pub fn renamed(typed: &str, present: &str) -> String {
    let clean = one_line(&typed.replace(['/', '\\'], " "));
    let (_, ending) = split(present);
    let (stem, given) = split(&clean);
    let stem = if given.eq_ignore_ascii_case(ending) {
        stem
    } else {
        &clean
    };
    join(if stem.is_empty() { "picture" } else { stem }, ending)
}

/// A name as it stands in an address: lower-case letters, digits and hyphens.
#[must_use]
pub fn in_address(name: &str, ending: &str) -> String {
    let (stem, _) = split(name);
    let mut slug = String::new();
    for c in deunicode(stem).chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= 80 {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    let slug = if slug.is_empty() { "picture" } else { slug };
    format!("{slug}.{ending}")
}

/// The ending of files of a media type.
#[must_use]
pub fn ending(mime: &str) -> &'static str {
    match mime {
        "image/png" => "png",
        "image/webp" => "webp",
        _ => "jpg",
    }
}

/// Text on one line, without control characters.
#[must_use]
pub fn one_line(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        // Signs that turn the direction of text make `gpj.exe` of `exe.jpg`.
        .filter(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'))
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn split(name: &str) -> (&str, &str) {
    match name.rsplit_once('.') {
        Some((stem, ending))
            if (1..=5).contains(&ending.len())
                && ending.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
        {
            (stem.trim_end(), ending)
        }
        _ => (name, ""),
    }
}

fn join(stem: &str, ending: &str) -> String {
    let room = MAX - ending.len() - 1;
    let stem: String = stem.chars().take(room).collect();
    format!("{}.{ending}", stem.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_uploads_are_cleaned() {
        for (sent, extension, expected) in [
            ("Evening light.JPG", "jpg", "Evening light.JPG"),
            ("photo.jpeg", "jpg", "photo.jpeg"),
            ("evil.html", "png", "evil.png"),
            ("C:\\fakepath\\a.png", "png", "a.png"),
            ("../../etc/passwd", "jpg", "passwd.jpg"),
            ("", "webp", "picture.webp"),
            (".png", "png", "picture.png"),
            ("two\nlines\0.png", "png", "two lines.png"),
            ("v1.2 final", "png", "v1.2 final.png"),
            ("\u{202e}gpj.exe", "jpg", "gpj.jpg"),
        ] {
            assert_eq!(of_upload(sent, extension), expected, "{sent}");
        }
        assert_eq!(of_upload(&"é".repeat(400), "jpg").chars().count(), MAX);
    }

    #[test]
    fn a_file_keeps_its_ending() {
        for (typed, present, expected) in [
            ("Harbour", "a.jpg", "Harbour.jpg"),
            ("Harbour.jpg", "a.jpg", "Harbour.jpg"),
            ("Harbour.png", "a.jpg", "Harbour.png.jpg"),
            ("a/b", "a.webp", "a b.webp"),
            ("  ", "a.png", "picture.png"),
        ] {
            assert_eq!(renamed(typed, present), expected, "{typed}");
        }
    }

    #[test]
    fn addresses_are_plain() {
        for (name, expected) in [
            ("Evening light (2).JPG", "evening-light-2.jpg"),
            ("Æther über Ålesund.jpg", "aether-uber-alesund.jpg"),
            ("---.jpg", "picture.jpg"),
            ("<script>.jpg", "script.jpg"),
        ] {
            assert_eq!(in_address(name, "jpg"), expected);
        }
    }
}
