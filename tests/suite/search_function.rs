//! The function of the database that finds posts: for the bound tenant alone, and whichever way it takes.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use testkit::Role;
use uuid::Uuid;

/// A database with a document of each of two tenants, each with a word of its own and one in common. They have no place,
/// as the release before places wrote them.
struct Two {
    database: testkit::Database,
    a: Uuid,
    b: Uuid,
}

const CALL: &str = "select post_id from blog_search($1, $2, 100)";

impl Two {
    async fn new() -> Self {
        let database = crate::product::database().await;
        let mut all = writer(&database).await;
        let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
        for (tenant, word) in [(a, "apple"), (b, "zanzibar")] {
            let row = format!(
                "insert into blog_search_documents (tenant_id, post_id, no, language, words)
                 values ('{tenant}', '{tenant}', 1, 'en', to_tsvector('english', '{word} common'));
                 insert into blog_search_index (tenant_id, post_id, no, words)
                 select tenant_id, post_id, no, strip(words) from blog_search_documents where tenant_id = '{tenant}'"
            );
            all.execute(AssertSqlSafe(row)).await.unwrap();
        }
        Self { database, a, b }
    }

    async fn bound(&self, role: Role, tenant: Uuid) -> PgConnection {
        let mut conn = self.database.connect(role).await;
        let begin = format!("begin; set local app.tenant_id = '{tenant}'");
        conn.execute(AssertSqlSafe(begin)).await.unwrap();
        conn
    }
}

/// A connection that writes documents of posts that there are not.
async fn writer(database: &testkit::Database) -> PgConnection {
    let mut all = database.connect(Role::Superuser).await;
    all.execute("set session_replication_role = replica")
        .await
        .unwrap();
    all
}

/// A post of a tenant with these words, as the product writes it; its id ends in `n`.
async fn write(all: &mut PgConnection, tenant: Uuid, n: u32, text: &str) -> Uuid {
    let post = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(n));
    sqlx::query(
        "with document as (
           insert into blog_search_documents (tenant_id, post_id, no, language, words)
           values ($1, $2, 1, 'en', to_tsvector('english', $3))
           on conflict (tenant_id, post_id, no) do update set words = excluded.words returning words
         )
         insert into blog_search_index (tenant_id, post_id, no, place, words)
         select $1, $2, 1, blog_search_place($1, $2), strip(document.words) from document
         on conflict (tenant_id, post_id, no) do update set place = excluded.place, words = excluded.words",
    )
    .bind(tenant)
    .bind(post)
    .bind(text)
    .execute(all)
    .await
    .unwrap();
    post
}

async fn call(conn: &mut PgConnection, tenant: Uuid, word: &str) -> Result<Vec<Uuid>, String> {
    let found = sqlx::query_scalar(CALL).bind(tenant).bind(word);
    found.fetch_all(conn).await.map_err(|error| {
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        code.map_or_else(|| error.to_string(), std::borrow::Cow::into_owned)
    })
}

const REFUSED: &str = "42501";

#[tokio::test]
async fn the_function_finds_the_bound_tenants_posts_alone() {
    let two = Two::new().await;
    let mut conn = two.bound(Role::Tenant, two.a).await;
    assert_eq!(call(&mut conn, two.a, "apple").await, Ok(vec![two.a]));
    assert_eq!(call(&mut conn, two.a, "common").await, Ok(vec![two.a]));
    // The other tenant's word, its beginning, everything but one's own word.
    for word in [
        "zanzibar",
        "zanz:*",
        "!apple",
        "zanzibar | apple & zanzibar",
    ] {
        assert_eq!(call(&mut conn, two.a, word).await, Ok(vec![]), "{word}");
    }
    let refused = call(&mut conn, two.b, "zanzibar").await;
    assert_eq!(refused, Err(REFUSED.to_owned()), "the tenant of another");
}

