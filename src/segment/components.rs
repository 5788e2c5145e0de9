//! Connected components of ink.

use image::GrayImage;

use crate::geometry::{Px, Rect, rect};

/// Ink that hangs together (corners count), by its box and its number of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Component {
    pub(crate) left: u32,
    pub(crate) top: u32,
    /// First column to the right of it.
    pub(crate) right: u32,
    /// First row below it.
    pub(crate) bottom: u32,
    pub(crate) area: u32,
}

impl Component {
    pub(crate) fn width(&self) -> u32 {
        self.right - self.left
    }

    pub(crate) fn height(&self) -> u32 {
        self.bottom - self.top
    }

    pub(crate) fn rect(&self) -> Rect<Px> {
        rect(self.left as f32, self.top as f32, self.right as f32, self.bottom as f32)
    }

    /// Share of the box that is ink.
    pub(crate) fn fill(&self) -> f32 {
        self.area as f32 / (self.width() * self.height()).max(1) as f32
    }

    fn join(&mut self, other: &Self) {
        self.left = self.left.min(other.left);
        self.top = self.top.min(other.top);
        self.right = self.right.max(other.right);
        self.bottom = self.bottom.max(other.bottom);
        self.area += other.area;
    }
}

/// A run of ink in a row.
#[derive(Clone, Copy, Debug)]
struct Run {
    from: u32,
    to: u32,
    label: usize,
}

/// All components of a mask, in no particular order.
pub(crate) fn components(mask: &GrayImage) -> Vec<Component> {
    let mut found: Vec<Component> = Vec::new();
    // Labels that turned out to be one: each points to an earlier one, or to itself.
    let mut same: Vec<usize> = Vec::new();
    let (mut above, mut here): (Vec<Run>, Vec<Run>) = (Vec::new(), Vec::new());
    for (y, row) in mask.as_raw().chunks_exact(mask.width().max(1) as usize).enumerate() {
        here.clear();
        let mut candidates = 0;
        for (from, to) in runs(row) {
            while above.get(candidates).is_some_and(|r| r.to < from) {
                candidates += 1;
            }
            let mut label = None;
            for run in above[candidates..].iter().take_while(|r| r.from <= to) {
                let root = root(&mut same, run.label);
                label = Some(label.map_or(root, |l| unite(&mut same, l, root)));
            }
            let piece = Component {
                left: from,
                top: y as u32,
                right: to,
                bottom: y as u32 + 1,
                area: to - from,
            };
            let label = label.unwrap_or_else(|| {
                same.push(same.len());
                found.push(Component { area: 0, ..piece });
                same.len() - 1
            });
            found[label].join(&piece);
            here.push(Run { from, to, label });
        }
        std::mem::swap(&mut above, &mut here);
    }
    for label in (0..found.len()).rev() {
        let root = root(&mut same, label);
        if root != label {
            let part = found[label];
            found[root].join(&part);
        }
    }
    let mut label = 0;
    found.retain(|_| {
        label += 1;
        same[label - 1] == label - 1
    });
    found
}

fn root(same: &mut [usize], mut label: usize) -> usize {
    while same[label] != label {
        same[label] = same[same[label]];
        label = same[label];
    }
    label
}

/// Joins two roots; the earlier one stays.
fn unite(same: &mut [usize], a: usize, b: usize) -> usize {
    let b = root(same, b);
    let a = root(same, a);
    same[a.max(b)] = a.min(b);
    a.min(b)
}

/// Runs of ink in a row: first column, and first column after.
pub(super) fn runs(row: &[u8]) -> impl Iterator<Item = (u32, u32)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let from = at + row[at..].iter().position(|&p| p > 0)?;
        let length = row[from..].iter().position(|&p| p == 0).unwrap_or(row.len() - from);
        at = from + length;
        Some((from as u32, at as u32))
    })
}

/// Fewer components than this tell nothing.
const FEW: usize = 12;
/// Heights that letters may have, in inches: 4 to 40 pt type, by its x-height.
const LETTER: std::ops::RangeInclusive<f32> = 0.025..=0.28;

/// Letters have a neighbour within so many of their heights, …
const BESIDE: f32 = 1.0;
/// … which shares this part of their height, and is no more than so many times as high.
const LEVEL: (f32, f32) = (0.5, 2.5);

