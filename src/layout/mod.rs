//! From words and rules to blocks in reading order.
//!
//! Page by page: tables and figures are found first, the rest is ordered by white space
//! ([`order`]) and put into lines and paragraphs. Then, over all pages at once: what body text
//! looks like, headings and their levels, running headers and footers. Whatever the words come
//! from, the same code runs on them.

mod asides;
mod blocks;
mod bullets;
mod captions;
mod context;
mod definitions;
mod displays;
mod figures;
mod formulas;
mod furniture;
mod lean;
mod levels;
mod lines;
mod listing;
mod lists;
mod order;
mod outline;
mod paragraphs;
mod styles;
mod tables;
mod tags;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod text;
mod tilt;

use rayon::prelude::*;

use crate::document::{Page, Word};
use crate::geometry::{Pt, Rect, bounds, rect};
use crate::options::{Options, TableMode};
use crate::page::{PageRead, TableSketch};
use lines::{Line, Segment};
use order::Atom;
use paragraphs::Paragraph;
use tables::FoundTable;

/// A block whose role is not settled yet.
#[derive(Clone, Debug, PartialEq)]
enum Draft {
    Text(Paragraph),
    Table(FoundTable),
    Figure(figures::Figure),
}

impl Draft {
    fn rect(&self) -> Rect<Pt> {
        match self {
            Self::Text(p) => p.rect,
            Self::Table(t) => t.rect,
            Self::Figure(f) => f.rect,
        }
    }
}

/// A page cut into blocks in reading order, without roles.
#[derive(Debug)]
struct PageDraft {
    read: PageRead,
    drafts: Vec<Draft>,
    /// For each draft, what the structure tree says it is.
    said: Vec<Option<tags::Said>>,
    /// Em of most of its text.
    em: f32,
}

/// Lays out the pages of a document, in the order given. Every word of a page is in exactly one
/// of its blocks.
pub(crate) fn lay_out(reads: Vec<PageRead>, options: &Options) -> Vec<Page> {
    let drafts: Vec<PageDraft> = reads.into_par_iter().map(|read| cut(read, options)).collect();
    blocks::settle(drafts, options)
}

/// Where, in points, tables stand whose structure is in doubt: no ruling lines part their cells, and
/// the document does not say what they are.
pub(crate) fn doubtful_tables(read: &PageRead, options: &Options) -> Vec<Rect<Pt>> {
    if read.words.is_empty() || !options.do_table_structure {
        return Vec::new();
    }
    let doubtful = |draft: &Draft| match draft {
        Draft::Table(table) => table.basis.is_doubtful().then_some(table.rect),
        _ => None,
    };
    cut(read.clone(), options).drafts.iter().filter_map(doubtful).collect()
}

/// Text is upright within this many degrees of the horizontal.
const UPRIGHT: f32 = 10.0;

/// Whether a recogniser took a ground, a picture or an edge for a word: it lies over words that were
/// read well, is higher than a line, and is unlikely to be text.
fn is_stain(word: &Word, words: &[Word], em: f32) -> bool {
    /// Stains are read with less confidence.
    const UNSURE: f32 = 0.3;
    /// Higher than this many ems.
    const HIGH: f32 = 2.0;
    let unsure = |w: &Word| w.confidence.is_some_and(|c| c < UNSURE);
    unsure(word)
        && word.rect.height() > HIGH * em
        && words.iter().any(|w| !unsure(w) && word.rect.intersects(&w.rect))
}

/// The box with its sides in order: what is mirrored may come with left and right swapped.
fn in_order_of_sides(r: Rect<Pt>) -> Rect<Pt> {
    rect(r.min.x.min(r.max.x), r.min.y.min(r.max.y), r.min.x.max(r.max.x), r.min.y.max(r.max.y))
}

