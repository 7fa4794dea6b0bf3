//! What readers write below posts: a subset of Markdown, without raw HTML, pictures or headings.

use super::input::{self, SourceError, strip_non_xml};
use super::{markdown, sanitize, text};

/// Longest comment, in characters.
pub const MAX_COMMENT: usize = 10_000;

/// A comment and what is derived from its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The source as it is to be stored.
    pub source: String,
    /// Sanitised HTML, safe to send as it is; empty when nothing of the source is left.
    pub html: String,
    /// Links in it.
    pub links: usize,
}

/// Renders a comment.
///
/// # Errors
/// [`SourceError`] when the source holds U+0000 or is longer than any text may be. Whether it is longer than
/// [`MAX_COMMENT`] is for the caller to say.
pub fn render(source: &str) -> Result<Comment, SourceError> {
    let source = input::normalise(source)?.trim().to_owned();
    let html = sanitize::comment(&markdown::comment_to_html(&source));
    // Numeric entities can smuggle characters past the first cleaning.
    let html = strip_non_xml(&html).trim().to_owned();
    let html = if text::plaintext(&html).trim().is_empty() {
        String::new()
    } else {
        html
    };
    Ok(Comment {
        links: html.matches("<a ").count(),
        source,
        html,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(source: &str) -> String {
        render(source).unwrap().html
    }

    #[test]
    fn the_subset_is_kept() {
        assert_eq!(
            html("A *fine* **light** with `code`\nand a line\n\n> said\n\n- one\n- two"),
            "<p>A <em>fine</em> <strong>light</strong> with <code>code</code><br>\nand a line</p>\n\
             <blockquote>\n<p>said</p>\n</blockquote>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>"
        );
        let link = "<a href=\"https://a.example/\" rel=\"ugc nofollow noopener noreferrer\">";
        assert_eq!(
            html("[x](https://a.example/) https://a.example/"),
            format!("<p>{link}x</a> {link}https://a.example/</a></p>")
        );
        assert_eq!(
            render("https://a.example https://b.example").unwrap().links,
            2
        );
    }

    #[test]
    fn what_is_no_part_of_it_loses_its_markup() {
        assert_eq!(html("# Big"), "Big");
        assert_eq!(html("![x](https://a.example/x.png)"), "");
        assert_eq!(html("   \n\u{200b}"), html("\u{200b}"));
        assert_eq!(html(""), "");
    }

    /// Nothing that runs, loads or reaches out of its place, whatever is typed.
    #[test]
    fn attacks_stay_text() {
        let attacks = [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<svg/onload=alert(1)>",
            "<svg><style><img src=x onerror=alert(1)></style></svg>",
            "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
            "<iframe src=javascript:alert(1)>",
            "<a href=\"javascript:alert(1)\">x</a>",
            "<p id=main class=x style=position:fixed>x</p>",
            "<form action=//evil.example><button>x</button></form>",
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](java\tscript:alert(1))",
            "[x](&#106;avascript:alert(1))",
            "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
            "[x](vbscript:msgbox)",
            "[x](//evil.example)",
            "[x](/app/settings)",
            "[x](https://a.example/\"onmouseover=\"alert(1))",
            "[x](<https://a.example/\" onmouseover=\"alert(1)>)",
            "![x](javascript:alert(1))",
            "<javascript:alert(1)>",
            "`<script>alert(1)</script>`",
            "```html\" onclick=\"alert(1)\n<script>alert(1)</script>\n```",
            "> <img src=x onerror=alert(1)>",
            "- <details open ontoggle=alert(1)>",
            "&lt;script&gt;alert(1)&lt;/script&gt;",
            "<!-- --!><img src=x onerror=alert(1)>",
            "<![CDATA[<script>alert(1)</script>]]>",
            "[a]: javascript:alert(1)\n[a]",
            "\u{202e}<script>",
            "<scr\u{0}ipt>",
        ];
        for attack in attacks {
            let Ok(comment) = render(attack) else {
                continue;
            };
            let parsed = comment.html.to_lowercase();
            let tags = parsed.split('<').skip(1);
            for tag in tags {
                let name: String = tag
                    .trim_start_matches('/')
                    .chars()
                    .take_while(char::is_ascii_alphanumeric)
                    .collect();
                assert!(
                    [
                        "p",
                        "br",
                        "a",
                        "blockquote",
                        "code",
                        "em",
                        "strong",
                        "ul",
                        "ol",
                        "li"
                    ]
                    .contains(&name.as_str()),
                    "{attack} became {parsed}"
                );
                let inside = tag.split('>').next().unwrap_or_default();
                assert!(
                    name == "a" || inside.trim_start_matches('/') == name,
                    "{attack} became {parsed}"
                );
                if let Some((_, target)) = inside.split_once("href=\"") {
                    assert!(
                        ["http://", "https://", "mailto:"]
                            .iter()
                            .any(|scheme| target.starts_with(scheme)),
                        "{attack} became {parsed}"
                    );
                    assert_eq!(inside.matches('"').count(), 4, "{attack} became {parsed}");
                }
            }
        }
    }

    #[test]
    fn absurd_sources_end_soon() {
        for piece in [">", "- ", "1. ", "*", "[", "`", "<b>", "](", "&amp;"] {
            let source: String = piece.chars().cycle().take(MAX_COMMENT).collect();
            render(&source).unwrap();
        }
    }
}
