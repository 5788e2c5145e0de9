//! The databases in which jobs are kept, and the queue that the library of jobs keeps in them.

use std::path::Path;
use std::time::Duration;

use apalis::prelude::{TaskBuilder, TaskId};
use apalis_core::backend::WorkerFilter;
use apalis_postgres::PostgresStorage;
use apalis_sqlite::SqliteStorage;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{Connection as _, PgConnection, PgPool, SqliteConnection, SqlitePool};
use ulid::Ulid;

use super::{QUEUE, database};
use crate::error::{Error, Result};

const TABLES: [&str; 4] = [
    "CREATE TABLE IF NOT EXISTS recto_jobs (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, owner TEXT, request TEXT NOT NULL, inputs BIGINT NOT NULL,
        parent TEXT, part BIGINT NOT NULL DEFAULT 0,
        parts BIGINT NOT NULL DEFAULT 0, parts_ended BIGINT NOT NULL DEFAULT 0,
        submitted_at BIGINT NOT NULL, started_at BIGINT, ended_at BIGINT,
        begun BIGINT NOT NULL DEFAULT 0, done BIGINT NOT NULL DEFAULT 0, total BIGINT NOT NULL DEFAULT 0,
        outcome TEXT, error TEXT)",
    "CREATE INDEX IF NOT EXISTS recto_jobs_parent ON recto_jobs (parent)",
    "CREATE INDEX IF NOT EXISTS recto_jobs_owner ON recto_jobs (owner, kind)",
    "CREATE INDEX IF NOT EXISTS recto_jobs_ended ON recto_jobs (ended_at)",
];

/// Time that somebody waits for another's transaction, or for a connection.
const BUSY: Duration = Duration::from_secs(10);

/// The library takes up whatever was not answered; how often is counted here.
const ATTEMPTS: usize = i32::MAX as usize;

/// Jobs are due so long before they come, in seconds: forty years.
const DUE_BEFORE: u64 = 40 * 365 * 24 * 60 * 60;

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

/// Runs a statement with these values; how many rows it changed.
macro_rules! execute {
    ($on:expr, $statement:expr $(, $value:expr)* $(,)?) => {
        sqlx::query($statement)
            $(.bind($value))*
            .execute($on)
            .await
            .map(|done| done.rows_affected())
            .map_err(database)
    };
}

/// Runs a statement with these values; its first row.
macro_rules! first {
    ($on:expr, $statement:expr $(, $value:expr)* $(,)?) => {
        sqlx::query_as($statement)$(.bind($value))*.fetch_optional($on).await.map_err(database)
    };
}

/// Runs a statement with these values; its rows.
macro_rules! all {
    ($on:expr, $statement:expr $(, $value:expr)* $(,)?) => {
        sqlx::query_as($statement)$(.bind($value))*.fetch_all($on).await.map_err(database)
    };
}

pub(super) use {all, execute, first, with};

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
            execute!(&pool, table)?;
        }
        Ok(Self::Sqlite(pool))
    }

    /// A server, `postgres://user:password@host/database`.
    pub(super) async fn server(url: &str) -> Result<Self> {
        let options: PgConnectOptions = url.parse().map_err(|error: sqlx::Error| {
            // The address itself may hold a password.
            Error::invalid_option("queue", format!("no address of a PostgreSQL database: {error}"))
        })?;
        let options = options.application_name("recto");
        // A pool would go on asking, and in the end say only that it took too long.
        let told = |why: String| {
            let (host, port) = (options.get_host(), options.get_port());
            Error::stage("jobs", format!("no connection to the database at {host}:{port}: {why}"))
        };
        match tokio::time::timeout(BUSY, PgConnection::connect_with(&options)).await {
            Ok(Ok(connection)) => drop(connection.close().await),
            Ok(Err(error)) => return Err(told(error.to_string())),
            Err(_) => return Err(told(format!("no answer for {} seconds", BUSY.as_secs()))),
        }
        let pool = PgPoolOptions::new()
            .acquire_timeout(BUSY)
            .connect_with(options)
            .await
            .map_err(database)?;
        PostgresStorage::<()>::setup(&pool).await.map_err(database)?;
        let mut all = pool.begin().await.map_err(database)?;
        execute!(&mut *all, "SELECT pg_advisory_xact_lock($1)", LOCK)?;
        for table in TABLES {
            execute!(&mut *all, table)?;
        }
        all.commit().await.map_err(database)?;
        Ok(Self::Postgres(pool))
    }

    /// Removes from the queue what was answered.
    pub(super) async fn tidy(&self) -> Result<()> {
        match self {
            Self::Sqlite(pool) => execute!(
                pool,
                "DELETE FROM Jobs WHERE job_type = $1 AND status IN ('Done', 'Killed')",
                QUEUE
            ),
            Self::Postgres(pool) => execute!(
                pool,
                "DELETE FROM apalis.jobs WHERE job_type = $1 AND status IN ('Done', 'Killed')",
                QUEUE
            ),
        }
        .map(drop)
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

/// Puts the id of a job into the library's queue, within a transaction.
pub(super) trait Push {
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
    // The library takes jobs in the order in which they are due. One that is due "now" would wait for
    // a clock that is set back; so all are due long since, in the order of their ids.
    let due = (id.timestamp_ms() / 1000).saturating_sub(DUE_BEFORE);
    let task = TaskBuilder::new(words).task_id(TaskId::from_ulid(id)).run_at_timestamp(due);
    Ok(task.max_attempts(ATTEMPTS).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by tests/soak/chaos.py: a job waited for a day after the clock was set back by one.
    #[test]
    fn a_job_is_due_whatever_the_clock_says() {
        let due = |seconds: u64| {
            let id = Ulid::from_parts(seconds * 1000, 0);
            task(id, "a").unwrap().run_at().unwrap()
        };
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        // Years ago, and yet in the order in which they came.
        assert!(due(now) + 30 * 365 * 24 * 60 * 60 < now);
        assert!(due(now) < due(now + 1));
        assert_eq!(due(0), 0);
    }
}
