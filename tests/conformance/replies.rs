//! Replies in the shape that each service documents, every field of them; and what was asked.

use recto::provider::{
    BlockKind, Granularity, OcrProvider, OcrRequest, OcrResponse, OcrTableFormat, PixelBox,
    RemoteKey, RemoteKind,
};
use recto::{Call, PageSet, Source, Status, WarningCode};
use serde_json::{Value, json};

use super::stub::Stub;

/// `%PDF-1.7`, and the same in base64.
const PDF: (&[u8], &str) = (b"%PDF-1.7", "JVBERi0xLjc=");

fn pdf(model: &str) -> OcrRequest {
    let document = Source::bytes(PDF.0, "a.pdf");
    OcrRequest { model: Some(model.to_owned()), ..OcrRequest::new(document) }
}

/// A request for everything.
fn everything(model: &str) -> OcrRequest {
    OcrRequest {
        pages: Some("0,2-3".parse().unwrap()),
        include_image_base64: true,
        image_limit: Some(4),
        image_min_size: Some(50),
        table_format: Some(OcrTableFormat::Html),
        extract_header: true,
        extract_footer: true,
        include_blocks: true,
        confidence: Some(Granularity::Word),
        bbox_annotation_format: Some(json!({ "type": "json_schema" })),
        document_annotation_format: Some(json!({ "type": "json_schema" })),
        document_annotation_prompt: Some("say".to_owned()),
        parameters: json!({ "lang": ["sv"] }),
        fallbacks: vec!["opper/x".to_owned()],
        ..pdf(model)
    }
}

fn read(stub: &Stub, kind: RemoteKind, request: &OcrRequest) -> OcrResponse {
    let client = stub.client(kind).with_key(RemoteKey::Given("secret-1".to_owned()));
    client.ocr(request, &Call::default()).unwrap()
}

fn warned(response: &OcrResponse) -> Vec<&str> {
    response.warnings.iter().filter_map(|w| w.option.as_deref()).collect()
}

fn corners(left: u32, top: u32, right: u32, bottom: u32) -> PixelBox {
    PixelBox { left, top, right, bottom }
}

#[test]
fn mistrals_reply_is_read_field_by_field() {
    let stub = Stub::answering(include_str!("replies/mistral.json"));
    let response = read(&stub, RemoteKind::Mistral, &everything("there/mistral-ocr-latest"));
    assert_eq!(
        (response.provider.as_str(), response.model.as_str()),
        ("there", "there/mistral-ocr-4-1")
    );
    assert!(response.id.starts_with("ocr_"), "the service gives none: {}", response.id);
    assert_eq!(response.document_annotation.as_deref(), Some("{\"language\": \"English\"}"));
    assert_eq!(response.usage.pages_processed, 2);
    assert_eq!((response.usage.document_bytes, response.usage.cost), (Some(3_002_783), None));
    assert_eq!(response.confidence, Some(0.97));
    assert_eq!(response.extra_fields["trace"], "abc");
    assert_eq!(response.extra_fields["page_fields"], json!({ "27": { "reading_time": 3 } }));
    assert_eq!(response.extra_fields["unknown_block_types"], json!(["handwriting"]));

    let [first, second] = response.pages.as_slice() else { panic!() };
    assert_eq!((first.index, second.index), (27, 28), "in ascending order");
    assert_eq!(first.markdown, "# Mistral OCR\n\n![img-0.jpeg](img-0.jpeg)");
    assert_eq!(
        (first.header.as_deref(), first.footer.as_deref()),
        (Some("Page header"), Some("28"))
    );
    let size = first.dimensions.unwrap();
    assert_eq!((size.dpi, size.width, size.height), (200, 1700, 2200));
    assert_eq!((size.width_points, size.height_points), (612.0, 792.0));
    assert_eq!(first.hyperlinks, ["mailto:someone@example.org"]);
    let image = &first.images[0];
    assert_eq!((image.id.as_str(), image.rect), ("img-0.jpeg", Some(corners(292, 217, 1405, 649))));
    assert_eq!(image.base64.as_deref(), Some("data:image/jpeg;base64,/9j/4AAQ"));
    assert_eq!(image.annotation.as_deref(), Some("{\"short_description\": \"a chart\"}"));
    assert_eq!((first.images[1].rect, &first.images[1].base64), (None, &None));

    let scores = first.confidence.as_ref().unwrap();
    assert_eq!((scores.average, scores.minimum), (0.97, 0.71));
    let words = scores.words.as_ref().unwrap();
    assert_eq!((words[2].text.as_str(), words[2].start_index), (" OCR", 9));
    assert_eq!(words[2].confidence, Some(0.71));

    let blocks = first.blocks.as_ref().unwrap();
    let kinds: Vec<_> = blocks.iter().map(|block| block.kind).collect();
    assert_eq!(kinds, [BlockKind::Title, BlockKind::Image, BlockKind::Text]);
    assert_eq!(
        (blocks[0].content.as_str(), blocks[0].rect),
        ("# Mistral OCR", corners(100, 110, 900, 160))
    );
    let scores = blocks[0].confidence.unwrap();
    assert_eq!((scores.average, scores.minimum, scores.kind), (Some(0.9), Some(0.7), Some(0.95)));
    assert_eq!(blocks[1].image_id.as_deref(), Some("img-0.jpeg"));
    assert_eq!(blocks[2].content, "a note");

    assert_eq!(second.dimensions, None);
    let table = &second.tables[0];
    assert_eq!((table.id.as_str(), table.format), ("tbl-4.html", OcrTableFormat::Html));
    assert_eq!(table.content, "<table><tr><td>a</td></tr></table>");
    assert_eq!(table.words, None);
}

