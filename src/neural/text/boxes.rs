//! From the probability of each pixel to be text to boxes around lines.

use crate::geometry::{Px, Rect, rect};

/// A rectangle that may stand at a slant, in pixels; positions are those of pixels' corners.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Slanted {
    pub(super) middle: (f32, f32),
    /// Unit vector along the line, in the direction of reading.
    pub(super) along: (f32, f32),
    pub(super) length: f32,
    pub(super) height: f32,
}

impl Slanted {
    /// Unit vector across the line, from the letters' tops to their feet.
    pub(super) fn across(&self) -> (f32, f32) {
        (-self.along.1, self.along.0)
    }

    /// The point so far along and across from the corner where reading begins.
    pub(super) fn at(&self, along: f32, across: f32) -> (f32, f32) {
        let (u, v) = (along - 0.5 * self.length, across - 0.5 * self.height);
        let down = self.across();
        (
            self.middle.0 + u * self.along.0 + v * down.0,
            self.middle.1 + u * self.along.1 + v * down.1,
        )
    }

    /// The upright box around it.
    pub(super) fn bounds(&self) -> Rect<Px> {
        let half = |along: f32, across: f32| {
            0.5 * (self.length * along.abs() + self.height * across.abs())
        };
        let (x, y) = (half(self.along.0, self.along.1), half(self.along.1, self.along.0));
        rect(self.middle.0 - x, self.middle.1 - y, self.middle.0 + x, self.middle.1 + y)
    }

    /// The same line read from top to bottom.
    pub(super) fn turned(&self) -> Self {
        Self { along: self.across(), length: self.height, height: self.length, ..*self }
    }
}

/// How boxes are made of a map.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// A pixel from this probability is text.
    pub(super) pixel: f32,
    /// A box whose pixels reach this in the mean is text.
    pub(super) mean: f32,
    /// The model was trained on lines that were shrunk; boxes grow by their area, divided by their
    /// perimeter, times this (Liao et al. 2020).
    pub(super) grow: f32,
    /// Whether text pixels take in their neighbours to the right and below first.
    pub(super) dilate: bool,
}

/// Boxes with a shorter side than this, in pixels of the map, are nothing …
const LEAST: f32 = 3.0;
/// … nor are those that have less once they are grown.
const LEAST_GROWN: f32 = 5.0;

/// The boxes of a map of `width` columns, from top to bottom; positions are pixels of the map.
pub(super) fn find(map: &[f32], width: usize, rule: Rule) -> Vec<Slanted> {
    if width == 0 {
        return Vec::new();
    }
    let text = mask(map, width, rule);
    let grown = |shape: Shape| {
        let tight = narrowest(&shape.hull())?;
        if tight.length.min(tight.height) < LEAST || mean_within(map, width, &tight) < rule.mean {
            return None;
        }
        let by = tight.length * tight.height * rule.grow / (2.0 * (tight.length + tight.height));
        let box_ = Slanted {
            // So far, positions were those of pixels' middles.
            middle: (tight.middle.0 + 0.5, tight.middle.1 + 0.5),
            length: tight.length + 2.0 * by,
            height: tight.height + 2.0 * by,
            ..tight
        };
        (box_.length.min(box_.height) >= LEAST_GROWN).then_some(box_)
    };
    shapes(&text, width).into_iter().filter_map(grown).collect()
}

fn mask(map: &[f32], width: usize, rule: Rule) -> Vec<bool> {
    let mut text: Vec<bool> = map.iter().map(|p| *p > rule.pixel).collect();
    if rule.dilate {
        let plain = text.clone();
        for (i, inside) in text.iter_mut().enumerate() {
            let left = i % width > 0;
            *inside |= left && plain[i - 1]
                || i >= width && (plain[i - width] || left && plain[i - width - 1]);
        }
    }
    text
}

/// Pixels that hang together, by the leftmost and rightmost of each row.
#[derive(Debug)]
struct Shape {
    top: usize,
    rows: Vec<(usize, usize)>,
}

