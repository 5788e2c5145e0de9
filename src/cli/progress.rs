//! A progress bar for a document that takes its time.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use recto::{Event, Progress};

/// A read that is done sooner shows no bar.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often time and speed are brought up to date between pages.
const TICK: Duration = Duration::from_millis(200);

const TEMPLATE: &str = "{msg} [{bar:24}] {pos}/{len} pages{outlook}";

/// A bar on stderr that appears when the read takes longer than [`PATIENCE`].
#[derive(Debug)]
pub(super) struct Bar {
    bar: ProgressBar,
    started: Instant,
    /// Dropped to call off the thread that makes the bar appear.
    waiting: Option<(Sender<()>, JoinHandle<()>)>,
}

/// Moves a [`Bar`] on.
#[derive(Debug)]
pub(super) struct Sink(ProgressBar);

impl Bar {
    pub(super) fn new(name: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_style(style());
        bar.set_message(name.to_owned());
        let (sender, receiver) = channel::<()>();
        let shown = bar.clone();
        let waiter = std::thread::spawn(move || {
            if receiver.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                shown.set_draw_target(ProgressDrawTarget::stderr());
                shown.enable_steady_tick(TICK);
            }
        });
        Self { bar, started: Instant::now(), waiting: Some((sender, waiter)) }
    }

    /// What a read reports to.
    pub(super) fn sink(&self) -> Sink {
        Sink(self.bar.clone())
    }

    /// Takes the bar away. Long reads leave one line about their speed.
    pub(super) fn finish(mut self) -> Option<String> {
        let elapsed = self.started.elapsed();
        self.clear();
        let pages = self.bar.position();
        (elapsed >= PATIENCE && pages > 0).then(|| {
            let seconds = elapsed.as_secs_f64();
            let speed = pages_per_second(pages as f64 / seconds);
            format!("{}: {pages} page(s) in {seconds:.1} s, {speed}", self.bar.message())
        })
    }

    fn clear(&mut self) {
        if let Some((sender, waiter)) = self.waiting.take() {
            drop(sender);
            // It only waits and draws; a panic there is no reason to fail.
            let _ = waiter.join();
            self.bar.finish_and_clear();
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Progress for Sink {
    fn on_event(&self, event: &Event) {
        match event {
            Event::Opened { selected, .. } => self.0.set_length(*selected as u64),
            Event::PageDone { .. } | Event::PageFailed { .. } => self.0.inc(1),
            _ => {}
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template(TEMPLATE)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
        .with_key("outlook", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            // Nothing is known about speed before the first page. Nobody to tell if writing fails.
            if state.pos() > 0 {
                let speed = pages_per_second(state.per_sec());
                let _ = write!(out, ", {speed}, {:#} left", HumanDuration(state.eta()));
            }
        })
}

fn pages_per_second(speed: f64) -> String {
    let digits = if speed < 10.0 { 2 } else { 0 };
    format!("{speed:.digits$} pages/s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_pages_move_the_bar_too() {
        let bar = Bar::new("a.pdf");
        let sink = bar.sink();
        sink.on_event(&Event::Opened { page_count: 9, selected: 2 });
        sink.on_event(&Event::PageFailed { page: 0, message: String::new() });
        sink.on_event(&Event::PageDone { page: 1, done: 2, selected: 2 });
        assert_eq!((bar.bar.position(), bar.bar.length()), (2, Some(2)));
        assert_eq!(bar.finish(), None, "a short read leaves no line");
    }

    #[test]
    fn the_template_is_valid() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
        assert_eq!(pages_per_second(1.234), "1.23 pages/s");
    }
}
