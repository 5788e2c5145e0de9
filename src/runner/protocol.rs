//! What a parent and its page workers say to each other: frames over pipes.
//!
//! A frame is its length (four bytes, little-endian) and a message in MessagePack. MessagePack, as
//! boxes are rounded in formats for people and go exactly in others: a page read in a child is laid
//! out like one read here, to the byte.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::document::Metadata;
use crate::error::Error;
use crate::limits::Limits;
use crate::page::PageRead;

use super::sandbox::{Confinement, Rules};

/// Largest frame, in bytes. The words of the densest pages (some 100,000) take a third of it.
pub(super) const MAX_FRAME: u32 = 64 << 20;

/// Bytes of an image in one frame: a large part of a page, and well below [`MAX_FRAME`].
pub(super) const PART: usize = 16 << 20;

/// The program's subcommand that is a page worker.
pub(super) const SUBCOMMAND: &str = "page-worker";

/// Names a fault that a page worker is to commit, as `crash:3` for page 3, or `draw-crash:3` where it is
/// drawn: for tests of those who run them (`faults.rs`).
pub(super) const FAULT: &str = "RECTO_PAGE_WORKER_FAULT";

/// What a worker is told.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Ask {
    /// Before everything else, and once: what a child needs of the engine's settings, and may do.
    Set { rules: Box<Rules>, raw_confidence: bool },
    /// Open a document, under this number from then on.
    Open(u64, Box<Opening>),
    /// Read a page of an open document.
    Page { document: u64, index: usize },
    /// Draw a page of an open document at so many pixels an inch, and keep the image.
    Draw { document: u64, index: usize, dpi: f32 },
    /// Pixels of the image that was drawn, from this byte on.
    Pixels { from: usize },
    /// Close a document.
    Close(u64),
    /// Stop what was asked for.
    Cancel,
}

/// A document to open.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Opening {
    /// Where its bytes are; `None` where the open file comes with the request.
    pub(super) path: Option<PathBuf>,
    /// What it is called in messages.
    pub(super) name: String,
    /// The options as JSON, which every option has a form in.
    pub(super) options: String,
    /// Apart from the options, which never print it.
    pub(super) password: Option<String>,
    pub(super) limits: Limits,
}

/// What is asked, numbered upwards from 1.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) id: u64,
    pub(super) ask: Ask,
}

/// An answer to the request of that number.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Reply {
    pub(super) id: u64,
    pub(super) answer: Result<Answer, Refusal>,
}

/// What came of a request. Closing and cancelling have no answer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// The child is set, and confined so far. Nobody waits for it.
    Ready(Confinement),
    Opened {
        page_count: usize,
        metadata: Metadata,
    },
    Page(Box<PageRead>),
    /// The size in pixels of an image, and its pixels an inch.
    Drawn {
        width: u32,
        height: u32,
        dpi: f32,
    },
    /// [`PART`] bytes of an image, or as many as are left: red, green and blue.
    #[serde(with = "serde_bytes")]
    Pixels(Vec<u8>),
}

