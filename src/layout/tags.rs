//! The structure tree of a tagged page as evidence, where it agrees with what the page shows.

use super::{Draft, UPRIGHT};
use std::collections::{BTreeMap, HashSet};

use super::lines::{Line, Segment, rows, segments};
use super::paragraphs::Paragraph;
use super::tables::{Basis, FoundTable, cell};
use crate::document::{Table, Word, WordOrigin};
use crate::geometry::{RectExt, bounds};
use crate::page::{PageRead, TagKind, Tags, WordTag};

/// A tree that covers less than this share of the words outside of artifacts is a torso.
const COVERS: f32 = 0.8;
/// Of the words of a page, headings hold at most this share.
const MOST_HEADINGS: f32 = 0.5;
/// Blocks that follow each other in the tree and stand the other way round in one column: at most
/// this share of those that can be compared.
const MOST_TURNS: f32 = 0.1;
/// A block is what the tree says of at least this share of its words.
const MOSTLY: f32 = 0.8;
/// Cells hold fewer words than this (mean); more are a page laid out by a table.
const CELL_WORDS: usize = 25;

/// What the tree says a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// In words of the tree, with the number of lists around it.
    Kind(TagKind, u8),
    /// No part of the text.
    Artifact,
}

/// A tree that agrees with its page.
pub(super) struct Structure<'a> {
    tags: &'a Tags,
    words: &'a [Word],
    /// For each word, the block it is in.
    blocks: Vec<Option<u32>>,
    /// Whether its order can be followed.
    ordered: bool,
}

impl<'a> Structure<'a> {
    /// `None` without a tree, and where it is not to be believed.
    pub(super) fn of(read: &'a PageRead) -> Option<Self> {
        let (tags, words) = (&read.tags, read.words.as_slice());
        // The tree is about the text layer; what was read from pixels instead has no tags.
        let layer = words.get(..tags.words.len())?;
        if tags.is_empty() || layer.iter().any(|w| w.origin == WordOrigin::Ocr) {
            return None;
        }
        let kinds: Vec<Option<u32>> = (0..tags.elements.len()).map(|n| block(tags, n)).collect();
        let blocks: Vec<Option<u32>> = tags
            .words
            .iter()
            .map(|t| match t {
                WordTag::In(n) => kinds.get(*n as usize).copied().flatten(),
                _ => None,
            })
            .collect();
        let artifacts = tags.words.iter().filter(|t| **t == WordTag::Artifact).count();
        let covered = blocks.iter().flatten().count();
        let all = layer.len() - artifacts;
        if covered == 0 || (covered as f32) < COVERS * all as f32 {
            return None;
        }
        let kind = |n: u32| tags.elements[n as usize].kind;
        let count = |is: &dyn Fn(TagKind) -> bool| {
            blocks.iter().flatten().filter(|n| is(kind(**n))).count()
        };
        // Trees of nothing but paragraphs were made by a program that did not know better.
        let plain = count(&|k| matches!(k, TagKind::Paragraph | TagKind::Figure | TagKind::Other))
            == covered;
        let headings = count(&|k| matches!(k, TagKind::Heading(_)));
        if plain || headings as f32 > MOST_HEADINGS * covered as f32 {
            return None;
        }
        let mut out = Self { tags, words, blocks, ordered: false };
        out.ordered = out.runs_down();
        (!out.is_torn()).then_some(out)
    }

    fn kind(&self, n: u32) -> TagKind {
        self.tags.elements[n as usize].kind
    }

    /// Whether blocks that stand in one column come from top to bottom.
    fn runs_down(&self) -> bool {
        let mut rects = vec![None; self.tags.elements.len()];
        for (n, word) in self.blocks.iter().zip(self.words) {
            let Some(n) = *n else { continue };
            let known: &mut Option<crate::geometry::Rect<_>> = &mut rects[n as usize];
            *known = Some(known.map_or(word.rect, |r| r.around(&word.rect)));
        }
        let rects: Vec<_> = rects.into_iter().flatten().collect();
        let (mut turned, mut all) = (0usize, 0usize);
        for pair in rects.windows(2) {
            let (a, b) = (&pair[0], &pair[1]);
            if a.overlap_x(b) > 0.5 * a.width().min(b.width()) {
                all += 1;
                turned += usize::from(b.mid_y() < a.min.y);
            }
        }
        turned as f32 <= MOST_TURNS * all as f32
    }

