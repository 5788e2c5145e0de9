//! Text that nobody can see on the page. Whoever wants to mislead a program that reads documents
//! puts it there.
//!
//! Some of it is told by how it is set: transparent, smaller than any eye can read, beside the page.
//! Of the rest (white letters, invisible ones, ones in the colour of the box that they stand on, ones
//! that are cut off) the way it is set only raises suspicion, for much of that can be seen after all:
//! white letters on a photograph, a gradient that is called white. The page's pixels decide.

use image::GrayImage;

use super::graphics::Graphics;
use super::text::TextLayer;
use crate::document::{Word, WordOrigin};
use crate::error::{Warning, WarningCode};
use crate::geometry::{Pt, Rect, RectExt, Resolution, Size, rect};
use crate::options::HiddenText;
use crate::page::PlacementKind;

/// Text below this size is not read by anybody, in points: print has lines of this width.
const SMALL: f32 = 1.0;
/// The same as a share of the page's short side, for pages that are not measured in points.
const SMALL_SHARE: f32 = 1.0 / 600.0;
/// Less opaque text (of 255) is suspect.
pub(super) const FAINT: u8 = 26;
/// Channel value from which text is as good as white.
const WHITE: u8 = 240;
/// Levels of gray, and of a colour channel, that nobody tells apart on a page.
const CONTRAST: u8 = 16;
/// Text is covered by other words from this share of its area on.
const COVERED: f32 = 0.3;
/// Where other words stand on it, text is seen if so much of its box has another colour than itself.
const GROUND: f32 = 0.4;
/// Resolution at which a page is drawn to see what can be seen: letters of 4 points are 5 pixels high.
const RESOLUTION: Resolution = Resolution(100.0);
/// Pixels of such a drawing: a sheet of A0 has 16 million.
const MOST_PIXELS: f32 = 25e6;
/// Text of which the drawing shows fewer pixels than this, in height, is not judged by it.
const LOWEST: f32 = 3.0;

/// Why nobody sees a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Its opacity is 0.
    Transparent,
    /// It is smaller than [`SMALL`].
    Small,
    /// It stands beside the page.
    Outside,
    /// It has the colour of what it stands on.
    Colour,
    /// It is set invisibly (render mode 3), and there is no picture below it.
    Invisible,
    /// It is cut off, or faint.
    CutOff,
}

impl Reason {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Colour, "in the colour of what they stand on"),
        (Self::Invisible, "set invisibly"),
        (Self::Transparent, "transparent"),
        (Self::Small, "smaller than 1 point"),
        (Self::CutOff, "cut off or too faint"),
        (Self::Outside, "beside the page"),
    ];
}

/// How many words nobody sees, by reason.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts([usize; Reason::ALL.len()]);

impl Counts {
    pub(super) fn add(&mut self, reason: Reason) {
        if let Some(i) = Reason::ALL.iter().position(|(known, _)| *known == reason) {
            self.0[i] += 1;
        }
    }

    /// What there is to say about them.
    pub(super) fn warning(&self, wanted: HiddenText) -> Option<Warning> {
        let words: usize = self.0.iter().sum();
        if words == 0 {
            return None;
        }
        let parts = Reason::ALL.iter().zip(self.0).filter(|(_, count)| *count > 0);
        let parts: Vec<String> =
            parts.map(|((_, name), count)| format!("{count} {name}")).collect();
        let (done, else_do) = match wanted {
            HiddenText::Drop => ("left out", "; hidden_text=keep takes them"),
            HiddenText::Keep => ("taken as other text", ""),
        };
        let parts = parts.join(", ");
        let message = format!("{words} words that nobody can see were {done} ({parts}){else_do}");
        let warning = Warning::new(WarningCode::HiddenText, message);
        Some(Warning { option: Some("hidden_text".to_owned()), ..warning })
    }
}

/// Below which size text is too small on a page.
pub(super) fn small(page: Size<Pt>) -> f32 {
    SMALL.min(SMALL_SHARE * page.width.min(page.height))
}

