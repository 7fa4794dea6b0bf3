-- Tenants and the addresses they stand at. Global: a tenant is its own key.
create table tenants (
    id uuid not null,
    slug text not null,
    name text not null,
    status text not null,
    locale text not null,
    time_zone text not null,
    currency text not null,
    country text,
    -- `#rrggbb`; accessible colours are derived from it.
    brand text not null,
    -- Key of the module that the person signed up for.
    interest text,
    -- Until when an unconfirmed sign-up keeps its address; null once confirmed.
    hold_until timestamptz,
    confirmed_at timestamptz,
    suspended_at timestamptz,
    suspended_reason text,
    rev bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint tenants_pkey primary key (id),
    constraint tenants_slug_key unique (slug),
    constraint tenants_slug_check check (slug ~ '^[a-z][a-z0-9-]{1,38}[a-z0-9]$'),
    constraint tenants_name_check check (length(name) between 1 and 80),
    constraint tenants_status_check check (status in ('pending', 'active', 'suspended', 'closing', 'deleted')),
    constraint tenants_hold_check check ((status = 'pending') = (hold_until is not null)),
    constraint tenants_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint tenants_country_check check (country ~ '^[A-Z]{2}$'),
    constraint tenants_brand_check check (brand ~ '^#[0-9a-f]{6}$')
);
create index tenants_hold_idx on tenants (hold_until) where hold_until is not null;
create index tenants_created_idx on tenants (created_at desc, id desc);

alter table tenants enable row level security;
alter table tenants force row level security;
create policy tenant on tenants to atelier_tenant
    using (id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on tenants to atelier_platform using (true) with check (true);
-- A tenant edits what it shows of itself; its address and its state are the platform's business.
grant select, update (name, locale, time_zone, currency, country, brand, rev, updated_at) on tenants to atelier_tenant;
grant select, insert, update, delete on tenants to atelier_platform;

-- Every address that belongs, or lately belonged, to somebody: one row for each, so that one index decides who gets it.
create table tenant_slugs (
    tenant_id uuid not null,
    slug text not null,
    -- Null while it is the tenant's present address; afterwards, until when it forwards there.
    redirect_until timestamptz,
    -- From when others may take it: the end of a hold or of the quarantine. Null: never.
    free_from timestamptz,
    created_at timestamptz not null,
    constraint tenant_slugs_pkey primary key (tenant_id, slug),
    constraint tenant_slugs_slug_key unique (slug),
    constraint tenant_slugs_tenant_id_fkey foreign key (tenant_id) references tenants (id) on delete cascade
);

alter table tenant_slugs enable row level security;
alter table tenant_slugs force row level security;
create policy tenant on tenant_slugs to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on tenant_slugs to atelier_platform using (true) with check (true);
grant select on tenant_slugs to atelier_tenant;
grant select, insert, update, delete on tenant_slugs to atelier_platform;

-- Who asked for a tenant that is not confirmed yet. The row goes with the confirmation.
create table tenant_signups (
    tenant_id uuid not null,
    email text not null,
    email_norm text not null,
    -- An address may have three sign-ups waiting, one in each slot.
    slot smallint not null,
    person_name text not null,
    -- Of the password that was chosen; used only when the address belongs to nobody at the confirmation.
    password_hash text not null,
    token_hash bytea not null,
    expires_at timestamptz not null,
    ip text not null,
    created_at timestamptz not null,
    constraint tenant_signups_pkey primary key (tenant_id),
    constraint tenant_signups_token_hash_key unique (token_hash),
    constraint tenant_signups_email_norm_slot_key unique (email_norm, slot),
    constraint tenant_signups_slot_check check (slot between 1 and 3),
    constraint tenant_signups_tenant_id_fkey foreign key (tenant_id) references tenants (id) on delete cascade
);

alter table tenant_signups enable row level security;
alter table tenant_signups force row level security;
create policy tenant on tenant_signups to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on tenant_signups to atelier_platform using (true) with check (true);
grant select, insert, update, delete on tenant_signups to atelier_platform;

-- The logo, as re-encoded by us. One for each tenant; its hash is part of its address.
create table tenant_logos (
    tenant_id uuid not null,
    hash text not null,
    content_type text not null,
    width integer not null,
    height integer not null,
    bytes bytea not null,
    created_at timestamptz not null,
    constraint tenant_logos_pkey primary key (tenant_id),
    constraint tenant_logos_tenant_id_fkey foreign key (tenant_id) references tenants (id) on delete cascade,
    constraint tenant_logos_content_type_check check (content_type in ('image/png', 'image/webp')),
    constraint tenant_logos_size_check check (width between 1 and 512 and height between 1 and 512),
    constraint tenant_logos_hash_check check (hash ~ '^[0-9a-f]{64}$')
);

alter table tenant_logos enable row level security;
alter table tenant_logos force row level security;
create policy tenant on tenant_logos to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on tenant_logos to atelier_platform using (true) with check (true);
grant select, insert, update, delete on tenant_logos to atelier_tenant;
grant select, insert, update, delete on tenant_logos to atelier_platform;
