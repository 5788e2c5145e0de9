//! Reading what is stored.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;

use super::{FileRecord, FileStore, Inner, Kind, release};
use crate::error::{Error, Result};
use crate::source::{Source, StoredFile};

/// Keeps the content of a file where it is while it is read. A deletion in the meantime is made
/// good at the end.
#[derive(Debug)]
struct Reading {
    /// Open and locked, shared with other readers; none once it is released.
    file: Option<File>,
    id: super::FileId,
    store: Arc<Inner>,
}

impl FileStore {
    /// A file as a document. It can be read as long as this source or a clone of it lives, even if
    /// it is deleted meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the content is not there.
    pub fn source(&self, record: &FileRecord) -> Result<Source> {
        let path = self.inner.path(record.id, Kind::Content);
        let file = self.open_content(record)?;
        if let Err(fs::TryLockError::WouldBlock) = file.try_lock_shared() {
            // Somebody is about to remove it.
            return Err(gone(record));
        }
        let reading = Reading { file: Some(file), id: record.id, store: Arc::clone(&self.inner) };
        if !path.exists() {
            return Err(gone(record));
        }
        Ok(Source::Stored(StoredFile::new(path, &record.filename).kept_by(Arc::new(reading))))
    }

    /// The content of a file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where it is not there.
    pub fn open_content(&self, record: &FileRecord) -> Result<File> {
        File::open(self.inner.path(record.id, Kind::Content)).map_err(|source| Error::Io {
            action: "read",
            path: PathBuf::from(&record.filename),
            source,
        })
    }
}

fn gone(record: &FileRecord) -> Error {
    Error::Io {
        action: "read",
        path: PathBuf::from(&record.filename),
        source: std::io::ErrorKind::NotFound.into(),
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            release(&file);
        }
        if !self.store.path(self.id, Kind::Record).exists()
            && let Err(error) = self.store.remove_content(self.id, Kind::Content)
        {
            tracing::warn!(error = error.chain(), "a deleted file could not be removed");
        }
    }
}
