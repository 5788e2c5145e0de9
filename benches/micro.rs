//! One stage at a time: `cargo bench --features full --bench micro`.

// A bench that cannot run should say so at once.
#![allow(clippy::expect_used)]

use std::path::{Path, PathBuf};

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use recto::export::{self, MarkdownOptions};
use recto::internal::{Pdf, lay_out};
use recto::{Document, Engine, Options, Source};
#[cfg(feature = "tesseract")]
use recto::{Language, OcrMode, PageSet};

/// Documents with a text layer: running text, two columns, tables.
const DIGITAL: [&str; 3] = ["report.pdf", "two-columns.pdf", "tables.pdf"];
/// Pages that are pixels.
#[cfg(feature = "tesseract")]
const SCANS: [&str; 3] = ["scan.pdf", "scan-two-columns.tif", "swedish-scan.png"];

fn main() {
    divan::main();
}

fn page(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/pages").join(name)
}

fn open(name: &str) -> Pdf {
    Pdf::open(&page(name)).expect("the test document opens")
}

fn document(name: &str) -> Document {
    let engine = Engine::builder().workers(1).build().expect("an engine");
    engine.read(Source::path(page(name)), &Options::default()).expect("the document reads")
}

/// The first page to gray pixels.
#[divan::bench(args = [150.0, 200.0, 300.0])]
fn render(bencher: Bencher<'_, '_>, dpi: f32) {
    let pdf = open("report.pdf");
    bencher.bench_local(|| pdf.render(0, black_box(dpi)).expect("it renders"));
}

/// Words, rules, placements and links of the first page.
#[divan::bench(args = DIGITAL)]
fn text_layer(bencher: Bencher<'_, '_>, name: &str) {
    let pdf = open(name);
    let words = pdf.text_layer(0).expect("it reads").words.len();
    bencher
        .counter(ItemsCount::new(words))
        .bench_local(|| pdf.text_layer(black_box(0)).expect("it reads"));
}

/// The first page from pixels to words and blocks, on one thread.
#[cfg(feature = "tesseract")]
#[divan::bench(args = SCANS, sample_count = 5, sample_size = 1)]
fn ocr_page(bencher: Bencher<'_, '_>, name: &str) {
    let engine = Engine::builder().workers(1).build().expect("an engine");
    let language = if name.starts_with("swedish") { "sv" } else { "en" };
    let options = Options {
        ocr: OcrMode::Always,
        languages: vec![Language::parse(language).expect("a language")],
        pages: Some(PageSet::from_indices([0])),
        ..Options::default()
    };
    let bytes = std::fs::read(page(name)).expect("the test document is there");
    let read = || {
        let source = Source::bytes(bytes.clone(), name);
        engine.read(source, &options).expect("the page reads")
    };
    // Loads the model.
    read();
    bencher.bench_local(read);
}

/// From words and rules of the first page to blocks in reading order.
#[divan::bench(args = DIGITAL)]
fn layout_page(bencher: Bencher<'_, '_>, name: &str) {
    let read = open(name).text_layer(0).expect("it reads");
    let options = Options::default();
    bencher
        .counter(ItemsCount::new(read.words.len()))
        .with_inputs(|| vec![read.clone()])
        .bench_local_values(|reads| lay_out(reads, &options));
}

/// The whole document as text.
#[divan::bench(args = DIGITAL)]
fn export_markdown(bencher: Bencher<'_, '_>, name: &str) {
    let document = document(name);
    let options = MarkdownOptions::default();
    bencher.bench_local(|| export::markdown(black_box(&document), &options));
}

/// The whole document as JSON.
#[divan::bench(args = DIGITAL)]
fn export_json(bencher: Bencher<'_, '_>, name: &str) {
    let document = document(name);
    bencher.bench_local(|| export::json(black_box(&document)));
}
