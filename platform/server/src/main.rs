//! The binary `atelier`.

use clap::Parser as _;
use server::commands::{Cli, run};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        eprintln!("atelier: another TLS provider is installed already");
        return std::process::ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("atelier: {error}");
            return std::process::ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(cli)) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(kernel::Error::Internal { source, .. }) => {
            eprintln!("atelier: {source}");
            std::process::ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("atelier: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}
