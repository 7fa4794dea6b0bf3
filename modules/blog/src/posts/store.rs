//! Statements that read posts for those who write them.

use kernel::{Cursor, MembershipId, PageRequest, Result, Timestamp};
use sqlx::types::Json;
use tenant_resolver::TenantTx;

use super::{PostId, Seo, Sort, State, Status, Visibility};
use crate::authors::{AuthorId, AuthorRef};
use crate::content::Heading;
use crate::content::wanted::Wanted;
use crate::images::Feature;
use crate::search;
use crate::tags::TagRef;

/// A post with its draft, as those who write it see it.
#[derive(Clone, Debug)]
pub struct Post {
    pub id: PostId,
    pub rev: i64,
    pub status: Status,
    pub slug: String,
    pub slug_custom: bool,
    pub draft_no: i32,
    pub live_no: Option<i32>,
    pub live_at: Option<Timestamp>,
    pub schedule_local: Option<String>,
    pub schedule_zone: Option<String>,
    pub visibility: Visibility,
    pub ends_at: Option<Timestamp>,
    pub ends_local: Option<String>,
    pub ends_zone: Option<String>,
    /// Whether its address says that it is gone for good, once visitors cannot read it.
    pub gone: bool,
    pub published_at: Option<Timestamp>,
    pub updated_content_at: Option<Timestamp>,
    pub featured: bool,
    pub created_by: MembershipId,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
    pub title: String,
    pub content: String,
    pub excerpt: Option<String>,
    pub seo: Json<Seo>,
    pub html: String,
    pub summary: String,
    pub word_count: i32,
    pub reading_minutes: i32,
    pub toc: Json<Vec<Heading>>,
    pub tags: Json<Vec<TagRef>>,
    pub authors: Json<Vec<AuthorRef>>,
    /// The picture that stands for it.
    pub feature: Option<Json<Feature>>,
}

/// One post by its id, with its draft. In the trash or not.
pub async fn find(tx: &mut TenantTx, id: PostId) -> Result<Option<Post>> {
    let tenant = tx.tenant();
    let post = sqlx::query_as!(
        Post,
        r#"select p.id, p.rev, p.status as "status: Status", p.slug, p.slug_custom, p.draft_no, p.live_no, p.live_at,
                  p.schedule_local, p.schedule_zone, p.visibility as "visibility: Visibility", p.ends_at, p.ends_local, p.ends_zone, p.gone,
                  p.published_at, p.updated_content_at, p.featured, p.created_by, p.created_at, p.updated_at, p.deleted_at,
                  v.title, v.content, v.excerpt, v.seo as "seo: Json<Seo>", v.html, v.summary, v.word_count,
                  v.reading_minutes, v.toc as "toc: Json<Vec<Heading>>",
                  (select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'slug', t.slug, 'name', t.name) order by pt.position), '[]')
                   from blog_post_tags pt join blog_tags t on t.tenant_id = pt.tenant_id and t.id = pt.tag_id
                   where pt.tenant_id = $1 and pt.post_id = p.id and t.tenant_id = $1 and t.deleted_at is null)
                    as "tags!: Json<Vec<TagRef>>",
                  (select coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'slug', a.slug, 'name', a.display_name, 'membership', a.membership_id) order by pa.position), '[]')
                   from blog_post_authors pa join blog_authors a on a.tenant_id = pa.tenant_id and a.id = pa.author_id
                   where pa.tenant_id = $1 and pa.post_id = p.id and a.tenant_id = $1)
                    as "authors!: Json<Vec<AuthorRef>>",
                  (select jsonb_build_object('file', f.file_id, 'alt', f.alt_text)
                   from blog_post_features f where f.tenant_id = $1 and f.post_id = p.id) as "feature: Json<Feature>"
           from blog_posts p
           join blog_post_versions v on v.tenant_id = p.tenant_id and v.post_id = p.id and v.no = p.draft_no
           where p.tenant_id = $1 and v.tenant_id = $1 and p.id = $2"#,
        tenant as _,
        id as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(post)
}

