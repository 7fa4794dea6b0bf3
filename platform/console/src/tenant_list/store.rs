//! The statement behind the list of tenants. It reads only.

use kernel::{Result, TenantId, Timestamp};
use sqlx::PgConnection;

use super::{Filter, Found, Row};
use crate::respond::moneys;

/// Finds, filters, counts and orders the tenants, then completes those of the wanted part alone.
///
/// The three ways of the search are ranges over indexes in byte order (`~>=~`, `~<~`); their branches do not run when
/// nothing is sought.
pub(super) async fn list(
    conn: &mut PgConnection,
    filter: &Filter,
    now: Timestamp,
) -> Result<Found> {
    let sought = filter.sought.as_ref();
    let rows = sqlx::query!(
        r#"with matched (id) as (
               select t.id from tenants t where $1::text is null
               union
               select t.id from tenants t where $3::uuid is not null and t.id = $3
               union
               select t.id from tenants t where $1 is not null and not $4 and t.slug ~>=~ $1 and t.slug ~<~ $2
               union
               select t.id from tenants t where $1 is not null and not $4 and lower(t.name) ~>=~ $1 and lower(t.name) ~<~ $2
               union
               select m.tenant_id
               from users u
               join memberships m on m.user_id = u.id and m.status <> 'left'
               join membership_roles h on h.tenant_id = m.tenant_id and h.membership_id = m.id
               join roles r on r.tenant_id = h.tenant_id and r.id = h.role_id and r.key = 'owner'
               where $1 is not null and u.email_normal ~>=~ $1 and u.email_normal ~<~ $2
           ), judged as (
               select t.id, t.slug, t.name, t.created_at, s.mrr_minor, s.mrr_currencies, s.mrr_total,
                      case when t.status <> 'active' then t.status
                           when s.active then 'active'
                           when s.late then 'past_due'
                           when s.trial then 'trialing'
                           when s.had then 'ended'
                           else 'none' end as state
               from matched join tenants t on t.id = matched.id
               left join lateral (
                   select coalesce(bool_or(x.active), false) as active, coalesce(bool_or(x.late), false) as late,
                          coalesce(bool_or(x.trial), false) as trial, coalesce(bool_or(x.live), false) as live,
                          count(*) > 0 as had,
                          coalesce(array_agg(x.mrr order by x.currency) filter (where x.mrr > 0), '{}') as mrr_minor,
                          coalesce(array_agg(x.currency order by x.currency) filter (where x.mrr > 0), '{}') as mrr_currencies,
                          coalesce(sum(x.mrr), 0)::bigint as mrr_total
                   from (select p.currency,
                                bool_or(s.status = 'active' and not (s.cancel_at_period_end and s.current_period_end <= $8)) as active,
                                bool_or(s.status in ('past_due', 'unpaid')) as late,
                                bool_or(s.status = 'trialing' and s.trial_end > $8) as trial,
                                bool_or(s.status not in ('incomplete_expired', 'cancelled', 'expired')) as live,
                                coalesce(sum(round(p.amount_minor::numeric * s.quantity
                                                   / case p.billing_cycle when 'yearly' then 12 else 1 end))
                                         filter (where s.status in ('active', 'past_due')), 0)::bigint as mrr
                         from subscriptions s left join plan_prices p on p.id = s.plan_price_id
                         where s.tenant_id = t.id
                         group by p.currency) x
               ) s on true
               where ($6::uuid is null or exists (
                         select from subscriptions s where s.tenant_id = t.id and s.plan_id = $6
                            and s.status not in ('incomplete_expired', 'cancelled', 'expired')))
                 and ($7::uuid is null or exists (
                         select from subscriptions s where s.tenant_id = t.id and s.product_id = $7
                            and s.status not in ('incomplete_expired', 'cancelled', 'expired')))
                 and ($13::timestamptz is null or t.created_at >= $13)
                 and ($14::timestamptz is null or t.created_at < $14)
           ), fitting as (
               select * from judged where $5 = '' or state = $5
           ), summed as (
               select coalesce(array_agg(m.minor order by m.currency), '{}') as minors,
                      coalesce(array_agg(m.currency order by m.currency), '{}') as currencies
               from (select u.currency, sum(u.minor)::bigint as minor
                     from fitting f cross join unnest(f.mrr_minor, f.mrr_currencies) as u (minor, currency)
                     group by u.currency) m
           ), part as (
               select j.*, n.seats, count(*) over () as total,
                      row_number() over (order by
                          case when $9 = 'name' and not $10 then lower(j.name) end,
                          case when $9 = 'name' and $10 then lower(j.name) end desc,
                          case when $9 = 'mrr' and not $10 then j.mrr_total end,
                          case when $9 = 'mrr' and $10 then j.mrr_total end desc,
                          case when $9 = 'seats' and not $10 then n.seats end,
                          case when $9 = 'seats' and $10 then n.seats end desc,
                          case when $9 = 'storage' and not $10 then coalesce(z.bytes, 0) end,
                          case when $9 = 'storage' and $10 then coalesce(z.bytes, 0) end desc,
                          case when $9 = 'since' and not $10 then j.created_at end,
                          case when $9 = 'since' and $10 then j.created_at end desc,
                          j.id desc) as place
               from fitting j
               left join lateral (
                   select count(*) as seats from memberships m
                   where $9 = 'seats' and m.tenant_id = j.id and m.status = 'active'
               ) n on true
               left join files_totals z on $9 = 'storage' and z.tenant_id = j.id
               order by place offset $11 limit $12
           )
           select p.id as "id!: TenantId", p.slug as "slug!", p.name as "name!", p.state as "state!",
                  p.created_at as "created_at!: Timestamp", p.total as "total!",
                  p.mrr_minor as "mrr_minor!: Vec<i64>", p.mrr_currencies as "mrr_currencies!: Vec<String>",
                  o.name as "owner_name?", o.email as "owner_email?", n.seats as "seats!",
                  coalesce(z.bytes, 0) as "bytes!", x.minors as "minors!: Vec<i64>", x.currencies as "currencies!: Vec<String>",
                  coalesce(l.plans, '{}') as "plans!: Vec<String>", coalesce(l.products, '{}') as "products!: Vec<String>"
           from part p
           left join lateral (
               select m.display_name as name, u.email
               from memberships m
               join membership_roles h on h.tenant_id = m.tenant_id and h.membership_id = m.id
               join roles r on r.tenant_id = h.tenant_id and r.id = h.role_id and r.key = 'owner'
               join users u on u.id = m.user_id
               where m.tenant_id = p.id and m.status <> 'left'
               order by m.joined_at, m.id limit 1
           ) o on true
           left join lateral (
               select count(*) as seats from memberships m where m.tenant_id = p.id and m.status = 'active'
           ) n on true
           left join lateral (
               select array_agg(pl.name order by pr.sort, pl.sort) as plans, array_agg(pr.name order by pr.sort, pl.sort) as products
               from subscriptions s join plans pl on pl.id = s.plan_id join products pr on pr.id = s.product_id
               where s.tenant_id = p.id and s.status not in ('incomplete_expired', 'cancelled', 'expired')
           ) l on true
           left join files_totals z on z.tenant_id = p.id
           cross join summed x
           order by p.place"#,
        sought.map(|sought| sought.from.as_str()),
        sought.map(|sought| sought.to.as_str()),
        sought.and_then(|sought| sought.id),
        sought.is_some_and(|sought| sought.owners_only),
        filter.state,
        filter.plan,
        filter.product,
        now as _,
        filter.sort.as_str(),
        filter.descending,
        filter.offset,
        filter.limit,
        filter.since as _,
        filter.until as _,
    )
    .fetch_all(conn)
    .await?;
    let mut found = Found::default();
    for row in rows {
        if found.rows.is_empty() {
            found.total = row.total;
            found.mrr = moneys(&row.minors, &row.currencies)?;
        }
        found.rows.push(Row {
            id: row.id,
            slug: row.slug,
            name: row.name,
            state: row.state,
            created_at: row.created_at,
            plans: row.plans,
            products: row.products,
            owner_name: row.owner_name,
            owner_email: row.owner_email,
            seats: row.seats,
            bytes: row.bytes,
            mrr: moneys(&row.mrr_minor, &row.mrr_currencies)?,
        });
    }
    Ok(found)
}
