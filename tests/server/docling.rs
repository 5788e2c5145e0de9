//! docling-serve's endpoints: what they take, what they answer.

use std::io::{Cursor, Read};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use recto::provider::LocalProvider;
use recto::server::{Server, Settings};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::files::{self, form, upload_form};
use super::{Answer, engine, file, in_base64, post, settings};

/// What the first page of the report says.
const TITLE: &str = "Rain Gardens on Mill Street";

pub(super) fn converting() -> Router {
    with_settings(Settings::default())
}

pub(super) fn with_settings(mut given: Settings) -> Router {
    given.engine = Some((*engine()).clone());
    Server::new(Arc::new(LocalProvider::new(engine())), given).router()
}

/// A request for files of the test data.
pub(super) fn sources(paths: &[&str], options: Value) -> Value {
    let list: Vec<Value> = paths
        .iter()
        .map(|path| {
            let name = path.rsplit('/').next();
            json!({ "kind": "file", "base64_string": in_base64(path), "filename": name })
        })
        .collect();
    json!({ "sources": list, "options": options })
}

const REPORT: &str = "pages/report.pdf";

pub(super) async fn convert(options: Value) -> Value {
    let answer = post(&converting(), "/v1/convert/source", &sources(&[REPORT], options)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// The first page alone: reading it is quick.
const FIRST: [usize; 2] = [1, 1];

/// A form with the report and these fields.
pub(super) async fn upload(router: &Router, fields: &[(&str, &str)]) -> Answer {
    upload_at(router, "/v1/convert/file", fields).await
}

pub(super) async fn upload_at(router: &Router, path: &str, fields: &[(&str, &str)]) -> Answer {
    let report = file(REPORT);
    let mut parts: Vec<(&str, Option<&str>, &[u8])> =
        fields.iter().map(|(name, text)| (*name, None, text.as_bytes())).collect();
    parts.push(("files", Some("report.pdf"), &report));
    upload_form(router, path, &[], form(&parts)).await
}

/// The options that the header of warnings is about.
fn warned(answer: &Answer) -> Vec<String> {
    let Some(header) = answer.headers.get("x-recto-warnings") else { return Vec::new() };
    let list: Vec<Value> = serde_json::from_str(header.to_str().unwrap()).unwrap();
    list.iter().map(|w| w["option"].as_str().unwrap_or("-").to_owned()).collect()
}

/// The files of a ZIP archive.
async fn unzip(router: &Router, body: &Value) -> Vec<(String, Vec<u8>)> {
    unzip_at(router, "/v1/convert/source", body).await
}

pub(super) async fn unzip_at(router: &Router, path: &str, body: &Value) -> Vec<(String, Vec<u8>)> {
    let request = Request::post(path).header("content-type", "application/json");
    let request = request.body(Body::from(body.to_string())).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/zip");
    let disposition = response.headers()["content-disposition"].to_str().unwrap();
    assert_eq!(disposition, "attachment; filename=\"converted_docs.zip\"");
    let bytes = response.into_body().collect().await.unwrap().to_bytes().to_vec();
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..archive.len())
        .map(|n| {
            let mut entry = archive.by_index(n).unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            (entry.name().unwrap().into_owned(), content)
        })
        .collect()
}

pub(super) fn names(files: &[(String, Vec<u8>)]) -> Vec<&str> {
    files.iter().map(|(name, _)| name.as_str()).collect()
}

pub(super) fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn one_document_is_answered_in_all_formats_that_were_asked_for() {
    let formats = ["md", "json", "html", "text", "doctags"];
    let body = convert(json!({ "to_formats": formats })).await;
    let mut wanted =
        ["document", "status", "errors", "processing_time", "timings", "confidence"].to_vec();
    wanted.sort_unstable();
    let mut there = keys(&body);
    there.sort_unstable();
    assert_eq!(there, wanted);
    assert_eq!((&body["status"], &body["errors"]), (&json!("success"), &json!([])));
    assert!(body["processing_time"].as_f64().unwrap() > 0.0);
    let document = &body["document"];
    assert_eq!(document["filename"], "report.pdf");
    assert_eq!(document["doclang_content"], Value::Null);
    let text = |name: &str| document[name].as_str().unwrap().to_owned();
    // docling does not infer levels of headings unless told.
    assert!(text("md_content").contains(&format!("## {TITLE}\n")), "{}", text("md_content"));
    assert!(text("md_content").contains("<!-- image -->"));
    assert!(text("html_content").starts_with("<!DOCTYPE html>"));
    assert!(text("html_content").contains(&format!("<h2>{TITLE}</h2>")));
    assert!(text("text_content").starts_with(TITLE));
    let tags = text("doctags_content");
    assert!(tags.starts_with("<doctag>") && tags.contains(TITLE) && tags.contains("<otsl>"));
    let json = &document["json_content"];
    assert_eq!(
        (&json["schema_name"], &json["name"]),
        (&json!("DoclingDocument"), &json!("report"))
    );
    // The first eight bytes of the file's SHA-256.
    let origin = json!({
        "mimetype": "application/pdf",
        "binary_hash": 0xc266_32a7_42d3_7c43_u64,
        "filename": "report.pdf",
    });
    assert_eq!(json["origin"], origin);
    assert_eq!(keys(&json["pages"]), ["1", "2"]);
    assert!(json["texts"].as_array().unwrap().iter().any(|text| text["text"] == TITLE));

    let timing = body["timings"].as_object().unwrap().values().next().unwrap();
    assert_eq!((&timing["scope"], &timing["count"]), (&json!("document"), &json!(1)));
    assert!(timing["times"][0].is_f64());
    let scores = &body["confidence"];
    for score in ["parse_score", "layout_score", "table_score", "ocr_score", "low_score"] {
        assert!(scores.get(score).is_some(), "{score}");
    }
    assert_eq!(scores["mean_grade"], "excellent");
    assert_eq!(keys(&scores["pages"]), ["1", "2"]);
    assert!(scores.get("minimum_word_confidence").is_none());
    assert!(scores["pages"]["1"].get("minimum_word_confidence").is_none());
}

#[tokio::test]
async fn what_is_not_asked_for_is_null() {
    let body = convert(json!({ "page_range": FIRST })).await;
    let document = &body["document"];
    assert!(document["md_content"].is_string());
    for name in ["json_content", "html_content", "text_content", "doctags_content"] {
        assert_eq!(document[name], Value::Null, "{name}");
    }
}

#[tokio::test]
async fn a_form_says_what_json_says() {
    let options = json!({
        "to_formats": ["md", "json"],
        "page_range": FIRST,
        "md_compact_tables": true,
        "do_pdf_heading_hierarchy": true,
    });
    let body = convert(options).await;
    let fields = [
        ("to_formats", "md"),
        ("to_formats", "json"),
        ("page_range", "1"),
        ("page_range", "1"),
        ("md_compact_tables", "true"),
        ("pdf_heading_hierarchy_options", "{\"enabled\": true}"),
        // Clients write these for nothing.
        ("document_timeout", ""),
        ("ocr_custom_config", "None"),
        ("target_type", "inbody"),
    ];
    let answer = upload(&converting(), &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(warned(&answer), Vec::<String>::new());
    let form = answer.json();
    assert_eq!(form["document"], body["document"]);
    assert!(form["document"]["md_content"].as_str().unwrap().starts_with(&format!("# {TITLE}\n")));
}

#[tokio::test]
async fn markdown_follows_its_options() {
    let marked = json!({ "md_page_break_placeholder": "<!-- next -->", "md_compact_tables": true });
    let marked = convert(marked).await["document"]["md_content"].as_str().unwrap().to_owned();
    assert_eq!(marked.matches("\n<!-- next -->\n").count(), 1);
    assert!(marked.contains("| - |"), "{marked}");
    let plain = convert(json!({})).await["document"]["md_content"].as_str().unwrap().to_owned();
    assert!(!plain.contains("<!-- next") && plain.contains("|---"), "{plain}");
}

#[tokio::test]
async fn images_are_embedded_where_that_is_asked_for() {
    let formats = ["md", "json", "html"];
    let embedded = |more: Value| {
        let options = json!({ "to_formats": formats, "image_export_mode": "embedded" });
        convert(super::with(options, more))
    };
    let body = embedded(json!({ "include_page_images": true })).await;
    let document = &body["document"];
    let image = &document["json_content"]["pictures"][0]["image"];
    let uri = image["uri"].as_str().unwrap();
    assert!(document["md_content"].as_str().unwrap().contains(&format!("![Image]({uri})")));
    assert!(document["html_content"].as_str().unwrap().contains(&format!("<img src=\"{uri}\"")));
    let png = STANDARD.decode(uri.strip_prefix("data:image/png;base64,").unwrap()).unwrap();
    let drawn = image::load_from_memory(&png).unwrap();
    assert_eq!(image["size"], json!({ "width": drawn.width(), "height": drawn.height() }));
    assert_eq!((&image["dpi"], &image["mimetype"]), (&json!(144), &json!("image/png")));
    // It shows something.
    assert!(drawn.to_luma8().pixels().any(|p| p[0] < 200));
    let page = &document["json_content"]["pages"]["2"];
    let width = page["size"]["width"].as_f64().unwrap() * 2.0;
    assert!((page["image"]["size"]["width"].as_f64().unwrap() - width).abs() <= 1.0);

    let small = embedded(json!({ "images_scale": 1 })).await;
    let smaller = &small["document"]["json_content"]["pictures"][0]["image"];
    assert_eq!(smaller["dpi"], 72);
    assert!(smaller["size"]["width"].as_u64() < image["size"]["width"].as_u64());
    assert_eq!(small["document"]["json_content"]["pages"]["1"].get("image"), None);

    let none = embedded(json!({ "include_images": false })).await;
    assert!(none["document"]["md_content"].as_str().unwrap().contains("<!-- image -->"));
    assert_eq!(none["document"]["json_content"]["pictures"][0].get("image"), None);
}

#[tokio::test]
async fn pages_stand_beside_their_images() {
    let body = convert(json!({ "to_formats": ["html_split_page"], "page_range": FIRST })).await;
    let html = body["document"]["html_content"].as_str().unwrap();
    assert_eq!(html.matches("<div class=\"split\">\n<img src=\"data:image/png;base64,").count(), 1);
    assert!(html.contains(TITLE));
}

#[tokio::test]
async fn several_documents_are_an_archive() {
    let router = converting();
    let options = json!({ "to_formats": ["md", "text"], "page_range": FIRST });
    let files = unzip(&router, &sources(&[REPORT, "pages/letter.pdf", REPORT], options)).await;
    let wanted =
        ["report.txt", "report.md", "letter.txt", "letter.md", "report-2.txt", "report-2.md"];
    assert_eq!(names(&files), wanted);
    let text = |n: usize| String::from_utf8(files[n].1.clone()).unwrap();
    assert!(text(1).starts_with(&format!("## {TITLE}\n")));
    assert_ne!(text(2), text(0));
    assert_eq!(text(4), text(0));
}

#[tokio::test]
async fn archives_hold_the_images_that_documents_refer_to() {
    let router = converting();
    let options = json!({
        "to_formats": ["md", "json", "html", "html_split_page", "doctags"],
        "image_export_mode": "referenced",
        "include_page_images": true,
    });
    let mut request = sources(&[REPORT], options);
    request["target"] = json!({ "kind": "zip" });
    request["sources"][0]["filename"] = json!("../a/b.pdf");
    let files = unzip(&router, &request).await;
    let names = names(&files);
    let documents = ["b.json", "b.html", "b_split_page.html", "b.md", "b.doctags"];
    assert_eq!(names[..5], documents);
    assert!(names[5].starts_with("artifacts/image_000000_") && names[5].ends_with(".png"));
    assert!(names[6].starts_with("artifacts/page_000001_"));
    assert!(names[7].starts_with("artifacts/page_000002_"));
    assert_eq!(names.len(), 8);
    assert!(files[5..].iter().all(|(_, png)| png.starts_with(b"\x89PNG")));
    let text = |n: usize| String::from_utf8(files[n].1.clone()).unwrap();
    assert!(text(3).contains(&format!("![Image]({})", names[5])));
    assert!(text(1).contains(&format!("<img src=\"{}\"", names[5])) && !text(1).contains(names[6]));
    assert!(text(2).contains(&format!("<img src=\"{}\"", names[6])));
    let json: Value = serde_json::from_str(&text(0)).unwrap();
    assert_eq!(json["pictures"][0]["image"]["uri"], names[5]);
    assert_eq!(json["pages"]["2"]["image"]["uri"], names[7]);
}

#[tokio::test]
async fn a_document_that_cannot_be_read_is_a_failure_and_no_error_of_the_request() {
    let router = converting();
    let mut request = sources(&["pages/encrypted.pdf"], json!({}));
    let answer = post(&router, "/v1/convert/source", &request).await;
    assert_eq!(answer.status, 200);
    let body = answer.json();
    assert_eq!((&body["status"], &body["confidence"]), (&json!("failure"), &Value::Null));
    assert_eq!(body["document"]["filename"], "encrypted.pdf");
    assert_eq!(body["document"]["md_content"], Value::Null);
    let error = json!([{
        "component_type": "document_backend",
        "module_name": "recto",
        "error_message": "encrypted.pdf is encrypted; give its password with Options::password or \
                          --password",
        "category": "backend_failure",
        "page_no": null,
    }]);
    assert_eq!(body["errors"], error);

    // In an archive there is nothing but documents.
    request["target"] = json!({ "kind": "zip" });
    let answer = post(&router, "/v1/convert/source", &request).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json(), json!({ "detail": error[0]["error_message"] }));
}

#[tokio::test]
async fn documents_of_an_archive_that_cannot_be_read_are_told_in_the_header() {
    let router = converting();
    let request = sources(&["pages/encrypted.pdf", REPORT], json!({ "page_range": FIRST }));
    assert_eq!(names(&unzip(&router, &request).await), ["report.md"]);
    let request = Request::post("/v1/convert/source")
        .header("content-type", "application/json")
        .body(Body::from(request.to_string()))
        .unwrap();
    let response = router.oneshot(request).await.unwrap();
    let header = response.headers()["x-recto-warnings"].to_str().unwrap();
    assert!(header.contains("a document is left out: encrypted.pdf is encrypted"), "{header}");
}

#[tokio::test]
async fn documents_of_other_formats_than_those_accepted_are_failures() {
    let body = convert(json!({ "from_formats": ["image", "docx"] })).await;
    assert_eq!(body["status"], "failure");
    assert_eq!(
        body["errors"][0]["error_message"],
        "from_formats: report.pdf is application/pdf, which is not among them"
    );
    assert_eq!(body["errors"][0]["category"], "policy");
    let body = convert(json!({ "from_formats": ["pdf"], "page_range": FIRST })).await;
    assert_eq!(body["status"], "success");
}

#[tokio::test]
async fn addresses_are_fetched_only_where_that_is_allowed() {
    let request = json!({ "sources": [{ "kind": "http", "url": "https://example.org/a.pdf" }] });
    let answer = post(&converting(), "/v1/convert/source", &request).await;
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), &body["status"]), (200, &json!("failure")));
    let error = &body["errors"][0];
    assert_eq!(
        (&error["component_type"], &error["category"]),
        (&json!("user_input"), &json!("policy"))
    );
    assert!(error["error_message"].as_str().unwrap().starts_with("this server fetches no URLs"));
}

