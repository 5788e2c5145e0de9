//! What docling-serve's endpoints refuse, with the exact bodies; and every option of theirs.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use recto::provider::LocalProvider;
use recto::server::{Keys, Server};
use recto::{Engine, Isolation, Processes};
use serde_json::{Value, json};

use super::docling::{converting, names, sources, unzip_at, upload, with_settings};
use super::files::{form, upload_form};
use super::{Answer, echo, get, made, post, post_with, running, send, settings};

const REPORT: &str = "pages/report.pdf";

async fn told(body: &Value) -> (u16, Value) {
    let answer = post(&converting(), "/v1/convert/source", body).await;
    (answer.status.as_u16(), answer.json()["detail"].clone())
}

#[tokio::test]
async fn what_is_not_done_here_is_told_in_a_sentence() {
    let presigned = "Presigned URL target requires artifact storage to be configured and enabled on the server.";
    let target = |kind: &str| {
        let mut body = sources(&[REPORT], json!({}));
        body["target"] = json!({ "kind": kind, "url": "https://example.org" });
        body
    };
    let kind = |kind: &str| json!({ "sources": [{ "kind": kind }] });
    let formats = |format: &str| sources(&[REPORT], json!({ "to_formats": ["md", format] }));
    let mut called = sources(&[REPORT], json!({}));
    called["callbacks"] = json!([{ "url": "https://example.org" }]);
    let mut headers =
        json!({ "sources": [{ "kind": "http", "url": "https://example.org/a.pdf" }] });
    headers["sources"][0]["headers"] = json!({ "authorization": "x" });
    for (body, wanted) in [
        (target("presigned_url"), presigned),
        (
            target("s3"),
            "targets of kind s3 are not written to by this server: take the answer with inbody or \
             zip and store it",
        ),
        (
            target("put"),
            "targets of kind put are not written to by this server: take the answer with inbody or \
             zip and store it",
        ),
        (
            kind("s3"),
            "sources of kind s3 are not read by this server: send the document (kind file) or its \
             address (kind http)",
        ),
        (
            headers,
            "sources.0.headers: this server sends no headers of yours when it fetches; send the \
             document itself (kind file)",
        ),
        (
            called,
            "callbacks: nobody is called back by this path, whose answer is the result; the same \
             path with /async at its end calls back",
        ),
        (
            json!({ "http_sources": [{ "url": "https://example.org/a.pdf" }] }),
            "http_sources is of an interface that is gone: send \"sources\", a list of {\"kind\": \
             \"http\", \"url\": …} and {\"kind\": \"file\", \"base64_string\": …, \"filename\": …}",
        ),
        (
            sources(&[REPORT], json!({ "image_export_mode": "referenced" })),
            "image_export_mode: referenced images are files beside the document, which needs the \
             target zip; ask for that, or for embedded",
        ),
        (
            formats("yaml"),
            "to_formats: yaml is written as a file, for which the answer of one document has no \
             field; ask for the target zip",
        ),
        (
            formats("vtt"),
            "to_formats: vtt is not written by this server: subtitles are of speech, and documents \
             have none",
        ),
        (
            formats("dclx"),
            "to_formats: dclx is not written by this server: docling's document language is not \
             built in; ask for json or doctags",
        ),
        (
            formats("latex"),
            "to_formats: latex is written as a file, for which the answer of one document has no \
             field; ask for the target zip",
        ),
    ] {
        assert_eq!(told(&body).await, (422, json!(wanted)));
    }
    let answer = upload(&converting(), &[("target_type", "presigned_url")]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (422, json!({ "detail": presigned })));
}

