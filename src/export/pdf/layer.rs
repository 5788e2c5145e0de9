//! The words of a page as invisible text.
//!
//! Words are set one by one, each stretched to the width of its box, on the common baseline and in
//! the common size of their line; a space fills the gap to the next. So a reader finds words where
//! the page shows them, and search goes on over words and lines. Letters stand in the order in
//! which a page shows them, from right to left for Arabic and Hebrew: that is what readers expect,
//! who put them back into the order of reading.

use std::fmt::Write as _;

use unicode_bidi::BidiInfo;

use super::font::{ASCENT, DESCENT, Font, graphemes};
use super::space::PageSpace;
use crate::document::{Page, Word, WordOrigin};
use crate::export::lines;

/// Where the bottom of a word's ink lies below the baseline, in ems, if it has letters with
/// descenders.
const DESCENDER: f32 = 0.21;
/// The same for letters of which it is not known: between those that stand on the baseline and
/// ideographs, and those that reach below.
const UNKNOWN: f32 = 0.12;
/// A line's size is believed where it is no more than this factor off the height of its words.
const PLAUSIBLE: f32 = 1.6;
/// Width of a space where words leave no gap and at the end of a line, in ems.
const THIN: f32 = 0.05;
/// A gap of less than this before a word to which no space belongs is filled by the word before
/// it, in ems, or readers would take it for a space.
const TO_FILL: f32 = 1.0;

/// The content stream for a page's recognised words; `None` where it has none.
pub(super) fn content(page: &Page, space: &PageSpace, font: &Font, name: &str) -> Option<String> {
    let mut out = String::new();
    for line in lines::of_page(page) {
        let words: Vec<&Word> = line.words.into_iter().filter(|w| is_set(w)).collect();
        for run in words.chunk_by(|a, b| a.angle == b.angle) {
            set(&mut out, run, page.skew, space, font, name);
        }
    }
    (!out.is_empty()).then(|| format!("q BT 3 Tr\n{out}ET Q\n"))
}

/// Whether a word belongs into the layer.
pub(super) fn is_set(word: &Word) -> bool {
    let r = word.rect;
    let sane = [r.min.x, r.min.y, r.max.x, r.max.y].iter().all(|v| v.is_finite());
    word.origin == WordOrigin::Ocr && !word.text.is_empty() && sane
}

/// A word along its line.
struct Span<'a> {
    word: &'a Word,
    from: f32,
    to: f32,
    bottom: f32,
    height: f32,
}

/// Writes words of one line that run in one direction.
fn set(out: &mut String, words: &[&Word], skew: f32, space: &PageSpace, font: &Font, name: &str) {
    let Some(first) = words.first() else { return };
    let frame = Frame::new(first.angle + skew);
    let sideways = (first.angle / 90.0).round().rem_euclid(2.0) == 1.0;
    let mut spans: Vec<Span<'_>> = words
        .iter()
        .map(|&word| {
            let (along, down) = frame.of(word.rect.center().x, word.rect.center().y);
            let (w, h) = (word.rect.width(), word.rect.height());
            let (length, height) = if sideways { (h, w) } else { (w, h) };
            Span {
                word,
                from: along - 0.5 * length,
                to: along + 0.5 * length,
                bottom: down + 0.5 * height,
                height,
            }
        })
        .collect();
    let size = size(&spans);
    let baseline = baseline(&spans, size);
    // The order of a page is that of the eye where words run to the left, at least in part.
    let hyphen = words.last().is_some_and(|w| w.text.ends_with(['-', '\u{AD}', '‐']));
    let rtl = words.iter().any(|w| is_rtl(&w.text));
    if rtl {
        spans.sort_by(|a, b| a.from.total_cmp(&b.from));
    }
    let _ = writeln!(out, "/{name} {} Tf", number(size));
    for (i, span) in spans.iter().enumerate() {
        let next = spans.get(i + 1);
        let gap = next.map(|next| next.from - span.to);
        // Logical neighbours only: in a line that was sorted, the later word may stand first.
        let joined = next.is_some_and(|next| {
            let (a, b) = (position(words, span.word), position(words, next.word));
            (a + 1 == b && next.word.joined) || (b + 1 == a && span.word.joined)
        });
        // Boxes of parts of a word are rough: they may leave a gap, or reach into the next. Readers
        // would part the word at either.
        let to = match (gap, next) {
            (Some(gap), Some(next))
                if joined && gap < TO_FILL * size && next.from > span.from + THIN * size =>
            {
                next.from
            }
            _ => span.to,
        };
        let (hex, natural) = font.encode(visual(&span.word.text).into_iter());
        if natural <= 0.0 {
            continue;
        }
        let scale = 100.0 * (to - span.from).max(THIN * size) / (natural * size);
        let [a, b, c, d, e, f] = space.text_matrix(&frame, span.from, baseline);
        let _ = write!(
            out,
            "{} {} {} {} {} {} Tm {} Tz <{hex}> Tj",
            number(a),
            number(b),
            number(c),
            number(d),
            number(e),
            number(f),
            number(scale)
        );
        let wanted = match gap {
            _ if joined => None,
            Some(gap) => Some(gap.max(THIN * size)),
            // The end of the line is not where the last word stands, or is no space.
            None if hyphen || rtl => None,
            None => Some(THIN * size),
        };
        if let Some(width) = wanted {
            let (hex, natural) = font.encode(std::iter::once(" "));
            let _ = write!(out, " {} Tz <{hex}> Tj", number(100.0 * width / (natural * size)));
        }
        out.push('\n');
    }
}

