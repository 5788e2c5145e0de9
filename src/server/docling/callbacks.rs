//! Those who are told how a job goes (docling-serve's `callbacks`): each event is posted to a URL, under
//! the rules that documents are fetched by.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use url::Url;

use super::super::error::{ApiError, Issue};
use super::super::jobs::{Failure, Outcome};
use super::convert::{Counts, Done};
use super::options::refused;
use crate::call::Call;
use crate::document::{Document, Role, Status};
use crate::engine::Engine;
use crate::error::ErrorKind;
use crate::jobs::{JobQueue, JobStatus};

/// A message is sent so often before its address is given up, waiting a while after each time.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);
/// How often it is looked whether a job that was done is over.
const LOOK: Duration = Duration::from_millis(100);
/// Callbacks of one request.
const MOST: usize = 10;

/// Somebody to tell. Headers are often secrets: they are kept with the job, as long as that is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::server) struct Callback {
    url: Url,
    headers: BTreeMap<String, String>,
}

impl std::fmt::Debug for Callback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Callback({})", self.url.host_str().unwrap_or_default())
    }
}

/// The callbacks of a request.
pub(super) fn read(value: &Value) -> Result<Vec<Callback>, ApiError> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(list) if list.len() <= MOST => {
            list.iter().enumerate().map(|(n, item)| one(&n.to_string(), item)).collect()
        }
        Value::Array(list) => {
            let message = format!(
                "List should have at most {MOST} items after validation, not {}",
                list.len()
            );
            Err(ApiError::invalid(vec![Issue::new(&["callbacks"], "too_long", message)]))
        }
        _ => {
            let message = "Input should be a valid list";
            Err(ApiError::invalid(vec![Issue::new(&["callbacks"], "list_type", message)]))
        }
    }
}

