//! Options and targets, with docling-serve's words for what cannot be.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::error::{ApiError, Class, Issue};
use super::chunk::Chunking;
use crate::error::{Error, Warning};
use crate::options::{ChunkingOptions, ImageExportMode, NO_HYBRID, Options, OutputFormat};

/// Documents of one request.
pub(super) const MOST_SOURCES: usize = 100;

/// docling-serve's own sentence: its clients look for it, and then ask for an answer in the body.
const NO_STORAGE: &str =
    "Presigned URL target requires artifact storage to be configured and enabled on the server.";

/// docling-serve's own sentence where chunks are asked for.
const NO_STORAGE_FOR_CHUNKS: &str = "presigned_url target is not supported for chunk endpoints.";

const NO_REFERENCES: &str = "image_export_mode: referenced images are files beside the document, \
     which needs the target zip; ask for that, or for embedded";

/// docling-serve's targets that need services or storage.
const FOREIGN_TARGETS: [&str; 6] =
    ["put", "s3", "azure_blob", "google_cloud_storage", "google_drive", "generic"];

/// Where results go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::server) enum Target {
    /// The answer is JSON; for several documents it is a ZIP archive all the same, as docling-serve
    /// does it.
    InBody,
    /// The answer is a ZIP archive.
    Zip,
}

/// The target of a name, where chunks are asked for.
pub(super) fn chunk_target(name: &str, place: &[&str]) -> Result<Target, ApiError> {
    match name {
        "presigned_url" => Err(refused(NO_STORAGE_FOR_CHUNKS)),
        other => target(other, place),
    }
}

/// Something that this server does not do, as a sentence with status 422.
pub(super) fn refused(message: impl Into<String>) -> ApiError {
    ApiError::new(Class::Invalid, message)
}

/// The target of a name.
pub(super) fn target(name: &str, place: &[&str]) -> Result<Target, ApiError> {
    match name {
        "inbody" => Ok(Target::InBody),
        "zip" => Ok(Target::Zip),
        "presigned_url" => Err(refused(NO_STORAGE)),
        other if FOREIGN_TARGETS.contains(&other) => Err(refused(format!(
            "targets of kind {other} are not written to by this server: take the answer with \
             inbody or zip and store it"
        ))),
        other => {
            let message = "Input should be 'inbody' or 'zip'";
            let issue = Issue::new(place, "literal_error", message);
            Err(ApiError::invalid(vec![issue.sent(&Value::String(other.to_owned()))]))
        }
    }
}

/// Where options stand in a request.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) enum Stand<'a> {
    /// As fields of an object of this name.
    Within(&'a str),
    /// As fields of a form, whose names begin so.
    Prefixed(&'a str),
}

/// Reads options over docling's defaults.
pub(super) fn read(value: &Value, stand: Stand<'_>) -> Result<(Options, Vec<Warning>), ApiError> {
    read_over(Options::docling(), value, stand)
}

/// The same over other defaults.
pub(in crate::server) fn read_over(
    mut options: Options,
    value: &Value,
    stand: Stand<'_>,
) -> Result<(Options, Vec<Warning>), ApiError> {
    match options.apply_docling_json(value) {
        Ok(warnings) => Ok((options, warnings)),
        Err(error) => Err(misread(&error, value, stand)),
    }
}

/// Reads the options of a chunker.
pub(super) fn read_chunking(
    value: &Value,
    stand: Stand<'_>,
) -> Result<(ChunkingOptions, Vec<Warning>), ApiError> {
    ChunkingOptions::from_docling_json(value).map_err(|error| misread(&error, value, stand))
}

/// What is wrong with an option, and where.
fn misread(error: &Error, value: &Value, stand: Stand<'_>) -> ApiError {
    let (option, message) = match error {
        Error::InvalidOption { option, detail } => (option.to_string(), detail.clone()),
        Error::UnknownLanguage { code } => {
            ("ocr_lang".to_owned(), format!("no language goes by the code {code:?}"))
        }
        other => ("options".to_owned(), other.to_string()),
    };
    let is_field = match option.as_str() {
        "options" => false,
        "chunking_options" => value.is_object(),
        _ => true,
    };
    let own = is_field.then_some(option.as_str());
    let issue = match stand {
        Stand::Within(name) => {
            let place: Vec<&str> = std::iter::once(name).chain(own).collect();
            Issue::new(&place, "value_error", message)
        }
        Stand::Prefixed(prefix) => {
            let name = format!("{prefix}{}", own.unwrap_or_default());
            let place = [name.as_str()];
            // The form as a whole has no name.
            let place = if name.is_empty() { &[][..] } else { &place[..] };
            Issue::new(place, "value_error", message)
        }
    };
    ApiError::invalid(vec![match own.map(|own| &value[own]) {
        Some(sent) if !sent.is_null() => issue.sent(sent),
        _ => issue,
    }])
}

/// Whether documents are answered beside their chunks.
pub(super) fn include_converted_doc(value: &Value) -> Result<bool, ApiError> {
    let word = match value {
        Value::Null => return Ok(false),
        Value::Bool(given) => return Ok(*given),
        Value::String(text) => text.trim().to_ascii_lowercase(),
        _ => String::new(),
    };
    match word.as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => {
            let message = "Input should be a valid boolean";
            let issue = Issue::new(&["include_converted_doc"], "bool_parsing", message);
            Err(ApiError::invalid(vec![issue.sent(value)]))
        }
    }
}

