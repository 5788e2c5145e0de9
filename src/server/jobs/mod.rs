//! Requests that are answered later. They wait in a queue that survives the server ([`crate::jobs`]),
//! and run in turn with all other reads.
//!
//! A job's request is an object whose `kind` says what it is; [`JobWork`] knows what to do for each, with
//! an engine and a provider alone. [`Desk`] is where a server takes jobs in and hands results out.

mod desk;
mod outcome;
mod work;

use std::path::PathBuf;
use std::time::Duration;

pub(super) use desk::{Desk, Known, Ticket};
pub(super) use outcome::{About, Failure, Outcome};
pub use work::JobWork;
pub(super) use work::Tools;

/// How a [`Server`](super::Server) keeps jobs, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobRules {
    /// Where jobs are kept, with the documents they are about, and results. Made with the first job,
    /// for its user alone.
    pub folder: PathBuf,
    /// A queue that several machines share, instead of one in the folder.
    pub shared: Option<SharedQueue>,
    /// Jobs that run at once; 0 where other processes run them. Each takes the place of a document.
    /// Default: none is said, and half of the documents that are under way at once.
    pub at_once: Option<usize>,
    /// How long jobs are kept that have ended. Default: 24 hours.
    pub keep: Duration,
    /// How long a result of docling-serve's endpoints is kept after it was fetched. Default: 300
    /// seconds, as docling-serve has it.
    pub keep_fetched: Duration,
    /// Most jobs that wait; one more is answered with status 503. Default: 10 000.
    pub most_waiting: usize,
    /// Most bytes of the files of one upload. Default: 512 MB.
    pub max_upload_bytes: u64,
}

/// A queue that several machines share.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedQueue {
    /// A PostgreSQL database: `postgres://user:password@host/database`.
    pub database: String,
    /// Where inputs and results are: `s3://bucket/prefix`, or `file:///folder` that all machines see.
    pub store: String,
}

impl std::fmt::Debug for SharedQueue {
    /// Without the database, whose address may have a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedQueue").field("store", &self.store).finish_non_exhaustive()
    }
}

impl JobRules {
    /// Whether there may be jobs of an earlier time.
    fn may_have_jobs(&self) -> bool {
        self.shared.is_some() || self.folder.exists()
    }

    /// Jobs in a folder, with the defaults.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            shared: None,
            at_once: None,
            keep: Duration::from_secs(24 * 60 * 60),
            keep_fetched: Duration::from_secs(300),
            most_waiting: 10_000,
            max_upload_bytes: 512_000_000,
        }
    }

    /// Where jobs are kept that nobody named a folder for: beside the
    /// [files](crate::files::default_folder).
    pub fn default_folder() -> Option<PathBuf> {
        crate::files::default_folder().map(|files| files.with_file_name("jobs"))
    }

    /// Where uploads are while they arrive.
    pub(super) fn arriving(&self) -> PathBuf {
        self.folder.join("arriving")
    }

    /// Makes the folder now, readable by its user alone.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) where that is not possible.
    pub fn create(&self) -> crate::Result<()> {
        desk::make_folder(&self.arriving())
    }
}
