//! What holds for every provider. What the engine of this machine gives is what is expected.

use recto::provider::{
    Granularity, OcrPage, OcrRequest, OcrResponse, OcrTableFormat, PixelBox, RemoteKind,
    WordConfidence,
};
use recto::{Error, ErrorKind, PageSet, Source, Status, WarningCode};
use serde_json::json;

use super::{PRICE, Subject};

const REPORT: &str = "pages/report.pdf";
const SCAN: &str = "pages/swedish-scan.png";

type Check = fn(&Subject);

/// All of them, by name.
const CHECKS: [(&str, Check); 12] = [
    ("pages and markdown", pages_and_markdown),
    ("chosen pages", chosen_pages),
    ("bytes and images by content", bytes_and_images),
    ("images with pixels", images_with_pixels),
    ("no images", no_images),
    ("separate tables", separate_tables),
    ("headers and footers", headers_and_footers),
    ("blocks", blocks),
    ("confidence", confidence),
    ("warnings", warnings),
    ("usage and id", usage_and_id),
    ("errors", errors),
];

// A failure is told by its check's name.
#[allow(clippy::print_stderr)]
pub(crate) fn run(subject: &Subject) {
    for (name, check) in CHECKS {
        eprintln!("{}: {name}", subject.provider.name());
        check(subject);
    }
}

/// What the local engine says to a request, under the subject's eyes.
fn expected(request: &OcrRequest) -> recto::provider::OcrResponse {
    let local = Subject::local();
    local.read(&OcrRequest { model: Some(local.model.clone()), ..request.clone() })
}

/// A request with more than a document.
fn asking(subject: &Subject, file: &str, change: impl FnOnce(&mut OcrRequest)) -> OcrRequest {
    let mut request = subject.request(file);
    change(&mut request);
    request
}

fn pages_and_markdown(subject: &Subject) {
    let request = subject.request(REPORT);
    let (response, expected) = (subject.read(&request), expected(&request));
    assert_eq!(response.pages.len(), 2);
    for (page, expected) in response.pages.iter().zip(&expected.pages) {
        assert_eq!((page.index, &page.markdown), (expected.index, &expected.markdown));
        assert!(page.markdown.len() > 100);
        let (size, wanted) = (page.dimensions.unwrap(), expected.dimensions.unwrap());
        assert!((size.width_points - wanted.width_points).abs() < 0.5, "{size:?} {wanted:?}");
        assert!((size.height_points - wanted.height_points).abs() < 0.5);
        let width = size.width_points * size.dpi as f32 / 72.0;
        assert!((width - size.width as f32).abs() <= 1.0, "{size:?}");
        assert_eq!((&page.header, &page.footer, &page.blocks), (&None, &None, &None));
        assert!(page.tables.is_empty() && page.confidence.is_none());
        assert_eq!(page.hyperlinks, expected.hyperlinks);
    }
    assert_eq!((response.status, &response.language), (Status::Success, &expected.language));
    assert_eq!(response.warnings, []);
    assert_eq!(response.provider, subject.provider.name());
    assert_eq!(response.model, subject.model);
    let links = subject.read(&subject.request("pages/links.pdf"));
    assert_eq!(links.pages[0].hyperlinks, ["https://example.com/boats", "mailto:crew@example.com"]);
}

fn chosen_pages(subject: &Subject) {
    let request = asking(subject, REPORT, |r| r.pages = Some(PageSet::from_indices([1])));
    let response = subject.read(&request);
    let indices: Vec<usize> = response.pages.iter().map(|page| page.index).collect();
    assert_eq!(indices, [1]);
    assert_eq!(response.pages[0].markdown, expected(&request).pages[0].markdown);
    assert_eq!(response.usage.pages_processed, 1);
}

fn bytes_and_images(subject: &Subject) {
    let bytes = std::fs::read(super::path(SCAN)).unwrap();
    let request =
        OcrRequest { document: Source::bytes(bytes, "misnamed.pdf"), ..subject.request(SCAN) };
    let (response, expected) = (subject.read(&request), expected(&request));
    assert_eq!(response.pages[0].markdown, expected.pages[0].markdown);
    assert!(!expected.pages[0].markdown.is_empty());
    let (score, wanted) = (response.confidence.unwrap(), expected.confidence.unwrap());
    assert!((score - wanted).abs() < 1e-3, "{score} {wanted}");
}

