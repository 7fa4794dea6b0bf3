-- The picture that stands for a post: above its text, in lists, and in previews elsewhere. Like tags and authors it belongs
-- to the post and not to a version of its text.
create table blog_post_features (
    tenant_id uuid not null,
    post_id uuid not null,
    file_id uuid not null,
    -- What can be seen, for those who cannot; may be empty.
    alt_text text not null,
    constraint blog_post_features_pkey primary key (tenant_id, post_id),
    constraint blog_post_features_post_id_fkey foreign key (tenant_id, post_id) references blog_posts (tenant_id, id),
    -- A file that is removed for good leaves its place empty.
    constraint blog_post_features_file_id_fkey foreign key (tenant_id, file_id) references files_objects (tenant_id, id) on delete cascade,
    constraint blog_post_features_alt_text_check check (length(alt_text) <= 500)
);
create index blog_post_features_file_id_idx on blog_post_features (tenant_id, file_id);

alter table blog_post_features enable row level security;
alter table blog_post_features force row level security;
create policy tenant on blog_post_features to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update, delete on blog_post_features to atelier_tenant;
