//! What body text looks like in a document, and which paragraphs stand out as headings.

use std::collections::HashMap;

use super::lists;
use super::paragraphs::Paragraph;
use super::text::line_text;
use crate::document::Word;

/// Body text of a document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Body {
    /// Em, in points.
    pub(super) size: f32,
    pub(super) bold: bool,
    pub(super) color: Option<[u8; 3]>,
}

impl Body {
    /// The style of most characters in paragraphs; those of several lines count double, since body
    /// text runs on. `cells` are the sizes and numbers of letters of what stands in tables.
    pub(super) fn of<'a>(
        paragraphs: impl Iterator<Item = &'a Paragraph> + Clone,
        words: impl Fn(&Paragraph) -> usize,
        cells: impl Iterator<Item = (f32, usize)>,
    ) -> Self {
        /// With fewer letters than these outside of tables, tables hold the text of the page.
        const FEW: usize = 250;
        let mut sizes: HashMap<i32, usize> = HashMap::new();
        let mut bold = 0usize;
        let mut all = 0usize;
        let mut colors: HashMap<Option<[u8; 3]>, usize> = HashMap::new();
        for paragraph in paragraphs {
            let n = words(paragraph) * if paragraph.lines.len() > 2 { 2 } else { 1 };
            // Program text is no measure of the text around it.
            for line in paragraph.lines.iter().filter(|l| !l.style.mono) {
                let share = n / paragraph.lines.len().max(1) + 1;
                *sizes.entry((line.size * 2.0).round() as i32).or_default() += share;
                *colors.entry(line.style.color).or_default() += share;
                bold += if line.style.bold { share } else { 0 };
                all += share;
            }
        }
        if all < FEW {
            let mut inside: HashMap<i32, usize> = HashMap::new();
            for (size, letters) in cells {
                *inside.entry((size * 2.0).round() as i32).or_default() += letters;
            }
            if inside.values().sum::<usize>() > 2 * all {
                sizes = inside;
            }
        }
        let most = |a: (&i32, &usize), b: (&i32, &usize)| a.1.cmp(b.1).then(b.0.cmp(a.0));
        let size = sizes.iter().max_by(|a, b| most(*a, *b)).map_or(10.0, |(s, _)| *s as f32 / 2.0);
        let color = colors.iter().max_by_key(|(c, n)| (**n, **c)).and_then(|(c, _)| *c);
        Self { size, bold: bold * 2 > all, color }
    }
}

/// What speaks for a paragraph being a heading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Context {
    /// White space above, in ems of body text; large at the top of a column.
    pub(super) above: f32,
    /// White space below, in ems of body text.
    pub(super) below: f32,
    /// Whether running text follows.
    pub(super) text_follows: bool,
    /// Whether the page is a table of contents.
    pub(super) contents: bool,
    /// Whether sizes come from OCR and are uncertain, and weights are unknown.
    pub(super) ocr: bool,
    /// Whether the text goes on in the block below, without a break.
    pub(super) run_in: bool,
    /// Whether the block before or after is numbered as well.
    pub(super) listed: bool,
    /// Whether a page number stands on the same row, at the page's top or bottom.
    pub(super) beside_number: bool,
}

/// Depth of a section number ("2.1 Scope" has depth 2); `None` without one.
pub(super) fn number_depth(text: &str) -> Option<u8> {
    let mut parts = text.split_whitespace();
    let mut first = parts.next()?;
    let lower = first.to_lowercase();
    let named = [
        "chapter",
        "section",
        "part",
        "appendix",
        "article",
        "annex",
        "kapitel",
        "kapitola",
        "chapitre",
        "capítulo",
        "глава",
        "раздел",
    ];
    if named.contains(&lower.as_str()) {
        let next = parts.next()?.trim_end_matches([':', '.', ',']);
        return next.chars().any(|c| c.is_numeric() || c.is_uppercase()).then_some(1);
    }
    parts.next()?;
    first = first.trim_end_matches(['.', ')', ':']);
    let levels: Vec<&str> = first.split('.').collect();
    let plain = |p: &&str| !p.is_empty() && p.len() <= 3 && p.chars().all(|c| c.is_ascii_digit());
    let letter = |p: &str| p.len() == 1 && p.chars().all(|c| c.is_ascii_uppercase());
    let roman = |p: &str| !p.is_empty() && p.chars().all(|c| "IVX".contains(c));
    let head = levels.first()?;
    if !(plain(head) || letter(head) && levels.len() > 1 || roman(head))
        || !levels[1..].iter().all(plain)
    {
        return None;
    }
    u8::try_from(levels.len()).ok()
}

