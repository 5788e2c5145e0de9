//! The engine: the one place that knows the order of the stages.

mod describe;
mod enrichment;
mod formulas;
mod pages;
mod parts;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::call::Call;
use crate::document::{Document, Status, TextSource, Timings};
use crate::error::{Error, ErrorKind, Result, Warning, WarningCode};
use crate::language::{Language, Tessdata};
use crate::limits::Limits;
use crate::options::Options;
use crate::page::PageRead;
use crate::page_images::PageImages;
use crate::picture::{FormulaReader, PictureDescriber};
use crate::progress::Event;
use crate::recognition::Recognition;
use crate::runner::{
    ChildCounts, Children, EngineSettings, InProcess, Isolation, Job, PageRunner, threads,
};
use crate::source::{self, FetchRules, Input, Source, UrlPolicy};

pub use pages::Pages;
pub use parts::PartRead;

/// Reads documents. Cheap to clone; all clones share threads and OCR handles.
///
/// Everything slow to load, or possibly missing, is settled when it is built or on first use.
#[derive(Clone, Debug)]
pub struct Engine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    tessdata: Option<PathBuf>,
    fetching: FetchRules,
    limits: Limits,
    formula_reader: Option<Arc<dyn FormulaReader>>,
    describer: Option<Arc<dyn PictureDescriber>>,
    here: InProcess,
    children: Option<Children>,
}

impl Inner {
    fn runner(&self) -> &dyn PageRunner {
        match &self.children {
            Some(children) => children,
            None => &self.here,
        }
    }
}

/// Settings of an [`Engine`]. Get one from [`Engine::builder`].
#[derive(Clone, Debug, Default)]
pub struct EngineBuilder {
    pdfium: Option<PathBuf>,
    tessdata: Option<PathBuf>,
    model_dir: Option<PathBuf>,
    workers: Option<usize>,
    fetching: FetchRules,
    fetch_hosts: Vec<String>,
    limits: Limits,
    formula_reader: Option<Arc<dyn FormulaReader>>,
    describer: Option<Arc<dyn PictureDescriber>>,
    raw_confidence: bool,
    isolation: Isolation,
}

impl EngineBuilder {
    /// The PDFium library to load. Default: the first that [`setup`](crate::setup) finds.
    /// PDFium is loaded once per process: a later engine shares what the first one loaded.
    #[must_use]
    pub fn pdfium(mut self, library: impl Into<PathBuf>) -> Self {
        self.pdfium = Some(library.into());
        self
    }

    /// The folder with `*.traineddata` for Tesseract. Default: `TESSDATA_PREFIX`, then the
    /// system's folders.
    #[must_use]
    pub fn tessdata(mut self, folder: impl Into<PathBuf>) -> Self {
        self.tessdata = Some(folder.into());
        self
    }

