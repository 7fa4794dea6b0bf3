-- A post: its state. What it says is in its versions, of which the newest is the draft and one may be live.
create table blog_posts (
    tenant_id uuid not null,
    id uuid not null,
    -- Counts every change; a change says which one it is based on.
    rev bigint not null,
    status text not null,
    slug text not null,
    -- Whether somebody chose the slug; otherwise it follows the title until the post is first live.
    slug_custom boolean not null,
    -- Title of the draft, for lists.
    title text not null,
    draft_no integer not null,
    -- The version that visitors read, and from when they do: in the future for a scheduled post.
    live_no integer,
    live_at timestamptz,
    -- What a person chose when scheduling; `live_at` is derived from it.
    schedule_local text,
    schedule_zone text,
    -- First publication: shown to readers, and editable.
    published_at timestamptz,
    -- Last time that the live text changed.
    updated_content_at timestamptz,
    featured boolean not null,
    created_by uuid not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    -- In the trash since then; removed for good after 30 days.
    deleted_at timestamptz,
    constraint blog_posts_pkey primary key (tenant_id, id),
    constraint blog_posts_created_by_fkey foreign key (tenant_id, created_by) references memberships (tenant_id, id),
    constraint blog_posts_status_check check (status in ('draft', 'in_review', 'scheduled', 'published', 'archived')),
    constraint blog_posts_live_check check (
        (status in ('scheduled', 'published')) = (live_no is not null)
        and (live_no is null) = (live_at is null)
        and (live_no is null or (published_at is not null and deleted_at is null))
        and live_no <= draft_no
    ),
    constraint blog_posts_schedule_check check (
        (status = 'scheduled') = (schedule_local is not null) and (schedule_local is null) = (schedule_zone is null)
    )
);
create index blog_posts_created_by_idx on blog_posts (tenant_id, created_by);
create index blog_posts_updated_idx on blog_posts (tenant_id, updated_at desc, id desc) where deleted_at is null;
create index blog_posts_public_idx on blog_posts (tenant_id, published_at desc, id desc) where live_no is not null;
create index blog_posts_live_no_idx on blog_posts (tenant_id, id, live_no) where live_no is not null;

alter table blog_posts enable row level security;
alter table blog_posts force row level security;
create policy tenant on blog_posts to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update, delete on blog_posts to atelier_tenant;

-- What a post said at a time. Only the newest is ever written again: by the autosaves of one person within minutes.
create table blog_post_versions (
    tenant_id uuid not null,
    post_id uuid not null,
    no integer not null,
    title text not null,
    -- Markdown.
    content text not null,
    -- Written by hand; otherwise `summary` stands in.
    excerpt text,
    seo jsonb not null,
    -- Everything below is derived from the content by the renderer of that version.
    html text not null,
    plaintext text not null,
    summary text not null,
    word_count integer not null,
    reading_minutes integer not null,
    toc jsonb not null,
    renderer_version integer not null,
    sha256 bytea not null,
    reason text not null,
    author_id uuid not null,
    author_name text not null,
    created_at timestamptz not null,
    constraint blog_post_versions_pkey primary key (tenant_id, post_id, no),
    constraint blog_post_versions_post_id_fkey foreign key (tenant_id, post_id) references blog_posts (tenant_id, id),
    constraint blog_post_versions_no_check check (no >= 1),
    constraint blog_post_versions_sha256_check check (length(sha256) = 32),
    constraint blog_post_versions_reason_check
        check (reason in ('autosave', 'save', 'publish', 'schedule', 'unpublish', 'restore', 'import', 'ai'))
);

alter table blog_post_versions enable row level security;
alter table blog_post_versions force row level security;
create policy tenant on blog_post_versions to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update, delete on blog_post_versions to atelier_tenant;

alter table blog_posts add constraint blog_posts_live_no_fkey
    foreign key (tenant_id, id, live_no) references blog_post_versions (tenant_id, post_id, no);

create table blog_post_authors (
    tenant_id uuid not null,
    post_id uuid not null,
    author_id uuid not null,
    -- The first is the one that short lists name.
    position smallint not null,
    constraint blog_post_authors_pkey primary key (tenant_id, post_id, author_id),
    constraint blog_post_authors_post_id_fkey foreign key (tenant_id, post_id) references blog_posts (tenant_id, id),
    constraint blog_post_authors_author_id_fkey foreign key (tenant_id, author_id) references blog_authors (tenant_id, id)
);
create index blog_post_authors_author_idx on blog_post_authors (tenant_id, author_id);

alter table blog_post_authors enable row level security;
alter table blog_post_authors force row level security;
create policy tenant on blog_post_authors to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update, delete on blog_post_authors to atelier_tenant;

create table blog_post_tags (
    tenant_id uuid not null,
    post_id uuid not null,
    tag_id uuid not null,
    position smallint not null,
    constraint blog_post_tags_pkey primary key (tenant_id, post_id, tag_id),
    constraint blog_post_tags_post_id_fkey foreign key (tenant_id, post_id) references blog_posts (tenant_id, id),
    constraint blog_post_tags_tag_id_fkey foreign key (tenant_id, tag_id) references blog_tags (tenant_id, id)
);
create index blog_post_tags_tag_idx on blog_post_tags (tenant_id, tag_id);

alter table blog_post_tags enable row level security;
alter table blog_post_tags force row level security;
create policy tenant on blog_post_tags to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update, delete on blog_post_tags to atelier_tenant;
