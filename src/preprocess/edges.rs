//! What a scanner or copier adds at the margins of a page: the dark of the lid, of the gutter of a
//! book, and punch holes.
//!
//! Only what cannot be content goes: solid dark along an edge of the image, no deeper than margins
//! are, with nothing written in it; and dark discs of the size of punch holes, two or more in a row
//! along an edge.

use image::GrayImage;

use crate::geometry::{Px, Rect};

/// The image is looked at with about this many dots an inch: strokes of letters are a pixel or two.
const PPI: f32 = 75.0;
/// Dark is below this share of the paper's brightness. (Text is, too, before it is blurred.)
const DARK: f32 = 0.4;
/// The paper is as bright as this share of the pixels at least.
const PAPER_RANK: f32 = 0.5;
/// Paper is no darker than this: a page with less is not on light paper.
const LEAST_PAPER: u8 = 120;
/// A dark border covers this share of one edge of the image.
const LEAST_SPAN: f32 = 0.3;
/// It is no deeper than this share of the side, wedges of skewed pages included …
const MOST_DEPTH: f32 = 0.15;
/// … but for this share of its pixels: pictures that reach the edge go deeper.
const DEEPER: f32 = 0.01;
/// Thinner than this, in inches, are rules and letters that touch the border.
const THIN: f32 = 0.06;
/// The blur of a border's inner edge, in inches.
const BLUR: f32 = 0.03;
/// Light spots within a border, as a share of its pixels: more is white print on a dark ground.
const MOST_SPOTS: f32 = 0.005;
/// Punch holes are this wide, in inches: 5 to 8 mm (ISO 838 has 6), and what shadows add.
const HOLE: std::ops::Range<f32> = 0.18..0.4;
/// Sides of a hole differ by less than this share.
const ROUND: f32 = 0.12;
/// Of the box of a disc, π/4 is filled.
const DISC: std::ops::Range<f32> = 0.72..0.87;
/// Middles of holes lie within this of an edge, in inches (ISO 838 says 12 mm).
const HOLE_MARGIN: f32 = 0.9;
/// Holes of a row lie at least this far apart, in inches …
const LEAST_PITCH: f32 = 0.7;
/// … and differ by less than this in their distance from the edge, over a skew of two degrees.
const IN_LINE: f32 = 0.25;

/// Paints dark borders at the edges of the image white. `None` where there are none.
pub(crate) fn clear_borders(image: &GrayImage, ppi: f32) -> Option<GrayImage> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let factor = ((ppi / PPI).round() as usize).max(1);
    if width / factor < 64 || height / factor < 64 {
        return None;
    }
    let paper = paper(image);
    let limit = (f32::from(paper) * DARK) as u8;
    // Most pages have no border: a look at the outermost pixels tells.
    if paper < LEAST_PAPER || !edge_is_dark(image, limit) {
        return None;
    }
    let small = Small::of(image, factor, limit);
    let border = small.border(PPI)?;
    let mut out = image.clone();
    for (y, row) in out.chunks_exact_mut(width).enumerate() {
        let marks = &border[(y / factor).min(small.height - 1) * small.width..][..small.width];
        for (x, pixel) in row.iter_mut().enumerate() {
            if marks[(x / factor).min(small.width - 1)] {
                *pixel = 255;
            }
        }
    }
    Some(out)
}

/// The level of the paper, by every 13th pixel.
fn paper(image: &GrayImage) -> u8 {
    let mut levels: Vec<u8> = image.as_raw().iter().step_by(13).copied().collect();
    if levels.is_empty() {
        return 0;
    }
    let rank = ((levels.len() as f32 * PAPER_RANK) as usize).min(levels.len() - 1);
    *levels.select_nth_unstable(rank).1
}

/// Whether enough of the outermost pixels of any side is dark.
fn edge_is_dark(image: &GrayImage, limit: u8) -> bool {
    let (width, height) = image.dimensions();
    let share = |count: u32, level: &dyn Fn(u32) -> u8| {
        (0..count).filter(|&i| level(i) < limit).count() as f32 > LEAST_SPAN * count as f32
    };
    // Not the very last pixel: some scanners leave a light one.
    let (right, low) = (width - 2, height - 2);
    share(width, &|x| image.get_pixel(x, 1).0[0])
        || share(width, &|x| image.get_pixel(x, low).0[0])
        || share(height, &|y| image.get_pixel(1, y).0[0])
        || share(height, &|y| image.get_pixel(right, y).0[0])
}

