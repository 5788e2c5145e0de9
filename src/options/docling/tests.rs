//! One row per option: read from JSON, default as documented, honoured or warned about.

use serde_json::json;

use super::*;
use crate::options::{HeadingHierarchy, HiddenText, ImageExportMode, Pipeline};

fn read(value: Value) -> Options {
    Options::from_docling_json(&value).unwrap().0
}

fn refusal(value: Value) -> String {
    Options::from_docling_json(&value).unwrap_err().to_string()
}

/// Names of all options that are warned about, while reading or after.
fn warned(value: Value) -> Vec<String> {
    let (options, mut warnings) = Options::from_docling_json(&value).unwrap();
    warnings.extend(options.warnings());
    warnings.into_iter().filter_map(|w| w.option).collect()
}

/// Reads one option and gives the options with what they were before.
#[track_caller]
fn honoured(name: &str, value: Value, expect: fn(&mut Options)) {
    let mut wanted = Options::docling();
    expect(&mut wanted);
    assert_ne!(wanted, Options::docling(), "{name}: the value must differ from the default");
    assert_eq!(read(json!({ name: value.clone() })), wanted, "{name}");
    assert_eq!(warned(json!({ name: value })), Vec::<String>::new(), "{name}");
}

/// As above, for what has no effect: it is kept, and named.
#[track_caller]
fn kept(name: &str, value: Value, expect: fn(&mut Options)) {
    let mut wanted = Options::docling();
    expect(&mut wanted);
    assert_ne!(wanted, Options::docling(), "{name}: the value must differ from the default");
    assert_eq!(read(json!({ name: value.clone() })), wanted, "{name}");
    assert_eq!(warned(json!({ name: value })), [name], "{name}");
}

#[test]
fn nothing_said_is_doclings_default_without_warnings() {
    assert_eq!(read(json!({})), Options::docling());
    assert_eq!(read(Value::Null), Options::docling());
    assert!(warned(json!({})).is_empty());
}

#[test]
fn doclings_defaults_said_aloud_are_the_defaults() {
    let said: Value = serde_json::from_str(
        r#"{
        "to_formats": ["md"], "image_export_mode": "placeholder", "do_ocr": true,
        "force_ocr": false, "ocr_engine": "auto", "ocr_lang": null, "ocr_preset": "auto",
        "ocr_custom_config": null, "table_mode": "accurate", "table_cell_matching": true,
        "pipeline": "standard", "page_range": [1, 9223372036854775807], "document_timeout": null,
        "abort_on_error": false, "do_table_structure": true, "do_pdf_heading_hierarchy": false,
        "pdf_heading_hierarchy_options": {
            "enabled": false, "use_bookmarks": true, "use_numbering": true, "use_style": true,
            "use_font_style": true, "style_size_tolerance": 0.05, "max_level": 6,
            "bookmark_match_threshold": 0.8
        },
        "include_images": true, "include_page_images": false, "images_scale": 2.0,
        "md_page_break_placeholder": "", "md_compact_tables": false, "chunking_options": null,
        "chunking_preset": null, "do_code_enrichment": false, "do_formula_enrichment": false,
        "do_picture_classification": false, "do_chart_extraction": false,
        "chart_extraction_preset": null, "chart_extraction_custom_config": null,
        "do_picture_description": false, "picture_description_area_threshold": 0.05,
        "picture_description_local": null, "picture_description_api": null,
        "vlm_pipeline_model": null, "vlm_pipeline_model_local": null,
        "vlm_pipeline_model_api": null, "vlm_pipeline_preset": null,
        "picture_description_preset": null, "code_formula_preset": null,
        "vlm_pipeline_custom_config": null, "picture_description_custom_config": null,
        "code_formula_custom_config": null, "table_structure_preset": null,
        "table_structure_custom_config": null, "layout_custom_config": null,
        "layout_preset": null, "picture_classification_preset": null,
        "picture_classification_custom_config": null
    }"#,
    )
    .unwrap();
    assert_eq!(read(said.clone()), Options::docling());
    assert_eq!(warned(said), Vec::<String>::new());
}

#[test]
fn ocr_switches() {
    honoured("do_ocr", json!(false), |o| o.ocr = OcrMode::Never);
    honoured("force_ocr", json!("true"), |o| o.ocr = OcrMode::Always);
    assert_eq!(read(json!({ "do_ocr": false, "force_ocr": true })).ocr, OcrMode::Never);
    assert_eq!(refusal(json!({ "do_ocr": "maybe" })), "do_ocr: \"maybe\" is not true or false");
}