/// The shapes of a mask, in the order of their topmost pixels; corners touch.
fn shapes(text: &[bool], width: usize) -> Vec<Shape> {
    let height = text.len() / width;
    let mut seen = vec![false; text.len()];
    let mut out = Vec::new();
    let mut open = Vec::new();
    for start in 0..width * height {
        if !text[start] || seen[start] {
            continue;
        }
        let mut shape = Shape { top: start / width, rows: Vec::new() };
        seen[start] = true;
        open.push(start);
        while let Some(at) = open.pop() {
            let (x, y) = (at % width, at / width);
            // Rows are met from the top, each next to one that is known.
            let row = y - shape.top;
            match shape.rows.get_mut(row) {
                Some((left, right)) => (*left, *right) = ((*left).min(x), (*right).max(x)),
                None => {
                    shape.rows.resize(row, (usize::MAX, 0));
                    shape.rows.push((x, x));
                }
            }
            for ny in y.saturating_sub(1)..=(y + 1).min(height - 1) {
                for nx in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                    let next = ny * width + nx;
                    if text[next] && !seen[next] {
                        seen[next] = true;
                        open.push(next);
                    }
                }
            }
        }
        out.push(shape);
    }
    out
}

impl Shape {
    /// The corners of its convex hull, counter-clockwise as the y axis points down (Andrew 1979).
    fn hull(&self) -> Vec<(f32, f32)> {
        let mut points: Vec<(f32, f32)> = Vec::with_capacity(2 * self.rows.len());
        for (row, &(left, right)) in self.rows.iter().enumerate() {
            let y = (self.top + row) as f32;
            points.push((left as f32, y));
            if right > left {
                points.push((right as f32, y));
            }
        }
        points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let half = |points: &mut dyn Iterator<Item = (f32, f32)>| {
            let mut chain: Vec<(f32, f32)> = Vec::new();
            for p in points {
                while let [.., a, b] = chain[..]
                    && (b.0 - a.0) * (p.1 - a.1) - (b.1 - a.1) * (p.0 - a.0) <= 0.0
                {
                    chain.pop();
                }
                chain.push(p);
            }
            chain.pop();
            chain
        };
        let mut hull = half(&mut points.iter().copied());
        hull.extend(half(&mut points.iter().rev().copied()));
        if hull.is_empty() {
            hull.extend(points.first());
        }
        hull
    }
}

/// The rectangle of the smallest area around a convex hull: one of its sides lies on a side of the
/// hull (Freeman and Shapira 1975). It is read from left to right, at a slant of up to 45 degrees.
fn narrowest(hull: &[(f32, f32)]) -> Option<Slanted> {
    let around = |along: (f32, f32)| {
        let range = |axis: (f32, f32)| {
            hull.iter()
                .map(|p| p.0 * axis.0 + p.1 * axis.1)
                .fold((f32::MAX, f32::MIN), |(least, most), value| {
                    (least.min(value), most.max(value))
                })
        };
        let across = (-along.1, along.0);
        let (u, v) = (range(along), range(across));
        let (mu, mv) = (0.5 * (u.0 + u.1), 0.5 * (v.0 + v.1));
        Slanted {
            middle: (mu * along.0 + mv * across.0, mu * along.1 + mv * across.1),
            along,
            length: u.1 - u.0,
            height: v.1 - v.0,
        }
    };
    let mut best: Option<Slanted> = None;
    for (a, b) in hull.iter().zip(hull.iter().cycle().skip(1)) {
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let length = dx.hypot(dy);
        if length <= 0.0 {
            continue;
        }
        let side = (dx / length, dy / length);
        let along = match side {
            (x, y) if x.abs() < y.abs() => {
                if y > 0.0 {
                    (y, -x)
                } else {
                    (-y, x)
                }
            }
            (x, y) if x < 0.0 => (-x, -y),
            side => side,
        };
        let next = around(along);
        if best.is_none_or(|best| next.length * next.height < best.length * best.height) {
            best = Some(next);
        }
    }
    best
}

