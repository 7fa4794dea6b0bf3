//! Every tenant table, with a row of each of two tenants: neither reaches the other's, by any way the database offers.
//!
//! Driven by the catalogue, so that a new table is tested without being named. The numbers are those of the list of
//! threats in the platform specification, 4.2.

use std::fmt::Write as _;

use kernel::new_uuid;
use sqlx::types::Uuid;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use testkit::{Database, Role};

use crate::product::{self, RULES};

/// A database in which every tenant table has one row of tenant `a` and one of tenant `b`.
struct World {
    database: Database,
    tables: Vec<Table>,
    a: Uuid,
    b: Uuid,
}

struct Table {
    name: String,
    columns: Vec<Column>,
}

struct Column {
    name: String,
    kind: String,
    required: bool,
}

fn code(error: &sqlx::Error) -> Option<String> {
    let code = error.as_database_error()?.code()?;
    Some(code.into_owned())
}

impl World {
    async fn new() -> Self {
        let database = product::database().await;
        let mut conn = database.connect(Role::Superuser).await;
        let tables = tables(&mut conn).await;
        assert!(tables.len() > 10, "the product has tenant tables");
        // What is tested is whose rows are whose; rows need no sense beyond that.
        let checks: Vec<(String, String)> = sqlx::query_as(
            "select conrelid::regclass::text, quote_ident(conname) from pg_constraint
             where contype = 'c' and connamespace = 'public'::regnamespace and conrelid <> 0",
        )
        .fetch_all(&mut conn)
        .await
        .unwrap();
        for (table, check) in checks {
            run(
                &mut conn,
                &format!("alter table {table} drop constraint {check}"),
            )
            .await;
        }
        run(&mut conn, "set session_replication_role = replica").await;
        let (a, b) = (new_uuid(), new_uuid());
        for tenant in [a, b] {
            for table in &tables {
                let row = table.insert(tenant);
                conn.execute(AssertSqlSafe(row.clone()))
                    .await
                    .unwrap_or_else(|error| panic!("{row}: {error}"));
            }
        }
        run(&mut conn, "analyze").await;
        Self {
            database,
            tables,
            a,
            b,
        }
    }

    /// A connection of the tenants' role, in a transaction bound to `tenant`.
    async fn bound(&self, tenant: Uuid) -> PgConnection {
        let mut conn = self.database.connect(Role::Tenant).await;
        run(
            &mut conn,
            &format!("begin; set local app.tenant_id = '{tenant}'"),
        )
        .await;
        conn
    }
}

impl Table {
    /// A statement that adds a row of `tenant` with every column that must be there, each value told by the tenant.
    fn insert(&self, tenant: Uuid) -> String {
        let mut names = String::new();
        let mut values = String::new();
        for column in self.columns.iter().filter(|column| column.required) {
            let value = if column.name == "tenant_id" {
                format!("'{tenant}'")
            } else {
                value(&column.kind)
            };
            let separator = if names.is_empty() { "" } else { ", " };
            write!(names, "{separator}{}", column.name).unwrap();
            write!(values, "{separator}{value}").unwrap();
        }
        format!("insert into {} ({names}) values ({values})", self.name)
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .collect();
        names.join(", ")
    }
}

/// Some value of a type.
fn value(kind: &str) -> String {
    match kind {
        "uuid" => format!("'{}'", new_uuid()),
        "text" => format!("'{}'", new_uuid().simple()),
        "bytea" => format!("'\\x{}'", new_uuid().simple()),
        "boolean" => "false".into(),
        "smallint" | "integer" | "bigint" | "numeric" => "1".into(),
        "jsonb" => "'{}'".into(),
        "date" => "'2026-01-01'".into(),
        "timestamp with time zone" => "'2026-01-01T00:00:00Z'".into(),
        "tstzrange" => "'[2026-01-01T00:00:00Z,2026-01-02T00:00:00Z)'".into(),
        "tsvector" => "''".into(),
        array if array.ends_with("[]") => "'{}'".into(),
        other => panic!("give columns of type {other} a value here"),
    }
}

async fn run(conn: &mut PgConnection, statement: &str) {
    conn.execute(AssertSqlSafe(statement.to_owned()))
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error}"));
}

async fn count(conn: &mut PgConnection, query: &str) -> sqlx::Result<i64> {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
        .fetch_one(conn)
        .await
}

