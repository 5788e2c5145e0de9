//! Pages that are handed out one by one while the document is read.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender};

use super::{Engine, Open, Pixels, formulas, tell_language};
use crate::document::Page;
use crate::error::{Error, Result};
use crate::options::Options;
use crate::progress::Event;

/// Pages of a document as they are done, in page order. See [`Engine::pages`].
#[derive(Debug)]
pub struct Pages {
    receiver: Receiver<Result<Page>>,
}

impl Pages {
    pub(super) fn new(receiver: Receiver<Result<Page>>) -> Self {
        Self { receiver }
    }
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.receiver.recv().ok()
    }
}

impl Engine {
    /// Reads the pages and sends each as soon as it and all before it are done.
    pub(super) fn feed(&self, open: &Open, options: &Options, sender: &SyncSender<Result<Page>>) {
        let mut waiting = BTreeMap::new();
        let mut pixels = Pixels::of(&open.job.input);
        let mut next = open.job.pages.iter().copied().peekable();
        let ended = self.inner.runner().run(&open.job, &open.call, &mut |index, outcome| {
            if let Ok(read) = &outcome {
                pixels.count(read)?;
            }
            waiting.insert(index, outcome);
            while let Some(outcome) = next.peek().and_then(|index| waiting.remove(index)) {
                next.next();
                let page = outcome.map(|mut read| {
                    tell_language(&mut read);
                    let mut warnings = std::mem::take(&mut read.warnings);
                    let mut pages = formulas::lay_out(vec![read], options);
                    let (document, call) = (&open.job.document, &open.call);
                    warnings
                        .extend(self.read_formulas(document, &mut pages, options, call).warnings);
                    warnings.extend(self.enrich(document, &mut pages, options, call).warnings);
                    warnings.into_iter().for_each(|warning| call.report(&Event::Warned(warning)));
                    pages
                });
                let pages = match page {
                    Ok(pages) => pages.into_iter().map(Ok).collect(),
                    Err(error) => vec![Err(error)],
                };
                for page in pages {
                    sender.send(page).map_err(|_| Error::Cancelled)?;
                }
            }
            Ok(())
        });
        if let Err(error) = ended {
            // The receiver may be gone; then nobody wants to know.
            let _ = sender.send(Err(error));
        }
    }
}
