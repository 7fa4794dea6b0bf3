//! Commands about the database.

use clap::Subcommand;
use kernel::{Error, Result};

use crate::settings::Settings;
use crate::store::Store;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fetch PostgreSQL for a machine that has none and whose packages cannot be installed.
    Fetch,
}

pub fn run(command: &Command) -> Result<()> {
    match command {
        Command::Fetch => {
            let binaries = localdb::fetch().map_err(Error::internal)?;
            println!("PostgreSQL is in {}", binaries.dir.display());
            Ok(())
        }
    }
}

pub async fn migrate(settings: &Settings) -> Result<()> {
    let store = Store::open(settings).await?;
    let applied = store.migrate().await?;
    for step in &applied {
        println!(
            "applied {} {} {}",
            step.owner, step.version, step.description
        );
    }
    println!("{} migrations applied", applied.len());
    store.close().await;
    Ok(())
}

pub async fn seed(settings: &Settings) -> Result<()> {
    let store = Store::open(settings).await?;
    let (tenant_pool, platform_pool) = store.connect().await?;
    let platform = super::serve::platform(settings, tenant_pool, platform_pool)?;
    platform.catalog.seed().await?;
    for log_in in crate::demo::load(&platform).await? {
        println!(
            "{} {} / {}",
            log_in.workspace, log_in.email, log_in.password
        );
    }
    store.close().await;
    Ok(())
}
