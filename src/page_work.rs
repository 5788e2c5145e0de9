//! Reading one page: which text to take, and taking it.
//!
//! A text layer that can be trusted is used as it is, and bitmaps without text on such a page are
//! recognised besides. Everything else is recognised whole.

use std::time::Instant;

use image::GrayImage;

use crate::call::Call;
use crate::document::TextSource;
use crate::error::{Result, Warning, WarningCode};
use crate::geometry::{Pt, Rect, RectExt, Resolution, Size, rect};
use crate::limits::Limits;
use crate::options::{OcrMode, Options};
use crate::page::{Doubt, PageRead, PlacementKind, Suspect, Tags};
use crate::pdf::{PageContent, PdfFile, PdfPage};
use crate::raster::ImagePages;
use crate::sketching;

/// Resolution for pages that are not one scan: what Tesseract reads best.
const OCR_RESOLUTION: Resolution = Resolution(300.0);
/// A scan is taken at its own resolution within these bounds. Above, more pixels cost time and
/// gain nothing; below, rendering larger gives the recogniser the x-height it wants.
const SCAN_RESOLUTION: std::ops::RangeInclusive<f32> = 100.0..=400.0;
/// Longest side of a page raster: recognisers count pixels with 16-bit signed numbers.
const LONGEST_SIDE: f32 = 32_767.0;
/// Bitmaps smaller than this share of the page are not recognised (docling's
/// `bitmap_area_threshold`).
const BITMAP_AREA: f32 = 0.05;
/// A bitmap that the text layer covers by more than this share of its area lies under that text.
const COVERED: f32 = 0.01;

/// A page on its way: done, or with pixels to recognise.
#[derive(Debug)]
pub(crate) enum Prepared {
    Done(Box<PageRead>),
    Raster(Box<RasterPage>),
}

/// A page whose pixels are to be recognised.
#[derive(Debug)]
pub(crate) struct RasterPage {
    pub(crate) image: GrayImage,
    pub(crate) resolution: Resolution,
    /// What is known without OCR. `words` are kept where `regions` is set.
    pub(crate) read: PageRead,
    /// The parts to recognise, in points; `None` for the whole page.
    pub(crate) regions: Option<Vec<Rect<Pt>>>,
    /// What speaks against `read.words`; if the pixels say the same, the whole page is to be
    /// recognised instead of `regions`.
    pub(crate) doubt: Option<Doubt>,
    /// What the log of the page stands under, whichever thread goes on with it.
    pub(crate) span: tracing::Span,
}

/// What the log of a page stands under.
fn span(index: usize) -> tracing::Span {
    tracing::debug_span!("page", page = index)
}

/// Takes what a PDF page says without OCR, and its pixels where OCR is needed: `needs_ocr` is
/// called as soon as that is known.
pub(crate) fn prepare_pdf_page(
    file: &PdfFile,
    index: usize,
    options: &Options,
    call: &Call,
    needs_ocr: &mut dyn FnMut(),
) -> Result<Prepared> {
    let started = Instant::now();
    let span = span(index);
    let _inside = span.enter();
    let layer = tracing::debug_span!("text_layer").entered();
    let page = file.page(index)?;
    let mut content = page.content(options.do_formula_enrichment, options.hidden_text, call)?;
    drop(layer);
    let mut choice = choose(&content, options.ocr);
    if let (false, Err(error)) = (matches!(choice, Choice::Layer), page.check_images()) {
        // Whoever draws the page decodes the image. The text layer is there without that.
        if matches!(choice, Choice::Whole) {
            return Err(error);
        }
        let warning = Warning::new(WarningCode::LimitReached, error.to_string());
        content.warnings.push(warning);
        choice = Choice::Layer;
    }
    let doubt = match choice {
        Choice::Probe(..) => content.doubt.clone(),
        _ => None,
    };
    let lasting = content.doubt.clone().filter(|doubt| doubt.suspect != Suspect::Hidden);
    let scan = content.scan;
    let mut read = from_content(content, index);
    read.timings.add("text_layer", started.elapsed().as_secs_f64());
    let regions = match choice {
        Choice::Layer => {
            // Without pixels nothing can be done about it but to say so.
            if let Some(doubt) = lasting {
                let why = if options.ocr == OcrMode::Never {
                    "OCR is off"
                } else {
                    "the page is not drawn"
                };
                let message = format!("the text layer may be wrong ({}), and {why}", doubt.reason);
                let warning = Warning::new(WarningCode::TextLayerDistrusted, message);
                read.warnings.push(warning.on_page(index));
            }
            return Ok(with_sketchable(file, &page, read, options, &span));
        }
        Choice::Regions(regions) | Choice::Probe(regions) => Some(regions),
        Choice::Whole => {
            read.words.clear();
            // What is recognised is what can be seen.
            read.warnings.retain(|warning| warning.code != WarningCode::HiddenText);
            read.glyphs.clear();
            read.tags = Tags::default();
            None
        }
    };
    needs_ocr();
    let started = Instant::now();
    let resolution = fitting(wanted_resolution(options, scan), read.size, &file.limits());
    let image = tracing::debug_span!("render").in_scope(|| match scan {
        Some(_) => page.render_scan(resolution),
        None => page.render(resolution),
    })?;
    read.timings.add("render", started.elapsed().as_secs_f64());
    let span = span.clone();
    Ok(Prepared::Raster(Box::new(RasterPage { image, resolution, read, regions, doubt, span })))
}

