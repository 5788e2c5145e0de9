//! What is known of jobs, in the database in which the library of jobs keeps its queue.
//!
//! That library hands out the ids of jobs, to a living process each, until one has answered; everything else
//! is in the table here, changed in one transaction with the queue. All statements are such that SQLite
//! and PostgreSQL take them alike.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use apalis::prelude::{TaskBuilder, TaskId};
use apalis_core::backend::WorkerFilter;
use apalis_postgres::PostgresStorage;
use apalis_sqlite::SqliteStorage;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{PgConnection, PgPool, SqliteConnection, SqlitePool};
use ulid::Ulid;

use super::{CANCELLED, JobProgress, JobState, JobStatus, QUEUE, database};
use crate::error::{Error, Result};

const TABLES: [&str; 3] = [
    "CREATE TABLE IF NOT EXISTS recto_jobs (
        id TEXT PRIMARY KEY, owner TEXT, request TEXT NOT NULL, inputs BIGINT NOT NULL,
        parent TEXT, part BIGINT NOT NULL DEFAULT 0,
        parts BIGINT NOT NULL DEFAULT 0, parts_ended BIGINT NOT NULL DEFAULT 0,
        submitted_at BIGINT NOT NULL, started_at BIGINT, ended_at BIGINT,
        begun BIGINT NOT NULL DEFAULT 0, done BIGINT NOT NULL DEFAULT 0, total BIGINT NOT NULL DEFAULT 0,
        outcome TEXT, error TEXT)",
    "CREATE INDEX IF NOT EXISTS recto_jobs_parent ON recto_jobs (parent)",
    "CREATE INDEX IF NOT EXISTS recto_jobs_ended ON recto_jobs (ended_at)",
];

/// Time that somebody waits for another's transaction, or for a connection.
const BUSY: Duration = Duration::from_secs(10);

/// The library takes up whatever was not answered; how often is counted here.
const ATTEMPTS: usize = i32::MAX as usize;

/// Any number, so that two processes do not make the tables at once.
const LOCK: i64 = 7_265_063;

/// The database of one machine, or of several.
#[derive(Clone, Debug)]
pub(super) enum Ledger {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// The same statements for either database.
macro_rules! with {
    ($ledger:expr, $pool:ident => $work:expr) => {
        match $ledger {
            Ledger::Sqlite($pool) => $work,
            Ledger::Postgres($pool) => $work,
        }
    };
}

/// A job as whoever runs it needs it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub owner: Option<String>,
    pub request: String,
    /// How many inputs it has.
    pub inputs: usize,
    /// The job of which this is a part, and which part, from 0.
    pub parent: Option<String>,
    pub part: usize,
    /// Into so many parts it was split; 0 where it was not.
    pub parts: usize,
    /// How often it was begun and its process did not come to tell how it ended.
    pub begun: usize,
    pub is_over: bool,
}

impl Ledger {
    /// A file, which is made.
    pub(super) async fn file(path: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .busy_timeout(BUSY)
            // What was submitted survives a loss of power, too.
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL");
        let pool = SqlitePoolOptions::new().connect_with(options).await.map_err(database)?;
        SqliteStorage::migrations().run(&pool).await.map_err(database)?;
        for table in TABLES {
            sqlx::query(table).execute(&pool).await.map_err(database)?;
        }
        Ok(Self::Sqlite(pool))
    }

    /// A server, `postgres://user:password@host/database`.
    pub(super) async fn server(url: &str) -> Result<Self> {
        let options: PgConnectOptions = url.parse().map_err(|error: sqlx::Error| {
            // The address itself may hold a password.
            Error::invalid_option("queue", format!("no address of a PostgreSQL database: {error}"))
        })?;
        let pool = PgPoolOptions::new()
            .acquire_timeout(BUSY)
            .connect_with(options.application_name("recto"))
            .await
            .map_err(database)?;
        PostgresStorage::<()>::setup(&pool).await.map_err(database)?;
        let mut all = pool.begin().await.map_err(database)?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(LOCK)
            .execute(&mut *all)
            .await
            .map_err(database)?;
        for table in TABLES {
            sqlx::query(table).execute(&mut *all).await.map_err(database)?;
        }
        all.commit().await.map_err(database)?;
        Ok(Self::Postgres(pool))
    }

