//! The pixels of the images that a response names.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::response::{OcrPage, PixelBox};
use crate::document::Document;
use crate::engine::Engine;
use crate::error::{Result, Warning, WarningCode};
use crate::geometry::{Pt, Px, Rect, Resolution, rect};
use crate::options::{Options, PageSet};
use crate::source::Source;

/// JPEG quality of images: what services send is of this kind, and text in them stays sharp.
const QUALITY: u8 = 85;

/// Fills in the images of all pages as data URIs (`data:image/jpeg;base64,…`), cut out of the pages
/// as they are drawn at the resolution of their dimensions. Images that cannot be had stay without
/// pixels, with a warning.
pub(super) fn attach(
    engine: &Engine,
    source: &Source,
    options: &Options,
    document: &Document,
    pages: &mut [OcrPage],
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for page in pages.iter_mut().filter(|page| !page.images.is_empty()) {
        let rotation =
            document.pages.iter().find(|p| p.index == page.index).map_or(0, |p| p.rotation);
        if let Err(error) = attach_page(engine, source, options, rotation, page) {
            let message = format!("its images come without pixels: {}", error.chain());
            warnings.push(
                Warning {
                    option: Some("include_image_base64".to_owned()),
                    ..Warning::new(WarningCode::PageFailed, message)
                }
                .on_page(page.index),
            );
        }
    }
    warnings
}

fn attach_page(
    engine: &Engine,
    source: &Source,
    options: &Options,
    rotation: u16,
    page: &mut OcrPage,
) -> Result<()> {
    let Some(dimensions) = page.dimensions else { return Ok(()) };
    let resolution = Resolution(dimensions.dpi as f32);
    let one = Options { pages: Some(PageSet::from_indices([page.index])), ..options.clone() };
    let Some(image) = engine.page_images(source.clone(), &one, resolution.0)?.next() else {
        return Ok(());
    };
    let image = image?.turned_back(rotation);
    for wanted in &mut page.images {
        if let Some(part) = wanted.rect.and_then(|r| image.crop(points(r, resolution))) {
            let jpeg = STANDARD.encode(part.jpeg(QUALITY)?);
            wanted.base64 = Some(format!("data:image/jpeg;base64,{jpeg}"));
        }
    }
    Ok(())
}

fn points(pixels: PixelBox, resolution: Resolution) -> Rect<Pt> {
    let [left, top, right, bottom] =
        [pixels.left, pixels.top, pixels.right, pixels.bottom].map(|v| v as f32);
    let pixels: Rect<Px> = rect(left, top, right, bottom);
    resolution.to_points(pixels)
}
