//! Progress events.

use std::fmt::Debug;

use crate::error::Warning;

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
    /// Something is not as it was asked for, or might not be as expected. Only
    /// [`Engine::pages`](crate::Engine::pages) tells it so: elsewhere, warnings are in the document.
    Warned(Warning),
}

/// Told of every [`Event`]. Called from worker threads: keep it short.
pub trait Progress: Debug + Send + Sync {
    /// Takes one event.
    fn on_event(&self, event: &Event);
}
