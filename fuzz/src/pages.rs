//! Pages with any words in any places, laid out and written in every format.
//!
//! An input is text, so that seeds can be read and mutations stay pages for the most part. A line is a
//! thing on the page:
//!
//! ```text
//! w LEFT TOP RIGHT BOTTOM SIZE ANGLE FLAGS TEXT   a word
//! r LEFT TOP RIGHT BOTTOM                         a rule
//! i LEFT TOP RIGHT BOTTOM                         an image
//! n                                               the next page
//! ```

use std::str::{FromStr, SplitWhitespace};

use recto::export::{self, DoclingOptions, MarkdownOptions};
use recto::geometry::{Pt, Rect, Size, rect};
use recto::internal::PlacementKind;
use recto::{
    Document, Metadata, Options, Page, PageRead, Placement, Profile, Role, Rule, SketchCell,
    Status, Style, Table, TableMode, TableSketch, TextSource, Timings, Word, WordOrigin,
};

/// More words take longer, and show nothing else.
const MOST_WORDS: usize = 200;
const MOST_PAGES: usize = 4;

/// Text anywhere: no word is lost, and every format can be written.
pub fn layout(data: &[u8]) {
    let Some(reads) = pages(data) else { return };
    let options = Options { do_formula_enrichment: data.len() % 2 == 1, ..Options::default() };
    let document = laid_out(reads, &options);
    write(&document);
}

/// The same with tables looked for hard, and a model that saw a grid wherever there are rules.
pub fn tables(data: &[u8]) {
    let Some(mut reads) = pages(data) else { return };
    for read in &mut reads {
        read.sketches = read.rules.chunks(4).filter_map(sketch).collect();
    }
    let mode = if data.len().is_multiple_of(2) { TableMode::Accurate } else { TableMode::Fast };
    let options = Options { table_mode: mode, ..Options::default() };
    let document = laid_out(reads, &options);
    for whole in document.tables() {
        let _ = whole.joined();
    }
    write(&document);
}

fn number<T: FromStr>(fields: &mut SplitWhitespace<'_>) -> Option<T> {
    fields.next()?.parse().ok()
}

fn sides(fields: &mut SplitWhitespace<'_>) -> Option<Rect<Pt>> {
    Some(rect(number(fields)?, number(fields)?, number(fields)?, number(fields)?))
}

fn word(fields: &mut SplitWhitespace<'_>) -> Option<Word> {
    let rect = sides(fields)?;
    let (size, angle, flags): (f32, f32, u8) = (number(fields)?, number(fields)?, number(fields)?);
    let text = fields.next()?.to_owned();
    let is = |bit: u8| flags & (1 << bit) != 0;
    let style = Style {
        font: is(0).then(|| "Times".into()),
        size,
        bold: is(1).then_some(is(0)),
        italic: is(2).then_some(is(0)),
        mono: is(3).then_some(is(0)),
        color: None,
    };
    let origin = if is(4) { WordOrigin::Ocr } else { WordOrigin::TextLayer };
    let confidence = is(4).then_some(if is(5) { 0.2 } else { 0.9 });
    let line = is(6).then_some(u32::from(flags) * 7 % 5);
    Some(Word { text, rect, confidence, origin, style, angle, joined: is(7), line })
}

/// The pages of an input; `None` where there is nothing on them.
fn pages(data: &[u8]) -> Option<Vec<PageRead>> {
    let text = std::str::from_utf8(data).ok()?;
    let blank = |index| PageRead {
        text_source: TextSource::TextLayer,
        ..PageRead::blank(index, Size::new(595.0, 842.0))
    };
    let (mut reads, mut count) = (vec![blank(0)], 0);
    for line in text.lines() {
        let mut fields = line.split_whitespace();
        let last = reads.last_mut()?;
        match fields.next() {
            Some("w") if count < MOST_WORDS => last.words.extend(word(&mut fields)),
            Some("r") if count < MOST_WORDS => {
                last.rules.extend(sides(&mut fields).map(|rect| Rule { rect }));
            }
            Some("i") if count < MOST_WORDS => {
                last.placements.extend(sides(&mut fields).map(|rect| Placement {
                    rect,
                    kind: [PlacementKind::Image, PlacementKind::Fill][count % 2],
                    pixels: None,
                }));
            }
            Some("n") if reads.len() < MOST_PAGES => reads.push(blank(reads.len())),
            _ => continue,
        }
        count += 1;
    }
    (count > 0).then_some(reads)
}

