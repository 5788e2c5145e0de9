//! What an OCR provider gives.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::request::OcrTableFormat;
use crate::document::Status;
use crate::error::Warning;

/// What an OCR provider gives: the union of what the services give. A field that a provider does
/// not fill is `None` or empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OcrResponse {
    /// The request's id, or one made by the provider.
    pub id: String,
    /// The model that read, by its full name.
    pub model: String,
    /// The provider that answered.
    pub provider: String,
    /// The pages that were read, in ascending order.
    pub pages: Vec<OcrPage>,
    /// How the read ended.
    pub status: Status,
    /// What was used up.
    pub usage: Usage,
    /// Mean confidence of recognised words, 0 to 1; `None` where nothing was recognised.
    pub confidence: Option<f32>,
    /// Main language of the document, where it could be told.
    pub language: Option<String>,
    /// JSON text by the request's document annotation schema.
    pub document_annotation: Option<String>,
    /// What the caller should know; every field of the request that had no effect among it.
    pub warnings: Vec<Warning>,
    /// Whatever else the provider says.
    pub extra_fields: Map<String, Value>,
}

impl OcrResponse {
    /// A response without pages.
    pub fn new(
        id: impl Into<String>,
        model: impl Into<String>,
        provider: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            model: model.into(),
            provider: provider.into(),
            pages: Vec::new(),
            status: Status::Success,
            usage: Usage::default(),
            confidence: None,
            language: None,
            document_annotation: None,
            warnings: Vec::new(),
            extra_fields: Map::new(),
        }
    }
}

/// What a request used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Pages that were read.
    pub pages_processed: usize,
    /// Size of the document.
    pub document_bytes: Option<u64>,
    /// Price in US dollars; 0 for local work, `None` where it is not known.
    pub cost: Option<f64>,
}

/// One page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OcrPage {
    /// The page in the source document, from 0.
    pub index: usize,
    /// The page as markdown. Images and separate tables are links to their ids.
    pub markdown: String,
    /// Images, in the order of the markdown.
    pub images: Vec<OcrImage>,
    /// Tables that were taken out of the markdown.
    pub tables: Vec<OcrTable>,
    /// The page header, where it was asked for and found.
    pub header: Option<String>,
    /// The page footer, where it was asked for and found.
    pub footer: Option<String>,
    /// Size of the page; all boxes are in these pixels.
    pub dimensions: Option<Dimensions>,
    /// Addresses of the page's links, each once.
    pub hyperlinks: Vec<String>,
    /// Blocks in reading order; `None` where they were not asked for.
    pub blocks: Option<Vec<OcrBlock>>,
    /// Confidence; `None` where it was not asked for or nothing was recognised.
    pub confidence: Option<PageConfidence>,
}

/// Size of a page.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dimensions {
    /// Pixels per inch of the page as rendered.
    pub dpi: u32,
    /// Width in pixels at that resolution.
    pub width: u32,
    /// Height in pixels at that resolution.
    pub height: u32,
    /// Width in points (1/72 inch).
    pub width_points: f32,
    /// Height in points.
    pub height_points: f32,
}

/// A box in pixels of the page, origin at the top left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PixelBox {
    /// Left edge.
    pub left: u32,
    /// Top edge.
    pub top: u32,
    /// Right edge.
    pub right: u32,
    /// Bottom edge.
    pub bottom: u32,
}

/// An image on a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OcrImage {
    /// Its name in the markdown ("img-0.jpeg"), numbered over the document.
    pub id: String,
    /// Where it stands, where that is known.
    pub rect: Option<PixelBox>,
    /// The image as a data URI.
    pub base64: Option<String>,
    /// JSON text by the request's image annotation schema.
    pub annotation: Option<String>,
}

/// A table taken out of the markdown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OcrTable {
    /// Its name in the markdown ("tbl-0.md"), numbered over the document.
    pub id: String,
    /// The table.
    pub content: String,
    /// How it is written.
    pub format: OcrTableFormat,
    /// Its content, cut into words; `None` where it was not asked for or nothing was recognised.
    pub words: Option<Vec<WordConfidence>>,
}

/// What a block is, in the terms of the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BlockKind {
    /// Running text.
    Text,
    /// A title or heading.
    Title,
    /// A whole list.
    List,
    /// A table.
    Table,
    /// An image.
    Image,
    /// A formula.
    Equation,
    /// A caption.
    Caption,
    /// Program text.
    Code,
    /// Bibliographic references.
    References,
    /// Text beside the main text.
    AsideText,
    /// A page header.
    Header,
    /// A page footer.
    Footer,
    /// A signature.
    Signature,
}

/// A block of a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OcrBlock {
    /// What it is.
    pub kind: BlockKind,
    /// Where it stands.
    pub rect: PixelBox,
    /// Its markdown (a table's HTML where it is separate and asked for as such); empty for images.
    pub content: String,
    /// For images: which of the page's images it is; `None` where that was left out.
    pub image_id: Option<String>,
    /// For tables that are separate: which of the page's tables it is.
    pub table_id: Option<String>,
    /// Confidence; `None` where it was not asked for or nothing was recognised.
    pub confidence: Option<BlockConfidence>,
}

/// Confidence of a block, each 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BlockConfidence {
    /// Mean over its words, weighted by length.
    pub average: Option<f32>,
    /// Lowest of its words.
    pub minimum: Option<f32>,
    /// That its kind is right.
    pub kind: Option<f32>,
}

/// Confidence of a page, each 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageConfidence {
    /// Mean over its words, weighted by length.
    pub average: f32,
    /// Lowest of its words.
    pub minimum: f32,
    /// The markdown, cut into its words; `None` where it was not asked for.
    pub words: Option<Vec<WordConfidence>>,
}

/// A word of the markdown, with the white space and markup before it, and its confidence.
///
/// The texts of a list put together are the markdown (a table's: its content), to the last
/// character.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WordConfidence {
    /// The word as it stands in the markdown, with what stands before it. The last one has what
    /// stands behind it as well.
    pub text: String,
    /// 0 to 1; `None` where the word was not recognised but taken from a text layer.
    pub confidence: Option<f32>,
    /// Where `text` begins, in Unicode code points.
    pub start_index: usize,
}

/// A model that a provider serves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OcrModel {
    /// Its full name, "provider/model".
    pub id: String,
    /// Other names it goes by.
    pub aliases: Vec<String>,
    /// The provider.
    pub provider: String,
    /// US dollars per page; `None` where it is not known.
    pub price_per_page: Option<f64>,
    /// What it can do beyond markdown: names of fields of the request.
    pub capabilities: Vec<String>,
}

/// What most models can do: see [`OcrModel::capabilities`].
pub(super) const CAPABILITIES: [&str; 9] = [
    "pages",
    "image_limit",
    "image_min_size",
    "table_format",
    "extract_header",
    "extract_footer",
    "include_blocks",
    "confidence",
    "parameters",
];
/// What those can do besides that have a language model.
#[cfg(feature = "remote")]
pub(super) const ANNOTATIONS: [&str; 2] = ["bbox_annotation_format", "document_annotation_format"];

/// An id for a response that was given none: the same pages get the same.
pub(super) fn made_id(pages: &[OcrPage]) -> String {
    /// As many as tell responses apart.
    const BYTES: usize = 12;
    let mut hash = Sha256::new();
    for page in pages {
        hash.update(page.index.to_le_bytes());
        hash.update(page.markdown.as_bytes());
    }
    format!("ocr_{}", hex::encode(&hash.finalize()[..BYTES]))
}
