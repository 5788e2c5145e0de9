//! Layout, and the LaTeX of the formulas that it finds: from the glyphs of text layers, and from pixels by
//! whoever reads formulas for the engine.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::Engine;
use crate::call::Call;
use crate::document::{Page, Role, WordOrigin};
use crate::error::{Result, Warning, WarningCode};
use crate::geometry::{Pt, Rect, Resolution};
use crate::options::Options;
use crate::page::{Glyph, PageRead, Rule};
use crate::page_images::draw_anywhere;
use crate::picture::{FormulaReader, PageImage};
use crate::runner::OpenDocument;
use crate::{formula, layout};

/// What pages are drawn at for formulas to be read from them, in dots an inch: their smallest signs have
/// ten pixels.
const DPI: f32 = 200.0;
/// What is shown of the page around a formula, in points: no more than half a line.
const MARGIN: f32 = 4.0;
/// So many formulas wait to be read before the next page is drawn.
const WAITING: usize = 64;

/// How the formulas of a document went.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) warnings: Vec<Warning>,
    /// Whether somebody was asked and did not answer.
    pub(super) failed: bool,
}

/// Lays out the pages, and rebuilds their formulas from the glyphs of their text layers where that is
/// asked for.
pub(super) fn lay_out(mut reads: Vec<PageRead>, options: &Options) -> Vec<Page> {
    let signs: Vec<(Vec<Glyph>, Vec<Rule>)> = reads
        .iter_mut()
        .map(|read| (std::mem::take(&mut read.glyphs), std::mem::take(&mut read.bars)))
        .collect();
    let mut pages = layout::lay_out(reads, options);
    if options.do_formula_enrichment {
        for (page, (glyphs, bars)) in pages.iter_mut().zip(signs) {
            let lines = [page.rules.as_slice(), &bars].concat();
            rebuild(page, &glyphs, &lines);
        }
    }
    pages
}

fn rebuild(page: &mut Page, glyphs: &[Glyph], lines: &[Rule]) {
    for block in &mut page.blocks {
        let Role::Formula { latex } = &mut block.role else { continue };
        let words: Vec<u32> = block.lines.iter().flat_map(|l| l.words.iter().copied()).collect();
        let visible = words.iter().all(|&word| {
            page.words.get(word as usize).is_some_and(|w| w.origin == WordOrigin::TextLayer)
        });
        if visible {
            *latex = formula::latex(&glyphs_of(glyphs, &words, &block.rect), lines);
        }
    }
}

/// The glyphs of a block: those of its words, and pieces of large signs that stand among them.
fn glyphs_of<'a>(glyphs: &'a [Glyph], words: &[u32], around: &Rect<Pt>) -> Vec<&'a Glyph> {
    let is_own = |glyph: &&Glyph| match glyph.word {
        Some(word) => words.contains(&word),
        None => around.inflate(glyph.size, 0.2 * glyph.size).contains(glyph.ink.center()),
    };
    glyphs.iter().filter(is_own).collect()
}

/// A formula to be read from its pixels: the position of its page, its block, and what it looks like.
struct Shown {
    position: usize,
    block: usize,
    picture: PageImage,
}

impl Engine {
    /// Has the formulas that are still plain text read from the page's pixels, where the engine has
    /// somebody for it; else warns.
    pub(super) fn read_formulas(
        &self,
        document: &OpenDocument,
        pages: &mut [Page],
        options: &Options,
        call: &Call,
    ) -> Outcome {
        let mut out = Outcome::default();
        if !options.do_formula_enrichment {
            return out;
        }
        let mut waiting: Vec<Shown> = Vec::new();
        for position in 0..pages.len() {
            let page = &pages[position];
            let plain = |b: &&crate::document::Block| b.role == Role::Formula { latex: None };
            if !page.blocks.iter().any(|b| plain(&b)) {
                continue;
            }
            let Some(reader) = &self.inner.formula_reader else {
                out.warnings.push(unread(page));
                continue;
            };
            let drawn = call
                .check()
                .and_then(|()| draw_anywhere(document, page.index, Resolution(DPI), call));
            match drawn {
                Ok(image) => {
                    let image = image.turned_back(page.rotation);
                    let blocks = page.blocks.iter().enumerate().filter(|(_, b)| plain(b));
                    waiting.extend(blocks.filter_map(|(block, b)| {
                        let picture = image.crop(b.rect.inflate(MARGIN, MARGIN))?;
                        Some(Shown { position, block, picture })
                    }));
                }
                Err(error) => out.fail(page, &error.chain()),
            }
            if waiting.len() >= WAITING {
                out.show(reader.as_ref(), std::mem::take(&mut waiting), pages, call);
            }
        }
        if let Some(reader) = &self.inner.formula_reader {
            out.show(reader.as_ref(), waiting, pages, call);
        }
        out
    }
}