/// A reduced image of what is dark.
struct Small {
    dark: Vec<bool>,
    width: usize,
    height: usize,
}

impl Small {
    fn of(image: &GrayImage, factor: usize, limit: u8) -> Self {
        let (width, height) = (image.width() as usize / factor, image.height() as usize / factor);
        let limit = usize::from(limit) * factor * factor;
        let mut dark = Vec::with_capacity(width * height);
        let mut sums = vec![0_usize; width];
        for rows in image.as_raw().chunks(factor * image.width() as usize).take(height) {
            sums.fill(0);
            for row in rows.chunks(image.width() as usize) {
                for (sum, part) in sums.iter_mut().zip(row.chunks_exact(factor)) {
                    *sum += part.iter().map(|&p| usize::from(p)).sum::<usize>();
                }
            }
            dark.extend(sums.iter().map(|&sum| sum < limit));
        }
        Self { dark, width, height }
    }

    /// What is to be painted: borders and their blur. `None` where there are none.
    fn border(&self, ppi: f32) -> Option<Vec<bool>> {
        let radius = ((THIN * ppi / 2.0).round() as usize).max(1);
        // What is thicker than rules and letters, beyond the edges as well.
        let core = self.spread(&self.spread(&self.dark, radius, false), radius, true);
        let mut seen = vec![false; core.len()];
        let mut border = vec![false; core.len()];
        let mut any = false;
        for start in self.outline() {
            if seen[start] || !core[start] {
                continue;
            }
            let part = self.flood(start, &mut seen, |at| core[at]);
            if self.is_border(&part) {
                part.iter().for_each(|&at| border[at] = true);
                any = true;
            }
        }
        if !any || self.has_spots(&border) {
            return None;
        }
        // The blurred edge, and dark specks that the thick core lost.
        let blur = radius + ((BLUR * ppi).round() as usize).max(1);
        Some(self.spread(&border, blur, true))
    }

    /// Whether what hangs together at an edge spans it and is no deeper than margins.
    fn is_border(&self, part: &[usize]) -> bool {
        let (width, height) = (self.width, self.height);
        let (mut top, mut bottom, mut left, mut right, mut deep) = (0, 0, 0, 0, 0);
        let (across, down) = (MOST_DEPTH * width as f32, MOST_DEPTH * height as f32);
        for &at in part {
            let (x, y) = (at % width, at / width);
            top += usize::from(y == 0);
            bottom += usize::from(y == height - 1);
            left += usize::from(x == 0);
            right += usize::from(x == width - 1);
            let (dx, dy) = (x.min(width - 1 - x) as f32, y.min(height - 1 - y) as f32);
            deep += usize::from(dx > across && dy > down);
        }
        let spans = top.max(bottom) as f32 > LEAST_SPAN * width as f32
            || left.max(right) as f32 > LEAST_SPAN * height as f32;
        spans && deep as f32 <= DEEPER * part.len() as f32
    }

    /// Whether there is something light within the border, as white print.
    fn has_spots(&self, border: &[bool]) -> bool {
        let mut seen = vec![false; border.len()];
        let area = border.iter().filter(|&&b| b).count();
        let mut spots = 0;
        for start in 0..border.len() {
            if seen[start] || border[start] {
                continue;
            }
            let part = self.flood(start, &mut seen, |at| !border[at]);
            // The page itself is much larger than anything written on a border.
            if part.len() < border.len() / 20 {
                spots += part.len();
            }
        }
        spots as f32 > MOST_SPOTS * area as f32
    }

    /// All points of the outermost row and column.
    fn outline(&self) -> impl Iterator<Item = usize> {
        let (width, height) = (self.width, self.height);
        let rows = (0..width).flat_map(move |x| [x, (height - 1) * width + x]);
        rows.chain((0..height).flat_map(move |y| [y * width, y * width + width - 1]))
    }

