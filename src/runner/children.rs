//! Runs pages in child processes, which may crash, hang and run out of memory.

use std::collections::VecDeque;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::call::Call;
use crate::document::Metadata;
use crate::error::{Error, Result};
use crate::options::Options;
use crate::page::PageRead;
use crate::setup;
use crate::source::Input;

use super::pool::{Lease, Pool, Settings};
use super::process::{Lost, Patience};
use super::protocol::{Answer, Ask, Opening};
use super::{Deliver, Job, OpenDocument, PageRunner, Processes, lock};

/// A page (or the opening of a document) that ends so many workers is set aside. One may have died
/// of something else.
const TRIES: u8 = 2;

/// Runs pages in child processes.
#[derive(Debug)]
pub(crate) struct Children {
    pool: Arc<Pool>,
    limit: Duration,
    documents: AtomicU64,
}

/// What children need to know of an engine.
#[derive(Clone, Debug)]
pub(crate) struct EngineSettings {
    pub(crate) workers: usize,
    pub(crate) pdfium: Option<PathBuf>,
    pub(crate) tessdata: Option<PathBuf>,
    pub(crate) raw_confidence: bool,
}

/// A document that is open in a child, or will be.
#[derive(Debug)]
pub(crate) struct ChildDocument {
    id: u64,
    opening: Opening,
    pub(super) page_count: usize,
    pub(super) metadata: Metadata,
    pool: Arc<Pool>,
    /// The bytes, where they had to be written down; goes with the document.
    _file: Option<NamedTempFile>,
}

impl Drop for ChildDocument {
    fn drop(&mut self) {
        self.pool.close(self.id);
    }
}

impl Children {
    pub(crate) fn new(processes: &Processes, engine: EngineSettings) -> Result<Self> {
        let settings = Settings {
            program: processes.resolved()?,
            args: processes.args.clone(),
            env: processes.env.clone(),
            workers: engine.workers,
            max_pages: processes.max_pages,
            max_growth: processes.max_growth,
            // It is also looked for beside the running program, which is another in a child.
            pdfium: engine.pdfium.or_else(|| setup::pdfium().ok()),
            tessdata: engine.tessdata,
            raw_confidence: engine.raw_confidence,
        };
        Ok(Self {
            pool: Arc::new(Pool::new(settings)),
            limit: processes.page_timeout,
            documents: AtomicU64::new(1),
        })
    }

    fn work(
        &self,
        document: &ChildDocument,
        queue: &Mutex<VecDeque<(usize, u8)>>,
        check: &dyn Fn() -> Result<()>,
        sender: &Sender<Event>,
    ) -> Result<()> {
        let wanted = || !lock(queue).is_empty();
        let patience = Patience { check, wanted: &wanted, limit: self.limit };
        let firm = Patience { wanted: &|| true, ..patience };
        let mut tries = 0;
        'lease: while let Some(mut lease) = self.pool.lend(document.id, check, &wanted)? {
            match self.open_in(&mut lease, document.id, &document.opening, &patience) {
                Ok(opened) => opened.map(drop)?,
                Err(Lost::Unneeded) => {
                    lease.give_back();
                    return Ok(());
                }
                Err(lost) => {
                    drop(lease);
                    tries += 1;
                    self.reopen(&document.opening.name, tries, lost)?;
                    continue;
                }
            }
            loop {
                let Some((index, tries)) = lock(queue).pop_front() else { break };
                let Some(process) = lease.process() else { break };
                process.pages += 1;
                let failed = |detail| Err(Error::Page { page: index, detail });
                let read = match process.ask(Ask::Page(index), &firm) {
                    Ok(Ok(Answer::Page(read))) => {
                        self.pool.thrive();
                        Ok(*read)
                    }
                    Ok(Ok(_)) => failed("the page worker answered something else".to_owned()),
                    Ok(Err(error)) => Err(error),
                    Err(Lost::Stopped(error)) => return Err(error),
                    Err(Lost::Slow) => {
                        drop(lease);
                        let read = failed(format!("it took longer than {:?}", self.limit));
                        // The receiver outlives the workers.
                        let _ = sender.send(Event::Page(index, Box::new(read)));
                        continue 'lease;
                    }
                    Err(lost) => {
                        drop(lease);
                        self.pool.mourn();
                        if tries + 1 < TRIES {
                            lock(queue).push_front((index, tries + 1));
                        } else {
                            let read = failed(format!(
                                "it ended the process that read it, {TRIES} times ({})",
                                lost.how()
                            ));
                            let _ = sender.send(Event::Page(index, Box::new(read)));
                        }
                        continue 'lease;
                    }
                };
                let _ = sender.send(Event::Page(index, Box::new(read)));
                // Others wait no longer than a page takes.
                if self.pool.is_awaited() || lease.process().is_some_and(|p| self.pool.is_spent(p))
                {
                    break;
                }
            }
            lease.give_back();
        }
        Ok(())
    }

    /// Opens the document in this worker, if it is not open there.
    fn open_in(
        &self,
        lease: &mut Lease<'_>,
        id: u64,
        opening: &Opening,
        patience: &Patience<'_>,
    ) -> Result<Result<Option<(usize, Metadata)>>, Lost> {
        let Some(process) = lease.process() else {
            return Err(Lost::Died("it is not there".to_owned()));
        };
        if process.document == Some(id) {
            return Ok(Ok(None));
        }
        process.document = None;
        let answer = process.ask(Ask::Open(Box::new(opening.clone())), patience).map_err(
            |lost| match lost {
                Lost::Died(how) if !process.spoke => Lost::Died(format!(
                    "{} does not answer as a page worker; {how}",
                    self.pool.program().display()
                )),
                lost => lost,
            },
        )?;
        Ok(match answer {
            Ok(Answer::Opened { page_count, metadata }) => {
                process.document = Some(id);
                Ok(Some((page_count, metadata)))
            }
            Ok(_) => Err(Error::stage("page worker", "it answered something else")),
            Err(error) => Err(error),
        })
    }

    /// What to do about a worker that was lost while it opened a document: nothing, or give up.
    fn reopen(&self, name: &str, tries: u8, lost: Lost) -> Result<()> {
        match lost {
            Lost::Stopped(error) => Err(error),
            Lost::Slow => Err(Error::Damaged {
                name: name.to_owned(),
                detail: format!("opening it took longer than {:?}", self.limit),
            }),
            Lost::Died(_) | Lost::Unneeded if tries < TRIES => {
                self.pool.mourn();
                Ok(())
            }
            lost => {
                self.pool.mourn();
                let how = lost.how();
                Err(Error::stage(
                    "page worker",
                    format!("opening {name} ended it, {TRIES} times ({how})"),
                ))
            }
        }
    }
}

