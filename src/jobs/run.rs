//! Running jobs: each at most a few times, its end recorded once.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use apalis::layers::WorkerBuilderExt as _;
use apalis::prelude::{BoxDynError, Data, WorkerBuilder};
use apalis_postgres::PostgresStorage;
use apalis_sqlite::SqliteStorage;
use serde_json::Value;
use tokio::sync::RwLock;

use super::ledger::Entry;
use super::sql::Ledger;
use super::store::Input;
use super::{CANCELLED, JobProgress, JobQueue, QUEUE, database};
use crate::call::CancelFlag;
use crate::error::{Error, Result};

/// Why a job did not end that ran when its process was told to stop.
const STOPPED: &str = "the process that ran the job was stopped";

/// How often it is looked whether to stop.
const TICK: Duration = Duration::from_millis(100);

/// How often progress is written down, and others are asked whether a job was cancelled.
const LOOK: Duration = Duration::from_millis(500);

/// So long a worker that is to stop waits for its jobs, each of which ends within a page's step.
const LAST: Duration = Duration::from_secs(20);

/// A worker that failed is started again after this.
const PAUSE: Duration = Duration::from_secs(1);

/// A database that was away for so long does not come back by waiting.
const PATIENCE: Duration = Duration::from_secs(300);

/// A worker that ran so long did not fail in a row with the one before.
const STEADY: Duration = Duration::from_secs(30);

/// So many heartbeats are missed by a process that is dead, not slow.
const MISSED: usize = 3;

/// Does the work of jobs, each on a thread of its own. An error is the job's end;
/// [`Error::Cancelled`] is for jobs whose flag was raised.
///
/// A function from a job to the bytes of its result is one that splits nothing.
pub trait JobHandler: Send + Sync {
    /// Does a job, or a part of one: gives the bytes of its result.
    ///
    /// # Errors
    ///
    /// Why it failed.
    fn run(&self, job: &Job) -> Result<Vec<u8>>;

    /// Into which parts a job is split; none, or one, has it run as it is. Parts are not split again.
    ///
    /// # Errors
    ///
    /// Why the job fails.
    fn split(&self, job: &Job) -> Result<Vec<JobPart>> {
        let _ = job;
        Ok(Vec::new())
    }

    /// Makes a job's result of those of its parts, in their order.
    ///
    /// # Errors
    ///
    /// Why the job fails.
    fn join(&self, job: &Job, parts: Vec<PartDone>) -> Result<Vec<u8>> {
        let _ = (job, parts);
        Err(Error::stage("jobs", "these jobs have no parts"))
    }
}

impl<F: Fn(&Job) -> Result<Vec<u8>> + Send + Sync> JobHandler for F {
    fn run(&self, job: &Job) -> Result<Vec<u8>> {
        self(job)
    }
}

/// A part of a job: it has the job's inputs.
#[derive(Clone, Debug)]
pub struct JobPart {
    /// What is asked of it.
    pub request: Value,
    /// What there is to do, as [`JobProgress::total`] counts it.
    pub size: u64,
}

/// A part of a job that is over.
#[derive(Clone, Debug)]
pub struct PartDone {
    /// What was asked of it.
    pub request: Value,
    /// The bytes of its result, or why it failed.
    pub result: Result<Vec<u8>, String>,
}

/// A job that runs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Job {
    /// Its id.
    pub id: String,
    /// What kind of job it is.
    pub kind: String,
    /// What was asked.
    pub request: Value,
    /// What it reads: files of this machine.
    pub inputs: Vec<PathBuf>,
    /// Whose it is.
    pub owner: Option<String>,
    /// Which part of a job this is, from 0.
    pub part: Option<usize>,
    /// How often it was begun, this time included.
    pub attempt: usize,
    /// Raised when the job is cancelled or the process is to stop.
    pub cancel: CancelFlag,
    progress: Arc<Mutex<JobProgress>>,
}

impl Job {
    /// Tells how far the job is.
    pub fn report(&self, done: u64, total: u64) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = JobProgress { done, total };
    }
}

/// The jobs that run in this process.
#[derive(Clone, Debug, Default)]
pub(super) struct Running(Arc<Mutex<HashMap<String, Run>>>);

