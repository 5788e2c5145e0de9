//! What a server with a cache and a language model answers.

use std::sync::Arc;
use std::time::Duration;

use recto::provider::{Annotator, CacheStore, Cached, LanguageModel, LocalProvider, OcrProvider};
use recto::server::{Server, Settings};
use serde_json::json;

use super::{asking, engine, get, post, with};

#[tokio::test]
async fn the_second_answer_comes_from_the_cache_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let store = CacheStore::open(dir.path(), 1 << 20, Duration::from_secs(60)).unwrap();
    let local: Arc<dyn OcrProvider> = Arc::new(LocalProvider::new(engine()));
    let router =
        Server::new(Arc::new(Cached::new(local, store, "1")), Settings::default()).router();
    let body = with(asking("pages/code.pdf"), json!({ "model": "docling/docling-latest" }));
    let first = post(&router, "/v1/ocr", &body).await.json();
    let again = post(&router, "/v1/ocr", &body).await.json();
    let other_service = post(&router, "/v2/ocr", &body).await.json();
    assert_eq!(first["pages"], again["pages"]);
    assert_eq!(first["pages"], other_service["pages"]);
    let debug = |answer: &serde_json::Value| answer["extra_fields"]["cache_debug"].clone();
    assert_eq!(debug(&first)["cache_hit"], false);
    let id = debug(&first)["cache_id"].clone();
    assert_eq!(
        debug(&again),
        json!({
            "cache_hit": true, "cache_id": id, "hit_type": "direct",
            "requested_provider": "docling", "requested_model": "docling-latest",
            "provider_used": "docling", "model_used": "docling/docling-latest",
            "input_tokens": null, "threshold": null, "similarity": null,
        })
    );
    assert_eq!(debug(&other_service)["cache_hit"], true);
    let metrics = get(&router, "/metrics").await.text;
    for line in ["recto_cache_hits_total 2", "recto_cache_misses_total 1"] {
        assert!(metrics.lines().any(|l| l == line), "{line:?} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn a_language_model_that_is_not_there_costs_its_answers_alone() {
    let local: Arc<dyn OcrProvider> = Arc::new(LocalProvider::new(engine()));
    let model = LanguageModel::new("http://127.0.0.1:1/v1".parse().unwrap(), "small").retries(0);
    let router = Server::new(Arc::new(Annotator::new(local, model)), Settings::default()).router();
    let wish = json!({ "document_annotation_format": { "type": "json_object" } });
    let answer = post(&router, "/v1/ocr", &with(asking("pages/code.pdf"), wish)).await;
    assert_eq!(answer.status, 200);
    let body = answer.json();
    assert!(!body["pages"][0]["markdown"].as_str().unwrap().is_empty());
    assert_eq!(body["document_annotation"], json!(null));
    assert_eq!(body["extra_fields"]["status"], "partial");
    assert_eq!(body["warnings"][0]["code"], "annotation_failed");
    assert_eq!(body["warnings"][0]["option"], "document_annotation_format");
}
