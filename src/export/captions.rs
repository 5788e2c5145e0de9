//! Which captions belong to which tables and figures, as docling's forms have it.

use std::collections::BTreeMap;

use crate::document::{Block, Role};

/// Captions of a page by the table or figure that they belong to, both as positions of blocks.
#[derive(Clone, Debug, Default)]
pub(super) struct Captions(BTreeMap<usize, usize>);

impl Captions {
    /// A caption belongs to the table or figure directly before or after it in reading order. Of
    /// two, it is the one whose edge is nearer; each of them takes one caption.
    pub(super) fn of(blocks: &[Block]) -> Self {
        let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
        for (caption, block) in blocks.iter().enumerate() {
            if block.role != Role::Caption || block.text.trim().is_empty() {
                continue;
            }
            let neighbours = [caption.checked_sub(1), caption.checked_add(1)];
            for float in neighbours.into_iter().flatten() {
                let Some(other) = blocks.get(float).filter(|block| floats(block)) else { continue };
                if let Some(gap) = gap(block, other) {
                    pairs.push((gap, caption, float));
                }
            }
        }
        // Stable: of equal gaps, the table or figure before its caption.
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut out = Self::default();
        for (_, caption, float) in pairs {
            if !out.0.contains_key(&float) && !out.is_taken(caption) {
                out.0.insert(float, caption);
            }
        }
        out
    }

    /// The caption of a table or figure.
    pub(super) fn at(&self, float: usize) -> Option<usize> {
        self.0.get(&float).copied()
    }

    /// Whether a block is the caption of a table or figure.
    pub(super) fn is_taken(&self, caption: usize) -> bool {
        self.0.values().any(|&taken| taken == caption)
    }
}

/// Parts of tables that began earlier are not written: nothing can belong to them.
fn floats(block: &Block) -> bool {
    match &block.role {
        Role::Figure => true,
        Role::Table { table } => !table.cells.is_empty() && table.continues.is_none(),
        _ => false,
    }
}

/// The distance between two blocks that share a column or a line; none between others.
fn gap(a: &Block, b: &Block) -> Option<f32> {
    let (a, b) = (a.rect, b.rect);
    let across = (a.min.x - b.max.x).max(b.min.x - a.max.x);
    let down = (a.min.y - b.max.y).max(b.min.y - a.max.y);
    (across <= 0.0 || down <= 0.0).then(|| across.max(down).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::super::markdown::tests::block;
    use super::super::table::tests::table;
    use super::*;
    use crate::document::Continuation;
    use crate::geometry::rect;

    fn at(role: Role, top: f32, bottom: f32) -> Block {
        Block { rect: rect(0.0, top, 100.0, bottom), ..block(role, "x") }
    }

    fn a_table() -> Role {
        Role::Table { table: table(&[&["a"], &["b"]]) }
    }

    #[test]
    fn a_caption_belongs_to_what_it_stands_next_to() {
        let page = [
            at(a_table(), 0.0, 50.0),
            at(Role::Caption, 80.0, 90.0),
            at(Role::Figure, 95.0, 200.0),
            at(Role::Caption, 205.0, 215.0),
            at(Role::Paragraph, 220.0, 230.0),
            at(Role::Caption, 240.0, 250.0),
        ];
        let captions = Captions::of(&page);
        // The nearer of two; the table then has none, and so has the last caption.
        assert_eq!((captions.at(0), captions.at(2)), (None, Some(1)));
        assert!(captions.is_taken(1) && !captions.is_taken(3) && !captions.is_taken(5));
    }

    #[test]
    fn a_part_of_an_earlier_table_and_another_column_have_no_captions() {
        let mut later = table(&[&["a"], &["b"]]);
        later.continues = Some(Continuation { repeated_rows: 0 });
        let page = [at(Role::Table { table: later }, 0.0, 50.0), at(Role::Caption, 55.0, 60.0)];
        assert!(!Captions::of(&page).is_taken(1));
        let aside = Block { rect: rect(300.0, 500.0, 400.0, 510.0), ..block(Role::Caption, "x") };
        assert!(!Captions::of(&[at(Role::Figure, 0.0, 50.0), aside]).is_taken(1));
    }
}
