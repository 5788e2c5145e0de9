//! A [`Document`](crate::Document) in other formats: markdown, plain text, HTML, JSON; hOCR, ALTO and
//! searchable PDF, which place every word.

mod alto;
mod captions;
mod chunks;
mod docling;
mod docling_document;
mod doctags;
pub(crate) mod enrichment;
mod escape;
mod hocr;
#[cfg(test)]
mod hostile;
mod html;
mod inspect;
mod json;
mod latex;
mod lines;
mod markdown;
mod pdf;
#[cfg(test)]
mod roundtrip;
mod table;
#[cfg(test)]
mod testing;
mod text;
mod tree;
mod xml;
mod yaml;

pub use alto::alto;
pub use chunks::{Chunk, hierarchical_chunks};
pub use docling_document::{DoclingImage, DoclingOptions, DoclingOrigin, docling_document};
pub use doctags::doctags;
pub use hocr::hocr;
pub use html::html;
#[cfg(feature = "server")]
pub(crate) use html::{HtmlImages, html_with};
pub use inspect::inspect;
pub use json::json;
pub use latex::latex;
pub(crate) use markdown::blocks_markdown;
#[cfg(feature = "server")]
pub(crate) use markdown::markdown_with;
pub use markdown::{MarkdownOptions, markdown, page_markdown};
pub use pdf::{PdfOptions, searchable_pdf};
pub use table::TableFormat;
pub use text::{text, text_with};
pub use yaml::yaml;
