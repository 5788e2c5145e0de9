//! A [`Document`] as text: markdown, plain text, JSON.

use crate::document::Document;

/// How markdown is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarkdownOptions {
    /// What is written. Default: [`Profile::Docling`](crate::Profile::Docling).
    pub profile: crate::options::Profile,
    /// What stands between pages, on a line of its own. Default: empty, nothing.
    pub page_break: String,
}

/// The document as markdown.
pub fn markdown(document: &Document, _options: &MarkdownOptions) -> String {
    let mut out = String::new();
    for page in &document.pages {
        for block in &page.blocks {
            out.push_str(&block.text);
            out.push_str("\n\n");
        }
    }
    out
}
