//! Lengths with units: PDF points and pixels are different types.
//!
//! There is one coordinate space for pages: PDF points (1/72 inch), origin at the top left, y
//! growing downwards, page rotation applied. Rasters have pixels with the same origin and
//! direction; [`Resolution`] converts.

mod perspective;

use serde::{Deserialize, Serialize};

pub use perspective::Perspective;

/// The unit of page space: a PDF point, 1/72 inch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pt {}

/// The unit of rasters: a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Px {}

/// A rectangle by its top-left (`min`) and bottom-right (`max`) corner.
pub type Rect<U> = euclid::Box2D<f32, U>;
/// A width and a height.
pub type Size<U> = euclid::Size2D<f32, U>;
/// A point.
pub type Point<U> = euclid::Point2D<f32, U>;

/// A rectangle from its four sides.
pub fn rect<U>(left: f32, top: f32, right: f32, bottom: f32) -> Rect<U> {
    Rect::new(Point::new(left, top), Point::new(right, bottom))
}

/// How many pixels there are to an inch.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Resolution(pub f32);

impl Resolution {
    /// Pixels per point.
    pub fn scale(self) -> f32 {
        self.0 / 72.0
    }

    /// A pixel rectangle in points.
    pub fn to_points(self, r: Rect<Px>) -> Rect<Pt> {
        let k = 1.0 / self.scale();
        rect(r.min.x * k, r.min.y * k, r.max.x * k, r.max.y * k)
    }

    /// A rectangle in points, in pixels.
    pub fn to_pixels(self, r: Rect<Pt>) -> Rect<Px> {
        let k = self.scale();
        rect(r.min.x * k, r.min.y * k, r.max.x * k, r.max.y * k)
    }
}

/// What the layout code asks of rectangles, whatever their unit.
pub trait RectExt: Sized {
    /// The length shared by both on the x axis (0 when apart).
    fn overlap_x(&self, other: &Self) -> f32;
    /// The length shared by both on the y axis (0 when apart).
    fn overlap_y(&self, other: &Self) -> f32;
    /// The share of this rectangle's area that lies in `other`, 0 to 1.
    fn share_in(&self, other: &Self) -> f32;
    /// The smallest rectangle around both.
    fn around(&self, other: &Self) -> Self;
    /// The middle of the x range.
    fn mid_x(&self) -> f32;
    /// The middle of the y range.
    fn mid_y(&self) -> f32;
}

impl<U> RectExt for Rect<U> {
    fn overlap_x(&self, other: &Self) -> f32 {
        (self.max.x.min(other.max.x) - self.min.x.max(other.min.x)).max(0.0)
    }

    fn overlap_y(&self, other: &Self) -> f32 {
        (self.max.y.min(other.max.y) - self.min.y.max(other.min.y)).max(0.0)
    }

    fn share_in(&self, other: &Self) -> f32 {
        let own = self.width() * self.height();
        if own <= 0.0 {
            return 0.0;
        }
        self.overlap_x(other) * self.overlap_y(other) / own
    }

    fn around(&self, other: &Self) -> Self {
        rect(
            self.min.x.min(other.min.x),
            self.min.y.min(other.min.y),
            self.max.x.max(other.max.x),
            self.max.y.max(other.max.y),
        )
    }

    fn mid_x(&self) -> f32 {
        0.5 * (self.min.x + self.max.x)
    }

    fn mid_y(&self) -> f32 {
        0.5 * (self.min.y + self.max.y)
    }
}

/// The smallest rectangle around all of `rects`; `None` when there are none.
pub fn bounds<U>(rects: impl IntoIterator<Item = Rect<U>>) -> Option<Rect<U>> {
    rects.into_iter().reduce(|a, b| a.around(&b))
}

/// Writes a rectangle as `[left, top, right, bottom]`: to 1/100 of its unit in formats for people
/// (JSON), exactly in others.
pub mod sides {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Rect, rect};

    /// For `#[serde(with)]`.
    pub fn serialize<U, S: Serializer>(r: &Rect<U>, s: S) -> Result<S::Ok, S::Error> {
        if !s.is_human_readable() {
            return [r.min.x, r.min.y, r.max.x, r.max.y].serialize(s);
        }
        let round = |v: f32| (f64::from(v) * 100.0).round() / 100.0;
        [round(r.min.x), round(r.min.y), round(r.max.x), round(r.max.y)].serialize(s)
    }

    /// For `#[serde(with)]`.
    pub fn deserialize<'de, U, D: Deserializer<'de>>(d: D) -> Result<Rect<U>, D::Error> {
        let [l, t, r, b] = <[f32; 4]>::deserialize(d)?;
        Ok(rect(l, t, r, b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolution_goes_both_ways() {
        let there = Resolution(300.0).to_pixels(rect(72.0, 36.0, 144.0, 72.0));
        assert_eq!(there, rect(300.0, 150.0, 600.0, 300.0));
        assert_eq!(Resolution(300.0).to_points(there), rect(72.0, 36.0, 144.0, 72.0));
    }

    #[test]
    fn overlaps_are_never_negative() {
        let a: Rect<Pt> = rect(0.0, 0.0, 10.0, 10.0);
        let b = rect(20.0, 5.0, 30.0, 15.0);
        assert_eq!(a.overlap_x(&b), 0.0);
        assert_eq!(a.overlap_y(&b), 5.0);
        assert_eq!(a.share_in(&rect(5.0, 0.0, 20.0, 20.0)), 0.5);
    }
}
