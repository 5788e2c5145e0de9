//! A document cut into the pieces that search and language models work on, along its structure, as
//! docling-core's `HierarchicalChunker` cuts it: a piece for each paragraph, list, table, and code or
//! formula, with the headings above it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::docling;
use super::enrichment;
use super::tree::{Tree, is_body, label, number, rows, text};
use crate::document::{Cell, Table};
use crate::geometry::Rect;
use crate::options::ChunkingOptions;

/// Joins the facts of a table in a sentence each.
const NEXT_FACT: &str = ". ";
/// Spaces for each level of nested lists.
const INDENT: usize = 4;

/// A piece of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Chunk {
    /// Its text, as markdown without escapes. Never empty.
    pub text: String,
    /// The headings it stands under, outermost first. Empty before the first heading.
    pub headings: Vec<String>,
    /// What it holds, as references into the `DoclingDocument`: `#/texts/3`. At least one.
    pub items: Vec<String>,
    /// The pages it stands on, from 1, ascending.
    pub pages: Vec<usize>,
}

impl Chunk {
    /// The text with its headings above it, a line each: what an embedding is made of.
    pub fn contextualized(&self) -> String {
        let mut lines: Vec<&str> = self.headings.iter().map(String::as_str).collect();
        lines.push(&self.text);
        lines.join("\n")
    }

    /// Whether one of its items is a picture.
    pub fn has_picture(&self) -> bool {
        self.items.iter().any(|item| item.starts_with("#/pictures/"))
    }
}

/// Cuts a `DoclingDocument` (see [`docling_document`](super::docling_document)) into chunks, the same
/// ones as docling-core 2.104.
///
/// A list is one chunk with the lists inside of it; a caption is in the chunk of its table or
/// picture. A heading is in the chunks below it, so that one with nothing below it is in none. Page
/// headers, page footers and the text inside of pictures are left out. Of a table written as
/// sentences, the head of the first column is left out.
#[tracing::instrument(name = "export", level = "debug", skip_all, fields(format = "chunks"))]
pub fn hierarchical_chunks(document: &Value, options: &ChunkingOptions) -> Vec<Chunk> {
    let mut cutter = Cutter { tree: Tree(document), options };
    let mut headings: BTreeMap<usize, &str> = BTreeMap::new();
    let mut chunks = Vec::new();
    for item in cutter.tree.body().filter(|item| is_body(item)) {
        let level = match label(item) {
            "title" => Some(0),
            "section_header" => Some(number(item, "level")),
            _ => None,
        };
        if let Some(level) = level {
            // Headings of the same rank and below are over.
            headings.retain(|&above, _| above < level);
            headings.insert(level, text(item));
            continue;
        }
        let piece = cutter.piece(item);
        if piece.text.is_empty() || piece.items.is_empty() {
            continue;
        }
        let reference = |item: &Value| item["self_ref"].as_str().unwrap_or_default().to_owned();
        let mut pages: Vec<usize> = piece.items.iter().flat_map(|item| pages(item)).collect();
        pages.sort_unstable();
        pages.dedup();
        chunks.push(Chunk {
            headings: headings.values().map(|&heading| heading.to_owned()).collect(),
            items: piece.items.iter().map(|item| reference(item)).collect(),
            pages,
            text: piece.text,
        });
    }
    chunks
}

fn pages(item: &Value) -> impl Iterator<Item = usize> {
    item["prov"].as_array().into_iter().flatten().map(|place| number(place, "page_no"))
}

/// A text and the items it was made of.
#[derive(Default)]
struct Piece<'a> {
    text: String,
    items: Vec<&'a Value>,
}

impl<'a> Piece<'a> {
    /// Adds what stands in a paragraph of its own.
    fn add(&mut self, text: &str, item: &'a Value) {
        if text.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push_str("\n\n");
        }
        self.text.push_str(text);
        if !self.items.iter().any(|other| std::ptr::eq(*other, item)) {
            self.items.push(item);
        }
    }
}

struct Cutter<'a> {
    tree: Tree<'a>,
    options: &'a ChunkingOptions,
}

