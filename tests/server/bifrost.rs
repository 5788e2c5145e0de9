//! Bifrost's asynchronous reads: asked for now, answered to whoever asks again.

use std::path::Path;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use recto::server::{JobRules, Keys, Settings};
use serde_json::{Value, json};

use super::docling::with_settings;
use super::files::{form, upload_form};
use super::{Answer, asking, file, get, post, post_with, send, with};

const ASYNC: &str = "/v1/async/ocr";
const REPORT: &str = "pages/report.pdf";
const TITLE: &str = "Rain Gardens on Mill Street";

fn keeping(folder: &Path, change: impl FnOnce(&mut Settings, &mut JobRules)) -> Router {
    let mut rules = JobRules::in_folder(folder.join("jobs"));
    let mut given = Settings::default();
    change(&mut given, &mut rules);
    given.jobs = Some(rules);
    with_settings(given)
}

fn first_page() -> Value {
    with(asking(REPORT), json!({ "model": "docling/docling-latest", "pages": [0] }))
}

fn told(answer: &Answer) -> (u16, Value) {
    (answer.status.as_u16(), answer.json())
}

fn refused(status: u16, kind: &str, message: &str) -> (u16, Value) {
    let error = json!({ "type": kind, "code": kind, "message": message, "param": null });
    let sort = match kind {
        "not_found" => "caller_not_found",
        "invalid_request" => "caller_invalid_request",
        "not_implemented" => "provider_not_implemented",
        _ => "caller_invalid_document",
    };
    let extra = json!({
        "provider": "docling", "model_requested": "", "request_type": "ocr", "error_type": sort,
    });
    let body = json!({
        "is_bifrost_error": true, "status_code": status, "error": error, "extra_fields": extra,
    });
    (status, body)
}

fn missing() -> (u16, Value) {
    refused(404, "not_found", "job not found or expired")
}

