//! What is answered, field by field.

use recto::provider::{LocalProvider, OcrProvider, OcrRequest};
use recto::{Call, Source};
use serde_json::{Value, json};

use super::{asking, engine, file, in_base64, post, real, with};

/// The names of an object's fields, sorted.
fn names(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

async fn read(path: &str, document: &str, more: Value) -> Value {
    let answer = post(&real(), path, &with(asking(document), more)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn mistrals_answer_has_all_its_fields_and_agrees_with_the_library() {
    let body = read("/v1/ocr", "pages/report.pdf", json!({})).await;
    let expected =
        ["document_annotation", "extra_fields", "id", "model", "pages", "usage_info", "warnings"];
    assert_eq!(names(&body), expected);
    let bytes = file("pages/report.pdf");
    assert_eq!(body["usage_info"], json!({ "pages_processed": 2, "doc_size_bytes": bytes.len() }));
    assert_eq!(body["model"], "docling/docling-latest");
    assert_eq!((&body["document_annotation"], &body["warnings"]), (&Value::Null, &json!([])));

    let request = OcrRequest::new(Source::bytes(bytes, "document"));
    let library = LocalProvider::new(engine()).ocr(&request, &Call::default()).unwrap();
    assert_eq!(body["id"], library.id.as_str());
    let pages = body["pages"].as_array().unwrap();
    assert_eq!(pages.len(), library.pages.len());
    for (page, expected) in pages.iter().zip(&library.pages) {
        let fields = [
            "blocks",
            "confidence_scores",
            "dimensions",
            "footer",
            "header",
            "hyperlinks",
            "images",
            "index",
            "markdown",
            "tables",
        ];
        assert_eq!(names(page), fields);
        assert_eq!(
            (&page["index"], &page["markdown"]),
            (&json!(expected.index), &json!(expected.markdown))
        );
        assert_eq!(page["dimensions"], json!({ "dpi": 200, "height": 2339, "width": 1654 }));
        for field in ["header", "footer", "blocks", "confidence_scores"] {
            assert_eq!(page[field], Value::Null, "{field} was not asked for");
        }
        for field in ["tables", "hyperlinks"] {
            assert_eq!(page[field], json!([]), "{field}");
        }
    }
    let image = &pages[0]["images"][0];
    let fields = [
        "bottom_right_x",
        "bottom_right_y",
        "id",
        "image_annotation",
        "image_base64",
        "top_left_x",
        "top_left_y",
    ];
    assert_eq!(names(image), fields);
    assert_eq!((&image["id"], &image["image_base64"]), (&json!("img-0.jpeg"), &Value::Null));
    assert!(pages[0]["markdown"].as_str().unwrap().contains("![img-0.jpeg](img-0.jpeg)"));
    assert_eq!(pages[1]["images"], json!([]));
}

#[tokio::test]
async fn headers_footers_tables_and_images_come_apart_where_asked_for() {
    let more = json!({
        "extract_header": true, "extract_footer": true, "table_format": "html",
        "include_image_base64": true, "include_blocks": true,
    });
    let body = read("/v1/ocr", "pages/report.pdf", more).await;
    let (first, second) = (&body["pages"][0], &body["pages"][1]);
    let header = "Rain Gardens on Mill Street Lindholm Water Board";
    assert_eq!((&first["header"], &first["footer"]), (&json!(header), &json!("1")));
    assert!(!first["markdown"].as_str().unwrap().contains(header));

    let uri = first["images"][0]["image_base64"].as_str().unwrap();
    assert!(uri.starts_with("data:image/jpeg;base64,/9j/"), "{}", &uri[..40]);

    let table = &second["tables"][0];
    assert_eq!(names(table), ["content", "format", "id", "word_confidence_scores"]);
    assert_eq!((&table["id"], &table["format"]), (&json!("tbl-0.html"), &json!("html")));
    assert!(table["content"].as_str().unwrap().starts_with("<table>"), "{table}");
    assert!(second["markdown"].as_str().unwrap().contains("[tbl-0.html](tbl-0.html)"));

    let blocks = first["blocks"].as_array().unwrap();
    let kinds: Vec<_> = blocks.iter().filter_map(|b| b["type"].as_str()).collect();
    for kind in ["header", "title", "text", "image", "caption", "list", "footer"] {
        assert!(kinds.contains(&kind), "{kind} is not in {kinds:?}");
    }
    for block in blocks {
        for edge in ["top_left_x", "top_left_y", "bottom_right_x", "bottom_right_y"] {
            assert!(block[edge].is_u64(), "{block}");
        }
        assert!(block["content"].is_string() && block.get("confidence_scores").is_some());
        assert_eq!(block.get("image_id").is_some(), block["type"] == "image");
    }
}

#[tokio::test]
async fn confidence_comes_as_fine_as_asked_for() {
    let ask = |granularity: &'static str| async move {
        let more = json!({ "confidence_scores_granularity": granularity, "include_blocks": true });
        read("/v1/ocr", "pages/swedish-scan.png", more).await
    };
    let page = |body: &Value| body["pages"][0]["confidence_scores"].clone();
    let is_score = |value: &Value| value.as_f64().is_some_and(|n| n > 0.0 && n <= 1.0);
    let average = "average_page_confidence_score";
    let minimum = "minimum_page_confidence_score";

    let body = ask("page").await;
    assert_eq!(names(&page(&body)), [average, minimum]);
    assert!(is_score(&page(&body)[average]) && is_score(&page(&body)[minimum]));
    assert!(body["pages"][0]["blocks"][0]["confidence_scores"].is_null());

    let body = ask("document").await;
    assert!(is_score(&page(&body)[average]));
    assert!(body["extra_fields"]["document_confidence"].is_object());

    let body = ask("block").await;
    let block = &body["pages"][0]["blocks"][0]["confidence_scores"];
    assert!(is_score(&block["average_content_confidence_score"]), "{block}");

    let body = ask("word").await;
    let words = page(&body)["word_confidence_scores"].clone();
    let words = words.as_array().unwrap();
    let text: String = words.iter().filter_map(|word| word["text"].as_str()).collect();
    assert_eq!(body["pages"][0]["markdown"], text.as_str(), "the words are the markdown");
    assert!(words.iter().all(|word| is_score(&word["confidence"]) && word["start_index"].is_u64()));
}

#[tokio::test]
async fn bifrosts_extra_fields_are_all_there() {
    let more = json!({ "model": "docling-latest" });
    let fields = read("/v1/ocr", "pages/code.pdf", more).await["extra_fields"].clone();
    let expected = [
        "cache_debug",
        "chunk_index",
        "confidence",
        "language",
        "latency",
        "model_deployment",
        "model_requested",
        "provider",
        "request_type",
        "status",
    ];
    assert_eq!(names(&fields), expected);
    assert_eq!(fields["model_requested"], "docling-latest");
    assert_eq!(fields["model_deployment"], "docling/docling-latest");
    assert_eq!((&fields["provider"], &fields["request_type"]), (&json!("docling"), &json!("ocr")));
    assert_eq!((&fields["chunk_index"], &fields["status"]), (&json!(0), &json!("success")));
    assert!(fields["latency"].is_u64());
    let cache = [
        "cache_hit",
        "cache_id",
        "hit_type",
        "input_tokens",
        "model_used",
        "provider_used",
        "requested_model",
        "requested_provider",
        "similarity",
        "threshold",
    ];
    assert_eq!(names(&fields["cache_debug"]), cache);

    let more = json!({
        "include_raw": true, "include_image_base64": true, "pages": [0], "password": "secret-1",
        "parameters": { "password": "secret-1", "lang": ["en"] },
    });
    let body = read("/v1/ocr", "pages/report.pdf", more).await;
    let fields = &body["extra_fields"];
    let raw = json!({
        "model": null, "include_image_base64": true, "pages": [0], "parameters": { "lang": ["en"] },
    });
    assert_eq!(fields["raw_request"], raw);
    assert_eq!(fields["raw_response"]["pages"][0]["markdown"], body["pages"][0]["markdown"]);
    let text = fields.to_string();
    assert!(!text.contains("secret-1"));
    assert!(!text.contains("base64,") && !text.contains(&in_base64("pages/report.pdf")[..60]));
}

#[tokio::test]
async fn oppers_answer_has_points_and_usage() {
    let more = json!({ "include_image_base64": true, "table_format": null });
    let body = read("/v3/ocr", "pages/report.pdf", more.clone()).await;
    assert_eq!(names(&body), ["extra_fields", "id", "model", "pages", "usage", "warnings"]);
    assert!(body["id"].as_str().unwrap().starts_with("ocr_"));
    assert_eq!(body["usage"], json!({ "cost": 0.0, "pages_processed": 2 }));
    let page = &body["pages"][0];
    assert_eq!(names(page), ["dimensions", "elements", "images", "index", "markdown"]);
    assert_eq!(page["dimensions"], json!({ "width": 595.28, "height": 841.89 }));

    // The same boxes as in pixels of 200 dpi, but in points.
    let pixels =
        read("/v1/ocr", "pages/report.pdf", with(more, json!({ "include_blocks": true }))).await;
    assert_eq!(page["markdown"], pixels["pages"][0]["markdown"]);
    let blocks = pixels["pages"][0]["blocks"].as_array().unwrap();
    let elements = page["elements"].as_array().unwrap();
    assert_eq!(elements.len(), blocks.len());
    let boxes = elements.iter().zip(blocks);
    let image = (&page["images"][0], &pixels["pages"][0]["images"][0]);
    assert_eq!(image.0["image_base64"], image.1["image_base64"]);
    for (points, pixels) in boxes.chain([image]) {
        for edge in ["top_left_x", "top_left_y", "bottom_right_x", "bottom_right_y"] {
            let expected = (pixels[edge].as_f64().unwrap() * 72.0 / 200.0).round();
            assert_eq!(points[edge].as_f64(), Some(expected), "{points}");
        }
    }
}

#[tokio::test]
async fn oppers_older_answer_is_mistrals_with_a_cost() {
    let new = read("/v1/ocr", "pages/links.pdf", json!({})).await;
    let old = read("/v2/ocr", "pages/links.pdf", json!({})).await;
    assert_eq!(old["cost"], json!({ "generation": 0.0, "platform": 0.0, "total": 0.0 }));
    for field in ["id", "model", "pages", "usage_info"] {
        assert_eq!(old[field], new[field]);
    }
    let links = json!(["https://example.com/boats", "mailto:crew@example.com"]);
    assert_eq!(new["pages"][0]["hyperlinks"], links);
    let newest = read("/v3/ocr", "pages/links.pdf", json!({})).await;
    assert_eq!(newest["pages"][0]["hyperlinks"], links);
}

#[tokio::test]
async fn pages_are_chosen_by_list_and_by_text() {
    for pages in [json!([1]), json!("1"), json!("1-1"), json!([1.0])] {
        let body = read("/v1/ocr", "pages/report.pdf", json!({ "pages": pages })).await;
        let indices: Vec<_> =
            body["pages"].as_array().unwrap().iter().map(|p| &p["index"]).collect();
        assert_eq!(indices, [1], "{pages}");
        assert_eq!(body["usage_info"]["pages_processed"], 1);
    }
}

#[tokio::test]
async fn an_id_comes_back() {
    let body = read("/v1/ocr", "pages/code.pdf", json!({ "id": "mine-7" })).await;
    assert_eq!(body["id"], "mine-7");
}

#[tokio::test]
async fn options_of_the_engine_are_honoured_through_the_wire() {
    let more = json!({ "parameters": { "force_ocr": true, "lang": ["en"] } });
    let body = read("/v3/ocr", "pages/code.pdf", more).await;
    assert!(body["extra_fields"]["confidence"].as_f64().is_some(), "it was recognised");
    let body = read("/v3/ocr", "pages/code.pdf", json!({})).await;
    assert!(body["extra_fields"]["confidence"].is_null(), "it has a text layer");
}
