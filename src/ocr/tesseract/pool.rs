//! Handles kept for the next page: loading a model takes 85 to 200 ms.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::ffi::{Handle, TesseractError};

/// Idle handles kept, over all language sets. A handle holds 10 to 60 MB.
const MOST_IDLE: usize = 16;

/// Idle handles, the one used last at the back, each with the languages it was loaded for.
#[derive(Debug, Default)]
pub(super) struct Pool {
    idle: Mutex<VecDeque<(String, Handle)>>,
}

impl Pool {
    /// Lends a handle for `languages` to `work`, making one with `make` where none is idle.
    ///
    /// A handle that fails is dropped rather than taken back. `work` must not wait for other
    /// work of a thread pool: that work may want a handle too.
    pub(super) fn with<T>(
        &self,
        languages: &str,
        make: impl FnOnce() -> Result<Handle, TesseractError>,
        work: impl FnOnce(&mut Handle) -> Result<T, TesseractError>,
    ) -> Result<T, TesseractError> {
        let idle = {
            let mut all = self.lock();
            let at = all.iter().rposition(|(l, _)| l == languages);
            at.and_then(|at| all.remove(at))
        };
        let mut handle = match idle {
            Some((_, handle)) => handle,
            // Outside of the lock: several threads load models at the same time.
            None => make()?,
        };
        let done = work(&mut handle)?;
        self.keep(languages, handle);
        Ok(done)
    }

    /// Makes a handle for `languages` unless `enough` of them are idle.
    pub(super) fn add(
        &self,
        languages: &str,
        enough: usize,
        make: impl FnOnce() -> Result<Handle, TesseractError>,
    ) -> Result<(), TesseractError> {
        let idle = self.lock().iter().filter(|(l, _)| l == languages).count();
        if idle < enough {
            self.keep(languages, make()?);
        }
        Ok(())
    }

    fn keep(&self, languages: &str, handle: Handle) {
        let mut all = self.lock();
        all.push_back((languages.to_owned(), handle));
        let surplus = if all.len() > MOST_IDLE { all.pop_front() } else { None };
        // The surplus one is freed outside of the lock.
        drop(all);
        drop(surplus);
    }

    /// A poisoned lock is used on: a deque is never left half changed.
    fn lock(&self) -> MutexGuard<'_, VecDeque<(String, Handle)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many handles wait for work.
    #[cfg(test)]
    pub(super) fn idle_count(&self) -> usize {
        self.lock().len()
    }
}
