//! Renaming, formats, colour and logo.

use std::io::Cursor;

use tenants::GeneralForm;

use super::bench::{Bench, code, field_code};

#[tokio::test]
async fn a_tenant_can_take_its_former_address_back_and_nobody_elses() {
    let bench = Bench::new().await;
    let tenant = bench.open("northlight", "mara@example.com").await;
    bench.open("southlight", "ana@example.com").await;
    let rename = async |to: &str| {
        let ctx = bench.ctx(tenant.id, tenant.owner).await;
        bench.tenants.rename(&ctx, to).await
    };
    assert_eq!(field_code(rename("southlight").await, "slug"), "taken");
    rename("north-light").await.unwrap();
    assert_eq!(field_code(rename("billing").await, "slug"), "reserved");
    assert_eq!(field_code(rename("north-light").await, "slug"), "same");
    rename("northlight").await.unwrap();
    assert_eq!(bench.site(tenant.id).await.tenant.slug, "northlight");
    assert_eq!(
        bench
            .count("select count(*) from tenant_slugs where redirect_until is null")
            .await,
        2,
        "each tenant has one present address"
    );
    // Each change keeps an address from everybody else, so there are not many.
    assert_eq!(code(rename("eastlight").await), "too_many_requests");
}

#[tokio::test]
async fn only_changes_are_saved_and_noted() {
    let bench = Bench::new().await;
    let tenant = bench.open("northlight", "mara@example.com").await;
    let ctx = bench.ctx(tenant.id, tenant.owner).await;
    let present = GeneralForm {
        name: "Studio northlight".into(),
        time_zone: "Europe/Stockholm".into(),
        currency: "USD".into(),
        locale: "en-US".into(),
    };
    let save = async |form: GeneralForm| {
        let mut tx = ctx.begin().await?;
        bench.tenants.save_general(&mut tx, &ctx, &form).await?;
        tx.commit().await
    };
    save(present.clone()).await.unwrap();
    let noted = "select count(*) from audit_log where action = 'workspace.settings.changed'";
    assert_eq!(bench.count(noted).await, 0);
    let changed = GeneralForm {
        name: " Northlight ".into(),
        currency: "JPY".into(),
        ..present.clone()
    };
    save(changed).await.unwrap();
    let found = bench.site(tenant.id).await.tenant;
    assert_eq!(
        (found.name.as_str(), found.currency.code()),
        ("Northlight", "JPY")
    );
    let detail: serde_json::Value = sqlx::query_scalar(
        "select detail from audit_log where action = 'workspace.settings.changed'",
    )
    .fetch_one(bench.db.pool())
    .await
    .unwrap();
    assert_eq!(
        detail["changes"],
        serde_json::json!({
            "name": { "from": "Studio northlight", "to": "Northlight" },
            "currency": { "from": "USD", "to": "JPY" }
        })
    );
    for (form, field) in [
        (
            GeneralForm {
                name: " ".into(),
                ..present.clone()
            },
            "name",
        ),
        (
            GeneralForm {
                time_zone: "Mars/Olympus".into(),
                ..present.clone()
            },
            "time_zone",
        ),
        (
            GeneralForm {
                currency: "XXX".into(),
                ..present.clone()
            },
            "currency",
        ),
        (
            GeneralForm {
                locale: "tlh".into(),
                ..present
            },
            "locale",
        ),
    ] {
        assert_ne!(
            field_code(save(form).await, field),
            "another field",
            "{field}"
        );
    }
}

#[tokio::test]
async fn a_logo_is_encoded_anew_and_part_of_the_tenant() {
    let bench = Bench::new().await;
    let tenant = bench.open("northlight", "mara@example.com").await;
    let ctx = bench.ctx(tenant.id, tenant.owner).await;
    let mut upload = Cursor::new(Vec::new());
    image::RgbImage::from_pixel(900, 300, image::Rgb([194, 65, 12]))
        .write_to(&mut upload, image::ImageFormat::Jpeg)
        .unwrap();
    let mut tx = ctx.begin().await.unwrap();
    bench
        .tenants
        .save_logo(&mut tx, &ctx, upload.into_inner())
        .await
        .unwrap();
    bench
        .tenants
        .save_colour(&mut tx, &ctx, "#C2410C")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let found = bench.site(tenant.id).await.tenant;
    assert_eq!(found.brand, "#c2410c");
    assert_eq!(found.logo.as_ref().unwrap().len(), 64);
    let mut tx = ctx.begin().await.unwrap();
    bench.tenants.remove_logo(&mut tx, &ctx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(bench.site(tenant.id).await.tenant.logo, None);
}
