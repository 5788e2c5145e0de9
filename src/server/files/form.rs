//! Uploads: forms with a file and a few fields, in any order. The file goes to the disk as it
//! arrives.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use multer::{Constraints, Field, Multipart, SizeLimit};
use serde_json::{Value, json};

use super::super::error::{ApiError, Class, Dialect, Issue};
use super::list::unknown;
use super::{HOUR, of_file, on_disk, shape};
use crate::files::{FileRecord, FileStore, NewFile, Upload};

/// The next piece of an upload has to arrive in this time.
const PIECE_TIME: Duration = Duration::from_secs(60);
/// Bytes of a field that is no file, and how many fields there may be.
const LONGEST_FIELD: usize = 4096;
const MOST_FIELDS: usize = 32;
/// Bytes of a form beside its file: fields, and what separates them.
const AROUND: u64 = 256 * 1024;
/// Characters of a file's name, as file systems have it.
const LONGEST_NAME: usize = 255;
/// Characters of a purpose.
const LONGEST_PURPOSE: usize = 64;
/// The name of a file that has none.
const UNNAMED: &str = "document";
/// OpenAI's names of the time that a file is kept, and from when.
const OPENAIS_SECONDS: &str = "expires_after[seconds]";
const OPENAIS_ANCHOR: &str = "expires_after[anchor]";

/// A form that has arrived.
#[derive(Debug)]
pub(super) struct Form {
    file: Option<(Upload, String)>,
    fields: BTreeMap<String, String>,
    issues: Vec<Issue>,
}

/// Reads a form to its end.
pub(super) async fn receive(store: &FileStore, request: Request) -> Result<Form, ApiError> {
    let headers = request.headers();
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(kind).map_err(|_| {
        let message = "the body has to be a form, with Content-Type: multipart/form-data";
        ApiError::new(Class::MediaType, message)
    })?;
    let most = store.settings().max_file_bytes;
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > most.saturating_add(AROUND)) {
        return Err(too_large(most));
    }
    let limit = SizeLimit::new().whole_stream(most.saturating_add(AROUND));
    let stream = request.into_body().into_data_stream();
    let mut form =
        Multipart::with_constraints(stream, boundary, Constraints::new().size_limit(limit));

    let mut read = Form { file: None, fields: BTreeMap::new(), issues: Vec::new() };
    for _ in 0..MOST_FIELDS {
        let Some(mut field) = in_time(form.next_field(), most).await? else { return Ok(read) };
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            let filename = field.file_name().map(str::to_owned);
            if read.file.is_some() {
                return Err(wrong("file", "value_error", "Input should be one file"));
            }
            let upload = write(store, &mut field, most).await?;
            read.file = Some((upload, filename.unwrap_or_default()));
        } else {
            let text = text(&name, &mut field, most).await?;
            read.fields.insert(name, text);
        }
    }
    let message = format!("a form has {MOST_FIELDS} fields at most");
    Err(ApiError::invalid(vec![Issue::new(&[], "too_long", message)]))
}

fn wrong(field: &str, kind: &'static str, message: &str) -> ApiError {
    ApiError::invalid(vec![Issue::new(&[field], kind, message)])
}

fn too_large(most: u64) -> ApiError {
    ApiError::new(Class::TooLarge, format!("the file is larger than {most} bytes"))
}

/// What a form gives next, if it comes in time.
async fn in_time<T>(
    next: impl Future<Output = multer::Result<T>>,
    most: u64,
) -> Result<T, ApiError> {
    match tokio::time::timeout(PIECE_TIME, next).await {
        Err(_) => Err(ApiError::new(Class::SlowBody, "the body did not arrive in time")),
        Ok(Ok(part)) => Ok(part),
        Ok(Err(multer::Error::StreamSizeExceeded { .. })) => Err(too_large(most)),
        Ok(Err(multer::Error::StreamReadFailed(_))) => {
            Err(ApiError::new(Class::SlowBody, "the request ended before its body did"))
        }
        Ok(Err(
            error @ (multer::Error::IncompleteStream
            | multer::Error::IncompleteHeaders
            | multer::Error::IncompleteFieldData { .. }),
        )) => {
            let message = format!("the form is cut off: {error}");
            Err(ApiError::invalid(vec![Issue::new(&[], "value_error", message)]))
        }
        Ok(Err(error)) => {
            let message = format!("the form cannot be read: {error}");
            Err(ApiError::invalid(vec![Issue::new(&[], "value_error", message)]))
        }
    }
}

