//! Markdown as docling-core writes it (`MarkdownDocSerializer` of docling-core 2): its escaping, its
//! tables, its lists. What it prints is compared by people and programs that come from docling, so
//! its rules are followed also where they lose something.

use super::escape::{escape_html, fold, opens_tag};
use super::table::{Slot, slots};
use crate::document::{Cell, ListMarker, Table};

/// What joins the cells of stacked header rows: a pipe table has one header row.
const HEADER_JOINT: &str = " - ";
/// Spaces for each level of nested lists.
const INDENT: usize = 4;
/// A header asks for this much more room than its text (tabulate's `MIN_PADDING`).
const HEADER_PADDING: usize = 2;

/// Running text: underscores get a backslash, `&`, `<` and `>` become entities. Nothing else but what
/// docling-core lets through to the reader's cost: see [`harmless`].
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in escape_html(text).chars() {
        if c == '_' && !out.ends_with('\\') {
            out.push('\\');
        }
        out.push(c);
    }
    harmless(&out)
}

/// The text without links, pictures and tags, which would have whoever looks at the markdown reach
/// for addresses that the document names, or run what it says. Here recto differs from docling-core.
pub(super) fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut backslashes = 0;
    let mut after_angle = false;
    let mut begins = true;
    let mut rest = text;
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        // A fence would make code of the text that follows, and text of the code behind that.
        if begins && ["```", "~~~"].iter().any(|fence| rest.starts_with(fence)) {
            out.push('\\');
        }
        begins = c == '\n' || (begins && c.is_whitespace());
        rest = &rest[c.len_utf8()..];
        match c {
            // `[text](address)`, `[label]: address`.
            ']' if backslashes % 2 == 0 && matches!(next, Some('(' | ':')) => out.push_str("\\]"),
            '<' if next.is_some_and(opens_tag) => out.push_str("&lt;"),
            // `<1@example.org>`.
            '@' if after_angle => out.push_str("&#64;"),
            _ => out.push(c),
        }
        backslashes = if c == '\\' { backslashes + 1 } else { 0 };
        after_angle = c == '<' || (after_angle && !c.is_whitespace());
    }
    out
}

/// A line of a list: numbers with a full stop are markers, other marks of some meaning stay text.
pub(super) fn item(marker: &ListMarker, depth: u8, text: &str) -> String {
    let indent = " ".repeat(INDENT * usize::from(depth));
    let text = escape(text);
    match marker {
        ListMarker::Number(number) if is_counted(number) => format!("{indent}{number} {text}"),
        ListMarker::Number(mark) | ListMarker::Letter(mark) => {
            format!("{indent}- {} {text}", harmless(&fold(mark)))
        }
        ListMarker::Bullet => format!("{indent}- {text}"),
    }
}

