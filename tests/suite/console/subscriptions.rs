//! Subscriptions by hand, from the console: the rules are billing's, the record is both the tenant's and the console's.

use std::time::Duration;

use http::Method;
use kernel::OperatorRole;
use uuid::Uuid;

use super::world::{act, acts, id, plan_id, pool, tenant_id};
use crate::support::{Client, TestApp};

/// The subscription that a tenant has, and its revision.
async fn subscription(app: &TestApp, slug: &str) -> (Uuid, String) {
    let question = "select s.id, s.lock_version::text from subscriptions s join tenants t on t.id = s.tenant_id
                    where t.slug = $1 order by s.created_at desc limit 1";
    sqlx::query_as(question)
        .bind(slug)
        .fetch_one(&pool(app))
        .await
        .unwrap()
}

async fn price(app: &TestApp, plan: &str, cycle: &str) -> String {
    let question = "select p.id::text from plan_prices p where p.plan_id = $1 and p.billing_cycle = $2 order by p.version desc limit 1";
    sqlx::query_scalar(question)
        .bind(plan_id(app, plan).await)
        .bind(cycle)
        .fetch_one(&pool(app))
        .await
        .unwrap()
}

async fn status(app: &TestApp) -> (String, String) {
    sqlx::query_as("select status, collection from subscriptions order by created_at desc limit 1")
        .fetch_one(&pool(app))
        .await
        .unwrap()
}

/// Activates the yearly plan of a tenant, paid.
async fn activate_yearly(app: &TestApp, operator: &Client, slug: &str) {
    activate(app, operator, slug, "on").await;
}

async fn activate(app: &TestApp, operator: &Client, slug: &str, paid: &str) {
    let path = format!("/tenants/{}/subscriptions", tenant_id(app, slug).await);
    let yearly = price(app, "studio", "yearly").await;
    let form = [
        ("price", yearly.as_str()),
        ("quantity", "1"),
        ("start", "2026-03-02"),
        ("paid", paid),
    ];
    act(operator, &path, &form).await;
    app.forget();
}

/// Publishes the second version of the yearly price; returns the first and the second.
async fn raise_yearly(app: &TestApp, operator: &Client) -> (String, String) {
    let old = price(app, "studio", "yearly").await;
    let form = [
        ("cycle", "yearly"),
        ("currency", "EUR"),
        ("amount", "210"),
        ("based_on", "1"),
    ];
    let plan = plan_id(app, "studio").await;
    act(operator, &format!("/products/plans/{plan}/prices"), &form).await;
    let new = price(app, "studio", "yearly").await;
    assert_ne!(old, new);
    (old, new)
}

/// The price that the newest subscription is on, and the one that takes over.
async fn prices(app: &TestApp) -> (Option<String>, Option<String>) {
    let question = "select plan_price_id::text, pending_price_id::text from subscriptions order by created_at desc limit 1";
    sqlx::query_as(question)
        .fetch_one(&pool(app))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_trial_is_extended_by_support() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let tenant = tenant_id(&app, "northlight").await;
    let (trial, rev) = subscription(&app, "northlight").await;
    let path = format!("/tenants/{tenant}/subscriptions/{trial}/extend");
    let reader = app.operator(OperatorRole::SupportReadonly).await;
    reader.plainly(Method::POST, &path, &[]).await.expect(403);
    let operator = app.operator(OperatorRole::Support).await;
    for (form, why) in [
        (
            [("until", "2026-04-20"), ("reason", ""), ("rev", &rev)],
            "Say why.",
        ),
        (
            [("until", ""), ("reason", "x"), ("rev", &rev)],
            "Choose the new end",
        ),
        (
            [("until", "2026-03-05"), ("reason", "x"), ("rev", &rev)],
            "after the present end",
        ),
    ] {
        let refused = operator.post(&path, &form).await.expect(422);
        assert!(
            refused.body.contains(why),
            "{why}: {:?}",
            refused.texts(".banner")
        );
    }
    let form = [("until", "2026-04-20"), ("rev", rev.as_str())];
    act(&operator, &path, &form).await;
    app.forget();
    // Whoever saw the trial before it was extended does not extend it again.
    let stale = [
        ("until", "2026-05-01"),
        ("rev", rev.as_str()),
        ("reason", "late"),
    ];
    operator.post(&path, &stale).await.expect(412);

    app.advance(Duration::from_hours(24 * 45));
    app.run_jobs().await;
    app.forget();
    let visitor = app.visitor().on(&northlight.origin());
    visitor.get("/blog").await.expect(200);
    assert_eq!(status(&app).await.0, "trialing");
    let recorded = acts(&app).await;
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0].0, "billing.trial.extended");
    let entries: Vec<(String, String)> = sqlx::query_as(
        "select actor_kind, actor_name from audit_log where tenant_id = $1 and action = 'billing.trial.extended'",
    )
    .bind(tenant)
    .fetch_all(&pool(&app))
    .await
    .unwrap();
    assert_eq!(
        entries,
        [("operator".to_owned(), "Priya Support".to_owned())],
        "the tenant's own log tells of it once"
    );
}

