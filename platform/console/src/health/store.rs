//! Statements about the queue, the outbox and mail. They read only.

use kernel::{Result, Timestamp};
use sqlx::PgConnection;

use super::Health;

pub(super) async fn jobs(
    conn: &mut PgConnection,
    health: &mut Health,
    now: Timestamp,
) -> Result<()> {
    let row = sqlx::query!(
        r#"select count(*) filter (where state = 'queued' and run_at <= $1) as "due!",
                  min(run_at) filter (where state = 'queued' and run_at <= $1) as "oldest: Timestamp",
                  count(*) filter (where state = 'queued' and run_at > $1) as "later!",
                  count(*) filter (where state = 'running') as "running!",
                  count(*) filter (where state = 'dead') as "dead!"
           from jobs where state <> 'done'"#,
        now as _,
    )
    .fetch_one(conn)
    .await?;
    health.due_jobs = row.due;
    health.oldest_due = row.oldest;
    health.later_jobs = row.later;
    health.running_jobs = row.running;
    health.dead_jobs = row.dead;
    Ok(())
}

pub(super) async fn events(
    conn: &mut PgConnection,
    health: &mut Health,
    late: Timestamp,
) -> Result<()> {
    let row = sqlx::query!(
        r#"select count(*) as "waiting!", min(occurred_at) as "oldest: Timestamp",
                  count(*) filter (where occurred_at <= $1) as "late!"
           from outbox_events where dispatched_at is null"#,
        late as _,
    )
    .fetch_one(conn)
    .await?;
    health.waiting_events = row.waiting;
    health.oldest_event = row.oldest;
    health.late_events = row.late;
    Ok(())
}

pub(super) async fn mail(conn: &mut PgConnection, health: &mut Health) -> Result<()> {
    let row = sqlx::query!(
        r#"select count(*) filter (where state = 'queued') as "queued!",
                  min(created_at) filter (where state = 'queued') as "oldest: Timestamp",
                  count(*) filter (where state in ('failed', 'dead')) as "stuck!",
                  count(*) filter (where state = 'sent') as "sent!"
           from mail_messages"#,
    )
    .fetch_one(conn)
    .await?;
    health.queued_mail = row.queued;
    health.oldest_mail = row.oldest;
    health.stuck_mail = row.stuck;
    health.sent_mail = row.sent;
    Ok(())
}

pub(super) async fn schedules(conn: &mut PgConnection) -> Result<Vec<(String, Timestamp)>> {
    let rows = sqlx::query!("select kind, ticked_at from jobs_schedules order by kind")
        .fetch_all(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.kind, row.ticked_at))
        .collect())
}
