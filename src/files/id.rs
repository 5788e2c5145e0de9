//! Names of stored files.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Before the digits of an id, where a service writes ids so.
const PREFIX: &str = "file_";
/// Digits of an id without hyphens, and characters with them.
const SHORT: usize = 32;
const LONG: usize = 36;

/// The name of a stored file: 122 random bits, which nobody guesses; or, where it was stored
/// [under a text](Self::named), bits of that.
///
/// It is written as a UUID (`00edaf84-95b0-45db-8f83-f71138491f23`, as Mistral does) or as
/// [`prefixed`](Self::prefixed) (`file_00edaf8495b045db8f83f71138491f23`, as Opper does); either form
/// is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileId(Uuid);

impl FileId {
    /// A new one.
    pub(super) fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The one for a text: always the same, and told from it by nobody who does not know the text.
    pub fn named(text: &str) -> Self {
        let hash = Sha256::digest(text.as_bytes());
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// `file_` and 32 hexadecimal digits.
    pub fn prefixed(&self) -> String {
        format!("{PREFIX}{}", self.0.simple())
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// The text is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a file")]
pub struct NoFileId;

impl FromStr for FileId {
    type Err = NoFileId;

    fn from_str(text: &str) -> Result<Self, NoFileId> {
        let (digits, length) = match text.strip_prefix(PREFIX) {
            Some(digits) => (digits, SHORT),
            None => (text, LONG),
        };
        // The parser takes braces and URNs as well.
        if digits.len() != length {
            return Err(NoFileId);
        }
        Uuid::try_parse(digits).map(Self).map_err(|_| NoFileId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_name_the_same_file() {
        let id = FileId::random();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.prefixed().parse(), Ok(id));
        assert_eq!((id.to_string().len(), id.prefixed().len()), (36, 37));
        assert_ne!(FileId::random(), id);
    }

    #[test]
    fn nothing_else_is_an_id() {
        for text in [
            "",
            "f-1",
            "file_",
            "../../../../../../../../etc/passwd.x",
            "00edaf8495b045db8f83f71138491f23",
            "file_00edaf84-95b0-45db-8f83-f71138491f23",
            "{00edaf84-95b0-45db-8f83-f71138491f23}",
            "00edaf84-95b0-45db-8f83-f71138491f2/",
        ] {
            assert_eq!(text.parse::<FileId>(), Err(NoFileId), "{text}");
        }
    }
}
