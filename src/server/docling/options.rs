//! Options and targets, with docling-serve's words for what cannot be.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::error::{ApiError, Class, Issue};
use crate::error::{Error, Warning};
use crate::options::{ImageExportMode, Options, OutputFormat};

/// Documents of one request.
pub(super) const MOST_SOURCES: usize = 100;

/// docling-serve's own sentence: its clients look for it, and then ask for an answer in the body.
const NO_STORAGE: &str =
    "Presigned URL target requires artifact storage to be configured and enabled on the server.";

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

/// Reads options over docling's defaults; `place` is where they stand in the request.
pub(super) fn read(value: &Value, place: &[&str]) -> Result<(Options, Vec<Warning>), ApiError> {
    read_over(Options::docling(), value, place)
}

/// The same over other defaults.
pub(in crate::server) fn read_over(
    mut options: Options,
    value: &Value,
    place: &[&str],
) -> Result<(Options, Vec<Warning>), ApiError> {
    let read = options.apply_docling_json(value);
    read.map(|warnings| (options, warnings)).map_err(|error| {
        let (option, message) = match &error {
            Error::InvalidOption { option, detail } => (option.to_string(), detail.clone()),
            Error::UnknownLanguage { code } => {
                ("ocr_lang".to_owned(), format!("no language goes by the code {code:?}"))
            }
            other => ("options".to_owned(), other.to_string()),
        };
        let own = (option != "options").then_some(option.as_str());
        let place: Vec<&str> = place.iter().copied().chain(own).collect();
        let issue = Issue::new(&place, "value_error", message);
        ApiError::invalid(vec![match own.map(|own| &value[own]) {
            Some(sent) if !sent.is_null() => issue.sent(sent),
            _ => issue,
        }])
    })
}

/// Fails on outputs that are not written here, saying why and what would do instead.
pub(super) fn check(
    options: &Options,
    target: Target,
    sources: usize,
) -> Result<Vec<Warning>, ApiError> {
    for format in &options.to_formats {
        let why = match format {
            OutputFormat::Yaml => "it is what json holds, in another notation; ask for json",
            OutputFormat::Vtt => "subtitles are of speech, and documents have none",
            OutputFormat::Doclang | OutputFormat::Dclx => {
                "docling's document language is not built in; ask for json or doctags"
            }
            OutputFormat::Chunks => {
                "no chunker is built in; ask for json and chunk it with docling-core"
            }
            OutputFormat::Latex => "it is not built in; ask for md or html",
            _ => continue,
        };
        let name = format.name();
        return Err(refused(format!("to_formats: {name} is not written by this server: {why}")));
    }
    if options.image_export_mode == ImageExportMode::Referenced
        && target == Target::InBody
        && sources == 1
    {
        return Err(refused(
            "image_export_mode: referenced images are files beside the document, which needs the \
             target zip; ask for that, or for embedded",
        ));
    }
    let mut warnings = Vec::new();
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
        if target == Target::InBody && sources == 1 {
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
