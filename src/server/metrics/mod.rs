//! What happened since the server was started, in the text format of Prometheus. docs/observability.md
//! lists every metric.
//!
//! Labels have few values whatever clients and documents say: paths are those of the router, stages and
//! engines those that are known here.

mod process;
mod text;

use std::sync::Arc;
use std::time::Duration;

use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};

use crate::document::TextSource;
use crate::progress::{Event, Progress};

pub(super) use text::{children_text, files_text, line};

/// Seconds of requests: a cached answer takes milliseconds, a long scan minutes.
const REQUEST: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0,
];
/// Seconds of waiting: none on an idle server.
const WAIT: &[f64] = &[0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0];
/// Seconds of one stage of one page: a text layer takes a millisecond, recognition up to seconds.
const STAGE: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// The stages that have a name of their own (see `Document::timings`). Times come from child processes
/// too, which are not trusted to invent labels.
const STAGES: [&str; 9] = [
    "text_layer",
    "render",
    "decode",
    "ocr",
    "second_reading",
    "tables",
    "layout",
    "enrichment",
    "total",
];
/// What other values of a label are counted as.
const OTHER: &str = "other";

/// Counts and times.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    request_seconds: HistogramVec,
    received: IntCounter,
    waited: Histogram,
    read_seconds: Histogram,
    pages: IntCounter,
    bytes: IntCounter,
    cache_hits: IntCounter,
    cache_misses: IntCounter,
    engine_pages: IntCounterVec,
    engine_words: IntCounterVec,
    engine_failures: IntCounter,
    stages: HistogramVec,
    running: IntGauge,
    waiting: IntGauge,
}

impl Metrics {
    // Only names that are malformed or come twice are refused, and these are constants.
    #[expect(clippy::expect_used, reason = "names are constants, and every test makes them")]
    pub(super) fn new() -> Self {
        let registry = Registry::new();
        let known = "a metric with a name of its own";
        let counter = |name, help| {
            let counter = IntCounter::new(name, help).expect(known);
            registry.register(Box::new(counter.clone())).expect(known);
            counter
        };
        let counters = |name, help, labels: &[&str]| {
            let counters = IntCounterVec::new(Opts::new(name, help), labels).expect(known);
            registry.register(Box::new(counters.clone())).expect(known);
            counters
        };
        let gauge = |name, help| {
            let gauge = IntGauge::new(name, help).expect(known);
            registry.register(Box::new(gauge.clone())).expect(known);
            gauge
        };
        let histogram = |name, help, bounds: &[f64]| {
            let options = HistogramOpts::new(name, help).buckets(bounds.to_vec());
            let histogram = Histogram::with_opts(options).expect(known);
            registry.register(Box::new(histogram.clone())).expect(known);
            histogram
        };
        let histograms = |name, help, bounds: &[f64], label| {
            let options = HistogramOpts::new(name, help).buckets(bounds.to_vec());
            let histograms = HistogramVec::new(options, &[label]).expect(known);
            registry.register(Box::new(histograms.clone())).expect(known);
            histograms
        };
        let build = Opts::new("recto_build_info", "The program; always 1.")
            .const_label("version", env!("CARGO_PKG_VERSION"));
        let build = IntGauge::with_opts(build).expect(known);
        build.set(1);
        registry.register(Box::new(build)).expect(known);
        Self {
            requests: counters("recto_requests_total", "Answered requests.", &["path", "status"]),
            request_seconds: histograms(
                "recto_request_seconds",
                "Time from a request's head to the head of its answer.",
                REQUEST,
                "path",
            ),
            received: counter("recto_received_bytes_total", "Bytes of requests' bodies."),
            waited: histogram(
                "recto_queue_wait_seconds",
                "Time that reads waited for their turn, their requests being complete.",
                WAIT,
            ),
            read_seconds: histogram(
                "recto_read_seconds",
                "Time from request to answer of reads.",
                REQUEST,
            ),
            pages: counter("recto_pages_total", "Pages read."),
            bytes: counter("recto_document_bytes_total", "Size of the documents read."),
            cache_hits: counter("recto_cache_hits_total", "Answers from the cache."),
            cache_misses: counter(
                "recto_cache_misses_total",
                "Answers that the cache did not have.",
            ),
            engine_pages: counters(
                "recto_engine_pages_total",
                "Pages read by the engine of this machine, by what gave their text.",
                &["engine"],
            ),
            engine_words: counters(
                "recto_engine_words_total",
                "Words of those pages, by what gave them.",
                &["engine"],
            ),
            engine_failures: counter(
                "recto_engine_page_failures_total",
                "Pages that could not be read by the engine of this machine.",
            ),
            stages: histograms(
                "recto_stage_seconds",
                "Time of a stage of reading: of one page, or of a document for layout, enrichment \
                 and total.",
                STAGE,
                "stage",
            ),
            running: gauge("recto_reads_running", "Reads under way."),
            waiting: gauge("recto_reads_waiting", "Requests received or waiting."),
            registry,
        }
    }