/// What ends with a colon and has more words than this is a sentence that introduces a list or a
/// quotation, however it is set.
const INTRODUCES: usize = 10;

/// How much a paragraph looks like a heading; above 0 it is one. Weights are in the order of
/// what typographers use to set headings off: size, weight, space, numbering, capitals.
pub(super) fn heading_score(p: &Paragraph, words: &[Word], body: &Body, context: &Context) -> f32 {
    let text: Vec<String> = p.lines.iter().map(|l| line_text(&l.words, words)).collect();
    let text = text.join(" ");
    let count = text.split_whitespace().count();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    // Numbers, page references and formulas are no headings, nor is anything long.
    // A section number does not count: titles in Chinese have few characters.
    let title = match number_depth(&text) {
        Some(_) => text.split_once(char::is_whitespace).map_or("", |t| t.1),
        None => &text,
    };
    if letters < 3 || letters * 2 < title.chars().filter(|c| !c.is_whitespace()).count() {
        return -1.0;
    }
    if p.lines.len() > 4 || count > 30 || p.lines[0].style.mono {
        return -1.0;
    }
    let Some(first) = text.chars().find(|c| c.is_alphanumeric()) else { return -1.0 };
    if context.run_in || context.ocr && is_noise(p, &text, words) {
        return -1.0;
    }
    let ratio = p.size() / body.size;
    let bold = !body.bold && p.lines.iter().all(|l| l.style.bold);
    let italic = p.lines.iter().all(|l| l.style.italic);
    let caps = !text.chars().any(char::is_lowercase)
        && text.chars().any(char::is_uppercase)
        && letters >= 4;
    let colored = body.color.is_some() && p.lines[0].style.color != body.color;
    let numbered = number_depth(&text).is_some();
    let fills = p.lines.iter().filter(|l| l.rect.width() > 0.92 * p.column.width()).count();

    if context.beside_number && ratio < 1.3 {
        return -1.0;
    }

    let mut score = -1.0f32;
    // OCR sizes scatter by some 8 %.
    let (slack, full) = if context.ocr { (1.12, 1.5) } else { (1.04, 1.35) };
    score += 1.6 * ((ratio - slack) / (full - slack)).clamp(0.0, 1.0);
    if ratio > slack + 0.06 {
        score += 0.4;
    }
    if ratio < 0.94 {
        score -= 0.5;
    }
    if bold {
        score += 0.8;
    }
    if caps {
        score += 0.4;
    }
    if colored {
        score += 0.25;
    }
    if numbered && (bold || caps || ratio > slack) {
        score += 0.5;
    } else if numbered && context.above > 0.6 {
        score += 0.3;
    }
    // Lists seldom number their items "2.1".
    let section = number_depth(&text).is_some_and(|depth| depth > 1);
    if numbered && (section || context.ocr && !context.listed) && is_set_off(&text, p, context) {
        // Weights are rarely told from pixels, or from fonts for East Asian text: a number and the
        // room around must do.
        score += 0.5;
    }
    if context.contents {
        // Its lines look like headings; its title is one.
        score += if is_contents_title(&text) { 0.6 } else { -1.2 };
    } else if is_usual_title(&text) {
        score += 0.6;
    }
    if breaks_off(&text) && ratio < full {
        score -= 0.8;
    }
    if italic && ratio < slack && !bold {
        score -= 0.1;
    }
    score += 0.25 * (context.above.min(1.5) - 0.5).max(0.0);
    if context.text_follows {
        score += 0.2;
    } else {
        score -= 0.25;
    }
    if text.ends_with(['.', ',', ';']) && !numbered {
        score -= if text.ends_with('.') && ratio > 1.3 && !context.ocr { 0.2 } else { 0.7 };
    }
    if text.ends_with(':') && !bold && ratio < full {
        score -= 0.35;
    }
    if text.ends_with(':') && count > INTRODUCES {
        score -= 0.8;
    }
    // "Introduction 7": a line of a table of contents.
    if context.contents
        && text
            .split_whitespace()
            .next_back()
            .is_some_and(|w| w.chars().all(|c| c.is_ascii_digit()))
    {
        return -1.0;
    }
    if first.is_lowercase() {
        score -= 0.6;
    }
    if count > 14 {
        score -= 0.4;
    }
    if fills > 1 && ratio < full {
        score -= 0.4 * fills as f32;
    }
    if lists::split_marker(&text).is_some_and(|(m, _)| m == crate::document::ListMarker::Bullet) {
        score -= 0.8;
    }
    score
}

