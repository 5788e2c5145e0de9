//! What stands around a block: the evidence for headings that the block itself does not hold.

use super::furniture::Margin;
use super::paragraphs::Paragraph;
use super::styles::{self, Body, Context};
use super::text::line_text;
use super::{Draft, PageDraft};
use crate::document::Word;
use crate::geometry::RectExt;

/// Whether a single line has a gap of a good part of the page's width in it: the title on one
/// side, the page number or section on the other.
pub(super) fn is_spread(p: &Paragraph, words: &[Word], width: f32) -> bool {
    /// Share of the page's width.
    const GAP: f32 = 0.2;
    let [line] = p.lines.as_slice() else { return false };
    line.words.windows(2).any(|w| {
        let (a, b) = (&words[w[0] as usize].rect, &words[w[1] as usize].rect);
        b.min.x - a.max.x > GAP * width
    })
}

/// Whether the page says that it holds a table of contents, or most of its lines end with page
/// numbers that do not decrease.
pub(super) fn is_contents(drafts: &[Draft], words: &[Word]) -> bool {
    /// Fewer lines may end with numbers by chance.
    const LEAST: usize = 4;
    let is_titled = drafts.iter().any(|d| match d {
        Draft::Text(p) => styles::is_contents_title(&line_text(&p.lines[0].words, words)),
        _ => false,
    });
    if is_titled {
        return true;
    }
    let last = |indices: &[u32]| -> Option<u32> {
        (indices.len() > 1).then(|| words[*indices.last()? as usize].text.parse().ok()).flatten()
    };
    let numbers: Vec<u32> = drafts
        .iter()
        .flat_map(|d| match d {
            Draft::Text(p) => p.lines.iter().filter_map(|l| last(&l.words)).collect(),
            Draft::Table(t) => (0..t.table.rows)
                .filter_map(|row| {
                    let cells = t.table.cells.iter().filter(|c| c.row == row);
                    last(&cells.flat_map(|c| c.words.iter().copied()).collect::<Vec<_>>())
                })
                .collect(),
            Draft::Figure(_) => Vec::new(),
        })
        .collect();
    let lines: usize = drafts
        .iter()
        .map(|d| match d {
            Draft::Text(p) => p.lines.len(),
            Draft::Table(t) => t.table.rows,
            Draft::Figure(_) => 0,
        })
        .sum();
    // A number may be misread.
    let falls = numbers.windows(2).filter(|w| w[0] > w[1]).count();
    numbers.len() >= LEAST && numbers.len() * 3 >= lines && falls * 8 <= numbers.len()
}

pub(super) fn context(
    page: &PageDraft,
    n: usize,
    body: &Body,
    (ocr, contents): (bool, bool),
    margin: &dyn Fn(usize) -> Option<Margin>,
) -> Context {
    /// What stands at the top of a column has as much room as any heading.
    const PLENTY: f32 = 2.0;
    let (drafts, words) = (&page.drafts, &page.read.words);
    let r = drafts[n].rect();
    let above = (0..n)
        .rev()
        .map(|k| drafts[k].rect())
        .next()
        .filter(|o| o.max.y <= r.min.y + 0.5 * body.size)
        .map_or(PLENTY, |o| (r.min.y - o.max.y) / body.size);
    let next = drafts.get(n + 1).filter(|_| margin(n + 1).is_none());
    let below = next
        .map(Draft::rect)
        .filter(|o| o.min.y >= r.max.y - 0.5 * body.size)
        .map_or(PLENTY, |o| (o.min.y - r.max.y) / body.size);
    let numbered = |k: Option<usize>| match k.and_then(|k| drafts.get(k)) {
        Some(Draft::Text(p)) => {
            styles::number_depth(&line_text(&p.lines[0].words, words)).is_some()
        }
        _ => false,
    };
    Context {
        above,
        below,
        text_follows: next.is_some() && (!ocr || has_text_after(drafts, n)),
        contents,
        ocr,
        run_in: next.is_some_and(|next| is_run_in(&drafts[n], next, below, words)),
        listed: numbered(n.checked_sub(1)) || numbered(Some(n + 1)),
        beside_number: is_beside_number(page, n),
    }
}