#[tokio::test]
async fn a_yearly_plan_is_activated_changed_cancelled_and_kept_by_hand() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let tenant = tenant_id(&app, "northlight").await;
    let operator = app.operator(OperatorRole::Billing).await;
    let support = app.operator(OperatorRole::Support).await;
    let base = format!("/tenants/{tenant}/subscriptions");
    support.plainly(Method::POST, &base, &[]).await.expect(403);
    let nothing = operator
        .post(&base, &[("price", "x"), ("reason", "x")])
        .await
        .expect(422);
    assert!(nothing.body.contains("Choose a price"));

    activate_yearly(&app, &operator, "northlight").await;
    assert_eq!(status(&app).await, ("active".into(), "manual".into()));
    let page = operator
        .get(&format!("/tenants/{tenant}"))
        .await
        .expect(200);
    for part in ["€190 a year", "version 1", "€15.83", "a plan began"] {
        assert!(page.body.contains(part), "{part}");
    }
    let home = operator.get("/").await.expect(200);
    let figure = home
        .texts(".stat")
        .into_iter()
        .find(|stat| stat.starts_with("MRR"));
    assert!(figure.is_some_and(|text| text.starts_with("MRR €15.83")));

    let (id, _) = subscription(&app, "northlight").await;
    let path = format!("{base}/{id}");
    act(
        &operator,
        &format!("{path}/cancel"),
        &[("when", "period_end")],
    )
    .await;
    let page = operator
        .get(&format!("/tenants/{tenant}"))
        .await
        .expect(200);
    assert!(page.body.contains("Ends 2 Mar 2027"), "{}", page.body);
    act(&operator, &format!("{path}/resume"), &[]).await;
    let page = operator
        .get(&format!("/tenants/{tenant}"))
        .await
        .expect(200);
    assert!(page.body.contains("Renews 2 Mar 2027"));
    act(&operator, &format!("{path}/pay"), &[]).await;
    let solo = price(&app, "solo", "yearly").await;
    act(
        &operator,
        &format!("{path}/change"),
        &[("price", solo.as_str())],
    )
    .await;
    act(&operator, &format!("{path}/cancel"), &[("when", "now")]).await;
    assert_eq!(status(&app).await.0, "cancelled");
    let refused = operator
        .post(&format!("{path}/resume"), &[("reason", "x")])
        .await
        .expect(409);
    assert!(refused.texts(".banner").len() == 1);

    let did: Vec<String> = acts(&app).await.into_iter().map(|act| act.0).collect();
    assert_eq!(
        did,
        [
            "billing.subscription.cancelled",
            "billing.plan.changed",
            "billing.payment.recorded",
            "billing.subscription.resumed",
            "billing.cancellation.scheduled",
            "billing.subscription.activated",
        ]
    );
    let own = northlight
        .owner
        .get("/app/audit?area=billing")
        .await
        .expect(200);
    let sentences = own.texts("#audit tbody td:first-child");
    let (trial, by_hand) = sentences.split_last().expect("entries");
    assert_eq!(trial, "Atelier began the trial of Blog");
    assert_eq!(by_hand.len(), 6, "{sentences:#?}");
    assert!(
        by_hand
            .iter()
            .all(|text| text.starts_with("Priya Billing (Atelier)")),
        "{sentences:#?}"
    );
}

