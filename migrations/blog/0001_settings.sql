-- The blog as a whole. A tenant without a row has the defaults, which the code knows.
create table blog_settings (
    tenant_id uuid not null,
    title text not null,
    tagline text not null,
    description text not null,
    posts_per_page integer not null,
    feed_items integer not null,
    -- Whether feeds carry whole posts or their excerpts.
    feed_content text not null,
    -- Whether search engines are welcome.
    indexable boolean not null,
    rev bigint not null,
    updated_at timestamptz not null,
    constraint blog_settings_pkey primary key (tenant_id),
    constraint blog_settings_tenant_id_fkey foreign key (tenant_id) references tenants (id),
    constraint blog_settings_title_check check (length(title) <= 255),
    constraint blog_settings_tagline_check check (length(tagline) <= 300),
    constraint blog_settings_description_check check (length(description) <= 500),
    constraint blog_settings_posts_per_page_check check (posts_per_page between 1 and 100),
    constraint blog_settings_feed_items_check check (feed_items between 1 and 100),
    constraint blog_settings_feed_content_check check (feed_content in ('full', 'excerpt'))
);

alter table blog_settings enable row level security;
alter table blog_settings force row level security;
create policy tenant on blog_settings to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update on blog_settings to atelier_tenant;

-- Every address that a post, tag or author has, or lately had: one row for each, so that one key decides who gets it.
-- An address that is no longer current forwards to its thing until another takes it.
create table blog_slugs (
    tenant_id uuid not null,
    kind text not null,
    slug text not null,
    entity_id uuid not null,
    current boolean not null,
    created_at timestamptz not null,
    constraint blog_slugs_pkey primary key (tenant_id, kind, slug),
    constraint blog_slugs_kind_check check (kind in ('post', 'tag', 'author')),
    constraint blog_slugs_slug_check check (octet_length(slug) between 1 and 191)
);
create index blog_slugs_entity_idx on blog_slugs (tenant_id, entity_id);

alter table blog_slugs enable row level security;
alter table blog_slugs force row level security;
create policy tenant on blog_slugs to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update, delete on blog_slugs to atelier_tenant;
