//! Whether a text layer says what the page shows.
//!
//! Three signs of a layer that does not, each cheap and each independent of the language's
//! vocabulary: characters without a Unicode value, words that no alphabet would spell (a shuffled
//! encoding leaves long words without a vowel), and letters broken up by digits and symbols.

use crate::document::Word;

/// More unmapped characters than this share: fonts without ToUnicode tables.
const MAX_UNMAPPED: f32 = 0.1;
/// In running text of any Latin-script language under 5 % of words of four letters or more have no
/// vowel (abbreviations mostly); a random permutation of the alphabet leaves some 20 %.
const MAX_VOWELLESS: f32 = 0.15;
/// Share of words that mix letters with digits or symbols inside; codes and formulas stay under
/// a third on pages of text.
const MAX_MIXED: f32 = 0.5;
/// Fewer words than this tell nothing.
const MIN_WORDS: usize = 12;

/// What speaks against a text layer, in words; `None` when nothing does.
pub(super) fn objection(words: &[Word], chars: usize, unmapped: usize) -> Option<String> {
    if chars > 0 && unmapped as f32 > MAX_UNMAPPED * chars as f32 {
        return Some(format!("{unmapped} of {chars} characters have no Unicode value"));
    }
    let (mut long, mut vowelless, mut all, mut mixed) = (0usize, 0usize, 0usize, 0usize);
    for word in words {
        let text = word.text.trim_matches(|c: char| !c.is_alphanumeric());
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        if letters == 0 {
            continue;
        }
        all += 1;
        let inner =
            text.chars().filter(|c| !c.is_alphanumeric() && !"'’-–./@_:".contains(*c)).count();
        if inner * 3 > letters {
            mixed += 1;
        }
        let latin = text.chars().all(|c| c.is_alphabetic() && (c as u32) < 0x250);
        let capitals = text.chars().all(char::is_uppercase);
        if latin && !capitals && letters >= 4 {
            long += 1;
            vowelless += usize::from(!text.chars().any(is_vowel));
        }
    }
    if long >= MIN_WORDS && vowelless as f32 > MAX_VOWELLESS * long as f32 {
        return Some(format!("{vowelless} of {long} words have no vowel"));
    }
    if all >= MIN_WORDS && mixed as f32 > MAX_MIXED * all as f32 {
        return Some(format!("{mixed} of {all} words are broken up by symbols"));
    }
    None
}

/// Vowels of the Latin script, accented ones too (their base letter decides).
fn is_vowel(c: char) -> bool {
    use unicode_normalization::UnicodeNormalization;
    let base = std::iter::once(c).nfd().next().unwrap_or(c);
    matches!(base.to_ascii_lowercase(), 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
        || matches!(base, 'æ' | 'ø' | 'œ' | 'ı' | 'Æ' | 'Ø' | 'Œ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Style, WordOrigin};
    use crate::geometry::rect;

    fn words(text: &str) -> Vec<Word> {
        text.split_whitespace()
            .map(|t| Word {
                text: t.to_owned(),
                rect: rect(0.0, 0.0, 1.0, 1.0),
                confidence: None,
                origin: WordOrigin::TextLayer,
                style: Style::default(),
                angle: 0.0,
                joined: false,
                line: None,
            })
            .collect()
    }

    const PROSE: &str = "The harbour office keeps a ledger of every vessel that calls here, \
        written by hand since the lamps were lit, and the rhythm of it seldom changes";

    #[test]
    fn prose_is_trusted() {
        assert_eq!(objection(&words(PROSE), 150, 1), None);
        assert_eq!(objection(&words("1 2 3 4.5 % 17"), 10, 0), None);
    }

    #[test]
    fn a_shuffled_alphabet_is_not() {
        let shuffled: String = PROSE
            .chars()
            .map(|c| match c {
                'a'..='z' => (b'a' + (c as u8 - b'a' + 11) % 26) as char,
                c => c,
            })
            .collect();
        assert!(objection(&words(&shuffled), 150, 0).is_some_and(|o| o.contains("no vowel")));
    }

    #[test]
    fn missing_unicode_is_not() {
        assert!(objection(&words(PROSE), 100, 20).is_some_and(|o| o.contains("no Unicode")));
    }
}
