//! Jobs that survive the process that runs them.
//!
//! A [`JobQueue`] is a folder of one machine with an SQLite database ([`JobQueue::open`]), or a
//! PostgreSQL database and an object store that several machines share ([`JobQueue::connect`]).
//! `apalis` hands jobs out, in the order they came (PostgreSQL: to the second). One that was running
//! when its process was killed is run again; its end is recorded once, and its result is written once.
//! One that ends the process again and again is set aside.
//!
//! A [`JobHandler`] may split a job into parts, which different processes run and one joins.

mod ledger;
mod run;
mod sql;
mod store;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ulid::{Generator, Ulid};

use crate::call::CancelFlag;
use crate::error::{Error, Result};

use run::Running;
pub use run::{Job, JobHandler, JobPart, PartDone};
use sql::Ledger;
use store::Store;

/// The queue's name in the database.
const QUEUE: &str = "recto";

/// Why a job failed that was cancelled.
const CANCELLED: &str = "the job was cancelled";

/// Settings of a [`JobQueue`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobSettings {
    /// How often a job is begun, at least once: one that was running so often when its process ended
    /// is set aside with an error. From its second time on it runs alone in its process, so that others do not pay
    /// for it. Default: 3.
    pub tries: usize,
    /// How often a process that runs jobs says that it is alive, at least a second. Jobs of one that
    /// was silent three times go to others. Default: 5 seconds.
    pub heartbeat: Duration,
    /// How long jobs that have ended are kept, with their results. Default: 24 hours.
    pub keep: Duration,
}

impl Default for JobSettings {
    fn default() -> Self {
        Self {
            tries: 3,
            heartbeat: Duration::from_secs(5),
            keep: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// A job to be done.
#[derive(Clone, Debug, Default)]
pub struct NewJob {
    /// What kind of job it is, for the [`JobHandler`] and for [lists](JobQueue::list).
    pub kind: String,
    /// What is asked, in words that the [`JobHandler`] understands.
    pub request: Value,
    /// What it reads.
    pub inputs: Vec<JobInput>,
    /// Whose it is.
    pub owner: Option<String>,
}

/// What a job reads. The queue has a copy of it until the job ends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobInput {
    /// A file, which is copied.
    Copy(PathBuf),
    /// The content of a file.
    Bytes(Arc<[u8]>),
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JobStatus {
    /// It waits.
    Pending,
    /// It was begun.
    Started,
    /// It has a result.
    Success,
    /// It failed, was cancelled or set aside.
    Failure,
}

impl JobStatus {
    /// Whether nothing will change any more.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Success | Self::Failure)
    }
}

/// How far a job is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobProgress {
    /// What is done, of the total.
    pub done: u64,
    /// What there is to do: pages.
    pub total: u64,
}

/// What is known of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JobState {
    /// What kind of job it is.
    pub kind: String,
    /// Where it stands.
    pub status: JobStatus,
    /// Its place among those that wait, from 1; `None` when it does not wait.
    pub position: Option<usize>,
    /// How often it was begun.
    pub attempts: usize,
    /// How far it is, where it has told.
    pub progress: Option<JobProgress>,
    /// Why it failed.
    pub error: Option<String>,
    /// Whose it is, as said when it was submitted.
    pub owner: Option<String>,
    /// When it was submitted, in seconds since 1970.
    pub submitted_at: u64,
    /// When it was begun for the first time.
    pub started_at: Option<u64>,
    /// When it ended.
    pub ended_at: Option<u64>,
}

impl JobState {
    /// Whether it failed because it was [cancelled](JobQueue::cancel).
    pub fn was_cancelled(&self) -> bool {
        self.status == JobStatus::Failure && self.error.as_deref() == Some(CANCELLED)
    }
}

/// A queue of jobs. Clones share it; several processes may.
#[derive(Clone, Debug)]
pub struct JobQueue {
    ledger: Ledger,
    store: Store,
    settings: JobSettings,
    ids: Ids,
    running: Running,
    /// Locked by the process that runs jobs, where all processes are of one machine.
    lock: Option<Arc<PathBuf>>,
}

impl JobQueue {
    /// Opens a queue in a folder, and makes it if it is not there.
    ///
    /// # Errors
    ///
    /// Where the folder or the database cannot be made or opened.
    pub async fn open(folder: impl AsRef<Path>, settings: JobSettings) -> Result<Self> {
        let folder = folder.as_ref();
        let store = Store::folder(folder)?;
        let ledger = Ledger::file(&folder.join("jobs.db")).await?;
        let lock = Some(Arc::new(folder.join("jobs.lock")));
        Ok(Self::new(ledger, store, settings, lock))
    }

    /// Connects with a queue that several machines share: a PostgreSQL database
    /// (`postgres://user:password@host/database`; it needs the extensions `hstore` and `pgcrypto`, which come with
    /// PostgreSQL) and a place for inputs and results, `s3://bucket/prefix` or `file:///folder`. Keys and
    /// endpoint of an S3 service are taken from the `AWS_…` environment variables.
    ///
    /// # Errors
    ///
    /// Where an address cannot be used or the database not be reached.
    pub async fn connect(database: &str, store: &str, settings: JobSettings) -> Result<Self> {
        let store = Store::at(store)?;
        let ledger = Ledger::server(database).await?;
        Ok(Self::new(ledger, store, settings, None))
    }

