//! Program text on scans: a recogniser tells no fonts, but the pitch of the letters shows.

use super::lines::Line;
use super::text::line_text;
use crate::document::{Word, WordOrigin};

/// Lines of a listing follow each other within this many ems.
const NEAR: f32 = 0.9;
/// A listing has at least so many lines, and words to measure.
const LEAST_LINES: usize = 2;
/// See [`LEAST_LINES`].
const LEAST_WORDS: usize = 5;
/// How far the widths of words may lie from a multiple of the pitch, as a share of the pitch
/// (root of the mean square). Proportional letters scatter by more than half of their width over a word.
const SCATTER: f32 = 0.33;
/// At least this share of the lines holds signs of program text: a typewriter is even as well.
const SIGNED: f32 = 0.4;

/// Marks the lines of listings as set in letters of one width. Only what was recognised is looked
/// at: text layers name their fonts.
pub(super) fn mark(lines: &mut [Line], words: &[Word]) {
    let read = |l: &Line| {
        l.words.iter().all(|&i| words[i as usize].origin != WordOrigin::TextLayer)
            && l.words.iter().all(|&i| words[i as usize].style.mono.is_none())
    };
    let mut start = 0;
    while start < lines.len() {
        let mut end = start + 1;
        while end < lines.len()
            && lines[end].rect.min.y - lines[end - 1].rect.max.y < NEAR * lines[end].size.max(1.0)
        {
            end += 1;
        }
        let block = &mut lines[start..end];
        if block.iter().all(read) && is_listing(block, words) {
            block.iter_mut().for_each(|l| l.style.mono = true);
        }
        start = end;
    }
}

fn is_listing(block: &[Line], words: &[Word]) -> bool {
    let signed = block.iter().filter(|l| has_signs(&line_text(&l.words, words))).count();
    block.len() >= LEAST_LINES
        && signed as f32 >= SIGNED * block.len() as f32
        && is_even(block.iter().flat_map(|l| &l.words).map(|&i| &words[i as usize]))
}

/// Whether a line holds what prose does not: brackets of calls, assignments, prompts, paths.
fn has_signs(text: &str) -> bool {
    text.contains(['{', '}', ';', '=', '$', '#', '\\', '_', '|', '~'])
        || text.contains("()")
        || text.contains("--")
        || text.contains("->")
        || text.split_whitespace().any(|w| w.starts_with('/') && w.len() > 2)
}

/// Whether words are as wide as their number of letters says: a line through their widths
/// (least squares) leaves little.
fn is_even<'a>(words: impl Iterator<Item = &'a Word>) -> bool {
    let points: Vec<(f32, f32)> = words
        .map(|w| (w.text.chars().count() as f32, w.rect.width()))
        .filter(|p| p.0 >= 2.0)
        .collect();
    let n = points.len() as f32;
    let longest = points.iter().map(|p| p.0).fold(0.0, f32::max);
    if points.len() < LEAST_WORDS || longest < 5.0 {
        return false;
    }
    let (sx, sy) = points.iter().fold((0.0, 0.0), |s, p| (s.0 + p.0, s.1 + p.1));
    let (mx, my) = (sx / n, sy / n);
    let (mut xx, mut xy) = (0.0, 0.0);
    for p in &points {
        xx += (p.0 - mx) * (p.0 - mx);
        xy += (p.0 - mx) * (p.1 - my);
    }
    if xx <= 0.0 || xy <= 0.0 {
        return false;
    }
    let pitch = xy / xx;
    let rest: f32 = points.iter().map(|p| (p.1 - my - pitch * (p.0 - mx)).powi(2)).sum();
    (rest / n).sqrt() <= SCATTER * pitch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::testing::line;

    /// Lines as a recogniser gives them, each letter as wide as `width` says.
    fn lines(texts: &[&str], width: &dyn Fn(char) -> f32) -> (Vec<Line>, Vec<Word>) {
        let (mut words, mut out) = (Vec::new(), Vec::new());
        for (n, text) in texts.iter().enumerate() {
            let mut row = line(text, 50.0, 100.0 + 12.0 * n as f32);
            let mut x = 50.0;
            for w in &mut row {
                let wide: f32 = w.text.chars().map(width).sum();
                (w.rect.min.x, w.rect.max.x) = (x, x + wide - 0.5);
                w.origin = WordOrigin::Ocr;
                x += wide + 5.0;
            }
            let from = words.len() as u32;
            words.extend(row);
            out.extend(Line::new((from..words.len() as u32).collect(), &words));
        }
        (out, words)
    }

    fn is_marked(texts: &[&str], width: &dyn Fn(char) -> f32) -> bool {
        let (mut lines, words) = lines(texts, width);
        mark(&mut lines, &words);
        lines.iter().all(|l| l.style.mono)
    }

    fn proportional(c: char) -> f32 {
        match c {
            'i' | 'l' | 'j' | 't' | 'f' | '(' | ')' | ';' | '.' | '=' => 2.8,
            'm' | 'w' | 'M' | 'W' => 8.0,
            c if c.is_uppercase() => 7.0,
            _ => 5.0,
        }
    }

    #[test]
    fn even_letters_and_signs_make_a_listing() {
        let code =
            ["fn main() {", "let lamp = Lamp::new(4);", "while lamp.fill() { wait(); }", "}"];
        assert!(is_marked(&code, &|_| 5.0));
        assert!(!is_marked(&code, &proportional), "letters of many widths");
        let typed = ["Dear Sir, we have received", "your letter of last month", "with thanks"];
        assert!(!is_marked(&typed, &|_| 5.0), "a letter from a typewriter");
    }
}
