-- A moderator may put one comment of a post above all others. It keeps its place while it is not public, so that a
-- decision that is taken back gives the place back, too.
alter table blog_comments add column pinned_at timestamptz;
alter table blog_comments add constraint blog_comments_pinned_at_check check (pinned_at is null or parent_id is null);
create unique index blog_comments_pinned_key on blog_comments (tenant_id, post_id) where pinned_at is not null;
