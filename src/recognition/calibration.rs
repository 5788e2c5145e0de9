//! From a recogniser's confidence of a word to the probability that it is right.
//!
//! Tesseract's figure comes from its worst character and is neither a probability nor the same for
//! short and long words. A logistic curve (Platt scaling) over a few features of the word makes it
//! one; `scripts/calibrate.py` fits it, docs/confidence.md has the reliability table.

use crate::document::{Word, WordOrigin};

/// Raw confidences are kept this far from 0 and 1, where the logit has no end.
const EDGE: f32 = 0.005;
/// Of the fit: constant; logit of the raw confidence; logarithm of the word's length; whether it
/// has digits; whether it has neither letters nor digits. (The page's mean confidence adds nothing
/// to these.)
type Weights = [f32; 5];

/// Whose confidence is calibrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    Tesseract,
    /// Of PP-OCR's models, whose figure is the mean of a word's characters. (`scripts/rivals.py` fits it.)
    Neural,
}

impl Curve {
    fn weights(self) -> Weights {
        match self {
            Self::Tesseract => [-0.871, 1.240, 0.592, -1.222, -1.911],
            Self::Neural => [-3.155, 0.890, 0.932, -1.102, 0.630],
        }
    }
}

/// Turns the confidence of all recognised words of a page into probabilities.
pub(super) fn calibrate(words: &mut [Word], curve: Curve) {
    for word in words.iter_mut().filter(|w| w.origin == WordOrigin::Ocr) {
        word.confidence = word.confidence.map(|raw| probability(raw, &word.text, curve));
    }
}

fn probability(raw: f32, text: &str, curve: Curve) -> f32 {
    let flag = |holds: bool| f32::from(u8::from(holds));
    let features = [
        1.0,
        logit(raw),
        (text.chars().count().max(1) as f32).ln(),
        flag(text.chars().any(char::is_numeric)),
        flag(!text.chars().any(char::is_alphanumeric)),
    ];
    let sum: f32 = features.iter().zip(curve.weights()).map(|(x, w)| x * w).sum();
    // Four digits are more than it is worth, and make output easier to compare.
    (1e4 / (1.0 + (-sum).exp())).round() / 1e4
}

pub(super) fn logit(p: f32) -> f32 {
    let p = p.clamp(EDGE, 1.0 - EDGE);
    (p / (1.0 - p)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_rise_with_confidence_and_stay_within_bounds() {
        let steps: Vec<f32> =
            (0..=20).map(|i| probability(i as f32 / 20.0, "word", Curve::Tesseract)).collect();
        assert!(steps.windows(2).all(|pair| pair[0] <= pair[1]), "{steps:?}");
        assert!(steps[0] < 0.1 && steps[20] > 0.95, "{steps:?}");
        assert!(steps.iter().all(|p| (0.0..=1.0).contains(p)));
    }

    #[test]
    fn the_same_confidence_is_worth_more_in_a_long_word_and_less_in_a_mark() {
        let marks = probability(0.9, "|", Curve::Tesseract);
        assert!(probability(0.9, "a", Curve::Tesseract) > marks);
        for curve in [Curve::Tesseract, Curve::Neural] {
            let probability = |text| probability(0.9, text, curve);
            assert!(probability("harbour") >= probability("a"), "{curve:?}");
        }
    }

    #[test]
    fn words_of_a_text_layer_stay_without_confidence() {
        let word = |origin, confidence| Word {
            text: "word".to_owned(),
            rect: crate::geometry::rect(0.0, 0.0, 1.0, 1.0),
            confidence,
            origin,
            style: crate::document::Style::default(),
            angle: 0.0,
            joined: false,
            line: None,
        };
        let mut words = [word(WordOrigin::TextLayer, None), word(WordOrigin::Ocr, Some(0.5))];
        calibrate(&mut words, Curve::Tesseract);
        assert_eq!(words[0].confidence, None);
        assert!(words[1].confidence.is_some_and(|c| c != 0.5));
    }
}
