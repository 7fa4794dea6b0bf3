//! Notifications: whose they are, their order, and what reading and undoing does.

use std::time::Duration;

use kernel::{Error, MembershipId, PageRequest, TenantId};
use messaging::{
    Filter, Notification, inbox, notify, read, read_all, unread, unread_all, unread_count,
};
use sqlx::Executor as _;
use testkit::Role;

use crate::queue::Queue;

/// A member of a tenant that exists as rows, too.
async fn member(queue: &Queue, tenant: TenantId) -> MembershipId {
    let membership = MembershipId::new();
    let mut connection = queue.database.connect(Role::Superuser).await;
    let statements = format!(
        "insert into tenants (id, slug, name, status, locale, time_zone, currency, brand, created_at, updated_at)
         values ('{tenant}', 's' || substr(md5('{tenant}'), 1, 20), 'Northlight', 'active', 'en', 'UTC', 'EUR', '#c2410c', now(), now())
         on conflict do nothing;
         insert into users (id, email, email_normal, name, locale, time_zone, created_at, updated_at)
         values ('{membership}', '{membership}@example.com', '{membership}@example.com', 'Mara', 'en', 'UTC', now(), now());
         insert into memberships (tenant_id, id, user_id, status, display_name, contact_email, joined_at, created_at, updated_at)
         values ('{tenant}', '{membership}', '{membership}', 'active', 'Mara', 'mara@example.com', now(), now(), now())"
    );
    connection
        .execute(sqlx::AssertSqlSafe(statements))
        .await
        .unwrap();
    membership
}

fn news(recipient: MembershipId, title: &str) -> Notification<'_> {
    Notification {
        recipient,
        kind: "test.news",
        title,
        body: "",
        link: "/app/blog/comments",
    }
}

fn first(limit: i64) -> PageRequest {
    PageRequest::new(Some(limit), 30, None).unwrap()
}

async fn titles(
    queue: &Queue,
    tenant: TenantId,
    member: MembershipId,
    unread_only: bool,
) -> Vec<String> {
    let mut tx = queue.begin(tenant).await;
    let filter = Filter {
        unread: unread_only,
        area: None,
    };
    let page = inbox(&mut tx, member, &filter, first(30)).await.unwrap();
    page.items.into_iter().map(|entry| entry.title).collect()
}

#[tokio::test]
async fn news_come_newest_first_page_by_page() {
    let queue = Queue::new().await;
    let tenant = queue.tenant();
    let mara = member(&queue, tenant).await;
    let mut tx = queue.begin(tenant).await;
    for title in ["one", "two", "three", "four", "five"] {
        queue.clock.advance(Duration::from_secs(1));
        notify(&mut tx, news(mara, title), queue.now())
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    let mut tx = queue.begin(tenant).await;
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let request = PageRequest::new(Some(2), 30, cursor.as_deref()).unwrap();
        let page = inbox(&mut tx, mara, &Filter::default(), request)
            .await
            .unwrap();
        assert!(page.items.len() <= 2);
        seen.extend(page.items.into_iter().map(|entry| entry.title));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["five", "four", "three", "two", "one"]);
    assert_eq!(unread_count(&mut tx, mara).await.unwrap(), 5);
}

