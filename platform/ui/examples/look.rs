//! Serves the gallery and one page of each layout, to look at: `cargo run -p ui --example look -- 4700`.
//!
//! Names and figures are invented.

use std::path::Path;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use maud::{Markup, Render, html};
use ui::chart::{self, Chart};
use ui::field::{self, Choice};
use ui::table::{self, Direction, FilterBar, Pager, Sorting};
use ui::{
    Assets, Card, Flash, Frame, KIT, Layout, Link, Menu, NavGroup, NavItem, Notice, Page,
    PaletteAction, Person, Plan, Row, SearchHit, Stat, Tone, Trend, Workspace, art, avatar, badge,
    error_summary, form_section, icons, link_button, more_link, plans, rows, save_bar, shell,
    submit,
};

#[tokio::main]
async fn main() {
    let port = std::env::args()
        .nth(1)
        .and_then(|port| port.parse::<u16>().ok())
        .unwrap_or(4700);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let assets = Arc::new(Assets::new(&[KIT], Some(&root)));
    let app = Router::new()
        .route("/_gallery", get(async || ui::gallery::page()))
        .route("/app", get(async || overview()))
        .route("/app/blog/posts", get(async || posts()))
        .route(
            "/app/settings",
            get(async || settings()).post(async || settings()),
        )
        .route("/signup", get(async || sign_up()))
        .route("/login", get(async || log_in()))
        .route("/missing", get(async || missing()))
        .route("/", get(async || home()))
        .route("/blog", get(async || blog()))
        .route("/blog/light-a-portrait", get(async || post()))
        .route(
            "/app/search.json",
            get(async || {
                Json([SearchHit::new(
                    "How we light a portrait",
                    "/app/blog/posts",
                    "Post",
                )])
            }),
        )
        .route(
            "/_t/theme.css",
            get(async || {
                (
                    [(header::CONTENT_TYPE, "text/css")],
                    ui::color::theme_css("#c2410c"),
                )
            }),
        )
        .layer(middleware::from_fn_with_state(Arc::clone(&assets), draw))
        .merge(assets.router());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port))
        .await
        .expect("the port is free");
    println!("http://127.0.0.1:{port}/_gallery");
    axum::serve(listener, app).await.expect("the server runs");
}

/// What the server's middleware does: takes the page out of the response and draws the frame around it.
async fn draw(State(assets): State<Arc<Assets>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let region = request.headers().contains_key("x-region");
    let response = next.run(request).await;
    let Some(ui::Rendered(page)) = response.extensions().get::<ui::Rendered>().cloned() else {
        return response;
    };
    let frame = frame(assets, path);
    let markup = if region {
        shell::region(&frame, &page)
    } else {
        shell::document(&frame, &page)
    };
    let policy = "default-src 'self'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:";
    let rules = [
        ("content-security-policy", policy.to_owned()),
        ("speculation-rules", shell::speculation_rules(&frame)),
    ];
    (page.status, rules, markup).into_response()
}

fn frame(assets: Arc<Assets>, path: String) -> Frame {
    let staff = path.starts_with("/app") || path == "/_gallery";
    let tenant = staff || path.starts_with("/blog");
    let layout = if staff {
        Layout::App
    } else if tenant {
        Layout::Site
    } else {
        Layout::Marketing
    };
    let mut frame = Frame::new(
        assets,
        layout,
        if tenant {
            "Northlight Studio"
        } else {
            "Atelier"
        },
    );
    frame.path = path;
    frame.colophon = Some("© 2026".into());
    if tenant {
        frame.theme_css = Some("/_t/theme.css".into());
        frame.links = vec![
            Link::new("Work", "#"),
            Link::new("Journal", "/blog"),
            Link::new("Contact", "#"),
        ];
        frame.footer_links = vec![
            (
                "Studio".into(),
                vec![
                    Link::new("Work", "#"),
                    Link::new("Prices", "#"),
                    Link::new("Contact", "#"),
                ],
            ),
            (
                "Journal".into(),
                vec![Link::new("All posts", "/blog"), Link::new("Feed", "#")],
            ),
            ("Elsewhere".into(), vec![Link::new("Instagram", "#")]),
        ];
    } else {
        frame.links = vec![
            Link::new("Product", "#"),
            Link::new("Pricing", "#pricing"),
            Link::new("Help", "#"),
        ];
        frame.footer_links = vec![
            (
                "Product".into(),
                vec![
                    Link::new("Photo studio", "#"),
                    Link::new("Music lessons", "#"),
                    Link::new("Website and blog", "#"),
                ],
            ),
            (
                "Company".into(),
                vec![Link::new("About", "#"), Link::new("Status", "#")],
            ),
            (
                "Legal".into(),
                vec![Link::new("Terms", "#"), Link::new("Privacy", "#")],
            ),
        ];
    }
    if staff {
        staff_frame(&mut frame);
    }
    frame
}

