-- Links that show a post to whoever has them, before it is live. The link's secret is stored as its SHA-256.
create table blog_preview_links (
    tenant_id uuid not null,
    id uuid not null,
    post_id uuid not null,
    -- The version that it shows; null: the newest draft at that time.
    version_no integer,
    token_hash bytea not null,
    expires_at timestamptz not null,
    -- How often it may be opened; null: as often as anybody likes.
    max_views integer,
    views integer not null default 0,
    last_viewed_at timestamptz,
    created_by uuid not null,
    created_by_name text not null,
    created_at timestamptz not null,
    revoked_at timestamptz,
    constraint blog_preview_links_pkey primary key (tenant_id, id),
    constraint blog_preview_links_token_hash_key unique (tenant_id, token_hash),
    constraint blog_preview_links_post_id_fkey foreign key (tenant_id, post_id) references blog_posts (tenant_id, id),
    constraint blog_preview_links_created_by_fkey foreign key (tenant_id, created_by) references memberships (tenant_id, id),
    constraint blog_preview_links_token_hash_check check (length(token_hash) = 32),
    constraint blog_preview_links_views_check check (max_views >= 1 and views >= 0)
);
create index blog_preview_links_post_idx on blog_preview_links (tenant_id, post_id, id desc);
create index blog_preview_links_created_by_idx on blog_preview_links (tenant_id, created_by);

alter table blog_preview_links enable row level security;
alter table blog_preview_links force row level security;
create policy tenant on blog_preview_links to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, delete, update (views, last_viewed_at, revoked_at) on blog_preview_links to atelier_tenant;
