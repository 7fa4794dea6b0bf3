//! The five roles: what each may do is decided here once, made where that is allowed, and verified always.

use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, Row};

use crate::error::{Result, SetupError};

/// Owns every table; used by migrations alone. Forced row security binds it too.
pub const OWNER: &str = "atelier_owner";
/// Run time of modules and tenant services: sees the rows of the bound tenant and no other.
pub const TENANT: &str = "atelier_tenant";
/// Run time of platform features and of the worker's dispatch.
pub const PLATFORM: &str = "atelier_platform";
/// Dumps alone: passes by row security, cannot write.
pub const BACKUP: &str = "atelier_backup";
/// Owns the functions that search: passes by row security, reads what they search and nothing else, and cannot log in.
pub const SEARCH: &str = "atelier_search";

/// What sets a role apart.
struct Role {
    name: &'static str,
    /// Whether anybody can connect as it.
    logs_in: bool,
    bypasses: bool,
    settings: &'static [(&'static str, &'static str)],
}

/// A statement that takes longer than these is a fault, and must not hold up the others.
const RUN_TIME: &[(&str, &str)] = &[
    ("statement_timeout", "15s"),
    ("lock_timeout", "2s"),
    ("idle_in_transaction_session_timeout", "30s"),
    ("search_path", "public"),
];

const ROLES: [Role; 5] = [
    Role {
        name: OWNER,
        logs_in: true,
        bypasses: false,
        settings: &[("search_path", "public")],
    },
    Role {
        name: TENANT,
        logs_in: true,
        bypasses: false,
        settings: RUN_TIME,
    },
    Role {
        name: PLATFORM,
        logs_in: true,
        bypasses: false,
        settings: RUN_TIME,
    },
    Role {
        name: BACKUP,
        logs_in: true,
        bypasses: true,
        settings: &[
            ("search_path", "public"),
            ("default_transaction_read_only", "on"),
        ],
    },
    Role {
        name: SEARCH,
        logs_in: false,
        bypasses: true,
        settings: &[],
    },
];

/// The attributes no role of ours has, as `pg_roles` and `alter role` call them.
const FORBIDDEN: [(&str, &str, &str); 5] = [
    ("rolsuper", "is a superuser", "nosuperuser"),
    ("rolbypassrls", "may bypass row security", "nobypassrls"),
    ("rolcreaterole", "may create roles", "nocreaterole"),
    ("rolcreatedb", "may create databases", "nocreatedb"),
    ("rolreplication", "may replicate", "noreplication"),
];

/// What the connection is allowed to prepare.
struct Powers {
    user: String,
    superuser: bool,
    creates_roles: bool,
    owns_database: bool,
}

/// Makes the roles and closes the connection's database to everybody else, as far as the connection may; then verifies
/// the outcome.
///
/// What is there already is left alone: an administrator's password or longer timeout stays. `password` is given to the
/// roles that are made now. Safe to run from several processes at once.
///
/// # Errors
/// [`SetupError::MissingRole`] and [`SetupError::UnsafeRole`] when the connection may not mend what is wrong.
pub async fn ensure(conn: &mut PgConnection, password: Option<&str>) -> Result<()> {
    let powers = powers(conn).await?;
    // Roles belong to the whole cluster while advisory locks belong to one database, so another process can always
    // come in between. Every step looks first and can be repeated.
    const TRIES: u32 = 5;
    for attempt in 1.. {
        match make(conn, &powers, password).await {
            Err(error) if attempt < TRIES && is_race(&error) => {
                tokio::time::sleep(crate::jitter(50)).await;
            }
            Err(error) => return Err(error.into()),
            Ok(()) => break,
        }
    }
    verify(conn, &powers).await
}

/// Refuses a pool whose role could see another tenant's rows.
///
/// # Errors
/// [`SetupError::UnsafeRole`], naming the attribute.
pub async fn verify_runtime(pool: &PgPool) -> Result<()> {
    let mut conn = pool.acquire().await?;
    let role: String = sqlx::query_scalar("select current_user::text")
        .fetch_one(&mut *conn)
        .await?;
    refuse_attributes(&mut conn, &role, false).await?;
    // A member of another role can become it with `set role`.
    let powerful: Option<String> = sqlx::query_scalar(
        "select r.rolname::text from pg_roles r
         where r.rolname <> current_user and pg_has_role(current_user, r.oid, 'member')
           and (r.rolsuper or r.rolbypassrls or r.rolname = $1)
         order by 1 limit 1",
    )
    .bind(OWNER)
    .fetch_optional(&mut *conn)
    .await?;
    match powerful {
        Some(other) => Err(SetupError::UnsafeRole {
            fault: format!("is a member of {other}"),
            cure: format!("revoke {other} from {role}"),
            role,
        }),
        None => Ok(()),
    }
}

