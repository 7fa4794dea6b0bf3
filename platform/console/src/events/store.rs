//! The statement about events. It reads only.

use kernel::{Result, TenantId, Timestamp};
use sqlx::PgConnection;

use super::{Filter, Row};

/// Those that wait first, the oldest of them on top; then the latest.
pub(super) async fn list(conn: &mut PgConnection, filter: &Filter) -> Result<Vec<Row>> {
    Ok(sqlx::query_as!(
        Row,
        r#"select e.id, e.tenant_id as "tenant: TenantId", t.name as "tenant_name?", e.kind, e.occurred_at, e.dispatched_at
           from outbox_events e left join tenants t on t.id = e.tenant_id
           where ($1 = '' or (e.dispatched_at is null) = ($1 <> 'done'))
             and ($1 <> 'late' or e.occurred_at <= $2)
             and ($3 = '' or starts_with(e.kind, $3))
           order by e.dispatched_at is not null,
                    case when e.dispatched_at is null then e.occurred_at end, e.occurred_at desc, e.id desc
           offset $4 limit $5"#,
        filter.state,
        filter.late as Option<Timestamp>,
        filter.kind,
        filter.offset,
        filter.limit,
    )
    .fetch_all(conn)
    .await?)
}
