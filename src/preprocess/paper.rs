//! Clean paper around the ink.

use image::GrayImage;

use super::ink;

/// Pixels this far on the way from the paper's brightness to the darkness of ink are paper: more
/// than the grain of scanners and the noise of JPEG, less than the lightest edge of a letter that
/// a recogniser could use.
const GRAIN: f32 = 0.12;

/// Paper is even where no part of the page is darker by more than this share of the contrast: a
/// limit for all of it would cut shadows into patches, which read worse than the shadow does.
const EVEN: f32 = 0.1;

/// Makes the paper of an evenly lit page white. Ink stays as it is.
///
/// Recognisers see letters, not grain; and Tesseract packs the image of every line as PNG, which
/// takes several times as long where grain makes no two pixels the same: a tenth of its time on
/// noisy scans.
pub(crate) fn whiten(image: &mut GrayImage, ppi: f32) {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let histogram = ink::histogram(image);
    let split = ink::otsu(&histogram);
    let dark = ink::mean_below(&histogram, split).min(ink::darkest(&histogram));
    let tile = ((ink::TILE * ppi) as usize).max(8);
    let (across, down) = (width.div_ceil(tile).max(1), height.div_ceil(tile).max(1));
    let tiles = ink::paper(image.as_raw(), width, height, tile);
    let paper = ink::smoothed(&tiles, across, down);
    let brightest = paper.iter().copied().max().unwrap_or(255);
    // Light print on a dark page: what fills the tiles is no paper.
    if brightest < split || brightest <= dark {
        return;
    }
    let contrast = f32::from(brightest - dark);
    let below = |share: f32| brightest - (contrast * share) as u8;
    let (even, limit, shade) = (below(EVEN), below(GRAIN), below(1.0 - ink::DARK_AREA));
    // Tiles darker than shadows are printed areas.
    if paper.iter().any(|&p| p < even && p > shade) {
        return;
    }
    image.iter_mut().for_each(|p| *p = if *p >= limit { 255 } else { *p });
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    fn page(paper: impl Fn(u32, u32) -> u8) -> GrayImage {
        GrayImage::from_fn(600, 400, |x, y| {
            Luma([if x % 30 < 5 && y % 40 < 20 { 40 } else { paper(x, y) }])
        })
    }

    #[test]
    fn grain_goes_and_ink_stays() {
        let mut image = page(|x, y| 228 + ((x * 7 + y * 13) % 20) as u8);
        whiten(&mut image, 200.0);
        assert_eq!(image, page(|_, _| 255));
    }

    #[test]
    fn light_print_on_a_dark_page_stays() {
        let mut dark = page(|_, _| 255);
        image::imageops::invert(&mut dark);
        let mut image = dark.clone();
        whiten(&mut image, 200.0);
        assert_eq!(image, dark);
    }

    #[test]
    fn a_page_in_shadow_stays_as_it_is() {
        let shadow = page(|x, _| (240 - x / 6) as u8);
        let mut image = shadow.clone();
        whiten(&mut image, 200.0);
        assert_eq!(image, shadow);
        let mut nothing = GrayImage::new(0, 3);
        whiten(&mut nothing, 200.0);
    }
}
