//! The page itself, put together of its parts.

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const HTML: &str = include_str!("page.html");
const STYLE: &str = concat!(include_str!("page.css"), include_str!("result.css"));
/// One script: its parts are functions and what they share, the last one begins.
const SCRIPT: &str = concat!(
    "'use strict';\n",
    include_str!("document.js"),
    include_str!("server.js"),
    include_str!("result.js"),
    include_str!("page.js"),
);

/// Where the parts go.
const STYLE_PLACE: &str = "/* style */";
const SCRIPT_PLACE: &str = "/* script */";

static PAGE: LazyLock<String> =
    LazyLock::new(|| HTML.replace(STYLE_PLACE, STYLE).replace(SCRIPT_PLACE, SCRIPT));

/// What the page may do: run its own script and use its own style, both by their digests, show
/// images that it has, and ask this server. With `require-trusted-types-for` text cannot become
/// markup or script even where the script is wrong.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        digest(SCRIPT),
        digest(STYLE)
    )
});

/// The page. It needs nothing from elsewhere.
pub(super) fn page() -> Response<Body> {
    let mut response = Response::new(Body::from(PAGE.as_str()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // A new version of the server has a new page.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}
