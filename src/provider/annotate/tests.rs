use super::*;
use crate::error::ErrorKind;
use crate::provider::http::stub::Stub;
use crate::provider::{OcrImage, OcrPage};

/// Reads one page with two images.
#[derive(Debug)]
struct Reader {
    images: usize,
}

impl OcrProvider for Reader {
    fn name(&self) -> &str {
        "reader"
    }

    fn models(&self) -> Result<Vec<OcrModel>> {
        Ok(Vec::new())
    }

    fn ocr(&self, request: &OcrRequest, _: &Call) -> Result<OcrResponse> {
        assert!(request.bbox_annotation_format.is_none());
        assert!(request.document_annotation_prompt.is_none());
        let mut response = OcrResponse::new("1", "reader/reader", "reader");
        let image = |n| OcrImage {
            id: format!("img-{n}.jpeg"),
            rect: None,
            base64: request.include_image_base64.then(|| format!("data:image/jpeg;base64,{n}")),
            annotation: None,
        };
        response.pages.push(OcrPage {
            index: 4,
            markdown: "Total: 12 kr".to_owned(),
            images: (0..self.images).map(image).collect(),
            ..OcrPage::default()
        });
        Ok(response)
    }
}

/// A server of a model that gives these answers in turn, the last one again and again. "500" is a
/// failure.
fn model(answers: &[&str]) -> (LanguageModel, Stub) {
    let answers: Vec<(&str, String)> = answers
        .iter()
        .map(|text| {
            let message = json!({ "message": { "role": "assistant", "content": text } });
            let usage = json!({ "prompt_tokens": 10, "completion_tokens": 2 });
            let answer = json!({ "choices": [message], "usage": usage });
            if *text == "500" { ("500 Oh", String::new()) } else { ("200 OK", answer.to_string()) }
        })
        .collect();
    let answers: Vec<_> = answers.iter().map(|(head, body)| (*head, body.as_str())).collect();
    let stub = Stub::new(&answers);
    let base = format!("{}/v1", stub.base).parse().unwrap();
    (LanguageModel::new(base, "small").retries(0), stub)
}

/// What it was asked.
fn asked(stub: &Stub) -> Vec<Value> {
    stub.seen().into_iter().map(|(_, body)| body).collect()
}

fn schema() -> Value {
    let schema = json!({
        "type": "object",
        "properties": { "total": { "type": "number" } },
        "required": ["total"],
        "additionalProperties": false,
    });
    json!({ "type": "json_schema", "json_schema": { "name": "bill", "schema": schema, "strict": true } })
}

fn annotate(images: usize, model: LanguageModel, request: &OcrRequest) -> Result<OcrResponse> {
    Annotator::new(Arc::new(Reader { images }), model).ocr(request, &Call::default())
}

#[test]
fn a_formula_is_read_from_its_picture() {
    use crate::geometry::Resolution;
    use crate::picture::{FormulaReader, PageImage};

    let (model, stub) = model(&["$$a^2$$"]);
    let picture = PageImage::new(0, Resolution(72.0), image::RgbImage::new(8, 8));
    assert_eq!(model.latex(&picture, &Call::default()).unwrap(), "$$a^2$$");
    let seen = asked(&stub);
    let content = &seen[0]["messages"][1]["content"];
    let shown = content[1]["image_url"]["url"].as_str().unwrap();
    assert!(shown.starts_with("data:image/jpeg;base64,"), "{shown}");
    assert!(seen[0]["messages"][0]["content"].as_str().unwrap().contains("LaTeX"));
}

fn asking_for_a_total() -> OcrRequest {
    OcrRequest {
        document_annotation_format: Some(schema()),
        document_annotation_prompt: Some("What is due?".into()),
        ..OcrRequest::default()
    }
}

