//! Fax and other scans of two levels.

use image::GrayImage;

/// Rows and columns looked at lie this far apart.
const STEP: usize = 3;
/// Levels this near to black or white are one of the two.
const PURE: u8 = 16;
/// In a scan of two levels there are fewer pixels between than this share of the dark ones. (At
/// the edges of letters in gray scans there are about as many as dark ones.)
const BETWEEN: f32 = 0.05;
/// More single dark pixels than this share of the dark ones are salt, which must be taken out while
/// it can be told from print.
const SALT: f32 = 0.2;

/// A scan of two levels with its jagged edges softened, `None` for all others. Recognisers have
/// learnt from gray letters: 200-dpi fax reads a little better so.
pub(crate) fn soften(image: &GrayImage) -> Option<GrayImage> {
    has_two_levels(image).then(|| smoothed(image))
}

fn has_two_levels(image: &GrayImage) -> bool {
    let (mut dark, mut between, mut single) = (0_u32, 0_u32, 0_u32);
    let width = image.width().max(1) as usize;
    let pixels = image.as_raw();
    let is_paper = |at: Option<usize>| at.and_then(|at| pixels.get(at)).is_none_or(|&p| p >= PURE);
    for (y, row) in pixels.chunks_exact(width).enumerate().step_by(STEP) {
        for (x, &p) in row.iter().enumerate().step_by(STEP) {
            between += u32::from((PURE..=255 - PURE).contains(&p));
            if p < PURE {
                let at = y * width + x;
                let around =
                    [at.checked_sub(1), Some(at + 1), at.checked_sub(width), Some(at + width)];
                dark += 1;
                single += u32::from(around.into_iter().all(is_paper));
            }
        }
    }
    dark > 0 && (between as f32) < BETWEEN * dark as f32 && (single as f32) < SALT * dark as f32
}

/// Weights 1 2 1 along both axes: near to a normal distribution that spreads by 0.7 pixels.
fn smoothed(image: &GrayImage) -> GrayImage {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let pixels = image.as_raw();
    let row = |y: usize| &pixels[y * width..][..width];
    let mut sums = vec![0_u16; width];
    let mut out = Vec::with_capacity(pixels.len());
    for y in 0..height {
        let (above, here, below) =
            (row(y.saturating_sub(1)), row(y), row((y + 1).min(height.saturating_sub(1))));
        for (x, sum) in sums.iter_mut().enumerate() {
            *sum = u16::from(above[x]) + 2 * u16::from(here[x]) + u16::from(below[x]);
        }
        out.extend((0..width).map(|x| {
            let (left, right) = (sums[x.saturating_sub(1)], sums[(x + 1).min(width - 1)]);
            ((left + 2 * sums[x] + right + 8) / 16) as u8
        }));
    }
    GrayImage::from_raw(image.width(), image.height(), out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    #[test]
    fn two_levels_get_levels_between() {
        let fax = GrayImage::from_fn(90, 60, |x, _| Luma([if x % 9 < 3 { 0 } else { 255 }]));
        let soft = soften(&fax).unwrap();
        assert_eq!([8, 9, 10, 4].map(|x| soft.get_pixel(x, 30).0[0]), [191, 64, 0, 255]);
        assert_eq!(soft.dimensions(), fax.dimensions());
    }

    #[test]
    fn gray_scans_and_blank_pages_are_left() {
        let gray = GrayImage::from_fn(90, 60, |x, _| Luma([[0, 0, 120, 255][x as usize % 4]]));
        let salt = GrayImage::from_fn(90, 60, |x, y| {
            Luma([if x % 3 == 0 && y % 3 == 0 { 0 } else { 255 }])
        });
        let blank = GrayImage::from_pixel(50, 50, Luma([255]));
        for image in [gray, salt, blank, GrayImage::new(0, 0)] {
            assert!(soften(&image).is_none(), "{:?}", image.dimensions());
        }
    }
}
