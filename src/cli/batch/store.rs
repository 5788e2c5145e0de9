//! The output folder: one run at a time, and results that are there as a whole or not at all.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use crate::cli::console::misuse;

/// Where results are written before they get their name; gone when the run ends.
const STAGING: &str = ".recto-batch";

/// The output folder, held by this run.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
    staging: PathBuf,
    /// Keeps other runs out until it is closed, however this process ends.
    _lock: Option<File>,
}

impl Store {
    /// Makes the folder if it is not there, and clears away what an interrupted run left half written.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be made, or another run is using it.
    pub(super) fn open(folder: &Path) -> anyhow::Result<Self> {
        let cannot = || format!("cannot make the folder {}", folder.display());
        if folder.exists() && !folder.is_dir() {
            return Err(misuse(format!("{} is a file; results need a folder", folder.display())));
        }
        fs::create_dir_all(folder).with_context(cannot)?;
        let folder = fs::canonicalize(folder).with_context(cannot)?;
        let lock = lock(&folder)?;
        let staging = folder.join(STAGING);
        if staging.exists() {
            fs::remove_dir_all(&staging)
                .with_context(|| format!("cannot clear {}", staging.display()))?;
        }
        fs::create_dir(&staging).with_context(cannot)?;
        Ok(Self { folder, staging, _lock: lock })
    }

    /// The folder, by its full path.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file on the same file system, to be given its name later.
    pub(super) fn temporary(&self) -> std::io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        // Results have the rights of files that are written in place, less what the umask takes.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        builder.tempfile_in(&self.staging)
    }

    /// Writes files, each of which appears as a whole; all are written before the first appears.
    pub(super) fn write(&self, files: &[(PathBuf, Vec<u8>)]) -> anyhow::Result<()> {
        let mut ready = Vec::with_capacity(files.len());
        for (path, bytes) in files {
            let cannot = || format!("cannot write {}", path.display());
            let mut file = self.temporary().with_context(cannot)?;
            file.write_all(bytes).with_context(cannot)?;
            ready.push((self.folder.join(path), file));
        }
        for (path, file) in ready {
            let cannot = || format!("cannot write {}", path.display());
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).with_context(cannot)?;
            }
            file.persist(&path).map_err(|error| error.error).with_context(cannot)?;
        }
        Ok(())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.staging) {
            tracing::debug!(%error, "the staging folder stays");
        }
    }
}

/// The lock is on the folder itself, so that no file is left behind.
fn lock(folder: &Path) -> anyhow::Result<Option<File>> {
    let Ok(file) = File::open(folder) else { return Ok(None) };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => {
            Err(misuse(format!("another run is writing into {}", folder.display())))
        }
        // Some network file systems have no locks.
        Err(TryLockError::Error(error)) => {
            tracing::debug!(%error, "the output folder cannot be locked");
            Ok(None)
        }
    }
}

/// The hash of a file, and its size.
pub(super) fn hash_file(path: &Path) -> std::io::Result<(String, u64)> {
    let mut hash = Sha256::new();
    let size = std::io::copy(&mut File::open(path)?, &mut hash)?;
    Ok((hex::encode(hash.finalize()), size))
}
