//! Recognising the raster of a page: which languages, what of the page, and putting what was read
//! into the page's coordinates.

mod calibration;
mod merge;
mod neural;
mod probe;
mod twice;
mod unknown;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use image::GrayImage;

use crate::call::Call;
use crate::document::{Style, TextSource, Word, WordOrigin, mean_confidence};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::geometry::{Pt, Px, Rect, RectExt, Resolution, rect};
use crate::language::{self, Language, Tessdata, TesseractLanguages};
use crate::neural::{Orienter, TextReader, orienter};
use crate::options::{OcrEngine, OcrMode, Options};
use crate::page::{Doubt, PageRead, Placement, PlacementKind, Rule, Suspect};
use crate::page_work::RasterPage;
use crate::reader::{self, PageImage, PageOcr};
use crate::recognizer::{OcrWord, Recognizer};
use crate::setup;
use crate::sketching;
use calibration::Curve;
use probe::Finding;
use unknown::Installed;

/// An image that covers more of the page than this share is the scan itself.
const SCAN_AREA: f32 = 0.7;
/// Recognition of a whole page instead of its text layer must reach this mean confidence: below,
/// it has read no text either.
const POOR: f32 = 0.55;
/// Words in pictures count from this confidence. Text in charts and screenshots is read at 0.8 and
/// more; what is seen in photographs, at 0.2 to 0.6.
const PICTURE_WORD: f32 = 0.6;
/// Marks without a letter or digit need more: the dots of a chart's legend are read as `@` or `©` at
/// 0.9.
const PICTURE_SYMBOL: f32 = 0.95;
/// Words in one picture count from this mean: a few doubtful ones are all that is seen in a
/// photograph.
const PICTURE_TEXT: f32 = 0.75;

/// The recognisers of an engine, and what is installed for them.
#[derive(Debug)]
pub(crate) struct Recognition {
    tessdata: Option<PathBuf>,
    /// The user's own neural models.
    model_dir: Option<PathBuf>,
    /// One recogniser for each folder of models.
    recognizers: Mutex<HashMap<PathBuf, Arc<dyn Recognizer>>>,
    /// Whether confidences become probabilities, or stay as the recogniser gives them.
    calibrated: bool,
    /// Tells which way up pages are, where its model is installed.
    orienter: OnceLock<Option<Arc<dyn Orienter>>>,
}

/// In which languages the pages of one read are recognised.
#[derive(Debug)]
pub(crate) enum Plan {
    /// In those that were asked for.
    Given {
        models: TesseractLanguages,
        languages: Vec<Language>,
        /// The same for pages whose lines run down, where there are such models.
        vertical: Option<TesseractLanguages>,
        /// Whether doubtful pages are read again with neural models.
        twice: bool,
    },
    /// In what each page turns out to be, among these.
    Detect {
        installed: Box<Installed>,
        /// As above.
        twice: bool,
    },
    /// By neural models, which read all of their languages at once.
    Neural {
        reader: Arc<dyn TextReader>,
        /// Those asked for; empty where pages tell.
        languages: Vec<Language>,
    },
    /// Not at all.
    Nothing,
}

impl Plan {
    /// The engine that reads.
    fn engine(&self) -> Option<OcrEngine> {
        match self {
            Self::Given { .. } | Self::Detect { .. } => Some(OcrEngine::Tesseract),
            Self::Neural { .. } => Some(OcrEngine::RapidOcr),
            Self::Nothing => None,
        }
    }

    /// Whether doubtful pages are read again with neural models.
    fn twice(&self) -> bool {
        matches!(self, Self::Given { twice: true, .. } | Self::Detect { twice: true, .. })
    }
}

impl Recognition {
    pub(crate) fn new(
        tessdata: Option<PathBuf>,
        model_dir: Option<PathBuf>,
        calibrated: bool,
    ) -> Self {
        let (recognizers, orienter) = (Mutex::default(), OnceLock::new());
        Self { tessdata, model_dir, recognizers, calibrated, orienter }
    }

