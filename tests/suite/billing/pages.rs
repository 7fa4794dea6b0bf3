//! The pages at `/app/billing`, as an owner uses them.

use billing::Cycle;
use kernel::{Role, SubscriptionStatus};

use super::shop::{BOOKS, Shop, day};

const DETAILS: [(&str, &str); 4] = [
    ("details", "true"),
    ("legal_name", "Northlight GmbH"),
    ("billing_email", BOOKS),
    ("address", "Kai 1, 20457 Hamburg"),
];

#[tokio::test]
async fn an_owner_orders_a_plan_by_invoice_without_detours() {
    let shop = Shop::open().await;
    let owner = &shop.northlight.owner;
    let plans = owner.get("/app/billing/plans").await.expect(200);
    assert_eq!(plans.texts(".plan h3"), ["Solo", "Studio"]);
    assert!(
        plans
            .texts(".plan-mark")
            .contains(&"In your trial".to_owned())
    );
    let limits = plans.texts("table td");
    for cell in ["People in the workspace", "3", "Unlimited"] {
        assert!(limits.iter().any(|text| text == cell), "{cell}: {limits:?}");
    }
    let yearly = owner
        .get("/app/billing/plans?cycle=yearly")
        .await
        .expect(200);
    assert!(yearly.body.contains("€90"), "{}", yearly.body);

    let solo = shop.price("solo", Cycle::Monthly).await.to_string();
    let page = owner
        .get(&format!("/app/billing/choose?price={solo}"))
        .await
        .expect(200);
    for text in ["€9", "23 March 2026", "6 April 2026", "Name on invoices"] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    // Without the details the form comes back and says what is missing.
    let form = [
        ("price", solo.as_str()),
        ("details", "true"),
        ("legal_name", ""),
    ];
    let back = owner.post("/app/billing/choose", &form).await.expect(422);
    assert!(
        back.body
            .contains("Enter the name that invoices are made out to.")
    );
    assert_eq!(shop.stored().await.status, SubscriptionStatus::Trialing);

    let mut form = DETAILS.to_vec();
    form.push(("price", &solo));
    let done = owner.post("/app/billing/choose", &form).await.expect(303);
    assert_eq!(done.location().as_deref(), Some("/app/billing"));
    let page = owner.get("/app/billing").await.expect(200);
    for text in [
        "Active, invoice open",
        "€9 is to be paid by 6 April 2026",
        "Northlight GmbH",
        "Mara Lindqvist",
    ] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    assert_eq!(shop.mail(BOOKS).await, ["Blog: your plan is Solo"]);
    // The way back to what one has is no way.
    let again = owner
        .get(&format!("/app/billing/choose?price={solo}"))
        .await
        .expect(303);
    assert_eq!(again.location().as_deref(), Some("/app/billing"));
}

#[tokio::test]
async fn an_owner_changes_cancels_and_comes_back() {
    let shop = Shop::open().await;
    shop.enter_details().await;
    let owner = &shop.northlight.owner;
    let id = shop.activate("studio", Cycle::Monthly).await.id;
    let solo = shop.price("solo", Cycle::Monthly).await.to_string();
    let page = owner
        .get(&format!("/app/billing/choose?price={solo}"))
        .await
        .expect(200);
    assert!(page.body.contains("The plan allows less"), "{}", page.body);
    // What is in use fits, so there is nothing to confirm.
    assert!(page.body.contains("; in use: ") && !page.body.contains("acknowledged"));
    let form = [("price", solo.as_str())];
    owner.post("/app/billing/choose", &form).await.expect(303);
    let page = owner.get("/app/billing").await.expect(200);
    assert!(
        page.body.contains("The plan changes on 2 April 2026"),
        "{}",
        page.body
    );
    let keep = format!("/app/billing/subscriptions/{id}/keep");
    owner.post(&keep, &[]).await.expect(303);
    assert_eq!(shop.stored().await.pending, None);

    let cancel = format!("/app/billing/subscriptions/{id}/cancel");
    let page = owner.get(&cancel).await.expect(200);
    assert!(
        page.body.contains("End it on 2 April 2026"),
        "{}",
        page.body
    );
    let refused = owner
        .post(&cancel, &[("reason", "operator")])
        .await
        .expect(422);
    assert!(refused.body.contains("Choose the reason that fits best."));
    let form = [
        ("reason", "too_expensive"),
        ("comment", "Come down a little"),
    ];
    owner.post(&cancel, &form).await.expect(303);
    let page = owner.get("/app/billing").await.expect(200);
    assert!(
        page.body.contains("It ends on 2 April 2026"),
        "{}",
        page.body
    );
    let stale = owner
        .post(
            &format!("/app/billing/subscriptions/{id}/resume"),
            &[("rev", "1")],
        )
        .await;
    stale.expect(412);
    owner
        .post(&format!("/app/billing/subscriptions/{id}/resume"), &[])
        .await
        .expect(303);
    assert!(!shop.stored().await.cancel_at_period_end);

    let end = format!("/app/billing/subscriptions/{id}/end");
    let refused = owner.post(&end, &[("confirm", "northl")]).await.expect(422);
    assert!(refused.body.contains("Type Northlight to confirm."));
    owner
        .post(&end, &[("confirm", "northlight")])
        .await
        .expect(303);
    assert_eq!(shop.stored().await.status, SubscriptionStatus::Cancelled);
    let page = owner.get("/app/billing").await.expect(200);
    assert!(page.body.contains("Subscribe again"), "{}", page.body);
    owner.get(&cancel).await.expect(303);
    owner
        .post("/app/billing/choose", &[("price", &solo)])
        .await
        .expect(303);
    assert_eq!(shop.stored().await.status, SubscriptionStatus::Active);
    assert_eq!(shop.stored().await.period_end, Some(day("2026-04-02")));
}

