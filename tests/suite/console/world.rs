//! What the tests of the console share.

use sqlx::{AssertSqlSafe, PgPool};
use testkit::Role;
use uuid::Uuid;

use crate::support::{Client, Reply, TestApp};

/// The console's origin.
pub const CONSOLE: &str = "http://ops.atelier.test";

pub fn pool(app: &TestApp) -> PgPool {
    app.database.pool(Role::Superuser)
}

/// An id that a question about a text finds.
pub async fn id(app: &TestApp, question: &'static str, of: &str) -> Uuid {
    sqlx::query_scalar(AssertSqlSafe(question))
        .bind(of)
        .fetch_one(&pool(app))
        .await
        .unwrap_or_else(|error| panic!("{question} ({of}): {error}"))
}

pub async fn tenant_id(app: &TestApp, slug: &str) -> Uuid {
    id(app, "select id from tenants where slug = $1", slug).await
}

/// The plan of the blog with this name for programs.
pub async fn plan_id(app: &TestApp, slug: &str) -> Uuid {
    let question = "select l.id from plans l join products p on p.id = l.product_id where p.module_key = 'blog' and l.slug = $1";
    id(app, question, slug).await
}

/// Names in the list of tenants, in its order.
pub fn listed(reply: &Reply) -> Vec<String> {
    reply.texts("#tenants tbody td:first-child a")
}

/// Actions in the console's audit log, newest first.
pub async fn acts(app: &TestApp) -> Vec<(String, String, String)> {
    sqlx::query_as(
        "select action, operator_name, reason from identity_operator_acts where operator_id is not null order by at desc, id desc",
    )
    .fetch_all(&pool(app))
    .await
    .expect("acts")
}

/// Posts with a reason and expects to be sent on.
pub async fn act(operator: &Client, path: &str, form: &[(&str, &str)]) -> Reply {
    let mut form = form.to_vec();
    form.push(("reason", "Asked for by phone"));
    operator.post(path, &form).await.expect(303)
}