fn position(words: &[&Word], word: &Word) -> usize {
    words.iter().position(|w| std::ptr::eq(*w, word)).unwrap_or_default()
}

/// The size of a line's type, in points: what its words say, if that goes with their heights.
fn size(spans: &[Span<'_>]) -> f32 {
    let tallest = spans.iter().map(|s| s.height).fold(0.0, f32::max);
    let said = median(spans.iter().map(|s| s.word.style.size).collect());
    let em = f32::from(ASCENT - DESCENT) / 1000.0;
    if said > tallest / PLAUSIBLE && said < tallest * PLAUSIBLE {
        said
    } else {
        // A box without height still needs text that can be selected.
        (tallest / em).max(1.0)
    }
}

/// Where the baseline lies, by what the words' letters say of the bottom of their ink.
fn baseline(spans: &[Span<'_>], size: f32) -> f32 {
    let at = |known: bool| -> Vec<f32> {
        spans
            .iter()
            .filter_map(|s| match below_baseline(&s.word.text) {
                Some(depth) => known.then_some(s.bottom - depth * size),
                None => (!known).then_some(s.bottom - UNKNOWN * size),
            })
            .collect()
    };
    let known = at(true);
    median(if known.is_empty() { at(false) } else { known })
}

/// How far the ink of a word reaches below the baseline, in ems; `None` where it is not known.
fn below_baseline(text: &str) -> Option<f32> {
    let (mut deep, mut any) = (false, false);
    for c in text.chars() {
        match c {
            'g' | 'j' | 'p' | 'q' | 'y' | 'ç' | 'р' | 'у' | 'ц' | 'щ' | 'Q' => deep = true,
            ',' | ';' | '(' | ')' | '[' | ']' | 'J' => return None,
            _ if c.is_ascii_alphanumeric() => {}
            'à'..='ö' | 'ø'..='þ' | 'À'..='Þ' | 'А'..='я' | 'Α'..='Ω' => {}
            // They do not reach down.
            '.' | ':' | '!' | '?' | '%' => {}
            _ => return None,
        }
        any |= c.is_alphanumeric();
    }
    any.then_some(if deep { DESCENDER } else { 0.0 })
}

fn median(mut values: Vec<f32>) -> f32 {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn is_rtl(text: &str) -> bool {
    BidiInfo::new(text, None).has_rtl()
}

/// The graphemes of a word from left to right as a page shows them.
fn visual(text: &str) -> Vec<&str> {
    let info = BidiInfo::new(text, None);
    let Some(paragraph) = info.paragraphs.first().filter(|_| info.has_rtl()) else {
        return graphemes(text).collect();
    };
    let (_, runs) = info.visual_runs(paragraph, paragraph.range.clone());
    let mut out = Vec::new();
    for run in runs {
        let rtl = info.levels.get(run.start).is_some_and(|level| level.is_rtl());
        let from = out.len();
        out.extend(graphemes(&text[run]));
        if rtl {
            out[from..].reverse();
        }
    }
    out
}

/// Axes along a line and down from it, in page space.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) cosine: f32,
    pub(super) sine: f32,
}

impl Frame {
    /// For lines whose direction is turned clockwise by so many degrees.
    pub(super) fn new(degrees: f32) -> Self {
        // Quarter turns without the rounding of sines.
        let quarters = degrees / 90.0;
        if quarters.fract() == 0.0 {
            let (sine, cosine) = match quarters.rem_euclid(4.0) as u8 {
                1 => (1.0, 0.0),
                2 => (0.0, -1.0),
                3 => (-1.0, 0.0),
                _ => (0.0, 1.0),
            };
            return Self { cosine, sine };
        }
        let (sine, cosine) = degrees.to_radians().sin_cos();
        Self { cosine, sine }
    }

    /// A point of the page: along the line and down from it.
    fn of(&self, x: f32, y: f32) -> (f32, f32) {
        (x * self.cosine + y * self.sine, y * self.cosine - x * self.sine)
    }

    /// The point of the page for these.
    pub(super) fn point(&self, along: f32, down: f32) -> (f32, f32) {
        (along * self.cosine - down * self.sine, along * self.sine + down * self.cosine)
    }
}

/// A number as PDF has them: no exponent, at most four decimals.
pub(super) fn number(value: f32) -> String {
    let mut text = format!("{value:.4}");
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    if text == "-0" { "0".to_owned() } else { text }
}

#[cfg(test)]
mod tests;
