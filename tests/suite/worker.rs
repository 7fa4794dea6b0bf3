//! The queue: exactly once, turns, delays, events, schedules, and what the tenants' role may do to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use kernel::{Standing, SubscriptionStatus, TenantId};
use module::Event as _;
use sqlx::{Executor as _, Row as _};
use tenant_resolver::TenantStatus;
use testkit::Role;
use tokio_util::sync::CancellationToken;
use worker::PlatformJobs;

use crate::queue::{Happened, LIMIT, Queue, Trace, gate};

const LEASE_OVER: Duration = Duration::from_secs(2 * LIMIT.as_secs() + 1);

#[tokio::test(flavor = "multi_thread")]
async fn four_runners_do_five_hundred_jobs_once_each() {
    let queue = Queue::new().await;
    let tenants = [queue.tenant(), queue.tenant(), queue.tenant()];
    for (at, tenant) in tenants.iter().enumerate() {
        let count = [300, 150, 50][at];
        queue
            .enqueue(*tenant, (0..count).map(|n| format!("job {n}")))
            .await;
    }
    let workers = [
        queue.worker(),
        queue.worker(),
        queue.worker(),
        queue.worker(),
    ];
    let ran = futures::future::join_all(workers.iter().map(worker::Worker::drain)).await;
    let shares: Vec<usize> = ran.into_iter().map(Result::unwrap).collect();
    assert!(
        shares.iter().filter(|share| **share > 1).count() >= 2,
        "{shares:?}"
    );
    for (tenant, count) in tenants.into_iter().zip([300, 150, 50]) {
        let mut traces = queue.traces(tenant).await;
        assert_eq!(traces.len(), count);
        traces.sort();
        traces.dedup();
        assert_eq!(traces.len(), count, "none twice");
    }
    assert!(
        queue
            .jobs()
            .await
            .iter()
            .all(|(state, attempts, _)| state == "done" && *attempts == 1)
    );
}

#[tokio::test]
async fn a_runner_that_dies_in_the_middle_loses_and_doubles_nothing() {
    let queue = Queue::new().await;
    let tenant = queue.tenant();
    queue
        .enqueue(tenant, ["gate:crash".into(), "beside".into()])
        .await;
    let worker = queue.worker();
    let crash = gate("crash");
    tokio::select! {
        _ = worker.drain() => panic!("the gate is closed"),
        () = crash.entered.notified() => {}
    }
    // Its future is dropped: the transaction with the trace is rolled back, the lease stays.
    let other = queue.worker();
    other.drain().await.unwrap();
    assert!(
        !queue
            .traces(tenant)
            .await
            .contains(&"gate:crash".to_owned())
    );
    queue.clock.advance(LEASE_OVER);
    gate("crash").open.notify_one();
    other.drain().await.unwrap();
    let mut traces = queue.traces(tenant).await;
    traces.sort();
    assert_eq!(traces, ["beside", "gate:crash"]);
    assert!(queue.jobs().await.iter().all(|(state, ..)| state == "done"));
}

#[tokio::test]
async fn a_runner_that_lost_its_lease_leaves_no_trace() {
    let queue = Queue::new().await;
    let tenant = queue.tenant();
    queue.enqueue(tenant, ["gate:slow".into()]).await;
    let (slow, quick) = (queue.worker(), queue.worker());
    let slow = tokio::spawn(async move { slow.drain().await });
    gate("slow").entered.notified().await;
    queue.clock.advance(LEASE_OVER);
    let quick = tokio::spawn(async move { quick.drain().await });
    gate("slow").entered.notified().await;
    // Both are inside now, and only the second holds the lease.
    gate("slow").open.notify_one();
    slow.await.unwrap().unwrap();
    assert!(queue.traces(tenant).await.is_empty());
    gate("slow").open.notify_one();
    quick.await.unwrap().unwrap();
    assert_eq!(queue.traces(tenant).await, ["gate:slow"]);
    assert_eq!(queue.jobs().await[0].0, "done");
}

