//! The editor's card about what visitors read: the state of a post, its times, and the steps it may take.

use kernel::Timestamp;
use maud::{Markup, Render, html};
use ui::{Card, field, icons, submit};

use super::editor_form::Form;
use super::publish::Schedule;
use super::{Move, Post, State, Status};
use crate::forms::lapsed;
use crate::show;

impl Form<'_> {
    fn state(&self) -> State {
        self.post
            .map_or(State::Is(Status::Draft), |post| post.state(self.ctx.now()))
    }

    pub(super) fn publication(&self, shut: bool) -> Markup {
        let state = self.state();
        let changed = self
            .post
            .is_some_and(|post| post.is_changed(self.ctx.now()));
        Card::new(html! {
            @if let Some(post) = self.post { (self.facts(post)) }
            div.stack { (self.buttons(state, changed, shut)) }
            @if !shut && self.ctx.may("blog.posts.publish") {
                @if state.allows(Move::Schedule) { (self.schedule_box(state)) }
                @if state.allows(Move::Unpublish) { (self.unpublish_box()) }
                @if state.allows(Move::ScheduleEnd) { (self.end_box()) }
            }
        })
        .title("Publication")
        .actions(show::state_badge(state, changed))
        .render()
    }

    fn facts(&self, post: &Post) -> Markup {
        let now = self.ctx.now();
        let state = post.state(now);
        let goes_live = (state == State::Is(Status::Scheduled))
            .then(|| chosen_time(post.schedule_local.as_ref(), post.schedule_zone.as_ref()))
            .flatten();
        let ends = post
            .live(now)
            .and_then(|_| chosen_time(post.ends_local.as_ref(), post.ends_zone.as_ref()));
        let minute = |at: Timestamp| show::time(at, &show::minute(self.ctx, at));
        html! {
            @if let Some(label) = goes_live { p { "Goes live on " (label) "." } }
            @else if let Some(at) = post.published_at { p { "First published on " (minute(at)) "." } }
            @if let Some(label) = ends { p { "Unpublished on " (label) @if post.gone { ", for good" } "." } }
            @else if post.gone { p { "Its address says that it is gone for good." } }
            p { "Changed " (show::time(post.updated_at, &show::ago(self.ctx, post.updated_at))) "." }
            @if post.is_changed(now) { p { "Visitors still read version " (post.live_no.unwrap_or_default()) "; publish to show the changes." } }
            p {
                @if self.ctx.may("blog.posts.read") {
                    a.link href=(self.path("/versions")) { "Versions" }
                    " · " a.link href={ "/app/share/" (super::KIND) "/" (post.id) } { "Share" }
                }
                @if state == State::Is(Status::Published) { " · " a.link href={ "/blog/" (post.slug) } { "View on the website" } }
            }
        }
    }

    fn buttons(&self, state: State, changed: bool, shut: bool) -> Markup {
        let off = lapsed(self.ctx);
        let may = |permission: &str| self.ctx.may(permission);
        let act = |label: &str, action: &str| {
            submit(label)
                .form_action(self.path(action))
                .full()
                .disabled(off)
        };
        let publish = match state {
            State::Is(Status::Published) if changed => Some("Publish changes"),
            State::Is(Status::Published) | State::Trashed => None,
            State::Is(Status::Scheduled) => Some("Publish now"),
            State::Is(Status::InReview) => Some("Approve and publish"),
            State::Is(_) => Some("Publish"),
        };
        let others: [(Move, &str, &str, &str); 6] = [
            (
                Move::Submit,
                "Submit for review",
                "/submit",
                "blog.posts.write",
            ),
            (
                Move::SendBack,
                "Send back",
                "/send-back",
                "blog.posts.publish",
            ),
            (
                Move::Withdraw,
                "Take back from review",
                "/withdraw",
                "blog.posts.write",
            ),
            (
                Move::Unschedule,
                "Unschedule",
                "/unschedule",
                "blog.posts.publish",
            ),
            (Move::Archive, "Archive", "/archive", "blog.posts.publish"),
            (
                Move::Unarchive,
                "Take from the archive",
                "/unarchive",
                "blog.posts.publish",
            ),
        ];
        let editable = self.post.is_none_or(|post| post.may_edit(self.ctx));
        let publishes = may("blog.posts.publish");
        // Who publishes does so, and sends back instead of taking back.
        let offered = |step: Move| match step {
            Move::Submit | Move::Withdraw => editable && !publishes,
            _ => true,
        };
        html! {
            @if !shut { (submit("Save draft").full()) }
            @if let Some(label) = publish { @if publishes { (act(label, "/publish").primary()) } }
            @if self.takes_note(state) { (field::textarea("note", Self::note_label(state), 2).optional().max_length(4000)) }
            @if self.post.is_some() {
                @for (step, label, action, permission) in others {
                    @if state.allows(step) && may(permission) && offered(step) { (act(label, action)) }
                }
                @if may("blog.posts.delete") && editable {
                    @if state == State::Trashed { (act("Restore", "/restore").primary()) }
                    @else { (act("Move to trash", "/trash").ghost()) }
                }
            }
        }
    }

    /// Whether one of the steps may carry a note.
    fn takes_note(&self, state: State) -> bool {
        let publishes = self.ctx.may("blog.posts.publish");
        self.post.is_some_and(|post| {
            (state.allows(Move::SendBack) && publishes)
                || (state.allows(Move::Submit) && !publishes && post.may_edit(self.ctx))
        })
    }

    fn note_label(state: State) -> &'static str {
        if state.allows(Move::SendBack) {
            "Why it is sent back"
        } else {
            "Note for the reviewer"
        }
    }

    fn schedule_box(&self, state: State) -> Markup {
        let rescheduling = state == State::Is(Status::Scheduled);
        html! {
            details open[rescheduling || self.warning.is_some() || !self.draft.local.is_empty()] {
                summary { @if rescheduling { "Schedule anew" } @else { "Schedule" } }
                (field::date_time("local", "Goes live").value(&self.draft.local).errors(self.errors))
                (field::text("time_zone", "Time zone").value(&self.draft.time_zone).errors(self.errors)
                    .help("The time is meant as clocks there show it."))
                input type="hidden" name="confirmed" value=[self.warning.map(|_| &self.draft.local)];
                (submit("Schedule").icon(icons::LuCalendarClock).full().form_action(self.path("/schedule")))
            }
        }
    }

    fn unpublish_box(&self) -> Markup {
        html! {
            details {
                summary { "Unpublish" }
                p { "The post is a draft again, and its address stays its own." }
                (submit("Unpublish").full().form_action(self.path("/unpublish")))
                (submit("Unpublish for good").full().danger().form_action(self.path("/unpublish-for-good")))
                p { "For good tells search engines to forget the address: it answers that the post is gone." }
            }
        }
    }

    fn end_box(&self) -> Markup {
        let planned = self.post.is_some_and(|post| post.ends_at.is_some());
        html! {
            details open[planned || !self.draft.ends_local.is_empty()] {
                summary { "Unpublish later" }
                (field::date_time("ends_local", "Unpublished").value(&self.draft.ends_local).errors(self.errors))
                (field::text("ends_zone", "Time zone").value(&self.draft.ends_zone).errors(self.errors)
                    .help("The time is meant as clocks there show it."))
                (field::checkbox("gone", "Gone for good from then on", self.draft.gone))
                (submit(if planned { "Change the end" } else { "Unpublish then" }).icon(icons::LuCalendarClock).full()
                    .form_action(self.path("/schedule-end")))
                @if planned { (submit("Leave it online").full().ghost().form_action(self.path("/unschedule-end"))) }
            }
        }
    }
}

/// A time that somebody chose, as clocks at the chosen place show it.
fn chosen_time(local: Option<&String>, zone: Option<&String>) -> Option<String> {
    let schedule = Schedule {
        local: local?.clone(),
        time_zone: zone?.clone(),
    };
    schedule.resolve().ok().map(|resolved| resolved.label())
}
