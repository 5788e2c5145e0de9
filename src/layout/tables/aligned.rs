//! Tables without (or with few) ruling lines: columns from white space that rows share.

use super::evidence::{consistency, convinces, is_headed};
use super::rows::row_groups;
use super::{Basis, FoundTable, cell, stubs};
use crate::document::{Cell, Table, Word};
use crate::geometry::{Pt, Rect, RectExt, bounds, rect};
use crate::layout::captions;
use crate::layout::lines::{Segment, rows, segments};
use crate::layout::text::line_text;
use crate::options::TableMode;

/// A gap between words that can part columns is at least this many ems wide.
const CELL_GAP: f32 = 0.7;

/// The white space that parts two columns is at least this many ems wide where it is narrowest.
const MIN_CHANNEL: f32 = 0.35;

/// Share of rows with text on both sides of a channel in which it is a gap of [`CELL_GAP`].
const SUPPORT: f32 = 0.6;

/// Share of rows that may cross a channel (spanning heads, notes).
const CROSSING: f32 = 0.2;

/// A head stands no further above its rows than this many times (and an em) their usual gap.
const APART: f32 = 2.0;

/// How many rows back tell how far apart rows are set.
const RECENT: usize = 24;
/// Rows further apart than this many ems are not of one table.
const MAX_STEP: f32 = 3.5;

/// One row of text: its segments (cut at cell gaps), left to right.
#[derive(Clone, Debug)]
pub(super) struct TextRow {
    pub(super) rect: Rect<Pt>,
    pub(super) pieces: Vec<Segment>,
}

/// The rows of text that words stand in, top to bottom.
pub(super) fn text_rows(indices: &[u32], words: &[Word]) -> Vec<TextRow> {
    let parts = segments(words, indices, &[]);
    let refs: Vec<&Segment> = parts.iter().collect();
    rows(&refs)
        .into_iter()
        .filter_map(|row| {
            let pieces: Vec<Segment> = row.iter().map(|&i| parts[i].clone()).collect();
            Some(TextRow { rect: bounds(pieces.iter().map(|p| p.rect))?, pieces })
        })
        .collect()
}

/// The pieces of the lowest row of text among the words.
pub(super) fn last_row(indices: &[u32], words: &[Word]) -> Option<Vec<Segment>> {
    text_rows(indices, words).pop().map(|row| row.pieces)
}

/// White channels between columns, as x positions, left to right.
fn channels(rows: &[TextRow], words: &[Word], em: f32, reading: Reading) -> Vec<f32> {
    // Stretches covered by words of each row, word spaces closed.
    let covered: Vec<Vec<(f32, f32)>> = rows
        .iter()
        .map(|row| {
            let mut out: Vec<(f32, f32)> = Vec::new();
            for &i in row.pieces.iter().flat_map(|p| &p.words) {
                let r = &words[i as usize].rect;
                match out.last_mut() {
                    Some(last) if r.min.x - last.1 < reading.channel * em => {
                        last.1 = last.1.max(r.max.x)
                    }
                    _ => out.push((r.min.x, r.max.x)),
                }
            }
            out
        })
        .collect();
    let mut edges: Vec<f32> = covered.iter().flatten().flat_map(|&(l, r)| [l, r]).collect();
    edges.sort_by(f32::total_cmp);
    let allowed = (reading.crossing * rows.len() as f32) as usize;
    // The words of a head may leave no more than word spaces between columns of short values.
    let body = usize::from(rows.len() > 2);
    let mut out: Vec<(f32, f32)> = Vec::new();
    for pair in edges.windows(2) {
        let (l, r) = (pair[0], pair[1]);
        let mid = 0.5 * (l + r);
        let crossing =
            covered[body..].iter().filter(|row| row.iter().any(|c| c.0 < mid && mid < c.1)).count();
        if crossing > allowed {
            continue;
        }
        match out.last_mut() {
            Some(last) if l <= last.1 => last.1 = r,
            _ => out.push((l, r)),
        }
    }
    out.into_iter()
        .filter(|&(l, r)| r - l >= reading.channel * em)
        .filter_map(|(l, r)| {
            let mid = 0.5 * (l + r);
            let (mut both, mut wide) = (0usize, 0usize);
            let mut cut = (f32::MIN, f32::MAX);
            for row in &covered {
                if row.iter().any(|c| c.0 < mid && mid < c.1) {
                    continue;
                }
                let left = row.iter().map(|c| c.1).filter(|&x| x <= mid).fold(f32::MIN, f32::max);
                let right = row.iter().map(|c| c.0).filter(|&x| x >= mid).fold(f32::MAX, f32::min);
                if left > f32::MIN && right < f32::MAX {
                    both += 1;
                    wide += usize::from(right - left >= CELL_GAP * em);
                    cut = (cut.0.max(left), cut.1.min(right));
                }
            }
            (both >= 2 && wide as f32 >= reading.support * both as f32)
                .then(|| least_crossed(cut, rows, words))
        })
        .collect()
}

