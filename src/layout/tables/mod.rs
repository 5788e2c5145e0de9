//! Tables: from ruling lines, and from alignment where there are none.

pub(super) mod aligned;
pub(super) mod between;
pub(super) mod continued;
mod evidence;
pub(super) mod grid;
mod rows;
pub(super) mod ruled;
pub(super) mod scales;
pub(super) mod sketched;
pub(super) mod stacked;
mod stubs;
#[cfg(test)]
mod tests;
pub(super) mod underline;

use crate::document::{Cell, Table, Word};
use crate::geometry::{Pt, Rect};
use crate::layout::lines::{Segment, rows, segments};
use crate::layout::text::{Vocabulary, append_line, line_text, logical};

/// A table found on a page, with the words it takes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FoundTable {
    pub(super) rect: Rect<Pt>,
    pub(super) table: Table,
    pub(super) basis: Basis,
    /// The plain reading of white space, where another one was preferred.
    pub(super) rival: Option<Table>,
}

/// What told of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Basis {
    /// The document itself.
    Tags,
    /// Ruling lines around its cells.
    Grid,
    /// Ruling lines above and below.
    Rules,
    /// The alignment of its text alone.
    Alignment,
}

impl Basis {
    /// Whether it leaves open what the rows and columns are.
    pub(super) fn is_doubtful(self) -> bool {
        matches!(self, Self::Rules | Self::Alignment)
    }
}

impl FoundTable {
    pub(super) fn words(&self) -> impl Iterator<Item = u32> + '_ {
        self.table.cells.iter().flat_map(|c| c.words.iter().copied())
    }
}

/// A cell of these words, its text in reading order.
pub(super) fn cell(
    position: (usize, usize),
    span: (usize, usize),
    rect: Rect<Pt>,
    indices: &[u32],
    words: &[Word],
) -> Cell {
    let parts = segments(words, indices, &[]);
    let refs: Vec<&Segment> = parts.iter().collect();
    let none = Vocabulary::default();
    let mut text = String::new();
    let mut ordered = Vec::with_capacity(indices.len());
    for row in rows(&refs) {
        let line: Vec<u32> = row.iter().flat_map(|&i| parts[i].words.iter().copied()).collect();
        append_line(&mut text, &line_text(&line, words), &none);
        ordered.extend(logical(&line, words));
    }
    Cell {
        row: position.0,
        column: position.1,
        row_span: span.0,
        column_span: span.1,
        header: false,
        rect,
        text,
        words: ordered,
    }
}
