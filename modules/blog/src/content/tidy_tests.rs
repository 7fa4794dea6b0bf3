//! Soup in, well-nested HTML out.

use proptest::prelude::*;

use super::*;

#[test]
fn soup_becomes_well_nested() {
    let cases = [
        ("<b>a", "<b>a</b>"),
        ("<b><i>a</b>b</i>c", "<b><i>a</i></b>bc"),
        ("</p></div>x", "x"),
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("<p><b>a<div>b</div>", "<p><b>a</b></p><div>b</div>"),
        (
            "<a href=\"x\">a<a href=y>b</a>",
            "<a href=\"x\">a</a><a href=\"y\">b</a>",
        ),
        ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
        (
            "<table><td>a<td>b</table>",
            "<table><tbody><tr><td>a</td><td>b</td></tr></tbody></table>",
        ),
        ("<table>a<tr><td>b", "<table></table>ab"),
        (
            "<table><thead><th>a</thead><tr><td><table><tr><td>b</td></tr></table></td></tr></table>",
            "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td><table><tbody><tr><td>b</td></tr></tbody></table>\
             </td></tr></tbody></table>",
        ),
        (
            "<table><tbody><tr><td><b>a</td></tr></table>b",
            "<table><tbody><tr><td><b>a</b></td></tr></tbody></table>b",
        ),
        ("<td>a</td>", "a"),
        ("<nav><blink>a</blink></nav>", "a"),
        ("<img src='a\"b<c'>", "<img src=\"a&quot;b&lt;c\">"),
        ("1 < 2", "1 &lt; 2"),
        (
            "<input type=\"text\"><input type=\"checkbox\" checked>",
            "<input type=\"checkbox\" checked=\"\">",
        ),
        ("<a \"onclick=x href=y>z</a>", "<a href=\"y\">z</a>"),
    ];
    for (html, expected) in cases {
        assert_eq!(tidy(html).html, expected, "{html}");
    }
}

#[test]
fn headings_get_unique_ids_and_a_table_of_contents() {
    let tidied = tidy(
        "<h1>One</h1><h2 id=\"mine\">A <em>b</em> &amp; c!</h2><h3>One</h3><h5>Deep</h5><h4></h4>",
    );
    let lines: Vec<_> = tidied
        .toc
        .iter()
        .map(|line| (line.level, line.id.as_str(), line.text.as_str()))
        .collect();
    assert_eq!(
        lines,
        [
            (2, "post-one", "One"),
            (2, "post-a-b--c", "A b & c!"),
            (3, "post-one-1", "One")
        ]
    );
    assert!(
        tidied
            .html
            .contains("<h2 id=\"post-a-b--c\">A <em>b</em> &amp; c!</h2>")
    );
    assert!(tidied.html.contains("<h5 id=\"post-deep\">"));
    assert!(tidied.html.contains("<h4 id=\"post-section\"></h4>"));
}

#[test]
fn ids_never_repeat_and_links_within_the_page_follow_them() {
    let tidied = tidy(
        "<p id=x></p><p id=x></p><p id=x-1></p><p id='a b'></p><a href=#x>1</a><a href=#>2</a>",
    );
    assert_eq!(
        tidied.html,
        "<p id=\"post-x\"></p><p id=\"post-x-1\"></p><p id=\"post-x-1-1\"></p><p></p>\
         <a href=\"#post-x\">1</a><a href=\"#\">2</a>"
    );
}

#[test]
fn long_text_is_split_where_it_is_safe() {
    let ampersands = tidy(&"&amp;".repeat(2000)).html;
    assert_eq!(ampersands.matches("<!---->").count(), 2);
    assert_eq!(ampersands.replace("<!---->", ""), "&amp;".repeat(2000));
    assert_eq!(tidy(&"x".repeat(10_000)).html, "x".repeat(10_000));
    assert_eq!(
        tidy(&format!("<a title=\"{}\">b</a>", "&".repeat(9000))).html,
        "<a>b</a>"
    );
}

#[test]
fn every_element_is_on_the_list_for_the_sanitiser() {
    for name in TAGS {
        assert_eq!(element(name).map(|(name, _)| name), Some(name));
    }
    assert_eq!(element("h1"), Some(("h2", Kind::Heading)));
    assert!(TAGS.is_sorted());
}

/// The deepest nesting, and whether every end tag closes the innermost open element.
fn shape(html: &str) -> (usize, bool) {
    let (mut open, mut deepest) = (Vec::new(), 0);
    for token in tokens(html) {
        match token {
            Token::Start { name, .. }
                if !matches!(name.as_str(), "br" | "hr" | "img" | "input" | "wbr") =>
            {
                open.push(name);
                deepest = deepest.max(open.len());
            }
            Token::End(name) if open.pop() != Some(name.clone()) => return (deepest, false),
            _ => {}
        }
    }
    (deepest, open.is_empty())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn any_soup_comes_out_well_nested_and_stays_so(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "<b>", "</b>", "<i>", "</i>", "<a href=x>", "</a>", "<p>", "</p>", "<div>", "</div>", "<h2>",
                "</h2>", "<table>", "</table>", "<tr>", "</tr>", "<td>", "</td>", "<thead>", "<caption>", "<ul>",
                "<li>", "</li>", "</ul>", "text", " ", "<br>", "<hr>", "<!--", "-->", "<script>", "</script>", "<",
                "\"", "<a title='", "&lt;", "\u{e9}", "<svg>", "<pre>", "</pre>", "</summary>", "<summary>",
            ]),
            0..200,
        )
    ) {
        let soup = parts.concat();
        let once = tidy(&soup).html;
        let (deepest, nested) = shape(&once);
        prop_assert!(nested, "{once}");
        prop_assert!(deepest <= MAX_DEPTH);
    }

    #[test]
    fn any_text_at_all_is_survived(soup in "(?s)[<>/=\"'a-d é!\\-\\s]{0,300}") {
        let (_, nested) = shape(&tidy(&soup).html);
        prop_assert!(nested);
    }
}
