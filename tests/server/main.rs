//! The HTTP server, endpoint by endpoint: what clients send, and the exact answers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod answers;
mod batch;
mod bifrost;
mod children;
mod docling;
mod docling_chunks;
mod docling_errors;
mod documents;
mod errors;
mod fetching;
mod file_errors;
mod files;
mod jobs;
mod jobs_ended;
mod keeping;
mod kept;
mod limits;
#[path = "../made/mod.rs"]
mod made;
mod observing;
mod program;
mod queue;
mod remote;
mod running;
mod status;
mod ui;

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use recto::provider::{LocalProvider, OcrModel, OcrPage, OcrProvider, OcrRequest, OcrResponse};
use recto::server::{Server, Settings};
use recto::{Call, Engine};
use serde_json::{Value, json};
use tower::ServiceExt;

/// A server's answer.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }
}

async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    // Archives are no text; their names are.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Answer { status: parts.status, headers: parts.headers, text }
}

async fn get(router: &Router, path: &str) -> Answer {
    send(router, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn post(router: &Router, path: &str, body: &Value) -> Answer {
    post_with(router, path, &[], body.to_string()).await
}

async fn post_with(
    router: &Router,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    let mut request = Request::post(path).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(router, request.body(body.into()).unwrap()).await
}

/// The engine behind all tests that read for real.
fn engine() -> Arc<Engine> {
    static ENGINE: OnceLock<Arc<Engine>> = OnceLock::new();
    Arc::clone(ENGINE.get_or_init(|| Arc::new(Engine::builder().build().unwrap())))
}

/// A server that reads for real.
fn real() -> Router {
    Server::new(Arc::new(LocalProvider::new(engine())), Settings::default()).router()
}

/// Settings that differ from the default.
fn settings(change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = Settings::default();
    change(&mut settings);
    settings
}

/// A server whose provider repeats what it was asked for, in the markdown of its only page.
fn echo(settings: Settings) -> Router {
    Server::new(Arc::new(Echo), settings).router()
}

#[derive(Debug)]
struct Echo;

impl OcrProvider for Echo {
    fn name(&self) -> &str {
        "echo"
    }

    fn models(&self) -> recto::Result<Vec<OcrModel>> {
        Ok(Vec::new())
    }

    fn ocr(&self, request: &OcrRequest, _: &Call) -> recto::Result<OcrResponse> {
        let mut response = OcrResponse::new("ocr_echo", "echo/echo", "echo");
        let page = OcrPage { markdown: format!("{request:?}"), ..OcrPage::default() };
        response.pages.push(page);
        Ok(response)
    }
}

/// What the echo was asked for.
fn echoed(answer: &Answer) -> String {
    let body = answer.json();
    let text = body["pages"][0]["markdown"].as_str();
    text.unwrap_or_else(|| panic!("no page: {body}")).to_owned()
}

fn file(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(path)).unwrap()
}

fn in_base64(path: &str) -> String {
    STANDARD.encode(file(path))
}

fn data_uri(path: &str) -> String {
    format!("data:application/pdf;base64,{}", in_base64(path))
}

/// A request for a file of the test data.
fn asking(path: &str) -> Value {
    json!({ "model": null, "document": { "document_url": data_uri(path) } })
}

/// The request, with more fields.
fn with(mut request: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("no object") };
    request.as_object_mut().unwrap().extend(more);
    request
}

/// The options that an answer's warnings are about.
fn warned(body: &Value) -> Vec<&str> {
    let list = body["warnings"].as_array().unwrap();
    list.iter().map(|warning| warning["option"].as_str().unwrap_or_default()).collect()
}

/// Waits until so many reads run.
async fn running(router: &Router, count: usize) {
    let start = Instant::now();
    let line = format!("recto_reads_running {count}\n");
    while !get(router, "/metrics").await.text.contains(&line) {
        assert!(start.elapsed() < Duration::from_secs(20), "{line}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
