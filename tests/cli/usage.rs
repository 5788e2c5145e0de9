//! Help, and what cannot be followed.

use crate::{Files, run};

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
                "--timeout",
                "--abort-on-error",
                "--isolate",
                "--jobs",
                "--tessdata",
                "--pdfium",
                "--model",
                "--config",
                "--verbose",
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
                "--timeout",
                "--page-timeout",
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
        ("setup", &["--lang", "--dry-run"]),
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
    ] {
        run(&arguments).exits(2).prints_nothing();
    }
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
