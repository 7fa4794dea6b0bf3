//! Members: the last owner, no escalation, leaving and coming back.

use kernel::Role;
use tenants::{MemberFilter, MemberSort, MemberStatus};

use super::bench::{Bench, code, field_code};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_owners_who_unmake_each_other_at_once_one_stays() {
    for _ in 0..5 {
        let bench = Bench::new().await;
        let tenant = bench.open("northlight", "mara@example.com").await;
        let ana = bench
            .member(&tenant, "ana@example.com", &[Role::Admin])
            .await;
        let (mara, ana_place) = (tenant.membership, bench.membership(tenant.id, ana).await);
        let ctx = bench.ctx(tenant.id, tenant.owner).await;
        let mut tx = ctx.begin().await.unwrap();
        bench
            .tenants
            .set_owner(&mut tx, &ctx, ana_place, true)
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let by_mara = bench.ctx(tenant.id, tenant.owner).await;
        let by_ana = bench.ctx(tenant.id, ana).await;
        let unmake = |ctx: module::Ctx, whom| {
            let tenants = bench.tenants.clone();
            async move {
                let mut tx = ctx.begin().await?;
                tenants.set_owner(&mut tx, &ctx, whom, false).await?;
                tx.commit().await
            }
        };
        let (one, other) = tokio::join!(unmake(by_mara, ana_place), unmake(by_ana, mara));
        let mut codes = [code(one), code(other)];
        codes.sort_unstable();
        assert_eq!(codes, ["fine", "last_owner"]);
    }
}

#[tokio::test]
async fn the_last_owner_can_neither_leave_nor_step_down() {
    let bench = Bench::new().await;
    let tenant = bench.open("northlight", "mara@example.com").await;
    let ctx = bench.ctx(tenant.id, tenant.owner).await;
    let mut tx = ctx.begin().await.unwrap();
    assert_eq!(code(bench.tenants.leave(&mut tx, &ctx).await), "last_owner");
    drop(tx);
    let mut tx = ctx.begin().await.unwrap();
    let stepped_down = bench
        .tenants
        .set_owner(&mut tx, &ctx, tenant.membership, false)
        .await;
    assert_eq!(code(stepped_down), "last_owner");
    drop(tx);
    // Suspended owners do not count: nobody could come in and let them back.
    let ana = bench
        .member(&tenant, "ana@example.com", &[Role::Admin])
        .await;
    let place = bench.membership(tenant.id, ana).await;
    let mut tx = ctx.begin().await.unwrap();
    bench
        .tenants
        .set_owner(&mut tx, &ctx, place, true)
        .await
        .unwrap();
    bench
        .tenants
        .set_status(&mut tx, &ctx, place, MemberStatus::Suspended)
        .await
        .unwrap();
    assert_eq!(code(bench.tenants.leave(&mut tx, &ctx).await), "last_owner");
}

#[tokio::test]
async fn nobody_hands_on_what_they_lack_or_touches_an_owner() {
    let bench = Bench::new().await;
    let tenant = bench.open("northlight", "mara@example.com").await;
    let admin = bench
        .member(&tenant, "ana@example.com", &[Role::Admin])
        .await;
    let viewer = bench
        .member(&tenant, "leo@example.com", &[Role::Viewer])
        .await;
    let viewer = bench.membership(tenant.id, viewer).await;
    let ctx = bench.ctx(tenant.id, admin).await;
    let mut tx = ctx.begin().await.unwrap();
    for (wanted, expected) in [
        (vec![Role::Billing], "escalation"),
        (vec![Role::Viewer, Role::Billing], "escalation"),
        (vec![], "required"),
        // Ownership is not among the roles: the word is simply not taken.
        (vec![Role::Owner], "required"),
        (vec![Role::Editor], "fine"),
    ] {
        let outcome = bench
            .tenants
            .set_roles(&mut tx, &ctx, viewer, &wanted)
            .await;
        assert_eq!(field_code(outcome, "role"), expected, "{wanted:?}");
    }
    let refused = bench.tenants.set_owner(&mut tx, &ctx, viewer, true).await;
    assert_eq!(code(refused), "forbidden");
    let removed = bench
        .tenants
        .set_status(&mut tx, &ctx, tenant.membership, MemberStatus::Left)
        .await;
    assert_eq!(code(removed), "forbidden");
    let invite = tenants::InviteForm {
        email: "new@example.com".into(),
        roles: vec![Role::Billing.into()],
    };
    let invited = bench.tenants.invite(&mut tx, &ctx, &invite).await;
    assert_eq!(field_code(invited, "role"), "escalation");
    let own = ctx.person().unwrap().membership;
    let removed = bench
        .tenants
        .set_status(&mut tx, &ctx, own, MemberStatus::Left)
        .await;
    assert_eq!(code(removed), "own_membership");
}

