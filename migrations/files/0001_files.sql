-- A file that somebody uploaded: what it is, and who may see it. The bytes are in the object store, under a key made
-- of tenant, visibility and hash.
create table files_objects (
    tenant_id uuid not null,
    id uuid not null,
    -- Counts changes; a change says which one it is based on.
    rev bigint not null default 1,
    -- Of the bytes as they were sent, in hexadecimal: the same bytes are kept once.
    sha256 text not null,
    -- `storing` until all bytes are in the object store; whatever stays so was interrupted and is swept.
    state text not null,
    -- `private` is reached by a signed address alone.
    visibility text not null,
    name text not null,
    -- Found in the bytes, never as declared.
    mime text not null,
    -- Of the original as it is stored, without its metadata. This is what counts against the plan.
    bytes bigint not null,
    -- In pixels, as people see it: the orientation is applied.
    width integer not null,
    height integer not null,
    -- A blurred picture in about 25 bytes, in base64.
    thumbhash text not null,
    alt_text text not null default '',
    caption text not null default '',
    uploaded_by uuid not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    -- In the trash since then; removed for good after 30 days.
    deleted_at timestamptz,
    constraint files_objects_pkey primary key (tenant_id, id),
    constraint files_objects_tenant_id_fkey foreign key (tenant_id) references tenants (id),
    constraint files_objects_uploaded_by_fkey foreign key (tenant_id, uploaded_by) references memberships (tenant_id, id),
    constraint files_objects_sha256_key unique (tenant_id, sha256, visibility),
    constraint files_objects_sha256_check check (sha256 ~ '^[0-9a-f]{64}$'),
    constraint files_objects_state_check check (state in ('storing', 'ready')),
    constraint files_objects_visibility_check check (visibility in ('public', 'private')),
    constraint files_objects_name_check check (length(name) between 1 and 191),
    constraint files_objects_alt_text_check check (length(alt_text) <= 500),
    constraint files_objects_caption_check check (length(caption) <= 1000),
    constraint files_objects_bytes_check check (bytes > 0),
    constraint files_objects_size_check check (width between 1 and 30000 and height between 1 and 30000)
);
create index files_objects_uploaded_by_idx on files_objects (tenant_id, uploaded_by);
-- What the sweeper looks for: few rows of many.
create index files_objects_storing_idx on files_objects (tenant_id, updated_at) where state = 'storing';
create index files_objects_trash_idx on files_objects (tenant_id, deleted_at) where deleted_at is not null;

alter table files_objects enable row level security;
alter table files_objects force row level security;
create policy tenant on files_objects to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
-- The sweeper asks which tenants have something to remove, and works in a transaction of each.
create policy platform on files_objects to atelier_platform using (true) with check (true);
grant select, insert, update, delete on files_objects to atelier_tenant;
grant select on files_objects to atelier_platform;

-- A smaller copy of a picture. Its bytes stand beside the original's, under the same key with the variant added.
create table files_derivatives (
    tenant_id uuid not null,
    file_id uuid not null,
    -- `thumb`, or the width in pixels.
    variant text not null,
    mime text not null,
    bytes bigint not null,
    width integer not null,
    height integer not null,
    constraint files_derivatives_pkey primary key (tenant_id, file_id, variant),
    constraint files_derivatives_file_id_fkey foreign key (tenant_id, file_id) references files_objects (tenant_id, id) on delete cascade,
    constraint files_derivatives_variant_check check (variant = 'thumb' or variant = width::text),
    constraint files_derivatives_bytes_check check (bytes > 0)
);

alter table files_derivatives enable row level security;
alter table files_derivatives force row level security;
create policy tenant on files_derivatives to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, delete on files_derivatives to atelier_tenant;

-- Which thing shows which file. Written by the thing's module, in the transaction that changes the thing.
create table files_usages (
    tenant_id uuid not null,
    file_id uuid not null,
    -- Such as `blog.post`.
    entity_kind text not null,
    entity_id uuid not null,
    -- What people know the thing by, and the page it stands on.
    title text not null,
    path text not null,
    constraint files_usages_pkey primary key (tenant_id, file_id, entity_kind, entity_id),
    constraint files_usages_file_id_fkey foreign key (tenant_id, file_id) references files_objects (tenant_id, id) on delete cascade,
    constraint files_usages_path_check check (path like '/%' and path not like '//%')
);
create index files_usages_entity_idx on files_usages (tenant_id, entity_kind, entity_id);

alter table files_usages enable row level security;
alter table files_usages force row level security;
create policy tenant on files_usages to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update, delete on files_usages to atelier_tenant;

-- Bytes of all originals of a tenant, kept in step by the statements that add and remove files.
create table files_totals (
    tenant_id uuid not null,
    bytes bigint not null,
    constraint files_totals_pkey primary key (tenant_id),
    constraint files_totals_tenant_id_fkey foreign key (tenant_id) references tenants (id),
    constraint files_totals_bytes_check check (bytes >= 0)
);

alter table files_totals enable row level security;
alter table files_totals force row level security;
create policy tenant on files_totals to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update on files_totals to atelier_tenant;
