//! Who reads the next page: turns of one page each, shared out between documents.
//!
//! A turn that gets free goes to the document that has the fewest, and among those to the one that
//! waited longest: long documents take turns. A document that had none yet goes before all others,
//! so that a short one waits for no more than the page that ends first; but two turns in a row
//! never overtake somebody, so that whoever waits is served however many short ones come.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Result;

/// How often somebody who waits looks whether the turn is still wanted. Free turns end the wait at
/// once.
const POLL: Duration = Duration::from_millis(50);

/// So many turns, and who has and wants them.
#[derive(Debug)]
pub(super) struct Turns {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// Who waits, the longest first.
    waiting: Vec<Waiting>,
    tickets: u64,
    documents: HashMap<u64, Share>,
    /// Whether the last turn went to a new document past one that had waited longer.
    overtaken: bool,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    ticket: u64,
    document: u64,
}

/// What a document got.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    /// Turns that it has now.
    held: usize,
    had_one: bool,
}

impl State {
    fn share(&self, document: u64) -> Share {
        self.documents.get(&document).copied().unwrap_or_default()
    }

    /// Whose turn it is, and whether it would overtake another.
    fn next(&self) -> Option<(Waiting, bool)> {
        let fair = *self.waiting.iter().min_by_key(|w| (self.share(w.document).held, w.ticket))?;
        let new = self.waiting.iter().find(|w| !self.share(w.document).had_one);
        match new {
            Some(new) if !self.overtaken => Some((*new, new.ticket != fair.ticket)),
            _ => Some((fair, false)),
        }
    }
}

impl Turns {
    /// So many turns at once, at least one.
    pub(super) fn new(turns: usize) -> Self {
        let state = State {
            free: turns.max(1),
            waiting: Vec::new(),
            tickets: 0,
            documents: HashMap::new(),
            overtaken: false,
        };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn of this document; `None` when it is not `wanted` any more.
    ///
    /// # Errors
    ///
    /// What `check` says.
    pub(super) fn take(
        self: &Arc<Self>,
        document: u64,
        check: &dyn Fn() -> Result<()>,
        wanted: &dyn Fn() -> bool,
    ) -> Result<Option<Turn>> {
        let mut state = self.state();
        state.tickets += 1;
        let ticket = state.tickets;
        state.waiting.push(Waiting { ticket, document });
        let outcome = loop {
            let ended = check();
            if ended.is_err() || !wanted() {
                break ended.map(|()| false);
            }
            if state.free > 0
                && let Some((next, overtakes)) = state.next()
                && next.ticket == ticket
            {
                state.free -= 1;
                state.overtaken = overtakes;
                let share = state.documents.entry(document).or_default();
                *share = Share { held: share.held + 1, had_one: true };
                break Ok(true);
            }
            let waited = self.changed.wait_timeout(state, POLL);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        };
        state.waiting.retain(|other| other.ticket != ticket);
        drop(state);
        self.changed.notify_all();
        Ok(outcome?.then(|| Turn { turns: Arc::clone(self), document }))
    }

    /// Whether another document than this one waits.
    pub(super) fn others_wait(&self, document: u64) -> bool {
        self.state().waiting.iter().any(|waiting| waiting.document != document)
    }

    /// Has those who wait look whether they still want to.
    pub(super) fn wake(&self) {
        self.changed.notify_all();
    }

    /// A document that takes no more turns.
    pub(super) fn leave(&self, document: u64) {
        self.state().documents.remove(&document);
    }
}

/// A turn; it is over when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Arc<Turns>,
    document: u64,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.turns.state();
        state.free += 1;
        if let Some(share) = state.documents.get_mut(&self.document) {
            share.held -= 1;
        }
        drop(state);
        self.turns.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    /// Turns taken by documents that are told apart by number, each by a thread of its own.
    struct Bench {
        turns: Arc<Turns>,
        taken: Receiver<(u64, Turn)>,
        sender: std::sync::mpsc::Sender<(u64, Turn)>,
    }

    impl Bench {
        fn new(turns: usize) -> Self {
            let (sender, taken) = channel();
            Self { turns: Arc::new(Turns::new(turns)), taken, sender }
        }

        /// The document asks, and waits by the time this returns (or has its turn).
        fn ask(&self, document: u64) {
            let before = self.turns.state().tickets;
            let (turns, sender) = (Arc::clone(&self.turns), self.sender.clone());
            std::thread::spawn(move || {
                let turn = turns.take(document, &|| Ok(()), &|| true).unwrap().unwrap();
                let _ = sender.send((document, turn));
            });
            while self.turns.state().tickets == before {
                std::thread::yield_now();
            }
        }

        fn next(&self) -> (u64, Turn) {
            self.taken.recv_timeout(Duration::from_secs(20)).unwrap()
        }
    }

    #[test]
    fn documents_take_turns_and_a_new_one_goes_first() {
        let bench = Bench::new(1);
        bench.ask(1);
        let mut held = bench.next();
        bench.ask(2);
        bench.ask(1);
        let mut order = Vec::new();
        for round in 0..8 {
            if round == 4 {
                bench.ask(3);
            }
            drop(held.1);
            held = bench.next();
            order.push(held.0);
            if held.0 != 3 {
                bench.ask(held.0);
            }
        }
        assert_eq!(order, [2, 1, 2, 1, 3, 2, 1, 2]);
    }

    #[test]
    fn new_documents_that_keep_coming_do_not_hold_up_an_old_one_for_good() {
        let bench = Bench::new(1);
        bench.ask(0);
        let mut held = bench.next();
        bench.ask(0);
        let mut order = Vec::new();
        for new in 1..=6 {
            bench.ask(new);
            drop(held.1);
            held = bench.next();
            order.push(held.0);
            if held.0 == 0 {
                bench.ask(0);
            }
        }
        assert_eq!(order, [1, 0, 2, 3, 0, 4]);
    }

    #[test]
    fn whoever_has_fewer_turns_goes_before_whoever_waits_longer() {
        let bench = Bench::new(3);
        for document in [1, 1, 2] {
            bench.ask(document);
        }
        let mut held = [bench.next(), bench.next(), bench.next()].map(Some);
        assert!(held.iter().flatten().any(|(document, _)| *document == 2));
        bench.ask(1);
        bench.ask(2);
        // One of the first document's two turns ends: each has one then, and the first waited longer.
        let first = held.iter().position(|turn| turn.as_ref().is_some_and(|(d, _)| *d == 1));
        held[first.unwrap()] = None;
        let next = bench.next();
        assert_eq!(next.0, 1);
        // Another one: the first has two again, and the second none after its own ends.
        let second = held.iter().position(|turn| turn.as_ref().is_some_and(|(d, _)| *d == 2));
        bench.ask(1);
        held[second.unwrap()] = None;
        assert_eq!(bench.next().0, 2);
    }

    #[test]
    fn who_gives_up_is_no_longer_waited_for() {
        let turns = Arc::new(Turns::new(1));
        let turn = turns.take(1, &|| Ok(()), &|| true).unwrap().unwrap();
        assert!(turns.take(2, &|| Ok(()), &|| false).unwrap().is_none());
        assert!(!turns.others_wait(1));
        let error = turns.take(2, &|| Err(crate::Error::Cancelled), &|| true).unwrap_err();
        assert!(matches!(error, crate::Error::Cancelled));
        assert!(!turns.others_wait(1));
        drop(turn);
        assert!(turns.take(2, &|| Ok(()), &|| true).unwrap().is_some());
    }
}
