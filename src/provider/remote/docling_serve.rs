//! docling-serve's wire format: `POST /v1/convert/source`
//! (<https://github.com/docling-project/docling-serve/blob/main/docs/usage.md>), answered in one go
//! with markdown and a DoclingDocument, of which pages are made.

mod document;

use serde_json::{Map, Value, json};

use super::json::{items, text, whole};
use super::{Asked, Document, Sent};
use crate::call::Call;
use crate::document::Status;
use crate::error::{Error, Result, Warning, WarningCode};
use crate::provider::response::OcrResponse;

/// What its one model is called here.
pub(super) const MODEL: &str = "docling";
/// The path.
const PATH: &str = "/v1/convert/source";
/// What stands between pages in the markdown it writes: nothing that a document would hold.
const PAGE_BREAK: &str = "<!-- recto: next page -->";
/// What docling calls the last page of a range without end.
const LAST_PAGE: u64 = i64::MAX as u64;

/// A request. `parameters` are docling's options, under those that this interface needs.
///
/// # Errors
///
/// [`Error::InvalidOption`] for parameters that are no object, and for pages that skip some: docling
/// takes one range.
pub(super) fn request(asked: &Asked<'_>, call: &Call) -> Result<Sent> {
    let request = asked.request;
    let mut warnings = Vec::new();
    let mut options = match &request.parameters {
        Value::Object(parameters) => parameters.clone(),
        Value::Null => Map::new(),
        _ => return Err(Error::invalid_option("parameters", "they should be an object")),
    };
    // Opper's and recto's name for it; docling ignores it.
    if let Some(languages) = options.remove("lang") {
        options.entry("ocr_lang").or_insert(match languages {
            Value::String(list) => {
                json!(list.split([',', '+']).map(str::trim).collect::<Vec<_>>())
            }
            list => list,
        });
    }
    let mut set = |key: &str, value: Value| {
        if let Some(given) = options.insert(key.to_owned(), value.clone())
            && given != value
        {
            let why = "recto needs it otherwise to make pages of the answer";
            warnings.push(asked.idle(key, why));
        }
    };
    set("to_formats", json!(["md", "json"]));
    set("md_page_break_placeholder", json!(PAGE_BREAK));
    let mode = if request.include_image_base64 { "embedded" } else { "placeholder" };
    set("image_export_mode", json!(mode));
    if let Some((first, last)) = range(asked)? {
        // docling counts from 1.
        set("page_range", json!([first + 1, last.map_or(LAST_PAGE, |last| last as u64 + 1)]));
    }
    if let Some(left) = call.remaining() {
        // What is done by then comes back, instead of nothing.
        options.entry("document_timeout").or_insert(json!(left.as_secs_f64()));
    }

    let no_model = "docling-serve annotates nothing by schemas";
    for (given, option, why) in [
        (request.table_format.is_some(), "table_format", "tables stay in the markdown"),
        (
            request.confidence.is_some(),
            "confidence",
            "docling's own scores are in document_confidence of the extra fields",
        ),
        (request.bbox_annotation_format.is_some(), "bbox_annotation_format", no_model),
        (request.document_annotation_format.is_some(), "document_annotation_format", no_model),
        (request.document_annotation_prompt.is_some(), "document_annotation_prompt", no_model),
    ] {
        if given {
            warnings.push(asked.idle(option, why));
        }
    }
    asked.no_fallbacks(&mut warnings);

    let source = match asked.document {
        Document::Url(url) => json!({ "kind": "http", "url": url.as_str() }),
        Document::Inline { bytes, name, media_type } => {
            use base64::Engine as _;
            let content = base64::engine::general_purpose::STANDARD.encode(bytes);
            json!({ "kind": "file", "base64_string": content, "filename": named(name, media_type) })
        }
    };
    let body = json!({
        "options": options, "sources": [source], "target": { "kind": "inbody" },
    });
    Ok(Sent { path: PATH, body, warnings })
}

/// The name with an ending: docling goes by it.
fn named(name: &str, media_type: &str) -> String {
    let has_ending = std::path::Path::new(name).extension().is_some();
    match media_type {
        _ if has_ending => name.to_owned(),
        "application/pdf" => format!("{name}.pdf"),
        other => match other.strip_prefix("image/") {
            Some(kind) => format!("{name}.{kind}"),
            None => name.to_owned(),
        },
    }
}

/// The one range of pages asked for, from 0.
fn range(asked: &Asked<'_>) -> Result<Option<(usize, Option<usize>)>> {
    let Some(set) = &asked.request.pages else { return Ok(None) };
    let mut ranges: Vec<(usize, Option<usize>)> = set.ranges().collect();
    ranges.sort_unstable_by_key(|&(first, _)| first);
    let mut ranges = ranges.into_iter();
    let Some((first, mut last)) = ranges.next() else { return Ok(None) };
    for (start, end) in ranges {
        // A range without end holds all that come after it.
        let Some(before) = last else { break };
        if start > before.saturating_add(1) {
            let detail = format!(
                "{} reads one range of pages, without gaps; pages between {before} and {start} are \
                 left out",
                asked.provider
            );
            return Err(Error::invalid_option("pages", detail));
        }
        last = end.map(|end| end.max(before));
    }
    Ok(Some((first, last)))
}

/// Reads an answer.
///
/// # Errors
///
/// Says why nothing was read.
pub(super) fn response(
    answer: &Value,
    asked: &Asked<'_>,
    out: &mut OcrResponse,
) -> Result<(), String> {
    let errors = items(&answer["errors"]);
    let said = || {
        let all: Vec<String> = errors.iter().filter_map(|e| text(&e["error_message"])).collect();
        if all.is_empty() { "it gave no reason".to_owned() } else { all.join("; ") }
    };
    let status = answer["status"].as_str().unwrap_or("success");
    match status {
        "success" => {}
        "partial_success" => out.status = Status::Partial,
        _ => return Err(format!("the conversion ended as {status}: {}", said())),
    }
    let markdown = answer["document"]["md_content"].as_str();
    let Some(markdown) = markdown else {
        return Err(match errors {
            [] => "its answer has no markdown".to_owned(),
            _ => format!("its answer has no markdown: {}", said()),
        });
    };
    out.model = MODEL.to_owned();
    let told = document::pages(&answer["document"]["json_content"], markdown, asked.request);
    out.pages = told.pages;
    out.warnings.extend(told.warnings);
    out.warnings.extend(errors.iter().filter_map(warning));
    out.usage.pages_processed = out.pages.len();
    for (key, value) in [
        ("document_confidence", &answer["confidence"]),
        ("processing_time", &answer["processing_time"]),
        ("timings", &answer["timings"]),
        ("filename", &answer["document"]["filename"]),
    ] {
        if !value.is_null() && *value != json!({}) {
            out.extra_fields.insert(key.to_owned(), value.clone());
        }
    }
    Ok(())
}

/// What went wrong on the way.
fn warning(error: &Value) -> Option<Warning> {
    let message = text(&error["error_message"])?;
    let page = whole(&error["page_no"]).and_then(|page| usize::try_from(page).ok()?.checked_sub(1));
    let code = match (error["category"].as_str(), page) {
        (Some("timeout"), _) => WarningCode::TimedOut,
        (_, Some(_)) => WarningCode::PageFailed,
        _ => WarningCode::Other,
    };
    Some(Warning { page, ..Warning::new(code, message) })
}
