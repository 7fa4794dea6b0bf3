-- Requests a minute that somebody granted a key; without, and at most, those that the server grants every key.
alter table api_keys
    add column rate_limit_per_min integer,
    add constraint api_keys_rate_limit_per_min_check check (rate_limit_per_min > 0);
