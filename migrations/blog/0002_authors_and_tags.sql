-- Who writes: a public profile, made when a member first writes a post.
create table blog_authors (
    tenant_id uuid not null,
    id uuid not null,
    membership_id uuid not null,
    slug text not null,
    display_name text not null,
    bio text not null default '',
    website text not null default '',
    rev bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint blog_authors_pkey primary key (tenant_id, id),
    constraint blog_authors_membership_id_key unique (tenant_id, membership_id),
    constraint blog_authors_membership_id_fkey foreign key (tenant_id, membership_id) references memberships (tenant_id, id),
    constraint blog_authors_display_name_check check (length(display_name) between 1 and 120),
    constraint blog_authors_bio_check check (length(bio) <= 1000),
    constraint blog_authors_website_check check (length(website) <= 2000)
);

alter table blog_authors enable row level security;
alter table blog_authors force row level security;
create policy tenant on blog_authors to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update on blog_authors to atelier_tenant;

create table blog_tags (
    tenant_id uuid not null,
    id uuid not null,
    slug text not null,
    name text not null,
    -- The name as it is compared: in lower case.
    name_key text not null,
    description text not null default '',
    rev bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    -- In the trash since then; removed for good after 30 days.
    deleted_at timestamptz,
    constraint blog_tags_pkey primary key (tenant_id, id),
    constraint blog_tags_tenant_id_fkey foreign key (tenant_id) references tenants (id),
    constraint blog_tags_name_check check (length(name) between 1 and 191),
    constraint blog_tags_description_check check (length(description) <= 500)
);
create unique index blog_tags_name_key on blog_tags (tenant_id, name_key) where deleted_at is null;

alter table blog_tags enable row level security;
alter table blog_tags force row level security;
create policy tenant on blog_tags to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update, delete on blog_tags to atelier_tenant;
