//! What was asked for and has no effect.

use super::{HeadingHierarchy, InputFormat, Options, OutputFormat, Pipeline};
use crate::error::Warning;

/// What stands for every option that needs a model which is not built in.
const NO_MODEL: &str = "recto carries no model for it yet";
const NO_FORMULA_MODEL: &str = "formulas are rebuilt from text layers without a model, and read from scans \
     by the model of [annotations]; models of one's own (ONNX) are not run";
const NO_VLM: &str = "recto runs no vision-language model; another OCR provider has to do that";

impl Options {
    /// One warning for each option that was asked for and has no effect here, saying why or what
    /// would give it one. A read adds them to its [`Document`](crate::Document).
    pub fn warnings(&self) -> Vec<Warning> {
        let mut out = Vec::new();
        if self.do_picture_classification && !cfg!(feature = "barcodes") {
            let message =
                "codes on pictures are not read: this build lacks the feature \"barcodes\"";
            out.push(Warning::option("do_picture_classification", message));
        }
        let mut warn = |asked: bool, option: &str, why: &str| {
            if asked {
                out.push(Warning::option(option, format!("{option} has no effect: {why}")));
            }
        };

        if let Some(config) = &self.ocr_custom_config {
            let rest: Vec<&str> = config
                .as_object()
                .into_iter()
                .flatten()
                .map(|(key, _)| key.as_str())
                .filter(|key| !super::docling::OCR_CONFIG_KEYS.contains(key))
                .collect();
            warn(
                !rest.is_empty(),
                "ocr_custom_config",
                &format!("only kind, lang and force_full_page_ocr count, not {}", rest.join(", ")),
            );
        }

        let restricts = self.from_formats.as_ref().is_some_and(|formats| {
            !formats.contains(&InputFormat::Pdf) || !formats.contains(&InputFormat::Image)
        });
        warn(restricts, "from_formats", "PDF and images are both accepted");
        match self.pipeline {
            Pipeline::Legacy | Pipeline::Standard => {}
            Pipeline::Native => warn(
                true,
                "pipeline",
                "the standard pipeline reads; do_ocr=false leaves the text layer alone",
            ),
            Pipeline::Vlm => warn(true, "pipeline", NO_VLM),
            Pipeline::Asr => warn(true, "pipeline", "recto reads documents, not speech"),
        }

        warn(
            !self.table_cell_matching,
            "table_cell_matching",
            "cells always take the text that stands in them on the page",
        );
        let other_tables = |preset: &String| {
            !["default", "tableformer_v1_accurate", "tableformer_v1_fast"].contains(&&**preset)
        };
        warn(
            self.table_structure_preset.as_ref().is_some_and(other_tables),
            "table_structure_preset",
            NO_MODEL,
        );
        warn(
            self.table_structure_custom_config.is_some(),
            "table_structure_custom_config",
            NO_MODEL,
        );

        warn(
            self.do_pdf_heading_hierarchy
                && self.pdf_heading_hierarchy_options != HeadingHierarchy::default(),
            "pdf_heading_hierarchy_options",
            "heading levels are inferred in one way",
        );
        let other_layout =
            |preset: &String| !["default", "docling_layout_default"].contains(&&**preset);
        warn(self.layout_preset.as_ref().is_some_and(other_layout), "layout_preset", NO_MODEL);
        warn(self.layout_custom_config.is_some(), "layout_custom_config", NO_MODEL);

        // Which formats and images are written is up to who exports; these have no exporter at all.
        for format in self.to_formats.iter().filter(|format| !format.is_written()) {
            warn(true, "to_formats", &format!("{} is not written yet", format.name()));
        }
        let whole = !self.to_formats.contains(&OutputFormat::Chunks);
        let no_chunks = "chunks are not among to_formats";
        warn(whole && self.chunking_options.is_some(), "chunking_options", no_chunks);
        warn(whole && self.chunking_preset.is_some(), "chunking_preset", no_chunks);

        warn(self.do_chart_extraction, "do_chart_extraction", NO_MODEL);
        let not_described = "do_picture_description does not ask for descriptions";
        let threshold = self.picture_description_area_threshold != 0.05;
        let alone = !self.do_picture_description;
        warn(threshold && alone, "picture_description_area_threshold", not_described);
        let api = self.picture_description_api.is_some();
        warn(api && alone, "picture_description_api", not_described);
        // "default" is docling's way of saying nothing.
        let preset = self.code_formula_preset.as_ref().is_some_and(|p| p != "default");
        warn(preset, "code_formula_preset", NO_FORMULA_MODEL);
        let custom = self.code_formula_custom_config.is_some();
        warn(custom, "code_formula_custom_config", NO_FORMULA_MODEL);
        for (preset, option) in [
            (&self.picture_classification_preset, "picture_classification_preset"),
            (&self.chart_extraction_preset, "chart_extraction_preset"),
            (&self.picture_description_preset, "picture_description_preset"),
        ] {
            warn(preset.as_ref().is_some_and(|p| p != "default"), option, NO_MODEL);
        }
        for (config, option) in [
            (&self.picture_classification_custom_config, "picture_classification_custom_config"),
            (&self.chart_extraction_custom_config, "chart_extraction_custom_config"),
            (&self.picture_description_custom_config, "picture_description_custom_config"),
            (&self.picture_description_local, "picture_description_local"),
        ] {
            warn(config.is_some(), option, NO_MODEL);
        }

        let preset = &self.vlm_pipeline_preset;
        let asked = preset.as_ref().is_some_and(|p| p != "default");
        warn(asked, "vlm_pipeline_preset", NO_VLM);
        warn(self.vlm_pipeline_model.is_some(), "vlm_pipeline_model", NO_VLM);
        for (config, option) in [
            (&self.vlm_pipeline_custom_config, "vlm_pipeline_custom_config"),
            (&self.vlm_pipeline_model_local, "vlm_pipeline_model_local"),
            (&self.vlm_pipeline_model_api, "vlm_pipeline_model_api"),
        ] {
            warn(config.is_some(), option, NO_VLM);
        }
        out
    }
}
