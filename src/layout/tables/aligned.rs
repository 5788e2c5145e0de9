//! Tables without (or with few) ruling lines: columns from white space that rows share.

use std::collections::HashSet;

use super::grid::{Frame, Line, cluster};
use super::{FoundTable, cell};
use crate::document::{Cell, Table, Word, mean_confidence};
use crate::geometry::{Pt, Rect, RectExt, bounds, rect};
use crate::layout::lines::{Segment, rows, segments};
use crate::layout::text::line_text;
use crate::layout::{captions, lists};

/// A gap between words that can part columns is at least this many ems wide.
const CELL_GAP: f32 = 0.7;
/// The white space that parts two columns is at least this many ems wide where it is narrowest.
const MIN_CHANNEL: f32 = 0.35;
/// Share of rows with text on both sides of a channel in which it is a gap of [`CELL_GAP`].
const SUPPORT: f32 = 0.6;
/// Share of rows that may cross a channel (spanning heads, notes).
const CROSSING: f32 = 0.2;
/// Pieces of text of more words than this are prose.
const PROSE_WORDS: usize = 7;
/// A head stands no further above its rows than this many times (and an em) their usual gap.
const APART: f32 = 2.0;
/// What is read with less confidence (mean) is no print, but a picture.
const SURE: f32 = 0.6;
/// Lines nearer than this share of the usual step belong to one row.
const EVEN: f32 = 0.92;
/// Rows further apart than this many ems are not of one table.
const MAX_STEP: f32 = 3.5;

/// One row of text: its segments (cut at cell gaps), left to right.
#[derive(Clone, Debug)]
struct TextRow {
    rect: Rect<Pt>,
    pieces: Vec<Segment>,
}

