//! What clients are told when another provider fails: exact bodies, in every dialect.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use recto::provider::{OcrModel, OcrProvider, OcrRequest, OcrResponse};
use recto::server::{Server, Settings};
use recto::{Call, Error};
use serde_json::{Value, json};

use super::{Answer, post, post_with};

/// A service that fails as told.
#[derive(Debug)]
struct Failing {
    status: Option<u16>,
    detail: &'static str,
    retry_after: Option<Duration>,
}

impl OcrProvider for Failing {
    fn name(&self) -> &str {
        "mistral"
    }
    fn models(&self) -> recto::Result<Vec<OcrModel>> {
        Ok(Vec::new())
    }
    fn ocr(&self, _: &OcrRequest, _: &Call) -> recto::Result<OcrResponse> {
        Err(Error::Remote {
            provider: "mistral".to_owned(),
            status: self.status,
            detail: self.detail.to_owned(),
            retry_after: self.retry_after,
        })
    }
}

fn failing(status: impl Into<Option<u16>>, detail: &'static str) -> Router {
    let provider = Failing { status: status.into(), detail, retry_after: None };
    Server::new(Arc::new(provider), Settings::default()).router()
}

fn request() -> Value {
    json!({ "model": "m", "document": { "document_url": "data:;base64,JVBERg==" } })
}

async fn ask(router: &Router, path: &str) -> (u16, Value) {
    let answer = post(router, path, &request()).await;
    (answer.status.as_u16(), answer.json())
}

async fn ask_as_bifrost(router: &Router) -> Answer {
    let headers = [("x-recto-dialect", "bifrost")];
    post_with(router, "/v1/ocr", &headers, request().to_string()).await
}

fn mistral(status: u16, name: &str, message: &str) -> Value {
    json!({
        "object": "error", "message": message, "type": name, "param": null,
        "code": status.to_string(), "raw_status_code": status,
    })
}

fn opper(name: &str, message: &str) -> Value {
    json!({ "error": { "code": name, "message": message } })
}

fn bifrost(status: u16, name: &str, sort: &str, message: &str) -> Value {
    json!({
        "is_bifrost_error": true,
        "status_code": status,
        "error": { "type": name, "code": name, "message": message, "param": null },
        "extra_fields": {
            "provider": "mistral", "model_requested": "m", "request_type": "ocr",
            "error_type": sort,
        },
    })
}

#[tokio::test]
async fn the_callers_mistakes_keep_their_status() {
    for status in [400, 404, 413, 415] {
        let router = failing(status, "not a PDF");
        let (name, message) = ("provider_refused", "mistral: not a PDF");
        assert_eq!(ask(&router, "/v1/ocr").await, (status, mistral(status, name, message)));
        assert_eq!(ask(&router, "/v3/ocr").await, (status, opper(name, message)));
        assert_eq!(ask(&router, "/v2/ocr").await, (status, opper(name, message)));
        let answer = ask_as_bifrost(&router).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.json(), bifrost(status, name, "caller_refused_by_provider", message));
    }
}

/// Mistral's clients expect a list with this status, and nothing else.
#[tokio::test]
async fn fields_that_a_provider_refuses_are_a_list() {
    let router = failing(422, "pages.0: no number");
    let (name, message) = ("provider_refused", "mistral: pages.0: no number");
    let list = json!([{ "type": "value_error", "loc": ["body"], "msg": message }]);
    for path in ["/v1/ocr", "/v2/ocr"] {
        assert_eq!(ask(&router, path).await, (422, json!({ "detail": list })), "{path}");
    }
    let mut expected = opper(name, message);
    expected["error"]["details"] = list;
    assert_eq!(ask(&router, "/v3/ocr").await, (400, expected));
    let answer = ask_as_bifrost(&router).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json(), bifrost(400, name, "caller_refused_by_provider", message));
}

/// Clients must not take it for their own key, and learn nothing of the server's.
#[tokio::test]
async fn the_servers_own_key_is_its_operators_concern() {
    for (status, message) in [
        (401, "mistral refused this server's own key (status 401)"),
        (402, "mistral refused this server's account (status 402: payment required)"),
        (403, "mistral refused this server's own key (status 403)"),
    ] {
        let router = failing(status, "the key secret-1 is wrong");
        let name = "provider_key_refused";
        assert_eq!(ask(&router, "/v1/ocr").await, (502, mistral(502, name, message)));
        assert_eq!(ask(&router, "/v3/ocr").await, (502, opper(name, message)));
        let answer = ask_as_bifrost(&router).await;
        assert_eq!((answer.status.as_u16(), answer.headers.get("www-authenticate")), (502, None));
        assert_eq!(answer.json(), bifrost(502, name, name, message));
    }
}

#[tokio::test]
async fn failures_are_a_bad_gateway() {
    for (status, told, name) in [
        (Some(500), 502, "provider_failed"),
        (Some(503), 502, "provider_failed"),
        (None, 502, "provider_failed"),
        (Some(504), 504, "provider_timeout"),
        (Some(302), 502, "provider_failed"),
    ] {
        let router = failing(status, "no connection");
        let message = "mistral: no connection";
        assert_eq!(ask(&router, "/v1/ocr").await, (told, mistral(told, name, message)));
        assert_eq!(ask(&router, "/v3/ocr").await, (told, opper(name, message)));
        let answer = ask_as_bifrost(&router).await;
        assert_eq!(answer.json(), bifrost(told, name, name, message));
        assert_eq!(answer.headers.get("retry-after"), None);
    }
}

#[tokio::test]
async fn a_provider_that_wants_patience_gets_it() {
    for (retry_after, told) in [(None, "5"), (Some(Duration::from_millis(1500)), "2")] {
        let provider = Failing { status: Some(429), detail: "slow down", retry_after };
        let router = Server::new(Arc::new(provider), Settings::default()).router();
        let answer = post(&router, "/v1/ocr", &request()).await;
        assert_eq!(answer.status, 429);
        assert_eq!(answer.headers["retry-after"], told);
        assert_eq!(answer.json(), mistral(429, "rate_limited", "mistral: slow down"));
        assert_eq!(
            ask(&router, "/v3/ocr").await,
            (429, opper("rate_limited", "mistral: slow down"))
        );
        let answer = ask_as_bifrost(&router).await;
        let expected = bifrost(429, "rate_limited", "policy_rate_limited", "mistral: slow down");
        assert_eq!(answer.json(), expected);
    }
}
