//! What speaks for and against an alignment of text being a table.

use super::FoundTable;
use super::aligned::text_rows;
use crate::document::{Cell, Table, Word, mean_confidence};
use crate::geometry::{Pt, Rect};
use crate::layout::lists;

/// Pieces of text of more words than this are prose.
const PROSE_WORDS: usize = 7;

/// A word of print is read with at least this confidence.
const LEGIBLE: f32 = 0.2;
/// What is read with less confidence (mean) is no print, but a picture.
const SURE: f32 = 0.6;

/// Whether most of the text stands in long pieces.
pub(super) fn is_prose(table: &Table, words: &[Word]) -> bool {
    let (mut long, mut all) = (0usize, 0usize);
    for cell in table.cells.iter().filter(|c| !c.words.is_empty()) {
        let lines = text_rows(&cell.words, words).len().max(1);
        let letters = cell.words.len();
        all += letters;
        long += if letters / lines >= PROSE_WORDS { letters } else { 0 };
    }
    long * 2 > all
}

/// How well the cells of a table agree, 0 to 1: cells are filled, columns hold values or none, and
/// few cells span below the head.
pub(super) fn consistency(table: &Table) -> f32 {
    let body: Vec<&Cell> = table.cells.iter().filter(|c| !c.header).collect();
    let all = body.len().max(1) as f32;
    let filled = body.iter().filter(|c| !c.words.is_empty()).count() as f32;
    let spans = body.iter().filter(|c| c.column_span > 1).count() as f32;
    let mut agree = 0.0;
    for column in 0..table.columns {
        let texts: Vec<&&Cell> =
            body.iter().filter(|c| c.column == column && !c.words.is_empty()).collect();
        let values = texts.iter().filter(|c| is_value(&c.text)).count();
        agree += values.max(texts.len() - values) as f32;
    }
    (filled / all) * (agree / filled.max(1.0)) * (1.0 - spans / all)
}

/// More digits than letters.
pub(super) fn is_value(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    digits > text.chars().filter(|c| c.is_alphabetic()).count()
}

/// Whether a table is another one with a tight head above: a word or more over every column.
pub(super) fn is_headed(taller: &FoundTable, table: &FoundTable) -> bool {
    let (taller, table) = (&taller.table, &table.table);
    let head = taller.cells.iter().filter(|c| c.row == 0 && !c.words.is_empty());
    taller.columns == table.columns
        && taller.rows == table.rows + 1
        && taller.columns >= 3
        && head.count() == taller.columns
}

/// Whether an alignment without any ruling line is a table: enough rows and cells, no list, no
/// table of contents, no prose.
pub(super) fn convinces(found: &FoundTable, words: &[Word]) -> bool {
    let table = &found.table;
    let texts = |column: usize| {
        table.cells.iter().filter(move |c| c.column == column && !c.words.is_empty())
    };
    // What was hardly read (logos, pictures) fills no cell.
    let legible = |i: &u32| words[*i as usize].confidence.is_none_or(|c| c >= LEGIBLE);
    let filled = table.cells.iter().filter(|c| c.words.iter().any(legible)).count();
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
    // Headings below each other, their numbers set off.
    if table.columns == 2 && texts(0).all(|c| is_section_number(&c.text)) {
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
    usual < NARROW && small * 5 >= all * 2
}

/// "3.1", "3.1.2."
fn is_section_number(text: &str) -> bool {
    let parts: Vec<&str> = text.trim_end_matches('.').split('.').collect();
    let number = |p: &&str| !p.is_empty() && p.len() <= 2 && p.chars().all(|c| c.is_ascii_digit());
    (2..=5).contains(&parts.len()) && parts.iter().all(number) && !text.starts_with('0')
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