async fn powers(conn: &mut PgConnection) -> Result<Powers> {
    let row = sqlx::query(
        "select r.rolname::text, r.rolsuper, r.rolcreaterole, pg_has_role(d.datdba, 'usage')
         from pg_roles r, pg_database d
         where r.rolname = current_user and d.datname = current_database()",
    )
    .fetch_one(conn)
    .await?;
    let superuser = row.get(1);
    Ok(Powers {
        user: row.get(0),
        superuser,
        creates_roles: superuser || row.get(2),
        owns_database: superuser || row.get(3),
    })
}

async fn make(
    conn: &mut PgConnection,
    powers: &Powers,
    password: Option<&str>,
) -> sqlx::Result<()> {
    let mut tx = conn.begin().await?;
    if powers.creates_roles {
        // Handed over as a parameter, so that it stands in no statement and in no log.
        sqlx::query("select set_config('atelier.password', $1, true)")
            .bind(password.unwrap_or_default())
            .execute(&mut *tx)
            .await?;
        for role in &ROLES {
            // Only a superuser may make a role that bypasses row security.
            if !role.bypasses || powers.superuser {
                make_role(&mut tx, role, powers.superuser).await?;
            }
        }
    }
    if powers.owns_database {
        close_database(&mut tx).await?;
    }
    tx.commit().await
}

async fn make_role(conn: &mut PgConnection, role: &Role, superuser: bool) -> sqlx::Result<()> {
    let name = role.name;
    let exists: bool =
        sqlx::query_scalar("select exists (select from pg_roles where rolname = $1)")
            .bind(name)
            .fetch_one(&mut *conn)
            .await?;
    if !exists {
        let bypass = match (role.bypasses, superuser) {
            (true, _) => "bypassrls",
            (false, true) => "nosuperuser nobypassrls",
            (false, false) => "",
        };
        let logs_in = role.logs_in;
        let login = if logs_in { "login" } else { "nologin" };
        let text = format!(
            "do $$ begin
               create role {name} {login} {bypass};
               if {logs_in} and current_setting('atelier.password') <> '' then
                 execute format('alter role {name} password %L', current_setting('atelier.password'));
               end if;
             end $$"
        );
        sqlx::query(AssertSqlSafe(text)).execute(&mut *conn).await?;
        // Migrations give functions to the role that searches, which takes a member of it.
        let grant = match name {
            BACKUP => Some(format!("grant pg_read_all_data to {BACKUP}")),
            SEARCH => Some(format!("grant {SEARCH} to {OWNER}")),
            _ => None,
        };
        if let Some(text) = grant {
            sqlx::query(AssertSqlSafe(text)).execute(&mut *conn).await?;
        }
    }
    let known = settings_of(conn, name).await?;
    for (setting, value) in role.settings {
        if !known.iter().any(|known| known == setting) {
            let text = format!("alter role {name} set {setting} = '{value}'");
            sqlx::query(AssertSqlSafe(text)).execute(&mut *conn).await?;
        }
    }
    Ok(())
}

/// Closes the connection's database: run-time roles may connect and use what migrations grant them, no more.
async fn close_database(conn: &mut PgConnection) -> sqlx::Result<()> {
    let open: bool = sqlx::query_scalar(
        "select has_database_privilege('public', current_database(), 'connect')
             or has_database_privilege('public', current_database(), 'temporary')
             or has_schema_privilege('public', 'public', 'create')
             or has_schema_privilege('public', 'public', 'usage')
             or not has_schema_privilege($1, 'public', 'create')
             or not exists (select from pg_extension where extname = 'btree_gist')",
    )
    .bind(OWNER)
    .fetch_one(&mut *conn)
    .await?;
    if !open {
        return Ok(());
    }
    let text = format!(
        "do $$ begin
           execute format('revoke all on database %I from public', current_database());
           execute format('grant connect on database %I to {OWNER}, {TENANT}, {PLATFORM}', current_database());
           create extension if not exists btree_gist;
           revoke all on schema public from public;
           grant usage, create on schema public to {OWNER};
           grant usage on schema public to {TENANT}, {PLATFORM};
           if exists (select from pg_roles where rolname = '{BACKUP}') then
             execute format('grant connect on database %I to {BACKUP}', current_database());
             grant usage on schema public to {BACKUP};
           end if;
         end $$"
    );
    sqlx::query(AssertSqlSafe(text)).execute(conn).await?;
    Ok(())
}

