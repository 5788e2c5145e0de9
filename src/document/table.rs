//! Tables, and what their parts on several pages are together.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Block, Role};
use crate::geometry::{Pt, Rect, sides};

/// A table as a grid of cells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// Cells in row-major order. A cell that spans stands once, at its top left.
    pub cells: Vec<Cell>,
    /// That it goes on from the table before it, which a column or the page was too short for;
    /// `None` for a table that begins here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<Continuation>,
}

/// How a table goes on from the last table before it in reading order, on the same page or on the
/// page before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Continuation {
    /// How many of its first rows say the head again, from 0. The whole table has them once.
    pub repeated_rows: usize,
}

/// A cell of a [`Table`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// First row, from 0.
    pub row: usize,
    /// First column, from 0.
    pub column: usize,
    /// Rows covered, at least 1.
    pub row_span: usize,
    /// Columns covered, at least 1.
    pub column_span: usize,
    /// Whether it heads its column.
    pub header: bool,
    /// The box of the cell, in points.
    #[serde(with = "sides")]
    pub rect: Rect<Pt>,
    /// Plain text on one line.
    pub text: String,
    /// Its words, as indices into [`Page::words`](crate::Page::words), in logical order.
    pub words: Vec<u32>,
}

impl Table {
    /// Whether any cell covers more than one row or column.
    pub fn has_spans(&self) -> bool {
        self.cells.iter().any(|c| c.row_span > 1 || c.column_span > 1)
    }
}

/// A table with all its parts: one, or more where columns or pages break it.
#[derive(Clone, Debug, PartialEq)]
pub struct WholeTable<'a> {
    /// The parts in reading order, at least one.
    pub parts: Vec<TablePart<'a>>,
}

/// What of a table stands in one place.
#[derive(Clone, Debug, PartialEq)]
pub struct TablePart<'a> {
    /// Position in [`Document::pages`](super::Document::pages).
    pub page: usize,
    /// Position in [`Page::blocks`](super::Page::blocks).
    pub block: usize,
    /// The part as it stands there.
    pub table: &'a Table,
    /// Its rows in the whole table, without those that say the head again.
    pub rows: Range<usize>,
}

impl WholeTable<'_> {
    /// All rows in one grid, the head once. Boxes and words of a cell are those of the page its part
    /// stands on.
    pub fn joined(&self) -> Table {
        let mut out = Table::default();
        for part in &self.parts {
            let dropped = part.table.rows.saturating_sub(part.rows.len());
            out.rows = out.rows.max(part.rows.end);
            out.columns = out.columns.max(part.table.columns);
            // A cell that reaches out of the repeated head keeps what is below.
            out.cells.extend(part.table.cells.iter().filter(|c| c.row >= dropped).map(|c| Cell {
                row: c.row - dropped + part.rows.start,
                header: c.header && part.rows.start == 0,
                ..c.clone()
            }));
        }
        out
    }
}

/// Puts the tables of pages together with those that go on from them.
pub(super) fn whole<'a>(pages: impl Iterator<Item = &'a [Block]>) -> Vec<WholeTable<'a>> {
    let mut out: Vec<WholeTable<'a>> = Vec::new();
    for (page, blocks) in pages.enumerate() {
        for (block, found) in blocks.iter().enumerate() {
            let Role::Table { table } = &found.role else { continue };
            let part = |rows| TablePart { page, block, table, rows };
            match (table.continues, out.last_mut()) {
                (Some(how), Some(whole)) => {
                    let from = whole.parts.last().map_or(0, |part| part.rows.end);
                    let rows = table.rows.saturating_sub(how.repeated_rows);
                    whole.parts.push(part(from..from + rows));
                }
                _ => out.push(WholeTable { parts: vec![part(0..table.rows)] }),
            }
        }
    }
    out
}

/// What is written in the place of the parts of tables in several parts, by page and block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Joins(BTreeMap<(usize, usize), Option<Table>>);

impl Joins {
    /// The joins of tables on these pages.
    pub(crate) fn new<'a>(pages: impl Iterator<Item = &'a [Block]>) -> Self {
        let mut out = BTreeMap::new();
        for whole in whole(pages).iter().filter(|whole| whole.parts.len() > 1) {
            for (n, part) in whole.parts.iter().enumerate() {
                out.insert((part.page, part.block), (n == 0).then(|| whole.joined()));
            }
        }
        Self(out)
    }

    /// For a block of a table in several parts: the whole table at its first part, `Some(None)` at
    /// the others. `None` for everything else.
    pub(crate) fn at(&self, page: usize, block: usize) -> Option<Option<&Table>> {
        self.0.get(&(page, block)).map(Option::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::rect;

    fn table(rows: &[[&str; 2]], continues: Option<usize>) -> Block {
        let cell = |row: usize, column: usize, text: &str| Cell {
            row,
            column,
            row_span: 1,
            column_span: 1,
            header: row == 0,
            rect: rect(0.0, 0.0, 1.0, 1.0),
            text: text.to_owned(),
            words: Vec::new(),
        };
        let cells = rows
            .iter()
            .enumerate()
            .flat_map(|(r, row)| row.iter().enumerate().map(move |(c, text)| cell(r, c, text)));
        let table = Table {
            rows: rows.len(),
            columns: 2,
            cells: cells.collect(),
            continues: continues.map(|repeated_rows| Continuation { repeated_rows }),
        };
        Block {
            role: Role::Table { table },
            rect: rect(0.0, 0.0, 1.0, 1.0),
            text: String::new(),
            lines: Vec::new(),
            confidence: None,
            enrichment: None,
        }
    }

    #[test]
    fn a_whole_table_has_its_head_once_and_every_row() {
        let pages = [
            vec![table(&[["k", "v"], ["a", "1"]], None)],
            vec![table(&[["k", "v"], ["b", "2"]], Some(1)), table(&[["x", "y"]], None)],
            vec![table(&[["z", "3"]], Some(0))],
        ];
        let wholes = whole(pages.iter().map(Vec::as_slice));
        let texts = |whole: &WholeTable<'_>| -> Vec<(usize, String)> {
            whole.joined().cells.iter().map(|c| (c.row, c.text.clone())).collect()
        };
        let want = |cells: &[(usize, &str)]| -> Vec<(usize, String)> {
            cells.iter().map(|&(row, text)| (row, text.to_owned())).collect()
        };
        assert_eq!(wholes.len(), 2);
        assert_eq!(
            texts(&wholes[0]),
            want(&[(0, "k"), (0, "v"), (1, "a"), (1, "1"), (2, "b"), (2, "2")])
        );
        assert_eq!(texts(&wholes[1]), want(&[(0, "x"), (0, "y"), (1, "z"), (1, "3")]));
        assert_eq!((wholes[1].joined().rows, wholes[1].joined().columns), (2, 2));
        let heads = |t: Table| t.cells.iter().filter(|c| c.header).count();
        assert_eq!(wholes.iter().map(|w| heads(w.joined())).collect::<Vec<_>>(), [2, 2]);
        assert_eq!(wholes[0].parts[1].rows, 2..3);
    }

    #[test]
    fn the_first_table_of_an_extract_begins_there() {
        let page = [table(&[["a", "1"]], Some(0))];
        let wholes = whole(std::iter::once(page.as_slice()));
        assert_eq!((wholes.len(), wholes[0].joined().rows), (1, 1));
    }
}
