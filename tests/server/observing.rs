//! Ids, headers, metrics and the log: what every request gets, and what nobody gets to see.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use super::running::{Running, exchange, serve};
use super::{asking, data_uri, echo, get, in_base64, post, post_with, real, send, settings, with};

#[tokio::test]
async fn every_answer_has_the_requests_id() {
    let router = echo(settings(|_| {}));
    let own = Request::get("/health").header("x-request-id", "req-7");
    let answer = send(&router, own.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.headers["x-request-id"], "req-7");
    let mut seen = BTreeSet::new();
    for path in ["/health", "/nowhere", "/v1/models", "/v1/files"] {
        let answer = get(&router, path).await;
        let id = answer.headers["x-request-id"].to_str().unwrap().to_owned();
        assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
        assert!(seen.insert(id), "two requests have one id");
    }
    // Errors too, and an id that would break a log line is replaced.
    let headers = [("x-request-id", "a b\"}")];
    let answer = post_with(&router, "/v1/ocr", &headers, "{}").await;
    assert_eq!((answer.status.as_u16(), answer.headers["x-request-id"].len()), (422, 32));
}

#[tokio::test]
async fn every_answer_has_headers_that_hold_browsers_back() {
    let router = real();
    for path in ["/health", "/metrics", "/openapi.json", "/docs", "/ui", "/nowhere", "/v1/models"] {
        let answer = get(&router, path).await;
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("x-frame-options"), "DENY", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert!(header("cache-control").starts_with("no-"), "{path}");
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{path}");
        assert!(!answer.headers.contains_key("server"), "{path}");
    }
}

/// The samples of an exposition, by name and labels; panics on whatever Prometheus would refuse.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let name_of = |sample: &str| sample.split(['{', ' ']).next().unwrap().to_owned();
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':')
    };
    let (mut kinds, mut found) = (BTreeMap::new(), BTreeMap::new());
    let mut helped = BTreeSet::new();
    let mut current = String::new();
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(is_name(name) && help.ends_with('.'), "{line}");
            assert!(helped.insert(name.to_owned()), "two HELP lines: {line}");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(helped.contains(name), "no HELP before {line}");
            assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "twice: {line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            current = name.to_owned();
        } else {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
            let name = name_of(sample);
            // Samples stand below their TYPE.
            let family = match kinds.get(&current).map(String::as_str) {
                Some("histogram") => ["_bucket", "_sum", "_count"]
                    .iter()
                    .find_map(|end| name.strip_suffix(end))
                    .unwrap_or_else(|| panic!("{line}")),
                _ => &name,
            };
            assert_eq!(family, current, "{line}");
            if let Some(labels) = sample.strip_prefix(&name).filter(|labels| !labels.is_empty()) {
                let labels = labels.strip_prefix('{').and_then(|l| l.strip_suffix('}')).unwrap();
                for label in labels.split("\",") {
                    let (name, value) = label.split_once("=\"").unwrap();
                    assert!(is_name(name) && !value.trim_end_matches('"').contains('"'), "{line}");
                }
            }
            assert!(value >= 0.0, "{line}");
            assert!(found.insert(sample.to_owned(), value).is_none(), "twice: {line}");
        }
    }
    histograms_are_sound(&kinds, &found);
    found
}

/// Buckets grow, end with +Inf, and that one is the count.
fn histograms_are_sound(kinds: &BTreeMap<String, String>, found: &BTreeMap<String, f64>) {
    for name in kinds.iter().filter(|(_, kind)| *kind == "histogram").map(|(name, _)| name) {
        let mut buckets: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
        for (sample, value) in found {
            let Some(labels) = sample.strip_prefix(&format!("{name}_bucket{{")) else { continue };
            let at = labels.find("le=\"").unwrap();
            let bound = labels[at + 4..].trim_end_matches("\"}");
            let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap() };
            let others = labels[..at].trim_end_matches(',').to_owned();
            buckets.entry(others).or_default().push((bound, *value));
        }
        assert!(!buckets.is_empty(), "{name}");
        for (labels, mut buckets) in buckets {
            buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert!(buckets.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{name} {labels}");
            let last = buckets.last().unwrap();
            assert!(last.0.is_infinite(), "{name} {labels}");
            let rest = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
            assert_eq!(found[&format!("{name}_count{rest}")], last.1, "{name} {labels}");
            assert!(found.contains_key(&format!("{name}_sum{rest}")), "{name} {labels}");
        }
    }
}

