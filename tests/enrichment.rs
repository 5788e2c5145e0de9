//! What is found out about code and pictures, end to end: `testdata/enrichment/figures.pdf` has a
//! listing in Python, a QR code, a bar code and a chart.

// Helpers are not covered by clippy's allowances for tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use recto::export::{DoclingOptions, MarkdownOptions, docling_document, markdown};
use recto::{
    Call, Document, Engine, Event, Options, PageImage, PictureDescriber, PictureDescription,
    Profile, Progress, Role, Source, Status, Warning, WarningCode,
};
use serde_json::json;

#[cfg(feature = "remote")]
#[path = "../src/provider/http/stub.rs"]
mod stub;

const LINK: &str = "https://example.org/recto";

/// The share of the page that only the bar code has.
const SHARE: f64 = 0.033;

fn figures() -> Source {
    let file: PathBuf =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/enrichment/figures.pdf");
    Source::path(file)
}

fn read(engine: &Engine, options: &Options) -> Document {
    engine.read(figures(), options).unwrap()
}

fn plain() -> Engine {
    Engine::builder().workers(1).build().unwrap()
}

/// The options that each document is asked for, by docling's names.
fn asking(value: serde_json::Value) -> Options {
    Options::from_docling_json(&value).unwrap().0
}

#[test]
fn nothing_is_found_out_that_nobody_asked_for() {
    let document = read(&plain(), &Options::default());
    assert!(document.pages[0].blocks.iter().all(|block| block.enrichment.is_none()));
    let written = markdown(&document, &MarkdownOptions::default());
    assert!(written.contains("\n```\ndef area"), "{written}");
}

#[test]
fn the_language_of_a_listing_is_told() {
    let document = read(&plain(), &asking(json!({ "do_code_enrichment": true })));
    let code = document.pages[0].blocks.iter().find(|block| block.role == Role::Code).unwrap();
    let language = code.code_language().unwrap();
    assert_eq!(language.name, "Python");
    assert!(language.confidence > 0.7 && language.confidence <= 1.0);
    let written = markdown(&document, &MarkdownOptions::default());
    assert!(written.contains("\n```python\ndef area"), "{written}");
    let json = docling_document(&document, &DoclingOptions::default());
    let code = json["texts"].as_array().unwrap().iter().find(|t| t["label"] == "code").unwrap();
    assert_eq!(code["code_language"], "Python");
}

#[cfg(feature = "barcodes")]
#[test]
fn codes_on_pictures_are_read_and_pictures_classed() {
    let document = read(&plain(), &asking(json!({ "do_picture_classification": true })));
    assert_eq!(document.warnings, []);
    let figures: Vec<_> =
        document.pages[0].blocks.iter().filter(|block| block.role == Role::Figure).collect();
    assert!(figures.iter().all(|figure| !figure.picture().unwrap().classes.is_empty()));
    let codes: Vec<_> = figures.iter().flat_map(|f| &f.picture().unwrap().codes).collect();
    let mut texts: Vec<(&str, &str)> =
        codes.iter().map(|code| (code.format.as_str(), code.text.as_str())).collect();
    texts.sort_unstable();
    assert_eq!(texts, [("ean_13", "4006381333931"), ("qr_code", LINK)]);

    let json = docling_document(&document, &DoclingOptions::default());
    let pictures = json["pictures"].as_array().unwrap();
    let classed = |name: &str| {
        pictures
            .iter()
            .find(|p| p["meta"]["classification"]["predictions"][0]["class_name"] == name)
            .unwrap_or_else(|| panic!("no {name} in {pictures:?}"))
    };
    let prediction = &classed("qr_code")["meta"]["classification"]["predictions"][0];
    assert_eq!(prediction["recto__codes"][0]["text"], LINK);
    assert_eq!(prediction["created_by"], "recto");
    let annotation = &classed("bar_code")["annotations"][0];
    assert_eq!(annotation["kind"], "classification");
    assert_eq!(annotation["predicted_classes"][0]["confidence"], 1.0);

    // docling-core prints the class, recto what the code says.
    let options = MarkdownOptions { profile: Profile::Docling, ..MarkdownOptions::default() };
    assert!(markdown(&document, &options).contains("<!-- image -->\n\nQr code"));
    assert!(markdown(&document, &MarkdownOptions::default()).contains("example.org/recto"));
}

/// Says how large what it was shown is.
#[derive(Debug, Default)]
struct Describer {
    shown: Mutex<Vec<(u32, u32, String)>>,
}

impl PictureDescriber for Describer {
    fn describe(
        &self,
        picture: &PageImage,
        prompt: &str,
        _: &Call,
    ) -> recto::Result<PictureDescription> {
        let size = (picture.width(), picture.height(), prompt.to_owned());
        self.shown.lock().unwrap().push(size);
        let text = "A picture & its <text>.".to_owned();
        Ok(PictureDescription { text, model: "made-up".to_owned() })
    }
}

