//! Lines of text to rows of a table: which lines go on with the cells above.

use super::aligned::{Draft, Piece, TextRow, text_rows};
use crate::document::Word;
use crate::geometry::{Pt, Rect, RectExt};

/// Lines nearer than this share of the usual step belong to one row.
const EVEN: f32 = 0.92;

/// Lines further apart than this many times the lines of one cell are of two.
const LEADING: f32 = 1.2;

/// Puts text rows that are one row of the table together: a row that continues the cells above it
/// has nothing in the first column and follows closely.
pub(super) fn row_groups(
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
    // Lines of one cell are set evenly: how far apart, those tell that clearly go on.
    let leading = (1..cells.len())
        .filter(|&r| !parted(r) && wraps_on(cells, &[r - 1], r, &rooms, words, em))
        .map(step)
        .reduce(f32::max);
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
                        && (out.len() == 1 && !ends_sentence(cells, group, r, words)
                            || !fits_behind(cells, group, r, &rooms, words, em));
                    let few = cells[r].len() * 2 <= draft.columns().max(2);
                    let close = step(r) <= 1.05 * usual
                        && leading.is_none_or(|leading| step(r) <= LEADING * leading);
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

/// Whether what stands above the cells of a row are sentences that ended: no head goes on with
/// another one.
fn ends_sentence(cells: &[Vec<Piece>], group: &[usize], r: usize, words: &[Word]) -> bool {
    cells[r].iter().any(|(first, last, _)| {
        let above = group.iter().rev().find_map(|&k| {
            cells[k].iter().find(|d| d.0 == *first && d.1 == *last).and_then(|d| d.2.last())
        });
        above.is_some_and(|&i| words[i as usize].text.ends_with(['.', '。']))
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