#[test]
fn ocr_engines_and_presets() {
    honoured("ocr_engine", json!("tesserocr"), |o| o.engine = OcrEngine::Tesseract);
    honoured("ocr_preset", json!("tesseract"), |o| o.engine = OcrEngine::Tesseract);
    honoured("ocr_engine", json!("easyocr"), |o| o.engine = OcrEngine::EasyOcr);
    honoured("ocr_engine", json!("rapidocr"), |o| o.engine = OcrEngine::RapidOcr);
    // Its own vocabulary comes first.
    let kannada = json!({ "ocr_engine": "rapidocr", "ocr_lang": ["ka"] });
    assert_eq!(read(kannada).languages[0].tag(), "kn");
    for name in FOREIGN_ENGINES {
        assert_eq!(read(json!({ "ocr_preset": name })).engine, OcrEngine::Auto);
        assert_eq!(warned(json!({ "ocr_preset": name })), ["ocr_preset"]);
    }
    // The old name fills in for a preset that says nothing, and gives way to one that does.
    let both = json!({ "ocr_engine": "tesseract", "ocr_preset": "auto" });
    assert_eq!(read(both.clone()).engine, OcrEngine::Tesseract);
    assert!(warned(both).is_empty());
    let clash = json!({ "ocr_engine": "easyocr", "ocr_preset": "tesseract" });
    assert_eq!(read(clash.clone()).engine, OcrEngine::Tesseract);
    assert_eq!(warned(clash), ["ocr_engine"]);
    assert!(refusal(json!({ "ocr_engine": "abbyy" })).contains("none of auto"));
}

#[test]
fn ocr_custom_config() {
    let config = json!({ "kind": "tesseract", "lang": ["en"], "force_full_page_ocr": true });
    let options = read(json!({ "ocr_custom_config": config }));
    assert_eq!((options.engine, options.ocr), (OcrEngine::Tesseract, OcrMode::Always));
    assert_eq!(options.languages, [Language::parse("en").unwrap()]);
    assert!(warned(json!({ "ocr_custom_config": config.to_string() })).is_empty());
    assert_eq!(warned(json!({ "ocr_custom_config": { "psm": 6 } })), ["ocr_custom_config"]);
    let both = json!({ "ocr_preset": "tesseract", "ocr_custom_config": config });
    assert!(refusal(both).contains("excludes ocr_custom_config"));
    assert!(refusal(json!({ "ocr_custom_config": "tesseract" })).contains("not an object"));
}

#[test]
fn languages_in_every_shape() {
    let wanted = [Language::parse("en").unwrap(), Language::parse("de").unwrap()];
    for name in ["lang", "ocr_lang"] {
        for value in [json!(["en", "de"]), json!("en,de"), json!("en + de"), json!(["en+de", "en"])]
        {
            assert_eq!(read(json!({ name: value.clone() })).languages, wanted, "{value}");
        }
    }
    assert!(read(json!({ "ocr_lang": [] })).languages.is_empty());
    assert!(read(json!({ "ocr_lang": ["auto"] })).languages.is_empty());
    assert!(refusal(json!({ "ocr_lang": [7] })).starts_with("ocr_lang: 7 is not"));
}

#[test]
fn input_formats_and_backends() {
    honoured("from_formats", json!(["docx", "pdf", "image"]), |o| {
        o.from_formats = Some(vec![InputFormat::Pdf, InputFormat::Image]);
    });
    kept("from_formats", json!(["pdf"]), |o| o.from_formats = Some(vec![InputFormat::Pdf]));
    assert!(refusal(json!({ "from_formats": ["pfd"] })).contains("\"pfd\" is none"));

    honoured("pdf_backend", json!("pypdfium2"), |o| o.pdf_backend = PdfBackend::Pypdfium2);
    for alias in ["docling_parse", "_docling_parse", "dlparse_v1", "dlparse_v2", "dlparse_v4"] {
        assert_eq!(warned(json!({ "pdf_backend": alias })), ["pdf_backend"]);
    }
    assert!(refusal(json!({ "pdf_backend": "poppler" })).starts_with("pdf_backend: "));

    honoured("pipeline", json!("legacy"), |o| o.pipeline = Pipeline::Legacy);
    kept("pipeline", json!("native"), |o| o.pipeline = Pipeline::Native);
    kept("pipeline", json!("vlm"), |o| o.pipeline = Pipeline::Vlm);
    kept("pipeline", json!("asr"), |o| o.pipeline = Pipeline::Asr);
    let refused = refusal(json!({ "pipeline": "magic" }));
    assert!(refused.contains("one of legacy, standard, native, vlm, asr"), "{refused}");
}

