//! From the JSON of a request to what is asked: documents, options, target.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use url::Url;

use super::super::error::{ApiError, Issue};
use super::super::json::{self, Json};
use super::super::stored::Stored;
use super::callbacks::{self, Callback};
use super::chunk::Chunking;
use super::options::{self, Stand, Target, refused};
use crate::error::Warning;
use crate::options::Options;
use crate::source::Source;

/// What is asked of a conversion, or of a chunker.
#[derive(Debug)]
pub(in crate::server) struct Asked {
    pub(in crate::server) sources: Vec<Source>,
    pub(in crate::server) options: Options,
    /// How the documents are cut into chunks, if that is what is asked for.
    pub(in crate::server) chunking: Option<Chunking>,
    pub(in crate::server) target: Target,
    /// Whom to tell how it goes.
    pub(in crate::server) callbacks: Vec<Callback>,
    /// What of the request has no effect.
    pub(in crate::server) warnings: Vec<Warning>,
}

/// docling-serve's sources that only its batches know.
const FOREIGN_SOURCES: [&str; 5] =
    ["s3", "azure_blob", "google_cloud_storage", "google_drive", "generic"];

/// A body. Documents borrow from it: they are not copied to be looked at.
#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    sources: Option<Vec<Json<'a>>>,
    options: Option<Value>,
    convert_options: Option<Value>,
    chunking_options: Option<Value>,
    include_converted_doc: Option<Value>,
    target: Option<Value>,
    targets: Option<Value>,
    callbacks: Option<Value>,
}

/// The names of a body's fields.
const FIELDS: [&str; 4] = ["sources", "options", "target", "callbacks"];
/// Those of a batch.
const BATCH_FIELDS: [&str; 5] = ["sources", "options", "target", "targets", "callbacks"];
/// Those where chunks are asked for.
const CHUNK_FIELDS: [&str; 6] = [
    "sources",
    "convert_options",
    "chunking_options",
    "include_converted_doc",
    "target",
    "callbacks",
];
/// Those of the first version of the interface.
const OLD_FIELDS: [&str; 2] = ["http_sources", "file_sources"];

/// Reads the body of a conversion.
pub(in crate::server) fn read(body: &[u8], stored: &Stored) -> Result<Asked, ApiError> {
    read_as(body, stored, false)
}

/// Reads the body of a batch: its result is an archive unless it says otherwise.
pub(in crate::server) fn read_batch(body: &[u8], stored: &Stored) -> Result<Asked, ApiError> {
    read_as(body, stored, true)
}

fn read_as(body: &[u8], stored: &Stored, is_batch: bool) -> Result<Asked, ApiError> {
    let fields: &[&str] = if is_batch { &BATCH_FIELDS } else { &FIELDS };
    let (parsed, mut warnings) = parse(body, fields)?;
    let list = documents(parsed.sources)?;
    let target = match is_batch {
        true => batch_target(parsed.target, parsed.targets)?,
        false => target(parsed.target.as_ref(), options::target)?,
    };
    let callbacks = callbacks::read(parsed.callbacks.as_ref().unwrap_or(&Value::Null))?;
    let given = parsed.options.unwrap_or(Value::Null);
    let (options, more) = options::read(&given, Stand::Within("options"))?;
    warnings.extend(more);
    warnings.extend(options::check(&options, target, list.len())?);
    let sources = sources(list, stored, &mut warnings)?;
    Ok(Asked { sources, options, chunking: None, target, callbacks, warnings })
}

