//! The platform's own front page.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use maud::{Markup, html};
use module::{Routes, Visitor};
use ui::icons::{
    LuArrowRight, LuBookOpenText, LuCamera, LuMusic, LuPalette, LuShieldCheck, LuUsers,
};
use ui::{Icon, Layout, Page, icon_sized, link_button};

/// The routes of the front page.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().get("/", front).get("/robots.txt", robots)
}

struct Promise {
    icon: Icon,
    title: &'static str,
    text: &'static str,
}

const PROMISES: [Promise; 6] = [
    Promise {
        icon: LuBookOpenText,
        title: "Publish without fuss",
        text: "Write in Markdown, see what readers see, schedule to the minute in your own time zone.",
    },
    Promise {
        icon: LuPalette,
        title: "Your name on the door",
        text: "Your address, your colour, your logo. Every shade is checked so that text stays readable.",
    },
    Promise {
        icon: LuUsers,
        title: "A team that fits",
        text: "Invite people with the role they need. They see their work and nothing else.",
    },
    Promise {
        icon: LuShieldCheck,
        title: "Yours alone",
        text: "Each studio is walled off in the database itself, and every change is on record.",
    },
    Promise {
        icon: LuCamera,
        title: "Made for studios",
        text: "One calm place that grows with your business, from the first post to the hundredth client.",
    },
    Promise {
        icon: LuMusic,
        title: "Made for teachers",
        text: "The same account works in every workspace you teach in: one password, one log-in.",
    },
];

async fn front(visit: Visitor) -> Page {
    Page::new("Run the studio, not the paperwork")
        .document_title("Atelier: run the studio, not the paperwork")
        .layout(Layout::Marketing)
        .own_heading()
        .head(html! {
            meta name="description" content="Atelier gives creative businesses their site, their blog and their team in one calm place.";
            link rel="canonical" href=(visit.app.links().base("/"));
        })
        .body(body(visit.account.is_some()))
}

fn body(signed_in: bool) -> Markup {
    html! {
        section.hero {
            div {
                h1 { "Run the studio, not the paperwork" }
                p.lead { "Atelier gives photographers, teachers and makers a site, a blog and a team workspace on an address of their own." }
                div.cluster {
                    @if signed_in {
                        (link_button("Open your workspaces", "/workspaces").primary().large().icon_end(LuArrowRight))
                    } @else {
                        (link_button("Start free", "/signup").primary().large().icon_end(LuArrowRight))
                    }
                    (link_button("See pricing", "/pricing").large())
                }
                p.fine { "Free for 21 days. No card needed." }
            }
            div.art { (ui::art::landscape(6)) }
        }
        section.band {
            h2 { "Everything a small studio needs to be found" }
            p { "One account, one bill, one place to look." }
            div.features {
                @for promise in &PROMISES {
                    div { (icon_sized(promise.icon, 20)) h3 { (promise.title) } p { (promise.text) } }
                }
            }
        }
    }
}

/// The platform's own pages may be found; nothing behind a log-in is worth a crawler's time.
async fn robots(_: Visitor) -> Response {
    let text = "User-agent: *\nDisallow: /account\nDisallow: /workspaces\nDisallow: /invite/\nDisallow: /reset/\n";
    let mut response = text.into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}
