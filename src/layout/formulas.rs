//! Formulas set apart from the text: lines of signs, letters and numbers, set in on both sides.

use super::lines::Line;
use super::text::line_text;
use crate::document::Word;
use crate::geometry::{Pt, Rect};

/// A formula stands this many ems inside of its column, on both sides, its number not counted.
const SET_IN: f32 = 1.5;
/// A column narrower than this many ems has no room to tell.
const LEAST_COLUMN: f32 = 15.0;
/// At least this share of its pieces are no words.
const MOST_SIGNS: f32 = 0.7;
/// Gap before the number of a formula, in ems.
const NUMBER_GAP: f32 = 1.5;

/// Signs that relate two sides or gather terms: what makes a line of letters and numbers a formula.
pub(super) const RELATIONS: &str = "=≠≡≈≃≅∼≤≥≪≫∝∈∉⊂⊆→⇒⇔↦∑∏∫∮√∂∇±";
/// Signs that stand between letters and numbers in a formula.
pub(super) const OPERATORS: &str = "+−*/×÷·∘⊗⊕^_<>|∞∀∃∪∩∧∨¬′∗";

/// A piece of a formula has no more letters in a row of ordinary type.
const MOST_LETTERS: usize = 3;
/// What no formula has, but program text, prices and labels have.
const NO_FORMULA: &str = "$%\"“”#@\\&?:;";

/// Whether a line looks like (a part of) a formula set apart in its column.
pub(super) fn is_displayed(line: &Line, column: &Rect<Pt>, words: &[Word]) -> bool {
    let em = line.size.max(1.0);
    if column.width() < LEAST_COLUMN * em || line.style.mono {
        return false;
    }
    let body = without_number(line, words);
    let (Some(&first), Some(&last)) = (body.first(), body.last()) else { return false };
    let left = words[first as usize].rect.min.x - column.min.x;
    let right = column.max.x - words[last as usize].rect.max.x;
    left >= SET_IN * em && right >= SET_IN * em && is_mathematical(body, words)
}

/// Whether lines that are displayed are a formula as a whole: they relate something to something.
pub(super) fn is_formula(lines: &[Line], column: &Rect<Pt>, words: &[Word]) -> bool {
    /// Letters and digits of the shortest formula: less is a dash between marks.
    const LEAST: usize = 3;
    let text: String = lines.iter().map(|l| line_text(&l.words, words)).collect();
    text.chars().filter(|c| c.is_alphanumeric()).count() >= LEAST
        && lines.iter().all(|l| is_displayed(l, column, words))
        && lines.iter().any(|l| {
            l.words.len() > 2 && line_text(&l.words, words).contains(|c| RELATIONS.contains(c))
        })
}

/// The words of a line without the number of the formula at its right: "(2.1)".
fn without_number<'a>(line: &'a Line, words: &[Word]) -> &'a [u32] {
    let [body @ .., before, last] = line.words.as_slice() else { return &line.words };
    let (a, b) = (&words[*before as usize], &words[*last as usize]);
    let numbered = b.text.starts_with('(')
        && b.text.ends_with(')')
        && b.text.chars().any(|c| c.is_ascii_digit())
        && b.rect.min.x - a.rect.max.x > NUMBER_GAP * line.size;
    if numbered { &line.words[..=body.len()] } else { &line.words }
}

fn is_mathematical(indices: &[u32], words: &[Word]) -> bool {
    let (mut signs, mut all, mut telling) = (0usize, 0usize, false);
    for &i in indices {
        let word = &words[i as usize];
        all += 1;
        let letters =
            word.text.chars().filter(|c| c.is_alphabetic() && !is_math_letter(*c)).count();
        let set_as_math = word.style.font.as_deref().is_some_and(is_math_font);
        let is_name = set_as_math || is_function(&word.text);
        // Prose, commands and labels hold words, quotes and prompts; formulas hold few letters at a time.
        if letters > MOST_LETTERS && !is_name || word.text.contains(|c| NO_FORMULA.contains(c)) {
            return false;
        }
        let has_sign = word.text.contains(|c: char| {
            RELATIONS.contains(c) || OPERATORS.contains(c) || ('\u{370}'..'\u{400}').contains(&c)
        });
        telling |= word.text.contains(|c| RELATIONS.contains(c) || OPERATORS.contains(c))
            || set_as_math && letters > 0;
        let is_sign =
            letters <= 2 && !word.text.chars().any(super::text::is_unspaced) || has_sign || is_name;
        signs += usize::from(is_sign);
    }
    telling && signs as f32 >= MOST_SIGNS * all as f32
}

/// Letters of the block of mathematical alphabets.
pub(super) fn is_math_letter(c: char) -> bool {
    ('\u{1D400}'..='\u{1D7FF}').contains(&c)
}

/// Fonts of mathematics: TeX's, and those that say so.
pub(super) fn is_math_font(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["cmmi", "cmsy", "cmex", "msam", "msbm", "math"].iter().any(|part| lower.contains(part))
}

/// TeX's fonts of large signs.
pub(super) fn is_large_sign_font(name: &str) -> bool {
    let lower = name.to_lowercase();
    lower.contains("cmex") || lower.contains("mathextension")
}

/// Names of functions, set like words.
pub(super) fn is_function(text: &str) -> bool {
    let name = text.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    matches!(
        name,
        "sin"
            | "cos"
            | "tan"
            | "log"
            | "ln"
            | "exp"
            | "lim"
            | "max"
            | "min"
            | "arg"
            | "det"
            | "mod"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::rect;
    use crate::layout::testing::{line, word};

    fn displayed(words: &[Word]) -> bool {
        let indices = (0..words.len() as u32).collect();
        let line = Line::new(indices, words).unwrap();
        is_formula(&[line], &rect(50.0, 0.0, 350.0, 800.0), words)
    }

    #[test]
    fn a_formula_is_set_in_and_relates() {
        assert!(displayed(&line("E = m c²", 150.0, 100.0)));
        let mut numbered = line("f(x) = a x + b", 150.0, 100.0);
        numbered.push(word("(2.1)", 325.0, 100.0, 350.0));
        assert!(displayed(&numbered));
        // At the margin, without relation, words, numbers alone.
        assert!(!displayed(&line("E = m c²", 50.0, 100.0)));
        assert!(!displayed(&line("a + b", 150.0, 100.0)));
        assert!(!displayed(&line("Distance = speed times time", 120.0, 100.0)));
        assert!(!displayed(&line("magnification is 10 x 45 = 450x", 120.0, 100.0)));
        assert!(!displayed(&line("> Lst <- list(a=b, c=d)", 120.0, 100.0)));
        assert!(!displayed(&line("$ dd if=/dev/x | y", 120.0, 100.0)));
        assert!(!displayed(&line("12 34 56", 150.0, 100.0)));
    }
}
