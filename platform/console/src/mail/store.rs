//! Statements about mail. They read only, and never what a mail says: it may hold links that sign people in.

use kernel::{Result, TenantId};
use messaging::MailId;
use sqlx::PgConnection;

use super::{Filter, Row};

pub(super) async fn list(conn: &mut PgConnection, filter: &Filter) -> Result<Vec<Row>> {
    Ok(sqlx::query_as!(
        Row,
        r#"select m.id as "id: MailId", m.tenant_id as "tenant: TenantId", t.name as "tenant_name?", m.subject, m.template,
                  m.to_address, m.state, m.attempts, m.last_error, m.created_at, m.sent_at
           from mail_messages m left join tenants t on t.id = m.tenant_id
           where ($1 = '' or strpos(lower(m.to_address), lower($1)) > 0)
             and ($2 = '' or m.state = $2 or $2 = 'stuck' and m.state in ('failed', 'dead'))
           order by m.created_at desc, m.id desc offset $3 limit $4"#,
        filter.recipient,
        filter.state,
        filter.offset,
        filter.limit,
    )
    .fetch_all(conn)
    .await?)
}
