//! Forms: `files`, every option as a field of its own, `target_type`.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use multer::{Constraints, Multipart, SizeLimit};
use serde_json::{Map, Value};

use super::super::error::{ApiError, Class, Issue};
use super::ask::Asked;
use super::options::{self, Target};
use crate::source::Source;

/// A form has to arrive in this time, as other bodies.
const FORM_TIME: Duration = Duration::from_secs(300);
/// Options and files of a form; docling's clients send some eighty fields.
const MOST_FIELDS: usize = 512;
/// Bytes of a field that is no file: the longest hold objects.
const LONGEST_FIELD: usize = 64 * 1024;
/// The name of a file that has none.
const UNNAMED: &str = "document";

/// Fields that may come several times. One of them alone may hold its parts with commas between.
const LISTS: [&str; 5] = ["to_formats", "from_formats", "ocr_lang", "lang", "page_range"];

/// A form that has arrived.
#[derive(Debug, Default)]
pub(in crate::server) struct Form {
    files: Vec<Source>,
    fields: BTreeMap<String, Vec<String>>,
}

/// Reads a form to its end.
pub(in crate::server) async fn receive(request: Request, most: usize) -> Result<Form, ApiError> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let boundary = multer::parse_boundary(kind.unwrap_or_default()).map_err(|_| {
        let message = "the body has to be a form, with Content-Type: multipart/form-data";
        ApiError::new(Class::MediaType, message)
    })?;
    let limit = SizeLimit::new().whole_stream(most as u64);
    let stream = request.into_body().into_data_stream();
    let form = Multipart::with_constraints(stream, boundary, Constraints::new().size_limit(limit));
    tokio::time::timeout(FORM_TIME, read(form, most))
        .await
        .map_err(|_| ApiError::new(Class::SlowBody, "the body did not arrive in time"))?
}

async fn read(mut form: Multipart<'_>, most: usize) -> Result<Form, ApiError> {
    let mut out = Form::default();
    let failed = |error: multer::Error| failure(&error, most);
    for _ in 0..MOST_FIELDS {
        let Some(mut field) = form.next_field().await.map_err(failed)? else { return Ok(out) };
        let name = field.name().unwrap_or_default().to_owned();
        let is_file = name == "files" && field.file_name().is_some();
        let file_name = field.file_name().filter(|name| !name.is_empty()).unwrap_or(UNNAMED);
        let file_name = file_name.to_owned();
        let mut bytes = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(failed)? {
            bytes.extend_from_slice(&piece);
            if !is_file && bytes.len() > LONGEST_FIELD {
                let message = format!("Input should have {LONGEST_FIELD} bytes at most");
                return Err(ApiError::invalid(vec![Issue::new(&[&name], "too_long", message)]));
            }
        }
        if is_file {
            out.files.push(Source::bytes(bytes, file_name));
            continue;
        }
        let text = String::from_utf8(bytes).map_err(|_| {
            let message = "Input should be a valid string";
            ApiError::invalid(vec![Issue::new(&[&name], "string_type", message)])
        })?;
        out.fields.entry(name).or_default().push(text);
    }
    let message = format!("a form has {MOST_FIELDS} fields at most");
    Err(ApiError::invalid(vec![Issue::new(&[], "too_long", message)]))
}

fn failure(error: &multer::Error, most: usize) -> ApiError {
    match error {
        multer::Error::StreamSizeExceeded { .. } => {
            ApiError::new(Class::TooLarge, format!("the request is larger than {most} bytes"))
        }
        multer::Error::StreamReadFailed(_) => {
            ApiError::new(Class::SlowBody, "the request ended before its body did")
        }
        error => {
            let message = format!("the form cannot be read: {error}");
            ApiError::invalid(vec![Issue::new(&[], "value_error", message)])
        }
    }
}

impl Form {
    /// What the form asks for.
    pub(super) fn asked(mut self) -> Result<Asked, ApiError> {
        self.drop_empty();
        let target = match self.last("target_type") {
            Some(name) => options::target(&name, &["target_type"])?,
            None => Target::InBody,
        };
        if let Some(text) = self.last("callbacks") {
            options::check_callbacks(&serde_json::from_str(&text).unwrap_or(Value::String(text)))?;
        }
        let given = Value::Object(self.options());
        let (options, mut warnings) = options::read(&given, &[])?;
        if self.files.is_empty() {
            return Err(ApiError::invalid(vec![Issue::missing(&["files"])]));
        }
        options::check_count(self.files.len(), "files")?;
        warnings.extend(options::check(&options, target, self.files.len())?);
        Ok(Asked { sources: self.files, options, target, warnings })
    }

    /// Of a field that comes several times, the last counts.
    fn last(&mut self, name: &str) -> Option<String> {
        self.fields.remove(name)?.pop()
    }

    /// A field that is no option, its last value. An empty one is as good as none.
    pub(in crate::server) fn take(&mut self, name: &str) -> Option<String> {
        self.last(name).filter(|text| !text.trim().is_empty())
    }

    /// The files, and all fields as options.
    pub(in crate::server) fn into_parts(mut self) -> (Vec<Source>, Map<String, Value>) {
        self.drop_empty();
        let options = self.options();
        (self.files, options)
    }

    /// Clients write an empty field, or Python's word, for none.
    fn drop_empty(&mut self) {
        for texts in self.fields.values_mut() {
            texts.retain(|text| !matches!(text.as_str(), "" | "None" | "null"));
        }
    }

    /// All other fields are options.
    fn options(&mut self) -> Map<String, Value> {
        let mut map = Map::new();
        for (name, mut texts) in std::mem::take(&mut self.fields) {
            let is_list = LISTS.contains(&name.as_str()) && texts.len() > 1;
            let value = match (is_list, texts.pop()) {
                (_, None) => continue,
                (false, Some(text)) => Value::String(text),
                (true, Some(text)) => {
                    texts.push(text);
                    Value::Array(texts.into_iter().map(Value::String).collect())
                }
            };
            map.insert(name, value);
        }
        map
    }
}
