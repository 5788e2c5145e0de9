//! PDF files: opening, text layer, graphics, rasters, metadata.

mod cover;
mod ffi;
mod graphics;
mod hidden;
mod matrix;
mod outline;
mod scan;
mod space;
mod structure;
mod style;
mod text;
mod text_layer;
mod trust;

use std::path::Path;

use image::{GrayImage, RgbImage};

use self::graphics::Graphics;
use self::hidden::Found;
use self::text_layer::TextLayer;
use crate::call::Call;
use crate::document::{Metadata, Word, WordOrigin};
use crate::error::{Error, Result, Warning};
use crate::geometry::{Pt, Resolution, Size, rect};
use crate::limits::Limits;
use crate::options::HiddenText;
use crate::page::{Doubt, Glyph, Link, OutlineEntry, Placement, Rule, Tags};
use crate::source::{Content, Input};

/// An open PDF.
#[derive(Debug)]
pub(crate) struct PdfFile {
    doc: ffi::Doc,
    name: String,
    library: &'static ffi::Library,
    content: Content,
    password: Option<String>,
    /// How many pages were taken.
    taken: usize,
    /// The entries of the outline that say something, in their order.
    outline: Vec<ffi::Bookmark>,
    limits: Limits,
}

/// So many times as many objects as are looked at for lines and tables are gone through before a page is
/// drawn: maps have hundreds of thousands, and each takes a tenth of a microsecond.
const DRAWN_OBJECTS: u64 = 20;

/// The document is opened anew after so many pages: often enough that a dozen scans are all that
/// PDFium keeps, seldom enough that opening (milliseconds) does not count.
const REOPENED: usize = 16;

/// What a page holds besides its pixels.
#[derive(Debug)]
pub(crate) struct PageContent {
    pub(crate) size: Size<Pt>,
    pub(crate) words: Vec<Word>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) placements: Vec<Placement>,
    pub(crate) links: Vec<Link>,
    pub(crate) outline: Vec<OutlineEntry>,
    pub(crate) tags: Tags,
    /// Empty unless asked for.
    pub(crate) glyphs: Vec<Glyph>,
    /// Level lines shorter than rules; empty unless glyphs are asked for.
    pub(crate) bars: Vec<Rule>,
    /// What speaks against the text layer; `None` when nothing does (or there is no text).
    pub(crate) doubt: Option<Doubt>,
    /// The own resolution of a page that is one scan and nothing else.
    pub(crate) scan: Option<Resolution>,
    /// What was left out, without the page.
    pub(crate) warnings: Vec<Warning>,
}

/// A page of an open PDF.
pub(crate) struct PdfPage<'doc> {
    handle: ffi::PageHandle<'doc>,
    space: space::Space,
    file: &'doc PdfFile,
    index: usize,
}

/// Loads PDFium from `library` if it is not loaded yet.
pub(crate) fn load_library(library: &Path) -> Result<()> {
    ffi::Library::load(library).map(|_| ()).map_err(|error| Error::MissingComponent {
        what: format!("a usable PDFium at {}", library.display()),
        fix: "run `recto setup` (or `make setup`), or set RECTO_PDFIUM to a PDFium library of \
              build 8125 or newer"
            .to_owned(),
        source: Some(error.to_string().into()),
    })
}

impl PdfFile {
    /// Opens a PDF. `library` is where PDFium is, in case it is not loaded yet.
    pub(crate) fn open(input: &Input, password: Option<&str>, library: &Path) -> Result<Self> {
        load_library(library)?;
        let library =
            ffi::Library::load(library).map_err(|e| Error::stage("pdf", e.to_string()))?;
        let name = input.name.clone();
        let doc = ffi::Doc::open(library, input.content.clone(), password).map_err(|error| {
            let damaged = |detail: String| Error::Damaged { name: name.clone(), detail };
            match error {
                ffi::OpenError::Password if password.is_none() => {
                    Error::PasswordMissing { name: name.clone() }
                }
                ffi::OpenError::Password => Error::PasswordWrong { name: name.clone() },
                ffi::OpenError::Format => damaged("PDFium finds no PDF structure in it".to_owned()),
                ffi::OpenError::Security => damaged("its encryption scheme is unknown".to_owned()),
                ffi::OpenError::Other(code) => {
                    damaged(format!("PDFium cannot open it (code {code})"))
                }
            }
        })?;
        if doc.page_count() == 0 {
            return Err(Error::Damaged { name, detail: "it has no pages".to_owned() });
        }
        let outline = outline::telling(doc.outline(), doc.page_count());
        Ok(Self {
            doc,
            outline,
            name,
            library,
            content: input.content.clone(),
            password: password.map(str::to_owned),
            taken: 0,
            limits: input.limits,
        })
    }

