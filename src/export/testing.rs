//! Hand-made documents for the tests of exporters that place words.

use crate::document::{
    Block, Cell, Document, Metadata, Page, Role, Status, Style, Table, TextLine, TextSource,
    Timings, Word, WordOrigin,
};
use crate::geometry::{Resolution, Size, bounds, rect};

/// Width of a letter, size and height of a word, in points.
pub(super) const LETTER: f32 = 5.0;
pub(super) const SIZE: f32 = 10.0;

/// A recognised word with its top left at (x, y).
pub(super) fn word(text: &str, x: f32, y: f32) -> Word {
    let width = LETTER * text.chars().count() as f32;
    Word {
        text: text.to_owned(),
        rect: rect(x, y, x + width, y + SIZE),
        confidence: Some(0.9),
        origin: WordOrigin::Ocr,
        style: Style { size: SIZE, ..Style::default() },
        angle: 0.0,
        joined: false,
        line: None,
    }
}

/// A page of 200 by 100 points, read at 144 dpi.
pub(super) fn page(words: Vec<Word>, blocks: impl Fn(&[Word]) -> Vec<Block>) -> Page {
    Page {
        index: 0,
        size: Size::new(200.0, 100.0),
        rotation: 0,
        skew: 0.0,
        text_source: TextSource::Ocr,
        resolution: Some(Resolution(144.0)),
        engine: None,
        language: Some("en".to_owned()),
        confidence: Some(0.9),
        blocks: blocks(&words),
        words,
        rules: Vec::new(),
        placements: Vec::new(),
        links: Vec::new(),
    }
}

/// A block of these lines of words.
pub(super) fn text_block(words: &[Word], role: Role, lines: &[&[u32]]) -> Block {
    let around = |line: &[u32]| bounds(line.iter().map(|&i| words[i as usize].rect)).unwrap();
    let text = |line: &[u32]| {
        line.iter().map(|&i| words[i as usize].text.as_str()).collect::<Vec<_>>().join(" ")
    };
    Block {
        role,
        rect: bounds(lines.iter().map(|l| around(l))).unwrap(),
        text: lines.iter().map(|l| text(l)).collect::<Vec<_>>().join(" "),
        lines: lines.iter().map(|l| TextLine { rect: around(l), words: l.to_vec() }).collect(),
        confidence: Some(0.9),
        enrichment: None,
    }
}

/// A table of one cell.
pub(super) fn table_block(words: &[Word], indices: &[u32]) -> Block {
    let text = text_block(words, Role::Paragraph, &[indices]);
    let cell = Cell {
        row: 0,
        column: 0,
        row_span: 1,
        column_span: 1,
        header: false,
        rect: text.rect,
        text: text.text.clone(),
        words: indices.to_vec(),
    };
    let table = Table { rows: 1, columns: 1, cells: vec![cell], continues: None };
    Block { role: Role::Table { table }, lines: Vec::new(), text: String::new(), ..text }
}

pub(super) fn document(pages: Vec<Page>) -> Document {
    Document {
        name: Some("a \"b\" & c.png".to_owned()),
        byte_count: 1,
        page_count: pages.len(),
        status: Status::Success,
        metadata: Metadata::default(),
        language: Some("en".to_owned()),
        pages,
        warnings: Vec::new(),
        timings: Timings::default(),
    }
}
