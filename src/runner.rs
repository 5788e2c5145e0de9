//! The page seam: whoever runs pages turns (input, page, options) into [`PageRead`]s.
//!
//! [`InProcess`] renders on the calling thread (PDFium is not thread-safe, and rendering is a few
//! percent of the work) and recognises on a pool of workers. No more rasters are in flight than
//! workers plus one, whatever the number of pages and documents. [`Children`] has processes do all of it.

mod child;
mod children;
mod counts;
#[cfg(target_os = "linux")]
mod descriptors;
mod faults;
mod isolation;
mod pipe;
mod pool;
mod process;
mod protocol;
mod run;
mod sandbox;
mod turns;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, OnceLock};

use image::RgbImage;
use rayon::ThreadPool;

use crate::call::Call;
use crate::document::Metadata;
use crate::error::{Error, Result, Warning};
use crate::geometry::Resolution;
use crate::language::Language;
use crate::options::Options;
use crate::page::PageRead;
use crate::page_work::{Prepared, fitting, prepare_image_page, prepare_pdf_page};
use crate::pdf::PdfFile;
use crate::raster::ImagePages;
use crate::recognition::{Plan, Recognition};
use crate::setup;
use crate::source::{Format, Input};

pub use child::serve_pages;
use children::ChildDocument;
pub(crate) use children::{Children, EngineSettings};
pub use counts::ChildCounts;
pub use isolation::{Isolation, Processes};
pub(crate) use protocol::Refusal;
pub use sandbox::{Confinement, Sandbox};
use turns::Turns;

/// A document to be read page by page.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) input: Input,
    pub(crate) options: Options,
    /// Ascending, each once, all within the document.
    pub(crate) pages: Vec<usize>,
    pub(crate) document: OpenDocument,
    pub(crate) plan: Plan,
}

/// Takes a page's index and outcome; an error ends the run.
pub(crate) type Deliver<'a> = dyn FnMut(usize, Result<PageRead>) -> Result<()> + 'a;

/// Runs the pages of a job: in this process, in child processes, on other machines.
pub(crate) trait PageRunner {
    /// Opens the document and loads what its format needs.
    fn open(&self, input: &Input, options: &Options, call: &Call) -> Result<OpenDocument>;

    /// Delivers every page of the job, in the order they are done.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`] or [`Error::DeadlineExceeded`] when the call ended early; pages that
    /// were under way are still delivered. Otherwise what `deliver` returned.
    fn run(&self, job: &Job, call: &Call, deliver: &mut Deliver<'_>) -> Result<()>;
}

/// An open document of either kind. Pages are taken one at a time.
#[derive(Debug)]
pub(crate) enum OpenDocument {
    Pdf(Mutex<PdfFile>),
    Images(Mutex<ImagePages>),
    /// Elsewhere: nothing of it is read in this process.
    InChild(Box<ChildDocument>),
}

impl OpenDocument {
    pub(crate) fn page_count(&self) -> usize {
        match self {
            Self::Pdf(file) => lock(file).page_count(),
            Self::Images(images) => lock(images).page_count(),
            Self::InChild(document) => document.page_count,
        }
    }

    /// What the document says about itself.
    pub(crate) fn metadata(&self) -> Metadata {
        match self {
            Self::Pdf(file) => lock(file).metadata(),
            Self::Images(_) => Metadata::default(),
            Self::InChild(document) => document.metadata.clone(),
        }
    }

    fn prepare(
        &self,
        index: usize,
        options: &Options,
        call: &Call,
        needs_ocr: &mut dyn FnMut(),
    ) -> Result<Prepared> {
        match self {
            Self::Pdf(file) => {
                let mut file = lock(file);
                file.refresh();
                prepare_pdf_page(&file, index, options, call, needs_ocr)
            }
            Self::Images(images) => {
                prepare_image_page(&mut lock(images), index, options, needs_ocr)
            }
            Self::InChild(_) => Err(elsewhere()),
        }
    }
}

impl OpenDocument {
    /// A page in colour, of a document open in this process: PDF pages as drawn at `resolution` (lower for huge ones), image files at
    /// their own.
    pub(crate) fn color_page(
        &self,
        index: usize,
        resolution: Resolution,
    ) -> Result<(RgbImage, Resolution)> {
        match self {
            Self::Pdf(file) => {
                let mut file = lock(file);
                file.refresh();
                let page = file.page(index)?;
                let resolution = fitting(resolution, page.size(), &file.limits());
                page.check_images()?;
                Ok((page.render_rgb(resolution)?, resolution))
            }
            Self::Images(images) => lock(images).color_page(index),
            Self::InChild(_) => Err(elsewhere()),
        }
    }
}

fn elsewhere() -> Error {
    Error::stage("raster", "the document is open in another process")
}

/// A poisoned lock only says that a page failed; the document behind it is still usable.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Runs pages on threads of this process.
#[derive(Debug)]
pub(crate) struct InProcess {
    pool: ThreadPool,
    /// Where PDFium is, once that is known: to look for it is to read it, for its checksum, which takes
    /// longer than to read a page.
    pdfium: OnceLock<PathBuf>,
    recognition: Recognition,
    /// One for each page under way: one a worker, and one more so that no worker waits for the
    /// renderer.
    turns: Arc<Turns>,
    runs: AtomicU64,
}

impl InProcess {
    pub(crate) fn new(pool: ThreadPool, pdfium: Option<PathBuf>, recognition: Recognition) -> Self {
        let turns = Arc::new(Turns::new(pool.current_num_threads() + 1));
        let pdfium = pdfium.map(OnceLock::from).unwrap_or_default();
        Self { pool, pdfium, recognition, turns, runs: AtomicU64::new(0) }
    }

