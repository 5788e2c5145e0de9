//! The lines of words behind the blocks of a page, for formats that place every word.

use std::collections::HashSet;

use crate::document::{Block, Cell, Page, Role, Word};
use crate::geometry::{Pt, Rect, RectExt, bounds};

/// Words of a table cell share a line where the lower of two is covered by the other by more than
/// this share of its height.
const SAME_LINE: f32 = 0.5;

/// A line of words in logical order; never empty.
#[derive(Clone, Debug)]
pub(super) struct Line<'a> {
    pub(super) words: Vec<&'a Word>,
    /// The box around it, in points.
    pub(super) rect: Rect<Pt>,
}

impl<'a> Line<'a> {
    fn new(words: Vec<&'a Word>) -> Option<Self> {
        let rect = bounds(words.iter().map(|w| w.rect))?;
        Some(Self { words, rect })
    }

    /// Size of most of its words, in points.
    pub(super) fn size(&self) -> f32 {
        let mut sizes: Vec<f32> = self.words.iter().map(|w| w.style.size).collect();
        sizes.sort_by(f32::total_cmp);
        sizes.get(sizes.len() / 2).copied().unwrap_or_default()
    }
}

/// The lines of a block that is no table.
pub(super) fn of_block<'a>(page: &'a Page, block: &Block) -> Vec<Line<'a>> {
    block.lines.iter().filter_map(|line| Line::new(words(page, &line.words).collect())).collect()
}

/// The lines of a table's cell.
pub(super) fn of_cell<'a>(page: &'a Page, cell: &Cell) -> Vec<Line<'a>> {
    let mut lines: Vec<Vec<&Word>> = Vec::new();
    for word in words(page, &cell.words) {
        match lines.last_mut() {
            Some(line) if line.last().is_some_and(|last| goes_on(last, word)) => line.push(word),
            _ => lines.push(vec![word]),
        }
    }
    lines.into_iter().filter_map(Line::new).collect()
}

/// All lines of a page, tables' too, in reading order; words that no block has come last.
pub(super) fn of_page(page: &Page) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut known: HashSet<u32> = HashSet::new();
    for block in &page.blocks {
        known.extend(block.lines.iter().flat_map(|line| &line.words));
        if let Role::Table { table } = &block.role {
            known.extend(table.cells.iter().flat_map(|cell| &cell.words));
            lines.extend(table.cells.iter().flat_map(|cell| of_cell(page, cell)));
        }
        lines.extend(of_block(page, block));
    }
    let stray = page
        .words
        .iter()
        .enumerate()
        .filter_map(|(i, word)| (!known.contains(&u32::try_from(i).ok()?)).then_some(word));
    lines.extend(stray.filter_map(|word| Line::new(vec![word])));
    lines
}

fn words<'a>(page: &'a Page, indices: &[u32]) -> impl Iterator<Item = &'a Word> {
    indices.iter().filter_map(|&i| page.words.get(i as usize))
}

/// Whether a word stands on the line of the one before it.
fn goes_on(last: &Word, word: &Word) -> bool {
    if let (Some(a), Some(b)) = (last.line, word.line) {
        return a == b;
    }
    let lower = last.rect.height().min(word.rect.height());
    last.rect.overlap_y(&word.rect) > SAME_LINE * lower
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Table;
    use crate::export::testing::{page, table_block, text_block, word};

    #[test]
    fn cells_are_cut_into_lines_and_stray_words_come_last() {
        let words = vec![
            word("stray", 0.0, 90.0),
            word("upper", 0.0, 10.0),
            word("row", 40.0, 11.0),
            word("lower", 0.0, 30.0),
            word("text", 0.0, 50.0),
        ];
        let page = page(words, |words| {
            vec![table_block(words, &[1, 2, 3]), text_block(words, Role::Paragraph, &[&[4]])]
        });
        let lines: Vec<String> = of_page(&page)
            .iter()
            .map(|l| l.words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(lines, ["upper row", "lower", "text", "stray"]);
    }

    #[test]
    fn an_index_without_a_word_is_left_out() {
        let mut page = page(vec![word("a", 0.0, 0.0)], |words| {
            vec![text_block(words, Role::Paragraph, &[&[0]])]
        });
        page.blocks[0].lines[0].words.push(7);
        page.blocks.push(Block {
            role: Role::Table { table: Table::default() },
            ..page.blocks[0].clone()
        });
        assert_eq!(of_page(&page)[0].words.len(), 1);
    }
}
