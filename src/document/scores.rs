//! How well a document was read, in the terms of docling's confidence report.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Document, Page, Word, WordOrigin, mean_confidence};

/// The score of a page's text layer is that of its worst tenth of lines, and a document's that of
/// its worst tenth of pages: a few bad ones are what one wants to know of (docling does the same).
const WORST: f32 = 0.1;
/// The low score is this quantile of the scores.
const LOW: f32 = 0.05;
/// Letters that stand alone, this many in a row, are a word broken up.
const BROKEN_UP: usize = 3;
/// What each broken-up word takes off the score of its line.
const PENALTY: f32 = 0.1;

/// Scores of a page or document, each 0 to 1; `None` where it cannot be told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Quality of the text layer: characters without meaning, words broken up. `None` where no
    /// text came from one.
    pub parse_score: Option<f32>,
    /// That blocks are what they are said to be: recto does not tell yet.
    pub layout_score: Option<f32>,
    /// That tables have the right cells: recto does not tell yet.
    pub table_score: Option<f32>,
    /// Mean confidence of recognised words, weighted by length; `None` without OCR.
    pub ocr_score: Option<f32>,
    /// Mean of those that can be told; for a document, of its pages' means.
    pub mean_score: Option<f32>,
    /// The 5 % quantile of those that can be told; for a document, the mean of its pages'.
    pub low_score: Option<f32>,
    /// `mean_score` in words.
    pub mean_grade: Grade,
    /// `low_score` in words.
    pub low_grade: Grade,
    /// Lowest confidence of a recognised word; `None` without OCR.
    pub minimum_word_confidence: Option<f32>,
}

/// Scores of a document and of each of its pages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DocumentScores {
    /// Those of the document.
    #[serde(flatten)]
    pub scores: Scores,
    /// Those of the pages that were read, by their number from 1.
    pub pages: BTreeMap<usize, Scores>,
}

/// A score in words, by docling's bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Below 0.5.
    Poor,
    /// From 0.5.
    Fair,
    /// From 0.8.
    Good,
    /// From 0.9.
    Excellent,
    /// There is no score.
    #[default]
    Unspecified,
}

impl Grade {
    /// The grade of a score.
    pub fn of(score: Option<f32>) -> Self {
        match score {
            Some(score) if score < 0.5 => Self::Poor,
            Some(score) if score < 0.8 => Self::Fair,
            Some(score) if score < 0.9 => Self::Good,
            Some(score) if score >= 0.9 => Self::Excellent,
            _ => Self::Unspecified,
        }
    }
}

impl Scores {
    fn with_grades(mut self, mean: Option<f32>, low: Option<f32>) -> Self {
        (self.mean_score, self.low_score) = (mean, low);
        (self.mean_grade, self.low_grade) = (Grade::of(mean), Grade::of(low));
        self
    }
}

impl Page {
    /// How well the page was read.
    pub fn scores(&self) -> Scores {
        let scores = Scores {
            parse_score: parse_score(&self.words),
            ocr_score: mean_confidence(&self.words),
            minimum_word_confidence: self
                .words
                .iter()
                .filter_map(|w| w.confidence)
                .reduce(f32::min),
            ..Scores::default()
        };
        let known: Vec<f32> =
            [scores.parse_score, scores.ocr_score].into_iter().flatten().collect();
        scores.with_grades(mean(&known), quantile(&known, LOW))
    }
}

impl Document {
    /// How well the document was read.
    pub fn scores(&self) -> DocumentScores {
        let pages: BTreeMap<usize, Scores> =
            self.pages.iter().map(|page| (page.index + 1, page.scores())).collect();
        let all =
            |of: fn(&Scores) -> Option<f32>| pages.values().filter_map(of).collect::<Vec<_>>();
        let scores = Scores {
            parse_score: quantile(&all(|s| s.parse_score), WORST),
            ocr_score: mean(&all(|s| s.ocr_score)),
            minimum_word_confidence: all(|s| s.minimum_word_confidence)
                .into_iter()
                .reduce(f32::min),
            ..Scores::default()
        };
        let (means, lows) = (mean(&all(|s| s.mean_score)), mean(&all(|s| s.low_score)));
        DocumentScores { scores: scores.with_grades(means, lows), pages }
    }
}

