//! The content of files, sent piece by piece.

use std::fs::File;
use std::io::{self, Read};

use axum::body::{Body, Bytes};
use axum::http::header::{
    CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Response};
use futures_util::stream;
use tokio::sync::mpsc;

use super::super::error::ApiError;
use super::{of_store, unknown};
use crate::files::{FileRecord, FileStore};

/// Bytes of a piece.
const PIECE: usize = 64 * 1024;
/// Pieces read ahead of a client.
const AHEAD: usize = 2;

/// A file that is to be sent.
#[derive(Debug)]
pub(super) struct Opened {
    file: File,
    record: FileRecord,
}

pub(super) fn open(store: &FileStore, record: FileRecord) -> Result<Opened, ApiError> {
    match store.open_content(&record) {
        Ok(file) => Ok(Opened { file, record }),
        Err(error) if error.kind() == crate::error::ErrorKind::NotFound => {
            Err(unknown(&record.id.to_string()))
        }
        Err(error) => Err(of_store(&error)),
    }
}

/// The answer. Whatever the file is, it is called bytes: Mistral's clients take nothing else, and
/// browsers must not show pages from here that somebody uploaded.
pub(super) fn send(opened: Opened) -> Response<Body> {
    let Opened { file, record } = opened;
    let mut response = Response::new(body(file));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(record.bytes));
    let name = encoded(&record.filename);
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename*=UTF-8''{name}")) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    response
}

/// Pieces and an error go one way: with a way for each, the end of one overtakes what is in the other.
fn body(mut file: impl Read + Send + 'static) -> Body {
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(AHEAD);
    tokio::task::spawn_blocking(move || {
        loop {
            let mut piece = vec![0; PIECE];
            let read = match file.read(&mut piece) {
                Ok(0) => return,
                Ok(length) => {
                    piece.truncate(length);
                    Ok(piece.into())
                }
                Err(error) => Err(error),
            };
            let failed = read.is_err();
            // Or the client is gone.
            if sender.blocking_send(read).is_err() || failed {
                return;
            }
        }
    });
    Body::from_stream(stream::unfold(receiver, |mut receiver| async {
        Some((receiver.recv().await?, receiver))
    }))
}

/// A name in a header, as RFC 8187 has it.
fn encoded(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by the soak: of ten thousand small files one was cut short, before its first byte.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn small_files_come_whole_every_time() {
        for _ in 0..20_000 {
            let whole = axum::body::to_bytes(body(&b"small"[..]), 99).await.unwrap();
            assert_eq!(whole, "small");
        }
    }

    #[tokio::test]
    async fn what_cannot_be_read_ends_in_an_error() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let all = axum::body::to_bytes(body((&b"some"[..]).chain(Broken)), 99).await;
        assert!(all.is_err());
    }

    #[test]
    fn names_in_headers_are_plain() {
        assert_eq!(encoded("My r\u{e9}sum\u{e9}\r\n;.pdf"), "My%20r%C3%A9sum%C3%A9%0D%0A%3B.pdf");
    }
}
