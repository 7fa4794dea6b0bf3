-- The console finds tenants by the beginning of their address or name. Byte order, because that is what a range over
-- beginnings needs whatever the database's collation is.
create index tenants_slug_prefix_idx on tenants (slug text_pattern_ops);
create index tenants_name_prefix_idx on tenants (lower(name) text_pattern_ops);
create index tenants_status_idx on tenants (status, created_at desc, id desc);
