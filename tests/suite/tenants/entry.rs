//! The way from the base host into a tenant.

use std::time::Duration;

use accounts::Secret;
use accounts::sessions;
use http::Method;
use kernel::Role;
use sha2::{Digest, Sha256};
use tenants::{MemberStatus, NewTenant, Traveller};

use super::bench::{Bench, code, facts};

struct Way {
    bench: Bench,
    tenant: NewTenant,
    nonce: Secret,
}

impl Way {
    async fn new() -> Self {
        let bench = Bench::new().await;
        let tenant = bench.open("northlight", "mara@example.com").await;
        Self {
            bench,
            tenant,
            nonce: Secret::generate(),
        }
    }

    async fn code(&self) -> String {
        let state = format!("{:x}", Sha256::digest(self.nonce.as_str().as_bytes()));
        let traveller = Traveller {
            user: self.tenant.owner,
            login: None,
        };
        let code = self
            .bench
            .tenants
            .issue_code(
                traveller,
                "northlight",
                &state,
                "/app/people",
                self.bench.now(),
            )
            .await
            .unwrap();
        code.as_str().to_owned()
    }

    async fn redeem(
        &self,
        tenant: &NewTenant,
        code: &str,
        nonce: Option<&str>,
    ) -> kernel::Result<(accounts::SessionToken, String)> {
        let site = self.bench.site(tenant.id).await;
        let request = facts(Method::GET, "/auth/finish");
        self.bench
            .tenants
            .redeem_code(&site.tenant, code, nonce, &request, self.bench.now())
            .await
    }
}

#[tokio::test]
async fn a_code_opens_one_session_on_one_host() {
    let way = Way::new().await;
    let code_ = way.code().await;
    let nonce = Some(way.nonce.as_str());
    let (session, next) = way.redeem(&way.tenant, &code_, nonce).await.unwrap();
    assert_eq!(next, "/app/people");
    let mut tx = way.bench.db.begin().await.unwrap();
    let found = sessions::find(tx.conn(), &session, way.bench.now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.user, way.tenant.owner);
    assert_eq!(found.tenant, Some(way.tenant.id));
    assert_eq!(found.host, "northlight.atelier.test");
    drop(tx);
    assert_eq!(code(way.redeem(&way.tenant, &code_, nonce).await), "gone");
    let workspaces = way
        .bench
        .tenants
        .workspaces(way.tenant.owner)
        .await
        .unwrap();
    assert_eq!(workspaces[0].last_seen_at, Some(way.bench.now()));
}

#[tokio::test]
async fn another_browser_another_host_or_a_minute_later_it_is_no_good() {
    let way = Way::new().await;
    let other = way.bench.open("southlight", "mara2@example.com").await;
    let nonce = Some(way.nonce.as_str());

    let planted = way.code().await;
    assert_eq!(code(way.redeem(&way.tenant, &planted, None).await), "gone");
    assert_eq!(
        code(way.redeem(&way.tenant, &planted, nonce).await),
        "gone",
        "a code that was tried is used up"
    );
    let elsewhere = Secret::generate();
    let stolen = way.code().await;
    assert_eq!(
        code(
            way.redeem(&way.tenant, &stolen, Some(elsewhere.as_str()))
                .await
        ),
        "gone"
    );
    let misdirected = way.code().await;
    assert_eq!(code(way.redeem(&other, &misdirected, nonce).await), "gone");

    let late = way.code().await;
    way.bench.clock.advance(Duration::from_mins(1));
    assert_eq!(code(way.redeem(&way.tenant, &late, nonce).await), "gone");
    assert_eq!(way.bench.count("select count(*) from sessions").await, 0);
}

#[tokio::test]
async fn who_is_no_member_learns_nothing_and_who_was_removed_meanwhile_stays_out() {
    let way = Way::new().await;
    let bench = &way.bench;
    let ana = bench
        .member(&way.tenant, "ana@example.com", &[Role::Viewer])
        .await;
    let stranger = bench.person("leo@example.com", "Leo").await;
    let state = format!("{:x}", Sha256::digest(way.nonce.as_str().as_bytes()));
    let issue = async |user, slug: &str| {
        let traveller = Traveller { user, login: None };
        bench
            .tenants
            .issue_code(traveller, slug, &state, "/app", bench.now())
            .await
    };
    let theirs = issue(stranger, "northlight").await.unwrap_err().to_string();
    let nobodys = issue(stranger, "no-such-studio")
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(theirs, nobodys);

    let issued = issue(ana, "northlight").await.unwrap();
    let place = bench.membership(way.tenant.id, ana).await;
    let ctx = bench.ctx(way.tenant.id, way.tenant.owner).await;
    let mut tx = ctx.begin().await.unwrap();
    bench
        .tenants
        .set_status(&mut tx, &ctx, place, MemberStatus::Left)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let redeemed = way
        .redeem(&way.tenant, issued.as_str(), Some(way.nonce.as_str()))
        .await;
    assert_eq!(code(redeemed), "gone");
}

#[tokio::test]
async fn sessions_in_a_tenant_end_with_the_removal_and_others_go_on() {
    let way = Way::new().await;
    let bench = &way.bench;
    let code_ = way.code().await;
    let (here, _) = way
        .redeem(&way.tenant, &code_, Some(way.nonce.as_str()))
        .await
        .unwrap();
    let mut tx = bench.db.begin().await.unwrap();
    let base = sessions::NewSession {
        user: way.tenant.owner,
        tenant: None,
        login: None,
        host: "atelier.test",
        ip: super::bench::some_ip(),
        user_agent: "",
        now: bench.now(),
    };
    let base = sessions::create(tx.conn(), base).await.unwrap();
    tx.commit().await.unwrap();
    bench
        .tenants
        .end_sessions(way.tenant.id, way.tenant.owner, bench.now())
        .await
        .unwrap();
    let mut tx = bench.db.begin().await.unwrap();
    assert!(
        sessions::find(tx.conn(), &here, bench.now())
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        sessions::find(tx.conn(), &base, bench.now())
            .await
            .unwrap()
            .is_some()
    );
}