/// Every table under the tenant rule.
async fn tables(conn: &mut PgConnection) -> Vec<Table> {
    let globals: Vec<String> = RULES
        .global_tables
        .iter()
        .map(|table| (*table).to_owned())
        .collect();
    let rows = sqlx::query(
        "select c.relname::text, a.attname::text, format_type(a.atttypid, null),
                a.attnotnull and not a.atthasdef or a.attname = 'tenant_id'
         from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
         where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and c.relname <> all ($1)
           and exists (select from pg_attribute t where t.attrelid = c.oid and t.attname = 'tenant_id' and not t.attisdropped)
         order by c.relname, a.attnum",
    )
    .bind(globals)
    .fetch_all(conn)
    .await
    .unwrap();
    let mut tables: Vec<Table> = Vec::new();
    for row in rows {
        let name: String = row.get(0);
        if tables.last().is_none_or(|table| table.name != name) {
            tables.push(Table {
                name,
                columns: Vec::new(),
            });
        }
        let column = Column {
            name: row.get(1),
            kind: row.get(2),
            required: row.get(3),
        };
        tables.last_mut().unwrap().columns.push(column);
    }
    tables
}

/// Whether a role may do something with a table, or with a column of it.
async fn may(conn: &mut PgConnection, role: &str, right: &str, table: &str) -> bool {
    let text = match right {
        "delete" => "select has_table_privilege($1, $2, $3)",
        _ => "select has_any_column_privilege($1, $2, $3)",
    };
    sqlx::query_scalar(text)
        .bind(role)
        .bind(table)
        .bind(right)
        .fetch_one(conn)
        .await
        .unwrap()
}

/// 1. Forced row security binds the owner, too.
#[tokio::test]
async fn the_owner_of_the_tables_sees_no_row_of_any_tenant() {
    let world = World::new().await;
    let mut owner = world.database.connect(Role::Owner).await;
    let mut all = world.database.connect(Role::Superuser).await;
    for Table { name, .. } in &world.tables {
        let query = format!("select count(*) from {name}");
        assert_eq!(count(&mut all, &query).await.unwrap(), 2, "{name}");
        assert_eq!(count(&mut owner, &query).await.unwrap(), 0, "{name}");
    }
}

/// 7, 8. Without a tenant, or after one, there are no rows, and no error either.
#[tokio::test]
async fn without_a_tenant_no_table_has_rows() {
    let world = World::new().await;
    let mut tenant = world.bound(world.a).await;
    run(&mut tenant, "rollback").await;
    for Table { name, .. } in &world.tables {
        if may(&mut tenant, "atelier_tenant", "select", name).await {
            assert_eq!(visible(&mut tenant, name).await, 0, "{name}");
        }
    }
}

/// How many rows a role sees, by the column that whoever sees anything of a table may read.
async fn visible(conn: &mut PgConnection, table: &str) -> i64 {
    count(conn, &format!("select count(tenant_id) from {table}"))
        .await
        .unwrap_or_else(|error| panic!("{table}: {error}"))
}

#[tokio::test]
async fn a_tenant_sees_its_own_rows_alone_in_every_table_and_view() {
    let world = World::new().await;
    let mut seen = 0;
    for (own, other) in [(world.a, world.b), (world.b, world.a)] {
        let mut tenant = world.bound(own).await;
        let views: Vec<String> = sqlx::query_scalar(
            "select c.relname::text from pg_class c
             where c.relkind = 'v' and c.relnamespace = 'public'::regnamespace
               and exists (select from pg_attribute t where t.attrelid = c.oid and t.attname = 'tenant_id')
               and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')",
        )
        .fetch_all(&mut tenant)
        .await
        .unwrap();
        let views_and_tables = views
            .iter()
            .chain(world.tables.iter().map(|table| &table.name));
        for name in views_and_tables {
            if !may(&mut tenant, "atelier_tenant", "select", name).await {
                continue;
            }
            seen += 1;
            assert_eq!(visible(&mut tenant, name).await, 1, "{name}");
            let foreign =
                format!("select count(tenant_id) from {name} where tenant_id = '{other}'");
            assert_eq!(count(&mut tenant, &foreign).await.unwrap(), 0, "{name}");
        }
    }
    assert!(seen > 20, "{seen}");
}