/// `\d+\.`
fn is_counted(marker: &str) -> bool {
    marker.strip_suffix('.').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// A pipe table: header rows flattened into one, spanning cells repeated in every place they cover,
/// columns of numbers to the right. Without padding where `compact`.
pub(super) fn table(table: &Table, compact: bool) -> String {
    let grid = filled(table);
    let columns = grid.first().map_or(0, Vec::len);
    if columns == 0 {
        return String::new();
    }
    let heads = header_rows(table, grid.len());
    let header: Vec<String> = (0..columns).map(|c| flattened(&grid[..heads], c)).collect();
    let body = &grid[heads..];
    let right: Vec<bool> = (0..columns).map(|c| is_numeric(body, c)).collect();
    let widths: Vec<usize> = (0..columns)
        .map(|c| {
            let widest = body.iter().map(|row| width(&row[c])).max().unwrap_or(0);
            widest.max(width(&header[c]) + HEADER_PADDING)
        })
        .collect();
    let mut out = String::new();
    row(&mut out, &header, &widths, &right, compact);
    out.push_str("\n|");
    for &width in &widths {
        out.push_str(&if compact {
            " - |".to_owned()
        } else {
            format!("{}|", "-".repeat(width + 2))
        });
    }
    for line in body {
        out.push('\n');
        row(&mut out, line, &widths, &right, compact);
    }
    out
}

fn row(out: &mut String, cells: &[String], widths: &[usize], right: &[bool], compact: bool) {
    out.push('|');
    for ((text, &wide), &right) in cells.iter().zip(widths).zip(right) {
        let padding = if compact { 0 } else { wide.saturating_sub(width(text)) };
        let padding = " ".repeat(padding);
        let (before, after) = if right { (padding.as_str(), "") } else { ("", padding.as_str()) };
        out.push_str(&format!(" {before}{text}{after} |"));
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// The grid with every place filled that a cell covers.
fn filled(table: &Table) -> Vec<Vec<String>> {
    let mut grid: Vec<Vec<String>> = slots(table)
        .iter()
        .map(|row| row.iter().map(|_: &Slot<'_>| String::new()).collect())
        .collect();
    for cell in &table.cells {
        let text = harmless(&fold(&cell.text)).replace('|', "&#124;");
        for line in &mut grid[cell.row..cell.row + cell.row_span.max(1)] {
            for place in &mut line[cell.column..cell.column + cell.column_span.max(1)] {
                if !place.is_empty() && !text.is_empty() && *place != text {
                    // Two cells that claim one place: neither may get lost.
                    place.push(' ');
                    place.push_str(&text);
                } else if place.is_empty() {
                    place.clone_from(&text);
                }
            }
        }
    }
    grid
}

/// How many leading rows are written as the head of a pipe table. Without any header cell, the first
/// row heads the table; where they begin further down, none does.
fn header_rows(table: &Table, rows: usize) -> usize {
    let is_below = |cell: &Cell| cell.header && cell.row + cell.row_span.max(1) > 1;
    match head_rows(table) {
        0 if table.cells.iter().any(is_below) => 0,
        0 => 1.min(rows),
        count => count,
    }
}

/// How many rows at the top are a table's head: those in which a header cell begins, and no other
/// text begins beside the first column.
pub(super) fn head_rows(table: &Table) -> usize {
    let first = table.cells.iter().map(|cell| cell.column).min().unwrap_or(0);
    // Header cells further down the first column are heads of rows: then the first row as well has
    // to be free of other text.
    let heads_rows =
        table.cells.iter().any(|cell| cell.header && cell.column == first && cell.row > 0);
    let is_text =
        |cell: &Cell| !cell.header && cell.column != first && !cell.text.trim().is_empty();
    let is_head = |row: &usize| {
        let begins = |cell: &&Cell| cell.row == *row;
        table.cells.iter().filter(begins).any(|cell| cell.header)
            && !((*row > 0 || heads_rows) && table.cells.iter().filter(begins).any(is_text))
    };
    (0..table.rows).take_while(is_head).count()
}

fn flattened(heads: &[Vec<String>], column: usize) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for text in heads.iter().map(|row| row[column].as_str()).filter(|t| !t.is_empty()) {
        if parts.last() != Some(&text) {
            parts.push(text);
        }
    }
    parts.join(HEADER_JOINT)
}

/// Whether a column holds numbers and empty places only, and a number at least.
fn is_numeric(body: &[Vec<String>], column: usize) -> bool {
    let mut some = false;
    for text in body.iter().map(|row| row[column].trim()).filter(|t| !t.is_empty()) {
        if !is_number(text) {
            return false;
        }
        some = true;
    }
    some
}

/// What Python takes for a number, and numbers with commas between thousands.
fn is_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    if text.len() - digits.len() > 1 {
        return false;
    }
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let groups: Vec<&str> = whole.split(',').collect();
    let is_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let thousands = groups.len() > 1
        && (1..=3).contains(&groups[0].len())
        && groups[1..].iter().all(|g| g.len() == 3)
        && groups.iter().all(|g| is_digits(g))
        && is_digits(rest.trim_start_matches('.'));
    thousands || digits.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::cell;
    use super::*;

    fn of(rows: usize, columns: usize, cells: Vec<Cell>) -> Table {
        Table { rows, columns, cells, continues: None }
    }

    #[test]
    fn underscores_and_angles_are_escaped_and_nothing_else() {
        assert_eq!(escape("a_b & <c> *d* | # e"), "a\\_b &amp; &lt;c&gt; *d* | # e");
        assert_eq!(escape("a\\_b"), "a\\_b");
    }

    #[test]
    fn numbers_stand_right_as_tabulate_sets_them() {
        let cells = vec![
            cell(0, 0, "Name"),
            cell(0, 1, "N"),
            cell(1, 0, "a"),
            cell(1, 1, "1"),
            cell(2, 0, "bb"),
            cell(2, 1, "22.5"),
        ];
        let table_ = of(3, 2, cells);
        let want = "| Name   |    N |\n|--------|------|\n| a      |    1 |\n| bb     | 22.5 |";
        assert_eq!(table(&table_, false), want);
        assert_eq!(table(&table_, true), "| Name | N |\n| - | - |\n| a | 1 |\n| bb | 22.5 |");
    }

    #[test]
    fn spanning_cells_are_repeated_and_header_rows_flattened() {
        let mut head = Cell { column_span: 2, header: true, ..cell(0, 0, "Both") };
        head.text = "Both | all".to_owned();
        let second = |c, text| Cell { header: true, ..cell(1, c, text) };
        let cells = vec![head, second(0, "A"), second(1, "Both | all"), cell(2, 0, "x")];
        let want = "| Both &#124; all - A | Both &#124; all |\n| - | - |\n| x |  |";
        assert_eq!(table(&of(3, 2, cells), true), want);
    }

    #[test]
    fn what_is_a_number_is_pythons_word() {
        for text in ["1", "-3", "+3", "1.5", "1e5", ".5", "5.", "2,000", "1,234,567.8"] {
            assert!(is_number(text), "{text}");
        }
        for text in ["5%", "x", "1 2", "--3", "12,34", "1-2", "€5"] {
            assert!(!is_number(text), "{text}");
        }
    }

    /// Found by fuzzing: what looks like a link in the code behind it became one.
    #[test]
    fn text_that_looks_like_a_fence_is_none() {
        assert_eq!(harmless("```rust"), "\\```rust");
        assert_eq!(harmless("a ``` b\n  ~~~~"), "a ``` b\n  \\~~~~");
        assert_eq!(harmless("``code``"), "``code``");
    }

    #[test]
    fn what_begins_with_no_letter_may_be_an_address_too() {
        assert_eq!(harmless("<1@x.org> <0.05 a@b <b>"), "<1&#64;x.org> <0.05 a@b &lt;b>");
    }

    #[test]
    fn marks_that_are_no_markdown_stay_text() {
        assert_eq!(item(&ListMarker::Number("3.".into()), 0, "c"), "3. c");
        assert_eq!(item(&ListMarker::Number("(3)".into()), 1, "c"), "    - (3) c");
        assert_eq!(item(&ListMarker::Letter("a)".into()), 0, "c"), "- a) c");
        assert_eq!(item(&ListMarker::Bullet, 2, "c"), "        - c");
    }
}
