//! The engine of this process as a provider.

use std::sync::Arc;

use super::request::{Granularity, OcrRequest};
use super::response::{CAPABILITIES, OcrModel, OcrResponse, Usage, made_id};
use super::{OcrProvider, answer, images};
use crate::call::Call;
use crate::document::Document;
use crate::engine::Engine;
use crate::error::{Error, Result, Warning};
use crate::export::MarkdownOptions;
use crate::options::{ImageExportMode, OcrEngine, Options, OutputFormat, Profile};
use crate::source::Source;

/// The one model, by its full name.
const MODEL: &str = "docling/docling-latest";
/// Other names it goes by.
const ALIASES: [&str; 4] =
    ["docling-latest", "opper/docling-latest", "mistral-ocr-latest", "recto"];
/// What a request for annotations is told.
const NO_LANGUAGE_MODEL: &str = "the engine runs no language model; name one that does in \
     recto.toml, as base_url and model of [annotations] (docs/config.md), or put an Annotator in \
     front of the provider";
/// The provider's name.
const PROVIDER: &str = "docling";

/// Reads with an [`Engine`] of this process, as `docling/docling-latest`.
///
/// It also answers to `docling-latest`, `opper/docling-latest`, `mistral-ocr-latest`, `recto` and
/// to no model at all. [`OcrRequest::parameters`] takes docling's options by their names in JSON
/// (see [`Options::from_docling_json`]), over [`Options::default`] or what
/// [`with_options`](Self::with_options) was given.
///
/// Page headers and footers are part of the markdown where they stand, unless the request extracts
/// them or [`with_profile`](Self::with_profile) asks for docling's markdown. Boxes are pixels of the page as it was
/// recognised, or at 200 dots per inch where its text layer was read.
#[derive(Clone, Debug)]
pub struct LocalProvider {
    engine: Arc<Engine>,
    options: Options,
    profile: Profile,
}

impl LocalProvider {
    /// A provider over the engine, with default options.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine, options: Options::default(), profile: Profile::Full }
    }

    /// The same, with other options for requests that do not say otherwise.
    #[must_use]
    pub fn with_options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// The same, with the choice of what markdown holds. Default: [`Profile::Full`].
    #[must_use]
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }
}

impl OcrProvider for LocalProvider {
    fn name(&self) -> &str {
        PROVIDER
    }

    fn models(&self) -> Result<Vec<OcrModel>> {
        Ok(vec![OcrModel {
            id: MODEL.to_owned(),
            aliases: ALIASES.map(str::to_owned).to_vec(),
            provider: PROVIDER.to_owned(),
            price_per_page: Some(0.0),
            capabilities: CAPABILITIES.map(str::to_owned).to_vec(),
        }])
    }

    fn ocr(&self, request: &OcrRequest, call: &Call) -> Result<OcrResponse> {
        check_model(request.model.as_deref())?;
        let (options, warnings) = prepare(&self.options, request)?;
        let mut source = named_source(request);
        if request.include_image_base64 {
            // Read and drawn from the same bytes.
            source = self.engine.load(&source, call)?;
        }
        let document = self.engine.read_with(source.clone(), &options, call)?;
        let mut response = respond(&document, request, &options, self.profile, warnings);
        if request.include_image_base64 {
            let pages = &mut response.pages;
            let failed = images::attach(&self.engine, &source, &options, &document, pages, call);
            response.warnings.extend(failed);
        }
        Ok(response)
    }
}

/// Fails unless the name is one of the model's.
fn check_model(model: Option<&str>) -> Result<()> {
    let known = |name: &str| name.is_empty() || name == MODEL || ALIASES.contains(&name);
    match model.map(str::trim) {
        Some(name) if !known(name) => Err(Error::UnknownModel {
            model: name.to_owned(),
            known: format!("{MODEL}, {}", ALIASES.join(", ")),
        }),
        _ => Ok(()),
    }
}

