//! Where a server takes jobs in, tells how they are, and hands results out.

use std::fs::DirBuilder;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::http::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

use super::super::app::App;
use super::super::auth::KeyIndex;
use super::super::error::{ApiError, Class};
use super::super::handlers::{check_length, check_type};
use super::super::reads;
use super::JobRules;
use super::outcome::{About, Outcome};
use super::work::{JobWork, ORDER, cancelled};
use crate::call::CancelFlag;
use crate::error::{Error, Result};
use crate::jobs::{JobInput, JobQueue, JobSettings, JobState, NewJob};

/// The field of a request that has how many documents it is about.
const DOCUMENTS: &str = "documents";
/// How often jobs that were kept long enough are removed.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// When to come back to a queue that is full.
const COME_BACK: Duration = Duration::from_secs(30);
/// An upload takes an hour at most.
const LEFTOVER: Duration = Duration::from_secs(2 * 60 * 60);
/// What is known of a result is in its first bytes, mostly in so many.
const LONGEST_ABOUT: u64 = 64 * 1024;
/// How long a server that ends waits for its jobs to stop.
const LAST_PAGE: Duration = Duration::from_secs(10);

/// The jobs of a server.
#[derive(Debug, Default)]
pub(in crate::server) struct Desk {
    queue: OnceCell<JobQueue>,
    stop: CancelFlag,
    runner: Mutex<Option<JoinHandle<()>>>,
    pub(super) counts: Counts,
}

/// What is remembered of a job for whoever asks how it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) struct Ticket {
    /// What kind of job it is.
    pub(in crate::server) kind: String,
    /// How many documents it is about.
    pub(in crate::server) documents: usize,
}

impl Ticket {
    pub(in crate::server) fn new(kind: &str, documents: usize) -> Self {
        Self { kind: kind.to_owned(), documents }
    }
}

/// A job of whoever asks for it.
#[derive(Clone, Debug)]
pub(in crate::server) struct Known {
    pub(in crate::server) ticket: Ticket,
    /// What is asked, as it was submitted.
    pub(in crate::server) order: Value,
    pub(in crate::server) state: JobState,
}

impl Desk {
    /// Takes up what was left when the server ended last; where there is nothing, nothing is made.
    pub(in crate::server) async fn open(app: &Arc<App>) {
        let is_there = app.settings.jobs.as_ref().is_some_and(JobRules::may_have_jobs);
        if is_there && let Err(error) = Self::queue(app).await {
            tracing::error!(error = error.message, "the queue of jobs cannot be opened");
        }
    }

    /// The queue, which is made where it is not there.
    pub(in crate::server) async fn queue(app: &Arc<App>) -> Result<JobQueue, ApiError> {
        let Some(rules) = &app.settings.jobs else {
            return Err(ApiError::new(
                Class::NotOffered,
                "this server keeps no jobs: it was started without a folder for them (--jobs-dir); \
                 ask without async",
            ));
        };
        let opened = app.desk.queue.get_or_try_init(|| start(app, rules)).await;
        opened.cloned().map_err(|error| broken(&error))
    }