fn text_rows(indices: &[u32], words: &[Word]) -> Vec<TextRow> {
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
fn channels(rows: &[TextRow], words: &[Word], em: f32) -> Vec<f32> {
    // Stretches covered by words of each row, word spaces closed.
    let covered: Vec<Vec<(f32, f32)>> = rows
        .iter()
        .map(|row| {
            let mut out: Vec<(f32, f32)> = Vec::new();
            for &i in row.pieces.iter().flat_map(|p| &p.words) {
                let r = &words[i as usize].rect;
                match out.last_mut() {
                    Some(last) if r.min.x - last.1 < MIN_CHANNEL * em => {
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
    let allowed = (CROSSING * rows.len() as f32) as usize;
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
        .filter(|&(l, r)| r - l >= MIN_CHANNEL * em)
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
            (both >= 2 && wide as f32 >= SUPPORT * both as f32)
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
type Piece = (usize, usize, Vec<u32>);

/// A table being put together: words by row and column.
struct Draft {
    rows: Vec<TextRow>,
    cuts: Vec<f32>,
}

impl Draft {
    fn columns(&self) -> usize {
        self.cuts.len() + 1
    }

    /// Column span of a piece of text: the columns its words stand in.
    fn span(&self, piece: &Segment, words: &[Word]) -> (usize, usize) {
        let column = |x: f32| self.cuts.iter().take_while(|&&c| x > c).count();
        let first = column(words[piece.words[0] as usize].rect.mid_x());
        let last = piece.words.last().map_or(first, |&i| column(words[i as usize].rect.mid_x()));
        (first, last)
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

/// Builds a table of the words in a region; `None` when they do not stand in columns.
///
/// `separators` are horizontal ruling lines within the region: rows never reach across them.
pub(in crate::layout) fn build(
    indices: &[u32],
    separators: &[f32],
    words: &[Word],
    em: f32,
) -> Option<FoundTable> {
    let rows = text_rows(indices, words);
    if rows.len() < 2 {
        return None;
    }
    let cuts = channels(&rows, words, em);
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
    Some(FoundTable { rect: around, table: Table { rows: groups.len(), columns, cells: out } })
}

/// Puts text rows that are one row of the table together: a row that continues the cells above it
/// has nothing in the first column and follows closely.
fn row_groups(
    draft: &Draft,
    cells: &[Vec<Piece>],
    separators: &[f32],
    words: &[Word],
    em: f32,
) -> Vec<Vec<usize>> {
    let step = |r: usize| draft.rows[r].rect.mid_y() - draft.rows[r - 1].rect.mid_y();
    let parted = |r: usize| {
        let (above, below) = (draft.rows[r - 1].rect.mid_y(), draft.rows[r].rect.mid_y());
        separators.iter().any(|&y| above < y && y < below)
    };
    // Where every row is ruled off, the rules alone say what a row is.
    let bands = (1..cells.len()).filter(|&r| parted(r)).count();
    let ruled_rows = bands >= 3;
    let mut steps: Vec<f32> = (1..cells.len()).map(step).collect();
    steps.sort_by(f32::total_cmp);
    let usual = steps.get(steps.len() / 2).copied().unwrap_or(0.0);
    let rooms = rooms(draft, cells, words);
    // Cells of one row seldom all go on; where all columns have text and the lines are set as far
    // apart as rows are, they are rows.
    let is_full =
        |row: &[Piece]| row.iter().map(|c| c.1 - c.0 + 1).sum::<usize>() == draft.columns();
    let mut out: Vec<Vec<usize>> = vec![vec![0]];
    for r in 1..cells.len() {
        let group = out.last().map(Vec::as_slice).unwrap_or_default();
        let continues = !parted(r)
            && (ruled_rows
                || is_beside(draft, cells, group, r)
                || wraps_on(cells, group, r, &rooms, words, em)
                    && !(is_full(&cells[r]) && step(r) > EVEN * usual)
                || {
                    let first_empty = !cells[r].iter().any(|c| c.0 == 0)
                        && (out.len() == 1 || !fits_behind(cells, group, r, &rooms, words, em));
                    let few = cells[r].len() * 2 <= draft.columns().max(2);
                    let close = step(r) <= 1.05 * usual;
                    let over = |c: &Piece| {
                        group.iter().any(|&k| cells[k].iter().any(|d| d.0 <= c.1 && c.0 <= d.1))
                    };
                    first_empty && few && close && cells[r].iter().all(over)
                });
        match out.last_mut() {
            Some(group) if continues => group.push(r),
            _ => out.push(vec![r]),
        }
    }
    out
}

/// Whether a line of text reaches up beside the one before it, in other columns: cells of one row
/// that are centred, one on another, although their lines are not at one height.
fn is_beside(draft: &Draft, cells: &[Vec<Piece>], group: &[usize], r: usize) -> bool {
    /// Lines of different rows share no more than this part of their height.
    const SHARED: f32 = 0.25;
    let Some(&above) = group.last() else { return false };
    let (a, b) = (&draft.rows[above].rect, &draft.rows[r].rect);
    let apart = |c: &Piece| cells[above].iter().all(|d| d.1 < c.0 || c.1 < d.0);
    a.overlap_y(b) > SHARED * a.height().min(b.height()) && cells[r].iter().all(apart)
}

/// How far to the right the text of each column reaches: where lines wrap, one of them comes close
/// to the limit.
fn rooms(draft: &Draft, cells: &[Vec<Piece>], words: &[Word]) -> Vec<f32> {
    let sides = |column: usize| {
        cells
            .iter()
            .flatten()
            .filter(move |c| c.0 == column && c.1 == column)
            .flat_map(|c| &c.2)
            .map(|&i| words[i as usize].rect)
    };
    (0..draft.columns())
        .map(|column| sides(column).map(|r| r.max.x).fold(f32::MIN, f32::max))
        .collect()
}

/// Whether a row of text goes on with cells of the row before it: in every column that it has, its
/// first word would not have fitted behind the line above.
fn wraps_on(
    cells: &[Vec<Piece>],
    group: &[usize],
    r: usize,
    rooms: &[f32],
    words: &[Word],
    em: f32,
) -> bool {
    !cells[r].is_empty()
        && cells[r].iter().all(|(first, last, indices)| {
            let above = group.iter().rev().find_map(|&k| {
                cells[k].iter().find(|d| d.0 == *first && d.1 == *last).map(|d| &d.2)
            });
            let Some(above) = above else { return false };
            let right =
                above.iter().map(|&i| words[i as usize].rect.max.x).fold(f32::MIN, f32::max);
            let width = indices.first().map_or(0.0, |&i| words[i as usize].rect.width());
            let starts =
                |of: &[u32]| of.first().and_then(|&i| words[i as usize].text.chars().next());
            // A value under a value is another row's.
            let value = starts(indices).is_some_and(|c| c.is_numeric());
            !value && rooms[*last] - right < width + 0.25 * em
        })
        && cells[r].iter().any(|c| {
            c.2.first().is_some_and(|&i| {
                words[i as usize].text.starts_with(|c: char| c.is_lowercase() || c == '(')
            })
        })
}

/// Whether a cell of the row starts with a word, not in small letters, that had fitted behind the
/// line above it: text wraps only where it must, so this is another row.
fn fits_behind(
    cells: &[Vec<Piece>],
    group: &[usize],
    r: usize,
    rooms: &[f32],
    words: &[Word],
    em: f32,
) -> bool {
    cells[r].iter().any(|(first, last, indices)| {
        let above = group
            .iter()
            .rev()
            .find_map(|&k| cells[k].iter().find(|d| d.0 == *first && d.1 == *last).map(|d| &d.2));
        let (Some(above), Some(&start)) = (above, indices.first()) else { return false };
        let right = above.iter().map(|&i| words[i as usize].rect.max.x).fold(f32::MIN, f32::max);
        let left = above.iter().map(|&i| words[i as usize].rect.min.x).fold(f32::MAX, f32::min);
        let word = &words[start as usize];
        // Centred lines have room on both sides; only what is flush left tells.
        let flush = (word.rect.min.x - left).abs() < 0.3 * em;
        let wordy = above.len() > 1 && word.text.chars().all(char::is_alphabetic);
        flush
            && wordy
            && !word.text.starts_with(char::is_lowercase)
            && rooms[*last] - right > word.rect.width() + em
    })
}

/// Tables between horizontal rules of the same width that no vertical rule joins (booktabs).
pub(in crate::layout) fn between_rules(
    frames: &[Frame],
    words: &[Word],
    free: &[u32],
    em: f32,
) -> Vec<FoundTable> {
    let lines: Vec<Line> = frames
        .iter()
        .filter(|f| f.vertical.is_empty())
        .flat_map(|f| f.horizontal.iter().copied())
        .collect();
    let alike =
        |a: &Line, b: &Line| (a.from - b.from).abs() < 1.5 * em && (a.to - b.to).abs() < 1.5 * em;
    let mut left = free.to_vec();
    let mut used = vec![false; lines.len()];
    let mut out = Vec::new();
    for i in 0..lines.len() {
        if used[i] {
            continue;
        }
        let mut group: Vec<Line> = Vec::new();
        for j in i..lines.len() {
            if !used[j] && alike(&lines[i], &lines[j]) {
                used[j] = true;
                group.push(lines[j]);
            }
        }
        group.sort_by(|a, b| a.at.total_cmp(&b.at));
        for group in at_captions(&group, words, &left, em) {
            if let Some(found) = in_group(group, &lines, words, &left, em) {
                let taken: HashSet<u32> = found.words().collect();
                left.retain(|i| !taken.contains(i));
                out.push(found);
            }
        }
    }
    out
}

/// Parts lines of like width where a caption stands between two of them: tables (or a chart and a
/// table) below each other.
fn at_captions<'a>(group: &'a [Line], words: &[Word], free: &[u32], em: f32) -> Vec<&'a [Line]> {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return Vec::new() };
    let region = rect(first.from - em, first.at, first.to + em, last.at);
    let inside: Vec<u32> = free
        .iter()
        .copied()
        .filter(|&i| region.contains(words[i as usize].rect.center()))
        .collect();
    let captions: Vec<f32> = text_rows(&inside, words)
        .iter()
        .filter(|row| {
            let indices: Vec<u32> = row.pieces.iter().flat_map(|p| p.words.clone()).collect();
            captions::is_caption(&line_text(&indices, words))
        })
        .map(|row| row.rect.mid_y())
        .collect();
    group.chunk_by(|a, b| !captions.iter().any(|&y| a.at < y && y < b.at)).collect()
}

fn in_group(
    group: &[Line],
    all: &[Line],
    words: &[Word],
    free: &[u32],
    em: f32,
) -> Option<FoundTable> {
    let (top, bottom) = (group.first()?, group.last()?);
    if group.len() < 2 {
        return None;
    }
    // Labels of axes stand beside the lines of a chart; cells stand between those of a table.
    let region = rect(top.from, top.at, top.to, bottom.at);
    let inside: Vec<u32> = free
        .iter()
        .copied()
        .filter(|&i| region.intersects(&words[i as usize].rect))
        .filter(|&i| (top.at..bottom.at).contains(&words[i as usize].rect.mid_y()))
        .collect();
    // Shorter rules within part rows too, but only under the columns they cover; take full ones.
    let separators: Vec<f32> = cluster(
        all.iter()
            .filter(|l| {
                l.at > top.at && l.at < bottom.at && l.to - l.from > 0.8 * (top.to - top.from)
            })
            .map(|l| l.at)
            .collect(),
        0.35 * em,
    );
    let found = build(&inside, &separators, words, em)?;
    // Where every row is ruled off, long cells are no objection.
    let ruled_rows = separators.len() >= 3 && found.table.rows == separators.len() + 1;
    let struck =
        inside.iter().filter(|&&i| is_struck(&words[i as usize].rect, &separators)).count();
    let ok = found.table.rows >= 2
        && struck * 10 < inside.len()
        && (ruled_rows || !is_prose(&found.table, words));
    ok.then_some(found)
}

/// Whether a line runs through the word: grid lines of charts do, beside their labels; rules of
/// tables never.
fn is_struck(word: &Rect<Pt>, separators: &[f32]) -> bool {
    separators.iter().any(|&y| (y - word.mid_y()).abs() < 0.25 * word.height())
}

/// Whether most of the text stands in long pieces.
fn is_prose(table: &Table, words: &[Word]) -> bool {
    let (mut long, mut all) = (0usize, 0usize);
    for cell in table.cells.iter().filter(|c| !c.words.is_empty()) {
        let lines = text_rows(&cell.words, words).len().max(1);
        let letters = cell.words.len();
        all += letters;
        long += if letters / lines >= PROSE_WORDS { letters } else { 0 };
    }
    long * 2 > all
}

/// Finds tables among the rows of one zone: ranges of rows, ascending, and what they are.
///
/// `rows` hold indices into `zone`, as [`rows`] gives them.
pub(in crate::layout) fn find_in_rows(
    zone: &[&Segment],
    rows: &[Vec<usize>],
    words: &[Word],
    em: f32,
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
        for next in at + 1..rects.len() {
            let far = rects[next].min.y - rects[next - 1].max.y > MAX_STEP * em;
            if far || next - last > 2 || starts_caption(&rows[next]) {
                break;
            }
            if rows[next].len() >= 2 {
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
            .then(|| build(&indices, &[], words, em))
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
            if build(&rest, &[], words, em).is_some_and(|table| convinces(&table, words)) {
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
            if let Some(taller) = build(&taller, &[], words, em).filter(|t| is_headed(t, table)) {
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

/// Whether a table is another one with a tight head above: a word or more over every column.
fn is_headed(taller: &FoundTable, table: &FoundTable) -> bool {
    let (taller, table) = (&taller.table, &table.table);
    let head = taller.cells.iter().filter(|c| c.row == 0 && !c.words.is_empty());
    taller.columns == table.columns
        && taller.rows == table.rows + 1
        && taller.columns >= 3
        && head.count() == taller.columns
}

/// Whether an alignment without any ruling line is a table: enough rows and cells, no list, no
/// table of contents, no prose.
fn convinces(found: &FoundTable, words: &[Word]) -> bool {
    let table = &found.table;
    let texts = |column: usize| {
        table.cells.iter().filter(move |c| c.column == column && !c.words.is_empty())
    };
    let filled = table.cells.iter().filter(|c| !c.words.is_empty()).count();
    let enough = table.rows >= 3 || table.rows >= 2 && table.columns >= 3;
    if !enough
        || filled * 2 < table.rows * table.columns
        || is_prose(table, words)
        || is_stretched(table, words)
    {
        return false;
    }
    // Signs between columns are those of a formula.
    if table.cells.iter().any(|c| c.text == "=" || c.text.ends_with(" =")) {
        return false;
    }
    let read = table.cells.iter().flat_map(|c| &c.words).map(|&i| &words[i as usize]);
    if mean_confidence(read).is_some_and(|c| c < SURE) {
        return false;
    }
    let markers = texts(0).filter(|c| is_marker(&c.text)).count();
    if markers * 2 > texts(0).count() {
        return false;
    }
    let mut all = table.cells.iter().flat_map(|c| &c.words).map(|&i| &words[i as usize]);
    if all.all(|w| w.style.mono == Some(true)) {
        // Columns in the output of a program.
        return false;
    }
    let leaders =
        table.cells.iter().filter(|c| c.text.contains("....") || c.text.contains(". . .")).count();
    if leaders * 3 > table.rows {
        return false;
    }
    if table.columns == 2 {
        let page_numbers = texts(1).filter(|c| is_page_number(&c.text)).count();
        let wordy = texts(0).filter(|c| c.text.chars().any(char::is_alphabetic)).count();
        if page_numbers * 5 >= texts(1).count() * 4 && wordy * 2 > table.rows && ascending(texts(1))
        {
            return false;
        }
    }
    true
}

/// Whether the cells read on into each other over narrow gaps: lines of text whose spaces were
/// stretched to fill the column.
fn is_stretched(table: &Table, words: &[Word]) -> bool {
    /// Wider gaps than this many ems (median) part columns.
    const NARROW: f32 = 1.7;
    let (mut small, mut all) = (0usize, 0usize);
    let mut gaps: Vec<f32> = Vec::new();
    let filled: Vec<&Cell> = table.cells.iter().filter(|c| !c.words.is_empty()).collect();
    for (n, cell) in filled.iter().enumerate() {
        let Some(first) = cell.text.chars().next() else { continue };
        all += 1;
        small += usize::from(first.is_lowercase());
        let Some(next) = filled.get(n + 1).filter(|next| next.row == cell.row) else { continue };
        let of = |c: &Cell| -> Vec<Rect<Pt>> {
            c.words.iter().map(|&i| words[i as usize].rect).collect()
        };
        let right = of(cell).iter().map(|r| r.max.x).fold(f32::MIN, f32::max);
        let left = of(next).iter().map(|r| r.min.x).fold(f32::MAX, f32::min);
        let em = words[cell.words[0] as usize].style.size.max(1.0);
        gaps.push((left - right) / em);
    }
    gaps.sort_by(f32::total_cmp);
    let usual = gaps.get(gaps.len() / 2).copied().unwrap_or(f32::MAX);
    usual < NARROW && small * 2 > all
}

/// A list marker alone in its cell. A bare number is none: tables number their rows.
fn is_marker(text: &str) -> bool {
    let sign = text.chars().count() == 1 && !text.chars().any(char::is_alphanumeric);
    sign || lists::starts_item(&format!("{text} x"))
}

fn is_page_number(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty()
        && text.len() <= 4
        && (text.chars().all(|c| c.is_ascii_digit()) || text.chars().all(|c| "ivxlc".contains(c)))
}

fn ascending<'a>(cells: impl Iterator<Item = &'a Cell>) -> bool {
    let numbers: Vec<u32> = cells.filter_map(|c| c.text.trim().parse().ok()).collect();
    numbers.windows(2).all(|w| w[0] <= w[1])
}

/// Where to cut one row of a ruled grid into several: y positions before lines of text that start
/// a row. `cells` are the cells of the row with their boxes.
///
/// A line starts a row when, in most columns, its first word would have fitted behind the line
/// above: text wraps only where it must.
pub(super) fn row_cuts(cells: &[(Rect<Pt>, &[u32])], words: &[Word], em: f32) -> Vec<f32> {
    let columns: Vec<(&Rect<Pt>, Vec<TextRow>)> = cells
        .iter()
        .filter(|(_, indices)| !indices.is_empty())
        .map(|(r, indices)| (r, text_rows(indices, words)))
        .collect();
    if columns.len() < 2 {
        return Vec::new();
    }
    let all: Vec<u32> = cells.iter().flat_map(|(_, indices)| indices.iter().copied()).collect();
    let bands = text_rows(&all, words);
    let mut cuts = Vec::new();
    for pair in bands.windows(2) {
        let (above, below) = (&pair[0].rect, &pair[1].rect);
        let in_band = |rows: &[TextRow], band: &Rect<Pt>| {
            rows.iter().position(|r| r.rect.overlap_y(band) > 0.5 * r.rect.height())
        };
        let (mut starts, mut wraps, mut both) = (0usize, 0usize, 0usize);
        let mut stub = false;
        for (n, (cell, rows)) in columns.iter().enumerate() {
            let Some(k) = in_band(rows, below) else { continue };
            stub |= n == 0;
            let since = cuts.last().copied().unwrap_or(f32::MIN);
            both += usize::from(rows[..k].iter().any(|r| r.rect.mid_y() > since));
            let Some(before) = in_band(rows, above).or(k.checked_sub(1)) else {
                starts += 1;
                continue;
            };
            if fits(cell, &rows[before], &rows[k], words, em) {
                starts += 1;
            } else {
                wraps += 1;
            }
        }
        // Cells centred beside a longer one start below its first line, but alone.
        if starts >= 2
            && starts * if stub { 2 } else { 3 } >= columns.len() * if stub { 1 } else { 2 }
            && starts > 2 * wraps
            && both * 2 >= columns.len()
        {
            cuts.push(0.5 * (above.mid_y() + below.mid_y()));
        }
    }
    cuts
}

/// Whether the first word of a line had fitted behind the line before it in its cell, or both are
/// plain numbers.
fn fits(cell: &Rect<Pt>, before: &TextRow, line: &TextRow, words: &[Word], em: f32) -> bool {
    let numeric = |row: &TextRow| {
        row.pieces.iter().flat_map(|p| &p.words).all(|&i| {
            let text = &words[i as usize].text;
            text.chars().any(|c| c.is_ascii_digit()) && !text.chars().any(char::is_alphabetic)
        })
    };
    if numeric(before) && numeric(line) {
        return true;
    }
    let first = line.pieces.first().and_then(|p| p.words.first());
    if first.is_some_and(|&i| words[i as usize].text.starts_with(char::is_lowercase)) {
        return false;
    }
    let width = first.map_or(0.0, |&i| words[i as usize].rect.width());
    // Cells have some padding on their right.
    cell.width() - before.rect.width() > width + 1.2 * em
}
