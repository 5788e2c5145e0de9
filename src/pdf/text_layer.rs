//! The words of a text layer, with what speaks for or against trusting them.

use super::ffi::Mark;
use super::hidden::Counts;
use crate::document::Word;
use crate::page::Glyph;

/// Whether a word is seen, by how it is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sight {
    #[default]
    Plain,
    /// The page's pixels have to tell.
    Doubtful,
    /// It is not, and was counted.
    Hidden,
}

/// Words of a text layer and what speaks for or against trusting them.
#[derive(Debug, Default)]
pub(super) struct TextLayer {
    pub(super) words: Vec<Word>,
    /// For each word, how its content is marked.
    pub(super) marks: Vec<Mark>,
    /// Characters that are not white space.
    pub(super) chars: usize,
    /// Of these, the ones without a usable Unicode value.
    pub(super) unmapped: usize,
    /// Every glyph, where they are asked for.
    pub(super) glyphs: Vec<Glyph>,
    /// For each word, what its setting says of whether it is seen.
    pub(super) sight: Vec<Sight>,
    /// Words that nobody sees, for certain.
    pub(super) hidden: Counts,
    /// Whether the page has more words, or more glyphs, than are taken.
    pub(super) cut: bool,
}

impl TextLayer {
    /// Drops the words for which `keep` is false, with everything that goes with them.
    pub(super) fn retain(&mut self, keep: &[bool]) {
        renumber(&mut self.glyphs, keep);
        let dropped = self.words.iter().zip(keep).filter(|(_, keep)| !**keep);
        let chars: usize = dropped.map(|(word, _)| word.text.chars().count()).sum();
        self.chars = self.chars.saturating_sub(chars);
        retain(&mut self.words, keep);
        retain(&mut self.marks, keep);
        retain(&mut self.sight, keep);
    }
}

fn retain<T>(values: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    values.retain(|_| keep.next().copied().unwrap_or(true));
}

/// Drops the glyphs of words that are not kept, and numbers the others' words anew.
fn renumber(glyphs: &mut Vec<Glyph>, keep: &[bool]) {
    if glyphs.is_empty() {
        return;
    }
    let mut next = 0u32;
    let numbers: Vec<Option<u32>> = keep
        .iter()
        .map(|keep| {
            let kept = keep.then_some(next);
            next += u32::from(kept.is_some());
            kept
        })
        .collect();
    glyphs.retain_mut(|glyph| match glyph.word {
        None => true,
        Some(word) => {
            glyph.word = numbers.get(word as usize).copied().flatten();
            glyph.word.is_some()
        }
    });
}
