//! Headings that the document itself names: in its outline, or in its printed table of contents.

use std::collections::HashMap;

use super::furniture::alike;
use super::lines::Line;
use super::lists;
use super::paragraphs::Paragraph;
use super::styles::number_depth;
use super::text::line_text;
use super::{Draft, PageDraft, context};
use crate::document::{Word, WordOrigin};
use crate::page::OutlineEntry;

/// A heading has no more lines than this, whoever names it.
pub(super) const MOST_LINES: usize = 4;

/// A title to look for: its letters and digits alone, with and without its section number.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    whole: String,
    bare: Option<String>,
}

impl Key {
    /// `None` for titles too short to be told from other text.
    fn new(text: &str) -> Option<Self> {
        let whole = fold(text);
        let bare = number_depth(text).and_then(|_| {
            // "Chapter 3: The end" is numbered by its second word.
            let words =
                if text.starts_with(char::is_alphabetic) && !is_numeral(text) { 2 } else { 1 };
            let rest: Vec<&str> = text.split_whitespace().skip(words).collect();
            Some(fold(&rest.join(" "))).filter(|b| is_long(b))
        });
        is_long(&whole).then_some(Self { whole, bare })
    }

    /// Whether both are the same title; a number may be missing on either side. `rough` allows for slips
    /// of a recogniser.
    fn matches(&self, other: &Self, rough: bool) -> bool {
        self.whole == other.whole
            || self.bare.as_ref().is_some_and(|b| *b == other.whole)
            || other.bare.as_ref().is_some_and(|b| *b == self.whole)
            || rough && alike(&self.whole, &other.whole)
    }
}

/// Whether the first word is a roman numeral or a letter with numbers ("IV.", "A.1").
fn is_numeral(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    first.chars().all(|c| "IVXivx.)".contains(c)) || first.contains(|c: char| c.is_ascii_digit())
}

/// Letters and digits, lower case.
fn fold(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// One Chinese character says about as much as two letters.
fn is_long(folded: &str) -> bool {
    folded.len() >= 4
}

fn text_of(lines: &[Line], words: &[Word]) -> String {
    let texts: Vec<String> = lines.iter().map(|l| line_text(&l.words, words)).collect();
    texts.join(" ")
}

/// Parts a title of the outline from the paragraph that it was taken for the beginning of.
pub(super) fn part_titles(
    drafts: Vec<Draft>,
    outline: &[OutlineEntry],
    words: &[Word],
) -> Vec<Draft> {
    let keys: Vec<Key> = outline.iter().filter_map(|e| Key::new(&e.title)).collect();
    if keys.is_empty() {
        return drafts;
    }
    let mut out = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let Draft::Text(p) = draft else {
            out.push(draft);
            continue;
        };
        let length = (1..p.lines.len().min(MOST_LINES + 1)).find(|&n| {
            let key = Key::new(&text_of(&p.lines[..n], words));
            key.is_some_and(|key| keys.iter().any(|k| k.whole == key.whole))
        });
        match length {
            Some(n) => {
                let (column, mut lines) = (p.column, p.lines);
                let rest = lines.split_off(n);
                out.extend(Paragraph::new(lines, column).map(Draft::Text));
                out.extend(Paragraph::new(rest, column).map(Draft::Text));
            }
            None => out.push(Draft::Text(p)),
        }
    }
    out
}

/// For every block of every page: how many headings enclose it, where it is a title that the
/// document names.
pub(super) struct Titles {
    pub(super) depths: Vec<Vec<Option<u8>>>,
    /// Whether enough of the titles named were found to believe their depths.
    pub(super) ranked: bool,
}

/// Looks for the entries of the outline on their pages; without any, for the lines of a printed
/// table of contents on the pages after it. `may` says whether a block may be a heading at all.
pub(super) fn titles(pages: &[PageDraft], may: &dyn Fn(usize, usize) -> bool) -> Titles {
    let mut depths: Vec<Vec<Option<u8>>> =
        pages.iter().map(|p| vec![None; p.drafts.len()]).collect();
    let (mut named, mut found) = (0usize, 0usize);
    for (n, page) in pages.iter().enumerate() {
        for entry in &page.read.outline {
            let Some(key) = Key::new(&entry.title) else { continue };
            named += 1;
            let blocks = find(page, entry, &key, &|b| may(n, b) && depths[n][b].is_none());
            found += usize::from(!blocks.is_empty());
            for b in blocks {
                depths[n][b] = Some(entry.depth);
            }
        }
    }
    if named == 0 {
        let listed = listed(pages);
        for (n, page) in pages.iter().enumerate() {
            for (b, draft) in page.drafts.iter().enumerate() {
                let Draft::Text(p) = draft else { continue };
                if listed.is_empty() || p.lines.len() > MOST_LINES || !may(n, b) {
                    continue;
                }
                let Some(key) = Key::new(&text_of(&p.lines, &page.read.words)) else { continue };
                let line = [Some(&key.whole), key.bare.as_ref()]
                    .into_iter()
                    .flatten()
                    .find_map(|k| listed.get(k))
                    .filter(|line| line.page < n);
                depths[n][b] = line.map(|line| line.depth);
            }
        }
    }
    Titles { depths, ranked: found * 2 >= named }
}

