//! Whether the pixels of a page say what its text layer says: a strip of it is recognised and
//! compared.

use std::collections::HashMap;

use unicode_script::{Script, UnicodeScript};

use crate::document::Word;
use crate::geometry::{Pt, Rect, bounds};
use crate::language::{Fit, fits};
use crate::page::{Doubt, PageRead, Suspect};

/// Height of the strip, in heights of the words in doubt: six or seven lines.
const STRIP: f32 = 10.0;
/// Fewer characters than this in the strip do not tell.
const MIN_CHARS: usize = 12;
/// Recognition below this mean confidence is no text, or in a script that cannot be read here: it
/// does not tell. Turned pages and other scripts reach 0.2 to 0.5.
const POOR: f32 = 0.55;
/// Recognition that is to replace a layer that can be seen must reach this mean confidence.
const SURE: f32 = 0.7;
/// Letters of a script in the strip from which the script is compared by itself.
const OWN_SCRIPT: usize = 20;
/// Recognition from this mean confidence is hardly ever wrong in more than one character of fifty.
const GOOD: f32 = 0.8;
/// Likeness from which a layer that can be seen is right. A wrong table of characters leaves
/// digits and marks alike, under 0.2; formulas and code that are hard to recognise 0.5 and more.
const LIKE: f32 = 0.35;
/// Likeness from which an invisible layer is as good as recognition. A layer with a wrong
/// character in seven keeps 0.6, a good one 0.85 and more.
const EQUAL: f32 = 0.75;
/// Likeness of an invisible layer that belongs to another page: that of any two texts in one
/// language.
const FOREIGN: f32 = 0.35;
/// A text that costs fewer bits a letter than another, by this, is the better reading.
const BETTER: f32 = 0.15;
/// Same words that stand further apart than this, in heights of a word, mean a layer laid wrong.
const MAX_SHIFT: f32 = 0.8;
/// Words of this length that occur once in both readings show where the layer lies.
const LANDMARK: usize = 4;

/// What a look at the pixels shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// The layer is right.
    Right,
    /// It is wrong.
    Wrong,
    /// It is right, but lies beside what it names.
    Shifted,
    /// The strip could not be recognised well enough to tell.
    Unknown,
}

/// The strip of the page with most letters in doubt, over the page's whole width.
pub(super) fn strip(read: &PageRead, doubt: &Doubt) -> Option<Rect<Pt>> {
    let words: Vec<&Word> = read
        .words
        .iter()
        .filter(|w| doubt.suspect.includes(w) && w.angle == 0.0 && w.rect.height() > 0.0)
        .collect();
    let mut heights: Vec<f32> = words.iter().map(|w| w.rect.height()).collect();
    heights.sort_by(f32::total_cmp);
    let height = heights.get(heights.len() / 2)? * STRIP;
    let inside =
        |top: f32| words.iter().filter(move |w| (top..top + height).contains(&w.rect.center().y));
    let letters = |top: f32| -> usize { inside(top).map(|w| w.text.chars().count()).sum() };
    let top = words
        .iter()
        .map(|w| w.rect.min.y)
        .map(|top| (letters(top), top))
        // Of equals the one higher up.
        .max_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)))?
        .1;
    let mut strip = bounds(inside(top).map(|w| w.rect))?;
    if !matches!(doubt.suspect, Suspect::Fonts(_)) {
        strip.min.x = 0.0;
        strip.max.x = read.size.width;
    }
    let margin = height / STRIP / 4.0;
    strip.min.y = (strip.min.y - margin).max(0.0);
    strip.max.y = (strip.max.y + margin).min(read.size.height);
    Some(strip)
}

