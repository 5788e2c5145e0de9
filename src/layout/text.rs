//! Lines to plain text: spaces, line-end hyphens, logical order.

use std::collections::HashSet;

use unicode_bidi::{BidiInfo, Level};
use unicode_script::{Script, UnicodeScript};

use super::lines::Line;
use crate::document::Word;

/// Words of the document without their hyphens, to judge line-end hyphens by.
#[derive(Debug, Default)]
pub(super) struct Vocabulary(HashSet<String>);

impl Vocabulary {
    /// Collects the words of all pages.
    pub(super) fn new<'a>(words: impl Iterator<Item = &'a Word>) -> Self {
        Self(words.map(|w| bare(&w.text)).filter(|w| !w.is_empty()).collect())
    }

    fn has(&self, word: &str) -> bool {
        self.0.contains(&bare(word))
    }
}

/// Lower case, without punctuation around it.
fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

/// The text of a run of words on one line, in logical order.
pub(super) fn line_text(indices: &[u32], words: &[Word]) -> String {
    let mut out = String::new();
    for (n, index) in logical(indices, words).into_iter().enumerate() {
        let word = &words[index as usize];
        if n > 0 && !word.joined && needs_space(&out, &word.text) {
            out.push(' ');
        }
        out.push_str(&word.text);
    }
    out
}

/// The text of several lines as one paragraph, hyphenation undone.
pub(super) fn paragraph_text(lines: &[Line], words: &[Word], known: &Vocabulary) -> String {
    let mut out = String::new();
    for line in lines {
        append_line(&mut out, &line_text(&line.words, words), known);
    }
    out
}

/// Joins a line to the text before it.
pub(super) fn append_line(out: &mut String, line: &str, known: &Vocabulary) {
    if out.is_empty() {
        out.push_str(line);
        return;
    }
    match line_end_hyphen(out, line, known) {
        Hyphen::Drop => {
            out.pop();
        }
        Hyphen::Keep => {}
        Hyphen::None if needs_space(out, line) => out.push(' '),
        Hyphen::None => {}
    }
    out.push_str(line);
}

enum Hyphen {
    /// A word was broken: join without the hyphen.
    Drop,
    /// A compound was broken at its own hyphen: join with it.
    Keep,
    /// Nothing to join.
    None,
}

/// A hyphen at a line end is dropped when the joined word occurs in the document, kept when the
/// hyphenated one does; otherwise it is dropped between lower-case letters.
fn line_end_hyphen(before: &str, after: &str, known: &Vocabulary) -> Hyphen {
    let Some(stem) = before.strip_suffix(['-', '\u{2010}', '\u{AD}']) else {
        return Hyphen::None;
    };
    let left = stem.rsplit(char::is_whitespace).next().unwrap_or_default();
    let right = after.split(char::is_whitespace).next().unwrap_or_default();
    let ends = left.chars().next_back();
    let starts = right.chars().next();
    let (Some(ends), Some(starts)) = (ends, starts) else { return Hyphen::None };
    if !ends.is_alphanumeric() {
        return Hyphen::None;
    }
    if before.ends_with('\u{AD}') || known.has(&format!("{left}{right}")) {
        return Hyphen::Drop;
    }
    if known.has(&format!("{left}-{right}")) {
        return Hyphen::Keep;
    }
    if ends.is_lowercase() && starts.is_lowercase() {
        // "well-" + "known-to-all": a word that has another hyphen of its own keeps this one.
        if left.contains('-') { Hyphen::Keep } else { Hyphen::Drop }
    } else if ends.is_numeric() && starts.is_numeric()
        || starts.is_uppercase() && ends.is_lowercase()
        || ends.is_uppercase()
    {
        Hyphen::Keep
    } else {
        Hyphen::None
    }
}

/// Whether a space goes between two pieces of text: not between characters of scripts that are
/// written without.
fn needs_space(before: &str, after: &str) -> bool {
    match (before.chars().next_back(), after.chars().next()) {
        (Some(a), Some(b)) => {
            !(is_unspaced(a) && (is_unspaced(b) || b.is_ascii_punctuation())
                || is_unspaced(b) && is_wide_punctuation(a)
                || is_wide_punctuation(b) && !a.is_ascii())
        }
        _ => false,
    }
}

fn is_wide_punctuation(c: char) -> bool {
    matches!(c as u32, 0x3000..=0x303F | 0xFF00..=0xFFEF)
}

