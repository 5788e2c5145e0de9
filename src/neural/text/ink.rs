//! Where a line's ink is.

use super::crop::{Crop, HEIGHT};

/// A pixel that differs from the paper by more than this share of the largest difference is ink.
const INK: f32 = 0.4;
/// Ink at the upper or lower edge that reaches no further than this, in shares of the height, and hangs
/// together with nothing else, is of the line above or below.
const STRAY: f32 = 0.3;
/// A row with more ink than this, as a share of its length, is of a ruling line: letters leave more
/// white.
const RULE: f32 = 0.8;

/// Which pixels of a line are ink.
#[derive(Debug)]
pub(super) struct Ink {
    width: usize,
    rows: Vec<Vec<bool>>,
}

impl Ink {
    /// Dark on light, or light on dark: whichever differs more from what most pixels are.
    pub(super) fn of(crop: &Crop) -> Self {
        let mut sorted = crop.levels.clone();
        sorted.sort_unstable_by(f32::total_cmp);
        let paper = sorted.get(sorted.len() / 2).copied().unwrap_or(255.0);
        let least = sorted.first().copied().unwrap_or(paper);
        let most = sorted.last().copied().unwrap_or(paper);
        let dark = paper - least >= most - paper;
        let limit = if dark { paper - INK * (paper - least) } else { paper + INK * (most - paper) };
        let is_ink = |level: &f32| if dark { *level < limit } else { *level > limit };
        let rows = crop.levels.chunks_exact(crop.width.max(1)).map(|row| {
            let row: Vec<bool> = row.iter().map(is_ink).collect();
            let inked = row.iter().filter(|ink| **ink).count() as f32;
            if inked > RULE * row.len() as f32 { vec![false; row.len()] } else { row }
        });
        Self { width: crop.width, rows: rows.collect() }
    }

    fn has(&self, column: usize) -> bool {
        self.rows.iter().any(|row| row[column])
    }

    /// The middle of the widest gap without ink between two columns; `None` where there is none.
    pub(super) fn gap(&self, from: f32, to: f32) -> Option<f32> {
        let (from, to) = (self.column(from), self.column(to));
        let mut best: Option<(usize, usize)> = None;
        let mut start = None;
        for column in from..=to {
            if column < to && !self.has(column) {
                start.get_or_insert(column);
            } else if let Some(start) = start.take()
                && best.is_none_or(|(a, b)| column - start > b - a)
            {
                best = Some((start, column));
            }
        }
        best.map(|(a, b)| 0.5 * (a + b) as f32)
    }

    fn column(&self, x: f32) -> usize {
        (x.max(0.0) as usize).min(self.width)
    }

    /// Left, top, right and bottom of the ink between two columns; `None` where there is none.
    pub(super) fn bounds(&self, from: f32, to: f32) -> Option<[f32; 4]> {
        let (from, to) = (self.column(from), self.column(to));
        let left = (from..to).find(|&column| self.has(column))?;
        let right = (left..to).rev().find(|&column| self.has(column))? + 1;
        let inked: Vec<bool> =
            self.rows.iter().map(|row| row[left..right].contains(&true)).collect();
        let (top, bottom) = rows(&inked)?;
        Some([left as f32, top as f32, right as f32, bottom as f32])
    }
}

/// The first and the last row with ink, what strays in from other lines left out.
fn rows(inked: &[bool]) -> Option<(usize, usize)> {
    let mut bands: Vec<(usize, usize)> = Vec::new();
    for (row, _) in inked.iter().enumerate().filter(|(_, ink)| **ink) {
        match bands.last_mut() {
            Some((_, end)) if *end == row => *end = row + 1,
            _ => bands.push((row, row + 1)),
        }
    }
    let low = |band: &(usize, usize)| ((band.1 - band.0) as f32) < STRAY * HEIGHT as f32;
    if bands.len() > 1 && bands.first().is_some_and(|band| band.0 == 0 && low(band)) {
        bands.remove(0);
    }
    if bands.len() > 1 && bands.last().is_some_and(|band| band.1 == inked.len() && low(band)) {
        bands.pop();
    }
    Some((bands.first()?.0, bands.last()?.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crop(width: usize, ink: f32, paper: f32, is: impl Fn(usize, usize) -> bool) -> Crop {
        let level = |i: usize| if is(i % width, i / width) { ink } else { paper };
        Crop { width, levels: (0..width * HEIGHT).map(level).collect() }
    }

    /// Two words of 20 columns, 10 apart.
    fn words(x: usize, y: usize) -> bool {
        ((10..30).contains(&x) || (40..60).contains(&x)) && (12..36).contains(&y)
    }

    #[test]
    fn ink_is_found_dark_on_light_and_light_on_dark() {
        for (ink, paper) in [(20.0, 230.0), (230.0, 20.0)] {
            let ink = Ink::of(&crop(100, ink, paper, words));
            assert_eq!(ink.bounds(0.0, 35.0), Some([10.0, 12.0, 30.0, 36.0]));
            assert_eq!(ink.gap(20.0, 50.0), Some(35.0));
            assert_eq!(ink.gap(12.0, 28.0), None);
            assert_eq!(ink.bounds(70.0, 100.0), None);
        }
    }

    #[test]
    fn a_ruling_line_is_no_ink() {
        let ruled = |x: usize, y: usize| words(x, y) || (40..43).contains(&y) && x > 5;
        let ink = Ink::of(&crop(100, 0.0, 255.0, ruled));
        assert_eq!(ink.bounds(0.0, 35.0), Some([10.0, 12.0, 30.0, 36.0]));
        assert_eq!(ink.gap(20.0, 50.0), Some(35.0));
    }

    #[test]
    fn what_strays_in_from_other_lines_is_left_out() {
        let stray = |x: usize, y: usize| words(x, y) || y < 4 && x == 15 || y > 44 && x == 20;
        let ink = Ink::of(&crop(100, 0.0, 255.0, stray));
        assert_eq!(ink.bounds(0.0, 35.0), Some([10.0, 12.0, 30.0, 36.0]));
        // Letters cut by the edge stay.
        let cut = Ink::of(&crop(100, 0.0, 255.0, |x, y| (10..30).contains(&x) && y < 30));
        assert_eq!(cut.bounds(0.0, 100.0), Some([10.0, 0.0, 30.0, 30.0]));
    }
}
