//! What to read and how hard to try.

mod choices;
mod chunking;
mod description;
mod docling;
mod fields;
mod pages;
mod secrets;
mod warnings;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use choices::{
    HeadingHierarchy, HiddenText, ImageExportMode, InputFormat, OcrEngine, OcrMode, OutputFormat,
    PdfBackend, Pipeline, Profile, TableMode,
};
pub use chunking::ChunkingOptions;
#[cfg(feature = "server")]
pub(crate) use chunking::NO_HYBRID;
pub(crate) use description::{Description, Endpoint};
pub use pages::PageSet;
pub(crate) use secrets::{url_without_secrets, without_secrets};

use crate::error::{Error, Result};
use crate::language::Language;

/// What to read and how hard to try. Every field says its default.
///
/// Names are docling's where docling has the option. [`Options::default`] is what reads best;
/// [`Options::docling`] is what docling does when nothing is said. Options that have no effect yet
/// are here to be set and kept; [`Options::warnings`] names those that were asked for.
///
/// ```
/// use recto::{OcrMode, Options};
///
/// let options = Options { ocr: OcrMode::Always, dpi: Some(300.0), ..Options::default() };
/// assert!(options.validate().is_ok());
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// When to recognise text in pixels (docling: `do_ocr`, `force_ocr`). Default: [`OcrMode::Auto`].
    pub ocr: OcrMode,
    /// Which recogniser (docling: `ocr_engine`, `ocr_preset`). Default: [`OcrEngine::Auto`].
    pub engine: OcrEngine,
    /// Languages of the text, the main one first (docling: `ocr_lang`). Default: empty, which
    /// detects among the installed ones.
    pub languages: Vec<Language>,
    /// Settings of the recogniser itself. `kind`, `lang` and `force_full_page_ocr` are taken over
    /// into [`engine`](Self::engine), [`languages`](Self::languages) and [`ocr`](Self::ocr) when
    /// docling's JSON is read; the rest has no effect. Default: `None`.
    pub ocr_custom_config: Option<Value>,

    /// Pages to read (docling: `page_range`). Default: `None`, all.
    pub pages: Option<PageSet>,
    /// Resolution for rasterising pages in dots per inch, 50 to 1200. Default: `None`, which takes
    /// 300, or the own resolution of a page that is one scan.
    pub dpi: Option<f32>,
    /// Password of an encrypted PDF. Default: `None`. Never serialised.
    #[serde(skip_serializing)]
    pub password: Option<String>,
    /// What becomes of text that nobody can see on the page. Default: [`HiddenText::Drop`]: such text
    /// is mostly meant to mislead the programs that read it.
    pub hidden_text: HiddenText,
    /// Formats that are accepted. Default: `None`, all that recto reads. No effect yet.
    pub from_formats: Option<Vec<InputFormat>>,
    /// Which program opens PDFs. Default: [`PdfBackend::DoclingParse`], for which recto's own
    /// reading with PDFium stands.
    pub pdf_backend: PdfBackend,
    /// Which chain of steps. Default: [`Pipeline::Standard`], the only one with an effect.
    pub pipeline: Pipeline,
    /// Time for the whole document, checked between steps; what is done by then is returned.
    /// Default: `None`, no limit.
    pub document_timeout: Option<Duration>,
    /// Whether a page that fails ends the read with an error. Default: `false`: the other pages
    /// are returned, with a warning.
    pub abort_on_error: bool,

    /// How hard to try on tables. Default: [`TableMode::Accurate`].
    pub table_mode: TableMode,
    /// Whether tables are rebuilt at all; otherwise their text is running text. Default: `true`.
    pub do_table_structure: bool,
    /// Whether cells take the text that stands in them on the page. Default: `true`; `false` has no
    /// effect.
    pub table_cell_matching: bool,
    /// A named set-up for tables: `default`, `tableformer_v1_accurate` and `tableformer_v1_fast` go
    /// to [`table_mode`](Self::table_mode). Default: `None`.
    pub table_structure_preset: Option<String>,
    /// A model for tables. Default: `None`. No effect yet.
    pub table_structure_custom_config: Option<Value>,

    /// Whether heading levels are inferred (docling: `do_pdf_heading_hierarchy`); otherwise every
    /// heading has level 2, as docling prints them. Default: `true`; docling's is `false`.
    pub do_pdf_heading_hierarchy: bool,
    /// How heading levels are inferred. Default: by everything. Other values have no effect yet.
    pub pdf_heading_hierarchy_options: HeadingHierarchy,
    /// A named layout model. Default: `None`. No effect yet.
    pub layout_preset: Option<String>,
    /// A layout model. Default: `None`. No effect yet.
    pub layout_custom_config: Option<Value>,

    /// Formats to write. Default: markdown. Read by programs that write documents; the library's
    /// user calls [`export`](crate::export) as needed.
    pub to_formats: Vec<OutputFormat>,
    /// What stands between pages in markdown. Default: empty, nothing.
    pub md_page_break_placeholder: String,
    /// Whether pipe tables go without padding that aligns their columns. Default: `true`; docling's
    /// is `false`.
    pub md_compact_tables: bool,
    /// How images are put into exports. Default: [`ImageExportMode::Placeholder`]. Read, like the
    /// three that follow, by programs that write documents.
    pub image_export_mode: ImageExportMode,
    /// Whether pictures are cut out for exports that hold images. Default: `true`.
    pub include_images: bool,
    /// Whether whole pages are kept as images. Default: `false`.
    pub include_page_images: bool,
    /// Scale of exported images, 1 for 72 dots per inch. Default: 2.
    pub images_scale: f32,
    /// Settings of the chunker. Default: `None`. No effect yet.
    pub chunking_options: Option<Value>,
    /// A named set-up of the chunker. Default: `None`. No effect yet.
    pub chunking_preset: Option<String>,

    /// Whether the language of code blocks is told. Default: `false`.
    pub do_code_enrichment: bool,
    /// Whether formulas set apart are read as LaTeX: from text layers by their glyphs, else by the
    /// engine's [`formula_reader`](crate::EngineBuilder::formula_reader). Default: `false`.
    pub do_formula_enrichment: bool,
    /// A named model for code and formulas. Default: `None`. No effect yet.
    pub code_formula_preset: Option<String>,
    /// A model for code and formulas. Default: `None`. No effect yet.
    pub code_formula_custom_config: Option<Value>,
    /// Whether pictures are classified, and codes on them read. Default: `false`.
    pub do_picture_classification: bool,
    /// A named model for classification. Default: `None`. No effect yet.
    pub picture_classification_preset: Option<String>,
    /// A model for classification. Default: `None`. No effect yet.
    pub picture_classification_custom_config: Option<Value>,
    /// Whether numbers are read from charts. Default: `false`. No effect yet.
    pub do_chart_extraction: bool,
    /// A named model for charts. Default: `None`. No effect yet.
    pub chart_extraction_preset: Option<String>,
    /// A model for charts. Default: `None`. No effect yet.
    pub chart_extraction_custom_config: Option<Value>,
    /// Whether pictures are described in words, by whom
    /// [`EngineBuilder::describer`](crate::EngineBuilder::describer) or `picture_description_api`
    /// names. Default: `false`.
    pub do_picture_description: bool,
    /// Smallest picture that is described, as a share of the page's area, 0 to 1. Default: 0.05.
    pub picture_description_area_threshold: f32,
    /// A named model for descriptions. Default: `None`. No effect yet.
    pub picture_description_preset: Option<String>,
    /// A model for descriptions. Default: `None`. No effect yet.
    pub picture_description_custom_config: Option<Value>,
    /// A local model for descriptions (docling calls it deprecated). Default: `None`. No effect yet.
    pub picture_description_local: Option<Value>,
    /// A service for descriptions: `url`, `headers`, `params`, `timeout`, `concurrency`, `prompt`,
    /// and `classification_allow`, `classification_deny`, `classification_min_confidence`. It is
    /// reached under the rules that documents are fetched by. Default: `None`.
    pub picture_description_api: Option<Value>,

    /// A named vision-language model. Default: `None`. No effect.
    pub vlm_pipeline_preset: Option<String>,
    /// A vision-language model. Default: `None`. No effect.
    pub vlm_pipeline_custom_config: Option<Value>,
    /// A vision-language model by its old name (docling calls it deprecated). Default: `None`. No
    /// effect.
    pub vlm_pipeline_model: Option<String>,
    /// A local vision-language model (docling calls it deprecated). Default: `None`. No effect.
    pub vlm_pipeline_model_local: Option<Value>,
    /// A vision-language service (docling calls it deprecated). Default: `None`. No effect.
    pub vlm_pipeline_model_api: Option<Value>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ocr: OcrMode::Auto,
            engine: OcrEngine::Auto,
            languages: Vec::new(),
            ocr_custom_config: None,
            pages: None,
            dpi: None,
            password: None,
            hidden_text: HiddenText::Drop,
            from_formats: None,
            pdf_backend: PdfBackend::DoclingParse,
            pipeline: Pipeline::Standard,
            document_timeout: None,
            abort_on_error: false,
            table_mode: TableMode::Accurate,
            do_table_structure: true,
            table_cell_matching: true,
            table_structure_preset: None,
            table_structure_custom_config: None,
            do_pdf_heading_hierarchy: true,
            pdf_heading_hierarchy_options: HeadingHierarchy::default(),
            layout_preset: None,
            layout_custom_config: None,
            to_formats: vec![OutputFormat::Md],
            md_page_break_placeholder: String::new(),
            md_compact_tables: true,
            image_export_mode: ImageExportMode::Placeholder,
            include_images: true,
            include_page_images: false,
            images_scale: 2.0,
            chunking_options: None,
            chunking_preset: None,
            do_code_enrichment: false,
            do_formula_enrichment: false,
            code_formula_preset: None,
            code_formula_custom_config: None,
            do_picture_classification: false,
            picture_classification_preset: None,
            picture_classification_custom_config: None,
            do_chart_extraction: false,
            chart_extraction_preset: None,
            chart_extraction_custom_config: None,
            do_picture_description: false,
            picture_description_area_threshold: 0.05,
            picture_description_preset: None,
            picture_description_custom_config: None,
            picture_description_local: None,
            picture_description_api: None,
            vlm_pipeline_preset: None,
            vlm_pipeline_custom_config: None,
            vlm_pipeline_model: None,
            vlm_pipeline_model_local: None,
            vlm_pipeline_model_api: None,
        }
    }
}

