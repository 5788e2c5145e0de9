//! Tables between horizontal rules (booktabs).

use std::collections::HashSet;

use super::aligned::{build, last_row, text_rows};
use super::evidence::is_prose;
use super::grid::{Frame, Line, cluster};
use super::{Basis, FoundTable};
use crate::document::Word;
use crate::geometry::{Pt, Rect, RectExt, rect};
use crate::layout::captions;
use crate::layout::text::line_text;
use crate::options::TableMode;

/// Words nearer than this many ems stand in one line of text.
const WORD_SPACE: f32 = 0.5;

/// Tables between horizontal rules of the same width that no vertical rule joins (booktabs).
pub(in crate::layout) fn between_rules(
    frames: &[Frame],
    words: &[Word],
    free: &[u32],
    em: f32,
    mode: TableMode,
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
            if let Some(found) = in_group(group, &lines, words, &left, em, mode) {
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
    // Captions may start left of the lines.
    let region = rect(first.from - 6.0 * em, first.at, first.to + em, last.at);
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
    mode: TableMode,
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
    // Lines of text that reach beyond the rules are not between them.
    let reaches_out = |i: u32| {
        let r = &words[i as usize].rect;
        let outside = r.max.x <= top.from || r.min.x >= top.to;
        outside
            && (top.at..bottom.at).contains(&r.mid_y())
            && inside.iter().map(|&k| &words[k as usize].rect).any(|o| {
                let gap = (o.min.x - r.max.x).max(r.min.x - o.max.x);
                o.overlap_y(r) > 0.5 * r.height() && gap < WORD_SPACE * em
            })
    };
    if free.iter().any(|&i| reaches_out(i)) {
        return None;
    }
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
    let found = build(&inside, &separators, words, em, mode)?;
    let found =
        with_head(&found, top, &separators, &inside, (words, free, em), mode).unwrap_or(found);
    // Where every row is ruled off, long cells are no objection.
    let ruled_rows = separators.len() >= 3 && found.table.rows == separators.len() + 1;
    let struck =
        inside.iter().filter(|&&i| is_struck(&words[i as usize].rect, &separators)).count();
    let ok = found.table.rows >= 2
        && struck * 10 < inside.len()
        && (ruled_rows || !is_prose(&found.table, words));
    ok.then_some(FoundTable { basis: Basis::Rules, ..found })
}

/// The table with a head that stands above its topmost rule, on a ground or in bold: a row right above
/// with a piece of text over every column, the first perhaps left out.
fn with_head(
    found: &FoundTable,
    top: &Line,
    separators: &[f32],
    inside: &[u32],
    (words, free, em): (&[Word], &[u32], f32),
    mode: TableMode,
) -> Option<FoundTable> {
    /// The head stands within this many ems above the rule.
    const NEAR: f32 = 1.3;
    let columns = found.table.columns;
    // A table that has a rule above its head has others below it only.
    let band = rect(top.from, top.at - (NEAR + 1.0) * em, top.to, top.at);
    let near: Vec<u32> =
        free.iter().copied().filter(|&i| band.contains(words[i as usize].rect.center())).collect();
    let row = last_row(&near, words)?;
    let bottom = row.iter().map(|p| p.rect.max.y).fold(f32::MIN, f32::max);
    if row.len() < 2
        || row.len() + 1 < columns
        || row.len() > columns
        || top.at - bottom > NEAR * em
    {
        return None;
    }
    let all: Vec<u32> = inside.iter().chain(row.iter().flat_map(|p| &p.words)).copied().collect();
    let separators: Vec<f32> = std::iter::once(top.at).chain(separators.iter().copied()).collect();
    let taller = build(&all, &separators, words, em, mode)?;
    let heads = taller.table.cells.iter().filter(|c| c.row == 0);
    let own = heads.filter(|c| c.column_span == 1 && !c.words.is_empty()).count();
    (taller.table.columns == columns
        && taller.table.rows == found.table.rows + 1
        && own == row.len())
    .then_some(taller)
}

/// Whether a line runs through the word: grid lines of charts do, beside their labels; rules of
/// tables never.
fn is_struck(word: &Rect<Pt>, separators: &[f32]) -> bool {
    separators.iter().any(|&y| (y - word.mid_y()).abs() < 0.25 * word.height())
}
