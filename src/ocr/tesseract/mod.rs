//! OCR with libtesseract.

use std::path::{Path, PathBuf};

use image::GrayImage;

use self::ffi::{GrayRows, Handle, Segmentation, Spaces, TesseractError};
use self::pool::Pool;
use crate::call::Call;
use crate::error::{Error, Result};
use crate::geometry::Resolution;
use crate::language::Language;
use crate::options::OcrEngine;
use crate::recognizer::{OcrWord, Recognizer, ScriptGuess};

mod ffi;
mod pool;
mod words;

pub(super) use ffi::switch_openmp_off;

/// Suffix of Tesseract's model files.
const MODEL_SUFFIX: &str = "traineddata";
/// Reads the Latin letters in texts of other scripts.
const COMPANION: &str = "eng";
/// Tells scripts by the shapes of letters.
const SCRIPT_MODEL: &str = "osd";

/// Tesseract with a pool of loaded models.
#[derive(Debug)]
pub(crate) struct TesseractRecognizer {
    folder: PathBuf,
    pool: Pool,
}

impl TesseractRecognizer {
    /// Uses the models (`eng.traineddata` …) of a folder; `None` looks for the usual one, see
    /// [`default_folder`].
    ///
    /// # Errors
    ///
    /// [`Error::MissingComponent`] where the folder holds no model at all.
    pub(crate) fn new(folder: Option<PathBuf>) -> Result<Self> {
        let (folder, tried) = match folder {
            Some(folder) => (Some(folder.clone()), folder.display().to_string()),
            None => (default_folder(), "the usual folders".to_owned()),
        };
        match folder {
            Some(folder) if has_models(&folder) => Ok(Self { folder, pool: Pool::default() }),
            _ => Err(Error::MissingComponent {
                what: format!("any Tesseract model (*.{MODEL_SUFFIX}) in {tried}"),
                fix: "install the package tesseract-ocr-eng, or set TESSDATA_PREFIX to the folder \
                      of the models"
                    .to_owned(),
                source: None,
            }),
        }
    }

    /// Fails when a model is not in the folder.
    ///
    /// Tesseract itself goes on without a model that is missing as long as it finds another one.
    fn check_installed(&self, languages: &[String]) -> Result<()> {
        for language in languages {
            if !self.has_model(language) {
                return Err(Error::LanguageNotInstalled {
                    code: language.clone(),
                    engine: "Tesseract",
                    model: language.clone(),
                    fix: format!(
                        "install it with: apt-get install tesseract-ocr-{}",
                        language.replace('_', "-").to_lowercase()
                    ),
                });
            }
        }
        if languages.is_empty() {
            return Err(Error::invalid_option("languages", "no language to recognise"));
        }
        Ok(())
    }

    fn has_model(&self, language: &str) -> bool {
        // A plus would make two of it. (A model in another folder goes by its relative path.)
        !language.contains('+') && self.folder.join(format!("{language}.{MODEL_SUFFIX}")).is_file()
    }

    /// The models to load for these languages, as Tesseract takes them: English last where none of
    /// them reads Latin letters.
    ///
    /// Names, addresses and terms in Latin letters stand in texts of every script, and a model
    /// that has only seen its own turns them into rubbish: with English beside it the character
    /// errors on scans fall from 44 to 3 % (Russian with English passages), 9 to 2 % (Greek), 24 to
    /// 7 % (Hebrew), 18 to 10 % (Arabic), 6 to 3 % (Hindi), for half as much time again. Models of
    /// Chinese, Japanese and Korean know Latin letters themselves.
    fn models(&self, languages: &[String]) -> String {
        let alone = |code: &String| {
            let code = code.rsplit('/').next().unwrap_or_default();
            Language::parse_for(code, OcrEngine::Tesseract)
                .is_ok_and(|l| !l.is_cjk() && l.script().is_some_and(|script| script != "Latn"))
        };
        let mut models = languages.join("+");
        if languages.iter().all(alone) && self.has_model(COMPANION) {
            models = format!("{models}+{COMPANION}");
        }
        models
    }

