//! From an address to a tenant.

use tenant_resolver::{Address, Resolution, TenantStatus};
use testkit::Role;

use super::bench::{Bench, DAY, form, some_ip};

async fn resolve(bench: &Bench, slug: &str) -> Resolution {
    bench.resolver.forget_everything();
    bench
        .resolver
        .resolve(Address::Slug(slug.into()))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_tenant_is_found_by_address_and_id_with_what_requests_need() {
    let bench = Bench::new().await;
    let tenant = bench.open("northlight", "mara@example.com").await;
    let Resolution::Found(site) = resolve(&bench, "northlight").await else {
        panic!("not found")
    };
    assert_eq!(site.tenant.id, tenant.id);
    assert_eq!(site.tenant.name, "Studio northlight");
    assert_eq!(site.tenant.zone.name(), "Europe/Stockholm");
    assert_eq!(site.tenant.status, TenantStatus::Active);
    assert_eq!(site.tenant.logo, None);
    let by_id = bench.resolver.by_id(tenant.id).await.unwrap().unwrap();
    assert_eq!(by_id.tenant.slug, "northlight");
    assert!(
        bench
            .resolver
            .by_id(kernel::TenantId::new())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn who_has_not_confirmed_or_is_deleted_has_no_address() {
    let bench = Bench::new().await;
    bench
        .tenants
        .sign_up(
            &form("northlight", "mara@example.com"),
            some_ip(),
            bench.now(),
        )
        .await
        .unwrap();
    assert!(matches!(
        resolve(&bench, "northlight").await,
        Resolution::Unknown
    ));
    assert!(matches!(
        resolve(&bench, "nobody-here").await,
        Resolution::Unknown
    ));
    let token = bench.link("mara@example.com", "/signup/confirm/").await;
    bench.confirm(&token).await.unwrap();
    assert!(matches!(
        resolve(&bench, "northlight").await,
        Resolution::Found(_)
    ));
    let mut connection = bench.database.connect(Role::Platform).await;
    for (status, found) in [("suspended", true), ("closing", true), ("deleted", false)] {
        sqlx::query("update tenants set status = $1")
            .bind(status)
            .execute(&mut connection)
            .await
            .unwrap();
        let resolved = resolve(&bench, "northlight").await;
        assert_eq!(matches!(resolved, Resolution::Found(_)), found, "{status}");
    }
}

#[tokio::test]
async fn a_former_address_forwards_for_90_days_and_is_barred_for_180() {
    let bench = Bench::new().await;
    let tenant = bench.open("northlight", "mara@example.com").await;
    let ctx = bench.ctx(tenant.id, tenant.owner).await;
    bench.tenants.rename(&ctx, "north-light").await.unwrap();
    assert!(matches!(
        resolve(&bench, "north-light").await,
        Resolution::Found(_)
    ));
    let Resolution::Moved { host } = resolve(&bench, "northlight").await else {
        panic!("does not forward")
    };
    assert_eq!(host, "north-light.atelier.test");

    bench.clock.advance(DAY * 90);
    assert!(matches!(
        resolve(&bench, "northlight").await,
        Resolution::Unknown
    ));
    // Barred ones look taken, and are.
    let answer = bench
        .tenants
        .availability("northlight", bench.now())
        .await
        .unwrap();
    assert_eq!(answer.reason, Some(tenants::Reason::Taken));
    let claim = bench
        .tenants
        .sign_up(
            &form("northlight", "ana@example.com"),
            some_ip(),
            bench.now(),
        )
        .await;
    assert_eq!(super::bench::field_code(claim, "slug"), "taken");

    bench.clock.advance(DAY * 90);
    bench.open("northlight", "ana@example.com").await;
    assert!(matches!(
        resolve(&bench, "northlight").await,
        Resolution::Found(_)
    ));
    assert!(matches!(
        resolve(&bench, "north-light").await,
        Resolution::Found(_)
    ));
}
