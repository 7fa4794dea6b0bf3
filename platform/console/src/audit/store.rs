//! The statement behind the audit log of the console. It reads only.

use kernel::{Result, TenantId, Timestamp};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Entry, Filter};

pub(super) async fn list(
    conn: &mut PgConnection,
    filter: &Filter,
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Entry>> {
    let (after_at, after_id) = after.unzip();
    Ok(sqlx::query_as!(
        Entry,
        r#"select id, at, operator_name, action, reason, tenant_id as "tenant: TenantId", tenant_name, target_kind,
                  target_name, ip, detail
           from identity_operator_acts
           where ($1::uuid is null or operator_id = $1)
             and ($2 = '' or starts_with(action, $2 || '.'))
             and ($3::timestamptz is null or at >= $3)
             and ($4::timestamptz is null or at < $4)
             and ($5 = '' or strpos(lower(concat_ws(' ', operator_name, replace(action, '.', ' '), reason, tenant_name, target_name, ip)), lower($5)) > 0)
             and ($6::timestamptz is null or (at, id) < ($6, $7))
           order by at desc, id desc limit $8"#,
        filter.operator as _,
        filter.area,
        filter.from as _,
        filter.until as _,
        filter.words.trim(),
        after_at as _,
        after_id,
        limit,
    )
    .fetch_all(conn)
    .await?)
}
