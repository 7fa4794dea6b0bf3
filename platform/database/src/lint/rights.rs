//! Rules about roles and grants.

use super::{Lint, names, nothing, over_tables};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        name: "role",
        sql: "select r.rolname::text, f.fault
              from pg_roles r
              cross join lateral (values
                (r.rolsuper, 'is a superuser'),
                (r.rolbypassrls and r.rolname not in ('atelier_backup', 'atelier_search'), 'may bypass row security'),
                (r.rolcanlogin and r.rolname = 'atelier_search', 'may log in'),
                (r.rolname = 'atelier_search'
                   and exists (select from pg_auth_members m join pg_roles g on g.oid = m.member
                               where m.roleid = r.oid and g.rolname <> 'atelier_owner' and not g.rolsuper),
                 'has a member besides atelier_owner'),
                (r.rolcreaterole, 'may create roles'),
                (r.rolcreatedb, 'may create databases'),
                (r.rolreplication, 'may replicate'),
                (exists (select from pg_auth_members m join pg_roles g on g.oid = m.roleid
                         where m.member = r.oid
                           and (r.rolname, g.rolname) not in (('atelier_backup', 'pg_read_all_data'), ('atelier_owner', 'atelier_search'))),
                 'is a member of another role'),
                (r.rolname in ('atelier_tenant', 'atelier_platform')
                   and has_database_privilege(r.oid, (select oid from pg_database where datname = current_database()), 'temporary'),
                 'may create temporary tables, which outlive the tenant of a transaction'),
                (r.rolname in ('atelier_tenant', 'atelier_platform', 'atelier_search')
                   and (has_database_privilege(r.oid, (select oid from pg_database where datname = current_database()), 'create')
                        or exists (select from pg_namespace n where n.nspname !~ '^pg_' and has_schema_privilege(r.oid, n.oid, 'create'))),
                 'may create objects')
              ) as f (broken, fault)
              where r.rolname in ('atelier_owner', 'atelier_tenant', 'atelier_platform', 'atelier_backup', 'atelier_search') and f.broken
              union all
              select 'default privileges', 'give ' || coalesce(g.rolname, 'everybody') || ' rights on tables not made yet'
              from pg_default_acl d cross join lateral aclexplode(d.defaclacl) a left join pg_roles g on g.oid = a.grantee
              where a.grantee <> d.defaclrole and d.defaclobjtype in ('r', 'S')",
        given: nothing,
    },
    Lint {
        name: "grant",
        sql: "with objects as (
                select c.oid, c.relname::text as name, c.relkind, c.relispartition,
                       coalesce(c.relacl, acldefault('r', c.relowner)) as acl
                from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
                  and not exists (select from pg_depend d
                                  where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
              ), grants as (
                select o.*, a.privilege_type, coalesce(r.rolname::text, 'public') as role
                from objects o cross join lateral aclexplode(o.acl) a left join pg_roles r on r.oid = a.grantee
                where r.rolname is null or r.rolname in ('atelier_tenant', 'atelier_platform')
              )
              select g.name, format('grants %s to %s, and is a %s', lower(string_agg(g.privilege_type, ', ')), g.role,
                                    case when g.relispartition then 'partition'
                                         when g.relkind = 'S' then 'sequence' else 'materialised view' end)
              from grants g where g.relispartition or g.relkind in ('S', 'm')
              group by g.name, g.role, g.relispartition, g.relkind
              union all
              select g.name, format('grants %s to %s', lower(g.privilege_type), g.role)
              from grants g
              where g.role = 'public' or g.privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
              union all
              select o.name, format('lets %s %s rows, and is append-only', r.rolname, p.privilege)
              from objects o, pg_roles r, (values ('update'), ('delete')) as p (privilege)
              where o.name = any ($2) and r.rolname in ('atelier_tenant', 'atelier_platform')
                and case p.privilege when 'update' then has_any_column_privilege(r.oid, o.oid, 'update')
                                     else has_table_privilege(r.oid, o.oid, p.privilege) end",
        given: |rules| names(rules.append_only).collect(),
    },
    // Row security guards tenant tables alone; what tenants may do with any other is named one by one.
    Lint {
        name: "shared",
        sql: over_tables!(
            ", others as (
               select oid, name from tables where tenant_attnum is null or name = any ($1)
             )
             select o.name, format('lets atelier_tenant %s, and is outside the tenant rule', p.privilege)
             from others o, (values ('select'), ('insert'), ('update'), ('delete')) as p (privilege)
             where case p.privilege when 'delete' then has_table_privilege('atelier_tenant', o.oid, 'delete')
                                    else has_any_column_privilege('atelier_tenant', o.oid, p.privilege) end
               and o.name || ':' || p.privilege <> all ($2)"
        ),
        given: |rules| {
            // A serving process reads which migrations were applied.
            let histories = rules
                .owners
                .iter()
                .map(|owner| format!("{}:select", super::history(owner.key)));
            names(rules.shared).chain(histories).collect()
        },
    },
    // Where tenants do reach a table outside the rule, the same row security bounds them: they see or add rows of
    // their own alone, or fewer. `tenants` is its own key.
    Lint {
        name: "shared-policy",
        sql: over_tables!(
            ", reached as (
               select oid, name, relrowsecurity and relforcerowsecurity as secured,
                      case when name = 'tenants' then 'id' else 'tenant_id' end as own
               from tables
               where (name = 'tenants' or tenant_attnum is not null and name = any ($1))
                 and (has_any_column_privilege('atelier_tenant', oid, 'select, insert, update')
                      or has_table_privilege('atelier_tenant', oid, 'delete'))
             )
             select name, 'is reached by atelier_tenant without enabled and forced row level security'
             from reached where not secured
             union all
             select r.name || '.' || p.polname, 'does not bound atelier_tenant to its own rows'
             from reached r
             join pg_policy p on p.polrelid = r.oid
             cross join format('(%I = (NULLIF(current_setting(''app.tenant_id''::text, true), ''''::text))::uuid)', r.own) as shape
             where p.polroles && array[0, to_regrole('atelier_tenant')::oid]
               and exists (
                 select from (values (pg_get_expr(p.polqual, p.polrelid)), (pg_get_expr(p.polwithcheck, p.polrelid))) as e (rule)
                 where not (e.rule = shape or starts_with(e.rule, '(' || shape || ' AND ')))"
        ),
        given: nothing,
    },
];
