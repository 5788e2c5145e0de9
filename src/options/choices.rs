//! The values that options choose from.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

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

/// What becomes of text of a PDF that nobody can see on the page: transparent or in the colour of
/// what it stands on, smaller than can be read, or invisible with nothing below it.
///
/// The invisible text that OCR programs lay over scans is not meant: the page's pixels decide
/// whether it is right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HiddenText {
    /// It is left out, with a warning for each page.
    #[default]
    Drop,
    /// It is taken as other text, with a warning for each page. What stands beside the page is left
    /// out all the same.
    Keep,
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

impl OcrEngine {
    /// Its name in requests: `tesseract`, `rapidocr`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Tesseract => "tesseract",
            Self::EasyOcr => "easyocr",
            Self::RapidOcr => "rapidocr",
        }
    }
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
    /// Ruled tables and clear alignments, each read in one way.
    Fast,
    /// Tables of wrapped cells as well; columns are read in several ways, and the most consistent
    /// table wins.
    #[default]
    Accurate,
}

/// What an export of the document holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// All text, page headers and footers among it.
    #[default]
    Full,
    /// As docling prints it: page headers and footers left out, docling's escaping and tables,
    /// captions before what they belong to.
    Docling,
}

/// Which program opens PDFs.
///
/// recto opens every PDF with PDFium; both values read alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PdfBackend {
    /// PDFium.
    Pypdfium2,
    /// docling's own parser (also `dlparse_v1`, `dlparse_v2`, `dlparse_v4`).
    #[default]
    DoclingParse,
}

/// Which chain of steps turns pages into a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Pipeline {
    /// docling's first pipeline; reads as [`Standard`](Self::Standard).
    Legacy,
    /// Text layer, OCR and layout.
    #[default]
    Standard,
    /// The text layer without layout models.
    Native,
    /// A vision-language model.
    Vlm,
    /// Speech recognition.
    Asr,
}

/// How images are put into exports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageExportMode {
    /// A mark where the image stands.
    #[default]
    Placeholder,
    /// The image itself, as a data URI.
    Embedded,
    /// A link to a file of its own.
    Referenced,
}

/// A format that input may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum InputFormat {
    /// PDF.
    Pdf,
    /// PNG, JPEG, TIFF, WebP, BMP and GIF.
    Image,
}

/// A format that output may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OutputFormat {
    /// Markdown.
    Md,
    /// Plain text.
    Text,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// HTML.
    Html,
    /// HTML with one image per page beside its text.
    HtmlSplitPage,
    /// docling's tag language.
    Doctags,
    /// WebVTT subtitles.
    Vtt,
    /// docling's document language.
    Doclang,
    /// docling's archive format.
    Dclx,
    /// Chunks for retrieval.
    Chunks,
    /// LaTeX.
    Latex,
}

impl OutputFormat {
    /// docling's name of it: `md`, `html_split_page`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md => "md",
            Self::Text => "text",
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Html => "html",
            Self::HtmlSplitPage => "html_split_page",
            Self::Doctags => "doctags",
            Self::Vtt => "vtt",
            Self::Doclang => "doclang",
            Self::Dclx => "dclx",
            Self::Chunks => "chunks",
            Self::Latex => "latex",
        }
    }

    /// Whether recto writes it at all; who reads for others may write less.
    pub fn is_written(self) -> bool {
        match self {
            Self::Md
            | Self::Text
            | Self::Json
            | Self::Html
            | Self::HtmlSplitPage
            | Self::Doctags
            | Self::Yaml
            | Self::Chunks
            | Self::Latex => true,
            Self::Vtt | Self::Doclang | Self::Dclx => false,
        }
    }
}

/// How heading levels are inferred (docling: `pdf_heading_hierarchy_options`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HeadingHierarchy {
    /// Whether the document's outline decides. Default: `true`.
    pub use_bookmarks: bool,
    /// Whether section numbers decide. Default: `true`.
    pub use_numbering: bool,
    /// Whether text size decides. Default: `true`.
    pub use_style: bool,
    /// Whether bold and italic decide. Default: `true`.
    pub use_font_style: bool,
    /// Sizes that differ by less than this share are one size, 0 to 1. Default: 0.05.
    pub style_size_tolerance: f32,
    /// Deepest level, 1 to 6. Default: 6.
    pub max_level: u8,
    /// How alike an outline entry and a heading must be, 0 to 1. Default: 0.8.
    pub bookmark_match_threshold: f32,
}

impl Default for HeadingHierarchy {
    fn default() -> Self {
        Self {
            use_bookmarks: true,
            use_numbering: true,
            use_style: true,
            use_font_style: true,
            style_size_tolerance: 0.05,
            max_level: 6,
            bookmark_match_threshold: 0.8,
        }
    }
}