/// The request's options over the provider's, and what of the request has no effect.
fn prepare(base: &Options, request: &OcrRequest) -> Result<(Options, Vec<Warning>)> {
    let mut options = base.clone();
    let mut warnings = options.apply_docling_json(&request.parameters)?;
    if let Some(pages) = &request.pages {
        if !request.parameters["page_range"].is_null() {
            warnings.push(Warning::option(
                "page_range",
                "page_range has no effect: the request names pages",
            ));
        }
        options.pages = Some(pages.clone());
    }
    if request.document_annotation_prompt.is_some() && request.document_annotation_format.is_none()
    {
        return Err(Error::invalid_option(
            "document_annotation_prompt",
            "it needs a document_annotation_format",
        ));
    }
    for (asked, option) in [
        (request.bbox_annotation_format.is_some(), "bbox_annotation_format"),
        (request.document_annotation_format.is_some(), "document_annotation_format"),
    ] {
        if asked {
            return Err(Error::invalid_option(option, NO_LANGUAGE_MODEL));
        }
    }
    let mut warn = |asked: bool, option: &str, why: &str| {
        if asked {
            warnings.push(Warning::option(option, format!("{option} has no effect: {why}")));
        }
    };
    warn(
        !request.fallbacks.is_empty(),
        "fallbacks",
        "the local engine was asked directly, and has no others to turn to",
    );
    warn(
        request.confidence == Some(Granularity::Block) && !request.include_blocks,
        "confidence",
        "scores of blocks come with blocks, which include_blocks asks for; pages have theirs",
    );
    // What only programs that write documents look at.
    let pages = "pages come as markdown here; POST /v1/convert/source writes documents";
    for format in options.to_formats.iter().filter(|format| **format != OutputFormat::Md) {
        warn(format.is_written(), "to_formats", pages);
    }
    let images = "include_image_base64 asks for images here";
    warn(options.image_export_mode != ImageExportMode::Placeholder, "image_export_mode", images);
    warn(options.include_page_images, "include_page_images", images);
    warn(options.images_scale != 2.0, "images_scale", images);
    Ok((options, warnings))
}

/// The document, under the request's name for it where its source has none.
fn named_source(request: &OcrRequest) -> Source {
    let source = request.document.clone();
    match &request.document_name {
        Some(name) if matches!(source, Source::Bytes { name: None, .. }) => source.named(name),
        _ => source,
    }
}

