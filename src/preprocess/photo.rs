//! Photographed pages: where the page lies on its ground, and taking it from there.

use image::GrayImage;

use super::scale::Scale;
use super::turn::sample;
use crate::geometry::{Perspective, Point, Px, Rect, rect};

/// The edge is looked for on an image whose longer side has so many pixels: print and grain are
/// averaged away, a line through hundreds of points is good to a tenth of a pixel still.
const SIDE: f32 = 640.0;
/// The page's edge lies within this share of the image from each side.
const MARGIN: f32 = 0.3;
/// Paper is brighter than its ground by at least this factor, …
const BRIGHTER: f32 = 1.3;
/// … and by at least this many of 256 levels.
const LEAST_STEP: f32 = 24.0;
/// Pixels on either side of an edge that are compared: an edge is blurred over two or three.
const REACH: usize = 3;
/// Points this near to the line, in pixels, are of the edge; …
const NEAR: f32 = 1.5;
/// … so many of those that were looked for must be.
const INLIERS: f32 = 0.6;
/// An edge leans by less than this from the image's side (20 degrees).
const STEEPEST: f32 = 0.36;
/// Share of the side at which corners may be rounded, torn or shadowed.
const CORNER: f32 = 0.08;
/// The page covers at least this share of the image: less is a picture on a page.
const LEAST_AREA: f32 = 0.4;
/// Share of what lies outside that may be as bright as paper: more, and it is no ground.
const BRIGHT_GROUND: f32 = 0.05;
/// What is cut from the page's sides, as a share of them: the edge itself, blurred.
const RIM: f32 = 0.004;

/// A page that lies on a ground: its outline in the image, and the straight page in its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sheet {
    /// The straight page, in pixels of the image given.
    rect: Rect<Px>,
    /// From the straight page to the image given.
    pub(crate) warp: Perspective,
}

/// Where a darker ground is seen all around the page: the page. `None` for pages that fill the
/// image, and where the edges are not straight.
pub(crate) fn find_sheet(image: &GrayImage) -> Option<Sheet> {
    let longest = image.width().max(image.height()) as f32;
    // Most scans show no ground: a glance at their rims is enough.
    if !has_ground(image) {
        return None;
    }
    let factor = (SIDE / longest).min(1.0);
    let small = Scale(factor).apply(image);
    let plane = Plane::of(&small);
    let turned = plane.transposed();
    // Edges as positions along the other axis: y = at + slope · x for the first two.
    let top = plane.edge(false)?;
    let bottom = plane.edge(true)?;
    let left = turned.edge(false)?;
    let right = turned.edge(true)?;
    let corner = |row: (f32, f32), column: (f32, f32)| {
        let y = (row.0 + row.1 * column.0) / (1.0 - row.1 * column.1);
        (column.0 + column.1 * y, y)
    };
    let corners =
        [corner(top, left), corner(top, right), corner(bottom, right), corner(bottom, left)];
    if !plane.is_sheet(&corners) {
        return None;
    }
    // Sides were rounded to whole pixels.
    let (kx, ky) = (
        image.width() as f32 / small.width() as f32,
        image.height() as f32 / small.height() as f32,
    );
    let corners = corners.map(|(x, y)| Point::<Px>::new(x * kx, y * ky));
    let [a, b, c, d] = corners;
    let width = 0.5 * ((b - a).length() + (c - d).length());
    let height = 0.5 * ((d - a).length() + (c - b).length());
    let (x, y) = (
        corners.iter().map(|p| p.x).sum::<f32>() / 4.0,
        corners.iter().map(|p| p.y).sum::<f32>() / 4.0,
    );
    let place = rect(x - 0.5 * width, y - 0.5 * height, x + 0.5 * width, y + 0.5 * height);
    Perspective::of_rect(place, corners).map(|warp| Sheet { rect: place, warp })
}

impl Sheet {
    /// The straight page at a scale of the image it was found in, in an image of the same size;
    /// what lies outside the page becomes white. `image` is at that scale already.
    pub(crate) fn straighten(&self, image: &GrayImage, scale: Scale) -> GrayImage {
        let warp = self.warp.scaled(scale.0);
        let (dx, dy) = (RIM * self.rect.width(), RIM * self.rect.height());
        let inside = |v: f32, low: f32, high: f32| (low * scale.0..high * scale.0).contains(&v);
        let (left, right) = (self.rect.min.x + dx, self.rect.max.x - dx);
        let (top, bottom) = (self.rect.min.y + dy, self.rect.max.y - dy);
        let mut out = Vec::with_capacity(image.as_raw().len());
        for y in 0..image.height() {
            let y = y as f32 + 0.5;
            let row = inside(y, top, bottom);
            for x in 0..image.width() {
                let x = x as f32 + 0.5;
                if row && inside(x, left, right) {
                    let (x, y) = warp.map_xy(x, y);
                    out.push(sample(image, x - 0.5, y - 0.5));
                } else {
                    out.push(255);
                }
            }
        }
        GrayImage::from_raw(image.width(), image.height(), out).unwrap_or_default()
    }
}