impl Outcome {
    /// Shows formulas to the reader, several at once.
    fn show(
        &mut self,
        reader: &dyn FormulaReader,
        shown: Vec<Shown>,
        pages: &mut [Page],
        call: &Call,
    ) {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done: Vec<(usize, Result<String>)> = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(formula) = shown.get(at) else { return done };
                let answer = call.check().and_then(|()| reader.latex(&formula.picture, call));
                done.push((at, answer));
            }
        };
        let threads = reader.at_once().clamp(1, shown.len().max(1));
        let mut answers: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect()
        });
        answers.sort_by_key(|(at, _)| *at);
        for (at, answer) in answers {
            let Some(of) = shown.get(at) else { continue };
            let Some(page) = pages.get_mut(of.position) else { continue };
            let cleaned = answer.map(|text| formula::clean(&text));
            match cleaned {
                Ok(Some(text)) => {
                    if let Some(block) = page.blocks.get_mut(of.block) {
                        block.role = Role::Formula { latex: Some(text) };
                    }
                }
                Ok(None) => self.fail(page, "the answer is no formula"),
                Err(error) => self.fail(page, &error.chain()),
            }
        }
    }

    fn fail(&mut self, page: &Page, why: &str) {
        let message = format!("a formula stays plain text, it was not read: {why}");
        let mut warning = Warning::option("do_formula_enrichment", message).on_page(page.index);
        warning.code = WarningCode::AnnotationFailed;
        self.warnings.push(warning);
        self.failed = true;
    }
}

/// The page has formulas that nobody reads.
fn unread(page: &Page) -> Warning {
    let message = "formulas stay plain text where the text layer does not give their signs; a model \
                   that sees can read them: name one as base_url and model of [annotations] in \
                   recto.toml (docs/formulas.md), or as EngineBuilder::formula_reader";
    Warning::option("do_formula_enrichment", message).on_page(page.index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Block, TextSource};
    use crate::error::Error;
    use crate::geometry::{Size, rect};

    /// Answers by the width of what it is shown.
    #[derive(Debug)]
    struct Reader;

    impl FormulaReader for Reader {
        fn latex(&self, picture: &PageImage, _: &Call) -> Result<String> {
            match picture.width() {
                1 => Ok("```latex\nx^2\n```".to_owned()),
                2 => Ok("$$ $$".to_owned()),
                _ => Err(Error::stage("reader", "it is out".to_owned())),
            }
        }

        fn at_once(&self) -> usize {
            2
        }
    }

    fn page(formulas: usize) -> Page {
        let block = Block {
            role: Role::Formula { latex: None },
            rect: rect(0.0, 0.0, 10.0, 10.0),
            text: "x 2".to_owned(),
            lines: Vec::new(),
            confidence: None,
            enrichment: None,
        };
        Page {
            index: 3,
            size: Size::new(100.0, 100.0),
            rotation: 0,
            skew: 0.0,
            text_source: TextSource::Ocr,
            resolution: None,
            engine: None,
            language: None,
            confidence: None,
            blocks: vec![block; formulas],
            words: Vec::new(),
            rules: Vec::new(),
            placements: Vec::new(),
            links: Vec::new(),
        }
    }

    #[test]
    fn answers_go_to_their_formulas_and_failures_become_warnings() {
        let mut pages = [page(3)];
        let picture = |width| PageImage::new(3, Resolution(72.0), image::RgbImage::new(width, 1));
        let shown = (0..3u32)
            .map(|n| Shown { position: 0, block: n as usize, picture: picture(n + 1) })
            .collect();
        let mut out = Outcome::default();
        out.show(&Reader, shown, &mut pages, &Call::default());
        let latex = |n: usize| pages[0].blocks[n].role.clone();
        assert_eq!(latex(0), Role::Formula { latex: Some("x^2".to_owned()) });
        assert_eq!(latex(1), Role::Formula { latex: None });
        assert!(out.failed);
        let warned: Vec<_> = out.warnings.iter().map(|w| (w.page, w.option.as_deref())).collect();
        assert_eq!(warned, [(Some(3), Some("do_formula_enrichment")); 2]);
        assert!(out.warnings[1].message.contains("it is out"), "{}", out.warnings[1].message);
    }
}
