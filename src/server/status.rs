//! How the server is, and what it offers.

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::app::App;
use super::error::json_response;
use super::metrics::{children_text, files_text};

/// The description of the interface.
const OPENAPI: &str = include_str!("openapi.json");

pub(super) fn health() -> Response<Body> {
    json_response(StatusCode::OK, &json!({ "status": "ok" }))
}

/// Not ready any more once the server was asked to end.
pub(super) fn ready(app: &App) -> Response<Body> {
    if app.is_draining() {
        let body = json!({ "detail": "The server is shutting down" });
        return json_response(StatusCode::SERVICE_UNAVAILABLE, &body);
    }
    json_response(StatusCode::OK, &json!({ "status": "ok" }))
}

pub(super) fn version() -> Response<Body> {
    json_response(StatusCode::OK, &versions())
}

/// docling-serve's clients look for its name.
pub(super) fn versions() -> Value {
    let version = env!("CARGO_PKG_VERSION");
    json!({ "recto": version, "docling-serve": format!("recto {version}") })
}

pub(super) async fn metrics(app: &App) -> Response<Body> {
    let mut metrics = app.metrics.text(app.reads.counts());
    if let Some(store) = &app.settings.files {
        metrics.push_str(&files_text(store.usage()));
    }
    if let Some(children) = app.settings.engine.as_ref().and_then(|engine| engine.children()) {
        metrics.push_str(&children_text(&children));
    }
    metrics.push_str(&app.desk.metrics().await);
    text(metrics, "text/plain; version=0.0.4; charset=utf-8")
}

pub(super) fn openapi() -> Response<Body> {
    text(OPENAPI.to_owned(), "application/json")
}

/// The same for people.
pub(super) fn docs() -> Response<Body> {
    static PAGE: LazyLock<String> = LazyLock::new(|| super::docs::page(OPENAPI));
    let mut response = text(PAGE.clone(), "text/html; charset=utf-8");
    // The page is its own style and nothing else, whatever the description says.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

fn text(body: String, kind: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
