//! Tables that go on after a column's or a page's end.
//!
//! Two tables that follow each other are one where nothing but the break stands between them, the
//! columns of both stand in one grid, and either the head is said again or the second has none.

use super::aligned::text_rows;
use super::evidence::is_value;
use super::grid::frames;
use super::{cell, stubs};
use crate::document::{Block, Cell, Continuation, Page, Role, Table, Word};
use crate::geometry::{Pt, Rect};
use crate::layout::lines::typical_size;

/// A table that goes on without its head reaches down to this share of the page's height.
const REACHES: f32 = 0.6;
/// What goes on begins above this share of the page's height.
const BEGINS: f32 = 0.5;
/// Widths of parts without a head of their own differ by no more than this many ems.
const WIDTH: f32 = 1.5;
/// Columns of the two parts may reach into each other by this many ems.
const OVERLAP: f32 = 0.3;
/// From this share of its cells on, a column holds values; up to the rest, it holds none.
const VALUES: f32 = 0.8;

/// A table with what is around it.
#[derive(Clone, Copy)]
struct Part<'a> {
    table: &'a Table,
    rect: Rect<Pt>,
    words: &'a [Word],
}

/// A block, by its page and its place there.
type Place = (usize, usize);

/// Marks the tables that go on from the table before them. A row that a break parts from its table
/// becomes a table of one row.
pub(in crate::layout) fn link(pages: &mut [Page]) {
    for (a, b) in breaks(pages) {
        if let Some((place, row)) = lone_row(pages, a, b) {
            let block = &mut pages[place.0].blocks[place.1];
            block.role = Role::Table { table: row };
            block.text.clear();
            block.lines.clear();
        }
    }
    for (a, b) in breaks(pages) {
        let Some(how) = part(pages, a).zip(part(pages, b)).and_then(|(a, b)| goes_on(a, b)) else {
            continue;
        };
        let (above, page) = (pages[a.0].blocks[a.1].rect, &pages[a.0]);
        let at_end = a.0 == b.0 || above.max.y >= REACHES * page.size.height;
        let Role::Table { table } = &mut pages[b.0].blocks[b.1].role else { continue };
        if how.repeated_rows > 0 || at_end {
            table.continues = Some(how);
            // Its first row heads nothing, unless it says the head.
            for cell in table.cells.iter_mut().filter(|c| c.row >= how.repeated_rows) {
                cell.header = false;
            }
            stubs::span(table);
        }
    }
}

/// Blocks that follow each other with nothing but a break between them, of the page or of a column.
fn breaks(pages: &[Page]) -> Vec<(Place, Place)> {
    let mut out = Vec::new();
    for n in 0..pages.len() {
        if n > 0 && pages[n].index == pages[n - 1].index + 1 {
            let over = over_page(&pages[n - 1], &pages[n]);
            out.extend(over.map(|(a, b)| ((n - 1, a), (n, b))));
        }
        out.extend(over_columns(&pages[n]).map(|(a, b)| ((n, a), (n, b))));
    }
    out
}

fn part(pages: &[Page], place: Place) -> Option<Part<'_>> {
    let page = &pages[place.0];
    let block = &page.blocks[place.1];
    match &block.role {
        Role::Table { table } => Some(Part { table, rect: block.rect, words: &page.words }),
        _ => None,
    }
}

/// Whether the block is none of the running text: page headers and footers, footnotes.
fn is_aside(block: &Block) -> bool {
    matches!(block.role, Role::PageHeader | Role::PageFooter | Role::Footnote)
}

fn over_page(page: &Page, next: &Page) -> Option<(usize, usize)> {
    let last = page.blocks.iter().rposition(|b| !is_aside(b))?;
    let mut flow = next.blocks.iter().enumerate().filter(|(_, b)| !is_aside(b));
    let mut first = flow.next()?;
    if is_same_caption(first.1, &page.blocks[..last]) {
        first = flow.next()?;
    }
    (first.1.rect.min.y <= BEGINS * next.size.height).then_some((last, first.0))
}

/// Whether a caption names what the last caption of these blocks names: "Table 3 (continued)".
fn is_same_caption(block: &Block, before: &[Block]) -> bool {
    let label = |b: &Block| -> Vec<String> {
        let words = b.text.split_whitespace().take(2);
        words.map(|w| w.trim_end_matches(|c: char| !c.is_alphanumeric()).to_lowercase()).collect()
    };
    let is_caption = |b: &&Block| crate::layout::captions::is_caption(&b.text);
    is_caption(&block)
        && before.iter().rev().find(is_caption).is_some_and(|b| label(b) == label(block))
}

