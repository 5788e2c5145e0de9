//! Documents that clients sent before they ask for something: a folder on disk.
//!
//! A [`FileStore`] keeps each file as two: its content (`{id}.data`) and what is known of it
//! (`{id}.json`, a [`FileRecord`]). Content is written to `{id}.part` first; the record comes last,
//! each moved to its place when it is whole and on the disk, so that an upload that was cut off is
//! never listed. The folder is the truth: nothing is remembered from one call to the next, and
//! several processes may share it. Locks (`flock` and its like) tell what is being written or read
//! from what was left over.

mod check;
mod id;
mod leftovers;
mod reading;
mod record;
mod signature;
mod upload;

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use url::Url;

use crate::error::{Error, Result};
use signature::Signer;

pub use id::{FileId, NoFileId};
pub use record::{FileRecord, NewFile};
pub use signature::{Link, LinkError};
pub use upload::Upload;

/// Where files are kept that nobody named a folder for: `recto/files` where the system keeps data of
/// users (`$XDG_DATA_HOME` or `~/.local/share`); none where there is no such place.
pub fn default_folder() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = set("XDG_DATA_HOME").filter(|path| path.is_absolute());
    let folder = data.or_else(|| set("HOME").map(|home| home.join(".local").join("share")))?;
    Some(folder.join("recto").join("files"))
}

/// How a [`FileStore`] behaves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FileSettings {
    /// How long files are kept. Default: 7 days, which is as long as a signed address may hold.
    pub retention: Duration,
    /// Most bytes of all files together. Default: 5 GB.
    pub quota_bytes: u64,
    /// Most bytes of one file. Default: 512 MB, as Mistral has it.
    pub max_file_bytes: u64,
    /// What addresses of files begin with that are handed out, where that is not what a client
    /// called the server by (behind a proxy). Default: none.
    pub public_url: Option<Url>,
}

impl Default for FileSettings {
    fn default() -> Self {
        Self {
            retention: Duration::from_secs(7 * 24 * 3600),
            quota_bytes: 5_000_000_000,
            max_file_bytes: 512_000_000,
            public_url: None,
        }
    }
}

/// Why a file is not stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It is larger than a file may be.
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    /// There is no room for it: under the quota, or on the disk.
    #[error(
        "there is no room for the file: the files of this server may take {0} bytes in all; delete some, or wait until they expire"
    )]
    Full(u64),
    /// Its content is not what its purpose takes.
    #[error("{0}")]
    Content(String),
    /// It cannot be written.
    #[error(transparent)]
    Io(Error),
}

/// Files on disk, for a while.
#[derive(Clone, Debug)]
pub struct FileStore {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    settings: FileSettings,
    signer: OnceLock<Signer>,
    usage: Mutex<Usage>,
}

/// What the folder holds, as of the last look, and what is on its way into it.
#[derive(Clone, Copy, Debug, Default)]
struct Usage {
    files: u64,
    bytes: u64,
    /// Bytes of uploads that have not ended.
    arriving: u64,
    /// When the newest file was stored, in milliseconds.
    newest_ms: u64,
}

impl FileStore {
    /// The store in a folder. What was left over by a process that was cut off is removed, and what
    /// has expired. The folder itself is made when there is something to put into it.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where there is a folder that cannot be read, or something else in its place.
    pub fn open(folder: impl Into<PathBuf>, settings: FileSettings) -> Result<Self> {
        let store = Self {
            inner: Arc::new(Inner {
                folder: folder.into(),
                settings,
                signer: OnceLock::new(),
                usage: Mutex::default(),
            }),
        };
        store.sweep()?;
        Ok(store)
    }

    /// Makes the folder now, readable by its user alone.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where that is not possible.
    pub fn create(&self) -> Result<()> {
        self.inner.create()
    }

    /// How it behaves.
    pub fn settings(&self) -> &FileSettings {
        &self.inner.settings
    }

    /// Removes what has expired and what was left over. It is never served, but stays on the disk
    /// until this is called.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the folder cannot be read.
    pub fn sweep(&self) -> Result<()> {
        leftovers::sweep(&self.inner)
    }

    /// A file that is about to arrive.
    ///
    /// # Errors
    ///
    /// [`FileError::Io`], [`FileError::Full`].
    pub fn upload(&self) -> std::result::Result<Upload, FileError> {
        self.upload_as(FileId::random())
    }

    /// A file that is about to arrive under this id, of which there must be no other.
    ///
    /// # Errors
    ///
    /// As [`Self::upload`], and where it is being written already.
    pub fn upload_as(&self, id: FileId) -> std::result::Result<Upload, FileError> {
        Upload::begin(Arc::clone(&self.inner), id)
    }

    /// What is known of a file, if the owner has it.
    pub fn get(&self, id: FileId, owner: Option<&str>) -> Option<FileRecord> {
        self.inner.record(id).filter(|record| record.owner.as_deref() == owner)
    }

    /// The owner's files, newest first.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the folder cannot be read.
    pub fn list(&self, owner: Option<&str>) -> Result<Vec<FileRecord>> {
        let mut records: Vec<FileRecord> = self
            .inner
            .names()?
            .into_iter()
            .filter(|(_, kind)| *kind == Kind::Record)
            .filter_map(|(id, _)| self.get(id, owner))
            .collect();
        records.sort_by_key(|record| (std::cmp::Reverse(record.created_ms), record.id));
        Ok(records)
    }

    /// Deletes a file; false where the owner has none of that name. Its content goes at once, or
    /// with the end of the reads under way.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where it cannot be removed.
    pub fn delete(&self, id: FileId, owner: Option<&str>) -> Result<bool> {
        let Some(record) = self.get(id, owner) else { return Ok(false) };
        self.inner.remove(id)?;
        let mut usage = self.inner.usage();
        usage.files = usage.files.saturating_sub(1);
        usage.bytes = usage.bytes.saturating_sub(record.bytes);
        Ok(true)
    }