/// For each word of the layer, why nobody sees it. `draw` is asked for the page's image only if there
/// is suspicion.
pub(super) fn find(
    layer: &TextLayer,
    graphics: &Graphics,
    page: Size<Pt>,
    draw: impl FnOnce(Resolution) -> Option<GrayImage>,
) -> Vec<Option<Reason>> {
    let suspicion: Vec<Option<Reason>> =
        (0..layer.words.len()).map(|i| suspicion(layer, i, graphics)).collect();
    if suspicion.iter().all(Option::is_none) {
        return suspicion;
    }
    let pixels = page.width * page.height * RESOLUTION.scale().powi(2);
    let resolution = Resolution(RESOLUTION.0 * (MOST_PIXELS / pixels).sqrt().min(1.0));
    // A page that cannot be drawn hides nothing that is known.
    let Some(image) = draw(resolution) else { return vec![None; suspicion.len()] };
    let scale = image.width() as f32 / page.width;
    let drawing = Drawing { image, scale, graphics };
    let seen: Vec<&Word> =
        layer.words.iter().zip(&suspicion).filter(|(_, s)| s.is_none()).map(|(w, _)| w).collect();
    let judge = |(word, suspicion): (&Word, &Option<Reason>)| {
        suspicion.filter(|reason| !drawing.shows(word, *reason, &seen))
    };
    layer.words.iter().zip(&suspicion).map(judge).collect()
}

/// Why a word may be one that nobody sees, by how it is set.
fn suspicion(layer: &TextLayer, i: usize, graphics: &Graphics) -> Option<Reason> {
    let word = &layer.words[i];
    let r = &word.rect;
    if word.origin == WordOrigin::HiddenLayer {
        // Over a picture it is somebody's OCR, and over drawings the text of letters that were
        // turned into shapes. Whether it is right is looked at elsewhere.
        let below = graphics.placements.iter().any(|p| match p.kind {
            PlacementKind::Image => p.rect.contains(r.center()),
            PlacementKind::Drawing => p.rect.intersects(r),
            PlacementKind::Fill => false,
        });
        return (!below).then_some(Reason::Invisible);
    }
    if layer.doubtful.get(i).copied().unwrap_or(false) {
        return Some(Reason::CutOff);
    }
    let color = word.style.color?;
    let mut grounds = graphics.grounds.iter().filter(|(ground, _)| ground.contains(r.center()));
    if grounds.clone().any(|(_, ground)| alike(*ground, color)) {
        return Some(Reason::Colour);
    }
    // White letters on a coloured box are what white letters mostly are.
    let white = color.iter().all(|&c| c >= WHITE) && grounds.next().is_none();
    white.then_some(Reason::Colour)
}

fn alike(a: [u8; 3], b: [u8; 3]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.abs_diff(b) < CONTRAST)
}

/// The page as it looks.
struct Drawing<'a> {
    image: GrayImage,
    /// Pixels a point.
    scale: f32,
    graphics: &'a Graphics,
}

