//! Runs pages in child processes, which may crash, hang and run out of memory.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use image::RgbImage;
use tempfile::NamedTempFile;

use crate::call::Call;
use crate::document::Metadata;
use crate::error::{Error, Result};
use crate::geometry::Resolution;
use crate::limits::Limits;
use crate::options::Options;
use crate::picture::PageImage;
use crate::setup;
use crate::source::Input;

use super::counts::ChildCounts;
use super::pipe::HANDS_OVER;
use super::pool::{Lease, Pool, Settings};
use super::process::{Lost, Patience, Process};
use super::protocol::{Answer, Ask, Opening, PART};
use super::run::Run;
use super::sandbox::Rules;
use super::{Deliver, Job, OpenDocument, PageRunner, Processes, lock};

/// A page (or the opening of a document) that ends so many workers is set aside. One may have died
/// of something else.
pub(super) const TRIES: u8 = 2;

/// So many documents stay open in a child: with several under way it need not open one anew for
/// every page. Each holds its objects (or its file, where it is an image) in the child's memory.
const OPEN_AT_ONCE: usize = 4;

/// Most pages of a document, as every page is an object and a PDF has no more of them (ISO 32000-1,
/// annex C). A child that was taken over may claim any number.
const MOST_PAGES: usize = 8_388_607;

/// No side is longer when it is drawn or decoded, as recognisers count with 16-bit signed numbers.
const LONGEST_SIDE: u64 = 32_767;

/// Images whose pixels are not square are stretched, by this at most.
const STRETCH: u64 = 5;

/// An image may have so many pixels more, as its sides are rounded and have at least one: those
/// along a longest side, stretched, and somewhat more.
const ROUNDING: u64 = 1 << 18;

/// Runs pages in child processes.
#[derive(Clone, Debug)]
pub(crate) struct Children {
    pub(super) pool: Arc<Pool>,
    /// Time for a page, and for opening a document.
    pub(super) limit: Duration,
    documents: Arc<AtomicU64>,
}

/// What children need to know of an engine.
#[derive(Clone, Debug)]
pub(crate) struct EngineSettings {
    pub(crate) workers: usize,
    pub(crate) pdfium: Option<PathBuf>,
    pub(crate) tessdata: Option<PathBuf>,
    pub(crate) model_dir: Option<PathBuf>,
    pub(crate) raw_confidence: bool,
}

/// A document that is open in a child, or will be.
#[derive(Debug)]
pub(crate) struct ChildDocument {
    pub(super) id: u64,
    pub(super) opening: Opening,
    /// Where its bytes are.
    path: PathBuf,
    pub(super) page_count: usize,
    pub(super) metadata: Metadata,
    children: Children,
    /// The child that opened it, kept for its first page.
    pub(super) lease: Mutex<Option<Lease>>,
    /// How many children it ended, by being read or drawn.
    lost: AtomicU64,
    /// The bytes, where they had to be written down; goes with the document.
    _file: Option<NamedTempFile>,
}

impl ChildDocument {
    /// Leaves the child that opened the document to others.
    pub(crate) fn rest(&self) {
        if let Some(lease) = lock(&self.lease).take() {
            lease.give_back();
        }
    }

    /// The document, open for one child: it is opened anew for each, as descriptors that share an
    /// opening share their place in the file.
    fn handed_over(&self) -> Result<Option<File>> {
        if !HANDS_OVER {
            return Ok(None);
        }
        let path = &self.path;
        let io = |source| Error::Io { action: "read", path: path.clone(), source };
        File::open(path).map(Some).map_err(io)
    }

    /// Takes note of a child that it ended.
    pub(super) fn lose(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether it has ended so many children that no page of it is read or drawn any more.
    pub(super) fn is_given_up(&self) -> bool {
        self.lost.load(Ordering::Relaxed) >= self.opening.limits.lost_children
    }

    /// What is said of such a page.
    pub(super) fn given_up(&self, page: usize) -> Error {
        Limits::given_up(&self.opening.name, page, self.opening.limits.lost_children)
    }

    /// Draws a page. A child that dies of it costs this page alone.
    pub(crate) fn draw(
        &self,
        index: usize,
        resolution: Resolution,
        call: &Call,
    ) -> Result<PageImage> {
        self.children.draw(self, index, resolution, call)
    }
}

impl Drop for ChildDocument {
    fn drop(&mut self) {
        self.rest();
        self.children.pool.close(self.id);
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
            rules: Rules {
                sandbox: processes.sandbox,
                max_memory: processes.max_memory,
                // It is also looked for beside the running program, which is another in a child.
                pdfium: engine.pdfium.or_else(|| setup::pdfium().ok()),
                tessdata: engine.tessdata,
                model_dir: engine.model_dir,
            },
            raw_confidence: engine.raw_confidence,
        };
        settings.rules.check()?;
        Ok(Self {
            pool: Arc::new(Pool::new(settings)),
            limit: processes.page_timeout,
            documents: Arc::new(AtomicU64::new(1)),
        })
    }

