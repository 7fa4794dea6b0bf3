-- The key of a tenant's comment forms and counters; made when comments are first switched on.
create table blog_comment_keys (
    tenant_id uuid not null,
    key bytea not null,
    created_at timestamptz not null,
    constraint blog_comment_keys_pkey primary key (tenant_id),
    constraint blog_comment_keys_tenant_id_fkey foreign key (tenant_id) references tenants (id),
    constraint blog_comment_keys_key_check check (length(key) = 32)
);

alter table blog_comment_keys enable row level security;
alter table blog_comment_keys force row level security;
create policy tenant on blog_comment_keys to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert on blog_comment_keys to atelier_tenant;

-- What the hashes of one day were made with. Without it nobody can tell whose they were.
create table blog_comment_salts (
    tenant_id uuid not null,
    day date not null,
    salt bytea not null,
    constraint blog_comment_salts_pkey primary key (tenant_id, day),
    constraint blog_comment_salts_tenant_id_fkey foreign key (tenant_id) references tenants (id),
    constraint blog_comment_salts_salt_check check (length(salt) = 32)
);

alter table blog_comment_salts enable row level security;
alter table blog_comment_salts force row level security;
create policy tenant on blog_comment_salts to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, delete on blog_comment_salts to atelier_tenant;

-- How often somebody commented lately: one row for each identity or network, which all nodes count on.
create table blog_comment_tries (
    tenant_id uuid not null,
    scope text not null,
    -- HMAC of whom it counts.
    key bytea not null,
    window_started_at timestamptz not null,
    tries integer not null,
    constraint blog_comment_tries_pkey primary key (tenant_id, scope, key),
    constraint blog_comment_tries_tenant_id_fkey foreign key (tenant_id) references tenants (id),
    constraint blog_comment_tries_scope_check check (scope in ('flood', 'identity', 'network', 'report'))
);
create index blog_comment_tries_window_idx on blog_comment_tries (tenant_id, window_started_at);

alter table blog_comment_tries enable row level security;
alter table blog_comment_tries force row level security;
create policy tenant on blog_comment_tries to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update, delete on blog_comment_tries to atelier_tenant;