fn staff_frame(frame: &mut Frame) {
    frame.host = "northlight.atelier.app".into();
    frame.home = "/app".into();
    frame.search = Some("/app/search.json".into());
    frame.inbox = Some(("#".into(), 3));
    frame.person = Some(Person {
        name: "Mara Lindqvist".into(),
        role: "Owner".into(),
        href: "#".into(),
        sign_out: "#".into(),
    });
    frame.workspaces = vec![
        Workspace {
            name: "Northlight Studio".into(),
            href: "/app".into(),
            current: true,
        },
        Workspace {
            name: "Clef & Co. Music".into(),
            href: "#".into(),
            current: false,
        },
    ];
    frame.new_workspace = Some("/signup".into());
    frame.core = vec![
        NavItem::new("Home", "/app", icons::LuHouse).go('h').tab(),
        NavItem::new("Inbox", "/app/inbox", icons::LuInbox)
            .count(3)
            .go('i')
            .tab(),
        NavItem::new("People", "/app/people", icons::LuUsers).go('p'),
    ];
    frame.modules = vec![
        NavGroup {
            title: "Website & blog".into(),
            icon: icons::LuGlobe,
            items: vec![
                NavItem::new("Posts", "/app/blog/posts", icons::LuNewspaper).tab(),
                NavItem::new("Comments", "/app/blog/comments", icons::LuMessageSquare)
                    .count(4)
                    .tab(),
                NavItem::new("Categories", "/app/blog/categories", icons::LuFolder),
                NavItem::new("Components", "/_gallery", icons::LuShapes),
            ],
        },
        NavGroup {
            title: "Music lessons".into(),
            icon: icons::LuMusic,
            items: vec![NavItem::new(
                "Schedule",
                "/app/music",
                icons::LuCalendarDays,
            )],
        },
    ];
    frame.footer = vec![
        NavItem::new("Billing", "/app/billing", icons::LuCreditCard),
        NavItem::new("Settings", "/app/settings", icons::LuSettings),
    ];
    frame.actions = vec![PaletteAction {
        label: "New post".into(),
        href: "#".into(),
        icon: icons::LuPlus,
    }];
    if frame.path == "/app/settings" {
        frame.notice = Some(Notice {
            tone: Tone::Warn,
            text: "The last payment failed. We try again on Monday.".into(),
            action: Some(("Update card".into(), "#".into())),
        });
    }
    if frame.path == "/app/blog/posts" {
        frame.flash = Some(Flash {
            text: "Post moved to the bin".into(),
            undo: Some("#".into()),
        });
    }
}