    /// Says that a page is about to be taken. Now and then the document is opened anew: PDFium
    /// keeps the streams of every page it has seen, which for scans is the whole file once more.
    pub(crate) fn refresh(&mut self) {
        self.taken += 1;
        if self.taken.is_multiple_of(REOPENED) {
            // What opened once opens again; where it does not, the open document serves on.
            let content = self.content.clone();
            if let Ok(doc) = ffi::Doc::open(self.library, content, self.password.as_deref()) {
                self.doc = doc;
            }
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    pub(crate) fn page_count(&self) -> usize {
        self.doc.page_count()
    }

    /// What the file says about itself. Damage there is no reason to fail.
    pub(crate) fn metadata(&self) -> Metadata {
        let text = |tag| self.doc.meta_text(tag).and_then(trimmed);
        Metadata {
            title: text("Title"),
            author: text("Author"),
            subject: text("Subject"),
            creator: text("Creator"),
            producer: text("Producer"),
            language: self.doc.language().and_then(trimmed),
        }
    }

    /// Loads a page, from 0.
    pub(crate) fn page(&self, index: usize) -> Result<PdfPage<'_>> {
        let handle = self.doc.page(index).ok_or_else(|| Error::Damaged {
            name: self.name.clone(),
            detail: format!("page {index} cannot be loaded"),
        })?;
        let space = space::Space::new(handle.bounding_box(), handle.rotation());
        Ok(PdfPage { handle, space, file: self, index })
    }
}

impl PdfPage<'_> {
    /// Size in points, rotation applied.
    pub(crate) fn size(&self) -> Size<Pt> {
        self.space.size()
    }

    /// Text layer, graphics and links; glyphs one by one only where asked.
    ///
    /// # Errors
    ///
    /// Those of [`Call::check`].
    pub(crate) fn content(
        &self,
        glyphs: bool,
        hidden: HiddenText,
        call: &Call,
    ) -> Result<PageContent> {
        let limits = self.file.limits;
        let wanted = text::Wanted { glyphs, hidden, most: limits.page_words };
        let mut layer = text::read(&self.handle, &self.space, wanted, call)?;
        let em = typical_size(&layer.words);
        let graphics = graphics::read(&self.handle, &self.space, em, &limits);
        self.hide(&mut layer, &graphics, hidden, call)?;
        let mut warnings = left_out(&layer, &graphics, &limits);
        warnings.extend(layer.hidden.warning(hidden));
        let mut links = Vec::new();
        self.handle.visit_links(&mut |b, uri| {
            links.push(Link { rect: self.space.rect(&b), uri });
        });
        let size = self.space.size();
        let page = rect(0.0, 0.0, size.width, size.height);
        let visible_text = layer.words.iter().any(|w| w.origin == WordOrigin::TextLayer);
        let scan = graphics::single_scan(&graphics, page, visible_text).map(|(at, (w, _))| {
            let inches: f32 = at.width() / 72.0;
            // A scan turned by the page's rotation has its width along the other axis.
            let inches = if at.width() > at.height() && size.width < size.height {
                at.height() / 72.0
            } else {
                inches
            };
            Resolution(w as f32 / inches)
        });
        Ok(PageContent {
            size,
            doubt: trust::doubt(&layer),
            tags: structure::read(&self.handle, &layer.marks),
            words: layer.words,
            glyphs: layer.glyphs,
            bars: if glyphs { graphics.bars } else { Vec::new() },
            rules: graphics.rules,
            placements: graphics.placements,
            links,
            outline: self.outline(),
            scan,
            warnings,
        })
    }

    /// Leaves out words that nobody sees, or takes note of them.
    fn hide(
        &self,
        layer: &mut TextLayer,
        graphics: &Graphics,
        wanted: HiddenText,
        call: &Call,
    ) -> Result<()> {
        let draw = |resolution| self.check_images().and_then(|()| self.render(resolution)).ok();
        let found = match hidden::find(layer, graphics, self.size(), call, draw)? {
            Found::Told(found) => found,
            Found::Unsure(words) => {
                layer.hidden.unsure = words;
                return Ok(());
            }
        };
        found.iter().flatten().for_each(|reason| layer.hidden.add(*reason));
        if wanted == HiddenText::Drop && found.iter().any(Option::is_some) {
            let keep: Vec<bool> = found.iter().map(Option::is_none).collect();
            layer.retain(&keep);
        }
        Ok(())
    }

