//! Keys, and what one key may use.

use axum::http::StatusCode;
use recto::server::{KeyLimits, Keys};
use serde_json::{Value, json};

use super::{echo, get, post_with, send, settings};

const KEY: &str = "first-key-of-mine";

fn fine() -> String {
    json!({ "document": { "document_url": "data:;base64,JVBERg==" } }).to_string()
}

#[tokio::test]
async fn a_key_opens_as_bearer_and_as_x_api_key() {
    let router = echo(settings(|s| s.keys = Keys::parse(KEY).unwrap()));
    let bearer = format!("Bearer {KEY}");
    let lower = format!("bearer  {KEY}");
    for header in
        [("authorization", bearer.as_str()), ("authorization", &lower), ("x-api-key", KEY)]
    {
        let answer = post_with(&router, "/v1/ocr", &[header], fine()).await;
        assert_eq!(answer.status, StatusCode::OK, "{header:?}");
    }
}

#[tokio::test]
async fn without_the_right_key_nothing_is_read() {
    let router = echo(settings(|s| s.keys = Keys::parse(KEY).unwrap()));
    let none = "no key was given: send it as \"Authorization: Bearer KEY\" or \"X-Api-Key: KEY\"";
    let wrong = "the key is not one of this server's";
    let basic = format!("Basic {KEY}");
    for (header, message) in [
        (("accept", "*/*"), none),
        (("authorization", basic.as_str()), none),
        (("authorization", "Bearer "), none),
        (("authorization", "Bearer first-key-of-min"), wrong),
        (("x-api-key", "second-key-of-mine"), wrong),
    ] {
        let answer = post_with(&router, "/v1/ocr", &[header], fine()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{header:?}");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
        let expected = json!({
            "object": "error", "message": message, "type": "unauthorized", "param": null,
            "code": "401", "raw_status_code": 401,
        });
        assert_eq!(answer.json(), expected);
        for path in ["/v2/ocr", "/v3/ocr"] {
            let answer = post_with(&router, path, &[header], fine()).await;
            let expected = json!({ "error": { "code": "unauthorized", "message": message } });
            assert_eq!((answer.status.as_u16(), answer.json()), (401, expected));
        }
    }
    for path in ["/v1/models", "/v2/ocr/models", "/v3/ocr/models", "/metrics"] {
        assert_eq!(get(&router, path).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    for path in ["/health", "/ready", "/version", "/openapi.json", "/docs"] {
        assert_eq!(get(&router, path).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn an_open_server_takes_any_key() {
    let router = echo(settings(|_| {}));
    let header = ("authorization", "Bearer whatever");
    assert_eq!(post_with(&router, "/v1/ocr", &[header], fine()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn too_many_requests_of_a_key_are_told_when_to_come_back() {
    let router = echo(settings(|s| {
        s.keys = Keys::parse(&format!("{KEY},second-key-of-mine")).unwrap();
        s.limits = KeyLimits::new(Some(2), None);
    }));
    let first = ("x-api-key", KEY);
    for _ in 0..2 {
        assert_eq!(post_with(&router, "/v1/ocr", &[first], fine()).await.status, StatusCode::OK);
    }
    let answer = post_with(&router, "/v1/ocr", &[first], fine()).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    let wait: u32 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    let expected = json!({
        "object": "error", "message": "this key may read 2 document(s) a minute",
        "type": "rate_limited", "param": null, "code": "429", "raw_status_code": 429,
    });
    assert_eq!(answer.json(), expected);
    let answer = post_with(&router, "/v3/ocr", &[first], fine()).await;
    let message = "this key may read 2 document(s) a minute";
    let expected: Value = json!({ "error": { "code": "rate_limited", "message": message } });
    assert_eq!((answer.status.as_u16(), answer.json()), (429, expected));

    let second = ("x-api-key", "second-key-of-mine");
    assert_eq!(post_with(&router, "/v1/ocr", &[second], fine()).await.status, StatusCode::OK);
    let models = axum::http::Request::get("/v1/models").header("x-api-key", KEY);
    let models = send(&router, models.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(models.status, StatusCode::OK, "only reads count");
}
