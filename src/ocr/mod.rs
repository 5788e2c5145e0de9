//! Optical character recognition: pixels to words.

use std::fmt::Debug;

use image::GrayImage;

use crate::call::Call;
use crate::error::Result;
use crate::geometry::{Px, Rect, Resolution};

/// A word as recognised, in pixels of the image given.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OcrWord {
    pub(crate) text: String,
    pub(crate) rect: Rect<Px>,
    /// 0 to 1.
    pub(crate) confidence: f32,
    /// Line within the image, from 0, in the recogniser's order.
    pub(crate) line: u32,
    /// Height of the em in pixels, estimated from the line (x-height, ascenders), where known.
    pub(crate) size: Option<f32>,
}

/// An OCR engine with the models of its languages at hand.
pub(crate) trait Recognizer: Debug + Send + Sync {
    /// Reads all text of an upright page image.
    fn recognize(
        &self,
        image: &GrayImage,
        resolution: Resolution,
        languages: &[String],
        call: &Call,
    ) -> Result<Vec<OcrWord>>;
}

pub(crate) fn prepare_worker_thread() {}
