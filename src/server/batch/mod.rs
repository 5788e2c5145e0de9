//! Mistral's batches (`/v1/batch/jobs`): files of requests for reads that are answered into files.

mod create;
pub(super) mod line;
mod list;
mod outputs;
mod run;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Response, StatusCode, Uri};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::app::App;
use super::auth::KeyIndex;
use super::error::{ApiError, Class, Dialect, Issue, json_response};
use super::files::on_disk;
use super::handlers::{announced, receive};
use super::jobs::{Desk, Failure, Known, Ticket};
use super::stored::Stored;
use crate::error::Error;
use crate::jobs::JobStatus;
use create::{ENDPOINT, Files};
use list::Query;
use outputs::Outputs;
use run::{More, Order};

pub(super) use outputs::{ERROR, RESULT};
pub(super) use run::{BATCH, run};

const KINDS: [&str; 1] = [BATCH];

type Shared = State<Arc<App>>;
type Answer = Result<Value, ApiError>;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/batch/jobs", post(create_one).get(list_all))
        .route("/v1/batch/jobs/{job_id}", get(retrieve).delete(delete))
        .route("/v1/batch/jobs/{job_id}/cancel", post(cancel))
}

fn told(answer: Answer) -> Response<Body> {
    match answer {
        Ok(body) => json_response(StatusCode::OK, &body),
        Err(error) => error.response(Dialect::Mistral),
    }
}

async fn create_one(State(app): Shared, request: Request) -> Response<Body> {
    told(created(&app, request).await)
}

async fn created(app: &Arc<App>, request: Request) -> Answer {
    let key = app.settings.keys.check(request.headers())?;
    let _place = Desk::admit(app, key, request.headers()).await?;
    let length = announced(request.headers());
    let body = receive(request.into_body(), length, app.settings.max_body_bytes).await?;
    let files = Files {
        store: app.settings.files.clone(),
        owner: app.settings.keys.owner(key),
        stored: Stored::of(app, key),
        most: app.settings.max_body_bytes,
    };
    let asked = on_disk(move || create::read(&body, &files)).await?;
    let order = serde_json::to_value(&asked.order)
        .map_err(|error| ApiError::of(&Error::stage("jobs", error)))?;
    let ticket = Ticket::new(BATCH, asked.requests);
    let id = Desk::submit(app, key, ticket, order, asked.inputs).await?;
    drop(asked.kept);
    let mut body = told_of(app, key, &id, find(app, key, &id).await?, false).await?;
    if !asked.warnings.is_empty() {
        body["warnings"] = json!(asked.warnings);
    }
    Ok(body)
}

async fn find(app: &Arc<App>, key: KeyIndex, id: &str) -> Result<Known, ApiError> {
    Desk::find(app, key, id, &KINDS).await?.ok_or_else(|| {
        let shown: String = id.chars().take(50).collect();
        ApiError::new(Class::NotFound, format!("there is no batch job {shown:?}"))
    })
}

