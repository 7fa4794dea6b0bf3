//! Tenants: found by address, name or owner; suspended and restored; allowed more for a time.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Method;
use kernel::{OperatorRole, Role};

use super::world::{act, acts, listed, pool, tenant_id};
use crate::support::TestApp;

/// Puts many tenants into the database, each with an owner and a trial, as sign-ups would.
async fn crowd(app: &TestApp, number: i32) {
    for statement in [
        "insert into users (id, email, email_normal, name, locale, time_zone, email_verified_at, created_at, updated_at)
         select gen_random_uuid(), 'Owner' || n || '@crowd.test', 'owner' || n || '@crowd.test', 'Owner ' || n, 'en-GB', 'UTC', now(), now(), now()
         from generate_series(1, $1) n",
        "insert into tenants (id, slug, name, status, locale, time_zone, currency, brand, created_at, updated_at)
         select gen_random_uuid(), 'crowd-' || n, 'Crowd Studio ' || lpad(n::text, 6, '0'), 'active', 'en-GB', 'UTC', 'EUR', '#c2410c',
                '2026-01-01'::timestamptz + make_interval(mins => n), now()
         from generate_series(1, $1) n",
        "insert into roles (tenant_id, id, key, name, is_system, created_at, updated_at)
         select t.id, gen_random_uuid(), 'owner', 'Owner', true, now(), now() from tenants t where t.slug like 'crowd-%' and $1 > 0",
        "insert into memberships (tenant_id, id, user_id, status, display_name, contact_email, joined_at, created_at, updated_at)
         select t.id, gen_random_uuid(), u.id, 'active', u.name, u.email, now(), now(), now()
         from tenants t join users u on u.email_normal = 'owner' || substr(t.slug, 7) || '@crowd.test' where $1 > 0",
        "insert into membership_roles (tenant_id, membership_id, role_id, granted_at)
         select m.tenant_id, m.id, r.id, now() from memberships m join roles r on r.tenant_id = m.tenant_id and r.key = 'owner'
         where $1 > 0 on conflict do nothing",
    ] {
        sqlx::query(statement)
            .bind(number)
            .execute(&pool(app))
            .await
            .unwrap();
    }
    for table in [
        "users",
        "tenants",
        "memberships",
        "membership_roles",
        "roles",
    ] {
        let statement = sqlx::AssertSqlSafe(format!("analyze {table}"));
        sqlx::query(statement).execute(&pool(app)).await.unwrap();
    }
}

#[tokio::test]
async fn a_tenant_is_found_by_its_address_its_name_and_its_owner() {
    let app = TestApp::new().await;
    app.tenant("northlight").await;
    app.tenant("southlight").await;
    let operator = app.operator(OperatorRole::SupportReadonly).await;
    let find = async |q: &str| {
        let path = format!("/tenants?q={}", q.replace('@', "%40").replace(' ', "%20"));
        listed(&operator.get(&path).await.expect(200))
    };
    for q in [
        "northlight",
        "North",
        "NORTHL",
        "owner@northlight.test",
        "Owner@North",
    ] {
        assert_eq!(find(q).await, ["Northlight"], "{q}");
    }
    assert_eq!(find("owner@").await.len(), 2);
    let own = tenant_id(&app, "southlight").await.to_string();
    assert_eq!(find(&own).await, ["Southlight"]);
    // Beginnings alone: what is in the middle is not looked for, nor do signs of patterns mean anything.
    for q in ["light", "%light", "_orthlight", "northlight.test", "nobody"] {
        assert!(find(q).await.is_empty(), "{q}");
    }
    let none = operator.get("/tenants?q=nobody").await.expect(200);
    assert!(none.body.contains("No tenant fits these filters"));
    let hits = operator.get("/search.json?q=north").await.expect(200);
    assert!(hits.body.contains("Northlight"), "{}", hits.body);
}

