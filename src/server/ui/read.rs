//! Reads a document, and tells what happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::docling::convert::origin;
use super::super::error::ApiError;
use super::DIALECT;
use super::ask::Asked;
use super::content::{Images, page_event};
use super::lines::Lines;
use crate::call::Call;
use crate::document::Document;
use crate::engine::Engine;
use crate::error::{Error, Result, Warning, WarningCode};
use crate::export::{
    DoclingOptions, MarkdownOptions, PdfOptions, docling_document, html, markdown, searchable_pdf,
};
use crate::options::{Options, Profile};
use crate::progress::{Event, Progress};
use crate::source::Source;

/// Time for the images of all pages, which come after the time for reading.
const IMAGES_TIME: Duration = Duration::from_secs(120);
/// Largest searchable PDF that is sent, in bytes; in base64 it is a third larger.
const LARGEST_PDF: usize = 128 << 20;

/// How much was read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Read {
    pub(super) pages: usize,
    pub(super) bytes: u64,
}

/// Reads a document and writes all that comes of it, an error among it.
pub(super) fn read(engine: &Engine, asked: Asked, call: &Call, lines: &Lines) -> Read {
    match all(engine, asked, call, lines) {
        Ok(read) => read,
        // Nobody is there to be told.
        Err(Error::Cancelled) => Read::default(),
        Err(error) => {
            let _ = lines.write(&failed(&error));
            Read::default()
        }
    }
}

