//! Log lines on the console; traces and metrics to an OTLP receiver when one is configured.

use std::time::Duration;

use kernel::{Error, Result};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::modules::MODULES;
use crate::settings::Telemetry;

/// Sends what is still held back when it ends.
#[derive(Debug, Default)]
pub struct Guard {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
}

/// Starts telemetry for the whole process.
///
/// # Errors
/// [`Error::BadRequest`] when the filter cannot be read or the exporter not be built.
pub fn start(settings: &Telemetry) -> Result<Guard> {
    let filter = EnvFilter::try_new(&settings.log).map_err(|error| {
        Error::bad_request("settings", format!("Settings: telemetry.log: {error}"))
    })?;
    let console = if settings.log_format == "json" {
        tracing_subscriber::fmt::layer().json().boxed()
    } else {
        tracing_subscriber::fmt::layer()
            .with_target(false)
            .compact()
            .boxed()
    };
    let registry = tracing_subscriber::registry().with(console.with_filter(filter));
    if settings.otlp_endpoint.is_empty() {
        registry.try_init().map_err(Error::internal)?;
        return Ok(Guard::default());
    }
    let (traces, metrics) = providers(&settings.otlp_endpoint)?;
    opentelemetry::global::set_meter_provider(metrics.clone());
    // Spans of requests and jobs, not the chatter of libraries.
    let platform = [
        "server",
        "worker",
        "module",
        "tenants",
        "accounts",
        "messaging",
        "files",
    ];
    let modules = MODULES.iter().map(|module| module.manifest().key);
    let targets = platform.into_iter().chain(modules);
    let ours: Vec<String> = targets.map(|target| format!("{target}=info")).collect();
    let ours = EnvFilter::new(format!("off,{}", ours.join(",")));
    let spans = tracing_opentelemetry::layer()
        .with_tracer(traces.tracer("atelier"))
        .with_filter(ours);
    registry.with(spans).try_init().map_err(Error::internal)?;
    Ok(Guard {
        traces: Some(traces),
        metrics: Some(metrics),
    })
}

fn providers(endpoint: &str) -> Result<(SdkTracerProvider, SdkMeterProvider)> {
    let refuse = |error: &dyn std::fmt::Display| {
        Error::bad_request("settings", format!("telemetry.otlp_endpoint: {error}"))
    };
    let resource = Resource::builder().with_service_name("atelier").build();
    let spans = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .with_timeout(Duration::from_secs(5))
        .build()
        .map_err(|error| refuse(&error))?;
    let numbers = opentelemetry_otlp::MetricExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{endpoint}/v1/metrics"))
        .with_timeout(Duration::from_secs(5))
        .build()
        .map_err(|error| refuse(&error))?;
    let traces = SdkTracerProvider::builder()
        .with_batch_exporter(spans)
        .with_resource(resource.clone())
        .build();
    let metrics = SdkMeterProvider::builder()
        .with_periodic_exporter(numbers)
        .with_resource(resource)
        .build();
    Ok((traces, metrics))
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(traces) = self.traces.take()
            && let Err(error) = traces.shutdown()
        {
            tracing::warn!(%error, "the last traces were not sent");
        }
        if let Some(metrics) = self.metrics.take()
            && let Err(error) = metrics.shutdown()
        {
            tracing::warn!(%error, "the last metrics were not sent");
        }
    }
}
