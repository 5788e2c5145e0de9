//! What is found out about code and pictures once pages are laid out, where options ask for it.
//!
//! Pages are drawn for it only if they have figures, one at a time.

use rayon::prelude::*;

use super::Engine;
use super::describe::{Shown, describe_all};
use crate::call::Call;
use crate::document::{Block, Enrichment, Page, PictureFacts, Role};
use crate::enrich;
use crate::error::{Error, Result, Warning, WarningCode};
use crate::geometry::Resolution;
use crate::options::{Description, Options};
use crate::page_images::draw_anywhere;
use crate::picture::PageImage;
use crate::runner::OpenDocument;

/// What pages are drawn at, in dots an inch: the bars of printed codes (a quarter of a millimetre) have
/// two pixels, and models that see make pictures smaller anyway.
const DPI: f32 = 200.0;
/// So many pictures wait to be described before the next page is drawn.
const WAITING: usize = 32;

/// How it went.
#[derive(Debug, Default)]
pub(super) struct Enriched {
    /// Whether anything was asked for.
    pub(super) asked: bool,
    /// Whether all that was asked for was done.
    pub(super) complete: bool,
    pub(super) warnings: Vec<Warning>,
}

impl Engine {
    /// Fills in what the options ask to find out about the blocks of pages of this document.
    pub(super) fn enrich(
        &self,
        document: &OpenDocument,
        pages: &mut [Page],
        options: &Options,
        call: &Call,
    ) -> Enriched {
        let mut out = Enriched { complete: true, ..Enriched::default() };
        if options.do_code_enrichment {
            out.asked = true;
            let pool = self.inner.here.pool();
            pool.install(|| {
                pages.par_iter_mut().flat_map(|p| &mut p.blocks).for_each(name_language)
            });
        }
        let description = match options.description() {
            Ok(description) => description.filter(|wanted| self.can_describe(wanted, &mut out)),
            // Options were checked before anything was read.
            Err(error) => {
                out.warnings.push(Warning::option("picture_description_api", error.chain()));
                None
            }
        };
        if options.do_picture_classification || description.is_some() {
            out.asked = true;
            let work = Work { engine: self, document, options, description, call };
            work.pictures(pages, &mut out);
        }
        out
    }

    /// Whether somebody describes pictures; else a warning says how somebody would.
    fn can_describe(&self, wanted: &Description, out: &mut Enriched) -> bool {
        let Some(endpoint) = &wanted.endpoint else {
            if self.inner.describer.is_none() {
                let why = "do_picture_description has no effect: no language model is named that \
                           sees; name one as base_url and model of [annotations] in recto.toml \
                           (docs/enrichment.md), or as EngineBuilder::describer";
                out.warnings.push(Warning::option("do_picture_description", why));
            }
            return self.inner.describer.is_some();
        };
        if self.reaches_urls() {
            return true;
        }
        let why = format!(
            "picture_description_api has no effect: this engine reaches no URLs; allow that ([fetch] \
             allow = true in recto.toml, recto serve --allow-urls), and hosts like {} that are not \
             public by [fetch] allow_hosts; or name a model in [annotations]",
            endpoint.url.host_str().unwrap_or_default()
        );
        out.warnings.push(Warning::option("picture_description_api", why));
        false
    }
}

/// The language of a code block.
fn name_language(block: &mut Block) {
    if block.role == Role::Code {
        let language = enrich::code_language(&block.text);
        block.enrichment = language.map(|language| Box::new(Enrichment::CodeLanguage(language)));
    }
}

/// The work on the pictures of a document.
struct Work<'a> {
    engine: &'a Engine,
    document: &'a OpenDocument,
    options: &'a Options,
    description: Option<Description>,
    call: &'a Call,
}