#[tokio::test]
async fn the_list_is_filtered_sorted_and_taken_part_by_part() {
    let app = TestApp::new().await;
    app.tenant("northlight").await;
    app.tenant("southlight").await;
    let operator = app.operator(OperatorRole::Support).await;
    let list =
        async |query: &str| listed(&operator.get(&format!("/tenants?{query}")).await.expect(200));
    assert_eq!(
        list("sort=name&dir=asc").await,
        ["Northlight", "Southlight"]
    );
    assert_eq!(
        list("sort=name&dir=desc").await,
        ["Southlight", "Northlight"]
    );
    assert_eq!(list("status=trialing").await.len(), 2);
    assert!(list("status=active").await.is_empty());
    app.advance(Duration::from_hours(24 * 22));
    let operator = app.operator(OperatorRole::Billing).await;
    let ended = operator.get("/tenants?status=ended").await.expect(200);
    assert_eq!(
        listed(&ended).len(),
        2,
        "trials that are over have ended without anything running"
    );

    crowd(&app, 300).await;
    let mut seen = BTreeSet::new();
    let mut path = "/tenants?sort=since&dir=desc&page=1".to_owned();
    let mut parts = 0;
    loop {
        let reply = operator.get(&path).await.expect(200);
        for name in listed(&reply) {
            assert!(seen.insert(name.clone()), "{name} stands on two parts");
        }
        parts += 1;
        let next = reply.attribute("nav.pager a[href]:last-of-type", "href");
        match next.filter(|_| {
            reply
                .texts("nav.pager a[href]")
                .iter()
                .any(|text| text == "Next")
        }) {
            Some(next) => path = next,
            None => break,
        }
    }
    assert_eq!((seen.len(), parts), (302, 13));
    let page = operator.get("/tenants?q=crowd-29").await.expect(200);
    assert!(
        page.body.contains("of 11 tenants"),
        "{}",
        page.texts(".pager p").join("")
    );
    let file = operator
        .get("/tenants/export.csv?q=crowd-29")
        .await
        .expect(200);
    assert_eq!(file.body.lines().count(), 12);
    assert!(file.body.contains("Owner299@crowd.test"));
}

#[tokio::test]
async fn room_for_files_is_listed_sorted_and_held_against_its_limit() {
    let app = TestApp::new().await;
    for slug in ["northlight", "southlight"] {
        app.tenant(slug).await;
    }
    let tenant = tenant_id(&app, "southlight").await;
    sqlx::query("insert into files_totals (tenant_id, bytes) values ($1, 3450000)")
        .bind(tenant)
        .execute(&pool(&app))
        .await
        .unwrap();
    let operator = app.operator(OperatorRole::Billing).await;
    for (direction, order) in [
        ("desc", ["Southlight", "Northlight"]),
        ("asc", ["Northlight", "Southlight"]),
    ] {
        let path = format!("/tenants?sort=storage&dir={direction}");
        let page = operator.get(&path).await.expect(200);
        assert_eq!(listed(&page), order);
        assert!(page.body.contains("3.4 MB"));
    }
    let file = operator.get("/tenants/export.csv").await.expect(200);
    assert!(file.body.contains(",3450000,"), "{}", file.body);
    let form = [
        ("what", "limit:files.bytes"),
        ("value", "5000000"),
        ("until", "2026-03-12"),
    ];
    act(&operator, &format!("/tenants/{tenant}/overrides"), &form).await;
    let page = operator
        .get(&format!("/tenants/{tenant}"))
        .await
        .expect(200);
    assert!(page.body.contains("3.4 MB of 5 MB"), "{}", page.body);
    assert_eq!(
        page.attribute("[role=meter][aria-label='Room for files']", "aria-valuenow")
            .as_deref(),
        Some("69")
    );
}

