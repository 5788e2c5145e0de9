//! Several documents, and where results go.

use std::fs;

use crate::{Files, ran, read, recto};

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
