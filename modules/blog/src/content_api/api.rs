//! Operations on public content: `/api/v1/blog/content`.

use axum::response::Response;
use http::HeaderMap;
use kernel::{Error, Page, PageRequest, Timestamp};
use module::extract::{Path, Query};
use module::problems::{Missing, Refused};
use module::{Allowed, Ctx, Result, Routes};
use serde::Deserialize;
use utoipa::IntoParams;

use super::body::{
    ContentAuthor, ContentAuthorList, ContentPost, ContentPostList, ContentTag, ContentTagList,
    POST,
};
use super::store::{self, Choice, Named, Post};
use super::{Order, Part, Wanted, answer, moved, only};
use crate::content::filter::Filter;
use crate::content::wanted::Wanted as Words;
use crate::manifest::ReadContent;
use crate::posts::PostId;

pub(crate) fn routes() -> Routes {
    module::operations!(
        super::settings_api::routes(),
        list_posts,
        read_post,
        find_post,
        list_tags,
        find_tag,
        list_authors,
        find_author,
    )
}

/// Which posts, and how much of each.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PostsQuery {
    /// Most posts to return.
    #[param(minimum = 1, maximum = 100, default = 15)]
    limit: Option<i64>,
    /// Where the last part ended: its `next_cursor`.
    cursor: Option<String>,
    /// Number of a page in place of a cursor. Pages reach 10,000 posts.
    #[param(minimum = 1, maximum = 10_000)]
    page: Option<i64>,
    /// Slug of a tag.
    tag: Option<String>,
    /// Slug of an author.
    author: Option<String>,
    /// Only featured posts, or only others.
    featured: Option<bool>,
    /// Words of the title or the text, as people type them into a search box.
    q: Option<String>,
    /// What must hold for a post besides, such as `featured:true+tag:[news,press]`: `+` for and, `,` for or, brackets, `-` for
    /// not, `>`, `>=`, `<` and `<=` for instants, `~`, `~^` and `~$` for parts, beginnings and ends of texts. Fields: `id`, `slug`, `title`, `featured`,
    /// `published_at`, `updated_at`, `tag`, `primary_tag`, `author`, `primary_author`, `series`.
    #[param(max_length = 2_000, example = "featured:true+published_at:>now-1y")]
    filter: Option<String>,
    /// Order; left out: the newest first.
    #[param(inline)]
    order: Option<Order>,
    /// `tags`, `authors`, `comment_count`, with commas between them: what to add to each post.
    include: Option<String>,
    /// `html`, `plaintext`, `markdown`, `toc`, with commas between them: forms of the text to add.
    formats: Option<String>,
    /// Fields to leave of each post, with commas between them; left out: all.
    fields: Option<String>,
}

/// How much of a post.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PostQuery {
    /// `tags`, `authors`, `comment_count`, with commas between them; left out: `tags,authors`.
    include: Option<String>,
    /// `html`, `plaintext`, `markdown`, `toc`, with commas between them; left out: `html,toc`.
    formats: Option<String>,
    /// Fields to leave, with commas between them; left out: all.
    fields: Option<String>,
}

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PartQuery {
    /// Most entries to return.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
    /// Where the last part ended: its `next_cursor`.
    cursor: Option<String>,
}

fn post(ctx: &Ctx, post: Post) -> ContentPost {
    let tags = post.tags.map(|tags| tags.0);
    let authors = post.authors.map(|authors| authors.0);
    ContentPost {
        url: ctx.link(&format!("/blog/{}", post.slug)),
        id: post.id,
        slug: post.slug,
        title: post.title,
        excerpt: post.excerpt,
        featured: post.featured,
        word_count: post.word_count,
        reading_minutes: post.reading_minutes,
        published_at: post.published_at,
        updated_at: post.modified_at,
        seo: post.seo.0,
        html: post.html,
        plaintext: post.plaintext,
        markdown: post.markdown,
        toc: post.toc.map(|toc| toc.0),
        primary_tag: tags.as_ref().and_then(|tags| tags.first().cloned()),
        tags,
        primary_author: authors
            .as_ref()
            .and_then(|authors| authors.first().cloned()),
        authors,
        comment_count: post.comment_count,
    }
}

fn tag(ctx: &Ctx, tag: Named) -> ContentTag {
    ContentTag {
        url: ctx.link(&format!("/blog/tag/{}", tag.slug)),
        id: tag.id,
        slug: tag.slug,
        name: tag.name,
        description: tag.about,
        posts: tag.posts,
    }
}

fn author(ctx: &Ctx, author: Named) -> ContentAuthor {
    ContentAuthor {
        url: ctx.link(&format!("/blog/author/{}", author.slug)),
        id: author.id,
        slug: author.slug,
        name: author.name,
        bio: author.about,
        website: author.website,
        posts: author.posts,
    }
}

