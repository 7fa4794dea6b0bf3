//! Both forms of a letter, from the same parts.
//!
//! The document keeps to what mail programs understand: nested tables, inline styles, no script, no
//! web font, no background picture. Programs that know `prefers-color-scheme` get dark surfaces from
//! the one style element; the others show the inline, light ones. Every pair of colours has a
//! contrast of at least 4.5 : 1 in both.

use std::fmt::Write as _;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use ui::color::{DEFAULT_BRAND, Rgb, Theme};

use crate::letter::{Brand, Letter, Part};

const FONT: &str = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";

/// Dark surfaces, as in the application. `!important` is the only way past inline styles.
const DARK: &str = "@media (prefers-color-scheme:dark){\
.page{background:#101012!important}\
.card{background:#17171a!important;border-color:#28282d!important}\
.ink,.ink a{color:#eeeef1!important}\
.soft,.soft a{color:#b4b4be!important}\
.line{border-color:#37373e!important}\
}\
@media (max-width:600px){.card{border-radius:0!important}.pad{padding:24px 20px!important}}";

pub(crate) fn html(letter: &Letter) -> Markup {
    let fallback = Brand::platform("");
    let brand = letter.brand.as_ref().unwrap_or(&fallback);
    let tokens = Rgb::parse(&brand.color)
        .or_else(|| Rgb::parse(DEFAULT_BRAND))
        .map(|colour| Theme::from_brand(colour).light);
    let (fill, on_fill) = tokens.map_or_else(
        || ("#18181b".to_owned(), "#ffffff".to_owned()),
        |tokens| (tokens.brand.to_string(), tokens.on_brand.to_string()),
    );
    let ink = "color:#18181b";
    let soft = "color:#4d4d57";
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="supported-color-schemes" content="light dark";
                // Keeps Apple's programs from turning dates and numbers into links.
                meta name="format-detection" content="telephone=no,date=no,address=no,email=no,url=no";
                title { (letter.subject) }
                style { (PreEscaped(DARK)) }
            }
            body.page style={ "margin:0;padding:0;background:#f7f7f8;font-family:" (FONT) } {
                (preheader(letter))
                table.page role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:#f7f7f8" {
                    tr {
                        td align="center" style="padding:32px 12px" {
                            table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:560px" {
                                tr { td style="padding:0 4px 20px" { (masthead(brand, &fill, &on_fill, ink)) } }
                                tr {
                                    td.card.pad style="background:#ffffff;border:1px solid #e7e7ea;border-radius:12px;padding:36px 40px" {
                                        h1.ink style={ (ink) ";margin:0 0 20px;font-size:22px;line-height:1.3;font-weight:600;letter-spacing:-0.015em" } { (letter.subject) }
                                        (parts(&letter.parts, &fill, &on_fill))
                                    }
                                }
                                tr { td.soft style={ (soft) ";padding:20px 4px 0;font-size:12px;line-height:1.6" } { (foot(letter, brand)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Shown in lists of mails, hidden in the mail; the blanks keep what follows out of the list.
fn preheader(letter: &Letter) -> Markup {
    let text = if letter.preheader.is_empty() {
        letter.parts.iter().find_map(|part| match part {
            Part::Paragraph(text) => Some(text.as_str()),
            _ => None,
        })
    } else {
        Some(letter.preheader.as_str())
    };
    html! {
        @if let Some(text) = text {
            div style="display:none;max-height:0;overflow:hidden;mso-hide:all" { (text) (PreEscaped("&#847;&zwnj;&nbsp;".repeat(60))) }
        }
    }
}

fn masthead(brand: &Brand, fill: &str, on_fill: &str, ink: &str) -> Markup {
    let initial: String = brand
        .name
        .chars()
        .take(1)
        .flat_map(char::to_uppercase)
        .collect();
    html! {
        table role="presentation" cellpadding="0" cellspacing="0" border="0" {
            tr {
                @match &brand.logo_url {
                    Some(logo) => td { img src=(logo) width="32" height="32" alt="" style="display:block;border:0;border-radius:8px"; },
                    None => td width="32" height="32" align="center" aria-hidden="true"
                        style={ "background:" (fill) ";color:" (on_fill) ";border-radius:8px;font-size:16px;font-weight:600;line-height:32px" } { (initial) },
                }
                td.ink style={ (ink) ";padding-left:10px;font-size:15px;font-weight:600" } { (brand.name) }
            }
        }
    }
}

fn parts(parts: &[Part], fill: &str, on_fill: &str) -> Markup {
    let text = "color:#18181b;margin:0 0 16px;font-size:15px;line-height:1.6";
    let facts = |part: &Part| matches!(part, Part::Fact { .. });
    html! {
        // Facts that follow each other are one table.
        @for group in parts.chunk_by(|a, b| facts(a) && facts(b)) {
            @match &group[0] {
                Part::Paragraph(words) => p.ink style=(text) { (lines(words)) },
                Part::Quote(words) => div.soft.line style="color:#4d4d57;margin:0 0 16px;padding:2px 0 2px 16px;border-left:3px solid #d6d6dc;font-size:15px;line-height:1.6" { (lines(words)) },
                Part::Button { label, url } => (button(label, url, fill, on_fill)),
                Part::Item { title, text: words, url } => {
                    p.ink style="color:#18181b;margin:0 0 4px;font-size:15px;line-height:1.5;font-weight:600" {
                        a href=(url) style="color:#18181b" { (title) }
                    }
                    p.soft style="color:#4d4d57;margin:0 0 16px;font-size:14px;line-height:1.6" { (lines(words)) }
                },
                Part::Fact { .. } => table.line role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"
                    style="margin:0 0 20px;border-top:1px solid #e7e7ea" {
                    @for part in group {
                        @if let Part::Fact { label, value } = part {
                            tr {
                                td.soft.line width="35%" valign="top" style="color:#4d4d57;padding:10px 12px 10px 0;border-bottom:1px solid #e7e7ea;font-size:14px;line-height:1.5" { (label) }
                                td.ink.line valign="top" style="color:#18181b;padding:10px 0;border-bottom:1px solid #e7e7ea;font-size:14px;line-height:1.5;font-weight:500" { (lines(value)) }
                            }
                        }
                    }
                },
            }
        }
    }
}

fn button(label: &str, url: &str, fill: &str, on_fill: &str) -> Markup {
    html! {
        table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:8px 0 12px" {
            tr {
                td align="center" style={ "background:" (fill) ";border-radius:8px" } {
                    a href=(url) style={ "display:inline-block;padding:12px 22px;font-size:15px;line-height:20px;font-weight:600;text-decoration:none;border-radius:8px;color:" (on_fill) } { (label) }
                }
            }
        }
        p.soft style="color:#4d4d57;margin:0 0 20px;font-size:12px;line-height:1.6;word-break:break-all" {
            "If the button does not work, open this address: "
            a href=(url) style="color:#4d4d57" { (url) }
        }
    }
}

fn foot(letter: &Letter, brand: &Brand) -> Markup {
    html! {
        @for line in &letter.fine_print { p style="margin:0 0 8px" { (line) } }
        @if let Some(url) = &letter.unsubscribe_url {
            p style="margin:0 0 8px" { a href=(url) style="color:#4d4d57" { "No more mail like this" } }
        }
        p style="margin:0" { (brand.name) @if !brand.host.is_empty() { " \u{b7} " (brand.host) } }
    }
}

fn lines(text: &str) -> Markup {
    html! { @for (at, line) in text.lines().enumerate() { @if at > 0 { br; } (line) } }
}

pub(crate) fn text(letter: &Letter) -> String {
    let mut out = format!("{}\n\n", letter.subject);
    let mut parts = letter.parts.iter().peekable();
    while let Some(part) = parts.next() {
        let written = match part {
            Part::Paragraph(words) => write!(out, "{words}\n\n"),
            Part::Quote(words) => {
                let quoted = words
                    .lines()
                    .fold(String::new(), |quoted, line| quoted + "> " + line + "\n");
                writeln!(out, "{quoted}")
            }
            Part::Button { label, url } => write!(out, "{label}:\n{url}\n\n"),
            Part::Item { title, text, url } => {
                let text = if text.is_empty() {
                    String::new()
                } else {
                    format!("{text}\n")
                };
                write!(out, "* {title}\n{text}{url}\n\n")
            }
            Part::Fact { label, value } => {
                let last = !matches!(parts.peek(), Some(Part::Fact { .. }));
                write!(out, "{label}: {value}\n{}", if last { "\n" } else { "" })
            }
        };
        written.expect("writing to a string does not fail");
    }
    // The line that mail programs take as the beginning of the signature (RFC 3676 4.3).
    out.push_str("-- \n");
    for line in &letter.fine_print {
        out.push_str(line);
        out.push('\n');
    }
    if let Some(url) = &letter.unsubscribe_url {
        writeln!(out, "No more mail like this:\n{url}").expect("writing to a string does not fail");
    }
    let fallback = Brand::platform("");
    let brand = letter.brand.as_ref().unwrap_or(&fallback);
    out.push_str(&brand.name);
    if !brand.host.is_empty() {
        out.push_str(" - ");
        out.push_str(&brand.host);
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use ui::color::{MINIMUM_CONTRAST, contrast};

    use super::*;

    fn letter(color: &str) -> Letter {
        Letter::new("test.letter", "Mara <invites> you")
            .brand(Brand {
                name: "Northlight & Sons".into(),
                color: color.into(),
                logo_url: None,
                host: "northlight.atelier.example".into(),
            })
            .paragraph("First line\nsecond line")
            .quote("<script>alert(1)</script>")
            .fact("When", "Friday")
            .fact("Where", "Studio 2")
            .button("Accept", "https://atelier.example/i/abc?a=1&b=2")
            .fine_print("The link works for 7 days.")
    }

    #[test]
    fn items_and_the_way_out_stand_in_both_forms() {
        let letter = letter("#c2410c")
            .item(
                "Jo <commented>",
                "Lovely",
                "https://atelier.example/app/inbox/1",
            )
            .item("Ada commented", "", "https://atelier.example/app/inbox/2")
            .unsubscribe("https://atelier.example/u/1");
        let (html, text) = (html(&letter).into_string(), text(&letter));
        assert!(
            text.contains(
                "* Jo <commented>\nLovely\nhttps://atelier.example/app/inbox/1\n\n\
                 * Ada commented\nhttps://atelier.example/app/inbox/2\n\n"
            ),
            "{text}"
        );
        assert!(
            text.contains("No more mail like this:\nhttps://atelier.example/u/1\n"),
            "{text}"
        );
        assert!(html.contains("Jo &lt;commented&gt;"), "{html}");
        assert!(
            html.contains("href=\"https://atelier.example/u/1\""),
            "{html}"
        );
    }

    #[test]
    fn both_forms_say_the_same() {
        let letter = letter("#c2410c");
        let (html, text) = (html(&letter).into_string(), text(&letter));
        assert_eq!(
            text,
            "Mara <invites> you\n\nFirst line\nsecond line\n\n> <script>alert(1)</script>\n\n\
             When: Friday\nWhere: Studio 2\n\nAccept:\nhttps://atelier.example/i/abc?a=1&b=2\n\n\
             -- \nThe link works for 7 days.\nNorthlight & Sons - northlight.atelier.example\n"
        );
        for piece in [
            "Mara &lt;invites&gt; you",
            "First line<br>second line",
            "Friday",
            "Studio 2",
            "href=\"https://atelier.example/i/abc?a=1&amp;b=2\"",
            "The link works for 7 days.",
            "Northlight &amp; Sons",
        ] {
            assert!(html.contains(piece), "{piece} in {html}");
        }
    }

    #[test]
    fn nothing_of_a_person_becomes_markup() {
        let html = html(&letter("red;} body{display:none")).into_string();
        assert!(!html.contains("<script"), "{html}");
        assert!(
            !html.contains("display:none}") && !html.contains("red;"),
            "{html}"
        );
    }

    #[test]
    fn the_button_is_readable_in_any_brand() {
        for color in [
            "#ffffff", "#000000", "#ffff00", "#7f7f7f", "#c2410c", "nonsense",
        ] {
            let html = html(&letter(color)).into_string();
            let at = html
                .find("<td align=\"center\" style=\"background:")
                .unwrap();
            let fill = Rgb::parse(&html[at + 37..at + 44]).unwrap();
            let rest = &html[at..];
            let on = rest.find(";color:").unwrap();
            let on_fill = Rgb::parse(&rest[on + 7..on + 14]).unwrap();
            assert!(contrast(fill, on_fill) >= MINIMUM_CONTRAST, "{color}");
        }
    }

    #[test]
    fn facts_in_a_row_share_a_table() {
        let html = html(&letter("#c2410c")).into_string();
        let table = html.split("Friday").nth(1).unwrap();
        let between = &table[..table.find("Studio 2").unwrap()];
        assert!(!between.contains("</table>"), "{between}");
    }
}
