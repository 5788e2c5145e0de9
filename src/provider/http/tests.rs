use std::net::TcpListener;
use std::time::Instant;

use serde_json::json;

use super::stub::Stub;
use super::*;
use crate::error::ErrorKind;

/// A service that gives these answers (status line and headers, body) one after the other, the last
/// one again and again.
fn service(answers: &[(&str, &str)]) -> (Service, Stub) {
    let stub = Stub::new(answers);
    let mut service = Service::new("somebody", stub.base.parse().unwrap());
    service.pause = Duration::from_millis(1);
    (service, stub)
}

#[test]
fn keys_and_bodies_arrive() {
    let (mut service, stub) = service(&[("200 OK", r#"{"a": 1}"#)]);
    service.key = Some(Key::Bearer("secret-1".to_owned()));
    let answer = service.post("/v1/ocr", &json!({ "b": 2 }), &Call::default()).unwrap();
    assert_eq!(answer, json!({ "a": 1 }));
    service.key = Some(Key::ApiKey("secret-2".to_owned()));
    service.get("/v1/models", &Call::default()).unwrap();
    let seen = stub.seen();
    let (post, get) = (&seen[0].0, seen[1].0.to_lowercase());
    assert!(post.starts_with("POST /v1/ocr ") && seen[0].1 == json!({ "b": 2 }), "{post}");
    assert!(post.to_lowercase().contains("authorization: bearer secret-1\r\n"), "{post}");
    assert!(get.starts_with("get /v1/models ") && get.contains("x-api-key: secret-2\r\n"), "{get}");
    assert!(!format!("{service:?}").contains("secret"));
}

#[test]
fn what_may_pass_is_tried_again_and_the_rest_is_not() {
    let busy = ("503 Service Unavailable", "");
    let (service_, stub) =
        service(&[busy, ("429 Too Many Requests\r\nretry-after: 0", ""), ("200 OK", "[]")]);
    assert_eq!(service_.post("/", &json!({}), &Call::default()).unwrap(), json!([]));
    assert_eq!(stub.seen().len(), 3);

    let (service_, stub) =
        service(&[("404 Not Found", r#"{"message": "no such model", "code": "3040"}"#)]);
    let error = service_.post("/", &json!({}), &Call::default()).unwrap_err();
    assert_eq!(error.chain(), "somebody: no such model");
    assert!(matches!(error, Error::Remote { status: Some(404), .. }));
    assert_eq!(stub.seen().len(), 1);

    let (service_, stub) = service(&[busy]);
    let error = service_.post("/", &json!({}), &Call::default()).unwrap_err();
    assert_eq!((error.kind(), error.chain().as_str()), (ErrorKind::Remote, "somebody: status 503"));
    assert_eq!(stub.seen().len(), 3);
}

#[test]
fn a_service_that_wants_a_long_pause_has_failed() {
    let (service, stub) = service(&[("429 Too Many Requests\r\nretry-after: 3600", "")]);
    let error = service.get("/", &Call::default()).unwrap_err();
    let Error::Remote { retry_after, status: Some(429), .. } = error else { panic!("{error}") };
    assert_eq!(retry_after, Some(Duration::from_secs(3600)));
    assert_eq!(stub.seen().len(), 1);
}

#[test]
fn nobody_there_is_told_without_the_address() {
    let mut service = Service::new("somebody", "http://127.0.0.1:1/secret".parse().unwrap());
    service.retries = 0;
    let error = service.get("/", &Call::default()).unwrap_err().chain();
    assert!(error.starts_with("somebody: ") && !error.contains("secret"), "{error}");
}

#[test]
fn redirects_are_not_followed() {
    let (service, stub) = service(&[("307 Moved\r\nlocation: /elsewhere", "")]);
    assert!(service.post("/", &json!({}), &Call::default()).is_err());
    assert_eq!(stub.seen().len(), 1);
}

#[test]
fn a_cancelled_call_does_not_wait_for_the_service() {
    // It takes connections and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let service = Service::new("somebody", base.parse().unwrap());
    let call = Call::default();
    let cancel = call.cancel.clone();
    let start = Instant::now();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        cancel.cancel();
    });
    assert!(matches!(service.get("/", &call), Err(Error::Cancelled)));
    let overdue = Call::default().with_timeout(Some(Duration::from_millis(100)));
    assert!(service.get("/", &overdue).is_err());
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[test]
fn every_shape_of_error_is_understood() {
    for (body, words) in [
        (
            json!({ "detail": [{ "loc": ["body", "pages", 0], "msg": "no number", "type": "int_type" }] }),
            "pages.0: no number",
        ),
        (json!({ "detail": "too many" }), "too many"),
        (json!({ "error": { "code": "x", "message": "no credit" } }), "no credit"),
        (json!({ "is_bifrost_error": true, "error": { "message": "no key" } }), "no key"),
        (json!({ "object": "error", "message": "not a PDF", "code": "3740" }), "not a PDF"),
        (json!({ "error": "usage_limit_exceeded", "message": "enough" }), "enough"),
    ] {
        assert_eq!(message(&body).as_deref(), Some(words), "{body}");
    }
    assert_eq!(message(&json!({ "x": 1 })), None);
}

#[test]
fn pauses_grow_and_differ() {
    let first = Duration::from_millis(100);
    for (tries, low, high) in [(0, 80, 120), (1, 160, 240), (9, 4000, 6000)] {
        let pause = pause(first, tries).as_millis();
        assert!((low..=high).contains(&pause), "{tries}: {pause}");
    }
}

#[test]
fn a_wish_is_seconds_or_a_date() {
    let wish = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", text.parse().unwrap());
        retry_after(&headers)
    };
    assert_eq!(wish("7"), Some(Duration::from_secs(7)));
    assert_eq!(wish("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
    assert_eq!(wish("soon"), None);
}
