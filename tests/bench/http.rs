//! `cargo dev bench http`: what a request to the platform costs, beside a thin service over the same rows.
//!
//! Both are served by this process over TCP on the loopback; the callers are a child process, so that their processor
//! time is not counted. Rounds alternate, so that both sides see the same machine.

mod client;
mod thin;
mod world;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use client::{Mode, Operation, Tally};
use world::{Side, World};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Rounds of each side and operation.
const ROUNDS: u32 = 4;
/// Callers that hang up.
const HANG_UPS: usize = 1_000;
/// Requests whose statements are counted.
const COUNTED: usize = 200;
/// A begin and one statement. Uses of keys are written once a second for all requests together: a few in hundreds.
const STATEMENTS: f64 = 2.05;

/// Measures requests to the platform beside a thin service.
#[derive(Parser)]
struct Cli {
    /// What cargo adds to the arguments of a benchmark.
    #[arg(long = "bench", hide = true)]
    _bench: bool,
    /// Tenants of the comparison with the thin service
    #[arg(long, default_value_t = 200, value_parser = at_least_one::<usize>)]
    tenants: usize,
    /// Tenants whose lists are compared with those of ten
    #[arg(long, default_value_t = 5_000, value_parser = at_least_one::<usize>)]
    many: usize,
    /// Posts of each tenant
    #[arg(long, default_value_t = 30, value_parser = at_least_one::<usize>)]
    posts: usize,
    /// Seconds for each operation and side
    #[arg(long, default_value_t = 5, value_parser = at_least_one::<u32>)]
    seconds: u32,
    /// Fail when a target is missed
    #[arg(long)]
    strict: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Subcommand)]
enum Part {
    /// The callers: reads its plan from standard input
    #[command(hide = true)]
    Client,
}

/// A number of at least one.
fn at_least_one<N: std::str::FromStr + Default + PartialEq>(text: &str) -> Result<N, String> {
    match text.parse() {
        Ok(number) if number != N::default() => Ok(number),
        _ => Err("a whole number of at least one is needed".to_owned()),
    }
}

/// What one side did in all its rounds.
#[derive(Default)]
struct Score {
    tally: Tally,
    server: f64,
    postgres: f64,
}

impl Score {
    /// Processor milliseconds of server and database for each request.
    fn cost(&self) -> f64 {
        (self.server + self.postgres) * 1_000.0 / self.tally.answers()
    }

    fn print(&self, name: &str, side: &str) {
        let (tally, answers) = (&self.tally, self.tally.answers());
        println!(
            "{:<8}{side:<9}{:>9.0}{:>9.2}{:>9.2}{:>8}{:>10.3}{:>10.3}{:>10.3}",
            name,
            answers / tally.seconds,
            tally.percentile(50),
            tally.percentile(99),
            tally.errors,
            self.server * 1_000.0 / answers,
            self.postgres * 1_000.0 / answers,
            self.cost(),
        );
    }
}

/// Targets met and missed, and errors.
#[derive(Default)]
struct Verdict {
    missed: u32,
    errors: u64,
}

impl Verdict {
    fn target(&mut self, what: &str, found: f64, most: f64) {
        let met = found <= most;
        self.missed += u32::from(!met);
        let word = if met { "met" } else { "missed" };
        println!("{word:<8}{what}: {found:.2}, at most {most:.2}");
    }

