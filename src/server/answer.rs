//! From an [`OcrResponse`] to the JSON of a service.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::error::Dialect;
use crate::error::Warning;
use crate::provider::{
    Dimensions, OcrBlock, OcrImage, OcrPage, OcrResponse, OcrTable, PageConfidence, PixelBox,
    WordConfidence,
};

/// What an answer tells beside what was read.
#[derive(Debug)]
pub(super) struct About {
    pub(super) model_requested: Option<String>,
    /// What of the request has no effect, as far as the server knows.
    pub(super) warnings: Vec<Warning>,
    /// The request as it came, where it is to be repeated.
    pub(super) raw_request: Option<Value>,
    pub(super) latency: Duration,
}

/// The body of an answer.
pub(super) fn body(response: &OcrResponse, about: &About, dialect: Dialect) -> Value {
    match dialect {
        // docling's paths have answers of their own.
        Dialect::Mistral | Dialect::Bifrost | Dialect::Docling => mistral(response, about),
        Dialect::Opper => opper(response, about),
        Dialect::OpperV2 => opper_v2(response, about),
    }
}

fn mistral(response: &OcrResponse, about: &About) -> Value {
    json!({
        "id": response.id,
        "model": response.model,
        "pages": response.pages.iter().map(page_in_pixels).collect::<Vec<_>>(),
        "document_annotation": response.document_annotation,
        "usage_info": usage_info(response),
        "warnings": warnings(response, about),
        "extra_fields": extra_fields(response, about),
    })
}

fn opper(response: &OcrResponse, about: &About) -> Value {
    json!({
        "id": response.id,
        "model": response.model,
        "pages": response.pages.iter().map(page_in_points).collect::<Vec<_>>(),
        "usage": {
            "cost": response.usage.cost.unwrap_or(0.0),
            "pages_processed": response.usage.pages_processed,
        },
        "warnings": warnings(response, about),
        "extra_fields": extra_fields(response, about),
    })
}

fn opper_v2(response: &OcrResponse, about: &About) -> Value {
    let cost = response.usage.cost.unwrap_or(0.0);
    let mut body = mistral(response, about);
    body["cost"] = json!({ "generation": cost, "platform": 0.0, "total": cost });
    body
}

fn usage_info(response: &OcrResponse) -> Value {
    json!({
        "pages_processed": response.usage.pages_processed,
        "doc_size_bytes": response.usage.document_bytes,
    })
}

/// All of Bifrost's extra fields, and the provider's own.
fn extra_fields(response: &OcrResponse, about: &About) -> Value {
    let mut fields = response.extra_fields.clone();
    let latency = u64::try_from(about.latency.as_millis()).unwrap_or(u64::MAX);
    let mut set = |key: &str, value: Value| {
        fields.insert(key.to_owned(), value);
    };
    set("request_type", json!("ocr"));
    set("provider", json!(response.provider));
    set("model_requested", json!(about.model_requested.as_deref().unwrap_or_default()));
    set("model_deployment", json!(response.model));
    set("latency", json!(latency));
    set("chunk_index", json!(0));
    set("status", json!(response.status));
    set("language", json!(response.language));
    set("confidence", score(response.confidence));
    if let Some(raw) = &about.raw_request {
        set("raw_request", raw.clone());
        set("raw_response", raw_response(response));
    }
    // A provider with a cache has said what that did.
    fields.entry("cache_debug").or_insert_with(|| {
        json!({
            "cache_hit": false,
            "cache_id": null,
            "hit_type": null,
            "requested_provider": null,
            "requested_model": null,
            "provider_used": null,
            "model_used": null,
            "input_tokens": null,
            "threshold": null,
            "similarity": null,
        })
    });
    Value::Object(fields)
}

/// What the provider answered, without the pixels of images.
fn raw_response(response: &OcrResponse) -> Value {
    let mut response = response.clone();
    for image in response.pages.iter_mut().flat_map(|page| &mut page.images) {
        image.base64 = None;
    }
    serde_json::to_value(response).unwrap_or(Value::Null)
}

/// The provider's warnings by the names that fields have here, after the server's own.
fn warnings(response: &OcrResponse, about: &About) -> Vec<Value> {
    about
        .warnings
        .iter()
        .chain(&response.warnings)
        .map(|warning| {
            let option = match warning.option.as_deref() {
                Some("confidence") => Some("confidence_scores_granularity"),
                other => other,
            };
            let mut value = json!({
                "code": warning.code,
                "option": option,
                "message": warning.message,
            });
            if let Some(page) = warning.page {
                value["page"] = json!(page);
            }
            value
        })
        .collect()
}

/// A page with its size and boxes in pixels, as Mistral's.
fn page_in_pixels(page: &OcrPage) -> Value {
    let mut map = Map::new();
    let mut add = |key: &str, value: Value| map.insert(key.to_owned(), value);
    add("index", json!(page.index));
    add("markdown", json!(page.markdown));
    add("images", page.images.iter().map(|image| image_json(image, 1.0)).collect());
    let size =
        page.dimensions.map(|d| json!({ "dpi": d.dpi, "height": d.height, "width": d.width }));
    add("dimensions", json!(size));
    add("tables", page.tables.iter().map(table).collect());
    add("hyperlinks", json!(page.hyperlinks));
    add("header", json!(page.header));
    add("footer", json!(page.footer));
    add("confidence_scores", page.confidence.as_ref().map_or(Value::Null, page_scores));
    let blocks = page.blocks.as_ref();
    add("blocks", blocks.map_or(Value::Null, |b| b.iter().map(|b| block(b, 1.0)).collect()));
    Value::Object(map)
}

