//! Lists of models, in the services' shapes.

use serde_json::{Value, json};

use crate::provider::OcrModel;

/// Mistral's and OpenAI's list: every name a model goes by.
pub(super) fn mistral(models: &[OcrModel]) -> Value {
    let data: Vec<Value> = models
        .iter()
        .flat_map(|model| {
            std::iter::once(&model.id).chain(&model.aliases).map(move |name| {
                let others: Vec<&String> = std::iter::once(&model.id)
                    .chain(&model.aliases)
                    .filter(|other| *other != name)
                    .collect();
                json!({
                    "id": name,
                    "object": "model",
                    "created": 0,
                    "owned_by": model.provider,
                    "type": "base",
                    "capabilities": {
                        "ocr": true,
                        "completion_chat": false,
                        "completion_fim": false,
                        "function_calling": false,
                        "fine_tuning": false,
                        "vision": false,
                        "classification": false,
                    },
                    "aliases": others,
                })
            })
        })
        .collect();
    json!({ "object": "list", "data": data })
}

/// The model of Mistral's list that goes by the name.
pub(super) fn mistral_one(models: &[OcrModel], name: &str) -> Option<Value> {
    let Value::Array(data) = mistral(models)["data"].take() else { return None };
    data.into_iter().find(|model| model["id"] == name)
}

/// Opper's list. The envelope of `/v3` is not published; this one has the keys of its neighbours and
/// of `/v2`.
pub(super) fn opper(models: &[OcrModel]) -> Value {
    let list: Vec<Value> = models
        .iter()
        .map(|model| {
            json!({
                "id": model.id,
                "name": model.id,
                "type": "ocr",
                "provider": model.provider,
                "hosting_provider": model.provider,
                "location": if model.provider == "docling" { "local" } else { "remote" },
                "capabilities": ["ocr"],
                "options": model.capabilities,
                "aliases": model.aliases,
                "price_per_page": model.price_per_page,
                "cost_per_page": model.price_per_page,
            })
        })
        .collect();
    json!({
        "models": list,
        "data": list,
        "total": list.len(),
        "offset": 0,
        "limit": list.len(),
        "meta": { "total_count": list.len() },
    })
}