fn cut(mut read: PageRead, options: &Options) -> PageDraft {
    let boxes = read.words.iter_mut().map(|word| &mut word.rect);
    let boxes = boxes.chain(read.rules.iter_mut().map(|rule| &mut rule.rect));
    for r in boxes.chain(read.placements.iter_mut().map(|placement| &mut placement.rect)) {
        *r = in_order_of_sides(*r);
    }
    let size = lines::typical_size(read.words.iter());
    bullets::restore(&mut read.words, size);
    let words = &read.words;
    let upright = |w: &Word| w.angle.abs() <= UPRIGHT && !is_stain(w, words, size);
    let (mut free, turned): (Vec<u32>, Vec<u32>) = (0..words.len())
        .filter_map(|i| u32::try_from(i).ok())
        .partition(|&i| upright(&words[i as usize]));
    let em = match lines::typical_size(free.iter().map(|&i| &words[i as usize])) {
        size if size > 0.0 => size,
        _ => 10.0,
    };
    let mut found: Vec<FoundTable> = Vec::new();
    let mut barriers: Vec<Rect<Pt>> = Vec::new();
    let structure = tags::Structure::of(&read);
    let mut displays: Vec<Paragraph> = Vec::new();
    let sketches = match options.table_mode {
        TableMode::Accurate => read.sketches.as_slice(),
        TableMode::Fast => &[],
    };
    let told = Told { scales: tables::scales::scales(words, &free), sketches };
    if options.do_table_structure {
        if let Some(structure) = &structure {
            found.extend(structure.tables(&free));
            take(&mut free, words.len(), found.iter().flat_map(FoundTable::words));
        }
        let rules = tables::underline::without_underlines(&read.rules, words);
        let frames = tables::grid::frames(&rules, em);
        let ruled = tables::ruled::find(&frames, words, &free, em);
        take(&mut free, words.len(), ruled.iter().flat_map(FoundTable::words));
        found.extend(ruled);
        displays = find_displays(&read, &mut free, em, options);
        let mut open =
            tables::between::between_rules(&frames, words, &free, em, options.table_mode);
        open.retain(|t| !tables::scales::is_chart(&t.rect, &t.table, &told.scales));
        take(&mut free, words.len(), open.iter().flat_map(FoundTable::words));
        found.extend(open);
        barriers.extend(read.rules.iter().filter(|r| !r.is_horizontal()).map(|r| r.rect));
        if options.table_mode == TableMode::Accurate {
            let segments = lines::segments(words, &free, &barriers);
            let mut stacked = tables::stacked::find(&segments, words, em);
            stacked.retain(|t| {
                !tables::sketched::denies(sketches, t)
                    && tables::sketched::confirms(sketches, t, words, em)
            });
            take(&mut free, words.len(), stacked.iter().flat_map(FoundTable::words));
            found.extend(stacked);
        }
    }
    if !options.do_table_structure {
        displays = find_displays(&read, &mut free, em, options);
    }
    let mut figures = figures::find(&read.placements, read.size, words, &free, em);
    figures.retain(|f| !found.iter().any(|t| t.rect.intersects(&f.rect) && f.words.is_empty()));
    take(&mut free, words.len(), figures.iter().flat_map(|f| f.words.iter().copied()));

    let segments = lines::segments(words, &free, &barriers);
    let solid: Vec<Rect<Pt>> =
        found.iter().map(|t| t.rect).chain(figures.iter().map(|f| f.rect)).collect();
    let asides = asides::find(&read.placements, &read.rules, &segments, &solid, read.size, em);
    let solid: Vec<Draft> =
        found.into_iter().map(Draft::Table).chain(figures.into_iter().map(Draft::Figure)).collect();
    let solid = solid.into_iter().chain(displays.into_iter().map(Draft::Text)).collect();
    let mut drafts = in_order(&segments, solid, &asides, &told, (words, em), options);
    drafts.extend(turned_text(&turned, words));
    for draft in &mut drafts {
        if let Draft::Table(table) = draft {
            tables::sketched::improve(table, sketches, words, em);
        }
    }
    drafts = outline::part_titles(drafts, &read.outline, words);
    let mut said = vec![None; drafts.len()];
    if let Some(structure) = structure {
        drafts = structure.arrange(drafts);
        said = drafts.iter().map(|d| structure.said(d)).collect();
    }
    PageDraft { read, drafts, said, em }
}

/// Takes displayed formulas out of the words, where they are asked for.
fn find_displays(
    read: &PageRead,
    free: &mut Vec<u32>,
    em: f32,
    options: &Options,
) -> Vec<Paragraph> {
    if !options.do_formula_enrichment {
        return Vec::new();
    }
    let found = displays::find(&read.words, free, &read.rules, &read.placements, em);
    let taken = found.iter().flat_map(|p| p.lines.iter().flat_map(|l| l.words.iter().copied()));
    take(free, read.words.len(), taken);
    found
}

/// What is known of a page that tells tables from what looks like them.
struct Told<'a> {
    scales: Vec<tables::scales::Scale>,
    sketches: &'a [TableSketch],
}

/// Removes the taken indices.
fn take(free: &mut Vec<u32>, count: usize, taken: impl Iterator<Item = u32>) {
    let mut gone = vec![false; count];
    for i in taken {
        gone[i as usize] = true;
    }
    free.retain(|&i| !gone[i as usize]);
}

