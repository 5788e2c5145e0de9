//! Help, and what cannot be followed.

use std::fs;

use crate::{Files, made, ran, read, recto, run};

#[test]
fn help_lists_every_option() {
    let options: &[(&str, &[&str])] = &[
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
                "--enrich-code",
                "--enrich-formula",
                "--enrich-picture-classes",
                "--enrich-picture-description",
                "--picture-area",
                "--model-dir",
                "--timeout",
                "--abort-on-error",
                "--hidden-text",
                "--limit",
                "--isolate",
                "--sandbox",
                "--page-timeout",
                "--page-memory-mb",
                "--jobs",
                "--tessdata",
                "--pdfium",
                "--model",
                "--config",
                "--verbose",
                "--log-format",
                "--quiet",
            ],
        ),
        (
            "batch",
            &[
                "--output",
                "--format",
                "--include",
                "--exclude",
                "--resume",
                "--overwrite",
                "--isolation",
                "--sandbox",
                "--page-timeout",
                "--page-memory-mb",
                "--jobs",
                "--lang",
            ],
        ),
        #[cfg(feature = "server")]
        (
            "serve",
            &[
                "--listen",
                "--config",
                "--jobs",
                "--documents",
                "--waiting",
                "--queue",
                "--store",
                "--isolation",
                "--sandbox",
                "--timeout",
                "--page-timeout",
                "--page-memory-mb",
                "--max-body-mb",
                "--max-pages",
                "--allow-urls",
                "--key-file",
                "--key-requests",
                "--key-reads",
                "--key-pages",
                "--files-dir",
                "--no-files",
                "--jobs-dir",
                "--no-jobs",
                "--tessdata",
                "--pdfium",
            ],
        ),
        #[cfg(feature = "server")]
        (
            "worker",
            &[
                "--queue",
                "--store",
                "--at-once",
                "--part-pages",
                "--tries",
                "--heartbeat",
                "--config",
                "--jobs",
                "--allow-urls",
                "--timeout",
                "--page-timeout",
                "--tessdata",
                "--pdfium",
            ],
        ),
        ("setup", &["--lang", "--with", "--dry-run"]),
        ("engines", &["--json", "--tessdata"]),
        ("doctor", &["--tessdata", "--pdfium"]),
        ("languages", &["--installed", "--json", "--tessdata"]),
        ("models", &["--json"]),
        ("bench", &["--runs", "--json", "--compare", "--ocr", "--jobs"]),
    ];
    let all = run(["--help"]).exits(0).prints("Exit codes").says_nothing();
    for &(command, options) in options {
        assert!(all.stdout.contains(command), "{command} is not in --help");
        let help = run([command, "--help"]).exits(0).says_nothing();
        for &option in options {
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
        vec!["setup", "--dry-run", "--with", "nonsense"],
    ] {
        run(&arguments).exits(2).prints_nothing();
    }
}

#[cfg(feature = "server")]
#[test]
fn a_worker_needs_a_queue_that_it_can_reach() {
    let worker = |arguments: &[&str]| {
        let mut command = crate::recto();
        for name in ["RECTO_QUEUE", "RECTO_STORE", "RECTO_CONFIG"] {
            command.env_remove(name);
        }
        command.env("XDG_CONFIG_HOME", "/nonexistent").arg("worker").args(arguments);
        crate::ran(command.output().expect("recto starts")).prints_nothing()
    };
    worker(&[]).exits(2).complains("a worker needs a queue that it shares with servers: --queue");
    worker(&["--queue", "postgres://h/d"]).exits(2).complains("--queue needs --store");
    worker(&["--queue", "redis://h", "--store", "s3://b"]).exits(2).complains("PostgreSQL");
    let folder = tempfile::tempdir().expect("a folder");
    let store = format!("file://{}", folder.path().display());
    // A port that nobody listens on any more.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let place = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let database = format!("postgres://me:secret@{place}/recto");
    let told = worker(&["--queue", &database, "--store", &store]).exits(1);
    assert!(!told.stderr.contains("secret"), "{}", told.stderr);
    assert_eq!(told.stderr.lines().count(), 1, "{}", told.stderr);
    told.complains(&format!("no connection to the database at {place}"));
    let told = worker(&["--queue", &database, "--store", "ftp://h/x"]);
    told.exits(2).complains("ftp://");
}

#[test]
fn the_version_is_the_packages() {
    run(["--version"]).exits(0).prints(env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_model_that_nobody_serves_is_wrong_usage() {
    let files = Files::new(&[("a.pdf", b"%PDF-1.7")]);
    let file = files.path("a.pdf");
    let ran = run(["read", "--model", "gpt-5", file.to_str().expect("a plain path")]);
    ran.exits(2).prints_nothing().complains("no provider serves the model \"gpt-5\"");
}

#[test]
fn limits_come_from_the_configuration_and_from_options() {
    let folder = tempfile::tempdir().expect("a folder");
    let (pdf, config) = (folder.path().join("a.pdf"), folder.path().join("recto.toml"));
    fs::write(&pdf, made::pdf(3)).expect("a file");
    fs::write(&config, "[limits]\npages = 2\n").expect("a file");
    let read_with = |more: &[&str]| {
        let mut command = recto();
        command.env("RECTO_CONFIG", &config).arg("read").arg(&pdf).args(["--ocr", "never"]);
        ran(command.args(more).output().expect("recto starts"))
    };
    let refused = read_with(&[]).exits(1);
    let part =
        "at most 2 are read at once; select some (limit pages; raise it with --limit pages=N";
    assert!(refused.stderr.contains(part), "{}", refused.stderr);
    assert!(read_with(&["--limit", "pages=3"]).exits(0).stdout.contains("page 2"));
    let small = read_with(&["--limit", "pages=none", "--limit", "document_bytes=1k"]).exits(1);
    assert!(small.stderr.contains("the limit of 1000 bytes"), "{}", small.stderr);

    let unknown = read(["--limit", "page=3", "a.pdf"]).exits(2);
    assert!(
        unknown.stderr.contains("none of the limits document_bytes, pages"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn hidden_text_is_reported_and_can_be_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let pdf = folder.path().join("a.pdf");
    let content = "BT /F 12 Tf 72 700 Td (In plain sight) Tj 1 g 0 -20 Td (ignore this) Tj ET";
    fs::write(&pdf, made::page_of(content, "", &[])).expect("a file");
    let pdf = pdf.to_str().expect("a path");
    let dropped = read([pdf]).exits(0);
    assert_eq!(dropped.stdout, "In plain sight\n");
    assert!(dropped.stderr.contains("2 words that nobody can see"), "{}", dropped.stderr);
    assert!(read([pdf, "--hidden-text", "keep"]).exits(0).stdout.contains("ignore this"));
}
