//! `recto serve` as a program: how it starts and ends.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::made;
use super::running::{exchange, serve, start};

#[test]
fn other_machines_are_not_served_without_keys() {
    let output = serve(&["--listen", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "recto: error: listen: 0.0.0.0:0 can be reached from other machines, and there are no \
         keys: give some with --key-file or RECTO_KEYS, or listen on 127.0.0.1\n"
    );
}

#[test]
fn a_file_of_keys_has_to_be_there_and_sound() {
    let output = serve(&["--key-file", "/nonexistent/keys"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("cannot read the keys in /nonexistent/keys"), "{text}");

    let output = serve(&[]).env("RECTO_KEYS", "hunter2").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("fewer than 16 characters") && !text.contains("hunter2"), "{text}");
}

/// A request with a body, as text.
fn asking(pages: usize) -> String {
    let content = STANDARD.encode(made::pdf(pages));
    let body = format!("{{\"document\": {{\"content\": \"{content}\"}}}}");
    format!(
        "POST /v1/ocr HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(unix)]
#[test]
fn it_tells_its_address_answers_and_ends_when_asked_to() {
    let mut running = start(serve(&["--listen", "127.0.0.1:0", "--jobs", "1"]));
    let request = b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = exchange(&running.address, request);
    assert!(answer.ends_with("{\"status\":\"ok\"}"), "{answer}");

    running.terminate();
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
}

/// Processes whose parent has this id (proc(5), stat).
#[cfg(target_os = "linux")]
fn children(parent: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let fields = stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ').nth(1));
        if fields.flatten() == Some(parent.to_string().as_str()) {
            found.push(id);
        }
    }
    found
}

#[cfg(target_os = "linux")]
#[test]
fn the_end_finishes_reads_in_children_and_leaves_none_behind() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("recto.toml");
    let text = "[server]\nlisten = \"127.0.0.1:0\"\njobs = 1\nmax_pages = 40\n";
    std::fs::write(&config, text).unwrap();
    let mut running = start(serve(&["--config", config.to_str().unwrap(), "--jobs", "2"]));

    let answer = exchange(&running.address, asking(41).as_bytes());
    let message = "document is too large: 41 pages were asked for, and at most 40 are read at \
                   once; select some";
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains(message), "{answer}");

    let address = running.address.clone();
    let reading = std::thread::spawn(move || exchange(&address, asking(40).as_bytes()));
    let began = Instant::now();
    // The option counts before the file.
    while children(running.child.id()).len() < 2 {
        assert!(began.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(2));
    }
    let left = children(running.child.id());
    running.terminate();
    let answer = reading.join().unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.contains("This is page 39"),
        "{answer}"
    );
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
    for child in left {
        assert!(!std::path::Path::new(&format!("/proc/{child}")).exists(), "{child} is left");
    }
}

#[test]
fn a_configuration_that_cannot_be_used_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("recto.toml");
    let output = |text: &str, more: &[&str]| {
        std::fs::write(&config, text).unwrap();
        let mut command = serve(&["--config", config.to_str().unwrap()]);
        let output = command.args(more).output().unwrap();
        assert_ne!(output.status.code(), Some(0));
        String::from_utf8(output.stderr).unwrap()
    };
    let error = output("[server]\nprot = 1\n", &[]);
    assert!(error.contains("recto.toml") && error.contains("prot"), "{error}");
    let error = output("[fetch]\nallow_hosts = [\"x.example\"]\n", &[]);
    assert!(error.contains("allow_hosts: URLs are not fetched at all"), "{error}");
    let error = output("[server]\npage_timeout = 9\n", &["--isolation", "threads"]);
    assert!(error.contains("page_timeout: threads cannot be ended"), "{error}");
    let error = output("", &["--isolation", "threads", "--page-memory-mb", "500"]);
    assert!(error.contains("page_memory_mb: threads share their memory"), "{error}");
    let error = output("[server]\nsandbox = \"required\"\n", &["--isolation", "threads"]);
    assert!(error.contains("sandbox: threads cannot be confined"), "{error}");
    let error = output("[server]\nkey_file = \"/nonexistent/keys\"\n", &[]);
    assert!(error.contains("cannot read the keys in /nonexistent/keys"), "{error}");
}
