//! The result of a read: a [`Document`] of [`Page`]s of [`Block`]s over [`Word`]s.

mod enrichment;
mod scores;
mod table;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Warning;
use crate::geometry::{Pt, Rect, Resolution, Size, sides};
use crate::options::OcrEngine;
use crate::page::{Link, Placement, Rule};

pub use enrichment::{
    CodeLanguage, Enrichment, PictureClass, PictureDescription, PictureFacts, ScannedCode,
};
pub use scores::{DocumentScores, Grade, Scores};
pub(crate) use table::Joins;
pub use table::{Cell, Continuation, Table, TablePart, WholeTable};

/// A document that was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The source's name, where it has one.
    pub name: Option<String>,
    /// Bytes of the source.
    pub byte_count: u64,
    /// Pages in the source, whether read or not.
    pub page_count: usize,
    /// How the read ended.
    pub status: Status,
    /// What the file says about itself.
    pub metadata: Metadata,
    /// Main language, ISO 639-1 (or BCP-47 where the script matters); `None` when it cannot be told.
    pub language: Option<String>,
    /// The pages that were read, in ascending order.
    pub pages: Vec<Page>,
    /// What the caller should know.
    pub warnings: Vec<Warning>,
    /// Time spent by stage, summed over pages. Left out of serialised output: it differs from run
    /// to run.
    #[serde(skip)]
    pub timings: Timings,
}

/// How a read ended. (Failure is an `Err`.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// Every selected page was read.
    Success,
    /// Some pages failed, or the deadline cut the read short.
    Partial,
}

/// What the file says about itself; each field `None` when it does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Title.
    pub title: Option<String>,
    /// Author.
    pub author: Option<String>,
    /// Subject.
    pub subject: Option<String>,
    /// The program that made the document.
    pub creator: Option<String>,
    /// The program that wrote the PDF.
    pub producer: Option<String>,
    /// Natural language as declared, BCP-47.
    pub language: Option<String>,
}

/// One page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// The page in the source document, from 0.
    pub index: usize,
    /// Size in points, after rotation.
    pub size: Size<Pt>,
    /// By how many degrees a scan's content was turned clockwise in the source: 0, 90, 180 or 270.
    /// Size and boxes are those of the page turned upright: the source, shown as it is, has to be
    /// turned back by this much to agree with them.
    #[serde(default, skip_serializing_if = "is_upright")]
    pub rotation: u16,
    /// By how many degrees a scan's lines lean clockwise, besides. Boxes keep the size they have on
    /// the straightened page, and stand where their middle is on the leaning one.
    #[serde(default, skip_serializing_if = "is_straight")]
    pub skew: f32,
    /// Where the words come from.
    pub text_source: TextSource,
    /// Resolution of the raster that was recognised; `None` when nothing was.
    pub resolution: Option<Resolution>,
    /// The engine that recognised text on the page; `None` when nothing was recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<OcrEngine>,
    /// ISO 639-1 (or BCP-47) code of the main language, where it could be told.
    pub language: Option<String>,
    /// Mean confidence of recognised words, 0 to 1, weighted by length; `None` without OCR.
    pub confidence: Option<f32>,
    /// Blocks in reading order. Page headers come first, page footers last.
    pub blocks: Vec<Block>,
    /// All words; blocks refer to them by index.
    pub words: Vec<Word>,
    /// Ruling lines.
    pub rules: Vec<Rule>,
    /// Images and drawings.
    pub placements: Vec<Placement>,
    /// Hyperlinks.
    pub links: Vec<Link>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn is_upright(rotation: &u16) -> bool {
    *rotation == 0
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn is_straight(skew: &f32) -> bool {
    *skew == 0.0
}

/// A piece of text without white space, and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// The text, NFC.
    pub text: String,
    /// The box, in points, from ascender to descender.
    #[serde(with = "sides")]
    pub rect: Rect<Pt>,
    /// Probability that the text is right, 0 to 1; `None` from a text layer.
    pub confidence: Option<f32>,
    /// Where the word comes from.
    pub origin: WordOrigin,
    /// How it is set.
    pub style: Style,
    /// Direction of the baseline in degrees, clockwise, 0 for upright horizontal text.
    pub angle: f32,
    /// Whether the recogniser or text layer says that no space goes before this word although it
    /// is a word of its own (a change of style within a word, CJK).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub joined: bool,
    /// The line the recogniser put it in; `None` from a text layer. A hint, unique in the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// Where a word comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WordOrigin {
    /// The PDF's text layer.
    TextLayer,
    /// Invisible text of the PDF (an OCR layer made by somebody else).
    HiddenLayer,
    /// Recognised here.
    Ocr,
}

/// How a word is set. `None` means that it cannot be told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Style {
    /// Font name without subset prefix.
    pub font: Option<std::sync::Arc<str>>,
    /// Size of the em, in points. From OCR: estimated from the word's line.
    pub size: f32,
    /// Bold.
    pub bold: Option<bool>,
    /// Italic or oblique.
    pub italic: Option<bool>,
    /// All characters of one width.
    pub mono: Option<bool>,
    /// Fill colour, sRGB.
    pub color: Option<[u8; 3]>,
}

