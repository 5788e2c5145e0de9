//! docling-serve's chunk endpoints: what they take, what they answer.

use recto::server::Keys;
use serde_json::{Value, json};

use super::docling::{converting, keys, names, sources, unzip_at, upload_at, with_settings};
use super::files::{form, upload_form};
use super::jobs::{asked_at, ended, id, keeping, result};
use super::{Answer, file, post, settings};

const REPORT: &str = "pages/report.pdf";
const SOURCE: &str = "/v1/chunk/hierarchical/source";
const FILE: &str = "/v1/chunk/hierarchical/file";
const TITLE: &str = "Rain Gardens on Mill Street";

/// A request for the chunks of files of the test data.
fn request(paths: &[&str], chunking: Value) -> Value {
    let list = sources(paths, Value::Null)["sources"].clone();
    json!({ "sources": list, "chunking_options": chunking })
}

async fn chunked(body: &Value) -> Answer {
    let answer = post(&converting(), SOURCE, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

async fn upload(fields: &[(&str, &str)]) -> Answer {
    upload_at(&converting(), FILE, fields).await
}

/// The warnings of the header.
fn warned(answer: &Answer) -> Vec<String> {
    let Some(header) = answer.headers.get("x-recto-warnings") else { return Vec::new() };
    let list: Vec<Value> = serde_json::from_str(header.to_str().unwrap()).unwrap();
    list.iter().map(|warning| warning["message"].as_str().unwrap().to_owned()).collect()
}

fn sorted(value: &Value) -> Vec<&str> {
    let mut keys = keys(value);
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn a_document_is_answered_in_chunks() {
    let answer = chunked(&request(&[REPORT], json!({ "include_raw_text": true }))).await;
    assert_eq!(warned(&answer), Vec::<String>::new());
    let body = answer.json();
    assert_eq!(sorted(&body), ["chunks", "documents", "processing_time"]);
    assert!(body["processing_time"].as_f64().unwrap() > 0.0);
    let chunks = body["chunks"].as_array().unwrap();
    let wanted = [
        "captions",
        "chunk_index",
        "doc_items",
        "filename",
        "headings",
        "metadata",
        "num_tokens",
        "page_numbers",
        "raw_text",
        "text",
    ];
    for (n, chunk) in chunks.iter().enumerate() {
        assert_eq!(sorted(chunk), wanted);
        assert_eq!((&chunk["chunk_index"], &chunk["filename"]), (&json!(n), &json!("report.pdf")));
        assert_eq!((&chunk["captions"], &chunk["num_tokens"]), (&Value::Null, &Value::Null));
        assert!(chunk["text"].as_str().unwrap().ends_with(chunk["raw_text"].as_str().unwrap()));
    }
    let with = |text: &str| {
        let is_it = |chunk: &&Value| chunk["raw_text"].as_str().unwrap().contains(text);
        chunks.iter().find(is_it).unwrap()
    };
    let table = with("Table 1:");
    assert_eq!(table["doc_items"][1], "#/tables/0");
    assert!(table["text"].as_str().unwrap().contains(" = "), "{table}");
    // The first eight bytes of the file's SHA-256.
    let origin = json!({
        "mimetype": "application/pdf",
        "binary_hash": 0xc266_32a7_42d3_7c43_u64,
        "filename": "report.pdf",
        "uri": null,
    });
    assert_eq!(table["metadata"], json!({ "origin": origin, "has_image": false }));
    let first = &chunks[0];
    assert_eq!(first["headings"], json!([TITLE]));
    assert_eq!(first["page_numbers"], json!([1]));
    assert!(first["text"].as_str().unwrap().starts_with(&format!("{TITLE}\n")));
    assert!(chunks.iter().any(|chunk| chunk["page_numbers"] == json!([2])));

    let documents = body["documents"].as_array().unwrap();
    let fields = ["confidence", "content", "errors", "kind", "status", "timings"];
    assert_eq!((documents.len(), sorted(&documents[0])), (1, fields.to_vec()));
    assert_eq!(
        (&documents[0]["kind"], &documents[0]["status"], &documents[0]["errors"]),
        (&json!("ExportResult"), &json!("success"), &json!([]))
    );
    let content = &documents[0]["content"];
    assert_eq!(
        (&content["filename"], &content["json_content"]),
        (&json!("report.pdf"), &json!(null))
    );
}

#[tokio::test]
async fn a_form_for_chunks_says_what_json_says() {
    let mut body = request(&[REPORT], json!({ "use_markdown_tables": true }));
    body["convert_options"] = json!({ "page_range": [2, 2], "do_ocr": false });
    body["include_converted_doc"] = json!(true);
    let by_json = chunked(&body).await.json();
    let by_form = upload(&[
        ("chunking_use_markdown_tables", "true"),
        ("convert_page_range", "2"),
        ("convert_page_range", "2"),
        ("convert_do_ocr", "false"),
        ("include_converted_doc", "true"),
        ("target_type", "inbody"),
    ])
    .await;
    assert_eq!((by_form.status.as_u16(), warned(&by_form)), (200, Vec::<String>::new()));
    let by_form = by_form.json();
    assert_eq!(by_form["chunks"], by_json["chunks"]);
    let table = |body: &Value| {
        let chunks = body["chunks"].as_array().unwrap().iter();
        chunks.filter(|chunk| chunk["text"].as_str().unwrap().contains("\n|---")).count()
    };
    assert_eq!(table(&by_form), 1);
    assert_eq!(by_form["chunks"][0]["raw_text"], Value::Null);
    // What chunks refer to is in the document beside them.
    let content = &by_form["documents"][0]["content"]["json_content"];
    assert_eq!(content["schema_name"], "DoclingDocument");
    assert_eq!(keys(&content["pages"]), ["2"]);
    for chunk in by_form["chunks"].as_array().unwrap() {
        for item in chunk["doc_items"].as_array().unwrap() {
            let path = item.as_str().unwrap().trim_start_matches('#');
            assert_eq!(&content.pointer(path).unwrap()["self_ref"], item);
        }
    }
}

#[tokio::test]
async fn chunks_of_several_documents_stand_in_one_answer_and_failures_among_them() {
    let body = request(&["pages/encrypted.pdf", REPORT, REPORT], Value::Null);
    let body = chunked(&body).await.json();
    let status = |n: usize| body["documents"][n]["status"].as_str().unwrap();
    assert_eq!([status(0), status(1), status(2)], ["failure", "success", "success"]);
    let error = &body["documents"][0]["errors"][0];
    assert_eq!(error["category"], "backend_failure");
    assert!(error["error_message"].as_str().unwrap().contains("encrypted"), "{error}");
    let chunks = body["chunks"].as_array().unwrap();
    let (one, other) = chunks.split_at(chunks.len() / 2);
    assert!(!one.is_empty() && one == other);
    assert_eq!(other[0]["chunk_index"], 0);
}

#[tokio::test]
async fn an_archive_holds_the_chunks_and_the_images_of_documents() {
    let mut body = request(&[REPORT], json!({ "use_markdown_images": true }));
    body["convert_options"] = json!({ "image_export_mode": "referenced" });
    body["include_converted_doc"] = json!(true);
    body["target"] = json!({ "kind": "zip" });
    let files = unzip_at(&converting(), SOURCE, &body).await;
    assert_eq!(names(&files)[0], "chunked_result.json");
    let result: Value = serde_json::from_slice(&files[0].1).unwrap();
    assert_eq!(sorted(&result), ["chunking_info", "chunks", "documents", "kind"]);
    assert_eq!(result["kind"], "ChunkedDocumentResponse");
    let info = json!({
        "chunker": "hierarchical",
        "use_markdown_tables": false,
        "use_markdown_images": true,
        "image_placeholder": "![IMAGE]",
        "include_raw_text": false,
    });
    assert_eq!(result["chunking_info"], info);
    let content = &result["documents"][0]["document"]["json_content"];
    let image = content["pictures"][0]["image"]["uri"].as_str().unwrap();
    assert!(names(&files).contains(&image), "{image}");
    let marked = |chunk: &&Value| chunk["metadata"]["has_image"] == true;
    let marked = result["chunks"].as_array().unwrap().iter().find(marked).unwrap();
    assert!(marked["text"].as_str().unwrap().ends_with("![IMAGE]"), "{marked}");
}

#[tokio::test]
async fn conversions_write_chunks_as_lines_of_json() {
    let options = json!({
        "to_formats": ["md", "chunks"],
        "chunking_options": { "chunker": "hierarchical", "include_raw_text": true },
    });
    let mut body = sources(&[REPORT], options);
    body["target"] = json!({ "kind": "zip" });
    let files = unzip_at(&converting(), "/v1/convert/source", &body).await;
    assert_eq!(names(&files), ["report.md", "report.chunks.jsonl"]);
    let lines = String::from_utf8(files[1].1.clone()).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let chunks = chunked(&request(&[REPORT], json!({ "include_raw_text": true }))).await.json();
    assert_eq!(json!(lines), chunks["chunks"]);
}

#[tokio::test]
async fn options_without_effect_on_chunks_are_named() {
    let mut body = request(&[REPORT], json!({ "max_tokens": 64 }));
    body["convert_options"] =
        json!({ "to_formats": ["md"], "images_scale": 1, "page_range": [1, 1] });
    body["options"] = json!({});
    let wanted = [
        "options has no effect: no field has that name",
        "max_tokens has no effect: it belongs to the hybrid chunker",
        "to_formats has no effect: the answer is the document's chunks; chunking_options is about \
         them",
        "images_scale has no effect: documents are not answered beside their chunks",
    ];
    assert_eq!(warned(&chunked(&body).await), wanted);
    let answer =
        upload(&[("convert_page_range", "1"), ("convert_page_range", "1"), ("do_ocr", "false")])
            .await;
    let wanted = ["do_ocr has no effect: no field has that name; options begin with convert_ and \
                   chunking_"];
    assert_eq!(
        (answer.status.as_u16(), warned(&answer)),
        (200, wanted.map(str::to_owned).to_vec())
    );
}

#[tokio::test]
async fn chunks_that_are_not_made_here_are_refused_in_a_sentence() {
    let hybrid = "chunks of the hybrid chunker are not made by this server: the hybrid chunker is \
                  not built in: it counts the tokens of an embedding model, which needs that \
                  model's tokenizer, and none comes with recto; POST \
                  /v1/chunk/hierarchical/source or /file cuts documents along their headings, or \
                  convert with to_formats=json and chunk the DoclingDocument with docling-core";
    for (path, wanted) in [
        ("/v1/chunk/hybrid/source", hybrid),
        ("/v1/chunk/hybrid/file", hybrid),
        ("/v1/chunk/hybrid/source/async", hybrid),
        ("/v1/chunk/hybrid/file/async", hybrid),
    ] {
        let answer = post(&converting(), path, &json!({})).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (422, json!({ "detail": wanted })));
    }
    let mut presigned = request(&[REPORT], Value::Null);
    presigned["target"] = json!({ "kind": "presigned_url" });
    let mut referenced = request(&[REPORT], Value::Null);
    referenced["convert_options"] = json!({ "image_export_mode": "referenced" });
    referenced["include_converted_doc"] = json!(true);
    let mut called = request(&[REPORT], Value::Null);
    called["callbacks"] = json!([{ "url": "https://example.org" }]);
    for (body, wanted) in [
        (
            called,
            "callbacks: nobody is called back by this path, whose answer is the result; the same \
             path with /async at its end calls back",
        ),
        (presigned, "presigned_url target is not supported for chunk endpoints."),
        (
            referenced,
            "image_export_mode: referenced images are files beside the document, which needs the \
             target zip; ask for that, or for embedded",
        ),
    ] {
        let answer = post(&converting(), SOURCE, &body).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (422, json!({ "detail": wanted })));
    }
    let only = "send chunking_options with the chunker hierarchical";
    let hybrid = "he hybrid chunker is not built in: it counts the tokens of an embedding model, \
                  which needs that model's tokenizer, and none comes with recto";
    for (options, wanted) in [
        (
            json!({ "chunking_preset": "x" }),
            format!("chunking_preset: x names a tokenizer. T{hybrid}; {only}"),
        ),
        (
            json!({ "chunking_options": { "chunker": "hybrid" } }),
            format!("chunking_options.chunker: t{hybrid}; {only}"),
        ),
        (
            json!({ "chunking_options": { "chunker": "hierarchical" } }),
            "to_formats: chunks is written as a file, for which the answer of one document has no field; ask \
             for the target zip"
                .to_owned(),
        ),
    ] {
        let mut body = sources(&[REPORT], options);
        body["options"]["to_formats"] = json!(["chunks"]);
        let answer = post(&converting(), "/v1/convert/source", &body).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (422, json!({ "detail": wanted })));
    }
}

