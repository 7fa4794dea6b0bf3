-- A new price that the platform had announced when somebody chose another plan: it takes over after all when that choice
-- is taken back.
alter table subscriptions
    add column announced_price_id uuid,
    add column announced_at timestamptz,
    add constraint subscriptions_announced_price_id_fkey foreign key (announced_price_id) references plan_prices (id),
    add constraint subscriptions_announced_check check ((announced_price_id is null) = (announced_at is null)
        and (announced_price_id is null or pending_price_id is not null));
create index subscriptions_announced_price_id_idx on subscriptions (tenant_id, announced_price_id);
