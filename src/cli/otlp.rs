//! Spans for a collector that speaks OTLP over HTTP, named as OpenTelemetry has it:
//! `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, with their `…_HEADERS` and
//! `…_TIMEOUT`; `OTEL_SERVICE_NAME` instead of `recto`; `OTEL_BSP_…` for the batches.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer};

/// Where the environment may name a collector.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
/// Which spans go there, as `RUST_LOG` says it for lines.
const FILTER: &str = "RECTO_OTLP_FILTER";
/// Those of a page's stages too, and nobody else's: what sends them must not send its own.
const USUAL: &str = "recto=debug";
/// A collector that takes longer for a batch is not waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends spans as long as it lives; its end sends those that are left.
#[derive(Debug)]
pub(super) struct Spans(SdkTracerProvider);

impl Spans {
    /// Begins, where a collector is named.
    pub(super) fn start() -> Option<Self> {
        let named = |name: &&str| std::env::var(name).is_ok_and(|value| !value.is_empty());
        ENDPOINTS.iter().find(|name| named(name))?;
        let exporter = SpanExporter::builder().with_http().with_http_client(Client::new()).build();
        let exporter = match exporter {
            Ok(exporter) => exporter,
            Err(error) => {
                super::console::to_stderr(format_args!(
                    "recto: warning: spans are sent nowhere: {error}"
                ));
                return None;
            }
        };
        let mut resource = Resource::builder();
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name("recto");
        }
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.build())
            .build();
        Some(Self(provider))
    }

    /// What listens to spans.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let filter = std::env::var(FILTER).ok().filter(|filter| !filter.is_empty());
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("recto"))
            .with_filter(EnvFilter::new(filter.as_deref().unwrap_or(USUAL)))
    }
}

impl Drop for Spans {
    fn drop(&mut self) {
        // A collector that is gone is nothing to fail for.
        let _ = self.0.shutdown();
    }
}

/// The program's own client of HTTP.
#[derive(Debug)]
struct Client(ureq::Agent);

impl Client {
    fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .build();
        Self(config.into())
    }
}

#[async_trait]
impl HttpClient for Client {
    /// Blocks: batches are sent by a thread of their own.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let answer = self.0.run(Request::from_parts(parts, body.to_vec()))?;
        let (parts, mut body) = answer.into_parts();
        Ok(Response::from_parts(parts, body.read_to_vec()?.into()))
    }
}
