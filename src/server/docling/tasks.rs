//! Jobs, in docling-serve's shape: what is asked for now, and fetched later.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Uri};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::super::app::App;
use super::super::auth::KeyIndex;
use super::super::error::{ApiError, Class, Issue, json_response};
use super::super::files::check_origin;
use super::super::handlers::{Most, announced, receive};
use super::super::jobs::{Desk, Failure, Known, Outcome, Ticket};
use super::super::stored::Stored;
use super::ask::{self, Asked};
use super::form::{self, Form, Keep};
use super::{Answer, Shared, callbacks, engine, job, reading, told, warning, watch, zip};
use crate::jobs::JobStatus;

/// The kinds of jobs that these paths know.
pub(super) const KINDS: [&str; 2] = [job::CONVERT, job::CHUNK];

/// Longest time that somebody waits for a job to end.
const LONGEST_WAIT: f64 = 300.0;
/// How often it is looked whether a job has ended: at first, and after a while.
const SOON: Duration = Duration::from_millis(20);
const LATER: Duration = Duration::from_millis(500);

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/convert/source/async", post(source))
        .route("/v1/convert/source/batch", post(batch))
        .route("/v1/convert/file/async", post(file))
        .route("/v1/chunk/hierarchical/source/async", post(chunk_source))
        .route("/v1/chunk/hierarchical/file/async", post(chunk_file))
        .route("/v1/status/poll/{task_id}", get(poll))
        .route("/v1/status/ws/{task_id}", get(watch::watch))
        .route("/v1/result/{task_id}", get(result))
        .route("/v1/clear/results", get(clear))
}

async fn source(State(app): Shared, request: Request) -> Response<Body> {
    told(json_job(&app, request, ask::read).await)
}

async fn batch(State(app): Shared, request: Request) -> Response<Body> {
    told(json_job(&app, request, ask::read_batch).await)
}

async fn json_job(
    app: &Arc<App>,
    request: Request,
    read: fn(&[u8], &Stored) -> Result<Asked, ApiError>,
) -> Answer {
    let key = admit(app, request.headers())?;
    let _place = Desk::admit(app, key, request.headers()).await?;
    let length = announced(request.headers());
    let body = receive(request.into_body(), length, app.settings.max_body_bytes).await?;
    let stored = Stored::of(app, key);
    let asked = reading(move || read(&body, &stored)).await?;
    submit(app, key, asked).await
}

async fn file(State(app): Shared, request: Request) -> Response<Body> {
    told(form_job(&app, request, Form::asked).await)
}

async fn chunk_source(State(app): Shared, request: Request) -> Response<Body> {
    told(json_job(&app, request, ask::read_chunking).await)
}

async fn chunk_file(State(app): Shared, request: Request) -> Response<Body> {
    told(form_job(&app, request, Form::asked_chunking).await)
}

async fn form_job(
    app: &Arc<App>,
    request: Request,
    read: fn(Form) -> Result<Asked, ApiError>,
) -> Answer {
    let key = admit(app, request.headers())?;
    let Some(rules) = &app.settings.jobs else {
        return Err(Desk::queue(app).await.err().unwrap_or_else(missing));
    };
    let most = rules.max_upload_bytes;
    Most::upload(most).check(request.headers())?;
    app.limits.admit_job(key, Instant::now())?;
    Desk::queue(app).await?;
    let form = form::receive(request, &Keep::Disk(rules.arriving(), most)).await?;
    let asked = reading(move || read(form)).await?;
    submit(app, key, asked).await
}

/// What costs least is checked first.
fn admit(app: &App, headers: &HeaderMap) -> Result<KeyIndex, ApiError> {
    check_origin(headers)?;
    let key = app.settings.keys.check(headers)?;
    engine(app)?;
    Ok(key)
}

async fn submit(app: &Arc<App>, key: KeyIndex, asked: Asked) -> Answer {
    callbacks::allowed(&asked.callbacks, &engine(app)?)?;
    let documents = asked.sources.len();
    let warnings = asked.warnings.clone();
    let kind = if asked.chunking.is_some() { job::CHUNK } else { job::CONVERT };
    let (order, inputs, kept) = job::order(asked).map_err(|error| ApiError::of(&error))?;
    let ticket = Ticket::new(kind, documents);
    let id = Desk::submit(app, key, ticket, order, inputs).await?;
    drop(kept);
    let known = Desk::find(app, key, &id, &KINDS).await?.ok_or_else(missing)?;
    let body = status(app, &id, known).await?.body;
    Ok(warning(json_response(StatusCode::OK, &body), &warnings))
}

/// How a job is.
pub(super) struct Status {
    /// A `TaskStatusResponse`.
    pub(super) body: Value,
    pub(super) is_over: bool,
}

