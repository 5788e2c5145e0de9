//! Spans sent to a collector: `cargo test --features full,otlp --test otlp`.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;

/// A collector that takes whatever comes; gives its address, and the first line and the body of each request:
/// all of them are there when a program that waits for its answers has ended.
fn collector() -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let (mut first, mut length) = (String::new(), 0);
            reader.read_line(&mut first).unwrap();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if line.trim().is_empty() {
                    break;
                }
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            sender.send((first, body)).unwrap();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            reader.get_mut().write_all(answer).unwrap();
        }
    });
    (address, receiver)
}

fn read() -> Command {
    let mut command = Command::new(cargo_bin!("recto"));
    command.arg("read").arg(format!("{}/testdata/pages/report.pdf", env!("CARGO_MANIFEST_DIR")));
    command.args(["--password", "sekret"]);
    for name in ["RUST_LOG", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "RECTO_OTLP_FILTER"] {
        command.env_remove(name);
    }
    command
}

#[test]
fn every_stage_is_a_span_and_all_are_sent_before_the_end() {
    let (address, received) = collector();
    let output = read().env("OTEL_EXPORTER_OTLP_ENDPOINT", &address).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let mut all = Vec::new();
    for (first, body) in received.try_iter() {
        assert!(first.starts_with("POST /v1/traces "), "{first}");
        all.extend(body);
    }
    // Names stand in the protocol's buffers as they are.
    let text = String::from_utf8_lossy(&all);
    for name in [
        "service.name",
        "recto",
        "read",
        "load",
        "open",
        "text_layer",
        "layout",
        "export",
        "report.pdf",
    ] {
        assert!(text.contains(name), "{name}");
    }
    assert!(!text.contains("sekret"));
}

#[test]
fn a_page_that_a_child_reads_is_a_span() {
    let (address, received) = collector();
    let output =
        read().arg("--isolate").env("OTEL_EXPORTER_OTLP_ENDPOINT", &address).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let mut all = Vec::new();
    for (_, body) in received.try_iter() {
        all.extend(body);
    }
    // A name is preceded by its length, so that "pages" is another.
    assert!(all.windows(5).any(|part| part == b"\x04page"), "no page");
}

#[test]
fn a_collector_that_is_not_there_costs_nobody_their_document() {
    let output = read().env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9").output().unwrap();
    assert!(output.status.success() && !output.stdout.is_empty(), "{output:?}");
}
