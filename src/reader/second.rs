//! Doubtful words are read once more, each with its neighbours cut out of the page, and the more
//! probable reading of each stays.

use image::{GrayImage, Luma, imageops};
use rayon::prelude::*;

use crate::error::Result;
use crate::geometry::{Px, Rect, RectExt, bounds, rect};
use crate::ocr::OcrWord;
use crate::recognition::calibration::probability;

/// Words of a probability below this are read again. (Up to 0.85 gains a tenth more for a third
/// more time.)
const DOUBTFUL: f32 = 0.7;
/// Pages whose characters are expected to be wrong in less than this share are clean: nothing is
/// read again.
const CLEAN: f32 = 0.008;
/// Of a page's text at most this share is read again, by width, the most doubtful parts first.
const MOST: f32 = 0.1;
/// Words before and after a doubtful one that are read with it: letters are recognised by what
/// stands beside them.
const BESIDE: usize = 1;
/// White around a part, in ems; never into the line above or below.
const MARGIN: f32 = 0.25;
/// How far a part is blurred (standard deviation, in ems): of ways to prepare it, the one that
/// gains most (docs/confidence.md).
const BLUR: f32 = 0.03;
/// The em is no more than this many heights of the words.
const TALLEST_EM: f32 = 1.5;
/// A first reading of at least this probability stays.
const SURE: f32 = 0.85;
/// The second reading must be more probable by this: it has the last word otherwise, and errs too.
const CLEARLY: f32 = 0.1;
/// Words where the first reading had none must be this probable.
const NEW: f32 = 0.6;
/// Words of the two readings are the same place where they overlap by this share of the narrower
/// one, or of an em.
const SAME: f32 = 0.25;
/// Rank of the paper among a part's pixels, from dark to bright.
const PAPER: f32 = 0.8;

/// A run of words within one line that is read again.
#[derive(Debug)]
struct Part {
    /// The words' places in the page's list.
    words: std::ops::Range<usize>,
    /// Number of characters in it that are expected to be wrong.
    doubt: f32,
    /// Of its words.
    area: Rect<Px>,
}

/// Reads doubtful words of an upright image again, with `recognize` for a line or a part of it,
/// and puts better readings in their place.
///
/// # Errors
///
/// Those of `recognize`.
pub(super) fn read_doubtful(
    image: &GrayImage,
    words: &mut Vec<OcrWord>,
    recognize: &(dyn Fn(&GrayImage) -> Result<Vec<OcrWord>> + Sync),
) -> Result<()> {
    let parts = parts(words);
    if parts.is_empty() {
        return Ok(());
    }
    let lines = lines(words);
    let known = &*words;
    let read = |part: &Part| -> Result<Vec<OcrWord>> {
        let first = &known[part.words.clone()];
        let em = em(first, &part.area);
        let area = surroundings(part, known, &lines, em, image.dimensions());
        let (cut, margin) = prepare(image, &area, em);
        let at = area.min.to_vector() - euclid::vec2(margin, margin);
        let moved = |w: OcrWord| OcrWord { rect: w.rect.translate(at), ..w };
        let second = recognize(&cut)?.into_iter().map(moved).collect();
        Ok(merge(first, second, em))
    };
    // No handle is held here, and the order of the parts stays.
    let merged: Vec<Vec<OcrWord>> = parts.par_iter().map(read).collect::<Result<_>>()?;
    // From the last to the first, so that places stay right.
    for (part, merged) in parts.into_iter().zip(merged).rev() {
        words.splice(part.words, merged);
    }
    Ok(())
}

/// The parts of a page to read again, in the order of the words.
fn parts(words: &[OcrWord]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut from = 0;
    for line in words.chunk_by(|a, b| a.line == b.line) {
        // Upright lines only: others would have to be turned first.
        if line[0].angle == 0.0 {
            parts.extend(doubtful_runs(line).into_iter().filter_map(|run| {
                let area = bounds(line[run.clone()].iter().map(|w| w.rect))?;
                let doubt = line[run.clone()].iter().map(expected_errors).sum();
                Some(Part { words: run.start + from..run.end + from, doubt, area })
            }));
        }
        from += line.len();
    }
    let doubt: f32 = words.iter().map(expected_errors).sum();
    let letters: f32 = words.iter().map(length).sum();
    if doubt < CLEAN * letters {
        return Vec::new();
    }
    let mut budget = MOST * words.iter().map(|w| w.rect.width()).sum::<f32>();
    parts.sort_by(|a, b| b.doubt.total_cmp(&a.doubt).then(a.words.start.cmp(&b.words.start)));
    parts.retain(|part| {
        budget -= part.area.width();
        budget >= 0.0
    });
    parts.sort_by_key(|part| part.words.start);
    parts
}