#[tokio::test]
async fn wrong_fields_of_requests_for_chunks_are_told_where_they_stand() {
    let told = |answer: &Answer| (answer.status.as_u16(), answer.json()["detail"][0].clone());
    let with = |field: &str, value: Value| {
        let mut body = request(&[REPORT], Value::Null);
        body[field] = value;
        body
    };
    let issue = |kind: &str, place: &[&str], message: &str, input: Value| {
        let mut item = json!({ "type": kind, "loc": place, "msg": message });
        if !input.is_null() {
            item["input"] = input;
        }
        (422, item)
    };
    for (body, wanted) in [
        (json!({}), issue("missing", &["body", "sources"], "Field required", Value::Null)),
        (
            with("convert_options", json!({ "table_mode": "slow" })),
            issue(
                "value_error",
                &["body", "convert_options", "table_mode"],
                "\"slow\" is not fast or accurate",
                json!("slow"),
            ),
        ),
        (
            with("chunking_options", json!({ "include_raw_text": "so" })),
            issue(
                "value_error",
                &["body", "chunking_options", "include_raw_text"],
                "\"so\" is not true or false",
                json!("so"),
            ),
        ),
        (
            with("chunking_options", json!({ "chunker": "page" })),
            issue(
                "value_error",
                &["body", "chunking_options", "chunker"],
                "no chunker is called \"page\"; there is hierarchical",
                json!("page"),
            ),
        ),
        (
            with("chunking_options", json!([1])),
            issue(
                "value_error",
                &["body", "chunking_options"],
                "[1] is not an object",
                Value::Null,
            ),
        ),
        (
            with("include_converted_doc", json!("so")),
            issue(
                "bool_parsing",
                &["body", "include_converted_doc"],
                "Input should be a valid boolean",
                json!("so"),
            ),
        ),
    ] {
        assert_eq!(told(&post(&converting(), SOURCE, &body).await), wanted);
    }
    let answer = upload(&[("convert_table_mode", "slow")]).await;
    let place = ["body", "convert_table_mode"];
    let message = "\"slow\" is not fast or accurate";
    assert_eq!(told(&answer), issue("value_error", &place, message, json!("slow")));
    let answer = upload(&[("chunking_use_markdown_tables", "so")]).await;
    let place = ["body", "chunking_use_markdown_tables"];
    let message = "\"so\" is not true or false";
    assert_eq!(told(&answer), issue("value_error", &place, message, json!("so")));
}