#[test]
fn mistral_is_asked_for_what_it_knows_and_the_rest_is_named() {
    let stub = Stub::answering(include_str!("replies/mistral.json"));
    let response = read(&stub, RemoteKind::Mistral, &everything("there/mistral-ocr-latest"));
    let (head, body) = &stub.seen()[0];
    assert!(head.starts_with("POST /v1/ocr HTTP/1.1"), "{head}");
    assert!(head.to_lowercase().contains("authorization: bearer secret-1"), "{head}");
    let schema = json!({ "type": "json_schema" });
    assert_eq!(
        *body,
        json!({
            "model": "mistral-ocr-latest",
            "document": {
                "type": "document_url",
                "document_url": format!("data:application/pdf;base64,{}", PDF.1),
                "document_name": "a.pdf",
            },
            "pages": [0, 2, 3], "include_image_base64": true, "image_limit": 4,
            "image_min_size": 50, "table_format": "html", "extract_header": true,
            "extract_footer": true, "include_blocks": true,
            "confidence_scores_granularity": "word", "bbox_annotation_format": schema,
            "document_annotation_format": schema, "document_annotation_prompt": "say",
        })
    );
    assert_eq!(warned(&response), ["lang", "fallbacks"]);

    // Nothing that was not asked for is sent.
    read(&stub, RemoteKind::Mistral, &pdf("m"));
    let body = stub.seen()[1].1.clone();
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["document", "model"]);
}

#[test]
fn images_and_addresses_are_sent_as_such() {
    let stub = Stub::answering(include_str!("replies/mistral.json"));
    let ask = |kind: RemoteKind, document: Source| {
        let asked = OcrRequest { document, ..pdf("a/b") };
        read(&stub, kind, &asked);
        stub.seen().pop().unwrap().1["document"].clone()
    };
    let png = || Source::bytes(*b"\x89PNG\r\n\x1a\n....", "a.pdf");
    let uri = "data:image/png;base64,iVBORw0KGgouLi4u";
    assert_eq!(ask(RemoteKind::Mistral, png()), json!({ "type": "image_url", "image_url": uri }));
    assert_eq!(ask(RemoteKind::Bifrost, png()), json!({ "type": "image_url", "image_url": uri }));
    assert_eq!(
        ask(RemoteKind::Opper, png()),
        json!({ "type": "base64", "content": "iVBORw0KGgouLi4u", "document_name": "a.pdf" })
    );
    let url = || Source::parse("https://example.org/a?b=c").unwrap();
    let expected = json!({ "type": "document_url", "document_url": "https://example.org/a?b=c" });
    for kind in [RemoteKind::Mistral, RemoteKind::Bifrost, RemoteKind::Opper] {
        assert_eq!(ask(kind, url()), expected);
    }
    let photo = Source::parse("https://example.org/a.jpg").unwrap();
    let expected = json!({ "type": "image_url", "image_url": "https://example.org/a.jpg" });
    assert_eq!(ask(RemoteKind::Opper, photo), expected);
    let file = Source::parse("file:///etc/hostname").unwrap();
    let asked = OcrRequest { document: file, ..pdf("a/b") };
    let client = stub.client(RemoteKind::Mistral);
    let error = client.ocr(&asked, &Call::default()).unwrap_err();
    assert!(error.to_string().contains("cannot fetch file: URLs"), "{error}");
}

