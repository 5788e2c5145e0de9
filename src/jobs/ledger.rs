//! What is known of jobs, in the database in which the library of jobs keeps its queue.
//!
//! That library hands out the ids of jobs, to a living process each, until one has answered; everything else
//! is in the table here, changed in one transaction with the queue. All statements are such that SQLite
//! and PostgreSQL take them alike.

use std::time::{SystemTime, UNIX_EPOCH};

use ulid::Ulid;

use super::sql::{Ledger, Push as _, all, execute, first, with};
use super::{CANCELLED, JobProgress, JobState, JobStatus, NewJob, database};
use crate::error::Result;

const SUCCESS: &str = "success";
const FAILURE: &str = "failure";

/// A job as whoever runs it needs it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub kind: String,
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
    /// Adds a job, and has it run.
    pub(super) async fn add(&self, id: Ulid, job: &NewJob) -> Result<()> {
        with!(self, pool => {
            let mut change = pool.begin().await.map_err(database)?;
            execute!(
                &mut *change,
                "INSERT INTO recto_jobs (id, kind, owner, request, inputs, submitted_at) \
                 VALUES ($1, $2, $3, $4, $5, $6)",
                id.to_string(),
                &job.kind,
                &job.owner,
                job.request.to_string(),
                number(job.inputs.len() as u64),
                now(),
            )?;
            change.push(id, &id.to_string()).await?;
            change.commit().await.map_err(database)
        })
    }

    /// Has parts run instead of a job; false where it is over or has parts already. They come with an
    /// id, what is asked of them, and their size.
    pub(super) async fn split(&self, job: &str, parts: &[(Ulid, String, u64)]) -> Result<bool> {
        let total: u64 = parts.iter().map(|(.., size)| size).sum();
        with!(self, pool => {
            let mut change = pool.begin().await.map_err(database)?;
            let split = execute!(
                &mut *change,
                "UPDATE recto_jobs SET parts = $1, total = $2, begun = 0 \
                 WHERE id = $3 AND parts = 0 AND outcome IS NULL",
                number(parts.len() as u64),
                number(total),
                job,
            )?;
            if split == 0 {
                return Ok(false);
            }
            for (part, (id, request, size)) in (0_u64..).zip(parts) {
                execute!(
                    &mut *change,
                    "INSERT INTO recto_jobs \
                     (id, kind, owner, request, inputs, parent, part, total, submitted_at) \
                     SELECT $1, kind, owner, $2, inputs, id, $3, $4, $5 FROM recto_jobs WHERE id = $6",
                    id.to_string(),
                    request,
                    number(part),
                    number(*size),
                    now(),
                    job,
                )?;
                change.push(*id, &id.to_string()).await?;
            }
            change.commit().await.map_err(database)?;
            Ok(true)
        })
    }

    /// Ends a job, unless it is over: whether it was this that ended it. With the last part of a job,
    /// that one is run again, to join them.
    pub(super) async fn end(&self, job: &str, error: Option<&str>, again: Ulid) -> Result<bool> {
        let outcome = if error.is_none() { SUCCESS } else { FAILURE };
        with!(self, pool => {
            let mut change = pool.begin().await.map_err(database)?;
            let ended: Option<(Option<String>,)> = first!(
                &mut *change,
                "UPDATE recto_jobs SET outcome = $1, error = $2, ended_at = $3, done = total \
                 WHERE id = $4 AND outcome IS NULL RETURNING parent",
                outcome,
                error,
                now(),
                job,
            )?;
            if let Some((Some(parent),)) = &ended {
                // The row of the parent is locked by this: of two last parts one counts to the end.
                let counted: Option<(i64, i64)> = first!(
                    &mut *change,
                    "UPDATE recto_jobs SET parts_ended = parts_ended + 1 WHERE id = $1 \
                     RETURNING parts_ended, parts",
                    parent,
                )?;
                if counted.is_some_and(|(ended, parts)| ended == parts) {
                    change.push(again, parent).await?;
                }
            }
            change.commit().await.map_err(database)?;
            Ok(ended.is_some())
        })
    }

    /// Ends a job and its parts as cancelled; whether there was one to end.
    pub(super) async fn cancel(&self, job: &str) -> Result<bool> {
        let changed = with!(self, pool => execute!(
            pool,
            "UPDATE recto_jobs SET outcome = $1, error = $2, ended_at = $3 \
             WHERE (id = $4 OR parent = $4) AND outcome IS NULL",
            FAILURE,
            CANCELLED,
            now(),
            job,
        ))?;
        Ok(changed > 0)
    }

    /// A job, for whoever is to run it.
    pub(super) async fn entry(&self, job: &str) -> Result<Option<Entry>> {
        type Row =
            (String, Option<String>, String, i64, Option<String>, i64, i64, i64, Option<String>);
        let row: Option<Row> = with!(self, pool => first!(
            pool,
            "SELECT kind, owner, request, inputs, parent, part, parts, begun, outcome \
             FROM recto_jobs WHERE id = $1",
            job,
        ))?;
        let entry =
            |(kind, owner, request, inputs, parent, part, parts, begun, outcome): Row| Entry {
                kind,
                owner,
                request,
                inputs: size(inputs),
                parent,
                part: size(part),
                parts: size(parts),
                begun: size(begun),
                is_over: outcome.is_some(),
            };
        Ok(row.map(entry))
    }

    /// Counts that a job is begun; how often it was, this time included.
    pub(super) async fn begin(&self, job: &str) -> Result<usize> {
        let begun: Option<(i64,)> = with!(self, pool => first!(
            pool,
            "UPDATE recto_jobs SET begun = begun + 1, started_at = COALESCE(started_at, $1) \
             WHERE id = $2 RETURNING begun",
            now(),
            job,
        ))?;
        Ok(begun.map_or(0, |(begun,)| size(begun)))
    }

    /// Takes a beginning back that is no fault of the job.
    pub(super) async fn unbegin(&self, job: &str) -> Result<()> {
        with!(self, pool => execute!(
            pool,
            "UPDATE recto_jobs SET begun = begun - 1, \
             started_at = CASE WHEN begun > 1 THEN started_at END WHERE id = $1 AND begun > 0",
            job,
        ))
        .map(drop)
    }

    /// Keeps how far a job is; whether it is still to go on.
    pub(super) async fn report(&self, job: &str, progress: JobProgress) -> Result<bool> {
        let changed = with!(self, pool => execute!(
            pool,
            "UPDATE recto_jobs SET done = $1, total = $2 WHERE id = $3 AND outcome IS NULL",
            number(progress.done),
            number(progress.total),
            job,
        ))?;
        Ok(changed > 0)
    }

    /// The parts of a job, in their order: their ids, what was asked of them, and why one failed.
    pub(super) async fn parts(&self, job: &str) -> Result<Vec<(String, String, Option<String>)>> {
        with!(self, pool => all!(
            pool,
            "SELECT id, request, error FROM recto_jobs WHERE parent = $1 ORDER BY part",
            job,
        ))
    }

    /// What is known of a job.
    pub(super) async fn state(&self, job: &str) -> Result<Option<JobState>> {
        type Row = (
            String,
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
        let row: Option<Row> = with!(self, pool => first!(
            pool,
            "SELECT kind, owner, outcome, error, submitted_at, started_at, ended_at, begun, total, \
             CASE WHEN parts > 0 THEN (SELECT CAST(COALESCE(SUM(p.done), 0) AS BIGINT) \
             FROM recto_jobs p WHERE p.parent = j.id) ELSE done END \
             FROM recto_jobs j WHERE id = $1",
            job,
        ))?;
        let Some((kind, owner, outcome, error, submitted, started, ended, begun, total, done)) =
            row
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
            kind,
            status,
            position,
            attempts: size(begun),
            progress: (total > 0).then_some(JobProgress { done: done.min(total), total }),
            error,
            owner,
            submitted_at: submitted.unsigned_abs(),
            started_at: started.map(i64::unsigned_abs),
            ended_at: ended.map(i64::unsigned_abs),
        }))
    }

    /// How many jobs wait that came before.
    async fn before(&self, job: &str) -> Result<usize> {
        let before: Option<(i64,)> = with!(self, pool => first!(
            pool,
            "SELECT COUNT(*) FROM recto_jobs WHERE started_at IS NULL AND outcome IS NULL \
             AND parent IS NULL AND id < $1",
            job,
        ))?;
        Ok(before.map_or(0, |(count,)| size(count)))
    }

    /// How many jobs and parts of jobs wait to be begun.
    pub(super) async fn waiting(&self) -> Result<usize> {
        let waiting: Option<(i64,)> = with!(self, pool => first!(
            pool,
            "SELECT COUNT(*) FROM recto_jobs WHERE started_at IS NULL AND outcome IS NULL",
        ))?;
        Ok(waiting.map_or(0, |(count,)| size(count)))
    }

    /// The jobs of an owner that are of a kind, newest first.
    pub(super) async fn list(&self, owner: Option<&str>, kind: &str) -> Result<Vec<String>> {
        let ids: Vec<(String,)> = with!(self, pool => all!(
            pool,
            "SELECT id FROM recto_jobs WHERE parent IS NULL AND owner IS NOT DISTINCT FROM $1 \
             AND kind = $2 ORDER BY id DESC",
            owner,
            kind,
        ))?;
        Ok(ids.into_iter().map(|(id,)| id).collect())
    }

    /// Everybody's jobs that ended at a time, in seconds since 1970, or before.
    pub(super) async fn ended(&self, until: i64) -> Result<Vec<String>> {
        let ids: Vec<(String,)> = with!(self, pool => all!(
            pool,
            "SELECT id FROM recto_jobs WHERE parent IS NULL AND ended_at <= $1 ORDER BY id",
            until,
        ))?;
        Ok(ids.into_iter().map(|(id,)| id).collect())
    }

    /// Forgets a job that is over, and its parts; whether there was one.
    pub(super) async fn remove(&self, job: &str) -> Result<bool> {
        let changed = with!(self, pool => execute!(
            pool,
            "DELETE FROM recto_jobs WHERE (id = $1 AND outcome IS NOT NULL) OR (parent = $1 \
             AND EXISTS (SELECT 1 FROM recto_jobs j WHERE j.id = $1 AND j.outcome IS NOT NULL))",
            job,
        ))?;
        Ok(changed > 0)
    }
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    number(since.as_secs())
}

/// As databases count.
fn number(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn size(number: i64) -> usize {
    usize::try_from(number).unwrap_or_default()
}