impl Drawing<'_> {
    /// Whether something can be seen where the word stands that may be the word.
    fn shows(&self, word: &Word, reason: Reason, seen: &[&Word]) -> bool {
        let r = &word.rect;
        if r.width().min(r.height()) * self.scale < LOWEST {
            return true;
        }
        let levels = self.levels(r);
        let (Some(&darkest), Some(&brightest)) = (levels.iter().min(), levels.iter().max()) else {
            // All of it lies below lines.
            return true;
        };
        if brightest - darkest < CONTRAST {
            return false;
        }
        let others: f32 =
            seen.iter().map(|other| other.rect.overlap_x(r) * other.rect.overlap_y(r)).sum();
        if others < COVERED * r.area() {
            return true;
        }
        // What is seen there may be the other words.
        match (reason, word.style.color) {
            (Reason::Invisible, _) => false,
            (Reason::Colour, Some([red, green, blue])) => {
                let own =
                    (u32::from(red) * 30 + u32::from(green) * 59 + u32::from(blue) * 11) / 100;
                let differ = |level: &&u8| u32::from(**level).abs_diff(own) >= u32::from(CONTRAST);
                levels.iter().filter(differ).count() as f32 > GROUND * levels.len() as f32
            }
            _ => true,
        }
    }

    /// The pixels of a box, but for those of ruling lines that cross it.
    fn levels(&self, r: &Rect<Pt>) -> Vec<u8> {
        let (width, height) = self.image.dimensions();
        let span = |from: f32, to: f32, side: u32| {
            let from = (from * self.scale).floor().clamp(0.0, side as f32) as u32;
            let to = (to * self.scale).ceil().clamp(0.0, side as f32) as u32;
            from..to
        };
        // Half a pixel on both sides may be theirs.
        let half = 0.5 / self.scale;
        let crossing = self.graphics.rules.iter().filter(|rule| rule.rect.intersects(r));
        let crossing: Vec<Rect<Pt>> = crossing
            .map(|rule| &rule.rect)
            .map(|l| rect(l.min.x - half, l.min.y - half, l.max.x + half, l.max.y + half))
            .collect();
        let mut levels = Vec::new();
        for y in span(r.min.y, r.max.y, height) {
            for x in span(r.min.x, r.max.x, width) {
                let (px, py) = ((x as f32 + 0.5) / self.scale, (y as f32 + 0.5) / self.scale);
                let on_line = |l: &Rect<Pt>| {
                    (l.min.x..=l.max.x).contains(&px) && (l.min.y..=l.max.y).contains(&py)
                };
                if !crossing.iter().any(on_line) {
                    levels.push(self.image.get_pixel(x, y).0[0]);
                }
            }
        }
        levels
    }
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;
    use crate::document::Style;
    use crate::page::{Placement, Rule};

    const PAGE: Size<Pt> = Size::new(200.0, 100.0);

    fn layer(color: [u8; 3], origin: WordOrigin) -> TextLayer {
        let word = Word {
            text: "ignore".to_owned(),
            rect: rect(20.0, 20.0, 60.0, 32.0),
            confidence: None,
            origin,
            style: Style { color: Some(color), size: 12.0, ..Style::default() },
            angle: 0.0,
            joined: false,
            line: None,
        };
        TextLayer { words: vec![word], ..TextLayer::default() }
    }

    /// A page of one gray, with a darker stripe across the word where asked.
    fn page(ground: u8, stripe: Option<std::ops::Range<u32>>) -> GrayImage {
        GrayImage::from_fn(200, 100, |_, y| {
            let inside = stripe.as_ref().is_some_and(|stripe| stripe.contains(&y));
            Luma([if inside { 90 } else { ground }])
        })
    }

    fn of(layer: &TextLayer, graphics: &Graphics, image: GrayImage) -> Option<Reason> {
        find(layer, graphics, PAGE, |_| Some(image))[0]
    }

    #[test]
    fn black_text_needs_no_drawing() {
        let layer = layer([0, 0, 0], WordOrigin::TextLayer);
        let found = find(&layer, &Graphics::default(), PAGE, |_| panic!("nothing is suspect"));
        assert_eq!(found, [None]);
    }

    #[test]
    fn white_text_is_hidden_where_the_page_shows_nothing() {
        let layer = layer([255; 3], WordOrigin::TextLayer);
        let none = Graphics::default();
        assert_eq!(of(&layer, &none, page(255, None)), Some(Reason::Colour));
        // The pixels show letters, whatever the file says of their colour.
        assert_eq!(of(&layer, &none, page(255, Some(22..30))), None);
    }

    #[test]
    fn a_line_across_hidden_text_does_not_show_it() {
        let layer = layer([255; 3], WordOrigin::TextLayer);
        let line = Rule { rect: rect(0.0, 25.0, 200.0, 26.0) };
        let graphics = Graphics { rules: vec![line], ..Graphics::default() };
        assert_eq!(of(&layer, &graphics, page(255, Some(25..26))), Some(Reason::Colour));
    }

    #[test]
    fn text_in_the_colour_of_its_box_is_hidden() {
        let layer = layer([20, 20, 20], WordOrigin::TextLayer);
        let ground = |color| Graphics {
            grounds: vec![(rect(0.0, 0.0, 100.0, 50.0), color)],
            ..Graphics::default()
        };
        assert_eq!(of(&layer, &ground([25, 15, 20]), page(20, None)), Some(Reason::Colour));
        assert_eq!(of(&layer, &ground([200, 200, 0]), page(180, None)), None);
    }

    #[test]
    fn invisible_text_over_a_picture_is_left_to_others() {
        let layer = layer([0; 3], WordOrigin::HiddenLayer);
        let mut graphics = Graphics::default();
        assert_eq!(of(&layer, &graphics, page(255, None)), Some(Reason::Invisible));
        let rect = rect(0.0, 0.0, 200.0, 100.0);
        graphics.placements.push(Placement { rect, kind: PlacementKind::Image, pixels: None });
        assert_eq!(of(&layer, &graphics, page(255, None)), None);
    }

    #[test]
    fn hidden_text_below_other_text_is_told_from_it() {
        let mut layer = layer([255; 3], WordOrigin::TextLayer);
        let other = Style { color: Some([0, 0, 0]), ..Style::default() };
        layer.words.push(Word { style: other, ..layer.words[0].clone() });
        // A fourth of the box is ink.
        let found = find(&layer, &Graphics::default(), PAGE, |_| Some(page(255, Some(24..27))));
        assert_eq!(found, [Some(Reason::Colour), None]);
    }

    #[test]
    fn the_warning_counts_by_reason() {
        let mut counts = Counts::default();
        assert!(counts.warning(HiddenText::Drop).is_none());
        for reason in [Reason::Small, Reason::Colour, Reason::Small] {
            counts.add(reason);
        }
        assert_eq!(
            counts.warning(HiddenText::Drop).unwrap().message,
            "3 words that nobody can see were left out (1 in the colour of what they stand on, \
             2 smaller than 1 point); hidden_text=keep takes them"
        );
    }
}