#[tokio::test]
async fn a_failing_job_waits_longer_each_time_and_ends_dead() {
    let queue = Queue::new().await;
    let tenant = queue.tenant();
    queue.enqueue(tenant, ["fail".into()]).await;
    queue
        .db
        .pool()
        .execute("update jobs set max_attempts = 3")
        .await
        .unwrap();
    let worker = queue.worker();
    for (attempt, pause) in [(1, 10), (2, 20)] {
        worker.drain().await.unwrap();
        let jobs = queue.jobs().await;
        assert_eq!((jobs[0].0.as_str(), jobs[0].1), ("queued", attempt));
        assert!(jobs[0].2.as_ref().unwrap().contains("it was told to fail"));
        queue.clock.advance(Duration::from_secs(pause - 1));
        assert_eq!(worker.drain().await.unwrap(), 0, "not before its time");
        queue.clock.advance(Duration::from_secs(2 + pause / 4));
    }
    worker.drain().await.unwrap();
    assert_eq!(queue.jobs().await[0].0, "dead");
    queue.clock.advance(Duration::from_hours(2));
    worker.drain().await.unwrap();
    assert_eq!(queue.jobs().await[0].1, 3, "never again");
    assert!(
        queue.traces(tenant).await.is_empty(),
        "what a failed job wrote is gone"
    );
}

#[tokio::test]
async fn a_panic_concerns_one_job_alone() {
    let queue = Queue::new().await;
    let tenant = queue.tenant();
    queue
        .enqueue(tenant, ["panic".into(), "after".into()])
        .await;
    queue.worker().drain().await.unwrap();
    assert_eq!(queue.traces(tenant).await, ["after"]);
    let jobs = queue.jobs().await;
    assert_eq!(jobs[0].2.as_deref(), Some("It panicked."));
}

#[tokio::test]
async fn a_tenant_with_many_jobs_does_not_keep_others_waiting() {
    let queue = Queue::new().await;
    let (many, few) = (queue.tenant(), queue.tenant());
    queue
        .enqueue(many, (0..200).map(|n| format!("many {n}")))
        .await;
    queue.enqueue(few, (0..3).map(|n| format!("few {n}"))).await;
    queue.worker().drain().await.unwrap();
    let order: Vec<TenantId> = sqlx::query_scalar("select tenant_id from traces order by at")
        .fetch_all(queue.db.pool())
        .await
        .unwrap();
    assert_eq!(order.len(), 203);
    let last = order.iter().rposition(|tenant| *tenant == few).unwrap();
    assert!(last < 16, "the last of the few came as number {last}");
}

#[tokio::test]
async fn a_job_of_no_tenant_is_refused_by_the_database() {
    let queue = Queue::new().await;
    let insert = |kind: &'static str| {
        sqlx::query("insert into jobs (id, kind, payload, run_at, created_at) values (gen_random_uuid(), $1, '{}', now(), now())")
            .bind(kind)
            .execute(queue.db.pool())
    };
    let refused = insert("test.trace").await.unwrap_err();
    assert_eq!(
        refused
            .as_database_error()
            .and_then(|error| error.constraint()),
        Some("jobs_tenant_check")
    );
    insert("platform.test").await.unwrap();
}

#[tokio::test]
async fn jobs_of_a_tenant_that_is_gone_end_without_effect() {
    let queue = Queue::new().await;
    let (gone, deleted) = (queue.tenant(), queue.tenant());
    queue.enqueue(gone, ["gone".into()]).await;
    queue.enqueue(deleted, ["deleted".into()]).await;
    queue
        .db
        .pool()
        .execute(
            sqlx::query("update jobs set tenant_id = $1 where tenant_id = $2")
                .bind(TenantId::new())
                .bind(gone),
        )
        .await
        .unwrap();
    queue
        .tenants
        .put(deleted, TenantStatus::Deleted, Vec::new());
    queue.app.resolver().forget(deleted);
    queue.worker().drain().await.unwrap();
    for (state, _, error) in queue.jobs().await {
        assert_eq!(
            (state.as_str(), error.as_deref()),
            ("dead", Some("The tenant is gone."))
        );
    }
    assert!(queue.traces(deleted).await.is_empty());
}

