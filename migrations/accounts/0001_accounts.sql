-- People, over all tenants. All tables of this file are global: one person may belong to many tenants, and a
-- log-in begins before any tenant is known. Tenant code never reads them, so nothing is granted to
-- atelier_tenant; it knows its own memberships only. `tenant_id` here says where a row is used, not whose it is.

create table users (
    id uuid not null,
    -- As its owner writes it; the second form is the one that is compared.
    email text not null,
    email_normal text not null,
    -- Null until its owner has shown to receive mail there: nobody signs in before that.
    email_verified_at timestamptz,
    name text not null,
    locale text not null,
    time_zone text not null,
    status text not null default 'active',
    -- Argon2id in PHC form; null for people who have not chosen a password yet.
    password_hash text,
    password_changed_at timestamptz,
    last_login_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint users_pkey primary key (id),
    constraint users_email_normal_key unique (email_normal),
    constraint users_email_check check (length(email) between 3 and 254 and length(email_normal) between 3 and 254),
    constraint users_name_check check (length(name) between 1 and 120),
    constraint users_status_check check (status in ('active', 'disabled', 'deleted'))
);

create table sessions (
    id uuid not null,
    -- SHA-256 of a 256-bit random token: a copy of this table signs nobody in.
    token_hash bytea not null,
    user_id uuid not null,
    -- The log-in this session stems from: its own id, or that of the session on the base host through which it was
    -- opened on a tenant's host. All sessions of one log-in are one browser.
    login_id uuid not null,
    -- Null on the base host. No foreign key: tenants come after accounts.
    tenant_id uuid,
    host text not null,
    ip text not null,
    user_agent text not null,
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    idle_expires_at timestamptz not null,
    absolute_expires_at timestamptz not null,
    revoked_at timestamptz,
    revoke_reason text,
    constraint sessions_pkey primary key (id),
    constraint sessions_token_hash_key unique (token_hash),
    constraint sessions_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint sessions_expiry_check check (idle_expires_at <= absolute_expires_at),
    constraint sessions_revoke_reason_check check (
        (revoked_at is null) = (revoke_reason is null)
        and revoke_reason in ('log_out', 'by_owner', 'password_changed', 'password_reset', 'disabled', 'removed')
    )
);
create index sessions_user_idx on sessions (user_id, last_seen_at desc);
create index sessions_ended_idx on sessions (least(revoked_at, idle_expires_at));

create table auth_tokens (
    id uuid not null,
    purpose text not null,
    -- SHA-256 of a 256-bit random secret that travels in a link.
    token_hash bytea not null,
    user_id uuid,
    email_normal text,
    -- Null when no tenant is concerned. No foreign key: tenants come after accounts.
    tenant_id uuid,
    -- What the purpose needs besides, such as the host that a code is meant for.
    payload jsonb not null default '{}',
    created_at timestamptz not null,
    expires_at timestamptz not null,
    consumed_at timestamptz,
    constraint auth_tokens_pkey primary key (id),
    constraint auth_tokens_token_hash_key unique (token_hash),
    constraint auth_tokens_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint auth_tokens_purpose_check check (purpose in ('password_reset', 'sso_handoff')),
    constraint auth_tokens_subject_check check (user_id is not null or email_normal is not null)
);
-- One live link for each purpose and person: a newer one takes the place of the older. Codes between hosts are many
-- at once: a browser may open two tenants in the same second.
create unique index auth_tokens_live_key on auth_tokens (purpose, user_id, email_normal, tenant_id) nulls not distinct
    where consumed_at is null and purpose <> 'sso_handoff';
create index auth_tokens_user_idx on auth_tokens (user_id);
create index auth_tokens_expiry_idx on auth_tokens (expires_at);

-- Tries at something, counted where all nodes see them.
create table auth_attempts (
    scope text not null,
    -- SHA-256 of an address, a network, or both: neither can be read off this table.
    key_hash bytea not null,
    window_started_at timestamptz not null,
    tries integer not null,
    -- Set when the tries of a scope ran out that only a mail can open again.
    locked_at timestamptz,
    constraint auth_attempts_pkey primary key (scope, key_hash),
    constraint auth_attempts_tries_check check (tries >= 0)
);
create index auth_attempts_window_idx on auth_attempts (window_started_at) where locked_at is null;

grant select, insert, update on users to atelier_platform;
grant select, insert, update, delete on sessions, auth_tokens, auth_attempts to atelier_platform;
