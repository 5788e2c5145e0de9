//! The other subcommands.

use std::fs;

use crate::{Files, ran, recto, run};

#[test]
fn languages_are_listed_for_people_and_programs() {
    run(["languages"]).exits(0).prints("Swedish").prints("swe").prints("rapidocr");
    let json = run(["languages", "--json", "--quiet"]).exits(0).says_nothing();
    let list: Vec<serde_json::Value> = serde_json::from_str(&json.stdout).expect("JSON");
    assert!(list.len() > 180, "{}", list.len());
    let swedish = list.iter().find(|entry| entry["tag"] == "sv").expect("Swedish");
    assert_eq!(swedish["tesseract"], "swe");
    let installed = run(["languages", "--json", "--installed"]).exits(0);
    let some: Vec<serde_json::Value> = serde_json::from_str(&installed.stdout).expect("JSON");
    assert!(some.len() <= list.len() && some.iter().all(|entry| entry["installed"] == true));
}

#[test]
fn models_are_listed_with_their_origin() {
    let json = run(["models", "--json"]).exits(0).says_nothing();
    let list: Vec<serde_json::Value> = serde_json::from_str(&json.stdout).expect("JSON");
    let pdfium = list.iter().find(|entry| entry["name"] == "pdfium").expect("PDFium");
    assert!(pdfium["origin"].as_str().is_some_and(|origin| origin.contains("pypdfium2")));
    run(["models"]).exits(0).prints("pdfium").prints("licence");
}

#[test]
fn engines_are_listed_with_models_and_licences() {
    run(["engines"]).exits(0).prints("tesseract").prints("licence").prints("orientation");
    let json = run(["engines", "--json"]).exits(0).says_nothing();
    let list: Vec<serde_json::Value> = serde_json::from_str(&json.stdout).expect("JSON");
    let named = |name: &str| list.iter().find(|entry| entry["name"] == name).expect("an engine");
    for name in ["auto", "tesseract", "rapidocr", "easyocr"] {
        assert_eq!(named(name)["kind"], "ocr", "{name}");
    }
    assert!(named("easyocr")["known_languages"].as_u64() > Some(50));
    let models = named("pdfium")["models"].as_array().expect("a list");
    assert!(models[0]["origin"].as_str().is_some_and(|origin| origin.contains("pypdfium2")));
}

#[cfg(feature = "barcodes")]
#[test]
fn codes_and_languages_are_found_in_children_as_here() {
    let file =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/enrichment/figures.pdf");
    let asked = ["--enrich-code", "--enrich-picture-classes"];
    let here = crate::read([file.as_os_str()].into_iter().chain(asked.map(AsRef::as_ref))).exits(0);
    let here = here.prints("```python").prints("example.org/recto");
    let isolated = asked.into_iter().chain(["--isolate"]).map(AsRef::as_ref);
    let there = crate::read([file.as_os_str()].into_iter().chain(isolated)).exits(0);
    assert_eq!(here.stdout, there.stdout);
}

#[test]
fn the_doctor_says_what_is_missing() {
    let files = Files::new(&[("libpdfium.so", b"no library")]);
    let ran = run(["doctor".as_ref(), "--pdfium".as_ref(), files.path("libpdfium.so").as_os_str()]);
    ran.exits(1).prints("PDFium").prints("MISSING").prints("To do");
}

#[test]
fn a_dry_run_of_the_set_up_names_what_to_install() {
    let ran = run(["setup", "--dry-run"]);
    match ran.code {
        Some(0) => ran.prints("nothing is missing"),
        _ => ran.exits(1).prints("To do"),
    };
    run(["setup", "--dry-run", "--lang", "klingonish"]).exits(2).prints_nothing();
}

#[test]
fn the_bench_measures_sets_side_by_side() {
    let files = Files::pdfs(&["a.pdf", "b.pdf"]);
    let (a, b) = (files.path("a.pdf"), files.path("b.pdf"));
    let bench = |more: &[&str]| {
        ran(recto().arg("bench").args([&a, &b]).args(more).output().expect("recto starts"))
    };
    let table = bench(&["-n", "1"]).exits(0).prints("pages/s").prints("confidence");
    assert_eq!(table.stdout.lines().count(), 4, "a head, two files, all:\n{}", table.stdout);
    let json = bench(&["-n", "2", "--json", "--compare", "page: --pages 0"]).exits(0);
    let value: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(value["sets"][1]["label"], "page");
    let second = &value["files"][1]["sets"][1];
    assert_eq!(second["seconds_of_runs"].as_array().map(Vec::len), Some(2));
    assert!(second["time_ratio"].as_f64().is_some_and(|ratio| ratio > 0.0));
    fs::write(&b, "no document").expect("can write");
    bench(&["-n", "1"]).exits(3).prints("a.pdf").complains("b.pdf");
}