/// One of them.
#[derive(Clone, Debug, Default)]
struct Run {
    parent: Option<String>,
    cancel: CancelFlag,
    progress: Arc<Mutex<JobProgress>>,
}

impl Running {
    fn jobs(&self) -> MutexGuard<'_, HashMap<String, Run>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells a job and its parts to stop.
    pub(super) fn cancel(&self, id: &str) {
        for (job, run) in self.jobs().iter() {
            if job == id || run.parent.as_deref() == Some(id) {
                run.cancel.cancel();
            }
        }
    }

    fn cancel_all(&self) {
        self.jobs().values().for_each(|run| run.cancel.cancel());
    }

    fn progress(&self) -> Vec<(String, JobProgress)> {
        let read = |run: &Run| *run.progress.lock().unwrap_or_else(PoisonError::into_inner);
        self.jobs().iter().map(|(id, run)| (id.clone(), read(run))).collect()
    }
}

/// A job that runs, for as long as this lives.
struct Mark<'a>(&'a Running, String);

impl Drop for Mark<'_> {
    fn drop(&mut self) {
        self.0.jobs().remove(&self.1);
    }
}

/// What each job is given.
#[derive(Clone)]
struct Context {
    queue: JobQueue,
    handler: Arc<dyn JobHandler>,
    stop: CancelFlag,
    /// Jobs that were running when a process ended hold it alone, all others together.
    company: Arc<RwLock<()>>,
}

pub(super) async fn run(
    queue: &JobQueue,
    handler: Arc<dyn JobHandler>,
    at_once: usize,
    stop: &CancelFlag,
) -> Result<()> {
    let lock = queue.lock.as_ref().and_then(|path| lock(path).transpose()).transpose()?;
    if lock.is_some() {
        // No other process runs jobs: those that are marked as running are not.
        queue.store.tidy();
        let count = queue.ledger.recover().await?;
        if count > 0 {
            tracing::info!(count, "jobs are run again whose process ended");
        }
    }
    let (queue_, stop_) = (queue.clone(), stop.clone());
    let context = Context { queue: queue_, handler, stop: stop_, company: Arc::default() };
    let watch = tokio::spawn(watch(queue.clone(), stop.clone()));
    let mut well = Instant::now();
    let ended = loop {
        let started = Instant::now();
        let ended = work(context.clone(), at_once).await;
        if stop.is_cancelled() {
            break Ok(());
        }
        if started.elapsed() > STEADY {
            well = Instant::now();
        }
        // Left without the database for a moment: what was running is run again.
        match ended {
            Err(error) if well.elapsed() > PATIENCE => break Err(error),
            Err(error) => tracing::warn!(%error, "the worker of jobs is started again"),
            Ok(()) => tracing::warn!("the worker of jobs ended, and is started again"),
        }
        tokio::time::sleep(PAUSE).await;
    };
    watch.abort();
    ended
}

/// A worker of the library, until it fails or is to stop.
async fn work(context: Context, at_once: usize) -> Result<()> {
    let queue = context.queue.clone();
    let stop = context.stop.clone();
    // A name is never used twice: what a dead worker of that name held is not this one's.
    static WORKERS: AtomicU64 = AtomicU64::new(0);
    let number = WORKERS.fetch_add(1, Ordering::Relaxed);
    let name = format!("recto-{}-{}-{number}", std::process::id(), queue.ids.next());
    let heartbeat = queue.settings.heartbeat.max(Duration::from_secs(1));
    let running = queue.running.clone();
    let signal = async move {
        while !stop.is_cancelled() {
            tokio::time::sleep(TICK).await;
        }
        // The library lets go of what is under way: it is to be given back before.
        let asked = Instant::now();
        while !running.jobs().is_empty() && asked.elapsed() < LAST {
            running.cancel_all();
            tokio::time::sleep(TICK).await;
        }
        Ok::<(), std::io::Error>(())
    };
    // Of more than one job at a time in its hands, a worker would have some wait for it.
    macro_rules! worker {
        ($backend:expr) => {
            WorkerBuilder::new(name)
                .backend($backend)
                .data(context)
                .concurrency(at_once.max(1))
                .build(one)
                .run_until(signal)
                .await
                .map_err(database)
        };
    }
    match &queue.ledger {
        Ledger::Sqlite(pool) => {
            let config = apalis_sqlite::Config::default()
                .queue(QUEUE)
                .batch_size(1)
                .heartbeat_interval(heartbeat)
                .missed_heartbeats(MISSED);
            worker!(SqliteStorage::<String>::new(pool).with_config(config))
        }
        Ledger::Postgres(pool) => {
            let config = apalis_postgres::Config::default()
                .queue(QUEUE)
                .batch_size(1)
                .heartbeat_interval(heartbeat)
                .missed_heartbeats(MISSED);
            worker!(PostgresStorage::<String>::new(pool).with_config(config))
        }
    }
}

