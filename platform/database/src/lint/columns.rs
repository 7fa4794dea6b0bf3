//! Rules about the types of columns.

use super::{Lint, nothing, over_tables};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        name: "float",
        sql: over_tables!(
            "select t.name || '.' || a.attname, 'is of type ' || format_type(a.atttypid, null)
             from tables t join pg_attribute a on a.attrelid = t.oid
             where a.attnum > 0 and not a.attisdropped
               and a.atttypid in ('real'::regtype, 'double precision'::regtype, 'money'::regtype)"
        ),
        given: nothing,
    },
    Lint {
        name: "time-zone",
        sql: over_tables!(
            "select t.name || '.' || a.attname, 'is of type ' || format_type(a.atttypid, null)
             from tables t join pg_attribute a on a.attrelid = t.oid
             where a.attnum > 0 and not a.attisdropped
               and a.atttypid in ('timestamp'::regtype, 'timetz'::regtype)"
        ),
        given: nothing,
    },
    // A value cannot be taken back from an enum; a check is replaced in one statement.
    Lint {
        name: "enum",
        sql: over_tables!(
            "select t.name || '.' || a.attname, 'is of the enum type ' || y.typname
             from tables t
             join pg_attribute a on a.attrelid = t.oid
             join pg_type y on y.oid = a.atttypid
             where a.attnum > 0 and not a.attisdropped and y.typtype = 'e'"
        ),
        given: nothing,
    },
    Lint {
        name: "currency",
        sql: over_tables!(
            "select t.name || '.' || a.attname, 'holds money without a currency column in its table'
             from tables t join pg_attribute a on a.attrelid = t.oid
             where a.attnum > 0 and not a.attisdropped and a.atttypid = 'bigint'::regtype
               and a.attname ~ '(^|_)(amount|price|total|balance_due)(_minor)?$'
               and not exists (select from pg_attribute c
                               where c.attrelid = t.oid and c.attname ~ '(^|_)currency$' and not c.attisdropped)"
        ),
        given: nothing,
    },
];
