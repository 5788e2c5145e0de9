//! Reading a page a second time, with neural models, where the first reading leaves doubt.
//!
//! Tesseract reads what is printed and scanned well a little better and in less time; photographs, coarse and
//! noisy scans are read better by models that were trained on such. So the engine `auto` asks Tesseract
//! first, and has pages read again of which it expects too much to be wrong, or which look as if it were surer than it
//! should be (photographs, low resolutions, specks); of two readings the likelier word stays ([`super::merge`]).

use std::collections::HashSet;
use std::time::Instant;

use super::calibration::{self, Curve};
use super::merge::{self, Claim};
use super::{Plan, Recognition, place};
use crate::call::Call;
use crate::document::{Word, mean_confidence};
use crate::error::Result;
use crate::geometry::{Pt, Rect, RectExt, Resolution};
use crate::language::{self, Language};
use crate::neural::{TextReader, Wanted};
use crate::options::OcrEngine;
use crate::page::PageRead;
use crate::reader::PageImage;

/// A page is read again if at least this share of its letters is in words that are expected to be wrong. A second
/// reading takes about as long as the first; below, it found as many words as it lost (46 pages,
/// docs/engines.md).
const DOUBT: f32 = 0.035;
/// A line is read again if it has a word below this probability.
const SURE: f32 = 0.95;
/// … or if words take less of its width than this: spaces are a fifth.
const COVERED: f32 = 0.5;
/// Pages of fewer letters than this have no share.
const LEAST_LETTERS: usize = 20;

/// Of two rivals, the logit of the second being right if one of them is: constant; logits of the probabilities of
/// the first and of the second; by how much more of the second's letters stand in words that both readings
/// have elsewhere; the logarithm of how much longer it is, within ±1; how many words more it has.
/// `scripts/rivals.py` fits it.
const WEIGHTS: [f32; 6] = [0.570, -0.796, 0.603, 1.249, 0.394, 1.255];

impl Recognition {
    /// Reads a page again where that is worth its time; gives the words of both readings, calibrated. `words`
    /// are the first's, calibrated.
    pub(super) fn read_twice(
        &self,
        image: &PageImage,
        words: Vec<Word>,
        plan: &Plan,
        call: &Call,
        read: &mut PageRead,
    ) -> Result<Vec<Word>> {
        if !plan.twice() || !image.is_hard() && !is_doubtful(&words) {
            return Ok(words);
        }
        // Models that cannot be used were told of where they were asked for by name.
        let Ok(Some(reader)) = self.text_reader() else { return Ok(words) };
        if !reads(&*reader, plan, read.language.as_deref()) {
            return Ok(words);
        }
        let started = Instant::now();
        let _span = tracing::debug_span!("second_reading").entered();
        let resolution = read.resolution.unwrap_or(Resolution(72.0));
        let letters = letters(plan, read.language.as_deref());
        let wanted = Wanted {
            line: &|line| is_in_doubt(&resolution.to_points(*line), &words),
            letter: &|c| letters.as_ref().is_none_or(|letters| letters.contains(&c)),
        };
        let again = image.read_again(&*reader, wanted, call)?;
        let mut again: Vec<Word> =
            again.into_iter().map(|word| place(word, (0.0, 0.0), resolution, 0)).collect();
        calibration::calibrate(&mut again, Curve::Neural);
        let before = words.len();
        let merged = merge::merge(words, again, &second_is_better);
        tracing::debug!(page = read.index, before, after = merged.len(), "a page was read twice");
        read.engine = Some(OcrEngine::Auto);
        read.timings.add("second_reading", started.elapsed().as_secs_f64());
        Ok(merged)
    }
}

/// Whether too much of a page is expected to be wrong.
fn is_doubtful(words: &[Word]) -> bool {
    let letters: usize = words.iter().map(|word| word.text.chars().count()).sum();
    letters >= LEAST_LETTERS && mean_confidence(words).is_some_and(|mean| 1.0 - mean >= DOUBT)
}

/// Whether a line of the second reading is worth reading: the first has nothing there, or is not sure of it.
fn is_in_doubt(line: &Rect<Pt>, words: &[Word]) -> bool {
    let (mut letters, mut covered) = (0, 0.0);
    for word in words {
        let (x, y) = (word.rect.overlap_x(line), word.rect.overlap_y(line));
        if x > 0.5 * word.rect.width() && y > 0.5 * word.rect.height().min(line.height()) {
            if word.confidence < Some(SURE) {
                return true;
            }
            letters += 1;
            covered += x;
        }
    }
    letters == 0 || covered < COVERED * line.width()
}

/// Whether the models know the letters of all that the page may be written in. Text without spaces is left
/// as it is: what chooses was fitted on words, and of two readings of Chinese it made no better one.
fn reads(reader: &dyn TextReader, plan: &Plan, language: Option<&str>) -> bool {
    let known = |language: &Language| {
        language.has_spaces() && language::is_written_with(language, |c| reader.knows(c))
    };
    match plan {
        Plan::Given { languages, .. } => languages.iter().all(known),
        _ => language.and_then(|tag| Language::parse(tag).ok()).is_some_and(|l| known(&l)),
    }
}

/// The letters of the languages that the page may be written in, where they are known.
fn letters(plan: &Plan, language: Option<&str>) -> Option<HashSet<char>> {
    match plan {
        Plan::Given { languages, .. } => language::letters_of(languages),
        _ => language::letters_of(&[Language::parse(language?).ok()?]),
    }
}

fn second_is_better(first: &Claim, second: &Claim) -> bool {
    let length = |claim: &Claim| claim.text.chars().count().max(1) as f32;
    let features = [
        1.0,
        calibration::logit(first.probability),
        calibration::logit(second.probability),
        second.known - first.known,
        (length(second) / length(first)).ln().clamp(-1.0, 1.0),
        second.words as f32 - first.words as f32,
    ];
    features.iter().zip(WEIGHTS).map(|(x, w)| x * w).sum::<f32>() > 0.0
}
