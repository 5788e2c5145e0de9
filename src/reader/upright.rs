//! The image of a page as it is recognised: upright, straight, and in which parts.

use std::sync::Arc;

use image::GrayImage;
use rayon::prelude::*;

use super::ink::{Ink, letters, mask_factor, parted};
use super::job::{Job, Prepared, Shape, after};
use super::{POOR, mean_confidence, missed, sizes};
use crate::error::Result;
use crate::geometry::{Px, Rect, bounds, rect};
use crate::preprocess::{self, Scale};
use crate::recognizer::OcrWord;
use crate::segment::{self, Parting};

/// Components of less than this, in inches, are dust.
const DUST: f32 = 0.02;
/// Skew of less than this, in degrees, is left: a line of 6 inches rises by a fifth of its height.
/// (With skew left up to half a degree, fax pages read worse.)
const LEAST_SKEW: f32 = 0.2;
/// White around a block that is read by itself, in heights of its letters.
const BLOCK_MARGIN: f32 = 0.7;
/// So much around a block is taken out of the rest with it: blurred edges of its letters.
const BLOCK_RIM: f32 = 0.2;
/// Side of the part of a page on which ways up are tried, in inches.
pub(super) const TRIAL: f32 = 2.5;

/// The image as it is recognised, and what its pixels tell without recognition.
#[derive(Debug, Default)]
pub(super) struct Upright {
    pub(super) image: Arc<GrayImage>,
    pub(super) skew: f32,
    /// In pixels of `image`.
    pub(super) rules: Vec<Rect<Px>>,
    pub(super) figures: Vec<Rect<Px>>,
    /// Boxes that could be letters.
    pub(super) letters: Vec<Rect<Px>>,
    /// By how much it may be shrunk.
    pub(super) shrink: Scale,
    /// A row where the image can be cut in two.
    pub(super) split: Option<u32>,
    /// Parts that are plain blocks of lines, where the page is mostly made of them, …
    pub(super) blocks: Vec<segment::Region>,
    /// … and where the rest of its ink stands.
    pub(super) rest: Vec<Rect<Px>>,
    pub(super) blank: bool,
}

impl Upright {
    pub(super) fn new(mut image: Arc<GrayImage>, ppi: f32, ink: Ink) -> Self {
        let factor = mask_factor(ppi);
        let mask_ppi = ppi / factor as f32;
        let Ink { mut mask, mut parts } = ink;
        let dust = (DUST * mask_ppi) as u32;
        if parts.iter().all(|p| p.width().max(p.height()) <= dust) {
            return Self { image, blank: true, ..Self::default() };
        }
        let mut text_height = segment::text_height(&parts, mask_ppi);
        let skew = preprocess::find_skew(&letters(&parts, text_height))
            .filter(|degrees| degrees.abs() >= LEAST_SKEW)
            .unwrap_or(0.0);
        if skew != 0.0 {
            image = Arc::new(preprocess::straighten(&image, skew));
            Ink { mask, parts } = Ink::of(&image, ppi);
            text_height = segment::text_height(&parts, mask_ppi);
        }
        let hairlines = preprocess::mask_of_hairlines(&image, ppi, factor);
        let rules = segment::find_rules(&mask, &hairlines, mask_ppi, text_height);
        let figures = segment::find_figures(&mask, &parts, mask_ppi, text_height, &rules);
        let split = text_height.and_then(|h| segment::find_split(&mask, h));
        if let Some(opened) = preprocess::open_panels(&image, ppi) {
            image = Arc::new(opened);
        }
        let parting = text_height.map_or_else(Parting::default, |h| {
            let (letters, others) = parted(&parts, h);
            if preprocess::lines_run_down(&letters) {
                return Parting::default();
            }
            segment::find_blocks(&letters, &others, h)
        });
        let k = factor as f32;
        let larger = |r: Rect<Px>| rect(r.min.x * k, r.min.y * k, r.max.x * k, r.max.y * k);
        Self {
            image,
            skew,
            letters: letters(&parts, text_height).into_iter().map(larger).collect(),
            rules: rules.into_iter().map(larger).collect(),
            figures: figures.into_iter().map(larger).collect(),
            shrink: preprocess::shrink_to_read(ppi, text_height.map(|h| h * k)),
            split: split.map(|row| row * factor),
            blocks: parting.blocks.iter().map(|b| b.larger(k)).collect(),
            rest: parting.rest.into_iter().map(larger).collect(),
            blank: false,
        }
    }

    /// Recognises the image, and what the recogniser passed over in a second look.
    pub(super) fn read(&self, job: &Job<'_>) -> Result<Vec<OcrWord>> {
        let mut words = self.read_once(job)?;
        // A page that is no text as it stands (turned, another script) is not worth a second look.
        if mean_confidence(&words) < POOR {
            return Ok(words);
        }
        let missed = if job.recognizer.finds_lines() {
            Vec::new()
        } else {
            missed::parts(&self.letters, &words, &self.figures, self.image.dimensions())
        };
        for part in missed {
            let (x, y) = (part.min.x as u32, part.min.y as u32);
            let (w, h) = (part.width() as u32, part.height() as u32);
            let image = image::imageops::crop_imm(&*self.image, x, y, w, h).to_image();
            missed::add(&mut words, job.recognize_block(&image)?, part);
        }
        sizes::fill(&mut words, &self.letters);
        self.mark_bold(&mut words);
        Ok(words)
    }

