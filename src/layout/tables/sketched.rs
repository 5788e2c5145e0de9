//! A model's grid laid over the words of a table.
//!
//! What the model says of rows, columns and spans is good, where it says they stand is rough (off by
//! up to half a cell). So lines of text are shared out among its rows in their order, as cheaply as
//! can be (dynamic programming), and columns are parted in white space near where it parts them.

use super::aligned::{TextRow, text_rows};
use super::evidence::consistency;
use super::{Basis, FoundTable, cell};
use crate::document::{Cell, Table, Word};
use crate::geometry::{Pt, Rect, RectExt, bounds, rect};
use crate::page::{SketchCell, TableSketch};

/// A word lies over a cut when it reaches beyond it by this many ems on both sides: boxes are no
/// better than that.
const OVER: f32 = 0.15;
/// Words nearer than this many ems stand in one cell.
const SPACE: f32 = 0.4;
/// A sketch that has more than this share of its words astray does not fit.
const ASTRAY: f32 = 0.05;
/// A sketch speaks for and against what shares so much of its part of the page.
const SAME: f32 = 0.5;
/// From this on the model is sure: its grids are right in nine of ten tables ...
const SURE: f32 = 0.994;
/// ... whose rows may then lower the consistency by so much: rows more, cells empty in them.
const LEEWAY: f32 = 0.2;
/// Below this, it is no witness, and what it saw is perhaps no table.
const DOUBTFUL: f32 = 0.96;
/// Rounds in which rows are moved to where their lines stand.
const ROUNDS: usize = 3;
/// How much a line in the box of a row prefers the middle of it.
const MIDDLE: f32 = 0.1;

/// Puts the sketch's grid in the place of the table's own where it is the better one.
pub(in crate::layout) fn improve(
    table: &mut FoundTable,
    sketches: &[TableSketch],
    words: &[Word],
    em: f32,
) {
    if !table.basis.is_doubtful() {
        return;
    }
    let Some(sketch) = of(table, sketches, em) else { return };
    // The plain reading was given up for one that looked better: two of three agree.
    if let Some(plain) = table.rival.take()
        && shape(&plain) == (sketch.rows, sketch.columns)
    {
        table.table = plain;
        return;
    }
    if let Some(fitted) = better(table, sketch, words, em) {
        *table = fitted;
    }
}

/// The sketch's grid with the table's words, if that is the better reading.
fn better(table: &FoundTable, sketch: &TableSketch, words: &[Word], em: f32) -> Option<FoundTable> {
    let indices: Vec<u32> = table.words().collect();
    let fitted = fit(sketch, &indices, table.basis, words, em)?;
    fitted.is_better_than(table, sketch).then_some(fitted.found)
}

fn shape(table: &Table) -> (usize, usize) {
    (table.rows, table.columns)
}

/// Whether the model confirms a table of wrapped cells, whose rows are the boldest guess of all: it
/// sees the same grid, or a better one. Where it was not asked, it does not object.
pub(in crate::layout) fn confirms(
    sketches: &[TableSketch],
    table: &FoundTable,
    words: &[Word],
    em: f32,
) -> bool {
    of(table, sketches, em).is_none_or(|sketch| {
        shape(&table.table) == (sketch.rows, sketch.columns)
            || better(table, sketch, words, em).is_some()
    })
}

/// Whether the model denies that text which stands aligned is a table: it is in doubt what it sees,
/// and that has other columns.
pub(in crate::layout) fn denies(sketches: &[TableSketch], table: &FoundTable) -> bool {
    let shared = |s: &TableSketch| table.rect.share_in(&s.rect).min(s.rect.share_in(&table.rect));
    table.basis == Basis::Alignment
        && sketches.iter().any(|sketch| {
            shared(sketch) >= SAME
                && sketch.sure < DOUBTFUL
                && sketch.columns != table.table.columns
        })
}