#[tokio::test]
async fn a_removed_member_is_out_at_once_and_can_be_brought_back() {
    let bench = Bench::new().await;
    let tenant = bench.open("northlight", "mara@example.com").await;
    let ana = bench
        .member(&tenant, "ana@example.com", &[Role::Editor, Role::Author])
        .await;
    let place = bench.membership(tenant.id, ana).await;
    let ctx = bench.ctx(tenant.id, tenant.owner).await;
    let change = |status| {
        let (tenants, ctx) = (bench.tenants.clone(), ctx.clone());
        async move {
            let mut tx = ctx.begin().await.unwrap();
            tenants
                .set_status(&mut tx, &ctx, place, status)
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
    };
    change(MemberStatus::Left).await;
    assert!(
        bench
            .tenants
            .principal(tenant.id, ana)
            .await
            .unwrap()
            .is_none()
    );
    assert!(bench.tenants.workspaces(ana).await.unwrap().is_empty());
    assert_eq!(
        bench
            .count("select count(*) from outbox_events where kind = 'member.removed'")
            .await,
        1
    );
    change(MemberStatus::Active).await;
    let back = bench
        .tenants
        .principal(tenant.id, ana)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(back.roles, [Role::Editor, Role::Author]);
}

#[tokio::test]
async fn the_list_is_searched_filtered_sorted_and_continued() {
    let bench = Bench::new().await;
    let tenant = bench.open("northlight", "mara@example.com").await;
    for name in ["zoe", "ben", "ana", "100percent_x"] {
        bench.clock.advance(std::time::Duration::from_secs(1));
        bench
            .member(&tenant, &format!("{name}@example.com"), &[Role::Viewer])
            .await;
    }
    let mut tx = bench.begin(tenant.id).await;
    let names = async |tx: &mut tenant_resolver::TenantTx, filter: MemberFilter| -> Vec<String> {
        let (mut names, mut filter) = (Vec::new(), filter);
        loop {
            let (members, next) = tenants::list_members(tx, &filter, bench.now())
                .await
                .unwrap();
            assert!(members.len() <= 2);
            names.extend(members.into_iter().map(|member| member.name));
            filter.after = next;
            if next.is_none() {
                return names;
            }
        }
    };
    let all = MemberFilter {
        limit: 2,
        ..MemberFilter::default()
    };
    let by_name = names(&mut tx, all.clone()).await;
    assert_eq!(
        by_name,
        ["100percent_x", "ana", "ben", "Mara Lindqvist", "zoe"]
    );
    let newest = MemberFilter {
        sort: MemberSort::Joined,
        descending: true,
        ..all.clone()
    };
    let newest = names(&mut tx, newest).await;
    assert_eq!(
        newest,
        ["100percent_x", "ana", "ben", "zoe", "Mara Lindqvist"]
    );
    let owners = MemberFilter {
        role: Some(Role::Owner.into()),
        ..all.clone()
    };
    assert_eq!(names(&mut tx, owners).await, ["Mara Lindqvist"]);
    for (words, expected) in [("BEN@", 1), ("%", 0), ("t_x", 1), ("example.com", 5)] {
        let found = MemberFilter {
            words: words.into(),
            ..all.clone()
        };
        assert_eq!(names(&mut tx, found).await.len(), expected, "{words}");
    }
    let left = MemberFilter {
        status: Some(MemberStatus::Left),
        ..all
    };
    assert!(names(&mut tx, left).await.is_empty());
}
