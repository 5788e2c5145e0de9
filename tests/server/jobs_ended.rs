//! Jobs and the ends of those around them: a server that is killed or stopped, sockets, and callbacks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use axum::http::Request;
use recto::provider::LocalProvider;
use recto::server::{JobRules, Keys, Server, Settings};
use recto::{Engine, UrlPolicy};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};

use super::docling::sources;
use super::files::form;
use super::jobs::REPORT;
use super::running::{Running, ask};
use super::{engine, made, running};

/// `recto serve` with a folder of jobs.
fn start(folder: &Path) -> Running {
    let config = folder.join("recto.toml");
    std::fs::write(&config, "[jobs]\nat_once = 2\n").unwrap();
    let mut command = running::serve(&["--listen", "127.0.0.1:0", "--jobs", "1", "--no-files"]);
    command.arg("--config").arg(config).arg("--jobs-dir").arg(folder.join("jobs"));
    running::start(command)
}

fn ask_for(running: &Running, pages: usize) -> String {
    let head = "POST /v1/convert/file/async HTTP/1.1\r\ncontent-type: multipart/form-data; \
                boundary=boundary-of-this-test\r\n";
    // Lines of their own: those that all pages share are running headers.
    let lines = |page: usize| (0..6).map(|n| format!("Line {n} of {} is this", page * 7)).collect();
    let body = form(&[("files", Some("long.pdf"), &made::pdf_of(pages, lines))]);
    let task = ask(&running.address, head, &body);
    task["task_id"].as_str().unwrap_or_else(|| panic!("{task}")).to_owned()
}

fn look(running: &Running, id: &str, wait: u32) -> Value {
    let head = format!("GET /v1/status/poll/{id}?wait={wait} HTTP/1.1\r\n");
    ask(&running.address, &head, b"")
}

/// Waits until a job runs.
fn underway(running: &Running, id: &str) {
    let began = Instant::now();
    loop {
        let status = look(running, id, 0);
        assert_ne!(status["task_status"], "success", "it was to take longer");
        if status["task_status"] == "started" {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{status}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_done(running: &Running, id: &str, pages: usize) {
    let status = look(running, id, 120);
    assert_eq!(status["task_status"], "success", "{status}");
    let body = ask(&running.address, &format!("GET /v1/result/{id} HTTP/1.1\r\n"), b"");
    assert_eq!(body["document"]["filename"], "long.pdf");
    let text = body["document"]["md_content"].as_str().unwrap();
    for page in 0..pages {
        assert!(text.contains(&format!("Line 3 of {} is this", page * 7)), "page {page}: {text}");
    }
}

const LONG: usize = 400;

#[test]
fn jobs_survive_a_server_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = start(folder.path());
    let ids: Vec<String> = [LONG, LONG, 3].iter().map(|pages| ask_for(&running, *pages)).collect();
    underway(&running, &ids[0]);
    // SIGKILL: nobody is told.
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    drop(running);

    let running = start(folder.path());
    for (id, pages) in ids.iter().zip([LONG, LONG, 3]) {
        is_done(&running, id, pages);
    }
}

#[cfg(unix)]
#[test]
fn a_server_that_is_asked_to_end_leaves_its_jobs_for_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = start(folder.path());
    let ids = [ask_for(&running, LONG), ask_for(&running, LONG)];
    underway(&running, &ids[0]);
    // Who waits for a job does not keep the server from ending.
    let (address, id) = (running.address.clone(), ids[0].clone());
    let waiting = std::thread::spawn(move || {
        ask(&address, &format!("GET /v1/status/poll/{id}?wait=100 HTTP/1.1\r\n"), b"")
    });
    std::thread::sleep(Duration::from_millis(100));
    running.terminate();
    let began = Instant::now();
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let status = waiting.join().unwrap();
    assert!(matches!(status["task_status"].as_str(), Some("started" | "pending")), "{status}");
    drop(running);

    let running = start(folder.path());
    for id in &ids {
        is_done(&running, id, LONG);
    }
}

/// A server in this process.
async fn serve(settings: Settings) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::new(Arc::new(LocalProvider::new(engine())), settings);
    tokio::spawn(async move { server.serve(listener, std::future::pending()).await });
    address
}

async fn on_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

fn json_job(address: SocketAddr, more: &str, body: &Value) -> Value {
    let head = format!(
        "POST /v1/convert/source/async HTTP/1.1\r\ncontent-type: application/json\r\n{more}"
    );
    ask(&address.to_string(), &head, body.to_string().as_bytes())
}

