//! Keeps OpenMP out of recognition.
//!
//! Debian's libtesseract is built with OpenMP, whose spinning threads multiply the CPU time of a
//! page by 4 to 8 when pages are already recognised in parallel.

use std::cell::Cell;

thread_local! {
    static PREPARED: Cell<bool> = const { Cell::new(false) };
}

/// Switches OpenMP off for the calling thread. Cheap after the first call of a thread.
///
/// The setting belongs to the thread, so every thread that recognises needs it; recognisers call
/// this on their own as well.
pub(crate) fn prepare_worker_thread() {
    if PREPARED.replace(true) {
        return;
    }
    #[cfg(feature = "tesseract")]
    super::tesseract::switch_openmp_off();
}
