//! Lines of a column to paragraphs.

use super::formulas;
use super::lines::Line;
use super::lists;
use super::text::line_text;
use crate::document::Word;
use crate::geometry::{Pt, Rect, bounds};

/// A gap between lines larger than the column's usual one by this many ems starts a paragraph.
const EXTRA_GAP: f32 = 0.28;
/// A first line indented by at least this many ems starts a paragraph; more than
/// [`MAX_INDENT`] is a centred or right-aligned line.
const INDENT: f32 = 0.8;
/// See [`INDENT`].
const MAX_INDENT: f32 = 5.0;
/// A line that ends this many ems before the right margin ends its paragraph, when the first word
/// of the next line would have fitted.
const SHORT: f32 = 1.0;
/// An entry of an index has fewer words.
const MAX_ENTRY: usize = 10;
/// A change of size by more than this share starts a paragraph.
const SIZE_CHANGE: f32 = 0.12;

/// Lines that read as one paragraph.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Paragraph {
    pub(super) lines: Vec<Line>,
    pub(super) rect: Rect<Pt>,
    /// Box of the column it stands in.
    pub(super) column: Rect<Pt>,
    /// Whether it was found as a formula before lines were put together.
    pub(super) displayed: bool,
}

impl Paragraph {
    pub(super) fn new(lines: Vec<Line>, column: Rect<Pt>) -> Option<Self> {
        let rect = bounds(lines.iter().map(|l| l.rect))?;
        Some(Self { lines, rect, column, displayed: false })
    }

    /// Em of its longest line.
    pub(super) fn size(&self) -> f32 {
        self.lines
            .iter()
            .max_by(|a, b| a.rect.width().total_cmp(&b.rect.width()))
            .map_or(0.0, |l| l.size)
    }
}

/// Splits the lines of one column, top to bottom, into paragraphs.
pub(super) fn paragraphs(lines: Vec<Line>, words: &[Word]) -> Vec<Paragraph> {
    let Some(column) = bounds(lines.iter().map(|l| l.rect)) else { return Vec::new() };
    let leading = usual_leading(&lines);
    let margins = Margins::of(&lines);
    let mut out: Vec<Paragraph> = Vec::new();
    let mut open: Vec<Line> = Vec::new();
    for line in lines {
        let breaks = match open.last() {
            None => false,
            Some(last) => match [last, &line].map(|l| formulas::is_displayed(l, &column, words)) {
                // The parts of a fraction stand at odd distances.
                [true, true] => line.rect.min.y - last.rect.max.y > line.size.max(last.size),
                [false, false] => starts_paragraph(last, &line, &open, leading, &margins, words),
                _ => true,
            },
        };
        if breaks {
            out.extend(Paragraph::new(std::mem::take(&mut open), column));
        }
        open.push(line);
    }
    out.extend(Paragraph::new(open, column));
    out
}

/// Distance between baselines in running text, in ems: the lower quartile of the column, so that
/// gaps between paragraphs do not count. `None` with fewer than two lines.
fn usual_leading(lines: &[Line]) -> Option<f32> {
    let mut steps: Vec<f32> = lines
        .windows(2)
        .filter(|w| same_size(&w[0], &w[1]))
        .map(|w| (w[1].rect.max.y - w[0].rect.max.y) / w[0].size.max(w[1].size))
        .filter(|step| (0.7..3.0).contains(step))
        .collect();
    steps.sort_by(f32::total_cmp);
    steps.get(steps.len() / 4).copied()
}

/// Where most lines of a column begin and end.
struct Margins {
    left: f32,
    right: f32,
    /// Whether lines end flush right.
    justified: bool,
}

impl Margins {
    fn of(lines: &[Line]) -> Self {
        let quantile = |mut v: Vec<f32>, q: f32| {
            v.sort_by(f32::total_cmp);
            v.get(((v.len().saturating_sub(1)) as f32 * q) as usize).copied().unwrap_or(0.0)
        };
        let left = quantile(lines.iter().map(|l| l.rect.min.x).collect(), 0.25);
        let right = quantile(lines.iter().map(|l| l.rect.max.x).collect(), 0.9);
        let flush = lines.iter().filter(|l| (l.rect.max.x - right).abs() < 0.35 * l.size).count();
        Self { left, right, justified: flush * 2 > lines.len() && lines.len() > 2 }
    }
}

fn same_size(a: &Line, b: &Line) -> bool {
    (a.size - b.size).abs() <= SIZE_CHANGE * a.size.max(b.size)
}

/// Whether the weight changes at the line's end; a bold lead-in changes within its line.
fn changes_weight(last: &Line, line: &Line, words: &[Word]) -> bool {
    let bold = |i: Option<&u32>| i.and_then(|&i| words[i as usize].style.bold);
    bold(last.words.last()) != bold(line.words.first())
}

/// Whether a line is set in capitals, and is long enough to tell.
fn is_caps(line: &Line, words: &[Word]) -> bool {
    let mut capitals = 0;
    for c in line.words.iter().flat_map(|&i| words[i as usize].text.chars()) {
        if c.is_lowercase() {
            return false;
        }
        capitals += usize::from(c.is_uppercase());
    }
    capitals >= 6
}

/// Whether leader dots and a number end the line: an entry of a table of contents.
fn ends_with_leader(line: &Line, words: &[Word]) -> bool {
    /// Fewer dots are an ellipsis.
    const DOTS: usize = 4;
    let mut texts = line.words.iter().rev().map(|&i| words[i as usize].text.as_str());
    let is_number = |t: &str| !t.is_empty() && t.chars().all(|c| c.is_ascii_digit());
    let Some(last) = texts.next() else { return false };
    let dots: usize = texts
        .take_while(|t| t.chars().all(|c| matches!(c, '.' | '·' | '…')))
        .map(|t| t.chars().map(|c| if c == '…' { 3 } else { 1 }).sum::<usize>())
        .sum();
    let number = last.trim_start_matches(['.', '…']);
    is_number(number) && dots + (last.len() - number.len()) >= DOTS
}

