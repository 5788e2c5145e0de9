//! Roles: what each block of a document is, told with all pages in view.

use super::captions;
use super::context::{context, is_contents, is_spread};
use super::definitions;
use super::formulas;
use super::furniture::{self, Margin};
use super::levels::{self, Heading};
use super::lists;
use super::outline::{self, Titles};
use super::paragraphs::Paragraph;
use super::styles::{self, Body};
use super::tags::Said;
use super::text::{Vocabulary, append_line, line_text, logical, paragraph_text};
use super::{Draft, PageDraft};
use crate::document::{
    Block, ListMarker, Page, Role, TextLine, TextSource, Word, WordOrigin, mean_confidence,
};
use crate::geometry::RectExt;
use crate::options::Options;
use crate::page::{PageRead, TagKind};

/// A footnote's text is at most this share of body size.
const FOOTNOTE_SIZE: f32 = 0.93;

/// Footnotes stand in the lower part of the page, from this share of its height.
const FOOTNOTE_FROM: f32 = 0.5;

/// By how much a block has to look more like a heading where the document's structure tree has headings
/// and calls it something else: bold at a size of its own, with room around it.
const SAID_PARAGRAPH: f32 = 0.8;

/// Gives every draft its role and builds the pages.
pub(super) fn settle(drafts: Vec<PageDraft>, options: &Options) -> Vec<Page> {
    let known = Vocabulary::new(drafts.iter().flat_map(|d| &d.read.words));
    let bodies = bodies(&drafts);
    let furniture = find_furniture(&drafts);
    let titles = outline::titles(&drafts, &|n, b| may_head(&drafts[n], b, &furniture, n));
    // A tree that names headings names all of them.
    let named = drafts.iter().flat_map(|d| &d.said).any(is_said_heading);
    let mut roles: Vec<Vec<Option<Role>>> = drafts
        .iter()
        .zip(&bodies)
        .enumerate()
        .map(|(n, (draft, body))| {
            let margin = |block| margin(&furniture, n, block);
            page_roles(draft, body, &margin, &titles.depths[n], named)
        })
        .collect();
    set_levels(&drafts, &mut roles, &titles, options);
    let (mut pages, places): (Vec<Page>, Vec<_>) = drafts
        .into_iter()
        .zip(roles)
        .map(|(draft, roles)| {
            let place = (draft.read.skew, draft.read.warp);
            (build(draft, roles, &known), place)
        })
        .unzip();
    if options.do_table_structure {
        super::tables::continued::link(&mut pages);
    }
    for (page, (skew, warp)) in pages.iter_mut().zip(places) {
        super::tilt::tilt(page, skew);
        super::tilt::warp(page, warp);
    }
    pages
}

/// Whether a block may be a heading if the document names it as one.
fn may_head(
    page: &PageDraft,
    block: usize,
    furniture: &[(usize, usize, Margin)],
    n: usize,
) -> bool {
    let words = &page.read.words;
    match &page.drafts[block] {
        Draft::Text(p) => {
            margin(furniture, n, block).is_none()
                && !is_turned(p, words)
                && page.said[block] != Some(Said::Artifact)
                && !captions::is_caption(&line_text(&p.lines[0].words, words))
        }
        _ => false,
    }
}

fn is_said_heading(said: &Option<Said>) -> bool {
    matches!(said, Some(Said::Kind(TagKind::Heading(_), _)))
}

fn is_turned(p: &Paragraph, words: &[Word]) -> bool {
    p.lines
        .iter()
        .any(|l| l.words.first().is_some_and(|&i| words[i as usize].angle.abs() > super::UPRIGHT))
}

fn margin(furniture: &[(usize, usize, Margin)], page: usize, block: usize) -> Option<Margin> {
    furniture.iter().find(|f| f.0 == page && f.1 == block).map(|f| f.2)
}

fn texts(draft: &PageDraft) -> impl Iterator<Item = &Paragraph> + Clone {
    draft.drafts.iter().filter_map(|d| match d {
        Draft::Text(p) => Some(p),
        _ => None,
    })
}

