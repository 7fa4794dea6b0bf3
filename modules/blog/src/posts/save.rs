//! Writing: new posts, saved drafts, restored versions.

use kernel::{Error, FieldError, Fields, Result, Timestamp};
use module::Ctx;
use tenant_resolver::TenantTx;

use super::publish::settle;
use super::text::{Seo, Text};
use super::version_store::{self, Saver};
use super::versions::{self, Newest, Reason, Saving};
use super::write_store::Json;
use super::write_store::{self, Held, NewRow};
use super::{Post, PostId, Status, Visibility};
use crate::authors::{self, AuthorId};
use crate::content::slug;
use crate::events::{Happened, PostFacts};
use crate::images::{self, Wanted};
use crate::search;
use crate::slugs::{self, Kind};
use crate::tags;

/// Most authors of one post.
const MAX_AUTHORS: usize = 20;

/// What a new post begins with.
#[derive(Clone, Debug, Default)]
pub struct NewPost {
    /// What it says.
    pub text: Text,
    /// Slug that somebody chose; `None`: made from the title.
    pub slug: Option<String>,
    /// Names of its tags; those that do not exist yet are made.
    pub tags: Vec<String>,
    /// Its authors; none: the one who writes.
    pub authors: Vec<AuthorId>,
    /// Whether it is featured.
    pub featured: bool,
    /// Who may read it when it is live.
    pub visibility: Visibility,
    /// The picture that stands for it.
    pub feature: Wanted,
}

/// What changes in a post; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// Title.
    pub title: Option<String>,
    /// Markdown source.
    pub content: Option<String>,
    /// Excerpt; empty: the beginning of the text.
    pub excerpt: Option<String>,
    /// For search engines.
    pub seo: Option<Seo>,
    /// Slug.
    pub slug: Option<String>,
    /// Names of its tags; those that do not exist yet are made.
    pub tags: Option<Vec<String>>,
    /// Its authors, at least one.
    pub authors: Option<Vec<AuthorId>>,
    /// Whether it is featured.
    pub featured: Option<bool>,
    /// Who may read it when it is live.
    pub visibility: Option<Visibility>,
    /// The picture that stands for it.
    pub feature: Option<Wanted>,
    /// First publication, of a post that was published.
    pub published_at: Option<Timestamp>,
}

/// A post after a change.
#[derive(Clone, Debug)]
pub struct Saved {
    /// The post.
    pub id: PostId,
    /// Its revision.
    pub rev: i64,
    /// Its slug.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// Whether anything changed.
    pub changed: bool,
}

impl From<Held> for Saved {
    fn from(post: Held) -> Self {
        Self {
            id: post.id,
            rev: post.rev,
            slug: post.slug,
            title: post.title,
            changed: true,
        }
    }
}

/// Begins a post: a draft with its first version.
pub async fn create(tx: &mut TenantTx, ctx: &Ctx, mut new: NewPost) -> Result<Post> {
    let person = ctx.person()?;
    let now = ctx.now();
    new.slug = new.slug.map(|slug| slug::normalise(&slug));
    check_input(
        new.slug.as_deref(),
        Some(&new.authors).filter(|ids| !ids.is_empty()),
    )?;
    let feature = new.feature.read()?;
    let pictures = images::named_in(tx, &new.text.content).await?;
    let prepared = new.text.prepare(&pictures)?;
    let tags = tags::named(tx, &new.tags, now).await?;
    let tag_ids: Vec<_> = tags.iter().map(|tag| tag.id).collect();
    let named = authors::named(tx, &new.authors).await?;

    let id = PostId::new();
    let document = search::Document::new(&ctx.tenant().locale, &prepared);
    let wanted = slugs::wanted(&prepared.text.title);
    for round in slugs::rounds() {
        let candidates = match &new.slug {
            Some(slug) => vec![slug.clone()],
            None => slugs::candidates(&wanted, round),
        };
        let row = NewRow {
            id,
            candidates: &candidates,
            slug_custom: new.slug.is_some(),
            prepared: &prepared,
            document: &document,
            featured: new.featured,
            visibility: new.visibility,
            tags: &tag_ids,
            authors: &new.authors,
            by: person.membership,
            by_name: &person.name,
            now,
        };
        let inserted = write_store::insert(tx, &row).await?;
        if let Some(slug) = inserted.slug {
            let authors = if named.is_empty() {
                inserted.me.into_iter().collect()
            } else {
                named
            };
            let mut post = Post::begun(&row, slug, tags, authors);
            if feature.is_some() {
                images::set_feature(tx, id, feature.clone()).await?;
            }
            images::note_new(tx, id, &post.title, &post.content, feature.as_ref()).await?;
            post.feature = feature.map(Json);
            record(tx, ctx, Happened::Created, &post).await?;
            return Ok(post);
        }
        if inserted.me.is_none() && named.is_empty() {
            authors::ensure(tx, person, now).await?;
        } else if new.slug.is_some() {
            return Err(taken());
        }
    }
    Err(slugs::exhausted())
}

