//! Columns that lean: a photographed or badly fed page has its margins aslant even where its
//! lines are straight.

use super::order::Atom;
use crate::geometry::{Rect, RectExt, rect};

/// Margins lean by no more than this many points to the side for each point down: 4.5°.
const MOST: f32 = 0.08;
/// Step of the search.
const STEP: f32 = 0.005;
/// A leaning page must be this much sharper upright than as it is.
const CLEARLY: f32 = 1.08;
/// Width of the bins of the profile, in ems.
const BIN: f32 = 0.5;
/// Fewer pieces of text than this do not tell.
const LEAST: usize = 20;

/// How far the columns lean: points to the right for each point down; 0 when they stand upright.
///
/// As with skew (Postl 1986), the right shear is the one whose profile is sharpest, here the
/// profile of ink over x: margins and gutters make it fall and rise steeply.
pub(super) fn lean(atoms: &[Atom], em: f32) -> f32 {
    let text: Vec<&Rect<_>> = atoms.iter().filter(|a| a.is_text).map(|a| &a.rect).collect();
    if text.len() < LEAST {
        return 0.0;
    }
    let steps = (MOST / STEP).round() as i32;
    let upright = sharpness(&text, 0.0, em);
    let (best, score) = (-steps..=steps)
        .map(|n| n as f32 * STEP)
        .map(|k| (k, sharpness(&text, k, em)))
        .fold((0.0, upright), |a, b| if b.1 > a.1 { b } else { a });
    if score > CLEARLY * upright { best } else { 0.0 }
}

/// Sum of the squared differences between neighbouring bins of the profile.
fn sharpness<U>(text: &[&Rect<U>], k: f32, em: f32) -> f32 {
    let moved =
        || text.iter().map(|r| (r.min.x - k * r.mid_y(), r.max.x - k * r.mid_y(), r.height()));
    let left = moved().map(|m| m.0).fold(f32::MAX, f32::min);
    let right = moved().map(|m| m.1).fold(f32::MIN, f32::max);
    let bins = ((right - left) / (BIN * em)).ceil().clamp(1.0, 10_000.0) as usize;
    let mut profile = vec![0.0f32; bins + 2];
    for (l, r, height) in moved() {
        let (from, to) = (((l - left) / (BIN * em)) as usize, ((r - left) / (BIN * em)) as usize);
        for bin in &mut profile[from.min(bins)..=to.min(bins)] {
            *bin += height;
        }
    }
    profile.windows(2).map(|w| (w[1] - w[0]).powi(2)).sum()
}

/// The atoms as they stand when the columns are put upright.
pub(super) fn upright(atoms: &[Atom], lean: f32) -> Vec<Atom> {
    let shift = |a: &Atom| {
        let (r, d) = (&a.rect, lean * a.rect.mid_y());
        Atom { rect: rect(r.min.x - d, r.min.y, r.max.x - d, r.max.y), is_text: a.is_text }
    };
    atoms.iter().map(shift).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(left: f32, slant: f32) -> Vec<Atom> {
        (0..30)
            .map(|i| {
                let y = 100.0 + 12.0 * i as f32;
                let x = left + slant * y;
                Atom { rect: rect(x, y, x + 200.0 - (i % 3) as f32 * 8.0, y + 10.0), is_text: true }
            })
            .collect()
    }

    #[test]
    fn leaning_columns_are_put_upright() {
        let mut atoms = column(50.0, 0.03);
        atoms.extend(column(270.0, 0.03));
        assert!((lean(&atoms, 10.0) - 0.03).abs() <= 0.006, "{}", lean(&atoms, 10.0));
        let upright = upright(&atoms, 0.03);
        assert!((upright[0].rect.min.x - upright[29].rect.min.x).abs() < 0.5);
    }

    #[test]
    fn upright_columns_stay() {
        let mut atoms = column(50.0, 0.0);
        atoms.extend(column(270.0, 0.0));
        assert_eq!(lean(&atoms, 10.0), 0.0);
    }
}