/// Whether all four rims are darker than what lies inside: only then a ground can be seen.
fn has_ground(image: &GrayImage) -> bool {
    let (width, height) = (image.width() as usize, image.height() as usize);
    if width < 64 || height < 64 {
        return false;
    }
    let pixels = image.as_raw();
    let step = (width.min(height) / 64).max(1);
    let mean = |points: &mut dyn Iterator<Item = (usize, usize)>| {
        let (mut sum, mut count) = (0.0, 0.0);
        for (x, y) in points {
            sum += f32::from(pixels[y * width + x]);
            count += 1.0;
        }
        sum / f32::max(count, 1.0)
    };
    let xs = || (0..width).step_by(step);
    let ys = || (0..height).step_by(step);
    let (middle_x, middle_y) = (width / 4..3 * width / 4, height / 4..3 * height / 4);
    let mut inside =
        middle_y.step_by(step).flat_map(|y| middle_x.clone().step_by(step).map(move |x| (x, y)));
    let inside = mean(&mut inside);
    let rims = [
        mean(&mut xs().map(|x| (x, 1))),
        mean(&mut xs().map(|x| (x, height - 2))),
        mean(&mut ys().map(|y| (1, y))),
        mean(&mut ys().map(|y| (width - 2, y))),
    ];
    rims.iter().all(|rim| rim * BRIGHTER < inside)
}

/// Gray levels that can be walked along either axis.
struct Plane {
    width: usize,
    height: usize,
    levels: Vec<f32>,
}

impl Plane {
    fn of(image: &GrayImage) -> Self {
        Self {
            width: image.width() as usize,
            height: image.height() as usize,
            levels: image.as_raw().iter().map(|&p| f32::from(p)).collect(),
        }
    }

    fn transposed(&self) -> Self {
        let levels = (0..self.width)
            .flat_map(|x| (0..self.height).map(move |y| self.levels[y * self.width + x]))
            .collect();
        Self { width: self.height, height: self.width, levels }
    }

    /// The page's upper edge (`far`: its lower one) as a line: where it crosses the left side, and
    /// its slope.
    fn edge(&self, far: bool) -> Option<(f32, f32)> {
        let from = (CORNER * self.width as f32) as usize;
        let columns = from..self.width.saturating_sub(from);
        let looked_at = columns.len();
        let points: Vec<(f32, f32)> = columns
            .filter_map(|x| {
                let y = self.first_step(x, far)?;
                Some((x as f32 + 0.5, if far { self.height as f32 - y } else { y }))
            })
            .collect();
        let line = line(&points)?;
        let near: Vec<(f32, f32)> =
            points.into_iter().filter(|&(x, y)| (y - line.0 - line.1 * x).abs() <= NEAR).collect();
        if (near.len() as f32) < INLIERS * looked_at as f32 {
            return None;
        }
        least_squares(&near).filter(|line| line.1.abs() <= STEEPEST)
    }

    /// The first step from dark to bright in a column, seen from the upper side (`far`: the
    /// lower), as the distance from there.
    fn first_step(&self, x: usize, far: bool) -> Option<f32> {
        let level = |y: usize| {
            let y = if far { self.height - 1 - y } else { y };
            self.levels[y * self.width + x]
        };
        let mean = |from: usize| (from..from + REACH).map(level).sum::<f32>() / REACH as f32;
        let last =
            ((MARGIN * self.height as f32) as usize).min(self.height.checked_sub(2 * REACH)?);
        // `y` is the first bright pixel: REACH before it are dark.
        let step = |y: usize| {
            let (dark, bright) = (mean(y - REACH), mean(y));
            (bright >= BRIGHTER * dark && bright - dark >= LEAST_STEP).then_some(bright - dark)
        };
        let first = (REACH..last).find(|&y| step(y).is_some())?;
        let best = (first..(first + 2 * REACH).min(last))
            .filter_map(|y| step(y).map(|s| (y, s)))
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?
            .0;
        // Where the level passes the middle between both sides.
        let (dark, bright) = (mean(best - REACH), mean(best));
        let middle = 0.5 * (dark + bright);
        (best.saturating_sub(REACH)..best + REACH - 1).find_map(|y| {
            let (a, b) = (level(y), level(y + 1));
            (a < middle && b >= middle).then(|| y as f32 + 0.5 + (middle - a) / (b - a))
        })
    }

    /// Whether these corners outline a page: large, convex, and nothing bright around it.
    fn is_sheet(&self, corners: &[(f32, f32); 4]) -> bool {
        let mut doubled = 0.0;
        for (i, a) in corners.iter().enumerate() {
            let b = corners[(i + 1) % 4];
            doubled += a.0 * b.1 - b.0 * a.1;
        }
        if 0.5 * doubled < LEAST_AREA * (self.width * self.height) as f32 {
            return false;
        }
        let outside = |x: f32, y: f32| {
            corners.iter().enumerate().any(|(i, a)| {
                let b = corners[(i + 1) % 4];
                let length = (b.0 - a.0).hypot(b.1 - a.1).max(1.0);
                ((b.0 - a.0) * (y - a.1) - (b.1 - a.1) * (x - a.0)) / length < -2.0 * NEAR
            })
        };
        let (mut inner, mut outer) = (Vec::new(), Vec::new());
        for y in 0..self.height {
            for x in 0..self.width {
                let level = self.levels[y * self.width + x];
                let side =
                    if outside(x as f32 + 0.5, y as f32 + 0.5) { &mut outer } else { &mut inner };
                side.push(level);
            }
        }
        let Some(paper) = median(&mut inner) else { return false };
        let bright = outer.iter().filter(|&&level| level * BRIGHTER > paper).count();
        bright as f32 <= BRIGHT_GROUND * outer.len() as f32
    }
}