/// Whether running text, or a table, comes within the next few blocks: labels of a drawing are
/// followed by each other.
fn has_text_after(drafts: &[Draft], n: usize) -> bool {
    /// Headings stack: chapter, title, author, section.
    const WITHIN: usize = 4;
    /// Fewer words are a label.
    const LEAST_WORDS: usize = 8;
    drafts[n + 1..].iter().take(WITHIN).any(|d| match d {
        Draft::Text(p) => p.lines.iter().map(|l| l.words.len()).sum::<usize>() >= LEAST_WORDS,
        Draft::Table(_) => true,
        Draft::Figure(_) => false,
    })
}

/// Whether the text breaks off at the end of a full line and the next block goes on right below:
/// a lead-in in bold, or a line whose size was misjudged.
fn is_run_in(draft: &Draft, next: &Draft, below: f32, words: &[Word]) -> bool {
    /// White space below, in ems: less than between a heading and its text.
    const NEAR: f32 = 0.45;
    /// Words that are more likely a sentence's than a title's.
    const SENTENCE: usize = 8;
    /// Share of the column that a full line takes.
    const FULL: f32 = 0.92;
    let (Draft::Text(p), Draft::Text(next)) = (draft, next) else { return false };
    let (Some(last), Some(first)) = (p.lines.last(), next.lines.first()) else { return false };
    let text = line_text(&last.words, words);
    let goes_on = line_text(&first.words, words).starts_with(char::is_lowercase);
    let broken = text.ends_with('-') && goes_on;
    let full = last.rect.max.x - p.column.min.x >= FULL * p.column.width();
    let one_column =
        first.rect.overlap_x(&last.rect) > 0.5 * first.rect.width().min(last.rect.width());
    // A sentence's larger beginning has more room below than lines of one size have.
    let sentence = p.lines.iter().map(|l| l.words.len()).sum::<usize>() >= SENTENCE;
    let near = if sentence { 2.0 * NEAR } else { NEAR };
    below < near && one_column && (broken || full && goes_on)
}

/// Whether the text of a single line stands in two pieces, a number before it apart.
fn has_two_sides(p: &Paragraph, words: &[Word]) -> bool {
    /// Wider than any word space, in ems.
    const GAP: f32 = 2.0;
    let [line] = p.lines.as_slice() else { return false };
    let gap = |w: &[u32]| words[w[1] as usize].rect.min.x - words[w[0] as usize].rect.max.x;
    line.words
        .iter()
        .skip(1)
        .copied()
        .collect::<Vec<u32>>()
        .windows(2)
        .any(|w| gap(w) > GAP * line.size)
}

/// Whether a block near the top or bottom of the page has a page number on its row, or stands on
/// both sides of it: a running title, although no other page is there to compare.
fn is_beside_number(page: &PageDraft, n: usize) -> bool {
    /// Running titles stand within this share of the page's height from its top or bottom.
    const MARGIN: f32 = 0.1;
    let r = page.drafts[n].rect();
    let height = page.read.size.height;
    if r.min.y > MARGIN * height && r.max.y < (1.0 - MARGIN) * height {
        return false;
    }
    if let Draft::Text(p) = &page.drafts[n]
        && has_two_sides(p, &page.read.words)
    {
        return true;
    }
    let is_number = |p: &Paragraph| {
        p.lines.len() == 1
            && p.lines[0].words.len() == 1
            && page.read.words[p.lines[0].words[0] as usize]
                .text
                .chars()
                .all(|c| c.is_ascii_digit())
    };
    page.drafts.iter().enumerate().any(|(k, other)| match other {
        Draft::Text(p) => k != n && is_number(p) && p.rect.overlap_y(&r) > 0.5 * p.rect.height(),
        _ => false,
    })
}
