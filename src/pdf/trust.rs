//! Whether a text layer says what the page shows.
//!
//! The layer alone can only raise doubt, cheaply: characters without a Unicode value, letters that
//! follow each other as in no language (a shuffled encoding), words broken up by symbols, text that
//! nobody sees. Good layers look odd too (formulas, lists of names, languages without a table), so
//! it is the page's pixels that decide; see `recognition`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::text::is_unmapped;
use super::text_layer::TextLayer;
use crate::document::{Word, WordOrigin};
use crate::language::fits;
use crate::page::{Doubt, Suspect};

/// More unmapped characters than this share raise doubt: fonts without ToUnicode tables.
const MAX_UNMAPPED: f32 = 0.1;
/// Beyond this share nothing is left that could be compared with the page.
const LOST: f32 = 0.5;
/// Share of words that mix letters with digits or symbols inside; codes and formulas stay under
/// a third on pages of text.
const MAX_MIXED: f32 = 0.5;
/// Fewer words than this do not tell by being mixed.
const MIN_WORDS: usize = 12;
/// A layer of which more than this share is invisible is somebody's OCR.
const HIDDEN: f32 = 0.5;
/// Fonts with less than this share of the letters decide nothing about a page.
const MIN_FONT_SHARE: f32 = 0.1;
/// Scripts with less than this share of the letters decide nothing either.
const MIN_SCRIPT_SHARE: f32 = 0.2;

/// What speaks against a text layer; `None` when nothing does.
pub(super) fn doubt(layer: &TextLayer) -> Option<Doubt> {
    let words = &layer.words;
    // Bullets and boxes to tick often have no Unicode value: characters that stand alone are no
    // sign of a bad table.
    let alone = words.iter().filter(|w| stands_alone(&w.text)).count();
    let chars = layer.chars.saturating_sub(alone);
    let unmapped = layer.unmapped.saturating_sub(alone);
    let all = |reason| Some(Doubt { reason, suspect: Suspect::All });
    if unmapped as f32 > MAX_UNMAPPED * chars as f32 {
        let lost = unmapped as f32 > LOST * chars as f32;
        return Some(Doubt {
            reason: format!("{unmapped} of {chars} characters have no Unicode value"),
            suspect: if lost { Suspect::Lost } else { Suspect::All },
        });
    }
    let length = |w: &Word| w.text.chars().count();
    let hidden: usize =
        words.iter().filter(|w| w.origin == WordOrigin::HiddenLayer).map(length).sum();
    if hidden as f32 > HIDDEN * chars.max(1) as f32 {
        return Some(Doubt {
            reason: "it is invisible, and differs from what the page shows".to_owned(),
            suspect: Suspect::Hidden,
        });
    }
    if !fit(words.iter()) {
        return all("its letters follow each other as in no language".to_owned());
    }
    let (mixed, all_words) = mixed_words(words);
    if all_words >= MIN_WORDS && mixed as f32 > MAX_MIXED * all_words as f32 {
        return all(format!("{mixed} of {all_words} words are broken up by symbols"));
    }
    let fonts = doubtful_fonts(words);
    (!fonts.is_empty()).then(|| Doubt {
        reason: format!(
            "letters in the font {} follow each other as in no language",
            fonts.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(", ")
        ),
        suspect: Suspect::Fonts(fonts),
    })
}

fn stands_alone(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(is_unmapped) && chars.next().is_none()
}

/// Whether the words read like text, as far as can be told, in each script that is more than a few
/// names.
fn fit<'a>(words: impl Iterator<Item = &'a Word>) -> bool {
    let fits = fits(words.map(|w| w.text.as_str()));
    let all: usize = fits.iter().map(|fit| fit.letters).sum();
    fits.iter()
        .filter(|fit| fit.letters as f32 >= MIN_SCRIPT_SHARE * all as f32)
        .all(|fit| fit.is_doubtful() != Some(true))
}

