//! Image files as pages.

use image::GrayImage;

use crate::error::Result;
use crate::geometry::Resolution;
use crate::source::Input;

/// An image file, opened: pages are decoded one at a time.
#[derive(Debug)]
pub(crate) struct ImagePages {
    input: Input,
}

impl ImagePages {
    /// Opens the file and counts its pages (more than one in TIFF only).
    pub(crate) fn open(input: Input) -> Result<Self> {
        Ok(Self { input })
    }

    /// How many pages there are.
    pub(crate) fn page_count(&self) -> usize {
        let _ = &self.input;
        1
    }

    /// Decodes a page to gray, with its resolution (as the file states, or estimated).
    pub(crate) fn page(&mut self, _index: usize) -> Result<(GrayImage, Resolution)> {
        Err(crate::error::Error::stage("raster", "not yet"))
    }
}
