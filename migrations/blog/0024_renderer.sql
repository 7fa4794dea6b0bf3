-- What an older renderer made is found and rendered again.
create index blog_post_versions_renderer_idx on blog_post_versions (tenant_id, renderer_version);
