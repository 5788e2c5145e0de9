//! Bifrost's asynchronous reads (`/v1/async/ocr`): asked for now, answered to whoever asks again.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::{get, post};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::app::App;
use super::error::{ApiError, Class, Dialect, json_response};
use super::handlers::asked;
use super::jobs::{About, Desk, Failure, Known, Outcome, Ticket, Tools};
use super::order::{self, Order};
use crate::call::Call;
use crate::error::{Error, Result};
use crate::jobs::{Job, JobStatus};

/// What these jobs are called.
pub(super) const OCR: &str = "bifrost.ocr";
const KINDS: [&str; 1] = [OCR];

/// For how many seconds a result is kept, from its end.
const TTL_HEADER: &str = "x-bf-async-job-result-ttl";
/// As long as Bifrost keeps one unless told.
const TTL: u64 = 3600;

type Shared = State<Arc<App>>;
type Answer = Result<Response<Body>, ApiError>;

/// What is kept of a request.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    read: Order,
    /// Seconds.
    ttl: u64,
}

/// What is known of a result beside its body, which is an answer or an error.
#[derive(Debug, Default, Serialize, Deserialize)]
struct More {
    status_code: u16,
}

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/async/ocr", post(submit))
        .route("/v1/async/ocr/{job_id}", get(retrieve))
}

fn told(answer: Answer) -> Response<Body> {
    answer.unwrap_or_else(|error| error.response(Dialect::Bifrost))
}

async fn submit(State(app): Shared, request: Request) -> Response<Body> {
    told(submitted(&app, request).await)
}

async fn submitted(app: &Arc<App>, request: Request) -> Answer {
    let key = app.settings.keys.check(request.headers())?;
    let _place = Desk::admit(app, key, request.headers()).await?;
    let ttl = ttl(request.headers());
    let asked = asked(app, key, request, Dialect::Bifrost).await?;
    let (read, input, kept) = Order::new(asked);
    let order = serde_json::to_value(Kept { read, ttl })
        .map_err(|error| ApiError::of(&Error::stage("jobs", error)))?;
    let ticket = Ticket::new(OCR, 1);
    let id = Desk::submit(app, key, ticket, order, input.into_iter().collect()).await?;
    drop(kept);
    let known = Desk::find(app, key, &id, &KINDS).await?.ok_or_else(missing)?;
    let created = time(known.state.submitted_at);
    let body = json!({ "id": id, "status": "pending", "created_at": created });
    Ok(json_response(StatusCode::ACCEPTED, &body))
}

/// Bifrost takes what is no number for nothing said.
fn ttl(headers: &HeaderMap) -> u64 {
    let given = headers.get(TTL_HEADER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    given.filter(|seconds| *seconds > 0).unwrap_or(TTL)
}

fn time(seconds: u64) -> String {
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(UNIX_EPOCH);
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// In Bifrost's words.
fn missing() -> ApiError {
    ApiError::new(Class::NotFound, "job not found or expired")
}

async fn retrieve(
    State(app): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    told(retrieved(&app, &id, &headers).await)
}

async fn retrieved(app: &Arc<App>, id: &str, headers: &HeaderMap) -> Answer {
    let key = app.settings.keys.check(headers)?;
    let Known { order, state, .. } = Desk::find(app, key, id, &KINDS).await?.ok_or_else(missing)?;
    let mut body = json!({ "id": id, "created_at": time(state.submitted_at) });
    let Some(ended) = state.ended_at.filter(|_| state.status.is_over()) else {
        let word = if state.status == JobStatus::Started { "processing" } else { "pending" };
        body["status"] = json!(word);
        return Ok(json_response(StatusCode::ACCEPTED, &body));
    };
    // A result is gone when its queue sweeps, however long it was to be kept.
    let keep = app.settings.jobs.as_ref().map_or(TTL, |rules| rules.keep.as_secs());
    let expires = ended.saturating_add(order["ttl"].as_u64().unwrap_or(TTL).min(keep));
    if SystemTime::now() >= UNIX_EPOCH + Duration::from_secs(expires) {
        Desk::remove(app, id).await?;
        return Err(missing());
    }
    body["completed_at"] = json!(time(ended));
    body["expires_at"] = json!(time(expires));
    let (status_code, field, value) = match state.status {
        JobStatus::Success => {
            let Outcome { about, body } = Desk::outcome(app, id).await?.ok_or_else(missing)?;
            let more: More = serde_json::from_value(about.more).unwrap_or_default();
            let value: Value = serde_json::from_slice(&body).unwrap_or_default();
            let field = if about.failure.is_some() { "error" } else { "result" };
            (more.status_code, field, value)
        }
        _ => {
            let error = ApiError::new(Class::Internal, Failure::of_queue(state.error).message);
            (500, "error", error.body(Dialect::Bifrost))
        }
    };
    body["status"] = json!(if field == "result" { "completed" } else { "failed" });
    body["status_code"] = json!(status_code);
    body[field] = value;
    Ok(json_response(StatusCode::OK, &body))
}

/// Reads the document of a job.
pub(super) fn run(tools: &Tools, job: &Job, call: &Call) -> Result<Outcome> {
    let kept = serde_json::from_value(job.request["order"].clone());
    let Kept { read, .. } = kept.map_err(|error| Error::stage("jobs", error))?;
    let asked = read.asked(job)?;
    let model = asked.ocr.model.clone();
    let (status_code, failure, body, pages, bytes) =
        match order::answer(tools.provider.as_ref(), asked, call) {
            Ok(answered) => (200, None, answered.body, answered.pages, answered.bytes),
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => {
                let error = ApiError { model, ..ApiError::of(&error) };
                let status = error.status(Dialect::Bifrost).as_u16();
                (status, Some(Failure::of(&error)), error.body(Dialect::Bifrost), 0, 0)
            }
        };
    let more =
        serde_json::to_value(More { status_code }).map_err(|error| Error::stage("jobs", error))?;
    let about = About { media_type: "application/json".to_owned(), failure, pages, bytes, more };
    Ok(Outcome { about, body: body.to_string().into_bytes() })
}
