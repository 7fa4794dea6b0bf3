//! The tasks of a developer: `cargo dev test`, `check`, `prepare` and `bench`.

mod bench;
mod check;
mod cluster;
mod openapi;
mod prepare;
mod schemathesis;
mod setup;
mod shell;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// Tasks of a developer. Each works on a fresh machine.
#[derive(Parser)]
#[command(bin_name = "cargo dev", version)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Make the generated files anew: .sqlx in each crate with statements, docs/openapi.json
    Prepare,
    /// Run every test, browser tests included; installs what the machine lacks where it may
    Test(TestArgs),
    /// What CI runs: format, lints, generated files, tests
    Check(CheckArgs),
    /// Measure
    Bench(BenchArgs),
}

#[derive(Args)]
struct TestArgs {
    /// Go to `cargo test` (without any, the whole workspace is tested), such as: -p blog posts
    #[arg(last = true)]
    arguments: Vec<String>,
}

#[derive(Args)]
struct CheckArgs {
    /// Do not hold the API against its description by made-up requests; for machines without python3 or a network
    #[arg(long)]
    without_schemathesis: bool,
}

#[derive(Args)]
struct BenchArgs {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Requests per second, latency and CPU per request, next to a thin service on the same data
    Http {
        /// Go to the benchmark
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// The queue of 10,000 comments at the database, next to the same query without row security
    Comments {
        /// Go to the benchmark
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Searches in a large tenant at the database, next to the same query without row security
    Search {
        /// Go to the benchmark
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

/// A task that failed, in words for the person at the terminal.
type Outcome<T> = Result<T, String>;

fn main() -> ExitCode {
    // `prepare` starts the compiler through this program.
    if let Some(folder) = std::env::var_os(prepare::COLLECT) {
        return prepare::stand_before_rustc(&folder);
    }
    let cli = Cli::parse();
    match run(cli.task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| format!("No runtime: {error}"))?;
    runtime.block_on(async {
        // A Ctrl-C ends the program that runs in the foreground; this one then cleans up. The handler stays for good.
        let _interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
        match task {
            Task::Prepare => prepare::prepare().await,
            Task::Test(TestArgs { arguments }) => test::test(&arguments).await,
            Task::Check(arguments) => check::check(arguments.without_schemathesis).await,
            Task::Bench(BenchArgs {
                bench: Bench::Http { arguments },
            }) => bench::run("http", &arguments),
            Task::Bench(BenchArgs {
                bench: Bench::Comments { arguments },
            }) => bench::run("comments", &arguments),
            Task::Bench(BenchArgs {
                bench: Bench::Search { arguments },
            }) => bench::run("search", &arguments),
        }
    })
}