/// Blocks at the end of a column and at the top of the next one.
fn over_columns(page: &Page) -> impl Iterator<Item = (usize, usize)> + '_ {
    let flow: Vec<usize> = (0..page.blocks.len()).filter(|&n| !is_aside(&page.blocks[n])).collect();
    let is_break = |a: &Rect<Pt>, b: &Rect<Pt>| {
        let apart = a.max.x <= b.min.x || b.max.x <= a.min.x;
        // Side by side from the same height on, they are two tables.
        apart && b.max.y < a.max.y && b.min.y < a.min.y - 0.5 * a.height().min(b.height())
    };
    let pairs: Vec<(usize, usize)> = flow
        .windows(2)
        .map(|pair| (pair[0], pair[1]))
        .filter(|&(a, b)| is_break(&page.blocks[a].rect, &page.blocks[b].rect))
        .collect();
    pairs.into_iter()
}

/// One of two blocks as a table of one row, where it is a line of text that stands in the columns of
/// the other, a table, and both are set between rules of one width.
fn lone_row(pages: &[Page], a: Place, b: Place) -> Option<(Place, Table)> {
    let (text, table) = match (part(pages, a), part(pages, b)) {
        (None, Some(table)) => (a, (b, table)),
        (Some(table), None) => (b, (a, table)),
        _ => return None,
    };
    let (page, other) = (&pages[text.0], &pages[table.0.0]);
    let block = &page.blocks[text.1];
    let em = typical_size(page.words.iter());
    if !matches!(block.role, Role::Paragraph | Role::Heading { .. }) {
        return None;
    }
    let indices: Vec<u32> = block.lines.iter().flat_map(|l| l.words.iter().copied()).collect();
    let rows = text_rows(&indices, &page.words);
    let [row] = rows.as_slice() else { return None };
    let columns = table.1.table.columns;
    let widths = ruled_width(page, &block.rect, em).zip(ruled_width(other, &table.1.rect, em))?;
    if row.pieces.len() != columns || (widths.0 - widths.1).abs() > WIDTH * em {
        return None;
    }
    let cells = row.pieces.iter().enumerate().map(|(column, piece)| {
        let made = cell((0, column), (1, 1), piece.rect, &piece.words, &page.words);
        Cell { header: text == a, ..made }
    });
    let row = Table { rows: 1, columns, cells: cells.collect(), continues: None };
    let own = Part { table: &row, rect: block.rect, words: &page.words };
    in_one_grid(own, table.1, em).then_some((text, row))
}

/// The width of the widest rule right above or right below a box, over all of it.
fn ruled_width(page: &Page, around: &Rect<Pt>, em: f32) -> Option<f32> {
    let near = |y: f32| (y - around.min.y).abs() < em || (y - around.max.y).abs() < em;
    frames(&page.rules, em)
        .iter()
        .flat_map(|frame| &frame.horizontal)
        .filter(|l| near(l.at) && l.from < around.min.x + em && l.to > around.max.x - em)
        .map(|l| l.to - l.from)
        .reduce(f32::max)
}

/// Whether a table goes on from the one before it, and how.
fn goes_on(above: Part<'_>, below: Part<'_>) -> Option<Continuation> {
    let columns = above.table.columns;
    let em = typical_size(above.words.iter());
    if columns < 2 || columns != below.table.columns || !in_one_grid(above, below, em) {
        return None;
    }
    let repeated_rows = repeated_rows(above.table, below.table);
    // A row that a break parted was compared already.
    let lone = above.table.rows == 1 || below.table.rows == 1;
    let alike = repeated_rows > 0
        || lone
        || (above.rect.width() - below.rect.width()).abs() <= WIDTH * em
            && !is_headed(below)
            && holds_the_same(above.table, below.table);
    alike.then_some(Continuation { repeated_rows })
}

