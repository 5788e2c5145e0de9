//! docling's option names in JSON, as docling-serve and the services before it take them.

use std::time::Duration;

use serde_json::Value;

use super::fields::{
    Fields, boolean, choice, list, number, number_f32, object, some_text, text, whole, wrong,
};
use super::{
    InputFormat, OcrEngine, OcrMode, Options, OutputFormat, PageSet, PdfBackend, TableMode,
};
use crate::error::{Error, Result, Warning};
use crate::language::Language;

/// What of `ocr_custom_config` has an effect.
pub(super) const OCR_CONFIG_KEYS: [&str; 3] = ["kind", "lang", "force_full_page_ocr"];

/// docling's recognisers that stand on other hardware or services.
const FOREIGN_ENGINES: [&str; 3] = ["ocrmac", "nemotron-ocr", "kserve_v2_ocr"];

/// docling's names for formats that recto does not read.
const FOREIGN_INPUT: [&str; 38] = [
    "docx",
    "doc",
    "rtf",
    "pptx",
    "ppt",
    "html",
    "mhtml",
    "asciidoc",
    "md",
    "csv",
    "xlsx",
    "xls",
    "odt",
    "ods",
    "odp",
    "xml_uspto",
    "xml_jats",
    "xml_xbrl",
    "xml_doclang",
    "dclx",
    "mets_gbs",
    "json_docling",
    "audio",
    "video",
    "vtt",
    "latex",
    "email",
    "epub",
    "boxnote",
    "iwork_pages",
    "iwork_numbers",
    "iwork_keynote",
    "ebcdic",
    "afp",
    "xml",
    "json",
    "txt",
    "iwork",
];

/// Pairs of which only one may be given.
const EXCLUSIVE: [(&str, &str); 12] = [
    ("vlm_pipeline_preset", "vlm_pipeline_custom_config"),
    ("picture_description_preset", "picture_description_custom_config"),
    ("code_formula_preset", "code_formula_custom_config"),
    ("chart_extraction_preset", "chart_extraction_custom_config"),
    ("table_structure_preset", "table_structure_custom_config"),
    ("layout_preset", "layout_custom_config"),
    ("picture_classification_preset", "picture_classification_custom_config"),
    ("chunking_preset", "chunking_options"),
    ("picture_description_local", "picture_description_api"),
    ("vlm_pipeline_model", "vlm_pipeline_model_local"),
    ("vlm_pipeline_model", "vlm_pipeline_model_api"),
    ("vlm_pipeline_model_local", "vlm_pipeline_model_api"),
];

impl Options {
    /// Reads docling's options from a JSON object, over docling's defaults.
    ///
    /// Names, types and rules are docling's; null means unset. Beside them: `lang` for `ocr_lang`
    /// (either may be a list or a string, cut at commas and plus signs), and recto's own `dpi`,
    /// `hidden_text` and `password`. Values may be strings, as forms send them. The warnings returned are about the
    /// reading; those of [`Options::warnings`] come on top.
    ///
    /// ```
    /// use recto::Options;
    ///
    /// # fn main() -> recto::Result<()> {
    /// let json = serde_json::json!({ "force_ocr": true, "page_range": [1, 3], "tabel_mode": "fast" });
    /// let (options, warnings) = Options::from_docling_json(&json)?;
    /// assert_eq!(options.ocr, recto::OcrMode::Always);
    /// assert_eq!(warnings[0].option.as_deref(), Some("tabel_mode"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] for a value of the wrong type or range, an unknown name of an
    /// engine or format, or two options of which only one may be given;
    /// [`Error::UnknownLanguage`].
    pub fn from_docling_json(value: &Value) -> Result<(Self, Vec<Warning>)> {
        let mut options = Self::docling();
        let warnings = options.apply_docling_json(value)?;
        Ok((options, warnings))
    }

    /// The same, over the options as they are.
    ///
    /// # Errors
    ///
    /// As [`Options::from_docling_json`]; the options are then as before.
    pub fn apply_docling_json(&mut self, value: &Value) -> Result<Vec<Warning>> {
        let map = match value {
            Value::Object(map) => map,
            Value::Null => return Ok(Vec::new()),
            other => return Err(wrong("options", other, "an object")),
        };
        let mut warnings = Vec::new();
        let mut fields = Fields::new(map);
        check_exclusive(&mut fields)?;
        let mut read = self.clone();
        read.read_ocr(&mut fields, &mut warnings)?;
        read.read_input(&mut fields, &mut warnings)?;
        read.read_layout(&mut fields)?;
        read.read_output(&mut fields)?;
        read.read_enrichments(&mut fields)?;
        warnings.extend(fields.unknown());
        read.validate()?;
        *self = read;
        Ok(warnings)
    }

