//! Tesseract's models: which serve a language, and how to install them.

use super::Language;
use super::script::{self, ScriptModel};

/// What Debian calls Tesseract's packages.
const DEBIAN_PREFIX: &str = "tesseract-ocr-";

/// Models of German in Fraktur: upstream's newer and older name (Debian 12 ships `frk`), then the
/// script model.
const GERMAN_FRAKTUR: &[&str] = &["deu_latf", "frk", "script/Fraktur", "Fraktur"];

/// The models that serve a language, best first. Only one of them is needed.
#[derive(Debug)]
pub(super) struct Models {
    pub(super) codes: Vec<&'static str>,
    /// They are for the script as a whole, because the language has no model of its own.
    pub(super) stand_in: bool,
}

impl Models {
    /// The model to ask for where none is installed.
    pub(super) fn preferred(&self, language: &Language) -> Option<&'static str> {
        // For Fraktur that is not the first one, which few distributions have.
        let own = if self.stand_in { None } else { language.tesseract_code() };
        own.or_else(|| self.codes.first().copied())
    }
}

impl Language {
    /// Tesseract models that can read this language, best first; one of them is enough. Empty if
    /// there is none.
    ///
    /// A language without a model of its own has those of its script (`script/Latin`; Debian keeps
    /// the same file as `Latin`).
    pub fn tesseract_codes(&self) -> Vec<&'static str> {
        self.tesseract_models().codes
    }

    fn tesseract_code(&self) -> Option<&'static str> {
        self.engine_code(crate::options::OcrEngine::Tesseract)
    }

    pub(super) fn tesseract_models(&self) -> Models {
        let spellings = |model: &'static ScriptModel| [model.path, model.name];
        let script_models = || {
            let model = script::model_for(self.script()?, self.is_vertical())?;
            Some(spellings(model).to_vec())
        };
        let (codes, stand_in) = match (self.tag(), self.tesseract_code()) {
            ("de-Latf", _) => (GERMAN_FRAKTUR.to_vec(), false),
            ("vi", Some(own)) => {
                (std::iter::once(own).chain(spellings(&script::VIETNAMESE)).collect(), false)
            }
            (tag, Some(own)) if !tag.starts_with("und-") => (vec![own], false),
            (tag, _) => (script_models().unwrap_or_default(), !tag.starts_with("und-")),
        };
        Models { codes, stand_in }
    }

    /// The language that a traineddata file of this name (`deu`, `script/Latin`, `HanS_vert`) is
    /// for. Unlike [`parse`](Self::parse) it knows nothing but file names: `Japanese` is the model
    /// of the script.
    pub(super) fn from_tesseract_file(stem: &str) -> Option<Self> {
        if let Some(model) = script::model_named(stem).filter(|m| m.name == stem || m.path == stem)
        {
            return Some(Self { tag: super::parse::script_tag(model) });
        }
        let tag = super::table::Vocabulary::Tesseract.tag(&super::table::fold(stem))?;
        Some(Self::from_static(tag))
    }
}

/// The Debian and Ubuntu package of a Tesseract model: `chi_sim` is in `tesseract-ocr-chi-sim`,
/// `script/Latin` in `tesseract-ocr-script-latn`.
pub fn debian_package(model: &str) -> String {
    if let Some(script) = script::model_named(model) {
        return format!("{DEBIAN_PREFIX}script-{}", script.debian);
    }
    let code = super::table::fold(model);
    // Upstream's newer name; Debian has the model under the older one.
    let code = if code == "deu-latf" { "frk" } else { code.as_str() };
    format!("{DEBIAN_PREFIX}{code}")
}

/// How to install the Tesseract model of a language on this platform, as the end of a sentence.
pub fn tesseract_fix(language: &Language, model: &str) -> String {
    let tag = language.tag();
    let system = if cfg!(target_os = "macos") {
        "brew install tesseract-lang".to_owned()
    } else {
        format!("apt-get install {}", debian_package(model))
    };
    format!("run `{system}`, `recto setup --lang {tag}` or `make languages LANGS=\"{tag}\"`")
}
