//! Services that refuse, fail, or ask for patience; and who reads then.

use std::sync::Arc;
use std::time::{Duration, Instant};

use recto::provider::{
    LocalProvider, OcrProvider, OcrRequest, RemoteKey, RemoteKind, RemoteProvider, Router,
};
use recto::{Call, Error, Source, WarningCode};
use serde_json::json;

use super::stub::Stub;
use super::{engine, path};

const OK: &str = r#"{"model": "m", "pages": [{"index": 0, "markdown": "read"}]}"#;
const BUSY: (&str, &str) =
    ("429 Too Many Requests\r\nretry-after: 0", r#"{"message": "slow down"}"#);

fn request() -> OcrRequest {
    OcrRequest {
        model: Some("there/m/n".to_owned()),
        ..OcrRequest::new(Source::path(path("pages/code.pdf")))
    }
}

#[test]
fn every_shape_of_error_arrives_in_its_own_words() {
    for (kind, status, body, words) in [
        (
            RemoteKind::Mistral,
            422,
            json!({ "detail": [{ "type": "missing", "loc": ["body", "document"], "msg": "Field required" }] }),
            "document: Field required",
        ),
        (
            RemoteKind::Mistral,
            400,
            json!({
                "object": "error", "message": "Document is not a valid PDF.",
                "type": "document_parser_invalid_file", "param": null, "code": "3740",
                "raw_status_code": 400,
            }),
            "Document is not a valid PDF.",
        ),
        (
            RemoteKind::Opper,
            404,
            json!({ "error": { "code": "not_found", "message": "no such model" } }),
            "no such model",
        ),
        (
            RemoteKind::Bifrost,
            400,
            json!({
                "is_bifrost_error": true, "status_code": 400,
                "error": { "message": "model should be in provider/model format" },
                "extra_fields": { "provider": "", "model_requested": "m", "request_type": "ocr" },
            }),
            "model should be in provider/model format",
        ),
        (
            RemoteKind::DoclingServe,
            422,
            json!({ "detail": "Presigned URL target requires artifact storage" }),
            "Presigned URL target requires artifact storage",
        ),
        (
            RemoteKind::DoclingServe,
            402,
            json!({ "error": "usage_limit_exceeded", "message": "enough for today" }),
            "enough for today",
        ),
    ] {
        let stub = Stub::new(&[(&format!("{status} Status"), &body.to_string())]);
        let error = stub.client(kind).ocr(&request(), &Call::default()).unwrap_err();
        let Error::Remote { provider, status: told, detail, .. } = error else { panic!("{error}") };
        assert_eq!((provider.as_str(), told, detail.as_str()), ("there", Some(status), words));
        assert_eq!(stub.seen().len(), 1, "trying again makes no sense");
    }
}

#[test]
fn a_key_that_a_service_repeats_is_not_told() {
    let stub = Stub::new(&[("401 Unauthorized", r#"{"message": "wrong key secret-1"}"#)]);
    let client = stub.client(RemoteKind::Mistral).with_key(RemoteKey::Given("secret-1".to_owned()));
    let error = client.ocr(&request(), &Call::default()).unwrap_err();
    assert_eq!(error.to_string(), "there: wrong key …");
}

#[test]
fn what_passes_is_tried_again_and_long_waits_are_not() {
    let stub = Stub::new(&[BUSY, BUSY, ("200 OK", OK)]);
    let response = stub.client(RemoteKind::Opper).ocr(&request(), &Call::default()).unwrap();
    assert_eq!((response.pages[0].markdown.as_str(), stub.seen().len()), ("read", 3));

    let stub = Stub::new(&[BUSY]);
    let client = stub.client(RemoteKind::Opper).with_retries(1);
    let error = client.ocr(&request(), &Call::default()).unwrap_err();
    assert!(matches!(error, Error::Remote { status: Some(429), .. }), "{error}");
    assert_eq!(stub.seen().len(), 2);

    let stub = Stub::new(&[("503 Busy\r\nretry-after: 3600", "")]);
    let start = Instant::now();
    let error = stub.client(RemoteKind::Opper).ocr(&request(), &Call::default()).unwrap_err();
    let Error::Remote { retry_after, .. } = error else { panic!("{error}") };
    assert_eq!(retry_after, Some(Duration::from_secs(3600)));
    assert!(start.elapsed() < Duration::from_secs(60) && stub.seen().len() == 1);
}

/// A conversion that docling-serve does not wait for goes on there.
#[test]
fn a_conversion_that_takes_too_long_is_not_begun_again() {
    let stub =
        Stub::new(&[("504 Gateway Timeout", r#"{"detail": "Conversion is taking too long."}"#)]);
    let client = stub.client(RemoteKind::DoclingServe);
    let error = client.ocr(&request(), &Call::default()).unwrap_err();
    assert_eq!(error.to_string(), "there: Conversion is taking too long.");
    assert_eq!(stub.seen().len(), 1);
}

fn router(stubs: &[(&str, &Stub, RemoteKind)]) -> Router {
    let mut router = Router::new(Arc::new(LocalProvider::new(engine()))).unwrap();
    for (name, stub, kind) in stubs {
        let provider = RemoteProvider::new(*name, *kind, Some(&stub.base)).unwrap().with_retries(1);
        router = router.with_provider(Arc::new(provider), []).unwrap();
    }
    router
}

#[test]
fn after_its_own_tries_comes_the_next_and_the_response_says_why() {
    let first = Stub::new(&[BUSY]);
    let second = Stub::new(&[("402 Payment Required", r#"{"error": {"message": "no credit"}}"#)]);
    let all = [("mistral", &first, RemoteKind::Mistral), ("opper", &second, RemoteKind::Opper)];
    let asked = OcrRequest {
        model: Some("mistral/mistral-ocr-latest".to_owned()),
        fallbacks: vec!["opper/m".to_owned(), "docling-latest".to_owned()],
        ..request()
    };
    let response = router(&all).ocr(&asked, &Call::default()).unwrap();
    let here = LocalProvider::new(engine());
    let expected = here.ocr(&OcrRequest { model: None, ..request() }, &Call::default()).unwrap();
    assert_eq!(response.pages, expected.pages);
    assert_eq!(
        (response.provider.as_str(), response.model.as_str()),
        ("docling", "docling/docling-latest")
    );
    let told: Vec<_> = response.warnings.iter().map(|w| (w.code, w.message.as_str())).collect();
    assert_eq!(
        told,
        [
            (
                WarningCode::Fallback,
                "docling/docling-latest read it, not mistral/mistral-ocr-latest: mistral: slow down"
            ),
            (
                WarningCode::Fallback,
                "docling/docling-latest read it, not opper/m: opper: no credit"
            ),
        ]
    );
    assert_eq!((first.seen().len(), second.seen().len()), (2, 1));

    let asked = OcrRequest { fallbacks: vec!["opper/m".to_owned()], ..asked };
    let error = router(&all).ocr(&asked, &Call::default()).unwrap_err();
    assert_eq!(error.to_string(), "mistral: slow down", "the first one's");
}

/// The local engine reads no office documents; a service may.
#[test]
fn what_the_local_engine_cannot_read_may_be_read_elsewhere() {
    let stub = Stub::answering(OK);
    let router = router(&[("mistral", &stub, RemoteKind::Mistral)])
        .with_fallbacks("docling-latest", vec!["mistral/m".to_owned()])
        .unwrap();
    let document = Source::bytes(*b"PK\x03\x04 some archive", "a.docx");
    let asked = OcrRequest::new(document);
    let response = router.ocr(&asked, &Call::default()).unwrap();
    assert_eq!(response.pages[0].markdown, "read");
    assert!(response.warnings[0].message.contains("recto reads PDF"), "{:?}", response.warnings);
    // Its mistakes are the caller's own: nothing is sent away.
    let wrong = OcrRequest { parameters: json!({ "dpi": 3 }), ..request() };
    let wrong = OcrRequest { model: None, ..wrong };
    assert!(router.ocr(&wrong, &Call::default()).is_err());
    assert_eq!(stub.seen().len(), 1);
}
