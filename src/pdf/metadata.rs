//! What a PDF says about itself, read with lopdf (PDFium keeps document structure to itself).

use lopdf::{Dictionary, Document, Object};

use crate::document::Metadata;

/// Reads the information dictionary and the declared language. A file that lopdf cannot read has
/// none.
pub(super) fn read(bytes: &[u8], password: Option<&str>) -> Metadata {
    let Ok(mut document) = Document::load_mem(bytes) else { return Metadata::default() };
    if document.is_encrypted() && document.decrypt(password.unwrap_or_default()).is_err() {
        return Metadata::default();
    }
    let mut out = Metadata::default();
    if let Ok(info) = document.trailer.get(b"Info").and_then(|o| resolve(&document, o)) {
        out.title = text(&document, info, b"Title");
        out.author = text(&document, info, b"Author");
        out.subject = text(&document, info, b"Subject");
        out.creator = text(&document, info, b"Creator");
        out.producer = text(&document, info, b"Producer");
    }
    if let Ok(catalog) = document.catalog() {
        out.language = text(&document, catalog, b"Lang");
    }
    out
}

fn resolve<'a>(document: &'a Document, object: &'a Object) -> lopdf::Result<&'a Dictionary> {
    document.dereference(object).and_then(|(_, o)| o.as_dict())
}

/// A text string of a dictionary; blank ones are `None`.
fn text(document: &Document, dictionary: &Dictionary, key: &[u8]) -> Option<String> {
    let object = dictionary.get(key).ok()?;
    let (_, object) = document.dereference(object).ok()?;
    let decoded = lopdf::decode_text_string(object).ok()?;
    let trimmed = decoded.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}