    /// A folder with neural models of text for the engines `rapidocr` and `easyocr`: any pair of
    /// PP-OCR's versions 4 to 6 as ONNX files, `*det*.onnx` and `*rec*.onnx`, and the recogniser's
    /// dictionary as `*.txt` where the model does not hold it. Default: the models that
    /// [`setup`](crate::setup) finds.
    #[must_use]
    pub fn model_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.model_dir = Some(folder.into());
        self
    }

    /// How many threads (or processes: [`isolation`](Self::isolation)) recognise text, at least 1. Default: one per available core. The result
    /// does not depend on it.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers.max(1));
        self
    }

    /// Whether [`Source::Url`] may be fetched. Default: [`UrlPolicy::Refuse`].
    #[must_use]
    pub fn url_policy(mut self, policy: UrlPolicy) -> Self {
        self.fetching.policy = policy;
        self
    }

    /// Hosts that may be in a private network, where [`UrlPolicy::Public`] is the policy: names
    /// (`files.example`) or addresses (`192.168.1.2`, `::1`), as the URL has them, on any port. What
    /// they redirect to has to be public or one of them. Default: none.
    #[must_use]
    pub fn fetch_hosts(mut self, hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.fetch_hosts = hosts.into_iter().map(Into::into).collect();
        self
    }

    /// Largest document that is fetched by its URL, in bytes. Default:
    /// [`Limits::document_bytes`], which is the limit of documents from anywhere.
    #[must_use]
    pub fn fetch_max_bytes(mut self, bytes: u64) -> Self {
        self.fetching.max_bytes = bytes;
        self
    }

    /// Longest time for fetching a document; a call's deadline counts besides. Default: 300
    /// seconds.
    #[must_use]
    pub fn fetch_timeout(mut self, timeout: Duration) -> Self {
        self.fetching.timeout = timeout;
        self
    }

    /// How large documents and their pages may be. Default: [`Limits::default`].
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Most pages of one read: [`Limits::pages`] alone.
    #[must_use]
    pub fn max_pages(mut self, pages: usize) -> Self {
        self.limits.pages = pages as u64;
        self
    }

    /// Who reads formulas from pixels for reads that ask for their LaTeX
    /// ([`Options::do_formula_enrichment`]) where there is no text layer to rebuild it from: cut out
    /// of their pages, formulas are sent to it. Default: nobody; such formulas stay plain text, with
    /// a warning.
    #[must_use]
    pub fn formula_reader(mut self, reader: Arc<dyn FormulaReader>) -> Self {
        self.formula_reader = Some(reader);
        self
    }

    /// Who describes pictures for reads that ask for it
    /// ([`Options::do_picture_description`]): pictures are sent to it, and come from the documents
    /// alone. Default: nobody; such reads get a warning.
    #[must_use]
    pub fn describer(mut self, describer: Arc<dyn PictureDescriber>) -> Self {
        self.describer = Some(describer);
        self
    }

    /// Leaves the confidence of words as the recogniser gives it, for fitting the curve that makes
    /// probabilities of it (see docs/confidence.md). Default: `false`.
    #[must_use]
    pub fn raw_confidence(mut self, raw: bool) -> Self {
        self.raw_confidence = raw;
        self
    }

    /// Where pages are read: in this process or in children. Default:
    /// [`Isolation::InProcess`]. The result does not depend on it.
    #[must_use]
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = isolation;
        self
    }

    /// Builds the engine. PDFium and OCR models are looked for when first needed.
    ///
    /// # Errors
    ///
    /// When the worker threads cannot be started, it is not known which program to run for
    /// [`Isolation::Processes`], [`fetch_hosts`](Self::fetch_hosts) are no hosts or of no effect, or a
    /// limit is 0.
    pub fn build(mut self) -> Result<Engine> {
        self.limits.validate()?;
        if !self.fetch_hosts.is_empty() && self.fetching.policy == UrlPolicy::Refuse {
            let detail = "URLs are not fetched at all; allow that first";
            return Err(Error::invalid_option("allow_hosts", detail));
        }
        self.fetching.hosts =
            self.fetch_hosts.iter().map(|name| source::host(name)).collect::<Result<_>>()?;
        let workers = self
            .workers
            .or_else(|| std::thread::available_parallelism().ok().map(Into::into))
            .unwrap_or(1);
        let children = match &self.isolation {
            Isolation::InProcess => None,
            Isolation::Processes(processes) => {
                let settings = EngineSettings {
                    workers,
                    pdfium: self.pdfium.clone(),
                    tessdata: self.tessdata.clone(),
                    model_dir: self.model_dir.clone(),
                    raw_confidence: self.raw_confidence,
                };
                Some(Children::new(processes, settings)?)
            }
        };
        let recognition =
            Recognition::new(self.tessdata.clone(), self.model_dir, !self.raw_confidence);
        let here = InProcess::new(threads(workers)?, self.pdfium, recognition);
        let Self { tessdata, fetching, limits, formula_reader, describer, .. } = self;
        let inner = Inner { tessdata, fetching, limits, formula_reader, describer, here, children };
        Ok(Engine { inner: Arc::new(inner) })
    }
}

impl Engine {
    /// Starts the settings of an engine.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// What became of the child processes that read pages; `None` where this process reads them
    /// ([`Isolation`]).
    pub fn children(&self) -> Option<ChildCounts> {
        self.inner.children.as_ref().map(Children::counts)
    }

