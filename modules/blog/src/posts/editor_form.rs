//! The editor's form: its values, from a post or as somebody typed them, and how it looks.

use kernel::FieldError;
use maud::{Markup, html};
use module::Ctx;
use ui::{Card, banner, error_summary, field, icon, icons, submit};

use super::publish::Schedule;
use super::save::{Edit, NewPost};
use super::{Post, Seo, Text, Visibility};
use crate::authors::{Author, AuthorId};
use crate::forms::{Pairs, lapsed, lapsed_notice, value, values};
use crate::images::Wanted;
use crate::locks::Lock;

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
    /// Address of the picture that stands for the post.
    pub feature: String,
    pub feature_alt: String,
    pub visibility: Visibility,
    pub seo: Seo,
    pub local: String,
    pub time_zone: String,
    /// The wall time whose warning has been shown.
    pub confirmed: String,
    /// When it ends, at the same place.
    pub ends_local: String,
    pub ends_zone: String,
    pub gone: bool,
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
            feature: text("feature").trim().to_owned(),
            feature_alt: text("feature_alt"),
            visibility: Visibility::parse(value(pairs, "visibility")).unwrap_or_default(),
            seo: Seo {
                title: text("seo.title"),
                description: text("seo.description"),
                canonical_url: text("seo.canonical_url"),
                noindex: value(pairs, "seo.noindex") == "true",
            },
            local: text("local"),
            time_zone: text("time_zone").trim().to_owned(),
            confirmed: text("confirmed"),
            ends_local: text("ends_local"),
            ends_zone: text("ends_zone").trim().to_owned(),
            gone: value(pairs, "gone") == "true",
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
            feature: post
                .feature
                .as_ref()
                .map_or_else(String::new, |feature| feature.file.to_string()),
            feature_alt: post
                .feature
                .as_ref()
                .map_or_else(String::new, |feature| feature.alt.clone()),
            visibility: post.visibility,
            seo: post.seo.0.clone(),
            local: post.schedule_local.clone().unwrap_or_default(),
            time_zone: post
                .schedule_zone
                .clone()
                .unwrap_or_else(|| zone.to_owned()),
            confirmed: String::new(),
            ends_local: post.ends_local.clone().unwrap_or_default(),
            ends_zone: post.ends_zone.clone().unwrap_or_else(|| zone.to_owned()),
            gone: post.gone,
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

    pub(super) fn end(&self) -> Schedule {
        Schedule {
            local: self.ends_local.clone(),
            time_zone: self.ends_zone.clone(),
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
            visibility: self.visibility,
            feature: Wanted {
                picture: self.feature,
                alt: self.feature_alt,
            },
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
            feature: Some(Wanted {
                picture: self.feature,
                alt: self.feature_alt,
            }),
            visibility: Some(self.visibility),
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
    /// Who else is editing it.
    pub lock: Option<&'a Lock>,
}

impl Form<'_> {
    /// Why this person cannot change this post; `None`: they can.
    fn locked(&self) -> Option<&'static str> {
        let post = self.post?;
        if post.deleted_at.is_some() {
            Some("This post is in the trash. Restore it to change it.")
        } else if !self.ctx.may_on("blog.posts.write", super::KIND, post.id) {
            Some("Your role can read posts, and not change them.")
        } else if !post.may_edit(self.ctx) {
            Some("You can edit your own posts until they are live. An editor can change this one.")
        } else {
            None
        }
    }

    pub(super) fn path(&self, action: &str) -> String {
        match self.post {
            Some(post) => format!("{PATH}/{}{action}", post.id),
            None => format!("{PATH}{action}"),
        }
    }

    pub(super) fn render(&self) -> Markup {
        let locked = self.locked();
        let taken = self.lock.filter(|_| locked.is_none());
        let shut = locked.is_some() || taken.is_some() || lapsed(self.ctx);
        let autosave = (!shut).then(|| self.path("/autosave"));
        let lock = self
            .post
            .filter(|_| !shut)
            .map(|post| format!("/api/v1/blog/posts/{}/lock", post.id));
        html! {
            (lapsed_notice(self.ctx))
            @if let Some(reason) = locked { (banner(ui::Tone::Info, reason, None)) }
            @if let Some(lock) = taken { (self.taken(lock)) }
            (error_summary(self.errors))
            @if let Some(warning) = self.warning {
                (banner(ui::Tone::Warn, &format!("{warning} Press Schedule again if that is right."), None))
            }
            form #post-form method="post" action=(self.path("")) data-dirty[!shut] data-autosave=[autosave] data-lock=[lock] data-preview={ (PATH) "/preview" } {
                input type="hidden" name="rev" value=[self.draft.rev];
                div.blog-editor data-editor-uploads[!shut && self.ctx.may("files.library.upload")] {
                    div.blog-editor-main { (self.writing(shut)) }
                    div.blog-editor-side {
                        (self.publication(shut))
                        (Card::new(self.details(shut)).title("Details"))
                        (Card::new(self.search_engines(shut)).title("Search engines"))
                    }
                }
            }
            @if !shut && self.ctx.may("files.library.upload") { (picture_dialog()) }
        }
    }

    /// Somebody else is at it: their name, and the way to take over.
    fn taken(&self, lock: &Lock) -> Markup {
        let text = format!(
            "{} is editing this post. You can read it meanwhile. If you take over, what they have not saved stays with them.",
            lock.holder_name
        );
        html! {
            div.blog-taken {
                (banner(ui::Tone::Warn, &text, None))
                form method="post" action=(self.path("/take-over")) { (submit("Take over").disabled(lapsed(self.ctx))) }
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
            (field::select("visibility", "Who can read it", visibilities()).value(self.draft.visibility.as_str()).disabled(shut)
                .help("Once it is live. Lists, feeds and search engines show public posts alone."))
            (field::checkbox("featured", "Featured", self.draft.featured).disabled(shut))
            (self.feature(shut))
        }
    }

    /// The picture that stands for the post: by its address, or, where scripts run, by a file that is chosen here.
    fn feature(&self, shut: bool) -> Markup {
        let thumb = self
            .post
            .and_then(|post| post.feature.as_ref())
            .map(|feature| format!("/media/{}/thumb/picture.jpg", feature.file));
        html! {
            div.blog-feature-field data-editor-feature {
                (field::text("feature", "Picture").value(&self.draft.feature).errors(self.errors).disabled(shut).optional()
                    .help("Stands above the text, in lists and in previews. Paste an address from Files."))
                img.blog-feature-thumb src=[&thumb] alt="" width="160" height="160" hidden[thumb.is_none()] data-editor-thumb;
                @if !shut {
                    div.blog-feature-tools data-editor-tools hidden {
                        (ui::button("Upload").icon(icons::LuUpload).id("feature-upload"))
                        (ui::button("Remove").ghost().id("feature-remove"))
                        span role="status" data-editor-note {}
                    }
                }
                (field::text("feature_alt", "Alt text of the picture").value(&self.draft.feature_alt).errors(self.errors).disabled(shut)
                    .max_length(500).help("Empty: as in Files."))
            }
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

fn visibilities() -> Vec<field::Choice> {
    Visibility::ALL
        .into_iter()
        .map(|visibility| field::Choice::new(visibility.as_str(), visibility.choice()))
        .collect()
}

/// Where a picture of the text is chosen and described. Opened by a script.
fn picture_dialog() -> Markup {
    let body = html! {
        (field::file("picture", "Picture", "image/jpeg,image/png,image/webp"))
        img.blog-picture-shown data-picture-shown alt="" hidden;
        progress.blog-picture-bar data-picture-bar max="1" value="0" aria-label="Sending" hidden {}
        p.blog-picture-note role="status" data-picture-note {}
        (field::text("picture_alt", "Alt text").max_length(500).help("What can be seen, for those who cannot see it."))
    };
    let insert = ui::button("Insert").primary().id("picture-insert");
    html! { (ui::Dialog::new("picture-dialog", "Add a picture", body).actions(insert)) }
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
