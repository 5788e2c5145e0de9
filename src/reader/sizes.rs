//! Sizes of lines in scripts whose letters say nothing about the em: by the height of their ink.
//!
//! Tesseract's own measure of a row jumps by half from line to line of the same Japanese or Hindi
//! text; the upper quartile of the heights of what hangs together keeps within a twentieth.

use std::collections::BTreeMap;

use unicode_script::{Script, UnicodeScript};

use crate::geometry::{Px, Rect, RectExt};
use crate::recognizer::OcrWord;

/// Gives the words of a line that has no size one: the upper quartile of the heights of its letters,
/// by what that is of the em in their script.
pub(super) fn fill(words: &mut [OcrWord], letters: &[Rect<Px>]) {
    let mut lines: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (n, word) in words.iter().enumerate() {
        if word.size.is_none() && word.angle == 0.0 {
            lines.entry(word.line).or_default().push(n);
        }
    }
    if lines.is_empty() {
        return;
    }
    let mut sorted = letters.to_vec();
    sorted.sort_by(|a, b| a.mid_y().total_cmp(&b.mid_y()));
    for members in lines.values() {
        let mut heights: Vec<f32> = Vec::new();
        for &n in members {
            let at = words[n].rect;
            let first = sorted.partition_point(|l| l.mid_y() < at.min.y);
            let within = sorted[first..].iter().take_while(|l| l.mid_y() <= at.max.y);
            heights.extend(within.filter(|l| at.contains(l.center())).map(|l| l.height()));
        }
        heights.sort_by(f32::total_cmp);
        let Some(height) = heights.get(heights.len() * 3 / 4) else { continue };
        let mut letters = members.iter().flat_map(|&n| words[n].text.chars());
        let size = height / letters.find_map(share).unwrap_or(OTHER);
        members.iter().for_each(|&n| words[n].size = Some(size));
    }
}

/// Where nothing is known about the script.
const OTHER: f32 = 0.6;

/// The upper quartile of letters' heights as a share of the em, measured on scanned pages of known
/// type. (Parts of Han characters and dots of Arabic letters count by themselves.)
fn share(c: char) -> Option<f32> {
    match c.script() {
        Script::Han | Script::Hiragana | Script::Katakana | Script::Hangul => Some(0.72),
        Script::Devanagari | Script::Bengali | Script::Gurmukhi => Some(0.74),
        Script::Arabic => Some(0.59),
        Script::Hebrew => Some(0.52),
        Script::Common | Script::Inherited => None,
        _ => Some(OTHER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::rect;

    fn word(text: &str, line: u32, size: Option<f32>) -> OcrWord {
        let top = line as f32 * 100.0;
        OcrWord {
            text: text.to_owned(),
            rect: rect(0.0, top, 200.0, top + 60.0),
            confidence: 0.9,
            block: 0,
            paragraph: 0,
            line,
            size,
            bold: None,
            angle: 0.0,
            joined: false,
        }
    }

    #[test]
    fn lines_without_a_size_get_one_by_their_ink() {
        let letters = |line: f32, height: f32| {
            (0..8).map(move |i| {
                let (left, top) = (i as f32 * 22.0, line * 100.0 + 5.0);
                rect(left, top, left + 20.0, top + height)
            })
        };
        let ink: Vec<_> =
            letters(0.0, 36.0).chain(letters(1.0, 50.0)).chain(letters(2.0, 9.0)).collect();
        let mut words =
            [word("日本語", 0, None), word("日本", 1, None), word("word", 2, Some(30.0))];
        fill(&mut words, &ink);
        let sizes = words.map(|w| w.size.map(|size| size.round()));
        assert_eq!(sizes, [Some(50.0), Some(69.0), Some(30.0)]);
    }

    #[test]
    fn words_without_ink_stay_without_a_size() {
        let mut words = [word("日", 0, None)];
        fill(&mut words, &[]);
        assert_eq!(words[0].size, None);
    }
}
