//! What is done for jobs, in a server or without one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::super::app::App;
use super::super::limits::Allowance;
use super::super::metrics::Watch;
use super::super::reads::Turn;
use super::super::{batch, bifrost, docling};
use super::outcome::Outcome;
use crate::call::{Call, CancelFlag};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::jobs::{Job, JobHandler, JobPart, JobQueue, PartDone};
use crate::progress::{Event, Progress};
use crate::provider::OcrProvider;

/// The field of a request that has what is asked.
pub(in crate::server) const ORDER: &str = "order";

/// How often a job that waits for its turn looks whether it was cancelled.
const TICK: Duration = Duration::from_millis(50);

/// Does the work of a kind.
type Run = fn(&Tools, &Job, &Call) -> Result<Outcome>;

/// All kinds of jobs.
const KINDS: [(&str, Run); 4] = [
    (docling::CONVERT, docling::convert_job),
    (docling::CHUNK, docling::convert_job),
    (bifrost::OCR, bifrost::run),
    (batch::BATCH, batch::run),
];

/// How jobs of a kind are done in parts.
struct InParts {
    split: fn(&Tools, &Job, &Call, usize) -> Result<Vec<JobPart>>,
    run: fn(&Tools, &Job, &Call) -> Result<Vec<u8>>,
    join: fn(&Tools, &Job, Vec<PartDone>, &Call) -> Result<Outcome>,
}

const CONVERSION: InParts = InParts {
    split: docling::split_conversion,
    run: docling::convert_part,
    join: docling::join_conversion,
};

/// The kinds of jobs that have parts.
const IN_PARTS: [(&str, InParts); 2] =
    [(docling::CONVERT, CONVERSION), (docling::CHUNK, CONVERSION)];

/// What jobs are done with.
#[derive(Clone, Debug)]
pub(in crate::server) struct Tools {
    pub(in crate::server) provider: Arc<dyn OcrProvider>,
    pub(in crate::server) engine: Option<Engine>,
    /// The queue that the jobs are from.
    pub(in crate::server) queue: JobQueue,
    /// Longest time of a read.
    pub(in crate::server) timeout: Option<Duration>,
    /// Counts what engines tell, in a server.
    pub(in crate::server) watch: Option<Arc<dyn Progress>>,
}

/// Does what the requests of a server's clients ask for that are answered later. Any process can that has
/// the same queue: `recto serve` itself, or others that run nothing but jobs.
#[derive(Clone, Debug)]
pub struct JobWork {
    tools: Tools,
    /// Pages of a part.
    part_pages: Option<usize>,
    server: Option<Arc<App>>,
}

impl JobWork {
    /// Work for the jobs of a queue, with the engine and the provider that the server has, too.
    pub fn new(provider: Arc<dyn OcrProvider>, engine: Option<Engine>, queue: JobQueue) -> Self {
        Self {
            tools: Tools { provider, engine, queue, timeout: None, watch: None },
            part_pages: None,
            server: None,
        }
    }

    /// The same, which ends reads after a time; their answers have what was read by then. Default: never.
    #[must_use]
    pub fn with_timeout(self, timeout: Option<Duration>) -> Self {
        Self { tools: Tools { timeout, ..self.tools }, ..self }
    }

    /// The same, which has several processes read one document: conversions of more pages than this are
    /// split into parts of so many. Default: they are read whole.
    #[must_use]
    pub fn with_part_pages(self, pages: Option<usize>) -> Self {
        Self { part_pages: pages, ..self }
    }

    /// Work in a server, in turn with its other reads.
    pub(super) fn of_server(app: &Arc<App>, queue: JobQueue) -> Self {
        let engine = app.settings.engine.clone();
        let mut work = Self::new(Arc::clone(&app.provider), engine, queue);
        work.server = Some(Arc::clone(app));
        work.tools.watch = Some(Arc::new(Watch(Arc::clone(&app.metrics))));
        work.with_timeout(app.settings.timeout)
    }

    fn outcome(&self, job: &Job) -> Result<Outcome> {
        let Some((_, run)) = KINDS.iter().find(|(name, _)| *name == job.kind) else {
            let detail = format!("this version of recto knows no jobs of the kind {:?}", job.kind);
            return Err(Error::invalid_option("kind", detail));
        };
        self.charged(job, |call| run(&self.tools, job, call))
    }

    /// Runs a job in its turn, and counts what it read.
    fn charged(&self, job: &Job, run: impl FnOnce(&Call) -> Result<Outcome>) -> Result<Outcome> {
        let held = self.server.as_ref().map(|app| turn(app, job)).transpose()?;
        let start = Instant::now();
        let outcome = run(&self.call(job))?;
        if let (Some(app), Some((_, allowance))) = (&self.server, &held) {
            let about = &outcome.about;
            if let Some(allowance) = allowance {
                allowance.charge(about.pages, Instant::now());
            }
            app.metrics.read(about.pages, about.bytes, start.elapsed());
        }
        Ok(outcome)
    }