/// The sketch of this table: of the same part of the page, to less than a line of text.
fn of<'a>(table: &FoundTable, sketches: &'a [TableSketch], em: f32) -> Option<&'a TableSketch> {
    let away = |s: &TableSketch| {
        let (a, b) = (&table.rect, &s.rect);
        let sides = [a.min.x - b.min.x, a.min.y - b.min.y, a.max.x - b.max.x, a.max.y - b.max.y];
        sides.into_iter().map(f32::abs).fold(0.0, f32::max)
    };
    let best = sketches.iter().min_by(|a, b| away(a).total_cmp(&away(b)))?;
    (away(best) <= em).then_some(best)
}

/// A table made of a sketch, and how well its words keep to it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fitted {
    pub(super) found: FoundTable,
    /// Share of words that lie over a side of their cell.
    pub(super) over: f32,
    /// Share of words that a side parts from the word before them, although there is no more than a
    /// word space between.
    pub(super) torn: f32,
    /// Share of rows and columns that hold no word.
    pub(super) empty: f32,
}

impl Fitted {
    /// Whether this is the better reading: words keep to its cells, and its cells agree with each
    /// other more than the table's own do. Rows alone are believed sooner where the model is sure of
    /// them: rules can only guess which lines go on in a cell, and a cell of two values agrees with
    /// its column as well as one of one value.
    fn is_better_than(&self, table: &FoundTable, sketch: &TableSketch) -> bool {
        if sketch.sure < DOUBTFUL || self.over > ASTRAY || self.torn > ASTRAY || self.empty > 0.0 {
            return false;
        }
        let gain = consistency(&self.found.table) - consistency(&table.table);
        let rows_alone = self.found.table.columns == table.table.columns
            && self.found.table.rows != table.table.rows;
        gain > 0.0 || rows_alone && sketch.sure >= SURE && gain > -LEEWAY
    }
}

/// Puts words into the cells of a sketch, each into one. `None` where there are fewer lines than
/// rows, or less than two rows or columns.
pub(super) fn fit(
    sketch: &TableSketch,
    indices: &[u32],
    basis: Basis,
    words: &[Word],
    em: f32,
) -> Option<Fitted> {
    let (rows, columns) = (sketch.rows, sketch.columns);
    if rows < 2 || columns < 2 {
        return None;
    }
    let lines = text_rows(indices, words);
    let row_of = share_out(sketch, &lines)?;
    let tiling = Tiling::new(sketch);
    let cuts = cuts(sketch, &tiling, &lines, &row_of, words, em)?;
    let mut held: Vec<Vec<u32>> = vec![Vec::new(); tiling.cells.len()];
    let (mut over, mut torn) = (0usize, 0usize);
    for (line, &row) in lines.iter().zip(&row_of) {
        // The cell of the word before, and where it ends.
        let mut before: Option<(usize, f32)> = None;
        for &i in line.pieces.iter().flat_map(|p| &p.words) {
            let r = &words[i as usize].rect;
            let column = cuts.iter().take_while(|&&cut| r.mid_x() > cut).count();
            let owner = tiling.owner(row, column);
            held[owner].push(i);
            let (_, first, _, wide) = tiling.cells[owner];
            let left = first.checked_sub(1).map(|c| cuts[c]);
            let right = cuts.get(first + wide - 1);
            over += usize::from(
                left.is_some_and(|x| r.min.x < x - OVER * em)
                    || right.is_some_and(|&x| r.max.x > x + OVER * em),
            );
            let apart = before.replace((owner, r.max.x));
            torn += usize::from(apart.is_some_and(|(other, end)| {
                other != owner && (-em..SPACE * em).contains(&(r.min.x - end))
            }));
        }
    }
    let around = bounds(lines.iter().map(|l| l.rect))?;
    let mut xs = vec![around.min.x];
    xs.extend(&cuts);
    xs.push(around.max.x);
    let ys = sides(&lines, &row_of, rows, &around);
    let mut cells: Vec<Cell> = Vec::with_capacity(tiling.cells.len());
    for (&(r, c, high, wide), indices) in tiling.cells.iter().zip(&held) {
        let sides = rect(xs[c], ys[r], xs[c + wide], ys[r + high]);
        cells.push(cell((r, c), (high, wide), sides, indices, words));
    }
    cells.sort_by_key(|c| (c.row, c.column));
    let deep = cells.iter().filter(|c| c.row == 0).map(|c| c.row_span).max().unwrap_or(1);
    for c in cells.iter_mut().filter(|c| c.row < deep.min(rows - 1)) {
        c.header = true;
    }
    let filled = |of: &dyn Fn(&Cell) -> std::ops::Range<usize>, n: usize| {
        let mut full = vec![false; n];
        for c in cells.iter().filter(|c| !c.words.is_empty()) {
            full[of(c)].fill(true);
        }
        full.iter().filter(|f| !**f).count()
    };
    let empty = filled(&|c| c.row..c.row + c.row_span, rows)
        + filled(&|c| c.column..c.column + c.column_span, columns);
    Some(Fitted {
        over: over as f32 / indices.len().max(1) as f32,
        torn: torn as f32 / indices.len().max(1) as f32,
        empty: empty as f32 / (rows + columns) as f32,
        found: FoundTable {
            rect: around,
            table: Table { rows, columns, cells, continues: None },
            basis,
            rival: None,
        },
    })
}

