//! What is known of a stored file.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::id::FileId;

/// What is known of a stored file. It lies beside the content, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FileRecord {
    /// Its name in the store.
    pub id: FileId,
    /// Its name where it comes from: for people, never a path.
    pub filename: String,
    /// What it is for; `ocr` and `batch` mean that its content was checked.
    pub purpose: String,
    /// Its size.
    pub bytes: u64,
    /// Its media type, by its content.
    pub media_type: String,
    /// Lines that are not empty, of a file for `batch`.
    pub num_lines: Option<u64>,
    /// When it was stored, in milliseconds since 1970.
    pub created_ms: u64,
    /// When it stops being served, in milliseconds since 1970.
    pub expires_ms: u64,
    /// Who may see it, in the words of whoever stored it; the store goes by `owner`.
    pub visibility: String,
    /// Whose it is: others are told that there is no such file.
    pub owner: Option<String>,
}

impl FileRecord {
    /// When it was stored, in seconds since 1970.
    pub fn created_at(&self) -> u64 {
        self.created_ms / 1000
    }

    /// When it stops being served, in seconds since 1970.
    pub fn expires_at(&self) -> u64 {
        self.expires_ms / 1000
    }

    /// How long it is still served.
    pub fn time_left(&self) -> Duration {
        Duration::from_millis(self.expires_ms.saturating_sub(now_ms()))
    }

    pub(super) fn is_expired(&self) -> bool {
        self.expires_ms <= now_ms()
    }
}

/// What is told of a file that is to be stored.
#[derive(Clone, Debug, Default)]
pub struct NewFile {
    /// Its name where it comes from.
    pub filename: String,
    /// What it is for. `ocr` takes what recto reads and `batch` takes lines of JSON; anything may be
    /// stored for other purposes.
    pub purpose: String,
    /// How long it is kept, where that is shorter than the store keeps files.
    pub keep: Option<Duration>,
    /// See [`FileRecord::visibility`].
    pub visibility: String,
    /// See [`FileRecord::owner`].
    pub owner: Option<String>,
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    milliseconds(since)
}

pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