#[test]
fn bifrosts_reply_is_read_field_by_field() {
    let stub = Stub::answering(include_str!("replies/bifrost.json"));
    let request =
        OcrRequest { include_blocks: true, ..everything("there/mistral/mistral-ocr-latest") };
    let response = read(&stub, RemoteKind::Bifrost, &request);
    assert_eq!(response.model, "there/mistral-ocr-latest");
    let upstream = &response.extra_fields["upstream"];
    assert_eq!((&upstream["provider"], &upstream["latency"]), (&json!("mistral"), &json!(1200)));
    let page = &response.pages[0];
    let image = &page.images[0];
    assert_eq!(image.rect, Some(corners(11, 20, 99, 81)), "boxes are not whole there");
    assert_eq!(image.base64.as_deref(), Some("data:image/jpeg;base64,/9j/4AAQ"));
    let scores = page.confidence.as_ref().unwrap();
    assert_eq!((scores.average, &scores.words), (0.9, &None), "scores without words");
    assert_eq!(page.blocks, Some(Vec::new()));
    assert_eq!(response.usage.document_bytes, Some(8), "its 0 means that it was not told");
    assert_eq!(warned(&response), ["table_format", "extract_header", "extract_footer"]);

    let (head, body) = &stub.seen()[0];
    assert!(head.to_lowercase().contains("x-recto-dialect: bifrost"), "{head}");
    assert_eq!(
        (&body["model"], &body["lang"]),
        (&json!("mistral/mistral-ocr-latest"), &json!(["sv"]))
    );
    assert_eq!(body["fallbacks"], json!(["opper/x"]));
    assert_eq!(body["pages"], json!([0, 2, 3]));
    assert_eq!(
        body["document"],
        json!({
            "type": "document_url",
            "document_url": format!("data:application/pdf;base64,{}", PDF.1),
        })
    );
    assert!(body.get("parameters").is_none());

    let clash = OcrRequest { parameters: json!({ "pages": [9] }), ..everything("there/a/b") };
    let response = read(&stub, RemoteKind::Bifrost, &clash);
    assert!(warned(&response).contains(&"pages"), "{:?}", response.warnings);
    let client = stub.client(RemoteKind::Bifrost);
    let error = client.ocr(&pdf("there/m"), &Call::default()).unwrap_err().to_string();
    assert!(error.contains("there/PROVIDER/MODEL") && error.contains("\"m\""), "{error}");
}

#[test]
fn oppers_reply_is_read_field_by_field() {
    let stub = Stub::answering(include_str!("replies/opper.json"));
    let request = OcrRequest { include_blocks: true, ..pdf("there/docling/docling-latest") };
    let response = read(&stub, RemoteKind::Opper, &request);
    assert_eq!(response.id, "ocr_8f2c");
    assert_eq!(response.model, "there/docling/docling-latest");
    let usage = response.usage;
    assert_eq!(
        (usage.cost, usage.pages_processed, usage.document_bytes),
        (Some(0.003), 1, Some(8))
    );
    let page = &response.pages[0];
    assert_eq!((page.index, page.markdown.as_str()), (0, "# Invoice"));
    // Points, so a pixel is one.
    let size = page.dimensions.unwrap();
    assert_eq!((size.dpi, size.width, size.height), (72, 612, 792));
    assert_eq!((size.width_points, size.height_points), (612.0, 792.0));
    let blocks = page.blocks.as_ref().unwrap();
    assert_eq!(blocks.len(), 1);
    assert_eq!((blocks[0].kind, blocks[0].content.as_str()), (BlockKind::Title, "Invoice"));
    assert_eq!(blocks[0].rect, corners(72, 72, 200, 90));
    assert_eq!(response.warnings, []);

    let plain = read(&stub, RemoteKind::Opper, &pdf("there/docling/docling-latest"));
    assert_eq!(plain.pages[0].blocks, None, "elements come unasked");
}

