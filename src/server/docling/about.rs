//! What this server offers of docling-serve's interface.

use serde_json::{Value, json};

use super::super::Settings;
use super::super::status::versions;

/// docling-serve's paths for chunks.
pub(super) const CHUNK_PATHS: [&str; 8] = [
    "/v1/chunk/hierarchical/source",
    "/v1/chunk/hierarchical/file",
    "/v1/chunk/hierarchical/source/async",
    "/v1/chunk/hierarchical/file/async",
    "/v1/chunk/hybrid/source",
    "/v1/chunk/hybrid/file",
    "/v1/chunk/hybrid/source/async",
    "/v1/chunk/hybrid/file/async",
];

/// Why there are none.
pub(super) const NO_CHUNKS: &str = "documents are not cut into chunks by this server: neither docling's hierarchical chunker nor \
     the hybrid one is built in; convert with to_formats=json (POST /v1/convert/source) and chunk \
     the DoclingDocument with docling-core";

/// The answer of `/v1/capabilities`.
pub(super) fn capabilities(settings: &Settings) -> Value {
    let stage = |option: &str, config: Option<&str>, presets: &[&str]| {
        let presets: Vec<Value> = presets
            .iter()
            .map(|id| json!({ "id": id, "name": id, "description": null, "source": "docling" }))
            .collect();
        json!({
            "option": option,
            "custom_config_option": config,
            "default": "auto",
            "presets": presets,
        })
    };
    let mut tables = stage(
        "table_structure_preset",
        None,
        &["default", "tableformer_v1_accurate", "tableformer_v1_fast"],
    );
    tables["default"] = json!("tableformer_v1_accurate");
    let timeout = settings.timeout.map(|timeout| timeout.as_secs_f64());
    json!({
        "versions": versions(),
        "stages": {
            "ocr": stage("ocr_preset", Some("ocr_custom_config"), &["auto", "tesseract"]),
            "table_structure": tables,
        },
        "sources": ["file", "http"],
        "targets": { "allowed": ["inbody", "zip"], "default": "inbody" },
        "output_formats": ["md", "json", "html", "html_split_page", "text", "doctags"],
        "image_export_modes": ["embedded", "placeholder", "referenced"],
        "limits": {
            // docling-serve's own where there is none: a week.
            "max_document_timeout": timeout.unwrap_or(604_800.0),
            "max_images_scale": 16.0,
            "max_sources_per_request": super::options::MOST_SOURCES,
            "max_num_pages": null,
            "max_file_size": settings.max_body_bytes,
        },
        "features": {
            "api_key_required": !settings.keys.is_empty(),
            "artifact_storage": false,
            "websocket": settings.jobs.is_some(),
        },
    })
}