/// An [`Error`] on its way between processes.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refusal {
    Io { path: PathBuf, cause: String },
    EmptyInput { name: String },
    UnsupportedFormat { name: String, found: String },
    Damaged { name: String, detail: String },
    PasswordMissing { name: String },
    PasswordWrong { name: String },
    PageOutOfRange { name: String, page: usize, count: usize },
    InvalidOption { option: String, detail: String },
    UnknownLanguage { code: String },
    MissingComponent { what: String, fix: String, cause: Option<String> },
    TooLarge { name: String, detail: String },
    Cancelled,
    DeadlineExceeded,
    Page { page: usize, detail: String },
    PageTimeout { page: usize, limit: Duration },
    Stage { stage: String, cause: String },
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Io { path, source, .. } => Self::Io { path, cause: source.to_string() },
            Error::EmptyInput { name } => Self::EmptyInput { name },
            Error::UnsupportedFormat { name, found } => {
                Self::UnsupportedFormat { name, found: found.into_owned() }
            }
            Error::Damaged { name, detail } => Self::Damaged { name, detail },
            Error::PasswordMissing { name } => Self::PasswordMissing { name },
            Error::PasswordWrong { name } => Self::PasswordWrong { name },
            Error::PageOutOfRange { name, page, count } => {
                Self::PageOutOfRange { name, page, count }
            }
            Error::InvalidOption { option, detail } => {
                Self::InvalidOption { option: option.into_owned(), detail }
            }
            Error::UnknownLanguage { code } => Self::UnknownLanguage { code },
            Error::MissingComponent { what, fix, source } => {
                Self::MissingComponent { what, fix, cause: source.map(|e| chain(e.as_ref())) }
            }
            Error::TooLarge { name, detail } => Self::TooLarge { name, detail },
            Error::Cancelled => Self::Cancelled,
            Error::DeadlineExceeded => Self::DeadlineExceeded,
            Error::Page { page, detail } => Self::Page { page, detail },
            Error::PageTimeout { page, limit } => Self::PageTimeout { page, limit },
            Error::Stage { stage, source } => {
                Self::Stage { stage: stage.to_owned(), cause: chain(source.as_ref()) }
            }
            // Of languages, models and URLs, which are the parent's business.
            other => Self::Stage { stage: "page worker".to_owned(), cause: other.chain() },
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Io { path, cause } => {
                Self::Io { action: "read", path, source: io::Error::other(cause) }
            }
            Refusal::EmptyInput { name } => Self::EmptyInput { name },
            Refusal::UnsupportedFormat { name, found } => {
                Self::UnsupportedFormat { name, found: found.into() }
            }
            Refusal::Damaged { name, detail } => Self::Damaged { name, detail },
            Refusal::PasswordMissing { name } => Self::PasswordMissing { name },
            Refusal::PasswordWrong { name } => Self::PasswordWrong { name },
            Refusal::PageOutOfRange { name, page, count } => {
                Self::PageOutOfRange { name, page, count }
            }
            Refusal::InvalidOption { option, detail } => Self::invalid_option(option, detail),
            Refusal::UnknownLanguage { code } => Self::UnknownLanguage { code },
            Refusal::MissingComponent { what, fix, cause } => {
                Self::MissingComponent { what, fix, source: cause.map(Into::into) }
            }
            Refusal::TooLarge { name, detail } => Self::TooLarge { name, detail },
            Refusal::Cancelled => Self::Cancelled,
            Refusal::DeadlineExceeded => Self::DeadlineExceeded,
            Refusal::Page { page, detail } => Self::Page { page, detail },
            Refusal::PageTimeout { page, limit } => Self::PageTimeout { page, limit },
            Refusal::Stage { stage, cause } => Self::stage(stage_name(&stage), cause),
        }
    }
}

/// The stages that errors name.
const STAGES: [&str; 13] = [
    "parts",
    "pdf",
    "ocr",
    "raster",
    "render",
    "decode",
    "layout",
    "segment",
    "preprocess",
    "threads",
    "neural",
    "orientation",
    "page worker",
];

fn stage_name(name: &str) -> &'static str {
    STAGES.into_iter().find(|known| *known == name).unwrap_or("page")
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |e| e.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Writes a frame.
///
/// # Errors
///
/// Where the pipe is closed, or the message is larger than [`MAX_FRAME`].
pub(super) fn send(mut to: impl Write, message: &impl Serialize) -> io::Result<()> {
    to.write_all(&frame(message)?)?;
    to.flush()
}

/// A frame.
///
/// # Errors
///
/// Where the message is larger than [`MAX_FRAME`].
pub(super) fn frame(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 4];
    rmp_serde::encode::write_named(&mut frame, message).map_err(io::Error::other)?;
    let length = u32::try_from(frame.len() - 4).ok().filter(|length| *length <= MAX_FRAME);
    let Some(length) = length else {
        let message = format!("a message of {} bytes exceeds {MAX_FRAME}", frame.len() - 4);
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    };
    frame[..4].copy_from_slice(&length.to_le_bytes());
    Ok(frame)
}

