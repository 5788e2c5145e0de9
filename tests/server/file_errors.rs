//! What goes wrong with files, with the exact bodies.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use http_body_util::channel::Channel;
use recto::server::{Keys, Settings};
use serde_json::{Value, json};

use super::files::{
    REPORT, address, folder, form, id, keeping, on_disk, path_of, store, upload, upload_form,
};
use super::{Answer, echo, echoed, file, get, post, send, settings};

fn mistral(status: u16, name: &str, message: &str) -> (u16, Value) {
    let body = json!({
        "object": "error", "message": message, "type": name, "param": null,
        "code": status.to_string(), "raw_status_code": status,
    });
    (status, body)
}

fn opper(status: u16, code: &str, message: &str) -> (u16, Value) {
    (status, json!({ "error": { "code": code, "message": message } }))
}

/// One wrong field, as `/v1` tells it and as `/v3` does.
fn invalid(item: &Value, place: &str) -> [(u16, Value); 2] {
    let message = format!("{place}: {}", item["msg"].as_str().unwrap());
    let (status, mut body) = opper(400, "invalid_request", &message);
    body["error"]["details"] = json!([item]);
    [(422, json!({ "detail": [item] })), (status, body)]
}

fn told(answer: &Answer) -> (u16, Value) {
    (answer.status.as_u16(), answer.json())
}

