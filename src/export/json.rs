//! The whole [`Document`] as JSON.

use crate::document::Document;

/// The document as indented JSON: everything that was found, boxes in points among it.
///
/// The same document always gives the same bytes; the text ends with a line break.
#[tracing::instrument(name = "export", level = "debug", skip_all, fields(format = "json"))]
pub fn json(document: &Document) -> String {
    let mut out = serde_json::to_string_pretty(document).unwrap_or_else(|error| {
        // No field of a document can fail to serialise; if one ever does, say so in JSON.
        serde_json::json!({ "error": error.to_string() }).to_string()
    });
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::markdown::tests::{document, paragraph};

    #[test]
    fn json_reads_back_as_the_same_document() {
        let document = document(vec![vec![paragraph("Straße \"x\" <b>")], vec![]]);
        let text = json(&document);
        assert!(text.ends_with("}\n"));
        assert_eq!(serde_json::from_str::<Document>(&text).unwrap(), document);
        assert_eq!(json(&document), text);
    }
}
