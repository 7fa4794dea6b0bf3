//! The throw-away PostgreSQL server of a task.

use localdb::{Config, LocalServer};

use crate::Outcome;

pub async fn start() -> Outcome<LocalServer> {
    LocalServer::start(Config::throwaway())
        .await
        .map_err(|error| error.to_string())
}