/// The block, or the blocks that follow each other, with the title of an entry: the nearest to
/// where the entry leads, else the largest.
fn find(
    page: &PageDraft,
    entry: &OutlineEntry,
    key: &Key,
    may: &dyn Fn(usize) -> bool,
) -> Vec<usize> {
    let words = &page.read.words;
    let paragraph = |b: usize| match page.drafts.get(b) {
        Some(Draft::Text(p)) if p.lines.len() <= MOST_LINES && may(b) => Some(p),
        _ => None,
    };
    let mut best: Option<(f32, Vec<usize>)> = None;
    for b in 0..page.drafts.len() {
        let Some(p) = paragraph(b) else { continue };
        let rough =
            p.lines[0].words.iter().any(|&i| words[i as usize].origin != WordOrigin::TextLayer);
        let text = text_of(&p.lines, words);
        let blocks = if Key::new(&text).is_some_and(|k| key.matches(&k, rough)) {
            vec![b]
        } else if let Some(next) = paragraph(b + 1)
            && fold(&text) + &fold(&text_of(&next.lines, words)) == key.whole
        {
            // "Chapter 1" over "The lamp".
            vec![b, b + 1]
        } else {
            continue;
        };
        let badness = match entry.top {
            Some(top) => (p.rect.min.y - top).abs(),
            None => -p.size(),
        };
        if best.as_ref().is_none_or(|(known, _)| badness < *known) {
            best = Some((badness, blocks));
        }
    }
    best.map(|(_, blocks)| blocks).unwrap_or_default()
}

/// A line of a printed table of contents.
#[derive(Debug, PartialEq, Eq)]
struct Listed {
    page: usize,
    depth: u8,
}

/// The titles in printed tables of contents, by their letters. Their depths come from their section
/// numbers, else from their indents.
fn listed(pages: &[PageDraft]) -> HashMap<String, Listed> {
    /// Fewer lines that end with numbers are no table of contents.
    const LEAST: usize = 4;
    let mut out = HashMap::new();
    for (n, page) in pages.iter().enumerate() {
        let words = &page.read.words;
        if !context::is_contents(&page.drafts, words) {
            continue;
        }
        let lines: Vec<(f32, String)> = rows(page)
            .into_iter()
            .filter_map(|row| {
                let left =
                    row.iter().map(|&i| words[i as usize].rect.min.x).fold(f32::MAX, f32::min);
                contents_title(&line_text(&row, words)).map(|title| (left, title))
            })
            .collect();
        if lines.len() < LEAST {
            continue;
        }
        let lefts: Vec<f32> = lines.iter().map(|l| l.0).collect();
        let indents = lists::depths(&lefts, page.em);
        let numbers: Vec<Option<u8>> = lines.iter().map(|l| number_depth(&l.1)).collect();
        let numbered = numbers.iter().flatten().count() * 2 > numbers.len();
        for (k, (_, title)) in lines.iter().enumerate() {
            let depth = match numbers[k] {
                Some(number) if numbered => number.saturating_sub(1),
                _ if numbered => 0,
                _ => indents[k],
            };
            let Some(key) = Key::new(title) else { continue };
            for key in std::iter::once(key.whole).chain(key.bare) {
                out.entry(key).or_insert(Listed { page: n, depth });
            }
        }
    }
    out
}

/// Lines and rows of tables of a page.
fn rows(page: &PageDraft) -> Vec<Vec<u32>> {
    let mut out = Vec::new();
    for draft in &page.drafts {
        match draft {
            Draft::Text(p) => out.extend(p.lines.iter().map(|l| l.words.clone())),
            Draft::Table(t) => out.extend((0..t.table.rows).map(|row| {
                let cells = t.table.cells.iter().filter(|c| c.row == row);
                cells.flat_map(|c| c.words.iter().copied()).collect()
            })),
            Draft::Figure(_) => {}
        }
    }
    out
}

/// "The first winter ..... 17" is "The first winter"; `None` without a page number.
fn contents_title(text: &str) -> Option<String> {
    let mut parts: Vec<&str> = text.split_whitespace().collect();
    // Leaders may touch the number or the title.
    let number = parts.pop()?.trim_start_matches(['.', '·', '…', '_']);
    let is_number = |n: &str| {
        !n.is_empty()
            && (n.len() <= 4 && n.chars().all(|c| c.is_ascii_digit())
                || n.len() <= 6 && n.chars().all(|c| "ivxlc".contains(c)))
    };
    if !is_number(number) {
        return None;
    }
    let title = parts.join(" ");
    let title = title.trim_end_matches(|c: char| c.is_whitespace() || ".·…_".contains(c));
    (!title.is_empty()).then(|| title.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        Key::new(a).unwrap().matches(&Key::new(b).unwrap(), false)
    }

    #[test]
    fn titles_are_compared_by_their_letters() {
        assert!(same("1.2 Scope of it", "1.2  SCOPE OF IT"));
        assert!(same("Scope of it", "1.2 Scope of it"));
        assert!(same("Chapter 3: The end", "The End"));
        assert!(same("第一章 灯", "第一章　灯"));
        assert!(!same("Scope", "Scope of it"));
        assert_eq!(Key::new("1.2"), None);
    }

    #[test]
    fn lines_of_a_table_of_contents_lose_leaders_and_numbers() {
        let title = |t| contents_title(t);
        assert_eq!(title("The first winter ..... 17").as_deref(), Some("The first winter"));
        assert_eq!(title("2.1 Lamps . . . . .9").as_deref(), Some("2.1 Lamps"));
        assert_eq!(title("Preface xiv").as_deref(), Some("Preface"));
        assert_eq!(title("A line of text"), None);
        assert_eq!(title("17"), None);
    }
}
