//! How pages say when something was and in what state it is.

use kernel::Timestamp;
use maud::{Markup, html};
use module::Ctx;
use ui::{Tone, badge};

use crate::posts::{State, Status};

/// The state of a post as a badge, with another one when its draft has moved on.
pub(crate) fn state_badge(state: State, changed: bool) -> Markup {
    let tone = match state {
        State::Is(Status::Draft | Status::Archived) => Tone::Neutral,
        State::Is(Status::InReview) => Tone::Warn,
        State::Is(Status::Scheduled) => Tone::Info,
        State::Is(Status::Published) => Tone::Ok,
        State::Trashed => Tone::Bad,
    };
    html! {
        (badge(tone, state.title()))
        @if changed { " " (badge(Tone::Brand, "Changed")) }
    }
}

/// A past instant in words, in the tenant's zone: "just now", "5 minutes ago", "12 Mar 2026".
pub(crate) fn ago(ctx: &Ctx, at: Timestamp) -> String {
    let seconds = ctx.now().since(at).as_secs();
    let times = |count: u64, unit: &str| {
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {unit}{plural} ago")
    };
    match seconds {
        0..60 => "just now".to_owned(),
        60..3600 => times(seconds / 60, "minute"),
        3600..86_400 => times(seconds / 3600, "hour"),
        86_400..604_800 => times(seconds / 86_400, "day"),
        _ => day(ctx, at),
    }
}

/// A day in the tenant's zone: "12 Mar 2026".
pub(crate) fn day(ctx: &Ctx, at: Timestamp) -> String {
    at.in_zone(&ctx.tenant().zone)
        .strftime("%-d %b %Y")
        .to_string()
}
/// A minute in the tenant's zone: "12 Mar 2026, 14:30".
pub(crate) fn minute(ctx: &Ctx, at: Timestamp) -> String {
    at.in_zone(&ctx.tenant().zone)
        .strftime("%-d %b %Y, %H:%M")
        .to_string()
}

/// An instant as an element that machines read, too.
pub(crate) fn time(at: Timestamp, text: &str) -> Markup {
    html! { time datetime=(at) { (text) } }
}
