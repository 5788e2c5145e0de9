//! Pictures in a raster.

use image::GrayImage;

use super::components::{Component, components};
use crate::geometry::{Px, Rect, RectExt};

/// A picture is at least this high and wide, in inches and in text heights: larger than display
/// type.
const SMALLEST: f32 = 0.6;
const SMALLEST_IN_TEXT: f32 = 6.0;
/// A component that large which is filled by at least this share is a photograph or a filled
/// drawing; anything emptier may be a table with lines that were missed.
const FILLED: f32 = 0.25;
/// Components this near to each other, in inches, are one picture: dots of a halftone, parts of a
/// drawing.
const NEAR: f32 = 0.03;
/// Where more than this share of the ink belongs to shapes of the size of letters, it is text.
const LETTERS: f32 = 0.5;
/// Sizes of letters, in text heights.
const LETTER: std::ops::RangeInclusive<f32> = 0.5..=2.5;
/// What frames nearly the whole page is the page: the edge of the scanner's lid, a border.
const WHOLE_PAGE: f32 = 0.9;
/// A frame or grid is made of straight lines, so its own ink covers less of its box than this.
const FRAME: f32 = 0.08;

/// The pictures of an upright mask, as boxes in pixels of the mask. `parts` are its components and
/// `rules` its ruling lines, which frame tables more often than pictures.
pub(crate) fn find_figures(
    mask: &GrayImage,
    parts: &[Component],
    ppi: f32,
    text_height: Option<f32>,
    rules: &[Rect<Px>],
) -> Vec<Rect<Px>> {
    let text = text_height.unwrap_or(0.0);
    let smallest = (SMALLEST * ppi).max(SMALLEST_IN_TEXT * text) as u32;
    let reach = ((NEAR * ppi).round() as u32).max(1);
    let reduced = reduced(mask, rules, reach);
    let page = (mask.width() * mask.height()) as f32;
    let mut figures: Vec<Rect<Px>> = components(&reduced)
        .iter()
        .map(|c| Component {
            left: c.left * reach,
            top: c.top * reach,
            right: (c.right * reach).min(mask.width()),
            bottom: (c.bottom * reach).min(mask.height()),
            area: c.area * reach * reach,
        })
        .filter(|c| c.width() >= smallest && c.height() >= smallest)
        .filter(|c| c.fill() >= FILLED)
        .filter(|c| ink_share(mask, c) >= FRAME)
        .map(|c| c.rect())
        .filter(|r| letter_share(parts, r, text) < LETTERS)
        .filter(|r| r.area() < WHOLE_PAGE * page)
        .collect();
    join_overlapping(&mut figures);
    figures
}

/// The mask without its rules, reduced by a whole factor: ink where any pixel is.
fn reduced(mask: &GrayImage, rules: &[Rect<Px>], factor: u32) -> GrayImage {
    let mut clear = mask.clone();
    for rule in rules {
        let (left, top) = (rule.min.x.max(0.0) as u32, rule.min.y.max(0.0) as u32);
        for y in top..(rule.max.y as u32).min(mask.height()) {
            for x in left..(rule.max.x as u32).min(mask.width()) {
                clear.put_pixel(x, y, image::Luma([0]));
            }
        }
    }
    let mut out =
        GrayImage::new(mask.width().div_ceil(factor).max(1), mask.height().div_ceil(factor).max(1));
    for (y, row) in clear.as_raw().chunks_exact(mask.width().max(1) as usize).enumerate() {
        for (x, _) in row.iter().enumerate().filter(|(_, p)| **p > 0) {
            out.put_pixel(x as u32 / factor, y as u32 / factor, image::Luma([255]));
        }
    }
    out
}