    /// The languages whose models are installed, by tag, each once: those that can be recognised.
    /// None where no models are found, or this build has no recogniser.
    pub fn languages(&self) -> Vec<Language> {
        if !cfg!(feature = "tesseract") {
            return Vec::new();
        }
        let found = Tessdata::discover(self.inner.tessdata.as_deref());
        let models = found.map(|data| data.installed()).unwrap_or_default();
        let mut languages: Vec<Language> = models.into_iter().map(|m| m.language).collect();
        languages.dedup();
        languages
    }

    /// The languages that the neural models of text read which this engine would use; `None` where there are
    /// none, or this build runs none (feature `onnx`).
    ///
    /// # Errors
    ///
    /// [`Error::MissingComponent`] for models that cannot be used.
    pub fn neural_languages(&self) -> Result<Option<Vec<Language>>> {
        self.inner.here.neural_languages()
    }

    /// The version of Tesseract that this program runs ("5.3.0"); `None` where it is built without.
    pub fn tesseract_version() -> Option<String> {
        crate::ocr::tesseract_version()
    }

    /// Reads a document to the end.
    ///
    /// A page that fails becomes a [`Warning`] and the document's status
    /// [`Partial`](Status::Partial).
    ///
    /// # Errors
    ///
    /// When the document cannot be opened or an option cannot be used: see [`Error`].
    pub fn read(&self, source: Source, options: &Options) -> Result<Document> {
        self.read_with(source, options, &Call::default())
    }

    /// Reads a document with a deadline, a way to stop and a progress sink. What is done when the
    /// call ends early is returned, with a warning.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read); [`Error::Cancelled`] or [`Error::DeadlineExceeded`] when not one
    /// page was done.
    pub fn read_with(&self, source: Source, options: &Options, call: &Call) -> Result<Document> {
        let started = Instant::now();
        let _span = span().entered();
        let open = self.open(source, options, call)?;
        let (reads, failures, ended) = self.read_pages(&open);
        self.finish(open, reads, failures, ended, started)
    }

    /// Loads a document into memory, for those who need its bytes besides what is read from them
    /// ([`export::searchable_pdf`](crate::export::searchable_pdf)): a file, stream or URL is asked
    /// for once. Gives a [`Source::Bytes`] of the same name, cheap to clone.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read) where the source cannot be loaded.
    pub fn load(&self, source: &Source, call: &Call) -> Result<Source> {
        call.check()?;
        let input = source.load_with(self.inner.fetching.clone(), &self.inner.limits, call)?;
        Ok(Source::Bytes { bytes: input.content.load(&input.name)?, name: Some(input.name) })
    }

    /// Whether URLs are fetched at all.
    pub(crate) fn reaches_urls(&self) -> bool {
        self.inner.fetching.policy != UrlPolicy::Refuse
    }

    /// Posts a JSON body to a URL, under the rules that documents are fetched by.
    #[cfg(feature = "server")]
    pub(crate) fn post(
        &self,
        url: &url::Url,
        headers: &[(&str, &str)],
        body: &[u8],
        call: &Call,
    ) -> Result<()> {
        source::post(url, headers, body, &self.inner.fetching, call)
    }

    /// Reads a document and hands out each page as soon as it and all pages before it are done.
    ///
    /// Every page is laid out on its own: what needs the whole document (running headers, heading
    /// levels across pages) is only in [`read`](Self::read).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read). Pages that fail come as `Err` items.
    pub fn pages(&self, source: Source, options: &Options, call: &Call) -> Result<Pages> {
        let mut open = self.open(source, options, call)?;
        for warning in std::mem::take(&mut open.warnings) {
            open.call.report(&Event::Warned(warning));
        }
        let (sender, receiver) = std::sync::mpsc::sync_channel(2);
        let engine = self.clone();
        let options = options.clone();
        // Dropping the iterator closes the channel, which ends the read at the next page.
        std::thread::Builder::new()
            .name("recto-pages".to_owned())
            .spawn(move || engine.feed(&open, &options, &sender))
            .map_err(|e| Error::stage("threads", e))?;
        Ok(Pages::new(receiver))
    }