    /// All points that hang together with one.
    fn flood(&self, start: usize, seen: &mut [bool], is_in: impl Fn(usize) -> bool) -> Vec<usize> {
        let (width, count) = (self.width, self.width * self.height);
        let mut part = vec![start];
        seen[start] = true;
        let mut next = 0;
        while next < part.len() {
            let at = part[next];
            next += 1;
            let x = at % width;
            let sides = [
                (x > 0).then(|| at - 1),
                (x + 1 < width).then(|| at + 1),
                at.checked_sub(width),
                Some(at + width).filter(|&below| below < count),
            ];
            for side in sides.into_iter().flatten() {
                if !seen[side] && is_in(side) {
                    seen[side] = true;
                    part.push(side);
                }
            }
        }
        part
    }

    /// Grows what is `value` by a square of this radius.
    fn spread(&self, marks: &[bool], radius: usize, value: bool) -> Vec<bool> {
        let grow = |line: &mut dyn Iterator<Item = bool>, length: usize| -> Vec<bool> {
            let mut out = vec![!value; length];
            let mut last: Option<usize> = None;
            let line: Vec<bool> = line.collect();
            // Up to `radius` after each mark, then before.
            for (i, &mark) in line.iter().enumerate() {
                last = if mark == value { Some(i) } else { last };
                if last.is_some_and(|last| i - last <= radius) {
                    out[i] = value;
                }
            }
            last = None;
            for (i, &mark) in line.iter().enumerate().rev() {
                last = if mark == value { Some(i) } else { last };
                if last.is_some_and(|last| last - i <= radius) {
                    out[i] = value;
                }
            }
            out
        };
        let mut rows: Vec<bool> = Vec::with_capacity(marks.len());
        for row in marks.chunks_exact(self.width) {
            rows.extend(grow(&mut row.iter().copied(), self.width));
        }
        let mut out = vec![!value; marks.len()];
        for x in 0..self.width {
            let mut column = rows.iter().skip(x).step_by(self.width).copied();
            for (y, mark) in grow(&mut column, self.height).into_iter().enumerate() {
                out[y * self.width + x] = mark;
            }
        }
        out
    }
}

/// Which of these parts of ink (boxes, and shares of them that are filled) are punch holes, on a
/// page of this size in pixels.
pub(crate) fn find_holes(
    parts: impl Iterator<Item = (Rect<Px>, f32)>,
    (width, height): (f32, f32),
    ppi: f32,
) -> Vec<Rect<Px>> {
    let discs: Vec<Rect<Px>> = parts
        .filter(|(r, fill)| {
            let (w, h) = (r.width(), r.height());
            HOLE.contains(&(w / ppi))
                && HOLE.contains(&(h / ppi))
                && (w - h).abs() <= ROUND * w.max(h)
                && DISC.contains(fill)
        })
        .map(|(r, _)| r)
        .collect();
    let margin = HOLE_MARGIN * ppi;
    // Distances from the four edges, and along them.
    let places = |r: &Rect<Px>| {
        let c = r.center();
        [(c.x, c.y), (width - c.x, c.y), (c.y, c.x), (height - c.y, c.x)]
    };
    let in_row = |a: &Rect<Px>, b: &Rect<Px>| {
        places(a).into_iter().zip(places(b)).any(|((from_a, along_a), (from_b, along_b))| {
            from_a < margin
                && from_b < margin
                && (from_a - from_b).abs() < IN_LINE * ppi
                && (along_a - along_b).abs() > LEAST_PITCH * ppi
        })
    };
    discs.iter().filter(|a| discs.iter().any(|b| in_row(a, b))).copied().collect()
}

