//! Confidence of words, and where they stand in markdown.

use super::response::WordConfidence;
use crate::document::{Block, Page, Role, Word, mean_confidence};

/// How far past the last word the next one is looked for, in characters: markup, a link and the
/// padding of a table's column fit in, a word of another paragraph rarely.
const REACH: usize = 400;

/// Words of a block in reading order.
pub(super) fn block_words<'a>(page: &'a Page, block: &'a Block) -> Vec<&'a Word> {
    let word = |index: &u32| page.words.get(usize::try_from(*index).ok()?);
    match &block.role {
        Role::Table { table } if !table.cells.is_empty() => {
            table.cells.iter().flat_map(|cell| &cell.words).filter_map(word).collect()
        }
        _ => block.lines.iter().flat_map(|line| &line.words).filter_map(word).collect(),
    }
}

/// Mean and lowest confidence; `None` when no word has one.
pub(super) fn summary<'a>(
    words: impl IntoIterator<Item = &'a Word, IntoIter: Clone>,
) -> Option<(f32, f32)> {
    let words = words.into_iter();
    let lowest = words.clone().filter_map(|word| word.confidence).reduce(f32::min)?;
    Some((mean_confidence(words)?, lowest))
}

/// Every word that has a confidence, with its offset in `text`, which holds the words in this
/// order (escaped, hyphens at line ends undone). `None` when no word has one.
pub(super) fn locate(text: &str, words: &[&Word]) -> Option<Vec<WordConfidence>> {
    if words.iter().all(|word| word.confidence.is_none()) {
        return None;
    }
    let chars: Vec<char> = text.chars().collect();
    let mut cursor = 0;
    let mut out = Vec::new();
    for word in words {
        let found = find(&chars, cursor, &word.text);
        if let Some((_, end)) = found {
            cursor = end;
        }
        if let Some(confidence) = word.confidence {
            let start_index = found.map(|(start, _)| start);
            out.push(WordConfidence { text: word.text.clone(), confidence, start_index });
        }
    }
    Some(out)
}

/// Start and end of the word's first appearance.
fn find(chars: &[char], from: usize, word: &str) -> Option<(usize, usize)> {
    let part = word.strip_suffix(['-', '\u{ad}', '\u{2010}']).filter(|part| !part.is_empty());
    let last = chars.len().min(from + REACH);
    (from..last).find_map(|start| {
        let end = matches(chars, start, word)
            .or_else(|| part.and_then(|part| matches(chars, start, part)))?;
        Some((start, end))
    })
}

/// Where the word ends if it stands here, written as it is, escaped, or as HTML.
fn matches(chars: &[char], start: usize, word: &str) -> Option<usize> {
    let mut at = start;
    for c in word.chars() {
        let entity = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            _ => "",
        };
        let rest = &chars[at..];
        if !entity.is_empty() && entity.chars().eq(rest.iter().copied().take(entity.len())) {
            at += entity.len();
        } else if rest.first() == Some(&c) {
            at += 1;
        } else if rest.first() == Some(&'\\') && rest.get(1) == Some(&c) {
            at += 2;
        } else {
            return None;
        }
    }
    Some(at)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::document::{Style, WordOrigin};
    use crate::geometry::rect;

    pub(crate) fn word(text: &str, confidence: impl Into<Option<f32>>) -> Word {
        Word {
            text: text.to_owned(),
            rect: rect(0.0, 0.0, 1.0, 1.0),
            confidence: confidence.into(),
            origin: WordOrigin::Ocr,
            style: Style::default(),
            angle: 0.0,
            joined: false,
            line: None,
        }
    }

    fn starts(text: &str, words: &[&str]) -> Vec<Option<usize>> {
        let words: Vec<Word> = words.iter().map(|w| word(w, 0.5)).collect();
        let refs: Vec<&Word> = words.iter().collect();
        locate(text, &refs).unwrap().into_iter().map(|w| w.start_index).collect()
    }

    #[test]
    fn words_are_found_in_order() {
        assert_eq!(
            starts("# Å cat\n\n- a cat\\*", &["Å", "cat", "a", "cat*"]),
            [Some(2), Some(4), Some(11), Some(13)]
        );
    }

    #[test]
    fn hyphens_and_entities_are_seen_through() {
        assert_eq!(starts("an example", &["an", "exam-", "ple"]), [Some(0), Some(3), Some(7)]);
        assert_eq!(starts("<td>a &lt; b</td>", &["a", "<", "b"]), [Some(4), Some(6), Some(11)]);
        assert_eq!(starts("well-known", &["well-", "known"]), [Some(0), Some(5)]);
    }

    #[test]
    fn a_word_that_is_not_there_has_no_offset() {
        assert_eq!(starts("one three", &["one", "two", "three"]), [Some(0), None, Some(4)]);
    }

    #[test]
    fn text_layers_have_no_confidence() {
        let words = [word("a", None)];
        assert_eq!(locate("a", &[&words[0]]), None);
        assert_eq!(summary(&words), None);
        let words = [word("a", 0.9), word("bcd", 0.5), word("x", None)];
        assert_eq!(summary(&words), Some((0.6, 0.5)));
    }
}
