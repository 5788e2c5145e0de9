//! What kind of picture it is.
//!
//! Some thirty numbers about the pixels ([`marks`]) go to a forest of decision trees, which
//! `scripts/picture_model.py` grows; docs/enrichment.md says of what, and how often it is right. It
//! knows the classes that pixels tell apart; everything else is `other`.

mod forest;
mod marks;
mod shapes;

pub(crate) use marks::of as marks;

use crate::document::{PictureClass, ScannedCode};
use crate::picture::PageImage;

/// Class of what is none of the others, or cannot be told.
pub(crate) const OTHER: &str = "other";
/// Codes of squares; docling-core has one class for them, and one for those of bars.
const SQUARE: [&str; 4] = ["qr_code", "micro_qr_code", "data_matrix", "aztec"];
/// Guesses that are less probable are `other`, which then is more probable than they are.
const SURE: f32 = 0.5;
/// Classes that are less probable are not worth a line.
const LEAST: f32 = 0.05;

/// The classes a picture may be of, by docling-core's names, the most probable first. Where none is
/// probable enough, `other` is the first. A code for machines that was read leaves no doubt.
pub(crate) fn classify(picture: &PageImage, codes: &[ScannedCode]) -> Vec<PictureClass> {
    if let Some(code) = codes.first() {
        let name = if SQUARE.contains(&code.format.as_str()) { "qr_code" } else { "bar_code" };
        return vec![PictureClass { name: name.to_owned(), confidence: 1.0 }];
    }
    let Some(marks) = marks(picture) else {
        return vec![PictureClass { name: OTHER.to_owned(), confidence: 1.0 }];
    };
    let votes = forest::votes(&marks);
    let round = |p: f32| (p * 1e3).round() / 1e3;
    let mut classes: Vec<PictureClass> = votes
        .iter()
        .filter(|(_, share)| *share >= LEAST)
        .map(|(name, share)| PictureClass { name: (*name).to_owned(), confidence: round(*share) })
        .collect();
    classes.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then(a.name.cmp(&b.name)));
    // Readers take the most probable for the picture's class.
    let unsure = classes.first().is_none_or(|best| best.name != OTHER && best.confidence < SURE);
    if unsure {
        // What speaks for no class strongly speaks for none of them.
        let rest = 1.0 - classes.first().map_or(0.0, |best| best.confidence);
        classes.retain(|class| class.name != OTHER);
        classes.insert(0, PictureClass { name: OTHER.to_owned(), confidence: round(rest) });
    }
    classes
}