/// A batch in Mistral's words; `inline`, with all results.
async fn told_of(app: &Arc<App>, key: KeyIndex, id: &str, known: Known, inline: bool) -> Answer {
    let Known { ticket, order, state } = known;
    let order = Order::of(&order).map_err(|error| ApiError::of(&error))?;
    let mut more = More::default();
    let mut files = Outputs::default();
    let mut lines = Value::Null;
    if state.status == JobStatus::Success
        && let Some(about) = Desk::about(app, id).await?
    {
        more = serde_json::from_value(about.more).unwrap_or_default();
        files = outputs::of(app, id, &more, app.settings.keys.owner(key)).await?;
        if inline && let Some(outcome) = Desk::outcome(app, id).await? {
            let texts = outcome.body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            lines = texts.filter_map(|line| serde_json::from_slice::<Value>(line).ok()).collect();
        }
    }
    let mut errors: Vec<Value> = more
        .errors
        .iter()
        .map(|(message, count)| json!({ "message": message, "count": count }))
        .collect();
    let status = match state.status {
        JobStatus::Success if more.timed_out => "TIMEOUT_EXCEEDED",
        JobStatus::Success => "SUCCESS",
        JobStatus::Failure if state.was_cancelled() => "CANCELLED",
        JobStatus::Failure => {
            let failure = Failure::of_queue(state.error.clone());
            errors.push(json!({ "message": failure.message, "count": 1 }));
            "FAILED"
        }
        JobStatus::Started => "RUNNING",
        JobStatus::Pending => "QUEUED",
    };
    let completed = match state.status {
        JobStatus::Success => more.succeeded + more.failed,
        _ => state.progress.map_or(0, |progress| usize::try_from(progress.done).unwrap_or(0)),
    };
    Ok(json!({
        "id": id,
        "object": "batch",
        "input_files": order.input_files,
        "endpoint": ENDPOINT,
        "model": order.model,
        "agent_id": null,
        "metadata": order.metadata,
        "status": status,
        "errors": errors,
        "total_requests": ticket.documents,
        "completed_requests": completed,
        "succeeded_requests": more.succeeded,
        "failed_requests": more.failed,
        "output_file": files.answers,
        "error_file": files.errors,
        "outputs": lines,
        "created_at": state.submitted_at,
        "started_at": state.started_at,
        "completed_at": state.ended_at,
    }))
}

async fn list_all(State(app): Shared, uri: Uri, headers: HeaderMap) -> Response<Body> {
    told(listed(&app, &uri, &headers).await)
}

async fn listed(app: &Arc<App>, uri: &Uri, headers: &HeaderMap) -> Answer {
    let key = app.settings.keys.check(headers)?;
    let query = Query::read(uri.query().unwrap_or_default())?;
    let mut ids = Desk::list(app, key, BATCH).await?;
    if query.oldest_first {
        ids.reverse();
    }
    let start = query.page.saturating_mul(query.size);
    let mut total = ids.len();
    if query.wants_all() {
        ids = ids.into_iter().skip(start).take(query.size).collect();
    }
    let mut batches = Vec::new();
    for id in ids {
        // One may have been removed meanwhile.
        let Some(known) = Desk::find(app, key, &id, &KINDS).await? else { continue };
        batches.push(told_of(app, key, &id, known, false).await?);
    }
    if !query.wants_all() {
        batches.retain(|batch| query.wants(batch));
        total = batches.len();
        batches = batches.into_iter().skip(start).take(query.size).collect();
    }
    Ok(json!({ "object": "list", "data": batches, "total": total }))
}

async fn retrieve(
    State(app): Shared,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    let found = async {
        let key = app.settings.keys.check(&headers)?;
        let inline = inline(uri.query().unwrap_or_default())?;
        told_of(&app, key, &id, find(&app, key, &id).await?, inline).await
    };
    told(found.await)
}

fn inline(query: &str) -> Result<bool, ApiError> {
    let given = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "inline");
    match given.as_ref().map(|(_, value)| value.as_ref()) {
        None | Some("" | "false" | "False" | "0") => Ok(false),
        Some("true" | "True" | "1") => Ok(true),
        Some(other) => {
            let message = "Input should be a valid boolean";
            let issue = Issue::new(&["inline"], "bool_parsing", message).within("query");
            Err(ApiError::invalid(vec![issue.sent(&json!(other))]))
        }
    }
}

/// Ends a batch; what was done of it is gone.
async fn cancel(State(app): Shared, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    let cancelled = async {
        let key = app.settings.keys.check(&headers)?;
        find(&app, key, &id).await?;
        Desk::cancel(&app, &id).await?;
        told_of(&app, key, &id, find(&app, key, &id).await?, false).await
    };
    told(cancelled.await)
}

/// Ends a batch and forgets it; its files stay.
async fn delete(State(app): Shared, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    let deleted = async {
        let key = app.settings.keys.check(&headers)?;
        find(&app, key, &id).await?;
        Desk::cancel(&app, &id).await?;
        Desk::remove(&app, &id).await?;
        Ok(json!({ "id": id, "object": "batch", "deleted": true }))
    };
    told(deleted.await)
}
