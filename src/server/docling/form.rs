//! Forms: `files`, every option as a field of its own, `target_type`.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use http_body_util::BodyExt as _;
use multer::{Constraints, Field, Multipart, SizeLimit};
use serde_json::{Map, Value};
use tower_http::timeout::TimeoutBody;

use super::super::error::{ApiError, Class, Issue};
use super::super::handlers::{LATE, Most, PIECE_TIME};
use super::ask::Asked;
use super::callbacks::{self, Callback};
use super::chunk::Chunking;
use super::options::{self, Stand, Target};
use crate::error::Warning;
use crate::source::{Source, StoredFile};

/// A form has to arrive in this time, as other bodies.
const FORM_TIME: Duration = Duration::from_secs(300);
/// And in this one where it goes to the disk.
const LONG_FORM_TIME: Duration = Duration::from_secs(3600);
/// The next piece of such a form has to arrive in this time.
const LONG_PIECE_TIME: Duration = Duration::from_secs(60);
/// Options and files of a form; docling's clients send some eighty fields.
const MOST_FIELDS: usize = 512;
/// Bytes of a field that is no file: the longest hold objects.
const LONGEST_FIELD: usize = 64 * 1024;
/// The name of a file that has none.
const UNNAMED: &str = "document";

/// Fields that may come several times. One of them alone may hold its parts with commas between.
const LISTS: [&str; 5] = ["to_formats", "from_formats", "ocr_lang", "lang", "page_range"];

/// How the names of options begin in forms for chunks: those of the conversion, and the chunker's.
const OF_CONVERSION: &str = "convert_";
const OF_CHUNKER: &str = "chunking_";

/// A form that has arrived.
#[derive(Debug, Default)]
pub(in crate::server) struct Form {
    files: Vec<Source>,
    fields: BTreeMap<String, Vec<String>>,
}

/// Where files are kept while a form arrives, and how large they may be together.
#[derive(Clone, Debug)]
pub(in crate::server) enum Keep {
    /// In memory.
    Memory(usize),
    /// In a folder, each until its [`Source`] is dropped.
    Disk(PathBuf, u64),
}

/// Reads a form to its end.
pub(in crate::server) async fn receive(request: Request, keep: &Keep) -> Result<Form, ApiError> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let boundary = multer::parse_boundary(kind.unwrap_or_default()).map_err(|_| {
        let message = "the body has to be a form, with Content-Type: multipart/form-data";
        ApiError::new(Class::MediaType, message)
    })?;
    let (most, time, piece) = match keep {
        Keep::Memory(most) => (Most::body(*most), FORM_TIME, PIECE_TIME),
        // Larger ones take longer; each piece of theirs has a time of its own.
        Keep::Disk(_, most) => (Most::upload(*most), LONG_FORM_TIME, LONG_PIECE_TIME),
    };
    let limit = SizeLimit::new().whole_stream(most.0);
    let stream = TimeoutBody::new(piece, request.into_body()).into_data_stream();
    let form = Multipart::with_constraints(stream, boundary, Constraints::new().size_limit(limit));
    tokio::time::timeout(time, read(form, keep, most))
        .await
        .map_err(|_| ApiError::new(Class::SlowBody, LATE))?
}

async fn read(mut form: Multipart<'_>, keep: &Keep, most: Most) -> Result<Form, ApiError> {
    let mut out = Form::default();
    let failed = |error: multer::Error| failure(&error, most);
    for _ in 0..MOST_FIELDS {
        let Some(mut field) = form.next_field().await.map_err(failed)? else { return Ok(out) };
        let name = field.name().unwrap_or_default().to_owned();
        let is_file = name == "files" && field.file_name().is_some();
        let file_name = field.file_name().filter(|name| !name.is_empty()).unwrap_or(UNNAMED);
        let file_name = file_name.to_owned();
        if let (Keep::Disk(folder, _), true) = (keep, is_file) {
            out.files.push(write(&mut field, folder.clone(), file_name, most).await?);
            continue;
        }
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

/// Writes a file to the disk as it arrives.
async fn write(
    field: &mut Field<'_>,
    folder: PathBuf,
    name: String,
    most: Most,
) -> Result<Source, ApiError> {
    let mut file = on_disk(move || tempfile::NamedTempFile::new_in(folder)).await?;
    loop {
        let piece = field.chunk().await.map_err(|error| failure(&error, most))?;
        let Some(piece) = piece else { break };
        file = on_disk(move || file.write_all(&piece).map(|()| file)).await?;
    }
    let file = file.into_temp_path();
    Ok(Source::Stored(StoredFile::new(file.to_path_buf(), name).kept_by(Arc::new(file))))
}

async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, ApiError> {
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "an upload could not be stored");
        ApiError::new(Class::Internal, "the file could not be stored")
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                ApiError::new(Class::Full, "there is no room for the file")
            }
            _ => failed(&error),
        }),
        Err(error) => Err(failed(&error)),
    }
}

