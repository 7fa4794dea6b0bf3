//! `cargo dev bench search`: what a search in a large tenant costs at the database, beside the same function without
//! its change of rights, and beside what a plain query under row security costs.
//!
//! Each question is a word or two of a post's title, the last one as if it were not typed to its end, or a phrase.

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use testkit::{Database, Role, Template};
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The most that a search may take at the database, 95 times of 100.
const TARGET: Duration = Duration::from_millis(5);
/// Most posts that a search ranks, as `blog::search` asks for.
const MOST: i32 = 60;
/// Questions that a side answers before the other has its turn.
const TURN: usize = 50;
/// Times that each question is put. It counts with the middle of its times, lest the pauses of a machine that is shared
/// are taken for those of a search.
const ROUNDS: usize = 5;
/// Questions to the side that needs a third of a second for each.
const SLOW: usize = 40;
/// The tenant that is asked.
const LARGE: Uuid = Uuid::from_u128(1);

/// Measures searches at the database.
#[derive(Parser)]
struct Cli {
    /// What cargo adds to the arguments of a benchmark.
    #[arg(long = "bench", hide = true)]
    _bench: bool,
    /// Posts of the tenant that is asked
    #[arg(long, default_value_t = 50_000)]
    posts: u32,
    /// Posts of all other tenants together
    #[arg(long, default_value_t = 30_000)]
    others: u32,
    /// Other tenants
    #[arg(long, default_value_t = 50)]
    tenants: u32,
    /// Questions
    #[arg(long, default_value_t = 400)]
    questions: u32,
    /// Fail when the target is missed
    #[arg(long)]
    strict: bool,
}

/// What is asked, and how.
struct Side {
    name: &'static str,
    role: Role,
    statement: &'static str,
}

/// The same as a query, which row security lets use no index of words.
const QUERY: &str = "select count(rank)
     from (select ts_rank(d.words, asked) as rank
           from blog_search_query(array['en'], $2) asked, blog_search_documents d
           where d.tenant_id = $1 and d.words @@ asked
           order by d.post_id desc limit $3) found";

const SIDES: [Side; 3] = [
    Side {
        name: "by the function",
        role: Role::Tenant,
        statement: "select count(rank) from blog_search($1, $2, $3)",
    },
    Side {
        name: "without row security",
        role: Role::Superuser,
        statement: "select count(rank) from bench_search($1, $2, $3)",
    },
    Side {
        name: "under row security",
        role: Role::Tenant,
        statement: QUERY,
    },
];

