//! Ruling lines to a grid of cells (edges → crossings → cells; Nurminen 2013).

use crate::geometry::{Pt, Rect, RectExt, bounds, rect};
use crate::page::Rule;

/// Lines nearer than this many ems are one line (double rules, sides of neighbouring cells).
const MERGE: f32 = 0.35;
/// A crossing may miss by this many ems.
const REACH: f32 = 0.5;
/// An edge of a cell is drawn when lines cover this share of it.
const EDGE: f32 = 0.6;

/// A line of a grid: its place across, and the stretch it covers along.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::layout) struct Line {
    pub(super) at: f32,
    pub(super) from: f32,
    pub(super) to: f32,
}

/// Lines that hang together.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::layout) struct Frame {
    pub(super) horizontal: Vec<Line>,
    pub(super) vertical: Vec<Line>,
}

impl Frame {
    pub(super) fn rect(&self) -> Option<Rect<Pt>> {
        let h = self.horizontal.iter().map(|l| rect(l.from, l.at, l.to, l.at));
        let v = self.vertical.iter().map(|l| rect(l.at, l.from, l.at, l.to));
        bounds(h.chain(v))
    }
}

/// Merges pieces of the same line: near each other across, touching along.
fn merge(mut lines: Vec<Line>, em: f32) -> Vec<Line> {
    lines.sort_by(|a, b| a.at.total_cmp(&b.at).then(a.from.total_cmp(&b.from)));
    let mut out: Vec<Line> = Vec::new();
    for line in lines {
        let known = out
            .iter_mut()
            .rev()
            .take_while(|o| line.at - o.at <= MERGE * em)
            .find(|o| line.from <= o.to + REACH * em && line.to >= o.from - REACH * em);
        match known {
            Some(known) => {
                known.from = known.from.min(line.from);
                known.to = known.to.max(line.to);
            }
            None => out.push(line),
        }
    }
    out
}

/// Sorts rules into frames of lines that cross or touch.
pub(in crate::layout) fn frames(rules: &[Rule], em: f32) -> Vec<Frame> {
    let (mut horizontal, mut vertical) = (Vec::new(), Vec::new());
    for rule in rules {
        let r = &rule.rect;
        if rule.is_horizontal() {
            horizontal.push(Line { at: r.mid_y(), from: r.min.x, to: r.max.x });
        } else {
            vertical.push(Line { at: r.mid_x(), from: r.min.y, to: r.max.y });
        }
    }
    let horizontal = merge(horizontal, em);
    let vertical = merge(vertical, em);
    let reach = REACH * em;
    let touches = |h: &Line, v: &Line| {
        v.at >= h.from - reach
            && v.at <= h.to + reach
            && h.at >= v.from - reach
            && h.at <= v.to + reach
    };
    // Union by repeated flooding: a page has few hundred lines.
    let n = horizontal.len();
    let mut group: Vec<usize> = (0..n + vertical.len()).collect();
    fn root(group: &mut [usize], mut i: usize) -> usize {
        while group[i] != i {
            group[i] = group[group[i]];
            i = group[i];
        }
        i
    }
    for (i, h) in horizontal.iter().enumerate() {
        for (j, v) in vertical.iter().enumerate() {
            if touches(h, v) {
                let (a, b) = (root(&mut group, i), root(&mut group, n + j));
                group[a.max(b)] = a.min(b);
            }
        }
    }
    let mut frames: std::collections::BTreeMap<usize, Frame> = std::collections::BTreeMap::new();
    for i in 0..group.len() {
        let r = root(&mut group, i);
        let frame = frames.entry(r).or_default();
        if i < n {
            frame.horizontal.push(horizontal[i]);
        } else {
            frame.vertical.push(vertical[i - n]);
        }
    }
    frames.into_values().collect()
}

/// Rows, columns, and which elementary cells belong together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Grid {
    /// Sides of columns, ascending; one more than columns.
    pub(super) xs: Vec<f32>,
    /// Sides of rows, ascending; one more than rows.
    pub(super) ys: Vec<f32>,
    /// Cells as (row, column, row span, column span).
    pub(super) cells: Vec<(usize, usize, usize, usize)>,
}

impl Grid {
    pub(super) fn rows(&self) -> usize {
        self.ys.len().saturating_sub(1)
    }

    pub(super) fn columns(&self) -> usize {
        self.xs.len().saturating_sub(1)
    }

    pub(super) fn rect_of(&self, cell: (usize, usize, usize, usize)) -> Rect<Pt> {
        let (r, c, rs, cs) = cell;
        rect(self.xs[c], self.ys[r], self.xs[c + cs], self.ys[r + rs])
    }

