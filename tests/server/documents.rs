//! Documents in all their forms, and the fields of requests as clients send them.

use axum::http::StatusCode;
use recto::server::Settings;
use serde_json::{Value, json};

use super::{data_uri, echo, echoed, in_base64, post, post_with, real, warned, with};

#[tokio::test]
async fn every_form_of_a_document_gives_the_same_pages() {
    let router = real();
    let (uri, base64) = (data_uri("pages/code.pdf"), in_base64("pages/code.pdf"));
    let mut first = None;
    for document in [
        json!({ "type": "document_url", "document_url": uri, "document_name": "code.pdf" }),
        json!({ "document_url": uri, "type": "document_url" }),
        json!({ "document_url": uri }),
        json!({ "document_url": uri, "document_name": null, "image_url": null }),
        json!({ "type": "image_url", "image_url": uri }),
        json!({ "type": "image_url", "image_url": { "url": uri, "detail": "auto" } }),
        json!({ "image_url": { "url": uri, "detail": null } }),
        json!({ "type": "base64", "content": base64, "document_name": "code.pdf" }),
        json!({ "content": uri }),
    ] {
        for path in ["/v1/ocr", "/ocr", "/v2/ocr"] {
            let answer = post(&router, path, &json!({ "document": document })).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
            let body = answer.json();
            assert_eq!(body["warnings"], json!([]), "{document}");
            let pages = first.get_or_insert_with(|| body["pages"].clone());
            assert_eq!(body["pages"], *pages);
        }
        let answer = post(&router, "/v3/ocr", &json!({ "document": document })).await.json();
        let markdown = first.as_ref().map(|pages| &pages[0]["markdown"]);
        assert_eq!(Some(&answer["pages"][0]["markdown"]), markdown);
    }
}