    fn none(&mut self, what: &str, tally: &Tally) {
        self.errors += tally.errors;
        let word = if tally.errors == 0 { "met" } else { "missed" };
        println!("{word:<8}{what}: {} errors, none allowed", tally.errors);
        if let Some(example) = &tally.example {
            println!("        {example}");
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.part {
        Some(Part::Client) => client::main(),
        None => measure(&cli),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("bench-http: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn measure(cli: &Cli) -> Outcome<ExitCode> {
    if std::env::var_os(testkit::cluster::TEST_DATABASE_URL).is_some() {
        return Err("unset TEST_DATABASE_URL: the benchmark measures a server of its own".into());
    }
    let mut verdict = Verdict::default();
    println!("{} tenants with {} posts each", cli.tenants, cli.posts);
    let world = World::start(cli.tenants, cli.posts).await?;
    beside_thin(cli, &world, &mut verdict).await?;
    for (side, operation, name) in [
        (&world.product, Operation::List, "list"),
        (&world.product, Operation::Read, "read"),
        (&world.keyed, Operation::List, "list by key"),
    ] {
        let found = world.statements(side, operation, COUNTED).await?;
        verdict.target(
            &format!("statements of a {name}, begin included"),
            found,
            STATEMENTS,
        );
    }
    hang_up(cli, &world, &mut verdict).await?;
    drop(world);

    let few = list_p50(cli, 10, &mut verdict).await?;
    let many = list_p50(cli, cli.many, &mut verdict).await?;
    let what = format!(
        "list p50 with {} tenants over that with 10 ({few:.2} ms)",
        cli.many
    );
    verdict.target(&what, many / few, 1.8);
    let failed = verdict.errors > 0 || (cli.strict && verdict.missed > 0);
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Processor time of each operation against that of the thin service.
async fn beside_thin(cli: &Cli, world: &World, verdict: &mut Verdict) -> Outcome<()> {
    println!(
        "{:<8}{:<9}{:>9}{:>9}{:>9}{:>8}{:>10}{:>10}{:>10}",
        "", "", "req/s", "p50 ms", "p99 ms", "errors", "server", "postgres", "CPU ms"
    );
    let mut ratios = Vec::new();
    let mut all = Tally::default();
    for (name, product, operation, most) in [
        ("list", &world.product, Operation::List, 1.6),
        ("by key", &world.keyed, Operation::List, 1.6),
        ("read", &world.product, Operation::Read, 2.0),
        ("create", &world.product, Operation::Create, 3.0),
    ] {
        let sides = [product, &world.thin];
        for side in sides {
            all.add(world.call(side, operation, Mode::Each).await?);
        }
        let mut scores = [Score::default(), Score::default()];
        for round in 0..ROUNDS {
            // Who goes first changes with each round.
            let first = usize::from(round % 2 == 1);
            for which in [first, 1 - first] {
                play(cli, world, sides[which], operation, &mut scores[which]).await?;
            }
        }
        let [product, thin] = scores;
        product.print(name, "product");
        thin.print(name, "thin");
        ratios.push((name, product.cost() / thin.cost(), most));
        all.add(product.tally);
        all.add(thin.tally);
    }
    for (name, ratio, most) in ratios {
        verdict.target(
            &format!("CPU of a {name} over the thin service's"),
            ratio,
            most,
        );
    }
    verdict.none("under load", &all);
    Ok(())
}

async fn play(
    cli: &Cli,
    world: &World,
    side: &Side,
    operation: Operation,
    score: &mut Score,
) -> Outcome<()> {
    let millis = u64::from(cli.seconds) * 1_000 / u64::from(ROUNDS);
    let before = world.processor_time().await?;
    let tally = world.call(side, operation, Mode::For(millis)).await?;
    let after = world.processor_time().await?;
    score.tally.add(tally);
    score.server += after.server - before.server;
    score.postgres += after.postgres_since(&before);
    Ok(())
}

/// Callers that go away in the middle must leave nothing behind.
async fn hang_up(cli: &Cli, world: &World, verdict: &mut Verdict) -> Outcome<()> {
    let mut after = Tally::default();
    for operation in [Operation::List, Operation::Read, Operation::Create] {
        let leave = Mode::HangUp(HANG_UPS / 3 + 1);
        after.add(world.call(&world.product, operation, leave).await?);
    }
    for operation in [Operation::List, Operation::Read, Operation::Create] {
        let millis = u64::from(cli.seconds) * 1_000 / 3;
        after.add(
            world
                .call(&world.product, operation, Mode::For(millis))
                .await?,
        );
    }
    verdict.none("after a thousand callers that hang up", &after);
    Ok(())
}

/// The median of lists with so many tenants, each of which has been seen before; milliseconds.
async fn list_p50(cli: &Cli, tenants: usize, verdict: &mut Verdict) -> Outcome<f64> {
    let world = World::start(tenants, cli.posts).await?;
    let mut tally = world
        .call(&world.product, Operation::List, Mode::Each)
        .await?;
    let errors = tally.errors;
    let timed = Mode::For(u64::from(cli.seconds) * 1_000);
    tally = world.call(&world.product, Operation::List, timed).await?;
    tally.errors += errors;
    verdict.none(&format!("lists of {tenants} tenants"), &tally);
    Ok(tally.percentile(50))
}
