//! Jobs that survive the process that runs them.
//!
//! A [`JobQueue`] is a folder: an SQLite database that `apalis` keeps, inputs, and results. Jobs are
//! taken in the order they came. One that was running when its process was killed is run again; its
//! result is written once. One that ends the process again and again is set aside.

mod run;
mod store;

use std::path::{Path, PathBuf};
use std::time::Duration;

use apalis::prelude::{TaskBuilder, TaskId};
use apalis_sqlite::queries::push_tasks;
use apalis_sqlite::{Config, SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteStorage};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::call::CancelFlag;
use crate::error::{Error, Result};

use run::{Finished, Running};
pub use run::{Handler, Job};
use store::Folder;

/// The queue's name in the database.
const QUEUE: &str = "recto";

/// What the queue knows of a job besides what the library of jobs keeps. That one's count of tries is of no
/// use for jobs that end the process: it counts for those beside them as well.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS RectoJobs (
    id TEXT PRIMARY KEY, owner TEXT, submitted_at INTEGER NOT NULL, cancelled INTEGER NOT NULL DEFAULT 0,
    begun INTEGER NOT NULL DEFAULT 0)";

/// Time that somebody waits for another's transaction.
const BUSY: Duration = Duration::from_secs(10);

/// So often a job is taken up again whose result could not be written, or which did not get to run.
const ERRORS: usize = 100;

/// Settings of a [`JobQueue`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JobSettings {
    /// How often a job is begun, at least once: one that was running so often when its process ended
    /// is set aside with an error. From its second time on it runs alone, so that others do not pay
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

/// What a job reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JobInput {
    /// A file that somebody else keeps until the job has ended.
    Path(PathBuf),
    /// A file that the queue copies, and removes when the job has ended.
    Copy(PathBuf),
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JobStatus {
    /// It waits.
    Pending,
    /// It is being worked on.
    Started,
    /// It has a result.
    Success,
    /// It failed, was cancelled or set aside.
    Failure,
}

/// What is known of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JobState {
    /// Where it stands.
    pub status: JobStatus,
    /// Its place among those that wait, from 1; `None` when it does not wait.
    pub position: Option<usize>,
    /// How often it was begun.
    pub attempts: usize,
    /// Why it failed.
    pub error: Option<String>,
    /// Whose it is, as said when it was submitted.
    pub owner: Option<String>,
    /// When it was submitted, in seconds since 1970.
    pub submitted_at: u64,
    /// When it ended.
    pub ended_at: Option<u64>,
}

/// What the database keeps of a job for whoever runs it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Work {
    request: Value,
    input: Option<PathBuf>,
}

/// A queue of jobs in a folder. Clones share it; several processes may.
#[derive(Clone, Debug)]
pub struct JobQueue {
    pool: SqlitePool,
    folder: Folder,
    settings: JobSettings,
    ids: store::Ids,
    running: Running,
}

impl JobQueue {
    /// Opens a queue, and makes it if it is not there.
    ///
    /// # Errors
    ///
    /// Where the folder or the database cannot be made or opened.
    pub async fn open(folder: impl AsRef<Path>, settings: JobSettings) -> Result<Self> {
        let folder = Folder::open(folder.as_ref())?;
        let options = SqliteConnectOptions::new()
            .filename(folder.database())
            .create_if_missing(true)
            .busy_timeout(BUSY)
            // What was submitted survives a loss of power, too.
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL");
        let pool = SqlitePoolOptions::new().connect_with(options).await.map_err(database)?;
        SqliteStorage::migrations().run(&pool).await.map_err(database)?;
        sqlx::query(TABLE).execute(&pool).await.map_err(database)?;
        let (ids, running) = (store::Ids::default(), Running::default());
        Ok(Self { pool, folder, settings, ids, running })
    }