/// What a socket tells until it is closed, asking for more after each update, as docling's client does.
async fn heard(address: SocketAddr, path: &str) -> Result<Vec<Value>, SocketError> {
    use futures_util::{SinkExt, StreamExt};
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request: Request<()> = format!("ws://{address}{path}").into_client_request()?;
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await?;
    let mut heard = Vec::new();
    while let Some(message) = socket.next().await {
        match message? {
            Message::Text(text) => {
                let told: Value = serde_json::from_str(&text).unwrap();
                let is_update = told["message"] == "update";
                heard.push(told);
                if is_update {
                    // It may be closed by now.
                    let _ = socket.send(Message::text("next")).await;
                }
            }
            Message::Close(_) => break,
            _ => {}
        }
    }
    Ok(heard)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_tells_how_a_job_goes_until_it_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let mut given = super::settings(|given| given.engine = Some((*engine()).clone()));
    given.jobs = Some(JobRules::in_folder(folder.path().join("jobs")));
    given.keys = Keys::parse("first-key-of-this-test,second-key-of-this-test").unwrap();
    let address = serve(given).await;
    let body = sources(&[REPORT], json!({}));
    let key = "x-api-key: first-key-of-this-test\r\n";
    let task = on_thread(move || json_job(address, key, &body)).await;
    let id = task["task_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/status/ws/{id}");

    let all = heard(address, &format!("{path}?api_key=first-key-of-this-test")).await.unwrap();
    assert_eq!(all[0]["message"], "connection");
    assert!(all[1..].iter().all(|told| told["message"] == "update"), "{all:?}");
    assert!(all.iter().all(|told| told["task"]["task_id"] == *id && told["error"].is_null()));
    let last = &all.last().unwrap()["task"];
    assert_eq!(
        (&last["task_status"], &last["task_meta"]["num_succeeded"]),
        (&json!("success"), &json!(1))
    );
    assert!(all[..all.len() - 1].iter().all(|told| told["message"] == "connection"
        || told["task"]["task_status"] != "success"), "it is closed with the end: {all:?}");

    let missing = json!({ "message": "error", "task": null, "error": "Task not found." });
    let other = heard(address, &format!("{path}?api_key=second-key-of-this-test")).await.unwrap();
    assert_eq!(other, [missing]);
    for wrong in [path.clone(), format!("{path}?api_key=another-key-than-that")] {
        let Err(SocketError::Http(answer)) = heard(address, &wrong).await else {
            panic!("{wrong}")
        };
        assert_eq!(answer.status(), 401);
    }
}

/// Somebody who takes messages: each request's path, headers and body. The first is answered with status
/// 500.
fn listener() -> (SocketAddr, Receiver<(String, String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for (n, stream) in listener.incoming().enumerate() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                stream.read_line(&mut head).unwrap();
            }
            let length = head.to_lowercase();
            let length = length.split("content-length: ").nth(1).unwrap();
            let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let status = if n == 0 { "500 No" } else { "200 OK" };
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
            let first = head.lines().next().unwrap().to_owned();
            if sender.send((first, head, serde_json::from_slice(&body).unwrap())).is_err() {
                return;
            }
        }
    });
    (address, receiver)
}

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_are_told_every_step_in_order_and_again_where_they_fail() {
    let folder = tempfile::tempdir().unwrap();
    let (told, receiver) = listener();
    let reaching = Engine::builder().url_policy(UrlPolicy::Public).fetch_hosts(["127.0.0.1"]);
    let mut given = super::settings(|given| given.engine = Some(reaching.build().unwrap()));
    given.jobs = Some(JobRules::in_folder(folder.path().join("jobs")));
    let address = serve(given).await;
    let mut body = sources(&[REPORT, "pages/encrypted.pdf"], json!({ "page_range": [1, 1] }));
    body["callbacks"] = json!([
        { "url": format!("http://{told}/told?x=1"), "headers": { "Authorization": "Bearer theirs" } },
        // A name of this machine that is not among the hosts that may be private.
        { "url": format!("http://localhost:{}/never", told.port()) },
    ]);
    let task = on_thread(move || json_job(address, "", &body)).await;
    let id = task["task_id"].as_str().unwrap().to_owned();
    let mut events = Vec::new();
    let events = on_thread(move || {
        while let Ok((first, head, body)) = receiver.recv_timeout(Duration::from_secs(60)) {
            assert_eq!(first, "POST /told?x=1 HTTP/1.1");
            assert!(head.to_lowercase().contains("\r\nauthorization: bearer theirs\r\n"), "{head}");
            assert_eq!(body["task_id"], *id);
            let event = body["progress"].clone();
            let is_last = event["kind"] == "task_completed";
            events.push(event);
            if is_last {
                // The result is there by now.
                let result = ask(
                    &address.to_string(),
                    &format!("GET /v1/status/poll/{id} HTTP/1.1\r\n"),
                    b"",
                );
                assert_eq!(result["task_status"], "success");
                break;
            }
        }
        events
    })
    .await;
    let kinds: Vec<&str> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "set_num_docs",
            "set_num_docs",
            "document_completed",
            "document_completed",
            "update_processed",
            "task_completed"
        ]
    );
    assert_eq!(events[1], json!({ "kind": "set_num_docs", "num_docs": 2 }));
    let (first, second) = (&events[2], &events[3]);
    assert_eq!((&first["total_processed"], &first["total_docs"]), (&json!(1), &json!(2)));
    let document = &first["document"];
    assert_eq!(
        (&document["source"], &document["status"]),
        (&json!("report.pdf"), &json!("success"))
    );
    assert_eq!((&document["num_pages"], &document["error"]), (&json!(1), &Value::Null));
    assert!(document["num_characters"].as_u64() > Some(500), "{document}");
    assert_eq!(second["document"]["status"], "failure");
    assert!(second["document"]["error"].as_str().unwrap().contains("encrypted"), "{second}");
    let processed = &events[4];
    assert_eq!(
        (&processed["num_processed"], &processed["num_succeeded"], &processed["num_failed"]),
        (&json!(2), &json!(1), &json!(1))
    );
    assert_eq!(processed["docs"].as_array().unwrap().len(), 2);
    assert_eq!(
        events[5],
        json!({ "kind": "task_completed", "task_status": "success", "failure": null })
    );
}
