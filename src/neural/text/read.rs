//! What lines say.

use std::collections::BTreeMap;

use image::GrayImage;
use rayon::prelude::*;

use super::boxes::Slanted;
use super::crop::{Crop, HEIGHT};
use super::ctc::Dictionary;
use super::{failed, words};
use crate::call::Call;
use crate::error::{Error, Result};
use crate::neural::model::Model;
use crate::recognizer::OcrWord;

/// Lines are filled up to a multiple of this width, so that several of one width go together. What is
/// added depends on the line alone: so does what is read.
const STEP: usize = 32;
/// Narrower lines are filled up to this: the models have seen none that are as narrow.
const LEAST: usize = 96;
/// So many lines at a time, at most …
const BATCH: usize = 8;
/// … and no more than so many columns of pixels together, which bounds what they take in memory.
const BATCH_COLUMNS: usize = 4096;

/// Reads lines.
#[derive(Debug)]
pub(super) struct LineReader {
    model: Model,
    dictionary: Dictionary,
}

impl LineReader {
    pub(super) fn new(model: Model, dictionary: Dictionary) -> Self {
        Self { model, dictionary }
    }

    pub(super) fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    /// The words of these lines of an image; the lines' numbers are their places in `lines`. Letters for
    /// which `expected` does not hold are less likely than others.
    ///
    /// Lines are cut out and read by all threads of the pool; which go together depends on the
    /// lines alone.
    pub(super) fn read(
        &self,
        image: &GrayImage,
        lines: &[Slanted],
        expected: &dyn Fn(char) -> bool,
        call: &Call,
    ) -> Result<Vec<OcrWord>> {
        let foreign = self.dictionary.foreign(expected);
        let crops: Vec<Crop> = lines.par_iter().map(|line| Crop::of(image, line)).collect();
        let parts = batches(&crops)
            .into_par_iter()
            .map(|batch| {
                call.check()?;
                self.read_batch(&crops, &batch, lines, &foreign)
            })
            .collect::<Result<Vec<_>>>()?;
        let mut read: Vec<Vec<OcrWord>> = vec![Vec::new(); lines.len()];
        for (n, words) in parts.into_iter().flatten() {
            read[n] = words;
        }
        Ok(read.into_iter().flatten().collect())
    }

    fn read_batch(
        &self,
        crops: &[Crop],
        batch: &[usize],
        lines: &[Slanted],
        foreign: &[bool],
    ) -> Result<Vec<(usize, Vec<OcrWord>)>> {
        let width = batch.iter().map(|&n| padded(crops[n].width)).max().unwrap_or(LEAST);
        let mut data = Vec::with_capacity(batch.len() * 3 * HEIGHT * width);
        for &n in batch {
            let start = data.len();
            for row in crops[n].levels.chunks_exact(crops[n].width) {
                data.extend(row.iter().map(|level| (level / 255.0 - 0.5) / 0.5));
                data.resize(data.len() + width - crops[n].width, 0.0);
            }
            // The same for each of three colours.
            for _ in 1..3 {
                data.extend_from_within(start..start + HEIGHT * width);
            }
        }
        let outputs = self.model.run(&[batch.len(), 3, HEIGHT, width], &data);
        let scores = outputs
            .and_then(|outputs| outputs.into_iter().next())
            .ok_or_else(|| failed("the model of text recognition does not run"))?;
        let &[count, steps, classes] = scores.shape.as_slice() else {
            return Err(failed("the model of text recognition gives no scores of characters"));
        };
        if !self.dictionary.fits(classes) || count != batch.len() {
            return Err(Error::MissingComponent {
                what: "the dictionary of the model of text recognition".to_owned(),
                fix: format!(
                    "the model tells {classes} characters apart and the dictionary names {}: put \
                     the one that belongs to it beside it",
                    self.dictionary.len()
                ),
                source: None,
            });
        }
        let read = batch.iter().zip(scores.data.chunks_exact((steps * classes).max(1)));
        let words = read.map(|(&n, scores)| {
            let mut glyphs = self.dictionary.decode(scores, classes, foreign);
            // From shares of what was read to shares of the line.
            let stretch = width as f32 / crops[n].width as f32;
            for glyph in &mut glyphs {
                glyph.at = (glyph.at * stretch).min(1.0);
            }
            (n, words::of_line(&glyphs, &crops[n], &lines[n], n as u32))
        });
        Ok(words.collect())
    }
}

fn padded(width: usize) -> usize {
    width.next_multiple_of(STEP).max(LEAST)
}

/// Which lines are read together: those of one width.
fn batches(crops: &[Crop]) -> Vec<Vec<usize>> {
    let mut by_width: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (n, crop) in crops.iter().enumerate() {
        by_width.entry(padded(crop.width)).or_default().push(n);
    }
    // The longest first: they are not left to one thread at the end.
    let together = |(width, lines): (usize, Vec<usize>)| {
        let most = (BATCH_COLUMNS / width).clamp(1, BATCH);
        lines.chunks(most).map(<[usize]>::to_vec).collect::<Vec<_>>()
    };
    by_width.into_iter().rev().flat_map(together).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_width_go_together() {
        let crop = |width: usize| Crop { width, levels: vec![255.0; width * HEIGHT] };
        let crops: Vec<Crop> = [40, 900, 80, 1000, 897, 90].into_iter().map(crop).collect();
        assert_eq!(batches(&crops), [vec![3], vec![1, 4], vec![0, 2, 5]]);
        let crops: Vec<Crop> = vec![crop(2000); 5];
        assert_eq!(batches(&crops), [vec![0, 1], vec![2, 3], vec![4]]);
    }
}
