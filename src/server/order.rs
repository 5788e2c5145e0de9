//! Requests for reads as a queue keeps them, and their answers without a connection.

use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::{self, About};
use super::error::Dialect;
use super::jobs::Place;
use super::request::Asked;
use crate::call::Call;
use crate::error::{Result, Warning};
use crate::jobs::{Job, JobInput};
use crate::provider::{OcrProvider, OcrRequest};
use crate::source::Source;

/// A request, whose document is elsewhere.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    document: Place,
    ocr: OcrRequest,
    warnings: Vec<Warning>,
    raw: Option<Value>,
}

impl Order {
    /// A request as a queue takes it, and its document, if that is not fetched. What keeps that where it is
    /// comes third, to be dropped when the queue has it.
    pub(super) fn new(asked: Asked) -> (Self, Option<JobInput>, Source) {
        let (document, input) = Place::of(&asked.ocr.document);
        let kept = asked.ocr.document.clone();
        (Self { document, ocr: asked.ocr, warnings: asked.warnings, raw: asked.raw }, input, kept)
    }

    /// The request again.
    pub(super) fn asked(self, job: &Job) -> Result<Asked> {
        let document = self.document.source(&mut job.inputs.iter())?;
        let ocr = OcrRequest { document, ..self.ocr };
        Ok(Asked { ocr, warnings: self.warnings, raw: self.raw })
    }
}

/// What was read for a request.
#[derive(Debug)]
pub(super) struct Answered {
    /// In Mistral's shape, which is Bifrost's.
    pub(super) body: Value,
    pub(super) pages: usize,
    /// Of the document.
    pub(super) bytes: u64,
}

/// Reads the document of a request.
pub(super) fn answer(provider: &dyn OcrProvider, asked: Asked, call: &Call) -> Result<Answered> {
    let start = Instant::now();
    let response = provider.ocr(&asked.ocr, call)?;
    let about = About {
        model_requested: asked.ocr.model,
        warnings: asked.warnings,
        raw_request: asked.raw,
        latency: start.elapsed(),
    };
    Ok(Answered {
        body: answer::body(&response, &about, Dialect::Mistral),
        pages: response.usage.pages_processed,
        bytes: response.usage.document_bytes.unwrap_or(0),
    })
}