/// Paints these boxes, and the blur around them, white.
pub(crate) fn clear_holes(image: &mut GrayImage, holes: &[Rect<Px>], ppi: f32) {
    let blur = BLUR * ppi;
    let (width, height) = (image.width() as f32, image.height() as f32);
    for hole in holes {
        let columns = (hole.min.x - blur).max(0.0) as u32..(hole.max.x + blur).min(width) as u32;
        for y in (hole.min.y - blur).max(0.0) as u32..(hole.max.y + blur).min(height) as u32 {
            columns.clone().for_each(|x| image.put_pixel(x, y, image::Luma([255])));
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;
    use crate::geometry::rect;

    /// A page of rows of strokes at 150 dots an inch.
    fn page() -> GrayImage {
        GrayImage::from_fn(1200, 1700, |x, y| {
            let text = (150..1050).contains(&x) && (150..1550).contains(&y);
            Luma([if text && x % 12 < 3 && y % 40 < 18 { 30 } else { 235 }])
        })
    }

    fn paint(mut image: GrayImage, level: u8, is_in: impl Fn(f32, f32) -> bool) -> GrayImage {
        for (x, y, pixel) in image.enumerate_pixels_mut() {
            if is_in(x as f32, y as f32) {
                *pixel = Luma([level]);
            }
        }
        image
    }

    /// What is left of the border, and of the page's text.
    fn is_clean(image: &GrayImage) -> bool {
        let page = page();
        let inner = |x: u32, y: u32| (150..1050).contains(&x) && (150..1550).contains(&y);
        image
            .enumerate_pixels()
            .all(|(x, y, p)| if inner(x, y) { p == page.get_pixel(x, y) } else { p.0[0] >= 200 })
    }

    #[test]
    fn clean_pages_have_no_border() {
        assert!(clear_borders(&page(), 150.0).is_none());
        assert!(clear_borders(&GrayImage::new(0, 0), 150.0).is_none());
        assert!(clear_borders(&GrayImage::new(3, 900), 150.0).is_none());
        assert!(clear_borders(&GrayImage::new(900, 900), 150.0).is_none());
    }

    #[test]
    fn a_black_frame_wedges_and_a_gutter_go() {
        let frame = paint(page(), 20, |x, y| x < 60.0 || y < 40.0 || x > 1150.0 || y > 1640.0);
        assert!(is_clean(&clear_borders(&frame, 150.0).unwrap()));
        let skewed = paint(page(), 20, |x, y| x < 20.0 + y * 0.04 || y > 1690.0 - x * 0.05);
        assert!(is_clean(&clear_borders(&skewed, 150.0).unwrap()));
        let gutter = paint(page(), 5, |x, _| x > 1100.0);
        assert!(is_clean(&clear_borders(&gutter, 150.0).unwrap()));
    }

    #[test]
    fn a_picture_that_reaches_the_edge_stays() {
        let picture = paint(page(), 20, |x, y| x < 700.0 && y > 900.0);
        assert!(clear_borders(&picture, 150.0).is_none());
    }

    #[test]
    fn a_dark_band_with_white_print_stays() {
        let band = paint(page(), 20, |_, y| y < 120.0);
        let titled = paint(band.clone(), 250, |x, y| {
            (200.0..900.0).contains(&x) && (40.0..80.0).contains(&y) && x % 30.0 < 12.0
        });
        assert!(clear_borders(&titled, 150.0).is_none());
        assert!(clear_borders(&band, 150.0).is_some());
    }

    #[test]
    fn a_line_around_the_page_and_a_tab_stay() {
        let line = paint(page(), 20, |x, y| x < 4.0 || y < 4.0 || x > 1195.0 || y > 1695.0);
        assert!(clear_borders(&line, 150.0).is_none());
        // A thumb index: dark, at the edge, but short.
        let tab = paint(page(), 20, |x, y| x > 1140.0 && (600.0..750.0).contains(&y));
        assert!(clear_borders(&tab, 150.0).is_none());
    }

    #[test]
    fn holes_in_a_row_are_found_and_cleared() {
        let hole = |x: f32, y: f32| rect(x - 18.0, y - 18.0, x + 18.0, y + 18.0);
        let (a, b) = (hole(70.0, 600.0), hole(72.0, 1072.0));
        let size = (1200.0, 1700.0);
        let found = |parts: &[(Rect<Px>, f32)]| find_holes(parts.iter().copied(), size, 150.0);
        assert_eq!(found(&[(a, 0.785), (b, 0.79)]), [a, b]);
        // One disc may be a bullet or a seal; squares are boxes; the middle of a page has no holes.
        assert!(found(&[(a, 0.785)]).is_empty());
        assert!(found(&[(a, 1.0), (b, 1.0)]).is_empty());
        assert!(found(&[(hole(600.0, 600.0), 0.785), (hole(600.0, 1072.0), 0.785)]).is_empty());
        let mut image = paint(page(), 20, |x, y| (x - 70.0).hypot(y - 600.0) < 18.0);
        clear_holes(&mut image, &[a], 150.0);
        assert!(is_clean(&image));
    }
}
