//! Reading the image of a page: preparation, recognition, and boxes in the end where they belong.

mod direction;
mod ink;
mod job;
mod missed;
mod orient;
mod sizes;
mod upright;

use std::sync::Arc;

use image::GrayImage;

use self::ink::{Ink, mask_factor};
use self::job::Job;
use self::upright::{TRIAL, Upright};
use crate::call::Call;
use crate::error::Result;
use crate::geometry::{Perspective, Px, Rect, RectExt, Resolution, Size, rect};
use crate::neural::{Orienter, TextReader, Wanted, WayUp};
use crate::preprocess::{self, QuarterTurns, Scale, Sheet};
use crate::recognizer::{OcrWord, Recognizer, ScriptGuess};
use crate::segment;

/// Words of a mean confidence below this are no text: the page is turned, or in another script.
/// Pages that are read well reach 0.75 and more, turned ones 0.2 to 0.35.
const POOR: f32 = 0.55;
/// A try that reaches this mean confidence is the right way up.
const GOOD: f32 = 0.7;
/// Why a noisy page is not read.
const SPECKS: &str = "it is full of specks in which no text can be told";
/// Figures that confident words cover by more than this share are text on a dark ground.
const TEXT_PANEL: f32 = 0.15;

/// The reading of a page's image.
///
/// All boxes are in pixels of the image as it was given, but upright and straight: quarter turns
/// ([`rotation`](Self::rotation)) and skew ([`skew`](Self::skew)) undone, the skew about the middle
/// of the page.
#[derive(Clone, Debug)]
pub(crate) struct PageOcr {
    pub(crate) words: Vec<OcrWord>,
    /// Ruling lines.
    pub(crate) rules: Vec<Rect<Px>>,
    /// Pictures.
    pub(crate) figures: Vec<Rect<Px>>,
    /// Size of the upright image.
    pub(crate) size: Size<Px>,
    /// By how many degrees the content was turned clockwise: 0, 90, 180 or 270.
    pub(crate) rotation: u16,
    /// By how many degrees it was skewed clockwise, besides.
    pub(crate) skew: f32,
    /// From the straight page, its skew put back, to the page as it was photographed.
    pub(crate) warp: Option<Perspective>,
    /// Why nothing was read although there is something.
    pub(crate) skipped: Option<String>,
    /// The image as it was recognised: upright, straight, …
    pub(crate) upright: Arc<GrayImage>,
    /// … and so many pixels for one of the image given.
    pub(crate) scale: f32,
}

/// The image of a page, prepared for reading. It can be read several times, in other languages;
/// what one reading finds out about the way up holds for the next.
#[derive(Debug)]
pub(crate) struct PageImage {
    /// As given, at the scale for reading, specks out.
    scan: Arc<GrayImage>,
    scale: Scale,
    /// Where the page lies on its ground.
    sheet: Option<Sheet>,
    /// Of `scan`.
    ppi: f32,
    turns: QuarterTurns,
    /// Whether the turns are settled.
    sure: bool,
    /// Whom to ask for the way up.
    orienter: Option<Arc<dyn Orienter>>,
    /// What it said of the image as given, where it was asked.
    look: Option<Option<WayUp>>,
    upright: Upright,
    skipped: Option<String>,
    /// Whether specks were taken out.
    cleaned: bool,
}

impl PageImage {
    /// Prepares an image of any size that shows a part of a page.
    pub(crate) fn new(image: &GrayImage, resolution: Resolution) -> Self {
        Self::prepare(image, resolution, None, None, false)
    }

    /// Prepares the image of a whole page: a photograph may show what the page lies on, and its
    /// look tells which way up it is.
    pub(crate) fn of_page(
        image: &GrayImage,
        resolution: Resolution,
        orienter: Option<Arc<dyn Orienter>>,
    ) -> Self {
        Self::prepare(image, resolution, preprocess::find_sheet(image), orienter, true)
    }

    fn prepare(
        image: &GrayImage,
        resolution: Resolution,
        sheet: Option<Sheet>,
        orienter: Option<Arc<dyn Orienter>>,
        whole: bool,
    ) -> Self {
        let scale = preprocess::scale_to_read(image, resolution);
        let ppi = resolution.0 * scale.0;
        let soft = preprocess::soften(image);
        let image = soft.as_ref().unwrap_or(image);
        let mut scan = if scale.is_none() { image.clone() } else { scale.apply(image) };
        if let Some(sheet) = &sheet {
            scan = sheet.straighten(&scan, scale);
        }
        if whole && let Some(cleared) = preprocess::clear_borders(&scan, ppi) {
            scan = cleared;
        }
        if let Some(flat) = preprocess::flatten(&scan, ppi) {
            scan = flat;
        }
        let scan = Arc::new(scan);
        let mut page = Self {
            upright: Upright { image: Arc::clone(&scan), ..Upright::default() },
            scan,
            scale,
            sheet,
            ppi,
            turns: QuarterTurns::default(),
            sure: false,
            orienter,
            look: None,
            skipped: None,
            cleaned: false,
        };
        let ink = page.clean().map(|ink| if whole { page.clear_holes(ink) } else { ink });
        match ink {
            Some(ink) => page.upright = Upright::new(Arc::clone(&page.scan), ppi, ink),
            None => page.skipped = Some(SPECKS.to_owned()),
        }
        page
    }