/// Reads a frame; `None` where the pipe was closed between two.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidData`] where it is no frame of ours, is larger than [`MAX_FRAME`], or
/// ends too early.
pub(super) fn receive<T: DeserializeOwned>(mut from: impl Read) -> io::Result<Option<T>> {
    let invalid = |message: String| io::Error::new(io::ErrorKind::InvalidData, message);
    let mut length = [0; 4];
    let mut known = 0;
    while known < length.len() {
        match from.read(&mut length[known..]) {
            Ok(0) if known == 0 => return Ok(None),
            Ok(0) => return Err(invalid("it ended within a message".to_owned())),
            Ok(read) => known += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let length = u32::from_le_bytes(length);
    if length > MAX_FRAME {
        return Err(invalid(format!("it announced a message of {length} bytes, over {MAX_FRAME}")));
    }
    // Memory is taken as bytes come, not as they are announced.
    let mut frame = Vec::new();
    from.take(u64::from(length)).read_to_end(&mut frame)?;
    if frame.len() < length as usize {
        return Err(invalid("it ended within a message".to_owned()));
    }
    rmp_serde::from_slice(&frame)
        .map(Some)
        .map_err(|e| invalid(format!("its message cannot be read: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Style, TextSource, Word, WordOrigin};
    use crate::geometry::{Perspective, Resolution, Size, rect};
    use crate::page::Rule;

    /// Boxes in JSON are rounded: over the pipe they must not be.
    #[test]
    fn a_page_goes_over_the_pipe_exactly() {
        let mut page = PageRead::blank(3, Size::new(612.123_4, 791.987_6));
        let style = Style { font: Some("Times".into()), size: 11.04, ..Style::default() };
        page.words.push(Word {
            text: "Å".to_owned(),
            rect: rect(1.234_567, 0.1, 1.0 / 3.0, f32::MIN_POSITIVE),
            confidence: Some(0.123_456_7),
            origin: WordOrigin::Ocr,
            style,
            angle: -0.0,
            joined: true,
            line: Some(7),
        });
        page.rules.push(Rule { rect: rect(0.001, 0.002, 0.003, 0.004) });
        page.text_source = TextSource::Mixed;
        page.resolution = Some(Resolution(299.9));
        page.warp = None::<Perspective>;
        page.timings.add("ocr", 0.123_456_789_012);
        let answer = Ok(Answer::Page(Box::new(page.clone())));
        let mut pipe = Vec::new();
        send(&mut pipe, &Reply { id: 9, answer }).unwrap();
        let back: Reply = receive(pipe.as_slice()).unwrap().unwrap();
        let Ok(Answer::Page(back)) = back.answer else { panic!("it is a page") };
        assert_eq!(*back, page);
    }

    #[test]
    fn bad_frames_are_refused_with_their_reason() {
        let receive = |bytes: &[u8]| receive::<Reply>(bytes).map_err(|e| e.to_string());
        assert!(receive(&[]).unwrap().is_none());
        assert!(receive(&u32::MAX.to_le_bytes()).unwrap_err().contains("announced a message"));
        assert!(receive(&[1, 0]).unwrap_err().contains("ended within"));
        assert!(receive(&[9, 0, 0, 0, 1, 2]).unwrap_err().contains("ended within"));
        assert!(receive(&[2, 0, 0, 0, 0xc1, 0xc1]).unwrap_err().contains("cannot be read"));
    }

    #[test]
    fn errors_say_the_same_on_the_other_side() {
        let cause = || std::io::Error::other("the cause");
        let errors = || {
            [
                Error::Damaged { name: "x".to_owned(), detail: "no pages".to_owned() },
                Error::PasswordWrong { name: "x".to_owned() },
                Error::Page { page: 3, detail: "it panicked".to_owned() },
                Error::PageTimeout { page: 3, limit: Duration::from_millis(1500) },
                Error::stage("pdf", cause()),
                Error::MissingComponent {
                    what: "PDFium".to_owned(),
                    fix: "get it".to_owned(),
                    source: Some(Box::new(cause())),
                },
                Error::Io { action: "read", path: "x".into(), source: cause() },
            ]
        };
        for (error, same) in errors().into_iter().zip(errors()) {
            let kind = error.kind();
            let back = Error::from(Refusal::from(error));
            assert_eq!((back.chain(), back.kind()), (same.chain(), kind));
        }
    }
}
