//! Whether letters stand on their feet.

use crate::geometry::{Px, Rect, RectExt};

/// Neighbours in a line are no farther apart than this share of their height.
const GAP: f32 = 0.6;
/// Edges that differ by less than this share of the height are level.
const LEVEL: f32 = 0.08;
/// With fewer pairs of neighbours nothing is told.
const LEAST_PAIRS: usize = 150;
/// Pairs that are level at the feet alone must be this many times those level at the heads alone.
/// Nine of ten upright pages pass (Hebrew and Arabic, which stand on a line, among them); of pages on their heads, a few in Greek do.
const CLEAR: f32 = 1.5;

/// Whether neighbouring letters are level at their feet alone more often than at their heads alone,
/// as they are in print of small letters: more of them have ascenders than descenders. Turned by
/// 180 degrees, heads win. `false` where it cannot be told. Skew does not matter.
///
/// (Ascenders against descenders tell the way up: Caprari 2000, Bloomberg's `flipdetect`.)
pub(crate) fn stands_upright(letters: &[Rect<Px>]) -> bool {
    let (feet, heads, pairs) = level_pairs(letters);
    pairs >= LEAST_PAIRS && feet as f32 > CLEAR * heads as f32
}

/// Of pairs of neighbours in lines: how many are level at the feet alone, at the heads alone, and
/// how many there are.
fn level_pairs(letters: &[Rect<Px>]) -> (usize, usize, usize) {
    let mut sorted: Vec<&Rect<Px>> = letters.iter().collect();
    sorted.sort_by(|a, b| a.min.x.total_cmp(&b.min.x));
    let (mut feet, mut heads, mut pairs) = (0, 0, 0);
    for (i, letter) in sorted.iter().enumerate() {
        let height = letter.height();
        let next = sorted[i + 1..]
            .iter()
            .take_while(|other| other.min.x < letter.max.x + GAP * height)
            .find(|other| {
                let shared = letter.overlap_y(other);
                other.min.x >= letter.center().x && shared > 0.5 * height.min(other.height())
            });
        let Some(next) = next else { continue };
        let close = LEVEL * height.max(next.height());
        let foot = (letter.max.y - next.max.y).abs() <= close;
        let head = (letter.min.y - next.min.y).abs() <= close;
        pairs += 1;
        feet += usize::from(foot && !head);
        heads += usize::from(head && !foot);
    }
    (feet, heads, pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::rect;

    /// Lines of letters: of ten, four reach above the others and one below; skewed a little.
    fn letters(turned: bool) -> Vec<Rect<Px>> {
        let at = |i: usize| {
            let (column, row) = ((i % 40) as f32, (i / 40) as f32);
            let top = if [1, 4, 5, 8].contains(&(i % 10)) { -8.0 } else { 0.0 };
            let bottom = if i % 10 == 7 { 26.0 } else { 20.0 };
            let (x, y) = (100.0 + column * 20.0, 100.0 + row * 50.0 + column * 0.3);
            rect(x, y + top, x + 14.0, y + bottom)
        };
        let page: Vec<Rect<Px>> = (0..400).map(at).collect();
        if !turned {
            return page;
        }
        let turn = |r: &Rect<Px>| {
            rect(1000.0 - r.max.x, 800.0 - r.max.y, 1000.0 - r.min.x, 800.0 - r.min.y)
        };
        page.iter().map(turn).collect()
    }

    #[test]
    fn ascenders_tell_the_way_up() {
        assert!(stands_upright(&letters(false)));
        assert!(!stands_upright(&letters(true)));
    }

    #[test]
    fn capitals_and_few_letters_tell_nothing() {
        let same: Vec<Rect<Px>> =
            (0..400).map(|i| rect(i as f32 * 20.0, 0.0, i as f32 * 20.0 + 14.0, 20.0)).collect();
        assert!(!stands_upright(&same));
        assert!(!stands_upright(&letters(false)[..80]));
        assert!(!stands_upright(&[]));
    }
}