    /// Adds a job, and gives its id. When this returns it is kept, whatever happens.
    ///
    /// # Errors
    ///
    /// Where the input cannot be copied or the database not be written.
    pub async fn submit(
        &self,
        request: Value,
        input: Option<JobInput>,
        owner: Option<&str>,
    ) -> Result<String> {
        let ulid = self.ids.next();
        let id = ulid.to_string();
        let input = match input {
            None => None,
            Some(JobInput::Path(path)) => Some(path),
            Some(JobInput::Copy(path)) => {
                let (folder, id) = (self.folder.clone(), id.clone());
                Some(blocking(move || folder.keep_input(&id, &path)).await?)
            }
        };
        let work = serde_json::to_vec(&Work { request, input }).map_err(database)?;
        let task =
            TaskBuilder::new(work).task_id(TaskId::from_ulid(ulid)).max_attempts(ERRORS).build();
        let mut both = self.pool.begin().await.map_err(database)?;
        push_tasks(&mut *both, QUEUE, &[task]).await.map_err(database)?;
        sqlx::query("INSERT INTO RectoJobs (id, owner, submitted_at) VALUES (?, ?, ?)")
            .bind(&id)
            .bind(owner)
            .bind(store::now())
            .execute(&mut *both)
            .await
            .map_err(database)?;
        both.commit().await.map_err(database)?;
        Ok(id)
    }

    /// What is known of a job; `None` where there is none of that id.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn state(&self, id: &str) -> Result<Option<JobState>> {
        let row = sqlx::query(
            "SELECT j.status, j.attempts, j.max_attempts, j.run_at, j.last_result, j.done_at, \
                    r.owner, r.submitted_at, r.cancelled, r.begun \
             FROM Jobs j JOIN RectoJobs r ON r.id = j.id WHERE j.id = ?",
        )
        .bind(id)
        .fetch_optional(&self.pool)
        .await
        .map_err(database)?;
        let Some(row) = row else { return Ok(None) };
        let mut state = state(&row).map_err(database)?;
        if state.status == JobStatus::Pending {
            let run_at: i64 = row.try_get("run_at").map_err(database)?;
            let before: i64 = sqlx::query_scalar(
                "SELECT COUNT(*) FROM Jobs WHERE job_type = ? AND done_at IS NULL \
                 AND status IN ('Pending', 'Queued') AND (run_at < ? OR (run_at = ? AND id < ?))",
            )
            .bind(QUEUE)
            .bind(run_at)
            .bind(run_at)
            .bind(id)
            .fetch_one(&self.pool)
            .await
            .map_err(database)?;
            state.position = Some(usize::try_from(before).unwrap_or_default() + 1);
        }
        Ok(Some(state))
    }

    /// The file with a job's result; `None` where it has none (yet).
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn result(&self, id: &str) -> Result<Option<PathBuf>> {
        let state = self.state(id).await?;
        let done = state.is_some_and(|state| state.status == JobStatus::Success);
        Ok(done.then(|| self.folder.result(id)))
    }

    /// Ends a job: one that waits never runs, one that runs is told to stop. Whether there was one to
    /// end.
    ///
    /// # Errors
    ///
    /// Where the database cannot be written.
    pub async fn cancel(&self, id: &str) -> Result<bool> {
        let mut both = self.pool.begin().await.map_err(database)?;
        let known = sqlx::query(
            "UPDATE RectoJobs SET cancelled = 1 WHERE id = ? \
             AND EXISTS (SELECT 1 FROM Jobs j WHERE j.id = RectoJobs.id AND j.status NOT IN ('Done', 'Killed'))",
        )
        .bind(id)
        .execute(&mut *both)
        .await
        .map_err(database)?;
        let ended = sqlx::query(
            "UPDATE Jobs SET status = 'Killed', done_at = ? \
             WHERE id = ? AND status IN ('Pending', 'Failed')",
        )
        .bind(store::now())
        .bind(id)
        .execute(&mut *both)
        .await
        .map_err(database)?;
        both.commit().await.map_err(database)?;
        if ended.rows_affected() > 0 {
            self.folder.drop_input(id);
        }
        self.running.cancel(id);
        Ok(known.rows_affected() > 0)
    }

    /// Removes jobs that ended longer ago than they are kept, with their results; how many.
    ///
    /// # Errors
    ///
    /// Where the database cannot be written.
    pub async fn sweep(&self) -> Result<usize> {
        let keep = i64::try_from(self.settings.keep.as_secs()).unwrap_or(i64::MAX);
        let old: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM Jobs WHERE job_type = ? AND done_at <= ? \
             AND (status IN ('Done', 'Killed') OR (status = 'Failed' AND attempts >= max_attempts))",
        )
        .bind(QUEUE)
        .bind(store::now().saturating_sub(keep))
        .fetch_all(&self.pool)
        .await
        .map_err(database)?;
        for id in &old {
            // Files first: what is left of them after a loss of power still has its job.
            self.folder.drop_input(id);
            self.folder.drop_result(id);
            let mut both = self.pool.begin().await.map_err(database)?;
            for table in ["DELETE FROM Jobs WHERE id = ?", "DELETE FROM RectoJobs WHERE id = ?"] {
                sqlx::query(table).bind(id).execute(&mut *both).await.map_err(database)?;
            }
            both.commit().await.map_err(database)?;
        }
        Ok(old.len())
    }

    /// Runs jobs, so many at a time, until `stop` is raised; those under way are then told to stop and
    /// run again another time.
    ///
    /// # Errors
    ///
    /// Where the database cannot be used any more.
    pub async fn run(&self, handler: Handler, at_once: usize, stop: &CancelFlag) -> Result<()> {
        run::run(self, handler, at_once, stop).await
    }

    fn config(&self) -> Config {
        Config::default()
            .queue(QUEUE)
            // Jobs that a process holds without running them would wait for it.
            .batch_size(1)
            .heartbeat_interval(self.settings.heartbeat.max(Duration::from_secs(1)))
            .missed_heartbeats(MISSED)
    }
}

