//! Pages that are one scan and nothing else: the scan's own pixels, taken as they are stored.
//!
//! PDFium resamples every image that it draws, also one that lands pixel on pixel: that is most of
//! the time of drawing a scanned page.

use image::GrayImage;

use super::ffi::{ObjectKind, PageHandle};

/// More objects than this are no page that is one scan.
const MOST_OBJECTS: usize = 64;
/// The page is drawn this much smaller to see whether the image shows what the page shows.
const SAMPLE: u32 = 16;
/// A sample lies between the darkest and the brightest pixel around its place, give or take so
/// many of 256 levels, …
const TOLERANCE: u8 = 16;
/// … but for this share of the samples: PDFium draws the rim of an image with the page's white.
const ODD: f32 = 0.004;

/// The pixels of the page's only image, where drawing the page at `width` × `height` would give the
/// same: the image has this size, fills the page, and is drawn upright without mask, inversion or
/// anything on top. `None` means: draw the page.
///
/// What else could be in the way is not looked up one by one (masks, decode arrays, palettes, clips …): the page is drawn in small, where it takes almost no time, and compared.
pub(super) fn pixels(page: &PageHandle<'_>, width: u32, height: u32) -> Option<GrayImage> {
    if page.rotation() != 0 || page.annotation_count() > 0 || width < SAMPLE || height < SAMPLE {
        return None;
    }
    let mut images = 0;
    let mut found = None;
    let walk = page.visit_objects(MOST_OBJECTS, &mut |object| {
        if object.kind == ObjectKind::Image {
            images += 1;
            let m = object.matrix().then(&object.outer);
            let upright = m.a > 0.0 && m.d > 0.0 && m.b == 0.0 && m.c == 0.0;
            if upright && object.pixel_size() == Some((width, height)) {
                found = object.pixels();
            }
        }
    });
    let image =
        found.filter(|i| walk.saw_all() && images == 1 && i.dimensions() == (width, height))?;
    let sample = page.render_sampled(width / SAMPLE, height / SAMPLE)?;
    agree(&image, &sample).then_some(image)
}

/// Whether the sample could be the image in small, each pixel one of those at its place.
fn agree(image: &GrayImage, sample: &GrayImage) -> bool {
    let (width, height) = image.dimensions();
    let (across, down) = sample.dimensions();
    let span = |at: u32, of: u32, side: u32| {
        // Half a place more on both sides: which pixel stands for a place is PDFium's choice.
        let start = (2 * at).saturating_sub(1) * side / (2 * of);
        start..((2 * at + 3) * side).div_ceil(2 * of).min(side)
    };
    let odd = sample
        .enumerate_pixels()
        .filter(|(x, y, level)| {
            let (mut darkest, mut brightest) = (u8::MAX, 0);
            let columns = span(*x, across, width);
            for row in span(*y, down, height) {
                let from = (row * width) as usize;
                let row = &image.as_raw()[from + columns.start as usize..][..columns.len()];
                for &pixel in row {
                    darkest = darkest.min(pixel);
                    brightest = brightest.max(pixel);
                }
            }
            let level = level.0[0];
            level < darkest.saturating_sub(TOLERANCE) || level > brightest.saturating_add(TOLERANCE)
        })
        .count();
    odd as f32 <= ODD * (across * down) as f32
}

#[cfg(test)]
mod tests {
    use image::Luma;
    use image::imageops::{self, FilterType};

    use super::*;

    fn page() -> GrayImage {
        GrayImage::from_fn(320, 480, |x, y| {
            let ink = (40..200).contains(&x) && (60..280).contains(&y) && y % 24 < 12 && x % 5 < 3;
            Luma([if ink { 30 } else { 240 }])
        })
    }

    fn sample(image: &GrayImage) -> GrayImage {
        imageops::resize(image, 20, 30, FilterType::Nearest)
    }

    #[test]
    fn what_the_page_shows_is_taken() {
        assert!(agree(&page(), &sample(&page())));
    }

    #[test]
    fn what_the_page_shows_otherwise_is_drawn() {
        let image = page();
        let mut inverted = image.clone();
        imageops::invert(&mut inverted);
        let mut masked = image.clone();
        for (x, _, pixel) in masked.enumerate_pixels_mut() {
            if x > 200 {
                pixel.0[0] = 0;
            }
        }
        for other in
            [inverted, masked, imageops::flip_vertical(&image), imageops::rotate180(&image)]
        {
            assert!(!agree(&other, &sample(&image)));
        }
    }
}
