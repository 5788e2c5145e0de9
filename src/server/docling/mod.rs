//! docling-serve's interface: `/v1/convert/source`, `/v1/convert/file` and what belongs to them.
//!
//! Requests and answers are docling-serve's
//! (<https://github.com/docling-project/docling-serve/blob/main/docs/usage.md>); docs/docling.md has
//! the table of options. [`convert`](convert::convert) does the work of all endpoints.

mod about;
mod answer;
pub(super) mod archive;
pub(super) mod ask;
mod callbacks;
mod chunk;
pub(super) mod convert;
pub(super) mod form;
mod images;
mod job;
pub(super) mod options;
mod tasks;
mod watch;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::app::App;
use super::error::{ApiError, Class, Dialect, json_response};
use super::files::check_origin;
use super::handlers::{announced, check_length, check_type, receive};
use super::limits::Allowance;
use super::observe::PagesRead;
use super::reads::Place;
use super::stored::Stored;
use crate::engine::Engine;
use crate::error::Warning;
use ask::Asked;
use convert::{Converted, Reply, Wanted};
use form::{Form, Keep};
pub(super) use job::{
    CHUNK, CONVERT, join as join_conversion, run as convert_job, run_part as convert_part,
    split as split_conversion,
};

type Shared = State<Arc<App>>;
type Answer = Result<Response<Body>, ApiError>;

/// What a request asked for in vain, as a JSON list.
const WARNINGS_HEADER: &str = "x-recto-warnings";

pub(super) fn routes() -> Router<Arc<App>> {
    let mut router = Router::new()
        .route("/v1/convert/source", post(convert_source))
        .route("/v1/convert/file", post(convert_file))
        .route("/v1/chunk/hierarchical/source", post(chunk_source))
        .route("/v1/chunk/hierarchical/file", post(chunk_file))
        .route("/v1/capabilities", get(capabilities))
        .route("/v1/clear/converters", get(clear))
        .merge(tasks::routes());
    for (path, why) in about::unanswered() {
        router = router.route(path, post(move |app, request| unanswered(app, request, why)));
    }
    router
}

/// Errors of these paths have docling-serve's shape.
fn told(answer: Answer) -> Response<Body> {
    answer.unwrap_or_else(|error| error.response(Dialect::Docling))
}

async fn convert_source(State(app): Shared, request: Request) -> Response<Body> {
    told(source(&app, request, ask::read).await)
}

async fn convert_file(State(app): Shared, request: Request) -> Response<Body> {
    told(file(&app, request, Form::asked).await)
}

async fn chunk_source(State(app): Shared, request: Request) -> Response<Body> {
    told(source(&app, request, ask::read_chunking).await)
}

async fn chunk_file(State(app): Shared, request: Request) -> Response<Body> {
    told(file(&app, request, Form::asked_chunking).await)
}

async fn source(
    app: &Arc<App>,
    request: Request,
    read: fn(&[u8], &Stored) -> Result<Asked, ApiError>,
) -> Answer {
    let start = Instant::now();
    check_origin(request.headers())?;
    let key = app.settings.keys.check(request.headers())?;
    let engine = engine(app)?;
    check_type(request.headers())?;
    check_length(request.headers(), app.settings.max_body_bytes)?;
    let allowance = app.limits.admit(key, start)?;
    let held = (app.reads.enter()?, allowance);
    let length = announced(request.headers());
    let body = receive(request.into_body(), length, app.settings.max_body_bytes).await?;
    let stored = Stored::of(app, key);
    let asked = reading(move || read(&body, &stored)).await?;
    callbacks::none(&asked.callbacks)?;
    run(app, engine, asked, held, start).await
}

async fn file(
    app: &Arc<App>,
    request: Request,
    read: fn(Form) -> Result<Asked, ApiError>,
) -> Answer {
    let start = Instant::now();
    check_origin(request.headers())?;
    let key = app.settings.keys.check(request.headers())?;
    let engine = engine(app)?;
    check_length(request.headers(), app.settings.max_body_bytes)?;
    let allowance = app.limits.admit(key, start)?;
    let held = (app.reads.enter()?, allowance);
    let form = form::receive(request, &Keep::Memory(app.settings.max_body_bytes)).await?;
    let asked = reading(move || read(form)).await?;
    callbacks::none(&asked.callbacks)?;
    run(app, engine, asked, held, start).await
}

/// Tens of megabytes would hold up other requests of a thread of the runtime.
async fn reading(
    work: impl FnOnce() -> Result<Asked, ApiError> + Send + 'static,
) -> Result<Asked, ApiError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| ApiError::new(Class::Internal, "the request could not be read"))?
}

pub(super) fn engine(app: &App) -> Result<Engine, ApiError> {
    app.settings.engine.clone().ok_or_else(|| {
        ApiError::new(
            Class::NotOffered,
            "this server converts no documents: it was started without an engine of its own; \
             POST /v1/ocr reads documents here",
        )
    })
}

async fn run(
    app: &Arc<App>,
    engine: Engine,
    asked: Asked,
    (place, allowance): (Place, Allowance),
    start: Instant,
) -> Answer {
    let Asked { sources, options, chunking, target, mut warnings, .. } = asked;
    let held = (place, allowance);
    let converted = app
        .reads
        .run(held, app.settings.timeout, move |call| {
            let wanted = Wanted { options: &options, chunking: chunking.as_ref(), target };
            let converted = convert::convert(&engine, sources, wanted, call)?;
            let pages = converted.pages;
            Ok((converted, pages))
        })
        .await?;
    app.metrics.read(converted.pages, converted.bytes, start.elapsed());
    let Converted { reply, warnings: more, pages, .. } = converted;
    warnings.extend(more);
    let mut response = match reply {
        Reply::Json(body) => json_response(StatusCode::OK, &body),
        Reply::Zip(bytes) => zip(bytes),
        Reply::Nothing(error) => return Err(error),
    };
    response.extensions_mut().insert(PagesRead(pages));
    Ok(warning(response, &warnings))
}

fn warning(mut response: Response<Body>, warnings: &[Warning]) -> Response<Body> {
    if let Some(value) = answer::warnings_header(warnings) {
        response.headers_mut().insert(WARNINGS_HEADER, value);
    }
    response
}

fn zip(bytes: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    let name = HeaderValue::from_static("attachment; filename=\"converted_docs.zip\"");
    headers.insert(CONTENT_DISPOSITION, name);
    response
}

async fn capabilities(State(app): Shared, headers: HeaderMap) -> Response<Body> {
    told(
        app.settings
            .keys
            .check(&headers)
            .map(|_| json_response(StatusCode::OK, &about::capabilities(&app.settings))),
    )
}

/// There are no converters to unload.
async fn clear(State(app): Shared, headers: HeaderMap) -> Response<Body> {
    let done: Value = json!({ "status": "ok" });
    told(app.settings.keys.check(&headers).map(|_| json_response(StatusCode::OK, &done)))
}

/// Known paths that are not built: said so, rather than 404; and not with 501, since clients try
/// again after a 5xx.
async fn unanswered(State(app): Shared, request: Request, why: String) -> Response<Body> {
    let refused =
        app.settings.keys.check(request.headers()).and_then(|_| Err(options::refused(why)));
    told(refused)
}