    fn read_ocr(&mut self, fields: &mut Fields<'_>, warnings: &mut Vec<Warning>) -> Result<()> {
        let mut do_ocr = self.ocr != OcrMode::Never;
        let mut force_ocr = self.ocr == OcrMode::Always;
        fields.set("do_ocr", &mut do_ocr, boolean)?;
        fields.set("force_ocr", &mut force_ocr, boolean)?;

        let mut engine = None;
        let mut preset = None;
        fields.set("ocr_engine", &mut engine, some_text)?;
        fields.set("ocr_preset", &mut preset, some_text)?;
        // `ocr_engine` is the old name: the new one counts, unless it says nothing.
        let preset = preset.filter(|p| engine.is_none() || !matches!(&**p, "auto" | "default"));
        if let (Some(old), Some(new)) = (&engine, &preset)
            && old != new
        {
            warnings.push(Warning::option(
                "ocr_engine",
                format!("ocr_engine has no effect: ocr_preset asks for {new}"),
            ));
        }
        if let Some(name) = preset.as_ref().or(engine.as_ref()) {
            let option = if preset.is_some() { "ocr_preset" } else { "ocr_engine" };
            self.engine = engine_named(option, name, warnings)?;
        }

        for name in ["lang", "ocr_lang"] {
            if let Some(value) = fields.value(name) {
                self.languages = languages(value, self.engine)?;
            }
        }

        fields.set("ocr_custom_config", &mut self.ocr_custom_config, object)?;
        if let Some(Value::Object(config)) = &self.ocr_custom_config {
            if preset.as_ref().is_some_and(|p| p != "auto") {
                return Err(both("ocr_preset", "ocr_custom_config"));
            }
            let mut config = Fields::new(config);
            let mut kind = None;
            config.set("kind", &mut kind, some_text)?;
            if let Some(kind) = kind {
                self.engine = engine_named("ocr_custom_config", &kind, warnings)?;
            }
            config.set("force_full_page_ocr", &mut force_ocr, boolean)?;
            if let Some(value) = config.value("lang") {
                self.languages = languages(value, self.engine)?;
            }
        }
        self.ocr = match (do_ocr, force_ocr) {
            (false, _) => OcrMode::Never,
            (true, true) => OcrMode::Always,
            (true, false) => OcrMode::Auto,
        };
        Ok(())
    }

    fn read_input(&mut self, fields: &mut Fields<'_>, warnings: &mut Vec<Warning>) -> Result<()> {
        fields.set("from_formats", &mut self.from_formats, |v| input_formats(v).map(Some))?;
        if let Some(value) = fields.value("pdf_backend") {
            self.pdf_backend = match value.as_str() {
                Some("pypdfium2") => PdfBackend::Pypdfium2,
                Some(
                    "docling_parse" | "_docling_parse" | "dlparse_v1" | "dlparse_v2" | "dlparse_v4",
                ) => {
                    warnings.push(Warning::option(
                        "pdf_backend",
                        "pdf_backend has no effect: every PDF is opened with PDFium",
                    ));
                    PdfBackend::DoclingParse
                }
                _ => return Err(wrong("pdf_backend", value, "one of pypdfium2, docling_parse")),
            };
        }
        fields.set("pipeline", &mut self.pipeline, choice)?;
        fields.set("page_range", &mut self.pages, page_range)?;
        fields.set("document_timeout", &mut self.document_timeout, |v| {
            let seconds = number(v)?;
            let timeout = (seconds > 0.0).then(|| Duration::try_from_secs_f64(seconds).ok());
            timeout.flatten().map(Some).ok_or_else(|| "a number of seconds above 0".to_owned())
        })?;
        fields.set("abort_on_error", &mut self.abort_on_error, boolean)?;
        fields.set("dpi", &mut self.dpi, |v| number_f32(v).map(Some))?;
        fields.set("hidden_text", &mut self.hidden_text, choice)?;
        fields.set("password", &mut self.password, |v| text(v).map(Some))
    }