/// Cells that cover a grid, and which of them covers each place, row by row.
struct Tiling {
    columns: usize,
    cells: Vec<Place>,
    owners: Vec<usize>,
}

/// Row, column, row span, column span.
type Place = (usize, usize, usize, usize);

impl Tiling {
    /// The cells of a sketch, cut down where they reach over others or beyond the grid; what none of
    /// them covers are cells of their own.
    fn new(sketch: &TableSketch) -> Self {
        let (rows, columns) = (sketch.rows, sketch.columns);
        let mut taken: Vec<Option<usize>> = vec![None; rows * columns];
        let mut cells: Vec<Place> = Vec::new();
        let single = (0..rows * columns).map(|n| (n / columns, n % columns, 1, 1));
        let drawn = sketch.cells.iter().map(|c| (c.row, c.column, c.row_span, c.column_span));
        for (row, column, row_span, column_span) in drawn.chain(single) {
            let free =
                |r: usize, c: usize| r < rows && c < columns && taken[r * columns + c].is_none();
            let wide = (0..column_span).take_while(|k| free(row, column + k)).count();
            let whole = |r: &usize| (0..wide).all(|k| free(row + r, column + k));
            let high = (0..row_span).take_while(whole).count();
            if wide == 0 || high == 0 {
                continue;
            }
            for r in row..row + high {
                taken[r * columns + column..][..wide].fill(Some(cells.len()));
            }
            cells.push((row, column, high, wide));
        }
        Self { columns, cells, owners: taken.into_iter().flatten().collect() }
    }

    fn owner(&self, row: usize, column: usize) -> usize {
        self.owners[row * self.columns + column]
    }
}

/// Where the sketch has each row (or column): medians over its cells that span no other.
fn bands(
    cells: &[SketchCell],
    n: usize,
    place: fn(&SketchCell) -> (usize, usize),
    side: fn(&Rect<Pt>) -> (f32, f32),
) -> Option<Vec<(f32, f32)>> {
    let mut out: Vec<Option<(f32, f32)>> = Vec::with_capacity(n);
    for k in 0..n {
        let of = |pick: fn((f32, f32)) -> f32| {
            let all = cells.iter().filter(|c| place(c) == (k, 1)).map(|c| pick(side(&c.rect)));
            median(all.collect())
        };
        out.push(of(|s| s.0).zip(of(|s| s.1)));
    }
    // What only spanning cells cover lies between its neighbours.
    let known: Vec<(usize, (f32, f32))> =
        out.iter().enumerate().filter_map(|(k, band)| Some((k, (*band)?))).collect();
    let between = |k: usize| -> Option<(f32, f32)> {
        let before = known.iter().rev().find(|b| b.0 < k);
        let after = known.iter().find(|b| b.0 > k);
        Some(match (before, after) {
            (Some(b), Some(a)) => {
                let share = (k - b.0) as f32 / (a.0 - b.0) as f32;
                let mix = |x: f32, y: f32| x + share * (y - x);
                (mix(b.1.0, a.1.0), mix(b.1.1, a.1.1))
            }
            (Some(b), None) => (b.1.1, b.1.1),
            (None, Some(a)) => (a.1.0, a.1.0),
            (None, None) => return None,
        })
    };
    (0..n).map(|k| out[k].or_else(|| between(k))).collect()
}