/// Share of a component's box that is ink in the mask itself.
fn ink_share(mask: &GrayImage, c: &Component) -> f32 {
    let width = mask.width() as usize;
    let ink: usize = (c.top..c.bottom)
        .map(|y| {
            let row = &mask.as_raw()[y as usize * width..][..width];
            row[c.left as usize..c.right as usize].iter().filter(|&&p| p > 0).count()
        })
        .sum();
    ink as f32 / (c.width() * c.height()).max(1) as f32
}

/// Share of the ink in a region that belongs to shapes of the size of letters.
fn letter_share(parts: &[Component], region: &Rect<Px>, text_height: f32) -> f32 {
    if text_height <= 0.0 {
        return 0.0;
    }
    let (mut letters, mut all) = (0, 0);
    for part in parts.iter().filter(|p| region.contains_box(&p.rect())) {
        all += part.area;
        let is_letter = LETTER.contains(&(part.height() as f32 / text_height))
            && (part.width() as f32) < 4.0 * LETTER.end() * text_height;
        letters += if is_letter { part.area } else { 0 };
    }
    letters as f32 / all.max(1) as f32
}

fn join_overlapping(figures: &mut Vec<Rect<Px>>) {
    let mut at = 0;
    while at < figures.len() {
        let one = figures[at];
        let other = (at + 1..figures.len()).find(|&i| figures[i].intersects(&one));
        match other {
            Some(i) => {
                figures[at] = one.around(&figures[i]);
                figures.swap_remove(i);
                // It has grown: begin again.
                at = 0;
            }
            None => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use imageproc::drawing::{draw_filled_circle_mut, draw_filled_rect_mut, draw_hollow_rect_mut};
    use imageproc::rect::Rect as Area;

    use super::*;
    use crate::geometry::rect;

    const INK: image::Luma<u8> = image::Luma([255]);

    fn text(mask: &mut GrayImage) {
        for line in 0..10 {
            for letter in 0..50 {
                let at = Area::at(100 + letter * 15, 60 + line * 28).of_size(11, 14);
                draw_hollow_rect_mut(mask, at, INK);
            }
        }
    }

    #[test]
    fn a_photo_is_found_and_text_is_not() {
        let mut mask = GrayImage::new(1000, 1200);
        text(&mut mask);
        draw_filled_circle_mut(&mut mask, (400, 700), 150, INK);
        let found = find_figures(&mask, &components(&mask), 150.0, Some(14.0), &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains_box(&rect(260.0, 560.0, 540.0, 840.0)));
    }

    #[test]
    fn a_halftone_is_one_picture() {
        let mut mask = GrayImage::new(1000, 1200);
        for y in 0..60 {
            for x in 0..80 {
                draw_filled_rect_mut(
                    &mut mask,
                    Area::at(200 + x * 4, 500 + y * 4).of_size(2, 2),
                    INK,
                );
            }
        }
        let found = find_figures(&mask, &components(&mask), 150.0, None, &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!((found[0].width() - 320.0).abs() < 8.0);
    }

    #[test]
    fn text_set_solid_is_no_picture() {
        let mut mask = GrayImage::new(1000, 1200);
        for line in 0..20 {
            for letter in 0..50 {
                let at = Area::at(100 + letter * 14, 60 + line * 17).of_size(11, 14);
                draw_hollow_rect_mut(&mut mask, at, INK);
            }
        }
        assert_eq!(find_figures(&mask, &components(&mask), 150.0, Some(14.0), &[]), []);
    }

    #[test]
    fn a_table_and_a_page_border_are_no_pictures() {
        let mut mask = GrayImage::new(1000, 1200);
        draw_hollow_rect_mut(&mut mask, Area::at(5, 5).of_size(990, 1190), INK);
        for row in 0..8 {
            for column in 0..5 {
                let cell = Area::at(100 + column * 150, 300 + row * 40).of_size(151, 41);
                draw_hollow_rect_mut(&mut mask, cell, INK);
            }
        }
        assert_eq!(find_figures(&mask, &components(&mask), 150.0, Some(14.0), &[]), []);
    }
}