#[tokio::test]
async fn to_open_is_to_read_and_to_be_led_on() {
    let queue = Queue::new().await;
    let tenant = queue.tenant();
    let mara = member(&queue, tenant).await;
    let mut tx = queue.begin(tenant).await;
    for title in ["read", "left"] {
        notify(&mut tx, news(mara, title), queue.now())
            .await
            .unwrap();
    }
    let entries = inbox(&mut tx, mara, &Filter::default(), first(30))
        .await
        .unwrap()
        .items;
    let id = entries
        .iter()
        .find(|entry| entry.title == "read")
        .unwrap()
        .id;
    let opened = queue.now();
    assert_eq!(
        read(&mut tx, mara, id, opened).await.unwrap(),
        "/app/blog/comments"
    );
    queue.clock.advance(Duration::from_hours(1));
    read(&mut tx, mara, id, queue.now()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(titles(&queue, tenant, mara, true).await, ["left"]);
    let mut tx = queue.begin(tenant).await;
    let entries = inbox(&mut tx, mara, &Filter::default(), first(30))
        .await
        .unwrap()
        .items;
    let entry = entries.iter().find(|entry| entry.id == id).unwrap();
    assert_eq!(entry.read_at, Some(opened), "the first time counts");
    unread(&mut tx, mara, id).await.unwrap();
    assert_eq!(unread_count(&mut tx, mara).await.unwrap(), 2);
}

#[tokio::test]
async fn to_read_all_can_be_taken_back_exactly() {
    let queue = Queue::new().await;
    let tenant = queue.tenant();
    let mara = member(&queue, tenant).await;
    let mut tx = queue.begin(tenant).await;
    for title in ["early", "a", "b"] {
        notify(&mut tx, news(mara, title), queue.now())
            .await
            .unwrap();
    }
    let entries = inbox(&mut tx, mara, &Filter::default(), first(30))
        .await
        .unwrap()
        .items;
    let early = entries
        .iter()
        .find(|entry| entry.title == "early")
        .unwrap()
        .id;
    read(&mut tx, mara, early, queue.now()).await.unwrap();
    queue.clock.advance(Duration::from_secs(5));
    assert_eq!(read_all(&mut tx, mara, queue.now()).await.unwrap(), 2);
    assert_eq!(unread_count(&mut tx, mara).await.unwrap(), 0);
    assert_eq!(unread_all(&mut tx, mara, queue.now()).await.unwrap(), 2);
    tx.commit().await.unwrap();
    let mut left = titles(&queue, tenant, mara, true).await;
    left.sort();
    assert_eq!(left, ["a", "b"], "what was read before stays read");
}

#[tokio::test]
async fn nobody_sees_or_touches_the_news_of_another() {
    let queue = Queue::new().await;
    let (tenant, other) = (queue.tenant(), queue.tenant());
    let mara = member(&queue, tenant).await;
    let jon = member(&queue, tenant).await;
    let eve = member(&queue, other).await;
    let mut tx = queue.begin(tenant).await;
    notify(&mut tx, news(mara, "private"), queue.now())
        .await
        .unwrap();
    let id = inbox(&mut tx, mara, &Filter::default(), first(30))
        .await
        .unwrap()
        .items[0]
        .id;
    tx.commit().await.unwrap();
    for (tenant, member) in [(tenant, jon), (other, eve), (other, mara)] {
        assert!(titles(&queue, tenant, member, false).await.is_empty());
        let mut tx = queue.begin(tenant).await;
        let refused = read(&mut tx, member, id, queue.now()).await.unwrap_err();
        assert!(matches!(refused, Error::NotFound("notification")));
        assert!(unread(&mut tx, member, id).await.is_err());
        assert_eq!(read_all(&mut tx, member, queue.now()).await.unwrap(), 0);
    }
    assert_eq!(titles(&queue, tenant, mara, true).await, ["private"]);
}

#[tokio::test]
async fn the_database_refuses_strangers_and_links_that_lead_elsewhere() {
    let queue = Queue::new().await;
    let (tenant, other) = (queue.tenant(), queue.tenant());
    let mara = member(&queue, tenant).await;
    let eve = member(&queue, other).await;
    let mut tx = queue.begin(tenant).await;
    assert!(
        notify(&mut tx, news(eve, "stranger"), queue.now())
            .await
            .is_err()
    );
    for link in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "app",
        "",
    ] {
        let mut tx = queue.begin(tenant).await;
        let lead = Notification {
            link,
            ..news(mara, "elsewhere")
        };
        assert!(notify(&mut tx, lead, queue.now()).await.is_err(), "{link}");
    }
}
