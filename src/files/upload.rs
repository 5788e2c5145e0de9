//! Files that arrive.

use std::fs::{self, File};
use std::io::{self, Write};
use std::sync::Arc;

use super::check::{self, HEAD};
use super::id::FileId;
use super::record::{FileRecord, NewFile, milliseconds};
use super::{FileError, Inner, Kind, new_file, release, sync, write_whole};
use crate::error::Error;

/// A file that arrives piece by piece. Dropped before it is [finished](Self::finish), it leaves
/// nothing.
#[derive(Debug)]
pub struct Upload {
    store: Arc<Inner>,
    id: FileId,
    /// Locked, so that nobody takes it for a leftover.
    file: File,
    /// What it is called so far.
    kind: Kind,
    head: Vec<u8>,
    bytes: u64,
    is_kept: bool,
}

impl Upload {
    pub(super) fn begin(store: Arc<Inner>, id: FileId) -> Result<Self, FileError> {
        store.create().map_err(FileError::Io)?;
        let file =
            new_file(&store.path(id, Kind::Part)).map_err(|error| unwritten(&store, error))?;
        Ok(Self { store, id, file, kind: Kind::Part, head: Vec::new(), bytes: 0, is_kept: false })
    }

    /// The next piece of its content.
    ///
    /// # Errors
    ///
    /// [`FileError::TooLarge`] and [`FileError::Full`] as soon as that is clear.
    pub fn write(&mut self, piece: &[u8]) -> Result<(), FileError> {
        let settings = &self.store.settings;
        let length = piece.len() as u64;
        if self.bytes + length > settings.max_file_bytes {
            return Err(FileError::TooLarge(settings.max_file_bytes));
        }
        {
            let mut usage = self.store.usage();
            if usage.bytes + usage.arriving + length > settings.quota_bytes {
                return Err(FileError::Full(settings.quota_bytes));
            }
            usage.arriving += length;
            self.bytes += length;
        }
        let missing = HEAD.saturating_sub(self.head.len()).min(piece.len());
        self.head.extend_from_slice(&piece[..missing]);
        self.file.write_all(piece).map_err(|error| unwritten(&self.store, error))
    }

    /// Keeps the file, if its content is what its purpose takes.
    ///
    /// # Errors
    ///
    /// [`FileError::Content`], and [`FileError::Io`] and [`FileError::Full`] of the disk.
    pub fn finish(mut self, new: NewFile) -> Result<FileRecord, FileError> {
        let kind = check::check(&new.purpose, &new.filename, &self.head, &self.file)?;
        let retention = self.store.settings.retention;
        let keep = new.keep.map_or(retention, |keep| keep.min(retention));
        let now = self.store.next_ms();
        let record = FileRecord {
            id: self.id,
            filename: new.filename,
            purpose: new.purpose,
            bytes: self.bytes,
            media_type: kind.media_type.to_owned(),
            num_lines: kind.num_lines,
            created_ms: now,
            expires_ms: now.saturating_add(milliseconds(keep)),
            visibility: new.visibility,
            owner: new.owner,
        };
        self.settle(&record).map_err(|error| unwritten(&self.store, error))?;
        self.is_kept = true;
        release(&self.file);
        let mut usage = self.store.usage();
        usage.files += 1;
        usage.bytes += self.bytes;
        drop(usage);
        Ok(record)
    }

    /// Content first, then the record: each to the disk, and then to its place.
    fn settle(&mut self, record: &FileRecord) -> io::Result<()> {
        let path = |kind| self.store.path(self.id, kind);
        self.file.sync_all()?;
        fs::rename(path(Kind::Part), path(Kind::Content))?;
        self.kind = Kind::Content;
        let text = serde_json::to_vec(record)?;
        let path = |kind| self.store.path(self.id, kind);
        write_whole(&path(Kind::RecordPart), &path(Kind::Record), &text)?;
        sync(&self.store.folder);
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let mut usage = self.store.usage();
        usage.arriving = usage.arriving.saturating_sub(self.bytes);
        drop(usage);
        if !self.is_kept {
            let _ = fs::remove_file(self.store.path(self.id, self.kind));
        }
    }
}

/// A full disk is like a full store.
fn unwritten(store: &Inner, error: io::Error) -> FileError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            FileError::Full(store.settings.quota_bytes)
        }
        _ => FileError::Io(Error::Io {
            action: "write to",
            path: store.folder.clone(),
            source: error,
        }),
    }
}

#[cfg(test)]
mod tests {
    use crate::files::{FileSettings, FileStore, NewFile};

    /// Found by the soak: a child process was started at that moment.
    #[test]
    fn a_descriptor_that_another_process_has_keeps_nobody_from_a_new_file() {
        let dir = tempfile::tempdir().unwrap();
        let files = FileStore::open(dir.path(), FileSettings::default()).unwrap();
        let mut upload = files.upload().unwrap();
        upload.write(b"content").unwrap();
        let inherited = upload.file.try_clone().unwrap();
        let purpose = "reference_media".to_owned();
        let record = upload.finish(NewFile { purpose, ..NewFile::default() }).unwrap();
        let reading = files.source(&record).unwrap();
        drop(inherited);
        // A deletion leaves the content to its reader, whoever has its descriptors, too.
        assert!(files.delete(record.id, None).unwrap());
        drop(reading);
        let left = std::fs::read_dir(dir.path()).unwrap().flatten();
        let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".data")), "{left:?}");
    }
}