/// A grid within the rules, such as a model could see it.
fn sketch(rules: &[Rule]) -> Option<TableSketch> {
    let around = recto::geometry::bounds(rules.iter().map(|rule| rule.rect))?;
    let (rows, columns) = (rules.len(), 1 + rules.len() % 3);
    let (width, height) = (around.width() / columns as f32, around.height() / rows as f32);
    let cell = |at: usize| {
        let (row, column) = (at / columns, at % columns);
        let (left, top) =
            (around.min.x + width * column as f32, around.min.y + height * row as f32);
        let rect = rect(left, top, left + width, top + height);
        SketchCell { row, column, row_span: 1, column_span: 1, rect }
    };
    let cells = (0..rows * columns).map(cell).collect();
    Some(TableSketch { rect: around, rows, columns, cells, sure: 0.9 })
}

fn laid_out(reads: Vec<PageRead>, options: &Options) -> Document {
    let counts: Vec<usize> = reads.iter().map(|read| read.words.len()).collect();
    let pages = recto::internal::lay_out(reads, options);
    assert_eq!(pages.len(), counts.len());
    for (page, count) in pages.iter().zip(counts) {
        assert_eq!(page.words.len(), count);
        no_word_is_lost(page);
        page.blocks.iter().for_each(|block| {
            if let Role::Table { table } = &block.role {
                cells_have_places(table);
            }
        });
    }
    document(pages)
}

/// Every word is in exactly one block.
fn no_word_is_lost(page: &Page) {
    let mut seen = vec![0; page.words.len()];
    for block in &page.blocks {
        let lines = block.lines.iter().flat_map(|line| &line.words);
        let cells = match &block.role {
            Role::Table { table } => table.cells.as_slice(),
            _ => &[],
        };
        for &index in lines.chain(cells.iter().flat_map(|cell| &cell.words)) {
            seen[index as usize] += 1;
        }
    }
    let wrong = seen.iter().position(|count| *count != 1);
    if let Some(at) = wrong {
        panic!("the word {:?} is in {} blocks", page.words[at], seen[at]);
    }
}

/// Cells are inside of their table and on nobody else's place.
fn cells_have_places(table: &Table) {
    let mut taken = vec![false; table.rows * table.columns];
    for cell in &table.cells {
        for row in cell.row..cell.row + cell.row_span {
            for column in cell.column..cell.column + cell.column_span {
                assert!(row < table.rows && column < table.columns, "{cell:?} of {table:?}");
                let place = &mut taken[row * table.columns + column];
                assert!(!std::mem::replace(place, true), "{cell:?} stands on another: {table:?}");
            }
        }
    }
}

/// A document of these pages.
pub fn document(pages: Vec<Page>) -> Document {
    Document {
        name: Some("input.pdf".to_owned()),
        byte_count: 1,
        page_count: pages.len(),
        status: Status::Success,
        metadata: Metadata::default(),
        language: None,
        pages,
        warnings: Vec::new(),
        timings: Timings::default(),
    }
}

/// Writes every format; letters of words are in those that have all text.
fn write(document: &Document) {
    for page in &document.pages {
        let markdown = export::page_markdown(page, &MarkdownOptions::default());
        check_letters(std::slice::from_ref(page), &markdown);
    }
    // A table that goes on over pages says its head once.
    if document.tables().iter().all(|whole| whole.parts.len() == 1) {
        check_letters(&document.pages, &export::markdown(document, &MarkdownOptions::default()));
        check_letters(&document.pages, &export::text(document));
    }
    let docling = MarkdownOptions { profile: Profile::Docling, ..MarkdownOptions::default() };
    let _ = export::markdown(document, &docling);
    super::markup::only_known_tags(&export::html(document, Profile::Full));
    super::markup::only_known_tags(&export::html(document, Profile::Docling));
    let json = export::json(document);
    serde_json::from_str::<serde_json::Value>(&json).expect("JSON");
    let _ = (export::hocr(document), export::alto(document));
    let value = export::docling_document(document, &DoclingOptions::default());
    let _ = (export::doctags(&value), export::latex(&value), export::yaml(&value));
    let _ = export::hierarchical_chunks(&value, &recto::ChunkingOptions::default());
}

/// No ASCII letter comes more often in the words than in what was written.
fn check_letters(pages: &[Page], written: &str) {
    let count = |of: &str, counts: &mut [u32; 128]| {
        of.bytes().filter(u8::is_ascii_alphabetic).for_each(|b| counts[usize::from(b)] += 1);
    };
    let (mut wanted, mut found) = ([0; 128], [0; 128]);
    pages.iter().flat_map(|page| &page.words).for_each(|word| count(&word.text, &mut wanted));
    count(written, &mut found);
    for letter in 0..128u8 {
        let at = usize::from(letter);
        assert!(wanted[at] <= found[at], "{:?} is lost in\n{written}", char::from(letter));
    }
}
