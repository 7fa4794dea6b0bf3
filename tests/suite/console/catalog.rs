//! Products, plans, and prices that are never changed.

use http::Method;
use kernel::OperatorRole;

use super::world::{act, acts, id, plan_id, pool};
use crate::support::{Client, TestApp};

async fn versions(app: &TestApp) -> Vec<(i32, i64, bool)> {
    sqlx::query_as(
        "select p.version, p.amount_minor, p.active_until is null
         from plan_prices p join plans l on l.id = p.plan_id
         where l.slug = 'studio' and p.billing_cycle = 'monthly' order by p.version",
    )
    .fetch_all(&pool(app))
    .await
    .unwrap()
}

#[tokio::test]
async fn a_new_price_is_a_new_version_that_present_subscribers_do_not_meet() {
    let app = TestApp::new().await;
    app.tenant("northlight").await;
    // On the first version of the price, as an operator would have put it.
    sqlx::query(
        "update subscriptions s set status = 'active', plan_price_id = p.id, trial_end = null
         from plan_prices p join plans l on l.id = p.plan_id
         where l.slug = 'studio' and p.billing_cycle = 'monthly' and s.plan_id = l.id",
    )
    .execute(&pool(&app))
    .await
    .unwrap();
    let plan = plan_id(&app, "studio").await;
    let path = format!("/products/plans/{plan}/prices");
    // A version lasts for a moment at least.
    app.advance(std::time::Duration::from_hours(1));
    let operator = app.operator(OperatorRole::Billing).await;
    let support = app.operator(OperatorRole::Support).await;
    support
        .plainly(Method::GET, &format!("{path}/new"), &[])
        .await
        .expect(403);
    assert_eq!(versions(&app).await, [(1, 1900, true)]);

    operator.get(&format!("{path}/new")).await.expect(200);
    let bad = operator
        .get(&format!(
            "{path}/new?cycle=monthly&currency=EUR&amount=22%2C5"
        ))
        .await
        .expect(422);
    assert!(bad.body.contains("Enter an amount such as"));
    let review = operator
        .get(&format!("{path}/new?cycle=monthly&currency=EUR&amount=22"))
        .await
        .expect(200);
    for part in [
        "€19 a month",
        "€22 a month",
        "+€3 (+15.8 %)",
        "1 subscription on version 1",
        "stay on it",
    ] {
        assert!(review.body.contains(part), "{part}");
    }
    assert_eq!(versions(&app).await.len(), 1, "a review publishes nothing");

    let form = [
        ("cycle", "monthly"),
        ("currency", "EUR"),
        ("amount", "22"),
        ("from", ""),
        ("based_on", "1"),
    ];
    let silent = operator.post(&path, &form).await.expect(422);
    assert!(silent.body.contains("Say why."));
    act(&operator, &path, &form).await;
    assert_eq!(versions(&app).await, [(1, 1900, false), (2, 2200, true)]);
    // Whoever looked at the first version cannot publish over the second.
    let mut late = form.to_vec();
    late.push(("reason", "late"));
    let stale = operator.post(&path, &late).await.expect(409);
    assert!(stale.body.contains("in the meantime"), "{}", stale.body);

    // New subscribers see the new price; who was there stays on the old one.
    let offered = app.visitor().get("/pricing").await.expect(200);
    assert!(offered.body.contains("€22") && !offered.body.contains("€19<"));
    let on: i64 = sqlx::query_scalar(
        "select p.amount_minor from subscriptions s join plan_prices p on p.id = s.plan_price_id",
    )
    .fetch_one(&pool(&app))
    .await
    .unwrap();
    assert_eq!(on, 1900);
    let shown = operator
        .get(&format!("/products/plans/{plan}"))
        .await
        .expect(200);
    let rows = shown.texts("tbody tr");
    let row = |begin: &str| {
        rows.iter()
            .find(|row| row.starts_with(begin))
            .cloned()
            .unwrap_or_default()
    };
    assert!(row("€22 a month 2 In force").contains(" 0 "), "{rows:?}");
    assert!(
        row("€19 a month 1 Over").ends_with(" 1 Move subscribers"),
        "{rows:?}"
    );
    let first = id(&app, "select p.id from plan_prices p join plans l on l.id = p.plan_id where l.slug = $1 and p.billing_cycle = 'monthly' and p.version = 1", "studio").await;
    let who = operator
        .get(&format!("/subscriptions?status=live&price={first}"))
        .await
        .expect(200);
    assert!(who.body.contains("Northlight"));
    let (action, name, _) = acts(&app).await.remove(0);
    assert_eq!(
        (action.as_str(), name.as_str()),
        ("catalog.price.published", "Priya Billing")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_publish_at_once_one_does() {
    let app = TestApp::new().await;
    app.advance(std::time::Duration::from_hours(1));
    let operator = app.operator(OperatorRole::Billing).await;
    let path = format!("/products/plans/{}/prices", plan_id(&app, "studio").await);
    let publish = |amount: &'static str| {
        let (operator, path) = (operator.clone(), path.clone());
        async move {
            let form = [
                ("cycle", "monthly"),
                ("currency", "EUR"),
                ("amount", amount),
                ("based_on", "1"),
                ("reason", "race"),
            ];
            operator.post(&path, &form).await.status.as_u16()
        }
    };
    let answers = tokio::join!(publish("20"), publish("21"), publish("22"), publish("23"));
    let mut answers = [answers.0, answers.1, answers.2, answers.3];
    answers.sort_unstable();
    assert_eq!(answers, [303, 409, 409, 409]);
    assert_eq!(versions(&app).await.len(), 2);
}

#[tokio::test]
async fn plans_are_made_edited_offered_and_taken_off_sale() {
    let app = TestApp::new().await;
    let operator = app.operator(OperatorRole::Billing).await;
    let product = id(
        &app,
        "select id from products where module_key = $1",
        "blog",
    )
    .await;
    let form = [
        ("slug", "agency"),
        ("name", "Agency"),
        ("description", "For many hands."),
        ("features", "Everything\n\nA hand to hold"),
        ("trial_days", "14"),
        ("sort", "3"),
        ("is_public", "on"),
        ("workspace.seats", "50"),
    ];
    let path = format!("/products/{product}/plans");
    operator.get(&format!("{path}/new")).await.expect(200);
    let wrong = operator
        .post(
            &path,
            &[
                ("slug", "studio"),
                ("name", ""),
                ("trial_days", "x"),
                ("sort", "0"),
                ("reason", "x"),
            ],
        )
        .await
        .expect(422);
    assert!(
        wrong.body.contains("Give the plan a name.")
            && wrong.body.contains("Enter days from 0 to 365."),
        "{}",
        wrong.body
    );
    let taken: Vec<(&str, &str)> = form
        .iter()
        .map(|(name, value)| {
            if *name == "slug" {
                ("slug", "studio")
            } else {
                (*name, *value)
            }
        })
        .chain([("reason", "x")])
        .collect();
    let taken = operator.post(&path, &taken).await.expect(422);
    assert!(taken.body.contains("has this name"), "{}", taken.body);
    let made = act(&operator, &path, &form).await;
    let plan = made.location().expect("the plan");
    operator
        .post(&format!("{plan}/offer"), &[("reason", "too early")])
        .await
        .expect(409);
    let price = [
        ("cycle", "yearly"),
        ("currency", "EUR"),
        ("amount", "490"),
        ("based_on", "0"),
    ];
    act(&operator, &format!("{plan}/prices"), &price).await;
    act(&operator, &format!("{plan}/offer"), &[]).await;
    let offered = app.visitor().get("/pricing?cycle=yearly").await.expect(200);
    assert!(offered.body.contains("Agency") && offered.body.contains("€490"));

    let edit = operator.get(&format!("{plan}/edit")).await.expect(200);
    assert_eq!(
        edit.attribute("[name='workspace.seats']", "value")
            .as_deref(),
        Some("50")
    );
    let rev = edit.attribute("[name=rev]", "value").expect("a revision");
    let mut changed: Vec<(&str, &str)> = form.to_vec();
    changed[1] = ("name", "Agency plus");
    changed[7] = ("workspace.seats", "80");
    changed.push(("rev", &rev));
    let query: Vec<String> = changed
        .iter()
        .map(|(name, value)| format!("{name}={}", value.replace('\n', "%0A").replace(' ', "+")))
        .collect();
    let review = format!("{plan}/edit?{}", query.join("&"));
    let shown = operator.get(&review).await.expect(200);
    let rows = shown.texts("table tbody tr");
    for row in [
        "Name Agency Agency plus Whoever looks at the plans",
        "People in the workspace 50 80 0 subscriptions get this at once",
    ] {
        assert!(rows.iter().any(|found| found == row), "{rows:?}");
    }
    assert_eq!(rows.len(), 2);
    let kept = operator.get(&plan).await.expect(200);
    assert!(!kept.body.contains("Agency plus"), "a review saves nothing");
    let silent = operator.post(&plan, &changed).await.expect(422);
    assert!(silent.body.contains("Say why.") && silent.body.contains("What would change"));
    act(&operator, &plan, &changed).await;
    changed.push(("reason", "late"));
    operator.post(&plan, &changed).await.expect(412);
    let shown = operator.get(&plan).await.expect(200);
    assert!(shown.body.contains("Agency plus"));
    act(&operator, &format!("{plan}/retire"), &[]).await;
    let gone = app.visitor().get("/pricing?cycle=yearly").await.expect(200);
    assert!(!gone.body.contains("Agency"));
    let shown = operator.get(&plan).await.expect(200);
    assert!(shown.body.contains("Retired"));
}

#[tokio::test]
async fn a_product_goes_on_sale_only_with_its_module() {
    let app = TestApp::new().await;
    let operator = app.operator(OperatorRole::Billing).await;
    let product =
        async |key: &str| id(&app, "select id from products where module_key = $1", key).await;
    let music = product("music").await;
    let refused = operator
        .post(&format!("/products/{music}/activate"), &[("reason", "x")])
        .await
        .expect(409);
    assert!(
        refused.body.contains("no module of that key"),
        "{}",
        refused.body
    );
    let blog = product("blog").await;
    act(&operator, &format!("/products/{blog}/retire"), &[]).await;
    let page = app.visitor().get("/pricing").await.expect(200);
    assert!(!page.body.contains("€19"));
    act(&operator, &format!("/products/{blog}/activate"), &[]).await;
    let page = app.visitor().get("/pricing").await.expect(200);
    assert!(page.body.contains("€19"));
    operator
        .post(
            &format!("/products/{blog}/activate"),
            &[("reason", "again")],
        )
        .await
        .expect(409);
    app.platform
        .catalog
        .verify(&server::modules::manifests())
        .await
        .unwrap();
}

#[tokio::test]
async fn figures_on_the_first_page_are_those_of_the_rows_behind_them() {
    let app = TestApp::new().await;
    let operator = app.operator(OperatorRole::Billing).await;
    // Three studios: one by the month from March on, one by the year from April on, one still trying.
    let subscribe = async |slug: &str, cycle: &str, operator: &Client| {
        let tenant = super::world::tenant_id(&app, slug).await;
        let question = "select p.id from plan_prices p join plans l on l.id = p.plan_id
                        where l.slug = 'studio' and p.billing_cycle = $1";
        let price = id(&app, question, cycle).await.to_string();
        let path = format!("/tenants/{tenant}/subscriptions");
        let form = [("price", price.as_str()), ("quantity", "1")];
        act(operator, &path, &form).await;
    };
    for slug in ["northlight", "southlight", "eastlight"] {
        app.tenant(slug).await;
    }
    subscribe("northlight", "monthly", &operator).await;
    app.advance(std::time::Duration::from_hours(24 * 20));
    app.run_jobs().await;
    let operator = app.operator(OperatorRole::Admin).await;
    subscribe("southlight", "yearly", &operator).await;
    // Northlight has not paid since, and counts nevertheless.
    let page = operator.get("/").await.expect(200);
    let stat = |name: &str| {
        page.texts(".stat")
            .into_iter()
            .find(|text| text.starts_with(name))
            .unwrap_or_else(|| panic!("no figure {name}"))
    };
    // 19.00 a month and 190.00 a year: 19.00 + 15.83.
    assert!(stat("MRR").starts_with("MRR €34.83"), "{}", stat("MRR"));
    assert!(stat("Active").starts_with("Active 1"), "{}", stat("Active"));
    assert!(stat("Trialing").starts_with("Trialing 1"));
    assert!(stat("Sign-ups").starts_with("Sign-ups 3"));
    // The rows behind the revenue add up to it, whichever way they are reached.
    for link in page.attributes(".stat a", "href") {
        let behind = operator.get(&link).await.expect(200);
        if link.contains("paying") {
            assert_eq!(behind.texts("tfoot tr"), ["All 2 subscriptions €34.83"]);
            assert_eq!(behind.texts("tbody tr").len(), 2);
        }
    }
    let by_plan: Vec<String> = page.texts("table.table tr");
    for row in ["Blog Studio 2 €34.83", "All plans 2 €34.83"] {
        assert!(by_plan.iter().any(|found| found == row), "{by_plan:?}");
    }
    // Each month of the chart closes with what the one before closed with and what has moved in it.
    let chart = page.texts(".as-table tbody tr");
    let months: Vec<&str> = chart
        .iter()
        .filter(|row| row.starts_with("202") && row.contains('€'))
        .map(String::as_str)
        .collect();
    assert_eq!(months.len(), 12, "{chart:?}");
    assert!(months[10].ends_with("€0"), "{months:?}");
    assert!(months[11].starts_with("2026-03") && months[11].ends_with("€34.83"));
    let moved: i64 =
        sqlx::query_scalar("select sum(mrr_delta_minor)::bigint from subscription_events")
            .fetch_one(&pool(&app))
            .await
            .unwrap();
    assert_eq!(moved, 3_483, "the movements are what it closes with");

    let rows = operator.get("/tenants?sort=mrr&dir=desc").await.expect(200);
    assert_eq!(
        super::world::listed(&rows)[..2],
        ["Northlight".to_owned(), "Southlight".to_owned()]
    );
    assert!(rows.body.contains("€15.83"));
    assert_eq!(rows.texts("tfoot tr"), ["All 3 tenants €34.83"]);
    let active = operator.get("/tenants?status=active").await.expect(200);
    assert_eq!(active.texts("tfoot tr"), ["All 1 tenant €15.83"]);
}
