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
        // What speaks for no class strongly speaks for none of them: the best guess stays beside it.
        classes.retain(|class| class.name != OTHER);
        classes.truncate(1);
        let rest = 1.0 - classes.first().map_or(0.0, |best| best.confidence);
        classes.insert(0, PictureClass { name: OTHER.to_owned(), confidence: round(rest) });
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Resolution;

    fn picture(color: impl Fn(u32, u32) -> [u8; 3]) -> PageImage {
        let pixels = image::RgbImage::from_fn(300, 200, |x, y| image::Rgb(color(x, y)));
        PageImage::new(0, Resolution(200.0), pixels)
    }

    #[test]
    fn a_bar_chart_is_told_and_nothing_certain_is_said_of_a_plain_ground() {
        let chart = picture(|x, y| match (x.checked_sub(30), y) {
            (_, 180) if x >= 20 => [0; 3],
            (Some(x), y) if x % 40 < 28 && x / 40 < 6 && y < 180 && y > 30 + 19 * (x / 40) => {
                [68, 114, 196]
            }
            _ => [255; 3],
        });
        let classes = classify(&chart, &[]);
        assert_eq!(classes[0].name, "bar_chart", "{classes:?}");
        let plain = classify(&picture(|_, _| [200, 210, 220]), &[]);
        assert_eq!(plain[0].name, OTHER, "{plain:?}");
    }

    #[test]
    fn classes_have_docling_cores_names_and_add_up() {
        let known = ["photograph", "bar_chart", "line_chart", "scatter_plot", "pie_chart", OTHER];
        for seed in 0..6 {
            let classes = classify(&picture(|x, y| [(x * seed) as u8, (y * seed) as u8, 90]), &[]);
            let sum: f32 = classes.iter().map(|class| class.confidence).sum();
            assert!((0.5..=1.01).contains(&sum), "{classes:?}");
            assert!(classes.iter().all(|class| known.contains(&class.name.as_str())));
            assert!(classes.windows(2).all(|pair| pair[0].confidence >= pair[1].confidence));
        }
    }

    #[test]
    fn a_code_that_was_read_says_what_the_picture_is() {
        for (format, name) in [("qr_code", "qr_code"), ("aztec", "qr_code"), ("ean_13", "bar_code")]
        {
            let code = ScannedCode { format: format.to_owned(), text: "x".to_owned() };
            let classes = classify(&picture(|_, _| [0; 3]), &[code]);
            assert_eq!((classes[0].name.as_str(), classes[0].confidence), (name, 1.0));
        }
    }
}
