//! From the characters of a line to words with boxes.

use unicode_normalization::UnicodeNormalization;
use unicode_script::{Script, UnicodeScript};

use super::boxes::Slanted;
use super::crop::{Crop, HEIGHT};
use super::ctc::Glyph;
use super::ink::Ink;
use crate::geometry::{Px, Rect, rect};
use crate::recognizer::{OcrWord, em};

/// A line whose characters are less certain than this in the mean is no text: marks in pictures, a
/// page on its head. (RapidOCR's own limit.)
const CERTAIN: f32 = 0.5;
/// Ink further than this from the middle of a word's first or last character, in heights of the line,
/// belongs to something else.
const REACH: f32 = 1.0;
/// Share of the line's height, above and below, where there is no letter: for words without ink.
const RIM: f32 = 0.15;

/// Characters with no space between them.
#[derive(Debug, Default)]
struct Part<'a> {
    glyphs: Vec<Glyph<'a>>,
    /// Whether no space stands before it.
    joined: bool,
}

/// The words of a line. Empty where it is no text.
pub(super) fn of_line(
    glyphs: &[Glyph<'_>],
    crop: &Crop,
    line: &Slanted,
    number: u32,
) -> Vec<OcrWord> {
    let sum: f32 = glyphs.iter().map(|glyph| glyph.confidence).sum();
    if glyphs.is_empty() || sum < CERTAIN * glyphs.len() as f32 {
        return Vec::new();
    }
    let parts = parts(glyphs);
    let ink = Ink::of(crop);
    let width = crop.width as f32;
    let first = |part: &Part<'_>| part.glyphs.first().map_or(0.0, |glyph| glyph.at * width);
    let last = |part: &Part<'_>| part.glyphs.last().map_or(width, |glyph| glyph.at * width);
    // Where each word ends and the next begins.
    let between: Vec<f32> = parts
        .windows(2)
        .map(|two| {
            let (from, to) = (last(&two[0]), first(&two[1]));
            ink.gap(from, to).unwrap_or(0.5 * (from + to))
        })
        .collect();
    let reach = REACH * HEIGHT as f32;
    let mut words = Vec::with_capacity(parts.len());
    for (n, part) in parts.iter().enumerate() {
        let start = n.checked_sub(1).and_then(|before| between.get(before)).copied();
        let start = start.unwrap_or(0.0).max(first(part) - reach);
        let end = between.get(n).copied().unwrap_or(width).min(last(part) + reach);
        let rim = RIM * HEIGHT as f32;
        let sides = ink.bounds(start, end).unwrap_or([start, rim, end, HEIGHT as f32 - rim]);
        let sum: f32 = part.glyphs.iter().map(|glyph| glyph.confidence).sum();
        words.push(OcrWord {
            text: text(part),
            rect: on_page(sides, crop, line),
            confidence: sum / part.glyphs.len() as f32,
            block: 0,
            paragraph: 0,
            line: number,
            size: None,
            bold: None,
            angle: if line.along.1 > line.along.0 { 90.0 } else { 0.0 },
            joined: part.joined,
        });
    }
    words.retain(|word| !word.text.is_empty());
    let size = em(&words);
    words.iter_mut().for_each(|word| word.size = size);
    words
}

/// Parts a line at its spaces, and where text without spaces meets other text or ends a clause: one
/// word for a whole line of Chinese would say little about where its characters stand.
fn parts<'a>(glyphs: &[Glyph<'a>]) -> Vec<Part<'a>> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    let mut open = Part::default();
    let mut close = |open: &mut Part<'a>, joined: bool| {
        if !open.glyphs.is_empty() {
            parts.push(std::mem::take(open));
        }
        open.joined = joined && !parts.is_empty();
    };
    for glyph in glyphs {
        if glyph.text.chars().all(char::is_whitespace) {
            close(&mut open, false);
            continue;
        }
        let unspaced = is_unspaced(glyph.text);
        let before = open.glyphs.last().map(|last| last.text);
        if before.is_some_and(|last| {
            is_unspaced(last) != unspaced && is_letter(last) && is_letter(glyph.text)
                || ends_clause(last)
        }) {
            close(&mut open, true);
        }
        open.glyphs.push(*glyph);
    }
    close(&mut open, false);
    parts
}

/// Whether it is of a script that is written without spaces.
fn is_unspaced(text: &str) -> bool {
    let script = text.chars().next().map(|c| c.script());
    matches!(
        script,
        Some(
            Script::Han
                | Script::Hiragana
                | Script::Katakana
                | Script::Thai
                | Script::Lao
                | Script::Khmer
                | Script::Myanmar
        )
    )
}

