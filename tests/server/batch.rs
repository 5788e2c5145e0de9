//! Mistral's batches: files of requests that are answered into files.

use std::path::Path;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use recto::files::{FileSettings, FileStore};
use recto::server::{JobRules, Settings};
use serde_json::{Value, json};

use super::docling::with_settings;
use super::files::{form, upload_form};
use super::{Answer, data_uri, file, get, post, send};

const JOBS: &str = "/v1/batch/jobs";
const REPORT: &str = "pages/report.pdf";
const TITLE: &str = "Rain Gardens on Mill Street";

fn keeping(folder: &Path, change: impl FnOnce(&mut Settings, &mut JobRules)) -> Router {
    let mut rules = JobRules::in_folder(folder.join("jobs"));
    let files = FileStore::open(folder.join("files"), FileSettings::default()).unwrap();
    let mut given = Settings::default();
    given.files = Some(files);
    change(&mut given, &mut rules);
    given.jobs = Some(rules);
    with_settings(given)
}

async fn uploaded(router: &Router, name: &str, purpose: &str, content: &[u8]) -> String {
    let parts: [(&str, Option<&str>, &[u8]); 2] =
        [("file", Some(name), content), ("purpose", None, purpose.as_bytes())];
    let answer = upload_form(router, "/v1/files", &[], form(&parts)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn created(router: &Router, body: &Value) -> Value {
    let answer = post(router, JOBS, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn ended(router: &Router, id: &Value) -> Value {
    let path = format!("{JOBS}/{}", id.as_str().unwrap());
    let start = Instant::now();
    loop {
        let job = get(router, &path).await.json();
        if job["completed_at"].is_u64() {
            return job;
        }
        assert!(matches!(job["status"].as_str(), Some("QUEUED" | "RUNNING")), "{job}");
        assert!(start.elapsed() < Duration::from_secs(60), "{job}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn results(router: &Router, id: &Value) -> Vec<Value> {
    let text = get(router, &format!("/v1/files/{}/content", id.as_str().unwrap())).await.text;
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn told(answer: &Answer) -> (u16, Value) {
    (answer.status.as_u16(), answer.json())
}

fn one_page(id: &str) -> Value {
    json!({ "custom_id": id, "body": { "document": { "document_url": data_uri(REPORT) }, "pages": [0] } })
}

#[tokio::test]
async fn lines_are_answered_one_by_one_into_files() {
    let folder = tempfile::tempdir().unwrap();
    let router = keeping(folder.path(), |_, _| {});
    let stored = uploaded(&router, "report.pdf", "ocr", &file(REPORT)).await;
    let lines = [
        one_page("a"),
        json!({ "custom_id": "b", "body": { "document": { "file_id": stored }, "pages": [1] } }),
        json!({ "custom_id": "c", "body": { "document": { "file_id": "nobody's" } } }),
        json!({ "custom_id": "d" }),
    ];
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let input = uploaded(&router, "lines.jsonl", "batch", lines.as_bytes()).await;
    let body = json!({
        "endpoint": "/v1/ocr", "input_files": [input], "model": "docling/docling-latest",
        "metadata": { "team": "x" }, "timeout_hours": 24,
    });
    let job = created(&router, &body).await;
    let gone = Request::delete(format!("/v1/files/{stored}")).body(Body::empty()).unwrap();
    assert_eq!(send(&router, gone).await.status, 200, "the job has a copy");
    let done = ended(&router, &job["id"]).await;
    let wanted = json!({
        "id": job["id"], "object": "batch", "input_files": [input], "endpoint": "/v1/ocr",
        "model": "docling/docling-latest", "agent_id": null, "metadata": { "team": "x" },
        "status": "SUCCESS", "total_requests": 4, "completed_requests": 4,
        "succeeded_requests": 2, "failed_requests": 2, "outputs": null,
        "errors": [
            { "message": "body: Field required", "count": 1 },
            { "message": "there is no file \"nobody's\": it was deleted, has expired or never was", "count": 1 },
        ],
        "output_file": done["output_file"], "error_file": done["error_file"],
        "created_at": job["created_at"], "started_at": done["started_at"],
        "completed_at": done["completed_at"],
    });
    assert_eq!(done, wanted);
    let answers = results(&router, &done["output_file"]).await;
    assert_eq!((&answers[0]["custom_id"], &answers[1]["custom_id"]), (&json!("a"), &json!("b")));
    let response = &answers[0]["response"];
    assert_eq!((&response["status_code"], &answers[0]["error"]), (&json!(200), &Value::Null));
    assert!(response["body"]["pages"][0]["markdown"].as_str().unwrap().contains(TITLE));
    assert_eq!(answers[1]["response"]["body"]["pages"][0]["index"], 1);
    let errors = results(&router, &done["error_file"]).await;
    let codes: Vec<&Value> = errors.iter().map(|line| &line["response"]["status_code"]).collect();
    assert_eq!(codes, [&json!(404), &json!(422)]);
    assert_eq!(errors[1]["error"], json!({ "message": "body: Field required" }));

    // Whoever asks again is told of the same files.
    assert_eq!(ended(&router, &job["id"]).await, done);
    let path = format!("/v1/files/{}", done["output_file"].as_str().unwrap());
    let record = get(&router, &path).await.json();
    assert_eq!(
        (&record["purpose"], &record["sample_type"], &record["source"]),
        (&json!("batch"), &json!("batch_result"), &json!("mistral"))
    );
    let path = format!("{JOBS}/{}?inline=true", job["id"].as_str().unwrap());
    let inline = get(&router, &path).await.json()["outputs"].clone();
    assert_eq!(inline.as_array().unwrap(), &[answers, errors].concat());
    for (query, count) in [("team=x", 1), ("team=y", 0), ("status=FAILED", 0), ("page=1", 0)] {
        let list = get(&router, &format!("{JOBS}?{query}")).await.json();
        assert_eq!(list["data"].as_array().unwrap().len(), count, "{query}: {list}");
    }
}

#[tokio::test]
async fn a_batch_goes_on_when_its_server_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let idle = keeping(folder.path(), |_, rules| rules.at_once = Some(0));
    let body = json!({ "endpoint": "/v1/ocr", "requests": [one_page("a")] });
    let job = created(&idle, &body).await;
    assert_eq!((&job["status"], &job["total_requests"]), (&json!("QUEUED"), &json!(1)));
    drop(idle);
    let router = keeping(folder.path(), |_, _| {});
    assert_eq!(get(&router, JOBS).await.json()["total"], 1);
    let done = ended(&router, &job["id"]).await;
    assert_eq!((&done["status"], &done["succeeded_requests"]), (&json!("SUCCESS"), &json!(1)));
    let answers = results(&router, &done["output_file"]).await;
    let page = &answers[0]["response"]["body"]["pages"][0]["markdown"];
    assert!(page.as_str().unwrap().contains(TITLE), "{page}");
}

#[tokio::test]
async fn a_batch_is_cancelled_and_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let router = keeping(folder.path(), |_, rules| rules.at_once = Some(0));
    let body = json!({ "endpoint": "/v1/ocr", "requests": [one_page("a")] });
    let id = created(&router, &body).await["id"].as_str().unwrap().to_owned();
    let answer = post(&router, &format!("{JOBS}/{id}/cancel"), &json!({})).await.json();
    assert_eq!(
        (&answer["status"], &answer["completed_requests"]),
        (&json!("CANCELLED"), &json!(0))
    );
    let path = format!("{JOBS}/{id}");
    let delete = || Request::delete(path.clone()).body(Body::empty()).unwrap();
    let wanted = json!({ "id": id, "object": "batch", "deleted": true });
    assert_eq!(told(&send(&router, delete()).await), (200, wanted));
    let message = format!("there is no batch job {id:?}");
    let wanted = json!({
        "object": "error", "message": message, "type": "not_found", "param": null, "code": "404",
        "raw_status_code": 404,
    });
    assert_eq!(told(&get(&router, &path).await), (404, wanted.clone()));
    assert_eq!(told(&send(&router, delete()).await), (404, wanted));
}

#[tokio::test]
async fn what_is_no_batch_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let router = keeping(folder.path(), |_, rules| rules.at_once = Some(0));
    let report = uploaded(&router, "report.pdf", "ocr", &file(REPORT)).await;
    let wrong = format!(
        "the file {report} was uploaded for \"ocr\"; files of requests are uploaded for \"batch\""
    );
    for (body, field, message) in [
        (json!({}), "endpoint", "Field required"),
        (
            json!({ "endpoint": "/v1/chat/completions" }),
            "endpoint",
            "Input should be '/v1/ocr': this server answers no other endpoint",
        ),
        (
            json!({ "endpoint": "/v1/ocr" }),
            "input_files",
            "Field required: the ids of files with requests, or requests",
        ),
        (json!({ "endpoint": "/v1/ocr", "requests": [] }), "input_files", "there are no requests"),
        (json!({ "endpoint": "/v1/ocr", "input_files": [report] }), "input_files", &wrong),
        (
            json!({ "endpoint": "/v1/ocr", "requests": [{}], "agent_id": "a" }),
            "agent_id",
            "this server has no agents; name a model",
        ),
        (
            json!({ "endpoint": "/v1/ocr", "requests": [{}], "timeout_hours": 0 }),
            "timeout_hours",
            "Input should be a whole number from 1 to 168",
        ),
    ] {
        let answer = post(&router, JOBS, &body).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
        let detail = answer.json()["detail"][0].clone();
        assert_eq!((&detail["loc"], &detail["msg"]), (&json!(["body", field]), &json!(message)));
    }
}
