//! Statements about readers who hear of answers.

use kernel::{MembershipId, Result, Timestamp};
use tenant_resolver::TenantTx;

use super::CommentId;
use crate::public::Audience;

/// A comment that was answered, whose writer wants to know.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub comment: CommentId,
    /// The member who wrote it.
    pub member: Option<MembershipId>,
    /// Or the address of the guest who did.
    pub email: Option<String>,
    pub slug: String,
    pub title: String,
}

/// Notes that the writer of what `reply` answers is told, and says who that is. `None`: nobody asked, or they were told.
/// Guests hear if they asked for it, members by their own choice of news; nobody hears of what they wrote themselves.
pub(super) async fn take_answered(
    tx: &mut TenantTx,
    reply: CommentId,
    now: Timestamp,
) -> Result<Option<Answered>> {
    let tenant = tx.tenant();
    let answered = sqlx::query_as!(
        Answered,
        r#"update blog_comments r set reply_told_at = $3
           from blog_comments c, blog_posts p, blog_post_versions v
           where r.tenant_id = $1 and r.id = $2 and r.status = 'approved' and r.reply_told_at is null
             and c.tenant_id = $1 and c.id = coalesce(r.reply_to_id, r.parent_id) and c.status = 'approved'
             and p.tenant_id = $1 and p.id = r.post_id
             and case when c.author_id is null
                   then c.notify_replies and c.guest_verified_at is not null and c.guest_email is not null
                        and r.guest_email_key is distinct from c.guest_email_key and blog_shown(p, $4, $3)
                   else r.author_id is distinct from c.author_id and blog_shown(p, $5, $3)
                        and exists (select from tenant_people m
                                    where m.tenant_id = $1 and m.membership_id = c.author_id and m.status = 'active')
                 end
             and v.tenant_id = $1 and v.post_id = p.id and v.no = p.live_no
           returning c.id as "comment: CommentId", c.author_id as "member: MembershipId", c.guest_email as email, p.slug, v.title"#,
        tenant as _,
        reply as _,
        now as _,
        Audience::EVERYBODY.opens() as _,
        Audience::MEMBERS.opens() as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(answered)
}

/// Lets a reader be told of no more answers, to any of their comments.
pub(super) async fn quieten(tx: &mut TenantTx, comment: CommentId) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update blog_comments c set notify_replies = false
         from blog_comments asked
         where asked.tenant_id = $1 and asked.id = $2 and c.tenant_id = $1 and c.notify_replies
           and c.guest_email_key = asked.guest_email_key",
        tenant as _,
        comment as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
