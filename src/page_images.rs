//! Handing out images of pages one by one.

use std::vec::IntoIter;

use image::imageops::{self, FilterType};

use crate::call::Call;
use crate::error::{Error, Result};
use crate::geometry::Resolution;
use crate::picture::PageImage;
use crate::runner::OpenDocument;

/// The least and the highest resolution of page images, in pixels an inch.
const RESOLUTIONS: std::ops::RangeInclusive<f32> = 10.0..=1200.0;

/// Images of a document's pages, drawn or decoded as they are taken. See
/// [`Engine::page_images`](crate::Engine::page_images).
#[derive(Debug)]
pub struct PageImages {
    document: OpenDocument,
    pages: IntoIter<usize>,
    resolution: Resolution,
    call: Call,
}

impl PageImages {
    pub(crate) fn new(
        document: OpenDocument,
        pages: Vec<usize>,
        dpi: f32,
        call: Call,
    ) -> Result<Self> {
        if !RESOLUTIONS.contains(&dpi) {
            return Err(Error::invalid_option(
                "dpi",
                format!("{dpi} is not from {} to {}", RESOLUTIONS.start(), RESOLUTIONS.end()),
            ));
        }
        if let OpenDocument::InChild(document) = &document {
            // Nobody knows when the first image is asked for.
            document.rest();
        }
        Ok(Self { document, pages: pages.into_iter(), resolution: Resolution(dpi), call })
    }

    fn next_image(&self, index: usize) -> Result<PageImage> {
        self.call.check()?;
        draw_anywhere(&self.document, index, self.resolution, &self.call)
    }
}

/// Draws a page of a document wherever it is open.
pub(crate) fn draw_anywhere(
    document: &OpenDocument,
    index: usize,
    wanted: Resolution,
    call: &Call,
) -> Result<PageImage> {
    match document {
        OpenDocument::InChild(document) => document.draw(index, wanted, call),
        here => draw(here, index, wanted),
    }
}

/// Draws a page of a document that is open in this process.
pub(crate) fn draw(document: &OpenDocument, index: usize, wanted: Resolution) -> Result<PageImage> {
    let (image, resolution) = document.color_page(index, wanted)?;
    let factor = wanted.0 / resolution.0;
    // Image files come as they are; made larger they would show nothing more.
    if factor >= 1.0 {
        return Ok(PageImage::new(index, resolution, image));
    }
    let side = |pixels: u32| ((pixels as f32 * factor).round() as u32).max(1);
    let (width, height) = (side(image.width()), side(image.height()));
    let image = imageops::resize(&image, width, height, FilterType::Triangle);
    Ok(PageImage::new(index, wanted, image))
}

impl Iterator for PageImages {
    type Item = Result<PageImage>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pages.next().map(|index| self.next_image(index))
    }
}
