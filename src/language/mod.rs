//! Languages: the codes people and engines use for them, which are installed, and telling them
//! from text.
//!
//! ```
//! use recto::{Language, OcrEngine};
//!
//! # fn main() -> recto::Result<()> {
//! // ISO 639-1, ISO 639-2/3, BCP-47, Tesseract's codes and English names are all understood.
//! for code in ["sv", "swe", "sv-SE", "iso:sv", "Swedish"] {
//!     assert_eq!(Language::parse(code)?.tag(), "sv");
//! }
//! // Where engines disagree with ISO, the engine that was named decides.
//! assert_eq!(Language::parse("ka")?.name(), "Georgian");
//! assert_eq!(Language::parse_for("ka", OcrEngine::RapidOcr)?.name(), "Kannada");
//! # Ok(())
//! # }
//! ```

mod alphabet;
mod detect;
mod installed;
mod letters;
mod parse;
mod sample;
mod script;
mod table;
mod tesseract;

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

pub(crate) use alphabet::{is_written_with, letters_of};
pub(crate) use detect::vote;
pub use detect::{Detected, detect, dominant_script};
pub use installed::{InstalledModel, Tessdata, TesseractLanguages, resolve_tesseract};
pub(crate) use letters::{Fit, fits};
pub(crate) use sample::of_words;
pub(crate) use script::detected_as;
pub use tesseract::{debian_package, tesseract_fix};

use crate::error::{Error, Result};
use crate::options::OcrEngine;
use table::{Row, Table};

/// A language, with its script where that is not the usual one.
///
/// It is written, compared and serialised as its [tag](Self::tag).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language {
    tag: Cow<'static, str>,
}

impl Language {
    /// Reads a code of any vocabulary, in any case, with `_` or `-`.
    ///
    /// Understood are ISO 639-1 (`sv`), ISO 639-2 and 639-3 (`swe`, `ger`), BCP-47 (`zh-TW`,
    /// `sr-Latn`; a region only tells the script), the same after `iso:` where nothing but the
    /// standards counts, Tesseract's own codes (`chi_sim_vert`, `frk`, `script/Latin`, `HanS`),
    /// those of EasyOCR and RapidOCR (`ch_sim`, `rs_latin`, `japan`) where ISO has no other reading
    /// of them, and English names ("chinese"). See [`parse_for`](Self::parse_for) for codes whose
    /// meaning depends on the engine.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownLanguage`], also for codes that name no language: `mul`, `zxx`, `und`.
    pub fn parse(code: &str) -> Result<Self> {
        Self::parse_for(code, OcrEngine::Auto)
    }

    /// Reads a code as [`parse`](Self::parse) does, on behalf of a caller who named an engine.
    ///
    /// With EasyOCR or RapidOCR named, their own codes come first: `ch` is Chinese (in ISO 639
    /// Chamorro), RapidOCR's `ka` is Kannada (Georgian), EasyOCR's `ang` and `mah` are Angika and
    /// Magahi (Old English and Marshallese).
    ///
    /// # Errors
    ///
    /// [`Error::UnknownLanguage`].
    pub fn parse_for(code: &str, engine: OcrEngine) -> Result<Self> {
        parse::lookup(code.trim(), engine)
            .map(|tag| Self { tag })
            .ok_or_else(|| Error::UnknownLanguage { code: code.to_owned() })
    }

    /// Reads several codes, parted by commas, plus signs, semicolons or white space:
    /// `"eng+deu"`, `"english, chinese"`. Repeated languages are dropped, the order is kept.
    ///
    /// `""` and `"auto"` give no language, which asks for detection.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownLanguage`] naming the first code that is not known.
    pub fn parse_list(codes: &str) -> Result<Vec<Self>> {
        Self::parse_list_for([codes], OcrEngine::Auto)
    }

