//! Paths, and what each of them does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::middleware;
use axum::routing::{get, post};
use http_body_util::BodyExt;
use tower_http::catch_panic::CatchPanicLayer;

use super::answer::{self, About};
use super::app::App;
use super::auth::KeyIndex;
use super::error::{ApiError, Class, Dialect, json_response};
use super::observe::{PagesRead, observe};
use super::request::{self, Asked};
use super::stored::Stored;
use super::{batch, bifrost, docling, files, models, status, ui};
use crate::provider::OcrModel;

/// Options of the engine as JSON, for clients that cannot add fields to their requests.
const PARAMETERS_HEADER: &str = "x-recto-parameters";

/// A body has to arrive in this time: the largest at 2 Mbit/s. Clients that send nothing must not
/// keep their place in the queue.
const BODY_TIME: Duration = Duration::from_secs(300);
/// Time for the next piece of a body: who sends nothing for so long has gone, and holds a place in the queue.
pub(super) const PIECE_TIME: Duration = Duration::from_secs(30);
pub(super) const LATE: &str = "the body did not arrive in time";

type Shared = State<Arc<App>>;

/// All paths.
pub(super) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/v1/ocr", post(ocr))
        .route("/ocr", post(ocr))
        .route("/v2/ocr", post(ocr))
        .route("/v3/ocr", post(ocr))
        .route("/v1/models", get(list_models))
        .route("/v1/models/{*id}", get(one_model))
        .route("/v2/ocr/models", get(list_models))
        .route("/v3/ocr/models", get(list_models))
        .merge(files::routes())
        .merge(docling::routes())
        .merge(batch::routes())
        .merge(bifrost::routes())
        .merge(ui::routes())
        .route("/metrics", get(metrics))
        .route("/health", get(|| async { status::health() }))
        .route("/livez", get(|| async { status::health() }))
        .route("/api", get(|| async { status::health() }))
        .route("/ready", get(|State(app): Shared| async move { status::ready(&app) }))
        .route("/readyz", get(|State(app): Shared| async move { status::ready(&app) }))
        .route("/version", get(|| async { status::version() }))
        .route("/openapi.json", get(|| async { status::openapi() }))
        .route("/docs", get(|| async { status::docs() }))
        .fallback(|request: Request| async move { unknown_path(&request) })
        .method_not_allowed_fallback(|request: Request| async move {
            let message = format!("{} does not take {}", request.uri().path(), request.method());
            refuse(&request, &ApiError::new(Class::Method, message))
        })
        .layer(CatchPanicLayer::custom(|_| {
            // The panic itself went to the log; which dialect was spoken is not known here.
            ApiError::new(Class::Internal, "the server failed").response(Dialect::Mistral)
        }))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), observe))
        .with_state(app)
}

/// What there is to say about a path that is none.
pub(super) fn unknown_path(request: &Request) -> Response<Body> {
    let message = format!("there is no path {}", request.uri().path());
    refuse(request, &ApiError::new(Class::NotFound, message))
}

fn refuse(request: &Request, error: &ApiError) -> Response<Body> {
    error.response(Dialect::of(request.uri().path(), request.headers()))
}

async fn list_models(State(app): Shared, request: Request) -> Response<Body> {
    let path = request.uri().path();
    let dialect = Dialect::of(path, request.headers());
    let list = models_of(&app, request.headers()).await;
    match list {
        Ok(list) if path == "/v1/models" => json_response(StatusCode::OK, &models::mistral(&list)),
        Ok(list) => json_response(StatusCode::OK, &models::opper(&list)),
        Err(error) => error.response(dialect),
    }
}

/// All models, for whoever has a key.
async fn models_of(app: &App, headers: &HeaderMap) -> Result<Vec<OcrModel>, ApiError> {
    app.settings.keys.check(headers)?;
    // Other providers may have to be asked for their lists.
    let provider = Arc::clone(&app.provider);
    match tokio::task::spawn_blocking(move || provider.models()).await {
        Ok(list) => list.map_err(|error| ApiError::of(&error)),
        Err(_) => Err(ApiError::new(Class::Internal, "the models could not be listed")),
    }
}

/// One model of Mistral's list; names have slashes in them.
async fn one_model(State(app): Shared, Path(id): Path<String>, request: Request) -> Response<Body> {
    let found = models_of(&app, request.headers()).await.and_then(|list| {
        models::mistral_one(&list, &id).ok_or_else(|| {
            let message = format!("there is no model {id:?}; GET /v1/models lists all");
            ApiError::new(Class::UnknownModel, message)
        })
    });
    match found {
        Ok(model) => json_response(StatusCode::OK, &model),
        Err(error) => refuse(&request, &error),
    }
}

async fn metrics(State(app): Shared, request: Request) -> Response<Body> {
    match app.settings.keys.check(request.headers()) {
        Ok(_) => status::metrics(&app).await,
        Err(error) => refuse(&request, &error),
    }
}

async fn ocr(State(app): Shared, request: Request) -> Response<Body> {
    let dialect = Dialect::of(request.uri().path(), request.headers());
    match read(&app, request, dialect).await {
        Ok(response) => response,
        Err(error) => error.response(dialect),
    }
}

