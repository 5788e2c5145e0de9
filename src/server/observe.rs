//! What every request gets, whatever it asks for: an id, a line in the log, counts, and headers that
//! keep browsers from doing more with an answer than they should.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Response};
use axum::middleware::Next;
use http_body_util::BodyExt;
use tracing::Instrument;
use uuid::Uuid;

use super::app::App;

/// The header of a request's id, in requests and answers.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longer ids are replaced: they stand in every line of the log.
const LONGEST_ID: usize = 128;
/// The status in log and counts of a request whose client went away; no answer has it. (nginx's)
const GIVEN_UP: u16 = 499;
/// Of the log lines of answers, so that they can be had alone: `RUST_LOG=recto::access=info`.
const ACCESS: &str = "recto::access";

/// For browsers. What an answer says itself stands; the pages `/ui` and `/docs` do.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    // Documents and what is read from them are for nobody's cache.
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// How many pages were read for an answer: handlers leave it with the answer, for the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct PagesRead(pub(super) usize);

/// The layer around all others.
pub(super) async fn observe(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let id = request_id(request.headers());
    let span = tracing::info_span!("request", request_id = %id);
    // Of the paths that there are, so that there are not more counts than these; and since others
    // have ids and signatures in them.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut line = Line {
        // Nobody is refused here: that is for the handlers, which say why.
        key: app.settings.keys.check(request.headers()).ok(),
        method: request.method().to_string(),
        route,
        app: Arc::clone(&app),
        began: Instant::now(),
        span: span.clone(),
        status: GIVEN_UP,
        pages: None,
    };
    let request = request.map(|body| {
        Body::new(body.map_frame(move |frame| {
            app.metrics.received(frame.data_ref().map_or(0, |part| part.len()));
            frame
        }))
    });
    let mut response = next.run(request).instrument(span).await;
    line.status = response.status().as_u16();
    line.pages = response.extensions().get::<PagesRead>().map(|pages| pages.0);
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(value);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The client's own id where it is one, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let plain = |id: &&str| {
        (1..=LONGEST_ID).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:/+=@".contains(&b))
    };
    let own = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(plain);
    own.map_or_else(|| Uuid::new_v4().simple().to_string(), str::to_owned)
}

/// A line of the log and a count, written when it is dropped: with the answer, or when the client goes
/// away before there is one.
struct Line {
    app: Arc<App>,
    began: Instant,
    span: tracing::Span,
    method: String,
    route: Option<MatchedPath>,
    key: Option<usize>,
    status: u16,
    pages: Option<usize>,
}

impl Drop for Line {
    fn drop(&mut self) {
        let time = self.began.elapsed();
        let route = self.route.as_ref().map_or("other", MatchedPath::as_str);
        self.app.metrics.answered(route, self.status, time);
        let _inside = self.span.enter();
        tracing::info!(
            target: ACCESS,
            method = self.method,
            route,
            status = self.status,
            ms = (time.as_secs_f64() * 1e4).round() / 10.0,
            pages = self.pages,
            // As the list of keys counts them; the key itself is for nobody.
            key = self.key.filter(|_| !self.app.settings.keys.is_empty()).map(|key| key + 1),
            "{}",
            if self.status == GIVEN_UP { "given up by its client" } else { "answered" },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(own: &[u8]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_bytes(own).unwrap());
        request_id(&headers)
    }

    #[test]
    fn an_id_is_the_clients_own_where_it_is_plain() {
        for own in ["7", "req_01HZ-x.y:z/a+b=@", &"x".repeat(LONGEST_ID)] {
            assert_eq!(id(own.as_bytes()), own);
        }
        let long = "x".repeat(LONGEST_ID + 1);
        for own in ["", "a b", "a\"b", "{x}", "\u{e9}", long.as_str()] {
            let new = id(own.as_bytes());
            assert!(new.len() == 32 && new != own, "{own:?} {new}");
        }
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }
}
