//! What was found out about a block beside its text.

use serde::{Deserialize, Serialize};

/// What was found out about code or a picture, where it was asked for (docling calls it enrichment).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Enrichment {
    /// The language of a code block.
    CodeLanguage(CodeLanguage),
    /// What a picture is and shows.
    Picture(PictureFacts),
}

/// The language of a code block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CodeLanguage {
    /// Its name, as docling-core has it in `CodeLanguageLabel`: `Python`, `C++`.
    pub name: String,
    /// Probability that it is this one, 0 to 1.
    pub confidence: f32,
}

/// What a picture is and shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PictureFacts {
    /// What it may be, the most probable first; empty where that was not asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<PictureClass>,
    /// QR codes, bar codes and the like on it, from top to bottom.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<ScannedCode>,
    /// What it shows, in words; `None` where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<PictureDescription>,
}

/// A class of pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PictureClass {
    /// Its name, as docling-core has it in `PictureClassificationLabel`: `bar_chart`, `photograph`.
    pub name: String,
    /// Probability that the picture is of it, 0 to 1.
    pub confidence: f32,
}

/// A code for machines, read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScannedCode {
    /// The kind: `qr_code`, `data_matrix`, `aztec`, `pdf_417`, `ean_13`, `code_128` …
    pub format: String,
    /// What it says. Anybody may have put anything into it.
    pub text: String,
}

/// A picture in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureDescription {
    /// The words.
    pub text: String,
    /// Whose they are: the name of a model, or of the endpoint where it has none.
    pub model: String,
}

impl Enrichment {
    /// The language, of code.
    pub fn code_language(&self) -> Option<&CodeLanguage> {
        match self {
            Self::CodeLanguage(language) => Some(language),
            Self::Picture(_) => None,
        }
    }

    /// The facts, of a picture.
    pub fn picture(&self) -> Option<&PictureFacts> {
        match self {
            Self::Picture(facts) => Some(facts),
            Self::CodeLanguage(_) => None,
        }
    }
}
