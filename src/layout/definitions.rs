//! Definition lists: terms at the margin, each with its description set in below.

use super::Draft;
use super::paragraphs::Paragraph;
use super::text::line_text;
use crate::document::Word;
use crate::geometry::RectExt;

/// A description is set in by this many ems at least.
const SET_IN: f32 = 0.8;
/// And by this many at most: farther to the right is a column of its own.
const MOST_SET_IN: f32 = 8.0;
/// White space between term and description, in ems, at most: headings have more below.
const NEAR: f32 = 0.5;
/// A term has at most this many words.
const TERM_WORDS: usize = 8;

/// Which blocks are terms of a definition list: two pairs of term and description in a row at least,
/// all terms at one margin and of the size of their descriptions. Terms are often bold, but they are no
/// headings.
pub(super) fn terms(drafts: &[Draft], words: &[Word]) -> Vec<bool> {
    let mut out = vec![false; drafts.len()];
    let mut run: Vec<usize> = Vec::new();
    let mut n = 0;
    while n < drafts.len() {
        let continues = run.last().is_none_or(|&last: &usize| {
            (drafts[last].rect().min.x - drafts[n].rect().min.x).abs()
                < 0.3 * text(&drafts[n]).map_or(0.0, Paragraph::size)
        });
        let pair = n + 1 < drafts.len() && is_pair(&drafts[n], &drafts[n + 1], words);
        if pair && !continues {
            mark(&run, &mut out);
            run.clear();
        }
        if pair {
            run.push(n);
            n += 2;
            // Further paragraphs of the description.
            while let (Some(Draft::Text(p)), Some(&term)) = (drafts.get(n), run.last())
                && p.rect.min.x > drafts[term].rect().min.x + SET_IN * p.size()
                && p.rect.overlap_x(&drafts[n - 1].rect()) > 0.0
            {
                n += 1;
            }
        } else {
            mark(&run, &mut out);
            run.clear();
            n += 1;
        }
    }
    mark(&run, &mut out);
    out
}

fn mark(run: &[usize], out: &mut [bool]) {
    if run.len() > 1 {
        run.iter().for_each(|&n| out[n] = true);
    }
}

fn text(draft: &Draft) -> Option<&Paragraph> {
    match draft {
        Draft::Text(p) => Some(p),
        _ => None,
    }
}

fn is_pair(term: &Draft, description: &Draft, words: &[Word]) -> bool {
    let (Some(term), Some(description)) = (text(term), text(description)) else { return false };
    let [line] = term.lines.as_slice() else { return false };
    let em = description.size().max(1.0);
    let set_in = description.rect.min.x - line.rect.min.x;
    let gap = description.rect.min.y - line.rect.max.y;
    let said = line_text(&line.words, words);
    let numbered = super::styles::number_depth(&said).is_some()
        || super::lists::starts_item(&said)
        || super::lists::starts_item(&line_text(&description.lines[0].words, words));
    // What introduces a list is no term of one.
    let introduces = said.ends_with([':', '.', '?', '!', ',']);
    // Sections of manuals have their text set in as well: larger titles, or in capitals.
    let titled = line.size > 1.04 * em || !said.chars().any(char::is_lowercase);
    let even =
        description.lines.iter().all(|l| (l.rect.min.x - description.rect.min.x).abs() < 0.3 * em);
    (SET_IN * em..MOST_SET_IN * em).contains(&set_in)
        && (-0.5 * em..NEAR * em).contains(&gap)
        && line.words.len() <= TERM_WORDS
        && even
        && !numbered
        && !titled
        && !introduces
}
