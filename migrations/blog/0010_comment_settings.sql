-- Who may comment, and what is looked at before it appears. A tenant without a row has the defaults, which are these.
alter table blog_settings
    add column comments_mode text not null default 'off',
    add column comments_moderation text not null default 'first_time',
    -- Days after publication on which a post still takes comments; null: always.
    add column comments_close_after_days integer,
    add column comments_max_depth integer not null default 3,
    -- More links than this and a comment waits for a moderator.
    add column comments_link_limit integer not null default 2,
    -- Words that make a comment spam.
    add column comments_blocklist text[] not null default '{}',
    -- Whether authors and watchers hear of new comments.
    add column comments_notify boolean not null default true,
    add constraint blog_settings_comments_mode_check
        check (comments_mode in ('off', 'users_only', 'verified_guests', 'anyone')),
    add constraint blog_settings_comments_moderation_check
        check (comments_moderation in ('all', 'first_time', 'flagged_only', 'none')),
    add constraint blog_settings_comments_close_after_days_check check (comments_close_after_days between 1 and 3650),
    add constraint blog_settings_comments_max_depth_check check (comments_max_depth between 1 and 5),
    add constraint blog_settings_comments_link_limit_check check (comments_link_limit between 0 and 100),
    add constraint blog_settings_comments_blocklist_check check (cardinality(comments_blocklist) <= 1000);

-- Null: as the blog says. True: open whatever the post's age. False: closed. Nothing is open while the blog's mode is off.
alter table blog_posts add column comments_enabled boolean;
