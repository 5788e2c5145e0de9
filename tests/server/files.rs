//! Stored files, from upload to deletion, in both shapes.

use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use recto::files::{FileSettings, FileStore};
use recto::provider::LocalProvider;
use recto::server::{Keys, Server, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Answer, echo, echoed, engine, file, get, post, post_with, send, settings};

const BOUNDARY: &str = "boundary-of-this-test";
pub(super) const REPORT: &str = "pages/code.pdf";

/// A store with a folder of its own.
pub(super) fn store(folder: &Path, change: impl FnOnce(&mut FileSettings)) -> FileStore {
    let mut settings = FileSettings::default();
    change(&mut settings);
    FileStore::open(folder, settings).unwrap()
}

/// A server that keeps files in the folder, and repeats what it was asked to read.
pub(super) fn keeping(folder: &Path) -> Router {
    echo(settings(|s| s.files = Some(store(folder, |_| {}))))
}

pub(super) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A form of fields, the one with a file name as a file.
pub(super) fn form(fields: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, filename, content) in fields {
        let filename = filename.map(|name| format!("; filename=\"{name}\"")).unwrap_or_default();
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{filename}\r\n\r\n"
        );
        body.extend(head.as_bytes());
        body.extend(*content);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

pub(super) async fn upload_form(
    router: &Router,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    let mut request = Request::post(path)
        .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(router, request.body(body.into()).unwrap()).await
}

