//! `recto serve` as a program: how it starts and ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use assert_cmd::cargo::cargo_bin;

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

#[cfg(unix)]
#[test]
fn it_tells_its_address_answers_and_ends_when_asked_to() {
    let mut command = serve(&["--listen", "127.0.0.1:0", "--jobs", "1"]);
    let mut running = Running(command.stderr(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stderr.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    let address = line.strip_prefix("recto: listening on http://").unwrap();

    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("{\"status\":\"ok\"}"), "{answer}");

    let id = running.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
}
