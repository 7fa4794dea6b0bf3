//! Every component in every state, on one page: for the eye, and for the tests of markup and accessibility.

use maud::{Markup, html};

use crate::chart::{self, Chart};
use crate::field::{self, Choice};
use crate::table::{self, Direction, FilterBar, Pager, Sorting};
use crate::{
    Card, Change, CheckItem, Dialog, Empty, Menu, Page, Plan, Row, Stat, Tab, TimelineEntry, Tone,
    Trend, art, avatar, badge, banner, brand_avatar, button, card_skeleton, checklist, code_block,
    copy_field, definition_list, dialog_opener, diff, error_card, error_summary, form_section,
    icons, kbd, link, link_button, meter, more_link, no_match, plans, rows, save_bar, segmented,
    skeleton, stepper, submit, tabs, timeline,
};

/// The gallery; the server mounts it at `/_gallery` in development.
#[must_use]
pub fn page() -> Page {
    Page::new("Components")
        .lead("Every part of the kit, in every state.")
        .actions(html! {
            (dialog_opener("Open a dialog", "sample-dialog").icon(icons::LuPanelTop))
            (link_button("New thing", "#").primary().icon(icons::LuPlus).key('c'))
        })
        .body(html! {
            div.grid {
                (section("Buttons and links", 6, &buttons()))
                (section("Badges, people, keys", 6, &badges()))
                (figures())
                (section("Banners", 6, &banners()))
                (Card::new(lists()).title("Rows").note("j and k move").actions(link("Open all", "#")).flush().span(6))
                (Card::new(data_table()).title("Table").flush().span(12))
                (area_chart()) (bar_chart())
                (section("Fields", 6, &fields()))
                (section("Fields with errors", 6, &wrong_fields()))
                (section("Choices", 6, &choices()))
                (section("Steps and history", 6, &steps()))
                (section("Settings form", 12, &settings()))
                (Card::new(empty()).title("Nothing yet").flush().span(6))
                (Card::new(no_match("No post matches these filters.", "#")).title("No match").flush().span(6))
                div.c4 { (card_skeleton("Loading")) }
                div.c4 { (error_card("Failed slot", "#")) }
                (section("Skeleton", 4, &skeleton(3)))
                (section("Text, code and differences", 12, &texts()))
                div.c12 { (offers()) }
            }
            (dialog())
        })
}

fn section(title: &str, columns: u8, body: &Markup) -> Card {
    Card::new(html! { div.stack { (body) } })
        .title(title)
        .span(columns)
}

fn buttons() -> Markup {
    html! {
        div.cluster {
            (submit("Save").primary()) (button("Default")) (button("Quiet").ghost()) (button("Delete").danger())
            (button("Cannot now").disabled(true)) (button("Close").ghost().icon_only(icons::LuX))
        }
        div.cluster {
            (link_button("Upload", "#").icon(icons::LuUpload)) (link_button("Continue", "#").primary().large().icon_end(icons::LuArrowRight))
            (link_button("Not yet", "#").disabled(true)) (link("A link", "#")) (more_link("See all", "#"))
        }
        div.cluster {
            (Menu::with("sample-menu", button("Menu").icon_end(icons::LuChevronDown))
                .link("Edit", "#", icons::LuPencil)
                .post("Duplicate", "#", icons::LuCopy)
                .line()
                .danger("Delete", "#", icons::LuTrash2))
            (Menu::dots("sample-dots", "More actions").link("Open", "#", icons::LuArrowRight).dialog("Rename", "sample-dialog", icons::LuPencil))
            (segmented("View", &[Tab::new("Day", "#", false), Tab::new("Week", "#", true), Tab::new("Month", "#", false).count(4)], None))
        }
        (tabs("Sections", &[Tab::new("Overview", "#", true), Tab::new("Activity", "#", false).count(12), Tab::new("Documents", "#", false)]))
    }
}

fn badges() -> Markup {
    html! {
        div.cluster {
            (badge(Tone::Ok, "Published")) (badge(Tone::Info, "Scheduled")) (badge(Tone::Warn, "Due soon")) (badge(Tone::Bad, "Overdue"))
            (badge(Tone::Neutral, "Draft")) (badge(Tone::Brand, "Featured"))
        }
        div.cluster {
            @for name in ["Mara Lindqvist", "Ines Duarte", "Jonas Weber", "Amara Jude", "Priya Nair", "Theo Marchetti", "Aiko Tanabe", "Lucía Ferrer"] {
                (avatar(name))
            }
            (brand_avatar("Northlight"))
        }
        p.muted { "Search with " (kbd(&["Ctrl", "K"])) ", go home with " (kbd(&["g", "h"])) "." }
        p.cluster { "Storage " (meter("Storage used", 41, 100)) " 41%, nearly full " (meter("Credits used", 95, 100)) " 95%" }
        (definition_list(&[("Plan", html! { "Studio" }), ("Renews", html! { "20 December 2026" }), ("Owner", link("Mara Lindqvist", "#"))]))
    }
}

