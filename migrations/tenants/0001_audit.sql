-- Who did what. Append-only: nobody at run time may change or remove an entry.
create table audit_log (
    tenant_id uuid not null,
    id uuid not null,
    at timestamptz not null,
    actor_kind text not null,
    -- A membership, an operator, or nothing for the system itself.
    actor_id uuid,
    -- The name at that time: it stays readable when the person has left.
    actor_name text not null,
    action text not null,
    target_kind text,
    target_id uuid,
    target_name text,
    ip text,
    user_agent text,
    request_id text,
    detail jsonb not null default '{}',
    constraint audit_log_pkey primary key (tenant_id, id),
    constraint audit_log_actor_kind_check check (actor_kind in ('member', 'guest', 'api_key', 'operator', 'system'))
);
create index audit_log_at_idx on audit_log (tenant_id, at desc, id desc);
create index audit_log_target_idx on audit_log (tenant_id, target_kind, target_id);

alter table audit_log enable row level security;
alter table audit_log force row level security;
create policy tenant on audit_log to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on audit_log to atelier_platform using (true) with check (true);
grant select, insert on audit_log to atelier_tenant, atelier_platform;
