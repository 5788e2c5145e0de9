//! Where lines of text are.

use std::path::Path;

use image::GrayImage;
use image::imageops::{self, FilterType};

use super::boxes::{Rule, Slanted, find};
use super::failed;
use crate::error::Result;
use crate::neural::model::Model;

/// The sides of the model's input are multiples of this.
const STEP: f32 = 32.0;
/// A box this many times as high as wide is a line that runs down, …
const TALL: f32 = 1.5;
/// … if it is this many times as high as the page's lines: a single letter is none.
const TALLER_THAN_LINES: f32 = 1.8;

/// How pages are put to a model.
#[derive(Clone, Copy, Debug)]
struct Recipe {
    /// Pages are shrunk to this long side, in pixels.
    long_side: f32,
    /// Mean and deviation of the colours that it was trained on.
    mean: [f32; 3],
    deviation: [f32; 3],
    rule: Rule,
}

/// Of the smallest models of PP-OCRv6, as their package uses them.
const TINY: Recipe = Recipe {
    long_side: 960.0,
    mean: [0.485, 0.456, 0.406],
    deviation: [0.229, 0.224, 0.225],
    rule: Rule { pixel: 0.2, mean: 0.4, grow: 1.4, dilate: false },
};

/// Of all others, as RapidOCR uses them, but for the size: it shrinks pages to 2000 pixels, which takes
/// twice as long and reads no better.
const COMMON: Recipe = Recipe {
    long_side: 1280.0,
    mean: [0.5; 3],
    deviation: [0.5; 3],
    rule: Rule { pixel: 0.3, mean: 0.5, grow: 1.6, dilate: true },
};

/// Finds lines of text.
#[derive(Debug)]
pub(super) struct Detector {
    model: Model,
    recipe: Recipe,
}

impl Detector {
    /// The name of the model's file tells how pages are put to it.
    pub(super) fn new(model: Model, path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        Self { model, recipe: if name.contains("tiny") { TINY } else { COMMON } }
    }

    /// The boxes of lines, in pixels of the image, in no particular order that means anything but
    /// always in the same.
    pub(super) fn detect(&self, image: &GrayImage) -> Result<Vec<Slanted>> {
        let Recipe { long_side, mean, deviation, rule } = self.recipe;
        let (width, height) = image.dimensions();
        if width == 0 || height == 0 {
            return Ok(Vec::new());
        }
        let shrink = (long_side / width.max(height) as f32).min(1.0);
        let side = |length: u32| ((length as f32 * shrink / STEP).round().max(1.0) * STEP) as u32;
        let small = resized(image, side(width), side(height));
        let (columns, rows) = (small.width() as usize, small.height() as usize);
        let mut data = Vec::with_capacity(3 * columns * rows);
        for (mean, deviation) in mean.into_iter().zip(deviation) {
            // 256 levels: a table is quicker than sums.
            let table: Vec<f32> =
                (0..256).map(|level| (level as f32 / 255.0 - mean) / deviation).collect();
            data.extend(small.as_raw().iter().map(|&level| table[usize::from(level)]));
        }
        let outputs = self.model.run(&[1, 3, rows, columns], &data);
        let map = outputs
            .and_then(|outputs| outputs.into_iter().next())
            .filter(|map| map.shape == [1, 1, rows, columns])
            .ok_or_else(|| failed("the model of text detection does not give a map of the page"))?;
        let (kx, ky) = (width as f32 / columns as f32, height as f32 / rows as f32);
        let found = find(&map.data, columns, rule);
        Ok(run_down(found.into_iter().map(|found| scaled(found, kx, ky)).collect()))
    }
}

/// Makes an image this size; what is smaller is a mean of what was there.
fn resized(image: &GrayImage, width: u32, height: u32) -> GrayImage {
    if image.dimensions() == (width, height) {
        return image.clone();
    }
    imageops::resize(image, width, height, FilterType::Triangle)
}

/// The same box where the axes are stretched by nearly the same.
fn scaled(found: Slanted, kx: f32, ky: f32) -> Slanted {
    let stretch = |(x, y): (f32, f32)| (x * kx, y * ky);
    let (along, across) = (stretch(found.along), stretch(found.across()));
    let (long, wide) = (along.0.hypot(along.1), across.0.hypot(across.1));
    Slanted {
        middle: stretch(found.middle),
        along: (along.0 / long, along.1 / long),
        length: found.length * long,
        height: found.height * wide,
    }
}

/// Turns boxes of lines that run down.
fn run_down(mut found: Vec<Slanted>) -> Vec<Slanted> {
    let mut heights: Vec<f32> = found.iter().map(|f| f.height.min(f.length)).collect();
    heights.sort_by(f32::total_cmp);
    let Some(&usual) = heights.get(heights.len() / 2) else { return found };
    for line in &mut found {
        if line.height >= TALL * line.length && line.height >= TALLER_THAN_LINES * usual {
            *line = line.turned();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upright(length: f32, height: f32) -> Slanted {
        Slanted { middle: (0.0, 0.0), along: (1.0, 0.0), length, height }
    }

    #[test]
    fn tall_boxes_are_lines_that_run_down_unless_they_are_letters() {
        let found = run_down(vec![
            upright(300.0, 30.0),
            upright(200.0, 28.0),
            upright(12.0, 30.0),
            upright(30.0, 200.0),
        ]);
        let lengths: Vec<f32> = found.iter().map(|f| f.length).collect();
        assert_eq!(lengths, [300.0, 200.0, 12.0, 200.0]);
        assert_eq!(found[3].along, (0.0, 1.0));
    }

    #[test]
    fn boxes_are_stretched_to_the_page() {
        let page = scaled(Slanted { middle: (10.0, 20.0), ..upright(8.0, 4.0) }, 3.0, 2.0);
        assert_eq!(page, Slanted { middle: (30.0, 40.0), ..upright(24.0, 8.0) });
    }
}
