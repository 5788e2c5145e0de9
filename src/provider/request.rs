//! What is asked of an OCR provider.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::options::{PageSet, without_secrets};
use crate::source::Source;

/// What is asked of an OCR provider: the union of what the services take. Serialized, it is all but the
/// document; read back, it has an empty one.
#[derive(Clone, Serialize, Deserialize)]
pub struct OcrRequest {
    /// The caller's name for the request; comes back as the response's id. Default: `None`.
    pub id: Option<String>,
    /// The model, with or without its provider ("docling/docling-latest"). Default: `None`, the
    /// provider's own choice.
    pub model: Option<String>,
    /// The document. Default: an empty one, which fails.
    #[serde(skip, default = "nothing")]
    pub document: Source,
    /// A name for the document, where its source has none. Default: `None`.
    pub document_name: Option<String>,
    /// Pages, from 0. Default: `None`, all.
    pub pages: Option<PageSet>,
    /// Whether images come with their pixels, as data URIs of JPEG files. Default: `false`.
    pub include_image_base64: bool,
    /// Most images of a page, 0 for none; images beyond it are left out of the markdown too.
    /// Default: `None`, all.
    pub image_limit: Option<usize>,
    /// Smallest height and width of an image, in pixels of the page (see
    /// [`Dimensions`](super::Dimensions)). Default: `None`, any.
    pub image_min_size: Option<u32>,
    /// Takes tables out of the markdown, leaving a link. Default: `None`, they stay in it.
    pub table_format: Option<OcrTableFormat>,
    /// Whether page headers come in a field of their own. Default: `false`.
    pub extract_header: bool,
    /// Whether page footers come in a field of their own. Default: `false`.
    pub extract_footer: bool,
    /// Whether blocks come with type and box. Default: `false`.
    pub include_blocks: bool,
    /// How fine confidence is given. Default: `None`, for the document alone.
    pub confidence: Option<Granularity>,
    /// A JSON schema by which each image is to be described. Default: `None`.
    pub bbox_annotation_format: Option<Value>,
    /// A JSON schema by which the document is to be described. Default: `None`.
    pub document_annotation_format: Option<Value>,
    /// What to tell the model that describes the document. Default: `None`.
    pub document_annotation_prompt: Option<String>,
    /// Models to try when this one fails, "provider/model". Default: none.
    pub fallbacks: Vec<String>,
    /// Options of the provider itself, passed on as they are (for the local engine: docling's).
    /// Default: null.
    pub parameters: Value,
}

/// Without secrets among the parameters.
impl std::fmt::Debug for OcrRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OcrRequest")
            .field("id", &self.id)
            .field("model", &self.model)
            .field("document", &self.document)
            .field("document_name", &self.document_name)
            .field("pages", &self.pages)
            .field("include_image_base64", &self.include_image_base64)
            .field("image_limit", &self.image_limit)
            .field("image_min_size", &self.image_min_size)
            .field("table_format", &self.table_format)
            .field("extract_header", &self.extract_header)
            .field("extract_footer", &self.extract_footer)
            .field("include_blocks", &self.include_blocks)
            .field("confidence", &self.confidence)
            .field("bbox_annotation_format", &self.bbox_annotation_format)
            .field("document_annotation_format", &self.document_annotation_format)
            .field("document_annotation_prompt", &self.document_annotation_prompt)
            .field("fallbacks", &self.fallbacks)
            .field("parameters", &without_secrets(&self.parameters))
            .finish()
    }
}

impl OcrRequest {
    /// A request for all of a document with defaults.
    pub fn new(document: Source) -> Self {
        Self {
            id: None,
            model: None,
            document,
            document_name: None,
            pages: None,
            include_image_base64: false,
            image_limit: None,
            image_min_size: None,
            table_format: None,
            extract_header: false,
            extract_footer: false,
            include_blocks: false,
            confidence: None,
            bbox_annotation_format: None,
            document_annotation_format: None,
            document_annotation_prompt: None,
            fallbacks: Vec::new(),
            parameters: Value::Null,
        }
    }
}

impl Default for OcrRequest {
    fn default() -> Self {
        Self::new(nothing())
    }
}

/// An empty document.
fn nothing() -> Source {
    Source::Bytes { bytes: [].into(), name: None }
}

/// How tables are written that are taken out of the markdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OcrTableFormat {
    /// Pipe tables.
    Markdown,
    /// HTML.
    Html,
}

impl OcrTableFormat {
    /// Its ending in the names of tables.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Html => "html",
        }
    }
}

/// How fine confidence is given. Each step includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Granularity {
    /// One score for the document (`document_confidence` among the response's extra fields), and
    /// scores of each page.
    Document,
    /// Scores of each page.
    Page,
    /// And of each block, where blocks are asked for.
    Block,
    /// And of each word.
    Word,
}