    /// Draws the pages of a document in colour, one after the other as they are taken: to show
    /// them, or to cut pictures out of them.
    ///
    /// Of the options, the pages and the password count. PDF pages come at `dpi` pixels an inch
    /// (10 to 1200; huge pages at less), pages of image files at `dpi` or less. Where
    /// [`Page::rotation`](crate::Page::rotation) is not 0, [`PageImage::turned_back`](crate::PageImage::turned_back) makes
    /// an image agree with the boxes of the document.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read). Pages that cannot be drawn come as `Err` items.
    pub fn page_images(&self, source: Source, options: &Options, dpi: f32) -> Result<PageImages> {
        self.page_images_with(source, options, dpi, &Call::default())
    }

    /// The same, with a deadline and a way to stop: both make the pages that are left `Err` items.
    ///
    /// # Errors
    ///
    /// As [`page_images`](Self::page_images).
    pub fn page_images_with(
        &self,
        source: Source,
        options: &Options,
        dpi: f32,
        call: &Call,
    ) -> Result<PageImages> {
        call.check()?;
        let input = source.load_with(self.inner.fetching.clone(), &self.inner.limits, call)?;
        let document = self.inner.runner().open(&input, options, call)?;
        let pages = selected(options, document.page_count(), &input.name)?;
        PageImages::new(document, pages, dpi, call.clone())
    }

    fn open(&self, source: Source, options: &Options, call: &Call) -> Result<Open> {
        options.validate()?;
        let call = call.clone().with_timeout(options.document_timeout);
        call.check()?;
        let input = tracing::debug_span!("load").in_scope(|| {
            source.load_with(self.inner.fetching.clone(), &self.inner.limits, &call)
        })?;
        let read = tracing::Span::current();
        read.record("document", input.name.as_str());
        let document = tracing::debug_span!("open")
            .in_scope(|| self.inner.runner().open(&input, options, &call))?;
        let page_count = document.page_count();
        read.record("pages", page_count);
        let pages = selected(options, page_count, &input.name)?;
        let most = self.inner.limits.pages;
        if pages.len() as u64 > most {
            let found = format!(
                "{} pages were asked for, and at most {most} are read at once; select some",
                pages.len()
            );
            return Err(Limits::exceeded(&input.name, &found, "pages"));
        }
        call.report(&Event::Opened { page_count, selected: pages.len() });
        let mut warnings = options.warnings();
        let plan = self.inner.here.plan(options, &mut warnings)?;
        let job = Job { input, options: options.clone(), pages, document, plan };
        Ok(Open { job, call, page_count, warnings })
    }

