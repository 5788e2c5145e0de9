//! Optical character recognition with Tesseract: pixels to words.

mod openmp;
#[cfg(feature = "tesseract")]
mod tesseract;

pub(crate) use openmp::prepare_worker_thread;
#[cfg(feature = "tesseract")]
pub(crate) use tesseract::TesseractRecognizer;

/// The version of Tesseract that this program runs; `None` where it is built without.
pub(crate) fn tesseract_version() -> Option<String> {
    #[cfg(feature = "tesseract")]
    return Some(tesseract::version());
    #[cfg(not(feature = "tesseract"))]
    None
}