fn median(mut values: Vec<f32>) -> Option<f32> {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied()
}

/// The row of each line: ascending, none left out. `None` if there are fewer lines than rows.
fn share_out(sketch: &TableSketch, lines: &[TextRow]) -> Option<Vec<usize>> {
    let mut bands =
        bands(&sketch.cells, sketch.rows, |c| (c.row, c.row_span), |r| (r.min.y, r.max.y))?;
    let mut row_of = cheapest(&bands, lines)?;
    for _ in 1..ROUNDS {
        // The boxes drift as a whole: the least squares of rows to the middle of their lines.
        let points: Vec<(f32, f32)> = bands
            .iter()
            .enumerate()
            .filter_map(|(r, b)| {
                let own = lines.iter().zip(&row_of).filter(|(_, row)| **row == r);
                Some((0.5 * (b.0 + b.1), bounds(own.map(|(l, _)| l.rect))?.mid_y()))
            })
            .collect();
        let n = points.len() as f32;
        let mean = points.iter().fold((0.0, 0.0), |m, p| (m.0 + p.0 / n, m.1 + p.1 / n));
        let spread: f32 = points.iter().map(|p| (p.0 - mean.0).powi(2)).sum();
        let along: f32 = points.iter().map(|p| (p.0 - mean.0) * (p.1 - mean.1)).sum();
        let slope = if spread > 0.0 { (along / spread).clamp(0.8, 1.25) } else { 1.0 };
        for band in &mut bands {
            let moved = |y: f32| mean.1 + slope * (y - mean.0);
            *band = (moved(band.0), moved(band.1));
        }
        let next = cheapest(&bands, lines)?;
        if next == row_of {
            break;
        }
        row_of = next;
    }
    Some(row_of)
}

/// Lines to rows, for the least sum of distances; lines of one row had better stand close.
fn cheapest(bands: &[(f32, f32)], lines: &[TextRow]) -> Option<Vec<usize>> {
    let (n, rows) = (lines.len(), bands.len());
    if n < rows || rows == 0 {
        return None;
    }
    let gaps: Vec<f32> =
        lines.windows(2).map(|w| (w[1].rect.min.y - w[0].rect.max.y).max(0.0)).collect();
    let least = gaps.iter().copied().fold(f32::MAX, f32::min);
    let distance = |line: usize, row: usize| {
        let y = lines[line].rect.mid_y();
        let (top, bottom) = bands[row];
        (top - y).max(y - bottom).max(0.0) + MIDDLE * (y - 0.5 * (top + bottom)).abs()
    };
    // costs[row]: of the lines so far, the last one in this row; came[line][row]: whether the line
    // before it is in the row before.
    let mut costs = vec![f32::MAX; rows];
    let mut came = vec![vec![false; rows]; n];
    costs[0] = distance(0, 0);
    for line in 1..n {
        let joined = gaps[line - 1] - least;
        let before = costs.clone();
        for row in 0..rows {
            let stay = if before[row] < f32::MAX { before[row] + joined } else { f32::MAX };
            let step = row.checked_sub(1).map_or(f32::MAX, |r| before[r]);
            came[line][row] = step < stay;
            let best = step.min(stay);
            costs[row] = if best < f32::MAX { best + distance(line, row) } else { f32::MAX };
        }
    }
    if costs[rows - 1] == f32::MAX {
        return None;
    }
    let mut out = vec![0; n];
    let mut row = rows - 1;
    for line in (0..n).rev() {
        out[line] = row;
        row -= usize::from(came[line][row]);
    }
    Some(out)
}