/// The height of common letters in pixels: the middle of the components that could be letters.
/// `None` where there are hardly any. Where most of these stand alone, they are specks, and those that
/// stand beside others count.
pub(crate) fn text_height(components: &[Component], ppi: f32) -> Option<f32> {
    let mut likely: Vec<&Component> = components
        .iter()
        .filter(|c| {
            let inches = c.height() as f32 / ppi;
            LETTER.contains(&inches) && c.width() < 8 * c.height() && c.height() < 8 * c.width()
        })
        .collect();
    if likely.len() < FEW {
        return None;
    }
    let middle = |mut heights: Vec<u32>| {
        heights.sort_unstable();
        heights[heights.len() / 2] as f32
    };
    likely.sort_unstable_by_key(|c| (c.left, c.top));
    let beside: Vec<u32> = in_lines(&likely);
    if beside.len() >= FEW && 2 * beside.len() < likely.len() {
        return Some(middle(beside));
    }
    Some(middle(likely.into_iter().map(Component::height).collect()))
}

/// The heights of those that have a neighbour as letters of a line have. They come from left to right.
fn in_lines(likely: &[&Component]) -> Vec<u32> {
    let mut beside = vec![false; likely.len()];
    for (i, a) in likely.iter().enumerate() {
        let reach = a.right + (BESIDE * a.height() as f32) as u32;
        for (k, b) in likely.iter().enumerate().skip(i + 1) {
            if b.left > reach {
                break;
            }
            let shared = a.bottom.min(b.bottom).saturating_sub(a.top.max(b.top)) as f32;
            let (low, high) =
                (a.height().min(b.height()) as f32, a.height().max(b.height()) as f32);
            if shared >= LEVEL.0 * low && high <= LEVEL.1 * low {
                (beside[i], beside[k]) = (true, true);
            }
        }
    }
    likely.iter().zip(beside).filter(|(_, beside)| *beside).map(|(c, _)| c.height()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(rows: &[&str]) -> GrayImage {
        GrayImage::from_fn(rows[0].len() as u32, rows.len() as u32, |x, y| {
            image::Luma([if rows[y as usize].as_bytes()[x as usize] == b'#' { 255 } else { 0 }])
        })
    }

    /// A page of underlined lines in a noisy scan: most of its letters hang together. Its specks were taken for
    /// letters, so its skew was not found, and nothing on it was read.
    #[test]
    fn specks_are_no_letters_where_some_stand_in_lines() {
        let part = |left: u32, top: u32, width: u32, height: u32| Component {
            left,
            top,
            right: left + width,
            bottom: top + height,
            area: width * height,
        };
        let specks = (0..100).map(|i| part(37 * (i % 10), 50 * (i / 10), 5, 5));
        let letters = (0..16).map(|i| part(500 + 14 * i, 300, 10, 16));
        let all: Vec<Component> = specks.chain(letters).collect();
        assert_eq!(text_height(&all, 150.0), Some(16.0));
        // Without lines, they are what there is.
        assert_eq!(text_height(&all[..100], 150.0), Some(5.0));
        assert_eq!(text_height(&all[..11], 150.0), None);
    }

    #[test]
    fn shapes_that_meet_late_are_one() {
        let found = components(&mask(&[
            "#.#.#..#", //
            "#.#.#..#", "#.###...", "###....#",
        ]));
        let mut sizes: Vec<(u32, u32, u32)> =
            found.iter().map(|c| (c.area, c.width(), c.height())).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [(1, 1, 1), (2, 1, 2), (13, 5, 4)]);
    }

    #[test]
    fn corners_count() {
        assert_eq!(components(&mask(&["#..", ".#.", "..#"])).len(), 1);
        assert_eq!(components(&mask(&["#..", "..#"])).len(), 2);
        assert_eq!(components(&mask(&["..."])), []);
    }

    #[test]
    fn a_spiral_is_one() {
        let found = components(&mask(&[
            "#######", //
            "......#", "#####.#", "#...#.#", "#.###.#", "#.....#", "#######",
        ]));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].area, 7 + 1 + 6 + 3 + 5 + 2 + 7);
    }

    #[test]
    fn text_height_is_the_middle_of_the_letters() {
        let letter =
            |height: u32| Component { left: 0, top: 0, right: 10, bottom: height, area: 9 };
        let mut all: Vec<Component> = (0..20).map(|i| letter(14 + i % 3)).collect();
        // A picture and specks do not count.
        all.extend([letter(900), letter(1), letter(1)]);
        assert_eq!(text_height(&all, 150.0), Some(15.0));
        assert_eq!(text_height(&all[..5], 150.0), None);
    }
}
