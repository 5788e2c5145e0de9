//! Displayed formulas as a whole: fractions, limits, matrices and aligned rows stand in several lines, which
//! belong together before anything is ordered or cut into columns.
//!
//! Pieces of lines that read as prose are the walls; what stands between them, set apart, close together
//! and full of signs, is a formula.

use super::formulas::{self, is_function, is_math_font, is_math_letter};
use super::lines::{self, Line, Segment};
use super::paragraphs::Paragraph;
use crate::document::Word;
use crate::geometry::{Pt, Rect, RectExt, bounds, rect};
use crate::page::{Placement, PlacementKind, Rule};

/// How far the box of a word reaches below its baseline, in ems (the text layer makes it so).
const DESCENT: f32 = 0.22;
/// So many words in a row of ordinary letters are prose.
const PROSE: usize = 3;
/// And at least this share of a piece of a line.
const MOSTLY_PROSE: f32 = 0.4;
/// Something this close to prose on the same line belongs to it, in ems of the page.
const INLINE: f32 = 1.5;
/// Parts of a formula stand no further apart, one below the other, in ems: rows of a display less,
/// paragraphs and displays more.
const ROW_GAP: f32 = 0.75;
/// And side by side, in ems: TeX's widest space in a formula is two.
const SIDE_GAP: f32 = 3.2;
/// A formula without mathematical fonts is set in from both margins by so many ems.
const SET_IN: f32 = 1.5;
/// Share of words in mathematical fonts from which no more is asked.
const PLAIN_MATH: f32 = 0.5;

/// What a piece of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Prose,
    /// Holds a sign of mathematics.
    Signs,
    /// Letters, numbers, brackets: part of a formula beside one.
    Neutral,
}

/// Finds the displayed formulas among the words that are still free.
pub(super) fn find(
    words: &[Word],
    free: &[u32],
    rules: &[Rule],
    placements: &[Placement],
    em: f32,
) -> Vec<Paragraph> {
    let mut segments = lines::segments(words, free, &[]);
    for segment in &mut segments {
        let bodies = segment.words.iter().map(|&i| body(&words[i as usize]));
        segment.rect = bounds(bodies).unwrap_or(segment.rect);
    }
    let mut kinds: Vec<Kind> = segments.iter().map(|s| kind(s, words)).collect();
    // A short line of signs and words, set apart, is a formula with words in it.
    for n in 0..segments.len() {
        if kinds[n] == Kind::Prose
            && is_worded(&segments[n], words)
            && column(&segments, &kinds, &segments[n].rect, n, em).is_some_and(|column| {
                segments[n].rect.min.x - column.min.x > SET_IN * em
                    && column.max.x - segments[n].rect.max.x > SET_IN * em
            })
        {
            kinds[n] = Kind::Signs;
        }
    }
    let walls: Vec<Rect<Pt>> = segments
        .iter()
        .zip(&kinds)
        .filter(|(_, kind)| **kind == Kind::Prose)
        .map(|(s, _)| s.rect)
        .collect();
    let apart: Vec<usize> = (0..segments.len())
        .filter(|&n| kinds[n] != Kind::Prose)
        .filter(|&n| walls.iter().all(|wall| !is_inline(&segments[n].rect, wall, em)))
        .collect();
    let mut out = Vec::new();
    for mut group in groups(&segments, &apart, em) {
        // A word on a line of its own ends a paragraph; those of a formula have signs beside them.
        let is_text = |n: usize| is_words(&segments[n], words);
        let all = group.clone();
        group.retain(|&n| {
            let beside = |&m: &usize| {
                let (a, b) = (&segments[n].rect, &segments[m].rect);
                m != n && !is_text(m) && a.overlap_y(b) > 0.3 * a.height().min(b.height())
            };
            !is_text(n) || all.iter().any(beside)
        });
        let Some(rect) = bounds(group.iter().map(|&n| segments[n].rect)) else { continue };
        let Some(column) = column(&segments, &kinds, &rect, usize::MAX, em) else { continue };
        let own: Vec<&Word> =
            group.iter().flat_map(|&n| &segments[n].words).map(|&i| &words[i as usize]).collect();
        let signs = group.iter().any(|&n| kinds[n] == Kind::Signs);
        if signs
            && is_formula(&own, &rect, &column, em)
            && !is_in_table(&rect, rules, em)
            && !is_in_picture(&rect, placements)
        {
            group.extend(numbers(&rect, &column, &segments, &apart, words, em));
            group.sort_unstable();
            group.dedup();
            out.extend(paragraph(&group, &segments, words, column));
        }
    }
    out
}

