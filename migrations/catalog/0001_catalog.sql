-- What the platform sells. Global: nothing here belongs to a tenant, and tenants read none of it.
create table products (
    id uuid not null,
    slug text not null,
    -- The module that it unlocks.
    module_key text not null,
    name text not null,
    description text not null,
    -- draft: not sold yet. retired: not sold any more.
    status text not null,
    sort integer not null,
    created_at timestamptz not null,
    constraint products_pkey primary key (id),
    constraint products_slug_key unique (slug),
    constraint products_module_key_key unique (module_key),
    constraint products_status_check check (status in ('draft', 'active', 'retired'))
);
grant select, insert, update on products to atelier_platform;

create table plans (
    id uuid not null,
    product_id uuid not null,
    slug text not null,
    name text not null,
    description text not null,
    status text not null,
    is_public boolean not null,
    sort integer not null,
    trial_days integer not null,
    -- Lines that the price page lists.
    features text[] not null,
    created_at timestamptz not null,
    constraint plans_pkey primary key (id),
    constraint plans_product_id_slug_key unique (product_id, slug),
    constraint plans_product_id_fkey foreign key (product_id) references products (id),
    constraint plans_status_check check (status in ('draft', 'active', 'grandfathered', 'retired')),
    constraint plans_trial_days_check check (trial_days between 0 and 365)
);
grant select, insert, update on plans to atelier_platform;

-- Prices are never changed: a new version takes the place of an old one, and subscribers stay on theirs.
create table plan_prices (
    id uuid not null,
    plan_id uuid not null,
    version integer not null,
    currency text not null,
    amount_minor bigint not null,
    billing_cycle text not null,
    active_from timestamptz not null,
    active_until timestamptz,
    constraint plan_prices_pkey primary key (id),
    constraint plan_prices_plan_id_currency_billing_cycle_version_key unique (plan_id, currency, billing_cycle, version),
    constraint plan_prices_plan_id_fkey foreign key (plan_id) references plans (id),
    constraint plan_prices_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint plan_prices_amount_minor_check check (amount_minor >= 0),
    constraint plan_prices_billing_cycle_check check (billing_cycle in ('monthly', 'yearly')),
    constraint plan_prices_active_check check (active_until is null or active_until > active_from)
);
grant select, insert, update (active_until) on plan_prices to atelier_platform;

-- What a plan allows. A null value of a count or of bytes is no limit; a switch is 0 or 1.
create table plan_entitlements (
    plan_id uuid not null,
    key text not null,
    kind text not null,
    value bigint,
    constraint plan_entitlements_pkey primary key (plan_id, key),
    constraint plan_entitlements_plan_id_fkey foreign key (plan_id) references plans (id),
    constraint plan_entitlements_kind_check check (kind in ('switch', 'count', 'bytes')),
    constraint plan_entitlements_value_check check (value >= 0 and (kind <> 'switch' or value in (0, 1)))
);
grant select, insert, update on plan_entitlements to atelier_platform;