/// The place within a channel that the fewest words of all rows lie over: heads reach further than
/// the cells below them. The middle of the widest such stretch.
fn least_crossed(channel: (f32, f32), rows: &[TextRow], words: &[Word]) -> f32 {
    let over: Vec<(f32, f32)> = rows
        .iter()
        .flat_map(|row| &row.pieces)
        .flat_map(|piece| &piece.words)
        .map(|&i| words[i as usize].rect)
        .filter(|r| r.max.x > channel.0 && r.min.x < channel.1)
        .map(|r| (r.min.x.max(channel.0), r.max.x.min(channel.1)))
        .collect();
    let mut edges = vec![channel.0, channel.1];
    edges.extend(over.iter().flat_map(|&(l, r)| [l, r]));
    edges.sort_by(f32::total_cmp);
    edges
        .windows(2)
        .map(|w| {
            let mid = 0.5 * (w[0] + w[1]);
            (over.iter().filter(|o| o.0 < mid && mid < o.1).count(), w[1] - w[0], mid)
        })
        .min_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)))
        .map_or(0.5 * (channel.0 + channel.1), |best| best.2)
}

/// First column, last column, words.
pub(super) type Piece = (usize, usize, Vec<u32>);

/// A table being put together: words by row and column.
pub(super) struct Draft {
    pub(super) rows: Vec<TextRow>,
    cuts: Vec<f32>,
}

impl Draft {
    pub(super) fn columns(&self) -> usize {
        self.cuts.len() + 1
    }

    /// Column span of a piece of text: the columns its words stand in.
    fn span(&self, piece: &Segment, words: &[Word]) -> (usize, usize) {
        let column = |x: f32| self.cuts.iter().take_while(|&&c| x > c).count();
        // A word that lies within another comes after it, and its middle may be the further left.
        let columns = || piece.words.iter().map(|&i| column(words[i as usize].rect.mid_x()));
        (columns().min().unwrap_or(0), columns().max().unwrap_or(0))
    }

    /// Words of each row by column; a piece that crosses a cut by its own words spans.
    fn cells(&self, words: &[Word]) -> Vec<Vec<(usize, usize, Vec<u32>)>> {
        self.rows
            .iter()
            .map(|row| {
                let mut out: Vec<(usize, usize, Vec<u32>)> = Vec::new();
                for piece in &row.pieces {
                    let (first, last) = self.span(piece, words);
                    if first < last && !self.is_spanning(piece, first, last, words) {
                        // Cells that stand closer than a segment gap: part them at the cuts.
                        for &i in &piece.words {
                            let x = words[i as usize].rect.mid_x();
                            let c = self.cuts.iter().take_while(|&&cut| x > cut).count();
                            push(&mut out, c, c, &[i]);
                        }
                    } else {
                        push(&mut out, first, last, &piece.words);
                    }
                }
                out
            })
            .collect()
    }

    /// Whether a word of the piece, or a plain word space, lies over a cut. Word spaces at several
    /// cuts are no chance: the cells of a tight head.
    fn is_spanning(&self, piece: &Segment, first: usize, last: usize, words: &[Word]) -> bool {
        /// A word lies over a cut when it reaches beyond it by this many ems on both sides.
        const OVER: f32 = 0.3;
        let rects = || piece.words.iter().map(|&i| words[i as usize].rect);
        let over = |cut: f32| {
            let reach = OVER * piece.size;
            rects().any(|r| r.min.x < cut - reach && cut + reach < r.max.x)
        };
        let tight = |cut: f32| {
            let left = rects().filter(|r| r.mid_x() <= cut).map(|r| r.max.x);
            let right = rects().filter(|r| r.mid_x() > cut).map(|r| r.min.x);
            right.fold(f32::MAX, f32::min) - left.fold(f32::MIN, f32::max)
                < MIN_CHANNEL * piece.size
        };
        let cuts = &self.cuts[first..last];
        cuts.iter().any(|&c| over(c))
            || cuts.len() < 2
                && cuts.iter().any(|&c| tight(c))
                && !self.is_aligned(piece, first, words)
    }