fn overview() -> Page {
    let months = [
        "Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
    ];
    let chart = Chart {
        id: "visits",
        title: "Visits over twelve months",
        axis: "Month",
        labels: &months,
        series: (
            "2026",
            &[
                9_800, 10_300, 9_200, 12_100, 13_900, 14_700, 17_200, 15_800, 13_900, 16_600,
                16_400, 18_420,
            ],
        ),
        compare: Some((
            "2025",
            &[
                8_100, 7_600, 8_500, 9_300, 11_100, 12_400, 13_900, 14_100, 11_800, 13_000, 14_000,
                13_700,
            ],
        )),
        format: &|value| {
            if value % 1_000 == 0 {
                format!("{}k", value / 1_000)
            } else {
                format!("{}.{}k", value / 1_000, value % 1_000 / 100)
            }
        },
    };
    let due = |name: &str, note: &str, tone, state: &str| {
        Row::new(name)
            .href("#")
            .note(note)
            .lead(avatar(name))
            .end(badge(tone, state))
    };
    Page::new("Home")
        .lead("Two posts go out this week. Four comments wait for you.")
        .actions(html! { (link_button("Upload", "#").icon(icons::LuUpload)) (link_button("New post", "#").primary().icon(icons::LuPlus).key('c')) })
        .body(html! {
            div.grid {
                (Stat::new("Visits in November", "18,420").trend(Trend::Up, "12.4%").note("vs October").points(&[8, 9, 7, 11, 12, 10, 13, 15, 14, 16]))
                (Stat::new("Subscribers", "1,204").trend(Trend::Up, "31").note("this month").points(&[4, 5, 5, 6, 7, 7, 9, 10]))
                (Stat::new("Comments to read", "4").note("the oldest from Tuesday").points(&[2, 4, 1, 3, 5, 2, 4]))
                (Stat::new("Drafts", "3").trend(Trend::Flat, "same").note("as last week").points(&[3, 4, 2, 3, 3]))
                (Card::new(rows(&[
                    due("How we light a portrait", "Mara Lindqvist · Thursday, 9:00", Tone::Info, "Scheduled"),
                    due("Ten minutes with a nervous sitter", "Ines Duarte · Friday, 9:00", Tone::Info, "Scheduled"),
                    due("Notes from the autumn lookbook", "Jonas Weber · edited yesterday", Tone::Neutral, "Draft"),
                    due("Prices for 2027", "Mara Lindqvist · edited on Monday", Tone::Brand, "In review"),
                ])).title("Going out").note("Thursday 20 November").actions(more_link("All posts", "/app/blog/posts")).flush().span(7))
                (Card::new(rows(&[
                    Row::new("Folk Thread").lead(avatar("Folk Thread")).note("commented on Autumn light").end(html! { "12 min" }),
                    Row::new("Jessica Haslam").lead(avatar("Jessica Haslam")).note("subscribed").end(html! { "1 h" }),
                    Row::new("Amara Jude").lead(avatar("Amara Jude")).note("commented on Prices").end(html! { "3 h" }),
                    Row::new("Pacific Legal").lead(avatar("Pacific Legal")).note("sent a message").end(html! { "5 h" }),
                ])).title("Activity").flush().span(5))
                (Card::new(chart::area(&chart)).title("Visits").note("12 months").actions(chart::legend("2026", Some("2025"))).span(12))
            }
        })
}

