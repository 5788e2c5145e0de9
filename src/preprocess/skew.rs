//! How far a page is turned off the upright, by less than a few degrees.

use crate::geometry::{Px, Rect};

/// Angles looked at, to either side, in degrees.
const MOST: f32 = 5.0;
/// The first look goes in steps of this, the second in steps of [`FINE_STEP`] around the best.
const COARSE_STEP: f32 = 0.5;
const FINE_STEP: f32 = 0.1;
/// Letters looked at: enough for a page of small type, and quick.
const MOST_LETTERS: usize = 20_000;
/// Fewer letters have an angle too, but it says nothing.
const LEAST_LETTERS: usize = 60;
/// The best angle must be sharper than the middle one by this factor, or the page has no lines
/// whose angle could be told.
const CLEAR: f32 = 1.3;
/// Columns are sharper than rows by this factor where lines run down the page.
const SIDEWAYS: f32 = 1.5;

/// The skew of a page of letters in degrees, clockwise: positive where lines fall to the right.
/// `None` where it cannot be told. `letters` are the boxes of letters (or words).
///
/// Counts along slanted rows vary most at the angle of the text (Postl 1986); differences between
/// neighbouring rows are taken (Bloomberg 1995). What is counted is the lower edges of the
/// letters, not their ink: pictures and tables have no say.
pub(crate) fn find_skew(letters: &[Rect<Px>]) -> Option<f32> {
    let (degrees, sharpness) = sharpest(letters, |r| (r.center().x, r.max.y))?;
    (sharpness >= CLEAR).then_some(degrees)
}

/// Whether lines run from top to bottom rather than from left to right: the page lies on its side
/// (or is set in columns of characters).
pub(crate) fn lines_run_down(letters: &[Rect<Px>]) -> bool {
    let across = sharpest(letters, |r| (r.center().x, r.max.y));
    // The lower edge of a letter is on its left after a turn to the right.
    let right = sharpest(letters, |r| (r.center().y, r.min.x));
    let left = sharpest(letters, |r| (r.center().y, r.max.x));
    let of = |found: Option<(f32, f32)>| found.map_or(0.0, |(_, sharpness)| sharpness);
    let down = of(right).max(of(left));
    down >= CLEAR && down > SIDEWAYS * of(across)
}

/// The angle at which the points are sharpest, and how much sharper than at the middle angle.
fn sharpest(letters: &[Rect<Px>], point: impl Fn(&Rect<Px>) -> (f32, f32)) -> Option<(f32, f32)> {
    if letters.len() < LEAST_LETTERS {
        return None;
    }
    let step = letters.len().div_ceil(MOST_LETTERS);
    let points: Vec<(f32, f32)> = letters.iter().step_by(step).map(point).collect();
    let (left, right) =
        points.iter().fold((f32::MAX, f32::MIN), |(l, r), p| (l.min(p.0), r.max(p.0)));
    // Rows as high as a line may rise between one angle and the next: no peak falls in between.
    let coarse_row = ((right - left) * (COARSE_STEP / 2.0).to_radians().tan()).max(1.0);
    let fine_row = ((right - left) * (FINE_STEP / 2.0).to_radians().tan()).max(1.0);
    let mut bins = Vec::new();
    let mut score = |degrees: f32, row: f32| sharpness(&points, degrees, row, &mut bins);
    let steps = (MOST / COARSE_STEP) as i32;
    let mut coarse: Vec<(f32, f64)> = (-steps..=steps)
        .map(|i| i as f32 * COARSE_STEP)
        .map(|degrees| (degrees, score(degrees, coarse_row)))
        .collect();
    let (around, _) = coarse.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let fine = (COARSE_STEP / FINE_STEP) as i32;
    let (degrees, _) = (-fine..=fine)
        .map(|i| around + i as f32 * FINE_STEP)
        .map(|degrees| (degrees, score(degrees, fine_row)))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let best = score(degrees, coarse_row);
    coarse.sort_by(|a, b| a.1.total_cmp(&b.1));
    let middle = coarse[coarse.len() / 2].1.max(f64::MIN_POSITIVE);
    Some((degrees, (best / middle) as f32))
}

/// Sum of the squared differences between neighbouring slanted rows of a height.
fn sharpness(points: &[(f32, f32)], degrees: f32, height: f32, bins: &mut Vec<u32>) -> f64 {
    let slope = degrees.to_radians().tan();
    let rows = || points.iter().map(|&(x, y)| (y - x * slope) / height);
    let (low, high) = rows().fold((f32::MAX, f32::MIN), |(low, high), r| (low.min(r), high.max(r)));
    bins.clear();
    bins.resize((high - low).max(0.0) as usize + 3, 0);
    for row in rows() {
        bins[(row - low) as usize + 1] += 1;
    }
    bins.windows(2).map(|w| f64::from(w[0].abs_diff(w[1])).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::rect;

    /// Lines of words, every third with a descender, the page turned clockwise.
    fn page(degrees: f32) -> Vec<Rect<Px>> {
        let (sine, cosine) = degrees.to_radians().sin_cos();
        let mut letters = Vec::new();
        let mut random = 1_u32;
        for line in 0..40 {
            let mut x = 60.0;
            for _ in 0..12 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let wide = 30.0 + (random >> 26) as f32;
                let low = if (random >> 16).is_multiple_of(3) { 14.0 } else { 10.0 };
                let (left, top) = (x, 60.0 + line as f32 * 25.0);
                let (left, top) = (left * cosine - top * sine, left * sine + top * cosine);
                letters.push(rect(left, top, left + wide, top + low));
                x += wide + 15.0;
            }
        }
        letters
    }

    #[test]
    fn angles_are_found() {
        for want in [-3.3, -0.4, 0.0, 1.8, 4.0] {
            let found = find_skew(&page(want)).unwrap();
            assert!((found - want).abs() <= 0.15, "{want}: {found}");
        }
    }

    #[test]
    fn what_has_no_lines_has_no_skew() {
        let mut state = 1_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as f32 % 900.0
        };
        let scattered: Vec<Rect<Px>> = (0..2000)
            .map(|_| {
                let (x, y) = (random(), random());
                rect(x, y, x + 10.0, y + 10.0)
            })
            .collect();
        assert_eq!(find_skew(&scattered), None);
        assert!(!lines_run_down(&scattered));
        assert_eq!(find_skew(&page(0.0)[..20]), None);
    }

    #[test]
    fn a_page_on_its_side_is_known() {
        let upright = page(0.5);
        assert!(!lines_run_down(&upright));
        let right: Vec<Rect<Px>> = upright
            .iter()
            .map(|r| rect(2000.0 - r.max.y, r.min.x, 2000.0 - r.min.y, r.max.x))
            .collect();
        assert!(lines_run_down(&right));
        let left: Vec<Rect<Px>> = upright
            .iter()
            .map(|r| rect(r.min.y, 2000.0 - r.max.x, r.max.y, 2000.0 - r.min.x))
            .collect();
        assert!(lines_run_down(&left));
    }
}
