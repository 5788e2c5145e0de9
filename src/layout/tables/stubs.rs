//! Labels left of several rows: cells that span rows without a line to say so.

use crate::document::{Cell, Table};

/// Lets the label in the first column reach down over the rows below that have none, where these rows
/// are otherwise full: rows of the same kind, of one group.
pub(super) fn span(table: &mut Table) {
    let deep = table.cells.iter().filter(|c| c.header).map(|c| c.row + c.row_span).max();
    let mut label = deep.unwrap_or(0);
    while label < table.rows {
        let end = (label + 1..table.rows).find(|&r| !lacks_label(table, r)).unwrap_or(table.rows);
        if end > label + 1 && is_label(table, label) && same_columns(table, label, end) {
            let bottom = of_row(table, end - 1).map(|c| c.rect.max.y).fold(f32::MIN, f32::max);
            table.cells.retain(|c| c.column > 0 || c.row <= label || c.row >= end);
            for cell in table.cells.iter_mut().filter(|c| c.row == label && c.column == 0) {
                cell.row_span = end - label;
                cell.rect.max.y = cell.rect.max.y.max(bottom);
            }
        }
        label = end;
    }
}

fn of_row(table: &Table, row: usize) -> impl Iterator<Item = &Cell> {
    table.cells.iter().filter(move |c| c.row == row)
}

fn lacks_label(table: &Table, row: usize) -> bool {
    of_row(table, row).any(|c| c.column == 0 && c.column_span == 1 && c.words.is_empty())
}

/// Words, no value: a value says something of its own row alone.
fn is_label(table: &Table, row: usize) -> bool {
    of_row(table, row).any(|c| {
        c.column == 0
            && (c.row_span, c.column_span) == (1, 1)
            && c.text.chars().any(char::is_alphabetic)
            && !c.text.chars().any(|c| c.is_numeric() || "%$€£".contains(c))
    })
}

/// Whether all rows of the group have text in every column but the first.
fn same_columns(table: &Table, label: usize, end: usize) -> bool {
    (label..end).all(|row| of_row(table, row).all(|c| c.column == 0 || !c.words.is_empty()))
}