fn posts() -> Page {
    let address =
        |key: &str, direction: Direction| format!("/app/blog/posts?sort={key}&order={direction:?}");
    let sorting = Sorting {
        by: "date",
        direction: Direction::Descending,
        region: "posts",
        address: &address,
    };
    let list = [
        (
            "How we light a portrait",
            "light-a-portrait",
            "Mara Lindqvist",
            Tone::Info,
            "Scheduled",
            "-",
            "24 Nov 2026",
        ),
        (
            "Ten minutes with a nervous sitter",
            "nervous-sitter",
            "Ines Duarte",
            Tone::Ok,
            "Published",
            "1,204",
            "20 Nov 2026",
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
        (
            "Why we stopped retouching skin",
            "retouching-skin",
            "Mara Lindqvist",
            Tone::Ok,
            "Published",
            "18,420",
            "3 Nov 2026",
        ),
        (
            "Prices for 2027",
            "prices-2027",
            "Mara Lindqvist",
            Tone::Brand,
            "In review",
            "-",
            "1 Nov 2026",
        ),
        (
            "Studio A gets a north window",
            "north-window",
            "Theo Marchetti",
            Tone::Ok,
            "Published",
            "842",
            "22 Oct 2026",
        ),
        (
            "Packing for a wedding in the hills",
            "packing",
            "Ines Duarte",
            Tone::Ok,
            "Published",
            "2,310",
            "14 Oct 2026",
        ),
        (
            "Our Black Friday print sale",
            "print-sale",
            "Jonas Weber",
            Tone::Bad,
            "Failed",
            "-",
            "9 Oct 2026",
        ),
    ];
    Page::new("Posts").lead("What you publish on your website.").crumb("Website & blog", "/app/blog/posts").wide()
        .actions(html! { (link_button("Import", "#").icon(icons::LuDownload)) (link_button("New post", "#").primary().icon(icons::LuPlus).key('c')) })
        .body(Card::new(html! {
            (FilterBar::new("/app/blog/posts", "posts").search("Title or author", "")
                .filter("status", "Status", &[("", "Any status"), ("draft", "Draft"), ("published", "Published")], "")
                .filter("category", "Category", &[("", "Any category"), ("light", "Light")], ""))
            (table::bulk_bar("bulk", &html! { (submit("Publish")) (submit("Delete").danger()) }))
            div #posts {
                (table::table("Posts", &html! {
                    (table::select_head()) (sorting.head("title", "Title")) (table::head("Status")) (table::head("Author"))
                    (sorting.number_head("views", "Views")) (sorting.head("date", "Date")) (table::hidden_head("Actions"))
                }, &html! {
                    @for (at, (title, slug, author, tone, state, views, day)) in list.iter().enumerate() {
                        tr {
                            (table::select_cell(slug, title, "bulk")) (table::name_cell(&avatar(author), title, "#", &format!("/blog/{slug}")))
                            td { (badge(*tone, state)) } td { (author) } td.number { (views) } td { (day) }
                            td { (Menu::dots(format!("row-{at}"), format!("Actions for {title}")).link("Edit", "#", icons::LuPencil).link("View", "#", icons::LuEye).line().danger("Delete", "#", icons::LuTrash2)) }
                        }
                    }
                }))
                (Pager { summary: "1–8 of 28".into(), previous: None, next: Some("/app/blog/posts?after=x".into()), region: "posts".into() })
            }
        }).flush().render())
}

fn settings() -> Page {
    let errors = [
        kernel::FieldError::new("name", "required", "Give the workspace a name."),
        kernel::FieldError::new(
            "slug",
            "taken",
            "northlight.atelier.app belongs to another studio.",
        ),
    ];
    Page::new("Settings").lead("How your workspace appears to clients.").narrow().status(StatusCode::UNPROCESSABLE_ENTITY).body(html! {
        (error_summary(&errors))
        form #settings method="post" action="/app/settings" data-dirty data-send="settings" novalidate {
            (form_section("Identity", "Shown on your website, in e-mails and on invoices.", &html! {
                (field::text("name", "Name").errors(&errors).required())
                (field::slug("slug", "Address").value("northlight").suffix(".atelier.app").errors(&errors))
                (field::textarea("about", "About", 3).optional().help("One or two sentences for search engines."))
            }))
            (form_section("Look", "Contrast is corrected for you where a colour would be hard to read.", &html! {
                (field::colour("brand", "Brand colour").value("#c2410c"))
                (field::switch("dark", "Offer a dark appearance", true))
            }))
            (form_section("Comments", "", &html! {
                (field::radio_cards("moderation", "Who sees a new comment?", vec![
                    Choice::new("all", "Everybody, at once").note("You remove what does not belong."),
                    Choice::new("approved", "You first").note("It appears when you approve it."),
                ]).value("approved"))
            }))
            (save_bar("Save changes"))
        }
    })
}

