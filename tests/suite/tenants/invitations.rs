//! The life of an invitation.

use std::time::Duration;

use kernel::{Error, Role};
use tenants::{InvitationStatus, InviteForm, MemberStatus, NewTenant};

use super::bench::{Bench, code, field_code};

async fn invite(
    bench: &Bench,
    tenant: &NewTenant,
    email: &str,
    roles: &[Role],
) -> kernel::Result<()> {
    let ctx = bench.ctx(tenant.id, tenant.owner).await;
    let mut tx = ctx.begin().await?;
    let form = InviteForm {
        email: email.into(),
        roles: roles.iter().copied().map(Into::into).collect(),
    };
    bench.tenants.invite(&mut tx, &ctx, &form).await?;
    tx.commit().await
}

#[tokio::test]
async fn an_invitation_names_workspace_and_inviter_and_is_accepted_once() {
    let bench = Bench::new().await;
    let tenant = bench.open("northlight", "mara@example.com").await;
    invite(&bench, &tenant, "Ana@Example.com", &[Role::Editor])
        .await
        .unwrap();
    let token = bench.link("ana@example.com", "/invite/").await;
    let offer = bench
        .tenants
        .offer(&token, bench.now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(offer.workspace, "Studio northlight");
    assert_eq!(offer.inviter, "Mara Lindqvist");
    assert_eq!(offer.status, InvitationStatus::Pending);

    let ana = bench.person("ana@example.com", "Ana").await;
    bench.accept(&token, ana, "ana@example.com").await.unwrap();
    let principal = bench
        .tenants
        .principal(tenant.id, ana)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(principal.roles, [Role::Editor]);
    // Once more: nothing changes, nothing fails.
    let again = bench.accept(&token, ana, "ana@example.com").await.unwrap();
    assert_eq!(again.status, InvitationStatus::Accepted);
    assert_eq!(
        bench
            .count("select count(*) from audit_log where action = 'workspace.member.joined'")
            .await,
        1
    );
    assert_eq!(
        field_code(
            invite(&bench, &tenant, "ANA@example.com", &[Role::Viewer]).await,
            "email"
        ),
        "member"
    );
}

#[tokio::test]
async fn it_is_for_one_address_only() {
    let bench = Bench::new().await;
    let tenant = bench.open("northlight", "mara@example.com").await;
    invite(&bench, &tenant, "ana@example.com", &[Role::Editor])
        .await
        .unwrap();
    let token = bench.link("ana@example.com", "/invite/").await;
    let leo = bench.person("leo@example.com", "Leo").await;
    let refused = bench.accept(&token, leo, "leo@example.com").await;
    assert_eq!(code(refused), "other_address");
    assert!(
        bench
            .tenants
            .principal(tenant.id, leo)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_newer_one_a_resent_one_and_a_revoked_one_kill_the_old_link() {
    let bench = Bench::new().await;
    let tenant = bench.open("northlight", "mara@example.com").await;
    let ana = bench.person("ana@example.com", "Ana").await;
    let link = async || {
        bench.clock.advance(Duration::from_secs(1));
        bench.link("ana@example.com", "/invite/").await
    };
    let is_dead = async |token: &str| {
        matches!(
            bench.accept(token, ana, "ana@example.com").await,
            Err(Error::Gone(_))
        )
    };
    invite(&bench, &tenant, "ana@example.com", &[Role::Viewer])
        .await
        .unwrap();
    let first = link().await;
    invite(&bench, &tenant, "ana@example.com", &[Role::Editor])
        .await
        .unwrap();
    let second = link().await;
    assert_ne!(first, second);
    assert!(is_dead(&first).await);
    assert_eq!(
        bench
            .count("select count(*) from invitations where status = 'pending'")
            .await,
        1
    );

    let ctx = bench.ctx(tenant.id, tenant.owner).await;
    let id = bench
        .tenants
        .offer(&second, bench.now())
        .await
        .unwrap()
        .unwrap()
        .id;
    let mut tx = ctx.begin().await.unwrap();
    bench
        .tenants
        .resend_invitation(&mut tx, &ctx, id)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let third = link().await;
    assert!(is_dead(&second).await);

    let mut tx = ctx.begin().await.unwrap();
    bench
        .tenants
        .revoke_invitation(&mut tx, &ctx, id)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert!(is_dead(&third).await);
    let mut tx = ctx.begin().await.unwrap();
    let again = bench.tenants.resend_invitation(&mut tx, &ctx, id).await;
    assert_eq!(code(again), "not_pending");
}

#[tokio::test]
async fn it_is_good_for_a_week() {
    let bench = Bench::new().await;
    let tenant = bench.open("northlight", "mara@example.com").await;
    let ana = bench.person("ana@example.com", "Ana").await;
    invite(&bench, &tenant, "ana@example.com", &[Role::Viewer])
        .await
        .unwrap();
    let token = bench.link("ana@example.com", "/invite/").await;
    bench.clock.advance(Duration::from_secs(7 * 86_400 - 1));
    let offer = bench
        .tenants
        .offer(&token, bench.now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(offer.status, InvitationStatus::Pending);
    bench.clock.advance(Duration::from_secs(1));
    assert!(matches!(
        bench.accept(&token, ana, "ana@example.com").await,
        Err(Error::Gone(_))
    ));
}

#[tokio::test]
async fn known_and_unknown_addresses_get_the_same_mail() {
    let bench = Bench::new().await;
    let tenant = bench.open("northlight", "mara@example.com").await;
    bench.person("ana@example.com", "Ana").await;
    for email in ["ana@example.com", "new@example.com"] {
        invite(&bench, &tenant, email, &[Role::Viewer])
            .await
            .unwrap();
    }
    let mut texts = Vec::new();
    for email in ["ana@example.com", "new@example.com"] {
        let token = bench.link(email, "/invite/").await;
        let text: String =
            sqlx::query_scalar("select body_text from mail_messages where to_address = $1")
                .bind(email)
                .fetch_one(bench.db.pool())
                .await
                .unwrap();
        texts.push(text.replace(&token, "TOKEN"));
    }
    assert_eq!(texts[0], texts[1]);
}

#[tokio::test]
async fn who_had_left_comes_back_with_the_new_roles_and_who_is_suspended_stays_out() {
    let bench = Bench::new().await;
    let tenant = bench.open("northlight", "mara@example.com").await;
    let ana = bench
        .member(&tenant, "ana@example.com", &[Role::Admin])
        .await;
    let place = bench.membership(tenant.id, ana).await;
    let ctx = bench.ctx(tenant.id, tenant.owner).await;
    let change = async |status| {
        let mut tx = ctx.begin().await.unwrap();
        bench
            .tenants
            .set_status(&mut tx, &ctx, place, status)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    };
    change(MemberStatus::Left).await;
    bench.clock.advance(Duration::from_secs(1));
    invite(&bench, &tenant, "ana@example.com", &[Role::Viewer])
        .await
        .unwrap();
    let token = bench.link("ana@example.com", "/invite/").await;
    bench.accept(&token, ana, "ana@example.com").await.unwrap();
    let back = bench
        .tenants
        .principal(tenant.id, ana)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(back.membership, place, "what they made stays theirs");
    assert_eq!(
        back.roles,
        [Role::Viewer],
        "old roles do not come back by themselves"
    );

    // Invited while outside, suspended before the answer.
    change(MemberStatus::Left).await;
    bench.clock.advance(Duration::from_secs(1));
    invite(&bench, &tenant, "ana@example.com", &[Role::Viewer])
        .await
        .unwrap();
    let token = bench.link("ana@example.com", "/invite/").await;
    change(MemberStatus::Active).await;
    change(MemberStatus::Suspended).await;
    let refused = bench.accept(&token, ana, "ana@example.com").await;
    assert_eq!(code(refused), "suspended");
}