#[tokio::test]
async fn a_tenant_neither_changes_removes_adds_nor_adopts_rows_of_another() {
    let world = World::new().await;
    let role = "atelier_tenant";
    for table in &world.tables {
        let name = &table.name;
        let mut conn = world.bound(world.a).await;
        if may(&mut conn, role, "delete", name).await {
            run(&mut conn, "savepoint here").await;
            run(&mut conn, "set constraints all deferred").await;
            let text = format!("delete from {name} where tenant_id = '{}'", world.b);
            let done = conn
                .execute(AssertSqlSafe(text))
                .await
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(done.rows_affected(), 0, "{name}");
            run(&mut conn, "rollback to here").await;
        }
        if may(&mut conn, role, "insert", name).await {
            run(&mut conn, "savepoint here").await;
            let error = conn
                .execute(AssertSqlSafe(table.insert(world.b)))
                .await
                .unwrap_err();
            assert_eq!(code(&error).as_deref(), Some("42501"), "{name}: {error}");
            run(&mut conn, "rollback to here").await;
        }
        for column in &table.columns {
            let may: bool = sqlx::query_scalar("select has_column_privilege($1, $2, $3, 'update')")
                .bind(role)
                .bind(name)
                .bind(&column.name)
                .fetch_one(&mut conn)
                .await
                .unwrap();
            if !may {
                continue;
            }
            run(&mut conn, "savepoint here").await;
            let text = format!(
                "update {name} set {0} = {0} where tenant_id = '{1}'",
                column.name, world.b
            );
            let done = conn
                .execute(AssertSqlSafe(text))
                .await
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(done.rows_affected(), 0, "{name}.{}", column.name);
            if column.name == "tenant_id" {
                let text = format!("update {name} set tenant_id = '{}'", world.b);
                let error = conn.execute(AssertSqlSafe(text)).await.unwrap_err();
                assert_eq!(code(&error).as_deref(), Some("42501"), "{name}: {error}");
            }
            run(&mut conn, "rollback to here").await;
        }
    }
    let mut all = world.database.connect(Role::Superuser).await;
    for Table { name, .. } in &world.tables {
        let query = format!(
            "select count(*) from {name} where tenant_id = '{}'",
            world.b
        );
        assert_eq!(count(&mut all, &query).await.unwrap(), 1, "{name}");
    }
}

/// 12. Foreign keys are checked past row security: what keeps them apart is that they carry the tenant.
#[tokio::test]
async fn no_key_of_a_tenant_can_point_to_a_row_of_another() {
    let world = World::new().await;
    let mut conn = world.database.connect(Role::Superuser).await;
    let keys = sqlx::query(
        "select k.conrelid::regclass::text, k.confrelid::regclass::text, k.conname::text,
                array_agg(own.attname::text order by n), array_agg(theirs.attname::text order by n)
         from pg_constraint k
         cross join unnest(k.conkey, k.confkey) with ordinality as pair (here, there, n)
         join pg_attribute own on own.attrelid = k.conrelid and own.attnum = pair.here
         join pg_attribute theirs on theirs.attrelid = k.confrelid and theirs.attnum = pair.there
         where k.contype = 'f' and k.conrelid::regclass::text = any ($1) and k.confrelid::regclass::text = any ($1)
         group by k.oid",
    )
    .bind(world.tables.iter().map(|table| table.name.clone()).collect::<Vec<_>>())
    .fetch_all(&mut conn)
    .await
    .unwrap();
    assert!(
        !keys.is_empty(),
        "the product has keys between tenant tables"
    );
    for key in keys {
        let (table, target, name): (String, String, String) = (key.get(0), key.get(1), key.get(2));
        let (own, theirs): (Vec<String>, Vec<String>) = (key.get(3), key.get(4));
        // Every column of the key but the tenant, as in the other tenant's row.
        let sets: Vec<String> = own
            .iter()
            .zip(&theirs)
            .filter(|(own, _)| *own != "tenant_id")
            .map(|(own, theirs)| {
                format!("{own} = (select there.{theirs} from {target} there where there.tenant_id = '{}')", world.b)
            })
            .collect();
        let mut tx = conn.begin().await.unwrap();
        let text = format!(
            "update {table} set {} where tenant_id = '{}'",
            sets.join(", "),
            world.a
        );
        let changed = tx.execute(AssertSqlSafe(text)).await;
        let outcome = match changed {
            Ok(_) => tx.execute("set constraints all immediate").await,
            Err(error) => Err(error),
        };
        let refused = outcome.err().and_then(|error| code(&error));
        assert_eq!(
            refused.as_deref(),
            Some("23503"),
            "{table}.{name} took a row of another tenant"
        );
        tx.rollback().await.unwrap();
    }
}

