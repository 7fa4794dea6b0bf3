-- Who may read a post besides when, until when they may, and what its address says afterwards.
alter table blog_posts
    add column visibility text not null default 'public',
    -- From when visitors no longer read it: derived from what a person chose, as `live_at` is.
    add column ends_at timestamptz,
    add column ends_local text,
    add column ends_zone text,
    -- Whether its address answers that it is gone for good, once visitors cannot read it.
    add column gone boolean not null default false,
    add constraint blog_posts_visibility_check check (visibility in ('public', 'unlisted', 'members', 'private')),
    add constraint blog_posts_ends_check check (
        (ends_at is null) = (ends_local is null) and (ends_at is null) = (ends_zone is null)
        and (ends_at is null or (live_no is not null and ends_at > live_at))
    );
create index blog_posts_ends_idx on blog_posts (tenant_id, ends_at desc) where ends_at is not null;

-- Whether a reader finds a post at an instant. Every read for readers asks this and nothing else: `audience` names the
-- visibilities that they see (`public::Audience`). It is inlined, so the indexes of the table serve it.
create function blog_shown(post blog_posts, audience text[], at timestamptz) returns boolean
    language sql immutable parallel safe
    return post.live_no is not null and post.live_at <= at and (post.ends_at is null or post.ends_at > at)
        and post.visibility = any (audience);

-- The status in effect at an instant, whether or not the worker has noted it (`posts::effective`).
create function blog_status(post blog_posts, at timestamptz) returns text
    language sql immutable parallel safe
    return case
        when post.ends_at <= at then 'draft'
        when post.status = 'scheduled' and post.live_at <= at then 'published'
        else post.status
    end;