/// Characters of scripts written without spaces between words.
pub(super) fn is_unspaced(c: char) -> bool {
    is_wide_punctuation(c)
        || matches!(
            c.script(),
            Script::Han
                | Script::Hiragana
                | Script::Katakana
                | Script::Bopomofo
                | Script::Thai
                | Script::Lao
                | Script::Khmer
                | Script::Myanmar
        )
}

/// Whether most words run from right to left. Words count, not letters: a line of Hebrew with two
/// long English names in it is still a line of Hebrew.
pub(super) fn is_rtl<'a>(words: impl Iterator<Item = &'a Word>) -> bool {
    let (mut rtl, mut all) = (0usize, 0usize);
    for word in words {
        if let Some(c) = word.text.chars().find(|c| c.is_alphabetic()) {
            all += 1;
            rtl += usize::from(is_rtl_letter(c));
        }
    }
    rtl > 0 && rtl * 2 >= all
}

fn is_rtl_letter(c: char) -> bool {
    use unicode_bidi::BidiClass::{AL, R};
    matches!(unicode_bidi::bidi_class(c), R | AL)
}

/// Words come sorted by their left side; puts them into logical order: the bidi algorithm (UAX
/// #9) is its own inverse on runs of whole words.
pub(super) fn logical(indices: &[u32], words: &[Word]) -> Vec<u32> {
    let any_rtl = indices.iter().any(|&i| words[i as usize].text.chars().any(is_rtl_letter));
    if !any_rtl {
        return indices.to_vec();
    }
    // The page decides where the line is of two minds.
    let rtl = is_rtl(indices.iter().map(|&i| &words[i as usize])) || is_rtl(words.iter());
    let base = if rtl { Level::rtl() } else { Level::ltr() };
    // One letter stands for each word: its first strong one, or the digit or sign it starts with.
    let visual: String = indices
        .iter()
        .map(|&i| {
            let text = &words[i as usize].text;
            let strong = text.chars().find(|&c| is_rtl_letter(c) || c.is_alphabetic());
            match strong.or_else(|| text.chars().next()) {
                Some(c) if is_rtl_letter(c) => 'א',
                Some(c) if c.is_alphabetic() => 'a',
                Some(c) if c.is_numeric() => '1',
                _ => ' ',
            }
        })
        .flat_map(|c| [c, ' '])
        .collect();
    let info = BidiInfo::new(&visual, Some(base));
    let Some(paragraph) = info.paragraphs.first() else { return indices.to_vec() };
    let levels: Vec<Level> =
        visual.char_indices().step_by(2).map(|(at, _)| info.levels[at]).collect();
    let _ = paragraph;
    BidiInfo::reorder_visual(&levels).into_iter().map(|n| indices[n]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::testing::word;

    fn known(words: &[&str]) -> Vocabulary {
        Vocabulary(words.iter().map(|w| (*w).to_owned()).collect())
    }

    fn joined(a: &str, b: &str, words: &[&str]) -> String {
        let mut out = a.to_owned();
        append_line(&mut out, b, &known(words));
        out
    }

    #[test]
    fn line_end_hyphens_are_judged_by_the_document() {
        assert_eq!(joined("a hyphen-", "ated word", &[]), "a hyphenated word");
        assert_eq!(joined("a well-", "known case", &["well-known"]), "a well-known case");
        assert_eq!(joined("the North-", "South line", &[]), "the North-South line");
        assert_eq!(joined("pages 10-", "20 of it", &[]), "pages 10-20 of it");
        assert_eq!(joined("and then -", "a dash", &[]), "and then - a dash");
    }

    #[test]
    fn scripts_without_spaces_are_joined_without() {
        assert_eq!(joined("日本語の", "文章", &[]), "日本語の文章");
        assert_eq!(joined("これは", "PDF", &[]), "これは PDF");
    }

    #[test]
    fn hebrew_words_come_in_logical_order() {
        // On paper, from the left: WORLD HELLO, so the logical order is HELLO WORLD.
        let words = [word("עולם", 0.0, 0.0, 40.0), word("שלום", 50.0, 0.0, 90.0)];
        assert_eq!(line_text(&[0, 1], &words), "שלום עולם");
    }

    #[test]
    fn latin_inside_hebrew_keeps_its_own_order() {
        let words = [
            word("סוף", 0.0, 0.0, 30.0),
            word("Debian", 40.0, 0.0, 80.0),
            word("Linux", 90.0, 0.0, 120.0),
            word("התחלה", 130.0, 0.0, 170.0),
        ];
        assert_eq!(line_text(&[0, 1, 2, 3], &words), "התחלה Debian Linux סוף");
    }
}
