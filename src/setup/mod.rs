//! Where native parts are found, and how to get those that are missing.

use std::path::PathBuf;

/// File name of the PDFium library on this platform.
pub fn pdfium_file_name() -> &'static str {
    if cfg!(target_os = "macos") {
        "libpdfium.dylib"
    } else if cfg!(target_os = "windows") {
        "pdfium.dll"
    } else {
        "libpdfium.so"
    }
}

/// The places where PDFium is looked for, in order.
pub fn pdfium_candidates() -> Vec<PathBuf> {
    let mut places = Vec::new();
    if let Some(path) = std::env::var_os("RECTO_PDFIUM") {
        places.push(PathBuf::from(path));
    }
    places.push(PathBuf::from("models").join(pdfium_file_name()));
    places
}

/// Finds.
pub fn pdfium() -> crate::Result<PathBuf> {
    Ok(PathBuf::from("models").join(pdfium_file_name()))
}
