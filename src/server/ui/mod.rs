//! `/ui`: a page for people. They drop a document, and see what was read where.
//!
//! The page is one file without anything outside of it. It asks two endpoints of its own:
//! `/ui/options` for what this server offers, and `/ui/read`, which answers with a line of JSON for
//! everything that happens. Both may change together with the page.

mod ask;
mod content;
mod lines;
mod page;
mod read;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, LOCATION};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::app::App;
use super::docling::engine;
use super::docling::form::{self, Keep};
use super::error::{ApiError, Class, Dialect, json_response};
use super::files::check_origin;
use super::handlers::{check_length, unknown_path};
use lines::Lines;

type Shared = State<Arc<App>>;
type Answer = Result<Response<Body>, ApiError>;

/// Errors of these paths are `{"error": {"code", "message"}}`.
const DIALECT: Dialect = Dialect::Opper;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(root))
        .route("/ui", get(|| async { page::page() }))
        .route("/ui/", get(|| async { sent_to("../ui") }))
        .route("/ui/options", get(options))
        .route("/ui/read", post(read))
}

/// Browsers that come without a path are shown the page. It is named relative to what they asked
/// for, since a proxy in front may have put the server under a path of its own.
async fn root(request: Request) -> Response<Body> {
    let accepted = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    match accepted.is_some_and(|kinds| kinds.contains("text/html")) {
        true => sent_to("ui"),
        false => unknown_path(&request),
    }
}

fn sent_to(place: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static(place));
    response
}

fn told(answer: Answer) -> Response<Body> {
    answer.unwrap_or_else(|error| error.response(DIALECT))
}

async fn options(State(app): Shared, headers: HeaderMap) -> Response<Body> {
    told(offered(&app, &headers).await)
}

/// What the page lets people choose from.
async fn offered(app: &App, headers: &HeaderMap) -> Answer {
    app.settings.keys.check(headers)?;
    let engine = engine(app)?;
    // Models are files, each of which is looked into.
    let languages = tokio::task::spawn_blocking(move || engine.languages())
        .await
        .map_err(|_| ApiError::new(Class::Internal, "the languages could not be listed"))?;
    let engines: &[&str] =
        if cfg!(feature = "tesseract") { &["auto", "tesseract"] } else { &["auto"] };
    let languages: Vec<Value> = languages
        .iter()
        .map(|language| json!({ "tag": language.tag(), "name": language.name() }))
        .collect();
    let body = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "languages": languages,
        "engines": engines,
        "max_bytes": app.settings.max_body_bytes,
    });
    Ok(json_response(StatusCode::OK, &body))
}

async fn read(State(app): Shared, request: Request) -> Response<Body> {
    told(begun(&app, request).await)
}

/// Checks a request as other reads are checked, and begins to answer: what happens from then on is
/// told line by line.
async fn begun(app: &Arc<App>, request: Request) -> Answer {
    let start = Instant::now();
    check_origin(request.headers())?;
    let key = app.settings.keys.check(request.headers())?;
    let engine = engine(app)?;
    check_length(request.headers(), app.settings.max_body_bytes)?;
    let allowance = app.limits.admit(key, start)?;
    let held = (app.reads.enter()?, allowance);
    let form = form::receive(request, &Keep::Memory(app.settings.max_body_bytes)).await?;
    let asked = ask::asked(form)?;

    let (lines, body) = Lines::new();
    let app = Arc::clone(app);
    tokio::spawn(async move {
        lines.tell(&json!({ "event": "queued" })).await;
        let reading = lines.clone();
        let work = app.reads.run(held, app.settings.timeout, move |call| {
            let read = read::read(&engine, asked, call, &reading);
            Ok((read, read.pages))
        });
        tokio::select! {
            // Whoever asked is gone; with the work, its turn and its place are given up.
            () = lines.closed() => {}
            ended = work => match ended {
                Ok(read) => app.metrics.read(read.pages, read.bytes, start.elapsed()),
                Err(error) => lines.tell(&read::failure(&error)).await,
            },
        }
    });
    Ok(lines::response(body))
}
