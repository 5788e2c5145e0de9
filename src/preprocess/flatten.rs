//! Even paper: shadows, grain and faint print.

use image::GrayImage;

use super::ink::{self, Paper};

/// Paper whose darkest tenth is darker than its brightest by more than this share lies in a
/// shadow. (Recognisers part ink from paper by one level for the whole page.)
const UNEVEN: f32 = 0.15;
/// Ink that is brighter than this share of the paper is faint. Toner is at a tenth, pencil and
/// worn ribbons at a half.
const FAINT: f32 = 0.5;
/// What is brighter than this share of the paper is no ink: the page has next to none.
const NO_INK: f32 = 0.85;
/// A page whose mean is below this share of its paper is bright print on a dark ground.
const DARK_PAGE: f32 = 0.5;
/// Tiles that are darker than this share of the brightest are printed areas or pictures, not
/// paper; light falls off to a half.
const PRINTED: f32 = 0.4;
/// Grain that spreads by more than this share of the contrast between paper and ink is wiped off
/// the paper. (Half of that comes from a good scanner and JPEG.)
const GRAINY: f32 = 0.025;
/// Grain is taken for no more than this share: halftones look like grain.
const MOST_GRAIN: f32 = 0.08;
/// So many times its spread below the paper's level (which the brighter pixels tell), grain is
/// wiped white. Further, and it eats thin strokes.
const WIPED: f32 = 2.8;
/// Level that paper without grain gets.
const WHITE: f32 = 245.0;
/// Share of the pixels that are ink on a page with little text.
const LEAST_INK: f32 = 0.005;

/// The image with its paper evenly white and its ink dark, where it is not so already. `None`
/// where there is nothing to gain.
pub(crate) fn flatten(image: &GrayImage, ppi: f32) -> Option<GrayImage> {
    let paper = Paper::of(image, ppi);
    let mut levels = paper.levels.clone();
    levels.sort_unstable();
    let rank = |share: f32| levels.get((share * (levels.len().saturating_sub(1)) as f32) as usize);
    let brightest = f32::from(*rank(0.95)?).max(1.0);
    let filled = fill_printed(&paper, brightest);
    let mut sorted = filled.clone();
    sorted.sort_by(f32::total_cmp);
    let low = *sorted.get(sorted.len() / 10)?;
    let uneven = low < (1.0 - UNEVEN) * brightest;
    if mean(image) < DARK_PAGE * brightest {
        return None;
    }
    let ink = Some(ink_share(image, &paper, &filled)).filter(|&ink| ink < NO_INK).unwrap_or(0.0);
    // Ink at this share of the paper becomes black; dark prints stay as dark as they are.
    let black = if ink < FAINT { 0.0 } else { ink };
    let grain = grain(image) / brightest;
    let grainy = grain > GRAINY * (1.0 - ink);
    if !uneven && ink < FAINT && !grainy {
        return None;
    }
    // The share of the paper's level that becomes white.
    let (white, level) = if grainy {
        (1.0 - WIPED * grain.min(MOST_GRAIN * (1.0 - ink)), 255.0)
    } else {
        (1.0, WHITE)
    };
    Some(divided(image, &paper, &filled, black, level / (white - black)))
}

/// The spread (standard deviation) of neighbouring pixels of the paper, in levels.
fn grain(image: &GrayImage) -> f32 {
    let mut counts = [0_u32; 256];
    let width = image.width().max(1) as usize;
    for row in image.as_raw().chunks_exact(width).step_by(ink::STEP) {
        // Direct neighbours are alike after blur and enlarging.
        for (&a, &b) in row.iter().zip(row.iter().skip(2 * ink::STEP)).step_by(ink::STEP) {
            counts[usize::from(a.abs_diff(b))] += 1;
        }
    }
    let half = counts.iter().sum::<u32>() / 2;
    let mut below = 0;
    for (difference, &n) in counts.iter().enumerate() {
        if below + n > half {
            // Within the level, so that small spreads are told apart.
            let middle = difference as f32 - 0.5 + (half - below) as f32 / n.max(1) as f32;
            // The median of the difference of two normal values.
            return (middle / (2.0_f32.sqrt() * 0.6745)).max(0.0);
        }
        below += n;
    }
    0.0
}

/// The paper's level in each tile; tiles that are print take it from the nearest paper.
fn fill_printed(paper: &Paper, brightest: f32) -> Vec<f32> {
    let (across, down) = (paper.across, paper.down);
    let mut levels: Vec<Option<f32>> = paper
        .levels
        .iter()
        .map(|&level| Some(f32::from(level)).filter(|&level| level >= PRINTED * brightest))
        .collect();
    // Paper grows into print tile by tile; every pass sees only what the last one left.
    for _ in 0..across.max(down) {
        if levels.iter().all(Option::is_some) {
            break;
        }
        let last = levels.clone();
        for y in 0..down {
            for x in 0..across {
                if last[y * across + x].is_some() {
                    continue;
                }
                let around = (y.saturating_sub(1)..(y + 2).min(down))
                    .flat_map(|y| (x.saturating_sub(1)..(x + 2).min(across)).map(move |x| (x, y)));
                let (sum, count) = around
                    .filter_map(|(x, y)| last[y * across + x])
                    .fold((0.0, 0.0), |(sum, count), level| (sum + level, count + 1.0));
                levels[y * across + x] = (count > 0.0).then(|| sum / count);
            }
        }
    }
    levels.into_iter().map(|level| level.unwrap_or(brightest)).collect()
}

fn mean(image: &GrayImage) -> f32 {
    let looked_at = || image.as_raw().iter().step_by(ink::STEP);
    let sum: u64 = looked_at().map(|&p| u64::from(p)).sum();
    sum as f32 / looked_at().len().max(1) as f32
}

