//! Pictures of the library in rendered HTML: every size they come in, and a frame for those that stand alone.
//!
//! This runs on tidied HTML, before it is sanitised: what is written here passes the same sieve as everything else. A
//! picture that is not in the library, or not any more, stays as it was written.

use std::fmt::Write as _;

use files::Pictures;

use super::html::{self, Token};

/// How wide a picture stands in a post: the whole screen on a phone, the measure of the text elsewhere.
const SIZES: &str = "(max-width: 720px) 100vw, 680px";
/// Which size stands in `src`, for readers who know no `srcset`: twice the measure of the text, in pixels.
const USUAL: i32 = 1280;

/// Completes every picture that is named in `pictures`.
#[must_use]
pub fn complete(html: &str, pictures: &Pictures) -> String {
    if pictures.is_empty() {
        return html.to_owned();
    }
    let tokens: Vec<Token<'_>> = html::tokens(html).collect();
    let mut out = String::with_capacity(html.len() * 2);
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if let Some((figure, length)) = figure(&tokens[at..], pictures) {
            out.push_str(&figure);
            at += length;
            continue;
        }
        match token {
            Token::Text(text) => out.push_str(text),
            Token::End(name) => push(&mut out, format_args!("</{name}>")),
            Token::Start { name, attributes } => match image(name, attributes, pictures) {
                Some((image, _)) => out.push_str(&image),
                None => push(&mut out, format_args!("<{name}{attributes}>")),
            },
        }
        at += 1;
    }
    out
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
}

