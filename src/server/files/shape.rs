//! Stored files in the services' shapes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::super::batch;
use super::super::error::Dialect;
use crate::files::FileRecord;

/// The purpose that stands for documents to read, here and in Opper's words.
pub(super) const OCR: &str = "ocr";
const OPPERS_OCR: &str = "ocr_input";
/// OpenAI's name for it, which LiteLLM translates likewise.
const OPENAIS_OCR: &str = "user_data";

/// The purpose as the store knows it.
pub(super) fn stored_purpose(purpose: &str) -> &str {
    match purpose {
        OPPERS_OCR | OPENAIS_OCR => OCR,
        other => other,
    }
}

/// The id in the service's form.
pub(super) fn id(record: &FileRecord, dialect: Dialect) -> String {
    match dialect {
        Dialect::Opper => record.id.prefixed(),
        _ => record.id.to_string(),
    }
}

pub(super) fn file(record: &FileRecord, dialect: Dialect) -> Value {
    match dialect {
        Dialect::Opper => opper(record),
        _ => mistral(record),
    }
}

fn mistral(record: &FileRecord) -> Value {
    json!({
        "id": record.id,
        "object": "file",
        "bytes": record.bytes,
        "created_at": record.created_at(),
        "filename": record.filename,
        "purpose": purpose(&record.purpose),
        "sample_type": sample_type(&record.purpose),
        "source": source(&record.purpose),
        "num_lines": record.num_lines,
        "mimetype": record.media_type,
        "signature": null,
        "expires_at": record.expires_at(),
        "visibility": record.visibility,
        // OpenAI's clients wait for it.
        "status": STATUS,
    })
}

fn opper(record: &FileRecord) -> Value {
    let purpose = if record.purpose == OCR { OPPERS_OCR } else { &record.purpose };
    json!({
        "id": record.id.prefixed(),
        "object": "file",
        "bytes": record.bytes,
        "created_at": time(UNIX_EPOCH + Duration::from_secs(record.created_at())),
        "expires_at": time(UNIX_EPOCH + Duration::from_secs(record.expires_at())),
        "filename": record.filename,
        "mime_type": record.media_type,
        "purpose": purpose,
        "status": STATUS,
    })
}

/// A file is there when its upload is answered.
const STATUS: &str = "processed";

/// Whether a file's purpose is one of those that batches' results have.
fn is_result(purpose: &str) -> bool {
    purpose == batch::RESULT || purpose == batch::ERROR
}

/// The purpose in Mistral's words, for which the results of batches are for batches.
pub(super) fn purpose(purpose: &str) -> &str {
    if is_result(purpose) { "batch" } else { purpose }
}

/// Where a file comes from: what this server wrote itself has Mistral's name for that.
pub(super) fn source(purpose: &str) -> &'static str {
    if is_result(purpose) { "mistral" } else { "upload" }
}

/// What a file's purpose makes of its content, in Mistral's words.
pub(super) fn sample_type(purpose: &str) -> &str {
    match purpose {
        OCR => "ocr_input",
        "batch" => "batch_request",
        "fine-tune" => "instruct",
        other => other,
    }
}

/// A time as RFC 3339 has it, in UTC.
pub(super) fn time(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Secs, true)
}
