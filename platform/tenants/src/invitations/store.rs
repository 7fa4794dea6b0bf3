//! Statements about invitations.

use kernel::{Email, MembershipId, Result, RoleId, TenantId, Timestamp};
use sqlx::PgConnection;
use sqlx::types::Json;
use tenant_resolver::TenantTx;

use super::{Invitation, InvitationId, InvitationStatus, Offer};
use crate::roles::{self, HeldRole};

/// An invitation in the making.
pub(super) struct NewInvitation<'a> {
    pub id: InvitationId,
    pub email: &'a Email,
    pub token_hash: &'a [u8],
    pub invited_by: MembershipId,
    pub expires_at: Timestamp,
}

struct Row {
    id: InvitationId,
    email: String,
    status: String,
    inviter: String,
    last_sent_at: Timestamp,
    expires_at: Timestamp,
    resend_count: i32,
    roles: Json<Vec<HeldRole>>,
}

impl Row {
    fn at(self, now: Timestamp) -> Invitation {
        Invitation {
            id: self.id,
            email: self.email,
            roles: roles::ordered(self.roles.0),
            status: status(&self.status, self.expires_at, now),
            inviter: self.inviter,
            last_sent_at: self.last_sent_at,
            expires_at: self.expires_at,
            resend_count: self.resend_count,
        }
    }
}

/// That an invitation has expired is read off the clock, never stored.
fn status(stored: &str, expires_at: Timestamp, now: Timestamp) -> InvitationStatus {
    match stored {
        "accepted" => InvitationStatus::Accepted,
        "revoked" => InvitationStatus::Revoked,
        "pending" if now < expires_at => InvitationStatus::Pending,
        "pending" => InvitationStatus::Expired,
        _ => InvitationStatus::Replaced,
    }
}

/// People in the tenant, and those who are invited and may still come.
///
/// Locks the tenant until the transaction ends, so that two invitations at once cannot share the last seat.
pub(super) async fn taken_seats(tx: &mut TenantTx, now: Timestamp) -> Result<i64> {
    let tenant = tx.tenant();
    sqlx::query_scalar!(
        "select 1 as one from tenants where id = $1 for update",
        tenant as _
    )
    .fetch_one(tx.conn())
    .await?;
    let seats = sqlx::query_scalar!(
        r#"select (select count(*) from memberships where tenant_id = $1 and status = 'active')
                + (select count(*) from invitations where tenant_id = $1 and status = 'pending' and expires_at > $2) as "seats!""#,
        tenant as _,
        now as _,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(seats)
}

/// Whether somebody who is in the tenant now uses the address here. What people use elsewhere is not looked at.
pub(super) async fn is_member(tx: &mut TenantTx, email: &Email) -> Result<bool> {
    let tenant = tx.tenant();
    Ok(sqlx::query_scalar!(
        r#"select exists (select from memberships
                          where tenant_id = $1 and lower(contact_email) = $2 and status <> 'left') as "exists!""#,
        tenant as _,
        email.normal(),
    )
    .fetch_one(tx.conn())
    .await?)
}

pub(super) async fn replace_pending(tx: &mut TenantTx, email: &Email) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update invitations set status = 'replaced'
         where tenant_id = $1 and email_norm = $2 and status = 'pending'",
        tenant as _,
        email.normal(),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn insert(
    tx: &mut TenantTx,
    new: &NewInvitation<'_>,
    now: Timestamp,
) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into invitations (tenant_id, id, email, email_norm, token_hash, status, invited_by, expires_at, last_sent_at, created_at)
         values ($1, $2, $3, $4, $5, 'pending', $6, $7, $8, $8)",
        tenant as _,
        new.id as _,
        new.email.as_str(),
        new.email.normal(),
        new.token_hash,
        new.invited_by as _,
        new.expires_at as _,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn insert_roles(
    tx: &mut TenantTx,
    id: InvitationId,
    roles: &[RoleId],
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into invitation_roles (tenant_id, invitation_id, role_id)
         select $1, $2, role_id from unnest($3::uuid[]) role_id",
        tenant as _,
        id as _,
        roles as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn list(tx: &mut TenantTx, now: Timestamp) -> Result<Vec<Invitation>> {
    let tenant = tx.tenant();
    let rows = sqlx::query_as!(
        Row,
        r#"select i.id as "id: _", i.email, i.status, m.display_name as inviter, i.last_sent_at, i.expires_at, i.resend_count,
                  (select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'key', r.key, 'name', r.name)), '[]')
                   from invitation_roles ir join roles r on r.tenant_id = ir.tenant_id and r.id = ir.role_id
                   where ir.tenant_id = i.tenant_id and ir.invitation_id = i.id) as "roles!: Json<Vec<HeldRole>>"
           from invitations i join memberships m on m.tenant_id = i.tenant_id and m.id = i.invited_by
           where i.tenant_id = $1 and i.status = 'pending'
           order by i.last_sent_at desc, i.id desc limit 200"#,
        tenant as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| row.at(now)).collect())
}

