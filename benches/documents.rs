//! Whole documents, from bytes to markdown: `cargo bench --features full --bench documents`.
//!
//! `recto bench` measures your own documents, and compares options side by side.

// A bench that cannot run should say so at once.
#![allow(clippy::expect_used)]

use std::path::Path;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
#[cfg(feature = "tesseract")]
use recto::Language;
use recto::{Document, Engine, Options, Source};

/// Documents whose text layer is used.
const DIGITAL: [&str; 8] = [
    "report.pdf",
    "two-columns.pdf",
    "tables.pdf",
    "lists.pdf",
    "code.pdf",
    "russian.pdf",
    "arabic.pdf",
    "japanese.pdf",
];
/// Documents that are recognised, all in English.
#[cfg(feature = "tesseract")]
const SCANS: [&str; 5] =
    ["scan.pdf", "scan-two-columns.tif", "photo.jpg", "garbage-layer.pdf", "hidden-layer.pdf"];

fn main() {
    divan::main();
}

#[divan::bench(args = DIGITAL)]
fn digital(bencher: Bencher<'_, '_>, name: &str) {
    whole(bencher, name, &Options::default());
}

#[cfg(feature = "tesseract")]
#[divan::bench(args = SCANS, sample_count = 5, sample_size = 1)]
fn scanned(bencher: Bencher<'_, '_>, name: &str) {
    let english = Language::parse("en").expect("a language");
    whole(bencher, name, &Options { languages: vec![english], ..Options::default() });
}

fn whole(bencher: Bencher<'_, '_>, name: &str, options: &Options) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/pages").join(name);
    let bytes: Arc<[u8]> = std::fs::read(path).expect("the test document is there").into();
    let engine = Engine::builder().build().expect("an engine");
    let read = || -> Document {
        let source = Source::bytes(Arc::clone(&bytes), name);
        engine.read(source, options).expect("the document reads")
    };
    // Loads PDFium and the models.
    let pages = read().pages.len();
    bencher.counter(ItemsCount::new(pages)).bench_local(|| read().to_markdown());
}