#[tokio::test]
async fn wrong_fields_are_told_as_a_list() {
    let issue = |kind: &str, place: &[&str], message: &str, input: Value| {
        let mut place: Vec<&str> = place.to_vec();
        place.insert(0, "body");
        let mut item = json!({ "type": kind, "loc": place, "msg": message });
        if !input.is_null() {
            item["input"] = input;
        }
        (422, json!([item]))
    };
    let missing = |place: &[&str]| issue("missing", place, "Field required", Value::Null);
    let one = |source: Value| json!({ "sources": [source] });
    let mut target = sources(&[REPORT], json!({}));
    target["target"] = json!({ "kind": "paper" });
    for (body, wanted) in [
        (json!({}), missing(&["sources"])),
        (
            json!({ "sources": [] }),
            issue(
                "too_short",
                &["sources"],
                "List should have at least 1 item after validation, not 0",
                Value::Null,
            ),
        ),
        (one(json!({ "url": "x" })), missing(&["sources", "0", "kind"])),
        (one(json!({ "kind": "http" })), missing(&["sources", "0", "url"])),
        (
            one(json!({ "kind": "file", "filename": "a" })),
            missing(&["sources", "0", "base64_string"]),
        ),
        (
            one(json!({ "kind": "file", "base64_string": "" })),
            missing(&["sources", "0", "filename"]),
        ),
        (
            one(json!({ "kind": "ftp" })),
            issue(
                "union_tag_invalid",
                &["sources", "0", "kind"],
                "Input should be 'file' or 'http'",
                json!("ftp"),
            ),
        ),
        (
            one(json!({ "kind": "http", "url": "file:///etc/passwd" })),
            issue(
                "url_parsing",
                &["sources", "0", "url"],
                "URL scheme should be 'http' or 'https'",
                Value::Null,
            ),
        ),
        (
            target,
            issue(
                "literal_error",
                &["target", "kind"],
                "Input should be 'inbody' or 'zip'",
                json!("paper"),
            ),
        ),
        (
            sources(&[REPORT], json!({ "table_mode": "slow" })),
            issue(
                "value_error",
                &["options", "table_mode"],
                "\"slow\" is not fast or accurate",
                json!("slow"),
            ),
        ),
        (
            sources(&[REPORT], json!({ "images_scale": 99 })),
            issue("value_error", &["options", "images_scale"], "99 is not in 0.1 to 16", json!(99)),
        ),
        (
            sources(&[REPORT], json!({ "ocr_lang": ["tlh-x"] })),
            issue(
                "value_error",
                &["options", "ocr_lang"],
                "no language goes by the code \"tlh-x\"",
                Value::Null,
            ),
        ),
        (
            sources(&[REPORT], json!([1])),
            issue("value_error", &["options"], "[1] is not an object", Value::Null),
        ),
    ] {
        assert_eq!(told(&body).await, wanted);
    }
    let answer = post_with(&converting(), "/v1/convert/source", &[], "{").await;
    let detail = &answer.json()["detail"][0];
    assert_eq!((answer.status.as_u16(), &detail["type"]), (422, &json!("json_invalid")));
    let answer = post_with(&converting(), "/v1/convert/source", &[], "[1]").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["detail"][0]["type"]),
        (422, &json!("model_type"))
    );

    let answer = upload_form(&converting(), "/v1/convert/file", &[], form(&[])).await;
    let none = json!([{ "type": "missing", "loc": ["body", "files"], "msg": "Field required" }]);
    assert_eq!((answer.status.as_u16(), &answer.json()["detail"]), (422, &none));
    let answer = upload(&converting(), &[("table_mode", "slow")]).await;
    let wanted = json!([{
        "type": "value_error", "loc": ["body", "table_mode"],
        "msg": "\"slow\" is not fast or accurate", "input": "slow",
    }]);
    assert_eq!((answer.status.as_u16(), &answer.json()["detail"]), (422, &wanted));
}