async fn delete(router: &Router, path: &str) -> Answer {
    send(router, Request::delete(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn unknown_files_are_told_by_every_endpoint() {
    let dir = folder();
    let router = keeping(dir.path());
    for name in ["f-1", "00edaf84-95b0-45db-8f83-f71138491f23", "..%2F..%2Fetc%2Fpasswd"] {
        let message =
            format!("there is no file \"{name}\": it was deleted, has expired or never was");
        let expected = mistral(404, "not_found", &message);
        for path in ["", "/content", "/url"] {
            let request =
                Request::get(format!("/v1/files/{name}{path}")).header("host", "localhost");
            let answer = send(&router, request.body(Body::empty()).unwrap()).await;
            assert_eq!(told(&answer), expected, "{name}{path}");
        }
        assert_eq!(told(&delete(&router, &format!("/v1/files/{name}")).await), expected);
        let body = json!({ "document": { "type": "file", "file_id": name } });
        assert_eq!(told(&post(&router, "/v1/ocr", &body).await), expected);
        let expected = opper(404, "not_found", &message);
        assert_eq!(told(&get(&router, &format!("/v3/files/{name}")).await), expected);
        assert_eq!(told(&delete(&router, &format!("/v3/files/{name}")).await), expected);
        assert_eq!(told(&post(&router, "/v3/ocr", &body).await), expected);
    }
}

#[tokio::test]
async fn a_deleted_file_is_unknown() {
    let dir = folder();
    let router = keeping(dir.path());
    let stored = upload(&router, "/v1/files", "ocr", "a.pdf", b"%PDF-1.7\n").await;
    let url = address(&router, id(&stored)).await;
    assert_eq!(delete(&router, &format!("/v1/files/{}", id(&stored))).await.status, 200);
    let message =
        format!("there is no file \"{}\": it was deleted, has expired or never was", id(&stored));
    let expected = mistral(404, "not_found", &message);
    assert_eq!(told(&get(&router, path_of(&url)).await), expected);
    let body = json!({ "document": { "document_url": url } });
    assert_eq!(told(&post(&router, "/v1/ocr", &body).await), expected);
}

#[tokio::test]
async fn a_server_without_a_folder_says_so() {
    let router = echo(Settings::default());
    let message =
        "this server keeps no files: it was started without a folder for them (--files-dir)";
    for path in ["/v1/files", "/v1/files/x", "/v1/files/x/content?signature=1"] {
        assert_eq!(told(&get(&router, path).await), mistral(404, "not_found", message), "{path}");
    }
    assert_eq!(told(&get(&router, "/v3/files").await), opper(404, "not_found", message));
    let answer = upload_form(&router, "/v1/files", &[], form(&[])).await;
    assert_eq!(told(&answer), mistral(404, "not_found", message));
}

#[tokio::test]
async fn content_has_to_be_what_its_purpose_takes() {
    let dir = folder();
    let router = keeping(dir.path());
    for (purpose, name, content, message) in [
        (
            "ocr",
            "a.pdf",
            &b"hello\n"[..],
            "a.pdf is plain text; recto reads PDF, PNG, JPEG, TIFF, WebP, BMP and GIF",
        ),
        ("ocr_input", "a.pdf", b"", "a.pdf is empty (0 bytes)"),
        (
            "batch",
            "b.jsonl",
            b"{}\n[1]\n",
            "line 2 of b.jsonl is no JSON object (it does not begin with {); a file for batch has \
             one on each line",
        ),
    ] {
        let item = json!({ "type": "value_error", "loc": ["body", "file"], "msg": message });
        // The purpose may come after the file.
        let body = form(&[("file", Some(name), content), ("purpose", None, purpose.as_bytes())]);
        for (path, expected) in ["/v1/files", "/v3/files"].iter().zip(invalid(&item, "file")) {
            assert_eq!(told(&upload_form(&router, path, &[], body.clone()).await), expected);
        }
    }
    assert_eq!(on_disk(dir.path()), Vec::<String>::new());
}

#[tokio::test]
async fn wrong_fields_are_named() {
    let dir = folder();
    let router = keeping(dir.path());
    let number = "Input should be a whole number, 1 or more";
    let long = "x".repeat(256);
    for (field, value, kind, message) in [
        ("expiry", "soon", "int_type", number),
        ("ttl_seconds", "0", "int_type", number),
        ("ttl_seconds", "-5", "int_type", number),
        ("visibility", "everybody", "literal_error", "Input should be 'workspace' or 'user'"),
        (
            "purpose",
            "../x",
            "value_error",
            "Input should be a word such as 'ocr', 'ocr_input' or 'batch'",
        ),
        ("filename", &long, "too_long", "Input should have 255 characters at most"),
    ] {
        let mut item = json!({ "type": kind, "loc": ["body", field], "msg": message });
        if field != "filename" {
            item["input"] = json!(value);
        }
        let body = form(&[(field, None, value.as_bytes()), ("file", Some("a"), b"%PDF-1.7\n")]);
        for (path, expected) in ["/v1/files", "/v3/files"].iter().zip(invalid(&item, field)) {
            assert_eq!(told(&upload_form(&router, path, &[], body.clone()).await), expected);
        }
    }
    for (body, field, kind, message) in [
        (form(&[("purpose", None, b"ocr")]), "file", "missing", "Field required"),
        (
            form(&[("file", Some("a"), b"%PDF-1.7\n"), ("file", Some("b"), b"%PDF-1.7\n")]),
            "file",
            "value_error",
            "Input should be one file",
        ),
        (
            form(&[("purpose", None, &[b'x'; 5000])]),
            "purpose",
            "too_long",
            "Input should have 4096 bytes at most",
        ),
    ] {
        let item = json!({ "type": kind, "loc": ["body", field], "msg": message });
        let [expected, _] = invalid(&item, field);
        assert_eq!(told(&upload_form(&router, "/v1/files", &[], body).await), expected);
    }
    assert_eq!(on_disk(dir.path()), Vec::<String>::new());
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let dir = folder();
    let router = keeping(dir.path());
    let stored = upload(&router, "/v1/files", "ocr", "a.pdf", b"%PDF-1.7\n").await;
    let url = format!("/v1/files/{}/url", id(&stored));
    let hours = "Input should be hours from 1 to 168";
    let number = "Input should be a whole number from 1 to 10000";
    for (path, field, value, message) in [
        (url.as_str(), "expiry", "0", hours),
        (&url, "expiry", "169", hours),
        (&url, "expiry", "day", hours),
        ("/v1/files", "page_size", "0", number),
        ("/v1/files", "page", "-1", "Input should be a whole number, 0 or more"),
        ("/v1/files", "include_total", "maybe", "Input should be a valid boolean"),
        ("/v1/files", "after", "x", "Input should be the id of a file"),
        ("/v1/files", "order", "up", "Input should be 'asc' or 'desc'"),
    ] {
        let item = json!({
            "type": "value_error", "loc": ["query", field], "msg": message, "input": value,
        });
        let [expected, _] = invalid(&item, field);
        assert_eq!(told(&get(&router, &format!("{path}?{field}={value}")).await), expected);
    }
    let item = json!({ "type": "missing", "loc": ["header", "host"], "msg": "Field required" });
    let [expected, _] = invalid(&item, "host");
    assert_eq!(told(&get(&router, &url).await), expected);
}

#[tokio::test]
async fn sizes_are_limited_of_one_file_and_of_all() {
    let dir = folder();
    let limited = store(dir.path(), |f| {
        f.max_file_bytes = 1000;
        f.quota_bytes = 1500;
    });
    let router = echo(settings(|s| s.files = Some(limited)));
    let content = [b"%PDF-1.7\n".as_slice(), &[b'x'; 991]].concat();
    let large = form(&[("file", Some("a.pdf"), &[content.as_slice(), b"x"].concat())]);
    let message = "the file is larger than 1000 bytes";
    let answer = upload_form(&router, "/v1/files", &[], large.clone()).await;
    assert_eq!(told(&answer), mistral(413, "request_too_large", message));
    let answer = upload_form(&router, "/v3/files", &[], large).await;
    assert_eq!(told(&answer), opper(413, "request_too_large", message));
    // A length that says so is enough.
    let length = [("content-length", "999999999")];
    let answer = upload_form(&router, "/v1/files", &length, Body::empty()).await;
    assert_eq!(told(&answer), mistral(413, "request_too_large", message));

    upload(&router, "/v1/files", "ocr", "a.pdf", &content).await;
    let message = "there is no room for the file: the files of this server may take 1500 bytes in \
                   all; delete some, or wait until they expire";
    let body = form(&[("file", Some("a.pdf"), &content)]);
    let answer = upload_form(&router, "/v1/files", &[], body.clone()).await;
    assert_eq!(told(&answer), mistral(507, "storage_full", message));
    let answer = upload_form(&router, "/v3/files", &[], body).await;
    assert_eq!(told(&answer), opper(507, "storage_full", message));
    assert_eq!(on_disk(dir.path()).len(), 2);
}

#[tokio::test]
async fn only_forms_are_taken() {
    let dir = folder();
    let router = keeping(dir.path());
    let message = "the body has to be a form, with Content-Type: multipart/form-data";
    let answer = post(&router, "/v1/files", &json!({})).await;
    assert_eq!(told(&answer), mistral(415, "unsupported_media_type", message));
    let answer = upload_form(&router, "/v1/files", &[], "no form at all").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text);
    assert_eq!(answer.json()["detail"][0]["loc"], json!(["body"]));
}

#[tokio::test]
async fn web_pages_of_other_sites_upload_nothing() {
    let dir = folder();
    let router = keeping(dir.path());
    let body = || form(&[("file", Some("a.pdf"), b"%PDF-1.7\n")]);
    let expected = mistral(403, "forbidden", "files are not taken from web pages of other sites");
    let host = ("host", "localhost:8811");
    for headers in [
        vec![host, ("origin", "https://evil.example")],
        vec![host, ("origin", "null")],
        vec![host, ("sec-fetch-site", "cross-site")],
    ] {
        let answer = upload_form(&router, "/v1/files", &headers, body()).await;
        assert_eq!(told(&answer), expected, "{headers:?}");
    }
    let own = [host, ("origin", "http://localhost:8811"), ("sec-fetch-site", "same-origin")];
    assert_eq!(upload_form(&router, "/v1/files", &own, body()).await.status, 200);
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing() {
    let dir = folder();
    let router = keeping(dir.path());
    let whole = form(&[("file", Some("a.pdf"), &file(REPORT))]);

    // The connection breaks.
    let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(1);
    let first = Bytes::copy_from_slice(&whole[..300]);
    let sending = tokio::spawn(async move {
        sender.send_data(first).await.unwrap();
        sender.abort(std::io::ErrorKind::ConnectionReset.into());
    });
    let answer = upload_form(&router, "/v1/files", &[], Body::new(body)).await;
    sending.await.unwrap();
    let message = "the request ended before its body did";
    assert_eq!(told(&answer), mistral(408, "request_timeout", message));
    assert_eq!(on_disk(dir.path()), Vec::<String>::new());

    // The form ends before it should.
    let answer = upload_form(&router, "/v1/files", &[], whole[..300].to_vec()).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    assert_eq!(on_disk(dir.path()), Vec::<String>::new());

    // The server drops the request.
    let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(1);
    let first = Bytes::copy_from_slice(&whole[..300]);
    let asked = tokio::spawn({
        let router = router.clone();
        async move { upload_form(&router, "/v1/files", &[], Body::new(body)).await.status }
    });
    sender.send_data(first).await.unwrap();
    let arrived = async {
        while on_disk(dir.path()).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), arrived).await.unwrap();
    asked.abort();
    let gone = async {
        while !on_disk(dir.path()).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
    assert_eq!(get(&router, "/v1/files").await.json()["total"], 0);
}

#[tokio::test]
async fn signed_addresses_that_do_not_hold_are_told() {
    let dir = folder();
    let router = keeping(dir.path());
    // It expires with its file, in a second at the latest.
    let body = form(&[("ttl_seconds", None, b"1"), ("file", Some("a.pdf"), b"%PDF-1.7\n")]);
    let short = upload_form(&router, "/v1/files", &[], body).await.json();
    let expired = address(&router, id(&short)).await;
    let stored = upload(&router, "/v1/files", "ocr", "a.pdf", b"%PDF-1.7\n").await;
    let url = address(&router, id(&stored)).await;
    let digit = if url.ends_with('0') { "1" } else { "0" };
    let tampered = format!("{}{digit}", &url[..url.len() - 1]);
    let moved = url.replace(id(&stored), id(&short));
    tokio::time::sleep(Duration::from_millis(1100)).await;

    let signature = "the URL's signature is not this server's";
    let over = "the signed URL has expired; ask for a new one";
    for (url, of, message) in
        [(&expired, &short, over), (&tampered, &stored, signature), (&moved, &short, signature)]
    {
        let answer = get(&router, path_of(url)).await;
        assert_eq!(told(&answer), mistral(403, "forbidden", message));
        let message = format!("cannot read the file {}: {message}", id(of));
        let body = json!({ "document": { "document_url": url } });
        let answer = post(&router, "/v1/ocr", &body).await;
        assert_eq!(told(&answer), mistral(400, "document_fetch_failed", &message));
        let answer = post(&router, "/v3/ocr", &body).await;
        assert_eq!(told(&answer), opper(400, "document_fetch_failed", &message));
    }
    let path = format!("/v1/files/{}/content?signature=1", id(&stored));
    assert_eq!(told(&get(&router, &path).await), mistral(403, "forbidden", signature));

    // Another server's addresses are URLs like any other.
    let other = folder();
    let foreign = keeping(other.path());
    let elsewhere = upload(&foreign, "/v1/files", "ocr", "a.pdf", b"%PDF-1.7\n").await;
    let url = address(&foreign, id(&elsewhere)).await;
    let body = json!({ "document": { "document_url": url } });
    let asked = echoed(&post(&router, "/v1/ocr", &body).await);
    assert!(asked.contains("document: Url("), "{asked}");
}

#[tokio::test]
async fn files_need_a_key_where_there_are_keys() {
    let dir = folder();
    let router = echo(settings(|s| {
        s.files = Some(store(dir.path(), |_| {}));
        s.keys = Keys::parse("first-key-of-mine").unwrap();
    }));
    let none = "no key was given: send it as \"Authorization: Bearer KEY\" or \"X-Api-Key: KEY\"";
    let name = "00edaf84-95b0-45db-8f83-f71138491f23";
    for path in ["", &format!("/{name}"), &format!("/{name}/content"), &format!("/{name}/url")] {
        let answer = get(&router, &format!("/v1/files{path}")).await;
        assert_eq!(told(&answer), mistral(401, "unauthorized", none), "{path}");
    }
    let wrong = [("x-api-key", "second-key-of-mine")];
    let message = "the key is not one of this server's";
    let body = || form(&[("file", Some("a.pdf"), b"%PDF-1.7\n")]);
    let answer = upload_form(&router, "/v1/files", &wrong, body()).await;
    assert_eq!(told(&answer), mistral(401, "unauthorized", message));
    let answer = upload_form(&router, "/v3/files", &wrong, body()).await;
    assert_eq!(told(&answer), opper(401, "unauthorized", message));
    assert_eq!(on_disk(dir.path()), Vec::<String>::new());
}
