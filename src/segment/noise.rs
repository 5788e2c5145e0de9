//! Pages that are full of specks.
//!
//! Layout analysis takes time with the square of the specks: a page of salt noise keeps Tesseract
//! busy for minutes, and it cannot be stopped meanwhile.

use image::GrayImage;

use super::components::runs;

/// A speck is at most this long, in pixels of the scan: strokes of letters that can be read are
/// longer.
const SPECK: u32 = 2;
/// Rows looked at lie this far apart.
const STEP: usize = 3;
/// More specks than this on a page are noise. A page of text has some dozens, a scan with dust some
/// hundreds, a coarse halftone picture a few thousand.
const MOST_SPECKS: usize = 20_000;

/// Whether a mask (at the scan's own resolution) holds so many specks that it must not be
/// recognised as it is.
pub(crate) fn is_noise(mask: &GrayImage) -> bool {
    specks(mask) > MOST_SPECKS
}

/// About how many specks there are: short runs with only paper around them.
fn specks(mask: &GrayImage) -> usize {
    let width = mask.width() as usize;
    let rows: Vec<&[u8]> = mask.as_raw().chunks_exact(width.max(1)).collect();
    let mut count = 0;
    for y in (1..rows.len().saturating_sub(1)).step_by(STEP) {
        for (from, to) in runs(rows[y]) {
            if to - from > SPECK {
                continue;
            }
            let around = (from as usize).saturating_sub(1)..(to as usize + 1).min(width);
            let clear = |row: &[u8]| row[around.clone()].iter().all(|&p| p == 0);
            if clear(rows[y - 1]) && clear(rows[y + 1]) {
                count += 1;
            }
        }
    }
    count * STEP
}

/// Takes specks out: each pixel becomes the middle of its 3×3 neighbourhood.
pub(crate) fn despeckle(image: &GrayImage) -> GrayImage {
    imageproc::filter::median_filter(image, 1, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pseudo-random, the same every time: `per_mille` of the pixels are ink.
    fn salt(side: u32, per_mille: u64) -> GrayImage {
        let mut state = 88_172_645_463_325_252_u64;
        GrayImage::from_fn(side, side, |_, _| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            image::Luma([if state % 1000 < per_mille { 255 } else { 0 }])
        })
    }

    #[test]
    fn salt_is_noise_until_it_is_taken_out() {
        let noisy = salt(1000, 120);
        assert!(is_noise(&noisy));
        assert!(!is_noise(&despeckle(&noisy)));
    }

    #[test]
    fn letters_and_dust_are_no_noise() {
        let stripes = GrayImage::from_fn(1000, 1000, |x, y| {
            image::Luma([if x % 9 < 3 && y % 40 < 20 { 255 } else { 0 }])
        });
        assert!(!is_noise(&stripes));
        assert!(!is_noise(&salt(1000, 2)));
        assert!(!is_noise(&GrayImage::new(1, 1)));
    }

    #[test]
    fn half_of_everything_is_beyond_help() {
        // Specks run together; the median leaves clouds of them.
        let noisy = salt(1500, 300);
        assert!(is_noise(&noisy));
    }
}
