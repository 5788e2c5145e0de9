//! The program as people and scripts meet it: exit codes, streams, files, messages.

// Helpers fail the test that calls them.
#![allow(clippy::expect_used, clippy::panic)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// No test document takes longer than this, on a busy machine and unoptimised.
const PATIENCE: Duration = Duration::from_secs(120);

fn recto() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("recto"));
    command.env_remove("RECTO_PASSWORD").env_remove("RUST_LOG");
    command
}

/// What a run left behind.
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
    }
}

fn run<I: IntoIterator<Item: AsRef<std::ffi::OsStr>>>(arguments: I) -> Ran {
    ran(recto().args(arguments).output().expect("recto starts"))
}

fn read<I: IntoIterator<Item: AsRef<std::ffi::OsStr>>>(arguments: I) -> Ran {
    ran(recto().arg("read").args(arguments).output().expect("recto starts"))
}

impl Ran {
    #[track_caller]
    fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        // A panic is never the answer.
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    #[track_caller]
    fn prints(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "{text:?} is not in stdout:\n{}", self.stdout);
        self
    }

    #[track_caller]
    fn complains(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "{text:?} is not in stderr:\n{}", self.stderr);
        self
    }

    #[track_caller]
    fn prints_nothing(self) -> Self {
        assert_eq!(self.stdout, "");
        self
    }

    #[track_caller]
    fn says_nothing(self) -> Self {
        assert_eq!(self.stderr, "");
        self
    }
}

/// A PDF with a page for each text, in Helvetica; `None` is a page that is not there.
fn pdf(pages: &[Option<&str>]) -> Vec<u8> {
    let mut objects = vec![String::new(), String::new()];
    objects.push("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned());
    let mut kids = String::new();
    for page in pages {
        let Some(text) = page else {
            kids.push_str("999 0 R ");
            continue;
        };
        let content = format!("BT /F 12 Tf 72 720 Td ({text}) Tj ET");
        objects.push(format!("<</Length {}>>stream\n{content}\nendstream", content.len()));
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents {} 0 R\
             /Resources<</Font<</F 3 0 R>>>>>>",
            objects.len()
        ));
        kids.push_str(&format!("{} 0 R ", objects.len()));
    }
    objects[0] = "<</Type/Catalog/Pages 2 0 R>>".to_owned();
    objects[1] = format!("<</Type/Pages/Kids[{kids}]/Count {}>>", pages.len());
    let mut file = "%PDF-1.4\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (i, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", i + 1));
    }
    let start = file.len();
    file.push_str(&table);
    file.push_str(&format!(
        "trailer<</Size {}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    ));
    file.into_bytes()
}

/// A folder with files in it.
struct Files(TempDir);

impl Files {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for (name, bytes) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("can make it");
            fs::write(path, bytes).expect("can write");
        }
        Self(dir)
    }

    /// A text PDF for each name, with that name as its text.
    fn pdfs(names: &[&str]) -> Self {
        let files: Vec<_> =
            names.iter().map(|name| (*name, pdf(&[Some(&format!("Text of {name}"))]))).collect();
        let files: Vec<_> = files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
        Self::new(&files)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }
}

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

// ---- help and usage ----

#[test]
fn help_lists_every_option() {
    let options: [(&str, &[&str]); 6] = [
        (
            "read",
            &[
                "--output",
                "--format",
                "--profile",
                "--page-break",
                "--tables",
                "--pages",
                "--lang",
                "--ocr",
                "--engine",
                "--dpi",
                "--password",
                "RECTO_PASSWORD",
                "--table-mode",
                "--timeout",
                "--abort-on-error",
                "--jobs",
                "--tessdata",
                "--pdfium",
                "--verbose",
                "--quiet",
            ],
        ),
        ("setup", &["--lang", "--dry-run"]),
        ("doctor", &["--tessdata", "--pdfium"]),
        ("languages", &["--installed", "--json", "--tessdata"]),
        ("models", &["--json"]),
        ("bench", &["--runs", "--json", "--compare", "--ocr", "--jobs"]),
    ];
    let all = run(["--help"]).exits(0).prints("Exit codes").says_nothing();
    for (command, options) in options {
        assert!(all.stdout.contains(command), "{command} is not in --help");
        let help = run([command, "--help"]).exits(0).says_nothing();
        for option in options {
            assert!(help.stdout.contains(option), "{command} --help says nothing of {option}");
        }
    }
}