/// 13, 14. What one tenant has must not keep another from having the same, nor tell it.
#[tokio::test]
async fn two_tenants_may_have_equal_rows_in_every_table() {
    let world = World::new().await;
    let mut conn = world.database.connect(Role::Superuser).await;
    run(&mut conn, "set session_replication_role = replica").await;
    let exempt: Vec<String> = sqlx::query_scalar(
        "select distinct i.indrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indexrelid
         where i.indisunique and c.relname = any ($1)",
    )
    .bind(RULES.global_indexes.iter().map(|index| (*index).to_owned()).collect::<Vec<_>>())
    .fetch_all(&mut conn)
    .await
    .unwrap();
    for table in world
        .tables
        .iter()
        .filter(|table| !exempt.contains(&table.name))
    {
        let (name, columns) = (&table.name, table.names());
        let copied: Vec<String> = table
            .columns
            .iter()
            .map(|column| {
                if column.name == "tenant_id" {
                    format!("'{}'", world.b)
                } else {
                    column.name.clone()
                }
            })
            .collect();
        let mut tx = conn.begin().await.unwrap();
        run(
            &mut tx,
            &format!("delete from {name} where tenant_id = '{}'", world.b),
        )
        .await;
        let text = format!(
            "insert into {name} ({columns}) select {} from {name} where tenant_id = '{}'",
            copied.join(", "),
            world.a
        );
        let done = tx
            .execute(AssertSqlSafe(text))
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(done.rows_affected(), 1, "{name}");
        tx.rollback().await.unwrap();
    }
}

/// 15. A number that counts over all tenants tells each of them about the others.
#[tokio::test]
async fn no_sequence_counts_over_tenants() {
    let database = product::database().await;
    let sequences: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relkind = 'S' and relnamespace = 'public'::regnamespace",
    )
    .fetch_all(&mut database.connect(Role::Superuser).await)
    .await
    .unwrap();
    assert!(sequences.is_empty(), "{sequences:?}");
}

/// 17. The planner's statistics hold values of all tenants.
#[tokio::test]
async fn statistics_show_a_tenant_nothing() {
    let world = World::new().await;
    let names: Vec<String> = world
        .tables
        .iter()
        .map(|table| table.name.clone())
        .collect();
    let known = "select count(*) from pg_stats where tablename = any ($1)";
    let mut all = world.database.connect(Role::Superuser).await;
    let mut tenant = world.bound(world.a).await;
    for (conn, some) in [(&mut all, true), (&mut tenant, false)] {
        let rows: i64 = sqlx::query_scalar(known)
            .bind(&names)
            .fetch_one(conn)
            .await
            .unwrap();
        assert_eq!(rows > 0, some, "{rows}");
    }
    for hidden in [
        "select count(*) from pg_statistic",
        "select count(*) from pg_statistic_ext_data",
    ] {
        let mut conn = world.bound(world.a).await;
        let error = count(&mut conn, hidden).await.unwrap_err();
        assert_eq!(code(&error).as_deref(), Some("42501"), "{hidden}: {error}");
    }
}

/// 18. A condition that fails on a hidden row must not run on it.
#[tokio::test]
async fn errors_tell_nothing_of_hidden_rows() {
    let world = World::new().await;
    let mut tenant = world.bound(world.a).await;
    for Table { name, .. } in &world.tables {
        if !may(&mut tenant, "atelier_tenant", "select", name).await {
            continue;
        }
        let trap = format!(
            "select count(tenant_id) from {name} where 1 / (case when tenant_id::text = '{}' then 0 else 1 end) = 1",
            world.b
        );
        assert_eq!(
            count(&mut tenant, &trap)
                .await
                .unwrap_or_else(|error| panic!("{name}: {error}")),
            1,
            "{name}"
        );
    }
}

/// 19. What a violated key says of the row that was there first.
#[tokio::test]
async fn a_violated_key_does_not_say_what_it_met() {
    let world = World::new().await;
    let mut tried = 0;
    for table in &world.tables {
        let name = &table.name;
        let mut conn = world.bound(world.a).await;
        let may = may(&mut conn, "atelier_tenant", "insert", name).await
            && may(&mut conn, "atelier_tenant", "select", name).await;
        if !may {
            continue;
        }
        let columns = table.names();
        let text = format!("insert into {name} ({columns}) select {columns} from {name}");
        let Err(error) = conn.execute(AssertSqlSafe(text)).await else {
            continue;
        };
        if code(&error).as_deref() != Some("23505") {
            continue;
        }
        tried += 1;
        let detail = error
            .as_database_error()
            .and_then(|error| error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>())
            .and_then(sqlx::postgres::PgDatabaseError::detail);
        assert_eq!(detail, None, "{name}");
    }
    assert!(tried > 3, "{tried}");
}

