//! A line cut out of the page, straight, at the height that the model reads.

use image::GrayImage;

use super::boxes::Slanted;

/// Height of a line as the model reads it, in pixels.
pub(super) const HEIGHT: usize = 48;
/// Longest line, in pixels of this height: a line of 300 letters.
const LONGEST: usize = 6400;

/// The image of a line, row by row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Crop {
    pub(super) width: usize,
    /// Levels from 0 to 255, [`HEIGHT`] rows.
    pub(super) levels: Vec<f32>,
}

impl Crop {
    /// Cuts a box out. Beyond the image's edge its outermost pixels go on.
    pub(super) fn of(image: &GrayImage, line: &Slanted) -> Self {
        let step = line.height / HEIGHT as f32;
        let width = ((line.length / step.max(f32::MIN_POSITIVE)).ceil() as usize).clamp(1, LONGEST);
        // Along the line the step may be a trifle longer or shorter.
        let step_along = line.length / width as f32;
        // Where several pixels of the page make one, their mean is taken.
        let samples = (step.round() as usize).clamp(1, 8);
        let part = 1.0 / samples as f32;
        let mut levels = Vec::with_capacity(width * HEIGHT);
        for row in 0..HEIGHT {
            for column in 0..width {
                let mut sum = 0.0;
                for i in 0..samples {
                    let (x, y) = line.at(
                        column as f32 * step_along + 0.5 * part * step_along,
                        (row as f32 + (i as f32 + 0.5) * part) * step,
                    );
                    for k in 0..samples {
                        let shift = k as f32 * part * step_along;
                        sum += level(image, x + shift * line.along.0, y + shift * line.along.1);
                    }
                }
                levels.push(sum * part * part);
            }
        }
        Self { width, levels }
    }
}

/// The level between four pixels' middles.
fn level(image: &GrayImage, x: f32, y: f32) -> f32 {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let (x, y) = ((x - 0.5).max(0.0), (y - 0.5).max(0.0));
    let (left, top) = ((x as usize).min(width - 1), (y as usize).min(height - 1));
    let (right, bottom) = ((left + 1).min(width - 1), (top + 1).min(height - 1));
    let (fx, fy) = ((x - left as f32).min(1.0), (y - top as f32).min(1.0));
    let raw = image.as_raw();
    let at = |x: usize, y: usize| f32::from(raw[y * width + x]);
    let upper = at(left, top) + fx * (at(right, top) - at(left, top));
    let lower = at(left, bottom) + fx * (at(right, bottom) - at(left, bottom));
    upper + fy * (lower - upper)
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    impl Crop {
        fn level(&self, column: usize, row: usize) -> f32 {
            self.levels[row * self.width + column]
        }
    }

    /// A dark bar on white.
    fn page() -> GrayImage {
        GrayImage::from_fn(400, 200, |x, y| {
            Luma([if (100..300).contains(&x) && (90..110).contains(&y) { 0 } else { 255 }])
        })
    }

    #[test]
    fn a_line_is_cut_out_at_the_models_height() {
        let line =
            Slanted { middle: (200.0, 100.0), along: (1.0, 0.0), length: 240.0, height: 40.0 };
        let crop = Crop::of(&page(), &line);
        assert_eq!((crop.width, crop.levels.len()), (288, 288 * HEIGHT));
        assert_eq!(crop.level(144, 24), 0.0);
        assert_eq!(crop.level(144, 4), 255.0);
        assert_eq!(crop.level(4, 24), 255.0);
    }

    #[test]
    fn a_line_that_runs_down_is_laid_flat() {
        let flat = page();
        let turned = GrayImage::from_fn(200, 400, |x, y| *flat.get_pixel(y, 199 - x));
        let line =
            Slanted { middle: (100.0, 200.0), along: (0.0, 1.0), length: 240.0, height: 40.0 };
        let level = Slanted { middle: (200.0, 100.0), along: (1.0, 0.0), ..line };
        let (turned, flat) = (Crop::of(&turned, &line), Crop::of(&flat, &level));
        assert_eq!(turned.width, flat.width);
        let differs = turned.levels.iter().zip(&flat.levels).any(|(a, b)| (a - b).abs() > 0.5);
        assert!(!differs);
    }

    #[test]
    fn large_letters_are_shrunk_by_means_and_the_edge_goes_on() {
        let page = GrayImage::from_fn(400, 400, |x, _| Luma([if x % 2 == 0 { 0 } else { 200 }]));
        let line =
            Slanted { middle: (200.0, 200.0), along: (1.0, 0.0), length: 500.0, height: 192.0 };
        let crop = Crop::of(&page, &line);
        assert!((crop.level(60, 24) - 100.0).abs() < 30.0, "{}", crop.level(60, 24));
        assert_eq!(crop.level(0, 24), 0.0);
    }
}
