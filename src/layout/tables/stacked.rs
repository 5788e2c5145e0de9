//! Tables of wrapped cells without ruling lines: blocks of text that stand in columns and in rows
//! at once (after T-Recs; Kieninger & Dengel 1998).
//!
//! Columns of running text have paragraphs that begin wherever they happen to; the blocks of a
//! table begin and end row by row. One column, that with the most blocks, says what the rows are;
//! the blocks of the others must each lie beside one of its blocks.

use super::{Basis, FoundTable, cell};
use crate::document::{Table, Word};
use crate::geometry::{Pt, Rect, RectExt, bounds, rect};
use crate::layout::lines::{Segment, rows};

/// White space between columns, in ems.
const GUTTER: f32 = 0.9;
/// Fewer columns are text beside text.
const MIN_COLUMNS: usize = 3;
/// Fewer rows (with the head) are captions, or a few short texts side by side.
const MIN_ROWS: usize = 4;
/// Pieces of the first row, the head, have at most this many words.
const HEAD_WORDS: usize = 6;
/// White space above a block is more than that between its lines by this many ems.
const EXTRA_GAP: f32 = 0.35;
/// White space between lines of one block, in ems, at most.
const MAX_LEADING: f32 = 0.9;
/// Text further below than this many ems is not of the table.
const MAX_GAP: f32 = 7.0;
/// Share of blocks that may lie beside several blocks of the key column, or beside none.
const ASTRAY: f32 = 0.15;
/// Share of cells that hold text.
const FILLED: f32 = 0.7;
/// A block lies beside another one when they share this much of the lower one's height.
const BESIDE: f32 = 0.3;

/// Lines of one column that belong together, as indices of segments.
#[derive(Clone, Debug)]
struct Block {
    rect: Rect<Pt>,
    members: Vec<usize>,
}

/// Finds tables among the segments of a page.
pub(in crate::layout) fn find(segments: &[Segment], words: &[Word], em: f32) -> Vec<FoundTable> {
    let refs: Vec<&Segment> = segments.iter().collect();
    let rows = rows(&refs);
    let mut out = Vec::new();
    let mut at = 0;
    while at < rows.len() {
        let is_head = rows[at].len() >= MIN_COLUMNS
            && rows[at].iter().all(|&i| segments[i].words.len() <= HEAD_WORDS);
        let found = is_head.then(|| region(segments, &rows[at..], em)).flatten().and_then(|r| {
            let members: Vec<usize> = rows[at..at + r.0].concat();
            Some((r.0, table(segments, &members, &r.1, words, em)?))
        });
        match found {
            Some((length, table)) => {
                out.push(table);
                at += length;
            }
            None => at += 1,
        }
    }
    out
}

/// How many of the leading rows stand in the same columns, and the sides of these.
fn region(segments: &[Segment], rows: &[Vec<usize>], em: f32) -> Option<(usize, Vec<(f32, f32)>)> {
    let spans = |row: &[usize]| -> Vec<(f32, f32)> {
        row.iter().map(|&i| (segments[i].rect.min.x, segments[i].rect.max.x)).collect()
    };
    let mut columns: Vec<(f32, f32)> = Vec::new();
    // The columns of the rows so far, after each row.
    let mut history: Vec<Vec<(f32, f32)>> = Vec::new();
    let mut bottom = f32::MIN;
    for row in rows {
        let around = bounds(row.iter().map(|&i| segments[i].rect))?;
        if !history.is_empty() && around.min.y - bottom > MAX_GAP * em {
            break;
        }
        let next = union([columns.clone(), spans(row)].concat(), GUTTER * em);
        if next.len() < columns.len().max(MIN_COLUMNS) {
            break;
        }
        columns = next;
        bottom = bottom.max(around.max.y);
        history.push(columns.clone());
    }
    // A last row that opens a column of its own is not of the table (a page number).
    while history.len() > 1 && history[history.len() - 2].len() < history[history.len() - 1].len() {
        history.pop();
    }
    let length = history.len();
    (length >= MIN_ROWS).then(|| history.pop().map(|columns| (length, columns))).flatten()
}

/// Joins stretches that are nearer than `gap`.
fn union(mut spans: Vec<(f32, f32)>, gap: f32) -> Vec<(f32, f32)> {
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut out: Vec<(f32, f32)> = Vec::new();
    for span in spans {
        match out.last_mut() {
            Some(last) if span.0 - last.1 < gap => last.1 = last.1.max(span.1),
            _ => out.push(span),
        }
    }
    out
}