    /// Settles the languages of a read. Fails early on what cannot be read.
    ///
    /// # Errors
    ///
    /// For a language that is not installed, even where no page turns out to need it: whoever
    /// names a language wants to know.
    pub(crate) fn plan(&self, options: &Options, warnings: &mut Vec<Warning>) -> Result<Plan> {
        if options.ocr == OcrMode::Never {
            return Ok(Plan::Nothing);
        }
        let asked = matches!(options.engine, OcrEngine::EasyOcr | OcrEngine::RapidOcr);
        if asked && let Some(plan) = self.plan_neural(options, warnings)? {
            return Ok(plan);
        }
        // Whether neural models stand in where Tesseract cannot read.
        let instead = options.engine == OcrEngine::Auto;
        let planned = if cfg!(feature = "tesseract") {
            self.plan_tesseract(options, warnings)
        } else {
            Ok(Plan::Nothing)
        };
        match planned {
            Ok(Plan::Nothing) if instead => {
                Ok(self.plan_instead(options, None, warnings).unwrap_or(Plan::Nothing))
            }
            Err(error) if instead => {
                self.plan_instead(options, Some(&error), warnings).ok_or(error)
            }
            planned => planned,
        }
    }

    fn plan_tesseract(&self, options: &Options, warnings: &mut Vec<Warning>) -> Result<Plan> {
        let twice = options.engine == OcrEngine::Auto;
        let data = match Tessdata::discover(self.tessdata.as_deref()) {
            Ok(data) => data,
            // Digital documents need no models: complain when a page does.
            Err(_) if options.languages.is_empty() && self.tessdata.is_none() => {
                return Ok(Plan::Nothing);
            }
            Err(error) => return Err(error),
        };
        if options.languages.is_empty() {
            let Some(installed) = Installed::new(data) else { return Ok(Plan::Nothing) };
            return Ok(Plan::Detect { installed: Box::new(installed), twice });
        }
        let resolved = language::resolve_tesseract(&options.languages, &data)?;
        warnings.extend(resolved.warnings.iter().cloned());
        let languages = options.languages.clone();
        let vertical = vertical(&languages, &data);
        Ok(Plan::Given { models: resolved, vertical, languages, twice })
    }

    #[cfg(feature = "tesseract")]
    fn recognizer(&self, datapath: &Path) -> Result<Arc<dyn Recognizer>> {
        let mut known = self.recognizers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(recognizer) = known.get(datapath) {
            return Ok(Arc::clone(recognizer));
        }
        let recognizer: Arc<dyn Recognizer> =
            Arc::new(crate::ocr::TesseractRecognizer::new(Some(datapath.to_owned()))?);
        known.insert(datapath.to_owned(), Arc::clone(&recognizer));
        Ok(recognizer)
    }

    #[cfg(not(feature = "tesseract"))]
    fn recognizer(&self, _datapath: &Path) -> Result<Arc<dyn Recognizer>> {
        let _ = &self.recognizers;
        Err(Error::MissingComponent {
            what: "an OCR engine".to_owned(),
            fix: "build recto with the feature `tesseract`".to_owned(),
            source: None,
        })
    }

    /// Loads the models that the first page will be read with, for one thread.
    pub(crate) fn warm_up(&self, plan: &Plan) {
        // Which models a page of unknown language is tried with depends on the page.
        let Plan::Given { models, .. } = plan else { return };
        if let Ok(recognizer) = self.recognizer(&models.datapath) {
            recognizer.warm_up(&models.codes);
        }
    }

    /// Recognises what a page's raster holds.
    pub(crate) fn recognize(
        &self,
        page: RasterPage,
        plan: &Plan,
        options: &Options,
        call: &Call,
    ) -> Result<PageRead> {
        let started = Instant::now();
        let RasterPage { image, resolution, mut read, regions, doubt, span } = page;
        let _inside = span.enter();
        let recognise = tracing::debug_span!("recognise").entered();
        read.resolution = Some(resolution);
        read.engine = plan.engine();
        // Where the page stands in an image upright and straight, for those who look at it later.
        let mut upright = None;
        let wrong = match &doubt {
            Some(doubt) => self.is_wrong(&image, doubt, plan, call, &mut read)?,
            None => regions.is_none(),
        };
        if wrong {
            upright = self.read_whole(&image, doubt.as_ref(), plan, call, &mut read)?;
        } else {
            let regions = regions.unwrap_or_default();
            self.read_regions(&image, &regions, plan, call, &mut read)?;
            if regions.is_empty() {
                (read.resolution, read.engine) = (None, None);
            }
            self.calibrate(&mut read.words, plan);
        }
        even_sizes(&mut read.words);
        read.text_source = source_of(&read.words);
        if read.resolution.is_some() {
            read.timings.add("ocr", started.elapsed().as_secs_f64());
        }
        drop(recognise);
        let (image, resolution) = match &upright {
            Some((image, resolution)) => (&**image, *resolution),
            None => (&image, resolution),
        };
        sketching::sketch(&mut read, image, resolution, options);
        Ok(read)
    }