    /// Whether its paragraphs are single lines of running text: each goes on in the next.
    fn is_torn(&self) -> bool {
        /// Of the paragraphs that follow each other.
        const MOST: f32 = 0.2;
        let mut ends: BTreeMap<u32, (&str, &str)> = BTreeMap::new();
        for (n, word) in self.blocks.iter().zip(self.words) {
            if let Some(n) = n.filter(|&n| self.kind(n) == TagKind::Paragraph) {
                ends.entry(n).or_insert((&word.text, &word.text)).1 = &word.text;
            }
        }
        let all: Vec<(&str, &str)> = ends.into_values().collect();
        let goes_on = |w: &&[(&str, &str)]| {
            w[0].1.ends_with(char::is_alphanumeric) && w[1].0.starts_with(char::is_lowercase)
        };
        let torn = all.windows(2).filter(goes_on).count();
        torn > 1 && torn as f32 > MOST * (all.len() - 1) as f32
    }

    fn block_of(&self, i: u32) -> Option<u32> {
        self.blocks.get(i as usize).copied().flatten()
    }

    /// The block that most of the words are in.
    fn main_block(&self, indices: impl Iterator<Item = u32> + Clone) -> Option<u32> {
        let first = indices.clone().find_map(|i| self.block_of(i))?;
        let (mut of, mut all) = (0usize, 0usize);
        for i in indices {
            all += 1;
            of += usize::from(self.block_of(i) == Some(first));
        }
        (of as f32 >= MOSTLY * all as f32).then_some(first)
    }

    /// What the tree says about a block: the role, if most of its words share one.
    pub(super) fn said(&self, draft: &Draft) -> Option<Said> {
        let Draft::Text(p) = draft else { return None };
        let indices = p.lines.iter().flat_map(|l| l.words.iter().copied());
        let artifacts = indices
            .clone()
            .filter(|&i| self.tags.words.get(i as usize) == Some(&WordTag::Artifact));
        if artifacts.count() == indices.clone().count() {
            return Some(Said::Artifact);
        }
        let block = self.main_block(indices)?;
        Some(Said::Kind(self.kind(block), self.nesting(block)))
    }

    /// How many lists stand around the innermost one.
    fn nesting(&self, n: u32) -> u8 {
        let lists = ancestors(self.tags, n).filter(|&a| self.kind(a) == TagKind::List).count();
        u8::try_from(lists.saturating_sub(1)).unwrap_or(u8::MAX)
    }

    /// Puts the blocks into the order of the tree, and text together as the tree has it. Where its order
    /// cannot be followed, paragraphs are parted where a line starts that belongs to another block.
    pub(super) fn arrange(&self, drafts: Vec<Draft>) -> Vec<Draft> {
        if !self.ordered {
            return drafts.into_iter().flat_map(|d| self.part(d)).collect();
        }
        // What has no place in the tree stays behind what it came after.
        let mut at = -1i64;
        let mut keyed: Vec<(i64, Draft)> = Vec::with_capacity(drafts.len());
        let mut grouped: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for draft in drafts {
            at = self.place(&draft).unwrap_or(at);
            match draft {
                Draft::Text(p) if !p.displayed => {
                    let rest = self.take_out(p, &mut grouped);
                    keyed.extend(rest.map(|p| (at, Draft::Text(p))));
                }
                other => keyed.push((at, other)),
            }
        }
        for (block, indices) in grouped {
            let parts = segments(self.words, &indices, &[]);
            let parts: Vec<&Segment> = parts.iter().collect();
            let lines = rows(&parts).into_iter().filter_map(|row| {
                let line = row.iter().flat_map(|&i| parts[i].words.iter().copied());
                Line::new(line.collect(), self.words)
            });
            let lines: Vec<Line> = lines.collect();
            let Some(column) = bounds(lines.iter().map(|l| l.rect)) else { continue };
            keyed.extend(Paragraph::new(lines, column).map(|p| (i64::from(block), Draft::Text(p))));
        }
        keyed.sort_by_key(|k| k.0);
        keyed.into_iter().map(|k| k.1).collect()
    }

    /// Moves the words of a paragraph that belong to blocks of the tree to these; gives what is left.
    fn take_out(&self, p: Paragraph, grouped: &mut BTreeMap<u32, Vec<u32>>) -> Option<Paragraph> {
        let upright = |i: u32| self.words[i as usize].angle.abs() <= UPRIGHT;
        let block = |i: u32| self.block_of(i).filter(|&b| self.is_text(b) && upright(i));
        let column = p.column;
        let mut left: Vec<Line> = Vec::new();
        for line in p.lines {
            let (taken, rest): (Vec<u32>, Vec<u32>) =
                line.words.iter().partition(|&&i| block(i).is_some());
            for i in taken {
                if let Some(block) = block(i) {
                    grouped.entry(block).or_default().push(i);
                }
            }
            if rest.len() == line.words.len() {
                left.push(line);
            } else {
                left.extend(Line::new(rest, self.words));
            }
        }
        Paragraph::new(left, column)
    }

