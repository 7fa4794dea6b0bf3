-- Where visitors are sent on from addresses that lead nowhere any more.
create table blog_redirects (
    tenant_id uuid not null,
    id uuid not null,
    kind text not null,
    -- A path, decoded and in one spelling; or the pattern of paths.
    source text not null,
    -- A path or an absolute address; none where something is gone for good.
    target text,
    status smallint not null,
    -- What becomes of the query that came along.
    query text not null,
    -- Patterns are tried in this order.
    position integer not null,
    enabled boolean not null,
    -- Who made it: somebody, or a file.
    origin text not null,
    -- How often it was used; written from time to time.
    hits bigint not null default 0,
    last_hit_at timestamptz,
    rev bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint blog_redirects_pkey primary key (tenant_id, id),
    constraint blog_redirects_tenant_id_fkey foreign key (tenant_id) references tenants (id),
    constraint blog_redirects_kind_check check (kind in ('exact', 'pattern')),
    constraint blog_redirects_source_check check (octet_length(source) between 1 and 2000),
    constraint blog_redirects_target_check check (octet_length(target) between 1 and 2000 and (target is null) = (status = 410)),
    constraint blog_redirects_status_check check (status in (301, 302, 307, 308, 410)),
    constraint blog_redirects_query_check check (query in ('drop', 'keep')),
    constraint blog_redirects_origin_check check (origin in ('manual', 'import'))
);
create unique index blog_redirects_source_key on blog_redirects (tenant_id, kind, source);
create index blog_redirects_target_idx on blog_redirects (tenant_id, target) where kind = 'exact';

alter table blog_redirects enable row level security;
alter table blog_redirects force row level security;
create policy tenant on blog_redirects to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update, delete on blog_redirects to atelier_tenant;
