//! Opper's wire format: `POST /v3/ocr` (<https://docs.opper.ai/v3-api-reference/ocr/extract-text>).

use serde_json::{Map, Value, json};

use super::json::{items, text};
use super::mistral::Unit;
use super::{Asked, Document, Sent, mistral};
use crate::error::Result;
use crate::provider::response::OcrResponse;

/// The path.
const PATH: &str = "/v3/ocr";

/// A request. What Opper has no field for (Mistral's further ones) travels among `parameters`, which
/// it hands on as they are.
pub(super) fn request(asked: &Asked<'_>) -> Result<Sent> {
    let mut warnings = Vec::new();
    let mut body = asked.common_fields()?;
    let document = match asked.document {
        Document::Inline { bytes, name, .. } => {
            use base64::Engine as _;
            let content = base64::engine::general_purpose::STANDARD.encode(bytes);
            json!({ "type": "base64", "content": content, "document_name": name })
        }
        url if url.is_image() => json!({ "type": "image_url", "image_url": url.address() }),
        url => json!({ "type": "document_url", "document_url": url.address() }),
    };
    body.insert("document".to_owned(), document);

    let mut parameters = match &asked.request.parameters {
        Value::Object(parameters) => parameters.clone(),
        Value::Null => Map::new(),
        _ => {
            warnings.push(asked.idle("parameters", "they are no object"));
            Map::new()
        }
    };
    for (key, value) in asked.further_fields() {
        if parameters.contains_key(&key) {
            warnings.push(asked.idle(&key, "parameters have one of this name"));
        } else {
            parameters.insert(key, value);
        }
    }
    if !parameters.is_empty() {
        body.insert("parameters".to_owned(), Value::Object(parameters));
    }
    asked.no_fallbacks(&mut warnings);
    Ok(Sent { path: PATH, body: Value::Object(body), warnings })
}

/// The names of models, in whichever of the envelopes that are known.
pub(super) fn models(answer: &Value) -> Vec<String> {
    let lists = [&answer["models"], &answer["data"], answer];
    let list = lists.into_iter().find(|list| list.is_array()).map_or(&[][..], items);
    list.iter().filter_map(|model| text(&model["id"]).or_else(|| text(&model["name"]))).collect()
}

/// Reads an answer. Sizes and boxes are in points, unless it tells a resolution.
///
/// # Errors
///
/// Says what is wrong with an answer that holds no pages.
pub(super) fn response(
    answer: &Value,
    asked: &Asked<'_>,
    out: &mut OcrResponse,
) -> Result<(), String> {
    mistral::read(answer, asked, Unit::Points, "elements", out)
}
