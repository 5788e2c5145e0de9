//! Reading one document: formats, sources, options, streams.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::Stdio;

use crate::{Files, Ran, pdf, ran, read, recto, testdata};

#[test]
fn markdown_goes_to_stdout_and_nothing_else_does() {
    let files = Files::pdfs(&["a.pdf"]);
    read([files.path("a.pdf")]).exits(0).prints("Text of a.pdf").says_nothing();
}

#[test]
fn formats_are_what_they_say() {
    let report = testdata("pages/report.pdf");
    let format = |format: &str| read([report.as_os_str(), "--format".as_ref(), format.as_ref()]);
    let markdown = format("md").exits(0);
    assert!(markdown.stdout.contains("\n# "), "{}", markdown.stdout);
    let text = format("text").exits(0);
    assert!(!text.stdout.contains("# "), "{}", text.stdout);
    let json = format("json").exits(0);
    let document: recto::Document = serde_json::from_str(&json.stdout).expect("a document");
    assert_eq!((document.page_count, document.pages.len()), (2, 2));
    assert_eq!(document.name.as_deref(), Some("report.pdf"));
}

#[test]
fn the_full_profile_has_page_headers_and_the_other_has_not() {
    let report = testdata("pages/report.pdf");
    // The title stands on the page, and again at the top of both pages.
    let titles = |ran: Ran| ran.stdout.matches("Rain Gardens on Mill Street").count();
    let docling = read([report.as_os_str(), "--profile".as_ref(), "docling".as_ref()]).exits(0);
    assert_eq!(titles(docling), 1);
    assert_eq!(titles(read([report]).exits(0)), 3);
}

#[test]
fn standard_input_is_read() {
    let mut child = recto()
        .args(["read", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("recto starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(&pdf(&[Some("Through the pipe")])).expect("recto reads");
    drop(stdin);
    ran(child.wait_with_output().expect("recto ends")).exits(0).prints("Through the pipe");
}

#[test]
fn empty_standard_input_is_an_error() {
    let output = recto().args(["read", "-"]).stdin(Stdio::null()).output().expect("recto starts");
    ran(output).exits(1).complains("stdin is empty").prints_nothing();
}

#[test]
fn a_data_uri_is_read() {
    // Percent-encoded, so that the test needs no base64.
    let encoded: String =
        pdf(&[Some("Inline")]).iter().map(|byte| format!("%{byte:02X}")).collect();
    read([format!("data:application/pdf,{encoded}")]).exits(0).prints("Inline");
}

#[test]
fn a_url_typed_is_consent_to_fetch_it() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/papers/remote.pdf", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("recto connects");
        let mut request = BufReader::new(stream);
        let mut line = String::new();
        while request.read_line(&mut line).expect("a request") > 2 {
            line.clear();
        }
        let body = pdf(&[Some("From afar")]);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let mut stream = request.into_inner();
        stream.write_all(head.as_bytes()).expect("recto listens");
        stream.write_all(&body).expect("recto listens");
    });
    let mut command = recto();
    for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    ran(command.args(["read", &url]).output().expect("recto starts")).exits(0).prints("From afar");
    server.join().expect("one request");
}

#[test]
fn pages_are_chosen_from_zero() {
    let files = Files::new(&[("a.pdf", &pdf(&[Some("first"), Some("second"), Some("third")]))]);
    let pages =
        |pages: &str| read([files.path("a.pdf").as_os_str(), "--pages".as_ref(), pages.as_ref()]);
    let two = pages("2,0").exits(0);
    assert_eq!(two.stdout.split_whitespace().collect::<Vec<_>>(), ["first", "third"]);
    let rest = pages("1-").exits(0);
    assert_eq!(rest.stdout.split_whitespace().collect::<Vec<_>>(), ["second", "third"]);
    pages("1,7")
        .exits(2)
        .complains("page 7 does not exist")
        .complains("3 page(s)")
        .prints_nothing();
}

#[test]
fn the_page_break_stands_between_pages() {
    let files = Files::new(&[("a.pdf", &pdf(&[Some("first"), Some("second")]))]);
    let broken = read([files.path("a.pdf").as_os_str(), "--page-break".as_ref(), "-----".as_ref()]);
    assert_eq!(broken.exits(0).stdout, "first\n\n-----\n\nsecond\n");
}

