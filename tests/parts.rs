//! Documents read in parts and joined: the same as read at once.

#![allow(clippy::expect_used, clippy::panic)] // What cannot be read fails the test.

mod made;

use std::fs;
use std::path::{Path, PathBuf};

use recto::{
    Call, Document, Engine, ErrorKind, Limits, OcrMode, Options, PageSet, PartRead, Source, Status,
    WarningCode,
};

fn engine() -> Engine {
    Engine::builder().workers(2).build().expect("an engine")
}

fn testdata() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/pages");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "pdf"))
        .collect();
    files.sort();
    files
}

/// As JSON, which has no times in it.
fn json(document: &Document) -> String {
    serde_json::to_string(document).expect("JSON")
}

/// Through bytes, as between machines.
fn part(engine: &Engine, source: &Source, options: &Options, pages: &[usize]) -> PartRead {
    let pages = Some(PageSet::from_indices(pages.iter().copied()));
    let options = Options { pages, ..options.clone() };
    let part = engine.read_part(source.clone(), &options, &Call::default()).expect("a part");
    PartRead::from_bytes(&part.to_bytes().expect("bytes")).expect("a part")
}

/// Each part counts from nothing.
#[test]
fn the_pixels_of_all_parts_count_together() {
    let options = Options { ocr: OcrMode::Always, ..Options::default() };
    let source = Source::bytes(made::pdf(2), "a.pdf");
    let reader = engine();
    // Two pages of 612 by 792 points at 300 dots per inch are 17 million.
    for (document_pixels, fits) in [(18_000_000, true), (16_000_000, false)] {
        let limits = Limits { document_pixels, ..Limits::default() };
        let engine = Engine::builder().workers(1).limits(limits).build().expect("an engine");
        let parts = [0, 1].map(|page| part(&reader, &source, &options, &[page]));
        let joined = engine.join_parts(source.clone(), &options, parts.into(), &Call::default());
        match joined {
            Ok(_) => assert!(fits),
            Err(error) => {
                assert_eq!((error.kind(), fits), (ErrorKind::TooLarge, false), "{error}");
                assert!(error.to_string().contains("document_pixels"), "{error}");
            }
        }
    }
}

#[test]
fn a_document_read_in_parts_is_the_same_to_the_byte() {
    let engine = engine();
    let options = Options { password: Some("secret".to_owned()), ..Options::default() };
    let mut several = 0;
    for file in testdata() {
        let source = Source::path(&file);
        let whole = engine.read(source.clone(), &options).expect("a document");
        let call = Call::default();
        let pages = engine.selected_pages(source.clone(), &options, &call).expect("pages");
        assert_eq!(pages.len(), whole.page_count);
        several += usize::from(pages.len() > 1);
        // The last comes first.
        let parts = pages.chunks(2).rev().map(|pages| part(&engine, &source, &options, pages));
        let joined = engine.join_parts(source.clone(), &options, parts.collect(), &call);
        assert_eq!(json(&joined.expect("a document")), json(&whole), "{}", file.display());
    }
    assert!(several > 3);
}

#[test]
fn pages_of_parts_that_failed_or_are_not_there_fail() {
    let engine = engine();
    let source = Source::bytes(made::pdf(6), "made.pdf");
    let options = Options { pages: Some(PageSet::from_indices(0..5)), ..Options::default() };
    let call = Call::default();
    assert_eq!(
        engine.selected_pages(source.clone(), &options, &call).expect("pages"),
        [0, 1, 2, 3, 4]
    );
    let parts = vec![
        part(&engine, &source, &options, &[0, 1]),
        PartRead::failed([2, 3], "set aside"),
        // Twice, and one page that nobody asked for.
        part(&engine, &source, &options, &[1, 5]),
    ];
    let document = engine.join_parts(source.clone(), &options, parts, &call).expect("a document");
    assert_eq!(document.status, Status::Partial);
    assert_eq!(document.pages.iter().map(|page| page.index).collect::<Vec<_>>(), [0, 1]);
    let failed: Vec<_> = document
        .warnings
        .iter()
        .filter(|warning| warning.code == WarningCode::PageFailed)
        .map(|warning| (warning.page.expect("a page"), warning.message.as_str()))
        .collect();
    let expected = [
        (2, "page 2 could not be read: set aside"),
        (3, "page 3 could not be read: set aside"),
        (4, "page 4 could not be read: it is in no part"),
    ];
    assert_eq!(failed, expected);
    let strict = Options { abort_on_error: true, ..options };
    let parts = vec![PartRead::failed([0], "set aside")];
    let error = engine.join_parts(source, &strict, parts, &call).expect_err("a page failed");
    assert!(error.chain().contains("set aside"), "{}", error.chain());
}

#[test]
fn what_is_no_part_is_told() {
    let error = PartRead::from_bytes(b"[]").expect_err("it is none");
    assert!(error.chain().starts_with("parts failed: "), "{}", error.chain());
}
