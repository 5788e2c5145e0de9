//! Which pixels are ink.

use image::GrayImage;

/// Side of the tiles in which the paper's brightness is measured, in inches: larger than letters,
/// smaller than the shadows of a photographed page.
pub(super) const TILE: f32 = 0.25;
/// Share of a tile's pixels that are darker than its paper: text covers less than this.
const PAPER_RANK: f32 = 0.8;
/// Pixels and rows that are looked at for brightness lie this far apart.
pub(super) const STEP: usize = 3;
/// Ink is darker than the paper by at least this many of 256 levels: what is fainter is noise.
const LEAST_CONTRAST: u8 = 24;
/// From paper to ink, where ink begins …
const INK: f32 = 0.5;
/// … and where hairlines do: one of half a pixel still has half of the darkness where it falls between two.
const HAIRLINE: f32 = 0.25;
/// Paper in a shadow is brighter than this share of the way from ink to the brightest paper;
/// anything darker is a printed area.
pub(super) const DARK_AREA: f32 = 0.3;
/// Share of the pixels that are ink on a page with little text.
const LEAST_INK: f32 = 0.005;

/// The ink of an image as a mask reduced by a whole factor: a pixel is ink where any of its
/// `factor`² pixels is, so that no line gets lost.
///
/// Ink is what is nearer to the darkness of the page's ink than to the brightness of the paper
/// around it. Where the surroundings are dark themselves, they are ink.
pub(crate) fn mask(image: &GrayImage, ppi: f32, factor: u32) -> GrayImage {
    darker_than(image, ppi, factor, INK)
}

/// The same with what is fainter: lines thinner than a pixel, which blur to half of the ink's darkness and
/// which noise breaks up. Letters grow fat in it.
pub(crate) fn mask_of_hairlines(image: &GrayImage, ppi: f32, factor: u32) -> GrayImage {
    darker_than(image, ppi, factor, HAIRLINE)
}

/// What is darker than the paper by this share of the ink's darkness.
fn darker_than(image: &GrayImage, ppi: f32, factor: u32, share: f32) -> GrayImage {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let factor = factor.max(1) as usize;
    let (out_width, out_height) = (width.div_ceil(factor), height.div_ceil(factor));
    let pixels = image.as_raw();
    let histogram = histogram(image);
    let split = otsu(&histogram);
    // The page's ink: the darker class, or what is darkest where shadows are part of that class.
    let dark = mean_below(&histogram, split).min(darkest(&histogram));
    // Tiles are whole numbers of reduced pixels, so that a row of them has one threshold each.
    let tile = (((TILE * ppi) as usize / factor).max(8)) * factor;
    let Paper { levels: paper, across, .. } = Paper::in_tiles(image, tile);
    let brightest = paper.iter().copied().max().unwrap_or(255);
    let shade = dark + (f32::from(brightest.saturating_sub(dark)) * DARK_AREA) as u8;
    let thresholds: Vec<u8> = paper
        .iter()
        .map(|&paper| {
            if paper <= shade {
                // A dark area, or a page of one colour.
                split.min(255 - LEAST_CONTRAST)
            } else {
                let contrast = f32::from(paper) - f32::from(dark);
                let limit = f32::from(paper) - share * contrast;
                (limit as u8).min(paper.saturating_sub(LEAST_CONTRAST))
            }
        })
        .collect();
    let mut out = Vec::with_capacity(out_width * out_height);
    let mut darkest = Vec::with_capacity(width);
    for (y, rows) in pixels.chunks(factor * width.max(1)).enumerate() {
        // The darkest of the rows, then of the columns: plain loops that vectorise.
        darkest.clear();
        let mut rows = rows.chunks_exact(width.max(1));
        darkest.extend_from_slice(rows.next().unwrap_or_default());
        for row in rows {
            darkest.iter_mut().zip(row).for_each(|(d, &p)| *d = (*d).min(p));
        }
        let limits = &thresholds[(y * factor / tile) * across..][..across];
        for (part, &limit) in darkest.chunks(tile).zip(limits) {
            let ink = |p: u8| if p < limit { 255 } else { 0 };
            match factor {
                1 => out.extend(part.iter().map(|&p| ink(p))),
                2 => {
                    let pairs = part.chunks_exact(2);
                    let odd = pairs.remainder().first().copied();
                    out.extend(pairs.map(|g| ink(g[0].min(g[1]))));
                    out.extend(odd.map(ink));
                }
                _ => out.extend(
                    part.chunks(factor).map(|g| ink(g.iter().copied().min().unwrap_or(255))),
                ),
            }
        }
    }
    out.resize(out_width * out_height, 0);
    GrayImage::from_raw(out_width as u32, out_height as u32, out).unwrap_or_default()
}

/// The paper's brightness in tiles of the image, row by row.
#[derive(Debug)]
pub(super) struct Paper {
    pub(super) levels: Vec<u8>,
    /// Side of the tiles in pixels.
    pub(super) tile: usize,
    pub(super) across: usize,
    pub(super) down: usize,
}

impl Paper {
    /// In tiles of [`TILE`].
    pub(super) fn of(image: &GrayImage, ppi: f32) -> Self {
        Self::in_tiles(image, ((TILE * ppi) as usize).max(8))
    }

    fn in_tiles(image: &GrayImage, tile: usize) -> Self {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let (across, down) = (width.div_ceil(tile).max(1), height.div_ceil(tile).max(1));
        let levels = smoothed(&paper(image.as_raw(), width, height, tile), across, down);
        Self { levels, tile, across, down }
    }
}

/// How often each level occurs, in every [`STEP`]th row.
pub(super) fn histogram(image: &GrayImage) -> [u32; 256] {
    let mut counts = [0; 256];
    for row in image.as_raw().chunks_exact(image.width().max(1) as usize).step_by(STEP) {
        for &p in row {
            counts[usize::from(p)] += 1;
        }
    }
    counts
}