/// A paragraph that is a picture and nothing else becomes a figure; with the number of tokens that it takes up.
fn figure(tokens: &[Token<'_>], pictures: &Pictures) -> Option<(String, usize)> {
    let [
        Token::Start { name, .. },
        Token::Start {
            name: inner,
            attributes,
        },
        Token::End(end),
        ..,
    ] = tokens
    else {
        return None;
    };
    if name != "p" || end != "p" {
        return None;
    }
    let (image, caption) = image(inner, attributes, pictures)?;
    let caption = if caption.is_empty() {
        String::new()
    } else {
        format!("<figcaption>{caption}</figcaption>")
    };
    Some((format!("<figure>{image}{caption}</figure>"), 3))
}

/// The element of a picture of the library, with its caption.
fn image(name: &str, attributes: &str, pictures: &Pictures) -> Option<(String, String)> {
    if name != "img" {
        return None;
    }
    let (mut src, mut alt, mut title) = ("", "", "");
    for (name, value) in html::attributes(attributes) {
        match name.as_str() {
            "src" => src = value,
            "alt" => alt = value,
            "title" => title = value,
            _ => {}
        }
    }
    let picture = pictures.get(&files::id_at(src)?)?;
    let usual = picture.at_least(USUAL)?;
    let own = |written: &str, known: &str| {
        if written.trim().is_empty() {
            escaped(known)
        } else {
            // As the source has it, with its entities.
            written.replace('"', "&quot;")
        }
    };
    let alt = own(alt, &picture.alt_text);
    let image = format!(
        "<img src=\"{}\" srcset=\"{}\" sizes=\"{SIZES}\" alt=\"{alt}\" width=\"{}\" height=\"{}\">",
        usual.path,
        picture.srcset(),
        usual.width,
        usual.height,
    );
    Some((image, text_of(&own(title, &picture.caption))))
}

/// The value of an attribute as the content of an element.
fn text_of(value: &str) -> String {
    value.replace('<', "&lt;").replace('>', "&gt;")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use files::{FileId, Picture, PictureCopy};

    use super::*;
    use crate::content::render_with;

    fn pictures() -> (FileId, Pictures) {
        let id = FileId::new();
        let copy = |width| PictureCopy {
            path: format!("/media/{id}/{width}/boat.jpg"),
            width,
            height: width / 2,
            bytes: 1,
            mime: "image/jpeg".into(),
        };
        let picture = Picture {
            id,
            width: 4000,
            height: 2000,
            alt_text: "A \"red\" boat & a gull".into(),
            caption: String::new(),
            copies: vec![copy(320), copy(640), copy(1280), copy(2560)],
        };
        (id, Pictures::from([(id, picture)]))
    }

    fn shown(source: &str, pictures: &Pictures) -> String {
        render_with(source, pictures).unwrap().html
    }

    #[test]
    fn a_picture_that_stands_alone_is_a_figure_in_every_size() {
        let (id, pictures) = pictures();
        let html = shown(
            &format!(
                "Before.\n\n![Boats](/media/{id}/2560/boat.jpg \"At <b>dawn</b> & later\")\n\nAfter."
            ),
            &pictures,
        );
        assert!(html.contains("<figure><img "), "{html}");
        assert!(
            html.contains(&format!("src=\"/media/{id}/1280/boat.jpg\"")),
            "{html}"
        );
        for width in [320, 640, 1280, 2560] {
            assert!(
                html.contains(&format!("/media/{id}/{width}/boat.jpg {width}w")),
                "{html}"
            );
        }
        for part in [
            "sizes=\"(max-width: 720px) 100vw, 680px\"",
            "width=\"1280\"",
            "height=\"640\"",
            "alt=\"Boats\"",
            "loading=\"lazy\"",
            "decoding=\"async\"",
            "<figcaption>At &lt;b&gt;dawn&lt;/b&gt; &amp; later</figcaption></figure>",
            "<p>Before.</p>",
            "<p>After.</p>",
        ] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
    }

    #[test]
    fn among_words_it_stays_among_words() {
        let (id, pictures) = pictures();
        let html = shown(
            &format!("See ![x](/media/{id}/320/boat.jpg) here."),
            &pictures,
        );
        assert!(
            !html.contains("figure") && html.contains("srcset="),
            "{html}"
        );
        let linked = shown(&format!("[![x](/media/{id}/320/boat.jpg)](/a)"), &pictures);
        assert!(
            linked.contains("<a href=\"/a\"") && linked.contains("srcset="),
            "{linked}"
        );
    }

    #[test]
    fn without_words_of_its_own_it_has_the_librarys() {
        let (id, pictures) = pictures();
        let html = shown(&format!("![](/media/{id}/320/boat.jpg)"), &pictures);
        assert!(
            html.contains("alt=\"A &quot;red&quot; boat &amp; a gull\""),
            "{html}"
        );
    }

    #[test]
    fn what_the_library_does_not_know_stays_as_it_is() {
        let (_, pictures) = pictures();
        for source in [
            format!("![x](/media/{}/320/boat.jpg)", FileId::new()),
            "![x](https://elsewhere.example/a.jpg)".to_owned(),
            "![x](/media/nonsense)".to_owned(),
        ] {
            let html = shown(&source, &pictures);
            assert!(
                !html.contains("srcset") && !html.contains("figure"),
                "{html}"
            );
            assert_eq!(html, render_with(&source, &Pictures::new()).unwrap().html);
        }
    }

    /// Alt texts and titles come from writers; the sieve has the last word.
    #[test]
    fn nothing_breaks_out_of_an_attribute() {
        let (id, mut pictures) = pictures();
        let picture = pictures.get_mut(&id).unwrap();
        picture.alt_text = "\"><script>alert(1)</script>".into();
        picture.caption = "<img src=x onerror=alert(1)>".into();
        // Within quotes the words may stand: there they are words.
        let values = regex::Regex::new("\"[^\"]*\"").unwrap();
        let handlers = regex::Regex::new(r"<[^>]*\son[a-z]+\s*=").unwrap();
        assert!(handlers.is_match("<img src= onload=x>"));
        for alt in ["", "\\\"><script>alert(1)</script>", "a' onload='x"] {
            let html = shown(&format!("![{alt}](/media/{id}/320/boat.jpg)"), &pictures);
            assert!(
                !html.contains("<script") && !html.contains("<img src=x"),
                "{html}"
            );
            assert!(!handlers.is_match(&values.replace_all(&html, "")), "{html}");
        }
        let raw = format!("<img src='/media/{id}/320/boat.jpg' alt='\"x' onerror='alert(1)'>");
        let html = shown(&raw, &pictures);
        assert!(!html.contains("onerror"), "{html}");
    }
}
