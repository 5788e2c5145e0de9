//! docling-serve's response models.

use std::time::Duration;

use axum::http::HeaderValue;
use serde_json::{Map, Value, json};

use super::super::error::{ApiError, Class};
use super::convert::{Done, Outputs};
use crate::document::{Document, Status};
use crate::error::{Error, ErrorKind, Warning, WarningCode};

/// Bytes of the header with warnings: servers and proxies take 8 KB of all headers.
const LONGEST_HEADER: usize = 4096;

/// A `ConvertDocumentResponse`.
pub(super) fn response(done: Done, time: Duration) -> Value {
    let mut body = outcome(done);
    body["processing_time"] = json!(time.as_secs_f64());
    body
}

/// One of several documents (`ExportResult`).
pub(super) fn result(done: Done) -> Value {
    let mut body = outcome(done);
    body["kind"] = json!("ExportResult");
    body
}

/// What came of a document.
fn outcome(done: Done) -> Value {
    let Done { name, outcome, .. } = done;
    let mut body = json!({
        "document": {
            "filename": name,
            "md_content": null,
            "json_content": null,
            "html_content": null,
            "text_content": null,
            "doctags_content": null,
            "doclang_content": null,
        },
        "status": "failure",
        "errors": [],
        "timings": {},
        "confidence": null,
    });
    match outcome {
        Err(error) => body["errors"] = json!([failure(&error)]),
        Ok(outputs) => {
            body["status"] = json!(match outputs.document.status {
                Status::Success => "success",
                _ => "partial_success",
            });
            body["errors"] = outputs.document.warnings.iter().map(error_item).collect();
            body["timings"] = timings(&outputs.document);
            body["confidence"] = confidence(&outputs.document);
            let Outputs { md, json, html, html_split_page, text, doctags, .. } = outputs;
            let document = &mut body["document"];
            document["md_content"] = json!(md);
            document["json_content"] = json.unwrap_or(Value::Null);
            document["html_content"] = json!(html.or(html_split_page));
            document["text_content"] = json!(text);
            document["doctags_content"] = json!(doctags);
        }
    }
    body
}

/// Whether a warning is an error in docling's eyes: a part of the document is missing.
pub(super) fn is_error(warning: &Warning) -> bool {
    matches!(warning.code, WarningCode::PageFailed | WarningCode::TimedOut)
}

fn error_item(warning: &Warning) -> Value {
    let (component, category) = match warning.code {
        WarningCode::TimedOut => ("pipeline", "timeout"),
        _ => ("document_backend", "backend_failure"),
    };
    item(component, category, &warning.message, warning.page)
}

fn failure(error: &Error) -> Value {
    let (component, category) = match error.kind() {
        ErrorKind::InvalidRequest => ("user_input", "policy"),
        ErrorKind::InvalidDocument | ErrorKind::UnsupportedFormat | ErrorKind::Password => {
            ("document_backend", "backend_failure")
        }
        ErrorKind::Fetch if matches!(error, Error::FetchRefused { .. }) => ("user_input", "policy"),
        ErrorKind::Fetch | ErrorKind::NotFound => ("user_input", "source_unavailable"),
        ErrorKind::TooLarge => ("user_input", "policy"),
        ErrorKind::Timeout => ("pipeline", "timeout"),
        _ => ("pipeline", "internal"),
    };
    let page = match error {
        Error::Page { page, .. } | Error::PageTimeout { page, .. } => Some(*page),
        _ => None,
    };
    // In the words of other answers, which do not name files of this machine.
    item(component, category, &ApiError::of(error).message, page)
}

fn item(component: &str, category: &str, message: &str, page: Option<usize>) -> Value {
    json!({
        "component_type": component,
        "module_name": "recto",
        "error_message": message,
        "category": category,
        "page_no": page.map(|page| page + 1),
    })
}

/// docling's profile of stages: each was timed once, summed over pages.
fn timings(document: &Document) -> Value {
    let items = document.timings.0.iter().map(|(stage, &seconds)| {
        let item = json!({
            "scope": "document", "count": 1, "times": [seconds], "start_timestamps": [],
        });
        (stage.clone(), item)
    });
    Value::Object(items.collect::<Map<_, _>>())
}