/// Whether two boxes of a page are the same place, measured in points.
fn same_place(page: &OcrPage, a: PixelBox, other: &OcrPage, b: PixelBox) -> bool {
    let edges = |page: &OcrPage, r: PixelBox| {
        let scale = 72.0 / page.dimensions.unwrap().dpi as f32;
        [r.left, r.top, r.right, r.bottom].map(|edge| edge as f32 * scale)
    };
    edges(page, a).iter().zip(edges(other, b)).all(|(a, b)| (a - b).abs() <= 1.0)
}

fn images_with_pixels(subject: &Subject) {
    let request = asking(subject, REPORT, |r| r.include_image_base64 = true);
    let (response, expected) = (subject.read(&request), expected(&request));
    let (page, wanted) = (&response.pages[0], &expected.pages[0]);
    assert_eq!(page.images.len(), wanted.images.len());
    for (image, expected) in page.images.iter().zip(&wanted.images) {
        assert_eq!((&image.id, &image.base64), (&expected.id, &expected.base64));
        assert!(image.base64.as_ref().unwrap().starts_with("data:image/jpeg;base64,"));
        assert!(same_place(page, image.rect.unwrap(), wanted, expected.rect.unwrap()));
        assert!(page.markdown.contains(&format!("![{}]({})", image.id, image.id)));
    }
    let without = subject.read(&subject.request(REPORT));
    assert_eq!(without.pages[0].images[0].base64, None);
}

fn no_images(subject: &Subject) {
    for change in [
        |r: &mut OcrRequest| r.image_limit = Some(0),
        |r: &mut OcrRequest| r.image_min_size = Some(5000),
    ] {
        let response = subject.read(&asking(subject, REPORT, change));
        assert!(response.pages[0].images.is_empty());
        assert!(!response.pages[0].markdown.contains("!["));
    }
}

fn separate_tables(subject: &Subject) {
    for format in [OcrTableFormat::Html, OcrTableFormat::Markdown] {
        let request = asking(subject, REPORT, |r| r.table_format = Some(format));
        let (response, expected) = (subject.read(&request), expected(&request));
        assert_eq!(response.pages[1].tables, expected.pages[1].tables);
        assert_eq!(response.pages[1].tables.len(), 1);
        assert_eq!(response.pages[1].markdown, expected.pages[1].markdown);
    }
}

fn headers_and_footers(subject: &Subject) {
    let request = asking(subject, REPORT, |r| {
        r.extract_header = true;
        r.extract_footer = true;
    });
    let (response, expected) = (subject.read(&request), expected(&request));
    for (page, expected) in response.pages.iter().zip(&expected.pages) {
        assert!(page.header.is_some() && page.footer.is_some());
        assert_eq!((&page.header, &page.footer), (&expected.header, &expected.footer));
        assert_eq!(page.markdown, expected.markdown);
    }
}

fn blocks(subject: &Subject) {
    let request = asking(subject, REPORT, |r| r.include_blocks = true);
    let (response, expected) = (subject.read(&request), expected(&request));
    for (page, wanted) in response.pages.iter().zip(&expected.pages) {
        let (blocks, expected) = (page.blocks.as_ref().unwrap(), wanted.blocks.as_ref().unwrap());
        assert_eq!(blocks.len(), expected.len());
        for (block, expected) in blocks.iter().zip(expected) {
            assert_eq!((block.kind, &block.content), (expected.kind, &expected.content));
            assert_eq!(block.image_id, expected.image_id);
            assert!(same_place(page, block.rect, wanted, expected.rect), "{block:?} {expected:?}");
        }
    }
}

fn confidence(subject: &Subject) {
    let request = asking(subject, SCAN, |r| {
        r.confidence = Some(Granularity::Word);
        r.include_blocks = true;
    });
    let (response, expected) = (subject.read(&request), expected(&request));
    let of = |page: &OcrPage| page.confidence.clone().unwrap();
    let (scores, wanted) = (of(&response.pages[0]), of(&expected.pages[0]));
    let close = |a: f32, b: f32| (a - b).abs() < 1e-3;
    assert!(close(scores.average, wanted.average) && close(scores.minimum, wanted.minimum));
    let key = |word: &WordConfidence| (word.start_index, word.text.clone());
    let (words, expected_words) = (scores.words.unwrap(), wanted.words.unwrap());
    assert_eq!(
        words.iter().map(key).collect::<Vec<_>>(),
        expected_words.iter().map(key).collect::<Vec<_>>()
    );
    let both = words.iter().zip(&expected_words);
    assert!(both.clone().all(|(a, b)| close(a.confidence.unwrap(), b.confidence.unwrap())));
    let block = response.pages[0].blocks.as_ref().unwrap()[0].confidence.unwrap();
    let wanted = expected.pages[0].blocks.as_ref().unwrap()[0].confidence.unwrap();
    assert!(close(block.average.unwrap(), wanted.average.unwrap()));

    let request = asking(subject, SCAN, |r| r.confidence = Some(Granularity::Document));
    let response = subject.read(&request);
    assert!(response.pages[0].confidence.is_some());
    let scores = response.extra_fields.get("document_confidence");
    // Mistral has no such score, and says so.
    let told = response.warnings.iter().any(|w| w.option.as_deref() == Some("confidence"));
    assert_eq!(told, subject.kind == Some(RemoteKind::Mistral));
    assert_eq!(scores.is_some(), !told);
}