/// Reads the document of a request. What costs least is checked first: key, limits, queue, size.
async fn read(
    app: &Arc<App>,
    request: Request,
    dialect: Dialect,
) -> Result<Response<Body>, ApiError> {
    let start = Instant::now();
    let key = app.settings.keys.check(request.headers())?;
    check_type(request.headers())?;
    check_length(request.headers(), app.settings.max_body_bytes)?;
    let allowance = app.limits.admit(key, start)?;
    let place = app.reads.enter()?;
    let asked = asked(app, key, request, dialect).await?;

    let mut about = About {
        model_requested: asked.ocr.model.clone(),
        warnings: asked.warnings,
        raw_request: asked.raw,
        latency: Duration::ZERO,
    };
    let mut ocr = asked.ocr;
    // Opper's pages have elements without being asked for them; a provider that has none need not
    // tell that.
    let unasked = dialect == Dialect::Opper && !ocr.include_blocks;
    ocr.include_blocks |= unasked;
    let provider = Arc::clone(&app.provider);
    let held = (place, allowance);
    let mut response = app
        .reads
        .run(held, app.settings.timeout, move |call| {
            let answer = provider.ocr(&ocr, call)?;
            let pages = answer.usage.pages_processed;
            Ok((answer, pages))
        })
        .await
        .map_err(|error| ApiError { model: about.model_requested.clone(), ..error })?;
    about.latency = start.elapsed();
    if unasked {
        response.warnings.retain(|warning| warning.option.as_deref() != Some("include_blocks"));
    }
    let usage = response.usage;
    if let Some(hit) =
        response.extra_fields.get("cache_debug").and_then(|d| d["cache_hit"].as_bool())
    {
        app.metrics.cached(hit);
    }
    app.metrics.read(usage.pages_processed, usage.document_bytes.unwrap_or(0), about.latency);
    let mut answer = json_response(StatusCode::OK, &answer::body(&response, &about, dialect));
    answer.extensions_mut().insert(PagesRead(usage.pages_processed));
    Ok(answer)
}

/// What a request asks for. Whoever calls has a place for it: its body is in memory.
pub(super) async fn asked(
    app: &App,
    key: KeyIndex,
    request: Request,
    dialect: Dialect,
) -> Result<Asked, ApiError> {
    // What is not text is no JSON either.
    let parameters = request.headers().get(PARAMETERS_HEADER);
    let parameters = parameters.map(|value| value.to_str().unwrap_or("?").to_owned());
    let length = announced(request.headers());
    let body = receive(request.into_body(), length, app.settings.max_body_bytes).await?;
    let stored = Stored::of(app, key);
    // Tens of megabytes of base64 would hold up other requests of this thread. The body is gone
    // before the document is read.
    tokio::task::spawn_blocking(move || {
        request::read(&body, parameters.as_deref(), dialect, &stored)
    })
    .await
    .map_err(|_| ApiError::new(Class::Internal, "the request could not be read"))?
}

/// JSON must be called so: a web page of somebody else can make a browser send anything to a server
/// on its user's machine, but not with this type.
pub(super) fn check_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(ApiError::new(
        Class::MediaType,
        "the body has to be JSON, with Content-Type: application/json",
    ))
}

pub(super) fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok())
}

/// How many bytes a request may have, and the setting that says so.
#[derive(Clone, Copy)]
pub(super) struct Most(pub(super) u64, &'static str);

impl Most {
    /// Of requests that are kept in memory.
    pub(super) fn body(bytes: usize) -> Self {
        Self(bytes as u64, "max_body_mb")
    }

    /// Of forms whose files go to the disk.
    pub(super) fn upload(bytes: u64) -> Self {
        Self(bytes, "max_upload_mb")
    }

    /// Refuses a request that announces more.
    pub(super) fn check(self, headers: &HeaderMap) -> Result<(), ApiError> {
        match announced(headers) {
            Some(length) if length > self.0 => Err(self.exceeded()),
            _ => Ok(()),
        }
    }

    pub(super) fn exceeded(self) -> ApiError {
        let Self(bytes, setting) = self;
        let message = format!("the request is larger than {bytes} bytes ({setting})");
        ApiError::new(Class::TooLarge, message)
    }
}

pub(super) fn check_length(headers: &HeaderMap, most: usize) -> Result<(), ApiError> {
    Most::body(most).check(headers)
}

/// The whole body in one piece, no larger than the limit.
pub(super) async fn receive(
    body: Body,
    announced: Option<u64>,
    most: usize,
) -> Result<Vec<u8>, ApiError> {
    // What is announced is only set aside; it takes memory as it comes.
    let room = announced.and_then(|length| usize::try_from(length).ok()).unwrap_or(0).min(most);
    let received = tokio::time::timeout(BODY_TIME, async {
        let mut whole = Vec::with_capacity(room);
        let mut body = body;
        while let Some(frame) = tokio::time::timeout(PIECE_TIME, body.frame())
            .await
            .map_err(|_| ApiError::new(Class::SlowBody, LATE))?
        {
            let frame = frame.map_err(|_| {
                ApiError::new(Class::SlowBody, "the request ended before its body did")
            })?;
            let Ok(part) = frame.into_data() else { continue };
            if whole.len() + part.len() > most {
                return Err(Most::body(most).exceeded());
            }
            whole.extend_from_slice(&part);
        }
        Ok(whole)
    });
    received.await.map_err(|_| ApiError::new(Class::SlowBody, LATE))?
}