    pub(super) fn mark_bold(&self, words: &mut [OcrWord]) {
        let inked: Vec<segment::Inked> = words
            .iter()
            .map(|w| segment::Inked {
                rect: w.rect,
                line: w.line,
                size: w.size.unwrap_or(w.rect.height()),
            })
            .collect();
        if let Some(bold) = segment::bold_lines(&self.image, &inked) {
            for word in words {
                word.bold = Some(bold.contains(&word.line));
            }
        }
    }

    /// Recognises the image: its plain blocks each by itself, what is left in one go. Where there
    /// are no plain blocks, in two halves if it can be cut.
    ///
    /// How it is parted depends on the image alone, so that the words do not depend on the number
    /// of threads.
    pub(super) fn read_once(&self, job: &Job<'_>) -> Result<Vec<OcrWord>> {
        if job.recognizer.finds_lines() {
            return job.recognize_as_it_is(&self.image);
        }
        let sheet = job.prepare(&self.image);
        let (width, height) = self.image.dimensions();
        let whole = rect(0.0, 0.0, width as f32, height as f32);
        // No handle is held here: a worker that waits for the others may take up another page.
        if self.blocks.is_empty() {
            let Some(row) = self.split.filter(|&r| r > 0 && r < height).map(|r| r as f32) else {
                return job.recognize_part(&sheet, whole, Shape::Page);
            };
            let (upper, lower) =
                (rect(0.0, 0.0, width as f32, row), rect(0.0, row, width as f32, height as f32));
            let (upper, lower) = rayon::join(
                || job.recognize_part(&sheet, upper, Shape::Page),
                || job.recognize_part(&sheet, lower, Shape::Page),
            );
            return Ok(after(upper?, lower?));
        }
        let (blocks, rest) = rayon::join(
            || -> Result<Vec<Vec<OcrWord>>> {
                self.blocks
                    .par_iter()
                    .map(|block| {
                        let part = self.within(block.rect, BLOCK_MARGIN * block.height());
                        job.recognize_part(&sheet, part, Shape::Block)
                    })
                    .collect()
            },
            || self.read_rest(&sheet, job),
        );
        Ok(blocks?.into_iter().chain([rest?]).fold(Vec::new(), after))
    }

    /// A box with so much around it, as far as the image goes.
    pub(super) fn within(&self, r: Rect<Px>, margin: f32) -> Rect<Px> {
        let (width, height) = self.image.dimensions();
        rect(
            (r.min.x - margin).max(0.0),
            (r.min.y - margin).max(0.0),
            (r.max.x + margin).min(width as f32),
            (r.max.y + margin).min(height as f32),
        )
    }

    /// What stands outside of the blocks.
    pub(super) fn read_rest(&self, sheet: &Prepared, job: &Job<'_>) -> Result<Vec<OcrWord>> {
        let Some(around) = bounds(self.rest.iter().copied()) else { return Ok(Vec::new()) };
        let mut rest = Prepared { image: sheet.image.clone(), scale: sheet.scale };
        for block in &self.blocks {
            let rim = BLOCK_RIM * block.height();
            rest.clear(block.rect.inflate(rim, rim));
        }
        let part = self.within(around, BLOCK_MARGIN * self.blocks[0].height());
        job.recognize_part(&rest, part, Shape::Page)
    }

    /// The part of the image with the most letters, as large as [`TRIAL`].
    pub(super) fn densest_part(&self, ppi: f32) -> Option<GrayImage> {
        let (width, height) = self.image.dimensions();
        let side = ((TRIAL * ppi) as u32).max(1);
        let step = (side / 4).max(1);
        let (across, down) = (width.div_ceil(step), height.div_ceil(step));
        let mut counts = vec![0_u32; (across * down) as usize];
        for letter in &self.letters {
            let middle = letter.center();
            let (x, y) = (middle.x as u32 / step, middle.y as u32 / step);
            if let Some(count) = counts.get_mut((y * across + x) as usize) {
                *count += 1;
            }
        }
        let sum = |left: u32, top: u32| -> u32 {
            (top..(top + 4).min(down))
                .flat_map(|y| (left..(left + 4).min(across)).map(move |x| (x, y)))
                .map(|(x, y)| counts[(y * across + x) as usize])
                .sum()
        };
        let (left, top) = (0..down)
            .flat_map(|y| (0..across).map(move |x| (x, y)))
            .max_by_key(|&(x, y)| (sum(x, y), std::cmp::Reverse((y, x))))?;
        let (x, y) = (left * step, top * step);
        let (w, h) = (side.min(width - x), side.min(height - y));
        Some(image::imageops::crop_imm(&*self.image, x, y, w, h).to_image())
    }
}
