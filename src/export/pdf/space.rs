//! From page space back to the user space of a PDF page.

use lopdf::{Dictionary, Document, Object, ObjectId};

use super::layer::Frame;
use crate::geometry::{Pt, Size};

/// How deep a page tree may be before it is taken for a circle.
const DEEPEST: usize = 64;
/// The page size that readers take where a file gives none: US Letter.
const FALLBACK: [f32; 4] = [0.0, 0.0, 612.0, 792.0];

/// Maps page space (points, origin at the top left, y down, content upright) to user space (origin
/// at the bottom left, y up, not rotated).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PageSpace {
    /// `[a b c d e f]`: x' = a·x + c·y + e, y' = b·x + d·y + f.
    matrix: [f32; 6],
}

impl PageSpace {
    /// For a page whose visible box (left, bottom, right, top) is turned clockwise for display by
    /// `rotate` degrees, on which content of `size`, once upright, stands turned clockwise by
    /// `content` degrees more.
    pub(super) fn new(visible: [f32; 4], rotate: i64, content: u16, size: Size<Pt>) -> Self {
        let [left, bottom, right, top] = visible;
        let (width, height) = (right - left, top - bottom);
        // Upright content lies on the box turned by the difference of the two.
        let turns = (rotate / 90 - i64::from(content / 90)).rem_euclid(4);
        let (shown_width, shown_height) =
            if turns % 2 == 1 { (height, width) } else { (width, height) };
        // 1 unless whoever measured the page took another box.
        let fit = |shown: f32, said: f32| if said > 0.0 { shown / said } else { 1.0 };
        let (sx, sy) = (fit(shown_width, size.width), fit(shown_height, size.height));
        let matrix = match turns {
            1 => [0.0, sx, sy, 0.0, left, bottom],
            2 => [-sx, 0.0, 0.0, sy, right, bottom],
            3 => [0.0, -sx, -sy, 0.0, right, top],
            _ => [sx, 0.0, 0.0, -sy, left, top],
        };
        Self { matrix }
    }

    /// For a page of a PDF.
    pub(super) fn of(pdf: &Document, page: ObjectId, content: u16, size: Size<Pt>) -> Self {
        let media = page_box(pdf, page, b"MediaBox").unwrap_or(FALLBACK);
        let visible = page_box(pdf, page, b"CropBox")
            .map(|crop| {
                let [a, b, c, d] = crop;
                [a.max(media[0]), b.max(media[1]), c.min(media[2]), d.min(media[3])]
            })
            .filter(|[left, bottom, right, top]| right > left && top > bottom)
            .unwrap_or(media);
        let rotate = inherited(pdf, page, b"Rotate").and_then(|o| o.as_i64().ok()).unwrap_or(0);
        Self::new(visible, rotate, content, size)
    }

    /// The text matrix for text that runs along a frame's axis from a point of it.
    pub(super) fn text_matrix(&self, frame: &Frame, along: f32, down: f32) -> [f32; 6] {
        let [a, b, c, d, e, f] = self.matrix;
        let direction = |x: f32, y: f32| (a * x + c * y, b * x + d * y);
        let (right_x, right_y) = direction(frame.cosine, frame.sine);
        // Up: against the axis that runs down.
        let (up_x, up_y) = direction(frame.sine, -frame.cosine);
        let (x, y) = frame.point(along, down);
        let (x, y) = direction(x, y);
        [right_x, right_y, up_x, up_y, x + e, y + f]
    }
}

/// A page's attribute, or what the page tree hands down.
pub(super) fn inherited<'a>(pdf: &'a Document, page: ObjectId, key: &[u8]) -> Option<&'a Object> {
    let mut node: &Dictionary = pdf.get_dictionary(page).ok()?;
    for _ in 0..DEEPEST {
        if let Ok(object) = node.get(key)
            && let Ok((_, object)) = pdf.dereference(object)
            && !object.is_null()
        {
            return Some(object);
        }
        node = node.get(b"Parent").and_then(|p| pdf.dereference(p)).ok()?.1.as_dict().ok()?;
    }
    None
}

/// A box with its sides in order; `None` for one that is missing or empty.
fn page_box(pdf: &Document, page: ObjectId, key: &[u8]) -> Option<[f32; 4]> {
    let sides = inherited(pdf, page, key)?.as_array().ok()?;
    let side = |i: usize| pdf.dereference(sides.get(i)?).ok()?.1.as_float().ok();
    let (x0, y0, x1, y1) = (side(0)?, side(1)?, side(2)?, side(3)?);
    let sorted = [x0.min(x1), y0.min(y1), x0.max(x1), y0.max(y1)];
    (sorted[2] > sorted[0] && sorted[3] > sorted[1]).then_some(sorted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 100 by 200 points, away from the origin.
    const VISIBLE: [f32; 4] = [10.0, 20.0, 110.0, 220.0];

    fn origin(rotate: i64, content: u16, size: Size<Pt>, x: f32, y: f32) -> (f32, f32) {
        let [.., e, f] =
            PageSpace::new(VISIBLE, rotate, content, size).text_matrix(&Frame::new(0.0), x, y);
        (e, f)
    }

    #[test]
    fn the_top_left_of_what_is_shown_is_found_in_every_rotation() {
        let (tall, wide) = (Size::new(100.0, 200.0), Size::new(200.0, 100.0));
        assert_eq!(origin(0, 0, tall, 0.0, 0.0), (10.0, 220.0));
        assert_eq!(origin(90, 0, wide, 0.0, 0.0), (10.0, 20.0));
        assert_eq!(origin(180, 0, tall, 0.0, 0.0), (110.0, 20.0));
        assert_eq!(origin(270, 0, wide, 0.0, 0.0), (110.0, 220.0));
        assert_eq!(origin(-90, 0, wide, 0.0, 0.0), (110.0, 220.0));
        // And a point away from it: 10 to the right, 5 down.
        assert_eq!(origin(0, 0, tall, 10.0, 5.0), (20.0, 215.0));
        assert_eq!(origin(90, 0, wide, 10.0, 5.0), (15.0, 30.0));
    }

    #[test]
    fn content_that_lies_on_its_side_is_followed() {
        // Shown upright, the content was turned clockwise by 90°: its own top left is at the top
        // right of the page, and its lines run down.
        let size = Size::new(200.0, 100.0);
        let matrix = PageSpace::new(VISIBLE, 0, 90, size).text_matrix(&Frame::new(0.0), 0.0, 0.0);
        assert_eq!(matrix, [0.0, -1.0, 1.0, 0.0, 110.0, 220.0]);
    }

    #[test]
    fn text_of_a_leaning_line_leans() {
        let size = Size::new(100.0, 200.0);
        let space = PageSpace::new(VISIBLE, 0, 0, size);
        let [a, b, c, d, ..] = space.text_matrix(&Frame::new(30.0), 0.0, 0.0);
        // Clockwise on the page is downwards, and y grows upwards here.
        assert!((a - 0.866).abs() < 1e-3 && (b + 0.5).abs() < 1e-3, "{a} {b}");
        assert!((c - 0.5).abs() < 1e-3 && (d - 0.866).abs() < 1e-3, "{c} {d}");
    }

    #[test]
    fn another_size_is_fitted() {
        assert_eq!(origin(0, 0, Size::new(50.0, 100.0), 50.0, 100.0), (110.0, 20.0));
    }
}
