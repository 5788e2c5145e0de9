//! The one place where reads run: so many at once, so many waiting, and cancelled when nobody waits
//! for them any more. How the pages of those at once take turns is the engine's business.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::{ApiError, Class};
use super::limits::Allowance;
use super::metrics::{Metrics, Watch};
use crate::call::{Call, CancelFlag};
use crate::error::{Error, Result};

/// When to come back to a server whose queue is full: about the time of a page or two.
const COME_BACK: Duration = Duration::from_secs(2);

/// Reads under way and waiting.
#[derive(Debug)]
pub(super) struct Reads {
    documents: usize,
    /// Most requests at once: running and waiting.
    most: usize,
    present: Arc<AtomicUsize>,
    running: Arc<AtomicUsize>,
    turns: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

/// A place in the queue. It is taken before the body is received, so that the memory of bodies is
/// bounded too.
#[derive(Debug)]
pub(super) struct Place {
    present: Arc<AtomicUsize>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.present.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A read under way that nobody waits for at the other end of a connection; over when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _present: Counted,
    _running: Counted,
    _turn: OwnedSemaphorePermit,
}

/// Counts up while it lives.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Cancels a read when the request that waits for it goes away.
struct CancelOnDrop(CancelFlag);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Reads {
    pub(super) fn new(documents: usize, queue: usize, metrics: Arc<Metrics>) -> Self {
        let documents = documents.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            documents,
            most: documents.saturating_add(queue),
            present: Arc::default(),
            running: Arc::default(),
            turns: Arc::new(Semaphore::new(documents)),
            metrics,
        }
    }

    /// Reads under way, and requests that wait or are being received.
    pub(super) fn counts(&self) -> (usize, usize) {
        let running = self.running.load(Ordering::Acquire);
        (running, self.present.load(Ordering::Acquire).saturating_sub(running))
    }

    /// Takes a place in the queue, or refuses (status 503).
    pub(super) fn enter(&self) -> Result<Place, ApiError> {
        let entered = self.present.fetch_update(Ordering::AcqRel, Ordering::Acquire, |present| {
            (present < self.most).then_some(present + 1)
        });
        match entered {
            Ok(_) => Ok(Place { present: Arc::clone(&self.present) }),
            Err(present) => {
                let message = format!(
                    "{present} requests are under way or waiting ({} are read at once); try again",
                    self.documents
                );
                Err(ApiError::new(Class::Busy, message).retry_after(COME_BACK))
            }
        }
    }

    /// Waits for the turn of a job, among all reads; ends with the runtime alone.
    pub(super) async fn turn(&self) -> Option<Turn> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        Some(Turn {
            _present: Counted::new(&self.present),
            _running: Counted::new(&self.running),
            _turn: turn,
        })
    }

    /// Waits for a turn and works, on a thread that may block. Dropping the future cancels the work;
    /// its turn is over when the work has noticed, and not before. The work gives how many pages it
    /// read beside its result.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        held: (Place, Allowance),
        timeout: Option<Duration>,
        work: impl FnOnce(&Call) -> Result<(T, usize)> + Send + 'static,
    ) -> Result<T, ApiError> {
        let gone = || ApiError::new(Class::Internal, "the read ended without an answer");
        let asked = Instant::now();
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| gone())?;
        self.metrics.waited(asked.elapsed());
        let running = Counted::new(&self.running);
        let cancel = CancelFlag::default();
        let _guard = CancelOnDrop(cancel.clone());
        let progress = Arc::new(Watch(Arc::clone(&self.metrics)));
        // What is logged on that thread is about this request.
        let span = tracing::Span::current();
        let read = tokio::task::spawn_blocking(move || {
            let _inside = span.enter();
            let _held = (&held, turn, running);
            let call = Call { cancel, progress: Some(progress), ..Call::default() };
            let call = call.with_timeout(timeout);
            let (answer, pages) = work(&call)?;
            held.1.charge(pages, Instant::now());
            Ok(answer)
        });
        match read.await {
            Ok(answer) => answer.map_err(|error: Error| ApiError::of(&error)),
            Err(error) => {
                tracing::error!(%error, "a read panicked");
                Err(gone())
            }
        }
    }
}
