//! Whether characters are set below each other.

use crate::geometry::{Px, Rect, RectExt};

/// Characters looked at; more do not tell more.
const MOST: usize = 400;
/// Fewer than this do not tell.
const LEAST: usize = 40;
/// So many more characters than not must have their neighbour below: characters of several parts
/// have some of them beside each other in either direction.
const CLEARLY: usize = 2;

/// Whether most characters stand closer to the next one below than to the next one beside them,
/// as in Chinese and Japanese set in columns.
pub(super) fn run_down(letters: &[Rect<Px>]) -> bool {
    if letters.len() < LEAST {
        return false;
    }
    let (mut below, mut beside) = (0, 0);
    for letter in letters.iter().step_by(letters.len().div_ceil(MOST)) {
        let nearest = |gap: &dyn Fn(&Rect<Px>) -> Option<f32>| {
            letters.iter().filter_map(gap).min_by(f32::total_cmp)
        };
        let right = nearest(&|other| {
            let gap = other.min.x - letter.max.x;
            (gap >= 0.0 && letter.overlap_y(other) > 0.0).then_some(gap)
        });
        let down = nearest(&|other| {
            let gap = other.min.y - letter.max.y;
            (gap >= 0.0 && letter.overlap_x(other) > 0.0).then_some(gap)
        });
        match (down, right) {
            (Some(down), Some(right)) if down < right => below += 1,
            (Some(_), Some(_)) => beside += 1,
            _ => {}
        }
    }
    below > CLEARLY * beside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::rect;

    /// Characters 40 wide and high in a grid.
    fn grid(across: f32, down: f32) -> Vec<Rect<Px>> {
        (0..100)
            .map(|i| {
                let (x, y) = ((i % 10) as f32 * across, (i / 10) as f32 * down);
                rect(x, y, x + 40.0, y + 40.0)
            })
            .collect()
    }

    #[test]
    fn columns_run_down_and_lines_do_not() {
        assert!(run_down(&grid(84.0, 48.0)));
        assert!(!run_down(&grid(48.0, 84.0)));
        assert!(!run_down(&grid(84.0, 48.0)[..20]));
    }
}