impl<'a> Cutter<'a> {
    fn piece(&mut self, item: &'a Value) -> Piece<'a> {
        let mut piece = Piece::default();
        match label(item) {
            "list" => {
                let mut lines = Vec::new();
                self.list(item, 0, &mut lines, &mut piece.items);
                piece.text = lines.join("\n");
            }
            "table" => {
                self.captions(item, &mut piece);
                let table = match self.options.markdown_tables {
                    true => docling::table(&table(item), false),
                    false => facts(item),
                };
                piece.add(&table, item);
            }
            "picture" => {
                self.captions(item, &mut piece);
                if self.options.markdown_images {
                    piece.add(&self.options.image_placeholder, item);
                }
                let said = enrichment::said(item).join("\n\n");
                if !said.is_empty() {
                    piece.add(&said, item);
                }
            }
            "code" => piece.add(&fenced(text(item)), item),
            "formula" => piece.add(&format!("$${}$$", text(item)), item),
            _ => piece.add(&broken(text(item)), item),
        }
        piece
    }

    /// The lines of a list, those of the lists inside of it among them.
    fn list(
        &self,
        group: &'a Value,
        depth: usize,
        lines: &mut Vec<String>,
        items: &mut Vec<&'a Value>,
    ) {
        for item in self.tree.children(group) {
            let marker = item["marker"].as_str().unwrap_or_default();
            let indent = " ".repeat(INDENT * depth);
            lines.push(format!("{indent}{}{}", mark(marker), broken(text(item))));
            items.push(item);
            for nested in self.tree.children(item) {
                self.list(nested, depth + 1, lines, items);
            }
        }
    }

    /// The captions of a table or picture, in one line.
    fn captions(&self, item: &'a Value, piece: &mut Piece<'a>) {
        let captions: Vec<&Value> = self.tree.captions(item).collect();
        piece.text = captions.iter().map(|caption| text(caption)).collect::<Vec<_>>().join(" ");
        piece.items = captions;
    }
}

/// What stands before an item of a list. A mark that is no marker of markdown but says something
/// stays beside one.
fn mark(marker: &str) -> String {
    let number = marker.strip_suffix('.').unwrap_or_default();
    if matches!(marker, "-" | "*" | "+")
        || (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    {
        format!("{marker} ")
    } else if marker.chars().any(char::is_alphanumeric) {
        format!("- {marker} ")
    } else {
        "- ".to_owned()
    }
}

/// Lines that end inside of a paragraph end with markdown's hard break.
fn broken(text: &str) -> String {
    let paragraphs: Vec<String> =
        text.split("\n\n").map(|paragraph| paragraph.replace('\n', "  \n")).collect();
    paragraphs.join("\n\n")
}

/// A block of code, in a fence that nothing inside of it closes.
fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}\n{text}\n{fence}")
}

/// The table behind the item.
fn table(item: &Value) -> Table {
    let data = &item["data"];
    let cells = data["table_cells"].as_array().into_iter().flatten().map(|cell| Cell {
        row: number(cell, "start_row_offset_idx"),
        column: number(cell, "start_col_offset_idx"),
        row_span: number(cell, "row_span"),
        column_span: number(cell, "col_span"),
        header: cell["column_header"] == true,
        rect: Rect::default(),
        text: text(cell).to_owned(),
        words: Vec::new(),
    });
    Table {
        rows: number(data, "num_rows"),
        columns: number(data, "num_cols"),
        cells: cells.collect(),
        continues: None,
    }
}

/// A table in sentences: for each cell its row's first cell, its column's head, and what it says.
fn facts(item: &Value) -> String {
    let grid = rows(item);
    let width = grid.first().map_or(0, |row| row.len());
    let heads = docling::head_rows(&table(item)).min(grid.len());
    let (head, body) = grid.split_at(heads);
    let names = names(head, width);
    let trimmed = |cell: &Value| text(cell).trim().to_owned();
    let sentences: Vec<String> = match (body.is_empty(), width) {
        (_, 0) => return String::new(),
        // A head alone.
        (true, _) => names
            .iter()
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect(),
        // The first row names a column that is alone.
        (false, 1) => {
            let mut values = body.iter().filter_map(|row| row.first()).map(trimmed);
            let name = values.next().unwrap_or_default();
            let said: Vec<String> = values.map(|value| format!("{name} = {value}")).collect();
            if said.is_empty() { vec![name] } else { said }
        }
        _ => body
            .iter()
            .flat_map(|row| {
                let name = row.first().map(trimmed).unwrap_or_default();
                let cells = row.iter().zip(&names).skip(1);
                cells.map(move |(cell, column)| {
                    format!("{name}, {} = {}", column.trim(), trimmed(cell))
                })
            })
            .collect(),
    };
    sentences.join(NEXT_FACT)
}

/// The names of a table's columns: the cells of its head, from above; without a head, numbers.
fn names(head: &[&[Value]], width: usize) -> Vec<String> {
    if head.is_empty() {
        return (0..width).map(|column| column.to_string()).collect();
    }
    let name = |column: usize| {
        head.iter().filter_map(|row| row.get(column)).fold(String::new(), |mut name, cell| {
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(text(cell));
            name
        })
    };
    (0..width).map(name).collect()
}

#[cfg(test)]
mod tests;
