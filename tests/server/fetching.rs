//! Documents named by URLs: what is fetched, and the exact answers where it is not.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use recto::provider::LocalProvider;
use recto::server::{Server, Settings};
use recto::{Engine, EngineBuilder, UrlPolicy};
use serde_json::{Value, json};

use super::{file, post};

/// A server of files on this machine; gives its address and port.
fn files() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let moved = |to: &str| {
                format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").into()
            };
            let answer: Vec<u8> = match first.split([' ', '?']).nth(1).unwrap() {
                "/code.pdf" => {
                    let body = file("pages/code.pdf");
                    let head = format!(
                        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                        body.len()
                    );
                    [head.into_bytes(), body].concat()
                }
                "/here" => moved("/code.pdf"),
                "/metadata" => moved("http://169.254.169.254/latest"),
                "/local" => moved("http://localhost:1/code.pdf"),
                _ => {
                    std::thread::sleep(Duration::from_secs(3));
                    Vec::new()
                }
            };
            let _ = stream.write_all(&answer);
        }
    });
    address
}

fn server(change: impl FnOnce(EngineBuilder) -> EngineBuilder) -> Router {
    let builder = Engine::builder().url_policy(UrlPolicy::Public);
    let engine = change(builder).build().unwrap();
    let provider = LocalProvider::new(Arc::new(engine));
    Server::new(Arc::new(provider), Settings::default()).router()
}

fn asking(url: &str) -> Value {
    json!({ "document": { "document_url": url } })
}

/// The status and message of an error.
async fn refused(router: &Router, url: &str) -> (u16, String) {
    let answer = post(router, "/v1/ocr", &asking(url)).await;
    let body = answer.json();
    let kind = if answer.status == 413 { "request_too_large" } else { "document_fetch_failed" };
    assert_eq!(body["type"], kind, "{body}");
    (answer.status.as_u16(), body["message"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_are_refused_even_where_urls_are_allowed() {
    let router = server(|builder| builder);
    let url = "http://169.254.169.254/latest/meta-data";
    let answer = post(&router, "/v3/ocr", &asking(url)).await;
    let message = "cannot fetch http://169.254.169.254/latest/meta-data: 169.254.169.254 is not a \
                   public address, and others are refused";
    let expected = json!({ "error": { "code": "document_fetch_failed", "message": message } });
    assert_eq!((answer.status.as_u16(), answer.json()), (400, expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_named_is_fetched_from_but_leads_nowhere_else() {
    let address = files();
    let router = server(|builder| builder.fetch_hosts(["127.0.0.1"]));
    for path in ["code.pdf", "here"] {
        let answer = post(&router, "/v1/ocr", &asking(&format!("http://{address}/{path}"))).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let markdown = answer.json()["pages"][0]["markdown"].as_str().unwrap().to_owned();
        assert!(!markdown.is_empty());
    }
    for (path, host) in [("metadata", "169.254.169.254"), ("local", "localhost")] {
        let url = format!("http://{address}/{path}");
        let message =
            format!("cannot fetch {url}: {host} is not a public address, and others are refused");
        assert_eq!(refused(&router, &format!("{url}?key=secret")).await, (400, message));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_fetched_has_limits_of_size_and_time() {
    let address = files();
    let router = server(|builder| builder.fetch_hosts(["127.0.0.1"]).fetch_max_bytes(100));
    let size = file("pages/code.pdf").len();
    let message = format!(
        "code.pdf is too large: its {size} bytes exceed the limit of 100 bytes (limit \
                   max_mb of [fetch])"
    );
    let url = format!("http://{address}/code.pdf");
    assert_eq!(refused(&router, &url).await, (413, message));

    let hasty = Duration::from_millis(100);
    let router = server(|builder| builder.fetch_hosts(["127.0.0.1"]).fetch_timeout(hasty));
    let (status, message) = refused(&router, &format!("http://{address}/slow")).await;
    assert_eq!(status, 400);
    assert!(message.contains("it took too long"), "{message}");
}

#[test]
fn hosts_without_permission_to_fetch_are_a_mistake() {
    let error = Engine::builder().fetch_hosts(["127.0.0.1"]).build().unwrap_err().to_string();
    assert_eq!(error, "allow_hosts: URLs are not fetched at all; allow that first");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_behind_which_nobody_answers_is_told_in_every_dialect() {
    let router = server(|builder| builder.fetch_hosts(["127.0.0.1"]));
    // Nothing listens on port 1.
    let url = "http://127.0.0.1:1/a.pdf?key=secret";
    let message = "cannot fetch http://127.0.0.1:1/a.pdf: nobody takes the connection";
    let answer = post(&router, "/v1/ocr", &asking(url)).await;
    let expected = json!({
        "object": "error", "message": message, "type": "document_fetch_failed", "param": null,
        "code": "400", "raw_status_code": 400,
    });
    assert_eq!((answer.status.as_u16(), answer.json()), (400, expected));
    for path in ["/v2/ocr", "/v3/ocr"] {
        let answer = post(&router, path, &asking(url)).await;
        let expected = json!({ "error": { "code": "document_fetch_failed", "message": message } });
        assert_eq!((answer.status.as_u16(), answer.json()), (400, expected));
    }
}
