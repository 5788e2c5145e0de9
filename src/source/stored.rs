//! Files that go by another name than their path's.

use std::any::Any;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file of a store: its path is the store's affair, and messages call it by its own name.
#[derive(Clone)]
pub struct StoredFile {
    path: PathBuf,
    name: String,
    /// Whatever keeps the file where it is; dropped with the last clone of this.
    _kept: Option<Arc<dyn Any + Send + Sync>>,
}

impl StoredFile {
    /// The file at `path`, called `name`.
    pub fn new(path: impl Into<PathBuf>, name: impl Into<String>) -> Self {
        Self { path: path.into(), name: name.into(), _kept: None }
    }

    /// The same, with something that keeps the file where it is as long as it lives: it is dropped
    /// with the last clone of this source.
    #[must_use]
    pub fn kept_by(mut self, kept: Arc<dyn Any + Send + Sync>) -> Self {
        self._kept = Some(kept);
        self
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl std::fmt::Debug for StoredFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredFile").field("path", &self.path).field("name", &self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Source, UrlPolicy};

    #[test]
    fn a_stored_file_goes_by_its_own_name_and_never_by_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("0001.data");
        std::fs::write(&path, b"Just some words.\n").unwrap();
        let source = Source::Stored(StoredFile::new(&path, "letter.pdf"));
        assert_eq!(source.name(), "letter.pdf");
        let error = source.load(UrlPolicy::Refuse).unwrap_err().to_string();
        assert!(error.starts_with("letter.pdf is plain text"), "{error}");
        std::fs::write(&path, b"\x89PNG\r\n\x1a\n....").unwrap();
        let input = source.load(UrlPolicy::Refuse).unwrap();
        assert_eq!((input.name.as_str(), input.path.is_some()), ("letter.pdf", true));
        std::fs::remove_file(&path).unwrap();
        let error = source.load(UrlPolicy::Refuse).unwrap_err().to_string();
        assert_eq!(error, "cannot read letter.pdf");
    }

    #[test]
    fn what_keeps_a_file_lives_as_long_as_its_source() {
        let kept = Arc::new(());
        let source = Source::Stored(StoredFile::new("a", "a").kept_by(kept.clone()));
        let twin = source.clone();
        drop(source);
        assert_eq!(Arc::strong_count(&kept), 2);
        drop(twin);
        assert_eq!(Arc::strong_count(&kept), 1);
    }
}
