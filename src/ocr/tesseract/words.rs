//! From Tesseract's words to ours.

use unicode_normalization::UnicodeNormalization;

use super::ffi::RawWord;
use crate::geometry::rect;
use crate::recognizer::{OcrWord, em};

/// Numbers blocks, paragraphs and lines, drops words that are only white space, and estimates the
/// size of each line.
pub(super) fn finish(raw: Vec<RawWord>) -> Vec<OcrWord> {
    let mut words: Vec<OcrWord> = Vec::with_capacity(raw.len());
    // Counted from 1 while running: the first word starts all three.
    let [mut block, mut paragraph, mut line] = [0_u32; 3];
    let mut rest = String::new();
    for word in raw {
        let first = line == 0;
        block += u32::from(word.starts.block || first);
        paragraph += u32::from(word.starts.paragraph || first);
        line += u32::from(word.starts.line || first);
        if let Some(text) = word.line_text {
            rest = text;
        }
        let at_line_start = word.starts.line || first;
        let spaced = take_word(&mut rest, &word.text);
        let text: String = word.text.nfc().filter(|c| !c.is_whitespace()).collect();
        if text.is_empty() {
            continue;
        }
        let [left, top, right, bottom] = word.sides.map(|v| v as f32);
        words.push(OcrWord {
            text,
            bold: None,
            rect: rect(left, top, right, bottom),
            confidence: (word.confidence / 100.0).clamp(0.0, 1.0),
            block: block - 1,
            paragraph: paragraph - 1,
            line: line - 1,
            size: None,
            angle: f32::from(word.turns) * 90.0,
            joined: spaced == Some(false) && !at_line_start,
        });
    }
    for of_line in words.chunk_by_mut(|a, b| a.line == b.line) {
        let size = em(of_line);
        of_line.iter_mut().for_each(|w| w.size = size);
    }
    words
}

/// Takes a word from the front of what is left of its line; tells whether white space stood before
/// it. `None` where the line's text does not go on with the word (marks of direction do that).
fn take_word(rest: &mut String, word: &str) -> Option<bool> {
    let start = rest.find(|c: char| !c.is_whitespace())?;
    if !rest[start..].starts_with(word) {
        return None;
    }
    rest.drain(..start + word.len());
    Some(start > 0)
}

#[cfg(test)]
mod tests {
    use super::super::ffi::Starts;
    use super::*;

    fn raw(text: &str, line_text: Option<&str>, height: i32) -> RawWord {
        let line = line_text.is_some();
        RawWord {
            text: text.to_owned(),
            confidence: 90.0,
            sides: [0, 0, 50, height],
            starts: Starts { block: false, paragraph: line, line },
            turns: 0,
            line_text: line_text.map(str::to_owned),
        }
    }

    #[test]
    fn words_of_white_space_are_dropped_and_their_line_goes_on() {
        let words = finish(vec![
            raw(" ", Some("  Hello\n"), 28),
            raw("Hello", None, 28),
            raw("\u{a0}", None, 28),
        ]);
        assert_eq!(words.len(), 1);
        assert_eq!((words[0].text.as_str(), words[0].line, words[0].paragraph), ("Hello", 0, 0));
        assert_eq!(words[0].confidence, 0.9);
    }

    #[test]
    fn text_comes_composed() {
        let words = finish(vec![raw("Cafe\u{301}", Some("Cafe\u{301}\n"), 28)]);
        assert_eq!(words[0].text, "Caf\u{e9}");
    }

    #[test]
    fn spaces_are_told_from_the_text_of_the_line() {
        let line = "東京 都は広い\n";
        let words = finish(vec![
            raw("東京", Some(line), 30),
            raw("都は", None, 30),
            raw("広い", None, 30),
            raw("次", Some("次の\n"), 30),
            raw("の", None, 30),
        ]);
        let joined: Vec<bool> = words.iter().map(|w| w.joined).collect();
        assert_eq!(joined, [false, false, true, false, true]);
        assert_eq!(words[3].line, 1);
    }

    #[test]
    fn a_line_whose_text_does_not_fit_keeps_its_spaces() {
        let words = finish(vec![raw("ab", Some("xx yy\n"), 20), raw("cd", None, 20)]);
        assert!(words.iter().all(|w| !w.joined));
    }
}