fn all(engine: &Engine, asked: Asked, call: &Call, lines: &Lines) -> Result<Read> {
    let started = Instant::now();
    let Asked { source, options, mut warnings } = asked;
    let progress = Pages {
        lines: lines.clone(),
        done: AtomicUsize::new(0),
        total: AtomicUsize::new(0),
        besides: call.progress.clone(),
    };
    let call = Call { progress: Some(Arc::new(progress)), ..call.clone() };
    lines.write(&json!({ "event": "started" }))?;

    // Read and drawn from the same bytes.
    let source = engine.load(&source, &call)?;
    let origin = origin(&source, &options)?;
    let document = engine.read_with(source.clone(), &options, &call)?;
    if document.warnings.iter().any(|warning| warning.code == WarningCode::Cancelled) {
        return Err(Error::Cancelled);
    }
    let read = Read { pages: document.pages.len(), bytes: document.byte_count };
    lines.write(&about(&document))?;
    warnings.extend(document.warnings.iter().cloned());
    for warning in &warnings {
        tell_warning(lines, warning)?;
    }

    // What was read in time is shown, however late it is.
    let drawing = Call { cancel: call.cancel.clone(), ..Call::default() };
    let drawing = drawing.with_timeout(Some(IMAGES_TIME));
    let mut images = Images::new(engine, &source, &options, &drawing);
    for run in document.pages.chunk_by(|a, b| Images::dpi(a) == Images::dpi(b)) {
        images.draw(run, &mut |page, image| match image {
            Ok(image) => lines.write(&page_event(page, Some(&image))),
            Err(Error::Cancelled) => Err(Error::Cancelled),
            Err(error) => {
                let message = format!("there is no image of the page: {}", error.chain());
                let warning = Warning::new(WarningCode::Other, message).on_page(page.index);
                tell_warning(lines, &warning)?;
                lines.write(&page_event(page, None))
            }
        })?;
    }

    let text = |format: &str, content: String| {
        lines.write(&json!({ "event": "file", "format": format, "text": content }))
    };
    text("md", markdown(&document, &MarkdownOptions::from(&options)))?;
    let origin = Some(origin);
    let json = docling_document(&document, &DoclingOptions { origin, ..DoclingOptions::default() });
    text("json", json.to_string())?;
    text("html", html(&document, Profile::Full))?;
    pdf(&document, &source, &options, lines)?;
    lines.write(&json!({
        "event": "done",
        "pages": read.pages,
        "seconds": (started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
    }))?;
    Ok(read)
}

fn about(document: &Document) -> Value {
    json!({
        "event": "document",
        "name": document.name,
        "pages": document.page_count,
        "read": document.pages.len(),
        "status": document.status,
        "language": document.language,
        "confidence": document.confidence().map(|c| (f64::from(c) * 1000.0).round() / 1000.0),
    })
}

fn tell_warning(lines: &Lines, warning: &Warning) -> Result<()> {
    let mut event = serde_json::to_value(warning).unwrap_or_default();
    event["event"] = json!("warning");
    // Messages count pages from 0, and the page from 1; it says itself which one is meant.
    if let Some(page) = warning.page
        && let Some(rest) = warning.message.strip_prefix(&format!("page {page} "))
    {
        event["message"] = json!(rest);
    }
    lines.write(&event)
}

/// Writes the searchable PDF. One that is the upload itself is not sent back.
fn pdf(document: &Document, source: &Source, options: &Options, lines: &Lines) -> Result<()> {
    let original: &[u8] = match source {
        Source::Bytes { bytes, .. } => bytes,
        _ => &[],
    };
    let missing = |why: String| {
        let message = format!("there is no searchable PDF: {why}");
        tell_warning(lines, &Warning::new(WarningCode::Other, message))
    };
    match searchable_pdf(document, original, &PdfOptions { password: options.password.clone() }) {
        Ok(pdf) if pdf == original => {
            lines.write(&json!({ "event": "file", "format": "pdf", "same": true }))
        }
        Ok(pdf) if pdf.len() > LARGEST_PDF => {
            missing(format!("it has {} bytes, and {LARGEST_PDF} are sent at most", pdf.len()))
        }
        Ok(pdf) => {
            let content = STANDARD.encode(pdf);
            lines.write(&json!({ "event": "file", "format": "pdf", "base64": content }))
        }
        Err(error) => missing(error.chain()),
    }
}

/// An error of the library as an event.
fn failed(error: &Error) -> Value {
    let mut event = failure(&ApiError::of(error));
    match error {
        Error::PasswordMissing { .. } => event["code"] = json!("password_missing"),
        Error::PasswordWrong { .. } => event["code"] = json!("password_wrong"),
        Error::PageOutOfRange { page, count, .. } => {
            // Here pages count from 1.
            let message = format!("page {} was asked for; the document has {count}", page + 1);
            event["message"] = json!(message);
        }
        _ => {}
    }
    event
}

/// An error as an event: `{"event": "error", "code", "message"}`.
pub(super) fn failure(error: &ApiError) -> Value {
    let body = error.body(DIALECT);
    let of = &body["error"];
    json!({ "event": "error", "code": of["code"], "message": of["message"] })
}

/// Tells of every page that is done.
#[derive(Debug)]
struct Pages {
    lines: Lines,
    done: AtomicUsize,
    total: AtomicUsize,
    /// Who else is told.
    besides: Option<Arc<dyn Progress>>,
}

impl Pages {
    fn done(&self, page: usize, failure: Option<&str>) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let total = self.total.load(Ordering::Relaxed);
        let mut event = json!({ "event": "progress", "page": page, "done": done, "total": total });
        if let Some(message) = failure {
            event["failed"] = json!(message);
        }
        self.lines.offer(&event);
    }
}

impl Progress for Pages {
    fn on_event(&self, event: &Event) {
        if let Some(besides) = &self.besides {
            besides.on_event(event);
        }
        match event {
            Event::Opened { page_count, selected } => {
                self.total.store(*selected, Ordering::Relaxed);
                let event = json!({ "event": "opened", "pages": page_count, "total": selected });
                self.lines.offer(&event);
            }
            Event::PageDone { page, .. } => self.done(*page, None),
            Event::PageFailed { page, message } => self.done(*page, Some(message)),
            // Warnings come with the document.
            Event::PageRead { .. } | Event::DocumentRead { .. } | Event::Warned(_) => {}
        }
    }
}