    /// Recognises the whole page, instead of its text layer if it has one. Gives its image, upright
    /// and straight, unless the layer was kept.
    fn read_whole(
        &self,
        image: &GrayImage,
        doubt: Option<&Doubt>,
        plan: &Plan,
        call: &Call,
        read: &mut PageRead,
    ) -> Result<Option<(Arc<GrayImage>, Resolution)>> {
        let resolution = read.resolution.unwrap_or(Resolution(72.0));
        let mut image = self.page_image(image, resolution);
        let (page, language) = self.read_part(&mut image, plan, None, call, read)?;
        let layer = std::mem::take(&mut read.words);
        if let Some(doubt) = doubt {
            let lost = doubt.suspect == Suspect::Lost;
            if !layer.is_empty() && !lost && reader::mean_confidence(&page.words) < POOR {
                read.words = layer;
                warn(
                    read,
                    format!(
                        "the text layer may be wrong ({}), but recognition did no better: it was kept",
                        doubt.reason
                    ),
                );
                return Ok(None);
            }
            warn(
                read,
                format!(
                    "the text layer is not trusted ({}); the page was read by OCR",
                    doubt.reason
                ),
            );
        }
        read.glyphs.clear();
        read.language = language;
        set_upright(read, &page, resolution);
        let upright = (page.upright, Resolution(resolution.0 * page.scale));
        let found = page.words.into_iter().map(|w| place(w, (0.0, 0.0), resolution, 0));
        let mut found: Vec<Word> = found.collect();
        self.calibrate(&mut found, plan);
        read.words = self.read_twice(&image, found, plan, call, read)?;
        Ok(Some(upright))
    }

    /// Makes probabilities of the confidences of a plan's recogniser.
    fn calibrate(&self, words: &mut [Word], plan: &Plan) {
        let curve =
            if matches!(plan, Plan::Neural { .. }) { Curve::Neural } else { Curve::Tesseract };
        if self.calibrated {
            calibration::calibrate(words, curve);
        }
    }

    /// A whole page, which the model of orientation is asked about where it is installed.
    fn page_image(&self, image: &GrayImage, resolution: Resolution) -> PageImage {
        let orienter = self.orienter.get_or_init(|| {
            // A build that cannot run it need not look for it.
            let path = if cfg!(feature = "onnx") { setup::model("orientation") } else { None };
            path.as_deref().and_then(orienter)
        });
        PageImage::of_page(image, resolution, orienter.clone())
    }

    /// Whether the pixels show that the text layer is wrong. Where they cannot be recognised, it
    /// stays.
    fn is_wrong(
        &self,
        image: &GrayImage,
        doubt: &Doubt,
        plan: &Plan,
        call: &Call,
        read: &mut PageRead,
    ) -> Result<bool> {
        if doubt.suspect == Suspect::Lost && !matches!(plan, Plan::Nothing) {
            return Ok(true);
        }
        let unsure = |read: &mut PageRead, why: &str| {
            if doubt.suspect != Suspect::Hidden {
                warn(
                    read,
                    format!(
                        "the text layer may be wrong ({}); {why}, so it was kept",
                        doubt.reason
                    ),
                );
            }
            Ok(false)
        };
        if matches!(plan, Plan::Nothing) {
            return unsure(read, "no model for recognition is installed");
        }
        let resolution = read.resolution.unwrap_or(Resolution(72.0));
        let Some(strip) = probe::strip(read, doubt) else { return Ok(false) };
        let (origin, part) = cut(image, resolution, &strip);
        let before = read.warnings.len();
        let hint = self.hint(plan, read);
        let (page, _) =
            self.read_part(&mut PageImage::new(&part, resolution), plan, hint, call, read)?;
        // What reading the strip warns of is no news about the page.
        read.warnings.truncate(before);
        if page.rotation != 0 {
            return unsure(read, "the page's pixels could not be read");
        }
        let found: Vec<Word> =
            page.words.into_iter().map(|w| place(w, origin, resolution, 0)).collect();
        if doubt.suspect == Suspect::Hidden && found.is_empty() && page.figures.is_empty() {
            // Words where nothing is printed.
            return Ok(true);
        }
        match probe::compare(read, doubt, &strip, &found) {
            Finding::Right => Ok(false),
            Finding::Wrong | Finding::Shifted => Ok(true),
            Finding::Unknown => unsure(read, "the page's pixels could not be read"),
        }
    }

