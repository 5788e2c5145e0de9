//! The ink of an image, and which parts of it could be letters.

use image::GrayImage;

use crate::geometry::{Px, Rect};
use crate::preprocess;
use crate::segment::{self, Component};

/// Masks for analysis have about this many dots an inch.
const MASK_PPI: f32 = 150.0;
/// A mask with more components than this may be noise: looked at closely.
const MANY_COMPONENTS: usize = 12_000;
/// So may one with more ink than this share. (Full pages of text have a fifth.)
const MUCH_INK: f32 = 0.3;

/// The ink of an image, and its parts.
#[derive(Debug)]
pub(super) struct Ink {
    pub(super) mask: GrayImage,
    pub(super) parts: Vec<Component>,
}

impl Ink {
    pub(super) fn of(image: &GrayImage, ppi: f32) -> Self {
        let mask = preprocess::mask(image, ppi, mask_factor(ppi));
        let parts = segment::components(&mask);
        Self { mask, parts }
    }

    /// Whether there is more of it than on pages of text.
    pub(super) fn is_crowded(&self) -> bool {
        let ink: u64 = self.parts.iter().map(|p| u64::from(p.area)).sum();
        ink as f32 > MUCH_INK * self.mask.as_raw().len() as f32
            || self.parts.len() > MANY_COMPONENTS
    }
}

pub(super) fn mask_factor(ppi: f32) -> u32 {
    ((ppi / MASK_PPI).round() as u32).max(1)
}

/// The boxes of components that could be letters, or words whose letters touch.
pub(super) fn letters(parts: &[Component], text_height: Option<f32>) -> Vec<Rect<Px>> {
    let Some(text) = text_height else { return Vec::new() };
    parts.iter().filter(|p| is_letter(p, text)).map(Component::rect).collect()
}

pub(super) fn is_letter(p: &Component, text: f32) -> bool {
    let (short, long) = (p.width().min(p.height()) as f32, p.width().max(p.height()) as f32);
    (0.4 * text..2.5 * text).contains(&short) && long < 15.0 * text
}

/// The boxes of components that could be letters, and those of all other ink.
pub(super) fn parted(parts: &[Component], text: f32) -> (Vec<Rect<Px>>, Vec<Rect<Px>>) {
    let (letters, others): (Vec<&Component>, Vec<&Component>) =
        parts.iter().partition(|p| is_letter(p, text));
    let rects = |parts: Vec<&Component>| parts.into_iter().map(Component::rect).collect();
    (rects(letters), rects(others))
}