/// Compares the layer's words in the strip with what was recognised there.
pub(super) fn compare(read: &PageRead, doubt: &Doubt, strip: &Rect<Pt>, found: &[Word]) -> Finding {
    let layer: Vec<&Word> = read.words.iter().filter(|w| strip.contains(w.rect.center())).collect();
    let found: Vec<&Word> = found.iter().filter(|w| strip.contains(w.rect.center())).collect();
    let confidence = crate::document::mean_confidence(found.iter().copied()).unwrap_or(0.0);
    let chars = |words: &[&Word]| words.iter().map(|w| w.text.chars().count()).sum::<usize>();
    if confidence < POOR || chars(&found) < MIN_CHARS {
        return Finding::Unknown;
    }
    let like = match doubt.suspect {
        Suspect::Hidden => likeness(&layer, &found, None),
        // One script may be right where another is not.
        _ => scripts(&layer)
            .into_iter()
            .map(|script| likeness(&layer, &found, Some(script)))
            .reduce(f32::min)
            .unwrap_or_else(|| likeness(&layer, &found, None)),
    };
    tracing::debug!(like, confidence, reason = doubt.reason, "text layer compared with its pixels");
    match doubt.suspect {
        Suspect::Lost => Finding::Wrong,
        Suspect::All | Suspect::Fonts(_) if like >= LIKE => Finding::Right,
        // What is recognised must be text itself, and sure.
        Suspect::All | Suspect::Fonts(_) if confidence < SURE => Finding::Unknown,
        Suspect::All | Suspect::Fonts(_) if cost(&found).is_none_or(|f| f.1 != Some(true)) => {
            Finding::Wrong
        }
        Suspect::All | Suspect::Fonts(_) => Finding::Unknown,
        Suspect::Hidden if like >= EQUAL => match shift(&layer, &found) {
            Some(shift) if shift > MAX_SHIFT => Finding::Shifted,
            _ => Finding::Right,
        },
        Suspect::Hidden if confidence >= GOOD || like < FOREIGN => Finding::Wrong,
        // Both may be wrong: the one that reads more like a language is the better one.
        Suspect::Hidden => match (cost(&layer), cost(&found)) {
            (Some((layer, _)), Some((found, _))) if found < layer - BETTER => Finding::Wrong,
            _ => Finding::Right,
        },
    }
}

/// Bits a letter in the main script, and whether it is doubtful.
fn cost(words: &[&Word]) -> Option<(f32, Option<bool>)> {
    let fits = fits(words.iter().map(|w| w.text.as_str()));
    fits.first().map(|fit| (fit.bits, Fit::is_doubtful(fit)))
}

/// Scripts with more than a few letters, Han and kana as one.
fn scripts(words: &[&Word]) -> Vec<Script> {
    let mut counts: HashMap<Script, usize> = HashMap::new();
    for c in words.iter().flat_map(|w| w.text.chars()).filter(|c| c.is_alphabetic()) {
        *counts.entry(script(c)).or_default() += 1;
    }
    let enough = counts.into_iter().filter(|&(s, n)| n >= OWN_SCRIPT && s != Script::Common);
    enough.map(|(script, _)| script).collect()
}

fn script(c: char) -> Script {
    match c.script() {
        Script::Hiragana | Script::Katakana => Script::Han,
        script => script,
    }
}

/// Share of triples of letters and digits that two readings have in common (Dice's coefficient),
/// whatever the order of their lines and wherever they part words; of one script, if given.
fn likeness(a: &[&Word], b: &[&Word], script: Option<Script>) -> f32 {
    let (a, b) = (triples(a, script), triples(b, script));
    let count = |triples: &HashMap<[char; 3], usize>| triples.values().sum::<usize>();
    let both: usize = a.iter().map(|(t, n)| b.get(t).map_or(0, |m| *n.min(m))).sum();
    2.0 * both as f32 / (count(&a) + count(&b)).max(1) as f32
}

fn triples(words: &[&Word], of: Option<Script>) -> HashMap<[char; 3], usize> {
    let chars: Vec<char> = words
        .iter()
        .flat_map(|w| w.text.chars())
        .filter(|&c| c.is_alphanumeric() && of.is_none_or(|of| script(c) == of))
        .flat_map(char::to_lowercase)
        .collect();
    let mut triples = HashMap::new();
    for triple in chars.windows(3) {
        *triples.entry([triple[0], triple[1], triple[2]]).or_default() += 1;
    }
    triples
}