#[tokio::test]
async fn jobs_of_a_lapsed_module_wait_for_its_renewal() {
    let queue = Queue::new().await;
    let tenant = queue.tenant();
    let standing = |status| Standing {
        module: "test".into(),
        status,
        trial_end: None,
        period_end: None,
        cancel_at_period_end: false,
        payment_due_at: None,
        grace_until: None,
        read_only_until: None,
        override_access: None,
        limits: std::collections::BTreeMap::new(),
    };
    let renew = |status| {
        queue
            .tenants
            .put(tenant, TenantStatus::Active, vec![standing(status)]);
        queue.app.resolver().forget(tenant);
    };
    renew(SubscriptionStatus::Expired);
    queue.enqueue(tenant, ["later".into()]).await;
    let worker = queue.worker();
    worker.drain().await.unwrap();
    assert_eq!(
        queue.jobs().await[0],
        ("queued".to_owned(), 0, None),
        "it did not count"
    );
    renew(SubscriptionStatus::Active);
    queue.clock.advance(Duration::from_hours(1));
    worker.drain().await.unwrap();
    assert_eq!(queue.traces(tenant).await, ["later"]);
}

#[tokio::test]
async fn jobs_and_events_of_a_suspended_tenant_wait_until_it_is_restored() {
    let queue = Queue::new().await;
    let (tenant, other) = (queue.tenant(), queue.tenant());
    let set = |status| {
        queue.tenants.put(tenant, status, Vec::new());
        queue.app.resolver().forget(tenant);
    };
    set(TenantStatus::Suspended);
    queue.enqueue(tenant, ["later".into()]).await;
    queue.enqueue(other, ["now".into()]).await;
    let mut tx = queue.begin(tenant).await;
    let event = Happened {
        name: "opening".into(),
    };
    module::emit(&mut tx, &event, queue.now()).await.unwrap();
    tx.commit().await.unwrap();
    gate("opening").open.notify_one();
    // What the platform does for a tenant waits as well, where it is of the tenant's own making.
    for mail in ["own", "ours"] {
        sqlx::query(
            "insert into jobs (id, tenant_id, kind, payload, run_at, created_at)
             values (gen_random_uuid(), $1, 'platform.test.mail', jsonb_build_object('mail', $2::text), $3, $3)",
        )
        .bind(tenant)
        .bind(mail)
        .bind(queue.now())
        .execute(queue.db.pool())
        .await
        .unwrap();
    }
    let mails = Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut platform = PlatformJobs::default();
    let note = Arc::clone(&mails);
    platform.on("platform.test.mail", move |job| {
        let mail = job.payload["mail"].as_str().unwrap_or_default().to_owned();
        note.lock().unwrap().push(mail);
        async { Ok(()) }
    });
    platform.hold_while_suspended("platform.test.mail", |payload| payload["mail"] == "own");
    let worker = queue.worker_with(platform);
    worker.drain().await.unwrap();
    assert!(queue.traces(tenant).await.is_empty());
    assert_eq!(queue.traces(other).await, ["now"]);
    assert_eq!(*mails.lock().unwrap(), ["ours"]);
    let waiting: Vec<(String, i32)> =
        sqlx::query_as("select state, attempts from jobs where tenant_id = $1 and state <> 'done'")
            .bind(tenant)
            .fetch_all(queue.db.pool())
            .await
            .unwrap();
    assert_eq!(
        waiting,
        vec![("queued".to_owned(), 0); 4],
        "a job, two deliveries of an event and a mail, none of which was tried"
    );

    set(TenantStatus::Active);
    queue.clock.advance(Duration::from_hours(1));
    worker.drain().await.unwrap();
    let mut traces = queue.traces(tenant).await;
    traces.sort();
    assert_eq!(traces, ["first opening", "later", "second opening"]);
    assert_eq!(*mails.lock().unwrap(), ["ours", "own"]);
}

