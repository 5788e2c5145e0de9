//! Reading the image of a page: preparation, recognition, and boxes in the end where they belong.

mod direction;
mod missed;
mod second;

use std::sync::Arc;

use image::GrayImage;

use crate::call::Call;
use crate::error::Result;
use crate::geometry::{Perspective, Px, Rect, RectExt, Resolution, Size, rect};
use crate::ocr::{OcrWord, Recognizer, ScriptGuess};
use crate::preprocess::{self, QuarterTurns, Scale, Sheet};
use crate::segment::{self, Component};

/// Masks for analysis have about this many dots an inch.
const MASK_PPI: f32 = 150.0;
/// A mask with more components than this may be noise: looked at closely.
const MANY_COMPONENTS: usize = 12_000;
/// So may one with more ink than this share. (Full pages of text have a fifth.)
const MUCH_INK: f32 = 0.3;
/// Components of less than this, in inches, are dust.
const DUST: f32 = 0.02;
/// Skew of less than this, in degrees, is left: a line of 6 inches rises by a fifth of its height.
/// (With skew left up to half a degree, fax pages read worse.)
const LEAST_SKEW: f32 = 0.2;
/// Words of a mean confidence below this are no text: the page is turned, or in another script.
/// Pages that are read well reach 0.75 and more, turned ones 0.2 to 0.35.
const POOR: f32 = 0.55;
/// A try that reaches this mean confidence is the right way up.
const GOOD: f32 = 0.7;
/// Side of the part of a page on which ways up are tried, in inches.
const TRIAL: f32 = 2.5;
/// Another way up must be better than the present one by this factor.
const CLEARLY: f32 = 1.3;
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
    upright: Upright,
    skipped: Option<String>,
    /// Whether specks were taken out.
    cleaned: bool,
    /// Whether doubtful words are read again: on whole pages, and where the scan has gray levels.
    /// (Reading a fax of two levels again gains nothing.)
    again: bool,
}

/// The image as it is recognised, and what its pixels tell without recognition.
#[derive(Debug, Default)]
struct Upright {
    image: Arc<GrayImage>,
    skew: f32,
    /// In pixels of `image`.
    rules: Vec<Rect<Px>>,
    figures: Vec<Rect<Px>>,
    /// Boxes that could be letters.
    letters: Vec<Rect<Px>>,
    /// By how much it may be shrunk.
    shrink: Scale,
    /// A row where the image can be cut in two.
    split: Option<u32>,
    blank: bool,
}

impl PageImage {
    /// Prepares an image of any size that shows a part of a page.
    pub(crate) fn new(image: &GrayImage, resolution: Resolution) -> Self {
        Self { again: false, ..Self::prepare(image, resolution, None) }
    }

    /// Prepares the image of a whole page: a photograph may show what the page lies on.
    pub(crate) fn of_page(image: &GrayImage, resolution: Resolution) -> Self {
        Self::prepare(image, resolution, preprocess::find_sheet(image))
    }