fn letters(p: &Paragraph, words: &[Word]) -> usize {
    p.lines.iter().flat_map(|l| &l.words).map(|&i| words[i as usize].text.chars().count()).sum()
}

/// Body text per page: the document's, unless the page has enough text of its own kind.
fn bodies(drafts: &[PageDraft]) -> Vec<Body> {
    drafts
        .iter()
        .map(|d| {
            let words = &d.read.words;
            let tables = d.drafts.iter().filter_map(|draft| match draft {
                Draft::Table(t) => Some(t),
                _ => None,
            });
            let cells = tables.flat_map(|t| t.words()).map(|i| &words[i as usize]);
            let cells = cells.map(|w| (w.style.size, w.text.chars().count()));
            Body::of(texts(d), |p| letters(p, words), cells)
        })
        .collect()
}

fn find_furniture(drafts: &[PageDraft]) -> Vec<(usize, usize, Margin)> {
    let mut candidates = Vec::new();
    for (n, page) in drafts.iter().enumerate() {
        let all: Vec<_> = page.drafts.iter().map(Draft::rect).collect();
        for (b, draft) in page.drafts.iter().enumerate() {
            let Draft::Text(p) = draft else { continue };
            let text: Vec<String> =
                p.lines.iter().map(|l| line_text(&l.words, &page.read.words)).collect();
            candidates.extend(furniture::candidate(
                n,
                b,
                &p.rect,
                page.read.size,
                &text.join(" "),
                is_spread(p, &page.read.words, page.read.size.width),
                &all,
            ));
        }
    }
    furniture::choose(&candidates).into_iter().map(|c| (c.page, c.block, c.margin)).collect()
}

fn page_roles(
    page: &PageDraft,
    body: &Body,
    margin: &dyn Fn(usize) -> Option<Margin>,
    titles: &[Option<u8>],
    named: bool,
) -> Vec<Option<Role>> {
    let words = &page.read.words;
    let ocr = page.read.text_source == TextSource::Ocr;
    let contents = is_contents(&page.drafts, words);
    let terms = definitions::terms(&page.drafts, words);
    let mut roles: Vec<Option<Role>> = Vec::with_capacity(page.drafts.len());
    for (n, draft) in page.drafts.iter().enumerate() {
        let Draft::Text(p) = draft else {
            roles.push(None);
            continue;
        };
        let text = p.lines.first().map(|l| line_text(&l.words, words)).unwrap_or_default();
        let role = if let Some(margin) = margin(n) {
            match margin {
                Margin::Top => Role::PageHeader,
                Margin::Bottom => Role::PageFooter,
            }
        } else if p.displayed {
            Role::Formula { latex: None }
        } else if is_turned(p, words) {
            Role::Paragraph
        } else if titles[n].is_some() {
            Role::Heading { level: 1 }
        } else if let Some(role) = page.said[n].and_then(|said| said_role(said, p, &text, page)) {
            role
        } else if p.lines.iter().all(|l| l.style.mono) && is_code(p, words) {
            Role::Code
        } else if formulas::is_formula(&p.lines, &p.column, words) {
            Role::Formula { latex: None }
        } else if captions::is_caption(&text) {
            // A caption whose picture or table was not found is no heading either.
            if near_float(&page.drafts, n) { Role::Caption } else { Role::Paragraph }
        } else {
            let pictured = page.read.text_source == TextSource::Mixed && is_recognised(p, words);
            let context = context(page, n, body, (ocr, contents), margin);
            // What the tree calls a paragraph has to look the more like a heading.
            let least = if terms[n] {
                f32::MAX
            } else if named && page.said[n].is_some() {
                SAID_PARAGRAPH
            } else {
                0.0
            };
            if !pictured && styles::heading_score(p, words, body, &context) > least {
                Role::Heading { level: 1 }
            } else if let Some((marker, _)) = lists::split_marker(&text) {
                Role::ListItem { marker, depth: 0 }
            } else if is_footnote(&page.drafts, n, p, &text, body, page.read.size.height) {
                Role::Footnote
            } else {
                Role::Paragraph
            }
        };
        roles.push(Some(role));
    }
    drop_lone_numbers(&page.drafts, &mut roles, words);
    set_depths(page, &mut roles);
    roles
}

