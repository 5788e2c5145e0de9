//! Text that nobody can see on the page. Whoever wants to mislead a program that reads documents
//! puts it there.
//!
//! Some of it is told by how it is set: transparent, smaller than any eye can read, beside the page.
//! Of the rest (white letters, invisible ones, ones in the colour of the box that they stand on, ones
//! that are cut off) the way it is set only raises suspicion, for much of that can be seen after all:
//! white letters on a photograph, a gradient that is called white. The page's pixels decide.

use image::GrayImage;

use super::cover::Cover;
use super::graphics::Graphics;
use super::text_layer::{Sight, TextLayer};
use crate::call::Call;
use crate::document::{Word, WordOrigin};
use crate::error::{Result, Warning, WarningCode};
use crate::geometry::{Pt, Rect, Resolution, Size, rect};
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
/// Pixels that are looked at along each side of a word: strokes are a tenth as wide as letters are high,
/// and a page may have ever so many large words.
const LOOKED_AT: u32 = 128;

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
pub(super) struct Counts {
    by_reason: [usize; Reason::ALL.len()],
    /// How many of which that cannot be told, as the page cannot be drawn.
    pub(super) unsure: usize,
}

impl Counts {
    pub(super) fn add(&mut self, reason: Reason) {
        if let Some(i) = Reason::ALL.iter().position(|(known, _)| *known == reason) {
            self.by_reason[i] += 1;
        }
    }

    /// What there is to say about them.
    pub(super) fn warning(&self, wanted: HiddenText) -> Option<Warning> {
        let counted = || Reason::ALL.iter().zip(self.by_reason).filter(|(_, count)| *count > 0);
        // What stands beside the page is no part of it, whatever is wanted.
        let (taken, left_out): (Vec<_>, Vec<_>) = counted()
            .partition(|((reason, _), _)| wanted == HiddenText::Keep && *reason != Reason::Outside);
        let tell = |counts: &[(&(Reason, &str), usize)], done: &str| {
            let words: usize = counts.iter().map(|(_, count)| count).sum();
            let parts: Vec<String> =
                counts.iter().map(|((_, name), count)| format!("{count} {name}")).collect();
            let parts = parts.join(", ");
            (words > 0).then(|| format!("{words} words that nobody can see were {done} ({parts})"))
        };
        let unsure = (self.unsure > 0).then(|| {
            let words = self.unsure;
            format!("{words} words were taken that may be hidden: the page cannot be drawn")
        });
        let sentences = [tell(&taken, "taken as other text"), tell(&left_out, "left out"), unsure];
        let mut message = sentences.into_iter().flatten().collect::<Vec<_>>().join("; ");
        if message.is_empty() {
            return None;
        }
        if wanted == HiddenText::Drop && !left_out.is_empty() {
            message.push_str("; hidden_text=keep takes them");
        }
        let warning = Warning::new(WarningCode::HiddenText, message);
        Some(Warning { option: Some("hidden_text".to_owned()), ..warning })
    }
}

/// Below which size text is too small on a page.
pub(super) fn small(page: Size<Pt>) -> f32 {
    SMALL.min(SMALL_SHARE * page.width.min(page.height))
}

/// For each word of the layer, why nobody sees it; those that were counted already are not among them.
/// `draw` is asked for the page's image only if there is suspicion; `None` where it cannot be drawn, and
/// how many words are suspect is all that is known.
///
/// # Errors
///
/// Those of [`Call::check`].
pub(super) fn find(
    layer: &TextLayer,
    graphics: &Graphics,
    page: Size<Pt>,
    call: &Call,
    draw: impl FnOnce(Resolution) -> Option<GrayImage>,
) -> Result<Found> {
    let mut suspicion = Vec::with_capacity(layer.words.len());
    for i in 0..layer.words.len() {
        call.check()?;
        suspicion.push(self::suspicion(layer, i, graphics));
    }
    let suspects = suspicion.iter().flatten().count();
    if suspects == 0 {
        return Ok(Found::Told(suspicion));
    }
    let pixels = page.width * page.height * RESOLUTION.scale().powi(2);
    let resolution = Resolution(RESOLUTION.0 * (MOST_PIXELS / pixels).sqrt().min(1.0));
    let Some(image) = draw(resolution) else { return Ok(Found::Unsure(suspects)) };
    let scale = image.width() as f32 / page.width;
    let sides = image.dimensions();
    let seen = layer.words.iter().zip(&suspicion).zip(&layer.sight);
    let seen =
        seen.filter(|((_, suspicion), sight)| suspicion.is_none() && **sight != Sight::Hidden);
    let words = Cover::of(seen.map(|((word, _), _)| &word.rect), sides, scale);
    // Half a pixel on both sides may be theirs.
    let half = 0.5 / scale;
    let around =
        |l: &Rect<Pt>| rect(l.min.x - half, l.min.y - half, l.max.x + half, l.max.y + half);
    let rules: Vec<Rect<Pt>> = graphics.rules.iter().map(|rule| around(&rule.rect)).collect();
    let rules = Cover::of(rules.iter(), sides, scale);
    let drawing = Drawing { image, scale, words, rules };
    for (word, suspicion) in layer.words.iter().zip(&mut suspicion) {
        call.check()?;
        *suspicion = suspicion.filter(|reason| !drawing.shows(word, *reason));
    }
    Ok(Found::Told(suspicion))
}