fn paragraph(
    group: &[usize],
    segments: &[Segment],
    words: &[Word],
    column: Rect<Pt>,
) -> Option<Paragraph> {
    let own: Vec<&Segment> = group.iter().map(|&n| &segments[n]).collect();
    let lines = lines::rows(&own).into_iter().filter_map(|row| {
        let indices = row.iter().flat_map(|&i| own[i].words.iter().copied());
        Line::new(indices.collect(), words)
    });
    let paragraph = Paragraph::new(lines.collect(), column)?;
    Some(Paragraph { displayed: true, ..paragraph })
}

/// The box of a word. Large signs of TeX's fonts hang from their baseline.
fn body(word: &Word) -> Rect<Pt> {
    /// How far down they reach at least, in ems.
    const HANG: f32 = 1.2;
    let hangs = word.style.font.as_deref().is_some_and(formulas::is_large_sign_font);
    if !hangs {
        return word.rect;
    }
    let (top, size) = (word.rect.max.y - DESCENT * word.style.size, word.style.size);
    rect(word.rect.min.x, top, word.rect.max.x, top + HANG * size)
}

fn letters(word: &Word) -> usize {
    word.text.chars().filter(|c| c.is_alphabetic() && !is_math_letter(*c)).count()
}

fn set_as_math(word: &Word) -> bool {
    word.style.font.as_deref().is_some_and(is_math_font)
        || word
            .text
            .chars()
            .any(|c| is_math_letter(c) || formulas::RELATIONS.contains(c) && c != '=')
}

/// An operator that no text has.
fn is_operator(c: char) -> bool {
    formulas::OPERATORS.contains(c) && !"-*/_<>|^·’".contains(c)
}

/// A word of ordinary text.
fn is_ordinary(word: &Word) -> bool {
    letters(word) >= 3
        && !set_as_math(word)
        && !is_function(&word.text)
        && !word.text.contains(|c| formulas::RELATIONS.contains(c) || is_operator(c))
}

fn has_sign(word: &Word) -> bool {
    word.text.contains(|c: char| {
        formulas::RELATIONS.contains(c)
            || is_operator(c)
            || ('\u{391}'..'\u{3D6}').contains(&c) && letters(word) == 1
    }) || set_as_math(word)
}

fn kind(segment: &Segment, words: &[Word]) -> Kind {
    let own: Vec<&Word> = segment.words.iter().map(|&i| &words[i as usize]).collect();
    let ordinary = own.iter().filter(|w| is_ordinary(w)).count();
    let share = ordinary as f32 / own.len().max(1) as f32;
    let lettered = own.iter().filter(|w| letters(w) >= 2 && !set_as_math(w)).count();
    if ordinary >= PROSE && share >= MOSTLY_PROSE
        || ordinary >= 2 && lettered == own.len()
        || ordinary >= 1 && lettered == own.len() && own.len() > 2
    {
        Kind::Prose
    } else if own.iter().any(|w| has_sign(w)) {
        Kind::Signs
    } else {
        Kind::Neutral
    }
}

/// Words and nothing else.
fn is_words(segment: &Segment, words: &[Word]) -> bool {
    let mut own = segment.words.iter().map(|&i| &words[i as usize]);
    own.clone().any(is_ordinary) && own.all(|w| letters(w) >= 2 && !set_as_math(w))
}

/// A line like "P = force per area": something short, a relation, and a few words.
fn is_worded(segment: &Segment, words: &[Word]) -> bool {
    /// More words are a sentence with a sign in it.
    const MOST: usize = 9;
    let text = |n: usize| segment.words.get(n).map(|&i| words[i as usize].text.as_str());
    let relation = (1..4).any(|n| text(n).is_some_and(|t| "=≈≡∝:=".contains(t) && t != ":"));
    let short = text(0).is_some_and(|t| t.chars().count() <= 3);
    let mono = segment.words.iter().all(|&i| words[i as usize].style.mono == Some(true));
    segment.words.len() <= MOST && relation && short && !mono
}

/// Whether a piece stands on the line of a piece of prose, close to it.
fn is_inline(r: &Rect<Pt>, wall: &Rect<Pt>, em: f32) -> bool {
    let gap = (r.min.x - wall.max.x).max(wall.min.x - r.max.x);
    gap < INLINE * em && r.overlap_y(wall) > 0.25 * r.height().min(wall.height())
}