/// All options of docling's request, with a value that is right and one that is not.
fn options() -> Vec<(&'static str, Value, Value)> {
    let object = || json!({ "kind": "x" });
    let mut all = vec![
        ("from_formats", json!(["pdf", "docx"]), json!(["paper"])),
        ("to_formats", json!(["md", "json"]), json!(["docx"])),
        ("image_export_mode", json!("embedded"), json!("printed")),
        ("ocr_engine", json!("tesseract"), json!("magic")),
        ("ocr_lang", json!(["en", "iso:sv"]), json!(["tlh-x"])),
        ("ocr_preset", json!("auto"), json!("magic")),
        ("ocr_custom_config", json!({ "kind": "tesseract" }), json!([1])),
        ("pdf_backend", json!("pypdfium2"), json!("paper")),
        ("table_mode", json!("fast"), json!("slow")),
        ("pipeline", json!("standard"), json!("oil")),
        ("page_range", json!([1, 1]), json!([2, 1])),
        ("document_timeout", json!(600), json!("soon")),
        ("pdf_heading_hierarchy_options", json!({ "max_level": 3 }), json!({ "max_level": 9 })),
        ("images_scale", json!(1.5), json!("big")),
        ("md_page_break_placeholder", json!("---"), json!([1])),
        ("picture_description_area_threshold", json!(0.1), json!(7)),
        ("picture_description_api", json!({ "url": "http://127.0.0.1:9/" }), json!("no object")),
    ];
    for name in [
        "do_ocr",
        "force_ocr",
        "table_cell_matching",
        "abort_on_error",
        "do_table_structure",
        "do_pdf_heading_hierarchy",
        "include_images",
        "include_page_images",
        "md_compact_tables",
        "do_code_enrichment",
        "do_formula_enrichment",
        "do_picture_classification",
        "do_chart_extraction",
        "do_picture_description",
    ] {
        all.push((name, json!(true), json!("maybe")));
    }
    for name in [
        "chunking_options",
        "chart_extraction_custom_config",
        "picture_description_local",
        "vlm_pipeline_model_local",
        "vlm_pipeline_model_api",
        "vlm_pipeline_custom_config",
        "picture_description_custom_config",
        "code_formula_custom_config",
        "table_structure_custom_config",
        "layout_custom_config",
        "picture_classification_custom_config",
    ] {
        all.push((name, object(), json!("no object")));
    }
    for name in [
        "chunking_preset",
        "chart_extraction_preset",
        "vlm_pipeline_model",
        "vlm_pipeline_preset",
        "picture_description_preset",
        "code_formula_preset",
        "table_structure_preset",
        "layout_preset",
        "picture_classification_preset",
    ] {
        all.push((name, json!("default"), json!([1])));
    }
    all
}

/// An option's value as fields of a form.
fn fields(name: &'static str, value: &Value) -> Vec<(&'static str, String)> {
    match value {
        Value::Array(list) => list
            .iter()
            .map(|v| (name, v.as_str().map_or_else(|| v.to_string(), str::to_owned)))
            .collect(),
        Value::String(text) => vec![(name, text.clone())],
        other => vec![(name, other.to_string())],
    }
}

#[tokio::test]
async fn every_option_is_read_from_json_and_from_a_form() {
    let all = options();
    assert_eq!(all.len(), 51);
    let table = include_str!("../../docs/docling.md");
    for (name, ..) in &all {
        assert_eq!(table.matches(&format!("\n| `{name}` ")).count(), 1, "{name}");
    }
    let router = converting();
    // Refused before a page is read, by the name of the option: so is one that is right, for a
    // mistake in another.
    let is_told = |answer: &Answer, place: &[&str]| {
        assert_eq!(answer.status, 422, "{place:?}: {}", answer.text);
        assert_eq!(answer.json()["detail"][0]["loc"], json!(place), "{}", answer.text);
    };
    for (name, right, wrong) in &all {
        let other = if *name == "images_scale" { "table_mode" } else { "images_scale" };
        let body = sources(&[REPORT], json!({ *name: wrong }));
        is_told(&post(&router, "/v1/convert/source", &body).await, &["body", "options", name]);
        let body = sources(&[REPORT], json!({ *name: right, other: "wrong" }));
        is_told(&post(&router, "/v1/convert/source", &body).await, &["body", "options", other]);

        let mut right = fields(name, right);
        right.push((other, "wrong".to_owned()));
        let right: Vec<(&str, &str)> = right.iter().map(|(n, v)| (*n, v.as_str())).collect();
        is_told(&upload(&router, &right).await, &["body", other]);
        // Everything is text in a form, and text is not wrong for names.
        if *wrong != json!([1]) {
            let wrong = fields(name, wrong);
            let wrong: Vec<(&str, &str)> = wrong.iter().map(|(n, v)| (*n, v.as_str())).collect();
            is_told(&upload(&router, &wrong).await, &["body", name]);
        }
    }
}

