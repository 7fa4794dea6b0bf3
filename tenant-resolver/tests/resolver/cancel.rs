//! A caller that goes away while its transaction begins, at every moment at which it can.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use sqlx::AssertSqlSafe;

use crate::isolation::each_binding;

/// Most times that a begin is tried when the database is so quick that there is never anything to wait for.
const ROUNDS: usize = 50;

/// Polls a future up to `polls` times, each time when it asked for it, and then drops it. Whether it had finished.
async fn polled<F: Future>(future: F, polls: usize) -> bool {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if left == 0 => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[tokio::test]
async fn a_future_cancelled_during_begin_at_each_poll_leaves_nothing() {
    for two in each_binding(1).await {
        let mut cancelled = 0;
        for _ in 0..ROUNDS {
            for polls in 0.. {
                let finished = polled(two.a.begin(), polls).await;
                two.assert_clean(&format!("a begin cancelled after {polls} polls"))
                    .await;
                if finished {
                    break;
                }
                cancelled += polls.min(1);
            }
            if cancelled > 0 {
                break;
            }
        }
        assert!(
            cancelled > 0,
            "begin has waited at least once, else nothing was tested"
        );
    }
}

#[tokio::test]
async fn a_request_cancelled_at_each_poll_leaves_nothing() {
    for two in each_binding(1).await {
        for polls in 0.. {
            let request = async {
                let mut tx = two.a.begin().await.unwrap();
                sqlx::query("update notes set body = body where tenant_id = $1")
                    .bind(tx.tenant())
                    .execute(tx.conn())
                    .await
                    .unwrap();
                tx.commit().await.unwrap();
            };
            let finished = polled(request, polls).await;
            two.assert_clean(&format!("a request cancelled after {polls} polls"))
                .await;
            if finished {
                break;
            }
        }
    }
}

/// The fault that `database::begin` guards against (transact-rs/sqlx#4393), shown by the same means. When this test
/// fails, sqlx carries the fix: take the guard away, and this test with it.
#[tokio::test]
async fn sqlx_itself_still_leaks_a_cancelled_begin() {
    let two = each_binding(1).await.swap_remove(0);
    let mut leaks = 0;
    for polls in 0..20 {
        // The answer takes so long that it is never there already when it is first asked for.
        let text = format!(
            "begin; set local app.tenant_id = '{}'; select pg_sleep(0.02)",
            two.a.tenant()
        );
        let finished = polled(two.pool.begin_with(AssertSqlSafe(text)), polls).await;
        let bound: String =
            sqlx::query_scalar("select coalesce(current_setting('app.tenant_id', true), '')")
                .fetch_one(&two.pool)
                .await
                .unwrap();
        leaks += usize::from(!bound.is_empty());
        sqlx::query("rollback").execute(&two.pool).await.unwrap();
        if finished {
            break;
        }
    }
    assert!(leaks > 0, "sqlx no longer leaks a cancelled begin");
}