    /// The queue if there is one.
    async fn existing(app: &Arc<App>) -> Result<Option<JobQueue>, ApiError> {
        match &app.settings.jobs {
            Some(rules) if app.desk.queue.initialized() || rules.may_have_jobs() => {
                Self::queue(app).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Lets a request for a job in whose body is JSON; what costs least is checked first. Its body is in
    /// memory until the queue has it: so long the place is to be held.
    pub(in crate::server) async fn admit(
        app: &Arc<App>,
        key: KeyIndex,
        headers: &HeaderMap,
    ) -> Result<reads::Place, ApiError> {
        check_type(headers)?;
        check_length(headers, app.settings.max_body_bytes)?;
        app.limits.admit_job(key, Instant::now())?;
        Self::queue(app).await?;
        app.reads.enter()
    }

    /// Puts a job in the queue, and gives its id. Whoever calls has asked the limits of the key.
    pub(in crate::server) async fn submit(
        app: &Arc<App>,
        key: KeyIndex,
        ticket: Ticket,
        order: Value,
        inputs: Vec<JobInput>,
    ) -> Result<String, ApiError> {
        let queue = Self::queue(app).await?;
        let most = app.settings.jobs.as_ref().map_or(0, |rules| rules.most_waiting);
        let waiting = queue.waiting().await.map_err(|error| broken(&error))?;
        if waiting >= most {
            let message = format!("{waiting} jobs wait already; try again");
            return Err(ApiError::new(Class::Busy, message).retry_after(COME_BACK));
        }
        let request = json!({ DOCUMENTS: ticket.documents, ORDER: order });
        let owner = app.settings.keys.owner(key);
        let new = NewJob { kind: ticket.kind, request, inputs, owner };
        let id = queue.submit(new).await.map_err(|error| broken(&error))?;
        Ok(id)
    }

    /// A job of these kinds; none where there is none of that id, or it is of somebody else.
    pub(in crate::server) async fn find(
        app: &Arc<App>,
        key: KeyIndex,
        id: &str,
        kinds: &[&str],
    ) -> Result<Option<Known>, ApiError> {
        let Some(queue) = Self::existing(app).await? else { return Ok(None) };
        let Some(state) = queue.state(id).await.map_err(|error| broken(&error))? else {
            return Ok(None);
        };
        if state.owner != app.settings.keys.owner(key) || !kinds.contains(&state.kind.as_str()) {
            return Ok(None);
        }
        let request = queue.request(id).await.map_err(|error| broken(&error))?;
        Ok(request.map(|mut request| {
            let documents = request[DOCUMENTS].as_u64().and_then(|count| count.try_into().ok());
            let ticket = Ticket::new(&state.kind, documents.unwrap_or_default());
            Known { ticket, order: request[ORDER].take(), state }
        }))
    }

    /// What came of a job that ended well.
    pub(in crate::server) async fn outcome(
        app: &Arc<App>,
        id: &str,
    ) -> Result<Option<Outcome>, ApiError> {
        let Some(queue) = Self::existing(app).await? else { return Ok(None) };
        let bytes = queue.result(id).await.map_err(|error| broken(&error))?;
        bytes.map(Outcome::of_bytes).transpose().map_err(|error| broken(&error))
    }

    /// What is known of the result of a job that ended well, beside its body.
    pub(in crate::server) async fn about(
        app: &Arc<App>,
        id: &str,
    ) -> Result<Option<About>, ApiError> {
        let Some(queue) = Self::existing(app).await? else { return Ok(None) };
        let start = queue.result_start(id, LONGEST_ABOUT).await.map_err(|error| broken(&error))?;
        let outcome = match start {
            // A job of very many documents has more to tell.
            Some(bytes) if !Outcome::has_about(&bytes) => Self::outcome(app, id).await?,
            start => start.map(Outcome::of_bytes).transpose().map_err(|error| broken(&error))?,
        };
        Ok(outcome.map(|outcome| outcome.about))
    }

    /// The jobs of a kind that a key has, newest first.
    pub(in crate::server) async fn list(
        app: &Arc<App>,
        key: KeyIndex,
        kind: &str,
    ) -> Result<Vec<String>, ApiError> {
        let Some(queue) = Self::existing(app).await? else { return Ok(Vec::new()) };
        let owner = app.settings.keys.owner(key);
        queue.list(owner.as_deref(), kind).await.map_err(|error| broken(&error))
    }

    /// Ends a job, if it has not ended.
    pub(in crate::server) async fn cancel(app: &Arc<App>, id: &str) -> Result<(), ApiError> {
        let Some(queue) = Self::existing(app).await? else { return Ok(()) };
        queue.cancel(id).await.map(drop).map_err(|error| broken(&error))
    }

    /// Removes a job that has ended.
    pub(in crate::server) async fn remove(app: &Arc<App>, id: &str) -> Result<(), ApiError> {
        let Some(queue) = Self::existing(app).await? else { return Ok(()) };
        queue.remove(id).await.map(drop).map_err(|error| broken(&error))
    }

    /// Removes a job some time from now; at the latest it goes when all are swept.
    pub(in crate::server) async fn remove_later(
        app: &Arc<App>,
        id: String,
    ) -> Result<(), ApiError> {
        let Some(rules) = &app.settings.jobs else { return Ok(()) };
        let (queue, wait) = (Self::queue(app).await?, rules.keep_fetched);
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            if let Err(error) = queue.remove(&id).await {
                tracing::warn!(error = error.chain(), id, "a job could not be removed");
            }
        });
        Ok(())
    }

    /// Removes the jobs of a key that ended longer ago than that.
    pub(in crate::server) async fn clear(
        app: &Arc<App>,
        key: KeyIndex,
        kinds: &[&str],
        age: Duration,
    ) -> Result<(), ApiError> {
        let Some(queue) = Self::existing(app).await? else { return Ok(()) };
        let until = SystemTime::now().checked_sub(age).unwrap_or(UNIX_EPOCH);
        for kind in kinds {
            for id in Self::list(app, key, kind).await? {
                let state = queue.state(&id).await.map_err(|error| broken(&error))?;
                let ended = state.and_then(|state| state.ended_at).map(Duration::from_secs);
                if ended.is_some_and(|ended| UNIX_EPOCH + ended <= until) {
                    queue.remove(&id).await.map_err(|error| broken(&error))?;
                }
            }
        }
        Ok(())
    }

    /// Tells jobs under way to stop: they run again when the server is there again.
    pub(in crate::server) fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until they have stopped.
    pub(in crate::server) async fn close(&self) {
        self.stop();
        let runner = self.runner.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(runner) = runner
            && tokio::time::timeout(LAST_PAGE, runner).await.is_err()
        {
            tracing::warn!("jobs under way did not stop in time; they run again another time");
        }
    }

    /// Counts of jobs, in the text format of Prometheus; nothing where there are none.
    pub(in crate::server) async fn metrics(&self) -> String {
        let Some(queue) = self.queue.get() else { return String::new() };
        let waiting = queue.waiting().await.unwrap_or_default() as u64;
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = &self.counts;
        let mut text = String::new();
        for (name, kind, help, value) in [
            ("recto_jobs_waiting", "gauge", "Jobs that wait.", waiting),
            ("recto_jobs_running", "gauge", "Jobs that run here.", count(&counts.running)),
            ("recto_jobs_started_total", "counter", "Jobs begun here.", count(&counts.started)),
            ("recto_jobs_done_total", "counter", "Jobs done here.", count(&counts.done)),
            ("recto_jobs_failed_total", "counter", "Jobs that failed here.", count(&counts.failed)),
        ] {
            super::super::metrics::line(&mut text, name, kind, help, value);
        }
        text
    }
}

async fn start(app: &Arc<App>, rules: &JobRules) -> Result<JobQueue> {
    rules.create()?;
    let settings = JobSettings { keep: rules.keep, ..JobSettings::default() };
    let queue = match &rules.shared {
        Some(shared) => JobQueue::connect(&shared.database, &shared.store, settings).await?,
        None => JobQueue::open(&rules.folder, settings).await?,
    };
    let usual = || match rules.shared {
        // Workers run them.
        Some(_) => 0,
        None => app.settings.documents.div_ceil(2),
    };
    let at_once = rules.at_once.unwrap_or_else(usual);
    let (mine, stop) = (queue.clone(), app.desk.stop.clone());
    let work = Arc::new(JobWork::of_server(app, queue.clone()));
    let sweeping = sweep(queue.clone(), rules.arriving());
    let runner = tokio::spawn(async move {
        let running = async {
            match at_once {
                0 => {
                    cancelled(&stop).await;
                    Ok(())
                }
                _ => mine.run(work, at_once, &stop).await,
            }
        };
        tokio::select! {
            ended = running => if let Err(error) = ended {
                tracing::error!(error = error.chain(), "jobs are not run any more");
            },
            () = sweeping => {}
        }
    });
    *app.desk.runner.lock().unwrap_or_else(PoisonError::into_inner) = Some(runner);
    Ok(queue)
}

/// Removes what was kept long enough, every so often, for ever.
async fn sweep(queue: JobQueue, arriving: PathBuf) {
    loop {
        if let Err(error) = queue.sweep().await {
            tracing::warn!(error = error.chain(), "jobs that ended could not be removed");
        }
        let arriving = arriving.clone();
        let cleared = tokio::task::spawn_blocking(move || clear_leftovers(&arriving, LEFTOVER));
        if let Ok(Err(error)) = cleared.await {
            tracing::warn!(%error, "uploads that were cut off could not be removed");
        }
        tokio::time::sleep(SWEEP_EVERY).await;
    }
}

/// Removes uploads that nobody has written to for so long: their server was killed.
fn clear_leftovers(arriving: &Path, age: Duration) -> std::io::Result<()> {
    for entry in std::fs::read_dir(arriving)?.flatten() {
        let written = entry.metadata().and_then(|data| data.modified());
        if written.is_ok_and(|time| time.elapsed().is_ok_and(|passed| passed >= age)) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Errors of the queue name files of this machine: they are for its log.
fn broken(error: &Error) -> ApiError {
    tracing::error!(error = error.chain(), "the queue of jobs failed");
    ApiError::new(Class::Internal, "the job could not be stored or read")
}

/// Makes a folder for its user alone.
pub(super) fn make_folder(folder: &Path) -> Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    let io = |source| Error::Io { action: "make", path: folder.to_owned(), source };
    builder.create(folder).map_err(io)
}

/// Jobs of this process.
#[derive(Debug, Default)]
pub(super) struct Counts {
    running: AtomicU64,
    started: AtomicU64,
    done: AtomicU64,
    failed: AtomicU64,
}

/// A job that runs, for as long as this lives.
pub(super) struct Running<'a>(&'a AtomicU64);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counts {
    pub(super) fn begin(&self) -> Running<'_> {
        self.started.fetch_add(1, Ordering::Relaxed);
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(&self.running)
    }

    /// Notes how a job ended; one that was told to stop has not.
    pub(super) fn ended(&self, outcome: &Result<Outcome>) {
        let count = match outcome {
            Ok(outcome) if outcome.about.failure.is_none() => &self.done,
            Err(Error::Cancelled) => return,
            _ => &self.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uploads_of_a_server_that_was_killed_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let rules = JobRules::in_folder(folder.path().join("jobs"));
        rules.create().unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&rules.folder).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        let left = rules.arriving().join("left");
        std::fs::write(&left, "a").unwrap();
        clear_leftovers(&rules.arriving(), LEFTOVER).unwrap();
        assert!(left.exists(), "it may still arrive");
        clear_leftovers(&rules.arriving(), Duration::ZERO).unwrap();
        assert!(!left.exists());
    }
}
