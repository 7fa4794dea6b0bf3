-- Links that let somebody without an account see one object. Of the link's secret only the SHA-256 is kept.
create table guest_grants (
    tenant_id uuid not null,
    id uuid not null,
    -- Whom it is for, as whoever gave it calls them.
    label text not null,
    email text,
    context_type text not null,
    context_id uuid not null,
    -- Name of the object when it was shared.
    context_name text not null,
    -- Path on the tenant's host where the guest sees the object.
    path text not null,
    token_hash bytea not null,
    -- Argon2id of a code that is told another way than the link.
    access_code_hash text,
    max_uses integer,
    uses integer not null default 0,
    granted_by uuid not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    last_used_at timestamptz,
    revoked_at timestamptz,
    constraint guest_grants_pkey primary key (tenant_id, id),
    constraint guest_grants_token_hash_key unique (tenant_id, token_hash),
    constraint guest_grants_tenant_id_fkey foreign key (tenant_id) references tenants (id),
    constraint guest_grants_granted_by_fkey foreign key (tenant_id, granted_by) references memberships (tenant_id, id),
    constraint guest_grants_label_check check (length(label) between 1 and 120),
    constraint guest_grants_path_check check (path ~ '^/[^/\\]'),
    -- Two who come at once with one use left: the second meets this.
    constraint guest_grants_uses_check check (uses >= 0 and (max_uses is null or (max_uses > 0 and uses <= max_uses)))
);
create index guest_grants_granted_by_idx on guest_grants (tenant_id, granted_by);
create index guest_grants_context_idx on guest_grants (tenant_id, context_type, context_id);
create index guest_grants_created_idx on guest_grants (tenant_id, created_at desc, id desc);
alter table guest_grants enable row level security;
alter table guest_grants force row level security;
create policy tenant on guest_grants to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update (uses, last_used_at, revoked_at) on guest_grants to atelier_tenant;

-- A guest's browser: found by the hash of its cookie, good for the one object of its grant.
create table guest_sessions (
    tenant_id uuid not null,
    id uuid not null,
    guest_grant_id uuid not null,
    token_hash bytea not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint guest_sessions_pkey primary key (tenant_id, id),
    constraint guest_sessions_token_hash_key unique (tenant_id, token_hash),
    constraint guest_sessions_guest_grant_id_fkey foreign key (tenant_id, guest_grant_id) references guest_grants (tenant_id, id)
);
create index guest_sessions_guest_grant_id_idx on guest_sessions (tenant_id, guest_grant_id);
alter table guest_sessions enable row level security;
alter table guest_sessions force row level security;
create policy tenant on guest_sessions to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on guest_sessions to atelier_platform using (true) with check (true);
grant select, insert, delete on guest_sessions to atelier_tenant;
grant select, delete on guest_sessions to atelier_platform;

-- A permission on one object, for a member or a guest. Inert once it has expired or was revoked: nobody has to sweep.
create table permission_grants (
    tenant_id uuid not null,
    id uuid not null,
    -- Rows that were given together, and are taken back together.
    share_id uuid not null,
    membership_id uuid,
    guest_grant_id uuid,
    permission_key text not null,
    -- Which of the object's levels it was given as: "edit".
    level text not null,
    context_type text not null,
    context_id uuid not null,
    context_name text not null,
    granted_by uuid not null,
    granted_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    constraint permission_grants_pkey primary key (tenant_id, id),
    constraint permission_grants_tenant_id_fkey foreign key (tenant_id) references tenants (id),
    constraint permission_grants_membership_id_fkey foreign key (tenant_id, membership_id) references memberships (tenant_id, id),
    constraint permission_grants_guest_grant_id_fkey foreign key (tenant_id, guest_grant_id) references guest_grants (tenant_id, id),
    constraint permission_grants_granted_by_fkey foreign key (tenant_id, granted_by) references memberships (tenant_id, id),
    constraint permission_grants_holder_check check ((membership_id is null) <> (guest_grant_id is null))
);
create unique index permission_grants_membership_id_key
    on permission_grants (tenant_id, membership_id, context_type, context_id, permission_key)
    where membership_id is not null and revoked_at is null;
create index permission_grants_membership_id_idx on permission_grants (tenant_id, membership_id);
create index permission_grants_guest_grant_id_idx on permission_grants (tenant_id, guest_grant_id);
create index permission_grants_granted_by_idx on permission_grants (tenant_id, granted_by);
create index permission_grants_context_idx on permission_grants (tenant_id, context_type, context_id);
alter table permission_grants enable row level security;
alter table permission_grants force row level security;
create policy tenant on permission_grants to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on permission_grants to atelier_platform using (true) with check (true);
grant select, insert, update (revoked_at) on permission_grants to atelier_tenant;
-- Whoever comes back by an invitation comes back with nothing else.
grant select, update (revoked_at) on permission_grants to atelier_platform;