/// What is known of the words of a page.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    /// Of each, why nobody sees it.
    Told(Vec<Option<Reason>>),
    /// So many may be seen or not.
    Unsure(usize),
}

/// Why a word may be one that nobody sees, by how it is set.
fn suspicion(layer: &TextLayer, i: usize, graphics: &Graphics) -> Option<Reason> {
    let word = &layer.words[i];
    let r = &word.rect;
    let sight = layer.sight.get(i).copied().unwrap_or_default();
    if sight == Sight::Hidden {
        return None;
    }
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
    if sight == Sight::Doubtful {
        return Some(Reason::CutOff);
    }
    let color = word.style.color?;
    // Colours are compared first: they are cheaper, and pages have many thousand boxes.
    let mut grounds = graphics.grounds.iter();
    if grounds.clone().any(|(at, ground)| alike(*ground, color) && at.contains(r.center())) {
        return Some(Reason::Colour);
    }
    // White letters on a coloured box are what white letters mostly are.
    let white = color.iter().all(|&c| c >= WHITE);
    (white && !grounds.any(|(at, _)| at.contains(r.center()))).then_some(Reason::Colour)
}

fn alike(a: [u8; 3], b: [u8; 3]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.abs_diff(b) < CONTRAST)
}

/// The page as it looks.
struct Drawing {
    image: GrayImage,
    /// Pixels a point.
    scale: f32,
    /// Where words are that are seen.
    words: Cover,
    /// Where ruling lines are.
    rules: Cover,
}

impl Drawing {
    /// Whether something can be seen where the word stands that may be the word.
    fn shows(&self, word: &Word, reason: Reason) -> bool {
        let r = &word.rect;
        if r.width().min(r.height()) * self.scale < LOWEST {
            return true;
        }
        let levels = self.levels(r);
        let Some((darkest, brightest)) = levels.range() else {
            // All of it lies below lines.
            return true;
        };
        if brightest - darkest < CONTRAST {
            return false;
        }
        if self.words.share(r) < COVERED {
            return true;
        }
        // What is seen there may be the other words.
        match (reason, word.style.color) {
            (Reason::Invisible, _) => false,
            (Reason::Colour, Some([red, green, blue])) => {
                let own =
                    (u32::from(red) * 30 + u32::from(green) * 59 + u32::from(blue) * 11) / 100;
                levels.other_than(u8::try_from(own).unwrap_or(u8::MAX)) > GROUND
            }
            _ => true,
        }
    }

    /// The pixels of a box, but for those of ruling lines that cross it.
    fn levels(&self, r: &Rect<Pt>) -> Levels {
        let (width, height) = self.image.dimensions();
        let span = |from: f32, to: f32, side: u32| {
            let from = (from * self.scale).floor().clamp(0.0, side as f32) as u32;
            let to = (to * self.scale).ceil().clamp(0.0, side as f32) as u32;
            (from..to).step_by((to.saturating_sub(from) / LOOKED_AT).max(1) as usize)
        };
        let mut levels = Levels([0; 256]);
        for y in span(r.min.y, r.max.y, height) {
            for x in span(r.min.x, r.max.x, width) {
                if !self.rules.has(x, y) {
                    levels.0[usize::from(self.image.get_pixel(x, y).0[0])] += 1;
                }
            }
        }
        levels
    }
}

