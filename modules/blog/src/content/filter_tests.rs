use proptest::prelude::*;

use super::*;

fn now() -> Timestamp {
    "2026-03-31T12:00:00Z".parse().unwrap()
}

fn path(text: &str) -> String {
    Filter::read(text, now())
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .path
}

fn refusal(text: &str) -> String {
    let error = Filter::read(text, now()).expect_err(text);
    assert_eq!(error.code(), "invalid_filter", "{text}");
    error.to_string()
}

#[test]
fn a_filter_becomes_a_path_over_the_facts_of_a_post() {
    for (text, expected) in [
        ("featured:true", "($.featured == true)"),
        ("featured:-true", "!($.featured == true)"),
        ("tag:news", "($.tags[*][*] == \"news\")"),
        ("primary_tag:news", "($.tags[0][*] == \"news\")"),
        ("authors:-ana", "!($.authors[*][*] == \"ana\")"),
        ("tag:null", "(!exists($.tags[*][*]))"),
        (
            "series:[a,'b c']",
            "($.series[*][*] == \"a\" || $.series[*][*] == \"b c\")",
        ),
        (
            "featured:true+slug:a,slug:b",
            "((($.featured == true) && ($.slug == \"a\")) || ($.slug == \"b\"))",
        ),
        (
            "title:~'50% \"off\"?'",
            "($.title like_regex \"50\\\\% \\\\\\\"off\\\\\\\"\\\\?\" flag \"i\")",
        ),
        ("title:~^Hi", "($.title like_regex \"^Hi\" flag \"i\")"),
        (
            "title:-~$'.'",
            "!($.title like_regex \"\\\\.$\" flag \"i\")",
        ),
    ] {
        assert_eq!(path(text), expected, "{text}");
    }
}

#[test]
fn plus_signs_and_spaces_are_the_same_and_say_and() {
    let plain = path("featured:true+tag:a+tag:b");
    for text in [
        "featured:true tag:a tag:b",
        "featured:true + tag:a  +tag:b",
        " featured:true+tag:a tag:b ",
    ] {
        assert_eq!(path(text), plain, "{text}");
    }
}

#[test]
fn instants_are_days_instants_and_spans_before_now() {
    for (text, expected) in [
        ("2026-03-01", "2026-03-01T00:00:00Z"),
        ("2026-03-01T09:30:00Z", "2026-03-01T09:30:00Z"),
        ("2026-03-01T09:30:00.25Z", "2026-03-01T09:30:00.25Z"),
        ("'2026-03-01 09:30:00'", "2026-03-01T09:30:00Z"),
        ("'2026-03-01T09:30:00+02:00'", "2026-03-01T07:30:00Z"),
        ("now", "2026-03-31T12:00:00Z"),
        ("now-36h", "2026-03-30T00:00:00Z"),
        ("now-7d", "2026-03-24T12:00:00Z"),
        // February has no 31st.
        ("now-1M", "2026-02-28T12:00:00Z"),
        ("'now+1y'", "2027-03-31T12:00:00Z"),
    ] {
        let at: Timestamp = expected.parse().unwrap();
        let path = path(&format!("published_at:>={text}"));
        let micros = at.as_microseconds();
        assert_eq!(path, format!("($.published_at >= {micros})"), "{text}");
    }
    for text in [
        "soon",
        "now-",
        "now-x",
        "now-7",
        "now-9999999d",
        "now-7é",
        "2026-02-30",
    ] {
        refusal(&format!("published_at:<{text}"));
    }
}

#[test]
fn only_facts_that_are_asked_for_are_looked_up() {
    let facts = |text| Filter::read(text, now()).unwrap().facts;
    assert!(facts("featured:true+title:~a").is_empty());
    assert_eq!(facts("tag:a+primary_tag:b,author:c"), ["tags", "authors"]);
    assert_eq!(facts("series:a"), ["series"]);
}

#[test]
fn what_cannot_be_read_is_refused_with_the_place() {
    for (text, said) in [
        ("", "At letter 1 there is the end where the name of a field"),
        ("featured", "At letter 9 there is the end where a colon"),
        ("featured:", "At letter 10 there is the end where a value"),
        (
            "featured:yes",
            "\"yes\" is not what featured is held against",
        ),
        ("featured:>true", "featured is neither more nor less"),
        ("visibility:public", "\"visibility\" is not a field"),
        ("id:7", "\"7\" is not what id is held against"),
        ("(featured:true", "a closing bracket belongs"),
        ("featured:true)", "there is \")\""),
        ("tag:[a", "a comma or a closing bracket"),
        ("tag:[]", "there is \"]\" where a value"),
        ("title:'é", "The quote at letter 8 has no end"),
        ("title:~", "a value belongs"),
        ("id:~a", "id has no parts"),
        ("published_at:>null", "Nothing is more or less than null"),
        ("title:'\0'", "no U+0000"),
        ("title:-<a", "there is \"<\""),
        ("((((((featured:true))))))", "5 times at most"),
    ] {
        let refusal = refusal(text);
        assert!(refusal.contains(said), "{text}: {refusal}");
    }
    let many = vec!["featured:true"; 21].join("+");
    assert!(refusal(&many).contains("20 things"));
    assert!(refusal(&format!("title:'{}'", "x".repeat(LONGEST))).contains("2000 bytes"));
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "[\\PC]{0,60}", signs in "[a-z:,+()\\[\\]'\\\\~^$<>=\\- ]{0,60}") {
        _ = Filter::read(&text, now());
        _ = Filter::read(&signs, now());
        _ = Filter::read(&format!("title:{signs}"), now());
    }

    #[test]
    fn text_in_quotes_stays_what_it_is(text in "[^\\x00]{0,40}") {
        let quoted = text.replace('\\', "\\\\").replace('\'', "\\'");
        let filter = Filter::read(&format!("slug:'{quoted}'"), now()).unwrap();
        let json = filter.path.strip_prefix("($.slug == ").unwrap().strip_suffix(")").unwrap();
        prop_assert_eq!(serde_json::from_str::<String>(json).unwrap(), text);
    }
}
