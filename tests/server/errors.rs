//! Every error, with its exact body in every dialect.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use super::{asking, echo, file, post, post_with, real, send, settings, with};
use recto::server::Settings;

/// A request that is fine.
fn fine() -> Value {
    json!({ "model": "m", "document": { "document_url": "data:;base64,JVBERg==" } })
}

async fn refused(path: &str, body: &Value) -> (u16, Value) {
    let answer = post(&echo(Settings::default()), path, body).await;
    (answer.status.as_u16(), answer.json())
}

/// FastAPI's list with one item.
fn detail(kind: &str, place: &[&str], message: &str, input: Option<Value>) -> Value {
    let mut item = json!({ "type": kind, "loc": place, "msg": message });
    if let Some(input) = input {
        item["input"] = input;
    }
    json!({ "detail": [item] })
}

fn mistral(status: u16, name: &str, code: &str, message: &str) -> Value {
    json!({
        "object": "error", "message": message, "type": name, "param": null, "code": code,
        "raw_status_code": status,
    })
}

fn opper(code: &str, message: &str) -> Value {
    json!({ "error": { "code": code, "message": message } })
}

#[tokio::test]
async fn a_missing_document_is_told_in_every_dialect() {
    let body = json!({ "model": "docling-latest" });
    let list = detail("missing", &["body", "document"], "Field required", None);
    for path in ["/v1/ocr", "/ocr", "/v2/ocr"] {
        assert_eq!(refused(path, &body).await, (422, list.clone()), "{path}");
    }
    let mut expected = opper("invalid_request", "document: Field required");
    expected["error"]["details"] = list["detail"].clone();
    assert_eq!(refused("/v3/ocr", &body).await, (400, expected));

    let answer = post_with(
        &echo(Settings::default()),
        "/v1/ocr",
        &[("x-recto-dialect", "bifrost")],
        body.to_string(),
    )
    .await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.json(),
        json!({
            "is_bifrost_error": true,
            "status_code": 400,
            "error": {
                "type": "invalid_request", "code": "invalid_request",
                "message": "document: Field required", "param": null,
            },
            "extra_fields": {
                "provider": "docling", "model_requested": "docling-latest", "request_type": "ocr",
                "error_type": "caller_invalid_request",
            },
        })
    );
}

#[tokio::test]
async fn bad_json_is_told_with_its_place() {
    let router = echo(Settings::default());
    let answer = post_with(&router, "/v1/ocr", &[], "{\"model\": }").await;
    let message = "JSON decode error: expected value at line 1 column 11";
    assert_eq!(answer.status, 422);
    assert_eq!(answer.json(), detail("json_invalid", &["body"], message, None));
    let answer = post_with(&router, "/v3/ocr", &[], "{\"model\": }").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["error"]["message"]),
        (400, &json!(message))
    );
    let answer = post_with(&router, "/v1/ocr", &[], "[1]").await;
    assert_eq!(answer.json(), detail("model_type", &["body"], "Input should be an object", None));
}

#[tokio::test]
async fn fields_of_a_wrong_type_are_named() {
    let pages = "Input should be a list of page numbers from 0, or a string like '0,2-4'";
    let text = "Input should be a valid string";
    let object = "Input should be an object";
    for (field, value, kind, message) in [
        ("model", json!(7), "string_type", text),
        ("id", json!(true), "string_type", text),
        ("include_blocks", json!("yes"), "bool_type", "Input should be a valid boolean"),
        ("include_image_base64", json!(1), "bool_type", "Input should be a valid boolean"),
        ("image_limit", json!(-1), "int_type", "Input should be a whole number, 0 or more"),
        ("image_min_size", json!(1.5), "int_type", "Input should be a whole number, 0 or more"),
        ("table_format", json!("csv"), "literal_error", "Input should be 'markdown' or 'html'"),
        (
            "confidence_scores_granularity",
            json!("token"),
            "literal_error",
            "Input should be 'document', 'page', 'block' or 'word'",
        ),
        ("pages", json!(3), "list_type", pages),
        (
            "pages",
            json!("2-x"),
            "value_error",
            "\"2-x\" is no page or range; pages count from 0, as in \"0,2-4\" or \"7-\"",
        ),
        ("document_annotation_prompt", json!(1), "string_type", text),
        ("document_annotation_format", json!(1), "dict_type", object),
        ("parameters", json!("fast"), "dict_type", object),
    ] {
        let body = with(fine(), json!({ field: value }));
        let expected = detail(kind, &["body", field], message, Some(value));
        assert_eq!(refused("/v1/ocr", &body).await, (422, expected), "{field}");
    }
    // Lists and objects are not repeated.
    for (value, kind, message) in [
        (json!([0, "1"]), "int_type", pages),
        (json!([-1]), "int_type", pages),
        (json!([]), "too_short", "Input should name at least one page; leave pages out for all"),
    ] {
        let body = with(fine(), json!({ "pages": value }));
        let expected = detail(kind, &["body", "pages"], message, None);
        assert_eq!(refused("/v1/ocr", &body).await, (422, expected));
    }
}

