//! `recto serve` as a program of its own, and requests as they stand in HTTP/1.1.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use assert_cmd::cargo::cargo_bin;
use serde_json::Value;

/// A server that listens, ended with the test, whatever its outcome.
pub(super) struct Running {
    pub(super) child: Child,
    pub(super) address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program, without whatever the user has set up for themselves.
pub(super) fn serve(arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("recto"));
    command.arg("serve").args(arguments);
    for name in ["RECTO_KEYS", "RECTO_CONFIG", "XDG_DATA_HOME"] {
        command.env_remove(name);
    }
    command.env("XDG_CONFIG_HOME", "/nonexistent");
    command
}

/// Waits until it says where it listens.
pub(super) fn start(mut command: Command) -> Running {
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    let address = line.strip_prefix("recto: listening on http://").unwrap().to_owned();
    Running { child, address }
}

/// Sends a request, and gives the answer as it comes.
pub(super) fn exchange(address: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Sends a request that begins with these lines, and gives the JSON of its answer.
pub(super) fn ask(address: &str, head: &str, body: &[u8]) -> Value {
    let length = body.len();
    let rest = format!("host: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    let request = [head.as_bytes(), rest.as_bytes(), body].concat();
    let answer = exchange(address, &request);
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"))
}

impl Running {
    /// Asks it to end.
    #[cfg(unix)]
    pub(super) fn terminate(&self) {
        // The shell's own kill: not every machine has a program of that name.
        let kill = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }
}
