-- When what visitors read last changed: besides what changed in use, what was taken away, and what has come due.
create index blog_posts_trash_idx on blog_posts (tenant_id, deleted_at desc) where deleted_at is not null;
create index blog_posts_due_idx on blog_posts (tenant_id, live_at desc) where status = 'scheduled';
