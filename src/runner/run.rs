//! The pages of one document, read by children: as many threads as there are children for it, of which
//! one at a time asks for another child.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::Scope;

use tracing::Span;

use crate::call::Call;
use crate::error::{Error, Result};
use crate::page::PageRead;

use super::children::{ChildDocument, Children, TRIES};
use super::pool::Lease;
use super::process::{Lost, Patience};
use super::protocol::{Answer, Ask};
use super::{Deliver, lock};

/// What workers report to the thread that delivers.
enum Event {
    Page(usize, Box<Result<PageRead>>),
    Ended(Error),
}

/// The pages of a document that are not read yet, and the threads that have them read.
#[derive(Debug)]
struct Left {
    /// With the number of children that each ended.
    pages: VecDeque<(usize, u8)>,
    /// Whether one of the threads asks for a child: one at a time does.
    asking: bool,
    threads: usize,
}

/// A run over the pages of a document.
pub(super) struct Run<'a> {
    children: &'a Children,
    document: &'a ChildDocument,
    left: Mutex<Left>,
    stop: AtomicBool,
    call: &'a Call,
    /// What the log of the pages stands under.
    span: Span,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        children: &'a Children,
        document: &'a ChildDocument,
        pages: &[usize],
        call: &'a Call,
    ) -> Self {
        let pages = pages.iter().map(|index| (*index, 0)).collect();
        let left = Mutex::new(Left { pages, asking: false, threads: 1 });
        let (stop, span) = (AtomicBool::new(false), Span::current());
        Self { children, document, left, stop, call, span }
    }

    /// Has all pages read, and hands them on as they are done.
    pub(super) fn deliver(&self, deliver: &mut Deliver<'_>) -> Result<()> {
        std::thread::scope(|scope| {
            let (sender, receiver) = channel();
            self.give_up(&sender);
            self.start(scope, sender, lock(&self.document.lease).take());
            let mut ended = Ok(());
            for event in receiver {
                let outcome = match event {
                    Event::Ended(error) => Err(error),
                    Event::Page(index, read) => match *read {
                        // A page that the deadline or the caller stopped did not fail.
                        Err(error @ (Error::Cancelled | Error::DeadlineExceeded)) => Err(error),
                        read => deliver(index, read),
                    },
                };
                if outcome.is_err() {
                    self.stop.store(true, Ordering::Relaxed);
                    self.children.pool.wake();
                    ended = ended.and(outcome);
                }
            }
            ended
        })
    }

    fn check(&self) -> Result<()> {
        if self.stop.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { self.call.check() }
    }

    fn wanted(&self) -> bool {
        !lock(&self.left).pages.is_empty()
    }

    /// Whether this thread shall ask for a child: there are pages, and no other does.
    fn may_ask(&self) -> bool {
        let mut left = lock(&self.left);
        let may = !left.pages.is_empty() && !left.asking;
        left.asking |= may;
        may
    }

    /// Takes note of a child that the document ended.
    fn lose(&self, sender: &Sender<Event>) {
        self.document.lose();
        self.give_up(sender);
    }

    /// Gives up the pages that are left of a document that has ended too many children.
    fn give_up(&self, sender: &Sender<Event>) {
        if !self.document.is_given_up() {
            return;
        }
        let left = std::mem::take(&mut lock(&self.left).pages);
        for (index, _) in left {
            let read = Err(self.document.given_up(index));
            // The receiver outlives the workers.
            let _ = sender.send(Event::Page(index, Box::new(read)));
        }
    }

    fn asked(&self) {
        lock(&self.left).asking = false;
    }

    /// The next page.
    fn next(&self) -> Option<(usize, u8)> {
        let mut left = lock(&self.left);
        let next = left.pages.pop_front();
        if left.pages.is_empty() {
            drop(left);
            self.children.pool.wake();
        }
        next
    }

    /// A thread that has pages read. It starts another one as soon as it has a child itself and more
    /// pages than the next are left, up to as many as there are children.
    fn start<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        sender: Sender<Event>,
        held: Option<Lease>,
    ) {
        scope.spawn(move || {
            if let Err(error) = self.work(scope, &sender, held) {
                // The receiver outlives the workers.
                let _ = sender.send(Event::Ended(error));
            }
            lock(&self.left).threads -= 1;
        });
    }

    fn start_another<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        sender: &Sender<Event>,
    ) {
        let mut left = lock(&self.left);
        if left.pages.len() > 1 && !left.asking && left.threads < self.children.pool.workers() {
            left.threads += 1;
            drop(left);
            self.start(scope, sender.clone(), None);
        }
    }

    fn work<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        sender: &Sender<Event>,
        mut held: Option<Lease>,
    ) -> Result<()> {
        let (children, document) = (self.children, self.document);
        let (check, wanted) = (|| self.check(), || self.wanted());
        let patience = Patience { check: &check, wanted: &wanted, limit: children.limit };
        let firm = Patience { wanted: &|| true, ..patience };
        let mut tries = 0;
        'lease: loop {
            let mut lease = match held.take() {
                Some(lease) => lease,
                None if !self.may_ask() => return Ok(()),
                None => {
                    let lent = children.pool.lend(document.id, &check, &wanted)?;
                    self.asked();
                    match lent {
                        Some(lease) => lease,
                        None => continue,
                    }
                }
            };
            self.start_another(scope, sender);
            match children.open_in(&mut lease, document, &patience) {
                Ok(Ok(_)) => tries = 0,
                Ok(Err(error)) => {
                    lease.give_back();
                    return Err(error);
                }
                Err(Lost::Unneeded) => {
                    lease.give_back();
                    continue;
                }
                Err(lost) => {
                    drop(lease);
                    tries += 1;
                    children.reopen(&document.opening.name, tries, lost)?;
                    self.lose(sender);
                    continue;
                }
            }
            while let Some((index, tries)) = self.next() {
                let Some(process) = lease.process() else { break };
                process.pages += 1;
                let span = tracing::debug_span!(parent: &self.span, "page", page = index);
                let ask = Ask::Page { document: document.id, index };
                let fits = |answer: Answer| match answer {
                    Answer::Page(read) if read.index == index => Some(read),
                    _ => None,
                };
                let read = match span.in_scope(|| process.ask(ask, fits, &firm)) {
                    Ok(Ok(read)) => {
                        children.pool.thrive();
                        Ok(*read)
                    }
                    Ok(Err(error)) => Err(error),
                    Err(Lost::Stopped(error)) => return Err(error),
                    Err(Lost::Slow) => {
                        drop(lease);
                        let read = Err(Error::PageTimeout { page: index, limit: children.limit });
                        // The receiver outlives the workers.
                        let _ = sender.send(Event::Page(index, Box::new(read)));
                        self.lose(sender);
                        continue 'lease;
                    }
                    Err(lost) => {
                        drop(lease);
                        children.pool.mourn();
                        if tries + 1 < TRIES {
                            lock(&self.left).pages.push_front((index, tries + 1));
                        } else {
                            // Other documents are read well by such processes: it is this one.
                            let read = Err(Error::Damaged {
                                name: document.opening.name.clone(),
                                detail: format!(
                                    "page {index} ended the process that read it, {TRIES} times ({})",
                                    lost.how()
                                ),
                            });
                            let _ = sender.send(Event::Page(index, Box::new(read)));
                        }
                        self.lose(sender);
                        continue 'lease;
                    }
                };
                let _ = sender.send(Event::Page(index, Box::new(read)));
                // Others wait no longer than a page takes.
                if children.pool.others_wait(document.id)
                    || lease.process().is_some_and(|p| children.pool.is_spent(p))
                {
                    break;
                }
            }
            lease.give_back();
        }
    }
}