/// The ways of the search use their indexes, however many tenants there are: no part of the plan reads a whole table to
/// find what is sought.
#[tokio::test]
async fn searching_among_many_tenants_reads_few_rows() {
    let app = TestApp::new().await;
    crowd(&app, 20_000).await;
    let platform = app.database.pool(testkit::Role::Platform);
    let source = include_str!("../../../platform/console/src/tenant_list/store.rs");
    let matched = source
        .split("with matched (id) as (")
        .nth(1)
        .and_then(|rest| rest.split("), judged as (").next())
        .expect("the part of the statement that searches");
    let explain = format!(
        "explain (format text) {}",
        matched
            .replace("$1::text is null", "false")
            .replace("$3::uuid is not null and t.id = $3", "false")
            .replace("$1 is not null and not $4 and ", "")
            .replace("$1 is not null and ", "")
            .replace("$1", "'owner77'")
            .replace("$2", "'owner77\u{10ffff}'")
    );
    let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(explain))
        .fetch_all(&platform)
        .await
        .unwrap();
    let plan = plan.join("\n");
    for index in [
        "tenants_slug_prefix_idx",
        "tenants_name_prefix_idx",
        "users_email_prefix_idx",
    ] {
        assert!(plan.contains(index), "{index} is not used:\n{plan}");
    }
    assert!(!plan.contains("Seq Scan on tenants"), "{plan}");
    assert!(!plan.contains("Seq Scan on users"), "{plan}");

    let operator = app.operator(OperatorRole::Support).await;
    let found = operator
        .get("/tenants?q=owner19999%40crowd.test")
        .await
        .expect(200);
    assert_eq!(listed(&found), ["Crowd Studio 019999"]);
}

#[tokio::test]
async fn a_suspended_tenant_is_closed_until_it_is_restored() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let tenant = tenant_id(&app, "northlight").await;
    let reader = app.operator(OperatorRole::SupportReadonly).await;
    let operator = app.operator(OperatorRole::Support).await;
    let path = format!("/tenants/{tenant}");
    let looked = reader.get(&path).await.expect(200);
    assert!(!looked.body.contains("Suspend Northlight?"));
    reader
        .plainly(Method::POST, &format!("{path}/suspend"), &[("reason", "x")])
        .await
        .expect(403);
    let silent = operator
        .post(&format!("{path}/suspend"), &[("reason", "  ")])
        .await
        .expect(422);
    assert!(silent.body.contains("Say why."), "{}", silent.body);
    northlight.owner.get("/app").await.expect(200);

    act(&operator, &format!("{path}/suspend"), &[]).await;
    app.forget();
    northlight.owner.get("/app").await.expect(503);
    northlight.owner.get("/").await.expect(503);
    northlight.owner.get("/api/v1/blog/posts").await.expect(503);
    northlight.owner.get("/app/billing").await.expect(200);
    let letter = app.letter("owner@northlight.test").await;
    assert_eq!(letter.subject, "Northlight is suspended");
    assert!(
        letter.text.contains("Asked for by phone"),
        "{}",
        letter.text
    );
    app.run_jobs().await;
    let page = operator.get(&path).await.expect(200);
    assert!(page.body.contains("Restore Northlight?"), "{}", page.body);
    let twice = operator
        .post(&format!("{path}/suspend"), &[("reason", "again")])
        .await
        .expect(409);
    assert!(twice.body.contains("Only a workspace in use"));

    act(&operator, &format!("{path}/restore"), &[]).await;
    app.forget();
    northlight.owner.get("/app").await.expect(200);
    assert_eq!(
        app.letter("owner@northlight.test").await.subject,
        "Northlight is open again"
    );

    // The tenant reads in its own log who did it, for whom, and why.
    let own = northlight.owner.get("/app/audit").await.expect(200);
    for sentence in [
        "Priya Support (Atelier) suspended Northlight",
        "Priya Support (Atelier) restored Northlight",
    ] {
        assert!(own.body.contains(sentence), "{sentence}");
    }
    let entry = own.attribute("#audit tbody a", "href").expect("an entry");
    let shown = northlight.owner.get(&entry).await.expect(200);
    assert!(shown.body.contains("Asked for by phone"), "{}", shown.body);
    let timeline = operator
        .get(&format!("{path}?tab=timeline"))
        .await
        .expect(200);
    assert!(timeline.body.contains("suspended Northlight"));
    assert_eq!(acts(&app).await.len(), 2);
    for tab in ["people", "jobs", "mail"] {
        let section = operator.get(&format!("{path}?tab={tab}")).await.expect(200);
        let expected = if tab == "people" {
            "Mara Lindqvist"
        } else {
            "table"
        };
        assert!(section.body.contains(expected), "{tab}: {}", section.body);
    }
}