/// Where columns are parted: between the middles of two columns, at the place that the fewest words
/// lie over, of several such the widest and nearest to the sketch's.
fn cuts(
    sketch: &TableSketch,
    tiling: &Tiling,
    lines: &[TextRow],
    row_of: &[usize],
    words: &[Word],
    em: f32,
) -> Option<Vec<f32>> {
    let columns = sketch.columns;
    let bands =
        bands(&sketch.cells, columns, |c| (c.column, c.column_span), |r| (r.min.x, r.max.x))?;
    let mut out: Vec<f32> = Vec::with_capacity(columns - 1);
    for c in 0..columns - 1 {
        let (left, right) = (bands[c], bands[c + 1]);
        let rough = 0.5 * (left.1 + right.0);
        let from = (0.5 * (left.0 + left.1)).max(out.last().copied().unwrap_or(f32::MIN));
        let to = (0.5 * (right.0 + right.1)).max(from);
        // What a spanning cell holds says nothing about the columns below it.
        let spans = |row: usize| tiling.owner(row, c) == tiling.owner(row, c + 1);
        let boxes: Vec<Rect<Pt>> = lines
            .iter()
            .zip(row_of)
            .filter(|(_, row)| !spans(**row))
            .flat_map(|(line, _)| line.pieces.iter().flat_map(|p| &p.words))
            .map(|&i| words[i as usize].rect)
            .collect();
        out.push(widest(&boxes, (from, to), rough, em));
    }
    Some(out)
}

/// The best place for a cut between two places.
fn widest(boxes: &[Rect<Pt>], (from, to): (f32, f32), rough: f32, em: f32) -> f32 {
    let mut edges = vec![from, to, rough.clamp(from, to)];
    edges.extend(boxes.iter().flat_map(|r| [r.min.x, r.max.x]).filter(|x| (from..=to).contains(x)));
    edges.sort_by(f32::total_cmp);
    edges.dedup();
    // Stretches that equally many words lie over, joined.
    let mut stretches: Vec<(usize, f32, f32)> = Vec::new();
    for pair in edges.windows(2) {
        let mid = 0.5 * (pair[0] + pair[1]);
        let reach = OVER * em;
        let over = boxes.iter().filter(|r| r.min.x + reach < mid && mid < r.max.x - reach).count();
        match stretches.last_mut() {
            Some(last) if last.0 == over => last.2 = pair[1],
            _ => stretches.push((over, pair[0], pair[1])),
        }
    }
    let least = stretches.iter().map(|s| s.0).min().unwrap_or(0);
    let worth = |s: &(usize, f32, f32)| {
        let away = (s.1 - rough).max(rough - s.2).max(0.0);
        (s.2 - s.1) - away
    };
    stretches
        .iter()
        .filter(|s| s.0 == least)
        .max_by(|a, b| worth(a).total_cmp(&worth(b)))
        .map_or(rough, |s| 0.5 * (s.1 + s.2))
}

/// Sides of rows: half-way between their lines.
fn sides(lines: &[TextRow], row_of: &[usize], rows: usize, around: &Rect<Pt>) -> Vec<f32> {
    let mut out = vec![around.min.y];
    for row in 1..rows {
        let above = lines.iter().zip(row_of).filter(|(_, r)| **r < row).map(|(l, _)| l.rect.max.y);
        let below = lines.iter().zip(row_of).filter(|(_, r)| **r >= row).map(|(l, _)| l.rect.min.y);
        let (above, below) = (above.fold(f32::MIN, f32::max), below.fold(f32::MAX, f32::min));
        let side = 0.5 * (above + below);
        out.push(side.max(out[row - 1]));
    }
    out.push(around.max.y.max(out[rows - 1]));
    out
}

#[cfg(test)]
mod tests;
