//! Where the library's log goes: to standard error, and to a collector where one is named.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::prelude::*;

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// A log that goes somewhere, as long as this lives.
#[derive(Debug)]
pub(super) struct Logging {
    /// Whether lines go to standard error.
    pub(super) lines: bool,
    #[cfg(feature = "otlp")]
    _spans: Option<super::otlp::Spans>,
}

/// Sends the library's log to standard error, if that was asked for, and its spans to the collector that
/// the environment names, in a build that can.
pub(super) fn start(verbose: u8, format: Option<LogFormat>) -> Logging {
    let lines = filter(verbose, format).map(|filter| {
        let lines = layer().with_writer(std::io::stderr);
        match format {
            Some(LogFormat::Json) => {
                lines.json().flatten_event(true).with_current_span(false).boxed()
            }
            _ => lines.boxed(),
        }
        .with_filter(filter)
    });
    let has_lines = lines.is_some();
    let subscriber = tracing_subscriber::registry().with(lines);
    #[cfg(not(feature = "otlp"))]
    {
        // Nobody can be told if this fails; only a second call would.
        let started = has_lines && subscriber.try_init().is_ok();
        Logging { lines: started }
    }
    #[cfg(feature = "otlp")]
    {
        let spans = super::otlp::Spans::start();
        let layer = spans.as_ref().map(super::otlp::Spans::layer);
        let started = (has_lines || layer.is_some()) && subscriber.with(layer).try_init().is_ok();
        Logging { lines: started && has_lines, _spans: spans }
    }
}

/// What of the log is written; `None` if nothing was asked for.
fn filter(verbose: u8, format: Option<LogFormat>) -> Option<EnvFilter> {
    let named = std::env::var("RUST_LOG").is_ok_and(|filter| !filter.is_empty());
    match verbose {
        _ if named => Some(EnvFilter::from_default_env()),
        0 if format.is_none() => None,
        0 | 1 => Some(EnvFilter::new("recto=info")),
        2 => Some(EnvFilter::new("recto=debug")),
        _ => Some(EnvFilter::new("trace")),
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::time::{Duration, Instant};

    /// A page has about ten spans and takes a millisecond at least: even a microsecond each, in a build
    /// without optimisation on a busy machine, would be one per cent.
    #[test]
    fn a_span_that_nobody_listens_to_costs_nothing_to_speak_of() {
        const SPANS: u32 = 100_000;
        let began = Instant::now();
        for page in 0..SPANS {
            let _span = tracing::debug_span!("page", page = black_box(page)).entered();
        }
        let each = began.elapsed() / SPANS;
        assert!(each < Duration::from_micros(1), "{each:?}");
    }
}
