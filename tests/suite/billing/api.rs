//! The same over `/api/v1/billing`.

use billing::Cycle;
use http::Method;
use serde_json::{Value, json};

use super::shop::{BOOKS, Shop};

const API: &str = "/api/v1/billing";

fn details() -> Value {
    json!({
        "legal_name": "Northlight GmbH", "billing_email": BOOKS, "address": "Kai 1\n20457 Hamburg", "country": "DE",
    })
}

#[tokio::test]
async fn a_program_chooses_a_plan_once() {
    let shop = Shop::open().await;
    let owner = &shop.northlight.owner;
    let plans: Value = owner.get(&format!("{API}/plans")).await.expect(200).json();
    let solo = &plans["data"][0];
    assert_eq!(solo["name"], "Solo");
    let seats = solo["entitlements"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["value"] == 3);
    assert!(seats.is_some(), "{solo}");
    let monthly = solo["prices"]
        .as_array()
        .unwrap()
        .iter()
        .find(|price| price["cycle"] == "monthly")
        .unwrap();
    assert_eq!(
        monthly["amount"],
        json!({ "amount": "9.00", "currency": "EUR" })
    );
    let price = monthly["id"].as_str().unwrap();
    let preview = owner
        .get(&format!("{API}/preview?price={price}"))
        .await
        .expect(200);
    let preview: Value = preview.json();
    assert_eq!(preview["due"]["amount"], "9.00");
    assert_eq!(preview["due_at"], "2026-04-06T09:00:00Z");

    let choice = json!({ "price": price });
    let path = format!("{API}/subscriptions");
    let choose = async |key: &str| {
        owner
            .api(
                Method::POST,
                &path,
                &[("idempotency-key", key)],
                Some(&choice),
            )
            .await
    };
    let refused = choose("first").await.expect(409);
    assert_eq!(refused.json::<Value>()["code"], "billing_profile_missing");
    owner
        .api(
            Method::PUT,
            &format!("{API}/details"),
            &[],
            Some(&details()),
        )
        .await
        .expect(428);
    let put = owner
        .api(
            Method::PUT,
            &format!("{API}/details"),
            &[("if-match", "\"0\"")],
            Some(&details()),
        )
        .await
        .expect(200);
    assert_eq!(put.header("etag"), Some("\"1\""));
    owner
        .api(
            Method::PUT,
            &format!("{API}/details"),
            &[("if-match", "\"0\"")],
            Some(&details()),
        )
        .await
        .expect(412);

    let (one, two) = tokio::join!(choose("first"), choose("first"));
    let (one, two) = (one.expect(200), two.expect(200));
    assert_eq!(one.body, two.body);
    let replayed = [&one, &two].map(|reply| reply.header("idempotent-replayed").is_some());
    assert_eq!(replayed.iter().filter(|replayed| **replayed).count(), 1);
    let body: Value = one.json();
    assert_eq!(
        (body["status"].as_str(), body["collection"].as_str()),
        (Some("active"), Some("manual"))
    );
    assert_eq!(
        one.header("etag"),
        Some(format!("\"{}\"", body["rev"]).as_str())
    );
    assert_eq!(
        choose("second").await.expect(409).json::<Value>()["code"],
        "same_plan"
    );
    assert_eq!(shop.mail(BOOKS).await.len(), 1);

    let own = owner.get(one.header("location").unwrap()).await.expect(200);
    assert_eq!(own.json::<Value>()["id"], body["id"]);
    let all: Value = owner.get(&path).await.expect(200).json();
    assert_eq!(all["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_program_cancels_resumes_and_reads_the_history() {
    let shop = Shop::open().await;
    let owner = &shop.northlight.owner;
    let active = shop.activate("studio", Cycle::Monthly).await;
    let path = |act: &str| format!("{API}/subscriptions/{}/{act}", active.id);
    let cancel = json!({ "at": "period_end", "reason": "unused" });
    owner
        .api(
            Method::POST,
            &path("cancel"),
            &[("if-match", "\"1\"")],
            Some(&cancel),
        )
        .await
        .expect(412);
    let rev = format!("\"{}\"", active.rev);
    let flagged = owner
        .api(
            Method::POST,
            &path("cancel"),
            &[("if-match", &rev)],
            Some(&cancel),
        )
        .await
        .expect(200);
    assert_eq!(flagged.json::<Value>()["cancel_at_period_end"], true);
    let unknown = json!({ "at": "period_end", "reason": "bored" });
    owner
        .api(Method::POST, &path("cancel"), &[], Some(&unknown))
        .await
        .expect(422);
    let nothing = None::<&()>;
    let back = owner
        .api(Method::POST, &path("resume"), &[], nothing)
        .await
        .expect(200);
    assert_eq!(back.json::<Value>()["cancel_at_period_end"], false);
    owner
        .api(Method::POST, &path("keep"), &[], nothing)
        .await
        .expect(200);
    let now = json!({ "at": "now", "reason": "closing", "comment": "Thank you" });
    let ended = owner
        .api(Method::POST, &path("cancel"), &[], Some(&now))
        .await
        .expect(200);
    assert_eq!(ended.json::<Value>()["access"], "read_only");
    let again = owner
        .api(Method::POST, &path("cancel"), &[], Some(&now))
        .await
        .expect(409);
    assert_eq!(again.json::<Value>()["code"], "invalid_transition");

    let mut kinds = Vec::new();
    let mut next = format!("{API}/events?limit=2");
    loop {
        let part: Value = owner.get(&next).await.expect(200).json();
        for event in part["data"].as_array().unwrap() {
            kinds.push(event["kind"].as_str().unwrap().to_owned());
        }
        match part["next_cursor"].as_str() {
            Some(cursor) => next = format!("{API}/events?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    kinds.reverse();
    assert_eq!(
        kinds,
        [
            "trial_started",
            "activated",
            "cancel_scheduled",
            "resumed",
            "cancelled"
        ]
    );
}
