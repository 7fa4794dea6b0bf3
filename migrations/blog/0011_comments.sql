-- What readers say below a post. A reply hangs below its parent; the first of a thread is its root.
create table blog_comments (
    tenant_id uuid not null,
    id uuid not null,
    post_id uuid not null,
    parent_id uuid,
    root_id uuid not null,
    -- 1 for the first of a thread.
    depth smallint not null,
    -- The comment that it answers, when the thread was too deep to hang it below that.
    reply_to_id uuid,
    -- A member, or a guest with name and address; neither once it was made anonymous.
    author_id uuid,
    guest_name text,
    guest_email text,
    -- The address as it is compared.
    guest_email_key text,
    guest_verified_at timestamptz,
    -- SHA-256 of the secret in the mail that confirms it; null: nothing to confirm.
    confirm_hash bytea,
    confirm_until timestamptz,
    -- SHA-256 of the secret in the browser's cookie.
    visitor_hash bytea,
    -- Markdown.
    content text not null,
    html text not null,
    renderer_version integer not null,
    -- SHA-256 of the text without regard to case and blanks.
    text_hash bytea not null,
    status text not null,
    -- What a moderator's last decision can be taken back to.
    status_before text,
    spam_score smallint not null,
    -- Why it was held or taken for spam.
    reasons text[] not null,
    -- HMACs under a salt that is thrown away after a day.
    ip_hash bytea,
    user_agent_hash bytea,
    rev bigint not null,
    created_at timestamptz not null,
    edited_at timestamptz,
    -- Last change of status.
    decided_at timestamptz,
    constraint blog_comments_pkey primary key (tenant_id, id),
    constraint blog_comments_post_id_fkey foreign key (tenant_id, post_id) references blog_posts (tenant_id, id),
    constraint blog_comments_parent_id_fkey foreign key (tenant_id, parent_id) references blog_comments (tenant_id, id),
    constraint blog_comments_root_id_fkey foreign key (tenant_id, root_id) references blog_comments (tenant_id, id),
    constraint blog_comments_reply_to_id_fkey foreign key (tenant_id, reply_to_id) references blog_comments (tenant_id, id),
    constraint blog_comments_author_id_fkey foreign key (tenant_id, author_id) references memberships (tenant_id, id),
    constraint blog_comments_status_check check (status in ('pending', 'approved', 'spam', 'hidden', 'deleted')),
    constraint blog_comments_status_before_check
        check (status_before in ('pending', 'approved', 'spam', 'hidden', 'deleted')),
    constraint blog_comments_depth_check check (depth between 1 and 5 and (depth = 1) = (parent_id is null)),
    constraint blog_comments_author_check check (
        (author_id is null or guest_name is null)
        and (guest_name is null) = (guest_email is null) and (guest_email is null) = (guest_email_key is null)
    ),
    constraint blog_comments_guest_name_check check (length(guest_name) between 1 and 60),
    constraint blog_comments_content_check check (length(content) <= 10000),
    constraint blog_comments_spam_score_check check (spam_score between 0 and 100),
    constraint blog_comments_confirm_check
        check ((confirm_hash is null) = (confirm_until is null) and (confirm_hash is null or status in ('pending', 'spam', 'deleted')))
);
-- The queue: what waits for its writer's own confirmation is not in it.
create index blog_comments_queue_idx on blog_comments (tenant_id, status, created_at desc, id desc) where confirm_hash is null;
create index blog_comments_post_id_idx on blog_comments (tenant_id, post_id, status, created_at, id);
create index blog_comments_root_id_idx on blog_comments (tenant_id, root_id);
create index blog_comments_parent_id_idx on blog_comments (tenant_id, parent_id);
create index blog_comments_reply_to_id_idx on blog_comments (tenant_id, reply_to_id) where reply_to_id is not null;
create index blog_comments_author_id_idx on blog_comments (tenant_id, author_id, created_at desc) where author_id is not null;
create index blog_comments_guest_idx on blog_comments (tenant_id, guest_email_key, created_at desc)
    where guest_email_key is not null;
create unique index blog_comments_confirm_hash_key on blog_comments (tenant_id, confirm_hash) where confirm_hash is not null;
create index blog_comments_purge_idx on blog_comments (tenant_id, decided_at) where status in ('spam', 'deleted');

alter table blog_comments enable row level security;
alter table blog_comments force row level security;
create policy tenant on blog_comments to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update, delete on blog_comments to atelier_tenant;

-- Readers who find that a comment does not belong there, each once.
create table blog_comment_reports (
    tenant_id uuid not null,
    comment_id uuid not null,
    -- A member's id, or the hash of a visitor's network, hashed.
    reporter_hash bytea not null,
    reason text not null,
    created_at timestamptz not null,
    constraint blog_comment_reports_pkey primary key (tenant_id, comment_id, reporter_hash),
    constraint blog_comment_reports_comment_id_fkey foreign key (tenant_id, comment_id) references blog_comments (tenant_id, id),
    constraint blog_comment_reports_reason_check check (length(reason) <= 500)
);

alter table blog_comment_reports enable row level security;
alter table blog_comment_reports force row level security;
create policy tenant on blog_comment_reports to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, delete on blog_comment_reports to atelier_tenant;

-- Who may not comment: a member, an address, or a network.
create table blog_comment_bans (
    tenant_id uuid not null,
    id uuid not null,
    membership_id uuid,
    email_key text,
    ip_hash bytea,
    -- The day whose salt the hash was made with.
    salt_day date,
    -- Null: for good.
    until timestamptz,
    reason text not null,
    created_by uuid not null,
    created_at timestamptz not null,
    constraint blog_comment_bans_pkey primary key (tenant_id, id),
    constraint blog_comment_bans_membership_id_fkey foreign key (tenant_id, membership_id) references memberships (tenant_id, id),
    constraint blog_comment_bans_created_by_fkey foreign key (tenant_id, created_by) references memberships (tenant_id, id),
    constraint blog_comment_bans_subject_check
        check (num_nonnulls(membership_id, email_key, ip_hash) = 1 and (ip_hash is null) = (salt_day is null)),
    constraint blog_comment_bans_reason_check check (length(reason) <= 500)
);
create unique index blog_comment_bans_membership_id_key on blog_comment_bans (tenant_id, membership_id)
    where membership_id is not null;
create unique index blog_comment_bans_email_key_key on blog_comment_bans (tenant_id, email_key) where email_key is not null;
create unique index blog_comment_bans_ip_hash_key on blog_comment_bans (tenant_id, ip_hash) where ip_hash is not null;
create index blog_comment_bans_created_by_idx on blog_comment_bans (tenant_id, created_by);
create index blog_comment_bans_created_idx on blog_comment_bans (tenant_id, created_at desc, id desc);

alter table blog_comment_bans enable row level security;
alter table blog_comment_bans force row level security;
create policy tenant on blog_comment_bans to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update, delete on blog_comment_bans to atelier_tenant;

-- Who hears of comments besides the authors of the post.
create table blog_comment_watchers (
    tenant_id uuid not null,
    membership_id uuid not null,
    created_at timestamptz not null,
    constraint blog_comment_watchers_pkey primary key (tenant_id, membership_id),
    constraint blog_comment_watchers_membership_id_fkey
        foreign key (tenant_id, membership_id) references memberships (tenant_id, id)
);

alter table blog_comment_watchers enable row level security;
alter table blog_comment_watchers force row level security;
create policy tenant on blog_comment_watchers to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, delete on blog_comment_watchers to atelier_tenant;
