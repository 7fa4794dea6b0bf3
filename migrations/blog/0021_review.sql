-- What authors and reviewers say to each other about a post.
create table blog_post_notes (
    tenant_id uuid not null,
    id uuid not null,
    post_id uuid not null,
    -- The version that lay before them.
    version_no integer not null,
    -- Why it was written: by itself, or with a step.
    kind text not null,
    -- The passage that it is about; empty: the post as a whole.
    passage text not null,
    body text not null,
    author_id uuid not null,
    author_name text not null,
    created_at timestamptz not null,
    resolved_at timestamptz,
    -- Name of whoever resolved it.
    resolved_by text,
    constraint blog_post_notes_pkey primary key (tenant_id, id),
    constraint blog_post_notes_post_id_fkey foreign key (tenant_id, post_id) references blog_posts (tenant_id, id),
    constraint blog_post_notes_author_id_fkey foreign key (tenant_id, author_id) references memberships (tenant_id, id),
    constraint blog_post_notes_kind_check check (kind in ('note', 'submitted', 'sent_back')),
    constraint blog_post_notes_passage_check check (length(passage) <= 1000),
    constraint blog_post_notes_body_check check (length(body) between 1 and 4000),
    constraint blog_post_notes_resolved_check check ((resolved_at is null) = (resolved_by is null))
);
create index blog_post_notes_post_idx on blog_post_notes (tenant_id, post_id, id);
create index blog_post_notes_author_idx on blog_post_notes (tenant_id, author_id);

alter table blog_post_notes enable row level security;
alter table blog_post_notes force row level security;
create policy tenant on blog_post_notes to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, delete, update (resolved_at, resolved_by) on blog_post_notes to atelier_tenant;
