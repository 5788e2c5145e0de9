//! Formulas of whole documents: the LaTeX that recto rebuilds for `testdata/formulas`.
//!
//! `<name>.latex` has a formula on each line, in the order of the page, as recto writes it; that each is the formula of the
//! source beside it (`<name>.tex`, `<name>.html`) was checked with `scripts/score_formulas.py`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use recto::export::{self, DoclingOptions};
use recto::{
    Call, Document, Engine, Error, FormulaReader, Language, OcrMode, Options, PageImage, Role,
    Source,
};

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/formulas").join(name)
}

fn read(name: &str, enrich: bool) -> Document {
    let engine = Engine::builder().build().expect("an engine");
    let options =
        Options { ocr: OcrMode::Never, do_formula_enrichment: enrich, ..Options::default() };
    engine.read(Source::path(testdata(name)), &options).expect("a document")
}

fn formulas(document: &Document) -> Vec<String> {
    let blocks = document.pages.iter().flat_map(|page| &page.blocks);
    blocks
        .filter_map(|block| match &block.role {
            Role::Formula { latex } => Some(latex.clone().unwrap_or_else(|| "(plain)".to_owned())),
            _ => None,
        })
        .collect()
}

fn check(name: &str) {
    let found = formulas(&read(&format!("{name}.pdf"), true));
    let expected = std::fs::read_to_string(testdata(&format!("{name}.latex"))).unwrap();
    let expected: Vec<&str> = expected.lines().collect();
    for (n, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert_eq!(found, expected, "formula {n} of {name}");
    }
    assert_eq!(found.len(), expected.len(), "{name}");
}

#[test]
fn computer_modern() {
    check("computer-modern");
}

#[test]
fn times() {
    check("times");
}

#[test]
fn two_columns() {
    check("two-columns");
}

#[test]
fn mathml_printed_by_a_browser() {
    check("chromium");
}

#[test]
fn exports_have_the_latex_and_the_plain_text_beside_it() {
    let document = read("times.pdf", true);
    let first = formulas(&document).remove(0);
    let markdown = document.to_markdown();
    assert!(markdown.contains(&format!("$${first}$$")), "{markdown}");
    let json = export::docling_document(&document, &DoclingOptions::default());
    let item = json["texts"].as_array().unwrap().iter().find(|t| t["label"] == "formula").unwrap();
    assert_eq!(item["text"], first.as_str());
    assert_ne!(item["orig"], item["text"]);
    assert!(export::doctags(&json).contains(&first));
    assert!(!export::text(&document).contains('\\'));
}

#[test]
fn without_being_asked_for_there_is_no_latex() {
    let document = read("times.pdf", false);
    assert!(formulas(&document).iter().all(|f| f == "(plain)"));
    assert!(!document.to_markdown().contains("\\frac"));
}

/// Reads every formula as the same one, and remembers what it was shown.
#[derive(Debug, Default)]
struct Reader(Mutex<Vec<(u32, u32)>>);

impl FormulaReader for Reader {
    fn latex(&self, picture: &PageImage, _: &Call) -> Result<String, Error> {
        self.0.lock().unwrap().push((picture.width(), picture.height()));
        Ok(r"\[ e = mc^2 \]".to_owned())
    }
}

#[test]
fn formulas_of_pixels_are_read_by_the_engines_reader() {
    let reader = Arc::new(Reader::default());
    let engine = Engine::builder().formula_reader(reader.clone()).build().expect("an engine");
    let options = Options {
        ocr: OcrMode::Always,
        languages: Language::parse_list("en").unwrap(),
        do_formula_enrichment: true,
        ..Options::default()
    };
    let document = engine.read(Source::path(testdata("times.pdf")), &options).expect("a document");
    let found = formulas(&document);
    let shown = reader.0.lock().unwrap();
    assert!(!found.is_empty(), "none was found: {}", document.to_markdown());
    assert_eq!(found, vec!["e = mc^2"; shown.len()]);
    // Cut out of the page: wider than high, and no whole page.
    assert!(shown.iter().all(|(w, h)| w > h && *h < 600), "{shown:?}");
    assert!(document.to_markdown().contains("$$e = mc^2$$"));
    assert!(document.warnings.iter().all(|w| w.option.is_none()), "{:?}", document.warnings);
}
