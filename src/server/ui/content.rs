//! A page as the browser draws it: its image, and its blocks with their boxes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::call::Call;
use crate::document::{Block, Page, Role, Table};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::export::{MarkdownOptions, page_markdown};
use crate::geometry::{Pt, Rect};
use crate::options::{Options, PageSet};
use crate::picture::PageImage;
use crate::source::Source;

/// Resolution of page images, at which small print can be read.
const DPI: f32 = 120.0;
/// Pixels along the longer side of a page at most: posters are shown at less.
const LONGEST: f32 = 1800.0;
/// The least that pages are drawn at.
const LEAST_DPI: f32 = 10.0;
/// Quality of the images as JPEG: text stays clear, a page takes some 150 kB.
const QUALITY: u8 = 75;
/// Bytes of all images of a document: a browser keeps them all.
const MOST_BYTES: usize = 128 << 20;

/// A page's image as a file, or what is wrong with it.
type Jpeg = Result<Vec<u8>>;

/// Draws the pages of a document.
#[derive(Debug)]
pub(super) struct Images<'a> {
    engine: &'a Engine,
    source: &'a Source,
    options: &'a Options,
    call: &'a Call,
    bytes: usize,
}

impl<'a> Images<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        source: &'a Source,
        options: &'a Options,
        call: &'a Call,
    ) -> Self {
        Self { engine, source, options, call, bytes: 0 }
    }

    /// Pixels an inch at which a page is drawn, a whole number.
    pub(super) fn dpi(page: &Page) -> f32 {
        let longer = page.size.width.max(page.size.height).max(1.0);
        (LONGEST * 72.0 / longer).clamp(LEAST_DPI, DPI).round()
    }

    /// Draws pages that have one resolution, and hands on each, as a JPEG file, with its page.
    ///
    /// # Errors
    ///
    /// Those of `each`, and [`Error::Cancelled`]. What else keeps a page from being drawn is handed
    /// on in place of its image.
    pub(super) fn draw(
        &mut self,
        pages: &[Page],
        each: &mut dyn FnMut(&Page, Jpeg) -> Result<()>,
    ) -> Result<()> {
        let Some(first) = pages.first() else { return Ok(()) };
        let wanted = PageSet::from_indices(pages.iter().map(|page| page.index));
        let options = Options { pages: Some(wanted), ..self.options.clone() };
        let dpi = Self::dpi(first);
        let mut drawn =
            match self.engine.page_images_with(self.source.clone(), &options, dpi, self.call) {
                Err(Error::Cancelled) => return Err(Error::Cancelled),
                drawn => drawn,
            };
        for page in pages {
            let missing = |detail: String| Error::Page { page: page.index, detail };
            let image = match &mut drawn {
                Ok(images) => {
                    images.next().unwrap_or_else(|| Err(missing("it is gone".to_owned())))
                }
                Err(error) => Err(missing(error.chain())),
            };
            let jpeg = image.and_then(|image| self.jpeg(image.turned_back(page.rotation)));
            each(page, jpeg)?;
        }
        Ok(())
    }

    fn jpeg(&mut self, image: PageImage) -> Jpeg {
        let jpeg = image.jpeg(QUALITY)?;
        self.bytes += jpeg.len();
        if self.bytes > MOST_BYTES {
            let detail = format!("the images of a document have {MOST_BYTES} bytes at most");
            return Err(Error::Page { page: image.index, detail });
        }
        Ok(jpeg)
    }
}

/// A page as an event. Sizes and boxes are points from the top left.
pub(super) fn page_event(page: &Page, jpeg: Option<&Vec<u8>>) -> Value {
    let image = jpeg.map(|jpeg| format!("data:image/jpeg;base64,{}", STANDARD.encode(jpeg)));
    json!({
        "event": "page",
        "index": page.index,
        "width": tenths(page.size.width),
        "height": tenths(page.size.height),
        "text_source": page.text_source,
        "language": page.language,
        "image": image,
        "blocks": page.blocks.iter().map(block).collect::<Vec<_>>(),
        "markdown": page_markdown(page, &MarkdownOptions::default()),
    })
}

/// `{"role", "box", "text", "confidence"}`, and what belongs to the role.
fn block(block: &Block) -> Value {
    let mut value = match &block.role {
        Role::Table { table } => json!({ "role": "table", "cells": cells(table) }),
        // Of other roles everything counts.
        role => serde_json::to_value(role).unwrap_or_default(),
    };
    value["box"] = edges(&block.rect);
    value["text"] = json!(block.text);
    value["confidence"] = json!(block.confidence.map(|c| (f64::from(c) * 100.0).round() / 100.0));
    value
}

/// Cells in row-major order.
fn cells(table: &Table) -> Vec<Value> {
    let cell = |cell: &crate::document::Cell| {
        json!({
            "row": cell.row,
            "rows": cell.row_span,
            "columns": cell.column_span,
            "header": cell.header,
            "text": cell.text,
        })
    };
    table.cells.iter().map(cell).collect()
}

/// Left, top, right, bottom.
fn edges(rect: &Rect<Pt>) -> Value {
    json!([rect.min.x, rect.min.y, rect.max.x, rect.max.y].map(tenths))
}

/// Points with one decimal.
fn tenths(points: f32) -> f64 {
    (f64::from(points) * 10.0).round() / 10.0
}