/// Whether one short line stands alone, without a full stop.
fn is_set_off(text: &str, p: &Paragraph, context: &Context) -> bool {
    p.lines.len() == 1
        && context.above > 0.8
        && context.below > 0.3
        && context.text_follows
        && !text.ends_with(['.', ',', ';', ':', '?'])
        && (p.rect.width() < 0.9 * p.column.width() || context.below > 0.8)
}

/// Whether the whole text says that a table of contents follows.
pub(super) fn is_contents_title(text: &str) -> bool {
    const TITLES: [&str; 9] = [
        "contents",
        "table of contents",
        "inhalt",
        "inhaltsverzeichnis",
        "índice",
        "innehåll",
        "inhoud",
        "sommaire",
        "table des matières",
    ];
    let plain = text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    TITLES.contains(&plain.as_str())
}

/// Whether the whole text is what sections of many documents are called.
fn is_usual_title(text: &str) -> bool {
    const TITLES: [&str; 23] = [
        "abstract",
        "acknowledgements",
        "acknowledgments",
        "appendices",
        "appendix",
        "bibliography",
        "conclusion",
        "conclusions",
        "discussion",
        "executive summary",
        "foreword",
        "glossary",
        "index",
        "introduction",
        "list of figures",
        "list of tables",
        "methods",
        "preface",
        "references",
        "results",
        "summary",
        "einleitung",
        "literatur",
    ];
    let plain = text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    TITLES.contains(&plain.as_str()) || is_contents_title(text)
}

/// Whether a sentence ends within the text and another one starts that does not end: the first
/// line of a paragraph ("Data. We present").
fn breaks_off(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let ends = |w: &str| w.ends_with('.') && w.len() > 3 && !w[..w.len() - 1].contains('.');
    let at = words
        .iter()
        .enumerate()
        .skip(1)
        .position(|(_, w)| ends(w) && w.chars().next().is_some_and(char::is_alphabetic));
    at.is_some_and(|at| words.len() > at + 3) && !text.ends_with('.')
}

/// Whether recognised text is more likely a part of a picture than words: the recogniser is not
/// sure of it, or it holds signs that no heading has.
fn is_noise(p: &Paragraph, text: &str, words: &[Word]) -> bool {
    /// Words of print are read with more confidence than this.
    const SURE: f32 = 0.6;
    let read = p.lines.iter().flat_map(|l| &l.words).map(|&i| &words[i as usize]);
    let confidence = crate::document::mean_confidence(read);
    confidence.is_some_and(|c| c < SURE) || text.chars().any(|c| "{}<>=~\\^@_".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_numbers_have_depth() {
        assert_eq!(number_depth("2 Methods"), Some(1));
        assert_eq!(number_depth("2.1. Scope of it"), Some(2));
        assert_eq!(number_depth("A.1 Data"), Some(2));
        assert_eq!(number_depth("IV. Results"), Some(1));
        assert_eq!(number_depth("Chapter 3: The end"), Some(1));
        for none in ["2019", "A tale", "1.5-fold gains", "Methods"] {
            assert_eq!(number_depth(none), None, "{none}");
        }
    }
}