    fn prepare(image: &GrayImage, resolution: Resolution, sheet: Option<Sheet>) -> Self {
        let scale = preprocess::scale_to_read(image, resolution);
        let ppi = resolution.0 * scale.0;
        let soft = preprocess::soften(image);
        let image = soft.as_ref().unwrap_or(image);
        let mut scan = if scale.is_none() { image.clone() } else { scale.apply(image) };
        if let Some(sheet) = &sheet {
            scan = sheet.straighten(&scan, scale);
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
            skipped: None,
            cleaned: false,
            again: soft.is_none(),
        };
        match page.clean() {
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
        let scale = self.upright.shrink;
        let job = Job { recognizer, languages, call, ppi: self.ppi, scale, again: self.again };
        if !self.sure && preprocess::lines_run_down(&self.upright.letters) {
            self.find_turns(&job, true)?;
        }
        let mut words = self.upright.read(&job)?;
        if !self.sure && !self.upright.letters.is_empty() && mean_confidence(&words) < POOR {
            let before = self.turns;
            self.find_turns(&job, false)?;
            if self.turns != before {
                words = self.upright.read(&job)?;
            }
        }
        self.sure |= mean_confidence(&words) >= GOOD;
        Ok(self.result(words))
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
        let scale = self.upright.shrink;
        Job { recognizer, languages, call, ppi: self.ppi, scale, again: false }.recognize(&part)
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

    /// Tries ways up on a part of the page, and takes another one if it is clearly better.
    fn find_turns(&mut self, job: &Job<'_>, sideways: bool) -> Result<()> {
        let Some(part) = self.upright.densest_part(self.ppi) else { return Ok(()) };
        // Tesseract reads some lines that run down as they are, but puts their words in no order:
        // there the present way up is not in question.
        let (present, others) = if sideways {
            (0.0, &[1, 3][..])
        } else {
            (score(&job.recognize(&part)?), &[2, 1, 3][..])
        };
        let mut best = (QuarterTurns(0), present);
        for turns in others.iter().map(|&n| QuarterTurns(n)) {
            let words = job.recognize(&turns.undo(&part))?;
            let (score, confidence) = (score(&words), mean_confidence(&words));
            if confidence >= POOR && score > best.1.max(CLEARLY * present) {
                best = (turns, score);
            }
            if best.0 == turns && confidence >= GOOD {
                break;
            }
        }
        if best.0 != QuarterTurns(0) {
            self.turns = QuarterTurns((self.turns.0 + best.0.0) % 4);
            let image = Arc::new(self.turns.undo(&self.scan));
            let ink = Ink::of(&image, self.ppi);
            self.upright = Upright::new(image, self.ppi, ink);
            self.sure = true;
        }
        Ok(())
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
            words: words
                .into_iter()
                .map(|w| OcrWord { rect: scaled(&w.rect), size: w.size.map(|s| s * back), ..w })
                .collect(),
        }
    }
}

/// The ink of an image, and its parts.
#[derive(Debug)]
struct Ink {
    mask: GrayImage,
    parts: Vec<Component>,
}

impl Ink {
    fn of(image: &GrayImage, ppi: f32) -> Self {
        let mask = preprocess::mask(image, ppi, mask_factor(ppi));
        let parts = segment::components(&mask);
        Self { mask, parts }
    }

    /// Whether there is more of it than on pages of text.
    fn is_crowded(&self) -> bool {
        let ink: u64 = self.parts.iter().map(|p| u64::from(p.area)).sum();
        ink as f32 > MUCH_INK * self.mask.as_raw().len() as f32
            || self.parts.len() > MANY_COMPONENTS
    }
}

impl Upright {
    fn new(mut image: Arc<GrayImage>, ppi: f32, ink: Ink) -> Self {
        let factor = mask_factor(ppi);
        let mask_ppi = ppi / factor as f32;
        let Ink { mut mask, mut parts } = ink;
        let dust = (DUST * mask_ppi) as u32;
        if parts.iter().all(|p| p.width().max(p.height()) <= dust) {
            return Self { image, blank: true, ..Self::default() };
        }
        let mut text_height = segment::text_height(&parts, mask_ppi);
        let skew = preprocess::find_skew(&letters(&parts, text_height))
            .filter(|degrees| degrees.abs() >= LEAST_SKEW)
            .unwrap_or(0.0);
        if skew != 0.0 {
            image = Arc::new(preprocess::straighten(&image, skew));
            Ink { mask, parts } = Ink::of(&image, ppi);
            text_height = segment::text_height(&parts, mask_ppi);
        }
        let rules = segment::find_rules(&mask, mask_ppi, text_height);
        let figures = segment::find_figures(&mask, &parts, mask_ppi, text_height, &rules);
        let split = text_height.and_then(|h| segment::find_split(&mask, h));
        if let Some(opened) = preprocess::open_panels(&image, ppi) {
            image = Arc::new(opened);
        }
        let k = factor as f32;
        let larger = |r: Rect<Px>| rect(r.min.x * k, r.min.y * k, r.max.x * k, r.max.y * k);
        Self {
            image,
            skew,
            letters: letters(&parts, text_height).into_iter().map(larger).collect(),
            rules: rules.into_iter().map(larger).collect(),
            figures: figures.into_iter().map(larger).collect(),
            shrink: preprocess::shrink_to_read(ppi, text_height.map(|h| h * k)),
            split: split.map(|row| row * factor),
            blank: false,
        }
    }

