use std::collections::BTreeSet;

use database::lint::{Ownership, Rules, check, lints};
use sqlx::{AssertSqlSafe, Connection, Executor};

use testkit::Role;

use crate::support::database;

const RULES: Rules<'_> = Rules {
    owners: &[
        Ownership {
            key: "tenants",
            prefixes: &["tenants", "tenant"],
            references: &[],
        },
        Ownership {
            key: "worker",
            prefixes: &["jobs"],
            references: &[],
        },
        Ownership {
            key: "photo",
            prefixes: &["photo"],
            references: &["tenants", "worker"],
        },
        Ownership {
            key: "music",
            prefixes: &["music"],
            references: &["tenants"],
        },
    ],
    global_tables: &["tenants", "jobs"],
    global_indexes: &["photo_links_token_key"],
    policies: &["photo_links.search"],
    definer_functions: &["photo_search"],
    shared: &["jobs:insert", "jobs:delete"],
    append_only: &["photo_events"],
};

/// A schema that keeps every rule and uses every exception.
const SOUND: &str = "
    create table tenants (id uuid primary key);
    grant select on tenants to atelier_platform;
    create table jobs (id uuid primary key, tenant_id uuid);
    alter table jobs enable row level security;
    alter table jobs force row level security;
    create policy tenant_enqueues on jobs for insert to atelier_tenant
        with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
    create policy tenant_drops on jobs for delete to atelier_tenant
        using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid and id is not null);
    grant insert, delete on jobs to atelier_tenant;
    create table photo_albums (
        tenant_id uuid not null references tenants (id),
        id uuid not null,
        parent_id uuid,
        title text not null,
        amount bigint,
        currency text,
        made_at timestamptz,
        during tstzrange,
        job_id uuid,
        constraint photo_albums_job_id_fkey foreign key (job_id) references jobs (id),
        primary key (tenant_id, id),
        constraint photo_albums_title_key unique (tenant_id, title),
        constraint photo_albums_title_check check (title <> ''),
        constraint photo_albums_parent_id_fkey foreign key (tenant_id, parent_id) references photo_albums (tenant_id, id),
        constraint photo_albums_during_excl exclude using gist (tenant_id with =, during with &&)
    );
    create index photo_albums_parent_id_idx on photo_albums (tenant_id, parent_id) where parent_id is not null;
    create index photo_albums_job_id_idx on photo_albums (tenant_id, job_id);
    create table photo_links (tenant_id uuid not null, id uuid not null, token bytea not null,
        primary key (tenant_id, id), constraint photo_links_token_key unique (token));
    create table photo_events (tenant_id uuid not null, id uuid not null, primary key (tenant_id, id));
    grant select, insert on photo_events to atelier_tenant;
    do $$ declare name text; begin
      foreach name in array array['photo_albums', 'photo_links', 'photo_events'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy tenant on %I to atelier_tenant
          using (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)
          with check (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)', name);
      end loop;
    end $$;
    create policy platform on photo_albums to atelier_platform using (true) with check (true);
    create policy search on photo_links for select to atelier_backup using (true);
    create view photo_titles with (security_invoker = true) as select tenant_id, title from photo_albums;
    create function photo_search() returns int language sql security definer set search_path = public as 'select 1';
    revoke all on function photo_search() from public;
    grant usage, create on schema public to atelier_search;
    alter function photo_search() owner to atelier_search;
    revoke create on schema public from atelier_search;
";

/// Each fault, the rule that must find it, and where.
const FAULTS: &[(&str, &str, &str)] = &[
    (
        "tenant-rule",
        "photo_tags",
        "create table photo_tags (id int primary key)",
    ),
    (
        "tenant-rule",
        "photo_albums",
        "alter table photo_albums drop constraint photo_albums_pkey cascade, alter tenant_id drop not null",
    ),
    (
        "row-security",
        "photo_albums",
        "alter table photo_albums no force row level security",
    ),
    (
        "row-security",
        "photo_albums",
        "alter table photo_albums disable row level security",
    ),
    (
        "row-security",
        "photo_parts_1",
        "create table photo_parts (tenant_id uuid not null, id int not null, primary key (tenant_id, id)) partition by range (tenant_id); create table photo_parts_1 partition of photo_parts default",
    ),
    (
        "policy",
        "photo_albums",
        "drop policy tenant on photo_albums",
    ),
    (
        "policy",
        "photo_albums.open",
        "create policy open on photo_albums to atelier_tenant using (true)",
    ),
    (
        "policy",
        "photo_albums.platform",
        "alter policy platform on photo_albums to atelier_tenant",
    ),
    (
        "policy",
        "photo_albums.tenant",
        "alter policy tenant on photo_albums with check (true)",
    ),
    (
        "policy",
        "photo_albums.tenant",
        "alter policy tenant on photo_albums using (tenant_id = current_setting('app.tenant_id')::uuid)",
    ),
    (
        "policy",
        "photo_albums.tenant",
        "alter policy tenant on photo_albums to public",
    ),
    (
        "view",
        "photo_titles",
        "alter view photo_titles reset (security_invoker)",
    ),
    (
        "view",
        "photo_counts",
        "create materialized view photo_counts as select count(*) from photo_albums",
    ),
    (
        "trigger",
        "photo_albums.touch",
        "create function photo_touch() returns trigger language plpgsql as 'begin return new; end'; create trigger touch before update on photo_albums for each row execute function photo_touch()",
    ),
    (
        "trigger",
        "photo_albums.quiet",
        "create rule quiet as on delete to photo_albums do instead nothing",
    ),
    (
        "definer-function",
        "photo_peek",
        "create function photo_peek() returns int language sql security definer set search_path = public as 'select 1'; revoke all on function photo_peek() from public",
    ),
    (
        "definer-function",
        "photo_search",
        "alter function photo_search() reset search_path",
    ),
    (
        "definer-function",
        "photo_search",
        "grant execute on function photo_search() to public",
    ),
    (
        "definer-function",
        "photo_search",
        "alter function photo_search() owner to atelier_owner",
    ),
    (
        "definer-function",
        "photo_search",
        "reset role; alter function photo_search() owner to postgres",
    ),
    (
        "function",
        "photo_tenant",
        "create function photo_tenant() returns uuid language sql immutable as $$ select current_setting('app.tenant_id')::uuid $$",
    ),
    (
        "function",
        "photo_quick",
        "reset role; create function photo_quick() returns int language sql leakproof as 'select 1'",
    ),
    ("owner", "stray", "alter table photo_events rename to stray"),
    (
        "owner",
        "photo_albums",
        "reset role; alter table photo_albums owner to postgres",
    ),
    (
        "stale-exception",
        "photo_links_token_key",
        "alter table photo_links drop constraint photo_links_token_key",
    ),
    (
        "stale-exception",
        "jobs:insert",
        "revoke insert on jobs from atelier_tenant",
    ),
    ("stale-exception", "jobs", "drop table jobs cascade"),
    (
        "stale-exception",
        "photo_search",
        "drop function photo_search()",
    ),
    (
        "stale-exception",
        "photo_links.search",
        "drop policy search on photo_links",
    ),
    ("stale-exception", "photo_events", "drop table photo_events"),
    (
        "primary-key",
        "photo_events",
        "alter table photo_events drop constraint photo_events_pkey",
    ),
    (
        "primary-key",
        "photo_events",
        "alter table photo_events drop constraint photo_events_pkey, add primary key (id, tenant_id)",
    ),
    (
        "foreign-key",
        "photo_links.photo_links_album_id_fkey",
        "alter table photo_albums add constraint photo_albums_id_key unique (id); alter table photo_links add album_id uuid constraint photo_links_album_id_fkey references photo_albums (id); create index photo_links_album_id_idx on photo_links (album_id)",
    ),
    (
        "foreign-key",
        "photo_albums.photo_albums_parent_id_fkey",
        "alter table photo_albums drop constraint photo_albums_parent_id_fkey, add constraint photo_albums_parent_id_fkey foreign key (tenant_id, parent_id) references photo_albums (tenant_id, id) on delete set null (parent_id)",
    ),
    (
        "foreign-key-index",
        "photo_albums.photo_albums_job_id_fkey",
        "drop index photo_albums_job_id_idx",
    ),
    (
        "foreign-key-index",
        "photo_albums.photo_albums_parent_id_fkey",
        "drop index photo_albums_parent_id_idx",
    ),
    (
        "foreign-key-index",
        "photo_albums.photo_albums_parent_id_fkey",
        "drop index photo_albums_parent_id_idx; create index photo_albums_parent_id_idx on photo_albums (tenant_id, title, parent_id)",
    ),
    (
        "foreign-key-index",
        "photo_albums.photo_albums_parent_id_fkey",
        "drop index photo_albums_parent_id_idx; create index photo_albums_parent_id_idx on photo_albums (tenant_id, parent_id) where title <> ''",
    ),
    (
        "unique",
        "photo_albums.photo_albums_title_key",
        "alter table photo_albums drop constraint photo_albums_title_key, add constraint photo_albums_title_key unique (title)",
    ),
    (
        "unique",
        "photo_albums.photo_albums_lower_idx",
        "create unique index photo_albums_lower_idx on photo_albums (lower(title), tenant_id)",
    ),
    (
        "unique",
        "photo_albums.photo_albums_during_excl",
        "alter table photo_albums drop constraint photo_albums_during_excl, add constraint photo_albums_during_excl exclude using gist (during with &&)",
    ),
    (
        "unique",
        "photo_albums.photo_albums_during_excl",
        "alter table photo_albums drop constraint photo_albums_during_excl, add constraint photo_albums_during_excl exclude using gist (tenant_id with <>, during with &&)",
    ),
    (
        "index",
        "photo_albums.photo_albums_made_at_idx",
        "create index photo_albums_made_at_idx on photo_albums (made_at)",
    ),
    (
        "constraint-name",
        "photo_albums.positive",
        "alter table photo_albums add constraint positive check (amount > 0)",
    ),
    (
        "constraint-name",
        "photo_albums.photo_albums_title_unique",
        "alter table photo_albums rename constraint photo_albums_title_key to photo_albums_title_unique",
    ),
    (
        "reference",
        "music_songs.music_songs_album_id_fkey",
        "create table music_songs (tenant_id uuid not null, id uuid not null, album_id uuid, primary key (tenant_id, id), foreign key (tenant_id, album_id) references photo_albums (tenant_id, id)); alter table music_songs rename constraint music_songs_tenant_id_album_id_fkey to music_songs_album_id_fkey",
    ),
    (
        "float",
        "photo_albums.price",
        "alter table photo_albums add price double precision",
    ),
    (
        "float",
        "photo_albums.price",
        "alter table photo_albums add price money",
    ),
    (
        "time-zone",
        "photo_albums.seen_at",
        "alter table photo_albums add seen_at timestamp",
    ),
    (
        "enum",
        "photo_albums.state",
        "create type photo_state as enum ('a'); alter table photo_albums add state photo_state",
    ),
    (
        "currency",
        "photo_events.amount",
        "alter table photo_events add amount bigint",
    ),
    (
        "role",
        "atelier_tenant",
        "reset role; alter role atelier_tenant bypassrls",
    ),
    (
        "role",
        "atelier_platform",
        "reset role; alter role atelier_platform superuser",
    ),
    (
        "role",
        "atelier_tenant",
        "reset role; grant atelier_platform to atelier_tenant",
    ),
    (
        "role",
        "atelier_tenant",
        "reset role; grant create on schema public to atelier_tenant",
    ),
    (
        "role",
        "atelier_tenant",
        "reset role; do $$ begin execute format('grant temporary on database %I to public', current_database()); end $$",
    ),
    (
        "role",
        "atelier_search",
        "reset role; alter role atelier_search login",
    ),
    (
        "role",
        "atelier_search",
        "reset role; grant atelier_platform to atelier_search",
    ),
    (
        "role",
        "atelier_search",
        "reset role; grant atelier_search to atelier_platform",
    ),
    (
        "role",
        "atelier_search",
        "grant create on schema public to atelier_search",
    ),
    (
        "role",
        "atelier_tenant",
        "reset role; grant atelier_search to atelier_tenant",
    ),
    (
        "role",
        "default privileges",
        "alter default privileges in schema public grant select on tables to atelier_tenant",
    ),
    (
        "grant",
        "photo_albums",
        "grant truncate on photo_albums to atelier_tenant",
    ),
    (
        "grant",
        "photo_albums",
        "grant select on photo_albums to public",
    ),
    (
        "grant",
        "photo_events",
        "grant update (id) on photo_events to atelier_tenant",
    ),
    (
        "grant",
        "photo_events",
        "grant delete on photo_events to atelier_platform",
    ),
    (
        "grant",
        "photo_numbers",
        "create sequence photo_numbers; grant usage on sequence photo_numbers to atelier_tenant",
    ),
    (
        "grant",
        "photo_parts_1",
        "create table photo_parts (tenant_id uuid not null, id int not null, primary key (tenant_id, id)) partition by range (tenant_id); create table photo_parts_1 partition of photo_parts default; grant select on photo_parts_1 to atelier_tenant",
    ),
    (
        "grant",
        "photo_counts",
        "create materialized view photo_counts as select 1 as one; grant select on photo_counts to atelier_tenant",
    ),
    ("shared", "jobs", "grant select on jobs to atelier_tenant"),
    (
        "shared",
        "tenants",
        "grant update (id) on tenants to atelier_tenant",
    ),
    (
        "shared-policy",
        "jobs",
        "alter table jobs no force row level security",
    ),
    (
        "shared-policy",
        "jobs.tenant_enqueues",
        "alter policy tenant_enqueues on jobs with check (true)",
    ),
    (
        "shared-policy",
        "jobs.tenant_enqueues",
        "alter policy tenant_enqueues on jobs with check
           (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid or id is null)",
    ),
    (
        "shared-policy",
        "jobs.open",
        "create policy open on jobs for select using (true)",
    ),
    (
        "shared-policy",
        "tenants",
        "grant select on tenants to atelier_tenant",
    ),
];

#[tokio::test]
async fn a_sound_schema_has_no_findings() {
    let database = database().await;
    let mut conn = database.connect(Role::Superuser).await;
    let mut tx = conn.begin().await.unwrap();
    tx.execute("set local role atelier_owner").await.unwrap();
    tx.execute(SOUND).await.unwrap();
    tx.execute("reset role").await.unwrap();
    assert_eq!(check(&mut tx, &RULES).await.unwrap(), []);
}

#[tokio::test]
async fn each_rule_finds_its_planted_fault() {
    let database = database().await;
    let mut conn = database.connect(Role::Superuser).await;
    for (lint, object, fault) in FAULTS {
        let mut tx = conn.begin().await.unwrap();
        tx.execute("set local role atelier_owner").await.unwrap();
        tx.execute(SOUND).await.unwrap();
        tx.execute(AssertSqlSafe(*fault))
            .await
            .unwrap_or_else(|error| panic!("{fault}: {error}"));
        tx.execute("reset role").await.unwrap();
        let findings = check(&mut tx, &RULES).await.unwrap();
        assert!(
            findings
                .iter()
                .any(|finding| finding.lint == *lint && finding.object == *object),
            "{lint} did not find {fault}: {findings:#?}"
        );
        tx.rollback().await.unwrap();
    }
}

#[test]
fn every_rule_has_a_planted_fault() {
    let planted: BTreeSet<&str> = FAULTS.iter().map(|(lint, ..)| *lint).collect();
    assert_eq!(lints().collect::<BTreeSet<_>>(), planted);
}

/// The run-time roles can run the rules, too: the product checks itself when it starts.
#[tokio::test]
async fn the_rules_run_under_the_platforms_role() {
    let database = database().await;
    let mut conn = database.connect(Role::Superuser).await;
    let mut tx = conn.begin().await.unwrap();
    tx.execute("set local role atelier_owner").await.unwrap();
    tx.execute(SOUND).await.unwrap();
    tx.execute("alter table photo_albums no force row level security")
        .await
        .unwrap();
    tx.execute("set local role atelier_platform").await.unwrap();
    let findings = check(&mut tx, &RULES).await.unwrap();
    assert_eq!(findings.len(), 1, "{findings:#?}");
}
