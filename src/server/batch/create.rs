//! Batches that are asked for.

use std::io::{BufReader, Read};

use serde_json::{Map, Value};

use super::super::error::{ApiError, Class, Issue};
use super::super::files::{of_store, unknown};
use super::super::json;
use super::super::request::whole;
use super::super::stored::Stored;
use super::line::{self, Line, Rules};
use super::run::{Order, now};
use crate::error::{Error, Warning};
use crate::files::{FileRecord, FileStore};
use crate::jobs::JobInput;
use crate::source::Source;

/// The only endpoint that batches are for here.
pub(super) const ENDPOINT: &str = "/v1/ocr";
/// What files of lines are uploaded for.
pub(super) const PURPOSE: &str = "batch";
/// Most lines of a batch.
const MOST_LINES: usize = 10_000;
/// Mistral's time for a batch, and its longest.
const HOURS: u64 = 24;
const MOST_HOURS: u64 = 168;

/// A batch to be put in the queue.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) order: Order,
    pub(super) inputs: Vec<JobInput>,
    pub(super) requests: usize,
    pub(super) warnings: Vec<Warning>,
    /// Keeps files where they are until the queue has them.
    pub(super) kept: Vec<Source>,
}

/// Whose files a batch reads.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) store: Option<FileStore>,
    pub(super) owner: Option<String>,
    pub(super) stored: Stored,
    /// Most bytes of a line.
    pub(super) most: usize,
}

fn issue(place: &[&str], kind: &'static str, message: &str) -> ApiError {
    ApiError::invalid(vec![Issue::new(place, kind, message)])
}

/// Reads a request, and looks through its lines: for how many there are, and which files they name.
pub(super) fn read(body: &[u8], files: &Files) -> Result<Asked, ApiError> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| issue(&[], "json_invalid", &json::reason(&error)))?;
    let Value::Object(mut map) = value else {
        return Err(issue(&[], "model_type", "Input should be an object"));
    };
    map.retain(|_, value| !value.is_null());
    match map.remove("endpoint") {
        None => return Err(ApiError::invalid(vec![Issue::missing(&["endpoint"])])),
        Some(endpoint) if endpoint == ENDPOINT => {}
        Some(other) => {
            let message = "Input should be '/v1/ocr': this server answers no other endpoint";
            let wrong = Issue::new(&["endpoint"], "literal_error", message);
            return Err(ApiError::invalid(vec![wrong.sent(&other)]));
        }
    }
    if map.remove("agent_id").is_some() {
        return Err(issue(&["agent_id"], "value_error", "this server has no agents; name a model"));
    }
    let model = match map.remove("model") {
        None => None,
        Some(Value::String(model)) => Some(model),
        Some(_) => return Err(issue(&["model"], "string_type", "Input should be a valid string")),
    };
    let metadata = match map.remove("metadata") {
        None => None,
        Some(Value::Object(metadata)) => Some(metadata),
        Some(_) => return Err(issue(&["metadata"], "dict_type", "Input should be an object")),
    };
    let hours = match map.remove("timeout_hours") {
        None => HOURS,
        Some(hours) => {
            let message = format!("Input should be a whole number from 1 to {MOST_HOURS}");
            whole(&hours)
                .filter(|hours| (1..=MOST_HOURS).contains(hours))
                .ok_or_else(|| issue(&["timeout_hours"], "int_type", &message))?
        }
    };
    let stored = files.stored.noting();
    let rules = Rules { most: files.most, model: None, stored: &stored };
    let (input_files, mut inputs, kept, requests) = match given(&mut map)? {
        Given::Files(ids) => from_files(ids, files, rules)?,
        Given::Requests(list) => {
            let lines = lines(&list);
            let requests = count(lines.as_slice(), rules).map_err(|error| of_store(&error))?;
            (Vec::new(), vec![JobInput::Bytes(lines.into())], Vec::new(), requests)
        }
    };
    match requests {
        0 => return Err(issue(&["input_files"], "too_short", "there are no requests")),
        1..=MOST_LINES => {}
        _ => {
            let message = format!("a batch has {MOST_LINES} requests at most; make several of it");
            return Err(issue(&["input_files"], "too_long", &message));
        }
    }
    let lines = inputs.len();
    let noted = stored.noted();
    let documents = noted.iter().map(|(key, file)| {
        inputs.extend(file.as_ref().map(|file| JobInput::Copy(file.path().to_owned())));
        let name = file.as_ref().map(|file| Source::Stored(file.clone()).name());
        (key.clone(), name)
    });
    let documents = documents.collect();
    let until = now().saturating_add(hours * 3600);
    let order = Order { model, metadata, input_files, lines, documents, until, most: files.most };
    let warnings = map.keys().map(|name| {
        let message = format!("{name} has no effect: this server does not know it");
        Warning::option(name.clone(), message)
    });
    Ok(Asked { order, inputs, requests, warnings: warnings.collect(), kept })
}