/// Runs a job; an error has it run again.
async fn one(id: String, context: Data<Context>) -> Result<(), BoxDynError> {
    context.run(&id).await.map_err(|error| {
        tracing::debug!(job = id, %error, "a job is run again");
        error.into()
    })
}

/// What became of a job this time.
enum Outcome {
    /// It has ended.
    Ended(Result<Vec<u8>, String>),
    /// Parts are run instead.
    Split,
}

impl Context {
    async fn run(&self, id: &str) -> Result<()> {
        let (ledger, store) = (&self.queue.ledger, &self.queue.store);
        let Some(entry) = ledger.entry(id).await? else { return Ok(()) };
        if entry.is_over {
            return Ok(());
        }
        // The process ended between the result and the word of it.
        if store.has_result(id).await? {
            return self.end(id, &entry, Ok(())).await;
        }
        let tries = self.queue.settings.tries.max(1);
        if entry.begun >= tries {
            let why = format!("set aside: its process ended {tries} times while it ran");
            return self.end(id, &entry, Err(why)).await;
        }
        let (_alone, _together);
        match entry.begun {
            0 => _together = self.company.read().await,
            _ => _alone = self.company.write().await,
        }
        if self.stop.is_cancelled() {
            // The worker goes on taking jobs until those under way have stopped.
            tokio::time::sleep(TICK).await;
            return Err(Error::stage("jobs", STOPPED));
        }
        let run = Run { parent: entry.parent.clone(), ..Run::default() };
        self.queue.running.jobs().insert(id.to_owned(), run.clone());
        let _mark = Mark(&self.queue.running, id.to_owned());
        let attempt = ledger.begin(id).await?;
        // What fails here is no fault of the job: the database, the store, or that the process stops.
        match self.attempt(id, &entry, attempt, run).await {
            Ok(Outcome::Split) => Ok(()),
            Ok(Outcome::Ended(result)) => {
                let written = match result {
                    Ok(bytes) => store.write_result(id, bytes).await.map(Ok),
                    Err(why) => Ok(Err(why)),
                };
                match written {
                    Ok(result) => self.end(id, &entry, result).await,
                    Err(error) => self.again(id, error).await,
                }
            }
            Err(error) => self.again(id, error).await,
        }
    }

    /// Has a job run again that could not be run now.
    async fn again(&self, id: &str, error: Error) -> Result<()> {
        if !self.stop.is_cancelled() {
            tokio::time::sleep(PAUSE).await;
        }
        self.queue.ledger.unbegin(id).await?;
        Err(error)
    }

    async fn attempt(&self, id: &str, entry: &Entry, attempt: usize, run: Run) -> Result<Outcome> {
        let (ledger, store) = (&self.queue.ledger, &self.queue.store);
        let (mut files, mut inputs) = (Vec::new(), Vec::new());
        for number in 0..entry.inputs {
            let input = store.fetch(entry.parent.as_deref().unwrap_or(id), number).await?;
            inputs.push(input.path().to_owned());
            files.push(input);
        }
        let job = Job {
            id: id.to_owned(),
            kind: entry.kind.clone(),
            request: serde_json::from_str(&entry.request).map_err(database)?,
            inputs,
            owner: entry.owner.clone(),
            part: entry.parent.is_some().then_some(entry.part),
            attempt,
            cancel: run.cancel,
            progress: run.progress,
        };
        if entry.parts > 0 {
            let parts = self.results(id).await?;
            return self.work(job, files, move |handler, job| handler.join(job, parts)).await;
        }
        if entry.parent.is_none() {
            let parts = self.work_on(&job, |handler, job| handler.split(job)).await;
            match parts {
                Ok(parts) if parts.len() > 1 => {
                    let new = |part: JobPart| {
                        (self.queue.ids.next(), part.request.to_string(), part.size)
                    };
                    let parts: Vec<_> = parts.into_iter().map(new).collect();
                    ledger.split(id, &parts).await?;
                    return Ok(Outcome::Split);
                }
                Ok(_) => {}
                Err(error) => return self.settle(error),
            }
        }
        self.work(job, files, |handler, job| handler.run(job)).await
    }

