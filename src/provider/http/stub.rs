//! A service that answers as told, and notes what it was sent: for the tests of this module and its
//! neighbours, and for those in `tests/`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::Value;

pub(crate) struct Stub {
    /// Its address, without a path.
    pub(crate) base: String,
    seen: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Stub {
    /// Answers with these (status line and headers, body) one after the other; the last one stays.
    pub(crate) fn new(answers: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let answers: Vec<String> = answers
            .iter()
            .map(|(head, body)| {
                let length = body.len();
                format!(
                    "HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                )
            })
            .collect();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        std::thread::spawn(move || {
            for (n, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut head, mut line) = (String::new(), String::new());
                while reader.read_line(&mut line).unwrap() > 2 {
                    head.push_str(&std::mem::take(&mut line));
                }
                let lower = head.to_lowercase();
                let length = lower
                    .split("content-length: ")
                    .nth(1)
                    .map_or(0, |rest| rest.split("\r\n").next().unwrap().parse().unwrap());
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
                log.lock().unwrap().push((head, json));
                let _ = stream.write_all(answers[n.min(answers.len() - 1)].as_bytes());
            }
        });
        Self { base, seen }
    }

    /// What it was sent: heads and bodies.
    pub(crate) fn seen(&self) -> Vec<(String, Value)> {
        self.seen.lock().unwrap().clone()
    }
}
