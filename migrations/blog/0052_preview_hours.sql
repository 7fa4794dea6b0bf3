-- How long a preview link works when nobody chooses.
alter table blog_settings
    add column preview_ttl_hours integer not null default 72,
    add constraint blog_settings_preview_ttl_hours_check check (preview_ttl_hours between 1 and 720);
