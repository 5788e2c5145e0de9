//! Many requests at once: turns, a full queue, clients that go away, the end of the server.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use recto::provider::{OcrModel, OcrProvider, OcrRequest, OcrResponse};
use recto::server::{KeyLimits, Server, Settings};
use recto::{Call, Error};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::{get, post, settings};

/// Reads until it is told to go on, or cancelled.
#[derive(Debug, Default)]
struct Slow {
    go: std::sync::atomic::AtomicBool,
    running: AtomicUsize,
    most: AtomicUsize,
    cancelled: AtomicUsize,
}

impl OcrProvider for Slow {
    fn name(&self) -> &str {
        "slow"
    }

    fn models(&self) -> recto::Result<Vec<OcrModel>> {
        Ok(Vec::new())
    }

    fn ocr(&self, _: &OcrRequest, call: &Call) -> recto::Result<OcrResponse> {
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(running, Ordering::SeqCst);
        let result = loop {
            match call.check() {
                Err(error) => {
                    if matches!(error, Error::Cancelled) {
                        self.cancelled.fetch_add(1, Ordering::SeqCst);
                    }
                    break Err(error);
                }
                Ok(()) if self.go.load(Ordering::SeqCst) => {
                    break Ok(OcrResponse::new("ocr_slow", "slow/slow", "slow"));
                }
                Ok(()) => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        self.running.fetch_sub(1, Ordering::SeqCst);
        result
    }
}

fn body() -> serde_json::Value {
    json!({ "document": { "document_url": "data:;base64,JVBERg==" } })
}

/// Waits until it is so; fails where it does not become so.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn so_many_are_read_at_once_so_many_wait_and_the_next_is_told_to_come_back() {
    let slow = Arc::new(Slow::default());
    let server = Server::new(
        Arc::clone(&slow) as Arc<dyn OcrProvider>,
        settings(|s| {
            s.documents = 2;
            s.queue = 1;
        }),
    );
    let router = server.router();
    let asked: Vec<_> = (0..3)
        .map(|_| {
            let router = router.clone();
            tokio::spawn(async move { post(&router, "/v1/ocr", &body()).await.status })
        })
        .collect();
    let metrics = || async { get(&router, "/metrics").await.text };
    let start = Instant::now();
    loop {
        let text = metrics().await;
        if text.contains("recto_reads_running 2\n") && text.contains("recto_reads_waiting 1\n") {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{text}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }

    until("both have begun", || slow.running.load(Ordering::SeqCst) == 2).await;

    let answer = post(&router, "/v1/ocr", &body()).await;
    let message = "3 requests are under way or waiting (2 are read at once); try again";
    let expected = json!({
        "object": "error", "message": message, "type": "overloaded", "param": null, "code": "503",
        "raw_status_code": 503,
    });
    assert_eq!((answer.status.as_u16(), answer.json()), (503, expected));
    assert_eq!(answer.headers["retry-after"], "2");
    let answer = post(&router, "/v3/ocr", &body()).await;
    let expected = json!({ "error": { "code": "overloaded", "message": message } });
    assert_eq!((answer.status.as_u16(), answer.json()), (503, expected));

    slow.go.store(true, Ordering::SeqCst);
    for status in asked {
        assert_eq!(status.await.unwrap(), 200);
    }
    assert_eq!(slow.most.load(Ordering::SeqCst), 2);
    assert_eq!(post(&router, "/v1/ocr", &body()).await.status, 200, "places come back");
}

#[tokio::test]
async fn reads_at_once_of_a_key_are_limited() {
    let slow = Arc::new(Slow::default());
    let settings = settings(|s| s.limits = KeyLimits::new(None, Some(1)));
    let router = Server::new(Arc::clone(&slow) as Arc<dyn OcrProvider>, settings).router();
    let first = tokio::spawn({
        let router = router.clone();
        async move { post(&router, "/v1/ocr", &body()).await.status }
    });
    until("the first runs", || slow.running.load(Ordering::SeqCst) == 1).await;
    let answer = post(&router, "/v3/ocr", &body()).await;
    let message = "this key has 1 read(s) under way, as many as it may";
    let expected = json!({ "error": { "code": "rate_limited", "message": message } });
    assert_eq!((answer.status.as_u16(), answer.json()), (429, expected));
    assert_eq!(answer.headers["retry-after"], "1");
    slow.go.store(true, Ordering::SeqCst);
    assert_eq!(first.await.unwrap(), 200);
}

#[tokio::test]
async fn a_read_that_takes_too_long_is_ended() {
    let settings = settings(|s| s.timeout = Some(Duration::from_millis(50)));
    let router = Server::new(Arc::new(Slow::default()), settings).router();
    let answer = post(&router, "/v3/ocr", &body()).await;
    let message = "the deadline passed before a page was read";
    let expected = json!({ "error": { "code": "timeout", "message": message } });
    assert_eq!((answer.status.as_u16(), answer.json()), (504, expected));
}

/// A server on a real connection, until the sender says so.
async fn listening(
    server: Server,
) -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(async move {
        let stopped = async move { drop(stopped.await) };
        server.serve(listener, stopped).await.unwrap();
    });
    (address, stop, ended)
}

fn ask(address: SocketAddr) -> TcpStream {
    let body = body().to_string();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /v1/ocr HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_cancels_its_read() {
    let slow = Arc::new(Slow::default());
    let server = Server::new(Arc::clone(&slow) as Arc<dyn OcrProvider>, Settings::default());
    let (address, _stop, _ended) = listening(server).await;
    let first = ask(address);
    until("the first runs", || slow.running.load(Ordering::SeqCst) == 1).await;
    let second = ask(address);
    drop(first);
    until("the first is cancelled", || slow.cancelled.load(Ordering::SeqCst) == 1).await;
    until("the second runs", || slow.running.load(Ordering::SeqCst) == 1).await;
    drop(second);
    until("both are cancelled", || slow.cancelled.load(Ordering::SeqCst) == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_waits_for_reads_under_way() {
    let slow = Arc::new(Slow::default());
    let server = Server::new(Arc::clone(&slow) as Arc<dyn OcrProvider>, Settings::default());
    let router = server.router();
    let (address, stop, ended) = listening(server).await;
    assert_eq!(get(&router, "/ready").await.status, 200);
    let mut asked = ask(address);
    until("it runs", || slow.running.load(Ordering::SeqCst) == 1).await;
    stop.send(()).unwrap();
    let start = Instant::now();
    loop {
        let ready = get(&router, "/ready").await;
        if ready.status == 503 {
            assert_eq!(ready.json(), json!({ "detail": "The server is shutting down" }));
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(!ended.is_finished());
    slow.go.store(true, Ordering::SeqCst);
    let answer = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        asked.read_to_string(&mut text).unwrap();
        text
    });
    let text = answer.await.unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK") && text.contains("ocr_slow"), "{text}");
    tokio::time::timeout(Duration::from_secs(20), ended).await.unwrap().unwrap();
    assert_eq!(slow.cancelled.load(Ordering::SeqCst), 0);
}
