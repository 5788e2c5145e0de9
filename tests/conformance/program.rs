//! `recto read --model`: the program in front of a service.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use recto::provider::{OcrProvider, OcrRequest, RemoteKind, RemoteProvider};
use recto::{Call, PageSet, Source};
use serde_json::Value;

use super::stub::Stub;
use super::{KEY, Subject, path, server};

struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// A configuration with one provider.
struct Program {
    dir: tempfile::TempDir,
}

impl Program {
    fn new(kind: &str, base: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let text = format!(
            "[providers.there]\nkind = \"{kind}\"\nbase_url = \"{base}\"\nkey_env = \"THERE_KEY\"\n\
             retries = 0\n\
             [aliases]\n\"quick\" = {{ model = \"docling-latest\", parameters = {{ do_ocr = false }} }}\n"
        );
        std::fs::write(dir.path().join("recto.toml"), text).unwrap();
        Self { dir }
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("recto.toml")
    }

    fn read(&self, model: &str, file: &str, more: &[&str]) -> Ran {
        let output = Command::new(assert_cmd::cargo::cargo_bin!("recto"))
            .env_remove("RECTO_PASSWORD")
            .env_remove("RUST_LOG")
            .env("THERE_KEY", KEY)
            .args(["read", "--model", model, "--config"])
            .arg(self.config())
            .arg(path(file))
            .args(more)
            .output()
            .unwrap();
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

#[test]
fn markdown_and_json_of_a_service() {
    let program = Program::new("mistral", server());
    let model = "there/docling/docling-latest";
    let ran = program.read(model, "pages/report.pdf", &["--page-break", "-----"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let local = Subject::local();
    let pages = local.read(&local.request("pages/report.pdf")).pages;
    let markdown = |n: usize| pages[n].markdown.trim_end();
    assert_eq!(ran.stdout, format!("{}\n\n-----\n\n{}\n", markdown(0), markdown(1)));

    let ran = program.read(model, "pages/report.pdf", &["--format", "json", "--pages", "1"]);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&json["provider"], &json["pages"][0]["index"]), (&"there".into(), &1.into()));
    let second = local.read(&OcrRequest {
        pages: Some(PageSet::from_indices([1])),
        ..local.request("pages/report.pdf")
    });
    assert_eq!(json["pages"][0]["markdown"], second.pages[0].markdown.as_str());

    let ran = program.read(model, "pages/report.pdf", &["--tables", "html", "--pages", "1"]);
    assert!(ran.stdout.contains("<table>") && !ran.stdout.contains("tbl-0"), "{}", ran.stdout);
}

#[test]
fn what_a_service_cannot_do_is_refused_or_named() {
    let program = Program::new("mistral", server());
    let model = "there/docling/docling-latest";
    for (more, words) in [
        (["--format", "hocr"], "--format hocr needs the place of every word"),
        (["--format", "pdf"], "--format pdf"),
        (["--profile", "docling"], "--profile"),
        (["--password", "x"], "--password"),
    ] {
        let ran = program.read(model, "pages/code.pdf", &more);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{}", ran.stderr);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
    let ran = program.read(model, "pages/code.pdf", &["--lang", "sv", "--jobs", "1"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stderr.contains("lang has no effect: there takes no options"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--jobs had no effect"), "{}", ran.stderr);
    let ran = program.read("nobody/x", "pages/code.pdf", &[]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("\"nobody/x\"") && ran.stderr.contains("there/…"),
        "{}",
        ran.stderr
    );
}

#[test]
fn names_of_the_local_engine_read_here() {
    let program = Program::new("mistral", "http://127.0.0.1:1");
    let plain = program.read("docling-latest", "pages/code.pdf", &["--format", "hocr"]);
    assert_eq!(plain.code, Some(0), "{}", plain.stderr);
    assert!(plain.stdout.contains("ocr_page"));
    // The alias turns recognition off, so there is nothing in a scan.
    let alias = program.read("quick", "pages/swedish-scan.png", &[]);
    assert_eq!((alias.code, alias.stdout.as_str()), (Some(0), ""), "{}", alias.stderr);
}

#[test]
fn a_partial_answer_exits_with_3_and_a_failure_with_1() {
    let stub = Stub::answering(include_str!("replies/docling_serve.json"));
    let program = Program::new("docling_serve", &stub.base);
    let ran = program.read("there", "pages/code.pdf", &["--lang", "sv"]);
    assert_eq!(ran.code, Some(3));
    assert!(ran.stdout.starts_with("# Rain gardens"), "{}", ran.stdout);
    assert!(ran.stderr.contains("page 1: page 2 failed"), "{}", ran.stderr);
    let (head, body) = &stub.seen()[0];
    assert!(head.to_lowercase().contains(&format!("x-api-key: {KEY}")), "{head}");
    assert_eq!(body["options"]["ocr_lang"], serde_json::json!(["sv"]));

    let stub = Stub::new(&[("500 Broken", r#"{"detail": "out of memory"}"#)]);
    let ran = Program::new("docling_serve", &stub.base).read("there", "pages/code.pdf", &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.contains("there: out of memory"), "{}", ran.stderr);
    assert_eq!(stub.client(RemoteKind::DoclingServe).known_models(), [""; 0]);
}

/// Ends the program with the test.
struct Serving {
    child: std::process::Child,
    base: String,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(program: &Program) -> Serving {
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("recto"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("RECTO_CONFIG", program.config())
        .env("THERE_KEY", KEY)
        .env_remove("RECTO_KEYS")
        .env_remove("RUST_LOG")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = lines.find(|line| line.as_ref().unwrap().contains("http://")).unwrap().unwrap();
    // Nobody reads what comes after it, and nothing waits for that.
    std::thread::spawn(move || lines.for_each(drop));
    let base = line[line.find("http://").unwrap()..].trim().to_owned();
    Serving { child, base }
}

#[test]
fn the_server_reads_with_other_providers_and_aliases() {
    let program = Program::new("bifrost", server());
    let serving = serve(&program);
    let client = RemoteProvider::new("near", RemoteKind::Bifrost, Some(&serving.base)).unwrap();
    let read = |model: &str| {
        let document = Source::path(path("pages/code.pdf"));
        let request = OcrRequest {
            model: Some(format!("near/{model}")),
            parameters: serde_json::json!({ "nonsense": 1 }),
            ..OcrRequest::new(document)
        };
        client.ocr(&request, &Call::default())
    };
    let local = Subject::local();
    let expected = local.read(&local.request("pages/code.pdf"));
    // Through one server and its provider to another one, and back: nothing is lost.
    let response = read("there/docling/docling-latest").unwrap();
    assert_eq!(response.pages[0].markdown, expected.pages[0].markdown);
    assert_eq!(response.model, "near/there/docling/docling-latest");
    assert_eq!(response.extra_fields["upstream"]["provider"], "there");
    assert_eq!(response.warnings[0].option.as_deref(), Some("nonsense"));

    let response = read("docling/docling-latest").unwrap();
    assert_eq!(response.extra_fields["upstream"]["provider"], "docling");

    let error = read("there/some/other").unwrap_err().to_string();
    assert!(error.starts_with("near: there: no provider serves the model"), "{error}");

    let near = RemoteProvider::new("near", RemoteKind::Mistral, Some(&serving.base)).unwrap();
    let models: Vec<String> = near.models().unwrap().into_iter().map(|m| m.id).collect();
    assert!(models.contains(&"near/quick".to_owned()), "{models:?}");
}
