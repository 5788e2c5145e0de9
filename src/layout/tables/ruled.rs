//! Tables with ruling lines on all or most sides of their cells.

use super::grid::{Frame, Grid, Line};
use super::{Basis, FoundTable, cell};
use super::{aligned, rows};
use crate::document::{Cell, Table, Word};
use crate::geometry::{Pt, Rect, RectExt, rect};

/// At least this share of a grid's cells holds text; fewer is a chart's lattice or a form's boxes.
const MIN_FILLED: f32 = 0.3;

/// Row, column, row span, column span.
type Place = (usize, usize, usize, usize);

/// A cell with its box and its words.
type Placed = (Place, Rect<Pt>, Vec<u32>);

/// Finds tables among the frames of a page. `free` are the words that may go into tables.
pub(in crate::layout) fn find(
    frames: &[Frame],
    words: &[Word],
    free: &[u32],
    em: f32,
) -> Vec<FoundTable> {
    let mut closed: Vec<(Rect<Pt>, &Frame)> = frames
        .iter()
        .filter(|f| !f.vertical.is_empty() && !f.horizontal.is_empty())
        .filter_map(|f| Some((f.rect()?, f)))
        .collect();
    // The largest first: a frame inside another one's cell belongs to the outer table.
    closed.sort_by(|a, b| b.0.area().total_cmp(&a.0.area()));
    let mut left = free.to_vec();
    let mut out: Vec<FoundTable> = Vec::new();
    for (around, frame) in closed {
        let (inside, outside): (Vec<u32>, Vec<u32>) =
            left.iter().partition(|&&i| around.contains(words[i as usize].rect.center()));
        if inside.is_empty() {
            continue;
        }
        if let Some((taller, row)) = with_head(frame, around, &outside, words, em)
            && let Some(area) = taller.rect()
        {
            let both: Vec<u32> = inside.iter().chain(&row).copied().collect();
            if let Some(found) = table(&taller, area, &both, words, em) {
                out.push(found);
                left = outside.into_iter().filter(|i| !row.contains(i)).collect();
                continue;
            }
        }
        if let Some(found) = table(frame, around, &inside, words, em) {
            out.push(found);
            left = outside;
        }
    }
    out
}

/// A head that stands above the topmost line: a row right above the frame with a piece of text over
/// each column, the first perhaps left out. Gives the frame with lines around the head, and the
/// words of the head.
fn with_head(
    frame: &Frame,
    around: Rect<Pt>,
    outside: &[u32],
    words: &[Word],
    em: f32,
) -> Option<(Frame, Vec<u32>)> {
    /// The head stands within this many ems above the line.
    const NEAR: f32 = 1.2;
    let grid = Grid::new(frame, em)?;
    let band = rect(around.min.x, around.min.y - (NEAR + 1.0) * em, around.max.x, around.min.y);
    let near: Vec<u32> = outside
        .iter()
        .copied()
        .filter(|&i| band.contains(words[i as usize].rect.center()))
        .collect();
    let row = aligned::last_row(&near, words)?;
    let pieces: Vec<Rect<Pt>> = row.iter().map(|p| p.rect).collect();
    let bottom = pieces.iter().map(|r| r.max.y).fold(f32::MIN, f32::max);
    let top = pieces.iter().map(|r| r.min.y).fold(f32::MAX, f32::min);
    let columns: Option<Vec<usize>> = pieces
        .iter()
        .map(|r| (0..grid.columns()).find(|&c| grid.xs[c] <= r.min.x && r.max.x <= grid.xs[c + 1]))
        .collect();
    let columns = columns?;
    let apart = columns.windows(2).all(|w| w[0] < w[1]);
    let enough = columns.len() >= 2 && columns.len() + 1 >= grid.columns();
    if !apart || !enough || around.min.y - bottom > NEAR * em {
        return None;
    }
    let mut taller = frame.clone();
    let above = top - 0.5 * em;
    taller.horizontal.push(Line { at: above, from: around.min.x, to: around.max.x });
    taller.vertical.extend(grid.xs.iter().map(|&at| Line { at, from: above, to: around.min.y }));
    taller.horizontal.push(Line { at: around.min.y, from: around.min.x, to: around.max.x });
    Some((taller, row.into_iter().flat_map(|p| p.words).collect()))
}