#[test]
fn page_ranges_count_from_one_and_may_end_past_the_document() {
    honoured("page_range", json!([2, 9]), |o| o.pages = Some(PageSet::up_to(1, 8)));
    honoured("page_range", json!(["1", "1"]), |o| o.pages = Some(PageSet::up_to(0, 0)));
    let to_the_end = read(json!({ "page_range": [3, i64::MAX] })).pages.unwrap();
    assert_eq!(to_the_end.resolve(5, "x").unwrap(), [2, 3, 4]);
    for bad in [json!([0, 3]), json!([3, 2]), json!([1]), json!("all"), json!([1.5, 2])] {
        assert!(refusal(json!({ "page_range": bad })).contains("counted from 1"));
    }
}

#[test]
fn limits_and_passwords() {
    honoured("document_timeout", json!(1.5), |o| {
        o.document_timeout = Some(Duration::from_millis(1500));
    });
    honoured("document_timeout", json!(604800), |o| {
        o.document_timeout = Some(Duration::from_secs(604_800));
    });
    for bad in [json!(0), json!(-1), json!("soon"), json!(1e300)] {
        assert!(refusal(json!({ "document_timeout": bad })).starts_with("document_timeout: "));
    }
    honoured("abort_on_error", json!(true), |o| o.abort_on_error = true);
    honoured("dpi", json!(200), |o| o.dpi = Some(200.0));
    honoured("hidden_text", json!("keep"), |o| o.hidden_text = HiddenText::Keep);
    assert!(refusal(json!({ "hidden_text": "show" })).contains("drop or keep"));
    honoured("password", json!("x"), |o| o.password = Some("x".into()));
    assert!(refusal(json!({ "dpi": 1 })).contains("50 to 1200"));
}

#[test]
fn tables() {
    honoured("table_mode", json!("fast"), |o| o.table_mode = TableMode::Fast);
    honoured("do_table_structure", json!(0), |o| o.do_table_structure = false);
    kept("table_cell_matching", json!(false), |o| o.table_cell_matching = false);
    honoured("table_structure_preset", json!("tableformer_v1_fast"), |o| {
        o.table_mode = TableMode::Fast;
        o.table_structure_preset = Some("tableformer_v1_fast".into());
    });
    kept("table_structure_preset", json!("tableformer_v2"), |o| {
        o.table_structure_preset = Some("tableformer_v2".into());
    });
    kept("table_structure_custom_config", json!({ "kind": "x" }), |o| {
        o.table_structure_custom_config = Some(json!({ "kind": "x" }));
    });
}

#[test]
fn headings_and_layout() {
    honoured("do_pdf_heading_hierarchy", json!(true), |o| o.do_pdf_heading_hierarchy = true);
    honoured("pdf_heading_hierarchy_options", json!({ "enabled": true }), |o| {
        o.do_pdf_heading_hierarchy = true;
    });
    kept("pdf_heading_hierarchy_options", json!({ "enabled": true, "max_level": 3 }), |o| {
        o.do_pdf_heading_hierarchy = true;
        o.pdf_heading_hierarchy_options =
            HeadingHierarchy { max_level: 3, ..HeadingHierarchy::default() };
    });
    assert!(
        refusal(json!({ "pdf_heading_hierarchy_options": { "max_level": 7 } })).contains("1 to 6")
    );
    honoured("layout_preset", json!("docling_layout_default"), |o| {
        o.layout_preset = Some("docling_layout_default".into());
    });
    kept("layout_preset", json!("heron"), |o| o.layout_preset = Some("heron".into()));
    kept("layout_custom_config", json!("{\"kind\": \"x\"}"), |o| {
        o.layout_custom_config = Some(json!({ "kind": "x" }));
    });
}

#[test]
fn output() {
    honoured("to_formats", json!(["text", "md"]), |o| {
        o.to_formats = vec![OutputFormat::Text, OutputFormat::Md];
    });
    honoured("to_formats", json!("json"), |o| o.to_formats = vec![OutputFormat::Json]);
    for name in ["yaml", "html", "html_split_page", "doctags", "chunks", "latex"] {
        assert!(warned(json!({ "to_formats": [name] })).is_empty(), "{name}");
    }
    for name in ["vtt", "doclang", "dclx"] {
        assert_eq!(warned(json!({ "to_formats": [name] })), ["to_formats"], "{name}");
    }
    for name in [
        "md",
        "text",
        "json",
        "yaml",
        "html",
        "html_split_page",
        "doctags",
        "vtt",
        "doclang",
        "dclx",
        "chunks",
        "latex",
    ] {
        assert_eq!(read(json!({ "to_formats": [name] })).to_formats[0].name(), name);
    }
    assert!(refusal(json!({ "to_formats": ["docx"] })).contains("html_split_page"));
    assert!(refusal(json!({ "to_formats": [] })).contains("at least one"));
    honoured("md_page_break_placeholder", json!("---"), |o| {
        o.md_page_break_placeholder = "---".into();
    });
    honoured("md_compact_tables", json!("on"), |o| o.md_compact_tables = true);
    honoured("image_export_mode", json!("embedded"), |o| {
        o.image_export_mode = ImageExportMode::Embedded;
    });
    honoured("image_export_mode", json!("referenced"), |o| {
        o.image_export_mode = ImageExportMode::Referenced;
    });
    honoured("include_images", json!(false), |o| o.include_images = false);
    honoured("include_page_images", json!(true), |o| o.include_page_images = true);
    honoured("images_scale", json!(1), |o| o.images_scale = 1.0);
    kept("chunking_options", json!({}), |o| o.chunking_options = Some(json!({})));
    kept("chunking_preset", json!("x"), |o| o.chunking_preset = Some("x".into()));
}