#[tokio::test]
async fn operators_see_what_is_open_and_what_a_payment_settles() {
    let app = TestApp::new().await;
    app.tenant("northlight").await;
    let tenant = tenant_id(&app, "northlight").await;
    let operator = app.operator(OperatorRole::Billing).await;
    activate(&app, &operator, "northlight", "").await;
    let (id, rev) = subscription(&app, "northlight").await;
    let path = format!("/tenants/{tenant}/subscriptions/{id}");
    let shown = async || {
        operator
            .get(&format!("/tenants/{tenant}"))
            .await
            .expect(200)
    };
    let page = shown().await;
    assert!(page.body.contains("€190 due 16 Mar 2026"), "{}", page.body);
    assert!(
        page.body
            .contains("€190 is open, due 16 Mar 2026. The payment settles it."),
        "{}",
        page.texts("dialog").join("\n")
    );

    act(&operator, &format!("{path}/unpaid"), &[("rev", &rev)]).await;
    assert_eq!(status(&app).await.0, "past_due");
    let page = shown().await;
    assert!(page.body.contains("Read-only from 16 Mar 2026"));
    // Nothing is offered that would be refused.
    let offered = page.attributes("dialog form", "action");
    for (act, there) in [
        ("pay", true),
        ("cancel", true),
        ("unpaid", false),
        ("change", false),
        ("keep", false),
        ("resume", false),
    ] {
        let found = offered
            .iter()
            .any(|action| action.ends_with(&format!("{id}/{act}")));
        assert_eq!(found, there, "{act}: {offered:?}");
    }
    let list = operator
        .get("/subscriptions?status=past_due")
        .await
        .expect(200);
    // Somebody reported it missing today, so today it was due.
    assert!(list.body.contains("€190 due 2 Mar 2026"));
    assert_eq!(
        list.texts("tfoot tr"),
        ["All 1 subscription €15.83"],
        "what is overdue counts"
    );

    // Whoever saw it before does none of this again.
    for stale in ["unpaid", "pay", "change", "keep", "cancel", "resume"] {
        let yearly = price(&app, "studio", "yearly").await;
        let form = [
            ("rev", rev.as_str()),
            ("price", yearly.as_str()),
            ("when", "now"),
            ("reason", "late"),
        ];
        operator
            .post(&format!("{path}/{stale}"), &form)
            .await
            .expect(412);
    }
    act(&operator, &format!("{path}/pay"), &[]).await;
    assert_eq!(status(&app).await.0, "active");
    let page = shown().await;
    assert!(page.body.contains("Renews 2 Mar 2027"));
    assert!(
        page.body.contains(
            "Nothing is open. The payment of €190 is for the next period, which begins 2 Mar 2027."
        ),
        "{}",
        page.texts("dialog").join("\n")
    );
    let did: Vec<String> = acts(&app).await.into_iter().map(|act| act.0).collect();
    assert_eq!(
        did,
        [
            "billing.payment.recorded",
            "billing.payment.missed",
            "billing.subscription.activated"
        ]
    );
}