fn table(
    frame: &Frame,
    around: Rect<Pt>,
    inside: &[u32],
    words: &[Word],
    em: f32,
) -> Option<FoundTable> {
    let grid = Grid::new(frame, em)?;
    let mut cells: Vec<(Place, Vec<u32>)> = grid.cells.iter().map(|&c| (c, Vec::new())).collect();
    for &index in inside {
        let at = words[index as usize].rect.center();
        let found = cells.iter_mut().find(|(c, _)| grid.rect_of(*c).contains(at));
        // The grid covers the frame; rounding at its outer side may still miss a word.
        let target = match found {
            Some(hit) => hit,
            None => cells.iter_mut().min_by(|a, b| {
                let d = |c| {
                    let r: Rect<Pt> = grid.rect_of(c);
                    (r.center() - at).square_length()
                };
                d(a.0).total_cmp(&d(b.0))
            })?,
        };
        target.1.push(index);
    }
    // Grid lines of charts run through their labels; rules of tables never do.
    let struck = inside
        .iter()
        .filter(|&&i| {
            let r = &words[i as usize].rect;
            frame.horizontal.iter().any(|l| {
                l.from < r.mid_x()
                    && r.mid_x() < l.to
                    && (l.at - r.mid_y()).abs() < 0.2 * r.height()
            })
        })
        .count();
    if struck * 5 > inside.len() {
        return None;
    }
    let filled = cells.iter().filter(|(_, w)| !w.is_empty()).count();
    if filled < 2 || (filled as f32) < MIN_FILLED * cells.len() as f32 {
        return None;
    }
    let cells = part_spans(&grid, cells, words, em);
    let table = Rows::split(&grid, cells, words, em).into_table(words);
    (table.rows >= 2 && table.columns >= 2 && has_two_columns(&table)).then_some(FoundTable {
        rect: around,
        table,
        basis: Basis::Grid,
        rival: None,
    })
}

/// Parts cells that span columns only because their sides are not drawn: many tables rule the
/// columns of their head alone. A side is missing where text stands on both sides of it, apart by
/// more than a word space, and none across it.
fn part_spans(
    grid: &Grid,
    cells: Vec<(Place, Vec<u32>)>,
    words: &[Word],
    em: f32,
) -> Vec<(Place, Vec<u32>)> {
    /// The gap in a line of text across a missing side, in ems.
    const GAP: f32 = 0.6;
    let mut out = Vec::with_capacity(cells.len());
    for ((r, c, rs, cs), indices) in cells {
        let parted = |x: f32| {
            let side = |keep: &dyn Fn(&Rect<Pt>) -> bool| {
                indices.iter().map(|&i| words[i as usize].rect).filter(keep).collect::<Vec<_>>()
            };
            let left = side(&|w| w.mid_x() < x);
            let right = side(&|w| w.mid_x() >= x);
            !left.is_empty()
                && !right.is_empty()
                && left.iter().all(|a| {
                    a.max.x < x + 0.5 * GAP * em
                        && right
                            .iter()
                            .filter(|b| a.overlap_y(b) > 0.5 * b.height())
                            .all(|b| b.min.x - a.max.x >= GAP * em)
                })
                && right.iter().all(|b| b.min.x > x - 0.5 * GAP * em)
        };
        let mut from = c;
        let mut left = indices.clone();
        for side in c + 1..c + cs {
            let x = grid.xs[side];
            if !parted(x) {
                continue;
            }
            let (here, rest): (Vec<u32>, Vec<u32>) =
                left.iter().partition(|&&i| words[i as usize].rect.mid_x() < x);
            out.push(((r, from, rs, side - from), here));
            from = side;
            left = rest;
        }
        out.push(((r, from, rs, c + cs - from), left));
    }
    out
}

/// Whether text stands in more than one column (a stack of boxes is no table).
fn has_two_columns(table: &Table) -> bool {
    let used = |c: &&Cell| !c.words.is_empty() && c.column_span < table.columns;
    let first = table.cells.iter().find(used).map(|c| c.column);
    table.cells.iter().filter(used).any(|c| Some(c.column) != first)
}

