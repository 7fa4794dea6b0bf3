//! The sub-commands of `atelier`.

mod database;
pub mod operator;
mod serve;

use clap::{Parser, Subcommand};
use kernel::Result;

use crate::settings::Settings;

/// Run the studio, not the paperwork: a multi-tenant platform for creative businesses.
#[derive(Debug, Parser)]
#[command(name = "atelier", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve requests and run jobs (the default).
    Serve,
    /// Run jobs only.
    Work,
    /// Make the database's roles and apply missing migrations.
    Migrate,
    /// Load the demo: two studios with people and posts. Does nothing when it is there already.
    Seed,
    /// Print the description of the API (OpenAPI 3.1) as JSON.
    Openapi,
    /// Print every route with who may enter.
    Routes,
    /// Care for those who run the platform.
    Operator {
        #[command(subcommand)]
        command: operator::Command,
    },
    /// Care for the private database server.
    Db {
        #[command(subcommand)]
        command: database::Command,
    },
}

/// Runs the command that was asked for.
///
/// # Errors
/// Whatever stops it; the message says what to do.
pub async fn run(cli: Cli) -> Result<()> {
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::serve(Settings::load()?, true).await,
        Command::Work => serve::serve(Settings::load()?, false).await,
        Command::Migrate => database::migrate(&Settings::load()?).await,
        Command::Seed => database::seed(&Settings::load()?).await,
        Command::Openapi => {
            println!(
                "{}",
                serde_json::to_string_pretty(&crate::openapi::description())?
            );
            Ok(())
        }
        Command::Routes => {
            let mut routes = crate::router::Table::new(true).facts();
            routes.sort();
            for route in routes {
                println!("{:6} {:60} {:?}", route.method, route.path, route.gate);
            }
            Ok(())
        }
        Command::Operator { command } => operator::run(&Settings::load()?, command).await,
        Command::Db { command } => database::run(&command),
    }
}
