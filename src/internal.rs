//! Single stages, for the benches and fuzz targets of this package. Not a public interface: it may change at any
//! time.

pub mod parsers;

use std::path::Path;

use crate::call::Call;
use crate::document::Page;
use crate::error::{Error, Result};
use crate::geometry::Resolution;
use crate::options::{OcrMode, Options, TableMode};
use crate::page::PageRead;
pub use crate::page::PlacementKind;
use crate::page_work::{Prepared, prepare_pdf_page};
use crate::pdf::PdfFile;
use crate::picture::PageImage;
use crate::source::{Source, UrlPolicy};
use crate::{enrich, layout, setup};

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
        match prepare_pdf_page(&self.0, page, &options, &Call::default(), &mut || {})? {
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

/// The numbers by which the picture in an image file is classified; `None` where it is too small. What
/// is transparent is white, as on paper.
///
/// # Errors
///
/// When the file is no image.
pub fn picture_marks(path: &Path) -> Result<Option<Vec<f32>>> {
    let image = image::open(path).map_err(|e| Error::stage("picture", e))?.into_rgba8();
    let over_white = |p: &image::Rgba<u8>| {
        let [r, g, b, a] = p.0.map(u16::from);
        image::Rgb([r, g, b].map(|v| ((v * a + 255 * (255 - a)) / 255) as u8))
    };
    let pixels = image::RgbImage::from_fn(image.width(), image.height(), |x, y| {
        over_white(image.get_pixel(x, y))
    });
    let picture = PageImage::new(0, Resolution(200.0), pixels);
    Ok(enrich::picture_marks(&picture).map(|marks| marks.to_vec()))
}