    async fn work(
        &self,
        job: Job,
        files: Vec<Input>,
        work: impl FnOnce(&dyn JobHandler, &Job) -> Result<Vec<u8>> + Send + 'static,
    ) -> Result<Outcome> {
        let done = self.work_on(&job, work).await;
        drop(files);
        match done {
            Ok(bytes) => Ok(Outcome::Ended(Ok(bytes))),
            Err(error) => self.settle(error),
        }
    }

    /// On a thread of its own. A handler that panics fails.
    async fn work_on<T: Send + 'static>(
        &self,
        job: &Job,
        work: impl FnOnce(&dyn JobHandler, &Job) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (handler, job) = (Arc::clone(&self.handler), job.clone());
        tokio::task::spawn_blocking(move || work(&*handler, &job)).await.map_err(database)?
    }

    /// Whether an error is the job's end.
    fn settle(&self, error: Error) -> Result<Outcome> {
        match error {
            // Cancelled by somebody, who has recorded it; or by the end of this process.
            Error::Cancelled if self.stop.is_cancelled() => Err(Error::stage("jobs", STOPPED)),
            Error::Cancelled => Ok(Outcome::Ended(Err(CANCELLED.to_owned()))),
            error => Ok(Outcome::Ended(Err(error.chain()))),
        }
    }

    /// A job's parts.
    async fn results(&self, id: &str) -> Result<Vec<PartDone>> {
        let mut results = Vec::new();
        for (part, request, error) in self.queue.ledger.parts(id).await? {
            let result = match error {
                Some(why) => Err(why),
                None => {
                    let bytes = self.queue.store.read_result(&part).await?;
                    bytes.ok_or_else(|| "its result is gone".to_owned())
                }
            };
            let request = serde_json::from_str(&request).map_err(database)?;
            results.push(PartDone { request, result });
        }
        Ok(results)
    }

    /// Records how a job ended, and removes what only it needed.
    async fn end(&self, id: &str, entry: &Entry, result: Result<(), String>) -> Result<()> {
        let (ledger, store) = (&self.queue.ledger, &self.queue.store);
        let error = result.err();
        let ended = ledger.end(id, error.as_deref(), self.queue.ids.next()).await?;
        if !ended {
            // Somebody else has ended it; with an error, it has no result.
            let over = ledger.state(id).await?;
            if over.is_none_or(|state| state.error.is_some()) {
                store.drop_result(id).await;
            }
            return Ok(());
        }
        if entry.parent.is_none() {
            store.drop_inputs(id, entry.inputs).await;
        }
        if entry.parts > 0 {
            for (part, ..) in ledger.parts(id).await? {
                store.drop_result(&part).await;
            }
        }
        Ok(())
    }
}

/// Tells jobs under way to stop: all when the process is to stop, those that another process cancelled.
/// Writes down how far they are.
async fn watch(queue: JobQueue, stop: CancelFlag) {
    let mut looked = Instant::now();
    loop {
        tokio::time::sleep(TICK).await;
        if stop.is_cancelled() {
            queue.running.cancel_all();
        }
        if looked.elapsed() < LOOK {
            continue;
        }
        looked = Instant::now();
        for (id, progress) in queue.running.progress() {
            // Without the database nobody can have cancelled it.
            if !queue.ledger.report(&id, progress).await.unwrap_or(true) {
                queue.running.cancel(&id);
            }
        }
    }
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
