//! `recto serve` and its folder of files: where it is, and that it outlives the program.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::files::{folder, form, id, on_disk};
use super::running::{Running, ask, start};

/// `recto serve` for a user whose own folders are in `home`.
fn serve(home: &Path, arguments: &[&str]) -> Command {
    let mut command = super::running::serve(&["--listen", "127.0.0.1:0"]);
    command.args(arguments).env("HOME", home).env_remove("XDG_CONFIG_HOME");
    command
}

fn upload(running: &Running) -> Value {
    let head = "POST /v1/files HTTP/1.1\r\ncontent-type: multipart/form-data; \
                boundary=boundary-of-this-test\r\n";
    ask(&running.address, head, &form(&[("file", Some("a.pdf"), b"%PDF-1.7\n")]))
}

fn listed(running: &Running) -> Value {
    ask(&running.address, "GET /v1/files HTTP/1.1\r\n", b"")
}

#[test]
fn files_lie_where_the_configuration_says_and_survive_a_restart() {
    let home = folder();
    let config = home.path().join("recto.toml");
    let files = home.path().join("kept");
    let text = format!("[files]\ndir = {files:?}\nretention_hours = 2\n");
    std::fs::write(&config, text).unwrap();
    let arguments = ["--config", config.to_str().unwrap()];

    let first = start(serve(home.path(), &arguments));
    assert_eq!(on_disk(&files), Vec::<String>::new(), "made at the start");
    let stored = upload(&first);
    let time = |field: &str| stored[field].as_u64().unwrap();
    assert_eq!(time("expires_at") - time("created_at"), 7200);
    drop(first);

    let second = start(serve(home.path(), &arguments));
    assert_eq!(listed(&second)["data"][0], stored);
    // The command line wins.
    let other = home.path().join("other");
    let arguments = [arguments[0], arguments[1], "--files-dir", other.to_str().unwrap()];
    assert_eq!(listed(&start(serve(home.path(), &arguments)))["total"], 0);
}

#[test]
fn files_are_kept_in_the_users_folder_unless_told_and_only_when_there_are_any() {
    let home = folder();
    let running = start(serve(home.path(), &[]));
    assert_eq!(on_disk(home.path()), Vec::<String>::new());
    let stored = upload(&running);
    let names = on_disk(&home.path().join(".local/share/recto/files"));
    assert!(names.contains(&format!("{}.data", id(&stored))), "{names:?}");
    let none = listed(&start(serve(home.path(), &["--no-files"])));
    assert_eq!((&none["type"], &none["code"]), (&"not_found".into(), &"404".into()));
}

#[test]
fn a_folder_that_cannot_be_is_told_at_the_start() {
    let home = folder();
    let file = home.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below")] {
        let output = serve(home.path(), &["--files-dir", path.to_str().unwrap()]).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{text}");
        let start = "recto: error: cannot keep files (--files-dir names a folder for them, \
                     --no-files takes none)";
        assert!(text.starts_with(start) && text.contains(path.to_str().unwrap()), "{text}");
    }
}
