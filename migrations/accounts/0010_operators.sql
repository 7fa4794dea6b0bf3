-- Who works at the operators' console. Global, as people are; tenants' code sees none of it.
create table identity_operators (
    user_id uuid not null,
    role text not null,
    -- Since when they may not enter any more.
    disabled_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint identity_operators_pkey primary key (user_id),
    constraint identity_operators_user_id_fkey foreign key (user_id) references users (id),
    constraint identity_operators_role_check check (role in ('support_readonly', 'support', 'billing', 'admin'))
);

-- What operators did, and why. Append-only. What concerns a tenant stands in that tenant's own audit log, too.
create table identity_operator_acts (
    id uuid not null,
    at timestamptz not null,
    -- Null when somebody acted at the machine's command line.
    operator_id uuid,
    -- The name at that time: it stays readable when the person has left.
    operator_name text not null,
    action text not null,
    reason text not null,
    -- The tenant concerned, if any. No foreign key: tenants come after accounts.
    tenant_id uuid,
    tenant_name text,
    target_kind text,
    target_id uuid,
    target_name text,
    ip text,
    user_agent text,
    request_id text,
    detail jsonb not null default '{}',
    constraint identity_operator_acts_pkey primary key (id),
    constraint identity_operator_acts_operator_id_fkey foreign key (operator_id) references users (id),
    constraint identity_operator_acts_reason_check check (length(reason) between 1 and 500)
);
create index identity_operator_acts_at_idx on identity_operator_acts (at desc, id desc);
create index identity_operator_acts_operator_id_idx on identity_operator_acts (operator_id, at desc);
create index identity_operator_acts_tenant_id_idx on identity_operator_acts (tenant_id, at desc) where tenant_id is not null;

-- A session at the console ends sooner, and is good for nothing else.
alter table sessions add column kind text not null default 'person';
alter table sessions add constraint sessions_kind_check check (kind in ('person', 'operator'));

-- The console looks people up by the beginning of their address.
create index users_email_prefix_idx on users (email_normal text_pattern_ops);

grant select, insert, update on identity_operators to atelier_platform;
grant select, insert on identity_operator_acts to atelier_platform;