    /// Whether a block of the tree is one block of text.
    fn is_text(&self, n: u32) -> bool {
        !matches!(self.kind(n), TagKind::Figure | TagKind::Other | TagKind::Code)
    }

    fn place(&self, draft: &Draft) -> Option<i64> {
        let first = |indices: &mut dyn Iterator<Item = u32>| {
            indices.filter_map(|i| self.block_of(i)).min().map(i64::from)
        };
        match draft {
            Draft::Text(p) => first(&mut p.lines.iter().flat_map(|l| l.words.iter().copied())),
            Draft::Table(t) => first(&mut t.words()),
            Draft::Figure(f) => first(&mut f.words.iter().copied()),
        }
    }

    fn part(&self, draft: Draft) -> Vec<Draft> {
        let p = match draft {
            Draft::Text(p) if !p.displayed => p,
            other => return vec![other],
        };
        let of = |line: &Line| self.main_block(line.words.iter().copied());
        let column = p.column;
        let mut out: Vec<Vec<Line>> = Vec::new();
        let mut last: Option<u32> = None;
        for line in p.lines {
            let block = of(&line);
            match out.last_mut() {
                Some(open) if block.is_none() || last.is_none() || block == last => open.push(line),
                _ => out.push(vec![line]),
            }
            last = block.or(last);
        }
        let parts = out.into_iter().filter_map(|lines| Paragraph::new(lines, column));
        parts.map(Draft::Text).collect()
    }

    /// Tables of the tree whose cells stand on the page like cells: rows one below the other, as
    /// many columns in each. `free` are the words that may be taken.
    pub(super) fn tables(&self, free: &[u32]) -> Vec<FoundTable> {
        let is_free: HashSet<u32> = free.iter().copied().collect();
        let tables = (0u32..).zip(&self.tags.elements).filter(|(_, e)| e.kind == TagKind::Table);
        let mut out: Vec<FoundTable> = Vec::new();
        for (n, _) in tables {
            let nested = ancestors(self.tags, n).any(|a| a != n && self.kind(a) == TagKind::Table);
            if !nested {
                out.extend(
                    self.table(n, &is_free)
                        .filter(|t| out.iter().all(|known| !known.rect.intersects(&t.rect))),
                );
            }
        }
        out
    }

    fn table(&self, n: u32, free: &HashSet<u32>) -> Option<FoundTable> {
        /// Cells of one table: rows times columns.
        const MOST: usize = 20_000;
        let elements = &self.tags.elements;
        let within =
            |e: u32, kind: TagKind| ancestors(self.tags, e).skip(1).find(|&a| self.kind(a) == kind);
        let is_cell = |e: u32| matches!(self.kind(e), TagKind::Cell | TagKind::HeaderCell);
        // The words of each cell; a word of the table outside of cells and captions speaks against
        // it, as does a table in a cell.
        let mut held: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (i, tag) in (0u32..).zip(&self.tags.words) {
            let WordTag::In(e) = *tag else { continue };
            if e < n || !ancestors(self.tags, e).any(|a| a == n) {
                continue;
            }
            match ancestors(self.tags, e).find(|&a| is_cell(a)) {
                Some(c) if within(c, TagKind::Table) == Some(n) && free.contains(&i) => {
                    held.entry(c).or_default().push(i);
                }
                None if self.kind(self.block_of(i)?) == TagKind::Caption => {}
                _ => return None,
            }
        }
        let rows: Vec<u32> = (0u32..)
            .take(elements.len())
            .filter(|&e| self.kind(e) == TagKind::Row && within(e, TagKind::Table) == Some(n))
            .collect();
        let cells: Vec<(usize, u32)> = (0u32..)
            .take(elements.len())
            .filter(|&e| is_cell(e) && within(e, TagKind::Table) == Some(n))
            .filter_map(|e| Some((rows.binary_search(&within(e, TagKind::Row)?).ok()?, e)))
            .collect();
        let filled: usize = held.values().map(Vec::len).sum();
        if rows.len() < 2 || held.len() * 2 < cells.len() || filled > CELL_WORDS * cells.len() {
            return None;
        }
        let grid = place_cells(
            rows.len(),
            cells.iter().map(|&(row, e)| {
                let (down, across) = elements[e as usize].span;
                (row, usize::from(down), usize::from(across))
            }),
            MOST,
        )?;
        let columns = grid.columns;
        let mut table = Table { rows: rows.len(), columns, cells: Vec::new(), continues: None };
        let headed = cells.iter().any(|c| self.kind(c.1) == TagKind::HeaderCell);
        for (&(row, e), &(column, span)) in cells.iter().zip(&grid.places) {
            let indices = held.get(&e).cloned().unwrap_or_default();
            let rect = bounds(indices.iter().map(|&i| self.words[i as usize].rect));
            let mut cell =
                cell((row, column), span, rect.unwrap_or_default(), &indices, self.words);
            cell.header = if headed { self.kind(e) == TagKind::HeaderCell } else { row == 0 };
            table.cells.push(cell);
        }
        table.cells.sort_by_key(|c| (c.row, c.column));
        if columns < 2 || !stands_like_a_table(&table) {
            return None;
        }
        let rect = bounds(held.values().flatten().map(|&i| self.words[i as usize].rect))?;
        Some(FoundTable { rect, table, basis: Basis::Tags, rival: None })
    }
}