#[tokio::test]
async fn another_version_of_a_price_is_given_and_a_coming_change_taken_back() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let tenant = tenant_id(&app, "northlight").await;
    let operator = app.operator(OperatorRole::Billing).await;
    activate_yearly(&app, &operator, "northlight").await;
    app.advance(Duration::from_hours(1));
    let operator = app.operator(OperatorRole::Admin).await;
    let (old, new) = raise_yearly(&app, &operator).await;
    let (id, _) = subscription(&app, "northlight").await;
    let path = format!("/tenants/{tenant}/subscriptions/{id}");
    let change = async |price: &str| {
        act(&operator, &format!("{path}/change"), &[("price", price)]).await;
    };
    let page = operator.get(&format!("{path}/change")).await.expect(200);
    let choices = page.attributes("select[name=price] option", "value");
    assert!(choices.contains(&new) && !choices.contains(&old));

    // A tenant by itself does not choose among versions; an operator does.
    let solo = price(&app, "solo", "yearly").await;
    for (choice, answer) in [(&new, 303), (&solo, 200)] {
        let path = format!("/app/billing/choose?price={choice}");
        northlight.owner.get(&path).await.expect(answer);
    }
    change(&new).await;
    assert_eq!(prices(&app).await, (Some(new.clone()), None));
    let same = [("price", new.as_str()), ("reason", "x")];
    let refused = operator.post(&format!("{path}/change"), &same).await;
    assert!(refused.expect(409).body.contains("the plan you are on"));
    // What a choice would bring is told before it is made.
    let unknown = tenant.to_string();
    for (choice, status, said) in [
        (old.as_str(), 200, "Change with the end of the period"),
        (solo.as_str(), 200, "2 Mar 2027"),
        (new.as_str(), 409, "the plan you are on"),
        (unknown.as_str(), 422, "Choose one of the prices."),
        ("nonsense", 422, "Choose a price."),
    ] {
        let path = format!("{path}/change?price={choice}");
        let page = operator.get(&path).await.expect(status);
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    assert_eq!(
        prices(&app).await,
        (Some(new.clone()), None),
        "looking changes nothing"
    );
    // Whoever looked at what has changed meanwhile is shown what is there now, and can go on from it.
    let stale = [("price", old.as_str()), ("reason", "x"), ("rev", "1")];
    let page = operator.post(&format!("{path}/change"), &stale).await;
    let rev = page.expect(412).attribute("input[name=rev]", "value");
    assert!(rev.is_some_and(|rev| rev != "1"));
    // A subscription is found below its own tenant alone.
    let elsewhere = format!(
        "/tenants/{}/subscriptions/{id}/change",
        uuid::Uuid::new_v4()
    );
    operator.get(&elsewhere).await.expect(404);
    let form = [("price", old.as_str()), ("reason", "x")];
    operator.post(&elsewhere, &form).await.expect(404);
    // Back to the lower price: with the end of the period, unless it is taken back before.
    change(&old).await;
    assert_eq!(
        prices(&app).await,
        (Some(new.clone()), Some(old.clone())),
        "nothing is paid back"
    );
    let page = operator
        .get(&format!("/tenants/{tenant}"))
        .await
        .expect(200);
    assert!(
        page.body.contains("Studio, €190 a year, from 2 Mar 2027"),
        "{}",
        page.texts("table").join("\n")
    );
    assert!(page.body.contains("It stays on Blog Studio instead."));
    act(&operator, &format!("{path}/keep"), &[]).await;
    assert_eq!(prices(&app).await, (Some(new), None));
    assert_eq!(
        app.letter("owner@northlight.test").await.subject,
        "Blog keeps its plan and price"
    );
    let again = operator
        .post(&format!("{path}/keep"), &[("reason", "twice")])
        .await
        .expect(409);
    assert!(again.body.contains("No change waits"));
    assert_eq!(acts(&app).await[0].0, "billing.change.withdrawn");
}

