//! What cannot be read.

use std::time::Instant;

use crate::{Files, PATIENCE, read, run, testdata};

#[test]
fn bad_documents_get_one_clear_error() {
    for (name, message) in [
        ("broken/empty.pdf", "is empty"),
        ("broken/text-named.pdf", "text"),
        ("broken/archive.pdf", "ZIP"),
        ("broken/zero-pages.pdf", "no pages"),
        ("broken/bad.tif", "bad.tif"),
        ("nowhere.pdf", "nowhere.pdf"),
    ] {
        let ran = read([testdata(name)]).exits(1).prints_nothing().complains(message);
        assert_eq!(ran.stderr.lines().count(), 1, "{name}: {}", ran.stderr);
        assert!(ran.stderr.starts_with("recto: error: "), "{name}: {}", ran.stderr);
    }
}

#[test]
fn damaged_documents_are_read_or_refused_but_never_hang() {
    for name in [
        "broken/truncated.pdf",
        "broken/broken-xref.pdf",
        "broken/deep-nesting.pdf",
        "broken/truncated.jpg",
        "broken/one-pixel.png",
        "broken/salt-noise.png",
        "broken/huge-white.png",
    ] {
        let started = Instant::now();
        let ran = read([testdata(name).as_os_str(), "--lang".as_ref(), "en".as_ref()]);
        assert!(started.elapsed() < PATIENCE, "{name} took {:?}", started.elapsed());
        assert!(!ran.stderr.contains("panicked"), "{name}: {}", ran.stderr);
        match ran.code {
            Some(0) => {}
            Some(1 | 3) => assert!(ran.stderr.contains(": "), "{name}: {}", ran.stderr),
            code => panic!("{name}: exit {code:?}: {}", ran.stderr),
        }
    }
}

#[test]
fn a_broken_xref_is_repaired() {
    read([testdata("broken/broken-xref.pdf")]).exits(0).prints("table of this file is wrong");
}

#[test]
fn a_folder_is_no_document() {
    let files = Files::new(&[]);
    read([files.0.path()]).exits(1).complains("cannot read");
}

#[test]
fn an_unknown_language_is_named() {
    let files = Files::pdfs(&["a.pdf"]);
    let ran = read([files.path("a.pdf").as_os_str(), "--lang".as_ref(), "en,xqz".as_ref()]);
    ran.exits(2).complains("\"xqz\"").complains("recto languages").prints_nothing();
}

#[test]
fn a_language_that_is_not_installed_is_named_with_the_command_that_helps() {
    let list = run(["languages", "--json"]).exits(0).stdout;
    let list: Vec<serde_json::Value> = serde_json::from_str(&list).expect("JSON");
    let missing = list.iter().find(|entry| {
        entry["installed"] == false && entry["tesseract"].as_str().is_some_and(|c| c.len() == 3)
    });
    // A machine with every model has nothing to test.
    let Some(tag) = missing.and_then(|entry| entry["tag"].as_str()) else { return };
    // Under `auto` another engine might read it.
    let scan = testdata("pages/scan.pdf");
    let ran = read(["--engine", "tesseract", "--lang", tag, scan.to_str().expect("UTF-8")]);
    ran.exits(1).complains(tag).complains("install").prints_nothing();
}

#[test]
fn a_library_that_is_not_there_is_named_with_the_way_to_get_it() {
    let files = Files::pdfs(&["a.pdf"]);
    let (file, library) = (files.path("a.pdf"), files.path("libpdfium.so"));
    let ran = read([file.as_os_str(), "--pdfium".as_ref(), library.as_ref()]);
    ran.exits(1).complains("PDFium").complains("recto setup").prints_nothing();
}
