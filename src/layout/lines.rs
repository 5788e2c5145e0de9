//! Words to segments: runs of words on one line with nothing but word spaces between them.

use crate::document::Word;
use crate::geometry::{Pt, Rect, RectExt, bounds};

/// A gap wider than this many ems ends a segment. Justified lines rarely stretch a space beyond
/// it; where they do, the halves meet again when lines are put together.
const SEGMENT_GAP: f32 = 0.9;
/// Words whose heights share less than this part of the smaller one are on different lines.
const SAME_LINE: f32 = 0.5;
/// Words may overlap by this many ems (kerning, italics, boxes from OCR).
const OVERLAP: f32 = 0.5;

/// Words on one line, with nothing but word spaces between them, left to right.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Segment {
    /// Indices of words, in the order in which they stand, from the left.
    pub(super) words: Vec<u32>,
    pub(super) rect: Rect<Pt>,
    /// Em of most of its characters.
    pub(super) size: f32,
}

impl Segment {
    pub(super) fn new(indices: Vec<u32>, words: &[Word]) -> Option<Self> {
        let rect = bounds(indices.iter().map(|&i| words[i as usize].rect))?;
        let size = typical_size(indices.iter().map(|&i| &words[i as usize]));
        Some(Self { words: indices, rect, size })
    }
}

/// Em of most of the characters of `words`; 0 when there are none.
pub(super) fn typical_size<'a>(words: impl Iterator<Item = &'a Word>) -> f32 {
    let mut sizes: Vec<(f32, usize)> =
        words.map(|w| (w.style.size, w.text.chars().count())).collect();
    sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = sizes.iter().map(|s| s.1).sum::<usize>() / 2;
    let mut seen = 0;
    for &(size, count) in &sizes {
        seen += count;
        if seen > half {
            return size;
        }
    }
    0.0
}

/// Groups upright words into segments. `barriers` are vertical ruling lines that no segment
/// crosses.
///
/// Words that a recogniser put into lines keep its lines and its order within them: it has seen
/// the pixels. Others are chained by where they stand.
pub(super) fn segments(words: &[Word], indices: &[u32], barriers: &[Rect<Pt>]) -> Vec<Segment> {
    let (read, loose): (Vec<u32>, Vec<u32>) =
        indices.iter().partition(|&&i| words[i as usize].line.is_some());
    let mut open = chain(words, loose, barriers);
    open.extend(split_lines(words, read, barriers));
    let mut out: Vec<Segment> =
        open.into_iter().filter_map(|run| Segment::new(run, words)).collect();
    out.sort_by(|a, b| {
        a.rect.min.y.total_cmp(&b.rect.min.y).then(a.rect.min.x.total_cmp(&b.rect.min.x))
    });
    out
}

/// Lines of a recogniser, split where white space or a ruling line parts them.
fn split_lines(words: &[Word], mut indices: Vec<u32>, barriers: &[Rect<Pt>]) -> Vec<Vec<u32>> {
    indices.sort_by_key(|&i| (words[i as usize].line, i));
    let mut out: Vec<Vec<u32>> = Vec::new();
    for line in indices.chunk_by(|&a, &b| words[a as usize].line == words[b as usize].line) {
        let mut line = line.to_vec();
        if super::text::is_rtl(line.iter().map(|&i| &words[i as usize])) {
            line.sort_by(|&a, &b| {
                words[a as usize].rect.min.x.total_cmp(&words[b as usize].rect.min.x)
            });
        }
        let mut reach = f32::MIN;
        for (n, &i) in line.iter().enumerate() {
            let word = &words[i as usize];
            let apart = n > 0 && {
                let last = &words[line[n - 1] as usize];
                let em = last.style.size.max(word.style.size);
                let gap = word.rect.min.x - reach;
                // Far back to the left is another line, whatever the recogniser says.
                gap > SEGMENT_GAP * em
                    || word.rect.max.x < last.rect.min.x - em
                    || is_barred(&last.rect, &word.rect, em, barriers)
            };
            match out.last_mut() {
                Some(run) if n > 0 && !apart => run.push(i),
                _ => {
                    out.push(vec![i]);
                    reach = f32::MIN;
                }
            }
            reach = reach.max(word.rect.max.x);
        }
    }
    out
}

fn chain(words: &[Word], mut sorted: Vec<u32>, barriers: &[Rect<Pt>]) -> Vec<Vec<u32>> {
    sorted.sort_by(|&a, &b| {
        let (a, b) = (&words[a as usize].rect, &words[b as usize].rect);
        a.min.x.total_cmp(&b.min.x).then(a.min.y.total_cmp(&b.min.y))
    });
    let mut open: Vec<Vec<u32>> = Vec::new();
    for index in sorted {
        let word = &words[index as usize];
        let best = open
            .iter_mut()
            .filter_map(|run| {
                let last = &words[*run.last()? as usize];
                Some((fit(last, word, barriers)?, run))
            })
            .min_by(|a, b| a.0.total_cmp(&b.0));
        match best {
            Some((_, run)) => run.push(index),
            None => open.push(vec![index]),
        }
    }
    open
}

