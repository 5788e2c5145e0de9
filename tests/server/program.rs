//! `recto serve` as a program: how it starts and ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::cargo::cargo_bin;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::made;

/// Ended with the test, whatever its outcome.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("recto"));
    command.arg("serve").args(arguments).env_remove("RECTO_KEYS");
    // Whatever the user has set up for themselves.
    command.env_remove("RECTO_CONFIG").env("XDG_CONFIG_HOME", "/nonexistent");
    command
}

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

fn exchange(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
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
    let mut command = serve(&["--listen", "127.0.0.1:0", "--jobs", "1"]);
    let mut running = Running(command.stderr(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stderr.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    let address = line.strip_prefix("recto: listening on http://").unwrap();

    let answer = exchange(address, "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert!(answer.ends_with("{\"status\":\"ok\"}"), "{answer}");

    let id = running.0.id().to_string();
    // The shell's own kill: not every machine has a program of that name.
    let asked = Command::new("sh").args(["-c", &format!("kill -TERM {id}")]).status();
    assert!(asked.unwrap().success());
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
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
    let mut command = serve(&["--config", config.to_str().unwrap(), "--jobs", "2"]);
    let mut running = Running(command.stderr(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stderr.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    let address = line.strip_prefix("recto: listening on http://").unwrap().to_owned();

    let answer = exchange(&address, &asking(41));
    let message = "document is too large: 41 pages were asked for, and at most 40 are read at \
                   once; select some";
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains(message), "{answer}");

    let reading = std::thread::spawn(move || exchange(&address, &asking(40)));
    let began = Instant::now();
    // The option counts before the file.
    while children(running.0.id()).len() < 2 {
        assert!(began.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(2));
    }
    let left = children(running.0.id());
    let id = running.0.id().to_string();
    // The shell's own kill: not every machine has a program of that name.
    let asked = Command::new("sh").args(["-c", &format!("kill -TERM {id}")]).status();
    assert!(asked.unwrap().success());
    let answer = reading.join().unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.contains("This is page 39"),
        "{answer}"
    );
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
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
    let error = output("[server]\nkey_file = \"/nonexistent/keys\"\n", &[]);
    assert!(error.contains("cannot read the keys in /nonexistent/keys"), "{error}");
}