    /// How many files there are, and their bytes, as of the last upload, deletion or
    /// [`sweep`](Self::sweep).
    pub fn usage(&self) -> (u64, u64) {
        let usage = self.inner.usage();
        (usage.files, usage.bytes)
    }

    /// The path and query of an address by which whoever has it may fetch the file, for so long.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the secret cannot be read or made.
    pub fn address(&self, id: FileId, time: Duration) -> Result<String> {
        let until = record::now_ms().saturating_add(record::milliseconds(time)) / 1000;
        Ok(self.inner.signer()?.address(id, until))
    }

    /// Whether an address is one that this store handed out, or looks like one.
    pub fn is_own(&self, link: &Link) -> bool {
        // Without a secret there was no address yet.
        self.inner.folder.is_dir() && self.inner.signer().is_ok_and(|signer| signer.is_own(link))
    }

    /// What is known of the file of an address, whoever owns it; none where it is gone.
    ///
    /// # Errors
    ///
    /// [`LinkError`] where the address has expired or was not signed here.
    pub fn follow(&self, link: &Link) -> std::result::Result<Option<FileRecord>, LinkError> {
        let signer = self.inner.signer().map_err(|_| LinkError::Signature)?;
        signer.check(link).map(|id| self.inner.record(id))
    }
}

/// What a file of the folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Record,
    Content,
    /// Of either, while it is written.
    Part,
    RecordPart,
}

impl Kind {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Record, "json"),
        (Self::Content, "data"),
        (Self::Part, "part"),
        (Self::RecordPart, "json.part"),
    ];

    fn suffix(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("part", |(_, suffix)| suffix)
    }
}

impl Inner {
    fn usage(&self) -> std::sync::MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Now, or a millisecond after the newest file: lists are in the order in which files came, and
    /// two of a script come within one tick of the clock.
    fn next_ms(&self) -> u64 {
        let mut usage = self.usage();
        usage.newest_ms = record::now_ms().max(usage.newest_ms + 1);
        usage.newest_ms
    }

    fn create(&self) -> Result<()> {
        if self.folder.is_dir() {
            return Ok(());
        }
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder).map_err(|e| self.io("create", e))
    }

    fn signer(&self) -> Result<&Signer> {
        if let Some(signer) = self.signer.get() {
            return Ok(signer);
        }
        self.create()?;
        let signer = Signer::of(&self.folder)?;
        Ok(self.signer.get_or_init(|| signer))
    }

    /// An error of the folder as a whole.
    fn io(&self, action: &'static str, source: io::Error) -> Error {
        Error::Io { action, path: self.folder.clone(), source }
    }

    fn path(&self, id: FileId, kind: Kind) -> PathBuf {
        self.folder.join(format!("{id}.{}", kind.suffix()))
    }

    /// What is in the folder. Files that are not the store's are not its affair.
    fn names(&self) -> Result<Vec<(FileId, Kind)>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.io("read", error)),
        };
        let names = entries.filter_map(|entry| {
            let name = entry.ok()?.file_name();
            let (id, suffix) = name.to_str()?.split_once('.')?;
            let (kind, _) = Kind::ALL.into_iter().find(|(_, known)| *known == suffix)?;
            Some((id.parse().ok()?, kind))
        });
        Ok(names.collect())
    }

    /// What is known of a file that has not expired.
    fn record(&self, id: FileId) -> Option<FileRecord> {
        self.any_record(id).filter(|record| !record.is_expired())
    }

    fn any_record(&self, id: FileId) -> Option<FileRecord> {
        let text = fs::read(self.path(id, Kind::Record)).ok()?;
        serde_json::from_slice(&text).ok().filter(|record: &FileRecord| record.id == id)
    }

    /// Removes a file: the record first, so that it is not listed without its content.
    fn remove(&self, id: FileId) -> Result<()> {
        let path = self.path(id, Kind::Record);
        remove_file(&path)?;
        sync(&self.folder);
        self.remove_content(id, Kind::Content)
    }

    /// Removes content that nobody reads or writes and that no record is about.
    fn remove_content(&self, id: FileId, kind: Kind) -> Result<()> {
        let path = self.path(id, kind);
        let Ok(file) = File::open(&path) else { return Ok(()) };
        match file.try_lock() {
            // Whoever uses it removes it in the end.
            Err(fs::TryLockError::WouldBlock) => return Ok(()),
            // Not every file system has locks.
            Ok(()) | Err(fs::TryLockError::Error(_)) => {}
        }
        if self.path(id, Kind::Record).exists() {
            return Ok(());
        }
        remove_file(&path)
    }
}

/// Removes a file that may be gone already.
fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(Error::Io { action: "remove", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// A new file, for its user alone, locked as long as it is open.
fn new_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    match file.try_lock() {
        Err(fs::TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
        _ => Ok(file),
    }
}

/// Gives up the lock of a file. To close it is not enough: a child process that is started just now has all
/// descriptors of this one until it becomes another program, and locks go with the last of them.
fn release(file: &File) {
    // Not every file system has locks.
    let _ = file.unlock();
}

/// Writes a small file at once: it is there as a whole or not at all.
fn write_whole(part: &Path, path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = new_file(part)?;
    let written = file
        .write_all(content)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(part, path));
    if written.is_err() {
        let _ = fs::remove_file(part);
    }
    written
}

/// Makes names in a folder last, where the system can: what is lost otherwise is the last upload,
/// not its soundness.
fn sync(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests;