#[test]
fn only_pictures_of_some_size_are_described() {
    let describer = Arc::new(Describer::default());
    let engine =
        Engine::builder().workers(1).describer(Arc::clone(&describer) as _).build().unwrap();
    // The codes cover 2.9 and 3.7 hundredths of the page.
    read(&engine, &asking(json!({ "do_picture_description": true })));
    assert_eq!(describer.shown.lock().unwrap().len(), 0);
    let wish =
        json!({ "do_picture_description": true, "picture_description_area_threshold": SHARE });
    let document = read(&engine, &asking(wish));
    assert_eq!(document.warnings, []);
    assert_eq!(describer.shown.lock().unwrap().len(), 1);
    let json = docling_document(&document, &DoclingOptions::default());
    let described: Vec<_> = json["pictures"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|picture| picture["meta"]["description"]["text"].as_str())
        .collect();
    assert_eq!(described, ["A picture & its <text>."]);
    let full = markdown(&document, &MarkdownOptions::default());
    assert!(full.contains("<!-- image -->"), "{full}");

    let all = json!({ "do_picture_description": true, "picture_description_area_threshold": 0 });
    read(&engine, &asking(all));
    let figures = document.pages[0].blocks.iter().filter(|block| block.role == Role::Figure);
    assert_eq!(describer.shown.lock().unwrap().len(), 1 + figures.count());
}

#[test]
fn without_a_model_a_warning_says_how_to_name_one() {
    let document = read(&plain(), &asking(json!({ "do_picture_description": true })));
    assert_eq!(document.status, Status::Success);
    let [warning] = document.warnings.as_slice() else { panic!("{:?}", document.warnings) };
    assert_eq!(warning.option.as_deref(), Some("do_picture_description"));
    assert!(warning.message.contains("[annotations]"), "{}", warning.message);
}

/// Warnings that a call was told of.
#[derive(Debug, Default)]
struct Heard(Mutex<Vec<Warning>>);

impl Progress for Heard {
    fn on_event(&self, event: &Event) {
        if let Event::Warned(warning) = event {
            self.0.lock().unwrap().push(warning.clone());
        }
    }
}

#[test]
fn warnings_of_pages_that_are_handed_out_one_by_one_are_told_to_the_call() {
    let heard = Arc::new(Heard::default());
    let call = Call { progress: Some(heard.clone()), ..Call::default() };
    let options = asking(json!({ "do_picture_description": true }));
    let pages = plain().pages(figures(), &options, &call).unwrap();
    assert_eq!(pages.filter(|page| page.is_ok()).count(), 1);
    let heard = heard.0.lock().unwrap();
    assert_eq!(*heard, read(&plain(), &options).warnings);
    assert_eq!(heard[0].option.as_deref(), Some("do_picture_description"));
}

fn by_request(address: &str) -> Options {
    asking(json!({
        "do_picture_description": true,
        "picture_description_area_threshold": SHARE,
        "picture_description_api": {
            "url": format!("{address}/v1/chat/completions"),
            "headers": { "Authorization": "Bearer secret" },
            "params": { "model": "small", "max_tokens": 20 },
            "prompt": "What is it?",
        },
    }))
}

#[test]
fn a_service_that_a_request_names_is_not_reached_unless_that_is_allowed() {
    let document = read(&plain(), &by_request("http://127.0.0.1:9"));
    let [warning] = document.warnings.as_slice() else { panic!("{:?}", document.warnings) };
    assert_eq!(warning.option.as_deref(), Some("picture_description_api"));
    assert!(warning.message.contains("[fetch]"), "{}", warning.message);
}

#[cfg(feature = "remote")]
mod asked {
    use recto::UrlPolicy;

    use super::stub::Stub;
    use super::*;

    fn reaching(policy: UrlPolicy) -> Engine {
        Engine::builder().workers(1).url_policy(policy).build().unwrap()
    }

    #[test]
    fn a_service_that_a_request_names_is_asked_as_docling_asks() {
        let answer = json!({ "choices": [{ "message": { "content": " A bar chart. " } }] });
        let stub = Stub::new(&[("200 OK", &answer.to_string())]);
        let document = read(&reaching(UrlPolicy::Any), &by_request(&stub.base));
        assert_eq!(document.warnings, []);
        let [(head, body)] = &stub.seen()[..] else { panic!("one question") };
        assert!(head.starts_with("POST /v1/chat/completions") && head.contains("Bearer secret"));
        assert_eq!((&body["model"], &body["max_tokens"]), (&json!("small"), &json!(20)));
        let parts = &body["messages"][0]["content"];
        assert_eq!(parts[0]["text"], "What is it?");
        let image = parts[1]["image_url"]["url"].as_str().unwrap();
        assert!(image.starts_with("data:image/jpeg;base64,"));
        let described =
            document.pages[0].blocks.iter().find_map(|b| b.picture()?.description.clone());
        let wanted =
            PictureDescription { text: "A bar chart.".to_owned(), model: "small".to_owned() };
        assert_eq!(described, Some(wanted));
    }

    #[test]
    fn this_machine_is_not_public_and_a_failure_is_told() {
        let stub = Stub::new(&[("200 OK", "{}")]);
        for (policy, part) in
            [(UrlPolicy::Public, "not a public address"), (UrlPolicy::Any, "no text")]
        {
            let document = read(&reaching(policy), &by_request(&stub.base));
            assert_eq!(document.status, Status::Partial);
            let [warning] = document.warnings.as_slice() else { panic!("{:?}", document.warnings) };
            assert_eq!(warning.code, WarningCode::AnnotationFailed);
            assert!(warning.message.contains(part), "{}", warning.message);
        }
    }
}