/// 21. A job of a module without a tenant cannot be queued, by anybody.
#[tokio::test]
async fn a_job_of_a_module_has_a_tenant() {
    let database = product::database().await;
    let text = "insert into jobs (id, tenant_id, kind, payload, run_at, created_at)
                values (gen_random_uuid(), null, $1, '{}', now(), now())";
    let mut platform = database.connect(Role::Platform).await;
    let error = sqlx::query(text)
        .bind("blog.publish")
        .execute(&mut platform)
        .await
        .unwrap_err();
    assert_eq!(constraint(&error).as_deref(), Some("jobs_tenant_check"));
    sqlx::query(text)
        .bind("platform.sweep")
        .execute(&mut platform)
        .await
        .unwrap();

    let mut tenant = database.connect(Role::Tenant).await;
    run(
        &mut tenant,
        &format!("begin; set local app.tenant_id = '{}'", new_uuid()),
    )
    .await;
    let error = sqlx::query(text)
        .bind("platform.sweep")
        .execute(&mut tenant)
        .await
        .unwrap_err();
    assert_eq!(code(&error).as_deref(), Some("42501"), "{error}");
}

fn constraint(error: &sqlx::Error) -> Option<String> {
    error.as_database_error()?.constraint().map(str::to_owned)
}

/// What tenants reach outside the tenant rule is bounded to their own rows all the same.
#[tokio::test]
async fn shared_tables_show_and_take_a_tenants_own_rows_alone() {
    let database = product::database().await;
    let (own, other) = (new_uuid(), new_uuid());
    for (table, columns, values) in [
        (
            "jobs",
            "id, kind, payload, run_at, created_at",
            "gen_random_uuid(), 'blog.x', '{}', now(), now()",
        ),
        (
            "outbox_events",
            "id, kind, version, payload, occurred_at",
            "gen_random_uuid(), 'x', 1, '{}', now()",
        ),
    ] {
        let mut conn = database.connect(Role::Tenant).await;
        run(
            &mut conn,
            &format!("begin; set local app.tenant_id = '{own}'"),
        )
        .await;
        run(
            &mut conn,
            &format!("insert into {table} (tenant_id, {columns}) values ('{own}', {values})"),
        )
        .await;
        let foreign =
            format!("insert into {table} (tenant_id, {columns}) values ('{other}', {values})");
        let error = conn.execute(AssertSqlSafe(foreign)).await.unwrap_err();
        assert_eq!(code(&error).as_deref(), Some("42501"), "{table}: {error}");
    }
}

/// 38, 41. What would let a tenant out of its transaction, or out of row security.
#[tokio::test]
async fn a_tenant_can_neither_leave_its_role_nor_switch_row_security_off_nor_keep_anything() {
    let world = World::new().await;
    for statement in [
        "set local role atelier_owner",
        "set local role atelier_platform",
        "set local session authorization postgres",
        "create temporary table kept (id int)",
        "create table kept (id int)",
        "create function kept() returns int language sql as 'select 1'",
        "set local session_replication_role = replica",
        "copy (select 1) to program 'true'",
    ] {
        let mut conn = world.bound(world.a).await;
        let error = conn.execute(statement).await.expect_err(statement);
        assert_eq!(
            code(&error).as_deref(),
            Some("42501"),
            "{statement}: {error}"
        );
    }
    for Table { name, .. } in &world.tables {
        for statement in [
            format!("set local row_security = off; select tenant_id from {name}"),
            format!("alter table {name} disable row level security"),
            format!("drop policy tenant on {name}"),
            format!("truncate {name}"),
        ] {
            let mut conn = world.bound(world.a).await;
            let error = conn
                .execute(AssertSqlSafe(statement.clone()))
                .await
                .expect_err(&statement);
            assert_eq!(
                code(&error).as_deref(),
                Some("42501"),
                "{statement}: {error}"
            );
        }
    }
}

/// 20. A dump of one tenant has that tenant alone; one of all is refused rather than cut short.
#[tokio::test]
async fn copies_of_tables_are_filtered_or_refused() {
    let world = World::new().await;
    for Table { name, .. } in &world.tables {
        // As a dump reads: with row security off, which must fail where it cannot be honoured.
        let mut owner = world.database.connect(Role::Owner).await;
        run(&mut owner, "set row_security = off").await;
        let error = count(&mut owner, &format!("select count(*) from {name}"))
            .await
            .unwrap_err();
        assert_eq!(code(&error).as_deref(), Some("42501"), "{name}: {error}");
    }
}