#[tokio::test]
async fn a_scan_is_read_as_an_image() {
    let uri = format!("data:image/png;base64,{}", in_base64("broken/one-pixel.png"));
    let body = json!({ "document": { "type": "image_url", "image_url": uri } });
    let answer = post(&real(), "/v1/ocr", &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let size = &answer.json()["pages"][0]["dimensions"];
    for edge in ["width", "height", "dpi"] {
        assert!(size[edge].as_u64().is_some_and(|n| n > 0), "{size}");
    }
}

fn base() -> Value {
    json!({ "document": { "type": "base64", "content": "JVBERg==", "document_name": "a.pdf" } })
}

#[tokio::test]
async fn fields_reach_the_provider() {
    let router = echo(Settings::default());
    let more = json!({
        "model": "some/model", "id": "7", "pages": "0,2-4", "include_image_base64": true,
        "image_limit": 5, "image_min_size": 10.0, "table_format": "html", "extract_header": true,
        "extract_footer": true, "include_blocks": true, "confidence_scores_granularity": "word",
        "bbox_annotation_format": { "type": "json_schema" },
        "document_annotation_format": "{\"type\": \"text\"}",
        "document_annotation_prompt": "sum up", "fallbacks": ["a/b"],
        "parameters": { "lang": ["sv"] }, "do_ocr": true,
    });
    let asked = echoed(&post(&router, "/v1/ocr", &with(base(), more)).await);
    for part in [
        "id: Some(\"7\")",
        "model: Some(\"some/model\")",
        "document_name: Some(\"a.pdf\")",
        "pages: Some(PageSet { ranges: [(0, At(0)), (2, At(4))] })",
        "include_image_base64: true",
        "image_limit: Some(5)",
        "image_min_size: Some(10)",
        "table_format: Some(Html)",
        "extract_header: true",
        "extract_footer: true",
        "include_blocks: true",
        "confidence: Some(Word)",
        "bbox_annotation_format: Some(Object {\"type\": String(\"json_schema\")})",
        "document_annotation_format: Some(Object {\"type\": String(\"text\")})",
        "document_annotation_prompt: Some(\"sum up\")",
        "fallbacks: [\"a/b\"]",
        "parameters: Object {\"do_ocr\": Bool(true), \"lang\": Array [String(\"sv\")]}",
    ] {
        assert!(asked.contains(part), "{part} is not in {asked}");
    }
}

#[tokio::test]
async fn nulls_are_as_good_as_nothing() {
    let router = echo(Settings::default());
    let fields = [
        "model",
        "id",
        "pages",
        "include_image_base64",
        "image_limit",
        "image_min_size",
        "table_format",
        "extract_header",
        "extract_footer",
        "include_blocks",
        "confidence_scores_granularity",
        "bbox_annotation_format",
        "document_annotation_format",
        "document_annotation_prompt",
        "fallbacks",
        "parameters",
        "include_raw",
        "ocr_engine",
    ];
    let nulls: Value = fields
        .iter()
        .map(|f| ((*f).to_owned(), Value::Null))
        .collect::<serde_json::Map<_, _>>()
        .into();
    for path in ["/v1/ocr", "/v2/ocr", "/v3/ocr"] {
        let plain = echoed(&post(&router, path, &base()).await);
        assert_eq!(echoed(&post(&router, path, &with(base(), nulls.clone())).await), plain);
    }
}

#[tokio::test]
async fn options_come_from_parameters_fields_and_a_header() {
    let router = echo(Settings::default());
    let body =
        with(base(), json!({ "parameters": { "lang": ["sv"] }, "lang": ["en"], "do_ocr": false }));
    let header = ("x-recto-parameters", "{\"force_ocr\": true, \"do_ocr\": true}");
    let answer = post_with(&router, "/v1/ocr", &[header], body.to_string()).await;
    let expected = "parameters: Object {\"do_ocr\": Bool(false), \"force_ocr\": Bool(true), \
                    \"lang\": Array [String(\"sv\")]}";
    assert!(echoed(&answer).contains(expected), "{}", echoed(&answer));
    assert_eq!(warned(&answer.json()), ["lang", "do_ocr"]);

    let answer =
        post_with(&router, "/v1/ocr", &[("x-recto-parameters", "lang=sv")], base().to_string())
            .await;
    let message = "the header X-Recto-Parameters should be a JSON object";
    let expected = json!({
        "detail": [{ "type": "json_invalid", "loc": ["body", "parameters"], "msg": message }],
    });
    assert_eq!((answer.status.as_u16(), answer.json()), (422, expected));
}

#[tokio::test]
async fn clients_of_opper_give_mistrals_fields_among_parameters() {
    let router = echo(Settings::default());
    let body = with(
        base(),
        json!({ "extract_footer": true, "parameters": {
            "table_format": "html", "extract_header": true, "confidence_scores_granularity": "page",
        } }),
    );
    let asked = echoed(&post(&router, "/v3/ocr", &body).await);
    for part in [
        "table_format: Some(Html)",
        "extract_header: true",
        "extract_footer: true",
        "confidence: Some(Page)",
        "parameters: Null",
    ] {
        assert!(asked.contains(part), "{part} is not in {asked}");
    }
    assert!(asked.contains("include_blocks: true"), "elements come unasked");
    let body = with(base(), json!({ "mistral_extra": { "table_format": "html", "lang": ["sv"] } }));
    let asked = echoed(&post(&router, "/v2/ocr", &body).await);
    assert!(asked.contains("Some(Html)") && asked.contains("\"lang\""), "{asked}");
}

#[tokio::test]
async fn what_has_no_effect_is_a_warning() {
    let body = with(
        json!({ "document": {
            "type": "image_url",
            "image_url": { "url": data_uri("pages/code.pdf"), "detail": "high" },
            "document_url": "https://example.org/a.pdf",
        } }),
        json!({
            "pages": [0, 0], "nonsense": 1, "stream": true, "fallbacks": ["a/b"],
            "confidence_scores_granularity": "block",
        }),
    );
    let answer = post(&real(), "/v1/ocr", &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let body = answer.json();
    assert_eq!(
        warned(&body),
        [
            "pages",
            "document.image_url.detail",
            "document.document_url",
            "nonsense",
            "stream",
            "fallbacks",
            "confidence_scores_granularity",
        ]
    );
    for warning in body["warnings"].as_array().unwrap() {
        assert_eq!(warning["code"], "option_not_honoured", "{warning}");
        assert!(warning["message"].as_str().is_some_and(|m| !m.is_empty()));
    }
}

#[tokio::test]
async fn urls_go_to_the_provider() {
    let router = echo(Settings::default());
    let body = json!({ "document": { "document_url": "https://example.org/a.pdf" } });
    let asked = echoed(&post(&router, "/v1/ocr", &body).await);
    assert!(asked.contains("document: Url("), "{asked}");
    for url in ["file:///etc/passwd", "/etc/passwd", "ftp://example.org/a.pdf"] {
        let body = json!({ "document": { "document_url": url } });
        assert_eq!(post(&router, "/v1/ocr", &body).await.status, 422, "{url}");
    }
}