/// Where a page's words come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TextSource {
    /// The page has no text at all.
    None,
    /// The text layer.
    TextLayer,
    /// OCR of the whole page.
    Ocr,
    /// The text layer, and OCR of bitmap regions.
    Mixed,
}

/// A block of a page: what a reader sees as one thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// What it is.
    #[serde(flatten)]
    pub role: Role,
    /// The box around it, in points.
    #[serde(with = "sides")]
    pub rect: Rect<Pt>,
    /// Plain text, lines joined (hyphenation undone); code keeps its line breaks. Empty for tables
    /// and figures without text.
    pub text: String,
    /// Lines in reading order; empty for tables (their cells have words).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<TextLine>,
    /// Mean confidence of its recognised words, 0 to 1; `None` without OCR.
    pub confidence: Option<f32>,
    /// What was found out about it besides; `None` where nothing was, or was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrichment: Option<Box<Enrichment>>,
}

impl Block {
    /// The language, of a code block about which it is known.
    pub fn code_language(&self) -> Option<&CodeLanguage> {
        self.enrichment.as_deref().and_then(Enrichment::code_language)
    }

    /// What is known about a figure besides its text.
    pub fn picture(&self) -> Option<&PictureFacts> {
        self.enrichment.as_deref().and_then(Enrichment::picture)
    }
}

/// A line of a block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextLine {
    /// The box around it, in points.
    #[serde(with = "sides")]
    pub rect: Rect<Pt>,
    /// Its words, as indices into [`Page::words`], in logical order.
    pub words: Vec<u32>,
}

/// What a block is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// A heading.
    Heading {
        /// 1 (highest) to 6.
        level: u8,
    },
    /// Running text.
    Paragraph,
    /// One item of a list.
    ListItem {
        /// What stands before it.
        marker: ListMarker,
        /// Nesting, from 0.
        depth: u8,
    },
    /// A table.
    Table {
        /// Its cells.
        table: Table,
    },
    /// An image or drawing; `text` holds the text inside it.
    Figure,
    /// The caption of a table or figure.
    Caption,
    /// Program text, line breaks kept.
    Code,
    /// A formula set apart; `text` is what its signs read as in a row.
    Formula {
        /// The formula as LaTeX for display, without marks around it; `None` where it was not asked
        /// for or cannot be told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        latex: Option<String>,
    },
    /// A footnote.
    Footnote,
    /// What is repeated at the top of pages.
    PageHeader,
    /// What is repeated at the bottom of pages, page numbers among it.
    PageFooter,
}

/// What stands before a list item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListMarker {
    /// A bullet of any shape.
    Bullet,
    /// A number with its punctuation, as printed: "3.", "(3)".
    Number(String),
    /// A letter or roman numeral with its punctuation, as printed: "b)", "iv.".
    Letter(String),
}

/// Seconds of wall time by stage name ("render", "text_layer", "ocr", "layout" …).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings(pub BTreeMap<String, f64>);

impl Timings {
    /// Adds to a stage.
    pub fn add(&mut self, stage: &str, seconds: f64) {
        match self.0.get_mut(stage) {
            Some(total) => *total += seconds,
            None => {
                self.0.insert(stage.to_owned(), seconds);
            }
        }
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Timings) {
        for (stage, seconds) in &other.0 {
            self.add(stage, *seconds);
        }
    }
}

impl Document {
    /// The whole document as markdown with the default [`export::MarkdownOptions`](crate::export::MarkdownOptions).
    pub fn to_markdown(&self) -> String {
        crate::export::markdown(self, &crate::export::MarkdownOptions::default())
    }

    /// The tables of the document, each with all its parts, in the order in which they begin.
    pub fn tables(&self) -> Vec<WholeTable<'_>> {
        table::whole(self.pages.iter().map(|page| page.blocks.as_slice()))
    }

    /// The engines that recognised text on its pages, each once, in the order of the pages.
    pub fn engines(&self) -> Vec<OcrEngine> {
        let mut engines = Vec::new();
        for engine in self.pages.iter().filter_map(|page| page.engine) {
            if !engines.contains(&engine) {
                engines.push(engine);
            }
        }
        engines
    }

    /// Mean confidence of all recognised words, 0 to 1, weighted by length; `None` without OCR.
    pub fn confidence(&self) -> Option<f32> {
        mean_confidence(self.pages.iter().flat_map(|p| &p.words))
    }
}

/// Mean confidence weighted by characters; `None` when no word has one.
pub(crate) fn mean_confidence<'a>(words: impl IntoIterator<Item = &'a Word>) -> Option<f32> {
    let (mut sum, mut weight) = (0.0f64, 0.0f64);
    for word in words {
        if let Some(confidence) = word.confidence {
            let length = word.text.chars().count() as f64;
            sum += f64::from(confidence) * length;
            weight += length;
        }
    }
    (weight > 0.0).then(|| (sum / weight) as f32)
}