pub(super) async fn upload(
    router: &Router,
    path: &str,
    purpose: &str,
    name: &str,
    content: &[u8],
) -> Value {
    let body = form(&[("purpose", None, purpose.as_bytes()), ("file", Some(name), content)]);
    let answer = upload_form(router, path, &[], body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

pub(super) fn id(file: &Value) -> &str {
    file["id"].as_str().unwrap()
}

async fn delete(router: &Router, path: &str) -> Answer {
    send(router, Request::delete(path).body(Body::empty()).unwrap()).await
}

/// A signed address, as a client of `localhost` gets it.
pub(super) async fn address(router: &Router, id: &str) -> String {
    let request = Request::get(format!("/v1/files/{id}/url")).header("host", "localhost:8811");
    let answer = send(router, request.body(Body::empty()).unwrap()).await;
    answer.json()["url"].as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_owned()
}

/// The path and query of an address.
pub(super) fn path_of(address: &str) -> &str {
    address.strip_prefix("http://localhost:8811").unwrap()
}

#[tokio::test]
async fn a_file_has_mistrals_shape() {
    let dir = folder();
    let router = keeping(dir.path());
    let content = file(REPORT);
    // As Mistral's client for Python sends it.
    let body = form(&[
        ("visibility", None, b"workspace"),
        ("purpose", None, b"ocr"),
        ("file", Some("a.pdf"), &content),
    ]);
    let stored = upload_form(&router, "/v1/files", &[], body).await.json();
    let created = stored["created_at"].as_u64().unwrap();
    let expected = json!({
        "id": id(&stored), "object": "file", "bytes": content.len(), "created_at": created,
        "filename": "a.pdf", "purpose": "ocr", "sample_type": "ocr_input", "source": "upload",
        "num_lines": null, "mimetype": "application/pdf", "signature": null,
        "expires_at": created + 7 * 24 * 3600, "visibility": "workspace", "status": "processed",
    });
    assert_eq!(stored, expected);
    assert_eq!(id(&stored).len(), 36);

    let mut whole = expected.clone();
    whole["deleted"] = json!(false);
    assert_eq!(get(&router, &format!("/v1/files/{}", id(&stored))).await.json(), whole);
    let list = json!({ "data": [expected], "object": "list", "total": 1, "has_more": false });
    assert_eq!(get(&router, "/v1/files").await.json(), list);
}

#[tokio::test]
async fn a_file_has_oppers_shape() {
    let dir = folder();
    let router = keeping(dir.path());
    // The file first, as clients for npm send it.
    let body = form(&[
        ("file", Some("a.png"), b"\x89PNG\r\n\x1a\n"),
        ("filename", None, b"scan.png"),
        ("ttl_seconds", None, b"60"),
    ]);
    let stored = upload_form(&router, "/v3/files", &[], body).await.json();
    let (created, expires) = (&stored["created_at"], &stored["expires_at"]);
    assert_eq!(
        stored,
        json!({
            "id": id(&stored), "object": "file", "bytes": 8, "created_at": created,
            "expires_at": expires, "filename": "scan.png", "mime_type": "image/png",
            "purpose": "reference_media", "status": "processed",
        })
    );
    let time = |value: &Value| chrono_seconds(value.as_str().unwrap());
    assert_eq!(time(expires) - time(created), 60);
    assert!(id(&stored).starts_with("file_") && id(&stored).len() == 37);

    let second = upload(&router, "/v3/files", "ocr_input", "b.pdf", &file(REPORT)).await;
    assert_eq!(second["purpose"], "ocr_input");
    assert_eq!(get(&router, &format!("/v3/files/{}", id(&second))).await.json(), second);
    let list = get(&router, "/v3/files").await.json();
    assert_eq!(list, json!({ "meta": { "total_count": 2 }, "data": [second, stored] }));
}

/// Seconds of the day in a time like `2026-11-24T10:00:00Z`, across midnight too.
fn chrono_seconds(text: &str) -> i64 {
    let (date, time) = text.strip_suffix('Z').unwrap().split_once('T').unwrap();
    let part =
        |text: &str, at: usize| text.split(['-', ':']).nth(at).unwrap().parse::<i64>().unwrap();
    part(date, 2) * 86_400 + part(time, 0) * 3600 + part(time, 1) * 60 + part(time, 2)
}

#[tokio::test]
async fn both_interfaces_see_the_same_files_under_either_id() {
    let dir = folder();
    let router = keeping(dir.path());
    let stored = upload(&router, "/v1/files", "user_data", "a.pdf", &file(REPORT)).await;
    assert_eq!(stored["purpose"], "ocr");
    let opper = get(&router, "/v3/files").await.json()["data"][0].clone();
    assert_eq!(opper["purpose"], "ocr_input");
    for shown in [id(&stored), id(&opper)] {
        let mistral = get(&router, &format!("/v1/files/{shown}")).await.json();
        assert_eq!(id(&mistral), id(&stored));
        let other = get(&router, &format!("/v3/files/{shown}")).await.json();
        assert_eq!(id(&other), id(&opper));
    }
    assert_eq!(
        delete(&router, &format!("/v3/files/{}", id(&stored))).await.json(),
        json!({ "id": id(&opper), "object": "file", "deleted": true })
    );
    assert_eq!(get(&router, "/v1/files").await.json()["total"], 0);
}

#[tokio::test]
async fn content_comes_back_as_it_was_and_goes_with_its_file() {
    let dir = folder();
    let router = keeping(dir.path());
    let content: String = (0..200_000).map(|n| char::from(b'a' + (n % 26) as u8)).collect();
    let name = "r\u{e9}sum\u{e9}.html";
    let stored = upload(&router, "/v1/files", "fine-tune", name, content.as_bytes()).await;
    assert_eq!(stored["filename"], name);
    let answer = get(&router, &format!("/v1/files/{}/content", id(&stored))).await;
    assert_eq!(answer.headers["content-type"], "application/octet-stream");
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    assert_eq!(answer.headers["content-length"], "200000");
    let disposition = "attachment; filename*=UTF-8''r%C3%A9sum%C3%A9.html";
    assert_eq!(answer.headers["content-disposition"], disposition);
    assert!(answer.text == content);

    assert!(on_disk(dir.path()).iter().any(|name| name.ends_with(".data")));
    let answer = delete(&router, &format!("/v1/files/{}", id(&stored))).await;
    let expected = json!({ "id": id(&stored), "object": "file", "deleted": true });
    assert_eq!(answer.json(), expected);
    assert_eq!(on_disk(dir.path()), Vec::<String>::new());
}

pub(super) fn on_disk(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn lists_are_filtered_and_come_in_pages() {
    let dir = folder();
    let router = keeping(dir.path());
    for (purpose, name, content) in [
        ("ocr", "Invoice 1.pdf", &b"%PDF-1.7\n"[..]),
        ("batch", "work.jsonl", b"{\"body\": {}}\n{\"body\": {}}\n"),
        ("ocr", "invoice 2.png", b"\x89PNG\r\n\x1a\n"),
        ("fine-tune", "notes.txt", b"hello"),
    ] {
        upload(&router, "/v1/files", purpose, name, content).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let listed = async |query: &str| {
        let body = get(&router, &format!("/v1/files?{query}")).await.json();
        let data = body["data"].as_array().unwrap_or_else(|| panic!("{body}")).clone();
        let names = data.iter().map(|file| file["filename"].as_str().unwrap().to_owned());
        (names.collect::<Vec<_>>(), body["total"].clone(), body["has_more"] == true)
    };
    let all = ["notes.txt", "invoice 2.png", "work.jsonl", "Invoice 1.pdf"];
    for (query, names, total, more) in [
        ("", &all[..], json!(4), false),
        ("page=0&page_size=100&include_total=true", &all, json!(4), false),
        ("page=0&page_size=3", &all[..3], json!(4), true),
        ("page=1&page_size=3&include_total=false", &all[3..], json!(null), false),
        ("page=9", &[], json!(4), false),
        ("offset=1&limit=2", &all[1..3], json!(4), true),
        ("purpose=ocr", &["invoice 2.png", "Invoice 1.pdf"], json!(2), false),
        ("purpose=ocr_input&search=", &["invoice 2.png", "Invoice 1.pdf"], json!(2), false),
        (
            "sample_type=batch_request&sample_type=instruct",
            &["notes.txt", "work.jsonl"],
            json!(2),
            false,
        ),
        ("source=upload&search=INVOICE+1", &["Invoice 1.pdf"], json!(1), false),
        ("source[]=mistral", &[], json!(0), false),
        (
            "mimetypes=image/png&mimetypes=text/plain",
            &["notes.txt", "invoice 2.png"],
            json!(2),
            false,
        ),
    ] {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(listed(query).await, (names, total, more), "{query}");
    }
    // As OpenAI's clients go through a list.
    let body = get(&router, "/v1/files?limit=1&order=asc").await.json();
    let first = id(&body["data"][0]).to_owned();
    let (names, _, more) = listed(&format!("limit=1&order=asc&after={first}")).await;
    assert_eq!((names, more), (vec!["work.jsonl".to_owned()], true));

    let body = get(&router, "/v1/files?colour=red").await.json();
    assert_eq!(
        body["warnings"],
        json!([{
            "code": "option_not_honoured", "option": "colour",
            "message": "colour has no effect: this server does not know it",
        }])
    );
}

#[tokio::test]
async fn lines_of_a_batch_are_counted() {
    let dir = folder();
    let router = keeping(dir.path());
    let content = b"{\"custom_id\": \"0\", \"body\": {}}\n\n{\"body\": {}}";
    let stored = upload(&router, "/v1/files", "batch", "work.jsonl", content).await;
    assert_eq!(
        (&stored["num_lines"], &stored["sample_type"]),
        (&json!(2), &json!("batch_request"))
    );
    assert_eq!(stored["mimetype"], "application/jsonl");
}

#[tokio::test]
async fn fields_of_openais_clients_are_understood_and_unknown_ones_are_told() {
    let dir = folder();
    let router = keeping(dir.path());
    let body = form(&[
        ("purpose", None, b"user_data"),
        ("expires_after[anchor]", None, b"created_at"),
        ("expires_after[seconds]", None, b"3600"),
        ("colour", None, b"red"),
        ("file", None, b"%PDF-1.7\n"),
    ]);
    let stored = upload_form(&router, "/v1/files", &[], body).await.json();
    let time = |field: &str| stored[field].as_u64().unwrap();
    assert_eq!(time("expires_at") - time("created_at"), 3600);
    assert_eq!(stored["filename"], "document");
    assert_eq!(stored["warnings"][0]["option"], "colour");
}

#[tokio::test]
async fn a_signed_address_needs_no_key_and_is_this_servers() {
    let dir = folder();
    let keys = || Keys::parse("first-key-of-mine,second-key-of-mine").unwrap();
    let key = ("authorization", "Bearer first-key-of-mine");
    let router = echo(settings(|s| {
        s.files = Some(store(dir.path(), |_| {}));
        s.keys = keys();
    }));
    let body = form(&[("purpose", None, b"ocr"), ("file", Some("a.pdf"), b"%PDF-1.7\n")]);
    let stored = upload_form(&router, "/v1/files", &[key], body).await.json();
    let ask = |path: String, host: &str| {
        let request = Request::get(path).header(key.0, key.1).header("host", host);
        request.body(Body::empty()).unwrap()
    };
    let url = format!("/v1/files/{}/url?expiry=168", id(&stored));
    let answer = send(&router, ask(url, "localhost:8811")).await.json();
    let url = answer["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with(&format!("http://localhost:8811/v1/files/{}/content?", id(&stored))));
    assert_eq!(get(&router, path_of(&url)).await.text, "%PDF-1.7\n");

    let opper = format!("/v3/files/{}/content", id(&stored));
    let answer = send(&router, ask(opper, "localhost:8811")).await.json();
    assert!(answer["expires_at"].as_str().is_some_and(|time| time.ends_with('Z')), "{answer}");
    assert_eq!(get(&router, path_of(answer["url"].as_str().unwrap())).await.text, "%PDF-1.7\n");

    // Documents are read from the store, by any name of the server and any key, without fetching.
    for url in [url.clone(), url.replace("http://localhost:8811", "https://ocr.example.org/proxy")]
    {
        for document in [json!({ "document_url": url }), json!({ "image_url": { "url": url } })] {
            let asked = post_with(
                &router,
                "/v1/ocr",
                &[("x-api-key", "second-key-of-mine")],
                json!({ "document": document }).to_string(),
            );
            let asked = echoed(&asked.await);
            assert!(asked.contains("Stored(StoredFile {"), "{asked}");
            assert!(asked.contains("name: \"a.pdf\""), "{asked}");
        }
    }
    // The address holds after a restart.
    let again = echo(settings(|s| {
        s.files = Some(store(dir.path(), |_| {}));
        s.keys = keys();
    }));
    assert_eq!(get(&again, path_of(&url)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn addresses_begin_with_what_the_server_was_told() {
    let dir = folder();
    let public = "https://ocr.example.org/recto/".parse().unwrap();
    let router =
        echo(settings(|s| s.files = Some(store(dir.path(), |f| f.public_url = Some(public)))));
    let stored = upload(&router, "/v1/files", "ocr", "a.pdf", b"%PDF-1.7\n").await;
    let url = address(&router, id(&stored)).await;
    assert!(url.starts_with("https://ocr.example.org/recto/v1/files/"), "{url}");
}

#[tokio::test]
async fn a_stored_file_is_read_like_any_document() {
    let dir = folder();
    let settings = settings(|s| s.files = Some(store(dir.path(), |_| {})));
    let router = Server::new(std::sync::Arc::new(LocalProvider::new(engine())), settings).router();
    let stored = upload(&router, "/v1/files", "ocr", "code.pdf", &file(REPORT)).await;
    let url = address(&router, id(&stored)).await;
    let expected = post(&router, "/v1/ocr", &super::asking(REPORT)).await.json();
    assert!(expected["pages"][0]["markdown"].as_str().unwrap().len() > 20);
    for document in [
        json!({ "type": "file", "file_id": id(&stored) }),
        json!({ "file_id": id(&stored) }),
        json!({ "type": "document_url", "document_url": url }),
        json!({ "type": "image_url", "image_url": url }),
    ] {
        for path in ["/v1/ocr", "/v2/ocr"] {
            let answer = post(&router, path, &json!({ "document": document })).await.json();
            assert_eq!(answer["pages"], expected["pages"], "{document}");
            assert_eq!(answer["usage_info"], expected["usage_info"]);
        }
        let answer = post(&router, "/v3/ocr", &json!({ "document": document })).await.json();
        assert_eq!(answer["pages"][0]["markdown"], expected["pages"][0]["markdown"]);
    }
    // Messages call it by its own name.
    let body = json!({ "document": { "file_id": id(&stored) }, "pages": [7] });
    let answer = post(&router, "/v1/ocr", &body).await.json();
    let message = "page 7 does not exist: code.pdf has 1 page(s), numbered 0 to 0";
    assert_eq!(answer["detail"][0]["msg"], message);
}

#[tokio::test]
async fn files_belong_to_the_key_that_uploaded_them() {
    let dir = folder();
    let router = echo(settings(|s| {
        s.files = Some(store(dir.path(), |_| {}));
        s.keys = Keys::parse("first-key-of-mine,second-key-of-mine").unwrap();
    }));
    let (mine, other) = (("x-api-key", "first-key-of-mine"), ("x-api-key", "second-key-of-mine"));
    let body = form(&[("file", Some("a.pdf"), b"%PDF-1.7\n")]);
    let stored = upload_form(&router, "/v1/files", &[mine], body).await.json();
    let ask = |method: &str, path: String, key: (&str, &str)| {
        let request = Request::builder().method(method).uri(path).header(key.0, key.1);
        request.header("host", "localhost").body(Body::empty()).unwrap()
    };
    let path = format!("/v1/files/{}", id(&stored));
    for (method, path) in [
        ("GET", path.clone()),
        ("GET", format!("{path}/content")),
        ("GET", format!("{path}/url")),
        ("DELETE", path.clone()),
    ] {
        let answer = send(&router, ask(method, path.clone(), other)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
    }
    let list = send(&router, ask("GET", "/v1/files".to_owned(), other)).await.json();
    assert_eq!(list["total"], 0);
    let body = json!({ "document": { "file_id": id(&stored) } }).to_string();
    let answer = post_with(&router, "/v1/ocr", &[other], body.clone()).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(post_with(&router, "/v1/ocr", &[mine], body).await.status, StatusCode::OK);
    assert_eq!(send(&router, ask("DELETE", path, mine)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn stored_files_are_counted() {
    let dir = folder();
    let router = keeping(dir.path());
    upload(&router, "/v1/files", "ocr", "a.pdf", b"%PDF-1.7\n").await;
    let text = get(&router, "/metrics").await.text;
    assert!(
        text.contains("\nrecto_files 1\n") && text.contains("\nrecto_file_bytes 9\n"),
        "{text}"
    );
    assert!(text.contains("{path=\"/v1/files\",status=\"200\"} 1"), "{text}");
    let none = get(&echo(Settings::default()), "/metrics").await.text;
    assert!(!none.contains("recto_files"), "{none}");
}