/// Pieces that stand close together.
fn groups(segments: &[Segment], apart: &[usize], em: f32) -> Vec<Vec<usize>> {
    let near = |a: &Rect<Pt>, b: &Rect<Pt>| {
        let across = (b.min.x - a.max.x).max(a.min.x - b.max.x).max(0.0);
        let down = (b.min.y - a.max.y).max(a.min.y - b.max.y);
        if down > -0.3 * em {
            return across < 0.3 * SIDE_GAP * em && down < ROW_GAP * em;
        }
        across < SIDE_GAP * em
    };
    let mut out: Vec<Vec<usize>> = Vec::new();
    for &n in apart {
        let (joined, mut rest): (Vec<Vec<usize>>, Vec<Vec<usize>>) = out
            .into_iter()
            .partition(|g| g.iter().any(|&m| near(&segments[m].rect, &segments[n].rect)));
        let mut group = joined.concat();
        group.push(n);
        rest.push(group);
        out = rest;
    }
    for group in &mut out {
        group.sort_unstable();
    }
    out.sort();
    out
}

/// The column in which something stands: as wide as the nearest prose above and below.
fn column(
    segments: &[Segment],
    kinds: &[Kind],
    r: &Rect<Pt>,
    own: usize,
    em: f32,
) -> Option<Rect<Pt>> {
    /// Lines looked at on either side.
    const LINES: usize = 4;
    let prose = |n: &usize| *n != own && kinds[*n] == Kind::Prose;
    let shares = |s: &Rect<Pt>| s.overlap_x(r) > 0.3 * r.width().min(s.width());
    let side = |above: bool| {
        let mut near: Vec<(f32, Rect<Pt>)> = (0..segments.len())
            .filter(prose)
            .map(|n| segments[n].rect)
            .filter(|s| shares(s))
            .map(|s| (if above { r.mid_y() - s.mid_y() } else { s.mid_y() - r.mid_y() }, s))
            .filter(|(away, _)| *away > 0.3 * em)
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        near.truncate(LINES);
        near
    };
    let near: Vec<Rect<Pt>> =
        side(true).into_iter().chain(side(false)).map(|(_, rect)| rect).collect();
    bounds(near)
}

/// The number of a formula, at the right margin beside it.
fn numbers(
    r: &Rect<Pt>,
    column: &Rect<Pt>,
    segments: &[Segment],
    apart: &[usize],
    words: &[Word],
    em: f32,
) -> Vec<usize> {
    let is_number = |s: &Segment| {
        let [word] = s.words.as_slice() else { return false };
        let text = &words[*word as usize].text;
        text.starts_with('(') && text.ends_with(')') && text.chars().any(|c| c.is_ascii_digit())
    };
    let beside = |s: &Rect<Pt>| {
        s.min.x > r.max.x
            && (s.max.x - column.max.x).abs() < SET_IN * em
            && (r.min.y..r.max.y).contains(&s.mid_y())
    };
    let all = apart.iter().copied();
    all.filter(|&n| is_number(&segments[n]) && beside(&segments[n].rect)).collect()
}

fn is_formula(own: &[&Word], rect: &Rect<Pt>, column: &Rect<Pt>, em: f32) -> bool {
    /// Letters and digits of the shortest formula.
    const LEAST: usize = 2;
    let text = |is: fn(char) -> bool| -> usize {
        own.iter().map(|w| w.text.chars().filter(|c| is(*c)).count()).sum()
    };
    if text(char::is_alphanumeric) < LEAST
        || own.iter().all(|w| w.style.mono == Some(true))
        || own.iter().any(|w| !set_as_math(w) && w.text.contains(|c| "$\"“”#@&?;".contains(c)))
    {
        return false;
    }
    let math = own.iter().filter(|w| set_as_math(w)).count() as f32;
    let ordinary = own.iter().filter(|w| is_ordinary(w)).count() as f32;
    let all = own.len() as f32;
    let relates = own.iter().any(|w| {
        w.text.contains(|c| formulas::RELATIONS.contains(c))
            && (w.text.chars().count() > 1 || all > 2.0)
    });
    // What begins with a word is a sentence with a formula in it.
    let first = own.iter().min_by(|a, b| a.rect.min.x.total_cmp(&b.rect.min.x));
    // Program text begins with a prompt.
    if first.is_some_and(|w| is_ordinary(w) || w.text.starts_with('>')) {
        return false;
    }
    let set_in =
        rect.min.x - column.min.x >= SET_IN * em && column.max.x - rect.max.x >= SET_IN * em;
    let numbered = own.iter().any(|w| {
        w.text.starts_with('(')
            && w.text.ends_with(')')
            && w.text.chars().any(|c| c.is_ascii_digit())
            && (column.max.x - w.rect.max.x).abs() < SET_IN * em
    }) && rect.min.x - column.min.x >= SET_IN * em;
    ordinary <= 0.6 * all
        && (relates && (set_in || numbered) || math >= PLAIN_MATH * all && (relates || set_in))
}

