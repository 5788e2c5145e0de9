//! Underlines: rules that belong to words, not to tables.

use crate::document::Word;
use crate::geometry::{Pt, Rect, RectExt};
use crate::page::Rule;

/// An underline runs through the lower part of its words' boxes, from this share of their height
/// above the bottom (descenders) ...
const ABOVE_BOTTOM: f32 = 0.45;
/// ... to this share below it: boxes from OCR may end at the baseline.
const BELOW_BOTTOM: f32 = 0.3;
/// An underline reaches beyond its words by no more than this share of their height.
const OVERHANG: f32 = 0.4;
/// Words cover at least this share of their underline.
const COVERED: f32 = 0.75;

/// The rules that are no underlines.
pub(in crate::layout) fn without_underlines(rules: &[Rule], words: &[Word]) -> Vec<Rule> {
    rules.iter().filter(|r| !(r.is_horizontal() && is_underline(&r.rect, words))).copied().collect()
}

fn is_underline(rule: &Rect<Pt>, words: &[Word]) -> bool {
    let y = rule.mid_y();
    let (mut left, mut right, mut covered, mut tall) = (f32::MAX, f32::MIN, 0.0f32, 0.0f32);
    for word in words {
        let r = &word.rect;
        let height = r.height();
        let near = y > r.max.y - ABOVE_BOTTOM * height && y < r.max.y + BELOW_BOTTOM * height;
        let shared = r.overlap_x(rule);
        if near && shared > 0.0 {
            left = left.min(r.min.x);
            right = right.max(r.max.x);
            tall = tall.max(height);
            // Word spaces are underlined too.
            covered += shared + OVERHANG * height;
        }
    }
    let hang = OVERHANG * tall;
    covered >= COVERED * rule.width() && rule.min.x >= left - hang && rule.max.x <= right + hang
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::rect;
    use crate::layout::testing::word;

    #[test]
    fn a_line_under_a_link_is_no_line_of_a_table() {
        // Words are as high as an em of 10 and stand on their bottom.
        let words = [word("https://a.example", 10.0, 0.0, 90.0), word("next", 95.0, 0.0, 120.0)];
        let bottom = words[0].rect.max.y;
        let under = Rule { rect: rect(10.0, bottom - 1.5, 90.0, bottom - 1.0) };
        let long = Rule { rect: rect(10.0, bottom - 1.5, 190.0, bottom - 1.0) };
        let below = Rule { rect: rect(10.0, bottom + 3.0, 90.0, bottom + 3.5) };
        assert_eq!(without_underlines(&[under, long, below], &words), [long, below]);
    }
}