/// Whether the line ends with a comma and numbers: an entry of an index.
fn is_index_entry(line: &Line, words: &[Word]) -> bool {
    let text = |n: usize| line.words.iter().rev().nth(n).map(|&i| words[i as usize].text.as_str());
    let is_page = |t: &str| t.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '–'));
    text(0).is_some_and(is_page) && text(1).is_some_and(|t| t.ends_with(','))
}

/// Where the text begins of a line that starts with a number or sign hung out: a note, or an item of
/// a list without punctuation.
fn hung_text(line: &Line, em: f32, words: &[Word]) -> Option<f32> {
    /// Signs of the longest number.
    const MOST: usize = 3;
    let [mark, text, ..] = line.words.as_slice() else { return None };
    let (mark, text) = (&words[*mark as usize], &words[*text as usize]);
    let is_mark = mark.text.chars().count() <= MOST
        && mark.text.chars().all(|c| c.is_numeric() || "*†‡§".contains(c));
    let apart = text.rect.min.x > line.rect.min.x + INDENT * em;
    (is_mark && apart).then_some(text.rect.min.x)
}

/// Whether a line back at the margin ends a block that is set in as a whole, such as the description
/// in a definition list: all its lines start at one place, and the last one ends early or with its
/// sentence.
fn ends_description(
    open: &[Line],
    line: &Line,
    em: f32,
    margins: &Margins,
    words: &[Word],
) -> bool {
    let (Some(first), Some(last)) = (open.first(), open.last()) else { return false };
    let left = first.rect.min.x;
    let set_in = left - line.rect.min.x;
    let even = open.iter().all(|l| (l.rect.min.x - left).abs() < 0.3 * em);
    let at_margin = (line.rect.min.x - margins.left).abs() < 0.5 * em;
    if !even || !at_margin || !(INDENT * em..2.0 * MAX_INDENT * em).contains(&set_in) {
        return false;
    }
    let Some(&next) = line.words.first() else { return false };
    let room = margins.right - last.rect.max.x;
    let short = room > words[next as usize].rect.width() + (0.3 + SHORT) * em;
    let ends = last.words.last().is_some_and(|&i| ends_sentence(&words[i as usize].text));
    // A first line that is set in goes on at the margin, unless it ends early.
    if open.len() > 1 { short || ends } else { short && ends }
}

fn ends_sentence(text: &str) -> bool {
    text.ends_with(['.', '!', '?', ':', '。', '؟', '।'])
}

fn starts_paragraph(
    last: &Line,
    line: &Line,
    open: &[Line],
    leading: Option<f32>,
    margins: &Margins,
    words: &[Word],
) -> bool {
    let em = last.size.max(line.size).max(1.0);
    if last.style.mono && line.style.mono {
        // Program text: only a wide gap parts it.
        return line.rect.min.y - last.rect.max.y > 1.5 * em;
    }
    if !same_size(last, line) || last.style.mono != line.style.mono {
        return true;
    }
    if last.style.bold != line.style.bold && changes_weight(last, line, words) {
        return true;
    }
    if is_caps(last, words) && !is_caps(line, words) {
        return true;
    }
    if ends_with_leader(last, words)
        || is_index_entry(last, words)
            && is_index_entry(line, words)
            && last.words.len() < MAX_ENTRY
    {
        return true;
    }
    let step = (line.rect.max.y - last.rect.max.y) / em;
    if step > leading.unwrap_or(1.3).max(0.9) + EXTRA_GAP {
        return true;
    }
    if lists::starts_item(&line_text(&line.words, words)) {
        return true;
    }
    let first = &open[0];
    let is_item = lists::starts_item(&line_text(&first.words, words));
    if is_item {
        // Within an item: its lines hang under the text, so one back at or left of the marker's
        // margin is a new paragraph.
        let second = open.get(1).unwrap_or(line);
        if second.rect.min.x > first.rect.min.x + 0.5 * em {
            return line.rect.min.x < first.rect.min.x + 0.3 * em;
        }
    }
    if let Some(left) = hung_text(first, em, words) {
        if (line.rect.min.x - left).abs() < 0.3 * em {
            return false;
        }
        // The next note, its number under the last one's.
        let next = hung_text(line, em, words).is_some_and(|l| (l - left).abs() < 0.3 * em);
        if next && (line.rect.min.x - first.rect.min.x).abs() < 0.5 * em {
            return true;
        }
    }
    if ends_description(open, line, em, margins, words) {
        return true;
    }
    let indent = line.rect.min.x - margins.left;
    let last_indent = last.rect.min.x - margins.left;
    // A first line set in from the margin, after a line that was not.
    if (INDENT * em..MAX_INDENT * em).contains(&indent)
        && last_indent.abs() < 0.5 * em
        && line.rect.max.x > margins.right - 0.4 * (margins.right - margins.left)
    {
        return true;
    }
    // A line that ends early ends its paragraph, if the next word had fitted and the text is
    // not ragged throughout.
    let Some(&next) = line.words.first() else { return false };
    let next_width = words[next as usize].rect.width() + 0.3 * em;
    let room = margins.right - last.rect.max.x;
    let ends_sentence = ends_sentence(&words[*last.words.last().unwrap_or(&next) as usize].text);
    let short = room > next_width + SHORT * em;
    short
        && (margins.justified || ends_sentence)
        && last_indent.abs() < 2.0 * em
        && indent.abs() < 2.0 * em
}
