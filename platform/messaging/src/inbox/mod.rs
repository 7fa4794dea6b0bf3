//! Notifications: what a member should know of, in an inbox of their own.

mod api;
pub(crate) mod pages;
mod store;

use kernel::{Cursor, Error, MembershipId, Page, PageRequest, Result, Timestamp};
use tenant_resolver::TenantTx;

pub(crate) use api::routes as api_routes;
pub(crate) use pages::routes;
pub(crate) use store::delete_older;

/// What a badge shows at most.
const COUNT_LIMIT: u32 = 100;

kernel::id!(
    /// Identifies a notification.
    NotificationId
);

/// News for one member, in plain text.
#[derive(Clone, Copy, Debug)]
pub struct Notification<'a> {
    /// Whom it concerns.
    pub recipient: MembershipId,
    /// Which news it is, such as `blog.comment_waits`.
    pub kind: &'static str,
    /// What happened, in a few words, up to 200 characters.
    pub title: &'a str,
    /// More of it; may be empty.
    pub body: &'a str,
    /// Path on the tenant's host that it leads to, such as `/app/blog/comments`.
    pub link: &'a str,
}

/// Which notifications are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only what was not read.
    pub unread: bool,
    /// Only kinds of this area: what stands before their first dot.
    pub area: Option<String>,
}

/// A notification as the inbox shows it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its id.
    pub id: NotificationId,
    /// Which news it is.
    pub kind: String,
    /// What happened.
    pub title: String,
    /// More of it.
    pub body: String,
    /// Path on the tenant's host that it leads to.
    pub link: String,
    /// When it was read first.
    pub read_at: Option<Timestamp>,
    /// When it came.
    pub created_at: Timestamp,
}

/// Tells a member of news, in the caller's transaction: in their inbox, by mail, or both, as they chose for its kind.
///
/// # Errors
/// When the database refuses: a recipient of another tenant, a title that is empty or longer than 200
/// characters, a link that leads to another host.
pub async fn notify(tx: &mut TenantTx, news: Notification<'_>, now: Timestamp) -> Result<()> {
    if store::insert(tx, NotificationId::new(), &news, now).await? {
        crate::digests::decide(tx, news.recipient, now).await?;
    }
    Ok(())
}

/// How many notifications a member has not read; at most 100.
///
/// # Errors
/// When the database cannot answer.
pub async fn unread_count(tx: &mut TenantTx, member: MembershipId) -> Result<u32> {
    let count = store::count_unread(tx, member, i64::from(COUNT_LIMIT)).await?;
    Ok(u32::try_from(count).unwrap_or(COUNT_LIMIT))
}

/// A member's notifications, newest first.
///
/// # Errors
/// When the database cannot answer.
pub async fn inbox(
    tx: &mut TenantTx,
    member: MembershipId,
    filter: &Filter,
    request: PageRequest,
) -> Result<Page<Entry>> {
    let found = store::list(tx, member, filter, request).await?;
    Ok(Page::cut(found, request, |entry| Cursor {
        at: entry.created_at,
        id: entry.id.0,
    }))
}

/// Marks a notification as read and returns the path that it leads to.
///
/// # Errors
/// [`Error::NotFound`] when the member has none of that id.
pub async fn read(
    tx: &mut TenantTx,
    member: MembershipId,
    id: NotificationId,
    now: Timestamp,
) -> Result<String> {
    store::read(tx, member, id, now)
        .await?
        .ok_or(Error::NotFound("notification"))
}

/// Marks a notification as unread.
///
/// # Errors
/// As [`read`].
pub async fn unread(tx: &mut TenantTx, member: MembershipId, id: NotificationId) -> Result<()> {
    if store::unread(tx, member, id).await? {
        Ok(())
    } else {
        Err(Error::NotFound("notification"))
    }
}

/// Marks all of a member's notifications as read and returns how many were not; `now` is what takes it
/// back with [`unread_all`].
///
/// # Errors
/// When the database cannot answer.
pub async fn read_all(tx: &mut TenantTx, member: MembershipId, now: Timestamp) -> Result<u64> {
    store::read_all(tx, member, now).await
}

/// Takes back the [`read_all`] of that instant.
///
/// # Errors
/// When the database cannot answer.
pub async fn unread_all(tx: &mut TenantTx, member: MembershipId, at: Timestamp) -> Result<u64> {
    store::unread_all(tx, member, at).await
}
