//! Running jobs: each at most a few times, its result written once.

use std::collections::HashMap;
use std::fmt::Debug;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use apalis::layers::WorkerBuilderExt as _;
use apalis::prelude::{BoxDynError, Data, TaskId, WorkerBuilder};
use apalis_core::backend::WorkerFilter;
use apalis_sqlite::SqliteStorage;
use apalis_sqlite::queries::reenqueue_orphaned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::RwLock;

use super::{JobQueue, QUEUE, Work, blocking, database};
use crate::call::CancelFlag;
use crate::error::{Error, Result};

/// Why a job failed that was cancelled.
pub(super) const CANCELLED: &str = "the job was cancelled";

/// Why a job did not end that ran when its process was told to stop.
const STOPPED: &str = "the process that ran the job was stopped";

/// How often it is looked whether to stop.
const TICK: Duration = Duration::from_millis(100);

/// A worker that failed is started again after this, at most so often in a row.
const PAUSE: Duration = Duration::from_secs(1);
const FAILURES: usize = 5;

/// A worker that ran so long did not fail in a row with the one before.
const STEADY: Duration = Duration::from_secs(60);

/// Does a job's work, on a thread of its own: gives the bytes of its result. An error is the job's end;
/// [`Error::Cancelled`] is for jobs whose flag was raised.
pub type Handler = Arc<dyn Fn(&Job) -> Result<Vec<u8>> + Send + Sync>;

/// A job that runs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Job {
    /// Its id.
    pub id: String,
    /// What was asked.
    pub request: Value,
    /// What it reads.
    pub input: Option<PathBuf>,
    /// How often it was begun, this time included.
    pub attempt: usize,
    /// Raised when the job is cancelled or the process is to stop.
    pub cancel: CancelFlag,
}

/// How a job ended for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Finished {
    Done,
    Failed(String),
}

/// The jobs that run in this process.
#[derive(Clone, Debug, Default)]
pub(super) struct Running(Arc<Mutex<HashMap<String, CancelFlag>>>);

impl Running {
    fn jobs(&self) -> MutexGuard<'_, HashMap<String, CancelFlag>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn cancel(&self, id: &str) {
        if let Some(flag) = self.jobs().get(id) {
            flag.cancel();
        }
    }

    fn cancel_all(&self) {
        self.jobs().values().for_each(CancelFlag::cancel);
    }

    fn ids(&self) -> Vec<String> {
        self.jobs().keys().cloned().collect()
    }
}

/// A job that runs, for as long as this lives.
struct Entry<'a>(&'a Running, String);

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.0.jobs().remove(&self.1);
    }
}

/// What each job is given.
#[derive(Clone)]
struct Context {
    queue: JobQueue,
    handler: Handler,
    stop: CancelFlag,
    /// Jobs that were running when a process ended hold it alone, all others together.
    company: Arc<RwLock<()>>,
}

pub(super) async fn run(
    queue: &JobQueue,
    handler: Handler,
    at_once: usize,
    stop: &CancelFlag,
) -> Result<()> {
    let lock = lock(&queue.folder.lock())?;
    recover(queue, lock.is_some()).await?;
    let (queue_, stop_) = (queue.clone(), stop.clone());
    let context = Context { queue: queue_, handler, stop: stop_, company: Arc::default() };
    let watch = tokio::spawn(watch(queue.clone(), stop.clone()));
    let mut failures = 0;
    let ended = loop {
        let started = Instant::now();
        let ended = work(context.clone(), at_once).await;
        if stop.is_cancelled() {
            break Ok(());
        }
        // Left without the database for a moment: what was running is run again.
        failures = if started.elapsed() > STEADY { 1 } else { failures + 1 };
        match ended {
            Err(error) if failures >= FAILURES => break Err(error),
            Err(error) => tracing::warn!(%error, "the worker of jobs is started again"),
            Ok(()) => tracing::warn!("the worker of jobs ended, and is started again"),
        }
        tokio::time::sleep(PAUSE).await;
    };
    watch.abort();
    give_back(queue).await?;
    ended
}

async fn work(context: Context, at_once: usize) -> Result<()> {
    let queue = &context.queue;
    let backend: SqliteStorage<Work> = SqliteStorage::new(&queue.pool).with_config(queue.config());
    let stop = context.stop.clone();
    // A name is never used twice: what a dead worker of that name held is not this one's.
    static WORKERS: AtomicU64 = AtomicU64::new(0);
    let number = WORKERS.fetch_add(1, Ordering::Relaxed);
    let name = format!("recto-{}-{}-{number}", std::process::id(), queue.ids.next());
    let worker = WorkerBuilder::new(name)
        .backend(backend)
        .data(context.clone())
        .concurrency(at_once.max(1))
        .build(one);
    let signal = async move {
        while !stop.is_cancelled() {
            tokio::time::sleep(TICK).await;
        }
        Ok::<(), std::io::Error>(())
    };
    worker.run_until(signal).await.map_err(database)
}

/// Runs a job; an error has it run again.
async fn one(work: Work, id: TaskId, context: Data<Context>) -> Result<Finished, BoxDynError> {
    let id = id.to_string();
    let finished = context.run(&id, work).await?;
    context.queue.folder.drop_input(&id);
    Ok(finished)
}

