//! The development mailbox: what would have been sent, to read and to click.
//!
//! It shows everybody's mail to anybody, so the server mounts it in development alone.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::header;
use kernel::{Cursor, Error, Page as Part, PageRequest, Zone};
use maud::{Markup, html};
use module::extract::{Path, Query};
use module::{Result, Routes, Visitor};
use serde::Deserialize;
use ui::table::{FilterBar, Pager};
use ui::{Empty, Layout, Page, Row, Tone, avatar, badge, definition_list, icons, no_match, rows};

use crate::mail::store;
use crate::{MailId, Messaging};

const PATH: &str = "/_mail";

/// Routes of the mailbox, for the base host in development.
#[must_use]
pub fn mailbox_routes() -> Routes {
    Routes::new()
        .get(PATH, list)
        .get("/_mail/{id}", read)
        .get("/_mail/{id}/html", document)
}

#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    q: String,
    cursor: Option<String>,
}

async fn list(
    _gate: Visitor,
    Extension(messaging): Extension<Messaging>,
    Query(filter): Query<Filter>,
) -> Result<Page> {
    let request = PageRequest::new(None, 50, filter.cursor.as_deref())?;
    let recipient = filter.q.trim();
    let found = store::list(messaging.db().pool(), recipient, request).await?;
    let mails = Part::cut(found, request, |mail| Cursor {
        at: mail.created_at,
        id: mail.id.0,
    });
    Ok(Page::new("Development mailbox")
        .lead("Mail is kept here instead of being sent. This page exists in development only.")
        .layout(Layout::Marketing)
        .body(html! {
            (FilterBar::new(PATH, "mails").search("Search by recipient", recipient))
            div #mails {
                (mail_rows(&mails, recipient))
                (Pager {
                    summary: String::new(),
                    previous: None,
                    next: mails.next.as_ref().map(|cursor| format!("{PATH}?q={}&cursor={cursor}", encode(recipient))),
                    region: "mails".into(),
                })
            }
        }))
}

fn mail_rows(mails: &Part<store::Summary>, recipient: &str) -> Markup {
    if mails.items.is_empty() {
        return html! {
            @if recipient.is_empty() {
                (Empty::new(icons::LuMail, "No mail yet", "Sign up or invite somebody, and the mail appears here."))
            } @else {
                (no_match("There is no mail to an address like that.", PATH))
            }
        };
    }
    rows(&mails
        .items
        .iter()
        .map(|mail| {
            let name = if mail.to_name.is_empty() { &mail.to_address } else { &mail.to_name };
            Row::new(&mail.subject)
                .href(format!("{PATH}/{}", mail.id))
                .lead(avatar(name))
                .note(html! { "To " (mail.to_address) " from " (mail.from_name) ", " (when(mail.created_at)) })
                .end(badge(tone(&mail.state), &mail.state))
        })
        .collect::<Vec<_>>())
}

async fn read(
    _gate: Visitor,
    Extension(messaging): Extension<Messaging>,
    Path(id): Path<MailId>,
) -> Result<Page> {
    let mail = find(&messaging, id).await?;
    let facts = [
        ("To", html! { (mail.to_name) " <" (mail.to_address) ">" }),
        ("From", html! { (mail.from_name) }),
        (
            "Answers go to",
            html! { (mail.reply_to.as_deref().unwrap_or("the sender")) },
        ),
        ("Written", html! { (when(mail.created_at)) }),
        ("Letter", html! { code { (mail.template) } }),
        (
            "State",
            html! {
                (badge(tone(&mail.state), &mail.state))
                @if let Some(error) = &mail.last_error { " " (error) }
            },
        ),
    ];
    Ok(Page::new(&mail.subject)
        .crumb("Development mailbox", PATH)
        .layout(Layout::Marketing)
        .actions(html! { (ui::link_button("All mail", PATH).icon(icons::LuArrowLeft)) })
        .body(html! {
            (definition_list(&facts))
            // No scripts, no forms, no origin of ours; links open in a tab of their own.
            iframe title="The mail as a document" src={ (PATH) "/" (id) "/html" }
                sandbox="allow-popups allow-popups-to-escape-sandbox" width="100%" height="640" {}
            h2 { "The same as plain text" }
            pre.code tabindex="0" { (linked(&mail.body_text)) }
        }))
}

/// The document alone, for the frame: its own policy allows its inline styles and nothing else.
async fn document(
    _gate: Visitor,
    Extension(messaging): Extension<Messaging>,
    Path(id): Path<MailId>,
) -> Result<Response> {
    let mail = find(&messaging, id).await?;
    // Links would otherwise open inside the frame.
    let html = mail
        .html
        .replacen("<head>", "<head><base target=\"_blank\">", 1);
    Ok((
        [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'unsafe-inline'; img-src * data:; frame-ancestors 'self'; \
                 sandbox allow-popups allow-popups-to-escape-sandbox",
            ),
        ],
        html,
    )
        .into_response())
}

async fn find(messaging: &Messaging, id: MailId) -> kernel::Result<store::Stored> {
    store::find(messaging.db().pool(), id)
        .await?
        .ok_or(Error::NotFound("mail"))
}

fn tone(state: &str) -> Tone {
    match state {
        "sent" => Tone::Ok,
        "failed" | "dead" => Tone::Bad,
        _ => Tone::Info,
    }
}

fn when(at: kernel::Timestamp) -> String {
    at.in_zone(&Zone::UTC)
        .strftime("%-d %B %Y, %H:%M:%S UTC")
        .to_string()
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The text with its addresses as links.
fn linked(text: &str) -> Markup {
    html! {
        @for word in text.split_inclusive(char::is_whitespace) {
            @let address = word.trim_end();
            @if address.starts_with("https://") || address.starts_with("http://") {
                a.link href=(address) { (address) } (word[address.len()..])
            } @else { (word) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::linked;

    #[test]
    fn addresses_in_the_text_can_be_clicked_and_nothing_else_changes() {
        let shown = linked("Open:\nhttp://localhost:8080/x?a=1&b=2\n<b>").into_string();
        assert_eq!(
            shown,
            "Open:\n<a class=\"link\" href=\"http://localhost:8080/x?a=1&amp;b=2\">\
             http://localhost:8080/x?a=1&amp;b=2</a>\n&lt;b&gt;"
        );
    }
}