    fn new(
        ledger: Ledger,
        store: Store,
        settings: JobSettings,
        lock: Option<Arc<PathBuf>>,
    ) -> Self {
        let (ids, running) = (Ids::default(), Running::default());
        Self { ledger, store, settings, ids, running, lock }
    }

    /// Adds a job, and gives its id. When this returns it is kept, whatever happens.
    ///
    /// # Errors
    ///
    /// Where an input cannot be copied or the database not be written.
    pub async fn submit(&self, job: NewJob) -> Result<String> {
        let ulid = self.ids.next();
        let id = ulid.to_string();
        let added = match self.keep(&id, &job.inputs).await {
            Ok(()) => self.ledger.add(ulid, &job).await,
            Err(error) => Err(error),
        };
        if added.is_err() {
            self.store.drop_inputs(&id, job.inputs.len()).await;
        }
        added.map(|()| id)
    }

    async fn keep(&self, id: &str, inputs: &[JobInput]) -> Result<()> {
        for (number, input) in inputs.iter().enumerate() {
            match input {
                JobInput::Copy(path) => self.store.keep_file(id, number, path).await?,
                JobInput::Bytes(bytes) => self.store.keep_bytes(id, number, bytes).await?,
            }
        }
        Ok(())
    }

    /// What is known of a job; `None` where there is none of that id.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn state(&self, id: &str) -> Result<Option<JobState>> {
        self.ledger.state(id).await
    }

    /// What was asked of a job; `None` where there is none of that id.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn request(&self, id: &str) -> Result<Option<Value>> {
        let Some(entry) = self.ledger.entry(id).await? else { return Ok(None) };
        serde_json::from_str(&entry.request).map(Some).map_err(database)
    }

    /// A job's result; `None` where it has none (yet).
    ///
    /// # Errors
    ///
    /// Where the database or the result cannot be read.
    pub async fn result(&self, id: &str) -> Result<Option<Vec<u8>>> {
        match self.state(id).await? {
            Some(state) if state.status == JobStatus::Success => self.store.read_result(id).await,
            _ => Ok(None),
        }
    }

    /// So many bytes of the start of a job's result at most; `None` where it has none (yet).
    ///
    /// # Errors
    ///
    /// As [`Self::result`].
    pub async fn result_start(&self, id: &str, most: u64) -> Result<Option<Vec<u8>>> {
        match self.state(id).await? {
            Some(state) if state.status == JobStatus::Success => {
                self.store.start_of_result(id, most).await
            }
            _ => Ok(None),
        }
    }

    /// The ids of an owner's jobs of a kind, newest first.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn list(&self, owner: Option<&str>, kind: &str) -> Result<Vec<String>> {
        self.ledger.list(owner, kind).await
    }

    /// Ends a job: one that waits never runs, one that runs is told to stop. Whether there was one to
    /// end.
    ///
    /// # Errors
    ///
    /// Where the database cannot be written.
    pub async fn cancel(&self, id: &str) -> Result<bool> {
        let inputs = self.ledger.entry(id).await?.map_or(0, |entry| entry.inputs);
        let ended = self.ledger.cancel(id).await?;
        self.running.cancel(id);
        if ended {
            self.store.drop_inputs(id, inputs).await;
        }
        Ok(ended)
    }

    /// Removes a job that has ended, with its result. Whether there was one.
    ///
    /// # Errors
    ///
    /// Where the database cannot be written.
    pub async fn remove(&self, id: &str) -> Result<bool> {
        let Some(entry) = self.ledger.entry(id).await? else { return Ok(false) };
        if !entry.is_over {
            return Ok(false);
        }
        // Files first: what is left of them after a loss of power still has its job.
        self.store.drop_inputs(id, entry.inputs).await;
        for (part, ..) in self.ledger.parts(id).await? {
            self.store.drop_result(&part).await;
        }
        self.store.drop_result(id).await;
        self.ledger.remove(id).await
    }

    /// Removes jobs that ended longer ago than they are kept, with their results; how many.
    ///
    /// # Errors
    ///
    /// Where the database cannot be written.
    pub async fn sweep(&self) -> Result<usize> {
        let keep = i64::try_from(self.settings.keep.as_secs()).unwrap_or(i64::MAX);
        let mut removed = 0;
        for id in self.ledger.ended(ledger::now().saturating_sub(keep)).await? {
            removed += usize::from(self.remove(&id).await?);
        }
        self.ledger.tidy().await?;
        Ok(removed)
    }

    /// How many jobs, and parts of jobs, wait to be begun.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn waiting(&self) -> Result<usize> {
        self.ledger.waiting().await
    }

    /// Runs jobs, so many at a time, until `stop` is raised; those under way are then told to stop and
    /// run again another time.
    ///
    /// # Errors
    ///
    /// Where the database cannot be used any more.
    pub async fn run(
        &self,
        handler: Arc<dyn JobHandler>,
        at_once: usize,
        stop: &CancelFlag,
    ) -> Result<()> {
        run::run(self, handler, at_once, stop).await
    }
}

/// Makes ids that ascend, also within a millisecond: jobs are taken in the order of their ids.
#[derive(Clone, Default)]
struct Ids(Arc<Mutex<Generator>>);

impl std::fmt::Debug for Ids {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ids")
    }
}

impl Ids {
    fn next(&self) -> Ulid {
        let mut generator = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // It only fails when a millisecond's 2^80 ids are used up.
        generator.generate().unwrap_or_else(|_| Ulid::generate())
    }
}

/// An error of the database.
fn database(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::stage("jobs", error)
}