#[test]
fn wrong_usage_exits_with_2_and_prints_no_result() {
    let files = Files::pdfs(&["a.pdf"]);
    let file = files.path("a.pdf");
    let file = file.to_str().expect("UTF-8");
    for arguments in [
        vec![],
        vec!["nonsense"],
        vec!["read"],
        vec!["read", "--nonsense", file],
        vec!["read", "--format", "docx", file],
        vec!["read", "--pages", "x", file],
        vec!["read", "--pages", "3-1", file],
        vec!["read", "--ocr", "perhaps", file],
        vec!["read", "--engine", "none", file],
        vec!["read", "--dpi", "20", file],
        vec!["read", "--jobs", "0", file],
        vec!["read", "--timeout", "-1", file],
        vec!["read", "--lang", "klingonish", file],
        vec!["read", "-", "-"],
        vec!["bench", "--compare", "no label", file],
        vec!["languages", "--tessdata", "/nonexistent"],
    ] {
        run(&arguments).exits(2).prints_nothing();
    }
}

#[test]
fn the_version_is_the_packages() {
    run(["--version"]).exits(0).prints(env!("CARGO_PKG_VERSION"));
}

// ---- reading ----

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
    assert!(markdown.stdout.starts_with("# "), "{}", markdown.stdout);
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
    let full = read([report.as_os_str(), "--profile".as_ref(), "full".as_ref()]).exits(0);
    assert_eq!(titles(full), 3);
    assert_eq!(titles(read([report]).exits(0)), 1);
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

// ---- several files, and where results go ----

#[test]
fn one_bad_file_does_not_stop_the_rest() {
    let files = Files::pdfs(&["a.pdf", "c.pdf"]);
    fs::write(files.path("b.pdf"), "no PDF at all\n").expect("can write");
    let documents = ["a.pdf", "b.pdf", "c.pdf"].map(|name| files.path(name));
    let some = read(&documents).exits(3).prints("Text of a.pdf").prints("Text of c.pdf");
    some.complains("b.pdf");
    let lines = read(documents.iter().map(|d| d.as_os_str()).chain(["-fjson".as_ref()])).exits(3);
    let names: Vec<Option<String>> = lines
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<recto::Document>(line).expect("JSON Lines").name)
        .collect();
    assert_eq!(names, [Some("a.pdf".to_owned()), Some("c.pdf".to_owned())]);
    read([&documents[1], &files.path("none.pdf")]).exits(1).prints_nothing();
}

#[test]
fn several_files_in_one_stream_are_told_apart() {
    let files = Files::pdfs(&["a.pdf", "b--c.pdf"]);
    let documents = ["a.pdf", "b--c.pdf"].map(|name| files.path(name));
    let folder = files.0.path().display();
    let markdown = read(&documents).exits(0).stdout;
    let expected = format!(
        "<!-- file: {folder}/a.pdf -->\n\nText of a.pdf\n\n\
         <!-- file: {folder}/b- -c.pdf -->\n\nText of b--c.pdf\n"
    );
    assert_eq!(markdown, expected);
    let text = read(documents.iter().map(|d| d.as_os_str()).chain(["-ftext".as_ref()])).exits(0);
    text.prints(&format!("==> {folder}/b--c.pdf <==\n\nText of b--c.pdf"));
}

#[test]
fn output_is_a_file_for_one_input() {
    let files = Files::pdfs(&["a.pdf"]);
    let out = files.path("out.md");
    read([files.path("a.pdf").as_os_str(), "-o".as_ref(), out.as_ref()]).exits(0).prints_nothing();
    assert_eq!(files.text("out.md"), "Text of a.pdf\n");
}

#[test]
fn a_failed_read_leaves_the_old_output_alone() {
    let files = Files::new(&[("bad.pdf", b"text"), ("out.md", b"precious")]);
    let out = files.path("out.md");
    read([files.path("bad.pdf").as_os_str(), "-o".as_ref(), out.as_ref()]).exits(1);
    assert_eq!(files.text("out.md"), "precious");
}