/// The role that the structure tree gives a block; `None` where it leaves it open.
fn said_role(said: Said, p: &Paragraph, text: &str, page: &PageDraft) -> Option<Role> {
    /// Longer ones are text that was given a heading's looks by a heading's style.
    const MOST_WORDS: usize = 40;
    /// Artifacts of the page's top and bottom are furniture, within this share of its height.
    const MARGIN: f32 = 0.15;
    let Said::Kind(kind, depth) = said else {
        let height = page.read.size.height;
        return if p.rect.max.y < MARGIN * height {
            Some(Role::PageHeader)
        } else if p.rect.min.y > (1.0 - MARGIN) * height {
            Some(Role::PageFooter)
        } else {
            Some(Role::Paragraph)
        };
    };
    match kind {
        TagKind::Heading(_) => {
            let count: usize = p.lines.iter().map(|l| l.words.len()).sum();
            let short = p.lines.len() <= outline::MOST_LINES && count <= MOST_WORDS;
            let lettered = text.chars().any(char::is_alphabetic);
            (short && lettered).then_some(Role::Heading { level: 1 })
        }
        TagKind::Item => {
            let marker = lists::split_marker(text).map(|(marker, _)| marker);
            Some(Role::ListItem { marker: marker.unwrap_or(ListMarker::Bullet), depth })
        }
        TagKind::Caption => Some(Role::Caption),
        TagKind::Note => Some(Role::Footnote),
        TagKind::Code => Some(Role::Code),
        TagKind::Formula => Some(Role::Formula { latex: None }),
        TagKind::Contents => Some(Role::Paragraph),
        _ => None,
    }
}

/// Whether text was read from a picture on a page that has a text layer.
fn is_recognised(p: &Paragraph, words: &[Word]) -> bool {
    p.lines.iter().flat_map(|l| &l.words).all(|&i| words[i as usize].origin == WordOrigin::Ocr)
}

/// One numbered or lettered item between paragraphs is a paragraph that starts with a number,
/// unless its neighbours are items too.
fn drop_lone_numbers(drafts: &[Draft], roles: &mut [Option<Role>], words: &[Word]) {
    let is_item = |role: &Option<Role>| matches!(role, Some(Role::ListItem { .. }));
    for n in 0..roles.len() {
        let lettered = matches!(
            &roles[n],
            Some(Role::ListItem { marker: ListMarker::Letter(_) | ListMarker::Number(_), .. })
        );
        let alone =
            !(n > 0 && is_item(&roles[n - 1]) || n + 1 < roles.len() && is_item(&roles[n + 1]));
        if !lettered || !alone {
            continue;
        }
        let Draft::Text(p) = &drafts[n] else { continue };
        let text = p.lines.first().map(|l| line_text(&l.words, words)).unwrap_or_default();
        let first =
            matches!(text.chars().find(|c| c.is_alphanumeric()), Some('1' | 'a' | 'i' | 'A'));
        if !first {
            roles[n] = Some(Role::Paragraph);
        }
    }
}

fn set_depths(page: &PageDraft, roles: &mut [Option<Role>]) {
    let mut n = 0;
    while n < roles.len() {
        let end = (n..roles.len())
            .find(|&k| !matches!(roles[k], Some(Role::ListItem { .. })))
            .unwrap_or(roles.len());
        if end > n {
            let lefts: Vec<f32> = (n..end).map(|k| page.drafts[k].rect().min.x).collect();
            for (k, depth) in (n..end).zip(lists::depths(&lefts, page.em)) {
                let is_said = matches!(page.said[k], Some(Said::Kind(TagKind::Item, _)));
                if let Some(Role::ListItem { depth: d, .. }) = &mut roles[k]
                    && !is_said
                {
                    *d = depth;
                }
            }
        }
        n = end.max(n) + 1;
    }
}

