//! Readers of strangers' input, each by itself: what the fuzz targets (fuzz/) call.

#[cfg(feature = "server")]
pub use crate::server::parsers::*;

use crate::config::Config;
use crate::error::Result;
use crate::raster::ImagePages;
use crate::source::{Format, Source, UrlPolicy};

/// Finds out what a document is.
///
/// # Errors
///
/// Where it is none that is read; the error says what it is instead.
pub fn sniff(bytes: &[u8]) -> Result<()> {
    Source::bytes(bytes, "input").load(UrlPolicy::Refuse).map(drop)
}

/// Decodes the first pages of an image file; gives their sizes in pixels.
///
/// # Errors
///
/// Where it is no image, or damaged.
pub fn image(bytes: &[u8], pages: usize) -> Result<Vec<(u32, u32)>> {
    let input = Source::bytes(bytes, "input").load(UrlPolicy::Refuse)?;
    if input.format == Format::Pdf {
        return Ok(Vec::new());
    }
    let mut file = ImagePages::open(input)?;
    let count = file.page_count().min(pages);
    (0..count).map(|page| Ok(file.page(page)?.0.dimensions())).collect()
}

/// Reads a `recto.toml`.
///
/// # Errors
///
/// What is wrong with it.
pub fn config(text: &str) -> std::result::Result<Config, String> {
    Config::parse(text)
}