#[tokio::test]
async fn an_event_reaches_each_subscriber_once() {
    let queue = Queue::new().await;
    let tenant = queue.tenant();
    let mut tx = queue.begin(tenant).await;
    let event = Happened {
        name: "party".into(),
    };
    module::emit(&mut tx, &event, queue.now()).await.unwrap();
    tx.commit().await.unwrap();
    let mut rolled_back = queue.begin(tenant).await;
    module::emit(&mut rolled_back, &event, queue.now())
        .await
        .unwrap();
    drop(rolled_back);
    let workers = [queue.worker(), queue.worker()];
    futures::future::join_all(workers.iter().map(worker::Worker::drain)).await;
    // The second subscriber failed, and what it wrote went with it.
    assert_eq!(queue.traces(tenant).await, ["first party"]);
    gate("party").open.notify_one();
    queue.clock.advance(Duration::from_secs(13));
    workers[0].drain().await.unwrap();
    assert_eq!(queue.traces(tenant).await, ["first party", "second party"]);
    queue.clock.advance(Duration::from_hours(2));
    workers[1].drain().await.unwrap();
    assert_eq!(queue.traces(tenant).await.len(), 2);
    assert!(Happened::KIND.starts_with("test."));
}

#[tokio::test]
async fn jobs_with_one_key_are_one_while_they_wait() {
    let queue = Queue::new().await;
    let (tenant, other) = (queue.tenant(), queue.tenant());
    let enqueue = async |tenant: TenantId, name: &str| {
        let mut tx = queue.begin(tenant).await;
        let job = Trace {
            name: name.into(),
            key: Some("k".into()),
        };
        module::enqueue(&mut tx, &job, queue.now()).await.unwrap();
        tx.commit().await.unwrap();
    };
    enqueue(tenant, "one").await;
    enqueue(tenant, "same").await;
    enqueue(other, "other").await;
    let worker = queue.worker();
    worker.drain().await.unwrap();
    assert_eq!(queue.traces(tenant).await, ["one"]);
    assert_eq!(queue.traces(other).await, ["other"]);
    enqueue(tenant, "again").await;
    worker.drain().await.unwrap();
    assert_eq!(queue.traces(tenant).await, ["one", "again"]);
    // One that comes back while another waits leaves the work to that one.
    enqueue(tenant, "fail").await;
    queue.db.pool().execute("update jobs set state = 'running', attempts = 1, locked_until = now() - interval '10 years' where state = 'queued' and kind = 'test.trace'").await.unwrap();
    enqueue(tenant, "instead").await;
    worker.drain().await.unwrap();
    assert_eq!(queue.traces(tenant).await, ["one", "again", "instead"]);
    assert!(queue.jobs().await.iter().all(|(state, ..)| state == "done"));
}

#[tokio::test]
async fn a_schedule_ticks_once_for_all_nodes() {
    let queue = Queue::new().await;
    let count = Arc::new(AtomicU32::new(0));
    let worker = || {
        let mut platform = PlatformJobs::default();
        let count = Arc::clone(&count);
        platform.every("platform.test.tick", Duration::from_hours(1), move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            async { Ok(()) }
        });
        queue.worker_with(platform)
    };
    let nodes = [worker(), worker()];
    for (hours, expected) in [(0, 1), (1, 2), (5, 3), (0, 3)] {
        queue.clock.advance(Duration::from_hours(hours));
        for node in &nodes {
            node.drain().await.unwrap();
        }
        assert_eq!(
            count.load(Ordering::Relaxed),
            expected,
            "after {hours} more hours"
        );
    }
}

#[tokio::test]
async fn a_worker_that_is_stopped_finishes_what_runs() {
    let queue = Queue::new().await;
    let tenant = queue.tenant();
    let worker = queue.worker();
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (worker, stop) = (worker.clone(), stop.clone());
        async move { worker.run(stop).await }
    });
    queue.enqueue(tenant, ["gate:stop".into()]).await;
    worker.wake();
    gate("stop").entered.notified().await;
    stop.cancel();
    tokio::task::yield_now().await;
    assert!(!running.is_finished());
    gate("stop").open.notify_one();
    running.await.unwrap();
    assert_eq!(queue.traces(tenant).await, ["gate:stop"]);
}