fn id(answer: &Answer) -> String {
    assert_eq!(answer.status, 202, "{}", answer.text);
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn job(router: &Router, id: &str) -> Answer {
    get(router, &format!("{ASYNC}/{id}")).await
}

async fn ended(router: &Router, id: &str) -> Value {
    let start = Instant::now();
    loop {
        let answer = job(router, id).await;
        match answer.status.as_u16() {
            200 => return answer.json(),
            202 => {
                let status = answer.json()["status"].clone();
                assert!(status == "pending" || status == "processing", "{status}");
            }
            _ => panic!("{}", answer.text),
        }
        assert!(start.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Seconds since 1970 of a time in an answer.
fn seconds(time: &Value) -> i64 {
    chrono::DateTime::parse_from_rfc3339(time.as_str().unwrap()).unwrap().timestamp()
}

#[tokio::test]
async fn a_read_is_asked_for_now_and_answered_later_as_it_would_have_been() {
    let folder = tempfile::tempdir().unwrap();
    let router = keeping(folder.path(), |_, _| {});
    let body = with(first_page(), json!({ "id": "mine", "nonsense": 1 }));
    let answer = post(&router, ASYNC, &body).await;
    let id = id(&answer);
    let submitted = answer.json();
    let created = submitted["created_at"].clone();
    assert_eq!(submitted, json!({ "id": id, "status": "pending", "created_at": created }));

    let done = ended(&router, &id).await;
    let (completed, expires) = (seconds(&done["completed_at"]), seconds(&done["expires_at"]));
    assert!(seconds(&created) <= completed && expires == completed + 3600, "{done}");
    let now = post(&router, "/v1/ocr", &body).await.json();
    let without_latency = |mut answer: Value| {
        let latency = answer["extra_fields"]["latency"].take();
        assert!(latency.is_u64(), "{latency}");
        answer
    };
    let result = without_latency(done["result"].clone());
    assert_eq!(result, without_latency(now));
    assert!(result["pages"][0]["markdown"].as_str().unwrap().contains(TITLE), "{result}");
    assert_eq!(result["id"], "mine");
    let mut left = done.clone();
    left.as_object_mut().unwrap().remove("result");
    let wanted = json!({
        "id": id, "status": "completed", "status_code": 200, "created_at": created,
        "completed_at": done["completed_at"], "expires_at": done["expires_at"],
    });
    assert_eq!(left, wanted);
    let metrics = get(&router, "/metrics").await.text;
    assert!(metrics.contains("\nrecto_pages_total 2\n"), "{metrics}");
    assert!(metrics.contains("\nrecto_jobs_done_total 1\n"), "{metrics}");
}

#[tokio::test]
async fn a_result_is_kept_as_long_as_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let router = keeping(folder.path(), |_, rules| rules.keep = Duration::from_secs(7200));
    for (ttl, wanted) in [("120", 120), ("0", 3600), ("soon", 3600), ("999999", 7200)] {
        let header = [("x-bf-async-job-result-ttl", ttl)];
        let answer = post_with(&router, ASYNC, &header, first_page().to_string()).await;
        let done = ended(&router, &id(&answer)).await;
        let kept = seconds(&done["expires_at"]) - seconds(&done["completed_at"]);
        assert_eq!(kept, wanted, "{ttl}");
    }
    let header = [("x-bf-async-job-result-ttl", "2")];
    let answer = post_with(&router, ASYNC, &header, first_page().to_string()).await;
    let id = id(&answer);
    ended(&router, &id).await;
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(told(&job(&router, &id).await), missing());
}

#[tokio::test]
async fn a_read_that_fails_is_told_in_bifrosts_words() {
    let folder = tempfile::tempdir().unwrap();
    let router = keeping(folder.path(), |_, _| {});
    let answer = post(&router, ASYNC, &asking("pages/encrypted.pdf")).await;
    let done = ended(&router, &id(&answer)).await;
    assert_eq!((&done["status"], &done["status_code"]), (&json!("failed"), &json!(400)));
    let message = done["error"]["error"]["message"].as_str().unwrap();
    assert!(message.contains("is encrypted"), "{message}");
    let (_, wanted) = refused(400, "document_parser_invalid_file", message);
    assert_eq!(done["error"], wanted);
    assert_eq!(done.get("result"), None);
}

#[tokio::test]
async fn what_cannot_be_read_at_all_is_told_at_once_in_bifrosts_words() {
    let folder = tempfile::tempdir().unwrap();
    let router = keeping(folder.path(), |_, rules| rules.at_once = Some(0));
    let answer = post(&router, ASYNC, &json!({})).await;
    assert_eq!(told(&answer), refused(400, "invalid_request", "document: Field required"));
    assert_eq!(told(&job(&router, "x").await), missing());
    // A job of another kind is none of these.
    let other = super::docling::sources(&[REPORT], json!({}));
    let other = post(&router, "/v1/convert/source/async", &other).await.json();
    let other = other["task_id"].as_str().unwrap();
    assert_eq!(told(&job(&router, other).await), missing());

    let waits = id(&post(&router, ASYNC, &first_page()).await);
    let answer = job(&router, &waits).await;
    let created = answer.json()["created_at"].clone();
    let wanted = json!({ "id": waits, "status": "pending", "created_at": created });
    assert_eq!(told(&answer), (202, wanted));

    let message = "this server keeps no jobs: it was started without a folder for them (--jobs-dir); \
                   ask without async";
    let none = with_settings(Settings::default());
    let answer = post(&none, ASYNC, &first_page()).await;
    assert_eq!(told(&answer), refused(501, "not_implemented", message));
}

#[tokio::test]
async fn a_job_reads_the_files_of_its_owner_and_is_its_owners() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = ("first-key-of-this-test", "second-key-of-this-test");
    let router = keeping(folder.path(), |given, _| {
        given.keys = Keys::parse(&format!("{first},{second}")).unwrap();
        let files = folder.path().join("files");
        given.files = Some(
            recto::files::FileStore::open(files, recto::files::FileSettings::default()).unwrap(),
        );
    });
    let report = file(REPORT);
    let parts: [(&str, Option<&str>, &[u8]); 2] =
        [("file", Some("report.pdf"), &report), ("purpose", None, b"ocr")];
    let stored = upload_form(&router, "/v1/files", &[("x-api-key", first)], form(&parts)).await;
    let stored = stored.json()["id"].as_str().unwrap().to_owned();
    let body = json!({ "document": { "type": "file", "file_id": stored }, "pages": [0] });
    let by = |key: &'static str, path: String| {
        let router = router.clone();
        async move {
            let request = Request::get(path).header("x-api-key", key).body(Body::empty()).unwrap();
            send(&router, request).await
        }
    };
    let others = post_with(&router, ASYNC, &[("x-api-key", second)], body.to_string()).await;
    assert_eq!(others.status, 404, "{}", others.text);
    let own = post_with(&router, ASYNC, &[("x-api-key", first)], body.to_string()).await;
    let id = id(&own);
    // The job has a copy of the file.
    let gone = Request::delete(format!("/v1/files/{stored}")).header("x-api-key", first);
    assert_eq!(send(&router, gone.body(Body::empty()).unwrap()).await.status, 200);
    let path = format!("{ASYNC}/{id}");
    assert_eq!(told(&by(second, path.clone()).await), missing());
    let start = Instant::now();
    let done = loop {
        let answer = by(first, path.clone()).await;
        if answer.status == 200 {
            break answer.json();
        }
        assert!(start.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(done["result"]["pages"][0]["markdown"].as_str().unwrap().contains(TITLE), "{done}");
    assert_eq!(get(&router, &path).await.status, 401);
}