    /// Takes specks out where there are so many that recognition would not end. `None` where
    /// there are too many still.
    fn clean(&mut self) -> Option<Ink> {
        let ink = Ink::of(&self.scan, self.ppi);
        if !ink.is_crowded() || !segment::is_noise(&preprocess::mask(&self.scan, self.ppi, 1)) {
            return Some(ink);
        }
        self.cleaned = true;
        // The second pass takes what the first has left of specks that touched.
        for _ in 0..2 {
            self.scan = Arc::new(segment::despeckle(&self.scan));
            let ink = Ink::of(&self.scan, self.ppi);
            if !ink.is_crowded() {
                return Some(ink);
            }
        }
        None
    }

    /// Takes punch holes out.
    fn clear_holes(&mut self, ink: Ink) -> Ink {
        let k = mask_factor(self.ppi) as f32;
        let mask_ppi = self.ppi / k;
        let (width, height) = ink.mask.dimensions();
        let parts = ink.parts.iter().map(|p| (p.rect(), p.fill()));
        let holes = preprocess::find_holes(parts, (width as f32, height as f32), mask_ppi);
        if holes.is_empty() {
            return ink;
        }
        let larger = |r: &Rect<Px>| rect(r.min.x * k, r.min.y * k, r.max.x * k, r.max.y * k);
        let holes: Vec<Rect<Px>> = holes.iter().map(larger).collect();
        let mut cleared = (*self.scan).clone();
        preprocess::clear_holes(&mut cleared, &holes, self.ppi);
        self.scan = Arc::new(cleared);
        Ink::of(&self.scan, self.ppi)
    }

    /// Reads the page in these languages.
    ///
    /// # Errors
    ///
    /// Those of the recogniser, [`crate::Error::Cancelled`] and
    /// [`crate::Error::DeadlineExceeded`] among them.
    pub(crate) fn read(
        &mut self,
        recognizer: &dyn Recognizer,
        languages: &[String],
        call: &Call,
    ) -> Result<PageOcr> {
        call.check()?;
        if self.skipped.is_some() || self.upright.blank {
            return Ok(self.result(Vec::new()));
        }
        self.orient(recognizer, languages, call)?;
        let job = self.job(recognizer, languages, call);
        let mut words = self.upright.read(&job)?;
        if !self.sure && !self.upright.letters.is_empty() && mean_confidence(&words) < POOR {
            let before = self.turns;
            self.find_turns(&job, false)?;
            if self.turns != before {
                words = self.upright.read(&self.job(recognizer, languages, call))?;
            }
        }
        self.sure |= mean_confidence(&words) >= GOOD;
        Ok(self.result(words))
    }

    /// Whether the image is of a kind that is read worse than it seems: a photograph, one that had to be
    /// enlarged, one full of specks.
    pub(crate) fn is_hard(&self) -> bool {
        self.sheet.is_some() || self.scale.0 > 1.0 || self.cleaned
    }

