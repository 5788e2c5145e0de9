//! `recto batch`: many documents, and going on after an interruption.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{Files, PATIENCE, Ran, pdf, ran, recto, testdata};

const REPORT: &str = "recto-batch.jsonl";

fn batch<I: IntoIterator<Item: AsRef<std::ffi::OsStr>>>(arguments: I) -> Ran {
    ran(recto().arg("batch").args(arguments).output().expect("recto starts"))
}

/// `recto batch IN -o OUT` with more arguments, in the folder of the files.
fn in_folder(files: &Files, arguments: &[&str]) -> Ran {
    let mut command = recto();
    command.arg("batch").args(arguments).current_dir(files.0.path());
    ran(command.output().expect("recto starts"))
}

/// The files below a folder, with their content; the report apart.
fn results(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).expect("below it").display().to_string();
            if name != REPORT {
                found.insert(name, fs::read(&path).expect("can be read"));
            }
        }
    }
    found
}

fn names(folder: &Path) -> Vec<String> {
    results(folder).into_keys().collect()
}

fn report(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join(REPORT)).expect("a report");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The report without what differs from run to run.
fn timeless(folder: &Path) -> Vec<Value> {
    let mut lines = report(folder);
    for line in &mut lines {
        let seconds = line.as_object_mut().expect("an object").remove("seconds");
        assert!(seconds.is_some_and(|seconds| seconds.as_f64() >= Some(0.0)));
    }
    lines
}

fn field<'a>(lines: &'a [Value], name: &str) -> Vec<&'a str> {
    lines.iter().map(|line| line[name].as_str().unwrap_or_default()).collect()
}

#[test]
fn results_mirror_the_folder() {
    let files = Files::pdfs(&["in/a.pdf", "in/x/y/b.PDF", "in/x/.hidden.pdf"]);
    fs::copy(testdata("pages/letter.pdf"), files.path("in/x/no-ending")).expect("can copy");
    fs::write(files.path("in/notes.txt"), "no document").expect("can write");
    let ran = in_folder(&files, &["in", "-o", "in/out", "--format", "md,text"]).exits(0);
    ran.complains("1 file(s) are no documents").complains("3 of 3 documents").prints_nothing();
    let out = files.path("in/out");
    assert_eq!(
        names(&out),
        ["a.md", "a.txt", "x/no-ending.md", "x/no-ending.txt", "x/y/b.md", "x/y/b.txt"]
    );
    assert_eq!(files.text("in/out/x/y/b.md"), "Text of in/x/y/b.PDF\n");
    let lines = report(&out);
    assert_eq!(field(&lines, "status"), ["success"; 3]);
    let source = files.0.path().canonicalize().expect("is there").join("in/a.pdf");
    assert_eq!(lines[0]["source"], source.to_str().expect("UTF-8"));
    assert_eq!(lines[0]["pages"], 1);
    assert_eq!(lines[0]["outputs"][0]["path"], "a.md");
    assert_eq!(lines[0]["outputs"][1]["path"], "a.txt");
    // The output folder lies within the input, and is not read.
    in_folder(&files, &["in", "-o", "in/out", "--overwrite", "-f", "pdf"]).exits(0);
    in_folder(&files, &["in", "-o", "in/out", "--overwrite", "-f", "pdf"])
        .exits(0)
        .complains("3 of 3 documents");
}

#[test]
fn names_that_clash_get_their_endings_and_numbers() {
    let files = Files::pdfs(&["in/a.pdf", "in/A.pdf", "in/b/a.pdf", "two/a.pdf"]);
    fs::copy(testdata("pages/swedish-scan.png"), files.path("in/a.png")).expect("can copy");
    in_folder(&files, &["in", "two", "-o", "out"]).exits(0);
    let out = files.path("out");
    assert_eq!(names(&out), ["A.md", "a.pdf-2.md", "a.pdf.md", "a.png.md", "b/a.md"]);
    assert_eq!(files.text("out/A.md"), "Text of in/A.pdf\n");
    assert_eq!(files.text("out/a.pdf.md"), "Text of in/a.pdf\n");
    assert_eq!(files.text("out/a.pdf-2.md"), "Text of two/a.pdf\n");
    // A document that comes later does not take another's name.
    fs::copy(files.path("in/a.pdf"), files.path("in/A.gif")).expect("can copy");
    in_folder(&files, &["in", "two", "-o", "out", "--resume"]).exits(0).complains("5 were before");
    assert_eq!(files.text("out/A.md"), "Text of in/A.pdf\n");
    assert_eq!(files.text("out/A.gif.md"), "Text of in/a.pdf\n");
}