#[test]
fn a_document_is_described_by_its_schema() {
    let (model, stub) = model(&["```json\n{\"total\": 12}\n```"]);
    let response = annotate(2, model, &asking_for_a_total()).unwrap();
    assert_eq!(response.document_annotation.as_deref(), Some(r#"{"total":12}"#));
    assert_eq!((response.status, response.warnings.len()), (Status::Success, 0));
    assert_eq!(
        response.extra_fields["annotation"],
        json!({ "model": "small", "requests": 1, "prompt_tokens": 10, "completion_tokens": 2 })
    );
    assert!(stub.seen()[0].0.starts_with("POST /v1/chat/completions "), "{}", stub.seen()[0].0);
    let seen = asked(&stub);
    assert_eq!(seen[0]["response_format"]["json_schema"]["name"], "bill");
    assert_eq!(seen[0]["model"], "small");
    let text = seen[0]["messages"][1]["content"].as_str().expect("no image was asked for");
    assert!(text.contains("What is due?") && text.contains("Total: 12 kr"), "{text}");
}

#[test]
fn a_wrong_answer_is_asked_for_once_more() {
    let (good, stub) = model(&[r#"{"total": "twelve"}"#, r#"{"total": 12}"#]);
    let response = annotate(0, good, &asking_for_a_total()).unwrap();
    assert_eq!(response.document_annotation.as_deref(), Some(r#"{"total":12}"#));
    let complaint = asked(&stub)[1]["messages"][3]["content"].to_string();
    assert!(complaint.contains("/total") && complaint.contains("number"), "{complaint}");

    let (bad, stub) = model(&["I would say twelve."]);
    let response = annotate(0, bad, &asking_for_a_total()).unwrap();
    assert_eq!(asked(&stub).len(), 2);
    assert_eq!((response.document_annotation, response.status), (None, Status::Partial));
    assert_eq!(response.pages[0].markdown, "Total: 12 kr");
    let warning = &response.warnings[0];
    assert_eq!(warning.code, WarningCode::AnnotationFailed);
    assert_eq!(warning.option.as_deref(), Some("document_annotation_format"));
    assert!(warning.message.contains("answered twice, but it is not JSON"), "{}", warning.message);
}

#[test]
fn images_are_described_one_by_one_and_not_repeated_unasked() {
    let (model, stub) = model(&[r#"{"total": 1}"#]);
    let request = OcrRequest { bbox_annotation_format: Some(schema()), ..OcrRequest::default() };
    let response = annotate(2, model, &request).unwrap();
    let images = &response.pages[0].images;
    assert!(images.iter().all(|i| i.annotation.as_deref() == Some(r#"{"total":1}"#)));
    assert!(images.iter().all(|i| i.base64.is_none()));
    let shown: Vec<String> = asked(&stub)
        .iter()
        .map(|body| body["messages"][1]["content"][0]["image_url"]["url"].to_string())
        .collect();
    assert_eq!(shown.len(), 2);
    assert!(shown.iter().any(|url| url.contains("base64,0")));
    assert!(shown.iter().any(|url| url.contains("base64,1")));
}

#[test]
fn the_first_eight_images_go_with_a_document_that_comes_with_images() {
    let (model, stub) = model(&[r#"{"total": 12}"#]);
    let request = OcrRequest { include_image_base64: true, ..asking_for_a_total() };
    let response = annotate(10, model, &request).unwrap();
    assert_eq!(asked(&stub)[0]["messages"][1]["content"].as_array().unwrap().len(), 1 + 8);
    assert!(response.pages[0].images[9].base64.is_some());
    assert!(response.warnings[0].message.contains("2 more were not"), "{:?}", response.warnings);
    assert_eq!(response.status, Status::Success);
}

#[test]
fn what_was_read_is_not_lost_with_the_model() {
    let (model, _) = model(&["500"]);
    let request = OcrRequest { bbox_annotation_format: Some(schema()), ..asking_for_a_total() };
    let response = annotate(1, model, &request).unwrap();
    assert_eq!((response.pages.len(), response.status), (1, Status::Partial));
    assert_eq!(response.warnings[0].page, Some(4));
    assert_eq!(
        response.warnings[0].message,
        "img-0.jpeg was not described: annotations: status 500"
    );
    assert_eq!(response.warnings.len(), 2);
}

#[test]
fn text_and_any_object_are_formats_too() {
    for (format, answer, expected) in [
        (json!({ "type": "text" }), " A bill. ", Some("A bill.")),
        (json!({ "type": "json_object" }), r#"{ "a": 1 }"#, Some(r#"{"a":1}"#)),
        (json!({ "type": "json_object" }), "[1]", None),
        (json!({ "properties": { "a": { "type": "string" } } }), r#"{"a": 1}"#, None),
    ] {
        let (model, _) = model(&[answer]);
        let request =
            OcrRequest { document_annotation_format: Some(format), ..OcrRequest::default() };
        let response = annotate(0, model, &request).unwrap();
        assert_eq!(response.document_annotation.as_deref(), expected);
    }
}

#[test]
fn a_bad_format_is_told_before_anything_is_read() {
    for (format, words) in [
        (json!("text"), "should be an object"),
        (json!({ "type": "xml" }), "'text', 'json_object' or 'json_schema'"),
        (json!({ "type": "json_schema" }), "needs json_schema"),
        (json!({ "type": "json_schema", "json_schema": { "name": "x" } }), "needs schema"),
        (
            json!({ "type": "json_schema", "json_schema": { "schema": { "type": "nonsense" } } }),
            "not a JSON schema",
        ),
        (
            json!({ "type": "json_schema", "json_schema": { "schema": { "$ref": "http://127.0.0.1/x" } } }),
            "not a JSON schema",
        ),
        (
            json!({ "type": "json_schema", "json_schema": { "schema": { "$ref": "file:///etc/passwd" } } }),
            "not a JSON schema",
        ),
    ] {
        let (model, stub) = model(&[""]);
        let request =
            OcrRequest { bbox_annotation_format: Some(format.clone()), ..OcrRequest::default() };
        let error = annotate(1, model, &request).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        let text = error.to_string();
        assert!(text.starts_with("bbox_annotation_format: ") && text.contains(words), "{text}");
        assert!(asked(&stub).is_empty());
    }
}