/// A post as lists show it.
#[derive(Clone, Debug)]
pub struct Listed {
    pub id: PostId,
    pub rev: i64,
    pub status: Status,
    pub slug: String,
    pub title: String,
    pub excerpt: String,
    pub draft_no: i32,
    pub live_no: Option<i32>,
    pub live_at: Option<Timestamp>,
    pub schedule_local: Option<String>,
    pub schedule_zone: Option<String>,
    pub visibility: Visibility,
    pub ends_at: Option<Timestamp>,
    pub ends_local: Option<String>,
    pub ends_zone: Option<String>,
    /// Whether its address says that it is gone for good, once visitors cannot read it.
    pub gone: bool,
    pub published_at: Option<Timestamp>,
    pub updated_content_at: Option<Timestamp>,
    pub featured: bool,
    pub created_by: MembershipId,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
    pub word_count: i32,
    pub reading_minutes: i32,
    pub tags: Json<Vec<TagRef>>,
    pub authors: Json<Vec<AuthorRef>>,
}

/// Which posts a list is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// What state; `None`: every one but the trash.
    pub state: Option<StateFilter>,
    /// Slug of a tag.
    pub tag: Option<String>,
    /// An author.
    pub author: Option<AuthorId>,
    /// Words of the draft, as people type them.
    pub q: Option<String>,
    /// Only these; `None`: whichever there are.
    pub only: Option<Vec<uuid::Uuid>>,
}

/// States to filter by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateFilter {
    /// A status, as it is in effect now, or the trash.
    Is(State),
    /// Live, with a newer draft.
    Changed,
}

impl StateFilter {
    /// The filter of that name, as addresses and the API call it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "trash" => Some(Self::Is(State::Trashed)),
            "changed" => Some(Self::Changed),
            other => Status::parse(other).map(|status| Self::Is(State::Is(status))),
        }
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Is(State::Trashed) => "trash",
            Self::Is(State::Is(status)) => status.as_str(),
            Self::Changed => "changed",
        }
    }
}

/// One part of a list of posts; one row more than asked for tells that there is a next part.
///
/// By creation, newest first, the list walks the primary key: ids are ordered by the time of their making. That list
/// without a filter is what is asked for most. It is a statement of its own, for which the server keeps one plan; what may
/// or may not be filtered by is planned anew each time.
pub async fn list(
    tx: &mut TenantTx,
    filter: &Filter,
    sort: Sort,
    page: PageRequest,
    now: Timestamp,
) -> Result<Vec<Listed>> {
    /// The statement once, with which posts it is about.
    macro_rules! posts {
        ([$($which:tt)+] $($argument:tt)*) => {
            sqlx::query_as!(
                Listed,
                r#"select p.id, p.rev, p.status as "status: Status", p.slug, p.title, coalesce(v.excerpt, v.summary) as "excerpt!",
                          p.draft_no, p.live_no, p.live_at, p.schedule_local, p.schedule_zone, p.visibility as "visibility: Visibility", p.ends_at, p.ends_local, p.ends_zone, p.gone,
                          p.published_at, p.updated_content_at, p.featured, p.created_by, p.created_at, p.updated_at, p.deleted_at,
                          v.word_count, v.reading_minutes,
                          (select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'slug', t.slug, 'name', t.name) order by pt.position), '[]')
                           from blog_post_tags pt join blog_tags t on t.tenant_id = pt.tenant_id and t.id = pt.tag_id
                           where pt.tenant_id = $1 and pt.post_id = p.id and t.tenant_id = $1 and t.deleted_at is null)
                            as "tags!: Json<Vec<TagRef>>",
                          (select coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'slug', a.slug, 'name', a.display_name, 'membership', a.membership_id) order by pa.position), '[]')
                           from blog_post_authors pa join blog_authors a on a.tenant_id = pa.tenant_id and a.id = pa.author_id
                           where pa.tenant_id = $1 and pa.post_id = p.id and a.tenant_id = $1)
                            as "authors!: Json<Vec<AuthorRef>>"
                   from blog_posts p
                   join blog_post_versions v on v.tenant_id = p.tenant_id and v.post_id = p.id and v.no = p.draft_no
                   where p.tenant_id = $1 and v.tenant_id = $1 "# + $($which)+,
                tx.tenant() as _,
                $($argument)*
            )
            .fetch_all(tx.conn())
            .await
        };
    }
    let last = page.after.map(|cursor| cursor.id);
    if *filter == Filter::default() && sort == Sort::Created {
        let newest = posts!(
            ["and p.deleted_at is null and p.id < coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
              order by p.id desc limit $2"]
            page.fetch(),
            last
        );
        return Ok(newest?);
    }

    // What has no word to look for finds nothing.
    let query = filter
        .q
        .as_deref()
        .map(|q| Wanted::parse(q).map_or(String::new(), |wanted| wanted.query));
    /// The list with its filters, and what differs between orders.
    macro_rules! listing {
        ($tail:tt, $last:expr) => {
            posts!(
                ["and (p.deleted_at is not null) = ($2::text is not distinct from 'trash')
                  and ($2::text is null or $2 = 'trash'
                       or $2 = blog_status(p, $3)
                       or ($2 = 'changed' and p.live_no <> p.draft_no and blog_status(p, $3) in ('scheduled', 'published')))
                  and ($4::text is null or exists (
                         select from blog_post_tags pt join blog_tags t on t.tenant_id = pt.tenant_id and t.id = pt.tag_id
                         where pt.tenant_id = $1 and pt.post_id = p.id and t.tenant_id = $1 and t.slug = $4
                           and t.deleted_at is null))
                  and ($5::uuid is null or exists (
                         select from blog_post_authors pa
                         where pa.tenant_id = $1 and pa.post_id = p.id and pa.author_id = $5))
                  and ($6::text is null or (p.id, p.draft_no) in (select f.post_id, f.no from blog_search($1, $6, $10) f)) 
                  and ($11::uuid[] is null or p.id = any ($11)) " + $tail]
                filter.state.map(StateFilter::as_str),
                now as _,
                filter.tag,
                filter.author as _,
                query,
                page.fetch(),
                last,
                $last,
                search::MOST_LISTED,
                filter.only.as_deref()
            )?
        };
    }
    let after = page.after.map(|cursor| cursor.at);
    let posts = match sort {
        Sort::Created => listing!(
            "and ($8::uuid is null or p.id < $8) and ($9::timestamptz is null or true) order by p.id desc limit $7",
            after as _
        ),
        Sort::Updated => listing!(
            "and ($8::uuid is null or (p.updated_at, p.id) < ($9::timestamptz, $8)) order by p.updated_at desc, p.id desc limit $7",
            after as _
        ),
        Sort::Published => listing!(
            "and ($8::uuid is null or (coalesce(p.published_at, p.created_at), p.id) < ($9::timestamptz, $8))
             order by coalesce(p.published_at, p.created_at) desc, p.id desc limit $7",
            after as _
        ),
        // The cursor names the last row, whose title is looked up: titles do not fit into cursors.
        Sort::Title => listing!(
            "and ($8::uuid is null or (lower(p.title), p.id) >
                  (select lower(l.title), l.id from blog_posts l where l.tenant_id = $1 and l.id = $8))
             and ($9::timestamptz is null or true)
             order by lower(p.title), p.id limit $7",
            after as _
        ),
    };
    Ok(posts)
}

