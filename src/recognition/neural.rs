//! Reading with neural models: which there are, what languages they read, and when they are asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Plan, Recognition};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::language::{self, Language};
use crate::neural::{TextModels, TextReader, text_reader};
use crate::options::{OcrEngine, Options};
use crate::setup;

/// Sizes of the models of text in the manifest, the better first: the larger ones are there only
/// where somebody wanted them.
const SIZES: [&str; 2] = ["small", "tiny"];

impl Recognition {
    /// The plan of a read that asks for neural models by name. `None`, with a warning, where there
    /// are none.
    ///
    /// # Errors
    ///
    /// For a language that they do not read, and a folder of models that cannot be used.
    pub(super) fn plan_neural(
        &self,
        options: &Options,
        warnings: &mut Vec<Warning>,
    ) -> Result<Option<Plan>> {
        let asked = name(options.engine);
        let Some(reader) = self.text_reader()? else {
            let message = format!(
                "{asked} was asked for, and its models are not there: Tesseract reads in its place; {}",
                missing_fix()
            );
            warnings.push(Warning::option("ocr_engine", message));
            return Ok(None);
        };
        if let Some(unread) = options.languages.iter().find(|l| !reads(&*reader, l)) {
            return Err(not_read(unread, options.engine));
        }
        if options.engine == OcrEngine::EasyOcr {
            let message = "EasyOCR was asked for: its language codes are understood, and the models of \
                           rapidocr read";
            warnings.push(Warning::option("ocr_engine", message));
        }
        Ok(Some(Plan::Neural { reader, languages: options.languages.clone() }))
    }

    /// The plan of a read that names no engine and whose languages Tesseract cannot read here; `None`
    /// where neural models cannot either.
    pub(super) fn plan_instead(
        &self,
        options: &Options,
        why: Option<&Error>,
        warnings: &mut Vec<Warning>,
    ) -> Option<Plan> {
        let reader = self.text_reader().ok().flatten()?;
        if !options.languages.iter().all(|language| reads(&*reader, language)) {
            return None;
        }
        if let Some(why) = why {
            let message = format!("rapidocr's models read, as Tesseract cannot: {why}");
            warnings.push(Warning::new(WarningCode::Language, message));
        }
        Some(Plan::Neural { reader, languages: options.languages.clone() })
    }

    /// The languages that the neural models of text read; `None` where none are installed.
    ///
    /// # Errors
    ///
    /// Where the models cannot be used.
    pub(crate) fn neural_languages(&self) -> Result<Option<Vec<Language>>> {
        let read = |reader: Arc<dyn TextReader>| {
            Language::all().into_iter().filter(|language| reads(&*reader, language)).collect()
        };
        Ok(self.text_reader()?.map(read))
    }

    /// The neural models of text, loaded; `None` where none are installed.
    ///
    /// # Errors
    ///
    /// Where they cannot be used.
    pub(super) fn text_reader(&self) -> Result<Option<Arc<dyn TextReader>>> {
        let models = match &self.model_dir {
            Some(folder) => Some(models_in(folder)?),
            None => installed(),
        };
        models.as_ref().map(text_reader).transpose()
    }
}

/// The engine, as people know it.
fn name(engine: OcrEngine) -> &'static str {
    match engine {
        OcrEngine::EasyOcr => "EasyOCR",
        OcrEngine::RapidOcr => "RapidOCR",
        OcrEngine::Auto | OcrEngine::Tesseract => "Tesseract",
    }
}

/// Whether the models know the letters of a language.
fn reads(reader: &dyn TextReader, language: &Language) -> bool {
    language::is_written_with(language, |c| reader.knows(c))
}

fn not_read(language: &Language, engine: OcrEngine) -> Error {
    let tesseract = language.engine_code(OcrEngine::Tesseract).map_or_else(
        || "no engine here has a model for it".to_owned(),
        |model| {
            format!(
                "the engine tesseract does with its model {model}, and the engine auto would ask it"
            )
        },
    );
    let small = match reads_with_more(language) {
        true => ", and so would larger models (`recto setup --with small`)",
        false => "",
    };
    Error::invalid_option(
        "ocr_engine",
        format!(
            "{}'s models here do not read {} ({language}): {tesseract}{small}; or name a folder with \
             models that do (--model-dir)",
            name(engine),
            language.name()
        ),
    )
}

/// Whether larger models, which are not installed, are known to read a language. (The smallest know
/// no kana, and neither traditional characters nor some Latin letters.)
fn reads_with_more(language: &Language) -> bool {
    let larger = setup::neural_models().into_iter().find(|m| m.name == "text-recognition-small");
    larger.is_some_and(|model| model.path.is_none())
        && (matches!(language.script(), Some("Jpan" | "Hant"))
            || ["az", "ha", "ro"].contains(&language.base()))
}

fn missing_fix() -> &'static str {
    if cfg!(feature = "onnx") {
        "run `recto setup` (in a checkout: `make setup`)"
    } else {
        "build recto with the feature `onnx`"
    }
}

/// The models that the set-up has fetched, the better ones where there are two pairs.
fn installed() -> Option<TextModels> {
    if !cfg!(feature = "onnx") {
        return None;
    }
    SIZES.iter().find_map(|size| {
        Some(TextModels {
            detection: setup::model(&format!("text-detection-{size}"))?,
            recognition: setup::model(&format!("text-recognition-{size}"))?,
            dictionary: None,
        })
    })
}

