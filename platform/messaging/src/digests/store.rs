//! The statements of mail about news.

use kernel::{MembershipId, Result, Timestamp};
use tenant_resolver::TenantTx;

use super::News;
use crate::MailId;
use crate::inbox::NotificationId;

/// News that nobody has decided about.
pub(super) struct Undecided {
    pub id: NotificationId,
    pub kind: String,
    pub title: String,
    pub body: String,
    /// Whether it was read already.
    pub read: bool,
    /// The pace that its reader chose for its kind, if they did.
    pub chosen: Option<String>,
}

impl Undecided {
    pub fn into_news(self) -> News {
        News {
            id: self.id,
            kind: self.kind,
            title: self.title,
            body: self.body,
        }
    }
}

/// Takes undecided news, the oldest first.
pub(super) async fn undecided(
    tx: &mut TenantTx,
    member: MembershipId,
    limit: i64,
) -> Result<Vec<Undecided>> {
    let tenant = tx.tenant();
    Ok(sqlx::query_as!(
        Undecided,
        r#"select n.id as "id: _", n.kind, n.title, n.body, n.read_at is not null as "read!", p.mail as "chosen?"
           from notifications n
           left join notification_preferences p
             on p.tenant_id = $1 and p.membership_id = n.recipient_id and p.kind = n.kind
           where n.tenant_id = $1 and n.recipient_id = $2 and n.mail = 'new'
           order by n.created_at, n.id
           limit $3
           for update of n"#,
        tenant as _,
        member as _,
        limit,
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Takes news that waits for a digest, the oldest first.
pub(super) async fn waiting(
    tx: &mut TenantTx,
    member: MembershipId,
    pace: &str,
    upto: Timestamp,
    limit: i64,
) -> Result<Vec<News>> {
    let tenant = tx.tenant();
    Ok(sqlx::query_as!(
        News,
        r#"select id as "id: _", kind, title, body from notifications
           where tenant_id = $1 and recipient_id = $2 and mail = $3 and created_at <= $4 and read_at is null
           order by created_at, id
           limit $5
           for update"#,
        tenant as _,
        member as _,
        pace,
        upto as _,
        limit,
    )
    .fetch_all(tx.conn())
    .await?)
}

pub(super) async fn any_waiting(
    tx: &mut TenantTx,
    member: MembershipId,
    pace: &str,
) -> Result<bool> {
    let tenant = tx.tenant();
    Ok(sqlx::query_scalar!(
        r#"select exists (select from notifications
                          where tenant_id = $1 and recipient_id = $2 and mail = $3 and read_at is null) as "any!""#,
        tenant as _,
        member as _,
        pace,
    )
    .fetch_one(tx.conn())
    .await?)
}

/// What was read before it was mailed needs no mail.
pub(super) async fn forget_read(tx: &mut TenantTx, member: MembershipId, pace: &str) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update notifications set mail = 'none'
         where tenant_id = $1 and recipient_id = $2 and mail = $3 and read_at is not null",
        tenant as _,
        member as _,
        pace,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn settle(tx: &mut TenantTx, ids: &[NotificationId], mail: &str) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update notifications set mail = $3 where tenant_id = $1 and id = any ($2::uuid[])",
        tenant as _,
        ids as _,
        mail,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn sent(tx: &mut TenantTx, ids: &[NotificationId], mail: MailId) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update notifications set mail = 'sent', mail_id = $3 where tenant_id = $1 and id = any ($2::uuid[])",
        tenant as _,
        ids as _,
        mail as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whom mail goes to.
pub(super) struct Reader {
    pub name: String,
    pub address: String,
}

/// The member, as long as they may enter.
pub(super) async fn reader(tx: &mut TenantTx, member: MembershipId) -> Result<Option<Reader>> {
    let tenant = tx.tenant();
    Ok(sqlx::query_as!(
        Reader,
        r#"select display_name as "name!", contact_email as "address!" from tenant_people
           where tenant_id = $1 and membership_id = $2 and status = 'active'"#,
        tenant as _,
        member as _,
    )
    .fetch_optional(tx.conn())
    .await?)
}