/// Reads the body of a request for chunks.
pub(in crate::server) fn read_chunking(body: &[u8], stored: &Stored) -> Result<Asked, ApiError> {
    let (parsed, mut warnings) = parse(body, &CHUNK_FIELDS)?;
    let list = documents(parsed.sources)?;
    let target = target(parsed.target.as_ref(), options::chunk_target)?;
    let callbacks = callbacks::read(parsed.callbacks.as_ref().unwrap_or(&Value::Null))?;
    let given = parsed.convert_options.unwrap_or(Value::Null);
    let (mut options, more) = options::read(&given, Stand::Within("convert_options"))?;
    warnings.extend(more);
    let cut = parsed.chunking_options.unwrap_or(Value::Null);
    let (cut, more) = options::read_chunking(&cut, Stand::Within("chunking_options"))?;
    warnings.extend(more);
    let include = parsed.include_converted_doc.unwrap_or(Value::Null);
    let chunking =
        Chunking { options: cut, include_converted_doc: options::include_converted_doc(&include)? };
    warnings.extend(options::check_chunking(&mut options, &given, &chunking, target)?);
    let sources = sources(list, stored, &mut warnings)?;
    Ok(Asked { sources, options, chunking: Some(chunking), target, callbacks, warnings })
}

/// Takes a body apart. Other fields than these have no effect.
fn parse<'a>(body: &'a [u8], fields: &[&str]) -> Result<(Body<'a>, Vec<Warning>), ApiError> {
    let invalid = |issue: Issue| ApiError::invalid(vec![issue]);
    let parsed: Body<'_> = serde_json::from_slice(body).map_err(|error| {
        invalid(match error.is_data() {
            true => Issue::new(&[], "model_type", format!("Input should be an object: {error}")),
            false => Issue::new(&[], "json_invalid", json::reason(&error)),
        })
    })?;
    // The same bytes once more, for names alone.
    let names: BTreeMap<String, IgnoredAny> = serde_json::from_slice(body).unwrap_or_default();
    if let Some(old) = OLD_FIELDS.into_iter().find(|old| names.contains_key(*old))
        && parsed.sources.is_none()
    {
        return Err(refused(format!(
            "{old} is of an interface that is gone: send \"sources\", a list of \
             {{\"kind\": \"http\", \"url\": …}} and {{\"kind\": \"file\", \"base64_string\": …, \
             \"filename\": …}}"
        )));
    }
    let warnings = names
        .keys()
        .filter(|name| !fields.contains(&name.as_str()))
        .map(|name| Warning::option(name, format!("{name} has no effect: no field has that name")))
        .collect();
    Ok((parsed, warnings))
}

