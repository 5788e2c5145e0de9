//! Neural models, run on the CPU by a runtime in Rust (feature `onnx`).
//!
//! Models are files that the set-up fetches; none of them is needed. Every one is loaded once for
//! the process, when it is first asked, and shared by all threads. Without the feature, without
//! the file, or with a file that does not load, there is no model, and whoever asks goes on
//! without.

#[cfg(feature = "onnx")]
mod model;
mod orientation;
mod tables;
#[cfg(feature = "onnx")]
mod text;

use std::path::PathBuf;
use std::sync::Arc;

pub(crate) use orientation::{Orienter, WayUp, orienter};
pub(crate) use tables::{TableReader, table_reader};

use image::GrayImage;

use crate::call::Call;
use crate::error::Result;
use crate::geometry::{Px, Rect};
use crate::recognizer::{OcrWord, Recognizer};

/// The models that read text together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(not(feature = "onnx"), allow(dead_code))]
pub(crate) struct TextModels {
    /// Finds the lines of a page.
    pub(crate) detection: PathBuf,
    /// Reads a line.
    pub(crate) recognition: PathBuf,
    /// The characters that it tells apart, one to a line, if the model does not name them itself.
    pub(crate) dictionary: Option<PathBuf>,
}

/// What is to be read of a page.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "onnx"), allow(dead_code))]
pub(crate) struct Wanted<'a> {
    /// Whether to read a line, by its upright box in pixels of the image.
    pub(crate) line: &'a (dyn Fn(&Rect<Px>) -> bool + Sync),
    /// Whether to expect a letter; others are read where the pixels leave hardly a doubt.
    pub(crate) letter: &'a (dyn Fn(char) -> bool + Sync),
}

/// A recogniser that neural models make.
pub(crate) trait TextReader: Recognizer {
    /// Whether it can read this character at all.
    fn knows(&self, c: char) -> bool;

    /// Reads some of the lines of a page.
    ///
    /// # Errors
    ///
    /// As [`Recognizer::recognize`].
    fn read_lines(
        &self,
        image: &GrayImage,
        wanted: &Wanted<'_>,
        call: &Call,
    ) -> Result<Vec<OcrWord>>;
}

/// The reader with these models, one for the process, loaded now.
///
/// # Errors
///
/// [`Error::MissingComponent`](crate::Error::MissingComponent) for files that are no such models, and
/// in builds that run none.
#[cfg(feature = "onnx")]
pub(crate) fn text_reader(models: &TextModels) -> Result<Arc<dyn TextReader>> {
    text::reader(models)
}

/// As no model can be run.
#[cfg(not(feature = "onnx"))]
pub(crate) fn text_reader(_models: &TextModels) -> Result<Arc<dyn TextReader>> {
    Err(crate::error::Error::MissingComponent {
        what: "a runtime for neural models".to_owned(),
        fix: "build recto with the feature `onnx`".to_owned(),
        source: None,
    })
}
