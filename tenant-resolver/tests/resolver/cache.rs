//! What the cache must never do: answer from before a change it was told of.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use database::Binding;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tenant_resolver::{Address, Listing, Resolution, TenantResolver, TenantStatus};
use tokio::sync::Semaphore;

use crate::directory::{Directory, tenant};

fn resolver() -> (TenantResolver, Arc<Directory>) {
    let directory = Arc::new(Directory::default());
    let pool = PgPoolOptions::new().connect_lazy_with(PgConnectOptions::new_without_pgpass());
    (
        TenantResolver::new(pool, Binding::Plain, directory.clone()),
        directory,
    )
}

async fn status(resolver: &TenantResolver, slug: &str) -> Option<TenantStatus> {
    match resolver
        .resolve(Address::Slug(slug.into()))
        .await
        .expect("an answer")
    {
        Resolution::Found(site) => Some(site.tenant.status),
        Resolution::Moved { .. } | Resolution::Unknown => None,
    }
}

/// Lets everything run that can.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn many_callers_cost_one_look_up() {
    let (resolver, directory) = resolver();
    directory.put("north", TenantStatus::Active);
    let gate = Arc::new(Semaphore::new(0));
    *directory.gate.lock().unwrap() = Some(gate.clone());
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let resolver = resolver.clone();
            tokio::spawn(async move { status(&resolver, "north").await })
        })
        .collect();
    settle().await;
    gate.add_permits(100);
    for caller in callers {
        assert_eq!(caller.await.unwrap(), Some(TenantStatus::Active));
    }
    assert_eq!(directory.lookups.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_change_is_seen_at_once_and_only_its_tenant_is_asked_for_again() {
    let (resolver, directory) = resolver();
    let north = directory.put("north", TenantStatus::Active);
    directory.put("south", TenantStatus::Active);
    status(&resolver, "north").await;
    status(&resolver, "south").await;
    let mut changed = (*north).clone();
    changed.status = TenantStatus::Suspended;
    directory.replace("north", Listing::Tenant(Arc::new(changed)));
    assert_eq!(
        status(&resolver, "north").await,
        Some(TenantStatus::Active),
        "nobody said it changed"
    );
    resolver.forget(north.id);
    assert_eq!(
        status(&resolver, "north").await,
        Some(TenantStatus::Suspended)
    );
    assert_eq!(status(&resolver, "south").await, Some(TenantStatus::Active));
    assert_eq!(directory.lookups.load(Ordering::SeqCst), 3);
    resolver.forget_everything();
    assert_eq!(status(&resolver, "south").await, Some(TenantStatus::Active));
    assert_eq!(directory.lookups.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_new_address_is_known_at_once_although_it_was_just_unknown() {
    let (resolver, directory) = resolver();
    assert_eq!(status(&resolver, "north").await, None);
    let north = directory.put("north", TenantStatus::Active);
    assert_eq!(
        status(&resolver, "north").await,
        None,
        "unknown is remembered for a while"
    );
    resolver.forget(north.id);
    assert_eq!(status(&resolver, "north").await, Some(TenantStatus::Active));
}

/// The race: a look-up reads the old state, the change and its news come, and then the look-up is stored.
#[tokio::test]
async fn a_look_up_that_began_before_a_change_is_not_believed_after_it() {
    for forget_everything in [false, true] {
        let (resolver, directory) = resolver();
        let north = directory.put("north", TenantStatus::Active);
        let gate = Arc::new(Semaphore::new(0));
        *directory.gate.lock().unwrap() = Some(gate.clone());
        let early = tokio::spawn({
            let resolver = resolver.clone();
            async move { status(&resolver, "north").await }
        });
        settle().await;
        assert_eq!(directory.lookups.load(Ordering::SeqCst), 1);

        let mut changed = (*north).clone();
        changed.status = TenantStatus::Suspended;
        directory.replace("north", Listing::Tenant(Arc::new(changed)));
        if forget_everything {
            resolver.forget_everything();
        } else {
            resolver.forget(north.id);
        }
        // It joins the look-up that is under way, and must not believe it.
        let late = tokio::spawn({
            let resolver = resolver.clone();
            async move { status(&resolver, "north").await }
        });
        settle().await;
        *directory.gate.lock().unwrap() = None;
        gate.add_permits(10);
        assert_eq!(late.await.unwrap(), Some(TenantStatus::Suspended));
        early.await.unwrap();
        assert_eq!(
            status(&resolver, "north").await,
            Some(TenantStatus::Suspended)
        );
    }
}

/// Whoever asked first may hang up; those who wait with it still get their answer.
#[tokio::test]
async fn a_caller_who_hangs_up_takes_nobody_along() {
    let (resolver, directory) = resolver();
    directory.put("north", TenantStatus::Active);
    let gate = Arc::new(Semaphore::new(0));
    *directory.gate.lock().unwrap() = Some(gate.clone());
    let ask = || {
        let resolver = resolver.clone();
        tokio::spawn(async move { status(&resolver, "north").await })
    };
    let first = ask();
    settle().await;
    let second = ask();
    settle().await;
    first.abort();
    settle().await;
    gate.add_permits(10);
    assert_eq!(second.await.unwrap(), Some(TenantStatus::Active));
}

#[tokio::test]
async fn a_tenant_is_found_by_its_id_in_any_state() {
    let (resolver, directory) = resolver();
    for state in [TenantStatus::Pending, TenantStatus::Deleted] {
        let tenant = directory.put("north", state);
        let site = resolver.by_id(tenant.id).await.unwrap().unwrap();
        assert_eq!((site.tenant.id, site.db.tenant()), (tenant.id, tenant.id));
    }
    assert!(
        resolver
            .by_id(tenant("x", TenantStatus::Active).id)
            .await
            .unwrap()
            .is_none()
    );
}