pub(super) async fn lock(
    tx: &mut TenantTx,
    id: InvitationId,
    now: Timestamp,
) -> Result<Option<Invitation>> {
    let tenant = tx.tenant();
    let row = sqlx::query_as!(
        Row,
        r#"select i.id as "id: _", i.email, i.status, m.display_name as inviter, i.last_sent_at, i.expires_at, i.resend_count,
                  (select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'key', r.key, 'name', r.name)), '[]')
                   from invitation_roles ir join roles r on r.tenant_id = ir.tenant_id and r.id = ir.role_id
                   where ir.tenant_id = i.tenant_id and ir.invitation_id = i.id) as "roles!: Json<Vec<HeldRole>>"
           from invitations i join memberships m on m.tenant_id = i.tenant_id and m.id = i.invited_by
           where i.tenant_id = $1 and i.id = $2
           for update of i"#,
        tenant as _,
        id as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| row.at(now)))
}

pub(super) async fn renew(
    tx: &mut TenantTx,
    id: InvitationId,
    token_hash: &[u8],
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update invitations set token_hash = $3, expires_at = $4, last_sent_at = $5, resend_count = resend_count + 1
         where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        token_hash,
        expires_at as _,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn revoke(tx: &mut TenantTx, id: InvitationId) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update invitations set status = 'revoked' where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

struct OfferRow {
    tenant: TenantId,
    id: InvitationId,
    workspace: String,
    slug: String,
    inviter: String,
    email: String,
    status: String,
    expires_at: Timestamp,
    roles: Json<Vec<HeldRole>>,
}

impl OfferRow {
    fn at(self, now: Timestamp) -> Offer {
        Offer {
            tenant: self.tenant,
            id: self.id,
            workspace: self.workspace,
            slug: self.slug,
            inviter: self.inviter,
            email: self.email,
            roles: roles::ordered(self.roles.0),
            status: status(&self.status, self.expires_at, now),
        }
    }
}

/// The invitation of a link, found over all tenants: its reader stands on the base host.
pub(super) async fn find_offer(
    conn: &mut PgConnection,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<Option<Offer>> {
    let row = sqlx::query_as!(
        OfferRow,
        r#"select i.tenant_id as "tenant: _", i.id as "id: _", t.name as workspace, t.slug, m.display_name as inviter,
                  i.email, i.status, i.expires_at,
                  (select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'key', r.key, 'name', r.name)), '[]')
                   from invitation_roles ir join roles r on r.tenant_id = ir.tenant_id and r.id = ir.role_id
                   where ir.tenant_id = i.tenant_id and ir.invitation_id = i.id) as "roles!: Json<Vec<HeldRole>>"
           from invitations i
           join tenants t on t.id = i.tenant_id
           join memberships m on m.tenant_id = i.tenant_id and m.id = i.invited_by
           where i.token_hash = $1 and t.status = 'active'"#,
        token_hash,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| row.at(now)))
}

/// As [`find_offer`], and nobody else answers it meanwhile.
pub(super) async fn lock_offer(
    conn: &mut PgConnection,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<Option<Offer>> {
    sqlx::query!(
        "select id from invitations where token_hash = $1 for update",
        token_hash
    )
    .fetch_optional(&mut *conn)
    .await?;
    find_offer(conn, token_hash, now).await
}

pub(super) async fn accepted(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: InvitationId,
    member: MembershipId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update invitations set status = 'accepted', accepted_by = $3, accepted_at = $4
         where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        member as _,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}
