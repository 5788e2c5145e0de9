//! Figures: images and clusters of drawings, and the labels inside them.

use super::lines::segments;
use crate::document::Word;
use crate::geometry::{Pt, Rect, RectExt, Size};
use crate::page::{Placement, PlacementKind};

/// A figure is at least this many ems wide and high; smaller ones are icons and ornaments.
const MIN_SIDE: f32 = 3.0;
/// An image that covers more of the page than this lies behind the text.
const BACKGROUND: f32 = 0.7;
/// Parts of a drawing stand within this many ems of each other.
const NEAR: f32 = 1.0;
/// Labels have fewer words to the line than this (mean); text in a box has more.
const LABEL_WORDS: f32 = 4.5;

/// A figure and the words inside it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figure {
    pub(super) rect: Rect<Pt>,
    pub(super) words: Vec<u32>,
}

/// Finds the figures of a page. `free` are the words not yet in tables.
pub(super) fn find(
    placements: &[Placement],
    page: Size<Pt>,
    words: &[Word],
    free: &[u32],
    em: f32,
) -> Vec<Figure> {
    let area = page.width * page.height;
    let mut regions: Vec<(Rect<Pt>, bool)> = Vec::new();
    for placement in placements {
        let r = placement.rect;
        let image = match placement.kind {
            PlacementKind::Image => true,
            PlacementKind::Drawing => false,
            // The bars of a chart; a ground with text on it is none.
            PlacementKind::Fill if is_ground(&r, words, free) => continue,
            PlacementKind::Fill => false,
        };
        if r.width() * r.height() <= BACKGROUND * area {
            regions.push((r, image));
        }
    }
    merge(&mut regions, NEAR * em);
    regions.retain(|(r, _)| {
        r.width() >= MIN_SIDE * em
            && r.height() >= MIN_SIDE * em
            && r.width() * r.height() <= BACKGROUND * area
    });
    let mut taken = vec![false; words.len()];
    let mut out: Vec<Figure> = Vec::new();
    for (rect, _) in regions {
        let inside: Vec<u32> = free
            .iter()
            .copied()
            .filter(|&i| !taken[i as usize] && rect.contains(words[i as usize].rect.center()))
            .collect();
        if !inside.is_empty() && !are_labels(&inside, words) {
            // Text on a coloured or framed ground: the text counts, the ground does not.
            continue;
        }
        for &i in &inside {
            taken[i as usize] = true;
        }
        out.push(Figure { rect, words: inside });
    }
    out
}

/// Whether words stand on a filled area.
fn is_ground(r: &Rect<Pt>, words: &[Word], free: &[u32]) -> bool {
    free.iter().any(|&i| r.contains(words[i as usize].rect.center()))
}

/// Whether the words are the short labels of a drawing rather than running text.
fn are_labels(inside: &[u32], words: &[Word]) -> bool {
    let lines = segments(words, inside, &[]).len().max(1);
    (inside.len() as f32) < LABEL_WORDS * lines as f32
}

/// Joins regions that overlap or stand within `near` of each other.
fn merge(regions: &mut Vec<(Rect<Pt>, bool)>, near: f32) {
    /// Maps have thousands of paths; their boxes join quickly, but not in no time.
    const MAX_REGIONS: usize = 3000;
    regions.truncate(MAX_REGIONS);
    let mut i = 0;
    while i < regions.len() {
        let (r, image) = regions[i];
        let grown = r.inflate(near, near);
        // Images stay apart unless they overlap: two photos side by side are two figures.
        let other = (i + 1..regions.len()).find(|&j| {
            let (o, other_image) = regions[j];
            if image && other_image { r.intersects(&o) } else { grown.intersects(&o) }
        });
        match other {
            Some(j) => {
                let (o, other_image) = regions.swap_remove(j);
                regions[i] = (r.around(&o), image || other_image);
                // The grown region may now reach earlier ones.
                i = 0;
            }
            None => i += 1,
        }
    }
}
