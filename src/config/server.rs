//! `[server]`: how `recto serve` listens, and what it lets clients do.

use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::Sandbox;

/// The section `[server]`. What is not there has the default of the option of `recto serve` of that
/// name, which also counts before the file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Server {
    /// Address and port to listen on.
    pub listen: Option<SocketAddr>,
    /// Pages read at once.
    pub jobs: Option<NonZero<usize>>,
    /// Documents under way at once.
    pub documents: Option<NonZero<usize>>,
    /// Requests that may wait besides.
    pub waiting: Option<usize>,
    /// Longest time of a read, in seconds.
    #[serde(deserialize_with = "super::seconds")]
    pub timeout: Option<Duration>,
    /// Largest request, in megabytes.
    pub max_body_mb: Option<NonZero<u32>>,
    /// Most pages of one read.
    pub max_pages: Option<NonZero<usize>>,
    /// A file of keys.
    pub key_file: Option<PathBuf>,
    /// Reads a minute of one key.
    pub key_requests: Option<NonZero<u32>>,
    /// Reads at once of one key.
    pub key_reads: Option<NonZero<u32>>,
    /// Pages a minute of one key.
    pub key_pages: Option<NonZero<u32>>,
    /// Where pages are read.
    pub isolation: Option<Place>,
    /// Longest time of one page in a child process, in seconds.
    #[serde(deserialize_with = "super::seconds")]
    pub page_timeout: Option<Duration>,
    /// Most memory of one child process, in megabytes.
    pub page_memory_mb: Option<NonZero<u32>>,
    /// Whether the system confines child processes.
    pub sandbox: Option<Sandbox>,
}

/// Where pages are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// In child processes: a document that crashes one costs a page at most.
    Processes,
    /// On threads of the server itself.
    Threads,
}