/// Left and right of the text of a column, from the left of the table.
fn extent(part: Part<'_>, column: usize) -> Option<(f32, f32)> {
    let cells = part.table.cells.iter().filter(|c| c.column == column && c.column_span == 1);
    cells
        .flat_map(|c| &c.words)
        .filter_map(|&i| part.words.get(i as usize))
        .map(|w| (w.rect.min.x - part.rect.min.x, w.rect.max.x - part.rect.min.x))
        .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

/// Whether the columns of both, from the left of each table, would stand apart in one table.
fn in_one_grid(above: Part<'_>, below: Part<'_>, em: f32) -> bool {
    let mut right = f32::MIN;
    (0..above.table.columns).all(|column| {
        let sides = [extent(above, column), extent(below, column)];
        let left = sides.iter().flatten().map(|s| s.0).fold(f32::MAX, f32::min);
        let parted = left >= right - OVERLAP * em;
        right = sides.iter().flatten().map(|s| s.1).fold(right, f32::max);
        parted
    })
}

/// The letters and digits of a text: what two readings of a head agree in.
fn folded(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// How many of the first rows say the head of the table before.
fn repeated_rows(above: &Table, below: &Table) -> usize {
    let row = |table: &Table, row: usize| -> Vec<(usize, String)> {
        let cells = table.cells.iter().filter(|c| c.row == row);
        cells.map(|c| (c.column, folded(&c.text))).filter(|c| !c.1.is_empty()).collect()
    };
    let same = |n: &usize| {
        let (a, b) = (row(above, *n), row(below, *n));
        a.len() >= 2 && a == b || *n > 0 && !a.is_empty() && a == b
    };
    let most = above.rows.min(below.rows);
    (0..most).take_while(same).count()
}

fn texts(table: &Table, column: usize, from: usize) -> impl Iterator<Item = &Cell> {
    let of = move |c: &&Cell| c.column == column && c.column_span == 1 && c.row >= from;
    table.cells.iter().filter(of).filter(|c| !c.text.trim().is_empty())
}

/// Whether a column holds values, or none; `None` where that cannot be told.
fn values(table: &Table, column: usize, from: usize) -> Option<bool> {
    let all = texts(table, column, from).count() as f32;
    let values = texts(table, column, from).filter(|c| is_value(&c.text)).count() as f32;
    match values {
        _ if all == 0.0 => None,
        v if v >= VALUES * all => Some(true),
        v if v <= (1.0 - VALUES) * all => Some(false),
        _ => None,
    }
}

/// Whether columns of values go on as such from the first row on, and others as others.
fn holds_the_same(above: &Table, below: &Table) -> bool {
    let deep = above.cells.iter().filter(|c| c.header).map(|c| c.row + c.row_span).max();
    let body = deep.unwrap_or(0).min(above.rows.saturating_sub(1));
    (0..above.columns).all(|column| {
        let (a, b) = (values(above, column, body), values(below, column, 0));
        let first = texts(below, column, 0).find(|c| c.row == 0);
        let agree = a.is_none() || b.is_none() || a == b;
        agree && (a != Some(true) || first.is_none_or(|c| is_value(&c.text)))
    })
}

/// Whether the first row alone is bold.
fn is_headed(part: Part<'_>) -> bool {
    let bold = |head: bool| {
        let cells = part.table.cells.iter().filter(move |c| (c.row == 0) == head);
        let words = cells.flat_map(|c| &c.words).filter_map(|&i| part.words.get(i as usize));
        let (all, bold) = words.fold((0usize, 0usize), |(all, bold), w| {
            (all + 1, bold + usize::from(w.style.bold == Some(true)))
        });
        all > 0 && bold * 5 >= all * 4
    };
    bold(true) && !bold(false)
}

#[cfg(test)]
mod tests {
    use crate::document::{Document, Page, Role};
    use crate::layout::lay_out;
    use crate::layout::testing::{line, page_of, word};
    use crate::options::Options;

    const HEAD: [&str; 3] = ["Place", "Height", "Year"];

    /// Rows of three cells from `top` on, 14 points apart, the columns 120 points.
    fn rows(rows: &[[&str; 3]], left: f32, top: f32) -> Vec<crate::document::Word> {
        let mut out = Vec::new();
        for (r, row) in rows.iter().enumerate() {
            for (c, text) in row.iter().enumerate() {
                out.extend(line(text, left + 70.0 * c as f32, top + 14.0 * r as f32));
            }
        }
        out
    }

    const FIRST: [[&str; 3]; 5] = [
        HEAD,
        ["Alder", "120", "1901"],
        ["Birch", "98", "1911"],
        ["Cedar", "310", "1875"],
        ["Dogwood", "45", "1956"],
    ];
    const MORE: [[&str; 3]; 4] = [
        ["Elm", "240", "1933"],
        ["Fir", "330", "1899"],
        ["Gum", "150", "1960"],
        ["Hazel", "60", "1974"],
    ];

    fn two_pages(first: Vec<crate::document::Word>, next: Vec<crate::document::Word>) -> Vec<Page> {
        lay_out(vec![page_of(0, first), page_of(1, next)], &Options::default())
    }

    fn continued(pages: &[Page]) -> Vec<Option<usize>> {
        let tables = pages.iter().flat_map(|p| &p.blocks).filter_map(|b| match &b.role {
            Role::Table { table } => Some(table.continues.map(|c| c.repeated_rows)),
            _ => None,
        });
        tables.collect()
    }

    #[test]
    fn a_table_goes_on_over_a_page_break_with_and_without_its_head() {
        let again: Vec<[&str; 3]> = std::iter::once(HEAD).chain(MORE).collect();
        let pages = two_pages(rows(&FIRST, 60.0, 700.0), rows(&again, 60.0, 60.0));
        assert_eq!(continued(&pages), [None, Some(1)]);
        let pages = two_pages(rows(&FIRST, 60.0, 700.0), rows(&MORE, 80.0, 60.0));
        assert_eq!(continued(&pages), [None, Some(0)]);
    }

    #[test]
    fn a_heading_a_new_head_or_other_columns_begin_a_new_table() {
        let mut next =
            line("Another table of trees and their heights stands below here", 60.0, 40.0);
        next.extend(rows(&MORE, 60.0, 70.0));
        assert_eq!(continued(&two_pages(rows(&FIRST, 60.0, 700.0), next)), [None, None]);

        let headed: Vec<[&str; 3]> =
            std::iter::once(["Town", "People", "Since"]).chain(MORE).collect();
        let pages = two_pages(rows(&FIRST, 60.0, 700.0), rows(&headed, 60.0, 60.0));
        assert_eq!(continued(&pages), [None, None]);

        let swapped = MORE.map(|[a, b, c]| [b, a, c]);
        let pages = two_pages(rows(&FIRST, 60.0, 700.0), rows(&swapped, 60.0, 60.0));
        assert_eq!(continued(&pages), [None, None]);

        // It ended in the middle of its page.
        let pages = two_pages(rows(&FIRST, 60.0, 200.0), rows(&MORE, 60.0, 60.0));
        assert_eq!(continued(&pages), [None, None]);
    }

    #[test]
    fn pages_that_do_not_follow_each_other_have_tables_of_their_own() {
        let reads =
            vec![page_of(0, rows(&FIRST, 60.0, 700.0)), page_of(2, rows(&MORE, 60.0, 60.0))];
        assert_eq!(continued(&lay_out(reads, &Options::default())), [None, None]);
    }

    #[test]
    fn a_table_goes_on_at_the_top_of_the_next_column() {
        let mut words = Vec::new();
        for n in 0..20 {
            words.extend(line(
                "Some words of running text fill a column",
                40.0,
                60.0 + 12.0 * n as f32,
            ));
            words.extend(line(
                "Some words of running text fill a column",
                330.0,
                200.0 + 12.0 * n as f32,
            ));
        }
        words.extend(rows(&FIRST, 40.0, 330.0));
        words.extend(rows(&MORE, 330.0, 60.0));
        let pages = lay_out(vec![page_of(0, words)], &Options::default());
        assert_eq!(continued(&pages), [None, Some(0)], "{:?}", pages[0].blocks);
    }

    #[test]
    fn a_head_that_a_break_parts_from_its_rows_goes_with_them() {
        let rule = |left: f32, y: f32, right: f32| crate::page::Rule {
            rect: crate::geometry::rect(left, y, right, y + 0.5),
        };
        let mut words = Vec::new();
        for n in 0..20 {
            let text = "Some words of running text fill a column";
            words.extend(line(text, 40.0, 60.0 + 12.0 * n as f32));
            words.extend(line(text, 330.0, 200.0 + 12.0 * n as f32));
        }
        words.extend(rows(&[HEAD], 40.0, 330.0));
        words.extend(rows(&MORE, 330.0, 60.0));
        let mut page = page_of(0, words);
        page.rules =
            vec![rule(38.0, 326.0, 250.0), rule(38.0, 343.0, 250.0), rule(328.0, 56.0, 540.0)];
        let mut plain = page.clone();
        plain.rules.clear();
        let pages = lay_out(vec![page], &Options::default());
        assert_eq!(continued(&pages), [None, Some(0)], "{:?}", pages[0].blocks);
        // Without rules, a line of text is a line of text.
        assert_eq!(continued(&lay_out(vec![plain], &Options::default())), [None]);
    }

    #[test]
    fn every_word_of_a_joined_table_is_there_once_but_for_the_head() {
        let again: Vec<[&str; 3]> = std::iter::once(HEAD).chain(MORE).collect();
        let mut first = rows(&FIRST, 60.0, 700.0);
        first.push(word("11", 295.0, 780.0, 305.0));
        let mut next = rows(&again, 60.0, 60.0);
        next.push(word("12", 295.0, 780.0, 305.0));
        let pages = two_pages(first, next);
        assert_eq!(continued(&pages), [None, Some(1)]);
        let document = Document { pages, ..crate::layout::testing::empty_document() };
        let markdown = document.to_markdown();
        for text in FIRST.iter().chain(&MORE).flatten() {
            let whole = |c: char| !c.is_alphanumeric();
            assert_eq!(markdown.split(whole).filter(|w| w == text).count(), 1, "{markdown}");
        }
        let tables = document.tables();
        assert_eq!((tables.len(), tables[0].joined().rows), (1, 9));
        // Each page has its own rows.
        let second = Document { pages: vec![document.pages[1].clone()], ..document.clone() };
        let second = second.to_markdown();
        assert!(second.contains("| Place |") && second.contains("Hazel"), "{second}");
        assert!(!second.contains("Alder"), "{second}");
    }
}
