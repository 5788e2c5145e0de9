//! docling's options of the hierarchical chunker.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fields::{Fields, boolean, some_text, text, wrong};
use crate::error::{Error, Result, Warning};

/// What docling's clients name where they ask for the chunker that counts tokens.
const HYBRID: &str = "hybrid";
/// Options of that chunker alone.
const OF_HYBRID: [&str; 3] = ["max_tokens", "tokenizer", "merge_peers"];

/// Why there is no hybrid chunker.
pub(crate) const NO_HYBRID: &str = "the hybrid chunker is not built in: it counts the tokens of an \
     embedding model, which needs that model's tokenizer, and none comes with recto";

/// How a document is cut into chunks (docling: `HierarchicalChunkerOptions`).
///
/// ```
/// use recto::ChunkingOptions;
///
/// # fn main() -> recto::Result<()> {
/// let json = serde_json::json!({ "use_markdown_tables": true });
/// let (options, warnings) = ChunkingOptions::from_docling_json(&json)?;
/// assert!(options.markdown_tables && warnings.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ChunkingOptions {
    /// Tables as pipe tables rather than as sentences `row, column = value` (docling:
    /// `use_markdown_tables`). Default: false.
    pub markdown_tables: bool,
    /// Whether pictures leave a mark in the text, and are named among a chunk's items (docling:
    /// `use_markdown_images`). Default: false.
    pub markdown_images: bool,
    /// That mark (docling: `image_placeholder`). Default: `![IMAGE]`.
    pub image_placeholder: String,
    /// Whether a chunk's text is given without its headings as well (docling: `include_raw_text`).
    /// Default: false.
    pub raw_text: bool,
}

impl Default for ChunkingOptions {
    fn default() -> Self {
        Self {
            markdown_tables: false,
            markdown_images: false,
            image_placeholder: "![IMAGE]".to_owned(),
            raw_text: false,
        }
    }
}

impl ChunkingOptions {
    /// Reads docling's options of a chunker from a JSON object; null means that nothing is said.
    ///
    /// What belongs to the hybrid chunker alone, and what nobody knows, is told by warnings.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] for a value of the wrong type, and for another `chunker` than
    /// `hierarchical`.
    pub fn from_docling_json(value: &Value) -> Result<(Self, Vec<Warning>)> {
        let mut options = Self::default();
        let map = match value {
            Value::Object(map) => map,
            Value::Null => return Ok((options, Vec::new())),
            other => return Err(wrong("chunking_options", other, "an object")),
        };
        let mut fields = Fields::new(map);
        let mut chunker = None;
        fields.set("chunker", &mut chunker, some_text)?;
        match chunker.as_deref() {
            None | Some("hierarchical") => {}
            Some(HYBRID) => return Err(Error::invalid_option("chunker", NO_HYBRID)),
            Some(other) => {
                let detail = format!("no chunker is called {other:?}; there is hierarchical");
                return Err(Error::invalid_option("chunker", detail));
            }
        }
        fields.set("use_markdown_tables", &mut options.markdown_tables, boolean)?;
        fields.set("use_markdown_images", &mut options.markdown_images, boolean)?;
        fields.set("image_placeholder", &mut options.image_placeholder, text)?;
        fields.set("include_raw_text", &mut options.raw_text, boolean)?;
        let mut warnings = Vec::new();
        for option in OF_HYBRID {
            if fields.value(option).is_some() {
                let message = format!("{option} has no effect: it belongs to the hybrid chunker");
                warnings.push(Warning::option(option, message));
            }
        }
        if !options.markdown_images && fields.value("image_placeholder").is_some() {
            let message = "image_placeholder has no effect: use_markdown_images is false";
            warnings.push(Warning::option("image_placeholder", message));
        }
        warnings.extend(fields.unknown());
        Ok((options, warnings))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Result<(ChunkingOptions, Vec<Warning>)> {
        ChunkingOptions::from_docling_json(&value)
    }

    #[test]
    fn every_option_is_read_and_texts_count_as_their_values() {
        let (options, warnings) = read(json!({
            "chunker": "hierarchical", "use_markdown_tables": "true", "use_markdown_images": true,
            "image_placeholder": "[img]", "include_raw_text": "1",
        }))
        .unwrap();
        let want = ChunkingOptions {
            markdown_tables: true,
            markdown_images: true,
            image_placeholder: "[img]".to_owned(),
            raw_text: true,
        };
        assert_eq!((options, warnings), (want, Vec::new()));
        assert_eq!(read(Value::Null).unwrap(), (ChunkingOptions::default(), Vec::new()));
    }

    #[test]
    fn what_has_no_effect_is_named() {
        let (_, warnings) =
            read(json!({ "max_tokens": 64, "image_placeholder": "x", "size": 1 })).unwrap();
        let messages: Vec<&str> = warnings.iter().map(|w| w.message.as_str()).collect();
        let want = [
            "max_tokens has no effect: it belongs to the hybrid chunker",
            "image_placeholder has no effect: use_markdown_images is false",
            "size has no effect: no option has that name",
        ];
        assert_eq!(messages, want);
    }

    #[test]
    fn other_chunkers_and_types_are_errors() {
        let error = |value| read(value).unwrap_err().to_string();
        assert!(error(json!({ "chunker": "hybrid" })).contains(NO_HYBRID));
        assert!(error(json!({ "chunker": "page" })).contains("no chunker is called \"page\""));
        assert!(error(json!({ "include_raw_text": "so" })).contains("\"so\" is not true or false"));
        assert!(error(json!([1])).contains("[1] is not an object"));
    }
}