fn warnings(subject: &Subject) {
    let warned = |response: &OcrResponse, option: &str| {
        let warning = response.warnings.iter().find(|w| w.option.as_deref() == Some(option));
        assert_eq!(warning.map(|w| w.code), Some(WarningCode::OptionNotHonoured), "{option}");
    };
    let request = asking(subject, "pages/code.pdf", |r| r.parameters = json!({ "nonsense": 1 }));
    warned(&subject.read(&request), "nonsense");
    // Opper's interface has no annotations; the others' refuse them here, where nobody makes them.
    let request = asking(subject, "pages/code.pdf", |r| {
        r.document_annotation_format = Some(json!({ "type": "json_object" }));
    });
    if subject.kind == Some(RemoteKind::Opper) {
        warned(&subject.read(&request), "document_annotation_format");
    } else {
        let error = subject.fail(&request).chain();
        assert!(error.contains("document_annotation_format: the engine runs no"), "{error}");
    }
    // Options of the engine reach it where the interface has a place for them.
    let request =
        asking(subject, "pages/code.pdf", |r| r.parameters = json!({ "force_ocr": true }));
    let response = subject.read(&request);
    let takes = subject.kind != Some(RemoteKind::Mistral);
    assert_eq!(response.confidence.is_some(), takes, "{:?}", response.warnings);
    assert_eq!(response.warnings.iter().any(|w| w.option.as_deref() == Some("force_ocr")), !takes);
}

fn usage_and_id(subject: &Subject) {
    let request = asking(subject, REPORT, |r| r.id = Some("mine-7".to_owned()));
    let response = subject.read(&request);
    assert_eq!(response.id, "mine-7");
    let usage = response.usage;
    let size = std::fs::metadata(super::path(REPORT)).unwrap().len();
    assert_eq!((usage.pages_processed, usage.document_bytes), (2, Some(size)));
    let cost = match subject.kind {
        // Told by the service.
        None | Some(RemoteKind::Opper) => 0.0,
        _ => 2.0 * PRICE,
    };
    assert_eq!(usage.cost, Some(cost));
    let same = |request: &OcrRequest| subject.read(request).id;
    let request = subject.request("pages/code.pdf");
    assert_eq!(same(&request), same(&request));
}

fn errors(subject: &Subject) {
    let status = |error: &Error| match error {
        Error::Remote { provider, status, .. } => {
            assert_eq!(provider, "there");
            *status
        }
        _ => None,
    };
    let remote = subject.kind.is_some();
    let list = if subject.kind == Some(RemoteKind::Mistral) { 422 } else { 400 };
    for (change, kind, expected, words) in [
        (
            Box::new(|r: &mut OcrRequest| r.document = Source::bytes(*b"%PDF-1.7 no more", "a"))
                as Box<dyn FnOnce(&mut OcrRequest)>,
            ErrorKind::InvalidDocument,
            400,
            "damaged",
        ),
        (
            Box::new(|r| r.document = Source::bytes(*b"PK\x03\x04 some archive", "a")),
            ErrorKind::UnsupportedFormat,
            400,
            "recto reads PDF",
        ),
        (
            Box::new(|r| r.model = Some("there/some/other".to_owned())),
            ErrorKind::NotFound,
            404,
            "no provider serves the model",
        ),
        (
            Box::new(|r| r.pages = Some(PageSet::from_indices([99]))),
            ErrorKind::InvalidRequest,
            list,
            "page 99 does not exist",
        ),
    ] {
        let error = subject.fail(&asking(subject, "pages/code.pdf", change));
        let kind = if remote { ErrorKind::Remote } else { kind };
        assert_eq!((error.kind(), status(&error)), (kind, remote.then_some(expected)), "{error}");
        assert!(error.chain().contains(words), "{}", error.chain());
    }
    let missing =
        OcrRequest { document: Source::path("no/such.pdf"), ..subject.request("pages/code.pdf") };
    assert_eq!(subject.fail(&missing).kind(), ErrorKind::NotFound);
}