    /// What became of the workers so far.
    pub(crate) fn counts(&self) -> ChildCounts {
        self.pool.counts()
    }

    /// Opens the document in this worker, if it is not open there.
    pub(super) fn open_in(
        &self,
        lease: &mut Lease,
        document: &ChildDocument,
        patience: &Patience<'_>,
    ) -> Result<Result<Option<(usize, Metadata)>>, Lost> {
        let id = document.id;
        let Some(process) = lease.process() else { return Err(missing()) };
        if let Some(at) = process.documents.iter().position(|open| *open == id) {
            // The one used last goes to the end.
            process.documents[at..].rotate_left(1);
            return Ok(Ok(None));
        }
        if process.documents.len() >= OPEN_AT_ONCE {
            let oldest = process.documents[0];
            process.close(|open| open == oldest);
        }
        let file = match document.handed_over() {
            Ok(file) => file,
            Err(error) => return Ok(Err(error)),
        };
        let open = Ask::Open(id, Box::new(document.opening.clone()));
        let fits = |answer: Answer| match answer {
            Answer::Opened { page_count, metadata } => Some((page_count, metadata)),
            _ => None,
        };
        let answer = match process.ask_with(open, file, fits, patience) {
            Ok(answer) => answer,
            Err(Lost::Died(how)) if !process.spoke => {
                return Err(Lost::Died(format!(
                    "{} does not answer as a page worker; {how}",
                    self.pool.program().display()
                )));
            }
            Err(Lost::Unneeded) => {
                // It opens the document all the same.
                let _ = process.tell(Ask::Close(id));
                return Err(Lost::Unneeded);
            }
            Err(lost) => return Err(lost),
        };
        Ok(answer.and_then(|(page_count, metadata)| {
            process.documents.push(id);
            if page_count > MOST_PAGES {
                let detail = format!("{page_count} pages; at most {MOST_PAGES} are read");
                return Err(Error::TooLarge { name: document.opening.name.clone(), detail });
            }
            Ok(Some((page_count, metadata)))
        }))
    }

    fn draw(
        &self,
        document: &ChildDocument,
        index: usize,
        resolution: Resolution,
        call: &Call,
    ) -> Result<PageImage> {
        let check = || call.check();
        let patience = Patience { check: &check, wanted: &|| true, limit: self.limit };
        let mut tries = 0;
        loop {
            if document.is_given_up() {
                return Err(document.given_up(index));
            }
            let Some(mut lease) = self.pool.lend(document.id, &check, &|| true)? else {
                return Err(Error::Cancelled);
            };
            let drawn = self.open_in(&mut lease, document, &patience);
            let drawn = drawn.and_then(|opened| match (opened, lease.process()) {
                (Ok(_), Some(process)) => {
                    process.pages += 1;
                    let page = Ask::Draw { document: document.id, index, dpi: resolution.0 };
                    ask_for_image(process, page, &document.opening.limits, &patience)
                }
                (Ok(_), None) => Err(missing()),
                (Err(error), _) => Ok(Err(error)),
            });
            let lost = match drawn {
                Ok(drawn) => {
                    lease.give_back();
                    let (dpi, pixels) = drawn?;
                    return Ok(PageImage::new(index, Resolution(dpi), pixels));
                }
                Err(lost) => lost,
            };
            drop(lease);
            tries += 1;
            let failed = |detail| Err(Error::Page { page: index, detail });
            match lost {
                Lost::Stopped(error) => return Err(error),
                Lost::Slow => {
                    document.lose();
                    return failed(format!("drawing took longer than {:?}", self.limit));
                }
                lost => {
                    document.lose();
                    self.pool.mourn();
                    if tries >= TRIES {
                        let how = lost.how();
                        return failed(format!(
                            "drawing ended the process that did it, {TRIES} times ({how})"
                        ));
                    }
                }
            }
        }
    }

