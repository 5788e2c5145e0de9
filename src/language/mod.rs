//! Languages: ISO 639-1, BCP-47 and engine codes.

use serde::{Deserialize, Serialize};

use crate::error::Result;

/// A language (with its script, where that matters) that recto knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Language {
    tag: String,
}

impl Language {
    /// Reads a code of any vocabulary.
    pub fn parse(code: &str) -> Result<Self> {
        Ok(Self { tag: code.to_owned() })
    }

    /// The canonical tag.
    pub fn tag(&self) -> &str {
        &self.tag
    }
}

/// vote
pub(crate) fn vote<'a>(_: impl Iterator<Item = &'a str>) -> Option<String> {
    None
}
