//! Rules about keys and indexes: what ties rows together must not reach over to another tenant.

use super::{Lint, Rules, names, nothing, over_tables};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        name: "primary-key",
        sql: over_tables!(
            "select t.name, 'has no primary key that begins with tenant_id'
             from tenant_tables t
             where not exists (select from pg_index i
                               where i.indrelid = t.oid and i.indisprimary and i.indkey[0] = t.tenant_attnum)"
        ),
        given: nothing,
    },
    // Foreign keys are checked past row security: with a single column one tenant can point at another's row, and a
    // cascade from there removes rows that are not its own.
    Lint {
        name: "foreign-key",
        sql: over_tables!(
            "select own.name || '.' || k.conname, 'refers to the tenant table ' || target.name || ' without tenant_id on both sides'
             from pg_constraint k
             join tables own on own.oid = k.conrelid
             join tenant_tables target on target.oid = k.confrelid
             where k.contype = 'f' and k.conparentid = 0
               and not exists (select from unnest(k.conkey, k.confkey) as pair (here, there)
                               where pair.here = own.tenant_attnum and pair.there = target.tenant_attnum)
             union all
             select own.name || '.' || k.conname, 'sets a key that holds tenant_id to null or its default'
             from pg_constraint k
             join tables own on own.oid = k.conrelid
             where k.contype = 'f' and k.conparentid = 0 and own.tenant_attnum = any (k.conkey)
               and (k.confdeltype in ('n', 'd') or k.confupdtype in ('n', 'd'))"
        ),
        given: nothing,
    },
    // Led by the tenant, also where the key itself is not: whoever looks for such rows names the tenant. An index for
    // `is not null` alone will do, too: a row without the key refers to nothing.
    Lint {
        name: "foreign-key-index",
        sql: over_tables!(
            "select own.name || '.' || k.conname, 'has no index that begins with its columns'
             from pg_constraint k
             join tables own on own.oid = k.conrelid
             where k.contype = 'f' and k.conparentid = 0
               and not exists (
                 select from pg_index i
                 where i.indrelid = k.conrelid and i.indisvalid
                   and exists (
                     select from (values (k.conkey), (own.tenant_attnum || k.conkey)) as wanted (columns)
                     where (select array_agg(attnum order by attnum)
                            from unnest((i.indkey::int2[])[0:cardinality(wanted.columns) - 1]) attnum)
                         = (select array_agg(attnum order by attnum) from unnest(wanted.columns) attnum))
                   and (i.indpred is null
                        or exists (select from pg_attribute a
                                   where a.attrelid = k.conrelid and a.attnum = any (k.conkey)
                                     and pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NOT NULL)', a.attname))))"
        ),
        given: nothing,
    },
    // A unique key over all tenants tells one of them what another has.
    Lint {
        name: "unique",
        sql: over_tables!(
            "select t.name || '.' || c.relname, 'is unique, or exclusive, without beginning with tenant_id'
             from tenant_tables t
             join pg_index i on i.indrelid = t.oid
             join pg_class c on c.oid = i.indexrelid
             left join pg_constraint k on k.conindid = i.indexrelid and k.contype = 'x'
             left join pg_operator o on o.oid = k.conexclop[1]
             where (i.indisunique or i.indisexclusion) and not i.indisprimary
               and (i.indkey[0] <> t.tenant_attnum or o.oprname <> '=')
               and c.relname::text <> all ($2)"
        ),
        given: |rules| names(rules.global_indexes).collect(),
    },
    Lint {
        name: "index",
        sql: over_tables!(
            "select t.name || '.' || c.relname, 'does not begin with tenant_id'
             from tenant_tables t
             join pg_index i on i.indrelid = t.oid
             join pg_class c on c.oid = i.indexrelid
             where not (i.indisunique or i.indisexclusion) and i.indkey[0] <> t.tenant_attnum
               and c.relname::text <> all ($2)"
        ),
        given: |rules| names(rules.global_indexes).collect(),
    },
    // The code matches on the names of constraints, so they follow one pattern.
    Lint {
        name: "constraint-name",
        sql: over_tables!(
            "select t.name || '.' || k.conname, 'is not called <table>_<columns>_' || s.suffix
             from tables t
             join pg_constraint k on k.conrelid = t.oid
             join (values ('c', 'check'), ('u', 'key'), ('f', 'fkey'), ('x', 'excl')) as s (contype, suffix)
               on s.contype = k.contype::text
             where k.conparentid = 0
               and not (starts_with(k.conname, left(t.name, 24)) and k.conname like '%\\_' || s.suffix)"
        ),
        given: nothing,
    },
    Lint {
        name: "reference",
        sql: over_tables!(
            ", claims as (
               select split_part(entry, '>', 1) as owner, split_part(entry, '>', 2) as prefix
               from unnest($2::text[]) entry where entry like '%>%'
             ), owned as (
               select distinct on (t.oid) t.oid, t.name, c.owner
               from tables t join claims c on t.name = c.prefix or starts_with(t.name, c.prefix || '_')
               order by t.oid, length(c.prefix) desc
             )
             select own.name || '.' || k.conname,
                    format('refers to %s: %s may not refer to tables of %s', target.name, own.owner, target.owner)
             from pg_constraint k
             join owned own on own.oid = k.conrelid
             join owned target on target.oid = k.confrelid
             where k.contype = 'f' and k.conparentid = 0 and own.owner <> target.owner
               and own.owner || ':' || target.owner <> all ($2)"
        ),
        given: claims,
    },
];

/// Which prefix is whose (`owner>prefix`), and who may refer to whom (`owner:other`).
fn claims(rules: &Rules<'_>) -> Vec<String> {
    let mut claims = Vec::new();
    for owner in rules.owners {
        claims.extend(
            owner
                .prefixes
                .iter()
                .map(|prefix| format!("{}>{prefix}", owner.key)),
        );
        claims.extend(
            owner
                .references
                .iter()
                .map(|other| format!("{}:{other}", owner.key)),
        );
    }
    claims
}