/// Program text has several lines, or looks like program text.
fn is_code(p: &Paragraph, words: &[Word]) -> bool {
    let text: String = p.lines.iter().map(|l| line_text(&l.words, words)).collect();
    p.lines.len() > 1 || text.chars().any(|c| "{}()[]<>=;$#/\\|_".contains(c))
}

fn near_float(drafts: &[Draft], n: usize) -> bool {
    let is_float = |k: usize| drafts.get(k).is_some_and(|d| !matches!(d, Draft::Text(_)));
    (n.saturating_sub(2)..=n + 2).any(|k| k != n && is_float(k))
}

/// Small text that starts with a mark and runs on in words, in the lower part of the page, with
/// nothing of body size below it.
fn is_footnote(
    drafts: &[Draft],
    n: usize,
    p: &Paragraph,
    text: &str,
    body: &Body,
    height: f32,
) -> bool {
    /// Rows of tables start with numbers as well, but hold few words.
    const LEAST_WORDS: usize = 4;
    let marked = text.starts_with(|c: char| c.is_ascii_digit() || "*†‡§¹²³⁴⁵⁶⁷⁸⁹".contains(c));
    let wordy = text.split_whitespace().filter(|w| w.chars().any(char::is_alphabetic)).count();
    let small = |p: &Paragraph| p.size() <= FOOTNOTE_SIZE * body.size;
    marked
        && wordy >= LEAST_WORDS
        && small(p)
        && p.rect.min.y >= FOOTNOTE_FROM * height
        && drafts.iter().enumerate().all(|(k, other)| {
            let r = other.rect();
            let below = k != n && r.min.y > p.rect.mid_y() && r.overlap_x(&p.rect) > 0.0;
            !below || matches!(other, Draft::Text(o) if small(o) || o.lines.len() == 1)
        })
}

fn set_levels(
    drafts: &[PageDraft],
    roles: &mut [Vec<Option<Role>>],
    titles: &Titles,
    options: &Options,
) {
    let mut places = Vec::new();
    let (mut named, mut said) = (Vec::new(), Vec::new());
    let mut headings = Vec::new();
    for (n, page) in drafts.iter().enumerate() {
        for (b, draft) in page.drafts.iter().enumerate() {
            let (Draft::Text(p), Some(Role::Heading { .. })) = (draft, &roles[n][b]) else {
                continue;
            };
            let words = &page.read.words;
            let text: Vec<String> = p.lines.iter().map(|l| line_text(&l.words, words)).collect();
            let text = text.join(" ");
            places.push((n, b));
            named.push(titles.depths[n][b].filter(|_| titles.ranked));
            said.push(match page.said[b] {
                Some(Said::Kind(TagKind::Heading(Some(level)), _)) => Some(level.saturating_sub(1)),
                _ => None,
            });
            headings.push(Heading {
                size: p.size(),
                bold: p.lines.iter().all(|l: &super::lines::Line| l.style.bold),
                weighed: p
                    .lines
                    .iter()
                    .flat_map(|l| &l.words)
                    .all(|&i| words[i as usize].style.bold.is_some()),
                caps: !text.chars().any(char::is_lowercase),
                italic: p.lines.iter().all(|l| l.style.italic),
                rough: p
                    .lines
                    .iter()
                    .flat_map(|l| &l.words)
                    .any(|&i| words[i as usize].origin != WordOrigin::TextLayer),
                text,
            });
        }
    }
    let mut levels = levels::levels(&headings);
    // The outline and the tree may count from different levels: the one that knows more decides.
    let known = |depths: &[Option<u8>]| depths.iter().flatten().count();
    levels::agree(&mut levels, if known(&said) > known(&named) { &said } else { &named });
    for ((n, b), level) in places.into_iter().zip(levels) {
        // Docling prints every heading of a PDF on the second level.
        let level = if options.do_pdf_heading_hierarchy { level } else { 2 };
        roles[n][b] = Some(Role::Heading { level });
    }
}

