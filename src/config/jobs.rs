//! `[jobs]`: requests that the server answers later.

use std::num::NonZero;
use std::path::PathBuf;

use serde::Deserialize;

/// The section `[jobs]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Jobs {
    /// Where jobs are kept with their documents and results. Default: `recto/jobs` where the system
    /// keeps data of users (`$XDG_DATA_HOME` or `~/.local/share`).
    pub dir: Option<PathBuf>,
    /// A queue that several machines share, instead of one in the folder: `postgres://user@host/database`.
    /// It may hold a password, so `RECTO_QUEUE` in the environment is another place for it.
    pub queue: Option<String>,
    /// Where inputs and results of a shared queue are: `s3://bucket/prefix` or `file:///folder`.
    pub store: Option<String>,
    /// Jobs that run at once. Default: half of the documents that are under way at once.
    pub at_once: Option<NonZero<usize>>,
    /// Hours that jobs are kept which have ended. Default: 24.
    pub keep_hours: Option<NonZero<u32>>,
    /// Seconds that a result of docling-serve's endpoints is kept after it was fetched. Default: 300.
    pub keep_fetched_seconds: Option<u32>,
    /// Most jobs that wait. Default: 10000.
    pub max_waiting: Option<NonZero<usize>>,
    /// Most megabytes of the files of one upload. Default: 512.
    pub max_upload_mb: Option<NonZero<u32>>,
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    #[test]
    fn all_keys_are_read() {
        let text = "[jobs]\ndir = '/srv/j'\nqueue = 'postgres://h/d'\nstore = 's3://b/p'\nat_once = 2\nkeep_hours = 3\n\
                    keep_fetched_seconds = 0\nmax_waiting = 5\nmax_upload_mb = 6\n";
        let jobs = Config::parse(text).unwrap().jobs;
        assert_eq!(jobs.dir.unwrap().to_str(), Some("/srv/j"));
        assert_eq!(jobs.queue.as_deref(), Some("postgres://h/d"));
        assert_eq!(jobs.store.as_deref(), Some("s3://b/p"));
        assert_eq!((jobs.at_once.unwrap().get(), jobs.max_waiting.unwrap().get()), (2, 5));
        assert_eq!((jobs.keep_hours.unwrap().get(), jobs.max_upload_mb.unwrap().get()), (3, 6));
        assert_eq!(jobs.keep_fetched_seconds, Some(0));
        let error = Config::parse("[jobs]\nat_once = 0\n").unwrap_err();
        assert!(error.contains("line 2") && error.contains("nonzero"), "{error}");
    }
}
