//! Text of whole pages: lines found by one model, read by another (PP-OCR: Du et al. 2020, versions 4
//! to 6).
//!
//! The first model gives for each pixel the probability of being inside of a line ([`detect`]), from
//! which come boxes, slanted as the lines are ([`boxes`]). Each is cut out straight ([`crop`]) and read
//! character by character ([`read`], [`ctc`]), and the characters become words with boxes ([`words`]).

mod boxes;
mod crop;
mod ctc;
mod detect;
mod ink;
mod read;
mod words;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Instant;

use image::GrayImage;

use self::ctc::Dictionary;
use self::detect::Detector;
use self::read::LineReader;
use super::model::Model;
use super::{TextModels, TextReader, Wanted};
use crate::call::Call;
use crate::error::{Error, Result};
use crate::geometry::Resolution;
use crate::recognizer::{OcrWord, Recognizer};

/// The reader with these models, one for the process.
pub(super) fn reader(models: &TextModels) -> Result<Arc<dyn TextReader>> {
    static KNOWN: LazyLock<Mutex<HashMap<TextModels, Arc<PageReader>>>> =
        LazyLock::new(Mutex::default);
    if let Some(known) = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(models) {
        return Ok(Arc::clone(known) as Arc<dyn TextReader>);
    }
    // Loaded outside of the lock: two that load the same models do it in vain once.
    let made = Arc::new(PageReader::load(models)?);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Arc::clone(known.entry(models.clone()).or_insert(made)) as Arc<dyn TextReader>)
}

#[derive(Debug)]
struct PageReader {
    detector: Detector,
    lines: LineReader,
}

impl PageReader {
    fn load(models: &TextModels) -> Result<Self> {
        let detection = load(&models.detection)?;
        let recognition = load(&models.recognition)?;
        let dictionary = dictionary(models, &recognition)?;
        Ok(Self {
            detector: Detector::new(detection, &models.detection),
            lines: LineReader::new(recognition, dictionary),
        })
    }
}

fn load(path: &Path) -> Result<Model> {
    Model::load(path)
        .ok_or_else(|| unusable(path, "it does not load as an ONNX model of one input"))
}

/// The characters that a model tells apart: those it names itself, or of a text file.
fn dictionary(models: &TextModels, recognition: &Model) -> Result<Dictionary> {
    if let Some(text) = recognition.metadata("character") {
        return Ok(Dictionary::new(text.split('\n')));
    }
    let path = models.dictionary.as_ref().ok_or_else(|| {
        unusable(
            &models.recognition,
            "it does not say which characters it tells apart (metadata `character`); put its \
             dictionary, a *.txt of one character to a line, beside it",
        )
    })?;
    let read = std::fs::read_to_string(path);
    let text = read.map_err(|source| Error::Io { action: "read", path: path.clone(), source })?;
    Ok(Dictionary::new(text.lines()))
}

/// A model file that cannot be used.
fn unusable(path: &Path, why: &str) -> Error {
    Error::MissingComponent {
        what: format!("a usable model: {}", path.display()),
        fix: why.to_owned(),
        source: None,
    }
}

impl TextReader for PageReader {
    fn knows(&self, c: char) -> bool {
        self.lines.dictionary().has(c)
    }

    fn read_lines(
        &self,
        image: &GrayImage,
        wanted: &Wanted<'_>,
        call: &Call,
    ) -> Result<Vec<OcrWord>> {
        call.check()?;
        let started = Instant::now();
        let mut found = self.detector.detect(image)?;
        let (lines, finding) = (found.len(), started.elapsed());
        found.retain(|line| (wanted.line)(&line.bounds()));
        call.check()?;
        let words = self.lines.read(image, &found, wanted.letter, call)?;
        let reading = started.elapsed() - finding;
        tracing::debug!(lines, read = found.len(), ?finding, ?reading, "lines were read");
        Ok(words)
    }
}

impl Recognizer for PageReader {
    fn recognize(
        &self,
        image: &GrayImage,
        _resolution: Resolution,
        _languages: &[String],
        call: &Call,
    ) -> Result<Vec<OcrWord>> {
        self.read_lines(image, &Wanted { line: &|_| true, letter: &|_| true }, call)
    }

    fn finds_lines(&self) -> bool {
        true
    }
}

/// An error of a model that was loaded and does not do what models of its kind do.
fn failed(what: &'static str) -> Error {
    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Failed(&'static str);
    Error::stage("ocr", Failed(what))
}

#[cfg(test)]
mod tests;