/// The mean of the map's values within a box whose positions are pixels' middles.
fn mean_within(map: &[f32], width: usize, box_: &Slanted) -> f32 {
    /// Middles on the box's sides count.
    const RIM: f32 = 0.01;
    let height = map.len() / width;
    let across = box_.across();
    let reach = |a: f32, b: f32| 0.5 * (box_.length * a.abs() + box_.height * b.abs()) + 1.0;
    let side = |at: f32, most: usize| (at.max(0.0) as usize).min(most.saturating_sub(1));
    let (rx, ry) = (reach(box_.along.0, across.0), reach(box_.along.1, across.1));
    let (left, right) = (side(box_.middle.0 - rx, width), side(box_.middle.0 + rx, width));
    let (top, bottom) = (side(box_.middle.1 - ry, height), side(box_.middle.1 + ry, height));
    let (mut sum, mut count) = (0.0, 0.0);
    for y in top..=bottom {
        for x in left..=right {
            let (dx, dy) = (x as f32 - box_.middle.0, y as f32 - box_.middle.1);
            let u = dx * box_.along.0 + dy * box_.along.1;
            let v = dx * across.0 + dy * across.1;
            if u.abs() <= 0.5 * box_.length + RIM && v.abs() <= 0.5 * box_.height + RIM {
                sum += map[y * width + x];
                count += 1.0;
            }
        }
    }
    if count > 0.0 { sum / count } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { pixel: 0.3, mean: 0.5, grow: 1.5, dilate: false };

    /// A map where the pixels for which it holds have this probability.
    fn map(width: usize, height: usize, p: f32, is: impl Fn(f32, f32) -> bool) -> Vec<f32> {
        let at = |i: usize| ((i % width) as f32, (i / width) as f32);
        (0..width * height).map(|i| if is(at(i).0, at(i).1) { p } else { 0.0 }).collect()
    }

    #[test]
    fn a_line_becomes_a_box_that_is_grown() {
        let map =
            map(100, 40, 0.9, |x, y| (10.0..=60.0).contains(&x) && (15.0..=25.0).contains(&y));
        let found = find(&map, 100, RULE);
        assert_eq!(found.len(), 1);
        // 50 by 10: grown by 500 · 1.5 / 120.
        let by = 6.25;
        assert_eq!((found[0].length, found[0].height), (50.0 + 2.0 * by, 10.0 + 2.0 * by));
        assert_eq!(found[0].middle, (35.5, 20.5));
        assert_eq!(found[0].along, (1.0, 0.0));
    }

    #[test]
    fn a_slanted_line_has_a_slanted_box() {
        let (sin, cos) = 0.2_f32.sin_cos();
        let map = map(200, 100, 0.9, |x, y| {
            let (dx, dy) = (x - 100.0, y - 50.0);
            (dx * cos + dy * sin).abs() <= 60.0 && (dy * cos - dx * sin).abs() <= 6.0
        });
        let found = find(&map, 200, RULE);
        assert_eq!(found.len(), 1);
        assert!((found[0].along.1.asin() - 0.2).abs() < 0.02, "{found:?}");
        assert!((found[0].middle.0 - 100.5).abs() < 1.0);
    }

    #[test]
    fn faint_and_tiny_patches_are_nothing() {
        let faint = map(60, 30, 0.4, |x, y| (10.0..40.0).contains(&x) && (10.0..20.0).contains(&y));
        assert!(find(&faint, 60, RULE).is_empty());
        let tiny = map(60, 30, 0.9, |x, y| (10.0..12.0).contains(&x) && (10.0..12.0).contains(&y));
        assert!(find(&tiny, 60, RULE).is_empty());
        assert!(find(&[], 0, RULE).is_empty());
        assert!(find(&[0.9], 1, RULE).is_empty());
    }

    #[test]
    fn dilation_joins_what_is_one_pixel_apart() {
        let map = map(60, 30, 0.9, |x, y| {
            x != 30.0 && (5.0..55.0).contains(&x) && (10.0..20.0).contains(&y)
        });
        assert_eq!(find(&map, 60, RULE).len(), 2);
        assert_eq!(find(&map, 60, Rule { dilate: true, ..RULE }).len(), 1);
    }

    #[test]
    fn turned_boxes_are_read_from_top_to_bottom() {
        let tall = Slanted { middle: (10.0, 50.0), along: (1.0, 0.0), length: 8.0, height: 60.0 };
        let turned = tall.turned();
        assert_eq!((turned.length, turned.height), (60.0, 8.0));
        // Reading begins at the top right corner.
        assert_eq!(turned.at(0.0, 0.0), (14.0, 20.0));
        assert_eq!(turned.at(60.0, 8.0), (6.0, 80.0));
    }
}
