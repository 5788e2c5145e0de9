//! What this server offers of docling-serve's interface.

use serde_json::{Value, json};

use super::super::Settings;
use super::super::status::versions;
use crate::options::NO_HYBRID;

/// docling-serve's paths for chunks that nobody answers, and why.
pub(super) fn unanswered() -> [(&'static str, String); 4] {
    let hybrid = format!(
        "{NO_HYBRID}; POST /v1/chunk/hierarchical/source or /file cuts documents along their \
         headings, or convert with to_formats=json and chunk the DoclingDocument with docling-core"
    );
    let hybrid = format!("chunks of the hybrid chunker are not made by this server: {hybrid}");
    [
        ("/v1/chunk/hybrid/source", hybrid.clone()),
        ("/v1/chunk/hybrid/file", hybrid.clone()),
        ("/v1/chunk/hybrid/source/async", hybrid.clone()),
        ("/v1/chunk/hybrid/file/async", hybrid),
    ]
}

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
        "output_formats": [
            "md", "json", "yaml", "html", "html_split_page", "text", "doctags", "chunks", "latex",
        ],
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
