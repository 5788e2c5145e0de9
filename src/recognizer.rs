//! What the engine asks of a recogniser, and what it gets: words in pixels.
//!
//! Recognisers are Tesseract ([`ocr`](crate::ocr)) and neural models ([`neural`](crate::neural)); the
//! stages do not know each other, so what they share is data.

#[cfg(any(feature = "tesseract", feature = "onnx"))]
mod size;

use std::fmt::Debug;

use image::GrayImage;

use crate::call::Call;
use crate::error::Result;
use crate::geometry::{Px, Rect, Resolution};

#[cfg(any(feature = "tesseract", feature = "onnx"))]
pub(crate) use size::em;

/// A word as recognised, in pixels of the image given.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OcrWord {
    /// Without white space, never empty, NFC, in logical order.
    pub(crate) text: String,
    pub(crate) rect: Rect<Px>,
    /// 0 to 1.
    pub(crate) confidence: f32,
    /// Block within the image, from 0, in the recogniser's order.
    pub(crate) block: u32,
    /// Paragraph within the image, from 0, in the recogniser's order.
    pub(crate) paragraph: u32,
    /// Line within the image, from 0, in the recogniser's order.
    pub(crate) line: u32,
    /// Height of the em in pixels, estimated from the line (x-height, ascenders), where known.
    pub(crate) size: Option<f32>,
    /// Whether its line is set in bold; `None` where that cannot be told.
    pub(crate) bold: Option<bool>,
    /// Direction of the baseline in degrees, clockwise: 0, 90, 180 or 270.
    pub(crate) angle: f32,
    /// Whether no space goes between the word before and this one (text without spaces, CJK).
    pub(crate) joined: bool,
}

/// What script an image is in, told by the shapes of its letters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ScriptGuess {
    /// Tesseract's name for it: `Latin`, `Cyrillic`, `Japanese`.
    pub(crate) name: String,
    /// From 0; above 1 it is mostly right.
    pub(crate) confidence: f32,
}

/// An OCR engine with the models of its languages at hand.
pub(crate) trait Recognizer: Debug + Send + Sync {
    /// Reads all text of an upright page image: words in reading order, as far as the engine can
    /// tell it.
    ///
    /// `languages` are the engine's own codes, the main one first.
    fn recognize(
        &self,
        image: &GrayImage,
        resolution: Resolution,
        languages: &[String],
        call: &Call,
    ) -> Result<Vec<OcrWord>>;

    /// Loads the models of these languages for the thread that recognises next, so that loading
    /// them takes no time then. Does nothing where they are at hand.
    ///
    /// What goes wrong here goes wrong in recognition again, and is told there.
    fn warm_up(&self, _languages: &[String]) {}

    /// Reads an image that is one block of text, without looking for columns in it. Those that find lines
    /// wherever they stand read it like any other.
    fn recognize_block(
        &self,
        image: &GrayImage,
        resolution: Resolution,
        languages: &[String],
        call: &Call,
    ) -> Result<Vec<OcrWord>> {
        self.recognize(image, resolution, languages, call)
    }

    /// Tells the script of an image without reading it; `None` where that cannot be told.
    fn script(&self, _image: &GrayImage, _resolution: Resolution) -> Result<Option<ScriptGuess>> {
        Ok(None)
    }

    /// Whether it finds the lines of a page by itself, wherever they stand. Such a recogniser is
    /// given whole pages and not parts of them, at the page's own scale, and is not asked again about
    /// what it passed over.
    fn finds_lines(&self) -> bool {
        false
    }
}
