//! The size at which a page is read.

use image::GrayImage;
use image::imageops::{self, FilterType};

use crate::geometry::Resolution;

/// Pages of less than this are enlarged: at 150 dpi the x-height of 10 pt text is under 10 px, and
/// errors are five times as frequent as at 200 dpi, where enlarging gains nothing.
const COARSE: f32 = 165.0;
/// What coarse pages are enlarged to: 10 pt text gets an x-height of 20 px.
const GOOD: f32 = 300.0;
/// Enlarging by more than this adds time and no detail.
const MOST_ENLARGED: f32 = 3.0;
/// Pages of more than this are made smaller: time grows with the pixels, accuracy does not.
const FINE: f32 = 450.0;
/// The largest raster that is recognised: A3 at 500 dpi. Recognisers need several times its bytes.
const MOST_PIXELS: f32 = 50e6;
/// Recognisers count pixels with 16-bit signed numbers; scaling leaves room for rotation.
const LONGEST_SIDE: f32 = 30_000.0;

/// Fine pages are read at this resolution: against 300 dpi it takes 10 to 15 % less time, and word
/// errors are the same in every script. (Nearer to 200, columns and rows get confused.)
const ENOUGH: f32 = 240.0;
/// Common letters, ascenders among them, stay at least this high, in pixels: small print is read
/// as fine as it comes.
const LEAST_LETTERS: f32 = 16.0;
/// Shrinking by less than this is not worth the pass.
const LEAST_SHRINKING: f32 = 0.95;

/// A factor from the pixels given to the pixels read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale(pub(crate) f32);

/// At which scale to read an image.
pub(crate) fn scale_to_read(image: &GrayImage, resolution: Resolution) -> Scale {
    let wanted = if resolution.0 < COARSE {
        (GOOD / resolution.0).min(MOST_ENLARGED)
    } else if resolution.0 > FINE {
        GOOD / resolution.0
    } else {
        1.0
    };
    let (width, height) = (image.width() as f32, image.height() as f32);
    let most = (MOST_PIXELS / (width * height).max(1.0))
        .sqrt()
        .min(LONGEST_SIDE / width.max(height).max(1.0));
    Scale(wanted.min(most))
}

/// By how much an image whose letters are so many pixels high can be shrunk before recognition
/// without a loss.
pub(crate) fn shrink_to_read(ppi: f32, text_height: Option<f32>) -> Scale {
    let Some(height) = text_height else { return Scale(1.0) };
    let factor = (ENOUGH / ppi).max(LEAST_LETTERS / height);
    Scale(if factor < LEAST_SHRINKING { factor } else { 1.0 })
}

impl Default for Scale {
    fn default() -> Self {
        Self(1.0)
    }
}

impl Scale {
    /// Whether pixels stay as they are.
    pub(crate) fn is_none(self) -> bool {
        (self.0 - 1.0).abs() < 1e-3
    }

    /// The image at this scale.
    pub(crate) fn apply(self, image: &GrayImage) -> GrayImage {
        if image.width() == 0 || image.height() == 0 {
            return image.clone();
        }
        let side = |pixels: u32| ((pixels as f32 * self.0).round() as u32).max(1);
        let (width, height) = (side(image.width()), side(image.height()));
        if self.0 < 1.0 {
            averaged(image, width, height)
        } else {
            imageops::resize(image, width, height, FilterType::CatmullRom)
        }
    }
}