#[tokio::main]
async fn main() -> ExitCode {
    match measure(&Cli::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(cli: &Cli) -> Outcome<bool> {
    let template = Template {
        key: "bench-search",
        owners: server::schema::owners().leak(),
        seed: None,
    };
    let database = Database::new(&template).await;
    let mut administrator = database.connect(Role::Superuser).await;
    let begun = Instant::now();
    fill(&mut administrator, cli).await?;
    eprintln!(
        "{} posts of one tenant and {} of {} others, made in {:.0} s",
        cli.posts,
        cli.others,
        cli.tenants,
        begun.elapsed().as_secs_f32()
    );
    copy(&mut administrator).await?;
    let questions = questions(&mut administrator, cli.questions).await?;
    let mut times = vec![vec![Vec::new(); questions.len()]; SIDES.len()];
    let mut connections = Vec::new();
    for side in &SIDES {
        connections.push(database.connect(side.role).await);
    }
    // The first round warms up. Sides that are compared take turns, so that all see the same machine, for some questions
    // each, so that both find the processor's caches as they left them; the last side reads all posts each time and would
    // leave nothing of the others in any cache, so it comes by itself.
    for round in 0..=ROUNDS {
        for (number, turn) in (0..questions.len()).step_by(TURN).enumerate() {
            for side in [number % 2, (number + 1) % 2] {
                for asked in turn..questions.len().min(turn + TURN) {
                    let time = ask(&mut connections[side], &SIDES[side], &questions[asked]).await?;
                    if round > 0 {
                        times[side][asked].push(time);
                    }
                }
            }
        }
    }
    for asked in 0..questions.len().min(SLOW) {
        let time = ask(&mut connections[2], &SIDES[2], &questions[asked]).await?;
        times[2][asked].push(time);
    }
    println!(
        "{:<24}{:>10}{:>10}{:>10}{:>22}",
        "search, ms", "p50", "p95", "most", "p95 of all asked"
    );
    let mut p95 = Vec::new();
    for (side, times) in SIDES.iter().zip(&mut times) {
        let mut all: Vec<Duration> = times.iter().flatten().copied().collect();
        all.sort_unstable();
        let mut middle: Vec<Duration> = times
            .iter_mut()
            .filter(|times| !times.is_empty())
            .map(|times| {
                times.sort_unstable();
                percentile(times, 50)
            })
            .collect();
        middle.sort_unstable();
        println!(
            "{:<24}{:>10.2}{:>10.2}{:>10.2}{:>22.2}",
            side.name,
            millis(percentile(&middle, 50)),
            millis(percentile(&middle, 95)),
            millis(percentile(&middle, 100)),
            millis(percentile(&all, 95)),
        );
        p95.push(percentile(&middle, 95));
    }
    println!(
        "by the function / without row security: {:.2}; under row security / by the function: {:.1}",
        p95[0].as_secs_f64() / p95[1].as_secs_f64(),
        p95[2].as_secs_f64() / p95[0].as_secs_f64()
    );
    let met = p95[0] <= TARGET;
    println!(
        "target: p95 at most {:.0} ms: {}",
        millis(TARGET),
        if met { "met" } else { "missed" }
    );
    Ok(met || !cli.strict)
}

/// One search, in a transaction as the product's: how long its statement takes.
async fn ask(conn: &mut PgConnection, side: &Side, question: &str) -> Outcome<Duration> {
    let mut tx = conn.begin().await?;
    tx.execute(AssertSqlSafe(format!(
        "set local app.tenant_id = '{LARGE}'; set local plan_cache_mode = force_custom_plan"
    )))
    .await?;
    let asked = sqlx::query(side.statement)
        .bind(LARGE)
        .bind(question)
        .bind(MOST);
    let begun = Instant::now();
    asked.fetch_all(&mut *tx).await?;
    let time = begun.elapsed();
    tx.rollback().await?;
    Ok(time)
}

/// Makes the function once more, with the rights of whoever calls it.
async fn copy(conn: &mut PgConnection) -> Outcome<()> {
    let text: String = sqlx::query_scalar(
        "select pg_get_functiondef('blog_search(uuid, text, integer)'::regprocedure)",
    )
    .fetch_one(&mut *conn)
    .await?;
    let copy = text
        .replace("public.blog_search(", "public.bench_search(")
        .replace(" SECURITY DEFINER", "");
    conn.execute(AssertSqlSafe(copy)).await?;
    Ok(())
}

/// Documents as the product writes them, of words that are as rare as words are.
async fn fill(conn: &mut PgConnection, cli: &Cli) -> Outcome<()> {
    conn.execute("set session_replication_role = replica; select setseed(0.5)")
        .await?;
    conn.execute(
        "create function pg_temp.words(seed integer, count integer) returns text language sql volatile as $$
           select string_agg('w' || translate(to_hex((exp(4.5 + random() * 5.5))::integer * 7919 % 1000003), '0123456789', 'ghijklmnop'), ' ')
           from generate_series(1, count) where seed is not null
         $$;
         create temporary table titles (n serial, title text);
         create temporary table passages as
           select n, pg_temp.words(n, 100) as text from generate_series(0, 3999) n;
         create index on passages (n);
         analyze passages",
    )
    .await?;
    // An index that is made at the end is the same, sooner.
    let index: String =
        sqlx::query_scalar("select pg_get_indexdef('blog_search_index_words_idx'::regclass)")
            .fetch_one(&mut *conn)
            .await?;
    conn.execute("drop index blog_search_index_words_idx")
        .await?;
    for (posts, tenant) in [
        (cli.posts, format!("'{LARGE}'::uuid")),
        (
            cli.others,
            format!("md5((n % {})::text)::uuid", cli.tenants),
        ),
    ] {
        let rows = format!(
            "with texts as materialized (
               select g.n, pg_temp.words(g.n, 6) as title, pg_temp.words(g.n, 25) as excerpt,
                      a.text || ' ' || b.text || ' ' || c.text as body
               from generate_series(1, {posts}) g (n)
               join passages a on a.n = g.n * 7 % 4000
               join passages b on b.n = g.n * 13 % 4000
               join passages c on c.n = (g.n / 4000 + g.n * 17) % 4000
             ), kept as (
               insert into titles (title) select title from texts where n % 20 = 0
             ), documents as (
               insert into blog_search_documents (tenant_id, post_id, no, language, words)
               select {tenant}, ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 1, 'en',
                      blog_search_words('en', title, excerpt, body)
               from texts
               returning tenant_id, post_id, no, words
             ), placed as (
               select tenant_id, post_id, no, words,
                      (row_number() over (partition by tenant_id order by post_id))::integer - 1 as place
               from documents
             )
             insert into blog_search_index (tenant_id, post_id, no, place, words)
             select tenant_id, post_id, no, place, strip(words) from placed"
        );
        conn.execute(AssertSqlSafe(rows)).await?;
    }
    conn.execute(AssertSqlSafe(index)).await?;
    conn.execute("alter index blog_search_index_words_idx alter column 2 set statistics 0")
        .await?;
    for table in ["blog_search_documents", "blog_search_index"] {
        conn.execute(AssertSqlSafe(format!("vacuum analyze {table}")))
            .await?;
    }
    Ok(())
}

/// What people ask for.
async fn questions(conn: &mut PgConnection, count: u32) -> Outcome<Vec<String>> {
    let titles: Vec<String> = sqlx::query_scalar("select title from titles order by n limit $1")
        .bind(i64::from(count))
        .fetch_all(conn)
        .await?;
    let question = |(n, title): (usize, &String)| {
        let words: Vec<&str> = title.split(' ').collect();
        let unfinished = &words[1][..words[1].len().min(4)];
        match n % 4 {
            0 => format!("'{}'", words[0]),
            1 => format!("'{}' & '{}'", words[0], words[1]),
            2 => format!("'{}' & ('{unfinished}' | '{unfinished}':*)", words[0]),
            _ => format!("('{}' <-> '{}')", words[0], words[1]),
        }
    };
    Ok(titles.iter().enumerate().map(question).collect())
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or_default()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
