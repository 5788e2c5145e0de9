//! From a model's scores for each step along a line to characters (Graves et al. 2006).

use std::collections::HashSet;

/// The characters that a model tells apart.
#[derive(Clone, Debug)]
pub(super) struct Dictionary {
    characters: Vec<String>,
    single: HashSet<char>,
}

/// A character that was read, and where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Glyph<'a> {
    pub(super) text: &'a str,
    /// The middle of the steps at which it was seen, as a share of all steps: 0 to 1.
    pub(super) at: f32,
    /// 0 to 1.
    pub(super) confidence: f32,
}

impl Dictionary {
    /// The characters in the order of the model's classes, which begin with none and mostly end with
    /// the space, both not named.
    pub(super) fn new<'a>(characters: impl IntoIterator<Item = &'a str>) -> Self {
        let characters: Vec<String> =
            characters.into_iter().map(|c| c.trim_end_matches('\r').to_owned()).collect();
        let single = characters.iter().filter_map(|text| {
            let mut all = text.chars();
            all.next().filter(|_| all.next().is_none())
        });
        Self { single: single.collect(), characters }
    }

    /// Whether a character is among them.
    pub(super) fn has(&self, c: char) -> bool {
        self.single.contains(&c)
    }

    /// Whether a model of so many classes can mean these characters.
    pub(super) fn fits(&self, classes: usize) -> bool {
        classes == self.characters.len() + 1 || classes == self.characters.len() + 2
    }

    pub(super) fn len(&self) -> usize {
        self.characters.len()
    }

    fn text(&self, class: usize) -> &str {
        self.characters.get(class.wrapping_sub(1)).map_or(" ", String::as_str)
    }

    /// Of each class, whether it means a letter for which `expected` does not hold. Those of the Latin
    /// alphabet are expected everywhere.
    pub(super) fn foreign(&self, expected: &dyn Fn(char) -> bool) -> Vec<bool> {
        let is_foreign = |c: char| c.is_alphabetic() && !c.is_ascii() && !expected(c);
        let of = |text: &String| text.chars().any(is_foreign);
        std::iter::once(false).chain(self.characters.iter().map(of)).collect()
    }

    /// The characters of a line: `scores` has a row of `classes` probabilities for each step. At each
    /// step the likeliest class counts; the same one at steps in a row is one character, and class 0
    /// is none. Characters that are [`foreign`](Self::foreign) are less likely than their scores.
    pub(super) fn decode(
        &self,
        scores: &[f32],
        classes: usize,
        foreign: &[bool],
    ) -> Vec<Glyph<'_>> {
        let rows = || scores.chunks_exact(classes.max(1));
        let mut steps: Vec<(usize, f32)> = rows().map(likeliest).collect();
        let is_foreign = |class: usize| foreign.get(class).copied().unwrap_or(false);
        let mut at = 0;
        for run in steps.chunk_by_mut(|a, b| a.0 == b.0) {
            if is_foreign(run[0].0) {
                own(run, rows().skip(at), &is_foreign);
            }
            at += run.len();
        }
        let mut glyphs = Vec::new();
        let mut first = 0;
        for run in steps.chunk_by(|a, b| a.0 == b.0) {
            let end = first + run.len();
            if run[0].0 != 0 {
                let best = run.iter().map(|(_, score)| *score).fold(0.0, f32::max);
                glyphs.push(Glyph {
                    text: self.text(run[0].0),
                    at: 0.5 * (first + end) as f32 / steps.len() as f32,
                    confidence: best.clamp(0.0, 1.0),
                });
            }
            first = end;
        }
        glyphs
    }
}

/// By how much less likely a letter is that the language of a page is not written with. Names and quotations
/// have one in some thousand letters; the models, which know all languages at once, see them in specks
/// above letters, too.
const FOREIGN: f32 = 0.05;

