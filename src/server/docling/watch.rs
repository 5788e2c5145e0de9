//! A socket that tells how a job goes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response, Uri};
use serde_json::{Value, json};

use super::super::app::App;
use super::super::auth::KeyIndex;
use super::super::error::{ApiError, Class};
use super::super::files::check_origin;
use super::super::jobs::Desk;
use super::tasks::{KINDS, Status, UNKNOWN, status};
use super::{Shared, told};

/// How often it is looked whether something has changed: after news, and after a while.
const SOON: Duration = Duration::from_millis(50);
const LATER: Duration = Duration::from_millis(500);
/// A client that asks for news has an answer after this, changed or not.
const NEWS: Duration = Duration::from_secs(1);
/// Clients that neither read nor leave do not keep their socket for ever.
const SEND: Duration = Duration::from_secs(30);
/// Bytes of a message; clients send a word.
const LONGEST: usize = 4096;

/// Who cannot set headers sends its key as `api_key`.
pub(super) async fn watch(
    State(app): Shared,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response<Body> {
    let query = uri.query().unwrap_or_default();
    let shown = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "api_key");
    let shown = shown.map(|(_, key)| key.into_owned());
    let checked = check_origin(&headers)
        .and_then(|()| app.settings.keys.check_with(&headers, shown.as_deref()));
    let ready = checked.and_then(|key| match upgrade {
        Ok(upgrade) => Ok((key, upgrade)),
        Err(_) => {
            let message = "this path is a WebSocket; GET /v1/status/poll/{task_id} tells the same";
            Err(ApiError::new(Class::NotFound, message))
        }
    });
    match ready {
        Ok((key, upgrade)) => upgrade
            .max_message_size(LONGEST)
            .max_frame_size(LONGEST)
            .on_upgrade(move |socket| async move { tell(&app, key, &id, socket).await }),
        Err(error) => told(Err(error)),
    }
}

/// Tells what changes until the job is over, the client leaves, or the server ends.
async fn tell(app: &Arc<App>, key: KeyIndex, id: &str, mut socket: WebSocket) {
    let mut last: Option<Value> = None;
    let mut sent = Instant::now();
    let (mut asked, mut pause) = (false, SOON);
    loop {
        let now = match look(app, key, id).await {
            Ok(Some(now)) => now,
            Ok(None) if last.is_some() => break,
            Ok(None) => {
                send(&mut socket, &error(UNKNOWN)).await;
                break;
            }
            Err(problem) => {
                send(&mut socket, &error(&problem.message)).await;
                break;
            }
        };
        if last.is_none() {
            let hello = json!({ "message": "connection", "task": now.body, "error": null });
            if !send(&mut socket, &hello).await {
                return;
            }
        }
        let is_news = last.as_ref() != Some(&now.body);
        pause = if is_news { SOON } else { (pause * 2).min(LATER) };
        if is_news || (asked && sent.elapsed() >= NEWS) {
            let update = json!({ "message": "update", "task": now.body, "error": null });
            if !send(&mut socket, &update).await {
                return;
            }
            (sent, asked, last) = (Instant::now(), false, Some(now.body));
        }
        if now.is_over || app.is_draining() {
            break;
        }
        tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Text(_) | Message::Binary(_))) => asked = true,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
            () = tokio::time::sleep(pause) => {}
        }
    }
    // Whoever has left already need not be told.
    let _ = tokio::time::timeout(SEND, socket.send(Message::Close(None))).await;
    let _ = tokio::time::timeout(NEWS, async { while socket.recv().await.is_some() {} }).await;
}

fn error(message: &str) -> Value {
    json!({ "message": "error", "task": null, "error": message })
}

async fn look(app: &Arc<App>, key: KeyIndex, id: &str) -> Result<Option<Status>, ApiError> {
    match Desk::find(app, key, id, &KINDS).await? {
        Some(known) => status(app, id, known).await.map(Some),
        None => Ok(None),
    }
}

async fn send(socket: &mut WebSocket, message: &Value) -> bool {
    let sent = socket.send(Message::Text(message.to_string().into()));
    matches!(tokio::time::timeout(SEND, sent).await, Ok(Ok(())))
}
