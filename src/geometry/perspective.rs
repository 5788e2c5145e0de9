//! Plane perspective: what a camera that does not look straight down makes of a page.

use serde::{Deserialize, Serialize};

use super::{Point, Rect, rect};

/// A map of the plane that keeps straight lines straight, as the rows of its matrix.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Perspective([[f32; 3]; 3]);

impl Perspective {
    /// Maps a rectangle's corners (top left, top right, bottom right, bottom left) to four points
    /// (Heckbert 1989). `None` where three of them lie on a line.
    pub fn of_rect<U>(from: Rect<U>, to: [Point<U>; 4]) -> Option<Self> {
        let [a, b, c, d] = to.map(|p| (p.x, p.y));
        let (dx1, dy1) = (b.0 - c.0, b.1 - c.1);
        let (dx2, dy2) = (d.0 - c.0, d.1 - c.1);
        let (sx, sy) = (a.0 - b.0 + c.0 - d.0, a.1 - b.1 + c.1 - d.1);
        let determinant = dx1 * dy2 - dx2 * dy1;
        let size = from.size();
        if determinant.abs() < f32::EPSILON || size.width <= 0.0 || size.height <= 0.0 {
            return None;
        }
        let g = (sx * dy2 - dx2 * sy) / determinant;
        let h = (dx1 * sy - sx * dy1) / determinant;
        // From the unit square; the rectangle is moved and scaled to it first.
        let unit = Self([
            [b.0 - a.0 + g * b.0, d.0 - a.0 + h * d.0, a.0],
            [b.1 - a.1 + g * b.1, d.1 - a.1 + h * d.1, a.1],
            [g, h, 1.0],
        ]);
        let (x, y) = (1.0 / size.width, 1.0 / size.height);
        let to_unit = Self([[x, 0.0, -from.min.x * x], [0.0, y, -from.min.y * y], [0.0, 0.0, 1.0]]);
        Some(unit.after(&to_unit))
    }

    /// The map that applies `first`, then this one.
    #[must_use]
    fn after(&self, first: &Self) -> Self {
        let (a, b) = (&self.0, &first.0);
        let cell = |row: usize, column: usize| (0..3).map(|k| a[row][k] * b[k][column]).sum();
        Self([0, 1, 2].map(|row| [0, 1, 2].map(|column| cell(row, column))))
    }

    /// The same map where lengths are so many times as large.
    #[must_use]
    pub fn scaled(&self, factor: f32) -> Self {
        let zoom = |k: f32| Self([[k, 0.0, 0.0], [0.0, k, 0.0], [0.0, 0.0, 1.0]]);
        zoom(factor).after(self).after(&zoom(1.0 / factor))
    }

    /// The same map on a page of this size, before turns, once the page is turned back by
    /// so many quarters, clockwise ones that were applied to it.
    #[must_use]
    pub(crate) fn unturned(&self, turns: u8, width: f32, height: f32) -> Self {
        // From the upright page to the page as given, and back.
        let (there, back) = match turns % 4 {
            1 => (
                Self([[0.0, -1.0, width], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
                Self([[0.0, 1.0, 0.0], [-1.0, 0.0, width], [0.0, 0.0, 1.0]]),
            ),
            2 => {
                let half = Self([[-1.0, 0.0, width], [0.0, -1.0, height], [0.0, 0.0, 1.0]]);
                (half, half)
            }
            3 => (
                Self([[0.0, 1.0, 0.0], [-1.0, 0.0, height], [0.0, 0.0, 1.0]]),
                Self([[0.0, -1.0, height], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
            ),
            _ => return *self,
        };
        back.after(self).after(&there)
    }

    /// Where a point goes.
    pub fn map<U>(&self, p: Point<U>) -> Point<U> {
        let (x, y) = self.map_xy(p.x, p.y);
        Point::new(x, y)
    }

    pub(crate) fn map_xy(&self, x: f32, y: f32) -> (f32, f32) {
        let row = |r: &[f32; 3]| r[0] * x + r[1] * y + r[2];
        let w = row(&self.0[2]);
        (row(&self.0[0]) / w, row(&self.0[1]) / w)
    }

    /// Where a box goes: its middle is mapped, and its sides become as long as they are there.
    pub fn map_rect<U>(&self, r: Rect<U>) -> Rect<U> {
        let (middle, centre) = (r.center(), self.map(r.center()));
        let length = |a: Point<U>, b: Point<U>| (self.map(a) - self.map(b)).length();
        let w = length(Point::new(r.min.x, middle.y), Point::new(r.max.x, middle.y));
        let h = length(Point::new(middle.x, r.min.y), Point::new(middle.x, r.max.y));
        rect(centre.x - 0.5 * w, centre.y - 0.5 * h, centre.x + 0.5 * w, centre.y + 0.5 * h)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Px;

    fn close(a: Point<Px>, b: Point<Px>) -> bool {
        (a - b).length() < 0.01
    }

    fn sample() -> (Rect<Px>, [Point<Px>; 4], Perspective) {
        let from = rect(10.0, 20.0, 110.0, 220.0);
        let to = [(14.0, 25.0), (100.0, 18.0), (115.0, 230.0), (4.0, 215.0)]
            .map(|(x, y)| Point::new(x, y));
        (from, to, Perspective::of_rect(from, to).unwrap())
    }

    #[test]
    fn corners_go_where_they_should() {
        let (r, to, map) = sample();
        let corners = [r.min, Point::new(r.max.x, r.min.y), r.max, Point::new(r.min.x, r.max.y)];
        for (corner, want) in corners.into_iter().zip(to) {
            assert!(close(map.map(corner), want));
            assert!(close(map.scaled(2.5).map(corner * 2.5), want * 2.5));
        }
    }

    #[test]
    fn turns_change_the_frame_and_nothing_else() {
        let (_, _, map) = sample();
        let (width, height) = (130.0, 240.0);
        let p: Point<Px> = Point::new(40.0, 170.0);
        let upright = |p: Point<Px>, turns: u8| match turns {
            // A page that was turned clockwise is turned back.
            1 => Point::new(p.y, width - p.x),
            2 => Point::new(width - p.x, height - p.y),
            3 => Point::new(height - p.y, p.x),
            _ => p,
        };
        for turns in 0..4 {
            let found = map.unturned(turns, width, height).map(upright(p, turns));
            assert!(close(found, upright(map.map(p), turns)), "{turns}");
        }
    }

    #[test]
    fn flat_corners_have_no_map() {
        let line = [0.0, 1.0, 2.0, 3.0].map(|x| Point::<Px>::new(x, x));
        assert!(Perspective::of_rect(rect(0.0, 0.0, 1.0, 1.0), line).is_none());
    }
}