#[tokio::test]
async fn metrics_are_what_prometheus_reads() {
    let router = real();
    let body = asking("pages/report.pdf");
    assert_eq!(post(&router, "/v1/ocr", &body).await.status, 200);
    post(&router, "/v3/ocr", &json!({})).await;
    for path in ["/nowhere", "/v1/files/%22%0a{}", "/v1/status/poll/x\\y"] {
        get(&router, &path.replace('{', "%7B").replace('}', "%7D").replace('\\', "%5C")).await;
    }
    let text = get(&router, "/metrics").await.text;
    let found = samples(&text);
    let value = |name: &str| found.get(name).copied().unwrap_or_else(|| panic!("{name}\n{text}"));
    assert_eq!(value("recto_pages_total"), 2.0);
    assert_eq!(value("recto_engine_pages_total{engine=\"text_layer\"}"), 2.0);
    assert!(value("recto_engine_words_total{engine=\"text_layer\"}") > 100.0);
    for stage in ["text_layer", "layout", "total"] {
        let pages = if stage == "text_layer" { 2.0 } else { 1.0 };
        assert_eq!(value(&format!("recto_stage_seconds_count{{stage=\"{stage}\"}}")), pages);
    }
    assert_eq!(value("recto_request_seconds_count{path=\"/v1/ocr\"}"), 1.0);
    assert_eq!(value("recto_requests_total{path=\"/v3/ocr\",status=\"400\"}"), 1.0);
    assert_eq!(value("recto_queue_wait_seconds_count"), 1.0);
    let sent = body.to_string().len() as f64 + 2.0;
    assert_eq!(value("recto_received_bytes_total"), sent);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(value(&format!("recto_build_info{{version=\"{version}\"}}")), 1.0);
    if cfg!(target_os = "linux") {
        assert!(value("process_resident_memory_bytes") > 1e6);
        assert!(value("process_open_fds") > 2.0);
    }
}

#[tokio::test]
async fn labels_of_metrics_do_not_grow_with_what_clients_ask() {
    let router = echo(settings(|_| {}));
    let count = |text: &str| samples(text).len();
    get(&router, "/nowhere").await;
    get(&router, "/v1/models/x").await;
    let before = count(&get(&router, "/metrics").await.text);
    let again = count(&get(&router, "/metrics").await.text);
    for number in 0..50 {
        get(&router, &format!("/nowhere/{number}")).await;
        get(&router, &format!("/v1/models/{number}")).await;
        let request = Request::builder().method(format!("M{number}").as_str()).uri("/nowhere");
        send(&router, request.body(Body::empty()).unwrap()).await;
    }
    let after = count(&get(&router, "/metrics").await.text);
    // The first look at the metrics was not counted in itself.
    assert!(again >= before);
    assert_eq!(after, again);
}

/// A server of its own whose log is kept.
fn logging(mut command: std::process::Command) -> (Running, Arc<Mutex<Vec<String>>>) {
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let log = Arc::new(Mutex::new(Vec::new()));
    let address = loop {
        let line = lines.next().unwrap().unwrap();
        if let Some(address) = line.strip_prefix("recto: listening on http://") {
            break address.to_owned();
        }
        log.lock().unwrap().push(line);
    };
    let kept = Arc::clone(&log);
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            kept.lock().unwrap().push(line);
        }
    });
    (Running { child, address }, log)
}