/// So many heartbeats are missed by a process that is dead, not slow.
const MISSED: usize = 3;

fn state(row: &SqliteRow) -> Result<JobState, sqlx::Error> {
    let ended_at: Option<i64> = row.try_get("done_at")?;
    let (attempts, most): (i64, i64) = (row.try_get("attempts")?, row.try_get("max_attempts")?);
    let begun: i64 = row.try_get("begun")?;
    let cancelled: bool = row.try_get("cancelled")?;
    let result: Option<String> = row.try_get("last_result")?;
    let finished = result.and_then(|text| serde_json::from_str(&text).ok());
    let word: String = row.try_get("status")?;
    let (status, error) = match (word.as_str(), finished) {
        ("Done", Some(Ok(Finished::Done))) => (JobStatus::Success, None),
        ("Done", Some(Ok(Finished::Failed(why)))) => (JobStatus::Failure, Some(why)),
        ("Killed", _) if cancelled => (JobStatus::Failure, Some(run::CANCELLED.to_owned())),
        ("Done" | "Killed", finished) => {
            let why: Option<Result<Finished, String>> = finished;
            let why = why.and_then(Result::err);
            (JobStatus::Failure, Some(why.unwrap_or_else(|| "it was ended".to_owned())))
        }
        ("Failed", Some(Err(why))) if attempts >= most => (JobStatus::Failure, Some(why)),
        ("Running", _) => (JobStatus::Started, None),
        _ => (JobStatus::Pending, None),
    };
    let is_over = matches!(status, JobStatus::Success | JobStatus::Failure);
    Ok(JobState {
        status,
        position: None,
        attempts: usize::try_from(begun).unwrap_or_default(),
        error,
        owner: row.try_get("owner")?,
        submitted_at: row.try_get::<i64, _>("submitted_at")?.unsigned_abs(),
        ended_at: ended_at.filter(|_| is_over).map(i64::unsigned_abs),
    })
}

/// An error of the database.
fn database(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::stage("jobs", error)
}

/// Work that would hold up the runtime.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(database)?
}
