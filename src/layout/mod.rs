//! From words and rules to blocks in reading order.
use crate::document::Page;
use crate::options::Options;
use crate::page::PageRead;

/// Lays out all pages of a document.
pub(crate) fn lay_out(reads: Vec<PageRead>, _options: &Options) -> Vec<Page> {
    let _ = reads;
    Vec::new()
}