fn figures() -> Markup {
    html! {
        (Stat::new("Collected in November", "$18,420").trend(Trend::Up, "12.4%").note("vs October").points(&[8, 9, 7, 11, 12, 10, 13, 15, 14, 16]))
        (Stat::new("Outstanding", "$6,420").trend(Trend::Down, "2 overdue").note("$1,350 late").points(&[14, 12, 16, 10, 11, 8, 9, 7, 5, 7]))
        (Stat::new("Visits this week", "1,204").trend(Trend::Flat, "same").note("as last week").points(&[4, 6, 5, 7, 6, 8, 7]).href("#"))
        (Stat::new("Drafts", "4").note("the oldest is 12 days old"))
    }
}

fn banners() -> Markup {
    let action = Some(("Update card".to_owned(), "#".to_owned()));
    html! {
        (banner(Tone::Info, "Your trial ends on 12 December.", Some(&("Choose a plan".to_owned(), "#".to_owned()))))
        (banner(Tone::Ok, "Your domain is connected.", None))
        (banner(Tone::Warn, "The last payment failed. We try again on Monday.", action.as_ref()))
        (banner(Tone::Bad, "This workspace is read-only until the invoice is paid.", action.as_ref()))
        (banner(Tone::Neutral, "Comments are closed for this post.", None))
    }
}

fn lists() -> Markup {
    let row = |name: &str, note: &str, tone, state: &str| {
        Row::new(name)
            .href("#")
            .lead(avatar(name))
            .note(note)
            .end(badge(tone, state))
    };
    html! {
        (rows(&[
            row("Folk Thread", "picked 9 favourites", Tone::Brand, "Proofing"),
            row("Jessica Haslam", "asked for 3 retouches", Tone::Info, "Scheduled"),
            row("Amara Jude", "paid the deposit of $1,200", Tone::Ok, "Paid"),
            Row::new("A row that leads nowhere").note("and has a remark"),
        ]))
        (checklist(&[
            CheckItem { label: "Name your studio".into(), note: "Done yesterday".into(), href: "#".into(), done: true },
            CheckItem { label: "Write the first post".into(), note: "About ten minutes".into(), href: "#".into(), done: false },
        ]))
    }
}

fn data_table() -> Markup {
    let address = |key: &str, direction: Direction| format!("?sort={key}&order={direction:?}");
    let sorting = Sorting {
        by: "title",
        direction: Direction::Ascending,
        region: "sample-rows",
        address: &address,
    };
    let people = [
        (
            "How we light a portrait",
            "light-a-portrait",
            "Mara Lindqvist",
            Tone::Ok,
            "Published",
            "1,204",
            "20 Nov 2026",
        ),
        (
            "Ten minutes with a nervous sitter",
            "nervous-sitter",
            "Ines Duarte",
            Tone::Info,
            "Scheduled",
            "-",
            "24 Nov 2026",
        ),
        (
            "Notes from the autumn lookbook",
            "autumn-lookbook",
            "Jonas Weber",
            Tone::Neutral,
            "Draft",
            "-",
            "12 Nov 2026",
        ),
    ];
    html! {
        (FilterBar::new("#", "sample-rows").search("Title or author", "")
            .filter("status", "Status", &[("", "Any status"), ("draft", "Draft"), ("published", "Published")], "")
            .filter("author", "Author", &[("", "Any author"), ("mara", "Mara Lindqvist")], "")
            .keep("sort", "title").end(html! { (link_button("Export CSV", "#").icon(icons::LuDownload)) }))
        (table::bulk_bar("sample-bulk", &html! { (submit("Publish")) (submit("Delete").danger()) }))
        div #sample-rows {
            (table::table("Posts", &html! {
                (table::select_head()) (sorting.head("title", "Title")) (table::head("Status")) (table::head("Author"))
                (sorting.number_head("views", "Views")) (sorting.head("date", "Date")) (table::hidden_head("Actions"))
            }, &html! {
                @for (at, (title, slug, author, tone, state, views, day)) in people.iter().enumerate() {
                    tr {
                        (table::select_cell(slug, title, "sample-bulk"))
                        (table::name_cell(&avatar(author), title, "#", &format!("/blog/{slug}")))
                        td { (badge(*tone, state)) } td { (author) } td.number { (views) } td { (day) }
                        td { (Menu::dots(format!("sample-row-{at}"), format!("Actions for {title}")).link("Edit", "#", icons::LuPencil).danger("Delete", "#", icons::LuTrash2)) }
                    }
                }
            }))
            (Pager { summary: "1–3 of 28".into(), previous: None, next: Some("?after=x".into()), region: "sample-rows".into() })
        }
    }
}