#[tokio::test]
async fn options_of_which_one_excludes_another() {
    for (one, other) in [
        ("layout_preset", "layout_custom_config"),
        ("chunking_preset", "chunking_options"),
        ("picture_description_local", "picture_description_api"),
        ("vlm_pipeline_model", "vlm_pipeline_preset"),
    ] {
        let all = options();
        let value = |name: &str| all.iter().find(|(n, ..)| *n == name).unwrap().1.clone();
        let both = json!({ one: value(one), other: value(other) });
        let (status, detail) = told(&sources(&[REPORT], both)).await;
        assert_eq!(status, 422);
        assert_eq!(detail[0]["loc"], json!(["body", "options", one]));
        let message = format!("it excludes {other}; give one of the two");
        assert_eq!(
            (&detail[0]["msg"], &detail[0]["type"]),
            (&json!(message), &json!("value_error"))
        );
    }
}

#[tokio::test]
async fn keys_origins_and_engines_are_looked_at_first() {
    let keys = Keys::parse("a-key-of-this-test").unwrap();
    let router = with_settings(settings(|s| s.keys = keys));
    let body = sources(&[REPORT], json!({ "page_range": [1, 1] }));
    for path in ["/v1/convert/source", "/v1/convert/file", "/v1/chunk/hybrid/file"] {
        let answer = post(&router, path, &body).await;
        assert_eq!(answer.status, 401, "{path}");
        assert!(answer.json()["detail"].as_str().unwrap().starts_with("no key was given"));
    }
    for path in ["/v1/capabilities", "/v1/clear/results", "/v1/clear/converters"] {
        assert_eq!(get(&router, path).await.status, 401, "{path}");
    }
    let key = [("x-api-key", "a-key-of-this-test")];
    let answer = post_with(&router, "/v1/convert/source", &key, body.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);

    let foreign = [("origin", "https://evil.example"), ("host", "127.0.0.1")];
    let answer = upload_form(&converting(), "/v1/convert/file", &foreign, form(&[])).await;
    assert_eq!(answer.status, 403);
    assert!(answer.json()["detail"].is_string());

    let answer = post(&echo(settings(|_| ())), "/v1/convert/source", &body).await;
    assert_eq!(answer.status, 501);
    let message = "this server converts no documents: it was started without an engine of its own; \
                   POST /v1/ocr reads documents here";
    assert_eq!(answer.json(), json!({ "detail": message }));

    let answer = post_with(&converting(), "/v1/convert/file", &[], "{}").await;
    assert_eq!(answer.status, 415);
    let message = "the body has to be a form, with Content-Type: multipart/form-data";
    assert_eq!(answer.json(), json!({ "detail": message }));
}

#[tokio::test]
async fn the_rest_of_the_paths_answers() {
    let router = converting();
    for path in ["/v1/clear/results?older_then=0", "/v1/clear/converters"] {
        let answer = get(&router, path).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "status": "ok" })));
    }
    let body = get(&router, "/v1/capabilities").await.json();
    assert_eq!(body["targets"], json!({ "allowed": ["inbody", "zip"], "default": "inbody" }));
    assert_eq!(body["features"]["api_key_required"], false);
    assert_eq!(body["limits"]["max_file_size"], 70_000_000);
    // What it offers is what it takes.
    for format in body["output_formats"].as_array().unwrap() {
        let mut body = sources(&[REPORT], json!({ "to_formats": [format], "page_range": [1, 1] }));
        body["target"] = json!({ "kind": "zip" });
        let files = unzip_at(&router, "/v1/convert/source", &body).await;
        assert_eq!((names(&files).len(), files[0].1.is_empty()), (1, false), "{format}");
    }
    let unknown = get(&router, "/v1/convert/nothing").await;
    assert_eq!(unknown.status, 404);
    assert_eq!(unknown.json(), json!({ "detail": "there is no path /v1/convert/nothing" }));
}

