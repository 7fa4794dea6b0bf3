-- Which tenant subscribes to what. Tenants may look; the platform writes.
create table subscriptions (
    tenant_id uuid not null,
    id uuid not null,
    product_id uuid not null,
    plan_id uuid not null,
    -- The version of the price that it is on; null while nothing is owed.
    plan_price_id uuid,
    status text not null,
    -- Who collects: the platform through its provider, an operator by hand, or nobody.
    collection text not null,
    quantity integer not null default 1,
    trial_start timestamptz,
    trial_end timestamptz,
    current_period_start timestamptz,
    current_period_end timestamptz,
    cancel_at_period_end boolean not null default false,
    cancelled_at timestamptz,
    ended_at timestamptz,
    grace_until timestamptz,
    read_only_until timestamptz,
    cancel_reason text,
    cancel_comment text,
    lock_version bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint subscriptions_pkey primary key (tenant_id, id),
    constraint subscriptions_tenant_id_fkey foreign key (tenant_id) references tenants (id),
    constraint subscriptions_product_id_fkey foreign key (product_id) references products (id),
    constraint subscriptions_plan_id_fkey foreign key (plan_id) references plans (id),
    constraint subscriptions_plan_price_id_fkey foreign key (plan_price_id) references plan_prices (id),
    constraint subscriptions_status_check check (status in ('incomplete', 'incomplete_expired', 'trialing', 'active',
        'past_due', 'unpaid', 'paused', 'cancelled', 'expired')),
    constraint subscriptions_collection_check check (collection in ('stripe', 'manual', 'free')),
    constraint subscriptions_quantity_check check (quantity > 0),
    constraint subscriptions_trial_check check (status <> 'trialing' or trial_end is not null),
    constraint subscriptions_grace_check check (status <> 'past_due' or grace_until is not null),
    constraint subscriptions_cancel_reason_check check (cancel_reason in ('too_expensive', 'missing_features',
        'switched', 'unused', 'service', 'closing', 'payment_failed', 'operator', 'other'))
);
-- One living subscription to a product at a time.
create unique index subscriptions_tenant_id_product_id_key on subscriptions (tenant_id, product_id)
    where status not in ('incomplete_expired', 'cancelled', 'expired');
create index subscriptions_tenant_id_created_at_idx on subscriptions (tenant_id, product_id, created_at desc);
create index subscriptions_plan_id_idx on subscriptions (tenant_id, plan_id);
create index subscriptions_plan_price_id_idx on subscriptions (tenant_id, plan_price_id);

alter table subscriptions enable row level security;
alter table subscriptions force row level security;
create policy tenant on subscriptions to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on subscriptions to atelier_platform using (true) with check (true);
grant select on subscriptions to atelier_tenant;
grant select, insert, update on subscriptions to atelier_platform;

-- A trial is had once for each product, whatever became of it.
create table subscription_trials (
    tenant_id uuid not null,
    product_id uuid not null,
    started_at timestamptz not null,
    constraint subscription_trials_pkey primary key (tenant_id, product_id),
    constraint subscription_trials_tenant_id_fkey foreign key (tenant_id) references tenants (id),
    constraint subscription_trials_product_id_fkey foreign key (product_id) references products (id)
);
alter table subscription_trials enable row level security;
alter table subscription_trials force row level security;
create policy tenant on subscription_trials to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on subscription_trials to atelier_platform using (true) with check (true);
grant select on subscription_trials to atelier_tenant;
grant select, insert on subscription_trials to atelier_platform;

-- What became of a subscription, step by step. Append-only.
create table subscription_events (
    tenant_id uuid not null,
    id uuid not null,
    subscription_id uuid not null,
    kind text not null,
    from_status text,
    to_status text not null,
    from_price_id uuid,
    to_price_id uuid,
    -- Change of the monthly recurring revenue in minor units of the price's currency.
    mrr_delta_minor bigint not null,
    currency text,
    cause text not null,
    actor_name text not null,
    at timestamptz not null,
    constraint subscription_events_pkey primary key (tenant_id, id),
    constraint subscription_events_subscription_id_fkey foreign key (tenant_id, subscription_id)
        references subscriptions (tenant_id, id),
    constraint subscription_events_currency_check check (mrr_delta_minor = 0 or currency is not null)
);
create index subscription_events_subscription_id_idx on subscription_events (tenant_id, subscription_id, at);

alter table subscription_events enable row level security;
alter table subscription_events force row level security;
create policy tenant on subscription_events to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on subscription_events to atelier_platform using (true) with check (true);
grant select on subscription_events to atelier_tenant;
grant select, insert on subscription_events to atelier_platform;