#[tokio::test]
async fn an_override_raises_a_limit_until_it_ends_or_is_taken_back() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let tenant = tenant_id(&app, "northlight").await;
    let path = format!("/tenants/{tenant}/overrides");
    let operator = app.operator(OperatorRole::Billing).await;
    let support = app.operator(OperatorRole::Support).await;
    support.plainly(Method::POST, &path, &[]).await.expect(403);
    let invite = async |at: &str| {
        let form = [("email", at), ("role", "viewer")];
        northlight
            .owner
            .post("/app/people/invite", &form)
            .await
            .status
            .as_u16()
    };

    // The trial is of a plan without a limit; the override sets one.
    let form = [
        ("what", "limit:workspace.seats"),
        ("value", "1"),
        ("until", "2026-03-12"),
    ];
    let no_reason = operator.post(&path, &form).await.expect(422);
    assert!(no_reason.body.contains("Say why."));
    for (until, why) in [
        ("", "Choose until when"),
        ("2026-03-01", "still to come"),
        ("2028-01-01", "within a year"),
    ] {
        let form = [
            ("what", "limit:workspace.seats"),
            ("value", "1"),
            ("until", until),
            ("reason", "x"),
        ];
        let refused = operator.post(&path, &form).await.expect(422);
        assert!(
            refused.body.contains(why),
            "{until}: {}",
            refused.texts(".banner").join(" ")
        );
    }
    act(&operator, &path, &form).await;
    app.forget();
    assert_eq!(invite("first@example.test").await, 402);
    let shown = operator
        .get(&format!("/tenants/{tenant}"))
        .await
        .expect(200);
    assert!(shown.body.contains("workspace.seats"));

    // It ends by itself, without anything running.
    app.advance(Duration::from_hours(24 * 10));
    assert_eq!(invite("first@example.test").await, 303);

    let operator = app.operator(OperatorRole::Admin).await;
    let form = [
        ("what", "limit:workspace.seats"),
        ("value", "1"),
        ("until", "2026-06-01"),
    ];
    act(&operator, &path, &form).await;
    app.forget();
    assert_eq!(invite("second@example.test").await, 402);
    let page = operator
        .get(&format!("/tenants/{tenant}"))
        .await
        .expect(200);
    let revoke = page
        .attribute("form[action$='/revoke']", "action")
        .expect("a way to take it back");
    act(&operator, &revoke, &[]).await;
    app.forget();
    assert_eq!(invite("second@example.test").await, 303);
    operator
        .post(&revoke, &[("reason", "once more")])
        .await
        .expect(404);
    let own = northlight.owner.get("/app/audit").await.expect(200);
    assert!(
        own.body.contains("allowed more of workspace.seats"),
        "{}",
        own.body
    );
}

#[tokio::test]
async fn an_override_opens_a_product_whose_subscription_has_ended() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let editor = northlight.member(&app, Role::Editor, "Robin Vale").await;
    app.advance(Duration::from_hours(24 * 40));
    app.forget();
    let tenant = tenant_id(&app, "northlight").await;
    let sid = northlight.owner.get("/app/billing").await.status;
    assert!(sid == 200 || sid == 303, "{sid}");
    let blocked = app
        .visitor()
        .on(&northlight.origin())
        .get("/blog")
        .await
        .status;
    assert_ne!(blocked, 200);
    let operator = app.operator(OperatorRole::Billing).await;
    let form = [
        ("what", "access:blog"),
        ("value", "full"),
        ("until", "2026-05-01"),
    ];
    act(&operator, &format!("/tenants/{tenant}/overrides"), &form).await;
    app.forget();
    app.visitor()
        .on(&northlight.origin())
        .get("/blog")
        .await
        .expect(200);
    app.advance(Duration::from_hours(24 * 30));
    app.forget();
    let again = app
        .visitor()
        .on(&northlight.origin())
        .get("/blog")
        .await
        .status;
    assert_eq!(again, blocked);
    drop(editor);
}
