-- What running the queue needs.

-- Whose turn a job waits for: its tenant's, or the platform's, which comes last in a round.
alter table jobs add column turn uuid not null
    generated always as (coalesce(tenant_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)) stored;
create index jobs_turn_idx on jobs (turn, run_at, id) where state = 'queued';
drop index jobs_due_idx;
create index jobs_finished_idx on jobs (finished_at) where finished_at is not null;
create index outbox_events_dispatched_idx on outbox_events (dispatched_at) where dispatched_at is not null;

-- A key makes one job of those that wait. Once it runs, a new one may be queued: what it was to see may have changed.
drop index jobs_unique_key_key;
create unique index jobs_unique_key_key on jobs (kind, tenant_id, unique_key) nulls not distinct
    where unique_key is not null and state = 'queued';

-- A tenant's job notes that it is done in the transaction in which it works, hence in the tenant's role. That role
-- sees of its own jobs only what identifies them, and can take a running one to `done` and nowhere else.
create policy tenant_finds on jobs for select to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy tenant_finishes on jobs for update to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid and state = 'running')
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid and state = 'done');
grant select (id, tenant_id, state, locked_by) on jobs to atelier_tenant;
grant update (state, locked_by, locked_until, last_error, finished_at) on jobs to atelier_tenant;

-- The last tick of each schedule that was turned into a job, whichever node did it.
create table jobs_schedules (
    kind text not null,
    ticked_at timestamptz not null,
    constraint jobs_schedules_pkey primary key (kind)
);
grant select, insert, update on jobs_schedules to atelier_platform;