fn respond(
    document: &Document,
    request: &OcrRequest,
    options: &Options,
    profile: Profile,
    warnings: Vec<Warning>,
) -> OcrResponse {
    let markdown = MarkdownOptions { profile, ..MarkdownOptions::from(options) };
    let pages = answer::pages(document, request, &markdown);
    let id = request.id.clone().unwrap_or_else(|| made_id(&pages));

    let mut response = OcrResponse::new(id, MODEL, PROVIDER);
    response.status = document.status;
    response.usage = Usage {
        pages_processed: pages.len(),
        document_bytes: Some(document.byte_count),
        cost: Some(0.0),
    };
    response.confidence = document.confidence();
    response.language = document.language.clone();
    response.warnings = warnings;
    response.warnings.extend(document.warnings.iter().cloned());
    // Who names an engine wants to know which one it was.
    if options.engine != OcrEngine::Auto {
        let engines: Vec<&str> = document.engines().into_iter().map(OcrEngine::name).collect();
        response.extra_fields.insert("ocr_engine".to_owned(), engines.join(",").into());
    }
    if request.confidence == Some(Granularity::Document)
        && let Ok(scores) = serde_json::to_value(document.scores())
    {
        response.extra_fields.insert("document_confidence".to_owned(), scores);
    }
    response.pages = pages;
    response
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::document::{Block, Metadata, Page, Role, Status, TextSource, Timings};
    use crate::error::{ErrorKind, WarningCode};
    use crate::geometry::{Size, rect};
    use crate::options::{OcrMode, PageSet};

    fn document() -> Document {
        let figure = Block {
            role: Role::Figure,
            rect: rect(0.0, 0.0, 100.0, 100.0),
            text: String::new(),
            lines: Vec::new(),
            confidence: None,
            enrichment: None,
        };
        let page = Page {
            index: 2,
            size: Size::new(612.0, 792.0),
            rotation: 0,
            skew: 0.0,
            text_source: TextSource::TextLayer,
            resolution: None,
            engine: None,
            language: None,
            confidence: None,
            blocks: vec![figure],
            words: Vec::new(),
            rules: Vec::new(),
            placements: Vec::new(),
            links: Vec::new(),
        };
        Document {
            name: None,
            byte_count: 77,
            page_count: 9,
            status: Status::Partial,
            metadata: Metadata::default(),
            language: Some("sv".to_owned()),
            pages: vec![page],
            warnings: vec![Warning::new(WarningCode::PageFailed, "x")],
            timings: Timings::default(),
        }
    }

    fn warned(request: &OcrRequest) -> Vec<String> {
        let (_, warnings) = prepare(&Options::default(), request).unwrap();
        warnings.into_iter().filter_map(|w| w.option).collect()
    }

    #[test]
    fn the_model_goes_by_many_names() {
        for name in ALIASES.into_iter().chain([MODEL, "", " docling-latest "]) {
            assert!(check_model(Some(name)).is_ok(), "{name:?}");
        }
        assert!(check_model(None).is_ok());
        let error = check_model(Some("gpt-5")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains("docling/docling-latest"), "{error}");
    }

    #[test]
    fn parameters_are_doclings_options_over_the_providers() {
        let base = Options { dpi: Some(200.0), ..Options::default() };
        let request = OcrRequest {
            parameters: json!({ "force_ocr": true, "lang": ["en"], "nonsense": 1 }),
            pages: Some(PageSet::from_indices([3])),
            ..OcrRequest::default()
        };
        let (options, warnings) = prepare(&base, &request).unwrap();
        assert_eq!((options.ocr, options.dpi), (OcrMode::Always, Some(200.0)));
        assert_eq!(options.pages, Some(PageSet::from_indices([3])));
        assert!(options.do_pdf_heading_hierarchy);
        assert_eq!(warnings[0].option.as_deref(), Some("nonsense"));

        let bad = OcrRequest { parameters: json!("fast"), ..OcrRequest::default() };
        assert_eq!(prepare(&base, &bad).unwrap_err().kind(), ErrorKind::InvalidRequest);
    }

    #[test]
    fn every_field_without_effect_is_named() {
        assert!(warned(&OcrRequest::default()).is_empty());
        let request = OcrRequest {
            fallbacks: vec!["a/b".into()],
            confidence: Some(Granularity::Block),
            pages: Some(PageSet::from_indices([0])),
            parameters: json!({ "page_range": [1, 2] }),
            ..OcrRequest::default()
        };
        assert_eq!(warned(&request), ["page_range", "fallbacks", "confidence"]);
        let prompt =
            OcrRequest { document_annotation_prompt: Some("x".into()), ..OcrRequest::default() };
        assert!(prepare(&Options::default(), &prompt).is_err());
    }

    #[test]
    fn what_only_writers_of_documents_look_at_is_named() {
        let parameters = json!({
            "to_formats": ["md", "json"],
            "image_export_mode": "embedded",
            "include_page_images": true,
            "images_scale": 1,
        });
        let request = OcrRequest { parameters, ..OcrRequest::default() };
        let wanted = ["to_formats", "image_export_mode", "include_page_images", "images_scale"];
        assert_eq!(warned(&request), wanted);
    }

    #[test]
    fn annotations_without_a_language_model_are_refused_with_the_way_to_get_one() {
        let request =
            OcrRequest { bbox_annotation_format: Some(json!({})), ..OcrRequest::default() };
        let error = prepare(&Options::default(), &request).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        let error = error.to_string();
        assert!(error.starts_with("bbox_annotation_format: ") && error.contains("[annotations]"));
    }

    #[test]
    fn the_response_tells_who_read_what() {
        let request = OcrRequest::default();
        let respond = |request: &OcrRequest| {
            respond(&document(), request, &Options::default(), Profile::Docling, Vec::new())
        };
        let response = respond(&request);
        assert_eq!((response.model.as_str(), response.provider.as_str()), (MODEL, "docling"));
        assert_eq!(response.status, Status::Partial);
        assert_eq!((response.language.as_deref(), response.confidence), (Some("sv"), None));
        assert_eq!(response.usage.pages_processed, 1);
        assert_eq!(response.usage.document_bytes, Some(77));
        assert_eq!(response.pages[0].index, 2);
        let named: Vec<_> = response.warnings.iter().map(|w| w.option.as_deref()).collect();
        assert_eq!(named, [None]);

        assert!(response.id.starts_with("ocr_") && response.id.len() == 28);
        assert_eq!(respond(&request).id, response.id);
        assert_eq!(respond(&OcrRequest { id: Some("7".into()), ..request }).id, "7");
    }

    #[test]
    fn a_name_is_for_documents_without_one() {
        let mut request =
            OcrRequest { document_name: Some("a.pdf".into()), ..OcrRequest::default() };
        assert_eq!(named_source(&request).name(), "a.pdf");
        request.document = Source::path("b.pdf");
        assert_eq!(named_source(&request).name(), "b.pdf");
    }
}
