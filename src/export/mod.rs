//! A [`Document`](crate::Document) as text: markdown, plain text, JSON.

pub(crate) mod escape;
mod inspect;
mod json;
mod markdown;
#[cfg(test)]
mod roundtrip;
mod table;
mod text;

pub use inspect::inspect;
pub use json::json;
pub(crate) use markdown::blocks_markdown;
pub use markdown::{MarkdownOptions, markdown, page_markdown};
pub use table::TableFormat;
pub use text::{text, text_with};