fn failure(error: &multer::Error, most: Most) -> ApiError {
    match error {
        multer::Error::StreamSizeExceeded { .. } => most.exceeded(),
        multer::Error::StreamReadFailed(_) => ApiError::new(
            Class::SlowBody,
            "the request ended, or paused for long, before its body did",
        ),
        error => {
            let message = format!("the form cannot be read: {error}");
            ApiError::invalid(vec![Issue::new(&[], "value_error", message)])
        }
    }
}

impl Form {
    /// What a form for a conversion asks for.
    pub(in crate::server) fn asked(mut self) -> Result<Asked, ApiError> {
        let (target, callbacks) = self.head(options::target)?;
        let given = Value::Object(self.options(""));
        let (options, mut warnings) = options::read(&given, Stand::Prefixed(""))?;
        self.check_files()?;
        warnings.extend(options::check(&options, target, self.files.len())?);
        let sources = self.files;
        Ok(Asked { sources, options, chunking: None, target, callbacks, warnings })
    }

    /// What a form for chunks asks for.
    pub(in crate::server) fn asked_chunking(mut self) -> Result<Asked, ApiError> {
        let (target, callbacks) = self.head(options::chunk_target)?;
        let include = self.last("include_converted_doc").map_or(Value::Null, Value::String);
        let include_converted_doc = options::include_converted_doc(&include)?;
        let given = Value::Object(self.options(OF_CONVERSION));
        let (mut options, mut warnings) = options::read(&given, Stand::Prefixed(OF_CONVERSION))?;
        let cut = Value::Object(self.options(OF_CHUNKER));
        let (cut, more) = options::read_chunking(&cut, Stand::Prefixed(OF_CHUNKER))?;
        warnings.extend(more);
        warnings.extend(self.fields.keys().map(|name| {
            let message = format!(
                "{name} has no effect: no field has that name; options begin with {OF_CONVERSION} \
                 and {OF_CHUNKER}"
            );
            Warning::option(name, message)
        }));
        self.check_files()?;
        let chunking = Chunking { options: cut, include_converted_doc };
        warnings.extend(options::check_chunking(&mut options, &given, &chunking, target)?);
        let sources = self.files;
        Ok(Asked { sources, options, chunking: Some(chunking), target, callbacks, warnings })
    }

    /// Where the answer goes, and whom to tell how it goes; both are taken out of the fields.
    fn head(
        &mut self,
        named: fn(&str, &[&str]) -> Result<Target, ApiError>,
    ) -> Result<(Target, Vec<Callback>), ApiError> {
        self.drop_empty();
        let target = match self.last("target_type") {
            Some(name) => named(&name, &["target_type"])?,
            None => Target::InBody,
        };
        let callbacks = match self.last("callbacks") {
            Some(text) => {
                callbacks::read(&serde_json::from_str(&text).unwrap_or(Value::String(text)))?
            }
            None => Vec::new(),
        };
        Ok((target, callbacks))
    }

    fn check_files(&self) -> Result<(), ApiError> {
        if self.files.is_empty() {
            return Err(ApiError::invalid(vec![Issue::missing(&["files"])]));
        }
        options::check_count(self.files.len(), "files")
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
        let options = self.options("");
        (self.files, options)
    }

    /// Clients write an empty field, or Python's word, for none.
    fn drop_empty(&mut self) {
        for texts in self.fields.values_mut() {
            texts.retain(|text| !matches!(text.as_str(), "" | "None" | "null"));
        }
        self.fields.retain(|_, texts| !texts.is_empty());
    }

    /// The fields whose names begin so, by the rest of their names, are options; they are taken out.
    fn options(&mut self, prefix: &str) -> Map<String, Value> {
        let (own, others) = std::mem::take(&mut self.fields)
            .into_iter()
            .partition(|(name, _): &(String, _)| name.starts_with(prefix));
        self.fields = others;
        let own: BTreeMap<String, Vec<String>> = own;
        let options = own.into_iter().filter_map(|(name, mut texts)| {
            let name = name[prefix.len()..].to_owned();
            let is_list = LISTS.contains(&name.as_str()) && texts.len() > 1;
            let value = match is_list {
                true => Value::Array(texts.into_iter().map(Value::String).collect()),
                false => Value::String(texts.pop()?),
            };
            Some((name, value))
        });
        options.collect()
    }
}