/// A page with its size and boxes in points, as Opper's; what Opper does not have only where it was
/// asked for.
fn page_in_points(page: &OcrPage) -> Value {
    let scale = page.dimensions.map_or(1.0, points_per_pixel);
    let mut map = Map::new();
    let mut add = |key: &str, value: Value| map.insert(key.to_owned(), value);
    add("index", json!(page.index));
    add("markdown", json!(page.markdown));
    if let Some(d) = page.dimensions {
        let size = json!({ "width": short(d.width_points), "height": short(d.height_points) });
        add("dimensions", size);
    }
    add("images", page.images.iter().map(|image| image_json(image, scale)).collect());
    let blocks = page.blocks.iter().flatten().map(|b| block(b, scale)).collect();
    add("elements", blocks);
    if !page.tables.is_empty() {
        add("tables", page.tables.iter().map(table).collect());
    }
    if !page.hyperlinks.is_empty() {
        add("hyperlinks", json!(page.hyperlinks));
    }
    for (key, text) in [("header", &page.header), ("footer", &page.footer)] {
        if let Some(text) = text {
            add(key, json!(text));
        }
    }
    if let Some(scores) = &page.confidence {
        add("confidence_scores", page_scores(scores));
    }
    Value::Object(map)
}

/// 72 points are an inch.
fn points_per_pixel(dimensions: Dimensions) -> f32 {
    match dimensions.dpi {
        0 => 1.0,
        dpi => 72.0 / dpi as f32,
    }
}

/// A whole number as such (612, not 612.0); else two decimals, a 7000th of an inch.
fn short(points: f32) -> Value {
    let rounded = (f64::from(points) * 100.0).round() / 100.0;
    if rounded.fract() == 0.0 { json!(rounded as i64) } else { json!(rounded) }
}

/// A confidence with four decimals: further ones say nothing.
fn score(confidence: Option<f32>) -> Value {
    confidence.map_or(Value::Null, |c| json!((f64::from(c) * 10_000.0).round() / 10_000.0))
}

/// The four edges of a box, in whole units.
fn edges(rect: Option<PixelBox>, scale: f32) -> [(&'static str, Value); 4] {
    let edge = |of: fn(PixelBox) -> u32| {
        rect.map_or(Value::Null, |r| json!((f64::from(of(r)) * f64::from(scale)).round() as u64))
    };
    [
        ("top_left_x", edge(|r| r.left)),
        ("top_left_y", edge(|r| r.top)),
        ("bottom_right_x", edge(|r| r.right)),
        ("bottom_right_y", edge(|r| r.bottom)),
    ]
}

fn image_json(image: &OcrImage, scale: f32) -> Value {
    let mut value = json!({
        "id": image.id,
        "image_base64": image.base64,
        "image_annotation": image.annotation,
    });
    for (key, edge) in edges(image.rect, scale) {
        value[key] = edge;
    }
    value
}

fn table(table: &OcrTable) -> Value {
    json!({
        "id": table.id,
        "content": table.content,
        "format": table.format,
        "word_confidence_scores": table.words.as_deref().map(words),
    })
}

fn block(block: &OcrBlock, scale: f32) -> Value {
    let mut value = json!({
        "type": block.kind,
        "content": block.content,
        "confidence_scores": block.confidence.map(|scores| json!({
            "average_content_confidence_score": score(scores.average),
            "minimum_content_confidence_score": score(scores.minimum),
            "block_type_confidence_score": score(scores.kind),
        })),
    });
    for (key, edge) in edges(Some(block.rect), scale) {
        value[key] = edge;
    }
    match block.kind {
        crate::provider::BlockKind::Image => value["image_id"] = json!(block.image_id),
        crate::provider::BlockKind::Table => value["table_id"] = json!(block.table_id),
        _ => {}
    }
    value
}

fn page_scores(scores: &PageConfidence) -> Value {
    let mut value = json!({
        "average_page_confidence_score": score(Some(scores.average)),
        "minimum_page_confidence_score": score(Some(scores.minimum)),
    });
    if let Some(list) = &scores.words {
        value["word_confidence_scores"] = json!(words(list));
    }
    value
}

/// Clients take numbers only, so a word of a text layer, which was not recognised, has 1 and is
/// marked.
fn words(list: &[WordConfidence]) -> Vec<Value> {
    list.iter()
        .map(|word| {
            let mut value = json!({
                "text": word.text,
                "confidence": score(Some(word.confidence.unwrap_or(1.0))),
                "start_index": word.start_index,
            });
            if word.confidence.is_none() {
                value["recognised"] = json!(false);
            }
            value
        })
        .collect()
}
