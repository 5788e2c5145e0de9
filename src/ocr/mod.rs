//! Optical character recognition with Tesseract: pixels to words.

mod openmp;
#[cfg(feature = "tesseract")]
mod tesseract;

pub(crate) use openmp::prepare_worker_thread;
#[cfg(feature = "tesseract")]
pub(crate) use tesseract::TesseractRecognizer;
