//! What accompanies every read: a deadline, a way to stop, somewhere to report.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::progress::{Event, Progress};

/// Stops a read from another thread. Clones share one flag.
#[derive(Clone, Debug, Default)]
pub struct CancelFlag(Arc<AtomicBool>);

impl CancelFlag {
    /// Asks every read that holds this flag to stop within one page's step.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether [`cancel`](Self::cancel) was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Deadline, cancel flag and progress sink of one read.
///
/// The default has no deadline, is never cancelled and reports to nobody.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// When to stop and return what is done. Default: never.
    pub deadline: Option<Instant>,
    /// Stops the read from another thread.
    pub cancel: CancelFlag,
    /// Told of every page. Default: nobody.
    pub progress: Option<Arc<dyn Progress>>,
}

impl Call {
    /// The same call, with the earlier of its deadline and `timeout` from now.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Option<Duration>) -> Self {
        if let Some(end) = timeout.and_then(|t| Instant::now().checked_add(t)) {
            self.deadline = Some(self.deadline.map_or(end, |d| d.min(end)));
        }
        self
    }

    /// Fails when the call was cancelled or is overdue.
    pub fn check(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        if self.deadline.is_some_and(|d| Instant::now() >= d) {
            return Err(Error::DeadlineExceeded);
        }
        Ok(())
    }

    /// Time left until the deadline; `None` when there is no deadline.
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline.map(|d| d.saturating_duration_since(Instant::now()))
    }

    /// Reports an event.
    pub fn report(&self, event: &Event) {
        if let Some(progress) = &self.progress {
            progress.on_event(event);
        }
    }
}