    /// Recognises the image, what the recogniser passed over in a second look, and doubtful words
    /// once more.
    fn read(&self, job: &Job<'_>) -> Result<Vec<OcrWord>> {
        let mut words = self.read_once(job)?;
        // A page that is no text as it stands (turned, another script) is not worth a second look.
        if mean_confidence(&words) < POOR {
            return Ok(words);
        }
        for part in missed::parts(&self.letters, &words, &self.figures, self.image.dimensions()) {
            let (x, y) = (part.min.x as u32, part.min.y as u32);
            let (w, h) = (part.width() as u32, part.height() as u32);
            let image = image::imageops::crop_imm(&*self.image, x, y, w, h).to_image();
            missed::add(&mut words, job.recognize_block(&image)?, part);
        }
        if job.again {
            second::read_doubtful(&self.image, &mut words, &|line| job.recognize_line(line))?;
        }
        self.mark_bold(&mut words);
        Ok(words)
    }

    fn mark_bold(&self, words: &mut [OcrWord]) {
        let inked: Vec<segment::Inked> = words
            .iter()
            .map(|w| segment::Inked {
                rect: w.rect,
                line: w.line,
                size: w.size.unwrap_or(w.rect.height()),
            })
            .collect();
        if let Some(bold) = segment::bold_lines(&self.image, &inked) {
            for word in words {
                word.bold = Some(bold.contains(&word.line));
            }
        }
    }

    /// Recognises the image, in two halves where it can be cut. Whether it is cut depends on the
    /// image alone, so that the words do not depend on the number of threads.
    fn read_once(&self, job: &Job<'_>) -> Result<Vec<OcrWord>> {
        let Some(row) = self.split.filter(|&r| r > 0 && r < self.image.height()) else {
            return job.recognize(&self.image);
        };
        let part = |top: u32, bottom: u32| {
            let width = self.image.width() as usize;
            let pixels = &self.image.as_raw()[top as usize * width..bottom as usize * width];
            GrayImage::from_raw(self.image.width(), bottom - top, pixels.to_vec())
                .unwrap_or_default()
        };
        let height = self.image.height();
        // No handle is held here: a worker that waits for the other half may take up another page.
        let (upper, lower) =
            rayon::join(|| job.recognize(&part(0, row)), || job.recognize(&part(row, height)));
        Ok(below(upper?, lower?, row as f32))
    }

    /// The part of the image with the most letters, as large as [`TRIAL`].
    fn densest_part(&self, ppi: f32) -> Option<GrayImage> {
        let (width, height) = self.image.dimensions();
        let side = ((TRIAL * ppi) as u32).max(1);
        let step = (side / 4).max(1);
        let (across, down) = (width.div_ceil(step), height.div_ceil(step));
        let mut counts = vec![0_u32; (across * down) as usize];
        for letter in &self.letters {
            let middle = letter.center();
            let (x, y) = (middle.x as u32 / step, middle.y as u32 / step);
            if let Some(count) = counts.get_mut((y * across + x) as usize) {
                *count += 1;
            }
        }
        let sum = |left: u32, top: u32| -> u32 {
            (top..(top + 4).min(down))
                .flat_map(|y| (left..(left + 4).min(across)).map(move |x| (x, y)))
                .map(|(x, y)| counts[(y * across + x) as usize])
                .sum()
        };
        let (left, top) = (0..down)
            .flat_map(|y| (0..across).map(move |x| (x, y)))
            .max_by_key(|&(x, y)| (sum(x, y), std::cmp::Reverse((y, x))))?;
        let (x, y) = (left * step, top * step);
        let (w, h) = (side.min(width - x), side.min(height - y));
        Some(image::imageops::crop_imm(&*self.image, x, y, w, h).to_image())
    }
}

/// What a recognition needs besides the image.
#[derive(Clone, Copy)]
struct Job<'a> {
    recognizer: &'a dyn Recognizer,
    languages: &'a [String],
    call: &'a Call,
    ppi: f32,
    /// At which scale of the images given to read them.
    scale: Scale,
    /// Whether doubtful words are read again.
    again: bool,
}