/// Cells by final row, while rows are still being split.
struct Rows {
    rows: usize,
    columns: usize,
    cells: Vec<Placed>,
}

impl Rows {
    /// Splits rows of the grid in which several lines of text stand side by side in most columns:
    /// tables often rule columns, and the head, but not every row.
    fn split(grid: &Grid, cells: Vec<(Place, Vec<u32>)>, words: &[Word], em: f32) -> Self {
        // Cuts (in points) inside each row of the grid.
        let cuts: Vec<Vec<f32>> = (0..grid.rows())
            .map(|row| {
                let members: Vec<(Rect<Pt>, &[u32])> = cells
                    .iter()
                    .filter(|(c, _)| c.0 == row && c.2 == 1)
                    .map(|(c, w)| (grid.rect_of(*c), w.as_slice()))
                    .collect();
                let spanned = cells
                    .iter()
                    .any(|(c, w)| c.2 > 1 && c.0 <= row && row < c.0 + c.2 && !w.is_empty());
                if spanned { Vec::new() } else { rows::row_cuts(&members, words, em) }
            })
            .collect();
        let first: Vec<usize> = cuts
            .iter()
            .scan(0, |at, c| {
                let here = *at;
                *at += c.len() + 1;
                Some(here)
            })
            .collect();
        let rows = cuts.iter().map(|c| c.len() + 1).sum();
        let mut out = Vec::new();
        for ((r, c, rs, cs), indices) in cells {
            let rect = grid.rect_of((r, c, rs, cs));
            let last = r + rs - 1;
            let span = first[last] + cuts[last].len() + 1 - first[r];
            if rs > 1 || cuts[r].is_empty() {
                out.push(((first[r], c, span, cs), rect, indices));
                continue;
            }
            for part in 0..=cuts[r].len() {
                let top = part.checked_sub(1).map_or(rect.min.y, |p| cuts[r][p]);
                let bottom = cuts[r].get(part).copied().unwrap_or(rect.max.y);
                let here: Vec<u32> = indices
                    .iter()
                    .copied()
                    .filter(|&i| {
                        let y = words[i as usize].rect.mid_y();
                        (part == 0 || y >= top) && (part == cuts[r].len() || y < bottom)
                    })
                    .collect();
                let piece = crate::geometry::rect(rect.min.x, top, rect.max.x, bottom);
                out.push(((first[r] + part, c, 1, cs), piece, here));
            }
        }
        Self { rows, columns: grid.columns(), cells: out }
    }

    /// Drops rows and columns without any text (double rules, margins), and builds the table.
    fn into_table(self, words: &[Word]) -> Table {
        let used = |axis: fn(&Place) -> (usize, usize), n: usize| {
            let mut used = vec![false; n];
            for (c, _, w) in &self.cells {
                if !w.is_empty() {
                    // A spanning cell keeps its first line only: others must earn their place.
                    used[axis(c).0] = true;
                }
            }
            used
        };
        let rows = used(|c| (c.0, c.2), self.rows);
        let columns = used(|c| (c.1, c.3), self.columns);
        let place = |kept: &[bool], at: usize| kept[..at].iter().filter(|k| **k).count();
        let extent =
            |kept: &[bool], at: usize, n: usize| kept[at..at + n].iter().filter(|k| **k).count();
        let mut cells: Vec<Cell> = Vec::new();
        for ((r, c, rs, cs), rect, indices) in &self.cells {
            let (row_span, column_span) = (extent(&rows, *r, *rs), extent(&columns, *c, *cs));
            if row_span == 0 || column_span == 0 {
                continue;
            }
            let at = (place(&rows, *r), place(&columns, *c));
            cells.push(cell(at, (row_span, column_span), *rect, indices, words));
        }
        cells.sort_by_key(|c| (c.row, c.column));
        // Cells that span down from the first row say how deep the head is.
        let deep = cells.iter().filter(|c| c.row == 0).map(|c| c.row_span).max().unwrap_or(1);
        for c in cells.iter_mut().filter(|c| c.row < deep && deep < rows.len()) {
            c.header = true;
        }
        Table {
            rows: rows.iter().filter(|k| **k).count(),
            columns: columns.iter().filter(|k| **k).count(),
            cells,
            continues: None,
        }
    }
}