/// Where the lines are.
enum Given {
    Files(Vec<String>),
    Requests(Vec<Value>),
}

fn given(map: &mut Map<String, Value>) -> Result<Given, ApiError> {
    let text = |value: Value| match value {
        Value::String(text) => Ok(text),
        _ => Err(issue(&["input_files"], "string_type", "Input should be a list of ids of files")),
    };
    match (map.remove("input_files"), map.remove("requests")) {
        (Some(Value::Array(files)), None) => {
            Ok(Given::Files(files.into_iter().map(text).collect::<Result<_, _>>()?))
        }
        (None, Some(Value::Array(requests))) => Ok(Given::Requests(requests)),
        (None, None) => {
            let message = "Field required: the ids of files with requests, or requests";
            Err(issue(&["input_files"], "missing", message))
        }
        (Some(_), Some(_)) => {
            let message = "input_files and requests exclude each other: send one of them";
            Err(issue(&["requests"], "value_error", message))
        }
        (Some(_), None) => {
            Err(issue(&["input_files"], "list_type", "Input should be a list of ids of files"))
        }
        (None, Some(_)) => Err(issue(&["requests"], "list_type", "Input should be a list")),
    }
}

/// Requests as the lines of a file.
fn lines(requests: &[Value]) -> Vec<u8> {
    let mut lines = Vec::new();
    for request in requests {
        lines.extend_from_slice(request.to_string().as_bytes());
        lines.push(b'\n');
    }
    lines
}

type Found = (Vec<String>, Vec<JobInput>, Vec<Source>, usize);

fn from_files(ids: Vec<String>, files: &Files, rules: Rules<'_>) -> Result<Found, ApiError> {
    let Some(store) = &files.store else {
        let message = "this server keeps no files (--files-dir); send the requests themselves as \
                       requests";
        return Err(ApiError::new(Class::NotFound, message));
    };
    let (mut inputs, mut kept, mut requests) = (Vec::new(), Vec::new(), 0);
    for id in &ids {
        let record = id.parse().ok().and_then(|id| store.get(id, files.owner.as_deref()));
        let record = record.ok_or_else(|| unknown(id))?;
        let (source, lines) = open(store, &record)?;
        requests += count(BufReader::new(lines), rules).map_err(|error| of_store(&error))?;
        if let Source::Stored(file) = &source {
            inputs.push(JobInput::Copy(file.path().to_owned()));
        }
        kept.push(source);
    }
    Ok((ids, inputs, kept, requests))
}

fn open(store: &FileStore, record: &FileRecord) -> Result<(Source, impl Read + use<>), ApiError> {
    if record.purpose != PURPOSE {
        let message = format!(
            "the file {} was uploaded for {:?}; files of requests are uploaded for \"batch\"",
            record.id, record.purpose
        );
        return Err(issue(&["input_files"], "value_error", &message));
    }
    let source = store.source(record).map_err(|error| of_store(&error))?;
    let lines = store.open_content(record).map_err(|error| of_store(&error))?;
    Ok((source, lines))
}

/// How many lines there are; what they name is noted. What is wrong with one is told by its result.
fn count(mut lines: impl std::io::BufRead, rules: Rules<'_>) -> Result<usize, Error> {
    let io = |source| Error::Io { action: "read", path: "the lines of a batch".into(), source };
    let (mut count, mut text) = (0, Vec::new());
    while line::next(&mut lines, rules.most, &mut text).map_err(io)? {
        count += 1;
        if count <= MOST_LINES {
            drop(Line::read(&text, rules));
        }
    }
    Ok(count)
}
