//! Which lines are set in bold, by the width of their strokes.

use std::collections::BTreeMap;

use image::GrayImage;

use crate::geometry::{Px, Rect};

/// Strokes of bold type are at least this much wider than those of the page's usual type, at one
/// size. Regular and bold of one family differ by 1.4 to 1.8; print and scan blur some of it away.
const BOLD: f32 = 1.28;
/// Fewer lines than this do not tell what is usual.
const LEAST_LINES: usize = 4;
/// Fewer runs of ink than this do not tell a line's strokes.
const LEAST_RUNS: u32 = 60;

/// One word for the measure: its box, its line, the size of its line in pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inked {
    pub(crate) rect: Rect<Px>,
    pub(crate) line: u32,
    pub(crate) size: f32,
}

/// Lines whose strokes are clearly wider than the page's usual ones; `None` when the page does
/// not tell.
pub(crate) fn bold_lines(image: &GrayImage, words: &[Inked]) -> Option<Vec<u32>> {
    let mut lines: BTreeMap<u32, (u32, u32, f32, u32)> = BTreeMap::new();
    for word in words.iter().filter(|w| w.size > 0.0) {
        let (ink, runs) = strokes(image, &word.rect);
        let line = lines.entry(word.line).or_default();
        line.0 += ink;
        line.1 += runs;
        line.2 += word.size;
        line.3 += 1;
    }
    // Mean length of a horizontal run of ink, in parts of the line's size.
    let weights: Vec<(u32, f32, u32)> = lines
        .into_iter()
        .filter(|(_, l)| l.1 >= LEAST_RUNS)
        .map(|(n, l)| (n, l.0 as f32 / l.1 as f32 / (l.2 / l.3 as f32), l.1))
        .collect();
    if weights.len() < LEAST_LINES {
        return None;
    }
    let mut sorted: Vec<(f32, u32)> = weights.iter().map(|w| (w.1, w.2)).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = sorted.iter().map(|s| s.1).sum::<u32>() / 2;
    let mut seen = 0;
    let usual = sorted.iter().find(|s| {
        seen += s.1;
        seen > half
    })?;
    Some(weights.iter().filter(|w| w.1 >= BOLD * usual.0).map(|w| w.0).collect())
}

/// Dark pixels of a box, and how many horizontal runs they form. Dark is darker than the middle
/// between the box's darkest and lightest pixel.
fn strokes(image: &GrayImage, r: &Rect<Px>) -> (u32, u32) {
    let (width, height) = image.dimensions();
    let (left, top) = (r.min.x.max(0.0) as u32, r.min.y.max(0.0) as u32);
    let (right, bottom) = ((r.max.x as u32).min(width), (r.max.y as u32).min(height));
    if left >= right || top >= bottom {
        return (0, 0);
    }
    let row = |y: u32| {
        let start = (y * width + left) as usize;
        &image.as_raw()[start..start + (right - left) as usize]
    };
    let (dark, light) =
        (top..bottom).flat_map(row).fold((u8::MAX, 0), |(lo, hi), &p| (lo.min(p), hi.max(p)));
    let middle = dark.midpoint(light);
    let (mut ink, mut runs) = (0, 0);
    for y in top..bottom {
        let mut inside = false;
        for &p in row(y) {
            let black = p < middle;
            ink += u32::from(black);
            runs += u32::from(black && !inside);
            inside = black;
        }
    }
    (ink, runs)
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;
    use crate::geometry::rect;

    #[test]
    fn wider_strokes_are_bold() {
        let mut image = GrayImage::from_pixel(1000, 400, Luma([255]));
        let mut words = Vec::new();
        for line in 0..8 {
            let stroke = if line == 3 { 6 } else { 3 };
            let top = 20 + 45 * line;
            for x in (20..900).step_by(20) {
                imageproc::drawing::draw_filled_rect_mut(
                    &mut image,
                    imageproc::rect::Rect::at(x, top).of_size(stroke, 20),
                    Luma([0]),
                );
            }
            let r = rect(10.0, top as f32, 950.0, top as f32 + 20.0);
            words.push(Inked { rect: r, line: line as u32, size: 30.0 });
        }
        assert_eq!(bold_lines(&image, &words), Some(vec![3]));
        assert_eq!(bold_lines(&image, &words[..2]), None);
    }
}
