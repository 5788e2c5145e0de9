//! What to read and how hard to try.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::language::Language;

/// What to read and how hard to try. Every field says its default.
///
/// Names are docling's where docling has the option.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// When to recognise text in pixels (docling: `do_ocr`, `force_ocr`). Default: [`OcrMode::Auto`].
    pub ocr: OcrMode,
    /// Which recogniser (docling: `ocr_engine`, `ocr_preset`). Default: [`OcrEngine::Auto`].
    pub engine: OcrEngine,
    /// Languages of the text, the main one first (docling: `ocr_lang`). Default: empty, which
    /// detects among the installed ones.
    pub languages: Vec<Language>,
    /// Pages to read. Default: `None`, all.
    pub pages: Option<PageSet>,
    /// Resolution for rasterising pages in dots per inch, 50 to 1200. Default: `None`, which takes
    /// 300, or the own resolution of a page that is one scan.
    pub dpi: Option<f32>,
    /// Password of an encrypted PDF. Default: `None`.
    pub password: Option<String>,
    /// How hard to try on tables. Default: [`TableMode::Accurate`].
    pub table_mode: TableMode,
    /// Whether tables are rebuilt at all; otherwise their text is running text. Default: `true`.
    pub do_table_structure: bool,
    /// Whether heading levels are inferred (docling: `do_pdf_heading_hierarchy`); otherwise every
    /// heading has level 2, as docling prints them. Default: `true`.
    pub do_pdf_heading_hierarchy: bool,
    /// Time for the whole document, checked between steps; what is done by then is returned.
    /// Default: `None`, no limit.
    pub document_timeout: Option<Duration>,
    /// Whether a page that fails ends the read with an error. Default: `false`: the other pages
    /// are returned, with a warning.
    pub abort_on_error: bool,
    /// What stands between pages in markdown. Default: empty, nothing.
    pub md_page_break_placeholder: String,
    /// Whether pipe tables go without padding. Default: `true`.
    pub md_compact_tables: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ocr: OcrMode::Auto,
            engine: OcrEngine::Auto,
            languages: Vec::new(),
            pages: None,
            dpi: None,
            password: None,
            table_mode: TableMode::Accurate,
            do_table_structure: true,
            do_pdf_heading_hierarchy: true,
            document_timeout: None,
            abort_on_error: false,
            md_page_break_placeholder: String::new(),
            md_compact_tables: true,
        }
    }
}

impl Options {
    /// What was asked for and has no effect here.
    pub fn warnings(&self) -> Vec<crate::error::Warning> {
        Vec::new()
    }

    /// Fails on values outside their documented range.
    pub fn validate(&self) -> Result<()> {
        if let Some(dpi) = self.dpi
            && !(50.0..=1200.0).contains(&dpi)
        {
            return Err(Error::invalid_option("dpi", format!("{dpi} is not in 50 to 1200")));
        }
        Ok(())
    }
}

/// When to recognise text in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OcrMode {
    /// Where the page has no text layer that can be trusted, and in bitmap regions without text.
    #[default]
    Auto,
    /// Everywhere, whatever the text layer says (`force_ocr`).
    Always,
    /// Nowhere: the text layer alone (`do_ocr = false`).
    Never,
}

/// Which recogniser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum OcrEngine {
    /// The best one at hand for the page.
    #[default]
    Auto,
    /// Tesseract (docling's `tesseract` and `tesserocr`).
    Tesseract,
    /// Asked for as EasyOCR: its language codes are accepted.
    EasyOcr,
    /// Asked for as RapidOCR: its language codes are accepted.
    RapidOcr,
}

impl std::str::FromStr for OcrEngine {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self> {
        match s {
            "auto" | "default" | "" => Ok(Self::Auto),
            "tesseract" | "tesserocr" => Ok(Self::Tesseract),
            "easyocr" => Ok(Self::EasyOcr),
            "rapidocr" => Ok(Self::RapidOcr),
            other => Err(Error::invalid_option(
                "ocr_engine",
                format!(
                    "{other:?} is none of auto, default, tesseract, tesserocr, easyocr, rapidocr"
                ),
            )),
        }
    }
}

