//! The bytes of a document, in memory or on disk.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use crate::error::{Error, Result};

/// The bytes of a document.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Memory(Arc<[u8]>),
    /// A PDF that stays where it is: scans of hundreds of pages take hundreds of megabytes, of
    /// which one page is needed at a time. Its size is that when it was opened.
    File(Arc<File>, u64),
}

impl Content {
    /// How many bytes there are.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(_, len) => *len,
        }
    }

    /// The bytes in memory; none where the document stays on disk (images never do).
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Memory(bytes) => bytes,
            Self::File(..) => &[],
        }
    }

    /// All bytes, read from disk where they are there.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] where the file cannot be read again.
    pub(crate) fn load(&self, name: &str) -> Result<Arc<[u8]>> {
        let (file, len) = match self {
            Self::Memory(bytes) => return Ok(Arc::clone(bytes)),
            Self::File(file, len) => (file, *len),
        };
        let mut bytes = Vec::new();
        let mut file: &File = file;
        file.seek(SeekFrom::Start(0))
            .and_then(|_| file.take(len).read_to_end(&mut bytes))
            .map_err(|e| Error::Damaged { name: name.to_owned(), detail: e.to_string() })?;
        Ok(bytes.into())
    }
}
