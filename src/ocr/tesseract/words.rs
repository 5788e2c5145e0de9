//! From Tesseract's words to ours.

use unicode_normalization::UnicodeNormalization;

use super::ffi::RawWord;
use crate::geometry::rect;
use crate::ocr::OcrWord;

/// Heights as shares of the em, the middle of common text faces (Times, Helvetica, Computer
/// Modern, Georgia lie within 8 % of the first two and 12 % of the third).
const ASCENDER: f32 = 0.69;
const DESCENDER: f32 = 0.21;
const X_HEIGHT: f32 = 0.46;

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

/// The size of a line's em, in pixels: the middle of what its words say by their height and
/// letters. `None` where most letters are of scripts whose heights are not known: boxes of single
/// Latin words in such a line are cut too roughly to measure by.
fn em(words: &[OcrWord]) -> Option<f32> {
    let count = |known: bool| -> usize {
        let of = words.iter().filter(|w| height_in_em(&w.text).is_some() == known);
        of.map(|w| w.text.chars().filter(|c| c.is_alphanumeric()).count()).sum()
    };
    if count(false) > count(true) {
        return None;
    }
    let upright = |w: &OcrWord| w.angle == 0.0 || w.angle == 180.0;
    let by_letters = |tall_only: bool| -> Vec<f32> {
        words
            .iter()
            .filter_map(|w| {
                let (tall, share) = height_in_em(&w.text)?;
                let height = if upright(w) { w.rect.height() } else { w.rect.width() };
                (tall || !tall_only).then_some(height / share)
            })
            .collect()
    };
    // Ascenders and capitals vary less between faces than the x-height does.
    median(by_letters(true)).or_else(|| median(by_letters(false))).filter(|size| *size > 0.0)
}

/// Height of a word as a share of the em, and whether letters with ascenders are part of it.
/// `None` where a letter's height is not known, or nothing reaches the x-height.
fn height_in_em(text: &str) -> Option<(bool, f32)> {
    let (mut tall, mut low, mut any) = (false, false, false);
    for c in text.chars() {
        match c {
            'b' | 'd' | 'f' | 'h' | 'k' | 'l' | 'i' | 't' => tall = true,
            'A'..='I' | 'K'..='P' | 'R'..='Z' | '0'..='9' => tall = true,
            'g' | 'p' | 'q' | 'y' | 'ç' => low = true,
            'a'..='z' if c != 'j' => {}
            'à'..='å' | 'è'..='ö' | 'ø'..='ü' => tall = true,
            // Greek and Cyrillic capitals, and small letters without ascender or descender.
            'Α'..='Ω' | 'А'..='И' | 'К'..='П' | 'Р'..='Х' | 'Ч' | 'Ш' | 'Ы'..='Я' => {
                tall = true
            }
            'α' | 'ε' | 'ι' | 'κ' | 'ν' | 'ο' | 'π' | 'σ' | 'ς' | 'τ' | 'υ' | 'ω' => {}
            'а'
            | 'в'
            | 'г'
            | 'е'
            | 'ж'
            | 'з'
            | 'и'
            | 'к'..='п'
            | 'с'
            | 'т'
            | 'х'
            | 'ч'
            | 'ш'
            | 'ъ'..='я' => {}
            'р' | 'у' | 'ц' | 'щ' => low = true,
            // Do not reach out of the range of the letters beside them.
            '.' | '-' | ':' | '–' | '—' | '·' => continue,
            _ => return None,
        }
        any = true;
    }
    let top = if tall { ASCENDER } else { X_HEIGHT };
    any.then_some((tall, top + if low { DESCENDER } else { 0.0 }))
}

fn median(mut values: Vec<f32>) -> Option<f32> {
    if values.is_empty() {
        return None;
    }
    values.sort_by(f32::total_cmp);
    Some(values[values.len() / 2])
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

    #[test]
    fn size_is_taken_from_the_letters() {
        // 10 pt at 300 dpi: an em of 41.7 px, ascenders 28.8, descenders 8.8, x-height 19.2.
        let line = "Hold gap sum\n";
        let words =
            finish(vec![raw("Hold", Some(line), 29), raw("gap", None, 28), raw("sum", None, 19)]);
        let size = words[0].size.unwrap();
        assert!((size - 41.7).abs() < 1.0, "{size}");
        let words = finish(vec![raw("sum", Some("sum\n"), 19)]);
        assert!((words[0].size.unwrap() - 41.7).abs() < 1.0);
    }

    #[test]
    fn other_scripts_have_no_size_by_letters() {
        let line = "漢字の CD\n";
        let words = finish(vec![raw("漢字の", Some(line), 38), raw("CD", None, 60)]);
        assert_eq!(words[0].size, None);
    }
}