#[test]
fn output_is_a_folder_for_several_inputs_and_no_result_overwrites_another() {
    let files = Files::pdfs(&["one/a.pdf", "two/a.pdf", "b.pdf"]);
    let documents = ["one/a.pdf", "two/a.pdf", "b.pdf"].map(|name| files.path(name));
    let out = files.path("made/for/this");
    let mut command = recto();
    command.arg("read").args(&documents).arg("-o").arg(&out);
    ran(command.output().expect("recto starts")).exits(0).prints_nothing();
    assert_eq!(files.text("made/for/this/a.md"), "Text of one/a.pdf\n");
    assert_eq!(files.text("made/for/this/a-2.md"), "Text of two/a.pdf\n");
    assert_eq!(files.text("made/for/this/b.md"), "Text of b.pdf\n");
}

#[test]
fn a_path_with_a_slash_is_a_folder_for_one_input_too() {
    let files = Files::pdfs(&["a.pdf"]);
    let out = format!("{}/", files.path("new").display());
    let document = files.path("a.pdf");
    read([document.as_os_str(), "-o".as_ref(), out.as_ref(), "-ftext".as_ref()]).exits(0);
    assert_eq!(files.text("new/a.txt").trim_end(), "Text of a.pdf");
}

#[test]
fn several_results_do_not_go_into_one_file() {
    let files = Files::pdfs(&["a.pdf", "b.pdf"]);
    fs::write(files.path("out.md"), "precious").expect("can write");
    let (a, b, out) = (files.path("a.pdf"), files.path("b.pdf"), files.path("out.md"));
    read([a.as_os_str(), b.as_ref(), "-o".as_ref(), out.as_ref()]).exits(2).complains("folder");
    assert_eq!(files.text("out.md"), "precious");
}

#[test]
fn an_input_is_never_overwritten() {
    let files = Files::pdfs(&["a.pdf"]);
    let file = files.path("a.pdf");
    read([file.as_os_str(), "-o".as_ref(), file.as_ref()]).exits(2).complains("is an input");
    read([&file]).exits(0).prints("Text of a.pdf");
}

#[test]
fn an_output_that_cannot_be_written_is_a_failure() {
    let files = Files::pdfs(&["a.pdf"]);
    let out = files.path("no/such/folder/out.md");
    let ran = read([files.path("a.pdf").as_os_str(), "-o".as_ref(), out.as_ref()]);
    ran.exits(1).complains("cannot write");
}

// ---- pages that fail, time that runs out ----

#[test]
fn a_page_that_fails_makes_it_partial_success() {
    let files = Files::new(&[("a.pdf", &pdf(&[Some("here"), None, Some("there")]))]);
    let file = files.path("a.pdf");
    read([&file]).exits(3).prints("here").prints("there").complains("page 1");
    let strict = read([file.as_os_str(), "--abort-on-error".as_ref()]);
    strict.exits(1).complains("page 1").prints_nothing();
}

#[test]
fn a_document_without_any_good_page_is_a_failure() {
    let files = Files::new(&[("a.pdf", &pdf(&[None]))]);
    read([files.path("a.pdf")]).exits(1).prints_nothing();
}

#[test]
fn no_time_at_all_is_a_failure() {
    let ran = read([testdata("pages/report.pdf").as_os_str(), "--timeout=0.000001".as_ref()]);
    ran.exits(1).complains("deadline").prints_nothing();
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_program_with_130() {
    let mut child = recto()
        .arg("read")
        .args(vec![testdata("pages/scan.pdf"); 40])
        .args(["--lang", "en"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("recto starts");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut first = String::new();
    out.read_line(&mut first).expect("a result");
    assert!(first.starts_with("<!-- file: "), "{first}");
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.expect("kill starts").success());
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("text");
    assert_eq!(child.wait().expect("recto ends").code(), Some(130));
    assert!(rest.matches("<!-- file: ").count() < 39, "it went on to the end");
}

// ---- bad input ----

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
    let ran = read([testdata("pages/scan.pdf").as_os_str(), "--lang".as_ref(), tag.as_ref()]);
    ran.exits(1).complains(tag).complains("install").prints_nothing();
}

#[test]
fn a_library_that_is_not_there_is_named_with_the_way_to_get_it() {
    let files = Files::pdfs(&["a.pdf"]);
    let (file, library) = (files.path("a.pdf"), files.path("libpdfium.so"));
    let ran = read([file.as_os_str(), "--pdfium".as_ref(), library.as_ref()]);
    ran.exits(1).complains("PDFium").complains("recto setup").prints_nothing();
}

// ---- the other subcommands ----

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
