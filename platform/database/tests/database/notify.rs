use std::time::Duration;

use database::notify::Listener;
use database::{CHANNEL, Change};
use kernel::TenantId;
use sqlx::Connection;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use testkit::Role;

use crate::support::database;

async fn next(heard: &mut mpsc::UnboundedReceiver<Change>) -> Change {
    tokio::time::timeout(Duration::from_secs(10), heard.recv())
        .await
        .expect("news within ten seconds")
        .expect("the listener lives")
}

#[tokio::test]
async fn news_arrive_with_the_commit_and_a_lost_connection_says_forget_everything() {
    let database = database().await;
    let stop = CancellationToken::new();
    let (say, mut heard) = mpsc::unbounded_channel();
    let task = Listener::new(
        database
            .options(Role::Platform)
            .application_name("listener"),
    )
    .start(stop.clone(), move |change| say.send(change).unwrap());
    assert_eq!(next(&mut heard).await, Change::Everything);

    let (kept, undone) = (
        Change::Tenant(TenantId::new()),
        Change::Tenant(TenantId::new()),
    );
    let mut conn = database.connect(Role::Tenant).await;
    let mut tx = conn.begin().await.unwrap();
    undone.announce(&mut tx).await.unwrap();
    tx.rollback().await.unwrap();
    sqlx::query("select pg_notify($1, 'from a newer release')")
        .bind(CHANNEL)
        .execute(&mut conn)
        .await
        .unwrap();
    let mut tx = conn.begin().await.unwrap();
    kept.announce(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(next(&mut heard).await, kept);

    sqlx::query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'listener' and datname = current_database()")
        .execute(&mut database.connect(Role::Superuser).await)
        .await
        .unwrap();
    assert_eq!(next(&mut heard).await, Change::Everything);
    Change::Work.announce(&mut conn).await.unwrap();
    assert_eq!(next(&mut heard).await, Change::Work);

    stop.cancel();
    tokio::time::timeout(Duration::from_secs(10), task)
        .await
        .unwrap()
        .unwrap();
    assert!(
        heard.recv().await.is_none(),
        "the listener lets go of its callback"
    );
}