    /// Whether what stands to the right of a cut in a piece starts where the column's other cells
    /// start.
    fn is_aligned(&self, piece: &Segment, cut: usize, words: &[Word]) -> bool {
        /// Left sides of a column agree within this many ems.
        const FLUSH: f32 = 0.25;
        let at = self.cuts[cut];
        let start = |piece: &Segment| {
            piece.words.iter().map(|&i| words[i as usize].rect).find(|r| r.mid_x() > at)
        };
        let Some(here) = start(piece) else { return false };
        let starts: Vec<f32> = self
            .rows
            .iter()
            .flat_map(|row| row.pieces.iter().find(|p| p.rect.min.x > at))
            .map(|p| p.rect.min.x)
            .collect();
        let flush = starts.iter().filter(|&&x| (x - here.min.x).abs() < FLUSH * piece.size).count();
        flush >= 2 && flush * 4 >= starts.len() * 3
    }
}

fn push(row: &mut Vec<(usize, usize, Vec<u32>)>, first: usize, last: usize, indices: &[u32]) {
    match row.iter_mut().find(|(f, l, _)| *f <= last && first <= *l) {
        Some((f, l, known)) => {
            *f = (*f).min(first);
            *l = (*l).max(last);
            known.extend_from_slice(indices);
        }
        None => row.push((first, last, indices.to_vec())),
    }
}

/// How white space is read as columns.
#[derive(Clone, Copy, Debug)]
struct Reading {
    /// [`MIN_CHANNEL`], [`CROSSING`] and [`SUPPORT`], or what stands for them.
    channel: f32,
    crossing: f32,
    support: f32,
}

const USUAL: Reading = Reading { channel: MIN_CHANNEL, crossing: CROSSING, support: SUPPORT };

/// Other readings: tight columns, and columns under many lines that span.
const OTHERS: [Reading; 3] = [
    Reading { channel: 0.22, crossing: CROSSING, support: 0.4 },
    Reading { channel: MIN_CHANNEL, crossing: 0.34, support: SUPPORT },
    Reading { channel: 0.6, crossing: 0.1, support: 0.75 },
];

/// Another reading must be better by this much.
const BETTER: f32 = 0.06;

/// Builds a table of the words in a region; `None` when they do not stand in columns.
///
/// `separators` are horizontal ruling lines within the region: rows never reach across them. With
/// [`TableMode::Accurate`], white space is read in several ways, and the most consistent table wins.
pub(in crate::layout) fn build(
    indices: &[u32],
    separators: &[f32],
    words: &[Word],
    em: f32,
    mode: TableMode,
) -> Option<FoundTable> {
    let rows = text_rows(indices, words);
    if rows.len() < 2 {
        return None;
    }
    let usual = channels(&rows, words, em, USUAL);
    if mode == TableMode::Fast {
        return read(rows, usual, separators, words, em);
    }
    let mut tried = vec![usual];
    let mut out = read(rows.clone(), tried[0].clone(), separators, words, em)?;
    let mut best = consistency(&out.table) + BETTER;
    for reading in OTHERS {
        let cuts = channels(&rows, words, em, reading);
        if tried.contains(&cuts) {
            continue;
        }
        if let Some(found) = read(rows.clone(), cuts.clone(), separators, words, em) {
            let score = consistency(&found.table);
            if score > best {
                let plain = out.rival.take().unwrap_or(out.table);
                (best, out) = (score, FoundTable { rival: Some(plain), ..found });
            }
        }
        tried.push(cuts);
    }
    Some(out)
}

/// Reads rows of text as a table whose columns are parted at these places.
fn read(
    rows: Vec<TextRow>,
    cuts: Vec<f32>,
    separators: &[f32],
    words: &[Word],
    em: f32,
) -> Option<FoundTable> {
    if cuts.is_empty() {
        return None;
    }
    let draft = Draft { rows, cuts };
    let cells = draft.cells(words);
    let groups = row_groups(&draft, &cells, separators, words, em);
    let around = bounds(draft.rows.iter().map(|r| r.rect))?;
    let columns = draft.columns();
    let mut sides = vec![around.min.x];
    sides.extend(&draft.cuts);
    sides.push(around.max.x);
    let mut out: Vec<Cell> = Vec::new();
    for (n, group) in groups.iter().enumerate() {
        let band = bounds(group.iter().map(|&r| draft.rows[r].rect))?;
        let mut merged: Vec<(usize, usize, Vec<u32>)> = Vec::new();
        for &r in group {
            for (first, last, indices) in &cells[r] {
                push(&mut merged, *first, *last, indices);
            }
        }
        let mut column = 0;
        merged.sort_by_key(|m| m.0);
        for (first, last, indices) in merged {
            if first < column {
                // Two pieces grew into each other: the table is no grid.
                return None;
            }
            for empty in column..first {
                out.push(cell(
                    (n, empty),
                    (1, 1),
                    rect(sides[empty], band.min.y, sides[empty + 1], band.max.y),
                    &[],
                    words,
                ));
            }
            let r = rect(sides[first], band.min.y, sides[last + 1], band.max.y);
            out.push(cell((n, first), (1, last - first + 1), r, &indices, words));
            column = last + 1;
        }
        for empty in column..columns {
            out.push(cell(
                (n, empty),
                (1, 1),
                rect(sides[empty], band.min.y, sides[empty + 1], band.max.y),
                &[],
                words,
            ));
        }
    }
    for c in out.iter_mut().filter(|c| c.row == 0) {
        c.header = true;
    }
    let mut table = Table { rows: groups.len(), columns, cells: out, continues: None };
    stubs::span(&mut table);
    Some(FoundTable { rect: around, table, basis: Basis::Alignment, rival: None })
}

