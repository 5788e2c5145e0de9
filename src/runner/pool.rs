//! The page workers of an engine: started when needed, lent one by one, replaced when spent.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

use super::process::{POLL, Process};
use super::protocol::Ask;

/// A worker that died is replaced at once; when the one after it dies as well, the next waits so
/// long, and each further one twice as long ...
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// ... up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How workers are started and when they are spent.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) program: PathBuf,
    pub(super) args: Vec<OsString>,
    pub(super) env: Vec<(OsString, OsString)>,
    /// At most so many live, at least 1.
    pub(super) workers: usize,
    pub(super) max_pages: u32,
    pub(super) max_growth: u64,
    pub(super) pdfium: Option<PathBuf>,
    pub(super) tessdata: Option<PathBuf>,
    pub(super) raw_confidence: bool,
}

/// The page workers of an engine.
#[derive(Debug)]
pub(super) struct Pool {
    settings: Settings,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    idle: Vec<Process>,
    /// Idle and lent ones.
    live: usize,
    /// Who waits, first come first served.
    waiting: VecDeque<u64>,
    tickets: u64,
    /// How many died since one answered well.
    deaths: u32,
    not_before: Option<Instant>,
}

impl Pool {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, state: Mutex::default(), changed: Condvar::new() }
    }

    pub(super) fn workers(&self) -> usize {
        self.settings.workers
    }

    pub(super) fn program(&self) -> &std::path::Path {
        &self.settings.program
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody waits for a worker.
    pub(super) fn is_awaited(&self) -> bool {
        !self.state().waiting.is_empty()
    }

    /// Lends a worker, one with this document open if there is. `None` when it is not `wanted` any
    /// more.
    ///
    /// # Errors
    ///
    /// What `check` says, and when the program cannot be run.
    pub(super) fn lend(
        &self,
        document: u64,
        check: &dyn Fn() -> Result<()>,
        wanted: &dyn Fn() -> bool,
    ) -> Result<Option<Lease<'_>>> {
        let mut state = self.state();
        state.tickets += 1;
        let ticket = state.tickets;
        state.waiting.push_back(ticket);
        let process = loop {
            let ended = check();
            if ended.is_err() || !wanted() {
                state.waiting.retain(|other| *other != ticket);
                drop(state);
                self.changed.notify_all();
                return ended.map(|()| None);
            }
            if state.waiting.front() == Some(&ticket) {
                let has_it = |process: &Process| process.document == Some(document);
                let known = state.idle.iter().position(has_it);
                let any = state.idle.iter().position(|process| process.document.is_none());
                let last = state.idle.len().checked_sub(1);
                if let Some(at) = known.or(any).or(last) {
                    break Some(state.idle.remove(at));
                }
                let rests = state.not_before.is_some_and(|time| Instant::now() < time);
                if state.live < self.settings.workers && !rests {
                    state.live += 1;
                    break None;
                }
            }
            let waited = self.changed.wait_timeout(state, POLL);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        };
        state.waiting.pop_front();
        drop(state);
        self.changed.notify_all();
        let mut lease = Lease { pool: self, process: None };
        let process = match process {
            Some(process) => process,
            // A lease without a process gives its place back when dropped.
            None => self.start()?,
        };
        lease.process = Some(process);
        Ok(Some(lease))
    }

    fn start(&self) -> Result<Process> {
        let settings = &self.settings;
        let mut command = Command::new(&settings.program);
        command.args(&settings.args).envs(settings.env.iter().map(|(k, v)| (k, v)));
        let io = |source| Error::Io { action: "run", path: settings.program.clone(), source };
        let mut process = Process::start(command).map_err(io)?;
        let set = Ask::Set {
            pdfium: settings.pdfium.clone(),
            tessdata: settings.tessdata.clone(),
            raw_confidence: settings.raw_confidence,
        };
        // One that has died already is noticed when it is asked for something.
        let _ = process.tell(set);
        Ok(process)
    }

    /// A worker died of itself.
    pub(super) fn mourn(&self) {
        let mut state = self.state();
        state.deaths = state.deaths.saturating_add(1);
        if let Some(doublings) = state.deaths.checked_sub(2) {
            let pause = FIRST_PAUSE.saturating_mul(1 << doublings.min(16)).min(LONGEST_PAUSE);
            state.not_before = Instant::now().checked_add(pause);
        }
    }

    /// A worker answered well.
    pub(super) fn thrive(&self) {
        let mut state = self.state();
        state.deaths = 0;
        state.not_before = None;
    }

    /// Closes a document wherever it is open.
    pub(super) fn close(&self, document: u64) {
        for process in &mut self.state().idle {
            if process.document == Some(document) {
                process.document = None;
                // One that has died is noticed when it is asked for something.
                let _ = process.tell(Ask::Close);
            }
        }
    }

    /// Whether a worker has done its share.
    pub(super) fn is_spent(&self, process: &Process) -> bool {
        process.pages >= self.settings.max_pages.max(1)
            || process.growth().is_some_and(|growth| growth > self.settings.max_growth)
    }
}

/// A worker that is lent. It is killed when dropped, unless it is given back.
#[derive(Debug)]
pub(super) struct Lease<'a> {
    pool: &'a Pool,
    process: Option<Process>,
}

impl Lease<'_> {
    /// The worker.
    pub(super) fn process(&mut self) -> Option<&mut Process> {
        self.process.as_mut()
    }

    /// Gives it back for others.
    pub(super) fn give_back(mut self) {
        if let Some(process) = self.process.take_if(|process| !self.pool.is_spent(process)) {
            self.pool.state().idle.push(process);
            self.pool.changed.notify_all();
            // The place stays taken.
            std::mem::forget(self);
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        drop(self.process.take());
        self.pool.state().live -= 1;
        self.pool.changed.notify_all();
    }
}