impl Job<'_> {
    fn recognize(&self, image: &GrayImage) -> Result<Vec<OcrWord>> {
        let mut shrunk = self.scale.apply(image);
        preprocess::whiten(&mut shrunk, self.ppi * self.scale.0);
        let resolution = Resolution(self.ppi * self.scale.0);
        let words = self.recognizer.recognize(&shrunk, resolution, self.languages, self.call)?;
        // Sides are whole pixels: the two directions are scaled by slightly different factors.
        let x = image.width() as f32 / shrunk.width() as f32;
        let y = image.height() as f32 / shrunk.height() as f32;
        let back = |w: OcrWord| OcrWord {
            rect: rect(w.rect.min.x * x, w.rect.min.y * y, w.rect.max.x * x, w.rect.max.y * y),
            size: w.size.map(|size| size * y),
            ..w
        };
        Ok(words.into_iter().map(back).collect())
    }

    /// The same for one line or a part of it, at the image's own scale.
    fn recognize_line(&self, image: &GrayImage) -> Result<Vec<OcrWord>> {
        self.recognizer.recognize_line(image, Resolution(self.ppi), self.languages, self.call)
    }

    /// The same for one block of text, at the image's own scale.
    fn recognize_block(&self, image: &GrayImage) -> Result<Vec<OcrWord>> {
        self.recognizer.recognize_block(image, Resolution(self.ppi), self.languages, self.call)
    }
}

/// Words of two parts of a page, the second one `offset` pixels lower.
fn below(mut upper: Vec<OcrWord>, lower: Vec<OcrWord>, offset: f32) -> Vec<OcrWord> {
    let next = |of: fn(&OcrWord) -> u32| upper.iter().map(of).max().map_or(0, |n| n + 1);
    let (block, paragraph, line) = (next(|w| w.block), next(|w| w.paragraph), next(|w| w.line));
    upper.extend(lower.into_iter().map(|w| OcrWord {
        rect: w.rect.translate(euclid::Vector2D::new(0.0, offset)),
        block: w.block + block,
        paragraph: w.paragraph + paragraph,
        line: w.line + line,
        ..w
    }));
    upper
}

fn mask_factor(ppi: f32) -> u32 {
    ((ppi / MASK_PPI).round() as u32).max(1)
}

/// The boxes of components that could be letters, or words whose letters touch.
fn letters(parts: &[Component], text_height: Option<f32>) -> Vec<Rect<Px>> {
    let Some(text) = text_height else { return Vec::new() };
    let fits = |p: &&Component| {
        let (short, long) = (p.width().min(p.height()) as f32, p.width().max(p.height()) as f32);
        (0.4 * text..2.5 * text).contains(&short) && long < 15.0 * text
    };
    parts.iter().filter(fits).map(Component::rect).collect()
}

/// Mean confidence of words, weighted by length; 0 without words.
pub(crate) fn mean_confidence(words: &[OcrWord]) -> f32 {
    let (sum, weight) = words.iter().fold((0.0, 0.0), |(sum, weight), w| {
        let length = w.text.chars().count() as f32;
        (sum + w.confidence * length, weight + length)
    });
    if weight > 0.0 { sum / weight } else { 0.0 }
}

/// How much of something looks read: letters, by the square of their confidence.
fn score(words: &[OcrWord]) -> f32 {
    words
        .iter()
        .map(|w| {
            let letters = w.text.chars().filter(|c| c.is_alphanumeric()).count();
            letters as f32 * w.confidence * w.confidence
        })
        .sum()
}

/// Whether a figure is text on a dark ground rather than a picture.
fn is_text_panel(figure: &Rect<Px>, words: &[OcrWord]) -> bool {
    let sure = words.iter().filter(|w| w.confidence >= 0.8 && w.text.chars().count() > 2);
    let covered: f32 = sure.map(|w| w.rect.overlap_x(figure) * w.rect.overlap_y(figure)).sum();
    covered > TEXT_PANEL * figure.area()
}

#[cfg(test)]
mod tests;