fn build(page: PageDraft, roles: Vec<Option<Role>>, known: &Vocabulary) -> Page {
    let PageDraft { read, drafts, .. } = page;
    let words = &read.words;
    let mut headers = Vec::new();
    let mut flow: Vec<Block> = Vec::new();
    let mut footers = Vec::new();
    for (draft, role) in drafts.into_iter().zip(roles) {
        let block = match (draft, role) {
            (Draft::Text(p), role) => text_block(p, role.unwrap_or(Role::Paragraph), words, known),
            (Draft::Table(t), _) => Block {
                rect: t.rect,
                text: String::new(),
                lines: Vec::new(),
                confidence: confidence(t.words(), words),
                enrichment: None,
                role: Role::Table { table: t.table },
            },
            (Draft::Figure(f), _) => figure_block(f, words),
        };
        match block.role {
            Role::PageHeader => headers.push(block),
            Role::PageFooter => footers.push(block),
            _ => flow.push(block),
        }
    }
    join_code(&mut flow);
    // Footnotes stand at the foot of a column; they read after the text they interrupt.
    let (mut footnotes, mut flow): (Vec<Block>, Vec<Block>) =
        flow.into_iter().partition(|b| b.role == Role::Footnote);
    join_split(&mut flow, known);
    headers.append(&mut flow);
    headers.append(&mut footnotes);
    headers.append(&mut footers);
    finish(read, headers)
}

fn finish(read: PageRead, blocks: Vec<Block>) -> Page {
    Page {
        index: read.index,
        size: read.size,
        rotation: read.rotation,
        skew: read.skew,
        text_source: read.text_source,
        resolution: read.resolution,
        engine: read.engine,
        language: read.language,
        confidence: mean_confidence(&read.words),
        blocks,
        words: read.words,
        rules: read.rules,
        placements: read.placements,
        links: read.links,
    }
}

fn confidence(indices: impl Iterator<Item = u32>, words: &[Word]) -> Option<f32> {
    mean_confidence(indices.map(|i| &words[i as usize]))
}

fn text_block(p: Paragraph, role: Role, words: &[Word], known: &Vocabulary) -> Block {
    let mut text = match role {
        Role::Code => code_text(&p, words),
        _ => paragraph_text(&p.lines, words, known),
    };
    if matches!(role, Role::ListItem { .. })
        && let Some((_, rest)) = lists::split_marker(&text)
    {
        text = rest.to_owned();
    }
    let confidence = confidence(p.lines.iter().flat_map(|l| l.words.iter().copied()), words);
    let lines = p
        .lines
        .iter()
        .map(|l| TextLine { rect: l.rect, words: logical(&l.words, words) })
        .collect();
    Block { role, rect: p.rect, text, lines, confidence, enrichment: None }
}

/// Blank lines kept in a row within program text.
const MAX_BLANK: usize = 3;

/// Lines of program text with their indents, in characters of its fixed pitch.
fn code_text(p: &Paragraph, words: &[Word]) -> String {
    let mut pitches: Vec<f32> = p
        .lines
        .iter()
        .flat_map(|l| &l.words)
        .map(|&i| &words[i as usize])
        .map(|w| w.rect.width() / w.text.chars().count().max(1) as f32)
        .collect();
    pitches.sort_by(f32::total_cmp);
    let pitch = pitches.get(pitches.len() / 2).copied().unwrap_or(0.0).max(0.1);
    let left = p.rect.min.x;
    let mut steps: Vec<f32> =
        p.lines.windows(2).map(|w| w[1].rect.max.y - w[0].rect.max.y).collect();
    steps.sort_by(f32::total_cmp);
    let leading = steps.get(steps.len() / 3).copied().unwrap_or(0.0).max(0.5 * p.size()).max(0.1);
    let mut out = String::new();
    for (n, line) in p.lines.iter().enumerate() {
        if n > 0 {
            out.push('\n');
            // Blank lines inside a block, by the distance of baselines.
            let step = line.rect.max.y - p.lines[n - 1].rect.max.y;
            let blank = (step / leading).round() as usize;
            out.extend(std::iter::repeat_n('\n', blank.saturating_sub(1).min(MAX_BLANK)));
        }
        let mut column = 0usize;
        for (k, &i) in line.words.iter().enumerate() {
            let word = &words[i as usize];
            let at = ((word.rect.min.x - left) / pitch).round().max(0.0) as usize;
            let spaces = at.saturating_sub(column).max(usize::from(k > 0 && !word.joined));
            out.extend(std::iter::repeat_n(' ', spaces));
            out.push_str(&word.text);
            column += spaces + word.text.chars().count();
        }
    }
    out
}