#[tokio::test]
async fn the_function_refuses_without_a_tenant_and_with_a_forged_one() {
    let two = Two::new().await;
    let mut conn = two.database.connect(Role::Tenant).await;
    assert_eq!(
        call(&mut conn, two.a, "apple").await,
        Err(REFUSED.to_owned()),
        "never bound"
    );

    // After a transaction the setting is an empty text.
    let mut conn = two.bound(Role::Tenant, two.a).await;
    conn.execute("rollback").await.unwrap();
    assert_eq!(
        call(&mut conn, two.a, "apple").await,
        Err(REFUSED.to_owned()),
        "no longer bound"
    );

    // Somebody who could set it in the middle of a transaction still names the tenant that it began with.
    let mut conn = two.bound(Role::Tenant, two.a).await;
    let forge = format!("set local app.tenant_id = '{}'", two.b);
    conn.execute(AssertSqlSafe(forge)).await.unwrap();
    assert_eq!(
        call(&mut conn, two.a, "zanzibar").await,
        Err(REFUSED.to_owned()),
        "forged"
    );

    // The same statement, prepared once, for one tenant after the other.
    let mut conn = two.database.connect(Role::Tenant).await;
    for _ in 0..6 {
        for tenant in [two.a, two.b] {
            let mut tx = conn.begin().await.unwrap();
            let bind = format!("set local app.tenant_id = '{tenant}'");
            tx.execute(AssertSqlSafe(bind)).await.unwrap();
            assert_eq!(call(&mut tx, tenant, "common").await, Ok(vec![tenant]));
            tx.rollback().await.unwrap();
        }
    }
}

#[tokio::test]
async fn nobody_else_may_call_the_function_or_become_its_owner() {
    let two = Two::new().await;
    let mut conn = two.bound(Role::Platform, two.a).await;
    assert_eq!(
        call(&mut conn, two.a, "apple").await,
        Err(REFUSED.to_owned()),
        "the platform"
    );
    let mut all = two.database.connect(Role::Superuser).await;
    let callers: Vec<String> = sqlx::query_scalar(
        "select rolname::text from pg_roles
         where has_function_privilege(oid, 'blog_search(uuid, text, integer)', 'execute')
           and rolname ~ '^atelier_' order by 1",
    )
    .fetch_all(&mut all)
    .await
    .unwrap();
    // The owner of the tables is a member of the function's owner: that is how migrations make such functions.
    assert_eq!(
        callers,
        ["atelier_owner", "atelier_search", "atelier_tenant"]
    );
    for role in [Role::Tenant, Role::Platform] {
        let mut conn = two.database.connect(role).await;
        let error = conn.execute("set role atelier_search").await.unwrap_err();
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .map(String::from);
        assert_eq!(code.as_deref(), Some(REFUSED), "{role:?}");
    }
    let reads: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v')
           and (has_any_column_privilege('atelier_search', c.oid, 'select, insert, update')
                or has_table_privilege('atelier_search', c.oid, 'delete'))
         order by 1",
    )
    .fetch_all(&mut all)
    .await
    .unwrap();
    assert_eq!(reads, ["blog_search_documents", "blog_search_index"]);
    let writes: bool = sqlx::query_scalar(
        "select bool_or(has_any_column_privilege('atelier_search', name, 'insert, update')
                        or has_table_privilege('atelier_search', name, 'delete'))
         from unnest($1::text[]) name",
    )
    .bind(&reads)
    .fetch_one(&mut all)
    .await
    .unwrap();
    assert!(!writes, "whoever searches changes nothing");
}

/// Names in front of `public` in the path of whoever calls change nothing: the path is pinned.
#[tokio::test]
async fn the_function_reads_its_own_tables_whatever_the_path_of_its_caller() {
    let two = Two::new().await;
    let mut all = two.database.connect(Role::Superuser).await;
    all.execute(
        "create schema trap; grant usage on schema trap to public;
         create table trap.blog_search_documents as select * from public.blog_search_documents with no data;
         create table trap.blog_search_index as select * from public.blog_search_index with no data;
         grant all on trap.blog_search_documents, trap.blog_search_index to public;
         create function trap.ts_rank(tsvector, tsquery) returns real language sql as 'select 1 / 0'",
    )
    .await
    .unwrap();
    let mut conn = two.bound(Role::Tenant, two.a).await;
    conn.execute("set local search_path = trap, public, pg_catalog")
        .await
        .unwrap();
    assert_eq!(call(&mut conn, two.a, "apple").await, Ok(vec![two.a]));
}

