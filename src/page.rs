//! What is read from one page, before layout: the seam between page work and document work.

use serde::{Deserialize, Serialize};

use crate::document::{TextSource, Timings, Word, WordOrigin};
use crate::error::Warning;
use crate::geometry::{Perspective, Pt, Rect, Resolution, Size, sides};
use crate::options::OcrEngine;

/// Everything that is done page by page: the input of layout.
///
/// Reading a page is a function from (input, page index, options) to this type; it can be sent to
/// another process or machine as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageRead {
    /// The page in the source document, from 0.
    pub index: usize,
    /// Page size in points, after rotation.
    pub size: Size<Pt>,
    /// Words in the order of the source (text layer or recogniser), not in reading order.
    pub words: Vec<Word>,
    /// Ruling lines.
    pub rules: Vec<Rule>,
    /// Images and drawings.
    pub placements: Vec<Placement>,
    /// Hyperlinks.
    pub links: Vec<Link>,
    /// The glyphs of the text layer, where formulas are asked for; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub glyphs: Vec<Glyph>,
    /// Level lines too short for [`rules`](Self::rules), bars of fractions among them, where formulas are
    /// asked for; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bars: Vec<Rule>,
    /// Entries of the document's outline (bookmarks) that lead to this page, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outline: Vec<OutlineEntry>,
    /// What the structure tree of a tagged PDF says about the page; empty without one.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// What a model saw of the structure of tables, and of what may be one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sketches: Vec<TableSketch>,
    /// Where the words come from.
    pub text_source: TextSource,
    /// Resolution of the raster that was recognised; `None` when nothing was.
    pub resolution: Option<Resolution>,
    /// The engine that recognised text on the page; `None` when nothing was recognised.
    #[serde(default)]
    pub engine: Option<OcrEngine>,
    /// By how many degrees the content was turned clockwise in the source: 0, 90, 180 or 270.
    /// Size and boxes here are those of the page turned upright.
    #[serde(default)]
    pub rotation: u16,
    /// By how many degrees a scan was turned clockwise, besides. Boxes here are those of the straightened
    /// page; layout turns them back.
    #[serde(default)]
    pub skew: f32,
    /// From the straightened page, turned back by [`skew`](Self::skew), to the page as it was
    /// photographed, in points; `None` where there was no slant.
    #[serde(default)]
    pub warp: Option<Perspective>,
    /// ISO 639-1 (or BCP-47) code of the main language, where it could be told.
    pub language: Option<String>,
    /// What the caller should know.
    pub warnings: Vec<Warning>,
    /// How long each stage took. Not part of the output (it would differ from run to run).
    #[serde(default)]
    pub timings: Timings,
}

impl PageRead {
    /// A page of this size, in points, with nothing on it.
    pub fn blank(index: usize, size: Size<Pt>) -> Self {
        Self {
            index,
            size,
            words: Vec::new(),
            rules: Vec::new(),
            placements: Vec::new(),
            links: Vec::new(),
            glyphs: Vec::new(),
            bars: Vec::new(),
            outline: Vec::new(),
            tags: Tags::default(),
            sketches: Vec::new(),
            text_source: TextSource::None,
            resolution: None,
            engine: None,
            rotation: 0,
            skew: 0.0,
            warp: None,
            language: None,
            warnings: Vec::new(),
            timings: Timings::default(),
        }
    }
}

/// A straight ruling line, horizontal or vertical, as the box it covers.
///
/// Thin filled rectangles and stroked paths come out alike; sides of a stroked or filled rectangle
/// are four rules.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// The box covered, in points. Its short side is the line's width.
    #[serde(with = "sides")]
    pub rect: Rect<Pt>,
}

impl Rule {
    /// Whether the line runs from left to right.
    pub fn is_horizontal(&self) -> bool {
        self.rect.width() >= self.rect.height()
    }

    /// The length, in points.
    pub fn length(&self) -> f32 {
        self.rect.width().max(self.rect.height())
    }
}

/// One glyph of a text layer, as exactly as the file places it: what formulas are rebuilt from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Glyph {
    /// Its Unicode value; where the font gives none, its code in the font.
    pub char: char,
    /// Whether `char` is a Unicode value.
    pub mapped: bool,
    /// Font name without subset prefix.
    pub font: Option<std::sync::Arc<str>>,
    /// Size of the em, in points.
    pub size: f32,
    /// Bold.
    pub bold: bool,
    /// Italic or oblique.
    pub italic: bool,
    /// Where its origin stands and where the next glyph's would, on the x axis, in points.
    pub advance: (f32, f32),
    /// Where its origin stands on the y axis, in points.
    pub baseline: f32,
    /// The box around its ink, in points.
    #[serde(with = "sides")]
    pub ink: Rect<Pt>,
    /// The word it is part of, as an index into [`PageRead::words`]; `None` for pieces of large signs
    /// that no word has.
    pub word: Option<u32>,
}

