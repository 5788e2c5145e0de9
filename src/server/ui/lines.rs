//! An answer that is written line by line while the work goes on.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue, Response};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::error::{Error, Result};

/// Lines that wait for a slow client.
const AHEAD: usize = 32;
/// A client that takes nothing for so long is gone: it would keep its turn for ever.
const PATIENCE: Duration = Duration::from_secs(60);
/// Tells nginx, by whose name the header goes, to pass on each line as it comes.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Where lines of JSON are written to. Clones write to the same answer, which ends with the last of
/// them.
#[derive(Clone, Debug)]
pub(super) struct Lines(mpsc::Sender<std::result::Result<Bytes, Infallible>>);

impl Lines {
    /// Nothing was written yet.
    pub(super) fn new() -> (Self, Body) {
        let (sender, receiver) = mpsc::channel(AHEAD);
        (Self(sender), Body::from_stream(ReceiverStream::new(receiver)))
    }

    /// Writes an event. If nobody listens, nothing happens.
    pub(super) async fn tell(&self, event: &Value) {
        let _ = self.0.send(Ok(line(event))).await;
    }

    /// The same from a thread that may block, which waits for clients that are slow.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`] when nobody listens any more.
    pub(super) fn write(&self, event: &Value) -> Result<()> {
        let sent = async { tokio::time::timeout(PATIENCE, self.0.send(Ok(line(event)))).await };
        match tokio::runtime::Handle::current().block_on(sent) {
            Ok(Ok(())) => Ok(()),
            _ => Err(Error::Cancelled),
        }
    }

    /// Writes an event, if there is room for it, without ever waiting.
    pub(super) fn offer(&self, event: &Value) {
        let _ = self.0.try_send(Ok(line(event)));
    }

    /// Done when nobody listens any more.
    pub(super) async fn closed(&self) {
        self.0.closed().await;
    }
}

fn line(event: &Value) -> Bytes {
    let mut line = event.to_string();
    line.push('\n');
    line.into()
}

/// The answer of lines.
pub(super) fn response(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(BUFFERING, HeaderValue::from_static("no"));
    response
}
