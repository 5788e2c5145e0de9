//! Recognising the raster of a page: which languages, what of the page, and putting what was read
//! into the page's coordinates.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use image::GrayImage;

use crate::call::Call;
use crate::document::{Style, TextSource, Word, WordOrigin};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::geometry::{Pt, Px, Rect, RectExt, Resolution, rect};
use crate::language::{self, Language, Tessdata, TesseractLanguages};
use crate::ocr::{OcrWord, Recognizer};
use crate::options::{OcrEngine, OcrMode, Options};
use crate::page::{PageRead, Placement, PlacementKind, Rule};
use crate::page_work::RasterPage;
use crate::reader::{PageImage, PageOcr};

/// Read as this where no language is given and none can be told.
const FALLBACK: &str = "en";
/// An image that covers more of the page than this share is the scan itself.
const SCAN_AREA: f32 = 0.7;
/// A page of this many words or fewer does not tell its language.
const FEW_WORDS: usize = 8;

/// The recognisers of an engine, and what is installed for them.
#[derive(Debug)]
pub(crate) struct Recognition {
    tessdata: Option<PathBuf>,
    /// One recogniser for each folder of models.
    recognizers: Mutex<HashMap<PathBuf, Arc<dyn Recognizer>>>,
}

/// In which languages the pages of one read are recognised.
#[derive(Debug)]
pub(crate) enum Plan {
    /// In those that were asked for.
    Given(TesseractLanguages, Vec<Language>),
    /// In what each page turns out to be, among these.
    Detect { data: Tessdata, installed: Vec<Language>, first: Box<TesseractLanguages> },
    /// Not at all.
    Nothing,
}

impl Recognition {
    pub(crate) fn new(tessdata: Option<PathBuf>) -> Self {
        Self { tessdata, recognizers: Mutex::default() }
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
        if matches!(options.engine, OcrEngine::EasyOcr | OcrEngine::RapidOcr) {
            warnings.push(Warning::option(
                "ocr_engine",
                "this build has no neural recogniser; Tesseract reads instead",
            ));
        }
        let data = match Tessdata::discover(self.tessdata.as_deref()) {
            Ok(data) => data,
            // Digital documents need no models: complain when a page does.
            Err(_) if options.languages.is_empty() && self.tessdata.is_none() => {
                return Ok(Plan::Nothing);
            }
            Err(error) => return Err(error),
        };
        if options.languages.is_empty() {
            let installed: Vec<Language> = data
                .installed()
                .into_iter()
                .map(|m| m.language)
                .filter(|l| !l.tag().starts_with("und") && !l.is_vertical())
                .collect();
            let fallback = installed
                .iter()
                .find(|l| l.tag() == FALLBACK)
                .or_else(|| installed.first())
                .cloned();
            let Some(fallback) = fallback else { return Ok(Plan::Nothing) };
            let first = Box::new(language::resolve_tesseract(&[fallback], &data)?);
            return Ok(Plan::Detect { data, installed, first });
        }
        let resolved = language::resolve_tesseract(&options.languages, &data)?;
        warnings.extend(resolved.warnings.iter().cloned());
        Ok(Plan::Given(resolved, options.languages.clone()))
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
        let models = match plan {
            Plan::Given(models, _) => models,
            Plan::Detect { first, .. } => first,
            Plan::Nothing => return,
        };
        if let Ok(recognizer) = self.recognizer(&models.datapath) {
            recognizer.warm_up(&models.codes);
        }
    }

    /// Recognises what a page's raster holds.
    pub(crate) fn recognize(&self, page: RasterPage, plan: &Plan, call: &Call) -> Result<PageRead> {
        let started = Instant::now();
        let RasterPage { image, resolution, mut read, regions } = page;
        read.resolution = Some(resolution);
        match regions {
            None => {
                let (page, language) = self.read_part(&image, resolution, plan, call, &mut read)?;
                read.language = language;
                set_upright(&mut read, &page, resolution);
                let found = page.words.into_iter().map(|w| place(w, (0.0, 0.0), resolution, 0));
                read.words.extend(found);
            }
            Some(regions) => self.read_regions(&image, &regions, plan, call, &mut read)?,
        }
        even_sizes(&mut read.words);
        read.text_source = source_of(&read.words);
        read.timings.add("ocr", started.elapsed().as_secs_f64());
        Ok(read)
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
            let (page, language) = self.read_part(&part, resolution, plan, call, read)?;
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
                .filter(|w| !known.iter().any(|k| w.rect.share_in(&k.rect) > 0.5))
                .collect();
            read.words.extend(new);
            read.language = read.language.take().or(language);
        }
        Ok(())
    }

    fn read_part(
        &self,
        image: &GrayImage,
        resolution: Resolution,
        plan: &Plan,
        call: &Call,
        read: &mut PageRead,
    ) -> Result<(PageOcr, Option<String>)> {
        let mut page = PageImage::new(image, resolution);
        let found = match plan {
            Plan::Nothing => {
                return Err(Error::MissingComponent {
                    what: "any Tesseract model".to_owned(),
                    fix: "run `recto setup`, or set TESSDATA_PREFIX to the folder of the models"
                        .to_owned(),
                    source: None,
                });
            }
            Plan::Given(models, languages) => {
                let found = self.run(&mut page, models, call)?;
                let detected = detect(&found.words, languages);
                let tag = detected.or_else(|| languages.first().cloned());
                (found, tag)
            }
            Plan::Detect { data, installed, first } => {
                self.read_unknown(&mut page, (data, installed, first), call, read)?
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

    /// Reads in the fallback language first; in the one the text turns out to be in, if it is
    /// another.
    fn read_unknown(
        &self,
        page: &mut PageImage,
        (data, installed, first): (&Tessdata, &[Language], &TesseractLanguages),
        call: &Call,
        read: &mut PageRead,
    ) -> Result<(PageOcr, Option<Language>)> {
        let found = self.run(page, first, call)?;
        let Some(language) = detect(&found.words, installed) else {
            if found.words.len() > FEW_WORDS {
                read.warnings.push(
                    Warning::new(
                        WarningCode::Language,
                        "no language was given and it could not be told; the page was read as \
                         English",
                    )
                    .on_page(read.index),
                );
            }
            return Ok((found, None));
        };
        let models = language::resolve_tesseract(std::slice::from_ref(&language), data)?;
        if models.codes == first.codes {
            return Ok((found, Some(language)));
        }
        let again = self.run(page, &models, call)?;
        let mean = |page: &PageOcr| {
            page.words.iter().map(|w| w.confidence).sum::<f32>() / page.words.len().max(1) as f32
        };
        let better = if mean(&again) >= mean(&found) { again } else { found };
        Ok((better, Some(language)))
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
