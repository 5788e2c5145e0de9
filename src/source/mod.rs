//! Where documents come from.
//!
//! A [`Source`] names a document; `load` turns it into an [`Input`]: bytes and a format, sniffed
//! by content.

use std::path::PathBuf;
use std::sync::Arc;

use url::Url;

use crate::error::{Error, Result};

/// A document to read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Source {
    /// A file.
    Path(PathBuf),
    /// An http(s) URL. Fetched only where the engine's [`UrlPolicy`] allows it.
    Url(Url),
    /// Bytes in memory.
    Bytes {
        /// The document.
        bytes: Arc<[u8]>,
        /// A name for messages and metadata.
        name: Option<String>,
    },
}

/// Which URLs an engine may fetch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlPolicy {
    /// None.
    #[default]
    Refuse,
    /// Any http or https URL.
    Any,
}

/// A loaded document.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// A name for messages: the file name, the URL's last part, or "document".
    pub(crate) name: String,
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) format: Format,
}

/// What the content is, whatever its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Pdf,
    Png,
    Jpeg,
    Tiff,
    WebP,
    Bmp,
    Gif,
}

impl Source {
    /// A file.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self::Path(path.into())
    }

    /// Bytes in memory, with a name for messages.
    pub fn bytes(bytes: impl Into<Arc<[u8]>>, name: impl Into<String>) -> Self {
        Self::Bytes { bytes: bytes.into(), name: Some(name.into()) }
    }

    /// Loads the document and finds out its format.
    pub(crate) fn load(&self, _policy: UrlPolicy) -> Result<Input> {
        let Self::Path(path) = self else {
            return Err(Error::invalid_option("source", "not yet"));
        };
        let bytes = std::fs::read(path).map_err(|source| Error::Io {
            action: "read",
            path: path.clone(),
            source,
        })?;
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let format = if bytes.starts_with(b"%PDF") {
            Format::Pdf
        } else if bytes.starts_with(b"\x89PNG") {
            Format::Png
        } else if bytes.starts_with(b"\xff\xd8") {
            Format::Jpeg
        } else {
            Format::Tiff
        };
        Ok(Input { name, bytes: bytes.into(), format })
    }
}