/// List live posts
///
/// What visitors can read, newest first unless `order` says otherwise. `Last-Modified` is that of the newest change among the posts of this part;
/// the `ETag` decides.
#[utoipa::path(
    get, path = "/content/posts", operation_id = "blog.content_posts.list", tag = "Content", params(PostsQuery),
    responses(
        (status = 200, description = "The posts.", body = ContentPostList,
         headers(("ETag" = String, description = "A hash of the answer."), ("Cache-Control" = String, description = "For how long it may be kept."))),
        (status = 304, description = "The client has it already."),
        Refused
    )
)]
async fn list_posts(
    ctx: Allowed<ReadContent>,
    Query(query): Query<PostsQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    let part = Part::read(query.limit, query.cursor.as_deref(), query.page)?;
    let wanted = Wanted::read(query.include.as_deref(), query.formats.as_deref())?;
    let filter = query
        .filter
        .filter(|filter| !filter.trim().is_empty())
        .map(|filter| Filter::read(&filter, ctx.now()))
        .transpose()?;
    let choice = Choice {
        tag: query.tag,
        author: query.author,
        featured: query.featured,
        // What has no word to look for finds nothing.
        words: query
            .q
            .filter(|q| !q.trim().is_empty())
            .map(|q| Words::parse(&q).map_or(String::new(), |words| words.query)),
        filter,
    };
    let order = query.order.unwrap_or_default();
    let mut tx = ctx.begin().await?;
    let mut read =
        async |part| store::posts(&mut tx, &choice, order, wanted, part, ctx.now()).await;
    let found = read(part).await?;
    let total = match found.first() {
        Some(post) => post.total,
        None if part.page == Some(1) => 0,
        // After the end nothing tells how many posts are before.
        None => read(Part::shortest())
            .await?
            .first()
            .map_or(0, |post| post.total),
    };
    let found = Page::cut(found, part.request, |post| post.cursor(order));
    let changed_at = found.items.iter().map(|post| post.modified_at).max();
    let posts: Vec<ContentPost> = found
        .items
        .into_iter()
        .map(|found| post(&ctx, found))
        .collect();
    let mut data = serde_json::to_value(posts).map_err(Error::from)?;
    only(&mut data, query.fields.as_deref(), POST)?;
    let body = ContentPostList {
        data,
        total,
        page: part.page,
        pages: part.pages(total),
        next_cursor: found.next,
    };
    Ok(answer(
        &ctx,
        &headers,
        conditional_date(&headers, changed_at),
        &body,
    )?)
}

/// A date alone does not tell that a post has gone, so it counts for lists only beside the tag.
fn conditional_date(asked: &HeaderMap, changed_at: Option<Timestamp>) -> Option<Timestamp> {
    changed_at.filter(|_| {
        asked.contains_key(http::header::IF_NONE_MATCH)
            || !asked.contains_key(http::header::IF_MODIFIED_SINCE)
    })
}

fn one(ctx: &Ctx, headers: &HeaderMap, found: Post, fields: Option<&str>) -> Result<Response> {
    let changed_at = found.modified_at;
    let mut data = serde_json::to_value(post(ctx, found)).map_err(Error::from)?;
    only(&mut data, fields, POST)?;
    Ok(answer(
        ctx,
        headers,
        conditional_date(headers, Some(changed_at)),
        &data,
    )?)
}

/// Read a live post
#[utoipa::path(
    get, path = "/content/posts/{id}", operation_id = "blog.content_posts.read", tag = "Content",
    params(("id" = PostId, Path), PostQuery),
    responses(
        (status = 200, description = "The post.", body = ContentPost, headers(("ETag" = String, description = "A hash of the answer."))),
        (status = 304, description = "The client has it already."),
        Refused, Missing
    )
)]
async fn read_post(
    ctx: Allowed<ReadContent>,
    Path(id): Path<PostId>,
    Query(query): Query<PostQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    let wanted = Wanted::of_one(query.include.as_deref(), query.formats.as_deref())?;
    let mut tx = ctx.begin().await?;
    let found = store::post(&mut tx, id.0, wanted, ctx.now()).await?;
    let found = found.ok_or(Error::NotFound("post"))?;
    one(&ctx, &headers, found, query.fields.as_deref())
}