/// Finds tables among the rows of one zone: ranges of rows, ascending, and what they are.
///
/// `rows` hold indices into `zone`, as [`rows`] gives them.
pub(in crate::layout) fn find_in_rows(
    zone: &[&Segment],
    rows: &[Vec<usize>],
    words: &[Word],
    em: f32,
    mode: TableMode,
) -> Vec<(std::ops::Range<usize>, FoundTable)> {
    let rects: Vec<Rect<Pt>> =
        rows.iter().filter_map(|row| bounds(row.iter().map(|&i| zone[i].rect))).collect();
    let starts_caption = |row: &[usize]| {
        let indices: Vec<u32> = row.iter().flat_map(|&i| zone[i].words.iter().copied()).collect();
        captions::is_caption(&line_text(&indices, words))
    };
    let gap = |n: usize| rects[n + 1].min.y - rects[n].max.y;
    let mut out = Vec::new();
    let mut at = 0;
    while at < rects.len() {
        if rows[at].len() < 2 || starts_caption(&rows[at]) {
            at += 1;
            continue;
        }
        // From here to the last row with several pieces; a single line in between may continue a
        // cell, two are text.
        let mut last = at;
        for (next, row) in rows.iter().enumerate().skip(at + 1) {
            let since = at.max(next.saturating_sub(RECENT));
            let mut before: Vec<f32> = (since..next - 1).map(gap).collect();
            before.sort_by(f32::total_cmp);
            // Not the median: lines of a head may overlap.
            let usual = before.get(before.len() * 3 / 4).copied().unwrap_or(f32::MAX);
            // A row far below evenly set ones is something else as well.
            let most = (MAX_STEP * em).min(APART * usual.max(0.0) + em);
            let far = gap(next - 1) > if before.len() > 1 { most } else { MAX_STEP * em };
            if far || next - last > 2 || starts_caption(row) {
                break;
            }
            if row.len() >= 2 {
                last = next;
            }
        }
        // A row far above evenly set ones is something else: a running title, a legend.
        let mut gaps: Vec<f32> = (at + 1..last).map(gap).collect();
        gaps.sort_by(f32::total_cmp);
        if gaps.get(gaps.len() / 2).is_some_and(|usual| gap(at) > APART * usual.max(0.0) + em) {
            at += 1;
            continue;
        }
        let indices: Vec<u32> =
            rows[at..=last].iter().flatten().flat_map(|&i| zone[i].words.iter().copied()).collect();
        let found = (last > at)
            .then(|| build(&indices, &[], words, em, mode))
            .flatten()
            .filter(|table| convinces(table, words));
        // A line of text right above, not in columns, is no head of theirs.
        let led = |table: &FoundTable| {
            last > at + 2
                && table.table.cells.iter().any(|c| c.row == 0 && c.column_span > 1)
                && gaps.get(gaps.len() / 2).is_some_and(|usual| gap(at) > 1.3 * usual + 0.2 * em)
        };
        if found.as_ref().is_some_and(led) {
            let rest: Vec<u32> = rows[at + 1..=last]
                .iter()
                .flatten()
                .flat_map(|&i| zone[i].words.iter().copied())
                .collect();
            if build(&rest, &[], words, em, mode).is_some_and(|table| convinces(&table, words)) {
                at += 1;
                continue;
            }
        }
        let free = out.last().map_or(0, |(range, _): &(std::ops::Range<usize>, _)| range.end);
        let usual = gaps.get(gaps.len() / 2).copied().unwrap_or(0.0);
        if let Some(table) = &found
            && at > free
            && gap(at - 1) <= 1.3 * usual + 0.2 * em
        {
            let taller: Vec<u32> = rows[at - 1..=last]
                .iter()
                .flatten()
                .flat_map(|&i| zone[i].words.iter().copied())
                .collect();
            if let Some(taller) =
                build(&taller, &[], words, em, mode).filter(|t| is_headed(t, table))
            {
                out.push((at - 1..last + 1, taller));
                at = last + 1;
                continue;
            }
        }
        match found {
            Some(table) => {
                out.push((at..last + 1, table));
                at = last + 1;
            }
            None => at += 1,
        }
    }
    out
}
