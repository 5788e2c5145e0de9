//! The program as people and scripts meet it: exit codes, streams, files, messages.

// Helpers fail the test that calls them.
#![allow(clippy::expect_used, clippy::panic)]

mod bad_input;
mod batch;
mod commands;
mod endings;
mod formats;
mod inspect;
#[path = "../made/mod.rs"]
mod made;
mod output;
mod read;
mod usage;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

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
    let pages: Vec<_> = pages.iter().map(|page| page.map(|text| vec![text.to_owned()])).collect();
    made::pdf_with(&pages)
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