#[test]
fn opper_is_asked_for_what_it_has_no_field_for_in_parameters() {
    let stub = Stub::answering(include_str!("replies/opper.json"));
    let response = read(&stub, RemoteKind::Opper, &everything("there/m/n"));
    let (head, body) = &stub.seen()[0];
    assert!(head.starts_with("POST /v3/ocr HTTP/1.1"), "{head}");
    let schema = json!({ "type": "json_schema" });
    assert_eq!(
        *body,
        json!({
            "model": "m/n",
            "document": { "type": "base64", "content": PDF.1, "document_name": "a.pdf" },
            "pages": [0, 2, 3], "include_image_base64": true, "image_limit": 4,
            "image_min_size": 50,
            "parameters": {
                "lang": ["sv"], "table_format": "html", "extract_header": true,
                "extract_footer": true, "include_blocks": true,
                "confidence_scores_granularity": "word", "bbox_annotation_format": schema,
                "document_annotation_format": schema, "document_annotation_prompt": "say",
            },
        })
    );
    // Its model answered without some of them.
    assert_eq!(
        warned(&response),
        ["fallbacks", "table_format", "extract_header", "extract_footer", "confidence"]
    );
}

#[test]
fn docling_serves_reply_is_read_field_by_field() {
    let stub = Stub::answering(include_str!("replies/docling_serve.json"));
    let request = OcrRequest {
        include_image_base64: true,
        include_blocks: true,
        extract_header: true,
        ..pdf("there")
    };
    let response = read(&stub, RemoteKind::DoclingServe, &request);
    assert_eq!((response.model.as_str(), response.status), ("there/docling", Status::Partial));
    assert_eq!(response.extra_fields["document_confidence"]["ocr_score"], 0.93);
    assert_eq!(response.extra_fields["processing_time"], 3.5);
    let told: Vec<_> =
        response.warnings.iter().map(|w| (w.code, w.page, w.message.as_str())).collect();
    assert_eq!(
        told,
        [
            (WarningCode::PageFailed, Some(1), "page 2 failed"),
            (WarningCode::TimedOut, None, "out of time")
        ]
    );
    // Three pages, of which the second has nothing on it and no part of the markdown.
    let [first, second, third] = response.pages.as_slice() else { panic!() };
    assert_eq!((first.index, second.index, third.index), (0, 1, 2));
    assert_eq!(first.markdown, "# Rain gardens\n\n![img-0.png](img-0.png)\n\nFirst page.");
    assert_eq!(second.markdown, "");
    assert_eq!(third.markdown, "| a | b |\n|---|---|\n| 1 | 2 |");
    let size = first.dimensions.unwrap();
    assert_eq!((size.dpi, size.width, size.height), (72, 595, 842));
    assert_eq!((first.header.as_deref(), first.footer.as_deref()), (Some("Water Board"), None));
    assert_eq!(first.hyperlinks, ["https://example.org/"]);
    let image = &first.images[0];
    assert_eq!(image.rect, Some(corners(100, 200, 300, 300)), "its origin is at the bottom");
    assert_eq!(image.base64.as_deref(), Some("data:image/png;base64,iVBORw0KGgo="));
    let blocks = first.blocks.as_ref().unwrap();
    let kinds: Vec<_> = blocks.iter().map(|block| block.kind).collect();
    assert_eq!(kinds, [BlockKind::Header, BlockKind::Title, BlockKind::Image, BlockKind::List]);
    assert_eq!(
        (blocks[1].content.as_str(), blocks[1].rect),
        ("Rain gardens", corners(50, 100, 250, 120))
    );
    assert_eq!(blocks[2].image_id.as_deref(), Some("img-0.png"));
    assert_eq!(blocks[3].rect, corners(50, 100, 250, 120));
    let table = &third.blocks.as_ref().unwrap()[0];
    assert_eq!(table.content, "| a | b |\n| --- | --- |\n| 1 | 2\\|3 |\n");
    assert_eq!(response.usage.pages_processed, 3);
}