/// How hard to try on tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TableMode {
    /// Ruled tables and clear alignments.
    Fast,
    /// Everything known.
    #[default]
    Accurate,
}

/// What an export of the document holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// All text, page headers and footers among it.
    Full,
    /// As docling prints it: page headers and footers left out.
    #[default]
    Docling,
}

/// A set of pages, from 0: "0,2-4" or "7-" (to the end).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PageSet {
    ranges: Vec<(usize, Option<usize>)>,
}

impl PageSet {
    /// These pages, from 0.
    pub fn from_indices(pages: impl IntoIterator<Item = usize>) -> Self {
        Self { ranges: pages.into_iter().map(|p| (p, Some(p))).collect() }
    }

    /// From `first` to `last`, both included, from 0; `None` is the end of the document.
    pub fn from_range(first: usize, last: Option<usize>) -> Self {
        Self { ranges: vec![(first, last)] }
    }

    /// The pages of the set in a document of `count` pages, ascending, each once.
    ///
    /// # Errors
    ///
    /// [`Error::PageOutOfRange`] for a page that does not exist. The open end of a range ("7-") may
    /// lie anywhere, its start may not.
    pub fn resolve(&self, count: usize, name: &str) -> Result<Vec<usize>> {
        let mut wanted = vec![false; count];
        for &(first, last) in &self.ranges {
            let last = last.unwrap_or(count.saturating_sub(1).max(first));
            for page in [first, last] {
                if page >= count {
                    return Err(Error::PageOutOfRange { name: name.to_owned(), page, count });
                }
            }
            wanted[first..=last].fill(true);
        }
        Ok(wanted.iter().enumerate().filter_map(|(i, w)| w.then_some(i)).collect())
    }
}

impl std::str::FromStr for PageSet {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self> {
        let bad = |part: &str| {
            Error::invalid_option(
                "pages",
                format!(
                    "{part:?} is no page or range; pages count from 0, as in \"0,2-4\" or \"7-\""
                ),
            )
        };
        let mut ranges = Vec::new();
        for part in s.split(',').map(str::trim) {
            let number = |n: &str| n.trim().parse::<usize>().map_err(|_| bad(part));
            let range = match part.split_once('-') {
                None => (number(part)?, Some(number(part)?)),
                Some((first, last)) if last.trim().is_empty() => (number(first)?, None),
                Some((first, last)) => (number(first)?, Some(number(last)?)),
            };
            if range.1.is_some_and(|last| last < range.0) {
                return Err(bad(part));
            }
            ranges.push(range);
        }
        Ok(Self { ranges })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_sets_are_ascending_and_unique() {
        let set: PageSet = "4,0, 2-4,2".parse().unwrap();
        assert_eq!(set.resolve(5, "x").unwrap(), [0, 2, 3, 4]);
        assert_eq!("3-".parse::<PageSet>().unwrap().resolve(5, "x").unwrap(), [3, 4]);
    }

    #[test]
    fn a_page_past_the_end_is_named_with_the_count() {
        let set: PageSet = "1,9".parse().unwrap();
        let error = set.resolve(3, "a.pdf").unwrap_err();
        assert_eq!(
            error.to_string(),
            "page 9 does not exist: a.pdf has 3 page(s), numbered 0 to 2"
        );
        assert!("7-".parse::<PageSet>().unwrap().resolve(3, "a.pdf").is_err());
    }

    #[test]
    fn malformed_page_sets_are_refused() {
        for bad in ["", "a", "1-0", "-1", "1--2", "0,,2"] {
            assert!(bad.parse::<PageSet>().is_err(), "{bad:?}");
        }
    }
}
