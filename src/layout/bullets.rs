//! Bullets that a recogniser took for letters: `e`, `©`, `¢`, `«`.

use std::collections::BTreeMap;

use crate::document::Word;
use crate::geometry::RectExt;

/// What bullets are read as.
const READ_AS: [&str; 14] = ["e", "o", "c", "a", "©", "¢", "°", "@", "«", "»", "*", "+", "®", "e@"];
/// What a bullet is.
const BULLET: &str = "•";
/// The gap between a bullet and its text is at least this many ems: more than a word space.
const GAP: f32 = 0.42;
/// Bullets of a list stand below each other, within this many ems.
const FLUSH: f32 = 0.4;
/// Fewer may be words.
const LEAST: usize = 2;
/// Text may have this many more lines that begin where the bullets stand.
const OTHERS: usize = 2;

/// Puts bullets where several lines begin, at the same place, with what bullets are often read
/// as, set off from the text that follows.
pub(super) fn restore(words: &mut [Word], em: f32) {
    let mut lines: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (n, word) in words.iter().enumerate() {
        if let Some(line) = word.line {
            lines.entry(line).or_default().push(n);
        }
    }
    let (mut bullets, mut others): (Vec<usize>, Vec<f32>) = (Vec::new(), Vec::new());
    for line in lines.values_mut() {
        line.sort_by(|&a, &b| words[a].rect.min.x.total_cmp(&words[b].rect.min.x));
        let (first, next) = (line[0], line.get(1));
        let word = &words[first];
        let is_bullet = READ_AS.contains(&word.text.as_str())
            && word.rect.width() < em
            && next.is_some_and(|&n| words[n].rect.min.x - word.rect.max.x >= GAP * em);
        if is_bullet {
            bullets.push(first);
        } else {
            others.push(word.rect.min.x);
        }
    }
    let near = |a: f32, b: f32| (a - b).abs() <= FLUSH * em;
    let found: Vec<usize> = bullets
        .iter()
        .copied()
        .filter(|&n| {
            let x = words[n].rect.mid_x();
            let alike = bullets.iter().filter(|&&m| near(words[m].rect.mid_x(), x)).count();
            let left = words[n].rect.min.x;
            let beside = others.iter().filter(|&&o| near(o, left)).count();
            alike >= LEAST && beside <= OTHERS * alike
        })
        .collect();
    for n in found {
        BULLET.clone_into(&mut words[n].text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::testing::word;

    fn line(number: u32, mark: &str, gap: f32) -> [Word; 2] {
        let top = 20.0 * number as f32;
        let mut words = [word(mark, 50.0, top, 54.0), word("Text", 54.0 + gap, top, 90.0)];
        words.iter_mut().for_each(|w| w.line = Some(number));
        words
    }

    fn marks(words: &[Word]) -> Vec<&str> {
        words.iter().step_by(2).map(|w| w.text.as_str()).collect()
    }

    #[test]
    fn letters_below_each_other_before_a_gap_are_bullets() {
        let mut words = [line(0, "e", 8.0), line(1, "¢", 8.0), line(2, "e", 2.0)].concat();
        restore(&mut words, 10.0);
        assert_eq!(marks(&words), ["•", "•", "e"]);
    }

    #[test]
    fn one_letter_is_a_word() {
        let mut words = [line(0, "e", 8.0), line(1, "In", 8.0)].concat();
        restore(&mut words, 10.0);
        assert_eq!(marks(&words), ["e", "In"]);
    }
}
