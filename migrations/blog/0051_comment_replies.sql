-- Readers whose address is confirmed may ask for mail about answers to their comments.
alter table blog_comments
    add column notify_replies boolean not null default false,
    -- On an answer: when the reader whom it answers was told, so that they are told once.
    add column reply_told_at timestamptz;
