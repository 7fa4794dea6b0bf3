-- A notification may be mailed as well as shown.
alter table notifications
    -- Whether the inbox shows it: its reader may want the mail alone.
    add column in_app boolean not null default true,
    -- new: nobody has decided yet. soon, daily: waits for the next digest of that pace. sent: is in a mail. none: in no mail.
    add column mail text not null default 'none',
    -- The one mail it went out with.
    add column mail_id uuid,
    add constraint notifications_mail_check check (mail in ('new', 'soon', 'daily', 'sent', 'none')),
    add constraint notifications_mail_id_check check ((mail = 'sent') = (mail_id is not null));
create index notifications_mail_idx on notifications (tenant_id, recipient_id, mail, created_at)
    where mail in ('new', 'soon', 'daily');
create policy platform on notifications to atelier_platform using (true) with check (true);
grant update (mail, mail_id) on notifications to atelier_tenant;
-- Old ones are removed across tenants.
grant select, delete on notifications to atelier_platform;

-- What a member chose for a kind of news; without a row the kind's own default holds.
create table notification_preferences (
    tenant_id uuid not null,
    membership_id uuid not null,
    kind text not null,
    in_app boolean not null,
    mail text not null,
    updated_at timestamptz not null,
    constraint notification_preferences_pkey primary key (tenant_id, membership_id, kind),
    constraint notification_preferences_membership_id_fkey foreign key (tenant_id, membership_id) references memberships (tenant_id, id),
    constraint notification_preferences_mail_check check (mail in ('off', 'now', 'soon', 'daily'))
);
alter table notification_preferences enable row level security;
alter table notification_preferences force row level security;
create policy tenant on notification_preferences to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update on notification_preferences to atelier_tenant;

-- When a member gets digests, and when they got the last. The row is locked while a digest is made, so that two workers
-- never make two.
create table notification_settings (
    tenant_id uuid not null,
    membership_id uuid not null,
    -- Null: the tenant's.
    time_zone text,
    daily_hour smallint not null default 8,
    soon_sent_at timestamptz,
    daily_sent_at timestamptz,
    constraint notification_settings_pkey primary key (tenant_id, membership_id),
    constraint notification_settings_membership_id_fkey foreign key (tenant_id, membership_id) references memberships (tenant_id, id),
    constraint notification_settings_daily_hour_check check (daily_hour between 0 and 23)
);
alter table notification_settings enable row level security;
alter table notification_settings force row level security;
create policy tenant on notification_settings to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update on notification_settings to atelier_tenant;

-- The link of a mail by which its reader gets no more of its kinds. Whoever has the link may use it, signed in or not.
create table notification_unsubscribes (
    tenant_id uuid not null,
    token_hash bytea not null,
    membership_id uuid not null,
    kinds text[] not null,
    created_at timestamptz not null,
    constraint notification_unsubscribes_pkey primary key (tenant_id, token_hash),
    constraint notification_unsubscribes_membership_id_fkey foreign key (tenant_id, membership_id) references memberships (tenant_id, id)
);
create index notification_unsubscribes_membership_id_idx on notification_unsubscribes (tenant_id, membership_id);
alter table notification_unsubscribes enable row level security;
alter table notification_unsubscribes force row level security;
create policy tenant on notification_unsubscribes to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on notification_unsubscribes to atelier_platform using (true) with check (true);
grant select, insert on notification_unsubscribes to atelier_tenant;
grant select, delete on notification_unsubscribes to atelier_platform;