fn is_letter(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

fn ends_clause(text: &str) -> bool {
    matches!(text, "。" | "、" | "，" | "；" | "：" | "！" | "？")
}

/// The word's text, in logical order: models see a line from left to right whatever its script.
fn text(part: &Part<'_>) -> String {
    let rtl = |c: char| {
        matches!(
            c.script(),
            Script::Arabic | Script::Hebrew | Script::Syriac | Script::Thaana | Script::Nko
        )
    };
    let backwards = part.glyphs.iter().any(|glyph| glyph.text.chars().any(rtl));
    let order: Vec<&str> = if backwards {
        part.glyphs.iter().rev().map(|glyph| glyph.text).collect()
    } else {
        part.glyphs.iter().map(|glyph| glyph.text).collect()
    };
    order.concat().nfc().filter(|c| !c.is_whitespace()).collect()
}

/// A box of the line's image, on the page.
fn on_page([left, top, right, bottom]: [f32; 4], crop: &Crop, line: &Slanted) -> Rect<Px> {
    let along = line.length / crop.width as f32;
    let across = line.height / HEIGHT as f32;
    let corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        .map(|(x, y)| line.at(x * along, y * across));
    let range = |of: fn(&(f32, f32)) -> f32| {
        let values = corners.iter().map(of);
        values.fold((f32::MAX, f32::MIN), |(least, most), v| (least.min(v), most.max(v)))
    };
    let (x, y) = (range(|c| c.0), range(|c| c.1));
    rect(x.0.max(0.0), y.0.max(0.0), x.1.max(0.0), y.1.max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: Slanted =
        Slanted { middle: (250.0, 50.0), along: (1.0, 0.0), length: 400.0, height: 96.0 };

    /// A line of 200 columns with a bar of ink for each character that is not a space, and what a
    /// model would read there.
    fn line(text: &'static str, confidence: f32) -> (Vec<Glyph<'static>>, Crop) {
        let count = text.chars().count();
        let pitch = 200 / count;
        let inked: Vec<bool> = text.chars().map(|c| c != ' ').collect();
        let level = |i: usize| {
            let (x, y) = (i % 200, i / 200);
            let on = inked.get(x / pitch).copied().unwrap_or(false) && x % pitch < pitch - 2;
            if on && (12..36).contains(&y) { 0.0 } else { 255.0 }
        };
        let crop = Crop { width: 200, levels: (0..200 * HEIGHT).map(level).collect() };
        let ends = text.char_indices().map(|(at, c)| (at, at + c.len_utf8()));
        let glyphs = ends.enumerate().map(|(n, (from, to))| Glyph {
            text: &text[from..to],
            at: (n as f32 + 0.5) * pitch as f32 / 200.0,
            confidence,
        });
        (glyphs.collect(), crop)
    }

    fn read(text: &'static str, confidence: f32) -> Vec<OcrWord> {
        let (glyphs, crop) = line(text, confidence);
        of_line(&glyphs, &crop, &LINE, 7)
    }

    #[test]
    fn spaces_part_words_and_boxes_keep_to_the_ink() {
        let words = read("to be done", 0.9);
        let texts: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
        assert_eq!(texts, ["to", "be", "done"]);
        // A column of the line is two pixels of the page, which it begins at 50.
        assert_eq!(words[0].rect, rect(50.0, 26.0, 126.0, 74.0));
        assert_eq!(words[1].rect.min.x, 50.0 + 3.0 * 40.0);
        assert_eq!(words[2].rect.max.x, 446.0);
        assert!(words.iter().all(|w| w.line == 7 && !w.joined && w.confidence == 0.9));
        assert!(words[0].size.is_some());
    }

    #[test]
    fn a_line_that_is_uncertain_is_no_text() {
        assert!(read("to be done", 0.4).is_empty());
        assert!(of_line(&[], &line("a", 1.0).1, &LINE, 0).is_empty());
    }

    #[test]
    fn text_without_spaces_is_parted_where_scripts_meet_and_clauses_end() {
        let words = read("安装Rust后，运行。", 0.9);
        let texts: Vec<(&str, bool)> = words.iter().map(|w| (w.text.as_str(), w.joined)).collect();
        assert_eq!(texts, [("安装", false), ("Rust", true), ("后，", true), ("运行。", true)]);
    }

    #[test]
    fn words_written_from_right_to_left_come_in_logical_order() {
        // As a model sees it: from the left.
        let words = read("םולש abc", 0.9);
        assert_eq!(words[0].text, "שלום");
        assert_eq!(words[1].text, "abc");
    }
}
