use serde_json::{Value, json};

use super::*;
use crate::error::ErrorKind;
use crate::source::Source;

fn provider(kind: RemoteKind) -> RemoteProvider {
    RemoteProvider::new("there", kind, Some("http://127.0.0.1:1/v1/")).unwrap()
}

fn request(model: &str) -> OcrRequest {
    let document = Source::bytes(*b"%PDF-1.7", "a.pdf");
    OcrRequest { model: Some(model.to_owned()), ..OcrRequest::new(document) }
}

#[test]
fn the_version_of_an_address_is_not_said_twice() {
    assert_eq!(provider(RemoteKind::Mistral).service.base.as_str(), "http://127.0.0.1:1/");
    let other = RemoteProvider::new("a", RemoteKind::Opper, Some("https://x.org/ocr/v3")).unwrap();
    assert_eq!(other.service.base.as_str(), "https://x.org/ocr");
}

#[test]
fn a_service_does_not_hear_its_own_name() {
    let mistral = provider(RemoteKind::Mistral);
    let model = |asked: &str| mistral.model(&request(asked)).unwrap();
    assert_eq!(model("there/mistral-ocr-4"), "mistral-ocr-4");
    assert_eq!(model("therefore"), "therefore");
    assert_eq!(model("a/b"), "a/b");
    for none in ["", "there", "there/"] {
        assert_eq!(model(none), "mistral-ocr-latest", "{none:?}");
    }
    let opper = provider(RemoteKind::Opper);
    let error = opper.model(&request("")).unwrap_err().to_string();
    assert_eq!(error, "model: there needs one: there/MODEL");
    let opper = opper.with_models(["m".to_owned()]);
    assert_eq!(opper.model(&request("")).unwrap(), "m");
}

#[test]
fn a_missing_key_is_told_when_it_is_needed() {
    let key = RemoteKey::Env("RECTO_TEST_NO_SUCH_KEY".to_owned());
    let mistral = provider(RemoteKind::Mistral).with_key(key);
    let error = mistral.ocr(&request("m"), &Call::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotInstalled);
    assert_eq!(
        error.to_string(),
        "the key of the provider there was not found; put it into the environment variable \
         RECTO_TEST_NO_SUCH_KEY"
    );
    let given = provider(RemoteKind::Mistral).with_key(RemoteKey::Given("secret".to_owned()));
    assert!(!format!("{given:?}").contains("secret"));
}

#[test]
fn pages_are_named_one_by_one() {
    let document = Document::of(&request("m")).unwrap();
    let pages = |text: &str| {
        let request = OcrRequest { pages: Some(text.parse().unwrap()), ..request("m") };
        let asked = Asked { request: &request, model: "m", document: &document, provider: "there" };
        asked.pages()
    };
    assert_eq!(pages("4,0-2,1").unwrap(), Some(vec![0, 1, 2, 4]));
    let error = pages("7-").unwrap_err().to_string();
    assert_eq!(
        error,
        "pages: there does not tell how long the document is; name the last page of 7-"
    );
    assert!(pages("0-99999999").is_err());
}

#[test]
fn configured_models_are_listed_without_asking() {
    let mistral =
        provider(RemoteKind::Mistral).with_models(["m".to_owned()]).with_price_per_page(0.5);
    let models = mistral.models().unwrap();
    assert_eq!((models[0].id.as_str(), models[0].price_per_page), ("there/m", Some(0.5)));
    assert_eq!(models[0].aliases, ["m"]);
    // Nobody answers at this address: what is known without asking is listed.
    let models = provider(RemoteKind::Mistral).models().unwrap();
    assert_eq!(models[0].id, "there/mistral-ocr-latest");
    assert!(provider(RemoteKind::Opper).models().unwrap().is_empty());
}