    /// Reads lines of the page once more, as it lies by now, with another recogniser, which finds lines by
    /// itself: those that are `wanted`, by their boxes in pixels of the image given, upright and straight.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub(crate) fn read_again(
        &self,
        reader: &dyn TextReader,
        wanted: Wanted<'_>,
        call: &Call,
    ) -> Result<Vec<OcrWord>> {
        call.check()?;
        if self.skipped.is_some() || self.upright.blank {
            return Ok(Vec::new());
        }
        let back = 1.0 / self.scale.0;
        let line = |line: &Rect<Px>| (wanted.line)(&line.scale(back, back));
        let chosen = Chosen { reader, wanted: Wanted { line: &line, ..wanted } };
        let words = self.upright.read(&self.job(&chosen, &[], call))?;
        Ok(self.result(words).words)
    }

    fn job<'a>(
        &self,
        recognizer: &'a dyn Recognizer,
        languages: &'a [String],
        call: &'a Call,
    ) -> Job<'a> {
        Job { recognizer, languages, call, ppi: self.ppi, scale: self.upright.shrink }
    }

    /// Reads a part of the page, by default the one with the most letters: a cheap try of some
    /// languages. Empty where there is nothing to read.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub(crate) fn try_part(
        &self,
        at: Option<Rect<Px>>,
        recognizer: &dyn Recognizer,
        languages: &[String],
        call: &Call,
    ) -> Result<Vec<OcrWord>> {
        call.check()?;
        let Some(part) = self.part(at) else { return Ok(Vec::new()) };
        self.job(recognizer, languages, call).recognize(&part)
    }

    /// The part around a box of what was read, or the one with the most letters.
    fn part(&self, at: Option<Rect<Px>>) -> Option<GrayImage> {
        if self.skipped.is_some() {
            return None;
        }
        let Some(at) = at else { return self.upright.densest_part(self.ppi) };
        let image = &self.upright.image;
        let side = TRIAL * self.ppi;
        let left = (at.min.x * self.scale.0).clamp(0.0, image.width() as f32 - 1.0);
        let top = (at.min.y * self.scale.0).clamp(0.0, image.height() as f32 - 1.0);
        let width = (at.width() * self.scale.0).min(2.0 * side).min(image.width() as f32 - left);
        let height = (at.height() * self.scale.0).min(side).min(image.height() as f32 - top);
        let (x, y, w, h) = (left as u32, top as u32, width as u32, height as u32);
        (w > 0 && h > 0).then(|| image::imageops::crop_imm(&**image, x, y, w, h).to_image())
    }

    /// Whether characters are set below each other.
    pub(crate) fn lines_run_down(&self) -> bool {
        direction::run_down(&self.upright.letters)
    }

    /// The script of such a part, as far as the recogniser can tell without reading it.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub(crate) fn script(
        &self,
        at: Option<Rect<Px>>,
        recognizer: &dyn Recognizer,
        call: &Call,
    ) -> Result<Option<ScriptGuess>> {
        call.check()?;
        self.part(at).map_or(Ok(None), |part| recognizer.script(&part, Resolution(self.ppi)))
    }

    /// The sheet's map in the coordinates of results: upright, in pixels of the image given.
    fn upright_warp(&self, sheet: &Sheet) -> Perspective {
        let back = 1.0 / self.scale.0;
        let (width, height) = self.scan.dimensions();
        sheet.warp.unturned(self.turns.0, width as f32 * back, height as f32 * back)
    }

    fn result(&self, words: Vec<OcrWord>) -> PageOcr {
        let back = 1.0 / self.scale.0;
        let scaled =
            |r: &Rect<Px>| rect(r.min.x * back, r.min.y * back, r.max.x * back, r.max.y * back);
        let (width, height) = self.upright.image.dimensions();
        let specks = (self.cleaned && words.is_empty()).then(|| SPECKS.to_owned());
        let figures = self.upright.figures.iter().filter(|f| !is_text_panel(f, &words));
        PageOcr {
            rules: self.upright.rules.iter().map(scaled).collect(),
            figures: figures.map(scaled).collect(),
            size: Size::new(width as f32 * back, height as f32 * back),
            rotation: self.turns.degrees(),
            skew: self.upright.skew,
            warp: self.sheet.map(|sheet| self.upright_warp(&sheet)),
            skipped: self.skipped.clone().or(specks),
            upright: Arc::clone(&self.upright.image),
            scale: self.scale.0,
            words: words
                .into_iter()
                .map(|w| OcrWord { rect: scaled(&w.rect), size: w.size.map(|s| s * back), ..w })
                .collect(),
        }
    }
}

/// Reads only some of the lines that it finds.
struct Chosen<'a> {
    reader: &'a dyn TextReader,
    wanted: Wanted<'a>,
}

impl std::fmt::Debug for Chosen<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chosen").field("reader", &self.reader).finish_non_exhaustive()
    }
}

impl Recognizer for Chosen<'_> {
    fn recognize(
        &self,
        image: &GrayImage,
        _resolution: Resolution,
        _languages: &[String],
        call: &Call,
    ) -> Result<Vec<OcrWord>> {
        self.reader.read_lines(image, &self.wanted, call)
    }

    fn finds_lines(&self) -> bool {
        true
    }
}

/// Mean confidence of words, weighted by length; 0 without words.
pub(crate) fn mean_confidence(words: &[OcrWord]) -> f32 {
    let (sum, weight) = words.iter().fold((0.0, 0.0), |(sum, weight), w| {
        let length = w.text.chars().count() as f32;
        (sum + w.confidence * length, weight + length)
    });
    if weight > 0.0 { sum / weight } else { 0.0 }
}

/// Whether a figure is text on a dark ground rather than a picture.
fn is_text_panel(figure: &Rect<Px>, words: &[OcrWord]) -> bool {
    let sure = words.iter().filter(|w| w.confidence >= 0.8 && w.text.chars().count() > 2);
    let covered: f32 = sure.map(|w| w.rect.overlap_x(figure) * w.rect.overlap_y(figure)).sum();
    covered > TEXT_PANEL * figure.area()
}

#[cfg(test)]
mod tests;