/// A page whose text layer is all that is taken, with its pixels if it has tables that are to be
/// looked at. One that cannot be drawn does without.
fn with_sketchable(
    file: &PdfFile,
    page: &PdfPage<'_>,
    mut read: PageRead,
    options: &Options,
    span: &tracing::Span,
) -> Prepared {
    if sketching::regions(&read, options).is_empty() || page.check_images().is_err() {
        return Prepared::Done(Box::new(read));
    }
    let started = Instant::now();
    let resolution = fitting(sketching::RESOLUTION, read.size, &file.limits());
    let drawn = tracing::debug_span!("render").in_scope(|| page.render(resolution));
    let Ok(image) = drawn else { return Prepared::Done(Box::new(read)) };
    read.timings.add("render", started.elapsed().as_secs_f64());
    let (regions, span) = (Some(Vec::new()), span.clone());
    Prepared::Raster(Box::new(RasterPage { image, resolution, read, regions, doubt: None, span }))
}

/// Decodes a page of an image file; calls `needs_ocr` before, where it is to be recognised.
pub(crate) fn prepare_image_page(
    images: &mut ImagePages,
    index: usize,
    options: &Options,
    needs_ocr: &mut dyn FnMut(),
) -> Result<Prepared> {
    if options.ocr != OcrMode::Never {
        needs_ocr();
    }
    let started = Instant::now();
    let span = span(index);
    let (image, resolution) =
        span.in_scope(|| tracing::debug_span!("decode").in_scope(|| images.page(index)))?;
    let around = rect(0.0, 0.0, image.width() as f32, image.height() as f32);
    let size = resolution.to_points(around).size();
    let mut read = PageRead::blank(index, size);
    read.timings.add("decode", started.elapsed().as_secs_f64());
    if options.ocr == OcrMode::Never {
        read.warnings.push(
            Warning {
                option: Some("do_ocr".to_owned()),
                ..Warning::new(
                    WarningCode::OcrSkipped,
                    "an image has no text layer, and OCR is switched off",
                )
            }
            .on_page(index),
        );
        return Ok(Prepared::Done(Box::new(read)));
    }
    Ok(Prepared::Raster(Box::new(RasterPage {
        image,
        resolution,
        read,
        regions: None,
        doubt: None,
        span,
    })))
}

fn wanted_resolution(options: &Options, scan: Option<Resolution>) -> Resolution {
    match (options.dpi, scan) {
        (Some(dpi), _) => Resolution(dpi),
        (None, Some(own)) => {
            Resolution(own.0.clamp(*SCAN_RESOLUTION.start(), *SCAN_RESOLUTION.end()))
        }
        (None, None) => OCR_RESOLUTION,
    }
}

/// The resolution, lowered until the page keeps to [`Limits::page_pixels`] and [`LONGEST_SIDE`].
pub(crate) fn fitting(resolution: Resolution, size: Size<Pt>, limits: &Limits) -> Resolution {
    let scale = resolution.scale();
    let pixels = (size.width * scale) * (size.height * scale);
    let longest = size.width.max(size.height) * scale;
    let factor = (limits.page_pixels as f32 / pixels).sqrt().min(LONGEST_SIDE / longest);
    if factor < 1.0 { Resolution(resolution.0 * factor) } else { resolution }
}

enum Choice {
    /// The text layer alone.
    Layer,
    /// The text layer, and OCR of these parts.
    Regions(Vec<Rect<Pt>>),
    /// The same, if the pixels do not show that the text layer is wrong.
    Probe(Vec<Rect<Pt>>),
    /// OCR of everything.
    Whole,
}

fn choose(content: &PageContent, mode: OcrMode) -> Choice {
    match mode {
        OcrMode::Never => Choice::Layer,
        OcrMode::Always => Choice::Whole,
        OcrMode::Auto => {
            if content.doubt.is_some() {
                return Choice::Probe(bitmaps_without_text(content));
            }
            if content.words.is_empty() {
                // Nothing drawn at all: a blank page needs no pixels to tell.
                let blank = content.placements.is_empty() && content.rules.is_empty();
                return if blank { Choice::Layer } else { Choice::Whole };
            }
            let regions = bitmaps_without_text(content);
            if regions.is_empty() { Choice::Layer } else { Choice::Regions(regions) }
        }
    }
}

/// Images of some size that the text layer says nothing about, overlapping ones as one.
fn bitmaps_without_text(content: &PageContent) -> Vec<Rect<Pt>> {
    let page_area = content.size.width * content.size.height;
    let mut regions: Vec<Rect<Pt>> = Vec::new();
    for placement in content.placements.iter().filter(|p| p.kind == PlacementKind::Image) {
        let r = placement.rect;
        match regions.iter_mut().find(|known| r.intersects(known)) {
            Some(known) => *known = known.around(&r),
            None => regions.push(r),
        }
    }
    regions.retain(|r| {
        let area = r.width() * r.height();
        let covered: f32 =
            content.words.iter().map(|w| w.rect.overlap_x(r) * w.rect.overlap_y(r)).sum();
        area >= BITMAP_AREA * page_area && covered <= COVERED * area
    });
    regions
}

fn from_content(content: PageContent, index: usize) -> PageRead {
    let text_source =
        if content.words.is_empty() { TextSource::None } else { TextSource::TextLayer };
    PageRead {
        words: content.words,
        glyphs: content.glyphs,
        bars: content.bars,
        rules: content.rules,
        placements: content.placements,
        links: content.links,
        outline: content.outline,
        tags: content.tags,
        warnings: content.warnings.into_iter().map(|w| w.on_page(index)).collect(),
        text_source,
        ..PageRead::blank(index, content.size)
    }
}