#[test]
fn an_option_without_effect_is_told() {
    let files = Files::pdfs(&["a.pdf"]);
    let read_with = |more: &[&str]| {
        let mut command = recto();
        command.arg("read").arg(files.path("a.pdf")).args(["--format", "json", "--tables", "html"]);
        ran(command.args(more).output().expect("recto starts")).exits(0)
    };
    read_with(&[]).complains("recto: warning: --tables");
    read_with(&["--quiet"]).says_nothing();
}

#[test]
fn a_closed_pipe_is_success() {
    let mut child = recto()
        .arg("read")
        .arg(testdata("pages/report.pdf"))
        .arg(testdata("pages/lists.pdf"))
        .args(["--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("recto starts");
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
    assert_eq!((child.wait().expect("recto ends").code(), said.as_str()), (Some(0), ""));
}

#[test]
fn the_password_comes_from_the_option_or_the_environment() {
    let encrypted = testdata("pages/encrypted.pdf");
    read([&encrypted]).exits(1).complains("encrypted").complains("--password").prints_nothing();
    let with =
        |password: &str| read([encrypted.as_os_str(), "--password".as_ref(), password.as_ref()]);
    with("wrong").exits(1).complains("password").prints_nothing();
    let opened = with("secret").exits(0);
    assert!(!opened.stdout.trim().is_empty());
    let output = recto().arg("read").arg(&encrypted).env("RECTO_PASSWORD", "secret").output();
    assert_eq!(ran(output.expect("recto starts")).exits(0).stdout, opened.stdout);
}

#[test]
fn the_number_of_workers_changes_no_byte() {
    let documents = ["pages/report.pdf", "pages/two-columns.pdf", "pages/scan.pdf"].map(testdata);
    let outputs = ["1", "2", "4"].map(|jobs| {
        let mut command = recto();
        command.arg("read").args(&documents).args(["--format", "json", "--lang", "en"]);
        ran(command.args(["--jobs", jobs]).output().expect("recto starts")).exits(0).stdout
    });
    assert!(!outputs[0].is_empty());
    assert!(outputs[1] == outputs[0] && outputs[2] == outputs[0]);
}

/// Whether the models of text are installed; says so where not.
#[allow(clippy::print_stderr)] // why a test is skipped
fn have_text_models() -> bool {
    let there = recto::setup::model("text-recognition-tiny").is_some();
    if !there {
        eprintln!("skipped: the models of text are not installed");
    }
    there
}

#[test]
fn the_neural_engine_reads_and_says_so() {
    if !have_text_models() {
        return;
    }
    let image = testdata("ocr/text.png");
    let with = |more: &[&str]| {
        let arguments = [image.to_str().expect("a path"), "--format", "json"];
        let ran = read(arguments.iter().chain(more)).exits(0);
        serde_json::from_str::<recto::Document>(&ran.stdout).expect("a document")
    };
    let neural = with(&["--engine", "rapidocr"]);
    assert_eq!(neural.engines(), [recto::OcrEngine::RapidOcr]);
    assert!(neural.to_markdown().contains("liquor jugs, 1,234.50"), "{}", neural.to_markdown());
    assert!(neural.warnings.is_empty(), "{:?}", neural.warnings);
    // In another process, to the word.
    let isolated = with(&["--engine", "rapidocr", "--isolate"]);
    assert_eq!(isolated.pages, neural.pages);
    // EasyOCR's codes are understood, and who read is said.
    let easy = with(&["--engine", "easyocr", "--lang", "en,rs_latin"]);
    assert_eq!(easy.engines(), [recto::OcrEngine::RapidOcr]);
    let told = easy.warnings.iter().any(|w| w.message.contains("models of rapidocr read"));
    assert!(told, "{:?}", easy.warnings);
}

#[test]
fn a_language_that_no_neural_model_reads_is_refused_with_what_would() {
    if !have_text_models() {
        return;
    }
    let image = testdata("ocr/text.png");
    let image = image.to_str().expect("a path");
    let ran = read([image, "--engine", "easyocr", "--lang", "th"]).exits(2).prints_nothing();
    for part in ["Thai", "tesseract", "--model-dir"] {
        assert!(ran.stderr.contains(part), "no {part}: {}", ran.stderr);
    }
}

#[test]
fn a_folder_without_models_is_named() {
    if !cfg!(feature = "onnx") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (image, folder) = (testdata("ocr/text.png"), folder.path());
    let ran = read([
        image.as_os_str(),
        "--engine".as_ref(),
        "rapidocr".as_ref(),
        "--model-dir".as_ref(),
        folder.as_os_str(),
    ]);
    let ran = ran.exits(2).prints_nothing();
    assert!(ran.stderr.contains("*det*.onnx"), "{}", ran.stderr);
}