#[tokio::test]
async fn all_mistakes_of_a_request_are_told_at_once() {
    let body = json!({ "document": { "type": "document_url" }, "include_blocks": 1 });
    let (status, body) = refused("/v1/ocr", &body).await;
    let places: Vec<_> =
        body["detail"].as_array().unwrap().iter().map(|i| i["loc"].clone()).collect();
    assert_eq!(status, 422);
    let document = json!(["body", "document", "document_url"]);
    assert_eq!(places, [document, json!(["body", "include_blocks"])]);
}

#[tokio::test]
async fn documents_that_cannot_be_are_told() {
    let ways = "Input should be 'document_url', 'image_url', 'base64' or 'file'";
    let address = "Document content must be a URL (starting with 'https') or base64 encoded \
                   document (starting with 'data:application/<format>;base64,<document-base64>')";
    for (document, kind, place, message, input) in [
        (json!("a.pdf"), "model_type", vec![], "Input should be an object", Some(json!("a.pdf"))),
        (json!({}), "missing", vec!["type"], "Field required", None),
        (json!({ "type": "s3" }), "literal_error", vec!["type"], ways, Some(json!("s3"))),
        (
            json!({ "type": "image_url", "image_url": {} }),
            "missing",
            vec!["image_url", "url"],
            "Field required",
            None,
        ),
        (json!({ "type": "base64" }), "missing", vec!["content"], "Field required", None),
        (
            json!({ "document_url": "/etc/passwd" }),
            "value_error",
            vec!["document_url"],
            address,
            None,
        ),
        (
            json!({ "document_url": "file:///etc/passwd" }),
            "value_error",
            vec!["document_url"],
            address,
            None,
        ),
        (
            json!({ "content": "JVB!" }),
            "value_error",
            vec!["content"],
            "not a document: base64: Invalid symbol 33, offset 3.",
            None,
        ),
        (
            json!({ "document_url": "data:application/pdf" }),
            "value_error",
            vec!["document_url"],
            "not a document: data URI: there is no comma between media type and content",
            None,
        ),
    ] {
        let place = [vec!["body", "document"], place].concat();
        let expected = detail(kind, &place, message, input);
        let body = json!({ "model": "m", "document": document });
        assert_eq!(refused("/v1/ocr", &body).await, (422, expected), "{document}");
    }
}

#[tokio::test]
async fn urls_are_refused_with_the_flag_that_allows_them() {
    let message = "this server fetches no URLs (one at example.org was asked for); send the \
                   document as a data URI or in base64, or start the server with --allow-urls";
    let body =
        json!({ "document": { "document_url": "https://u:secret@example.org/a.pdf?key=1" } });
    let expected = mistral(400, "document_fetch_failed", "400", message);
    let answer = post(&real(), "/v1/ocr", &body).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (400, expected));
    let expected = opper("document_fetch_failed", message);
    for path in ["/v3/ocr", "/v2/ocr"] {
        let answer = post(&real(), path, &body).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (400, expected.clone()), "{path}");
    }
}

#[tokio::test]
async fn unknown_files_and_models_are_not_found() {
    let body = json!({ "document": { "type": "file", "file_id": "f-1" } });
    let message = "there is no file \"f-1\": this server keeps no files (--files-dir); send the \
                   document as a data URI or in base64";
    assert_eq!(refused("/v1/ocr", &body).await, (404, mistral(404, "not_found", "404", message)));

    let answer = post(&real(), "/v1/ocr", &with(fine(), json!({ "model": "gpt-5" }))).await;
    let message = "no provider serves the model \"gpt-5\"; this engine answers to \
                   docling/docling-latest, docling-latest, opper/docling-latest, \
                   mistral-ocr-latest, recto";
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json(), mistral(404, "model_not_found", "3040", message));
    let answer = post(&real(), "/v3/ocr", &with(fine(), json!({ "model": "gpt-5" }))).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (404, opper("model_not_found", message)));
}

