//! Readers of requests, each by itself: what the fuzz targets (fuzz/) call.

use std::io;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use serde_json::Value;

use super::error::{ApiError, Dialect};
use super::stored::Stored;
use super::{batch, docling, request};

/// What a client is told whose request cannot be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The status of the answer.
    pub status: u16,
    /// Its body.
    pub body: Value,
}

impl Refusal {
    fn of(error: &ApiError, dialect: Dialect) -> Self {
        Self { status: error.status(dialect).as_u16(), body: error.body(dialect) }
    }
}

type Read = Result<(), Refusal>;

/// The dialects of [`ocr`].
const OF_OCR: [Dialect; 4] = [Dialect::Mistral, Dialect::Opper, Dialect::OpperV2, Dialect::Bifrost];

/// Reads the body of `/v1/ocr`, `/v3/ocr` and their like, in each of the dialects.
///
/// # Errors
///
/// The answer to a request that cannot be used.
pub fn ocr(body: &[u8], parameters: Option<&str>) -> [Read; 4] {
    OF_OCR.map(|dialect| {
        let asked = request::read(body, parameters, dialect, &Stored::default());
        asked.map(drop).map_err(|error| Refusal::of(&error, dialect))
    })
}

/// Reads a body as one of docling's conversions, batches and chunkers.
///
/// # Errors
///
/// The answer to a request that cannot be used.
pub fn convert(body: &[u8]) -> [Read; 3] {
    use docling::ask::{read, read_batch, read_chunking};
    [read, read_batch, read_chunking].map(|read| {
        let asked = read(body, &Stored::default());
        asked.map(drop).map_err(|error| Refusal::of(&error, Dialect::Docling))
    })
}

/// Reads a file of a batch's requests, with this many bytes to a line: what became of each line.
///
/// # Errors
///
/// Never, from memory.
pub fn lines(text: &[u8], most: usize) -> io::Result<Vec<Read>> {
    let stored = Stored::default();
    let rules = batch::line::Rules { most, model: Some("a-model"), stored: &stored };
    let (mut rest, mut line, mut all) = (text, Vec::new(), Vec::new());
    while batch::line::next(&mut rest, most, &mut line)? {
        let asked = batch::line::Line::read(&line, rules).asked;
        all.push(asked.map(drop).map_err(|error| Refusal::of(&error, Dialect::Mistral)));
    }
    Ok(all)
}

/// Reads a form that comes in pieces of this many bytes, as a conversion and as a chunker.
///
/// # Errors
///
/// The answer to a request that cannot be used.
///
/// # Panics
///
/// Outside of a Tokio runtime.
pub async fn form(body: &[u8], boundary: &str, piece: usize) -> [Read; 2] {
    let received = async || {
        let pieces: Vec<io::Result<Vec<u8>>> =
            body.chunks(piece.max(1)).map(|piece| Ok(piece.to_vec())).collect();
        let body = Body::from_stream(futures_util::stream::iter(pieces));
        let kind = format!("multipart/form-data; boundary={boundary}");
        let mut request = Request::new(body);
        if let Ok(kind) = kind.parse() {
            request.headers_mut().insert(CONTENT_TYPE, kind);
        }
        docling::form::receive(request, &docling::form::Keep::Memory(1 << 20)).await
    };
    let told = |error: ApiError| Refusal::of(&error, Dialect::Docling);
    [
        received().await.and_then(|form| form.asked().map(drop)).map_err(told),
        received().await.and_then(|form| form.asked_chunking().map(drop)).map_err(told),
    ]
}

/// What documents of these names are called in an archive, without an ending.
pub fn names_in_archive<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut archive = docling::archive::Archive::new();
    names.into_iter().map(|name| archive.stem(name)).collect()
}