#[test]
fn enrichments() {
    honoured("do_code_enrichment", json!(true), |o| o.do_code_enrichment = true);
    honoured("do_formula_enrichment", json!(true), |o| o.do_formula_enrichment = true);
    // Codes on pictures are part of it.
    let classed = if cfg!(feature = "barcodes") { honoured } else { kept };
    classed("do_picture_classification", json!(true), |o| o.do_picture_classification = true);
    kept("do_chart_extraction", json!(true), |o| o.do_chart_extraction = true);
    honoured("do_picture_description", json!(true), |o| o.do_picture_description = true);
    kept("picture_description_area_threshold", json!(0.5), |o| {
        o.picture_description_area_threshold = 0.5;
    });
    assert!(refusal(json!({ "picture_description_area_threshold": 2 })).contains("0 to 1"));
    kept("code_formula_preset", json!("x"), |o| o.code_formula_preset = Some("x".into()));
    kept("picture_classification_preset", json!("x"), |o| {
        o.picture_classification_preset = Some("x".into());
    });
    kept("chart_extraction_preset", json!("x"), |o| o.chart_extraction_preset = Some("x".into()));
    kept("picture_description_preset", json!("x"), |o| {
        o.picture_description_preset = Some("x".into());
    });
    assert!(warned(json!({ "picture_description_preset": "default" })).is_empty());
    kept("code_formula_custom_config", json!({}), |o| {
        o.code_formula_custom_config = Some(json!({}));
    });
    kept("picture_classification_custom_config", json!({}), |o| {
        o.picture_classification_custom_config = Some(json!({}));
    });
    kept("chart_extraction_custom_config", json!({}), |o| {
        o.chart_extraction_custom_config = Some(json!({}));
    });
    kept("picture_description_custom_config", json!({}), |o| {
        o.picture_description_custom_config = Some(json!({}));
    });
    kept("picture_description_local", json!({ "repo_id": "a/b" }), |o| {
        o.picture_description_local = Some(json!({ "repo_id": "a/b" }));
    });
    kept("picture_description_api", json!({ "url": "http://x" }), |o| {
        o.picture_description_api = Some(json!({ "url": "http://x" }));
    });
}

#[test]
fn vision_language_models() {
    kept("vlm_pipeline_preset", json!("x"), |o| o.vlm_pipeline_preset = Some("x".into()));
    kept("vlm_pipeline_model", json!("x"), |o| o.vlm_pipeline_model = Some("x".into()));
    kept("vlm_pipeline_custom_config", json!({}), |o| {
        o.vlm_pipeline_custom_config = Some(json!({}));
    });
    kept("vlm_pipeline_model_local", json!({}), |o| o.vlm_pipeline_model_local = Some(json!({})));
    kept("vlm_pipeline_model_api", json!({}), |o| o.vlm_pipeline_model_api = Some(json!({})));
}

#[test]
fn what_excludes_each_other_is_refused() {
    for (one, other) in EXCLUSIVE {
        let value = |name: &str| {
            if name.ends_with("preset") || name == "vlm_pipeline_model" {
                json!("x")
            } else {
                json!({})
            }
        };
        let refused = refusal(json!({ one: value(one), other: value(other) }));
        assert!(refused.contains("give one of the two"), "{one} {other}: {refused}");
        assert!(read(json!({ one: value(one), other: null })) != Options::docling());
    }
    let mixed = json!({ "vlm_pipeline_preset": "x", "vlm_pipeline_model_api": {} });
    assert!(refusal(mixed).contains("give one of the two"));
}

#[test]
fn unknown_names_are_warned_about() {
    assert_eq!(warned(json!({ "do_orc": false, "colour": null })), ["colour", "do_orc"]);
    assert!(refusal(json!([1])).starts_with("options: "));
}

#[test]
fn recto_defaults_can_be_the_base() {
    let mut options = Options::default();
    let warnings = options.apply_docling_json(&json!({ "table_mode": "fast" })).unwrap();
    assert_eq!(options, Options { table_mode: TableMode::Fast, ..Options::default() });
    assert!(warnings.is_empty());
}