impl Lost {
    fn how(&self) -> &str {
        match self {
            Self::Died(how) => how,
            _ => "it was given up",
        }
    }
}

/// What workers report to the thread that delivers.
enum Event {
    Page(usize, Box<Result<PageRead>>),
    Ended(Error),
}

impl PageRunner for Children {
    fn open(&self, input: &Input, options: &Options, call: &Call) -> Result<OpenDocument> {
        let (path, file) = match &input.path {
            Some(path) => (path.clone(), None),
            None => {
                let file = write_down(input)?;
                (file.path().to_owned(), Some(file))
            }
        };
        let opening = Opening {
            path,
            name: input.name.clone(),
            options: serde_json::to_string(options).map_err(|e| Error::stage("page worker", e))?,
            password: options.password.clone(),
        };
        let id = self.documents.fetch_add(1, Ordering::Relaxed);
        let check = || call.check();
        let patience = Patience { check: &check, wanted: &|| true, limit: self.limit };
        let mut tries = 0;
        loop {
            let Some(mut lease) = self.pool.lend(id, &check, &|| true)? else {
                return Err(Error::Cancelled);
            };
            match self.open_in(&mut lease, id, &opening, &patience) {
                Ok(opened) => {
                    lease.give_back();
                    let (page_count, metadata) = opened?.unwrap_or_default();
                    let pool = Arc::clone(&self.pool);
                    return Ok(OpenDocument::InChild(ChildDocument {
                        id,
                        opening,
                        page_count,
                        metadata,
                        pool,
                        _file: file,
                    }));
                }
                Err(lost) => {
                    drop(lease);
                    tries += 1;
                    self.reopen(&input.name, tries, lost)?;
                }
            }
        }
    }

    fn run(&self, job: &Job, call: &Call, deliver: &mut Deliver<'_>) -> Result<()> {
        let OpenDocument::InChild(document) = &job.document else {
            return Err(Error::stage("page worker", "the document is open elsewhere"));
        };
        let queue: VecDeque<(usize, u8)> = job.pages.iter().map(|index| (*index, 0)).collect();
        let workers = self.pool.workers().min(queue.len());
        let queue = Mutex::new(queue);
        let stop = AtomicBool::new(false);
        let check = || {
            if stop.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { call.check() }
        };
        std::thread::scope(|scope| {
            let (sender, receiver) = channel();
            for _ in 0..workers {
                let (sender, queue, check) = (sender.clone(), &queue, &check);
                scope.spawn(move || {
                    if let Err(error) = self.work(document, queue, check, &sender) {
                        // The receiver outlives the workers.
                        let _ = sender.send(Event::Ended(error));
                    }
                });
            }
            drop(sender);
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
                    stop.store(true, Ordering::Relaxed);
                    ended = ended.and(outcome);
                }
            }
            ended
        })
    }
}

/// Writes a document to a file that only this user may read.
fn write_down(input: &Input) -> Result<NamedTempFile> {
    let io = |source| Error::Io { action: "write", path: std::env::temp_dir(), source };
    let mut file = tempfile::Builder::new().prefix("recto-").tempfile().map_err(io)?;
    file.write_all(&input.content.load(&input.name)?).and_then(|()| file.flush()).map_err(io)?;
    Ok(file)
}