fn table(
    segments: &[Segment],
    members: &[usize],
    columns: &[(f32, f32)],
    words: &[Word],
    em: f32,
) -> Option<FoundTable> {
    let blocks: Vec<Vec<Block>> = columns
        .iter()
        .map(|side| {
            let inside = members.iter().copied().filter(|&i| {
                let x = segments[i].rect.mid_x();
                side.0 <= x && x <= side.1
            });
            blocks(segments, inside.collect(), em)
        })
        .collect();
    // The first of those with the most blocks.
    let key = (0..blocks.len()).rev().max_by_key(|&c| blocks[c].len())?;
    let keys = &blocks[key];
    if keys.len() < MIN_ROWS || blocks.iter().any(Vec::is_empty) {
        return None;
    }
    let (mut astray, mut all) = (0usize, 0usize);
    let mut cells: Vec<Vec<Vec<usize>>> = vec![vec![Vec::new(); columns.len()]; keys.len()];
    for (column, blocks) in blocks.iter().enumerate() {
        for (n, block) in blocks.iter().enumerate() {
            let row = if column == key {
                n
            } else {
                all += 1;
                let beside = |k: &Block| {
                    let least = k.rect.height().min(block.rect.height());
                    k.rect.overlap_y(&block.rect) > BESIDE * least
                };
                astray += usize::from(keys.iter().filter(|k| beside(k)).count() != 1);
                let far = |k: &Block| {
                    let apart = (k.rect.mid_y() - block.rect.mid_y()).abs();
                    // Beside comes before near.
                    (k.rect.overlap_y(&block.rect) <= 0.0, apart)
                };
                let nearest = |a: &usize, b: &usize| {
                    let (a, b) = (far(&keys[*a]), far(&keys[*b]));
                    a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
                };
                (0..keys.len()).min_by(nearest)?
            };
            cells[row][column].extend(&block.members);
        }
    }
    let filled = cells.iter().flatten().filter(|c| !c.is_empty()).count();
    let head = cells[0].iter().filter(|c| !c.is_empty()).count();
    let full = filled as f32 >= FILLED * (keys.len() * columns.len()) as f32;
    if astray as f32 > ASTRAY * all as f32 || !full || head + 1 < columns.len() {
        return None;
    }
    build(segments, &cells, columns, words)
}

fn build(
    segments: &[Segment],
    cells: &[Vec<Vec<usize>>],
    columns: &[(f32, f32)],
    words: &[Word],
) -> Option<FoundTable> {
    let of = |members: &[usize]| bounds(members.iter().map(|&i| segments[i].rect));
    let around = of(&cells.iter().flatten().flatten().copied().collect::<Vec<_>>())?;
    let mut out = Vec::new();
    for (n, row) in cells.iter().enumerate() {
        let band = of(&row.concat())?;
        for (c, members) in row.iter().enumerate() {
            let indices: Vec<u32> =
                members.iter().flat_map(|&i| segments[i].words.iter().copied()).collect();
            let sides = rect(columns[c].0, band.min.y, columns[c].1, band.max.y);
            let mut cell = cell((n, c), (1, 1), sides, &indices, words);
            cell.header = n == 0;
            out.push(cell);
        }
    }
    let table = Table { rows: cells.len(), columns: columns.len(), cells: out, continues: None };
    Some(FoundTable { rect: around, table, basis: Basis::Alignment, rival: None })
}

/// Cuts a column into blocks where the white space is wider than between its lines.
fn blocks(segments: &[Segment], mut members: Vec<usize>, em: f32) -> Vec<Block> {
    members.sort_by(|&a, &b| segments[a].rect.min.y.total_cmp(&segments[b].rect.min.y));
    let mut out: Vec<Block> = Vec::new();
    let mut gaps: Vec<f32> = members
        .windows(2)
        .map(|w| segments[w[1]].rect.min.y - segments[w[0]].rect.max.y)
        .filter(|&gap| gap > -0.5 * em)
        .collect();
    gaps.sort_by(f32::total_cmp);
    let usual = gaps.get(gaps.len() / 4).copied().unwrap_or(0.0).clamp(0.0, MAX_LEADING * em);
    for index in members {
        let r = segments[index].rect;
        match out.last_mut() {
            Some(block) if r.min.y - block.rect.max.y <= usual + EXTRA_GAP * em => {
                block.rect = block.rect.around(&r);
                block.members.push(index);
            }
            _ => out.push(Block { rect: r, members: vec![index] }),
        }
    }
    out
}