    fn read_layout(&mut self, fields: &mut Fields<'_>) -> Result<()> {
        if let Some(value) = fields.value("table_structure_preset") {
            let preset = text(value).map_err(|e| wrong("table_structure_preset", value, &e))?;
            match preset.as_str() {
                "tableformer_v1_accurate" => self.table_mode = TableMode::Accurate,
                "tableformer_v1_fast" => self.table_mode = TableMode::Fast,
                _ => {}
            }
            self.table_structure_preset = Some(preset);
        }
        let custom = &mut self.table_structure_custom_config;
        fields.set("table_structure_custom_config", custom, object)?;
        fields.set("table_mode", &mut self.table_mode, choice)?;
        fields.set("do_table_structure", &mut self.do_table_structure, boolean)?;
        fields.set("table_cell_matching", &mut self.table_cell_matching, boolean)?;

        fields.set("do_pdf_heading_hierarchy", &mut self.do_pdf_heading_hierarchy, boolean)?;
        let mut hierarchy = None;
        fields.set("pdf_heading_hierarchy_options", &mut hierarchy, object)?;
        if let Some(Value::Object(map)) = &hierarchy {
            let mut inner = Fields::new(map);
            let headings = &mut self.pdf_heading_hierarchy_options;
            // Either switch turns it on.
            let mut enabled = false;
            inner.set("enabled", &mut enabled, boolean)?;
            self.do_pdf_heading_hierarchy |= enabled;
            inner.set("use_bookmarks", &mut headings.use_bookmarks, boolean)?;
            inner.set("use_numbering", &mut headings.use_numbering, boolean)?;
            inner.set("use_style", &mut headings.use_style, boolean)?;
            inner.set("use_font_style", &mut headings.use_font_style, boolean)?;
            inner.set("style_size_tolerance", &mut headings.style_size_tolerance, number_f32)?;
            let threshold = &mut headings.bookmark_match_threshold;
            inner.set("bookmark_match_threshold", threshold, number_f32)?;
            inner.set("max_level", &mut headings.max_level, |v| {
                whole(v)?.try_into().map_err(|_| "a level from 1 to 6".to_owned())
            })?;
        }
        fields.set("layout_preset", &mut self.layout_preset, some_text)?;
        fields.set("layout_custom_config", &mut self.layout_custom_config, object)
    }

    fn read_output(&mut self, fields: &mut Fields<'_>) -> Result<()> {
        fields.set("to_formats", &mut self.to_formats, |v| {
            let formats = list(v).iter().map(choice).collect::<Result<Vec<OutputFormat>, _>>()?;
            if formats.is_empty() {
                Err("a list with at least one format".to_owned())
            } else {
                Ok(formats)
            }
        })?;
        fields.set("md_page_break_placeholder", &mut self.md_page_break_placeholder, text)?;
        fields.set("md_compact_tables", &mut self.md_compact_tables, boolean)?;
        fields.set("image_export_mode", &mut self.image_export_mode, choice)?;
        fields.set("include_images", &mut self.include_images, boolean)?;
        fields.set("include_page_images", &mut self.include_page_images, boolean)?;
        fields.set("images_scale", &mut self.images_scale, number_f32)?;
        fields.set("chunking_options", &mut self.chunking_options, object)?;
        fields.set("chunking_preset", &mut self.chunking_preset, some_text)
    }

    fn read_enrichments(&mut self, fields: &mut Fields<'_>) -> Result<()> {
        for (name, place) in [
            ("do_code_enrichment", &mut self.do_code_enrichment),
            ("do_formula_enrichment", &mut self.do_formula_enrichment),
            ("do_picture_classification", &mut self.do_picture_classification),
            ("do_chart_extraction", &mut self.do_chart_extraction),
            ("do_picture_description", &mut self.do_picture_description),
        ] {
            fields.set(name, place, boolean)?;
        }
        let threshold = &mut self.picture_description_area_threshold;
        fields.set("picture_description_area_threshold", threshold, number_f32)?;
        for (name, place) in [
            ("code_formula_preset", &mut self.code_formula_preset),
            ("picture_classification_preset", &mut self.picture_classification_preset),
            ("chart_extraction_preset", &mut self.chart_extraction_preset),
            ("picture_description_preset", &mut self.picture_description_preset),
            ("vlm_pipeline_preset", &mut self.vlm_pipeline_preset),
            ("vlm_pipeline_model", &mut self.vlm_pipeline_model),
        ] {
            fields.set(name, place, some_text)?;
        }
        for (name, place) in [
            ("code_formula_custom_config", &mut self.code_formula_custom_config),
            (
                "picture_classification_custom_config",
                &mut self.picture_classification_custom_config,
            ),
            ("chart_extraction_custom_config", &mut self.chart_extraction_custom_config),
            ("picture_description_custom_config", &mut self.picture_description_custom_config),
            ("picture_description_local", &mut self.picture_description_local),
            ("picture_description_api", &mut self.picture_description_api),
            ("vlm_pipeline_custom_config", &mut self.vlm_pipeline_custom_config),
            ("vlm_pipeline_model_local", &mut self.vlm_pipeline_model_local),
            ("vlm_pipeline_model_api", &mut self.vlm_pipeline_model_api),
        ] {
            fields.set(name, place, object)?;
        }
        Ok(())
    }
}

