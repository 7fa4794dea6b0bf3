-- A person's place in a tenant.
create table memberships (
    tenant_id uuid not null,
    id uuid not null,
    user_id uuid not null,
    status text not null,
    -- Name and address that this tenant knows the person by.
    display_name text not null,
    contact_email text not null,
    joined_at timestamptz not null,
    left_at timestamptz,
    last_seen_at timestamptz,
    rev bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint memberships_pkey primary key (tenant_id, id),
    constraint memberships_user_id_key unique (tenant_id, user_id),
    constraint memberships_tenant_id_fkey foreign key (tenant_id) references tenants (id),
    constraint memberships_user_id_fkey foreign key (user_id) references users (id),
    constraint memberships_status_check check (status in ('active', 'suspended', 'left')),
    constraint memberships_left_check check ((status = 'left') = (left_at is not null)),
    constraint memberships_display_name_check check (length(display_name) between 1 and 120)
);
-- One's workspaces: asked across tenants, by the platform alone.
create index memberships_user_idx on memberships (user_id);
create index memberships_name_idx on memberships (tenant_id, lower(display_name), id);
create index memberships_joined_idx on memberships (tenant_id, joined_at, id);

alter table memberships enable row level security;
alter table memberships force row level security;
create policy tenant on memberships to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on memberships to atelier_platform using (true) with check (true);
-- Nobody is removed as a row: what they wrote keeps its author.
grant select, update (status, display_name, contact_email, left_at, rev, updated_at) on memberships to atelier_tenant;
grant select, insert, update on memberships to atelier_platform;

-- Names of the members, for every module.
create view tenant_people with (security_invoker = true) as
    select tenant_id, id as membership_id, display_name, status from memberships;
grant select on tenant_people to atelier_tenant, atelier_platform;

-- Roles. What the built-in ones hold follows from the manifests.
create table roles (
    tenant_id uuid not null,
    id uuid not null,
    key text not null,
    name text not null,
    is_system boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint roles_pkey primary key (tenant_id, id),
    constraint roles_key_key unique (tenant_id, key),
    constraint roles_tenant_id_fkey foreign key (tenant_id) references tenants (id)
);

alter table roles enable row level security;
alter table roles force row level security;
create policy tenant on roles to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on roles to atelier_platform using (true) with check (true);
grant select on roles to atelier_tenant;
grant select, insert, update on roles to atelier_platform;

create table membership_roles (
    tenant_id uuid not null,
    membership_id uuid not null,
    role_id uuid not null,
    granted_at timestamptz not null,
    constraint membership_roles_pkey primary key (tenant_id, membership_id, role_id),
    constraint membership_roles_membership_id_fkey foreign key (tenant_id, membership_id) references memberships (tenant_id, id),
    constraint membership_roles_role_id_fkey foreign key (tenant_id, role_id) references roles (tenant_id, id)
);
create index membership_roles_role_idx on membership_roles (tenant_id, role_id);

alter table membership_roles enable row level security;
alter table membership_roles force row level security;
create policy tenant on membership_roles to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on membership_roles to atelier_platform using (true) with check (true);
grant select, insert, delete on membership_roles to atelier_tenant;
grant select, insert, delete on membership_roles to atelier_platform;

-- Invitations by mail. The link's secret is stored as its SHA-256.
create table invitations (
    tenant_id uuid not null,
    id uuid not null,
    email text not null,
    email_norm text not null,
    token_hash bytea not null,
    status text not null,
    invited_by uuid not null,
    expires_at timestamptz not null,
    resend_count integer not null default 0,
    last_sent_at timestamptz not null,
    accepted_by uuid,
    accepted_at timestamptz,
    created_at timestamptz not null,
    constraint invitations_pkey primary key (tenant_id, id),
    constraint invitations_token_hash_key unique (token_hash),
    constraint invitations_tenant_id_fkey foreign key (tenant_id) references tenants (id),
    constraint invitations_invited_by_fkey foreign key (tenant_id, invited_by) references memberships (tenant_id, id),
    constraint invitations_accepted_by_fkey foreign key (tenant_id, accepted_by) references memberships (tenant_id, id),
    constraint invitations_status_check check (status in ('pending', 'accepted', 'revoked', 'replaced')),
    constraint invitations_accepted_check check ((status = 'accepted') = (accepted_by is not null and accepted_at is not null))
);
create unique index invitations_email_norm_key on invitations (tenant_id, email_norm) where status = 'pending';
create index invitations_created_idx on invitations (tenant_id, created_at desc, id desc);
create index invitations_invited_by_idx on invitations (tenant_id, invited_by);
create index invitations_accepted_by_idx on invitations (tenant_id, accepted_by);

alter table invitations enable row level security;
alter table invitations force row level security;
create policy tenant on invitations to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on invitations to atelier_platform using (true) with check (true);
grant select, insert, update on invitations to atelier_tenant;
grant select, update on invitations to atelier_platform;

create table invitation_roles (
    tenant_id uuid not null,
    invitation_id uuid not null,
    role_id uuid not null,
    constraint invitation_roles_pkey primary key (tenant_id, invitation_id, role_id),
    constraint invitation_roles_invitation_id_fkey foreign key (tenant_id, invitation_id) references invitations (tenant_id, id),
    constraint invitation_roles_role_id_fkey foreign key (tenant_id, role_id) references roles (tenant_id, id)
);
create index invitation_roles_role_idx on invitation_roles (tenant_id, role_id);

alter table invitation_roles enable row level security;
alter table invitation_roles force row level security;
create policy tenant on invitation_roles to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on invitation_roles to atelier_platform using (true) with check (true);
grant select, insert on invitation_roles to atelier_tenant;
grant select on invitation_roles to atelier_platform;
