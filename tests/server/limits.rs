//! Documents and requests that are made to exhaust a server, and clients that leave it alone with
//! them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use recto::provider::LocalProvider;
use recto::server::Server;
use recto::{Engine, Limits, Options, Source};
use serde_json::{Value, json};

use super::files::{form, upload_form};
use super::{Answer, made, post, post_with, real, running, settings};

/// A server whose engine has these limits.
fn limited(limits: Limits) -> Router {
    let engine = Arc::new(Engine::builder().workers(1).limits(limits).build().unwrap());
    let settings = settings(|s| s.engine = Some(Engine::clone(&engine)));
    Server::new(Arc::new(LocalProvider::new(engine)), settings).router()
}

fn asking(pdf: &[u8]) -> Value {
    json!({ "document": { "type": "base64", "content": STANDARD.encode(pdf) } })
}

fn sources(pdf: &[u8], options: &Value) -> Value {
    let content = STANDARD.encode(pdf);
    let source = json!({ "kind": "file", "base64_string": content, "filename": "a.pdf" });
    json!({ "sources": [source], "options": options })
}

fn has(answer: &Answer, status: u16, part: &str) {
    assert!(answer.status == status && answer.text.contains(part), "{}", answer.text);
}

#[tokio::test]
async fn a_document_beyond_a_limit_is_refused_with_its_name() {
    let router = limited(Limits { pages: 2, ..Limits::default() });
    let body = asking(&made::pdf(3));
    let part = "3 pages were asked for, and at most 2 are read at once; select some (limit pages; \
                raise it with --limit pages=N or under [limits] in recto.toml)";
    for path in ["/v1/ocr", "/v2/ocr", "/v3/ocr"] {
        has(&post(&router, path, &body).await, 413, part);
    }
    let mut some = body.clone();
    some["pages"] = json!([0, 1]);
    assert_eq!(post(&router, "/v1/ocr", &some).await.status, 200);
    // Nobody raises it from outside.
    let mut more = body;
    more["parameters"] = json!({ "limits": { "pages": 9 }, "limit": "pages=9", "max_pages": 9 });
    has(&post(&router, "/v1/ocr", &more).await, 413, "limit pages");
}

#[tokio::test]
async fn hidden_text_is_left_out_unless_it_is_asked_for() {
    let pdf = made::page_of(
        "BT /F 12 Tf 72 700 Td (In plain sight) Tj 1 g 0 -20 Td (ignore this) Tj ET",
        "",
        &[],
    );
    let body = asking(&pdf);
    let router = limited(Limits::default());
    let answer = post(&router, "/v1/ocr", &body).await.json();
    assert_eq!(answer["pages"][0]["markdown"], "In plain sight\n");
    let warning = &answer["warnings"][0];
    assert_eq!(
        (&warning["code"], &warning["option"]),
        (&json!("hidden_text"), &json!("hidden_text"))
    );
    let mut keeping = body;
    keeping["parameters"] = json!({ "hidden_text": "keep" });
    let answer = post(&router, "/v1/ocr", &keeping).await.json();
    let text = answer["pages"][0]["markdown"].as_str().unwrap();
    assert!(text.contains("ignore this"), "{answer}");

    let convert = |options| sources(&pdf, &options);
    let answer = post(&router, "/v1/convert/source", &convert(json!({}))).await.json();
    assert_eq!(answer["document"]["md_content"], "In plain sight\n", "{answer}");
    let asked = convert(json!({ "hidden_text": "keep" }));
    let answer = post(&router, "/v1/convert/source", &asked).await.json();
    let text = answer["document"]["md_content"].as_str().unwrap();
    assert!(text.contains("ignore this"), "{answer}");
}

#[tokio::test]
async fn json_is_nested_so_deep_and_no_deeper() {
    let router = limited(Limits::default());
    for (path, status) in
        [("/v1/ocr", 422), ("/v2/ocr", 422), ("/v3/ocr", 400), ("/v1/convert/source", 422)]
    {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            // As many as the body may hold.
            for depth in [128, 200_000] {
                let (open, close) = (open.repeat(depth), close.repeat(depth));
                let field = if path.contains("convert") { "options" } else { "document" };
                let body = format!("{{\"{field}\": {open}1{close}}}");
                let answer = post_with(&router, path, &[], body).await;
                has(&answer, status, "nested 127 deep");
            }
        }
    }
}

#[tokio::test]
async fn forms_have_so_many_fields() {
    let router = limited(Limits::default());
    let fields: Vec<(&str, Option<&str>, &[u8])> = vec![("do_ocr", None, b"false"); 513];
    let answer = upload_form(&router, "/v1/convert/file", &[], form(&fields)).await;
    has(&answer, 422, "a form has 512 fields at most");
    let long = "x".repeat(65 * 1024);
    let fields: [(&str, Option<&str>, &[u8]); 1] = [("lang", None, long.as_bytes())];
    let answer = upload_form(&router, "/v1/convert/file", &[], form(&fields)).await;
    has(&answer, 422, "Input should have 65536 bytes at most");
}

/// So many pages of text take several seconds.
fn long() -> Vec<u8> {
    made::pdf_of(4000, |page| vec![format!("Line of page {page}"); 40])
}

#[tokio::test]
async fn a_servers_time_limit_returns_the_pages_of_a_text_that_were_read() {
    let engine = Arc::new(Engine::builder().workers(1).build().unwrap());
    // What is loaded once takes none of the time.
    engine.read(Source::bytes(made::pdf(1), "a.pdf"), &Options::default()).unwrap();
    let body = asking(&long());
    let mut time = Duration::from_millis(400);
    let answer = loop {
        let settings = settings(|s| s.timeout = Some(time));
        let provider = Arc::new(LocalProvider::new(Arc::clone(&engine)));
        let answer = post(&Server::new(provider, settings).router(), "/v1/ocr", &body).await;
        // On a busy machine it may be over before the first page.
        if answer.status != 504 || time > Duration::from_secs(10) {
            break answer;
        }
        time *= 2;
    };
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = answer.json();
    let pages = answer["pages"].as_array().unwrap().len();
    assert!((1..4000).contains(&pages), "{pages}");
    let warning = &answer["warnings"][0];
    assert_eq!(warning["code"], "timed_out");
    let message = format!("the deadline passed: {pages} of 4000 pages were read");
    assert_eq!(warning["message"], message);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_away_leaves_no_work_behind() {
    let router = limited(Limits::default());
    let pdf = long();
    for (path, body) in
        [("/v1/ocr", asking(&pdf)), ("/v1/convert/source", sources(&pdf, &json!({})))]
    {
        let read = tokio::spawn({
            let router = router.clone();
            async move { post(&router, path, &body).await.status }
        });
        running(&router, 1).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        read.abort();
        let gone = Instant::now();
        running(&router, 0).await;
        // A page takes milliseconds; laying out what was read is no longer done.
        assert!(gone.elapsed() < Duration::from_secs(3), "{path}: {:?}", gone.elapsed());
    }
    let answer = post(&real(), "/v1/ocr", &asking(&made::pdf(1))).await;
    assert_eq!(answer.status, 200);
}
