-- Mail that was or will be sent: written with its cause, delivered by a job.
create table mail_messages (
    id uuid not null,
    -- Null for the platform's own mail: sign-up, log-in, recovery.
    tenant_id uuid,
    -- Which letter it is, such as accounts.password_reset.
    template text not null,
    to_address text not null,
    to_name text not null,
    from_name text not null,
    reply_to text,
    subject text not null,
    html text not null,
    body_text text not null,
    state text not null default 'queued',
    attempts integer not null default 0,
    last_error text,
    -- What the mail server answered when it took the mail over; holds its id for it.
    provider_reply text,
    created_at timestamptz not null,
    sent_at timestamptz,
    constraint mail_messages_pkey primary key (id),
    -- failed: refused for good. dead: given up after many tries.
    constraint mail_messages_state_check check (state in ('queued', 'sent', 'failed', 'dead')),
    constraint mail_messages_sent_check check ((state = 'sent') = (sent_at is not null))
);
create index mail_messages_created_idx on mail_messages (created_at desc, id desc);
create index mail_messages_tenant_idx on mail_messages (tenant_id, created_at);

alter table mail_messages enable row level security;
alter table mail_messages force row level security;
create policy tenant_sends on mail_messages for insert to atelier_tenant
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on mail_messages to atelier_platform using (true) with check (true);
grant insert on mail_messages to atelier_tenant;
grant select, insert, update, delete on mail_messages to atelier_platform;
