//! Confidence of words, and where they stand in markdown.

use super::response::WordConfidence;
use crate::document::{Block, Page, Role, Table, Word, mean_confidence};

/// How far past the last word the next one is looked for, in characters: markup, a link and the
/// padding of a table's column fit in, a word of another paragraph rarely.
const REACH: usize = 400;

/// Words of a block in reading order.
pub(super) fn block_words<'a>(page: &'a Page, block: &'a Block) -> Vec<&'a Word> {
    let word = |index: &u32| page.words.get(usize::try_from(*index).ok()?);
    match &block.role {
        Role::Table { table } if !table.cells.is_empty() => table_words(page, table),
        _ => block.lines.iter().flat_map(|line| &line.words).filter_map(word).collect(),
    }
}

/// Words of a table of one page, cell by cell.
pub(super) fn table_words<'a>(page: &'a Page, table: &Table) -> Vec<&'a Word> {
    let word = |index: &u32| page.words.get(usize::try_from(*index).ok()?);
    table.cells.iter().flat_map(|cell| &cell.words).filter_map(word).collect()
}

/// Mean and lowest confidence; `None` when no word has one.
pub(super) fn summary<'a>(
    words: impl IntoIterator<Item = &'a Word, IntoIter: Clone>,
) -> Option<(f32, f32)> {
    let words = words.into_iter();
    let lowest = words.clone().filter_map(|word| word.confidence).reduce(f32::min)?;
    Some((mean_confidence(words)?, lowest))
}

/// Cuts `text`, which holds the words in this order (escaped, hyphens at line ends undone), behind
/// each of them. `None` when no word has a confidence.
///
/// A word that is not there in its own form goes with the next one that is; the lower confidence
/// holds for both.
pub(super) fn cut(text: &str, words: &[&Word]) -> Option<Vec<WordConfidence>> {
    if words.iter().all(|word| word.confidence.is_none()) {
        return None;
    }
    let chars: Vec<char> = text.chars().collect();
    let mut out: Vec<WordConfidence> = Vec::new();
    let mut start = 0;
    // Confidence and length of words passed over.
    let (mut passed, mut length): (Option<f32>, usize) = (None, 0);
    for word in words {
        let confidence = lower(passed, word.confidence);
        let Some(end) = find(&chars, start, start + length + REACH, &word.text) else {
            passed = confidence;
            length += word.text.chars().count() + 1;
            continue;
        };
        out.push(WordConfidence {
            text: chars[start..end].iter().collect(),
            confidence,
            start_index: start,
        });
        (start, passed, length) = (end, None, 0);
    }
    let rest: String = chars[start..].iter().collect();
    match out.last_mut() {
        Some(last) => {
            last.text.push_str(&rest);
            last.confidence = lower(last.confidence, passed);
        }
        None if rest.is_empty() => {}
        None => out.push(WordConfidence { text: rest, confidence: passed, start_index: 0 }),
    }
    Some(out)
}

fn lower(a: Option<f32>, b: Option<f32>) -> Option<f32> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// End of the word's first appearance that begins in this range.
fn find(chars: &[char], from: usize, to: usize, word: &str) -> Option<usize> {
    let part = word.strip_suffix(['-', '\u{ad}', '\u{2010}']).filter(|part| !part.is_empty());
    (from..chars.len().min(to)).find_map(|start| {
        matches(chars, start, word).or_else(|| part.and_then(|part| matches(chars, start, part)))
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

    fn pieces(text: &str, words: &[&str]) -> Vec<(usize, String)> {
        let words: Vec<Word> = words.iter().map(|w| word(w, 0.5)).collect();
        let refs: Vec<&Word> = words.iter().collect();
        let cut = cut(text, &refs).unwrap();
        let whole: String = cut.iter().map(|w| w.text.as_str()).collect();
        assert_eq!(whole, text);
        for word in &cut {
            let from: String = text.chars().skip(word.start_index).collect();
            assert!(from.starts_with(&word.text), "{word:?}");
        }
        cut.into_iter().map(|w| (w.start_index, w.text)).collect()
    }

    fn pair(start: usize, text: &str) -> (usize, String) {
        (start, text.to_owned())
    }

    #[test]
    fn words_are_cut_in_order() {
        assert_eq!(
            pieces("# Å cat\n\n- a cat\\*\n", &["Å", "cat", "a", "cat*"]),
            [pair(0, "# Å"), pair(3, " cat"), pair(7, "\n\n- a"), pair(12, " cat\\*\n")]
        );
    }

    #[test]
    fn hyphens_and_entities_are_seen_through() {
        assert_eq!(
            pieces("an example", &["an", "exam-", "ple"]),
            [pair(0, "an"), pair(2, " exam"), pair(7, "ple")]
        );
        assert_eq!(
            pieces("<td>a &lt; b</td>", &["a", "<", "b"]),
            [pair(0, "<td>a"), pair(5, " &lt;"), pair(10, " b</td>")]
        );
        assert_eq!(pieces("well-known", &["well-", "known"]), [pair(0, "well-"), pair(5, "known")]);
    }

    #[test]
    fn a_word_that_is_not_there_lowers_the_next() {
        let words = [word("one", 0.9), word("two", 0.3), word("three", 0.8)];
        let cut = cut("one three", &words.iter().collect::<Vec<_>>()).unwrap();
        let found: Vec<_> = cut.iter().map(|w| (w.text.as_str(), w.confidence)).collect();
        assert_eq!(found, [("one", Some(0.9)), (" three", Some(0.3))]);
    }

    #[test]
    fn words_of_a_text_layer_are_cut_without_confidence() {
        let words = [word("one", 0.9), word("two", None)];
        let cut = cut("one two", &words.iter().collect::<Vec<_>>()).unwrap();
        let found: Vec<_> = cut.iter().map(|w| (w.text.as_str(), w.confidence)).collect();
        assert_eq!(found, [("one", Some(0.9)), (" two", None)]);
    }

    #[test]
    fn text_layers_have_no_confidence() {
        let words = [word("a", None)];
        assert_eq!(cut("a", &[&words[0]]), None);
        assert_eq!(summary(&words), None);
        let words = [word("a", 0.9), word("bcd", 0.5), word("x", None)];
        assert_eq!(summary(&words), Some((0.6, 0.5)));
    }
}
