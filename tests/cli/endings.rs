//! Pages that fail, time that runs out, Ctrl-C.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use crate::{Files, pdf, read, recto, testdata};

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
    // The shell's own kill: a bare system has no program of that name.
    let killed = Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status();
    assert!(killed.expect("sh starts").success());
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("text");
    assert_eq!(child.wait().expect("recto ends").code(), Some(130));
    assert!(rest.matches("<!-- file: ").count() < 39, "it went on to the end");
}
