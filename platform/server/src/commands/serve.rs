//! `atelier serve`: from settings to a running server, and back.

use std::sync::Arc;
use std::time::Duration;

use database::Change;
use database::notify::Listener;
use kernel::{Clock, Email, Error, Result};
use services::{MailSettings, Mailer};
use sqlx::PgPool;
use tenant_resolver::Proxies;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::demo::{self, LogIn};
use crate::http::listener::{self, Limits};
use crate::modules;
use crate::platform::{Parts, Platform};
use crate::settings::{Settings, Stage};
use crate::store::{Store, migrates_itself};
use crate::telemetry;

/// Builds the platform as the settings say.
pub fn platform(
    settings: &Settings,
    tenant_pool: PgPool,
    platform_pool: PgPool,
) -> Result<Platform> {
    let mailer = Mailer::new(&MailSettings {
        smtp_url: settings.mail.smtp_url.expose().map(str::to_owned),
        sender: Email::parse(&settings.mail.from_address)?,
    })?;
    let proxies = Proxies::parse(&settings.http.trusted_proxies).map_err(|error| {
        Error::bad_request(
            "settings",
            format!("Settings: http.trusted_proxies: {error}"),
        )
    })?;
    Platform::build(Parts {
        development: settings.environment == Stage::Development,
        links: settings.links()?,
        clock: Clock::system(),
        tenant_pool,
        platform_pool,
        binding: settings.database.binding()?,
        mailer,
        proxies,
        files: settings.files()?,
        http: settings.http.clone(),
        access: settings.access.clone(),
        job_limit: settings.worker.job_limit(),
        billing_operators: settings.billing.operators()?,
    })
}

/// Serves until a signal says stop. Without `pages` only jobs are run.
pub async fn serve(settings: Settings, pages: bool) -> Result<()> {
    let _telemetry = telemetry::start(&settings.telemetry)?;
    // Taken first: a second server on the same port should fail before it touches anything.
    let listener = if pages {
        Some(listen(&settings).await?)
    } else {
        None
    };
    if settings.environment == Stage::Development && Store::is_new(&settings) {
        // Beside the database, which leaves a core idle while it is made. What fails here fails again where it is needed.
        tokio::spawn(demo::prepare());
    }
    let store = Store::open(&settings).await?;
    if migrates_itself(&settings) {
        store.migrate().await?;
    }
    let (tenant_pool, platform_pool) = store.connect().await?;
    let platform = Arc::new(platform(
        &settings,
        tenant_pool.clone(),
        platform_pool.clone(),
    )?);
    platform.catalog.seed().await?;
    platform.catalog.verify(&modules::manifests()).await?;
    if settings.environment == Stage::Development {
        let log_ins = demo::load(&platform).await?;
        if pages {
            announce(&platform, &log_ins);
        }
    }
    let stop = CancellationToken::new();
    let heard = {
        let platform = Arc::clone(&platform);
        Listener::new(store.owner.clone()).start(stop.clone(), move |change| {
            platform.forget(change);
            if matches!(change, Change::Work | Change::Everything) {
                platform.worker.wake();
            }
        })
    };
    let working = (settings.worker.enabled || !pages).then(|| {
        let (platform, stop) = (Arc::clone(&platform), stop.clone());
        tokio::spawn(async move { platform.worker.run(stop).await })
    });
    let counting = {
        let (platform, stop) = (Arc::clone(&platform), stop.clone());
        tokio::spawn(async move { write_usage(&platform, &stop).await })
    };
    let serving = listener.map(|listener| {
        let limits = Limits {
            headers: settings.http.header_timeout(),
            drain: settings.http.drain_timeout(),
        };
        tokio::spawn(listener::serve(
            listener,
            platform.router.clone(),
            limits,
            stop.clone(),
        ))
    });
    asked_to_stop().await?;
    tracing::info!("stopping: running requests and jobs may end");
    platform.health.drain();
    tokio::time::sleep(settings.http.drain_delay()).await;
    stop.cancel();
    if let Some(serving) = serving
        && !serving.await.map_err(Error::internal)?
    {
        tracing::warn!("some requests did not end in time");
    }
    if let Some(working) = working {
        working.await.map_err(Error::internal)?;
    }
    counting.await.map_err(Error::internal)?;
    heard.await.map_err(Error::internal)?;
    tenant_pool.close().await;
    platform_pool.close().await;
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Writes now and then how often keys were used, and once more at the end.
async fn write_usage(platform: &Platform, stop: &CancellationToken) {
    let mut running = true;
    while running {
        running = stop
            .run_until_cancelled(tokio::time::sleep(Duration::from_secs(30)))
            .await
            .is_some();
        if let Err(error) = platform.access.write_usage(platform.app.now()).await {
            tracing::warn!(%error, "the use of keys could not be noted");
        }
    }
}

async fn listen(settings: &Settings) -> Result<TcpListener> {
    let address = settings.http.listen;
    TcpListener::bind(address).await.map_err(|error| {
        Error::bad_request(
            "listen",
            format!("Cannot listen on {address}: {error}. Set ATELIER__HTTP__LISTEN and ATELIER__HTTP__BASE_URL to another port."),
        )
    })
}

/// Waits for the signals that end a service: SIGTERM, and Ctrl+C.
async fn asked_to_stop() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::internal)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::internal)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

fn announce(platform: &Platform, log_ins: &[LogIn]) {
    let links = platform.app.links();
    println!("\n  Atelier            {}", links.base("/"));
    println!("  Mail that was sent {}", links.base("/_mail"));
    println!("  Components         {}\n", links.base("/_gallery"));
    for log_in in log_ins {
        println!(
            "  {:18} {}",
            log_in.workspace,
            links.tenant(log_in.slug, "/app")
        );
        println!("  {:18} {} / {}", "", log_in.email, log_in.password);
    }
    let operator = demo::OPERATOR;
    println!("  {:18} {}", "Operator console", links.ops("/"));
    println!("  {:18} {} / {}", "", operator.email, operator.password);
    println!();
}
