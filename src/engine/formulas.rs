//! Layout, and the LaTeX of the formulas that it finds.

use crate::document::{Page, Role, WordOrigin};
use crate::error::Warning;
use crate::formula;
use crate::geometry::{Pt, Rect};
use crate::layout;
use crate::options::Options;
use crate::page::{Glyph, PageRead};

/// Lays out the pages, and rebuilds their formulas from the glyphs of their text layers where that is
/// asked for. Formulas that stay plain text come as a warning for each page.
pub(crate) fn lay_out(mut reads: Vec<PageRead>, options: &Options) -> (Vec<Page>, Vec<Warning>) {
    if !options.do_formula_enrichment {
        return (layout::lay_out(reads, options), Vec::new());
    }
    let glyphs: Vec<Vec<Glyph>> =
        reads.iter_mut().map(|read| std::mem::take(&mut read.glyphs)).collect();
    let mut pages = layout::lay_out(reads, options);
    let mut warnings = Vec::new();
    for (page, glyphs) in pages.iter_mut().zip(&glyphs) {
        warnings.extend(enrich(page, glyphs));
    }
    (pages, warnings)
}

fn enrich(page: &mut Page, glyphs: &[Glyph]) -> Option<Warning> {
    let mut plain = 0;
    for block in &mut page.blocks {
        let Role::Formula { latex } = &mut block.role else { continue };
        let words: Vec<u32> = block.lines.iter().flat_map(|l| l.words.iter().copied()).collect();
        let read = words.iter().all(|&word| {
            page.words.get(word as usize).is_some_and(|w| w.origin == WordOrigin::TextLayer)
        });
        let own: Vec<&Glyph> = if read { glyphs_of(glyphs, &words, &block.rect) } else { Vec::new() };
        *latex = formula::latex(&own, &page.rules);
        plain += usize::from(latex.is_none());
    }
    (plain > 0).then(|| {
        let formulas = if plain == 1 { "a formula stays" } else { "formulas stay" };
        let message = format!(
            "{formulas} plain text: there is no text layer to rebuild the LaTeX from (on scans, \
             `[annotations]` in recto.toml with a model that sees can read it)"
        );
        Warning::option("do_formula_enrichment", message).on_page(page.index)
    })
}

/// The glyphs of a block: those of its words, and pieces of large signs that stand among them.
fn glyphs_of<'a>(glyphs: &'a [Glyph], words: &[u32], around: &Rect<Pt>) -> Vec<&'a Glyph> {
    glyphs
        .iter()
        .filter(|glyph| match glyph.word {
            Some(word) => words.contains(&word),
            None => {
                let margin = glyph.size;
                around.inflate(margin, 0.2 * margin).contains(glyph.ink.center())
            }
        })
        .collect()
}