    fn call(&self, job: &Job) -> Call {
        let call = Call {
            cancel: job.cancel.clone(),
            progress: Some(Arc::new(Pages::of(job, self.tools.watch.clone()))),
            ..Call::default()
        };
        call.with_timeout(self.tools.timeout)
    }

    fn counted(&self, run: impl FnOnce() -> Result<Outcome>) -> Result<Vec<u8>> {
        let counts = self.server.as_ref().map(|app| &app.desk.counts);
        let _running = counts.map(super::desk::Counts::begin);
        let outcome = run();
        if let Some(counts) = counts {
            counts.ended(&outcome);
        }
        outcome?.into_bytes()
    }
}

fn in_parts(job: &Job) -> Option<&'static InParts> {
    IN_PARTS.iter().find(|(name, _)| *name == job.kind).map(|(_, parts)| parts)
}

impl JobHandler for JobWork {
    fn run(&self, job: &Job) -> Result<Vec<u8>> {
        let _span = tracing::info_span!("job", job = %job.id, kind = %job.kind).entered();
        match in_parts(job) {
            Some(parts) if job.part.is_some() => (parts.run)(&self.tools, job, &self.call(job)),
            _ => self.counted(|| self.outcome(job)),
        }
    }

    fn split(&self, job: &Job) -> Result<Vec<JobPart>> {
        match (in_parts(job), self.part_pages) {
            (Some(parts), Some(pages)) => {
                let call = Call { cancel: job.cancel.clone(), ..Call::default() };
                (parts.split)(&self.tools, job, &call.with_timeout(self.tools.timeout), pages)
            }
            _ => Ok(Vec::new()),
        }
    }

    fn join(&self, job: &Job, parts: Vec<PartDone>) -> Result<Vec<u8>> {
        let Some(kind) = in_parts(job) else {
            return Err(Error::stage("jobs", "jobs of this kind have no parts"));
        };
        let call = Call { cancel: job.cancel.clone(), ..Call::default() };
        self.counted(|| {
            (kind.join)(&self.tools, job, parts, &call.with_timeout(self.tools.timeout))
        })
    }
}

/// Waits until the job may run: until its key has room for one more read, and then for its turn.
fn turn(app: &Arc<App>, job: &Job) -> Result<(Turn, Option<Allowance>)> {
    let check = || match job.cancel.is_cancelled() {
        true => Err(Error::Cancelled),
        false => Ok(()),
    };
    // A key that is none any more has no limits either.
    let allowance = match app.settings.keys.of_owner(job.owner.as_deref()) {
        None => None,
        Some(key) => loop {
            check()?;
            match app.limits.begin(key, Instant::now()) {
                Some(allowance) => break Some(allowance),
                None => std::thread::sleep(TICK),
            }
        },
    };
    let runtime =
        tokio::runtime::Handle::try_current().map_err(|error| Error::stage("jobs", error))?;
    let turn = runtime.block_on(async {
        tokio::select! {
            turn = app.reads.turn() => turn,
            () = cancelled(&job.cancel) => None,
        }
    });
    turn.map(|turn| (turn, allowance)).ok_or(Error::Cancelled)
}

pub(super) async fn cancelled(flag: &CancelFlag) {
    while !flag.is_cancelled() {
        tokio::time::sleep(TICK).await;
    }
}

/// Tells the queue how many pages are done, over all documents of a job.
#[derive(Debug)]
struct Pages {
    job: Job,
    /// Pages of the documents before this one, and of this one.
    before: AtomicUsize,
    selected: AtomicUsize,
    /// Who else is told.
    besides: Option<Arc<dyn Progress>>,
}

impl Pages {
    fn of(job: &Job, besides: Option<Arc<dyn Progress>>) -> Self {
        Self {
            job: job.clone(),
            before: AtomicUsize::new(0),
            selected: AtomicUsize::new(0),
            besides,
        }
    }
}

impl Progress for Pages {
    fn on_event(&self, event: &Event) {
        if let Some(besides) = &self.besides {
            besides.on_event(event);
        }
        let (done, all) = match event {
            Event::Opened { selected, .. } => {
                let last = self.selected.swap(*selected, Ordering::AcqRel);
                (0, self.before.fetch_add(last, Ordering::AcqRel) + last + selected)
            }
            Event::PageDone { done, selected, .. } => {
                (*done, self.before.load(Ordering::Acquire) + selected)
            }
            Event::PageFailed { .. }
            | Event::PageRead { .. }
            | Event::DocumentRead { .. }
            | Event::Warned(_) => return,
        };
        let before = all - self.selected.load(Ordering::Acquire).min(all);
        self.job.report((before + done) as u64, all as u64);
    }
}
