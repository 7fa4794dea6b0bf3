//! Rules of the schema, asked of the catalogue: what the database really has, whoever made it.
//!
//! They run when the product starts, which refuses to serve while one of them finds something, and in the tests.
//! Each is one query. A rule that cannot be broken by any database is worthless, so each has a test that plants its
//! fault.

mod columns;
mod keys;
mod rights;
mod tables;

use std::fmt;

use sqlx::PgConnection;

use crate::error::Result;

/// Something in the database that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Name of the rule.
    pub lint: &'static str,
    /// What breaks it: a table, `table.column`, `table.constraint`, an index, a function, a role.
    pub object: String,
    /// How.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.lint, self.object, self.message)
    }
}

/// Who owns which tables.
#[derive(Clone, Copy, Debug)]
pub struct Ownership<'a> {
    /// Key of the owner; its history is the table `<key>_migrations`.
    pub key: &'a str,
    /// Its tables are called like one of these, or begin with one of these and an underscore.
    pub prefixes: &'a [&'a str],
    /// Keys of the other owners whose tables its foreign keys may point to.
    pub references: &'a [&'a str],
}

/// What the rules take for granted: owners, and every exception by name.
///
/// Each list of exceptions may only shrink. One that names nothing in the database is itself a finding.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules<'a> {
    /// All owners.
    pub owners: &'a [Ownership<'a>],
    /// Tables outside the tenant rule: those that belong to no tenant, and those read before the tenant is known.
    pub global_tables: &'a [&'a str],
    /// Indexes and unique constraints of tenant tables that do not begin with `tenant_id`.
    pub global_indexes: &'a [&'a str],
    /// Policies besides the two agreed ones, as `table.policy`.
    pub policies: &'a [&'a str],
    /// Functions that run with their owner's rights.
    pub definer_functions: &'a [&'a str],
    /// What the tenants' role may do with global tables and with views over them, as `table:privilege`, such as
    /// `jobs:insert`.
    pub shared: &'a [&'a str],
    /// Tables whose rows no run-time role may change or remove.
    pub append_only: &'a [&'a str],
}

impl Rules<'_> {
    fn globals(&self) -> Vec<String> {
        let histories = self.owners.iter().map(|owner| history(owner.key));
        histories.chain(names(self.global_tables)).collect()
    }
}

/// A rule: its name and its query, which answers with rows of `(object, message)`.
///
/// `$1` are the global tables and the histories, `$2` are what `given` takes from the rules.
struct Lint {
    name: &'static str,
    sql: &'static str,
    given: fn(&Rules<'_>) -> Vec<String>,
}

/// Begins a query with `tables` and `tenant_tables`: all of ours, and those under the tenant rule.
macro_rules! over_tables {
    ($query:literal) => {
        concat!(
            "with tables as (
               select c.oid, c.relname::text as name, c.relowner, c.relispartition,
                      c.relrowsecurity, c.relforcerowsecurity, a.attnum as tenant_attnum,
                      a.attnotnull and a.atttypid = 'uuid'::regtype as tenant_is_sound
               from pg_class c
               join pg_namespace n on n.oid = c.relnamespace
               left join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
               where c.relkind in ('r', 'p', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
                 and not exists (select from pg_depend d
                                 where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
             ), tenant_tables as (
               select * from tables where tenant_attnum is not null and name <> all ($1)
             ) ",
            $query
        )
    };
}
use over_tables;

/// Every broken rule in the connection's database, by rule and object.
///
/// # Errors
/// When a query fails.
pub async fn check(conn: &mut PgConnection, rules: &Rules<'_>) -> Result<Vec<Finding>> {
    let globals = rules.globals();
    let mut findings = Vec::new();
    for lint in all() {
        let rows: Vec<(String, String)> = sqlx::query_as(lint.sql)
            .bind(&globals)
            .bind((lint.given)(rules))
            .fetch_all(&mut *conn)
            .await?;
        findings.extend(rows.into_iter().map(|(object, message)| Finding {
            lint: lint.name,
            object,
            message,
        }));
    }
    findings.sort();
    Ok(findings)
}

/// Names of all rules.
pub fn lints() -> impl Iterator<Item = &'static str> {
    all().map(|lint| lint.name)
}

fn all() -> impl Iterator<Item = &'static Lint> {
    [tables::LINTS, keys::LINTS, columns::LINTS, rights::LINTS]
        .into_iter()
        .flatten()
}

fn history(key: &str) -> String {
    format!("{key}_migrations")
}

fn names<'a>(list: &'a [&'a str]) -> impl Iterator<Item = String> + 'a {
    list.iter().map(|name| (*name).to_owned())
}

fn nothing(_: &Rules<'_>) -> Vec<String> {
    Vec::new()
}