/// As JSON, without secrets.
impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fields = serde_json::to_value(self).map_err(|_| std::fmt::Error)?;
        let password = if self.password.is_some() { "Some(…)" } else { "None" };
        write!(f, "Options {{ {}, password: {password} }}", without_secrets(&fields))
    }
}

impl Options {
    /// docling's own defaults: heading levels are not inferred, table columns are padded.
    pub fn docling() -> Self {
        Self { do_pdf_heading_hierarchy: false, md_compact_tables: false, ..Self::default() }
    }

    /// Fails on values outside their documented range.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] naming the first such option.
    pub fn validate(&self) -> Result<()> {
        let within = |option: &'static str, value: f32, low: f32, high: f32| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            Err(Error::invalid_option(option, format!("{value} is not in {low} to {high}")))
        };
        if let Some(dpi) = self.dpi {
            within("dpi", dpi, 50.0, 1200.0)?;
        }
        // 0.1 is 7 dots per inch, 16 is 1152.
        within("images_scale", self.images_scale, 0.1, 16.0)?;
        let threshold = self.picture_description_area_threshold;
        within("picture_description_area_threshold", threshold, 0.0, 1.0)?;
        self.picture_description_api.as_ref().map_or(Ok(()), description::check)?;
        let headings = &self.pdf_heading_hierarchy_options;
        let name = "pdf_heading_hierarchy_options";
        within(name, f32::from(headings.max_level), 1.0, 6.0)?;
        within(name, headings.style_size_tolerance, 0.0, 1.0)?;
        within(name, headings.bookmark_match_threshold, 0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docling_differs_in_what_it_leaves_undone() {
        let options = Options::docling();
        assert!(!options.do_pdf_heading_hierarchy && !options.md_compact_tables);
        assert!(Options::default().do_pdf_heading_hierarchy);
        assert_eq!(options.to_formats, [OutputFormat::Md]);
    }

    #[test]
    fn values_out_of_range_are_named() {
        let with = |change: fn(&mut Options)| {
            let mut options = Options::default();
            change(&mut options);
            options.validate().map_err(|e| e.to_string())
        };
        assert_eq!(with(|_| ()), Ok(()));
        assert_eq!(with(|o| o.dpi = Some(9.0)), Err("dpi: 9 is not in 50 to 1200".into()));
        assert!(with(|o| o.dpi = Some(f32::NAN)).is_err());
        assert!(with(|o| o.images_scale = 0.0).is_err());
        assert!(with(|o| o.picture_description_area_threshold = 1.5).is_err());
        assert!(with(|o| o.pdf_heading_hierarchy_options.max_level = 9).is_err());
    }

    #[test]
    fn options_are_printed_without_secrets() {
        let options = Options {
            password: Some("secret-1".into()),
            picture_description_api: Some(serde_json::json!({
                "url": "http://x.example/", "headers": { "Authorization": "Bearer secret-2" },
            })),
            dpi: Some(123.0),
            ..Options::default()
        };
        let text = format!("{options:?}");
        assert!(text.contains("123.0") && text.contains("x.example"), "{text}");
        assert!(text.contains("password: Some(…)") && !text.contains("secret"), "{text}");
    }

    #[test]
    fn options_travel_as_json_without_the_password() {
        let options = Options {
            pages: Some(PageSet::up_to(1, 3)),
            password: Some("secret".into()),
            document_timeout: Some(Duration::from_secs(3)),
            ..Options::default()
        };
        let json = serde_json::to_string(&options).unwrap();
        assert!(!json.contains("secret"));
        let back: Options = serde_json::from_str(&json).unwrap();
        assert_eq!(back, Options { password: None, ..options });
        assert_eq!(serde_json::from_str::<Options>("{}").unwrap(), Options::default());
    }
}
