//! From PDFium's user space to page space.

use super::matrix::UserBox;
use crate::geometry::{Pt, Rect, Size, rect};

/// Maps user space (origin bottom left, y up, unrotated) to page space (origin top left, y down,
/// page rotation applied).
#[derive(Clone, Copy, Debug)]
pub(super) struct Space {
    visible: UserBox,
    /// Quarter turns clockwise.
    turns: u8,
}

impl Space {
    pub(super) fn new(visible: UserBox, turns: u8) -> Self {
        Self { visible, turns }
    }

    /// Page size in points, after rotation.
    pub(super) fn size(&self) -> Size<Pt> {
        let (w, h) =
            (self.visible.right - self.visible.left, self.visible.top - self.visible.bottom);
        if self.turns % 2 == 1 { Size::new(h, w) } else { Size::new(w, h) }
    }

    pub(super) fn point(&self, x: f32, y: f32) -> (f32, f32) {
        let v = &self.visible;
        match self.turns {
            1 => (y - v.bottom, x - v.left),
            2 => (v.right - x, y - v.bottom),
            3 => (v.top - y, v.right - x),
            _ => (x - v.left, v.top - y),
        }
    }

    pub(super) fn rect(&self, b: &UserBox) -> Rect<Pt> {
        let (x0, y0) = self.point(b.left, b.bottom);
        let (x1, y1) = self.point(b.right, b.top);
        rect(x0.min(x1), y0.min(y1), x0.max(x1), y0.max(y1))
    }

    /// The direction `(dx, dy)` of user space as degrees clockwise in page space, -180 to 180.
    pub(super) fn angle(&self, dx: f32, dy: f32) -> f32 {
        let (dx, dy) = match self.turns {
            1 => (dy, dx),
            2 => (-dx, dy),
            3 => (-dy, -dx),
            _ => (dx, -dy),
        };
        dy.atan2(dx).to_degrees()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: UserBox = UserBox { left: 10.0, bottom: 20.0, right: 110.0, top: 220.0 };

    #[test]
    fn every_rotation_puts_the_visible_box_at_the_origin() {
        for turns in 0..4 {
            let space = Space::new(PAGE, turns);
            let size = space.size();
            assert_eq!(space.rect(&PAGE), rect(0.0, 0.0, size.width, size.height), "{turns}");
        }
    }

    #[test]
    fn a_quarter_turn_moves_the_top_left_to_the_top_right() {
        let (x, y) = Space::new(PAGE, 1).point(10.0, 220.0);
        assert_eq!((x, y), (200.0, 0.0));
    }

    #[test]
    fn text_that_a_rotated_page_sets_upright_has_angle_zero() {
        assert_eq!(Space::new(PAGE, 0).angle(1.0, 0.0), 0.0);
        // A page to be turned clockwise holds text that runs upwards in user space.
        assert_eq!(Space::new(PAGE, 1).angle(0.0, 1.0), 0.0);
        assert_eq!(Space::new(PAGE, 3).angle(0.0, -1.0), 0.0);
    }
}