    /// Fails where an image has more pixels than may be decoded to draw the page, or where there are too
    /// many objects to tell. Masks, patterns and annotations cannot be looked at.
    pub(crate) fn check_images(&self) -> Result<()> {
        let limits = self.file.limits;
        let most = limits.page_objects.saturating_mul(DRAWN_OBJECTS);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let mut largest = (0, 0);
        let pixels = |(width, height): (u32, u32)| u64::from(width) * u64::from(height);
        let walk = self.handle.visit_objects(most, &mut |object| {
            if object.kind == ffi::ObjectKind::Image
                && let Some(size) = object.pixel_size()
                && pixels(size) > pixels(largest)
            {
                largest = size;
            }
        });
        if !walk.saw_all() {
            let found = format!(
                "page {} is not drawn: it has more than {most} objects, or forms within forms more than {} \
                 deep",
                self.index,
                ffi::DEEPEST_FORM
            );
            return Err(Limits::exceeded(&self.file.name, &found, "page_objects"));
        }
        if pixels(largest) <= limits.image_pixels {
            return Ok(());
        }
        let (width, height) = largest;
        let found = format!(
            "page {} has an image of {width}×{height} pixels; at most {} are decoded",
            self.index, limits.image_pixels
        );
        Err(Limits::exceeded(&self.file.name, &found, "image_pixels"))
    }

    /// The entries of the outline that lead here.
    fn outline(&self) -> Vec<OutlineEntry> {
        let here = self.file.outline.iter().filter(|b| b.page == self.index);
        here.map(|b| OutlineEntry {
            title: b.title.clone(),
            depth: b.depth,
            top: b.at.map(|(x, y)| self.space.point(x, y).1),
        })
        .collect()
    }

    /// Renders the page to gray, rotation applied.
    pub(crate) fn render(&self, resolution: Resolution) -> Result<GrayImage> {
        let (w, h) = self.pixels(resolution);
        self.handle.render(w, h).ok_or_else(|| self.too_large(w, h))
    }

    /// The same for a page that is one scan, by the scan's own pixels where they are what the page
    /// shows at this resolution.
    pub(crate) fn render_scan(&self, resolution: Resolution) -> Result<GrayImage> {
        let (w, h) = self.pixels(resolution);
        scan::pixels(&self.handle, w, h).map_or_else(|| self.render(resolution), Ok)
    }

    /// Renders the page to colour, rotation applied.
    pub(crate) fn render_rgb(&self, resolution: Resolution) -> Result<RgbImage> {
        let (w, h) = self.pixels(resolution);
        self.handle.render_rgb(w, h).ok_or_else(|| self.too_large(w, h))
    }

    fn pixels(&self, resolution: Resolution) -> (u32, u32) {
        let size = self.size();
        let side = |points: f32| ((points * resolution.scale()).round() as u32).max(1);
        (side(size.width), side(size.height))
    }

    fn too_large(&self, width: u32, height: u32) -> Error {
        Error::TooLarge {
            name: self.file.name.clone(),
            detail: format!("page {} cannot be rendered at {width}×{height} pixels", self.index),
        }
    }
}

/// What a page has more of than is taken.
fn left_out(layer: &TextLayer, graphics: &Graphics, limits: &Limits) -> Vec<Warning> {
    let taken =
        |what: &str, most: u64| format!("only the first {most} {what} of the page were taken");
    [
        (layer.cut, "words", limits.page_words, "page_words"),
        (graphics.cut.objects, "objects", limits.page_objects, "page_objects"),
        (graphics.cut.images, "images", limits.page_images, "page_images"),
    ]
    .into_iter()
    .filter(|(cut, ..)| *cut)
    .map(|(_, what, most, limit)| Limits::reached(&taken(what, most), limit))
    .collect()
}

/// A text of the file's metadata; blank ones are `None`.
fn trimmed(text: String) -> Option<String> {
    let trimmed = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

/// The size of most characters on the page, in points; 10 when there is no text.
fn typical_size(words: &[Word]) -> f32 {
    let mut sizes: Vec<(f32, usize)> =
        words.iter().map(|w| (w.style.size, w.text.chars().count())).collect();
    sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = sizes.iter().map(|s| s.1).sum::<usize>() / 2;
    let mut seen = 0;
    for (size, count) in sizes {
        seen += count;
        if seen > half {
            return size;
        }
    }
    10.0
}