fn median(values: &mut [f32]) -> Option<f32> {
    let middle = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(middle, f32::total_cmp).1)
}

/// A line through most of the points, as the medians of its slope and place (Theil 1950; of pairs
/// that are half the points apart).
fn line(points: &[(f32, f32)]) -> Option<(f32, f32)> {
    let half = points.len() / 2;
    let mut slopes: Vec<f32> = points
        .iter()
        .zip(&points[half..])
        .filter(|(a, b)| b.0 > a.0)
        .map(|(a, b)| (b.1 - a.1) / (b.0 - a.0))
        .collect();
    let slope = median(&mut slopes)?;
    let mut places: Vec<f32> = points.iter().map(|&(x, y)| y - slope * x).collect();
    Some((median(&mut places)?, slope))
}

fn least_squares(points: &[(f32, f32)]) -> Option<(f32, f32)> {
    let n = points.len() as f32;
    let (sx, sy) = points.iter().fold((0.0, 0.0), |(sx, sy), p| (sx + p.0, sy + p.1));
    let (mx, my) = (sx / n, sy / n);
    let (xx, xy) = points
        .iter()
        .fold((0.0, 0.0), |(xx, xy), p| (xx + (p.0 - mx).powi(2), xy + (p.0 - mx) * (p.1 - my)));
    (xx > 0.0).then(|| (my - xy / xx * mx, xy / xx))
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    /// A sheet with lines of "text" on a dark ground; its corners.
    fn photo(corners: [(f32, f32); 4]) -> GrayImage {
        let from = rect::<Px>(0.0, 0.0, 600.0, 800.0);
        let warp = Perspective::of_rect(from, corners.map(|(x, y)| Point::new(x, y))).unwrap();
        let mut image =
            GrayImage::from_fn(700, 900, |x, y| Luma([60 + ((x * 7 + y * 3) % 9) as u8]));
        // Densely, so that every pixel of the sheet is hit.
        for y in 0..3200 {
            for x in 0..2400 {
                let (u, v) = (x as f32 / 4.0, y as f32 / 4.0);
                let text = (80.0..520.0).contains(&u) && (80.0..720.0).contains(&v);
                let dark = text && v % 20.0 < 6.0 && u % 9.0 < 5.0;
                let (px, py) = warp.map_xy(u, v);
                image.put_pixel(px as u32, py as u32, Luma([if dark { 40 } else { 220 }]));
            }
        }
        image
    }

    const CORNERS: [(f32, f32); 4] = [(60.0, 45.0), (650.0, 60.0), (672.0, 865.0), (35.0, 850.0)];

    #[test]
    fn a_sheet_is_found_and_put_straight() {
        let image = photo(CORNERS);
        let sheet = find_sheet(&image).unwrap();
        let corners = [
            sheet.rect.min,
            Point::new(sheet.rect.max.x, sheet.rect.min.y),
            sheet.rect.max,
            Point::new(sheet.rect.min.x, sheet.rect.max.y),
        ];
        for (corner, want) in corners.into_iter().zip(CORNERS) {
            let found = sheet.warp.map(corner);
            assert!((found.x - want.0).hypot(found.y - want.1) < 1.5, "{found:?} {want:?}");
        }
        let straight = sheet.straighten(&image, Scale(1.0));
        assert_eq!(straight.dimensions(), image.dimensions());
        assert_eq!(straight.get_pixel(3, 3).0, [255]);
        // Rows of text are level: a row of pixels is bright all along or has ink all along.
        let blank = (100..800).filter(|&y| (100..600).all(|x| straight.get_pixel(x, y).0[0] > 150));
        assert!(blank.count() > 200);
    }

    #[test]
    fn pages_without_a_ground_stay_as_they_are() {
        let mut page = GrayImage::from_pixel(700, 900, Luma([250]));
        assert_eq!(find_sheet(&page), None);
        // A frame printed on paper has paper around it.
        imageproc::drawing::draw_hollow_rect_mut(
            &mut page,
            imageproc::rect::Rect::at(20, 20).of_size(660, 860),
            Luma([0]),
        );
        assert_eq!(find_sheet(&page), None);
        // A dark page with text in bright letters.
        let dark = GrayImage::from_fn(700, 900, |x, y| {
            Luma([if x % 9 < 3 && y % 30 < 12 { 240 } else { 20 }])
        });
        assert_eq!(find_sheet(&dark), None);
        assert_eq!(find_sheet(&GrayImage::new(2, 2)), None);
    }
}
