//! The statements of mail.

use kernel::{Cursor, PageRequest, Result, TenantId, Timestamp, new_uuid};
use sqlx::{PgConnection, PgPool};
use tenant_resolver::TenantTx;

use crate::MailId;

use super::{DELIVER, Undelivered};

/// Tries a delivery job has at most; [`super::MAX_TRIES`] ends it before.
const JOB_ATTEMPTS: i32 = super::MAX_TRIES + 5;

pub(crate) struct NewMail<'a> {
    pub id: MailId,
    pub tenant: Option<TenantId>,
    pub template: &'a str,
    pub to_address: &'a str,
    pub to_name: &'a str,
    pub from_name: &'a str,
    pub reply_to: Option<&'a str>,
    pub subject: &'a str,
    pub html: &'a str,
    pub text: &'a str,
    pub unsubscribe_url: Option<&'a str>,
    pub now: Timestamp,
}

/// Mail, job and wake-up in one statement: one way to the server instead of three.
pub(crate) async fn insert(conn: &mut PgConnection, mail: NewMail<'_>) -> Result<()> {
    sqlx::query!(
        "with mail as (
             insert into mail_messages (id, tenant_id, template, to_address, to_name, from_name, reply_to,
                                        subject, html, body_text, unsubscribe_url, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $15, $11)
         ), job as (
             insert into jobs (id, tenant_id, kind, payload, run_at, max_attempts, created_at)
             values ($12, $2, $13, jsonb_build_object('mail', $1::uuid, 'template', $3::text), $11, $14, $11)
         )
         select pg_notify('atelier_change', 'work')",
        mail.id as _,
        mail.tenant as _,
        mail.template,
        mail.to_address,
        mail.to_name,
        mail.from_name,
        mail.reply_to,
        mail.subject,
        mail.html,
        mail.text,
        mail.now as _,
        new_uuid(),
        DELIVER,
        JOB_ATTEMPTS,
        mail.unsubscribe_url,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Mail and job in one statement, as when it was written.
pub(crate) async fn queue_again(
    conn: &mut PgConnection,
    id: MailId,
    now: Timestamp,
) -> Result<Option<Undelivered>> {
    Ok(sqlx::query_as!(
        Undelivered,
        r#"with mail as (
               update mail_messages set state = 'queued', attempts = 0 where id = $1 and state in ('failed', 'dead')
               returning id, tenant_id, subject, template
           ), job as (
               insert into jobs (id, tenant_id, kind, payload, run_at, max_attempts, created_at)
               select $2, mail.tenant_id, $3, jsonb_build_object('mail', mail.id, 'template', mail.template), $4, $5, $4 from mail
           )
           select tenant_id as "tenant: TenantId", subject from mail"#,
        id as _,
        new_uuid(),
        DELIVER,
        now as _,
        JOB_ATTEMPTS,
    )
    .fetch_optional(conn)
    .await?)
}

pub(crate) struct Queued {
    pub to_address: String,
    pub to_name: String,
    pub from_name: String,
    pub reply_to: Option<String>,
    pub subject: String,
    pub html: String,
    pub body_text: String,
    pub unsubscribe_url: Option<String>,
    /// Tries so far, this one included.
    pub attempts: i32,
}

/// Counts a try and returns the mail; nothing when it needs none any more.
pub(crate) async fn start_try(pool: &PgPool, id: MailId) -> Result<Option<Queued>> {
    Ok(sqlx::query_as!(
        Queued,
        "update mail_messages set attempts = attempts + 1 where id = $1 and state = 'queued'
         returning to_address, to_name, from_name, reply_to, subject, html, body_text, unsubscribe_url, attempts",
        id as _,
    )
    .fetch_optional(pool)
    .await?)
}

pub(crate) async fn mark_sent(
    pool: &PgPool,
    id: MailId,
    reply: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update mail_messages set state = 'sent', sent_at = $3, provider_reply = $2, last_error = null where id = $1",
        id as _,
        reply,
        now as _,
    )
    .execute(pool)
    .await?;
    Ok(())
}

pub(crate) async fn mark_trouble(
    pool: &PgPool,
    id: MailId,
    state: &str,
    error: &str,
) -> Result<()> {
    sqlx::query!(
        "update mail_messages set state = $2, last_error = $3 where id = $1",
        id as _,
        state,
        error,
    )
    .execute(pool)
    .await?;
    Ok(())
}

pub(crate) async fn delete_older(pool: &PgPool, before: Timestamp) -> Result<u64> {
    let deleted = sqlx::query!(
        "delete from mail_messages where created_at < $1 and state <> 'queued'",
        before as _,
    )
    .execute(pool)
    .await?;
    Ok(deleted.rows_affected())
}

/// Its jobs find nothing to deliver then, and end.
pub(super) async fn delete_to(tx: &mut TenantTx, address: &str, templates: &str) -> Result<u64> {
    let tenant = tx.tenant();
    let deleted = sqlx::query!(
        "delete from mail_messages where tenant_id = $1 and lower(to_address) = $2 and starts_with(template, $3)",
        tenant as _,
        address,
        templates,
    )
    .execute(tx.conn())
    .await?;
    Ok(deleted.rows_affected())
}

pub(crate) struct Summary {
    pub id: MailId,
    pub to_address: String,
    pub to_name: String,
    pub from_name: String,
    pub subject: String,
    pub state: String,
    pub created_at: Timestamp,
}

/// Mails newest first, of recipients whose address contains `recipient`.
pub(crate) async fn list(
    pool: &PgPool,
    recipient: &str,
    page: PageRequest,
) -> Result<Vec<Summary>> {
    let (at, id) = page.after.map(|Cursor { at, id }| (at, id)).unzip();
    Ok(sqlx::query_as!(
        Summary,
        r#"select id as "id: MailId", to_address, to_name, from_name, subject, state, created_at
           from mail_messages
           where strpos(lower(to_address), lower($1)) > 0
             and ($2::timestamptz is null or (created_at, id) < ($2, $3))
           order by created_at desc, id desc
           limit $4"#,
        recipient,
        at as _,
        id,
        page.fetch(),
    )
    .fetch_all(pool)
    .await?)
}

pub(crate) struct Stored {
    pub to_address: String,
    pub to_name: String,
    pub from_name: String,
    pub reply_to: Option<String>,
    pub subject: String,
    pub template: String,
    pub html: String,
    pub body_text: String,
    pub state: String,
    pub last_error: Option<String>,
    pub created_at: Timestamp,
}

pub(crate) async fn find(pool: &PgPool, id: MailId) -> Result<Option<Stored>> {
    Ok(sqlx::query_as!(
        Stored,
        "select to_address, to_name, from_name, reply_to, subject, template, html, body_text, state, last_error, created_at
         from mail_messages where id = $1",
        id as _,
    )
    .fetch_optional(pool)
    .await?)
}
