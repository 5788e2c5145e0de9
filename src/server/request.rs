//! From the JSON of a request to an [`OcrRequest`].

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::document;
use super::error::{ApiError, Dialect, Issue};
use super::json::{self, Json};
use super::stored::Stored;
use crate::error::Warning;
use crate::options::{PageSet, without_secrets};
use crate::provider::{Granularity, OcrRequest, OcrTableFormat};

/// A request, read.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) ocr: OcrRequest,
    /// What of the request has no effect, as far as the server knows.
    pub(super) warnings: Vec<Warning>,
    /// The request as it came, without its document, where `include_raw` asks for it.
    pub(super) raw: Option<Value>,
}

/// Reads a body. `parameters` is the header of the same meaning, for clients that cannot add fields.
///
/// Fields that no service has are taken for options of the engine, as `parameters` are.
pub(super) fn read(
    body: &[u8],
    parameters: Option<&str>,
    dialect: Dialect,
    stored: &Stored,
) -> Result<Asked, ApiError> {
    let invalid = |issue: Issue| ApiError::invalid(vec![issue]);
    let value: Json<'_> = serde_json::from_slice(body)
        .map_err(|error| invalid(Issue::new(&[], "json_invalid", json::reason(&error))))?;
    match value {
        Json::Object(map) => of_map(map, parameters, dialect, stored),
        other => {
            let issue = Issue::new(&[], "model_type", "Input should be an object");
            Err(invalid(issue.sent(&other.into_value())))
        }
    }
}

/// Reads the fields of a body.
pub(super) fn of_map(
    mut map: BTreeMap<String, Json<'_>>,
    parameters: Option<&str>,
    dialect: Dialect,
    stored: &Stored,
) -> Result<Asked, ApiError> {
    // The document alone is large: everything else has texts of its own.
    let document = map.remove("document");
    let map = json::into_map(map);
    let mut fields = Fields { map, issues: Vec::new(), warnings: Vec::new() };
    if dialect == Dialect::OpperV2 {
        fields.open("mistral_extra");
    }
    fields.lift();
    let model = fields.map.get("model").and_then(Value::as_str).map(str::to_owned);
    fields.request(document, parameters, stored).map_err(|error| ApiError { model, ..error })
}

/// Fields of Mistral's that a client of Opper's can only give among its `parameters`.
const LIFTED: [&str; 5] = [
    "table_format",
    "extract_header",
    "extract_footer",
    "include_blocks",
    "confidence_scores_granularity",
];

/// The fields of a request that were not read yet, and what is wrong with those that were.
struct Fields {
    map: Map<String, Value>,
    issues: Vec<Issue>,
    warnings: Vec<Warning>,
}

impl Fields {
    fn request(
        mut self,
        document: Option<Json<'_>>,
        parameters: Option<&str>,
        stored: &Stored,
    ) -> Result<Asked, ApiError> {
        let raw =
            self.boolean("include_raw").then(|| without_secrets(&Value::Object(self.map.clone())));
        let mut ocr = OcrRequest {
            model: self.text("model"),
            id: self.text("id"),
            pages: self.pages(),
            include_image_base64: self.boolean("include_image_base64"),
            image_limit: self.count("image_limit").and_then(|n| usize::try_from(n).ok()),
            image_min_size: self
                .count("image_min_size")
                .map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
            table_format: self.table_format(),
            extract_header: self.boolean("extract_header"),
            extract_footer: self.boolean("extract_footer"),
            include_blocks: self.boolean("include_blocks"),
            confidence: self.granularity(),
            bbox_annotation_format: self.annotation("bbox_annotation_format"),
            document_annotation_format: self.annotation("document_annotation_format"),
            document_annotation_prompt: self.text("document_annotation_prompt"),
            fallbacks: self.texts("fallbacks"),
            ..OcrRequest::default()
        };
        ocr.parameters = self.parameters(parameters);
        let document = document::read(document, stored, &mut self.warnings);
        match document {
            Err(mut error) if !error.issues.is_empty() => {
                error.issues.append(&mut self.issues);
                Err(ApiError::invalid(error.issues))
            }
            _ if !self.issues.is_empty() => Err(ApiError::invalid(self.issues)),
            Err(error) => Err(error),
            Ok(document) => {
                ocr.document = document.source;
                ocr.document_name = document.name;
                Ok(Asked { ocr, warnings: self.warnings, raw })
            }
        }
    }

    /// Takes a field; null is as good as absent.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    /// Puts the fields of an object beside it. Those that are there already count.
    fn open(&mut self, name: &str) {
        match self.take(name) {
            None => {}
            Some(Value::Object(inner)) => {
                for (key, value) in inner {
                    self.map.entry(key).or_insert(value);
                }
            }
            Some(other) => self.wrong(name, "dict_type", "Input should be an object", &other),
        }
    }

    /// Moves the fields of [`LIFTED`] out of `parameters`, where they are not given beside it.
    fn lift(&mut self) {
        for name in LIFTED {
            let is_free = self.map.get(name).is_none_or(Value::is_null);
            if let Some(Value::Object(parameters)) = self.map.get_mut("parameters")
                && is_free
                && let Some(value) = parameters.remove(name)
            {
                self.map.insert(name.to_owned(), value);
            }
        }
    }

