//! docling-serve's client and recto's own docling-serve, one against the other. Its documents follow
//! docling's rules, so what is expected is the library's document written by those.

use std::sync::Arc;

use recto::export::{MarkdownOptions, page_markdown};
use recto::provider::{BlockKind, OcrProvider, OcrRequest, OcrResponse, RemoteKey, RemoteProvider};
use recto::{Call, Document, ErrorKind, Options, Profile, Source};
use serde_json::json;

use super::{KEY, RemoteKind, engine, path, server};

fn client() -> RemoteProvider {
    RemoteProvider::new("there", RemoteKind::DoclingServe, Some(server()))
        .unwrap()
        .with_key(RemoteKey::Given(KEY.to_owned()))
        .with_price_per_page(0.25)
        .with_retries(0)
}

fn read(file: &str, change: impl FnOnce(&mut OcrRequest)) -> OcrResponse {
    let mut request = OcrRequest::new(Source::path(path(file)));
    change(&mut request);
    client().ocr(&request, &Call::default()).unwrap_or_else(|e| panic!("{}", e.chain()))
}

fn document(file: &str) -> Document {
    engine().read(Source::path(path(file)), &Options::docling()).unwrap()
}

fn words(markdown: &str) -> String {
    markdown.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn pages_are_those_of_the_library_by_doclings_rules() {
    let rules = MarkdownOptions {
        profile: Profile::Docling,
        compact_tables: false,
        ..MarkdownOptions::default()
    };
    for file in ["pages/report.pdf", "pages/code.pdf", "pages/swedish-scan.png"] {
        let (response, expected) = (read(file, |_| {}), document(file));
        assert_eq!(response.pages.len(), expected.pages.len(), "{file}");
        for (page, expected) in response.pages.iter().zip(&expected.pages) {
            assert_eq!(page.index, expected.index);
            // Its images are links to what comes beside the markdown.
            let mut markdown = page.markdown.clone();
            for image in &page.images {
                let link = format!("![{0}]({0})", image.id);
                markdown = markdown.replace(&link, "<!-- image -->");
            }
            assert_eq!(words(&markdown), words(&page_markdown(expected, &rules)), "{file}");
            let size = page.dimensions.unwrap();
            assert!((size.width_points - expected.size.width).abs() < 0.01, "{size:?}");
        }
        assert_eq!(response.usage.pages_processed, expected.pages.len());
        assert_eq!(response.usage.cost, Some(0.25 * expected.pages.len() as f64));
    }
}

#[test]
fn ranges_images_blocks_and_headers_come() {
    let response = read("pages/report.pdf", |request| {
        request.pages = Some("0".parse().unwrap());
        request.include_image_base64 = true;
        request.include_blocks = true;
        request.extract_header = true;
        request.extract_footer = true;
    });
    let [page] = &response.pages[..] else { panic!("{} pages", response.pages.len()) };
    assert_eq!(page.header.as_deref(), Some("Rain Gardens on Mill Street Lindholm Water Board"));
    assert_eq!(page.footer.as_deref(), Some("1"));
    let image = page.images[0].base64.as_deref().unwrap();
    assert!(image.starts_with("data:image/"), "{}", &image[..30]);
    let kinds: Vec<BlockKind> = page.blocks.iter().flatten().map(|block| block.kind).collect();
    for kind in [BlockKind::Title, BlockKind::Text, BlockKind::Image, BlockKind::List] {
        assert!(kinds.contains(&kind), "{kind:?} is not in {kinds:?}");
    }
}

#[test]
fn options_reach_the_engine_and_errors_come_back() {
    let response = read("pages/code.pdf", |request| {
        request.parameters = json!({ "force_ocr": true, "lang": "en" });
    });
    let scores = response.extra_fields["document_confidence"]["ocr_score"].as_f64();
    assert!(scores.is_some_and(|score| score > 0.5), "{:?}", response.extra_fields);

    let mut request = OcrRequest::new(Source::path(path("pages/code.pdf")));
    request.parameters = json!({ "table_mode": "quick" });
    let error = client().ocr(&request, &Call::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Remote);
    assert!(error.chain().contains("table_mode"), "{}", error.chain());

    let stranger = RemoteProvider::new("there", RemoteKind::DoclingServe, Some(server())).unwrap();
    let request = OcrRequest::new(Source::path(path("pages/code.pdf")));
    let error = Arc::new(stranger).ocr(&request, &Call::default()).unwrap_err();
    assert!(matches!(error, recto::Error::Remote { status: Some(401), .. }), "{error:?}");
}
