//! Single stages, for the benches of this package. Not a public interface: it may change at any
//! time.

use std::path::Path;

use crate::document::Page;
use crate::error::{Error, Result};
use crate::geometry::Resolution;
use crate::options::{OcrMode, Options, TableMode};
use crate::page::PageRead;
use crate::page_work::{Prepared, prepare_pdf_page};
use crate::pdf::PdfFile;
use crate::source::{Source, UrlPolicy};
use crate::{layout, setup};

/// An open PDF.
#[derive(Debug)]
pub struct Pdf(PdfFile);

impl Pdf {
    /// Opens a PDF file.
    ///
    /// # Errors
    ///
    /// As [`Engine::read`](crate::Engine::read).
    pub fn open(path: &Path) -> Result<Self> {
        let input = Source::path(path).load(UrlPolicy::Refuse)?;
        Ok(Self(PdfFile::open(&input, None, &setup::pdfium()?)?))
    }

    /// Renders a page to gray; gives its number of pixels.
    ///
    /// # Errors
    ///
    /// When the page does not exist or cannot be rendered.
    pub fn render(&self, page: usize, dpi: f32) -> Result<usize> {
        Ok(self.0.page(page)?.render(Resolution(dpi))?.as_raw().len())
    }

    /// Takes what a page says without OCR.
    ///
    /// # Errors
    ///
    /// When the page does not exist.
    pub fn text_layer(&self, page: usize) -> Result<PageRead> {
        let options =
            Options { ocr: OcrMode::Never, table_mode: TableMode::Fast, ..Options::default() };
        match prepare_pdf_page(&self.0, page, &options, &mut || {})? {
            Prepared::Done(read) => Ok(*read),
            Prepared::Raster(_) => {
                Err(Error::Page { page, detail: "it wants OCR although that is off".to_owned() })
            }
        }
    }
}

/// Lays out pages.
pub fn lay_out(reads: Vec<PageRead>, options: &Options) -> Vec<Page> {
    layout::lay_out(reads, options)
}
