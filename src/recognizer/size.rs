//! The size of a line of words, by the height of their letters.

use super::OcrWord;

/// Heights as shares of the em, the middle of common text faces (Times, Helvetica, Computer
/// Modern, Georgia lie within 8 % of the first two and 12 % of the third).
const ASCENDER: f32 = 0.69;
const DESCENDER: f32 = 0.21;
const X_HEIGHT: f32 = 0.46;

/// The size of a line's em, in pixels: the middle of what its words say by their height and
/// letters. `None` where most letters are of scripts whose heights are not known: boxes of single
/// Latin words in such a line are cut too roughly to measure by.
pub(crate) fn em(words: &[OcrWord]) -> Option<f32> {
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
    use super::*;
    use crate::geometry::rect;

    fn word(text: &str, height: f32) -> OcrWord {
        OcrWord {
            text: text.to_owned(),
            rect: rect(0.0, 0.0, 50.0, height),
            confidence: 0.9,
            block: 0,
            paragraph: 0,
            line: 0,
            size: None,
            bold: None,
            angle: 0.0,
            joined: false,
        }
    }

    #[test]
    fn size_is_taken_from_the_letters() {
        // 10 pt at 300 dpi: an em of 41.7 px, ascenders 28.8, descenders 8.8, x-height 19.2.
        let size = em(&[word("Hold", 29.0), word("gap", 28.0), word("sum", 19.0)]).unwrap();
        assert!((size - 41.7).abs() < 1.0, "{size}");
        assert!((em(&[word("sum", 19.0)]).unwrap() - 41.7).abs() < 1.0);
    }

    #[test]
    fn other_scripts_have_no_size_by_letters() {
        assert_eq!(em(&[word("漢字の", 38.0), word("CD", 60.0)]), None);
    }
}
