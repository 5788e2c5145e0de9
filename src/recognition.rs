//! Recognising the raster of a page: which languages, what of the page, and putting what was read
//! into the page's coordinates.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::call::Call;
use crate::document::{Style, TextSource, Word, WordOrigin};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::geometry::{Pt, Px, Rect, RectExt, Resolution, rect};
use crate::language::{self, Language, Tessdata, TesseractLanguages};
use crate::ocr::{OcrWord, Recognizer};
use crate::options::{OcrEngine, OcrMode, Options};
use crate::page::PageRead;
use crate::page_work::RasterPage;

/// Read as this where no language is given and none can be told.
const FALLBACK: &str = "en";
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
        let mut known = self.recognizers.lock().unwrap_or_else(PoisonError::into_inner);
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

    /// Recognises what a page's raster holds.
    pub(crate) fn recognize(&self, page: RasterPage, plan: &Plan, call: &Call) -> Result<PageRead> {
        let started = Instant::now();
        let RasterPage { image, resolution, mut read, regions } = page;
        let parts: Vec<Part> = match &regions {
            None => vec![Part { origin: (0.0, 0.0), image }],
            Some(regions) => regions.iter().map(|r| Part::cut(&image, resolution, r)).collect(),
        };
        let mut found: Vec<Word> = Vec::new();
        for part in &parts {
            let (words, language) = self.read_part(part, resolution, plan, call, &mut read)?;
            let first_line = found.iter().filter_map(|w| w.line).max().map_or(0, |l| l + 1);
            found.extend(words.into_iter().map(|w| place(w, part.origin, resolution, first_line)));
            read.language = read.language.take().or(language);
        }
        read.resolution = Some(resolution);
        merge(&mut read, found, regions.is_some());
        read.timings.add("ocr", started.elapsed().as_secs_f64());
        Ok(read)
    }

    fn read_part(
        &self,
        part: &Part,
        resolution: Resolution,
        plan: &Plan,
        call: &Call,
        read: &mut PageRead,
    ) -> Result<(Vec<OcrWord>, Option<String>)> {
        match plan {
            Plan::Nothing => Err(Error::MissingComponent {
                what: "any Tesseract model".to_owned(),
                fix: "run `recto setup`, or set TESSDATA_PREFIX to the folder of the models"
                    .to_owned(),
                source: None,
            }),
            Plan::Given(models, languages) => {
                let words = self.run(part, resolution, models, call)?;
                let detected = detect(&words, languages);
                let tag = detected.or_else(|| languages.first().cloned());
                Ok((words, tag.map(|l| l.tag().to_owned())))
            }
            Plan::Detect { data, installed, first } => {
                self.read_unknown(part, resolution, (data, installed, first), call, read)
            }
        }
    }

    /// Reads in the fallback language first; in the one the text turns out to be in, if it is
    /// another.
    fn read_unknown(
        &self,
        part: &Part,
        resolution: Resolution,
        (data, installed, first): (&Tessdata, &[Language], &TesseractLanguages),
        call: &Call,
        read: &mut PageRead,
    ) -> Result<(Vec<OcrWord>, Option<String>)> {
        let words = self.run(part, resolution, first, call)?;
        let Some(language) = detect(&words, installed) else {
            if words.len() > FEW_WORDS {
                read.warnings.push(
                    Warning::new(
                        WarningCode::Language,
                        "no language was given and it could not be told; the page was read as \
                         English",
                    )
                    .on_page(read.index),
                );
            }
            return Ok((words, None));
        };
        let models = language::resolve_tesseract(std::slice::from_ref(&language), data)?;
        if models.codes == first.codes {
            return Ok((words, Some(language.tag().to_owned())));
        }
        let again = self.run(part, resolution, &models, call)?;
        let mean = |words: &[OcrWord]| {
            words.iter().map(|w| w.confidence).sum::<f32>() / words.len().max(1) as f32
        };
        let better = if mean(&again) >= mean(&words) { again } else { words };
        Ok((better, Some(language.tag().to_owned())))
    }

    fn run(
        &self,
        part: &Part,
        resolution: Resolution,
        models: &TesseractLanguages,
        call: &Call,
    ) -> Result<Vec<OcrWord>> {
        self.recognizer(&models.datapath)?.recognize(&part.image, resolution, &models.codes, call)
    }
}

fn detect(words: &[OcrWord], candidates: &[Language]) -> Option<Language> {
    let text: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
    language::detect(&text.join(" "), candidates).map(|d| d.language)
}

/// A part of the page to recognise, and where its corner stands, in pixels.
struct Part {
    origin: (f32, f32),
    image: image::GrayImage,
}

impl Part {
    fn cut(page: &image::GrayImage, resolution: Resolution, r: &Rect<Pt>) -> Self {
        let px = resolution.to_pixels(*r);
        let x = (px.min.x.max(0.0) as u32).min(page.width().saturating_sub(1));
        let y = (px.min.y.max(0.0) as u32).min(page.height().saturating_sub(1));
        let w = (px.width().ceil() as u32).clamp(1, page.width() - x);
        let h = (px.height().ceil() as u32).clamp(1, page.height() - y);
        let image = image::imageops::crop_imm(page, x, y, w, h).to_image();
        Self { origin: (x as f32, y as f32), image }
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
        style: Style { size: (size * 20.0).round() / 20.0, ..Style::default() },
        angle: if word.angle > 180.0 { word.angle - 360.0 } else { word.angle },
        joined: word.joined,
        line: Some(word.line + first_line),
    }
}

/// Adds recognised words to what the text layer gave; where both have a word, the layer's stays.
fn merge(read: &mut PageRead, mut found: Vec<Word>, beside_layer: bool) {
    if beside_layer {
        found.retain(|w| !read.words.iter().any(|known| w.rect.share_in(&known.rect) > 0.5));
    }
    read.text_source = match (read.words.is_empty(), found.is_empty()) {
        (true, true) => TextSource::None,
        (false, true) => TextSource::TextLayer,
        (true, false) => TextSource::Ocr,
        (false, false) => TextSource::Mixed,
    };
    read.words.extend(found);
}
