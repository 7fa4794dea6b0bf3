-- What the whole life of a subscription needs besides its beginning.
alter table subscriptions
    -- The instant from which periods are counted: the end of the n-th is n months later, so that the 31st stays the 31st.
    add column period_anchor timestamptz,
    -- By when the next payment must have come, where an operator collects it.
    add column payment_due_at timestamptz,
    -- What is open by then; nothing while the renewal lies ahead.
    add column due_minor bigint not null default 0,
    add column due_currency text,
    -- Payments missed in a row.
    add column payment_failed_count integer not null default 0,
    -- Another price that takes over later: a smaller plan that the tenant chose, or a price that the platform raised.
    add column pending_price_id uuid,
    add column pending_effective_at timestamptz,
    add column pending_kind text,
    -- When the platform has to look at it again: a date passes, or a notice is due. Null: never.
    add column attend_at timestamptz,
    add constraint subscriptions_pending_price_id_fkey foreign key (pending_price_id) references plan_prices (id),
    add constraint subscriptions_due_check check (due_minor >= 0 and (due_minor = 0 or due_currency is not null)),
    add constraint subscriptions_payment_failed_count_check check (payment_failed_count >= 0),
    add constraint subscriptions_pending_check check ((pending_price_id is null) = (pending_effective_at is null)
        and (pending_price_id is null) = (pending_kind is null)),
    add constraint subscriptions_pending_kind_check check (pending_kind in ('change', 'migration')),
    add constraint subscriptions_period_check check (current_period_end > current_period_start),
    -- Whoever pays by hand is on a price, in a period, and has a date.
    add constraint subscriptions_manual_check check (collection <> 'manual' or (plan_price_id is not null
        and period_anchor is not null and current_period_end is not null and payment_due_at is not null));
create index subscriptions_pending_price_id_idx on subscriptions (tenant_id, pending_price_id);

alter table subscription_events
    add column actor_kind text not null default 'system',
    -- A membership or an operator; nothing for the system itself.
    add column actor_id uuid,
    -- Why, in the words of whoever did it.
    add column note text not null default '',
    add constraint subscription_events_actor_kind_check check (actor_kind in ('member', 'operator', 'system'));
create index subscription_events_at_idx on subscription_events (tenant_id, at desc, id desc);

-- Which notice was sent for which date: each goes out once. Append-only.
create table subscription_notices (
    tenant_id uuid not null,
    subscription_id uuid not null,
    kind text not null,
    -- The date that it is about; a date that was moved is another one.
    about timestamptz not null,
    sent_at timestamptz not null,
    constraint subscription_notices_pkey primary key (tenant_id, subscription_id, kind, about),
    constraint subscription_notices_subscription_id_fkey foreign key (tenant_id, subscription_id)
        references subscriptions (tenant_id, id)
);
alter table subscription_notices enable row level security;
alter table subscription_notices force row level security;
create policy tenant on subscription_notices to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on subscription_notices to atelier_platform using (true) with check (true);
grant select on subscription_notices to atelier_tenant;
grant select, insert on subscription_notices to atelier_platform;

-- To whom invoices are made out, and where they go.
create table billing_profiles (
    tenant_id uuid not null,
    legal_name text not null,
    billing_email text not null,
    address text not null,
    country text,
    tax_id text,
    rev bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint billing_profiles_pkey primary key (tenant_id),
    constraint billing_profiles_tenant_id_fkey foreign key (tenant_id) references tenants (id),
    constraint billing_profiles_legal_name_check check (length(legal_name) between 1 and 200),
    constraint billing_profiles_billing_email_check check (length(billing_email) between 3 and 254),
    constraint billing_profiles_address_check check (length(address) <= 1000),
    constraint billing_profiles_country_check check (country ~ '^[A-Z]{2}$'),
    constraint billing_profiles_tax_id_check check (length(tax_id) between 1 and 40)
);
alter table billing_profiles enable row level security;
alter table billing_profiles force row level security;
create policy tenant on billing_profiles to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy platform on billing_profiles to atelier_platform using (true) with check (true);
grant select on billing_profiles to atelier_tenant;
grant select, insert, update on billing_profiles to atelier_platform;