#[test]
fn patterns_select() {
    let files = Files::pdfs(&["in/a.pdf", "in/x/b.pdf", "in/x/draft.pdf", "in/y/c.pdf"]);
    in_folder(&files, &["in", "-o", "1", "--include", "x/**", "--exclude", "draft*"]).exits(0);
    assert_eq!(names(&files.path("1")), ["x/b.md"]);
    in_folder(&files, &["in/**/[bc].pdf", "in/a.pdf", "-o", "2"]).exits(0);
    assert_eq!(names(&files.path("2")), ["a.md", "x/b.md", "y/c.md"]);
    in_folder(&files, &["in/*.png", "-o", "3"]).exits(1).complains("in/*.png: nothing matches");
    in_folder(&files, &["in", "-o", "3", "--include", "["]).exits(2).complains("--include [");
}

#[test]
fn failures_are_recorded_and_do_not_stop_the_rest() {
    let files = Files::pdfs(&["in/a.pdf"]);
    fs::write(files.path("in/b.pdf"), "no PDF at all\n").expect("can write");
    fs::write(files.path("in/c.pdf"), pdf(&[Some("here"), None])).expect("can write");
    let ran = in_folder(&files, &["in", "-o", "out"]).exits(3);
    ran.complains("b.pdf").complains("2 of 3 documents are done, 1 failed");
    let lines = report(&files.path("out"));
    assert_eq!(field(&lines, "status"), ["success", "failed", "partial"]);
    assert!(field(&lines, "error")[1].contains("b.pdf is plain text"), "{}", lines[1]);
    assert!(lines[2]["warnings"][0].as_str().expect("text").starts_with("page 1: "));
    assert_eq!(names(&files.path("out")), ["a.md", "c.md"]);
    // Once it is mended it is read, and nothing else is.
    fs::write(files.path("in/b.pdf"), pdf(&[Some("mended")])).expect("can write");
    let ran = in_folder(&files, &["in", "-o", "out", "--resume"]).exits(3);
    ran.complains("3 of 3 documents are done (2 were before)");
    assert_eq!(files.text("out/b.md"), "mended\n");
    // Results of a document that cannot be read any more go.
    fs::write(files.path("in/b.pdf"), "broken\n").expect("can write");
    in_folder(&files, &["in/b.pdf", "-o", "out", "--resume"]).exits(1);
    assert_eq!(names(&files.path("out")), ["a.md", "c.md"]);
    assert_eq!(report(&files.path("out")).len(), 3, "lines of other documents stay");
}

#[test]
fn nothing_to_read_is_a_failure() {
    let files = Files::new(&[("in/notes.txt", b"text"), ("empty.jsonl", b"\n")]);
    for input in ["in", "empty.jsonl"] {
        in_folder(&files, &[input, "-o", "out"]).exits(1).complains("no documents were found");
    }
    in_folder(&files, &["none", "-o", "out"]).exits(1).complains("no such file or folder");
    in_folder(&files, &["gs://a/b.pdf", "-o", "out"]).exits(2).complains("not gs");
    in_folder(&files, &["in"]).exits(2).complains("--output");
}

