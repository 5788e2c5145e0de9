//! docling-serve's asynchronous endpoints: jobs that are asked for now and fetched later.

use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use recto::server::{JobRules, Keys, Settings};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::docling::{sources, with_settings};
use super::files::{form, upload_form};
use super::{Answer, file, get, post, post_with, send};

pub(super) const REPORT: &str = "pages/report.pdf";
const TITLE: &str = "Rain Gardens on Mill Street";

/// A server that keeps its jobs in a folder.
pub(super) fn keeping(folder: &Path, change: impl FnOnce(&mut Settings, &mut JobRules)) -> Router {
    let mut rules = JobRules::in_folder(folder.join("jobs"));
    let mut given = Settings::default();
    change(&mut given, &mut rules);
    given.jobs = Some(rules);
    with_settings(given)
}

/// One that takes jobs, and has nobody who does them.
fn idle(folder: &Path) -> Router {
    keeping(folder, |_, rules| rules.at_once = Some(0))
}

fn first_page(more: Value) -> Value {
    super::with(json!({ "page_range": [1, 1] }), more)
}

async fn asked(router: &Router, body: &Value) -> Value {
    asked_at(router, "/v1/convert/source/async", body).await
}

pub(super) async fn asked_at(router: &Router, path: &str, body: &Value) -> Value {
    let answer = post(router, path, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

pub(super) fn id(task: &Value) -> String {
    task["task_id"].as_str().unwrap().to_owned()
}

pub(super) async fn ended(router: &Router, id: &str) -> Value {
    let answer = get(router, &format!("/v1/status/poll/{id}?wait=60")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

pub(super) async fn result(router: &Router, id: &str) -> Answer {
    get(router, &format!("/v1/result/{id}")).await
}

fn told(answer: &Answer) -> (u16, Value) {
    (answer.status.as_u16(), answer.json())
}

fn not_found(detail: &str) -> (u16, Value) {
    (404, json!({ "detail": detail }))
}

/// How many files are in a folder, at any depth.
fn files(folder: &Path) -> usize {
    let all = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    all.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

const UNKNOWN: &str = "Task not found.";

#[tokio::test]
async fn a_job_is_asked_for_now_and_its_result_fetched_later() {
    let folder = tempfile::tempdir().unwrap();
    let router = keeping(folder.path(), |_, rules| rules.keep_fetched = Duration::from_secs(1));
    assert!(!folder.path().join("jobs").exists(), "it is made with the first job");
    let body = sources(&[REPORT], first_page(json!({ "to_formats": ["md", "json"] })));
    let task = asked(&router, &body).await;
    let id = id(&task);
    let status = task["task_status"].as_str().unwrap();
    assert!(matches!(status, "pending" | "started"), "{task}");

    let counts = |processed: usize| {
        json!({
            "num_docs": 1, "num_processed": processed, "num_succeeded": processed,
            "num_partially_succeeded": 0, "num_failed": 0,
        })
    };
    assert_eq!(task["task_meta"], counts(0));
    let wanted = json!({
        "task_id": id, "task_type": "convert", "task_status": "success", "task_position": null,
        "task_meta": super::with(counts(1), json!({ "num_pages": 1, "num_pages_processed": 1 })),
        "error_message": null, "failure": null,
    });
    assert_eq!(ended(&router, &id).await, wanted);

    let fetched = result(&router, &id).await;
    assert_eq!(
        (fetched.status.as_u16(), &fetched.headers["content-type"]),
        (200, &"application/json".parse().unwrap())
    );
    let now = post(&router, "/v1/convert/source", &body).await.json();
    let later = fetched.json();
    assert!(later["document"]["md_content"].as_str().unwrap().contains(TITLE));
    for field in ["document", "status", "errors", "confidence"] {
        assert_eq!(later[field], now[field], "{field}");
    }
    // Whoever lost the connection can ask once more, for a while.
    assert_eq!(result(&router, &id).await.text, fetched.text);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(told(&result(&router, &id).await), not_found(UNKNOWN));
    assert_eq!(told(&get(&router, &format!("/v1/status/poll/{id}")).await), not_found(UNKNOWN));

    let metrics = get(&router, "/metrics").await.text;
    for line in [
        "jobs_waiting 0",
        "jobs_running 0",
        "jobs_started_total 1",
        "jobs_done_total 1",
        "jobs_failed_total 0",
    ] {
        assert!(metrics.contains(&format!("\nrecto_{line}\n")), "{line}\n{metrics}");
    }
    assert!(metrics.contains("\nrecto_pages_total 2\n"), "{metrics}");
}

#[tokio::test]
async fn uploads_are_jobs_too_and_an_archive_keeps_its_type() {
    let folder = tempfile::tempdir().unwrap();
    let router = keeping(folder.path(), |_, _| {});
    let report = file(REPORT);
    let parts: [(&str, Option<&str>, &[u8]); 5] = [
        ("files", Some("one.pdf"), &report),
        ("files", Some("two.pdf"), &report),
        ("page_range", None, b"1"),
        ("page_range", None, b"1"),
        ("nonsense", None, b"1"),
    ];
    let answer = upload_form(&router, "/v1/convert/file/async", &[], form(&parts)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let warnings = answer.headers["x-recto-warnings"].to_str().unwrap().to_owned();
    assert!(warnings.contains("nonsense"), "{warnings}");
    let id = id(&answer.json());
    assert_eq!(ended(&router, &id).await["task_meta"]["num_succeeded"], 2);

    let request = Request::get(format!("/v1/result/{id}")).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let headers = response.headers();
    assert_eq!(headers["content-type"], "application/zip");
    let wanted = "attachment; filename=\"converted_docs.zip\"";
    assert_eq!(headers["content-disposition"], wanted);
    assert_eq!(headers["x-recto-warnings"].to_str().unwrap(), warnings);
    let bytes = response.into_body().collect().await.unwrap().to_bytes().to_vec();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let text = std::io::read_to_string(archive.by_name("two.md").unwrap()).unwrap();
    assert!(text.contains(TITLE), "{text}");
    assert_eq!(archive.len(), 2);

    // Neither what arrived nor what was converted is left.
    let jobs = folder.path().join("jobs");
    assert_eq!(files(&jobs.join("inputs")), 0);
    assert_eq!(files(&jobs.join("arriving")), 0);
}

#[tokio::test]
async fn jobs_that_wait_have_a_place_and_no_result() {
    let folder = tempfile::tempdir().unwrap();
    let router = idle(folder.path());
    let body = sources(&[REPORT], json!({}));
    let first = id(&asked(&router, &body).await);
    let second = asked(&router, &body).await;
    assert_eq!(files(&folder.path().join("jobs").join("inputs")), 2);
    let wanted = json!({
        "task_id": id(&second), "task_type": "convert", "task_status": "pending", "task_position": 2,
        "task_meta": {
            "num_docs": 1, "num_processed": 0, "num_succeeded": 0, "num_partially_succeeded": 0,
            "num_failed": 0,
        },
        "error_message": null, "failure": null,
    });
    assert_eq!(second, wanted);
    assert_eq!(
        get(&router, &format!("/v1/status/poll/{first}?wait=0.1")).await.json()["task_position"],
        1
    );
    let early = "Task result not found. Please wait for a completion status.";
    assert_eq!(told(&result(&router, &first).await), not_found(early));
    for path in ["/v1/status/poll/x", "/v1/result/01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
        assert_eq!(told(&get(&router, path).await), not_found(UNKNOWN));
    }
    let wrong = get(&router, &format!("/v1/status/poll/{first}?wait=soon")).await;
    let issue = json!({
        "type": "float_parsing", "loc": ["query", "wait"], "input": "soon",
        "msg": "Input should be a valid number, unable to parse string as a number",
    });
    assert_eq!(told(&wrong), (422, json!({ "detail": [issue] })));
    let plain = get(&router, &format!("/v1/status/ws/{first}")).await;
    let message = "this path is a WebSocket; GET /v1/status/poll/{task_id} tells the same";
    assert_eq!(told(&plain), not_found(message));
}

#[tokio::test]
async fn what_cannot_be_a_job_is_told_at_once() {
    let presigned = "Presigned URL target requires artifact storage to be configured and enabled on the server.";
    let folder = tempfile::tempdir().unwrap();
    let router = keeping(folder.path(), |_, rules| {
        (rules.at_once, rules.most_waiting, rules.max_upload_bytes) = (Some(0), 1, 2000);
    });
    let refused = |detail: &str| (422, json!({ "detail": detail }));
    let mut body = sources(&[REPORT], json!({}));
    body["target"] = json!({ "kind": "presigned_url" });
    for path in ["source/async", "source/batch"] {
        let answer = post(&router, &format!("/v1/convert/{path}"), &body).await;
        assert_eq!(told(&answer), refused(presigned));
    }
    let small: [(&str, Option<&str>, &[u8]); 2] =
        [("target_type", None, b"presigned_url"), ("files", Some("a.pdf"), b"%PDF-1.7")];
    let upload = |parts: &[(&str, Option<&str>, &[u8])]| {
        let body = form(parts);
        upload_form(&router, "/v1/convert/file/async", &[], body)
    };
    assert_eq!(told(&upload(&small).await), refused(presigned));
    let large = [("files", Some("a.pdf"), [b'x'; 3000].as_slice())];
    let answer = upload(&large).await;
    let message = "the request is larger than 2000 bytes (max_upload_mb)";
    assert_eq!(told(&answer), (413, json!({ "detail": message })));
    let arriving = std::fs::read_dir(folder.path().join("jobs").join("arriving"));
    assert_eq!(arriving.unwrap().count(), 0);
    let mut called = sources(&[REPORT], json!({}));
    called["callbacks"] = json!([{ "url": "https://example.org/told" }]);
    let message = "callbacks: this server reaches no URLs; ask GET /v1/status/poll how the job is, \
                   or start the server with --allow-urls";
    let answer = post(&router, "/v1/convert/source/async", &called).await;
    assert_eq!(told(&answer), refused(message));

    let fine = sources(&[REPORT], json!({}));
    asked(&router, &fine).await;
    let full = post(&router, "/v1/convert/source/async", &fine).await;
    let message = "1 jobs wait already; try again";
    assert_eq!(told(&full), (503, json!({ "detail": message })));
    assert_eq!(full.headers["retry-after"], "30");

    let none = with_settings(Settings::default());
    let message = "this server keeps no jobs: it was started without a folder for them (--jobs-dir); \
                   ask without async";
    let answer = post(&none, "/v1/convert/source/async", &fine).await;
    assert_eq!(told(&answer), (501, json!({ "detail": message })));
    let answer = upload_form(&none, "/v1/convert/file/async", &[], form(&small)).await;
    assert_eq!(told(&answer), (501, json!({ "detail": message })));
    assert_eq!(told(&get(&none, "/v1/status/poll/x").await), not_found(UNKNOWN));
}

#[tokio::test]
async fn callbacks_are_checked_before_the_job_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let router = idle(folder.path());
    let with_callback = |callback: Value| {
        let mut body = sources(&[REPORT], json!({}));
        body["callbacks"] = json!([callback]);
        body
    };
    let issue = |kind: &str, field: &str, message: &str| {
        let item =
            json!({ "type": kind, "loc": ["body", "callbacks", "0", field], "msg": message });
        (422, json!({ "detail": [item] }))
    };
    for (callback, wanted) in [
        (json!({}), issue("missing", "url", "Field required")),
        (
            json!({ "url": "file:///etc/passwd" }),
            issue("url_scheme", "url", "URL scheme should be 'http' or 'https'"),
        ),
        (
            json!({ "url": "there" }),
            issue("url_parsing", "url", "not a URL: relative URL without a base"),
        ),
        (
            json!({ "url": "https://x.org", "headers": { "a": 1 } }),
            issue("dict_type", "headers", "Input should be an object of strings"),
        ),
        (
            json!({ "url": "https://x.org", "headers": { "a": "b\nc: d" } }),
            issue("value_error", "headers", "\"a\" or its value cannot be a header"),
        ),
        (
            json!({ "url": "https://x.org", "ca_cert": "/etc/ca.pem" }),
            (
                422,
                json!({ "detail": "callbacks.0.ca_cert: this server trusts the authorities of its \
                                   machine and takes no others; leave it out" }),
            ),
        ),
    ] {
        let answer = post(&router, "/v1/convert/source/async", &with_callback(callback)).await;
        assert_eq!(told(&answer), wanted);
    }
}

#[tokio::test]
async fn a_batch_is_a_job_with_an_archive_unless_it_wants_the_answer_alone() {
    let folder = tempfile::tempdir().unwrap();
    let router = keeping(folder.path(), |_, _| {});
    let refused = |detail: &str| (422, json!({ "detail": detail }));
    let batch = |more: Value| {
        let body = super::with(sources(&[REPORT], first_page(json!({}))), more);
        let router = router.clone();
        async move { post(&router, "/v1/convert/source/batch", &body).await }
    };
    for (more, wanted) in [
        (
            json!({ "target": { "kind": "s3" } }),
            "targets of kind s3 are not written to by this server: take the answer with inbody or \
             zip and store it",
        ),
        (
            json!({ "targets": [{ "kind": "zip" }, { "kind": "inbody" }] }),
            "targets: a job has one result here, which GET /v1/result gives; send one target, zip \
             or inbody",
        ),
        (
            json!({ "targets": [{ "kind": "zip" }], "target": { "kind": "zip" } }),
            "target and targets exclude each other: send one of them",
        ),
        (
            json!({ "sources": [{ "kind": "s3", "bucket": "b" }] }),
            "sources of kind s3 are not read by this server: send the document (kind file) or its \
             address (kind http)",
        ),
    ] {
        assert_eq!(told(&batch(more).await), refused(wanted));
    }
    let answer = batch(json!({})).await;
    assert_eq!(answer.headers.get("x-recto-warnings"), None);
    let archive = id(&answer.json());
    let alone = id(&batch(json!({ "targets": [{ "kind": "inbody" }] })).await.json());
    assert_eq!(ended(&router, &archive).await["task_status"], "success");
    assert_eq!(ended(&router, &alone).await["task_status"], "success");
    let request = Request::get(format!("/v1/result/{archive}")).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/zip");
    let text = result(&router, &alone).await.json()["document"]["md_content"].clone();
    assert!(text.as_str().unwrap().contains(TITLE), "{text}");
}

#[tokio::test]
async fn jobs_belong_to_the_key_that_asked_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let router = keeping(folder.path(), |given, _| {
        given.keys = Keys::parse("first-key-of-this-test,second-key-of-this-test").unwrap();
        given.limits = recto::server::KeyLimits::new(None, Some(1));
    });
    let by = |key: &'static str, path: String| {
        let router = router.clone();
        async move {
            let request = Request::get(path).header("x-api-key", key).body(Body::empty()).unwrap();
            send(&router, request).await
        }
    };
    let body = sources(&[REPORT], first_page(json!({}))).to_string();
    let path = "/v1/convert/source/async";
    let (first, second) = ("first-key-of-this-test", "second-key-of-this-test");
    let nobody = post_with(&router, path, &[], body.clone()).await;
    assert_eq!(nobody.status, 401);
    // One read at once is what the key may have: the jobs wait for each other.
    let mut ids = Vec::new();
    for _ in 0..3 {
        let answer = post_with(&router, path, &[("x-api-key", first)], body.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        ids.push(id(&answer.json()));
    }
    for id in &ids {
        let (status, fetched) =
            (format!("/v1/status/poll/{id}?wait=60"), format!("/v1/result/{id}"));
        assert_eq!(told(&by(second, status.clone()).await), not_found(UNKNOWN));
        assert_eq!(by(first, status).await.json()["task_status"], "success");
        assert_eq!(told(&by(second, fetched.clone()).await), not_found(UNKNOWN));
        assert_eq!(get(&router, &fetched).await.status, 401);
    }
    // Neither are they another's to clear away.
    let clear = "/v1/clear/results?older_then=0".to_owned();
    assert_eq!(by(second, clear.clone()).await.json(), json!({ "status": "ok" }));
    let fetched = format!("/v1/result/{}", ids[0]);
    assert_eq!(by(first, fetched.clone()).await.status, 200);
    assert_eq!(by(first, "/v1/clear/results".to_owned()).await.json(), json!({ "status": "ok" }));
    assert_eq!(by(first, fetched.clone()).await.status, 200);
    assert_eq!(by(first, clear).await.json(), json!({ "status": "ok" }));
    assert_eq!(told(&by(first, fetched).await), not_found(UNKNOWN));
}

#[tokio::test]
async fn documents_that_cannot_be_read_are_told_by_the_result() {
    let folder = tempfile::tempdir().unwrap();
    let router = keeping(folder.path(), |_, _| {});
    let broken = sources(&["pages/encrypted.pdf"], json!({}));
    let alone = id(&asked(&router, &broken).await);
    let status = ended(&router, &alone).await;
    assert_eq!(
        (&status["task_status"], &status["task_meta"]["num_failed"]),
        (&json!("success"), &json!(1))
    );
    let body = result(&router, &alone).await.json();
    assert_eq!(body["status"], "failure");
    assert!(body["errors"][0]["error_message"].as_str().unwrap().contains("encrypted"), "{body}");

    let archive = super::with(broken, json!({ "target": { "kind": "zip" } }));
    let archive = id(&asked(&router, &archive).await);
    let status = ended(&router, &archive).await;
    let failure = status["failure"].clone();
    let message = failure["message"].as_str().unwrap();
    assert!(message.contains("encrypted.pdf is encrypted"), "{message}");
    let wanted = json!({
        "category": "policy", "message": message, "retryable": false, "phase": "execution",
        "details": {},
    });
    assert_eq!(failure, wanted);
    assert_eq!(
        (&status["task_status"], &status["error_message"]),
        (&json!("failure"), &json!(message))
    );
    let fetched = result(&router, &archive).await;
    let wanted = json!({ "kind": "TaskFailureResult", "failure": failure });
    assert_eq!(told(&fetched), (200, wanted));
    let metrics = get(&router, "/metrics").await.text;
    assert!(metrics.contains("\nrecto_jobs_failed_total 1\n"), "{metrics}");
}

#[tokio::test]
async fn jobs_do_not_take_all_places_of_those_who_wait_for_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let router = keeping(folder.path(), |given, _| (given.documents, given.queue) = (2, 8));
    let body = sources(&[REPORT], json!({}));
    for _ in 0..4 {
        asked(&router, &body).await;
    }
    super::running(&router, 1).await;
    let answer =
        post(&router, "/v1/convert/source", &sources(&[REPORT], first_page(json!({})))).await;
    assert_eq!(answer.status, 200);
    let metrics = get(&router, "/metrics").await.text;
    assert!(!metrics.contains("\nrecto_jobs_done_total 4\n"), "{metrics}");
}