fn one(n: &str, item: &Value) -> Result<Callback, ApiError> {
    let place = |field: &'static str| ["callbacks", n, field];
    let wrong = |field: &'static str, kind: &'static str, message: String| {
        ApiError::invalid(vec![Issue::new(&place(field), kind, message)])
    };
    let address = match &item["url"] {
        Value::Null => return Err(ApiError::invalid(vec![Issue::missing(&place("url"))])),
        Value::String(text) => text,
        _ => return Err(wrong("url", "url_type", "URL input should be a string or URL".into())),
    };
    let url = Url::parse(address)
        .map_err(|error| wrong("url", "url_parsing", format!("not a URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        let message = "URL scheme should be 'http' or 'https'";
        return Err(wrong("url", "url_scheme", message.into()));
    }
    let headers: BTreeMap<String, String> = match &item["headers"] {
        Value::Null => BTreeMap::new(),
        given => serde_json::from_value(given.clone()).map_err(|_| {
            let message = "Input should be an object of strings";
            wrong("headers", "dict_type", message.into())
        })?,
    };
    for (name, value) in &headers {
        if HeaderName::try_from(name).is_err() || HeaderValue::try_from(value).is_err() {
            let message = format!("{name:?} or its value cannot be a header");
            return Err(wrong("headers", "value_error", message));
        }
    }
    if item["ca_cert"].as_str().is_some_and(|text| !text.is_empty()) {
        return Err(refused(format!(
            "callbacks.{n}.ca_cert: this server trusts the authorities of its machine and takes no \
             others; leave it out"
        )));
    }
    Ok(Callback { url, headers })
}

/// Fails where an answer is waited for: nobody need be told.
pub(super) fn none(callbacks: &[Callback]) -> Result<(), ApiError> {
    if callbacks.is_empty() {
        return Ok(());
    }
    Err(refused(
        "callbacks: nobody is called back by this path, whose answer is the result; the same path \
         with /async at its end calls back",
    ))
}

/// Fails where no address would be reached.
pub(super) fn allowed(callbacks: &[Callback], engine: &Engine) -> Result<(), ApiError> {
    if callbacks.is_empty() || engine.reaches_urls() {
        return Ok(());
    }
    Err(refused(
        "callbacks: this server reaches no URLs; ask GET /v1/status/poll how the job is, or start \
         the server with --allow-urls",
    ))
}

/// Tells them, one event after the other, without holding up the job.
#[derive(Debug)]
pub(super) struct Caller {
    events: Option<UnboundedSender<Value>>,
}

impl Caller {
    /// For a job that runs.
    pub(super) fn new(callbacks: &[Callback], id: &str, engine: &Engine, queue: &JobQueue) -> Self {
        let runtime = tokio::runtime::Handle::try_current();
        let (Ok(runtime), false) = (runtime, callbacks.is_empty()) else {
            return Self { events: None };
        };
        let (events, mut received) = unbounded_channel();
        let (engine, queue, id) = (engine.clone(), queue.clone(), id.to_owned());
        let mut left = callbacks.to_vec();
        runtime.spawn(async move {
            while let Some(event) = received.recv().await {
                tell(&mut left, &engine, &id, event).await;
            }
            // The result can be fetched before anybody is told that there is one. A job that is not
            // over is run again, and tells it then.
            if let Some(event) = end(&queue, &id).await {
                tell(&mut left, &engine, &id, event).await;
            }
        });
        Self { events: Some(events) }
    }

    /// How many documents there are.
    pub(super) fn begin(&self, documents: usize) {
        self.tell(|| json!({ "kind": "set_num_docs", "num_docs": documents }));
    }

    /// A document is done, the so-manieth of all.
    pub(super) fn done(&self, done: &Done, so_many: usize, of: usize) {
        self.tell(|| {
            json!({
                "kind": "document_completed",
                "document": document(done),
                "total_processed": so_many,
                "total_docs": of,
            })
        });
    }

    /// All are done.
    pub(super) fn processed(&self, counts: Counts, documents: &[Value]) {
        self.tell(|| {
            json!({
                "kind": "update_processed",
                "num_processed": documents.len(),
                "num_succeeded": counts.succeeded,
                "num_partially_succeeded": counts.partially,
                "num_failed": counts.failed,
                "docs": documents,
            })
        });
    }

    fn tell(&self, event: impl FnOnce() -> Value) {
        if let Some(events) = &self.events {
            // Whoever would take it has ended with its runtime.
            let _ = events.send(event());
        }
    }
}

/// A document's name, how it ended, and why.
pub(super) fn item(done: &Done) -> Value {
    let (status, error) = ending(done);
    json!({ "source": done.name, "status": status, "error": error })
}

fn ending(done: &Done) -> (&'static str, Option<String>) {
    match &done.outcome {
        Err(error) => ("failure", Some(ApiError::of(error).message)),
        Ok(outputs) => match outputs.document.status {
            Status::Success => ("success", None),
            _ => ("partial_success", None),
        },
    }
}

fn document(done: &Done) -> Value {
    let mut item = item(done);
    item["processing_time"] = json!(done.time.as_secs_f64());
    if let Ok(outputs) = &done.outcome {
        let document = &outputs.document;
        item["num_pages"] = json!(document.pages.len());
        item["num_tables"] = json!(count(document, |role| matches!(role, Role::Table { .. })));
        item["num_pictures"] = json!(count(document, |role| matches!(role, Role::Figure)));
        let characters = outputs.md.as_ref().or(outputs.text.as_ref());
        item["num_characters"] = json!(characters.map(|text| text.chars().count()));
    }
    item
}

fn count(document: &Document, is_one: impl Fn(&Role) -> bool) -> usize {
    let blocks = document.pages.iter().flat_map(|page| &page.blocks);
    blocks.filter(|block| is_one(&block.role)).count()
}

/// How a job ended, once that can be asked for; none where it did not.
async fn end(queue: &JobQueue, id: &str) -> Option<Value> {
    loop {
        let state = queue.state(id).await.ok()??;
        let failure = match state.status {
            JobStatus::Started => {
                tokio::time::sleep(LOOK).await;
                continue;
            }
            JobStatus::Success => {
                Outcome::of_bytes(queue.result(id).await.ok()??).ok()?.about.failure
            }
            JobStatus::Failure => Some(Failure::of_queue(state.error)),
            _ => return None,
        };
        let status = if failure.is_some() { "failure" } else { "success" };
        let failure = failure.map(|failure| failure.json());
        return Some(
            json!({ "kind": "task_completed", "task_status": status, "failure": failure }),
        );
    }
}

/// Posts an event to all; who cannot be told is left out from then on.
async fn tell(callbacks: &mut Vec<Callback>, engine: &Engine, id: &str, event: Value) {
    let body = json!({ "task_id": id, "progress": event }).to_string();
    let mut left = Vec::new();
    for callback in callbacks.drain(..) {
        if post(&callback, engine, &body).await {
            left.push(callback);
        }
    }
    *callbacks = left;
}

async fn post(callback: &Callback, engine: &Engine, body: &str) -> bool {
    for n in 1..=TRIES {
        let (callback, engine, body) = (callback.clone(), engine.clone(), body.to_owned());
        let sent = tokio::task::spawn_blocking(move || {
            let headers: Vec<(&str, &str)> =
                callback.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            engine.post(&callback.url, &headers, body.as_bytes(), &Call::default())
        });
        match sent.await {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => {
                let last = n == TRIES || error.kind() != ErrorKind::Fetch;
                tracing::warn!(error = error.chain(), last, "a callback was not taken");
                if last {
                    return false;
                }
            }
            Err(_) => return false,
        }
        tokio::time::sleep(PAUSE * n).await;
    }
    false
}
