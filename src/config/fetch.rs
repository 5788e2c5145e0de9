//! `[fetch]`: documents that clients of `recto serve` name by their URLs.

use std::num::NonZero;
use std::time::Duration;

use serde::Deserialize;

/// The section `[fetch]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Fetch {
    /// Whether documents named by http(s) URLs are fetched. Default: `false`.
    pub allow: bool,
    /// Hosts that may be in a private network, names or addresses. Default: none, only public
    /// addresses are reached.
    pub allow_hosts: Vec<String>,
    /// Largest document, in megabytes. Default: that of requests.
    pub max_mb: Option<NonZero<u32>>,
    /// Longest time of a download, in seconds. Default: 300.
    #[serde(deserialize_with = "super::seconds")]
    pub timeout_seconds: Option<Duration>,
}