#[tokio::test]
async fn a_signed_address_of_a_file_of_this_server_is_no_fetch() {
    let dir = files::folder();
    let store = files::store(dir.path(), |_| {});
    let router = with_settings(settings(|s| s.files = Some(store)));
    let stored = files::upload(&router, "/v1/files", "ocr", "mine.pdf", &file(REPORT)).await;
    let url = files::address(&router, files::id(&stored)).await;
    let request = json!({
        "sources": [{ "kind": "http", "url": url, "headers": {} }],
        "options": { "page_range": FIRST },
    });
    let answer = post(&router, "/v1/convert/source", &request).await;
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), &body["status"]), (200, &json!("success")), "{body}");
    assert_eq!(body["document"]["filename"], "mine.pdf");
    assert!(body["document"]["md_content"].as_str().unwrap().contains(TITLE));
}

/// What Open WebUI's loader sends: the file, a mode, and whatever its user wrote.
#[tokio::test]
async fn open_webui_gets_its_markdown() {
    let fields = [
        ("image_export_mode", "placeholder"),
        ("do_ocr", "True"),
        ("force_ocr", "false"),
        ("ocr_engine", "tesseract"),
        ("ocr_lang", "eng+deu"),
        ("pdf_backend", "dlparse_v4"),
        ("table_mode", "accurate"),
        ("pipeline", "standard"),
        ("page_range", "1,1"),
        ("do_picture_description", "false"),
    ];
    for lang in ["eng+swe", "english, swedish", "en"] {
        let mut fields = fields;
        fields[4] = ("ocr_lang", lang);
        let answer = upload(&converting(), &fields).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let body = answer.json();
        assert!(body["document"]["md_content"].as_str().unwrap().contains(TITLE), "{lang}");
        assert_eq!(warned(&answer), ["pdf_backend"]);
    }
    let answer = upload(&converting(), &[("ocr_lang", "tlh-x")]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.json()["detail"][0]["msg"].as_str().unwrap().contains("tlh-x"));
}

