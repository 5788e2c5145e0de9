//! The server with child processes: turns, clients that go away, the end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use recto::provider::LocalProvider;
use recto::server::{Server, Settings};
use recto::{Engine, Isolation, Processes};
use serde_json::{Value, json};

use super::files::{folder, id, on_disk, store, upload};
use super::{get, made, post, running, send, settings};

/// A page of a long document takes so long: see `RECTO_PAGE_WORKER_FAULT`.
const PAGE: Duration = Duration::from_millis(400);
/// Its first page does not.
const PAGES: usize = 100;

fn server() -> Router {
    let slow: Vec<String> = (1..PAGES).map(|page| format!("slow:{page}")).collect();
    let mut processes = Processes::of(env!("CARGO_BIN_EXE_recto"));
    processes.env = vec![("RECTO_PAGE_WORKER_FAULT".into(), slow.join(",").into())];
    let engine =
        Engine::builder().workers(2).isolation(Isolation::Processes(processes)).build().unwrap();
    let provider = LocalProvider::new(Arc::new(engine));
    Server::new(Arc::new(provider), Settings::default()).router()
}

fn asking(pages: usize) -> Value {
    let content = STANDARD.encode(made::pdf(pages));
    json!({ "document": { "type": "base64", "content": content } })
}

/// The four long ones would take 80 seconds on two workers.
#[tokio::test(flavor = "multi_thread")]
async fn a_short_request_is_answered_among_long_ones_and_those_end_with_their_clients() {
    let router = server();
    // Children are started, and have loaded what they need.
    assert_eq!(post(&router, "/v1/ocr", &asking(1)).await.status, 200);
    let long: Vec<_> = (0..4)
        .map(|_| {
            let router = router.clone();
            tokio::spawn(async move { post(&router, "/v1/ocr", &asking(PAGES)).await.status })
        })
        .collect();
    running(&router, 4).await;
    tokio::time::sleep(3 * PAGE).await;
    for _ in 0..3 {
        let start = Instant::now();
        let answer = post(&router, "/v1/ocr", &asking(1)).await;
        let waited = start.elapsed();
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.json()["pages"][0]["markdown"], "This is page 0\n");
        // A page's time, and some for a machine that is busy.
        assert!(waited < 2 * PAGE, "{waited:?}");
    }
    let start = Instant::now();
    for read in &long {
        read.abort();
    }
    running(&router, 0).await;
    // A child is asked to stop first, and ended when it does not.
    assert!(start.elapsed() < 3 * PAGE, "{:?}", start.elapsed());
    assert_eq!(post(&router, "/v1/ocr", &asking(1)).await.status, 200, "all is well afterwards");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_deleted_while_children_read_it_is_read_to_its_end() {
    let dir = folder();
    let mut processes = Processes::of(env!("CARGO_BIN_EXE_recto"));
    processes.env = vec![("RECTO_PAGE_WORKER_FAULT".into(), "slow:0,slow:2,slow:4".into())];
    let engine =
        Engine::builder().workers(2).isolation(Isolation::Processes(processes)).build().unwrap();
    let settings = settings(|s| s.files = Some(store(dir.path(), |_| {})));
    let provider = LocalProvider::new(Arc::new(engine));
    let router = Server::new(Arc::new(provider), settings).router();
    let stored = upload(&router, "/v1/files", "ocr", "a.pdf", &made::pdf(5)).await;
    let id = id(&stored).to_owned();
    let read = tokio::spawn({
        let (router, body) = (router.clone(), json!({ "document": { "file_id": id } }));
        async move { post(&router, "/v1/ocr", &body).await.json() }
    });
    running(&router, 1).await;
    let request = Request::delete(format!("/v1/files/{id}")).body(Body::empty()).unwrap();
    assert_eq!(send(&router, request).await.status, 200);
    assert_eq!(on_disk(dir.path()).len(), 1, "kept for the read alone");
    let answer = read.await.unwrap();
    assert_eq!(answer["warnings"], json!([]));
    let pages: Vec<_> = answer["pages"].as_array().unwrap().iter().collect();
    assert_eq!(pages.len(), 5);
    assert_eq!(pages[4]["markdown"], "This is page 4\n");
    assert_eq!(on_disk(dir.path()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_say_why_children_were_replaced() {
    let mut processes = Processes::of(env!("CARGO_BIN_EXE_recto"));
    processes.env = vec![("RECTO_PAGE_WORKER_FAULT".into(), "crash:1".into())];
    let engine =
        Engine::builder().workers(1).isolation(Isolation::Processes(processes)).build().unwrap();
    let settings = settings(|s| s.engine = Some(engine.clone()));
    let provider = LocalProvider::new(Arc::new(engine));
    let router = Server::new(Arc::new(provider), settings).router();
    let answer = post(&router, "/v1/ocr", &asking(3)).await;
    assert_eq!(answer.json()["pages"].as_array().unwrap().len(), 2, "{}", answer.text);
    let metrics = get(&router, "/metrics").await.text;
    for line in [
        "recto_children 1",
        "recto_child_restarts_total{reason=\"crash\"} 2",
        "recto_child_restarts_total{reason=\"memory\"} 0",
        "recto_child_restarts_total{reason=\"timeout\"} 0",
    ] {
        assert!(metrics.lines().any(|l| l == line), "{line:?} is not in\n{metrics}");
    }
    let memory =
        metrics.lines().find_map(|line| line.strip_prefix("recto_children_resident_memory_bytes "));
    let memory: u64 = memory.unwrap().parse().unwrap();
    assert!(memory > 1_000_000 || cfg!(not(target_os = "linux")), "{memory}");
}