/// How many pixels have each level of gray.
struct Levels([u32; 256]);

impl Levels {
    /// The darkest and the brightest level.
    fn range(&self) -> Option<(u8, u8)> {
        let first = self.0.iter().position(|count| *count > 0)?;
        let last = self.0.iter().rposition(|count| *count > 0)?;
        Some((u8::try_from(first).ok()?, u8::try_from(last).ok()?))
    }

    /// The share of pixels that everybody tells apart from this level.
    fn other_than(&self, level: u8) -> f32 {
        let all: u32 = self.0.iter().sum();
        let differ = (0..=u8::MAX).filter(|other| other.abs_diff(level) >= CONTRAST);
        let differ: u32 = differ.map(|other| self.0[usize::from(other)]).sum();
        differ as f32 / all.max(1) as f32
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
        TextLayer { words: vec![word], sight: vec![Sight::Plain], ..TextLayer::default() }
    }

    /// A page of one gray, with a darker stripe across the word where asked.
    fn page(ground: u8, stripe: Option<std::ops::Range<u32>>) -> GrayImage {
        GrayImage::from_fn(200, 100, |_, y| {
            let inside = stripe.as_ref().is_some_and(|stripe| stripe.contains(&y));
            Luma([if inside { 90 } else { ground }])
        })
    }

    fn found(layer: &TextLayer, graphics: &Graphics, image: GrayImage) -> Vec<Option<Reason>> {
        match find(layer, graphics, PAGE, &Call::default(), |_| Some(image)) {
            Ok(Found::Told(reasons)) => reasons,
            other => panic!("{other:?}"),
        }
    }

    fn of(layer: &TextLayer, graphics: &Graphics, image: GrayImage) -> Option<Reason> {
        found(layer, graphics, image)[0]
    }

    #[test]
    fn black_text_needs_no_drawing() {
        let layer = layer([0, 0, 0], WordOrigin::TextLayer);
        let draw = |_| panic!("nothing is suspect");
        let found = find(&layer, &Graphics::default(), PAGE, &Call::default(), draw).unwrap();
        assert_eq!(found, Found::Told(vec![None]));
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
        layer.sight.push(Sight::Plain);
        // A fourth of the box is ink.
        let found = found(&layer, &Graphics::default(), page(255, Some(24..27)));
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

    #[test]
    fn what_is_taken_and_what_is_left_out_are_told_apart() {
        let mut counts = Counts::default();
        for reason in [Reason::Small, Reason::Outside, Reason::Outside] {
            counts.add(reason);
        }
        counts.unsure = 4;
        assert_eq!(
            counts.warning(HiddenText::Keep).unwrap().message,
            "1 words that nobody can see were taken as other text (1 smaller than 1 point); \
             2 words that nobody can see were left out (2 beside the page); \
             4 words were taken that may be hidden: the page cannot be drawn"
        );
    }

    #[test]
    fn a_page_that_cannot_be_drawn_leaves_doubt() {
        let layer = layer([255; 3], WordOrigin::TextLayer);
        let found = find(&layer, &Graphics::default(), PAGE, &Call::default(), |_| None).unwrap();
        assert_eq!(found, Found::Unsure(1));
    }

    /// Each of so many words would look at the whole page, and at all others.
    #[test]
    fn very_many_large_words_take_no_longer_than_a_moment() {
        let word = layer([255; 3], WordOrigin::TextLayer).words.remove(0);
        let words: Vec<Word> = (0..20_000)
            .map(|i| {
                let color = Some(if i % 2 == 0 { [255; 3] } else { [0; 3] });
                let style = Style { color, ..word.style.clone() };
                Word { rect: rect(0.0, 0.0, 200.0, 100.0), style, ..word.clone() }
            })
            .collect();
        let sight = vec![Sight::Plain; words.len()];
        let layer = TextLayer { words, sight, ..TextLayer::default() };
        let rules = (0..20_000).map(|i| i as f32 / 200.0);
        let rules = rules.map(|y| Rule { rect: rect(0.0, y, 200.0, y) }).collect();
        let graphics = Graphics { rules, ..Graphics::default() };
        let began = std::time::Instant::now();
        found(&layer, &graphics, page(255, None));
        // Some 10^12 steps when each word looked at each pixel, line and word.
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
    }
}
