//! Documents read in parts, by several processes or machines, and made whole in one.
//!
//! What a part gives is what the pages say, before layout: running headers, heading levels and
//! tables over page breaks need all pages. So a document that was read in parts is the same, to the byte, as one
//! that was read at once.

use std::collections::BTreeSet;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::{Engine, Failures, Open, Pixels};
use crate::call::Call;
use crate::document::Document;
use crate::error::{Error, Result};
use crate::options::{OcrEngine, Options};
use crate::page::PageRead;
use crate::progress::Event;
use crate::runner::Refusal;
use crate::source::Source;

/// Form of [`PartRead::to_bytes`]: parts of another are not understood.
const VERSION: u32 = 1;

/// Pages that were read and not laid out, as [`Engine::read_part`] gives them to
/// [`Engine::join_parts`].
#[derive(Debug, Serialize, Deserialize)]
pub struct PartRead {
    version: u32,
    reads: Vec<PageRead>,
    failures: Vec<(usize, Refusal)>,
    /// Why pages are missing.
    ended: Option<Refusal>,
}

impl PartRead {
    /// A part that nobody could read: each of its pages (from 0) fails for this reason.
    pub fn failed(pages: impl IntoIterator<Item = usize>, why: &str) -> Self {
        let refusal = |page| Refusal::from(Error::Page { page, detail: why.to_owned() });
        let failures = pages.into_iter().map(|page| (page, refusal(page))).collect();
        Self { version: VERSION, reads: Vec::new(), failures, ended: None }
    }

    /// How many pages were read.
    pub fn page_count(&self) -> usize {
        self.reads.len()
    }

    /// For another process of the same version.
    ///
    /// # Errors
    ///
    /// None that are known.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        // Boxes are rounded in formats for people and go exactly in others.
        rmp_serde::to_vec_named(self).map_err(|error| Error::stage("parts", error))
    }

    /// From another process.
    ///
    /// # Errors
    ///
    /// Where they are no part, or one of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let part: Self =
            rmp_serde::from_slice(bytes).map_err(|error| Error::stage("parts", error))?;
        if part.version != VERSION {
            let why = format!("a part has version {}, this program {VERSION}", part.version);
            return Err(Error::stage("parts", why));
        }
        Ok(part)
    }
}

impl Engine {
    /// The pages that a read of the document with these options would take, from 0, ascending.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read) where the document cannot be opened.
    pub fn selected_pages(
        &self,
        source: Source,
        options: &Options,
        call: &Call,
    ) -> Result<Vec<usize>> {
        Ok(self.open(source, options, call)?.job.pages)
    }

    /// Reads the pages that the options select, for [`join_parts`](Self::join_parts).
    ///
    /// # Errors
    ///
    /// As [`read_with`](Self::read_with), but pages that fail fail in the whole document.
    pub fn read_part(&self, source: Source, options: &Options, call: &Call) -> Result<PartRead> {
        let _span = super::span().entered();
        let open = self.open(source, options, call)?;
        let (reads, failures, ended) = self.read_pages(&open);
        let ended = match ended {
            Ok(()) => None,
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => Some(Refusal::from(error)),
        };
        let failures = failures.0.into_iter().map(|(page, error)| (page, error.into())).collect();
        Ok(PartRead { version: VERSION, reads, failures, ended })
    }

    /// Makes a document of its parts, in any order. Source and options are those of the whole; a page
    /// that is in no part fails.
    ///
    /// # Errors
    ///
    /// As [`read_with`](Self::read_with).
    pub fn join_parts(
        &self,
        source: Source,
        options: &Options,
        parts: Vec<PartRead>,
        call: &Call,
    ) -> Result<Document> {
        let started = Instant::now();
        let _span = super::span().entered();
        let open = self.open(source, options, call)?;
        let mut pixels = Pixels::of(&open.job.input);
        let mut missing: BTreeSet<usize> = open.job.pages.iter().copied().collect();
        let (mut reads, mut failures, mut ended) = (Vec::new(), Failures::default(), Ok(()));
        for part in parts {
            reads.extend(part.reads.into_iter().filter(|read| missing.remove(&read.index)));
            let failed = part.failures.into_iter().filter(|(page, _)| missing.remove(page));
            failures.0.extend(failed.map(|(page, refusal)| (page, refusal.into())));
            if let Some(refusal) = part.ended {
                ended = Err(refusal.into());
            }
        }
        if let Err(error) = reads.iter().try_for_each(|read| pixels.count(read)) {
            ended = Err(error);
        }
        if ended.is_ok() {
            let never = |page| (page, Error::Page { page, detail: "it is in no part".to_owned() });
            failures.0.extend(missing.into_iter().map(never));
        }
        reads.sort_by_key(|read| read.index);
        failures.0.sort_by_key(|(page, _)| *page);
        self.finish(open, reads, failures, ended, started)
    }

    /// Every page of the document, as far as one comes; those that were read in their order.
    pub(super) fn read_pages(&self, open: &Open) -> (Vec<PageRead>, Failures, Result<()>) {
        let mut reads: Vec<PageRead> = Vec::with_capacity(open.job.pages.len());
        let mut failures = Failures::default();
        let mut pixels = Pixels::of(&open.job.input);
        let _span = tracing::debug_span!("pages").entered();
        let ended = self.inner.runner().run(&open.job, &open.call, &mut |index, outcome| {
            match outcome {
                Ok(read) => {
                    pixels.count(&read)?;
                    tell(&open.call, &read);
                    reads.push(read);
                    open.call.report(&Event::PageDone {
                        page: index,
                        done: reads.len() + failures.0.len(),
                        selected: open.job.pages.len(),
                    });
                }
                Err(error) => {
                    open.call.report(&Event::PageFailed { page: index, message: error.chain() });
                    failures.0.push((index, error));
                }
            }
            Ok(())
        });
        reads.sort_by_key(|read| read.index);
        (reads, failures, ended)
    }
}

/// Tells what a page gave and took.
fn tell(call: &Call, read: &PageRead) {
    tracing::debug!(
        page = read.index,
        words = read.words.len(),
        text_source = ?read.text_source,
        engine = read.engine.map(OcrEngine::name),
        seconds = ?read.timings.0,
        "a page was read"
    );
    if call.progress.is_some() {
        call.report(&Event::PageRead {
            page: read.index,
            words: read.words.len(),
            text_source: read.text_source,
            engine: read.engine,
            timings: read.timings.clone(),
        });
    }
}
