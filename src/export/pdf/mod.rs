//! Searchable PDF files: what the page shows, with what was read as invisible text behind it.

mod font;
mod hidden;
mod image;
mod images;
mod layer;
mod png;
mod space;
mod tiff;
mod update;

use crate::document::Document;
use crate::error::Result;

/// How [`searchable_pdf`] writes.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PdfOptions {
    /// The password of an encrypted PDF, as in [`Options::password`](crate::Options::password).
    /// Default: none.
    pub password: Option<String>,
}

impl std::fmt::Debug for PdfOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let password = self.password.as_ref().map(|_| "…");
        f.debug_struct("PdfOptions").field("password", &password).finish()
    }
}

/// How far into a file its header may stand; readers are lenient with junk before it.
const HEADER_WITHIN: usize = 1024;

/// A PDF in which the words that were recognised can be searched, selected and copied.
///
/// `document` is the result of reading `original`, the bytes of the PDF or image (see
/// [`Engine::load`](crate::Engine::load)).
///
/// - **A PDF** stays as it is, byte by byte; an incremental update adds invisible text (render mode
///   3) to the pages that have recognised words. Pages whose own text layer was used are left
///   alone, and where pictures on them were read, only the words of these are added. Invisible text
///   on a page that was recognised as a whole is replaced. If no page was recognised, the result is
///   the input. What was encrypted stays encrypted, with the same passwords.
/// - **An image** becomes a PDF of its pages that were read, at their own resolution and upright:
///   JPEG data as it is, fax strips as they are, everything else without loss.
///
/// Each word stands in its box, on the common baseline of its line, leaning as the scan does. The
/// same input gives the same bytes, except for encryption with AES, which needs random numbers.
///
/// # Errors
///
/// [`Error::Damaged`](crate::Error::Damaged) where the file's structure cannot be extended,
/// [`Error::PasswordMissing`](crate::Error::PasswordMissing) and
/// [`Error::PasswordWrong`](crate::Error::PasswordWrong),
/// [`Error::UnsupportedFormat`](crate::Error::UnsupportedFormat) for images of a kind that cannot be
/// embedded.
#[tracing::instrument(name = "export", level = "debug", skip_all, fields(format = "pdf"))]
pub fn searchable_pdf(
    document: &Document,
    original: &[u8],
    options: &PdfOptions,
) -> Result<Vec<u8>> {
    let head = &original[..original.len().min(HEADER_WITHIN)];
    if head.windows(5).any(|w| w == b"%PDF-") {
        update::update(document, original, options)
    } else {
        images::pdf(document, original)
    }
}

/// The texts of all words that go into the layer.
fn texts(document: &Document) -> impl Iterator<Item = &str> {
    let words = document.pages.iter().flat_map(|p| &p.words);
    words.filter(|w| layer::is_set(w)).map(|w| w.text.as_str())
}

/// What the document is called in messages.
fn name(document: &Document) -> String {
    document.name.clone().unwrap_or_else(|| "the document".to_owned())
}
