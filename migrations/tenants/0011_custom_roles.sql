-- Roles of a tenant's own, besides the built-in ones, whose permissions stay in the manifests.
alter table roles
    add column description text not null default '',
    add column rev bigint not null default 1,
    add constraint roles_name_check check (length(name) between 1 and 60),
    add constraint roles_description_check check (length(description) <= 300);
create unique index roles_name_key on roles (tenant_id, lower(name));
grant insert, delete, update (name, description, rev, updated_at) on roles to atelier_tenant;

-- What a role of the tenant's own allows. A key that no manifest declares any more allows nothing.
create table role_permissions (
    tenant_id uuid not null,
    role_id uuid not null,
    permission_key text not null,
    constraint role_permissions_pkey primary key (tenant_id, role_id, permission_key),
    constraint role_permissions_role_id_fkey foreign key (tenant_id, role_id) references roles (tenant_id, id)
);
alter table role_permissions enable row level security;
alter table role_permissions force row level security;
create policy tenant on role_permissions to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on role_permissions to atelier_platform using (true) with check (true);
grant select, insert, delete on role_permissions to atelier_tenant;
grant select on role_permissions to atelier_platform;

-- A role may be given for a while: it is held as long as the clock has not reached this.
alter table membership_roles add column expires_at timestamptz;
grant update (granted_at, expires_at) on membership_roles to atelier_tenant, atelier_platform;
-- A role that is deleted leaves the invitations that named it.
grant delete on invitation_roles to atelier_tenant;
