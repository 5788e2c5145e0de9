//! Which way up a page is.

use std::sync::Arc;

use super::ink::Ink;
use super::job::Job;
use super::upright::Upright;
use super::{GOOD, POOR, PageImage, mean_confidence};
use crate::call::Call;
use crate::error::Result;
use crate::preprocess::{self, QuarterTurns};
use crate::recognizer::{OcrWord, Recognizer};

/// The model's answer counts from this probability. Right answers have 0.9 and more on 97 % of
/// pages in scripts that it knows.
const SURE_MODEL: f32 = 0.7;
/// Another way up must be better than the present one by this factor.
const CLEARLY: f32 = 1.3;

impl PageImage {
    /// Turns the page upright where its look or its lines say that it is not, and recognition of a
    /// part of it in these languages agrees. Where they say nothing, nothing is recognised.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub(crate) fn orient(
        &mut self,
        recognizer: &dyn Recognizer,
        languages: &[String],
        call: &Call,
    ) -> Result<()> {
        if self.sure || self.skipped.is_some() || self.upright.blank {
            return Ok(());
        }
        let sideways = preprocess::lines_run_down(&self.upright.letters);
        if !sideways && preprocess::stands_upright(&self.upright.letters) {
            return Ok(());
        }
        let job = self.job(recognizer, languages, call);
        if let Some(turns) = self.look().filter(|turns| turns.0 != 0)
            && self.confirms(&job, turns)?
        {
            self.turn(turns);
            self.sure = true;
            return Ok(());
        }
        if sideways { self.find_turns(&job, true) } else { Ok(()) }
    }

    /// How the page as it stands is turned, by its look.
    fn look(&mut self) -> Option<QuarterTurns> {
        let orienter = self.orienter.as_ref()?;
        let image = &self.upright.image;
        let look = *self.look.get_or_insert_with(|| orienter.way_up(image));
        let look = look.filter(|look| look.probability >= SURE_MODEL)?;
        // Turns since then are undone.
        Some(QuarterTurns((look.turns + 4 - self.turns.0) % 4))
    }

    /// Whether recognition agrees that the page is turned: read the other way up, a part of it
    /// makes good text, or is clearly better than as it stands.
    fn confirms(&self, job: &Job<'_>, turns: QuarterTurns) -> Result<bool> {
        let Some(part) = self.upright.densest_part(self.ppi) else { return Ok(false) };
        let turned = job.recognize(&turns.undo(&part))?;
        let confidence = mean_confidence(&turned);
        if !(POOR..GOOD).contains(&confidence) {
            return Ok(confidence >= GOOD && !turned.is_empty());
        }
        let present = job.recognize(&part)?;
        Ok(score(&turned) > CLEARLY * score(&present))
    }

    /// Undoes so many turns more.
    pub(crate) fn turn(&mut self, turns: QuarterTurns) {
        self.turns = QuarterTurns((self.turns.0 + turns.0) % 4);
        let image = Arc::new(self.turns.undo(&self.scan));
        let ink = Ink::of(&image, self.ppi);
        self.upright = Upright::new(image, self.ppi, ink);
    }

    /// Turns that are worth a try on a page that does not read as it stands, likeliest first: what
    /// its look says, and the opposite, for scripts that the model does not know. Empty where the
    /// page looks upright.
    pub(crate) fn other_ways_up(&mut self) -> Vec<QuarterTurns> {
        if self.sure || self.skipped.is_some() || self.upright.blank {
            return Vec::new();
        }
        match self.look() {
            None | Some(QuarterTurns(0)) => Vec::new(),
            Some(QuarterTurns(2)) => vec![QuarterTurns(2)],
            Some(look) => vec![look, QuarterTurns((look.0 + 2) % 4)],
        }
    }

    /// Tries ways up on a part of the page, and takes another one if it is clearly better.
    pub(super) fn find_turns(&mut self, job: &Job<'_>, sideways: bool) -> Result<()> {
        let Some(part) = self.upright.densest_part(self.ppi) else { return Ok(()) };
        // Tesseract reads some lines that run down as they are, but puts their words in no order:
        // there the present way up is not in question.
        let (present, mut others) = if sideways {
            (0.0, vec![1, 3])
        } else {
            (score(&job.recognize(&part)?), vec![2, 1, 3])
        };
        // The likeliest first: a good one ends the search.
        if let Some(first) = self.look() {
            others.sort_by_key(|&n| n != first.0);
        }
        let mut best = (QuarterTurns(0), present);
        for turns in others.into_iter().map(QuarterTurns) {
            let words = job.recognize(&turns.undo(&part))?;
            let (score, confidence) = (score(&words), mean_confidence(&words));
            if confidence >= POOR && score > best.1.max(CLEARLY * present) {
                best = (turns, score);
            }
            if best.0 == turns && confidence >= GOOD {
                break;
            }
        }
        if best.0 != QuarterTurns(0) {
            self.turn(best.0);
            self.sure = true;
        }
        Ok(())
    }
}

/// How much of something looks read: letters, by the square of their confidence.
fn score(words: &[OcrWord]) -> f32 {
    words
        .iter()
        .map(|w| {
            let letters = w.text.chars().filter(|c| c.is_alphanumeric()).count();
            letters as f32 * w.confidence * w.confidence
        })
        .sum()
}
