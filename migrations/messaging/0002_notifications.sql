-- What a member should know of: shown in their inbox.
create table notifications (
    tenant_id uuid not null,
    id uuid not null,
    recipient_id uuid not null,
    -- Which news it is, such as blog.comment_waits.
    kind text not null,
    title text not null,
    body text not null,
    -- Path on the tenant's own host that it leads to.
    link text not null,
    read_at timestamptz,
    created_at timestamptz not null,
    constraint notifications_pkey primary key (tenant_id, id),
    constraint notifications_recipient_id_fkey foreign key (tenant_id, recipient_id) references memberships (tenant_id, id),
    constraint notifications_title_check check (length(title) between 1 and 200),
    constraint notifications_link_check check (link ~ '^/[^/\\]')
);
create index notifications_recipient_id_idx on notifications (tenant_id, recipient_id, created_at desc, id desc);
create index notifications_unread_idx on notifications (tenant_id, recipient_id, created_at desc, id desc)
    where read_at is null;

alter table notifications enable row level security;
alter table notifications force row level security;
create policy tenant on notifications to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update (read_at) on notifications to atelier_tenant;