fn documents(list: Option<Vec<Json<'_>>>) -> Result<Vec<Json<'_>>, ApiError> {
    let list = list.ok_or_else(|| ApiError::invalid(vec![Issue::missing(&["sources"])]))?;
    options::check_count(list.len(), "sources")?;
    Ok(list)
}

/// Where nothing is said, the answer is in the body: docling-serve resolves it so without storage.
fn target(
    value: Option<&Value>,
    named: fn(&str, &[&str]) -> Result<Target, ApiError>,
) -> Result<Target, ApiError> {
    let place = ["target", "kind"];
    match value {
        None | Some(Value::Null) => Ok(Target::InBody),
        Some(value) => match value["kind"].as_str() {
            Some(kind) => named(kind, &place),
            None => Err(ApiError::invalid(vec![Issue::missing(&place)])),
        },
    }
}

fn sources(
    list: Vec<Json<'_>>,
    stored: &Stored,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Source>, ApiError> {
    list.into_iter().enumerate().map(|(n, item)| source(n, item, stored, warnings)).collect()
}

/// docling-serve takes one target or a list of them.
fn batch_target(one: Option<Value>, list: Option<Value>) -> Result<Target, ApiError> {
    let given = |value: Option<Value>| value.filter(|value| !value.is_null());
    let kind = |value: &Value| value["kind"].as_str().map(str::to_owned);
    match (given(one), given(list)) {
        (None, None) => Ok(Target::Zip),
        (Some(one), None) => target(Some(&one), options::target),
        (None, Some(Value::Array(list))) => match list.as_slice() {
            [] => Ok(Target::Zip),
            [one] => {
                let place = ["targets", "0", "kind"];
                let kind =
                    kind(one).ok_or_else(|| ApiError::invalid(vec![Issue::missing(&place)]))?;
                options::target(&kind, &place)
            }
            _ => Err(refused(
                "targets: a job has one result here, which GET /v1/result gives; send one target, \
                 zip or inbody",
            )),
        },
        (None, Some(_)) => {
            let issue = Issue::new(&["targets"], "list_type", "Input should be a valid list");
            Err(ApiError::invalid(vec![issue]))
        }
        (Some(_), Some(_)) => {
            Err(refused("target and targets exclude each other: send one of them"))
        }
    }
}

fn source(
    n: usize,
    item: Json<'_>,
    stored: &Stored,
    warnings: &mut Vec<Warning>,
) -> Result<Source, ApiError> {
    let number = n.to_string();
    let place = |field: &'static str| ["sources", number.as_str(), field];
    let invalid = |issue: Issue| ApiError::invalid(vec![issue]);
    let Json::Object(mut fields) = item else {
        let message = "Input should be an object";
        return Err(invalid(Issue::new(&["sources", &number], "model_type", message)));
    };
    fields.retain(|_, value| !value.is_null());
    let mut text = |field: &'static str| match fields.remove(field) {
        None => Ok(None),
        Some(Json::Text(text)) => Ok(Some(text)),
        Some(_) => {
            let message = "Input should be a valid string";
            Err(invalid(Issue::new(&place(field), "string_type", message)))
        }
    };
    let missing = |field: &'static str| invalid(Issue::missing(&place(field)));
    let kind = text("kind")?;
    let source = match kind.as_deref() {
        Some("file") => {
            let content = text("base64_string")?.ok_or_else(|| missing("base64_string"))?;
            let name = text("filename")?.ok_or_else(|| missing("filename"))?;
            let source = Source::base64(&content).map_err(|error| {
                let message = format!("not a document: {error}");
                invalid(Issue::new(&place("base64_string"), "value_error", message))
            })?;
            source.named(name)
        }
        Some("http") => {
            let address = text("url")?.ok_or_else(|| missing("url"))?;
            if let Some(headers) = fields.remove("headers")
                && !matches!(&headers, Json::Object(map) if map.is_empty())
            {
                return Err(refused(format!(
                    "sources.{n}.headers: this server sends no headers of yours when it fetches; \
                     send the document itself (kind file)"
                )));
            }
            url(&address, stored).map_err(|error| match error {
                Ok(message) => invalid(Issue::new(&place("url"), "url_parsing", message)),
                Err(error) => error,
            })?
        }
        Some(other) if FOREIGN_SOURCES.contains(&other) => {
            return Err(refused(format!(
                "sources of kind {other} are not read by this server: send the document (kind \
                 file) or its address (kind http)"
            )));
        }
        Some(other) => {
            let issue =
                Issue::new(&place("kind"), "union_tag_invalid", "Input should be 'file' or 'http'");
            return Err(invalid(issue.sent(&Value::String(other.to_owned()))));
        }
        None => return Err(missing("kind")),
    };
    warnings.extend(fields.keys().map(|field| {
        let option = format!("sources.{n}.{field}");
        let message = format!("{option} has no effect: no such field belongs to this kind");
        Warning::option(option, message)
    }));
    Ok(source)
}

/// The document of an address: a file of this server, or one to be fetched where that is allowed.
fn url(address: &str, stored: &Stored) -> Result<Source, Result<String, ApiError>> {
    let url = Url::parse(address).map_err(|error| Ok(format!("not a URL: {error}")))?;
    // A path is never a document here: it would name a file of the server's machine.
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Ok("URL scheme should be 'http' or 'https'".to_owned()));
    }
    match stored.by_address(&url) {
        Some(found) => found.map_err(Err),
        None => Ok(Source::Url(url)),
    }
}
