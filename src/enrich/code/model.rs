//! The fitted weights: `code.bin`, which `scripts/code_model.py` writes.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

/// Names of the classes, then of the marks, each as a length of four bytes and lines of text; then a
/// weight of four bits for each class (the biases), and for each class of each mark, two a byte, the
/// lower half first.
const FILE: &[u8] = include_bytes!("../code.bin");
/// What one step of a weight is worth: the script's.
const STEP: f32 = 0.2;
/// The weight that is written as 0.
const LEAST: i8 = -8;
/// The class of all that is none of docling-core's languages.
const NONE: &str = "unknown";

struct Model {
    classes: Vec<&'static str>,
    marks: HashMap<&'static str, usize>,
    weights: &'static [u8],
}

/// The most probable class and its probability; `None` where that is none of the languages.
pub(super) fn guess(marks: &BTreeSet<String>) -> Option<(&'static str, f32)> {
    static MODEL: OnceLock<Option<Model>> = OnceLock::new();
    let model = MODEL.get_or_init(|| Model::read(FILE)).as_ref()?;
    let rows: Vec<usize> =
        marks.iter().filter_map(|mark| model.marks.get(mark.as_str()).copied()).collect();
    if rows.is_empty() {
        return None;
    }
    let scores: Vec<f32> = (0..model.classes.len())
        .map(|class| {
            model.weight(0, class)
                + rows.iter().map(|row| model.weight(row + 1, class)).sum::<f32>()
        })
        .collect();
    let best = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]))?;
    let sum: f32 = scores.iter().map(|score| (score - scores[best]).exp()).sum();
    let name = *model.classes.get(best)?;
    (name != NONE).then_some((name, 1.0 / sum))
}

impl Model {
    fn read(file: &'static [u8]) -> Option<Self> {
        let (classes, rest) = names(file)?;
        let (marks, weights) = names(rest)?;
        let marks = marks.into_iter().enumerate().map(|(row, mark)| (mark, row)).collect();
        Some(Self { classes, marks, weights })
    }

    fn weight(&self, row: usize, class: usize) -> f32 {
        let at = row * self.classes.len() + class;
        let Some(byte) = self.weights.get(at / 2) else { return 0.0 };
        let half = if at.is_multiple_of(2) { byte & 15 } else { byte >> 4 };
        f32::from(half as i8 + LEAST) * STEP
    }
}

fn names(file: &'static [u8]) -> Option<(Vec<&'static str>, &'static [u8])> {
    let (length, rest) = file.split_first_chunk::<4>()?;
    let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    Some((std::str::from_utf8(text).ok()?.split('\n').collect(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_whole() {
        let model = Model::read(FILE).unwrap();
        assert!(model.classes.contains(&NONE) && model.classes.contains(&"Python"));
        let weights = (model.marks.len() + 1) * model.classes.len();
        assert_eq!(model.weights.len(), weights.div_ceil(2));
    }
}