    /// The language of the page's text layer, where languages are to be found out.
    fn hint(&self, plan: &Plan, read: &PageRead) -> Option<Language> {
        let Plan::Detect { installed, .. } = plan else { return None };
        let text: Vec<&str> = read.words.iter().map(|w| w.text.as_str()).collect();
        installed.detect(&text.join(" "))
    }

    /// Recognises parts of a page that has a text layer. Where both have a word, the layer's
    /// stays.
    fn read_regions(
        &self,
        image: &GrayImage,
        regions: &[Rect<Pt>],
        plan: &Plan,
        call: &Call,
        read: &mut PageRead,
    ) -> Result<()> {
        let resolution = read.resolution.unwrap_or(Resolution(72.0));
        let layer = read.words.len();
        for region in regions {
            let (origin, part) = cut(image, resolution, region);
            let hint = self.hint(plan, read);
            let mut part = PageImage::new(&part, resolution);
            let (page, language) = self.read_part(&mut part, plan, hint, call, read)?;
            // A picture that stands on its side is a picture, not text.
            if page.rotation != 0 {
                continue;
            }
            let first = read.words.iter().filter_map(|w| w.line).max().map_or(0, |l| l + 1);
            let found: Vec<Word> =
                page.words.into_iter().map(|w| place(w, origin, resolution, first)).collect();
            let known = &read.words[..layer];
            let new: Vec<Word> = found
                .into_iter()
                .filter(is_picture_word)
                .filter(|w| !known.iter().any(|k| w.rect.share_in(&k.rect) > 0.5))
                .collect();
            if mean_confidence(&new).is_some_and(|mean| mean >= PICTURE_TEXT) {
                read.words.extend(new);
            }
            read.language = read.language.take().or(language);
        }
        Ok(())
    }

    fn read_part(
        &self,
        page: &mut PageImage,
        plan: &Plan,
        hint: Option<Language>,
        call: &Call,
        read: &mut PageRead,
    ) -> Result<(PageOcr, Option<String>)> {
        let found = match plan {
            Plan::Nothing => {
                return Err(Error::MissingComponent {
                    what: "any Tesseract model".to_owned(),
                    fix: "run `recto setup`, or set TESSDATA_PREFIX to the folder of the models"
                        .to_owned(),
                    source: None,
                });
            }
            Plan::Given { models, languages, vertical, .. } => {
                let models = match vertical {
                    Some(vertical) if self.reads_down(page, models, vertical, call)? => vertical,
                    _ => models,
                };
                let found = self.run(page, models, call)?;
                let detected = detect(&found.words, languages);
                let tag = detected.or_else(|| languages.first().cloned());
                (found, tag)
            }
            Plan::Neural { reader, languages } => {
                let found = page.read(&**reader, &[], call)?;
                let told = detect(&found.words, languages);
                (found, told.or_else(|| languages.first().cloned()))
            }
            Plan::Detect { installed, .. } => {
                self.read_unknown(page, installed, hint, call, read)?
            }
        };
        if let Some(reason) = &found.0.skipped {
            read.warnings.push(
                Warning::new(WarningCode::OcrSkipped, format!("not recognised: {reason}"))
                    .on_page(read.index),
            );
        }
        Ok((found.0, found.1.map(|l| l.tag().to_owned())))
    }

    /// Whether lines run down and the model of such lines reads a part of the page better.
    fn reads_down(
        &self,
        page: &PageImage,
        models: &TesseractLanguages,
        vertical: &TesseractLanguages,
        call: &Call,
    ) -> Result<bool> {
        if !page.lines_run_down() {
            return Ok(false);
        }
        let sure = |models: &TesseractLanguages| -> Result<f32> {
            let recognizer = self.recognizer(&models.datapath)?;
            let words = page.try_part(None, &*recognizer, &models.codes, call)?;
            Ok(reader::mean_confidence(&words))
        };
        Ok(sure(vertical)? > sure(models)?)
    }

    fn run(
        &self,
        page: &mut PageImage,
        models: &TesseractLanguages,
        call: &Call,
    ) -> Result<PageOcr> {
        page.read(&*self.recognizer(&models.datapath)?, &models.codes, call)
    }
}

/// The models of vertical lines in these languages, if they are installed.
fn vertical(languages: &[Language], data: &Tessdata) -> Option<TesseractLanguages> {
    let first = languages.first().filter(|l| l.is_cjk() && !l.is_vertical())?;
    let vertical = Language::parse(&format!("{}-x-vert", first.tag())).ok()?;
    language::resolve_tesseract(&[vertical], data).ok()
}