pub(super) async fn status(app: &Arc<App>, id: &str, known: Known) -> Result<Status, ApiError> {
    let Known { ticket, state, .. } = known;
    let about = match state.status {
        JobStatus::Success => Desk::about(app, id).await?,
        _ => None,
    };
    let more: Option<job::More> =
        about.as_ref().and_then(|about| serde_json::from_value(about.more.clone()).ok());
    let failure = match state.status {
        JobStatus::Failure => Some(Failure::of_queue(state.error)),
        _ => about.as_ref().and_then(|about| about.failure.clone()),
    };
    let word = match (state.status, &failure) {
        (_, Some(_)) => "failure",
        (JobStatus::Success, None) => "success",
        (JobStatus::Started, None) => "started",
        _ => "pending",
    };
    let read = about.as_ref().map(|about| (about.pages as u64, about.pages as u64));
    let pages = read.or(state.progress.map(|progress| (progress.done, progress.total)));
    let body = json!({
        "task_id": id,
        "task_type": if ticket.kind == job::CHUNK { "chunk" } else { "convert" },
        "task_status": word,
        "task_position": state.position,
        "task_meta": job::meta(ticket.documents, more.as_ref(), pages),
        "error_message": failure.as_ref().map(|failure| &failure.message),
        "failure": failure.as_ref().map(Failure::json),
    });
    Ok(Status { body, is_over: state.status.is_over() })
}

/// docling-serve's words, for which its clients look.
pub(super) const UNKNOWN: &str = "Task not found.";

fn missing() -> ApiError {
    ApiError::new(Class::NotFound, UNKNOWN)
}

async fn poll(
    State(app): Shared,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    told(polled(&app, &id, &uri, &headers).await)
}

async fn polled(app: &Arc<App>, id: &str, uri: &Uri, headers: &HeaderMap) -> Answer {
    let key = app.settings.keys.check(headers)?;
    let wait = number(uri, "wait", 0.0)?.min(LONGEST_WAIT);
    let end = Instant::now() + Duration::from_secs_f64(wait);
    let mut pause = SOON;
    let known = loop {
        let known = Desk::find(app, key, id, &KINDS).await?.ok_or_else(missing)?;
        let left = end.saturating_duration_since(Instant::now());
        // Nobody waits for a server that ends.
        if known.state.status.is_over() || left.is_zero() || app.is_draining() {
            break known;
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(LATER);
    };
    Ok(json_response(StatusCode::OK, &status(app, id, known).await?.body))
}

/// A parameter of an address that is a number of seconds.
fn number(uri: &Uri, name: &'static str, unless_told: f64) -> Result<f64, ApiError> {
    let query = uri.query().unwrap_or_default();
    let given = url::form_urlencoded::parse(query.as_bytes()).filter(|(n, _)| n == name).last();
    let Some((_, text)) = given else { return Ok(unless_told) };
    match text.trim().parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number.max(0.0)),
        _ => {
            let message =
                "Input should be a valid number, unable to parse string as a number".to_owned();
            let issue = Issue::new(&[name], "float_parsing", message).within("query");
            Err(ApiError::invalid(vec![issue.sent(&json!(text))]))
        }
    }
}

async fn result(State(app): Shared, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    told(fetched(&app, &id, &headers).await)
}

async fn fetched(app: &Arc<App>, id: &str, headers: &HeaderMap) -> Answer {
    let key = app.settings.keys.check(headers)?;
    let known = Desk::find(app, key, id, &KINDS).await?.ok_or_else(missing)?;
    let failed = |failure: Failure| {
        let body = json!({ "kind": "TaskFailureResult", "failure": failure.json() });
        Ok(json_response(StatusCode::OK, &body))
    };
    match known.state.status {
        JobStatus::Failure => return failed(Failure::of_queue(known.state.error)),
        JobStatus::Success => {}
        _ => {
            let message = "Task result not found. Please wait for a completion status.";
            return Err(ApiError::new(Class::NotFound, message));
        }
    }
    let Outcome { about, body } = Desk::outcome(app, id).await?.ok_or_else(missing)?;
    Desk::remove_later(app, id.to_owned()).await?;
    if let Some(failure) = about.failure {
        return failed(failure);
    }
    let more: job::More = serde_json::from_value(about.more).unwrap_or_default();
    let response = match about.media_type.as_str() {
        "application/zip" => zip(body),
        kind => {
            let mut response = Response::new(Body::from(body));
            if let Ok(kind) = HeaderValue::from_str(kind) {
                response.headers_mut().insert(CONTENT_TYPE, kind);
            }
            response
        }
    };
    Ok(warning(response, &more.warnings))
}

/// Results that nobody has fetched go when they have been kept long enough; with this, at once.
async fn clear(State(app): Shared, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let cleared = async {
        let key = app.settings.keys.check(&headers)?;
        let age = number(&uri, "older_then", 3600.0)?;
        Desk::clear(&app, key, &KINDS, Duration::from_secs_f64(age.min(1e9))).await?;
        Ok(json_response(StatusCode::OK, &json!({ "status": "ok" })))
    };
    told(cleared.await)
}
