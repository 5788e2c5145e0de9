//! Where answers lie.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use crate::error::{Error, Result};
use crate::provider::OcrResponse;

/// Answers are thrown away down to this part of the limit, so that it is not done for each new one.
const KEPT: f64 = 0.9;

/// A folder of answers, bounded in size and age. Several processes may share one.
#[derive(Debug)]
pub struct CacheStore {
    folder: PathBuf,
    max_bytes: u64,
    max_age: Duration,
    /// Bytes in it, as far as this process knows.
    size: Mutex<u64>,
}

impl CacheStore {
    /// A folder, made if it is not there, that only this user can look into. The answers used
    /// longest ago go when there are more than `max_bytes`, and those older than `max_age` are not
    /// given any more.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the folder cannot be made or read.
    pub fn open(folder: impl Into<PathBuf>, max_bytes: u64, max_age: Duration) -> Result<Self> {
        let folder = folder.into();
        let io = |source| Error::Io { action: "use", path: folder.clone(), source };
        make_private(&folder).map_err(io)?;
        let size = entries(&folder).map_err(io)?.iter().map(|entry| entry.bytes).sum();
        let store = Self { folder, max_bytes, max_age, size: Mutex::new(size) };
        store.shrink();
        Ok(store)
    }

    pub(super) fn get(&self, key: &str) -> Option<OcrResponse> {
        let path = self.path(key);
        let file = File::options().read(true).write(true).open(&path).ok()?;
        let age =
            file.metadata().and_then(|m| m.created().or_else(|_| m.modified())).ok()?.elapsed();
        if age.is_ok_and(|age| age > self.max_age) {
            self.remove(&path);
            return None;
        }
        match serde_json::from_reader(std::io::BufReader::new(&file)) {
            Ok(response) => {
                // What is used stays. It does no harm if this fails.
                let _ = file.set_modified(SystemTime::now());
                Some(response)
            }
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "an answer in the cache is damaged");
                self.remove(&path);
                None
            }
        }
    }

    /// Keeps an answer. That it cannot is no failure of the read.
    pub(super) fn put(&self, key: &str, response: &OcrResponse) {
        match self.write(key, response) {
            Ok(bytes) => {
                *lock(&self.size) += bytes;
                self.shrink();
            }
            Err(error) => {
                tracing::warn!(%error, folder = %self.folder.display(), "an answer is not kept");
            }
        }
    }

    fn write(&self, key: &str, response: &OcrResponse) -> std::io::Result<u64> {
        let json = serde_json::to_vec(response)?;
        if json.len() as u64 > self.max_bytes {
            return Ok(0);
        }
        let mut file = tempfile::Builder::new().suffix(".part").tempfile_in(&self.folder)?;
        file.write_all(&json)?;
        let path = self.path(key);
        let before = fs::metadata(&path).map_or(0, |old| old.len());
        file.persist(path).map_err(|error| error.error)?;
        Ok((json.len() as u64).saturating_sub(before))
    }

    fn remove(&self, path: &Path) {
        let bytes = fs::metadata(path).map_or(0, |metadata| metadata.len());
        if fs::remove_file(path).is_ok() {
            let mut size = lock(&self.size);
            *size = size.saturating_sub(bytes);
        }
    }

    /// Throws away what was used longest ago, if there is too much.
    fn shrink(&self) {
        let mut size = lock(&self.size);
        if *size <= self.max_bytes {
            return;
        }
        let Ok(mut entries) = entries(&self.folder) else { return };
        entries.sort_by_key(|entry| entry.used);
        let mut left: u64 = entries.iter().map(|entry| entry.bytes).sum();
        let most = (self.max_bytes as f64 * KEPT) as u64;
        for entry in entries {
            if left <= most {
                break;
            }
            if fs::remove_file(&entry.path).is_ok() {
                left = left.saturating_sub(entry.bytes);
            }
        }
        *size = left;
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.json"))
    }
}

struct Entry {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

/// The answers in a folder, and what writers that were stopped left behind.
fn entries(folder: &Path) -> std::io::Result<Vec<Entry>> {
    /// A writer takes no longer.
    const ABANDONED: Duration = Duration::from_secs(3600);
    let mut entries = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        let Ok(metadata) = file.metadata() else { continue };
        let path = file.path();
        let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("json") => entries.push(Entry { path, bytes: metadata.len(), used }),
            Some("part") if used.elapsed().is_ok_and(|age| age > ABANDONED) => {
                // Somebody else may have been faster.
                let _ = fs::remove_file(path);
            }
            _ => {}
        }
    }
    Ok(entries)
}

fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
