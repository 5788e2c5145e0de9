//! Progress events.

use std::fmt::Debug;

use crate::document::{TextSource, Timings};
use crate::error::Warning;
use crate::options::OcrEngine;

/// Something that happened during a read.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The document is open.
    Opened {
        /// Pages in the document.
        page_count: usize,
        /// Pages that will be read.
        selected: usize,
    },
    /// A page was read: what it gave, and how long it took. Its [`PageDone`](Self::PageDone) follows.
    PageRead {
        /// The page, from 0.
        page: usize,
        /// Words on it.
        words: usize,
        /// Where they come from.
        text_source: TextSource,
        /// The engine that recognised text on it; `None` when nothing was recognised.
        engine: Option<OcrEngine>,
        /// Seconds by stage.
        timings: Timings,
    },
    /// A page is done (in the order pages finish, not in page order).
    PageDone {
        /// The page, from 0.
        page: usize,
        /// Pages done so far.
        done: usize,
        /// Pages that will be read.
        selected: usize,
    },
    /// A page could not be read.
    PageFailed {
        /// The page, from 0.
        page: usize,
        /// Why.
        message: String,
    },
    /// The document is laid out and enriched, which ends its read.
    DocumentRead {
        /// Seconds by stage, of those that are about the whole document ("layout", "enrichment",
        /// "total").
        timings: Timings,
    },
    /// Something is not as it was asked for, or might not be as expected. Only
    /// [`Engine::pages`](crate::Engine::pages) tells it so: elsewhere, warnings are in the document.
    Warned(Warning),
}

/// Told of every [`Event`]. Called from worker threads: keep it short.
pub trait Progress: Debug + Send + Sync {
    /// Takes one event.
    fn on_event(&self, event: &Event);
}
