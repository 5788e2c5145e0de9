//! How often boxes cover each part of a page, answered at once whatever their number.

use crate::geometry::{Pt, Rect};

/// Sums of a page's pixels, each of which counts how many boxes cover it (summed-area table, Crow 1984).
pub(super) struct Cover {
    /// At `(x, y)` of `width + 1` columns: the sum of all pixels left of and above it.
    sums: Vec<u64>,
    width: usize,
    height: usize,
    /// Pixels a point.
    scale: f32,
}

impl Cover {
    /// Of boxes on a page that is drawn in so many pixels, with `scale` pixels a point.
    pub(super) fn of<'a>(
        boxes: impl Iterator<Item = &'a Rect<Pt>>,
        (width, height): (u32, u32),
        scale: f32,
    ) -> Self {
        let (width, height) = (width as usize, height as usize);
        let mut cover = Self { sums: vec![0; (width + 1) * (height + 1)], width, height, scale };
        // Each box begins and ends at its corners; sums of these are what covers a pixel, and sums of those
        // the table.
        let mut corners = vec![0_i64; (width + 1) * (height + 1)];
        for r in boxes {
            let [x0, y0, x1, y1] = cover.pixels(r);
            corners[y0 * (width + 1) + x0] += 1;
            corners[y0 * (width + 1) + x1] -= 1;
            corners[y1 * (width + 1) + x0] -= 1;
            corners[y1 * (width + 1) + x1] += 1;
        }
        let mut above = vec![0_i64; width + 1];
        for y in 0..height {
            let (mut row, mut covered) = (0_u64, 0_i64);
            for x in 0..width {
                above[x] += corners[y * (width + 1) + x];
                covered += above[x];
                row += covered.unsigned_abs();
                let at = (y + 1) * (width + 1) + x + 1;
                cover.sums[at] = cover.sums[at - width - 1] + row;
            }
        }
        cover
    }

    /// How much of a box is covered, as a share of its area; above 1 where boxes lie on each other.
    pub(super) fn share(&self, r: &Rect<Pt>) -> f32 {
        let [x0, y0, x1, y1] = self.pixels(r);
        self.sum(x0, y0, x1, y1) as f32 / (r.area() * self.scale * self.scale).max(1.0)
    }

    /// Whether anything covers a pixel.
    pub(super) fn has(&self, x: u32, y: u32) -> bool {
        let (x, y) = (x as usize, y as usize);
        x < self.width && y < self.height && self.sum(x, y, x + 1, y + 1) > 0
    }

    fn sum(&self, x0: usize, y0: usize, x1: usize, y1: usize) -> u64 {
        let at = |x: usize, y: usize| self.sums[y * (self.width + 1) + x];
        at(x1, y1) + at(x0, y0) - at(x1, y0) - at(x0, y1)
    }

    /// The pixels whose middles lie in a box: first column and row, and those after the last.
    fn pixels(&self, r: &Rect<Pt>) -> [usize; 4] {
        let place =
            |at: f32, side: usize| (at * self.scale).round().clamp(0.0, side as f32) as usize;
        let (x0, y0) = (place(r.min.x, self.width), place(r.min.y, self.height));
        let (x1, y1) = (place(r.max.x, self.width), place(r.max.y, self.height));
        [x0, y0, x1.max(x0), y1.max(y0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::rect;

    #[test]
    fn what_covers_a_box_is_what_was_laid_on_it() {
        let boxes =
            [rect(0.0, 0.0, 10.0, 10.0), rect(5.0, 5.0, 15.0, 10.0), rect(90.0, 40.0, 200.0, 99.0)];
        let cover = Cover::of(boxes.iter(), (200, 100), 2.0);
        let shares = [
            (rect(0.0, 0.0, 5.0, 5.0), 1.0),
            (rect(5.0, 5.0, 10.0, 10.0), 2.0),
            (rect(0.0, 0.0, 20.0, 10.0), 0.75),
            (rect(50.0, 0.0, 60.0, 10.0), 0.0),
            (rect(80.0, 40.0, 100.0, 50.0), 0.5),
        ];
        for (at, share) in shares {
            assert!((cover.share(&at) - share).abs() < 1e-6, "{at:?}: {}", cover.share(&at));
        }
        assert!(cover.has(0, 0) && cover.has(29, 19) && !cover.has(30, 19) && !cover.has(999, 0));
        // Boxes that are none are taken for something on the page.
        assert!(cover.share(&rect(f32::NAN, f32::INFINITY, 3.0, -3.0)).is_finite());
    }
}