    /// Builds the grid of a frame. Missing outer sides are taken as drawn.
    pub(super) fn new(frame: &Frame, em: f32) -> Option<Self> {
        let around = frame.rect()?;
        let mut xs: Vec<f32> = frame.vertical.iter().map(|l| l.at).collect();
        let mut ys: Vec<f32> = frame.horizontal.iter().map(|l| l.at).collect();
        xs.extend([around.min.x, around.max.x]);
        ys.extend([around.min.y, around.max.y]);
        let xs = cluster(xs, MERGE * em);
        let ys = cluster(ys, MERGE * em);
        let (rows, columns) = (ys.len().checked_sub(1)?, xs.len().checked_sub(1)?);
        /// Larger grids are drawings (millimetre paper, plots).
        const MAX_CELLS: usize = 20_000;
        if rows == 0 || columns == 0 || rows * columns > MAX_CELLS {
            return None;
        }
        let mut grid = Self { xs, ys, cells: Vec::new() };
        grid.join(frame, em);
        Some(grid)
    }

    /// Joins elementary cells that no line parts, into rectangles.
    fn join(&mut self, frame: &Frame, em: f32) {
        let (rows, columns) = (self.rows(), self.columns());
        let covered = |lines: &[Line], at: f32, from: f32, to: f32| {
            let length: f32 = lines
                .iter()
                .filter(|l| (l.at - at).abs() <= MERGE * em)
                .map(|l| (l.to.min(to) - l.from.max(from)).max(0.0))
                .sum();
            length >= EDGE * (to - from)
        };
        // right[r][c]: a line parts (r, c) from (r, c + 1); below likewise.
        let right = |r: usize, c: usize| {
            covered(&frame.vertical, self.xs[c + 1], self.ys[r], self.ys[r + 1])
        };
        let below = |r: usize, c: usize| {
            covered(&frame.horizontal, self.ys[r + 1], self.xs[c], self.xs[c + 1])
        };
        let mut taken = vec![vec![false; columns]; rows];
        let mut cells = Vec::new();
        for r in 0..rows {
            for c in 0..columns {
                if taken[r][c] {
                    continue;
                }
                let mut cs = 1;
                while c + cs < columns && !taken[r][c + cs] && !right(r, c + cs - 1) {
                    cs += 1;
                }
                let mut rs = 1;
                while r + rs < rows
                    && (c..c + cs).all(|k| !taken[r + rs][k] && !below(r + rs - 1, k))
                    && (c..c + cs - 1).all(|k| !right(r + rs, k))
                {
                    rs += 1;
                }
                for row in taken.iter_mut().skip(r).take(rs) {
                    row[c..c + cs].fill(true);
                }
                cells.push((r, c, rs, cs));
            }
        }
        self.cells = cells;
    }
}

/// Merges values nearer than `tolerance` into their mean.
pub(super) fn cluster(mut values: Vec<f32>, tolerance: f32) -> Vec<f32> {
    values.sort_by(f32::total_cmp);
    let mut groups: Vec<Vec<f32>> = Vec::new();
    for v in values {
        match groups.last_mut() {
            Some(group) if group.last().is_some_and(|&last| v - last <= tolerance) => group.push(v),
            _ => groups.push(vec![v]),
        }
    }
    groups.iter().map(|g| g.iter().sum::<f32>() / g.len() as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn h(y: f32, from: f32, to: f32) -> Rule {
        Rule { rect: rect(from, y, to, y + 0.5) }
    }

    fn v(x: f32, from: f32, to: f32) -> Rule {
        Rule { rect: rect(x, from, x + 0.5, to) }
    }

    #[test]
    fn a_full_grid_has_all_cells() {
        let rules = [
            h(0.0, 0.0, 90.0),
            h(20.0, 0.0, 90.0),
            h(40.0, 0.0, 90.0),
            v(0.0, 0.0, 40.0),
            v(45.0, 0.0, 40.0),
            v(90.0, 0.0, 40.0),
        ];
        let frames = frames(&rules, 10.0);
        assert_eq!(frames.len(), 1);
        let grid = Grid::new(&frames[0], 10.0).unwrap();
        assert_eq!(grid.cells, [(0, 0, 1, 1), (0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 1, 1)]);
    }

    #[test]
    fn a_missing_edge_joins_cells() {
        // The line between the columns stands in the second row only.
        let rules = [
            h(0.0, 0.0, 90.0),
            h(20.0, 0.0, 90.0),
            h(40.0, 0.0, 90.0),
            v(0.0, 0.0, 40.0),
            v(45.0, 20.0, 40.0),
            v(90.0, 0.0, 40.0),
        ];
        let grid = Grid::new(&frames(&rules, 10.0)[0], 10.0).unwrap();
        assert_eq!(grid.cells, [(0, 0, 1, 2), (1, 0, 1, 1), (1, 1, 1, 1)]);
    }

    #[test]
    fn lines_apart_are_different_frames() {
        assert_eq!(
            frames(&[h(0.0, 0.0, 90.0), v(0.0, 0.0, 40.0), h(300.0, 0.0, 90.0)], 10.0).len(),
            2
        );
    }
}