#[tokio::test]
async fn subscribers_are_moved_to_a_newer_price_with_notice() {
    let app = TestApp::new().await;
    app.tenant("northlight").await;
    app.tenant("southlight").await;
    let operator = app.operator(OperatorRole::Billing).await;
    activate_yearly(&app, &operator, "northlight").await;
    activate_yearly(&app, &operator, "southlight").await;
    let southlight = tenant_id(&app, "southlight").await;
    let (leaving, _) = subscription(&app, "southlight").await;
    let cancel = format!("/tenants/{southlight}/subscriptions/{leaving}/cancel");
    act(&operator, &cancel, &[("when", "period_end")]).await;
    app.advance(Duration::from_hours(1));
    let operator = app.operator(OperatorRole::Admin).await;
    let (old, new) = raise_yearly(&app, &operator).await;
    let plan = format!("/products/plans/{}", plan_id(&app, "studio").await);
    let shown = operator.get(&plan).await.expect(200);
    // What it would bring stands there before it is done: who cancelled does not move.
    let dialog = shown.texts(&format!("#migrate-{old}")).join(" ");
    for part in [
        "1 subscription moves. 1 other does not",
        "€210 a year (MRR +€1.67), version 2",
    ] {
        assert!(dialog.contains(part), "{part}: {dialog}");
    }
    assert!(!shown.body.contains("Announced moves"));
    let path = format!("/products/prices/{old}/migrate");
    let soon = [
        ("to", new.as_str()),
        ("effective", "2026-03-10"),
        ("reason", "x"),
    ];
    let refused = operator.post(&path, &soon).await.expect(422);
    assert!(refused.body.contains("at least 14 days"));
    let letters = async || app.letters("owner@northlight.test").await.len();
    let before = letters().await;
    let form = [("to", new.as_str()), ("effective", "2026-04-01")];
    act(&operator, &path, &form).await;
    assert_eq!(letters().await, before + 1);
    let told = app.letter("owner@northlight.test").await;
    assert_eq!(told.subject, "Blog: a new price from 2 March 2027 on");
    assert!(told.text.contains("€210"), "{}", told.text);
    let left: Vec<String> = app
        .letters("owner@southlight.test")
        .await
        .into_iter()
        .map(|letter| letter.subject)
        .collect();
    assert!(
        !left.iter().any(|subject| subject.contains("new price")),
        "{left:?}"
    );

    // It is announced, and can be taken back.
    let of_northlight = async || -> (String, Option<String>) {
        let question = "select s.plan_price_id::text, s.pending_price_id::text from subscriptions s
                        join tenants t on t.id = s.tenant_id where t.slug = 'northlight' and s.plan_price_id is not null";
        sqlx::query_as(question)
            .fetch_one(&pool(&app))
            .await
            .unwrap()
    };
    assert_eq!(of_northlight().await, (old.clone(), Some(new.clone())));
    let shown = operator.get(&plan).await.expect(200);
    assert!(
        shown
            .texts("tbody tr")
            .iter()
            .any(|row| row.contains("version 1, €190 a year version 2, €210 a year 2 Mar 2027 1")),
        "{:?}",
        shown.texts("tbody tr")
    );
    let undo = shown
        .attribute("form[action$='/keep']", "action")
        .expect("a way back");
    act(&operator, &undo, &[("to", new.as_str())]).await;
    assert_eq!(of_northlight().await, (old.clone(), None));
    assert_eq!(
        app.letter("owner@northlight.test").await.subject,
        "Blog keeps its plan and price"
    );
    let twice = operator
        .post(&undo, &[("to", new.as_str()), ("reason", "twice")])
        .await
        .expect(409);
    assert!(twice.body.contains("Nobody is about to move"));

    let unknown = id(&app, "select gen_random_uuid() where $1 <> ''", "x").await;
    for act in ["migrate", "keep"] {
        operator
            .post(
                &format!("/products/prices/{unknown}/{act}"),
                &[("reason", "x")],
            )
            .await
            .expect(404);
    }

    // Announced once more, and this time the day comes.
    act(&operator, &path, &form).await;
    app.advance(Duration::from_hours(24 * 366));
    app.run_jobs().await;
    assert_eq!(of_northlight().await, (new.clone(), None));
    let reader = app.operator(OperatorRole::SupportReadonly).await;
    let list = reader
        .get(&format!("/subscriptions?status=paying&price={new}"))
        .await
        .expect(200);
    assert!(
        list.body.contains("Northlight") && list.body.contains("€210 due 2 Mar 2027"),
        "{}",
        list.texts("table").join("\n")
    );
}