#[tokio::test]
async fn chunks_ask_for_a_key_as_all_else() {
    let keys = Keys::parse("a-key-of-this-test").unwrap();
    let router = with_settings(settings(|s| s.keys = keys));
    for path in [SOURCE, FILE, "/v1/chunk/hybrid/source", "/v1/chunk/hierarchical/file/async"] {
        let answer = post(&router, path, &json!({})).await;
        assert_eq!(answer.status, 401, "{path}");
    }
}

#[tokio::test]
async fn chunks_are_jobs_too_whose_results_are_the_answers_of_those_who_wait() {
    let folder = tempfile::tempdir().unwrap();
    let router = keeping(folder.path(), |_, _| {});
    let mut body = request(&[REPORT], json!({ "use_markdown_tables": true, "max_tokens": 64 }));
    body["convert_options"] = json!({ "page_range": [2, 2] });
    body["include_converted_doc"] = json!(true);
    let waited = chunked(&body).await;
    let task = asked_at(&router, "/v1/chunk/hierarchical/source/async", &body).await;
    assert_eq!(task["task_type"], "chunk");
    let over = ended(&router, &id(&task)).await;
    assert_eq!((&over["task_type"], &over["task_status"]), (&json!("chunk"), &json!("success")));
    assert_eq!(over["task_meta"]["num_succeeded"], 1);
    let fetched = result(&router, &id(&task)).await;
    assert_eq!(warned(&fetched), ["max_tokens has no effect: it belongs to the hybrid chunker"]);
    let (fetched, waited) = (fetched.json(), waited.json());
    assert_eq!(sorted(&fetched), ["chunks", "documents", "processing_time"]);
    assert!(!fetched["chunks"].as_array().unwrap().is_empty());
    assert_eq!(fetched["chunks"], waited["chunks"]);
    let content = |answer: &Value| answer["documents"][0]["content"].clone();
    assert_eq!(content(&fetched), content(&waited));

    let report = file(REPORT);
    let parts: [(&str, Option<&str>, &[u8]); 2] =
        [("files", Some("one.pdf"), &report), ("target_type", None, b"zip")];
    let path = "/v1/chunk/hierarchical/file/async";
    let task = upload_form(&router, path, &[], form(&parts)).await.json();
    assert_eq!(ended(&router, &id(&task)).await["task_type"], "chunk");
    let archive = result(&router, &id(&task)).await;
    assert_eq!(archive.headers["content-type"], "application/zip");
    assert!(
        archive.text.contains("chunked_result.json"),
        "its name stands in the archive as it is"
    );
}