fn asked(head: &str, headers: &str, body: &str) -> String {
    format!(
        "{head} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

#[cfg(unix)]
#[test]
fn a_server_with_every_secret_tells_none_of_them() {
    const KEY: &str = "sekret-server-key-1";
    const PROVIDER: &str = "sekret-provider-key-2";
    const MODEL: &str = "sekret-language-model-key-3";
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("recto.toml");
    let text = r#"
[fetch]
allow = true
[providers.elsewhere]
kind = "mistral"
base_url = "http://u:sekret-4@127.0.0.1:9/sekret-5"
key_env = "SOMEBODYS_KEY"
retries = 0
[annotations]
base_url = "http://127.0.0.1:9/v1"
model = "m"
key_env = "MODELS_KEY"
retries = 0
"#;
    std::fs::write(&config, text).unwrap();
    let data = folder.path().join("data");
    let mut command = serve(&["--listen", "127.0.0.1:0", "--jobs", "1", "--log-format", "json"]);
    command.args(["--config", config.to_str().unwrap()]);
    command.env("RECTO_KEYS", format!("{KEY},another-key-of-mine"));
    command.env("SOMEBODYS_KEY", PROVIDER).env("MODELS_KEY", MODEL);
    command.env("XDG_DATA_HOME", &data).env("RUST_LOG", "recto=trace");
    let (running, log) = logging(command);

    let ask = |body: &Value, headers: &str| {
        let request = asked("POST /v1/ocr", headers, &body.to_string());
        exchange(&running.address, request.as_bytes())
    };
    let bearer = format!("authorization: Bearer {KEY}\r\n");
    let mut answers = Vec::new();
    // A wrong key, and one in the place of another.
    answers.push(ask(&json!({}), "authorization: Bearer sekret-wrong-key-6\r\n"));
    answers.push(ask(&json!({}), "x-api-key: sekret-wrong-key-7\r\n"));
    // An encrypted document, with its password and with another; the request comes back.
    let encrypted = json!({ "document": { "document_url": data_uri("pages/encrypted.pdf") } });
    for password in ["secret", "sekret-password-8"] {
        let more = json!({
            "include_raw": true, "password": password,
            "parameters": { "picture_description_api": {
                "url": "http://u:sekret-9@127.0.0.1:9/?k=sekret-10",
                "headers": { "Authorization": "Bearer sekret-11" },
            } },
        });
        answers.push(ask(&with(encrypted.clone(), more), &bearer));
    }
    // Addresses that are signed, or have a password in them.
    for url in [
        "http://127.0.0.1:9/a.pdf?X-Amz-Signature=sekret-12",
        "http://u:sekret-13@127.0.0.1:9/a.pdf#sekret-14",
        "http://no-such-host.invalid/a.pdf?sig=sekret-15",
        "file:///etc/sekret-16",
    ] {
        let body = json!({ "document": { "document_url": url }, "include_raw": true });
        answers.push(ask(&body, &bearer));
    }
    // Services with keys of this server's own.
    let other =
        with(asking("pages/code.pdf"), json!({ "model": "elsewhere/x", "include_raw": true }));
    answers.push(ask(&other, &bearer));
    let described = json!({ "document_annotation_format": {
        "type": "json_schema", "json_schema": { "name": "n", "schema": { "type": "object" } },
    } });
    answers.push(ask(&with(asking("pages/code.pdf"), described), &bearer));
    // A job with a callback.
    let job = json!({
        "sources": [{ "kind": "file", "filename": "a.pdf", "base64_string": in_base64("pages/code.pdf") }],
        "callbacks": [{ "url": "http://u:sekret-17@127.0.0.1:9/?k=sekret-18",
                        "headers": { "Authorization": "Bearer sekret-19" } }],
    });
    let request = asked("POST /v1/convert/source/async", &bearer, &job.to_string());
    answers.push(exchange(&running.address, request.as_bytes()));
    // A key in an address, as browsers' sockets send it, and a signature that is none.
    for path in [
        "/v1/status/ws/x?api_key=sekret-20",
        "/v1/files/00000000-0000-4000-8000-000000000000/content?expires=1&store=x&signature=sekret-21",
    ] {
        let request = asked(&format!("GET {path}"), &bearer, "");
        answers.push(exchange(&running.address, request.as_bytes()));
    }
    let request = asked("GET /metrics", &format!("{bearer}x-request-id: the-last\r\n"), "");
    answers.push(exchange(&running.address, request.as_bytes()));
    assert!(answers[2].starts_with("HTTP/1.1 200"), "{}", answers[2]);
    assert!(answers.last().unwrap().contains("recto_requests_total"), "{answers:?}");

    let (mut running, log) = (running, log);
    running.terminate();
    running.child.wait().unwrap();
    let log = log.lock().unwrap();
    for text in answers.iter().chain(log.iter()) {
        assert!(!text.contains("sekret"), "{text}");
        assert!(!text.contains("\"secret\""), "{text}");
    }
    lines_are_whole(&log);
}

/// Every line is an object; each answer has a line, with the id of its request and the number of its key.
fn lines_are_whole(log: &[String]) {
    let lines: Vec<Value> = log
        .iter()
        .filter(|line| !line.starts_with("recto: "))
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    let of = |line: &Value, field: &str| line["spans"][0][field].clone();
    let access: Vec<&Value> = lines.iter().filter(|l| l["target"] == "recto::access").collect();
    assert!(access.len() >= 12, "{}", access.len());
    for line in &access {
        assert!(of(line, "request_id").is_string() && line["ms"].is_number(), "{line}");
        assert!(line["timestamp"].is_string() && line["level"] == "INFO", "{line}");
    }
    let last = access.iter().find(|line| of(line, "request_id") == "the-last").unwrap();
    assert_eq!(
        (&last["method"], &last["route"], &last["status"], &last["key"]),
        (&json!("GET"), &json!("/metrics"), &json!(200), &json!(1)),
    );
    let read = access.iter().find(|l| l["route"] == "/v1/ocr" && l["status"] == 200).unwrap();
    assert!(read["pages"].as_u64().is_some_and(|pages| pages > 0), "{read}");
    assert!(access.iter().any(|l| l["status"] == 401 && l.get("key").is_none()), "{access:?}");
    // What the library says of a page stands under the request.
    let page = lines.iter().find(|line| line["message"] == "a page was read").unwrap();
    assert!(of(page, "request_id").is_string(), "{page}");
}

#[cfg(unix)]
#[test]
fn a_request_of_two_lengths_is_no_two_requests() {
    let (running, _log) = logging(serve(&["--listen", "127.0.0.1:0", "--jobs", "1"]));
    let hidden = "GET /version HTTP/1.1\r\nhost: x\r\n\r\n";
    let chunked = format!("0\r\n\r\n{hidden}");
    let head = |headers: &str| {
        format!(
            "POST /v1/ocr HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{headers}\r\n"
        )
    };
    let length = chunked.len();
    for headers in [
        // Whoever goes by the length sees one request, whoever goes by the encoding two.
        format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n"),
        format!("transfer-encoding: chunked\r\ncontent-length: {length}\r\n"),
        "content-length: 5\r\ncontent-length: 6\r\n".to_owned(),
        "content-length: +5\r\n".to_owned(),
        "transfer-encoding: chunked, identity\r\n".to_owned(),
        "transfer-encoding: xchunked\r\n".to_owned(),
        "transfer-encoding : chunked\r\n".to_owned(),
        "content-length: 5\r\n folded: 1\r\n".to_owned(),
    ] {
        let answer = exchange(&running.address, format!("{}{chunked}", head(&headers)).as_bytes());
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{headers}: {answer}");
        assert!(answer.starts_with("HTTP/1.1 4"), "{headers}: {answer}");
        assert!(!answer.contains("docling-serve"), "{headers}: {answer}");
    }
}

#[tokio::test]
async fn names_of_uploads_lead_nowhere() {
    use super::docling;
    use super::files::{folder, form, keeping, on_disk, upload_form};

    let dir = folder();
    let inside = dir.path().join("store");
    let router = keeping(&inside);
    for name in [
        "../../evil.pdf",
        "..\\..\\evil.pdf",
        "/etc/evil.pdf",
        "C:\\evil.pdf",
        "..",
        "%2e%2e%2fevil",
    ] {
        let content = super::file("pages/code.pdf");
        let body = form(&[("purpose", None, b"ocr"), ("file", Some(name), &content)]);
        let answer = upload_form(&router, "/v1/files", &[], body).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text);
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        let answer = get(&router, &format!("/v1/files/{id}/content")).await;
        let disposition = answer.headers["content-disposition"].to_str().unwrap();
        assert!(disposition.starts_with("attachment; filename*=UTF-8''"), "{disposition}");
        assert!(!disposition.contains('/') && !disposition.contains('\\'), "{disposition}");
    }
    // Everything is inside, under names of the store's own.
    assert_eq!(on_disk(dir.path()), ["store"]);
    for name in on_disk(&inside) {
        assert!(!name.contains("evil") && !name.contains(".."), "{name}");
    }
    std::fs::write(dir.path().join("outside"), b"sekret").unwrap();
    for id in ["../outside", "..%2Foutside", "%2e%2e%2foutside", "..%5Coutside", "....//outside"] {
        for path in [format!("/v1/files/{id}"), format!("/v1/files/{id}/content")] {
            let answer = get(&router, &path).await;
            assert!(matches!(answer.status.as_u16(), 404 | 422), "{path}: {}", answer.text);
            assert!(!answer.text.contains("sekret"), "{path}");
        }
        let body = json!({ "document": { "type": "file", "file_id": id } });
        let answer = post(&router, "/v1/ocr", &body).await;
        assert!(answer.status.is_client_error(), "{id}: {}", answer.text);
    }

    let names =
        ["../../up.pdf", "..\\..\\up.pdf", "/etc/up.pdf", "C:\\up.pdf", "..", "a\u{0}b\n.pdf"];
    let content = in_base64("pages/code.pdf");
    let sources: Vec<Value> = names
        .iter()
        .map(|name| json!({ "kind": "file", "filename": name, "base64_string": content }))
        .collect();
    let body = json!({
        "options": { "to_formats": ["md"] }, "sources": sources, "target": { "kind": "zip" },
    });
    let files = docling::unzip_at(&docling::converting(), "/v1/convert/source", &body).await;
    assert_eq!(files.len(), names.len());
    for (name, _) in &files {
        assert!(!name.contains(['/', '\\', ':', '\0', '\n']) && !name.starts_with('.'), "{name}");
    }
}