    fn wrong(&mut self, name: &str, kind: &'static str, message: &str, value: &Value) {
        self.issues.push(Issue::new(&[name], kind, message).sent(value));
    }

    fn boolean(&mut self, name: &str) -> bool {
        match self.take(name) {
            None => false,
            Some(Value::Bool(value)) => value,
            Some(other) => {
                self.wrong(name, "bool_type", "Input should be a valid boolean", &other);
                false
            }
        }
    }

    fn text(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            other => {
                self.wrong(name, "string_type", "Input should be a valid string", &other);
                None
            }
        }
    }

    fn texts(&mut self, name: &str) -> Vec<String> {
        let Some(value) = self.take(name) else { return Vec::new() };
        match serde_json::from_value(value.clone()) {
            Ok(texts) => texts,
            Err(_) => {
                self.wrong(name, "list_type", "Input should be a list of strings", &value);
                Vec::new()
            }
        }
    }

    fn count(&mut self, name: &str) -> Option<u64> {
        let value = self.take(name)?;
        let number = whole(&value);
        if number.is_none() {
            self.wrong(name, "int_type", "Input should be a whole number, 0 or more", &value);
        }
        number
    }

    fn pages(&mut self) -> Option<PageSet> {
        let value = self.take("pages")?;
        let message = "Input should be a list of page numbers from 0, or a string like '0,2-4'";
        match &value {
            Value::String(text) => match text.parse() {
                Ok(pages) => return Some(pages),
                Err(error) => {
                    let error = error.to_string();
                    let error = error.strip_prefix("pages: ").unwrap_or(&error);
                    self.wrong("pages", "value_error", error, &value);
                }
            },
            Value::Array(list) if !list.is_empty() => {
                let pages: Option<Vec<usize>> = list
                    .iter()
                    .map(|page| whole(page).and_then(|page| usize::try_from(page).ok()))
                    .collect();
                match pages {
                    Some(pages) => {
                        if !pages.is_sorted_by(|a, b| a < b) {
                            let message = "pages come in ascending order, each once";
                            self.warnings.push(Warning::option("pages", message));
                        }
                        return Some(PageSet::from_indices(pages));
                    }
                    None => self.wrong("pages", "int_type", message, &value),
                }
            }
            Value::Array(_) => {
                let message = "Input should name at least one page; leave pages out for all";
                self.wrong("pages", "too_short", message, &value);
            }
            _ => self.wrong("pages", "list_type", message, &value),
        }
        None
    }

    fn table_format(&mut self) -> Option<OcrTableFormat> {
        let value = self.take("table_format")?;
        let format = serde_json::from_value(value.clone()).ok();
        if format.is_none() {
            let message = "Input should be 'markdown' or 'html'";
            self.wrong("table_format", "literal_error", message, &value);
        }
        format
    }

    fn granularity(&mut self) -> Option<Granularity> {
        let value = self.take("confidence_scores_granularity")?;
        let granularity = serde_json::from_value(value.clone()).ok();
        if granularity.is_none() {
            let message = "Input should be 'document', 'page', 'block' or 'word'";
            self.wrong("confidence_scores_granularity", "literal_error", message, &value);
        }
        granularity
    }

    /// An object, or its text.
    fn annotation(&mut self, name: &str) -> Option<Value> {
        match self.take(name)? {
            value @ Value::Object(_) => Some(value),
            Value::String(text) => Some(serde_json::from_str(&text).unwrap_or(Value::String(text))),
            other => {
                self.wrong(name, "dict_type", "Input should be an object", &other);
                None
            }
        }
    }

    /// Options of the engine: `parameters`, then what is left of the fields, then the header's.
    fn parameters(&mut self, header: Option<&str>) -> Value {
        let mut all = Map::new();
        match self.take("parameters") {
            None => {}
            Some(Value::Object(map)) => all = map,
            Some(other) => {
                self.wrong("parameters", "dict_type", "Input should be an object", &other);
            }
        }
        let rest = std::mem::take(&mut self.map);
        self.merge(&mut all, rest, "the field");
        match header.map(serde_json::from_str::<Value>) {
            None => {}
            Some(Ok(Value::Object(map))) => self.merge(&mut all, map, "the header's"),
            Some(_) => {
                let message = "the header X-Recto-Parameters should be a JSON object";
                self.issues.push(Issue::new(&["parameters"], "json_invalid", message));
            }
        }
        all.retain(|_, value| !value.is_null());
        if all.is_empty() { Value::Null } else { Value::Object(all) }
    }

    fn merge(&mut self, all: &mut Map<String, Value>, more: Map<String, Value>, whose: &str) {
        for (key, value) in more {
            match all.get(&key) {
                Some(known) if !known.is_null() && *known != value && !value.is_null() => {
                    let message =
                        format!("{whose} {key} has no effect: {key} is given elsewhere too");
                    self.warnings.push(Warning::option(key, message));
                }
                Some(known) if !known.is_null() => {}
                _ => {
                    all.insert(key, value);
                }
            }
        }
    }
}

/// A whole number from 0, also as 3.0.
pub(super) fn whole(value: &Value) -> Option<u64> {
    let float = || {
        let number = value.as_f64()?;
        let fits = number.fract() == 0.0 && (0.0..1e15).contains(&number);
        fits.then_some(number as u64)
    };
    value.as_u64().or_else(float)
}