    /// Reads a list of codes for an engine; each item may itself hold several, as in
    /// [`parse_list`](Self::parse_list).
    ///
    /// # Errors
    ///
    /// [`Error::UnknownLanguage`] naming the first code that is not known.
    pub fn parse_list_for<I>(codes: I, engine: OcrEngine) -> Result<Vec<Self>>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        parse::list(codes, engine)
    }

    /// Every language of recto's table, in its canonical form, by tag.
    pub fn all() -> Vec<Self> {
        let mut all: Vec<Self> = Table::get()
            .rows
            .iter()
            .filter(|row| table::canonical(row.code).is_none())
            .map(|row| Self { tag: Cow::Borrowed(row.code) })
            .collect();
        all.sort();
        all
    }

    /// The canonical BCP-47 tag: ISO 639-1 where that suffices (`sv`, `zh` for simplified Chinese),
    /// a three-letter code where there is no shorter one (`grc`), a script where it is not the
    /// usual one (`zh-Hant`, `de-Latf`), `und-` and a script for a whole script (`und-Latn`), and
    /// `-x-vert` or `-x-old` for Tesseract's models of vertical and old print.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The English name.
    pub fn name(&self) -> Cow<'static, str> {
        if let Some(row) = self.row() {
            return Cow::Borrowed(row.name);
        }
        let script = self.script().map(script::name);
        let base = self.base();
        if base == "und" {
            return Cow::Owned(format!("{} script", script.unwrap_or("unknown")));
        }
        let name = Table::get()
            .row(base)
            .map(|row| row.name)
            .or_else(|| isolang::Language::from_639_3(base).map(|language| language.to_name()));
        match (name, self.script_subtag().and(script)) {
            (Some(name), Some(script)) => Cow::Owned(format!("{name} ({script})")),
            (Some(name), None) => Cow::Borrowed(name),
            (None, _) => Cow::Owned(self.tag.to_string()),
        }
    }

    /// The script as an ISO 15924 code (`Latn`, `Hans`, `Jpan`); `None` for a language outside
    /// recto's table whose tag does not say.
    pub fn script(&self) -> Option<&'static str> {
        match self.script_subtag() {
            Some(subtag) => script::normalise(subtag),
            None => Table::get().row(self.base()).map(|row| row.script),
        }
    }

    /// Whether it is written from right to left.
    pub fn is_rtl(&self) -> bool {
        self.script().is_some_and(script::is_rtl)
    }

    /// Whether it is written in Han characters, kana or Hangul.
    pub fn is_cjk(&self) -> bool {
        self.script().is_some_and(script::is_cjk)
    }

    /// Whether spaces stand between words. Not so in Chinese, Japanese, Thai, Lao, Khmer, Burmese
    /// and Tibetan.
    pub fn has_spaces(&self) -> bool {
        self.script().is_none_or(script::has_spaces)
    }

    /// Whether the model is for text set in vertical lines.
    pub fn is_vertical(&self) -> bool {
        self.private_use() == Some("vert")
    }

    /// Whether the model is for old print.
    pub(crate) fn is_old(&self) -> bool {
        self.private_use() == Some("old") || self.script_subtag() == Some("Latf")
    }

    /// The engine's own code for this language; `None` if the engine has no model for it.
    ///
    /// [`OcrEngine::Auto`] is taken for Tesseract. RapidOCR's script families (`latin`, `cyrillic`,
    /// `arabic`, `devanagari`) count as models of the languages written in them.
    pub fn engine_code(&self, engine: OcrEngine) -> Option<&'static str> {
        match (engine, self.row()) {
            (OcrEngine::EasyOcr, row) => row?.easyocr,
            (OcrEngine::RapidOcr, Some(row)) => row.rapidocr,
            (OcrEngine::RapidOcr, None) => self.rapidocr_family(),
            (OcrEngine::Auto | OcrEngine::Tesseract, Some(row)) => row.tesseract,
            (OcrEngine::Auto | OcrEngine::Tesseract, None) if self.base() == "und" => {
                Some(script::model_for(self.script()?, self.is_vertical())?.path)
            }
            (OcrEngine::Auto | OcrEngine::Tesseract, None) => None,
        }
    }

    fn rapidocr_family(&self) -> Option<&'static str> {
        Some(match self.script()? {
            "Latn" => "latin",
            "Cyrl" => "cyrillic",
            "Arab" => "arabic",
            "Deva" => "devanagari",
            "Hans" | "Hani" => "ch",
            "Hant" => "chinese_cht",
            "Jpan" | "Hira" | "Kana" => "japan",
            "Kore" | "Hang" => "korean",
            "Thai" => "th",
            "Grek" => "el",
            "Taml" => "ta",
            "Telu" => "te",
            "Knda" => "ka",
            _ => return None,
        })
    }

    fn from_static(tag: &'static str) -> Self {
        Self { tag: Cow::Borrowed(tag) }
    }

    fn row(&self) -> Option<&'static Row> {
        Table::get().row(&self.tag)
    }

    /// The language subtag; `und` for a whole script.
    pub(crate) fn base(&self) -> &str {
        self.tag.split('-').next().unwrap_or_default()
    }

    fn script_subtag(&self) -> Option<&str> {
        self.tag.split('-').nth(1).filter(|subtag| subtag.len() == 4)
    }

    fn private_use(&self) -> Option<&str> {
        self.tag.split_once("-x-").map(|(_, private)| private)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.tag)
    }
}

impl std::str::FromStr for Language {
    type Err = Error;

    fn from_str(code: &str) -> Result<Self> {
        Self::parse(code)
    }
}

impl TryFrom<String> for Language {
    type Error = Error;

    fn try_from(code: String) -> Result<Self> {
        Self::parse(&code)
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.tag.into_owned()
    }
}

#[cfg(test)]
mod tests;
