-- Posts that belong together, in an order of their own.
alter table blog_slugs drop constraint blog_slugs_kind_check;
alter table blog_slugs add constraint blog_slugs_kind_check check (kind in ('post', 'tag', 'author', 'series'));

create table blog_series (
    tenant_id uuid not null,
    id uuid not null,
    slug text not null,
    title text not null,
    description text not null default '',
    -- Whether its posts stand as somebody put them, or by their day.
    order_mode text not null,
    -- Counts changes of the series and of its posts' order; a change says which one it is based on.
    rev bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    -- In the trash since then; removed for good after 30 days.
    deleted_at timestamptz,
    constraint blog_series_pkey primary key (tenant_id, id),
    constraint blog_series_tenant_id_fkey foreign key (tenant_id) references tenants (id),
    constraint blog_series_title_check check (length(title) between 1 and 191),
    constraint blog_series_description_check check (length(description) <= 500),
    constraint blog_series_order_mode_check check (order_mode in ('manual', 'date'))
);

alter table blog_series enable row level security;
alter table blog_series force row level security;
create policy tenant on blog_series to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update, delete on blog_series to atelier_tenant;

create table blog_series_posts (
    tenant_id uuid not null,
    series_id uuid not null,
    post_id uuid not null,
    position integer not null,
    constraint blog_series_posts_pkey primary key (tenant_id, series_id, post_id),
    constraint blog_series_posts_series_id_fkey foreign key (tenant_id, series_id) references blog_series (tenant_id, id),
    constraint blog_series_posts_post_id_fkey foreign key (tenant_id, post_id) references blog_posts (tenant_id, id),
    -- Looked at when a statement ends, so that one statement can give all of them new places.
    constraint blog_series_posts_position_key unique (tenant_id, series_id, position) deferrable initially immediate,
    constraint blog_series_posts_position_check check (position >= 1)
);
create index blog_series_posts_post_idx on blog_series_posts (tenant_id, post_id);

alter table blog_series_posts enable row level security;
alter table blog_series_posts force row level security;
create policy tenant on blog_series_posts to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update, delete on blog_series_posts to atelier_tenant;