/// Whether a vertical ruling line stands between two words of a line.
fn is_barred(a: &Rect<Pt>, b: &Rect<Pt>, em: f32, barriers: &[Rect<Pt>]) -> bool {
    barriers.iter().any(|bar| {
        let x = bar.mid_x();
        x > a.mid_x()
            && x < b.mid_x()
            && x >= a.max.x - 0.2 * em
            && x <= b.min.x + 0.2 * em
            && bar.min.y < b.mid_y()
            && bar.max.y > b.mid_y()
    })
}

/// How badly `word` continues a run that ends with `last`; `None` when it does not.
fn fit(last: &Word, word: &Word, barriers: &[Rect<Pt>]) -> Option<f32> {
    let (a, b) = (&last.rect, &word.rect);
    let em = last.style.size.max(word.style.size);
    let gap = b.min.x - a.max.x;
    if gap > SEGMENT_GAP * em || gap < -OVERLAP * em {
        return None;
    }
    let shared = a.overlap_y(b);
    if shared < SAME_LINE * a.height().min(b.height()) {
        return None;
    }
    // Prefer the line whose middle is nearest.
    (!is_barred(a, b, em, barriers)).then(|| (a.mid_y() - b.mid_y()).abs() + 0.1 * gap.max(0.0))
}

/// A line of a column: segments of one row, left to right.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// Indices of words, in the order in which they stand, from the left.
    pub(super) words: Vec<u32>,
    pub(super) rect: Rect<Pt>,
    pub(super) size: f32,
    pub(super) style: LineStyle,
}

/// What most characters of a line have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LineStyle {
    pub(super) bold: bool,
    pub(super) italic: bool,
    pub(super) mono: bool,
    pub(super) color: Option<[u8; 3]>,
}

impl Line {
    /// A line of these words, in the order given.
    pub(super) fn new(indices: Vec<u32>, words: &[Word]) -> Option<Self> {
        let rect = bounds(indices.iter().map(|&i| words[i as usize].rect))?;
        let of = || indices.iter().map(|&i| &words[i as usize]);
        let size = typical_size(of());
        let style = LineStyle {
            bold: mostly(of(), |w| w.style.bold == Some(true)),
            italic: mostly(of(), |w| w.style.italic == Some(true)),
            // Fonts for East Asian text call themselves fixed-pitch; that is not program text.
            mono: mostly(of(), |w| {
                w.style.mono == Some(true) && !w.text.chars().any(super::text::is_unspaced)
            }),
            color: of().max_by_key(|w| w.text.len()).and_then(|w| w.style.color),
        };
        Some(Self { words: indices, rect, size, style })
    }
}

fn mostly<'a>(words: impl Iterator<Item = &'a Word>, is: impl Fn(&Word) -> bool) -> bool {
    /// Emphasis of a few words does not make a line bold.
    const MOST: f32 = 0.8;
    let (mut yes, mut all) = (0usize, 0usize);
    for word in words {
        let letters = word.text.chars().filter(|c| c.is_alphanumeric()).count();
        all += letters;
        yes += if is(word) { letters } else { 0 };
    }
    all > 0 && yes as f32 >= MOST * all as f32
}

/// Groups boxes that stand side by side, top to bottom; within a row, left to right. Returns
/// indices into `segments`.
pub(super) fn rows(segments: &[&Segment]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..segments.len()).collect();
    order.sort_by(|&a, &b| segments[a].rect.mid_y().total_cmp(&segments[b].rect.mid_y()));
    let mut rows: Vec<(Rect<Pt>, Vec<usize>)> = Vec::new();
    for index in order {
        let r = segments[index].rect;
        // Rows come top to bottom: only the last few can still share this one's height.
        let row = rows.iter_mut().rev().take(3).find(|(around, members)| {
            let shared = r.overlap_y(around);
            let beside = members.iter().all(|&m| {
                let other = &segments[m].rect;
                r.overlap_x(other) <= 0.3 * r.width().min(other.width())
            });
            shared >= SAME_LINE * r.height().min(around.height()) && beside
        });
        match row {
            Some((around, members)) => {
                // The row keeps its first height: a tall initial must not swallow the next line.
                *around = if around.height() < r.height() { *around } else { r };
                members.push(index);
            }
            None => rows.push((r, vec![index])),
        }
    }
    let mut rows: Vec<Vec<usize>> = rows.into_iter().map(|(_, members)| members).collect();
    for row in &mut rows {
        row.sort_by(|&a, &b| segments[a].rect.min.x.total_cmp(&segments[b].rect.min.x));
    }
    let top =
        |row: &Vec<usize>| row.iter().map(|&i| segments[i].rect.mid_y()).fold(f32::MAX, f32::min);
    rows.sort_by(|a, b| top(a).total_cmp(&top(b)));
    rows
}