/// The element itself, what is around it, and so on.
fn ancestors(tags: &Tags, n: u32) -> impl Iterator<Item = u32> + '_ {
    // A parent always has a smaller index; what does not keep to that ends here.
    std::iter::successors(Some(n).filter(|&n| (n as usize) < tags.elements.len()), |&n| {
        tags.elements[n as usize].parent.filter(|&p| p < n)
    })
}

/// The block that an element is or is in: items, cells, headings and the like before paragraphs.
fn block(tags: &Tags, n: usize) -> Option<u32> {
    let n = u32::try_from(n).ok()?;
    let kind = |a: &u32| tags.elements[*a as usize].kind;
    let strong = ancestors(tags, n).find(|a| {
        !matches!(
            kind(a),
            TagKind::Other
                | TagKind::Paragraph
                | TagKind::Label
                | TagKind::Body
                | TagKind::List
                | TagKind::Table
                | TagKind::Row
        )
    });
    let paragraph = || ancestors(tags, n).find(|a| kind(a) == TagKind::Paragraph);
    // Text that is in no block has its place in the order all the same.
    strong.or_else(paragraph).or(Some(n))
}

/// Where the cells of a table stand.
struct Grid {
    columns: usize,
    /// For each cell, its column, and the rows and columns it covers.
    places: Vec<(usize, (usize, usize))>,
}

/// Puts cells, given as (row, rows covered, columns covered), where HTML would; `None` unless they fill a
/// rectangle.
fn place_cells(
    rows: usize,
    cells: impl Iterator<Item = (usize, usize, usize)>,
    most: usize,
) -> Option<Grid> {
    let mut taken: Vec<Vec<bool>> = vec![Vec::new(); rows];
    let mut places = Vec::new();
    let mut area = 0usize;
    for (row, down, across) in cells {
        let down = down.min(rows - row);
        area += down * across;
        if area > most {
            return None;
        }
        let column = taken[row].iter().position(|t| !t).unwrap_or(taken[row].len());
        for line in &mut taken[row..row + down] {
            if line.len() < column + across {
                line.resize(column + across, false);
            }
            if line[column..column + across].iter().any(|t| *t) {
                return None;
            }
            line[column..column + across].fill(true);
        }
        places.push((column, (down, across)));
    }
    let columns = taken.first()?.len();
    let full = taken.iter().all(|line| line.len() == columns && line.iter().all(|t| *t));
    full.then_some(Grid { columns, places })
}

/// Whether text stands where its row and column say: rows run down, columns run across (either
/// way), as far as cells of one row or column can tell.
fn stands_like_a_table(table: &Table) -> bool {
    let filled: Vec<_> = table.cells.iter().filter(|c| !c.words.is_empty()).collect();
    let down = filled.iter().all(|a| {
        filled
            .iter()
            .filter(|b| b.row > a.row && b.column == a.column)
            .take(1)
            .all(|b| b.rect.mid_y() > a.rect.mid_y())
    });
    let steps = filled.windows(2).filter(|w| w[0].row == w[1].row);
    let (mut right, mut left) = (0usize, 0usize);
    for pair in steps {
        if pair[1].rect.min.x >= pair[0].rect.max.x - 1.0 {
            right += 1;
        } else if pair[1].rect.max.x <= pair[0].rect.min.x + 1.0 {
            left += 1;
        } else {
            return false;
        }
    }
    down && (right == 0 || left == 0)
}

#[cfg(test)]
mod tests;