/// However common words are, and wherever the posts stand that have them: the newest of all that match are found, the
/// last ones too, which the release before places wrote.
#[tokio::test]
async fn common_and_rare_words_are_found_alike_in_a_large_tenant() {
    let two = Two::new().await;
    let mut all = writer(&two.database).await;
    let tenant = two.a;
    all.execute(AssertSqlSafe(format!(
        "with posts as (
           select n, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid as post_id,
                  'everywhere'
                  || case when n % 20 = 0 then ' often' else '' end
                  || case when n in (7, 4711) then ' rare' else '' end
                  || case when n <= 60 or n > 4980 then ' lately' else '' end
                  || case when n % 2 = 0 then ' golden hour' when n % 2 = 1 then ' hour golden' end
                  || case when n % 1000 = 0 then ' blue moon' when n % 50 = 0 then ' moon blue' else '' end as text
           from generate_series(1, 5000) n
         ), documents as (
           insert into blog_search_documents (tenant_id, post_id, no, language, words)
           select '{tenant}', post_id, 1, 'en', to_tsvector('english', text) from posts
           returning tenant_id, post_id, no, words
         ), placed as (
           select tenant_id, post_id, no, words, row_number() over (order by post_id) as n from documents
         )
         insert into blog_search_index (tenant_id, post_id, no, place, words)
         select tenant_id, post_id, no, case when n <= 4990 then n - 1 end, strip(words) from placed"
    )))
    .await
    .unwrap();
    let mut conn = two.bound(Role::Tenant, tenant).await;
    let mut found = async |wanted: &str| {
        let posts: Vec<i64> = call(&mut conn, tenant, wanted)
            .await
            .unwrap()
            .into_iter()
            .map(|post| (post.as_u128() & 0xffff_ffff_ffff) as i64)
            .collect();
        (posts.len(), posts.into_iter().min().unwrap_or_default())
    };
    assert_eq!(found("'everywhere'").await, (100, 4901));
    assert_eq!(found("'often'").await, (100, 3020));
    assert_eq!(found("'rare'").await, (2, 7));
    assert_eq!(found("'lately'").await, (80, 1), "of late and long ago");
    assert_eq!(found("'golden' <-> 'hour'").await, (100, 4802));
    assert_eq!(found("'blue' <-> 'moon'").await, (5, 1000));
    assert_eq!(found("'often' & 'mo':*").await, (50, 100));
    assert_eq!(found("'nowhere'").await, (0, 0));
}

/// The key that a tenant's words begin with is short: two tenants may have the same.
#[tokio::test]
async fn tenants_that_share_a_key_share_no_posts() {
    let two = Two::new().await;
    let mut all = writer(&two.database).await;
    let a = Uuid::from_u128(0xa000_0000_0000_4000_8000_0000_1234_5678);
    let b = Uuid::from_u128(0xb000_0000_0000_4000_8000_0000_1234_5678);
    let of_a = write(&mut all, a, 1, "shared apple").await;
    let of_b = write(&mut all, b, 2, "shared zanzibar").await;
    for (tenant, own, foreign, post) in [
        (a, "apple", "zanzibar", of_a),
        (b, "zanzibar", "apple", of_b),
    ] {
        let mut conn = two.bound(Role::Tenant, tenant).await;
        for wanted in ["shared", "'sha':*", own] {
            assert_eq!(
                call(&mut conn, tenant, wanted).await,
                Ok(vec![post]),
                "{wanted}"
            );
        }
        assert_eq!(call(&mut conn, tenant, foreign).await, Ok(Vec::new()));
        // Nor does a word that begins as another's key find anything of theirs.
        assert_eq!(
            call(&mut conn, tenant, "12345678shared").await,
            Ok(Vec::new())
        );
    }
}

/// Places follow the order of posts, and a post keeps its own.
#[tokio::test]
async fn a_post_keeps_its_place_among_its_tenants() {
    let two = Two::new().await;
    let mut all = writer(&two.database).await;
    let tenant = Uuid::new_v4();
    for (n, text) in [
        (10, "one"),
        (20, "two"),
        (30, "three"),
        (20, "two again"),
        (15, "late"),
    ] {
        write(&mut all, tenant, n, text).await;
    }
    let places: Vec<i32> = sqlx::query_scalar(
        "select place from blog_search_index where tenant_id = $1 order by post_id",
    )
    .bind(tenant)
    .fetch_all(&mut all)
    .await
    .unwrap();
    assert_eq!(places, [0, 1, 1, 2], "one that comes late shares a place");
}