    fn load(&self, languages: &str) -> Result<Handle, TesseractError> {
        let mut handle = Handle::new(&self.folder.to_string_lossy(), languages)?;
        // Tesseract's search for tables leaves out rows and words of what it takes for one: on
        // scanned tables word errors fall by a third without it, elsewhere nothing changes.
        handle.set("textord_tabfind_find_tables", "0")?;
        // Words are made of what the network reads; to find out whether type has a fixed pitch only
        // takes time (2 %).
        handle.set("textord_all_prop", "1")?;
        Ok(handle)
    }
}

impl TesseractRecognizer {
    fn read(
        &self,
        image: &GrayImage,
        resolution: Resolution,
        languages: &[String],
        segmentation: Segmentation,
        call: &Call,
    ) -> Result<Vec<OcrWord>> {
        call.check()?;
        self.check_installed(languages)?;
        super::prepare_worker_thread();
        let key = self.models(languages);
        let rows = GrayRows::of(image);
        let spaces = if languages.iter().all(|code| has_spaces(code)) {
            Spaces::Everywhere
        } else {
            Spaces::Asked
        };
        let raw = self
            .pool
            .with(
                &key,
                || self.load(&key),
                |handle| handle.read(rows, resolution.0, segmentation, spaces, call),
            )
            .map_err(|e| Error::stage("ocr", e))?;
        call.check()?;
        Ok(words::finish(raw))
    }
}

impl Recognizer for TesseractRecognizer {
    fn warm_up(&self, languages: &[String]) {
        if self.check_installed(languages).is_ok() {
            super::prepare_worker_thread();
            let key = self.models(languages);
            // A failure comes up again where it can be told.
            let _ = self.pool.add(&key, rayon::current_num_threads(), || self.load(&key));
        }
    }

    fn recognize(
        &self,
        image: &GrayImage,
        resolution: Resolution,
        languages: &[String],
        call: &Call,
    ) -> Result<Vec<OcrWord>> {
        self.read(image, resolution, languages, Segmentation::Page, call)
    }

    fn recognize_block(
        &self,
        image: &GrayImage,
        resolution: Resolution,
        languages: &[String],
        call: &Call,
    ) -> Result<Vec<OcrWord>> {
        self.read(image, resolution, languages, Segmentation::Block, call)
    }

    fn script(&self, image: &GrayImage, resolution: Resolution) -> Result<Option<ScriptGuess>> {
        if !self.has_model(SCRIPT_MODEL) {
            return Ok(None);
        }
        super::prepare_worker_thread();
        let make = || Handle::new(&self.folder.to_string_lossy(), SCRIPT_MODEL);
        let found = self
            .pool
            .with(SCRIPT_MODEL, make, |handle| handle.script(GrayRows::of(image), resolution.0));
        // A model that is broken tells no script; no page fails for that.
        Ok(found.ok().flatten().map(|(name, confidence)| ScriptGuess { name, confidence }))
    }
}

/// The library's version: "5.3.0".
pub(crate) fn version() -> String {
    ffi::version()
}

/// The folder of Tesseract's models: `$TESSDATA_PREFIX` (or its `tessdata`), `models/tessdata`, or
/// where the packages of Debian, Homebrew and others put them. The first that holds a model.
pub(crate) fn default_folder() -> Option<PathBuf> {
    let prefix = std::env::var_os("TESSDATA_PREFIX").map(PathBuf::from);
    let named = prefix.into_iter().flat_map(|p| [p.clone(), p.join("tessdata")]);
    let usual = [
        "models/tessdata",
        "/usr/share/tesseract-ocr/5/tessdata",
        "/usr/share/tesseract-ocr/4.00/tessdata",
        "/usr/share/tessdata",
        "/usr/local/share/tessdata",
        "/opt/homebrew/share/tessdata",
    ];
    named.chain(usual.into_iter().map(PathBuf::from)).find(|folder| has_models(folder))
}

/// Whether spaces stand between the words that this model reads. (Not known: perhaps not.)
fn has_spaces(code: &str) -> bool {
    let code = code.rsplit('/').next().unwrap_or_default();
    Language::parse_for(code, OcrEngine::Tesseract).is_ok_and(|language| language.has_spaces())
}

fn has_models(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|entries| {
        entries.flatten().any(|e| e.path().extension().is_some_and(|x| x == MODEL_SUFFIX))
    })
}

#[cfg(test)]
mod tests;