/// A server whose children fail on pages: "slow:1,crash:2".
fn faulty(fault: &str) -> Router {
    let mut processes = Processes::of(env!("CARGO_BIN_EXE_recto"));
    processes.env = vec![("RECTO_PAGE_WORKER_FAULT".into(), fault.into())];
    let engine =
        Engine::builder().workers(1).isolation(Isolation::Processes(processes)).build().unwrap();
    let provider = LocalProvider::new(std::sync::Arc::new(engine.clone()));
    let settings = settings(|s| s.engine = Some(engine));
    Server::new(std::sync::Arc::new(provider), settings).router()
}

async fn upload_pages(router: &Router, pages: usize, fields: &[(&str, &str)]) -> Answer {
    let document = made::pdf(pages);
    let mut parts: Vec<(&str, Option<&str>, &[u8])> =
        fields.iter().map(|(name, text)| (*name, None, text.as_bytes())).collect();
    parts.push(("files", Some("made.pdf"), &document));
    upload_form(router, "/v1/convert/file", &[], form(&parts)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_fails_is_an_error_with_its_number() {
    let router = faulty("crash:1");
    let answer = upload_pages(&router, 3, &[("to_formats", "json")]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    assert_eq!(body["status"], "partial_success");
    let errors = body["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0]["page_no"], 2);
    assert_eq!(errors[0]["category"], "backend_failure");
    assert!(errors[0]["error_message"].as_str().is_some_and(|m| !m.is_empty()));
    let pages = body["document"]["json_content"]["pages"].as_object().unwrap();
    assert_eq!(pages.keys().collect::<Vec<_>>(), ["1", "3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_when_the_time_ran_out_is_answered() {
    let slow: Vec<String> = (1..100).map(|page| format!("slow:{page}")).collect();
    let router = faulty(&slow.join(","));
    // The child is there.
    assert_eq!(upload_pages(&router, 1, &[]).await.json()["status"], "success");
    let start = Instant::now();
    let fields = [("document_timeout", "1.5"), ("to_formats", "json")];
    let answer = upload_pages(&router, 100, &fields).await;
    assert!(start.elapsed() < Duration::from_secs(20));
    let body = answer.json();
    assert_eq!(body["status"], "partial_success", "{body}");
    let error = &body["errors"][0];
    assert_eq!((&error["category"], &error["page_no"]), (&json!("timeout"), &Value::Null));
    assert!(error["error_message"].as_str().unwrap().contains("of 100 pages were read"));
    let pages = body["document"]["json_content"]["pages"].as_object().unwrap();
    assert!((1..100).contains(&pages.len()), "{}", pages.len());
}

/// Its 200 pages would take 40 seconds and more.
#[tokio::test(flavor = "multi_thread")]
async fn a_conversion_ends_with_the_client_that_asked_for_it() {
    let slow: Vec<String> = (1..200).map(|page| format!("slow:{page}")).collect();
    let router = faulty(&slow.join(","));
    let asking = {
        let router = router.clone();
        tokio::spawn(async move { upload_pages(&router, 200, &[]).await.status })
    };
    running(&router, 1).await;
    asking.abort();
    let start = Instant::now();
    running(&router, 0).await;
    assert!(start.elapsed() < Duration::from_secs(10));
    // The place is free, and the engine whole.
    assert_eq!(upload_pages(&router, 1, &[]).await.json()["status"], "success");
}

#[tokio::test]
async fn a_known_path_does_not_take_other_methods() {
    let request = Request::get("/v1/convert/source").body(Body::empty()).unwrap();
    let answer = send(&converting(), request).await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.json(), json!({ "detail": "/v1/convert/source does not take GET" }));
}