#[test]
fn manifests_name_documents_results_and_options() {
    let files = Files::pdfs(&["docs/sub/a.pdf", "docs/b.pdf"]);
    let two = pdf(&[Some("first"), Some("second")]);
    fs::write(files.path("docs/two.pdf"), two).expect("can write");
    let uri = "data:application/pdf,%25PDF-1.4 broken";
    let lines = [
        r#"{"source": "sub/a.pdf"}"#.to_owned(),
        String::new(),
        r#"{"source": "two.pdf", "name": "parts/one.pdf", "options": {"page_range": [2, 2]}}"#
            .into(),
        r#"{"source": "two.pdf", "options": {"no_such_option": 1}}"#.to_owned(),
        format!(r#"{{"source": "{uri}"}}"#),
    ];
    fs::write(files.path("docs/list.jsonl"), lines.join("\n")).expect("can write");
    in_folder(&files, &["docs/list.jsonl", "-o", "out"]).exits(3).complains("document-5");
    let out = files.path("out");
    assert_eq!(names(&out), ["parts/one.md", "sub/a.md", "two.md"]);
    assert_eq!(files.text("out/parts/one.md"), "second\n");
    assert_eq!(files.text("out/two.md"), "first\n\nsecond\n");
    let lines = report(&out);
    assert_eq!(field(&lines, "status"), ["success", "success", "success", "failed"]);
    assert_eq!(lines[1]["name"], "parts/one");
    assert!(lines[2]["warnings"][0].as_str().expect("text").contains("no_such_option"));
    assert!(field(&lines, "source")[3].starts_with("data:application/pdf#sha256="));
    let again = in_folder(&files, &["docs/list.jsonl", "-o", "out", "--resume"]);
    again.exits(3).complains("3 were before");
}

#[test]
fn a_manifest_comes_on_standard_input_too() {
    let files = Files::pdfs(&["a.pdf"]);
    let mut child = recto()
        .args(["batch", "-", "-o", "out"])
        .current_dir(files.0.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("recto starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut stdin, b"{\"source\": \"a.pdf\"}\n").expect("can write");
    drop(stdin);
    ran(child.wait_with_output().expect("recto ends")).exits(0);
    assert_eq!(files.text("out/a.md"), "Text of a.pdf\n");
}

#[test]
fn mistakes_in_a_manifest_name_the_line_before_anything_is_read() {
    let files = Files::pdfs(&["a.pdf"]);
    for (line, complaint) in [
        ("{\"source\": ", "EOF while parsing a value (column 10)"),
        (r#"{"source": "a.pdf", "nmae": "x"}"#, "unknown field `nmae`"),
        (r#"{"name": "x"}"#, "missing field `source`"),
        (r#"{"source": ""}"#, "the source is empty"),
        (r#"{"source": "gopher://x/y"}"#, "not gopher"),
        (r#"{"source": "data:application/pdf;base64,!"}"#, "base64"),
        (r#"{"source": "a.pdf", "name": "../x"}"#, "no path below the output folder"),
        (r#"{"source": "a.pdf", "options": {"page_range": "x"}}"#, "page_range"),
        (r#"{"source": "a.pdf", "options": {"to_formats": ["html"]}}"#, "--format"),
        (
            r#"{"source": "a.pdf", "options": {"force_ocr": true}}"#,
            "line 1 has it with other options",
        ),
    ] {
        let text = format!("{{\"source\": \"a.pdf\"}}\n{line}\n");
        fs::write(files.path("list.jsonl"), text).expect("can write");
        let ran = in_folder(&files, &["list.jsonl", "-o", "out"]).exits(2);
        ran.complains("list.jsonl, line 2: ").complains(complaint);
        assert_eq!(names(&files.path("out")), Vec::<String>::new());
    }
    let named =
        "{\"source\": \"a.pdf\", \"name\": \"x\"}\n{\"source\": \"b.pdf\", \"name\": \"X\"}\n";
    fs::write(files.path("list.jsonl"), named).expect("can write");
    let ran = in_folder(&files, &["list.jsonl", "-o", "out"]).exits(2);
    ran.complains("line 2: name: X is that of another");
}

#[test]
fn an_earlier_report_is_not_lost_by_mistake() {
    let files = Files::pdfs(&["in/a.pdf", "in/b.pdf"]);
    in_folder(&files, &["in", "-o", "out"]).exits(0);
    in_folder(&files, &["in", "-o", "out"]).exits(2).complains("--resume").complains("--overwrite");
    // What was there is not read again; what is not as the report says is.
    let skips = |complaint: &str, arguments: &[&str]| {
        let arguments = [&["in", "-o", "out", "--resume"], arguments].concat();
        in_folder(&files, &arguments).exits(0).complains(complaint);
    };
    skips("2 of 2 documents are done (2 were before)", &[]);
    fs::write(files.path("out/a.md"), "Text").expect("can write");
    skips("(1 were before)", &[]);
    assert_eq!(files.text("out/a.md"), "Text of in/a.pdf\n");
    fs::write(files.path("in/b.pdf"), pdf(&[Some("changed")])).expect("can write");
    skips("(1 were before)", &[]);
    assert_eq!(files.text("out/b.md"), "changed\n");
    skips("2 of 2 documents are done; ", &["--ocr", "never"]);
    skips("(2 were before)", &["--ocr", "never"]);
    skips("2 of 2 documents are done; ", &["--ocr", "never", "-f", "text,md"]);
    in_folder(&files, &["in", "-o", "out", "--overwrite"]).exits(0).complains("are done; ");
    // A result never takes the place of an input.
    in_folder(&files, &["in", "-o", "in", "-f", "pdf"]).exits(2).complains("a.pdf is an input");
}

/// Documents that take long enough to be interrupted among short ones.
fn archive() -> Files {
    let names: Vec<String> = (0..12).map(|n| format!("in/{}/short-{n}.pdf", n % 3)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let files = Files::pdfs(&names);
    for n in 0..6 {
        let name = format!("in/{}/long-{n}.pdf", n % 2);
        fs::copy(testdata("pages/scan.pdf"), files.path(&name)).expect("can copy");
    }
    fs::write(files.path("in/1/bad.pdf"), "bad").expect("can write");
    files
}

fn start(files: &Files, arguments: &[&str]) -> Child {
    recto()
        .args(["batch", "in", "-o", "out", "-f", "md,json", "--lang", "en"])
        .args(arguments)
        .current_dir(files.0.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("recto starts")
}

/// Waits until the report has more lines than that.
fn wait_for_lines(child: &mut Child, folder: &Path, more_than: usize) {
    let started = Instant::now();
    loop {
        let text = fs::read_to_string(folder.join(REPORT)).unwrap_or_default();
        let ended = child.try_wait().expect("can ask").is_some();
        if text.lines().count() > more_than || ended {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "no document is ever done");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(unix)]
#[test]
fn a_run_that_was_interrupted_five_times_ends_as_one_that_was_not() {
    let files = archive();
    let out = files.path("out");
    let mut interrupted = 0;
    for (turn, signal) in ["INT", "KILL", "INT", "KILL", "KILL"].into_iter().enumerate() {
        let lines = if turn == 0 { 0 } else { report_lines(&out) };
        let resume: &[&str] = if turn == 0 { &[] } else { &["--resume"] };
        let mut child = start(&files, resume);
        wait_for_lines(&mut child, &out, lines);
        // The shell's own kill: a bare system has no program of that name.
        let kill = format!("kill -{signal} {}", child.id());
        let killed = Command::new("sh").args(["-c", &kill]).status().expect("sh starts");
        let ended = ran(child.wait_with_output().expect("recto ends"));
        interrupted += usize::from(killed.success() && ended.code != Some(3));
        if signal == "INT" {
            assert_eq!(ended.code, Some(130), "{}", ended.stderr);
            assert!(!out.join(".recto-batch").exists(), "half-written results stay");
        }
    }
    assert_eq!(interrupted, 5);
    let last = start(&files, &["--resume"]).wait_with_output().expect("recto ends");
    let last = ran(last).exits(3).complains("18 of 19 documents are done (").complains("1 failed");
    assert!(!last.stderr.contains("(18 were before)"), "{}", last.stderr);
    let (broken, lines) = (results(&out), timeless(&out));
    fs::rename(&out, files.path("kept")).expect("can rename");
    ran(start(&files, &[]).wait_with_output().expect("recto ends")).exits(3);
    assert_eq!(broken.keys().collect::<Vec<_>>(), results(&out).keys().collect::<Vec<_>>());
    assert!(broken == results(&out), "results differ");
    assert_eq!(broken.len(), 36);
    assert_eq!(lines, timeless(&out));
}

#[cfg(unix)]
fn report_lines(folder: &Path) -> usize {
    // The last line may be cut.
    let text = fs::read_to_string(folder.join(REPORT)).expect("a report");
    text.lines().filter(|line| line.ends_with('}')).count()
}

#[cfg(unix)]
#[test]
fn two_runs_do_not_write_into_one_folder() {
    let files = archive();
    let mut child = start(&files, &[]);
    wait_for_lines(&mut child, &files.path("out"), 0);
    in_folder(&files, &["in", "-o", "out", "--resume"])
        .exits(2)
        .complains("another run is writing");
    child.kill().expect("can kill");
    child.wait().expect("it ends");
}

#[test]
fn results_do_not_depend_on_where_pages_are_read() {
    let files = Files::pdfs(&["in/a.pdf"]);
    fs::copy(testdata("pages/scan.pdf"), files.path("in/scan.pdf")).expect("can copy");
    in_folder(&files, &["in", "-o", "1", "-f", "json"]).exits(0);
    in_folder(&files, &["in", "-o", "2", "-f", "json", "--isolation", "threads", "-j1"]).exits(0);
    assert!(results(&files.path("1")) == results(&files.path("2")), "results differ");
    batch([
        files.path("in").as_os_str(),
        "-o".as_ref(),
        files.path("1").as_ref(),
        "--resume".as_ref(),
    ])
    .exits(0)
    .complains("2 of 2 documents are done; ");
}
