//! Reading: several documents at a time, so that all cores have pages also where documents are short.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Component, Path};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use recto::{Call, CancelFlag, Engine, Progress, Source, Status, Warning, WarningCode};
use sha2::{Digest as _, Sha256};

use super::gauge::{Gauge, Pages};
use super::inputs::{Item, Place};
use super::names::result;
use super::report::{Outcome, Output, Previous, Record, Report};
use super::store::{Store, hash_file};
use crate::cli::args::ReadingArgs;
use crate::cli::console::{Console, Exit, Misuse};
use crate::cli::read::Tally;
use crate::cli::render::{Format, Read, RenderArgs, StyleArgs};

/// So many documents more than workers are under way: while results are written and the next document is
/// opened, no worker waits.
const SPARE: usize = 1;

/// How often the time is looked at between documents.
const TICK: Duration = Duration::from_millis(500);

/// What results depend on besides the input and its options.
#[derive(Debug)]
pub(super) struct Settings(String);

impl Settings {
    pub(super) fn new(formats: &[Format], style: &StyleArgs, reading: &ReadingArgs) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        Self(format!("{version} {formats:?} {style:?} {:?}", reading.places()))
    }

    /// The hash of all that a document's results depend on but its content, or what the service says
    /// of that. Passwords are not in it.
    fn hash(&self, item: &Item) -> anyhow::Result<String> {
        let mut hash = Sha256::new();
        hash.update(serde_json::to_vec(&*item.options)?);
        if let Place::Object(_, _, Some(tag)) = &item.place {
            hash.update(tag);
        }
        hash.update(&self.0);
        Ok(hex::encode(hash.finalize()))
    }
}

/// A run.
#[derive(Debug)]
pub(super) struct Work<'a> {
    pub(super) engine: Engine,
    pub(super) workers: usize,
    pub(super) settings: Settings,
    pub(super) formats: &'a [Format],
    pub(super) style: &'a StyleArgs,
    pub(super) store: &'a Store,
    pub(super) cancel: CancelFlag,
    pub(super) console: &'a Console,
}

/// A document that is done.
struct Done {
    item: usize,
    record: Record,
    failure: Option<Exit>,
}