/// Puts the likeliest character that is not foreign in the place of one that is, at all of its steps,
/// where it is likelier once the foreign one is taken for what it is worth. That there is something
/// is not in doubt: class 0 does not take part.
fn own<'a>(
    run: &mut [(usize, f32)],
    rows: impl Iterator<Item = &'a [f32]> + Clone,
    is_foreign: &dyn Fn(usize) -> bool,
) {
    let score = run.iter().map(|(_, score)| *score).fold(0.0, f32::max);
    let mut best = (0, FOREIGN * score);
    for row in rows.clone().take(run.len()) {
        for (class, &score) in row.iter().enumerate().skip(1) {
            if score > best.1 && !is_foreign(class) {
                best = (class, score);
            }
        }
    }
    if best.0 != 0 {
        for (step, row) in run.iter_mut().zip(rows) {
            *step = (best.0, row[best.0]);
        }
    }
}

/// The first of the largest scores.
fn likeliest(row: &[f32]) -> (usize, f32) {
    // In two passes, of which the processor does several numbers at once.
    let most = row.iter().copied().fold(f32::MIN, f32::max);
    (row.iter().position(|score| *score == most).unwrap_or(0), most)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of scores where one class has 0.9.
    fn step(class: usize) -> [f32; 4] {
        let mut row = [0.02; 4];
        row[class] = 0.9;
        row
    }

    fn read(classes: &[usize]) -> (String, Vec<f32>) {
        let dictionary = Dictionary::new(["a", "b"]);
        assert!(dictionary.fits(4) && dictionary.fits(3) && !dictionary.fits(5));
        let scores: Vec<f32> = classes.iter().flat_map(|&c| step(c)).collect();
        let glyphs = dictionary.decode(&scores, 4, &[]);
        assert!(glyphs.iter().all(|g| g.confidence == 0.9));
        (glyphs.iter().map(|g| g.text).collect(), glyphs.iter().map(|g| g.at).collect())
    }

    #[test]
    fn repeated_steps_are_one_character_unless_nothing_is_between() {
        assert_eq!(read(&[0, 1, 1, 0, 1, 2, 2, 0]).0, "aab");
        assert_eq!(read(&[0, 0]).0, "");
        assert_eq!(read(&[]).0, "");
        assert_eq!(read(&[1, 3, 2]).0, "a b");
    }

    #[test]
    fn characters_stand_in_the_middle_of_their_steps() {
        assert_eq!(read(&[1, 1, 0, 2]).1, [0.25, 0.875]);
    }

    #[test]
    fn a_letter_foreign_to_the_language_has_to_be_much_likelier() {
        let dictionary = Dictionary::new(["g", "ġ", "-"]);
        let foreign = dictionary.foreign(&|_| false);
        assert_eq!(foreign, [false, false, true, false]);
        let read = |scores: &[f32]| -> String {
            dictionary.decode(scores, 4, &foreign).iter().map(|g| g.text).collect()
        };
        assert_eq!(read(&[0.01, 0.1, 0.8, 0.0]), "g");
        assert_eq!(read(&[0.01, 0.02, 0.95, 0.0]), "ġ");
        assert!(dictionary.foreign(&|c| c == 'ġ').iter().all(|foreign| !foreign));
    }

    #[test]
    fn a_foreign_letter_is_judged_once_for_all_of_its_steps() {
        let dictionary = Dictionary::new(["e", "é", "-"]);
        let foreign = dictionary.foreign(&|_| false);
        let read = |scores: &[f32]| -> String {
            dictionary.decode(scores, 4, &foreign).iter().map(|g| g.text).collect()
        };
        // Once surely, once less so.
        assert_eq!(read(&[0.0, 0.01, 0.97, 0.0, 0.0, 0.15, 0.8, 0.0]), "e");
        assert_eq!(read(&[0.0, 0.01, 0.97, 0.0, 0.0, 0.02, 0.95, 0.0]), "é");
        // It and its own letter are one, as nothing is between them.
        assert_eq!(read(&[0.0, 0.1, 0.8, 0.0, 0.0, 0.9, 0.1, 0.0]), "e");
        // Something is there.
        assert_eq!(read(&[0.06, 0.005, 0.93, 0.0]), "é");
    }

    #[test]
    fn only_single_characters_count_as_known() {
        let dictionary = Dictionary::new(["a", "ss", "é\r"]);
        assert!(dictionary.has('a') && dictionary.has('é') && !dictionary.has('s'));
    }
}
