//! Counts, in the text format of Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::ChildCounts;

/// What happened since the server was started.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    /// By path and status. Paths that the server does not have are counted as one.
    requests: Mutex<BTreeMap<(String, u16), u64>>,
    pages: AtomicU64,
    bytes: AtomicU64,
    reads: AtomicU64,
    milliseconds: AtomicU64,
    cache_hits: AtomicU64,
    cache_misses: AtomicU64,
}

impl Metrics {
    pub(super) fn answered(&self, path: &str, status: u16) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((path.to_owned(), status)).or_default() += 1;
    }

    /// Notes a document that was read.
    pub(super) fn read(&self, pages: usize, bytes: u64, time: Duration) {
        let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.pages.fetch_add(pages as u64, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.milliseconds.fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// Notes what a provider's cache did.
    pub(super) fn cached(&self, hit: bool) {
        let count = if hit { &self.cache_hits } else { &self.cache_misses };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// The text, with the numbers of reads that run and wait at the moment.
    pub(super) fn text(&self, (running, waiting): (usize, usize)) -> String {
        let mut text = String::new();
        head(&mut text, "recto_requests_total", "counter", "Answered requests.");
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        for ((path, status), count) in requests.iter() {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "recto_requests_total{{path=\"{path}\",status=\"{status}\"}} {count}"
            );
        }
        let seconds = self.milliseconds.load(Ordering::Relaxed) as f64 / 1000.0;
        let reads = self.reads.load(Ordering::Relaxed);
        head(&mut text, "recto_read_seconds", "summary", "Time from request to answer of reads.");
        let _ =
            writeln!(text, "recto_read_seconds_sum {seconds}\nrecto_read_seconds_count {reads}");
        for (name, kind, help, value) in [
            ("recto_pages_total", "counter", "Pages read.", self.pages.load(Ordering::Relaxed)),
            (
                "recto_document_bytes_total",
                "counter",
                "Size of the documents read.",
                self.bytes.load(Ordering::Relaxed),
            ),
            (
                "recto_cache_hits_total",
                "counter",
                "Answers from the cache.",
                self.cache_hits.load(Ordering::Relaxed),
            ),
            (
                "recto_cache_misses_total",
                "counter",
                "Answers that the cache did not have.",
                self.cache_misses.load(Ordering::Relaxed),
            ),
            ("recto_reads_running", "gauge", "Reads under way.", running as u64),
            ("recto_reads_waiting", "gauge", "Requests received or waiting.", waiting as u64),
        ] {
            line(&mut text, name, kind, help, value);
        }
        text
    }
}

/// Stored files and their bytes.
pub(super) fn files_text((files, bytes): (u64, u64)) -> String {
    let mut text = String::new();
    for (name, help, value) in [
        ("recto_files", "Stored files.", files),
        ("recto_file_bytes", "Size of the stored files.", bytes),
    ] {
        line(&mut text, name, "gauge", help, value);
    }
    text
}

/// Child processes, and why others had to be started in their place.
pub(super) fn children_text(children: &ChildCounts) -> String {
    let mut text = String::new();
    line(&mut text, "recto_children", "gauge", "Child processes that read pages.", children.living);
    let help = "Resident memory of the child processes.";
    line(&mut text, "recto_child_memory_bytes", "gauge", help, children.memory_bytes);
    let help = "Child processes that ended, by the reason.";
    head(&mut text, "recto_child_restarts_total", "counter", help);
    for (reason, count) in [
        ("crash", children.crashed),
        ("memory", children.out_of_memory),
        ("killed", children.killed),
        ("timeout", children.timed_out),
        ("cancelled", children.cancelled),
        ("recycled", children.recycled),
    ] {
        let _ = writeln!(text, "recto_child_restarts_total{{reason=\"{reason}\"}} {count}");
    }
    text
}

/// A count.
pub(super) fn line(text: &mut String, name: &str, kind: &str, help: &str, value: u64) {
    head(text, name, kind, help);
    let _ = writeln!(text, "{name} {value}");
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}