/// Writes what happened to the audit log and tells subscribers.
pub(crate) async fn record(
    tx: &mut TenantTx,
    ctx: &Ctx,
    what: Happened,
    post: &Post,
) -> Result<()> {
    let name = display_title(&post.title);
    ctx.audit(what.action())
        .on("post", post.id, name)
        .write(tx)
        .await?;
    let facts = PostFacts {
        post: post.id,
        slug: post.slug.clone(),
        title: post.title.clone(),
        version: post.draft_no,
        live_at: post.live_at,
        ends_at: post.ends_at,
        by: ctx.visitor().map(|person| person.membership),
    };
    what.emit(tx, facts, ctx.now()).await
}

/// Saves what changed. `based_on` is the revision that the change was made from, if it is known.
///
/// `reason` is [`Reason::Autosave`] when the editor saves by itself: that keeps the text and is told to
/// nobody; every other save is written to the audit log and emitted.
///
/// # Errors
/// [`Error::PreconditionFailed`] when the post has changed since that revision: nothing is saved then.
pub async fn save(
    tx: &mut TenantTx,
    ctx: &Ctx,
    id: PostId,
    based_on: Option<i64>,
    mut edit: Edit,
    reason: Reason,
) -> Result<Saved> {
    edit.slug = edit.slug.map(|slug| slug::normalise(&slug));
    check_input(edit.slug.as_deref(), edit.authors.as_ref())?;
    let mut post = hold(tx, ctx, id).await?;
    post.check_rev(based_on)?;
    let settled = settle(tx, &mut post, ctx.now()).await?;
    let audible = reason != Reason::Autosave;

    let title_before = post.title.clone();
    let mut changed = save_text(tx, ctx, &mut post, &edit, reason).await?;
    changed |= save_slug(
        tx,
        ctx,
        &mut post,
        edit.slug,
        title_moved(&title_before, edit.title.as_ref(), audible),
    )
    .await?;
    if let Some(names) = edit.tags {
        let tags = tags::named(tx, &names, ctx.now()).await?;
        let ids: Vec<_> = tags.iter().map(|tag| tag.id).collect();
        changed |= write_store::set_tags(tx, id, &ids).await?;
    }
    if let Some(ids) = edit.authors {
        authors::named(tx, &ids).await?;
        changed |= write_store::set_authors(tx, id, &ids).await?;
    }
    if let Some(wanted) = edit.feature {
        changed |= images::set_feature(tx, id, wanted.read()?).await?;
    }
    if let Some(featured) = edit.featured {
        changed |= featured != post.featured;
        post.featured = featured;
    }
    if let Some(visibility) = edit
        .visibility
        .filter(|visibility| *visibility != post.visibility)
    {
        // What visitors read of a live post is for those who publish.
        if post.status.is_live() && !ctx.may("blog.posts.publish") {
            return Err(Error::Forbidden("blog.posts.publish"));
        }
        post.visibility = visibility;
        changed = true;
    }
    if let Some(at) = edit
        .published_at
        .filter(|at| post.published_at != Some(*at))
    {
        check_published_at(ctx, &post, at)?;
        post.published_at = Some(at);
        changed = true;
    }
    if changed || settled {
        write_store::release(tx, &mut post, ctx.now()).await?;
    }
    if changed && audible {
        tell(tx, Some(ctx), Happened::Saved, &post, ctx.now()).await?;
    }
    Ok(Saved {
        changed,
        ..post.into()
    })
}