fn sign_up() -> Page {
    Page::new("Run the studio, not the paperwork").document_title("Create your studio").layout(Layout::Split)
        .lead("Bookings, proofing, invoices and your website in one calm place. Free for 21 days, no card needed.")
        .art(html! {
            div.art {
                (art::landscape(12))
                div.art-caption {
                    div { (avatar("Lena Tom")) span { b { "Golden hour, engagement" } small { "Thu 20 Nov, 3:00 pm · El Matador Beach" } } (badge(Tone::Ok, "Deposit paid")) }
                    div { (avatar("Folk Thread")) span { b { "Autumn lookbook" } small { "9 favourites picked, 12 left to review" } } (badge(Tone::Brand, "Proofing")) }
                }
            }
        })
        .body(html! {
            form.stack method="post" action="/signup" novalidate {
                (field::radio_cards("kind", "What do you do?", vec![
                    Choice::new("photo", "Photography").icon(icons::LuCamera), Choice::new("music", "Music lessons").icon(icons::LuMusic),
                    Choice::new("other", "Something else").icon(icons::LuSparkles),
                ]).value("photo"))
                (field::text("studio", "Studio name").value("Halden").large().autocomplete("organization"))
                (field::slug("slug", "Studio address").value("halden").suffix(".atelier.app").large().suggest_from("studio").error("halden.atelier.app is taken.")
                    .extra(html! { div.cluster { @for free in ["halden-photo", "halden-studio", "halden-la"] { button.chip type="button" data-fill="f-slug" data-value=(free) { (free) } } } }))
                (field::email("email", "Work e-mail").placeholder("you@studio.com").large())
                (submit("Create studio").primary().large().full().icon_end(icons::LuArrowRight))
                p.fine { "By continuing you accept the " (ui::link("terms", "#")) " and the " (ui::link("privacy notice", "#")) ". Already here? " (ui::link("Sign in", "/login")) }
            }
        })
}

fn log_in() -> Page {
    Page::new("Welcome back").document_title("Log in").layout(Layout::Bare).lead("Log in to your workspaces.").body(html! {
        form.stack method="post" action="/login" {
            (error_summary(&[kernel::FieldError::new("", "invalid", "E-mail or password is not right.")]))
            (field::email("email", "E-mail").large().autofocus())
            (field::password("password", "Password").autocomplete("current-password").large())
            (submit("Log in").primary().large().full())
            p.fine { "New here? " (ui::link("Create a studio", "/signup")) }
        }
    })
}

fn missing() -> Page {
    Page::new("This page does not exist")
        .layout(Layout::Bare)
        .status(StatusCode::NOT_FOUND)
        .lead("The address may be mistyped, or the page was moved.")
        .body(html! { (link_button("Go to the start", "/").icon(icons::LuHouse)) })
}

fn home() -> Page {
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
            html! { (link_button("Start free", "/signup").primary().full()) }
        } else {
            html! { (link_button("Start free", "/signup").full()) }
        },
        mark: mark.map(ToOwned::to_owned),
    };
    let feature = |icon, title: &str, text: &str| html! { div { (ui::icon_sized(icon, 20)) h3 { (title) } p { (text) } } };
    Page::new("Run the studio, not the paperwork").own_heading().body(html! {
        section.hero {
            div {
                h1 { "Run the studio, not the paperwork" }
                p.lead { "Bookings, proofing, lessons, invoices and your website in one calm place, under your own name." }
                div.cluster { (link_button("Start free", "/signup").primary().large().icon_end(icons::LuArrowRight)) (link_button("See a demo", "/blog").large()) }
                p.fine { "21 days free. No card needed." }
            }
            div.art { (art::landscape(6)) }
        }
        section.band {
            h2 { "Three tools that know each other" }
            p { "Take one or all. Clients, calendar, files and money are shared, so nothing is typed twice." }
            div.features {
                (feature(icons::LuCamera, "Photo studio", "From the first request to the delivered gallery: sessions, proofing, retouching notes, invoices."))
                (feature(icons::LuMusic, "Music lessons", "Schedules that survive holidays, attendance in two taps, practice that parents can see."))
                (feature(icons::LuGlobe, "Website and blog", "Your own address, your own colours, and posts that read as well as they look."))
            }
        }
        section.band #pricing {
            h2 { "Prices without surprises" }
            p { "Change or cancel at any time. Your data stays yours." }
            (plans(&[
                plan("Solo", "One person and a website.", "$19", &["1 seat", "Website and blog", "10 GB"], None),
                plan("Studio", "A small team with clients.", "$49", &["5 seats", "Your own domain", "100 GB"], Some("Most chosen")),
                plan("Agency", "Several teams, many clients.", "$149", &["25 seats", "Roles and audit log", "1 TB"], None),
            ]))
        }
    })
}

