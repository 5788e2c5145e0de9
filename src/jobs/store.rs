//! The queue's folder: the database, inputs that were copied, and results.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::NamedTempFile;
use ulid::{Generator, Ulid};

use crate::error::{Error, Result};

/// Where everything of a queue is.
#[derive(Clone, Debug)]
pub(super) struct Folder(Arc<PathBuf>);

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self> {
        for part in ["inputs", "results"] {
            let folder = path.join(part);
            fs::create_dir_all(&folder).map_err(|e| io("make", &folder, e))?;
        }
        let path = fs::canonicalize(path).map_err(|e| io("open", path, e))?;
        Ok(Self(Arc::new(path)))
    }

    pub(super) fn database(&self) -> PathBuf {
        self.0.join("jobs.db")
    }

    /// Held by the process that runs jobs.
    pub(super) fn lock(&self) -> PathBuf {
        self.0.join("jobs.lock")
    }

    fn input(&self, id: &str) -> PathBuf {
        self.0.join("inputs").join(id)
    }

    pub(super) fn result(&self, id: &str) -> PathBuf {
        self.0.join("results").join(id)
    }

    /// Copies an input.
    pub(super) fn keep_input(&self, id: &str, from: &Path) -> Result<PathBuf> {
        let to = self.input(id);
        let mut source = fs::File::open(from).map_err(|e| io("read", from, e))?;
        let mut file = self.temporary()?;
        std::io::copy(&mut source, &mut file).map_err(|e| io("write", &to, e))?;
        file.as_file().sync_all().map_err(|e| io("write", &to, e))?;
        file.persist(&to).map_err(|e| io("write", &to, e.error))?;
        Ok(to)
    }

    /// Writes a result, unless there is one: whoever was first has settled it.
    pub(super) fn write_result(&self, id: &str, bytes: &[u8]) -> Result<()> {
        let to = self.result(id);
        let mut file = self.temporary()?;
        file.write_all(bytes).map_err(|e| io("write", &to, e))?;
        file.as_file().sync_all().map_err(|e| io("write", &to, e))?;
        match file.persist_noclobber(&to) {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(io("write", &to, error.error)),
        }
    }

    pub(super) fn has_result(&self, id: &str) -> bool {
        self.result(id).exists()
    }

    pub(super) fn drop_input(&self, id: &str) {
        remove(&self.input(id));
    }

    pub(super) fn drop_result(&self, id: &str) {
        remove(&self.result(id));
    }

    fn temporary(&self) -> Result<NamedTempFile> {
        tempfile::Builder::new()
            .prefix(".new-")
            .tempfile_in(&*self.0)
            .map_err(|e| io("write", &self.0, e))
    }
}

fn remove(file: &Path) {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            tracing::warn!(file = %file.display(), %error, "a job's file stays");
        }
        _ => {}
    }
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::Io { action, path: path.to_owned(), source }
}

/// Makes ids that ascend, also within a millisecond: jobs are taken in the order of their ids.
#[derive(Clone, Default)]
pub(super) struct Ids(Arc<Mutex<Generator>>);

impl std::fmt::Debug for Ids {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ids")
    }
}

impl Ids {
    pub(super) fn next(&self) -> Ulid {
        let mut generator = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // It only fails when a millisecond's 2^80 ids are used up.
        generator.generate().unwrap_or_else(|_| Ulid::generate())
    }
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