#[test]
fn docling_serve_is_asked_in_its_own_words() {
    let stub = Stub::answering(include_str!("replies/docling_serve.json"));
    let request = OcrRequest {
        pages: Some("3,1-2".parse().unwrap()),
        table_format: Some(OcrTableFormat::Html),
        confidence: Some(Granularity::Page),
        parameters: json!({
            "lang": "sv,en", "force_ocr": true, "to_formats": ["html"],
        }),
        ..pdf("there")
    };
    let response = read(&stub, RemoteKind::DoclingServe, &request);
    let (head, body) = &stub.seen()[0];
    assert!(head.starts_with("POST /v1/convert/source HTTP/1.1"), "{head}");
    assert!(head.to_lowercase().contains("x-api-key: secret-1"), "{head}");
    assert_eq!(
        *body,
        json!({
            "sources": [{ "kind": "file", "base64_string": PDF.1, "filename": "a.pdf" }],
            "target": { "kind": "inbody" },
            "options": {
                "to_formats": ["md", "json"], "image_export_mode": "placeholder",
                "md_page_break_placeholder": "<!-- recto: next page -->",
                "page_range": [2, 4], "ocr_lang": ["sv", "en"], "force_ocr": true,
            },
        })
    );
    assert_eq!(warned(&response)[..3], ["to_formats", "table_format", "confidence"]);

    let ask = |change: &dyn Fn(&mut OcrRequest)| {
        let mut request = pdf("there");
        change(&mut request);
        stub.client(RemoteKind::DoclingServe).ocr(&request, &Call::default())
    };
    ask(&|r| r.pages = Some("1-".parse().unwrap())).unwrap();
    assert_eq!(stub.seen()[1].1["options"]["page_range"], json!([2, i64::MAX]));
    let error = ask(&|r| r.pages = Some(PageSet::from_indices([0, 5]))).unwrap_err().to_string();
    assert!(error.starts_with("pages: there reads one range of pages"), "{error}");
    ask(&|r| r.document = Source::parse("https://example.org/a.pdf").unwrap()).unwrap();
    let source = stub.seen()[2].1["sources"][0].clone();
    assert_eq!(source, json!({ "kind": "http", "url": "https://example.org/a.pdf" }));
}

#[test]
fn what_docling_serve_could_not_convert_is_an_error() {
    let failed = json!({
        "document": { "filename": "a.pdf", "md_content": null }, "status": "failure",
        "errors": [{ "error_message": "not a PDF", "page_no": null }], "processing_time": 0.1,
    });
    let stub = Stub::answering(&failed.to_string());
    let client = stub.client(RemoteKind::DoclingServe);
    let error = client.ocr(&pdf("there"), &Call::default()).unwrap_err();
    assert_eq!(error.to_string(), "there: the conversion ended as failure: not a PDF");
}

#[test]
fn the_least_that_a_service_may_say_is_enough() {
    for (kind, body) in [
        (RemoteKind::Mistral, json!({ "pages": [{}] })),
        (RemoteKind::Bifrost, json!({ "pages": [{ "index": null, "images": null, "blocks": 3 }] })),
        (RemoteKind::Opper, json!({ "pages": [{ "dimensions": { "width": "x" } }], "usage": [] })),
        (RemoteKind::DoclingServe, json!({ "document": { "md_content": "" } })),
    ] {
        let stub = Stub::answering(&body.to_string());
        let response = read(&stub, kind, &pdf("there/a/b"));
        assert_eq!((response.pages.len(), response.pages[0].index), (1, 0), "{kind:?}");
        assert_eq!(response.usage.pages_processed, 1);
    }
    for kind in [RemoteKind::Mistral, RemoteKind::Opper, RemoteKind::DoclingServe] {
        for body in [json!({}), json!([]), Value::Null, json!({ "pages": "none" })] {
            let stub = Stub::answering(&body.to_string());
            let error = stub.client(kind).ocr(&pdf("there/a"), &Call::default()).unwrap_err();
            assert!(error.to_string().starts_with("there: its answer has no "), "{error}");
        }
    }
}