/// How far apart the same words stand in both readings, in heights of a word; the median.
fn shift(layer: &[&Word], found: &[&Word]) -> Option<f32> {
    let unique = |words: &[&Word]| {
        let mut places: HashMap<String, Option<Rect<Pt>>> = HashMap::new();
        for word in words.iter().filter(|w| w.text.chars().count() >= LANDMARK) {
            places
                .entry(word.text.to_lowercase())
                .and_modify(|place| *place = None)
                .or_insert(Some(word.rect));
        }
        places
    };
    let (layer, found) = (unique(layer), unique(found));
    let mut shifts: Vec<f32> = layer
        .iter()
        .filter_map(|(text, place)| {
            let (a, b) = (place.as_ref()?, found.get(text)?.as_ref()?);
            let (from, to) = (a.center(), b.center());
            // Boxes of recognised words fit tighter than those of a font.
            Some((from.x - to.x).hypot(from.y - to.y) / a.height().max(b.height()))
        })
        .collect();
    shifts.sort_by(f32::total_cmp);
    shifts.get(shifts.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Style, TextSource, WordOrigin};
    use crate::geometry::{Size, rect};

    const LINES: [&str; 4] = [
        "The harbour office keeps a ledger of every vessel",
        "that calls here written by hand since the lamps",
        "were lit and the rhythm of it seldom changes from",
        "one summer to another whatever the weather brings",
    ];

    fn words(lines: &[&str], origin: WordOrigin, confidence: Option<f32>) -> Vec<Word> {
        let mut out = Vec::new();
        for (row, line) in lines.iter().enumerate() {
            let mut x = 50.0;
            for text in line.split(' ') {
                let width = 6.0 * text.chars().count() as f32;
                let top = 100.0 + 14.0 * row as f32;
                out.push(Word {
                    text: text.to_owned(),
                    rect: rect(x, top, x + width, top + 11.0),
                    confidence,
                    origin,
                    style: Style::default(),
                    angle: 0.0,
                    joined: false,
                    line: None,
                });
                x += width + 4.0;
            }
        }
        out
    }

    fn finding(layer: Vec<Word>, found: &[Word], suspect: Suspect) -> Finding {
        let read = PageRead {
            words: layer,
            rules: Vec::new(),
            text_source: TextSource::TextLayer,
            ..PageRead::blank(0, Size::new(600.0, 800.0))
        };
        let doubt = Doubt { reason: String::new(), suspect };
        let strip = strip(&read, &doubt).unwrap();
        assert_eq!((strip.min.x, strip.max.x), (0.0, 600.0));
        compare(&read, &doubt, &strip, found)
    }

    fn found(confidence: f32) -> Vec<Word> {
        words(&LINES, WordOrigin::Ocr, Some(confidence))
    }

    fn hidden(change: impl Fn(usize, char) -> char) -> Vec<Word> {
        let mut words = words(&LINES, WordOrigin::HiddenLayer, None);
        let mut at = 0;
        for word in &mut words {
            word.text = word
                .text
                .chars()
                .map(|c| {
                    at += 1;
                    change(at, c)
                })
                .collect();
        }
        words
    }

    #[test]
    fn a_good_hidden_layer_is_right() {
        assert_eq!(finding(hidden(|_, c| c), &found(0.9), Suspect::Hidden), Finding::Right);
        // One wrong letter in forty.
        let nearly = hidden(|at, c| if at % 40 == 0 { 'x' } else { c });
        assert_eq!(finding(nearly, &found(0.9), Suspect::Hidden), Finding::Right);
    }

    #[test]
    fn one_with_a_wrong_letter_in_seven_is_wrong() {
        let confused = hidden(|at, c| if at % 7 == 0 { 'x' } else { c });
        assert_eq!(finding(confused, &found(0.9), Suspect::Hidden), Finding::Wrong);
    }

    #[test]
    fn one_that_lies_a_line_lower_is_shifted() {
        let mut layer = hidden(|_, c| c);
        for word in &mut layer {
            word.rect = word.rect.translate(euclid::Vector2D::new(0.0, 12.0));
        }
        assert_eq!(finding(layer, &found(0.9), Suspect::Hidden), Finding::Shifted);
    }

    #[test]
    fn what_cannot_be_read_does_not_tell() {
        for suspect in [Suspect::Hidden, Suspect::All] {
            assert_eq!(finding(hidden(|_, c| c), &found(0.4), suspect), Finding::Unknown);
        }
    }

    #[test]
    fn a_swapped_alphabet_is_wrong_and_odd_text_is_right() {
        let swap = |_: usize, c: char| match c {
            'a'..='z' => (b'a' + (c as u8 - b'a' + 11) % 26) as char,
            c => c,
        };
        assert_eq!(finding(hidden(swap), &found(0.9), Suspect::All), Finding::Wrong);
        // Recognition that is bad at it still shows that it is the same text.
        let odd = hidden(|at, c| if at % 6 == 0 { 'x' } else { c });
        assert_eq!(finding(odd, &found(0.9), Suspect::All), Finding::Right);
    }

    #[test]
    fn a_script_is_not_outvoted_by_another() {
        let mut layer = hidden(|_, c| c);
        let greek = "αβγδεζηθικλμνξοπρστυφχψω".repeat(2);
        layer[3].text = greek.clone();
        let mut read = found(0.9);
        read[3].text = greek.chars().rev().collect();
        assert_eq!(finding(layer, &read, Suspect::All), Finding::Wrong);
    }
}
