//! Hand-made words for tests.

use crate::document::{Style, Word, WordOrigin};
use crate::geometry::rect;

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