/// The image in a smaller size; each pixel is the mean of the area that it stands for.
///
/// (`imageops::thumbnail` does the same in ten times the time, as long as the shrinking gains.)
fn averaged(image: &GrayImage, width: u32, height: u32) -> GrayImage {
    let (rows, columns) = (spans(image.height(), height), spans(image.width(), width));
    let source_width = image.width() as usize;
    let mut out = Vec::with_capacity(width as usize * height as usize);
    // Sums of up to 255 × 256 fit 16 bits.
    let mut sums = vec![0_u16; source_width];
    for span in &rows {
        sums.fill(0);
        for (at, &weight) in (span.first..).zip(&span.weights) {
            let row = &image.as_raw()[at * source_width..][..source_width];
            sums.iter_mut().zip(row).for_each(|(sum, &p)| *sum += u16::from(p) * weight);
        }
        out.extend(columns.iter().map(|span| {
            let part = &sums[span.first..][..span.weights.len()];
            let sum: u32 =
                part.iter().zip(&span.weights).map(|(&s, &w)| u32::from(s) * u32::from(w)).sum();
            ((sum + (1 << 15)) >> 16) as u8
        }));
    }
    GrayImage::from_raw(width, height, out).unwrap_or_default()
}

/// The pixels that make up one pixel of a shorter side.
struct Span {
    first: usize,
    /// Add up to 256.
    weights: Vec<u16>,
}

fn spans(from: u32, to: u32) -> Vec<Span> {
    let step = f64::from(from) / f64::from(to);
    (0..to)
        .map(|i| {
            let (start, end) = (f64::from(i) * step, f64::from(i + 1) * step);
            let first = (start as usize).min(from as usize - 1);
            let last = (end.ceil() as usize).clamp(first + 1, from as usize);
            let mut left = 256;
            let weights = (first..last)
                .map(|at| {
                    let covered = end.min(at as f64 + 1.0) - start.max(at as f64);
                    let weight = ((256.0 * covered / step).round() as u16).min(left);
                    // Rounding: the last one takes what is left.
                    let weight = if at + 1 == last { left } else { weight };
                    left -= weight;
                    weight
                })
                .collect();
            Span { first, weights }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(width: u32, height: u32, ppi: f32) -> f32 {
        scale_to_read(&GrayImage::new(width, height), Resolution(ppi)).0
    }

    #[test]
    fn common_resolutions_stay() {
        for ppi in [200.0, 300.0, 400.0] {
            assert!(Scale(scale(1000, 1000, ppi)).is_none());
        }
    }

    #[test]
    fn only_print_that_is_large_enough_shrinks() {
        assert_eq!(shrink_to_read(300.0, Some(30.0)), Scale(0.8));
        assert_eq!(shrink_to_read(400.0, Some(40.0)), Scale(0.6));
        for (ppi, height) in [(200.0, Some(20.0)), (300.0, Some(16.0)), (300.0, None)] {
            assert!(shrink_to_read(ppi, height).is_none(), "{ppi} {height:?}");
        }
        assert!(shrink_to_read(300.0, Some(18.0)).0 > 0.85);
    }

    #[test]
    fn coarse_pages_grow_and_fine_ones_shrink() {
        assert_eq!(scale(1240, 1754, 150.0), 2.0);
        assert_eq!(scale(600, 800, 72.0), 3.0);
        assert_eq!(scale(4960, 7016, 600.0), 0.5);
    }

    #[test]
    fn shrinking_takes_means() {
        let image = GrayImage::from_raw(5, 1, vec![0, 100, 200, 50, 250]).unwrap();
        // 1.25 pixels each: 1 + ¼, ¾ + ½, ½ + ¾, ¼ + 1.
        let shrunk = Scale(0.8).apply(&image);
        assert_eq!(shrunk.as_raw(), &[20, 140, 110, 210]);
        let blank = GrayImage::from_pixel(731, 499, image::Luma([255]));
        for factor in [0.9, 0.61, 0.25, 0.01] {
            assert!(Scale(factor).apply(&blank).as_raw().iter().all(|&p| p == 255), "{factor}");
        }
    }

    #[test]
    fn nothing_grows_beyond_what_can_be_read() {
        assert!(scale(10_000, 10_000, 300.0) < 0.71);
        assert!(scale(31_000, 4, 100.0) < 1.0);
        assert_eq!(Scale(0.5).apply(&GrayImage::new(0, 3)).dimensions(), (0, 3));
        let shrunk = Scale(0.5).apply(&GrayImage::new(1, 3));
        assert_eq!(shrunk.dimensions(), (1, 2));
    }
}