/// Fonts whose words do not read like text, though the page as a whole does.
fn doubtful_fonts(words: &[Word]) -> Vec<Arc<str>> {
    let mut by_font: BTreeMap<&Arc<str>, Vec<&Word>> = BTreeMap::new();
    for word in words {
        if let Some(font) = &word.style.font {
            by_font.entry(font).or_default().push(word);
        }
    }
    let length = |words: &[&Word]| words.iter().map(|w| w.text.len()).sum::<usize>();
    let all: usize = words.iter().map(|w| w.text.len()).sum();
    by_font
        .into_iter()
        .filter(|(_, own)| length(own) as f32 >= MIN_FONT_SHARE * all as f32)
        .filter(|(_, own)| length(own) < all && !fit(own.iter().copied()))
        .map(|(font, _)| Arc::clone(font))
        .collect()
}

/// Words with symbols between their letters, and words with letters at all.
fn mixed_words(words: &[Word]) -> (usize, usize) {
    let (mut all, mut mixed) = (0, 0);
    for word in words {
        let text = word.text.trim_matches(|c: char| !c.is_alphanumeric());
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        if letters == 0 {
            continue;
        }
        all += 1;
        let inner =
            text.chars().filter(|c| !c.is_alphanumeric() && !"'’-–./@_:".contains(*c)).count();
        mixed += usize::from(inner * 3 > letters);
    }
    (mixed, all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Style;
    use crate::geometry::rect;

    fn layer(text: &str, unmapped: usize) -> TextLayer {
        TextLayer {
            words: words(text, WordOrigin::TextLayer, "Body"),
            chars: text.chars().filter(|c| !c.is_whitespace()).count(),
            unmapped,
            ..TextLayer::default()
        }
    }

    fn words(text: &str, origin: WordOrigin, font: &str) -> Vec<Word> {
        let word = |text: &str| Word {
            text: text.to_owned(),
            rect: rect(0.0, 0.0, 1.0, 1.0),
            confidence: None,
            origin,
            style: Style { font: Some(font.into()), ..Style::default() },
            angle: 0.0,
            joined: false,
            line: None,
        };
        text.split_whitespace().map(word).collect()
    }

    const PROSE: &str = "The harbour office keeps a ledger of every vessel that calls here, \
        written by hand since the lamps were lit, and the rhythm of it seldom changes";

    fn shuffled() -> String {
        let swap = |c| match c {
            'a'..='z' => (b'a' + (c as u8 - b'a' + 11) % 26) as char,
            c => c,
        };
        PROSE.chars().map(swap).collect()
    }

    #[test]
    fn prose_and_numbers_are_not_in_doubt() {
        assert_eq!(doubt(&layer(PROSE, 1)), None);
        assert_eq!(doubt(&layer("1 2 3 4.5 % 17", 0)), None);
        assert_eq!(doubt(&layer("", 0)), None);
    }

    #[test]
    fn a_shuffled_alphabet_is() {
        let doubt = doubt(&layer(&shuffled(), 0)).unwrap();
        assert_eq!(doubt.suspect, Suspect::All);
    }

    #[test]
    fn so_is_one_font_with_a_shuffled_alphabet() {
        let mut layer = layer(&PROSE.repeat(4), 0);
        layer.words.extend(words(&shuffled(), WordOrigin::TextLayer, "Title"));
        layer.chars += shuffled().len();
        let doubt = doubt(&layer).unwrap();
        assert_eq!(doubt.suspect, Suspect::Fonts(vec!["Title".into()]));
    }

    #[test]
    fn missing_unicode_is() {
        assert_eq!(doubt(&layer(PROSE, 20)).unwrap().suspect, Suspect::All);
        assert_eq!(doubt(&layer(PROSE, 100)).unwrap().suspect, Suspect::Lost);
    }

    #[test]
    fn bullets_without_unicode_are_not() {
        let list = "\u{F0B7} one \u{F0B7} two \u{F0B7} three \u{F0B7} four";
        assert_eq!(doubt(&layer(list, 4)), None);
    }

    #[test]
    fn an_invisible_layer_is() {
        let mut layer = layer("", 0);
        layer.words = words(PROSE, WordOrigin::HiddenLayer, "Invisible");
        layer.chars = 120;
        assert_eq!(doubt(&layer).unwrap().suspect, Suspect::Hidden);
    }
}
