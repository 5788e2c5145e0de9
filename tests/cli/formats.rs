//! HTML, hOCR, ALTO and searchable PDF.

use std::fs;

use crate::{Files, ran, read, recto, testdata};

#[test]
fn html_hocr_and_alto_go_to_stdout() {
    let report = testdata("pages/report.pdf");
    let format = |format: &str| read([report.as_os_str(), "--format".as_ref(), format.as_ref()]);
    let hocr = format("hocr").exits(0).prints("image &quot;report.pdf&quot;").says_nothing();
    assert_eq!(hocr.stdout.matches("class=\"ocr_page\"").count(), 2);
    let html =
        format("html").exits(0).prints("<h1>Rain Gardens on Mill Street</h1>").says_nothing();
    assert!(html.stdout.contains("<th>Season</th>"), "{}", html.stdout);
    let alto = format("alto").exits(0).prints("<fileName>report.pdf</fileName>").says_nothing();
    assert_eq!(alto.stdout.matches("<Page ").count(), 2);
}

#[test]
fn whole_files_are_not_strung_together() {
    let files = Files::pdfs(&["a.pdf", "b.pdf"]);
    let (a, b) = (files.path("a.pdf"), files.path("b.pdf"));
    for format in ["html", "hocr", "alto", "pdf"] {
        let ran = read([a.as_os_str(), b.as_ref(), "--format".as_ref(), format.as_ref()]);
        ran.exits(2).complains("-o DIR/").prints_nothing();
    }
}

#[test]
fn a_folder_takes_each_format_under_its_ending() {
    let files = Files::pdfs(&["in/a.pdf", "in/b.pdf"]);
    let out = files.path("out");
    for (format, ending) in [("html", "html"), ("hocr", "hocr"), ("alto", "xml"), ("pdf", "pdf")] {
        let mut command = recto();
        command.arg("read").args([files.path("in/a.pdf"), files.path("in/b.pdf")]);
        command.args(["--format", format, "-o"]).arg(&out);
        ran(command.output().expect("recto starts")).exits(0);
        for name in ["a", "b"] {
            let file = out.join(name).with_extension(ending);
            assert!(!fs::read(&file).expect("a result").is_empty(), "{}", file.display());
        }
    }
}

#[test]
fn a_pdf_whose_text_layer_was_used_comes_out_as_it_is() {
    let report = testdata("pages/report.pdf");
    let output = recto().arg("read").arg(&report).args(["--format", "pdf"]).output();
    let output = output.expect("recto starts");
    assert!(output.stdout == fs::read(report).expect("the sample"), "it was changed");
}

#[test]
fn a_scan_becomes_searchable_and_stays_what_it_was() {
    let files = Files::new(&[]);
    for name in ["scan.pdf", "photo.jpg", "scan-two-columns.tif", "swedish-scan.png"] {
        let original = testdata(&format!("pages/{name}"));
        let out = files.path("out.pdf");
        let write = || {
            let _ = fs::remove_file(&out);
            let mut command = recto();
            command
                .arg("read")
                .arg(&original)
                .args(["--lang", "en", "--format", "pdf", "-o"])
                .arg(&out);
            ran(command.output().expect("recto starts")).exits(0);
            fs::read(&out).expect("a result")
        };
        let (bytes, before) = (write(), fs::read(&original).expect("the sample"));
        assert!(bytes == write(), "{name}: another run gives other bytes");
        if name == "scan.pdf" {
            assert!(bytes.starts_with(&before), "the original is not what the result begins with");
        }
        if name == "photo.jpg" {
            let whole = bytes.windows(before.len()).any(|window| window == before);
            assert!(whole, "the JPEG data are not in it as they were");
        }
        // The layer says what recognition said.
        let words = |ran: crate::Ran| -> Vec<String> {
            let mut words: Vec<String> =
                ran.exits(0).stdout.split_whitespace().map(str::to_owned).collect();
            words.sort();
            words
        };
        let said = words(read([
            original.as_os_str(),
            "-ftext".as_ref(),
            "--lang".as_ref(),
            "en".as_ref(),
        ]));
        let layer =
            words(read([out.as_os_str(), "-ftext".as_ref(), "--ocr".as_ref(), "never".as_ref()]));
        let kept = said.iter().filter(|word| layer.binary_search(word).is_ok()).count();
        assert!(
            kept * 100 > said.len() * 90,
            "{name}: {kept} of {} words\n{said:?}\n{layer:?}",
            said.len()
        );
    }
}

#[test]
fn an_encrypted_pdf_needs_its_password_for_pdf_too() {
    let encrypted = testdata("pages/encrypted.pdf");
    read([encrypted.as_os_str(), "-fpdf".as_ref()])
        .exits(1)
        .complains("--password")
        .prints_nothing();
}

#[test]
fn options_without_effect_on_whole_files_are_told() {
    let files = Files::pdfs(&["a.pdf"]);
    let a = files.path("a.pdf");
    let ran = read([a.as_os_str(), "-fhocr".as_ref(), "--profile".as_ref(), "full".as_ref()]);
    ran.exits(0).complains("--profile has no effect on hOCR output");
}