fn blog() -> Page {
    let card = |seed: u32, title: &str, text: &str, meta: &str| {
        html! {
            article { div.art { (art::panorama(seed)) } h2 { a href="/blog/light-a-portrait" { (title) } } p { (text) } small { (meta) } }
        }
    };
    Page::new("Journal").lead("Notes on light, people and the work between.").body(html! {
        div.post-list {
            (card(0, "How we light a portrait", "One window, one reflector, and the patience to move both by a hand's width.", "20 November 2026 · 6 min"))
            (card(1, "Ten minutes with a nervous sitter", "What to say, what to leave out, and when to put the camera down.", "12 November 2026 · 4 min"))
            (card(2, "Notes from the autumn lookbook", "Three days, forty looks and a fog machine that would not stop.", "3 November 2026 · 8 min"))
            (card(3, "Studio A gets a north window", "The wall is gone, the light is here to stay.", "22 October 2026 · 3 min"))
        }
    })
}

fn post() -> Page {
    Page::new("How we light a portrait").own_heading()
        .head(html! { link rel="alternate" type="application/atom+xml" title="Journal" href="/feed.xml"; meta property="og:type" content="article"; })
        .body(html! {
            article {
                header.post-head {
                    h1 { "How we light a portrait" }
                    p.lead { "One window, one reflector, and the patience to move both by a hand's width." }
                    div.post-meta { (avatar("Mara Lindqvist")) strong { "Mara Lindqvist" } span { "20 November 2026" } span { "6 min read" } }
                }
                figure.post-cover { div.art { (art::panorama(7)) } figcaption { "Studio A, a little after nine." } }
                div.prose.reading { (prose()) }
                div.reading style="margin-block-start:40px" { div.tags { @for tag in ["Light", "Portraits", "Studio"] { a href="#" { (tag) } } } }
            }
            section.comments aria-labelledby="comments-title" {
                h2 #comments-title { "2 comments" }
                ol {
                    li { article.comment { (avatar("Folk Thread")) header { strong { "Folk Thread" } small { "21 Nov 2026" } } p { "The half step back changed everything for us. Thank you." } }
                        ol { li { article.comment { (avatar("Mara Lindqvist")) header { strong { "Mara Lindqvist" } small { "21 Nov 2026" } } p { "It is the cheapest modifier we own." } } } }
                    }
                }
                form.stack method="post" action="#" {
                    (field::text("author", "Name").autocomplete("name").required()) (field::email("email", "E-mail").help("Not shown."))
                    (field::textarea("comment", "Comment", 4).required()) div { (submit("Send comment").primary()) }
                }
            }
        })
}

fn prose() -> Markup {
    html! {
        p { "Most people arrive at the studio braced for a wall of lamps. There is one window. It faces north, it is three metres wide, and on a grey morning it does more for a face than anything we could " a href="#" { "hang from the ceiling" } "." }
        h2 { "Start closer than feels right" }
        p { "Bring the sitter to within an arm's length of the glass. The light falls off quickly there, so the far cheek drops into shade without any help. " strong { "Now take half a step back." } " You have just set the contrast of the picture with your feet." }
        blockquote { p { "If you can see the reflector working, it is too close." } }
        p { "A sheet of white foam board fills the shadows. We tape the distance on the floor:" }
        ul { li { "60 cm for a headshot that has to please a hospital," } li { "one metre for a musician," } li { "and nowhere in the room for a boxer." } }
        h2 { "Meter for the near eye" }
        p { "Set the exposure there and leave it. The camera will want to " code { "+0.7 EV" } " when the jacket is dark; let it want." }
        pre { code { "ISO 200 · f/4 · 1/125\n5,600 K, no gel" } }
        p { "The rest is conversation. Ask about the way here, not about the picture." }
    }
}
