//! How the server is, and what it offers.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use super::{asking, get, post, real, send};

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[tokio::test]
async fn health_ready_and_version() {
    let router = real();
    for (path, body) in [
        ("/health", json!({ "status": "ok" })),
        ("/ready", json!({ "status": "ok" })),
        ("/version", json!({ "recto": VERSION, "docling-serve": format!("recto {VERSION}") })),
        ("/livez", json!({ "status": "ok" })),
        ("/readyz", json!({ "status": "ok" })),
        ("/api", json!({ "status": "ok" })),
    ] {
        let answer = get(&router, path).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, body));
        assert_eq!(answer.headers["content-type"], "application/json");
    }
}

#[tokio::test]
async fn mistrals_models_have_what_its_client_needs() {
    let body = get(&real(), "/v1/models").await.json();
    assert_eq!(body["object"], "list");
    let ids: Vec<_> =
        body["data"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap()).collect();
    let expected = [
        "docling/docling-latest",
        "docling-latest",
        "opper/docling-latest",
        "mistral-ocr-latest",
        "recto",
    ];
    assert_eq!(ids, expected);
    for model in body["data"].as_array().unwrap() {
        assert_eq!((&model["object"], &model["type"]), (&json!("model"), &json!("base")));
        assert_eq!(
            (&model["owned_by"], &model["capabilities"]["ocr"]),
            (&json!("docling"), &json!(true))
        );
        assert!(model["created"].is_u64());
    }
}

#[tokio::test]
async fn a_model_is_found_by_any_of_its_names() {
    let router = real();
    let all = get(&router, "/v1/models").await.json();
    for (name, at) in
        [("docling/docling-latest", 0), ("docling%2Fdocling-latest", 0), ("mistral-ocr-latest", 3)]
    {
        let model = get(&router, &format!("/v1/models/{name}")).await.json();
        assert_eq!(model, all["data"][at], "{name}");
    }
    let answer = get(&router, "/v1/models/gpt-5").await;
    assert_eq!(answer.status, 404);
    assert_eq!(
        answer.json(),
        json!({
            "object": "error", "message": "there is no model \"gpt-5\"; GET /v1/models lists all",
            "type": "model_not_found", "param": null, "code": "3040", "raw_status_code": 404,
        })
    );
}

#[tokio::test]
async fn oppers_models_have_a_price() {
    for path in ["/v2/ocr/models", "/v3/ocr/models"] {
        let body = get(&real(), path).await.json();
        assert_eq!((&body["meta"]["total_count"], &body["total"]), (&json!(1), &json!(1)));
        assert_eq!(body["models"], body["data"]);
        let model = &body["data"][0];
        assert_eq!(
            (&model["id"], &model["name"]),
            (&json!("docling/docling-latest"), &model["id"])
        );
        assert_eq!((&model["price_per_page"], &model["cost_per_page"]), (&json!(0.0), &json!(0.0)));
        assert_eq!(model["capabilities"], json!(["ocr"]));
        assert!(model["hosting_provider"].is_string() && model["location"].is_string());
    }
}

#[tokio::test]
async fn metrics_count_what_happened() {
    let router = real();
    post(&router, "/v1/ocr", &asking("pages/report.pdf")).await;
    post(&router, "/v3/ocr", &json!({})).await;
    get(&router, "/secret/path").await;
    let answer = get(&router, "/metrics").await;
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        "# TYPE recto_requests_total counter",
        "recto_requests_total{path=\"/v1/ocr\",status=\"200\"} 1",
        "recto_requests_total{path=\"/v3/ocr\",status=\"400\"} 1",
        "recto_requests_total{path=\"other\",status=\"404\"} 1",
        "recto_read_seconds_count 1",
        "recto_pages_total 2",
        "recto_reads_running 0",
        "recto_reads_waiting 0",
    ] {
        assert!(answer.text.lines().any(|l| l == line), "{line:?} is not in\n{}", answer.text);
    }
}

#[tokio::test]
async fn the_description_names_the_paths_that_there_are() {
    let router = real();
    let body = get(&router, "/openapi.json").await.json();
    assert!(body["openapi"].as_str().is_some_and(|v| v.starts_with("3.")));
    assert_eq!(body["info"]["version"], env!("CARGO_PKG_VERSION"));
    let paths = body["paths"].as_object().unwrap();
    let described: BTreeSet<&str> = paths.keys().map(String::as_str).collect();
    let there: BTreeSet<&str> = [
        "/v1/ocr",
        "/ocr",
        "/v2/ocr",
        "/v3/ocr",
        "/v1/async/ocr",
        "/v1/async/ocr/{job_id}",
        "/v1/batch/jobs",
        "/v1/batch/jobs/{job_id}",
        "/v1/batch/jobs/{job_id}/cancel",
        "/v1/models",
        "/v1/models/{id}",
        "/v1/files",
        "/v1/files/{id}",
        "/v1/files/{id}/content",
        "/v1/files/{id}/url",
        "/v3/files",
        "/v3/files/{id}",
        "/v3/files/{id}/content",
        "/v2/ocr/models",
        "/v3/ocr/models",
        "/v1/convert/source",
        "/v1/convert/file",
        "/v1/convert/source/async",
        "/v1/convert/source/batch",
        "/v1/convert/file/async",
        "/v1/status/poll/{task_id}",
        "/v1/status/ws/{task_id}",
        "/v1/result/{task_id}",
        "/v1/capabilities",
        "/v1/clear/converters",
        "/v1/clear/results",
        "/livez",
        "/readyz",
        "/api",
        "/v1/chunk/hierarchical/source",
        "/v1/chunk/hierarchical/source/async",
        "/v1/chunk/hierarchical/file",
        "/v1/chunk/hierarchical/file/async",
        "/v1/chunk/hybrid/source",
        "/v1/chunk/hybrid/source/async",
        "/v1/chunk/hybrid/file",
        "/v1/chunk/hybrid/file/async",
        "/metrics",
        "/health",
        "/ready",
        "/version",
        "/openapi.json",
        "/docs",
        "/ui",
        "/ui/options",
        "/ui/read",
    ]
    .into();
    assert_eq!(described, there);
    for (path, methods) in paths {
        for method in methods.as_object().unwrap().keys() {
            let request = Request::builder()
                .method(method.to_uppercase().as_str())
                .uri(path.replace(['{', '}'], ""));
            let answer = send(&router, request.body(Body::empty()).unwrap()).await;
            assert!(!answer.text.contains("there is no path"), "{method} {path}: {}", answer.text);
            assert_ne!(answer.status, 405, "{method} {path}");
        }
    }
    let mut references = Vec::new();
    collect_references(&body, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        assert!(body.pointer(&reference[1..]).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn the_page_for_people_names_every_path_and_field_of_the_description() {
    let router = real();
    let answer = get(&router, "/docs").await;
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(!answer.text.contains("<script"));
    let description = get(&router, "/openapi.json").await.json();
    for path in description["paths"].as_object().unwrap().keys() {
        assert!(answer.text.contains(&format!("{path}</code>")), "{path}");
    }
    for schema in ["Document", "OcrRequest", "OcrResponse", "Page", "Block", "Image", "OpperPage"] {
        let fields = &description["components"]["schemas"][schema]["properties"];
        for field in fields.as_object().unwrap().keys() {
            assert!(answer.text.contains(&format!("<code>{field}</code>")), "{schema}.{field}");
        }
    }
}

fn collect_references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                found.push(reference.clone());
            }
            map.values().for_each(|value| collect_references(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| collect_references(value, found)),
        _ => {}
    }
}