/// Puts everything on the page into reading order and into blocks. What is in an aside reads as one.
fn in_order(
    segments: &[Segment],
    solid: Vec<Draft>,
    asides: &[asides::Aside],
    told: &Told<'_>,
    (words, em): (&[Word], f32),
    options: &Options,
) -> Vec<Draft> {
    let mut boxed = vec![false; segments.len()];
    for &n in asides.iter().flat_map(|a| &a.segments) {
        boxed[n] = true;
    }
    let outside: Vec<&Segment> =
        segments.iter().zip(&boxed).filter(|(_, boxed)| !**boxed).map(|(s, _)| s).collect();
    let mut solid: Vec<Option<Draft>> = solid.into_iter().map(Some).collect();
    let atoms: Vec<Atom> = outside
        .iter()
        .map(|s| Atom { rect: s.rect, is_text: true })
        .chain(solid.iter().flatten().map(|d| Atom { rect: d.rect(), is_text: false }))
        // The room between a frame and its text belongs to the gutter beside it.
        .chain(asides.iter().map(|a| Atom { rect: a.rect.inflate(-0.5 * em, 0.0), is_text: false }))
        .collect();
    let rtl = text::is_rtl(words.iter());
    // Only what went through a camera or a scanner can lean.
    let scanned = words.iter().any(|w| w.line.is_some());
    let atoms = match if scanned { lean::lean(&atoms, em) } else { 0.0 } {
        0.0 => atoms,
        lean => lean::upright(&atoms, lean),
    };
    let mut drafts = Vec::new();
    for zone in order::zones(&atoms, em, rtl) {
        // Tables, figures and asides part the text of a zone.
        let mut stretch: Vec<&Segment> = Vec::new();
        for index in zone {
            let Some(n) = index.checked_sub(outside.len()) else {
                stretch.push(outside[index]);
                continue;
            };
            zone_text(&std::mem::take(&mut stretch), told, (words, em), options, &mut drafts);
            match n.checked_sub(solid.len()) {
                None => drafts.extend(solid[n].take()),
                Some(n) => {
                    let inside = asides[n].segments.iter().map(|&i| segments[i].clone());
                    let inside: Vec<Segment> = inside.collect();
                    drafts.extend(in_order(&inside, Vec::new(), &[], told, (words, em), options));
                }
            }
        }
        zone_text(&stretch, told, (words, em), options, &mut drafts);
    }
    drafts
}

/// Text of one column: tables by alignment, and paragraphs.
fn zone_text(
    stretch: &[&Segment],
    told: &Told<'_>,
    (words, em): (&[Word], f32),
    options: &Options,
    out: &mut Vec<Draft>,
) {
    let rows = lines::rows(stretch);
    let found = if options.do_table_structure {
        let mut found =
            tables::aligned::find_in_rows(stretch, &rows, words, em, options.table_mode);
        found.retain(|(_, t)| {
            !tables::scales::is_chart(&t.rect, &t.table, &told.scales)
                && !tables::sketched::denies(told.sketches, t)
        });
        found
    } else {
        Vec::new()
    };
    let mut at = 0;
    let text = |range: std::ops::Range<usize>, out: &mut Vec<Draft>| {
        let mut lines: Vec<Line> = rows[range]
            .iter()
            .filter_map(|row| {
                let indices = row.iter().flat_map(|&i| stretch[i].words.iter().copied());
                Line::new(indices.collect(), words)
            })
            .collect();
        listing::mark(&mut lines, words);
        out.extend(paragraphs::paragraphs(lines, words).into_iter().map(Draft::Text));
    };
    for (range, table) in found {
        text(at..range.start, out);
        out.push(Draft::Table(table));
        at = range.end;
    }
    text(at..rows.len(), out);
}

/// Text that does not run from left to right (margin notes, labels of axes): one block for words
/// of one direction that follow each other.
fn turned_text(turned: &[u32], words: &[Word]) -> Vec<Draft> {
    let mut out: Vec<Draft> = Vec::new();
    let mut run: Vec<u32> = Vec::new();
    let close = |run: &mut Vec<u32>, out: &mut Vec<Draft>| {
        let indices = std::mem::take(run);
        if let Some(rect) = bounds(indices.iter().map(|&i| words[i as usize].rect)) {
            let size = lines::typical_size(indices.iter().map(|&i| &words[i as usize]));
            let line = Line { words: indices, rect, size, style: lines::LineStyle::default() };
            out.extend(Paragraph::new(vec![line], rect).map(Draft::Text));
        }
    };
    for &i in turned {
        let word = &words[i as usize];
        let breaks = run.last().is_some_and(|&last| {
            let last = &words[last as usize];
            let em = last.style.size.max(word.style.size).max(1.0);
            (last.angle - word.angle).abs() > UPRIGHT
                || !last.rect.inflate(2.0 * em, 2.0 * em).intersects(&word.rect)
        });
        if breaks {
            close(&mut run, &mut out);
        }
        run.push(i);
    }
    close(&mut run, &mut out);
    out
}
