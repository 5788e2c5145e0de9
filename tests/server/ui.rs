//! The page for people, and the reads behind it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use recto::provider::LocalProvider;
use recto::server::{KeyLimits, Keys, Server};
use recto::{Engine, Isolation, Options, Processes, Source};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tower::ServiceExt;

use super::docling::{converting, with_settings};
use super::files::{form, upload_form};
use super::{Answer, echo, engine, file, get, made, running, send, settings};

const KEY: &str = "first-key-of-mine";
const REPORT: &str = "pages/report.pdf";

async fn ask(router: &Router, name: &str, content: &[u8], fields: &[(&str, &str)]) -> Answer {
    let mut parts: Vec<(&str, Option<&str>, &[u8])> =
        fields.iter().map(|(name, text)| (*name, None, text.as_bytes())).collect();
    parts.push(("files", Some(name), content));
    upload_form(router, "/ui/read", &[], form(&parts)).await
}

fn lines(answer: &Answer) -> Vec<Value> {
    assert!(answer.text.ends_with('\n'), "{}", answer.text);
    answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The events of a read of the test data.
async fn read(path: &str, fields: &[(&str, &str)]) -> Vec<Value> {
    let name = path.rsplit('/').next().unwrap();
    let answer = ask(&converting(), name, &file(path), fields).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    lines(&answer)
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().unwrap()).collect()
}

fn of<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event"] == name).collect()
}

#[tokio::test]
async fn the_page_is_one_file_that_may_do_nothing_but_ask_its_server() {
    let router = echo(settings(|s| s.keys = Keys::parse(KEY).unwrap()));
    let answer = get(&router, "/ui").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    assert_eq!(answer.headers["referrer-policy"], "no-referrer");
    let page = &answer.text;
    let between = |start: &str, end: &str| {
        assert_eq!((page.matches(start).count(), page.matches(end).count()), (1, 1), "{start}");
        let from = page.find(start).unwrap() + start.len();
        page[from..page.find(end).unwrap()].to_owned()
    };
    let (script, style) = (between("<script>", "</script>"), between("<style>", "</style>"));
    assert!(script.len() > 10_000 && style.len() > 5_000);
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        digest(&script),
        digest(&style)
    );
    assert_eq!(answer.headers["content-security-policy"], policy);
    // The name of SVG, in an image within the page, is no address.
    let page = page.replace("xmlns='http://www.w3.org/2000/svg'", "");
    for outside in ["http:", "https:", "//cdn", "src=", "@import", "url(", " style=", " onclick="] {
        assert!(!page.contains(outside), "{outside}");
    }
    // What a document says must never be taken for markup.
    for sink in
        ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "srcdoc"]
    {
        assert!(!page.contains(sink), "{sink}");
    }
}

#[tokio::test]
async fn browsers_that_come_without_a_path_are_shown_the_page() {
    let router = echo(settings(|_| {}));
    let root = |accept: &'static str| {
        send(&router, Request::get("/").header("accept", accept).body(Body::empty()).unwrap())
    };
    let answer = root("text/html,application/xhtml+xml,*/*;q=0.8").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["location"]),
        (307, &"ui".parse().unwrap())
    );
    let answer = root("*/*").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json()["message"], "there is no path /");
    assert_eq!(get(&router, "/ui/").await.headers["location"], "../ui");
}