/// Options that have no effect on chunks.
const NOT_OF_CHUNKS: [&str; 5] = [
    "to_formats",
    "md_page_break_placeholder",
    "md_compact_tables",
    "chunking_options",
    "chunking_preset",
];
/// Options that have an effect on documents beside their chunks alone.
const OF_CONVERTED: [&str; 4] =
    ["image_export_mode", "include_images", "include_page_images", "images_scale"];

/// Fails on what is not done where documents are cut; warns of options (`given`, in the request)
/// that have no effect on chunks, and sets them to what the chunker needs.
pub(super) fn check_chunking(
    options: &mut Options,
    given: &Value,
    chunking: &Chunking,
    target: Target,
) -> Result<Vec<Warning>, ApiError> {
    if chunking.include_converted_doc
        && options.image_export_mode == ImageExportMode::Referenced
        && target == Target::InBody
    {
        return Err(refused(NO_REFERENCES));
    }
    let mut warnings = Vec::new();
    let mut warn = |names: &[&str], why: &str| {
        for name in names.iter().filter(|name| !given[**name].is_null()) {
            warnings.push(Warning::option(*name, format!("{name} has no effect: {why}")));
        }
    };
    warn(&NOT_OF_CHUNKS, "the answer is the document's chunks; chunking_options is about them");
    if !chunking.include_converted_doc {
        warn(&OF_CONVERTED, "documents are not answered beside their chunks");
    }
    // Chunks are cut from it.
    options.to_formats = vec![OutputFormat::Json];
    if !chunking.include_converted_doc {
        // Nobody would see them.
        options.include_images = false;
        options.include_page_images = false;
    }
    options.chunking_options = None;
    options.chunking_preset = None;
    Ok(warnings)
}

/// Fails on how the format `chunks` cannot be cut.
fn check_chunks(options: &Options) -> Result<Vec<Warning>, ApiError> {
    let only = "send chunking_options with the chunker hierarchical";
    if let Some(preset) = &options.chunking_preset {
        return Err(refused(format!(
            "chunking_preset: {preset} names a tokenizer. {}; {only}",
            sentence(NO_HYBRID)
        )));
    }
    let given = options.chunking_options.as_ref().unwrap_or(&Value::Null);
    let (_, mut warnings) =
        ChunkingOptions::from_docling_json(given).map_err(|error| match error {
            Error::InvalidOption { option, detail } => {
                refused(format!("chunking_options.{option}: {detail}; {only}"))
            }
            other => refused(format!("chunking_options: {other}; {only}")),
        })?;
    if given["chunker"].is_null() {
        let message = format!("chunking_options: the hierarchical chunker cuts; {NO_HYBRID}");
        warnings.push(Warning::option("chunking_options", message));
    }
    Ok(warnings)
}

/// The same with a capital.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Formats that have no field in docling-serve's answers.
const FILES: [OutputFormat; 3] = [OutputFormat::Yaml, OutputFormat::Latex, OutputFormat::Chunks];

/// Fails on outputs that are not written here, saying why and what would do instead.
pub(super) fn check(
    options: &Options,
    target: Target,
    sources: usize,
) -> Result<Vec<Warning>, ApiError> {
    for format in &options.to_formats {
        let why = match format {
            OutputFormat::Vtt => "subtitles are of speech, and documents have none",
            OutputFormat::Doclang | OutputFormat::Dclx => {
                "docling's document language is not built in; ask for json or doctags"
            }
            _ => continue,
        };
        let name = format.name();
        return Err(refused(format!("to_formats: {name} is not written by this server: {why}")));
    }
    let mut warnings = Vec::new();
    if options.to_formats.contains(&OutputFormat::Chunks) {
        warnings.extend(check_chunks(options)?);
    }
    let in_body = target == Target::InBody && sources == 1;
    if let Some(format) = options.to_formats.iter().find(|format| FILES.contains(format))
        && in_body
    {
        return Err(refused(format!(
            "to_formats: {} is written as a file, for which the answer of one document has no field; ask for \
             the target zip",
            format.name()
        )));
    }
    if options.image_export_mode == ImageExportMode::Referenced && in_body {
        return Err(refused(NO_REFERENCES));
    }
    let placeholder = options.image_export_mode == ImageExportMode::Placeholder;
    let json = options.to_formats.contains(&OutputFormat::Json);
    if options.include_page_images && (placeholder || !json) {
        let why = match placeholder {
            true => "image_export_mode is placeholder",
            false => "page images are part of json alone, which to_formats does not name",
        };
        let message = format!("include_page_images has no effect: {why}");
        warnings.push(Warning::option("include_page_images", message));
    }
    let html = options.to_formats.contains(&OutputFormat::Html);
    if html && options.to_formats.contains(&OutputFormat::HtmlSplitPage) {
        let message = "html_split_page has no effect where the answer is JSON: html_content holds \
                       html; ask for one of the two, or for the target zip";
        if in_body {
            warnings.push(Warning::option("to_formats", message));
        }
    }
    Ok(warnings)
}

/// Fails on no documents, and on too many.
pub(super) fn check_count(count: usize, field: &str) -> Result<(), ApiError> {
    let issue = match count {
        0 => Issue::new(
            &[field],
            "too_short",
            "List should have at least 1 item after validation, not 0",
        ),
        1..=MOST_SOURCES => return Ok(()),
        _ => Issue::new(
            &[field],
            "too_long",
            format!("List should have at most {MOST_SOURCES} items after validation, not {count}"),
        ),
    };
    Err(ApiError::invalid(vec![issue]))
}
