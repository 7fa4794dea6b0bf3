//! The editor's form: its values, from a post or as somebody typed them, and how it looks.

use kernel::{FieldError, Timestamp};
use maud::{Markup, Render, html};
use module::Ctx;
use ui::{Card, banner, error_summary, field, icon, icons, submit};

use super::publish::Schedule;
use super::save::{Edit, NewPost};
use super::{Post, Seo, State, Status, Text};
use crate::authors::{Author, AuthorId};
use crate::forms::{Pairs, lapsed, lapsed_notice, value, values};
use crate::show;

const PATH: &str = "/app/blog/posts";

/// What the form holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub rev: Option<i64>,
    pub title: String,
    pub content: String,
    pub excerpt: String,
    pub slug: String,
    /// Names with commas between them.
    pub tags: String,
    pub authors: Vec<AuthorId>,
    pub featured: bool,
    pub seo: Seo,
    pub local: String,
    pub time_zone: String,
    /// The wall time whose warning has been shown.
    pub confirmed: String,
}

impl Draft {
    /// As somebody typed it.
    pub(super) fn read(pairs: &Pairs) -> Self {
        let text = |name: &str| value(pairs, name).to_owned();
        Self {
            rev: crate::forms::rev(pairs),
            title: text("title"),
            content: text("content"),
            excerpt: text("excerpt"),
            slug: text("slug").trim().to_owned(),
            tags: text("tags"),
            authors: values(pairs, "authors"),
            featured: value(pairs, "featured") == "true",
            seo: Seo {
                title: text("seo.title"),
                description: text("seo.description"),
                canonical_url: text("seo.canonical_url"),
                noindex: value(pairs, "seo.noindex") == "true",
            },
            local: text("local"),
            time_zone: text("time_zone").trim().to_owned(),
            confirmed: text("confirmed"),
        }
    }

    /// As the post is stored.
    pub(super) fn of(post: &Post, zone: &str) -> Self {
        let tags: Vec<&str> = post.tags.iter().map(|tag| tag.name.as_str()).collect();
        Self {
            rev: Some(post.rev),
            title: post.title.clone(),
            content: post.content.clone(),
            excerpt: post.excerpt.clone().unwrap_or_default(),
            slug: post.slug.clone(),
            tags: tags.join(", "),
            authors: post.authors.iter().map(|author| author.id).collect(),
            featured: post.featured,
            seo: post.seo.0.clone(),
            local: post.schedule_local.clone().unwrap_or_default(),
            time_zone: post
                .schedule_zone
                .clone()
                .unwrap_or_else(|| zone.to_owned()),
            confirmed: String::new(),
        }
    }

    fn tag_names(&self) -> Vec<String> {
        self.tags.split(',').map(str::to_owned).collect()
    }

    pub(super) fn schedule(&self) -> Schedule {
        Schedule {
            local: self.local.clone(),
            time_zone: self.time_zone.clone(),
        }
    }

    pub(super) fn into_new(self) -> NewPost {
        NewPost {
            tags: self.tag_names(),
            text: Text {
                title: self.title,
                content: self.content,
                excerpt: Some(self.excerpt),
                seo: self.seo,
            },
            slug: Some(self.slug).filter(|slug| !slug.is_empty()),
            authors: self.authors,
            featured: self.featured,
        }
    }

    pub(super) fn into_edit(self) -> Edit {
        Edit {
            tags: Some(self.tag_names()),
            title: Some(self.title),
            content: Some(self.content),
            excerpt: Some(self.excerpt),
            seo: Some(self.seo),
            slug: Some(self.slug),
            authors: Some(self.authors).filter(|authors| !authors.is_empty()),
            featured: Some(self.featured),
            published_at: None,
        }
    }

    /// What the editor saves by itself: the text alone, which reaches nobody before it is published.
    pub(super) fn into_text(self) -> Edit {
        Edit {
            title: Some(self.title),
            content: Some(self.content),
            excerpt: Some(self.excerpt),
            seo: Some(self.seo),
            ..Edit::default()
        }
    }
}

/// Everything that the form shows.
pub(super) struct Form<'a> {
    pub ctx: &'a Ctx,
    /// The post; `None`: a new one.
    pub post: Option<&'a Post>,
    pub draft: &'a Draft,
    pub authors: &'a [Author],
    pub errors: &'a [FieldError],
    /// A sentence about the chosen time.
    pub warning: Option<&'a str>,
}