/// The level that splits a histogram into two classes that differ most (Otsu 1979): the first
/// level of the brighter class.
pub(super) fn otsu(histogram: &[u32; 256]) -> u8 {
    let total: f64 = histogram.iter().map(|&n| f64::from(n)).sum();
    let sum: f64 = histogram.iter().enumerate().map(|(i, &n)| i as f64 * f64::from(n)).sum();
    let (mut below, mut sum_below) = (0.0, 0.0);
    let (mut best, mut best_level) = (-1.0, 128);
    for (level, &count) in histogram.iter().enumerate().take(255) {
        below += f64::from(count);
        sum_below += level as f64 * f64::from(count);
        if below == 0.0 || below == total {
            continue;
        }
        let difference = sum_below / below - (sum - sum_below) / (total - below);
        let between = below * (total - below) * difference * difference;
        if between > best {
            (best, best_level) = (between, level + 1);
        }
    }
    best_level as u8
}

pub(super) fn mean_below(histogram: &[u32; 256], limit: u8) -> u8 {
    let (count, sum) = histogram[..usize::from(limit)]
        .iter()
        .enumerate()
        .fold((0_u64, 0_u64), |(n, s), (i, &c)| (n + u64::from(c), s + i as u64 * u64::from(c)));
    sum.checked_div(count).unwrap_or(0) as u8
}

/// The level that the darkest pixels reach.
pub(super) fn darkest(histogram: &[u32; 256]) -> u8 {
    let total: u64 = histogram.iter().map(|&n| u64::from(n)).sum();
    let rank = (total as f32 * LEAST_INK) as u64;
    let mut seen = 0;
    let level = histogram.iter().position(|&n| {
        seen += u64::from(n);
        seen > rank
    });
    level.unwrap_or(255) as u8
}

/// Brightness of the paper in each tile.
pub(super) fn paper(pixels: &[u8], width: usize, height: usize, tile: usize) -> Vec<u8> {
    let mut result = Vec::new();
    for top in (0..height.max(1)).step_by(tile) {
        for left in (0..width.max(1)).step_by(tile) {
            let mut counts = [0_u32; 256];
            let mut total = 0;
            for y in (top..(top + tile).min(height)).step_by(STEP) {
                let row = &pixels[y * width..][left.min(width)..(left + tile).min(width)];
                for &p in row.iter().step_by(STEP) {
                    counts[usize::from(p)] += 1;
                    total += 1;
                }
            }
            let rank = (total as f32 * PAPER_RANK) as u32;
            let mut seen = 0;
            let level = counts.iter().position(|&n| {
                seen += n;
                seen > rank
            });
            result.push(level.unwrap_or(255) as u8);
        }
    }
    result
}

/// The brightest of each tile and its neighbours: a tile that a picture or a thick letter fills
/// takes its paper from beside it.
pub(super) fn smoothed(tiles: &[u8], across: usize, down: usize) -> Vec<u8> {
    let mut result = Vec::with_capacity(tiles.len());
    for y in 0..down {
        for x in 0..across {
            let mut best = 0;
            for row in y.saturating_sub(1)..(y + 2).min(down) {
                for column in x.saturating_sub(1)..(x + 2).min(across) {
                    best = best.max(tiles[row * across + column]);
                }
            }
            result.push(best);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    fn ink_share(mask: &GrayImage) -> f32 {
        mask.as_raw().iter().filter(|&&p| p > 0).count() as f32 / mask.as_raw().len() as f32
    }

    #[test]
    fn thin_lines_survive_reduction() {
        let mut image = GrayImage::from_pixel(400, 300, Luma([240]));
        for x in 0..400 {
            image.put_pixel(x, 101, Luma([20]));
        }
        let mask = mask(&image, 150.0, 4);
        assert_eq!(mask.dimensions(), (100, 75));
        assert!((0..100).all(|x| mask.get_pixel(x, 25).0 == [255]));
        assert_eq!(mask.as_raw().iter().filter(|&&p| p > 0).count(), 100);
    }

    #[test]
    fn a_shadow_is_no_ink() {
        // Paper from 250 down to 110, darker at the right than ink would be at half the contrast.
        let mut image = GrayImage::from_fn(1000, 400, |x, _| Luma([(250 - x * 14 / 100) as u8]));
        for i in 0..20 {
            imageproc::drawing::draw_filled_rect_mut(
                &mut image,
                imageproc::rect::Rect::at(i * 50 + 10, 190).of_size(8, 20),
                Luma([30]),
            );
        }
        let mask = mask(&image, 200.0, 1);
        let want = 20.0 * 160.0 / 400_000.0;
        assert!((ink_share(&mask) - want).abs() < 0.2 * want, "{}", ink_share(&mask));
    }

    #[test]
    fn blank_paper_with_faint_noise_has_no_ink() {
        let image =
            GrayImage::from_fn(300, 300, |x, y| Luma([230 + ((x * 7 + y * 13) % 20) as u8]));
        assert_eq!(ink_share(&mask(&image, 200.0, 2)), 0.0);
        let white = GrayImage::from_pixel(5, 5, Luma([255]));
        assert_eq!(ink_share(&mask(&white, 70.0, 2)), 0.0);
    }

    #[test]
    fn faint_text_is_ink() {
        let image = GrayImage::from_fn(300, 300, |x, y| {
            Luma([if x % 30 < 3 && y % 40 < 20 { 170 } else { 235 }])
        });
        let share = ink_share(&mask(&image, 200.0, 1));
        assert!((0.04..0.06).contains(&share), "{share}");
    }
}