    fn finish(
        &self,
        open: Open,
        mut reads: Vec<PageRead>,
        mut failures: Failures,
        ended: Result<()>,
        started: Instant,
    ) -> Result<Document> {
        let Open { job, call, page_count, mut warnings } = open;
        let asked = job.pages.len();
        match ended {
            Ok(()) => {}
            Err(error @ (Error::Cancelled | Error::DeadlineExceeded)) => {
                if reads.is_empty() {
                    return Err(error);
                }
                let (code, why) = match error {
                    Error::Cancelled => (WarningCode::Cancelled, "the call was cancelled"),
                    _ => (WarningCode::TimedOut, "the deadline passed"),
                };
                warnings.push(Warning::new(
                    code,
                    format!("{why}: {} of {asked} pages were read", reads.len()),
                ));
            }
            Err(error) => return Err(error),
        }
        if !failures.0.is_empty() && (job.options.abort_on_error || reads.is_empty()) {
            let (page, error) = failures.0.swap_remove(0);
            // What is wrong with the only page is wrong with the document, and so is what every page has
            // that no fault of this program's is part of.
            let is_own = |error: &Error| error.kind() == ErrorKind::Internal;
            let whole = page_count == 1
                || (reads.is_empty()
                    && !is_own(&error)
                    && !failures.0.iter().any(|(_, other)| is_own(other)));
            return Err(if whole { error } else { Error::Page { page, detail: error.chain() } });
        }
        for (index, error) in &failures.0 {
            warnings.push(Warning::new(WarningCode::PageFailed, error.chain()).on_page(*index));
        }
        let mut timings = Timings::default();
        for read in &reads {
            timings.merge(&read.timings);
            warnings.extend(read.warnings.iter().cloned());
        }
        let mut status = if reads.len() < asked { Status::Partial } else { Status::Success };
        let pool = self.inner.here.pool();
        pool.install(|| reads.par_iter_mut().for_each(tell_language));
        let language = crate::language::vote(reads.iter().filter_map(|r| r.language.as_deref()));
        let metadata = job.document.metadata();
        // Of what is about the whole document.
        let mut whole = Timings::default();
        let layout_started = Instant::now();
        let mut pages = tracing::debug_span!("layout")
            .in_scope(|| pool.install(|| formulas::lay_out(reads, &job.options)));
        whole.add("layout", layout_started.elapsed().as_secs_f64());
        let read = self.read_formulas(&job.document, &mut pages, &job.options, &call);
        if read.failed {
            status = Status::Partial;
        }
        warnings.extend(read.warnings);
        let enrichment_started = Instant::now();
        let enriched = tracing::debug_span!("enrich")
            .in_scope(|| self.enrich(&job.document, &mut pages, &job.options, &call));
        if !enriched.complete {
            status = Status::Partial;
        }
        if enriched.asked {
            whole.add("enrichment", enrichment_started.elapsed().as_secs_f64());
        }
        warnings.extend(enriched.warnings);
        whole.add("total", started.elapsed().as_secs_f64());
        timings.merge(&whole);
        call.report(&Event::DocumentRead { timings: whole });
        Ok(Document {
            name: Some(job.input.name),
            byte_count: job.input.content.len(),
            page_count,
            status,
            metadata,
            language,
            pages,
            warnings,
            timings,
        })
    }
}

/// What the log of a read stands under.
fn span() -> tracing::Span {
    tracing::debug_span!("read", document = tracing::field::Empty, pages = tracing::field::Empty)
}

/// Tells the language of a page that was not recognised by its text layer, where it is certain.
fn tell_language(read: &mut PageRead) {
    if read.language.is_none() && read.text_source == TextSource::TextLayer {
        let words: Vec<&str> = read.words.iter().map(|w| w.text.as_str()).collect();
        read.language = crate::language::of_words(&words);
    }
}

/// The pages asked for, ascending.
fn selected(options: &Options, page_count: usize, name: &str) -> Result<Vec<usize>> {
    match &options.pages {
        Some(set) => set.resolve(page_count, name),
        None => Ok((0..page_count).collect()),
    }
}

/// A document that is open and ready to be read.
struct Open {
    job: Job,
    call: Call,
    page_count: usize,
    warnings: Vec<Warning>,
}

/// Counts the pixels that were recognised in a document. Whether there are too many does not depend
/// on the order in which pages are done.
struct Pixels<'a> {
    input: &'a Input,
    recognised: u64,
}

impl<'a> Pixels<'a> {
    fn of(input: &'a Input) -> Self {
        Self { input, recognised: 0 }
    }

    /// Fails as soon as there are too many.
    fn count(&mut self, read: &PageRead) -> Result<()> {
        let Some(resolution) = read.resolution else { return Ok(()) };
        let side = |points: f32| f64::from(points) * f64::from(resolution.scale());
        // Whole numbers: the sum is the same in every order.
        let pixels = (side(read.size.width) * side(read.size.height)) as u64;
        self.recognised = self.recognised.saturating_add(pixels);
        let most = self.input.limits.document_pixels;
        if self.recognised <= most {
            return Ok(());
        }
        let found = format!("its pages have more than {most} pixels to recognise");
        Err(Limits::exceeded(&self.input.name, &found, "document_pixels"))
    }
}

#[derive(Default)]
struct Failures(Vec<(usize, Error)>);
