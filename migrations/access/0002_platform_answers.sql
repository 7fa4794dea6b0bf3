-- Operations that run as the platform, such as those on subscriptions, claim keys and store answers as well.
grant insert, update on api_idempotency_keys to atelier_platform;