async fn verify(conn: &mut PgConnection, powers: &Powers) -> Result<()> {
    for role in &ROLES {
        let exists: bool =
            sqlx::query_scalar("select exists (select from pg_roles where rolname = $1)")
                .bind(role.name)
                .fetch_one(&mut *conn)
                .await?;
        if !exists {
            if role.name == BACKUP {
                // Only a superuser can make it, and nothing but dumps needs it.
                tracing::warn!(role = BACKUP, "no role for backups; dumps need one");
                continue;
            }
            return Err(SetupError::MissingRole {
                role: role.name,
                by: powers.user.clone(),
            });
        }
        refuse_attributes(conn, role.name, role.bypasses).await?;
        if !role.logs_in {
            refuse_log_in(conn, role.name).await?;
        }
        let known = settings_of(conn, role.name).await?;
        for (setting, value) in role.settings {
            if !known.iter().any(|known| known == setting) {
                return Err(SetupError::UnsafeRole {
                    role: role.name.to_owned(),
                    fault: format!("has no {setting}"),
                    cure: format!("alter role {} set {setting} = '{value}'", role.name),
                });
            }
        }
    }
    for role in [TENANT, PLATFORM] {
        let too_much = sqlx::query(
            "select has_database_privilege($1, current_database(), 'create'),
                    has_database_privilege($1, current_database(), 'temporary'),
                    has_schema_privilege($1, 'public', 'create'),
                    quote_ident(current_database())",
        )
        .bind(role)
        .fetch_one(&mut *conn)
        .await?;
        let database: String = too_much.get(3);
        let rights = [
            (
                "may create schemas",
                format!("create on database {database}"),
            ),
            (
                "may create temporary tables",
                format!("temporary on database {database}"),
            ),
            ("may create tables", "create on schema public".to_owned()),
        ];
        for (column, (fault, right)) in rights.into_iter().enumerate() {
            if too_much.get::<bool, _>(column) {
                return Err(SetupError::UnsafeRole {
                    role: role.to_owned(),
                    fault: fault.to_owned(),
                    cure: format!("revoke {right} from public, {role}"),
                });
            }
        }
    }
    Ok(())
}

async fn refuse_attributes(conn: &mut PgConnection, role: &str, may_bypass: bool) -> Result<()> {
    let row = sqlx::query(
        "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication
         from pg_roles where rolname = $1",
    )
    .bind(role)
    .fetch_one(conn)
    .await?;
    for (attribute, fault, cure) in FORBIDDEN {
        if row.get::<bool, _>(attribute) && !(may_bypass && attribute == "rolbypassrls") {
            return Err(SetupError::UnsafeRole {
                role: role.to_owned(),
                fault: format!("{fault} ({attribute})"),
                cure: format!("alter role {role} {cure}"),
            });
        }
    }
    Ok(())
}

/// Refuses a role as which somebody could connect although nobody should.
async fn refuse_log_in(conn: &mut PgConnection, role: &str) -> Result<()> {
    let logs_in: bool = sqlx::query_scalar("select rolcanlogin from pg_roles where rolname = $1")
        .bind(role)
        .fetch_one(conn)
        .await?;
    if logs_in {
        return Err(SetupError::UnsafeRole {
            role: role.to_owned(),
            fault: "may log in (rolcanlogin)".to_owned(),
            cure: format!("alter role {role} nologin"),
        });
    }
    Ok(())
}

/// Names of the settings a role has in this database, or in all.
async fn settings_of(conn: &mut PgConnection, role: &str) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar(
        "select split_part(entry, '=', 1)
         from pg_db_role_setting s join pg_roles r on r.oid = s.setrole, unnest(s.setconfig) entry
         where r.rolname = $1
           and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))",
    )
    .bind(role)
    .fetch_all(conn)
    .await
}

/// Whether another process made the same thing at the same time.
fn is_race(error: &sqlx::Error) -> bool {
    // duplicate_object, unique_violation; internal_error is how "tuple concurrently updated" comes.
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| matches!(code.as_ref(), "42710" | "23505" | "XX000"))
}
