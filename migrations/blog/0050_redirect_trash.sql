-- A deleted redirect leads nobody any more, and can be taken back for 30 days.
alter table blog_redirects add column deleted_at timestamptz;

-- Meanwhile another may lead on from the same place.
drop index blog_redirects_source_key;
create unique index blog_redirects_source_key on blog_redirects (tenant_id, kind, source) where deleted_at is null;