const MONTHS: [&str; 12] = [
    "Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
];
const THIS_YEAR: [i64; 12] = [
    9_800, 10_300, 9_200, 12_100, 13_900, 14_700, 17_200, 15_800, 13_900, 16_600, 16_400, 18_420,
];
const LAST_YEAR: [i64; 12] = [
    8_100, 7_600, 8_500, 9_300, 11_100, 12_400, 13_900, 14_100, 11_800, 13_000, 14_000, 13_700,
];

fn area_chart() -> Card {
    let chart = Chart {
        id: "sample-area",
        title: "Paid invoices over twelve months",
        axis: "Month",
        labels: &MONTHS,
        series: ("2026", &THIS_YEAR),
        compare: Some(("2025", &LAST_YEAR)),
        format: &|value| format!("${}.{}k", value / 1_000, value % 1_000 / 100),
    };
    Card::new(chart::area(&chart))
        .title("Revenue")
        .note("paid invoices, 12 months")
        .actions(chart::legend("2026", Some("2025")))
        .span(8)
}

fn bar_chart() -> Card {
    let chart = Chart {
        id: "sample-bars",
        title: "Visits in the last week",
        axis: "Day",
        labels: &["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
        series: ("Visits", &[120, 180, 90, 240, 310, 150, 60]),
        compare: None,
        format: &|value| value.to_string(),
    };
    Card::new(chart::bars(&chart))
        .title("Visits")
        .note("last 7 days")
        .span(4)
}

fn fields() -> Markup {
    html! { form.stack {
        (field::text("name", "Studio name").value("Northlight Studio").autocomplete("organization").required())
        (field::slug("address", "Studio address").value("northlight").suffix(".atelier.app").suggest_from("name").good("northlight.atelier.app is free."))
        (field::email("email", "E-mail").placeholder("you@studio.com").help("Clients answer to this address."))
        (field::password("password", "Password").autocomplete("new-password").help("At least 12 characters."))
        (field::money("price", "Price", "$").value("49.00"))
        (field::select("zone", "Time zone", vec![Choice::new("la", "Los Angeles"), Choice::new("berlin", "Berlin")]).value("berlin"))
        (field::date_time("publish_at", "Publish at").value("2026-11-24T09:00").help("Berlin time."))
        (field::textarea("excerpt", "Excerpt", 3).optional().value("Light, distance, and the first five minutes."))
        (field::file("cover", "Cover picture", "image/*").help("JPEG, PNG or WebP up to 20 MB."))
        (field::colour("brand", "Brand colour").value("#c2410c"))
        (field::text("fixed", "Cannot be changed").value("Set by your plan").disabled(true))
    } }
}

fn wrong_fields() -> Markup {
    let errors = [
        kernel::FieldError::new("title2", "required", "Give the post a title."),
        kernel::FieldError::new("slug2", "taken", "Another post has this address."),
        kernel::FieldError::new(
            "body2",
            "too_long",
            "Shorten the text to 100,000 characters.",
        ),
        kernel::FieldError::new("kind2", "required", "Choose what you do."),
    ];
    html! {
        (error_summary(&errors))
        (field::text("title2", "Title").help("Replaced by the error.").errors(&errors))
        (field::slug("slug2", "Address").value("how-we-light").errors(&errors).extra(html! {
            div.cluster { @for free in ["how-we-light-2", "lighting"] { button.chip type="button" data-fill="f-slug2" data-value=(free) { (free) } } }
        }))
        (field::textarea("body2", "Text", 4).errors(&errors).mono())
        (field::radio_cards("kind2", "What do you do?", vec![Choice::new("photo", "Photography").icon(icons::LuCamera), Choice::new("music", "Music lessons").icon(icons::LuMusic)]).errors(&errors))
        (field::checkbox("terms2", "I accept the terms", false).error("Accept the terms to continue."))
    }
}

fn choices() -> Markup {
    html! {
        (field::radio_cards("kind", "What do you do?", vec![
            Choice::new("photo", "Photography").icon(icons::LuCamera),
            Choice::new("music", "Music lessons").icon(icons::LuMusic),
            Choice::new("blog", "Something else").icon(icons::LuSparkles),
        ]).value("photo"))
        (field::radio_cards("visibility", "Who can read it?", vec![
            Choice::new("public", "Everybody").note("Listed on the website and in the feed."),
            Choice::new("unlisted", "With the link").note("Not listed anywhere."),
        ]).value("public"))
        (field::checkbox("comments", "Allow comments", true).help("Comments are shown after you approve them."))
        (field::checkbox("pin", "Pin to the top", false))
        (field::switch("newsletter", "Send to subscribers", true))
        (field::switch("feed", "Full text in the feed", false))
    }
}

fn steps() -> Markup {
    html! {
        (stepper("Sign-up", &["Studio", "Verify", "Plan", "Done"], 2))
        (timeline(&[
            TimelineEntry { icon: icons::LuSend, text: html! { strong { "Mara Lindqvist" } " published the post" }, when: "20 Nov 2026, 9:12".into(), detail: html! {} },
            TimelineEntry { icon: icons::LuPencil, text: html! { strong { "Ines Duarte" } " changed the title" }, when: "19 Nov 2026, 17:40".into(), detail: diff("Change of the title", &[Change::Same("How we ".into()), Change::Deleted("shoot".into()), Change::Inserted("light".into()), Change::Same(" a portrait".into())]) },
            TimelineEntry { icon: icons::LuPlus, text: html! { strong { "Ines Duarte" } " began the draft" }, when: "12 Nov 2026, 11:05".into(), detail: html! {} },
        ]))
        (copy_field("sample-key", "Secret key", "at_live_4f9c0b2e8d17"))
    }
}

fn settings() -> Markup {
    html! {
        form method="post" action="#" data-dirty {
            (form_section("Identity", "Shown to clients on your website, in e-mails and on invoices.", &html! {
                (field::text("display", "Display name").value("Northlight Studio"))
                (field::url("website", "Website").value("https://northlight.example").optional())
            }))
            (form_section("Reading", "How the public pages look.", &html! {
                (field::number("per_page", "Posts on a page").value("12").min("1").max("50"))
            }))
            (save_bar("Save changes"))
        }
    }
}

fn empty() -> Markup {
    html! {
        (Empty::new(icons::LuNewspaper, "No posts yet", "Posts appear on your website and in the feed the moment you publish them.")
            .action(link_button("Write the first post", "#").primary().icon(icons::LuPlus)))
    }
}

fn texts() -> Markup {
    html! {
        (code_block("curl -H 'Authorization: Bearer at_live_…' \\\n  https://northlight.atelier.app/api/v1/blog/posts"))
        (diff("Changes of the text", &[
            Change::Same("Bring the light ".into()), Change::Deleted("near".into()), Change::Inserted("closer than feels right".into()),
            Change::Same(", then take half a step back.".into()), Change::Inserted(" The falloff does the rest.".into()),
        ]))
        div.columns { @for seed in [0, 1, 3] { div.art style="block-size:160px" { (art::panorama(seed)) } } }
    }
}

fn offers() -> Markup {
    let plan = |name: &str, text: &str, price: &str, features: &[&str], mark: Option<&str>| Plan {
        name: name.into(),
        text: text.into(),
        price: price.into(),
        period: "per month".into(),
        features: features
            .iter()
            .map(|feature| (*feature).to_owned())
            .collect(),
        action: if mark.is_some() {
            html! { (link_button("Choose Studio", "#").primary().full()) }
        } else {
            html! { (link_button(format!("Choose {name}"), "#").full()) }
        },
        mark: mark.map(ToOwned::to_owned),
    };
    html! {
        h2 style="margin-block-end:16px" { "Plans" }
        (plans(&[
            plan("Solo", "One person and a website.", "$19", &["1 seat", "Website and blog", "10 GB"], None),
            plan("Studio", "A small team with clients.", "$49", &["5 seats", "Your own domain", "100 GB"], Some("Most chosen")),
            plan("Agency", "Several teams, many clients.", "$149", &["25 seats", "Roles and audit log", "1 TB"], None),
        ]))
    }
}

fn dialog() -> Dialog {
    Dialog::new(
        "sample-dialog",
        "Delete this post?",
        html! {
            p { "The post and its 12 comments leave the website at once. You can undo this for 30 days." }
            (field::text("confirm", "Type the title to confirm"))
        },
    )
    .form("#")
    .actions(submit("Delete").danger())
}