    /// What to do about a worker that was lost while it opened a document: nothing, or give up.
    pub(super) fn reopen(&self, name: &str, tries: u8, lost: Lost) -> Result<()> {
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
    pub(super) fn how(&self) -> &str {
        match self {
            Self::Died(how) => how,
            _ => "it was given up",
        }
    }
}

/// A lease has its process until it is given back.
fn missing() -> Lost {
    Lost::Died("it is not there".to_owned())
}

/// The bytes of an image of this size; `None` where drawing gives no such image.
fn bytes_of(width: u32, height: u32, limits: &Limits) -> Option<usize> {
    let most = limits.page_pixels.min(LONGEST_SIDE * LONGEST_SIDE) * STRETCH + ROUNDING;
    let pixels = u64::from(width) * u64::from(height);
    let pixels = usize::try_from(pixels).ok().filter(|_| (1..=most).contains(&pixels))?;
    pixels.checked_mul(3)
}

/// Has a page drawn, and takes its pixels part by part: all of them in the time of a page.
fn ask_for_image(
    process: &mut Process,
    page: Ask,
    limits: &Limits,
    patience: &Patience<'_>,
) -> Result<Result<(f32, RgbImage)>, Lost> {
    let began = Instant::now();
    let drawn = |answer: Answer| match answer {
        Answer::Drawn { width, height, dpi } => {
            Some((width, height, dpi, bytes_of(width, height, limits)?))
        }
        _ => None,
    };
    let (width, height, dpi, size) = match process.ask(page, drawn, patience)? {
        Ok(drawn) => drawn,
        Err(error) => return Ok(Err(error)),
    };
    let mut pixels: Vec<u8> = Vec::new();
    while pixels.len() < size {
        let from = pixels.len();
        let next = (size - from).min(PART);
        let part = |answer: Answer| match answer {
            Answer::Pixels(part) if part.len() == next => Some(part),
            _ => None,
        };
        let limit = patience.limit.saturating_sub(began.elapsed());
        let patience = Patience { limit, ..*patience };
        match process.ask(Ask::Pixels { from }, part, &patience)? {
            Ok(part) => pixels.extend_from_slice(&part),
            Err(error) => return Ok(Err(error)),
        }
    }
    // There are as many as it takes.
    Ok(Ok((dpi, RgbImage::from_raw(width, height, pixels).unwrap_or_default())))
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
            path: (!HANDS_OVER).then(|| path.clone()),
            name: input.name.clone(),
            options: serde_json::to_string(options).map_err(|e| Error::stage("page worker", e))?,
            password: options.password.clone(),
            limits: input.limits,
        };
        let id = self.documents.fetch_add(1, Ordering::Relaxed);
        self.pool.announce(id);
        // Closes the document if it cannot be opened.
        let mut document = ChildDocument {
            id,
            opening,
            path,
            page_count: 0,
            metadata: Metadata::default(),
            children: self.clone(),
            lease: Mutex::default(),
            lost: AtomicU64::new(0),
            _file: file,
        };
        let check = || call.check();
        let patience = Patience { check: &check, wanted: &|| true, limit: self.limit };
        let mut tries = 0;
        loop {
            let Some(mut lease) = self.pool.lend(id, &check, &|| true)? else {
                return Err(Error::Cancelled);
            };
            match self.open_in(&mut lease, &document, &patience) {
                Ok(Ok(opened)) => {
                    (document.page_count, document.metadata) = opened.unwrap_or_default();
                    document.lease = Mutex::new(Some(lease));
                    return Ok(OpenDocument::InChild(Box::new(document)));
                }
                Ok(Err(error)) => {
                    lease.give_back();
                    return Err(error);
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
        Run::new(self, document, &job.pages, call).deliver(deliver)
    }
}

/// Writes a document to a file that only this user may read.
fn write_down(input: &Input) -> Result<NamedTempFile> {
    let io = |source| Error::Io { action: "write", path: std::env::temp_dir(), source };
    let mut file = tempfile::Builder::new().prefix("recto-").tempfile().map_err(io)?;
    file.write_all(&input.content.load(&input.name)?).and_then(|()| file.flush()).map_err(io)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_image_is_larger_than_drawing_makes_it() {
        let size = |width, height, page_pixels| {
            let limits = Limits { page_pixels, ..Limits::default() };
            bytes_of(width, height, &limits)
        };
        assert_eq!(size(10_000, 10_001, 100_000_000), Some(300_030_000));
        // A fax of coarse lines, and a line as long as lines are.
        assert_eq!(size(10_000, 50_000, 100_000_000), Some(1_500_000_000));
        assert_eq!(size(1, 5 * 32_767, 1), Some(15 * 32_767));
        assert_eq!(size(0, 1, 100_000_000), None);
        assert_eq!(size(40_000, 40_000, 100_000_000), None);
        assert_eq!(size(u32::MAX, u32::MAX, u64::MAX), None);
    }
}