/// The models of a user's own folder, told by their names: `*det*.onnx`, `*rec*.onnx`, and a
/// dictionary `*.txt` if there is one.
///
/// # Errors
///
/// [`Error::InvalidOption`] where there is not one of each, saying what there is.
fn models_in(folder: &Path) -> Result<TextModels> {
    let entries = std::fs::read_dir(folder).map_err(|source| Error::Io {
        action: "read",
        path: folder.to_owned(),
        source,
    })?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let of = |suffix: &str, words: &[&str]| -> Vec<PathBuf> {
        let named = |path: &&PathBuf| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
            let mut parts = name.split(|c: char| !c.is_alphanumeric());
            path.extension().is_some_and(|own| own.eq_ignore_ascii_case(suffix))
                && (words.is_empty() || parts.any(|part| words.contains(&part)))
        };
        files.iter().filter(named).cloned().collect()
    };
    let one = |what: &str, pattern: &str, found: Vec<PathBuf>| match <[PathBuf; 1]>::try_from(found)
    {
        Ok([file]) => Ok(file),
        Err(found) => {
            let names: Vec<String> = found
                .iter()
                .map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned())
                .collect();
            let there = match names.as_slice() {
                [] => "none".to_owned(),
                names => names.join(", "),
            };
            let detail = format!(
                "{} needs one model of text {what}, a file {pattern}; there is {there}",
                folder.display()
            );
            Err(Error::invalid_option("model_dir", detail))
        }
    };
    let dictionaries = [of("txt", &["dict", "keys", "characters"]), of("txt", &[])];
    Ok(TextModels {
        detection: one("detection", "*det*.onnx", of("onnx", &["det", "detection"]))?,
        recognition: one("recognition", "*rec*.onnx", of("onnx", &["rec", "recognition"]))?,
        dictionary: dictionaries
            .into_iter()
            .find_map(|found| <[PathBuf; 1]>::try_from(found).ok())
            .map(|[file]| file),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            std::fs::write(dir.path().join(file), b"x").unwrap();
        }
        dir
    }

    #[test]
    fn a_folder_of_models_is_read_by_its_names() {
        let dir = folder(&[
            "ch_PP-OCRv5_det_mobile.onnx",
            "latin_rec.onnx",
            "latin_dict.txt",
            "readme.txt",
        ]);
        let models = models_in(dir.path()).unwrap();
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(name(&models.detection), "ch_PP-OCRv5_det_mobile.onnx");
        assert_eq!(name(&models.recognition), "latin_rec.onnx");
        assert_eq!(models.dictionary.as_deref().map(name), Some("latin_dict.txt".to_owned()));
        // The direction of a line is neither.
        let dir = folder(&["det.onnx", "rec.onnx", "line_direction.onnx"]);
        assert_eq!(models_in(dir.path()).unwrap().dictionary, None);
    }

    #[test]
    fn a_folder_that_is_not_complete_says_what_there_is() {
        let message = |files: &[&str]| models_in(folder(files).path()).unwrap_err().to_string();
        let text = message(&["det.onnx"]);
        assert!(text.contains("*rec*.onnx; there is none"), "{text}");
        let text = message(&["a_det.onnx", "b_det.onnx", "rec.onnx"]);
        assert!(text.contains("there is a_det.onnx, b_det.onnx"), "{text}");
        let text = models_in(Path::new("/nowhere")).unwrap_err().to_string();
        assert!(text.contains("/nowhere"), "{text}");
    }

    /// Letters of Latin languages, and nothing else.
    #[derive(Debug)]
    struct Latin;

    impl crate::recognizer::Recognizer for Latin {
        fn recognize(
            &self,
            _: &image::GrayImage,
            _: crate::geometry::Resolution,
            _: &[String],
            _: &crate::call::Call,
        ) -> Result<Vec<crate::recognizer::OcrWord>> {
            Ok(Vec::new())
        }

        fn recognize_block(
            &self,
            image: &image::GrayImage,
            resolution: crate::geometry::Resolution,
            languages: &[String],
            call: &crate::call::Call,
        ) -> Result<Vec<crate::recognizer::OcrWord>> {
            self.recognize(image, resolution, languages, call)
        }
    }

    impl TextReader for Latin {
        fn knows(&self, c: char) -> bool {
            c.is_ascii_alphabetic() || ('\u{c0}'..='\u{17f}').contains(&c)
        }

        fn read_lines(
            &self,
            _: &image::GrayImage,
            _: &crate::neural::Wanted<'_>,
            _: &crate::call::Call,
        ) -> Result<Vec<crate::recognizer::OcrWord>> {
            Ok(Vec::new())
        }
    }

    #[test]
    fn languages_are_read_whose_letters_are_known() {
        let reads = |code: &str| reads(&Latin, &Language::parse(code).unwrap());
        for code in ["en", "sv", "de", "fr", "es", "pl", "cs", "tr", "und-Latn"] {
            assert!(reads(code), "{code}");
        }
        for code in ["vi", "ro", "el", "ru", "zh", "ja", "ko", "ar", "he", "th", "hi"] {
            assert!(!reads(code), "{code}");
        }
    }

    #[test]
    fn what_is_not_read_is_named_with_what_would_read_it() {
        let greek = Language::parse("el").unwrap();
        let text = not_read(&greek, OcrEngine::EasyOcr).to_string();
        for part in ["EasyOCR", "Greek", "tesseract", "ell", "--model-dir"] {
            assert!(text.contains(part), "no {part}: {text}");
        }
    }
}