impl Work<'_> {
    fn pictures(&self, pages: &mut [Page], out: &mut Enriched) {
        if let OpenDocument::InChild(document) = self.document {
            // Where no page was read, the child that opened the document still waits for one.
            document.rest();
        }
        let mut waiting = Vec::new();
        for position in 0..pages.len() {
            let page = &mut pages[position];
            if !page.blocks.iter().any(|block| block.role == Role::Figure) {
                continue;
            }
            let drawn = self.call.check().and_then(|()| {
                draw_anywhere(self.document, page.index, Resolution(DPI), self.call)
            });
            match drawn.and_then(|image| self.page(page, &image.turned_back(page.rotation))) {
                Ok(shown) => {
                    let shown = shown.into_iter();
                    waiting.extend(shown.map(|(block, picture)| Shown {
                        position,
                        block,
                        picture,
                    }));
                }
                Err(error) => missing(page, &error, out),
            }
            if waiting.len() >= WAITING {
                self.describe(pages, std::mem::take(&mut waiting), out);
            }
        }
        self.describe(pages, waiting, out);
    }

    /// Classifies the figures of a page; those that are to be described, by their blocks.
    fn page(&self, page: &mut Page, image: &PageImage) -> Result<Vec<(usize, PageImage)>> {
        let area = page.size.width * page.size.height;
        let figures = page.blocks.par_iter_mut().enumerate();
        let figures = figures.filter(|(_, block)| block.role == Role::Figure);
        let look = |(index, block): (usize, &mut Block)| {
            let part = image.crop(block.rect)?;
            let classed = self.classify(&part);
            let share = block.rect.area() / area.max(1.0);
            let shown = self
                .description
                .as_ref()
                .is_some_and(|wanted| share >= wanted.least_area && is_described(&classed, wanted));
            if self.options.do_picture_classification {
                block.enrichment = Some(Box::new(Enrichment::Picture(classed)));
            }
            shown.then_some((index, part))
        };
        Ok(self.engine.inner.here.pool().install(|| figures.filter_map(look).collect()))
    }

    /// What a picture is, where options ask for that or depend on it.
    fn classify(&self, part: &PageImage) -> PictureFacts {
        let lists = |wanted: &Description| !wanted.allow.is_empty() || !wanted.deny.is_empty();
        let asked = self.options.do_picture_classification;
        let mut facts = PictureFacts::default();
        if asked || self.description.as_ref().is_some_and(lists) {
            #[cfg(feature = "barcodes")]
            {
                facts.codes = enrich::read_codes(part);
            }
            facts.classes = enrich::classify(part, &facts.codes);
        }
        facts
    }

    fn describe(&self, pages: &mut [Page], shown: Vec<Shown>, out: &mut Enriched) {
        let Some(wanted) = &self.description else { return };
        for (shown, answer) in describe_all(self.engine, wanted, shown, self.call) {
            let Some(page) = pages.get_mut(shown.position) else { continue };
            let index = page.index;
            let Some(block) = page.blocks.get_mut(shown.block) else { continue };
            match answer {
                Ok(description) => {
                    let facts = block.enrichment.get_or_insert_with(|| {
                        Box::new(Enrichment::Picture(PictureFacts::default()))
                    });
                    if let Enrichment::Picture(facts) = facts.as_mut() {
                        facts.description = Some(description);
                    }
                }
                Err(error) => {
                    let message = format!("a picture was not described: {}", error.chain());
                    let mut warning =
                        Warning::option("do_picture_description", message).on_page(index);
                    warning.code = WarningCode::AnnotationFailed;
                    out.warnings.push(warning);
                    out.complete = false;
                }
            }
        }
    }
}

/// Whether a picture of these classes is wanted; the first that is probable enough counts.
fn is_described(facts: &PictureFacts, wanted: &Description) -> bool {
    let class = facts.classes.first().filter(|class| class.confidence >= wanted.least_confidence);
    let in_list = |list: &[String]| class.is_some_and(|class| list.contains(&class.name));
    (wanted.allow.is_empty() || in_list(&wanted.allow)) && !in_list(&wanted.deny)
}

/// A page whose pictures nobody saw.
fn missing(page: &Page, error: &Error, out: &mut Enriched) {
    let message = format!("its pictures were not looked at: {}", error.chain());
    let mut warning = Warning::new(WarningCode::AnnotationFailed, message).on_page(page.index);
    warning.option = Some("do_picture_classification".to_owned());
    out.warnings.push(warning);
    out.complete = false;
}
