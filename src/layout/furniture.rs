//! Page headers, footers and page numbers: found by what repeats over pages (Lin 2003), and by
//! position on a single page.

use crate::geometry::{Pt, Rect, Size};

/// Headers and footers stand within this share of the page's height from its edge.
const MARGIN: f32 = 0.12;
/// Lines at like places differ by less than this share of the page's height. Sheets shift in a
/// scanner.
const SAME_PLACE: f32 = 0.03;
/// Pages looked at on either side for a repetition: left and right pages alternate.
const REACH: usize = 4;

/// Which margin a block stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Margin {
    Top,
    Bottom,
}

/// A short block near the top or bottom of a page.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// Position in the list of pages.
    pub(super) page: usize,
    /// Position in the page's blocks.
    pub(super) block: usize,
    pub(super) margin: Margin,
    /// Middle, as a share of the page's height.
    at: f32,
    /// Text with digits folded.
    key: String,
    number: bool,
    /// Pieces far apart on one line at the very edge: "Report      12".
    spread: bool,
    /// Nothing else stands beyond it, towards the edge.
    outermost: bool,
}

/// Notes a block if it may be furniture.
pub(super) fn candidate(
    page: usize,
    block: usize,
    rect: &Rect<Pt>,
    size: Size<Pt>,
    text: &str,
    spread: bool,
    all: &[Rect<Pt>],
) -> Option<Candidate> {
    let margin = if rect.max.y <= MARGIN * size.height {
        Margin::Top
    } else if rect.min.y >= (1.0 - MARGIN) * size.height {
        Margin::Bottom
    } else {
        return None;
    };
    if text.is_empty() || text.chars().count() > 200 {
        return None;
    }
    let outermost = all.iter().all(|other| match margin {
        Margin::Top => other.min.y >= rect.min.y - 0.5 * rect.height(),
        Margin::Bottom => other.max.y <= rect.max.y + 0.5 * rect.height(),
    });
    Some(Candidate {
        page,
        block,
        margin,
        at: 0.5 * (rect.min.y + rect.max.y) / size.height,
        key: fold(text),
        number: is_page_number(text),
        spread,
        outermost,
    })
}

/// Picks those that are furniture.
pub(super) fn choose(candidates: &[Candidate]) -> Vec<&Candidate> {
    candidates
        .iter()
        .filter(|c| {
            if (c.number || c.spread) && c.outermost {
                return true;
            }
            candidates.iter().any(|other| {
                other.page != c.page
                    && other.page.abs_diff(c.page) <= REACH
                    && other.margin == c.margin
                    && (other.at - c.at).abs() <= SAME_PLACE
                    && alike(&c.key, &other.key)
            })
        })
        .collect()
}

/// Digits as one sign, white space and case folded.
fn fold(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        if c.is_numeric() {
            if !out.ends_with('#') {
                out.push('#');
            }
        } else {
            out.extend(c.to_lowercase());
        }
    }
    out
}

/// Equal, or nearly so (a section's name changes, OCR slips): most of the signs in common at the
/// two ends.
pub(super) fn alike(a: &str, b: &str) -> bool {
    if a == b {
        return !a.is_empty();
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let longest = a.len().max(b.len());
    if longest < 6 {
        return false;
    }
    let front = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let back = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    (front + back).min(a.len().min(b.len())) * 10 >= longest * 8
}

/// "12", "- 12 -", "Page 3 of 9", "xiv", "3 / 9".
fn is_page_number(text: &str) -> bool {
    let core: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|p| !p.is_empty()).collect();
    let word = |p: &str| {
        matches!(
            p.to_lowercase().as_str(),
            "page"
                | "p"
                | "of"
                | "seite"
                | "von"
                | "sida"
                | "av"
                | "sur"
                | "de"
                | "página"
                | "pagina"
                | "стр"
                | "из"
        )
    };
    let number = |p: &str| p.len() <= 4 && p.chars().all(|c| c.is_ascii_digit());
    let roman = |p: &str| p.len() <= 6 && p.chars().all(|c| "ivxlc".contains(c));
    !core.is_empty()
        && core.len() <= 4
        && core.iter().all(|p| word(p) || number(p) || roman(p))
        && core.iter().any(|p| number(p) || roman(p))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_numbers() {
        for yes in ["12", "- 12 -", "Page 3 of 9", "xiv", "3/9", "Seite 4"] {
            assert!(is_page_number(yes), "{yes}");
        }
        for no in ["12 apples", "2019 report", "", "12345", "Introduction"] {
            assert!(!is_page_number(no), "{no}");
        }
    }

    #[test]
    fn digits_do_not_matter() {
        assert_eq!(fold("Chapter 12 | 3"), fold("chapter 4 | 103"));
        assert!(alike(&fold("The Harbour Office 12"), &fold("The Harbour Office 13")));
        // A slip of OCR in the middle.
        assert!(alike(
            &fold("Chapter 3. Before ... 3.3. You"),
            &fold("Chapter 3. Before ... : 3.3. You")
        ));
        assert!(!alike(&fold("Some heading"), &fold("Other heading")));
    }
}