/// Doubtful words of a line with their neighbours; runs that would share a neighbour are one.
fn doubtful_runs(line: &[OcrWord]) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for (n, word) in line.iter().enumerate() {
        if is_text(word) && certainty(word) < DOUBTFUL {
            let run = n.saturating_sub(BESIDE)..(n + BESIDE + 1).min(line.len());
            match runs.last_mut() {
                Some(last) if run.start < last.end => last.end = run.end,
                _ => runs.push(run),
            }
        }
    }
    runs
}

/// Every line with its box.
fn lines(words: &[OcrWord]) -> Vec<(u32, Rect<Px>)> {
    let of_line = |line: &[OcrWord]| Some((line[0].line, bounds(line.iter().map(|w| w.rect))?));
    words.chunk_by(|a, b| a.line == b.line).filter_map(of_line).collect()
}

/// The size of a part's em, in pixels.
fn em(words: &[OcrWord], area: &Rect<Px>) -> f32 {
    let most = TALLEST_EM * area.height();
    words.first().and_then(|w| w.size).map_or(area.height(), |size| size.min(most)).max(1.0)
}

/// The box to cut out: the part with a margin that reaches into no other word and no other line.
fn surroundings(
    part: &Part,
    words: &[OcrWord],
    lines: &[(u32, Rect<Px>)],
    em: f32,
    (width, height): (u32, u32),
) -> Rect<Px> {
    let number = words[part.words.start].line;
    let own = part.area;
    let line = lines.iter().find(|l| l.0 == number).map_or(own, |l| l.1);
    let mut area: Rect<Px> =
        rect(own.min.x, line.min.y, own.max.x, line.max.y).inflate(MARGIN * em, MARGIN * em);
    for (_, other) in lines.iter().filter(|l| l.0 != number && l.1.overlap_x(&own) > 0.0) {
        if other.mid_y() < line.mid_y() {
            area.min.y = area.min.y.max(other.max.y.min(line.min.y));
        } else {
            area.max.y = area.max.y.min(other.min.y.max(line.max.y));
        }
    }
    let beside = [part.words.start.checked_sub(1), Some(part.words.end)];
    for word in beside.into_iter().flatten().filter_map(|n| words.get(n)) {
        if word.line == number && word.rect.mid_x() < own.mid_x() {
            area.min.x = area.min.x.max(word.rect.max.x.min(own.min.x));
        } else if word.line == number {
            area.max.x = area.max.x.min(word.rect.min.x.max(own.max.x));
        }
    }
    rect(
        area.min.x.max(0.0).floor(),
        area.min.y.max(0.0).floor(),
        area.max.x.min(width as f32).ceil(),
        area.max.y.min(height as f32).ceil(),
    )
}

/// The image of a part as it is read again, blurred a little and with a margin of paper around;
/// and that margin, in pixels.
fn prepare(image: &GrayImage, area: &Rect<Px>, em: f32) -> (GrayImage, f32) {
    let (x, y) = (area.min.x as u32, area.min.y as u32);
    let (width, height) = (area.width() as u32, area.height() as u32);
    let cut = imageops::crop_imm(image, x, y, width, height).to_image();
    let cut = imageops::blur(&cut, BLUR * em);
    let margin = (MARGIN * em).ceil() as u32;
    let paper = Luma([paper(&cut)]);
    let mut out = GrayImage::from_pixel(cut.width() + 2 * margin, cut.height() + 2 * margin, paper);
    imageops::replace(&mut out, &cut, i64::from(margin), i64::from(margin));
    (out, margin as f32)
}

