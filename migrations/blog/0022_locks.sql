-- Who is editing a post: a lease that their editor renews while it is open.
create table blog_post_locks (
    tenant_id uuid not null,
    post_id uuid not null,
    holder_id uuid not null,
    holder_name text not null,
    taken_at timestamptz not null,
    expires_at timestamptz not null,
    constraint blog_post_locks_pkey primary key (tenant_id, post_id),
    constraint blog_post_locks_post_id_fkey foreign key (tenant_id, post_id) references blog_posts (tenant_id, id),
    constraint blog_post_locks_holder_id_fkey foreign key (tenant_id, holder_id) references memberships (tenant_id, id),
    constraint blog_post_locks_expires_at_check check (expires_at > taken_at)
);
create index blog_post_locks_holder_idx on blog_post_locks (tenant_id, holder_id);

alter table blog_post_locks enable row level security;
alter table blog_post_locks force row level security;
create policy tenant on blog_post_locks to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update, delete on blog_post_locks to atelier_tenant;
