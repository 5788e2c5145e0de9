//! Figures and pages as PNG files.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::call::Call;
use crate::document::{Document, Page, Role};
use crate::engine::Engine;
use crate::error::{Error, Result, Warning};
use crate::options::{ImageExportMode, Options, OutputFormat, PageSet};
use crate::picture::PageImage;
use crate::source::Source;

/// Dots per inch at a scale of 1, as docling counts.
const DPI: f32 = 72.0;
/// What pages are drawn at, at least and at most.
const RESOLUTIONS: (f32, f32) = (10.0, 1200.0);
/// Bytes of all images of a document; further ones are left out. They stand in the answer, and in
/// base64 they are a third larger.
const MOST_BYTES: usize = 256 << 20;
/// Digits of a digest in names of files.
const DIGEST_BYTES: usize = 16;

/// Images of a document by positions of pages and blocks.
#[derive(Debug, Default)]
pub(super) struct Images {
    pub(super) figures: BTreeMap<(usize, usize), Drawn>,
    pub(super) pages: BTreeMap<usize, Drawn>,
    /// What is missing, and why.
    pub(super) warnings: Vec<Warning>,
    bytes: usize,
}

/// An image.
#[derive(Debug)]
pub(super) struct Drawn {
    png: Vec<u8>,
    pub(super) dpi: u32,
    /// Width and height in pixels.
    pub(super) size: (u32, u32),
    /// Its name among the files beside a document.
    pub(super) file: String,
}

impl Drawn {
    fn of(image: &PageImage, kind: &str, number: usize) -> Result<Self> {
        let png = image.png()?;
        let digest = Sha256::digest(&png);
        let digits = hex::encode(&digest[..DIGEST_BYTES]);
        Ok(Self {
            dpi: image.resolution.0.round() as u32,
            size: (image.width(), image.height()),
            // docling's way of naming them.
            file: format!("artifacts/{kind}_{number:06}_{digits}.png"),
            png,
        })
    }

    pub(super) fn data_uri(&self) -> String {
        format!("data:image/png;base64,{}", STANDARD.encode(&self.png))
    }
}

impl Images {
    /// Draws what the options ask for; nothing where they ask for nothing.
    pub(super) fn draw(
        engine: &Engine,
        source: &Source,
        options: &Options,
        document: &Document,
        call: &Call,
    ) -> Self {
        let asked = |format: OutputFormat| options.to_formats.contains(&format);
        let shown = options.image_export_mode != ImageExportMode::Placeholder;
        let with_figures =
            [OutputFormat::Md, OutputFormat::Json, OutputFormat::Html, OutputFormat::HtmlSplitPage];
        let figures = shown && options.include_images && with_figures.into_iter().any(asked);
        let pages = asked(OutputFormat::HtmlSplitPage)
            || shown && options.include_page_images && asked(OutputFormat::Json);
        let wanted: Vec<(usize, &Page)> = document
            .pages
            .iter()
            .enumerate()
            .filter(|(_, page)| {
                pages || figures && page.blocks.iter().any(|block| block.role == Role::Figure)
            })
            .collect();
        let mut out = Self::default();
        if wanted.is_empty() {
            return out;
        }
        let dpi = (DPI * options.images_scale).clamp(RESOLUTIONS.0, RESOLUTIONS.1);
        let indices = wanted.iter().map(|(_, page)| page.index);
        let some = Options { pages: Some(PageSet::from_indices(indices)), ..options.clone() };
        let mut images = engine.page_images_with(source.clone(), &some, dpi, call);
        for (position, page) in wanted {
            let image = match &mut images {
                Ok(images) => images.next().unwrap_or_else(|| {
                    Err(Error::Page { page: page.index, detail: "it is gone".to_owned() })
                }),
                Err(error) => {
                    out.missing(page, &error.chain());
                    continue;
                }
            };
            let added = image.and_then(|image| {
                out.add(&image.turned_back(page.rotation), (position, page), (figures, pages))
            });
            if let Err(error) = added {
                out.missing(page, &error.chain());
            }
        }
        out
    }

    fn add(
        &mut self,
        image: &PageImage,
        (position, page): (usize, &Page),
        (figures, pages): (bool, bool),
    ) -> Result<()> {
        if pages {
            let drawn = self.counted(Drawn::of(image, "page", page.index + 1)?)?;
            self.pages.insert(position, drawn);
        }
        let blocks = page.blocks.iter().enumerate();
        for (index, block) in blocks.filter(|(_, b)| figures && b.role == Role::Figure) {
            let Some(part) = image.crop(block.rect) else { continue };
            let drawn = self.counted(Drawn::of(&part, "image", self.figures.len())?)?;
            self.figures.insert((position, index), drawn);
        }
        Ok(())
    }

    fn counted(&mut self, drawn: Drawn) -> Result<Drawn> {
        self.bytes += drawn.png.len();
        if self.bytes > MOST_BYTES {
            let detail = format!(
                "the images of a document have {MOST_BYTES} bytes at most; ask for a smaller \
                 images_scale"
            );
            return Err(Error::invalid_option("images_scale", detail));
        }
        Ok(drawn)
    }

    fn missing(&mut self, page: &Page, why: &str) {
        let message = format!("images of page {} are missing: {why}", page.index + 1);
        self.warnings.push(Warning::option("image_export_mode", message).on_page(page.index));
    }

    /// All of them, by their names.
    pub(super) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let all = self.figures.values().chain(self.pages.values());
        all.map(|drawn| (drawn.file.clone(), drawn.png.clone())).collect()
    }
}
