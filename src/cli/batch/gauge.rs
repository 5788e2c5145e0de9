//! How far a run is: a bar for people who watch, a line now and then for logs.

use std::fmt::{Display, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use recto::{Event, Progress};

use crate::cli::console::Console;

/// How often the bar is drawn anew between documents.
const TICK: Duration = Duration::from_millis(250);

/// How often a line is written where nobody watches.
const LINE_EVERY: Duration = Duration::from_secs(60);

const TEMPLATE: &str = "[{bar:24}] {pos}/{len} documents{outlook}";

/// Pages that were read, by all documents together.
#[derive(Clone, Debug, Default)]
pub(super) struct Pages(Arc<AtomicU64>);

impl Pages {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Progress for Pages {
    fn on_event(&self, event: &Event) {
        if matches!(event, Event::PageDone { .. } | Event::PageFailed { .. }) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Shows how far a run is.
#[derive(Debug)]
pub(super) struct Gauge<'a> {
    console: &'a Console,
    bar: ProgressBar,
    pages: Pages,
    started: Instant,
    last_line: Instant,
    failed: Arc<AtomicU64>,
}

impl<'a> Gauge<'a> {
    /// For a run of so many documents.
    pub(super) fn new(documents: usize, console: &'a Console) -> Self {
        let pages = Pages::default();
        let failed: Arc<AtomicU64> = Arc::default();
        let target = match console.shows_progress() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(documents as u64), target);
        bar.set_style(style(pages.clone(), Arc::clone(&failed)));
        if console.shows_progress() {
            bar.enable_steady_tick(TICK);
        }
        let now = Instant::now();
        Self { console, bar, pages, started: now, last_line: now, failed }
    }

    /// What reads report to.
    pub(super) fn pages(&self) -> Pages {
        self.pages.clone()
    }

    /// A document is done.
    pub(super) fn done(&self, failed: bool) {
        self.failed.fetch_add(u64::from(failed), Ordering::Relaxed);
        self.bar.inc(1);
    }

    /// Says something while the bar steps aside.
    pub(super) fn aside(&self, say: impl FnOnce(&Console)) {
        self.bar.suspend(|| say(self.console));
    }

    /// Writes a line, where it is time for one.
    pub(super) fn tick(&mut self) {
        if self.last_line.elapsed() < LINE_EVERY || self.console.shows_progress() {
            return;
        }
        self.last_line = Instant::now();
        let (done, all) = (self.bar.position(), self.bar.length().unwrap_or_default());
        let mut line = format!("{done} of {all} documents");
        let left =
            (done > 0).then(|| self.started.elapsed().mul_f64((all - done) as f64 / done as f64));
        outlook(&mut line, &self.pages, &self.failed, self.started.elapsed(), left);
        self.console.note(line);
    }

    /// Takes the bar away, and gives pages and speed in words.
    pub(super) fn finish(self) -> String {
        self.bar.finish_and_clear();
        let seconds = self.started.elapsed().as_secs_f64();
        let pages = self.pages.count();
        format!("{pages} pages in {seconds:.1} s, {}", speed(pages, self.started.elapsed()))
    }
}

fn style(pages: Pages, failed: Arc<AtomicU64>) -> ProgressStyle {
    ProgressStyle::with_template(TEMPLATE)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
        .with_key("outlook", move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            // Nothing is known about time before the first document.
            let left = (state.pos() > 0).then(|| state.eta());
            let mut line = String::new();
            outlook(&mut line, &pages, &failed, state.elapsed(), left);
            // Nobody to tell if writing fails.
            let _ = out.write_str(&line);
        })
}

fn outlook(
    line: &mut String,
    pages: &Pages,
    failed: &AtomicU64,
    elapsed: Duration,
    left: Option<Duration>,
) {
    let failed = failed.load(Ordering::Relaxed);
    if failed > 0 {
        let _ = write!(line, ", {failed} failed");
    }
    let _ = write!(line, ", {}", speed(pages.count(), elapsed));
    if let Some(left) = left {
        let _ = write!(line, ", {:#} left", HumanDuration(left));
    }
}

fn speed(pages: u64, elapsed: Duration) -> impl Display {
    let speed = pages as f64 / elapsed.as_secs_f64().max(f64::EPSILON);
    let digits = if speed < 10.0 { 2 } else { 0 };
    format!("{speed:.digits$} pages/s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outlook_names_failures_speed_and_time_left() {
        let pages = Pages::default();
        for page in 0..30 {
            pages.on_event(&Event::PageDone { page, done: page + 1, selected: 30 });
        }
        let mut line = String::new();
        let left = Some(Duration::from_secs(120));
        outlook(&mut line, &pages, &AtomicU64::new(2), Duration::from_secs(2), left);
        assert_eq!(line, ", 2 failed, 15 pages/s, 2m left");
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}
