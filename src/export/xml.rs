//! What the XML formats share: escaped text, boxes in pixels, direction of text.

use crate::document::Page;
use crate::geometry::{Pt, Rect, Resolution};

/// Resolution of pages that were not rastered, which hOCR and ALTO want all the same.
const RESOLUTION: Resolution = Resolution(300.0);

/// The text with what XML gives a meaning escaped, for content and attributes; characters that XML
/// cannot hold are left out.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            c if c < ' ' || matches!(c, '\u{FFFE}' | '\u{FFFF}') => {}
            c => out.push(c),
        }
    }
    out
}

/// The page in whole pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pixels {
    pub(super) resolution: Resolution,
    pub(super) width: i32,
    pub(super) height: i32,
}

/// A box in whole pixels: at least one wide and high, and on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PixelBox {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) right: i32,
    pub(super) bottom: i32,
}

impl Pixels {
    /// At the resolution at which the page was read, or 300 dpi.
    pub(super) fn of(page: &Page) -> Self {
        let resolution = page.resolution.filter(|r| r.0 > 0.0).unwrap_or(RESOLUTION);
        let side = |points: f32| ((points * resolution.scale()).round() as i32).max(1);
        Self { resolution, width: side(page.size.width), height: side(page.size.height) }
    }

    pub(super) fn of_rect(&self, r: Rect<Pt>) -> PixelBox {
        let r = self.resolution.to_pixels(r);
        let side = |from: f32, to: f32, most: i32| {
            let from = (from.round() as i32).clamp(0, most - 1);
            (from, (to.round() as i32).clamp(from + 1, most))
        };
        let (left, right) = side(r.min.x, r.max.x, self.width);
        let (top, bottom) = side(r.min.y, r.max.y, self.height);
        PixelBox { left, top, right, bottom }
    }

    /// A length in points, in pixels.
    pub(super) fn length(&self, points: f32) -> f32 {
        points * self.resolution.scale()
    }
}

/// Whether a text runs from right to left on the whole.
pub(super) fn is_rtl(text: &str) -> bool {
    unicode_bidi::get_base_direction(text) == unicode_bidi::Direction::Rtl
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::testing::{page, word};
    use crate::geometry::rect;

    #[test]
    fn nothing_breaks_out_of_an_attribute() {
        assert_eq!(escape("a<b>&\"\u{1}\nc'"), "a&lt;b&gt;&amp;&quot; c'");
    }

    #[test]
    fn boxes_have_pixels_and_stay_on_the_page() {
        let mut page = page(vec![word("a", 0.0, 0.0)], |_| Vec::new());
        let pixels = Pixels::of(&page);
        assert_eq!((pixels.width, pixels.height), (400, 200));
        let wanted = PixelBox { left: 20, top: 60, right: 40, bottom: 80 };
        assert_eq!(pixels.of_rect(rect(10.0, 30.0, 20.0, 40.0)), wanted);
        let empty = pixels.of_rect(rect(250.0, -5.0, 250.0, -5.0));
        assert_eq!(empty, PixelBox { left: 399, top: 0, right: 400, bottom: 1 });
        page.resolution = None;
        assert_eq!(Pixels::of(&page).resolution, Resolution(300.0));
    }

    #[test]
    fn direction_is_that_of_the_first_letter() {
        assert!(is_rtl("12 שלום abc"));
        assert!(!is_rtl("abc שלום"));
        assert!(!is_rtl("12"));
    }
}