    /// Adds a job, and has it run.
    pub(super) async fn add(
        &self,
        id: Ulid,
        owner: Option<&str>,
        request: &str,
        inputs: usize,
    ) -> Result<()> {
        with!(self, pool => {
            let mut all = pool.begin().await.map_err(database)?;
            sqlx::query(
                "INSERT INTO recto_jobs (id, owner, request, inputs, submitted_at) \
                 VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(id.to_string())
            .bind(owner)
            .bind(request)
            .bind(number(inputs))
            .bind(now())
            .execute(&mut *all)
            .await
            .map_err(database)?;
            all.push(id, &id.to_string()).await?;
            all.commit().await.map_err(database)
        })
    }

    /// Has parts run instead of a job; false where it is over or has parts already. They come with an
    /// id, what is asked of them, and their size.
    pub(super) async fn split(&self, job: &str, parts: &[(Ulid, String, u64)]) -> Result<bool> {
        let total: u64 = parts.iter().map(|(.., size)| size).sum();
        with!(self, pool => {
            let mut all = pool.begin().await.map_err(database)?;
            let split = sqlx::query(
                "UPDATE recto_jobs SET parts = $1, total = $2, begun = 0 \
                 WHERE id = $3 AND parts = 0 AND outcome IS NULL",
            )
            .bind(number(parts.len()))
            .bind(count(total))
            .bind(job)
            .execute(&mut *all)
            .await
            .map_err(database)?;
            if split.rows_affected() == 0 {
                return Ok(false);
            }
            for (part, (id, request, size)) in parts.iter().enumerate() {
                sqlx::query(
                    "INSERT INTO recto_jobs (id, owner, request, inputs, parent, part, total, submitted_at) \
                     SELECT $1, owner, $2, inputs, id, $3, $4, $5 FROM recto_jobs WHERE id = $6",
                )
                .bind(id.to_string())
                .bind(request)
                .bind(number(part))
                .bind(count(*size))
                .bind(now())
                .bind(job)
                .execute(&mut *all)
                .await
                .map_err(database)?;
                all.push(*id, &id.to_string()).await?;
            }
            all.commit().await.map_err(database)?;
            Ok(true)
        })
    }

    /// Ends a job, unless it is over: whether it was this that ended it. With the last part of a job,
    /// that one is run again, to join them.
    pub(super) async fn end(&self, job: &str, error: Option<&str>, again: Ulid) -> Result<bool> {
        let outcome = if error.is_none() { SUCCESS } else { FAILURE };
        with!(self, pool => {
            let mut all = pool.begin().await.map_err(database)?;
            let ended: Option<(Option<String>,)> = sqlx::query_as(
                "UPDATE recto_jobs SET outcome = $1, error = $2, ended_at = $3, done = total \
                 WHERE id = $4 AND outcome IS NULL RETURNING parent",
            )
            .bind(outcome)
            .bind(error)
            .bind(now())
            .bind(job)
            .fetch_optional(&mut *all)
            .await
            .map_err(database)?;
            if let Some((Some(parent),)) = &ended {
                // The row of the parent is locked by this: of two last parts one counts to the end.
                let counted: Option<(i64, i64)> = sqlx::query_as(
                    "UPDATE recto_jobs SET parts_ended = parts_ended + 1 WHERE id = $1 \
                     RETURNING parts_ended, parts",
                )
                .bind(parent)
                .fetch_optional(&mut *all)
                .await
                .map_err(database)?;
                if counted.is_some_and(|(ended, parts)| ended == parts) {
                    all.push(again, parent).await?;
                }
            }
            all.commit().await.map_err(database)?;
            Ok(ended.is_some())
        })
    }

    /// Ends a job and its parts as cancelled; whether there was one to end.
    pub(super) async fn cancel(&self, job: &str) -> Result<bool> {
        let changed = with!(self, pool => {
            sqlx::query(
                "UPDATE recto_jobs SET outcome = $1, error = $2, ended_at = $3 \
                 WHERE (id = $4 OR parent = $4) AND outcome IS NULL",
            )
            .bind(FAILURE)
            .bind(CANCELLED)
            .bind(now())
            .bind(job)
            .execute(pool)
            .await
            .map_err(database)?
            .rows_affected()
        });
        Ok(changed > 0)
    }

    /// A job, for whoever is to run it.
    pub(super) async fn entry(&self, job: &str) -> Result<Option<Entry>> {
        type Row = (Option<String>, String, i64, Option<String>, i64, i64, i64, Option<String>);
        let row: Option<Row> = with!(self, pool => {
            sqlx::query_as(
                "SELECT owner, request, inputs, parent, part, parts, begun, outcome \
                 FROM recto_jobs WHERE id = $1",
            )
            .bind(job)
            .fetch_optional(pool)
            .await
        })
        .map_err(database)?;
        Ok(row.map(|(owner, request, inputs, parent, part, parts, begun, outcome)| Entry {
            owner,
            request,
            inputs: size(inputs),
            parent,
            part: size(part),
            parts: size(parts),
            begun: size(begun),
            is_over: outcome.is_some(),
        }))
    }

    /// Counts that a job is begun; how often it was, this time included.
    pub(super) async fn begin(&self, job: &str) -> Result<usize> {
        let begun: Option<(i64,)> = with!(self, pool => {
            sqlx::query_as(
                "UPDATE recto_jobs SET begun = begun + 1, started_at = COALESCE(started_at, $1) \
                 WHERE id = $2 RETURNING begun",
            )
            .bind(now())
            .bind(job)
            .fetch_optional(pool)
            .await
        })
        .map_err(database)?;
        Ok(begun.map_or(0, |(begun,)| size(begun)))
    }

    /// Takes a beginning back that is no fault of the job.
    pub(super) async fn unbegin(&self, job: &str) -> Result<()> {
        with!(self, pool => {
            sqlx::query(
                "UPDATE recto_jobs SET begun = begun - 1, \
                 started_at = CASE WHEN begun > 1 THEN started_at END WHERE id = $1 AND begun > 0",
            )
            .bind(job)
            .execute(pool)
            .await
            .map(drop)
        })
        .map_err(database)
    }

    /// Keeps how far a job is; whether it is still to go on.
    pub(super) async fn report(&self, job: &str, progress: JobProgress) -> Result<bool> {
        let changed = with!(self, pool => {
            sqlx::query(
                "UPDATE recto_jobs SET done = $1, total = $2 WHERE id = $3 AND outcome IS NULL",
            )
            .bind(count(progress.done))
            .bind(count(progress.total))
            .bind(job)
            .execute(pool)
            .await
            .map_err(database)?
            .rows_affected()
        });
        Ok(changed > 0)
    }

    /// The parts of a job, in their order: their ids, what was asked of them, and why one failed.
    pub(super) async fn parts(&self, job: &str) -> Result<Vec<(String, String, Option<String>)>> {
        with!(self, pool => {
            sqlx::query_as("SELECT id, request, error FROM recto_jobs WHERE parent = $1 ORDER BY part")
                .bind(job)
                .fetch_all(pool)
                .await
        })
        .map_err(database)
    }

    /// What is known of a job.
    pub(super) async fn state(&self, job: &str) -> Result<Option<JobState>> {
        type Row = (
            Option<String>,
            Option<String>,
            Option<String>,
            i64,
            Option<i64>,
            Option<i64>,
            i64,
            i64,
            i64,
        );
        let row: Option<Row> = with!(self, pool => {
            sqlx::query_as(
                "SELECT owner, outcome, error, submitted_at, started_at, ended_at, begun, total, \
                 CASE WHEN parts > 0 THEN (SELECT CAST(COALESCE(SUM(p.done), 0) AS BIGINT) \
                 FROM recto_jobs p WHERE p.parent = j.id) ELSE done END \
                 FROM recto_jobs j WHERE id = $1",
            )
            .bind(job)
            .fetch_optional(pool)
            .await
        })
        .map_err(database)?;
        let Some((owner, outcome, error, submitted, started, ended, begun, total, done)) = row
        else {
            return Ok(None);
        };
        let status = match outcome.as_deref() {
            Some(SUCCESS) => JobStatus::Success,
            Some(_) => JobStatus::Failure,
            None if started.is_some() => JobStatus::Started,
            None => JobStatus::Pending,
        };
        let position = match status {
            JobStatus::Pending => Some(self.before(job).await? + 1),
            _ => None,
        };
        let (done, total) = (done.unsigned_abs(), total.unsigned_abs());
        Ok(Some(JobState {
            status,
            position,
            attempts: size(begun),
            progress: (total > 0).then_some(JobProgress { done: done.min(total), total }),
            error,
            owner,
            submitted_at: submitted.unsigned_abs(),
            ended_at: ended.map(i64::unsigned_abs),
        }))
    }

    /// How many jobs wait that came before.
    async fn before(&self, job: &str) -> Result<usize> {
        let before: i64 = with!(self, pool => {
            sqlx::query_scalar(
                "SELECT COUNT(*) FROM recto_jobs WHERE started_at IS NULL AND outcome IS NULL \
                 AND parent IS NULL AND id < $1",
            )
            .bind(job)
            .fetch_one(pool)
            .await
        })
        .map_err(database)?;
        Ok(size(before))
    }

    /// How many jobs and parts of jobs wait to be begun.
    pub(super) async fn waiting(&self) -> Result<usize> {
        let waiting: i64 = with!(self, pool => {
            sqlx::query_scalar(
                "SELECT COUNT(*) FROM recto_jobs WHERE started_at IS NULL AND outcome IS NULL",
            )
            .fetch_one(pool)
            .await
        })
        .map_err(database)?;
        Ok(size(waiting))
    }

    /// Jobs that ended before a time, in seconds since 1970.
    pub(super) async fn ended(&self, before: i64) -> Result<Vec<String>> {
        with!(self, pool => {
            sqlx::query_scalar("SELECT id FROM recto_jobs WHERE parent IS NULL AND ended_at <= $1")
                .bind(before)
                .fetch_all(pool)
                .await
        })
        .map_err(database)
    }

    /// Forgets a job that is over, and its parts; whether there was one.
    pub(super) async fn remove(&self, job: &str) -> Result<bool> {
        let changed = with!(self, pool => {
            sqlx::query(
                "DELETE FROM recto_jobs WHERE (id = $1 AND outcome IS NOT NULL) OR (parent = $1 \
                 AND EXISTS (SELECT 1 FROM recto_jobs j WHERE j.id = $1 AND j.outcome IS NOT NULL))",
            )
            .bind(job)
            .execute(pool)
            .await
            .map_err(database)?
            .rows_affected()
        });
        Ok(changed > 0)
    }

    /// Removes from the queue what was answered.
    pub(super) async fn tidy(&self) -> Result<()> {
        match self {
            Self::Sqlite(pool) => {
                sqlx::query("DELETE FROM Jobs WHERE job_type = $1 AND status IN ('Done', 'Killed')")
                    .bind(QUEUE)
                    .execute(pool)
                    .await
                    .map(drop)
            }
            Self::Postgres(pool) => sqlx::query(
                "DELETE FROM apalis.jobs WHERE job_type = $1 AND status IN ('Done', 'Killed')",
            )
            .bind(QUEUE)
            .execute(pool)
            .await
            .map(drop),
        }
        .map_err(database)
    }

    /// Has everything run again that is marked as running; for whoever knows that it is not. How much.
    pub(super) async fn recover(&self) -> Result<u64> {
        match self {
            Self::Sqlite(pool) => {
                apalis_sqlite::queries::reenqueue_orphaned(pool, 0, QUEUE, &WorkerFilter::None)
                    .await
                    .map_err(database)
            }
            // Other machines may run it.
            Self::Postgres(_) => Ok(0),
        }
    }
}

const SUCCESS: &str = "success";
const FAILURE: &str = "failure";

/// Puts the id of a job into the library's queue, within a transaction.
trait Push {
    async fn push(&mut self, task: Ulid, job: &str) -> Result<()>;
}

impl Push for SqliteConnection {
    async fn push(&mut self, task: Ulid, job: &str) -> Result<()> {
        let task = self::task(task, job)?;
        apalis_sqlite::queries::push_tasks(self, QUEUE, &[task]).await.map_err(database)
    }
}

impl Push for PgConnection {
    async fn push(&mut self, task: Ulid, job: &str) -> Result<()> {
        let task = self::task(task, job)?;
        apalis_postgres::queries::push_tasks(self, QUEUE, vec![task]).await.map_err(database)
    }
}

fn task(id: Ulid, job: &str) -> Result<apalis::prelude::Task<Vec<u8>>> {
    let words = serde_json::to_vec(job).map_err(database)?;
    Ok(TaskBuilder::new(words).task_id(TaskId::from_ulid(id)).max_attempts(ATTEMPTS).build())
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn number(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn count(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn size(number: i64) -> usize {
    usize::try_from(number).unwrap_or_default()
}
