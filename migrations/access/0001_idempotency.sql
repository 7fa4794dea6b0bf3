-- Answers to requests that may be repeated: the same key gives the same answer, once.
create table api_idempotency_keys (
    tenant_id uuid not null,
    -- Who sent it: two members may use the same key without meeting.
    actor_id uuid not null,
    key text not null,
    -- Method, path and body; the same key with another request is refused.
    request_hash bytea not null,
    -- Null while the first request is under way, which nobody but itself can see.
    status smallint,
    headers jsonb,
    body text,
    created_at timestamptz not null,
    constraint api_idempotency_keys_pkey primary key (tenant_id, actor_id, key),
    constraint api_idempotency_keys_key_check check (length(key) between 1 and 255)
);
create index api_idempotency_keys_created_idx on api_idempotency_keys (tenant_id, created_at);

alter table api_idempotency_keys enable row level security;
alter table api_idempotency_keys force row level security;
create policy tenant on api_idempotency_keys to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on api_idempotency_keys to atelier_platform using (true) with check (true);
grant select, insert, update on api_idempotency_keys to atelier_tenant;
grant select, delete on api_idempotency_keys to atelier_platform;