/// Takes the text of an older version back as the draft. Nothing public changes by that.
pub async fn restore_version(
    tx: &mut TenantTx,
    ctx: &Ctx,
    id: PostId,
    based_on: Option<i64>,
    no: i32,
) -> Result<Saved> {
    let version = versions::get(tx, id, no).await?;
    let edit = Edit {
        title: Some(version.title),
        content: Some(version.content),
        excerpt: Some(version.excerpt.unwrap_or_default()),
        seo: Some(version.seo.0),
        ..Edit::default()
    };
    save(tx, ctx, id, based_on, edit, Reason::Restore).await
}

/// Takes a post that exists, is not in the trash and may be edited by the person of this request.
async fn hold(tx: &mut TenantTx, ctx: &Ctx, id: PostId) -> Result<Held> {
    let person = ctx.person()?;
    let post = write_store::hold(tx, id, Some(person.membership))
        .await?
        .ok_or(Error::NotFound("post"))?;
    post.check_editable(ctx)?;
    if post.deleted_at.is_some() {
        return Err(Error::conflict(
            "in_trash",
            "The post is in the trash. Restore it before you change it.",
        ));
    }
    Ok(post)
}

async fn save_text(
    tx: &mut TenantTx,
    ctx: &Ctx,
    post: &mut Held,
    edit: &Edit,
    reason: Reason,
) -> Result<bool> {
    let before = post.text();
    let text = Text {
        title: edit.title.clone().unwrap_or_else(|| before.title.clone()),
        content: edit
            .content
            .clone()
            .unwrap_or_else(|| before.content.clone()),
        excerpt: edit
            .excerpt
            .clone()
            .map_or_else(|| before.excerpt.clone(), Some),
        seo: edit.seo.clone().unwrap_or_else(|| before.seo.clone()),
    };
    let touched = edit.title.is_some()
        || edit.content.is_some()
        || edit.excerpt.is_some()
        || edit.seo.is_some();
    if !touched {
        return Ok(false);
    }
    let pictures = images::named_in(tx, &text.content).await?;
    let prepared = text.prepare(&pictures)?;
    let person = ctx.person()?;
    let newest = Newest {
        sha256: post.draft_sha256.clone(),
        reason: post.draft_reason,
        author: post.draft_author,
        at: post.draft_at,
        live: post.live_no == Some(post.draft_no),
    };
    match newest.saving(&prepared.sha256, reason, person.membership, ctx.now()) {
        Saving::Nothing => return Ok(false),
        Saving::Mark => version_store::mark(tx, post.id, post.draft_no, reason).await?,
        Saving::Replace => version_store::replace(tx, post.id, post.draft_no, &prepared).await?,
        Saving::Append => {
            post.draft_no += 1;
            let saver = Saver {
                reason,
                by: person.membership,
                by_name: &person.name,
                now: ctx.now(),
            };
            version_store::append(tx, post.id, post.draft_no, &prepared, saver).await?;
        }
    }
    let language = &ctx.tenant().locale;
    search::index(tx, language, post.id, post.draft_no, &prepared).await?;
    post.title = prepared.text.title;
    Ok(true)
}

/// Whether the slug should follow the title: on a save on purpose, not with every autosaved letter.
fn title_moved(before: &str, title: Option<&String>, audible: bool) -> bool {
    audible && title.is_some_and(|title| slugs::wanted(title) != slugs::wanted(before))
}