impl Context {
    async fn run(&self, id: &str, work: Work) -> Result<Finished, BoxDynError> {
        let queue = &self.queue;
        // The process ended between the result and the word of it.
        if queue.folder.has_result(id) {
            return Ok(Finished::Done);
        }
        let flag = CancelFlag::default();
        queue.running.jobs().insert(id.to_owned(), flag.clone());
        let _entry = Entry(&queue.running, id.to_owned());
        let begun = begun(queue, id, 0).await?;
        let tries = queue.settings.tries.max(1);
        if begun >= tries {
            let why = format!("set aside: its process ended {tries} times while it ran");
            return Ok(Finished::Failed(why));
        }
        let (_alone, _together);
        match begun {
            0 => _together = self.company.read().await,
            _ => _alone = self.company.write().await,
        }
        // That may have taken a while.
        if is_cancelled(queue, id).await? {
            return Ok(Finished::Failed(CANCELLED.to_owned()));
        }
        if self.stop.is_cancelled() {
            return Err(STOPPED.into());
        }
        let job = Job {
            id: id.to_owned(),
            request: work.request,
            input: work.input,
            attempt: self::begun(queue, id, 1).await?,
            cancel: flag.clone(),
        };
        let handler = Arc::clone(&self.handler);
        let folder = queue.folder.clone();
        let done = blocking(move || {
            let bytes = handler(&job)?;
            Ok(folder.write_result(&job.id, &bytes))
        });
        match done.await {
            Ok(Ok(())) => Ok(Finished::Done),
            Ok(Err(error)) => {
                self::begun(queue, id, -1).await?;
                tokio::time::sleep(PAUSE).await;
                Err(error.into())
            }
            Err(Error::Cancelled) if is_cancelled(queue, id).await? => {
                Ok(Finished::Failed(CANCELLED.to_owned()))
            }
            Err(Error::Cancelled) if self.stop.is_cancelled() => {
                self::begun(queue, id, -1).await?;
                Err(STOPPED.into())
            }
            Err(error) => Ok(Finished::Failed(error.chain())),
        }
    }
}

async fn is_cancelled(queue: &JobQueue, id: &str) -> Result<bool> {
    sqlx::query_scalar("SELECT cancelled FROM RectoJobs WHERE id = ?")
        .bind(id)
        .fetch_optional(&queue.pool)
        .await
        .map(|cancelled: Option<bool>| cancelled.unwrap_or_default())
        .map_err(database)
}

/// How often the job was begun and its process did not come to tell how it ended, after a change.
async fn begun(queue: &JobQueue, id: &str, change: i64) -> Result<usize> {
    sqlx::query_scalar("UPDATE RectoJobs SET begun = begun + ? WHERE id = ? RETURNING begun")
        .bind(change)
        .bind(id)
        .fetch_optional(&queue.pool)
        .await
        .map(|begun: Option<i64>| usize::try_from(begun.unwrap_or_default()).unwrap_or_default())
        .map_err(database)
}

/// Tells jobs under way to stop: all when the process is to stop, those that another process cancelled.
async fn watch(queue: JobQueue, stop: CancelFlag) {
    let mut looked = Instant::now();
    loop {
        tokio::time::sleep(TICK).await;
        if stop.is_cancelled() {
            queue.running.cancel_all();
        }
        if looked.elapsed() < queue.settings.heartbeat {
            continue;
        }
        looked = Instant::now();
        for id in queue.running.ids() {
            if is_cancelled(&queue, &id).await.unwrap_or_default() {
                queue.running.cancel(&id);
            }
        }
    }
}

/// Where no other process of this machine runs jobs, those that are marked as running are not.
async fn recover(queue: &JobQueue, alone: bool) -> Result<()> {
    if alone {
        let count = reenqueue_orphaned(&queue.pool, 0, QUEUE, &WorkerFilter::None)
            .await
            .map_err(database)?;
        if count > 0 {
            tracing::info!(count, "jobs are run again whose process ended");
        }
    }
    give_back(queue).await
}

/// Jobs that were told to stop with their process wait again, and that try does not count.
async fn give_back(queue: &JobQueue) -> Result<()> {
    let error = serde_json::json!({ "Err": STOPPED }).to_string();
    sqlx::query(
        "UPDATE Jobs SET status = 'Pending', attempts = MAX(attempts - 1, 0), lock_by = NULL, \
         lock_at = NULL, done_at = NULL, last_result = NULL \
         WHERE job_type = ? AND status = 'Failed' AND last_result = ?",
    )
    .bind(QUEUE)
    .bind(error)
    .execute(&queue.pool)
    .await
    .map_err(database)?;
    Ok(())
}

/// The lock of the process that runs jobs, if no other has it; given up however it ends.
fn lock(path: &Path) -> Result<Option<File>> {
    let io = |source| Error::Io { action: "lock", path: path.to_owned(), source };
    let file = File::options().create(true).append(true).open(path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => {
            tracing::debug!(%error, "the queue cannot be locked");
            Ok(None)
        }
    }
}
