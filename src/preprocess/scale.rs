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
const LEAST_LETTERS: f32 = 20.0;
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
        let side = |pixels: u32| ((pixels as f32 * self.0).round() as u32).max(1);
        let (width, height) = (side(image.width()), side(image.height()));
        if self.0 < 1.0 {
            // Averages the pixels that fall together.
            imageops::thumbnail(image, width, height)
        } else {
            imageops::resize(image, width, height, FilterType::CatmullRom)
        }
    }
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
        for (ppi, height) in [(200.0, Some(20.0)), (300.0, Some(20.0)), (300.0, None)] {
            assert!(shrink_to_read(ppi, height).is_none(), "{ppi} {height:?}");
        }
        assert!(shrink_to_read(300.0, Some(23.0)).0 > 0.85);
    }

    #[test]
    fn coarse_pages_grow_and_fine_ones_shrink() {
        assert_eq!(scale(1240, 1754, 150.0), 2.0);
        assert_eq!(scale(600, 800, 72.0), 3.0);
        assert_eq!(scale(4960, 7016, 600.0), 0.5);
    }

    #[test]
    fn nothing_grows_beyond_what_can_be_read() {
        assert!(scale(10_000, 10_000, 300.0) < 0.71);
        assert!(scale(31_000, 4, 100.0) < 1.0);
        let shrunk = Scale(0.5).apply(&GrayImage::new(1, 3));
        assert_eq!(shrunk.dimensions(), (1, 2));
    }
}