/// JSON made of the words that services use, in no order.
fn scrambled() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    let word = prop::sample::select(vec![
        "pages",
        "index",
        "markdown",
        "images",
        "tables",
        "blocks",
        "elements",
        "dimensions",
        "width",
        "height",
        "dpi",
        "top_left_x",
        "top_left_y",
        "bottom_right_x",
        "bottom_right_y",
        "image_base64",
        "id",
        "type",
        "content",
        "confidence_scores",
        "word_confidence_scores",
        "average_page_confidence_score",
        "text",
        "start_index",
        "usage_info",
        "warnings",
        "status",
        "message",
        "extra_fields",
        "document",
        "md_content",
        "json_content",
        "body",
        "children",
        "$ref",
        "texts",
        "prov",
        "page_no",
        "bbox",
        "l",
        "t",
        "r",
        "b",
        "label",
        "size",
        "errors",
        "error_message",
        "data",
        "grid",
        "1",
        "content_layer",
        "furniture",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "x",
            "#/texts/0",
            "#/body",
            "#",
            "picture",
            "success",
            "<!-- image -->",
            "a<!-- recto: next page -->b![Image](data:)",
            "page_header",
            "TOPLEFT",
            "-1",
            "é",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 96, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..8).prop_map(|fields| {
                fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            }),
        ]
    })
}

proptest::proptest! {
    /// Whatever a service says, there is a response or an error.
    #[test]
    fn no_answer_makes_a_reader_stumble(inner in scrambled(), other in scrambled()) {
        let document = Document::of(&request("m")).unwrap();
        let request = OcrRequest {
            include_blocks: true,
            include_image_base64: true,
            extract_header: true,
            ..request("m")
        };
        let asked = Asked { request: &request, model: "m", document: &document, provider: "there" };
        let page = json!({ "markdown": "a\n\nb", "blocks": [other], "elements": [other],
            "images": [other], "tables": [other], "dimensions": other, "confidence_scores": other });
        let texts = json!([
            { "label": "picture", "prov": [{ "page_no": 1, "bbox": other }], "image": other,
                "children": [{ "$ref": "#/texts/0" }, other] },
            inner,
        ]);
        let docling = json!({ "document": { "md_content": "a<!-- image -->", "json_content": {
            "pages": { "1": { "size": other }, "7": inner }, "texts": texts,
            "body": { "children": [{ "$ref": "#/texts/0" }, { "$ref": "#/texts/1" }] },
        } } });
        for answer in [
            inner.clone(),
            json!({ "pages": [page, inner], "usage": other, "extra_fields": other }),
            docling,
        ] {
            for read in [mistral::response, opper::response, docling_serve::response] {
                let mut response = OcrResponse::new("", "", "");
                if read(&answer, &asked, &mut response).is_ok() {
                    for page in &response.pages {
                        let boxes = page.images.iter().filter_map(|image| image.rect);
                        let blocks = page.blocks.iter().flatten().map(|block| block.rect);
                        for rect in boxes.chain(blocks) {
                            proptest::prop_assert!(rect.left <= rect.right && rect.top <= rect.bottom);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn models_say_what_their_service_takes() {
    let capabilities = |kind| {
        let provider = provider(kind).with_models(["m".to_owned()]);
        provider.models().unwrap().swap_remove(0).capabilities
    };
    let has = |kind, name: &str| capabilities(kind).iter().any(|c| c == name);
    for (kind, parameters, annotations, tables) in [
        (RemoteKind::Mistral, false, true, true),
        (RemoteKind::Bifrost, true, true, true),
        (RemoteKind::Opper, true, false, true),
        (RemoteKind::DoclingServe, true, false, false),
    ] {
        assert_eq!(has(kind, "parameters"), parameters, "{kind:?}");
        assert_eq!(has(kind, "bbox_annotation_format"), annotations, "{kind:?}");
        assert_eq!(has(kind, "document_annotation_format"), annotations, "{kind:?}");
        assert_eq!(has(kind, "table_format"), tables, "{kind:?}");
        assert!(has(kind, "pages"));
    }
}
