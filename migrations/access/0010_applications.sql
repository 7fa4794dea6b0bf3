-- Programs of a tenant, such as a front end of its own. Each belongs to one product, whose scopes its keys may carry.
create table applications (
    tenant_id uuid not null,
    id uuid not null,
    -- Key of the product's module.
    module_key text not null,
    name text not null,
    slug text not null,
    status text not null,
    -- Origins whose scripts may read answers: exact ones, or https://*.example.org for one label.
    allowed_origins text[] not null,
    -- For how long anybody may keep public content that the application reads.
    cache_seconds integer not null,
    rev bigint not null,
    created_by uuid not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint applications_pkey primary key (tenant_id, id),
    constraint applications_slug_key unique (tenant_id, slug),
    constraint applications_tenant_id_fkey foreign key (tenant_id) references tenants (id),
    constraint applications_created_by_fkey foreign key (tenant_id, created_by) references memberships (tenant_id, id),
    constraint applications_name_check check (length(name) between 1 and 80),
    constraint applications_slug_check check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(slug) <= 60),
    constraint applications_status_check check (status in ('active', 'disabled')),
    constraint applications_allowed_origins_check check (cardinality(allowed_origins) <= 50),
    constraint applications_cache_seconds_check check (cache_seconds between 0 and 86400)
);
create index applications_created_by_idx on applications (tenant_id, created_by);
create index applications_created_idx on applications (tenant_id, created_at desc, id desc);

alter table applications enable row level security;
alter table applications force row level security;
create policy tenant on applications to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
-- Who is asking is found out before there is a tenant's transaction.
create policy platform on applications to atelier_platform using (true) with check (true);
grant select, insert, update on applications to atelier_tenant;
grant select on applications to atelier_platform;

-- Keys of applications. The secret is shown once; a keyed hash of the whole key is kept.
create table api_keys (
    tenant_id uuid not null,
    id uuid not null,
    application_id uuid not null,
    name text not null,
    -- The part of the key that names it.
    public_id text not null,
    -- HMAC-SHA-256 with a pepper that the database does not know.
    secret_hash bytea not null,
    -- The end of the key, for people to tell keys apart.
    last4 text not null,
    env text not null,
    scopes text[] not null,
    -- Networks that it may be used from; none means any.
    allowed_cidrs text[] not null,
    expires_at timestamptz,
    -- After a rotation the former key goes on until then.
    revoke_at timestamptz,
    revoked_at timestamptz,
    revoked_by uuid,
    revoke_reason text,
    rotated_from uuid,
    created_by uuid not null,
    created_at timestamptz not null,
    -- Written once a minute at most.
    last_used_at timestamptz,
    last_used_ip text,
    constraint api_keys_pkey primary key (tenant_id, id),
    constraint api_keys_public_id_key unique (tenant_id, public_id),
    constraint api_keys_application_id_fkey foreign key (tenant_id, application_id) references applications (tenant_id, id),
    constraint api_keys_rotated_from_fkey foreign key (tenant_id, rotated_from) references api_keys (tenant_id, id),
    constraint api_keys_created_by_fkey foreign key (tenant_id, created_by) references memberships (tenant_id, id),
    constraint api_keys_revoked_by_fkey foreign key (tenant_id, revoked_by) references memberships (tenant_id, id),
    constraint api_keys_name_check check (length(name) between 1 and 80),
    constraint api_keys_public_id_check check (public_id ~ '^[0-9A-Za-z]{12}$'),
    constraint api_keys_secret_hash_check check (length(secret_hash) = 32),
    constraint api_keys_last4_check check (length(last4) = 4),
    constraint api_keys_env_check check (env in ('live', 'test')),
    constraint api_keys_scopes_check check (cardinality(scopes) between 1 and 50),
    constraint api_keys_allowed_cidrs_check check (cardinality(allowed_cidrs) <= 50),
    constraint api_keys_revoked_check check (
        (revoked_at is null) = (revoked_by is null) and (revoked_at is null) = (revoke_reason is null)
    ),
    constraint api_keys_revoke_reason_check
        check (revoke_reason in ('replaced', 'leaked', 'unused', 'member_left', 'other'))
);
create index api_keys_application_id_idx on api_keys (tenant_id, application_id, created_at desc, id desc);
create index api_keys_rotated_from_idx on api_keys (tenant_id, rotated_from);
create index api_keys_created_by_idx on api_keys (tenant_id, created_by);
create index api_keys_revoked_by_idx on api_keys (tenant_id, revoked_by);

alter table api_keys enable row level security;
alter table api_keys force row level security;
create policy tenant on api_keys to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on api_keys to atelier_platform using (true) with check (true);
grant select, insert, update (revoke_at, revoked_at, revoked_by, revoke_reason) on api_keys to atelier_tenant;
grant select, update (secret_hash, last_used_at, last_used_ip) on api_keys to atelier_platform;

-- How often a key was used, by day (UTC).
create table api_key_usage (
    tenant_id uuid not null,
    key_id uuid not null,
    day date not null,
    requests bigint not null,
    -- Of these, refused because a limit was reached.
    refused bigint not null,
    constraint api_key_usage_pkey primary key (tenant_id, key_id, day),
    constraint api_key_usage_key_id_fkey foreign key (tenant_id, key_id) references api_keys (tenant_id, id),
    constraint api_key_usage_requests_check check (requests >= 0 and refused between 0 and requests)
);

alter table api_key_usage enable row level security;
alter table api_key_usage force row level security;
create policy tenant on api_key_usage to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on api_key_usage to atelier_platform using (true) with check (true);
grant select on api_key_usage to atelier_tenant;
grant select, insert, update on api_key_usage to atelier_platform;

-- How much of the present minute's allowance is given out, to a key or to the tenant as a whole. One row for each,
-- written anew every minute; after a crash of the database a minute begins anew, so nothing is logged.
create unlogged table api_rate_counters (
    tenant_id uuid not null,
    -- A key, or the tenant itself.
    subject_id uuid not null,
    window_start timestamptz not null,
    used bigint not null,
    constraint api_rate_counters_pkey primary key (tenant_id, subject_id),
    constraint api_rate_counters_tenant_id_fkey foreign key (tenant_id) references tenants (id),
    constraint api_rate_counters_used_check check (used >= 0)
) with (fillfactor = 50);

alter table api_rate_counters enable row level security;
alter table api_rate_counters force row level security;
create policy tenant on api_rate_counters to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on api_rate_counters to atelier_platform using (true) with check (true);
grant select, insert, update on api_rate_counters to atelier_platform;