impl Work<'_> {
    /// Reads all documents that are not there already.
    ///
    /// # Errors
    ///
    /// Where the report cannot be written; what is wrong with a document is in the report.
    pub(super) fn run(
        &self,
        items: Vec<Item>,
        lost: Vec<(String, String)>,
        previous: Previous,
    ) -> anyhow::Result<Exit> {
        let kept = self.kept(&items, &previous);
        let mut tally = Tally::default();
        let unseen = previous.unseen(&items);
        let whole = kept.iter().flatten().copied().chain(&unseen);
        let (mut report, whole) = Report::begin(self.store, whole)?;
        let mut whole = whole.into_iter();
        let mut places: Vec<_> = kept.iter().map(|kept| kept.and_then(|_| whole.next())).collect();
        let unseen: Vec<_> = whole.collect();
        let skipped = places.iter().flatten().count();
        kept.iter().flatten().for_each(|record| tally.add(record.status.status()));
        let mut gauge = Gauge::new(items.len() - skipped, self.console);
        let mut failed = lost.len();
        for (source, error) in &lost {
            gauge.aside(|console| console.error(format_args!("{source}: {error}")));
            tally.failures.push(Exit::Failure);
            places.push(Some(report.add(&Record::failed(source, error))?));
        }

        let next = AtomicUsize::new(0);
        let todo: Vec<usize> = (0..items.len()).filter(|item| kept[*item].is_none()).collect();
        let (sender, receiver) = channel();
        let ended = std::thread::scope(|scope| -> anyhow::Result<()> {
            for _ in 0..(self.workers + SPARE).min(todo.len()) {
                let (sender, pages) = (sender.clone(), gauge.pages());
                let (next, todo, items, previous) = (&next, &todo, &items, &previous);
                scope.spawn(move || self.work(next, todo, items, previous, &pages, &sender));
            }
            drop(sender);
            loop {
                match receiver.recv_timeout(TICK) {
                    Ok(done) => {
                        let Done { item, record, failure } = done;
                        match report.add(&record) {
                            Ok(place) => places[item] = Some(place),
                            Err(error) => {
                                self.cancel.cancel();
                                return Err(error);
                            }
                        }
                        self.tell(&gauge, &record);
                        gauge.done(failure.is_some());
                        match failure {
                            Some(exit) => {
                                failed += 1;
                                tally.failures.push(exit);
                            }
                            None => tally.add(record.status.status()),
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return Ok(()),
                }
                gauge.tick();
            }
        });
        let speed = gauge.finish();
        ended?;
        // What is not done has no place.
        let done = places.iter().flatten().count() - failed;
        let order: Vec<_> = places.into_iter().flatten().chain(unseen).collect();
        report.sort(self.store, &order)?;
        let mut line = format!("{done} of {} documents are done", items.len() + lost.len());
        if skipped > 0 {
            line += &format!(" ({skipped} were before)");
        }
        if failed > 0 {
            line += &format!(", {failed} failed");
        }
        self.console.note(format_args!("{line}; {speed}"));
        if self.cancel.is_cancelled() {
            self.console.note("interrupted; go on with --resume");
            return Ok(Exit::Interrupted);
        }
        Ok(tally.exit())
    }

    /// For each document, the record of an earlier run that still holds.
    fn kept<'p>(&self, items: &[Item], previous: &'p Previous) -> Vec<Option<&'p Record>> {
        let next = AtomicUsize::new(0);
        let mut kept: Vec<Option<&Record>> = vec![None; items.len()];
        let (sender, receiver) = channel();
        std::thread::scope(|scope| {
            for _ in 0..self.workers {
                let (sender, next) = (sender.clone(), &next);
                scope.spawn(move || {
                    while !self.cancel.is_cancelled()
                        && let Some((at, item)) = take(next, items)
                    {
                        let record = previous.record(item).filter(|it| self.holds(item, it));
                        // The receiver outlives the scope.
                        let _ = sender.send((at, record));
                    }
                });
            }
        });
        drop(sender);
        for (at, record) in receiver {
            kept[at] = record;
        }
        kept
    }

    fn holds(&self, item: &Item, record: &Record) -> bool {
        let is_same = match &item.place {
            Place::Path(path) => {
                let now = hash_file(path).ok();
                now.is_some_and(|(hash, _)| Some(hash) == record.input_sha256)
            }
            // Fetching it again is what is to be saved.
            Place::Url(_) => true,
            // Its name in the report has its hash.
            Place::Line(..) => true,
            // Its content is hashed when it is fetched; what the service says of it is in the settings.
            Place::Object(..) => true,
        };
        is_same
            && self.settings.hash(item).is_ok_and(|hash| hash == record.settings)
            && record
                .outputs
                .first()
                .is_some_and(|output| result(&item.stem, self.formats[0]) == output.path)
            && record.is_complete(self.store.folder())
    }

    fn work(
        &self,
        next: &AtomicUsize,
        todo: &[usize],
        items: &[Item],
        previous: &Previous,
        pages: &Pages,
        sender: &Sender<Done>,
    ) {
        while !self.cancel.is_cancelled()
            && let Some((_, &item)) = take(next, todo)
        {
            let one = catch_unwind(AssertUnwindSafe(|| self.one(&items[item], pages)));
            let (record, failure) = match one {
                Ok(Some(done)) => done,
                // Interrupted: it is as if it had not been begun.
                Ok(None) => continue,
                Err(_) => {
                    let detail = "recto has a mistake that this document brings out";
                    (Record::failed(&items[item].source, detail), Some(Exit::Failure))
                }
            };
            if failure.is_some()
                && let Some(old) = previous.record(&items[item])
            {
                self.remove(old);
            }
            if sender.send(Done { item, record, failure }).is_err() {
                return;
            }
        }
    }

    /// Removes the results of what an earlier run read and this one cannot.
    fn remove(&self, old: &Record) {
        for output in &old.outputs {
            let plain = output.path.components().all(|part| matches!(part, Component::Normal(_)));
            if plain
                && let Err(error) = std::fs::remove_file(self.store.folder().join(&output.path))
            {
                tracing::debug!(%error, "an old result stays");
            }
        }
    }

    /// Reads a document; `None` where the run was interrupted meanwhile.
    fn one(&self, item: &Item, pages: &Pages) -> Option<(Record, Option<Exit>)> {
        let started = Instant::now();
        let mut record = Record {
            name: item.name(),
            status: Outcome::Success,
            settings: self.settings.hash(item).unwrap_or_default(),
            ..Record::failed(&item.source, "")
        };
        record.error = None;
        record.warnings.extend(item.warnings.iter().map(in_words));
        let read = self.read(item, pages, &mut record);
        record.seconds = started.elapsed().as_secs_f64();
        let failure = match read {
            Ok(true) => None,
            Ok(false) => return None,
            Err(error) => {
                let exit = match error.downcast_ref::<recto::Error>() {
                    Some(error) => Exit::of(error),
                    None if error.is::<Misuse>() => Exit::Usage,
                    None => Exit::Failure,
                };
                if exit == Exit::Interrupted {
                    return None;
                }
                record.status = Outcome::Failed;
                record.error = Some(format!("{error:#}"));
                Some(exit)
            }
        };
        Some((record, failure))
    }

    /// Reads, and writes all results; `false` where it was interrupted.
    fn read(&self, item: &Item, pages: &Pages, record: &mut Record) -> anyhow::Result<bool> {
        let call = Call {
            cancel: self.cancel.clone(),
            progress: Some(Arc::new(pages.clone()) as Arc<dyn Progress>),
            ..Call::default()
        };
        // Documents without a name of their own go by that of their results.
        let opened = item.place.open()?;
        let mut source = opened.source.clone().named(&item.file_name);
        let stays = matches!(&item.place, Place::Path(path) if path.is_file());
        let mut original: Arc<[u8]> = Arc::default();
        if !stays || self.formats.iter().any(|format| format.needs_original()) {
            source = self.engine.load(&source, &call)?;
        }
        record.input_sha256 = match (&source, &item.place) {
            (Source::Bytes { bytes, .. }, _) => {
                original = Arc::clone(bytes);
                Some(hex::encode(Sha256::digest(bytes)))
            }
            // Whatever is wrong with it is told when it is read.
            (_, Place::Path(path)) => hash_file(path).ok().map(|(hash, _)| hash),
            _ => None,
        };
        let document = self.engine.read_with(source, &item.options, &call)?;
        if document.warnings.iter().any(|warning| warning.code == WarningCode::Cancelled) {
            return Ok(false);
        }
        record.pages = document.pages.len();
        record.warnings.extend(document.warnings.iter().map(in_words));
        record.status = match document.status {
            Status::Success => Outcome::Success,
            _ => Outcome::Partial,
        };
        let read = Read { document, original, password: item.options.password.clone() };
        let mut files = Vec::with_capacity(self.formats.len());
        for format in self.formats {
            let bytes = RenderArgs::of(*format, self.style).render(&read)?;
            files.push((result(&item.stem, *format), bytes));
        }
        self.store.write(&files)?;
        record.outputs = files.into_iter().map(|(path, bytes)| Output::new(path, &bytes)).collect();
        Ok(true)
    }

    fn tell(&self, gauge: &Gauge<'_>, record: &Record) {
        let Record { source, warnings, .. } = record;
        match record.status {
            Outcome::Success => {}
            Outcome::Partial => gauge.aside(|console| {
                let first = warnings.first().map_or("some pages are missing", String::as_str);
                console.warning(format_args!("{source}: read in part: {first}"));
            }),
            Outcome::Failed => gauge.aside(|console| {
                let error = record.error.as_deref().unwrap_or_default();
                console.error(format_args!("{source}: {error}"));
            }),
        }
    }
}

/// The next of a list that several take from.
fn take<'i, T>(next: &AtomicUsize, list: &'i [T]) -> Option<(usize, &'i T)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    list.get(at).map(|one| (at, one))
}

fn in_words(warning: &Warning) -> String {
    match warning.page {
        Some(page) => format!("page {page}: {}", warning.message),
        None => warning.message.clone(),
    }
}

impl Outcome {
    fn status(self) -> Status {
        match self {
            Self::Success => Status::Success,
            Self::Partial | Self::Failed => Status::Partial,
        }
    }
}

impl Record {
    fn failed(source: &str, error: &str) -> Self {
        Self {
            source: source.to_owned(),
            name: None,
            status: Outcome::Failed,
            outputs: Vec::new(),
            pages: 0,
            seconds: 0.0,
            warnings: Vec::new(),
            error: Some(error.to_owned()),
            input_sha256: None,
            settings: String::new(),
        }
    }
}

impl Output {
    fn new(path: impl AsRef<Path>, bytes: &[u8]) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            bytes: bytes.len() as u64,
            sha256: hex::encode(Sha256::digest(bytes)),
        }
    }
}