    /// Notes an answer. `path` is one of the router's, or "other".
    pub(super) fn answered(&self, path: &str, status: u16, time: Duration) {
        self.requests.with_label_values(&[path, &status.to_string()]).inc();
        self.request_seconds.with_label_values(&[path]).observe(time.as_secs_f64());
    }

    /// Notes a part of a request's body.
    pub(super) fn received(&self, bytes: usize) {
        self.received.inc_by(bytes as u64);
    }

    /// Notes that a read's turn came.
    pub(super) fn waited(&self, time: Duration) {
        self.waited.observe(time.as_secs_f64());
    }

    /// Notes a document that was read.
    pub(super) fn read(&self, pages: usize, bytes: u64, time: Duration) {
        self.pages.inc_by(pages as u64);
        self.bytes.inc_by(bytes);
        self.read_seconds.observe(time.as_secs_f64());
    }

    /// Notes what a provider's cache did.
    pub(super) fn cached(&self, hit: bool) {
        let count = if hit { &self.cache_hits } else { &self.cache_misses };
        count.inc();
    }

    /// The text, with the numbers of reads that run and wait at the moment.
    pub(super) fn text(&self, (running, waiting): (usize, usize)) -> String {
        self.running.set(i64::try_from(running).unwrap_or(i64::MAX));
        self.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        let mut text =
            TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_else(|error| {
                // Families without a metric are all that is refused, and none is gathered.
                tracing::error!(%error, "metrics could not be written");
                String::new()
            });
        text.push_str(&process::text());
        text
    }

    fn stage(&self, name: &str, seconds: f64) {
        let name = STAGES.into_iter().find(|known| *known == name).unwrap_or(OTHER);
        // What a child process says is no more than a number.
        if seconds.is_finite() && seconds >= 0.0 {
            self.stages.with_label_values(&[name]).observe(seconds);
        }
    }
}

/// Takes note of what engines tell of their reads.
#[derive(Debug)]
pub(super) struct Watch(pub(super) Arc<Metrics>);

impl Progress for Watch {
    fn on_event(&self, event: &Event) {
        let metrics = &self.0;
        match event {
            Event::PageRead { words, text_source, engine, timings, .. } => {
                let engine = match (engine, text_source) {
                    (Some(engine), _) => engine.name(),
                    (None, TextSource::TextLayer) => "text_layer",
                    (None, _) => "none",
                };
                metrics.engine_pages.with_label_values(&[engine]).inc();
                metrics.engine_words.with_label_values(&[engine]).inc_by(*words as u64);
                for (stage, seconds) in &timings.0 {
                    metrics.stage(stage, *seconds);
                }
            }
            Event::PageFailed { .. } => metrics.engine_failures.inc(),
            Event::DocumentRead { timings } => {
                for (stage, seconds) in &timings.0 {
                    metrics.stage(stage, *seconds);
                }
            }
            Event::Opened { .. } | Event::PageDone { .. } | Event::Warned(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Timings;
    use crate::options::OcrEngine;

    fn page(engine: Option<OcrEngine>, text_source: TextSource, stage: &str, time: f64) -> Event {
        let mut timings = Timings::default();
        timings.add(stage, time);
        Event::PageRead { page: 0, words: 3, text_source, engine, timings }
    }

    #[test]
    fn what_the_engine_tells_is_counted_under_few_names() {
        let metrics = Arc::new(Metrics::new());
        let watch = Watch(Arc::clone(&metrics));
        watch.on_event(&page(None, TextSource::TextLayer, "text_layer", 0.002));
        watch.on_event(&page(Some(OcrEngine::Tesseract), TextSource::Ocr, "ocr", 0.7));
        watch.on_event(&page(None, TextSource::None, "made\"up\n", 0.1));
        watch.on_event(&page(None, TextSource::None, "ocr", f64::NAN));
        watch.on_event(&page(None, TextSource::None, "ocr", -1.0));
        watch.on_event(&Event::PageFailed { page: 1, message: String::new() });
        let text = metrics.text((2, 5));
        for line in [
            "recto_engine_pages_total{engine=\"text_layer\"} 1",
            "recto_engine_pages_total{engine=\"tesseract\"} 1",
            "recto_engine_pages_total{engine=\"none\"} 3",
            "recto_engine_words_total{engine=\"tesseract\"} 3",
            "recto_engine_page_failures_total 1",
            "recto_stage_seconds_bucket{stage=\"ocr\",le=\"0.5\"} 0",
            "recto_stage_seconds_bucket{stage=\"ocr\",le=\"1\"} 1",
            "recto_stage_seconds_count{stage=\"ocr\"} 1",
            "recto_stage_seconds_count{stage=\"other\"} 1",
            "recto_reads_running 2",
            "recto_reads_waiting 5",
        ] {
            assert!(text.lines().any(|l| l == line), "{line:?} is not in\n{text}");
        }
        assert!(!text.contains("made"), "{text}");
    }
}