/// Of the words of a text layer, line by line as they stand.
fn parse_score(words: &[Word]) -> Option<f32> {
    let layer: Vec<&Word> = words.iter().filter(|w| w.origin != WordOrigin::Ocr).collect();
    let same_line = |a: &&Word, b: &&Word| {
        a.angle == b.angle && (a.rect.center().y - b.rect.center().y).abs() < a.rect.height() / 2.0
    };
    let lines: Vec<f32> = layer.chunk_by(same_line).map(line_quality).collect();
    quantile(&lines, WORST)
}

fn line_quality(words: &[&Word]) -> f32 {
    let meaningless = |c: char| {
        c == char::REPLACEMENT_CHARACTER
            || matches!(c as u32, 0xE000..=0xF8FF | 0xF_0000..=0x10_FFFF)
    };
    // Bullets often have no Unicode value; they stand alone.
    let meant = |w: &&&Word| w.text.chars().count() > 1;
    if words.iter().filter(meant).any(|w| w.text.chars().any(meaningless)) {
        return 0.0;
    }
    let single = |w: &&Word| {
        let mut chars = w.text.chars();
        // Where words are written without spaces, single characters are no sign of damage.
        chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && chars.next().is_none()
    };
    let broken = words
        .chunk_by(|a, b| single(a) == single(b))
        .filter(|run| run.len() >= BROKEN_UP && run.iter().all(&single))
        .count();
    (1.0 - PENALTY * broken as f32).max(0.0)
}

fn mean(values: &[f32]) -> Option<f32> {
    (!values.is_empty()).then(|| values.iter().sum::<f32>() / values.len() as f32)
}

/// With linear interpolation between neighbours, as NumPy does it.
fn quantile(values: &[f32], q: f32) -> Option<f32> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let place = q * (sorted.len().checked_sub(1)? as f32);
    let (low, share) = (place.floor() as usize, place.fract());
    let below = *sorted.get(low)?;
    let above = sorted.get(low + 1).copied().unwrap_or(below);
    Some(below + share * (above - below))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Style;
    use crate::geometry::rect;

    fn word(text: &str, x: f32, y: f32, origin: WordOrigin, confidence: Option<f32>) -> Word {
        Word {
            text: text.to_owned(),
            rect: rect(x, y, x + 10.0, y + 10.0),
            confidence,
            origin,
            style: Style::default(),
            angle: 0.0,
            joined: false,
            line: None,
        }
    }

    #[test]
    fn grades_have_doclings_bounds() {
        let grades = [None, Some(0.49), Some(0.5), Some(0.8), Some(0.9)].map(Grade::of);
        assert_eq!(
            grades,
            [Grade::Unspecified, Grade::Poor, Grade::Fair, Grade::Good, Grade::Excellent]
        );
    }

    #[test]
    fn quantiles_are_interpolated() {
        assert_eq!(quantile(&[], 0.1), None);
        assert_eq!(quantile(&[0.4], 0.1), Some(0.4));
        assert_eq!(quantile(&[1.0, 0.0], 0.25), Some(0.25));
    }

    #[test]
    fn a_line_without_meaning_scores_nothing() {
        let layer = WordOrigin::TextLayer;
        let line = |y: f32, text: &str| word(text, 0.0, y, layer, None);
        assert_eq!(parse_score(&[line(0.0, "good"), line(20.0, "text")]), Some(1.0));
        assert_eq!(parse_score(&[line(0.0, "\u{E001}\u{E002}")]), Some(0.0));
        assert_eq!(parse_score(&[line(0.0, "\u{F0B7}")]), Some(1.0));
        let broken = ["b", "r", "o", "k", "e", "n"];
        let broken: Vec<Word> = broken
            .iter()
            .enumerate()
            .map(|(i, c)| word(c, 12.0 * i as f32, 0.0, layer, None))
            .collect();
        assert_eq!(parse_score(&broken), Some(0.9));
        assert_eq!(parse_score(&[word("x", 0.0, 0.0, WordOrigin::Ocr, Some(0.5))]), None);
    }
}