#[tokio::test]
async fn whoever_queues_something_due_tells_all_nodes_when_it_commits() {
    let queue = Queue::new().await;
    let tenant = queue.tenant();
    let mut listener = sqlx::postgres::PgListener::connect_with(queue.db.pool())
        .await
        .unwrap();
    listener.listen(database::CHANNEL).await.unwrap();
    queue.enqueue(tenant, ["now".into()]).await;
    let heard = tokio::time::timeout(Duration::from_secs(5), listener.recv()).await;
    let heard = heard.expect("news within five seconds").unwrap();
    assert_eq!(
        database::Change::parse(heard.payload()),
        Some(database::Change::Work)
    );
}

#[tokio::test]
async fn the_tenants_role_can_only_finish_its_own_running_jobs() {
    let queue = Queue::new().await;
    let (tenant, other) = (queue.tenant(), queue.tenant());
    queue.enqueue(tenant, ["mine".into()]).await;
    queue.enqueue(other, ["theirs".into()]).await;
    let run = async |statement: &'static str| {
        let mut tx = queue.begin(tenant).await;
        let outcome = sqlx::query(statement).bind(tenant).execute(tx.conn()).await;
        let outcome = outcome.map(|done| done.rows_affected());
        tx.commit().await.unwrap();
        outcome
    };
    let finish = "update jobs set state = 'done' where tenant_id <> $1 or state = 'queued' or tenant_id = $1";
    assert_eq!(
        run(finish).await.unwrap(),
        0,
        "what waits cannot be finished"
    );
    queue
        .db
        .pool()
        .execute("update jobs set state = 'running', attempts = 1")
        .await
        .unwrap();
    for forbidden in [
        "update jobs set state = 'queued' where tenant_id = $1",
        "update jobs set state = 'dead' where tenant_id = $1",
        "update jobs set payload = '{}' where tenant_id = $1",
        "update jobs set tenant_id = gen_random_uuid() where tenant_id = $1",
        "select payload from jobs where tenant_id = $1",
        "delete from jobs where tenant_id = $1",
        "insert into jobs (id, tenant_id, kind, payload, run_at, created_at)
         select gen_random_uuid(), gen_random_uuid(), 'test.trace', '{}', now(), now() where $1::uuid is not null",
    ] {
        let mut tx = queue.begin(tenant).await;
        let refused = sqlx::query(forbidden).bind(tenant).execute(tx.conn()).await;
        assert!(refused.is_err(), "{forbidden}");
    }
    assert_eq!(run(finish).await.unwrap(), 1, "its own running one");
    let states = sqlx::query("select tenant_id, state from jobs where kind = 'test.trace'")
        .fetch_all(queue.db.pool())
        .await
        .unwrap();
    for row in states {
        let expected = if row.get::<TenantId, _>(0) == tenant {
            "done"
        } else {
            "running"
        };
        assert_eq!(row.get::<String, _>(1), expected);
    }
}

#[tokio::test]
async fn what_is_old_is_removed_and_what_waits_stays() {
    let queue = Queue::new().await;
    let tenant = queue.tenant();
    queue.enqueue(tenant, ["old".into()]).await;
    let mut owner = queue.database.connect(Role::Superuser).await;
    owner
        .execute(
            "insert into api_idempotency_keys (tenant_id, actor_id, key, request_hash, created_at) values
               (gen_random_uuid(), gen_random_uuid(), 'old', '', '2026-03-02T09:00:00Z'),
               (gen_random_uuid(), gen_random_uuid(), 'new', '', '2026-03-10T10:00:00Z')",
        )
        .await
        .unwrap();
    let worker = queue.worker();
    worker.drain().await.unwrap();
    queue.clock.advance(Duration::from_hours(8 * 24 + 2));
    let mut tx = queue.begin(tenant).await;
    let later = Trace {
        name: "later".into(),
        key: None,
    };
    module::enqueue(&mut tx, &later, queue.now().plus(Duration::from_hours(1)))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    worker.drain().await.unwrap();
    let jobs = queue.jobs().await;
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    assert_eq!(jobs[0].0, "queued");
    let keys: Vec<String> = sqlx::query_scalar("select key from api_idempotency_keys")
        .fetch_all(queue.db.pool())
        .await
        .unwrap();
    assert_eq!(keys, ["new"]);
}
