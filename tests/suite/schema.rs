//! The catalogue after all migrations.

use database::lint::check;
use testkit::Role;

use crate::product::{self, RULES};

#[tokio::test]
async fn the_catalogue_keeps_every_rule() {
    let database = product::database().await;
    let findings = check(&mut database.connect(Role::Platform).await, &RULES)
        .await
        .unwrap();
    let list: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "{}", list.join("\n"));
}

/// What a list may hold at most. Lower a number when a list has shrunk; raising one needs a reason that convinces.
#[test]
fn exceptions_only_shrink() {
    for (list, length, most) in [
        ("global tables", RULES.global_tables.len(), 16),
        ("global indexes", RULES.global_indexes.len(), 8),
        ("policies", RULES.policies.len(), 0),
        ("definer functions", RULES.definer_functions.len(), 1),
        // Nine since tenants delete mail to readers who ask for it.
        ("shared rights", RULES.shared.len(), 9),
    ] {
        assert!(length <= most, "{list}: {length}");
    }
}

/// What a tenant may do to a table is known to whoever reads this.
#[tokio::test]
async fn append_only_tables_can_be_read_and_added_to_by_nobody_but_those_who_must() {
    let database = product::database().await;
    let mut conn = database.connect(Role::Superuser).await;
    for table in RULES.append_only {
        let rights: Vec<(String, String)> = sqlx::query_as(
            "select r.rolname::text, p.name
             from pg_roles r, (values ('update'), ('delete'), ('truncate')) as p (name)
             where r.rolname in ('atelier_tenant', 'atelier_platform') and has_table_privilege(r.oid, $1::regclass, p.name)",
        )
        .bind(table)
        .fetch_all(&mut conn)
        .await
        .unwrap();
        assert!(rights.is_empty(), "{table}: {rights:?}");
    }
}
