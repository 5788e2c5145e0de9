//! The page workers of an engine: started when needed, lent one by one, replaced when spent.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

use super::counts::{ChildCounts, Counts, End};
use super::process::{POLL, Process, resident};
use super::protocol::Ask;
use super::sandbox::{Rules, Sandbox};
use super::turns::{Turn, Turns};

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
    pub(super) rules: Rules,
    pub(super) raw_confidence: bool,
}

/// The page workers of an engine.
#[derive(Debug)]
pub(super) struct Pool {
    settings: Settings,
    turns: Arc<Turns>,
    state: Mutex<State>,
    counts: Counts,
    /// Whether the log has it that children are not confined.
    unconfined: Once,
}

#[derive(Debug, Default)]
struct State {
    idle: Vec<Process>,
    /// All that live, idle or lent, by their system's numbers.
    living: Vec<u32>,
    /// The documents that are not closed.
    open: HashSet<u64>,
    /// How many died since one answered well.
    deaths: u32,
    not_before: Option<Instant>,
}

impl State {
    /// Takes an idle worker: one that has the document open, else the one with the fewest.
    fn take_idle(&mut self, document: u64) -> Option<Process> {
        let has_it = |process: &Process| process.documents.contains(&document);
        let known = self.idle.iter().position(has_it);
        let fewest = || {
            let (at, _) = self.idle.iter().enumerate().min_by_key(|(_, p)| p.documents.len())?;
            Some(at)
        };
        known.or_else(fewest).map(|at| self.idle.remove(at))
    }
}

impl Pool {
    pub(super) fn new(settings: Settings) -> Self {
        let turns = Arc::new(Turns::new(settings.workers));
        let (state, counts) = (Mutex::default(), Counts::default());
        Self { settings, turns, state, counts, unconfined: Once::new() }
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

    /// Whether another document than this one waits for a worker.
    pub(super) fn others_wait(&self, document: u64) -> bool {
        self.turns.others_wait(document)
    }

    /// Has those who wait look whether they still want to.
    pub(super) fn wake(&self) {
        self.turns.wake();
    }

    /// A document that workers will be asked to open.
    pub(super) fn announce(&self, document: u64) {
        self.state().open.insert(document);
    }

    /// Lends a worker, one with this document open if there is. `None` when it is not `wanted` any
    /// more.
    ///
    /// # Errors
    ///
    /// What `check` says, and when the program cannot be run.
    pub(super) fn lend(
        self: &Arc<Self>,
        document: u64,
        check: &dyn Fn() -> Result<()>,
        wanted: &dyn Fn() -> bool,
    ) -> Result<Option<Lease>> {
        let Some(turn) = self.turns.take(document, check, wanted)? else { return Ok(None) };
        loop {
            check()?;
            if !wanted() {
                return Ok(None);
            }
            let mut state = self.state();
            let idle = state.take_idle(document);
            let may_start = state.not_before.is_none_or(|time| Instant::now() >= time);
            drop(state);
            match idle {
                Some(mut process) => match process.found_dead() {
                    // Killed by the system, perhaps: this document has nothing to do with it.
                    Some(end) => self.retire(process, end),
                    None => {
                        let process = Some(process);
                        return Ok(Some(Lease { pool: Arc::clone(self), process, _turn: turn }));
                    }
                },
                // There are as many turns as workers may live.
                None if may_start => break,
                None => std::thread::sleep(POLL),
            }
        }
        let process = Some(self.start()?);
        Ok(Some(Lease { pool: Arc::clone(self), process, _turn: turn }))
    }

    fn start(&self) -> Result<Process> {
        let settings = &self.settings;
        let mut command = Command::new(&settings.program);
        command.args(&settings.args).envs(settings.env.iter().map(|(k, v)| (k, v)));
        let io = |source| Error::Io { action: "run", path: settings.program.clone(), source };
        let rules = Box::new(settings.rules.clone());
        let mut process = Process::start(command, rules.max_memory).map_err(io)?;
        self.counts.started();
        self.state().living.push(process.id());
        let set = Ask::Set { rules, raw_confidence: settings.raw_confidence };
        // One that has died already is noticed when it is asked for something.
        let _ = process.tell(set);
        Ok(process)
    }

    /// What became of the workers so far.
    pub(super) fn counts(&self) -> ChildCounts {
        let living = self.state().living.clone();
        let memory = living.iter().filter_map(|id| resident(*id)).sum();
        self.counts.now(living.len() as u64, memory)
    }

    /// Ends a worker, and notes why.
    fn retire(&self, process: Process, end: End) {
        let (id, pages) = (process.id(), process.pages);
        drop(process);
        self.state().living.retain(|living| *living != id);
        self.counts.ended(end);
        match end {
            End::Recycled | End::Cancelled => {
                tracing::debug!(id, pages, ?end, "a page worker is replaced");
            }
            end => tracing::warn!(id, pages, ?end, "a page worker ended"),
        }
    }

    /// Tells once where workers are less confined than was asked for.
    fn look(&self, process: &Process) {
        if self.settings.rules.sandbox == Sandbox::Off {
            return;
        }
        if let Some(missing) = process.confined.and_then(|confined| confined.missing()) {
            self.unconfined.call_once(|| {
                tracing::warn!(missing, "page workers are not confined, or not entirely");
            });
        }
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
        self.turns.leave(document);
        let mut state = self.state();
        state.open.remove(&document);
        // Telling them takes no time, whether they listen or not.
        for process in &mut state.idle {
            process.close(|id| id == document);
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
pub(super) struct Lease {
    pool: Arc<Pool>,
    process: Option<Process>,
    /// Ends after the process.
    _turn: Turn,
}

impl Lease {
    /// The worker.
    pub(super) fn process(&mut self) -> Option<&mut Process> {
        self.process.as_mut()
    }

    /// Gives it back for others.
    pub(super) fn give_back(mut self) {
        let Some(mut process) = self.process.take() else { return };
        self.pool.look(&process);
        if self.pool.is_spent(&process) {
            self.pool.retire(process, End::Recycled);
            return;
        }
        let mut state = self.pool.state();
        // Others may have been closed meanwhile.
        process.close(|id| !state.open.contains(&id));
        state.idle.push(process);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            // One that said nothing was given up with its call.
            let end = process.end.unwrap_or(End::Cancelled);
            self.pool.retire(process, end);
        }
    }
}