/// The level of an image's paper.
fn paper(image: &GrayImage) -> u8 {
    let mut levels = image.as_raw().clone();
    let rank = (PAPER * levels.len().saturating_sub(1) as f32) as usize;
    if levels.is_empty() { 255 } else { *levels.select_nth_unstable(rank).1 }
}

/// Of two readings of a part the more probable words, place by place, in the first one's order.
///
/// Where the readings cut their text into words differently, words that overlap are chosen
/// together. Nothing that the first one read is left without a word.
fn merge(first: &[OcrWord], second: Vec<OcrWord>, em: f32) -> Vec<OcrWord> {
    let Some(model) = first.first() else { return Vec::new() };
    let mut places = places(first, &second, em);
    // Text that runs to the left has its first word at the right.
    let leftward = first.windows(2).filter(|w| w[1].rect.mid_x() < w[0].rect.mid_x()).count();
    if 2 * leftward > first.len() - 1 {
        places.reverse();
    }
    let mut merged: Vec<OcrWord> = Vec::with_capacity(first.len());
    for (of_first, of_second) in places {
        let old: Vec<&OcrWord> = of_first.iter().filter_map(|&n| first.get(n)).collect();
        let new: Vec<&OcrWord> = of_second.iter().filter_map(|&n| second.get(n)).collect();
        let (was, is) = (mean(&old), mean(&new));
        let better = match (was, is) {
            (_, None) => false,
            (None, Some(_)) => new.iter().all(|w| is_text(w) && certainty(w) >= NEW),
            (Some(was), Some(is)) => was < SURE && is > was + CLEARLY,
        };
        if !better {
            merged.extend(old.into_iter().cloned());
            continue;
        }
        for (n, word) in new.into_iter().enumerate() {
            let joined = match old.first() {
                Some(old) if n == 0 => old.joined,
                _ => word.joined,
            };
            merged.push(OcrWord {
                text: word.text.clone(),
                rect: word.rect,
                confidence: word.confidence,
                joined,
                ..model.clone()
            });
        }
    }
    merged
}

/// The places of words in both readings, from left to right: which words of each stand there.
fn places(first: &[OcrWord], second: &[OcrWord], em: f32) -> Vec<(Vec<usize>, Vec<usize>)> {
    let of = |words: &[OcrWord], again: bool| -> Vec<(Rect<Px>, bool, usize)> {
        words.iter().enumerate().map(|(n, w)| (w.rect, again, n)).collect()
    };
    let mut all = [of(first, false), of(second, true)].concat();
    all.sort_by(|a, b| a.0.min.x.total_cmp(&b.0.min.x).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut places: Vec<(Vec<usize>, Vec<usize>)> = Vec::new();
    let mut right = f32::MIN;
    for (r, again, n) in all {
        if r.min.x >= right - SAME * r.width().min(em) {
            places.push((Vec::new(), Vec::new()));
            right = r.max.x;
        }
        right = right.max(r.max.x);
        if let Some(place) = places.last_mut() {
            if again { place.1.push(n) } else { place.0.push(n) }
        }
    }
    for place in &mut places {
        place.0.sort_unstable();
        place.1.sort_unstable();
    }
    places
}

fn is_text(word: &OcrWord) -> bool {
    word.text.chars().any(char::is_alphanumeric)
}

fn certainty(word: &OcrWord) -> f32 {
    probability(word.confidence, &word.text)
}

fn length(word: &OcrWord) -> f32 {
    word.text.chars().count() as f32
}

/// How many of a word's characters are expected to be wrong, at most. (Marks without a letter are
/// left out: what they are is hardly told better by another look.)
fn expected_errors(word: &OcrWord) -> f32 {
    if is_text(word) { (1.0 - certainty(word)) * length(word) } else { 0.0 }
}

/// Mean probability of words, weighted by length; `None` without words.
fn mean(words: &[&OcrWord]) -> Option<f32> {
    let letters: f32 = words.iter().map(|w| length(w)).sum();
    let sum: f32 = words.iter().map(|w| certainty(w) * length(w)).sum();
    (letters > 0.0).then_some(sum / letters)
}

#[cfg(test)]
mod tests;