/// docling's scores, without those that are recto's own.
fn confidence(document: &Document) -> Value {
    let mut scores = serde_json::to_value(document.scores()).unwrap_or_default();
    let own = "minimum_word_confidence";
    if let Value::Object(map) = &mut scores {
        map.remove(own);
        if let Some(Value::Object(pages)) = map.get_mut("pages") {
            for page in pages.values_mut().filter_map(Value::as_object_mut) {
                page.remove(own);
            }
        }
    }
    scores
}

/// The error of an answer in which no document could be read.
pub(super) fn of_all(error: ApiError) -> ApiError {
    match error.class {
        // Of the document, not of the request: a sentence, as all of docling-serve's.
        Class::Invalid => ApiError { issues: Vec::new(), ..error },
        _ => error,
    }
}

/// Warnings as a header: a JSON list in ASCII. What does not fit is counted in its last item.
pub(super) fn warnings_header(warnings: &[Warning]) -> Option<HeaderValue> {
    if warnings.is_empty() {
        return None;
    }
    let mut items: Vec<String> = Vec::new();
    let mut length = 0;
    for (n, warning) in warnings.iter().enumerate() {
        let item = ascii(&serde_json::to_string(warning).ok()?);
        length += item.len() + 1;
        if length > LONGEST_HEADER {
            let more = format!("{} more warnings do not fit", warnings.len() - n);
            items.push(json!({ "code": "other", "message": more }).to_string());
            break;
        }
        items.push(item);
    }
    HeaderValue::from_str(&format!("[{}]", items.join(","))).ok()
}

/// JSON with other characters than ASCII's as escapes.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        // Delete is the one of ASCII that headers do not take and JSON does.
        if c.is_ascii() && c != '\u{7f}' {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_ascii_and_bounded() {
        assert_eq!(warnings_header(&[]), None);
        let one = Warning::option("lång", "𝄞\u{7f}\"");
        let header = warnings_header(std::slice::from_ref(&one)).unwrap();
        let text = header.to_str().unwrap();
        assert!(
            text.contains("l\\u00e5ng") && text.contains("\\ud834\\udd1e\\u007f\\\""),
            "{text}"
        );
        let back: Vec<Warning> = serde_json::from_str(text).unwrap();
        assert_eq!(back, [one]);

        let many: Vec<Warning> =
            (0..200).map(|n| Warning::option(format!("o{n}"), "x".repeat(100))).collect();
        let header = warnings_header(&many).unwrap();
        assert!(header.len() < LONGEST_HEADER + 200);
        let back: Vec<Warning> = serde_json::from_str(header.to_str().unwrap()).unwrap();
        let left = 200 - (back.len() - 1);
        assert_eq!(back.last().unwrap().message, format!("{left} more warnings do not fit"));
    }

    #[test]
    fn errors_have_doclings_categories() {
        let of = |error: Error| {
            let item = failure(&error);
            (item["component_type"].clone(), item["category"].clone(), item["page_no"].clone())
        };
        let name = || "a.pdf".to_owned();
        let broken = Error::Damaged { name: name(), detail: "x".into() };
        assert_eq!(of(broken), (json!("document_backend"), json!("backend_failure"), json!(null)));
        assert_eq!(of(Error::DeadlineExceeded), (json!("pipeline"), json!("timeout"), json!(null)));
        let url = || "http://example.org/a.pdf".to_owned();
        let refused = Error::FetchRefused { url: url() };
        assert_eq!(of(refused), (json!("user_input"), json!("policy"), json!(null)));
        let gone = Error::Fetch { url: url(), detail: "404".into() };
        assert_eq!(of(gone), (json!("user_input"), json!("source_unavailable"), json!(null)));
        let page = Error::Page { page: 2, detail: "x".into() };
        assert_eq!(of(page), (json!("pipeline"), json!("internal"), json!(3)));
    }

    #[test]
    fn pages_that_are_missing_are_errors() {
        let failed = Warning::new(WarningCode::PageFailed, "page 1").on_page(1);
        assert!(is_error(&failed) && !is_error(&Warning::option("x", "y")));
        let want = json!({
            "component_type": "document_backend", "module_name": "recto",
            "error_message": "page 1", "category": "backend_failure", "page_no": 2,
        });
        assert_eq!(error_item(&failed), want);
        let late = error_item(&Warning::new(WarningCode::TimedOut, "late"));
        assert_eq!((&late["category"], &late["page_no"]), (&json!("timeout"), &json!(null)));
    }
}
