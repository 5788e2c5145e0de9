//! The pixels of the images that a response names.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::response::{OcrPage, PixelBox};
use crate::call::Call;
use crate::document::Document;
use crate::engine::Engine;
use crate::error::{Error, Result, Warning, WarningCode};
use crate::geometry::{Pt, Px, Rect, Resolution, rect};
use crate::options::{Options, PageSet};
use crate::picture::PageImage;
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
    call: &Call,
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut wanted: Vec<&mut OcrPage> =
        pages.iter_mut().filter(|page| !page.images.is_empty()).collect();
    let same_dpi = |a: &&mut OcrPage, b: &&mut OcrPage| dpi(a) == dpi(b);
    // Opened once for each stretch of pages of one resolution: mostly once.
    for stretch in wanted.chunk_by_mut(same_dpi) {
        let Some(dpi) = stretch.first().and_then(|page| dpi(page)) else { continue };
        let resolution = Resolution(dpi as f32);
        let indices = stretch.iter().map(|page| page.index);
        let some = Options { pages: Some(PageSet::from_indices(indices)), ..options.clone() };
        let mut images = match engine.page_images_with(source.clone(), &some, resolution.0, call) {
            Ok(images) => images,
            Err(error) => {
                warnings.extend(stretch.iter().map(|page| without_pixels(page, &error)));
                continue;
            }
        };
        for page in stretch {
            let rotation =
                document.pages.iter().find(|p| p.index == page.index).map_or(0, |p| p.rotation);
            let cut = images
                .next()
                .unwrap_or(Err(Error::Page { page: page.index, detail: "it is gone".to_owned() }))
                .and_then(|image| cut_out(&image.turned_back(rotation), resolution, page));
            if let Err(error) = cut {
                warnings.push(without_pixels(page, &error));
            }
        }
    }
    warnings
}

fn dpi(page: &OcrPage) -> Option<u32> {
    page.dimensions.map(|dimensions| dimensions.dpi)
}

fn without_pixels(page: &OcrPage, error: &Error) -> Warning {
    let message = format!("its images come without pixels: {}", error.chain());
    Warning {
        option: Some("include_image_base64".to_owned()),
        ..Warning::new(WarningCode::PageFailed, message)
    }
    .on_page(page.index)
}

fn cut_out(image: &PageImage, resolution: Resolution, page: &mut OcrPage) -> Result<()> {
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
