//! What all handlers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Settings;
use super::jobs::Desk;
use super::limits::Limits;
use super::metrics::Metrics;
use super::reads::Reads;
use crate::provider::OcrProvider;

/// What all handlers share.
#[derive(Debug)]
pub(super) struct App {
    pub(super) provider: Arc<dyn OcrProvider>,
    pub(super) settings: Settings,
    pub(super) reads: Reads,
    pub(super) limits: Limits,
    pub(super) metrics: Arc<Metrics>,
    pub(super) desk: Desk,
    /// Held by whoever writes the results of a batch.
    pub(super) outputs: tokio::sync::Mutex<()>,
    draining: AtomicBool,
}

impl App {
    pub(super) fn new(provider: Arc<dyn OcrProvider>, settings: Settings) -> Self {
        let metrics = Arc::new(Metrics::new());
        Self {
            provider,
            reads: Reads::new(settings.documents, settings.queue, Arc::clone(&metrics)),
            limits: Limits::new(settings.limits),
            metrics,
            desk: Desk::default(),
            outputs: tokio::sync::Mutex::default(),
            settings,
            draining: AtomicBool::new(false),
        }
    }

    /// From now on nothing new is asked for: whoever distributes requests is told. Jobs under way wait
    /// for the next time.
    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.desk.stop();
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
