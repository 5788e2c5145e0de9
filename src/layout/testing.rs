//! Hand-made words for tests.

use crate::document::{Document, Metadata, Status, Style, TextSource, Timings, Word, WordOrigin};
use crate::geometry::{Size, rect};
use crate::page::PageRead;

/// A word on a line with top `top`, 10 points high.
pub(super) fn word(text: &str, left: f32, top: f32, right: f32) -> Word {
    Word {
        text: text.to_owned(),
        rect: rect(left, top, right, top + 10.0),
        confidence: None,
        origin: WordOrigin::TextLayer,
        style: Style { size: 10.0, ..Style::default() },
        angle: 0.0,
        joined: false,
        line: None,
    }
}

/// The words of a line of text, set five points to the character from `left`.
pub(super) fn line(text: &str, left: f32, top: f32) -> Vec<Word> {
    let mut x = left;
    text.split(' ')
        .map(|t| {
            let width = 5.0 * t.chars().count() as f32;
            let w = word(t, x, top, x + width);
            x += width + 2.5;
            w
        })
        .collect()
}

/// A page of 600 by 800 points with a text layer.
pub(super) fn page_of(index: usize, words: Vec<Word>) -> PageRead {
    PageRead {
        words,
        text_source: TextSource::TextLayer,
        ..PageRead::blank(index, Size::new(600.0, 800.0))
    }
}

/// A document without pages.
pub(super) fn empty_document() -> Document {
    Document {
        name: None,
        byte_count: 0,
        page_count: 0,
        status: Status::Success,
        metadata: Metadata::default(),
        language: None,
        pages: Vec::new(),
        warnings: Vec::new(),
        timings: Timings::default(),
    }
}