#[tokio::test]
async fn the_page_is_told_what_can_be_chosen() {
    let router = with_settings(settings(|s| s.max_body_bytes = 12_345));
    let body = get(&router, "/ui/options").await.json();
    assert_eq!(body["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(body["engines"], json!(["auto", "tesseract"]));
    assert_eq!(body["max_bytes"], 12_345);
    let languages = body["languages"].as_array().unwrap();
    assert!(languages.contains(&json!({ "tag": "en", "name": "English" })), "{languages:?}");
    assert!(languages.iter().all(|l| l["tag"] != "osd"));
}

#[tokio::test]
async fn a_read_is_told_in_the_order_in_which_it_happens() {
    let events = read(REPORT, &[("ocr_lang", "en"), ("pages", "")]).await;
    let wanted = [
        "queued", "started", "opened", "progress", "progress", "document", "page", "page", "file",
        "file", "file", "file", "done",
    ];
    assert_eq!(names(&events), wanted);
    assert_eq!(events[2], json!({ "event": "opened", "pages": 2, "total": 2 }));
    for (at, event) in of(&events, "progress").into_iter().enumerate() {
        assert_eq!((&event["done"], &event["total"]), (&json!(at + 1), &json!(2)));
        assert!(event.get("failed").is_none());
    }
    let document = json!({
        "event": "document", "name": "report.pdf", "pages": 2, "read": 2, "status": "success",
        "language": "en", "confidence": null,
    });
    assert_eq!(events[5], document);
    let done = events.last().unwrap();
    assert_eq!(done["pages"], 2);
    assert!(done["seconds"].as_f64().unwrap() > 0.0);
}

#[tokio::test]
async fn a_page_has_its_image_its_blocks_with_boxes_and_its_markdown() {
    let events = read(REPORT, &[("pages", "2")]).await;
    let pages = of(&events, "page");
    assert_eq!(pages.len(), 1);
    let page = pages[0];
    assert_eq!((&page["index"], &page["text_source"]), (&json!(1), &json!("text_layer")));
    let (width, height) = (page["width"].as_f64().unwrap(), page["height"].as_f64().unwrap());
    let image = page["image"].as_str().unwrap().strip_prefix("data:image/jpeg;base64,").unwrap();
    let image = image::load_from_memory(&STANDARD.decode(image).unwrap()).unwrap();
    assert!((f64::from(image.width()) - width * 120.0 / 72.0).abs() < 2.0, "{}", image.width());
    assert!((f64::from(image.height()) - height * 120.0 / 72.0).abs() < 2.0);
    assert!(image.to_luma8().pixels().any(|p| p[0] < 100), "it shows something");

    let blocks = page["blocks"].as_array().unwrap();
    for block in blocks {
        let edges: Vec<f64> =
            block["box"].as_array().unwrap().iter().map(|edge| edge.as_f64().unwrap()).collect();
        let [left, top, right, bottom] = edges[..] else { panic!("{block}") };
        assert!(0.0 <= left && left < right && right <= width, "{block}");
        assert!(0.0 <= top && top < bottom && bottom <= height, "{block}");
    }
    let role = |name: &str| blocks.iter().find(|block| block["role"] == name).unwrap();
    assert_eq!(role("heading")["text"], "Building a basin");
    assert_eq!(role("heading")["level"], 2);
    assert_eq!(role("list_item")["marker"], json!({ "number": "1." }));
    let cells = role("table")["cells"].as_array().unwrap();
    let head = json!({ "row": 0, "rows": 1, "columns": 1, "header": true, "text": "Season" });
    assert_eq!(cells[0], head);
    assert!(page["markdown"].as_str().unwrap().contains("\n| Season | Storms |"));
}

#[tokio::test]
async fn the_files_are_those_of_the_library() {
    let events = read(REPORT, &[]).await;
    let content = |format: &str| {
        let mut files = of(&events, "file").into_iter();
        files.find(|file| file["format"] == format).unwrap().clone()
    };
    let document = tokio::task::spawn_blocking(|| {
        engine().read(Source::bytes(file(REPORT), "report.pdf"), &Options::default()).unwrap()
    })
    .await
    .unwrap();
    assert_eq!(content("md")["text"], document.to_markdown());
    assert_eq!(content("html")["text"], recto::export::html(&document, recto::Profile::Full));
    let json: Value = serde_json::from_str(content("json")["text"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&json["schema_name"], &json["name"]),
        (&json!("DoclingDocument"), &json!("report"))
    );
    assert_eq!(json["origin"]["mimetype"], "application/pdf");
    // Its text can be searched as it is: the upload is not sent back.
    assert_eq!(content("pdf"), json!({ "event": "file", "format": "pdf", "same": true }));
}

#[tokio::test]
async fn a_scan_comes_back_as_a_pdf_that_can_be_searched() {
    let events = read("pages/swedish-scan.png", &[("ocr_lang", "sv")]).await;
    let files = of(&events, "file");
    let pdf = files.iter().find(|file| file["format"] == "pdf").unwrap();
    let pdf = STANDARD.decode(pdf["base64"].as_str().unwrap()).unwrap();
    let again = engine().read(Source::bytes(pdf, "again.pdf"), &Options::default());
    assert!(again.unwrap().to_markdown().contains("kantarellerna"));
    let document = of(&events, "document")[0];
    assert_eq!(document["language"], "sv");
    assert!(document["confidence"].as_f64().unwrap() > 0.9);
}

#[tokio::test]
async fn what_has_no_effect_is_told() {
    let fields =
        [("to_formats", "md"), ("colour", "red"), ("pages", "1"), ("ocr_engine", "easyocr")];
    let events = read(REPORT, &fields).await;
    let told: Vec<(&str, &str)> = of(&events, "warning")
        .iter()
        .map(|w| (w["option"].as_str().unwrap_or_default(), w["message"].as_str().unwrap()))
        .collect();
    let outputs = "to_formats has no effect here; POST /v1/convert/file takes it";
    assert!(told.contains(&("to_formats", outputs)), "{told:?}");
    assert!(told.iter().any(|(option, _)| *option == "colour"), "{told:?}");
    assert!(told.iter().any(|(option, _)| *option == "ocr_engine"), "{told:?}");
}

#[tokio::test]
async fn a_document_that_cannot_be_read_ends_the_answer_with_an_error() {
    let last = |events: Vec<Value>| events.last().unwrap().clone();
    let error =
        |code: &str, message: &str| json!({ "event": "error", "code": code, "message": message });
    let events = read("pages/encrypted.pdf", &[]).await;
    assert_eq!(names(&events), ["queued", "started", "error"]);
    let message =
        "encrypted.pdf is encrypted; give its password with Options::password or --password";
    assert_eq!(last(events), error("password_missing", message));
    let wrong = last(read("pages/encrypted.pdf", &[("password", "guess")]).await);
    assert_eq!(wrong["code"], "password_wrong");
    let broken = last(read("broken/truncated.pdf", &[]).await);
    let message = "truncated.pdf is damaged: PDFium finds no PDF structure in it";
    assert_eq!(broken, error("invalid_document", message));
    let far = last(read(REPORT, &[("pages", "1, 9")]).await);
    let message = "page 9 was asked for; the document has 2";
    assert_eq!(far, error("invalid_request", message));
}

#[tokio::test]
async fn a_request_that_cannot_be_used_is_refused_with_what_is_wrong() {
    let router = converting();
    let issue = |field: &str, kind: &str, message: &str| json!({ "type": kind, "loc": ["body", field], "msg": message });
    let refused = |message: &str, mut issue: Value, input: Option<&str>| {
        if let Some(input) = input {
            issue["input"] = json!(input);
        }
        let error = json!({ "code": "invalid_request", "message": message, "details": [issue] });
        json!({ "error": error })
    };
    let report = file(REPORT);
    let answer = ask(&router, "a.pdf", &report, &[("pages", "0")]).await;
    let message = "pages are numbers from 1 and ranges of them, as in 1-3, 8 or 7-";
    let wanted =
        refused(&format!("pages: {message}"), issue("pages", "value_error", message), Some("0"));
    assert_eq!((answer.status.as_u16(), answer.json()), (400, wanted));

    let answer = upload_form(&router, "/ui/read", &[], form(&[("pages", None, b"1")])).await;
    let wanted =
        refused("files: Field required", issue("files", "missing", "Field required"), None);
    assert_eq!((answer.status.as_u16(), answer.json()), (400, wanted));

    let two: [(&str, Option<&str>, &[u8]); 2] =
        [("files", Some("a.pdf"), &report), ("files", Some("b.pdf"), &report)];
    let answer = upload_form(&router, "/ui/read", &[], form(&two)).await;
    let message = "Input should be one file";
    let wanted = refused(&format!("files: {message}"), issue("files", "too_long", message), None);
    assert_eq!((answer.status.as_u16(), answer.json()), (400, wanted));

    let small = with_settings(settings(|s| s.max_body_bytes = 1000));
    let answer = ask(&small, "a.pdf", &report, &[]).await;
    let message = "the request is larger than 1000 bytes (max_body_mb)";
    let wanted = json!({ "error": { "code": "request_too_large", "message": message } });
    assert_eq!((answer.status.as_u16(), answer.json()), (413, wanted));

    let none = echo(settings(|_| {}));
    let answer = ask(&none, "a.pdf", &report, &[]).await;
    assert_eq!(answer.status, 501);
    assert_eq!(answer.json()["error"]["code"], "not_implemented");
}

#[tokio::test]
async fn a_key_is_needed_where_there_are_keys_and_web_pages_of_others_are_refused() {
    let router = with_settings(settings(|s| {
        s.keys = Keys::parse(KEY).unwrap();
        s.limits = KeyLimits::new(Some(1), None);
    }));
    let message =
        "no key was given: send it as \"Authorization: Bearer KEY\" or \"X-Api-Key: KEY\"";
    let wanted = json!({ "error": { "code": "unauthorized", "message": message } });
    let report = file(REPORT);
    let body = || form(&[("pages", None, b"1"), ("files", Some("a.pdf"), &report)]);
    let answer = upload_form(&router, "/ui/read", &[], body()).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (401, wanted.clone()));
    let answer = get(&router, "/ui/options").await;
    assert_eq!((answer.status.as_u16(), answer.json()), (401, wanted));

    let key = ("x-api-key", KEY);
    let foreign = [key, ("origin", "https://example.org"), ("host", "localhost")];
    let answer = upload_form(&router, "/ui/read", &foreign, body()).await;
    let message = "files are not taken from web pages of other sites";
    let wanted = json!({ "error": { "code": "forbidden", "message": message } });
    assert_eq!((answer.status.as_u16(), answer.json()), (403, wanted));

    let own = [key, ("origin", "http://localhost"), ("host", "localhost")];
    let answer = upload_form(&router, "/ui/read", &own, body()).await;
    assert_eq!(names(&lines(&answer)).last(), Some(&"done"));
    let answer = upload_form(&router, "/ui/read", &own, body()).await;
    let message = "this key may read 1 document(s) a minute";
    let wanted = json!({ "error": { "code": "rate_limited", "message": message } });
    assert_eq!((answer.status.as_u16(), answer.json()), (429, wanted));
    assert!(answer.headers.contains_key("retry-after"));
}

/// A page of a document takes so long: see `RECTO_PAGE_WORKER_FAULT`.
const PAGE: Duration = Duration::from_millis(400);

/// A server on whose pages, but the first one, one can wait.
fn slow(pages: usize, fault: &str) -> Router {
    let faults: Vec<String> = (1..pages).map(|page| format!("{fault}:{page}")).collect();
    let mut processes = Processes::of(env!("CARGO_BIN_EXE_recto"));
    processes.env = vec![("RECTO_PAGE_WORKER_FAULT".into(), faults.join(",").into())];
    let engine =
        Engine::builder().workers(2).isolation(Isolation::Processes(processes)).build().unwrap();
    let given = settings(|s| {
        s.engine = Some(engine.clone());
        s.documents = 1;
        s.queue = 0;
    });
    Server::new(Arc::new(LocalProvider::new(Arc::new(engine))), given).router()
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_comes_while_pages_are_read_and_who_goes_away_ends_the_read() {
    let router = slow(100, "slow");
    let body = form(&[("files", Some("a.pdf"), &made::pdf(100))]);
    let request = Request::post("/ui/read")
        .header("content-type", "multipart/form-data; boundary=boundary-of-this-test")
        .body(Body::from(body))
        .unwrap();
    let mut answer = router.clone().oneshot(request).await.unwrap().into_body();
    let mut text = String::new();
    while !text.contains("\"done\":2,") {
        let piece = answer.frame().await.unwrap().unwrap().into_data().unwrap();
        text.push_str(std::str::from_utf8(&piece).unwrap());
    }
    assert!(text.contains("{\"event\":\"opened\",\"pages\":100,\"total\":100}\n"), "{text}");

    let busy = ask(&router, "b.pdf", &made::pdf(1), &[]).await;
    let message = "1 requests are under way or waiting (1 are read at once); try again";
    let wanted = json!({ "error": { "code": "overloaded", "message": message } });
    assert_eq!((busy.status.as_u16(), busy.json()), (503, wanted));
    assert_eq!(busy.headers["retry-after"], "2");

    running(&router, 1).await;
    let start = Instant::now();
    drop(answer);
    running(&router, 0).await;
    assert!(start.elapsed() < 3 * PAGE, "{:?}", start.elapsed());
    let next = ask(&router, "b.pdf", &made::pdf(1), &[]).await;
    assert_eq!(names(&lines(&next)).last(), Some(&"done"), "its place is free");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_fails_is_told_and_the_others_are_shown() {
    let router = slow(2, "crash");
    let events = lines(&ask(&router, "a.pdf", &made::pdf(2), &[]).await);
    let failed: Vec<&Value> =
        of(&events, "progress").into_iter().filter(|e| e.get("failed").is_some()).collect();
    assert_eq!((failed.len(), &failed[0]["page"]), (1, &json!(1)));
    assert!(of(&events, "progress").iter().any(|event| event["done"] == 2));
    let document = of(&events, "document")[0];
    assert_eq!((&document["status"], &document["read"]), (&json!("partial"), &json!(1)));
    let warnings = of(&events, "warning");
    let missing = warnings.iter().find(|w| w["code"] == "page_failed").unwrap();
    assert_eq!(missing["page"], 1);
    // It stands behind the number that people know the page by.
    let message = missing["message"].as_str().unwrap();
    assert!(!message.starts_with("page 1 "), "{message}");
    assert_eq!(of(&events, "page").len(), 1);
    assert_eq!(names(&events).last(), Some(&"done"));
}
