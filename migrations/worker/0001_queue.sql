-- The queue: a job commits together with the change that causes it.
create table jobs (
    id uuid not null,
    -- Null only for work of the platform itself.
    tenant_id uuid,
    kind text not null,
    payload jsonb not null,
    -- Two jobs of one kind and tenant with the same key are one job.
    unique_key text,
    run_at timestamptz not null,
    state text not null default 'queued',
    attempts integer not null default 0,
    max_attempts integer not null default 10,
    locked_by text,
    locked_until timestamptz,
    last_error text,
    created_at timestamptz not null,
    finished_at timestamptz,
    constraint jobs_pkey primary key (id),
    constraint jobs_state_check check (state in ('queued', 'running', 'done', 'dead')),
    constraint jobs_tenant_check check (tenant_id is not null or kind like 'platform.%'),
    constraint jobs_attempts_check check (attempts between 0 and max_attempts)
);
create unique index jobs_unique_key_key on jobs (kind, tenant_id, unique_key) nulls not distinct where unique_key is not null;
create index jobs_due_idx on jobs (run_at, id) where state = 'queued';
create index jobs_running_idx on jobs (locked_until) where state = 'running';
create index jobs_tenant_idx on jobs (tenant_id, created_at);

alter table jobs enable row level security;
alter table jobs force row level security;
create policy tenant_enqueues on jobs for insert to atelier_tenant
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on jobs to atelier_platform using (true) with check (true);
grant insert on jobs to atelier_tenant;
grant select, insert, update, delete on jobs to atelier_platform;

-- What happened, for whoever wants to know. Written with the change, delivered afterwards.
create table outbox_events (
    id uuid not null,
    tenant_id uuid not null,
    kind text not null,
    version smallint not null,
    payload jsonb not null,
    occurred_at timestamptz not null,
    -- When the dispatcher turned it into deliveries; null until then.
    dispatched_at timestamptz,
    constraint outbox_events_pkey primary key (id)
);
create index outbox_events_waiting_idx on outbox_events (occurred_at, id) where dispatched_at is null;
create index outbox_events_tenant_idx on outbox_events (tenant_id, occurred_at);

alter table outbox_events enable row level security;
alter table outbox_events force row level security;
create policy tenant_emits on outbox_events for insert to atelier_tenant
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on outbox_events to atelier_platform using (true) with check (true);
grant insert on outbox_events to atelier_tenant;
grant select, insert, update, delete on outbox_events to atelier_platform;