    pub(crate) fn pool(&self) -> &ThreadPool {
        &self.pool
    }

    /// Opens the document and loads what its format needs.
    pub(crate) fn open_here(&self, input: &Input, options: &Options) -> Result<OpenDocument> {
        Ok(match input.format {
            Format::Pdf => {
                let library = match self.pdfium.get() {
                    Some(path) => path,
                    // Where it is missing, it is looked for again: it may be installed by then.
                    None => {
                        let found = setup::pdfium()?;
                        self.pdfium.get_or_init(|| found)
                    }
                };
                let file = PdfFile::open(input, options.password.as_deref(), library)?;
                OpenDocument::Pdf(Mutex::new(file))
            }
            _ => OpenDocument::Images(Mutex::new(ImagePages::open(input.clone())?)),
        })
    }

    /// The languages that neural models of text read here.
    pub(crate) fn neural_languages(&self) -> Result<Option<Vec<Language>>> {
        self.recognition.neural_languages()
    }

    /// Settles the languages of a read; fails early on those that cannot be read.
    pub(crate) fn plan(&self, options: &Options, warnings: &mut Vec<Warning>) -> Result<Plan> {
        self.recognition.plan(options, warnings)
    }

    /// Reads one page, all of it on the pool.
    fn page(
        &self,
        document: &OpenDocument,
        options: &Options,
        plan: &Plan,
        index: usize,
        call: &Call,
    ) -> Result<PageRead> {
        self.pool.install(|| {
            guarded(index, || match document.prepare(index, options, call, &mut || {})? {
                Prepared::Done(read) => Ok(*read),
                Prepared::Raster(raster) => {
                    self.recognition.recognize(*raster, plan, options, call)
                }
            })
        })
    }
}

/// The threads that recognise.
pub(crate) fn threads(workers: usize) -> Result<ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(workers)
        .thread_name(|i| format!("recto-{i}"))
        .start_handler(|_| crate::ocr::prepare_worker_thread())
        .build()
        .map_err(|e| Error::stage("threads", e))
}

impl PageRunner for InProcess {
    fn open(&self, input: &Input, options: &Options, _call: &Call) -> Result<OpenDocument> {
        self.open_here(input, options)
    }

    fn run(&self, job: &Job, call: &Call, deliver: &mut Deliver<'_>) -> Result<()> {
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let ended = self.run_pages(run, job, call, deliver);
        self.turns.leave(run);
        ended
    }
}

impl InProcess {
    fn run_pages(&self, run: u64, job: &Job, call: &Call, deliver: &mut Deliver<'_>) -> Result<()> {
        let bound = self.pool.current_num_threads() + 1;
        let (sender, receiver) = channel::<(usize, Result<PageRead>)>();
        self.pool.in_place_scope(|scope| {
            let mut in_flight = 0usize;
            let mut warm = false;
            let mut ended = Ok(());
            for &index in &job.pages {
                // Rasters under way are bounded for all documents together.
                let turn = match self.turns.take(run, &|| call.check(), &|| true) {
                    Ok(turn) => turn,
                    Err(error) => {
                        ended = Err(error);
                        break;
                    }
                };
                // Models are loaded while the first page that needs them is still drawn.
                let mut needs_ocr = || {
                    if !std::mem::replace(&mut warm, true) {
                        for _ in 0..self.pool.current_num_threads() {
                            scope.spawn(|_| self.recognition.warm_up(&job.plan));
                        }
                    }
                };
                let prepared = guarded(index, || {
                    job.document.prepare(index, &job.options, call, &mut needs_ocr)
                });
                match prepared {
                    Err(error) => {
                        drop(turn);
                        ended = hand_on(index, Err(error), deliver);
                    }
                    Ok(Prepared::Done(read)) => {
                        drop(turn);
                        ended = hand_on(index, Ok(*read), deliver);
                    }
                    Ok(Prepared::Raster(raster)) => {
                        let sender = sender.clone();
                        in_flight += 1;
                        scope.spawn(move |_| {
                            let read = guarded(index, || {
                                self.recognition.recognize(*raster, &job.plan, &job.options, call)
                            });
                            drop(turn);
                            // The receiver outlives the scope.
                            let _ = sender.send((index, read));
                        });
                    }
                }
                while ended.is_ok() && in_flight > 0 {
                    let next = if in_flight >= bound {
                        receiver.recv().ok()
                    } else {
                        receiver.try_recv().ok()
                    };
                    let Some((index, read)) = next else { break };
                    in_flight -= 1;
                    ended = hand_on(index, read, deliver);
                }
                if ended.is_err() {
                    break;
                }
            }
            for _ in 0..in_flight {
                let Ok((index, read)) = receiver.recv() else { break };
                let delivered = hand_on(index, read, deliver);
                ended = ended.and(delivered);
            }
            ended
        })
    }
}

/// Delivers a page. One that the deadline or the caller stopped did not fail: the read ends.
fn hand_on(index: usize, read: Result<PageRead>, deliver: &mut Deliver<'_>) -> Result<()> {
    match read {
        Err(error @ (Error::Cancelled | Error::DeadlineExceeded)) => Err(error),
        read => deliver(index, read),
    }
}

/// A panic in a page's work is that page's failure, not the program's.
fn guarded<T>(index: usize, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let detail = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()))
            .unwrap_or_else(|| "it panicked".to_owned());
        Err(Error::Page { page: index, detail })
    })
}