/// Whether a word seen in a picture is one.
fn is_picture_word(word: &Word) -> bool {
    let letters = word.text.chars().any(char::is_alphanumeric);
    word.confidence >= Some(if letters { PICTURE_WORD } else { PICTURE_SYMBOL })
}

fn warn(read: &mut PageRead, message: String) {
    let warning = Warning::new(WarningCode::TextLayerDistrusted, message);
    read.warnings.push(warning.on_page(read.index));
}

fn detect(words: &[OcrWord], candidates: &[Language]) -> Option<Language> {
    let text: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
    language::detect(&text.join(" "), candidates).map(|d| d.language)
}

/// A part of a page's raster, and where its corner stands in it.
fn cut(page: &GrayImage, resolution: Resolution, r: &Rect<Pt>) -> ((f32, f32), GrayImage) {
    let px = resolution.to_pixels(*r);
    let x = (px.min.x.max(0.0) as u32).min(page.width().saturating_sub(1));
    let y = (px.min.y.max(0.0) as u32).min(page.height().saturating_sub(1));
    let w = (px.width().ceil() as u32).clamp(1, page.width() - x);
    let h = (px.height().ceil() as u32).clamp(1, page.height() - y);
    ((x as f32, y as f32), image::imageops::crop_imm(page, x, y, w, h).to_image())
}

/// Takes over what the raster tells about the page: its size once upright, ruling lines, pictures.
fn set_upright(read: &mut PageRead, page: &PageOcr, resolution: Resolution) {
    let all = rect(0.0, 0.0, page.size.width, page.size.height);
    let upright = resolution.to_points(all).size();
    read.skew = page.skew;
    read.rotation = page.rotation;
    read.warp = page.warp.map(|warp| warp.scaled(1.0 / resolution.scale()));
    if page.rotation != 0 {
        // What the file draws stands in the old orientation; the raster shows it all.
        read.rules.clear();
        read.placements.clear();
        read.links.clear();
        read.size = upright;
    }
    if read.rules.is_empty() {
        read.rules = page.rules.iter().map(|r| Rule { rect: resolution.to_points(*r) }).collect();
    }
    let is_scan = |p: &Placement| p.rect.area() > SCAN_AREA * read.size.area();
    if read.placements.iter().all(is_scan) {
        read.placements.extend(page.figures.iter().map(|r| Placement {
            rect: resolution.to_points(*r),
            kind: PlacementKind::Image,
            pixels: Some((r.width() as u32, r.height() as u32)),
        }));
    }
}

fn place(word: OcrWord, origin: (f32, f32), resolution: Resolution, first_line: u32) -> Word {
    let r = word.rect;
    let moved: Rect<Px> =
        rect(r.min.x + origin.0, r.min.y + origin.1, r.max.x + origin.0, r.max.y + origin.1);
    let size = word.size.unwrap_or(r.height()) / resolution.scale();
    Word {
        text: word.text,
        rect: resolution.to_points(moved),
        confidence: Some(word.confidence),
        origin: WordOrigin::Ocr,
        style: Style { size: (size * 20.0).round() / 20.0, bold: word.bold, ..Style::default() },
        angle: if word.angle > 180.0 { word.angle - 360.0 } else { word.angle },
        joined: word.joined,
        line: Some(word.line + first_line),
    }
}

/// Gives all words of a recognised line the line's size: a measure of one word is a guess by the
/// letters it happens to have.
fn even_sizes(words: &mut [Word]) {
    let mut lines: HashMap<u32, Vec<f32>> = HashMap::new();
    for word in words.iter() {
        if let Some(line) = word.line {
            lines.entry(line).or_default().push(word.style.size);
        }
    }
    for sizes in lines.values_mut() {
        sizes.sort_by(f32::total_cmp);
    }
    for word in words {
        if let Some(sizes) = word.line.and_then(|line| lines.get(&line)) {
            word.style.size = sizes[sizes.len() / 2];
        }
    }
}

fn source_of(words: &[Word]) -> TextSource {
    let recognised = words.iter().filter(|w| w.origin == WordOrigin::Ocr).count();
    match (words.is_empty(), recognised) {
        (true, _) => TextSource::None,
        (false, 0) => TextSource::TextLayer,
        (false, n) if n == words.len() => TextSource::Ocr,
        _ => TextSource::Mixed,
    }
}
