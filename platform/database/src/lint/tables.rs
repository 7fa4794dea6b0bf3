//! Rules about tables, policies, views and functions.

use super::{Lint, Rules, names, nothing, over_tables};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        name: "tenant-rule",
        sql: over_tables!(
            "select name, 'has no tenant_id and is not on the list of global tables'
             from tables where tenant_attnum is null and name <> all ($1)
             union all
             select name, 'has a tenant_id that is not `uuid not null`'
             from tenant_tables where not tenant_is_sound"
        ),
        given: nothing,
    },
    Lint {
        name: "row-security",
        sql: over_tables!(
            "select name, 'has no enabled and forced row level security'
             from tenant_tables where not (relrowsecurity and relforcerowsecurity)"
        ),
        given: nothing,
    },
    // Permissive policies add up: one more with `using (true)` opens a table, however strict the first one is.
    Lint {
        name: "policy",
        sql: over_tables!(
            ", policies as (
               select p.polrelid, p.polname::text as name,
                      case
                        when not p.polpermissive or p.polcmd <> '*' then false
                        when p.polname = 'tenant' then
                          p.polroles = array[to_regrole('atelier_tenant')::oid]
                          and pg_get_expr(p.polqual, p.polrelid) = shape.text
                          and pg_get_expr(p.polwithcheck, p.polrelid) = shape.text
                        when p.polname = 'platform' then
                          p.polroles = array[to_regrole('atelier_platform')::oid]
                          and pg_get_expr(p.polqual, p.polrelid) = 'true'
                          and pg_get_expr(p.polwithcheck, p.polrelid) = 'true'
                        else false
                      end as agreed
               from pg_policy p,
                    (values ('(tenant_id = (NULLIF(current_setting(''app.tenant_id''::text, true), ''''::text))::uuid)'))
                      as shape (text)
             )
             select t.name, 'has no policy `tenant` of the agreed shape'
             from tenant_tables t
             where not exists (select from policies p where p.polrelid = t.oid and p.name = 'tenant' and p.agreed)
             union all
             select t.name || '.' || p.name, 'is not one of the two agreed policies'
             from tenant_tables t join policies p on p.polrelid = t.oid
             where not p.agreed and t.name || '.' || p.name <> all ($2)"
        ),
        given: |rules| names(rules.policies).collect(),
    },
    Lint {
        name: "view",
        sql: "select c.relname::text,
                     case c.relkind when 'm' then 'is a materialised view, which no policy filters'
                                    else 'is a view without security_invoker' end
              from pg_class c join pg_namespace n on n.oid = c.relnamespace
              where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
                and not exists (select from pg_depend d
                                where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
                and (c.relkind = 'm'
                     or c.relkind = 'v' and not coalesce(c.reloptions && array['security_invoker=true', 'security_invoker=on'], false))",
        given: nothing,
    },
    Lint {
        name: "trigger",
        sql: over_tables!(
            "select t.name || '.' || g.tgname, 'is a trigger'
             from tables t join pg_trigger g on g.tgrelid = t.oid where not g.tgisinternal
             union all
             select t.name || '.' || r.rulename, 'is a rule'
             from tables t join pg_rewrite r on r.ev_class = t.oid"
        ),
        given: nothing,
    },
    Lint {
        name: "definer-function",
        sql: "select p.proname::text, f.fault
              from pg_proc p
              join pg_namespace n on n.oid = p.pronamespace
              cross join lateral (values
                (p.proname::text <> all ($2), 'runs with its owner''s rights and is not on the list'),
                (not exists (select from unnest(p.proconfig) entry where entry like 'search_path=%'),
                 'runs with its owner''s rights and has no pinned search_path'),
                (has_function_privilege('public', p.oid, 'execute'),
                 'runs with its owner''s rights and everybody may call it'),
                (exists (select from pg_roles r where r.oid = p.proowner and (r.rolcanlogin or r.rolsuper)),
                 'runs with the rights of a role that can log in')
              ) as f (broken, fault)
              where p.prosecdef and f.broken
                and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
                and not exists (select from pg_depend d
                                where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')",
        given: |rules| names(rules.definer_functions).collect(),
    },
    // An immutable function is folded into a prepared plan, together with the tenant who prepared it. A leakproof one
    // runs on rows before the policy has hidden them.
    Lint {
        name: "function",
        sql: "select p.proname::text, f.fault
              from pg_proc p
              join pg_namespace n on n.oid = p.pronamespace
              cross join lateral (values
                (p.provolatile = 'i' and (p.prosrc ilike '%current_setting%' or p.prosrc ilike '%app.tenant%'),
                 'reads a setting and is declared immutable'),
                (p.proleakproof, 'is declared leakproof')
              ) as f (broken, fault)
              where f.broken and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
                and not exists (select from pg_depend d
                                where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')",
        given: nothing,
    },
    Lint {
        name: "owner",
        sql: over_tables!(
            "select name, 'has a name that no owner claims'
             from tables
             where not exists (select from unnest($2::text[]) prefix
                               where name = prefix or starts_with(name, prefix || '_'))
             union all
             select name, 'is not owned by atelier_owner'
             from tables where relowner is distinct from to_regrole('atelier_owner')::oid"
        ),
        given: |rules| {
            let prefixes = rules.owners.iter().flat_map(|owner| owner.prefixes);
            let histories = rules.owners.iter().map(|owner| super::history(owner.key));
            prefixes
                .map(|prefix| (*prefix).to_owned())
                .chain(histories)
                .collect()
        },
    },
    Lint {
        name: "stale-exception",
        sql: "select split_part(entry, '#', 2), 'is on the list of ' || split_part(entry, '#', 1) || ' and does not exist'
              from unnest($2::text[]) entry, split_part(entry, '#', 1) kind, split_part(entry, '#', 2) object
              where not case kind
                when 'global tables' then
                  exists (select from pg_class where relname = object and relkind in ('r', 'p', 'f'))
                when 'append-only tables' then
                  exists (select from pg_class where relname = object and relkind in ('r', 'p', 'f'))
                when 'global indexes' then exists (select from pg_class where relname = object and relkind in ('i', 'I'))
                when 'functions' then exists (select from pg_proc where proname = object and prosecdef)
                when 'policies' then
                  exists (select from pg_policies where tablename || '.' || policyname = object)
                when 'shared rights' then
                  exists (select from pg_class
                          where relname = split_part(object, ':', 1) and relkind in ('r', 'p', 'v')
                            and case split_part(object, ':', 2)
                                  when 'delete' then has_table_privilege('atelier_tenant', oid, 'delete')
                                  else has_any_column_privilege('atelier_tenant', oid, split_part(object, ':', 2))
                                end)
                else false
              end",
        given: exceptions,
    },
];

fn exceptions(rules: &Rules<'_>) -> Vec<String> {
    let lists = [
        ("global tables", rules.global_tables),
        ("append-only tables", rules.append_only),
        ("global indexes", rules.global_indexes),
        ("functions", rules.definer_functions),
        ("policies", rules.policies),
        ("shared rights", rules.shared),
    ];
    lists
        .iter()
        .flat_map(|(kind, list)| list.iter().map(move |name| format!("{kind}#{name}")))
        .collect()
}