/// Gives the post a chosen slug; or, while nobody outside has seen it, one that follows its title.
async fn save_slug(
    tx: &mut TenantTx,
    ctx: &Ctx,
    post: &mut Held,
    chosen: Option<String>,
    follow: bool,
) -> Result<bool> {
    let chosen = chosen.filter(|slug| !slug.is_empty() && *slug != post.slug);
    let unseen = post.published_at.is_none();
    let new = match &chosen {
        Some(slug) => {
            slugs::choose(tx, Kind::Post, post.id, slug, ctx.now()).await?;
            slug.clone()
        }
        None if follow && unseen && !post.slug_custom => {
            slugs::claim(
                tx,
                Kind::Post,
                post.id,
                &slugs::wanted(&post.title),
                ctx.now(),
            )
            .await?
        }
        None => return Ok(false),
    };
    if new == post.slug {
        return Ok(false);
    }
    if unseen {
        slugs::store::forget(tx, Kind::Post, post.id, &post.slug).await?;
    } else {
        slugs::store::retire(tx, Kind::Post, post.id, &post.slug).await?;
    }
    post.slug_custom |= chosen.is_some();
    post.slug = new;
    Ok(true)
}

fn check_input(slug: Option<&str>, authors: Option<&Vec<AuthorId>>) -> Result<()> {
    let mut fields = Fields::default();
    if let Some(slug) = slug.filter(|slug| !slug.is_empty()) {
        fields.take(slugs::check(slug));
    }
    if let Some(authors) = authors {
        fields
            .check(
                !authors.is_empty(),
                "authors",
                "required",
                "Name at least one author.",
            )
            .check(
                authors.len() <= MAX_AUTHORS,
                "authors",
                "too_many",
                "Name at most 20 authors.",
            );
    }
    fields.finish()
}

fn check_published_at(ctx: &Ctx, post: &Held, at: Timestamp) -> Result<()> {
    if !ctx.may("blog.posts.publish") {
        return Err(Error::Forbidden("blog.posts.publish"));
    }
    let mut fields = Fields::default();
    fields
        .check(
            post.status != Status::Scheduled && post.published_at.is_some(),
            "published_at",
            "not_published",
            "Only a post that was published has a date of publication.",
        )
        .check(
            at <= ctx.now(),
            "published_at",
            "in_future",
            "Choose a time in the past, or schedule the post.",
        );
    fields.finish()
}

fn taken() -> Error {
    FieldError::new(
        "slug",
        "taken",
        "Another post has this address. Choose a different one.",
    )
    .into()
}

/// The title as logs and lists name a post that has none yet.
pub(crate) fn display_title(title: &str) -> &str {
    if title.is_empty() { "Untitled" } else { title }
}

/// Writes what happened to the audit log and tells subscribers. Without a request the system did it.
pub(super) async fn tell(
    tx: &mut TenantTx,
    ctx: Option<&Ctx>,
    what: Happened,
    post: &Held,
    now: Timestamp,
) -> Result<()> {
    let audit = match ctx {
        Some(ctx) => ctx.audit(what.action()),
        None => module::Audit::new(what.action(), now),
    };
    audit
        .on("post", post.id, display_title(&post.title))
        .write(tx)
        .await?;
    let facts = PostFacts {
        post: post.id,
        slug: post.slug.clone(),
        title: post.title.clone(),
        version: post.live_no.unwrap_or(post.draft_no),
        live_at: post.live_at,
        ends_at: post.ends_at,
        by: ctx.and_then(Ctx::visitor).map(|person| person.membership),
    };
    what.emit(tx, facts, now).await
}

impl Held {
    fn text(&self) -> Text {
        Text {
            title: self.title.clone(),
            content: self.content.clone(),
            excerpt: self.excerpt.clone(),
            seo: self.seo.0.clone(),
        }
    }
}
