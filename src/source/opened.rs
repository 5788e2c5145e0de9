//! Documents that somebody else opened.

use std::fs::File;
use std::io::{Seek as _, SeekFrom};

use super::{
    Content, DOCUMENT_BYTES, Format, Input, ReadError, check_size, pdf_in, read_limited, sniff,
};
use crate::error::{Error, Result};
use crate::limits::Limits;

impl Input {
    /// The document in an open file, within these limits. A PDF stays on disk, to be read in
    /// pieces.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, is too large, or of no format that is known.
    pub(crate) fn opened(mut file: File, name: String, limits: &Limits) -> Result<Self> {
        let (most, limits) = ((limits.document_bytes, DOCUMENT_BYTES), *limits);
        let io = |source: std::io::Error| Error::Damaged {
            name: name.clone(),
            detail: source.to_string(),
        };
        if let Some(content) = pdf_in(file.try_clone().map_err(io)?, &name, most.0) {
            return Ok(Self { name, content, format: Format::Pdf, path: None, limits });
        }
        check_size(&name, file.metadata().map_err(io)?.len(), most)?;
        // A clone shares its place in the file.
        file.seek(SeekFrom::Start(0)).map_err(io)?;
        let bytes = read_limited(file, &name, most).map_err(|error| match error {
            ReadError::Io(source) => io(source),
            ReadError::Other(error) => error,
        })?;
        let format = sniff::sniff(&bytes, &name)?;
        Ok(Self { name, content: Content::Memory(bytes.into()), format, path: None, limits })
    }
}