impl Listed {
    /// Where a list that is sorted so goes on after this post.
    #[must_use]
    pub fn cursor(&self, sort: Sort) -> Cursor {
        let at = match sort {
            Sort::Updated => self.updated_at,
            Sort::Published => self.published_at.unwrap_or(self.created_at),
            Sort::Created | Sort::Title => self.created_at,
        };
        Cursor { at, id: self.id.0 }
    }
}

/// How many posts are in each state.
#[derive(Clone, Debug)]
pub struct Counts {
    pub all: i64,
    pub draft: i64,
    pub in_review: i64,
    pub scheduled: i64,
    pub published: i64,
    pub changed: i64,
    pub archived: i64,
    pub trash: i64,
}

/// Counts the posts of each state that is in effect at `now`: of all, or of some.
pub async fn counts(
    tx: &mut TenantTx,
    only: Option<&[uuid::Uuid]>,
    now: Timestamp,
) -> Result<Counts> {
    let tenant = tx.tenant();
    let counts = sqlx::query_as!(
        Counts,
        r#"select count(*) filter (where deleted_at is null) as "all!",
                  count(*) filter (where deleted_at is null and status = 'draft') as "draft!",
                  count(*) filter (where deleted_at is null and status = 'in_review') as "in_review!",
                  count(*) filter (where deleted_at is null and status = 'scheduled') as "scheduled!",
                  count(*) filter (where deleted_at is null and status = 'published') as "published!",
                  count(*) filter (where live_no <> draft_no and status in ('scheduled', 'published')) as "changed!",
                  count(*) filter (where deleted_at is null and status = 'archived') as "archived!",
                  count(*) filter (where deleted_at is not null) as "trash!"
           from (select blog_status(p, $2) as status, p.live_no, p.draft_no, p.deleted_at
                 from blog_posts p where p.tenant_id = $1 and ($3::uuid[] is null or p.id = any ($3))) post"#,
        tenant as _,
        now as _,
        only,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(counts)
}