/// How bright the page's ink is, as a share of the paper around it.
fn ink_share(image: &GrayImage, paper: &Paper, filled: &[f32]) -> f32 {
    let mut counts = [0_u32; 256];
    let mut total = 0_u32;
    let width = image.width().max(1) as usize;
    for (y, row) in image.as_raw().chunks_exact(width).enumerate().step_by(ink::STEP) {
        let levels = &filled[(y / paper.tile) * paper.across..][..paper.across];
        for (part, &level) in row.chunks(paper.tile).zip(levels) {
            let to_share = 255.0 / level.max(1.0);
            for &p in part.iter().step_by(ink::STEP) {
                counts[((f32::from(p) * to_share) as usize).min(255)] += 1;
                total += 1;
            }
        }
    }
    let rank = (total as f32 * LEAST_INK) as u32;
    let mut seen = 0;
    let level = counts.iter().position(|&n| {
        seen += n;
        seen > rank
    });
    level.unwrap_or(255) as f32 / 255.0
}

/// Each pixel as a share of the paper under it, which is taken between the middles of tiles.
fn divided(image: &GrayImage, paper: &Paper, filled: &[f32], black: f32, gain: f32) -> GrayImage {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let (across, down) = (paper.across, paper.down);
    let between = |at: usize, count: usize| {
        let place = ((at as f32 + 0.5) / paper.tile as f32 - 0.5).clamp(0.0, (count - 1) as f32);
        let first = (place as usize).min(count.saturating_sub(2));
        (first, (first + 1).min(count - 1), place - first as f32)
    };
    let columns: Vec<_> = (0..width).map(|x| between(x, across)).collect();
    let mut out = Vec::with_capacity(width * height);
    let mut row = vec![0.0; across];
    for (y, pixels) in image.as_raw().chunks_exact(width.max(1)).enumerate() {
        let (above, below, share) = between(y, down);
        for (x, level) in row.iter_mut().enumerate() {
            *level =
                filled[above * across + x] * (1.0 - share) + filled[below * across + x] * share;
        }
        out.extend(pixels.iter().zip(&columns).map(|(&p, &(left, right, share))| {
            let level = row[left] * (1.0 - share) + row[right] * share;
            ((f32::from(p) / level.max(1.0) - black) * gain).clamp(0.0, 255.0) as u8
        }));
    }
    GrayImage::from_raw(image.width(), image.height(), out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    fn text(paper: impl Fn(u32, u32) -> f32, ink: f32) -> GrayImage {
        GrayImage::from_fn(1200, 900, |x, y| {
            let dark = x % 30 < 4 && y % 40 < 20 && (200..1000).contains(&x);
            Luma([(paper(x, y) * if dark { ink } else { 1.0 }) as u8])
        })
    }

    #[test]
    fn shadows_go_and_ink_stays() {
        let image = text(|x, _| 240.0 - x as f32 / 10.0, 0.2);
        let flat = flatten(&image, 200.0).unwrap();
        for (x, y) in [(20, 30), (600 + 15, 30), (1190, 800)] {
            assert!(flat.get_pixel(x, y).0[0] > 220, "{x} {y}: {:?}", flat.get_pixel(x, y));
        }
        assert!(flat.get_pixel(301, 5).0[0] < 70 && flat.get_pixel(961, 5).0[0] < 70);
    }

    #[test]
    fn faint_print_becomes_dark() {
        let flat = flatten(&text(|_, _| 240.0, 0.62), 200.0).unwrap();
        assert!(flat.get_pixel(301, 5).0[0] < 20);
        assert!(flat.get_pixel(315, 30).0[0] > 230);
    }

    #[test]
    fn grain_is_wiped_off_the_paper() {
        // Pseudo-random, the same every time: about normal, with a spread of 10 levels.
        let mut state = 1_u32;
        let mut random = || {
            (0..4).fold(0.0, |sum, _| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                sum + (state >> 8) as f32 / (1 << 24) as f32 - 0.5
            }) * 17.3
        };
        let clean = text(|_, _| 225.0, 0.2);
        let grainy = GrayImage::from_fn(1200, 900, |x, y| {
            Luma([(f32::from(clean.get_pixel(x, y).0[0]) + random()).clamp(0.0, 255.0) as u8])
        });
        assert!((8.0..14.0).contains(&grain(&grainy)), "{}", grain(&grainy));
        let flat = flatten(&grainy, 200.0).unwrap();
        let white = (0..100).filter(|&x| flat.get_pixel(x, 30).0[0] == 255).count();
        assert!(white > 85, "{white}");
        assert!(flat.get_pixel(301, 5).0[0] < 90);
    }

    #[test]
    fn even_pages_of_dark_print_are_left() {
        for image in [
            text(|_, _| 240.0, 0.2),
            GrayImage::from_pixel(600, 400, Luma([255])),
            GrayImage::from_pixel(600, 400, Luma([0])),
            GrayImage::new(0, 0),
        ] {
            assert!(flatten(&image, 200.0).is_none(), "{:?}", image.dimensions());
        }
    }

    #[test]
    fn bright_print_on_a_dark_page_is_left() {
        let mut image = text(|_, _| 240.0, 0.1);
        image::imageops::invert(&mut image);
        assert!(flatten(&image, 200.0).is_none());
    }

    #[test]
    fn pictures_do_not_turn_white() {
        let image = GrayImage::from_fn(1200, 900, |x, y| {
            let picture = (300..900).contains(&x) && (200..700).contains(&y);
            Luma([if picture { 60 } else { 245 - (x / 12) as u8 }])
        });
        let flat = flatten(&image, 200.0).unwrap();
        assert!(flat.get_pixel(600, 450).0[0] < 120);
    }
}