#[tokio::test]
async fn options_without_effect_are_named_in_a_header() {
    let router = converting();
    let options = json!({
        "page_range": FIRST,
        "include_page_images": true,
        "do_chart_extraction": true,
        "layout_preset": "heron",
        "tabel_mode": "fast",
    });
    let mut request = sources(&[REPORT], options);
    request["sources"][0]["headers"] = json!({});
    request["extra"] = json!(1);
    let answer = post(&router, "/v1/convert/source", &request).await;
    assert_eq!(answer.status, 200);
    let mut there = warned(&answer);
    there.sort_unstable();
    let wanted = [
        "do_chart_extraction",
        "extra",
        "include_page_images",
        "layout_preset",
        "sources.0.headers",
        "tabel_mode",
    ];
    assert_eq!(there, wanted);
    let both = json!({ "to_formats": ["html", "html_split_page"], "page_range": FIRST });
    let answer = post(&router, "/v1/convert/source", &sources(&[REPORT], both)).await;
    assert_eq!(warned(&answer), ["to_formats"]);
}

#[tokio::test]
async fn a_form_is_no_larger_than_the_server_takes() {
    let router = with_settings(settings(|s| s.max_body_bytes = 1000));
    let answer = upload(&router, &[]).await;
    assert_eq!(answer.status, 413);
    assert_eq!(
        answer.json(),
        json!({ "detail": "the request is larger than 1000 bytes (max_body_mb)" })
    );
}