async fn write(store: &FileStore, field: &mut Field<'_>, most: u64) -> Result<Upload, ApiError> {
    let begun = store.clone();
    let mut upload = on_disk(move || begun.upload().map_err(|error| of_file(&error))).await?;
    while let Some(piece) = in_time(field.chunk(), most).await? {
        upload = on_disk(move || {
            upload.write(&piece).map_err(|error| of_file(&error))?;
            Ok(upload)
        })
        .await?;
    }
    Ok(upload)
}

async fn text(name: &str, field: &mut Field<'_>, most: u64) -> Result<String, ApiError> {
    let mut bytes = Vec::new();
    while let Some(piece) = in_time(field.chunk(), most).await? {
        if bytes.len() + piece.len() > LONGEST_FIELD {
            let message = format!("Input should have {LONGEST_FIELD} bytes at most");
            return Err(wrong(name, "too_long", &message));
        }
        bytes.extend_from_slice(&piece);
    }
    String::from_utf8(bytes)
        .map_err(|_| wrong(name, "string_type", "Input should be a valid string"))
}

impl Form {
    /// Keeps the file, with warnings about fields that have no effect.
    pub(super) fn keep(
        mut self,
        owner: Option<String>,
        dialect: Dialect,
    ) -> Result<(FileRecord, Vec<Value>), ApiError> {
        let filename = self.text("filename");
        let purpose = self.purpose(dialect);
        let visibility = self.visibility();
        let keep = [
            self.time("ttl_seconds", Duration::from_secs(1)),
            self.time("expiry", HOUR),
            self.time(OPENAIS_SECONDS, Duration::from_secs(1)),
        ];
        self.fields.remove(OPENAIS_ANCHOR);
        let Some((upload, own_name)) = self.file.take() else {
            self.issues.insert(0, Issue::missing(&["file"]));
            return Err(ApiError::invalid(self.issues));
        };
        let filename = filename.unwrap_or(own_name);
        if filename.chars().count() > LONGEST_NAME {
            let message = format!("Input should have {LONGEST_NAME} characters at most");
            self.issues.push(Issue::new(&["filename"], "too_long", message));
        }
        if !self.issues.is_empty() {
            return Err(ApiError::invalid(self.issues));
        }
        let filename = if filename.is_empty() { UNNAMED.to_owned() } else { filename };
        let keep = keep.into_iter().flatten().min();
        let new = NewFile { filename, purpose, keep, visibility, owner };
        let warnings = self.fields.keys().map(|name| unknown(name)).collect();
        let record = upload.finish(new).map_err(|error| of_file(&error))?;
        Ok((record, warnings))
    }

    /// A field; an empty one is as good as none, and so is what clients write for one.
    fn text(&mut self, name: &str) -> Option<String> {
        self.fields.remove(name).filter(|text| !matches!(text.as_str(), "" | "null" | "None"))
    }

    fn purpose(&mut self, dialect: Dialect) -> String {
        let unless_told = if dialect == Dialect::Opper { "reference_media" } else { shape::OCR };
        let Some(text) = self.text("purpose") else { return unless_told.to_owned() };
        let is_word = text.len() <= LONGEST_PURPOSE
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if !is_word {
            let message = "Input should be a word such as 'ocr', 'ocr_input' or 'batch'";
            let issue = Issue::new(&["purpose"], "value_error", message);
            self.issues.push(issue.sent(&json!(text)));
        }
        shape::stored_purpose(&text).to_owned()
    }

    fn visibility(&mut self) -> String {
        let text = self.text("visibility").unwrap_or_else(|| "workspace".to_owned());
        if !matches!(text.as_str(), "workspace" | "user") {
            let message = "Input should be 'workspace' or 'user'";
            let issue = Issue::new(&["visibility"], "literal_error", message);
            self.issues.push(issue.sent(&json!(text)));
        }
        text
    }

    /// A time in so many units.
    fn time(&mut self, name: &str, unit: Duration) -> Option<Duration> {
        let text = self.text(name)?;
        match text.trim().parse::<u32>() {
            Ok(number) if number > 0 => Some(unit.saturating_mul(number)),
            _ => {
                let message = "Input should be a whole number, 1 or more";
                let issue = Issue::new(&[name], "int_type", message);
                self.issues.push(issue.sent(&json!(text)));
                None
            }
        }
    }
}
