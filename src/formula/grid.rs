//! Several rows: matrices, cases, lines of a display.

use super::atoms::{Atom, largest};
use super::node::{Grid, Node, Row};
use super::symbols::Class;
use super::tree;
use crate::geometry::{Pt, Rect, RectExt, bounds};

/// What is as large as this share of the largest stands on a line of its own rather than being a
/// script (scripts are 0.7 of their base, or 0.75 where sizes are few).
pub(super) const FULL_SIZE: f32 = 0.8;
/// Baselines further apart than this many ems are two rows.
const ROW_GAP: f32 = 0.7;
/// Columns are parted by room of so many ems that runs through all rows; matrices have one em.
const COLUMN_GAP: f32 = 0.6;
/// Relations of aligned rows begin at one place, within this many ems.
const ALIGNED: f32 = 0.2;

/// The rows in which atoms stand; `None` for a single one.
pub(super) fn rows(atoms: &[Atom]) -> Option<Vec<Vec<Atom>>> {
    let em = largest(atoms);
    let is_anchor = |a: &&Atom| a.size >= FULL_SIZE * em;
    let mut anchors: Vec<&Atom> = atoms.iter().filter(is_anchor).collect();
    anchors.sort_by(|a, b| a.line().total_cmp(&b.line()));
    let mut bands: Vec<(f32, Rect<Pt>)> = Vec::new();
    for anchor in anchors {
        match bands.last_mut() {
            Some((line, around)) if anchor.line() - *line < ROW_GAP * em => {
                *around = around.around(&anchor.ink);
                // The row goes on from its lowest baseline, so that steps of a few points cannot
                // chain rows that are far apart: only what is level counts.
                if (anchor.line() - *line).abs() < 0.1 * em {
                    *line = anchor.line();
                }
            }
            _ => bands.push((anchor.line(), anchor.ink)),
        }
    }
    if bands.len() < 2 {
        return None;
    }
    let mut rows: Vec<Vec<Atom>> = vec![Vec::new(); bands.len()];
    for atom in atoms {
        let full = atom.size >= FULL_SIZE * em;
        let away = |(line, band): &(f32, Rect<Pt>)| {
            if full {
                return (atom.line() - line).abs();
            }
            let y = atom.ink.mid_y();
            (band.min.y - y).max(y - band.max.y).max(0.0) + 0.01 * (y - band.mid_y()).abs()
        };
        let nearest = (0..bands.len()).min_by(|&a, &b| away(&bands[a]).total_cmp(&away(&bands[b])));
        if let Some(row) = nearest.and_then(|n| rows.get_mut(n)) {
            row.push(atom.clone());
        }
    }
    rows.retain(|row| !row.is_empty());
    (rows.len() > 1).then_some(rows)
}

/// Rows that stand within brackets or alone, cut into columns.
pub(super) fn grid(rows: Vec<Vec<Atom>>, depth: usize) -> Node {
    let em = largest(rows.iter().flatten());
    let cuts = columns(&rows, COLUMN_GAP * em);
    let cells = |row: Vec<Atom>| -> Vec<Row> {
        let mut cells: Vec<Vec<Atom>> = vec![Vec::new(); cuts.len() + 1];
        for atom in row {
            let column = cuts.iter().take_while(|cut| atom.ink.mid_x() > **cut).count();
            cells[column].push(atom);
        }
        cells.into_iter().map(|cell| tree::parse_at(cell, depth + 1)).collect()
    };
    Node::Grid { kind: Grid::Plain, rows: rows.into_iter().map(cells).collect() }
}

/// Where room runs through all rows, from left to right.
fn columns(rows: &[Vec<Atom>], least: f32) -> Vec<f32> {
    let mut spans: Vec<(f32, f32)> =
        rows.iter().flatten().map(|a| (a.ink.min.x, a.ink.max.x)).collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut reach = f32::MAX;
    let mut cuts = Vec::new();
    for (left, right) in spans {
        if left - reach > least {
            cuts.push(0.5 * (left + reach));
        }
        reach = if reach == f32::MAX { right } else { reach.max(right) };
    }
    cuts
}

/// The rows of a display, aligned at their relations where these stand below each other.
pub(super) fn display(rows: Vec<Vec<Atom>>) -> Node {
    let em = largest(rows.iter().flatten());
    let relations = |row: &[Atom]| -> Vec<f32> {
        let Some(line) = tree::baseline(row) else { return Vec::new() };
        let on_line = |a: &&Atom| {
            a.class() == Some(Class::Rel)
                && a.size >= FULL_SIZE * em
                && (a.line() - line).abs() < 0.2 * em
        };
        row.iter().filter(on_line).map(|a| a.left).collect()
    };
    let all: Vec<Vec<f32>> = rows.iter().map(|row| relations(row)).collect();
    let shared =
        |x: f32| all.iter().filter(|row| row.iter().any(|r| (r - x).abs() < ALIGNED * em)).count();
    let best = all.iter().flatten().copied().max_by(|a, b| {
        // The leftmost of those that most rows share.
        shared(*a).cmp(&shared(*b)).then(b.total_cmp(a))
    });
    let best = best.filter(|x| shared(*x) > 1);
    let rows = rows
        .into_iter()
        .map(|row| {
            let Some(x) = best else { return vec![tree::parse_at(row, 1)] };
            let (left, right): (Vec<Atom>, Vec<Atom>) =
                row.into_iter().partition(|a| a.ink.mid_x() < x - 0.1 * em);
            vec![tree::parse_at(left, 1), tree::parse_at(right, 1)]
        })
        .collect();
    Node::Grid { kind: Grid::Aligned, rows }
}

/// Two rows in round brackets that stand as far apart as numbers of a binomial do, and not as rows of
/// a matrix: TeX sets these 1.2 ems apart, and those 1.36 ems in a display, or small.
pub(super) fn is_binomial(rows: &[Vec<Atom>], outer: f32) -> bool {
    let [over, under] = rows else { return false };
    let (Some(a), Some(b)) = (tree::baseline(over), tree::baseline(under)) else { return false };
    let size = largest(over.iter().chain(under));
    let Some(width) = bounds(over.iter().chain(under).map(|a| a.ink)).map(|r| r.width()) else {
        return false;
    };
    let step = (b - a) / size;
    columns(rows, COLUMN_GAP * size).is_empty()
        && width < 8.0 * size
        && (step > 1.27 || size < FULL_SIZE * outer)
}