/// A paragraph that goes on after a column's end, or after a break that was none: it ends without
/// punctuation, and what follows starts with a small letter.
fn join_split(blocks: &mut Vec<Block>, known: &Vocabulary) {
    let mut n = 1;
    while n < blocks.len() {
        let (first, next) = (&blocks[n - 1], &blocks[n]);
        let open = first.text.ends_with(|c: char| c.is_alphanumeric() || ",-–\u{2010}".contains(c));
        let goes_on = next.text.starts_with(char::is_lowercase);
        let both = first.role == Role::Paragraph && next.role == Role::Paragraph;
        // Labels and lines of forms are short; running text that breaks off is not.
        let running = first.text.split_whitespace().count() > 8;
        // Right below in the same column, or at the top of the next one.
        let (a, b) = (&first.rect, &next.rect);
        let below = b.min.y >= a.max.y && a.overlap_x(b) > 0.5 * b.width().min(a.width());
        let next_column = b.min.y < a.min.y && a.overlap_x(b) <= 0.0;
        if !(both && open && goes_on && running && (below || next_column)) {
            n += 1;
            continue;
        }
        let next = blocks.remove(n);
        let first = &mut blocks[n - 1];
        append_line(&mut first.text, &next.text, known);
        first.lines.extend(next.lines);
        first.rect = first.rect.around(&next.rect);
    }
}

/// How many blank lines stand between two blocks of program text.
fn blank_lines(above: &[TextLine], below: &[TextLine]) -> usize {
    let mut steps: Vec<f32> = [above, below]
        .iter()
        .flat_map(|lines| lines.windows(2).map(|w| w[1].rect.max.y - w[0].rect.max.y))
        .collect();
    steps.sort_by(f32::total_cmp);
    let (Some(last), Some(next)) = (above.last(), below.first()) else { return 1 };
    let leading = steps.get(steps.len() / 3).copied().unwrap_or(1.2 * last.rect.height());
    let lines = ((next.rect.max.y - last.rect.max.y) / leading.max(0.1)).round() as usize;
    lines.saturating_sub(1).clamp(1, MAX_BLANK)
}

/// Neighbouring blocks of program text are one.
fn join_code(blocks: &mut Vec<Block>) {
    let mut n = 1;
    while n < blocks.len() {
        let both = blocks[n].role == Role::Code && blocks[n - 1].role == Role::Code;
        if !both {
            n += 1;
            continue;
        }
        let next = blocks.remove(n);
        let first = &mut blocks[n - 1];
        let blank = blank_lines(&first.lines, &next.lines);
        first.text.extend(std::iter::repeat_n('\n', blank + 1));
        first.text.push_str(&next.text);
        first.lines.extend(next.lines);
        first.rect = first.rect.around(&next.rect);
    }
}

fn figure_block(f: super::figures::Figure, words: &[Word]) -> Block {
    let segments = super::lines::segments(words, &f.words, &[]);
    let text: Vec<String> = segments.iter().map(|s| line_text(&s.words, words)).collect();
    let lines: Vec<TextLine> = segments
        .iter()
        .map(|s| TextLine { rect: s.rect, words: logical(&s.words, words) })
        .collect();
    Block {
        role: Role::Figure,
        rect: f.rect,
        text: text.join("\n"),
        confidence: confidence(f.words.iter().copied(), words),
        enrichment: None,
        lines,
    }
}
