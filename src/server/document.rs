//! The documents of requests: by URL, data URI, base64.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use url::Url;

use super::error::{ApiError, Issue};
use super::json::Json;
use super::stored::Stored;
use crate::error::Warning;
use crate::source::Source;

type Fields<'a> = BTreeMap<String, Json<'a>>;

/// A request's document.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) source: Source,
    pub(super) name: Option<String>,
}

/// The ways to give a document: its `type`, and the field that holds it.
const WAYS: [(&str, &str); 4] = [
    ("document_url", "document_url"),
    ("image_url", "image_url"),
    ("base64", "content"),
    ("file", "file_id"),
];

/// Reads the field `document`. Where `type` is missing, the field that is there tells it.
pub(super) fn read(
    value: Option<Json<'_>>,
    stored: &Stored,
    warnings: &mut Vec<Warning>,
) -> Result<Document, ApiError> {
    let invalid = |issue: Issue| ApiError::invalid(vec![issue]);
    let mut map = match value {
        None => return Err(invalid(Issue::missing(&["document"]))),
        Some(Json::Object(map)) => map,
        Some(other) => {
            let issue = Issue::new(&["document"], "model_type", "Input should be an object");
            return Err(invalid(issue.sent(&other.into_value())));
        }
    };
    map.retain(|_, value| !value.is_null());
    let (way, field) = way_of(&mut map).map_err(invalid)?;
    let content = map.remove(field).ok_or_else(|| invalid(Issue::missing(&["document", field])))?;
    let name = match map.remove("document_name") {
        None => None,
        Some(Json::Text(name)) => Some(name.into_owned()),
        Some(other) => return Err(invalid(not_text(&["document", "document_name"], other))),
    };
    let content = match content {
        Json::Object(inner) if way == "image_url" => image_address(inner, warnings)?,
        other => text(other, &["document", field])?,
    };
    let source = match way {
        "base64" => from_base64(&content)?,
        "file" => stored.by_id(&content)?,
        _ => from_address(&content, field, stored)?,
    };
    for other in map.keys() {
        let option = format!("document.{other}");
        let message = format!("{option} has no effect: the document comes from document.{field}");
        warnings.push(Warning::option(option, message));
    }
    Ok(Document { source, name })
}

/// The document's `type` and the field that holds it.
fn way_of(map: &mut Fields<'_>) -> Result<(&'static str, &'static str), Issue> {
    let place = ["document", "type"];
    match map.remove("type") {
        None => WAYS
            .into_iter()
            .find(|(_, field)| map.contains_key(*field))
            .ok_or_else(|| Issue::missing(&place)),
        Some(Json::Text(asked)) => {
            WAYS.into_iter().find(|(way, _)| *way == asked).ok_or_else(|| {
                let message = "Input should be 'document_url', 'image_url', 'base64' or 'file'";
                Issue::new(&place, "literal_error", message)
                    .sent(&Value::String(asked.into_owned()))
            })
        }
        Some(other) => Err(not_text(&place, other)),
    }
}

/// The object form of an image's address: `{"url": …, "detail": …}`.
fn image_address<'a>(
    mut inner: Fields<'a>,
    warnings: &mut Vec<Warning>,
) -> Result<Cow<'a, str>, ApiError> {
    let place = ["document", "image_url", "url"];
    let url = inner.remove("url").filter(|url| !url.is_null());
    let url = url.ok_or_else(|| ApiError::invalid(vec![Issue::missing(&place)]))?;
    for (key, value) in &inner {
        if value.is_null() || matches!(value, Json::Text(text) if text == "auto") {
            continue;
        }
        let option = format!("document.image_url.{key}");
        let message = format!("{option} has no effect: images are read as they are");
        warnings.push(Warning::option(option, message));
    }
    text(url, &place)
}

fn text<'a>(value: Json<'a>, place: &[&str]) -> Result<Cow<'a, str>, ApiError> {
    match value {
        Json::Text(text) => Ok(text),
        other => Err(ApiError::invalid(vec![not_text(place, other)])),
    }
}

fn not_text(place: &[&str], value: Json<'_>) -> Issue {
    Issue::new(place, "string_type", "Input should be a valid string").sent(&value.into_value())
}

fn from_base64(content: &str) -> Result<Source, ApiError> {
    let source = match starts_with(content, "data:") {
        true => Source::data_uri(content),
        false => Source::base64(content),
    };
    source.map_err(|error| not_base64(&["document", "content"], &error))
}

fn from_address(content: &str, field: &str, stored: &Stored) -> Result<Source, ApiError> {
    let place = ["document", field];
    if starts_with(content, "data:") {
        return Source::data_uri(content).map_err(|error| not_base64(&place, &error));
    }
    let bad = |message: String| ApiError::invalid(vec![Issue::new(&place, "value_error", message)]);
    // A path is never a document here: it would name a file of the server's machine.
    if !["http://", "https://"].into_iter().any(|scheme| starts_with(content, scheme)) {
        return Err(bad(
            "Document content must be a URL (starting with 'https') or base64 encoded \
                        document (starting with \
                        'data:application/<format>;base64,<document-base64>')"
                .to_owned(),
        ));
    }
    let url = Url::parse(content).map_err(|error| bad(format!("not a URL: {error}")))?;
    // Whether another's may be fetched is the provider's business.
    stored.by_address(&url).unwrap_or(Ok(Source::Url(url)))
}

fn not_base64(place: &[&str], error: &crate::error::Error) -> ApiError {
    ApiError::invalid(vec![Issue::new(place, "value_error", format!("not a document: {error}"))])
}

fn starts_with(text: &str, scheme: &str) -> bool {
    text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}