#[tokio::test]
async fn documents_that_cannot_be_read_have_mistrals_number() {
    for (path, message) in [
        ("broken/empty.pdf", "document is empty (0 bytes)"),
        (
            "broken/text-named.pdf",
            "document is plain text; recto reads PDF, PNG, JPEG, TIFF, WebP, BMP and GIF",
        ),
    ] {
        let body = with(asking(path), json!({ "model": "recto" }));
        let answer = post(&real(), "/v1/ocr", &body).await;
        let expected = mistral(400, "document_parser_invalid_file", "3740", message);
        assert_eq!((answer.status.as_u16(), answer.json()), (400, expected));
        let answer = post(&real(), "/v3/ocr", &body).await;
        let expected = opper("invalid_document", message);
        assert_eq!((answer.status.as_u16(), answer.json()), (400, expected));
    }
}

#[tokio::test]
async fn what_the_engine_cannot_use_is_told_by_its_field() {
    let ask = |more: Value| with(asking("pages/code.pdf"), more);
    for (more, field, message) in [
        (
            json!({ "pages": [99] }),
            "pages",
            "page 99 does not exist: document has 1 page(s), numbered 0 to 0",
        ),
        (json!({ "lang": ["xx-none"] }), "lang", "no language goes by the code \"xx-none\""),
        (
            json!({ "document_annotation_prompt": "sum up" }),
            "document_annotation_prompt",
            "it needs a document_annotation_format",
        ),
        (
            json!({ "bbox_annotation_format": { "type": "json_object" } }),
            "bbox_annotation_format",
            "the engine runs no language model; name one that does in recto.toml, as base_url and \
             model of [annotations] (docs/config.md), or put an Annotator in front of the provider",
        ),
    ] {
        let answer = post(&real(), "/v1/ocr", &ask(more)).await;
        let expected = detail("value_error", &["body", field], message, None);
        assert_eq!((answer.status.as_u16(), answer.json()), (422, expected));
    }
}

#[tokio::test]
async fn bodies_are_limited_whether_or_not_they_tell_their_length() {
    let router = echo(settings(|s| s.max_body_bytes = 1000));
    let large = with(fine(), json!({ "id": "x".repeat(1000) })).to_string();
    let expected = mistral(
        413,
        "request_too_large",
        "413",
        "the request is larger than 1000 bytes (max_body_mb)",
    );

    let length = large.len().to_string();
    let answer = post_with(&router, "/v1/ocr", &[("content-length", &length)], large.clone()).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (413, expected.clone()));
    let answer = post_with(&router, "/v1/ocr", &[], large.clone()).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (413, expected));
    let answer = post_with(&router, "/v3/ocr", &[], large).await;
    let expected =
        opper("request_too_large", "the request is larger than 1000 bytes (max_body_mb)");
    assert_eq!((answer.status.as_u16(), answer.json()), (413, expected));
    assert_eq!(post(&router, "/v1/ocr", &fine()).await.status, 200);
}

#[tokio::test]
async fn only_json_is_taken() {
    let router = echo(Settings::default());
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        let request = Request::post("/v1/ocr").header("content-type", kind);
        let answer = send(&router, request.body(Body::from(fine().to_string())).unwrap()).await;
        let message = "the body has to be JSON, with Content-Type: application/json";
        let expected = mistral(415, "unsupported_media_type", "415", message);
        assert_eq!((answer.status.as_u16(), answer.json()), (415, expected));
    }
    let request =
        Request::post("/v1/ocr").header("content-type", "Application/JSON; charset=utf-8");
    let answer = send(&router, request.body(Body::from(fine().to_string())).unwrap()).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_told() {
    let router = echo(Settings::default());
    let answer = super::get(&router, "/v3/nothing").await;
    let expected = opper("not_found", "there is no path /v3/nothing");
    assert_eq!((answer.status.as_u16(), answer.json()), (404, expected));
    let answer = super::get(&router, "/v1/ocr").await;
    let expected = mistral(405, "method_not_allowed", "405", "/v1/ocr does not take GET");
    assert_eq!((answer.status.as_u16(), answer.json()), (405, expected));
    assert_eq!(answer.headers["allow"], "POST");
}

#[tokio::test]
async fn errors_never_repeat_a_document() {
    let document = super::in_base64("pages/code.pdf");
    assert!(file("pages/code.pdf").len() > 500);
    for document in [
        json!({ "type": "file", "file_id": 1, "content": document }),
        json!({ "type": "image_url", "image_url": { "url": [document] } }),
        json!({ "document_url": document }),
        json!(document),
    ] {
        let (_, body) = refused("/v1/ocr", &json!({ "document": document })).await;
        assert!(body.to_string().len() < 400, "{body}");
    }
}