/// Read the live post of a slug
///
/// A former slug leads to the present one.
#[utoipa::path(
    get, path = "/content/posts/slug/{slug}", operation_id = "blog.content_posts.find", tag = "Content",
    params(("slug" = String, Path), PostQuery),
    responses(
        (status = 200, description = "The post.", body = ContentPost, headers(("ETag" = String, description = "A hash of the answer."))),
        (status = 301, description = "It has another slug now.", headers(("Location" = String, description = "Where it is."), ("X-Canonical-Slug" = String, description = "The present slug."))),
        (status = 304, description = "The client has it already."),
        Refused, Missing
    )
)]
async fn find_post(
    ctx: Allowed<ReadContent>,
    Path(slug): Path<String>,
    Query(query): Query<PostQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    let wanted = Wanted::of_one(query.include.as_deref(), query.formats.as_deref())?;
    let mut tx = ctx.begin().await?;
    let found = store::post_of_slug(&mut tx, &slug, wanted, ctx.now()).await?;
    let found = found.ok_or(Error::NotFound("post"))?;
    if found.slug != slug {
        return Ok(moved(&ctx, "posts", &found.slug)?);
    }
    one(&ctx, &headers, found, query.fields.as_deref())
}

/// List the tags of live posts
#[utoipa::path(
    get, path = "/content/tags", operation_id = "blog.content_tags.list", tag = "Content", params(PartQuery),
    responses(
        (status = 200, description = "The tags.", body = ContentTagList, headers(("ETag" = String, description = "A hash of the answer."))),
        (status = 304, description = "The client has it already."),
        Refused
    )
)]
async fn list_tags(
    ctx: Allowed<ReadContent>,
    Query(query): Query<PartQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    let page = PageRequest::new(query.limit, 50, query.cursor.as_deref())?;
    let mut tx = ctx.begin().await?;
    let found = Page::cut(
        store::tags(&mut tx, page, ctx.now()).await?,
        page,
        Named::cursor,
    );
    let body = ContentTagList {
        data: found
            .items
            .into_iter()
            .map(|found| tag(&ctx, found))
            .collect(),
        next_cursor: found.next,
    };
    Ok(answer(&ctx, &headers, None, &body)?)
}

/// Read the tag of a slug
///
/// A former slug leads to the present one.
#[utoipa::path(
    get, path = "/content/tags/slug/{slug}", operation_id = "blog.content_tags.find", tag = "Content",
    params(("slug" = String, Path)),
    responses(
        (status = 200, description = "The tag.", body = ContentTag, headers(("ETag" = String, description = "A hash of the answer."))),
        (status = 301, description = "It has another slug now.", headers(("Location" = String, description = "Where it is."), ("X-Canonical-Slug" = String, description = "The present slug."))),
        (status = 304, description = "The client has it already."),
        Refused, Missing
    )
)]
async fn find_tag(
    ctx: Allowed<ReadContent>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let found = store::tag_of_slug(&mut tx, &slug, ctx.now()).await?;
    let found = found.ok_or(Error::NotFound("tag"))?;
    if found.slug != slug {
        return Ok(moved(&ctx, "tags", &found.slug)?);
    }
    // The number of posts moves without the tag.
    Ok(answer(&ctx, &headers, None, &tag(&ctx, found))?)
}

/// List the authors of live posts
#[utoipa::path(
    get, path = "/content/authors", operation_id = "blog.content_authors.list", tag = "Content", params(PartQuery),
    responses(
        (status = 200, description = "The authors.", body = ContentAuthorList, headers(("ETag" = String, description = "A hash of the answer."))),
        (status = 304, description = "The client has it already."),
        Refused
    )
)]
async fn list_authors(
    ctx: Allowed<ReadContent>,
    Query(query): Query<PartQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    let page = PageRequest::new(query.limit, 50, query.cursor.as_deref())?;
    let mut tx = ctx.begin().await?;
    let found = Page::cut(
        store::authors(&mut tx, page, ctx.now()).await?,
        page,
        Named::cursor,
    );
    let body = ContentAuthorList {
        data: found
            .items
            .into_iter()
            .map(|found| author(&ctx, found))
            .collect(),
        next_cursor: found.next,
    };
    Ok(answer(&ctx, &headers, None, &body)?)
}

/// Read the author of a slug
///
/// A former slug leads to the present one.
#[utoipa::path(
    get, path = "/content/authors/slug/{slug}", operation_id = "blog.content_authors.find", tag = "Content",
    params(("slug" = String, Path)),
    responses(
        (status = 200, description = "The author.", body = ContentAuthor, headers(("ETag" = String, description = "A hash of the answer."))),
        (status = 301, description = "They have another slug now.", headers(("Location" = String, description = "Where they are."), ("X-Canonical-Slug" = String, description = "The present slug."))),
        (status = 304, description = "The client has it already."),
        Refused, Missing
    )
)]
async fn find_author(
    ctx: Allowed<ReadContent>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let found = store::author_of_slug(&mut tx, &slug, ctx.now()).await?;
    let found = found.ok_or(Error::NotFound("author"))?;
    if found.slug != slug {
        return Ok(moved(&ctx, "authors", &found.slug)?);
    }
    Ok(answer(&ctx, &headers, None, &author(&ctx, found))?)
}