/// Whether lines of a table run above and below.
fn is_in_table(r: &Rect<Pt>, rules: &[Rule], em: f32) -> bool {
    let wide: Vec<&Rect<Pt>> = rules
        .iter()
        .filter(|rule| rule.is_horizontal())
        .map(|rule| &rule.rect)
        .filter(|line| line.min.x < r.min.x + 0.2 * em && line.max.x > r.max.x - 0.2 * em)
        .filter(|line| line.width() > 1.1 * r.width())
        .collect();
    let same = |a: &Rect<Pt>, b: &Rect<Pt>| {
        (a.min.x - b.min.x).abs() < em && (a.max.x - b.max.x).abs() < em
    };
    wide.iter().any(|a| {
        a.mid_y() < r.min.y + 0.3 * em
            && wide.iter().any(|b| b.mid_y() > r.max.y - 0.3 * em && same(a, b))
    })
}

/// Whether it is part of a picture or drawing that is more than it.
fn is_in_picture(r: &Rect<Pt>, placements: &[Placement]) -> bool {
    placements.iter().any(|p| {
        p.kind != PlacementKind::Fill
            && r.share_in(&p.rect) > 0.8
            && p.rect.width() * p.rect.height() > 3.0 * r.width() * r.height()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::testing::{line, word};

    fn prose(top: f32) -> Vec<Word> {
        line("It follows from the definition given in the last section that the sum is", 50.0, top)
    }

    fn found(words: &[Word], rules: &[Rule]) -> Vec<Vec<String>> {
        let free: Vec<u32> = (0..words.len() as u32).collect();
        let texts = |p: &Paragraph| {
            let indices = p.lines.iter().flat_map(|l| &l.words);
            indices.map(|&i| words[i as usize].text.clone()).collect()
        };
        find(words, &free, rules, &[], 10.0).iter().map(texts).collect()
    }

    fn rule(left: f32, right: f32, y: f32) -> Rule {
        Rule { rect: rect(left, y, right, y + 0.4) }
    }

    #[test]
    fn a_fraction_between_paragraphs_is_one_formula_with_its_number() {
        let mut words = prose(100.0);
        words.extend(line("y =", 200.0, 130.0));
        words.extend([word("a", 222.0, 123.0, 227.0), word("b", 222.0, 137.0, 227.0)]);
        words.push(word("(3)", 362.0, 130.0, 377.0));
        words.extend(prose(160.0));
        let formulas = found(&words, &[rule(221.0, 228.0, 135.0)]);
        assert_eq!(formulas.len(), 1);
        let mut parts = formulas[0].clone();
        parts.sort();
        assert_eq!(parts, ["(3)", "=", "a", "b", "y"]);
    }

    #[test]
    fn signs_in_running_text_and_prices_are_none() {
        let mut words = prose(100.0);
        // A fraction within a line: its parts stand above and below it.
        words.extend(line("where the value of x =", 50.0, 115.0));
        words.extend([word("a", 160.0, 111.0, 164.0), word("b", 160.0, 119.0, 164.0)]);
        words.extend(line("is the mean of all of them", 168.0, 115.0));
        words.extend(prose(130.0));
        assert!(found(&words, &[]).is_empty());
        let mut words = prose(100.0);
        words.extend(line("$ 5 + $ 7 = $ 12", 200.0, 130.0));
        words.extend(prose(160.0));
        assert!(found(&words, &[]).is_empty());
    }

    #[test]
    fn rows_of_a_table_and_program_text_are_none() {
        let mut words = prose(100.0);
        words.extend(line("a = 1", 200.0, 130.0));
        words.extend(prose(160.0));
        let mut listing = prose(100.0);
        listing.extend(line("> x = y + z", 200.0, 130.0));
        listing.extend(prose(160.0));
        assert!(found(&listing, &[]).is_empty());
        let frame = [rule(150.0, 300.0, 126.0), rule(150.0, 300.0, 144.0)];
        assert_eq!(found(&words, &[]).len(), 1);
        assert!(found(&words, &frame).is_empty());
    }
}
