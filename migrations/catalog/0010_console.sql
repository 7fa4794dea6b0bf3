-- What an operator granted a tenant besides its plans, or took from it, for a time. Tenants may look; the platform writes.
create table entitlement_overrides (
    tenant_id uuid not null,
    id uuid not null,
    -- A limit that a plan sets, or how far a module is open.
    kind text not null,
    -- Key of the entitlement, or of the module.
    key text not null,
    -- The limit; null is none.
    value bigint,
    access text,
    reason text not null,
    granted_by_name text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    revoked_by_name text,
    constraint entitlement_overrides_pkey primary key (tenant_id, id),
    constraint entitlement_overrides_tenant_id_fkey foreign key (tenant_id) references tenants (id),
    constraint entitlement_overrides_kind_check check (kind in ('limit', 'access')),
    constraint entitlement_overrides_value_check check (value >= 0 and (kind = 'limit' or value is null)),
    constraint entitlement_overrides_access_check check (
        (kind = 'access') = (access is not null) and access in ('full', 'read_only', 'blocked')
    ),
    constraint entitlement_overrides_reason_check check (length(reason) between 1 and 500),
    constraint entitlement_overrides_expires_at_check check (expires_at > created_at),
    constraint entitlement_overrides_revoked_check check ((revoked_at is null) = (revoked_by_name is null))
);
create index entitlement_overrides_created_at_idx on entitlement_overrides (tenant_id, created_at desc);

alter table entitlement_overrides enable row level security;
alter table entitlement_overrides force row level security;
create policy tenant on entitlement_overrides to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on entitlement_overrides to atelier_platform using (true) with check (true);
grant select on entitlement_overrides to atelier_tenant;
grant select, insert, update (revoked_at, revoked_by_name) on entitlement_overrides to atelier_platform;

-- Counts changes of a plan; a change says which one it is based on.
alter table plans add column rev bigint not null default 1;
alter table plans add constraint plans_slug_check check (slug ~ '^[a-z][a-z0-9-]{0,38}[a-z0-9]$');