/// An image or a drawing on the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Placement {
    /// The box covered, in points, clipped to the page.
    #[serde(with = "sides")]
    pub rect: Rect<Pt>,
    /// What it is.
    pub kind: PlacementKind,
    /// Size of the embedded image in pixels; `None` for drawings.
    pub pixels: Option<(u32, u32)>,
}

/// What a [`Placement`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlacementKind {
    /// An embedded bitmap.
    Image,
    /// Vector paths that are no ruling lines.
    Drawing,
    /// A filled area behind text (a box, a table row's background).
    Fill,
}

/// What a model of tables saw in a part of the page: a grid. It reads no text, its boxes are rough,
/// and it sees a grid in whatever it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableSketch {
    /// The part that it was shown, in points.
    #[serde(with = "sides")]
    pub rect: Rect<Pt>,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// Cells in row-major order; none overlap.
    pub cells: Vec<SketchCell>,
    /// How sure it was, from 0 to 1 (mean over its steps).
    pub sure: f32,
}

/// A cell of a [`TableSketch`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SketchCell {
    /// First row, from 0.
    pub row: usize,
    /// First column, from 0.
    pub column: usize,
    /// Rows covered, at least 1.
    pub row_span: usize,
    /// Columns covered, at least 1.
    pub column_span: usize,
    /// Where its text stands, in points, within half a row or column.
    #[serde(with = "sides")]
    pub rect: Rect<Pt>,
}

/// A hyperlink.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// The box that can be clicked, in points.
    #[serde(with = "sides")]
    pub rect: Rect<Pt>,
    /// Where it leads.
    pub uri: String,
}

/// An entry of a document's outline (PDF 32000-1, 12.3.3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutlineEntry {
    /// The title, as the file has it.
    pub title: String,
    /// How many entries enclose it: 0 for the outermost.
    pub depth: u8,
    /// Where on the page it leads, in points from the page's top; `None` where it does not say.
    pub top: Option<f32>,
}

/// The part of a structure tree (PDF 32000-1, 14.7) that is about one page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tags {
    /// Elements in the order of the tree, parents before their children.
    pub elements: Vec<Tag>,
    /// For each of the text layer's words, in the order of [`PageRead::words`]: the innermost
    /// element that it belongs to, as an index. Words that were recognised besides come after them and
    /// have none.
    pub words: Vec<WordTag>,
}

impl Tags {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }
}

/// What the structure tree says about a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WordTag {
    /// In this element.
    In(u32),
    /// Marked as no part of the document's content: page headers and the like.
    Artifact,
    /// Nothing.
    Untagged,
}

/// An element of a structure tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tag {
    /// What it is.
    pub kind: TagKind,
    /// The element around it, as an index below its own.
    pub parent: Option<u32>,
    /// Rows and columns that a table cell covers, at least 1.
    pub span: (u16, u16),
    /// Alternate text, of figures above all.
    pub alt: Option<String>,
}

/// What an element of a structure tree is (PDF 32000-1, 14.8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TagKind {
    /// A heading; its level, 1 to 6, where the element says.
    Heading(Option<u8>),
    /// A paragraph.
    Paragraph,
    /// A list.
    List,
    /// An item of a list.
    Item,
    /// What stands before an item, a note or a caption: a number or bullet.
    Label,
    /// The text of an item.
    Body,
    /// A table.
    Table,
    /// A row of a table.
    Row,
    /// A cell that heads a row or column.
    HeaderCell,
    /// A cell of a table.
    Cell,
    /// A picture or drawing.
    Figure,
    /// The caption of a table or figure.
    Caption,
    /// A footnote or endnote.
    Note,
    /// Program text.
    Code,
    /// A formula.
    Formula,
    /// A table of contents, or an item of one.
    Contents,
    /// Anything else: a section, a link, a stretch of text.
    Other,
}

/// What speaks against the text layer of a page, where that is not enough to give it up: a look at
/// the page's pixels decides.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Doubt {
    /// In words, to go on after "the text layer is not trusted (".
    pub(crate) reason: String,
    /// Which words are in doubt.
    pub(crate) suspect: Suspect,
}

/// Which words of a text layer are in doubt, and why.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Suspect {
    /// All: so few of their characters have a Unicode value that there is nothing to compare.
    Lost,
    /// All, as they do not read like text.
    All,
    /// Those set in fonts of these names.
    Fonts(Vec<std::sync::Arc<str>>),
    /// The invisible ones: somebody's OCR, which may be good or bad.
    Hidden,
}

impl Suspect {
    /// Whether the word is in doubt.
    pub(crate) fn includes(&self, word: &Word) -> bool {
        match self {
            Self::Lost | Self::All => true,
            Self::Hidden => word.origin == WordOrigin::HiddenLayer,
            Self::Fonts(fonts) => word.style.font.as_ref().is_some_and(|f| fonts.contains(f)),
        }
    }
}
