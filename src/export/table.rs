//! Tables: pipe tables and HTML.

use serde::{Deserialize, Serialize};

use super::escape::{Place, escape, escape_html};
use crate::document::{Cell, Table};

/// How tables are written in markdown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum TableFormat {
    /// Pipe tables; HTML where a cell covers more than one row or column.
    #[default]
    Auto,
    /// Pipe tables only. A cell that spans stands at its top left, the rest stays empty.
    Markdown,
    /// HTML only.
    Html,
}

impl TableFormat {
    /// The table in this format, without a line break at its end; empty for a table without cells.
    pub(crate) fn write(self, table: &Table, compact: bool) -> String {
        match self {
            Self::Html => html_table(table),
            Self::Auto if table.has_spans() => html_table(table),
            Self::Auto | Self::Markdown => pipe_table(table, compact),
        }
    }
}

/// Rows and columns, counting cells that reach past what the table says.
fn extent(table: &Table) -> (usize, usize) {
    table.cells.iter().fold((table.rows, table.columns), |(rows, columns), cell| {
        (
            rows.max(cell.row + cell.row_span.max(1)),
            columns.max(cell.column + cell.column_span.max(1)),
        )
    })
}

/// The table with bars. The first row is the header row; columns are padded unless `compact`.
pub(crate) fn pipe_table(table: &Table, compact: bool) -> String {
    let (rows, columns) = extent(table);
    if rows == 0 || columns == 0 {
        return String::new();
    }
    let mut grid = vec![vec![String::new(); columns]; rows];
    for cell in &table.cells {
        let place = &mut grid[cell.row][cell.column];
        let text = escape(&cell.text, Place::Cell);
        if !place.is_empty() && !text.is_empty() {
            place.push(' ');
        }
        place.push_str(&text);
    }
    // Three dashes are what every reader takes for a rule.
    let mut widths = vec![3; columns];
    if !compact {
        for row in &grid {
            for (width, text) in widths.iter_mut().zip(row) {
                *width = (*width).max(text.chars().count());
            }
        }
    }
    let mut out = String::new();
    for (i, row) in grid.iter().enumerate() {
        out.push('|');
        for (text, &width) in row.iter().zip(&widths) {
            out.push(' ');
            out.push_str(text);
            let padding = if compact { 0 } else { width - text.chars().count() };
            out.extend(std::iter::repeat_n(' ', padding + 1));
            out.push('|');
        }
        if i == 0 {
            out.push_str("\n|");
            for &width in &widths {
                let dashes = if compact { 3 } else { width + 2 };
                out.extend(std::iter::repeat_n('-', dashes));
                out.push('|');
            }
        }
        if i + 1 < rows {
            out.push('\n');
        }
    }
    out
}

/// A place of the grid.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slot<'a> {
    /// A cell begins here.
    Cell(&'a Cell),
    /// A cell from above or from the left reaches here.
    Covered,
    /// Nothing is here.
    Empty,
}

impl Slot<'_> {
    /// What HTML says of a cell that spans, with a space before it.
    pub(super) fn spans(&self) -> String {
        let Self::Cell(cell) = self else { return String::new() };
        let mut out = String::new();
        for (name, span) in [("rowspan", cell.row_span), ("colspan", cell.column_span)] {
            if span > 1 {
                out.push_str(&format!(" {name}=\"{span}\""));
            }
        }
        out
    }
}

/// The rows of a table, place by place.
pub(super) fn slots(table: &Table) -> Vec<Vec<Slot<'_>>> {
    let (rows, columns) = extent(table);
    let mut grid = vec![vec![Slot::Empty; columns]; rows];
    for cell in &table.cells {
        for line in &mut grid[cell.row..cell.row + cell.row_span.max(1)] {
            for slot in &mut line[cell.column..cell.column + cell.column_span.max(1)] {
                if matches!(slot, Slot::Empty) {
                    *slot = Slot::Covered;
                }
            }
        }
    }
    for cell in &table.cells {
        grid[cell.row][cell.column] = Slot::Cell(cell);
    }
    grid
}

/// The table as HTML with nothing but `table`, `tr`, `th`, `td`, `rowspan` and `colspan`.
pub(crate) fn html_table(table: &Table) -> String {
    let grid = slots(table);
    if grid.iter().all(Vec::is_empty) {
        return String::new();
    }
    let mut out = String::from("<table>\n");
    for row in grid {
        out.push_str("<tr>");
        for slot in row {
            match slot {
                Slot::Cell(cell) => {
                    let tag = if cell.header { "th" } else { "td" };
                    let text = escape_html(&cell.text);
                    out.push_str(&format!("<{tag}{}>{text}</{tag}>", slot.spans()));
                }
                Slot::Covered => {}
                Slot::Empty => out.push_str("<td></td>"),
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table>");
    out
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::geometry::rect;

    pub(crate) fn cell(row: usize, column: usize, text: &str) -> Cell {
        Cell {
            row,
            column,
            row_span: 1,
            column_span: 1,
            header: row == 0,
            rect: rect(0.0, 0.0, 1.0, 1.0),
            text: text.to_owned(),
            words: Vec::new(),
        }
    }

    pub(crate) fn table(rows: &[&[&str]]) -> Table {
        let cells = rows
            .iter()
            .enumerate()
            .flat_map(|(r, row)| row.iter().enumerate().map(move |(c, text)| cell(r, c, text)))
            .collect();
        Table {
            rows: rows.len(),
            columns: rows.iter().map(|r| r.len()).max().unwrap_or(0),
            cells,
            continues: None,
        }
    }

    #[test]
    fn pipe_tables_are_compact_or_padded() {
        let table = table(&[&["a", "b|c"], &["long text", ""]]);
        assert_eq!(pipe_table(&table, true), "| a | b\\|c |\n|---|---|\n| long text |  |");
        assert_eq!(
            pipe_table(&table, false),
            "| a         | b\\|c |\n|-----------|------|\n| long text |      |"
        );
    }

    #[test]
    fn spans_become_html() {
        let mut table = table(&[&["Head"], &["1 < 2", "b"]]);
        table.cells[0].column_span = 2;
        let html = "<table>\n<tr><th colspan=\"2\">Head</th></tr>\n\
                    <tr><td>1 &lt; 2</td><td>b</td></tr>\n</table>";
        assert_eq!(TableFormat::Auto.write(&table, true), html);
        assert_eq!(
            TableFormat::Markdown.write(&table, true),
            "| Head |  |\n|---|---|\n| 1 < 2 | b |"
        );
    }

    #[test]
    fn holes_are_empty_cells_and_wrong_counts_do_no_harm() {
        let table = Table { rows: 1, columns: 1, cells: vec![cell(1, 1, "x")], continues: None };
        assert_eq!(
            html_table(&table),
            "<table>\n<tr><td></td><td></td></tr>\n<tr><td></td><td>x</td></tr>\n</table>"
        );
        assert_eq!(pipe_table(&Table::default(), true), "");
    }
}
