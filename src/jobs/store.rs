//! Where inputs and results of jobs lie: a folder, or an object store that several machines see.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{
    Error as StoreError, GetOptions, GetRange, ObjectStore, ObjectStoreExt as _, PutMode,
    WriteMultipart,
};
use tempfile::NamedTempFile;
use tokio::io::AsyncReadExt as _;
use url::Url;

use crate::error::{Error, Result};

/// Bytes of a file that are held at once on their way.
const PIECE: usize = 8 << 20;

/// Objects under a prefix: `inputs/JOB/NUMBER` and `results/JOB`.
#[derive(Clone, Debug)]
pub(super) struct Store {
    objects: Arc<dyn ObjectStore>,
    prefix: Key,
    /// The folder of a local store, whose files are read where they are.
    folder: Option<Arc<PathBuf>>,
}

/// An input as a file of this machine, for as long as this lives.
#[derive(Debug)]
pub(super) enum Input {
    /// It was there.
    There(PathBuf),
    /// It was fetched.
    Fetched(tempfile::TempPath),
}

impl Input {
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::There(path) => path,
            Self::Fetched(path) => path,
        }
    }
}

impl Store {
    /// A folder, which is made.
    pub(super) fn folder(path: &Path) -> Result<Self> {
        let io = |action, source| Error::Io { action, path: path.to_owned(), source };
        fs::create_dir_all(path).map_err(|e| io("make", e))?;
        let path = fs::canonicalize(path).map_err(|e| io("open", e))?;
        // What was written survives a loss of power, too.
        let objects = LocalFileSystem::new_with_prefix(&path).map_err(failed)?.with_fsync(true);
        let folder = Some(Arc::new(path));
        Ok(Self { objects: Arc::new(objects), prefix: Key::default(), folder })
    }

    /// A place by its address: `file:///folder`, `s3://bucket/prefix`. What else a service needs (keys,
    /// region, endpoint) comes from its usual environment variables.
    pub(super) fn at(address: &str) -> Result<Self> {
        if let Some(path) = Url::parse(address).ok().and_then(|url| url.to_file_path().ok()) {
            return Self::folder(&path);
        }
        let (objects, prefix) = crate::objects::open(address, "store")?;
        Ok(Self { objects, prefix, folder: None })
    }

    fn input(&self, job: &str, number: usize) -> Key {
        self.inputs(job).join(number.to_string())
    }

    fn inputs(&self, job: &str) -> Key {
        self.prefix.clone().join("inputs").join(job)
    }

    fn result(&self, job: &str) -> Key {
        self.prefix.clone().join("results").join(job)
    }

    /// Copies a file into the store.
    pub(super) async fn keep_file(&self, job: &str, number: usize, from: &Path) -> Result<()> {
        let io = |source| Error::Io { action: "read", path: from.to_owned(), source };
        let mut file = tokio::fs::File::open(from).await.map_err(io)?;
        let upload = self.objects.put_multipart(&self.input(job, number)).await.map_err(failed)?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PIECE);
        let mut piece = vec![0; PIECE];
        loop {
            let length = file.read(&mut piece).await.map_err(io)?;
            if length == 0 {
                break;
            }
            upload.wait_for_capacity(1).await.map_err(failed)?;
            upload.write(&piece[..length]);
        }
        upload.finish().await.map(drop).map_err(failed)
    }

    /// Puts bytes into the store.
    pub(super) async fn keep_bytes(
        &self,
        job: &str,
        number: usize,
        bytes: &Arc<[u8]>,
    ) -> Result<()> {
        let to = self.input(job, number);
        // They are lent, not copied.
        let bytes = bytes::Bytes::from_owner(Arc::clone(bytes));
        self.objects.put(&to, bytes.into()).await.map(drop).map_err(failed)
    }

    /// An input as a file.
    pub(super) async fn fetch(&self, job: &str, number: usize) -> Result<Input> {
        let key = self.input(job, number);
        if let Some(folder) = &self.folder {
            return Ok(Input::There(folder.join(key.as_ref())));
        }
        let file = NamedTempFile::new().map_err(temporary)?;
        let (file, path) = file.into_parts();
        let mut file = tokio::fs::File::from_std(file);
        let mut pieces = self.objects.get(&key).await.map_err(failed)?.into_stream();
        while let Some(piece) =
            futures_util::TryStreamExt::try_next(&mut pieces).await.map_err(failed)?
        {
            tokio::io::AsyncWriteExt::write_all(&mut file, &piece).await.map_err(temporary)?;
        }
        tokio::io::AsyncWriteExt::flush(&mut file).await.map_err(temporary)?;
        Ok(Input::Fetched(path))
    }

    /// Writes a result, unless there is one: whoever was first has settled it.
    pub(super) async fn write_result(&self, job: &str, bytes: Vec<u8>) -> Result<()> {
        let to = self.result(job);
        match self.objects.put_opts(&to, bytes.into(), PutMode::Create.into()).await {
            Ok(_) | Err(StoreError::AlreadyExists { .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    pub(super) async fn has_result(&self, job: &str) -> Result<bool> {
        match self.objects.head(&self.result(job)).await {
            Ok(_) => Ok(true),
            Err(StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    /// A result; `None` where there is none.
    pub(super) async fn read_result(&self, job: &str) -> Result<Option<Vec<u8>>> {
        match self.objects.get(&self.result(job)).await {
            Ok(found) => Ok(Some(found.bytes().await.map_err(failed)?.into())),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// So many bytes of the start of a result at most; `None` where there is none.
    pub(super) async fn start_of_result(&self, job: &str, most: u64) -> Result<Option<Vec<u8>>> {
        let options =
            GetOptions { range: Some(GetRange::Bounded(0..most)), ..GetOptions::default() };
        match self.objects.get_opts(&self.result(job), options).await {
            Ok(found) => Ok(Some(found.bytes().await.map_err(failed)?.into())),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Removes so many inputs of a job. What cannot be removed stays, and is told in the log.
    pub(super) async fn drop_inputs(&self, job: &str, count: usize) {
        for number in 0..count {
            self.remove(&self.input(job, number)).await;
        }
        if let (Some(folder), true) = (&self.folder, count > 0) {
            // Object stores have no folders; files do.
            let _ = tokio::fs::remove_dir(folder.join(self.inputs(job).as_ref())).await;
        }
    }

    /// Removes what a process was writing when it was killed; for whoever knows that no other writes.
    pub(super) fn tidy(&self) {
        let Some(folder) = &self.folder else { return };
        for entry in walkdir::WalkDir::new(folder.as_ref()).into_iter().flatten() {
            // The store writes beside the place, and puts a # and a number behind the name.
            let is_part = entry.file_name().to_string_lossy().contains('#');
            if !is_part || !entry.file_type().is_file() {
                continue;
            }
            if let Err(error) = fs::remove_file(entry.path()) {
                tracing::warn!(file = %entry.path().display(), %error, "a leftover stays");
            }
        }
    }

    pub(super) async fn drop_result(&self, job: &str) {
        self.remove(&self.result(job)).await;
    }

    async fn remove(&self, key: &Key) {
        match self.objects.delete(key).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => {}
            Err(error) => tracing::warn!(%key, %error, "a job's object stays"),
        }
    }
}

fn failed(error: StoreError) -> Error {
    // Its sources say it all again, and services answer in pages of XML.
    let words = error.to_string().lines().next().unwrap_or_default().to_owned();
    Error::stage("store of jobs", words)
}

fn temporary(source: std::io::Error) -> Error {
    Error::Io { action: "write to", path: std::env::temp_dir(), source }
}