impl Form<'_> {
    /// Why this person cannot change this post; `None`: they can.
    fn locked(&self) -> Option<&'static str> {
        let post = self.post?;
        if post.deleted_at.is_some() {
            Some("This post is in the trash. Restore it to change it.")
        } else if !self.ctx.may("blog.posts.write") {
            Some("Your role can read posts, and not change them.")
        } else if !post.may_edit(self.ctx) {
            Some("You can edit your own posts until they are live. An editor can change this one.")
        } else {
            None
        }
    }

    fn path(&self, action: &str) -> String {
        match self.post {
            Some(post) => format!("{PATH}/{}{action}", post.id),
            None => format!("{PATH}{action}"),
        }
    }

    pub(super) fn render(&self) -> Markup {
        let locked = self.locked();
        let shut = locked.is_some() || lapsed(self.ctx);
        let autosave = (!shut).then(|| self.path("/autosave"));
        html! {
            (lapsed_notice(self.ctx))
            @if let Some(reason) = locked { (banner(ui::Tone::Info, reason, None)) }
            (error_summary(self.errors))
            @if let Some(warning) = self.warning {
                (banner(ui::Tone::Warn, &format!("{warning} Press Schedule again if that is right."), None))
            }
            form #post-form method="post" action=(self.path("")) data-dirty[!shut] data-autosave=[autosave] data-preview={ (PATH) "/preview" } {
                input type="hidden" name="rev" value=[self.draft.rev];
                div.blog-editor {
                    div.blog-editor-main { (self.writing(shut)) }
                    div.blog-editor-side {
                        (self.publication(shut))
                        (Card::new(self.details(shut)).title("Details"))
                        (Card::new(self.search_engines(shut)).title("Search engines"))
                    }
                }
            }
        }
    }

    fn writing(&self, shut: bool) -> Markup {
        let invalid = |name: &str| {
            self.errors
                .iter()
                .any(|error| error.field == name)
                .then_some("true")
        };
        html! {
            label.sr for="f-title" { "Title" }
            input.blog-title #f-title type="text" name="title" value=(self.draft.title) placeholder="Title" maxlength="255"
                autocomplete="off" disabled[shut] aria-invalid=[invalid("title")];
            div.blog-write {
                (toolbar())
                label.sr for="f-content" { "Text in Markdown" }
                textarea.blog-source #f-content name="content" rows="20" data-editor disabled[shut] aria-invalid=[invalid("content")] {
                    // The parser drops one line break at the start: the text may need its own.
                    @if self.draft.content.starts_with('\n') { "\n" }
                    (self.draft.content)
                }
                div.blog-status { span data-editor-words {} span data-editor-status role="status" {} }
            }
            details {
                summary { "Preview" }
                div.blog-preview.blog-prose data-editor-preview {
                    @if let Some(post) = self.post { (maud::PreEscaped(&post.html)) }
                    @else { p { "The preview appears while you write." } }
                }
            }
            @if !shut {
                noscript { (submit("Preview in a new window").form_action(format!("{PATH}/preview"))) }
            }
        }
    }

    fn publication(&self, shut: bool) -> Markup {
        let state = self
            .post
            .map_or(State::Is(Status::Draft), |post| post.state(self.ctx.now()));
        let changed = self.post.is_some_and(Post::is_changed);
        let buttons = self.buttons(state, changed, shut);
        Card::new(html! {
            @if let Some(post) = self.post { (self.facts(post)) }
            div.stack { (buttons) }
            @if self.may_schedule(state) && !shut { (self.schedule_box(state)) }
        })
        .title("Publication")
        .actions(show::state_badge(state, changed))
        .render()
    }

    fn facts(&self, post: &Post) -> Markup {
        let goes_live = (post.state(self.ctx.now()) == State::Is(Status::Scheduled))
            .then(|| chosen_time(post))
            .flatten();
        let minute = |at: Timestamp| show::time(at, &show::minute(self.ctx, at));
        html! {
            @if let Some(label) = goes_live { p { "Goes live on " (label) "." } }
            @else if let Some(at) = post.published_at { p { "First published on " (minute(at)) "." } }
            p { "Changed " (show::time(post.updated_at, &show::ago(self.ctx, post.updated_at))) "." }
            @if post.is_changed() { p { "Visitors still read version " (post.live_no.unwrap_or_default()) "; publish to show the changes." } }
            p {
                a.link href=(self.path("/versions")) { "Versions" }
                @if post.state(self.ctx.now()) == State::Is(Status::Published) { " · " a.link href={ "/blog/" (post.slug) } { "View on the website" } }
            }
        }
    }

    fn may_schedule(&self, state: State) -> bool {
        self.ctx.may("blog.posts.publish")
            && matches!(
                state,
                State::Is(Status::Draft | Status::InReview | Status::Scheduled)
            )
    }

    fn buttons(&self, state: State, changed: bool, shut: bool) -> Markup {
        use super::Move;
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
            (
                Move::Unpublish,
                "Unpublish",
                "/unpublish",
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
        html! {
            @if !shut { (submit("Save draft").full()) }
            @if let Some(label) = publish { @if may("blog.posts.publish") { (act(label, "/publish").primary()) } }
            @if self.post.is_some() {
                @for (step, label, action, permission) in others {
                    @if state.allows(step) && may(permission) && (permission == "blog.posts.publish" || editable)
                        && !(step == Move::Submit && may("blog.posts.publish")) { (act(label, action)) }
                }
                @if may("blog.posts.delete") && editable {
                    @if state == State::Trashed { (act("Restore", "/restore").primary()) }
                    @else { (act("Move to trash", "/trash").ghost()) }
                }
            }
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

    fn details(&self, shut: bool) -> Markup {
        let seen = self.post.is_some_and(|post| post.published_at.is_some());
        let slug = field::text("slug", "Address")
            .prefix("/blog/")
            .value(&self.draft.slug)
            .errors(self.errors)
            .disabled(shut)
            .max_length(191)
            .help(if seen {
                "The former address forwards to a new one."
            } else {
                "Empty: made from the title."
            });
        html! {
            (slug)
            (field::textarea("excerpt", "Excerpt", 3).value(&self.draft.excerpt).errors(self.errors).disabled(shut)
                .help("For lists and feeds. Empty: the beginning of the text."))
            (field::text("tags", "Tags").value(&self.draft.tags).errors(self.errors).disabled(shut)
                .help("With commas between them. New ones are made."))
            @if !self.authors.is_empty() {
                fieldset.field #f-authors {
                    legend.label { "Authors" }
                    @for author in self.authors {
                        label.check {
                            input type="checkbox" name="authors" value=(author.id) checked[self.draft.authors.contains(&author.id)] disabled[shut];
                            span { (author.display_name) }
                        }
                    }
                }
            }
            (field::checkbox("featured", "Featured", self.draft.featured).disabled(shut))
        }
    }

    fn search_engines(&self, shut: bool) -> Markup {
        let seo = &self.draft.seo;
        html! {
            (field::text("seo.title", "Title for search results").value(&seo.title).errors(self.errors).disabled(shut).help("Empty: the title."))
            (field::textarea("seo.description", "Description", 3).value(&seo.description).errors(self.errors).disabled(shut)
                .help("Empty: the excerpt."))
            (field::url("seo.canonical_url", "First published at").value(&seo.canonical_url).errors(self.errors).disabled(shut)
                .help("If the text appeared elsewhere before."))
            (field::checkbox("seo.noindex", "Ask search engines to leave it out", seo.noindex).disabled(shut))
        }
    }
}

/// When a scheduled post goes live, as clocks at the chosen place show it.
fn chosen_time(post: &Post) -> Option<String> {
    let schedule = Schedule {
        local: post.schedule_local.clone()?,
        time_zone: post.schedule_zone.clone()?,
    };
    schedule.resolve().ok().map(|resolved| resolved.label())
}

fn toolbar() -> Markup {
    let tools = [
        ("bold", "Bold", icons::LuBold),
        ("italic", "Italic", icons::LuItalic),
        ("heading", "Heading", icons::LuHeading2),
        ("link", "Link", icons::LuLink),
        ("list", "List", icons::LuList),
        ("quote", "Quotation", icons::LuQuote),
        ("code", "Code", icons::LuCode),
        ("image", "Picture", icons::LuImage),
    ];
    html! {
        div.blog-toolbar role="toolbar" aria-label="Formatting" data-editor-toolbar hidden {
            @for (name, label, picture) in tools {
                button type="button" data-md=(name) title=(label) { (icon(picture)) span.sr { (label) } }
            }
        }
    }
}