#[tokio::test]
async fn details_are_entered_and_changed_by_one_at_a_time() {
    let shop = Shop::open().await;
    let owner = &shop.northlight.owner;
    let page = owner.get("/app/billing/details").await.expect(200);
    assert_eq!(
        page.attribute("input[name=legal_name]", "value").as_deref(),
        Some("Northlight")
    );
    let form = |rev: &'static str, country: &'static str| {
        [&DETAILS[1..], &[("rev", rev), ("country", country)][..]].concat()
    };
    let post = async |rev, country| {
        owner
            .post("/app/billing/details", &form(rev, country))
            .await
    };
    post("0", "Germany").await.expect(422);
    post("0", "de").await.expect(303);
    // Somebody who still looks at the empty form is told.
    let late = post("0", "AT").await.expect(422);
    assert!(late.body.contains("in the meantime"), "{}", late.body);
    post("1", "AT").await.expect(303);
    let page = owner.get("/app/billing").await.expect(200);
    assert!(page.body.contains("AT"));
}

/// Owners and those who look after billing may; whoever looks after the day may look.
#[tokio::test]
async fn who_may_look_and_who_may_choose() {
    let shop = Shop::open().await;
    let keeper = shop
        .northlight
        .member(&shop.app, Role::Billing, "Ana Costa")
        .await;
    let admin = shop
        .northlight
        .member(&shop.app, Role::Admin, "Robin Vale")
        .await;
    let editor = shop
        .northlight
        .member(&shop.app, Role::Editor, "Kai Sommer")
        .await;
    let cancel = format!("/app/billing/subscriptions/{}/cancel", shop.id().await);
    let reason = [("reason", "other")];
    for (path, keeps, admins, edits) in [
        ("/app/billing", 200, 200, 403),
        ("/app/billing/plans", 200, 200, 403),
        ("/app/billing/details", 200, 403, 403),
        (cancel.as_str(), 200, 403, 403),
    ] {
        keeper.get(path).await.expect(keeps);
        admin.get(path).await.expect(admins);
        editor.get(path).await.expect(edits);
    }
    let page = admin.get("/app/billing").await;
    assert!(!page.body.contains("/cancel"), "{}", page.body);
    assert!(
        !admin
            .get("/app/billing/plans")
            .await
            .body
            .contains("/app/billing/choose")
    );
    admin.post(&cancel, &reason).await.expect(403);
    keeper.post(&cancel, &reason).await.expect(303);
    assert!(shop.stored().await.cancel_at_period_end);
}

/// What a lapsed workspace shows leads to where it can be mended.
#[tokio::test]
async fn a_lapsed_workspace_leads_to_billing() {
    let shop = Shop::open().await;
    let (id, act) = (shop.id().await, shop.by_operator());
    shop.act(async |billing, conn| {
        let reason = billing::CancelReason::Operator;
        billing.cancel_now(conn, &act, id, reason, None).await
    })
    .await
    .unwrap();
    shop.app.forget();
    let owner = &shop.northlight.owner;
    let home = owner.get("/app").await.expect(200);
    assert!(home.body.contains("Open billing"), "{}", home.body);
    let refused = owner
        .post("/app/blog/posts", &[("title", "Late")])
        .await
        .expect(402);
    assert!(
        refused.body.contains("href=\"/app/billing\""),
        "{}",
        refused.body
    );
    let billing = owner.get("/app/billing").await.expect(200);
    for text in ["Read only", "1 April 2026", "Subscribe again"] {
        assert!(billing.body.contains(text), "{text}: {}", billing.body);
    }
}