fn both(one: &'static str, other: &'static str) -> Error {
    Error::invalid_option(one, format!("it excludes {other}; give one of the two"))
}

fn check_exclusive(fields: &mut Fields<'_>) -> Result<()> {
    let mut given = |name: &str| {
        fields.value(name).is_some_and(|value| value.as_str().is_none_or(|s| !s.trim().is_empty()))
    };
    for (one, other) in EXCLUSIVE {
        if given(one) && given(other) {
            return Err(both(one, other));
        }
    }
    for old in ["vlm_pipeline_model", "vlm_pipeline_model_local", "vlm_pipeline_model_api"] {
        for new in ["vlm_pipeline_preset", "vlm_pipeline_custom_config"] {
            if given(old) && given(new) {
                return Err(both(old, new));
            }
        }
    }
    Ok(())
}

fn engine_named(
    option: &'static str,
    name: &str,
    warnings: &mut Vec<Warning>,
) -> Result<OcrEngine> {
    let name = name.trim();
    if FOREIGN_ENGINES.contains(&name) {
        warnings.push(Warning::option(
            option,
            format!(
                "{option} has no effect: {name} is not built in; the best engine at hand reads"
            ),
        ));
        return Ok(OcrEngine::Auto);
    }
    name.parse().map_err(|error| match error {
        Error::InvalidOption { detail, .. } => Error::invalid_option(option, detail),
        other => other,
    })
}

/// Codes in a list or a string, in any of the vocabularies, that of the engine first, cut at commas and plus signs. "auto"
/// stands for detection.
fn languages(value: &Value, engine: OcrEngine) -> Result<Vec<Language>> {
    let mut languages: Vec<Language> = Vec::new();
    for part in list(value) {
        let Some(codes) = part.as_str() else {
            return Err(wrong("ocr_lang", &part, "a language code"));
        };
        for code in codes.split([',', '+']).map(str::trim) {
            if code.is_empty() || code == "auto" {
                continue;
            }
            let language = Language::parse_for(code, engine)?;
            if !languages.contains(&language) {
                languages.push(language);
            }
        }
    }
    Ok(languages)
}

/// docling's formats; those that recto does not read are left out.
fn input_formats(value: &Value) -> Result<Vec<InputFormat>, String> {
    let mut formats = Vec::new();
    for part in list(value) {
        match part.as_str() {
            Some("pdf") => formats.push(InputFormat::Pdf),
            Some("image") => formats.push(InputFormat::Image),
            Some(other) if FOREIGN_INPUT.contains(&other) => {}
            _ => return Err(format!("a list of docling's input formats: {part} is none")),
        }
    }
    Ok(formats)
}

/// `[first, last]`, from 1, both included; the last may lie past the document's end.
fn page_range(value: &Value) -> Result<Option<PageSet>, String> {
    /// docling's own way of saying "to the end".
    const MAX: u64 = i64::MAX as u64;

    let ends = list(value).iter().map(whole).collect::<Result<Vec<u64>, _>>();
    let (first, last) = match ends.as_deref() {
        Ok(&[first, last]) if first >= 1 && last >= first => (first, last),
        _ => return Err("[first, last] with pages counted from 1".to_owned()),
    };
    if first == 1 && last >= MAX {
        return Ok(None);
    }
    let index = |page: u64| usize::try_from(page - 1).unwrap_or(usize::MAX);
    Ok(Some(PageSet::up_to(index(first), index(last))))
}

#[cfg(test)]
mod tests;
